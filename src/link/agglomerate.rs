//! Entities among the rows of one file, or of two: clusters that their pairs agree on as a whole.
//!
//! Chains of single links join people who have nothing to do with each other. So clusters are merged
//! one by one, always those two whose mean weight is greatest, as long as it is above nought; the mean
//! is over all pairs of rows between them, and a pair that no rule brought together counts a little
//! against the merger (average linkage on the signed weights of correlation clustering; Bansal, Blum
//! and Chawla, "Correlation clustering", 2004). Of two files only pairs across them are pairs. Two
//! rows of a file that is free of duplicates are never in one cluster.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// A weight of one pair counts at most so much, in natural log odds: an error of the model in one
/// pair shall not outvote all others.
const MOST: f64 = 7.0;
/// What a pair that was never compared counts: rows of one entity are mostly brought together.
const UNCOMPARED: f64 = -0.5;

/// Two rows and their weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// A row.
    pub a: u32,
    /// Another.
    pub b: u32,
    /// For one entity above nought, against it below; minus infinity where it cannot be.
    pub weight: f64,
}

/// The rows of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// How many.
    pub rows: usize,
    /// Whether every one of them is another person.
    pub duplicate_free: bool,
}

/// Which pairs of rows were compared at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// Rows of different files.
    Across,
    /// Those, and rows of one file that is not free of duplicates.
    AcrossAndWithin,
}

#[derive(Clone, Copy, Default)]
struct Between {
    sum: f64,
    compared: f64,
}

struct Clusters<'a> {
    files: &'a [Rows],
    compared: Compared,
    around: Vec<BTreeMap<u32, Between>>,
    /// Of each cluster its rows of each file.
    size: Vec<u32>,
    version: Vec<u32>,
    parent: Vec<u32>,
}

/// An open merger: its mean weight in [`rank`], then the two clusters (the lower number first
/// among equals), and their versions at the time.
type Open = (u64, Reverse<(u32, u32)>, u32);

fn at(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

/// The entity of each row, named by its lowest row. Rows of one file, whose pairs are all of one
/// file, or of two, whose pairs are across them; those of the second are numbered on from the first.
pub fn agglomerate(files: &[Rows], edges: &[Edge]) -> Vec<u32> {
    let compared = match files {
        [_] => Compared::AcrossAndWithin,
        _ => Compared::Across,
    };
    agglomerate_all(files, compared, edges)
}

/// The same of any number of files; rows are numbered on from file to file.
pub fn agglomerate_all(files: &[Rows], compared: Compared, edges: &[Edge]) -> Vec<u32> {
    let rows = files.iter().map(|f| f.rows).sum();
    let mut size = vec![0; rows * files.len()];
    let numbers = files.iter().enumerate();
    let of = numbers.flat_map(|(file, rows)| std::iter::repeat_n(file, rows.rows));
    for (sizes, file) in size.chunks_exact_mut(files.len().max(1)).zip(of) {
        if let Some(own) = sizes.get_mut(file) {
            *own = 1;
        }
    }
    let mut clusters = Clusters {
        files,
        compared,
        around: vec![BTreeMap::new(); rows],
        size,
        version: vec![0; rows],
        parent: (0_u32..).take(rows).collect(),
    };
    let pairs = Pairs::of(rows, edges);
    for edge in edges.iter().filter(|e| e.a != e.b) {
        if pairs.is_alone(edge) {
            clusters.join_alone(edge);
            continue;
        }
        for (a, b) in [(edge.a, edge.b), (edge.b, edge.a)] {
            if let Some(around) = clusters.around.get_mut(at(a)) {
                let between = around.entry(b).or_default();
                between.sum += counted(edge.weight);
                between.compared += 1.0;
            }
        }
    }
    let mut open: BinaryHeap<Open> = BinaryHeap::new();
    for a in (0_u32..).take(rows) {
        clusters.offer(a, &mut open, |b| a < b);
    }
    while let Some((_, Reverse((a, b)), version)) = open.pop() {
        if clusters.is_current(a, b, version) {
            clusters.merge(a, b, &mut open);
        }
    }
    clusters.names()
}

/// What a weight counts.
fn counted(weight: f64) -> f64 {
    match weight == f64::NEG_INFINITY {
        true => weight,
        false => weight.clamp(-MOST, MOST),
    }
}

/// Of each row, in how many pairs it is: 2 stands for more than one.
struct Pairs(Vec<u8>);

impl Pairs {
    fn of(rows: usize, edges: &[Edge]) -> Self {
        let mut of = vec![0_u8; rows];
        for edge in edges.iter().filter(|e| e.a != e.b) {
            for row in [edge.a, edge.b] {
                if let Some(pairs) = of.get_mut(at(row)) {
                    *pairs = (*pairs + 1).min(2);
                }
            }
        }
        Pairs(of)
    }

    /// Neither of its rows is in another pair: so is most of what is linked.
    fn is_alone(&self, edge: &Edge) -> bool {
        let one = |row: u32| self.0.get(at(row)) == Some(&1);
        one(edge.a) && one(edge.b)
    }
}

impl Clusters<'_> {
    /// Makes one of two rows that have no other pair, if it is worth it: nothing else is touched by
    /// that, so it needs no place in the order of mergers.
    fn join_alone(&mut self, edge: &Edge) {
        let between = Between {
            sum: counted(edge.weight),
            compared: 1.0,
        };
        let mean = self.mean(edge.a, edge.b, between);
        if mean.is_some_and(|mean| mean > 0.0)
            && let Some(parent) = self.parent.get_mut(at(edge.b))
        {
            *parent = edge.a;
        }
    }

    fn version(&self, a: u32, b: u32) -> u32 {
        let of = |row| self.version.get(at(row)).copied().unwrap_or(0);
        of(a).wrapping_add(of(b))
    }

    fn is_current(&self, a: u32, b: u32, version: u32) -> bool {
        let root = |row: u32| self.parent.get(at(row)) == Some(&row);
        root(a) && root(b) && self.version(a, b) == version
    }

    fn sizes(&self, row: u32) -> &[u32] {
        let width = self.files.len();
        let from = at(row).saturating_mul(width);
        self.size.get(from..from + width).unwrap_or_default()
    }

    /// The mean weight between two clusters, or none where they can not be one.
    fn mean(&self, a: u32, b: u32, between: Between) -> Option<f64> {
        let (mut ours, mut theirs, mut never) = (0.0, 0.0, 0.0);
        let sizes = self.sizes(a).iter().zip(self.sizes(b));
        for ((x, y), file) in sizes.zip(self.files) {
            if file.duplicate_free && x + y > 1 {
                return None;
            }
            let (x, y) = (f64::from(*x), f64::from(*y));
            ours += x;
            theirs += y;
            if self.compared == Compared::Across {
                never += x * y;
            }
        }
        let pairs: f64 = ours * theirs - never;
        Some((between.sum + UNCOMPARED * (pairs - between.compared)) / pairs.max(1.0))
    }

    /// Puts the mergers of a cluster that are worth it on the heap.
    fn offer(&self, a: u32, open: &mut BinaryHeap<Open>, with: impl Fn(u32) -> bool) {
        let Some(around) = self.around.get(at(a)) else {
            return;
        };
        for (b, between) in around.iter().filter(|(b, _)| with(**b)) {
            if let Some(mean) = self.mean(a, *b, *between).filter(|mean| *mean > 0.0) {
                open.push((
                    rank(mean),
                    Reverse((a.min(*b), a.max(*b))),
                    self.version(a, *b),
                ));
            }
        }
    }

    fn merge(&mut self, a: u32, b: u32, open: &mut BinaryHeap<Open>) {
        let around = |c: &Self, row: u32| c.around.get(at(row)).map_or(0, BTreeMap::len);
        // The smaller neighbourhood moves.
        let (a, b) = match around(self, a) >= around(self, b) {
            true => (a, b),
            false => (b, a),
        };
        let moved = self
            .around
            .get_mut(at(b))
            .map(std::mem::take)
            .unwrap_or_default();
        let more = self.sizes(b).to_vec();
        let version = self.version(a, b).wrapping_add(1);
        let width = self.files.len();
        if let (Some(parent), Some(own), Some(now)) = (
            self.parent.get_mut(at(b)),
            self.size.get_mut(at(a) * width..(at(a) + 1) * width),
            self.version.get_mut(at(a)),
        ) {
            *parent = a;
            for (own, more) in own.iter_mut().zip(more) {
                *own += more;
            }
            *now = version;
        }
        if let Some(own) = self.around.get_mut(at(a)) {
            own.remove(&b);
        }
        for (c, between) in moved.into_iter().filter(|(c, _)| *c != a) {
            let mut sum = between;
            if let Some(own) = self.around.get_mut(at(a)) {
                let entry = own.entry(c).or_default();
                entry.sum += between.sum;
                entry.compared += between.compared;
                sum = *entry;
            }
            if let Some(theirs) = self.around.get_mut(at(c)) {
                theirs.remove(&b);
                theirs.insert(a, sum);
            }
        }
        self.offer(a, open, |_| true);
    }

    fn names(&self) -> Vec<u32> {
        let root = |mut row: u32| {
            while let Some(parent) = self.parent.get(at(row)).filter(|p| **p != row) {
                row = *parent;
            }
            row
        };
        let mut lowest: Vec<Option<u32>> = vec![None; self.parent.len()];
        let rows = (0_u32..).take(self.parent.len());
        let name = |row: u32| match lowest.get_mut(at(root(row))) {
            Some(lowest) => *lowest.get_or_insert(row),
            None => row,
        };
        rows.map(name).collect()
    }
}

/// The place of a weight above nought among others, by its whole millionths, so that the order of
/// mergers is the same everywhere: numbers above nought are in the order of their bits.
fn rank(mean: f64) -> u64 {
    (mean * 1e6).round().clamp(0.0, 1e12).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(rows: usize) -> [Rows; 1] {
        [Rows {
            rows,
            duplicate_free: false,
        }]
    }

    fn edge(a: u32, b: u32, weight: f64) -> Edge {
        Edge { a, b, weight }
    }

    #[test]
    fn a_chain_is_cut_where_its_ends_disagree() {
        // 0-1 and 2-3 are sure; 1-2 is likely, but 0-3, 0-2 and 1-3 speak against it.
        let edges = [
            edge(0, 1, 6.0),
            edge(2, 3, 6.0),
            edge(1, 2, 2.0),
            edge(0, 2, -3.0),
            edge(1, 3, -3.0),
            edge(0, 3, -4.0),
        ];
        assert_eq!(agglomerate(&one(5), &edges), [0, 0, 2, 2, 4]);
        // Without those, and with nothing compared, it holds.
        assert_eq!(agglomerate(&one(4), &edges[..3]), [0, 0, 0, 0]);
    }

    #[test]
    fn rows_without_a_pair_stay_by_themselves_and_the_order_of_pairs_does_not_matter() {
        let edges = [
            edge(4, 1, 1.0),
            edge(1, 3, 2.0),
            edge(3, 4, 0.5),
            edge(0, 2, -1.0),
        ];
        let mut turned = edges.to_vec();
        turned.reverse();
        let turned: Vec<Edge> = turned.iter().map(|e| edge(e.b, e.a, e.weight)).collect();
        assert_eq!(agglomerate(&one(5), &edges), [0, 1, 2, 1, 1]);
        assert_eq!(agglomerate(&one(5), &edges), agglomerate(&one(5), &turned));
        assert_eq!(agglomerate(&[], &[]), Vec::<u32>::new());
    }

    #[test]
    fn a_row_of_a_file_free_of_duplicates_has_one_place() {
        // Left rows 0 and 1, right rows 2 and 3: 0 fits both right ones.
        let edges = [edge(0, 2, 3.0), edge(0, 3, 2.0), edge(1, 3, 1.0)];
        let files = |left, right| {
            [left, right].map(|duplicate_free| Rows {
                rows: 2,
                duplicate_free,
            })
        };
        assert_eq!(agglomerate(&files(false, false), &edges), [0, 0, 0, 0]);
        assert_eq!(agglomerate(&files(false, true), &edges), [0, 1, 0, 1]);
        assert_eq!(agglomerate(&files(true, true), &edges), [0, 1, 0, 1]);
    }

    #[test]
    fn of_many_files_those_free_of_duplicates_keep_their_rows_apart() {
        // Files of two rows each: 0 1 | 2 3 | 4 5. The rows of the second are two people.
        let files = [false, true, false].map(|duplicate_free| Rows {
            rows: 2,
            duplicate_free,
        });
        let edges = [
            edge(0, 2, 5.0),
            edge(0, 3, 4.0),
            edge(0, 1, 3.0),
            edge(2, 4, 5.0),
            edge(0, 4, 2.0),
            edge(1, 4, 1.0),
        ];
        let all = agglomerate_all(&files, Compared::AcrossAndWithin, &edges);
        assert_eq!(all, [0, 0, 0, 3, 0, 5]);
        // Where rows of one file were not compared, nothing is held against their not meeting.
        let across = agglomerate_all(&files, Compared::Across, &edges[..2]);
        assert_eq!(across, [0, 1, 0, 3, 4, 5]);
    }

    #[test]
    fn two_rows_with_no_other_pair_are_joined_as_they_would_be_in_turn() {
        for duplicate_free in [false, true] {
            let rows = [Rows {
                rows: 4,
                duplicate_free,
            }];
            for weight in [9.0, 0.1, 0.0, -1.0, f64::NEG_INFINITY] {
                let own = edge(3, 1, weight);
                // A pair that never comes about puts it among those that wait for their turn.
                let in_turn = agglomerate(&rows, &[own, edge(1, 0, f64::NEG_INFINITY)]);
                let alone = agglomerate(&rows, &[own]);
                assert_eq!(alone, in_turn, "{weight}");
                assert_eq!(alone[3] == 1, weight > 0.0 && !duplicate_free, "{weight}");
            }
        }
    }

    #[test]
    fn what_cannot_be_one_is_not_joined_by_a_third() {
        let edges = [
            edge(0, 1, 7.0),
            edge(1, 2, 6.0),
            edge(0, 2, f64::NEG_INFINITY),
        ];
        assert_eq!(agglomerate(&one(3), &edges), [0, 0, 2]);
        assert_eq!(agglomerate(&one(3), &edges[..2]), [0, 0, 0]);
    }

    #[test]
    fn weights_are_in_order_by_whole_rank() {
        assert_eq!(rank(1.5), rank(1.500_000_4));
        assert_eq!(rank(0.000_000_4), 0);
        assert!(rank(0.000_001) > 0);
        assert!(rank(1.500_001) > rank(1.5));
        assert!(rank(7.0) > rank(6.999_999));
    }
}
