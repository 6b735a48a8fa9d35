//! `kinlink link review`: pairs for two reviewers, and what their decisions say of a linkage.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::{Done, Failure};
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::estimate::linkage_error::{Calibration, Labelled, ReliabilityBin};
use crate::link::LinkError;
use crate::link::review::{
    Agreement, Bands, Estimate, Estimates, FOLDER, FOR_REVIEWERS, Files, Frame, KEY, LABELS, Plan,
    Reading, Sample, StratumEstimate, TO_ADJUDICATE, once, read, sample,
};
use crate::publish::report::{ClericalReview, ReviewedShare, of_clerical_review};

/// The two halves of a review.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Draw pairs by score band: a file for the reviewers, a key for the steward.
    Sample(SampleArgs),
    /// Read the decisions of two reviewers, and of an adjudicator.
    Read(ReadArgs),
}

/// Arguments of `kinlink link review sample`.
#[derive(Debug, clap::Args)]
pub struct SampleArgs {
    /// The folder that `kinlink link` wrote, or that of a kind in a run: RUN/restricted/03-link/child.
    #[arg(value_name = "OUT")]
    linkage: PathBuf,
    /// Where the folder `review` goes, if not into that of the linkage; for a run it must be elsewhere.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The bounds of the score bands, ascending between 0 and 1.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "0.05,0.5,0.9,0.99",
        value_parser = super::link::probability
    )]
    bands: Vec<f64>,
    /// Pairs drawn of each band; of a band that has links and others, so many of each.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    per_band: u64,
    /// The seed of the draw: the same seed draws the same pairs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Arguments of `kinlink link review read`.
#[derive(Debug, clap::Args)]
pub struct ReadArgs {
    /// The folder that `kinlink link` wrote, or that of `-o` when the sample was drawn.
    out: PathBuf,
    /// The first reviewer's decisions: number, decision.
    reviewer1: PathBuf,
    /// The second reviewer's.
    reviewer2: PathBuf,
    /// The adjudicator's decisions on the pairs of to_adjudicate.csv.
    #[arg(long, value_name = "FILE")]
    adjudicated: Option<PathBuf>,
}

pub(super) fn run(command: Command) -> Result<Done, Failure> {
    match command {
        Command::Sample(args) => run_sample(args),
        Command::Read(args) => run_read(args),
    }
}

fn run_sample(args: SampleArgs) -> Result<Done, Failure> {
    let Some(bands) = Bands::new(args.bands) else {
        return Err(LinkError::one(Diagnostic::new(
            "KL-L-060",
            Exit::Usage,
            "the bounds of the score bands do not ascend between 0 and 1",
            "such as --bands 0.05,0.5,0.9,0.99",
        ))
        .into());
    };
    let plan = Plan {
        bands,
        per_band: args.per_band,
        seed: args.seed,
    };
    let out = args.out.as_ref().unwrap_or(&args.linkage);
    outside_of_runs(out)?;
    let drawn = sample(&args.linkage, args.out.as_deref(), &plan)?;
    let folder = out.join(FOLDER);
    let mut text = format!(
        "{:<16} {:<10} {:>12} {:>8}\n",
        "score band", "", "pairs", "drawn"
    );
    for stratum in &drawn.strata {
        let _ = writeln!(
            text,
            "{:<16} {:<10} {:>12} {:>8}",
            stratum.band,
            kind(stratum.linked),
            stratum.pairs,
            stratum.drawn
        );
    }
    let _ = writeln!(text, "\n{}", told_frame(&drawn));
    let json = json!({
        "folder": folder,
        "sample": drawn,
        "for_reviewers": folder.join(FOR_REVIEWERS),
        "for_steward": folder.join(KEY),
    });
    Ok(Done::new(text, json).next(format!(
        "give {} to two reviewers and keep {}; then kinlink link review read {} FIRST.csv SECOND.csv",
        folder.join(FOR_REVIEWERS).display(),
        folder.join(KEY).display(),
        out.display()
    )))
}

/// Refuses a folder of a run: every file of a run is recorded, and a review is written by people.
fn outside_of_runs(out: &Path) -> Result<(), Failure> {
    let out = std::path::absolute(out).unwrap_or_else(|_| out.to_path_buf());
    let is_run = |folder: &Path| folder.join("plan.json").exists() && folder.join("stage").is_dir();
    match out.ancestors().any(is_run) {
        false => Ok(()),
        true => Err(LinkError::one(
            Diagnostic::new(
                "KL-L-066",
                Exit::Usage,
                "a review has no place in a run directory",
                "name another folder with -o, such as -o clerical/child",
            )
            .at(Place::file(&out)),
        )
        .into()),
    }
}

fn kind(linked: bool) -> &'static str {
    if linked { "links" } else { "not linked" }
}

fn told_frame(drawn: &Sample) -> String {
    match drawn.frame {
        Frame::Compared => "drawn from every pair that was compared".to_owned(),
        Frame::From { probability } => format!(
            "drawn from the links and from pairs at least {probability} probable; of less probable \
             ones nothing will be known: link with --keep 0 to draw from all"
        ),
        Frame::Links => "links alone can be drawn, so the recall cannot be estimated: link with \
                         --keep 0 to draw from every pair that was compared"
            .to_owned(),
    }
}

fn run_read(args: ReadArgs) -> Result<Done, Failure> {
    let files = Files {
        first: args.reviewer1,
        second: args.reviewer2,
        adjudicated: args.adjudicated,
    };
    let reading = read(&args.out, &files)?;
    let folder = args.out.join(FOLDER);
    let mut json = serde_json::to_value(&reading).unwrap_or_default();
    let mut text = told(&reading);
    if let Some(found) = &reading.estimates {
        let calibration = calibration(found);
        let page = of_clerical_review(&ClericalReview {
            shares: shares(&reading, found),
            calibration: calibration.clone(),
        })?;
        once(&folder.join(PAGE), &String::from_utf8_lossy(&page.bytes))?;
        match &calibration {
            Ok(calibration) => {
                once(&folder.join(CALIBRATION), &steps(calibration))?;
                let _ = writeln!(text, "{}", curve(calibration));
            }
            Err(why) => {
                let _ = writeln!(text, "\nno calibration: {why}");
            }
        }
        json["reliability"] = reliability(calibration.as_ref());
    }
    let done = Done::new(text, json);
    Ok(match reading.estimates {
        Some(_) => done.next(format!(
            "keep {}; {} has the reliability curve",
            folder.join(LABELS).display(),
            folder.join(PAGE).display()
        )),
        None => done.next(format!(
            "have {} filled in by a third person, then the same command with --adjudicated FILE",
            folder.join(TO_ADJUDICATE).display()
        )),
    })
}

/// The page of a review that is finished.
const PAGE: &str = "review.html";
/// The map from the model's probabilities to calibrated ones.
const CALIBRATION: &str = "calibration.csv";
/// Bins of the reliability curve.
const BINS: usize = 10;

/// The calibration by the labels, or why there is none.
fn calibration(found: &Estimates) -> Result<Calibration, String> {
    let labelled = found.labelled.iter().map(|pair| Labelled {
        score: pair.probability,
        is_match: pair.is_match,
        weight: pair.weight,
    });
    Calibration::fit(&labelled.collect::<Vec<_>>()).map_err(|why| why.to_string())
}

fn shares(reading: &Reading, found: &Estimates) -> Vec<ReviewedShare> {
    let share = |name: &str, value: f64, interval: [f64; 2]| ReviewedShare {
        name: name.to_owned(),
        value,
        interval,
    };
    let of = |name: &str, e: Option<Estimate>| e.map(|e| share(name, e.value, e.interval));
    let agreement = &reading.agreement;
    let alike = agreement.share.zip(agreement.share_interval);
    let kappa = agreement.kappa.zip(agreement.kappa_interval);
    [
        of("Precision of the links", found.precision),
        of("Recall among the pairs that could be drawn", found.recall),
        alike.map(|(value, ends)| share("Pairs decided alike", value, ends)),
        kappa.map(|(value, ends)| share("Cohen's kappa", value, ends)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `calibration.csv`.
fn steps(calibration: &Calibration) -> String {
    let mut text = "from,to,probability\n".to_owned();
    for step in calibration.steps() {
        let _ = writeln!(text, "{},{},{}", step.from, step.to, step.probability);
    }
    text
}

fn curve(calibration: &Calibration) -> String {
    let mut text = format!(
        "\n{:>8} {:>12} {:>12} {:>18}\n",
        "labelled", "model said", "matches", "95 %"
    );
    for bin in calibration.reliability(BINS) {
        let [low, high] = bin.interval;
        let off = !(low..=high).contains(&bin.said);
        let _ = writeln!(
            text,
            "{:>8} {:>12.4} {:>12.4} {:>18}{}",
            bin.pairs,
            bin.said,
            bin.observed,
            format!("{low:.4} to {high:.4}"),
            if off { "  not calibrated" } else { "" }
        );
    }
    text
}

fn reliability(calibration: Result<&Calibration, &String>) -> serde_json::Value {
    match calibration {
        Ok(calibration) => {
            let bins = calibration.reliability(BINS);
            let bin = |bin: &ReliabilityBin| {
                json!({
                    "pairs": bin.pairs,
                    "said": bin.said,
                    "matches": bin.observed,
                    "interval": bin.interval,
                })
            };
            json!({ "bins": bins.iter().map(bin).collect::<Vec<_>>() })
        }
        Err(why) => json!({ "none": why }),
    }
}

fn told(reading: &Reading) -> String {
    let mut text = agreement(&reading.agreement);
    let Some(found) = &reading.estimates else {
        let _ = writeln!(
            text,
            "\n{} pairs are to be adjudicated: {}",
            reading.to_adjudicate.len(),
            numbers(&reading.to_adjudicate)
        );
        return text;
    };
    if found.undecided > 0 {
        let _ = writeln!(
            text,
            "\n{} pairs stayed unsure and have no label",
            found.undecided
        );
    }
    let _ = writeln!(
        text,
        "\n{:<16} {:<10} {:>10} {:>8} {:>8} {:>8} {:>18} {:>8}",
        "score band", "", "pairs", "labelled", "matches", "share", "95 %", "model"
    );
    for stratum in &found.strata {
        text.push_str(&line(stratum));
    }
    let told = |e: &Option<Estimate>| e.as_ref().map_or_else(|| "–".to_owned(), estimate);
    let _ = writeln!(
        text,
        "\nprecision of the links   {}",
        told(&found.precision)
    );
    let among = match reading.frame {
        Frame::Compared => "recall among the pairs compared".to_owned(),
        Frame::From { probability } => format!("recall among pairs from {probability} on"),
        Frame::Links => "recall (links alone were drawn)".to_owned(),
    };
    let _ = writeln!(text, "{among}   {}", told(&found.recall));
    text
}

/// The first numbers of a list.
fn numbers(all: &[u64]) -> String {
    let first: Vec<String> = all.iter().take(20).map(u64::to_string).collect();
    let more = if all.len() > 20 { ", …" } else { "" };
    first.join(", ") + more
}

fn estimate(e: &Estimate) -> String {
    let [low, high] = e.interval;
    format!("{:.4} ({low:.4} to {high:.4}, 95 %)", e.value)
}

fn agreement(found: &Agreement) -> String {
    let with = |value: Option<f64>, interval: Option<[f64; 2]>| match (value, interval) {
        (Some(value), Some(interval)) => estimate(&Estimate { value, interval }),
        _ => "–".to_owned(),
    };
    format!(
        "{} of {} pairs decided alike\nagreement       {}\nCohen's kappa   {}\n",
        found.same,
        found.pairs,
        with(found.share, found.share_interval),
        with(found.kappa, found.kappa_interval)
    )
}

fn line(stratum: &StratumEstimate) -> String {
    let number = |n: Option<f64>| n.map_or_else(|| "–".to_owned(), |n| format!("{n:.4}"));
    let range = stratum.share.map_or_else(
        || "–".to_owned(),
        |e| format!("{:.4} to {:.4}", e.interval[0], e.interval[1]),
    );
    format!(
        "{:<16} {:<10} {:>10} {:>8} {:>8} {:>8} {range:>18} {:>8}{}\n",
        stratum.band,
        kind(stratum.linked),
        stratum.pairs,
        stratum.labelled,
        stratum.matches,
        number(stratum.share.map(|e| e.value)),
        number(stratum.mean_probability),
        if stratum.calibrated == Some(false) {
            "  not calibrated"
        } else {
            ""
        }
    )
}
