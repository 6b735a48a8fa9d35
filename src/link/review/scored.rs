//! `scored_labels.csv`: labels without ids. Of each labelled pair what the model said of it, what
//! people say, and the number of pairs it stands for. `review read` writes it; a run takes it.
//!
//! | column | what |
//! | --- | --- |
//! | `match_probability` | the model's probability that the two are one person, 0 to 1 |
//! | `is_match` | `true` or `false` |
//! | `weight` | the number of pairs that it stands for, above 0 |

use std::path::Path;

use super::read::LabelledPair;
use super::sample::table;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::link::LinkError;
use crate::link::table_file::for_each_row;

/// The columns.
const COLUMNS: [&str; 3] = ["match_probability", "is_match", "weight"];
/// Fewer labels than this calibrate nothing.
pub const LEAST_LABELS: usize = 50;

/// The file's text: the least probable pair first, so that the order tells nothing of the draw.
pub fn scored_labels(labelled: &[LabelledPair]) -> String {
    let mut all = labelled.to_vec();
    all.sort_by(|a, b| {
        let by_probability = a.probability.total_cmp(&b.probability);
        by_probability
            .then(a.is_match.cmp(&b.is_match))
            .then(a.weight.total_cmp(&b.weight))
    });
    let row = |pair: &LabelledPair| {
        vec![
            pair.probability.to_string(),
            pair.is_match.to_string(),
            pair.weight.to_string(),
        ]
    };
    table(&COLUMNS, all.iter().map(row))
}

/// Reads such a file, as CSV or Parquet.
///
/// # Errors
/// KL-L-020, 021 and 022 for a file without rows, without a column, or malformed; KL-L-067 for values
/// that are no labels (the first row of each sort is named), for fewer than 50 labels, and for labels
/// of one sort alone.
pub fn read_scored_labels(path: &Path) -> Result<Vec<LabelledPair>, LinkError> {
    let mut out = Vec::new();
    let mut wrong = [None; COLUMNS.len()];
    for_each_row(path, &COLUMNS, |row, values| {
        let [probability, is_match, weight] = values else {
            return;
        };
        let probability = number(*probability).filter(|p| (0.0..=1.0).contains(p));
        let is_match = is_match.and_then(|word| word.parse::<bool>().ok());
        let weight = number(*weight).filter(|w| *w > 0.0);
        let missing = [probability.is_none(), is_match.is_none(), weight.is_none()];
        for (first, missing) in wrong.iter_mut().zip(missing) {
            if missing && first.is_none() {
                *first = Some(row);
            }
        }
        if let (Some(probability), Some(is_match), Some(weight)) = (probability, is_match, weight) {
            out.push(LabelledPair {
                probability,
                is_match,
                weight,
            });
        }
    })?;
    let mut problems: Vec<Diagnostic> = COLUMNS
        .iter()
        .zip(wrong)
        .filter_map(|(column, row)| Some(bad_value(path, column, row?)))
        .collect();
    if problems.is_empty() {
        problems.extend(too_few(path, &out));
    }
    match problems.is_empty() {
        true => Ok(out),
        false => Err(LinkError::Problems(problems)),
    }
}

fn number(text: Option<&str>) -> Option<f64> {
    let number: f64 = text?.parse().ok()?;
    number.is_finite().then_some(number)
}

fn bad_value(path: &Path, column: &str, row: u64) -> Diagnostic {
    let (what, help) = match column {
        "is_match" => (
            "a label is neither true nor false",
            "write `true` for a match and `false` for none; leave a pair that stayed unsure out",
        ),
        "weight" => (
            "a weight is no number above 0",
            "a weight is the number of pairs that the labelled one stands for",
        ),
        _ => (
            "a probability does not lie between 0 and 1",
            "it is the model's probability of the pair, written 0.93 and not 93",
        ),
    };
    let place = Place::file(path).row(row).column(column);
    Diagnostic::new("KL-L-067", Exit::Input, what, help).at(place)
}

fn too_few(path: &Path, labelled: &[LabelledPair]) -> Option<Diagnostic> {
    let matches = labelled.iter().filter(|pair| pair.is_match).count();
    let what = if labelled.len() < LEAST_LABELS {
        format!(
            "{} labelled pairs are too few: {LEAST_LABELS} are needed",
            labelled.len()
        )
    } else if matches == 0 {
        "no labelled pair is a match".to_owned()
    } else if matches == labelled.len() {
        "every labelled pair is a match".to_owned()
    } else {
        return None;
    };
    let help = "draw more pairs, likely ones and doubtful ones: kinlink link review sample, with \
                --per-band";
    Some(Diagnostic::new("KL-L-067", Exit::Input, what, help).at(Place::file(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(matches: usize, others: usize) -> Vec<LabelledPair> {
        let of = |n: usize, is_match: bool, probability: f64| {
            (0..n).map(move |_| LabelledPair {
                probability,
                is_match,
                weight: 2.5,
            })
        };
        of(matches, true, 0.975)
            .chain(of(others, false, 0.1))
            .collect()
    }

    fn read(text: &str) -> Result<Vec<LabelledPair>, Vec<String>> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("labels.csv");
        std::fs::write(&path, text).expect("written");
        read_scored_labels(&path).map_err(|error| match error {
            LinkError::Problems(all) => all
                .iter()
                .map(|p| format!("{} {}", p.code, p.what))
                .collect(),
            other => vec![other.to_string()],
        })
    }

    #[test]
    fn what_is_written_is_read_again() {
        let labelled = labels(30, 30);
        let text = scored_labels(&labelled);
        assert!(text.starts_with("match_probability,is_match,weight\n0.1,false,2.5\n"));
        let mut again = read(&text).expect("labels");
        again.reverse();
        assert_eq!(again, labelled);
    }

    #[test]
    fn what_is_no_label_is_refused_with_its_row() {
        let whole = scored_labels(&labels(30, 30));
        for (from, to, told) in [
            ("0.975", "1.5", "KL-L-067 a probability"),
            ("0.975", "NaN", "KL-L-067 a probability"),
            ("true", "yes", "KL-L-067 a label"),
            ("2.5", "0", "KL-L-067 a weight"),
            ("2.5", "", "KL-L-067 a weight"),
            ("is_match", "match", "KL-L-021"),
        ] {
            let problems = read(&whole.replacen(from, to, 1)).expect_err(told);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with(told), "{problems:?}");
        }
        for (labelled, told) in [
            (labels(25, 24), "KL-L-067 49 labelled pairs"),
            (labels(60, 0), "KL-L-067 every"),
            (labels(0, 60), "KL-L-067 no labelled"),
        ] {
            let problems = read(&scored_labels(&labelled)).expect_err(told);
            assert!(problems[0].starts_with(told), "{problems:?}");
        }
        assert!(read(&scored_labels(&labels(25, 25))).is_ok());
    }
}
