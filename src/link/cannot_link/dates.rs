//! Dates that rule a pair out: nobody is seen alive after their death, is the child of somebody who
//! was a child then, or is in two prisons in one night.
//!
//! Every rule needs both of its dates; what is missing or cannot be read rules nothing out. The dates
//! are the owner's, in the clear and in memory; the linkage learns of a pair that it cannot be.

use jiff::civil::Date;

use crate::digest::Digest;
use crate::pseudonymise::days_of;
use crate::pseudonymise::words::Column;

/// Days since 1970-01-01.
pub type Day = i32;

/// Nights in two places at once that a transfer explains: both prisons enter its day.
const TRANSFER: i32 = 1;

/// What is dated of a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates {
    /// The last day on which the person can have been born.
    pub born: Option<Day>,
    /// The day of death.
    pub died: Option<Day>,
    /// A day on which the person was alive.
    pub alive: Option<Day>,
    /// The first day on which a parent was old enough to have a child.
    pub parent_grown: Option<Day>,
    /// A stay in custody.
    pub stay: Option<Stay>,
}

/// A stay in a place: from a day until the day of release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// The first day.
    pub from: Day,
    /// The day of release.
    pub to: Day,
    /// The place, by a digest of its name.
    pub place: u64,
}

impl Dates {
    /// Whether two records cannot be of one person.
    pub fn exclude(&self, other: &Dates) -> bool {
        let either = |rule: fn(&Dates, &Dates) -> bool| rule(self, other) || rule(other, self);
        either(|a, b| before(a.died, b.alive))
            || either(|a, b| before(a.born, b.parent_grown))
            || matches!((self.stay, other.stay), (Some(a), Some(b)) if a.excludes(b))
    }
}

fn before(a: Option<Day>, b: Option<Day>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a < b)
}

impl Stay {
    fn excludes(self, other: Stay) -> bool {
        let nights = self
            .to
            .min(other.to)
            .saturating_sub(self.from.max(other.from));
        self.place != other.place && nights > TRANSFER
    }
}

/// The columns of dates of a file, read and not yet laid beside those of another.
#[derive(Default)]
pub struct DateColumns {
    /// Date of birth in its standard form.
    pub born: Option<Column>,
    /// `died`.
    pub died: Option<Column>,
    /// `dated`.
    pub alive: Option<Column>,
    /// `parent_born`.
    pub parent_born: Option<Column>,
    /// `in_custody_from`.
    pub from: Option<Column>,
    /// `in_custody_to`.
    pub to: Option<Column>,
    /// `in_custody_at`.
    pub place: Option<Column>,
}

/// The dates of the rows of one file or of two.
#[derive(Debug, Default)]
pub struct DatedRows {
    files: Vec<Vec<Dates>>,
}

impl DatedRows {
    /// Of the columns of files; a child is younger than a parent by at least so many years.
    pub fn new(files: Vec<(usize, DateColumns)>, parent_years: u8) -> Self {
        let files = files
            .into_iter()
            .map(|(rows, columns)| rows_of(rows, &columns, parent_years));
        DatedRows {
            files: files.collect(),
        }
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(Vec::is_empty)
    }

    /// All that is dated of a row, as numbers: always as many.
    pub fn numbers(&self, side: usize, row: usize) -> Vec<u64> {
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        let dates = self.of(side, row).copied().unwrap_or_default();
        let stay = dates.stay;
        let days = [
            dates.born,
            dates.died,
            dates.alive,
            dates.parent_grown,
            stay.map(|s| s.from),
            stay.map(|s| s.to),
        ];
        // The sign stands above the days, and nothing above that.
        let number = |day: Option<Day>| day.map_or(u64::MAX, |d| u64::from(d.cast_unsigned()));
        let place = stay.map_or(0, |s| s.place);
        days.into_iter().map(number).chain([place]).collect()
    }

    fn of(&self, side: usize, row: u32) -> Option<&Dates> {
        let place = usize::try_from(row).ok()?;
        self.files.get(side)?.get(place)
    }

    /// Whether the dates of a left and of a right row rule the pair out; of one file, of two rows.
    pub fn exclude(&self, left: u32, right: u32) -> bool {
        let second = self.files.len().saturating_sub(1);
        let rows = (self.of(0, left), self.of(second, right));
        matches!(rows, (Some(a), Some(b)) if a.exclude(b))
    }

    /// The same of two rows of either file, those of the second numbered on from the first.
    pub fn exclude_any(&self, a: u32, b: u32) -> bool {
        let find = |row: u32| {
            let first = self.files.first().map_or(0, Vec::len);
            let place = usize::try_from(row).unwrap_or(usize::MAX);
            match place.checked_sub(first) {
                None => self.files.first()?.get(place),
                Some(place) => self.files.get(1)?.get(place),
            }
        };
        matches!((find(a), find(b)), (Some(a), Some(b)) if a.exclude(b))
    }
}

fn rows_of(rows: usize, columns: &DateColumns, parent_years: u8) -> Vec<Dates> {
    let days = |column: &Option<Column>, of: &dyn Fn(&str) -> Option<Day>| {
        let column = column.as_ref()?;
        let values: Vec<Option<Day>> = column.values().map(of).collect();
        Some((column.clone(), values))
    };
    let born = days(&columns.born, &last_birthday);
    let died = days(&columns.died, &day);
    let alive = days(&columns.alive, &day);
    let grown = days(&columns.parent_born, &|text| grown(text, parent_years));
    let from = days(&columns.from, &day);
    let to = days(&columns.to, &day);
    let places = columns.place.as_ref().map(|column| {
        let digest = |text: &str| {
            let bytes = *Digest::of(text.as_bytes()).bytes();
            bytes
                .first_chunk::<8>()
                .map_or(0, |b| u64::from_le_bytes(*b))
        };
        column.values().map(digest).collect::<Vec<u64>>()
    });
    let at = |of: &Option<(Column, Vec<Option<Day>>)>, row: usize| {
        let (column, values) = of.as_ref()?;
        let place = column.number(row).checked_sub(1)?;
        values.get(usize::try_from(place).ok()?).copied().flatten()
    };
    let place = |row: usize| {
        let number = columns.place.as_ref()?.number(row).checked_sub(1)?;
        places.as_ref()?.get(usize::try_from(number).ok()?).copied()
    };
    let stay = |row: usize| {
        Some(Stay {
            from: at(&from, row)?,
            to: at(&to, row).unwrap_or(Day::MAX),
            place: place(row)?,
        })
    };
    let dates = |row: usize| Dates {
        born: at(&born, row),
        died: at(&died, row),
        alive: at(&alive, row),
        parent_grown: at(&grown, row),
        stay: stay(row),
    };
    let any = [&born, &died, &alive, &grown, &from];
    match any.iter().any(|column| column.is_some()) {
        true => (0..rows).map(dates).collect(),
        false => Vec::new(),
    }
}

/// Year, month and day of `YYYY-MM-DD`; a part with `?` is none.
fn parts(text: &str) -> (Option<i16>, Option<i8>, Option<i8>) {
    let part = |from: usize, to: usize| text.get(from..to);
    (
        part(0, 4).and_then(|y| y.parse().ok()),
        part(5, 7).and_then(|m| m.parse().ok()),
        part(8, 10).and_then(|d| d.parse().ok()),
    )
}

fn day(text: &str) -> Option<Day> {
    let (year, month, day) = parts(text);
    Date::new(year?, month?, day?).ok().map(days_of)
}

/// The last day that a date of birth may mean: of the first of January, and of a date of which a part
/// is missing, the last of the year.
fn last_birthday(text: &str) -> Option<Day> {
    match parts(text) {
        (Some(year), Some(month), Some(day)) if (month, day) != (1, 1) => {
            Date::new(year, month, day).ok().map(days_of)
        }
        (Some(year), ..) => Date::new(year, 12, 31).ok().map(days_of),
        _ => None,
    }
}

/// The day on which a parent has lived so many years: of a date of which a part is missing, from its
/// year's first day.
fn grown(text: &str, years: u8) -> Option<Day> {
    let (year, month, day) = parts(text);
    let year = year?.saturating_add(i16::from(years));
    let (month, day) = match (month, day) {
        (Some(month), Some(day)) => (month, day),
        _ => (1, 1),
    };
    // Of the 29th of February the day before.
    let date = Date::new(year, month, day).or_else(|_| Date::new(year, month, day - 1));
    date.ok().map(days_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::pseudonymise::words::Interner;
    use proptest::prelude::*;

    fn column(values: &[&str]) -> Option<Column> {
        let mut column = Interner::default();
        for value in values {
            column.push(Some(value));
        }
        Some(column.finish())
    }

    #[test]
    fn nobody_is_seen_after_death_nor_born_to_a_child_nor_in_two_prisons() {
        let left = DateColumns {
            born: column(&["2001-05-06", "2001-05-06", "1980-02-03", "1980-02-03"]),
            died: column(&["2010-01-01", "", "", ""]),
            from: column(&["", "", "2024-01-01", "2024-01-01"]),
            to: column(&["", "", "2024-03-01", ""]),
            place: column(&["", "", "LEEDS", "LEEDS"]),
            ..DateColumns::default()
        };
        let right = DateColumns {
            alive: column(&["2010-01-01", "2010-01-02", "", "2024-01-01"]),
            parent_born: column(&["1989-05-06", "1989-05-07", "", ""]),
            from: column(&["", "", "2024-02-29", "2024-02-28"]),
            place: column(&["", "", "HULL", "HULL"]),
            ..DateColumns::default()
        };
        let rows = DatedRows::new(vec![(4, left), (4, right)], 12);
        // On the day of death, and of a parent of just twelve years.
        assert!(!rows.exclude(0, 0) && !rows.exclude(1, 0));
        // A day later, and of a parent a day younger; each by itself.
        assert!(rows.exclude(0, 1) && rows.exclude(1, 1));
        assert!(rows.exclude(0, 3) && !rows.exclude(1, 3));
        // One night is a transfer, two are not; a stay without an end lasts.
        assert!(!rows.exclude(2, 2) && rows.exclude(2, 3) && rows.exclude(3, 2));
        // Rows numbered on say the same, and rows of one file are looked at as well.
        assert!(rows.exclude_any(0, 5) && rows.exclude_any(5, 0) && !rows.exclude_any(0, 4));
        assert!(!rows.exclude_any(2, 3));
    }

    #[test]
    fn a_date_that_may_be_a_default_says_no_more_than_its_year() {
        let day = |text: &str| super::day(text).expect("a day");
        assert_eq!(last_birthday("2001-01-01"), Some(day("2001-12-31")));
        assert_eq!(last_birthday("2001-??-07"), Some(day("2001-12-31")));
        assert_eq!(last_birthday("2001-02-07"), Some(day("2001-02-07")));
        assert_eq!(last_birthday("????-02-07"), None);
        assert_eq!(grown("1980-??-07", 12), Some(day("1992-01-01")));
        assert_eq!(grown("1988-02-29", 13), Some(day("2001-02-28")));
        assert_eq!(super::day("2001-??-07"), None);
    }

    fn dates() -> impl Strategy<Value = Dates> {
        let day = || prop::option::of(0_i32..40);
        (day(), day(), day(), day(), day(), 1_i32..20, 0_u64..2).prop_map(
            |(born, died, alive, parent_grown, from, long, place)| Dates {
                born,
                died,
                alive,
                parent_grown,
                stay: from.map(|from| Stay {
                    from,
                    to: from + long,
                    place,
                }),
            },
        )
    }

    proptest! {
        #[test]
        fn it_does_not_matter_who_comes_first_and_nothing_known_excludes_nobody(a in dates(), b in dates()) {
            prop_assert_eq!(a.exclude(&b), b.exclude(&a));
            prop_assert!(!a.exclude(&Dates::default()));
        }
    }
}
