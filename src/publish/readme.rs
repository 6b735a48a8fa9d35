//! `README.txt`: what a release is, in plain words.

use std::collections::BTreeSet;

use super::cleared::Cleared;
use super::format::Format;
use crate::purpose::Purpose;
use crate::schema::published::{Concept, Status};

const WIDTH: usize = 88;

/// The page.
pub(crate) fn render(cleared: &Cleared<'_>, formats: &BTreeSet<Format>) -> String {
    let release = cleared.info();
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    if release.purpose == Purpose::Rehearsal {
        line(&"=".repeat(WIDTH));
        line("REHEARSAL. Every person in this release is invented. These are no statistics.");
        line(&"=".repeat(WIDTH));
        line("");
    }
    line(&release.title);
    line(&release.label);
    line("");
    line(&format!("Release          {}", release.id));
    line(&format!("Reference date   {}", release.reference_date));
    line(&format!("Period           {}", release.period));
    line(&format!("Key fingerprint  {}", release.key_fingerprint));
    line("");
    line("What is counted");
    line("");
    for concept in Concept::ALL {
        wrapped(&mut line, concept.word(), concept.meaning());
    }
    line("");
    for text in wrap(
        "The three are different things and are never added, compared or divided by one another.",
        WIDTH,
    ) {
        line(&text);
    }
    line("");
    line("Tables");
    line("");
    for table in cleared.tables() {
        let d = table.definition();
        wrapped(&mut line, &d.id, &format!("{}. {}.", d.title, d.subtitle));
    }
    line("");
    for format in formats {
        let text = match format {
            Format::Parquet => {
                "tables/<id>.parquet: one row is one figure, with its dimensions, its concept, its \
                 measure, the value, and a status."
            }
            Format::Csv => "tables/<id>.csv: the same rows, with the labels of the codes.",
            Format::Ods => {
                "tables.ods: one spreadsheet of all tables, each on a worksheet of its own."
            }
            Format::Ees => {
                "ees/: pairs of files (data and meta) for Explore Education Statistics; England \
                 and Wales stand in files of their own."
            }
        };
        wrapped(&mut line, format.word(), text);
    }
    line("");
    line("Symbols");
    line("");
    for text in wrap(
        "In CSV the symbol stands in the place of the value, in the spreadsheet it stands there in \
         square brackets; in Parquet the value is null. CSV and Parquet have the column `status`.",
        WIDTH,
    ) {
        line(&text);
    }
    line("");
    for status in Status::ALL {
        wrapped(&mut line, status.word(), status.meaning());
    }
    line("");
    line("Protection");
    line("");
    for text in wrap(
        "Small counts are hidden, and so are as many other cells as it takes that no hidden \
         count can be had from what is shown. Shown counts are rounded; percentages and rates \
         are computed from rounded counts, so parts may not add up to totals.",
        WIDTH,
    ) {
        line(&text);
    }
    line("");
    line("datapackage.json describes every column and code. SHA256SUMS holds the digest of every");
    line("file; `sha256sum -c SHA256SUMS` checks them.");
    out
}

fn wrapped(line: &mut impl FnMut(&str), head: &str, text: &str) {
    const INDENT: usize = 13;
    for (i, part) in wrap(text, WIDTH - INDENT).into_iter().enumerate() {
        let head = if i == 0 { head } else { "" };
        line(&format!("{head:<INDENT$}{part}"));
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let length = lines.last().map_or(0, |l| l.chars().count());
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(last) = lines.last_mut() {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}
