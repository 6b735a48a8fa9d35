//! `kinlink clkhash`: cryptographic linkage keys for parties that use clkhash and anonlink.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Done, Failure};
use crate::pseudonymise::clkhash::{Job, Remark, encode_file};

/// What everybody who uses this command must know.
const UNHARDENED: &str = "clkhash records are not hardened: whoever holds a list of the people \
    finds about 99 % of the records in it, without the secret. Use this only where another party \
    needs clkhash; where you have the choice, use `kinlink link` or a pipeline, whose keyed match \
    keys show which records are equal and nothing of how alike they are.";

/// Arguments of `kinlink clkhash`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Encode every row of a table as one CLK, the same bits as clkhash 0.18. Not hardened.
    #[command(after_help = "Example:\n  \
        kinlink clkhash encode people.csv --schema linkage-schema.json --secret-file secret -o clks.json")]
    Encode {
        /// The table: CSV in UTF-8, with the header that the schema lists.
        input: PathBuf,
        /// The linkage schema, version 1, 2 or 3, that all parties agreed on.
        #[arg(long)]
        schema: PathBuf,
        /// The file that holds the secret; one line break at its end is no part of it.
        #[arg(long)]
        secret_file: PathBuf,
        /// The file to write: JSON, `{"clks": [...]}` in the order of the rows, mode 0600.
        #[arg(short, long)]
        out: PathBuf,
    },
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    let Command::Encode {
        input,
        schema,
        secret_file,
        out,
    } = args.command;
    let job = Job {
        input,
        schema,
        secret: secret_file,
        out,
    };
    let mut warnings = vec![UNHARDENED.to_owned()];
    warn(UNHARDENED);
    let started = std::time::Instant::now();
    let summary = encode_file(&job, &context.progress, |remark: Remark| {
        let text = remark.to_string();
        warn(&text);
        warnings.push(text);
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let bits = u64::try_from(summary.length).unwrap_or(u64::MAX);
    let set = per_record(summary.set_bits, summary.records);
    let text = format!(
        "clks         {}\nrecords      {}\nbits         {bits}, of which {set:.1} set on average\n\
         seconds      {seconds:.2}",
        job.out.display(),
        summary.records,
    );
    let json = json!({
        "out": job.out,
        "records": summary.records,
        "bits": bits,
        "mean_set_bits": set,
        "hardened": false,
        "warnings": warnings,
        "seconds": seconds,
    });
    Ok(Done::new(text, json))
}

/// Warnings are told whatever else is asked to be quiet.
fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "warning: {text}");
}

fn per_record(set: u64, records: u64) -> f64 {
    let real = |n: u64| u32::try_from(n).map_or(f64::INFINITY, f64::from);
    let whole = set.checked_div(records).unwrap_or(0);
    let rest = set.checked_rem(records).unwrap_or(0);
    real(whole)
        + if records == 0 {
            0.0
        } else {
            real(rest) / real(records)
        }
}
