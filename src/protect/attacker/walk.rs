//! Steps along changes from a point that is known: how far cells come without any program.

use std::collections::BTreeMap;

use super::super::exact::count;
use super::super::system::place;
use super::{Attack, Move};

/// Steps along moves for one cell.
const STEPS: usize = 32;

impl Attack<'_> {
    /// Walks from the truth along moves, and notes how far every cell comes.
    pub fn walk(&mut self, moves: &[Move], wanted: &[(u32, u64)]) {
        let Some(truth) = self.truth.clone() else {
            return;
        };
        let mut by_cell: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (i, along) in moves.iter().enumerate() {
            for (cell, _) in along {
                by_cell.entry(*cell).or_default().push(i);
            }
        }
        for (cell, width) in wanted {
            // Each move alone, then one after the other.
            for i in by_cell.get(cell).into_iter().flatten() {
                if self.spread(*cell) >= count(*width) {
                    break;
                }
                for up in [true, false] {
                    let alone = &mut BTreeMap::new();
                    self.step(&moves[*i], *cell, up, count(*width), &truth, alone);
                }
            }
            for up in [true, false] {
                let mut point: BTreeMap<u32, i64> = BTreeMap::new();
                for i in by_cell.get(cell).into_iter().flatten().take(STEPS) {
                    if self.spread(*cell) >= count(*width) {
                        break;
                    }
                    self.step(&moves[*i], *cell, up, count(*width), &truth, &mut point);
                }
            }
        }
    }

    /// One step along a move, as far as the ranges allow but no further than `most`.
    fn step(
        &mut self,
        along: &Move,
        cell: u32,
        up: bool,
        most: i64,
        truth: &[i64],
        point: &mut BTreeMap<u32, i64>,
    ) {
        let Some((_, at_cell)) = along.iter().find(|(c, _)| *c == cell) else {
            return;
        };
        let sign = if (*at_cell > 0) == up { 1 } else { -1 };
        let mut far = most;
        for (c, y) in along {
            let y = y * sign;
            let here = point.get(c).copied().unwrap_or(truth[place(*c)]);
            let range = self.given[place(*c)];
            far = far.min(if y < 0 {
                (here - range.lower) / -y
            } else {
                (range.upper - here) / y.max(1)
            });
        }
        if far <= 0 {
            return;
        }
        for (c, y) in along {
            let here = point.entry(*c).or_insert(truth[place(*c)]);
            *here += y * sign * far;
            let at = *here;
            let seen = &mut self.seen[place(*c)];
            *seen = Some(seen.map_or((at, at), |(lo, hi)| (lo.min(at), hi.max(at))));
        }
    }
}
