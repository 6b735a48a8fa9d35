//! The attacker: how low and how high the value of a cell can be, given all that is published.
//!
//! Every published symbol is a range of whole numbers: an exact count a single number, a rounded
//! count the numbers that round to it, `c` whatever the attacker must allow. With the relations
//! between cells the ranges make a system of whole-number points; the bounds of a cell are its
//! least and greatest value over them.
//!
//! Cells that are known drop out, the others fall into components that are looked at one by one.
//! Whole-number points met on the way are kept for all cells, so that most cells need no program
//! of their own. A cell counts as wide enough only where two whole-number points prove it, so that
//! the promise holds against an attacker with integer programs too; the linear bounds are the
//! limits that are reported.

use std::collections::BTreeMap;

use super::exact::{count, real, rounded, signed};
use super::range::{Contradiction, Range, UNLIMITED, narrow_one};
use super::simplex::{End, Infeasible, Program, Reason, Simplex};
use super::system::{Relation, System, place};

/// A vector that satisfies every relation, as (cell, change).
pub(crate) type Move = Vec<(u32, i64)>;

/// Values nearer to a whole number than this are whole.
const NEAR: f64 = 1e-6;
/// Rounds in which ranges are narrowed relation by relation.
const NARROWED: usize = 24;
/// Other objectives tried to find whole-number points where a vertex has fractions.
const TRIALS: usize = 4;
/// Steps along moves for one cell.
const STEPS: usize = 32;

/// How far apart the values of a cell are shown to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Two whole-number points are as far apart as was asked for.
    Wide,
    /// Only points with fractions are.
    Linear,
    /// None are.
    Close,
}

/// What is known of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Finding {
    /// Least value; proven where `exact`, else a value that is possible.
    pub lower: f64,
    /// Greatest value likewise; infinite where nothing limits it.
    pub upper: f64,
    pub exact: bool,
    /// Two whole-number points that are as far apart as was asked for.
    pub wide: bool,
}

/// A system under attack.
pub(crate) struct Attack<'a> {
    relations: &'a [Relation],
    of_cell: Vec<Vec<u32>>,
    given: Vec<Range>,
    range: Vec<Range>,
    truth: Option<Vec<i64>>,
    component: Vec<Option<usize>>,
    components: Vec<Vec<u32>>,
    place: Vec<usize>,
    /// Lowest and highest value of each cell in a whole-number point seen so far.
    seen: Vec<Option<(i64, i64)>>,
    proven: BTreeMap<u32, [Option<f64>; 2]>,
    solvers: BTreeMap<usize, Simplex>,
    /// A whole-number point of each component that has a solver.
    homes: BTreeMap<usize, Vec<f64>>,
    /// Programs solved.
    pub programs: usize,
    /// The same attack with the ranges as given, for certificates.
    plain: Option<Box<Attack<'a>>>,
}

impl<'a> Attack<'a> {
    /// Prepares an attack. `truth` is a point that is possible; without one it is looked for.
    pub fn new(
        system: &'a System,
        given: Vec<Range>,
        truth: Option<Vec<i64>>,
    ) -> Result<Self, Contradiction> {
        let mut of_cell: Vec<Vec<u32>> = vec![Vec::new(); system.len()];
        for (i, relation) in system.relations.iter().enumerate() {
            let Ok(i) = u32::try_from(i) else { continue };
            for cell in std::iter::once(&relation.total).chain(&relation.parts) {
                of_cell[place(*cell)].push(i);
            }
        }
        let seen = match &truth {
            Some(truth) => truth.iter().map(|t| Some((*t, *t))).collect(),
            None => vec![None; system.len()],
        };
        let mut attack = Attack {
            relations: &system.relations,
            of_cell,
            range: given.clone(),
            given,
            truth,
            component: vec![None; system.len()],
            components: Vec::new(),
            place: vec![0; system.len()],
            seen,
            proven: BTreeMap::new(),
            solvers: BTreeMap::new(),
            homes: BTreeMap::new(),
            programs: 0,
            plain: None,
        };
        attack.narrow()?;
        attack.split();
        Ok(attack)
    }

    /// What the ranges of a relation's cells say of each of them, until nothing changes.
    fn narrow(&mut self) -> Result<(), Contradiction> {
        let mut due: Vec<bool> = vec![true; self.relations.len()];
        for _ in 0..NARROWED {
            let mut again = vec![false; self.relations.len()];
            let mut changed = false;
            for (i, relation) in self.relations.iter().enumerate() {
                if !due[i] {
                    continue;
                }
                for cell in narrow_one(relation, &mut self.range)? {
                    changed = true;
                    for r in &self.of_cell[place(cell)] {
                        again[place(*r)] = true;
                    }
                }
            }
            if !changed {
                break;
            }
            due = again;
        }
        Ok(())
    }

    /// Finds the components of the cells that are not known.
    fn split(&mut self) {
        for start in 0..self.range.len() {
            if self.range[start].is_known() || self.component[start].is_some() {
                continue;
            }
            let id = self.components.len();
            let mut members = Vec::new();
            let mut queue = vec![start];
            self.component[start] = Some(id);
            while let Some(at) = queue.pop() {
                if let Ok(cell) = u32::try_from(at) {
                    members.push(cell);
                }
                for r in &self.of_cell[at] {
                    let relation = &self.relations[place(*r)];
                    for other in std::iter::once(&relation.total).chain(&relation.parts) {
                        let other = place(*other);
                        if !self.range[other].is_known() && self.component[other].is_none() {
                            self.component[other] = Some(id);
                            queue.push(other);
                        }
                    }
                }
            }
            members.sort_unstable();
            for (k, cell) in members.iter().enumerate() {
                self.place[place(*cell)] = k;
            }
            self.components.push(members);
        }
    }

    /// Checks that every component has a point at all. Only needed where no truth is given.
    pub fn is_possible(&mut self) -> bool {
        (0..self.components.len()).all(|id| self.solver(id).is_ok())
    }

    /// The range that is left when ranges alone are compared.
    pub fn range(&self, cell: u32) -> Range {
        self.range[place(cell)]
    }

    /// Is anything open about the cell?
    pub fn is_open(&self, cell: u32) -> bool {
        self.component[place(cell)].is_some()
    }

    /// Largest number of cells that hang together.
    pub fn largest_component(&self) -> usize {
        self.components.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn spread(&self, cell: u32) -> i64 {
        self.seen[place(cell)].map_or(-1, |(lo, hi)| hi - lo)
    }

    fn note(&mut self, id: usize, values: &[f64]) -> bool {
        if values.iter().any(|x| fraction(*x) > NEAR) {
            return false;
        }
        for (cell, x) in self.components[id].iter().zip(values) {
            let x = rounded(*x);
            let seen = &mut self.seen[place(*cell)];
            *seen = Some(seen.map_or((x, x), |(lo, hi)| (lo.min(x), hi.max(x))));
        }
        true
    }

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

    fn program(&self, id: usize, ranges: &[Range]) -> Program {
        let members = &self.components[id];
        let mut rows: Vec<u32> = members
            .iter()
            .flat_map(|c| self.of_cell[place(*c)].iter().copied())
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let mut program = Program::default();
        for cell in members {
            let range = ranges[place(*cell)];
            let upper = if range.upper >= UNLIMITED {
                f64::INFINITY
            } else {
                signed(range.upper)
            };
            program.variable(Vec::new(), signed(range.lower), upper);
        }
        for (row, r) in rows.iter().enumerate() {
            let relation = &self.relations[place(*r)];
            let mut known = 0_i64;
            let sides = std::iter::once((&relation.total, 1_i64))
                .chain(relation.parts.iter().map(|p| (p, -1)));
            for (cell, sign) in sides {
                if self.component[place(*cell)] == Some(id) {
                    program.columns[self.place[place(*cell)]].push((row, signed(sign)));
                } else {
                    known += sign * self.range[place(*cell)].lower;
                }
            }
            program.sums.push(-signed(known));
        }
        program
    }

    fn solver(&mut self, id: usize) -> Result<&mut Simplex, Infeasible> {
        if !self.solvers.contains_key(&id) {
            let program = self.program(id, &self.range);
            let simplex = match &self.truth {
                Some(truth) => {
                    let point = self.components[id].iter().map(|c| signed(truth[place(*c)]));
                    let point: Vec<f64> = point.collect();
                    self.homes.insert(id, point.clone());
                    Simplex::at(program, point)
                }
                None => self.settle(id, Simplex::feasible(program)?),
            };
            self.solvers.insert(id, simplex);
        }
        self.solvers.get_mut(&id).ok_or(Infeasible)
    }

    /// Looks for a whole-number point of a component.
    fn settle(&mut self, id: usize, mut simplex: Simplex) -> Simplex {
        for seed in 0..=TRIALS {
            if seed > 0 {
                let all = 0..self.components[id].len();
                let objective: Vec<(usize, f64)> = all.map(|k| (k, tilt(seed, k))).collect();
                simplex.maximise(&objective, None);
            }
            let values = simplex.values().to_vec();
            if self.note(id, &values) {
                self.homes.insert(id, values);
                break;
            }
        }
        simplex
    }

    /// Maximises or minimises a cell, with a little of other objectives where `seed` is given.
    fn push(
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

    /// What is known of a cell by now, without further work.
    pub fn finding(&self, cell: u32, width: u64) -> Finding {
        let range = self.range[place(cell)];
        if range.is_known() {
            return Finding {
                lower: signed(range.lower),
                upper: signed(range.upper),
                exact: true,
                wide: width == 0,
            };
        }
        let wide = self.spread(cell) >= count(width);
        if let Some([Some(lower), Some(upper)]) = self.proven.get(&cell) {
            return Finding {
                lower: *lower,
                upper: *upper,
                exact: true,
                wide,
            };
        }
        let (lo, hi) = self.seen[place(cell)].unwrap_or((range.lower, range.upper));
        Finding {
            lower: signed(lo),
            upper: signed(hi),
            exact: false,
            wide,
        }
    }

    /// Why the least (or greatest) value of a cell is what it is: the published cells, each with
    /// its multiplier, and the hidden cells whose own range limits it.
    pub fn certificate(&mut self, cell: u32, up: bool) -> Option<Certificate> {
        // From the ranges as given: what narrowing found has to be shown too.
        if self.plain.is_none() {
            let mut plain = Attack {
                relations: self.relations,
                of_cell: self.of_cell.clone(),
                given: self.given.clone(),
                range: self.given.clone(),
                truth: self.truth.clone(),
                component: vec![None; self.given.len()],
                components: Vec::new(),
                place: vec![0; self.given.len()],
                seen: vec![None; self.given.len()],
                proven: BTreeMap::new(),
                solvers: BTreeMap::new(),
                homes: BTreeMap::new(),
                programs: 0,
                plain: None,
            };
            plain.split();
            self.plain = Some(Box::new(plain));
        }
        self.plain.as_mut()?.reason(cell, up)
    }

    fn reason(&mut self, cell: u32, up: bool) -> Option<Certificate> {
        let id = self.component[place(cell)]?;
        let (End::Optimal, value) = self.push(cell, up, None, 0)? else {
            return None;
        };
        let sign = if up { 1.0 } else { -1.0 };
        let at = self.place[place(cell)];
        let solver = self.solver(id).ok()?;
        let Reason { rows, rests } = solver.reason(&[(at, sign)]);
        let members = self.components[id].clone();
        let mut relations: Vec<u32> = members
            .iter()
            .flat_map(|c| self.of_cell[place(*c)].iter().copied())
            .collect();
        relations.sort_unstable();
        relations.dedup();
        let mut published: BTreeMap<u32, f64> = BTreeMap::new();
        for (row, y) in rows {
            let relation = &self.relations[place(relations[row])];
            let sides = std::iter::once((&relation.total, 1.0))
                .chain(relation.parts.iter().map(|p| (p, -1.0)));
            for (c, side) in sides {
                if self.component[place(*c)] != Some(id) {
                    *published.entry(*c).or_default() -= sign * y * side;
                }
            }
        }
        published.retain(|_, times| times.abs() > NEAR);
        let limits = rests
            .iter()
            .map(|(k, d)| (members[*k], sign * d))
            .filter(|(c, _)| !self.given[place(*c)].is_known())
            .collect();
        Some(Certificate {
            bound: value,
            published: published.into_iter().collect(),
            limits,
        })
    }
}

/// The proof of a bound: `bound = Σ times · published + Σ times · limit`, where a limit is the end
/// of a cell's own range.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Certificate {
    pub bound: f64,
    pub published: Vec<(u32, f64)>,
    pub limits: Vec<(u32, f64)>,
}

fn limit(n: i64) -> f64 {
    if n >= UNLIMITED {
        f64::INFINITY
    } else {
        signed(n)
    }
}

fn fraction(x: f64) -> f64 {
    (x - x.round()).abs()
}

/// A small weight for another objective, the same for the same seed and place.
fn tilt(seed: usize, place: usize) -> f64 {
    let seed = u64::try_from(seed).unwrap_or(0);
    let place = u64::try_from(place).unwrap_or(0);
    let mixed = (place ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_mul(0xBF58_476D_1CE4_E5B9)
        .rotate_left(29)
        .wrapping_mul(0x94D0_49BB_1331_11EB);
    (real(mixed >> 40) / 16_777_216.0 - 0.5) * 1e-3
}
