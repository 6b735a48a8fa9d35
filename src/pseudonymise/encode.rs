//! One read of the people of a kind, all passes at once: rows go to the spills of their passes,
//! and from there, sorted, to the files.
//!
//! | file | a row |
//! | --- | --- |
//! | `link/<kind>/pass-NN.parquet` | source, row pseudonym of the pass, match key |
//! | `blocks/<kind>/rule-NN-<group>.parquet` | source, block token, row pseudonym of the pass, encoding |
//! | `join/<kind>/…` (restricted) | row pseudonym of the pass, record pseudonym |

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use rayon::prelude::*;
use serde_json::json;

use super::block::{BlockEncoder, BlockPass, Form, Workspace};
use super::block_gate::{BlockGate, caps};
use super::gate::{Counter, judge};
use super::identity::PersonColumns;
use super::key::{Pseudonym, SubKey};
use super::match_key::{Encoder, RowNames, Scratch};
use super::pass_files::{P, PREFIX, count_keys, write_blocks, write_join, write_keys};
use super::spill::Spill;
use super::stage::{Job, PseudonymiseError, RECORD_PSEUDONYM, output, record_pseudonyms};
use crate::columnar::{ColumnarError, TableReader};
use crate::stage::{StageFolders, StageReport};

/// Batches of the clear table that are encoded at a time.
const AT_A_TIME: usize = 8;
/// Rows of a batch.
const BATCH: usize = 1 << 13;
/// People that the block encoder takes at a time.
const PEOPLE: usize = 256;
/// The names of one system.
pub(super) struct People {
    /// Its number in the link files.
    pub source: u8,
    /// Its word.
    pub system: String,
    /// What its records are unique within.
    pub scope: String,
    /// The clear table.
    pub path: PathBuf,
    /// Its rows.
    pub rows: u64,
}

/// The passes of one kind of people.
struct Passes {
    kind: String,
    keys: Encoder,
    recipes: Vec<String>,
    blocks: BlockEncoder,
    names: RowNames,
    records: SubKey,
}

/// The rows of every pass, match keys first, then blocks.
struct Rows {
    /// What is linked.
    link: Vec<Vec<u8>>,
    /// What joins the pass to the records.
    join: Vec<Vec<u8>>,
    /// Of a match key: its beginning and its source, to count who shares it.
    shared: Vec<Vec<u8>>,
}

/// The spills of those.
struct Spills {
    link: Vec<Spill>,
    join: Vec<Spill>,
    shared: Vec<Spill>,
}

/// Encodes the people of a kind and writes its files.
pub(super) fn encode(
    job: &Job,
    kind: &str,
    people: &[People],
    folders: &StageFolders<'_>,
    report: &mut StageReport,
) -> Result<(), PseudonymiseError> {
    let recipes = job.kinds.get(kind).map(Vec::as_slice).unwrap_or_default();
    let blocks = job.blocks.get(kind).map(Vec::as_slice).unwrap_or_default();
    let passes = Passes {
        kind: kind.to_owned(),
        keys: Encoder::new(&job.keys, kind, recipes),
        recipes: recipes.iter().map(super::Recipe::name).collect(),
        blocks: BlockEncoder::new(&job.keys, kind, blocks),
        names: RowNames::new(&job.keys),
        records: job.keys.derive(&[RECORD_PSEUDONYM]),
    };
    let total: u64 = people.iter().map(|p| p.rows).sum();
    folders
        .progress
        .begin(&format!("encode {kind}"), Some(total));
    let spills = passes.spill(people, folders)?;
    folders.progress.end();

    let files = passes.files();
    folders
        .progress
        .begin(&format!("write {kind}"), Some(files.len() as u64));
    let footer = job.keys.fingerprint().footer();
    let caps = caps(people.iter().map(|p| (p.source, p.rows)));
    let mut counted = BTreeMap::new();
    let mut shared = spills.shared.into_iter();
    for ((file, link), join) in files.iter().zip(spills.link).zip(spills.join) {
        let mut counter = Counter::default();
        if let Some(recipe) = &file.recipe {
            if let Some(shared) = shared.next() {
                shared.sorted(|bucket| {
                    count_keys(&bucket, &mut counter);
                    Ok(())
                })?;
            }
            judge(kind, recipe, counter.counts())?;
        }
        let keys = [footer.clone(), file.what.clone()];
        let path = folders.stage.join(&file.path);
        let written = match file.width {
            0 => write_keys(&path, &link, &keys)?,
            width => {
                let gate = BlockGate::new(&link, width, file.tags, &caps, folders.stage)?;
                write_blocks(&path, &link, &keys, &gate, &mut counter)?
            }
        };
        report.files.push(output(folders, written));
        counted.insert(file.path.display().to_string(), counter.counts().to_vec());
        let path = folders.restricted.join("join").join(kind).join(&file.name);
        let written = write_join(&path, &join, std::slice::from_ref(&footer))?;
        report.files.push(output(folders, written));
        folders.progress.advance(1);
    }
    folders.progress.end();
    report
        .figures
        .insert(format!("keys {kind}"), json!(counted));
    Ok(())
}

impl Spills {
    fn take(&mut self, rows: &Rows) -> Result<(), ColumnarError> {
        let all = [
            (&mut self.link, &rows.link),
            (&mut self.join, &rows.join),
            (&mut self.shared, &rows.shared),
        ];
        for (spills, rows) in all {
            for (spill, rows) in spills.iter_mut().zip(rows) {
                spill.take(rows)?;
            }
        }
        Ok(())
    }
}

/// One file of a pass.
struct PassFile {
    /// Its name, in the folder of the kind.
    name: String,
    /// Where, in the stage's folder.
    path: PathBuf,
    /// What it says of itself in its footer.
    what: (String, String),
    /// The recipe of a match key.
    recipe: Option<String>,
    /// Bytes of an encoding; none for a match key.
    width: usize,
    /// Whether they are tags.
    tags: bool,
}

impl Passes {
    fn files(&self) -> Vec<PassFile> {
        let keys = (1..).zip(&self.recipes).map(|(number, recipe)| {
            let name = format!("pass-{number:02}.parquet");
            PassFile {
                path: Path::new("link").join(&self.kind).join(&name),
                name,
                what: ("kinlink:recipe".to_owned(), recipe.clone()),
                recipe: Some(recipe.clone()),
                width: 0,
                tags: false,
            }
        });
        let names = BlockPass::file_names(self.blocks.passes());
        let blocks = self
            .blocks
            .passes()
            .zip(names)
            .map(|(pass, name)| PassFile {
                path: Path::new("blocks").join(&self.kind).join(&name),
                name,
                what: (
                    "kinlink:block".to_owned(),
                    format!("{}: {}", pass.rule.name(), pass.form.describe()),
                ),
                recipe: None,
                width: pass.form.width(),
                tags: matches!(pass.form, Form::Lanes(_)),
            });
        keys.chain(blocks).collect()
    }

    fn rows(&self) -> Rows {
        let passes = self.recipes.len() + self.blocks.passes().len();
        Rows {
            link: vec![Vec::new(); passes],
            join: vec![Vec::new(); passes],
            shared: vec![Vec::new(); self.recipes.len()],
        }
    }

    /// Reads the people and spills the rows of every pass.
    fn spill(
        &self,
        people: &[People],
        folders: &StageFolders<'_>,
    ) -> Result<Spills, PseudonymiseError> {
        let files = self.files();
        let spill = |width| Spill::new(folders.stage, width);
        let link = |file: &PassFile| spill(2 * P + 1 + file.width);
        let mut spills = Spills {
            link: files.iter().map(link).collect::<Result<_, _>>()?,
            join: files
                .iter()
                .map(|_| spill(2 * P))
                .collect::<Result<_, _>>()?,
            shared: (0..self.recipes.len())
                .map(|_| spill(PREFIX + 1))
                .collect::<Result<_, _>>()?,
        };
        for system in people {
            let reader = TableReader::open_with(&system.path, Some(PersonColumns::NAMES), BATCH)?;
            let mut waiting: Vec<RecordBatch> = Vec::with_capacity(AT_A_TIME);
            let mut batches = reader.peekable();
            while let Some(next) = batches.next() {
                waiting.push(next?);
                if waiting.len() < AT_A_TIME && batches.peek().is_some() {
                    continue;
                }
                // The order in which batches finish does not matter: the rows are sorted later.
                let parts: Vec<Rows> = waiting
                    .par_iter()
                    .map(|batch| self.batch(system, batch))
                    .collect::<Result<_, ColumnarError>>()?;
                for part in parts {
                    spills.take(&part)?;
                }
                let done: usize = waiting.iter().map(RecordBatch::num_rows).sum();
                folders.progress.advance(done as u64);
                waiting.clear();
            }
        }
        Ok(spills)
    }

    fn batch(&self, system: &People, batch: &RecordBatch) -> Result<Rows, ColumnarError> {
        let columns = PersonColumns::of(batch, &system.path)?;
        let places: Vec<usize> = (0..batch.num_rows())
            .filter(|row| columns.kind(*row) == self.kind)
            .collect();
        let mut out = self.rows();
        let (mut scratch, mut space) = (Scratch::default(), Workspace::default());
        for places in places.chunks(PEOPLE) {
            let rows = places.iter().map(|row| columns.record(*row));
            let records = record_pseudonyms(&self.records, &system.scope, rows);
            let rows = places.iter();
            let rows = rows.map(|row| (columns.record(*row), columns.alias(*row)));
            let names = self.names.names(&system.scope, rows);
            let who: Vec<_> = places.iter().map(|row| columns.identity(*row)).collect();
            let people = Chunk {
                source: system.source,
                who: &who,
                names: &names,
                records: &records,
            };
            self.match_keys(&people, &mut scratch, &mut out);
            self.block_rows(&people, &mut space, &mut out);
        }
        Ok(out)
    }

    fn match_keys(&self, people: &Chunk<'_>, scratch: &mut Scratch, out: &mut Rows) {
        self.keys.encode(people.who, people.names, scratch, |row| {
            let Some(record) = people.records.get(row.person) else {
                return;
            };
            if let Some(link) = out.link.get_mut(row.pass) {
                link.extend_from_slice(&row.row);
                link.extend_from_slice(row.key);
                link.push(people.source);
            }
            if let Some(shared) = out.shared.get_mut(row.pass) {
                shared.extend_from_slice(row.key.get(..PREFIX).unwrap_or_default());
                shared.push(people.source);
            }
            if let Some(join) = out.join.get_mut(row.pass) {
                join.extend_from_slice(&row.row);
                join.extend_from_slice(record);
            }
        });
    }

    fn block_rows(&self, people: &Chunk<'_>, space: &mut Workspace, out: &mut Rows) {
        let before = self.recipes.len();
        self.blocks.encode(people.who, people.names, space, |row| {
            let Some(record) = people.records.get(row.person) else {
                return;
            };
            if let Some(link) = out.link.get_mut(before + row.pass) {
                link.extend_from_slice(&row.block);
                link.extend_from_slice(&row.row);
                link.push(people.source);
                link.extend_from_slice(row.encoding);
            }
            if let Some(join) = out.join.get_mut(before + row.pass) {
                join.extend_from_slice(&row.row);
                join.extend_from_slice(record);
            }
        });
    }
}

/// Some people of one source.
struct Chunk<'a> {
    source: u8,
    who: &'a [super::Identity<'a>],
    names: &'a [Pseudonym],
    records: &'a [Pseudonym],
}
