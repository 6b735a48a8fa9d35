//! How good the figures are, from `release/quality.json`: records from extract to estimate, rates
//! of linkage, what the variance is made of, what assumptions do.

use super::super::chart::{
    Bar, DotRow, Dots, StackedRow, Swing, Unit, bars, dots, stacked, tornado,
};
use super::super::number::percent;
use super::super::page::{Block, Cell, Section, Table};
use super::super::view::ReleaseView;
use super::{Drawn, IN_ORDER, concept_name, concept_words, empty, number, text};
use crate::schema::codes;
use crate::schema::published::Concept;
use crate::schema::quality::{EstimatedShare, LinkRow, SensitivityRow};

/// Records from extract to estimate, rounded.
pub(crate) fn losses(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("records", "Records from extract to estimate");
    let losses = &view.quality().losses;
    if losses.is_empty() {
        return section;
    }
    let data: Vec<Bar> = losses
        .iter()
        .map(|l| Bar {
            label: l.step.clone(),
            value: Some(l.records),
            symbol: String::new(),
            interval: None,
            part: false,
        })
        .collect();
    let words = Table {
        caption: "Records at each step, rounded".to_owned(),
        heads: ["Step", "Records"].map(str::to_owned).to_vec(),
        rows: losses
            .iter()
            .map(|l| vec![text(l.step.as_str()), number(Some(l.records))])
            .collect(),
    };
    section.blocks.push(drawn.figure(
        "From records received to children counted",
        "Number of records at each step from extract to estimate, rounded",
        bars(&data, "Records", Unit::Number),
        words,
    ));
    section
}

/// How many records were linked, by group.
pub(crate) fn linkage(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("linkage", "Quality of the linkage");
    let groups = &view.quality().linkage;
    let mut links: Vec<&str> = groups.iter().map(|g| g.link.as_str()).collect();
    links.sort_unstable();
    links.dedup();
    for link in links {
        let of: Vec<&LinkRow> = groups.iter().filter(|g| g.link == link).collect();
        section.blocks.push(match_rates(drawn, link, &of));
    }
    section
}

fn match_rates(drawn: &mut Drawn, link: &str, of: &[&LinkRow]) -> Block {
    let what = "Share of records that were linked";
    let estimated = of
        .iter()
        .any(|g| g.precision.is_some() || g.recall.is_some());
    let mut groups: Vec<(String, Vec<DotRow>)> = Vec::new();
    let mut rows = Vec::new();
    for g in of {
        let label = codes::name_of_large_area(&g.code).unwrap_or(&g.code);
        let row = DotRow {
            label: label.to_owned(),
            value: Some(g.match_rate),
            symbol: String::new(),
            interval: None,
            second: None,
            focus: true,
        };
        match groups.iter_mut().find(|(name, _)| *name == g.group) {
            Some((_, list)) => list.push(row),
            None => groups.push((g.group.clone(), vec![row])),
        }
        let mut row = vec![
            text(label),
            text(g.group.as_str()),
            number(Some(g.records)),
            Cell::Number(percent(g.match_rate, 2)),
        ];
        if estimated {
            row.extend([g.precision, g.recall].map(estimated_share));
        }
        rows.push(row);
    }
    let mut heads = vec!["Who", "Group", "Records", "Share"];
    if estimated {
        heads.extend(["Precision, estimated", "Recall, estimated"]);
    }
    let method = of.iter().find_map(|g| g.method.as_deref());
    let words = Table {
        caption: match method {
            Some(method) => format!("{what}, {link}. Precision and recall: {method}"),
            None => format!("{what}, {link}"),
        },
        heads: heads.into_iter().map(str::to_owned).collect(),
        rows,
    };
    let svg = dots(&Dots {
        groups,
        axis: what.to_owned(),
        unit: Unit::Share,
        from_zero: false,
    });
    drawn.figure(
        format!("Linkage of {link} records: matched, by group"),
        format!("{what}, {link} records, by group"),
        svg,
        words,
    )
}

/// An estimated share and its interval.
fn estimated_share(of: Option<EstimatedShare>) -> Cell {
    match of {
        Some(of) => text(format!(
            "{:.3} ({:.3} to {:.3})",
            of.estimate, of.lower, of.upper
        )),
        None => text("–"),
    }
}

/// What the interval is made of, and what assumptions do.
pub(crate) fn uncertainty(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("uncertainty", "How sure the estimates are");
    section.blocks.extend(estimates(view));
    section.blocks.extend(variance(view, drawn));
    for concept in IN_ORDER {
        section.blocks.extend(sensitivity(view, concept, drawn));
    }
    section
}

fn estimates(view: &ReleaseView) -> Option<Block> {
    let list = &view.quality().estimates;
    let heads = [
        "Country",
        "Counts",
        "Found by linkage",
        "Estimate",
        "Lower",
        "Upper",
        "Standard error",
    ];
    let rows: Vec<Vec<Cell>> = list
        .iter()
        .map(|e| {
            vec![
                text(country(&e.area)),
                text(concept_words(e.concept)),
                number(e.linked),
                number(Some(e.estimate)),
                number(Some(e.lower)),
                number(Some(e.upper)),
                number(Some(e.standard_error)),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| {
        Block::Table(Table {
            caption: "Estimates with 95% intervals".to_owned(),
            heads: heads.map(str::to_owned).to_vec(),
            rows,
        })
    })
}

/// The name of a country's code.
fn country(code: &str) -> &str {
    match code {
        "Total" | crate::schema::codes::ENGLAND_AND_WALES => "England and Wales",
        crate::schema::codes::ENGLAND => "England",
        crate::schema::codes::WALES => "Wales",
        other => other,
    }
}

fn variance(view: &ReleaseView, drawn: &mut Drawn) -> Option<Block> {
    let shares = &view.quality().variance_shares;
    let mut sources: Vec<String> = Vec::new();
    for share in shares {
        if !sources.contains(&share.source) {
            sources.push(share.source.clone());
        }
    }
    let mut data = Vec::new();
    let mut rows = Vec::new();
    for concept in IN_ORDER {
        let of: Vec<_> = shares.iter().filter(|s| s.concept == concept).collect();
        if of.is_empty() {
            continue;
        }
        let part = |source: &String| {
            let found = of.iter().find(|s| s.source == *source);
            found.map_or(0.0, |s| s.share)
        };
        let label = concept_name(concept);
        data.push(StackedRow {
            label: label.to_owned(),
            parts: sources.iter().map(part).collect(),
        });
        for share in of {
            rows.push(vec![
                text(share.source.as_str()),
                text(label),
                Cell::Number(percent(share.share, 1)),
            ]);
        }
    }
    let largest = rows.len();
    (largest > 0).then(|| {
        drawn.figure(
            "What makes the interval as wide as it is",
            "Share of the variance of each estimate, by source of error",
            stacked(&data, &sources, "Share of the variance"),
            Table {
                caption: "Shares of the variance".to_owned(),
                heads: ["Source of error", "Estimate", "Share"]
                    .map(str::to_owned)
                    .to_vec(),
                rows,
            },
        )
    })
}

/// Each concept has a drawing of its own, since each has an estimate of its own to move.
fn sensitivity(view: &ReleaseView, concept: Concept, drawn: &mut Drawn) -> Option<Block> {
    let of = |s: &&SensitivityRow| s.concept == concept;
    let mut list: Vec<_> = view.quality().sensitivity.iter().filter(of).collect();
    if list.is_empty() {
        return None;
    }
    let swing = |s: &SensitivityRow| (s.high - s.low).abs();
    list.sort_by(|a, b| {
        swing(b)
            .total_cmp(&swing(a))
            .then(a.assumption.cmp(&b.assumption))
    });
    let data: Vec<Swing> = list
        .iter()
        .map(|s| Swing {
            label: s.assumption.clone(),
            low: s.low,
            high: s.high,
            central: s.central,
        })
        .collect();
    let rows = list
        .iter()
        .map(|s| {
            vec![
                text(s.assumption.as_str()),
                number(Some(s.low)),
                number(Some(s.central)),
                number(Some(s.high)),
            ]
        })
        .collect();
    Some(
        drawn.figure(
            format!(
                "{}: which assumptions move the estimate",
                concept_name(concept)
            ),
            "Estimate at the two ends of each assumption, widest first; dashed line: as published",
            tornado(&data, "Children"),
            Table {
                caption: format!(
                    "Estimates under other assumptions, {}",
                    concept_words(concept)
                ),
                heads: ["Assumption", "Low", "Published", "High"]
                    .map(str::to_owned)
                    .to_vec(),
                rows,
            },
        ),
    )
}
