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
const ROUNDS: [usize; 9] = [8, 12, 16, 24, 36, 54, 80, 120, 120];
/// Components whose signs are tried both ways where their skewness does not tell.
const DOUBTED: usize = 3;
/// Rows whose cosines are held at a time.
const CHUNK: usize = 512;

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
    let pairs = signs(&ours, &theirs)
        .into_iter()
        .map(|start| refine(&ours, &theirs, start))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let Some((_, names)) = pairs else {
        return 0.0;
    };
    let hit = |(name, right): (&Option<usize>, &Option<usize>)| name.is_some() && name == right;
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

/// The starting rotations: the signs that skewness tells, and both for the few it tells least.
fn signs(ours: &DMatrix<f32>, theirs: &DMatrix<f32>) -> Vec<Vec<f32>> {
    let first = ROUNDS.first().copied().unwrap_or(0);
    let first = first.min(ours.ncols()).min(theirs.ncols());
    let (a, b): (Vec<f32>, Vec<f32>) =
        (0..first).map(|c| (skewness(ours, c), skewness(theirs, c))).unzip();
    let told: Vec<f32> = a.iter().zip(&b).map(|(x, y)| (x * y).signum()).collect();
    let mut doubted: Vec<usize> = (0..first).collect();
    let clear = |c: &usize| {
        let of = |v: &[f32]| v.get(*c).copied().unwrap_or(0.0).abs();
        of(&a).min(of(&b))
    };
    doubted.sort_by(|x, y| clear(x).total_cmp(&clear(y)));
    doubted.truncate(DOUBTED);
    (0_u32..1 << doubted.len())
        .map(|choice| {
            let mut signs = told.clone();
            for (bit, column) in doubted.iter().enumerate() {
                if choice >> bit & 1 == 1
                    && let Some(sign) = signs.get_mut(*column)
                {
                    *sign = -*sign;
                }
            }
            signs
        })
        .collect()
}

fn skewness(scores: &DMatrix<f32>, column: usize) -> f32 {
    let values = scores.column(column);
    let count = single(values.len());
    let second: f32 = values.iter().map(|v| v * v).sum::<f32>() / count;
    let third: f32 = values.iter().map(|v| v * v * v).sum::<f32>() / count;
    third / second.max(1e-12).powf(1.5)
}

/// Pairs the rows, learns the rotation, and again with more components. Gives how well the pairs
/// fit at the end, and for each row the name.
fn refine(
    ours: &DMatrix<f32>,
    theirs: &DMatrix<f32>,
    signs: Vec<f32>,
) -> (f32, Vec<Option<usize>>) {
    let mut rotation = DMatrix::from_diagonal(&nalgebra::DVector::from_vec(signs));
    let mut names = vec![None; ours.nrows()];
    let mut fit = 0.0;
    for (round, wanted) in ROUNDS.iter().enumerate() {
        let dims = (*wanted).min(ours.ncols()).min(theirs.ncols());
        if round > 0 {
            let Some(next) = procrustes(ours, theirs, &names, dims) else {
                break;
            };
            rotation = next;
        }
        let (new_fit, new) = pair_up(ours, theirs, &rotation, dims.min(rotation.nrows()));
        // A start that pairs next to nobody is not worth going on with.
        if round == 1 && new.iter().flatten().count() * 50 < new.len() {
            return (0.0, new);
        }
        (fit, names) = (new_fit, new);
    }
    (fit, names)
}

/// The rotation that brings the paired rows of `ours` nearest to those of `theirs`.
fn procrustes(
    ours: &DMatrix<f32>,
    theirs: &DMatrix<f32>,
    names: &[Option<usize>],
    dims: usize,
) -> Option<DMatrix<f32>> {
    let pairs: Vec<(usize, usize)> = names
        .iter()
        .enumerate()
        .filter_map(|(row, name)| Some((row, (*name)?)))
        .collect();
    if pairs.len() < 10 {
        return None;
    }
    let of = |m: &DMatrix<f32>, rows: Vec<usize>| m.select_rows(&rows).columns(0, dims).into_owned();
    let a = of(ours, pairs.iter().map(|p| p.0).collect());
    let b = of(theirs, pairs.iter().map(|p| p.1).collect());
    let svd = (a.transpose() * b).svd(true, true);
    Some(svd.u? * svd.v_t?)
}

/// For each row of `ours`, turned, the nearest of `theirs` by the angle, if it is the nearest the
/// other way as well. Gives the mean cosine of the pairs times their share.
fn pair_up(
    ours: &DMatrix<f32>,
    theirs: &DMatrix<f32>,
    rotation: &DMatrix<f32>,
    dims: usize,
) -> (f32, Vec<Option<usize>>) {
    let turned = unit(&(ours.columns(0, dims) * rotation));
    let held = unit(&theirs.columns(0, dims).into_owned()).transpose();
    // Cosines of a few hundred rows with all others at a time: of each row the nearest, and of
    // each of the others the nearest among those rows.
    let chunks: Vec<usize> = (0..turned.nrows()).step_by(CHUNK).collect();
    let parts: Vec<(Vec<(usize, f32)>, Vec<(usize, f32)>)> = chunks
        .into_par_iter()
        .map(|from| {
            let rows = CHUNK.min(turned.nrows() - from);
            let cosines = turned.rows(from, rows) * &held;
            let mut there = vec![(0, f32::MIN); rows];
            let mut back = vec![(0, f32::MIN); held.ncols()];
            for (column, (best, cosines)) in
                back.iter_mut().zip(cosines.column_iter()).enumerate()
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
    let mut sum = 0.0;
    let names: Vec<Option<usize>> = there
        .iter()
        .enumerate()
        .map(|(row, (name, cosine))| {
            let mutual = back.get(*name).is_some_and(|b| b.0 == row);
            if mutual {
                sum += cosine;
            }
            mutual.then_some(*name)
        })
        .collect();
    (sum / single(ours.nrows().max(1)), names)
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
