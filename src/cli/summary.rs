//! What a finished run says on the terminal: the headline with its concept, what was linked, what
//! was suppressed, where the files are. The figures shown are the released ones.

use std::fmt::Write as _;
use std::path::Path;

use arrow::array::{Array, Float64Array, RecordBatch, StringArray};
use serde_json::{Value, json};

use super::Done;
use super::progress::thousands;
use crate::columnar::TableReader;
use crate::pipeline::Outcome;
use crate::schema::codes;
use crate::schema::published::Concept;
use crate::stage::Stage;

/// The result of a run.
pub fn of(outcome: &Outcome) -> Done {
    let mut text = String::new();
    let last = outcome.receipts.keys().next_back().copied();
    let release = outcome.root.join("release");
    let published = last == Some(Stage::Publish);
    if published {
        headline(outcome, &release, &mut text);
        earlier(&release, &mut text);
    }
    linked(outcome, &mut text);
    rows(outcome, &mut text);
    if published {
        hidden(&release, &mut text);
        let _ = writeln!(
            text,
            "release      {} ({})",
            release.display(),
            forms(&release)
        );
        let _ = writeln!(
            text,
            "report       {} (open it in a browser)",
            release.join(crate::publish::report::FILE).display()
        );
    }
    let stages: Vec<&str> = outcome.receipts.keys().map(|s| s.word()).collect();
    let _ = writeln!(
        text,
        "run          {} ({})",
        outcome.root.display(),
        if outcome.done.is_empty() {
            "was finished before; every file checked".to_owned()
        } else {
            format!("finished: {}", stages.join(", "))
        }
    );
    let json = json!({
        "run": outcome.id, "folder": outcome.root, "rehearsal": outcome.rehearsal,
        "stages": stages, "headline": headline_json(&release, published),
    });
    let next = if published {
        format!("kinlink verify {}", outcome.root.display())
    } else {
        format!("kinlink resume {}", outcome.root.display())
    };
    Done::new(text, json).next(next)
}

/// One row of a released table of children, counted or estimated: dimension code, concept, value or the mark in its place.
struct Shown {
    measure: String,
    lower: Option<f64>,
    upper: Option<f64>,
    code: String,
    concept: String,
    value: Option<f64>,
    status: String,
}

fn shown(path: &Path, dimension: &str) -> Vec<Shown> {
    let Ok(reader) = TableReader::open(path, None) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for batch in reader.flatten() {
        let text = |name: &str| -> Option<&StringArray> {
            batch.column_by_name(name)?.as_any().downcast_ref()
        };
        let (Some(code), Some(concept), Some(measure), Some(status)) = (
            text(dimension),
            text("concept"),
            text("measure"),
            text("status"),
        ) else {
            return Vec::new();
        };
        let number = |name: &str, row: usize| {
            let column = values(&batch, name)?;
            (!column.is_null(row)).then(|| column.value(row))
        };
        for row in 0..batch.num_rows() {
            if [FOUND, ESTIMATED].contains(&measure.value(row)) {
                out.push(Shown {
                    measure: measure.value(row).to_owned(),
                    lower: number("lower", row),
                    upper: number("upper", row),
                    code: code.value(row).to_owned(),
                    concept: concept.value(row).to_owned(),
                    value: number("value", row),
                    status: status.value(row).to_owned(),
                });
            }
        }
    }
    out
}

/// Children whom the linkage found, and children estimated.
const FOUND: &str = "children";
const ESTIMATED: &str = "children_estimated";

fn values<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a Float64Array> {
    batch.column_by_name(name)?.as_any().downcast_ref()
}

/// A released value as people read it: whole numbers with commas, or the mark in brackets.
fn readable(shown: Option<&Shown>) -> String {
    match shown {
        Some(Shown { value: Some(v), .. }) => whole(*v),
        Some(s) => format!("[{}]", s.status),
        None => "-".to_owned(),
    }
}

/// A whole number with commas.
fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    digits.parse().map_or(digits, thousands)
}

/// The limits of an estimate.
fn interval(shown: Option<&Shown>) -> String {
    let limits = shown.and_then(|s| Some((s.lower?, s.upper?)));
    limits.map_or_else(String::new, |(low, high)| {
        format!("{} to {}", whole(low), whole(high))
    })
}

const PLACES: [(&str, &str); 3] = [
    (codes::ENGLAND, "England"),
    (codes::WALES, "Wales"),
    (codes::ENGLAND_AND_WALES, "both"),
];

/// The margin of a table is written `Total` or with the code of England and Wales.
fn place<'a>(rows: &'a [Shown], measure: &str, concept: &str, code: &str) -> Option<&'a Shown> {
    let both = code == codes::ENGLAND_AND_WALES;
    let there = |s: &&Shown| s.code == code || (both && s.code == "Total");
    rows.iter()
        .find(|s| s.measure == measure && s.concept == concept && there(s))
}

fn headline(outcome: &Outcome, release: &Path, text: &mut String) {
    let rows = shown(&release.join("tables/T01.parquet"), "country");
    if rows.is_empty() {
        return;
    }
    let what = if outcome.rehearsal {
        "REHEARSAL on synthetic extracts: nobody in it is real"
    } else {
        "official statistics in development"
    };
    let _ = writeln!(text, "Children with a parent in prison ({what})\n");
    let _ = writeln!(
        text,
        "  {:<12} {:>10} {:>10} {:>10} {:>10}  {:<20} what it counts",
        "concept", "England", "Wales", "both", "estimated", "95 % interval"
    );
    for concept in Concept::ALL {
        let cells = PLACES.map(|(code, _)| readable(place(&rows, FOUND, concept.word(), code)));
        let [england, wales, both] = cells;
        if both != "-" {
            let estimate = place(&rows, ESTIMATED, concept.word(), codes::ENGLAND_AND_WALES);
            let meaning = concept.meaning().split(';').next().unwrap_or_default();
            let _ = writeln!(
                text,
                "  {:<12} {england:>10} {wales:>10} {both:>10} {:>10}  {:<20} {meaning}",
                concept.word(),
                readable(estimate),
                interval(estimate),
            );
        }
    }
    text.push('\n');
}

fn headline_json(release: &Path, published: bool) -> Value {
    if !published {
        return Value::Null;
    }
    let rows = shown(&release.join("tables/T01.parquet"), "country");
    Concept::ALL
        .iter()
        .flat_map(|concept| {
            PLACES.iter().filter_map(|(code, name)| {
                let found = place(&rows, FOUND, concept.word(), code)?;
                let estimate = place(&rows, ESTIMATED, concept.word(), code);
                Some(json!({
                    "concept": concept.word(), "country": code, "name": name,
                    "value": found.value, "status": found.status,
                    "estimate": estimate.and_then(|e| e.value),
                    "lower": estimate.and_then(|e| e.lower),
                    "upper": estimate.and_then(|e| e.upper),
                }))
            })
        })
        .collect()
}

/// The earlier estimates beside ours, each with its concept, never as a ratio across concepts.
fn earlier(release: &Path, text: &mut String) {
    if !release.join("tables/Q3.parquet").exists() {
        return;
    }
    let _ = writeln!(
        text,
        "Earlier estimates, each by what it counts (not comparable across concepts)\n"
    );
    for one in crate::schema::published::earlier_estimates() {
        let _ = writeln!(
            text,
            "  {:<12} {:>10}   {}, {}",
            one.concept.word(),
            thousands(one.value),
            one.place,
            one.period
        );
    }
    text.push('\n');
}

fn figure(outcome: &Outcome, stage: Stage, name: &str) -> Option<u64> {
    outcome.receipts.get(&stage)?.figures.get(name)?.as_u64()
}

fn linked(outcome: &Outcome, text: &mut String) {
    let adults = figure(outcome, Stage::Estimate, "adult_records_linked");
    let children = figure(outcome, Stage::Estimate, "child_records_linked");
    if let (Some(adults), Some(children)) = (adults, children) {
        let _ = writeln!(
            text,
            "linked       {} records of adults, {} of children, to at least one other",
            thousands(adults),
            thousands(children)
        );
    }
    if let (Some(people), Some(recorded), Some(adjusted)) = (
        figure(outcome, Stage::Estimate, "people_in_prison"),
        figure(outcome, Stage::Estimate, "with_children_recorded"),
        figure(outcome, Stage::Estimate, "with_children_adjusted"),
    ) {
        let _ = writeln!(
            text,
            "method       {} people in prison in the year; {} with children recorded; {} after \
             adjustment",
            thousands(people),
            thousands(recorded),
            thousands(adjusted)
        );
    }
}

fn rows(outcome: &Outcome, text: &mut String) {
    let Some(receipt) = outcome.receipts.get(&Stage::Ingest) else {
        return;
    };
    let sum = |f: fn(&crate::accounting::RowAccount) -> u64| -> String {
        thousands(receipt.accounts.iter().map(f).sum())
    };
    let _ = writeln!(
        text,
        "rows         {} in, all accounted for: {} accepted, {} quarantined, {} merged, {} out of \
         scope",
        sum(|a| a.rows_in),
        sum(|a| a.accepted),
        sum(|a| a.quarantined),
        sum(|a| a.merged + a.excluded),
        sum(|a| a.out_of_scope),
    );
}

/// How many cells of the released tables are hidden; which of them are small is not told.
fn hidden(release: &Path, text: &mut String) {
    let (mut cells, mut hidden) = (0_u64, 0_u64);
    for path in files(&release.join("tables"), "parquet") {
        let Ok(reader) = TableReader::open(&path, None) else {
            continue;
        };
        for batch in reader.flatten() {
            let Some(status) = batch
                .column_by_name("status")
                .and_then(|c| c.as_any().downcast_ref::<StringArray>())
            else {
                continue;
            };
            cells += batch.num_rows() as u64;
            hidden += status.iter().filter(|s| *s == Some("c")).count() as u64;
        }
    }
    if cells > 0 {
        let _ = writeln!(
            text,
            "suppressed   {} of {} cells are hidden and marked c",
            thousands(hidden),
            thousands(cells)
        );
    }
}

/// In which forms the tables are there.
fn forms(release: &Path) -> String {
    let tables = |ending| files(&release.join("tables"), ending).len();
    let mut out = Vec::new();
    for (ending, name) in [("parquet", "Parquet"), ("csv", "CSV")] {
        if tables(ending) > 0 {
            out.push(format!("{} tables as {name}", tables(ending)));
        }
    }
    for name in ["tables.ods", "ees/", "README.txt"] {
        if release.join(name).exists() {
            out.push(name.to_owned());
        }
    }
    out.join(", ")
}

fn files(folder: &Path, extension: &str) -> Vec<std::path::PathBuf> {
    let mut out: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == extension))
        .collect();
    out.sort();
    out
}
