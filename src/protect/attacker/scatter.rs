//! Corners in many directions, before any cell is looked at by itself.
//!
//! The points of a component are a polytope, and the limits of a cell are at least as far apart as
//! its values in any two of them. So a corner that was met on the way to one goal serves all cells:
//! in a large component, a dozen corners far from each other leave a few cells in a hundred that
//! need a program of their own.

use std::collections::BTreeMap;

use super::super::exact::{count, signed};
use super::super::system::place;
use super::bounds::tilt;
use super::{Attack, NEAR};

/// Components in which fewer cells are asked about are left alone.
const MANY: usize = 100;
/// Corners that are visited in one component, at most.
const CORNERS: usize = 400;
/// Corners without a gain after which no more are visited.
const IDLE: usize = 3;

impl Attack<'_> {
    /// Visits corners of large components, as long as that shows cells to be as wide as is asked.
    pub fn scatter(&mut self, wanted: &[(u32, u64)]) {
        let mut by_component: BTreeMap<usize, Vec<(u32, u64)>> = BTreeMap::new();
        for (cell, width) in wanted {
            if let Some(id) = self.component[place(*cell)] {
                by_component.entry(id).or_default().push((*cell, *width));
            }
        }
        for (id, mut left) in by_component {
            let mut idle = 0;
            for seed in 1..=CORNERS {
                left.retain(|(cell, width)| !self.is_apart(*cell, *width));
                if left.len() < MANY || idle >= IDLE {
                    break;
                }
                let before = left.len();
                let objective: Vec<(usize, f64)> = left
                    .iter()
                    .map(|(cell, _)| {
                        let at = self.place[place(*cell)];
                        (at, tilt(seed, at))
                    })
                    .collect();
                self.programs += 1;
                let Ok(solver) = self.solver(id) else { break };
                solver.maximise(&objective, None);
                let values = solver.values().to_vec();
                self.note(id, &values);
                left.retain(|(cell, width)| !self.is_apart(*cell, *width));
                idle = if before == left.len() { idle + 1 } else { 0 };
            }
        }
    }

    /// Are the limits of a cell known to be at least so far apart?
    pub fn is_apart(&self, cell: u32, width: u64) -> bool {
        let ends = self.linear[place(cell)];
        ends.is_some_and(|(lower, upper)| upper - lower >= signed(count(width)) - NEAR)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::hierarchy::Hierarchy;
    use super::super::super::range::Range;
    use super::super::super::system::{Cube, System};
    use super::super::Reach;
    use super::*;

    /// A table of 16 × 16 with all inner cells hidden; the last row has no room.
    fn square() -> (System, Vec<Range>) {
        let codes: Vec<String> = (0..16).map(|i| format!("c{i:02}")).collect();
        let flat = Hierarchy::new(&codes, &[BTreeMap::new()]).expect("flat");
        let value = |i: usize| {
            if i / 16 == 15 {
                1
            } else {
                3 + (i as u64 * 7) % 11
            }
        };
        let mut system = System::new();
        let cube = Cube {
            variables: vec!["x".into(), "y".into()],
            hierarchies: vec![flat.clone(), flat],
            inner: (0..256).map(|i| (vec![i / 16, i % 16], value(i))).collect(),
        };
        let ids = system.join(&cube).expect("joins");
        let mut ranges: Vec<Range> = system
            .value
            .iter()
            .map(|v| Range::exactly(count(*v)))
            .collect();
        for (at, id) in ids.iter().enumerate() {
            if cube.position(at).iter().all(|c| *c != 0) {
                ranges[place(*id)] = Range::at_least(1);
            }
        }
        (system, ranges)
    }

    #[test]
    fn corners_serve_all_cells_and_agree_with_programs_of_their_own() {
        let (system, ranges) = square();
        let cells: Vec<(u32, u64)> = (0..system.len())
            .filter(|c| ranges[*c].lower < ranges[*c].upper)
            .filter_map(|c| u32::try_from(c).ok())
            .map(|c| (c, 5))
            .collect();
        let mut attack = Attack::new(&system, ranges.clone(), None).expect("possible");
        assert!(attack.is_possible());
        attack.scatter(&cells);
        let corners = attack.programs;
        assert!(corners < 40, "{corners}");
        let mut alone = Attack::new(&system, ranges, None).expect("possible");
        let mut apart = 0;
        for (cell, width) in cells {
            let own = alone.reach(cell, width) != Reach::Close;
            // What corners show is so; what they do not show, programs decide.
            assert!(own || !attack.is_apart(cell, width));
            apart += usize::from(attack.is_apart(cell, width));
        }
        assert!(apart > 240 - MANY, "{apart}");
        assert!(alone.programs > corners);
    }
}
