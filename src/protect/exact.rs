//! Whole numbers as real ones and back, without a cast that could lose something unseen.

/// A count as a real number; exact below 2⁵³, far above any count of people.
pub(crate) fn real(count: u64) -> f64 {
    // Two halves of 32 bits convert without loss.
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(count & 0xFFFF_FFFF).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// A whole number as a real one.
pub(crate) fn signed(n: i64) -> f64 {
    let size = real(n.unsigned_abs());
    if n < 0 { -size } else { size }
}

/// The whole number nearest to a real one.
pub(crate) fn rounded(x: f64) -> i64 {
    let size = x.abs().round();
    if size >= 9.0e15 {
        return if x < 0.0 { i64::MIN } else { i64::MAX };
    }
    // The bits of a whole number below 2⁵³: mantissa shifted by the exponent.
    let bits = size.to_bits();
    let exponent = bits >> 52;
    let size = if exponent < 1023 {
        0
    } else {
        let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
        mantissa >> (1075_u64.saturating_sub(exponent))
    };
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    if x < 0.0 { -size } else { size }
}

/// A count as a whole number with a sign.
pub(crate) fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_convert_exactly() {
        for n in [0, 1, 192_912, (1 << 40) + 3] {
            assert_eq!(format!("{}", real(n)), n.to_string());
        }
    }

    #[test]
    fn whole_numbers_go_there_and_back() {
        for n in [0, 1, 2, 3, 7, 64, 999_999, 1 << 40, (1 << 52) + 1] {
            assert_eq!(rounded(signed(n)), n);
            assert_eq!(rounded(signed(-n)), -n);
        }
        assert_eq!([0.49, 0.51, -1.2, 2.5].map(rounded), [0, 1, -1, 3]);
    }
}
