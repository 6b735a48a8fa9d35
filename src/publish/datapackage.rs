//! `datapackage.json`: the release described as a Data Package of version 2.

use serde_json::{Map, Value, json};

use super::cleared::{ClearedInfo, ClearedTable};
use super::csv_table::columns;
use super::parquet_table::about;
use crate::digest::Digest;
use crate::schema::published::{Concept, Status, TOTAL, TableDef};

const PACKAGE: &str = "https://datapackage.org/profiles/2.0/datapackage.json";
const RESOURCE: &str = "https://datapackage.org/profiles/2.0/dataresource.json";
const TABLE: &str = "https://datapackage.org/profiles/2.0/tableschema.json";

/// A file as the package names it.
#[derive(Clone)]
pub(crate) struct Named {
    pub path: String,
    pub digest: Digest,
    pub bytes: u64,
}

/// The resource of a table: name, titles, schema and the table's own properties. With `file`, its
/// path and digest.
pub(crate) fn resource(
    table: ClearedTable<'_>,
    release: ClearedInfo<'_>,
    format: Form,
    file: Option<&Named>,
) -> Value {
    let definition = table.definition();
    let mut out = Map::new();
    let mut set = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    set("$schema", json!(RESOURCE));
    set("name", json!(format.name(&definition.id)));
    if let Some(file) = file {
        set("path", json!(file.path));
        set("hash", json!(file.digest.to_string()));
        // Common validators count bytes of text files only, and fail on `bytes` of Parquet.
        let key = match format {
            Form::Csv => "bytes",
            Form::Parquet => "kinlink:bytes",
        };
        set(key, json!(file.bytes));
    }
    set("title", json!(definition.title));
    set("description", json!(definition.subtitle));
    set("format", json!(format.word()));
    set("mediatype", json!(format.media_type()));
    if format == Form::Csv {
        set("type", json!("table"));
        set("encoding", json!("utf-8"));
    }
    set("schema", schema(table, format));
    set("kinlink:table", json!(definition.id));
    set("kinlink:population", json!(definition.population));
    set("kinlink:concepts", json!(definition.concepts));
    set("kinlink:units", units(definition));
    set("kinlink:rounding", json!(table.rounding()));
    set("kinlink:releaseId", json!(release.id));
    set("kinlink:purpose", json!(release.purpose.word()));
    set("kinlink:notice", json!(release.notice()));
    Value::Object(out)
}

/// A file of the package that is not one table: what it is called and what it is.
pub(crate) fn document(name: &str, title: &str, media_type: &str, file: &Named) -> Value {
    let format = file.path.rsplit('.').next().unwrap_or_default();
    json!({
        "$schema": RESOURCE,
        "name": name,
        "path": file.path,
        "type": "file",
        "title": title,
        "format": format,
        "mediatype": media_type,
        "hash": file.digest.to_string(),
        "kinlink:bytes": file.bytes,
    })
}

/// A form in which a table stands by itself in the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Csv,
    Parquet,
}

impl Form {
    fn name(self, id: &str) -> String {
        match self {
            Form::Csv => id.to_lowercase(),
            Form::Parquet => format!("{}-parquet", id.to_lowercase()),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Form::Csv => "csv",
            Form::Parquet => "parquet",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Form::Csv => "text/csv",
            Form::Parquet => "application/vnd.apache.parquet",
        }
    }
}

fn units(definition: &TableDef) -> Value {
    definition
        .measures
        .iter()
        .chain(definition.estimated.iter().map(|e| &e.name))
        .chain(definition.derived.iter().map(|d| &d.name))
        .map(|m| (m.clone(), json!(TableDef::unit(m))))
        .collect::<Map<_, _>>()
        .into()
}

fn schema(table: ClearedTable<'_>, format: Form) -> Value {
    let definition = table.definition();
    let names: Vec<String> = match format {
        Form::Csv => columns(table),
        Form::Parquet => {
            let all = columns(table);
            all.into_iter().filter(|c| !c.ends_with("_label")).collect()
        }
    };
    let fields: Vec<Value> = names.iter().map(|n| field(definition, n, format)).collect();
    let mut key: Vec<&str> = definition
        .dimensions
        .iter()
        .map(|d| d.name.as_str())
        .collect();
    key.extend(["concept", "measure"]);
    json!({
        "$schema": TABLE,
        "fieldsMatch": "equal",
        "fields": fields,
        "missingValues": [""],
        "primaryKey": key,
    })
}

fn field(definition: &TableDef, name: &str, format: Form) -> Value {
    let about = about(definition, name);
    let number = matches!(name, "value" | "lower" | "upper");
    let mut out = Map::new();
    let mut set = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    set("name", json!(name));
    set("type", json!(if number { "number" } else { "string" }));
    set("description", json!(about.description));
    set("kinlink:role", json!(about.role));
    set("kinlink:unit", json!(about.unit));
    let words: Vec<(String, String)> = match name {
        "concept" => {
            let all = Concept::ALL.into_iter();
            all.map(|c| (c.word().to_owned(), c.meaning().to_owned()))
                .collect()
        }
        "status" => {
            let all = Status::ALL.into_iter();
            all.map(|s| (s.word().to_owned(), s.meaning().to_owned()))
                .collect()
        }
        "measure" => definition
            .measures
            .iter()
            .chain(definition.estimated.iter().map(|e| &e.name))
            .chain(definition.derived.iter().map(|d| &d.name))
            .map(|m| (m.clone(), TableDef::unit(m).to_owned()))
            .collect(),
        _ => codes(definition, name),
    };
    if !words.is_empty() {
        let values: Vec<&str> = words.iter().map(|(v, _)| v.as_str()).collect();
        let labelled: Vec<Value> = words
            .iter()
            .map(|(value, label)| json!({ "value": value, "label": label }))
            .collect();
        set("constraints", json!({ "required": true, "enum": values }));
        set("categories", json!(labelled));
    }
    if name == "value" {
        set("kinlink:statusColumn", json!("status"));
        if format == Form::Csv {
            let symbols: Vec<Value> = Status::ALL
                .into_iter()
                .filter(|s| *s != Status::Observed)
                .map(|s| json!({ "value": s.word(), "label": s.meaning() }))
                .collect();
            set("missingValues", json!(symbols));
        }
    }
    Value::Object(out)
}

fn codes(definition: &TableDef, name: &str) -> Vec<(String, String)> {
    let Some(dimension) = definition.dimension(name) else {
        return Vec::new();
    };
    let total = (TOTAL.to_owned(), dimension.total.clone());
    dimension
        .adds_up()
        .then_some(total)
        .into_iter()
        .chain(
            dimension
                .codes
                .iter()
                .map(|c| (c.code.clone(), c.label.clone())),
        )
        .collect()
}

/// The whole package.
pub(crate) fn package(release: ClearedInfo<'_>, resources: Vec<Value>) -> Value {
    let concepts: Map<String, Value> = Concept::ALL
        .into_iter()
        .map(|c| (c.word().to_owned(), json!(c.meaning())))
        .collect();
    json!({
        "$schema": PACKAGE,
        "name": slug(&release.id),
        "id": release.id,
        "title": release.title,
        "description": release.notice(),
        "kinlink:label": release.label,
        "kinlink:purpose": release.purpose.word(),
        "kinlink:referenceDate": release.reference_date,
        "kinlink:period": release.period,
        "kinlink:keyFingerprint": release.key_fingerprint,
        "kinlink:concepts": concepts,
        "resources": resources,
    })
}

/// A name as packages want it: lower case, letters, digits, `-`, `_`, `.`.
fn slug(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .map(|c| match c {
            'a'..='z' | '0'..='9' | '-' | '_' | '.' => c,
            _ => '-',
        })
        .collect()
}
