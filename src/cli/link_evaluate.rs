//! `kinlink link evaluate`: links against a known truth, or by what the linkage expects of itself.

use std::fmt::Write;
use std::path::PathBuf;

use super::{Done, Failure};
use crate::link::evaluate::{
    ColumnGroups, ComparisonErrors, Evaluation, Expectation, Expected, FEWEST, Group, OwnPattern,
    Score, Truth, Unlinkable, Which, evaluate, expected,
};

/// Patterns of records that cannot be linked that are told; all of them are in the JSON.
const TOLD: usize = 8;

/// Arguments of `kinlink link evaluate`.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("known").args(["truth", "entity_column"]),
    after_help = "Examples:\n  \
        kinlink link evaluate out --truth pairs.csv\n  \
        kinlink link evaluate out --entity-column person_id --group sex --group date_of_birth\n  \
        kinlink link evaluate out                    without a truth"
)]
pub(super) struct Args {
    /// The folder that `kinlink link` wrote.
    out: PathBuf,
    /// The true pairs: a file with the columns left_id and right_id.
    #[arg(long)]
    truth: Option<PathBuf>,
    /// The column of the inputs that names the true entity.
    #[arg(long)]
    entity_column: Option<String>,
    /// Precision and recall by the values of this column of the first file (may be repeated); dates
    /// in bands of ten years.
    ///
    /// The values of the column stand in what is printed, with how many pairs have each: a result
    /// that stays with the owner of the files. Groups of fewer than ten true pairs are put together.
    #[arg(long, value_name = "COLUMN", requires = "known")]
    group: Vec<String>,
}

pub(super) fn run(args: Args) -> Result<Done, Failure> {
    let truth = match (args.truth, args.entity_column) {
        (Some(path), _) => Truth::Pairs(path),
        (None, Some(column)) => Truth::EntityColumn(column),
        (None, None) => {
            let found = expected(&args.out)?;
            let json = serde_json::to_value(&found).unwrap_or_default();
            return Ok(Done::new(expected_text(&found), json));
        }
    };
    let found = evaluate(&args.out, &truth, &args.group)?;
    let json = serde_json::to_value(&found).unwrap_or_default();
    Ok(Done::new(truth_text(&found), json))
}

fn number(n: Option<f64>) -> String {
    n.map_or_else(|| "–".to_owned(), |n| format!("{n:.4}"))
}

/// An expected share: never rounded up to certainty.
fn below(n: Option<f64>) -> String {
    number(n.map(|n| (n * 1e4 + 1e-6).floor() / 1e4))
}

fn range(r: Option<[f64; 2]>) -> String {
    r.map_or_else(|| "–".to_owned(), |[a, b]| format!("{a:.4} to {b:.4}"))
}

fn signed(r: Option<[f64; 2]>) -> String {
    r.map_or_else(|| "–".to_owned(), |[a, b]| format!("{a:+.4} to {b:+.4}"))
}

fn truth_text(found: &Evaluation) -> String {
    let mut text = format!(
        "true pairs   {:>10}\nbrought together {:>6}\n\n{:<10} {:>10} {:>10} {:>10} {:>8} {:>8}\n",
        found.true_pairs,
        found.blocked_true_pairs,
        "",
        "predicted",
        "true",
        "precision",
        "recall",
        "F1"
    );
    for (name, score) in [("pairs", &found.pairs), ("clusters", &found.clusters)] {
        score_text(&mut text, name, score);
    }
    if let Some(errors) = &found.errors {
        errors_text(&mut text, errors);
    }
    for column in &found.groups {
        groups_text(&mut text, column);
    }
    for note in &found.notes {
        let _ = writeln!(text, "\nnote: {note}");
    }
    text
}

fn score_text(text: &mut String, name: &str, score: &Score) {
    let Score {
        predicted,
        tp,
        precision,
        recall,
        f1,
        interval,
    } = score;
    let _ = writeln!(
        text,
        "{name:<10} {predicted:>10} {tp:>10} {:>10} {:>8} {:>8}",
        number(*precision),
        number(*recall),
        number(*f1)
    );
    let method = match interval.method {
        "wilson" => "Wilson, 95 %".to_owned(),
        _ => format!("95 %, by {} entities", interval.entities),
    };
    let _ = writeln!(
        text,
        "{:<10} precision {}, recall {}, F1 {} ({method})",
        "",
        range(interval.precision),
        range(interval.recall),
        range(interval.f1),
    );
}

fn errors_text(text: &mut String, errors: &[ComparisonErrors]) {
    let _ = writeln!(
        text,
        "\n{:<40} {:>10} {:>8} {:>8}  {:<18} {:>11}",
        "agreement of the two rows", "true pairs", "found", "recall", "95 %", "false links"
    );
    for comparison in errors {
        let _ = writeln!(text, "{}", comparison.comparison.replace('_', " "));
        for level in &comparison.levels {
            let _ = writeln!(
                text,
                "    {:<36} {:>10} {:>8} {:>8}  {:<18} {:>11}",
                level.level,
                level.true_pairs,
                level.found,
                number(level.recall),
                range(level.interval),
                level.false_links
            );
        }
    }
}

fn group_name(group: &Group) -> String {
    match &group.which {
        Which::Value(value) => value.clone(),
        Which::Missing => "(missing)".to_owned(),
        Which::Few => format!("others (few): {} values", group.values),
    }
}

fn groups_text(text: &mut String, column: &ColumnGroups) {
    let _ = writeln!(
        text,
        "\nby {}{}: groups of fewer than {FEWEST} true pairs together",
        column.column,
        if column.bands {
            ", in bands of ten years"
        } else {
            ""
        },
    );
    let _ = writeln!(
        text,
        "    {:<26} {:>10} {:>9} {:>8}  {:<18}  difference from all",
        "", "pairs", "share", "", "95 %"
    );
    for group in &column.groups {
        let shares = [
            ("recall", group.true_pairs, &group.recall),
            ("precision", group.predicted, &group.precision),
        ];
        for ((what, pairs, share), name) in shares.iter().zip([group_name(group), String::new()]) {
            let _ = writeln!(
                text,
                "    {name:<26} {pairs:>10} {what:>9} {:>8}  {:<18}  {}",
                number(share.share),
                range(share.interval),
                signed(share.difference_interval),
            );
        }
    }
}

fn expected_text(found: &Expected) -> String {
    let mut text = format!(
        "{} links at a threshold of {}; no truth was given: what follows is what the model \
         expects.\n\n{:<10} {:>8}  {:<18}  of which, as standard errors\n",
        found.links,
        below(Some(found.threshold)),
        "",
        "expected",
        "95 %"
    );
    for (name, share) in [("precision", &found.precision), ("recall", &found.recall)] {
        expectation_text(&mut text, name, share);
    }
    let _ = writeln!(
        text,
        "\n{:.0} matches expected among the pairs compared, and about {:.0} (at least {:.0}) that no \
         rule brought together.",
        found.expected_matches, found.missed, found.missed_at_least
    );
    for (what, list) in [
        ("The intervals reckon with", &found.holds),
        ("They do not reckon with", &found.does_not_hold),
    ] {
        let _ = writeln!(text, "\n{what}");
        for line in list {
            let _ = writeln!(text, "  - {line}");
        }
    }
    for warning in &found.warnings {
        let _ = writeln!(text, "\nwarning: {warning}");
    }
    thresholds_text(&mut text, found);
    for side in &found.unlinkable {
        unlinkable_text(&mut text, side);
    }
    text
}

fn expectation_text(text: &mut String, name: &str, share: &Expectation) {
    let errors = &share.standard_errors;
    let counts = match errors.counts {
        Some(error) => format!("{error:.4}"),
        None => "not known (model of other files)".to_owned(),
    };
    let _ = writeln!(
        text,
        "{name:<10} {:>8}  {:<18}  chance {:.4}, counts {counts}, rules {:.4}, missed {:.4}",
        below(share.estimate),
        range(share.interval),
        errors.chance,
        errors.rules,
        errors.missed,
    );
}

fn thresholds_text(text: &mut String, found: &Expected) {
    let clusters = found.by_threshold_of == "pairs";
    let _ = write!(
        text,
        "\n{:>9} {:>10} {:>10} {:>10}",
        "threshold",
        if clusters { "pairs" } else { "links" },
        "precision",
        "recall",
    );
    for side in &found.unlinkable {
        let _ = write!(text, " {:>18}", format!("unlinkable, {}", side.side));
    }
    text.push('\n');
    for (place, at) in found.by_threshold.iter().enumerate() {
        let _ = write!(
            text,
            "{:>9} {:>10} {:>10} {:>10}",
            below(Some(at.threshold)),
            at.links,
            below(at.precision),
            below(at.recall),
        );
        for side in &found.unlinkable {
            let records = side.by_threshold.get(place).map_or(0, |at| at.records);
            let _ = write!(text, " {records:>18}");
        }
        text.push_str(if at.own { "   its own\n" } else { "\n" });
    }
    if clusters {
        text.push_str("Pairs are counted before clusters are formed.\n");
    }
    text.push_str(
        "Unlinkable: would not reach the threshold against an exact copy of themselves.\n",
    );
}

fn own_pattern(own: &OwnPattern) -> String {
    let missing = own.missing.iter().map(|name| format!("no {name}"));
    let in_part = own.in_part.iter().map(|name| format!("{name} in part"));
    let all: Vec<String> = missing.chain(in_part).collect();
    match all.is_empty() {
        true => "all there".to_owned(),
        false => all.join(", ").replace('_', " "),
    }
}

fn unlinkable_text(text: &mut String, side: &Unlinkable) {
    let share = side.by_threshold.iter().find(|at| at.own);
    let _ = writeln!(
        text,
        "\n{}: of {} records a share of {} is unlinkable at its own threshold\n{:>10} {:>12}  what \
         is there",
        side.side,
        side.records,
        number(share.and_then(|at| at.share)),
        "records",
        "probability",
    );
    for own in side.patterns.iter().take(TOLD) {
        let _ = writeln!(
            text,
            "{:>10} {:>12}  {}",
            own.records,
            below(Some(own.match_probability)),
            own_pattern(own)
        );
    }
    if side.patterns.len() > TOLD {
        let rest = side.patterns.iter().skip(TOLD).map(|own| own.records);
        let _ = writeln!(
            text,
            "{:>10} {:>12}  in {} other ways",
            rest.sum::<u64>(),
            "",
            side.patterns.len() - TOLD
        );
    }
}
