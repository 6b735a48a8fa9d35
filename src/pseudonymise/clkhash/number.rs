//! Numbers as the reference reads them: the literals that Python's `int` and `float` accept.
//!
//! Blanks around the number, a sign, single underscores between digits, and the decimal digits of
//! every script are allowed. Source: Python Language Reference, `int()` and `float()`.

/// The digit nought of each decimal system in Unicode 14 (general category Nd); the other nine
/// follow it.
const NOUGHTS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50,
    0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// The longest whole number that the reference reads, in digits.
const MOST_DIGITS: usize = 4300;

/// The value of a decimal digit of any script.
pub fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return u8::try_from(c.to_digit(10)?).ok();
    }
    let code = u32::from(c);
    let after = NOUGHTS.partition_point(|&nought| nought <= code);
    let nought = NOUGHTS.get(after.checked_sub(1)?)?;
    u8::try_from(code - nought).ok().filter(|&d| d < 10)
}

/// A whole number in its one plain form: no blanks, no `+`, no leading noughts, `0` for `-0`.
pub fn integer(text: &str) -> Option<String> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let mut out = String::with_capacity(text.len() + 1);
    if negative {
        out.push('-');
    }
    let (mut count, mut leading, mut after_digit) = (0_usize, true, false);
    for c in digits.chars() {
        if c == '_' && after_digit {
            after_digit = false;
            continue;
        }
        let value = digit(c)?;
        count += 1;
        after_digit = true;
        leading &= value == 0;
        if !leading {
            out.push(char::from(b'0' + value));
        }
    }
    if !after_digit || count > MOST_DIGITS {
        return None;
    }
    if leading {
        return Some("0".to_owned());
    }
    Some(out)
}

/// A real number, as the nearest binary double; infinities and NaN too.
pub fn float(text: &str) -> Option<f64> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.trim().chars().peekable();
    let mut after_digit = false;
    while let Some(c) = rest.next() {
        if c == '_' {
            let before_digit = rest.peek().is_some_and(|&next| digit(next).is_some());
            if !(after_digit && before_digit) {
                return None;
            }
            after_digit = false;
            continue;
        }
        let value = digit(c);
        after_digit = value.is_some();
        plain.push(value.map_or(c, |v| char::from(b'0' + v)));
    }
    plain.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_take_one_form() {
        for (text, plain) in [
            (" +17 ", Some("17")),
            ("-0", Some("0")),
            ("007", Some("7")),
            ("1_000", Some("1000")),
            ("-12", Some("-12")),
            ("\u{0661}\u{0662}", Some("12")),
            ("\u{a0}5\u{2003}", Some("5")),
            ("0_0", Some("0")),
            ("", None),
            ("-", None),
            ("_1", None),
            ("1_", None),
            ("1__0", None),
            ("1.0", None),
            ("- 1", None),
            ("0x10", None),
        ] {
            assert_eq!(integer(text).as_deref(), plain, "{text:?}");
        }
        assert!(integer(&"9".repeat(4300)).is_some());
        assert!(integer(&"9".repeat(4301)).is_none());
    }

    #[test]
    fn real_numbers_are_those_of_the_reference() {
        for (text, value) in [
            ("1.5", Some(1.5)),
            (" .5 ", Some(0.5)),
            ("5.", Some(5.0)),
            ("1_0.2_5", Some(10.25)),
            ("1e3", Some(1000.0)),
            ("-inf", Some(f64::NEG_INFINITY)),
            ("1_.5", None),
            ("1e", None),
            (".", None),
            ("", None),
            ("12 kg", None),
        ] {
            assert_eq!(float(text), value, "{text:?}");
        }
    }
}
