//! Random draws: ChaCha12 with one stream for each family, so that a family is a function of the
//! seed and its number and of nothing else.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use sha2::{Digest as _, Sha256};

use super::calendar::Day;

/// The generator of one family.
pub(super) struct Dice(ChaCha12Rng);

/// The key of all streams of a seed.
pub(super) fn key(seed: u64) -> [u8; 32] {
    key_for("kinlink synth, version 1", seed)
}

/// The key of all streams of a seed for some purpose.
pub(super) fn key_for(purpose: &str, seed: u64) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(purpose.as_bytes());
    hasher.update(seed.to_le_bytes());
    hasher.finalize().into()
}

impl Dice {
    /// The stream of that number.
    pub(super) fn new(key: &[u8; 32], stream: u64) -> Self {
        let mut rng = ChaCha12Rng::from_seed(*key);
        rng.set_stream(stream);
        Dice(rng)
    }

    /// Uniform in [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// True with that probability.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// Uniform in 0..n; 0 where n is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        if n < 2 { 0 } else { self.0.random_range(0..n) }
    }

    /// Uniform from `low` to `high`, both included; `low` where the two are crossed.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        if low >= high {
            low
        } else {
            self.0.random_range(low..=high)
        }
    }

    /// One of several, or none of none.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let i = self.below(from.len());
        from.get(i)
    }

    /// One of several words; the empty word of none.
    pub(super) fn word(&mut self, from: &[&'static str]) -> &'static str {
        self.pick(from).copied().unwrap_or("")
    }

    /// A position, with these weights.
    pub(super) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (i, w) in weights.iter().enumerate() {
            left -= w;
            if left < 0.0 {
                return i;
            }
        }
        weights.len().saturating_sub(1)
    }

    /// Days of an exponential wait, at least 1.
    pub(super) fn wait(&mut self, mean: f64) -> Day {
        whole(1.0 - mean * (1.0 - self.unit()).ln())
    }

    /// The whole part, and one more with the probability of the rest: right on average.
    pub(super) fn round(&mut self, x: f64) -> u64 {
        let low = x.max(0.0).floor();
        let more = self.chance(x.max(0.0) - low);
        count(low) + u64::from(more)
    }
}

/// The whole part of a number of days.
#[allow(clippy::cast_possible_truncation)]
fn whole(x: f64) -> Day {
    // A cast from f64 saturates; there is no conversion trait for it.
    x.clamp(0.0, 1.0e6) as Day
}

/// The whole part of a count.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(super) fn count(x: f64) -> u64 {
    // As above.
    x.clamp(0.0, 1.0e12) as u64
}

/// A count as a real number. Counts stay far below 2^53.
#[allow(clippy::cast_precision_loss)]
pub(super) fn real(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_repeatable_and_differ() {
        let draw = |seed, stream| Dice::new(&key(seed), stream).unit();
        assert_eq!(draw(1, 7).to_bits(), draw(1, 7).to_bits());
        assert_ne!(draw(1, 7).to_bits(), draw(1, 8).to_bits());
        assert_ne!(draw(1, 7).to_bits(), draw(2, 7).to_bits());
    }

    #[test]
    fn waits_have_their_mean() {
        let mut dice = Dice::new(&key(1), 0);
        let sum: i64 = (0..20_000).map(|_| i64::from(dice.wait(40.0))).sum();
        // Floor of 1 + Exp(40): mean 40.5; the standard error is 0.28.
        let mean = sum as f64 / 20_000.0;
        assert!((mean - 40.5).abs() < 1.5, "{mean}");
    }
}
