//! Raw rows as they stood in a file: text cells, one after the other, with their lines.

/// A batch of raw rows. It has no `Debug`: it holds people.
#[derive(Default)]
pub struct RawBatch {
    /// XML: the one table that the rows are of; nothing means that they feed all.
    pub target: Option<usize>,
    /// The number of the first row in the file (for that table), from 1.
    pub first_row: u64,
    text: String,
    ends: Vec<u32>,
    cells: Vec<u32>,
    lines: Vec<u64>,
}

impl RawBatch {
    /// An empty batch.
    pub fn new(target: Option<usize>, first_row: u64) -> Self {
        RawBatch {
            target,
            first_row,
            ..RawBatch::default()
        }
    }

    /// Appends a cell to the row that is being built.
    pub fn push_cell(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// Ends the row that is being built.
    pub fn end_row(&mut self, line: u64) {
        self.cells
            .push(u32::try_from(self.ends.len()).unwrap_or(u32::MAX));
        self.lines.push(line);
    }

    /// How many rows it holds.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Does it hold no row?
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Its text in bytes; a batch is handed on when it is large enough.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// A row.
    pub fn row(&self, index: usize) -> RawRow<'_> {
        let at = |i: usize| {
            self.cells
                .get(i)
                .and_then(|c| usize::try_from(*c).ok())
                .unwrap_or_default()
        };
        RawRow {
            batch: self,
            from: index.checked_sub(1).map_or(0, at),
            to: at(index),
        }
    }

    /// The line on which a row begins, from 1; 0 where the file has no lines.
    pub fn line(&self, index: usize) -> u64 {
        self.lines.get(index).copied().unwrap_or_default()
    }
}

/// A row of a batch.
#[derive(Clone, Copy)]
pub struct RawRow<'a> {
    batch: &'a RawBatch,
    from: usize,
    to: usize,
}

impl<'a> RawRow<'a> {
    /// How many cells it has.
    pub fn len(self) -> usize {
        self.to - self.from
    }

    /// A cell, as it stood.
    pub fn cell(self, index: usize) -> Option<&'a str> {
        let at = self.from + index;
        if at >= self.to {
            return None;
        }
        let end = usize::try_from(*self.batch.ends.get(at)?).ok()?;
        let start = match at.checked_sub(1) {
            Some(before) => usize::try_from(*self.batch.ends.get(before)?).ok()?,
            None => 0,
        };
        self.batch.text.get(start..end)
    }
}
