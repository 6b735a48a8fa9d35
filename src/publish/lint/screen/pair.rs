//! A data file and its meta file, read as columns of text.

use std::collections::BTreeSet;
use std::path::Path;

use crate::publish::lint::error::LintError;

/// A table of text.
pub(super) struct Table {
    pub names: Vec<String>,
    columns: Vec<Vec<String>>,
    pub rows: usize,
}

impl Table {
    /// A column by its name.
    pub(super) fn column(&self, name: &str) -> Option<&[String]> {
        let at = self.names.iter().position(|n| n == name)?;
        self.columns.get(at).map(Vec::as_slice)
    }

    /// Is there a column of that name?
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }

    /// The different values of a column, in order; none if there is no such column.
    pub(super) fn distinct(&self, name: &str) -> BTreeSet<&str> {
        let values = self.column(name).unwrap_or_default();
        values.iter().map(String::as_str).collect()
    }

    /// A cell; empty where there is no such column.
    pub(super) fn cell(&self, name: &str, row: usize) -> &str {
        self.column(name)
            .and_then(|c| c.get(row))
            .map_or("", String::as_str)
    }

    /// Every cell of the table, with the name of its column.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.names
            .iter()
            .map(String::as_str)
            .zip(self.columns.iter().map(Vec::as_slice))
    }
}

/// Both files.
pub(super) struct Pair {
    pub data_name: String,
    pub meta_name: String,
    pub data: Table,
    pub meta: Table,
}

impl Pair {
    /// Reads `NAME.csv` and the `NAME.meta.csv` beside it.
    pub(super) fn read(path: &Path) -> Result<Self, LintError> {
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        // Either file of the pair may be named.
        let (data_name, meta_name) = match name.strip_suffix(".meta.csv") {
            Some(stem) => (format!("{stem}.csv"), name.to_owned()),
            None => {
                let stem = name.strip_suffix(".csv").unwrap_or(name);
                (name.to_owned(), format!("{stem}.meta.csv"))
            }
        };
        Ok(Pair {
            data: read(&path.with_file_name(&data_name))?,
            meta: read(&path.with_file_name(&meta_name))?,
            data_name,
            meta_name,
        })
    }

    /// The rows of the meta file of a type: the names of their columns.
    pub(super) fn of_type(&self, kind: &str) -> Vec<&str> {
        (0..self.meta.rows)
            .filter(|r| self.meta.cell("col_type", *r) == kind)
            .map(|r| self.meta.cell("col_name", r))
            .collect()
    }

    /// The filters.
    pub(super) fn filters(&self) -> Vec<&str> {
        self.of_type("Filter")
    }

    /// The columns that group filters, once each, in order.
    pub(super) fn groups(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for row in 0..self.meta.rows {
            let group = self.meta.cell("filter_grouping_column", row);
            if !group.is_empty() && !out.contains(&group) {
                out.push(group);
            }
        }
        out
    }

    /// Filters and their groups, once each.
    pub(super) fn filters_and_groups(&self) -> Vec<&str> {
        let mut out = self.filters();
        for group in self.groups() {
            if !out.contains(&group) {
                out.push(group);
            }
        }
        out
    }
}

fn read(path: &Path) -> Result<Table, LintError> {
    let refused = |what| LintError::NotReadable {
        path: path.to_path_buf(),
        what,
    };
    let bytes = std::fs::read(path).map_err(|e| LintError::Unreadable {
        path: path.to_path_buf(),
        kind: e.kind(),
    })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let header = reader
        .headers()
        .map_err(|_| refused("its first line is no row of names in UTF-8"))?;
    let names: Vec<String> = header.iter().map(str::to_owned).collect();
    let mut columns = vec![Vec::new(); names.len()];
    let mut rows = 0;
    for record in reader.records() {
        let record = record
            .map_err(|_| refused("a row is not UTF-8 or has more or fewer cells than the first"))?;
        for (column, cell) in columns.iter_mut().zip(&record) {
            column.push(cell.to_owned());
        }
        rows += 1;
    }
    Ok(Table {
        names,
        columns,
        rows,
    })
}
