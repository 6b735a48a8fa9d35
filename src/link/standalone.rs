//! Two files, or the rows of one, linked from the command line.
//!
//! This file is the order of the work: read, choose rules, link, settle. Reading is the owner's, and
//! the only place that holds clear values; what follows it sees tokens and words.

mod duplicates;
mod rules;
mod settled;

use std::path::{Path, PathBuf};

use super::LinkError;
use super::agglomerate::Rows;
use super::assign::Cardinality;
use super::cannot_link::dates::DatedRows;
use super::cannot_link::{Apart, apart};
use super::earlier::{CarriedOver, Carry, carry};
use super::engine::{Engine, Keep, Linked, NEVER};
use super::estimates::{self, Estimates, Making, Patterns};
use super::model::{self, Fit, Weights, log_odds};
use super::model_file::{FORM, ModelFile, ReviewBand, comparison_files, rule_files};
use super::pass::SourceInfo;
use super::people::{self, Input};
use super::settle::{self, Likely};
use super::spec::{PARENT_YEARS, Spec};
use super::stable::{self, Earlier, Names};
use super::unlinkable::own_rows;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::progress::Progress;
use crate::pseudonymise::words::{Beside, Comparison, Held, RowDigest, Rule, row_digests};
use crate::pseudonymise::{KeySource, MasterKey, ProjectKeys};
use duplicates::duplicates;
pub(super) use rules::read_model;
use rules::{compared, rules};
use settled::{Settled, Terms};

/// Pairs less probable than this are no rivals of anybody.
const LEAST: f64 = 1e-3;

/// What is said where no pair can be believed.
const NOBODY: &str = "nothing is linked: the pairs that stand out agree on less than half of names, \
    dates and numbers, as relatives and namesakes do; the files seem to have nobody in common";

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
    /// How many partners a row may have; above the specification's.
    pub cardinality: Option<Cardinality>,
    /// Write every pair at least this probable to `pairs.parquet`.
    pub keep: Option<f64>,
    /// Take rules, m and u from this model.
    pub model: Option<PathBuf>,
    /// Pairs of rows that are never linked.
    pub cannot_link: Option<PathBuf>,
    /// The folder of an earlier linkage, whose model is used and whose entities keep their names.
    pub earlier: Option<PathBuf>,
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
    /// What is kept to judge the links by without a truth.
    pub estimates: Estimates,
    /// The same by pattern.
    pub patterns: Patterns,
    /// The links, in the order of their rows.
    pub links: Vec<Likely>,
    /// Every pair at least as probable as was asked for.
    pub kept: Vec<Likely>,
    /// Pairs for clerical review.
    pub band: Vec<Likely>,
    /// Of each row, left ones first, the first row of its entity.
    pub entity: Vec<usize>,
    /// The names of the entities.
    pub names: Names,
    /// Of each side the digests of its rows.
    pub row_digests: Vec<Vec<RowDigest>>,
    /// The pairs that a later linkage may carry over; none where nothing could be linked.
    pub scored: Option<ScoredPairs>,
    /// What was carried over from the earlier linkage, or why nothing was; none where none is named.
    pub carried: Option<Result<CarriedOver, &'static str>>,
    /// Pairs that the model would link, and that cannot be one person by rule, list or dates.
    pub apart: u64,
}

/// The pairs that were kept, in the order of their rows.
pub struct ScoredPairs {
    /// The pairs.
    pub pairs: Vec<Likely>,
    /// Their least probability.
    pub least: f64,
    /// Whether they are all pairs that were compared.
    pub complete: bool,
}

impl Outcome {
    /// All rows.
    pub fn rows(&self) -> usize {
        self.inputs.iter().map(Input::rows).sum()
    }

    /// The id of a row, left ones first, and its side.
    pub fn id(&self, row: usize) -> (&str, usize) {
        id_of(&self.inputs, row)
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

/// The id of a row, left ones first, and its side.
fn id_of(inputs: &[Input], row: usize) -> (&str, usize) {
    let mut row = row;
    for (side, input) in inputs.iter().enumerate() {
        if row < input.rows() {
            return (input.ids.text(row), side);
        }
        row -= input.rows();
    }
    ("", 0)
}

/// A new entity is named by the id of its first row; with two files the side stands in front, since
/// the two may use one id for two people.
fn entity_names(entity: &[usize], earlier: Option<&Earlier>, inputs: &[Input]) -> Names {
    let sides = sides(inputs.len() > 1);
    let row = |row: usize| {
        let (id, side) = id_of(inputs, row);
        (sides.get(side).copied().unwrap_or_default(), id)
    };
    let own = |number: usize, text: &mut String| {
        let (side, id) = row(number);
        if sides.len() > 1 {
            text.push_str(side);
            text.push(':');
        }
        text.push_str(id);
    };
    stable::names(entity, earlier, row, own)
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
    let mut inputs = read(request, spec, progress)?;
    let dates = dated_rows(&mut inputs, spec);
    let two = inputs.len() > 1;
    let keys = key.for_project("link", "1");
    let of_earlier = request.earlier.as_ref().map(|out| out.join("model.json"));
    let model_path = request.model.as_ref().or(of_earlier.as_ref());
    let (comparisons, known) = compared(model_path.map(PathBuf::as_path), spec)?;
    let clear = inputs.iter().map(|i| &i.source).collect();
    let engine = Engine::new(clear, &comparisons, &keys, progress);
    let rules = match &known {
        Some(known) => known.rules(),
        None => rules(&engine, spec, &comparisons, &request.spec)?,
    };
    let file = request.cannot_link.as_ref();
    let apart = apart(&spec.cannot_link, &comparisons, file, &inputs)?.with_dates(dates);
    let cardinality = request.cardinality.or(spec.options.cardinality);
    let (sources, known_from) = duplicates(&engine, inputs.len(), &comparisons, cardinality);
    let review_from = request.review_from.or(spec.options.review_from);
    let least = [request.keep, review_from, Some(LEAST)]
        .into_iter()
        .flatten();
    let fit = known.as_ref().map(ModelFile::fit);
    let least = least.fold(1.0, f64::min);
    let keep = Keep {
        least,
        apart: &apart,
    };
    let digests = || digests_of_rows(&engine, &inputs, (spec, &comparisons), &apart, &keys);
    let carry = match (&request.earlier, &known, &request.model) {
        (Some(out), Some(model), None) => {
            let key = key.fingerprint().to_string();
            Some(carry(out, &key, model, least, (&inputs, &digests()))?)
        }
        (Some(_), _, Some(_)) => Some(Carry::Nothing("another model is named")),
        _ => None,
    };
    let (mut linked, carried, complete) = linked(&engine, &rules, fit.as_ref(), carry, keep);
    let mut warnings = people::without_values(&inputs, spec, sides(two));
    let found = model::check(&linked.counts, &linked.fit, &comparisons, &rules);
    warnings.extend(found);
    let nobody = known.is_none() && !model::one_person(&linked.counts, &linked.fit, &comparisons);
    if nobody {
        linked.pairs.clear();
        warnings.push(NOBODY.to_owned());
    }
    let as_before = known.as_ref().filter(|_| request.earlier.is_some());
    let stated = request.threshold.or(spec.options.threshold);
    let rows = inputs.iter().zip(&sources).map(|(input, source)| Rows {
        rows: input.rows(),
        duplicate_free: source.duplicate_free,
    });
    let terms = Terms {
        sides: &rows.collect::<Vec<_>>(),
        threshold: stated.or(as_before.map(|model| model.threshold)),
        cardinality,
        apart: &apart,
        comparisons: &comparisons,
    };
    let settled = settled::settle(&linked, terms);
    let band = match review_from {
        Some(from) => settled::review_band(&settled, from)?,
        None => Vec::new(),
    };
    let kept = match request.keep {
        Some(keep) => at_least(&settled.all, keep),
        None => Vec::new(),
    };
    let (estimates, patterns) = estimates::gather(
        &linked,
        &settled.all,
        &settled.links,
        (Making::of(two, cardinality), settled.threshold),
        own_patterns(&engine, inputs.len(), &comparisons, &linked),
    );
    let model = ModelFile {
        learnt_from: match &known {
            Some(known) => known.learnt_from.clone(),
            None => inputs.iter().map(|i| i.digest).collect(),
        },
        warnings,
        review: review_from.map(|from| ReviewBand {
            from,
            pairs: band.len() as u64,
        }),
        ..learnt(&linked, &settled, &comparisons)
    };
    let earlier = request.earlier.as_deref().map(Earlier::read).transpose()?;
    let names = entity_names(&settled.entity, earlier.as_ref(), &inputs);
    let apart = would_be_links(&linked, settled.threshold);
    Ok(Outcome {
        names,
        row_digests: digests(),
        apart,
        scored: (!nobody).then_some(ScoredPairs {
            pairs: settled.all,
            least,
            complete: complete && !two,
        }),
        carried,
        inputs,
        sources,
        known_from,
        fingerprint: key.fingerprint().to_string(),
        model,
        estimates,
        patterns,
        links: settled.links,
        kept,
        band,
        entity: settled.entity,
    })
}

/// Links, or goes on from what could be carried over; says whether all pairs compared were kept, if
/// they are of one file.
fn linked(
    engine: &Engine<'_>,
    rules: &[Rule],
    fit: Option<&Fit>,
    carry: Option<Carry>,
    keep: Keep<'_>,
) -> (Linked, Option<Result<CarriedOver, &'static str>>, bool) {
    let anew = |why: Option<&'static str>| {
        let linked = engine.link(rules, fit, keep);
        let complete = linked.holds_all();
        (linked, why.map(Err), complete)
    };
    match (carry, fit) {
        (Some(Carry::Over(carried, told)), Some(fit)) => {
            let (linked, further) = engine.link_further(rules, fit, *carried, keep);
            let told = CarriedOver {
                pairs: further.carried,
                compared: further.compared,
                ..told
            };
            (linked, Some(Ok(told)), further.complete)
        }
        (Some(Carry::Nothing(why)), _) => anew(Some(why)),
        _ => anew(None),
    }
}

/// Pairs that cannot be one person, and that would be links by what they agree on.
fn would_be_links(linked: &Linked, threshold: f64) -> u64 {
    let weights = Weights::new(&linked.fit);
    let bound = log_odds(threshold) - settled::MARGIN;
    let never = linked.pairs.iter().filter(|pair| pair.log_odds == NEVER);
    never
        .filter(|pair| weights.log_odds(pair.pattern) >= bound)
        .count() as u64
}

/// The dates that may rule pairs out: nothing else needs them any more.
fn dated_rows(inputs: &mut [Input], spec: &Spec) -> DatedRows {
    let years = spec.dates.parent_years.unwrap_or(PARENT_YEARS);
    let take = |input: &mut Input| (input.rows(), std::mem::take(&mut input.dates));
    DatedRows::new(inputs.iter_mut().map(take).collect(), years)
}

/// Of each side the digests of its rows, by which a later linkage knows whether they are the same.
fn digests_of_rows(
    engine: &Engine<'_>,
    inputs: &[Input],
    (spec, comparisons): (&Spec, &[Comparison]),
    apart: &Apart,
    keys: &ProjectKeys,
) -> Vec<Vec<RowDigest>> {
    let terms = format!("{comparisons:?} {:?}", spec.cannot_link);
    let dates = apart.dates();
    let of = |(side, input): (usize, &Input)| {
        let beside = |row: usize| dates.numbers(side, row);
        let beside: Option<Beside<'_>> = if dates.is_empty() {
            None
        } else {
            Some(&beside)
        };
        match engine.held(side) {
            Some((source, digests)) => row_digests(source, digests, keys, &terms, beside),
            None => vec![RowDigest::default(); input.rows()],
        }
    };
    inputs.iter().enumerate().map(of).collect()
}

fn at_least(pairs: &[Likely], probability: f64) -> Vec<Likely> {
    let likely = pairs.iter().filter(|p| p.probability >= probability);
    likely.copied().collect()
}

/// What was learnt and decided, as a model file.
fn learnt(linked: &Linked, settled: &Settled, comparisons: &[Comparison]) -> ModelFile {
    let mut together = vec![0_u64; settled.entity.len()];
    for entity in &settled.entity {
        if let Some(rows) = together.get_mut(*entity) {
            *rows += 1;
        }
    }
    let linked_rows = together.iter().filter(|n| **n > 1);
    ModelFile {
        form: FORM.to_owned(),
        learnt_from: Vec::new(),
        comparisons: comparison_files(comparisons, &linked.fit),
        kin: linked.fit.kin.clone(),
        rules: rule_files(linked),
        rounds: linked.fit.rounds,
        converged: linked.fit.converged,
        compared: linked.compared,
        chance: linked.chance,
        warnings: Vec::new(),
        expected_matches: settle::expected(&settled.all),
        missed: settled.missed,
        threshold: settled.threshold,
        review: None,
        expected_precision: settle::expected_precision(&settled.links),
        links: settled.links.len() as u64,
        records_linked: linked_rows.clone().sum::<u64>(),
        entities: linked_rows.count() as u64,
    }
}

fn own_patterns(
    engine: &Engine<'_>,
    files: usize,
    comparisons: &[Comparison],
    linked: &Linked,
) -> Vec<estimates::OwnRows> {
    let of = |(side, name): (usize, &&str)| {
        let (source, digests) = engine.held(side)?;
        let held = Held { source, digests };
        Some(own_rows(name, held, comparisons, linked))
    };
    let names = sides(files > 1).iter().enumerate();
    names.filter_map(of).flatten().collect()
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
