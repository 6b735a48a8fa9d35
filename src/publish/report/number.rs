//! Numbers as readers see them, and as coordinates.

/// A count or a length as a real number; exact below 2^32, which every list here is.
pub(crate) fn real(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::from(u32::MAX), f64::from)
}

/// A count of 64 bits as a real number, exact below 2^53.
pub(crate) fn real64(n: u64) -> f64 {
    let high = u32::try_from(n >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(n & 0xffff_ffff).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// A number with commas between thousands and no more decimals than it needs, at most `decimals`.
pub(crate) fn grouped(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "not a number".to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part = part.trim_end_matches('0');
    let mut out = String::new();
    let nothing = whole.chars().all(|c| c == '0') && part.is_empty();
    if value < 0.0 && !nothing {
        out.push('\u{2212}');
    }
    let digits = whole.len();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (digits - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    if !part.is_empty() {
        out.push('.');
        out.push_str(part);
    }
    out
}

/// A released figure as it stands in its table: every decimal that it has, at most six.
pub(crate) fn figure(value: f64) -> String {
    grouped(value, 6)
}

/// A share as a percentage with so many decimals.
pub(crate) fn percent(share: f64, decimals: usize) -> String {
    format!("{}%", grouped(share * 100.0, decimals))
}

/// A coordinate: two decimals at most, without a sign before zero.
pub(crate) fn coordinate(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_commas() {
        assert_eq!(
            [192_912.0, 0.0, 999.0, 1000.0, -1234.5, -0.01].map(|v| grouped(v, 1)),
            ["192,912", "0", "999", "1,000", "\u{2212}1,234.5", "0"]
        );
        assert_eq!(grouped(f64::NAN, 1), "not a number");
        assert_eq!(percent(0.0712, 1), "7.1%");
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!([1.0, 0.126, -0.001].map(coordinate), ["1", "0.13", "0"]);
    }

    #[test]
    fn large_counts_are_exact() {
        assert_eq!(real64(9_007_199_254_740_991), 9_007_199_254_740_991.0);
    }
}
