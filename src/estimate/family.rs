//! One child and its parents in custody: does it count, and in which cells?
//!
//! The definitions: a child counts in the **stock** if on the reference date it is born, under 18,
//! and a parent is in custody; **year_unique** if so on any day of the year, once, however many
//! parents and stays; **incidence** counts each entry of a parent into custody in the year on a day
//! when the child is born and under 18.

use super::spells::{Period, days_in, overlap};
use crate::schema::published::Concept;

/// Mother or father.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// Female: mother.
    Female,
    /// Male: father.
    Male,
    /// Not known.
    Unknown,
}

/// A stay of a parent, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The days.
    pub period: Period,
    /// Word of `canonical::LEGAL_STATUSES`.
    pub legal_status: String,
    /// Word of `canonical::SENTENCE_BANDS`.
    pub sentence_band: String,
    /// Word of `canonical::OFFENCE_GROUPS`.
    pub offence_group: String,
    /// Id of the prison, of the stay's last part; empty where it is not known.
    pub prison: String,
}

/// A parent of the child who is in custody at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// An order among parents that does not change from run to run.
    pub rank: u64,
    /// Mother or father.
    pub sex: Sex,
    /// Stays, disjoint and in order.
    pub stays: Vec<Stay>,
}

impl Parent {
    fn periods(&self) -> Vec<Period> {
        self.stays.iter().map(|s| s.period).collect()
    }

    /// Is the parent in custody on a day?
    pub fn in_custody(&self, day: i32) -> bool {
        self.stays.iter().any(|s| s.period.contains(day))
    }
}

/// The days that matter, as days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The day of the stock.
    pub reference: i32,
    /// The year.
    pub year: Period,
}

/// What one child adds to the tables: a concept, a number, and the dimensions of its cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Which concept.
    pub concept: Concept,
    /// 1, or the number of entries that share the dimensions.
    pub number: u64,
    /// `mother`, `father`, `both_concurrent`, `both_not_concurrent`, `unknown`.
    pub parent_sex: &'static str,
    /// Days of the year with a parent in custody, banded; empty where it has no meaning.
    pub days_band: &'static str,
    /// Stays in the year, banded.
    pub spells_band: &'static str,
    /// Of the parent who counts (see [`facts`]).
    pub legal_status: String,
    /// Of the same parent.
    pub sentence_band: String,
    /// Of the same parent.
    pub offence_group: String,
    /// The prison of the same stay; empty where it is not known.
    pub prison: String,
}

/// The facts of one child who is born and under 18 in `eligible`.
///
/// Where a cell needs one stay, it is that of the parent with the most days of the child's in the
/// year (for the stock: among those in custody on the day; ties to the lower rank), and of that
/// parent the latest stay that counts. For incidence it is the stay that begins.
pub fn facts(parents: &[Parent], eligible: Period, window: Window) -> Vec<Fact> {
    let year = window.year.intersect(eligible);
    let mut out = Vec::new();
    if year.is_empty() || parents.is_empty() {
        return out;
    }
    let union: Vec<Period> = super::spells::union(
        &parents.iter().flat_map(Parent::periods).collect::<Vec<_>>(),
        0,
    );
    let days = days_in(&union, year);
    let spells = spells_in(&union, year);
    let fact = |concept, parent_sex, stay: Option<&Stay>| Fact {
        concept,
        number: 1,
        parent_sex,
        days_band: days_band(days),
        spells_band: spells_band(spells),
        legal_status: stay.map_or_else(|| "other".to_owned(), |s| s.legal_status.clone()),
        sentence_band: stay.map_or_else(|| "not_sentenced".to_owned(), |s| s.sentence_band.clone()),
        offence_group: stay.map_or_else(|| "unknown".to_owned(), |s| s.offence_group.clone()),
        prison: stay.map_or_else(String::new, |s| s.prison.clone()),
    };

    if eligible.contains(window.reference) {
        let day = Period::new(window.reference, window.reference + 1);
        let inside: Vec<&Parent> = parents
            .iter()
            .filter(|p| p.in_custody(window.reference))
            .collect();
        if !inside.is_empty() {
            let stay = most_days(&inside, year, day);
            out.push(fact(Concept::Stock, category(&inside, day), stay));
        }
    }

    let during: Vec<&Parent> = parents
        .iter()
        .filter(|p| days_in(&p.periods(), year) > 0)
        .collect();
    if !during.is_empty() {
        let stay = most_days(&during, year, year);
        out.push(fact(Concept::YearUnique, category(&during, year), stay));
    }

    for parent in parents {
        for stay in &parent.stays {
            if year.contains(stay.period.from) {
                out.push(fact(
                    Concept::Incidence,
                    category(&[parent], year),
                    Some(stay),
                ));
            }
        }
    }
    out
}

/// The parents who count for a child in the stock and in the year: for counts of parents.
pub fn parents_who_count(
    parents: &[Parent],
    eligible: Period,
    window: Window,
) -> Vec<(Concept, u64, Sex)> {
    let year = window.year.intersect(eligible);
    let mut out = Vec::new();
    for parent in parents {
        if eligible.contains(window.reference) && parent.in_custody(window.reference) {
            out.push((Concept::Stock, parent.rank, parent.sex));
        }
        if days_in(&parent.periods(), year) > 0 {
            out.push((Concept::YearUnique, parent.rank, parent.sex));
        }
    }
    out
}

fn category(parents: &[&Parent], window: Period) -> &'static str {
    let of = |sex: Sex| -> Vec<Period> {
        let all: Vec<Period> = parents
            .iter()
            .filter(|p| p.sex == sex)
            .flat_map(|p| p.periods())
            .collect();
        super::spells::union(&all, 0)
    };
    let (mothers, fathers) = (of(Sex::Female), of(Sex::Male));
    match (mothers.is_empty(), fathers.is_empty()) {
        (false, false) if overlap(&mothers, &fathers, window) => "both_concurrent",
        (false, false) => "both_not_concurrent",
        (false, true) => "mother",
        (true, false) => "father",
        (true, true) => "unknown",
    }
}

/// The latest stay, within `counted`, of the parent with the most days in the year.
fn most_days<'a>(parents: &[&'a Parent], year: Period, counted: Period) -> Option<&'a Stay> {
    let parent = parents.iter().max_by_key(|p| {
        (
            days_in(&p.periods(), year),
            std::cmp::Reverse((p.sex, p.rank)),
        )
    })?;
    parent
        .stays
        .iter()
        .rev()
        .find(|s| !s.period.intersect(counted).is_empty())
}

fn spells_in(union: &[Period], year: Period) -> usize {
    union
        .iter()
        .filter(|p| !p.intersect(year).is_empty())
        .count()
}

/// The bands of days apart in the year.
pub fn days_band(days: i32) -> &'static str {
    match days {
        i32::MIN..=14 => "1-14",
        15..=28 => "15-28",
        29..=91 => "29-91",
        92..=182 => "92-182",
        183..=364 => "183-364",
        _ => "365",
    }
}

fn spells_band(spells: usize) -> &'static str {
    match spells {
        0 | 1 => "1",
        2 => "2",
        _ => "3+",
    }
}

/// The words of [`age_band`], in order.
pub const AGE_BANDS: [&str; 6] = ["0", "1-4", "5-9", "10-15", "16-17", "18"];

/// The band of an age in whole years on the reference date.
pub fn age_band(age: u8) -> &'static str {
    match age {
        0 => "0",
        1..=4 => "1-4",
        5..=9 => "5-9",
        10..=15 => "10-15",
        16..=17 => "16-17",
        _ => "18",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(rank: u64, sex: Sex, stays: &[(i32, i32)]) -> Parent {
        Parent {
            rank,
            sex,
            stays: stays
                .iter()
                .map(|(from, to)| Stay {
                    period: Period::new(*from, *to),
                    legal_status: format!("status of {rank}"),
                    sentence_band: String::new(),
                    offence_group: String::new(),
                    prison: String::new(),
                })
                .collect(),
        }
    }

    const WINDOW: Window = Window {
        reference: 364,
        year: Period { from: 0, to: 365 },
    };
    const ALWAYS: Period = Period {
        from: -5000,
        to: 5000,
    };

    fn of(facts: &[Fact], concept: Concept) -> Vec<&Fact> {
        facts.iter().filter(|f| f.concept == concept).collect()
    }

    #[test]
    fn a_child_of_two_prisoners_counts_once_as_both() {
        let parents = [
            parent(1, Sex::Female, &[(10, 20)]),
            parent(2, Sex::Male, &[(15, 100), (300, 400)]),
        ];
        let all = facts(&parents, ALWAYS, WINDOW);
        let year = of(&all, Concept::YearUnique);
        assert_eq!(year.len(), 1);
        assert_eq!(year[0].parent_sex, "both_concurrent");
        assert_eq!(year[0].days_band, "92-182", "days 10 to 99 and 300 to 364");
        assert_eq!(year[0].spells_band, "2");
        let stock = of(&all, Concept::Stock);
        assert_eq!(stock.len(), 1);
        assert_eq!(stock[0].parent_sex, "father");
        assert_eq!(of(&all, Concept::Incidence).len(), 3);
    }

    #[test]
    fn both_but_never_at_once() {
        let parents = [
            parent(1, Sex::Female, &[(10, 20)]),
            parent(2, Sex::Male, &[(20, 30)]),
        ];
        let all = facts(&parents, ALWAYS, WINDOW);
        assert_eq!(
            of(&all, Concept::YearUnique)[0].parent_sex,
            "both_not_concurrent"
        );
        assert_eq!(all.len(), 3, "one for the year, two entries, no stock");
    }

    #[test]
    fn the_day_of_release_and_the_eighteenth_birthday_do_not_count() {
        let parents = [parent(1, Sex::Male, &[(100, 364)])];
        let all = facts(&parents, ALWAYS, WINDOW);
        assert!(of(&all, Concept::Stock).is_empty());
        let all = facts(&parents, Period::new(-5000, 100), WINDOW);
        assert!(all.is_empty());
        let all = facts(&parents, Period::new(-5000, 101), WINDOW);
        assert_eq!(of(&all, Concept::YearUnique)[0].days_band, "1-14");
        assert_eq!(of(&all, Concept::Incidence).len(), 1);
    }

    #[test]
    fn the_stay_that_counts_is_that_of_the_parent_with_most_days() {
        let parents = [
            parent(1, Sex::Female, &[(0, 10)]),
            parent(2, Sex::Male, &[(50, 100)]),
        ];
        let all = facts(&parents, ALWAYS, WINDOW);
        assert_eq!(of(&all, Concept::YearUnique)[0].legal_status, "status of 2");
    }
}
