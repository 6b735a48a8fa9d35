//! The stays of a person in prison, as they truly were.
//!
//! A stay is half-open: the day of release is a day out. Two stays of one person lie at least
//! three days apart, so that "a gap of at most one day is bridged" never joins two of them.

use super::calendar::{Day, REFERENCE, YEAR_END, YEAR_START};
use super::dice::Dice;
use super::parameters::{Parameters, Prison};

/// One true stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stay {
    /// The day of admission.
    pub from: Day,
    /// The day of release; none where the person was still in when the extracts were taken.
    pub to: Option<Day>,
    /// Its legal status, a position in [`crate::schema::canonical::LEGAL_STATUSES`].
    pub status: usize,
    /// Its sentence band, a position in [`crate::schema::canonical::SENTENCE_BANDS`].
    pub band: usize,
    /// Is the most serious offence violent?
    pub violent: bool,
}

impl Stay {
    /// The day after the last day in, or the end of the year where still in.
    pub(super) fn end(&self) -> Day {
        self.to.unwrap_or(YEAR_END)
    }

    /// In on that day?
    pub(super) fn covers(&self, day: Day) -> bool {
        self.from <= day && day < self.end()
    }
}

/// How a person went through the year. The order is that of the parameter lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// In on every day.
    AllYear,
    /// In at its start, released in it.
    Released,
    /// Admitted in it and still in.
    StillIn,
    /// Admitted and released in it.
    Within,
}

impl Class {
    /// Draws a class for a person of that sex.
    pub(super) fn draw(dice: &mut Dice, prison: &Prison, woman: bool) -> Self {
        let mut weights = [0.0; 4];
        for (w, (class, women)) in weights
            .iter_mut()
            .zip(prison.classes.iter().zip(prison.women.iter()))
        {
            *w = class * if woman { *women } else { 1.0 - women };
        }
        match dice.weighted(&weights) {
            0 => Class::AllYear,
            1 => Class::Released,
            2 => Class::StillIn,
            _ => Class::Within,
        }
    }

    fn again(self, prison: &Prison) -> f64 {
        let i = match self {
            Class::AllYear => 0,
            Class::Released => 1,
            Class::StillIn => 2,
            Class::Within => 3,
        };
        prison.again.get(i).copied().unwrap_or(0.0)
    }
}

/// The least number of days between release and the next admission.
const APART: Day = 3;

/// The stays of a year, in order. `adult` is the first day on which the person may be in prison.
pub(super) fn of_year(dice: &mut Dice, p: &Parameters, class: Class, adult: Day) -> Vec<Stay> {
    let prison = &p.prison;
    let mut days: Vec<(Day, Option<Day>)> = Vec::with_capacity(3);
    match class {
        Class::AllYear => {
            days.push((YEAR_START - dice.wait(*prison.long_stay_days), None));
        }
        Class::Released => {
            let short = dice.chance(**prison.short_share);
            let mean = if short {
                *prison.short_stay_days
            } else {
                *prison.medium_stay_days
            };
            let from = YEAR_START - dice.wait(mean);
            let to = if short {
                YEAR_START + dice.wait(*prison.short_stay_days).min(365)
            } else {
                YEAR_START + dice.between(1, 364)
            };
            days.push((from, (to <= REFERENCE).then_some(to)));
            if dice.chance(class.again(prison)) {
                add_return(dice, prison, &mut days);
            }
        }
        Class::StillIn => {
            let ago = dice.wait(*prison.still_in_days);
            let from = if ago > 365 {
                dice.between(YEAR_START, REFERENCE)
            } else {
                YEAR_END - ago
            };
            if dice.chance(class.again(prison)) {
                let to = from - APART - dice.wait(*prison.gap_days);
                let earlier = to - dice.wait(*prison.within_year_days);
                if earlier >= YEAR_START {
                    days.push((earlier, Some(to)));
                }
            }
            days.push((from, None));
        }
        Class::Within => {
            let from = dice.between(YEAR_START, REFERENCE - 2);
            let to = from + dice.wait(*prison.within_year_days);
            days.push((from, Some(to.min(REFERENCE))));
            if dice.chance(class.again(prison)) {
                add_return(dice, prison, &mut days);
            }
        }
    }
    finish(dice, prison, class, days, adult)
}

/// Adds a return to prison after the last release, and perhaps another after that.
fn add_return(dice: &mut Dice, prison: &Prison, days: &mut Vec<(Day, Option<Day>)>) {
    for round in 0..2 {
        let Some(&(_, Some(out))) = days.last() else {
            return;
        };
        let from = out + APART + dice.wait(*prison.gap_days);
        if from > REFERENCE || (round == 1 && !dice.chance(**prison.third_spell)) {
            return;
        }
        let length = if dice.chance(**prison.fixed_recall) {
            14 * dice.between(1, 2)
        } else {
            dice.wait(*prison.return_days)
        };
        let to = from + length;
        days.push((from, (to <= REFERENCE).then_some(to)));
    }
}

/// Stays that ended before the year began, in order, none after `before`.
pub(super) fn of_history(dice: &mut Dice, p: &Parameters, before: Day, adult: Day) -> Vec<Stay> {
    let prison = &p.prison;
    let mut days = Vec::new();
    let mut latest = before.min(YEAR_START) - APART;
    for _ in 0..dice.weighted(prison.history.as_slice()) {
        let to = latest - 20 - dice.wait(300.0);
        let from = to - dice.wait(120.0);
        if from < adult || to < YEAR_START - 6 * 365 {
            break;
        }
        days.push((from, Some(to)));
        latest = from - APART;
    }
    days.reverse();
    finish(dice, prison, Class::Within, days, adult)
}

fn finish(
    dice: &mut Dice,
    prison: &Prison,
    class: Class,
    days: Vec<(Day, Option<Day>)>,
    adult: Day,
) -> Vec<Stay> {
    let mut out: Vec<Stay> = Vec::with_capacity(days.len());
    for (i, (from, to)) in days.into_iter().enumerate() {
        let from = from.max(adult);
        if to.is_some_and(|to| to <= from) || from > REFERENCE {
            continue;
        }
        let (status, mix) = match (class, i, to) {
            (Class::AllYear, ..) => (&prison.status_all_year, &prison.sentence_long),
            (Class::Released, 0, _) => (&prison.status_released, &prison.sentence_medium),
            (Class::Within, ..) => (&prison.status_within, &prison.sentence_short),
            (_, _, Some(_)) => (&prison.status_within, &prison.sentence_short),
            (_, _, None) => (&prison.status_still_in, &prison.sentence_medium),
        };
        let status = dice.weighted(status.as_slice());
        // 2 and 3 are sentenced and recall; the others have no sentence.
        let band = if status == 2 || status == 3 {
            dice.weighted(mix.as_slice())
        } else {
            7
        };
        out.push(Stay {
            from,
            to,
            status,
            band,
            violent: dice.chance(**prison.violent),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::dice::key;

    #[test]
    fn stays_are_in_order_apart_and_not_empty() {
        let p = Parameters::built_in().expect("parameters");
        for stream in 0..4_000 {
            let mut dice = Dice::new(&key(3), stream);
            let class = Class::draw(&mut dice, &p.prison, stream % 10 == 0);
            let stays = of_year(&mut dice, &p, class, -100_000);
            let first = stays.first().expect("at least one").from;
            let mut all = of_history(&mut dice, &p, first, -100_000);
            all.extend(&stays);
            for stay in &all {
                assert!(stay.from < stay.end() && stay.to.is_none_or(|to| to <= REFERENCE));
            }
            for pair in all.windows(2) {
                assert!(pair[0].to.expect("only the last is open") + APART <= pair[1].from);
            }
        }
    }

    #[test]
    fn stock_people_and_admissions_fit_each_other() {
        let p = Parameters::built_in().expect("parameters");
        let (mut stock, mut admissions, n) = (0_u32, 0_usize, 30_000_u32);
        for stream in 0..n {
            let mut dice = Dice::new(&key(3), u64::from(stream));
            let class = Class::draw(&mut dice, &p.prison, dice_woman(stream));
            let stays = of_year(&mut dice, &p, class, -100_000);
            stock += u32::from(stays.iter().any(|s| s.covers(REFERENCE)));
            admissions += stays.iter().filter(|s| s.from >= YEAR_START).count();
        }
        let share = f64::from(stock) / f64::from(n);
        assert!((share - 87_465.0 / 150_000.0).abs() < 0.01, "{share}");
        let entries = admissions as f64 / f64::from(n);
        assert!((entries - 105.0 / 150.0).abs() < 0.03, "{entries}");
    }

    fn dice_woman(stream: u32) -> bool {
        stream.is_multiple_of(17)
    }
}
