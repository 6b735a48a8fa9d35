//! The linkage: figures of the stage for checkers; model, weights and thresholds for those who
//! made the run.

use super::super::chart::{Bar, Histogram, Line, Unit, bars, histogram, lines};
use super::super::linkage::{ComparisonRecord, KindLinkage};
use super::super::number::{figure, grouped, percent, real, real64};
use super::super::page::{Block, Cell, Section, Table};
use super::super::view::{RestrictedView, ReviewView};
use super::{Drawn, empty, number, text};
use crate::stage::Stage;

/// Figures of the stage link.
pub(crate) fn figures(view: &ReviewView) -> Section {
    let mut section = empty("linked", "Links made");
    let Some(stage) = view.record().stage(Stage::Link) else {
        return section;
    };
    let mut rows = Vec::new();
    for (kind, figures) in &stage.figures {
        for (name, value) in figures.as_object().into_iter().flatten() {
            if let Some(value) = value.as_f64() {
                rows.push(vec![
                    text(name.replace('_', " ")),
                    text(kind.as_str()),
                    Cell::Number(grouped(value, 1)),
                ]);
            }
        }
    }
    if !rows.is_empty() {
        section.blocks.push(Block::Table(Table {
            caption: "Figures of the linkage".to_owned(),
            heads: ["Figure", "Kind", "Number"].map(str::to_owned).to_vec(),
            rows,
        }));
    }
    section
}

/// Weights, thresholds, couples, m and u.
pub(crate) fn model(view: &RestrictedView, drawn: &mut Drawn) -> Section {
    let mut section = empty("model", "The model of the linkage");
    for kind in view.linkage() {
        section.blocks.extend(weights(kind, drawn));
        section.blocks.extend(thresholds(kind, drawn));
        section.blocks.extend(couples(kind));
        section.blocks.extend(unlinkable(kind, drawn));
        section.blocks.extend(lacking(kind));
        section.blocks.extend(levels(kind, drawn));
        for warning in &kind.model.warnings {
            let words = format!("Warning of the model ({}): {warning}.", kind.kind);
            section.blocks.push(Block::Paragraph(words));
        }
    }
    section
}

/// The width of a bin, in bits.
const BIN: f64 = 2.0;

fn weights(kind: &KindLinkage, drawn: &mut Drawn) -> Option<Block> {
    let (from, counts) = kind.histogram(BIN)?;
    let threshold = kind.model.threshold;
    // The weight at which odds of one to a prior give the threshold differs by couple of sources,
    // so the line is drawn at the least weight that was linked.
    let thresholds = kind
        .least_weight()
        .zip(threshold)
        .map(|(weight, p)| (weight, format!("least linked, threshold {}", figure(p))));
    let rows = counts
        .iter()
        .enumerate()
        .map(|(i, count)| {
            let edge = from + BIN * real(i);
            vec![
                text(format!("{} to {}", figure(edge), figure(edge + BIN))),
                number(Some(*count)),
            ]
        })
        .collect();
    let svg = histogram(&Histogram {
        from,
        width: BIN,
        counts,
        thresholds: thresholds.into_iter().collect(),
        axis: "Match weight (bits)".to_owned(),
        vertical: "Links".to_owned(),
    });
    Some(drawn.figure(
        format!("Weights of {} links", kind.kind),
        format!(
            "Number of {} links by match weight, in bins of two bits",
            kind.kind
        ),
        svg,
        Table {
            caption: format!("Links by weight, {}", kind.kind),
            heads: ["Weight", "Links"].map(str::to_owned).to_vec(),
            rows,
        },
    ))
}

fn thresholds(kind: &KindLinkage, drawn: &mut Drawn) -> Option<Block> {
    let all = kind.by_threshold();
    if all.len() < 2 || kind.links() == 0 {
        return None;
    }
    let labels: Vec<String> = all.iter().map(|a| figure(a.threshold)).collect();
    let line = |label: &str, of: fn(&super::super::AtThreshold) -> Option<f64>| Line {
        label: label.to_owned(),
        points: all.iter().map(|a| of(a).map(|v| (v, None))).collect(),
    };
    let svg = lines(
        &[
            line("precision", |a| a.precision),
            line("recall", |a| a.recall),
        ],
        &labels,
        ("Least probability of a link", "Expected share"),
        Unit::Share,
        false,
    );
    let share =
        |v: Option<f64>| Cell::Number(v.map_or_else(|| "[x]".to_owned(), |v| percent(v, 3)));
    let rows = all
        .iter()
        .map(|a| {
            vec![
                text(figure(a.threshold)),
                number(Some(real(a.links))),
                share(a.precision),
                share(a.recall),
            ]
        })
        .collect();
    Some(
        drawn.figure(
            format!("Precision and recall of {} links by threshold", kind.kind),
            "Expected precision and recall of the links at or above each probability, as the model \
         reckons them; for judged figures see an evaluation",
            svg,
            Table {
                caption: format!("By threshold, {}", kind.kind),
                heads: ["Threshold", "Links", "Precision", "Recall"]
                    .map(str::to_owned)
                    .to_vec(),
                rows,
            },
        ),
    )
}

fn couples(kind: &KindLinkage) -> Option<Block> {
    let share =
        |v: Option<f64>| Cell::Number(v.map_or_else(|| "[x]".to_owned(), |v| percent(v, 2)));
    let rows: Vec<Vec<Cell>> = kind
        .model
        .couples
        .iter()
        .map(|c| {
            vec![
                text(format!("{} and {}", c.left, c.right)),
                Cell::Number(grouped(real64(c.links), 0)),
                Cell::Number(grouped(c.expected_matches, 0)),
                c.missed
                    .as_ref()
                    .map_or(text("[x]"), |m| Cell::Number(grouped(m.about, 0))),
                share(c.expected_precision),
                share(c.expected_recall),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| {
        Block::Table(Table {
            caption: format!("Two sources at a time, {}", kind.kind),
            heads: [
                "Sources",
                "Links",
                "Expected matches",
                "Missed by blocking",
                "Expected precision",
                "Expected recall",
            ]
            .map(str::to_owned)
            .to_vec(),
            rows,
        })
    })
}

/// How many records of each source lack too much to be linked to anybody.
fn unlinkable(kind: &KindLinkage, drawn: &mut Drawn) -> Option<Block> {
    let all = kind.unlinkable();
    let threshold = figure(kind.model.threshold?);
    let share = |short: u64, records: u64| (records > 0).then(|| real64(short) / real64(records));
    let told = |short: u64, records: u64| {
        let share = share(short, records);
        Cell::Number(share.map_or_else(|| "[x]".to_owned(), |v| percent(v, 2)))
    };
    let data: Vec<Bar> = all
        .iter()
        .map(|of| Bar {
            label: of.source.clone(),
            value: share(of.own, of.records),
            symbol: "[x]".to_owned(),
            interval: None,
            part: false,
        })
        .collect();
    let rows = all
        .iter()
        .map(|of| {
            let mut row = vec![
                text(of.source.as_str()),
                Cell::Number(grouped(real64(of.records), 0)),
                told(of.own, of.records),
            ];
            row.extend(of.at.iter().map(|short| told(*short, of.records)));
            row
        })
        .collect();
    let mut heads = vec![
        "Source".to_owned(),
        "Records".to_owned(),
        format!("At {threshold}, this run's"),
    ];
    heads.extend(KindLinkage::UNLINKABLE_AT.map(|t| format!("At {}", figure(t))));
    (!all.is_empty()).then(|| {
        drawn.figure(
            format!("How many {} records lack too much to be linked", kind.kind),
            format!(
                "Share of each source's records that not even an exact copy of themselves would be \
                 linked to at the threshold of {threshold}, by what they lack; where odds are best \
                 of the sources it is compared with"
            ),
            bars(&data, "Share of the records", Unit::Share),
            Table {
                caption: format!("Unlinkable records by threshold, {}", kind.kind),
                heads,
                rows,
            },
        )
    })
}

/// Rows of the table of what unlinkable records lack.
const GAPS: usize = 12;

/// What unlinkable records lack.
fn lacking(kind: &KindLinkage) -> Option<Block> {
    let mut gaps: Vec<(String, String, u64)> = Vec::new();
    for of in kind.unlinkable() {
        for (missing, rows) in &of.lacking {
            let words = match missing.is_empty() {
                true => "nothing, but in part".to_owned(),
                false => missing.join(", ").replace('_', " "),
            };
            gaps.push((of.source.clone(), words, *rows));
        }
    }
    gaps.sort_by_key(|(_, _, rows)| std::cmp::Reverse(*rows));
    gaps.truncate(GAPS);
    let rows: Vec<Vec<Cell>> = gaps
        .into_iter()
        .map(|(source, words, rows)| {
            let number = Cell::Number(grouped(real64(rows), 0));
            vec![text(source), text(words), number]
        })
        .collect();
    (!rows.is_empty()).then(|| {
        Block::Table(Table {
            caption: format!("What unlinkable records lack, {}", kind.kind),
            heads: ["Source", "Lacking", "Records"].map(str::to_owned).to_vec(),
            rows,
        })
    })
}

/// What each comparison says: the weight of each of its levels.
fn levels(kind: &KindLinkage, drawn: &mut Drawn) -> Option<Block> {
    let mut more = Vec::new();
    for comparison in &kind.model.comparisons {
        more.push(one_comparison(kind, comparison, drawn));
    }
    let line = format!("m, u and weights of every comparison, {}", kind.kind);
    (!more.is_empty()).then_some(Block::More(line, more))
}

fn one_comparison(kind: &KindLinkage, comparison: &ComparisonRecord, drawn: &mut Drawn) -> Block {
    let name = comparison.name.replace('_', " ");
    let data: Vec<Bar> = comparison
        .levels
        .iter()
        .map(|l| Bar {
            label: l.level.clone(),
            value: l.weight().map(|w| (w * 100.0).round() / 100.0),
            symbol: "[x]".to_owned(),
            interval: None,
            part: false,
        })
        .collect();
    let small = |v: f64| Cell::Number(format!("{v:.3e}"));
    let rows = comparison
        .levels
        .iter()
        .map(|l| {
            vec![
                text(l.level.as_str()),
                small(l.m),
                small(l.u),
                Cell::Number(
                    l.weight()
                        .map_or_else(|| "[x]".to_owned(), |w| grouped(w, 2)),
                ),
            ]
        })
        .collect();
    drawn.figure(
        format!("{}: weights of {name}", kind.kind),
        format!("Match weight in bits (log2 of m over u) of each level of {name}"),
        bars(&data, "Match weight (bits)", Unit::Number),
        Table {
            caption: format!("Levels of {name}, {}", kind.kind),
            heads: ["Level", "m", "u", "Weight"].map(str::to_owned).to_vec(),
            rows,
        },
    )
}
