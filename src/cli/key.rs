//! `kinlink key`: make a key, show its purpose and fingerprint. Never its bytes.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::{Context, Done, Failure};
use crate::pseudonymise::{MasterKey, Purpose};

/// Arguments of `kinlink key`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Draw a key from the operating system and write it to a new file of mode 0600.
    New {
        /// The file; it must not exist.
        key: PathBuf,
        /// What it may be used for.
        #[arg(long, value_enum, default_value_t = PurposeArg::Production)]
        purpose: PurposeArg,
    },
    /// Show the purpose and fingerprint of a key.
    Inspect {
        /// The key file.
        key: PathBuf,
    },
}

/// A purpose, as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum PurposeArg {
    Rehearsal,
    Production,
}

impl From<PurposeArg> for Purpose {
    fn from(arg: PurposeArg) -> Self {
        match arg {
            PurposeArg::Rehearsal => Purpose::Rehearsal,
            PurposeArg::Production => Purpose::Production,
        }
    }
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    let (path, key) = match args.command {
        Command::New { key, purpose } => {
            let master = MasterKey::random(purpose.into())?;
            master.save(&key)?;
            (key, master)
        }
        Command::Inspect { key } => {
            let master = MasterKey::load(&key)?;
            (key, master)
        }
    };
    let purpose = key.purpose().word();
    let fingerprint = key.fingerprint().to_string();
    Ok(Done::new(
        format!(
            "key          {}\npurpose      {purpose}\nfingerprint  {fingerprint}",
            path.display()
        ),
        json!({ "key": path, "purpose": purpose, "fingerprint": fingerprint }),
    ))
}
