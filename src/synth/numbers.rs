//! System numbers: keyed permutations, so that a number tells nothing of the order in which it
//! was given, and the check letters of PNC, CRO and UPN.

/// A permutation of the numbers below `size`: a Feistel network of four rounds on the smallest
/// even number of bits, walked until the result lies below `size`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Permutation {
    key: u64,
    size: u64,
    half: u32,
}

impl Permutation {
    /// The permutation of a key and a purpose. `size` is at least 2.
    pub(super) fn new(key: &[u8; 32], purpose: u64, size: u64) -> Self {
        let mut mixed = purpose;
        for eight in key.chunks_exact(8) {
            let part = eight
                .iter()
                .fold(0_u64, |all, b| (all << 8) | u64::from(*b));
            mixed = mix(mixed ^ part);
        }
        let bits = 64 - (size.max(2) - 1).leading_zeros();
        Permutation {
            key: mixed,
            size: size.max(2),
            half: bits.div_ceil(2),
        }
    }

    /// The number in the place of `index`, which must lie below `size`.
    pub(super) fn of(&self, index: u64) -> u64 {
        let mut x = index % self.size;
        loop {
            x = self.once(x);
            if x < self.size {
                return x;
            }
        }
    }

    fn once(&self, x: u64) -> u64 {
        let mask = (1_u64 << self.half) - 1;
        let (mut left, mut right) = (x >> self.half, x & mask);
        for round in 0..4_u64 {
            let f = mix(right ^ self.key.rotate_left(16) ^ (round << 56)) & mask;
            (left, right) = (right, left ^ f);
        }
        (left << self.half) | right
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
pub(super) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

const JUSTICE_LETTERS: &[u8; 23] = b"ZABCDEFGHJKLMNPQRTUVWXY";
const PUPIL_LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";

fn letter_at(alphabet: &[u8], at: u64) -> char {
    let i = usize::try_from(at).unwrap_or(0);
    alphabet.get(i).map_or('?', |b| char::from(*b))
}

/// The check letter of PNC and CRO: the number `yy` followed by the serial digits, modulo 23.
pub(super) fn justice_letter(year: u64, serial: u64, digits: u32) -> char {
    let number = (year % 100) * 10_u64.pow(digits) + serial;
    letter_at(JUSTICE_LETTERS, number % 23)
}

/// Another letter of the same alphabet: a wrong one.
pub(super) fn wrong_justice_letter(right: char) -> char {
    if right == 'Z' { 'A' } else { 'Z' }
}

/// `2012/0394773H`, or `12/394773H` in the short form.
pub(super) fn pnc(year: u64, serial: u64, short: bool, wrong: bool) -> String {
    let mut letter = justice_letter(year, serial, 7);
    if wrong {
        letter = wrong_justice_letter(letter);
    }
    if short {
        format!("{:02}/{serial}{letter}", year % 100)
    } else {
        format!("{year:04}/{serial:07}{letter}")
    }
}

/// `029906/12J`, or `SF12/29906J` where no file is held.
pub(super) fn cro(year: u64, serial: u64, file_held: bool) -> String {
    let letter = justice_letter(year, serial, 6);
    if file_held {
        format!("{serial:06}/{:02}{letter}", year % 100)
    } else {
        format!("SF{:02}/{serial}{letter}", year % 100)
    }
}

/// A1234BC of a number below 26 × 10,000 × 676.
pub(super) fn noms(number: u64) -> String {
    const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let (rest, third) = (number / 26, number % 26);
    let (rest, second) = (rest / 26, rest % 26);
    let (first, digits) = (rest / 10_000 % 26, rest % 10_000);
    let l = |at| letter_at(LETTERS, at);
    format!("{}{digits:04}{}{}", l(first), l(second), l(third))
}

/// How many prison numbers there are.
pub(super) const NOMS_SIZE: u64 = 26 * 10_000 * 676;

/// X123456 of a number below 26 × 1,000,000.
pub(super) fn crn(number: u64) -> String {
    const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let letter = letter_at(LETTERS, number / 1_000_000 % 26);
    format!("{letter}{:06}", number % 1_000_000)
}

/// How many case reference numbers there are.
pub(super) const CRN_SIZE: u64 = 26 * 1_000_000;

/// What is to be wrong or special about a UPN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upn {
    /// A permanent one.
    Permanent,
    /// A temporary one: its last character is a letter.
    Temporary,
    /// A permanent one with a wrong check letter.
    WrongLetter,
}

/// Check letter, the authority's three digits, nine more (the last a letter if temporary).
/// The letter is the sum of digit × position, positions 2 to 13, modulo 23.
pub(super) fn upn(authority: &str, number: u64, kind: Upn) -> String {
    let mut body = format!("{authority:0>3}{:09}", number % 1_000_000_000);
    let mut sum = 0_u64;
    if kind == Upn::Temporary {
        body.pop();
        body.push(letter_at(PUPIL_LETTERS, number % 23));
    }
    for (position, c) in (2_u64..).zip(body.bytes()) {
        let value = match c {
            b'0'..=b'9' => u64::from(c - b'0'),
            _ => PUPIL_LETTERS
                .iter()
                .zip(0_u64..)
                .find(|(l, _)| **l == c)
                .map_or(0, |(_, v)| v),
        };
        sum += value * position;
    }
    if kind == Upn::WrongLetter {
        sum += 1;
    }
    format!("{}{body}", letter_at(PUPIL_LETTERS, sum % 23))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_meets_every_number_once() {
        for size in [2, 10, 1_000, 4_099] {
            let p = Permutation::new(&[7; 32], 3, size);
            let mut seen: Vec<u64> = (0..size).map(|i| p.of(i)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..size).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_published_pnc_has_its_letter() {
        // The example in the open-source prison API: 12/394773H is 2012/394773H.
        assert_eq!(pnc(2012, 394_773, false, false), "2012/0394773H");
        assert_eq!(pnc(2012, 394_773, true, false), "12/394773H");
        assert_ne!(pnc(2012, 394_773, true, true), "12/394773H");
    }

    #[test]
    fn numbers_have_their_shapes() {
        assert_eq!(noms(0), "A0000AA");
        assert_eq!(noms(NOMS_SIZE - 1), "Z9999ZZ");
        assert_eq!(crn(CRN_SIZE - 1), "Z999999");
        assert_eq!(upn("201", 1, Upn::Permanent).len(), 13);
        assert_eq!(cro(2012, 29_906, true), "029906/12J");
    }
}
