//! People who look like somebody else: households, fathers and sons of one name, twins, namesakes.

use super::super::calendar::{Day, REFERENCE, years_after};
use super::super::dice::Dice;
use super::super::names::Sex;
use super::parameters::Relatives;
use super::person::{Home, Person, World, last_birth, years};

/// How somebody is like another person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// Partner, brother or sister, parent or child at one address.
    Household,
    /// Father or son of the same name.
    FatherSon,
    /// Born on the same day.
    Twin,
    /// Of the same name, and no relation.
    Namesake,
}

/// Whether somebody is like another person, and how.
pub(super) fn draw(dice: &mut Dice, p: &Relatives) -> Option<Tie> {
    let mut left = dice.unit();
    let ties = [
        (Tie::Household, **p.household),
        (Tie::FatherSon, **p.father_son),
        (Tie::Twin, **p.twin),
        (Tie::Namesake, **p.namesake),
    ];
    for (tie, share) in ties {
        if left < share {
            return Some(tie);
        }
        left -= share;
    }
    None
}

/// Somebody who is like the other person in that way.
pub(super) fn relative(world: &World, dice: &mut Dice, other: &Person, tie: Tie) -> Person {
    let person = match tie {
        Tie::Household => household(world, dice, other),
        Tie::FatherSon => father_son(world, dice, other),
        Tie::Twin => twin(world, dice, other),
        Tie::Namesake => namesake(world, dice, other),
    };
    Person {
        birth: person.birth.min(last_birth()),
        other_surname: None,
        other_home: None,
        ..person
    }
}

/// Where the other person lives, as one file or the other knows it.
fn shared_home(dice: &mut Dice, other: &Person) -> Home {
    match other.other_home {
        Some(home) if dice.chance(0.5) => home,
        _ => other.home,
    }
}

fn any_sex(dice: &mut Dice) -> Sex {
    if dice.chance(0.5) {
        Sex::Male
    } else {
        Sex::Female
    }
}

/// A generation older or younger, but of age.
fn other_generation(dice: &mut Dice, birth: Day) -> Day {
    let apart = years(dice, 18, 38);
    // A child must be of age, and a parent alive.
    let old_enough = birth + apart <= last_birth();
    let young_enough = birth - apart > years_after(REFERENCE, -90);
    if old_enough && (!young_enough || dice.chance(0.5)) {
        birth + apart
    } else {
        birth - apart
    }
}

fn household(world: &World, dice: &mut Dice, other: &Person) -> Person {
    let p = &world.p.relatives;
    let home = shared_home(dice, other);
    let mut surname = other.surname.clone();
    let (sex, birth) = match dice.weighted(p.household_kinds.as_slice()) {
        0 => {
            if !dice.chance(**p.partner_surname) {
                surname = world.names.surname(dice, other.culture);
            }
            (other.sex.other(), other.birth + dice.between(-2_500, 2_500))
        }
        1 => {
            let apart = dice.between(330, 4_000);
            let older = other.birth + apart > last_birth() || dice.chance(0.5);
            let birth = if older {
                other.birth - apart
            } else {
                other.birth + apart
            };
            (any_sex(dice), birth)
        }
        _ => (any_sex(dice), other_generation(dice, other.birth)),
    };
    Person {
        sex,
        forename: world.another_forename(dice, other.culture, sex, &other.forename),
        middle: world.middle(dice, other.culture, sex),
        surname,
        birth,
        home,
        ..other.clone()
    }
}

fn father_son(world: &World, dice: &mut Dice, other: &Person) -> Person {
    let home = if dice.chance(**world.p.relatives.father_son_postcode) {
        shared_home(dice, other)
    } else {
        world.home_near(dice, other.home)
    };
    Person {
        middle: world.middle(dice, other.culture, other.sex),
        birth: other_generation(dice, other.birth),
        home,
        ..other.clone()
    }
}

fn twin(world: &World, dice: &mut Dice, other: &Person) -> Person {
    let p = &world.p.relatives;
    let home = if dice.chance(**p.twin_postcode) {
        shared_home(dice, other)
    } else {
        world.home_near(dice, other.home)
    };
    let sex = if dice.chance(**p.twin_sex) {
        other.sex
    } else {
        other.sex.other()
    };
    Person {
        sex,
        forename: world.another_forename(dice, other.culture, sex, &other.forename),
        middle: world.middle(dice, other.culture, sex),
        home,
        ..other.clone()
    }
}

fn namesake(world: &World, dice: &mut Dice, other: &Person) -> Person {
    let home = if dice.chance(**world.p.relatives.namesake_area) {
        world.home_near(dice, other.home)
    } else {
        world.home(dice)
    };
    // Within ten years, and never on the same day.
    let apart = dice.between(1, 3_650);
    let older = other.birth + apart > last_birth() || dice.chance(0.5);
    Person {
        middle: world.middle(dice, other.culture, other.sex),
        birth: if older {
            other.birth - apart
        } else {
            other.birth + apart
        },
        home,
        ..other.clone()
    }
}
