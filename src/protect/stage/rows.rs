//! The cells of a definition: from counts to a cube, and from a protected cube to rows in the order
//! of publication.

use std::collections::BTreeMap;

use super::super::error::ProtectError;
use super::super::exact::real;
use super::super::hierarchy::Hierarchy;
use super::super::linked::{Cell, Member, State};
use super::super::rules::Rounding;
use super::super::system::Cube;
use super::super::table::ProtectedRow;
use super::Working;
use crate::schema::published::{Concept, Status, TableDef};

pub(super) fn member(
    definition: &TableDef,
    base: u64,
    concept: Concept,
    measure: &str,
    counts: &BTreeMap<Vec<String>, u64>,
) -> Result<Member, ProtectError> {
    let hierarchies = definition
        .dimensions
        .iter()
        .map(|d| {
            let leaves: Vec<String> = d.leaves().map(|c| c.code.clone()).collect();
            let above: BTreeMap<String, String> = d
                .codes
                .iter()
                .filter_map(|c| c.parent.clone().map(|p| (c.code.clone(), p)))
                .collect();
            Hierarchy::new(&leaves, &[above]).map_err(|why| ProtectError::Hierarchy {
                dimension: d.name.clone(),
                why,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let inner = counts
        .iter()
        .filter_map(|(codes, count)| {
            codes
                .iter()
                .zip(&hierarchies)
                .map(|(code, h)| h.leaves.iter().position(|l| h.codes[*l] == *code))
                .collect::<Option<Vec<_>>>()
                .map(|at| (at, *count))
        })
        .collect();
    let cube = Cube {
        variables: definition
            .dimensions
            .iter()
            .map(|d| d.variable.clone())
            .collect(),
        hierarchies,
        inner,
    };
    let impossible = (0..cube.cells().unwrap_or(0))
        .filter(|cell| {
            let codes = codes_of(&cube, *cell);
            let refs: Vec<&str> = codes.iter().map(String::as_str).collect();
            definition.is_not_applicable(concept, measure, &refs)
                || definition.is_not_available(concept, measure, &refs)
        })
        .collect();
    Ok(Member {
        name: definition.id.clone(),
        cube,
        min_frequency: definition.suppression.map(|s| s.min_frequency),
        impossible,
        base,
    })
}

pub(super) fn codes_of(cube: &Cube, cell: usize) -> Vec<String> {
    cube.position(cell)
        .iter()
        .zip(&cube.hierarchies)
        .map(|(at, h)| h.codes[*at].clone())
        .collect()
}

/// The cells of a cube in the order of the definition's codes, totals first.
pub(super) fn publication_order(definition: &TableDef, cube: &Cube) -> Vec<usize> {
    let ranks: Vec<Vec<usize>> = cube
        .hierarchies
        .iter()
        .zip(&definition.dimensions)
        .map(|(h, d)| {
            h.codes
                .iter()
                .map(|code| {
                    d.codes
                        .iter()
                        .position(|c| c.code == *code)
                        .map_or(0, |i| i + 1)
                })
                .collect()
        })
        .collect();
    let mut order: Vec<usize> = (0..cube.cells().unwrap_or(0)).collect();
    order.sort_by_key(|cell| {
        cube.position(*cell)
            .iter()
            .zip(&ranks)
            .map(|(at, rank)| rank[*at])
            .collect::<Vec<_>>()
    });
    order
}

/// What may be shown of a cell.
pub(super) fn shown(
    definition: &TableDef,
    codes: Vec<String>,
    (concept, measure): (Concept, &str),
    cell: &Cell,
) -> ProtectedRow {
    let refs: Vec<&str> = codes.iter().map(String::as_str).collect();
    let unknown = definition.is_not_available(concept, measure, &refs);
    let rounded = Rounding { base: cell.base }.apply(cell.count);
    let (value, status) = match cell.state {
        State::Impossible if unknown => (None, Status::X),
        State::Impossible => (None, Status::Z),
        State::Primary | State::Secondary => (None, Status::C),
        State::Shown if rounded == 0 && cell.count > 0 => (None, Status::Low),
        State::Shown => (Some(real(rounded)), Status::Observed),
    };
    ProtectedRow {
        codes,
        concept,
        measure: measure.to_owned(),
        value,
        lower: None,
        upper: None,
        status,
        marker: None,
    }
}

/// Figures as they were given; every other cell of the table is not available.
pub(super) fn given_rows(
    table: &mut Working,
    concept: Concept,
    measure: &str,
    counts: &BTreeMap<Vec<String>, u64>,
) {
    let Ok(empty) = member(table.definition, 1, concept, measure, &BTreeMap::new()) else {
        return;
    };
    for cell in publication_order(table.definition, &empty.cube) {
        let codes = codes_of(&empty.cube, cell);
        let count = counts.get(&codes).copied();
        let status = match count {
            Some(_) => Status::Observed,
            None if table.definition.unavailable.is_some() => Status::X,
            None if empty.impossible.contains(&cell) => Status::Z,
            None => Status::X,
        };
        table.rows.push(ProtectedRow {
            codes: codes.clone(),
            concept,
            measure: measure.to_owned(),
            value: count.map(real),
            lower: None,
            upper: None,
            status,
            marker: None,
        });
        if let Some(count) = count {
            let as_given = Cell {
                count,
                state: State::Shown,
                base: 1,
                bounds: None,
            };
            table
                .restricted
                .push((codes, concept, measure.to_owned(), as_given));
        }
    }
}
