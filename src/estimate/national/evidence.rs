//! What three lists say of each prisoner: that there are children, how many, and which.
//!
//! The register of prisoners is the frame: a record of probation or of children's services speaks of
//! a prisoner only where linkage brought the two together. A link that was missed therefore takes a
//! statement away, as if the list had not made it, and adds nobody.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, FixedSizeBinaryArray};

use super::super::read::{Entities, Entity, Files, id};
use crate::columnar::{self, ColumnarError, TableReader};
use crate::schema::canonical::{RECORD, relationship};

/// Numbers above this are slips of the pen (`11` for 1), and the number counts as not stated.
const MOST_CHILDREN: u8 = 10;

/// The three lists, each by the systems that make it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    /// What prisons record: screening at reception, and contacts.
    pub custody: Vec<String>,
    /// What probation records.
    pub probation: Vec<String>,
    /// The carers of children whom children's services know.
    pub services: Vec<String>,
}

/// Where a statement comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Custody,
    Probation,
    Services,
}

impl Lists {
    fn of(&self, system: &str) -> Option<List> {
        let holds = |systems: &[String]| systems.iter().any(|s| s == system);
        match system {
            _ if holds(&self.custody) => Some(List::Custody),
            _ if holds(&self.probation) => Some(List::Probation),
            _ if holds(&self.services) => Some(List::Services),
            _ => None,
        }
    }
}

/// What is said of one prisoner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Prisons record that there are children, or name one.
    pub custody: bool,
    /// Probation records that there are.
    pub probation: bool,
    /// Numbers of children stated, with their days.
    pub numbers: Vec<(i32, u8)>,
    /// Children whom prisons or probation name.
    pub named: BTreeSet<Entity>,
    /// Children whom children's services name this prisoner a parent of.
    pub known: BTreeSet<Entity>,
}

impl Said {
    /// The number that was stated most often; of those stated equally often, the latest.
    pub fn number(&self) -> Option<u32> {
        let mut times: BTreeMap<u8, (usize, i32)> = BTreeMap::new();
        for (day, number) in &self.numbers {
            let (count, latest) = times.entry(*number).or_insert((0, i32::MIN));
            *count += 1;
            *latest = (*latest).max(*day);
        }
        let best = times.into_iter().max_by_key(|(_, often)| *often);
        best.map(|(number, _)| u32::from(number))
    }
}

impl Said {
    /// The first step at which a record says that there are children: a word of the dimension
    /// `first_identified`.
    pub fn first_identified(&self) -> &'static str {
        match (self.custody, self.named.is_empty(), self.probation) {
            (true, _, _) => "reception",
            (false, false, _) => "contacts",
            (false, true, true) => "probation",
            (false, true, false) if !self.known.is_empty() => "services",
            (false, true, false) => "other",
        }
    }
}

/// What is said of each prisoner of whom anything is said.
pub type Evidence = BTreeMap<Entity, Said>;

/// Reads declarations and names; only adults of `prisoners` matter.
///
/// # Errors
/// If a file cannot be read.
pub fn gather<V>(
    declared: &Files,
    parenthood: &Files,
    lists: &Lists,
    (adults, children): (&Entities, &Entities),
    prisoners: &BTreeMap<Entity, V>,
) -> Result<Evidence, ColumnarError> {
    let mut out = Evidence::new();
    for file in declared {
        let Some(list) = lists.of(&file.system) else {
            continue;
        };
        let path = &file.path;
        for batch in TableReader::open(path, Some(&[RECORD, "date", "has_children", "number"]))? {
            let batch = batch?;
            let records = columnar::bytes(&batch, RECORD, path)?;
            let days = columnar::date(&batch, "date", path)?;
            let has = columnar::boolean(&batch, "has_children", path)?;
            let numbers = columnar::u8(&batch, "number", path)?;
            for row in 0..batch.num_rows() {
                let adult = adults.of(id(records, row));
                if has.is_null(row) || !has.value(row) || !prisoners.contains_key(&adult) {
                    continue;
                }
                let said = out.entry(adult).or_default();
                said.says(list);
                let number = (!numbers.is_null(row)).then(|| numbers.value(row));
                if let Some(n) = number.filter(|n| (1..=MOST_CHILDREN).contains(n)) {
                    let day = columnar::date_at(days, row).unwrap_or(i32::MIN);
                    said.numbers.push((day, n));
                }
            }
        }
    }
    for file in parenthood {
        let Some(list) = lists.of(&file.system) else {
            continue;
        };
        let path = &file.path;
        for batch in TableReader::open(path, Some(&[RECORD, "child", "relationship"]))? {
            let batch = batch?;
            let records = columnar::bytes(&batch, RECORD, path)?;
            let named: &FixedSizeBinaryArray = columnar::bytes(&batch, "child", path)?;
            let words = columnar::text(&batch, "relationship", path)?;
            for row in 0..batch.num_rows() {
                let adult = adults.of(id(records, row));
                if words.value(row) != relationship::PARENT || !prisoners.contains_key(&adult) {
                    continue;
                }
                let child = children.of(id(named, row));
                let said = out.entry(adult).or_default();
                match list {
                    List::Services => said.known.insert(child),
                    List::Custody | List::Probation => said.named.insert(child),
                };
            }
        }
    }
    Ok(out)
}

impl Said {
    fn says(&mut self, list: List) {
        match list {
            List::Custody => self.custody = true,
            List::Probation => self.probation = true,
            // What children's services say is whom they name.
            List::Services => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_stated_most_often_counts_and_of_equals_the_latest() {
        let of = |numbers: &[(i32, u8)]| Said {
            numbers: numbers.to_vec(),
            ..Said::default()
        };
        assert_eq!(of(&[]).number(), None);
        assert_eq!(of(&[(1, 2), (2, 3), (3, 2)]).number(), Some(2));
        assert_eq!(of(&[(1, 2), (9, 3)]).number(), Some(3));
        assert_eq!(of(&[(9, 2), (1, 3)]).number(), Some(2));
    }

    #[test]
    fn the_first_step_identifies() {
        let child: Entity = [7; 16];
        let mut said = Said::default();
        assert_eq!(said.first_identified(), "other");
        said.known.insert(child);
        assert_eq!(said.first_identified(), "services");
        said.probation = true;
        assert_eq!(said.first_identified(), "probation");
        said.named.insert(child);
        assert_eq!(said.first_identified(), "contacts");
        said.custody = true;
        assert_eq!(said.first_identified(), "reception");
    }

    #[test]
    fn a_system_speaks_for_one_list() {
        let lists = Lists {
            custody: vec!["custody".to_owned()],
            probation: vec!["probation".to_owned()],
            services: vec!["carers".to_owned(), "cin".to_owned()],
        };
        assert_eq!(lists.of("cin"), Some(List::Services));
        assert_eq!(lists.of("census"), None);
    }
}
