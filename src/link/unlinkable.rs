//! What a row would be worth against an exact copy of itself: of rows that lack too much no link can
//! be expected, whoever they are.
//!
//! Such a row agrees with its copy on all that is there, and the rules that hold the two are those of
//! which the row has every part. Rivals are not reckoned with, nor blocks that were left out because
//! they hold too many pairs; both only make more rows unlinkable. How
//! frequent its names are is left aside.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use rayon::prelude::*;

use super::engine::Linked;
use super::estimates::OwnRows;
use super::model::Weights;
use super::pairs::Pattern;
use crate::comparison::{Kind, MISSING};
use crate::pseudonymise::words::{Comparison, Held, Part, Rule, beside};

/// Rows that are looked at together.
const AT_A_TIME: usize = 1 << 16;

/// The pattern of a row against itself.
fn own(held: Held<'_>, row: usize, comparisons: &[Comparison], rules: &[Rule]) -> Pattern {
    let level = |comparison: &Comparison| {
        if comparison.kind == Kind::Frequency {
            return MISSING;
        }
        let (x, y) = beside(comparison, (held, row), (held, row));
        comparison.kind.level(x, y)
    };
    let has = |part: &Part| {
        let number = held.source.columns.get(part.column);
        let number = number.map_or(0, |column| column.number(row));
        let lanes = held.digests.get(part.column).map(|d| d.lanes(number));
        lanes.and_then(|l| l.get(part.lane).copied()).unwrap_or(0) != 0
    };
    let holds = |rule: &Rule| {
        rule.parts
            .iter()
            .chain(rule.unordered.iter().flatten())
            .all(has)
    };
    let mask = (0..u16::BITS).zip(rules).fold(0_u16, |mask, (bit, rule)| {
        mask | u16::from(holds(rule)) << bit
    });
    Pattern::new(comparisons.iter().map(level), mask)
}

/// Which lanes each value of each column has, a bit each. Rows that have the same lanes everywhere
/// have one pattern against themselves, whatever their values.
struct Lanes {
    of: Vec<Vec<u8>>,
}

impl Lanes {
    fn new(held: Held<'_>) -> Self {
        let of = held.digests.iter().map(|digests| {
            // A source from a sealed file has digests and no values.
            let last = u32::try_from(digests.distinct()).unwrap_or(u32::MAX);
            let there = |number: u32| {
                let lanes = (0..u8::BITS).zip(digests.lanes(number));
                lanes.fold(0, |mask, (bit, lane)| mask | u8::from(lane != 0) << bit)
            };
            (0..=last).map(there).collect()
        });
        Lanes { of: of.collect() }
    }

    fn of(&self, held: Held<'_>, row: usize) -> Vec<u8> {
        let columns = held.source.columns.iter().zip(&self.of);
        let there = columns.map(|(column, masks)| {
            let number = usize::try_from(column.number(row));
            number.ok().and_then(|n| masks.get(n)).copied().unwrap_or(0)
        });
        there.collect()
    }
}

/// The rows of a side by their own patterns, the most frequent first.
pub fn own_rows(
    side: &str,
    held: Held<'_>,
    comparisons: &[Comparison],
    linked: &Linked,
) -> Vec<OwnRows> {
    let rules: Vec<Rule> = linked.rules.iter().map(|r| r.rule.clone()).collect();
    let lanes = Lanes::new(held);
    let starts: Vec<usize> = (0..held.source.rows).step_by(AT_A_TIME).collect();
    let tasks: Vec<HashMap<Pattern, u64>> = starts
        .into_par_iter()
        .map(|from| {
            let mut alike: HashMap<Vec<u8>, (usize, u64)> = HashMap::new();
            for row in from..held.source.rows.min(from + AT_A_TIME) {
                alike.entry(lanes.of(held, row)).or_insert((row, 0)).1 += 1;
            }
            let mut counts: HashMap<Pattern, u64> = HashMap::new();
            for (row, rows) in alike.into_values() {
                *counts
                    .entry(own(held, row, comparisons, &rules))
                    .or_default() += rows;
            }
            counts
        })
        .collect();
    let mut counts: BTreeMap<Pattern, u64> = BTreeMap::new();
    for (pattern, count) in tasks.into_iter().flatten() {
        *counts.entry(pattern).or_default() += count;
    }
    let weights = Weights::new(&linked.fit);
    let told = |(pattern, rows): (&Pattern, &u64)| {
        // Of the names against each other there is nothing to lack.
        let of = |wanted: &dyn Fn(u8) -> bool| -> Vec<String> {
            let all = comparisons.iter().enumerate();
            let fields = all.filter(|(_, c)| !matches!(c.kind, Kind::Names | Kind::Frequency));
            let there = fields.filter(|(c, _)| wanted(pattern.level(*c)));
            there.map(|(_, c)| c.name.clone()).collect()
        };
        let rules = pattern.rules().count_ones();
        OwnRows {
            side: side.to_owned(),
            missing: of(&|level| level == MISSING),
            in_part: of(&|level| level > 1),
            rows: *rows,
            rules,
            log_odds: (rules > 0).then(|| weights.log_odds(*pattern)),
        }
    };
    let mut out: Vec<OwnRows> = counts.iter().map(told).collect();
    out.sort_by_key(|own| std::cmp::Reverse(own.rows));
    out
}
