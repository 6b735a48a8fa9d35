//! People who need no joining: written as they are read.
//!
//! Of each record two fingerprints are kept, so that a record met again is known: the same row again
//! is merged, another row of the same record is an alias.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use super::names::Name;
use super::{Find, Found};
use crate::columnar::ColumnarError;
use crate::ingest::chunk::Row;
use crate::ingest::geography::Geography;
use crate::ingest::landing::person as p;
use crate::ingest::ledger::Ledger;
use crate::ingest::met::Met;
use crate::ingest::output::CanonicalWriter;

/// The records that went by.
pub struct Streamed {
    /// Fingerprint of the record; fingerprint of its first row, with the number of its aliases in
    /// the lowest byte. Two of nine million records share one with a probability of 2 in a million.
    met: Met,
}

impl Streamed {
    /// Nobody yet; what does not fit into memory goes to a file without a name in `folder`.
    pub fn new(folder: &Path) -> Self {
        Streamed {
            met: Met::new(folder),
        }
    }

    /// Writes a row, unless it was there.
    pub fn add(
        &mut self,
        row: Row<'_>,
        writer: &mut CanonicalWriter,
        geography: &Geography,
        ledger: &mut Ledger,
    ) -> Result<(), ColumnarError> {
        let record = row.text(p::RECORD).unwrap_or_default();
        let name = Name::of(row);
        let content = fingerprint(&name) & !0xFF;
        let mut alias = 0;
        let who = fingerprint(record);
        match self.met.get(who)? {
            Some(first) if first & !0xFF == content => {
                ledger.merged(row);
                return Ok(());
            }
            Some(first) => {
                let next = if first & 0xFF < 0xFF {
                    first + 1
                } else {
                    first
                };
                if next != first {
                    self.met.put(who, next)?;
                }
                alias = u32::try_from(next & 0xFF).unwrap_or_default();
            }
            None => self.met.put(who, content)?,
        }
        name.write(writer, geography, record, alias, row)
    }
}

impl Find for Streamed {
    fn find<'s>(&'s self, record: &'s str) -> Result<Found<'s>, ColumnarError> {
        // A system that only adds spells to people of another one has no people of its own.
        if self.met.is_empty() || self.met.get(fingerprint(record))?.is_some() {
            Ok(Found::Person(record))
        } else {
            Ok(Found::Nobody)
        }
    }
}

/// A hash with fixed keys: it must not differ between runs. It leaves memory at most for a file without
/// a name, in the folder where the clear tables are.
fn fingerprint(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
