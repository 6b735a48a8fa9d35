//! A text that a spreadsheet would run is refused in every format, before a byte is written.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use kinlink::columnar::{Layout, TableWriter};
use kinlink::protect::{self, ProtectedTable};
use kinlink::publish::{self, Format, PublishError, Purpose};

use super::release;
use super::stage_cells::Run;

/// A thousand texts that some spreadsheet runs, or that hide one.
fn payloads() -> Vec<String> {
    let signs = [
        "=", "+", "-", "@", "\t", "\0", "\r", "\n", "＝", "＋", "－", "＠",
    ];
    let before = ["", " ", "\u{a0}", "\u{feff}", "\u{200b}", "   "];
    let after = [
        "1+1",
        "cmd|' /C calc'!A0",
        "HYPERLINK(\"http://x\")",
        "SUM(A1:A9)",
        "IMPORTXML(1)",
        "",
        "x",
        "DDE(\"a\";\"b\")",
        "'quoted'",
        "[c]",
        "2025",
        "A1",
        "=1",
        "England",
    ];
    let mut out = Vec::new();
    for sign in signs {
        for start in before {
            for rest in after {
                out.push(format!("{start}{sign}{rest}"));
            }
        }
    }
    out.truncate(1_000);
    assert_eq!(out.len(), 1_000);
    out
}

fn refused(tables: Vec<ProtectedTable>, edit: &dyn Fn(&mut publish::ReleaseInfo), format: Format) {
    let run = Run::new();
    let mut info = release(Purpose::Rehearsal);
    edit(&mut info);
    let target = run.root().join("release");
    let job = publish::Job {
        quality: None,
        tables,
        target: target.clone(),
        release: info,
        formats: BTreeSet::from([format]),
        provenance: None,
        review: None,
    };
    let result = run.folders("06-publish", |f| publish::run(&job, f));
    let Err(PublishError::Formula { .. }) = result else {
        panic!("not refused: {result:?}");
    };
    let left = std::fs::read_dir(&target).expect("the folder").count();
    assert_eq!(left, 0, "something was written");
}

#[test]
fn a_thousand_titles_are_refused_in_every_format() {
    for (i, payload) in payloads().into_iter().enumerate() {
        let format = Format::ALL[i % Format::ALL.len()];
        let edit = |info: &mut publish::ReleaseInfo| match i % 3 {
            0 => info.title.clone_from(&payload),
            1 => info.label.clone_from(&payload),
            _ => info.period.clone_from(&payload),
        };
        refused(Vec::new(), &edit, format);
    }
}

/// A table of the protect stage with one code of its own.
fn with_code(run: &Run, code: &str) -> ProtectedTable {
    let texts = |name: &str| Field::new(name, DataType::Utf8, true);
    let numbers = |name: &str| Field::new(name, DataType::Float64, true);
    let schema = Arc::new(Schema::new(vec![
        texts("country"),
        texts("concept"),
        texts("measure"),
        numbers("value"),
        numbers("lower"),
        numbers("upper"),
        texts("status"),
        texts("marker"),
    ]));
    let text = |t: Option<&str>| Arc::new(StringArray::from(vec![t])) as ArrayRef;
    let none = || Arc::new(Float64Array::from(vec![None::<f64>])) as ArrayRef;
    let columns = vec![
        text(Some(code)),
        text(Some("stock")),
        text(Some("children")),
        none(),
        none(),
        none(),
        text(Some("c")),
        text(None),
    ];
    let keys = [("kinlink:protected_table".to_owned(), "T01".to_owned())];
    let path = run.root().join("T01.parquet");
    let mut writer =
        TableWriter::create(&path, schema.clone(), Layout::Restricted, &keys).expect("created");
    writer
        .write(&RecordBatch::try_new(schema, columns).expect("a batch"))
        .expect("written");
    let written = writer.finish().expect("finished");
    protect::load(&path, &written.digest).expect("loads")
}

#[test]
fn codes_of_tables_are_refused_in_every_format() {
    for (i, payload) in payloads().into_iter().step_by(9).enumerate() {
        let run = Run::new();
        let table = with_code(&run, &payload);
        refused(vec![table], &|_| {}, Format::ALL[i % Format::ALL.len()]);
    }
}

#[test]
fn the_message_tells_the_place_and_not_the_text() {
    let run = Run::new();
    let table = with_code(&run, "=secret");
    let job = publish::Job {
        quality: None,
        tables: vec![table],
        target: run.root().join("release"),
        release: release(Purpose::Rehearsal),
        formats: Format::ALL.into_iter().collect(),
        provenance: None,
        review: None,
    };
    let error = run
        .folders("06-publish", |f| publish::run(&job, f))
        .expect_err("refused");
    let told = error.to_string();
    assert!(told.contains("T01") && told.contains("country") && !told.contains("secret"));
}
