//! Levels of many pairs: what [`Kind::level`] says, from a table.
//!
//! Nearly all of a level depends on which of the eight lanes agree and on whether two of them are
//! there at all: 1,024 cases, worked out once by the simple form on words made for each. What is
//! left is done beside: parts of a double-barrelled name that stand crosswise, and names in other
//! fields. There is hardly a branch in it, since those of strangers cannot be foretold.

use super::LANES;
use super::kind::{Kind, Level, crossed_parts};
use super::word::{Word, agree, present};

/// One kind, ready for many pairs.
pub struct Kernel {
    kind: Kind,
    /// By the lanes that agree, then whether the first and the second of `asked` are there.
    table: Vec<Level>,
    asked: [u8; 2],
    of: Of,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Table,
    /// The table, and a level for parts of a name that stand crosswise.
    TableAndParts(Level),
    /// Nothing of it is in a table.
    Simple,
}

impl Kernel {
    /// Of a kind.
    pub fn new(kind: Kind) -> Self {
        let (asked, of) = match kind {
            Kind::Names => ([0, 2], Of::Simple),
            Kind::Frequency => ([0, 0], Of::Simple),
            Kind::Surname => ([0, 0], Of::TableAndParts(2)),
            Kind::Forename => ([5, 4], Of::Table),
            Kind::Date => ([7, 1], Of::Table),
            Kind::Sex | Kind::Exact | Kind::Postcode | Kind::Text | Kind::Identifier => {
                ([0, 0], Of::Table)
            }
        };
        let table = match of {
            Of::Simple => Vec::new(),
            _ => (0..1024).map(|case| level_of(kind, asked, case)).collect(),
        };
        Kernel {
            kind,
            table,
            asked,
            of,
        }
    }

    /// The level of two words.
    #[inline]
    pub fn level(&self, a: Word, b: Word) -> Level {
        if self.of == Of::Simple {
            return self.kind.level(a, b);
        }
        let there = present(a) & present(b);
        let [first, second] = self.asked;
        let case = usize::from(agree(a, b))
            | usize::from(there >> first & 1) << 8
            | usize::from(there >> second & 1) << 9;
        let level = self.table.get(case).copied().unwrap_or(0);
        match self.of {
            Of::TableAndParts(parts) if level > parts && crossed_parts(a, b) => parts,
            _ => level,
        }
    }
}

/// The level of a case, by two words made for it: a lane that agrees is there in both; of the
/// others, those asked for are there if the case says so, and differ.
fn level_of(kind: Kind, asked: [u8; 2], case: u16) -> Level {
    let [agreed, there] = case.to_le_bytes();
    let (mut a, mut b) = (0, 0);
    for (lane, own) in (0_u8..).zip(1_u64..).take(LANES) {
        let place = 8 * lane;
        let missing = asked
            .iter()
            .zip(0_u8..)
            .any(|(asked, bit)| *asked == lane && there >> bit & 1 == 0);
        if agreed >> lane & 1 == 1 {
            a |= own << place;
            b |= own << place;
        } else if !missing {
            a |= (own + 20) << place;
            b |= (own + 40) << place;
        }
    }
    kind.level(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    const KINDS: [Kind; 10] = [
        Kind::Forename,
        Kind::Surname,
        Kind::Names,
        Kind::Date,
        Kind::Sex,
        Kind::Postcode,
        Kind::Text,
        Kind::Exact,
        Kind::Identifier,
        Kind::Frequency,
    ];

    proptest! {
        /// Tags of few values, so that lanes agree, differ and are missing in all ways.
        #[test]
        fn the_table_says_what_the_simple_form_says(
            a in prop::array::uniform8(0_u8..4), b in prop::array::uniform8(0_u8..4), same in any::<u8>(),
        ) {
            let mut b = b;
            for (lane, tag) in b.iter_mut().enumerate() {
                if same >> lane & 1 == 1 {
                    *tag = a[lane];
                }
            }
            let (a, b) = (u64::from_le_bytes(a), u64::from_le_bytes(b));
            for kind in KINDS {
                prop_assert_eq!(Kernel::new(kind).level(a, b), kind.level(a, b), "{:?}", kind);
            }
        }
    }
}
