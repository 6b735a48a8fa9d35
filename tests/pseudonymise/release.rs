//! The research release: one project's pseudonyms, coarser values, a dictionary.

use std::collections::BTreeMap;

use arrow::array::{Array, Date32Array, StringArray};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use kinlink::columnar::TableReader;
use kinlink::pseudonymise::days_of;

use super::desk::{Desk, assert_nothing_clear, bytes_of, person};
use super::world;

const PERSON: &str = "data/person.parquet";

#[test]
fn files_of_two_projects_cannot_be_joined() {
    let desk = Desk::new();
    let output = desk.release("pupils.csv", "a", "families");
    assert!(world::text(&output.stdout).contains("Data Protection Act 2018, section 171"));
    desk.release("pupils.csv", "b", "schools");
    desk.release("pupils.csv", "again", "families");
    desk.pseudonymise("pupils.csv", "split", &[], 0);
    let records = |file: &str| bytes_of(&desk.path(file), "record");
    let a = records(&format!("a/{PERSON}"));
    assert_eq!(a.len(), 120);
    assert!(a.is_disjoint(&records(&format!("b/{PERSON}"))));
    assert!(a.is_disjoint(&records("split/payload/person/pupils.parquet")));
    // The same project again is the same file: the comparison can find what is equal.
    assert_eq!(
        world::digests(&desk.path("a")),
        world::digests(&desk.path("again"))
    );
}

#[test]
fn nothing_in_it_is_an_encoding_a_join_table_or_clear() {
    let desk = Desk::new();
    desk.release("pupils.csv", "a", "families");
    let names: Vec<String> = world::digests(&desk.path("a"))
        .keys()
        .map(|p| p.display().to_string())
        .collect();
    assert_eq!(
        names,
        [
            "README.md",
            "codes.csv",
            PERSON,
            "dictionary.csv",
            "dictionary.md",
            "manifest.json"
        ]
    );
    assert_nothing_clear(&desk.path("a"));
    let schema = TableReader::open(&desk.path("a").join(PERSON), None)
        .expect("a table")
        .schema();
    let columns: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(
        columns,
        [
            "record",
            "kind",
            "week_of_birth",
            "sex",
            "local_authority",
            "area_from"
        ]
    );
}

/// Reads a date column as days, with their counts.
fn days(desk: &Desk, out: &str, column: &str) -> BTreeMap<i32, usize> {
    let path = desk.path(out).join(PERSON);
    let mut counts = BTreeMap::new();
    for batch in TableReader::open(&path, Some(&[column])).expect("a table") {
        let batch = batch.expect("rows");
        let values: &Date32Array = kinlink::columnar::date(&batch, column, &path).expect("dates");
        for day in values.iter() {
            *counts.entry(day.expect("known")).or_default() += 1;
        }
    }
    counts
}

fn expected(coarser: impl Fn(Date) -> Date) -> BTreeMap<i32, usize> {
    let mut counts = BTreeMap::new();
    for n in 0..120 {
        let born = &person(n)[2];
        let part = |range| {
            born.get(range)
                .and_then(|t: &str| t.parse::<i16>().ok())
                .expect("a number")
        };
        let month = i8::try_from(part(3..5)).expect("a month");
        let day = i8::try_from(part(0..2)).expect("a day");
        let born = jiff::civil::date(part(6..10), month, day);
        *counts.entry(days_of(coarser(born))).or_default() += 1;
    }
    counts
}

#[test]
fn births_are_weeks_or_months_as_the_schema_says() {
    let desk = Desk::new();
    desk.release("pupils.csv", "week", "p");
    let monday = |d: Date| {
        let mut day = d;
        while day.weekday() != Weekday::Monday {
            day = day.checked_sub(1.day()).expect("a day");
        }
        day
    };
    assert_eq!(days(&desk, "week", "week_of_birth"), expected(monday));
    for (i, word) in ["month", "generalise"].iter().enumerate() {
        desk.edit_schema(
            "\"kinlink:onOutput\": \"week\"",
            &format!("\"kinlink:onOutput\": \"{word}\""),
        );
        let out = format!("month{i}");
        desk.release("pupils.csv", &out, "p");
        let first = |d: Date| d.first_of_month();
        assert_eq!(
            days(&desk, &out, "month_of_birth"),
            expected(first),
            "{word}"
        );
    }
}

#[test]
fn the_area_stands_in_place_of_the_postcode_only_where_the_schema_says_so() {
    let desk = Desk::new();
    desk.release("pupils.csv", "area", "p");
    let path = desk.path("area").join(PERSON);
    let mut rows = 0;
    for batch in TableReader::open(&path, None).expect("a table") {
        let batch = batch.expect("rows");
        let area: &StringArray =
            kinlink::columnar::text(&batch, "local_authority", &path).expect("text");
        assert!(area.iter().all(|a| a == Some("E08000035")));
        rows += area.len();
    }
    assert_eq!(rows, 120);
    desk.edit_schema(
        "\"kinlink:onOutput\": \"area\"",
        "\"kinlink:onOutput\": \"drop\"",
    );
    desk.release("pupils.csv", "none", "p");
    let schema = TableReader::open(&desk.path("none").join(PERSON), None)
        .expect("a table")
        .schema();
    assert!(schema.field_with_name("local_authority").is_err());
}

#[test]
fn the_dictionary_tells_every_column_and_every_field_left_out() {
    let desk = Desk::new();
    desk.release("pupils.csv", "a", "families");
    let read = |name: &str| std::fs::read_to_string(desk.path("a").join(name)).expect(name);
    insta::assert_snapshot!("dictionary_md", read("dictionary.md"));
    insta::assert_snapshot!("dictionary_csv", read("dictionary.csv"));
    assert!(read("codes.csv").contains("person,local_authority,E08000035,Leeds\n"));
}
