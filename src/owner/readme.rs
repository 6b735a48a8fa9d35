//! `README.md` of the folder: which part is for whom, and what it must not meet.

use std::fmt::Write;

use super::NOTICE;
use super::manifest::{Manifest, Within};

/// The README of a split.
pub(super) fn of_split(manifest: &Manifest) -> String {
    let s = &manifest.settings;
    let mut text = format!(
        "# Split files of `{}`\n\n\
         | part | what is in it | who may hold it |\n\
         | --- | --- | --- |\n\
         | `linkage/` | match keys, block-keyed encodings and row pseudonyms of each pass; no content | the linkage unit alone |\n\
         | `payload/` | the tables without names, dates of birth, postcodes and numbers | the analyst alone |\n\
         | `owner/` | join tables from row to record pseudonym; rows held back; quality of the fields | the owner of the key, and nobody else |\n\
         | `manifest.json` | digests, rows, settings, recipes | may go with either parcel |\n\n\
         Nobody may hold `linkage/` and `payload/` together, nor either of them with `owner/` or the \
         key. The linkage unit returns groups of row pseudonyms; the owner of the key turns them into \
         record pseudonyms with the join tables. There is no list from pseudonyms to the extract's \
         own numbers: the same key and extract give the same pseudonyms again.\n\n",
        s.system
    );
    let _ = write!(
        text,
        "Made for project `{}`, round `{}`, with the key `{}` ({}). Another owner's files can be \
         linked to these if project, round, key and recipes are the same, and if `system` and the \
         number of the source are others.\n\n",
        s.project, s.round, s.key_fingerprint, s.purpose
    );
    if s.records_within == Within::Extract {
        let _ = write!(
            text,
            "No system was named, so the pseudonyms hold for this extract alone: another extract, \
             even of the same name, has others. `--system NAME` gives all extracts of a system the \
             same.\n\n"
        );
    }
    let _ = writeln!(
        text,
        "`kinlink pseudonymise lint FOLDER` checks a parcel. {NOTICE}"
    );
    text
}

/// The README of a research release.
pub(super) fn of_release(manifest: &Manifest) -> String {
    let project = manifest.released_for.as_deref().unwrap_or_default();
    format!(
        "# Research release for `{project}`\n\n\
         | part | what is in it |\n\
         | --- | --- |\n\
         | `data/` | the tables; `record`, `child` and `visitor` are pseudonyms of this project |\n\
         | `dictionary.md`, `dictionary.csv` | every column: type, unit, what was done to it, share missing |\n\
         | `codes.csv` | every code with its label |\n\
         | `manifest.json` | digests, rows, settings |\n\n\
         The pseudonyms are those of `{project}` and no other project: files released for two \
         projects cannot be joined, and must not be. There are no encodings in it and no table that \
         leads back; it is for accredited researchers of the project in a secure setting, not for \
         publication.\n\n\
         {NOTICE}\n"
    )
}
