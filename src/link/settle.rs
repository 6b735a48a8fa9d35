//! From scored pairs to probabilities and a threshold: rivals share their odds, and what every rule
//! missed is reckoned with.

use hashbrown::HashMap;

use super::engine::Scored;
use super::model::{logistic, real};
use super::pairs::Pattern;

/// A pair with its probability after its rivals were heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likely {
    /// Row of the left source.
    pub left: u32,
    /// Row of the right source, or of the same one.
    pub right: u32,
    /// Its levels and rules.
    pub pattern: Pattern,
    /// The natural log odds by themselves.
    pub log_odds: f64,
    /// The probability that it is a match.
    pub probability: f64,
}

/// Probabilities of pairs between two sources. A row has at most one match in a source that is free
/// of duplicates, so there its candidates share: with odds o the probability is o / (1 + Σ o), the
/// sum over all of the row's candidates; where both sources are free of duplicates, over the rivals
/// of both rows.
pub fn share(pairs: &[Scored], left_free: bool, right_free: bool) -> Vec<Likely> {
    let (mut of_left, mut of_right): (HashMap<u32, f64>, HashMap<u32, f64>) = Default::default();
    for pair in pairs {
        let odds = odds(pair);
        *of_left.entry(pair.left).or_default() += odds;
        *of_right.entry(pair.right).or_default() += odds;
    }
    let likely = |pair: &Scored| {
        let odds = odds(pair);
        let sum = |of: &HashMap<u32, f64>, row: u32| of.get(&row).copied().unwrap_or(odds);
        let mut rivals = 0.0;
        if right_free {
            rivals += (sum(&of_left, pair.left) - odds).max(0.0);
        }
        if left_free {
            rivals += (sum(&of_right, pair.right) - odds).max(0.0);
        }
        Likely {
            left: pair.left,
            right: pair.right,
            pattern: pair.pattern,
            log_odds: pair.log_odds,
            probability: odds / (1.0 + odds + rivals),
        }
    };
    pairs.iter().map(likely).collect()
}

/// Odds, bounded so that sums stay finite.
fn odds(pair: &Scored) -> f64 {
    pair.log_odds.min(300.0).exp()
}

/// Probabilities of pairs taken one by one.
pub fn alone(pairs: &[Scored]) -> Vec<Likely> {
    let likely = |pair: &Scored| Likely {
        left: pair.left,
        right: pair.right,
        pattern: pair.pattern,
        log_odds: pair.log_odds,
        probability: logistic(pair.log_odds),
    };
    pairs.iter().map(likely).collect()
}

/// A pair that is wrong four times in five is no link, whatever F1 would gain by it.
const LEAST_THRESHOLD: f64 = 0.2;

/// The threshold at which the expected F1 is greatest: 2 Σp / (links + matches), the sum over the
/// links, where the matches are the sum of all probabilities and those `missed` by every rule. One
/// half where there is no pair, and never less than one in five.
pub fn best_threshold(pairs: &[Likely], missed: f64) -> f64 {
    let mut all: Vec<f64> = pairs.iter().map(|p| p.probability).collect();
    all.sort_by(|a, b| b.total_cmp(a));
    let matches = all.iter().sum::<f64>() + missed;
    let (mut links, mut hits) = (0.0, 0.0);
    let mut best = (0.0, 0.5);
    for (place, p) in all.iter().enumerate() {
        links += 1.0;
        hits += p;
        // Pairs of one probability go together.
        let last = all.get(place + 1).is_none_or(|next| next < p);
        let f1 = 2.0 * hits / (links + matches);
        if last && f1 > best.0 {
            best = (f1, *p);
        }
    }
    best.1.max(LEAST_THRESHOLD)
}

/// The expected number of matches.
pub fn expected(pairs: &[Likely]) -> f64 {
    // An empty sum is -0.
    pairs.iter().map(|p| p.probability).sum::<f64>() + 0.0
}

/// The expected share of matches among links.
pub fn expected_precision(links: &[Likely]) -> Option<f64> {
    (!links.is_empty()).then(|| expected(links) / real(links.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(left: u32, right: u32, odds: f64) -> Scored {
        Scored {
            left,
            right,
            pattern: Pattern(0),
            log_odds: odds.ln(),
        }
    }

    #[test]
    fn rivals_share_where_there_can_be_one_match() {
        let pairs = [
            pair(1, 1, 9.0),
            pair(1, 2, 9.0),
            pair(2, 3, 9.0),
            pair(4, 3, 1.0),
        ];
        let p = |left, right| -> Vec<f64> {
            let found = share(&pairs, left, right);
            found
                .iter()
                .map(|p| (p.probability * 1e6).round() / 1e6)
                .collect()
        };
        assert_eq!(p(false, false), [0.9, 0.9, 0.9, 0.5]);
        assert_eq!(p(false, true), [0.473684, 0.473684, 0.9, 0.5]);
        assert_eq!(p(true, true), [0.473684, 0.473684, 0.818182, 0.090909]);
    }

    #[test]
    fn the_threshold_weighs_what_is_missed_against_what_is_wrong() {
        let likely = |p: f64| Likely {
            left: 0,
            right: 0,
            pattern: Pattern(0),
            log_odds: 0.0,
            probability: p,
        };
        let pairs = [0.99, 0.98, 0.6, 0.3, 0.05].map(likely);
        assert_eq!(best_threshold(&pairs, 0.0), 0.6);
        // Where many are missed anyway, a doubtful link is worth more.
        assert_eq!(best_threshold(&pairs, 10.0), 0.3);
        assert_eq!(best_threshold(&[], 0.0), 0.5);
        // Rows that nothing tells apart: each pair is a match once in a thousand times.
        assert_eq!(best_threshold(&[likely(0.001); 40], 0.0), LEAST_THRESHOLD);
    }
}
