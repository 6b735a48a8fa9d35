//! A new source system is a new schema, not new code: prisons of another country, with columns,
//! codes and dates of their own.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "ingest/stage.rs"]
mod stage;

use std::path::Path;

use kinlink::schema::canonical::Table;
use stage::{Pattern, source};

const PEOPLE: &str = r#"{
  "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
  "fieldsMatch": "equal",
  "missingValues": ["", "n/k"],
  "primaryKey": "person",
  "kinlink:table": "person",
  "kinlink:set": { "record": "{person}", "kind": "adult" },
  "fields": [
    { "name": "person", "type": "string", "kinlink:role": "record-id" },
    { "name": "full name", "type": "string", "kinlink:role": "direct-identifier", "kinlink:canonical": "surname" },
    { "name": "born", "type": "date", "format": "%d %b %Y", "kinlink:role": "quasi-identifier", "kinlink:canonical": "date_of_birth" },
    { "name": "gender", "type": "string", "kinlink:codes": { "man": "M", "woman": "F" }, "kinlink:role": "dimension", "kinlink:canonical": "sex" },
    { "name": "shoe size", "type": "integer" }
  ]
}"#;

const STAYS: &str = r#"{
  "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
  "fieldsMatch": "equal",
  "kinlink:tables": [
    { "name": "stay", "table": "booking", "set": { "booking": "{person}-{row}", "record": "{person}" } },
    { "name": "ground", "table": "status", "set": { "booking": "{person}-{row}" } }
  ],
  "kinlink:rejectLimit": { "count": 1 },
  "fields": [
    { "name": "person", "type": "string", "constraints": { "required": true }, "kinlink:role": "reference" },
    { "name": "in", "type": "date", "format": "%d/%m/%Y", "kinlink:role": "event-date", "kinlink:canonical": "stay.begin" },
    { "name": "out", "type": "date", "format": "%d/%m/%Y", "kinlink:role": "event-date", "kinlink:canonical": "stay.end" },
    { "name": "why", "type": "string", "kinlink:codes": { "trial": "untried", "sentence": "sentenced" }, "kinlink:role": "dimension", "kinlink:canonical": "ground.legal_status" }
  ]
}"#;

fn patterns(root: &Path) -> Vec<Pattern> {
    let pattern = |name: &str, schema: &str| {
        let path = root.join(format!("{name}.json"));
        std::fs::write(&path, schema).unwrap();
        source(
            "abroad",
            name,
            &format!("{name}.csv"),
            &path.display().to_string(),
        )
    };
    vec![pattern("people", PEOPLE), pattern("stays", STAYS)]
}

#[test]
fn a_new_system_is_a_new_schema() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let people = "person,full name,born,gender,shoe size\n\
                  p1,Example,02 Apr 1990,woman,39\n\
                  p2,Sample,n/k,man,44\n\
                  p2,Sample,n/k,man,44\n";
    std::fs::write(root.join("people.csv"), people).unwrap();
    let stays = "person,in,out,why\n\
                 p1,01/03/2025,20/03/2025,trial\n\
                 p1,21/03/2025,,sentence\n\
                 p2,05/01/2025,05/01/2025,trial\n";
    std::fs::write(root.join("stays.csv"), stays).unwrap();
    let out = stage::ingest(root, patterns(root)).unwrap();
    let persons = out.rows("stage/person/abroad.parquet", &["file"]);
    assert_eq!(persons.len(), 2);
    assert!(persons[0].starts_with("p1 | 0 | adult | · | · | EXAMPLE | · | 1990-04-02 | F"));
    assert_eq!(
        out.table(Table::CustodySpell, "abroad"),
        ["p1 | 2025-03-01 | · | · | sentenced | · | ·"]
    );

    // The schema's own limit: one bad row is allowed, two are not.
    std::fs::write(root.join("stays.csv"), "person,in,out,why\np1,x,,trial\n").unwrap();
    assert!(stage::ingest(root, patterns(root)).is_ok());
    let two = "person,in,out,why\np1,x,,trial\np1,y,,trial\n";
    std::fs::write(root.join("stays.csv"), two).unwrap();
    let told = stage::failure(root, patterns(root));
    assert!(
        told.starts_with(
            "error[KL-I-011] exit 3: 2 of 2 rows of `abroad.stays` fail the rule `type`"
        ),
        "{told}"
    );
    assert!(told.contains("stays.csv, row 1, column `in`"), "{told}");
}
