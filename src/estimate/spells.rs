//! Spells: half-open periods of days, their union, and what falls into a window.
//!
//! A person is in custody on day `d` of a spell `[admission, release)` if
//! `admission <= d < release`; the day of release does not count.

/// A half-open period of days, `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// First day.
    pub from: i32,
    /// The day after the last.
    pub to: i32,
}

impl Period {
    /// A period; empty if `to <= from`.
    pub fn new(from: i32, to: i32) -> Self {
        Period { from, to }
    }

    /// Has it no day?
    pub fn is_empty(self) -> bool {
        self.to <= self.from
    }

    /// Its number of days.
    pub fn days(self) -> i32 {
        (self.to - self.from).max(0)
    }

    /// Is the day in it?
    pub fn contains(self, day: i32) -> bool {
        self.from <= day && day < self.to
    }

    /// The days in both.
    pub fn intersect(self, other: Period) -> Period {
        Period::new(self.from.max(other.from), self.to.min(other.to))
    }
}

/// The greatest gap, in days, between two stays that count as one. A day between release and
/// admission is a transfer, a court appearance or a delay in recording.
pub const BRIDGED_GAP: i32 = 1;

/// The union of periods as disjoint ones in order; gaps of at most `gap` days are bridged.
///
/// ```
/// use kinlink::estimate::spells::{Period, union};
/// let stays = [Period::new(10, 20), Period::new(21, 25), Period::new(0, 3)];
/// assert_eq!(union(&stays, 1), [Period::new(0, 3), Period::new(10, 25)]);
/// ```
pub fn union(periods: &[Period], gap: i32) -> Vec<Period> {
    let mut sorted: Vec<Period> = periods.iter().copied().filter(|p| !p.is_empty()).collect();
    sorted.sort_unstable();
    let mut out: Vec<Period> = Vec::with_capacity(sorted.len());
    for period in sorted {
        match out.last_mut() {
            Some(last) if period.from <= last.to.saturating_add(gap) => {
                last.to = last.to.max(period.to);
            }
            _ => out.push(period),
        }
    }
    out
}

/// The days of disjoint periods that lie in a window.
pub fn days_in(periods: &[Period], window: Period) -> i32 {
    periods.iter().map(|p| p.intersect(window).days()).sum()
}

/// Do two lists of disjoint periods in order share a day of the window?
pub fn overlap(a: &[Period], b: &[Period], window: Period) -> bool {
    a.iter().any(|p| {
        b.iter()
            .any(|q| !p.intersect(*q).intersect(window).is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn periods() -> impl Strategy<Value = Vec<Period>> {
        proptest::collection::vec((0..60_i32, 0..12_i32), 0..12)
            .prop_map(|v| v.into_iter().map(|(f, n)| Period::new(f, f + n)).collect())
    }

    fn covered(periods: &[Period], day: i32) -> bool {
        periods.iter().any(|p| p.contains(day))
    }

    proptest! {
        #[test]
        fn a_union_without_bridging_covers_the_same_days(all in periods()) {
            let joined = union(&all, 0);
            for day in -1..80 {
                prop_assert_eq!(covered(&joined, day), covered(&all, day));
            }
            for pair in joined.windows(2) {
                prop_assert!(pair[0].to < pair[1].from);
            }
        }

        #[test]
        fn bridging_fills_single_days_and_no_more(all in periods()) {
            let joined = union(&all, 1);
            for day in -1..80 {
                let bridged = covered(&all, day)
                    || (covered(&all, day - 1) && covered(&all, day + 1));
                prop_assert_eq!(covered(&joined, day), bridged, "day {}", day);
            }
        }

        #[test]
        fn a_union_does_not_depend_on_the_order(all in periods(), seed in any::<u64>()) {
            let mut other = all.clone();
            if !other.is_empty() {
                let n = other.len();
                other.rotate_left(usize::try_from(seed % (n as u64)).unwrap());
                other.reverse();
            }
            prop_assert_eq!(union(&all, 1), union(&other, 1));
        }

        #[test]
        fn days_and_overlap_agree_with_counting(a in periods(), b in periods(), f in 0..50_i32, n in 0..30_i32) {
            let window = Period::new(f, f + n);
            let (a, b) = (union(&a, 1), union(&b, 1));
            let days = (f..f + n).filter(|d| covered(&a, *d)).count();
            prop_assert_eq!(usize::try_from(days_in(&a, window)).unwrap(), days);
            let both = (f..f + n).any(|d| covered(&a, d) && covered(&b, d));
            prop_assert_eq!(overlap(&a, &b, window), both);
        }
    }
}
