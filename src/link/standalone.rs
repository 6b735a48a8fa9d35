//! Two files, or the rows of one, linked from the command line.
//!
//! This file is the order of the work: read, choose rules, link, settle. Reading is the owner's, and
//! the only place that holds clear values; what follows it sees tokens and words.

use std::path::{Path, PathBuf};

use super::LinkError;
use super::agglomerate::{Edge, Rows, agglomerate};
use super::assign::{Cardinality, assign};
use super::blocking;
use super::cannot_link::{Apart, apart};
use super::engine::{Engine, Linked, NEVER};
use super::estimates::{self, Estimates, Making, Patterns};
use super::model::{logistic, real};
use super::model_file::{FORM, ModelFile, ReviewBand, comparison_files, rule_files};
use super::pairs::MOST_RULES;
use super::pass::SourceInfo;
use super::people::{self, Input};
use super::recall::{self, Missed};
use super::settle::{self, Likely};
use super::spec::{Blocking, Spec};
use super::stable::{self, Earlier, Names};
use super::unlinkable::own_rows;
use crate::comparison::Kind;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::progress::Progress;
use crate::pseudonymise::words::{Comparison, Held, Part, Rule};
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
    let own = |number: usize| match (sides.len(), row(number)) {
        (1, (_, id)) => id.to_owned(),
        (_, (side, id)) => format!("{side}:{id}"),
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
    let inputs = read(request, spec, progress)?;
    let comparisons = people::comparisons(spec);
    let keys = key.for_project("link", "1");
    let sources = inputs.iter().map(|i| &i.source).collect();
    let engine = Engine::new(sources, &comparisons, &keys, progress);
    let of_earlier = request.earlier.as_ref().map(|out| out.join("model.json"));
    let model_path = request.model.as_ref().or(of_earlier.as_ref());
    let known = model_path.map(|path| read_model(path)).transpose()?;
    if let (Some(known), Some(path)) = (&known, model_path)
        && !known.fits(&comparisons)
    {
        return Err(bad_model(
            path,
            "the model is of other fields than the specification",
        ));
    }
    let rules = match &known {
        Some(known) => known.rules(),
        None => rules(&engine, spec, &comparisons, &request.spec)?,
    };
    let file = request.cannot_link.as_ref();
    let apart = apart(&spec.cannot_link, &comparisons, file, &inputs)?;
    let cardinality = request.cardinality.or(spec.options.cardinality);
    let (sources, known_from) = duplicates(&engine, &inputs, &comparisons, cardinality);
    let review_from = request.review_from.or(spec.options.review_from);
    let least = request.keep.unwrap_or(1.0).min(LEAST);
    let least = review_from.unwrap_or(1.0).min(least);
    let fit = known.as_ref().map(ModelFile::fit);
    let mut linked = engine.link(&rules, fit.as_ref(), least, &apart);
    let mut warnings = people::without_values(&inputs, spec, sides(inputs.len() > 1));
    warnings.extend(super::model::check(
        &linked.counts,
        &linked.fit,
        &comparisons,
        &rules,
    ));
    if known.is_none() && !super::model::one_person(&linked.counts, &linked.fit, &comparisons) {
        linked.pairs.clear();
        warnings.push(NOBODY.to_owned());
    }
    let as_before = known.as_ref().filter(|_| request.earlier.is_some());
    let threshold = request.threshold.or(spec.options.threshold);
    let threshold = threshold.or(as_before.map(|model| model.threshold));
    let settled = match inputs.as_slice() {
        [one] => within(&linked, one.rows(), threshold, &apart),
        _ => between(&linked, &inputs, &sources, (threshold, cardinality), &apart),
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
    let making = match (inputs.len(), cardinality) {
        (1, _) => Making::Clusters,
        (_, Some(cardinality)) => Making::Assigned(cardinality),
        _ => Making::Threshold,
    };
    let own = own_patterns(&engine, inputs.len(), &comparisons, &linked);
    let (estimates, patterns) = estimates::gather(
        &linked,
        &settled.all,
        &settled.links,
        (making, settled.threshold),
        own,
    );
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
        warnings,
        expected_matches: settle::expected(&settled.all),
        missed: settled.missed,
        threshold: settled.threshold,
        review,
        expected_precision: settle::expected_precision(&settled.links),
        links: settled.links.len() as u64,
        records_linked: linked_rows.clone().sum(),
        entities: linked_rows.count() as u64,
    };
    let earlier = request.earlier.as_deref().map(Earlier::read).transpose()?;
    let names = entity_names(&settled.entity, earlier.as_ref(), &inputs);
    Ok(Outcome {
        names,
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

/// Which sides are free of duplicates, and how that is known: because it was stated, or because
/// hardly any two rows agree on all names, dates and numbers that there are.
fn duplicates(
    engine: &Engine<'_>,
    inputs: &[Input],
    comparisons: &[Comparison],
    stated: Option<Cardinality>,
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
    let free = |side: usize| match stated {
        _ if inputs.len() < 2 => false,
        // Where a row has one partner at most, the other file holds nobody twice.
        Some(stated) if side == 0 => stated.right_has_one(),
        Some(stated) => stated.left_has_one(),
        None => few(side),
    };
    let sources = sides(inputs.len() > 1)
        .iter()
        .enumerate()
        .map(|(side, name)| SourceInfo {
            name: (*name).to_owned(),
            duplicate_free: free(side),
        });
    let known_from = match (inputs.len(), stated) {
        (1, _) => "as no: its duplicates are what is looked for",
        (_, Some(_)) => "as stated",
        _ => "from how many of its rows agree on all that identifies a person",
    };
    (sources.collect(), known_from)
}

/// The blocking rules that the specification names, or those that the data speak for.
fn rules(
    engine: &Engine<'_>,
    spec: &Spec,
    comparisons: &[Comparison],
    path: &Path,
) -> Result<Vec<Rule>, LinkError> {
    let problem = |code: &'static str, what: String, help: &str| {
        Diagnostic::new(code, Exit::Usage, what, help).at(Place::file(path))
    };
    let names = match &spec.options.blocking {
        Blocking::Given(names) => names,
        Blocking::Auto => {
            let rules = engine.choose(spec.options.pairs);
            return match rules.is_empty() {
                false => Ok(rules),
                true => Err(LinkError::one(problem(
                    "KL-L-031",
                    "no combination of the fields is rare enough to link by".to_owned(),
                    "name more fields in the specification",
                ))),
            };
        }
    };
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    for name in names {
        match blocking::parse(name, comparisons) {
            Some(rule) => rules.push(rule),
            None => problems.push(problem(
                "KL-L-033",
                format!("there is no blocking rule `{name}`"),
                "join fields of the specification by +, each whole or a part of it, such as \
                 surname.soundex+date_of_birth.year; `kinlink explain KL-L-033` lists the parts",
            )),
        }
    }
    if rules.len() > MOST_RULES {
        problems.push(problem(
            "KL-L-033",
            format!("{} blocking rules are more than {MOST_RULES}", rules.len()),
            "leave out those that bring the fewest new pairs",
        ));
    }
    match problems.is_empty() {
        true => Ok(rules),
        false => Err(LinkError::Problems(problems)),
    }
}

/// What keeps the rows of named pairs apart.
fn never(apart: &Apart, right: impl Fn(u32) -> u32) -> impl Iterator<Item = Edge> {
    apart.named().map(move |(a, b)| Edge {
        a,
        b: right(b),
        weight: NEVER,
    })
}

/// What was decided.
struct Settled {
    all: Vec<Likely>,
    links: Vec<Likely>,
    entity: Vec<usize>,
    threshold: f64,
    missed: Missed,
}

/// Rows of one file: entities first, then the pairs that are in one.
fn within(linked: &Linked, rows: usize, threshold: Option<f64>, apart: &Apart) -> Settled {
    let threshold = threshold.unwrap_or(0.5);
    let all = settle::alone(&linked.pairs);
    let bound = log_odds(threshold) - MARGIN;
    let edges = all.iter().map(|p| Edge {
        a: p.left,
        b: p.right,
        weight: p.log_odds - bound,
    });
    let edges: Vec<Edge> = edges.chain(never(apart, |row| row)).collect();
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
        missed: missed(linked, &all),
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
    (threshold, cardinality): (Option<f64>, Option<Cardinality>),
    apart: &Apart,
) -> Settled {
    let free = |side: usize| sources.get(side).is_some_and(|s| s.duplicate_free);
    let all = settle::share(&linked.pairs, free(0), free(1));
    let missed = missed(linked, &all);
    let threshold = threshold.unwrap_or_else(|| settle::best_threshold(&all, missed.about));
    let chosen = all.iter().filter(|p| p.probability >= threshold);
    let mut links: Vec<Likely> = chosen.copied().collect();
    let bound = log_odds(threshold) - MARGIN;
    if let Some(cardinality) = cardinality {
        links = assign(&links, bound, cardinality);
    }
    let left_rows = inputs.first().map_or(0, Input::rows);
    let right = |row: u32| u32::try_from(at(row) + left_rows).unwrap_or(u32::MAX);
    // Where it is stated who may have one partner, entities are those of the links.
    let ties = if cardinality.is_some() { &links } else { &all };
    let edges = ties.iter().map(|p| Edge {
        a: p.left,
        b: right(p.right),
        weight: match p.log_odds == NEVER {
            true => NEVER,
            false => log_odds(p.probability) - bound,
        },
    });
    let edges: Vec<Edge> = edges.chain(never(apart, right)).collect();
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

fn missed(linked: &Linked, all: &[Likely]) -> Missed {
    let times = linked.pairs.iter().map(|p| p.pattern.rules().count_ones());
    let probabilities = all.iter().map(|p| p.probability);
    recall::missed(probabilities.zip(times), linked.rules.len())
}

/// The natural log odds of a probability that is neither nought nor one.
pub(super) fn log_odds(p: f64) -> f64 {
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
pub(super) fn read_model(path: &Path) -> Result<ModelFile, LinkError> {
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
