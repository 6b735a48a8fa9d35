//! A primal simplex method with bounded variables, for many objectives over one set of relations.
//!
//! The attacker's programs differ in their objective alone, so every program starts from the
//! vertex of the one before. The true counts are a feasible point of a release of ours: variables
//! outside the basis may rest at any value between their bounds, so that no first phase is needed.
//! For tables of others a first phase drives the residuals of the relations to zero.
//!
//! Tolerances: a reduced cost below 1e-7 is taken for zero, a bound may be missed by 1e-9 in a
//! ratio test and 1e-6 in all. Relations of tables have coefficients 1 and −1 and whole-number
//! right-hand sides, for which vertices are far coarser than that. Among equal choices the lowest
//! index wins, so that the same program takes the same way on every machine.

mod step;

use super::basis::{Basis, Column};

/// Reduced costs below this are zero.
const PRICE: f64 = 1e-7;

/// `A x = b`, `l ≤ x ≤ u`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    /// Entries by variable: (row, coefficient).
    pub columns: Vec<Column>,
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
    /// The right-hand side.
    pub sums: Vec<f64>,
}

impl Program {
    /// Adds a variable and gives its index.
    pub fn variable(&mut self, column: Column, lower: f64, upper: f64) -> usize {
        self.columns.push(column);
        self.lower.push(lower);
        self.upper.push(upper);
        self.columns.len() - 1
    }
}

/// How a maximisation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Optimal,
    /// The value that was asked for is reached; there may be more.
    Reached,
    Unbounded,
    /// Out of steps.
    Stopped,
}

/// No point satisfies the relations and the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Infeasible;

/// A program with a feasible point and a basis.
pub(crate) struct Simplex {
    program: Program,
    by_row: Vec<Column>,
    /// Values of the variables, then of one residual a row.
    value: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    head: Vec<usize>,
    place: Vec<Option<usize>>,
    basis: Basis,
    scale: Vec<f64>,
    /// Steps taken so far, over all objectives.
    pub steps: usize,
}

/// Why a bound holds: multipliers of relations, and the bounds at which variables rest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reason {
    /// (row, multiplier).
    pub rows: Vec<(usize, f64)>,
    /// (variable, reduced cost).
    pub rests: Vec<(usize, f64)>,
}

impl Simplex {
    /// Starts at a point that satisfies every relation and bound.
    pub fn at(program: Program, point: Vec<f64>) -> Self {
        let rows = program.sums.len();
        let refs: Vec<&[(usize, f64)]> = program.columns.iter().map(Vec::as_slice).collect();
        let (basis, order) = Basis::factorise(rows, &refs);
        let mut simplex = Simplex::bare(program, point);
        simplex.basis = basis;
        let n = simplex.program.columns.len();
        simplex.head = order.columns.iter().map(|j| j.unwrap_or(n)).collect();
        for (k, row) in order.units {
            simplex.head[k] = n + row;
        }
        for (k, j) in simplex.head.iter().enumerate() {
            simplex.place[*j] = Some(k);
        }
        simplex
    }

    fn bare(program: Program, mut point: Vec<f64>) -> Self {
        let rows = program.sums.len();
        let n = program.columns.len();
        point.resize(n + rows, 0.0);
        let mut by_row: Vec<Column> = vec![Vec::new(); rows];
        for (j, column) in program.columns.iter().enumerate() {
            for (i, a) in column {
                by_row[*i].push((j, *a));
            }
        }
        let zeros = std::iter::repeat_n(0.0, rows);
        let scale = program
            .columns
            .iter()
            .map(|c| 1.0 / (1.0 + c.iter().map(|(_, a)| a * a).sum::<f64>()).sqrt())
            .collect();
        Simplex {
            lower: program.lower.iter().copied().chain(zeros.clone()).collect(),
            upper: program.upper.iter().copied().chain(zeros).collect(),
            by_row,
            value: point,
            head: Vec::new(),
            place: vec![None; n + rows],
            basis: Basis::default(),
            scale,
            steps: 0,
            program,
        }
    }

    /// Looks for a feasible point.
    pub fn feasible(program: Program) -> Result<Self, Infeasible> {
        let rows = program.sums.len();
        let n = program.columns.len();
        let start: Vec<f64> = program
            .lower
            .iter()
            .zip(&program.upper)
            .map(|(l, u)| 0.0_f64.clamp(*l, (*u).max(*l)))
            .collect();
        let mut residual = program.sums.clone();
        for (column, x) in program.columns.iter().zip(&start) {
            for (i, a) in column {
                residual[*i] -= a * x;
            }
        }
        if program.lower.iter().zip(&program.upper).any(|(l, u)| l > u) {
            return Err(Infeasible);
        }
        let mut simplex = Simplex::bare(program, start);
        let mut objective = Vec::new();
        for (i, r) in residual.iter().enumerate() {
            simplex.value[n + i] = *r;
            // A residual may grow on its way: held at its first value it would leave the basis there
            // and never come back, and a program that has a point would look as if it had none.
            simplex.lower[n + i] = if *r < 0.0 { f64::NEG_INFINITY } else { 0.0 };
            simplex.upper[n + i] = if *r > 0.0 { f64::INFINITY } else { 0.0 };
            if *r != 0.0 {
                objective.push((n + i, -r.signum()));
            }
        }
        let (basis, order) = Basis::factorise(rows, &[]);
        simplex.basis = basis;
        simplex.head = vec![n; rows];
        for (k, row) in order.units {
            simplex.head[k] = n + row;
            simplex.place[n + row] = Some(k);
        }
        simplex.maximise(&objective, Some(-1e-9));
        let left: f64 = simplex.value[n..].iter().map(|r| r.abs()).sum();
        if left > 1e-6 {
            return Err(Infeasible);
        }
        for i in 0..rows {
            (simplex.lower[n + i], simplex.upper[n + i]) = (0.0, 0.0);
            simplex.value[n + i] = 0.0;
        }
        simplex.renew();
        Ok(simplex)
    }

    /// The value of a variable at the present vertex.
    pub fn value(&self, variable: usize) -> f64 {
        self.value[variable]
    }

    /// The values of all variables.
    pub fn values(&self) -> &[f64] {
        &self.value[..self.program.columns.len()]
    }

    /// Goes back to a feasible point seen before; the basis stays.
    pub fn return_to(&mut self, point: &[f64]) {
        self.value[..point.len()].copy_from_slice(point);
        for residual in &mut self.value[point.len()..] {
            *residual = 0.0;
        }
    }

    /// Changes the bounds of a variable. The present value has to lie within them.
    pub fn confine(&mut self, variable: usize, lower: f64, upper: f64) {
        (self.lower[variable], self.upper[variable]) = (lower, upper);
    }

    fn worth(&self, objective: &[(usize, f64)]) -> f64 {
        objective.iter().map(|(j, c)| c * self.value[*j]).sum()
    }

    /// Why the present vertex is the best for an objective: holds after [`End::Optimal`].
    pub fn reason(&self, objective: &[(usize, f64)]) -> Reason {
        let (reduced, y) = self.reduced(objective);
        let kept = |list: &[f64]| -> Vec<(usize, f64)> {
            let entries = list.iter().copied().enumerate();
            entries.filter(|(_, v)| v.abs() > PRICE).collect()
        };
        let mut rests = kept(&reduced);
        rests.retain(|(j, _)| self.place[*j].is_none());
        Reason {
            rows: kept(&y),
            rests,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// x11 + x12 = 7, x21 + x22 = 3, x11 + x21 = 6, x12 + x22 = 4 (tau-ARGUS manual 2.15).
    fn manual() -> Program {
        let mut p = Program {
            sums: vec![7.0, 3.0, 6.0, 4.0],
            ..Program::default()
        };
        for (r, c) in [(0, 2), (0, 3), (1, 2), (1, 3)] {
            p.variable(vec![(r, 1.0), (c, 1.0)], 0.0, f64::INFINITY);
        }
        p
    }

    fn ends(simplex: &mut Simplex, j: usize) -> (f64, f64) {
        assert_eq!(simplex.maximise(&[(j, -1.0)], None), End::Optimal);
        let low = simplex.value(j);
        assert_eq!(simplex.maximise(&[(j, 1.0)], None), End::Optimal);
        (low, simplex.value(j))
    }

    #[test]
    fn the_bounds_of_the_manual_from_both_starts() {
        let known = Simplex::at(manual(), vec![4.0, 3.0, 2.0, 1.0]);
        let found = Simplex::feasible(manual()).expect("feasible");
        for mut simplex in [known, found] {
            let all: Vec<(f64, f64)> = (0..4).map(|j| ends(&mut simplex, j)).collect();
            let want = [(3.0, 6.0), (1.0, 4.0), (0.0, 3.0), (0.0, 3.0)];
            for (got, want) in all.iter().zip(want) {
                assert!((got.0 - want.0).abs() < 1e-9 && (got.1 - want.1).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn contradictions_are_found() {
        let mut p = manual();
        p.sums[0] = 8.0;
        assert!(Simplex::feasible(p).is_err());
    }

    #[test]
    fn what_has_no_bound_says_so() {
        let mut p = Program {
            sums: vec![0.0],
            ..Program::default()
        };
        p.variable(vec![(0, 1.0)], 0.0, f64::INFINITY);
        p.variable(vec![(0, -1.0)], 0.0, f64::INFINITY);
        let mut simplex = Simplex::feasible(p).expect("feasible");
        assert_eq!(simplex.maximise(&[(0, 1.0)], None), End::Unbounded);
    }

    #[test]
    fn a_residual_may_grow_on_the_way_to_a_point() {
        // 4 × 3 × 2 with all three two-way margins, where the first phase once ended too early.
        let counts = [
            0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 2, 2, 1, 1, 0, 2, 0, 0, 1, 0, 0, 2, 0, 0,
        ];
        let mut p = Program {
            sums: vec![0.0; 26],
            ..Program::default()
        };
        for (i, n) in counts.into_iter().enumerate() {
            let (a, b, c) = (i / 6, i / 2 % 3, i % 2);
            let rows = [a * 3 + b, 12 + a * 2 + c, 20 + b * 2 + c];
            p.variable(rows.iter().map(|r| (*r, 1.0)).collect(), 0.0, 20.0);
            rows.iter().for_each(|r| p.sums[*r] += f64::from(n));
        }
        let found = Simplex::feasible(p.clone()).expect("feasible");
        let mut left = p.sums.clone();
        for (column, x) in p.columns.iter().zip(found.values()) {
            assert!((0.0..=20.0).contains(x));
            column.iter().for_each(|(i, a)| left[*i] -= a * x);
        }
        assert!(left.iter().all(|r| r.abs() < 1e-6), "{left:?}");
    }

    proptest! {
        /// Against another solver, on random transport-like programs.
        #[test]
        fn agrees_with_another_solver(
            counts in proptest::collection::vec(0_u8..9, 24),
            weights in proptest::collection::vec(-3_i8..4, 24),
        ) {
            // 4 × 3 × 2, all three two-way margins known.
            let at = |i: usize| (i / 6, i / 2 % 3, i % 2);
            let rows = |i: usize| { let (a, b, c) = at(i); [a * 3 + b, 12 + a * 2 + c, 20 + b * 2 + c] };
            let mut p = Program { sums: vec![0.0; 26], ..Program::default() };
            let mut other = microlp::Problem::new(microlp::OptimizationDirection::Maximize);
            let mut terms: Vec<Vec<(microlp::Variable, f64)>> = vec![Vec::new(); 26];
            for (i, n) in counts.iter().enumerate() {
                p.variable(rows(i).iter().map(|r| (*r, 1.0)).collect(), 0.0, 20.0);
                let v = other.add_var(f64::from(weights[i]), (0.0, 20.0));
                for r in rows(i) {
                    p.sums[r] += f64::from(*n);
                    terms[r].push((v, 1.0));
                }
            }
            for (t, s) in terms.iter().zip(&p.sums) {
                other.add_constraint(t, microlp::ComparisonOp::Eq, *s);
            }
            let want = other.solve().expect("solvable").into_solution().expect("optimal").objective();
            let objective: Vec<(usize, f64)> = weights.iter().map(|w| f64::from(*w)).enumerate().collect();
            let truth = counts.iter().map(|n| f64::from(*n)).collect();
            for mut simplex in [Simplex::at(p.clone(), truth), Simplex::feasible(p).expect("feasible")] {
                prop_assert_eq!(simplex.maximise(&objective, None), End::Optimal);
                prop_assert!((simplex.worth(&objective) - want).abs() < 1e-6);
            }
        }
    }
}
