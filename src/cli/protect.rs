//! `kinlink protect`: protect a table of counts by itself, or audit published ones.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Context, Done, Failure};
use crate::protect::{
    Counts, ProtectError, ReleaseAudit, Why, audit_release, explain_cell, protect_table, read_spec,
};

/// Arguments of `kinlink protect`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hide small counts, and what gives them away, in a table with all its margins; or, with
    /// `[dp]` in the specification, add noise to every count.
    Table {
        /// Rows of people, or inner cells with a column of counts; CSV or Parquet.
        input: PathBuf,
        /// What to protect and how, as TOML.
        #[arg(long)]
        spec: PathBuf,
        /// A new folder for `cells.parquet`, `restricted/cells.parquet` and `summary.json`.
        #[arg(short, long)]
        out: PathBuf,
    },
    /// What an attacker can work out from published tables with margins, ours or another's.
    ///
    /// Exit code 7 when a cell is exposed. What is printed is for the restricted side.
    #[command(after_help = "Examples:\n  \
        kinlink protect audit out/cells.parquet --spec spec.toml\n  \
        kinlink protect audit 2026.csv --spec spec.toml --known 2025.csv 2024.csv")]
    Audit {
        /// The tables of the release, CSV or Parquet.
        #[arg(required = true)]
        tables: Vec<PathBuf>,
        /// Dimensions, hierarchies, rules and attacker, as TOML.
        #[arg(long)]
        spec: PathBuf,
        /// Tables that were published before, about the same people.
        #[arg(long, num_args = 1..)]
        known: Vec<PathBuf>,
    },
    /// Why a cell of a protected table is hidden, and what could be hidden in its place.
    ///
    /// What is printed holds true counts: it is for the restricted side.
    #[command(after_help = "Example:\n  \
        kinlink protect explain out la=E06000001,eth=Asian --spec spec.toml")]
    Explain {
        /// The folder that `kinlink protect table` wrote.
        out: PathBuf,
        /// The cell, as `dimension=code,dimension=code`; dimensions not named are totals.
        cell: String,
        /// The specification that the table was made with.
        #[arg(long)]
        spec: PathBuf,
    },
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    match args.command {
        Command::Table { input, spec, out } => table(&input, &spec, &out),
        Command::Audit {
            tables,
            spec,
            known,
        } => audit(&tables, &spec, &known),
        Command::Explain { out, cell, spec } => explain(&out, &cell, &spec),
    }
}

fn audit(tables: &[PathBuf], spec: &Path, known: &[PathBuf]) -> Result<Done, Failure> {
    let read = read_spec(spec)?;
    let started = std::time::Instant::now();
    let found = audit_release(tables, known, &read)?;
    let seconds = started.elapsed().as_secs_f64();
    let mut json = serde_json::to_value(&found).unwrap_or_default();
    if let Some(object) = json.as_object_mut() {
        object.insert("seconds".to_owned(), seconds.into());
    }
    let done = Done::new(audit_text(&found, seconds), json);
    Ok(if found.exposed > 0 {
        done.blocked(ProtectError::Release {
            cells: found.exposed,
        })
    } else {
        done
    })
}

/// Exposed cells that are told; all of them are in the JSON.
const TOLD: usize = 10;

fn audit_text(found: &ReleaseAudit, seconds: f64) -> String {
    let primary = found
        .primary
        .map_or("not marked".to_owned(), |n| n.to_string());
    let mut text = format!(
        "attacker     {}\nwidth        {}\ntables       {} ({} known before)\ncells        {}\n\
         hidden       {}\nprimary      {primary}\nprograms     {}\nseconds      {seconds:.2}\n\
         exposed      {}\n",
        found.attacker,
        found.width,
        found.tables,
        found.earlier,
        found.cells,
        found.hidden,
        found.programs,
        found.exposed,
    );
    if let Some(owners) = &found.owners {
        let counts = match owners.counts {
            Counts::Known => "counts known",
            Counts::Assumed => "counts assumed",
        };
        let cells = if owners.several_cells {
            "of one or several cells"
        } else {
            "cell by cell"
        };
        let _ = writeln!(
            text,
            "owners       {} groups of at most {}, {cells} ({counts})",
            owners.groups, owners.people,
        );
    }
    let exposed = found.bounds.iter().filter(|b| b.exposed.is_some());
    for bounds in exposed.take(TOLD) {
        let codes: Vec<&str> = bounds.cell.values().map(String::as_str).collect();
        let end = |x: Option<f64>| x.map_or("-".to_owned(), |x| x.to_string());
        let kind = serde_json::to_value(bounds.exposed).unwrap_or_default();
        let _ = writeln!(
            text,
            "  {} [{}, {}] {}",
            codes.join(" × "),
            end(bounds.lower),
            end(bounds.upper),
            kind.as_str().unwrap_or_default(),
        );
        for own in &bounds.owners {
            let codes: Vec<&str> = own.cell.values().map(String::as_str).collect();
            let _ = writeln!(text, "    to the {} of {}", own.count, codes.join(" × "));
        }
        for (label, proof) in [("at least", &bounds.at_least), ("at most", &bounds.at_most)] {
            let Some(proof) = proof else { continue };
            let terms = proof.published.iter().chain(&proof.limits);
            let terms: Vec<String> = terms
                .take(TOLD)
                .map(|t| {
                    let codes: Vec<&str> = t.cell.values().map(String::as_str).collect();
                    format!("{:+} × ({})", t.times, codes.join(" × "))
                })
                .collect();
            let _ = writeln!(text, "    {label} {} = {}", proof.bound, terms.join(" "));
        }
    }
    if found.exposed > TOLD {
        let _ = writeln!(
            text,
            "  … and {} more: see --format json",
            found.exposed - TOLD
        );
    }
    text
}

fn explain(out: &Path, cell: &str, spec: &Path) -> Result<Done, Failure> {
    let why = explain_cell(out, cell, &read_spec(spec)?, spec)?;
    let json = serde_json::to_value(&why).unwrap_or_default();
    Ok(Done::new(why_text(&why), json))
}

fn why_text(why: &Why) -> String {
    let name = |cell: &std::collections::BTreeMap<String, String>| {
        let codes: Vec<&str> = cell.values().map(String::as_str).collect();
        codes.join(" × ")
    };
    let end = |x: Option<f64>, none: &str| x.map_or(none.to_owned(), |x| x.to_string());
    let mut text = format!(
        "cell         {}   (restricted)\ncount        {}\nstate        {}: {}\nattacker     {}\n\
         bounds       {} to {}\n",
        name(&why.cell),
        why.count,
        why.state,
        why.reason,
        why.attacker,
        end(why.lower, "-"),
        end(why.upper, "any"),
    );
    if why.protected > 0 {
        let _ = writeln!(
            text,
            "shown        {} small counts would be too well known:",
            why.protected
        );
        for cell in &why.protects {
            let _ = writeln!(text, "  {}", name(cell));
        }
    }
    match &why.instead {
        Some(cells) if !cells.is_empty() => {
            let _ = writeln!(text, "instead      hide, at a cost of {}:", why.cost);
            for cell in cells {
                let _ = writeln!(text, "  {}", name(cell));
            }
        }
        Some(_) if why.state == "secondary" => {
            let _ = writeln!(text, "instead      nothing: it can be shown by itself");
        }
        None if why.state == "secondary" => {
            let _ = writeln!(text, "instead      no other cells do");
        }
        _ => {}
    }
    text
}

fn table(input: &Path, spec: &Path, out: &Path) -> Result<Done, Failure> {
    let read = read_spec(spec)?;
    if read.dp.is_some() {
        return super::budget::release(input, &read, spec, out);
    }
    let summary = protect_table(input, &read, spec, out)?;
    let seconds = summary.seconds;
    let json = serde_json::to_value(&summary).unwrap_or_default();
    let gap = match summary.gap {
        Some(_) if summary.proven_optimum => "proven least".to_owned(),
        Some(gap) => format!("at most {:.1} % above the least", 100.0 * gap),
        None => "not compared with the least".to_owned(),
    };
    let width = match summary.least_width {
        Some(w) => format!("{w}"),
        None => "-".to_owned(),
    };
    let owners = match summary.singletons {
        0 => "-".to_owned(),
        n => match summary.singletons_who_learn {
            Some(learn) => format!("{n}, of whom {learn} learn another small count   (restricted)"),
            None => format!("{n}; what they learn was not looked at   (restricted)"),
        },
    };
    let text = format!(
        "cells        {}\nprimary      {}   (restricted)\nsecondary    {}   (restricted)\n\
         cost         {} ({gap})\nleast width  {width}\nsingletons   {owners}\nrounding     {} ({})\nseconds      {seconds:.2}",
        summary.cells,
        summary.primary,
        summary.secondary,
        summary.cost,
        summary.rounding.map_or("-".to_owned(), |b| b.to_string()),
        summary.method,
    );
    Ok(Done::new(text, json))
}
