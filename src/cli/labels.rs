//! `kinlink labels`: the labels of the tables on Wales in English and Welsh.

use serde_json::json;

use super::{Context, Done, Failure};
use crate::publish::labels::{csv, labels};

/// Arguments of `kinlink labels`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
        kinlink labels > labels-cy.csv     joined to a table by its column and code")]
pub struct Args {}

pub(super) fn run(_args: Args, _context: &Context) -> Result<Done, Failure> {
    let all = labels();
    let json = all
        .iter()
        .map(|l| {
            json!({
                "table": l.table, "column": l.column, "code": l.code,
                "label_en": l.english, "label_cy": l.welsh,
            })
        })
        .collect();
    Ok(Done::new(csv(&all), json))
}
