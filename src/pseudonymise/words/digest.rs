//! Digests of lanes: what a value is to the linkage, once and for all blocks.
//!
//! A digest is the first half of AES-128 in CBC-MAC over the lane's domain, length and bytes, under
//! a key of the project. It never leaves the owner: what leaves is a byte of it mixed with the block.

use rayon::prelude::*;

use super::column::{Column, Source};
use super::lanes::{Lane, lanes, name_lanes};
use super::rule::Comparison;
use crate::comparison::{Kind, LANES};
use crate::pseudonymise::ProjectKeys;
use crate::pseudonymise::cipher::{Block, Message, PassKey};

/// The digests of a value's lanes; 0 for a lane that it has not.
pub type Lanes = [u64; LANES];

/// The digests of the values of a column, by their numbers.
#[derive(Default, Clone, PartialEq, Eq)]
pub struct Digests {
    pub(in crate::pseudonymise) lanes: Vec<Lanes>,
    pub(in crate::pseudonymise) names: Vec<[u64; 2]>,
    /// How frequent each value is, in bands from 1; empty where that is not compared.
    pub(in crate::pseudonymise) bands: Vec<u8>,
}

/// Values that are digested at a time.
const AT_A_TIME: usize = 512;

impl Digests {
    /// Of a column under a kind; `named` asks for the lanes in which names of different fields
    /// meet as well.
    pub fn of(column: &Column, kind: Kind, named: bool, keys: &ProjectKeys) -> Self {
        let key = &PassKey::derive(keys, &["link", "values"]);
        let values: Vec<&str> = column.values().collect();
        let lanes = values.par_chunks(AT_A_TIME).flat_map_iter(|values| {
            let all: Vec<_> = values.iter().map(|v| lanes(kind, v)).collect();
            digested(&all, key)
        });
        let names = values.par_chunks(AT_A_TIME).flat_map_iter(|values| {
            let all: Vec<_> = values.iter().map(|v| name_lanes(v)).collect();
            digested(&all, key)
        });
        Digests {
            lanes: lanes.collect(),
            names: if named { names.collect() } else { Vec::new() },
            bands: Vec::new(),
        }
    }

    /// The lanes of a value's number.
    pub fn lanes(&self, number: u32) -> Lanes {
        place(number)
            .and_then(|p| self.lanes.get(p))
            .copied()
            .unwrap_or_default()
    }

    /// Different values.
    pub fn distinct(&self) -> usize {
        self.lanes.len()
    }

    /// One lane of a value's number; 0 where it has none.
    pub fn lane(&self, number: u32, lane: usize) -> u64 {
        let lanes = place(number).and_then(|p| self.lanes.get(p));
        lanes.and_then(|l| l.get(lane)).copied().unwrap_or(0)
    }

    /// The band of a value's frequency; 0 where there is none.
    pub fn band(&self, number: u32) -> u8 {
        let band = place(number).and_then(|p| self.bands.get(p));
        band.copied().unwrap_or(0)
    }

    /// The two lanes of a name.
    pub fn names(&self, number: u32) -> [u64; 2] {
        place(number)
            .and_then(|p| self.names.get(p))
            .copied()
            .unwrap_or_default()
    }
}

/// The digests of every column that some comparison looks at.
pub fn column_digests(
    source: &Source,
    comparisons: &[Comparison],
    keys: &ProjectKeys,
) -> Vec<Digests> {
    let of = |(place, column)| {
        let looks = |c: &&Comparison| c.columns.contains(&Some(place));
        let own = comparisons
            .iter()
            .filter(looks)
            .find(|c| !matches!(c.kind, Kind::Names | Kind::Frequency));
        let named = comparisons
            .iter()
            .filter(looks)
            .any(|c| c.kind == Kind::Names);
        match own.map(|c| c.kind).or(named.then_some(Kind::Names)) {
            Some(kind) => Digests::of(column, kind, named, keys),
            None => Digests::default(),
        }
    };
    source.columns.iter().enumerate().map(of).collect()
}

fn place(number: u32) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}

fn digested<const N: usize>(values: &[[Option<Lane>; N]], key: &PassKey) -> Vec<[u64; N]> {
    let message = |lane: &Lane| Message::new(lane.domain, lane.bytes());
    let all = values.iter().flatten();
    let messages: Vec<Option<Message>> = all.map(|lane| lane.as_ref().map(message)).collect();
    let mut states: Vec<Block> = messages
        .iter()
        .map(|m| m.as_ref().map_or(Block::default(), |m| *m.first()))
        .collect();
    key.values(&mut states);
    for (state, message) in states.iter_mut().zip(&messages) {
        if let Some(message) = message.as_ref().filter(|m| m.is_long()) {
            key.finish(message, state);
        }
    }
    let mut digests = states.iter().zip(&messages).map(|(state, message)| {
        let value = state
            .first_chunk::<8>()
            .map_or(0, |b| u64::from_le_bytes(*b));
        // 0 is kept for a lane that is not there.
        if message.is_some() { value.max(1) } else { 0 }
    });
    values
        .iter()
        .map(|_| std::array::from_fn(|_| digests.next().unwrap_or(0)))
        .collect()
}
