//! README.md of a release: what is in it, how encrypted files are opened, how people are protected
//! and how not.

use std::fmt::Write as _;

use super::{Figures, Job};
use crate::owner::NOTICE;

/// The text of README.md.
pub(super) fn readme(job: &Job, f: &Figures, tables: &[(&'static str, u64)]) -> String {
    let mut out = format!("# Linked microdata for `{}`\n\n", job.project);
    if job.rehearsal {
        out.push_str("**REHEARSAL: every person in these data is invented.**\n\n");
    }
    let _ = writeln!(
        out,
        "Children who had a parent in prison in the year, these parents, and their stays, from run \
         `{}`. For accredited researchers in a secure setting; not a publication. Outputs made of \
         it go through output checking like any other.\n\n{NOTICE}\n",
        job.run
    );
    out.push_str("| table | rows |\n| --- | ---: |\n");
    for (name, rows) in tables {
        let _ = writeln!(out, "| `data/{name}.parquet` | {rows} |");
    }
    out.push_str(
        "\n`dictionary.csv` has every column and what was done to it, `codes.csv` every code, \
         `linkage.json` thresholds and match weights, `disclosure.json` the figures below; \
         `sha256sum -c SHA256SUMS` checks the files.\n",
    );
    if let Some(key) = &job.encrypt_with {
        out.push_str(&how_to_open(&key.fingerprint().to_string()));
    }
    let _ = write!(
        out,
        "\n## How people are protected\n\n\
         - Pseudonyms are those of this project alone; files for two projects cannot be joined.\n\
         - Of the pairs of a child and a parent every class of equal quasi-identifiers, the \
         child's and the parent's together, has at least {} different children and as many \
         different parents ({} asked), and at least {} different sentences ({} asked), in {} \
         classes.\n\
         - Of {} pairs {} were left out for this, and with them all of {} children and {} \
         parents.\n\n\
         | quasi-identifier | told as | of these forms |\n| --- | --- | --- |\n",
        f.k,
        f.k_asked,
        f.l,
        f.l_asked,
        f.classes,
        f.pairs,
        f.pairs_suppressed,
        f.children_suppressed,
        f.parents_suppressed,
    );
    for one in &f.quasi_identifiers {
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            one.column,
            one.form,
            one.forms.join("; ")
        );
    }
    let _ = write!(
        out,
        "\n## What does not protect them\n\n\
         The floor is about the quasi-identifiers above and no others. Somebody who also knows \
         how many children a parent has here would find {} parents alone, and somebody who knows \
         the months of the first stay {}. That is why the files stay in a secure setting.\n\n\
         ## How to use it\n\n\
         - The children here are those whom a source names with a date of birth: about a third \
         of all on synthetic extracts. Do not count them as the number of children with a parent \
         in prison; the release of the run has that, with an interval.\n\
         - What was left out is left out more often among small groups.\n\
         - For a stricter linkage leave out people whose `match_probability` is below a threshold \
         of your own; where it is empty the person has one record.\n",
        f.parents_alone_by_children, f.parents_alone_by_months,
    );
    out
}

/// What the reader of encrypted files pastes, from the folder of the release.
const WITH_PYARROW: &str = r#"
```python
import base64
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

digits = open("../files.key").read().split()[-1]     # where you keep the key
key = pe.create_decryption_properties(footer_key=base64.b64decode(digits))
child = pq.read_table("data/child.parquet", decryption_properties=key).to_pandas()
told = pq.read_schema("data/child.parquet", decryption_properties=key)
print(told.field("age_band").metadata)
```
"#;

/// The same with DuckDB.
const WITH_DUCKDB: &str = r#"
```python
import duckdb

digits = open("../files.key").read().split()[-1]     # where you keep the key
duckdb.execute(f"PRAGMA add_parquet_key('files', '{digits}')")
spell = duckdb.sql("""
    SELECT * FROM read_parquet('data/spell.parquet', encryption_config = {footer_key: 'files'})
""").df()
```
"#;

fn how_to_open(fingerprint: &str) -> String {
    format!(
        "\n## How to open the files\n\n\
         The Parquet files are encrypted, footer and every column, with the key `{fingerprint}` \
         (Parquet modular encryption, `AES_GCM_V1`, 256 bits). The key comes to you by another way \
         than this folder, as a file of three lines; the second has its fingerprint, which must be \
         the one above. Keep it outside this folder, readable by you alone. With pyarrow 25 or \
         later:\n{WITH_PYARROW}\n\
         With DuckDB 1.5 or later, in Python as here or elsewhere with the same two statements:\n\
         {WITH_DUCKDB}\n\
         With another key pyarrow says that decryption failed, and DuckDB asks whether you are \
         using the right key; before 1.5 DuckDB asks that with the right one too. Type the key into \
         no prompt that keeps a history. What you save of what you read is in the clear: save it to \
         an encrypted volume.\n\n\
         Not encrypted are this page, `dictionary.csv`, `codes.csv`, `linkage.json`, \
         `disclosure.json` and `SHA256SUMS`. They hold names of columns, codes and counts, some of \
         them small, and no row about anybody: keep them in the secure setting too.\n"
    )
}
