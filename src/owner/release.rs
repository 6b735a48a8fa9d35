//! Research release: the extract's tables for one research project.

use super::dictionary::{DescribedTable, Dictionary};
use super::error::OwnerError;
use super::manifest::{FileEntry, Manifest, Settings, accounts, made_by, to_json};
use super::readme;
use super::request::Request;
use super::split::read_extract;
use super::treatment::{self, Planned};
use super::workspace::Workspace;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::progress::Progress;
use crate::pseudonymise::{ReleaseColumn, write_release};
use crate::schema::canonical::Table;
use crate::schema::table_schema::TableSchema;

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseOutcome {
    /// The manifest.
    pub manifest: Manifest,
    /// Columns in the release.
    pub columns: usize,
    /// Fields of the extract that are not in it.
    pub dropped: usize,
}

/// Makes the release for a research project.
///
/// # Errors
/// Whatever it is, nothing is left: no folder and no clear value.
pub fn release(
    request: &Request,
    project: &str,
    progress: &dyn Progress,
) -> Result<ReleaseOutcome, OwnerError> {
    let checked = request.check()?;
    let schema = TableSchema::read(&request.schema)?;
    treatment::check(&schema)?;
    if request.postcode_directory.is_none() && treatment::needs_directory(&schema) {
        return Err(no_directory(&schema));
    }
    let work = Workspace::begin(&request.out)?;
    let extract = read_extract(request, &checked, &work, progress)?;
    let keys = checked.keys(request);
    let data = work.private("data")?;
    let mut tables = Vec::new();
    let mut files = Vec::new();
    for clear in &extract.tables {
        let planned = treatment::plan(&schema, clear.table);
        let columns: Vec<ReleaseColumn> = planned.iter().map(|p| p.column.clone()).collect();
        let name = format!("data/{}.parquet", clear.table.name());
        let path = data.join(format!("{}.parquet", clear.table.name()));
        let released = write_release(clear, &columns, (&keys, project), &path, progress)?;
        files.push(FileEntry {
            path: name.into(),
            digest: released.file.digest,
            bytes: released.file.bytes,
            rows: Some(released.file.rows),
        });
        tables.push(DescribedTable {
            table: clear.table,
            planned,
            rows: released.file.rows,
            missing: released.missing,
        });
    }
    let planned: Vec<(Table, Vec<Planned>)> = tables
        .iter()
        .map(|t| (t.table, t.planned.clone()))
        .collect();
    let dictionary = Dictionary {
        project: project.to_owned(),
        dropped: treatment::dropped(&schema, &planned),
        tables,
    };
    work.write("dictionary.csv", &dictionary.csv(&request.out)?)?;
    work.write("dictionary.md", &dictionary.markdown())?;
    work.write("codes.csv", &dictionary.codes_csv(&request.out)?)?;
    let manifest = Manifest {
        made_by: made_by(),
        what: "research release".to_owned(),
        released_for: Some(project.to_owned()),
        settings: Settings::of(request, &checked)?,
        source: None,
        recipes: std::collections::BTreeMap::new(),
        rows: accounts(extract.report.accounts, &request.input)?,
        files,
    };
    work.write("manifest.json", &to_json(&manifest, &request.out)?)?;
    work.write("README.md", &readme::of_release(&manifest))?;
    work.finish()?;
    Ok(ReleaseOutcome {
        manifest,
        columns: planned.iter().map(|(_, p)| p.len()).sum(),
        dropped: dictionary.dropped.len(),
    })
}

fn no_directory(schema: &TableSchema) -> OwnerError {
    OwnerError::one(
        Diagnostic::new(
            "KL-O-009",
            Exit::Usage,
            "the schema wants the area in place of the postcode, and nothing says where it lies",
            "give --postcode-directory FILE (`postcode,local_authority`), or write \"drop\"",
        )
        .at(Place::file(&schema.path)),
    )
}
