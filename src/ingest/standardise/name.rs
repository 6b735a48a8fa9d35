//! Names: upper-case A to Z and single spaces.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What migrations and reception desks left in name fields (HMPPS Core Person Record removes the
/// same three).
const DEBRIS: [&str; 3] = ["MIG_ERROR_", "NO_SHOW_", "DUPLICATE_"];

/// The standard form of a name: upper-case, accents folded, apostrophes removed (`O'NEIL` is
/// `ONEIL`), hyphens and every other sign one space, debris of migrations removed. None if no
/// letter is left.
///
/// Accents are folded by compatibility decomposition (Unicode NFKD) without the combining marks;
/// the Latin letters that do not decompose are written as English documents write them (`Ø` O,
/// `Æ` AE, `Þ` TH, `Đ` D, `Ł` L, `Œ` OE).
pub fn name(raw: &str) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    if raw.is_ascii() && !raw.contains('_') {
        for c in raw.bytes() {
            push(&mut out, char::from(c));
        }
    } else {
        let mut text = raw.to_uppercase();
        for debris in DEBRIS {
            if text.contains(debris) {
                text = text.replace(debris, " ");
            }
        }
        // An acute accent that stands alone would decompose to a space and a mark.
        let plain = text.chars().filter(|c| !is_apostrophe(*c));
        for c in plain.nfkd().filter(|c| !is_combining_mark(*c)) {
            for upper in c.to_uppercase() {
                push(&mut out, upper);
            }
        }
    }
    out.truncate(out.trim_end().len());
    (!out.is_empty()).then_some(out)
}

fn push(out: &mut String, c: char) {
    match c {
        'A'..='Z' => out.push(c),
        'a'..='z' => out.push(c.to_ascii_uppercase()),
        'Ø' => out.push('O'),
        'Æ' => out.push_str("AE"),
        'Œ' => out.push_str("OE"),
        'Þ' => out.push_str("TH"),
        'Đ' | 'Ð' => out.push('D'),
        'Ł' => out.push('L'),
        c if is_apostrophe(c) => {}
        _ => {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        }
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '`' | '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{00B4}' | '\u{02BC}' | '\u{02B9}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::name;

    #[test]
    fn one_person_is_written_one_way() {
        for (raw, standard) in [
            ("O'Neil", "ONEIL"),
            ("O\u{2019}NEIL", "ONEIL"),
            ("Smith-Jones", "SMITH JONES"),
            ("  Anne   Marie ", "ANNE MARIE"),
            ("José", "JOSE"),
            ("Jose\u{301}", "JOSE"),
            ("Łukasz", "LUKASZ"),
            ("Sørensen", "SORENSEN"),
            ("Weiß", "WEISS"),
            ("Æthelred", "AETHELRED"),
            ("MIG_ERROR_Hobbs", "HOBBS"),
            ("duplicate_Hobbs", "HOBBS"),
            ("Hobbs (2)", "HOBBS"),
            ("\u{FB01}nch", "FINCH"),
        ] {
            assert_eq!(name(raw).as_deref(), Some(standard), "{raw}");
        }
        for raw in ["", "  ", "123", "-", "NO_SHOW_", "'", "李"] {
            assert_eq!(name(raw), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_standard_name_is_letters_and_single_spaces_and_its_own_form(raw in "\\PC{0,24}") {
            if let Some(standard) = name(&raw) {
                prop_assert!(standard.bytes().all(|b| b.is_ascii_uppercase() || b == b' '));
                prop_assert!(!standard.contains("  "));
                prop_assert_eq!(standard.trim(), standard.as_str());
                prop_assert_eq!(name(&standard), Some(standard.clone()));
            }
        }

        #[test]
        fn the_two_roads_agree(raw in "[A-Za-z' -]{0,16}") {
            // An accent on the end sends the name down the slow road.
            let slow = name(&format!("{raw}\u{301}"));
            prop_assert_eq!(name(&raw), slow);
        }
    }
}
