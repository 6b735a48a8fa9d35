//! Spells with children's services, supervisions, and relations that a source states outright.

use std::collections::BTreeMap;

use hashbrown::HashSet;

use super::{Find, Found};
use crate::columnar::ColumnarError;
use crate::ingest::chunk::{Landed, Row};
use crate::ingest::landing::{episode, parent_child, supervision};
use crate::ingest::ledger::Ledger;
use crate::ingest::output::{CanonicalWriter, Out};

/// Looks a person up; a row that leads nowhere is accounted for.
fn found<'s>(
    people: &'s impl Find,
    record: Option<&'s str>,
    row: Row<'_>,
    column: &'static str,
    ledger: &mut Ledger,
) -> Result<Option<&'s str>, ColumnarError> {
    Ok(match people.find(record.unwrap_or_default())? {
        Found::Person(person) => Some(person),
        Found::OutOfScope => {
            ledger.out_of_scope(row);
            None
        }
        Found::Nobody => {
            ledger.dangling(row, column);
            None
        }
    })
}

struct Episode<'a> {
    person: &'a str,
    service: &'a str,
    start: i32,
    end: Option<i32>,
    legal: Option<&'a str>,
    row: Row<'a>,
}

/// Writes spells with services. Rows come newest collection first: an episode that an older
/// collection tells too is believed as the newer one tells it. Episodes that follow one another
/// with the same service and legal status (a change of placement) are one spell.
pub fn write_episodes(
    landed: &Landed,
    people: &impl Find,
    writer: &mut CanonicalWriter,
    ledger: &mut Ledger,
) -> Result<(), ColumnarError> {
    let mut seen = HashSet::new();
    let mut all: BTreeMap<(&str, &str), Vec<Episode<'_>>> = BTreeMap::new();
    for row in landed.rows(episode::TABLE) {
        let Some(person) = found(people, row.text(episode::RECORD), row, "record", ledger)? else {
            continue;
        };
        let service = row.text(episode::SERVICE).unwrap_or_default();
        let start = row.date(episode::START).unwrap_or_default();
        if !seen.insert((person, service, start)) {
            ledger.merged(row);
            continue;
        }
        all.entry((person, service)).or_default().push(Episode {
            person,
            service,
            start,
            end: row.date(episode::END),
            legal: row.text(episode::LEGAL_STATUS),
            row,
        });
    }
    for episodes in all.values_mut() {
        episodes.sort_by_key(|e| e.start);
        let mut open: Option<&mut Episode<'_>> = None;
        for e in episodes {
            match &mut open {
                Some(spell)
                    if spell.legal == e.legal && spell.end.is_none_or(|end| e.start <= end) =>
                {
                    ledger.merged(e.row);
                    spell.end = match (spell.end, e.end) {
                        (Some(a), Some(b)) => Some(a.max(b)),
                        _ => None,
                    };
                }
                _ => {
                    if let Some(spell) = open.take() {
                        write_episode(spell, writer)?;
                    }
                    open = Some(e);
                }
            }
        }
        if let Some(spell) = open {
            write_episode(spell, writer)?;
        }
    }
    Ok(())
}

fn write_episode(e: &Episode<'_>, writer: &mut CanonicalWriter) -> Result<(), ColumnarError> {
    writer.push(
        &[
            Out::Text(Some(e.person)),
            Out::Text(Some(e.service)),
            Out::Date(Some(e.start)),
            Out::Date(e.end),
            Out::Text(e.row.text(episode::LOCAL_AUTHORITY)),
            Out::Text(e.legal),
        ],
        e.row.file(),
        e.row.number_in_file(),
    )
}

/// Writes supervisions, once each.
pub fn write_supervisions(
    landed: &Landed,
    people: &impl Find,
    writer: &mut CanonicalWriter,
    ledger: &mut Ledger,
) -> Result<(), ColumnarError> {
    use supervision as s;
    let mut seen = HashSet::new();
    for row in landed.rows(s::TABLE) {
        let Some(person) = found(people, row.text(s::RECORD), row, "record", ledger)? else {
            continue;
        };
        let (start, end, kind) = (row.date(s::START), row.date(s::END), row.text(s::TYPE));
        if !seen.insert((person, start, end, kind)) {
            ledger.merged(row);
            continue;
        }
        writer.push(
            &[
                Out::Text(Some(person)),
                Out::Date(start),
                Out::Date(end),
                Out::Text(kind),
            ],
            row.file(),
            row.number_in_file(),
        )?;
    }
    Ok(())
}

/// Writes relations that a source states outright, once each.
pub fn write_relations(
    landed: &Landed,
    people: &impl Find,
    writer: &mut CanonicalWriter,
    ledger: &mut Ledger,
) -> Result<(), ColumnarError> {
    use parent_child as r;
    let mut seen = HashSet::new();
    for row in landed.rows(r::TABLE) {
        let Some(adult) = found(people, row.text(r::ADULT), row, "adult", ledger)? else {
            continue;
        };
        let Some(child) = found(people, row.text(r::CHILD), row, "child", ledger)? else {
            continue;
        };
        let relationship = row.text(r::RELATIONSHIP);
        let (from, to) = (row.date(r::FROM), row.date(r::TO));
        if !seen.insert((adult, child, relationship, from, to)) {
            ledger.merged(row);
            continue;
        }
        writer.push(
            &[
                Out::Text(Some(adult)),
                Out::Text(Some(child)),
                Out::Text(relationship),
                Out::Date(from),
                Out::Date(to),
            ],
            row.file(),
            row.number_in_file(),
        )?;
    }
    Ok(())
}
