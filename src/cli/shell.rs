//! `kinlink completions` and `kinlink man`: made from the command line's own definition.

use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use super::{Cli, Done, Failure};
use crate::columnar::ColumnarError;

/// Arguments of `kinlink completions`.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Arguments of `kinlink man`.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The folder to write the pages to.
    folder: PathBuf,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<Done, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "kinlink", &mut script);
    let text = String::from_utf8_lossy(&script).into_owned();
    Ok(Done::new(text.clone(), json!({ "script": text })))
}

pub(super) fn man(args: &ManArgs) -> Result<Done, Failure> {
    let io = |source| ColumnarError::Io {
        path: args.folder.clone(),
        source,
    };
    std::fs::create_dir_all(&args.folder).map_err(io)?;
    clap_mangen::generate_to(Cli::command(), &args.folder).map_err(io)?;
    Ok(Done::new(
        format!("manual pages in {}", args.folder.display()),
        json!({ "folder": args.folder }),
    ))
}
