"""Reads a release with the programs that people use, and ends with 0 if nothing was lost.

Usage: readers.py tables|package|web|spreadsheet|resave RELEASE, or readers.py checker REVIEW
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile

NUMBERS = ["value", "lower", "upper"]


def rows_of(path):
    """The rows of a CSV with numbers as numbers and symbols as None."""
    out = []
    with open(path, newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            for name in NUMBERS:
                try:
                    row[name] = float(row[name])
                except ValueError:
                    row[name] = None
            row["marker"] = row["marker"] or None
            out.append({k: v for k, v in row.items() if not k.endswith("_label")})
    return out


def same(name, wanted, found):
    found = [{k: (None if v != v else v) for k, v in row.items()} for row in found]
    assert wanted == found, f"{name}: not the rows of the CSV"


def tables(release):
    import duckdb
    import pandas
    import polars
    import pyarrow.parquet

    count = 0
    for path in sorted((release / "tables").glob("*.parquet")):
        wanted = rows_of(path.with_suffix(".csv"))
        frame = pandas.read_parquet(path, dtype_backend="numpy_nullable")
        found = frame.astype(object).where(frame.notna(), None).to_dict("records")
        same(f"pandas, {path.name}", wanted, found)
        same(f"polars, {path.name}", wanted, polars.read_parquet(path).to_dicts())
        relation = duckdb.sql(f"select * from read_parquet('{path}')")
        names = relation.columns
        found = [dict(zip(names, row)) for row in relation.fetchall()]
        same(f"duckdb, {path.name}", wanted, found)
        schema = pyarrow.parquet.read_schema(path)
        for field in schema:
            for key in [b"description", b"unit", b"kinlink:role"]:
                assert field.metadata[key], f"{path.name}, {field.name}: no {key}"
        value = schema.field("value").metadata
        assert value[b"kinlink:status_column"] == b"status"
        footer = pyarrow.parquet.read_metadata(path).metadata
        resource = json.loads(footer[b"kinlink:table"])
        assert [f["name"] for f in resource["schema"]["fields"]] == schema.names
        keys = duckdb.sql(f"select key from parquet_kv_metadata('{path}')").fetchall()
        assert (b"kinlink:table",) in keys
        count += len(wanted)
    assert count > 1000
    print(f"read {count} rows three times: pandas, polars, duckdb")


def package(release):
    from frictionless import validate

    report = validate(str(release / "datapackage.json"))
    errors = report.flatten(["type", "note"])
    assert report.valid, errors
    resources = json.loads((release / "datapackage.json").read_text())["resources"]
    assert len(report.tasks) == len(resources) > 50
    print(f"read and valid: {len(report.tasks)} resources")


def web(release):
    """CSV on the Web: every table is what the metadata beside it says."""
    from csvw import CSVW

    count = 0
    for path in sorted((release / "tables").glob("*.csv-metadata.json")):
        read = CSVW(str(path), validate=True)
        assert read.is_valid, (path.name, [str(w.message) for w in read.warnings])
        (table,) = read.tables
        rows = list(table)
        plain = path.with_name(path.name.removesuffix("-metadata.json"))
        with open(plain, newline="", encoding="utf-8") as handle:
            assert len(rows) == sum(1 for _ in csv.DictReader(handle)), path.name
        count += len(rows)
    assert count > 1000
    print(f"read and valid as CSV on the Web: {count} rows")


def checker(review):
    """The pack of the output checker, with the loader of the records that its viewer opens."""
    from acro.record import load_records

    results = json.loads((review / "results.json").read_text())["results"]
    records = load_records(str(review)).results
    assert list(records) == list(results)
    for uid, record in records.items():
        assert record.status == results[uid]["status"] and record.output, uid
    print(f"read by acro: {len(records)} outputs")


OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"


def sheets(root):
    """Of each sheet its name and its numbers; and the named ranges."""
    out = {}
    for sheet in root.iter(f"{{{TABLE}}}table"):
        values = []
        for cell in sheet.iter(f"{{{TABLE}}}table-cell"):
            if cell.get(f"{{{OFFICE}}}value-type") == "float":
                times = int(cell.get(f"{{{TABLE}}}number-columns-repeated", "1"))
                values += [float(cell.get(f"{{{OFFICE}}}value"))] * times
        out[sheet.get(f"{{{TABLE}}}name")] = values
    ranges = [r.get(f"{{{TABLE}}}name") for r in root.iter(f"{{{TABLE}}}database-range")]
    return out, sorted(ranges)


def convert(path, form, folder):
    """Converts with LibreOffice, under a profile of its own; False if it is not there."""
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", form, "--outdir", folder, path]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=80)
    except FileNotFoundError:
        print("read nothing: skipped, soffice is not there")
        return False
    assert done.returncode == 0, done.stderr
    return True


def spreadsheet(release):
    path = release / "tables.ods"
    with zipfile.ZipFile(path) as archive:
        wanted = sheets(ET.fromstring(archive.read("content.xml")))
        assert archive.testzip() is None
        assert archive.infolist()[0].filename == "mimetype"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if not convert(path, "fods", folder):
            return
        root = ET.parse(folder / "tables.fods").getroot()
        assert sheets(root) == wanted, "LibreOffice reads other sheets, figures or ranges"
        text = (folder / "tables.fods").read_text(encoding="utf-8")
        assert "<dc:title>" in text and "<dc:language>en-GB</dc:language>" in text
    print(f"read by LibreOffice: {len(wanted[0])} sheets, {len(wanted[1])} ranges")


def resave(release):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if convert(release / "tables.ods", "ods", folder):
            (release / "resaved.ods").write_bytes((folder / "tables.ods").read_bytes())
            print("read and saved again by LibreOffice")


READERS = {
    "tables": tables,
    "package": package,
    "web": web,
    "checker": checker,
    "spreadsheet": spreadsheet,
    "resave": resave,
}

if __name__ == "__main__":
    READERS[sys.argv[1]](pathlib.Path(sys.argv[2]))
