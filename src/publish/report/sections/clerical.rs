//! A clerical review: shares, the reliability curve of the model's probabilities, and the map that
//! calibrates them.

use super::super::chart::{DotRow, Dots, Line, Unit, dots, lines};
use super::super::clerical::ClericalReview;
use super::super::number::percent;
use super::super::page::{Banner, Block, Cell, Page, Section, Table};
use super::{Drawn, empty, text};
use crate::estimate::linkage_error::{Calibration, ReliabilityBin};

/// Bins of the reliability curve, of equal numbers of pairs.
const BINS: usize = 10;
/// Intervals between the probabilities at which the map is drawn.
const GRID: u32 = 20;

/// The page.
pub(crate) fn page(review: &ClericalReview) -> Page {
    let mut drawn = Drawn::default();
    Page {
        title: "Clerical review of a linkage".to_owned(),
        lead: Vec::new(),
        banners: vec![Banner {
            label: "RESTRICTED. NOT FOR RELEASE.".to_owned(),
            says: "For those who made the linkage. This page holds exact counts of pairs."
                .to_owned(),
            warns: true,
        }],
        sections: vec![shares(review), reliability(review, &mut drawn)],
    }
}

fn shares(review: &ClericalReview) -> Section {
    let mut section = empty("shares", "What the reviewers found");
    let row = |share: &super::super::clerical::ReviewedShare| {
        let [low, high] = share.interval;
        vec![
            text(share.name.as_str()),
            number(share.value),
            number(low),
            number(high),
        ]
    };
    if !review.shares.is_empty() {
        section.blocks.push(Block::Table(Table {
            caption: "Shares with their intervals at 95 %".to_owned(),
            heads: ["Share", "Value", "From", "To"].map(str::to_owned).to_vec(),
            rows: review.shares.iter().map(row).collect(),
        }));
    }
    section
}

/// Never rounded up to certainty.
fn number(share: f64) -> Cell {
    let share = if share < 1.0 {
        share.min(0.9999)
    } else {
        share
    };
    Cell::Number(percent(share, 2))
}

fn reliability(review: &ClericalReview, drawn: &mut Drawn) -> Section {
    let mut section = empty("reliability", "Do the probabilities hold?");
    match &review.calibration {
        Ok(calibration) => {
            section.blocks.push(curve(calibration, drawn));
            section.blocks.push(map(calibration, drawn));
        }
        Err(why) => section.blocks.push(Block::Paragraph(format!(
            "There is no reliability curve, and nothing to calibrate by: {why}."
        ))),
    }
    section
}

/// What the model said of labelled pairs beside what they were.
fn curve(calibration: &Calibration, drawn: &mut Drawn) -> Block {
    let bins = calibration.reliability(BINS);
    let row = |bin: &ReliabilityBin| {
        let [low, high] = bin.interval;
        DotRow {
            label: format!("{} pairs, said {}", bin.pairs, percent(bin.said, 1)),
            value: Some(bin.observed),
            symbol: String::new(),
            interval: Some((low, high)),
            second: Some(bin.said),
            focus: true,
        }
    };
    let svg = dots(&Dots {
        groups: vec![(String::new(), bins.iter().map(row).collect())],
        axis: "Share of matches; upright line: what the model said".to_owned(),
        unit: Unit::Share,
        from_zero: true,
    });
    let row = |bin: &ReliabilityBin| {
        let [low, high] = bin.interval;
        let holds = (low..=high).contains(&bin.said);
        vec![
            Cell::Number(bin.pairs.to_string()),
            number(bin.said),
            number(bin.observed),
            number(low),
            number(high),
            text(if holds { "yes" } else { "no" }),
        ]
    };
    let heads = ["Pairs", "Said", "Matches", "From", "To", "Said lies within"];
    drawn.figure(
        "Matches among labelled pairs, beside what was said",
        "Share of matches among labelled pairs with its interval at 95 %, in ten bins of equal \
         numbers by the model's probability, each pair counted for those that it stands for",
        svg,
        Table {
            caption: "Reliability of the probabilities".to_owned(),
            heads: heads.map(str::to_owned).to_vec(),
            rows: bins.iter().map(row).collect(),
        },
    )
}

/// The map from the model's probabilities to calibrated ones.
fn map(calibration: &Calibration, drawn: &mut Drawn) -> Block {
    let grid: Vec<f64> = (0..=GRID).map(|n| f64::from(n) / f64::from(GRID)).collect();
    let calibrated = |p: &f64| calibration.probability(*p).ok().map(|c| c.value());
    let line = |label: &str, points: Vec<Option<f64>>| Line {
        label: label.to_owned(),
        points: points.into_iter().map(|p| Some((p?, None))).collect(),
    };
    let svg = lines(
        &[
            line("calibrated", grid.iter().map(calibrated).collect()),
            line("as said", grid.iter().copied().map(Some).collect()),
        ],
        &grid.iter().map(|p| percent(*p, 0)).collect::<Vec<_>>(),
        ("Probability by the model", "Calibrated probability"),
        Unit::Share,
        true,
    );
    let rows = calibration
        .steps()
        .map(|step| vec![number(step.from), number(step.to), number(step.probability)]);
    drawn.figure(
        "Probabilities as the labels correct them",
        "Isotonic regression of the labels on the model's probability: never falling, between two \
         steps interpolated",
        svg,
        Table {
            caption: "The steps of the map".to_owned(),
            heads: ["Said from", "Said to", "Calibrated"]
                .map(str::to_owned)
                .to_vec(),
            rows: rows.collect(),
        },
    )
}
