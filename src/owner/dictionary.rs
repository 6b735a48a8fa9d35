//! The data dictionary of a research release: every column, what it means, what was done to it.

use std::fmt::Write;
use std::path::Path;

use super::NOTICE;
use super::error::OwnerError;
use super::treatment::{Dropped, Planned};
use crate::pseudonymise::Treatment;
use crate::schema::canonical::{PSEUDONYM_BYTES, Table};
use crate::schema::codes;
use crate::schema::table_schema::{FieldSchema, FieldType};

/// So many codes stand in the dictionary itself; longer lists are in `codes.csv` alone.
const SHORT: usize = 12;

/// A table of the release, described.
pub(super) struct DescribedTable {
    pub(super) table: Table,
    pub(super) planned: Vec<Planned>,
    pub(super) rows: u64,
    /// For each column, the rows in which nothing stands.
    pub(super) missing: Vec<u64>,
}

/// The dictionary.
pub(super) struct Dictionary {
    pub(super) project: String,
    pub(super) tables: Vec<DescribedTable>,
    pub(super) dropped: Vec<Dropped>,
}

/// One column, as it is told.
struct Entry {
    table: &'static str,
    column: String,
    kind: String,
    unit: String,
    description: String,
    treatment: String,
    fields: String,
    codes: Vec<(String, String)>,
    missing: String,
}

impl Dictionary {
    fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.tables.iter().flat_map(|t| {
            t.planned
                .iter()
                .zip(&t.missing)
                .map(|(planned, missing)| entry(t, planned, *missing))
        })
    }

    /// One line a column, then one for each field that is not in the release.
    pub(super) fn csv(&self, path: &Path) -> Result<String, OwnerError> {
        let mut rows = vec![
            [
                "table",
                "column",
                "type",
                "unit",
                "description",
                "treatment",
                "fields",
                "codes",
                "share_missing",
            ]
            .map(str::to_owned),
        ];
        rows.extend(self.entries().map(|e| {
            let codes = short_codes(&e.codes, "; ");
            let table = e.table.to_owned();
            [
                table,
                e.column,
                e.kind,
                e.unit,
                e.description,
                e.treatment,
                e.fields,
                codes,
                e.missing,
            ]
        }));
        rows.extend(self.dropped.iter().map(|d| {
            let treatment = format!("dropped: {}", d.why);
            let none = String::new;
            let (column, fields) = (d.field.clone(), d.field.clone());
            [
                none(),
                column,
                none(),
                none(),
                none(),
                treatment,
                fields,
                none(),
                none(),
            ]
        }));
        to_csv(&rows, path)
    }

    /// Every code of every column with its label.
    pub(super) fn codes_csv(&self, path: &Path) -> Result<String, OwnerError> {
        let mut rows = vec![["table", "column", "code", "label"].map(str::to_owned)];
        for e in self.entries() {
            for (code, label) in e.codes {
                rows.push([e.table.to_owned(), e.column.clone(), code, label]);
            }
        }
        to_csv(&rows, path)
    }

    /// The same for people.
    pub(super) fn markdown(&self) -> String {
        let mut text = format!("# Data dictionary of the release for `{}`\n", self.project);
        for (table, entries) in self.tables.iter().map(|t| (t, self.of_table(t))) {
            let described = table.table.described();
            let _ = write!(
                text,
                "\n## `data/{}.parquet`\n\n{}. {} rows.\n\n\
                 | column | type | unit | description | what was done to it | codes | missing |\n\
                 | --- | --- | --- | --- | --- | --- | --- |\n",
                table.table.name(),
                described.title.as_deref().unwrap_or_default(),
                table.rows,
            );
            for e in entries {
                let cells = [
                    format!("`{}`", e.column),
                    e.kind,
                    e.unit,
                    e.description,
                    e.treatment,
                    short_codes(&e.codes, ", "),
                    e.missing,
                ];
                let cells = cells.map(|c| c.replace('|', "\\|").replace('\n', " "));
                let _ = writeln!(text, "| {} |", cells.join(" | "));
            }
        }
        text.push_str("\n## Not in the release\n\n| field of the extract | why |\n| --- | --- |\n");
        for d in &self.dropped {
            let _ = writeln!(text, "| `{}` | {} |", d.field, d.why);
        }
        let _ = write!(text, "\n{NOTICE}\n");
        text
    }

    fn of_table<'a>(&'a self, table: &'a DescribedTable) -> impl Iterator<Item = Entry> + 'a {
        let name = table.table.name();
        self.entries().filter(move |e| e.table == name)
    }
}

fn entry(table: &DescribedTable, planned: &Planned, missing: u64) -> Entry {
    let from = planned.column.from.as_str();
    let described = table.table.described().field(from);
    // What the extract's own schema says comes before what the model says.
    let said = |get: fn(&FieldSchema) -> Option<String>| {
        let own = planned.fields.iter().find_map(get);
        own.or_else(|| described.and_then(get)).unwrap_or_default()
    };
    let pseudonym = planned.column.treatment == Treatment::Pseudonym;
    let unit = match planned.column.treatment {
        Treatment::Month => "month".to_owned(),
        Treatment::Week => "week".to_owned(),
        _ => said(|f| f.unit.clone()),
    };
    let fields: Vec<&str> = planned.fields.iter().map(|f| f.name.as_str()).collect();
    Entry {
        table: table.table.name(),
        column: planned.column.name.clone(),
        kind: kind(planned.column.treatment, described.map(|f| f.kind)),
        unit,
        description: if pseudonym {
            described
                .and_then(|f| f.description.clone())
                .unwrap_or_default()
        } else {
            said(|f| f.description.clone())
        },
        treatment: told(planned.column.treatment).to_owned(),
        fields: fields.join(" "),
        codes: codes_of(from, planned, described),
        missing: share(missing, table.rows),
    }
}

fn kind(treatment: Treatment, kind: Option<FieldType>) -> String {
    match (treatment, kind) {
        (Treatment::Pseudonym, _) => format!("pseudonym, {PSEUDONYM_BYTES} bytes"),
        (_, Some(FieldType::Date)) => "date".to_owned(),
        (_, Some(FieldType::Boolean)) => "boolean".to_owned(),
        (_, Some(FieldType::Integer)) => "integer".to_owned(),
        _ => "text".to_owned(),
    }
}

fn told(treatment: Treatment) -> &'static str {
    match treatment {
        Treatment::Keep => "kept",
        Treatment::Pseudonym => "replaced by a pseudonym of this project",
        Treatment::Month => "coarsened to the first day of its month",
        Treatment::Week => "coarsened to the Monday of its week",
        Treatment::Area {
            source: true,
            postcode: true,
        } => "kept, or the area in place of the postcode",
        Treatment::Area { source: false, .. } => "the area in place of the postcode",
        Treatment::Area {
            postcode: false, ..
        } => "kept where the source says it; nothing from the postcode",
    }
}

/// Codes with their labels: those of the model, or of the extract's schema where it gives labels.
fn codes_of(
    column: &str,
    planned: &Planned,
    described: Option<&FieldSchema>,
) -> Vec<(String, String)> {
    match column {
        "local_authority" => codes::local_authorities()
            .iter()
            .map(|la| (la.code.clone(), la.name.clone()))
            .collect(),
        "establishment" => codes::prisons()
            .iter()
            .map(|p| (p.id.clone(), p.name.clone()))
            .collect(),
        _ => {
            let of_model = described.map(|f| f.labels.clone()).unwrap_or_default();
            let own = planned.fields.iter().find(|f| !f.labels.is_empty());
            // A schema that translates codes has labels for its own, not for the model's words.
            match own.filter(|f| of_model.is_empty() && f.codes.is_none()) {
                Some(field) => field.labels.clone(),
                None => of_model,
            }
        }
    }
}

fn short_codes(codes: &[(String, String)], between: &str) -> String {
    if codes.len() > SHORT {
        return format!("{} codes, see codes.csv", codes.len());
    }
    let pairs: Vec<String> = codes.iter().map(|(c, l)| format!("{c} = {l}")).collect();
    pairs.join(between)
}

/// A share with four decimals, rounded half up, without floating point.
fn share(part: u64, whole: u64) -> String {
    let ten_thousandths = match u128::from(whole) {
        0 => 0,
        n => (u128::from(part) * 10_000 + n / 2) / n,
    };
    format!(
        "{}.{:04}",
        ten_thousandths / 10_000,
        ten_thousandths % 10_000
    )
}

fn to_csv<const N: usize>(rows: &[[String; N]], path: &Path) -> Result<String, OwnerError> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let failed = |e: csv::Error| OwnerError::io(path)(std::io::Error::other(e));
    for row in rows {
        writer.write_record(row).map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| OwnerError::io(path)(std::io::Error::other(e.into_error())))?;
    String::from_utf8(bytes).map_err(|e| OwnerError::io(path)(std::io::Error::other(e)))
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_have_four_decimals() {
        for (part, whole, expected) in [
            (0, 0, "0.0000"),
            (0, 7, "0.0000"),
            (1, 3, "0.3333"),
            (2, 3, "0.6667"),
            (7, 7, "1.0000"),
            (1, 20_000, "0.0001"),
        ] {
            assert_eq!(share(part, whole), expected);
        }
    }
}
