//! The account of the rows while they are being read and assembled, and the rows held back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};

use super::chunk::Row;
use super::error::{Excess, Problem};
use super::job::Limits;
use super::rows::{Quality, Which};
use crate::accounting::RowAccount;
use crate::columnar::{ColumnarError, Layout, TableWriter, Written};

/// One table of one file.
#[derive(Debug, Clone)]
struct Unit {
    source: usize,
    target: usize,
    file: PathBuf,
    account: RowAccount,
}

/// A row held back.
#[derive(Debug, Clone)]
struct Held {
    unit: u32,
    row: u64,
    line: u64,
    rule: &'static str,
    column: Option<Arc<str>>,
}

/// What the ledger must know of a source.
#[derive(Debug, Clone)]
pub struct SourceRules {
    /// Its name.
    pub name: String,
    /// Its limits.
    pub limits: Limits,
    /// Names of its fields.
    pub fields: Vec<Arc<str>>,
}

/// The account of all rows.
#[derive(Debug, Default)]
pub struct Ledger {
    sources: Vec<SourceRules>,
    units: Vec<Unit>,
    held: Vec<Held>,
    quality: BTreeMap<(usize, String), Quality>,
}

impl Ledger {
    /// A ledger of these sources.
    pub fn new(sources: Vec<SourceRules>) -> Self {
        Ledger {
            sources,
            ..Ledger::default()
        }
    }

    /// Opens the account of one table of one file.
    pub fn open(&mut self, source: usize, target: usize, file: &Path, unit: String) -> u32 {
        let name = self.sources.get(source).map_or("", |s| s.name.as_str());
        self.units.push(Unit {
            source,
            target,
            file: file.to_path_buf(),
            account: RowAccount::new(name, unit),
        });
        u32::try_from(self.units.len() - 1).unwrap_or(u32::MAX)
    }

    fn account(&mut self, unit: u32) -> Option<&mut RowAccount> {
        let at = usize::try_from(unit).ok()?;
        self.units.get_mut(at).map(|u| &mut u.account)
    }

    /// Rows came in: of so many, some are out of scope; the rest is accepted, unless a later rule holds it back.
    pub fn came(&mut self, unit: u32, rows: u64, out_of_scope: u64) {
        if let Some(account) = self.account(unit) {
            account.rows_in += rows;
            account.out_of_scope += out_of_scope;
            account.accepted += rows - out_of_scope;
        }
    }

    /// A row that counted as accepted is held back after all.
    pub fn hold(&mut self, unit: u32, row: u64, line: u64, rule: &'static str, which: Which) {
        if let Some(account) = self.account(unit) {
            account.accepted -= 1;
            account.quarantined += 1;
        }
        self.note(unit, row, line, rule, which);
    }

    /// A row that is held back in another table of its file too: counted there as well, told once.
    pub fn hold_silently(&mut self, unit: u32) {
        if let Some(account) = self.account(unit) {
            account.accepted -= 1;
            account.quarantined += 1;
        }
    }

    fn note(&mut self, unit: u32, row: u64, line: u64, rule: &'static str, which: Which) {
        let source = usize::try_from(unit)
            .ok()
            .and_then(|u| self.units.get(u))
            .and_then(|u| self.sources.get(u.source));
        let column = match which {
            Which::Row => None,
            Which::Field(f) => source.and_then(|s| s.fields.get(f)).cloned(),
            Which::Column(name) => Some(Arc::from(name)),
        };
        self.held.push(Held {
            unit,
            row,
            line,
            rule,
            column,
        });
    }

    /// A landed row points to nothing that is there.
    pub fn dangling(&mut self, row: Row<'_>, column: &'static str) {
        self.hold(
            row.unit(),
            row.number_in_file(),
            0,
            "reference",
            Which::Column(column),
        );
    }

    /// A landed row says what another row said.
    pub fn merged(&mut self, row: Row<'_>) {
        self.merged_in(row.unit());
    }

    /// A row of a unit says what another row said.
    pub fn merged_in(&mut self, unit: u32) {
        if let Some(account) = self.account(unit) {
            account.accepted -= 1;
            account.merged += 1;
        }
    }

    /// A landed row is right, but nobody asks for it.
    pub fn out_of_scope(&mut self, row: Row<'_>) {
        if let Some(account) = self.account(row.unit()) {
            account.accepted -= 1;
            account.out_of_scope += 1;
        }
    }

    /// The source of a unit.
    pub fn source_of(&self, unit: u32) -> usize {
        usize::try_from(unit)
            .ok()
            .and_then(|u| self.units.get(u))
            .map_or(0, |u| u.source)
    }

    /// Adds to the quality of a field of a source.
    pub fn quality(&mut self, source: usize, field: &str, quality: Quality) {
        if quality.rows > 0 {
            self.quality
                .entry((source, field.to_owned()))
                .or_default()
                .add(quality);
        }
    }

    /// The quality of all fields: source, field, counts.
    pub fn qualities(&self) -> impl Iterator<Item = (&str, &str, Quality)> {
        self.quality.iter().map(|((source, field), q)| {
            let name = self.sources.get(*source).map_or("", |s| s.name.as_str());
            (name, field.as_str(), *q)
        })
    }

    /// The accounts, in the order of the job.
    pub fn accounts(&self) -> Vec<RowAccount> {
        let mut units: Vec<&Unit> = self.units.iter().collect();
        units.sort_by(|a, b| (a.source, &a.file, a.target).cmp(&(b.source, &b.file, b.target)));
        units.iter().map(|u| u.account.clone()).collect()
    }

    /// Rules that rejected more rows than their source's limits.
    pub fn over_limit(&self) -> Vec<Problem> {
        struct Tally {
            rejected: u64,
            file: PathBuf,
            first: Vec<u64>,
        }
        let mut rows: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for unit in &self.units {
            *rows.entry((unit.source, unit.target)).or_default() += unit.account.rows_in;
        }
        type Rule = (usize, usize, Option<Arc<str>>, &'static str);
        let mut tallies: BTreeMap<Rule, Tally> = BTreeMap::new();
        for held in &self.held {
            let Some(unit) = usize::try_from(held.unit)
                .ok()
                .and_then(|u| self.units.get(u))
            else {
                continue;
            };
            let tally = tallies
                .entry((unit.source, unit.target, held.column.clone(), held.rule))
                .or_insert_with(|| Tally {
                    rejected: 0,
                    file: unit.file.clone(),
                    first: Vec::new(),
                });
            tally.rejected += 1;
            if tally.file == unit.file && tally.first.len() < 5 {
                tally.first.push(held.row);
            }
        }
        tallies
            .into_iter()
            .filter_map(|((source, target, column, rule), tally)| {
                let rules = self.sources.get(source)?;
                let rows = rows.get(&(source, target)).copied().unwrap_or_default();
                rules.limits.exceeded(tally.rejected, rows).then(|| {
                    Problem::Limit(Box::new(Excess {
                        file: tally.file,
                        source: rules.name.clone(),
                        column: column.map(|c| c.to_string()),
                        rule,
                        rejected: tally.rejected,
                        rows,
                        limit: limit_in_words(rules.limits),
                        first: tally.first,
                    }))
                })
            })
            .collect()
    }

    /// Writes the rows held back: source, file, row, line, column and rule, never the value.
    pub fn write_quarantine(&mut self, path: &Path) -> Result<Written, ColumnarError> {
        let units = &self.units;
        let unit_of = |u: u32| usize::try_from(u).ok().and_then(|u| units.get(u));
        self.held.sort_by(|a, b| {
            let key = |h: &Held| unit_of(h.unit).map(|u| (u.source, u.file.clone()));
            (key(a), a.row, a.rule, &a.column).cmp(&(key(b), b.row, b.rule, &b.column))
        });
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let number = |name: &str| Field::new(name, DataType::UInt64, true);
        let schema = Arc::new(Schema::new(vec![
            text("source"),
            text("file"),
            number("row"),
            number("line"),
            text("column"),
            text("rule"),
        ]));
        let mut writer = TableWriter::create(path, schema.clone(), Layout::People, &[])?;
        for part in self.held.chunks(1 << 16) {
            let unit = |h: &Held| unit_of(h.unit);
            let columns: Vec<ArrayRef> = vec![
                Arc::new(
                    part.iter()
                        .map(|h| unit(h).map(|u| u.account.source.clone()))
                        .collect::<StringArray>(),
                ),
                Arc::new(
                    part.iter()
                        .map(|h| unit(h).map(|u| u.account.unit.clone()))
                        .collect::<StringArray>(),
                ),
                Arc::new(part.iter().map(|h| Some(h.row)).collect::<UInt64Array>()),
                Arc::new(
                    part.iter()
                        .map(|h| (h.line > 0).then_some(h.line))
                        .collect::<UInt64Array>(),
                ),
                Arc::new(
                    part.iter()
                        .map(|h| h.column.as_deref())
                        .collect::<StringArray>(),
                ),
                Arc::new(part.iter().map(|h| Some(h.rule)).collect::<StringArray>()),
            ];
            let batch = RecordBatch::try_new(schema.clone(), columns).map_err(|_| {
                ColumnarError::Malformed {
                    path: path.to_path_buf(),
                }
            })?;
            writer.write(&batch)?;
        }
        writer.finish()
    }
}

fn limit_in_words(limits: Limits) -> String {
    let share = format!(
        "{} % beyond {} rows",
        limits.share * 100.0,
        limits.allowance
    );
    match limits.count {
        Some(count) => format!("{share}, or {count} rows"),
        None => share,
    }
}
