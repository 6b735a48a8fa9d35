//! Dates that rule a pair out in a run: a child as old as a parent of theirs, one person in two
//! prisons on one day.
//!
//! What is dated of a record is in the payload: an age in whole years on the reference date, and the
//! stays in custody. Two ages in whole years tell the years between two people to one year: a pair is
//! ruled out if they cannot be as many years apart as a parent and a child are at least. A stay tells
//! its prison on the reference date, or on its last day; so two records are in two prisons for certain
//! if that is one day for both.

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::{Kind, at};
use crate::columnar::{self, TableReader, date_at, text_at};
use crate::digest::Digest;
use crate::link::LinkError;
use crate::link::engine::NEVER;
use crate::link::stage::{DatesJob, Job};
use crate::pseudonymise::Pseudonym;
use crate::schema::canonical::{RECORD, kind, relationship};

/// Why two records are not of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// One would be as old as a parent, or as young as a child, of the other.
    AsOldAsAParent,
    /// They are in two prisons on one day.
    InTwoPrisons,
}

/// Pairs that the first pass found likely and that dates rule out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuledOut {
    /// A child would be as old as a parent.
    pub as_old_as_a_parent: u64,
    /// One person would be in two prisons.
    pub in_two_prisons: u64,
}

/// Where a record was on a day: the day, and a digest of the prison.
type Whereabouts = (i32, u64);

/// What is dated of the records of a kind.
#[derive(Default)]
pub(super) struct Apart {
    /// Of each record its age in whole years.
    age: Vec<Option<u8>>,
    /// Of each record the ages that its person is above or below.
    bound: Vec<Option<Bound>>,
    /// Of records of systems in which nobody is in two places.
    stays: HashMap<u32, (usize, Vec<Whereabouts>)>,
    years: u8,
}

/// An age in whole years that relatives put on a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// A parent's, the youngest: the child is so many years younger.
    Parent(u8),
    /// A child's, the oldest: the parent is so many years older.
    Child(u8),
}

impl Bound {
    /// Whether somebody of that age may be the one meant. Ages in whole years that differ by d belong
    /// to people less than d + 1 years apart.
    fn allows(self, age: u8, years: u8) -> bool {
        let (older, younger) = match self {
            Bound::Parent(parent) => (parent, age),
            Bound::Child(child) => (age, child),
        };
        i16::from(older) - i16::from(younger) >= i16::from(years)
    }

    /// The stricter of two of one sort.
    fn and(self, other: Bound) -> Bound {
        match (self, other) {
            (Bound::Parent(a), Bound::Parent(b)) => Bound::Parent(a.min(b)),
            (Bound::Child(a), Bound::Child(b)) => Bound::Child(a.max(b)),
            (first, _) => first,
        }
    }
}

impl Apart {
    /// Whether there is nothing to rule a pair out.
    pub(super) fn is_empty(&self) -> bool {
        self.stays.is_empty() && self.bound.iter().all(Option::is_none)
    }

    /// Why two records are not of one person, if they are not.
    pub(super) fn why(&self, a: u32, b: u32) -> Option<Why> {
        if self.contradicts(a, b) || self.contradicts(b, a) {
            return Some(Why::AsOldAsAParent);
        }
        let ((of_a, a), (of_b, b)) = (self.stays.get(&a)?, self.stays.get(&b)?);
        let two = |(day, prison): &Whereabouts| b.iter().any(|(d, p)| d == day && p != prison);
        (of_a == of_b && a.iter().any(two)).then_some(Why::InTwoPrisons)
    }

    /// Whether the relatives of one record speak against the age of another.
    fn contradicts(&self, a: u32, b: u32) -> bool {
        let bound = self.bound.get(at(a)).copied().flatten();
        let age = self.age.get(at(b)).copied().flatten();
        matches!((bound, age), (Some(bound), Some(age)) if !bound.allows(age, self.years))
    }

    /// Puts the age of a relative on a record; not where the record's own age speaks against it, for
    /// then the statement is in doubt.
    fn put(&mut self, record: u32, bound: Bound) {
        let own = self.age.get(at(record)).copied().flatten();
        if own.is_some_and(|age| !bound.allows(age, self.years)) {
            return;
        }
        if let Some(slot) = self.bound.get_mut(at(record)) {
            *slot = Some(slot.map_or(bound, |held| held.and(bound)));
        }
    }
}

impl Kind<'_> {
    /// Gives pairs that dates rule out no odds at all.
    pub(super) fn rule_out(&mut self) {
        let apart = &self.apart;
        if apart.is_empty() {
            return;
        }
        for pair in self.couples.iter_mut().flat_map(|c| &mut c.pairs) {
            if apart.why(pair.left, pair.right).is_some() {
                pair.log_odds = NEVER;
            }
        }
    }

    /// How many pairs were ruled out.
    pub(super) fn ruled_out(&self) -> RuledOut {
        let mut out = RuledOut::default();
        for pair in self.pairs().filter(|pair| pair.log_odds == NEVER) {
            match self.apart.why(pair.left, pair.right) {
                Some(Why::AsOldAsAParent) => out.as_old_as_a_parent += 1,
                Some(Why::InTwoPrisons) => out.in_two_prisons += 1,
                None => {}
            }
        }
        out
    }
}

/// Reads what is dated of the records of every kind.
pub(super) fn read_dates(kinds: &mut [Kind<'_>], job: &Job) -> Result<(), LinkError> {
    let numbers: Vec<HashMap<Pseudonym, u32>> = kinds.iter().map(Kind::numbers).collect();
    for (kind, numbers) in kinds.iter_mut().zip(&numbers) {
        kind.apart.years = job.dates.parent_years;
        if job.dates.parent_years > 0 {
            kind.apart.age = ages(&job.dates, numbers, kind.records())?;
            kind.apart.bound = vec![None; kind.records()];
        }
        if kind.model.sources.iter().any(|source| source.one_place) {
            let stays = whereabouts(&job.dates, numbers)?;
            for (record, stays) in stays {
                let source = kind.source_of(record);
                if kind.model.sources.get(source).is_some_and(|s| s.one_place) {
                    kind.apart.stays.insert(record, (source, stays));
                }
            }
        }
    }
    let place = |of: &str| kinds.iter().position(|k| k.job.kind == of);
    if let (Some(adults), Some(children)) = (place(kind::ADULT), place(kind::CHILD))
        && job.dates.parent_years > 0
        && let Ok([adults_of, children_of]) = kinds.get_disjoint_mut([adults, children])
        && let (Some(adult), Some(child)) = (numbers.get(adults), numbers.get(children))
    {
        for (parent, child) in parents(job, adult, child)? {
            let age = |of: &Kind<'_>, record: u32| of.apart.age.get(at(record)).copied().flatten();
            let (older, younger) = (age(adults_of, parent), age(children_of, child));
            if let Some(age) = older {
                children_of.apart.put(child, Bound::Parent(age));
            }
            if let Some(age) = younger {
                adults_of.apart.put(parent, Bound::Child(age));
            }
        }
    }
    Ok(())
}

/// The ages of records, from the payload of people.
fn ages(
    job: &DatesJob,
    numbers: &HashMap<Pseudonym, u32>,
    records: usize,
) -> Result<Vec<Option<u8>>, LinkError> {
    let mut out = vec![None; records];
    for path in &job.people {
        for batch in TableReader::open(path, Some(&[RECORD, "age_at_reference"]))? {
            let batch = batch?;
            let record = columnar::bytes(&batch, RECORD, path)?;
            let age = columnar::u8(&batch, "age_at_reference", path)?;
            for (record, age) in record.iter().zip(age.iter()) {
                if let Some(slot) = number(numbers, record).and_then(|n| out.get_mut(at(n))) {
                    *slot = age;
                }
            }
        }
    }
    Ok(out)
}

fn number(numbers: &HashMap<Pseudonym, u32>, record: Option<&[u8]>) -> Option<u32> {
    numbers.get(record?.first_chunk::<16>()?).copied()
}

/// Who is stated to be a parent of whom: numbers of adults and of children.
fn parents(
    job: &Job,
    adults: &HashMap<Pseudonym, u32>,
    children: &HashMap<Pseudonym, u32>,
) -> Result<Vec<(u32, u32)>, LinkError> {
    let mut out = Vec::new();
    for path in &job.relations {
        for batch in TableReader::open(path, Some(&[RECORD, "child", "relationship"]))? {
            let batch = batch?;
            let adult = columnar::bytes(&batch, RECORD, path)?;
            let child = columnar::bytes(&batch, "child", path)?;
            let relation = columnar::text(&batch, "relationship", path)?;
            for (row, (a, c)) in adult.iter().zip(child.iter()).enumerate() {
                if text_at(relation, row) != Some(relationship::PARENT) {
                    continue;
                }
                if let (Some(a), Some(c)) = (number(adults, a), number(children, c)) {
                    out.push((a, c));
                }
            }
        }
    }
    Ok(out)
}

/// Of each record the prisons in which it was, each on the day of which that is stated.
fn whereabouts(
    job: &DatesJob,
    numbers: &HashMap<Pseudonym, u32>,
) -> Result<HashMap<u32, Vec<Whereabouts>>, LinkError> {
    let columns = [RECORD, "admission", "release", "establishment"];
    let mut out: HashMap<u32, Vec<Whereabouts>> = HashMap::new();
    for path in &job.stays {
        for batch in TableReader::open(path, Some(&columns))? {
            let batch = batch?;
            let record = columnar::bytes(&batch, RECORD, path)?;
            let admission = columnar::date(&batch, "admission", path)?;
            let release = columnar::date(&batch, "release", path)?;
            let prison = columnar::text(&batch, "establishment", path)?;
            for (row, record) in record.iter().enumerate() {
                let from = date_at(admission, row);
                let day =
                    from.and_then(|from| stated_on(job.reference, from, date_at(release, row)));
                let prison = text_at(prison, row).map(digest);
                if let (Some(record), Some(day), Some(prison)) =
                    (number(numbers, record), day, prison)
                {
                    out.entry(record).or_default().push((day, prison));
                }
            }
        }
    }
    Ok(out)
}

/// The day of which a stay states its prison: the reference date, or its last night; none of a stay
/// without a night.
fn stated_on(reference: i32, from: i32, release: Option<i32>) -> Option<i32> {
    let ended = release.filter(|release| *release <= reference);
    match ended {
        None => (from <= reference).then_some(reference),
        Some(release) => (from < release).then(|| release - 1),
    }
}

fn digest(prison: &str) -> u64 {
    let digest = Digest::of(prison.as_bytes());
    let bytes = digest.bytes().first_chunk::<8>();
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, Date32Array, FixedSizeBinaryArray, RecordBatch, StringArray, UInt8Array,
    };

    use crate::columnar::{Layout, TableWriter};
    use crate::link::engine::{Linked, Scored};
    use crate::link::federation::{Couple, CoupleScores};
    use crate::link::model::{Counts, fit};
    use crate::link::pairs::Pattern;
    use crate::link::stage::{KindJob, ModelJob, ModelSource, SourceInfo};
    use crate::pseudonymise::LinkageSource;

    fn of_ages(ages: &[Option<u8>]) -> Apart {
        Apart {
            age: ages.to_vec(),
            bound: vec![None; ages.len()],
            years: 12,
            ..Apart::default()
        }
    }

    #[test]
    fn a_child_is_not_as_old_as_a_parent_of_the_other_record() {
        // Record 0 has a parent of 25, and no age; the others are 12, 13, 14 and of unknown age.
        let mut apart = of_ages(&[None, Some(12), Some(13), Some(14), None]);
        apart.put(0, Bound::Parent(31));
        apart.put(0, Bound::Parent(25));
        let why: Vec<bool> = (1..5).map(|other| apart.why(0, other).is_some()).collect();
        // Of 25 and 13 whole years two people may be twelve years apart; of 25 and 14 they are not.
        assert_eq!(why, [false, false, true, false]);
        assert_eq!(apart.why(3, 0), Some(Why::AsOldAsAParent));
    }

    #[test]
    fn a_parent_is_not_as_young_as_a_child_and_a_statement_in_doubt_says_nothing() {
        let mut apart = of_ages(&[None, Some(20), Some(21), Some(15)]);
        apart.put(0, Bound::Child(9));
        assert!(apart.why(0, 1).is_some() && apart.why(0, 2).is_none());
        // Record 3 is 15 and has a child of 9: one of the ages is wrong.
        apart.put(3, Bound::Child(9));
        assert!(apart.why(3, 1).is_none());
    }

    #[test]
    fn prisons_are_compared_on_the_day_of_which_they_are_stated() {
        assert_eq!(stated_on(100, 90, None), Some(100));
        assert_eq!(stated_on(100, 90, Some(101)), Some(100));
        assert_eq!(stated_on(100, 90, Some(100)), Some(99));
        assert_eq!(stated_on(100, 90, Some(90)), None);
        assert_eq!(stated_on(100, 101, None), None);
        let (hull, leeds) = (digest("HLI"), digest("LEI"));
        let stays = [
            (0, (0, vec![(100, hull), (40, leeds)])),
            (1, (0, vec![(100, leeds)])),
            (2, (0, vec![(40, leeds), (99, leeds)])),
            (3, (1, vec![(100, leeds)])),
        ];
        let apart = Apart {
            stays: stays.into_iter().collect(),
            ..Apart::default()
        };
        assert_eq!(apart.why(0, 1), Some(Why::InTwoPrisons));
        assert_eq!(apart.why(0, 2), None);
        // Another system may be behind by a day.
        assert_eq!(apart.why(0, 3), None);
    }

    /// Writes a payload table of these columns.
    fn table(path: &Path, columns: Vec<(&str, ArrayRef)>) -> PathBuf {
        let batch = RecordBatch::try_from_iter(columns).expect("a batch");
        let writer = TableWriter::create(path, batch.schema(), Layout::People, &[]);
        let mut writer = writer.expect("a file");
        writer.write(&batch).expect("written");
        writer.finish().expect("finished").path
    }

    fn ids(of: &[u8]) -> ArrayRef {
        let all = of.iter().map(|n| [*n; 16]);
        Arc::new(FixedSizeBinaryArray::try_from_iter(all).expect("ids"))
    }

    fn texts(of: &[&str]) -> ArrayRef {
        Arc::new(StringArray::from(of.to_vec()))
    }

    /// The payload of adults 1 and 2 of one system, adult 3 of another, and children 11 and 13.
    fn payload(folder: &Path) -> Job {
        let ages = UInt8Array::from(vec![Some(25), Some(40), None, Some(14), Some(14)]);
        let people = table(
            &folder.join("people.parquet"),
            vec![
                (RECORD, ids(&[1, 2, 3, 11, 13])),
                ("age_at_reference", Arc::new(ages)),
            ],
        );
        // 3 is a parent of 13, who is 14; 2 is a grandparent of 11, which says nothing.
        let relations = table(
            &folder.join("relations.parquet"),
            vec![
                (RECORD, ids(&[3, 2])),
                ("child", ids(&[13, 11])),
                ("relationship", texts(&["parent", "grandparent"])),
            ],
        );
        // 1 and 2 are in two prisons on the reference date, day 100.
        let stays = table(
            &folder.join("stays.parquet"),
            vec![
                (RECORD, ids(&[1, 2])),
                ("admission", Arc::new(Date32Array::from(vec![50, 90]))),
                (
                    "release",
                    Arc::new(Date32Array::from(vec![None, Some(120)])),
                ),
                ("establishment", texts(&["LEI", "HLI"])),
            ],
        );
        Job {
            kinds: Vec::new(),
            key: String::new(),
            relations: vec![relations],
            dates: DatesJob {
                people: vec![people],
                stays: vec![stays],
                parent_years: 12,
                reference: 100,
            },
        }
    }

    /// The first pass takes all adults for one person.
    fn taken_for_one<'a>(job: &'a KindJob, model: &'a ModelJob, records: [&[u8]; 2]) -> Kind<'a> {
        let held = |of: &[u8]| LinkageSource {
            pseudonyms: of.iter().map(|n| [*n; 16]).collect(),
            ..LinkageSource::default()
        };
        let first = u32::try_from(records[0].len()).expect("few");
        let all = first + u32::try_from(records[1].len()).expect("few");
        let pair = |(left, right)| Scored {
            left,
            right,
            pattern: Pattern(0),
            log_odds: 6.0,
        };
        let couple = |left, right, pairs: &[(u32, u32)]| CoupleScores {
            couple: Couple { left, right },
            pairs: pairs.iter().copied().map(pair).collect(),
            compared: 0,
            factor: 1.0,
        };
        let across: Vec<(u32, u32)> = (0..first)
            .flat_map(|a| (first..all).map(move |b| (a, b)))
            .collect();
        let counts = Counts::new(&[], &[], [], []);
        Kind {
            job,
            model,
            held: records.map(held).into(),
            first: vec![0, first, all],
            comparisons: Vec::new(),
            linked: Linked {
                rules: Vec::new(),
                fit: fit(&counts, 1.0),
                counts,
                compared: 0,
                chance: 0,
                pairs: Vec::new(),
            },
            warnings: Vec::new(),
            couples: vec![
                couple(0, 1, &across),
                couple(0, 0, if first > 1 { &[(0, 1)] } else { &[] }),
            ],
            families: None,
            of_one_family: None,
            apart: Apart::default(),
        }
    }

    fn jobs(of: &str, one_place: bool) -> (KindJob, ModelJob) {
        let source = |name: &str| SourceInfo {
            name: name.to_owned(),
            duplicate_free: false,
        };
        let job = KindJob {
            kind: of.to_owned(),
            passes: Vec::new(),
            sources: ["prisons", "services"].map(source).into(),
            max_group: 24,
            model: None,
        };
        let of_model = |one_place| ModelSource {
            file: None,
            within: true,
            one_place,
        };
        let model = ModelJob {
            sources: vec![of_model(one_place), of_model(false)],
            blocking: Vec::new(),
            threshold: 0.5,
            review_from: None,
            labels: None,
        };
        (job, model)
    }

    #[test]
    fn a_run_does_not_link_what_its_payload_rules_out() {
        let folder = tempfile::tempdir().expect("folder");
        let job = payload(folder.path());
        let entities = |one_place: bool, years: u8| {
            let (adult, adult_model) = jobs(kind::ADULT, one_place);
            let (child, child_model) = jobs(kind::CHILD, false);
            let mut kinds = [
                taken_for_one(&adult, &adult_model, [&[1, 2], &[3]]),
                taken_for_one(&child, &child_model, [&[11], &[13]]),
            ];
            let dates = DatesJob {
                parent_years: years,
                ..job.dates.clone()
            };
            let job = Job {
                dates,
                ..job.clone()
            };
            read_dates(&mut kinds, &job).expect("dates");
            kinds.iter_mut().for_each(Kind::rule_out);
            let adults = kinds[0].decide().entity;
            (adults, kinds[0].ruled_out(), kinds[1].decide().entity)
        };
        // Without dates the model takes all three for one person.
        let (adults, none, children) = entities(false, 0);
        assert_eq!((adults, children), (vec![0, 0, 0], vec![0, 0]));
        assert_eq!(none, RuledOut::default());
        // Adult 1, of 25, is no parent of a child of 14; and through 2 they do not meet either.
        let (adults, ruled_out, children) = entities(false, 12);
        assert_ne!(adults[0], adults[2]);
        assert_eq!(
            (ruled_out.as_old_as_a_parent, ruled_out.in_two_prisons),
            (1, 0)
        );
        assert_eq!(children, [0, 0]);
        // Nobody is in Leeds and in Hull.
        let (adults, ruled_out, _) = entities(true, 12);
        assert_eq!(adults, [0, 1, 1]);
        assert_eq!(
            (ruled_out.as_old_as_a_parent, ruled_out.in_two_prisons),
            (1, 1)
        );
        // Fewer years allow it.
        let (adults, ..) = entities(false, 11);
        assert_eq!(adults, [0, 0, 0]);
    }
}
