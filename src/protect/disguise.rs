//! The shown numbers of `kinlink protect table`: rounding and cell keys over all its tables
//! together, and the audit of what they give away.

use std::collections::BTreeMap;

use super::error::ProtectError;
use super::linked::{Member, Outcome, State};
use super::records::Records;
use super::rounded::Inner;
use super::rules::RoundingMethod;
use super::showing::{Showing, unpicked};
use super::spec::Spec;
use super::standalone::{codes, leaves};
use super::system::{System, place};

/// Numbers as they may be shown.
pub(super) struct Disguise {
    /// For each table, the number of each cell in row-major order; empty where counts are exact.
    tables: Vec<Vec<u64>>,
    pub furthest: u64,
    /// Mean error variance.
    pub variance: f64,
}

impl Disguise {
    /// The number of a cell; none where the count itself may be shown.
    pub fn of(&self, table: usize, cell: usize) -> Option<u64> {
        self.tables.get(table).and_then(|t| t.get(cell)).copied()
    }
}

/// The method in a word.
pub(super) fn word(spec: &Spec) -> &'static str {
    match (&spec.cell_key, spec.rounding, spec.rounding_method) {
        (Some(_), ..) => "cell-key",
        (None, None, _) => "exact",
        (None, Some(_), RoundingMethod::Nearest) => "nearest",
        (None, Some(_), RoundingMethod::Random) => "random",
        (None, Some(_), RoundingMethod::Controlled) => "controlled",
        (None, Some(_), RoundingMethod::SmallCount) => "small-count",
    }
}

/// Rounds or perturbs the counts of all tables as one system, and audits what is shown.
pub(super) fn disguise(
    spec: &Spec,
    members: &[Member],
    outcome: &Outcome,
    records: &Records,
) -> Result<Disguise, ProtectError> {
    if spec.rounding.is_none() && spec.cell_key.is_none() {
        return Ok(Disguise {
            tables: Vec::new(),
            furthest: 0,
            variance: 0.0,
        });
    }
    let mut system = System::new();
    let mut ids = Vec::new();
    for member in members {
        ids.push(system.join(&member.cube)?);
    }
    let mut hidden = vec![false; system.len()];
    let mut names = vec![String::new(); system.len()];
    for (i, (member, ids)) in members.iter().zip(&ids).enumerate() {
        for (at, id) in ids.iter().enumerate() {
            let id = place(*id);
            let state = outcome
                .tables
                .get(i)
                .and_then(|t| t.get(at))
                .map(|c| c.state);
            hidden[id] |= matches!(state, Some(State::Primary | State::Secondary));
            if names[id].is_empty() {
                names[id] = codes(spec, i, member, at).join("\u{1f}");
            }
        }
    }
    let name = |c: u32| names.get(place(c)).cloned().unwrap_or_default();
    let mut inner = Vec::new();
    let keys;
    let showing = match (&spec.cell_key, spec.rounding) {
        (Some(section), _) => {
            keys = cell_keys(spec, members, &ids, records, system.len());
            Showing::CellKey {
                keys: &section.keys,
                of: &keys,
            }
        }
        (None, Some(rounding)) => {
            let additive = matches!(
                spec.rounding_method,
                RoundingMethod::Controlled | RoundingMethod::SmallCount
            );
            if additive {
                inner = inner_cells(spec, members, &ids, records);
            }
            Showing::Rounded {
                rounding,
                method: spec.rounding_method,
                seed: &spec.rounding_seed,
                inner: &inner,
            }
        }
        (None, None) => Showing::Exact,
    };
    let shown = showing.apply(&system, &name);
    // Where small counts are not hidden, those below the base are to stay uncertain.
    let mut rules = spec.rules;
    if let (false, Some(rounding)) = (spec.suppress, spec.rounding) {
        rules.min_frequency = rules.min_frequency.min(rounding.base);
    }
    let exposed = unpicked(&system, &shown, &hidden, &rules);
    if !exposed.is_empty() {
        let tables: Vec<&str> = members.iter().map(|m| m.name.as_str()).collect();
        return Err(ProtectError::Unpicked {
            tables: tables.join(", "),
            cells: exposed.len(),
        });
    }
    let variances = (0..system.len()).filter(|c| !hidden[*c]).map(|c| {
        let n = system.value[c];
        match (&spec.cell_key, spec.rounding) {
            (Some(section), _) => section.keys.variance(n),
            (None, Some(r)) => r.error_variance(spec.rounding_method, n),
            (None, None) => 0.0,
        }
    });
    let (sum, number) = variances.fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
    Ok(Disguise {
        tables: ids
            .iter()
            .map(|ids| ids.iter().map(|id| shown.value[place(*id)]).collect())
            .collect(),
        furthest: shown.furthest,
        variance: if number > 0.0 { sum / number } else { 0.0 },
    })
}

/// Inner cells of all dimensions, with the cells of every table that they are part of.
fn inner_cells(spec: &Spec, members: &[Member], ids: &[Vec<u32>], records: &Records) -> Vec<Inner> {
    let cells = records.counts.iter().filter(|(_, n)| **n > 0);
    cells
        .map(|(codes, count)| {
            let mut above = Vec::new();
            for (i, (member, ids)) in members.iter().zip(ids).enumerate() {
                let at = leaves(spec, i, member, codes);
                above.extend(member.cube.above(&at).into_iter().map(|cell| ids[cell]));
            }
            above.sort_unstable();
            above.dedup();
            Inner {
                count: *count,
                above,
            }
        })
        .collect()
}

/// The key of each cell of the system.
fn cell_keys(
    spec: &Spec,
    members: &[Member],
    ids: &[Vec<u32>],
    records: &Records,
    cells: usize,
) -> Vec<u64> {
    let mut out = vec![0; cells];
    let Some(section) = &spec.cell_key else {
        return out;
    };
    let mut done = vec![false; cells];
    for (i, (member, ids)) in members.iter().zip(ids).enumerate() {
        let mut sums: BTreeMap<usize, u64> = BTreeMap::new();
        for (codes, key) in &records.keys {
            let at = leaves(spec, i, member, codes);
            for cell in member.cube.above(&at) {
                let sum = sums.entry(cell).or_default();
                *sum = section.keys.add(*sum, *key);
            }
        }
        for (cell, sum) in sums {
            let id = place(ids[cell]);
            if !std::mem::replace(&mut done[id], true) {
                out[id] = sum;
            }
        }
    }
    out
}
