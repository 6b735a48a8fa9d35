//! What stands in a cell after rounding or perturbation, and what may be concluded from it.
//!
//! Every number that is shown is a range of counts for whoever knows the method. The attacker of
//! suppression looks at these ranges too, together with those of hidden cells: a small count whose
//! range shrinks to one number is exposed.

use super::attacker::{Attack, Reach};
use super::cell_key::CellKeys;
use super::exact::{count, rounded as nearest_whole};
use super::range::{Range, UNLIMITED};
use super::rounded::{self, Inner, Rounded};
use super::rules::{Method, Rounding, RoundingMethod, Rules};
use super::system::{System, place};

/// Small counts are looked at by programs where there are no more than this; by ranges alone
/// otherwise.
const MOST: usize = 2_000;

/// How counts are shown that are not hidden.
pub(crate) enum Showing<'a> {
    /// As they are.
    Exact,
    /// Multiples of a base.
    Rounded {
        rounding: Rounding,
        method: RoundingMethod,
        seed: &'a str,
        inner: &'a [Inner],
    },
    /// With noise by cell keys, one key a cell.
    CellKey { keys: &'a CellKeys, of: &'a [u64] },
}

/// The numbers that may be shown, with what each allows.
pub(crate) struct Shown {
    pub value: Vec<u64>,
    pub range: Vec<Range>,
    /// No number is further from its count.
    pub furthest: u64,
}

impl Showing<'_> {
    /// The numbers of all cells. `name` gives the codes of a cell in one text.
    pub fn apply(&self, system: &System, name: &dyn Fn(u32) -> String) -> Shown {
        match self {
            Showing::Exact => {
                let value = system.value.clone();
                let range = value.iter().map(|n| Range::exactly(count(*n))).collect();
                Shown {
                    value,
                    range,
                    furthest: 0,
                }
            }
            Showing::Rounded {
                rounding,
                method,
                seed,
                inner,
            } => multiples(system, *rounding, *method, seed, inner, name),
            Showing::CellKey { keys, of } => {
                let cells = system.value.iter().zip(of.iter());
                let value: Vec<u64> = cells
                    .map(|(n, key)| n.saturating_add_signed(keys.noise(*n, *key)))
                    .collect();
                let most = keys.most();
                let range = value.iter().map(|a| around(*a, most, most)).collect();
                Shown {
                    furthest: furthest(system, &value),
                    value,
                    range,
                }
            }
        }
    }
}

fn furthest(system: &System, value: &[u64]) -> u64 {
    let pairs = value.iter().zip(&system.value);
    pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

fn around(value: u64, below: u64, above: u64) -> Range {
    Range {
        lower: count(value.saturating_sub(below)),
        upper: count(value.saturating_add(above)),
    }
}

fn multiples(
    system: &System,
    rounding: Rounding,
    method: RoundingMethod,
    seed: &str,
    inner: &[Inner],
    name: &dyn Fn(u32) -> String,
) -> Shown {
    let base = rounding.base.max(1);
    let Rounded { value, furthest } = match method {
        RoundingMethod::Nearest => {
            let value: Vec<u64> = system.value.iter().map(|n| rounding.apply(*n)).collect();
            let furthest = furthest(system, &value);
            Rounded { value, furthest }
        }
        RoundingMethod::Random => rounded::random(system, base, seed, name),
        RoundingMethod::Controlled => rounded::controlled(system, inner, base),
        RoundingMethod::SmallCount => rounded::small_counts(system, inner, base),
    };
    let own: Vec<bool> = is_inner(system);
    let range = |(at, a): (usize, &u64)| match method {
        RoundingMethod::Nearest => {
            let spread = rounding.spread();
            Range {
                lower: (count(*a) - spread.below).max(0),
                upper: count(*a) + spread.above,
            }
        }
        RoundingMethod::Random => around(*a, base - 1, base - 1),
        // Of margins that are further off than the base nothing is said but that they are counts.
        RoundingMethod::Controlled if own[at] || furthest < base => around(*a, base - 1, base - 1),
        RoundingMethod::SmallCount if own[at] => match *a {
            0 => around(0, 0, base - 1),
            a if a == base => Range {
                lower: 1,
                upper: count(base),
            },
            a => Range::exactly(count(a)),
        },
        RoundingMethod::Controlled | RoundingMethod::SmallCount => Range {
            lower: 0,
            upper: UNLIMITED,
        },
    };
    Shown {
        range: value.iter().enumerate().map(range).collect(),
        value,
        furthest,
    }
}

/// Cells that are the sum of no others.
fn is_inner(system: &System) -> Vec<bool> {
    let mut inner = vec![true; system.len()];
    for relation in &system.relations {
        inner[place(relation.total)] = false;
    }
    inner
}

/// Small counts that are shown and follow all the same. `hidden` says which cells are not shown.
pub(crate) fn unpicked(system: &System, shown: &Shown, hidden: &[bool], rules: &Rules) -> Vec<u32> {
    let given: Vec<Range> = (0..system.len())
        .map(|c| {
            if hidden[c] {
                Range::at_least(rules.least().min(count(system.value[c])))
            } else {
                shown.range[c]
            }
        })
        .collect();
    let small: Vec<u32> = (0..system.len())
        .filter(|c| !hidden[*c] && (1..rules.min_frequency).contains(&system.value[*c]))
        .filter_map(|c| u32::try_from(c).ok())
        .collect();
    let truth = system.value.iter().map(|n| count(*n)).collect();
    let Ok(mut attack) = Attack::new(system, given, Some(truth)) else {
        return small;
    };
    let programs = small.len() <= MOST && rules.method != Method::Fast;
    small
        .into_iter()
        .filter(|c| {
            if attack.range(*c).is_known() {
                return true;
            }
            if !programs || attack.reach(*c, 1) != Reach::Close {
                return false;
            }
            let (lower, upper) = attack.bounds(*c);
            nearest_whole((upper + 1e-6).floor()) <= nearest_whole((lower - 1e-6).ceil())
        })
        .collect()
}
