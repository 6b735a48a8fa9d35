//! All attacks in order, each figure beside its gate and beside what it is without protection.

use hashbrown::HashSet;

use super::blocks::block_structure;
use super::emission::emitted;
use super::finding::{Finding, Report};
use super::frequency::{rank_alignment, real, shares};
use super::population::{Known, Overlap, Population};
use super::single::{
    bits_per_token, constancy, found, keys, length_correlation, reseeded_noise, unkeyed,
};
use super::structure::{file_structure, mined_rows, named_by_pattern};
use super::unprotected::{mined, name_lengths, plain_structure, single_equality, single_fields};
use super::view::{PassView, RowView, views};
use crate::progress::Progress;
use crate::pseudonymise::{BlockPass, Form, Identity, MasterKey, Pseudonym, Recipe};

/// The seeds of the adversary's own keys; three encodings of his own are averaged.
pub(super) const OWN: [u64; 3] = [0xA11CE, 0xB0B, 0xCA201];

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

/// Gates, as shares: A1 and A2's largest group; A3 names nobody; A4; A8; A10.
const RANK: f64 = 0.001;
/// A1 in a source of fewer than 10,000 rows, in rows: of the keys that equally many rows share one is
/// named by guessing among them, whatever the number of keys. Groups of one, two and three rows give
/// six rows so, and a thousandth of a small source is less. It is the floor of A2 as well.
const GUESSED: f64 = 10.0;
const LEAST_DISTINCT: f64 = 0.5;
const EQUALITY: f64 = 0.0;
const STRUCTURE: f64 = 0.01;
const CONSTANT_TAG: f64 = 0.05;
const CONSTANT_BIT: f64 = 0.95;
const LENGTH: f64 = 0.1;
/// Shown for what it is worth.
const UNGATED: f64 = f64::INFINITY;

struct Run<'a> {
    target: &'a Target<'a>,
    settings: &'a Settings,
    findings: Vec<Finding>,
}

/// What is tried on a pass, and its bound.
#[derive(Clone, Copy)]
struct Attempt {
    attack: &'static str,
    what: &'static str,
    people: usize,
    overlap: Overlap,
    gate: f64,
}

/// Runs the attacks.
pub fn run(target: &Target<'_>, settings: &Settings, progress: &dyn Progress) -> Report {
    let mut run = Run {
        target,
        settings,
        findings: Vec::new(),
    };
    let all = target.people.all().len();
    // Of a source of fewer people the whole of it is attacked, once.
    let mut sizes: Vec<usize> = settings.sizes.iter().map(|size| *size.min(&all)).collect();
    sizes.dedup();
    progress.begin(
        &format!("attack {}", target.kind),
        Some((0_u64..).nth(sizes.len() * 2 + 3).unwrap_or(0)),
    );
    run.frequencies();
    progress.advance(1);
    run.dictionaries();
    progress.advance(1);
    run.whole();
    progress.advance(1);
    for size in &sizes {
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
        people: all,
        findings: run.findings,
    }
}

impl Run<'_> {
    fn attempt(&self, attack: &'static str, what: &'static str, gate: f64) -> Attempt {
        Attempt {
            attack,
            what,
            people: self.target.people.all().len(),
            overlap: Overlap::Full,
            gate,
        }
    }

    fn note(&mut self, of: Attempt, pass: &str, figure: f64, unprotected: Option<f64>) {
        self.findings.push(Finding {
            attack: of.attack,
            what: of.what,
            pass: pass.to_owned(),
            people: of.people,
            overlap: of.overlap.word(),
            figure,
            gate: Some(of.gate).filter(|gate| *gate < UNGATED),
            unprotected,
        });
    }

    /// A1 and A2, over all people of the source, and A8 and A10.
    fn frequencies(&mut self) {
        let all = self.target.people.all();
        let held = self.encode(all, 0, OWN[0]);
        let worst_single = single_fields(all)
            .iter()
            .map(|view| rank_alignment(view, view))
            .fold(0.0, f64::max);
        for (view, theirs) in self.target.passes.iter().zip(&held) {
            let is_key = view.form.is_none();
            // The rank of a block names the block's value, of a date or a code, and no person.
            let guessed = GUESSED / real(view.rows.len()).max(1.0);
            let gate = if is_key { RANK.max(guessed) } else { STRUCTURE };
            let aligned = rank_alignment(view, theirs);
            let of = self.attempt("A1", "rank alignment", gate);
            self.note(of, &view.name, aligned, Some(worst_single));
            let seen = shares(view);
            // A block is one person's or a few people's by design: its bound is the cap.
            let most = if is_key {
                RANK.max(10.0 / real(view.rows.len()).max(1.0))
            } else {
                1.0
            };
            let of = self.attempt("A2", "largest group", most);
            self.note(of, &view.name, seen.largest, None);
            if is_key {
                let of = self.attempt("A2", "keys that are not different", 1.0 - LEAST_DISTINCT);
                self.note(of, &view.name, 1.0 - seen.distinct, None);
            }
        }
        self.positions();
    }

    /// A8 and A10: what the bytes of an encoding show by themselves.
    fn positions(&mut self) {
        let lengths = name_lengths(self.target.people.all());
        let plain = self.plain_lengths(&lengths);
        let blocks = self.target.passes.iter().filter(|v| v.form.is_some());
        for view in blocks {
            let tags = matches!(view.form, Some(Form::Lanes(_)));
            let gate = if tags { CONSTANT_TAG } else { CONSTANT_BIT };
            let mask = constancy(&reseeded_noise(view), false);
            let of = self.attempt("A8", "constant positions", gate);
            self.note(of, &view.name, constancy(view, tags), Some(mask));
            let points: Vec<(usize, &[u8])> = view
                .rows
                .iter()
                .filter_map(|row| Some((*lengths.get(row.person)?, row.encoding.as_slice())))
                .collect();
            let of = self.attempt("A10", "length of the surname", LENGTH);
            self.note(of, &view.name, length_correlation(&points), Some(plain));
        }
    }

    /// A10 where each token sets as many bits as any other.
    fn plain_lengths(&self, lengths: &[usize]) -> f64 {
        let all = self.target.people.all();
        let filters: Vec<Vec<u8>> = all
            .iter()
            .map(|p| bits_per_token(p.identity().surname.unwrap_or_default()))
            .collect();
        let bits = filters.iter().map(Vec::as_slice);
        let points: Vec<(usize, &[u8])> = lengths.iter().copied().zip(bits).collect();
        length_correlation(&points)
    }

    /// A6, A7, A9 and A11: keys that the adversary makes himself.
    fn dictionaries(&mut self) {
        let all = self.target.people.all();
        let people: Vec<Identity<'_>> = all.iter().map(Known::identity).collect();
        let wrong = self.encode(all, 0, OWN[0]);
        let other = self.encode_for(all, 0, OWN[0], "another project");
        let parts = self.target.recipes.iter().map(Recipe::parts);
        let parts = parts.chain(self.target.blocks.iter().map(|b| b.rule.parts()));
        let views = self.target.passes.iter().zip(&wrong).zip(&other).zip(parts);
        for (((view, wrong), other), parts) in views {
            let list = unkeyed(parts, &people, &self.settings.public);
            let known: HashSet<Pseudonym> = list.iter().copied().collect();
            // Keys without a key: every one of them stands in the list.
            let open = PassView {
                name: view.name.clone(),
                form: None,
                rows: (0..)
                    .zip(&list)
                    .map(|(p, key)| RowView::bare(p, *key))
                    .collect(),
            };
            let (attack, what) = match view.form {
                None => ("A6", "dictionary without the key"),
                Some(_) => ("A9", "dictionary of block tokens"),
            };
            let of = self.attempt(attack, what, 0.0);
            self.note(
                of,
                &view.name,
                found(view, &known),
                Some(found(&open, &known)),
            );
            let same = found(view, &keys(view));
            let of = self.attempt("A7", "another key", 0.0);
            self.note(of, &view.name, found(view, &keys(wrong)), Some(same));
            let shared = found(wrong, &keys(other));
            let of = self.attempt("A11", "the same people in two projects", 0.0);
            self.note(of, &view.name, shared, Some(same));
        }
    }

    /// A3 on the run's files as they are, all people known.
    fn whole(&mut self) {
        let all = self.target.people.all();
        let held = self.encode(all, 0, OWN[0]);
        let single = single_equality(all, all, 0);
        for (view, theirs) in self.target.passes.iter().zip(&held) {
            let share = named_by_pattern(view, &emitted(theirs, all.len()));
            let of = self.attempt("A3", "pattern of equal values", EQUALITY);
            self.note(of, &view.name, share, Some(single));
        }
    }

    /// A3, A4 and A5 on a file of so many people, made of the run's rows as the gate would have
    /// made it.
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
            .map(|views| views.iter().map(|v| emitted(v, held.len())).collect())
            .collect();
        let plain = plain_structure(target, held, &right);
        let single = single_equality(target, held, shift);
        let mined = mined(target, held);
        let attempt = |attack, what, gate| Attempt {
            attack,
            what,
            people: n,
            overlap,
            gate,
        };
        for (number, view) in self.target.passes.iter().enumerate() {
            let rows = view.rows.iter().filter(|row| row.person < n).cloned();
            let ours = PassView {
                rows: rows.collect(),
                ..view.clone()
            };
            let ours = emitted(&ours, n);
            let theirs: Vec<&PassView> = own.iter().filter_map(|o| o.get(number)).collect();
            let Some(first) = theirs.first() else {
                continue;
            };
            let share = named_by_pattern(&ours, first);
            let of = attempt("A3", "pattern of equal values", EQUALITY);
            self.note(of, &view.name, share, Some(single));
            if ours.form.is_none() {
                continue;
            }
            let share = block_structure(&ours, first);
            let of = attempt("A4", "blocks by their pattern", STRUCTURE);
            self.note(of, &view.name, share, Some(plain));
            let share = file_structure(&ours, &theirs, held.len(), shift);
            let of = attempt("A4", "structure of the file", STRUCTURE);
            self.note(of, &view.name, share, Some(plain));
            let own = mined_rows(&ours, target, held);
            let of = attempt("A5", "bits that go together", 0.0);
            self.note(of, &view.name, own.telling, Some(mined.telling));
            // What is found by number alone is shown beside it; there is no gate for chance.
            let what = "sets of bits as common as a pair";
            let of = attempt("A5", what, UNGATED);
            self.note(of, &view.name, own.fitting, Some(mined.fitting));
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
}
