//! A pair's pattern: its level in every comparison, and the rules whose blocks hold it.

use crate::comparison::Level;

/// Comparisons that a pattern has room for.
pub const MOST_COMPARISONS: usize = 12;
/// Rules that a pattern has room for.
pub const MOST_RULES: usize = 16;

const BITS: usize = 4;

/// Twelve levels of four bits, then sixteen bits for rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(pub u64);

impl Pattern {
    /// Of levels and of rules, a bit each.
    pub fn new(levels: impl Iterator<Item = Level>, rules: u16) -> Self {
        let packed = (0..MOST_COMPARISONS)
            .zip(levels)
            .fold(0, |p, (c, level)| p | u64::from(level & 15) << (c * BITS));
        Pattern(packed | u64::from(rules) << (MOST_COMPARISONS * BITS))
    }

    /// The level of a comparison.
    pub fn level(self, comparison: usize) -> Level {
        let [low, ..] = (self.0 >> (comparison * BITS)).to_le_bytes();
        low & 15
    }

    /// The rules, a bit each.
    pub fn rules(self) -> u16 {
        u16::try_from(self.0 >> (MOST_COMPARISONS * BITS)).unwrap_or(0)
    }

    /// Whether a rule's block holds the pair.
    pub fn in_rule(self, rule: usize) -> bool {
        self.rules() >> rule & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_rules_read_back() {
        let levels = [1, 0, 15, 7];
        let pattern = Pattern::new(levels.into_iter(), 0b1000_0000_0000_0101);
        let back: Vec<Level> = (0..5).map(|c| pattern.level(c)).collect();
        assert_eq!(back, [1, 0, 15, 7, 0]);
        assert!(pattern.in_rule(0) && !pattern.in_rule(1) && pattern.in_rule(15));
    }
}
