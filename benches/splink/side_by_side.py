"""Splink and kinlink on the same two files, one after the other, on the same machine.

    python -m venv venv && venv/bin/pip install -r benches/splink/requirements.txt
    venv/bin/python benches/splink/side_by_side.py LEFT.parquet RIGHT.parquet --kinlink target/release/kinlink

The files have the columns rec_id, first_name, middle_name, surname, dob (YYYY-MM-DD), sex,
postcode, and person_id, the truth, which neither program is given. Splink links clear text, with
training blocks chosen by hand; kinlink links encodings under a new key and chooses for itself.
Printed are CPU seconds, peak memory, pairs, and F1 against all true pairs: of Splink the best over
all thresholds, of kinlink at the threshold that it chose.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile

FIELDS = ["rec_id", "first_name", "surname", "dob", "sex", "postcode"]
SPEC = """id = "rec_id"
[fields]
forename = "first_name"
middle_names = "middle_name"
surname = "surname"
date_of_birth = "dob"
sex = "sex"
postcode = "postcode"
"""


def splink(left, right):
    import duckdb
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    con = duckdb.connect()
    for name, path in (("left_file", left), ("right_file", right)):
        columns = ", ".join(f'nullif(cast("{c}" as varchar), \'\') as "{c}"' for c in FIELDS)
        con.execute(f"create table {name} as select {columns} from read_parquet('{path}')")
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="rec_id",
        blocking_rules_to_generate_predictions=[
            block_on("first_name", "surname"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("postcode", "dob"),
        ],
        comparisons=[
            cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("dob", input_is_string=True),
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
        [block_on("first_name", "surname", "dob"), block_on("dob", "postcode")], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    for rule in (
        block_on("surname", "dob"),
        block_on("first_name", "postcode"),
        block_on("dob", "postcode"),
    ):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict()
    pairs = f"""
        select p.match_probability as p, l.person_id = r.person_id as hit
        from {found.physical_name} p
        join read_parquet('{left}') l on l.rec_id = p.rec_id_l
        join read_parquet('{right}') r on r.rec_id = p.rec_id_r
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    truth = con.execute(
        f"""select count(*) from read_parquet('{left}') l
            join read_parquet('{right}') r on l.person_id = r.person_id"""
    ).fetchone()[0]
    best = con.execute(
        f"""select max(2.0 * tp / (n + {truth})) from (
                select sum(hit::int) over w as tp, count(*) over w as n
                from ({pairs}) window w as (order by p desc))"""
    ).fetchone()[0]
    compared = con.execute(f"select count(*) from ({pairs})").fetchone()[0]
    return {
        "program": "splink",
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
        "pairs": compared,
        "best_f1": best,
    }


def kinlink(program, left, right):
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)
        with open(path("spec.toml"), "w") as spec:
            spec.write(SPEC)
        subprocess.run(
            [program, "key", "new", path("key"), "--purpose", "rehearsal", "-q"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        run = subprocess.Popen(
            [program, "link", left, right, "--spec", path("spec.toml"), "--key", path("key")]
            + ["-o", path("out"), "-q", "--format", "json"],
            stdout=subprocess.PIPE,
        )
        told = run.stdout.read()
        _, status, used = os.wait4(run.pid, 0)
        if status != 0:
            sys.exit("kinlink did not finish")
        found = subprocess.run(
            [program, "link", "evaluate", path("out"), "--entity-column", "person_id"]
            + ["--format", "json", "-q"],
            check=True,
            stdout=subprocess.PIPE,
        )
    return {
        "program": "kinlink",
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
        "pairs": json.loads(told)["compared"],
        "own_f1": json.loads(found.stdout)["pairs"]["f1"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("left")
    parser.add_argument("right")
    parser.add_argument("--kinlink", required=True)
    parser.add_argument("--only", choices=["splink", "kinlink"])
    args = parser.parse_args()
    left, right = os.path.abspath(args.left), os.path.abspath(args.right)
    if args.only != "kinlink":
        # A process of its own, so that the peak of memory is Splink's.
        if args.only == "splink":
            print(json.dumps(splink(left, right)))
        else:
            again = [sys.executable, os.path.abspath(__file__), left, right]
            again += ["--kinlink", args.kinlink, "--only", "splink"]
            out = subprocess.run(again, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            print(out.stdout.decode().splitlines()[-1])
    if args.only != "splink":
        print(json.dumps(kinlink(os.path.abspath(args.kinlink), left, right)))


if __name__ == "__main__":
    main()
