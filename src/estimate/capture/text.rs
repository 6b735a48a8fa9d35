//! A report as a statistician reads it.

use std::fmt::Write;

use super::interval::Interval;
use super::report::{
    BandRow, BootstrapInterval, Diagnostics, Intervals, Replicates, Report, Selected,
};

/// Models that are shown; all of them are in the JSON.
const SHOWN: usize = 12;

/// Where the column of numbers begins.
const COLUMN: usize = 60;

/// The same for lines that are set in by two.
const SET_IN: usize = COLUMN - 2;

/// Columns of running text.
const WIDTH: usize = 96;

/// The report as text.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    head(&mut out, report);
    figure(&mut out, report.selected.as_ref());
    models(&mut out, report);
    intervals(&mut out, report);
    cross_checks(&mut out, &report.diagnostics);
    bands(&mut out, report);
    overlaps(&mut out, &report.diagnostics);
    list(&mut out, "warning", &report.warnings);
    list(&mut out, "note", &report.notes);
    out
}

/// A number of people: whole, with a comma between thousands.
pub(in super::super) fn people(n: f64) -> String {
    let digits = format!("{n:.0}");
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits.as_str()),
    };
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{sign}{out}")
}

fn maybe(n: Option<f64>) -> String {
    n.map_or_else(|| "–".to_owned(), people)
}

fn range(interval: &Interval) -> String {
    let end = |x: Option<f64>| x.map_or_else(|| "no end".to_owned(), people);
    format!("{} to {}", end(interval.lower), end(interval.upper))
}

fn maybe_range(interval: Option<&Interval>) -> String {
    interval.map_or_else(|| "–".to_owned(), range)
}

/// Running text, broken between words, with a first line and others that are set in.
fn paragraph(out: &mut String, label: &str, words: &str) {
    let indent = label.chars().count();
    let mut line = label.to_owned();
    let mut length = indent;
    for word in words.split_whitespace() {
        let more = word.chars().count() + 1;
        if length > indent && length + more > WIDTH {
            let _ = writeln!(out, "{}", line.trim_end());
            line = " ".repeat(indent);
            length = indent;
        }
        line.push_str(word);
        line.push(' ');
        length += more;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

fn head(out: &mut String, report: &Report) {
    let fitted = &report.models_fitted;
    let all = match (
        fitted.all,
        fitted.max_order + 1 >= u32::try_from(report.lists.len()).unwrap_or(0),
    ) {
        (true, true) => "all hierarchical ones".to_owned(),
        (true, false) => format!(
            "all hierarchical ones with terms of at most {} lists",
            fitted.max_order
        ),
        (false, _) => "a bounded search".to_owned(),
    };
    let _ = writeln!(
        out,
        "people on at least one list   {}\nlists                         {}\nlog-linear models             \
         {} fitted ({all}), {} with a number\n",
        people(super::table::real(report.n_observed)),
        report.lists.join(", "),
        fitted.fitted,
        fitted.admissible,
    );
}

fn figure(out: &mut String, selected: Option<&Selected>) {
    let Some(selected) = selected else {
        let _ = writeln!(out, "estimate   none\n");
        return;
    };
    let _ = writeln!(
        out,
        "estimate   {}   95 % interval {}   standard error {}",
        people(selected.n_hat),
        range(&selected.interval),
        people(selected.se_n)
    );
    let _ = writeln!(
        out,
        "           of whom {} on no list",
        people(selected.unseen)
    );
    paragraph(
        out,
        "by         ",
        &format!(
            "{}; interval {}",
            in_words(selected.estimator),
            selected.interval_method
        ),
    );
    paragraph(out, "why        ", selected.why);
    out.push('\n');
}

fn in_words(estimator: &str) -> &'static str {
    match estimator {
        "chapman" => "Chapman's estimate",
        "saturated_small_sample" => "three lists with all pairs, small-sample form",
        "aic_average_every_pair" => "average by AIC over the models with every pair",
        "aic_average" => "average by AIC",
        "bic_average" => "average by BIC",
        "aic_best" => "best model by AIC",
        "bic_best" => "best model by BIC",
        _ => "the model asked for",
    }
}

fn models(out: &mut String, report: &Report) {
    let _ = writeln!(
        out,
        "{:>10} {:>10} {:>4} {:>9} {:>10} {:>9} {:>7}   model",
        "AIC", "BIC", "df", "deviance", "estimate", "se", "weight"
    );
    let one = |x: Option<f64>, digits: usize| {
        x.map_or_else(|| "–".to_owned(), |x| format!("{x:.digits$}"))
    };
    for row in report.models.iter().take(SHOWN) {
        let _ = writeln!(
            out,
            "{:>10} {:>10} {:>4} {:>9} {:>10} {:>9} {:>7}   {}{}",
            one(row.aic, 2),
            one(row.bic, 2),
            row.df,
            one(row.deviance, 2),
            maybe(row.n_hat),
            maybe(row.se_n),
            one(Some(row.aic_weight), 3),
            row.generators,
            if row.admissible { "" } else { "   no number" },
        );
    }
    if report.models.len() > SHOWN {
        let _ = writeln!(
            out,
            "{:>10} and {} more; --format json has all of them",
            "…",
            report.models.len() - SHOWN
        );
    }
    out.push('\n');
}

fn intervals(out: &mut String, report: &Report) {
    let Intervals {
        wald,
        lognormal,
        profile,
        by_estimator,
        ..
    } = &report.intervals;
    title(out, "intervals of 95 %");
    let n_hat = report.selected.as_ref().map(|s| s.n_hat);
    line(
        out,
        "the estimate, Wald",
        n_hat,
        &maybe_range(wald.as_ref()),
    );
    line(
        out,
        "the estimate, log-normal",
        n_hat,
        &maybe_range(lognormal.as_ref()),
    );
    if let Some(profile) = profile {
        let estimator = report.selected.as_ref().map_or("", |s| s.estimator);
        let of = match (estimator, report.lists.len()) {
            ("model", _) => "the model asked for",
            ("aic_average", _) => "best model by AIC",
            (_, 2) => "independence",
            _ => "the model of all pairs",
        };
        let name = format!("{of}, profile of the likelihood");
        line(out, &name, Some(profile.n_hat), &range(&profile.interval));
    }
    for row in by_estimator {
        let name = format!("{}, bootstrap", in_words(row.estimator));
        line(
            out,
            &name,
            row.n_hat,
            &(range(&row.interval) + &without(row)),
        );
    }
    bootstrap(out, report.intervals.replicates.as_ref());
    out.push('\n');
    title(out, "models, each as if it were known to be true");
    for model in &report.intervals.by_model {
        let (name, lognormal) = (model.which.join(", "), range(&model.lognormal));
        let profile = maybe_range(model.profile.as_ref());
        line(
            out,
            &name,
            Some(model.n_hat),
            &format!("{lognormal}; profile {profile}"),
        );
    }
    out.push('\n');
}

fn bootstrap(out: &mut String, replicates: Option<&Replicates>) {
    if let Some(replicates) = replicates {
        let words = format!(
            "BCa; {} times the people observed are drawn again, {} models fitted and chosen anew; seed {}",
            people(f64::from(replicates.replicates)),
            replicates.models,
            replicates.seed
        );
        paragraph(out, "  bootstrap: ", &words);
    }
}

/// The first line of a part, above the column of numbers.
fn title(out: &mut String, name: &str) {
    let _ = writeln!(out, "{name:<COLUMN$} {:>10}", "estimate");
}

/// A name, a number, and more.
fn line(out: &mut String, name: &str, n: Option<f64>, more: &str) {
    let text = format!("  {name:<SET_IN$} {:>10}   {more}", maybe(n));
    let _ = writeln!(out, "{}", text.trim_end());
}

fn without(row: &BootstrapInterval) -> String {
    match row.without_number {
        0 => String::new(),
        n => format!("   ({n} replicates without a number)"),
    }
}

fn cross_checks(out: &mut String, found: &Diagnostics) {
    title(out, "other estimators");
    let averages = [
        ("average by AIC", found.aic_average),
        ("average by BIC", found.bic_average),
    ];
    for (name, average) in averages {
        let error = average.map(|a| format!("standard error {}", people(a.se_n)));
        line(
            out,
            name,
            average.map(|a| a.n_hat),
            &error.unwrap_or_default(),
        );
    }
    let bound = found.lower_bound;
    let error = format!("standard error {}", people(bound.se_n));
    line(out, "Chao's lower bound", Some(bound.n_hat), &error);
    if let Some(coverage) = found.sample_coverage {
        let more = format!(
            "coverage {:.2}; one-step {}, independent {}",
            coverage.coverage,
            people(coverage.one_step),
            people(coverage.independent)
        );
        line(
            out,
            "sample coverage (Chao and Tsay)",
            coverage.n_hat,
            &more,
        );
    }
    if let Some(bayes) = &found.bayes {
        let more = format!("{}; mean {}", range(&bayes.interval), people(bayes.mean));
        line(
            out,
            "posterior median over graphs",
            Some(bayes.median),
            &more,
        );
    }
    for pair in &found.pairs {
        let name = format!("{} alone (Chapman)", pair.lists);
        line(
            out,
            &name,
            Some(pair.estimate.chapman),
            &range(&pair.estimate.interval),
        );
    }
    if let Some([low, high]) = found.range_within_2_aic {
        let range = format!("{} to {}", people(low), people(high));
        line(out, "models within 2 of the best AIC", None, &range);
    }
    out.push('\n');
}

fn bands(out: &mut String, report: &Report) {
    let found = &report.diagnostics;
    let delta = match report.lists.len() {
        3 => "by delta, the term of all three lists that no table shows",
        _ => "if people on no list are exp(-delta) or exp(delta) times as many",
    };
    band(out, delta, &found.delta_band);
    band(
        out,
        "by theta, the odds ratio between the two lists",
        &found.theta_band,
    );
    band(
        out,
        "if this share of the people on one list alone is wrong",
        &found.trimmed,
    );
}

fn band(out: &mut String, name: &str, rows: &[BandRow]) {
    if rows.is_empty() {
        return;
    }
    title(out, name);
    for row in rows {
        let range = row.interval.as_ref().map_or_else(String::new, range);
        line(out, &row.assumed.to_string(), row.n_hat, &range);
    }
    out.push('\n');
}

fn overlaps(out: &mut String, found: &Diagnostics) {
    let _ = writeln!(
        out,
        "{:<COLUMN$} {:>10}",
        "how much of a list another holds", "share"
    );
    for row in &found.implied_coverage {
        let name = format!("{} of {}", row.by, row.of);
        let _ = writeln!(out, "  {name:<SET_IN$} {:>10.3}", row.share);
    }
    out.push('\n');
    if found.within_lists.is_empty() {
        return;
    }
    title(out, "the size of a list from two others within it");
    for row in &found.within_lists {
        let name = format!("{} from {}", row.list, row.from);
        line(
            out,
            &name,
            row.estimate,
            &format!("known: {}", people(row.size)),
        );
    }
    out.push('\n');
}

fn list(out: &mut String, label: &str, lines: &[String]) {
    for line in lines {
        paragraph(out, &format!("{label}: "), line);
    }
}
