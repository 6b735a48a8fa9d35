//! Secondary suppression: which further cells are hidden so that no small count can be had.
//!
//! First, cells are shown one after the other, the dearest to hide first, as long as no small
//! count becomes a combination of shown cells (the criterion of Langsrud's Gaussian
//! elimination). That pattern is exact against adding and subtracting over all relations
//! together. Then the attacker's bounds are computed, and where they come too close the cheapest
//! cells that give room are hidden as well.

use super::attacker::{Attack, Move, Reach};
use super::certified::{Certified, build, proven};
use super::elimination::Freedom;
use super::exact::count;
use super::optimum;
use super::owner::{Known, of_people, too_well_known};
use super::range::Range;
use super::repair::{Ground, Repairer};
use super::rules::{Method, Rules};
use super::system::{System, place};

/// What is to be protected.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    pub system: &'a System,
    /// Small counts, and zeros where the rules hide them.
    pub primary: &'a [bool],
    /// Cells that are not known from the start: all but open zeros.
    pub unknown: &'a [bool],
    /// Cells that must stay shown.
    pub fixed: &'a [bool],
    /// The cost of hiding each cell.
    pub cost: &'a [f64],
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
    /// No pattern costs less than this, where it was looked for.
    pub bound: Option<f64>,
    /// Was every group of owners looked at, or each cell by itself? None where the rules ask for
    /// neither.
    pub every_group: Option<bool>,
    /// Programs solved: a measure of work that does not depend on the machine.
    work: usize,
}

/// Rounds of finding close bounds and giving them room.
const ROUNDS: usize = 50;
/// Systems with at most so many unknown cells are improved by trying other orders.
const IMPROVED: usize = 500;
/// Systems with more unknown cells are built from changes, one small count after the other.
const LARGE: usize = 3_000;
/// Programs that improving may take, all trials together.
const WORK: usize = 6_000;
/// Programs that one pattern may take to show again what repairs have made superfluous.
const AGAIN: usize = 600;

/// Finds a pattern that protects every primary cell, or says which cells it could not protect.
pub(crate) fn protect(task: &Task<'_>) -> Result<Pattern, Vec<u32>> {
    let order = standard_order(task);
    if order.len() > LARGE {
        return against_owners(task, certify(task, &order)?);
    }
    let best = fast(task, &order)?;
    let wanted = match task.rules.method {
        Method::Fast => false,
        Method::Exact => true,
        Method::Auto => order.len() <= optimum::MOST,
    };
    let best = if wanted { exact(task, best) } else { best };
    against_owners(task, best)
}

/// Gives small counts room against those who own another cell, where the rules ask for it.
fn against_owners(task: &Task<'_>, mut pattern: Pattern) -> Result<Pattern, Vec<u32>> {
    let Some(most) = task.rules.owns() else {
        return Ok(pattern);
    };
    let width = task.rules.width.max(1);
    let mut repairer = repairer(task);
    let mut last = Vec::new();
    for round in 0..ROUNDS {
        let Pattern { hidden, moves, .. } = &mut pattern;
        let groups = of_people(task, hidden, most);
        let known = too_well_known(task, hidden, moves, &groups, width);
        if known.is_empty() {
            pattern.cost = cost(task, &pattern.hidden);
            pattern.every_group = Some(groups.all);
            return Ok(pattern);
        }
        last = known.iter().map(|k| k.small).collect();
        let mut stuck = Vec::new();
        for Known { owners, small } in known {
            let helps = |m: &Move| {
                let apart = m.iter().all(|(c, _)| owners.binary_search(c).is_err());
                apart && proven(task, m).any(|c| c == small)
            };
            if moves.iter().any(helps) {
                continue;
            }
            repairer.still(owners);
            match repairer.repair(hidden, small, width, round) {
                Some(found) => {
                    found.hide.iter().for_each(|c| hidden[place(*c)] = true);
                    moves.extend(found.change);
                }
                None => stuck.push(small),
            }
        }
        if !stuck.is_empty() {
            return Err(stuck);
        }
    }
    Err(last)
}

/// The proof that a pattern is the cheapest, a cheaper one, or a bound.
fn exact(task: &Task<'_>, best: Pattern) -> Pattern {
    let least = optimum::least(task, best.cost);
    let bound = Some(least.bound);
    if let Some((hidden, mut moves)) = least.pattern {
        let mut work = 0;
        let found = weak(task, &hidden, &moves, &mut work);
        if found.close.is_empty() && found.idle.is_empty() {
            moves.extend(found.points);
            return Pattern {
                cost: cost(task, &hidden),
                hidden,
                moves,
                bound,
                every_group: None,
                work,
            };
        }
    }
    Pattern { bound, ..best }
}

/// Elimination and repairs, improved where the system is small.
fn fast(task: &Task<'_>, order: &[u32]) -> Result<Pattern, Vec<u32>> {
    let first = attempt(task, order, &[], Start::Elimination)?;
    if order.len() > IMPROVED {
        return Ok(first);
    }
    let other = attempt(task, order, &[], Start::SmallCounts);
    let mut best = improve(task, order, first);
    if let Ok(other) = other
        && other.cost < best.cost - 1e-9
    {
        best = other;
    }
    Ok(best)
}

/// A pattern for a large system, in which every small count has a change that proves its width.
fn certify(task: &Task<'_>, order: &[u32]) -> Result<Pattern, Vec<u32>> {
    let mut repairer = repairer(task);
    let Certified {
        hidden,
        changes,
        open,
    } = build(task, order, &mut repairer);
    if !open.is_empty() {
        return Err(open);
    }
    Ok(Pattern {
        cost: cost(task, &hidden),
        hidden,
        moves: changes,
        bound: None,
        every_group: None,
        work: 0,
    })
}

pub(crate) fn repairer<'a>(task: &Task<'a>) -> Repairer<'a> {
    Repairer::new(Ground {
        system: task.system,
        unknown: task.unknown,
        fixed: task.fixed,
        cost: task.cost,
        rules: task.rules,
    })
}

/// Candidates to be shown, dearest first; then margins before inner cells, then by place.
pub(crate) fn standard_order(task: &Task<'_>) -> Vec<u32> {
    let mut order: Vec<u32> = (0..task.system.len())
        .filter_map(|c| u32::try_from(c).ok())
        .filter(|c| task.unknown[place(*c)] && !task.primary[place(*c)])
        .collect();
    let value = |c: &u32| task.system.value[place(*c)];
    order.sort_by(|a, b| {
        let (ca, cb) = (task.cost[place(*a)], task.cost[place(*b)]);
        task.fixed[place(*b)]
            .cmp(&task.fixed[place(*a)])
            .then_with(|| cb.total_cmp(&ca))
            .then_with(|| task.system.depth(*a).cmp(&task.system.depth(*b)))
            .then_with(|| value(b).cmp(&value(a)))
            .then_with(|| a.cmp(b))
    });
    order
}

/// What an attacker must allow for each cell of a pattern.
pub(crate) fn ranges(system: &System, hidden: &[bool], rules: &Rules) -> Vec<Range> {
    let cells = system.value.iter().zip(hidden);
    cells
        .map(|(value, hidden)| {
            let truth = count(*value);
            if *hidden {
                Range::at_least(rules.least().min(truth))
            } else {
                Range::exactly(truth)
            }
        })
        .collect()
}

/// The true counts as a point.
pub(crate) fn truth(system: &System) -> Vec<i64> {
    system.value.iter().map(|v| count(*v)).collect()
}

/// The small counts with the width they need.
fn wanted(task: &Task<'_>) -> Vec<(u32, u64)> {
    let cells = (0..task.system.len()).filter(|c| task.primary[*c]);
    cells
        .filter_map(|c| u32::try_from(c).ok())
        .map(|c| (c, task.rules.width.max(1)))
        .collect()
}

/// What is weak about a pattern.
#[derive(Default)]
struct Weakness {
    /// Small counts whose bounds are too close.
    close: Vec<u32>,
    /// Secondary cells that are known all the same.
    idle: Vec<u32>,
    /// Ways to the points that show other small counts to be wide enough, where moves do not.
    points: Vec<Move>,
}

fn weak(task: &Task<'_>, hidden: &[bool], moves: &[Move], work: &mut usize) -> Weakness {
    let given = ranges(task.system, hidden, task.rules);
    let wanted = wanted(task);
    let Ok(mut attack) = Attack::new(task.system, given, Some(truth(task.system))) else {
        // The truth is a point, so that this cannot be.
        return Weakness {
            close: wanted.into_iter().map(|(c, _)| c).collect(),
            ..Weakness::default()
        };
    };
    attack.walk(moves, &wanted);
    attack.keep_points();
    let close = wanted
        .into_iter()
        .filter(|(c, width)| attack.whole_reach(*c, *width) != Reach::Wide)
        .map(|(c, _)| c)
        .collect();
    let idle = (0..task.system.len())
        .filter(|c| hidden[*c] && !task.primary[*c])
        .filter_map(|c| u32::try_from(c).ok())
        .filter(|c| !attack.is_open(*c))
        .collect();
    *work += attack.programs + 1;
    Weakness {
        close,
        idle,
        points: attack.points(),
    }
}

/// From where a pattern is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// From what elimination leaves hidden.
    Elimination,
    /// From the small counts alone, by repairs.
    SmallCounts,
}

/// One pattern: `early` cells are tried to be shown before all others.
fn attempt(
    task: &Task<'_>,
    order: &[u32],
    early: &[u32],
    start: Start,
) -> Result<Pattern, Vec<u32>> {
    let mut hidden: Vec<bool> = task.unknown.to_vec();
    let mut freedom = Freedom::of(task.system, task.unknown);
    for cell in early.iter().chain(order) {
        let must = task.fixed[place(*cell)] || start == Start::SmallCounts;
        if hidden[place(*cell)] && (must || !freedom.would_determine(*cell, task.primary)) {
            freedom.show(*cell);
            hidden[place(*cell)] = false;
        }
    }
    let mut moves = freedom.moves();
    let mut repairer = repairer(task);
    let mut repaired = false;
    let mut work = 0;
    let mut last = Vec::new();
    for round in 0..ROUNDS {
        let Weakness {
            close,
            idle,
            points,
        } = weak(task, &hidden, &moves, &mut work);
        if close.is_empty() {
            moves.extend(points);
            for cell in &idle {
                // Whoever looks knows it anyway; hiding it protects nothing.
                hidden[place(*cell)] = false;
            }
            if !idle.is_empty() {
                moves.retain(|m| m.iter().all(|(c, _)| hidden[place(*c)]));
            }
            if repaired && order.len() <= IMPROVED {
                show_again(task, order, &mut hidden, &mut moves, &mut work);
                repaired = false;
                continue;
            }
            let cost = cost(task, &hidden);
            return Ok(Pattern {
                hidden,
                moves,
                cost,
                bound: None,
                every_group: None,
                work,
            });
        }
        let mut stuck = Vec::new();
        last.clone_from(&close);
        repaired = true;
        let mut covered = vec![false; hidden.len()];
        for cell in close {
            if covered[place(cell)] {
                continue;
            }
            work += 2;
            match repairer.repair(&hidden, cell, task.rules.width, round) {
                Some(found) => {
                    for c in found.hide {
                        hidden[place(c)] = true;
                    }
                    if let Some(along) = found.change {
                        cover(task, &along, &mut covered);
                        moves.push(along);
                    }
                }
                None => stuck.push(cell),
            }
        }

        if !stuck.is_empty() {
            return Err(stuck);
        }
    }
    Err(last)
}

/// Marks the cells that a move alone carries as far as they need.
fn cover(task: &Task<'_>, along: &Move, covered: &mut [bool]) {
    let least = task.rules.least();
    let far = |sign: i64| {
        let rooms = along.iter().filter(|(_, y)| y * sign < 0);
        let rooms = rooms.map(|(c, y)| (count(task.system.value[place(*c)]) - least) / y.abs());
        rooms
            .min()
            .unwrap_or(i64::MAX / 1024)
            .clamp(0, i64::MAX / 1024)
    };
    let far = far(1).saturating_add(far(-1));
    let width = count(task.rules.width.max(1));
    for (c, y) in along {
        if y.abs().saturating_mul(far) >= width {
            covered[place(*c)] = true;
        }
    }
}

/// Shows what a repair has made superfluous, the dearest first.
fn show_again(
    task: &Task<'_>,
    order: &[u32],
    hidden: &mut [bool],
    moves: &mut Vec<Move>,
    work: &mut usize,
) {
    let most = *work + AGAIN;
    for cell in order {
        if !hidden[place(*cell)] || *work > most {
            continue;
        }
        hidden[place(*cell)] = false;
        let mut fewer = moves.clone();
        fewer.retain(|m| m.iter().all(|(c, _)| hidden[place(*c)]));
        let found = weak(task, hidden, &fewer, work);
        if found.close.is_empty() {
            fewer.extend(found.points);
            *moves = fewer;
        } else {
            hidden[place(*cell)] = true;
        }
    }
}

pub(crate) fn cost(task: &Task<'_>, hidden: &[bool]) -> f64 {
    // Summed in the order of the cells, so that it is the same on every machine.
    let secondary = (0..hidden.len()).filter(|c| hidden[*c] && !task.primary[*c]);
    secondary.map(|c| task.cost[c]).fold(0.0, |a, b| a + b)
}

/// Tries to show each secondary cell before all others and keeps what is cheaper, until no single
/// change helps.
fn improve(task: &Task<'_>, order: &[u32], mut best: Pattern) -> Pattern {
    let mut early: Vec<u32> = Vec::new();
    let mut work = best.work;
    loop {
        let mut better = None;
        for cell in order.iter().filter(|c| best.hidden[place(**c)]) {
            if work > WORK {
                return best;
            }
            let mut trial = vec![*cell];
            trial.extend(early.iter().filter(|c| *c != cell));
            match attempt(task, order, &trial, Start::Elimination) {
                Ok(pattern) => {
                    work += pattern.work;
                    if pattern.cost < best.cost - 1e-9 {
                        better = Some((trial, pattern));
                        break;
                    }
                }
                Err(_) => work += 100,
            }
        }
        match better {
            Some((trial, pattern)) => (early, best) = (trial, pattern),
            None => return best,
        }
    }
}
