//! All pairs of a rule's blocks, each once, with its pattern.

use hashbrown::HashMap;
use rayon::prelude::*;

use super::blocks::{Blocks, Membership, shared};
use super::pattern::{MOST_COMPARISONS, Pattern};
use crate::comparison::{Kernel, Kind, Level, MISSING, Word};
use crate::pseudonymise::words::Comparison;

/// One side of a walk: the words of all rows of a source, and their blocks under every rule.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Words, row by row, comparison by comparison within a row.
    pub words: &'a [Word],
    /// Blocks of all rows of the source.
    pub members: &'a Membership,
}

/// Which pairs of rows a walk takes.
pub type Taken<'a> = &'a (dyn Fn(u32, u32) -> bool + Sync);

/// A walk over the blocks of a rule.
pub struct Walk<'a> {
    /// Which rule; none for blocks of chance, whose pairs are all taken.
    pub rule: Option<usize>,
    /// Its blocks.
    pub blocks: &'a Blocks,
    /// The left rows.
    pub left: Side<'a>,
    /// The right rows; none where a source is compared with itself.
    pub right: Option<Side<'a>>,
    /// What is compared.
    pub kinds: &'a [Kind],
    /// Which of these depend on others.
    pub dependent: &'a Dependent,
    /// Which pairs are taken; all where nothing is said.
    pub taken: Option<Taken<'a>>,
}

/// Comparisons whose levels depend on those of others.
#[derive(Debug, Clone, Default)]
pub struct Dependent {
    /// Where names are compared with each other across fields.
    crossed: Option<CrossedNames>,
    /// The places of comparisons of frequencies, and of the names they are of.
    frequencies: Vec<(usize, usize)>,
}

impl Dependent {
    /// Those among these comparisons.
    pub fn of(comparisons: &[Comparison]) -> Self {
        let kinds: Vec<Kind> = comparisons.iter().map(|c| c.kind).collect();
        let frequencies = comparisons.iter().enumerate();
        let frequencies = frequencies.filter(|(_, c)| c.kind == Kind::Frequency);
        let name = |own: &Comparison| {
            let is_it = |c: &Comparison| c.kind != Kind::Frequency && c.columns == own.columns;
            comparisons.iter().position(is_it)
        };
        Dependent {
            crossed: CrossedNames::of(&kinds),
            frequencies: frequencies
                .filter_map(|(place, c)| Some((place, name(c)?)))
                .collect(),
        }
    }

    /// The places of comparisons of frequencies, each with that of the name.
    pub fn frequencies(&self) -> &[(usize, usize)] {
        &self.frequencies
    }

    /// Leaves out of a pair's levels what others of them have settled: names that were found in
    /// another field, and the frequency of a name that the two do not share.
    pub fn settle(&self, levels: &mut [Level]) {
        if let Some(crossed) = self.crossed {
            crossed.settle(levels);
        }
        for (frequency, name) in &self.frequencies {
            if levels.get(*name) != Some(&1)
                && let Some(level) = levels.get_mut(*frequency)
            {
                *level = MISSING;
            }
        }
    }
}

/// The places of the comparison of names across fields, and of those of forename and surname. Names
/// that are found in another field are not also counted as different in their own.
#[derive(Debug, Clone, Copy)]
struct CrossedNames {
    /// [`Kind::Names`].
    names: usize,
    /// [`Kind::Forename`].
    forename: usize,
    /// [`Kind::Surname`].
    surname: usize,
}

impl CrossedNames {
    /// Where they stand among comparisons of these kinds; none if one of the three is not there.
    fn of(kinds: &[Kind]) -> Option<Self> {
        let place = |kind: Kind| kinds.iter().position(|k| *k == kind);
        Some(CrossedNames {
            names: place(Kind::Names)?,
            forename: place(Kind::Forename)?,
            surname: place(Kind::Surname)?,
        })
    }

    /// Leaves out forename and surname of a pair where they were found in another field.
    fn settle(self, levels: &mut [Level]) {
        let found = levels.get(self.names).copied().unwrap_or(MISSING);
        let (forename, surname) = match found {
            1 => (true, true),
            2 => (false, true),
            3 => (true, false),
            _ => return,
        };
        for (place, crossed) in [(self.forename, forename), (self.surname, surname)] {
            if let Some(level) = levels.get_mut(place).filter(|_| crossed) {
                *level = MISSING;
            }
        }
    }
}

/// Blocks that one task walks.
const AT_A_TIME: usize = 2048;

impl Walk<'_> {
    /// The patterns of all new pairs, counted.
    pub fn count(&self) -> HashMap<Pattern, u64> {
        self.fold(
            HashMap::new,
            |counts: &mut HashMap<Pattern, u64>, _, _, pattern| {
                *counts.entry(pattern).or_default() += 1;
            },
        )
        .into_iter()
        .reduce(|mut all, more| {
            for (pattern, count) in more {
                *all.entry(pattern).or_default() += count;
            }
            all
        })
        .unwrap_or_default()
    }

    /// Walks the new pairs into accumulators, in the order of the blocks: left row, right row,
    /// pattern.
    pub fn fold<T: Send>(
        &self,
        begin: impl Fn() -> T + Sync,
        each: impl Fn(&mut T, u32, u32, Pattern) + Sync,
    ) -> Vec<T> {
        let tasks = self.blocks.ends.len().div_ceil(AT_A_TIME);
        let kernels: Vec<Kernel> = self.kinds.iter().map(|k| Kernel::new(*k)).collect();
        let task = |number: usize| {
            let mut state = begin();
            let mut batch = Batch::new(self, &kernels);
            let mut each = |a, b, pattern| each(&mut state, a, b, pattern);
            let from = number * AT_A_TIME;
            let to = self.blocks.ends.len().min(from + AT_A_TIME);
            for block in from..to {
                self.block(block, |a, b| batch.push(a, b, &mut each));
            }
            batch.flush(&mut each);
            state
        };
        (0..tasks).into_par_iter().map(task).collect()
    }

    /// The pairs of a block that are taken.
    fn block(&self, block: usize, mut each: impl FnMut(u32, u32)) {
        let at = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let ends = &self.blocks.ends;
        let start = block.checked_sub(1).and_then(|b| ends.get(b)).copied();
        let (start, end) = (
            start.unwrap_or((0, 0)),
            ends.get(block).copied().unwrap_or((0, 0)),
        );
        let left_rows = self.blocks.left.get(at(start.0)..at(end.0));
        let left_rows = left_rows.unwrap_or_default();
        let right_rows = match self.right {
            Some(_) => self.blocks.right.get(at(start.1)..at(end.1)),
            None => Some(left_rows),
        };
        for (i, a) in left_rows.iter().enumerate() {
            let first = if self.right.is_some() { 0 } else { i + 1 };
            for b in right_rows.unwrap_or_default().iter().skip(first) {
                if self.taken.is_none_or(|taken| taken(*a, *b)) {
                    each(*a, *b);
                }
            }
        }
    }
}

/// Pairs that one step of a walk works on.
const PAIRS: usize = 128;

/// Pairs of a walk on their way to patterns, some at a time.
///
/// The rows of a block stand anywhere in memory, and most of a walk is waiting for them. So the work
/// is done in steps, each for all pairs of the batch: the rules that they share, then a look at
/// where their words stand, then levels. What one pair waits for, the others wait for beside it.
struct Batch<'a> {
    walk: &'a Walk<'a>,
    right: &'a Side<'a>,
    kernels: &'a [Kernel],
    pairs: Vec<(u32, u32)>,
    rules: Vec<u16>,
}

impl<'a> Batch<'a> {
    fn new(walk: &'a Walk<'a>, kernels: &'a [Kernel]) -> Self {
        Batch {
            walk,
            right: walk.right.as_ref().unwrap_or(&walk.left),
            kernels,
            pairs: Vec::with_capacity(PAIRS),
            rules: Vec::with_capacity(PAIRS),
        }
    }

    fn push(&mut self, a: u32, b: u32, each: &mut impl FnMut(u32, u32, Pattern)) {
        self.pairs.push((a, b));
        if self.pairs.len() >= PAIRS {
            self.flush(each);
        }
    }

    /// Hands on the pairs that no earlier rule has.
    fn flush(&mut self, each: &mut impl FnMut(u32, u32, Pattern)) {
        self.rules.clear();
        match self.walk.rule {
            None => self.rules.resize(self.pairs.len(), 0),
            Some(_) => {
                let (left, right) = (self.walk.left.members, self.right.members);
                let of = |(a, b): &(u32, u32)| shared(left.of(*a), right.of(*b));
                self.rules.extend(self.pairs.iter().map(of));
            }
        }
        // A pair is taken under the first of its rules.
        let earlier = self.walk.rule.map_or(0, |rule| (1 << rule) - 1);
        let width = self.walk.kinds.len();
        let pairs = self.pairs.iter().zip(&self.rules);
        let new = pairs.filter(|(_, rules)| **rules & earlier == 0);
        let ends = |words: &[Word]| words.first().unwrap_or(&0) ^ words.last().unwrap_or(&0);
        let seen = new.clone().fold(0, |seen, ((a, b), _)| {
            let ours = word_slice(self.walk.left.words, *a, width);
            seen ^ ends(ours) ^ ends(word_slice(self.right.words, *b, width))
        });
        std::hint::black_box(seen);
        let mut levels = [MISSING; MOST_COMPARISONS];
        for ((a, b), rules) in new {
            let ours = word_slice(self.walk.left.words, *a, width);
            let theirs = word_slice(self.right.words, *b, width);
            let words = self.kernels.iter().zip(ours.iter().zip(theirs));
            for (level, (kernel, (x, y))) in levels.iter_mut().zip(words) {
                *level = kernel.level(*x, *y);
            }
            self.walk.dependent.settle(&mut levels);
            each(*a, *b, Pattern::new(levels.iter().copied(), *rules));
        }
        self.pairs.clear();
    }
}

fn word_slice(words: &[Word], row: u32, width: usize) -> &[Word] {
    let from = usize::try_from(row)
        .unwrap_or(usize::MAX)
        .saturating_mul(width);
    words
        .get(from..from.saturating_add(width))
        .unwrap_or_default()
}
