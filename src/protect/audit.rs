//! The audit: a second look at a finished pattern, from nothing but the counts, the relations and
//! which cells are hidden.
//!
//! It does not trust the pattern's own bookkeeping: moves are checked against every relation, the
//! elimination is done afresh from the hidden cells, and bounds are computed again.

use std::collections::BTreeMap;

use super::attacker::{Attack, Finding, Move, Reach};
use super::elimination::Freedom;
use super::rules::Rules;
use super::secondary::{ranges, truth};
use super::system::{System, place};

/// What an audit found.
pub(crate) struct Findings {
    /// Hidden cells that can be worked out, or small counts with bounds closer than the rules
    /// allow.
    pub exposed: Vec<u32>,
    /// The bounds of every hidden cell, as far as they were computed.
    pub bounds: BTreeMap<u32, Finding>,
}

/// Exact bounds are computed for all hidden cells where there are no more than this.
const MOST_EXACT: usize = 1_000;

/// Looks for hidden cells that are exposed.
pub(crate) fn audit(
    system: &System,
    hidden: &[bool],
    primary: &[bool],
    moves: &[Move],
    rules: &Rules,
) -> Findings {
    let cells: Vec<u32> = (0..system.len())
        .filter(|c| hidden[*c])
        .filter_map(|c| u32::try_from(c).ok())
        .collect();
    let freedom = Freedom::of(system, hidden);
    let mut sound: Vec<Move> = moves.to_vec();
    sound.extend(freedom.moves());
    sound.retain(|m| m.iter().all(|(c, _)| hidden[place(*c)]));
    retain_sound(system, &mut sound);
    let given = ranges(system, hidden, rules);
    let Ok(mut attack) = Attack::new(system, given, Some(truth(system))) else {
        return Findings {
            exposed: cells,
            bounds: BTreeMap::new(),
        };
    };
    let width = |c: u32| {
        if primary[place(c)] {
            rules.width.max(1)
        } else {
            1
        }
    };
    let wanted: Vec<(u32, u64)> = cells.iter().map(|c| (*c, width(*c))).collect();
    attack.walk(&sound, &wanted);
    let mut exposed = Vec::new();
    for (cell, width) in &wanted {
        let small = primary[place(*cell)];
        let wide = if small {
            attack.whole_reach(*cell, *width) == Reach::Wide
        } else {
            // Of other cells it is enough that adding and subtracting do not give them.
            attack.is_open(*cell)
        };
        if !wide || freedom.is_determined(*cell) {
            exposed.push(*cell);
        }
    }
    if cells.len() <= MOST_EXACT {
        for cell in &cells {
            attack.bounds(*cell);
        }
    }
    let bounds = wanted
        .iter()
        .map(|(c, width)| (*c, attack.finding(*c, *width)))
        .collect();
    Findings { exposed, bounds }
}

/// Keeps the moves that every relation allows.
fn retain_sound(system: &System, moves: &mut Vec<Move>) {
    let mut of_cell: Vec<Vec<(usize, i64)>> = vec![Vec::new(); system.len()];
    for (i, relation) in system.relations.iter().enumerate() {
        of_cell[place(relation.total)].push((i, 1));
        for part in &relation.parts {
            of_cell[place(*part)].push((i, -1));
        }
    }
    moves.retain(|along| {
        let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
        for (cell, y) in along {
            for (i, sign) in &of_cell[place(*cell)] {
                *sums.entry(*i).or_default() += sign * y;
            }
        }
        sums.values().all(|s| *s == 0)
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha20Rng;

    use super::super::hierarchy::Hierarchy;
    use super::super::rules::Method;
    use super::super::secondary::{Task, protect};
    use super::super::system::Cube;
    use super::*;

    /// A table of three dimensions with many small counts and counts of nought.
    fn cube(seed: u64) -> System {
        let flat = |codes: usize| {
            let codes: Vec<String> = (0..codes).map(|c| format!("c{c:02}")).collect();
            Hierarchy::new(&codes, &[BTreeMap::new()]).expect("flat")
        };
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let mut number = || [0, 0, 0, 1, 1, 2, 3, 7, 12, 30][random.next_u32() as usize % 10];
        let mut system = System::new();
        system
            .join(&Cube {
                variables: vec!["x".into(), "y".into(), "z".into()],
                hierarchies: vec![flat(3), flat(3), flat(4)],
                inner: (0..36)
                    .map(|i| (vec![i / 12, i / 4 % 3, i % 4], number()))
                    .collect(),
            })
            .expect("joins");
        system
    }

    #[test]
    fn a_pattern_brings_the_proof_of_every_width_with_it() {
        let rules = Rules {
            method: Method::Fast,
            ..Rules::default()
        };
        let mut small = 0;
        for seed in 0..6 {
            let system = cube(seed);
            let primary = primary(&system);
            let unknown: Vec<bool> = system.value.iter().map(|v| *v > 0).collect();
            let cost: Vec<f64> = system.value.iter().map(|v| rules.cost.of(*v)).collect();
            let pattern = protect(&Task {
                system: &system,
                primary: &primary,
                unknown: &unknown,
                fixed: &vec![false; system.len()],
                cost: &cost,
                rules: &rules,
            })
            .expect("protectable");
            let given = ranges(&system, &pattern.hidden, &rules);
            let mut attack = Attack::new(&system, given, Some(truth(&system))).expect("possible");
            let cells = (0..system.len()).filter(|c| primary[*c]);
            let wanted: Vec<(u32, u64)> = cells
                .map(|c| (u32::try_from(c).expect("small"), rules.width))
                .collect();
            attack.walk(&pattern.moves, &wanted);
            let wide = |c: u32| attack.finding(c, rules.width).wide;
            assert!(wanted.iter().all(|(c, _)| wide(*c)), "seed {seed}");
            small += wanted.len();
        }
        assert!(small > 100, "{small}");
    }

    /// Three rows, three columns; two small counts in one row.
    fn table() -> System {
        let codes: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let flat = Hierarchy::new(&codes, &[BTreeMap::new()]).expect("flat");
        let counts = [2, 30, 41, 17, 3, 25, 60, 12, 9];
        let mut system = System::new();
        system
            .join(&Cube {
                variables: vec!["x".into(), "y".into()],
                hierarchies: vec![flat.clone(), flat],
                inner: counts
                    .iter()
                    .enumerate()
                    .map(|(i, n)| (vec![i / 3, i % 3], *n))
                    .collect(),
            })
            .expect("joins");
        system
    }

    fn primary(system: &System) -> Vec<bool> {
        system.value.iter().map(|n| (1..6).contains(n)).collect()
    }

    #[test]
    fn hiding_small_counts_alone_is_found_out() {
        let system = table();
        let naive = primary(&system);
        let findings = audit(&system, &naive, &naive, &[], &Rules::default());
        assert_eq!(findings.exposed.len(), 2);
    }

    #[test]
    fn a_pattern_of_ours_passes() {
        let system = table();
        let primary = primary(&system);
        let rules = Rules::default();
        let pattern = protect(&Task {
            system: &system,
            primary: &primary,
            unknown: &vec![true; system.len()],
            fixed: &vec![false; system.len()],
            cost: &system
                .value
                .iter()
                .map(|v| rules.cost.of(*v))
                .collect::<Vec<_>>(),
            rules: &rules,
        })
        .expect("protectable");
        let findings = audit(&system, &pattern.hidden, &primary, &pattern.moves, &rules);
        assert!(findings.exposed.is_empty());
        assert!(primary.iter().zip(&pattern.hidden).all(|(p, h)| !p || *h));
        // Without the moves that were kept, the linear programs come to the same.
        let again = audit(&system, &pattern.hidden, &primary, &[], &rules);
        assert!(again.exposed.is_empty());
    }
}
