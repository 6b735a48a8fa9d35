//! Which comparison looks at a column of the settings.

use crate::comparison::Kind;
use crate::link::people;
use crate::link::spec::{Columns, ISO_DATE, Spec};
use crate::pseudonymise::words::Comparison;

/// A comparison of the specification, as the settings may name it.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its place among the comparisons.
    pub place: usize,
    /// The place of its column in a source.
    pub column: usize,
    /// Its name.
    pub name: String,
    /// What is compared.
    pub kind: Kind,
    /// Whether it is a date that stands as `yyyy-mm-dd` in every file.
    pub iso_date: bool,
    /// The columns of the files, in lower case.
    columns: Vec<String>,
}

/// The fields of a specification that are one column of a file.
pub struct Fields(Vec<Field>);

impl Fields {
    /// Of a specification.
    pub fn new(spec: &Spec, comparisons: &[Comparison]) -> Self {
        let names = people::columns(spec);
        let of = |(place, comparison): (usize, &Comparison)| {
            let column = match comparison.kind {
                Kind::Names => return None,
                _ => comparison.columns.first().copied().flatten()?,
            };
            let (name, kind) = names.get(column)?;
            let own = spec.fields.get(name);
            let own = own.or_else(|| spec.other.get(name).map(|other| &other.column))?;
            let one = |columns: &Columns| match columns {
                Columns::Joined(all) => match all.as_slice() {
                    [one] => Some(one.to_lowercase()),
                    _ => None,
                },
                Columns::Date { .. } => None,
            };
            let iso = (0..2).all(|side| spec.format(name, side) == ISO_DATE);
            Some(Field {
                place,
                column,
                name: name.clone(),
                kind: *kind,
                iso_date: *kind == Kind::Date && iso,
                columns: [one(&own.left), one(&own.right)]
                    .into_iter()
                    .flatten()
                    .collect(),
            })
        };
        Fields(comparisons.iter().enumerate().filter_map(of).collect())
    }

    /// The field of a column.
    pub fn of(&self, column: &str) -> Option<&Field> {
        self.0
            .iter()
            .find(|field| field.columns.iter().any(|own| own == column))
    }
}
