//! What can go wrong with a table of list histories.

use std::path::PathBuf;

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file could not be read.
    #[error("the table could not be read: {reason}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The header is not one of a table of histories.
    #[error("{what}")]
    Header {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: &'static str,
        /// The column, where one is meant.
        column: Option<String>,
    },
    /// A row is not a history with its count.
    #[error("{what}")]
    Row {
        /// The file.
        file: PathBuf,
        /// The line in the file.
        row: u64,
        /// The column.
        column: Option<String>,
        /// What is wrong.
        what: &'static str,
    },
    /// A history stands in the table twice.
    #[error("the history of row {first} stands here again")]
    Twice {
        /// The file.
        file: PathBuf,
        /// The line in the file.
        row: u64,
        /// The line where it stood first.
        first: u64,
    },
    /// Fewer lists than two or more than can be searched.
    #[error("{lists} lists: two to six are taken")]
    Lists {
        /// How many there are.
        lists: usize,
    },
    /// A list holds nobody.
    #[error("list `{list}` holds nobody")]
    EmptyList {
        /// The list.
        list: String,
    },
    /// Nobody is on two lists.
    #[error("nobody is on two lists")]
    NoOverlap,
    /// The counts are larger than any population.
    #[error("the counts come to more than a million million people")]
    TooMany,
    /// A model that was asked for is none of this table.
    #[error("the model asked for is none of this table")]
    Model,
    /// A number of replicates that is not one.
    #[error("{replicates} replicates of a bootstrap: none, or 100 to 100,000")]
    Replicates {
        /// What was asked for.
        replicates: u32,
    },
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-E-101",
        exit: Exit::Input,
        title: "A table of list histories could not be read",
        when: "The file is not there, may not be read, or is not text in UTF-8.",
        fix: "Give the path of a CSV file in UTF-8.",
    },
    Explanation {
        code: "KL-E-102",
        exit: Exit::Input,
        title: "The header is not one of a table of list histories",
        when: "There is no column `count`, a column named in --lists is missing, or a name stands twice.",
        fix: "One column a list, each with its own name, then `count`; name the lists with --lists if there are other columns.",
    },
    Explanation {
        code: "KL-E-103",
        exit: Exit::Input,
        title: "A row is not a history with its count",
        when: "A list column holds something else than 0 or 1, or the count is not a whole number of people.",
        fix: "Write 1 for on the list and 0 for not, and the number of people as digits alone. A column that is no list is left out by naming the lists with --lists.",
    },
    Explanation {
        code: "KL-E-104",
        exit: Exit::Input,
        title: "A history stands in the table twice",
        when: "Two rows have the same history, and no column but the lists and the count tells them apart.",
        fix: "Find out which of the two counts is right, or add them up.",
    },
    Explanation {
        code: "KL-E-105",
        exit: Exit::Input,
        title: "Too few or too many lists",
        when: "One list says nothing of who is on none; above six lists the models cannot be searched.",
        fix: "Name two to six lists with --lists, or join lists of one kind.",
    },
    Explanation {
        code: "KL-E-106",
        exit: Exit::Input,
        title: "A list holds nobody",
        when: "No history with this list has people in it.",
        fix: "Leave the list out by naming the others with --lists.",
    },
    Explanation {
        code: "KL-E-107",
        exit: Exit::Input,
        title: "Nobody is on two lists",
        when: "The estimate comes from the people that lists have in common, and there are none.",
        fix: "Check the linkage that made the table: without overlap no number can be given.",
    },
    Explanation {
        code: "KL-E-108",
        exit: Exit::Input,
        title: "The counts are larger than any population",
        when: "The counts come to more than a million million people.",
        fix: "Look for a column that is no count.",
    },
    Explanation {
        code: "KL-E-109",
        exit: Exit::Usage,
        title: "The model asked for is none of this table",
        when: "--model does not name the lists and terms of a hierarchical model: every list, and with a term all its parts, but not the term of all lists.",
        fix: "Write it as the table of models does, such as \"a + b + c + a:b\".",
    },
    Explanation {
        code: "KL-E-110",
        exit: Exit::Usage,
        title: "The number of replicates is out of range",
        when: "--replicates is neither 0 nor from 100 to 100,000.",
        fix: "1,000 are enough for a 95 per cent interval; 0 leaves the bootstrap out.",
    },
];

impl CaptureError {
    fn code(&self) -> &'static str {
        match self {
            CaptureError::Read { .. } => "KL-E-101",
            CaptureError::Header { .. } => "KL-E-102",
            CaptureError::Row { .. } => "KL-E-103",
            CaptureError::Twice { .. } => "KL-E-104",
            CaptureError::Lists { .. } => "KL-E-105",
            CaptureError::EmptyList { .. } => "KL-E-106",
            CaptureError::NoOverlap => "KL-E-107",
            CaptureError::TooMany => "KL-E-108",
            CaptureError::Model => "KL-E-109",
            CaptureError::Replicates { .. } => "KL-E-110",
        }
    }

    fn place(&self) -> Place {
        match self {
            CaptureError::Read { file, .. } => Place::file(file),
            CaptureError::Header { file, column, .. } => match column {
                Some(column) => Place::file(file).row(1).column(column),
                None => Place::file(file).row(1),
            },
            CaptureError::Row {
                file, row, column, ..
            } => match column {
                Some(column) => Place::file(file).row(*row).column(column),
                None => Place::file(file).row(*row),
            },
            CaptureError::Twice { file, row, .. } => Place::file(file).row(*row),
            CaptureError::EmptyList { list } => Place::default().column(list),
            _ => Place::default(),
        }
    }
}

impl Diagnose for CaptureError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let found = EXPLANATIONS.iter().find(|e| e.code == self.code());
        let (exit, help) = found.map_or((Exit::Bug, ""), |e| (e.exit, e.fix));
        vec![Diagnostic::new(self.code(), exit, self.to_string(), help).at(self.place())]
    }
}
