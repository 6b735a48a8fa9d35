//! `kinlink pseudonymise`: an owner's extract becomes parcels, or a research release; and lint.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Subcommand;
use jiff::civil::Date;
use serde_json::json;

use super::key::PurposeArg;
use super::{Context, Done, Failure};
use crate::owner::{
    self, DEFAULT_PROJECT, DEFAULT_REFERENCE, DEFAULT_ROUND, Manifest, NOTICE, ReleaseOutcome,
    Request, SplitOutcome, Within, release, split,
};
use crate::pseudonymise::{Arrangement, KeySource, Salt};

/// Arguments of `kinlink pseudonymise`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  \
        kinlink pseudonymise people.csv --schema S.json --key KEY -o parcels\n  \
        kinlink pseudonymise people.csv --schema S.json --key KEY --for families-2025 -o release\n  \
        kinlink pseudonymise lint parcels\n\n\
        Two owners' encodings can be linked if key, project, round, recipes and encoding are the\n\
        same: `kinlink link parcels`, then `kinlink link join`."
)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The extract: CSV, Parquet or XML, as its schema says.
    #[arg(required = true)]
    input: Option<PathBuf>,
    /// Its schema.
    #[arg(long, required = true)]
    schema: Option<PathBuf>,
    /// The key file, or fd:N for an open file descriptor.
    #[arg(long, required = true, value_parser = super::key::source())]
    key: Option<KeySource>,
    /// A new folder for the result.
    #[arg(short, long, required = true)]
    out: Option<PathBuf>,
    /// Make a research release for this project in place of the parcels.
    #[arg(long = "for", value_name = "PROJECT", value_parser = name)]
    research: Option<String>,
    /// The project that keys are derived for; both owners name the same.
    #[arg(long, value_name = "NAME", value_parser = name, default_value = DEFAULT_PROJECT)]
    project: String,
    /// Its round; a new round is a new set of pseudonyms.
    #[arg(long, value_name = "R", value_parser = name, default_value = DEFAULT_ROUND)]
    round: String,
    /// The public salt of the project's keys, as in `[project] salt` of a pipeline; it follows from
    /// the project's name where none is stated.
    #[arg(long, value_name = "HEX", value_parser = salt)]
    salt: Option<Salt>,
    /// Refuse a key of another purpose.
    #[arg(long, value_enum)]
    purpose: Option<PurposeArg>,
    /// What the records are unique within. Without it the pseudonyms hold for this extract alone,
    /// and another one, even of the same name, has others.
    #[arg(long, value_name = "NAME")]
    system: Option<String>,
    /// The number of this extract in the linkage files; owners agree on them.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=254))]
    source: u8,
    /// The day of the stock, such as 2025-09-30: ages are of this day.
    #[arg(long, value_name = "DATE", default_value_t = DEFAULT_REFERENCE)]
    reference_date: Date,
    /// First and last day of the year; by default the year that ends on the reference date.
    #[arg(long, num_args = 2, value_names = ["FIRST", "LAST"])]
    period: Option<Vec<Date>>,
    /// Recipes other than the program's own, as TOML.
    #[arg(long, value_name = "FILE", conflicts_with = "research")]
    recipes: Option<PathBuf>,
    /// How block-keyed encodings are laid out: lanes (one byte a value, a pass for each group of
    /// fields), record (one filter of 1,024 bits) or fields (a filter for each). The last two fall to
    /// an intruder who holds the population: see docs/attacks.md.
    #[arg(long, value_name = "FORM", value_parser = encoding, default_value = "lanes", conflicts_with = "research")]
    encoding: Arrangement,
    /// A CSV with postcode,local_authority, for people whose area is not stated.
    #[arg(long, value_name = "FILE")]
    postcode_directory: Option<PathBuf>,
    /// The three-digit number of the local authority whose file this is.
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    la: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check split files: the two parcels have no column and no pseudonym in common.
    Lint {
        /// The folder that `kinlink pseudonymise` wrote, or one that holds a parcel of it.
        folder: PathBuf,
    },
}

fn name(text: &str) -> Result<String, String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
    if !text.trim().is_empty() && text.len() <= 64 && text.chars().all(letter) {
        Ok(text.to_owned())
    } else {
        Err("a name has up to 64 letters, digits, spaces, `-`, `_` and `.`".to_owned())
    }
}

fn encoding(text: &str) -> Result<Arrangement, String> {
    match text {
        "lanes" => Ok(Arrangement::Lanes),
        "record" => Ok(Arrangement::Record),
        "fields" => Ok(Arrangement::Fields),
        _ => Err("one of lanes, record, fields".to_owned()),
    }
}

fn salt(text: &str) -> Result<Salt, String> {
    Salt::from_hex(text).ok_or_else(|| "a salt is 64 hexadecimal digits, in lower case".to_owned())
}

fn number(text: &str) -> Result<String, String> {
    if text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("a local authority's number has three digits, such as 301".to_owned())
    }
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    if let Some(Command::Lint { folder }) = args.command {
        return run_lint(&folder);
    }
    let (Some(input), Some(schema), Some(key), Some(out)) =
        (args.input, args.schema, args.key, args.out)
    else {
        // The parser has asked for all four.
        return Ok(Done::new("", serde_json::Value::Null));
    };
    let request = Request {
        input,
        schema,
        key,
        out,
        project: args.project,
        round: args.round,
        salt: args.salt,
        purpose: args.purpose.map(Into::into),
        system: args.system,
        source: args.source,
        reference: args.reference_date,
        period: match args.period.as_deref() {
            Some([first, last]) => Some((*first, *last)),
            _ => None,
        },
        recipes: args.recipes,
        encoding: args.encoding,
        postcode_directory: args.postcode_directory,
        local_authority: args.la,
    };
    match args.research {
        None => Ok(parcels(&request, &split(&request, &context.progress)?)),
        Some(project) => {
            let outcome = release(&request, &project, &context.progress)?;
            Ok(released(&request, &project, &outcome))
        }
    }
}

/// Settings and row accounts, which both kinds of folder have.
fn common(manifest: &Manifest) -> String {
    let s = &manifest.settings;
    let [first, last] = &s.period;
    let within = match s.records_within {
        Within::System => "",
        Within::Extract => ", this extract alone (--system NAME joins several)",
    };
    let mut text = format!(
        "system        {}{}\nkey           {} ({})\nproject       {}, round {}\n\
         dates         on {}; {first} to {last}\n",
        s.system, within, s.key_fingerprint, s.purpose, s.project, s.round, s.reference_date,
    );
    for a in &manifest.rows {
        let _ = writeln!(
            text,
            "rows          {}: {} in = {} accepted + {} held back + {} merged + {} excluded + {} \
             out of scope",
            a.unit, a.rows_in, a.accepted, a.quarantined, a.merged, a.excluded, a.out_of_scope
        );
    }
    text
}

fn files_below<'a>(
    manifest: &'a Manifest,
    part: &'a str,
) -> impl Iterator<Item = &'a crate::owner::FileEntry> {
    manifest
        .files
        .iter()
        .filter(move |f| f.path.starts_with(part))
}

fn parcels(request: &Request, outcome: &SplitOutcome) -> Done {
    let manifest = &outcome.manifest;
    let mut text = common(manifest);
    for (part, whom) in [
        ("linkage", "for the linkage unit alone"),
        ("payload", "for the analyst alone"),
        ("owner", "stays with the owner of the key"),
    ] {
        let rows: u64 = files_below(manifest, part).filter_map(|f| f.rows).sum();
        let _ = writeln!(
            text,
            "{part:<13} {} files, {rows} rows: {whom}",
            files_below(manifest, part).count(),
        );
    }
    let _ = write!(
        text,
        "lint          the parcels have no column and no pseudonym in common\n\n{NOTICE}"
    );
    let json = json!({
        "out": request.out,
        "manifest": manifest,
        "linted": { "linkage": outcome.linted.linkage, "payload": outcome.linted.payload },
        "notice": NOTICE,
    });
    Done::new(text, json).next(format!(
        "read {}, then send linkage/ and payload/ to their holders, each by its own way",
        request.out.join("README.md").display()
    ))
}

fn released(request: &Request, project: &str, outcome: &ReleaseOutcome) -> Done {
    let manifest = &outcome.manifest;
    let mut text = common(manifest);
    let _ = writeln!(text, "released for  {project}");
    for file in &manifest.files {
        let _ = writeln!(
            text,
            "table         {}, {} rows",
            file.path.display(),
            file.rows.unwrap_or_default()
        );
    }
    let _ = write!(
        text,
        "dictionary    {} columns; {} fields of the extract are not released\n\n{NOTICE}",
        outcome.columns, outcome.dropped
    );
    let json = json!({
        "out": request.out,
        "manifest": manifest,
        "columns": outcome.columns,
        "dropped": outcome.dropped,
        "notice": NOTICE,
    });
    Done::new(text, json).next(format!(
        "read {} before the release leaves the site",
        request.out.join("dictionary.md").display()
    ))
}

fn run_lint(folder: &std::path::Path) -> Result<Done, Failure> {
    let found = owner::lint_folder(folder)?;
    let text = format!(
        "linkage       {} files, {} rows\npayload       {} files, {} people\n\
         lint          they have no column and no pseudonym in common",
        found.linkage, found.rows, found.payload, found.people
    );
    let json = json!({
        "folder": folder,
        "linkage_files": found.linkage,
        "linkage_rows": found.rows,
        "payload_files": found.payload,
        "people": found.people,
    });
    Ok(Done::new(text, json))
}
