//! Comparisons of a linkage, and the rules by which two rows come to be compared at all.

use serde::{Deserialize, Serialize};

use crate::comparison::Kind;

/// One comparison of a linkage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Its name, which is the field's.
    pub name: String,
    /// What is compared.
    pub kind: Kind,
    /// The columns of a source whose lanes it shows: one, or for [`Kind::Names`] forename,
    /// surname, former surname and middle name.
    pub columns: Vec<Option<usize>>,
}

impl Comparison {
    /// The comparisons of named columns: one a column, but that middle names and former surname are
    /// seen through the comparison of names with each other as well, and the former surname through
    /// nothing else.
    pub fn of_columns<N: AsRef<str>>(columns: &[(N, Kind)]) -> Vec<Comparison> {
        let place = |name: &str| columns.iter().position(|(field, _)| field.as_ref() == name);
        let mut out: Vec<Comparison> = columns
            .iter()
            .enumerate()
            .filter(|(_, (name, _))| name.as_ref() != "former_surname")
            .map(|(column, (name, kind))| Comparison {
                name: name.as_ref().to_owned(),
                kind: *kind,
                columns: vec![Some(column)],
            })
            .collect();
        if let (Some(forename), Some(surname)) = (place("forename"), place("surname")) {
            out.push(Comparison {
                name: "names".to_owned(),
                kind: Kind::Names,
                columns: vec![
                    Some(forename),
                    Some(surname),
                    place("former_surname"),
                    place("middle_names"),
                ],
            });
        }
        out
    }

    /// The same and, after them, how frequent forename and surname are, as far as there is room for
    /// `most` comparisons.
    pub fn with_frequencies(mut comparisons: Vec<Comparison>, most: usize) -> Vec<Comparison> {
        for name in ["surname", "forename"] {
            let own = comparisons.iter().find(|c| c.name == name);
            let is_name = |c: &&Comparison| matches!(c.kind, Kind::Forename | Kind::Surname);
            let columns = own.filter(is_name).map(|c| c.columns.clone());
            if let Some(columns) = columns.filter(|_| comparisons.len() < most) {
                comparisons.push(Comparison {
                    name: format!("{name}_frequency"),
                    kind: Kind::Frequency,
                    columns,
                });
            }
        }
        comparisons
    }
}

/// A lane that two rows must share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Part {
    /// Which column of the source.
    pub column: usize,
    /// Which lane of its kind.
    pub lane: usize,
}

/// A blocking rule: two rows are compared if they share all of its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name: the words of its parts joined by `+`.
    pub name: String,
    /// Parts that must be shared one by one.
    pub parts: Vec<Part>,
    /// Two parts that must be shared in either order: forename and surname swapped.
    pub unordered: Option<[Part; 2]>,
}

impl Rule {
    /// All columns that it looks at.
    pub fn columns(&self) -> impl Iterator<Item = usize> {
        let swapped = self.unordered.iter().flatten();
        self.parts.iter().chain(swapped).map(|part| part.column)
    }
}
