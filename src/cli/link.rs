//! `kinlink link`: two files, or the rows of one, linked on encodings.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Done, Failure, link_evaluate};
use crate::link::assign::{self, Cardinality};
use crate::link::out_files;
use crate::link::report::{self, percent};
use crate::link::spec::Spec;
use crate::link::standalone::{self, Outcome, Request};
use crate::pseudonymise::KeySource;

/// Arguments of `kinlink link`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  \
        kinlink link census.csv survey.parquet --spec spec.toml --key KEY -o out\n  \
        kinlink link people.csv --spec spec.toml --key KEY -o out      duplicates in one file\n  \
        kinlink link evaluate out                 what the linkage expects of itself
        kinlink link evaluate out --truth pairs.csv\n  \
        kinlink link why out LEFT_ID RIGHT_ID      what spoke for and against a pair\n  \
        kinlink link review sample out             pairs for two clerical reviewers"
)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The first file, CSV or Parquet; alone, its rows are searched for duplicates.
    #[arg(required = true)]
    left: Option<PathBuf>,
    /// The second file.
    right: Option<PathBuf>,
    /// Which column is what, in TOML.
    #[arg(long, required = true)]
    spec: Option<PathBuf>,
    /// The key file, or fd:N for an open file descriptor.
    #[arg(long, required = true, value_parser = super::key::source())]
    key: Option<KeySource>,
    /// The folder for the results; new or empty.
    #[arg(short, long, required = true)]
    out: Option<PathBuf>,
    /// Least probability of a link.
    #[arg(long, value_parser = probability)]
    threshold: Option<f64>,
    /// Least probability of a pair for clerical review: from it to the threshold a pair is not
    /// linked, but written to review_band.parquet.
    #[arg(long, value_name = "P", value_parser = probability)]
    review_from: Option<f64>,
    /// A row is linked to one row of the other file at most.
    #[arg(long, conflicts_with = "cardinality")]
    one_to_one: bool,
    /// How many partners a row may have: one_to_one, one_to_many (a row of the left file several),
    /// many_to_one or many_to_many. Without it, as many as the model finds.
    #[arg(long, value_parser = cardinality)]
    cardinality: Option<Cardinality>,
    /// Also write every pair at least this probable to pairs.parquet.
    #[arg(long, value_name = "P", value_parser = probability)]
    keep: Option<f64>,
    /// Use the rules, m and u of an earlier model.json.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Pairs of rows that are never linked: a file with the columns left_id and right_id.
    #[arg(long, value_name = "FILE")]
    cannot_link: Option<PathBuf>,
    /// The folder of an earlier linkage: its model and threshold are used, only pairs with a row
    /// that is new or changed are compared, and its entities keep their names; entity_log.parquet
    /// says which merged or split.
    #[arg(long, value_name = "OUT")]
    earlier: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare the links in a folder with a known truth, or say what is expected of them.
    Evaluate(link_evaluate::Args),
    /// What spoke for and against a pair.
    Why(super::link_why::Args),
    /// Clerical review: draw pairs for two reviewers, and read their decisions.
    #[command(subcommand)]
    Review(super::link_review::Command),
    /// Make a model.json of a trained Splink settings file.
    ImportSplink(super::link_splink::Args),
    /// The linkage unit: compare the encodings of two owners' parcels, pass by pass.
    Parcels(super::link_parcels::Parcels),
    /// The owner of the key: join the pairs of all passes by the owners' join tables, and link.
    Join(super::link_parcels::Join),
}

pub(super) fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(p) if (0.0..=1.0).contains(&p) => Ok(p),
        _ => Err("a probability is a number from 0 to 1".to_owned()),
    }
}

pub(super) fn cardinality(text: &str) -> Result<Cardinality, String> {
    let found = assign::WORDS.iter().find(|(word, _)| *word == text);
    found.map(|(_, c)| *c).ok_or_else(|| {
        let words: Vec<&str> = assign::WORDS.iter().map(|(word, _)| *word).collect();
        format!("one of {}", words.join(", "))
    })
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    match args.command {
        Some(Command::Evaluate(args)) => return link_evaluate::run(args),
        Some(Command::Why(args)) => return super::link_why::run(&args),
        Some(Command::Review(command)) => return super::link_review::run(command),
        Some(Command::ImportSplink(args)) => return super::link_splink::run(&args),
        Some(Command::Parcels(args)) => return super::link_parcels::run_parcels(&args, context),
        Some(Command::Join(args)) => return super::link_parcels::run_join(&args),
        None => {}
    }
    let (Some(left), Some(spec), Some(key), Some(out)) = (args.left, args.spec, args.key, args.out)
    else {
        // The parser has asked for all four.
        return Ok(Done::new("", serde_json::Value::Null));
    };
    let request = Request {
        left,
        right: args.right,
        spec,
        key,
        out,
        threshold: args.threshold,
        review_from: args.review_from,
        cardinality: match args.one_to_one {
            true => Some(Cardinality::OneToOne),
            false => args.cardinality,
        },
        keep: args.keep,
        model: args.model,
        cannot_link: args.cannot_link,
        earlier: args.earlier,
    };
    standalone::check_out(&request.out)?;
    let spec = Spec::read(&request.spec)?;
    let key = request.key.load()?;
    let outcome = standalone::link(&request, &spec, &key, &context.progress)?;
    out_files::write(&outcome, &request, &spec)?;
    Ok(told(&outcome, &request))
}

fn told(outcome: &Outcome, request: &Request) -> Done {
    let model = &outcome.model;
    let mut text = String::new();
    for (source, input) in outcome.sources.iter().zip(&outcome.inputs) {
        let _ = writeln!(
            text,
            "{:<6} {:>9} rows{}",
            source.name,
            input.rows(),
            if source.duplicate_free {
                ", free of duplicates"
            } else {
                ""
            },
        );
        for (field, n) in &input.unread {
            let _ = writeln!(
                text,
                "       {n:>9} values of {field} not read: taken as missing"
            );
        }
    }
    let _ = writeln!(
        text,
        "\n{:<56} {:>11} {:>11} {:>11} {:>11}",
        "blocking rule", "pairs", "new pairs", "together", "matches, %"
    );
    let mut together = 0;
    for rule in &model.rules {
        together += rule.new_pairs;
        let _ = writeln!(
            text,
            "{:<56} {:>11} {:>11} {:>11} {:>11}",
            rule.rule.name,
            rule.pairs,
            rule.new_pairs,
            together,
            percent(Some(rule.matches)),
        );
        if rule.capped_pairs > 0 {
            let _ = writeln!(
                text,
                "    {} blocks left out, which hold {} pairs",
                rule.capped_blocks, rule.capped_pairs
            );
        }
    }
    for warning in &model.warnings {
        let _ = writeln!(text, "\nwarning: {warning}");
    }
    let _ = writeln!(
        text,
        "\n{} pairs compared; {:.0} matches expected among them. No rule brought together about \
         {:.0} more (at least {:.0}): so blocking has found {}.",
        model.compared,
        model.expected_matches,
        model.missed.about,
        model.missed.at_least,
        report::recall(model),
    );
    let _ = writeln!(
        text,
        "{} links at a threshold of {:.3} join {} of {} rows into {} entities; {:.0} of them are \
         expected to be wrong.",
        model.links,
        model.threshold,
        model.records_linked,
        outcome.rows(),
        model.entities,
        model.expected_wrong(),
    );
    if let Some(kept) = &outcome.names.kept {
        let _ = writeln!(
            text,
            "Of the entities {} have the name of an earlier one and {} are new; {} earlier ones \
             were merged, {} parts split off, and {} are gone: see entity_log.parquet.",
            kept.kept, kept.new, kept.merged, kept.split, kept.gone,
        );
    }
    if outcome.apart > 0 {
        let _ = writeln!(
            text,
            "{} pairs that the model would link cannot be one person, by rule, list or dates.",
            outcome.apart,
        );
    }
    match &outcome.carried {
        Some(Ok(over)) => {
            let _ = writeln!(
                text,
                "Of the rows {} are as they were, {} changed and {} new; {} are gone. {} pairs were \
                 compared, and {} carried over.",
                over.unchanged, over.changed, over.new, over.gone, over.compared, over.pairs,
            );
        }
        Some(Err(why)) => {
            let _ = writeln!(text, "All pairs were compared: {why}.");
        }
        None => {}
    }
    if let Some(review) = model.review {
        let _ = writeln!(
            text,
            "{} pairs from {:.3} up to the threshold are for clerical review: review_band.parquet.",
            review.pairs, review.from,
        );
    }
    let json = json!({
        "out": request.out,
        "entity_names": outcome.names.kept,
        "apart": outcome.apart,
        "carried_over": outcome.carried.as_ref().and_then(|carried| carried.as_ref().ok()),
        "rows": outcome.inputs.iter().map(|i| i.rows()).collect::<Vec<_>>(),
        "links": model.links,
        "entities": model.entities,
        "records_linked": model.records_linked,
        "duplicate_free": outcome.sources.iter().map(|s| s.duplicate_free).collect::<Vec<_>>(),
        "compared": model.compared,
        "expected_matches": model.expected_matches,
        "missed": model.missed.about,
        "missed_at_least": model.missed.at_least,
        "blocking_recall": model.blocking_recall().map(|(share, [low, high])| json!({
            "estimate": share, "low": low, "high": high, "level": 0.95,
        })),
        "threshold": model.threshold,
        "review": model.review,
        "expected_precision": model.expected_precision,
        "warnings": model.warnings,
        "rules": model.rules.iter().map(|r| json!({
            "name": r.rule.name,
            "pairs": r.pairs,
            "new_pairs": r.new_pairs,
            "matches": r.matches,
            "capped_pairs": r.capped_pairs,
        })).collect::<Vec<_>>(),
    });
    Done::new(text, json).next(format!(
        "kinlink link evaluate {} --truth TRUTH.csv, or open {}",
        request.out.display(),
        request.out.join("linkage.html").display()
    ))
}
