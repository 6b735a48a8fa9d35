//! A4 block by block: a block is looked for by the pattern of similarities of its rows.
//!
//! The adversary encodes his own people under a key of his own. For each block of the target he
//! tries every block of his own with as many rows, lays the rows of the two beside each other in
//! the way that fits best, and keeps the best block. The figure is the share of all rows whom he
//! names rightly so; where several fit equally well, he guesses among them.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::frequency::real;
use super::view::{PassView, RowView};
use crate::pseudonymise::Form;

/// Blocks of one size that are tried; the rest of them is taken to fare alike.
const TRIED: usize = 300;
/// Above this many rows, rows are laid side by side by their profiles and then by exchange.
const EXACT: usize = 5;
/// The cost of a tag that differs where it cannot, and of a chance agreement (a natural logarithm
/// of one in 255).
const CANNOT: f32 = 12.0;
const CHANCE: f32 = 5.5;
/// The standard deviation of a similarity between two keys of one filter.
const NOISE: f32 = 0.03;

struct Block {
    people: Vec<usize>,
    /// What a row shows by itself: which tags it lacks, or how full its filters are.
    alone: Vec<u64>,
    /// What two rows show, row by row.
    pairs: Vec<Vec<f32>>,
}

/// The share of the target's rows that are named.
pub(super) fn block_structure(target: &PassView, held: &PassView) -> f64 {
    let Some(form) = &target.form else {
        return 0.0;
    };
    let theirs = blocks(held, form);
    let mut by_size: BTreeMap<usize, Vec<Block>> = BTreeMap::new();
    for block in theirs {
        by_size.entry(block.people.len()).or_default().push(block);
    }
    let mut of_size: BTreeMap<usize, Vec<Block>> = BTreeMap::new();
    for block in blocks(target, form) {
        of_size.entry(block.people.len()).or_default().push(block);
    }
    let mut hits = 0.0;
    for (size, blocks) in &of_size {
        let candidates = by_size.get(size).map(Vec::as_slice).unwrap_or_default();
        hits += match size {
            1 => singles(blocks, candidates),
            _ => {
                let tried = blocks.iter().take(TRIED);
                let found: f64 = tried.map(|block| named(block, candidates, form)).sum();
                found * real(blocks.len()) / real(blocks.len().min(TRIED))
            }
        };
    }
    hits / real(target.rows.len()).max(1.0)
}

/// Rows alone in their block: only what each shows by itself.
fn singles(target: &[Block], held: &[Block]) -> f64 {
    let mut classes: HashMap<&[u64], Vec<usize>> = HashMap::new();
    for block in held {
        classes
            .entry(&block.alone)
            .or_default()
            .extend(&block.people);
    }
    let chance = |block: &Block| {
        let class = classes.get(block.alone.as_slice())?;
        let person = block.people.first()?;
        class.contains(person).then(|| 1.0 / real(class.len()))
    };
    // A class is looked through for each of its members, so only so many are looked up.
    let looked = target.len().min(2_000);
    let found: f64 = target.iter().take(looked).filter_map(chance).sum();
    found * real(target.len()) / real(looked).max(1.0)
}

/// Rows of a block that are named rightly.
fn named(block: &Block, candidates: &[Block], form: &Form) -> f64 {
    let mut best = f32::MAX;
    let mut found: Vec<(&Block, Vec<usize>)> = Vec::new();
    for candidate in candidates {
        let (cost, order) = align(block, candidate, form, best);
        if cost < best - 1e-6 {
            best = cost;
            found.clear();
        }
        if cost <= best + 1e-6 {
            found.push((candidate, order));
        }
    }
    let right = |(candidate, order): &(&Block, Vec<usize>)| {
        let names = order.iter().map(|place| candidate.people.get(*place));
        let hits = block
            .people
            .iter()
            .zip(names)
            .filter(|(p, n)| Some(*p) == *n);
        real(hits.count())
    };
    found.iter().map(right).sum::<f64>() / real(found.len()).max(1.0)
}

fn blocks(view: &PassView, form: &Form) -> Vec<Block> {
    let block = |rows: &Vec<&RowView>| Block {
        people: rows.iter().map(|r| r.person).collect(),
        alone: rows.iter().map(|r| alone(&r.encoding, form)).collect(),
        pairs: rows
            .iter()
            .flat_map(|a| rows.iter().map(|b| pair(&a.encoding, &b.encoding, form)))
            .collect(),
    };
    view.groups().values().map(block).collect()
}

fn alone(encoding: &[u8], form: &Form) -> u64 {
    match form {
        Form::Lanes(_) => encoding
            .iter()
            .fold(1, |seen, tag| seen << 1 | u64::from(*tag == 0)),
        Form::Filters(filters) => filters.ranges().into_iter().fold(0, |seen, range| {
            let bytes = encoding.get(range).unwrap_or_default();
            let set: u32 = bytes.iter().map(|b| b.count_ones()).sum();
            let bits = u32::try_from(bytes.len() * 8).unwrap_or(1).max(1);
            seen << 5 | u64::from(set * 20 / bits)
        }),
    }
}

/// What two rows show: for each lane whether the tags are equal, for each filter the Dice
/// coefficient.
fn pair(a: &[u8], b: &[u8], form: &Form) -> Vec<f32> {
    match form {
        Form::Lanes(_) => a
            .iter()
            .zip(b)
            .map(|(x, y)| f32::from(u8::from(*x != 0 && x == y)))
            .collect(),
        Form::Filters(filters) => filters
            .ranges()
            .into_iter()
            .map(|range| {
                let bytes = a.get(range.clone()).unwrap_or_default();
                let other = b.get(range).unwrap_or_default();
                let both: u32 = bytes
                    .iter()
                    .zip(other)
                    .map(|(x, y)| (x & y).count_ones())
                    .sum();
                let all: u32 = bytes.iter().chain(other).map(|x| x.count_ones()).sum();
                let (both, all) = (small(both), small(all));
                if all > 0.0 { 2.0 * both / all } else { 0.0 }
            })
            .collect(),
    }
}

fn small(count: u32) -> f32 {
    u16::try_from(count).map_or(f32::MAX, f32::from)
}

fn difference(target: &[f32], held: &[f32], form: &Form) -> f32 {
    let one = |(t, h): (&f32, &f32)| match form {
        Form::Lanes(_) if t > h => CHANCE,
        Form::Lanes(_) if t < h => CANNOT,
        Form::Lanes(_) => 0.0,
        Form::Filters(_) => (t - h) * (t - h) / (NOISE * NOISE),
    };
    target.iter().zip(held).map(one).sum()
}

/// The cost of laying the rows of a block beside those of another in some order.
fn cost(block: &Block, other: &Block, order: &[usize], form: &Form, stop: f32) -> f32 {
    let size = order.len();
    let mut total = 0.0;
    for (i, a) in order.iter().enumerate() {
        if block.alone.get(i) != other.alone.get(*a) {
            total += CANNOT;
        }
        for (j, b) in order.iter().enumerate().take(i) {
            let ours = block.pairs.get(i * size + j).map(Vec::as_slice);
            let theirs = other.pairs.get(a * size + b).map(Vec::as_slice);
            total += difference(ours.unwrap_or_default(), theirs.unwrap_or_default(), form);
            if total > stop {
                return total;
            }
        }
    }
    total
}

/// The best order of another block's rows beside a block's, and its cost.
fn align(block: &Block, other: &Block, form: &Form, stop: f32) -> (f32, Vec<usize>) {
    let size = block.people.len();
    if size <= EXACT {
        let mut order: Vec<usize> = (0..size).collect();
        let mut best = (f32::MAX, order.clone());
        permute(&mut order, 0, &mut |order| {
            let total = cost(block, other, order, form, best.0.min(stop));
            if total < best.0 {
                best = (total, order.to_vec());
            }
        });
        return best;
    }
    let mut order = by_profile(block, other);
    let mut total = cost(block, other, &order, form, f32::MAX);
    if total > stop * 6.0 + 200.0 {
        return (total, order);
    }
    loop {
        let before = total;
        for i in 0..size {
            for j in 0..i {
                order.swap(i, j);
                let new = cost(block, other, &order, form, total);
                if new < total {
                    total = new;
                } else {
                    order.swap(i, j);
                }
            }
        }
        if total >= before {
            return (total, order);
        }
    }
}

/// Rows side by side by how alike their similarities to all others are, the most alike first.
fn by_profile(block: &Block, other: &Block) -> Vec<usize> {
    let size = block.people.len();
    let (ours, theirs) = (profiles(block), profiles(other));
    let mut cells: Vec<(f32, usize, usize)> = Vec::with_capacity(size * size);
    for (i, a) in ours.iter().enumerate() {
        for (j, b) in theirs.iter().enumerate() {
            let apart: f32 = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
            let alone = f32::from(u8::from(block.alone.get(i) != other.alone.get(j)));
            cells.push((apart + 100.0 * alone, i, j));
        }
    }
    cells.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut order: Vec<Option<usize>> = vec![None; size];
    let mut used = vec![false; size];
    for (_, i, j) in cells {
        if let (Some(slot), Some(used)) = (order.get_mut(i), used.get_mut(j))
            && slot.is_none()
            && !*used
        {
            (*slot, *used) = (Some(j), true);
        }
    }
    order.into_iter().map(|place| place.unwrap_or(0)).collect()
}

fn profiles(block: &Block) -> Vec<Vec<f32>> {
    let size = block.people.len();
    (0..size)
        .map(|i| {
            let row = block.pairs.iter().skip(i * size).take(size).enumerate();
            let others = row.filter(|(j, _)| *j != i);
            let mut profile: Vec<f32> = others.map(|(_, pair)| pair.iter().sum()).collect();
            profile.sort_by(f32::total_cmp);
            profile
        })
        .collect()
}

fn permute(order: &mut Vec<usize>, from: usize, each: &mut impl FnMut(&[usize])) {
    if from == order.len() {
        each(order);
        return;
    }
    for place in from..order.len() {
        order.swap(from, place);
        permute(order, from + 1, each);
        order.swap(from, place);
    }
}
