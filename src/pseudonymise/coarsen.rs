//! Coarser dates: the month or the week of a day, written as its first day.

use super::identity::civil;

/// The first day of the day's month. Days count from 1970-01-01.
pub fn month_of(day: i32) -> i32 {
    let (_, _, of_month) = civil(day);
    day.saturating_sub(i32::from(of_month.saturating_sub(1)))
}

/// The Monday of the day's week (ISO 8601). Days count from 1970-01-01, a Thursday.
pub fn week_of(day: i32) -> i32 {
    let since_monday = (i64::from(day) + 3).rem_euclid(7);
    day.saturating_sub(i32::try_from(since_monday).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{Date, Weekday};
    use proptest::prelude::*;

    fn date(day: i32) -> Date {
        use jiff::ToSpan;
        jiff::civil::date(1970, 1, 1)
            .checked_add(i64::from(day).days())
            .expect("a date")
    }

    #[test]
    fn known_days() {
        let days = super::super::days_of;
        let on = jiff::civil::date;
        // 29 February 2024 was a Thursday.
        assert_eq!(date(month_of(days(on(2024, 2, 29)))), on(2024, 2, 1));
        assert_eq!(date(week_of(days(on(2024, 2, 29)))), on(2024, 2, 26));
        // A Monday is its own; a Sunday belongs to the week that began six days before.
        assert_eq!(date(week_of(days(on(2024, 2, 26)))), on(2024, 2, 26));
        assert_eq!(date(week_of(days(on(2023, 1, 1)))), on(2022, 12, 26));
        assert_eq!(date(week_of(days(on(1969, 12, 31)))), on(1969, 12, 29));
    }

    proptest! {
        #[test]
        fn a_month_is_that_of_the_calendar(day in -40_000_i32..60_000) {
            prop_assert_eq!(date(month_of(day)), date(day).first_of_month());
            prop_assert_eq!(month_of(month_of(day)), month_of(day));
        }

        #[test]
        fn a_week_begins_on_the_monday_before_or_on_the_day(day in -40_000_i32..60_000) {
            let monday = week_of(day);
            prop_assert_eq!(date(monday).weekday(), Weekday::Monday);
            prop_assert!((0..7).contains(&(day - monday)));
            prop_assert_eq!(week_of(monday), monday);
        }

        #[test]
        fn order_is_kept_and_no_day_is_out_of_range(a in any::<i32>(), b in any::<i32>()) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(week_of(low) <= week_of(high));
            prop_assert!(week_of(a) <= a && month_of(a) <= a);
        }
    }
}
