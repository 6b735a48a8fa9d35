//! Who is in a release: children who count in the year, their parents in prison, and the parents'
//! stays, with what the schemas let be known of them.
//!
//! Sex, ethnic group, age and area are taken from the first system that knows them, as the tables
//! take them, but only from systems whose schemas release the column.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::{Array, Float64Array};
use hashbrown::HashMap;

use super::ResearchError;
use crate::columnar::{self, ColumnarError, TableReader, text_at};
use crate::estimate::family::Stay;
use crate::estimate::people::People;
use crate::estimate::spells::Period;
use crate::estimate::{Entities, Entity, Inputs};
use crate::schema::canonical::{RECORD, area_from, kind};
use crate::stage::StageReport;

/// What the schemas of a system let a release know of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// The sex.
    pub sex: bool,
    /// The ethnic group.
    pub ethnicity: bool,
    /// The area, where the source itself says it.
    pub area_of_source: bool,
    /// The area, where it comes from the postcode.
    pub area_of_postcode: bool,
}

/// The payload of `person` of one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// The file.
    pub path: PathBuf,
    /// What its schemas release.
    pub allowed: Allowed,
}

/// A person of the release, before generalisation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// `M` or `F`.
    pub sex: Option<String>,
    /// A word of `canonical::ETHNICITIES`, never `unknown`.
    pub ethnicity: Option<String>,
    /// Whole years on the reference date.
    pub age: Option<u8>,
    /// A local authority.
    pub area: Option<String>,
    /// Source records that were linked into the person; 1 for one that stands alone.
    pub records: u32,
    /// The weakest link by which they hang together.
    pub weakest: Option<Link>,
}

/// A link between two records of a person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// In bits.
    pub weight: f64,
    /// That the two are one person.
    pub probability: f64,
}

/// Everybody in a release.
#[derive(Debug, Clone, Default)]
pub struct Microdata {
    /// Children, by their entity.
    pub children: BTreeMap<Entity, Person>,
    /// Parents, by theirs.
    pub parents: BTreeMap<Entity, Person>,
    /// Who is whose child: child, parent.
    pub pairs: Vec<(Entity, Entity)>,
    /// Stays of the parents that touch the year.
    pub stays: BTreeMap<Entity, Vec<Stay>>,
    /// Pairs whose parent is in prison on the reference date while the child counts.
    pub on_the_day: Vec<bool>,
}

/// Gathers everybody of a run's linked payload.
///
/// # Errors
/// Files that cannot be read; a run in which nobody is in prison in the year.
pub fn gather(
    inputs: &Inputs,
    systems: &[System],
    links: [&Path; 2],
) -> Result<Microdata, ResearchError> {
    let adults = Entities::read(&inputs.adults)?;
    let children = Entities::read(&inputs.children)?;
    let all = People::gather(inputs, (&adults, &children), &mut StageReport::default())?;
    let mut out = Microdata::default();
    let window = inputs.window;
    for (child, parents) in &all.parents {
        let days = all.children.get(child).and_then(|c| all.eligible(c));
        for parent in parents {
            let stays = all.stays.get(parent).map_or(&[][..], Vec::as_slice);
            let periods: Vec<Period> = stays.iter().map(|s| s.period).collect();
            if !all.counts(child, &periods, window) {
                continue;
            }
            let there = periods.iter().any(|p| p.contains(window.reference));
            let counts = days.is_some_and(|d| d.contains(window.reference));
            out.pairs.push((*child, *parent));
            out.on_the_day.push(there && counts);
            out.children.entry(*child).or_default();
            out.parents.entry(*parent).or_default();
            out.stays.entry(*parent).or_insert_with(|| stays.to_vec());
        }
    }
    describe(systems, (&adults, &children), &mut out)?;
    let [of_adults, of_children] = links;
    weigh(of_adults, &adults, &mut out.parents)?;
    weigh(of_children, &children, &mut out.children)?;
    Ok(out)
}

/// Fills in what the systems know, the first that knows it first, and counts the records.
fn describe(
    systems: &[System],
    (adults, children): (&Entities, &Entities),
    out: &mut Microdata,
) -> Result<(), ColumnarError> {
    for system in systems {
        let (path, allowed) = (&system.path, system.allowed);
        for batch in TableReader::open(path, None)? {
            let batch = batch?;
            let records = columnar::bytes(&batch, RECORD, path)?;
            let kinds = columnar::text(&batch, "kind", path)?;
            let sex = columnar::text(&batch, "sex", path)?;
            let ethnicity = columnar::text(&batch, "ethnicity", path)?;
            let area = columnar::text(&batch, "local_authority", path)?;
            let from = columnar::text(&batch, "area_from", path)?;
            let age = columnar::u8(&batch, "age_at_reference", path)?;
            for row in 0..batch.num_rows() {
                let Ok(record) = Entity::try_from(records.value(row)) else {
                    continue;
                };
                let person = if kinds.value(row) == kind::CHILD {
                    out.children.get_mut(&children.of(record))
                } else {
                    out.parents.get_mut(&adults.of(record))
                };
                let Some(person) = person else { continue };
                person.records += 1;
                let placed = match text_at(from, row) {
                    Some(area_from::SOURCE) => allowed.area_of_source,
                    Some(area_from::POSTCODE) => allowed.area_of_postcode,
                    _ => false,
                };
                let known = text_at(ethnicity, row).filter(|e| *e != "unknown");
                fill(&mut person.sex, text_at(sex, row).filter(|_| allowed.sex));
                fill(&mut person.ethnicity, known.filter(|_| allowed.ethnicity));
                fill(&mut person.area, text_at(area, row).filter(|_| placed));
                if person.age.is_none() && !age.is_null(row) {
                    person.age = Some(age.value(row));
                }
            }
        }
    }
    Ok(())
}

fn fill(slot: &mut Option<String>, value: Option<&str>) {
    if slot.is_none() {
        *slot = value.map(str::to_owned);
    }
}

/// The weakest link within each person.
fn weigh(
    path: &Path,
    entities: &Entities,
    people: &mut BTreeMap<Entity, Person>,
) -> Result<(), ColumnarError> {
    let mut weakest: HashMap<Entity, Link> = HashMap::new();
    for batch in TableReader::open(path, None)? {
        let batch = batch?;
        let left = columnar::bytes(&batch, "left", path)?;
        let right = columnar::bytes(&batch, "right", path)?;
        let number = |column: &str| -> Result<Float64Array, ColumnarError> {
            let found = batch.column_by_name(column);
            let found = found.and_then(|a| a.as_any().downcast_ref::<Float64Array>());
            found.cloned().ok_or_else(|| ColumnarError::Column {
                path: path.to_path_buf(),
                column: column.to_owned(),
            })
        };
        let (weights, probabilities) = (number("match_weight")?, number("match_probability")?);
        for row in 0..batch.num_rows() {
            let ends = (
                Entity::try_from(left.value(row)),
                Entity::try_from(right.value(row)),
            );
            let (Ok(left), Ok(right)) = ends else {
                continue;
            };
            let entity = entities.of(left);
            if entity != entities.of(right) || !people.contains_key(&entity) {
                continue;
            }
            let link = Link {
                weight: weights.value(row),
                probability: probabilities.value(row),
            };
            let slot = weakest.entry(entity).or_insert(link);
            if link.weight < slot.weight {
                *slot = link;
            }
        }
    }
    for (entity, person) in people {
        person.weakest = weakest.get(entity).copied();
    }
    Ok(())
}
