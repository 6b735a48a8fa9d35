//! A feature: the format its values must have, and the form in which they are hashed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use num_bigint::BigInt;

use super::bits::Hashing;
use super::date::DateFormat;
use super::error::Breach;
use super::number;
use super::pattern::Pattern;
use super::tokens::{Comparison, Encoding};

/// One column of the table.
pub struct Feature {
    pub(super) identifier: String,
    /// `None` for a column that is ignored.
    pub(super) encoded: Option<Encoded>,
}

/// What is done with the values of a column.
pub struct Encoded {
    pub(super) format: Format,
    pub(super) missing: Option<Missing>,
    pub(super) comparison: Comparison,
    pub(super) encoding: Encoding,
    pub(super) hashing: Hashing,
}

/// How "no value" is written, and what is hashed in its place.
pub struct Missing {
    pub(super) sentinel: String,
    pub(super) replacement: String,
}

/// What values may look like.
pub enum Format {
    /// Text within limits.
    Text {
        case: Case,
        least: Option<u64>,
        most: Option<u64>,
    },
    /// Text that matches an expression.
    Pattern(Pattern),
    /// A whole number.
    Integer {
        minimum: Option<BigInt>,
        maximum: Option<BigInt>,
    },
    /// A date.
    Date(DateFormat),
    /// One of a list.
    Enum(BTreeSet<String>),
}

/// The case that letters must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    Upper,
    Lower,
    Mixed,
}

impl Encoded {
    /// The form in which a value is hashed. A sentinel is replaced and neither checked nor
    /// reformatted.
    pub fn prepare<'v>(&'v self, raw: &'v str) -> Result<Cow<'v, str>, Breach> {
        if let Some(missing) = &self.missing
            && missing.sentinel == raw
        {
            return Ok(Cow::Borrowed(&missing.replacement));
        }
        if self.encoding == Encoding::Ascii && !raw.is_ascii() {
            return Err(Breach::NotAscii);
        }
        self.format.canonical(raw)
    }
}

impl Format {
    fn canonical<'v>(&self, raw: &'v str) -> Result<Cow<'v, str>, Breach> {
        match self {
            Format::Text { case, least, most } => {
                check_text(raw, *case, *least, *most)?;
                Ok(Cow::Borrowed(raw))
            }
            Format::Pattern(pattern) => pattern.check(raw).map(|()| Cow::Borrowed(raw)),
            Format::Integer { minimum, maximum } => {
                let plain = number::integer(raw).ok_or(Breach::Integer)?;
                if minimum.is_some() || maximum.is_some() {
                    let value: BigInt = plain.parse().map_err(|_| Breach::Integer)?;
                    if minimum.as_ref().is_some_and(|m| value < *m) {
                        return Err(Breach::Minimum);
                    }
                    if maximum.as_ref().is_some_and(|m| value > *m) {
                        return Err(Breach::Maximum);
                    }
                }
                Ok(Cow::Owned(plain))
            }
            Format::Date(format) => format.canonical(raw).map(Cow::Owned),
            Format::Enum(values) if values.contains(raw) => Ok(Cow::Borrowed(raw)),
            Format::Enum(_) => Err(Breach::Enum),
        }
    }
}

fn check_text(raw: &str, case: Case, least: Option<u64>, most: Option<u64>) -> Result<(), Breach> {
    if least.is_some() || most.is_some() {
        let length = u64::try_from(raw.chars().count()).unwrap_or(u64::MAX);
        if let Some(least) = least.filter(|&l| length < l) {
            return Err(Breach::TooShort(least));
        }
        if let Some(most) = most.filter(|&m| length > m) {
            return Err(Breach::TooLong(most));
        }
    }
    match case {
        Case::Upper if raw.to_uppercase() != raw => Err(Breach::Case("upper")),
        Case::Lower if raw.to_lowercase() != raw => Err(Breach::Case("lower")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters_and_case_is_that_of_unicode() {
        assert_eq!(check_text("Zoë", Case::Mixed, Some(3), Some(3)), Ok(()));
        assert_eq!(
            check_text("Zoë", Case::Mixed, Some(4), None),
            Err(Breach::TooShort(4))
        );
        assert_eq!(
            check_text("Zoë", Case::Mixed, None, Some(2)),
            Err(Breach::TooLong(2))
        );
        assert_eq!(check_text("ÉVA 1", Case::Upper, None, None), Ok(()));
        assert_eq!(
            check_text("ß", Case::Upper, None, None),
            Err(Breach::Case("upper"))
        );
        assert_eq!(
            check_text("aB", Case::Lower, None, None),
            Err(Breach::Case("lower"))
        );
    }
}
