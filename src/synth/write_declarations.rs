//! What a prisoner says of children: the reception screening, and their number as free text.

use super::calendar::{REFERENCE, age_on};
use super::desk::Desk;
use super::names::Sex;
use super::noise;
use super::people::{Adult, Child, Family};
use super::write_stays::Booking;

/// The screening at each reception and the free text of the profile.
pub(super) fn write(
    desk: &mut Desk,
    family: &Family,
    position: usize,
    adult: &Adult,
    bookings: &[Booking],
) {
    let q = &desk.p.recording;
    let kind = usize::from(!adult.open);
    let says = desk.dice.chance(q.screening[kind]);
    let carer = q.primary_carer[usize::from(adult.sex == Sex::Female)];
    let carer = desk.dice.chance(carer);
    let mut told = false;
    for (k, booking) in bookings.iter().enumerate() {
        let day = (booking.begin + desk.dice.between(0, 6)).min(REFERENCE);
        let young = young_children(family, position, day);
        let last = k + 1 == bookings.len();
        let done = desk.dice.chance(**q.screening_done);
        // Who says so at all says so at one screening at least.
        if done || (says && last && !told && young > 0) {
            let yes = if young > 0 {
                says
            } else {
                desk.dice.chance(**q.false_yes)
            };
            told |= yes;
            write_screening(desk, booking, (day, yes, young), carer);
        }
    }
    let ever = young_children(family, position, REFERENCE);
    let text = **q.children_text;
    if let Some(last) = bookings.last()
        && ((ever > 0 && desk.dice.chance(text)) || desk.dice.chance(0.05))
    {
        let words = children_text(desk, ever);
        let id = last.id.to_string();
        desk.pages.profiles.row(&[&id, "1", "CHILD", &words]);
    }
}

fn young_children(family: &Family, position: usize, day: i32) -> usize {
    let of_this = |c: &&Child| c.parents().any(|a| a == position);
    let young = |c: &&Child| c.birth <= day && age_on(c.birth, day) < 18;
    family.children.iter().filter(of_this).filter(young).count()
}

fn write_screening(
    desk: &mut Desk,
    booking: &Booking,
    (day, yes, young): (i32, bool, usize),
    carer: bool,
) {
    let answer = if yes {
        "YES"
    } else {
        desk.dice
            .word(&["NO", "NO", "NO", "NO", "NO", "NO", "DK", "NA"])
    };
    let number = match (yes, desk.dice.below(12)) {
        (false, _) => String::new(),
        (true, 0) => (young + 1).to_string(),
        (true, 1) => String::new(),
        (true, _) => young.max(1).to_string(),
    };
    let carer = match (yes, carer) {
        (true, true) => "YES",
        (true, false) => desk.dice.word(&["NO", "NO", "DK"]),
        _ => "NA",
    };
    let date = noise::date_text(&mut desk.dice, desk.p, day);
    desk.pages
        .screenings
        .row(&[&booking.id.to_string(), date, answer, &number, carer]);
}

/// A number of children as officers type it.
fn children_text(desk: &mut Desk, n: usize) -> String {
    const WORDS: [&str; 7] = ["none", "one", "two", "three", "four", "five", "six"];
    let word = WORDS.get(n).copied().unwrap_or("several");
    match desk.dice.below(12) {
        0 => word.to_owned(),
        1 => format!("{n}{n}"),
        2 if n > 1 => format!("{} boys, {} girl", n - 1, 1),
        2 | 3 => format!("{n} boys"),
        4 => format!("{n} children"),
        5 => "?".to_owned(),
        6 => format!(" {n} "),
        7 if n > 0 => format!("{n} (not in contact)"),
        _ => n.to_string(),
    }
}
