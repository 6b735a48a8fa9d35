//! Raw rows to landing rows: constraints, codes, standard forms, scope. Pure and parallel; what
//! it finds is told in counts and places, never in values.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::chunk::Chunk;
use super::constraint::constrained;
use super::convert::{self, Cell, Grade, Setting};
use super::mapping::{Filling, Mapping, TargetPlan};
use super::read::{Binding, RawBatch};
use crate::schema::code_list::NOTHING;
use crate::schema::table_schema::OnInvalid;

/// What all rows of a file have in common.
pub struct FileContext<'a> {
    /// The schema made ready.
    pub mapping: &'a Mapping,
    /// Where its fields stand.
    pub binding: &'a Binding,
    /// What `{la}` matched.
    pub capture: Option<&'a str>,
    /// What conversion needs to know.
    pub setting: Setting,
    /// The file's number in the job.
    pub file: u32,
    /// For each target, the unit of the account.
    pub units: &'a [u32],
    /// How many columns the file has; 0 where rows cannot be ragged.
    pub width: usize,
}

/// Which column a rule was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// The row as a whole.
    Row,
    /// A field of the schema.
    Field(usize),
    /// A column of the landing table.
    Column(&'static str),
}

/// A row that a rule held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected {
    /// For one target, or for all.
    pub target: Option<usize>,
    /// The row in the file, from 1.
    pub row: u64,
    /// Its line, from 1; 0 where the file has no lines.
    pub line: u64,
    /// The rule.
    pub rule: &'static str,
    /// The column.
    pub which: Which,
}

/// Counts of how good the values of a field were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quality {
    /// Rows.
    pub rows: u64,
    /// Nothing was written.
    pub missing: u64,
    /// A default was written, and dropped.
    pub default: u64,
    /// An invalid value was written, and dropped.
    pub invalid: u64,
}

impl Quality {
    /// Adds other counts.
    pub fn add(&mut self, other: Quality) {
        self.rows += other.rows;
        self.missing += other.missing;
        self.default += other.default;
        self.invalid += other.invalid;
    }

    /// Counts one value.
    pub fn count(&mut self, grade: Option<Grade>) {
        self.rows += 1;
        match grade {
            None => self.missing += 1,
            Some(Grade::Good) => {}
            Some(Grade::Default) => self.default += 1,
            Some(Grade::Invalid | Grade::Malformed) => self.invalid += 1,
        }
    }
}

/// What became of a batch.
pub struct Processed {
    /// For each target, the rows that landed.
    pub chunks: Vec<Chunk>,
    /// For each target, how many rows came.
    pub rows: Vec<u64>,
    /// For each target, how many rows are out of scope.
    pub out_of_scope: Vec<u64>,
    /// Rows held back.
    pub rejected: Vec<Rejected>,
    /// For each field, how good its values were.
    pub quality: Vec<Quality>,
    /// With a primary key: row, fingerprint of the key, fingerprint of the row.
    pub keys: Vec<(u64, u64, u64)>,
}

/// One field's value in one row.
#[derive(Clone, Copy, Default)]
struct Value<'a> {
    /// As written, without the blanks around it.
    raw: Option<&'a str>,
    /// Translated by the field's codes.
    coded: Option<&'a str>,
    grade: Option<Grade>,
}

/// Brings a batch of raw rows to the landing tables.
pub fn process(context: &FileContext<'_>, batch: &RawBatch) -> Processed {
    let mapping = context.mapping;
    let n = mapping.targets.len();
    let mut out = Processed {
        chunks: mapping
            .targets
            .iter()
            .zip(context.units)
            .map(|(t, unit)| Chunk::new(t.table, &t.present(), *unit, context.file))
            .collect(),
        rows: vec![0; n],
        out_of_scope: vec![0; n],
        rejected: Vec::new(),
        quality: vec![Quality::default(); mapping.schema.fields.len()],
        keys: Vec::new(),
    };
    let checked = fields_to_check(mapping, batch.target);
    let mut values = vec![Value::default(); mapping.schema.fields.len()];
    let mut cells = Vec::new();
    let mut composed = String::new();
    for index in 0..batch.len() {
        let place = RowPlace {
            row: batch.first_row + index as u64,
            line: batch.line(index),
        };
        let raw = batch.row(index);
        let targets = match batch.target {
            Some(t) => t..t + 1,
            None => 0..n,
        };
        for t in targets.clone() {
            out.rows[t] += 1;
        }
        if context.width != 0 && raw.len() != context.width {
            out.rejected
                .push(place.rejected(batch.target, "columns", Which::Row));
            continue;
        }
        let mut failed = None;
        for &field in &checked {
            let cell = context.binding.get(field).copied().flatten();
            let cell = cell.and_then(|c| raw.cell(c)).unwrap_or_default();
            match check(mapping, field, cell) {
                Ok(value) => values[field] = value,
                Err(rule) => {
                    failed.get_or_insert((rule, field));
                }
            }
        }
        if let Some((rule, field)) = failed {
            out.rejected
                .push(place.rejected(batch.target, rule, Which::Field(field)));
            continue;
        }
        for t in targets {
            let target = &mapping.targets[t];
            let mut row = RowWork {
                context,
                target,
                values: &mut values,
                place,
            };
            match row.land(&mut cells, &mut composed) {
                Landing::Lands => out.chunks[t].push(place.row, &cells),
                Landing::OutOfScope => {
                    out.out_of_scope[t] += 1;
                    continue;
                }
                Landing::Rejected(rule, which) => {
                    out.rejected.push(place.rejected(Some(t), rule, which));
                }
            }
            for &field in &target.uses {
                if mapping.home.get(field) == Some(&Some(t)) {
                    out.quality[field].count(values[field].grade);
                }
            }
        }
        if !mapping.key.is_empty() && batch.target.is_none() {
            out.keys.push(fingerprints(mapping, &values, place.row));
        }
    }
    out
}

/// XML rows concern the fields of their own target; other rows all that are used or constrained.
fn fields_to_check(mapping: &Mapping, target: Option<usize>) -> Vec<usize> {
    match target.and_then(|t| mapping.targets.get(t)) {
        Some(target) => target.uses.clone(),
        None => mapping
            .schema
            .fields
            .iter()
            .enumerate()
            .filter(|(i, f)| {
                mapping.home.get(*i).is_some_and(Option::is_some)
                    || mapping.key.contains(i)
                    || f.constraints.required
                    || f.constraints.allowed.is_some()
            })
            .map(|(i, _)| i)
            .collect(),
    }
}

/// A value against its field's missing words, constraints and codes.
fn check<'a>(mapping: &'a Mapping, index: usize, cell: &'a str) -> Result<Value<'a>, &'static str> {
    let Some(field) = mapping.schema.fields.get(index) else {
        return Ok(Value::default());
    };
    let raw = cell.trim();
    let missing = field
        .missing_values
        .as_ref()
        .unwrap_or(&mapping.schema.missing_values);
    if raw.is_empty() || missing.iter().any(|m| m == raw) {
        return if field.constraints.required {
            Err("required")
        } else {
            Ok(Value::default())
        };
    }
    if let Err(rule) = constrained(field, raw) {
        return match field.on_invalid {
            OnInvalid::Quarantine => Err(rule),
            OnInvalid::Null => Ok(Value {
                grade: Some(Grade::Invalid),
                ..Value::default()
            }),
        };
    }
    let coded = match &field.codes {
        Some(list) => list.word(raw),
        None => Some(raw),
    };
    let grade = if coded.is_some() {
        Grade::Good
    } else {
        Grade::Invalid
    };
    Ok(Value {
        raw: Some(raw),
        coded: coded.filter(|word| *word != NOTHING),
        grade: Some(grade),
    })
}

#[derive(Clone, Copy)]
struct RowPlace {
    row: u64,
    line: u64,
}

impl RowPlace {
    fn rejected(self, target: Option<usize>, rule: &'static str, which: Which) -> Rejected {
        Rejected {
            target,
            row: self.row,
            line: self.line,
            rule,
            which,
        }
    }
}

enum Landing {
    Lands,
    OutOfScope,
    Rejected(&'static str, Which),
}

/// A row on its way into one target.
struct RowWork<'w, 'a> {
    context: &'w FileContext<'a>,
    target: &'w TargetPlan,
    values: &'w mut [Value<'a>],
    place: RowPlace,
}

impl<'a> RowWork<'_, 'a> {
    /// Fills `cells`, one for each column of the table.
    fn land(&mut self, cells: &mut Vec<Cell<'a>>, composed: &mut String) -> Landing {
        cells.clear();
        for (field, allowed) in &self.target.keep {
            let raw = self
                .values
                .get(*field)
                .and_then(|v| v.raw)
                .unwrap_or_default();
            if !allowed.iter().any(|a| a.eq_ignore_ascii_case(raw)) {
                return Landing::OutOfScope;
            }
        }
        for (filling, column) in self.target.columns.iter().zip(self.target.table.columns) {
            let cell = match filling {
                Filling::Absent => Cell::Null,
                Filling::Field(field, kind) => match self.field(*field, *kind) {
                    Ok(cell) => cell,
                    Err(rule) => return Landing::Rejected(rule, Which::Field(*field)),
                },
                Filling::Composed(templates) => self.compose(templates, column.kind, composed),
            };
            if column.required && cell == Cell::Null {
                return match filling {
                    Filling::Field(field, _) => {
                        let written = self.values.get(*field).is_some_and(|v| v.raw.is_some());
                        let rule = if written { "code" } else { "required" };
                        Landing::Rejected(rule, Which::Field(*field))
                    }
                    _ => Landing::Rejected("required", Which::Column(column.name)),
                };
            }
            cells.push(cell);
        }
        Landing::Lands
    }

    fn field(&mut self, index: usize, kind: convert::Kind) -> Result<Cell<'a>, &'static str> {
        let Some(field) = self.context.mapping.schema.fields.get(index) else {
            return Ok(Cell::Null);
        };
        let Some(value) = self.values.get_mut(index) else {
            return Ok(Cell::Null);
        };
        let Some(coded) = value.coded else {
            return Ok(Cell::Null);
        };
        let format = field.format.as_deref().unwrap_or("%Y-%m-%d");
        let (cell, grade) = convert::convert(kind, coded, format, &self.context.setting);
        if grade == Grade::Malformed && field.on_invalid == OnInvalid::Quarantine {
            return Err("type");
        }
        value.grade = Some(grade);
        Ok(cell)
    }

    fn compose(
        &self,
        templates: &[super::template::Template],
        kind: convert::Kind,
        composed: &mut String,
    ) -> Cell<'a> {
        let value = |f: usize| self.values.get(f).and_then(|v| v.coded);
        let setting = &self.context.setting;
        for template in templates {
            let whole = template.fill(
                composed,
                value,
                self.context.capture,
                self.place.row,
                setting,
            );
            if whole {
                return match convert::convert(kind, composed, "%Y-%m-%d", setting).0 {
                    Cell::Text(text) => Cell::Text(text.into_owned().into()),
                    Cell::Null => Cell::Null,
                    Cell::Date(d) => Cell::Date(d),
                    Cell::Number(n) => Cell::Number(n),
                    Cell::Flag(f) => Cell::Flag(f),
                };
            }
        }
        Cell::Null
    }
}

fn fingerprints(mapping: &Mapping, values: &[Value<'_>], row: u64) -> (u64, u64, u64) {
    // Fixed keys: the fingerprints never leave memory and must not differ between runs.
    let mut key = DefaultHasher::new();
    for &field in &mapping.key {
        values.get(field).and_then(|v| v.raw).hash(&mut key);
    }
    let mut content = DefaultHasher::new();
    for value in values {
        value.raw.hash(&mut content);
    }
    (row, key.finish(), content.finish())
}
