//! Random words of a keyed generator, and uniform whole numbers made of them.

use num_bigint::BigUint;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Random bits: ChaCha20 (RFC 8439) under a seed of 32 bytes. The same seed gives the same bits.
pub struct Bits {
    stream: ChaCha20Rng,
    signs: u32,
    left: u32,
}

impl Bits {
    /// The bits of a seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Bits {
            stream: ChaCha20Rng::from_seed(seed),
            signs: 0,
            left: 0,
        }
    }

    /// 32 random bits.
    #[inline]
    pub fn word(&mut self) -> u32 {
        self.stream.next_u32()
    }

    /// One random bit.
    #[inline]
    pub fn bit(&mut self) -> bool {
        if self.left == 0 {
            self.signs = self.word();
            self.left = 32;
        }
        let bit = self.signs & 1 == 1;
        self.signs >>= 1;
        self.left -= 1;
        bit
    }

    /// A whole number from 0 to `below` − 1, each equally likely (Lemire, "Fast Random Integer
    /// Generation in an Interval", 2019). `below` is not 0.
    #[inline]
    pub fn uniform(&mut self, below: u32) -> u32 {
        let mut product = u64::from(self.word()) * u64::from(below);
        if low(product) < below {
            // 2³² modulo `below`: as many of the low halves are left out.
            let leave = below.wrapping_neg() % below;
            while low(product) < leave {
                product = u64::from(self.word()) * u64::from(below);
            }
        }
        high(product)
    }

    /// The same for a number of any size, by drawing as many bits as it has until they are below.
    pub fn uniform_big(&mut self, below: &BigUint) -> BigUint {
        let bits = below.bits();
        let words = bits.div_ceil(32);
        loop {
            let drawn: Vec<u32> = (0..words).map(|_| self.word()).collect();
            let number = BigUint::new(drawn) >> (words * 32 - bits);
            if number < *below {
                return number;
            }
        }
    }
}

/// The low half.
fn low(product: u64) -> u32 {
    u32::try_from(product & 0xFFFF_FFFF).unwrap_or(0)
}

/// The high half.
fn high(product: u64) -> u32 {
    u32::try_from(product >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_numbers_are_uniform_where_the_modulus_is_awkward() {
        // 3·2³⁰: without the rejection a third of the numbers would come twice as often.
        let mut bits = Bits::from_seed([3; 32]);
        let below = 3_u32 << 30;
        let mut thirds = [0_u32; 3];
        let mut parity = [0_u32; 2];
        for _ in 0..30_000 {
            let n = bits.uniform(below);
            thirds[usize::try_from(n >> 30).expect("small")] += 1;
            parity[usize::try_from(n & 1).expect("small")] += 1;
        }
        // Six standard deviations: 490 and 520.
        assert!(
            thirds.iter().all(|n| n.abs_diff(10_000) < 490),
            "{thirds:?}"
        );
        assert!(
            parity.iter().all(|n| n.abs_diff(15_000) < 520),
            "{parity:?}"
        );
    }

    #[test]
    fn large_uniform_numbers_fill_their_range() {
        let mut bits = Bits::from_seed([4; 32]);
        let below = (BigUint::from(5_u8) << 70_u32) + 1_u8;
        let fifth = BigUint::from(1_u8) << 70_u32;
        let mut parts = [0_u32; 6];
        for _ in 0..10_000 {
            let n = bits.uniform_big(&below);
            assert!(n < below);
            let part = (n / &fifth).to_u32_digits().first().copied().unwrap_or(0);
            parts[usize::try_from(part).expect("small")] += 1;
        }
        assert!(
            parts[..5].iter().all(|n| n.abs_diff(2_000) < 240),
            "{parts:?}"
        );
    }
}
