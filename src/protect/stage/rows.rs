//! The cells of a definition: from counts to cubes, and from a protected cube to rows in the order
//! of publication.
//!
//! A dimension whose codes do not add up (its total has no name in the definition: the month-ends
//! of a series) divides a table into one cube a code, each about a population of its own. No sum
//! over its codes is published or audited, and what one month shows says nothing exact of another.

use std::collections::BTreeMap;

use super::super::error::ProtectError;
use super::super::exact::real;
use super::super::hierarchy::Hierarchy;
use super::super::linked::{Cell, Member, State};
use super::super::rules::Rounding;
use super::super::system::Cube;
use super::super::table::ProtectedRow;
use super::Working;
use crate::schema::published::{Concept, DimensionDef, Status, TableDef};

/// Counts by the codes of inner cells.
type Inner = BTreeMap<Vec<String>, u64>;

/// One population of a table.
pub(super) struct Slice {
    /// Its codes in the dimensions that do not add up, in the order of the definition; none where
    /// all of them do.
    pub codes: Vec<String>,
    pub member: Member,
}

fn additive(definition: &TableDef) -> impl Iterator<Item = &DimensionDef> {
    definition.dimensions.iter().filter(|d| d.adds_up())
}

/// The codes of a cell in the order of the definition.
fn together(definition: &TableDef, apart: &[String], within: Vec<String>) -> Vec<String> {
    let (mut apart, mut within) = (apart.iter().cloned(), within.into_iter());
    let codes = definition.dimensions.iter().filter_map(|d| {
        if d.adds_up() {
            within.next()
        } else {
            apart.next()
        }
    });
    codes.collect()
}

/// The populations of a table that have counts, in the order of publication. A stock on the day
/// `reference` is the population of the other tables' stocks.
pub(super) fn slices(
    definition: &TableDef,
    base: u64,
    concept: Concept,
    measure: &str,
    counts: &BTreeMap<Vec<String>, u64>,
    reference: Option<&str>,
) -> Result<Vec<Slice>, ProtectError> {
    let mut parts: BTreeMap<Vec<usize>, (Vec<String>, Inner)> = BTreeMap::new();
    if definition.dimensions.iter().all(DimensionDef::adds_up) {
        parts.insert(Vec::new(), Default::default());
    }
    for (codes, count) in counts {
        let (mut at, mut apart, mut within) = (Vec::new(), Vec::new(), Vec::new());
        for (code, d) in codes.iter().zip(&definition.dimensions) {
            if d.adds_up() {
                within.push(code.clone());
            } else {
                at.push(rank(d, code));
                apart.push(code.clone());
            }
        }
        let part = parts.entry(at).or_insert_with(|| (apart, Inner::new()));
        part.1.insert(within, *count);
    }
    let slices = parts.into_values().map(|(codes, counts)| {
        let mut member = member(definition, &codes, base, concept, measure, &counts)?;
        let is_reference = concept == Concept::Stock
            && codes.len() == 1
            && codes.first().map(String::as_str) == reference;
        if !codes.is_empty() {
            member.name = format!("{} ({})", member.name, codes.join(", "));
        }
        if !is_reference {
            member.population.clone_from(&codes);
        }
        Ok(Slice { codes, member })
    });
    slices.collect()
}

/// The place of a code in the order of publication; the total comes first.
fn rank(dimension: &DimensionDef, code: &str) -> usize {
    let found = dimension.codes.iter().position(|c| c.code == code);
    found.map_or(0, |i| i + 1)
}

fn member(
    definition: &TableDef,
    apart: &[String],
    base: u64,
    concept: Concept,
    measure: &str,
    counts: &BTreeMap<Vec<String>, u64>,
) -> Result<Member, ProtectError> {
    let hierarchies = additive(definition)
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
        variables: additive(definition).map(|d| d.variable.clone()).collect(),
        hierarchies,
        inner,
    };
    let impossible = (0..cube.cells().unwrap_or(0))
        .filter(|cell| {
            let codes = codes_of(definition, apart, &cube, *cell);
            let refs: Vec<&str> = codes.iter().map(String::as_str).collect();
            definition.is_not_applicable(concept, measure, &refs)
                || definition.is_not_available(concept, measure, &refs)
        })
        .collect();
    Ok(Member {
        name: definition.id.clone(),
        population: Vec::new(),
        cube,
        min_frequency: definition.suppression.map(|s| s.min_frequency),
        impossible,
        base,
    })
}

/// The codes of a cell of a slice, in the order of the definition.
pub(super) fn codes_of(
    definition: &TableDef,
    apart: &[String],
    cube: &Cube,
    cell: usize,
) -> Vec<String> {
    let position = cube.position(cell);
    let within = position.iter().zip(&cube.hierarchies);
    let within = within.map(|(at, h)| h.codes[*at].clone()).collect();
    together(definition, apart, within)
}

/// The cells of a cube in the order of the definition's codes, totals first.
pub(super) fn publication_order(definition: &TableDef, cube: &Cube) -> Vec<usize> {
    let ranks: Vec<Vec<usize>> = cube
        .hierarchies
        .iter()
        .zip(additive(definition))
        .map(|(h, d)| h.codes.iter().map(|code| rank(d, code)).collect())
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
    let slices = slices(table.definition, 1, concept, measure, counts, None);
    for slice in slices.unwrap_or_default() {
        given_slice(table, concept, measure, counts, &slice);
    }
}

fn given_slice(
    table: &mut Working,
    concept: Concept,
    measure: &str,
    counts: &BTreeMap<Vec<String>, u64>,
    slice: &Slice,
) {
    let cube = &slice.member.cube;
    for cell in publication_order(table.definition, cube) {
        let codes = codes_of(table.definition, &slice.codes, cube, cell);
        let count = counts.get(&codes).copied();
        let status = match count {
            Some(_) => Status::Observed,
            None if table.definition.unavailable.is_some() => Status::X,
            None if slice.member.impossible.contains(&cell) => Status::Z,
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
