//! Ingest: extracts in, canonical tables out; bad files are told, not suffered.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "ingest/stage.rs"]
mod stage;

use kinlink::schema::canonical::Table;
use stage::{custody, fixture, ingest, services, source};

#[test]
fn alias_merge_and_rebooking_are_one_parent_in_unbroken_custody() {
    let out = ingest(fixture("scenario3"), custody()).unwrap();
    insta::assert_snapshot!(out.text());
}

#[test]
fn rubbish_values_are_dropped_and_counted() {
    let out = ingest(fixture("scenario4"), custody()).unwrap();
    insta::assert_snapshot!(out.text());
}

#[test]
fn both_schema_years_give_the_same_tables() {
    let older = ingest(fixture("years"), services(2024)).unwrap();
    let newer = ingest(fixture("years"), services(2025)).unwrap();
    for system in ["ssda903", "cin"] {
        for table in Table::ALL {
            let path = format!("stage/{}/{system}.parquet", table.name());
            assert_eq!(older.rows(&path, &[]), newer.rows(&path, &[]), "{path}");
        }
    }
    insta::assert_snapshot!(newer.text());
}

#[test]
fn of_two_collections_the_newer_is_believed_and_nothing_counts_twice() {
    let both = [services(2024), services(2025)].concat();
    let out = ingest(fixture("years"), both).unwrap();
    let newer = ingest(fixture("years"), services(2025)).unwrap();
    for system in ["ssda903", "cin"] {
        for table in Table::ALL {
            assert_eq!(out.table(table, system), newer.table(table, system));
        }
    }
    for account in &out.report.accounts {
        if account.source.contains("2024") {
            assert_eq!(account.accepted, 0, "{account:?}");
        }
    }
}

#[test]
fn a_schema_of_the_wrong_year_stops_at_the_header() {
    let root = fixture("years");
    let wrong = vec![
        source(
            "ssda903",
            "header",
            "ssda903_2025/{la}_header.csv",
            "childrens-services/ssda903_episodes_2025",
        ),
        source(
            "cin",
            "children",
            "cin_2025/{la}.xml",
            "childrens-services/cin_2024",
        ),
    ];
    insta::assert_snapshot!(stage::failure(&root, wrong));
}

/// A folder with one file `in.csv` (or another name) and the schema of a small source.
fn bad(name: &str, bytes: &[u8], schema: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    stage::failure(
        folder.path(),
        vec![source("custody", "persons", name, schema)],
    )
}

const PERSONS: &str = "PERSON_ID,LAST_NAME,FIRST_NAME,MIDDLE_NAME,BIRTHDATE,SEX,DECEASED_DATE";

fn persons(rows: &str) -> Vec<u8> {
    format!("{PERSONS}\n{rows}").into_bytes()
}

#[test]
fn bad_text_files_are_refused_with_their_place() {
    let mut all = String::new();
    let mut case = |what: &str, bytes: &[u8]| {
        all.push_str(&format!("== {what}\n"));
        all.push_str(&bad("persons.csv", bytes, "custody/persons"));
    };
    case("empty", b"");
    case("Parquet named .csv", b"PAR1\x15\x04\x15");
    case("a spreadsheet", b"PK\x03\x04....");
    case("compressed", b"\x1f\x8b\x08....");
    case("UTF-16", b"\xff\xfeP\0E\0");
    case("XML", b"<?xml version=\"1.0\"?><a/>");
    case("windows-1252 not declared", &{
        let mut bytes = persons("1,SAMPLE,REN");
        bytes.extend(b"\xc9E,,2016-05-06,F,\n");
        bytes
    });
    case("NUL", &persons("1,SAM\0PLE,ROBIN,,2016-05-06,F,\n"));
    case(
        "unterminated quote",
        &persons("1,SAMPLE,ROBIN,,2016-05-06,F,\n2,\"SAMPLE,ROWAN,,2016-05-06,F,\n"),
    );
    case(
        "header: unknown, missing, twice",
        b"PERSON_ID,LAST_NAME,FIRST_NAME,FIRST_NAME,BIRTHDAT,SEX,DECEASED_DATE\n",
    );
    case(
        "no header",
        b"1,SAMPLE,ROBIN,,2016-05-06,F,\n2,SAMPLE,ROWAN,,2016-05-06,F,\n",
    );
    insta::assert_snapshot!(all);
}

#[test]
fn bad_parquet_and_xml_files_are_refused_with_their_place() {
    let mut all = String::new();
    let mut case = |what: &str, name: &str, bytes: &[u8], schema: &str| {
        all.push_str(&format!("== {what}\n"));
        all.push_str(&bad(name, bytes, schema));
    };
    let whole = offender_parquet(500);
    let parquet = "probation/offender";
    case(
        "CSV named .parquet",
        "o.parquet",
        b"offender_id,crn\n",
        parquet,
    );
    case(
        "cut in the middle",
        "o.parquet",
        &whole[..whole.len() / 2],
        parquet,
    );
    case(
        "cut in the footer",
        "o.parquet",
        &whole[..whole.len() - 40],
        parquet,
    );
    case("only the magic", "o.parquet", b"PAR1PAR1", parquet);
    case("encrypted", "o.parquet", b"PARE, bytes, PARE", parquet);
    let cin = std::fs::read_to_string(fixture("years").join("cin_2025/301.xml")).unwrap();
    let cin_case = |what: &str, text: String, all: &mut String| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("301.xml"), text).unwrap();
        all.push_str(&format!("== {what}\n"));
        all.push_str(&stage::failure(
            folder.path(),
            vec![source(
                "cin",
                "2025",
                "{la}.xml",
                "childrens-services/cin_2025",
            )],
        ));
    };
    cin_case("cut XML", cin[..cin.len() / 2].to_owned(), &mut all);
    cin_case("crossed tags", cin.replace("</UPN>", "</UPM>"), &mut all);
    cin_case("an entity", cin.replace("WBRI", "&who;"), &mut all);
    cin_case(
        "a document type",
        cin.replace("<Message>", "<!DOCTYPE m [<!ENTITY a \"b\">]><Message>"),
        &mut all,
    );
    insta::assert_snapshot!(all);
}

/// A Parquet file as probation sends it.
fn offender_parquet(rows: usize) -> Vec<u8> {
    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use std::sync::Arc;
    let names = [
        "offender_id",
        "crn",
        "pnc_number",
        "noms_number",
        "first_name",
        "second_name",
        "third_name",
        "surname",
        "preferred_name",
        "date_of_birth_date",
        "gender_id",
        "ethnicity_id",
        "soft_deleted",
    ];
    let value = |column: &str, row: usize| match column {
        "offender_id" => Some((1000 + row).to_string()),
        "crn" => Some(format!("X{:06}", row)),
        "first_name" => Some(format!("ALEX{}", ["A", "B", "C"][row % 3])),
        "surname" => Some("SAMPLE".to_owned()),
        "date_of_birth_date" => Some("1990-01-05".to_owned()),
        "gender_id" => Some("M".to_owned()),
        "ethnicity_id" => Some("W1".to_owned()),
        "soft_deleted" => Some(u8::from(row % 10 == 9).to_string()),
        _ => None,
    };
    let columns = names.map(|name| {
        let array: StringArray = (0..rows).map(|row| value(name, row)).collect();
        (name, Arc::new(array) as ArrayRef, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn parquet_rows_arrive_and_deleted_ones_are_out_of_scope() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("offender.parquet"), offender_parquet(50)).unwrap();
    // Windows-1252, CRLF, an embedded newline, and a row of a deleted person.
    let alias = b"offender_id,first_name,surname,date_of_birth_date\r\n\
        1000,REN\xc9E,\"SAMPLE\r\nEXAMPLE\",05/01/1990\r\n1009,ALEX,OTHER,\r\n";
    std::fs::write(folder.path().join("alias.csv"), alias).unwrap();
    let out = ingest(
        folder.path(),
        vec![
            source(
                "probation",
                "offender",
                "offender.parquet",
                "probation/offender",
            ),
            source("probation", "alias", "alias.csv", "probation/alias"),
        ],
    )
    .unwrap();
    let rows = out.table(Table::Person, "probation");
    assert_eq!(rows.len(), 46);
    assert_eq!(
        rows[1],
        "1000 | 1 | adult | RENEE | · | SAMPLE EXAMPLE | · | 1990-01-05 | · | · | · | · | · | · | · | · | · | · | ·"
    );
    let scope: Vec<u64> = out.report.accounts.iter().map(|a| a.out_of_scope).collect();
    assert_eq!(scope, [5, 1]);
}

#[test]
fn rows_that_break_a_rule_are_named_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let book = "OFFENDER_BOOK_ID,MOVEMENT_SEQ,MOVEMENT_DATE,MOVEMENT_TIME,MOVEMENT_TYPE,\
                MOVEMENT_REASON_CODE,DIRECTION_CODE,FROM_AGY_LOC_ID,TO_AGY_LOC_ID";
    let rows = [
        "71,1,2024-11-01,18:00:00,ADM,N,IN,COURT1,NHI",
        "71,2,01/12/2024,09:00:00,REL,BL,OUT,NHI,OUT",
        "71,3,2024-12-01,09:00:00,REL,BL,OUT,NHI",
        "71,4,,09:00:00,REL,BL,OUT,NHI,OUT",
        "71,5,2024-12-01,09:00:00,XXX,BL,OUT,NHI,OUT",
        "71,6,2024-12-01,09:00:00,REL,BL,OUT,NHI,OUT",
        "71,6,2024-12-02,09:00:00,REL,BL,OUT,NHI,OUT",
        "71,6,2024-12-01,09:00:00,REL,BL,OUT,NHI,OUT",
        "99,1,2024-12-01,09:00:00,REL,BL,OUT,NHI,OUT",
    ];
    let custody_folder = folder.path().join("custody");
    std::fs::create_dir(&custody_folder).unwrap();
    for name in ["offenders.csv", "offender_bookings.csv"] {
        let from = fixture("scenario3").join("custody").join(name);
        std::fs::copy(from, custody_folder.join(name)).unwrap();
    }
    std::fs::write(
        custody_folder.join("offender_external_movements.csv"),
        format!("{book}\n{}\n", rows.join("\n")),
    )
    .unwrap();
    let out = ingest(folder.path(), custody()).unwrap();
    insta::assert_snapshot!(out.rows("restricted/quarantine.parquet", &[]).join("\n"));
    let account = &out.report.accounts[2];
    assert!(account.balances());
    assert_eq!(
        (account.accepted, account.quarantined, account.merged),
        (2, 6, 1)
    );

    // The same rows stop the run where a tenth of them is too much.
    let mut job = stage::job(folder.path(), custody());
    job.limits.share = 0.1;
    job.limits.allowance = 0;
    insta::assert_snapshot!(stage::failure_of(folder.path(), &job));
}

#[test]
fn schema_files_are_told_with_line_and_column() {
    let good = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/custody/persons.json"),
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("persons.csv"), persons("")).unwrap();
    let mut all = String::new();
    let mut case = |what: &str, text: String| {
        let schema = folder.path().join("s.json");
        std::fs::write(&schema, text).unwrap();
        let schema = schema.display().to_string();
        all.push_str(&format!("== {what}\n"));
        all.push_str(&stage::failure(
            folder.path(),
            vec![source("custody", "persons", "persons.csv", &schema)],
        ));
    };
    case(
        "not JSON",
        good.replacen("\"name\": \"SEX\",", "\"name\": \"SEX\"", 1),
    );
    case(
        "three misspelt words",
        good.replacen("\"kinlink:onInvalid\"", "\"kinlink:onInvalit\"", 1)
            .replacen("\"constraints\"", "\"constraint\"", 1)
            .replacen(
                "\"fieldsMatch\": \"equal\"",
                "\"fieldsMatch\": \"equall\"",
                1,
            ),
    );
    case(
        "a column and a field that do not exist",
        good.replacen("\"surname\"", "\"sirname\"", 1).replacen(
            "person:{PERSON_ID}",
            "person:{PERSONID}",
            1,
        ),
    );
    case("no table", good.replacen("\"person\"", "\"persons\"", 1));
    insta::assert_snapshot!(all);
}
