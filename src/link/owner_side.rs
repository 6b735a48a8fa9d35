//! The owner's side: the tables that say which record a row pseudonym of a pass belongs to. Here,
//! and only here, the passes meet.

use hashbrown::HashMap;

use super::linkage_side::Groups;
use crate::pseudonymise::Pseudonym;

/// The records that were in a group so far, numbered in the order in which they came. The numbers
/// are for this process; files carry the pseudonyms.
#[derive(Default)]
pub struct Records {
    numbers: HashMap<Pseudonym, u32>,
    list: Vec<(Pseudonym, u8)>,
}

impl Records {
    /// How many.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// None yet?
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The number of a record that was in a group already.
    pub fn number(&self, record: &Pseudonym) -> Option<u32> {
        self.numbers.get(record).copied()
    }

    /// The record of a number.
    pub fn pseudonym(&self, number: u32) -> Pseudonym {
        self.at(number).0
    }

    /// The source of a number.
    pub fn source(&self, number: u32) -> u8 {
        self.at(number).1
    }

    fn at(&self, number: u32) -> (Pseudonym, u8) {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.list.get(index).copied().unwrap_or_default()
    }

    fn enter(&mut self, record: Pseudonym, source: u8) -> u32 {
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(record).or_insert_with(|| {
            self.list.push((record, source));
            next
        })
    }
}

/// The groups of a pass as groups of records: each record once a group, groups of one left out.
#[derive(Debug, Default)]
pub struct RecordGroups {
    members: Vec<u32>,
    ends: Vec<usize>,
}

impl RecordGroups {
    /// Adds a group of different records.
    pub fn push(&mut self, records: &[u32]) {
        if records.len() > 1 {
            self.members.extend_from_slice(records);
            self.ends.push(self.members.len());
        }
    }

    /// The groups.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, &end)| self.members.get(start..end).unwrap_or_default())
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// None?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// A row of the join table: row pseudonym, record pseudonym.
pub type Joined = (Pseudonym, Pseudonym);

/// Turns groups of rows into groups of records.
///
/// `scan` hands every row of the join table to the function that it is given, in any order.
/// `each_known` is told the number of the record of every row whose record was in a group of an
/// earlier pass, whether the row is in a group of this one or not. Only rows that are in a group
/// are kept in memory. `Ok(Err(n))`: the join table has no record for `n` of the rows.
pub fn join<E>(
    groups: &Groups,
    records: &mut Records,
    scan: impl FnOnce(&mut dyn FnMut(&Joined)) -> Result<(), E>,
    mut each_known: impl FnMut(u32),
) -> Result<Result<RecordGroups, u64>, E> {
    let mut wanted: HashMap<Pseudonym, Option<Pseudonym>> =
        HashMap::with_capacity(groups.members.len());
    for (_, row) in &groups.members {
        wanted.insert(*row, None);
    }
    scan(&mut |(row, record)| {
        if let Some(number) = records.number(record) {
            each_known(number);
        }
        if let Some(found) = wanted.get_mut(row) {
            *found = Some(*record);
        }
    })?;
    let missing = wanted.values().filter(|r| r.is_none()).count() as u64;
    if missing > 0 {
        return Ok(Err(missing));
    }
    let mut out = RecordGroups::default();
    let mut numbers: Vec<u32> = Vec::new();
    for group in groups.iter() {
        numbers.clear();
        for (source, row) in group {
            if let Some(Some(record)) = wanted.get(row) {
                numbers.push(records.enter(*record, *source));
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        out.push(&numbers);
    }
    Ok(Ok(out))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::link::linkage_side::{PassRows, group};

    fn p(n: u8) -> Pseudonym {
        [n; 16]
    }

    fn groups(rows: &[(u8, u8, u8)]) -> Groups {
        group(
            &PassRows {
                sources: rows.iter().map(|r| r.0).collect(),
                rows: rows.iter().map(|r| p(r.1)).collect(),
                keys: rows.iter().map(|r| p(r.2)).collect(),
            },
            100,
        )
    }

    #[test]
    fn two_names_of_one_record_are_no_pair() {
        // Rows 1 and 2 are two names of record 101; row 3 is record 103.
        let groups = groups(&[(0, 1, 9), (0, 2, 9), (0, 1, 8), (1, 3, 8)]);
        let table = [(p(1), p(101)), (p(2), p(101)), (p(3), p(103))];
        let mut records = Records::default();
        let scan = |f: &mut dyn FnMut(&Joined)| {
            table.iter().for_each(f);
            Ok::<(), Infallible>(())
        };
        let Ok(Ok(found)) = join(&groups, &mut records, scan, |_| panic!("none is known")) else {
            panic!("a record is missing");
        };
        assert_eq!(found.len(), 1);
        assert_eq!(records.len(), 2);
        let mut known = Vec::new();
        let Ok(Ok(_)) = join(&groups, &mut records, scan, |n| known.push(n)) else {
            panic!("a record is missing");
        };
        assert_eq!(known.len(), 3);
    }

    #[test]
    fn a_row_without_a_record_is_noticed() {
        let groups = groups(&[(0, 1, 9), (1, 2, 9)]);
        let mut records = Records::default();
        let scan = |f: &mut dyn FnMut(&Joined)| {
            f(&(p(1), p(101)));
            Ok::<(), Infallible>(())
        };
        assert!(matches!(
            join(&groups, &mut records, scan, |_| {}),
            Ok(Err(1))
        ));
    }
}
