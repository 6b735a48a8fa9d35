//! Two files, or the rows of one, linked from the command line.
//!
//! This file is the order of the work: read, choose rules, link, settle. Reading is the owner's, and
//! the only place that holds clear values; what follows it sees tokens and words.

use std::path::{Path, PathBuf};

use super::LinkError;
use super::agglomerate::{Edge, Rows, agglomerate};
use super::engine::{Engine, Linked, Scored};
use super::model::{logistic, real};
use super::model_file::{FORM, ModelFile, ReviewBand, comparison_files, rule_files};
use super::pass::SourceInfo;
use super::people::{self, Input};
use super::settle::{self, Likely};
use super::spec::Spec;
use crate::comparison::Kind;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::progress::Progress;
use crate::pseudonymise::words::{Comparison, Part, Rule};
use crate::pseudonymise::{KeySource, MasterKey};

/// A file is taken as free of duplicates if at most this many pairs of rows in a thousand rows agree
/// on everything that identifies a person, beyond what chance explains.
const PAIRS_IN_THOUSAND: f64 = 0.5;
/// How many times more often people agree on all of it than the product of its parts says: names go
/// with years of birth and with each other.
const TOGETHER: f64 = 4.0;
/// A pair at the threshold is still above it, by this much in natural log odds.
const MARGIN: f64 = 1e-3;
/// Pairs less probable than this are no rivals of anybody.
const LEAST: f64 = 1e-3;

/// What is to be linked, and how.
pub struct Request {
    /// The first file, or the only one.
    pub left: PathBuf,
    /// The second.
    pub right: Option<PathBuf>,
    /// The specification.
    pub spec: PathBuf,
    /// The key.
    pub key: KeySource,
    /// The folder for the results: new or empty.
    pub out: PathBuf,
    /// Least probability of a link; above the specification's.
    pub threshold: Option<f64>,
    /// Least probability of a pair for clerical review; above the specification's.
    pub review_from: Option<f64>,
    /// One row to one row at most; above the specification's.
    pub one_to_one: bool,
    /// Write every pair at least this probable to `pairs.parquet`.
    pub keep: Option<f64>,
    /// Take rules, m and u from this model.
    pub model: Option<PathBuf>,
}

/// What was linked.
pub struct Outcome {
    /// The files that were read.
    pub inputs: Vec<Input>,
    /// What is known of each side.
    pub sources: Vec<SourceInfo>,
    /// How it is known that a side is free of duplicates, or not.
    pub known_from: &'static str,
    /// The fingerprint of the key.
    pub fingerprint: String,
    /// The model.
    pub model: ModelFile,
    /// The links, in the order of their rows.
    pub links: Vec<Likely>,
    /// Every pair at least as probable as was asked for.
    pub kept: Vec<Likely>,
    /// Pairs for clerical review.
    pub band: Vec<Likely>,
    /// Of each row, left ones first, the first row of its entity.
    pub entity: Vec<usize>,
}

impl Outcome {
    /// All rows.
    pub fn rows(&self) -> usize {
        self.inputs.iter().map(Input::rows).sum()
    }

    /// The id of a row, left ones first, and its side.
    pub fn id(&self, row: usize) -> (&str, usize) {
        let mut row = row;
        for (side, input) in self.inputs.iter().enumerate() {
            if row < input.rows() {
                return (input.ids.text(row), side);
            }
            row -= input.rows();
        }
        ("", 0)
    }

    /// The ids of a pair.
    pub fn ids(&self, pair: &Likely) -> (&str, &str) {
        let text = |side: usize, row: u32| {
            let input = self.inputs.get(side).or(self.inputs.first());
            input.map_or("", |input| input.ids.text(at(row)))
        };
        (text(0, pair.left), text(1, pair.right))
    }
}

fn at(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

/// The names of the sides.
pub fn sides(two: bool) -> &'static [&'static str] {
    if two { &["left", "right"] } else { &["file"] }
}

/// Checks that the folder for the results is new or empty.
pub fn check_out(out: &Path) -> Result<(), LinkError> {
    let occupied = match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(e) => e.kind() != std::io::ErrorKind::NotFound,
    };
    if occupied {
        return Err(LinkError::one(
            Diagnostic::new(
                "KL-L-030",
                Exit::Usage,
                "the folder for the results is not empty",
                "name a new folder with -o; results are never overwritten",
            )
            .at(Place::file(out)),
        ));
    }
    Ok(())
}

/// Links. Writes nothing: see [`super::out_files`].
pub fn link(
    request: &Request,
    spec: &Spec,
    key: &MasterKey,
    progress: &dyn Progress,
) -> Result<Outcome, LinkError> {
    let inputs = read(request, spec, progress)?;
    let comparisons = people::comparisons(spec);
    let keys = key.for_project("link", "1");
    let sources = inputs.iter().map(|i| &i.source).collect();
    let engine = Engine::new(sources, &comparisons, &keys, progress);
    let known = request.model.as_deref().map(read_model).transpose()?;
    if let (Some(known), Some(path)) = (&known, &request.model)
        && !known.fits(&comparisons)
    {
        return Err(bad_model(
            path,
            "the model is of other fields than the specification",
        ));
    }
    let rules = match &known {
        Some(known) => known.rules(),
        None => engine.choose(),
    };
    if rules.is_empty() {
        return Err(LinkError::one(
            Diagnostic::new(
                "KL-L-031",
                Exit::Usage,
                "no combination of the fields is rare enough to link by",
                "name more fields in the specification",
            )
            .at(Place::file(&request.spec)),
        ));
    }
    let one_to_one = request.one_to_one || spec.one_to_one == Some(true);
    let (sources, known_from) = duplicates(&engine, &inputs, &comparisons, one_to_one);
    let review_from = request.review_from.or(spec.review_from);
    let least = request.keep.unwrap_or(1.0).min(LEAST);
    let least = review_from.unwrap_or(1.0).min(least);
    let linked = engine.link(&rules, known.as_ref().map(ModelFile::fit).as_ref(), least);
    let threshold = request.threshold.or(spec.threshold);
    let settled = match inputs.as_slice() {
        [one] => within(&linked, one.rows(), threshold),
        _ => between(&linked, &inputs, &sources, threshold, one_to_one),
    };
    let kept = request.keep.map_or(Vec::new(), |keep| {
        let pairs = settled.all.iter().filter(|p| p.probability >= keep);
        pairs.copied().collect()
    });
    let band = match review_from {
        Some(from) => review_band(&settled, from)?,
        None => Vec::new(),
    };
    let review = review_from.map(|from| ReviewBand {
        from,
        pairs: band.len() as u64,
    });
    let learnt_from = match &known {
        Some(known) => known.learnt_from.clone(),
        None => inputs.iter().map(|i| i.digest).collect(),
    };
    let mut together: hashbrown::HashMap<usize, u64> = hashbrown::HashMap::new();
    for entity in &settled.entity {
        *together.entry(*entity).or_default() += 1;
    }
    let linked_rows = together.values().filter(|n| **n > 1);
    let model = ModelFile {
        form: FORM.to_owned(),
        learnt_from,
        comparisons: comparison_files(&comparisons, &linked.fit),
        rules: rule_files(&linked),
        rounds: linked.fit.rounds,
        converged: linked.fit.converged,
        compared: linked.compared,
        chance: linked.chance,
        warnings: super::model::check(&linked.counts, &linked.fit, &comparisons, &rules),
        expected_matches: settle::expected(&settled.all),
        missed_at_least: settled.missed,
        threshold: settled.threshold,
        review,
        expected_precision: settle::expected_precision(&settled.links),
        links: settled.links.len() as u64,
        records_linked: linked_rows.clone().sum(),
        entities: linked_rows.count() as u64,
    };
    Ok(Outcome {
        inputs,
        sources,
        known_from,
        fingerprint: key.fingerprint().to_string(),
        model,
        links: settled.links,
        kept,
        band,
        entity: settled.entity,
    })
}

fn read(request: &Request, spec: &Spec, progress: &dyn Progress) -> Result<Vec<Input>, LinkError> {
    let paths: Vec<&PathBuf> = std::iter::once(&request.left)
        .chain(&request.right)
        .collect();
    progress.begin("files read", Some(paths.len() as u64));
    let mut inputs = Vec::new();
    let mut problems = Vec::new();
    for (side, path) in paths.iter().enumerate() {
        match people::read(path, side, spec) {
            Ok(input) => inputs.push(input),
            Err(LinkError::Problems(more)) => problems.extend(more),
            Err(other) => return Err(other),
        }
        progress.advance(1);
    }
    progress.end();
    match problems.is_empty() {
        true => Ok(inputs),
        false => Err(LinkError::Problems(problems)),
    }
}

/// Which sides are free of duplicates, and how that is known: because it was stated, or because
/// hardly any two rows agree on all names, dates and numbers that there are.
fn duplicates(
    engine: &Engine<'_>,
    inputs: &[Input],
    comparisons: &[Comparison],
    one_to_one: bool,
) -> (Vec<SourceInfo>, &'static str) {
    let whole = comparisons.iter().flat_map(|c| {
        let lanes: &[usize] = match c.kind {
            Kind::Date => &[1, 7],
            Kind::Forename | Kind::Surname | Kind::Identifier if c.name != "middle_names" => &[0],
            _ => &[],
        };
        let column = c.columns.first().copied().flatten();
        let part = move |lane: &usize| {
            column.map(|column| Part {
                column,
                lane: *lane,
            })
        };
        lanes.iter().filter_map(part)
    });
    let strict = Rule {
        name: "duplicates".to_owned(),
        parts: whole.collect(),
        unordered: None,
    };
    let few = |side: usize| {
        let chance = engine.chance_repeats(side, &strict);
        !strict.parts.is_empty()
            && engine.repeats(side, &strict) <= PAIRS_IN_THOUSAND + TOGETHER * chance
    };
    let free = |side: usize| inputs.len() > 1 && (one_to_one || few(side));
    let sources = sides(inputs.len() > 1)
        .iter()
        .enumerate()
        .map(|(side, name)| SourceInfo {
            name: (*name).to_owned(),
            duplicate_free: free(side),
        });
    let known_from = match (inputs.len(), one_to_one) {
        (1, _) => "as no: its duplicates are what is looked for",
        (_, true) => "as stated",
        _ => "from how many of its rows agree on all that identifies a person",
    };
    (sources.collect(), known_from)
}

/// What was decided.
struct Settled {
    all: Vec<Likely>,
    links: Vec<Likely>,
    entity: Vec<usize>,
    threshold: f64,
    missed: f64,
}

/// Rows of one file: entities first, then the pairs that are in one.
fn within(linked: &Linked, rows: usize, threshold: Option<f64>) -> Settled {
    let threshold = threshold.unwrap_or(0.5);
    let all = settle::alone(&linked.pairs);
    let bound = log_odds(threshold) - MARGIN;
    let edges: Vec<Edge> = all
        .iter()
        .map(|p| Edge {
            a: p.left,
            b: p.right,
            weight: p.log_odds - bound,
        })
        .collect();
    let entity: Vec<usize> = agglomerate(
        &[Rows {
            rows,
            duplicate_free: false,
        }],
        &edges,
    )
    .into_iter()
    .map(at)
    .collect();
    let together = |p: &&Likely| entity.get(at(p.left)) == entity.get(at(p.right));
    Settled {
        links: all.iter().filter(together).copied().collect(),
        missed: missed(&linked.pairs, &all),
        all,
        entity,
        threshold,
    }
}

/// Rows of two files: links by a threshold, then entities of linked rows.
fn between(
    linked: &Linked,
    inputs: &[Input],
    sources: &[SourceInfo],
    threshold: Option<f64>,
    one_to_one: bool,
) -> Settled {
    let free = |side: usize| sources.get(side).is_some_and(|s| s.duplicate_free);
    let all = settle::share(&linked.pairs, free(0), free(1));
    let missed = missed(&linked.pairs, &all);
    let threshold = threshold.unwrap_or_else(|| settle::best_threshold(&all, missed));
    let chosen = all.iter().filter(|p| p.probability >= threshold);
    let mut links: Vec<Likely> = chosen.copied().collect();
    if one_to_one {
        links = settle::one_to_one(&links);
    }
    let left_rows = inputs.first().map_or(0, Input::rows);
    let right = |row: u32| u32::try_from(at(row) + left_rows).unwrap_or(u32::MAX);
    let bound = log_odds(threshold) - MARGIN;
    let edges: Vec<Edge> = all
        .iter()
        .map(|p| Edge {
            a: p.left,
            b: right(p.right),
            weight: log_odds(p.probability) - bound,
        })
        .collect();
    let sides: Vec<Rows> = inputs
        .iter()
        .enumerate()
        .map(|(side, input)| Rows {
            rows: input.rows(),
            duplicate_free: free(side),
        })
        .collect();
    Settled {
        entity: agglomerate(&sides, &edges).into_iter().map(at).collect(),
        all,
        links,
        threshold,
        missed,
    }
}

/// The pairs for clerical review: at least so probable, below the threshold, and in no link.
fn review_band(settled: &Settled, from: f64) -> Result<Vec<Likely>, LinkError> {
    if from >= settled.threshold {
        return Err(LinkError::one(Diagnostic::new(
            "KL-L-034",
            Exit::Usage,
            format!(
                "review is to begin at {from}, which is not below the threshold of links, {:.6}",
                settled.threshold
            ),
            "give a lower --review-from or review_from, or state a higher threshold",
        )));
    }
    let linked: hashbrown::HashSet<(u32, u32)> =
        settled.links.iter().map(|p| (p.left, p.right)).collect();
    let between = |p: &&Likely| p.probability >= from && p.probability < settled.threshold;
    let pairs = settled.all.iter().filter(between);
    let open = pairs.filter(|p| !linked.contains(&(p.left, p.right)));
    Ok(open.copied().collect())
}

fn missed(pairs: &[Scored], all: &[Likely]) -> f64 {
    let both = pairs.iter().zip(all);
    let both: Vec<(Scored, f64)> = both
        .map(|(pair, likely)| (*pair, likely.probability))
        .collect();
    settle::missed_at_least(&both)
}

fn log_odds(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    debug_assert!((logistic((p / (1.0 - p)).ln()) - p).abs() < 1e-6);
    (p / (1.0 - p)).ln()
}

fn bad_model(path: &Path, what: &str) -> LinkError {
    LinkError::one(
        Diagnostic::new(
            "KL-L-032",
            Exit::Usage,
            what,
            "name the model.json of an earlier linkage with the same specification",
        )
        .at(Place::file(path)),
    )
}

/// Reads a `model.json` of an earlier linkage.
fn read_model(path: &Path) -> Result<ModelFile, LinkError> {
    let text = std::fs::read_to_string(path).map_err(|source| LinkError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let model: ModelFile = serde_json::from_str(&text)
        .map_err(|_| bad_model(path, "the file is no model of this program"))?;
    let whole = model.rules.iter().all(|rule| {
        rule.comparisons.len() == model.comparisons.len()
            && rule.matches > 0.0
            && rule.matches < 1.0
            && rule
                .comparisons
                .iter()
                .all(|c| c.u.iter().all(|u| u.is_finite()))
    });
    if whole && real(model.compared) >= 0.0 {
        Ok(model)
    } else {
        Err(bad_model(path, "the file is no model of this program"))
    }
}
