//! The words of two rows that one owner lays side by side: no block, all lanes, no chance.
//!
//! A tag of one byte is an image of a lane, and two different lanes have one image once in 255
//! times. Who holds both rows need not compare images: here a lane is numbered by the first place
//! at which its digest stands in the pair, so that two bytes agree if and only if two lanes do.

use super::column::Source;
use super::digest::Digests;
use super::rule::Comparison;
use super::tokens::{band, values};
use crate::comparison::{Kind, LANES, Word};

/// The rows of a source and the digests of its columns.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    /// The rows.
    pub source: &'a Source,
    /// The digests of its columns, all of one key.
    pub digests: &'a [Digests],
}

/// The words of a row of one source and of a row of another, or of the same. They can be compared
/// with each other and with no third word.
pub fn beside(
    comparison: &Comparison,
    left: (Held<'_>, usize),
    right: (Held<'_>, usize),
) -> (Word, Word) {
    if comparison.kind == Kind::Frequency {
        let band =
            |(held, row): (Held<'_>, usize)| band(held.source, held.digests, comparison, row);
        return (band(left), band(right));
    }
    let lanes = |(held, row): (Held<'_>, usize)| values(held.source, held.digests, comparison, row);
    let both = [lanes(left), lanes(right)];
    let number = |digest: u64| -> Word {
        let first = (1..)
            .zip(both.iter().flatten())
            .find(|(_, d)| **d == digest);
        first.map_or(0, |(number, _)| number)
    };
    let word = |lanes: &[u64; LANES]| {
        let present = lanes.iter().enumerate().filter(|(_, digest)| **digest != 0);
        present.fold(0, |word, (lane, digest)| {
            word | number(*digest) << (8 * lane)
        })
    };
    let [left, right] = &both;
    (word(left), word(right))
}

#[cfg(test)]
mod tests {
    use super::super::column::Interner;
    use super::*;
    use crate::pseudonymise::MasterKey;

    #[test]
    fn levels_are_those_of_the_values_without_chance() {
        let keys = MasterKey::of_rehearsal_seed(1).for_project("beside", "1");
        let surnames = ["SMITH", "SMYTH", "JONES", "SMITH JONES", ""];
        let mut column = Interner::default();
        for name in surnames {
            column.push(Some(name));
        }
        let source = Source {
            rows: surnames.len(),
            columns: vec![column.finish()],
        };
        let digests = [Digests::of(&source.columns[0], Kind::Surname, true, &keys)];
        let held = Held {
            source: &source,
            digests: &digests,
        };
        let level = |kind: Kind, columns: &[Option<usize>], a: usize, b: usize| {
            let comparison = Comparison {
                name: "surname".to_owned(),
                kind,
                columns: columns.to_vec(),
            };
            let (x, y) = beside(&comparison, (held, a), (held, b));
            kind.level(x, y)
        };
        let surname = |a, b| level(Kind::Surname, &[Some(0)], a, b);
        assert_eq!([surname(0, 0), surname(0, 1), surname(0, 2)], [1, 4, 5]);
        assert_eq!([surname(0, 3), surname(2, 3), surname(0, 4)], [2, 2, 0]);
        // The forename of one is the surname of the other, which it can only be of another row.
        let names = |a, b| level(Kind::Names, &[Some(0), None, None, None], a, b);
        assert_eq!([names(0, 0), names(0, 2), names(4, 4)], [4, 4, 0]);
    }
}
