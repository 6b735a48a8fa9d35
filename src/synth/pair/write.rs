//! The files on disk: rows made some thousand at a time by all threads, and written in their order.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;

use super::super::error::SynthError;
use super::super::output::TextFile;
use super::super::sheets::{self, Sheet};
use super::errors::{Tally, record};
use super::person::{Stream, World};
use super::rows::Side;
use super::{Form, PairJob};
use crate::columnar::{ColumnarError, Layout, TableWriter};
use crate::progress::Progress;
use crate::stage::OutputFile;

/// The columns of both files of people.
pub(super) const COLUMNS: [&str; 7] = [
    "id",
    "forename",
    "middle_names",
    "surname",
    "date_of_birth",
    "sex",
    "postcode",
];
/// The columns of the truth.
const TRUTH: [&str; 2] = ["left_id", "right_id"];

/// Rows that one task makes.
const ROWS_OF_PAGE: u64 = 8_192;
/// Pages that each thread has in hand before they are written.
const PAGES: usize = 4;

/// Some rows of a file, in the form in which it is written.
enum Page {
    Columns(Vec<StringBuilder>),
    Text(Sheet),
}

impl Page {
    fn new(form: Form, columns: usize) -> Self {
        match form {
            Form::Parquet => Page::Columns((0..columns).map(|_| StringBuilder::new()).collect()),
            Form::Csv => Page::Text(Sheet::default()),
        }
    }

    /// Adds a row. An empty cell is null in Parquet.
    fn row(&mut self, cells: &[&str]) {
        match self {
            Page::Text(sheet) => sheet.row(cells),
            Page::Columns(columns) => {
                for (column, cell) in columns.iter_mut().zip(cells) {
                    column.append_option(Some(cell).filter(|c| !c.is_empty()));
                }
            }
        }
    }
}

/// A file that is being written.
enum Target {
    Parquet {
        writer: Box<TableWriter>,
        schema: SchemaRef,
    },
    Csv(TextFile),
}

impl Target {
    fn create(job: &PairJob, name: &str, columns: &[&str]) -> Result<Self, SynthError> {
        let file = format!("{name}.{}", job.form.ending());
        if job.form == Form::Csv {
            let mut file = TextFile::create(&job.out, &file, sheets::Form::Utf8)?;
            file.header(&columns.join(","))?;
            return Ok(Target::Csv(file));
        }
        let fields: Vec<Field> = columns
            .iter()
            .map(|name| Field::new(*name, DataType::Utf8, true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let keys = [("synthetic".to_owned(), "true".to_owned())];
        let writer =
            TableWriter::create(&job.out.join(file), schema.clone(), Layout::People, &keys)?;
        Ok(Target::Parquet {
            writer: Box::new(writer),
            schema,
        })
    }

    fn page(&mut self, page: Page, path: &Path) -> Result<(), SynthError> {
        match (self, page) {
            (Target::Parquet { writer, schema }, Page::Columns(columns)) => {
                let arrays = columns
                    .into_iter()
                    .map(|mut column| Arc::new(column.finish()) as ArrayRef)
                    .collect();
                let batch = RecordBatch::try_new(schema.clone(), arrays).map_err(|_| {
                    ColumnarError::Malformed {
                        path: path.to_path_buf(),
                    }
                })?;
                Ok(writer.write(&batch)?)
            }
            (Target::Csv(file), Page::Text(sheet)) => file.sheet(&sheet),
            // A page is of the form of its file.
            _ => Ok(()),
        }
    }

    fn finish(self, root: &Path) -> Result<OutputFile, SynthError> {
        match self {
            Target::Csv(file) => file.finish(root),
            Target::Parquet { writer, .. } => {
                let written = writer.finish()?;
                let path = written.path.strip_prefix(root).unwrap_or(&written.path);
                Ok(OutputFile {
                    path: path.to_path_buf(),
                    digest: written.digest,
                    bytes: written.bytes,
                    rows: Some(written.rows),
                })
            }
        }
    }
}

/// Writes one of the two files.
pub(super) fn side(
    world: &World,
    side: Side,
    job: &PairJob,
    progress: &dyn Progress,
) -> Result<(OutputFile, Tally), SynthError> {
    let mut file = Target::create(job, side.of(["left", "right"]), &COLUMNS)?;
    let mut tally = Tally::new();
    let starts: Vec<u64> = (0..)
        .map(|page| page * ROWS_OF_PAGE)
        .take_while(|start| *start < job.rows)
        .collect();
    for some in starts.chunks(rayon::current_num_threads().max(1) * PAGES) {
        let made: Vec<(Page, Tally)> = some
            .par_iter()
            .map(|start| people(world, side, job, *start))
            .collect();
        for (page, errors) in made {
            file.page(page, &job.out)?;
            for (kind, count) in errors {
                *tally.entry(kind).or_default() += count;
            }
        }
        let from = some.first().copied().unwrap_or(0);
        let to = some.last().map_or(0, |last| last + ROWS_OF_PAGE);
        progress.advance(to.min(job.rows) - from);
    }
    Ok((file.finish(&job.out)?, tally))
}

fn people(world: &World, side: Side, job: &PairJob, start: u64) -> (Page, Tally) {
    let mut page = Page::new(job.form, COLUMNS.len());
    let mut tally = Tally::new();
    let stream = side.of([Stream::LeftRecord, Stream::RightRecord]);
    for place in start..job.rows.min(start + ROWS_OF_PAGE) {
        let slot = world.rows.at(side, place);
        let person = world.person(slot.who);
        let mut dice = world.dice(stream, slot.number);
        let written = record(world, &person, (side, slot.again), &mut dice, &mut tally);
        page.row(&[
            &world.rows.id(side, slot.number),
            &written.forename,
            &written.middle,
            &written.surname,
            &written.birth,
            written.sex,
            &written.postcode,
        ]);
    }
    (page, tally)
}

/// Writes the true pairs.
pub(super) fn truth(world: &World, job: &PairJob) -> Result<OutputFile, SynthError> {
    let mut file = Target::create(job, "truth", &TRUTH)?;
    let mut pairs = world.rows.true_pairs().peekable();
    while pairs.peek().is_some() {
        let mut page = Page::new(job.form, TRUTH.len());
        for (left, right) in (0..ROWS_OF_PAGE).zip(&mut pairs).map(|(_, pair)| pair) {
            page.row(&[
                &world.rows.id(Side::Left, left),
                &world.rows.id(Side::Right, right),
            ]);
        }
        file.page(page, &job.out)?;
    }
    file.finish(&job.out)
}
