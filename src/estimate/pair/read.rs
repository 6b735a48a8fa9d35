//! Reads the strata of a clerical sample: `stratum`, `place`, `pairs`, `labelled`, `matches`.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::super::linkage_error::{Outside, Stratum, Where};
use super::error::PairError;

/// The columns that must be there; others are left aside.
const COLUMNS: [&str; 5] = ["stratum", "place", "pairs", "labelled", "matches"];

/// A sample as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// Strata of links and of pairs below the threshold.
    pub strata: Vec<Stratum>,
    /// The sample of what no rule brought together, where there is one.
    pub outside: Option<Outside>,
}

/// Reads a file of strata.
///
/// # Errors
/// KL-E-213 if it is no such file, KL-E-214 for the first row that is no stratum.
pub fn read(file: &Path) -> Result<Sampled, PairError> {
    let bad = |what: String| PairError::File {
        file: file.to_path_buf(),
        what,
    };
    let bytes = std::fs::read(file)
        .map_err(|e| bad(format!("the strata could not be read: {}", e.kind())))?;
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text);
    let header = reader
        .headers()
        .map_err(|_| bad("the header is not text in UTF-8".to_owned()))?
        .clone();
    let mut places = Vec::new();
    for name in COLUMNS {
        let at = header.iter().position(|h| h == name);
        places.push(at.ok_or_else(|| bad(format!("there is no column `{name}`")))?);
    }
    let mut out = Sampled {
        strata: Vec::new(),
        outside: None,
    };
    let mut record = StringRecord::new();
    loop {
        let row = reader.position().line();
        let refused = |column: Option<usize>, what| PairError::Row {
            file: file.to_path_buf(),
            row,
            column: column.and_then(|c| COLUMNS.get(c).copied()),
            what,
        };
        let more = reader.read_record(&mut record);
        if !more.map_err(|_| {
            refused(
                None,
                "the row is not text with as many fields as the header",
            )
        })? {
            return Ok(out);
        }
        let field = |c: usize| {
            places
                .get(c)
                .and_then(|at| record.get(*at))
                .unwrap_or_default()
        };
        let number = |c: usize| {
            let n = field(c).parse::<u64>();
            n.map_err(|_| refused(Some(c), "this is no whole number"))
        };
        let (pairs, labelled, matches) = (number(2)?, number(3)?, number(4)?);
        let place = match field(1) {
            "linked" => Where::Linked,
            "below" => Where::BelowThreshold,
            "outside" if out.outside.is_none() => {
                out.outside = Some(Outside::Sampled {
                    pairs,
                    labelled,
                    matches,
                });
                continue;
            }
            "outside" => {
                return Err(refused(
                    Some(1),
                    "a second row is of pairs outside the blocks",
                ));
            }
            _ => {
                return Err(refused(
                    Some(1),
                    "the place is none of linked, below, outside",
                ));
            }
        };
        out.strata.push(Stratum {
            name: field(0).to_owned(),
            place,
            pairs,
            labelled,
            matches,
        });
    }
}
