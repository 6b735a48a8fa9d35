//! Standardised forms of names, dates, postcodes and system numbers, so that equal things are
//! written equally before they are encoded.
//!
//! Every function takes what a source wrote and gives the one form that the canonical model
//! knows, or nothing where the source wrote nothing that can be trusted. None of them keeps,
//! prints or quotes a value. Each is idempotent: a standardised form is its own standardised form.

mod date;
mod name;
mod numbers;
mod postcode;

pub use date::{NotADate, date, is_default_date_of_birth};
pub use name::name;
pub use numbers::{crn, cro, noms, pnc, upn};
pub use postcode::{is_dummy_postcode, postcode};

/// `M` or `F` from the codes that the sources use: `M`, `F`, `MALE`, `FEMALE` in any case, and the
/// numeric `1` and `2` of ISO/IEC 5218 (SSDA903 to 2023/24). Anything else, `U`, `0` and `9`
/// included, is not known.
pub fn sex(raw: &str) -> Option<&'static str> {
    let raw = raw.trim();
    if raw == "1" || raw.eq_ignore_ascii_case("M") || raw.eq_ignore_ascii_case("MALE") {
        Some("M")
    } else if raw == "2" || raw.eq_ignore_ascii_case("F") || raw.eq_ignore_ascii_case("FEMALE") {
        Some("F")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::sex;

    #[test]
    fn sex_is_read_from_words_letters_and_iso_numbers() {
        for raw in ["M", "m", " male ", "1", "Male"] {
            assert_eq!(sex(raw), Some("M"), "{raw}");
        }
        for raw in ["F", "FEMALE", "2", "female"] {
            assert_eq!(sex(raw), Some("F"), "{raw}");
        }
        for raw in ["", "U", "0", "9", "X", "MF"] {
            assert_eq!(sex(raw), None, "{raw}");
        }
    }
}
