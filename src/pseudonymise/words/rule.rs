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
