//! Bounds by linear programs: how far apart the values of a cell are, and its least and greatest.

use super::super::exact::{count, real, signed};
use super::super::simplex::End;
use super::super::system::place;
use super::{Attack, NEAR, Reach, limit};

impl Attack<'_> {
    /// Maximises or minimises a cell, with a little of other objectives where `seed` is given.
    pub(super) fn push(
        &mut self,
        cell: u32,
        up: bool,
        enough: Option<i64>,
        seed: usize,
    ) -> Option<(End, f64)> {
        let id = self.component[place(cell)]?;
        let at = self.place[place(cell)];
        let sign = if up { 1.0 } else { -1.0 };
        let mut objective = vec![(at, sign)];
        if seed > 0 {
            let others = 0..self.components[id].len();
            objective.extend(others.filter(|k| *k != at).map(|k| (k, tilt(seed, k))));
        }
        self.programs += 1;
        let solver = self.solver(id).ok()?;
        let target = enough.map(|e| sign * signed(e) - 1e-9);
        let end = solver.maximise(&objective, target.filter(|_| seed == 0));
        let value = solver.value(at);
        let values = solver.values().to_vec();
        self.note(id, &values);
        if end == End::Optimal && seed == 0 {
            self.proven.entry(cell).or_default()[usize::from(up)] = Some(value);
        }
        Some((end, value))
    }

    /// How far apart the values of a cell are shown to be. Solves no more than it must.
    pub fn reach(&mut self, cell: u32, width: u64) -> Reach {
        let width = count(width);
        if self.spread(cell) >= width {
            return Reach::Wide;
        }
        let Some(id) = self.component[place(cell)] else {
            return Reach::Close;
        };
        if self.solver(id).is_err() {
            return Reach::Close;
        }
        let mut linear = 0.0;
        for up in [true, false] {
            linear += self.away(id, cell, up, width).unwrap_or(0.0);
            if self.spread(cell) >= width {
                return Reach::Wide;
            }
        }
        if linear < signed(width) - NEAR {
            Reach::Close
        } else {
            Reach::Linear
        }
    }

    /// Moves a cell away from its place in the whole-number point that is known of its component,
    /// by no more than `width`; gives how far it came.
    fn away(&mut self, id: usize, cell: u32, up: bool, width: i64) -> Option<f64> {
        let at = self.place[place(cell)];
        let range = self.range[place(cell)];
        self.programs += 1;
        let solver = self.solvers.get_mut(&id)?;
        if let Some(home) = self.homes.get(&id) {
            solver.return_to(home);
        }
        let sign = if up { 1.0 } else { -1.0 };
        let from = solver.value(at);
        let goal = from + sign * signed(width);
        let (lower, upper) = (signed(range.lower), limit(range.upper));
        let near = if up { goal < upper } else { goal > lower };
        if near {
            let ends = if up { (lower, goal) } else { (goal, upper) };
            solver.confine(at, ends.0, ends.1);
        }
        let end = solver.maximise(&[(at, sign)], None);
        solver.confine(at, lower, upper);
        let value = solver.value(at);
        let values = solver.values().to_vec();
        self.note(id, &values);
        // At the goal the program's own limit stopped it, which proves nothing of the cell's.
        if end == End::Optimal && !(near && (value - goal).abs() < NEAR) {
            self.proven.entry(cell).or_default()[usize::from(up)] = Some(value);
        }
        Some((value - from).abs())
    }

    /// The bounds of a cell by linear programs over its component.
    pub fn bounds(&mut self, cell: u32) -> (f64, f64) {
        let range = self.range[place(cell)];
        if self.component[place(cell)].is_none() {
            return (signed(range.lower), limit(range.upper));
        }
        let mut ends = [signed(range.lower), limit(range.upper)];
        for up in [false, true] {
            let known = self.proven.get(&cell).and_then(|p| p[usize::from(up)]);
            ends[usize::from(up)] = match known {
                Some(end) => end,
                None => match self.push(cell, up, None, 0) {
                    Some((End::Optimal, value)) => value,
                    Some((End::Unbounded, _)) if up => f64::INFINITY,
                    _ => ends[usize::from(up)],
                },
            };
        }
        (ends[0], ends[1])
    }
}

/// A small weight for another objective, the same for the same seed and place.
pub(super) fn tilt(seed: usize, place: usize) -> f64 {
    let seed = u64::try_from(seed).unwrap_or(0);
    let place = u64::try_from(place).unwrap_or(0);
    let mixed = (place ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_mul(0xBF58_476D_1CE4_E5B9)
        .rotate_left(29)
        .wrapping_mul(0x94D0_49BB_1331_11EB);
    (real(mixed >> 40) / 16_777_216.0 - 0.5) * 1e-3
}
