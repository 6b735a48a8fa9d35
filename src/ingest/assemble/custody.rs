//! Movements to unbroken spells in prison.
//!
//! Each booking's movements give stays: one begins with the first movement in, and ends with a
//! release; transfers, courts and temporary absences change the prison, not the stay. The stays of
//! all bookings of a person are joined: a release and an admission on the same day (a transfer by
//! way of a court) leave no gap, and a gap of one night is bridged.

use hashbrown::HashMap;

use super::bookings::{Booking, Bookings};
use super::people::People;
use super::sentence::Grounds;
use super::spells::{Spell, unbroken};
use crate::columnar::ColumnarError;
use crate::ingest::chunk::{Landed, Row};
use crate::ingest::landing::movement;
use crate::ingest::ledger::Ledger;
use crate::ingest::output::{CanonicalWriter, Out};

/// Gaps of so many nights are bridged.
const BRIDGE: i32 = 1;

struct Move<'a> {
    booking: usize,
    date: i32,
    time: Option<&'a str>,
    sequence: Option<i32>,
    inwards: bool,
    release: bool,
    to: Option<&'a str>,
    row: Row<'a>,
}

struct Stay<'a> {
    from: i32,
    to: Option<i32>,
    booking: usize,
    row: Row<'a>,
}

/// Writes the spells.
pub fn write<'a>(
    landed: &'a Landed,
    bookings: &Bookings<'a>,
    people: &People<'a>,
    reference: i32,
    writer: &mut CanonicalWriter,
    ledger: &mut Ledger,
) -> Result<(), ColumnarError> {
    let moves = read_moves(landed, bookings, ledger);
    let grounds = Grounds::read(landed, bookings, ledger);
    // The moves of a booking stand together, because they are sorted by booking.
    let mut of_booking: Vec<&[Move<'_>]> = vec![&[]; bookings.all.len()];
    for part in moves.chunk_by(|a, b| a.booking == b.booking) {
        if let Some(first) = part.first() {
            of_booking[first.booking] = part;
        }
    }
    let mut of_person: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, booking) in bookings.all.iter().enumerate() {
        of_person.entry(booking.person).or_default().push(at);
    }
    for person in people.records() {
        let Some(list) = of_person.get_mut(person) else {
            continue;
        };
        list.sort_by_key(|at| (bookings.all[*at].begin, *at));
        let mut stays = Vec::new();
        for (i, &at) in list.iter().enumerate() {
            let next = list.get(i + 1).and_then(|n| bookings.all[*n].begin);
            stays_of(at, &bookings.all[at], of_booking[at], next, &mut stays);
        }
        let plain: Vec<(i32, Option<i32>)> = stays.iter().map(|s| (s.from, s.to)).collect();
        for spell in unbroken(&plain, BRIDGE) {
            write_spell(
                person,
                &spell,
                &stays,
                bookings,
                &of_booking,
                &grounds,
                reference,
                writer,
            )?;
        }
    }
    Ok(())
}

fn read_moves<'a>(
    landed: &'a Landed,
    bookings: &Bookings<'a>,
    ledger: &mut Ledger,
) -> Vec<Move<'a>> {
    let mut moves = Vec::new();
    for row in landed.rows(movement::TABLE) {
        let Some(booking) = bookings.of(row.text(movement::BOOKING), row, ledger) else {
            continue;
        };
        moves.push(Move {
            booking,
            date: row.date(movement::DATE).unwrap_or_default(),
            time: row.text(movement::TIME),
            sequence: row.number(movement::SEQUENCE),
            inwards: row.text(movement::DIRECTION) == Some("in"),
            release: row.text(movement::EVENT) == Some("release"),
            to: row.text(movement::TO),
            row,
        });
    }
    // Within a day the time decides, and where it is the same the sequence.
    moves.sort_by_key(|m| (m.booking, m.date, m.time, m.sequence));
    moves
}

/// The stays of one booking; `next` is the first day of the person's next booking.
fn stays_of<'a>(
    at: usize,
    booking: &Booking<'a>,
    moves: &[Move<'a>],
    next: Option<i32>,
    stays: &mut Vec<Stay<'a>>,
) {
    let mut open: Option<(i32, Row<'a>)> = None;
    let mut any = false;
    for m in moves {
        if m.inwards {
            any = true;
            open.get_or_insert((m.date, m.row));
        } else if m.release {
            // A release whose admission is missing ends a stay that began with the booking.
            let begun = open.take().or_else(|| {
                booking
                    .begin
                    .filter(|b| !any && *b <= m.date)
                    .map(|b| (b, booking.row))
            });
            any = true;
            if let Some((from, row)) = begun {
                stays.push(Stay {
                    from,
                    to: Some(m.date),
                    booking: at,
                    row,
                });
            }
        }
    }
    if !any {
        open = booking.begin.map(|b| (b, booking.row));
    }
    if let Some((from, row)) = open {
        // A booking that is closed, or that another one follows, did not go on for ever.
        let to = if booking.active {
            None
        } else {
            booking.end.or(next).map(|end| end.max(from))
        };
        stays.push(Stay {
            from,
            to,
            booking: at,
            row,
        });
    }
}

#[allow(clippy::too_many_arguments)]
fn write_spell(
    person: &str,
    spell: &Spell,
    stays: &[Stay<'_>],
    bookings: &Bookings<'_>,
    moves: &[&[Move<'_>]],
    grounds: &Grounds<'_>,
    reference: i32,
    writer: &mut CanonicalWriter,
) -> Result<(), ColumnarError> {
    // The spell as it stood on the reference date, or on its last day if it ended before; of a
    // spell that began later, on its first day.
    let last = spell.to.map_or(reference, |to| reference.min(to - 1));
    let day = last.max(spell.from);
    let mut places: Vec<usize> = spell.stays.iter().map(|s| stays[*s].booking).collect();
    places.dedup();
    // The latest booking that says something speaks; one that began after the day does not.
    let on_day = |at: &&usize| bookings.all[**at].begin.is_none_or(|b| b <= day);
    let latest: Vec<usize> = places.iter().rev().filter(on_day).copied().collect();
    let ground = latest.iter().find_map(|b| Some((*b, grounds.on(*b, day)?)));
    let legal = ground.as_ref().and_then(|(_, g)| g.legal);
    let lead = ground.as_ref().map(|(b, _)| *b).or(latest.first().copied());
    let band = lead.and_then(|b| grounds.band(b, ground.as_ref().map(|(_, g)| g)));
    let offence = latest.iter().find_map(|b| grounds.offence(*b));
    let establishment = latest
        .iter()
        .flat_map(|b| moves[*b].iter().rev())
        .find(|m| m.inwards && m.date <= day && m.to.is_some())
        .and_then(|m| m.to)
        .or_else(|| {
            latest
                .iter()
                .find_map(|b| bookings.all[*b].agency.filter(|a| is_prison(a)))
        });
    let first = &stays[spell.stays[0]];
    writer.push(
        &[
            Out::Text(Some(person)),
            Out::Date(Some(spell.from)),
            Out::Date(spell.to),
            Out::Text(establishment),
            Out::Text(legal),
            Out::Text(band),
            Out::Text(offence),
        ],
        first.row.file(),
        first.row.number_in_file(),
    )
}

/// `OUT` and `TRN` stand where a prison would.
fn is_prison(agency: &str) -> bool {
    crate::schema::codes::prisons()
        .iter()
        .any(|p| p.id == agency)
}
