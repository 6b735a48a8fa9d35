//! All attacks in order, each figure beside its gate and beside what it is without protection.

use hashbrown::{HashMap, HashSet};
use serde::Serialize;

use super::blocks::block_structure;
use super::equality::{Values, refine};
use super::frequency::{rank_alignment, real, shares};
use super::pattern::mine;
use super::population::{Known, Overlap, Population};
use super::similarity::{Features, structure};
use super::single::{
    bits_per_token, constancy, found, keys, length_correlation, reseeded_noise, unkeyed,
};
use super::view::{PassView, RowView};
use crate::progress::Progress;
use crate::pseudonymise::{
    BlockEncoder, BlockPass, Encoder, Filters, Form, Identity, MasterKey, ProjectKeys, Pseudonym,
    Recipe, Scratch, Workspace,
};

/// The seeds of the adversary's own keys; three encodings of his own are averaged.
const OWN: [u64; 3] = [0xA11CE, 0xB0B, 0xCA201];

/// What is attacked, and how hard.
pub struct Settings {
    /// People attacked at a time.
    pub sizes: Vec<usize>,
    /// The salt that anybody can read in the pipeline file.
    pub public: Vec<u8>,
}

/// The encodings of one kind of people in one source, and who they are.
pub struct Target<'a> {
    /// Adult or child.
    pub kind: &'a str,
    /// The people, and the pseudonyms of their rows.
    pub people: &'a Population,
    /// The recipes of the match keys, whose views come first.
    pub recipes: &'a [Recipe],
    /// The block-keyed passes.
    pub blocks: &'a [BlockPass],
    /// The run's own rows: a person is a place in [`Population::all`].
    pub passes: &'a [PassView],
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// A1 to A11.
    pub attack: &'static str,
    /// What was tried.
    pub what: &'static str,
    /// The pass, or none for all.
    pub pass: String,
    /// People attacked.
    pub people: usize,
    /// How many of them the adversary holds.
    pub overlap: &'static str,
    /// The figure: a share, a count or a correlation.
    pub figure: f64,
    /// The figure may not be above this.
    pub gate: Option<f64>,
    /// The same attack on the same people without protection.
    pub unprotected: Option<f64>,
}

impl Finding {
    /// Whether the figure is within its gate.
    pub fn holds(&self) -> bool {
        self.gate.is_none_or(|gate| self.figure.abs() <= gate)
    }
}

/// All figures of a target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Adult or child.
    pub kind: String,
    /// People in the source.
    pub people: usize,
    /// The figures, in the order of the attacks.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The figures outside their gates.
    pub fn broken(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| !f.holds())
    }
}

/// Gates, as shares: A1 and A2's largest group; A3 prints as 0.0 per cent; A4; A8; A10.
const RANK: f64 = 0.001;
const LEAST_DISTINCT: f64 = 0.5;
const EQUALITY: f64 = 0.000_5;
const STRUCTURE: f64 = 0.01;
const CONSTANT_TAG: f64 = 0.05;
const CONSTANT_BIT: f64 = 0.95;
const LENGTH: f64 = 0.1;

struct Run<'a> {
    target: &'a Target<'a>,
    settings: &'a Settings,
    findings: Vec<Finding>,
}

/// Runs the attacks.
pub fn run(target: &Target<'_>, settings: &Settings, progress: &dyn Progress) -> Report {
    let mut run = Run {
        target,
        settings,
        findings: Vec::new(),
    };
    let steps = settings.sizes.len() * 2 + 2;
    progress.begin(&format!("attack {}", target.kind), Some(steps as u64));
    run.frequencies();
    progress.advance(1);
    run.dictionaries();
    progress.advance(1);
    for size in &settings.sizes {
        for overlap in [Overlap::Full, Overlap::Half] {
            run.structures(*size, overlap);
            progress.advance(1);
        }
    }
    progress.end();
    run.findings
        .sort_by(|a, b| (a.attack.len(), a.attack).cmp(&(b.attack.len(), b.attack)));
    Report {
        kind: target.kind.to_owned(),
        people: target.people.all().len(),
        findings: run.findings,
    }
}

impl Run<'_> {
    /// A1 and A2, over all people of the source, and A8 and A10.
    fn frequencies(&mut self) {
        let all = self.target.people.all();
        let held = self.encode(all, 0, OWN.first().copied().unwrap_or(1));
        let worst_single = single_fields(all)
            .iter()
            .map(|view| rank_alignment(view, view))
            .fold(0.0, f64::max);
        let lengths = name_lengths(all);
        let unprotected_length = {
            let filters: Vec<Vec<u8>> = all
                .iter()
                .map(|p| bits_per_token(p.identity().surname.unwrap_or_default()))
                .collect();
            let points: Vec<(usize, &[u8])> = lengths
                .iter()
                .copied()
                .zip(filters.iter().map(Vec::as_slice))
                .collect();
            length_correlation(&points)
        };
        for (view, theirs) in self.target.passes.iter().zip(&held) {
            let aligned = rank_alignment(view, theirs);
            let is_key = view.form.is_none();
            // The rank of a block names the block's value, of a date or a code, and no person.
            let gate = if is_key { RANK } else { STRUCTURE };
            self.push(
                "A1",
                "rank alignment",
                view,
                all.len(),
                aligned,
                gate,
                Some(worst_single),
            );
            let seen = shares(view);
            // A block is one person's or a few people's by design: its bound is the cap.
            let most = if is_key {
                RANK.max(10.0 / real(view.rows.len()).max(1.0))
            } else {
                1.0
            };
            self.push(
                "A2",
                "largest group",
                view,
                all.len(),
                seen.largest,
                most,
                None,
            );
            if is_key {
                let short = 1.0 - seen.distinct;
                let gate = 1.0 - LEAST_DISTINCT;
                self.push(
                    "A2",
                    "keys that are not different",
                    view,
                    all.len(),
                    short,
                    gate,
                    None,
                );
                continue;
            }
            let tags = matches!(view.form, Some(Form::Lanes(_)));
            let gate = if tags { CONSTANT_TAG } else { CONSTANT_BIT };
            let constant = constancy(view, tags);
            self.push(
                "A8",
                "constant positions",
                view,
                all.len(),
                constant,
                gate,
                Some(constancy(&reseeded_noise(view), false)),
            );
            let points: Vec<(usize, &[u8])> = view
                .rows
                .iter()
                .filter_map(|row| Some((*lengths.get(row.person)?, row.encoding.as_slice())))
                .collect();
            let r = length_correlation(&points);
            self.push(
                "A10",
                "length of the surname",
                view,
                all.len(),
                r,
                LENGTH,
                Some(unprotected_length),
            );
        }
    }

    /// A6, A7, A9 and A11: keys that the adversary makes himself.
    fn dictionaries(&mut self) {
        let all = self.target.people.all();
        let people: Vec<Identity<'_>> = all.iter().map(Known::identity).collect();
        let own = OWN.first().copied().unwrap_or(1);
        let wrong = self.encode(all, 0, own);
        let other = self.encode_for(all, 0, own, "another project");
        let parts = self.target.recipes.iter().map(Recipe::parts);
        let parts = parts.chain(self.target.blocks.iter().map(|b| b.rule.parts()));
        let views = self.target.passes.iter().zip(&wrong).zip(&other).zip(parts);
        let mut new = Vec::new();
        for (((view, wrong), other), parts) in views {
            let list = unkeyed(parts, &people, &self.settings.public);
            let known: HashSet<Pseudonym> = list.iter().copied().collect();
            // Keys without a key: every one of them stands in the list.
            let open = PassView {
                name: view.name.clone(),
                form: None,
                rows: (0..)
                    .zip(&list)
                    .map(|(person, key)| row(person, *key))
                    .collect(),
            };
            let all_found = found(&open, &known);
            let (attack, what) = match view.form {
                None => ("A6", "dictionary without the key"),
                Some(_) => ("A9", "dictionary of block tokens"),
            };
            new.push((attack, what, view, found(view, &known), Some(all_found)));
            let same = found(view, &keys(view));
            new.push((
                "A7",
                "another key",
                view,
                found(view, &keys(wrong)),
                Some(same),
            ));
            let shared = found(wrong, &keys(other));
            new.push((
                "A11",
                "the same people in two projects",
                view,
                shared,
                Some(same),
            ));
        }
        for (attack, what, view, figure, unprotected) in new {
            self.push(attack, what, view, all.len(), figure, 0.0, unprotected);
        }
    }

    /// A3, A4 and A5 on so many people.
    fn structures(&mut self, size: usize, overlap: Overlap) {
        let (target, held) = self.target.people.sample(size, overlap);
        let n = target.len();
        let shift = self.place_of(held);
        let right: Vec<Option<usize>> = (0..n)
            .map(|p| p.checked_sub(shift).filter(|p| *p < held.len()))
            .collect();
        let own: Vec<Vec<PassView>> = OWN
            .iter()
            .map(|seed| self.encode(held, shift, *seed))
            .collect();
        let plain = plain_structure(target, held, &right);
        let single = single_equality(target, held, shift);
        let mined = mined(target, held);
        for (number, view) in self.target.passes.iter().enumerate() {
            let ours = PassView {
                rows: view.rows.iter().filter(|r| r.person < n).cloned().collect(),
                ..view.clone()
            };
            let theirs: Vec<&PassView> = own.iter().filter_map(|o| o.get(number)).collect();
            let Some(first) = theirs.first() else {
                continue;
            };
            let share = named_by_pattern(&ours, first);
            self.tell(
                "A3",
                "pattern of equal values",
                view,
                n,
                overlap,
                share,
                EQUALITY,
                single,
            );
            if ours.form.is_none() {
                continue;
            }
            let share = block_structure(&ours, first);
            self.tell(
                "A4",
                "blocks by their pattern",
                view,
                n,
                overlap,
                share,
                STRUCTURE,
                plain,
            );
            let share = file_structure(&ours, &theirs, held.len(), shift);
            self.tell(
                "A4",
                "structure of the file",
                view,
                n,
                overlap,
                share,
                STRUCTURE,
                plain,
            );
            let share = mined_rows(&ours, held);
            self.tell(
                "A5",
                "bits that go together",
                view,
                n,
                overlap,
                share,
                0.0,
                mined,
            );
        }
    }

    fn place_of(&self, held: &[Known]) -> usize {
        let first = held.first().map(|p| p.name);
        let all = self.target.people.all();
        all.iter().position(|p| Some(p.name) == first).unwrap_or(0)
    }

    fn encode(&self, people: &[Known], from: usize, seed: u64) -> Vec<PassView> {
        self.encode_for(people, from, seed, "the adversary's")
    }

    /// The people as the adversary encodes them, with a key of his own.
    fn encode_for(&self, people: &[Known], from: usize, seed: u64, project: &str) -> Vec<PassView> {
        let keys = MasterKey::of_rehearsal_seed(seed).for_project(project, "own");
        views(&keys, self.target, people, from)
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of the report")]
    fn push(
        &mut self,
        attack: &'static str,
        what: &'static str,
        view: &PassView,
        people: usize,
        figure: f64,
        gate: f64,
        unprotected: Option<f64>,
    ) {
        self.findings.push(Finding {
            attack,
            what,
            pass: view.name.clone(),
            people,
            overlap: Overlap::Full.word(),
            figure,
            gate: Some(gate),
            unprotected,
        });
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of the report")]
    fn tell(
        &mut self,
        attack: &'static str,
        what: &'static str,
        view: &PassView,
        people: usize,
        overlap: Overlap,
        figure: f64,
        gate: f64,
        unprotected: f64,
    ) {
        self.push(attack, what, view, people, figure, gate, Some(unprotected));
        if let Some(last) = self.findings.last_mut() {
            last.overlap = overlap.word();
        }
    }
}

fn row(person: usize, key: Pseudonym) -> RowView {
    RowView {
        person,
        row: [0; 16],
        key,
        encoding: Vec::new(),
    }
}

/// People encoded in every pass of a target under some keys; the first has the number `from`.
pub fn views(
    keys: &ProjectKeys,
    target: &Target<'_>,
    people: &[Known],
    from: usize,
) -> Vec<PassView> {
    let who: Vec<Identity<'_>> = people.iter().map(Known::identity).collect();
    let names: Vec<Pseudonym> = people.iter().map(|p| p.name).collect();
    let encoder = Encoder::new(keys, target.kind, target.recipes);
    let mut scratch = Scratch::default();
    let mut out: Vec<PassView> = Vec::new();
    for (pass, recipe) in target.recipes.iter().enumerate() {
        let mut view = PassView {
            name: recipe.name(),
            form: None,
            rows: Vec::new(),
        };
        let mut found = Vec::new();
        for ((person, who), name) in who.iter().enumerate().zip(encoder.rows(pass, &names)) {
            found.clear();
            encoder.match_keys(pass, who, &mut scratch, &mut found);
            view.rows.extend(found.iter().map(|key| RowView {
                person: from + person,
                row: name,
                key: *key,
                encoding: Vec::new(),
            }));
        }
        out.push(view);
    }
    let before = out.len();
    out.extend(target.blocks.iter().map(|pass| PassView {
        name: pass.name(),
        form: Some(pass.form.clone()),
        rows: Vec::new(),
    }));
    let encoder = BlockEncoder::new(keys, target.kind, target.blocks);
    encoder.encode(&who, &names, &mut Workspace::default(), |row| {
        if let Some(view) = out.get_mut(before + row.pass) {
            view.rows.push(RowView {
                person: from + row.person,
                row: row.row,
                key: row.block,
                encoding: row.encoding.to_vec(),
            });
        }
    });
    // The order of the rows tells nobody anything.
    for view in &mut out {
        view.rows.sort_by_key(|row| (row.key, row.row));
    }
    out
}

/// Forename, surname, year of birth, sex and postcode district, each as a key of its own: what must
/// not be made.
fn single_fields(people: &[Known]) -> Vec<PassView> {
    let mut views: Vec<PassView> = [
        "forename",
        "surname",
        "year of birth",
        "sex",
        "postcode district",
    ]
    .map(|name| PassView {
        name: name.to_owned(),
        form: None,
        rows: Vec::new(),
    })
    .into();
    for (person, known) in people.iter().enumerate() {
        for (view, key) in views.iter_mut().zip(field_keys(known)) {
            view.rows.extend(key.map(|key| row(person, key)));
        }
    }
    views
}

/// Stand-ins for the hashes of single fields: equal where the values are equal.
fn field_keys(known: &Known) -> [Option<Pseudonym>; 5] {
    let who = known.identity();
    let key = |text: Option<String>| text.map(|t| unkeyed_text(&t));
    let district = who.postcode.and_then(|p| p.split(' ').next());
    [
        key(who.forename.map(str::to_owned)),
        key(who.surname.map(str::to_owned)),
        key(who.year.map(|y| y.to_string())),
        key(who.sex.map(str::to_owned)),
        key(district.map(str::to_owned)),
    ]
}

fn unkeyed_text(text: &str) -> Pseudonym {
    use sha2::{Digest, Sha256};
    let full = Sha256::digest(text.as_bytes());
    std::array::from_fn(|i| full.get(i).copied().unwrap_or(0))
}

fn name_lengths(people: &[Known]) -> Vec<usize> {
    let length = |p: &Known| p.identity().surname.map_or(0, str::len);
    people.iter().map(length).collect()
}

/// A4 on plain filters of the whole record under one key.
fn plain_structure(target: &[Known], held: &[Known], right: &[Option<usize>]) -> f64 {
    let bits = |people: &[Known], seed: u64| -> Vec<Vec<u8>> {
        let who: Vec<Identity<'_>> = people.iter().map(Known::identity).collect();
        let keys = MasterKey::of_rehearsal_seed(seed).for_project("plain filters", "1");
        Filters::record().plain(keys.derive(&["plain"]).mac(&[]), &who)
    };
    let ours = features(&[bits(target, 1)]);
    let theirs = features(&OWN.map(|seed| bits(held, seed)));
    structure(&ours, &theirs, right)
}

/// Bits as numbers, the encodings of one person side by side.
fn features(encodings: &[Vec<Vec<u8>>]) -> Features {
    let rows = encodings.first().map_or(0, Vec::len);
    (0..rows)
        .map(|row| {
            let of = encodings.iter().filter_map(|e| e.get(row));
            of.flatten()
                .flat_map(|byte| (0..8).map(move |bit| f32::from(byte >> bit & 1)))
                .collect()
        })
        .collect()
}

/// A4 on the rows of a pass, blocks or no blocks.
fn file_structure(ours: &PassView, theirs: &[&PassView], held: usize, shift: usize) -> f64 {
    let Some(form) = &ours.form else { return 0.0 };
    // Only people who have a row on the adversary's side can be named.
    let by_person = |view: &PassView| -> HashMap<usize, Vec<u8>> {
        view.rows
            .iter()
            .map(|r| (r.person, r.encoding.clone()))
            .collect()
    };
    let sides: Vec<HashMap<usize, Vec<u8>>> = theirs.iter().map(|v| by_person(v)).collect();
    let mut people: Vec<usize> = (shift..shift + held).collect();
    people.retain(|p| sides.iter().all(|side| side.contains_key(p)));
    let place: HashMap<usize, usize> = people.iter().enumerate().map(|(i, p)| (*p, i)).collect();
    let right: Vec<Option<usize>> = ours
        .rows
        .iter()
        .map(|r| place.get(&r.person).copied())
        .collect();
    let own: Vec<Vec<u8>> = ours.rows.iter().map(|r| r.encoding.clone()).collect();
    let other: Vec<Vec<Vec<u8>>> = sides
        .iter()
        .map(|side| people.iter().filter_map(|p| side.get(p).cloned()).collect())
        .collect();
    match form {
        Form::Filters(_) => structure(&features(&[own]), &features(&other), &right),
        Form::Lanes(_) => {
            let first = other.into_iter().next().unwrap_or_default();
            structure(&one_hot(&own), &one_hot(&first), &right)
        }
    }
}

/// Tags as numbers: one for each value of each lane.
fn one_hot(encodings: &[Vec<u8>]) -> Features {
    let row = |tags: &Vec<u8>| {
        let mut out = vec![0.0; tags.len() * 256];
        for (lane, tag) in tags.iter().enumerate() {
            if let Some(slot) = out.get_mut(lane * 256 + usize::from(*tag)) {
                *slot = 1.0;
            }
        }
        out
    };
    encodings.iter().map(row).collect()
}

/// A3 on five hashes of single fields under one pseudonym.
fn single_equality(target: &[Known], held: &[Known], shift: usize) -> f64 {
    let values = |people: &[Known]| -> Values {
        let row = |known: &Known| {
            let keys = field_keys(known);
            let columns = (0_u16..).zip(keys);
            columns
                .filter_map(|(c, key)| Some((c, number(&key?))))
                .collect()
        };
        people.iter().map(row).collect()
    };
    let ours: Vec<usize> = (0..target.len()).collect();
    let theirs: Vec<usize> = (shift..shift + held.len()).collect();
    refine((&values(target), &ours), (&values(held), &theirs))
}

fn number(key: &Pseudonym) -> u64 {
    key.first_chunk::<8>().map_or(0, |b| u64::from_be_bytes(*b))
}

/// A3 on the rows of a pass: keys of one row, or block and tags of one row.
fn named_by_pattern(ours: &PassView, theirs: &PassView) -> f64 {
    let (a, people_a) = pattern_of(ours);
    let (b, people_b) = pattern_of(theirs);
    refine((&a, &people_a), (&b, &people_b))
}

fn pattern_of(view: &PassView) -> (Values, Vec<usize>) {
    let mut by_row: HashMap<Pseudonym, usize> = HashMap::new();
    let (mut values, mut people): (Values, Vec<usize>) = (Vec::new(), Vec::new());
    for row in &view.rows {
        let place = *by_row.entry(row.row).or_insert_with(|| {
            values.push(Vec::new());
            people.push(row.person);
            people.len() - 1
        });
        let Some(own) = values.get_mut(place) else {
            continue;
        };
        own.push((0, number(&row.key)));
        if matches!(view.form, Some(Form::Lanes(_))) {
            let tags = (1_u16..).zip(&row.encoding).filter(|(_, tag)| **tag != 0);
            own.extend(tags.map(|(lane, tag)| {
                (
                    lane,
                    number(&row.key) ^ u64::from(*tag).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                )
            }));
        }
    }
    (values, people)
}

/// A5 on filters of the forename alone under one key.
fn mined(target: &[Known], held: &[Known]) -> f64 {
    let Ok(layout) = Filters::fields(512) else {
        return 0.0;
    };
    let Some(range) = layout.ranges().into_iter().next() else {
        return 0.0;
    };
    let who: Vec<Identity<'_>> = target.iter().map(Known::identity).collect();
    let filters: Vec<Vec<u8>> = layout
        .plain([9; 16], &who)
        .into_iter()
        .filter_map(|f| f.get(range.clone()).map(<[u8]>::to_vec))
        .collect();
    mine(&filters, &forenames(held))
}

/// A5 on the rows of a pass.
fn mined_rows(ours: &PassView, held: &[Known]) -> f64 {
    let filters: Vec<Vec<u8>> = ours.rows.iter().map(|r| r.encoding.clone()).collect();
    mine(&filters, &forenames(held))
}

fn forenames(people: &[Known]) -> Vec<&str> {
    people
        .iter()
        .map(|p| p.forename().unwrap_or_default())
        .collect()
}
