//! Names of entities that last: an entity keeps its name when records are added, and where entities
//! merge or split the log says so.
//!
//! An earlier name goes to the entity that holds most of its rows; an entity that holds rows of
//! several earlier ones takes the name of which it holds most. A name that was given up is never
//! given again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use hashbrown::HashMap;
use serde::Serialize;

use super::LinkError;
use super::out_files;
use crate::columnar::{self, ColumnarError, Layout, TableReader, TableWriter};
use crate::pseudonymise::FOOTER;

/// The name of the log in the folder of a linkage.
pub const LOG: &str = "entity_log.parquet";

/// What became of a name, or of some of its rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The number of the linkage that made it: 1 is the first with an earlier one.
    pub linkage: u64,
    /// `merged`, `split` or `gone`.
    pub change: String,
    /// The earlier name.
    pub earlier: String,
    /// The name of the entity that the rows are in now; empty where they are gone.
    pub now: String,
    /// How many rows.
    pub rows: u64,
}

/// How many entities of two linkages are what they were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Entities that have their earlier name.
    pub kept: u64,
    /// Entities without an earlier one.
    pub new: u64,
    /// Earlier entities that are part of another now.
    pub merged: u64,
    /// Parts of earlier entities that are in another entity now.
    pub split: u64,
    /// Earlier entities of which no row is there any more.
    pub gone: u64,
}

/// What is known of an earlier linkage.
#[derive(Debug, Default)]
pub struct Earlier {
    /// The name of the entity of each row: source, then id.
    of: HashMap<(String, String), String>,
    /// What was logged by then.
    log: Vec<Change>,
}

impl Earlier {
    /// Reads `clusters.parquet` and the log of a folder that `kinlink link` wrote.
    pub fn read(out: &Path) -> Result<Self, LinkError> {
        let mut earlier = Earlier::default();
        out_files::read_clusters(&out.join("clusters.parquet"), |id, source, entity| {
            let row = (source.to_owned(), id.to_owned());
            earlier.of.insert(row, entity.to_owned());
        })?;
        let log = out.join(LOG);
        if log.exists() {
            earlier.log = read_log(&log)?;
        }
        Ok(earlier)
    }
}

/// Names of entities, by their first rows.
pub struct Names {
    /// All names, one after the other: entities are as many as rows, nearly.
    text: String,
    /// Of each row where its name ends; a row that is no entity's first has an empty one.
    ends: Vec<usize>,
    /// The log, that of earlier linkages included.
    pub log: Vec<Change>,
    /// Figures; none where there is no earlier linkage.
    pub kept: Option<Kept>,
}

impl Names {
    /// Those of so many rows: `name` puts the name of a row at the end of a text, or nothing.
    fn new(rows: usize, mut name: impl FnMut(usize, &mut String)) -> Self {
        let mut text = String::new();
        let end = |row| {
            name(row, &mut text);
            text.len()
        };
        Names {
            ends: (0..rows).map(end).collect(),
            text,
            log: Vec::new(),
            kept: None,
        }
    }

    /// The name of the entity whose first row is this.
    pub fn of(&self, first: usize) -> &str {
        let before = first.checked_sub(1).and_then(|row| self.ends.get(row));
        let to = self.ends.get(first).copied().unwrap_or(0);
        let name = self.text.get(before.copied().unwrap_or(0)..to);
        name.unwrap_or_default()
    }
}

/// The names of entities: `entity` is the first row of the entity of each row, `row` the source and
/// the id of a row, `own` puts the name that a row would give at the end of a text.
pub fn names<'a>(
    entity: &[usize],
    earlier: Option<&Earlier>,
    row: impl Fn(usize) -> (&'a str, &'a str),
    own: impl Fn(usize, &mut String),
) -> Names {
    let Some(earlier) = earlier else {
        return Names::new(entity.len(), |row, text| {
            if entity.get(row) == Some(&row) {
                own(row, text);
            }
        });
    };
    // How many rows of an earlier entity are in which entity now.
    let mut shared: BTreeMap<(&str, usize), u64> = BTreeMap::new();
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, first) in entity.iter().enumerate() {
        members.entry(*first).or_default().push(number);
        let (source, id) = row(number);
        if let Some(name) = earlier.of.get(&(source.to_owned(), id.to_owned())) {
            *shared.entry((name, *first)).or_default() += 1;
        }
    }
    let mut order: Vec<(u64, &str, usize)> =
        shared.iter().map(|((e, now), n)| (*n, *e, *now)).collect();
    order.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut of: BTreeMap<usize, String> = BTreeMap::new();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for (_, name, now) in &order {
        if !of.contains_key(now) && taken.insert(name) {
            of.insert(*now, (*name).to_owned());
        }
    }
    let kept = of.len() as u64;
    let mut used: BTreeSet<String> = earlier.of.values().cloned().collect();
    used.extend(earlier.log.iter().map(|change| change.earlier.clone()));
    for (first, rows) in &members {
        if !of.contains_key(first) {
            let name = fresh(rows, &own, &used);
            used.insert(name.clone());
            of.insert(*first, name);
        }
    }
    let (log, mut figures) = changes(earlier, &shared, &of, &taken);
    figures.kept = kept;
    figures.new = members.len() as u64 - kept;
    let name = |row: usize, text: &mut String| {
        if let Some(name) = of.get(&row) {
            text.push_str(name);
        }
    };
    Names {
        log,
        kept: Some(figures),
        ..Names::new(entity.len(), name)
    }
}

/// A name that was never used: that of the first row that can give one.
fn fresh(rows: &[usize], own: &impl Fn(usize, &mut String), used: &BTreeSet<String>) -> String {
    let own = |row: &usize| {
        let mut name = String::new();
        own(*row, &mut name);
        name
    };
    let plain = rows.iter().map(own).find(|n| !used.contains(n));
    plain.unwrap_or_else(|| {
        let first = rows.first().map(own).unwrap_or_default();
        let numbered = (2_u64..).map(|n| format!("{first}+{n}"));
        let mut open = numbered.filter(|name| !used.contains(name));
        open.next().unwrap_or_default()
    })
}

fn changes(
    earlier: &Earlier,
    shared: &BTreeMap<(&str, usize), u64>,
    of: &BTreeMap<usize, String>,
    taken: &BTreeSet<&str>,
) -> (Vec<Change>, Kept) {
    let linkage = earlier.log.iter().map(|c| c.linkage).max().unwrap_or(0) + 1;
    let mut figures = Kept::default();
    let mut new: Vec<Change> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut told_merged: BTreeSet<&str> = BTreeSet::new();
    for ((name, now), rows) in shared {
        seen.insert(name);
        let current = of.get(now).map_or("", String::as_str);
        if current == *name {
            continue;
        }
        let change = match taken.contains(name) {
            true => "split",
            false => "merged",
        };
        match change {
            "split" => figures.split += 1,
            _ => figures.merged += u64::from(told_merged.insert(name)),
        }
        new.push(Change {
            linkage,
            change: change.to_owned(),
            earlier: (*name).to_owned(),
            now: current.to_owned(),
            rows: *rows,
        });
    }
    let mut rows_of: BTreeMap<&str, u64> = BTreeMap::new();
    for name in earlier.of.values() {
        *rows_of.entry(name).or_default() += 1;
    }
    for (name, rows) in rows_of.iter().filter(|(name, _)| !seen.contains(**name)) {
        figures.gone += 1;
        new.push(Change {
            linkage,
            change: "gone".to_owned(),
            earlier: (*name).to_owned(),
            now: String::new(),
            rows: *rows,
        });
    }
    new.sort();
    let mut log = earlier.log.clone();
    log.extend(new);
    (log, figures)
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("linkage", DataType::UInt64, false),
        Field::new("change", DataType::Utf8, false),
        Field::new("earlier_entity_id", DataType::Utf8, false),
        Field::new("entity_id", DataType::Utf8, false),
        Field::new("rows", DataType::UInt64, false),
    ]))
}

/// Writes the log.
pub fn write_log(path: &Path, fingerprint: &str, log: &[Change]) -> Result<(), LinkError> {
    let footer = [(FOOTER.to_owned(), fingerprint.to_owned())];
    let mut writer = TableWriter::create(path, schema(), Layout::People, &footer)?;
    for chunk in log.chunks(1 << 16) {
        let text =
            |of: fn(&Change) -> &str| Arc::new(StringArray::from_iter_values(chunk.iter().map(of)));
        let number =
            |of: fn(&Change) -> u64| Arc::new(UInt64Array::from_iter_values(chunk.iter().map(of)));
        let batch = RecordBatch::try_new(
            schema(),
            vec![
                number(|c| c.linkage),
                text(|c| &c.change),
                text(|c| &c.earlier),
                text(|c| &c.now),
                number(|c| c.rows),
            ],
        )
        .map_err(|_| ColumnarError::Malformed {
            path: path.to_path_buf(),
        })?;
        writer.write(&batch)?;
    }
    writer.finish()?;
    Ok(())
}

fn read_log(path: &Path) -> Result<Vec<Change>, LinkError> {
    let mut out = Vec::new();
    for batch in TableReader::open(path, None)? {
        let batch = batch?;
        let number = |name: &str| {
            let column = batch.column_by_name(name);
            column
                .and_then(|c| c.as_any().downcast_ref::<UInt64Array>())
                .ok_or_else(|| ColumnarError::Column {
                    path: path.to_path_buf(),
                    column: name.to_owned(),
                })
        };
        let (linkage, rows) = (number("linkage")?, number("rows")?);
        let change = columnar::text(&batch, "change", path)?;
        let earlier = columnar::text(&batch, "earlier_entity_id", path)?;
        let now = columnar::text(&batch, "entity_id", path)?;
        for i in 0..batch.num_rows() {
            out.push(Change {
                linkage: linkage.value(i),
                change: change.value(i).to_owned(),
                earlier: earlier.value(i).to_owned(),
                now: now.value(i).to_owned(),
                rows: rows.value(i),
            });
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    const IDS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

    fn earlier(of: &[(&str, &str)]) -> Earlier {
        let row =
            |(id, name): &(&str, &str)| (("file".to_owned(), (*id).to_owned()), (*name).to_owned());
        Earlier {
            of: of.iter().map(row).collect(),
            log: Vec::new(),
        }
    }

    fn named(entity: &[usize], before: &Earlier) -> (Vec<String>, Vec<Change>, Kept) {
        let row = |n: usize| ("file", IDS[n]);
        let names = names(entity, Some(before), row, |n, text| text.push_str(IDS[n]));
        let all = entity.iter().map(|first| names.of(*first).to_owned());
        (all.collect(), names.log, names.kept.expect("figures"))
    }

    #[test]
    fn an_added_record_changes_no_name() {
        // b and c were an entity called b; a is new, and comes first.
        let before = earlier(&[("b", "b"), ("c", "b"), ("d", "d")]);
        let (names, log, kept) = named(&[0, 0, 0, 3, 4], &before);
        assert_eq!(names, ["b", "b", "b", "d", "e"]);
        assert!(log.is_empty());
        assert_eq!((kept.kept, kept.new), (2, 1));
    }

    #[test]
    fn mergers_splits_and_departures_are_logged_and_names_not_given_twice() {
        let before = earlier(&[
            ("a", "a"),
            ("b", "a"),
            ("c", "a"),
            ("d", "d"),
            ("e", "d"),
            ("f", "f"),
            ("x", "x"),
        ]);
        // a loses c; d takes f; x is not there any more. c by itself may not be called a.
        let (names, log, kept) = named(&[0, 0, 2, 3, 3, 3], &before);
        assert_eq!(names, ["a", "a", "c", "d", "d", "d"]);
        let told: Vec<(&str, &str, &str, u64)> = log
            .iter()
            .map(|c| {
                (
                    c.change.as_str(),
                    c.earlier.as_str(),
                    c.now.as_str(),
                    c.rows,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("gone", "x", "", 1),
                ("merged", "f", "d", 1),
                ("split", "a", "c", 1)
            ]
        );
        assert_eq!((kept.merged, kept.split, kept.gone), (1, 1, 1));
        // f was given up: it is not given again.
        let mut later = earlier(&[("a", "a"), ("d", "d"), ("e", "d"), ("f", "d")]);
        later.log = log;
        let (names, log, _) = named(&[0, 1, 2, 3, 3, 5], &later);
        assert_eq!(names[5], "f+2");
        assert_eq!(log.last().map(|c| c.linkage), Some(2));
    }

    proptest! {
        #[test]
        fn every_entity_has_a_name_of_its_own(
            before in prop::collection::vec(0_usize..4, 6),
            now in prop::collection::vec(0_usize..4, 8),
        ) {
            let of: Vec<(&str, &str)> = before.iter().enumerate().map(|(n, e)| (IDS[n], ["p", "q", "a", "f"][*e])).collect();
            let first = |n: usize| now.iter().position(|e| *e == now[n]).expect("a first");
            let entity: Vec<usize> = (0..now.len()).map(first).collect();
            let (names, log, _) = named(&entity, &earlier(&of));
            for a in 0..names.len() {
                for b in 0..names.len() {
                    prop_assert_eq!(names[a] == names[b], entity[a] == entity[b]);
                }
            }
            // What the log does not name is as it was.
            for (n, (_, name)) in of.iter().enumerate() {
                let told = log.iter().any(|c| c.earlier == *name && c.now == names[n]);
                prop_assert_eq!(told, names[n] != *name);
            }
        }
    }
}
