//! Notes, shorthand, and how the release was made.

use super::super::page::{Block, Cell, Section, Table};
use super::super::view::{ReleaseView, ReviewView};
use super::{day, empty, period, text};
use crate::schema::published::{Concept, Status};

/// What is counted, and what the shorthand means.
pub(crate) fn notes(view: &ReleaseView) -> Section {
    let mut section = empty("notes", "Notes and shorthand");
    let concepts = Concept::ALL.map(|c| (c.word().to_owned(), format!("{}.", c.meaning())));
    section.blocks.push(Block::Terms(concepts.to_vec()));
    let used = Status::ALL.into_iter().filter(|s| {
        let mut tables = view.tables().iter();
        *s != Status::Observed && tables.any(|t| t.rows.iter().any(|r| r.status == *s))
    });
    let shorthand = used.map(|s| (format!("[{}]", s.word()), format!("{}.", s.meaning())));
    section.blocks.push(Block::Terms(shorthand.collect()));
    section.blocks.push(Block::Paragraph(
        "An interval is the range within which the true figure is expected to lie in 95 of 100 \
         such estimates, if the assumptions hold."
            .to_owned(),
    ));
    section
}

/// How the release was made, and where its tables are.
pub(crate) fn how(view: &ReleaseView) -> Section {
    let mut section = empty("how", "How this was made");
    let way = if view.about().is_linked() {
        "Extracts of prisons, probation and children's services were pseudonymised with keyed \
         hashes, linked without names, counted, protected and published by kinlink."
    } else {
        "Figures that were published before were passed on as they are; no records were linked \
         for this release."
    };
    section.blocks.push(Block::Paragraph(format!(
        "{way} The drawings of this page show values of the released tables and no others."
    )));
    let about = view.about();
    let terms = [
        ("Release", about.id.clone()),
        ("Label", about.label.clone()),
        ("Reference date of stocks", day(&about.reference_date)),
        ("Period of flows", period(&about.period)),
        ("Fingerprint of the key", about.key_fingerprint.clone()),
    ];
    let terms = terms.map(|(a, b)| (a.to_owned(), b));
    section.blocks.push(Block::Terms(terms.to_vec()));
    let rows = view.tables().iter().map(|t| {
        vec![
            text(t.id.as_str()),
            text(t.title.as_str()),
            text(format!("{}.", t.subtitle)),
            text(format!("tables/{0}.parquet, tables/{0}.csv", t.id)),
        ]
    });
    section.blocks.push(Block::Table(Table {
        caption: "Tables of this release".to_owned(),
        heads: ["Table", "Title", "What it gives", "Files"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    }));
    section.blocks.push(Block::Paragraph(
        "SHA256SUMS holds the digest of every file of the release; `sha256sum -c SHA256SUMS` \
         checks them."
            .to_owned(),
    ));
    section
}

/// For checkers: stages, programs and files.
pub(crate) fn record(view: &ReviewView) -> Section {
    let mut section = empty("record", "Record of the run");
    let record = view.record();
    section.blocks.push(Block::Terms(vec![
        ("Run".to_owned(), record.run().to_owned()),
        ("Digest of the plan".to_owned(), record.plan().to_string()),
    ]));
    let rows = record.stages().iter().map(|s| {
        vec![
            text(s.stage.word()),
            Cell::Number(format!("{}", s.outputs.len())),
            text(s.program.version.as_str()),
            text(s.program.digest.to_string()),
        ]
    });
    section.blocks.push(Block::Table(Table {
        caption: "Stages".to_owned(),
        heads: ["Stage", "Files", "Version", "Digest of the program"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    }));
    section
}
