//! A protected table as Parquet, with everything a reader needs in the file itself.

use std::collections::HashMap;
use std::path::Path;

use arrow::datatypes::Field;
use serde_json::Value;

use super::cleared::{ClearedInfo, ClearedTable};
use super::error::PublishError;
use crate::columnar::{Layout, TableWriter, Written};
use crate::schema::published::TableDef;

/// Writes one table.
pub(crate) fn write(
    table: ClearedTable<'_>,
    resource: &Value,
    release: ClearedInfo<'_>,
    path: &Path,
) -> Result<Written, PublishError> {
    let definition = table.definition();
    let schema = table.schema(|field| describe(definition, field));
    let defect = || PublishError::Defect {
        what: format!("the Parquet of {}", definition.id),
    };
    let keys = [
        ("kinlink:table".to_owned(), resource.to_string()),
        ("kinlink:release_id".to_owned(), release.id.clone()),
        (
            "kinlink:purpose".to_owned(),
            release.purpose.word().to_owned(),
        ),
        ("kinlink:notice".to_owned(), release.notice()),
    ];
    let mut writer = TableWriter::create(path, schema.clone(), Layout::Release, &keys)?;
    writer.write(&table.batch(&schema).ok_or_else(defect)?)?;
    Ok(writer.finish()?)
}

/// What a column means, in the field's metadata.
fn describe(definition: &TableDef, field: Field) -> Field {
    let about = about(definition, field.name());
    let metadata = HashMap::from([
        ("description".to_owned(), about.description),
        ("unit".to_owned(), about.unit),
        ("kinlink:role".to_owned(), about.role.to_owned()),
    ]);
    let status = ("kinlink:status_column".to_owned(), "status".to_owned());
    let extra = (about.role == "measure").then_some(status);
    field.with_metadata(metadata.into_iter().chain(extra).collect())
}

/// A column's meaning, unit and role.
pub(crate) struct About {
    pub description: String,
    pub unit: String,
    pub role: &'static str,
}

/// What a column of a published table means.
pub(crate) fn about(definition: &TableDef, column: &str) -> About {
    let make = |description: &str, unit: &str, role| About {
        description: description.to_owned(),
        unit: unit.to_owned(),
        role,
    };
    if let Some(d) = definition.dimension(column) {
        return make(&d.description, "code", "dimension");
    }
    if let Some(d) = column
        .strip_suffix("_label")
        .and_then(|n| definition.dimension(n))
    {
        return make(&format!("{}, in words.", d.title), "text", "label");
    }
    let interval = "of the interval within which the true figure is expected, where one is given.";
    match column {
        "concept" => make(
            "What the figure counts: stock, year_unique or incidence. Figures of different \
             concepts are not comparable.",
            "word",
            "concept",
        ),
        "measure" => make(&measures(definition), "word", "measure-name"),
        "value" => make(
            "The figure; empty where `status` says why there is none.",
            "that of the row's measure",
            "measure",
        ),
        "lower" => make(
            &format!("Lower end {interval}"),
            "that of the row's measure",
            "interval",
        ),
        "upper" => make(
            &format!("Upper end {interval}"),
            "that of the row's measure",
            "interval",
        ),
        "status" => make(
            "observed: shown; c: confidential; x: not available; z: not applicable; low: more \
             than zero but rounds to zero; u: of low reliability.",
            "word",
            "status",
        ),
        "marker" => make(
            "p: provisional; r: revised; e: estimated; b: break in series; or empty.",
            "word",
            "marker",
        ),
        _ => make("", "", "other"),
    }
}

fn measures(definition: &TableDef) -> String {
    let names = definition
        .measures
        .iter()
        .chain(definition.estimated.iter().map(|e| &e.name))
        .chain(definition.derived.iter().map(|d| &d.name));
    let list: Vec<String> = names
        .map(|m| format!("{m} ({})", TableDef::unit(m)))
        .collect();
    format!("What the row gives: {}.", list.join(", "))
}
