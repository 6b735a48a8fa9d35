//! What is known to be true: pairs of a list, or rows of one entity.

use std::path::{Path, PathBuf};

use hashbrown::{HashMap, HashSet};

use super::rows::{Cell, Rows, at, count, enter, pairs_of};
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::link::LinkError;
use crate::link::entities::Entities;
use crate::link::out_files::InputFile;
use crate::link::table_file::for_each_row;

/// Where the truth stands.
#[derive(Debug, Clone)]
pub enum Truth {
    /// A CSV or Parquet file with the columns `left_id` and `right_id`: the true pairs.
    Pairs(PathBuf),
    /// A column of the inputs that names the true entity.
    EntityColumn(String),
}

/// The truth about numbered rows.
pub(super) enum Known {
    /// The true pairs, the lower number first.
    Pairs(HashSet<(u32, u32)>),
    /// The true entity of each row.
    Entities(Vec<Option<u32>>),
}

impl Known {
    pub(super) fn read(
        truth: &Truth,
        inputs: &[InputFile],
        rows: &Rows,
    ) -> Result<Self, LinkError> {
        match truth {
            Truth::Pairs(path) => true_pairs(path, rows),
            Truth::EntityColumn(column) => true_entities(inputs, column, rows),
        }
    }

    /// Whether a pair is true.
    pub(super) fn holds(&self, a: u32, b: u32) -> bool {
        match self {
            Known::Pairs(pairs) => pairs.contains(&(a.min(b), a.max(b))),
            Known::Entities(of) => {
                let entity = |n: u32| of.get(at(n)).copied().flatten();
                entity(a).is_some() && entity(a) == entity(b)
            }
        }
    }

    /// Joins the rows of each true pair.
    pub(super) fn join(&self, rows: &Rows, entities: &mut Entities) {
        match self {
            Known::Pairs(pairs) => {
                for (a, b) in pairs {
                    entities.join(*a, *b);
                }
            }
            Known::Entities(of) => {
                let mut cells: HashMap<u32, (u32, Cell)> = HashMap::new();
                for ((row, entity), side) in (0..).zip(of).zip(&rows.side) {
                    if let Some(entity) = entity {
                        enter(&mut cells.entry(*entity).or_insert((row, [0; 2])).1, *side);
                    }
                }
                // Of two files, rows of one entity in one file alone make no pair.
                for (row, entity) in (0..).zip(of) {
                    let cell = entity.and_then(|entity| cells.get(&entity));
                    if let Some((first, cell)) = cell
                        && pairs_of(*cell, rows.two) > 0
                    {
                        entities.join(*first, row);
                    }
                }
            }
        }
    }

    /// Calls `each` with every true pair, the lower number first, unit by unit: `unit` names the unit
    /// of each row, and rows of one true pair have one.
    pub(super) fn walk(&self, rows: &Rows, unit: &[u32], mut each: impl FnMut(u32, u32)) {
        let unit = |row: u32| unit.get(at(row)).copied().unwrap_or(row);
        match self {
            Known::Pairs(pairs) => {
                let mut order: Vec<(u32, u32)> = pairs.iter().copied().collect();
                order.sort_unstable_by_key(|(a, b)| (unit(*a), *a, *b));
                order.iter().for_each(|(a, b)| each(*a, *b));
            }
            Known::Entities(of) => {
                let named = (0..).zip(of).filter_map(|(row, e)| Some((row, (*e)?)));
                let mut order: Vec<(u32, u32)> = named.collect();
                order.sort_unstable_by_key(|(row, entity)| (unit(*row), *entity, *row));
                for entity in order.chunk_by(|a, b| a.1 == b.1) {
                    for (place, (a, _)) in entity.iter().enumerate() {
                        for (b, _) in entity.iter().skip(place + 1) {
                            if !rows.two || rows.side_of(*a) != rows.side_of(*b) {
                                each(*a, *b);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Problems of one kind that are told row by row.
const TOLD: usize = 20;

fn true_pairs(path: &Path, rows: &Rows) -> Result<Known, LinkError> {
    let mut pairs = HashSet::new();
    let mut problems = Vec::new();
    for_each_row(path, &["left_id", "right_id"], |row, values| {
        let number = |side: usize| {
            let id = values.get(side).copied().flatten();
            id.and_then(|id| rows.find(id, side))
        };
        match (number(0), number(1)) {
            (Some(a), Some(b)) if a != b => {
                pairs.insert((a.min(b), a.max(b)));
            }
            (a, _) => {
                if problems.len() < TOLD {
                    let column = if a.is_none() { "left_id" } else { "right_id" };
                    problems.push(
                        Diagnostic::new(
                            "KL-L-040",
                            Exit::Input,
                            "the truth names a row that was not linked, or a row twice",
                            "check that the truth belongs to these files, left and right in order",
                        )
                        .at(Place::file(path).row(row).column(column)),
                    );
                }
            }
        }
    })?;
    if problems.is_empty() {
        Ok(Known::Pairs(pairs))
    } else {
        Err(LinkError::Problems(problems))
    }
}

fn true_entities(inputs: &[InputFile], column: &str, rows: &Rows) -> Result<Known, LinkError> {
    let mut of = vec![None; rows.side.len()];
    let mut names: HashMap<Box<str>, u32> = HashMap::new();
    for (side, input) in inputs.iter().enumerate() {
        for_each_row(&input.path, &[&input.id, column], |_, values| {
            if let [Some(id), Some(entity)] = values {
                let fresh = count(names.len());
                let entity = *names.entry((*entity).into()).or_insert(fresh);
                let place = rows.find(id, side).and_then(|n| of.get_mut(at(n)));
                if let Some(place) = place {
                    *place = Some(entity);
                }
            }
        })?;
    }
    Ok(Known::Entities(of))
}
