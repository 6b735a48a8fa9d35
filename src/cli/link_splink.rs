//! `kinlink link import-splink`: a trained Splink settings file as a model of this program.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::json;

use super::{Done, Failure};
use crate::link::spec::Spec;
use crate::link::splink::import;
use crate::link::stage::write_json;

/// Arguments of `kinlink link import-splink`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The settings that Splink 4 or 5 saved.
    settings: PathBuf,
    /// Which column is what, in TOML.
    #[arg(long)]
    spec: PathBuf,
    /// The model to be written; it must not exist.
    #[arg(short, long)]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Done, Failure> {
    let spec = Spec::read(&args.spec)?;
    let model = import(&args.settings, &spec)?;
    write_json(&args.out, &model)?;
    let mut text = format!(
        "{:<16} {:<26} {:>9} {:>9} {:>7}\n",
        "comparison", "level", "m, %", "u, %", "bits"
    );
    for comparison in &model.comparisons {
        for (place, level) in comparison.levels.iter().enumerate() {
            let name = match place {
                0 => comparison.comparison.name.as_str(),
                _ => "",
            };
            let _ = writeln!(
                text,
                "{name:<16} {:<26} {:>9.3} {:>9.4} {:>+7.2}",
                level.level,
                100.0 * level.m,
                100.0 * level.u,
                (level.m.max(1e-9) / level.u.max(1e-9)).log2()
            );
        }
    }
    text.push_str("\nblocking rules:\n");
    for rule in &model.rules {
        let _ = writeln!(text, "  {}", rule.rule.name);
    }
    for warning in &model.warnings {
        let _ = writeln!(text, "\nwarning: {warning}");
    }
    let json = json!({
        "out": args.out,
        "comparisons": model.comparisons,
        "rules": model.rules.iter().map(|r| &r.rule.name).collect::<Vec<_>>(),
        "warnings": model.warnings,
    });
    Ok(Done::new(text, json).next(format!(
        "kinlink link LEFT RIGHT --spec {} --key KEY --model {} -o OUT",
        args.spec.display(),
        args.out.display()
    )))
}
