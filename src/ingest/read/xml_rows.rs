//! XML of the kind of the children in need census: streaming events, never a tree in memory.
//!
//! A row is an element that a target of the schema names by its path (`Child`, `Child/CINdetails`
//! …); a field is a leaf below it or below one of its ancestors. Document types and entities other
//! than the five of XML are refused; nothing is expanded.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::{HashMap, HashSet};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::text_file::{TextFile, Watch};
use super::{Binding, RawBatch, RowReader};
use crate::ingest::error::Problem;
use crate::ingest::mapping::Mapping;
use crate::schema::table_schema::FieldsMatch;

const ROWS: usize = 2048;

/// Counts the lines that the parser has consumed.
struct Counted {
    inner: BufReader<TextFile>,
    lines: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        let newlines = self
            .inner
            .buffer()
            .iter()
            .take(amount)
            .filter(|b| **b == b'\n')
            .count();
        self.lines.fetch_add(
            u64::try_from(newlines).unwrap_or_default(),
            Ordering::Relaxed,
        );
        self.inner.consume(amount);
    }
}

/// A row being collected: the target's path, its batch and counter.
struct Rows {
    path: String,
    batch: RawBatch,
    next_row: u64,
}

/// An XML file.
pub struct XmlRows {
    path: PathBuf,
    reader: Reader<Counted>,
    watch: Arc<Watch>,
    lines: Arc<AtomicU64>,
    binding: Binding,
    /// Is an element that the schema does not know an error?
    closed: bool,
    root: String,
    fields: HashMap<String, usize>,
    field_paths: Vec<String>,
    rows: Vec<Rows>,
    ready: VecDeque<RawBatch>,
    state: State,
}

/// Where the parser stands.
#[derive(Default)]
struct State {
    /// Names of the open elements, outside and inside a row.
    depth: usize,
    /// The depth at which the row's outermost element stands, while inside one.
    base: Option<usize>,
    /// The path from the row's outermost element.
    rel: String,
    /// Lines on which the open elements of `rel` began.
    begun: Vec<u64>,
    text: String,
    leaf: bool,
    values: Vec<Option<String>>,
    unknown: HashSet<String>,
    problems: Vec<Problem>,
    ended: bool,
}

impl XmlRows {
    /// Opens the file.
    pub fn open(path: &Path, mapping: &Mapping) -> Result<Self, Vec<Problem>> {
        let (text, watch) = TextFile::open(path, mapping.schema.encoding).map_err(|p| vec![p])?;
        let lines = Arc::new(AtomicU64::new(1));
        let reader = Reader::from_reader(Counted {
            inner: BufReader::with_capacity(1 << 17, text),
            lines: lines.clone(),
        });
        let field_paths: Vec<String> = mapping
            .schema
            .fields
            .iter()
            .map(|f| f.path.clone().unwrap_or_else(|| f.name.clone()))
            .collect();
        let rows: Vec<Rows> = mapping
            .targets
            .iter()
            .enumerate()
            .map(|(i, t)| Rows {
                path: t.row.clone().unwrap_or_default(),
                batch: RawBatch::new(Some(i), 1),
                next_row: 1,
            })
            .collect();
        let root = rows
            .first()
            .and_then(|r| r.path.split('/').next())
            .unwrap_or_default()
            .to_owned();
        Ok(XmlRows {
            path: path.to_path_buf(),
            reader,
            watch,
            lines,
            binding: (0..field_paths.len()).map(Some).collect(),
            closed: matches!(
                mapping.schema.fields_match,
                FieldsMatch::Exact | FieldsMatch::Equal | FieldsMatch::Superset
            ),
            root,
            fields: field_paths.iter().cloned().zip(0..).collect(),
            state: State {
                values: vec![None; field_paths.len()],
                ..State::default()
            },
            field_paths,
            rows,
            ready: VecDeque::new(),
        })
    }

    fn line(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    fn broken(&self, what: &'static str) -> Problem {
        Problem::Xml {
            file: self.path.clone(),
            line: self.line(),
            what,
        }
    }

    fn begin(&mut self, name: &str) {
        let line = self.line();
        let state = &mut self.state;
        state.depth += 1;
        if state.base.is_none() && name == self.root {
            state.base = Some(state.depth);
            state.rel.clear();
            state.begun.clear();
        }
        if state.base.is_some() {
            if !state.rel.is_empty() {
                state.rel.push('/');
            }
            state.rel.push_str(name);
            state.begun.push(line);
            state.leaf = true;
            state.text.clear();
        }
    }

    fn end(&mut self) {
        let line = self.line();
        let state = &mut self.state;
        if let Some(base) = state.base {
            if state.leaf {
                self.leaf(line);
            }
            self.row_ends();
            let state = &mut self.state;
            let parent = state.rel.rfind('/').unwrap_or(0);
            state.rel.truncate(parent);
            state.begun.pop();
            state.leaf = false;
            state.text.clear();
            if state.depth == base {
                state.base = None;
                state.values.iter_mut().for_each(|v| *v = None);
            }
        }
        self.state.depth = self.state.depth.saturating_sub(1);
    }

    /// An element without elements in it: a value, or something the schema does not know.
    fn leaf(&mut self, line: u64) {
        let state = &mut self.state;
        if let Some(&field) = self.fields.get(&state.rel) {
            if let Some(value) = state.values.get_mut(field)
                && value.is_none()
            {
                *value = Some(state.text.trim().to_owned());
            }
            return;
        }
        let is_row = self.rows.iter().any(|r| r.path == state.rel);
        // An empty group (`<Disabilities/>`) looks like a leaf.
        let is_group = state.text.trim().is_empty()
            && self.field_paths.iter().any(|p| {
                p.strip_prefix(&state.rel)
                    .is_some_and(|r| r.starts_with('/'))
            });
        if self.closed && !is_row && !is_group && state.unknown.insert(state.rel.clone()) {
            let parent = state.rel.rsplit_once('/').map_or("", |(parent, _)| parent);
            state.problems.push(Problem::UnknownElement {
                file: self.path.clone(),
                line,
                expected: self
                    .field_paths
                    .iter()
                    .filter_map(|p| p.strip_prefix(parent)?.strip_prefix('/'))
                    .map(str::to_owned)
                    .collect(),
            });
        }
    }

    /// If the element that ends is a row of a target, the row is complete.
    fn row_ends(&mut self) {
        let state = &mut self.state;
        let mut any = false;
        for rows in self.rows.iter_mut().filter(|r| r.path == state.rel) {
            any = true;
            for value in &state.values {
                rows.batch.push_cell(value.as_deref().unwrap_or_default());
            }
            rows.batch
                .end_row(state.begun.last().copied().unwrap_or_default());
            rows.next_row += 1;
            if rows.batch.len() >= ROWS {
                let next = RawBatch::new(rows.batch.target, rows.next_row);
                self.ready
                    .push_back(std::mem::replace(&mut rows.batch, next));
            }
        }
        if any {
            // The values inside the row are used up; those of its ancestors stay.
            for (path, value) in self.field_paths.iter().zip(&mut state.values) {
                if path
                    .strip_prefix(&state.rel)
                    .is_some_and(|rest| rest.starts_with('/'))
                {
                    *value = None;
                }
            }
        }
    }

    /// One event; tells whether there are more.
    fn step(&mut self, buffer: &mut Vec<u8>) -> Result<bool, Problem> {
        self.watch.row_begins();
        buffer.clear();
        let event = match self.reader.read_event_into(buffer) {
            Ok(event) => event,
            Err(quick_xml::Error::Io(e)) => {
                return Err(self.watch.problem(&self.path, e.kind(), self.line()));
            }
            Err(quick_xml::Error::IllFormed(_)) => {
                return Err(self.broken("a tag closes that does not match the open one"));
            }
            Err(_) => return Err(self.broken("it is not well formed")),
        };
        match event {
            Event::Start(e) => {
                let name = e.local_name().into_inner().to_owned();
                self.begin(&name);
            }
            Event::Empty(e) => {
                let name = e.local_name().into_inner().to_owned();
                self.begin(&name);
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(t) => {
                if self.state.base.is_some() {
                    self.state.text.push_str(&t);
                }
            }
            Event::CData(t) => {
                if self.state.base.is_some() {
                    self.state.text.push_str(&t);
                }
            }
            Event::GeneralRef(r) => {
                let c = match r.resolve_char_ref() {
                    Ok(Some(c)) => Some(c),
                    Ok(None) => predefined(&r),
                    Err(_) => None,
                };
                match c {
                    Some(c) => self.state.text.push(c),
                    None => {
                        return Err(Problem::Entity {
                            file: self.path.clone(),
                            line: self.line(),
                        });
                    }
                }
            }
            Event::DocType(_) => {
                return Err(Problem::Entity {
                    file: self.path.clone(),
                    line: self.line(),
                });
            }
            Event::Eof => {
                if self.state.depth > 0 {
                    return Err(self.broken("it ends before all elements are closed"));
                }
                return Ok(false);
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        Ok(true)
    }
}

fn predefined(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

impl RowReader for XmlRows {
    fn next_batch(&mut self) -> Result<Option<RawBatch>, Vec<Problem>> {
        let mut buffer = Vec::new();
        while self.ready.is_empty() && !self.state.ended {
            match self.step(&mut buffer) {
                Ok(true) => {}
                Ok(false) => {
                    self.state.ended = true;
                    for rows in &mut self.rows {
                        if !rows.batch.is_empty() {
                            self.ready.push_back(std::mem::take(&mut rows.batch));
                        }
                    }
                }
                Err(problem) => {
                    self.state.ended = true;
                    self.state.problems.push(problem);
                }
            }
        }
        if self.state.ended && !self.state.problems.is_empty() {
            return Err(std::mem::take(&mut self.state.problems));
        }
        Ok(self.ready.pop_front())
    }

    fn binding(&self) -> &Binding {
        &self.binding
    }
}
