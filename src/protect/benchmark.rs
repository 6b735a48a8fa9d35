//! Table Q3: earlier published figures, each beside this release's figure of the same concept.
//!
//! Nothing is compared across concepts: where this release has no figure of the concept, the cell
//! is not available.

use super::derive::half_up;
use super::exact::real;
use super::table::{ProtectedRow, ProtectedTable};
use crate::schema::published::{Status, TOTAL, TableDef, earlier_estimates};

/// The measure that is estimated with an interval.
fn definition_of_estimate(headline: &ProtectedTable) -> Option<&'static str> {
    let estimated = headline.definition().estimated.as_ref();
    estimated.map(|e| e.name.as_str())
}

/// Builds Q3 from the protected T01: with the estimate where there is one, else with the count.
pub(crate) fn build(definition: &'static TableDef, headline: &ProtectedTable) -> ProtectedTable {
    let mut rows = Vec::new();
    for earlier in earlier_estimates() {
        let of = |measure: &str| headline.row(earlier.concept, measure, &[TOTAL]);
        let estimated = definition_of_estimate(headline).and_then(of);
        let ours = estimated
            .filter(|r| r.value.is_some())
            .or_else(|| of("children"));
        let mut add = |measure: &str, value: Option<f64>, status: Status| {
            let ours = ours.filter(|_| measure == "children");
            rows.push(ProtectedRow {
                codes: vec![earlier.code.clone()],
                concept: earlier.concept,
                measure: measure.to_owned(),
                value,
                lower: ours.and_then(|r| r.lower),
                upper: ours.and_then(|r| r.upper),
                status,
                marker: ours.and_then(|r| r.marker.clone()),
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
