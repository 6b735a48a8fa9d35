//! `<id>.csv-metadata.json` beside a CSV: its columns in the vocabulary of CSV on the Web
//! (W3C, Model for Tabular Data and Metadata on the Web).

use serde_json::{Value, json};

use crate::publish::cleared::{ClearedInfo, ClearedTable};
use crate::publish::csv_table::columns;
use crate::publish::parquet_table::about;
use crate::schema::published::Status;

/// The metadata of the CSV of a table.
pub(crate) fn csvw(table: ClearedTable<'_>, info: ClearedInfo<'_>) -> Value {
    let definition = table.definition();
    let names = columns(table);
    let key: Vec<&String> = names
        .iter()
        .filter(|n| definition.dimension(n).is_some() || *n == "concept" || *n == "measure")
        .collect();
    let columns: Vec<Value> = names
        .iter()
        .map(|name| {
            let about = about(definition, name);
            let mut column = json!({
                "name": name,
                "titles": name,
                "dc:description": about.description,
                "datatype": "string",
                "required": key.contains(&name),
            });
            if matches!(name.as_str(), "value" | "lower" | "upper") {
                column["datatype"] = json!("number");
                let symbols = Status::ALL
                    .into_iter()
                    .filter(|s| *s != Status::Observed)
                    .map(Status::word);
                column["null"] = symbols.chain([""]).collect();
            }
            column
        })
        .collect();
    json!({
        "@context": ["http://www.w3.org/ns/csvw", { "@language": "en" }],
        "url": format!("{}.csv", definition.id),
        "dc:title": definition.title,
        "dc:description": format!("{}. {}", definition.subtitle, info.notice()),
        "dc:identifier": info.id,
        "tableSchema": { "columns": columns, "primaryKey": key },
    })
}
