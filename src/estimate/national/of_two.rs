//! Children of two prisoners: how many there are beyond those of whom both parents are found.
//!
//! Such a child is two pairs and one child. Both of its pairs are found with a probability that is not
//! the square of that of one: children's services, who know a child, name both parents at once. What
//! a parent says in prison does not depend on what is known of the other parent. So a pair that
//! prisons name is taken as a sample of that parent's pairs, and it is asked how often the other pair
//! of the same child is found by anybody:
//!
//! ```text
//! X = children's pairs that prisons name, the other pair of the child being found
//! E X = T (n_m f_f + n_f f_m)      n: share of pairs that prisons name, f: that anybody finds
//! ```
//!
//! by the sex m, f of the parent, since mothers are named and found more often.

use super::super::number::real;

/// How a pair of a parent and a child became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Naming {
    /// The parent is a mother.
    pub mother: bool,
    /// Prisons name the child; else only children's services do.
    pub by_prisons: bool,
}

/// What was found of children of two prisoners, and of pairs by the sex of the parent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfTwo {
    /// Children with two or more found pairs.
    pub found: u64,
    /// Pairs named by prisons whose child has another pair that is found.
    beside: u64,
    /// Sum over children of the square of their part in `beside`.
    squares: u64,
    /// Pairs that prisons name: of mothers, of fathers.
    by_prisons: [u64; 2],
    /// Pairs that anybody names.
    by_anybody: [u64; 2],
}

/// The estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimated {
    /// Children of two prisoners.
    pub children: f64,
    /// Its variance, as that of a count.
    pub variance: f64,
}

impl OfTwo {
    /// Counts the pairs of each child.
    pub fn among<'a>(children: impl Iterator<Item = &'a Vec<Naming>>) -> Self {
        let mut out = OfTwo::default();
        for pairs in children {
            for pair in pairs {
                let [named, found] = [&mut out.by_prisons, &mut out.by_anybody].map(|counts| {
                    let [mothers, fathers] = counts;
                    if pair.mother { mothers } else { fathers }
                });
                *named += u64::from(pair.by_prisons);
                *found += 1;
            }
            if pairs.len() > 1 {
                out.found += 1;
                let beside = pairs.iter().filter(|p| p.by_prisons).count() as u64;
                out.beside += beside;
                out.squares += beside * beside;
            }
        }
        out
    }

    /// Children of two prisoners among so many pairs of mothers and of fathers. None is estimated
    /// where no pair of one of the sexes is named.
    pub fn estimate(&self, pairs: [f64; 2]) -> Estimated {
        let share = |named: [u64; 2]| -> [f64; 2] {
            let [mothers, fathers] = named;
            let [of_mothers, of_fathers] = pairs;
            [
                (real(mothers) / of_mothers.max(1.0)).min(1.0),
                (real(fathers) / of_fathers.max(1.0)).min(1.0),
            ]
        };
        let [named_m, named_f] = share(self.by_prisons);
        let [found_m, found_f] = share(self.by_anybody);
        let each = named_m * found_f + named_f * found_m;
        if each <= 0.0 {
            return Estimated {
                children: real(self.found),
                variance: real(self.found),
            };
        }
        Estimated {
            children: (real(self.beside) / each).max(real(self.found)),
            variance: real(self.squares) / (each * each),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::draw::Draws;
    use super::super::super::number::size;
    use super::*;

    fn pair(mother: bool, by_prisons: bool) -> Naming {
        Naming { mother, by_prisons }
    }

    #[test]
    fn everything_found_is_everything() {
        let children = [
            vec![pair(true, true), pair(false, true)],
            vec![pair(false, true)],
            vec![pair(true, true)],
        ];
        let of = OfTwo::among(children.iter());
        let estimated = of.estimate([2.0, 2.0]);
        assert!((estimated.children - 1.0).abs() < 1e-12);
    }

    #[test]
    fn services_that_name_both_parents_at_once_do_not_inflate_it() {
        // 2,000 children of two among 50,000 of a father alone. Prisons name 0.4 of a mother's pairs and
        // 0.35 of a father's; services know one child in ten and name all its parents.
        let mut children = Vec::new();
        let mut draws = Draws::new(7, 0, 0);
        let mut chance = |p: f64| draws.chance(p);
        let (mut of_mothers, mut of_fathers) = (0, 0);
        for at in 0..52_000 {
            let parents: &[bool] = if at < 2_000 { &[true, false] } else { &[false] };
            let known = chance(0.1);
            let mut found = Vec::new();
            for &mother in parents {
                *if mother {
                    &mut of_mothers
                } else {
                    &mut of_fathers
                } += 1;
                let named = chance(if mother { 0.4 } else { 0.35 });
                if named || known {
                    found.push(pair(mother, named));
                }
            }
            if !found.is_empty() {
                children.push(found);
            }
        }
        let of = OfTwo::among(children.iter());
        let pairs = [f64::from(of_mothers), f64::from(of_fathers)];
        let estimated = of.estimate(pairs);
        let error = estimated.variance.sqrt();
        assert!(
            (estimated.children - 2_000.0).abs() < 3.0 * error,
            "{estimated:?}"
        );
        // The square of the share of pairs that are found would be far off.
        let share = size(children.iter().map(Vec::len).sum()) / (pairs[0] + pairs[1]);
        assert!(real(of.found) / (share * share) > 2_000.0 + 3.0 * error);
    }
}
