//! A pass: what goes into its decision, and what it is said to have done.

use serde::{Deserialize, Serialize};

use super::chance::RateFrom;
use super::entities::Sources;
use super::linkage_side::PassSeen;
use super::owner_side::RecordGroups;

/// A source; its place in the list is the number in the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    /// Its name.
    pub name: String,
    /// Is every record of it another person?
    pub duplicate_free: bool,
}

/// What holds for all passes.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The sources, at most 64 of them free of duplicates.
    pub sources: Vec<SourceInfo>,
    /// May two records of one source be linked, where that source may have duplicates?
    pub within: bool,
    /// A pass whose links are less probable than this is dropped.
    pub floor: f64,
    /// Remember pairs that were not linked, if they are at least this probable.
    pub keep: Option<f64>,
}

impl Rules {
    pub(super) fn bit(&self, source: u8) -> Sources {
        let index = usize::from(source);
        match self.sources.get(index) {
            Some(info) if info.duplicate_free => 1_u64.checked_shl(u32::from(source)).unwrap_or(0),
            _ => 0,
        }
    }

    pub(super) fn admissible(&self, a: u8, b: u8) -> bool {
        a != b || (self.within && self.bit(a) == 0)
    }
}

/// A pass as the decision sees it: counts, and groups of record numbers.
pub struct PassInput {
    /// Its name.
    pub name: String,
    /// What the linkage side counted.
    pub seen: PassSeen,
    /// The groups of records.
    pub groups: RecordGroups,
    /// By source and duplicate-free source: rows of the first whose record is linked to the second.
    pub linked: Vec<Vec<u64>>,
    /// The product of the collision rates of the key's parts, if the owner measured them.
    pub parts: Option<f64>,
    /// The probability that a model gives to the pass, instead of one measured now.
    pub fixed: Option<f64>,
}

/// A pair of records that share a key, by number, and the pass that found it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The record of the earlier source, or of the smaller pseudonym.
    pub left: u32,
    /// The other.
    pub right: u32,
    /// The pass, from 0.
    pub pass: u8,
    /// The probability that the two are one person.
    pub probability: f64,
}

impl Pair {
    pub(super) fn new((left, right): (u32, u32), pass: u8, probability: f64) -> Self {
        Pair {
            left,
            right,
            pass,
            probability,
        }
    }
}

/// Links and expected chance agreements between two sources in one pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Between {
    /// A source.
    pub left: String,
    /// Another, or the same.
    pub right: String,
    /// New links.
    pub links: u64,
    /// Agreements to expect by chance.
    pub expected_chance: f64,
}

/// What a pass did: one entry of `model.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassSummary {
    /// The pass: the parts of its key.
    pub name: String,
    /// Was it used? If not, its links were too improbable.
    pub used: bool,
    /// Rows that have a key, a row counted once for each of its keys.
    pub rows: u64,
    /// Different keys.
    pub distinct_keys: u64,
    /// Keys shared by at least two rows.
    pub shared_keys: u64,
    /// Keys shared by at least two records.
    pub groups: u64,
    /// Rows of the key that most rows share.
    pub largest_group: u64,
    /// Pairs of records that share a key and could be one person.
    pub pairs_seen: u64,
    /// New links that join records which no earlier pass had brought into one entity.
    pub links_made: u64,
    /// New links between records that earlier passes had brought into one entity already, through
    /// others.
    pub links_settled: u64,
    /// Keys left unlinked because they fit several people.
    pub ambiguous_keys: u64,
    /// Keys left unlinked because another key of the pass contradicts them.
    pub contradicted_keys: u64,
    /// Keys left unlinked because too many rows share them.
    pub capped_keys: u64,
    /// The rate at which two records of different people share the key.
    pub u: f64,
    /// How it is known.
    pub u_from: RateFrom,
    /// New links of `links_made` to expect by chance alone.
    pub expected_chance: f64,
    /// The probability of the links of `links_made`; none where there are none.
    pub match_probability: Option<f64>,
    /// Their weight in bits.
    pub match_weight: Option<f64>,
    /// The same by pair of sources, where there are links.
    pub between: Vec<Between>,
}
