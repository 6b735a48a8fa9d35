//! Pairs that are never one person, whatever the model says: twins, and what somebody has decided.
//!
//! A rule speaks of levels: the same surname, the same date of birth, forenames with nothing in
//! common. A list speaks of rows: two that reviewers found to be different people. Dates speak for
//! themselves ([`dates`]): a record after the person's death, a child as old as a parent, two prisons
//! at once. Such a pair is no link, is nobody's rival, and keeps its rows in different entities even
//! where others would join them.

pub mod dates;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::LinkError;
use super::agglomerate::Edge;
use super::engine::NEVER;
use super::people::Input;
use super::spec::{Agreement, CannotLink};
use super::table_file::for_each_row;
use crate::comparison::Level;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::link::pairs::Pattern;
use crate::pseudonymise::words::Comparison;
use dates::DatedRows;

/// All that is known to be apart.
#[derive(Debug, Default)]
pub struct Apart {
    /// Of each rule the levels that must all hold.
    rules: Vec<Vec<(usize, Level)>>,
    /// Left row and right row; of one file the lower row first.
    pairs: BTreeSet<(u32, u32)>,
    /// The dates of the rows.
    dates: DatedRows,
}

impl Apart {
    /// Of the rules of a specification.
    pub fn of_rules(rules: &[CannotLink], comparisons: &[Comparison]) -> Self {
        let level = |field: &str, agreement: Agreement| {
            let place = comparisons.iter().position(|c| c.name == field)?;
            let kind = comparisons.get(place)?.kind;
            let last = Level::try_from(kind.labels().len()).ok()?;
            Some((
                place,
                if agreement == Agreement::Same {
                    1
                } else {
                    last
                },
            ))
        };
        // A field that is not compared, such as a former surname, says nothing: such a rule never
        // holds.
        let rule = |rule: &CannotLink| -> Option<Vec<(usize, Level)>> {
            let levels = rule.levels.iter();
            levels.map(|(field, a)| level(field, *a)).collect()
        };
        Apart {
            rules: rules.iter().filter_map(rule).collect(),
            pairs: BTreeSet::new(),
            dates: DatedRows::default(),
        }
    }

    /// With the dates of the rows.
    pub fn with_dates(mut self, dates: DatedRows) -> Self {
        self.dates = dates;
        self
    }

    /// Adds the pairs of a file with the columns `left_id` and `right_id`.
    pub fn read(&mut self, path: &Path, inputs: &[Input]) -> Result<(), LinkError> {
        let numbers: Vec<hashbrown::HashMap<&str, u32>> = inputs
            .iter()
            .map(|input| {
                let rows = (0..input.rows()).zip(0_u32..);
                rows.map(|(row, number)| (input.ids.text(row), number))
                    .collect()
            })
            .collect();
        let two = inputs.len() > 1;
        let mut problems = Vec::new();
        for_each_row(path, &["left_id", "right_id"], |row, values| {
            let number = |side: usize| {
                let id = values.get(side).copied().flatten()?;
                numbers.get(if two { side } else { 0 })?.get(id).copied()
            };
            match (number(0), number(1)) {
                (Some(a), Some(b)) if two => drop(self.pairs.insert((a, b))),
                (Some(a), Some(b)) if a != b => drop(self.pairs.insert((a.min(b), a.max(b)))),
                (a, _) => {
                    let column = if a.is_none() { "left_id" } else { "right_id" };
                    problems.push(unknown(path, row, column));
                }
            }
        })?;
        problems.truncate(20);
        match problems.is_empty() {
            true => Ok(()),
            false => Err(LinkError::Problems(problems)),
        }
    }

    /// Whether a pair's levels say so.
    pub fn by_levels(&self, pattern: Pattern) -> bool {
        let holds = |rule: &Vec<(usize, Level)>| {
            let mut levels = rule.iter();
            levels.all(|(place, level)| pattern.level(*place) == *level)
        };
        self.rules.iter().any(holds)
    }

    /// Whether two rows were named.
    pub fn by_name(&self, left: u32, right: u32) -> bool {
        self.pairs.contains(&(left, right))
    }

    /// Whether the dates of two rows say so.
    pub fn by_dates(&self, left: u32, right: u32) -> bool {
        self.dates.exclude(left, right)
    }

    /// The dates of the rows.
    pub fn dates(&self) -> &DatedRows {
        &self.dates
    }

    /// The pairs that were named.
    pub fn named(&self) -> impl Iterator<Item = (u32, u32)> {
        self.pairs.iter().copied()
    }
}

/// The file of pairs that are apart, where one is named.
pub fn apart(
    rules: &[CannotLink],
    comparisons: &[Comparison],
    file: Option<&PathBuf>,
    inputs: &[Input],
) -> Result<Apart, LinkError> {
    let mut apart = Apart::of_rules(rules, comparisons);
    if let Some(path) = file {
        apart.read(path, inputs)?;
    }
    Ok(apart)
}

/// Entities of which no two rows are apart. Rows that were never compared may come together through
/// others: where dates rule such two out, they are held apart and the entities formed again. Each
/// turn holds at least one more pair apart, so that it ends.
pub fn formed_apart(
    mut edges: Vec<Edge>,
    form: impl Fn(&[Edge]) -> Vec<u32>,
    apart: impl Fn(u32, u32) -> bool,
) -> Vec<u32> {
    let mut held: BTreeSet<(u32, u32)> = BTreeSet::new();
    loop {
        let entity = form(&edges);
        let mut rows: Vec<(u32, u32)> = entity.iter().copied().zip(0_u32..).collect();
        rows.sort_unstable();
        let mut found = Vec::new();
        for members in rows.chunk_by(|a, b| a.0 == b.0) {
            for (place, (_, a)) in members.iter().enumerate() {
                let others = members.iter().skip(place + 1).map(|(_, b)| *b);
                let excluded = others.filter(|b| apart(*a, *b)).map(|b| (*a, b));
                found.extend(excluded.filter(|pair| !held.contains(pair)));
            }
        }
        if found.is_empty() {
            return entity;
        }
        edges.extend(found.iter().map(|(a, b)| Edge {
            a: *a,
            b: *b,
            weight: NEVER,
        }));
        held.extend(found);
    }
}

fn unknown(path: &Path, row: u64, column: &str) -> Diagnostic {
    Diagnostic::new(
        "KL-L-035",
        Exit::Input,
        "a pair that cannot be linked names a row that is not there, or a row twice",
        "check that the file belongs to these inputs, left and right in order",
    )
    .at(Place::file(path).row(row).column(column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::Kind;

    #[test]
    fn a_third_row_does_not_join_two_that_dates_keep_apart() {
        use crate::link::agglomerate::{Rows, agglomerate};
        let file = [Rows {
            rows: 4,
            duplicate_free: false,
        }];
        let edge = |a, b, weight| Edge { a, b, weight };
        let edges = vec![edge(0, 1, 5.0), edge(1, 2, 4.0), edge(2, 3, 3.0)];
        let form = |edges: &[Edge]| agglomerate(&file, edges);
        assert_eq!(formed_apart(edges.clone(), form, |_, _| false), [0; 4]);
        let apart = |a, b| (a, b) == (0, 2);
        assert_eq!(formed_apart(edges, form, apart), [0, 0, 2, 2]);
    }

    #[test]
    fn a_rule_holds_where_all_of_its_levels_do() {
        let comparison = |name: &str, kind: Kind| Comparison {
            name: name.to_owned(),
            kind,
            columns: vec![Some(0)],
        };
        let comparisons = [
            comparison("forename", Kind::Forename),
            comparison("born", Kind::Date),
        ];
        let rule = |field: &str| CannotLink {
            levels: [
                (field.to_owned(), Agreement::Different),
                ("born".to_owned(), Agreement::Same),
            ]
            .into(),
        };
        let pattern = |levels: [Level; 2]| Pattern::new(levels.into_iter(), 1);
        let twins = Apart::of_rules(&[rule("forename")], &comparisons);
        assert!(twins.by_levels(pattern([8, 1])));
        assert!(!twins.by_levels(pattern([8, 2])));
        assert!(
            !twins.by_levels(pattern([0, 1])),
            "missing is not different"
        );
        let other = Apart::of_rules(&[rule("former_surname")], &comparisons);
        assert!(!other.by_levels(pattern([8, 1])));
    }
}
