//! Groups of people as attackers: which cells a few people know because nobody else is in them.
//!
//! Every person is in one of the finest cells of each table (those that are no sum). A group is
//! some of these with at most so many people in all; it knows each cell, margins among them, all of
//! whose people are of the group. Linked tables divide the same people in different ways, so that a
//! group has a choice of finest cells in every table, each within the limit.

use std::collections::{BTreeMap, BTreeSet};

use super::super::system::{System, place};

/// More groups than this are not looked at one by one.
const MOST: usize = 20_000;

/// What groups of people know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Groups {
    /// The cells that each group knows, in ascending order; each set once.
    pub known: Vec<Vec<u32>>,
    /// Is every group among them? Otherwise they are the people of each cell by itself.
    pub all: bool,
}

/// The people of a cell, as finest cells of one table.
struct People {
    cell: u32,
    finest: Vec<u32>,
}

/// The people of cells, by cell and by finest cell.
pub(crate) struct Crowd<'a> {
    system: &'a System,
    people: Vec<People>,
    of_finest: BTreeMap<u32, Vec<usize>>,
}

impl<'a> Crowd<'a> {
    /// The people of each cell that `wanted` names and that has at most `most` of them.
    pub fn of(
        system: &'a System,
        count: &dyn Fn(u32) -> u64,
        wanted: &dyn Fn(u32) -> bool,
        most: u64,
    ) -> Self {
        let people = people(system, count, wanted, most);
        let mut of_finest: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (i, p) in people.iter().enumerate() {
            for f in &p.finest {
                of_finest.entry(*f).or_default().push(i);
            }
        }
        Crowd {
            system,
            people,
            of_finest,
        }
    }

    /// Every group of at most `most` people; the people of each cell by itself where the groups are
    /// too many.
    pub fn groups(&self, count: &dyn Fn(u32) -> u64, most: u64) -> Groups {
        // The finest cells that matter, by table.
        let mut tables: BTreeMap<Vec<bool>, Vec<(u32, u64)>> = BTreeMap::new();
        for f in self.of_finest.keys() {
            let own = tables.entry(pattern(self.system, *f)).or_default();
            own.push((*f, count(*f)));
        }
        let tables: Vec<Vec<(u32, u64)>> = tables.into_values().collect();
        match chosen(&tables, most) {
            Some(groups) => Groups {
                known: self.known_to(groups),
                all: true,
            },
            None => self.cell_by_cell(),
        }
    }

    /// The people of each cell by itself.
    pub fn cell_by_cell(&self) -> Groups {
        let each = self.people.iter().map(|p| p.finest.iter().copied());
        Groups {
            known: self.known_to(each.map(BTreeSet::from_iter).collect()),
            all: false,
        }
    }

    fn known_to(&self, groups: Vec<BTreeSet<u32>>) -> Vec<Vec<u32>> {
        let mut sets: BTreeSet<Vec<u32>> = BTreeSet::new();
        for group in groups {
            let near = group.iter().filter_map(|f| self.of_finest.get(f));
            let near: BTreeSet<usize> = near.flatten().copied().collect();
            let inside = near
                .into_iter()
                .map(|i| &self.people[i])
                .filter(|p| p.finest.iter().all(|f| group.contains(f)));
            let cells: BTreeSet<u32> = inside.map(|p| p.cell).collect();
            sets.insert(cells.into_iter().collect());
        }
        sets.remove(&Vec::new());
        sets.into_iter().collect()
    }
}

/// The variables of a cell that are not at their total.
fn pattern(system: &System, cell: u32) -> Vec<bool> {
    system.key(cell).iter().map(|code| *code != 0).collect()
}

fn within(inner: &[bool], outer: &[bool]) -> bool {
    inner.iter().zip(outer).all(|(i, o)| !i || *o)
}

/// The people of each wanted cell of at most so many, in every table that has it.
fn people(
    system: &System,
    count: &dyn Fn(u32) -> u64,
    wanted: &dyn Fn(u32) -> bool,
    most: u64,
) -> Vec<People> {
    let mut sums: Vec<Vec<u32>> = vec![Vec::new(); system.len()];
    for (i, relation) in system.relations.iter().enumerate() {
        sums[place(relation.total)].extend(u32::try_from(i));
    }
    let every = || (0..system.len()).filter_map(|c| u32::try_from(c).ok());
    let tables: BTreeSet<Vec<bool>> = every()
        .filter(|c| sums[place(*c)].is_empty())
        .map(|c| pattern(system, c))
        .collect();
    let mut out = Vec::new();
    for cell in every().filter(|c| wanted(*c) && (1..=most).contains(&count(*c))) {
        let own = pattern(system, cell);
        for table in tables.iter().filter(|t| within(&own, t)) {
            if let Some(finest) = finest_of(system, &sums, count, cell, table) {
                out.push(People { cell, finest });
            }
        }
    }
    out
}

/// The finest cells of a table that a cell is the sum of, those with nobody left out.
fn finest_of(
    system: &System,
    sums: &[Vec<u32>],
    count: &dyn Fn(u32) -> u64,
    cell: u32,
    table: &[bool],
) -> Option<Vec<u32>> {
    let mut finest = BTreeSet::new();
    let mut queue = vec![cell];
    while let Some(cell) = queue.pop() {
        if sums[place(cell)].is_empty() {
            // A finest cell of another table, that this one cannot divide.
            if pattern(system, cell) != table {
                return None;
            }
            finest.insert(cell);
            continue;
        }
        let mut relations = sums[place(cell)]
            .iter()
            .map(|r| &system.relations[place(*r)]);
        let inside = relations.find(|r| {
            let first = r.parts.first();
            first.is_some_and(|p| within(&pattern(system, *p), table))
        });
        queue.extend(inside?.parts.iter().copied().filter(|p| count(*p) > 0));
    }
    Some(finest.into_iter().collect())
}

/// Every choice of finest cells with at most so many people in each table; none where there are too
/// many choices.
fn chosen(tables: &[Vec<(u32, u64)>], most: u64) -> Option<Vec<BTreeSet<u32>>> {
    let mut out: Vec<BTreeSet<u32>> = vec![BTreeSet::new()];
    for cells in tables {
        let mut next = Vec::new();
        for chosen in &out {
            // Depth first: (place of the next cell, people so far, cells so far).
            let mut stack = vec![(0, 0_u64, chosen.clone())];
            while let Some((at, people, group)) = stack.pop() {
                for (k, (cell, n)) in cells.iter().enumerate().skip(at) {
                    if people + n <= most {
                        let mut larger = group.clone();
                        larger.insert(*cell);
                        stack.push((k + 1, people + n, larger));
                    }
                }
                next.push(group);
                if next.len() + stack.len() > MOST {
                    return None;
                }
            }
        }
        out = next;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::super::super::hierarchy::Hierarchy;
    use super::super::super::system::Cube;
    use super::*;

    fn system(tables: &[(&[&str], &[u64])]) -> System {
        let codes = ["a".to_owned(), "b".to_owned()];
        let flat = Hierarchy::new(&codes, &[BTreeMap::new()]).expect("flat");
        let mut system = System::new();
        for (variables, counts) in tables {
            let inner = counts.iter().enumerate();
            system
                .join(&Cube {
                    variables: variables.iter().map(|v| (*v).to_owned()).collect(),
                    hierarchies: variables.iter().map(|_| flat.clone()).collect(),
                    inner: inner.map(|(i, n)| (vec![i / 2, i % 2], *n)).collect(),
                })
                .expect("joins");
        }
        system
    }

    fn known(system: &System, most: u64) -> Vec<Vec<u32>> {
        let count = |c: u32| system.value[place(c)];
        Crowd::of(system, &count, &|_| true, most)
            .groups(&count, most)
            .known
    }

    /// Cells in row-major order over (Total, a, b): rows 3 and 6, columns 1 and 2, inner 4, 5, 7, 8.
    #[test]
    fn who_is_alone_in_a_cell_is_alone_in_its_margins() {
        let system = system(&[(&["x", "y"], &[1, 0, 7, 9])]);
        assert_eq!(known(&system, 1), [[3, 4]]);
    }

    #[test]
    fn two_people_may_be_in_two_cells() {
        let system = system(&[(&["x", "y"], &[1, 7, 9, 1])]);
        assert_eq!(known(&system, 1), [[4], [8]]);
        assert_eq!(known(&system, 2), vec![vec![4], vec![4, 8], vec![8]]);
        // Together they are all of a margin that neither knows alone.
        let system = self::system(&[(&["x", "y"], &[1, 1, 7, 9])]);
        assert_eq!(known(&system, 2), vec![vec![3, 4, 5], vec![4], vec![5]]);
    }

    #[test]
    fn linked_tables_divide_the_same_people() {
        let tables: [(&[&str], &[u64]); 2] =
            [(&["x", "y"], &[1, 0, 7, 9]), (&["x", "z"], &[0, 1, 8, 8])];
        let system = system(&tables);
        // The only person of x = a knows that margin by either table, and both of his cells.
        let most = known(&system, 1);
        let largest = most.iter().max_by_key(|k| k.len()).expect("a group");
        assert_eq!(largest.len(), 3, "{most:?}");
    }
}
