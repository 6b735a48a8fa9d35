//! Gathering the linked payload: adults with their stays, children with what is known of them,
//! and who is whose.
//!
//! Only people who matter are held in memory: adults with a stay in the window, and children whom
//! somebody names as theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{Array, FixedSizeBinaryArray, Int32Array, RecordBatch, UInt8Array};
use hashbrown::HashMap;

use super::family::{Sex, Stay};
use super::spells::{BRIDGED_GAP, Period};
use crate::columnar::{self, ColumnarError, TableReader, text_at};
use crate::schema::canonical::{RECORD, kind, relationship};

/// A person after linkage: the pseudonym of the entity, or of the record where it is alone.
pub type Entity = [u8; 16];

/// A file of one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemFile {
    /// The system.
    pub system: String,
    /// The file.
    pub path: PathBuf,
}

/// Where the payload of one kind of table lies.
pub type Files = Vec<SystemFile>;

/// From record to entity. A record that was not linked is an entity of its own.
pub struct Entities(HashMap<Entity, Entity>);

impl Entities {
    /// Reads `entities.parquet` of one kind of person.
    pub fn read(path: &Path) -> Result<Self, ColumnarError> {
        let mut map = HashMap::new();
        for batch in TableReader::open(path, Some(&[RECORD, "entity"]))? {
            let batch = batch?;
            let records = columnar::bytes(&batch, RECORD, path)?;
            let entities = columnar::bytes(&batch, "entity", path)?;
            for row in 0..batch.num_rows() {
                map.insert(id(records, row), id(entities, row));
            }
        }
        Ok(Entities(map))
    }

    /// The entity of a record.
    pub fn of(&self, record: Entity) -> Entity {
        self.0.get(&record).copied().unwrap_or(record)
    }

    /// Records that are linked to at least one other.
    pub fn linked(&self) -> u64 {
        self.0.len() as u64
    }
}

/// What is known of a child, best source first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Child {
    /// First and last day on which it is born and under 18, as days of the window from 0.
    pub eligible: Option<Period>,
    /// Whole years on the reference date.
    pub age: Option<u8>,
    /// `M`, `F`.
    pub sex: Option<String>,
    /// Word of `canonical::ETHNICITIES`.
    pub ethnicity: Option<String>,
    /// Home, as a nine-character code.
    pub local_authority: Option<String>,
    /// Systems in which the child stands.
    pub systems: BTreeSet<usize>,
}

/// What is known of an adult, best source first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adult {
    /// Mother or father.
    pub sex: Option<String>,
    /// Home before custody.
    pub local_authority: Option<String>,
}

impl Child {
    /// Takes what is not yet known from a source of less precedence.
    fn complete(&mut self, told: Child) {
        if self.eligible.is_none() {
            (self.eligible, self.age) = (told.eligible, told.age);
        }
        self.sex = self.sex.take().or(told.sex);
        self.ethnicity = self.ethnicity.take().or(told.ethnicity);
        self.local_authority = self.local_authority.take().or(told.local_authority);
    }
}

impl Adult {
    /// Likewise.
    fn complete(&mut self, told: Adult) {
        self.sex = self.sex.take().or(told.sex);
        self.local_authority = self.local_authority.take().or(told.local_authority);
    }

    /// The sex as a word of the tables.
    pub fn sex(&self) -> Sex {
        match self.sex.as_deref() {
            Some("F") => Sex::Female,
            Some("M") => Sex::Male,
            _ => Sex::Unknown,
        }
    }
}

/// The pseudonym at a row.
pub(super) fn id(array: &FixedSizeBinaryArray, row: usize) -> Entity {
    let mut out = [0_u8; 16];
    for (o, b) in out.iter_mut().zip(array.value(row)) {
        *o = *b;
    }
    out
}

/// The stays of every adult that touch the window, joined where they touch.
pub fn stays(
    files: &Files,
    adults: &Entities,
    window: Period,
) -> Result<BTreeMap<Entity, Vec<Stay>>, ColumnarError> {
    let mut all: BTreeMap<Entity, Vec<Stay>> = BTreeMap::new();
    for file in files {
        let path = &file.path;
        for batch in TableReader::open(path, None)? {
            let batch = batch?;
            let records = columnar::bytes(&batch, RECORD, path)?;
            let admission = columnar::date(&batch, "admission", path)?;
            let release = columnar::date(&batch, "release", path)?;
            let status = columnar::text(&batch, "legal_status", path)?;
            let band = columnar::text(&batch, "sentence_band", path)?;
            let offence = columnar::text(&batch, "offence_group", path)?;
            let prison = columnar::text(&batch, "establishment", path)?;
            for row in 0..batch.num_rows() {
                let open = i32::MAX / 2;
                let to = columnar::date_at(release, row).unwrap_or(open);
                let word =
                    |array, otherwise: &str| text_at(array, row).unwrap_or(otherwise).to_owned();
                all.entry(adults.of(id(records, row)))
                    .or_default()
                    .push(Stay {
                        period: Period::new(admission.value(row), to),
                        legal_status: word(status, "other"),
                        sentence_band: word(band, "not_sentenced"),
                        offence_group: word(offence, "unknown"),
                        prison: word(prison, ""),
                    });
            }
        }
    }
    for stays in all.values_mut() {
        *stays = join(std::mem::take(stays));
        stays.retain(|s| !s.period.intersect(window).is_empty());
    }
    all.retain(|_, stays| !stays.is_empty());
    Ok(all)
}

/// Joins stays that touch or overlap; what is known is taken from the one that begins last.
fn join(mut stays: Vec<Stay>) -> Vec<Stay> {
    stays.retain(|s| !s.period.is_empty());
    stays.sort_by(|a, b| {
        (
            a.period,
            &a.legal_status,
            &a.sentence_band,
            &a.offence_group,
            &a.prison,
        )
            .cmp(&(
                b.period,
                &b.legal_status,
                &b.sentence_band,
                &b.offence_group,
                &b.prison,
            ))
    });
    let mut out: Vec<Stay> = Vec::with_capacity(stays.len());
    for stay in stays {
        match out.last_mut() {
            Some(last) if stay.period.from <= last.period.to.saturating_add(BRIDGED_GAP) => {
                let from = last.period.from;
                let to = last.period.to.max(stay.period.to);
                *last = stay;
                last.period = Period::new(from, to);
            }
            _ => out.push(stay),
        }
    }
    out
}

/// What the sources say about who is whose child.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parenthood {
    /// Mothers and fathers (tier P1) of each child.
    pub parents: BTreeMap<Entity, BTreeSet<Entity>>,
    /// Statements about step-parents, grandparents and carers, which the headline leaves out.
    pub wider: u64,
    /// Statements by adults who have no stay in the window.
    pub not_in_custody: u64,
}

/// Reads the statements of all systems; only adults in `in_custody` matter.
pub fn parenthood<V>(
    files: &Files,
    adults: &Entities,
    children: &Entities,
    in_custody: &BTreeMap<Entity, V>,
) -> Result<Parenthood, ColumnarError> {
    let mut out = Parenthood::default();
    for file in files {
        let path = &file.path;
        for batch in TableReader::open(path, Some(&[RECORD, "child", "relationship"]))? {
            let batch = batch?;
            let records = columnar::bytes(&batch, RECORD, path)?;
            let named = columnar::bytes(&batch, "child", path)?;
            let word = columnar::text(&batch, "relationship", path)?;
            for row in 0..batch.num_rows() {
                let adult = adults.of(id(records, row));
                if !in_custody.contains_key(&adult) {
                    out.not_in_custody += 1;
                } else if word.value(row) == relationship::PARENT {
                    let child = children.of(id(named, row));
                    out.parents.entry(child).or_default().insert(adult);
                } else {
                    out.wider += 1;
                }
            }
        }
    }
    Ok(out)
}

/// What is known of the people in `wanted`; `files` are in the order of precedence. Where one source
/// says two things of a person the first in order is taken, since the order of rows is that of
/// pseudonyms and a new key must not change what is known.
pub fn people(
    files: &Files,
    adults: &Entities,
    children: &Entities,
    wanted_adults: &mut BTreeMap<Entity, Adult>,
    wanted_children: &mut BTreeMap<Entity, Child>,
) -> Result<(), ColumnarError> {
    for (system, file) in files.iter().enumerate() {
        let path = &file.path;
        let mut told_adults: BTreeMap<Entity, Adult> = BTreeMap::new();
        let mut told_children: BTreeMap<Entity, Child> = BTreeMap::new();
        for batch in TableReader::open(path, None)? {
            let batch = batch?;
            let rows = Rows::of(&batch, path)?;
            for row in 0..batch.num_rows() {
                let record = id(rows.records, row);
                if rows.kind.value(row) == kind::CHILD {
                    let child = children.of(record);
                    if wanted_children.contains_key(&child) {
                        rows.child(row, told_children.entry(child).or_default());
                    }
                } else {
                    let adult = adults.of(record);
                    if wanted_adults.contains_key(&adult) {
                        let told = told_adults.entry(adult).or_default();
                        least(&mut told.sex, text_at(rows.sex, row));
                        least(&mut told.local_authority, text_at(rows.area, row));
                    }
                }
            }
        }
        for (entity, told) in told_adults {
            if let Some(adult) = wanted_adults.get_mut(&entity) {
                adult.complete(told);
            }
        }
        for (entity, told) in told_children {
            if let Some(child) = wanted_children.get_mut(&entity) {
                child.systems.insert(system);
                child.complete(told);
            }
        }
    }
    Ok(())
}

struct Rows<'a> {
    records: &'a FixedSizeBinaryArray,
    kind: &'a arrow::array::StringArray,
    sex: &'a arrow::array::StringArray,
    ethnicity: &'a arrow::array::StringArray,
    area: &'a arrow::array::StringArray,
    age: &'a UInt8Array,
    from: &'a Int32Array,
    to: &'a Int32Array,
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch, path: &Path) -> Result<Self, ColumnarError> {
        Ok(Rows {
            records: columnar::bytes(batch, RECORD, path)?,
            kind: columnar::text(batch, "kind", path)?,
            sex: columnar::text(batch, "sex", path)?,
            ethnicity: columnar::text(batch, "ethnicity", path)?,
            area: columnar::text(batch, "local_authority", path)?,
            age: columnar::u8(batch, "age_at_reference", path)?,
            from: columnar::i32(batch, "eligible_from", path)?,
            to: columnar::i32(batch, "eligible_to", path)?,
        })
    }

    fn child(&self, row: usize, child: &mut Child) {
        if !self.from.is_null(row) && !self.to.is_null(row) {
            let eligible = Period::new(self.from.value(row), self.to.value(row));
            let age = (!self.age.is_null(row)).then(|| self.age.value(row));
            let known = child.eligible.map(|eligible| (eligible, child.age));
            if known.is_none_or(|known| (eligible, age) < known) {
                (child.eligible, child.age) = (Some(eligible), age);
            }
        }
        least(&mut child.sex, text_at(self.sex, row));
        let known = text_at(self.ethnicity, row).filter(|e| *e != "unknown");
        least(&mut child.ethnicity, known);
        least(&mut child.local_authority, text_at(self.area, row));
    }
}

/// Keeps the first in order of what was told.
fn least(slot: &mut Option<String>, value: Option<&str>) {
    if let Some(value) = value
        && slot.as_deref().is_none_or(|known| value < known)
    {
        *slot = Some(value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stay(from: i32, to: i32, status: &str) -> Stay {
        Stay {
            period: Period::new(from, to),
            legal_status: status.to_owned(),
            sentence_band: String::new(),
            offence_group: String::new(),
            prison: String::new(),
        }
    }

    #[test]
    fn stays_of_one_person_in_two_records_are_joined() {
        let joined = join(vec![
            stay(10, 20, "untried"),
            stay(21, 40, "sentenced"),
            stay(50, 60, "recall"),
            stay(12, 15, "other"),
        ]);
        let seen: Vec<_> = joined
            .iter()
            .map(|s| (s.period.from, s.period.to, s.legal_status.as_str()))
            .collect();
        assert_eq!(seen, [(10, 40, "sentenced"), (50, 60, "recall")]);
    }
}
