//! Contacts of prisoners who are their children, once each, however often a booking repeats them.

use hashbrown::HashMap;

use super::Found;
use super::bookings::Bookings;
use super::people::People;
use crate::columnar::ColumnarError;
use crate::ingest::chunk::{Landed, Row};
use crate::ingest::landing::contact;
use crate::ingest::ledger::Ledger;
use crate::ingest::output::{CanonicalWriter, Out};

/// A relation, said once or several times.
struct Relation<'a> {
    adult: &'a str,
    child: &'a str,
    relationship: &'a str,
    /// The last day, unless one of the rows has none.
    to: Option<i32>,
    row: Row<'a>,
}

/// Writes who is whose child by the contacts, and marks the children among the people.
pub fn write<'a>(
    landed: &'a Landed,
    bookings: &Bookings<'a>,
    people: &mut People<'a>,
    writer: &mut CanonicalWriter,
    ledger: &mut Ledger,
) -> Result<(), ColumnarError> {
    let mut index: HashMap<(&str, &str, &str), usize> = HashMap::new();
    let mut relations: Vec<Relation<'a>> = Vec::new();
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
        let to = row.date(contact::END);
        match index.get(&(adult, child, relationship)) {
            Some(&at) => {
                ledger.merged(row);
                let known: &mut Relation<'_> = &mut relations[at];
                known.to = match (known.to, to) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    _ => None,
                };
            }
            None => {
                index.insert((adult, child, relationship), relations.len());
                relations.push(Relation {
                    adult,
                    child,
                    relationship,
                    to,
                    row,
                });
            }
        }
    }
    for r in &relations {
        writer.push(
            &[
                Out::Text(Some(r.adult)),
                Out::Text(Some(r.child)),
                Out::Text(Some(r.relationship)),
                Out::Date(None),
                Out::Date(r.to),
            ],
            r.row.file(),
            r.row.number_in_file(),
        )?;
    }
    Ok(())
}
