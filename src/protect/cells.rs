//! Reads the inner cells of a published table, as `estimate` counted them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::{Problem, ProtectError};
use crate::columnar::{TableReader, text, u64};
use crate::schema::published::{Concept, TOTAL, TableDef};

/// The counts of a table by concept and measure; within, by the codes of its dimensions.
pub(crate) type Counts = BTreeMap<(Concept, String), BTreeMap<Vec<String>, u64>>;

/// At most so many problems of a file are told.
const MOST_PROBLEMS: usize = 20;

/// Reads `cells/<id>.parquet`. `margins` allows [`TOTAL`], for figures that are published already.
pub(crate) fn read(path: &Path, table: &TableDef, margins: bool) -> Result<Counts, ProtectError> {
    let mut names: Vec<&str> = table.dimensions.iter().map(|d| d.name.as_str()).collect();
    names.extend(["concept", "measure", "count"]);
    let leaves: Vec<BTreeSet<&str>> = table
        .dimensions
        .iter()
        .map(|d| {
            let total = margins.then_some(TOTAL);
            d.leaves().map(|c| c.code.as_str()).chain(total).collect()
        })
        .collect();
    let mut counts = Counts::new();
    let mut problems = Vec::new();
    let mut row = 0_u64;
    for batch in TableReader::open(path, Some(&names))? {
        let batch = batch?;
        let dimensions = table
            .dimensions
            .iter()
            .map(|d| text(&batch, &d.name, path))
            .collect::<Result<Vec<_>, _>>()?;
        let concept = text(&batch, "concept", path)?;
        let measure = text(&batch, "measure", path)?;
        let count = u64(&batch, "count", path)?;
        for i in 0..batch.num_rows() {
            row += 1;
            let mut wrong = |column: &str, what: &str| {
                problems.push(Problem {
                    row: Some(row),
                    column: column.to_owned(),
                    span: None,
                    what: what.to_owned(),
                    help: "compare the cells with the table's definition; give inner cells only"
                        .to_owned(),
                });
            };
            let codes: Vec<String> = dimensions.iter().map(|d| d.value(i).to_owned()).collect();
            let mut fits = true;
            for ((d, known), code) in table.dimensions.iter().zip(&leaves).zip(&codes) {
                if !known.contains(code.as_str()) {
                    wrong(&d.name, "not a code of an inner cell of this dimension");
                    fits = false;
                }
            }
            let word = Concept::from_word(concept.value(i)).filter(|c| table.concepts.contains(c));
            let Some(word) = word else {
                wrong("concept", "not a concept of this table");
                continue;
            };
            let measure = measure.value(i);
            if !table.measures.iter().any(|m| m == measure) {
                wrong("measure", "not a measure of this table");
                continue;
            }
            let refs: Vec<&str> = codes.iter().map(String::as_str).collect();
            if count.value(i) > 0 && table.is_not_applicable(word, measure, &refs) {
                wrong(
                    "count",
                    "a count where the definition says that there is none",
                );
                fits = false;
            }
            if fits {
                let cells = counts.entry((word, measure.to_owned())).or_default();
                if cells.insert(codes, count.value(i)).is_some() {
                    wrong("count", "this cell stands twice");
                }
            }
            if problems.len() >= MOST_PROBLEMS {
                break;
            }
        }
    }
    if problems.is_empty() {
        Ok(counts)
    } else {
        problems.truncate(MOST_PROBLEMS);
        Err(ProtectError::Cells {
            path: path.to_path_buf(),
            problems,
        })
    }
}
