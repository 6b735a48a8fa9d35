//! Eight one-byte tags as one number, compared all at once.

/// The tags of one comparison of one record in one block; a byte of 0 is a missing lane.
pub type Word = u64;

const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const HIGH: u64 = 0x8080_8080_8080_8080;
/// Gathers the high bit of each byte into one byte, lane 0 lowest.
const GATHER: u64 = 0x0002_0408_1020_4081;

/// The bytes that are not 0, as bits.
pub(super) fn present(word: Word) -> u8 {
    gather((((word & LOW) + LOW) | word) & HIGH)
}

/// The lanes in which two words agree, as bits; a missing lane agrees with nothing.
pub(super) fn agree(a: Word, b: Word) -> u8 {
    let x = a ^ b;
    let differ = ((x & LOW) + LOW) | x;
    let there = ((a & LOW) + LOW) | a;
    gather(!differ & there & HIGH)
}

fn gather(high_bits: u64) -> u8 {
    let [.., top] = (high_bits >> 7).wrapping_mul(GATHER << 7).to_le_bytes();
    top
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn bits(lanes: impl Iterator<Item = bool>) -> u8 {
        lanes
            .enumerate()
            .fold(0, |b, (i, yes)| b | u8::from(yes) << i)
    }

    proptest! {
        #[test]
        fn as_byte_by_byte(a in prop::array::uniform8(0_u8..4), b in prop::array::uniform8(0_u8..4)) {
            let (x, y) = (u64::from_le_bytes(a), u64::from_le_bytes(b));
            prop_assert_eq!(present(x), bits(a.iter().map(|v| *v != 0)));
            let same = a.iter().zip(&b).map(|(v, w)| *v != 0 && v == w);
            prop_assert_eq!(agree(x, y), bits(same));
        }

        #[test]
        fn of_any_bytes(x: u64, y: u64) {
            let same = x.to_le_bytes().into_iter().zip(y.to_le_bytes());
            prop_assert_eq!(agree(x, y), bits(same.map(|(v, w)| v != 0 && v == w)));
        }
    }
}
