//! What can be wrong with a schema file, told with its line and column.

use std::path::PathBuf;

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// The codes of schema files.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-T-001",
        exit: Exit::Usage,
        title: "A schema file cannot be read",
        when: "The schema that the pipeline names for a source is not there or may not be opened.",
        fix: "Mend the path in the pipeline file; it is relative to the project folder.",
    },
    Explanation {
        code: "KL-T-002",
        exit: Exit::Usage,
        title: "A schema file is not JSON",
        when: "The file breaks off, or a comma, a bracket or a quotation mark is wrong.",
        fix: "Mend the file at the line and column that the message names.",
    },
    Explanation {
        code: "KL-T-003",
        exit: Exit::Usage,
        title: "A property of a schema is unknown",
        when: "A `kinlink:` property, or a misspelt Table Schema property, stands in the file.",
        fix: "Use the word that the message suggests.",
    },
    Explanation {
        code: "KL-T-004",
        exit: Exit::Usage,
        title: "A property of a schema has a wrong value",
        when: "A property holds another type, an unknown word, or a name that stands nowhere else.",
        fix: "Use one of the values that the message lists.",
    },
];

/// One problem of a schema file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// The code of the explanation.
    pub code: &'static str,
    /// One sentence.
    pub what: String,
    /// The path of the property, `fields.SEX.kinlink:canonical`.
    pub property: String,
    /// 1-based line and column, where they are known.
    pub at: Option<(usize, usize)>,
    /// Byte offset and length in the file's text.
    pub span: Option<(usize, usize)>,
    /// What to do.
    pub help: String,
}

/// A schema file that cannot be used, with all its problems.
#[derive(Debug, thiserror::Error)]
#[error("the schema {} cannot be used ({} problems)", .path.display(), .problems.len())]
pub struct SchemaError {
    /// The file.
    pub path: PathBuf,
    /// Its problems, in the order of the file.
    pub problems: Vec<SchemaProblem>,
}

impl Diagnose for SchemaError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        self.problems
            .iter()
            .map(|p| {
                let mut place = Place::file(&self.path);
                let mut what = p.what.clone();
                if let Some((line, column)) = p.at {
                    place = place.row(line as u64);
                    what = format!("{what} (line {line}, column {column})");
                }
                if let Some((start, len)) = p.span {
                    place = place.span(start, len);
                }
                if !p.property.is_empty() {
                    place = place.column(p.property.clone());
                }
                Diagnostic::new(p.code, Exit::Usage, what, p.help.clone()).at(place)
            })
            .collect()
    }
}
