//! Promise: after `pseudonymise` no identifier, nor a plain hash of one, is in any file of the run,
//! in what is printed, in a log or in an error message.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scanner;
mod world;

use std::collections::HashSet;
use std::path::Path;

use arrow::array::Date32Array;
use kinlink::columnar::TableReader;
use scanner::Scanner;
use world::World;

/// Identifiers of a column of a CSV extract, as they stand and in capitals, at least six long, so
/// that a hit is no accident.
fn of_column(world: &World, file: &str, column: &str, out: &mut HashSet<Vec<u8>>) {
    let path = world.path().join("data/rehearsal").join(file);
    let text = std::fs::read(&path).expect("an extract");
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_slice());
    let headers = reader.byte_headers().expect("headers").clone();
    let clean = |h: &[u8]| h.strip_prefix("\u{feff}".as_bytes()).unwrap_or(h).to_vec();
    let place = headers
        .iter()
        .position(|h| clean(h) == column.as_bytes())
        .unwrap_or_else(|| panic!("no column {column} in {file}"));
    let before = out.len();
    for record in reader.byte_records().flatten() {
        let value = record.get(place).unwrap_or_default();
        if value.len() >= 6 {
            out.insert(value.to_vec());
            out.insert(value.to_ascii_uppercase());
        }
    }
    assert!(out.len() > before, "{file} {column} gave nothing");
}

/// Every word, and every run of two words, of the texts that do not depend on people.
fn public_words() -> HashSet<Vec<u8>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut out = HashSet::new();
    for folder in ["src", "schemas", "pipelines"] {
        for path in world::files(&source.join(folder)) {
            if path.components().any(|c| c.as_os_str() == "synth") {
                continue;
            }
            let text = std::fs::read(path).expect("a text").to_ascii_lowercase();
            let words = text.split(|b| !(b.is_ascii_alphanumeric() || b"/-'".contains(b)));
            let words: Vec<&[u8]> = words.filter(|w| !w.is_empty()).collect();
            out.extend(words.iter().map(|w| w.to_vec()));
            out.extend(words.windows(2).map(|pair| pair.join(&b' ')));
        }
    }
    out
}

fn identifiers(world: &World) -> HashSet<Vec<u8>> {
    let mut out = HashSet::new();
    for (file, column) in [
        ("custody/offenders.csv", "LAST_NAME"),
        ("custody/offenders.csv", "FIRST_NAME"),
        ("custody/offenders.csv", "BIRTH_DATE"),
        ("custody/offenders.csv", "OFFENDER_ID_DISPLAY"),
        ("custody/offender_identifiers.csv", "IDENTIFIER"),
        ("custody/persons.csv", "LAST_NAME"),
        ("custody/persons.csv", "FIRST_NAME"),
        ("custody/persons.csv", "BIRTHDATE"),
        ("custody/addresses.csv", "POSTAL_CODE"),
        ("childrens-services/school_census.csv", "UPN"),
        ("childrens-services/school_census.csv", "Surname"),
        ("childrens-services/school_census.csv", "Forename"),
        ("childrens-services/school_census.csv", "PostCode"),
        ("childrens-services/carers.csv", "SURNAME"),
        ("childrens-services/carers.csv", "DOB"),
        ("probation/alias.csv", "surname"),
    ] {
        of_column(world, file, column, &mut out);
    }
    // Names that are also words of the program's own texts (Bolton, Field, England) prove nothing.
    let public = public_words();
    out.retain(|i| !public.contains(&i.to_ascii_lowercase()));
    assert!(out.len() > 1_000, "{}", out.len());
    // Dates that the reports are about are no identifiers.
    for public in ["2025-09-30", "2024-10-01", "2025-10-01"] {
        out.remove(public.as_bytes());
    }
    out
}

/// A scanner for identifiers as whole words, and for their plain hashes anywhere.
fn scanner_of(world: &World) -> Scanner {
    let mut scanner = Scanner::new();
    for identifier in identifiers(world) {
        scanner.word(&identifier);
    }
    scanner
}

#[test]
fn no_identifier_is_left_after_pseudonymise() {
    let world = World::small_with_review();
    let output = world.run(&["run", "pipelines/rehearsal.toml"], 0);
    let run = world.only_run();
    assert!(run.join("restricted/03-link/child/pairs.parquet").exists());
    let scanner = scanner_of(&world);

    // The test can fail: the extracts themselves are full of hits.
    let extract = world.path().join("data/rehearsal/custody/persons.csv");
    assert!(scanner.file(&extract).len() > 100);

    assert!(scanner.folder_is_clean(&run, &|_| false) > 60);
    scanner.output_is_clean(&output);
}

#[test]
fn the_payload_has_no_date_of_birth() {
    let world = World::small();
    world.run(
        &["run", "pipelines/rehearsal.toml", "--to", "pseudonymise"],
        0,
    );
    let payload = world
        .only_run()
        .join("stage/02-pseudonymise/payload/person");
    let tables = world::files(&payload);
    assert!(tables.len() >= 5);
    for path in tables {
        for batch in TableReader::open(&path, None).expect("a table") {
            for column in batch.expect("a batch").columns() {
                assert!(column.as_any().downcast_ref::<Date32Array>().is_none());
            }
        }
    }
    let clear = world.only_run().join("stage/01-ingest/person");
    assert!(!clear.exists() || world::files(&clear).is_empty());
}

#[test]
fn a_failing_run_tells_no_identifier() {
    let world = World::small();
    world.run(&["run", "pipelines/rehearsal.toml", "--to", "ingest"], 0);
    let scanner = scanner_of(&world);
    // A name where a date belongs, in every row: far above the limit.
    let path = world
        .path()
        .join("data/rehearsal/custody/offender_external_movements.csv");
    let mut reader = csv::Reader::from_path(&path).expect("an extract");
    let headers = reader.headers().expect("headers").clone();
    let place = headers
        .iter()
        .position(|h| h == "MOVEMENT_DATE")
        .expect("it");
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("a row")).collect();
    let mut writer = csv::Writer::from_path(&path).expect("an extract");
    writer.write_record(&headers).expect("written");
    for row in rows {
        let broken = row
            .iter()
            .enumerate()
            .map(|(i, value)| if i == place { "Canaryname" } else { value });
        writer.write_record(broken).expect("written");
    }
    writer.flush().expect("written");
    std::fs::remove_file(world.path().join("data/rehearsal/synth.json")).expect("removed");
    world.edit("pipelines/rehearsal.toml", "[synth]", "[unused]");
    let output = world.run(&["run", "pipelines/rehearsal.toml"], 2);
    scanner.output_is_clean(&output);

    // As a run on given extracts, without the section that writes them.
    let pipeline =
        std::fs::read_to_string(world.path().join("pipelines/rehearsal.toml")).expect("a pipeline");
    let start = pipeline.find("[unused]").expect("the section");
    let end = pipeline.find("[key]").expect("the next section");
    let without = format!("{}{}", &pipeline[..start], &pipeline[end..]);
    std::fs::write(world.path().join("pipelines/rehearsal.toml"), without).expect("written");
    let output = world.run(&["run", "pipelines/rehearsal.toml"], 3);
    let said = world::text(&output.stderr);
    assert!(
        said.contains("KL-I-011") && said.contains("values withheld"),
        "{said}"
    );
    scanner.output_is_clean(&output);
    assert!(!said.to_lowercase().contains("canaryname"), "{said}");
    let not_a_log = |path: &Path| !path.ends_with("log.ndjson");
    assert!(scanner.folder_is_clean(&world.path().join("runs"), &not_a_log) > 0);
}
