//! A4: who is who by the structure of similarities of a whole file, without its key.
//!
//! Two encodings of the same people under two keys have the same structure: the same directions of
//! greatest variance, up to the names of the bits. The adversary encodes his own people under keys
//! of his own, takes the principal components of both files, turns the signs of the components
//! until their skewness agrees, pairs the rows that lie next to each other, and from those pairs
//! learns a rotation of more and more components (orthogonal Procrustes; Schönemann 1966). It is
//! a linear attack of a kind published against Bloom filters (Schaefer, Armknecht and Heng, ACSAC
//! 2024, with neural networks in place of the rotation).

use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

use super::frequency::real;

/// Components taken from each file.
const COMPONENTS: usize = 120;
/// Rounds of the subspace iteration.
const ITERATIONS: usize = 5;
/// Components of the rounds of pairing.
const ROUNDS: [usize; 12] = [8, 8, 10, 12, 16, 24, 36, 54, 80, 80, 120, 120];
/// Below so many components only the nearest two thirds of the pairs are learnt from.
const KEPT: usize = 10;
/// Rows whose cosines are held at a time.
const CHUNK: usize = 512;

/// A row, and how near it is.
type Near = (usize, f32);
/// The row that a row is taken for, and how near it is.
type Name = Option<Near>;

/// Rows of features: bits, or tags one by one.
pub(super) type Features = Vec<Vec<f32>>;

/// The share of the rows of `target` whom the adversary names rightly. `right` gives for each row
/// of `target` its place in `held`, or none for somebody he does not hold; it is used for counting
/// alone. The figure is of the rows whom he does hold.
pub(super) fn structure(target: &Features, held: &Features, right: &[Option<usize>]) -> f64 {
    let known = right.iter().flatten().count();
    if target.len() < 20 || held.len() < 20 || known == 0 {
        return 0.0;
    }
    let (ours, theirs) = (components(target), components(held));
    let start = by_profile(&ours, &theirs);
    let names = refine(&ours, &theirs, start);
    let hit =
        |(name, right): (&Name, &Option<usize>)| name.is_some() && name.map(|n| n.0) == *right;
    real(names.iter().zip(right).filter(|p| hit(*p)).count()) / real(known)
}

/// The scores of the rows on the components of greatest variance, each of unit variance times the
/// root of its share, one row a person.
fn components(rows: &Features) -> DMatrix<f32> {
    let width = rows.first().map_or(0, Vec::len);
    let count = rows.len();
    let means: Vec<f32> = (0..width)
        .into_par_iter()
        .map(|c| rows.iter().filter_map(|r| r.get(c)).sum::<f32>() / single(count))
        .collect();
    let data = DMatrix::from_fn(count, width, |r, c| {
        let value = rows.get(r).and_then(|row| row.get(c)).copied();
        value.unwrap_or(0.0) - means.get(c).copied().unwrap_or(0.0)
    });
    let wanted = COMPONENTS.min(count).min(width);
    // A start that is no eigenvector of anything: a fixed pattern of signs.
    let mut basis = DMatrix::from_fn(width, wanted, |r, c| {
        let z = (r * 7919 + c * 104_729 + r * c * 31) % 1009;
        single(z) / 504.5 - 1.0
    });
    let turned = data.transpose();
    for _ in 0..ITERATIONS {
        basis = basis.qr().q();
        let scores = &data * &basis;
        basis = &turned * &scores;
    }
    basis = basis.qr().q();
    let scores = &data * &basis;
    let eigen = SymmetricEigen::new(scores.transpose() * &scores);
    let mut order: Vec<usize> = (0..wanted).collect();
    let value = |i: &usize| eigen.eigenvalues.get(*i).copied().unwrap_or(0.0);
    order.sort_by(|a, b| value(b).total_cmp(&value(a)));
    let turned = &scores * &eigen.eigenvectors;
    DMatrix::from_fn(count, wanted, |r, c| {
        let column = order.get(c).copied().unwrap_or(0);
        turned.get((r, column)).copied().unwrap_or(0.0)
    })
}

/// A first pairing: rows whose similarities to all others, put in order, are alike. Who is close to
/// many and who to none does not depend on the key.
fn by_profile(ours: &DMatrix<f32>, theirs: &DMatrix<f32>) -> Vec<Name> {
    let (a, b) = (profiles(ours), profiles(theirs));
    let width = b.ncols();
    // Each feature counts by how much it varies among people; the many quantiles as one group, the
    // scores without their signs as another.
    let scaled = |m: &DMatrix<f32>| {
        let mean = m.row_mean();
        let spread = m.row_variance();
        DMatrix::from_fn(m.nrows(), width, |r, c| {
            let own = m.get((r, c)).copied().unwrap_or(0.0);
            let spread = spread.get(c).copied().unwrap_or(1.0).max(1e-12).sqrt();
            let group = if c < QUANTILES {
                single(QUANTILES) / 8.0
            } else {
                1.0
            };
            (own - mean.get(c).copied().unwrap_or(0.0)) / spread / group.sqrt()
        })
    };
    nearest(&scaled(&a), &scaled(&b), Measure::Distance)
}

/// Components whose scores are compared without their signs.
const SIGNLESS: usize = 10;
/// Points at which a row's ordered similarities are read.
const QUANTILES: usize = 48;

fn profiles(scores: &DMatrix<f32>) -> DMatrix<f32> {
    let rows = unit(scores);
    let turned = rows.transpose();
    let count = rows.nrows();
    let chunks: Vec<usize> = (0..count).step_by(CHUNK).collect();
    let parts: Vec<Vec<Vec<f32>>> = chunks
        .into_par_iter()
        .map(|from| {
            let height = CHUNK.min(count - from);
            let cosines = rows.rows(from, height) * &turned;
            (0..height)
                .map(|r| {
                    let mut row: Vec<f32> = cosines.row(r).iter().copied().collect();
                    row.sort_by(f32::total_cmp);
                    // Denser towards both ends, where people differ most.
                    let point = |q: usize| {
                        let place = place_of(q, count);
                        row.get(place).copied().unwrap_or(0.0)
                    };
                    (0..QUANTILES).map(point).collect()
                })
                .collect()
        })
        .collect();
    let all: Vec<Vec<f32>> = parts.into_iter().flatten().collect();
    DMatrix::from_fn(
        count,
        QUANTILES + SIGNLESS.min(scores.ncols()),
        |r, c| match c.checked_sub(QUANTILES) {
            None => all
                .get(r)
                .and_then(|row| row.get(c))
                .copied()
                .unwrap_or(0.0),
            Some(c) => scores.get((r, c)).copied().unwrap_or(0.0).abs(),
        },
    )
}

/// The place in a list of `count` at which quantile `q` is read: as the square from either end to
/// the middle.
fn place_of(q: usize, count: usize) -> usize {
    let last = count.saturating_sub(1);
    let half = QUANTILES / 2;
    let from_end = |q: usize| last * q * q / (2 * half * half).max(1);
    if q < half {
        from_end(q)
    } else {
        last - from_end(QUANTILES - 1 - q)
    }
}

/// Learns the rotation from the pairs, pairs anew, and again with more components.
fn refine(ours: &DMatrix<f32>, theirs: &DMatrix<f32>, start: Vec<Name>) -> Vec<Name> {
    let mut names = start;
    for wanted in ROUNDS {
        let dims = wanted.min(ours.ncols()).min(theirs.ncols());
        let Some(rotation) = procrustes(ours, theirs, &names, dims) else {
            break;
        };
        let turned = unit(&(ours.columns(0, dims) * rotation));
        let held = unit(&theirs.columns(0, dims).into_owned());
        names = nearest(&turned, &held, Measure::Cosine);
        // The pairs that lie nearest are the likeliest to be right.
        let mut near: Vec<f32> = names.iter().flatten().map(|n| n.1).collect();
        near.sort_by(f32::total_cmp);
        let bar = near.get(near.len() / 3).copied().unwrap_or(f32::MIN);
        if dims < KEPT {
            for name in &mut names {
                *name = name.filter(|n| n.1 >= bar);
            }
        }
    }
    names
}

/// The rotation that brings the paired rows of `ours` nearest to those of `theirs`.
fn procrustes(
    ours: &DMatrix<f32>,
    theirs: &DMatrix<f32>,
    names: &[Name],
    dims: usize,
) -> Option<DMatrix<f32>> {
    let pairs: Vec<(usize, usize)> = names
        .iter()
        .enumerate()
        .filter_map(|(row, name)| Some((row, name.as_ref()?.0)))
        .collect();
    if pairs.len() < 10 {
        return None;
    }
    let of =
        |m: &DMatrix<f32>, rows: Vec<usize>| m.select_rows(&rows).columns(0, dims).into_owned();
    let a = of(ours, pairs.iter().map(|p| p.0).collect());
    let b = of(theirs, pairs.iter().map(|p| p.1).collect());
    let svd = (a.transpose() * b).svd(true, true);
    Some(svd.u? * svd.v_t?)
}

/// What makes two rows near.
#[derive(Clone, Copy, PartialEq)]
enum Measure {
    /// The product of rows of length one.
    Cosine,
    /// The square of the distance.
    Distance,
}

/// For each row of `ours` the nearest of `theirs`, if it is the nearest the other way as well.
fn nearest(ours: &DMatrix<f32>, theirs: &DMatrix<f32>, measure: Measure) -> Vec<Name> {
    // The nearest by distance has the greatest product less half its own square.
    let half = |r: usize| match measure {
        Measure::Cosine => 0.0,
        Measure::Distance => theirs.row(r).norm_squared() / 2.0,
    };
    let halves: Vec<f32> = (0..theirs.nrows()).map(half).collect();
    let ours_half = |r: usize| match measure {
        Measure::Cosine => 0.0,
        Measure::Distance => ours.row(r).norm_squared() / 2.0,
    };
    let turned = ours;
    let held = theirs.transpose();
    // Cosines of a few hundred rows with all others at a time: of each row the nearest, and of
    // each of the others the nearest among those rows.
    let chunks: Vec<usize> = (0..turned.nrows()).step_by(CHUNK).collect();
    let parts: Vec<(Vec<Near>, Vec<Near>)> = chunks
        .into_par_iter()
        .map(|from| {
            let rows = CHUNK.min(turned.nrows() - from);
            let mut cosines = turned.rows(from, rows) * &held;
            for (mut column, half) in cosines.column_iter_mut().zip(&halves) {
                column.add_scalar_mut(-half);
            }
            for (r, mut row) in cosines.row_iter_mut().enumerate() {
                row.add_scalar_mut(-ours_half(from + r));
            }
            let cosines = cosines;
            let mut there = vec![(0, f32::MIN); rows];
            let mut back = vec![(0, f32::MIN); held.ncols()];
            for (column, (best, cosines)) in back.iter_mut().zip(cosines.column_iter()).enumerate()
            {
                let mut most = f32::MIN;
                for (cosine, best_there) in cosines.iter().zip(&mut there) {
                    most = most.max(*cosine);
                    if *cosine > best_there.1 {
                        *best_there = (column, *cosine);
                    }
                }
                let row = cosines.iter().position(|c| *c >= most).unwrap_or(0);
                *best = (from + row, most);
            }
            (there, back)
        })
        .collect();
    let mut there = Vec::with_capacity(turned.nrows());
    let mut back = vec![(0, f32::MIN); held.ncols()];
    for (some, other) in parts {
        there.extend(some);
        for (best, new) in back.iter_mut().zip(other) {
            if new.1 > best.1 {
                *best = new;
            }
        }
    }
    let mutual = |(row, (name, near)): (usize, &(usize, f32))| {
        let both = back.get(*name).is_some_and(|b| b.0 == row);
        both.then_some((*name, *near))
    };
    there.iter().enumerate().map(mutual).collect()
}

fn unit(rows: &DMatrix<f32>) -> DMatrix<f32> {
    let mut out = rows.clone();
    for mut row in out.row_iter_mut() {
        let length = row.norm().max(1e-12);
        row /= length;
    }
    out
}

fn single(count: usize) -> f32 {
    // Counts here are below 2^24, where every whole number is exact.
    u32::try_from(count).map_or(f32::MAX, |c| {
        let (high, low) = (c >> 16, c & 0xffff);
        f32::from(u16::try_from(high).unwrap_or(u16::MAX)) * 65_536.0
            + f32::from(u16::try_from(low).unwrap_or(0))
    })
}
