//! How a record of a person differs from the person: typing errors, short forms, swaps, default
//! dates, debris; and cells that no reader can use.

use super::calendar::{Day, iso, year};
use super::dice::Dice;
use super::names::Names;
use super::parameters::Parameters;

/// A name as a record has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub forename: String,
    pub middle: String,
    pub surname: String,
}

/// Writes a name down with the small errors of a justice system. `middle` may be empty.
pub(super) fn name(
    dice: &mut Dice,
    p: &Parameters,
    names: &Names,
    [forename, middle, surname]: [&str; 3],
) -> Written {
    let q = &p.disagreement;
    let mut out = Written {
        forename: forename.to_owned(),
        middle: middle.to_owned(),
        surname: surname.to_owned(),
    };
    if dice.chance(**q.nickname)
        && let Some(short) = names.short(forename)
    {
        short.clone_into(&mut out.forename);
    }
    if dice.chance(**q.typo) {
        out.forename = typo(dice, &out.forename);
    }
    if dice.chance(**q.typo) {
        out.surname = typo(dice, &out.surname);
    }
    if dice.chance(**q.swap) {
        std::mem::swap(&mut out.forename, &mut out.surname);
    }
    if dice.chance(**q.missing_middle) {
        out.middle.clear();
    }
    if dice.chance(**p.quirks.name_debris) {
        let debris = dice.word(&["MIG_ERROR_", "NO_SHOW_", "DUPLICATE_"]);
        out.surname.insert_str(0, debris);
    }
    out
}

/// One typing error: a letter dropped, doubled, replaced, or two letters swapped.
pub(super) fn typo(dice: &mut Dice, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() < 3 {
        return text.to_owned();
    }
    let at = 1 + dice.below(letters.len() - 2);
    let other = dice
        .pick(&['a', 'e', 'i', 'o', 'r', 's', 'n', 't'])
        .copied();
    match (dice.below(4), letters.get(at).copied()) {
        (0, _) => {
            letters.remove(at);
        }
        (1, Some(same)) => letters.insert(at, same),
        (2, _) => {
            letters.splice(at..=at, other);
        }
        _ => letters.swap(at, at + 1),
    }
    letters.into_iter().collect()
}

/// A date of birth as a record has it.
pub(super) fn birth(dice: &mut Dice, p: &Parameters, birth: Day, foreign: bool) -> Day {
    let q = &p.disagreement;
    if foreign && dice.chance(**q.birth_date_january) {
        // The year is known, the day is not.
        return year_start(birth);
    }
    near_birth(dice, p, birth)
}

/// The same without default and foreign dates: children's records.
pub(super) fn near_birth(dice: &mut Dice, p: &Parameters, birth: Day) -> Day {
    let q = &p.disagreement;
    if dice.chance(**q.birth_date_digit) {
        // One digit of the day or of the year, or a month's worth of days.
        return birth
            + dice
                .pick(&[-1, 1, -10, 10, -365, 365, -31, 30])
                .map_or(1, |d| *d);
    }
    if dice.chance(**q.birth_date_near) {
        return birth + dice.between(-1_500, 1_500);
    }
    birth
}

fn year_start(day: Day) -> Day {
    super::calendar::day(jiff::civil::date(
        i16::try_from(year(day)).unwrap_or(1970),
        1,
        1,
    ))
}

/// The date of birth of an adult in a justice system as text; default dates among them.
pub(super) fn birth_text(dice: &mut Dice, p: &Parameters, day: Day, foreign: bool) -> &'static str {
    if dice.chance(**p.disagreement.birth_date_default) {
        return if dice.chance(0.33) {
            "1900-01-01"
        } else {
            "1970-01-01"
        };
    }
    let written = birth(dice, p, day, foreign);
    date_text(dice, p, written)
}

/// A date in a main file as text; rarely one that no calendar has.
pub(super) fn date_text(dice: &mut Dice, p: &Parameters, day: Day) -> &'static str {
    if dice.chance(**p.quirks.bad_date) {
        dice.word(&["2025-02-30", "unknown", "0000-00-00", "31-13-2024"])
    } else {
        iso(day)
    }
}

/// A code in a main file; rarely one that no list has.
pub(super) fn code<'a>(dice: &mut Dice, p: &Parameters, right: &'a str) -> &'a str {
    if dice.chance(**p.quirks.impossible_code) {
        "?9"
    } else {
        right
    }
}

/// A date as `dd/mm/yyyy`, from `yyyy-mm-dd`; other text stays what it is.
pub(super) fn british_text(text: &str) -> String {
    let mut parts = text.splitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(y), Some(m), Some(d)) if y.len() == 4 => format!("{d}/{m}/{y}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::dice::key;

    #[test]
    fn a_typing_error_changes_little() {
        let mut dice = Dice::new(&key(1), 1);
        for _ in 0..500 {
            let wrong = typo(&mut dice, "Thornwell");
            assert!(strsim::osa_distance(&wrong, "Thornwell") <= 1, "{wrong}");
        }
        assert_eq!(typo(&mut dice, "Li"), "Li");
    }

    #[test]
    fn british_dates() {
        assert_eq!(british_text("2025-02-30"), "30/02/2025");
        assert_eq!(british_text("unknown"), "unknown");
    }
}
