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
//! E X = T (n_m f_f + n_f f_m) R / P     n: share of pairs that prisons name, f: that anybody finds
//! ```
//!
//! by the sex m, f of the parent, since mothers are named and found more often. The two pairs meet
//! where the records of the child are linked: of those that should be, the share R is, and of those
//! that are, the share P should be ([`Links`]; as in [`super::super::both_parents`]). Siblings are found
//! together, so couples and not children are independent. With x of X a couple's, and s its children of
//! two, found or not, the variance of X about what is there is
//!
//! ```text
//! Σ x² − ((n_m f_f + n_f f_m) R / P)² Σ s²,   Σ s² = T (Σ s² / Σ s of the couples that are found)
//! ```
//!
//! Of s, only the children found with both parents are known, and these are taken. The shares n and
//! f are taken as known: what the pairs of mothers are unsure by is small beside what comes of there
//! being so few couples.

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
    /// Sum over couples of the square of their children's part in `beside`.
    squares: u64,
    /// Sum over couples of the square of how many of their children were found with both.
    squares_found: u64,
    /// Pairs that prisons name: of mothers, of fathers.
    by_prisons: [u64; 2],
    /// Pairs that anybody names.
    by_anybody: [u64; 2],
}

/// How many children of two there are for each that links between records of children found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Links {
    ratio: f64,
    /// Its standard error over itself.
    error: f64,
}

impl Links {
    /// Every link is right and none is missed.
    pub const CERTAIN: Links = Links {
        ratio: 1.0,
        error: 0.0,
    };

    /// Of links with this precision and recall, P / R. What a model of linkage expects of its recall
    /// does not hold errors that all its rules share, and records of prisons say less of a child than
    /// others do: links missed are known within themselves, as many again or none. To whole per cents,
    /// so that a new key, whose bits give a model that is a trifle other, does not move the figure.
    /// A share below a half counts as a half: with that the figure is too unsure to be told.
    pub fn new(precision: f64, recall: f64) -> Self {
        let share = |value: f64| (value.clamp(0.5, 1.0) * 100.0).round() / 100.0;
        let (precision, recall) = (share(precision), share(recall));
        Links {
            ratio: precision / recall,
            error: (1.0 - recall) / recall,
        }
    }
}

/// The estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimated {
    /// Children of two prisoners.
    pub children: f64,
    /// Its variance.
    pub variance: f64,
}

impl OfTwo {
    /// Counts the pairs of each child; the children of the same parents stand together.
    pub fn among<'a>(couples: impl Iterator<Item = &'a Vec<Vec<Naming>>>) -> Self {
        let mut out = OfTwo::default();
        for children in couples {
            let (mut found, mut beside) = (0, 0);
            for pairs in children {
                out.count(pairs);
                if pairs.len() > 1 {
                    found += 1;
                    beside += pairs.iter().filter(|p| p.by_prisons).count() as u64;
                }
            }
            out.found += found;
            out.squares_found += found * found;
            out.beside += beside;
            out.squares += beside * beside;
        }
        out
    }

    fn count(&mut self, pairs: &[Naming]) {
        for pair in pairs {
            let [named, found] = [&mut self.by_prisons, &mut self.by_anybody].map(|counts| {
                let [mothers, fathers] = counts;
                if pair.mother { mothers } else { fathers }
            });
            *named += u64::from(pair.by_prisons);
            *found += 1;
        }
    }

    /// Children of two prisoners among so many pairs of mothers and of fathers. None is estimated
    /// where no pair of one of the sexes is named.
    pub fn estimate(&self, pairs: [f64; 2], links: Links) -> Estimated {
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
        let each = each / links.ratio;
        let children = (real(self.beside) / each).max(real(self.found));
        let of_a_couple = real(self.squares_found) / real(self.found).max(1.0);
        let of_all = real(self.squares) / (each * each);
        // Where some are found, never less than one such couple more or less.
        let least = real(self.found.min(1)) / (each * each);
        Estimated {
            children,
            variance: (of_all - children * of_a_couple).max(least)
                + (children * links.error).powi(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::draw::Draws;
    use super::super::super::number::{mean_and_variance, size};
    use super::*;

    fn pair(mother: bool, by_prisons: bool) -> Naming {
        Naming { mother, by_prisons }
    }

    #[test]
    fn everything_found_is_everything() {
        let children = [
            vec![vec![pair(true, true), pair(false, true)]],
            vec![vec![pair(false, true)]],
            vec![vec![pair(true, true)]],
        ];
        let of = OfTwo::among(children.iter());
        let estimated = of.estimate([2.0, 2.0], Links::CERTAIN);
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
                children.push(vec![found]);
            }
        }
        let of = OfTwo::among(children.iter());
        let pairs = [f64::from(of_mothers), f64::from(of_fathers)];
        let estimated = of.estimate(pairs, Links::CERTAIN);
        let error = estimated.variance.sqrt();
        assert!(
            (estimated.children - 2_000.0).abs() < 3.0 * error,
            "{estimated:?}"
        );
        // The square of the share of pairs that are found would be far off.
        let share = size(children.iter().map(Vec::len).sum()) / (pairs[0] + pairs[1]);
        assert!(real(of.found) / (share * share) > 2_000.0 + 3.0 * error);
    }

    #[test]
    fn siblings_who_are_found_together_are_one_find() {
        let of_two = || vec![pair(true, true), pair(false, true)];
        let apart = [vec![of_two()], vec![of_two()], vec![of_two()]];
        let together = [vec![of_two(), of_two(), of_two()]];
        let [apart, together] = [&apart[..], &together[..]].map(|couples| {
            let of = OfTwo::among(couples.iter());
            of.estimate([9.0, 9.0], Links::CERTAIN)
        });
        assert!((apart.children - together.children).abs() < 1e-12);
        assert!((together.variance / apart.variance - 3.0).abs() < 1e-9);
    }

    #[test]
    fn the_variance_is_that_of_the_errors() {
        // 300 couples of one to three children; what a parent names, it names of all its children.
        let (mut errors, mut variances) = (Vec::new(), Vec::new());
        for seed in 0..300 {
            let mut draws = Draws::new(seed, 1, 0);
            let mut couples = Vec::new();
            let mut pairs = [0.0; 2];
            let mut truth = 0.0;
            for at in 0..6_000 {
                let parents: &[bool] = match at {
                    0..300 => &[true, false],
                    300..1_000 => &[true],
                    _ => &[false],
                };
                let siblings = 1 + draws.below(3);
                let names = parents.iter().map(|mother| (*mother, draws.chance(0.35)));
                let names: Vec<(bool, bool)> = names.collect();
                let mut children = Vec::new();
                for _ in 0..siblings {
                    let known = draws.chance(0.1);
                    let found = names.iter().filter(|(_, named)| *named || known);
                    let found: Vec<Naming> = found.map(|(m, named)| pair(*m, *named)).collect();
                    for mother in parents {
                        pairs[usize::from(!*mother)] += 1.0;
                    }
                    truth += f64::from(u32::from(parents.len() == 2));
                    if !found.is_empty() {
                        children.push(found);
                    }
                }
                couples.push(children);
            }
            let estimated = OfTwo::among(couples.iter()).estimate(pairs, Links::CERTAIN);
            errors.push(estimated.children - truth);
            variances.push(estimated.variance);
        }
        let mean = mean_and_variance(&variances).0;
        let ratio = mean / mean_and_variance(&errors).1;
        // A variance of 300 errors is itself within some 16 %.
        assert!((0.8..1.3).contains(&ratio), "{ratio}");
    }

    #[test]
    fn missed_links_are_made_up_for() {
        // 3,000 children of two; both pairs named by prisons with .4, and their records linked with .8.
        let mut draws = Draws::new(11, 0, 0);
        let mut children = Vec::new();
        for at in 0..30_000 {
            let parents: &[bool] = if at < 3_000 { &[true, false] } else { &[false] };
            let named = parents.iter().filter(|_| draws.chance(0.4));
            let named: Vec<Naming> = named.map(|m| pair(*m, true)).collect();
            if named.len() == 2 && !draws.chance(0.8) {
                children.extend(named.into_iter().map(|one| vec![vec![one]]));
            } else if !named.is_empty() {
                children.push(vec![named]);
            }
        }
        let of = OfTwo::among(children.iter());
        let all = [3_000.0, 30_000.0];
        let certain = of.estimate(all, Links::CERTAIN);
        let right = of.estimate(all, Links::new(1.0, 0.8));
        assert!(
            (certain.children / 3_000.0 - 0.8).abs() < 0.05,
            "{certain:?}"
        );
        assert!((right.children / 3_000.0 - 1.0).abs() < 0.06, "{right:?}");
        assert!(right.variance > (0.25 * right.children).powi(2));
        assert_eq!(Links::new(0.9988, 0.9362), Links::new(0.9989, 0.9359));
        let poor = of.estimate(all, Links::new(1.0, 0.1));
        assert!(poor.variance > poor.children.powi(2));
    }
}
