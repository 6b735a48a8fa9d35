//! Promise: stock, year and incidence are counted as the definitions say, checked against a small
//! worked example (ten children, nine prisoners) and against counting day by day.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use jiff::civil::{Date, date};
use kinlink::estimate::family::{Parent, Sex, Stay, Window, facts};
use kinlink::estimate::spells::{Period, days_in, union};
use kinlink::pseudonymise::days_of;
use kinlink::schema::published::Concept;
use proptest::prelude::*;

const OPEN: i32 = i32::MAX / 2;

fn day(d: Date) -> i32 {
    days_of(d)
}

fn parent(rank: u64, stays: &[(i32, i32)]) -> Parent {
    let periods: Vec<Period> = stays.iter().map(|(f, t)| Period::new(*f, *t)).collect();
    Parent {
        rank,
        sex: if rank.is_multiple_of(2) {
            Sex::Male
        } else {
            Sex::Female
        },
        stays: union(&periods, 1)
            .into_iter()
            .map(|period| Stay {
                period,
                legal_status: "sentenced".into(),
                sentence_band: "1_to_4y".into(),
                offence_group: "unknown".into(),
                prison: String::new(),
            })
            .collect(),
    }
}

/// The worked example: custody of each prisoner, and each child's birth, death and parents.
fn example() -> Vec<(&'static str, Period, Vec<Parent>)> {
    let spells = |p: u64| -> Vec<(i32, i32)> {
        let d = |y, m, dd| day(date(y, m, dd));
        match p {
            1 => vec![
                (d(2024, 11, 1), d(2025, 6, 15)),
                (d(2025, 6, 15), d(2025, 9, 1)),
            ],
            2 => vec![(d(2025, 5, 10), d(2026, 5, 1))],
            3 => vec![(d(2025, 4, 1), d(2025, 4, 2))],
            4 => vec![(d(2026, 3, 31), d(2026, 6, 30))],
            5 => vec![(d(2025, 12, 1), d(2026, 3, 31))],
            6 => vec![(d(2024, 1, 10), OPEN)],
            7 => vec![
                (d(2025, 7, 1), d(2025, 7, 20)),
                (d(2025, 10, 1), d(2025, 10, 30)),
            ],
            8 => vec![(d(2023, 3, 1), d(2025, 4, 1))],
            _ => vec![(d(2025, 8, 1), d(2026, 1, 31))],
        }
    };
    let child = |name, born: Date, eighteen: Date, died: Option<Date>, parents: &[u64]| {
        let last = died.map_or(eighteen, |d| d.min(eighteen));
        (
            name,
            Period::new(day(born), day(last)),
            parents.iter().map(|p| parent(*p, &spells(*p))).collect(),
        )
    };
    vec![
        child("C1", date(2015, 2, 10), date(2033, 2, 10), None, &[1, 2]),
        child("C2", date(2007, 6, 1), date(2025, 6, 1), None, &[2]),
        child("C3", date(2025, 11, 20), date(2043, 11, 20), None, &[2]),
        child(
            "C4",
            date(2010, 1, 1),
            date(2028, 1, 1),
            Some(date(2025, 8, 15)),
            &[6],
        ),
        child("C5", date(2012, 3, 3), date(2030, 3, 3), None, &[7, 9]),
        child("C6", date(2008, 3, 31), date(2026, 3, 31), None, &[4, 6]),
        child("C7", date(2008, 4, 1), date(2026, 4, 1), None, &[6]),
        child("C8", date(2018, 8, 8), date(2036, 8, 8), None, &[5]),
        child("C9", date(2020, 2, 29), date(2038, 3, 1), None, &[3, 7]),
        child("C10", date(2014, 5, 5), date(2032, 5, 5), None, &[8]),
    ]
}

fn window() -> Window {
    Window {
        reference: day(date(2026, 3, 31)),
        year: Period::new(day(date(2025, 4, 1)), day(date(2026, 4, 1))),
    }
}

fn counted(concept: Concept) -> Vec<&'static str> {
    example()
        .iter()
        .filter(|(_, eligible, parents)| {
            facts(parents, *eligible, window())
                .iter()
                .any(|f| f.concept == concept)
        })
        .map(|(name, _, _)| *name)
        .collect()
}

#[test]
fn the_worked_example_gives_its_stock_and_its_year() {
    assert_eq!(counted(Concept::Stock), ["C1", "C3", "C7"]);
    assert_eq!(
        counted(Concept::YearUnique),
        ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9"]
    );
}

#[test]
fn the_worked_example_gives_its_child_days() {
    let expected = [365, 22, 132, 136, 202, 364, 365, 120, 49, 0];
    let found: Vec<i32> = example()
        .iter()
        .map(|(_, eligible, parents)| {
            let all: Vec<Period> = parents
                .iter()
                .flat_map(|p| p.stays.iter().map(|s| s.period))
                .collect();
            days_in(&union(&all, 0), window().year.intersect(*eligible))
        })
        .collect();
    assert_eq!(found, expected);
}

fn stays() -> impl Strategy<Value = Vec<(i32, i32)>> {
    proptest::collection::vec((0..120_i32, 1..40_i32), 0..4)
        .prop_map(|v| v.into_iter().map(|(f, n)| (f, f + n)).collect())
}

proptest! {
    /// Three ways of counting agree with going through the days one by one.
    #[test]
    fn facts_agree_with_counting_day_by_day(
        a in stays(), b in stays(), born in -30..130_i32, lives in 0..200_i32, reference in 20..100_i32,
    ) {
        let year = Period::new(20, 100);
        let window = Window { reference, year };
        let eligible = Period::new(born, born + lives);
        let parents: Vec<Parent> = [(1, &a), (2, &b)]
            .iter()
            .filter(|(_, s)| !s.is_empty())
            .map(|(rank, s)| parent(*rank, s))
            .collect();
        let inside = |p: &Parent, d: i32| p.stays.iter().any(|s| s.period.contains(d));
        let counts = |d: i32| eligible.contains(d) && parents.iter().any(|p| inside(p, d));
        let all = facts(&parents, eligible, window);
        let n = |c: Concept| all.iter().filter(|f| f.concept == c).count();

        prop_assert_eq!(n(Concept::Stock), usize::from(counts(reference)));
        prop_assert_eq!(n(Concept::YearUnique), usize::from((20..100).any(counts)));
        let entries: usize = parents
            .iter()
            .map(|p| {
                (20..100)
                    .filter(|d| eligible.contains(*d) && inside(p, *d) && !inside(p, *d - 1))
                    .count()
            })
            .sum();
        prop_assert_eq!(n(Concept::Incidence), entries);

        // Mother, father and both make the total; the flow is at least the stock.
        prop_assert!(n(Concept::YearUnique) >= n(Concept::Stock));
        if let Some(fact) = all.iter().find(|f| f.concept == Concept::YearUnique) {
            let who = |sex: Sex| parents
                .iter()
                .filter(|p| p.sex == sex)
                .any(|p| (20..100).any(|d| eligible.contains(d) && inside(p, d)));
            let together = (20..100).any(|d| eligible.contains(d)
                && parents.iter().filter(|p| inside(p, d)).count() == 2);
            let expected = match (who(Sex::Female), who(Sex::Male)) {
                (true, true) if together => "both_concurrent",
                (true, true) => "both_not_concurrent",
                (true, false) => "mother",
                _ => "father",
            };
            prop_assert_eq!(fact.parent_sex, expected);
        }
    }
}
