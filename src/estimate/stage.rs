//! The stage: linked payload in, exact counts by cell out. What it writes is restricted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::json;

use super::bold::{self, Inputs as BoldInputs};
use super::count::Cells;
use super::error::EstimateError;
use super::family::Window;
use super::national::evidence;
use super::national::of_two::Links;
use super::national::register::Totals;
use super::national::{self, National};
use super::number::real;
use super::people::People;
use super::quality::Gathered;
use super::read::{Entities, Files};
use super::tabulate::{Around, Tables};
use crate::columnar::{ColumnarError, Layout, TableWriter};
use crate::digest::Digest;
use crate::schema::published::{self, Concept};
use crate::schema::quality::{LinkageQuality, Quality};
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
    /// Payload of `service_spell`.
    pub services: Files,
    /// Payload of `visit`.
    pub visits: Files,
    /// The published prison population, to which prisoners are calibrated.
    pub prison_population: Option<PathBuf>,
    /// How the national figure is estimated.
    pub national: national::Method,
    /// Entities of adults.
    pub adults: PathBuf,
    /// Entities of children.
    pub children: PathBuf,
    /// The reference date, and the day of each month before it, nearest first.
    pub months: Vec<i32>,
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

impl Wanted {
    /// Is it a series, whose months are counted apart?
    pub fn is_series(&self) -> bool {
        self.dimensions.iter().any(|d| d == published::MONTH)
    }
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
    let around = Around::read(inputs, entities, &families)?;
    let evidence = evidence::gather(
        &inputs.declared,
        &inputs.parenthood,
        &inputs.national.lists,
        entities,
        &families.stays,
    )?;
    folders
        .progress
        .begin("count children", Some(families.children.len() as u64));
    let mut tables = Tables::new(
        (inputs.window, &inputs.months),
        &families,
        (&around, &evidence),
        tables,
    );
    for (entity, child) in &families.children {
        tables.count(entity, child);
        folders.progress.advance(1);
    }
    folders.progress.end();
    let (counted, tally) = tables.finish(report)?;
    folders.progress.begin("estimate the nation", None);
    let totals = inputs
        .prison_population
        .as_deref()
        .map(Totals::read)
        .transpose()?;
    let of_children = linkage_quality(&inputs.children)?;
    let national = National::of(
        &inputs.national,
        &families,
        &evidence,
        (totals.as_ref(), links(of_children.as_ref())),
        inputs.window,
    );
    let mut quality = Gathered::default();
    quality.add(&national, &|concept, country| {
        tally.of_country(concept, country).map(real)
    });
    quality.add_records(&families, &national, &tally.losses());
    for of_kind in [linkage_quality(&inputs.adults)?, of_children]
        .iter()
        .flatten()
    {
        quality.add_linkage(of_kind);
    }
    folders.progress.end();
    Ok((counted, quality.0))
}

/// How well a kind is linked, by the file that the linkage wrote beside its entities; none where match
/// keys alone linked.
fn linkage_quality(entities: &Path) -> Result<Option<LinkageQuality>, EstimateError> {
    let path = entities.with_file_name("quality.json");
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ColumnarError::Io { path, source }.into()),
    };
    let quality = serde_json::from_slice(&text);
    Ok(Some(
        quality.map_err(|_| ColumnarError::Malformed { path })?,
    ))
}

/// What a linkage says of its links between records of all children; taken as certain where it says
/// nothing, as match keys do.
fn links(of_children: Option<&LinkageQuality>) -> Links {
    let all = of_children.and_then(|of| of.groups.iter().find(|g| g.group == "all"));
    let shares = all.and_then(|all| all.precision.zip(all.recall));
    shares.map_or(Links::CERTAIN, |(precision, recall)| {
        Links::new(precision.estimate, recall.estimate)
    })
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
