//! Where an estimate exists: the cells that a model can fit with positive values, and whether they
//! tell the number of people on no list.
//!
//! With empty cells the likelihood may rise without end as terms go to minus infinity. The limit is
//! an estimate on a *face* of the model: the cells that stay positive. The face is found exactly by
//! linear programming (Fienberg and Rinaldo 2012, "Maximum likelihood estimation in log-linear
//! models", Annals of Statistics 40, 996–1023), after the cells that a term with an empty margin
//! rules out (Chan, Silverman and Vincent 2021, "Multiple systems estimation for sparse capture
//! data", JASA 116, 1297–1306).
//!
//! On the face, the logarithm of the number unseen is the intercept. It is determined exactly when
//! the column of the intercept is no combination of the other columns of the design there.

use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};

use super::model::Model;

/// Below this a pivot of a design of noughts and ones is nought. Entries are ratios of small whole
/// numbers, so nothing lies near it.
const PIVOT: f64 = 1e-9;

/// The cells of a table as a set of bits; bit 0 is the unseen cell.
pub(crate) type Cells = u64;

/// Where a model has an estimate in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Face {
    /// The cells whose fitted values are positive.
    pub cells: Cells,
    /// Terms whose columns are independent there; the intercept is last.
    pub terms: Vec<usize>,
    /// Terms that are minus infinity because their margin is empty.
    pub empty_terms: Vec<usize>,
    /// What is known of the intercept.
    pub intercept: Intercept,
}

/// What a table tells of the intercept of a model, and with it of the number unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Intercept {
    /// It has one finite estimate.
    Determined,
    /// The likelihood rises as it goes to infinity, or to minus infinity.
    Infinite,
    /// Many values fit equally well.
    NotIdentified,
}

impl Face {
    /// The face of a table without empty cells: all of it, with every term.
    pub fn whole(model: Model, cells: Cells) -> Self {
        let mut terms = model.terms();
        terms.rotate_left(1);
        Face {
            cells,
            terms,
            empty_terms: Vec::new(),
            intercept: Intercept::Determined,
        }
    }

    /// What is left when more cells recede.
    pub fn without(&self, cells: Cells) -> Self {
        let (terms, empty) = (&self.terms, self.empty_terms.clone());
        on_cells(terms, self.cells & !cells, empty, Intercept::Infinite)
    }
}

fn holds(cells: Cells, cell: usize) -> bool {
    cells >> cell & 1 == 1
}

/// The face by the empty margins alone. `whole` are the cells of the table, `positive` those with
/// people in them.
pub(crate) fn by_margins(model: Model, whole: Cells, positive: Cells) -> Face {
    let terms = model.terms();
    let mut cells = whole;
    let mut empty_terms = Vec::new();
    for term in terms.iter().copied().skip(1) {
        let above = (0..64).filter(|c| holds(whole, *c) && c & term == term);
        let above: Cells = above.fold(0, |set, c| set | 1 << c);
        if above & positive == 0 {
            empty_terms.push(term);
            cells &= !above;
        }
    }
    let left: Vec<usize> = terms
        .into_iter()
        .filter(|t| !empty_terms.iter().any(|e| e & t == *e))
        .collect();
    on_cells(&left, cells, empty_terms, Intercept::NotIdentified)
}

/// The face, exactly.
pub(crate) fn exact(model: Model, whole: Cells, positive: Cells) -> Face {
    let first = by_margins(model, whole, positive);
    let Some(gone) = receding(&first.terms, first.cells, first.cells & !positive) else {
        return Face {
            intercept: Intercept::NotIdentified,
            ..first
        };
    };
    if gone == 0 {
        return first;
    }
    on_cells(
        &first.terms,
        first.cells & !gone,
        first.empty_terms,
        match first.intercept {
            Intercept::NotIdentified => Intercept::NotIdentified,
            _ => Intercept::Infinite,
        },
    )
}

/// Picks independent terms on the cells; `otherwise` is what is said when the intercept is lost.
fn on_cells(terms: &[usize], cells: Cells, empty: Vec<usize>, otherwise: Intercept) -> Face {
    let rows: Vec<usize> = (0..64).filter(|c| holds(cells, *c)).collect();
    // The intercept is tried last: it is kept only when the others cannot make it.
    let order = terms.iter().copied().filter(|t| *t != 0).chain([0]);
    let mut basis: Vec<(usize, Vec<f64>)> = Vec::new();
    let mut kept = Vec::new();
    for term in order {
        let mut column: Vec<f64> = rows
            .iter()
            .map(|c| f64::from(u8::from(c & term == term)))
            .collect();
        for (pivot, earlier) in &basis {
            let factor = column[*pivot];
            if factor != 0.0 {
                for (x, e) in column.iter_mut().zip(earlier) {
                    *x -= factor * e;
                }
            }
        }
        let largest =
            (0..column.len()).max_by(|a, b| column[*a].abs().total_cmp(&column[*b].abs()));
        let Some(pivot) = largest.filter(|p| column[*p].abs() > PIVOT) else {
            continue;
        };
        let scale = column[pivot];
        column.iter_mut().for_each(|x| *x /= scale);
        basis.push((pivot, column));
        kept.push(term);
    }
    let determined = kept.last() == Some(&0);
    Face {
        cells,
        terms: kept,
        empty_terms: empty,
        intercept: match determined {
            true => Intercept::Determined,
            false => otherwise,
        },
    }
}

/// The empty cells whose fitted values go to nought along a direction that leaves the cells with
/// people as they are. One linear programme finds all of them: a direction is sought with
/// `eta = -(u + v)` in the empty cells, `0 <= u <= 1`, `v >= 0`, that makes the sum of `u` largest;
/// `v` lets a direction be as long as it needs to be, so that every `u` ends at nought or one.
///
/// `None` if the programme cannot be solved, which its bounds rule out but for rounding.
fn receding(terms: &[usize], cells: Cells, empty: Cells) -> Option<Cells> {
    if empty == 0 {
        return Some(0);
    }
    let mut problem = Problem::new(OptimizationDirection::Maximize);
    let direction: Vec<Variable> = terms
        .iter()
        .map(|_| problem.add_var(0.0, (f64::NEG_INFINITY, f64::INFINITY)))
        .collect();
    let mut steps = Vec::new();
    for cell in (0..64).filter(|c| holds(cells, *c)) {
        let mut row: Vec<(Variable, f64)> = terms
            .iter()
            .zip(&direction)
            .filter(|(t, _)| cell & **t == **t)
            .map(|(_, v)| (*v, 1.0))
            .collect();
        if holds(empty, cell) {
            let step = problem.add_var(1.0, (0.0, 1.0));
            row.push((step, 1.0));
            row.push((problem.add_var(0.0, (0.0, f64::INFINITY)), 1.0));
            steps.push((cell, step));
        }
        problem.add_constraint(row.as_slice(), ComparisonOp::Eq, 0.0);
    }
    let solved = problem.solve().ok()?.into_solution().ok()?;
    let gone = steps
        .iter()
        .filter(|(_, step)| solved.var_value(*step) > 0.5);
    Some(gone.fold(0, |set, (cell, _)| set | 1 << cell))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells of three lists as a set, by their counts in the order of the histories.
    fn positive(counts: [u32; 7]) -> Cells {
        let there = counts.iter().enumerate().filter(|(_, n)| **n > 0);
        there.fold(0, |set, (i, _)| set | 1 << (i + 1))
    }

    #[test]
    fn an_empty_pair_makes_the_saturated_model_run_off() {
        // On the second and third list alone there is nobody, though all three have people together.
        let seen = positive([5, 5, 54, 41, 6, 0, 12]);
        let face = exact(Model::all_of_order(3, 2), 0xFE, seen);
        assert_eq!(face.intercept, Intercept::Infinite);
        let face = exact(Model::independence(3), 0xFE, seen);
        assert_eq!((face.intercept, face.cells), (Intercept::Determined, 0xFE));
    }

    #[test]
    fn a_list_within_another_goes_to_the_limit_and_keeps_its_number() {
        // Everybody on the second list is on the first: b alone, and b with c, are empty.
        let seen = positive([40, 0, 30, 20, 10, 0, 8]);
        let pairs = Model::independence(3)
            .with(0b011)
            .and_then(|m| m.with(0b110));
        let face = exact(pairs.expect("model"), 0xFE, seen);
        assert_eq!(face.intercept, Intercept::Determined);
        assert_eq!(face.cells, 0xFE & !(1 << 0b010 | 1 << 0b110));
    }

    #[test]
    fn many_numbers_fit_where_two_pairs_are_empty() {
        let seen = positive([40, 30, 6, 20, 0, 0, 0]);
        let face = exact(Model::all_of_order(3, 2), 0xFE, seen);
        assert_eq!(face.intercept, Intercept::NotIdentified);
        assert_eq!(face.empty_terms, vec![0b101, 0b110]);
    }
}
