//! A protected table as CSV: codes with their labels, and the bare symbol where there is no value.

use super::cleared::ClearedTable;
use super::error::PublishError;
use crate::protect::ProtectedRow;
use crate::schema::published::Status;

/// The columns of the CSV of a table.
pub(crate) fn columns(table: ClearedTable<'_>) -> Vec<String> {
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
pub(crate) fn render(table: ClearedTable<'_>) -> Result<Vec<u8>, PublishError> {
    let defect = |_| PublishError::Defect {
        what: format!("the CSV of {}", table.definition().id),
    };
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(columns(table)).map_err(defect)?;
    for row in table.rows() {
        writer.write_record(record(table, row)).map_err(defect)?;
    }
    writer.into_inner().map_err(|_| PublishError::Defect {
        what: format!("the CSV of {}", table.definition().id),
    })
}

fn record(table: ClearedTable<'_>, row: &ProtectedRow) -> Vec<String> {
    let mut out = Vec::new();
    for (dimension, code) in table.definition().dimensions.iter().zip(&row.codes) {
        let label = dimension.label(code);
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
    out
}

/// A number in its shortest form: whole numbers without decimals.
pub(crate) fn number(value: f64) -> String {
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([192_912.0, 0.0, 12.3].map(number), ["192912", "0", "12.3"]);
    }
}
