//! How good the figures are, from `release/quality.json`: records from extract to estimate, rates
//! of linkage, what the variance is made of, what assumptions do.

use super::super::chart::{
    Bar, DotRow, Dots, StackedRow, Swing, Unit, bars, dots, stacked, tornado,
};
use super::super::number::percent;
use super::super::page::{Block, Cell, Section, Table};
use super::super::quality::LinkageGroup;
use super::super::view::ReleaseView;
use super::{Drawn, IN_ORDER, concept_name, concept_words, empty, number, text};

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

/// How well records were linked.
pub(crate) fn linkage(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("linkage", "Quality of the linkage");
    let groups = &view.quality().linkage;
    let mut links: Vec<&str> = groups.iter().map(|g| g.link.as_str()).collect();
    links.sort_unstable();
    links.dedup();
    for link in links {
        let of: Vec<&LinkageGroup> = groups.iter().filter(|g| g.link == link).collect();
        let kinds: [(&str, &str, Rate); 3] = [
            ("matched", "Share of records that were linked", |g| {
                (g.match_rate, None)
            }),
            ("precision", "Share of links that are right", |g| {
                (g.precision, g.precision_lower.zip(g.precision_upper))
            }),
            ("recall", "Share of matches that were linked", |g| {
                (g.recall, g.recall_lower.zip(g.recall_upper))
            }),
        ];
        for (word, what, rate) in kinds {
            section
                .blocks
                .extend(rates(drawn, link, &of, (word, what, rate)));
        }
    }
    section.blocks.extend(reliability(view, drawn));
    section
}

type Rate = fn(&LinkageGroup) -> (Option<f64>, Option<(f64, f64)>);

fn rates(
    drawn: &mut Drawn,
    link: &str,
    of: &[&LinkageGroup],
    (word, what, rate): (&str, &str, Rate),
) -> Option<Block> {
    let mut groups: Vec<(String, Vec<DotRow>)> = Vec::new();
    let mut rows = Vec::new();
    for g in of {
        let (value, interval) = rate(g);
        let Some(value) = value else { continue };
        let row = DotRow {
            label: g.code.clone(),
            value: Some(value),
            symbol: String::new(),
            interval,
            second: None,
            focus: true,
        };
        match groups.iter_mut().find(|(name, _)| *name == g.group) {
            Some((_, list)) => list.push(row),
            None => groups.push((g.group.clone(), vec![row])),
        }
        let share = |v: f64| Cell::Number(percent(v, 2));
        rows.push(vec![
            text(g.code.as_str()),
            text(g.group.as_str()),
            number(g.records),
            share(value),
            interval.map_or(text(""), |(low, _)| share(low)),
            interval.map_or(text(""), |(_, high)| share(high)),
        ]);
    }
    if rows.is_empty() {
        return None;
    }
    let heads = ["Code", "Group", "Records", "Share", "Lower", "Upper"];
    let words = Table {
        caption: format!("{what}, {link}"),
        heads: heads.map(str::to_owned).to_vec(),
        rows,
    }
    .without_empty_columns();
    let svg = dots(&Dots {
        groups,
        axis: what.to_owned(),
        unit: Unit::Share,
        from_zero: false,
    });
    Some(drawn.figure(
        format!("Linkage of {link} records: {word}, by group"),
        format!("{what}, {link} records, by group, with 95% interval where given"),
        svg,
        words,
    ))
}

fn reliability(view: &ReleaseView, drawn: &mut Drawn) -> Option<Block> {
    let bands = &view.quality().reliability;
    if bands.is_empty() {
        return None;
    }
    let rows = bands
        .iter()
        .map(|b| DotRow {
            label: b.band.clone(),
            value: Some(b.observed),
            symbol: String::new(),
            interval: None,
            second: Some(b.expected),
            focus: true,
        })
        .collect();
    let words = Table {
        caption: "Stated and found shares of matches".to_owned(),
        heads: ["Stated probability", "Pairs", "Expected", "Found"]
            .map(str::to_owned)
            .to_vec(),
        rows: bands
            .iter()
            .map(|b| {
                vec![
                    text(b.band.as_str()),
                    number(b.pairs),
                    Cell::Number(percent(b.expected, 2)),
                    Cell::Number(percent(b.observed, 2)),
                ]
            })
            .collect(),
    };
    let svg = dots(&Dots {
        groups: vec![(String::new(), rows)],
        axis: "Share of matches: found (dot) and expected (line)".to_owned(),
        unit: Unit::Share,
        from_zero: true,
    });
    Some(drawn.figure(
        "Do stated probabilities of a match hold?",
        "Share of pairs that are matches, found (dot) and expected (line), by stated probability",
        svg,
        words,
    ))
}

/// What the interval is made of, and what assumptions do.
pub(crate) fn uncertainty(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("uncertainty", "How sure the estimates are");
    section.blocks.extend(estimates(view));
    section.blocks.extend(variance(view, drawn));
    section.blocks.extend(sensitivity(view, drawn));
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
                text(country(&e.country)),
                text(concept_words(e.concept)),
                number(e.linked),
                number(e.estimate),
                number(e.lower),
                number(e.upper),
                number(e.standard_error),
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

fn sensitivity(view: &ReleaseView, drawn: &mut Drawn) -> Option<Block> {
    let mut list: Vec<_> = view.quality().sensitivity.iter().collect();
    if list.is_empty() {
        return None;
    }
    let swing = |s: &super::super::quality::Sensitivity| (s.high - s.low).abs();
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
            "Which assumptions move the estimate most",
            "Estimate at the two ends of each assumption, widest first; dashed line: as published",
            tornado(&data, "Children"),
            Table {
                caption: "Estimates under other assumptions".to_owned(),
                heads: ["Assumption", "Low", "Published", "High"]
                    .map(str::to_owned)
                    .to_vec(),
                rows,
            },
        ),
    )
}
