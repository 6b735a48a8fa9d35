//! `kinlink init`: a new project folder that works.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Context, Done, Failure};
use crate::scaffold::scaffold;

/// Arguments of `kinlink init`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
        kinlink init families          a new folder `families`\n  \
        kinlink init .                 this folder, if it is empty")]
pub struct Args {
    /// The folder of the project; it must be empty or not there yet.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    let made = scaffold(&args.folder)?;
    let schemas = made
        .files
        .iter()
        .filter(|f| f.starts_with("schemas/") && f.ends_with(".json"))
        .count();
    let text = format!(
        "project      {}\npipelines    rehearsal.toml on synthetic extracts, national.toml on \
         yours\nschemas      {schemas} of extracts\nkeys, data   two empty folders that your \
         account alone can read",
        made.folder.display()
    );
    let json = json!({ "folder": made.folder, "files": made.files });
    let go = if made.folder == Path::new(".") {
        String::new()
    } else {
        format!("cd {} && ", made.folder.display())
    };
    Ok(Done::new(text, json).next(format!("{go}kinlink run pipelines/rehearsal.toml")))
}
