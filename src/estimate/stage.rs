//! The stage: linked payload in, exact counts by cell out. What it writes is restricted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::json;

use super::bold::{self, Inputs as BoldInputs};
use super::count::Cells;
use super::error::EstimateError;
use super::family::{self, Parent, Sex, Window};
use super::read::{self, Adult, Child, Entities, Entity, Files};
use super::spells::Period;
use crate::columnar::{ColumnarError, Layout, TableWriter};
use crate::schema::codes;
use crate::schema::published::{self, Concept};
use crate::stage::{OutputFile, StageFolders, StageReport};

/// The linked payload.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// Payload of `person`, in the order of precedence.
    pub people: Files,
    /// Payload of `custody_spell`.
    pub stays: Files,
    /// Payload of `parent_child`.
    pub parenthood: Files,
    /// Entities of adults.
    pub adults: PathBuf,
    /// Entities of children.
    pub children: PathBuf,
    /// The days that matter.
    pub window: Window,
}

/// How the children are counted.
#[derive(Debug, Clone)]
pub enum Method {
    /// Named children, linked and counted once.
    Linked(Box<Inputs>),
    /// The multiplier of the official release.
    Bold(BoldInputs),
}

/// A table to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its id.
    pub id: String,
    /// Its dimensions.
    pub dimensions: Vec<String>,
    /// `children`, `parents`.
    pub measures: Vec<String>,
    /// The concepts it shows.
    pub concepts: Vec<Concept>,
}

/// What the stage is to do.
#[derive(Debug, Clone)]
pub struct Job {
    /// How.
    pub method: Method,
    /// The tables.
    pub tables: Vec<Wanted>,
}

/// Runs the stage.
///
/// # Errors
/// [`EstimateError::NoCustody`] if no stay touches the period; [`EstimateError::Inconsistent`] if
/// a table does not add up, which would be a defect.
pub fn run(job: &Job, folders: &StageFolders<'_>) -> Result<StageReport, EstimateError> {
    let mut report = StageReport::default();
    let tables = match &job.method {
        Method::Linked(inputs) => linked(inputs, &job.tables, folders, &mut report)?,
        Method::Bold(inputs) => multiplier(*inputs, &job.tables, &mut report),
    };
    for (wanted, cells) in job.tables.iter().zip(&tables) {
        report.files.push(write(&wanted.id, cells, folders)?);
    }
    Ok(report)
}

fn multiplier(inputs: BoldInputs, tables: &[Wanted], report: &mut StageReport) -> Vec<Cells> {
    let steps = bold::replay(inputs);
    let figures = [
        ("people_in_prison", json!(inputs.people_in_prison)),
        (
            "with_children_recorded",
            json!(inputs.with_children_recorded),
        ),
        (
            "with_children_adjusted",
            json!(inputs.with_children_adjusted),
        ),
        ("recorded_share", json!(steps.recorded_share)),
        ("adjustment_factor", json!(steps.adjustment)),
        ("adjusted_share", json!(steps.adjusted_share)),
        ("children_per_person", json!(steps.children_per_person)),
        ("children_year_unique", json!(steps.children)),
    ];
    for (name, value) in figures {
        report.figures.insert(name.to_owned(), value);
    }
    tables
        .iter()
        .map(|wanted| {
            let dimensions: Vec<&str> = wanted.dimensions.iter().map(String::as_str).collect();
            let mut cells = Cells::new(&dimensions);
            let everywhere = [("country", published::TOTAL)];
            cells.add(
                Concept::YearUnique.word(),
                "children",
                &everywhere,
                steps.children,
            );
            cells
        })
        .collect()
}

/// Everybody who matters, gathered.
struct Families {
    stays: BTreeMap<Entity, Vec<family::Stay>>,
    parents: BTreeMap<Entity, BTreeSet<Entity>>,
    adults: BTreeMap<Entity, Adult>,
    children: BTreeMap<Entity, Child>,
}

fn linked(
    inputs: &Inputs,
    tables: &[Wanted],
    folders: &StageFolders<'_>,
    report: &mut StageReport,
) -> Result<Vec<Cells>, EstimateError> {
    folders.progress.begin("gather families", None);
    let families = gather(inputs, report)?;
    folders.progress.end();
    folders
        .progress
        .begin("count children", Some(families.children.len() as u64));
    let mut counted: Vec<Cells> = tables
        .iter()
        .map(|t| Cells::new(&t.dimensions.iter().map(String::as_str).collect::<Vec<_>>()))
        .collect();
    let mut tally = Tally::default();
    let mut parents_seen = BTreeSet::new();
    for (entity, child) in &families.children {
        count_child(
            inputs,
            &families,
            entity,
            child,
            tables,
            &mut counted,
            &mut tally,
            &mut parents_seen,
        );
        folders.progress.advance(1);
    }
    for (concept, _, sex) in &parents_seen {
        let dimensions = [("parent_sex", parent_word(*sex))];
        each(tables, &mut counted, *concept, "parents", &dimensions);
    }
    folders.progress.end();
    tally.report(&families, &parents_seen, report);
    check(tables, &counted, &tally)?;
    Ok(counted)
}

fn gather(inputs: &Inputs, report: &mut StageReport) -> Result<Families, EstimateError> {
    let adult_entities = Entities::read(&inputs.adults)?;
    let child_entities = Entities::read(&inputs.children)?;
    let stays = read::stays(&inputs.stays, &adult_entities, inputs.window.year)?;
    if stays.is_empty() {
        return Err(EstimateError::NoCustody);
    }
    let said = read::parenthood(&inputs.parenthood, &adult_entities, &child_entities, &stays)?;
    let mut children: BTreeMap<Entity, Child> = said
        .parents
        .keys()
        .map(|c| (*c, Child::default()))
        .collect();
    let mut adults: BTreeMap<Entity, Adult> =
        stays.keys().map(|a| (*a, Adult::default())).collect();
    read::people(
        &inputs.people,
        &adult_entities,
        &child_entities,
        &mut adults,
        &mut children,
    )?;
    for (name, value) in [
        ("adults_in_custody_in_year", json!(stays.len())),
        ("adult_records_linked", json!(adult_entities.linked())),
        ("child_records_linked", json!(child_entities.linked())),
        ("statements_wider_carers", json!(said.wider)),
        ("statements_not_in_custody", json!(said.not_in_custody)),
    ] {
        report.figures.insert(name.to_owned(), value);
    }
    Ok(Families {
        stays,
        parents: said.parents,
        adults,
        children,
    })
}

/// Sums over children, for the report and for the check.
#[derive(Default)]
struct Tally {
    by_concept: BTreeMap<&'static str, u64>,
    named: u64,
    without_date_of_birth: u64,
    area_of_parent: u64,
    area_unknown: u64,
    in_other_system: u64,
}

impl Tally {
    fn report(
        &self,
        families: &Families,
        parents: &BTreeSet<(Concept, u64, Sex)>,
        report: &mut StageReport,
    ) {
        for (concept, n) in &self.by_concept {
            report
                .figures
                .insert(format!("children_{concept}"), json!(n));
        }
        for concept in [Concept::Stock, Concept::YearUnique] {
            let n = parents.iter().filter(|(c, _, _)| *c == concept).count();
            report
                .figures
                .insert(format!("parents_{}", concept.word()), json!(n));
        }
        for (name, value) in [
            ("children_named", json!(self.named)),
            (
                "children_without_date_of_birth",
                json!(self.without_date_of_birth),
            ),
            ("children_area_of_parent", json!(self.area_of_parent)),
            ("children_area_unknown", json!(self.area_unknown)),
            (
                "children_known_to_another_system",
                json!(self.in_other_system),
            ),
            ("families", json!(families.parents.len())),
        ] {
            report.figures.insert(name.to_owned(), value);
        }
    }
}

fn rank(entity: &Entity) -> u64 {
    entity
        .iter()
        .take(8)
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

fn parent_word(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "mother",
        Sex::Male => "father",
        Sex::Unknown => "unknown",
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one child in, three tallies out; a struct would hide which are written"
)]
fn count_child(
    inputs: &Inputs,
    families: &Families,
    entity: &Entity,
    child: &Child,
    tables: &[Wanted],
    counted: &mut [Cells],
    tally: &mut Tally,
    parents_seen: &mut BTreeSet<(Concept, u64, Sex)>,
) {
    tally.named += 1;
    if child.systems.len() > 1 {
        tally.in_other_system += 1;
    }
    let Some(days) = child.eligible else {
        tally.without_date_of_birth += 1;
        return;
    };
    let first = inputs.window.year.from;
    let eligible = Period::new(first + days.from, first + days.to);
    let parents: Vec<Parent> = families
        .parents
        .get(entity)
        .into_iter()
        .flatten()
        .filter_map(|adult| {
            Some(Parent {
                rank: rank(adult),
                sex: families.adults.get(adult).map_or(Sex::Unknown, Adult::sex),
                stays: families.stays.get(adult)?.clone(),
            })
        })
        .collect();
    let facts = family::facts(&parents, eligible, inputs.window);
    if facts.is_empty() {
        return;
    }
    parents_seen.extend(family::parents_who_count(&parents, eligible, inputs.window));
    let place = home(families, entity, child, tally);
    for fact in &facts {
        *tally.by_concept.entry(fact.concept.word()).or_insert(0) += fact.number;
        let dimensions = [
            ("country", place.country.as_str()),
            ("region", place.region.as_str()),
            ("local_authority", place.local_authority.as_str()),
            ("age_band", child.age.map_or("0", family::age_band)),
            ("child_sex", child.sex.as_deref().unwrap_or("x")),
            ("ethnicity", child.ethnicity.as_deref().unwrap_or("unknown")),
            ("parent_sex", fact.parent_sex),
            ("days_band", fact.days_band),
            ("spells_band", fact.spells_band),
            ("legal_status", fact.legal_status.as_str()),
            ("sentence_band", fact.sentence_band.as_str()),
            ("offence_group", fact.offence_group.as_str()),
        ];
        each(tables, counted, fact.concept, "children", &dimensions);
    }
}

fn each(
    tables: &[Wanted],
    counted: &mut [Cells],
    concept: Concept,
    measure: &'static str,
    dimensions: &[(&'static str, &str)],
) {
    for (wanted, cells) in tables.iter().zip(counted) {
        let shown =
            wanted.concepts.contains(&concept) && wanted.measures.iter().any(|m| m == measure);
        if shown {
            cells.add(concept.word(), measure, dimensions, 1);
        }
    }
}

struct Place {
    country: String,
    region: String,
    local_authority: String,
}

/// The child's home; where it is not known, the parent's before custody.
fn home(families: &Families, entity: &Entity, child: &Child, tally: &mut Tally) -> Place {
    let of_parent = || {
        families
            .parents
            .get(entity)
            .into_iter()
            .flatten()
            .find_map(|a| families.adults.get(a)?.local_authority.clone())
    };
    let code = match &child.local_authority {
        Some(code) => Some(code.clone()),
        None => {
            let code = of_parent();
            match code {
                Some(_) => tally.area_of_parent += 1,
                None => tally.area_unknown += 1,
            }
            code
        }
    };
    match code.as_deref().and_then(codes::local_authority) {
        Some(la) => Place {
            country: la.country_code.clone(),
            region: la.region_code.clone(),
            local_authority: la.code.clone(),
        },
        None => Place {
            country: "x".to_owned(),
            region: "x".to_owned(),
            local_authority: "x".to_owned(),
        },
    }
}

/// Every table of children adds up to the same number for each concept that it shows.
fn check(tables: &[Wanted], counted: &[Cells], tally: &Tally) -> Result<(), EstimateError> {
    for (wanted, cells) in tables.iter().zip(counted) {
        if !wanted.measures.iter().any(|m| m == "children") {
            continue;
        }
        for concept in &wanted.concepts {
            let expected = tally.by_concept.get(concept.word()).copied().unwrap_or(0);
            if cells.total(concept.word(), "children") != expected {
                return Err(EstimateError::Inconsistent {
                    table: wanted.id.clone(),
                });
            }
        }
    }
    Ok(())
}

fn write(id: &str, cells: &Cells, folders: &StageFolders<'_>) -> Result<OutputFile, ColumnarError> {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let mut fields: Vec<Field> = cells.dimensions.iter().map(|d| text(d)).collect();
    fields.push(text("concept"));
    fields.push(text("measure"));
    fields.push(Field::new("count", DataType::UInt64, false));
    let schema = Arc::new(Schema::new(fields));
    let mut columns: Vec<ArrayRef> = Vec::new();
    for place in 0..cells.dimensions.len() {
        let codes = cells
            .counts
            .keys()
            .map(|k| k.codes.get(place).map_or("", String::as_str));
        columns.push(Arc::new(StringArray::from_iter_values(codes)));
    }
    columns.push(Arc::new(StringArray::from_iter_values(
        cells.counts.keys().map(|k| k.concept),
    )));
    columns.push(Arc::new(StringArray::from_iter_values(
        cells.counts.keys().map(|k| k.measure),
    )));
    columns.push(Arc::new(UInt64Array::from_iter_values(
        cells.counts.values().copied(),
    )));
    let path = folders.stage.join("cells").join(format!("{id}.parquet"));
    let batch = RecordBatch::try_new(schema.clone(), columns)
        .map_err(|_| ColumnarError::Malformed { path: path.clone() })?;
    let mut writer = TableWriter::create(&path, schema, Layout::Restricted, &[])?;
    writer.write(&batch)?;
    let written = writer.finish()?;
    Ok(OutputFile {
        path: folders.relative(&written.path),
        digest: written.digest,
        bytes: written.bytes,
        rows: Some(written.rows),
    })
}
