//! Bytes as lower-case hexadecimal digits and back, without a copy that is not wiped.

use zeroize::Zeroizing;

/// The digits of some bytes.
pub(super) fn hex(bytes: &[u8]) -> Zeroizing<String> {
    // The room is reserved at once: a text that grows leaves copies behind.
    let mut out = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    push_hex(&mut out, bytes);
    out
}

/// Appends the digits of some bytes.
pub(super) fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        out.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
}

/// How many bytes a text of lower-case digits stands for; none if it is not such a text.
pub(super) fn bytes_in(text: &str) -> Option<usize> {
    let digits = text.bytes().all(|b| digit(b).is_some());
    (digits && text.len().is_multiple_of(2)).then_some(text.len() / 2)
}

/// Fills `out` with the bytes that the digits stand for; false if there are more or fewer digits
/// than it takes, or others than `0-9a-f`.
#[must_use]
pub(super) fn fill(out: &mut [u8], text: &str) -> bool {
    if bytes_in(text) != Some(out.len()) {
        return false;
    }
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        *byte = digit(*high).unwrap_or(0) << 4 | digit(*low).unwrap_or(0);
    }
    true
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        let text = hex(&all);
        assert!(text.starts_with("000102") && text.ends_with("fdfeff"));
        let mut back = [0_u8; 256];
        assert!(fill(&mut back, &text));
        assert_eq!(back.as_slice(), all);
        for bad in ["0", "0g", "0A", "é", "+1", "0x", " 1"] {
            assert!(!fill(&mut [0], bad), "{bad}");
        }
        assert!(!fill(&mut [0, 0], "00"));
    }
}
