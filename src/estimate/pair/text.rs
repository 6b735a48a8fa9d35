//! A report on two lists as a statistician reads it.

use std::fmt::Write as _;

use super::super::capture::text::people;
use super::{Ends, Report};

/// Where the figures begin.
const COLUMN: usize = 44;

/// The report as text.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    let mut line = |what: &str, figure: String| {
        let line = format!("{what:<COLUMN$}{figure}");
        let _ = writeln!(out, "{}", line.trim_end());
    };
    line("people on the first list", people(real(report.first)));
    line("people on the second list", people(real(report.second)));
    line("links", people(real(report.links)));
    line("  of them true (precision)", share(report.precision));
    line("  matches that are links (recall)", share(report.recall));
    let sure = format!(
        "{} (standard error {})",
        people(report.matches),
        people(report.matches_standard_error)
    );
    line("people on both lists", sure);
    line("people on the lists together", people(report.distinct));
    line(
        "people altogether, also on neither list",
        people(report.population),
    );
    line("  standard error", people(report.standard_error));
    line("  95 % interval, by the formula", range(report.interval));
    line("  95 % interval, by draws", range(report.interval_by_draws));
    line(
        "  as if every link were right",
        people(report.as_if_perfect),
    );
    line("share of the variance", String::new());
    line("  whom the lists hold", share(report.shares.lists));
    line("  the chance of these links", share(report.shares.links));
    line("  what the labels leave open", share(report.shares.quality));
    line("if the lists depend on each other", String::new());
    for at in &report.dependence {
        line(
            &format!("  odds ratio {}", at.odds_ratio),
            people(at.population),
        );
    }
    for warning in &report.warnings {
        let _ = writeln!(out, "warning: {warning}");
    }
    out
}

fn real(n: u64) -> f64 {
    super::real(n)
}

fn share(x: f64) -> String {
    format!("{:.2} %", 100.0 * x)
}

fn range(ends: Ends) -> String {
    format!("{} to {}", people(ends.lower), people(ends.upper))
}
