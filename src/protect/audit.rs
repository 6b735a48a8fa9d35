//! The audit: a second look at a finished pattern, from nothing but the counts, the relations and
//! which cells are hidden.
//!
//! It does not trust the pattern's own bookkeeping: moves are checked against every relation, the
//! elimination is done afresh from the hidden cells, and bounds are computed again.

use std::collections::BTreeMap;

use super::bounds::{Bounds, LARGEST_PROGRAM, Move, View};
use super::elimination::Freedom;
use super::rules::Rules;
use super::system::System;

/// What an audit found.
pub(crate) struct Findings {
    /// Hidden cells that can be worked out, or small counts with bounds closer than the rules
    /// allow.
    pub exposed: Vec<u32>,
    /// The bounds of every hidden cell, as far as they were computed.
    pub bounds: BTreeMap<u32, Bounds>,
}

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
    let mut sound: Vec<Move> = moves
        .iter()
        .filter(|m| m.iter().all(|(c, _)| hidden[*c as usize]))
        .cloned()
        .collect();
    retain_sound(system, &mut sound);
    let mut fresh = freedom.moves();
    retain_sound(system, &mut fresh);
    sound.extend(fresh);
    let view = View::new(system, hidden, rules);
    let wanted: Vec<(u32, u64)> = cells
        .iter()
        .map(|c| {
            let width = if primary[*c as usize] {
                rules.width.max(1)
            } else {
                0
            };
            (*c, width)
        })
        .collect();
    let bounds = view.bounds(&sound, &wanted, LARGEST_PROGRAM);
    let exposed = cells
        .into_iter()
        .filter(|c| {
            let close = match bounds.get(c) {
                Some(b) if primary[*c as usize] => !b.reaches(rules.width.max(1)),
                Some(b) => b.exact && b.upper - b.lower < 1e-6,
                None => true,
            };
            close || freedom.is_determined(*c)
        })
        .collect();
    Findings { exposed, bounds }
}

/// Keeps the moves that every relation allows.
fn retain_sound(system: &System, moves: &mut Vec<Move>) {
    let mut of_cell: BTreeMap<u32, Vec<(usize, i64)>> = BTreeMap::new();
    for (i, relation) in system.relations.iter().enumerate() {
        of_cell.entry(relation.total).or_default().push((i, 1));
        for part in &relation.parts {
            of_cell.entry(*part).or_default().push((i, -1));
        }
    }
    moves.retain(|along| {
        let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
        for (cell, y) in along {
            for (i, sign) in of_cell.get(cell).into_iter().flatten() {
                *sums.entry(*i).or_default() += sign * y;
            }
        }
        sums.values().all(|s| *s == 0)
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::hierarchy::Hierarchy;
    use super::super::secondary::{Task, protect};
    use super::super::system::Cube;
    use super::*;

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
