//! Lint: a doctored parcel is refused with the file and the column.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{Field, Schema};
use kinlink::columnar::{Layout, TableReader, TableWriter};

use super::desk::Desk;
use super::world;

const LINKAGE: &str = "linkage/child/pass-06.parquet";
const PAYLOAD: &str = "payload/person/pupils.parquet";

fn read(path: &Path) -> RecordBatch {
    let reader = TableReader::open(path, None).expect("a table");
    let schema = reader.schema();
    let batches: Vec<RecordBatch> = reader.map(|b| b.expect("rows")).collect();
    concat_batches(&schema, &batches).expect("one")
}

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    std::fs::remove_file(path).expect("removed");
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, c)| Field::new(*name, c.data_type().clone(), c.null_count() > 0))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, c)| c).collect();
    let batch = RecordBatch::try_new(schema.clone(), arrays).expect("a batch");
    let mut writer = TableWriter::create(path, schema, Layout::People, &[]).expect("a file");
    writer.write(&batch).expect("written");
    writer.finish().expect("finished");
}

/// Rewrites a file of fresh parcels and gives what lint says of it.
fn doctored(
    file: &str,
    change: impl Fn(&Desk, Vec<(&str, ArrayRef)>) -> Vec<(String, ArrayRef)>,
) -> String {
    let desk = Desk::new();
    desk.pseudonymise("pupils.csv", "out", &[], 0);
    let path = desk.path("out").join(file);
    let batch = read(&path);
    let schema = batch.schema();
    let names = schema.fields().iter().map(|f| f.name().as_str());
    let changed = change(&desk, names.zip(batch.columns().iter().cloned()).collect());
    write(
        &path,
        changed
            .iter()
            .map(|(n, c)| (n.as_str(), c.clone()))
            .collect(),
    );
    let output = desk.run(&["pseudonymise", "lint", "out"], 7);
    world::text(&output.stderr)
}

fn owned(columns: Vec<(&str, ArrayRef)>) -> Vec<(String, ArrayRef)> {
    columns
        .into_iter()
        .map(|(n, c)| (n.to_owned(), c))
        .collect()
}

fn says(told: &str, code: &str, file: &str, column: &str) {
    for part in [code, file, &format!("column `{column}`"), "exit   7"] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
}

#[test]
fn parcels_as_they_are_made_pass_together_and_alone() {
    let desk = Desk::new();
    desk.pseudonymise("pupils.csv", "out", &[], 0);
    let told = world::text(&desk.run(&["pseudonymise", "lint", "out"], 0).stdout);
    assert!(told.contains("20 files"), "{told}");
    assert!(told.contains("120 people"), "{told}");
    for part in ["linkage", "payload"] {
        std::fs::rename(desk.path("out").join(part), desk.path("elsewhere")).expect("moved");
        desk.run(&["pseudonymise", "lint", "out"], 0);
        std::fs::rename(desk.path("elsewhere"), desk.path("out").join(part)).expect("moved");
    }
    let told = world::text(&desk.run(&["pseudonymise", "lint", "."], 2).stderr);
    assert!(told.contains("KL-Y-008"), "{told}");
}

#[test]
fn a_payload_column_among_the_encodings_is_refused() {
    for name in ["ethnicity", "anything"] {
        let told = doctored(LINKAGE, |_, columns| {
            let rows = columns[0].1.len();
            let words: ArrayRef = Arc::new(StringArray::from(vec!["white"; rows]));
            [owned(columns), vec![(name.to_owned(), words)]].concat()
        });
        says(&told, "KL-Y-001", LINKAGE, name);
    }
    // Bytes under a name of the model are no encoding either: here the payload's own pseudonym.
    let told = doctored(LINKAGE, |_, columns| {
        let row = columns[1].1.clone();
        [owned(columns), vec![("record".to_owned(), row)]].concat()
    });
    says(&told, "KL-Y-001", LINKAGE, "record");
}

#[test]
fn an_encoding_in_the_payload_is_refused() {
    let told = doctored(PAYLOAD, |_, columns| {
        let record = columns[0].1.clone();
        [owned(columns), vec![("key".to_owned(), record)]].concat()
    });
    says(&told, "KL-Y-002", PAYLOAD, "key");
}

#[test]
fn a_name_in_the_payload_is_refused() {
    let told = doctored(PAYLOAD, |_, columns| {
        let rows = columns[0].1.len();
        let names: ArrayRef = Arc::new(StringArray::from(vec!["X"; rows]));
        [owned(columns), vec![("surname".to_owned(), names)]].concat()
    });
    says(&told, "KL-Y-003", PAYLOAD, "surname");
}

#[test]
fn a_part_without_its_pseudonym_is_refused() {
    let without = |name: &'static str| {
        move |_: &Desk, columns: Vec<(&str, ArrayRef)>| {
            let rest = columns.into_iter().filter(|(n, _)| *n != name).collect();
            owned(rest)
        }
    };
    says(
        &doctored(PAYLOAD, without("record")),
        "KL-Y-004",
        PAYLOAD,
        "record",
    );
    says(
        &doctored(LINKAGE, without("row")),
        "KL-Y-004",
        LINKAGE,
        "row",
    );
}

/// The file's rows with the join pseudonyms of another file of the same parcels.
fn with_pseudonyms_of(other: &'static str, column: &'static str, into: &'static str) -> String {
    doctored(LINKAGE, |desk, columns| {
        let rows = columns[0].1.len();
        let from = read(&desk.path("out").join(other));
        let values = from.column_by_name(column).expect("a column");
        let order = UInt32Array::from_iter_values(0..u32::try_from(rows).expect("few"));
        let values = take(values, &order, None).expect("as many");
        owned(columns)
            .into_iter()
            .map(|(n, c)| {
                if n == into {
                    (n, values.clone())
                } else {
                    (n, c)
                }
            })
            .collect()
    })
}

#[test]
fn pseudonyms_that_two_files_share_are_refused() {
    let told = with_pseudonyms_of(PAYLOAD, "record", "row");
    says(&told, "KL-Y-005", LINKAGE, "row");
    assert!(told.contains("120 pseudonyms"), "{told}");
    let told = with_pseudonyms_of("linkage/child/pass-05.parquet", "row", "row");
    says(&told, "KL-Y-005", "linkage/child/pass-06.parquet", "row");
    assert!(told.contains("pass-05"), "{told}");
}

#[test]
fn rows_in_the_order_of_the_extract_are_refused() {
    for (file, column) in [(LINKAGE, "row"), (PAYLOAD, "record")] {
        let told = doctored(file, |_, columns| {
            let rows = u32::try_from(columns[0].1.len()).expect("few");
            let order = UInt32Array::from_iter_values((0..rows).rev());
            let turned = |c: &ArrayRef| take(c, &order, None).expect("as many");
            columns
                .iter()
                .map(|(n, c)| ((*n).to_owned(), turned(c)))
                .collect()
        });
        says(&told, "KL-Y-006", file, column);
    }
}

/// A linkage file may be in the order of another hash than `row`, if that is its first column; its
/// rows are compared all the same.
#[test]
fn a_file_in_the_order_of_its_blocks_is_read_too() {
    let block = |columns: Vec<(&str, ArrayRef)>, turned: bool| {
        let rows = u32::try_from(columns[0].1.len()).expect("few");
        let order = UInt32Array::from_iter_values((0..rows).rev());
        let row = take(&columns[1].1, &order, None).expect("as many");
        let in_order = columns[1].1.clone();
        let blocks = if turned { row.clone() } else { in_order };
        vec![("block".to_owned(), blocks), ("row".to_owned(), row)]
    };
    let told = doctored(LINKAGE, |_, columns| block(columns, true));
    says(&told, "KL-Y-006", LINKAGE, "row");

    let desk = Desk::new();
    desk.pseudonymise("pupils.csv", "out", &[], 0);
    let path = desk.path("out").join(LINKAGE);
    let batch = read(&path);
    let schema = batch.schema();
    let names = schema.fields().iter().map(|f| f.name().as_str());
    let changed = block(names.zip(batch.columns().iter().cloned()).collect(), false);
    let columns: Vec<(&str, ArrayRef)> = changed
        .iter()
        .map(|(n, c)| (n.as_str(), c.clone()))
        .collect();
    write(&path, columns.clone());
    desk.run(&["pseudonymise", "lint", "out"], 0);
    // The rows of another pass under the same blocks.
    let other = read(&desk.path("out").join("linkage/child/pass-05.parquet"));
    let foreign = other.column_by_name("row").expect("rows").clone();
    let rows = columns[0].1.len().min(foreign.len());
    write(
        &path,
        vec![
            ("block", columns[0].1.slice(0, rows)),
            ("row", foreign.slice(0, rows)),
        ],
    );
    let told = world::text(&desk.run(&["pseudonymise", "lint", "out"], 7).stderr);
    says(&told, "KL-Y-005", LINKAGE, "row");
}

#[test]
fn another_kind_of_file_in_a_parcel_is_refused() {
    let desk = Desk::new();
    desk.pseudonymise("pupils.csv", "out", &[], 0);
    std::fs::copy(desk.path("pupils.csv"), desk.path("out/linkage/pupils.csv")).expect("copied");
    let told = world::text(&desk.run(&["pseudonymise", "lint", "out"], 7).stderr);
    assert!(
        told.contains("KL-Y-007") && told.contains("pupils.csv"),
        "{told}"
    );
}
