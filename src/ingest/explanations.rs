//! The pages behind the codes of ingest, for `kinlink explain`.

use crate::diagnostic::{Exit, Explanation};

const fn input(
    code: &'static str,
    title: &'static str,
    when: &'static str,
    fix: &'static str,
) -> Explanation {
    Explanation {
        code,
        exit: Exit::Input,
        title,
        when,
        fix,
    }
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    input(
        "KL-I-001",
        "An extract cannot be read",
        "A file that a source names is missing, or the operating system refuses to open or read it.",
        "Mend the path in the pipeline file, or the permission of the file.",
    ),
    input(
        "KL-I-002",
        "An extract is empty",
        "The file has no bytes, not even a header.",
        "Have the supplier send it again. A file without rows still has a header.",
    ),
    input(
        "KL-I-003",
        "An extract is of the wrong kind",
        "A file is Parquet, XML, a spreadsheet or compressed, while its schema says another format.",
        "Have it sent in the agreed format, or name the right schema.",
    ),
    input(
        "KL-I-004",
        "A text is not in its encoding",
        "The schema says UTF-8 (or nothing), and the file holds bytes that are not UTF-8.",
        "If the supplier writes Windows-1252, say so: \"kinlink:encoding\": \"windows-1252\".",
    ),
    input(
        "KL-I-005",
        "A text holds a NUL byte",
        "The file is damaged, padded, or in UTF-16.",
        "Have it sent again as UTF-8.",
    ),
    input(
        "KL-I-006",
        "Quotation marks do not pair up",
        "A quoted value opens and never closes, or a quotation mark inside it is not doubled.",
        "Have the file exported again with RFC 4180 quoting; it may also have been cut short.",
    ),
    input(
        "KL-I-007",
        "The header is not that of the schema",
        "A column is unknown, missing, in another place, or there twice. Columns change with the \
         collection year.",
        "Name the schema of the file's year in the pipeline file. The message lists what is expected.",
    ),
    input(
        "KL-I-008",
        "A Parquet file cannot be read",
        "The file is cut short or damaged.",
        "Have it sent again, and compare its digest with the supplier's.",
    ),
    input(
        "KL-I-009",
        "An XML file is broken",
        "A tag does not close, or the file is cut short.",
        "Have it exported again.",
    ),
    input(
        "KL-I-010",
        "An XML file has entities",
        "The file has a document type declaration or an entity of its own. None is expanded.",
        "Have it exported without a document type.",
    ),
    input(
        "KL-I-011",
        "A rule rejects too many rows",
        "More rows fail one rule than the job's limit, or the schema's own, allows.",
        "Look at restricted/01-ingest/quarantine.parquet: it names file, row, column and rule. Have \
         the file mended, or raise \"kinlink:rejectLimit\" in the schema and say why.",
    ),
    Explanation {
        code: "KL-I-012",
        exit: Exit::Usage,
        title: "A schema maps to something that does not exist",
        when: "`kinlink:table`, `kinlink:canonical` or a template names a table, column or field that \
               is not there.",
        fix: "Use the word that the message suggests.",
    },
    Explanation {
        code: "KL-I-013",
        exit: Exit::Unaccounted,
        title: "Rows are not accounted for",
        when: "The rows of a file do not add up. This is a defect of kinlink.",
        fix: "Keep the run directory and report it.",
    },
    input(
        "KL-I-014",
        "A row is too long",
        "A row of a text file is longer than 16 MiB, as after a quotation mark that does not close.",
        "Mend the file at the line that the message names.",
    ),
    Explanation {
        code: "KL-I-015",
        exit: Exit::Usage,
        title: "The local authority is not in the path",
        when: "A schema uses `{la}`, but the source's path has no `{la}`.",
        fix: "Write `{la}` where the number stands in the path, as in `cin/{la}.xml`.",
    },
];
