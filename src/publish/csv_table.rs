//! A protected table as CSV: codes with their labels, and the bare symbol where there is no value.

use super::error::PublishError;
use crate::protect::{ProtectedRow, ProtectedTable};
use crate::schema::published::Status;

/// The columns of the CSV of a table.
pub(crate) fn columns(table: &ProtectedTable) -> Vec<String> {
    let mut out: Vec<String> = table
        .definition()
        .dimensions
        .iter()
        .flat_map(|d| [d.name.clone(), format!("{}_label", d.name)])
        .collect();
    out.extend(
        [
            "concept", "measure", "value", "lower", "upper", "status", "marker",
        ]
        .map(str::to_owned),
    );
    out
}

/// The whole file, with a header and LF line ends.
pub(crate) fn render(table: &ProtectedTable) -> Result<Vec<u8>, PublishError> {
    let defect = |_| PublishError::Defect {
        what: format!("the CSV of {}", table.definition().id),
    };
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(columns(table)).map_err(defect)?;
    for row in table.rows() {
        writer.write_record(record(table, row)?).map_err(defect)?;
    }
    writer.into_inner().map_err(|_| PublishError::Defect {
        what: format!("the CSV of {}", table.definition().id),
    })
}

fn record(table: &ProtectedTable, row: &ProtectedRow) -> Result<Vec<String>, PublishError> {
    let mut out = Vec::new();
    for (dimension, code) in table.definition().dimensions.iter().zip(&row.codes) {
        let label = dimension.label(code);
        if [code.as_str(), label].into_iter().any(runs_as_formula) {
            return Err(PublishError::Formula {
                table: table.definition().id.clone(),
                column: dimension.name.clone(),
            });
        }
        out.push(code.clone());
        out.push(label.to_owned());
    }
    out.push(row.concept.word().to_owned());
    out.push(row.measure.clone());
    out.push(match (row.value, row.status) {
        (Some(value), _) => number(value),
        (None, Status::Observed) => String::new(),
        (None, status) => status.word().to_owned(),
    });
    out.push(row.lower.map(number).unwrap_or_default());
    out.push(row.upper.map(number).unwrap_or_default());
    out.push(row.status.word().to_owned());
    out.push(row.marker.clone().unwrap_or_default());
    Ok(out)
}

/// A number in its shortest form: whole numbers without decimals.
pub(crate) fn number(value: f64) -> String {
    format!("{value}")
}

/// Would a spreadsheet take this text for a formula?
pub(crate) fn runs_as_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\0', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([192_912.0, 0.0, 12.3].map(number), ["192912", "0", "12.3"]);
    }

    #[test]
    fn formulas_are_known_by_their_first_sign() {
        assert!(
            ["=1", "+1", "-1", "@x", "\tx", "\0"]
                .iter()
                .all(|t| runs_as_formula(t))
        );
        assert!(!["1-4", "x", "Total", ""].iter().any(|t| runs_as_formula(t)));
    }
}
