//! What an encoding says of itself, and how far two of one block agree.

use crate::comparison::{Level, MISSING};

/// The levels of a comparison of encodings, best first.
pub const LEVELS: u8 = 5;
/// From these similarities on two filters of a whole record have levels 1 to 4: the same, an error in
/// one field, in two, and what strangers of one block hardly reach.
const RECORD: [f64; 4] = [0.97, 0.88, 0.78, 0.70];
/// The same of the filters of one field.
const FIELD: [f64; 4] = [0.99, 0.75, 0.55, 0.40];

/// A pass, as the footer of its file names it: `rule: form`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassName {
    /// The blocking rule.
    pub rule: String,
    /// What its encodings are.
    pub form: Form,
}

/// The form of an encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Bloom filters: of each its comparison and its bytes.
    Filters(Vec<(&'static str, usize)>),
    /// Tags of the lanes of one field, a byte each.
    Lanes(&'static str),
}

/// The comparison of filters of whole records.
pub const RECORD_FILTER: &str = "record";
/// Fields and the comparisons that they are.
const FIELDS: [&str; 4] = ["forename", "surname", "date_of_birth", "postcode"];

fn field(word: &str) -> Option<&'static str> {
    let stem = word.split('.').next().unwrap_or(word);
    FIELDS.into_iter().find(|field| *field == stem)
}

impl PassName {
    /// Reads a footer; none if it is of no form that can be compared.
    pub fn parse(text: &str) -> Option<Self> {
        let (rule, form) = text.split_once(": ")?;
        let form = match form.split_once(' ')? {
            ("filter", segments) => {
                Form::Filters(segments.split("; ").map(segment).collect::<Option<_>>()?)
            }
            ("lanes", lanes) => Form::Lanes(field(lanes.split(' ').next()?)?),
            _ => return None,
        };
        Some(PassName {
            rule: rule.to_owned(),
            form,
        })
    }

    /// The comparisons that its encodings make.
    pub fn comparisons(&self) -> Vec<&'static str> {
        match &self.form {
            Form::Filters(segments) => segments.iter().map(|(name, _)| *name).collect(),
            Form::Lanes(field) => vec![field],
        }
    }

    /// The fields that the rule looks at.
    pub fn fields_of_rule(rule: &str) -> Vec<&'static str> {
        let of = |part: &str| match part.split('.').next() {
            Some("names") => vec!["forename", "surname"],
            _ => field(part).into_iter().collect(),
        };
        rule.split('+').flat_map(of).collect()
    }
}

/// `1024 bits of forename 200, surname 200, …`.
fn segment(text: &str) -> Option<(&'static str, usize)> {
    let (bits, fields) = text.split_once(" bits of ")?;
    let bytes = bits.parse::<usize>().ok()? / 8;
    let mut fields = fields.split(", ");
    let first = field(fields.next()?.split(' ').next()?)?;
    let name = if fields.next().is_some() {
        RECORD_FILTER
    } else {
        first
    };
    Some((name, bytes))
}

impl Form {
    /// The bytes of an encoding; none where the file alone knows.
    pub fn width(&self) -> Option<usize> {
        match self {
            Form::Filters(segments) => Some(segments.iter().map(|(_, bytes)| bytes).sum()),
            Form::Lanes(_) => None,
        }
    }

    /// The levels of two encodings, one a comparison.
    pub fn levels(&self, a: &[u8], b: &[u8]) -> Vec<Level> {
        match self {
            Form::Lanes(_) => vec![of_lanes(a, b)],
            Form::Filters(segments) => {
                let mut from = 0;
                let level = |(name, bytes): &(&'static str, usize)| {
                    let here = from..from + bytes;
                    from += bytes;
                    let bands = if *name == RECORD_FILTER {
                        RECORD
                    } else {
                        FIELD
                    };
                    let a = a.get(here.clone()).unwrap_or_default();
                    let b = b.get(here).unwrap_or_default();
                    dice(a, b).map_or(MISSING, |similarity| band(similarity, &bands))
                };
                segments.iter().map(level).collect()
            }
        }
    }
}

fn band(similarity: f64, bands: &[f64; 4]) -> Level {
    let below = bands
        .iter()
        .take_while(|least| similarity < **least)
        .count();
    Level::try_from(below + 1).unwrap_or(LEVELS)
}

/// Twice the bits in common over the bits of both (Dice, "Measures of the amount of ecologic
/// association between species", 1945); none where one has no bit.
pub fn dice(a: &[u8], b: &[u8]) -> Option<f64> {
    let ones = |bytes: &[u8]| bytes.iter().map(|byte| byte.count_ones()).sum::<u32>();
    let (of_a, of_b) = (ones(a), ones(b));
    let both: u32 = a.iter().zip(b).map(|(x, y)| (x & y).count_ones()).sum();
    (of_a > 0 && of_b > 0).then(|| 2.0 * f64::from(both) / f64::from(of_a + of_b))
}

/// Of tags: all agree; half or more; several; one; none. The first is of the whole value, and without
/// it the value is missing.
fn of_lanes(a: &[u8], b: &[u8]) -> Level {
    let there = |x: &u8, y: &u8| *x != 0 && *y != 0;
    let mut pairs = a.iter().zip(b);
    let Some(whole) = pairs.next().filter(|(x, y)| there(x, y)) else {
        return MISSING;
    };
    let rest: Vec<bool> = pairs
        .filter(|(x, y)| there(x, y))
        .map(|(x, y)| x == y)
        .collect();
    let agree = rest.iter().filter(|same| **same).count() + usize::from(whole.0 == whole.1);
    let all = rest.len() + 1;
    match agree {
        n if n == all => 1,
        n if 2 * n >= all => 2,
        2.. => 3,
        1 => 4,
        0 => LEVELS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::pseudonymise::{Arrangement, BlockPass, BlockRule};

    #[test]
    fn every_form_that_is_written_is_read() {
        for arrangement in [Arrangement::Lanes, Arrangement::Record, Arrangement::Fields] {
            for pass in BlockPass::of_rules(&BlockRule::usual(), arrangement).expect("passes") {
                let text = format!("{}: {}", pass.rule.name(), pass.form.describe());
                let name = PassName::parse(&text).expect("a name");
                assert_eq!(name.rule, pass.rule.name());
                assert!(
                    name.form
                        .width()
                        .is_none_or(|width| width == pass.form.width())
                );
                let fields = name.comparisons();
                match arrangement {
                    Arrangement::Record => assert_eq!(fields, [RECORD_FILTER]),
                    Arrangement::Fields => assert_eq!(fields, FIELDS),
                    Arrangement::Lanes => assert_eq!(fields.len(), 1, "{text}"),
                }
            }
        }
        assert_eq!(PassName::parse("postcode: runes of forename"), None);
        assert_eq!(
            PassName::fields_of_rule("surname.soundex+date_of_birth.year"),
            ["surname", "date_of_birth"]
        );
    }

    #[test]
    fn levels_of_filters_and_of_lanes() {
        let form = Form::Filters(vec![(RECORD_FILTER, 2), ("surname", 1)]);
        assert_eq!(form.levels(&[0xff, 0xff, 0], &[0xff, 0xff, 1]), [1, 0]);
        // 15 of 16 bits, and half of those of a field.
        assert_eq!(
            form.levels(&[0xff, 0xff, 0b11], &[0xff, 0x7f, 0b110]),
            [2, 4]
        );
        assert_eq!(form.levels(&[0xff, 0, 1], &[0, 0xff, 2]), [5, 5]);
        let lanes = Form::Lanes("forename");
        let level = |a: [u8; 5], b: [u8; 5]| lanes.levels(&a, &b)[0];
        assert_eq!(level([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]), 1);
        assert_eq!(level([1, 2, 3, 4, 5], [9, 2, 3, 4, 9]), 2);
        assert_eq!(level([1, 2, 3, 4, 5], [9, 2, 3, 9, 9]), 3);
        assert_eq!(level([1, 2, 3, 4, 5], [9, 9, 9, 9, 5]), 4);
        assert_eq!(level([1, 2, 3, 4, 5], [9, 9, 9, 9, 9]), 5);
        assert_eq!(level([0, 2, 3, 4, 5], [1, 2, 3, 4, 5]), 0);
        assert_eq!(lanes.levels(&[7], &[7]), [1]);
    }
}
