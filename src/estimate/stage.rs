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
use super::national::evidence;
use super::national::register::Totals;
use super::national::{self, National};
use super::number::real;
use super::people::{People, Place};
use super::quality::Gathered;
use super::read::{Adult, Child, Entities, Entity, Files};
use crate::columnar::{ColumnarError, Layout, TableWriter};
use crate::digest::Digest;
use crate::schema::published::{self, Concept};
use crate::schema::quality::Quality;
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
    /// Payload of `declared_children`.
    pub declared: Files,
    /// The published prison population, to which prisoners are calibrated.
    pub prison_population: Option<PathBuf>,
    /// How the national figure is estimated.
    pub national: national::Method,
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
        Method::Linked(inputs) => {
            let (tables, quality) = linked(inputs, &job.tables, folders, &mut report)?;
            report.files.push(write_quality(&quality, folders)?);
            tables
        }
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

fn linked(
    inputs: &Inputs,
    tables: &[Wanted],
    folders: &StageFolders<'_>,
    report: &mut StageReport,
) -> Result<(Vec<Cells>, Quality), EstimateError> {
    folders.progress.begin("gather families", None);
    let entities = (
        &Entities::read(&inputs.adults)?,
        &Entities::read(&inputs.children)?,
    );
    let families = People::gather(inputs, entities, report)?;
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
    folders.progress.begin("estimate the nation", None);
    let evidence = evidence::gather(
        &inputs.declared,
        &inputs.parenthood,
        &inputs.national.lists,
        entities,
        &families.stays,
    )?;
    let totals = inputs
        .prison_population
        .as_deref()
        .map(Totals::read)
        .transpose()?;
    let national = National::of(
        &inputs.national,
        &families,
        &evidence,
        totals.as_ref(),
        inputs.window,
    );
    let mut quality = Gathered::default();
    quality.add(&national, &|concept, country| {
        tally
            .by_country
            .get(&(concept.word(), country.to_owned()))
            .map(|n| real(*n))
    });
    quality.add_records(&families, &national, &tally.losses());
    folders.progress.end();
    Ok((counted, quality.0))
}

/// The figures of the quality report, exact.
fn write_quality(
    quality: &Quality,
    folders: &StageFolders<'_>,
) -> Result<OutputFile, EstimateError> {
    let path = folders.stage.join("quality.json");
    let text = format!("{:#}\n", json!(quality));
    std::fs::write(&path, &text).map_err(|source| ColumnarError::Io {
        path: path.clone(),
        source,
    })?;
    Ok(OutputFile {
        path: folders.relative(&path),
        digest: Digest::of(text.as_bytes()),
        bytes: u64::try_from(text.len()).unwrap_or(u64::MAX),
        rows: None,
    })
}

/// Sums over children, for the report and for the check.
#[derive(Default)]
struct Tally {
    by_concept: BTreeMap<&'static str, u64>,
    by_country: BTreeMap<(&'static str, String), u64>,
    named: u64,
    without_date_of_birth: u64,
    area_of_parent: u64,
    area_unknown: u64,
    in_other_system: u64,
}

impl Tally {
    /// The children named, step by step to those who count.
    fn losses(&self) -> Vec<(&'static str, u64)> {
        let of = |concept: Concept| self.by_concept.get(concept.word()).copied().unwrap_or(0);
        vec![
            (
                "Children whom somebody names the child of a prisoner of the year",
                self.named,
            ),
            (
                "of these, with a date of birth",
                self.named - self.without_date_of_birth,
            ),
            (
                "of these, known to another system too",
                self.in_other_system,
            ),
            (
                "Children found with a parent in prison in the year",
                of(Concept::YearUnique),
            ),
            (
                "Children found with a parent in prison on the reference date",
                of(Concept::Stock),
            ),
        ]
    }

    fn report(
        &self,
        families: &People,
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
    families: &People,
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
    let Some(eligible) = families.eligible(child) else {
        tally.without_date_of_birth += 1;
        return;
    };
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
        for country in [published::TOTAL, place.country.as_str()] {
            let key = (fact.concept.word(), country.to_owned());
            *tally.by_country.entry(key).or_insert(0) += fact.number;
        }
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

/// The child's home; where it is not known, the parent's before custody.
fn home(people: &People, entity: &Entity, child: &Child, tally: &mut Tally) -> Place {
    let (code, of_parent) = people.home(entity, child);
    match (&code, of_parent) {
        (Some(_), true) => tally.area_of_parent += 1,
        (None, _) => tally.area_unknown += 1,
        (Some(_), false) => {}
    }
    Place::of(code.as_deref())
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
