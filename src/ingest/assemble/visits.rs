//! Visits: one row for each visitor of each visit.

use hashbrown::HashMap;

use super::Found;
use super::bookings::Bookings;
use super::people::People;
use crate::columnar::ColumnarError;
use crate::ingest::chunk::{Landed, Row};
use crate::ingest::landing::{visit, visitor};
use crate::ingest::ledger::Ledger;
use crate::ingest::output::{CanonicalWriter, Out};

/// Writes the visits.
pub fn write<'a>(
    landed: &'a Landed,
    bookings: &Bookings<'a>,
    people: &People<'a>,
    writer: &mut CanonicalWriter,
    ledger: &mut Ledger,
) -> Result<(), ColumnarError> {
    let mut visits: HashMap<&str, (usize, Row<'a>)> = HashMap::new();
    for row in landed.rows(visit::TABLE) {
        if let Some(booking) = bookings.of(row.text(visit::BOOKING), row, ledger) {
            visits.insert(row.text(visit::VISIT).unwrap_or_default(), (booking, row));
        }
    }
    for row in landed.rows(visitor::TABLE) {
        // Official visits and those of people out of scope are gone before; their visitors go too.
        let visit = visits.get(row.text(visitor::VISIT).unwrap_or_default());
        let Some((booking, of)) = visit else {
            ledger.out_of_scope(row);
            continue;
        };
        let who = row.text(visitor::VISITOR).unwrap_or_default();
        let who = match people.owner(who) {
            Found::Person(who) => who,
            Found::OutOfScope => {
                ledger.out_of_scope(row);
                continue;
            }
            Found::Nobody => {
                ledger.dangling(row, "visitor");
                continue;
            }
        };
        let outcome = row.text(visitor::OUTCOME).or(of.text(visit::OUTCOME));
        writer.push(
            &[
                Out::Text(Some(bookings.all[*booking].person)),
                Out::Text(Some(who)),
                Out::Date(of.date(visit::DATE)),
                Out::Text(outcome),
            ],
            row.file(),
            row.number_in_file(),
        )?;
    }
    Ok(())
}
