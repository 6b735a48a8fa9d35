//! Demands of a specification on single cells: cells that must stay shown, rows in which a class
//! would be disclosed, and amounts that one contributor dominates.

use std::collections::BTreeSet;

use super::exact::real;
use super::linked::{Demands, Member};
use super::records::Records;
use super::rule_sections::Dominance;
use super::spec::Spec;
use super::standalone::{codes, leaves};

/// The demands on each table.
pub(super) fn demands(spec: &Spec, members: &[Member], records: &Records) -> Vec<Demands> {
    let all = members.iter().enumerate();
    all.map(|(i, member)| {
        let mut demands = Demands {
            shown: must_show(spec, i, member),
            hidden: BTreeSet::new(),
        };
        let cells = member.cube.cells().unwrap_or(0);
        if !spec.class.is_empty() {
            demands
                .hidden
                .extend(disclosed_classes(spec, i, member, cells));
        }
        if !spec.dominance.is_none() {
            demands
                .hidden
                .extend(dominated(spec, i, member, records, cells));
        }
        demands
    })
    .collect()
}

fn must_show(spec: &Spec, table: usize, member: &Member) -> BTreeSet<usize> {
    if spec.must_show.is_empty() {
        return BTreeSet::new();
    }
    let total = crate::schema::published::TOTAL;
    let wanted: BTreeSet<Vec<&str>> = spec
        .must_show
        .iter()
        .map(|cell| {
            let code = |d: &String| cell.get(d).map_or(total, String::as_str);
            spec.dimensions.iter().map(code).collect()
        })
        .collect();
    (0..member.cube.cells().unwrap_or(0))
        .filter(|at| {
            let own = codes(spec, table, member, *at);
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            wanted.contains(&own)
        })
        .collect()
}

/// In a row all of whose people are in one cell, everybody's class follows: that cell is hidden,
/// and so are the zeros beside it, that anything may stand behind.
fn disclosed_classes(spec: &Spec, table: usize, member: &Member, cells: usize) -> Vec<usize> {
    let totals = member.cube.totals(cells);
    let strides = member.cube.strides();
    let dimensions = spec.tables.get(table).into_iter().flatten();
    let mut out = Vec::new();
    for ((d, h), stride) in dimensions.zip(&member.cube.hierarchies).zip(strides) {
        if !spec.class.contains(d) {
            continue;
        }
        for at in 0..cells {
            let position = at / stride % h.codes.len();
            for group in h.groups.iter().filter(|g| g.total == position) {
                let row: Vec<usize> = group
                    .parts
                    .iter()
                    .map(|p| at - position * stride + p * stride)
                    .collect();
                let filled = row.iter().filter(|c| totals[**c] > 0).count();
                if filled == 1 && row.len() > 1 {
                    out.extend(row);
                }
            }
        }
    }
    out
}

/// Cells in which the largest contributions tell too much of each other.
fn dominated(
    spec: &Spec,
    table: usize,
    member: &Member,
    records: &Records,
    cells: usize,
) -> Vec<usize> {
    let Dominance { largest, .. } = spec.dominance;
    let most = largest.map_or(2, |(n, _)| n.max(2));
    let mut first: Vec<Vec<u64>> = vec![Vec::new(); cells];
    for (codes, contributions) in &records.contributions {
        for at in member.cube.above(&leaves(spec, table, member, codes)) {
            let first = &mut first[at];
            first.extend(contributions);
            first.sort_unstable_by(|a, b| b.cmp(a));
            first.truncate(most);
        }
    }
    let totals = member.cube.totals(cells);
    (0..cells)
        .filter(|at| {
            let first: Vec<f64> = first[*at].iter().map(|n| real(*n)).collect();
            spec.dominance.is_dominated(&first, real(totals[*at]))
        })
        .collect()
}
