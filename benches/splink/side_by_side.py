"""Splink and kinlink on the same two files, one after the other, on the same machine.

    python -m venv venv && venv/bin/pip install -r benches/splink/requirements.txt
    kinlink synth pair --rows 100000 -o DIR
    venv/bin/python benches/splink/side_by_side.py DIR --kinlink target/release/kinlink

The folder is as `kinlink synth pair` writes it: left.parquet, right.parquet, spec.toml, and
truth.parquet, which neither program is given while it links. Splink links clear text, with training
blocks chosen by hand; kinlink links encodings under a new key and chooses for itself. Printed are,
for each, CPU seconds, peak memory, pairs compared, and F1 against all true pairs: at the program's
own threshold (of Splink, which chooses none, a match probability of one half) and the best over all
thresholds. kinlink runs twice: once to be measured, and once under the same key with every pair
kept, for the best F1.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile

FIELDS = ["id", "forename", "surname", "date_of_birth", "sex", "postcode"]


def best_and_own(con, pairs, truth, own):
    """F1 of pairs (p, hit) at a threshold, and the best over all thresholds."""
    at_own = con.execute(
        f"""select 2.0 * coalesce(sum(hit::int), 0) / (count(*) + {truth})
            from ({pairs}) where p >= {own}"""
    ).fetchone()[0]
    # Pairs of one probability go together: the default frame of a window takes in its peers.
    best = con.execute(
        f"""select max(2.0 * tp / (n + {truth})) from (
                select sum(hit::int) over w as tp, count(*) over w as n
                from ({pairs}) window w as (order by p desc))"""
    ).fetchone()[0]
    return at_own, best


def splink(folder):
    import duckdb
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    con = duckdb.connect()
    for name in ("left", "right"):
        columns = ", ".join(f'nullif(cast("{c}" as varchar), \'\') as "{c}"' for c in FIELDS)
        path = os.path.join(folder, f"{name}.parquet")
        con.execute(f"create table {name}_file as select {columns} from read_parquet('{path}')")
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="id",
        blocking_rules_to_generate_predictions=[
            block_on("forename", "surname"),
            block_on("surname", "date_of_birth"),
            block_on("forename", "date_of_birth"),
            block_on("postcode", "date_of_birth"),
        ],
        comparisons=[
            cl.NameComparison("forename").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True),
            cl.ExactMatch("sex"),
            cl.PostcodeComparison("postcode"),
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    api = DuckDBAPI(con)
    tables = [api.register("left_file"), api.register("right_file")]
    linker = Linker(tables, settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("forename", "surname", "date_of_birth"), block_on("date_of_birth", "postcode")],
        recall=0.7,
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    for rule in (
        block_on("surname", "date_of_birth"),
        block_on("forename", "postcode"),
        block_on("date_of_birth", "postcode"),
    ):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict()
    # What follows is not linkage: the truth is looked at.
    used = resource.getrusage(resource.RUSAGE_SELF)
    con.execute(
        f"""create table judged as
            select p.match_probability as p, t.left_id is not null as hit
            from {found.physical_name} p
            left join read_parquet('{os.path.join(folder, "truth.parquet")}') t
            on t.left_id = p.id_l and t.right_id = p.id_r"""
    )
    truth = pairs_of(con, os.path.join(folder, "truth.parquet"))
    own, best = best_and_own(con, "select p, hit from judged", truth, 0.5)
    return {
        "program": "splink",
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
        "pairs": pairs_of(con, "judged"),
        "own_f1": own,
        "best_f1": best,
    }


def pairs_of(con, what):
    source = f"read_parquet('{what}')" if what.endswith(".parquet") else what
    return con.execute(f"select count(*) from {source}").fetchone()[0]


def kinlink(program, folder):
    import duckdb

    with tempfile.TemporaryDirectory() as work:
        path = lambda name: os.path.join(work, name)
        subprocess.run(
            [program, "key", "new", path("key"), "--purpose", "rehearsal", "-q"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        link = [program, "link"]
        link += [os.path.join(folder, f"{name}.parquet") for name in ("left", "right")]
        link += ["--spec", os.path.join(folder, "spec.toml"), "--key", path("key")]
        link += ["-q", "--format", "json"]
        run = subprocess.Popen(link + ["-o", path("out")], stdout=subprocess.PIPE)
        told = run.stdout.read()
        _, status, used = os.wait4(run.pid, 0)
        if status != 0:
            sys.exit("kinlink did not finish")
        truth = os.path.join(folder, "truth.parquet")
        found = subprocess.run(
            [program, "link", "evaluate", path("out"), "--truth", truth, "-q", "--format", "json"],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        # The same linkage with every pair that may be one, for the best of all thresholds.
        subprocess.run(
            link + ["-o", path("all"), "--keep", "0.001"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        con = duckdb.connect()
        pairs = f"""select p.match_probability as p, t.left_id is not null as hit
            from read_parquet('{path("all/pairs.parquet")}') p
            left join read_parquet('{truth}') t
            on t.left_id = p.left_id and t.right_id = p.right_id"""
        _, best = best_and_own(con, pairs, pairs_of(con, truth), 0.5)
    return {
        "program": "kinlink",
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
        "pairs": json.loads(told)["compared"],
        "own_f1": json.loads(found.stdout)["pairs"]["f1"],
        "best_f1": best,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="written by `kinlink synth pair`")
    parser.add_argument("--kinlink", required=True, help="the program")
    parser.add_argument("--only", choices=["splink", "kinlink"])
    args = parser.parse_args()
    folder, program = os.path.abspath(args.folder), os.path.abspath(args.kinlink)
    if args.only == "splink":
        print(json.dumps(splink(folder)))
        return
    if args.only is None:
        # A process of its own, so that the peak of memory is Splink's.
        again = [sys.executable, os.path.abspath(__file__), folder, "--kinlink", program]
        again += ["--only", "splink"]
        out = subprocess.run(again, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        print(out.stdout.decode().splitlines()[-1], flush=True)
    print(json.dumps(kinlink(program, folder)))


if __name__ == "__main__":
    main()
