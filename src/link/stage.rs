//! The third stage of a pipeline: the files of `pseudonymise` to links and entities.

mod by_model;
mod write;

use std::path::{Path, PathBuf};

use arrow::array::{Array, FixedSizeBinaryArray};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::LinkError;
use super::chance;
use super::decide::{Decided, Decision};
use super::linkage_side::{self, PassRows};
use super::owner_side::{self, Joined, Records};
use super::pass::{PassInput, PassSummary, Rules};
use crate::accounting::RowAccount;
use crate::columnar::{self, ColumnarError, TableReader};
use crate::pseudonymise::{FOOTER, ProjectKeys, Pseudonym, Recipe};
use crate::stage::{StageFolders, StageReport};

pub use super::pass::SourceInfo;
pub use by_model::{CoupleModel, KindModel, LabelledMap, ModelJob, ModelSource, RuledOut};
use write::{EntityRow, LinkRow, write_results};
pub use write::{write_json, write_text};

/// A pass is used if its links are at least this probable: more than half of what it links is
/// not chance.
pub const FLOOR: f64 = 0.5;

/// What the stage has to do.
#[derive(Debug, Clone)]
pub struct Job {
    /// Adults, children: linked each among themselves.
    pub kinds: Vec<KindJob>,
    /// The fingerprint of the key that made the files, as their footers state it.
    pub key: String,
    /// The payload of who is whose: record and child, both by their pseudonyms.
    pub relations: Vec<PathBuf>,
    /// The payload of which dates may rule pairs out.
    pub dates: DatesJob,
}

/// Which dates may rule pairs out, for the kinds that are linked by the model.
#[derive(Debug, Clone, Default)]
pub struct DatesJob {
    /// The payload of people: their ages.
    pub people: Vec<PathBuf>,
    /// The payload of stays in custody.
    pub stays: Vec<PathBuf>,
    /// A child is younger than a parent by at least so many years; 0 asks nothing.
    pub parent_years: u8,
    /// The reference date, in days since 1970-01-01.
    pub reference: i32,
}

/// One kind of people.
#[derive(Debug, Clone)]
pub struct KindJob {
    /// `adult` or `child`: the name of the folder.
    pub kind: String,
    /// The passes, from strict to loose.
    pub passes: Vec<PassFiles>,
    /// The sources; their place in the list is the number in the files.
    pub sources: Vec<SourceInfo>,
    /// A key shared by more rows than this is left out.
    pub max_group: usize,
    /// What the model needs; none where match keys alone link.
    pub model: Option<ModelJob>,
}

/// The two files of a pass.
#[derive(Debug, Clone)]
pub struct PassFiles {
    /// The parts of its key.
    pub name: String,
    /// Columns `source`, `row`, `key`: for the linkage side.
    pub link: PathBuf,
    /// Columns `row`, `record`: for the owner's side.
    pub join: PathBuf,
}

/// `model.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    /// `match-keys-1`: which form of model this is.
    pub form: String,
    /// A key shared by more rows than this is left out.
    pub max_group: usize,
    /// A pass whose links are less probable is dropped.
    pub floor: f64,
    /// Links as a share of all pairs of records.
    pub prior: f64,
    /// Records in entities of at least two.
    pub records_linked: u64,
    /// Such entities.
    pub entities: u64,
    /// Links.
    pub links: u64,
    /// The passes.
    pub passes: Vec<PassSummary>,
    /// The recipes of the passes in order, where this program made the keys itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipes: Vec<Recipe>,
}

/// The word in `model.json` for this form of model.
pub const FORM: &str = "match-keys-1";

/// Links the records of every kind.
///
/// Writes, for each kind, `entities.parquet` (`record`, `source`, `entity`, the last the smallest
/// record pseudonym of the entity; only entities of at least two records; sorted by record),
/// `links.parquet` (`left`, `right`, `pass`, `match_weight` in bits, `match_probability`; sorted)
/// and `model.json`. The row account counts the rows of the link files: all are taken in, none is
/// lost; what a key left unlinked is in the model. A kind that the model links also has `quality.json`,
/// and, where that was asked for, a folder for clerical review among the restricted files.
///
/// `keys` open the sealed sources of the kinds that the model links; those that match keys link need
/// none.
pub fn run(
    job: &Job,
    keys: Option<&ProjectKeys>,
    folders: &StageFolders<'_>,
) -> Result<StageReport, LinkError> {
    let mut report = StageReport::default();
    let mut by_model = Vec::new();
    for kind in &job.kinds {
        match (&kind.model, keys) {
            (Some(model), Some(_)) => by_model.push((kind, model)),
            _ => link_kind(kind, &job.key, folders, &mut report)?,
        }
    }
    if let Some(keys) = keys {
        by_model::link(&by_model, job, keys, folders, &mut report)?;
    }
    Ok(report)
}

fn link_kind(
    job: &KindJob,
    key: &str,
    folders: &StageFolders<'_>,
    report: &mut StageReport,
) -> Result<(), LinkError> {
    let mut records = Records::default();
    let mut decision = Decision::new(Rules {
        sources: job.sources.clone(),
        within: true,
        floor: FLOOR,
        keep: None,
    });
    let mut account = RowAccount::new("link", &job.kind);
    let what = format!("passes over {} records", job.kind);
    folders.progress.begin(&what, Some(job.passes.len() as u64));
    for pass in &job.passes {
        let input = one_pass(job, pass, key, &mut records, &decision)?;
        account.rows_in += input.seen.rows();
        account.accepted += input.seen.rows();
        decision.pass(&input, &records);
        folders.progress.advance(1);
    }
    folders.progress.end();

    let decided = decision.finish(&records);
    let folder = folders.stage.join(&job.kind);
    let footer = [(FOOTER.to_owned(), key.to_owned())];
    let entities = entity_rows(&decided, &records);
    let links: Vec<LinkRow> = decided
        .links
        .iter()
        .map(|link| LinkRow {
            left: records.pseudonym(link.left),
            right: records.pseudonym(link.right),
            pass: link.pass,
            match_weight: chance::weight(link.probability, decided.prior),
            match_probability: link.probability,
        })
        .collect();
    let model = model(&decided, &records, job.max_group, FLOOR);
    write_results(
        &folder,
        &footer,
        (&entities, &links, &model),
        folders,
        report,
    )?;
    report.accounts.push(account);
    report.figures.insert(
        job.kind.clone(),
        json!({
            "links": model.links,
            "entities": model.entities,
            "records_linked": model.records_linked,
            "passes_used": model.passes.iter().filter(|p| p.used).count(),
            "passes_dropped": model.passes.iter().filter(|p| !p.used).count(),
            "expected_chance_links": expected_chance(&model.passes),
        }),
    );
    Ok(())
}

/// Links that chance alone explains, over the passes that were used.
pub fn expected_chance(passes: &[PassSummary]) -> f64 {
    passes
        .iter()
        .filter(|p| p.used && p.links_made > 0)
        .map(|p| p.expected_chance)
        .sum()
}

fn one_pass(
    job: &KindJob,
    pass: &PassFiles,
    key: &str,
    records: &mut Records,
    decision: &Decision,
) -> Result<PassInput, LinkError> {
    of_key(&pass.link, key)?;
    of_key(&pass.join, key)?;
    let rows = read_link(&pass.link, job.sources.len())?;
    let mut groups = linkage_side::group(&rows, job.max_group);
    drop(rows);
    groups.seen.rows_by_source.resize(job.sources.len(), 0);
    let mut known: Vec<u32> = Vec::new();
    let joined = owner_side::join(
        &groups,
        records,
        |f| scan_join(&pass.join, f),
        |n| known.push(n),
    )?;
    let mut linked = decision.none_linked();
    for number in known {
        decision.note(records.source(number), number, &mut linked);
    }
    let groups_of_records = joined.map_err(|rows| LinkError::Unjoined {
        path: pass.join.clone(),
        rows,
    })?;
    Ok(PassInput {
        name: pass.name.clone(),
        seen: groups.seen,
        groups: groups_of_records,
        linked,
        parts: None,
        fixed: None,
    })
}

/// Refuses a file that another key made, or that does not say which.
fn of_key(path: &Path, key: &str) -> Result<(), LinkError> {
    let reader = TableReader::open(path, Some(&["row"]))?;
    let stated = reader.keys().iter().find(|(name, _)| name == FOOTER);
    match stated {
        Some((_, found)) if found == key => Ok(()),
        _ => Err(LinkError::OtherKey {
            path: path.to_path_buf(),
        }),
    }
}

fn read_link(path: &Path, sources: usize) -> Result<PassRows, LinkError> {
    let mut out = PassRows::default();
    let reader = TableReader::open(path, Some(&["source", "row", "key"]))?;
    let rows = usize::try_from(reader.rows()).unwrap_or(0);
    out.sources.reserve_exact(rows);
    out.rows.reserve_exact(rows);
    out.keys.reserve_exact(rows);
    for batch in reader {
        let batch = batch?;
        let source = columnar::u8(&batch, "source", path)?;
        if let Some(bad) = source
            .values()
            .iter()
            .position(|s| usize::from(*s) >= sources)
        {
            return Err(LinkError::UnknownSource {
                path: path.to_path_buf(),
                row: (out.sources.len() + bad + 1) as u64,
            });
        }
        out.sources.extend_from_slice(source.values());
        let row = columnar::bytes(&batch, "row", path)?;
        out.rows.extend_from_slice(pseudonyms(row, "row", path)?);
        let key = columnar::bytes(&batch, "key", path)?;
        out.keys.extend_from_slice(pseudonyms(key, "key", path)?);
    }
    Ok(out)
}

fn scan_join(path: &Path, f: &mut dyn FnMut(&Joined)) -> Result<(), LinkError> {
    for batch in TableReader::open(path, Some(&["row", "record"]))? {
        let batch = batch?;
        let row = pseudonyms(columnar::bytes(&batch, "row", path)?, "row", path)?;
        let record = pseudonyms(columnar::bytes(&batch, "record", path)?, "record", path)?;
        for (row, record) in row.iter().zip(record) {
            f(&(*row, *record));
        }
    }
    Ok(())
}

/// The values of a column of pseudonyms, as they lie in memory.
fn pseudonyms<'a>(
    array: &'a FixedSizeBinaryArray,
    column: &str,
    path: &Path,
) -> Result<&'a [Pseudonym], LinkError> {
    let wrong = || ColumnarError::Column {
        path: path.to_path_buf(),
        column: column.to_owned(),
    };
    if array.value_length() != 16 || array.null_count() > 0 {
        return Err(wrong().into());
    }
    let (values, rest) = array.value_data().as_chunks::<16>();
    if values.len() != array.len() || !rest.is_empty() {
        return Err(wrong().into());
    }
    Ok(values)
}

/// The model of what was decided.
pub fn model(decided: &Decided, records: &Records, max_group: usize, floor: f64) -> Model {
    let (mut in_entities, mut entities) = (0, 0);
    for number in 0..u32::try_from(records.len()).unwrap_or(u32::MAX) {
        if decided.entities.size(number) > 1 {
            in_entities += 1;
            entities += u64::from(decided.entities.root(number) == number);
        }
    }
    Model {
        form: FORM.to_owned(),
        max_group,
        floor,
        prior: decided.prior,
        records_linked: in_entities,
        entities,
        links: decided.links.len() as u64,
        passes: decided.passes.clone(),
        recipes: Vec::new(),
    }
}

/// The rows of entities of at least two records, in the order of their pseudonyms.
fn entity_rows(decided: &Decided, records: &Records) -> Vec<EntityRow> {
    let numbers = || 0..u32::try_from(records.len()).unwrap_or(u32::MAX);
    // The name of an entity is the smallest pseudonym in it; the root is only a number.
    let mut names: Vec<Pseudonym> = vec![[u8::MAX; 16]; records.len()];
    let root = |number: u32| usize::try_from(decided.entities.root(number)).unwrap_or(usize::MAX);
    let several = |number: &u32| decided.entities.size(*number) > 1;
    for number in numbers().filter(several) {
        if let Some(name) = names.get_mut(root(number)) {
            *name = (*name).min(records.pseudonym(number));
        }
    }
    let row = |number: u32| EntityRow {
        record: records.pseudonym(number),
        source: records.source(number),
        entity: names.get(root(number)).copied().unwrap_or_default(),
    };
    let mut rows: Vec<EntityRow> = numbers().filter(several).map(row).collect();
    rows.sort_unstable_by_key(|row| (row.record, row.source));
    rows
}

#[cfg(test)]
mod tests;
