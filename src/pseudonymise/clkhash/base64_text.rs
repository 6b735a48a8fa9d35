//! Base64 (RFC 4648) in a schema, read as leniently as the reference reads it.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The bytes of a text. Characters that are no digits of base64 are passed over, and nothing after
/// the padding counts.
pub fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let mut digits = String::with_capacity(text.len());
    let mut pads = 0;
    for c in text.chars() {
        match c {
            '=' => {
                let place = digits.len() % 4;
                if place >= 2 {
                    pads += 1;
                    if place + pads >= 4 {
                        return bytes_of_digits(&digits);
                    }
                }
            }
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => {
                pads = 0;
                digits.push(c);
            }
            c if c.is_ascii() => {}
            _ => return None,
        }
    }
    digits
        .len()
        .is_multiple_of(4)
        .then(|| bytes_of_digits(&digits))?
}

fn bytes_of_digits(digits: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&base64::alphabet::STANDARD, config)
        .decode(digits)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_leniently_as_by_the_reference() {
        for (text, bytes) in [
            ("YWJj", Some(&b"abc"[..])),
            ("YW Jj\n", Some(b"abc")),
            ("YWI=", Some(b"ab")),
            ("YWI=YWJj", Some(b"ab")),
            ("YQ==", Some(b"a")),
            ("=YWJj", Some(b"abc")),
            ("", Some(b"")),
            ("YQ", None),
            ("YQ=", None),
            ("YWJjé", None),
        ] {
            assert_eq!(bytes_of(text).as_deref(), bytes, "{text:?}");
        }
    }
}
