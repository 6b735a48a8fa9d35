//! Two files, or the rows of one, linked from the command line.
//!
//! The same seams as in a pipeline: this file is the owner, who reads clear values, encodes them
//! pass by pass, hands the linkage side triples and nothing else, and drops them again.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::LinkError;
use super::chance;
use super::decide::{Decided, Decision};
use super::linkage_side::{self, PassRows};
use super::owner_side::{self, Joined, Records};
use super::pass::{PassInput, Rules, SourceInfo};
use super::people::{self, Input, Person};
use super::recipes::{self, Ranked};
use super::spec::Spec;
use super::stage::{self, Model};
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::progress::Progress;
use crate::pseudonymise::{
    Encoder, KeySource, MasterKey, ProjectKeys, Pseudonym, Recipe, RowNames, Scratch,
};

/// A key shared by more rows than this is left out.
pub const MAX_GROUP: usize = 200;

/// A file is taken as free of duplicates if it has at least this many rows …
const TELLING_ROWS: usize = 1000;
/// … and at most this many pairs of rows in a thousand rows share the strictest key.
const PAIRS_IN_THOUSAND: f64 = 0.5;

/// Links of one file are used from this probability on, if none is stated: a wrong one joins not
/// two rows but all the rows of two people.
pub const FLOOR_OF_DUPLICATES: f64 = 0.9;

/// Links that count as sure while the collision rates of one file are still raised by duplicates.
const SURE: f64 = 0.99;

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
    /// One row to one row at most; above the specification's.
    pub one_to_one: bool,
    /// Write every pair at least this probable to `pairs.parquet`.
    pub keep: Option<f64>,
    /// Take recipes and probabilities from this model.
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
    pub model: Model,
    /// Recipes that were not encoded, because their key is too common.
    pub too_common: Vec<String>,
    /// The decision.
    pub decided: Decided,
    records: Records,
}

impl Outcome {
    /// The place of a record number among all rows: left rows first, then right ones.
    pub fn row(&self, number: u32) -> usize {
        usize::try_from(u128::from_be_bytes(self.records.pseudonym(number))).unwrap_or(usize::MAX)
    }

    /// The number of a row, if the row ever shared a key.
    pub fn number(&self, row: usize) -> Option<u32> {
        self.records.number(&identity_of_row(row))
    }

    /// The id of a row, and its side.
    pub fn id(&self, row: usize) -> (&str, usize) {
        let mut row = row;
        for (side, input) in self.inputs.iter().enumerate() {
            if let Some(person) = input.people.get(row) {
                return (&person.id, side);
            }
            row -= input.people.len();
        }
        ("", 0)
    }

    /// All rows.
    pub fn rows(&self) -> usize {
        self.inputs.iter().map(|i| i.people.len()).sum()
    }

    /// The id of a record number.
    pub fn id_of(&self, number: u32) -> &str {
        self.id(self.row(number)).0
    }
}

/// In memory a record is named by its row, so that nothing in the outcome depends on the key.
fn identity_of_row(row: usize) -> Pseudonym {
    (row as u128).to_be_bytes()
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
    if !problems.is_empty() {
        return Err(LinkError::Problems(problems));
    }
    let names = people::other_names(spec);
    let all: Vec<&[Person]> = inputs.iter().map(|i| i.people.as_slice()).collect();
    let model = request.model.as_deref().map(read_model).transpose()?;
    let owner = Owner {
        all: &all,
        names: &names,
        keys: key.for_project("link", "1"),
        model: model.as_ref(),
        progress,
    };
    let whole: Vec<Vec<&Person>> = all.iter().map(|p| p.iter().collect()).collect();
    let (ranked, too_common) = owner.passes(spec, &whole);
    let none_left = || {
        LinkError::one(
            Diagnostic::new(
                "KL-L-031",
                Exit::Usage,
                "no combination of the fields is rare enough to link by",
                "name more fields in the specification",
            )
            .at(Place::file(&request.spec)),
        )
    };
    if ranked.is_empty() {
        return Err(none_left());
    }
    let one_to_one = request.one_to_one.then_some(true).or(spec.one_to_one);
    let (sources, known_from) = owner.sources(&ranked, one_to_one);
    let duplicates = sources.len() == 1;
    let floor = match request.threshold.or(spec.threshold) {
        Some(stated) => stated,
        None if duplicates => FLOOR_OF_DUPLICATES,
        None => stage::FLOOR,
    };
    let mut rules = Rules {
        sources: sources.clone(),
        within: duplicates,
        floor: SURE,
        keep: None,
    };
    let (ranked, too_common) = if duplicates && model.is_none() {
        // The rates were raised by the duplicates: count them again without those that are sure.
        let (decision, records) = owner.walk(&ranked, rules.clone())?;
        let first = first_of_each(&decision.finish(&records), &records, &all);
        owner.passes(spec, &[first])
    } else {
        (ranked, too_common)
    };
    if ranked.is_empty() {
        return Err(none_left());
    }
    rules.floor = floor;
    rules.keep = request.keep;
    let (decision, records) = owner.walk(&ranked, rules)?;
    let decided = decision.finish(&records);
    let mut model = stage::model(&decided, &records, MAX_GROUP, floor);
    model.recipes = ranked.into_iter().map(|r| r.recipe).collect();
    Ok(Outcome {
        inputs,
        sources,
        known_from,
        fingerprint: key.fingerprint().to_string(),
        model,
        too_common,
        decided,
        records,
    })
}

/// One row of each entity.
fn first_of_each<'p>(
    decided: &Decided,
    records: &Records,
    all: &[&'p [Person]],
) -> Vec<&'p Person> {
    let mut seen = hashbrown::HashSet::new();
    let people = all.iter().flat_map(|people| people.iter());
    people
        .enumerate()
        .filter(|(row, _)| match records.number(&identity_of_row(*row)) {
            Some(number) => seen.insert(decided.entities.root(number)),
            None => true,
        })
        .map(|(_, person)| person)
        .collect()
}

/// The owner of the clear values.
struct Owner<'a> {
    all: &'a [&'a [Person]],
    names: &'a [String],
    keys: ProjectKeys,
    model: Option<&'a Model>,
    progress: &'a dyn Progress,
}

impl Owner<'_> {
    /// The passes in order, and the recipes left out because by chance alone more rows would
    /// agree on them than the smaller file has.
    fn passes(&self, spec: &Spec, people: &[Vec<&Person>]) -> (Vec<Ranked>, Vec<String>) {
        if let Some(model) = self.model {
            let used = |r: &&Recipe| {
                let name = r.name();
                model.passes.iter().any(|p| p.used && p.name == name)
            };
            let recipes: Vec<Recipe> = model.recipes.iter().filter(used).cloned().collect();
            let order: Vec<String> = recipes.iter().map(Recipe::name).collect();
            let mut ranked = recipes::ranked(recipes, people, self.names);
            ranked.sort_by_key(|r| order.iter().position(|n| *n == r.recipe.name()));
            return (ranked, Vec::new());
        }
        let rows = |i: usize| self.all.get(i).map_or(0, |p| p.len()) as u64;
        let (pairs, smaller) = match self.all.len() {
            1 => (chance::expected_within(1.0, rows(0)), rows(0)),
            _ => (
                chance::expected_between(1.0, rows(0), rows(1)),
                rows(0).min(rows(1)),
            ),
        };
        let ranked = recipes::ranked(recipes::candidates(spec), people, self.names);
        let (good, common): (Vec<Ranked>, Vec<Ranked>) = ranked
            .into_iter()
            .partition(|r| r.rate * pairs <= chance::real(smaller));
        let common = common.iter().map(|r| r.recipe.name()).collect();
        (good, common)
    }

    fn encoder(&self, ranked: &[Ranked]) -> Encoder {
        let recipes: Vec<Recipe> = ranked.iter().map(|r| r.recipe.clone()).collect();
        Encoder::new(&self.keys, "person", &recipes)
    }

    /// Walks all passes.
    fn walk(&self, ranked: &[Ranked], rules: Rules) -> Result<(Decision, Records), LinkError> {
        let encoder = self.encoder(ranked);
        let mut decision = Decision::new(rules);
        let mut records = Records::default();
        self.progress.begin("passes", Some(ranked.len() as u64));
        for (number, pass) in ranked.iter().enumerate() {
            let mut input = self.pass(number, &encoder, &mut records, &decision)?;
            input.name = pass.recipe.name();
            input.parts = Some(pass.rate);
            input.fixed = self.model.and_then(|m| {
                let known = m.passes.iter().find(|p| p.name == input.name)?;
                known.match_probability
            });
            decision.pass(&input, &records);
            self.progress.advance(1);
        }
        self.progress.end();
        Ok((decision, records))
    }

    /// Encodes one pass: triples for the linkage side, and the owner's join.
    fn encode(&self, pass: usize, encoder: &Encoder) -> (PassRows, Vec<Joined>) {
        let (all, names) = (self.all, self.names);
        let sides = sides(all.len() > 1);
        let row_names = RowNames::new(&self.keys);
        let row_names = &row_names;
        let mut rows = PassRows::default();
        let mut joined = Vec::new();
        let mut before = 0;
        for (side, people) in all.iter().enumerate() {
            let source = sides.get(side).copied().unwrap_or_default();
            let chunks: Vec<(Vec<Pseudonym>, Vec<Pseudonym>, Vec<Joined>)> = people
                .par_chunks(4096)
                .enumerate()
                .map(|(chunk, people)| {
                    let mut scratch = Scratch::default();
                    let mut keys = Vec::new();
                    let (mut of_rows, mut of_keys) = (Vec::new(), Vec::new());
                    let mut joined = Vec::with_capacity(people.len());
                    let named: Vec<Pseudonym> = people
                        .iter()
                        .map(|person| row_names.name(source, &person.id, 0))
                        .collect();
                    let pseudonyms = encoder.rows(pass, &named);
                    for ((i, person), row) in people.iter().enumerate().zip(pseudonyms) {
                        keys.clear();
                        person.with_identity(names, |who| {
                            encoder.match_keys(pass, who, &mut scratch, &mut keys);
                        });
                        if keys.is_empty() {
                            continue;
                        }
                        joined.push((row, identity_of_row(before + chunk * 4096 + i)));
                        of_rows.resize(of_rows.len() + keys.len(), row);
                        of_keys.extend_from_slice(&keys);
                    }
                    (of_rows, of_keys, joined)
                })
                .collect();
            for (of_rows, of_keys, more) in chunks {
                let source = u8::try_from(side).unwrap_or(u8::MAX);
                rows.sources
                    .resize(rows.sources.len() + of_rows.len(), source);
                rows.rows.extend(of_rows);
                rows.keys.extend(of_keys);
                joined.extend(more);
            }
            before += people.len();
        }
        (rows, joined)
    }

    fn pass(
        &self,
        number: usize,
        encoder: &Encoder,
        records: &mut Records,
        decision: &Decision,
    ) -> Result<PassInput, LinkError> {
        let (rows, table) = self.encode(number, encoder);
        let groups = linkage_side::group(&rows, MAX_GROUP);
        drop(rows);
        let mut known = Vec::new();
        let scan = |f: &mut dyn FnMut(&Joined)| {
            table.iter().for_each(f);
            Ok::<(), Infallible>(())
        };
        let joined = match owner_side::join(&groups, records, scan, |n| known.push(n)) {
            Ok(joined) => joined,
            Err(never) => match never {},
        };
        let mut linked = decision.none_linked();
        for number in known {
            decision.note(records.source(number), number, &mut linked);
        }
        Ok(PassInput {
            name: String::new(),
            seen: groups.seen,
            groups: joined.map_err(|rows| LinkError::Unjoined {
                path: PathBuf::new(),
                rows,
            })?,
            linked,
            parts: None,
            fixed: None,
        })
    }

    /// Which sides are free of duplicates: as stated, or as the strictest key shows.
    fn sources(
        &self,
        ranked: &[Ranked],
        one_to_one: Option<bool>,
    ) -> (Vec<SourceInfo>, &'static str) {
        let all = self.all;
        let (free, from): (Vec<bool>, &'static str) = match one_to_one {
            Some(stated) => (vec![stated && all.len() > 1; all.len()], "as stated"),
            None if all.len() == 1 => (vec![false], "one file is searched for duplicates"),
            None => {
                let (rows, _) = self.encode(0, &self.encoder(ranked));
                let groups = linkage_side::group(&rows, usize::MAX);
                let mut pairs = vec![0_u64; all.len()];
                for group in groups.iter() {
                    for same in group.chunk_by(|a, b| a.0 == b.0) {
                        let n = same.len() as u64;
                        let side = same.first().map_or(0, |m| usize::from(m.0));
                        if let Some(count) = pairs.get_mut(side) {
                            *count += n * (n - 1) / 2;
                        }
                    }
                }
                let free = all
                    .iter()
                    .zip(&pairs)
                    .map(|(people, pairs)| {
                        let thousands = chance::real(people.len() as u64) / 1000.0;
                        people.len() >= TELLING_ROWS
                            && chance::real(*pairs) <= thousands * PAIRS_IN_THOUSAND
                    })
                    .collect();
                (free, "as the rows that share the strictest key show")
            }
        };
        let sources = sides(all.len() > 1)
            .iter()
            .zip(free)
            .map(|(name, duplicate_free)| SourceInfo {
                name: (*name).to_owned(),
                duplicate_free,
            })
            .collect();
        (sources, from)
    }
}

fn read_model(path: &Path) -> Result<Model, LinkError> {
    let bad = |what: String| {
        LinkError::one(
            Diagnostic::new(
                "KL-L-032",
                Exit::Usage,
                what,
                "name the model.json of an earlier `kinlink link`",
            )
            .at(Place::file(path)),
        )
    };
    let text = std::fs::read_to_string(path)
        .map_err(|e| bad(format!("the model cannot be read: {}", e.kind())))?;
    let model: Model =
        serde_json::from_str(&text).map_err(|e| bad(format!("the file is no model: {e}")))?;
    if model.form != stage::FORM {
        return Err(bad("the model is of another form".to_owned()));
    }
    Ok(model)
}
