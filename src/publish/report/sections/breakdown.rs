//! Tables by one dimension: age, which parent, sentence, time apart, services, visits.

use super::super::chart::{Bar, Unit, bars};
use super::super::page::{Block, Section, Table};
use super::super::released::{ReleasedRow, ReleasedTable};
use super::super::view::ReleaseView;
use super::columns::Columns;
use super::{Drawn, IN_ORDER, concept_name, concept_words, counted, empty, text, when};
use crate::schema::published::{self, Concept, Status, TOTAL};

/// What a breakdown is of: its table, its dimension, and what is said of the largest group.
struct By {
    table: &'static str,
    dimension: &'static str,
    /// The headline where the group of this code and label is the largest.
    largest: fn(&str, &str) -> String,
    /// `by age`.
    by: &'static str,
}

/// By age of the child.
pub(crate) fn age(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("age", "Age of the children");
    let by = By {
        table: "T04",
        dimension: "age_band",
        largest: |code, label| match code {
            "18" => "Largest group: turned 18 in the year".to_owned(),
            _ => format!("Children aged {} are the largest group", lower(label)),
        },
        by: "by age",
    };
    section.blocks = blocks(view, drawn, &by);
    section
}

/// By which parent is in prison.
pub(crate) fn parent(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("parent", "Which parent is in prison");
    let by = By {
        table: "T03",
        dimension: "parent_sex",
        largest: |code, label| match code {
            "father" => "It is most often only the father".to_owned(),
            "mother" => "It is most often only the mother".to_owned(),
            _ => format!("Largest group: {}", lower(label)),
        },
        by: "by which parent",
    };
    section.blocks = blocks(view, drawn, &by);
    section
}

/// By the parent's sentence and offence.
pub(crate) fn sentence(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("sentence", "The parent's sentence");
    let length = By {
        table: "T09",
        dimension: "sentence_band",
        largest: |_, label| format!("Largest group: {}", lower(label)),
        by: "by sentence length",
    };
    let offence = By {
        table: "T09",
        dimension: "offence_group",
        largest: |_, label| format!("Largest offence group: {}", lower(label)),
        by: "by offence group",
    };
    section.blocks = blocks(view, drawn, &length);
    section.blocks.extend(blocks(view, drawn, &offence));
    section
}

/// By days and stays.
pub(crate) fn time_apart(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("time-apart", "Time apart");
    let days = By {
        table: "T10",
        dimension: "days_band",
        largest: |_, label| format!("Time apart is most often {}", lower(label)),
        by: "by days apart",
    };
    let stays = By {
        table: "T10",
        dimension: "spells_band",
        largest: |_, label| format!("Largest group: {} in the year", lower(label)),
        by: "by number of stays",
    };
    section.blocks = blocks(view, drawn, &days);
    section.blocks.extend(blocks(view, drawn, &stays));
    section
}

/// By service of the local authority.
pub(crate) fn services(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("services", "Children's services");
    let by = By {
        table: "T14",
        dimension: "service",
        largest: |_, label| format!("Largest group: {}", lower(label)),
        by: "by service",
    };
    section.blocks = blocks(view, drawn, &by);
    section
}

/// By who visited the parent.
pub(crate) fn visits(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("visits", "Visits");
    let by = By {
        table: "T13",
        dimension: "visits",
        largest: |_, label| format!("Largest group: {}", lower(label)),
        by: "by who visited the parent",
    };
    section.blocks = blocks(view, drawn, &by);
    section
}

/// The first concept in the open, the others behind a line.
fn blocks(view: &ReleaseView, drawn: &mut Drawn, by: &By) -> Vec<Block> {
    let Some(table) = view.table(by.table) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    let mut more = Vec::new();
    for concept in IN_ORDER {
        if let Some(block) = block(view, drawn, by, (table, concept)) {
            if out.is_empty() {
                out.push(block);
            } else {
                more.push(block);
            }
        }
    }
    if !more.is_empty() {
        let line = match table.has(Concept::Incidence, "children") {
            true => format!("The same {} on the reference date, and for entries", by.by),
            false => format!("The same {} on the reference date", by.by),
        };
        out.push(Block::More(line, more));
    }
    out
}

fn block(
    view: &ReleaseView,
    drawn: &mut Drawn,
    by: &By,
    (table, concept): (&ReleasedTable, Concept),
) -> Option<Block> {
    let dimension = table.dimension(by.dimension)?;
    let columns = Columns::of_groups(table, concept);
    let found: Vec<(&str, &str, &ReleasedRow)> = dimension
        .codes
        .iter()
        .filter_map(|(code, label)| {
            let row = table.along(concept, columns.measure(), by.dimension, code)?;
            Some((code.as_str(), label.as_str(), row))
        })
        .collect();
    let total = found.iter().find(|(code, ..)| *code == TOTAL);
    let parts: Vec<_> = found.iter().filter(|(code, ..)| *code != TOTAL).collect();
    if parts.is_empty() {
        return None;
    }
    let data: Vec<Bar> = parts
        .iter()
        .filter(|(.., row)| row.status != Status::Z)
        .map(|(code, label, row)| Bar {
            label: (*label).to_owned(),
            value: row.value,
            symbol: row.symbol(),
            interval: row.interval,
            part: above(table, by.dimension, code).is_some(),
        })
        .collect();
    let all = total.into_iter().chain(parts.iter().copied());
    let rows = all.filter_map(|(code, label, _)| {
        let cells = columns.cells(table, concept, (by.dimension, code))?;
        Some([vec![text(*label)], cells].concat())
    });
    let words = Table {
        caption: format!("{}, {}", dimension.title, concept_words(concept)),
        heads: columns.heads(&[&dimension.title]),
        rows: rows.collect(),
    };
    let subtitle = format!(
        "{}{}, {}, England and Wales, {}",
        counted(concept),
        if columns.estimated {
            ", estimated with 95% intervals"
        } else {
            ""
        },
        by.by,
        when(view, concept)
    );
    let headline = headline(by, table, concept, &found);
    let svg = bars(&data, "Children", Unit::Number);
    Some(drawn.figure(headline, subtitle, svg, words))
}

/// The code above another one in the dimension's hierarchy.
fn above<'a>(table: &ReleasedTable, dimension: &str, code: &str) -> Option<&'a str> {
    let definition = published::table(&table.id)?.dimension(dimension)?;
    let found = definition.codes.iter().find(|c| c.code == code)?;
    found.parent.as_deref()
}

/// The largest group, if every group of the level is shown and one is largest; else what the
/// drawing is of. A hidden group may be the largest, so nothing is said where one is hidden. One of
/// which nothing is estimated (a parent whose sex is not known) is none to name.
fn headline(
    by: &By,
    table: &ReleasedTable,
    concept: Concept,
    found: &[(&str, &str, &ReleasedRow)],
) -> String {
    let neutral = format!("{}: children {}", concept_name(concept), by.by);
    let level: Vec<_> = found
        .iter()
        .filter(|(code, _, row)| {
            *code != TOTAL && above(table, by.dimension, code).is_none() && row.status != Status::Z
        })
        .collect();
    let hidden = level
        .iter()
        .any(|(.., row)| row.value.is_none() && !matches!(row.status, Status::Low | Status::X));
    let mut largest: Option<((&str, &str), f64)> = None;
    let mut tie = false;
    // One such sentence a section: the other concepts stand behind a line with plain headings.
    let active = IN_ORDER.first() == Some(&concept);
    for (code, label, row) in level {
        let Some(value) = row.value else { continue };
        match largest {
            Some((_, most)) if value == most => tie = true,
            Some((_, most)) if value < most => {}
            _ => {
                largest = Some(((code, label), value));
                tie = false;
            }
        }
    }
    match largest {
        Some(((code, label), value)) if active && !hidden && !tie && value > 0.0 => {
            let said = (by.largest)(code, label);
            if said.split_whitespace().count() <= super::super::MOST_WORDS {
                said
            } else {
                neutral
            }
        }
        _ => neutral,
    }
}

/// A label within a sentence.
fn lower(label: &str) -> String {
    let mut letters = label.chars();
    let first = letters.next().map(|c| c.to_lowercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}
