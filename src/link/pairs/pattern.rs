//! A pair's pattern: its level in every comparison, and the rules whose blocks hold it.

use std::fmt::Write;

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

    /// The same but for the level of one comparison.
    pub fn with_level(self, comparison: usize, level: Level) -> Pattern {
        let place = comparison.min(MOST_COMPARISONS - 1) * BITS;
        Pattern(self.0 & !(15 << place) | u64::from(level & 15) << place)
    }

    /// The same levels under no rule.
    pub fn without_rules(self) -> Pattern {
        Pattern(self.0 & ((1 << (MOST_COMPARISONS * BITS)) - 1))
    }

    /// The same levels under rules, a bit each.
    pub fn under(self, rules: u16) -> Pattern {
        Pattern(self.without_rules().0 | u64::from(rules) << (MOST_COMPARISONS * BITS))
    }

    /// The rules, a bit each.
    pub fn rules(self) -> u16 {
        u16::try_from(self.0 >> (MOST_COMPARISONS * BITS)).unwrap_or(0)
    }

    /// The levels of so many comparisons in words of digits: `1.0.4`.
    pub fn levels_text(self, comparisons: usize) -> String {
        joined((0..comparisons.min(MOST_COMPARISONS)).map(|c| usize::from(self.level(c))))
    }

    /// The numbers of its rules, from 1: `1.3`; empty for none.
    pub fn rules_text(self) -> String {
        let held = (0..MOST_RULES).filter(|rule| self.in_rule(*rule));
        joined(held.map(|rule| rule + 1))
    }

    /// What [`Pattern::levels_text`] and [`Pattern::rules_text`] wrote; none if they did not.
    pub fn of_text(levels: &str, rules: &str) -> Option<Pattern> {
        let parse = |text: &str| -> Option<Vec<u8>> {
            let parts = text.split('.').filter(|_| !text.is_empty());
            parts.map(|part| part.parse().ok()).collect()
        };
        let levels: Vec<Level> = parse(levels)?;
        if levels.len() > MOST_COMPARISONS || levels.iter().any(|level| *level > 15) {
            return None;
        }
        let mut held = 0_u16;
        for rule in parse(rules)? {
            held |= 1_u16.checked_shl(u32::from(rule).checked_sub(1)?)?;
        }
        Some(Pattern::new(levels.into_iter(), held))
    }

    /// Whether a rule's block holds the pair.
    pub fn in_rule(self, rule: usize) -> bool {
        self.rules() >> rule & 1 == 1
    }
}

fn joined(numbers: impl Iterator<Item = usize>) -> String {
    let mut out = String::new();
    for number in numbers {
        if !out.is_empty() {
            out.push('.');
        }
        let _ = write!(out, "{number}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_text_and_back(levels in prop::collection::vec(0_u8..16, 0..=MOST_COMPARISONS), rules: u16) {
            let pattern = Pattern::new(levels.iter().copied(), rules);
            let (levels, rules) = (pattern.levels_text(levels.len()), pattern.rules_text());
            prop_assert_eq!(Pattern::of_text(&levels, &rules), Some(pattern));
        }
    }

    #[test]
    fn the_text_of_levels_and_rules() {
        let pattern = Pattern::new([1, 0, 15].into_iter(), 0b101);
        assert_eq!(
            (pattern.levels_text(4), pattern.rules_text()),
            ("1.0.15.0".into(), "1.3".into())
        );
        for (levels, rules) in [
            ("1.16", "1"),
            ("1.x", "1"),
            ("1", "0"),
            ("1", "17"),
            ("1..2", "1"),
        ] {
            assert_eq!(Pattern::of_text(levels, rules), None, "{levels} {rules}");
        }
    }

    #[test]
    fn levels_and_rules_read_back() {
        let levels = [1, 0, 15, 7];
        let pattern = Pattern::new(levels.into_iter(), 0b1000_0000_0000_0101);
        let back: Vec<Level> = (0..5).map(|c| pattern.level(c)).collect();
        assert_eq!(back, [1, 0, 15, 7, 0]);
        let other = pattern.with_level(2, 3);
        assert_eq!((other.level(2), other.with_level(2, 15)), (3, pattern));
        assert!(pattern.in_rule(0) && !pattern.in_rule(1) && pattern.in_rule(15));
    }
}
