//! Bloom filters over the tokens of fields, keyed by the block.
//!
//! A field sets a fixed number of bits whatever its length: the number is shared out among its
//! tokens, so that the bits set tell nothing of how long a name is (attack A10). Names have pairs
//! of letters, padded with a blank on both sides; dates and postcodes have single characters with
//! their place. A token that occurs twice counts as two different ones.

use super::rule::BlockError;
use crate::pseudonymise::Identity;
use crate::pseudonymise::cipher::{Block, PassKey, keyed, short};

/// Positions that one evaluation of the pseudo-random function gives.
const PER_BLOCK: usize = 8;

/// A field that a filter can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilterField {
    /// Pairs of letters of the forename.
    Forename,
    /// Pairs of letters of the surname.
    Surname,
    /// Digits of the date of birth with their place.
    DateOfBirth,
    /// Characters of the postcode with their place.
    Postcode,
}

impl FilterField {
    fn word(self) -> &'static str {
        match self {
            FilterField::Forename => "forename",
            FilterField::Surname => "surname",
            FilterField::DateOfBirth => "date_of_birth",
            FilterField::Postcode => "postcode",
        }
    }

    /// Forename and surname share a domain, so that swapped ones can be compared.
    fn domain(self) -> u8 {
        match self {
            FilterField::Forename | FilterField::Surname => 128,
            FilterField::DateOfBirth => 129,
            FilterField::Postcode => 130,
        }
    }

    fn tokens(self, who: &Identity<'_>, out: &mut Vec<Token>) {
        match self {
            FilterField::Forename => pairs(who.forename, out),
            FilterField::Surname => pairs(who.surname, out),
            FilterField::Postcode => places(who.postcode.unwrap_or_default().bytes(), out),
            FilterField::DateOfBirth => {
                if let (Some(y), Some(m), Some(d)) = (who.year, who.month, who.day) {
                    let number = i64::from(y) * 10_000 + i64::from(m) * 100 + i64::from(d);
                    let digits = number.to_string();
                    places(digits.bytes(), out);
                }
            }
        }
    }
}

/// Two characters, or one and its place.
type Token = [u8; 2];

fn pairs(name: Option<&str>, out: &mut Vec<Token>) {
    let Some(name) = name.filter(|n| !n.is_empty()) else {
        return;
    };
    let mut last = b' ';
    for byte in name.bytes().chain([b' ']) {
        out.push([last, byte]);
        last = byte;
    }
}

fn places(characters: impl Iterator<Item = u8>, out: &mut Vec<Token>) {
    out.extend((1_u8..).zip(characters).map(|(place, c)| [place, c]));
}

/// One segment of bits and the fields in it, each with its number of positions.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    bits: u32,
    fields: Vec<(FilterField, u32)>,
}

/// A layout of filters: one segment for all fields, or one a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filters {
    segments: Vec<Segment>,
}

impl Filters {
    /// One filter for the whole record: 1,024 bits; 200 positions for each name, 160 for the date
    /// of birth, 100 for the postcode. With all fields, just under half the bits are set.
    pub fn record() -> Self {
        Filters {
            segments: vec![Segment {
                bits: 1024,
                fields: vec![
                    (FilterField::Forename, 200),
                    (FilterField::Surname, 200),
                    (FilterField::DateOfBirth, 160),
                    (FilterField::Postcode, 100),
                ],
            }],
        }
    }

    /// One filter a field, of `bits` bits with a third as many positions.
    pub fn fields(bits: u32) -> Result<Self, BlockError> {
        let all = [
            FilterField::Forename,
            FilterField::Surname,
            FilterField::DateOfBirth,
            FilterField::Postcode,
        ];
        let positions = bits / 3;
        if !bits.is_power_of_two() || !(64..=4096).contains(&bits) {
            return Err(BlockError::Filter {
                bits,
                positions,
                field: all.first().map_or("", |f| f.word()),
            });
        }
        let segments = all.map(|field| Segment {
            bits,
            fields: vec![(field, positions)],
        });
        Ok(Filters {
            segments: segments.to_vec(),
        })
    }

    /// Bytes of an encoding.
    pub fn width(&self) -> usize {
        self.segments.iter().map(|s| bytes(s.bits)).sum()
    }

    /// What the bits are, for the footer of a file.
    pub(super) fn describe(&self) -> String {
        let segment = |s: &Segment| {
            let fields: Vec<String> = s
                .fields
                .iter()
                .map(|(field, positions)| format!("{} {positions}", field.word()))
                .collect();
            format!("{} bits of {}", s.bits, fields.join(", "))
        };
        let segments: Vec<String> = self.segments.iter().map(segment).collect();
        format!("filter {}", segments.join("; "))
    }

    /// The byte ranges of the segments.
    pub fn ranges(&self) -> Vec<std::ops::Range<usize>> {
        let mut start = 0;
        let range = |segment: &Segment| {
            let from = start;
            start += bytes(segment.bits);
            from..start
        };
        self.segments.iter().map(range).collect()
    }

    /// One filter a person under one key for all, as a plain cryptographic long-term key has it.
    /// Whoever holds the people names nearly all of them without the key (attack A4): it is here
    /// to be attacked beside the encodings that are used, and for nothing else.
    pub fn plain(&self, key: [u8; 16], people: &[Identity<'_>]) -> Vec<Vec<u8>> {
        let (pass, mut plan, mut work) = (PassKey::new(key), Plan::default(), Vec::new());
        let one = |who: &Identity<'_>| {
            let mut out = vec![0; self.width()];
            self.prepare(who, &mut plan);
            Filters::set(&plan, &pass, &Block::default(), &mut work, &mut out);
            out
        };
        people.iter().map(one).collect()
    }

    /// The evaluations that a person's filters need, in the order in which [`set`](Self::set)
    /// takes their results.
    pub(super) fn prepare(&self, who: &Identity<'_>, plan: &mut Plan) {
        plan.clear();
        let mut byte = 0;
        for segment in &self.segments {
            for (field, positions) in &segment.fields {
                plan.tokens.clear();
                field.tokens(who, &mut plan.tokens);
                plan.share_out(field.domain(), *positions, byte, segment.bits);
            }
            byte += bytes(segment.bits);
        }
    }

    /// Sets the bits of a prepared person under a block's key; `out` is [`width`](Self::width)
    /// zero bytes.
    pub(super) fn set(
        plan: &Plan,
        pass: &PassKey,
        key: &Block,
        work: &mut Vec<Block>,
        out: &mut [u8],
    ) {
        work.clear();
        work.extend(plan.blocks.iter().map(|message| keyed(key, message)));
        pass.values(work);
        for (shares, block) in plan.shares.iter().zip(work.iter()) {
            let mask = shares.bits - 1;
            for pair in block.chunks_exact(2).take(usize::from(shares.positions)) {
                let value = pair
                    .first_chunk::<2>()
                    .map_or(0, |p| u16::from_le_bytes(*p))
                    & mask;
                let place = shares.byte + usize::from(value >> 3);
                if let Some(slot) = out.get_mut(place) {
                    *slot |= 1 << (value & 7);
                }
            }
        }
    }
}

fn bytes(bits: u32) -> usize {
    usize::try_from(bits / 8).unwrap_or(0)
}

/// What one evaluation gives: so many positions in a segment.
#[derive(Clone, Copy)]
struct Shares {
    byte: usize,
    bits: u16,
    positions: u8,
}

/// A person's filters before a block's key: the evaluations, and where their results go.
#[derive(Default)]
pub(super) struct Plan {
    tokens: Vec<Token>,
    blocks: Vec<Block>,
    shares: Vec<Shares>,
}

impl Plan {
    fn clear(&mut self) {
        self.blocks.clear();
        self.shares.clear();
    }

    /// Shares `positions` out among the tokens: the first ones get one more where it does not go
    /// up.
    fn share_out(&mut self, domain: u8, positions: u32, byte: usize, bits: u32) {
        let count = u32::try_from(self.tokens.len()).unwrap_or(u32::MAX);
        if count == 0 {
            return;
        }
        let (each, more) = (positions / count, positions % count);
        let bits = u16::try_from(bits).unwrap_or(u16::MAX);
        for (i, token) in (0_u32..).zip(&self.tokens) {
            let before = self.tokens.iter().take(usize::try_from(i).unwrap_or(0));
            let occurrence = before.filter(|t| *t == token).count();
            let occurrence = u8::try_from(occurrence).unwrap_or(u8::MAX);
            let mut left = usize::try_from(each + u32::from(i < more)).unwrap_or(0);
            let mut counter = 0_u8;
            while left > 0 {
                let [a, b] = *token;
                self.blocks.push(short(domain, [occurrence, a, b, counter]));
                let positions = left.min(PER_BLOCK);
                self.shares.push(Shares {
                    byte,
                    bits,
                    positions: u8::try_from(positions).unwrap_or(0),
                });
                left -= positions;
                counter = counter.saturating_add(1);
            }
        }
    }
}
