//! The decision on small passes, and its properties on random ones.

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::link::linkage_side::{PassRows, group};
use crate::link::owner_side::{Joined, join};
use crate::link::pass::SourceInfo;

fn p(n: u8) -> [u8; 16] {
    [n; 16]
}

/// Decides passes of (record, key) pairs; `source[record]` is its source. The rows' order and
/// the keys' order are turned by `turn`.
fn decided(
    sources: &[u8],
    free: &[bool],
    passes: &[Vec<(u8, u8)>],
    turn: usize,
    floor: f64,
) -> (Decided, Records) {
    let mut decision = Decision::new(Rules {
        sources: free
            .iter()
            .map(|f| SourceInfo {
                name: String::new(),
                duplicate_free: *f,
            })
            .collect(),
        within: true,
        floor,
        keep: None,
    });
    let mut records = Records::default();
    for pass in passes {
        let mut rows = pass.clone();
        let turn_by = turn.min(rows.len());
        rows.rotate_left(turn_by);
        let mix = |key: u8| {
            if turn == 0 {
                key
            } else {
                key.wrapping_mul(37).wrapping_add(11)
            }
        };
        let table: Vec<Joined> = rows.iter().map(|r| (p(r.0), p(r.0))).collect();
        let groups = group(
            &PassRows {
                sources: rows.iter().map(|r| sources[usize::from(r.0)]).collect(),
                rows: rows.iter().map(|r| p(r.0)).collect(),
                keys: rows.iter().map(|r| p(mix(r.1))).collect(),
            },
            100,
        );
        let scan = |f: &mut dyn FnMut(&Joined)| {
            table.iter().for_each(f);
            Ok::<(), Infallible>(())
        };
        let Ok(Ok(of_records)) = join(&groups, &mut records, scan, |_| {}) else {
            panic!("a record is missing");
        };
        let mut seen = groups.seen;
        seen.rows_by_source.resize(free.len(), 0);
        let input = PassInput {
            name: String::new(),
            seen,
            groups: of_records,
            linked: decision.none_linked(),
            parts: None,
            fixed: Some(0.9),
        };
        decision.pass(&input, &records);
    }
    (decision.finish(&records), records)
}

fn pairs(decided: &Decided, records: &Records) -> Vec<(u8, u8, u8)> {
    let first = |n: u32| records.pseudonym(n)[0];
    let links = decided.links.iter();
    links
        .map(|l| (first(l.left), first(l.right), l.pass))
        .collect()
}

#[test]
fn a_key_of_two_records_of_a_duplicate_free_source_links_nobody() {
    let (found, records) = decided(
        &[0, 1, 1],
        &[true, true],
        &[vec![(0, 1), (1, 1), (2, 1)]],
        0,
        0.5,
    );
    assert!(pairs(&found, &records).is_empty());
    assert_eq!(found.passes[0].ambiguous_keys, 1);
}

#[test]
fn who_has_found_a_partner_is_no_rival() {
    // Twins 0 and 1, and their records 2 and 3: a strict key joins 0 and 2, and then the
    // family's key, which all four share, joins 1 and 3.
    let family = vec![(0, 1), (1, 1), (2, 1), (3, 1)];
    let passes = [vec![(0, 1), (2, 1)], family];
    let (found, records) = decided(&[0, 0, 1, 1], &[true, true], &passes, 0, 0.5);
    assert_eq!(pairs(&found, &records), [(0, 2, 0), (1, 3, 1)]);
}

#[test]
fn keys_that_contradict_each_other_link_nobody() {
    // Record 0 has two keys in one pass, and each finds another record of source 1.
    let passes = [vec![(0, 1), (1, 1), (0, 2), (2, 2)]];
    let (found, records) = decided(&[0, 1, 1], &[false, true], &passes, 0, 0.5);
    assert!(pairs(&found, &records).is_empty());
    assert_eq!(found.passes[0].contradicted_keys, 2);
}

#[test]
fn a_pass_below_the_floor_is_dropped() {
    let passes = [vec![(0, 1), (1, 1)]];
    let (found, records) = decided(&[0, 1], &[true, true], &passes, 0, 0.95);
    assert!(pairs(&found, &records).is_empty());
    assert!(!found.passes[0].used);
    assert_eq!(found.entities.size(0), 1);
}

proptest! {
    #[test]
    fn entities_keep_the_constraint_and_no_order_matters(
        sources in proptest::collection::vec(0_u8..3, 24),
        passes in proptest::collection::vec(
            proptest::collection::vec((0_u8..24, 0_u8..12), 0..30), 1..4),
        turn in 1_usize..30,
    ) {
        let free = [true, true, false];
        let (found, records) = decided(&sources, &free, &passes, 0, 0.5);
        let mut holds: BTreeMap<(u32, u8), usize> = BTreeMap::new();
        for number in 0..records.len() as u32 {
            let source = records.source(number);
            *holds.entry((found.entities.root(number), source)).or_default() += 1;
        }
        for ((_, source), n) in &holds {
            prop_assert!(*n == 1 || !free[usize::from(*source)]);
        }
        for link in &found.links {
            prop_assert_eq!(found.entities.root(link.left), found.entities.root(link.right));
        }
        let (again, others) = decided(&sources, &free, &passes, turn, 0.5);
        prop_assert_eq!(pairs(&found, &records), pairs(&again, &others));
    }
}
