//! Bookings: whose they are, when they began and ended.

use hashbrown::HashMap;

use super::Found;
use super::people::People;
use crate::ingest::chunk::{Landed, Row};
use crate::ingest::landing::booking;
use crate::ingest::ledger::Ledger;

/// One booking.
pub struct Booking<'a> {
    /// The record of the person, after joining.
    pub person: &'a str,
    /// Its first day.
    pub begin: Option<i32>,
    /// Its last day.
    pub end: Option<i32>,
    /// Is it still open?
    pub active: bool,
    /// Where the person is or was last.
    pub agency: Option<&'a str>,
    /// Its landed row.
    pub row: Row<'a>,
}

/// The bookings of a system.
pub struct Bookings<'a> {
    index: HashMap<&'a str, Option<usize>>,
    /// In the order of reading.
    pub all: Vec<Booking<'a>>,
}

/// What a row's booking leads to.
pub enum Of {
    /// No booking.
    Nothing,
    /// The booking of somebody nobody asks for.
    OutOfScope,
    /// A booking.
    Booking(usize),
}

impl<'a> Bookings<'a> {
    /// Reads the bookings.
    pub fn read(landed: &'a Landed, people: &People<'a>, ledger: &mut Ledger) -> Self {
        let mut bookings = Bookings {
            index: HashMap::new(),
            all: Vec::new(),
        };
        for row in landed.rows(booking::TABLE) {
            let id = row.text(booking::BOOKING).unwrap_or_default();
            let record = row.text(booking::RECORD).unwrap_or_default();
            let person = match people.owner(record) {
                Found::Person(person) => person,
                Found::OutOfScope => {
                    ledger.out_of_scope(row);
                    bookings.index.insert(id, None);
                    continue;
                }
                Found::Nobody => {
                    ledger.dangling(row, "record");
                    continue;
                }
            };
            bookings.index.insert(id, Some(bookings.all.len()));
            bookings.all.push(Booking {
                person,
                begin: row.date(booking::BEGIN),
                end: row.date(booking::END),
                active: row.flag(booking::ACTIVE) == Some(true),
                agency: row.text(booking::AGENCY),
                row,
            });
        }
        bookings
    }

    /// The booking of that number.
    pub fn find(&self, id: Option<&str>) -> Of {
        match id.and_then(|id| self.index.get(id)) {
            None => Of::Nothing,
            Some(None) => Of::OutOfScope,
            Some(Some(at)) => Of::Booking(*at),
        }
    }

    /// The booking that a landed row points to; a row that points nowhere is accounted for.
    pub fn of(&self, id: Option<&str>, row: Row<'_>, ledger: &mut Ledger) -> Option<usize> {
        match self.find(id) {
            Of::Booking(at) => Some(at),
            Of::OutOfScope => {
                ledger.out_of_scope(row);
                None
            }
            Of::Nothing => {
                ledger.dangling(row, "booking");
                None
            }
        }
    }
}
