//! What can go wrong while linking.

use std::path::PathBuf;

use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// An error of this room.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A file of columns cannot be read or written.
    #[error(transparent)]
    Columnar(#[from] ColumnarError),
    /// Rows of a pass are in no join table.
    #[error("{rows} rows of the pass have no record in its join table")]
    Unjoined {
        /// The join table.
        path: PathBuf,
        /// How many rows.
        rows: u64,
    },
    /// A row names a source that the job does not have.
    #[error("a row of the pass has a source number that the job does not know")]
    UnknownSource {
        /// The link file.
        path: PathBuf,
        /// The first such row, from 1.
        row: u64,
    },
    /// A file that another key made.
    #[error("the file is not of the key of this run")]
    OtherKey {
        /// The file.
        path: PathBuf,
    },
    /// A file other than a table cannot be read or written.
    #[error("{}: {}", .path.display(), .source.kind())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Several problems of one's input, told in one go.
    #[error("{} problems", .0.len())]
    Problems(Vec<Diagnostic>),
}

impl LinkError {
    /// One problem.
    pub fn one(problem: Diagnostic) -> Self {
        LinkError::Problems(vec![problem])
    }
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-L-001",
        exit: Exit::Integrity,
        title: "Rows of a pass have no record",
        when: "The link file of a pass holds row pseudonyms that its join table does not have.",
        fix: "The two files are not of one run, or one was cut short: run `pseudonymise` again.",
    },
    Explanation {
        code: "KL-L-002",
        exit: Exit::Integrity,
        title: "A row has an unknown source number",
        when: "The link file of a pass numbers a source that the job does not have.",
        fix: "The file is not of this run: run `pseudonymise` again.",
    },
    Explanation {
        code: "KL-L-003",
        exit: Exit::Resources,
        title: "A file could not be read or written",
        when: "The operating system refused: no space left, no permission, or no such file.",
        fix: "Free space or mend the permission, then try again.",
    },
    Explanation {
        code: "KL-L-004",
        exit: Exit::Key,
        title: "A file is of another key",
        when: "The footer of a file of pseudonyms names another key than the run, or none. \
               Pseudonyms of two keys never agree, so that linking them would find nobody.",
        fix: "Run `pseudonymise` again with the key of the run; never mix files of two runs.",
    },
    Explanation {
        code: "KL-L-010",
        exit: Exit::Usage,
        title: "The specification cannot be read",
        when: "The file of `--spec` does not exist, or is not TOML.",
        fix: "Mend the line that the message shows.",
    },
    Explanation {
        code: "KL-L-011",
        exit: Exit::Usage,
        title: "The specification has an unknown key",
        when: "A key stands where the grammar has none; nothing is ignored silently.",
        fix: "The message names the nearest known key. Top level: `id`, `[fields]` (forename, middle_names, surname, former_surname, date_of_birth, sex, postcode, address), `[formats]`, `[other]`, `[link]` (threshold, review_from, one_to_one, cardinality, blocking, pairs), `[[cannot_link]]` (fields, each `same` or `different`), `[dates]` (died, dated, parent_born, parent_years, in_custody_from, in_custody_to, in_custody_at).",
    },
    Explanation {
        code: "KL-L-012",
        exit: Exit::Usage,
        title: "A value of the specification is of the wrong kind",
        when: "A table stands for a text, a number for a truth value, or a word is none of those known.",
        fix: "A field is a column, a list of columns, or { left = …, right = … }; a date of birth may be { day = …, month = …, year = … }; a further column is { column = …, compare = exact, name, text, date, number or identifier }.",
    },
    Explanation {
        code: "KL-L-013",
        exit: Exit::Usage,
        title: "The specification says too little",
        when: "There is no `id`, or there are fewer than two fields to link by.",
        fix: "Name the column that identifies a row, and at least two fields.",
    },
    Explanation {
        code: "KL-L-020",
        exit: Exit::Input,
        title: "The file has no rows",
        when: "A file to be linked is empty, or has a header only.",
        fix: "Check that the right file was named, and that it is whole.",
    },
    Explanation {
        code: "KL-L-021",
        exit: Exit::Input,
        title: "The file has no such column",
        when: "The specification names a column that the file does not have.",
        fix: "Mend the specification; the message names the nearest column.",
    },
    Explanation {
        code: "KL-L-022",
        exit: Exit::Input,
        title: "The file is not readable text",
        when: "The CSV file is not UTF-8, or a row has more or fewer values than the header.",
        fix: "Have the file written again as CSV in UTF-8 with a header, or as Parquet.",
    },
    Explanation {
        code: "KL-L-023",
        exit: Exit::Input,
        title: "The column cannot be read as text",
        when: "A Parquet column is a list, a structure or of another type that has no plain text.",
        fix: "Write the column as text.",
    },
    Explanation {
        code: "KL-L-024",
        exit: Exit::Input,
        title: "A row has no id",
        when: "The id column is empty in that row.",
        fix: "Every row needs an id of its own; number the rows if there is no such column.",
    },
    Explanation {
        code: "KL-L-025",
        exit: Exit::Input,
        title: "An id stands twice",
        when: "Two rows of one file have the same id.",
        fix: "Every row needs an id of its own; number the rows if there is no such column.",
    },
    Explanation {
        code: "KL-L-026",
        exit: Exit::Input,
        title: "Dates of another format",
        when: "More than half of the values of a date column do not match its format.",
        fix: "State the format under `[formats]`, such as date_of_birth = \"%d/%m/%Y\".",
    },
    Explanation {
        code: "KL-L-027",
        exit: Exit::Input,
        title: "The Parquet file is compressed in a way this program does not read",
        when: "A column is compressed with something else than Snappy or Zstandard.",
        fix: "Write the file again with Snappy, Zstandard or no compression, or as CSV.",
    },
    Explanation {
        code: "KL-L-028",
        exit: Exit::Input,
        title: "The file has no value to link by",
        when: "In every field of the specification, all values of the file are missing, or none can be read as what it should be (names without a letter, no known code of sex).",
        fix: "Check that the specification names the right columns of this file; `left` and `right` may have columns of their own.",
    },
    Explanation {
        code: "KL-L-030",
        exit: Exit::Usage,
        title: "The folder for the results is not empty",
        when: "Results are never written over others.",
        fix: "Name a new folder with `-o`.",
    },
    Explanation {
        code: "KL-L-031",
        exit: Exit::Usage,
        title: "Nothing to link by",
        when: "No combination of the fields is rare enough: chance alone would agree on each more often than there are rows.",
        fix: "Name more fields in the specification.",
    },
    Explanation {
        code: "KL-L-032",
        exit: Exit::Usage,
        title: "The file is no model",
        when: "The file of `--model` is not a `model.json` of this form of linkage.",
        fix: "Name the model.json of an earlier `kinlink link`.",
    },
    Explanation {
        code: "KL-L-033",
        exit: Exit::Usage,
        title: "There is no such blocking rule",
        when: "A rule under `blocking` names a field that the specification does not have, or a part that the field does not have; or there are more than sixteen rules.",
        fix: "Fields joined by `+`. Parts: forename .class, .soundex, .initial; surname .soundex, .initial, .first4; dates .day_month, .month, .year; postcode .district, .area; text .first_word; identifiers .begin, .end; and names.unordered, the Soundex codes of both names in either order. `blocking = \"auto\"` chooses.",
    },
    Explanation {
        code: "KL-L-034",
        exit: Exit::Usage,
        title: "Review begins above the threshold",
        when: "`--review-from`, or `review_from` in the specification, is not below the least probability of a link. Where no threshold is stated, it is the one at which the expected F1 is greatest, and may be high.",
        fix: "Give a lower probability for review, or state a threshold above it.",
    },
    Explanation {
        code: "KL-L-035",
        exit: Exit::Input,
        title: "A pair that cannot be linked names unknown rows",
        when: "The file of `--cannot-link` has an id that is in neither input, or pairs a row with itself.",
        fix: "Check that the file belongs to these inputs: left_id is of the first, right_id of the second.",
    },
    Explanation {
        code: "KL-L-040",
        exit: Exit::Input,
        title: "The truth names unknown rows",
        when: "A row of the truth has an id that was not linked, or the same row twice.",
        fix: "Check that the truth belongs to these files, left and right in the order in which they were linked.",
    },
    Explanation {
        code: "KL-L-041",
        exit: Exit::Integrity,
        title: "An input was changed since it was linked",
        when: "The digest of an input file is not the one in inputs.json.",
        fix: "Link again, or put the first file back.",
    },
    Explanation {
        code: "KL-L-042",
        exit: Exit::Integrity,
        title: "The specification of a linkage is gone",
        when: "The folder keeps no spec.toml, and the file that was named when it was linked is not there or was changed.",
        fix: "Link again, or put the first specification back.",
    },
    Explanation {
        code: "KL-L-043",
        exit: Exit::Input,
        title: "The linkage kept no estimates",
        when: "An evaluation without a truth was asked for, and the folder has no estimates.json or patterns.parquet.",
        fix: "Link again with this version of the program, or name a truth.",
    },
    Explanation {
        code: "KL-L-050",
        exit: Exit::Usage,
        title: "The pair is not in the output",
        when: "No blocking rule brought the two rows together, so that they were never compared; or the pair is less probable than what was kept. Rows are compared only if they share all parts of at least one rule; model.json lists the rules.",
        fix: "Link again with `--keep 0`, which keeps every pair that was compared. If the pair is not there either, no rule holds it.",
    },
    Explanation {
        code: "KL-L-051",
        exit: Exit::Usage,
        title: "There are no two rows of these ids",
        when: "An id is none of the file on its side: the left id comes first. In one word a pair is `LEFT:RIGHT`.",
        fix: "Check the ids, and their order.",
    },
    Explanation {
        code: "KL-L-052",
        exit: Exit::Integrity,
        title: "Pairs and model are not of one linkage",
        when: "A pair's weight is not what model.json gives for its levels and rules.",
        fix: "Put the files of one linkage back together, or link again.",
    },
    Explanation {
        code: "KL-L-060",
        exit: Exit::Usage,
        title: "No sample can be drawn",
        when: "The linkage has no pairs, or the bounds of the score bands do not ascend between 0 and 1.",
        fix: "Link with `--keep 0`, and give bounds such as `--bands 0.05,0.5,0.9,0.99`.",
    },
    Explanation {
        code: "KL-L-061",
        exit: Exit::Usage,
        title: "A sample was already drawn",
        when: "The linkage has a folder `review`, which may hold somebody's work.",
        fix: "Read the decisions on that sample, or move the folder away.",
    },
    Explanation {
        code: "KL-L-062",
        exit: Exit::Input,
        title: "Decisions do not fit the sample",
        when: "A number is missing, stands twice, or is none that was handed out; or a decision is none of the three words.",
        fix: "Every number of the file that was handed out stands once, with `match`, `no match` or `unsure`.",
    },
    Explanation {
        code: "KL-L-063",
        exit: Exit::Integrity,
        title: "The key of a sample was changed",
        when: "The digest of key_for_steward.csv is not the one in sample.json, or a file of the sample cannot be read.",
        fix: "Put the first file back, or draw another sample.",
    },
    Explanation {
        code: "KL-L-064",
        exit: Exit::Usage,
        title: "A file of the review would be written over",
        when: "to_adjudicate.csv, labels.parquet or another file of the review is there already and says something else: other decisions were read before, or it was filled in.",
        fix: "Give a filled-in file with `--adjudicated`, or move the file away.",
    },
    Explanation {
        code: "KL-L-065",
        exit: Exit::Usage,
        title: "There is nothing to read decisions on",
        when: "The folder has no sample, or one file was given for both reviewers.",
        fix: "Draw a sample with `kinlink link review sample OUT`; give the files of two reviewers.",
    },
    Explanation {
        code: "KL-L-066",
        exit: Exit::Usage,
        title: "A review has no place in a run directory",
        when: "A sample is drawn from the linkage of a run, and would be written into the run's folder, whose every file is recorded.",
        fix: "Name a folder outside of it: `kinlink link review sample RUN/restricted/03-link/child -o clerical/child`.",
    },
    Explanation {
        code: "KL-L-067",
        exit: Exit::Input,
        title: "A file of labels cannot be used",
        when: "A file named as `labels` in [link.adult] or [link.child] has a probability outside of 0 to 1, a label other than `true` and `false`, a weight that is not above 0, fewer than 50 labels, or labels of one sort alone.",
        fix: "Take `scored_labels.csv` as `kinlink link review read` wrote it; draw more pairs if it has too few.",
    },
    Explanation {
        code: "KL-L-070",
        exit: Exit::Input,
        title: "The file is no Splink settings file",
        when: "The file is not JSON, or has no comparisons with levels.",
        fix: "Save the trained model in Splink with `linker.misc.save_model_to_json(\"settings.json\")`.",
    },
    Explanation {
        code: "KL-L-071",
        exit: Exit::Input,
        title: "Nothing of the settings has a counterpart",
        when: "No comparison is of columns that the specification names and has levels with m and u, or no blocking rule is an equality of such columns or of parts of them.",
        fix: "Name the columns of the settings in the specification. Blocking rules that have a counterpart: equality of whole columns; of substr(name, 1, 1), substr(surname, 1, 4), substr(forename, 1, 3); of soundex; of the year, year and month, or month and day of a date as text; of sector, district or area of a postcode.",
    },
    Explanation {
        code: "KL-L-080",
        exit: Exit::Usage,
        title: "The parcels have no pass in common",
        when: "The folders named are no parcels of `kinlink pseudonymise`, or hold block-keyed encodings of different kinds of people. By default adults have such encodings and children have none.",
        fix: "Name the folder `linkage` of each owner, made with the same recipes.",
    },
    Explanation {
        code: "KL-L-081",
        exit: Exit::Key,
        title: "The parcels are not of one key",
        when: "The footers name two keys, or none: encodings of two keys never agree.",
        fix: "Both owners encode with the same key, project, round and salt; they compare fingerprints by telephone.",
    },
    Explanation {
        code: "KL-L-082",
        exit: Exit::Usage,
        title: "A pass is not the same in the two parcels",
        when: "The files of a pass are of two blocking rules, or of two forms: tags of lanes in the one, filters in the other.",
        fix: "Both owners use the same version of the program and the same `--encoding`.",
    },
];

impl Diagnose for LinkError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let what = self.to_string();
        let one = match self {
            LinkError::Columnar(inner) => return inner.diagnostics(),
            LinkError::Problems(all) => return all.clone(),
            LinkError::Unjoined { path, .. } => Diagnostic::new(
                "KL-L-001",
                Exit::Integrity,
                what,
                "run `pseudonymise` again: the two files are not of one run",
            )
            .at(Place::file(path)),
            LinkError::UnknownSource { path, row } => Diagnostic::new(
                "KL-L-002",
                Exit::Integrity,
                what,
                "run `pseudonymise` again: the file is not of this run",
            )
            .at(Place::file(path).row(*row)),
            LinkError::OtherKey { path } => Diagnostic::new(
                "KL-L-004",
                Exit::Key,
                what,
                "run `pseudonymise` again with the key of this run",
            )
            .at(Place::file(path)),
            LinkError::Io { path, source } => Diagnostic::new(
                "KL-L-003",
                Exit::Resources,
                format!("the file could not be read or written: {}", source.kind()),
                "free space or mend the permission, then try again",
            )
            .at(Place::file(path)),
        };
        vec![one]
    }
}
