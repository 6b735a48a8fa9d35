//! Random draws of the estimators. A stream is a function of (seed, stratum, replicate) and of
//! nothing else, so that results do not depend on threads or on the order of the work.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Beta, Binomial, Distribution, Exp1, Gamma, Poisson, StandardNormal};

use super::number::real;

/// One stream of draws.
#[derive(Debug, Clone)]
pub struct Draws(ChaCha12Rng);

impl Draws {
    /// The stream of a seed, a stratum (or purpose) and a replicate.
    pub fn new(seed: u64, stratum: u64, replicate: u64) -> Self {
        let mut key = *b"kinlink estimate\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        let numbers = seed.to_le_bytes().into_iter().chain(stratum.to_le_bytes());
        for (slot, byte) in key.iter_mut().skip(16).zip(numbers) {
            *slot = byte;
        }
        let mut generator = ChaCha12Rng::from_seed(key);
        generator.set_stream(replicate);
        Draws(generator)
    }

    /// A seed for streams of their own.
    pub fn seed(&mut self) -> u64 {
        self.0.random()
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// True with that probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform in 0..n; 0 where n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n < 2 { 0 } else { self.0.random_range(0..n) }
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        Exp1.sample(&mut self.0)
    }

    /// Beta(a, b); a / (a + b) where no draw is defined (a or b not above nought).
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        match Beta::new(a, b) {
            Ok(beta) => beta.sample(&mut self.0),
            Err(_) if a + b > 0.0 => (a / (a + b)).clamp(0.0, 1.0),
            Err(_) => 0.5,
        }
    }

    /// The number of successes among n of that probability, which is held to 0 to 1.
    pub fn binomial(&mut self, n: u64, probability: f64) -> u64 {
        Binomial::new(n, probability.clamp(0.0, 1.0)).map_or(0, |b| b.sample(&mut self.0))
    }

    /// Poisson with that mean; nought where the mean is not above nought.
    pub fn poisson(&mut self, mean: f64) -> f64 {
        Poisson::new(mean).map_or(0.0, |p| p.sample(&mut self.0))
    }

    /// Gamma with that shape and mean; the mean itself where the shape is not above nought.
    pub fn gamma(&mut self, shape: f64, mean: f64) -> f64 {
        Gamma::new(shape, mean / shape).map_or(mean, |g| g.sample(&mut self.0))
    }

    /// From a sample of `of` with `hits`, a draw of the share under Jeffreys' prior:
    /// Beta(hits + 1/2, misses + 1/2).
    pub fn share(&mut self, hits: u64, of: u64) -> f64 {
        self.beta(real(hits) + 0.5, real(of.saturating_sub(hits)) + 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::number::mean_and_variance;

    #[test]
    fn a_stream_is_a_function_of_its_numbers() {
        let first = |s, h, r| Draws::new(s, h, r).unit();
        assert_eq!(first(1, 2, 3), first(1, 2, 3));
        let others = [first(2, 2, 3), first(1, 3, 3), first(1, 2, 4)];
        assert!(others.iter().all(|x| *x != first(1, 2, 3)));
    }

    #[test]
    fn draws_have_their_moments() {
        let mut draws = Draws::new(5, 0, 0);
        let mut of = |f: &mut dyn FnMut(&mut Draws) -> f64| {
            let values: Vec<f64> = (0..20_000).map(|_| f(&mut draws)).collect();
            mean_and_variance(&values)
        };
        for ((mean, variance), (m, v)) in [
            (of(&mut |d| d.share(90, 100)), (90.5 / 101.0, 0.000_912_8)),
            (of(&mut |d| real(d.binomial(40, 0.3))), (12.0, 8.4)),
            (of(&mut |d| d.poisson(3.0)), (3.0, 3.0)),
            (of(&mut |d| d.gamma(2.0, 3.0)), (3.0, 4.5)),
            (of(&mut Draws::exponential), (1.0, 1.0)),
            (of(&mut Draws::normal), (0.0, 1.0)),
        ] {
            assert!(
                (mean - m).abs() < 5.0 * (v / 20_000.0_f64).sqrt(),
                "{mean} {m}"
            );
            assert!((variance / v - 1.0).abs() < 0.06, "{variance} {v}");
        }
        // What has no meaning gives no NaN.
        assert_eq!(draws.poisson(-1.0), 0.0);
        assert_eq!(draws.beta(0.0, 0.0), 0.5);
        assert_eq!(draws.gamma(0.0, 2.0), 2.0);
    }
}
