//! Secondary suppression: which further cells are hidden so that no small count can be had.
//!
//! First, cells are shown one after the other, the dearest to hide first, as long as no small
//! count becomes a combination of shown cells (the criterion of Langsrud's Gaussian
//! elimination). That pattern is exact against adding and subtracting over all relations
//! together. Then the attacker's bounds are computed, and where they come too close the cheapest
//! cells that give room are hidden as well.

use std::collections::BTreeMap;

use super::bounds::{Bounds, LARGEST_PROGRAM, Move, NEAR_BY, View};
use super::elimination::Freedom;
use super::repair::{Neighbours, repair};
use super::rules::Rules;
use super::system::System;

/// What is to be protected.
pub(crate) struct Task<'a> {
    pub system: &'a System,
    /// Small counts, and zeros where the rules hide them.
    pub primary: &'a [bool],
    /// Cells that are not known from the start: all but open zeros.
    pub unknown: &'a [bool],
    pub rules: &'a Rules,
}

/// A pattern: which cells are hidden, and how the attacker's bounds stand.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub hidden: Vec<bool>,
    /// Changes that no relation notices: the proof that bounds are as far apart as they are.
    pub moves: Vec<Move>,
    /// Cost of the cells that are hidden without being small.
    pub cost: f64,
    /// Linear programs that it took.
    programs: usize,
}

/// Rounds of finding close bounds and giving them room.
const ROUNDS: usize = 50;
/// Tables with at most so many unknown cells are improved by trying other orders.
const IMPROVED: usize = 400;
/// Linear programs that improving may take, all trials together.
const BUDGET: usize = 600;

/// Finds a pattern that protects every primary cell, or says which cells it could not protect.
pub(crate) fn protect(task: &Task<'_>) -> Result<Pattern, Vec<u32>> {
    let neighbours = Neighbours::of(task.system);
    let order = standard_order(task);
    let first = attempt(task, &neighbours, &order, &[])?;
    if order.len() <= IMPROVED {
        Ok(improve(task, &neighbours, &order, first))
    } else {
        Ok(first)
    }
}

/// Candidates to be shown, dearest first; then margins before inner cells, then by place.
fn standard_order(task: &Task<'_>) -> Vec<u32> {
    let mut order: Vec<u32> = (0..task.system.len())
        .filter_map(|c| u32::try_from(c).ok())
        .filter(|c| task.unknown[*c as usize] && !task.primary[*c as usize])
        .collect();
    let value = |c: &u32| task.system.value[*c as usize];
    order.sort_by(|a, b| {
        let (ca, cb) = (task.rules.cost.of(value(a)), task.rules.cost.of(value(b)));
        cb.total_cmp(&ca)
            .then_with(|| task.system.depth(*a).cmp(&task.system.depth(*b)))
            .then_with(|| value(b).cmp(&value(a)))
            .then_with(|| a.cmp(b))
    });
    order
}

/// One pattern: `early` cells are tried to be shown before all others.
fn attempt(
    task: &Task<'_>,
    neighbours: &Neighbours,
    order: &[u32],
    early: &[u32],
) -> Result<Pattern, Vec<u32>> {
    let mut hidden: Vec<bool> = task.unknown.to_vec();
    let mut freedom = Freedom::of(task.system, task.unknown);
    for cell in early.iter().chain(order) {
        if hidden[*cell as usize] && !freedom.would_determine(*cell, task.primary) {
            freedom.show(*cell);
            hidden[*cell as usize] = false;
        }
    }
    let mut moves = freedom.moves();
    let mut programs = 0;
    let mut repaired = false;
    for round in 0..ROUNDS {
        // Repairs find changes near a cell; only what they cannot prove is asked of a large program.
        let largest = if round < 3 { NEAR_BY } else { LARGEST_PROGRAM };
        let (bounds, solved) = bounds_of(task, &hidden, &moves, largest);
        programs += solved;
        let mut close: Vec<u32> = Vec::new();
        let mut shown_again = false;
        for (cell, b) in &bounds {
            if task.primary[*cell as usize] {
                if !b.reaches(task.rules.width.max(1)) {
                    close.push(*cell);
                }
            } else if b.exact && b.upper - b.lower < 1e-6 {
                // Whoever looks knows it anyway; hiding it protects nothing.
                hidden[*cell as usize] = false;
                shown_again = true;
            }
        }
        if close.is_empty() {
            if shown_again {
                moves.retain(|m| m.iter().all(|(c, _)| hidden[*c as usize]));
                continue;
            }
            if repaired && order.len() <= IMPROVED {
                programs += show_again(task, order, &mut hidden, &mut moves);
                // What was shown may have determined other cells that are not small: look again.
                repaired = false;
                continue;
            }
            let cost = cost(task, &hidden);
            return Ok(Pattern {
                hidden,
                moves,
                cost,
                programs,
            });
        }
        moves.retain(|m| m.iter().all(|(c, _)| hidden[*c as usize]));
        let mut stuck = Vec::new();
        repaired = true;
        for cell in close {
            programs += 2;
            match repair(
                task.system,
                neighbours,
                &hidden,
                task.unknown,
                cell,
                task.rules,
            ) {
                Some(found) => {
                    for c in found.hide {
                        hidden[c as usize] = true;
                    }
                    moves.extend(found.change);
                }
                None => stuck.push(cell),
            }
        }
        if !stuck.is_empty() {
            return Err(stuck);
        }
    }
    Err(Vec::new())
}

/// Shows what a repair has made superfluous, the dearest first. Gives the linear programs it took.
fn show_again(task: &Task<'_>, order: &[u32], hidden: &mut [bool], moves: &mut Vec<Move>) -> usize {
    let mut programs = 0;
    for cell in order {
        if !hidden[*cell as usize] || programs > BUDGET {
            continue;
        }
        hidden[*cell as usize] = false;
        let mut fewer = moves.clone();
        fewer.retain(|m| m.iter().all(|(c, _)| hidden[*c as usize]));
        fewer.extend(Freedom::of(task.system, hidden).moves());
        let (bounds, solved) = bounds_of(task, hidden, &fewer, NEAR_BY);
        programs += solved;
        let safe = bounds
            .iter()
            .all(|(c, b)| !task.primary[*c as usize] || b.reaches(task.rules.width.max(1)));
        if safe {
            *moves = fewer;
        } else {
            hidden[*cell as usize] = true;
        }
    }
    programs
}

/// The bounds of the hidden cells, and the linear programs they took.
fn bounds_of(
    task: &Task<'_>,
    hidden: &[bool],
    moves: &[Move],
    largest: usize,
) -> (BTreeMap<u32, Bounds>, usize) {
    let view = View::new(task.system, hidden, task.rules);
    let wanted: Vec<(u32, u64)> = (0..task.system.len())
        .filter(|c| hidden[*c])
        .filter_map(|c| u32::try_from(c).ok())
        .map(|c| {
            let width = if task.primary[c as usize] {
                task.rules.width.max(1)
            } else {
                0
            };
            (c, width)
        })
        .collect();
    let bounds = view.bounds(moves, &wanted, largest);
    (bounds, view.programs())
}

fn cost(task: &Task<'_>, hidden: &[bool]) -> f64 {
    // Summed in the order of the cells, so that it is the same on every machine.
    hidden
        .iter()
        .zip(task.primary)
        .zip(&task.system.value)
        .filter(|((h, p), _)| **h && !**p)
        .map(|(_, n)| task.rules.cost.of(*n))
        .sum()
}

/// Tries to show each secondary cell before all others and keeps what is cheaper, until no single
/// change helps.
fn improve(task: &Task<'_>, neighbours: &Neighbours, order: &[u32], mut best: Pattern) -> Pattern {
    let mut early: Vec<u32> = Vec::new();
    let mut programs = best.programs;
    loop {
        let mut better = None;
        for cell in order.iter().filter(|c| best.hidden[**c as usize]) {
            if programs > BUDGET {
                return best;
            }
            let mut trial = vec![*cell];
            trial.extend(early.iter().filter(|c| *c != cell));
            if let Ok(pattern) = attempt(task, neighbours, order, &trial) {
                programs += pattern.programs;
                if pattern.cost < best.cost - 1e-9 {
                    better = Some((trial, pattern));
                    break;
                }
            }
        }
        match better {
            Some((trial, pattern)) => (early, best) = (trial, pattern),
            None => return best,
        }
    }
}
