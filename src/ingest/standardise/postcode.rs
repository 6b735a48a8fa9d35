//! Postcodes: `AB1 2CD`.

/// The standard form of a British postcode, outward part, one space, inward part. None where the
/// text does not have the shape of a postcode, or is a dummy (see [`is_dummy_postcode`]).
///
/// The letter O in the place of the inward digit is read as zero; no other guess is made, and
/// whether the postcode exists is a question for the postcode directory.
pub fn postcode(raw: &str) -> Option<String> {
    let standard = shaped(raw)?;
    (!is_dummy(&standard)).then_some(standard)
}

/// Is this a postcode that stands for none? `NF1 1NF` and `NF1 1FA` (no fixed abode in prison and
/// probation systems) and the rest of `NF1`, and the `ZZ99` codes (no fixed abode, unknown,
/// abroad, in health and education systems).
pub fn is_dummy_postcode(raw: &str) -> bool {
    shaped(raw).is_some_and(|standard| is_dummy(&standard))
}

fn is_dummy(standard: &str) -> bool {
    standard.starts_with("NF1 ") || standard.starts_with("ZZ99 ")
}

fn shaped(raw: &str) -> Option<String> {
    let mut all = [0_u8; 7];
    let mut length = 0;
    for byte in raw.bytes().filter(|b| !b.is_ascii_whitespace()) {
        *all.get_mut(length)? = byte.to_ascii_uppercase();
        length += 1;
    }
    let code = all.get(..length)?;
    let (outward, inward) = code.split_at_checked(length.checked_sub(3)?)?;
    let inward = match *inward {
        [b'O', a, b] => [b'0', a, b],
        [digit, a, b] => [digit, a, b],
        _ => return None,
    };
    let letter = |b: &u8| b.is_ascii_uppercase();
    let digit = |b: &u8| b.is_ascii_digit();
    let outward_fits = match outward {
        [a, b] => letter(a) && digit(b),
        [a, b, c] => {
            letter(a) && ((digit(b) && (digit(c) || letter(c))) || (letter(b) && digit(c)))
        }
        [a, b, c, d] => letter(a) && letter(b) && digit(c) && (digit(d) || letter(d)),
        _ => false,
    } || outward == b"GIR";
    let [d, a, b] = &inward;
    if !(outward_fits && digit(d) && letter(a) && letter(b)) {
        return None;
    }
    let mut out = String::with_capacity(8);
    out.extend(outward.iter().map(|b| char::from(*b)));
    out.push(' ');
    out.extend(inward.iter().map(|b| char::from(*b)));
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_dummy_postcode, postcode};

    #[test]
    fn the_six_shapes_and_girobank_are_postcodes() {
        for (raw, standard) in [
            ("m11ae", "M1 1AE"),
            ("B33 8TH", "B33 8TH"),
            ("cr2  6xh", "CR2 6XH"),
            ("DN551PT", "DN55 1PT"),
            ("w1a 0ax", "W1A 0AX"),
            ("EC1A 1BB", "EC1A 1BB"),
            ("GIR 0AA", "GIR 0AA"),
            ("SW1A OAA", "SW1A 0AA"),
        ] {
            assert_eq!(postcode(raw).as_deref(), Some(standard), "{raw}");
        }
        for raw in [
            "",
            "4011",
            "AB1",
            "A1 1A",
            "AAA1 1AA",
            "1AA",
            "AB12345",
            "É1 1AA",
            "AB1 2CDE9",
        ] {
            assert_eq!(postcode(raw), None, "{raw}");
            assert!(!is_dummy_postcode(raw), "{raw}");
        }
    }

    #[test]
    fn no_fixed_abode_is_no_postcode() {
        for raw in ["NF1 1NF", "nf11fa", "ZZ99 3VZ", "zz993wz"] {
            assert_eq!(postcode(raw), None, "{raw}");
            assert!(is_dummy_postcode(raw), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_standard_postcode_is_its_own_form(raw in "[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9O][A-Za-z]{2}") {
            if let Some(standard) = postcode(&raw) {
                prop_assert_eq!(postcode(&standard), Some(standard.clone()));
            }
        }

        #[test]
        fn no_text_upsets_it(raw in "\\PC{0,12}") {
            let _ = postcode(&raw);
        }
    }
}
