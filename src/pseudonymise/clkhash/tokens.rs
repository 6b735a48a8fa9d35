//! Comparisons: how a value falls into tokens, and the bytes of a token.
//!
//! The more tokens two values share, the more alike they count. n-grams: windows of n characters
//! over the value with n - 1 blanks on either side; positional ones carry their place. Exact: the
//! whole value. Numeric: the neighbourhood of the value on a grid (Vatsalan and Christen,
//! "Privacy-preserving matching of similar patients", Journal of Biomedical Informatics 2015).

use num_bigint::{BigInt, Sign, ToBigInt};

use super::error::Breach;
use super::number;

/// How the characters of a token become bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Ascii,
    Utf8,
    /// Little-endian, with a byte order mark before every token.
    Utf16,
    /// Little-endian, with a byte order mark before every token.
    Utf32,
}

/// How values of a feature are compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// Windows of `n` characters.
    Ngram { n: usize, positional: bool },
    /// Equal or not.
    Exact,
    /// Near or far.
    Numeric(Grid),
}

/// The grid of a numeric comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The distance between tokens, in units of 1 / (10^precision x 2 x resolution).
    interval: u64,
    /// Tokens on either side of the middle one.
    resolution: u32,
    /// Digits after the point that count.
    precision: u32,
}

impl Grid {
    /// A grid on which numbers further apart than `distance` share no token. `None` if the
    /// distance, in units of the last digit that counts, is 0 or 2^53 or more.
    pub fn new(distance: f64, resolution: u32, precision: u32) -> Option<Self> {
        let interval = (distance * power_of_ten(precision)?).round_ties_even();
        let whole = interval.to_bigint()?;
        let interval = u64::try_from(whole).ok()?;
        (1..1 << 53).contains(&interval).then_some(Grid {
            interval,
            resolution,
            precision,
        })
    }

    /// The number of a text on this grid's scale: whole numbers exactly, others by way of a
    /// double, rounded half to even, or cut if no digit after the point counts.
    fn scaled(&self, text: &str) -> Option<BigInt> {
        if let Some(plain) = number::integer(text) {
            let value: BigInt = plain.parse().ok()?;
            return Some(value * BigInt::from(10_u8).pow(self.precision));
        }
        let value = number::float(text)?;
        if self.precision == 0 {
            return value.trunc().to_bigint();
        }
        (value * power_of_ten(self.precision)?)
            .round_ties_even()
            .to_bigint()
    }

    /// The tokens of a number, from the least to the greatest.
    fn tokens(&self, text: &str) -> Option<Vec<BigInt>> {
        let value = self.scaled(text)? * (2 * u64::from(self.resolution));
        let interval = BigInt::from(self.interval);
        let mut residue = &value % &interval;
        if residue.sign() == Sign::Minus {
            residue += &interval;
        }
        let middle = if residue == BigInt::ZERO {
            value
        } else if &residue * 2_u8 < interval {
            value - residue
        } else {
            value + (&interval - residue)
        };
        let reach = i64::from(self.resolution);
        Some((-reach..=reach).map(|i| &middle + &interval * i).collect())
    }
}

/// A number in decimal digits.
fn push_decimal(bytes: &mut Vec<u8>, number: usize) {
    match u8::try_from(number) {
        Ok(digit @ 0..10) => bytes.push(b'0' + digit),
        _ => bytes.extend_from_slice(number.to_string().as_bytes()),
    }
}

/// 10^n as the nearest double; `None` if it is beyond the doubles.
fn power_of_ten(n: u32) -> Option<f64> {
    let power: f64 = format!("1e{n}").parse().ok()?;
    power.is_finite().then_some(power)
}

/// The tokens of one value, as bytes; its memory is used again for the next.
#[derive(Default)]
pub struct Tokens {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    padded: String,
    starts: Vec<usize>,
}

impl Tokens {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The tokens in their order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .filter_map(|(start, &end)| self.bytes.get(start..end))
    }

    /// Puts the tokens of a value in place of those that were here. An empty value has none.
    pub fn fill(
        &mut self,
        comparison: &Comparison,
        encoding: Encoding,
        value: &str,
    ) -> Result<(), Breach> {
        self.bytes.clear();
        self.ends.clear();
        if value.is_empty() {
            return Ok(());
        }
        if encoding == Encoding::Ascii && !value.is_ascii() {
            return Err(Breach::NotAscii);
        }
        match comparison {
            Comparison::Ngram { n, positional } => self.ngrams(*n, *positional, encoding, value),
            Comparison::Exact => self.push(None, value, encoding),
            Comparison::Numeric(grid) => {
                for token in grid.tokens(value).ok_or(Breach::Number)? {
                    self.push(None, &token.to_string(), encoding);
                }
            }
        }
        Ok(())
    }

    fn ngrams(&mut self, n: usize, positional: bool, encoding: Encoding, value: &str) {
        let mut padded = std::mem::take(&mut self.padded);
        let mut starts = std::mem::take(&mut self.starts);
        padded.clear();
        let blanks = n.saturating_sub(1);
        padded.extend(std::iter::repeat_n(' ', blanks));
        padded.push_str(value);
        padded.extend(std::iter::repeat_n(' ', blanks));
        starts.clear();
        starts.extend(padded.char_indices().map(|(at, _)| at));
        starts.push(padded.len());
        for (i, (&start, &end)) in starts.iter().zip(starts.iter().skip(n)).enumerate() {
            let gram = padded.get(start..end).unwrap_or_default();
            self.push(positional.then_some(i + 1), gram, encoding);
        }
        self.padded = padded;
        self.starts = starts;
    }

    fn push(&mut self, place: Option<usize>, gram: &str, encoding: Encoding) {
        match encoding {
            Encoding::Ascii | Encoding::Utf8 => {
                if let Some(place) = place {
                    push_decimal(&mut self.bytes, place);
                    self.bytes.push(b' ');
                }
                self.bytes.extend_from_slice(gram.as_bytes());
            }
            Encoding::Utf16 | Encoding::Utf32 => {
                let prefix = place.map(|p| format!("{p} ")).unwrap_or_default();
                let characters = std::iter::once('\u{feff}')
                    .chain(prefix.chars())
                    .chain(gram.chars());
                for c in characters {
                    if encoding == Encoding::Utf32 {
                        self.bytes.extend(u32::from(c).to_le_bytes());
                    } else {
                        let mut units = [0_u16; 2];
                        for unit in c.encode_utf16(&mut units) {
                            self.bytes.extend(unit.to_le_bytes());
                        }
                    }
                }
            }
        }
        self.ends.push(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(comparison: &Comparison, value: &str) -> Vec<String> {
        let mut tokens = Tokens::default();
        tokens
            .fill(comparison, Encoding::Utf8, value)
            .expect("tokens");
        tokens
            .iter()
            .map(|t| String::from_utf8(t.to_vec()).expect("text"))
            .collect()
    }

    fn numeric(distance: f64, resolution: u32, precision: u32, value: &str) -> Vec<String> {
        let grid = Grid::new(distance, resolution, precision).expect("grid");
        texts(&Comparison::Numeric(grid), value)
    }

    #[test]
    fn ngrams_are_padded_and_numbered() {
        let of = |n, positional, value: &str| texts(&Comparison::Ngram { n, positional }, value);
        assert_eq!(of(2, false, "ada"), [" a", "ad", "da", "a "]);
        assert_eq!(of(1, true, "12"), ["1 1", "2 2"]);
        assert_eq!(of(2, true, "a"), ["1  a", "2 a "]);
        assert_eq!(of(3, false, "ë"), ["  ë", " ë ", "ë  "]);
        assert_eq!(of(2, false, ""), [""; 0]);
        assert_eq!(texts(&Comparison::Exact, "a b"), ["a b"]);
    }

    #[test]
    fn neighbourhoods_are_those_of_the_documentation() {
        // The example in the documentation of clkhash: thresholdDistance 8, resolution 2.
        assert_eq!(numeric(8.0, 2, 0, "25"), ["88", "96", "104", "112", "120"]);
        assert_eq!(numeric(8.0, 2, 0, "25.9"), numeric(8.0, 2, 0, "25"));
        assert_eq!(numeric(8.0, 1, 0, "-1"), ["-8", "0", "8"]);
        // 2.5 and 3.5 units of the last digit: half to even, on the binary doubles.
        assert_eq!(numeric(0.5, 1, 1, "0.25"), numeric(0.5, 1, 1, "0.2"));
        // Far beyond 128 bits.
        let big = numeric(3.0, 1, 0, "100000000000000000000000000000000000000000001");
        assert_eq!(big[1], "200000000000000000000000000000000000000000001");
        let grid = Comparison::Numeric(Grid::new(8.0, 2, 0).expect("grid"));
        for wrong in ["x", "inf", "nan", "1e400"] {
            let mut tokens = Tokens::default();
            let found = tokens.fill(&grid, Encoding::Utf8, wrong);
            assert_eq!(found, Err(Breach::Number), "{wrong}");
        }
        assert!(Grid::new(0.04, 1, 1).is_none());
        assert!(Grid::new(1e16, 1, 0).is_none());
    }

    #[test]
    fn wide_encodings_begin_with_a_byte_order_mark() {
        let mut tokens = Tokens::default();
        let unigram = Comparison::Ngram {
            n: 1,
            positional: false,
        };
        tokens
            .fill(&unigram, Encoding::Utf16, "\u{1d49c}")
            .expect("tokens");
        assert_eq!(
            tokens.iter().next(),
            Some(&[0xff, 0xfe, 0x35, 0xd8, 0x9c, 0xdc][..])
        );
        tokens
            .fill(&unigram, Encoding::Utf32, "\u{1d49c}")
            .expect("tokens");
        assert_eq!(
            tokens.iter().next(),
            Some(&[0xff, 0xfe, 0, 0, 0x9c, 0xd4, 1, 0][..])
        );
        let found = tokens.fill(&unigram, Encoding::Ascii, "é");
        assert_eq!(found, Err(Breach::NotAscii));
    }

    proptest! {
        #[test]
        fn there_are_as_many_ngrams_as_windows(value in "\\PC{1,12}", n in 1_usize..5) {
            let grams = texts(&Comparison::Ngram { n, positional: false }, &value);
            prop_assert_eq!(grams.len(), value.chars().count() + n - 1);
            for gram in grams {
                prop_assert_eq!(gram.chars().count(), n);
            }
        }

        /// Beyond the distance, and half a step for the rounding to the grid, nothing is shared.
        #[test]
        fn numbers_far_apart_share_no_token(a in -10_000_i64..10_000, gap in 0_i64..40) {
            let of = |v: i64| numeric(8.0, 2, 0, &v.to_string());
            let (left, right) = (of(a), of(a + gap));
            let shared = left.iter().filter(|t| right.contains(t)).count();
            if gap > 10 {
                prop_assert_eq!(shared, 0);
            }
            if gap < 6 {
                prop_assert!(shared > 0);
            }
        }
    }
}
