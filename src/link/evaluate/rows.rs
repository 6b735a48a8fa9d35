//! The rows of a linkage, numbered from `clusters.parquet`; the left rows come first.

use std::path::Path;

use hashbrown::HashMap;

use crate::link::LinkError;
use crate::link::out_files;

/// The rows, with the side and the cluster of each.
pub(super) struct Rows {
    /// Two files, or one?
    pub(super) two: bool,
    number: [HashMap<Box<str>, u32>; 2],
    /// 0 left, 1 right.
    pub(super) side: Vec<u8>,
    /// The number of its cluster.
    pub(super) cluster: Vec<u32>,
}

impl Rows {
    pub(super) fn read(out: &Path, two: bool) -> Result<Self, LinkError> {
        let mut rows = Rows {
            two,
            number: [HashMap::new(), HashMap::new()],
            side: Vec::new(),
            cluster: Vec::new(),
        };
        let mut clusters: HashMap<Box<str>, u32> = HashMap::new();
        out_files::read_clusters(&out.join("clusters.parquet"), |id, source, entity| {
            let side = u8::from(source == "right");
            let next = count(rows.side.len());
            let [left, right] = &mut rows.number;
            let numbers = if side == 0 { left } else { right };
            numbers.insert(id.into(), next);
            rows.side.push(side);
            let fresh = count(clusters.len());
            rows.cluster
                .push(*clusters.entry(entity.into()).or_insert(fresh));
        })?;
        Ok(rows)
    }

    /// Rows without names, for tests.
    #[cfg(test)]
    pub(super) fn of(sides: &[u8], clusters: &[u32], two: bool) -> Self {
        Rows {
            two,
            number: [HashMap::new(), HashMap::new()],
            side: sides.to_vec(),
            cluster: clusters.to_vec(),
        }
    }

    /// The number of an id on the side that it stands in a pair: 0 left, 1 right.
    pub(super) fn find(&self, id: &str, side: usize) -> Option<u32> {
        let [left, right] = &self.number;
        let numbers = if side == 1 && self.two { right } else { left };
        numbers.get(id).copied()
    }

    /// The side of a row: 0 left, 1 right.
    pub(super) fn side_of(&self, row: u32) -> usize {
        self.side.get(at(row)).map_or(0, |side| usize::from(*side))
    }
}

/// A count as the number of a row.
pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A row's number as a place.
pub(super) fn at(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Left and right rows of a set.
pub(super) type Cell = [u64; 2];

/// Counts a row of a side.
pub(super) fn enter(cell: &mut Cell, side: u8) {
    let [left, right] = cell;
    *if side == 0 { left } else { right } += 1;
}

/// Pairs in a set of so many left and right rows: across two files, or inside one.
pub(super) fn pairs_of([left, right]: Cell, two: bool) -> u64 {
    if two {
        left * right
    } else {
        left * left.saturating_sub(1) / 2
    }
}
