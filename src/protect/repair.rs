//! The cheapest further cells to hide so that one cell gains room.
//!
//! A linear program looks for a change of all cells that no relation notices and that moves the
//! cell by the width asked for; changing a shown cell costs what hiding it costs, changing a
//! hidden one costs nothing. The shown cells that change are the ones to hide (the continuous
//! form of Kelly, Golden and Assad, 1992).
//!
//! In a large system the program is about a box around the cell: its siblings in the longest
//! dimensions, all codes in the others.

use std::collections::{BTreeMap, BTreeSet};

use super::attacker::Move;
use super::circulation::{Circulation, Terms};
use super::exact::{count, real, rounded, signed};
use super::rules::Rules;
use super::system::{System, place};

/// Boxes are made narrower until they hold no more cells than this.
const BOX: usize = 2_500;
/// Systems with more cells than this are searched for short ways rather than the cheapest.
const LARGE: usize = 3_000;
/// Seeds up to this one weigh the length of a way more and more.
const LONGEST: usize = 16;
/// Codes below a code of the box that are taken into it.
const CHILDREN: usize = 2;

/// What a repair found: the change, with the shown cells in it to be hidden.
pub(crate) struct Repair {
    pub hide: Vec<u32>,
    pub change: Option<Move>,
    pub cost: f64,
}

/// What may be hidden, and what it costs.
pub(crate) struct Ground<'a> {
    pub system: &'a System,
    /// Cells that are not known from the start.
    pub unknown: &'a [bool],
    /// Cells that must stay shown.
    pub fixed: &'a [bool],
    /// The cost of hiding each cell.
    pub cost: &'a [f64],
    pub rules: &'a Rules,
}

/// A sum within one variable: the code of the total, and those of its parts.
type Family = (u32, BTreeSet<u32>);

struct Site {
    /// In ascending order.
    cells: Vec<u32>,
    ways: Circulation,
}

/// Finds repairs, and keeps the programs it has made.
pub(crate) struct Repairer<'a> {
    ground: Ground<'a>,
    of_cell: Vec<Vec<u32>>,
    /// Sums by variable.
    families: Vec<BTreeSet<Family>>,
    sites: BTreeMap<Vec<Option<BTreeSet<u32>>>, Site>,
    /// Cells that must not move, in ascending order.
    still: Vec<u32>,
}

impl<'a> Repairer<'a> {
    pub fn new(ground: Ground<'a>) -> Self {
        let system = ground.system;
        let mut of_cell: Vec<Vec<u32>> = vec![Vec::new(); system.len()];
        let mut families: Vec<BTreeSet<Family>> = vec![BTreeSet::new(); system.width()];
        for (i, relation) in system.relations.iter().enumerate() {
            let Ok(i) = u32::try_from(i) else { continue };
            for cell in std::iter::once(&relation.total).chain(&relation.parts) {
                of_cell[place(*cell)].push(i);
            }
            let above = system.key(relation.total);
            let along = relation.parts.first().and_then(|p| {
                let below = system.key(*p);
                (0..above.len()).find(|v| above[*v] != below[*v])
            });
            if let Some(v) = along {
                let parts = relation.parts.iter().map(|p| system.key(*p)[v]).collect();
                families[v].insert((above[v], parts));
            }
        }
        Repairer {
            ground,
            of_cell,
            families,
            sites: BTreeMap::new(),
            still: Vec::new(),
        }
    }

    /// From now on, changes leave cells as they are: their counts are known to the attacker.
    /// In ascending order.
    pub fn still(&mut self, cells: Vec<u32>) {
        self.still = cells;
    }

    /// The cheapest cells to hide so that `cell` can move by `width`.
    pub fn repair(
        &mut self,
        hidden: &[bool],
        cell: u32,
        width: u64,
        seed: usize,
    ) -> Option<Repair> {
        for narrowed in (0..=self.ground.system.width()).rev() {
            let Some(codes) = self.codes(cell, narrowed) else {
                continue;
            };
            if !self.sites.contains_key(&codes) {
                let site = self.site(&codes);
                self.sites.insert(codes.clone(), site);
            }
            let Some(site) = self.sites.get(&codes) else {
                continue;
            };
            let best = self.either(site, hidden, cell, width, seed);
            if best.is_some() {
                return best;
            }
        }
        None
    }

    /// The codes of the box around a cell, by variable, with the `narrowed` longest variables
    /// narrowed to siblings; none where that box is not the one to try.
    fn codes(&self, cell: u32, narrowed: usize) -> Option<Vec<Option<BTreeSet<u32>>>> {
        let system = self.ground.system;
        let mut variables: Vec<usize> = (0..system.width()).collect();
        variables.sort_by_key(|v| (std::cmp::Reverse(system.codes_of(*v)), *v));
        let mut codes = vec![None; system.width()];
        let mut least = 0;
        while least < variables.len() && self.size(&codes) > BOX {
            let v = variables[least];
            codes[v] = Some(self.around(v, system.key(cell)[v]));
            least += 1;
        }
        // From the first box that is small enough to ever wider ones.
        if narrowed > least {
            return None;
        }
        for v in &variables[narrowed..least] {
            codes[*v] = None;
        }
        Some(codes)
    }

    fn size(&self, codes: &[Option<BTreeSet<u32>>]) -> usize {
        let system = self.ground.system;
        let sizes = codes.iter().enumerate().map(|(v, set)| match set {
            Some(set) => set.len(),
            None => system.codes_of(v),
        });
        sizes.fold(1_usize, usize::saturating_mul).min(system.len())
    }

    /// A code's siblings, and some codes below each of them.
    fn around(&self, variable: usize, code: u32) -> BTreeSet<u32> {
        let families = &self.families[variable];
        let mut set = BTreeSet::from([code]);
        for (_, parts) in families.iter().filter(|(_, parts)| parts.contains(&code)) {
            set.extend(parts);
        }
        let mut queue: Vec<u32> = set.iter().copied().collect();
        while let Some(above) = queue.pop() {
            for (_, parts) in families.iter().filter(|(total, _)| *total == above) {
                for part in parts.iter().take(CHILDREN) {
                    if set.insert(*part) {
                        queue.push(*part);
                    }
                }
            }
        }
        set
    }

    /// The codes around a cell, few in each variable: the siblings whose cells cost least, and a
    /// way down from each code that has parts.
    fn few(&self, hidden: &[bool], cell: u32, width: u64, siblings: usize) -> Vec<Vec<u32>> {
        let key = self.ground.system.key(cell);
        (0..key.len())
            .map(|v| {
                let price = |code: u32| self.price(hidden, key, v, code, 0);
                let roomy = |code: u32| self.price(hidden, key, v, code, width);
                let mut set = BTreeSet::from([key[v]]);
                let families = &self.families[v];
                let mut level = vec![key[v]];
                let mut most = siblings;
                while most > 0 && !level.is_empty() {
                    let mut up = Vec::new();
                    for code in level {
                        for (total, parts) in families.iter().filter(|(_, p)| p.contains(&code)) {
                            set.extend(cheapest(parts, most, &price));
                            set.extend(cheapest(parts, most / 2 + 1, &roomy));
                            if set.insert(*total) {
                                up.push(*total);
                            }
                        }
                    }
                    level = up;
                    most /= 3;
                }
                let mut queue: Vec<u32> = set.iter().copied().collect();
                while let Some(above) = queue.pop() {
                    for (_, parts) in families.iter().filter(|(total, _)| *total == above) {
                        if (above == key[v] || above != 0) && parts.is_disjoint(&set) {
                            let most = if above == key[v] { siblings } else { 1 };
                            for part in cheapest(parts, most, &price) {
                                set.insert(part);
                                queue.push(part);
                            }
                        }
                    }
                }
                set.into_iter().collect()
            })
            .collect()
    }

    /// What hiding a cell would cost that differs from another in one code; without end where it
    /// cannot be hidden, or cannot fall by `room`.
    fn price(&self, hidden: &[bool], key: &[u32], variable: usize, code: u32, room: u64) -> f64 {
        let mut key = key.to_vec();
        key[variable] = code;
        match self
            .ground
            .system
            .find(&key)
            .and_then(|c| usize::try_from(c).ok())
        {
            Some(c)
                if count(self.ground.system.value[c]) - self.ground.rules.least() < count(room) =>
            {
                f64::INFINITY
            }
            Some(c) if hidden[c] => 0.0,
            Some(c) if self.ground.unknown[c] && !self.ground.fixed[c] => self.ground.cost[c],
            _ => f64::INFINITY,
        }
    }

    fn near_site(&self, hidden: &[bool], codes: &[Vec<u32>]) -> Site {
        let mut keys: Vec<Vec<u32>> = vec![Vec::new()];
        for codes in codes {
            keys = keys
                .iter()
                .flat_map(|key| {
                    codes.iter().map(|code| {
                        let mut key = key.clone();
                        key.push(*code);
                        key
                    })
                })
                .collect();
        }
        let mut cells: Vec<u32> = keys
            .iter()
            .filter_map(|key| self.ground.system.find(key))
            .filter(|c| {
                let at = place(*c);
                self.ground.unknown[at] && (hidden[at] || !self.ground.fixed[at])
            })
            .collect();
        cells.sort_unstable();
        self.site_of(cells)
    }

    fn site(&self, codes: &[Option<BTreeSet<u32>>]) -> Site {
        let Ground {
            system, unknown, ..
        } = self.ground;
        let inside = |cell: &u32| {
            unknown[place(*cell)]
                && codes
                    .iter()
                    .zip(system.key(*cell))
                    .all(|(set, code)| set.as_ref().is_none_or(|set| set.contains(code)))
        };
        let all = (0..system.len()).filter_map(|c| u32::try_from(c).ok());
        self.site_of(all.filter(inside).collect())
    }

    /// A site of some cells, without those that cannot move because one of their relations has no
    /// other cell in it.
    fn site_of(&self, cells: Vec<u32>) -> Site {
        let system = self.ground.system;
        let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (k, cell) in cells.iter().enumerate() {
            for r in &self.of_cell[place(*cell)] {
                members.entry(*r).or_default().push(k);
            }
        }
        let mut left: BTreeMap<u32, usize> = members.iter().map(|(r, m)| (*r, m.len())).collect();
        let mut stays = vec![true; cells.len()];
        let mut lone: Vec<u32> = left
            .iter()
            .filter(|(_, n)| **n == 1)
            .map(|(r, _)| *r)
            .collect();
        while let Some(r) = lone.pop() {
            let last = members.get(&r).and_then(|m| m.iter().find(|k| stays[**k]));
            let Some(k) = last.copied() else { continue };
            stays[k] = false;
            for other in &self.of_cell[place(cells[k])] {
                if let Some(n) = left.get_mut(other) {
                    *n -= 1;
                    if *n == 1 {
                        lone.push(*other);
                    }
                }
            }
        }
        let mut stays = stays.into_iter();
        let cells: Vec<u32> = cells
            .into_iter()
            .filter(|_| stays.next() == Some(true))
            .collect();
        let mut rows: BTreeMap<u32, usize> = BTreeMap::new();
        let mut columns = Vec::with_capacity(cells.len());
        for cell in &cells {
            let column = self.of_cell[place(*cell)].iter().map(|r| {
                let next = rows.len();
                let row = *rows.entry(*r).or_insert(next);
                let total = system.relations[place(*r)].total == *cell;
                (row, if total { 1.0 } else { -1.0 })
            });
            columns.push(column.collect());
        }
        Site {
            cells,
            ways: Circulation::new(rows.len(), columns),
        }
    }

    /// The cheapest cells to hide so that `cell` can move by `width`, among a few cells around it.
    pub fn near(
        &self,
        hidden: &[bool],
        cell: u32,
        width: u64,
        siblings: usize,
        seed: usize,
    ) -> Option<Repair> {
        let site = self.near_site(hidden, &self.few(hidden, cell, width, siblings));
        self.either(&site, hidden, cell, width, seed)
    }

    /// Up, or down where there is room: the cheaper.
    fn either(
        &self,
        site: &Site,
        hidden: &[bool],
        cell: u32,
        width: u64,
        seed: usize,
    ) -> Option<Repair> {
        let width = count(width.max(1));
        let truth = count(self.ground.system.value[place(cell)]);
        let mut best = self.search(site, hidden, cell, width, seed);
        let down = truth - self.ground.rules.least() >= width;
        if down && best.as_ref().is_none_or(|b| !b.hide.is_empty()) {
            let other = self.search(site, hidden, cell, -width, seed);
            if let Some(other) = other
                && best.as_ref().is_none_or(|b| other.cost < b.cost)
            {
                best = Some(other);
            }
        }
        best
    }

    fn search(
        &self,
        site: &Site,
        hidden: &[bool],
        cell: u32,
        by: i64,
        seed: usize,
    ) -> Option<Repair> {
        let Ground {
            system,
            fixed,
            cost,
            rules,
            ..
        } = self.ground;
        let at = site.cells.binary_search(&cell).ok()?;
        // A little for each cell that moves, and not the same for all, so that ways are short and
        // whole; where one was not, another seed weighs length more.
        let short = if system.len() > LARGE { 1.0 } else { 1e-3 }
            * 4.0_f64.powi(i32::try_from(seed.min(LONGEST)).unwrap_or(0));
        let mut costs = Vec::with_capacity(site.cells.len());
        let mut fall = Vec::with_capacity(site.cells.len());
        let mut rise = Vec::with_capacity(site.cells.len());
        for (k, c) in site.cells.iter().enumerate() {
            let is_hidden = hidden[place(*c)];
            let own = if is_hidden { 0.0 } else { cost[place(*c)] };
            costs.push(own + short * (1.0 + mixed(seed, k)));
            let shut = (fixed[place(*c)] && !is_hidden) || self.still.binary_search(c).is_ok();
            let least = rules.least();
            let room = signed((count(system.value[place(*c)]) - least).max(0));
            fall.push(if shut { 0.0 } else { room });
            rise.push(if shut { 0.0 } else { f64::INFINITY });
        }
        let terms = Terms {
            cost: &costs,
            fall: &fall,
            rise: &rise,
        };
        let change = site.ways.cheapest(&terms, at, signed(by))?;
        let change: Vec<(u32, f64)> = change.iter().map(|(k, y)| (site.cells[*k], *y)).collect();
        let hide: Vec<u32> = change
            .iter()
            .map(|(c, _)| *c)
            .filter(|c| !hidden[place(*c)])
            .collect();
        Some(Repair {
            cost: hide.iter().map(|c| cost[place(*c)]).sum(),
            hide,
            change: primitive(&change),
        })
    }
}

/// The codes with the least price that is finite, at most so many.
fn cheapest(codes: &BTreeSet<u32>, most: usize, price: &dyn Fn(u32) -> f64) -> Vec<u32> {
    let mut priced: Vec<(f64, u32)> = codes.iter().map(|c| (price(*c), *c)).collect();
    priced.retain(|(p, _)| p.is_finite());
    priced.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    priced.into_iter().take(most).map(|(_, c)| c).collect()
}

/// A number in [0, 1), the same for the same seed and place.
fn mixed(seed: usize, place: usize) -> f64 {
    let seed = u64::try_from(seed).unwrap_or(0);
    let place = u64::try_from(place).unwrap_or(0);
    let word = (place ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_mul(0xBF58_476D_1CE4_E5B9)
        .rotate_left(29)
        .wrapping_mul(0x94D0_49BB_1331_11EB);
    real(word >> 40) / 16_777_216.0
}

/// The shortest whole-number vector along a change.
fn primitive(change: &[(u32, f64)]) -> Option<Move> {
    let least = change
        .iter()
        .map(|(_, y)| y.abs())
        .fold(f64::INFINITY, f64::min);
    for times in [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0] {
        let scale = times / least;
        if change
            .iter()
            .all(|(_, y)| (y * scale - (y * scale).round()).abs() < 1e-5)
        {
            return Some(
                change
                    .iter()
                    .map(|(c, y)| (*c, rounded(y * scale)))
                    .collect(),
            );
        }
    }
    None
}
