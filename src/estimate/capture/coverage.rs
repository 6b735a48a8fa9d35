//! Estimators by moments: Chao's lower bound, and sample coverage by Chao and Tsay.

use serde::Serialize;

use super::model::members;
use super::table::{Table, real, small};

/// Chao's lower bound for people who differ in how easily they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LowerBound {
    /// For lists of different sizes: the people on one list only, pair by pair of lists, over the
    /// people on those two only.
    pub n_hat: f64,
    /// Its standard error.
    pub se_n: f64,
    /// The classical form `n + f1 (f1 - 1) / (2 (f2 + 1))`, with `f1` and `f2` the people on one and
    /// on two lists (Chao 1987).
    pub classical: f64,
}

/// Chao's lower bound (1987, Biometrics 43, 783–791). If each person's odds of being on list `j` are
/// that person's own factor times one of the list, then by Cauchy and Schwarz no fewer than
/// `f_j f_k / f_jk` people are unseen, `f_j` being those on `j` alone and `f_jk` those on both and no
/// other; the pairs are pooled, with a one below as in the bias-corrected form. The standard error is
/// by the delta method.
pub fn lower_bound(table: &Table) -> LowerBound {
    let alone: Vec<f64> = (0..table.order())
        .map(|i| real(table.count(1 << i)))
        .collect();
    let f1: f64 = alone.iter().sum();
    let products = (f1 * f1 - alone.iter().map(|n| n * n).sum::<f64>()) / 2.0;
    let f2 = real(table.seen_on(2));
    let observed = real(table.observed());
    let unseen = products / (f2 + 1.0);
    let from_alone: f64 = alone
        .iter()
        .map(|n| n * ((f1 - n) / (f2 + 1.0)).powi(2))
        .sum();
    let from_two = f2 * (unseen / (f2 + 1.0)).powi(2);
    LowerBound {
        n_hat: observed + unseen,
        se_n: (unseen + from_alone + from_two).sqrt(),
        classical: observed + f1 * (f1 - 1.0).max(0.0) / (2.0 * (f2 + 1.0)),
    }
}

/// Sample coverage: the share of all chances of being listed that belongs to people who were.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SampleCoverage {
    /// The coverage.
    pub coverage: f64,
    /// The estimate if lists were independent.
    pub independent: f64,
    /// The estimate for high coverage, with the dependence of pairs; `None` where its denominator is
    /// not positive.
    pub n_hat: Option<f64>,
    /// The one-step estimate for low coverage, which does not blow up.
    pub one_step: f64,
}

/// The estimators of Chao and Tsay (1998, "A sample coverage approach to multiple-system estimation
/// with application to census undercount", JASA 93, 283–293; Chao, Tsay, Lin, Shau and Chao 2001,
/// Statistics in Medicine 20, 3123–3157). For three lists or more; `None` for two, or if nobody is
/// covered.
pub fn sample_coverage(table: &Table) -> Option<SampleCoverage> {
    let lists = table.order();
    if lists < 3 {
        return None;
    }
    let k = small(lists);
    let size = |i: usize| real(table.margin(1 << i));
    let alone: Vec<f64> = (0..lists).map(|i| real(table.count(1 << i))).collect();
    let coverage = 1.0 - (0..lists).map(|i| alone[i] / size(i)).sum::<f64>() / k;
    if coverage <= 0.0 {
        return None;
    }
    let covered = real(table.observed()) - alone.iter().sum::<f64>() / k;
    let independent = covered / coverage;
    // Of each pair: the people on one of them and on no list but these two, and the chance of both.
    let mut pairs = Vec::new();
    for i in 0..lists {
        for j in i + 1..lists {
            let both = (1 << i) | (1 << j);
            let weight = alone[i] + alone[j] + 2.0 * real(table.count(both));
            let together = real(table.margin(both)) / (size(i) * size(j));
            pairs.push((weight, together));
        }
    }
    let step = |total: f64| {
        let dependence = pairs
            .iter()
            .map(|(w, together)| w * (total * together - 1.0));
        independent + dependence.sum::<f64>() / (k * coverage)
    };
    // The fixed point of `step`, which is linear in the total.
    let slope = pairs.iter().map(|(w, together)| w * together).sum::<f64>() / (k * coverage);
    let n_hat = (slope < 1.0).then(|| step(0.0) / (1.0 - slope));
    Some(SampleCoverage {
        coverage,
        independent,
        n_hat: n_hat.filter(|n| n.is_finite() && *n >= real(table.observed())),
        one_step: step(step(independent)),
    })
}

/// The share of each list that is on another, for every two of them.
pub fn implied_coverage(table: &Table) -> Vec<(usize, usize, f64)> {
    let mut out = Vec::new();
    for i in 0..table.order() {
        for j in (0..table.order()).filter(|j| *j != i) {
            let both = real(table.margin((1 << i) | (1 << j)));
            out.push((i, j, both / real(table.margin(1 << j))));
        }
    }
    out
}

/// A list whose size is estimated from two others within it, as if they were independent there, and
/// its true size (Binette and Steorts 2022, "On the reliability of multiple systems estimation for the
/// quantification of modern slavery", JRSS A 185, 640–676).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Within {
    /// The list whose size is known.
    pub list: usize,
    /// The two others, as a set.
    pub others: usize,
    /// `n_ik n_jk / n_ijk`; `None` if nobody is on all three.
    pub estimate: Option<f64>,
    /// How many the list holds.
    pub size: f64,
}

/// Every list by every two others.
pub fn within_lists(table: &Table) -> Vec<Within> {
    let mut out = Vec::new();
    for list in 0..table.order() {
        let home = 1 << list;
        for others in (1_usize..1 << table.order()).filter(|o| o.count_ones() == 2 && o & home == 0)
        {
            let margins = members(others).map(|i| real(table.margin(home | 1 << i)));
            let all = real(table.margin(home | others));
            out.push(Within {
                list,
                others,
                estimate: (all > 0.0).then(|| margins.product::<f64>() / all),
                size: real(table.margin(home)),
            });
        }
    }
    out
}
