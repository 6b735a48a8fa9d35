//! Changes that are products: one change of codes in each variable, such as from one area to
//! another, or of one more person in an area, all at once.
//!
//! A change of codes within a variable moves a person between two of the finest codes, or adds one
//! at a finest code, with all codes above. Multiplied over the variables it moves cells by one, and
//! every relation holds for it, whatever the hierarchies and however tables are linked. The cheapest
//! product that moves a small count by enough is found by branch and bound: the cells of some
//! variables' changes with the codes of the small count in the others are all in the product, so
//! that what they cost, and the room they leave, are bounds.

use std::collections::{BTreeMap, BTreeSet};

use super::attacker::Move;
use super::exact::count;
use super::secondary::Task;
use super::system::place;

/// Changes that are tried in one variable, the cheapest first.
const LINES: usize = 24;
/// Products that are looked at for one small count, whole or in part.
const LOOKED: usize = 6_000;
/// What moving a cell costs by itself, so that changes are short.
const SHORT: f64 = 0.05;

/// Cells by which a product may be longer than what it costs allows.
const LONGEST: f64 = 64.0;

/// A change of codes within one variable, each with its sign.
type Line = Vec<(u32, i64)>;

/// The finest codes with all that is above each, itself included.
struct Variable {
    above: BTreeMap<u32, BTreeSet<u32>>,
}

/// Finds products.
pub(crate) struct Products<'a> {
    task: Task<'a>,
    variables: Vec<Variable>,
}

/// A cell of a partial product.
#[derive(Clone)]
struct Part {
    codes: Vec<u32>,
    sign: i64,
}

/// How far a partial product may go, and what it costs.
#[derive(Clone, Copy)]
struct State {
    cost: f64,
    /// Room to rise, which cells with a minus limit, and to fall.
    rise: i64,
    fall: i64,
}

/// Where products are looked for.
struct Site<'a> {
    hidden: &'a [bool],
    /// Among hidden cells alone?
    only: bool,
    /// The greatest cost.
    most: f64,
}

struct Best {
    cost: f64,
    parts: Vec<Part>,
}

impl<'a> Products<'a> {
    pub fn new(task: &Task<'a>) -> Self {
        let system = task.system;
        let mut below: Vec<BTreeMap<u32, BTreeSet<u32>>> = vec![BTreeMap::new(); system.width()];
        for relation in &system.relations {
            let total = system.key(relation.total);
            for part in &relation.parts {
                let key = system.key(*part);
                if let Some(v) = (0..key.len()).find(|v| key[*v] != total[*v]) {
                    below[v].entry(total[v]).or_default().insert(key[v]);
                }
            }
        }
        let variables = below.iter().enumerate().map(|(v, below)| {
            let mut parents: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
            for (total, parts) in below {
                parts.iter().for_each(|p| {
                    parents.entry(*p).or_default().insert(*total);
                });
            }
            let codes = (0..system.codes_of(v)).filter_map(|c| u32::try_from(c).ok());
            let finest = codes.filter(|c| !below.contains_key(c));
            let above = finest.map(|leaf| {
                let mut all = BTreeSet::from([leaf]);
                let mut queue = vec![leaf];
                while let Some(code) = queue.pop() {
                    for total in parents.get(&code).into_iter().flatten() {
                        if all.insert(*total) {
                            queue.push(*total);
                        }
                    }
                }
                (leaf, all)
            });
            Variable {
                above: above.collect(),
            }
        });
        Products {
            task: *task,
            variables: variables.collect(),
        }
    }

    /// The cheapest product, of those looked at, that moves a small count by the width and costs
    /// at most so much.
    pub fn cheapest(&self, hidden: &[bool], small: u32, most: f64) -> Option<Move> {
        let only = false;
        let site = Site { hidden, only, most };
        self.search(&site, small)
    }

    /// The shortest of those products that need no cell that is not hidden.
    pub fn among(&self, hidden: &[bool], small: u32) -> Option<Move> {
        let (only, most) = (true, 0.0);
        self.search(&Site { hidden, only, most }, small)
    }

    fn search(&self, site: &Site<'_>, small: u32) -> Option<Move> {
        let system = self.task.system;
        let own = Part {
            codes: system.key(small).to_vec(),
            sign: 1,
        };
        let start = self.with(site, State::start(), &own)?;
        let mut lines = Vec::with_capacity(own.codes.len());
        for v in 0..own.codes.len() {
            lines.push((v, self.lines(site, &own, v)));
        }
        // Few choices first: they decide most.
        lines.sort_by_key(|(v, l)| (l.len(), *v));
        let mut search = Search {
            products: self,
            site,
            lines,
            best: None,
            looked: 0,
        };
        search.down(0, start, &mut vec![own]);
        let parts = search.best?.parts;
        let change = parts
            .iter()
            .filter_map(|p| Some((system.find(&p.codes)?, p.sign)));
        let mut change: Move = change.collect();
        change.sort_unstable();
        Some(change)
    }

    /// The state with one cell more; none where the cell cannot move or too little room is left.
    fn with(&self, site: &Site<'_>, state: State, part: &Part) -> Option<State> {
        let task = &self.task;
        // What no table has is not published.
        let Some(cell) = task.system.find(&part.codes) else {
            return Some(state);
        };
        let at = place(cell);
        let hidden = site.hidden[at];
        if !task.unknown[at] || (!hidden && (task.fixed[at] || site.only)) {
            return None;
        }
        let room = (count(task.system.value[at]) - task.rules.least()).max(0);
        let mut next = state;
        if part.sign < 0 {
            next.rise = state.rise.min(room);
        } else {
            next.fall = state.fall.min(room);
        }
        if next.rise.saturating_add(next.fall) < count(task.rules.width.max(1)) {
            return None;
        }
        next.cost += SHORT + if hidden { 0.0 } else { task.cost[at] };
        (next.cost <= site.most + SHORT * LONGEST).then_some(next)
    }

    /// The changes of one variable that change the code of a cell, the cheapest first, each with
    /// what it costs by itself beyond the cell.
    fn lines(&self, site: &Site<'_>, own: &Part, v: usize) -> Vec<(f64, Line)> {
        let code = own.codes[v];
        let above = &self.variables[v].above;
        let mut priced: BTreeMap<u32, Option<State>> = BTreeMap::new();
        let mut price = |sign: i64, changed: u32| -> Option<State> {
            let key = if sign > 0 {
                changed * 2
            } else {
                changed * 2 + 1
            };
            *priced.entry(key).or_insert_with(|| {
                let mut part = own.clone();
                part.codes[v] = changed;
                part.sign = sign;
                self.with(site, State::start(), &part)
            })
        };
        let mut out: Vec<(f64, Line)> = Vec::new();
        let mut add = |line: Line| {
            let others = line.iter().filter(|(c, _)| *c != code);
            let prices: Option<Vec<State>> = others.map(|(c, s)| price(*s, *c)).collect();
            if let Some(prices) = prices {
                out.push((prices.iter().map(|s| s.cost).sum(), line));
            }
        };
        for (leaf, up) in above.iter().filter(|(_, up)| up.contains(&code)) {
            add(up.iter().map(|c| (*c, 1)).collect());
            for (other, down) in above.iter().filter(|(_, down)| !down.contains(&code)) {
                if other != leaf {
                    let rises = up.difference(down).map(|c| (*c, 1));
                    let falls = down.difference(up).map(|c| (*c, -1));
                    add(rises.chain(falls).collect());
                }
            }
        }
        out.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        out.truncate(LINES);
        out
    }
}

impl State {
    fn start() -> Self {
        State {
            cost: 0.0,
            rise: i64::MAX / 4,
            fall: i64::MAX / 4,
        }
    }
}

struct Search<'a, 'b> {
    products: &'b Products<'a>,
    site: &'b Site<'b>,
    lines: Vec<(usize, Vec<(f64, Line)>)>,
    best: Option<Best>,
    looked: usize,
}

impl Search<'_, '_> {
    /// Goes on with the next variable; `parts` are the cells so far.
    fn down(&mut self, depth: usize, state: State, parts: &mut Vec<Part>) {
        let Some((v, lines)) = self.lines.get(depth) else {
            if self.best.as_ref().is_none_or(|b| state.cost < b.cost) {
                self.best = Some(Best {
                    cost: state.cost,
                    parts: parts.clone(),
                });
            }
            return;
        };
        let v = *v;
        let before = parts.len();
        for i in 0..lines.len() {
            let (price, line) = &self.lines[depth].1[i];
            let bound = state.cost + price;
            if self.looked > LOOKED || self.best.as_ref().is_some_and(|b| bound >= b.cost) {
                break;
            }
            self.looked += 1;
            let code = parts[0].codes[v];
            let mut next = Some(state);
            for (other, sign) in line.iter().filter(|(c, _)| *c != code) {
                for k in 0..before {
                    let mut part = parts[k].clone();
                    part.codes[v] = *other;
                    part.sign *= sign;
                    next = next.and_then(|n| self.products.with(self.site, n, &part));
                    parts.push(part);
                    if next.is_none() {
                        break;
                    }
                }
                if next.is_none() {
                    break;
                }
            }
            if let Some(next) = next
                && self.best.as_ref().is_none_or(|b| next.cost < b.cost)
            {
                self.down(depth + 1, next, parts);
            }
            parts.truncate(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hierarchy::Hierarchy;
    use super::super::rules::Rules;
    use super::super::system::{Cube, System};
    use super::*;

    /// Two linked tables of areas in regions, by two other variables.
    fn system() -> System {
        let names = |n: usize| -> Vec<String> { (0..n).map(|i| format!("c{i}")).collect() };
        let above = |i: usize| (format!("c{i}"), format!("R{}", i % 2));
        let areas = Hierarchy::new(&names(6), &[(0..6).map(above).collect()]).expect("regions");
        let flat = Hierarchy::new(&names(3), &[BTreeMap::new()]).expect("flat");
        let mut system = System::new();
        for (other, turn) in [("y", 0), ("z", 1)] {
            let cells = (0..18).map(|i| (vec![i / 3, (i + turn) % 3], 9 + (i as u64 * 5) % 13));
            system
                .join(&Cube {
                    variables: vec!["area".to_owned(), other.to_owned()],
                    hierarchies: vec![areas.clone(), flat.clone()],
                    inner: cells.collect(),
                })
                .expect("joins");
        }
        system
    }

    #[test]
    fn products_hold_in_every_relation_of_linked_tables() {
        let system = system();
        let n = system.len();
        let (primary, unknown, fixed) = (vec![true; n], vec![true; n], vec![false; n]);
        let cost: Vec<f64> = system
            .value
            .iter()
            .map(|v| super::super::exact::real(*v))
            .collect();
        let rules = Rules::default();
        let task = Task {
            system: &system,
            primary: &primary,
            unknown: &unknown,
            fixed: &fixed,
            cost: &cost,
            rules: &rules,
        };
        let products = Products::new(&task);
        for cell in 0..u32::try_from(n).expect("few") {
            let change = products.cheapest(&vec![false; n], cell, f64::INFINITY);
            let change = change.expect("every count is large");
            let of = |c: u32| change.iter().find(|(d, _)| *d == c).map_or(0, |(_, y)| *y);
            assert_eq!(of(cell), 1);
            for relation in &system.relations {
                let parts: i64 = relation.parts.iter().map(|p| of(*p)).sum();
                assert_eq!(of(relation.total), parts);
            }
        }
        // Nothing that has to be shown is in one, and what cannot move has none.
        let mut fixed = vec![false; n];
        fixed[0] = true;
        let task = Task {
            fixed: &fixed,
            ..task
        };
        let products = Products::new(&task);
        assert_eq!(products.cheapest(&vec![false; n], 0, f64::INFINITY), None);
        let change = products
            .cheapest(&vec![false; n], 5, f64::INFINITY)
            .expect("one");
        assert!(change.iter().all(|(c, _)| *c != 0));
        assert_eq!(products.among(&vec![false; n], 5), None);
    }
}
