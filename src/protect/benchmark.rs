//! Table Q3: earlier published figures, each beside this release's figure of the same concept.
//!
//! Nothing is compared across concepts: where this release has no figure of the concept, the cell
//! is not available.

use super::derive::half_up;
use super::exact::real;
use super::table::{ProtectedRow, ProtectedTable};
use crate::schema::published::{Status, TOTAL, TableDef, earlier_estimates};

/// Builds Q3 from the protected T01.
pub(crate) fn build(definition: &'static TableDef, headline: &ProtectedTable) -> ProtectedTable {
    let mut rows = Vec::new();
    for earlier in earlier_estimates() {
        let ours = headline.row(earlier.concept, "children", &[TOTAL]);
        let mut add = |measure: &str, value: Option<f64>, status: Status| {
            rows.push(ProtectedRow {
                codes: vec![earlier.code.clone()],
                concept: earlier.concept,
                measure: measure.to_owned(),
                value,
                lower: None,
                upper: None,
                status,
                marker: None,
            });
        };
        let anchor = real(earlier.value);
        add("earlier_children", Some(anchor), Status::Observed);
        let value = ours.and_then(|r| r.value);
        let status = ours.map_or(Status::X, |r| r.status);
        add("children", value, status);
        add("ratio", value.map(|v| half_up(v / anchor, 2)), status);
    }
    ProtectedTable::new(definition, headline.rounding(), rows)
}
