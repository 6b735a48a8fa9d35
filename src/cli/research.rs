//! `kinlink research`: linked microdata of a run for one research project.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;

use super::key::source;
use super::{Context, Done, Failure};
use crate::pipeline::{self, ResearchRequest};
use crate::pseudonymise::KeySource;
use crate::research::floor::Floor;

/// Arguments of `kinlink research`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
        kinlink research runs/RUN --for outcomes-study -o outcomes-study\n  \
        kinlink key new study.key --purpose files\n  \
        kinlink research runs/RUN --for outcomes-study --encrypt-with study.key -o locked\n\n\
        Exit code 7 if the floor cannot hold. The run's extracts, schemas and key must be at hand.")]
pub struct Args {
    /// The run's folder.
    run: PathBuf,
    /// The research project, whose pseudonyms are no other's.
    #[arg(long = "for", value_name = "PROJECT")]
    project: String,
    /// The folder to write; it must not be there.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Different children and different parents that every class must have.
    #[arg(long, value_name = "PEOPLE", default_value_t = 10)]
    k: usize,
    /// Different sentences that every class must have.
    #[arg(long, value_name = "VALUES", default_value_t = 2)]
    l: usize,
    /// The greatest share of pairs of a child and a parent that may be left out.
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    most_suppressed: f64,
    /// Encrypt the Parquet files with this key, a file or fd:N, made with `kinlink key new
    /// --purpose files`.
    #[arg(long, value_name = "KEYFILE", value_parser = source())]
    encrypt_with: Option<KeySource>,
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    let request = ResearchRequest {
        project: args.project,
        floor: Floor {
            k: args.k,
            l: args.l,
            most_suppressed: args.most_suppressed,
        },
        out: args.out,
        encrypt_with: args.encrypt_with,
    };
    let made = pipeline::research(&args.run, &request)?;
    let f = &made.figures;
    let mut text = format!("released for  {}\n", request.project);
    if let Some(fingerprint) = &made.encrypted_with {
        let _ = writeln!(text, "encrypted     with the key {fingerprint}");
    }
    for (name, rows) in &made.tables {
        let _ = writeln!(text, "table         data/{name}.parquet, {rows} rows");
    }
    let _ = write!(
        text,
        "floor         {} children and parents, {} sentences at least in each of {} classes\n\
         left out      {} of {} pairs; {} children and {} parents wholly\n",
        f.k,
        f.l,
        f.classes,
        f.pairs_suppressed,
        f.pairs,
        f.children_suppressed,
        f.parents_suppressed,
    );
    for one in &f.quasi_identifiers {
        let _ = writeln!(text, "told          {}: {}", one.column, one.form);
    }
    let _ = write!(
        text,
        "not covered   {} parents alone by number of children, {} by months of the first stay",
        f.parents_alone_by_children, f.parents_alone_by_months,
    );
    let json = json!({
        "project": request.project,
        "out": made.out,
        "tables": made.tables.iter().map(|(n, rows)| json!({ "table": n, "rows": rows })).collect::<Vec<_>>(),
        "encrypted_with": made.encrypted_with,
        "disclosure": f,
    });
    let next = format!(
        "read {}/README.md before the release leaves the site",
        made.out.display()
    );
    Ok(Done::new(text, json).next(next))
}
