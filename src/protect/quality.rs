//! The quality report's figures, made safe: the only form in which they leave the restricted zone.
//!
//! They are of the nation or of large groups. Numbers of people are rounded, shares are given to two
//! decimals, and a group is left out if it, or the part of it that is linked, or the part that is
//! not, is small.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::derive::half_up;
use super::error::ProtectError;
use super::table::ProtectedRow;
use crate::digest::Digest;
use crate::schema::published::{EstimatedDef, Status, TOTAL, TableDef};
use crate::schema::quality::{
    EstimateRow, EstimatedShare, HistoryRow, LinkRow, LossRow, Quality, SensitivityRow, ShareRow,
};

/// The variable of the dimensions of areas.
const AREA: &str = "area";

/// A group, its linked part and its other part have at least so many people each, or nobody.
const LEAST: f64 = 10.0;

/// The figures as they may be released.
///
/// It is made by [`ReleasableQuality::of`] within this room, or read from a file of the protect
/// stage whose digest is proven.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReleasableQuality(Quality);

impl ReleasableQuality {
    /// Makes figures safe; counts are rounded to the base.
    pub(super) fn of(quality: &Quality, base: u64) -> Self {
        let round = |x: f64| nearest(x, base);
        let share = |x: f64| half_up(x, 2);
        let estimates = quality.estimates.iter().filter(|e| e.status == "observed");
        ReleasableQuality(Quality {
            estimates: estimates.map(|e| estimate(e, base)).collect(),
            areas: Vec::new(),
            groups: Vec::new(),
            variance_shares: quality
                .variance_shares
                .iter()
                .map(|s| ShareRow {
                    share: share(s.share),
                    ..s.clone()
                })
                .collect(),
            histories: quality
                .histories
                .iter()
                .filter(|h| large_or_none(h.pairs))
                .map(|h| HistoryRow {
                    pairs: round(h.pairs),
                    ..h.clone()
                })
                .collect(),
            losses: quality
                .losses
                .iter()
                .filter(|l| large_or_none(l.records))
                .map(|l| LossRow {
                    records: round(l.records),
                    ..l.clone()
                })
                .collect(),
            linkage: quality
                .linkage
                .iter()
                .filter(|l| {
                    let linked = l.records * l.match_rate;
                    [l.records, linked, l.records - linked]
                        .into_iter()
                        .all(large_or_none)
                })
                .map(|l| LinkRow {
                    records: round(l.records),
                    match_rate: share(l.match_rate),
                    precision: l.precision.map(estimated_share),
                    recall: l.recall.map(estimated_share),
                    ..l.clone()
                })
                .collect(),
            sensitivity: quality
                .sensitivity
                .iter()
                .map(|s| SensitivityRow {
                    low: round(s.low),
                    high: round(s.high),
                    central: round(s.central),
                    ..s.clone()
                })
                .collect(),
            cautions: quality.cautions.clone(),
        })
    }

    /// Reads figures that the protect stage wrote; the caller proves which bytes they are.
    ///
    /// # Errors
    /// KL-D-010 and those of reading, if it is another file.
    pub fn load(path: &Path, expected: &Digest) -> Result<Self, ProtectError> {
        let text = std::fs::read(path).map_err(|source| ProtectError::Io {
            path: path.to_path_buf(),
            source,
        })?;
        if Digest::of(&text) != *expected {
            return Err(ProtectError::Digest {
                path: path.to_path_buf(),
            });
        }
        serde_json::from_slice(&text).map_err(|_| ProtectError::NotProtected {
            path: path.to_path_buf(),
        })
    }

    /// The figures.
    pub fn figures(&self) -> &Quality {
        &self.0
    }

    /// As JSON, ending with a line end.
    pub fn to_json(&self) -> String {
        let value = serde_json::to_value(&self.0).unwrap_or_default();
        format!("{value:#}\n")
    }
}

/// A share to three decimals, its limits outwards; never rounded up to certainty.
fn estimated_share(of: EstimatedShare) -> EstimatedShare {
    let down = |x: f64| (x * 1000.0).floor() / 1000.0;
    EstimatedShare {
        estimate: down(of.estimate).min(0.999),
        lower: down(of.lower),
        upper: ((of.upper * 1000.0).ceil() / 1000.0).min(1.0),
    }
}

fn estimate(row: &EstimateRow, base: u64) -> EstimateRow {
    let [value, lower, upper] = limits([row.estimate, row.lower, row.upper], base);
    EstimateRow {
        linked: row.linked.map(|n| nearest(n, base)),
        estimate: value,
        lower,
        upper,
        standard_error: nearest(row.standard_error, base),
        ..row.clone()
    }
}

/// Reads the figures that `estimate` wrote.
pub(super) fn read(path: &Path) -> Result<Quality, ProtectError> {
    let io = |source| ProtectError::Io {
        path: path.to_path_buf(),
        source,
    };
    let text = std::fs::read(path).map_err(io)?;
    serde_json::from_slice(&text).map_err(|why| io(std::io::Error::other(why)))
}

/// The rows of an estimated measure, beside the rows of the count; hidden where the count is. Cells
/// that are a part by one dimension at most have an estimate.
pub(super) fn estimated(
    table: &TableDef,
    rows: &[ProtectedRow],
    base: u64,
    what: &EstimatedDef,
    quality: &Quality,
) -> Vec<ProtectedRow> {
    let beside = rows.iter().filter(|r| r.measure == what.of);
    beside
        .filter_map(|row| {
            let found = figure(table, row, quality)?;
            let status = match (row.status, &found) {
                (Status::C | Status::Z, _) => row.status,
                (_, None) => Status::X,
                (_, Some(e)) if e.unsure => Status::U,
                _ => Status::Observed,
            };
            let limits = found.map(|e| limits(e.figures, base));
            let [value, lower, upper] = match (status, limits) {
                (Status::Observed, Some(limits)) => limits.map(Some),
                _ => [None; 3],
            };
            Some(ProtectedRow {
                codes: row.codes.clone(),
                concept: row.concept,
                measure: what.name.clone(),
                value,
                lower,
                upper,
                status,
                marker: value.is_some().then(|| "e".to_owned()),
            })
        })
        .collect()
}

/// An estimate and its limits.
struct Found {
    figures: [f64; 3],
    unsure: bool,
}

/// The estimate of a cell, or that there is none of such a part; none of a part by two dimensions.
fn figure(table: &TableDef, row: &ProtectedRow, quality: &Quality) -> Option<Option<Found>> {
    let places = table.dimensions.iter().zip(&row.codes);
    let mut parts = places.filter(|(_, code)| *code != TOTAL);
    let part = parts.next();
    if parts.next().is_some() {
        return None;
    }
    let of_area = |code: &str| {
        let mut all = quality.estimates.iter().chain(&quality.areas);
        let row = all.find(|e| e.concept == row.concept && e.area == code)?;
        Some(Found {
            figures: [row.estimate, row.lower, row.upper],
            unsure: row.status == "u",
        })
    };
    let of_group = |dimension: &str, code: &str| {
        let mut all = quality.groups.iter().filter(|g| g.concept == row.concept);
        let row = all.find(|g| g.dimension == dimension && g.code == code)?;
        Some(Found {
            figures: [row.estimate, row.lower, row.upper],
            unsure: row.status == "u",
        })
    };
    Some(match part {
        None => of_area(TOTAL),
        Some((dimension, code)) if dimension.variable == AREA => of_area(code),
        Some((dimension, code)) => of_group(&dimension.name, code),
    })
}

/// The estimate rounded, and its limits rounded outwards.
fn limits([estimate, lower, upper]: [f64; 3], base: u64) -> [f64; 3] {
    let base = super::exact::real(base.max(1));
    [
        (estimate / base + 0.5).floor() * base,
        (lower / base).floor() * base,
        (upper / base).ceil() * base,
    ]
}

fn nearest(x: f64, base: u64) -> f64 {
    let base = super::exact::real(base.max(1));
    (x / base + 0.5).floor() * base
}

fn large_or_none(n: f64) -> bool {
    n >= LEAST || n.abs() < 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::published::{self, Concept};
    use crate::schema::quality::GroupRow;

    fn row(estimate: f64, lower: f64, upper: f64, status: &str) -> EstimateRow {
        EstimateRow {
            concept: Concept::Stock,
            area: "Total".to_owned(),
            linked: Some(653.0),
            estimate,
            lower,
            upper,
            standard_error: 91.0,
            status: status.to_owned(),
        }
    }

    #[test]
    fn limits_are_rounded_outwards_and_unsure_figures_left_out() {
        let quality = Quality {
            estimates: vec![
                row(1794.9, 1501.0, 2219.0, "observed"),
                row(30.0, 1.0, 400.0, "u"),
            ],
            linkage: [(1000.0, 0.987), (1000.0, 0.997), (8.0, 0.5), (500.0, 1.0)]
                .map(|(records, match_rate)| LinkRow {
                    link: "a".to_owned(),
                    group: "all".to_owned(),
                    code: "all".to_owned(),
                    records,
                    match_rate,
                    precision: Some(EstimatedShare {
                        estimate: 0.99987,
                        lower: 0.9951,
                        upper: 0.9999,
                    }),
                    recall: None,
                    method: None,
                })
                .to_vec(),
            losses: vec![LossRow {
                step: "few".to_owned(),
                records: 4.0,
            }],
            ..Quality::default()
        };
        let safe = ReleasableQuality::of(&quality, 10);
        let figures = safe.figures();
        let [only] = figures.estimates.as_slice() else {
            panic!("{figures:?}");
        };
        assert_eq!(
            (only.linked, only.estimate, only.lower, only.upper),
            (Some(650.0), 1790.0, 1500.0, 2220.0)
        );
        // 3 who are not linked of 1,000 are few, and so are 8 people.
        let rates: Vec<f64> = figures.linkage.iter().map(|l| l.match_rate).collect();
        assert_eq!(rates, [0.99, 1.0]);
        // Hardly any wrong link is not none.
        let precision = figures.linkage[0].precision.expect("precision");
        let limits = (precision.estimate, precision.lower, precision.upper);
        assert_eq!(limits, (0.999, 0.995, 1.0));
        assert!(figures.losses.is_empty());
    }

    #[test]
    fn a_part_by_one_dimension_has_an_estimate_where_its_count_is_shown() {
        let of = |area: &str, status: &str| EstimateRow {
            area: area.to_owned(),
            ..row(72.0, 41.0, 98.0, status)
        };
        let [a, b, c, d] = ["E12000001", "E12000002", "E12000003", "E12000004"];
        let quality = Quality {
            estimates: vec![row(330.0, 301.0, 388.0, "observed")],
            areas: vec![of(a, "observed"), of(b, "observed"), of(c, "u")],
            groups: vec![GroupRow {
                concept: Concept::Stock,
                dimension: "parent_sex".to_owned(),
                code: "mother".to_owned(),
                estimate: 24.0,
                lower: 21.0,
                upper: 31.0,
                standard_error: 3.0,
                status: "observed".to_owned(),
            }],
            ..Quality::default()
        };
        let safe = ReleasableQuality::of(&quality, 10);
        assert!(safe.figures().areas.is_empty() && safe.figures().groups.is_empty());
        let count = |area: &str, sex: &str, status| ProtectedRow {
            codes: [area, sex].map(str::to_owned).to_vec(),
            concept: Concept::Stock,
            measure: "children".to_owned(),
            value: None,
            lower: None,
            upper: None,
            status,
            marker: None,
        };
        let shown = Status::Observed;
        let rows = [
            count(TOTAL, TOTAL, shown),
            count(TOTAL, "mother", shown),
            count(TOTAL, "father", shown),
            count(a, TOTAL, shown),
            count(a, "mother", shown),
            count(b, TOTAL, Status::C),
            count(c, TOTAL, shown),
            count(d, TOTAL, shown),
        ];
        let what = EstimatedDef {
            name: "children_estimated".to_owned(),
            of: "children".to_owned(),
        };
        let table = published::table("T06").expect("T06");
        let found = estimated(table, &rows, 10, &what, &quality);
        let told: Vec<_> = found.iter().map(|r| (r.value, r.lower, r.status)).collect();
        assert_eq!(
            told,
            [
                (Some(330.0), Some(300.0), shown),
                (Some(20.0), Some(20.0), shown),
                (None, None, Status::X),
                (Some(70.0), Some(40.0), shown),
                (None, None, Status::C),
                (None, None, Status::U),
                (None, None, Status::X)
            ]
        );
    }
}
