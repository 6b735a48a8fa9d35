//! The proof of a bound: the published cells that give it away.

use std::collections::BTreeMap;

use super::super::simplex::{End, Reason};
use super::super::system::place;
use super::{Attack, NEAR};

/// The proof of a bound: `bound = Σ times · published + Σ times · limit`, where a limit is the end
/// of a cell's own range.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Certificate {
    pub bound: f64,
    pub published: Vec<(u32, f64)>,
    pub limits: Vec<(u32, f64)>,
}

impl Attack<'_> {
    /// Why the least (or greatest) value of a cell is what it is: the published cells, each with
    /// its multiplier, and the hidden cells whose own range limits it.
    pub fn certificate(&mut self, cell: u32, up: bool) -> Option<Certificate> {
        // From the ranges as given: what narrowing found has to be shown too.
        if self.plain.is_none() {
            let mut plain = Attack {
                relations: self.relations,
                of_cell: self.of_cell.clone(),
                given: self.given.clone(),
                range: self.given.clone(),
                truth: self.truth.clone(),
                component: vec![None; self.given.len()],
                components: Vec::new(),
                place: vec![0; self.given.len()],
                seen: vec![None; self.given.len()],
                linear: vec![None; self.given.len()],
                proven: BTreeMap::new(),
                solvers: BTreeMap::new(),
                homes: BTreeMap::new(),
                programs: 0,
                points: None,
                plain: None,
            };
            plain.split();
            self.plain = Some(Box::new(plain));
        }
        self.plain.as_mut()?.reason(cell, up)
    }

    fn reason(&mut self, cell: u32, up: bool) -> Option<Certificate> {
        let id = self.component[place(cell)]?;
        let (End::Optimal, value) = self.push(cell, up, None, 0)? else {
            return None;
        };
        let sign = if up { 1.0 } else { -1.0 };
        let at = self.place[place(cell)];
        let solver = self.solver(id).ok()?;
        let Reason { rows, rests } = solver.reason(&[(at, sign)]);
        let members = self.components[id].clone();
        let mut relations: Vec<u32> = members
            .iter()
            .flat_map(|c| self.of_cell[place(*c)].iter().copied())
            .collect();
        relations.sort_unstable();
        relations.dedup();
        let mut published: BTreeMap<u32, f64> = BTreeMap::new();
        for (row, y) in rows {
            let relation = &self.relations[place(relations[row])];
            let sides = std::iter::once((&relation.total, 1.0))
                .chain(relation.parts.iter().map(|p| (p, -1.0)));
            for (c, side) in sides {
                if self.component[place(*c)] != Some(id) {
                    *published.entry(*c).or_default() -= sign * y * side;
                }
            }
        }
        published.retain(|_, times| times.abs() > NEAR);
        let limits = rests
            .iter()
            .map(|(k, d)| (members[*k], sign * d))
            .filter(|(c, _)| !self.given[place(*c)].is_known())
            .collect();
        Some(Certificate {
            bound: value,
            published: published.into_iter().collect(),
            limits,
        })
    }
}
