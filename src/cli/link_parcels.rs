//! `kinlink link parcels` and `kinlink link join`: two owners' encodings at the linkage unit, and what
//! came of it at the owner of the key.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::json;

use super::link::{cardinality, probability};
use super::{Context, Done, Failure};
use crate::link::assign::Cardinality;
use crate::link::parcels::{self, KindLinks, PairManifest};
use crate::link::standalone::check_out;

/// Arguments of `kinlink link parcels`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    kinlink link parcels prisons/linkage schools/linkage -o pairs")]
pub struct Parcels {
    /// The folder `linkage` of one owner's parcels.
    left: PathBuf,
    /// That of the other.
    right: PathBuf,
    /// The folder for the pairs; new or empty.
    #[arg(short, long)]
    out: PathBuf,
}

/// Arguments of `kinlink link join`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    kinlink link join pairs --left prisons/owner --right schools/owner -o links")]
pub struct Join {
    /// The folder that `kinlink link parcels` wrote.
    pairs: PathBuf,
    /// The folder `owner` of the left parcels.
    #[arg(long)]
    left: PathBuf,
    /// That of the right ones.
    #[arg(long)]
    right: PathBuf,
    /// The folder for the links; new or empty.
    #[arg(short, long)]
    out: PathBuf,
    /// Least probability of a link; where nothing is said, that at which the expected F1 is greatest.
    #[arg(long, value_parser = probability)]
    threshold: Option<f64>,
    /// A record is linked to one record of the other owner at most.
    #[arg(long, conflicts_with = "cardinality")]
    one_to_one: bool,
    /// How many partners a record may have: one_to_one, one_to_many, many_to_one or many_to_many.
    #[arg(long, value_parser = cardinality)]
    cardinality: Option<Cardinality>,
}

pub(super) fn run_parcels(args: &Parcels, context: &Context) -> Result<Done, Failure> {
    check_out(&args.out)?;
    let manifest = parcels::pairs([&args.left, &args.right], &args.out, &context.progress)?;
    let mut text = format!("key           {}\n\n", manifest.key_fingerprint);
    let _ = writeln!(
        text,
        "{:<7} {:<32} {:>9} {:>9} {:>11} {:>11}",
        "kind", "pass", "left", "right", "pairs", "different"
    );
    for pass in &manifest.passes {
        let [left, right] = pass.rows;
        let _ = writeln!(
            text,
            "{:<7} {:<32} {left:>9} {right:>9} {:>11} {:>11}",
            pass.kind, pass.file, pass.pairs, pass.different,
        );
        let [blocks, pairs] = pass.capped;
        if blocks > 0 {
            let _ = writeln!(
                text,
                "    {blocks} blocks left out, which hold {pairs} pairs"
            );
        }
    }
    let json = json!({ "out": args.out, "pairs": manifest });
    Ok(Done::new(text, json).next(format!(
        "send {} to the owner of the key, for `kinlink link join`",
        args.out.display()
    )))
}

pub(super) fn run_join(args: &Join) -> Result<Done, Failure> {
    check_out(&args.out)?;
    let manifest = PairManifest::read(&args.pairs)?;
    let cardinality = match args.one_to_one {
        true => Some(Cardinality::OneToOne),
        false => args.cardinality,
    };
    let kinds = parcels::join(&args.pairs, &manifest, [&args.left, &args.right])?;
    let mut found: Vec<KindLinks> = Vec::new();
    for kind in &kinds {
        let links = parcels::decide(kind, args.threshold, cardinality);
        parcels::write(&args.out, &manifest.key_fingerprint, &links)?;
        found.push(links);
    }
    let mut text = String::new();
    for kind in found.iter().map(|found| &found.told) {
        let _ = writeln!(
            text,
            "{}: {} pairs of records, each once",
            kind.kind, kind.compared
        );
        for rule in &kind.rules {
            let _ = writeln!(
                text,
                "    {:<40} {:>11} pairs, {:.3} of them matches",
                rule.name, rule.pairs, rule.matches,
            );
        }
        let _ = writeln!(
            text,
            "{} links at a threshold of {:.3}; {:.0} matches expected among the pairs, and about \
             {:.0} that no rule brought together",
            kind.links, kind.threshold, kind.expected_matches, kind.missed.about,
        );
        for warning in &kind.warnings {
            let _ = writeln!(text, "warning: {warning}");
        }
    }
    let told: Vec<_> = found.iter().map(|found| &found.told).collect();
    let json = json!({ "out": args.out, "kinds": told });
    Ok(Done::new(text, json).next(format!(
        "the links in {} name records as the payload does",
        args.out.display()
    )))
}
