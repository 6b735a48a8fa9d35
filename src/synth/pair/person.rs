//! A person, as a function of the seed and of the person's number.

use super::super::calendar::{Day, REFERENCE, years_after};
use super::super::dice::{Dice, key_for, real};
use super::super::error::SynthError;
use super::super::names::{Culture, Sex};
use super::super::parameters::Parameters;
use super::super::places::{self, Area};
use super::names::PairNames;
use super::parameters::PairParameters;
use super::relatives;
use super::rows::{Rows, Who};

/// An address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Home {
    /// The place of its authority in the list.
    pub area: usize,
    /// The unit postcode within it.
    pub unit: u64,
}

/// A person. Surname and home are those that the left file knows.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub culture: Culture,
    pub sex: Sex,
    pub forename: String,
    /// None, one or two names with a space between them.
    pub middle: String,
    pub surname: String,
    pub birth: Day,
    pub home: Home,
    /// The surname that the right file knows, where it is another.
    pub other_surname: Option<String>,
    /// The home that the right file knows, where it is another.
    pub other_home: Option<Home>,
}

/// Everything that rows are made from.
pub(super) struct World<'a> {
    pub p: &'a PairParameters,
    pub names: PairNames<'a>,
    pub rows: Rows,
    key: [u8; 32],
    areas: Vec<Area>,
    /// Of each area its postcodes and those of all before it.
    reach: Vec<u64>,
}

/// What a stream of random numbers is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Both,
    LeftOnly,
    RightOnly,
    LeftRecord,
    RightRecord,
}

/// Ages are drawn within these, in years: from the first to the one before the second.
const AGES: [(i32, i32); 7] = [
    (18, 21),
    (21, 25),
    (25, 30),
    (30, 40),
    (40, 50),
    (50, 60),
    (60, 80),
];
const YEAR: f64 = 365.25;

impl<'a> World<'a> {
    /// The world of a seed, for files of so many rows.
    pub(super) fn new(p: &'a PairParameters, seed: u64, rows: u64) -> Result<Self, SynthError> {
        let key = key_for("kinlink synth pair, version 1", seed);
        let country = Parameters::built_in()?;
        let areas = places::areas(&country, &key, scale(p, &country, rows));
        let reach = areas
            .iter()
            .scan(0, |sum, area| {
                *sum += area.units;
                Some(*sum)
            })
            .collect();
        Ok(World {
            p,
            names: PairNames::new(p)?,
            rows: Rows::new(p, &key, rows),
            key,
            areas,
            reach,
        })
    }

    /// Random numbers for one purpose and one person or row.
    pub(super) fn dice(&self, stream: Stream, number: u64) -> Dice {
        let purpose: u64 = match stream {
            Stream::Both => 1,
            Stream::LeftOnly => 2,
            Stream::RightOnly => 3,
            Stream::LeftRecord => 4,
            Stream::RightRecord => 5,
        };
        Dice::new(&self.key, purpose << 56 | number)
    }

    /// A person.
    pub(super) fn person(&self, who: Who) -> Person {
        let (stream, number) = match who {
            Who::Both(n) => (Stream::Both, n),
            Who::Left(n) => (Stream::LeftOnly, n),
            Who::Right(n) => (Stream::RightOnly, n),
        };
        let mut dice = self.dice(stream, number);
        // Only somebody of the left file is looked like, so this ends after two steps.
        let like = match who {
            Who::Both(_) => None,
            Who::Left(_) => self.some(&mut dice, self.rows.both()).map(Who::Both),
            Who::Right(_) => self
                .some(&mut dice, self.rows.rows())
                .map(|slot| self.rows.left(slot)),
        };
        match (like, relatives::draw(&mut dice, &self.p.relatives)) {
            (Some(other), Some(tie)) => {
                let other = self.person(other);
                relatives::relative(self, &mut dice, &other, tie)
            }
            _ => self.stranger(&mut dice, who),
        }
    }

    /// A number below `size`, if there is one.
    fn some(&self, dice: &mut Dice, size: u64) -> Option<u64> {
        let below = usize::try_from(size).ok().filter(|n| *n > 0)?;
        u64::try_from(dice.below(below)).ok()
    }

    /// Somebody who is related to nobody.
    fn stranger(&self, dice: &mut Dice, who: Who) -> Person {
        let people = &self.p.people;
        let [both, left, right] = **people.women;
        let (women, ages) = match who {
            Who::Both(_) => (both, &people.age_parents),
            Who::Left(_) => (left, &people.age_custody),
            Who::Right(_) => (right, &people.age_parents),
        };
        let sex = if dice.chance(women) {
            Sex::Female
        } else {
            Sex::Male
        };
        let culture = self.names.culture(dice);
        let (from, to) = AGES
            .get(dice.weighted(ages.as_slice()))
            .copied()
            .unwrap_or((30, 40));
        let birth = dice.between(
            years_after(REFERENCE, -to) + 1,
            years_after(REFERENCE, -from),
        );
        let mut surname = self.names.surname(dice, culture);
        if dice.chance(**people.double_barrelled) {
            surname = format!("{surname}-{}", self.names.surname(dice, culture));
        }
        let home = self.home(dice);
        let mut person = Person {
            culture,
            sex,
            forename: self.names.forename(dice, culture, sex),
            middle: self.middle(dice, culture, sex),
            surname,
            birth,
            home,
            other_surname: None,
            other_home: None,
        };
        self.change(dice, &mut person);
        person
    }

    /// What another file knows otherwise because it changed.
    fn change(&self, dice: &mut Dice, person: &mut Person) {
        let changes = &self.p.changes;
        let share = match person.sex {
            Sex::Female => **changes.surname_women,
            Sex::Male => **changes.surname_men,
        };
        if dice.chance(share) {
            let other = self.names.surname(dice, person.culture);
            person.other_surname = Some(if dice.chance(**changes.joined) {
                format!("{}-{other}", person.surname)
            } else {
                other
            });
        }
        let moved = dice.unit();
        let (near, far) = (**changes.moved_near, **changes.moved_far);
        if moved < near {
            person.other_home = Some(self.home_near(dice, person.home));
        } else if moved < near + far {
            person.other_home = Some(self.home(dice));
        }
    }

    /// Middle names.
    pub(super) fn middle(&self, dice: &mut Dice, culture: Culture, sex: Sex) -> String {
        let one = |dice: &mut Dice| self.names.forename(dice, culture, sex);
        match dice.weighted(self.p.people.middle_names.as_slice()) {
            0 => String::new(),
            1 => one(dice),
            _ => format!("{} {}", one(dice), one(dice)),
        }
    }

    /// Some address of the country.
    pub(super) fn home(&self, dice: &mut Dice) -> Home {
        let all = self.reach.last().copied().unwrap_or(0);
        let drawn = self.some(dice, all).unwrap_or(0);
        let area = self.reach.partition_point(|reach| *reach <= drawn);
        let before = area
            .checked_sub(1)
            .and_then(|a| self.reach.get(a))
            .copied()
            .unwrap_or(0);
        Home {
            area,
            unit: drawn - before,
        }
    }

    /// Some other address of the same authority.
    pub(super) fn home_near(&self, dice: &mut Dice, home: Home) -> Home {
        let units = self.areas.get(home.area).map_or(1, |a| a.units).max(2);
        let step = 1 + self.some(dice, units - 1).unwrap_or(0);
        Home {
            area: home.area,
            unit: (home.unit + step) % units,
        }
    }

    /// The postcode of an address.
    pub(super) fn postcode(&self, home: Home) -> String {
        let area = self.areas.get(home.area);
        area.map_or_else(String::new, |area| area.postcode(home.unit))
    }

    /// A forename that is not this one.
    pub(super) fn another_forename(
        &self,
        dice: &mut Dice,
        culture: Culture,
        sex: Sex,
        not: &str,
    ) -> String {
        for _ in 0..20 {
            let name = self.names.forename(dice, culture, sex);
            if name != not {
                return name;
            }
        }
        "Robin".to_owned()
    }
}

/// The last day on which somebody who is 18 on the reference date can have been born.
pub(super) fn last_birth() -> Day {
    years_after(REFERENCE, -18)
}

/// Days of so many years.
pub(super) fn years(dice: &mut Dice, from: i32, to: i32) -> Day {
    let day = |years: i32| {
        let days = f64::from(years) * YEAR;
        i32::try_from(super::super::dice::count(days)).unwrap_or(0)
    };
    dice.between(day(from), day(to))
}

/// The part of the country whose postcodes are as many as the files need.
fn scale(p: &PairParameters, country: &Parameters, rows: u64) -> f64 {
    let postcodes = real(rows) / real((*p.people.rows_per_postcode).max(1));
    let children = postcodes * real(*country.population.children_per_postcode);
    children / real((*country.population.children).max(1))
}
