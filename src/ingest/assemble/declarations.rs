//! What people declared about their children.

use hashbrown::HashSet;

use super::bookings::Bookings;
use super::{Find, Found};
use crate::columnar::ColumnarError;
use crate::ingest::chunk::Landed;
use crate::ingest::landing::declaration as d;
use crate::ingest::ledger::Ledger;
use crate::ingest::output::{CanonicalWriter, Out};

/// Writes the declarations; those of a booking are those of its person.
pub fn write(
    landed: &Landed,
    bookings: Option<&Bookings<'_>>,
    people: &impl Find,
    writer: &mut CanonicalWriter,
    ledger: &mut Ledger,
) -> Result<(), ColumnarError> {
    let mut seen = HashSet::new();
    for row in landed.rows(d::TABLE) {
        let mut date = row.date(d::DATE);
        let person = match (row.text(d::RECORD), bookings) {
            (Some(record), _) => match people.find(record)? {
                Found::Person(person) => person,
                Found::OutOfScope => {
                    ledger.out_of_scope(row);
                    continue;
                }
                Found::Nobody => {
                    ledger.dangling(row, "record");
                    continue;
                }
            },
            (None, Some(bookings)) => {
                let Some(at) = bookings.of(row.text(d::BOOKING), row, ledger) else {
                    continue;
                };
                date = date.or(bookings.all[at].begin);
                bookings.all[at].person
            }
            (None, None) => {
                ledger.dangling(row, "record");
                continue;
            }
        };
        let number = row.number(d::NUMBER).and_then(|n| u8::try_from(n).ok());
        let has_children = row.flag(d::HAS_CHILDREN).or(number.map(|n| n > 0));
        let primary_carer = row.flag(d::PRIMARY_CARER);
        if has_children.is_none() && primary_carer.is_none() {
            // Asked and not answered, or a value that was dropped as rubbish.
            ledger.out_of_scope(row);
            continue;
        }
        if !seen.insert((person.to_owned(), date, has_children, number, primary_carer)) {
            ledger.merged(row);
            continue;
        }
        writer.push(
            &[
                Out::Text(Some(person)),
                Out::Date(date),
                Out::Flag(has_children),
                Out::Small(number),
                Out::Flag(primary_carer),
            ],
            row.file(),
            row.number_in_file(),
        )?;
    }
    Ok(())
}
