//! From scored pairs to links: rivals share their odds, a threshold is chosen, and one row is linked
//! to one row where that is asked.

use hashbrown::HashMap;

use super::engine::Scored;
use super::model::{logistic, real};

/// A pair with its probability after its rivals were heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likely {
    /// Row of the left source.
    pub left: u32,
    /// Row of the right source, or of the same one.
    pub right: u32,
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
        log_odds: pair.log_odds,
        probability: logistic(pair.log_odds),
    };
    pairs.iter().map(likely).collect()
}

/// The threshold at which the expected F1 is greatest: 2 Σp / (links + matches), the sum over the
/// links, where the matches are the sum of all probabilities and those `missed` by every rule. One
/// half where there is no pair.
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
    best.1
}

/// Of links in any order those of which no two share a row, the most probable first: a greedy
/// matching, whose weight is at least half of the greatest. Equally probable rivals are all left
/// out, since nothing prefers one.
pub fn one_to_one(links: &[Likely]) -> Vec<Likely> {
    let mut order: Vec<&Likely> = links.iter().collect();
    order.sort_by(|a, b| {
        let by_weight = b.log_odds.total_cmp(&a.log_odds);
        by_weight.then((a.left, a.right).cmp(&(b.left, b.right)))
    });
    let (mut left, mut right): (HashMap<u32, ()>, HashMap<u32, ()>) = Default::default();
    let mut out = Vec::new();
    for tied in order.chunk_by(|a, b| a.log_odds == b.log_odds) {
        let open: Vec<&&Likely> = tied
            .iter()
            .filter(|p| !left.contains_key(&p.left) && !right.contains_key(&p.right))
            .collect();
        let (mut of_left, mut of_right): (HashMap<u32, u32>, HashMap<u32, u32>) =
            Default::default();
        for pair in &open {
            *of_left.entry(pair.left).or_default() += 1;
            *of_right.entry(pair.right).or_default() += 1;
        }
        for pair in open {
            let only = |of: &HashMap<u32, u32>, row: u32| of.get(&row) == Some(&1);
            if only(&of_left, pair.left) && only(&of_right, pair.right) {
                out.push(**pair);
            }
            left.insert(pair.left, ());
            right.insert(pair.right, ());
        }
    }
    out.sort_by_key(|p| (p.left, p.right));
    out
}

/// Matches that no rule brought together, at least: Chao's lower bound f₁² / 2f₂, where fₖ is the
/// expected number of matches that exactly k rules brought together (Chao, "Estimating the
/// population size for capture-recapture data with unequal catchability", 1987). Rules that miss
/// the same matches make the true number greater.
pub fn missed_at_least(pairs: &[(Scored, f64)]) -> f64 {
    let (mut once, mut twice) = (0.0, 0.0);
    for (pair, probability) in pairs {
        match pair.pattern.rules().count_ones() {
            1 => once += probability,
            2 => twice += probability,
            _ => {}
        }
    }
    chao(once, twice)
}

/// Chao's lower bound of the matches that were never found, from those found once and twice: its
/// bias-corrected form, which stands where no match was found twice.
pub fn chao(once: f64, twice: f64) -> f64 {
    if once <= 1.0 {
        0.0
    } else {
        once * (once - 1.0) / (2.0 * (twice + 1.0))
    }
}

/// The variance of [`chao`]: its own as a count, and what it has from both counts by the delta method
/// (Colwell, *EstimateS* user's guide, appendix B, for the bias-corrected form).
pub fn chao_variance(once: f64, twice: f64) -> f64 {
    if once <= 1.0 {
        return 0.0;
    }
    let next = twice + 1.0;
    once * (once - 1.0) / (2.0 * next)
        + once * (2.0 * once - 1.0).powi(2) / (4.0 * next.powi(2))
        + once.powi(2) * twice * (once - 1.0).powi(2) / (4.0 * next.powi(4))
}

/// The expected number of matches.
pub fn expected(pairs: &[Likely]) -> f64 {
    pairs.iter().map(|p| p.probability).sum()
}

/// The expected share of matches among links.
pub fn expected_precision(links: &[Likely]) -> Option<f64> {
    (!links.is_empty()).then(|| expected(links) / real(links.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::pairs::Pattern;

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
            log_odds: 0.0,
            probability: p,
        };
        let pairs = [0.99, 0.98, 0.6, 0.3, 0.05].map(likely);
        assert_eq!(best_threshold(&pairs, 0.0), 0.6);
        // Where many are missed anyway, a doubtful link is worth more.
        assert_eq!(best_threshold(&pairs, 10.0), 0.3);
        assert_eq!(best_threshold(&[], 0.0), 0.5);
    }

    #[test]
    fn one_row_is_linked_once_and_a_tie_not_at_all() {
        let links = alone(&[
            pair(1, 1, 9.0),
            pair(1, 2, 5.0),
            pair(2, 2, 3.0),
            pair(3, 4, 2.0),
            pair(3, 5, 2.0),
        ]);
        let kept: Vec<(u32, u32)> = one_to_one(&links)
            .iter()
            .map(|p| (p.left, p.right))
            .collect();
        assert_eq!(kept, [(1, 1), (2, 2)]);
    }

    #[test]
    fn what_was_found_once_tells_of_what_was_never_found() {
        let found = |rules: u16, n: usize| {
            let one = Scored {
                pattern: Pattern::new(std::iter::empty(), rules),
                ..pair(0, 0, 1.0)
            };
            vec![(one, 1.0); n]
        };
        let mut pairs = found(0b01, 20);
        pairs.extend(found(0b11, 99));
        assert!((missed_at_least(&pairs) - 20.0 * 19.0 / 200.0).abs() < 1e-9);
        assert_eq!(missed_at_least(&found(0b11, 5)), 0.0);
    }
}
