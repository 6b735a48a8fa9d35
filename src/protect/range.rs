//! What a published symbol allows: whole numbers from one to another; and the narrowing of such
//! ranges by a relation between cells.

use super::system::{Relation, place};

/// A bound that stands for none: more people than there are.
pub(crate) const UNLIMITED: i64 = 1_000_000_000_000;

/// What was published contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contradiction;

/// The whole numbers that a symbol allows, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub lower: i64,
    pub upper: i64,
}

impl Range {
    /// A single number.
    pub fn exactly(n: i64) -> Self {
        Range { lower: n, upper: n }
    }

    /// At least a number.
    pub fn at_least(n: i64) -> Self {
        Range {
            lower: n,
            upper: UNLIMITED,
        }
    }

    /// What both allow; the lower end is above the upper one where there is nothing.
    pub fn and(self, other: Range) -> Self {
        Range {
            lower: self.lower.max(other.lower),
            upper: self.upper.min(other.upper),
        }
    }

    /// A single number?
    pub fn is_known(self) -> bool {
        self.lower == self.upper
    }
}

/// Narrows the ranges of one relation's cells; gives the cells that changed.
pub(super) fn narrow_one(
    relation: &Relation,
    range: &mut [Range],
) -> Result<Vec<u32>, Contradiction> {
    let mut changed = Vec::new();
    let mut lows = 0_i64;
    let mut highs = 0_i64;
    let mut open = 0_usize;
    for part in &relation.parts {
        let r = range[place(*part)];
        lows += r.lower;
        if r.upper >= UNLIMITED {
            open += 1;
        } else {
            highs += r.upper;
        }
    }
    let total = range[place(relation.total)];
    let mut tighten = |cell: u32, by: Range, range: &mut [Range]| {
        let now = range[place(cell)].and(by);
        if now.lower > now.upper {
            return Err(Contradiction);
        }
        if now != range[place(cell)] {
            range[place(cell)] = now;
            changed.push(cell);
        }
        Ok(())
    };
    let upper = if open == 0 { highs } else { UNLIMITED };
    tighten(relation.total, Range { lower: lows, upper }, range)?;
    for part in &relation.parts {
        let r = range[place(*part)];
        let upper = if total.upper >= UNLIMITED {
            UNLIMITED
        } else {
            total.upper - (lows - r.lower)
        };
        let others_open = open - usize::from(r.upper >= UNLIMITED);
        let lower = if others_open == 0 {
            let own = if r.upper >= UNLIMITED { 0 } else { r.upper };
            total.lower - (highs - own)
        } else {
            r.lower
        };
        // Sums were taken before this relation changed anything, so they stay valid.
        tighten(*part, Range { lower, upper }, range)?;
    }
    Ok(changed)
}
