//! `kinlink estimate`.

use super::{Context, Done, Failure};

/// Arguments of `kinlink estimate`.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_args: Args, _context: &Context) -> Result<Done, Failure> {
    Ok(Done::new("", serde_json::Value::Null))
}
