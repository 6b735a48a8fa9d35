//! `kinlink link why`: what spoke for and against a pair, as a waterfall of bits.

use std::fmt::Write;
use std::path::PathBuf;

use super::{Done, Failure};
use crate::comparison::MISSING;
use crate::diagnostic::{Diagnostic, Exit};
use crate::link::LinkError;
use crate::link::report::percent;
use crate::link::why::{Decision, PairName, Why, readings, why};

/// Arguments of `kinlink link why`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder that `kinlink link` wrote.
    out: PathBuf,
    /// The id of the pair's row in the left file; or LEFT:RIGHT in one word.
    left: String,
    /// The id of its row in the right file, or of another row of one file.
    right: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Done, Failure> {
    let names = match &args.right {
        Some(right) => vec![PairName {
            left: args.left.clone(),
            right: right.clone(),
        }],
        None => readings(&args.left),
    };
    if names.is_empty() {
        return Err(LinkError::one(Diagnostic::new(
            "KL-L-051",
            Exit::Usage,
            "a pair has two ids",
            "give two ids, or both in one word with a colon between them: LEFT:RIGHT",
        ))
        .into());
    }
    let found = why(&args.out, &names)?;
    let json = serde_json::to_value(&found).unwrap_or_default();
    Ok(Done::new(text(&found), json))
}

/// The width of the drawing.
const WIDTH: usize = 40;

/// Bars of a waterfall: each begins where the one before it ended.
struct Waterfall {
    least: f64,
    scale: f64,
    at: f64,
}

impl Waterfall {
    fn new(parts: &[f64]) -> Self {
        let (mut least, mut most, mut at) = (0.0_f64, 0.0_f64, 0.0);
        for part in parts {
            at += part;
            least = least.min(at);
            most = most.max(at);
        }
        let span = (most - least).max(1e-9);
        Waterfall {
            least,
            scale: f64::from(u16::try_from(WIDTH).unwrap_or(u16::MAX)) / span,
            at: 0.0,
        }
    }

    /// The place of a weight in the drawing.
    fn place(&self, bits: f64) -> usize {
        let exact = (bits - self.least) * self.scale;
        (0..=WIDTH)
            .find(|place| f64::from(u16::try_from(*place).unwrap_or(u16::MAX)) + 0.5 >= exact)
            .unwrap_or(WIDTH)
    }

    fn drawn(&self, from: f64, to: f64) -> String {
        let (a, b, zero) = (self.place(from), self.place(to), self.place(0.0));
        let (low, high) = (a.min(b), a.max(b));
        let fill = if to >= from { '█' } else { '░' };
        let cell = |place: usize| match place {
            _ if (low..high).contains(&place) => fill,
            // A part too small for a cell leaves a mark.
            _ if low == high && place == low && from != to => '▏',
            _ if place == zero => '│',
            _ => ' ',
        };
        (0..=WIDTH)
            .map(cell)
            .collect::<String>()
            .trim_end()
            .to_owned()
    }

    /// The bar of the next part.
    fn next(&mut self, bits: f64) -> String {
        let from = self.at;
        self.at += bits;
        self.drawn(from, self.at)
    }
}

fn text(found: &Why) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "brought together by {} of {} blocking rules:",
        found.rules.len(),
        found.rules_in_all
    );
    for rule in &found.rules {
        let _ = writeln!(text, "  {:>2} {}", rule.number, rule.name);
    }
    let mut parts = vec![found.start_bits];
    parts.extend(found.comparisons.iter().map(|said| said.bits));
    parts.extend(found.kin_bits);
    parts.extend(found.rivals.iter().map(|rivals| rivals.bits));
    let mut bars = Waterfall::new(&parts);
    let _ = writeln!(text, "\n{:<18} {:<36} {:>7}", "", "level", "bits");
    let line = |text: &mut String, name: &str, level: &str, bits: f64, bar: String| {
        let _ = writeln!(text, "{name:<18} {level:<36} {bits:>+7.2}  {bar}");
    };
    let bar = bars.next(found.start_bits);
    line(
        &mut text,
        "start",
        "matches among the pairs of its rules",
        found.start_bits,
        bar,
    );
    for said in &found.comparisons {
        let level = match said.asked_by {
            _ if said.number == MISSING => said.level.clone(),
            0 => said.level.clone(),
            n if n == found.rules.len() => format!("{}, asked by all its rules", said.level),
            n => format!("{}, asked by {n} of {}", said.level, found.rules.len()),
        };
        let bar = bars.next(said.bits);
        line(&mut text, &said.name, &level, said.bits, bar);
    }
    if let Some(bits) = found.kin_bits {
        let bar = bars.next(bits);
        line(&mut text, "kin", "household, twins, namesakes", bits, bar);
    }
    let bar = bars.drawn(0.0, found.weight_bits);
    line(
        &mut text,
        "match weight",
        "by itself",
        found.weight_bits,
        bar,
    );
    if let Some(rivals) = &found.rivals {
        let others = match (rivals.all_known, rivals.others) {
            (true, 0) => "none".to_owned(),
            (true, n) => format!("{n}, its share {} %", percent(Some(rivals.share))),
            (false, _) => format!("reckoned, its share {} %", percent(Some(rivals.share))),
        };
        let bar = bars.next(rivals.bits);
        line(&mut text, "rivals", &others, rivals.bits, bar);
        let bar = bars.drawn(0.0, found.sum_bits);
        line(&mut text, "sum", "", found.sum_bits, bar);
    }
    let _ = writeln!(
        text,
        "\nprobability {:.9}, threshold {:.9}: {}",
        found.probability,
        found.threshold,
        decision(found)
    );
    let _ = writeln!(text, "{}", entity(found));
    text
}

fn decision(found: &Why) -> String {
    match found.decision {
        Decision::Linked if found.probability < found.threshold => {
            "linked, since the pairs of its entity outweigh it".to_owned()
        }
        Decision::Linked => "linked".to_owned(),
        Decision::Review => format!(
            "for clerical review (from {:.6}), not linked",
            found.review_from.unwrap_or_default()
        ),
        Decision::BelowThreshold => "not linked".to_owned(),
        Decision::OtherLinks => "not linked: other pairs of its rows outweigh it".to_owned(),
        Decision::KeptApart => {
            "never linked: its rows cannot be one person, by rule, list or dates".to_owned()
        }
    }
}

fn entity(found: &Why) -> String {
    let entities = found.entities;
    let rows = |n: u64| match n {
        1 => "one row".to_owned(),
        n => format!("{n} rows"),
    };
    match entities.one {
        true => format!(
            "both rows are in one entity, of {}",
            rows(entities.left_rows)
        ),
        false => format!(
            "the rows are in two entities, of {} and of {}",
            rows(entities.left_rows),
            rows(entities.right_rows)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bar_begins_where_the_last_one_ended() {
        let mut bars = Waterfall::new(&[-10.0, 30.0, -5.0]);
        let drawn: Vec<String> = [-10.0, 30.0, -5.0].iter().map(|b| bars.next(*b)).collect();
        assert_eq!(drawn[0], format!("{}│", "░".repeat(13)));
        assert_eq!(drawn[1], "█".repeat(40));
        assert!(drawn[2].ends_with(&"░".repeat(7)));
    }
}
