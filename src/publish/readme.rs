//! `README.txt`: what a release is, in plain words.

use super::stage::ReleaseInfo;
use crate::protect::ProtectedTable;
use crate::purpose::Purpose;
use crate::schema::published::{Concept, Status};

const WIDTH: usize = 88;

/// The page.
pub(crate) fn render(release: &ReleaseInfo, tables: &[ProtectedTable]) -> String {
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
    for table in tables {
        let d = table.definition();
        wrapped(&mut line, &d.id, &format!("{}. {}.", d.title, d.subtitle));
    }
    line("");
    line("Each table is given twice: tables/<id>.parquet and tables/<id>.csv. One row is one");
    line("figure: its dimensions, its concept, its measure, the value, and a status.");
    line("");
    line("Symbols");
    line("");
    line("In CSV the symbol stands in the place of the value; in Parquet the value is null.");
    line("Both have the column `status`.");
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
