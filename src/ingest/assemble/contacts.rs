//! Contacts of prisoners who are their children, once each, however often a booking repeats them.

use hashbrown::HashSet;

use super::Found;
use super::bookings::Bookings;
use super::people::People;
use crate::columnar::ColumnarError;
use crate::ingest::chunk::Landed;
use crate::ingest::landing::contact;
use crate::ingest::ledger::Ledger;
use crate::ingest::output::{CanonicalWriter, Out};

/// Writes who is whose child by the contacts, and marks the children among the people.
pub fn write<'a>(
    landed: &'a Landed,
    bookings: &Bookings<'a>,
    people: &mut People<'a>,
    writer: &mut CanonicalWriter,
    ledger: &mut Ledger,
) -> Result<(), ColumnarError> {
    let mut seen = HashSet::new();
    for row in landed.rows(contact::TABLE) {
        let Some(booking) = bookings.of(row.text(contact::BOOKING), row, ledger) else {
            continue;
        };
        let Some(relationship) = row.text(contact::RELATIONSHIP) else {
            ledger.out_of_scope(row);
            continue;
        };
        let adult = bookings.all[booking].person;
        let child = match people.owner(row.text(contact::CONTACT).unwrap_or_default()) {
            Found::Person(child) => child,
            Found::OutOfScope => {
                ledger.out_of_scope(row);
                continue;
            }
            Found::Nobody => {
                ledger.dangling(row, "contact");
                continue;
            }
        };
        people.is_child(child);
        if !seen.insert((adult, child, relationship)) {
            ledger.merged(row);
            continue;
        }
        // A child who died is nobody's child from that day on.
        let to = people.died(child);
        writer.push(
            &[
                Out::Text(Some(adult)),
                Out::Text(Some(child)),
                Out::Text(Some(relationship)),
                Out::Date(None),
                Out::Date(to),
            ],
            row.file(),
            row.number_in_file(),
        )?;
    }
    Ok(())
}
