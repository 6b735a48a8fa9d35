"""Reads an encrypted release with the lines of its README, and ends with 0 if nothing was lost.

Usage: readers.py RELEASE PLAIN KEY OTHER, of which the last three are seen from RELEASE: the same
release in the clear, the key file, and the file of another key.
"""

import base64
import os
import pathlib
import sys

import duckdb
import pandas
import polars
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe


def lines_of_the_readme():
    """Runs every Python block of the README from the folder of the release."""
    blocks = pathlib.Path("README.md").read_text(encoding="utf-8").split("```python\n")[1:]
    assert len(blocks) == 2, "pyarrow and DuckDB"
    names = {}
    for block in blocks:
        exec(block.split("```")[0], names)
    assert len(names["child"]) > 100 and len(names["spell"]) > 100
    assert b"description" in names["told"].field("age_band").metadata


def refused(read, words):
    try:
        read()
    except Exception as error:
        assert any(word in str(error).lower() for word in words), error
    else:
        raise AssertionError("read without its key")


def digits(path):
    return pathlib.Path(path).read_text().split()[-1]


def properties(path):
    return pe.create_decryption_properties(footer_key=base64.b64decode(digits(path)))


def select(path, key=""):
    return duckdb.sql(f"SELECT * FROM read_parquet('{path}'{key}) ORDER BY ALL").fetchall()


def main(plain, own, other):
    lines_of_the_readme()
    for name, key in [("own", own), ("other", other)]:
        duckdb.execute(f"PRAGMA add_parquet_key('{name}', '{digits(key)}')")
    count = 0
    for path in sorted(pathlib.Path("data").glob("*.parquet")):
        clear = pathlib.Path(plain) / path
        wanted = pq.read_table(clear)
        found = pq.read_table(path, decryption_properties=properties(own))
        assert found.equals(wanted, check_metadata=True), path
        frame = pandas.read_parquet(path, decryption_properties=properties(own))
        assert frame.equals(wanted.to_pandas()), path
        assert polars.from_arrow(found).equals(polars.read_parquet(clear)), path
        config = ", encryption_config = {footer_key: 'own'}"
        assert select(path, config) == select(clear), path
        wrong = ["decrypt", "tag", "right key"]
        refused(lambda: pq.read_table(path, decryption_properties=properties(other)), wrong)
        refused(lambda: select(path, config.replace("own", "other")), wrong)
        none = ["encrypt", "decrypt", "out of spec", "magic"]
        refused(lambda: pq.read_schema(path), none)
        refused(lambda: select(path), none)
        refused(lambda: polars.read_parquet(path), none)
        count += wanted.num_rows
    assert count > 300
    print(f"read {count} encrypted rows: pyarrow, pandas, duckdb")


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    main(*sys.argv[2:])
