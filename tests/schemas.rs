//! The schema files say what the code does: canonical tables, and every extract of the contract.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use arrow::datatypes::DataType;
use kinlink::ingest::{Job, Limits, Source, check};
use kinlink::schema::canonical::Table;
use kinlink::schema::table_schema::{FieldSchema, FieldType, OnOutput, TableSchema};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

fn arrow_type(field: &FieldSchema) -> DataType {
    match (field.kind, field.constraints.maximum.as_deref()) {
        (FieldType::Date, _) => DataType::Date32,
        (FieldType::Boolean, _) => DataType::Boolean,
        (FieldType::Integer, Some("255")) => DataType::UInt8,
        (FieldType::Integer, Some("4294967295")) => DataType::UInt32,
        (FieldType::Integer, _) => DataType::UInt64,
        _ => DataType::Utf8,
    }
}

#[test]
fn canonical_schema_files_equal_the_rust_schemas() {
    for table in Table::ALL {
        let path = folder().join(format!("canonical/{}.json", table.name()));
        let schema = TableSchema::read(&path).unwrap();
        let written: Vec<_> = schema
            .fields
            .iter()
            .map(|f| (f.name.clone(), arrow_type(f), !f.constraints.required))
            .collect();
        let clear = table.clear();
        let known: Vec<_> = clear
            .fields()
            .iter()
            .map(|f| (f.name().clone(), f.data_type().clone(), f.is_nullable()))
            .collect();
        assert_eq!(written, known, "{}", table.name());
        for field in &schema.fields {
            assert!(
                field.role.is_some(),
                "{}.{} has no role",
                table.name(),
                field.name
            );
            assert!(field.description.is_some());
        }
    }
}

#[test]
fn words_of_canonical_schemas_are_those_of_the_code() {
    use kinlink::schema::canonical::{ETHNICITIES, LEGAL_STATUSES, OFFENCE_GROUPS, SENTENCE_BANDS};
    let words = |table: &str, field: &str| {
        let schema = TableSchema::read(&folder().join(format!("canonical/{table}.json"))).unwrap();
        schema
            .field(field)
            .unwrap()
            .constraints
            .allowed
            .clone()
            .unwrap()
    };
    assert_eq!(words("person", "ethnicity"), ETHNICITIES);
    assert_eq!(words("custody_spell", "legal_status"), LEGAL_STATUSES);
    assert_eq!(words("custody_spell", "sentence_band"), SENTENCE_BANDS);
    assert_eq!(words("custody_spell", "offence_group"), OFFENCE_GROUPS);
}

/// Every schema of an extract parses, maps to tables that exist, and drops what it does not map.
#[test]
fn extract_schemas_map_and_drop_what_they_do_not_map() {
    let mut n = 0;
    for system in ["custody", "probation", "childrens-services"] {
        for entry in std::fs::read_dir(folder().join(system)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let job = Job {
                sources: vec![Source {
                    name: format!("{system}.{name}"),
                    system: system.to_owned(),
                    files: Vec::new(),
                    captures: Vec::new(),
                    schema: path.clone(),
                }],
                postcode_directory: None,
                reference_date: jiff::civil::Date::constant(2025, 9, 30),
                limits: Limits::default(),
            };
            assert_eq!(check(&job), [], "{name}");
            for field in TableSchema::read(&path).unwrap().fields {
                if field.role.is_none() {
                    assert!(field.canonical.is_empty(), "{name}.{}", field.name);
                    assert_eq!(field.on_output, Some(OnOutput::Drop));
                }
            }
            n += 1;
        }
    }
    assert_eq!(n, 28);
}
