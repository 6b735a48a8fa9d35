//! How cheap a pattern can be: a lower bound by integer programming, or the proof that a pattern
//! is the cheapest.
//!
//! A binary variable says of every cell that is not small whether it is hidden. A small count has
//! room where the greatest and the least change of it that no relation notices, with shown cells
//! fixed, are a width apart. By duality a pattern that gives too little room breaks an inequality
//! over the binary variables (the capacity cuts of Fischetti and Salazar-González, Management
//! Science 47, 2001, for sliding protection levels); the inequalities that are broken are added
//! until none is. Room by linear programs is not less than what an attacker with integer programs
//! leaves, so that the bound holds for both; a pattern that passes is then tried with whole numbers,
//! and where it leaves a small count too little room, some cell outside it has to be hidden too.
//!
//! Work is paid for from a purse: an iteration of a simplex method costs the rows and columns of
//! its program. The purse is some seconds of an optimised build on one core of 2020, and no clock
//! is read, so that the same table always comes to the same end.

use microlp::{
    ComparisonOp, OptimizationDirection, Problem, Solution, SolveOptions, SolveOutcome,
    TerminationReason, Variable,
};

use super::attacker::Move;
use super::basis::Column;
use super::exact::{count, rounded, signed};
use super::secondary::Task;
use super::simplex::{End, Program, Simplex};
use super::system::place;

/// Systems with more cells that could be hidden than this are not tried.
pub(crate) const MOST: usize = 500;
/// Rounds of cutting off fractional points, and of integer programs.
const ROUNDS: usize = 200;
/// The purse: rows and columns times iterations.
const PURSE: usize = 30_000_000;
/// What setting up a program costs, in iterations.
const SET_UP: usize = 8;
/// Nodes of a search tree that are paid for at once.
const PIECE: u64 = 8;
/// Nodes of the search tree of an integer program about a single small count.
const BRANCHES: u64 = 400;
/// No cell is moved further than this in them.
const FURTHEST: i32 = 1_000_000;
/// An inequality is broken where it is missed by this.
const BROKEN: f64 = 1e-4;
/// Cost is compared with this tolerance.
const SAME: f64 = 1e-6;

/// What is known of the least cost.
#[derive(Debug, Clone)]
pub(crate) struct Least {
    /// No pattern costs less.
    pub bound: f64,
    /// A pattern that protects every small count and costs `bound`, where one was reached, with
    /// the changes that prove it.
    pub pattern: Option<(Vec<bool>, Vec<Move>)>,
}

/// What integer programs say of the room of a small count in a pattern.
enum Room {
    /// There is enough; the changes that show it.
    Enough(Vec<Move>),
    Little,
    /// The programs were stopped.
    Unknown,
}

/// Work that is left.
struct Purse(usize);

impl Purse {
    fn pay(&mut self, iterations: usize, size: usize) {
        self.0 = self.0.saturating_sub(iterations.saturating_mul(size));
    }

    fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Solves a problem of `size` rows and columns in at most so many nodes, as long as there is
    /// work left. None where it has no solution; without a proof where it was stopped.
    fn solve(&mut self, problem: &Problem, size: usize, nodes: u64) -> Option<SolveOutcome> {
        let mut options = SolveOptions::default();
        options.node_limit = Some(PIECE);
        let mut outcome = problem.solve_with(options).ok()?;
        self.pay(SET_UP, size);
        let mut paid = 0;
        loop {
            let stats = outcome.stats();
            let iterations = stats.lp_iterations.saturating_sub(paid);
            paid = stats.lp_iterations;
            self.pay(usize::try_from(iterations).unwrap_or(usize::MAX), size);
            let goes_on = outcome.termination_reason() == TerminationReason::NodeLimit
                && stats.nodes_solved < nodes
                && !self.is_empty();
            if !goes_on {
                return Some(outcome);
            }
            outcome = outcome.resume().ok()?;
        }
    }
}

struct Cut {
    terms: Vec<(usize, f64)>,
    least: f64,
}

struct Search<'a, 'b> {
    task: &'b Task<'a>,
    /// The cells of the program: all that are not known.
    cells: Vec<u32>,
    attack: Simplex,
    columns: Vec<Column>,
    rows: usize,
    purse: Purse,
    /// How far each cell can fall; rising has no limit.
    fall: Vec<f64>,
    width: f64,
    /// Positions of small counts, and of cells that may be hidden for them.
    small: Vec<usize>,
    free: Vec<usize>,
    cuts: Vec<Cut>,
}

/// A lower bound of the cost of secondary suppression. `enough` is the cost of a pattern that is
/// known: no more is proven than that nothing is cheaper.
pub(crate) fn least(task: &Task<'_>, enough: f64) -> Least {
    let mut search = Search::new(task);
    search.first_cuts();
    let mut bound: f64 = 0.0;
    let mut whole = false;
    for _ in 0..ROUNDS {
        if search.purse.is_empty() {
            break;
        }
        let Some(solution) = search.master(whole) else {
            break;
        };
        let stats = solution.1.stats();
        let proven = if whole {
            stats.best_bound.unwrap_or(bound)
        } else {
            solution.1.objective()
        };
        bound = bound.max(search.raised(proven));
        if bound >= enough - SAME {
            break;
        }
        if whole && !solution.1.gap().is_none_or(|g| g < 1e-9) {
            break;
        }
        let point = search.point(&solution);
        let added = search.separate(&point);
        if added == 0 {
            if whole {
                match search.in_whole_numbers(&point) {
                    Some(Ok(moves)) => {
                        let hidden = search.pattern(&point);
                        return Least {
                            bound,
                            pattern: Some((hidden, moves)),
                        };
                    }
                    Some(Err(())) => {}
                    None => break,
                }
            }
            whole = true;
        }
    }
    Least {
        bound: bound.min(enough),
        pattern: None,
    }
}

/// A whole number that fits an integer program.
fn whole(x: f64) -> i32 {
    i32::try_from(rounded(x)).unwrap_or(FURTHEST).min(FURTHEST)
}

impl<'a, 'b> Search<'a, 'b> {
    fn new(task: &'b Task<'a>) -> Self {
        let system = task.system;
        let cells: Vec<u32> = (0..system.len())
            .filter(|c| task.unknown[*c] && (task.primary[*c] || !task.fixed[*c]))
            .filter_map(|c| u32::try_from(c).ok())
            .collect();
        let mut program = Program::default();
        let mut columns = vec![Vec::new(); cells.len()];
        for relation in &system.relations {
            let row = program.sums.len();
            let mut any = false;
            let sides = std::iter::once((&relation.total, 1.0))
                .chain(relation.parts.iter().map(|p| (p, -1.0)));
            for (cell, sign) in sides {
                if let Ok(k) = cells.binary_search(cell) {
                    columns[k].push((row, sign));
                    any = true;
                }
            }
            if any {
                program.sums.push(0.0);
            }
        }
        for column in &columns {
            program.variable(column.clone(), 0.0, 0.0);
        }
        let least = task.rules.least();
        let fall = cells
            .iter()
            .map(|c| signed((count(system.value[place(*c)]) - least).max(0)))
            .collect();
        let (small, free) = (0..cells.len()).partition(|k| task.primary[place(cells[*k])]);
        Search {
            task,
            rows: program.sums.len(),
            attack: Simplex::at(program, vec![0.0; cells.len()]),
            columns,
            purse: Purse(PURSE),
            cells,
            fall,
            width: signed(count(task.rules.width.max(1))),
            small,
            free,
            cuts: Vec::new(),
        }
    }

    /// Whole costs make a whole bound.
    fn raised(&self, bound: f64) -> f64 {
        let whole = self.free.iter().all(|k| {
            let cost = self.task.cost[place(self.cells[*k])];
            cost.fract() == 0.0
        });
        if whole { (bound - 1e-4).ceil() } else { bound }
    }

    /// In every relation a small count is not hidden alone, and neither is another cell: who
    /// stands alone is known, and showing it is cheaper.
    fn first_cuts(&mut self) {
        for relation in &self.task.system.relations {
            let members: Vec<usize> = std::iter::once(&relation.total)
                .chain(&relation.parts)
                .filter_map(|c| self.cells.binary_search(c).ok())
                .collect();
            let small: Vec<usize> = members
                .iter()
                .copied()
                .filter(|k| self.task.primary[place(self.cells[*k])])
                .collect();
            let free = members.iter().copied().filter(|k| !small.contains(k));
            let free: Vec<usize> = free.collect();
            match small.len() {
                0 => {
                    for own in &free {
                        let mut terms = vec![(*own, -1.0)];
                        terms.extend(free.iter().filter(|k| *k != own).map(|k| (*k, 1.0)));
                        self.cuts.push(Cut { terms, least: 0.0 });
                    }
                }
                1 => self.cuts.push(Cut {
                    terms: free.iter().map(|k| (*k, 1.0)).collect(),
                    least: 1.0,
                }),
                _ => {}
            }
        }
    }

    /// The cheapest point of the inequalities known; in whole numbers if asked.
    fn master(&mut self, whole: bool) -> Option<(Vec<Option<Variable>>, Solution)> {
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        let mut variables: Vec<Option<Variable>> = vec![None; self.cells.len()];
        for k in &self.free {
            let cost = self.task.cost[place(self.cells[*k])];
            variables[*k] = Some(if whole {
                problem.add_binary_var(cost)
            } else {
                problem.add_var(cost, (0.0, 1.0))
            });
        }
        for cut in &self.cuts {
            let terms: Vec<(Variable, f64)> = cut
                .terms
                .iter()
                .filter_map(|(k, a)| variables[*k].map(|v| (v, *a)))
                .collect();
            problem.add_constraint(&terms, ComparisonOp::Ge, cut.least);
        }
        let size = self.free.len() + self.cuts.len();
        let outcome = self.purse.solve(&problem, size, u64::MAX)?;
        Some((variables, outcome.into_solution().ok()?))
    }

    fn point(&self, (variables, solution): &(Vec<Option<Variable>>, Solution)) -> Vec<f64> {
        let value = |v: &Option<Variable>| v.map_or(1.0, |v| solution.var_value(v).clamp(0.0, 1.0));
        variables.iter().map(value).collect()
    }

    /// Adds the inequalities that a point breaks; gives how many.
    fn separate(&mut self, point: &[f64]) -> usize {
        let origin = vec![0.0; self.cells.len()];
        self.attack.return_to(&origin);
        for (k, x) in point.iter().enumerate() {
            let x = if *x < 1e-9 { 0.0 } else { *x };
            let rise = if x > 1.0 - 1e-9 {
                f64::INFINITY
            } else {
                x * self.width
            };
            self.attack.confine(k, -x * self.fall[k], rise);
        }
        let mut added = 0;
        for small in self.small.clone() {
            if self.purse.is_empty() {
                break;
            }
            let before = self.attack.steps;
            if let Some(cut) = self.cut(small, point) {
                self.cuts.push(cut);
                added += 1;
            }
            let steps = self.attack.steps - before + SET_UP;
            self.purse.pay(steps, self.rows + self.cells.len());
        }
        added
    }

    fn pattern(&self, point: &[f64]) -> Vec<bool> {
        let mut hidden = self.task.primary.to_vec();
        for k in self.free.iter().filter(|k| point[**k] > 0.5) {
            hidden[place(self.cells[*k])] = true;
        }
        hidden
    }

    /// Changes in whole numbers that give every small count its room. Where one has too little,
    /// an inequality is added for it; none where the programs were stopped.
    fn in_whole_numbers(&mut self, point: &[f64]) -> Option<Result<Vec<Move>, ()>> {
        let open: Vec<bool> = point.iter().map(|x| *x > 0.5).collect();
        let mut moves = Vec::new();
        let mut narrow = Vec::new();
        for small in self.small.clone() {
            if self.purse.is_empty() {
                return None;
            }
            match self.room(small, &open) {
                Room::Enough(found) => moves.extend(found),
                Room::Little => narrow.push(small),
                Room::Unknown => return None,
            }
        }
        if narrow.is_empty() {
            return Some(Ok(moves));
        }
        for small in narrow {
            // The more cells may be hidden without giving room, the stronger the inequality.
            let mut wider = open.clone();
            for k in self.free.clone() {
                if !wider[k] && !self.purse.is_empty() {
                    wider[k] = true;
                    wider[k] = matches!(self.room(small, &wider), Room::Little);
                }
            }
            let outside = self.free.iter().filter(|k| !wider[**k]);
            let terms = outside.map(|k| (*k, 1.0)).collect();
            self.cuts.push(Cut { terms, least: 1.0 });
        }
        Some(Err(()))
    }

    /// Least and greatest change of a small count in whole numbers.
    fn room(&mut self, small: usize, open: &[bool]) -> Room {
        let mut moves = Vec::new();
        let mut room = 0.0;
        for direction in [
            OptimizationDirection::Maximize,
            OptimizationDirection::Minimize,
        ] {
            let mut problem = Problem::new(direction);
            let mut rows: Vec<Vec<(Variable, f64)>> = vec![Vec::new(); self.rows];
            let mut variables = Vec::new();
            for k in (0..open.len()).filter(|k| open[*k]) {
                let own = k == small;
                let rise = if own { whole(self.width) } else { FURTHEST };
                let fall = whole(self.fall[k]).min(rise);
                let v = problem.add_integer_var(f64::from(u8::from(own)), (-fall, rise));
                self.columns[k]
                    .iter()
                    .for_each(|(i, a)| rows[*i].push((v, *a)));
                variables.push((self.cells[k], v));
            }
            for row in rows.iter().filter(|row| !row.is_empty()) {
                problem.add_constraint(row, ComparisonOp::Eq, 0.0);
            }
            let size = variables.len() + rows.len();
            let solved = self.purse.solve(&problem, size, BRANCHES);
            let Some(solution) = solved.and_then(|s| s.into_solution().ok()) else {
                return Room::Unknown;
            };
            if solution.gap().is_some_and(|g| g > 1e-9) {
                return Room::Unknown;
            }
            room += solution.objective().abs();
            let change = variables
                .iter()
                .map(|(c, v)| (*c, rounded(solution.var_value(*v))));
            let change: Move = change.filter(|(_, y)| *y != 0).collect();
            if !change.is_empty() {
                moves.push(change);
            }
            if room >= self.width - 0.5 {
                return Room::Enough(moves);
            }
        }
        Room::Little
    }

    /// The inequality of one small count, if the point breaks it.
    fn cut(&mut self, small: usize, point: &[f64]) -> Option<Cut> {
        let mut weights = vec![0.0; self.cells.len()];
        let mut room = 0.0;
        for sign in [1.0, -1.0] {
            let objective = [(small, sign)];
            let end = self.attack.maximise(&objective, Some(self.width));
            if end != End::Optimal {
                return None;
            }
            room += sign * self.attack.value(small);
            for (k, d) in self.attack.reason(&objective).rests {
                weights[k] += if d > 0.0 {
                    f64::INFINITY
                } else {
                    -d * self.fall[k]
                };
            }
        }
        if room >= self.width - BROKEN {
            return None;
        }
        let given: f64 = self.small.iter().map(|k| weights[*k]).sum();
        let least = self.width - given;
        if !least.is_finite() || least <= BROKEN {
            return None;
        }
        let terms: Vec<(usize, f64)> = self
            .free
            .iter()
            .map(|k| (*k, (weights[*k] / least).min(1.0)))
            .filter(|(_, a)| *a > 1e-9)
            .collect();
        let met: f64 = terms.iter().map(|(k, a)| a * point[*k]).sum();
        (met < 1.0 - BROKEN).then_some(Cut { terms, least: 1.0 })
    }
}
