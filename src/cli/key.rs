//! `kinlink key`: make a key, show its purpose and fingerprint, split it and put it together
//! again. Never its bytes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::{Context, Done, Failure};
use crate::pseudonymise::{AnyKey, FileKey, KeySource, MasterKey, Split, combine, split};
use crate::purpose::Purpose;

/// Arguments of `kinlink key`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
        kinlink key new keys/2026.key                            a key for production\n  \
        kinlink key new study.key --purpose files                a key for encrypted files\n  \
        kinlink key split keys/2026.key --shares 5 --threshold 3 -o shares\n  \
        kinlink key combine a.txt b.txt c.txt -o keys/2026.key\n  \
        key-service get 2026 | kinlink key fingerprint fd:0      a key that is in no file\n\n\
        docs/keys.md is the page for those who look after keys.")]
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
        #[arg(long, value_enum, default_value_t = NewPurpose::Production)]
        purpose: NewPurpose,
    },
    /// Show the purpose and fingerprint of a key.
    Inspect {
        /// The key file, or fd:N for an open file descriptor.
        #[arg(value_parser = source())]
        key: KeySource,
    },
    /// Show the fingerprint of a key and nothing else.
    Fingerprint {
        /// The key file, or fd:N for an open file descriptor.
        #[arg(value_parser = source())]
        key: KeySource,
    },
    /// Split a key into shares, some of which are needed to restore it.
    Split {
        /// The key file, or fd:N for an open file descriptor.
        #[arg(value_parser = source())]
        key: KeySource,
        /// How many shares to make: one a custodian.
        #[arg(long, value_name = "N")]
        shares: u8,
        /// How many of them restore the key.
        #[arg(long, value_name = "K")]
        threshold: u8,
        /// The folder for the shares; new or empty.
        #[arg(short, long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Restore a key from shares.
    Combine {
        /// The share files: at least as many as the threshold.
        #[arg(required = true, value_name = "SHARE")]
        files: Vec<PathBuf>,
        /// The key file; it must not exist.
        #[arg(short, long, value_name = "KEY")]
        out: PathBuf,
    },
}

/// What a new key is for.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum NewPurpose {
    /// Pseudonyms of invented people.
    Rehearsal,
    /// Pseudonyms of real people.
    Production,
    /// Encrypted files, for `kinlink research --encrypt-with`; it makes no pseudonyms.
    Files,
}

/// A purpose of a key for pseudonyms, as it is typed.
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

/// Reads an argument as the source of a key.
pub(super) fn source() -> impl TypedValueParser<Value = KeySource> {
    OsStringValueParser::new().try_map(|text: OsString| KeySource::of_argument(&text))
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    match args.command {
        Command::New { key, purpose } => made(key, purpose),
        Command::Inspect { key } => {
            let any = key.load_any()?;
            Ok(described(&key, &any))
        }
        Command::Fingerprint { key } => {
            let fingerprint = key.load_any()?.fingerprint().to_string();
            let json = json!({ "fingerprint": fingerprint });
            Ok(Done::new(fingerprint, json))
        }
        Command::Split {
            key,
            shares,
            threshold,
            out,
        } => {
            let numbers = Split::new(shares, threshold)?;
            let master = key.load()?;
            let files = split(&master, numbers, &out)?;
            Ok(dealt(&master, numbers, &files))
        }
        Command::Combine { files, out } => {
            let master = combine(&files)?;
            master.save(&out)?;
            Ok(described(&KeySource::File(out), &AnyKey::Master(master)))
        }
    }
}

/// Draws a key and writes it.
fn made(path: PathBuf, purpose: NewPurpose) -> Result<Done, Failure> {
    let master = |purpose| -> Result<(AnyKey, String), Failure> {
        let key = MasterKey::random(purpose)?;
        key.save(&path)?;
        let next = format!(
            "kinlink key split {} --shares 5 --threshold 3 -o SHARES",
            path.display()
        );
        Ok((AnyKey::Master(key), next))
    };
    let (key, next) = match purpose {
        NewPurpose::Rehearsal => master(Purpose::Rehearsal)?,
        NewPurpose::Production => master(Purpose::Production)?,
        NewPurpose::Files => {
            let key = FileKey::random()?;
            key.save(&path)?;
            let next = format!(
                "kinlink research RUN --for PROJECT --encrypt-with {} -o DIR",
                path.display()
            );
            (AnyKey::Files(key), next)
        }
    };
    Ok(described(&KeySource::File(path), &key).next(next))
}

fn described(source: &KeySource, key: &AnyKey) -> Done {
    let shown = source.shown();
    let purpose = key.purpose();
    let fingerprint = key.fingerprint().to_string();
    Done::new(
        format!(
            "key          {}\npurpose      {purpose}\nfingerprint  {fingerprint}",
            shown.display()
        ),
        json!({ "key": shown, "purpose": purpose, "fingerprint": fingerprint }),
    )
}

fn dealt(key: &MasterKey, numbers: Split, files: &[PathBuf]) -> Done {
    let fingerprint = key.fingerprint().to_string();
    let (shares, threshold) = (numbers.shares(), numbers.threshold());
    let mut text = format!(
        "fingerprint  {fingerprint}\nshares       {shares}, any {threshold} of which restore the key"
    );
    for file in files {
        text.push_str(&format!("\nshare        {}", file.display()));
    }
    let json = json!({
        "fingerprint": fingerprint, "shares": shares, "threshold": threshold, "files": files,
    });
    Done::new(text, json).next("give each custodian one share, then remove the folder")
}
