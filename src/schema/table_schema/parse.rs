//! From the text of a schema file to a [`TableSchema`], telling all its problems at once.

use std::path::Path;

use serde_json::{Map, Value};

use super::properties::{self, check};
use super::reading::Reading;
use super::{Encoding, FieldsMatch, Format, RejectLimit, Setting, TableSchema, Target, field};
use crate::schema::schema_error::{SchemaError, SchemaProblem};

pub(super) fn parse(path: &Path, text: &str) -> Result<TableSchema, SchemaError> {
    let fail = |problems| SchemaError {
        path: path.to_path_buf(),
        problems,
    };
    let value: Value = serde_json::from_str(text).map_err(|e| {
        let words = e.to_string();
        // The parser's sentence ends in its own "at line … column …".
        let what = words.split(" at line ").next().unwrap_or(&words).to_owned();
        fail(vec![SchemaProblem {
            code: "KL-T-002",
            what: format!("the schema is not JSON: {what}"),
            property: String::new(),
            at: Some((e.line(), e.column())),
            span: None,
            help: "mend the file there".to_owned(),
        }])
    })?;
    let mut reading = Reading::new(text);
    let schema = match &value {
        Value::Object(object) => schema(&mut reading, path, object),
        _ => {
            reading.wrong(
                "",
                "fields",
                "is missing: the file is not an object",
                "begin with {",
            );
            None
        }
    };
    let mut problems = reading.into_problems();
    problems.sort_by_key(|p| p.at);
    match schema {
        Some(schema) if problems.is_empty() => Ok(schema),
        _ => Err(fail(problems)),
    }
}

fn schema(r: &mut Reading<'_>, path: &Path, object: &Map<String, Value>) -> Option<TableSchema> {
    check(r, object, properties::SCHEMA, "", false);
    let fields = match object.get("fields") {
        Some(Value::Array(items)) => items.iter().filter_map(|v| field::field(r, v)).collect(),
        _ => {
            r.wrong(
                "",
                "fields",
                "is missing or not a list",
                "list the columns of the file",
            );
            return None;
        }
    };
    let fields_match = match object.get("fieldsMatch") {
        // Version 2.0 of the standard writes a list of one word; both are read.
        Some(Value::Array(items)) if items.len() == 1 => {
            let mut one = Map::new();
            one.insert(
                "fieldsMatch".into(),
                items.first().cloned().unwrap_or_default(),
            );
            r.choice(&one, "", "fieldsMatch", FIELDS_MATCH)
        }
        _ => r.choice(object, "", "fieldsMatch", FIELDS_MATCH),
    };
    let schema = TableSchema {
        path: path.to_path_buf(),
        title: r.text(object, "", "title"),
        fields_match: fields_match.unwrap_or(FieldsMatch::Exact),
        fields,
        missing_values: r
            .texts(object, "", "missingValues")
            .unwrap_or_else(|| vec![String::new()]),
        primary_key: r.texts(object, "", "primaryKey").unwrap_or_default(),
        format: r
            .choice(
                object,
                "",
                "kinlink:format",
                &[
                    ("csv", Format::Csv),
                    ("parquet", Format::Parquet),
                    ("cin-xml", Format::CinXml),
                ],
            )
            .unwrap_or(Format::Csv),
        encoding: r
            .choice(
                object,
                "",
                "kinlink:encoding",
                &[
                    ("utf-8", Encoding::Utf8),
                    ("windows-1252", Encoding::Windows1252),
                ],
            )
            .unwrap_or(Encoding::Utf8),
        collection: r.text(object, "", "kinlink:collection"),
        targets: targets(r, object),
        reject_limit: reject_limit(r, object),
    };
    refer(r, &schema);
    Some(schema)
}

const FIELDS_MATCH: &[(&str, FieldsMatch)] = &[
    ("exact", FieldsMatch::Exact),
    ("equal", FieldsMatch::Equal),
    ("subset", FieldsMatch::Subset),
    ("superset", FieldsMatch::Superset),
    ("partial", FieldsMatch::Partial),
];

fn reject_limit(r: &mut Reading<'_>, object: &Map<String, Value>) -> RejectLimit {
    const KEY: &str = "kinlink:rejectLimit";
    let Some(Value::Object(limit)) = object.get(KEY) else {
        if object.contains_key(KEY) {
            r.wrong("", KEY, "is not an object", "write { \"share\": 0.01 }");
        }
        return RejectLimit::default();
    };
    check(r, limit, properties::REJECT_LIMIT, KEY, true);
    let share = limit.get("share").and_then(Value::as_f64);
    if limit.contains_key("share") && !share.is_some_and(|s| (0.0..=1.0).contains(&s)) {
        r.wrong(
            KEY,
            "share",
            "is not a number from 0 to 1",
            "0.01 is one row in a hundred",
        );
    }
    RejectLimit {
        share,
        count: r.number(limit, KEY, "count"),
        allowance: r.number(limit, KEY, "allowance"),
    }
}

/// `kinlink:table` (one, with `kinlink:set` and `kinlink:keep`), or `kinlink:tables`.
fn targets(r: &mut Reading<'_>, object: &Map<String, Value>) -> Vec<Target> {
    if let Some(table) = r.text(object, "", "kinlink:table") {
        return vec![Target {
            name: table.clone(),
            table,
            row: None,
            set: settings(r, object.get("kinlink:set"), "", "kinlink:set"),
            keep: kept(r, object.get("kinlink:keep"), "", "kinlink:keep"),
        }];
    }
    let Some(value) = object.get("kinlink:tables") else {
        return Vec::new();
    };
    let Value::Array(items) = value else {
        r.wrong(
            "",
            "kinlink:tables",
            "is not a list",
            "list the tables that the rows feed",
        );
        return Vec::new();
    };
    let mut all = Vec::new();
    for item in items {
        let Value::Object(target) = item else {
            r.wrong(
                "",
                "kinlink:tables",
                "holds something else than objects",
                "write { \"table\": … }",
            );
            continue;
        };
        check(r, target, properties::TARGET, "kinlink:tables", true);
        let Some(table) = r.text(target, "kinlink:tables", "table") else {
            r.wrong(
                "",
                "kinlink:tables",
                "has an entry without `table`",
                "name the table",
            );
            continue;
        };
        all.push(Target {
            name: r
                .text(target, "kinlink:tables", "name")
                .unwrap_or_else(|| table.clone()),
            table,
            row: r.text(target, "kinlink:tables", "row"),
            set: settings(r, target.get("set"), "kinlink:tables", "set"),
            keep: kept(r, target.get("keep"), "kinlink:tables", "keep"),
        });
    }
    all
}

fn settings(r: &mut Reading<'_>, value: Option<&Value>, place: &str, key: &str) -> Vec<Setting> {
    match value {
        None => Vec::new(),
        Some(Value::Object(set)) => set
            .keys()
            .filter_map(|column| {
                r.texts(set, place, column).map(|alternatives| Setting {
                    column: column.clone(),
                    alternatives,
                })
            })
            .collect(),
        Some(_) => {
            r.wrong(
                place,
                key,
                "is not an object",
                "write { \"column\": \"value\" }",
            );
            Vec::new()
        }
    }
}

fn kept(
    r: &mut Reading<'_>,
    value: Option<&Value>,
    place: &str,
    key: &str,
) -> Vec<(String, Vec<String>)> {
    settings(r, value, place, key)
        .into_iter()
        .map(|s| (s.column, s.alternatives))
        .collect()
}

/// What refers to fields must name fields that are there.
fn refer(r: &mut Reading<'_>, schema: &TableSchema) {
    let names: Vec<&str> = schema.fields.iter().map(|f| f.name.as_str()).collect();
    let hint = |word: &str| match properties::suggestion(word, &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the fields are {}", names.join(", ")),
    };
    for key in &schema.primary_key {
        if !names.contains(&key.as_str()) {
            r.wrong(
                "",
                "primaryKey",
                "names a field that is not there",
                hint(key),
            );
        }
    }
    for target in &schema.targets {
        for (field, _) in &target.keep {
            if !names.contains(&field.as_str()) {
                r.wrong("", field, "is no field of this schema", hint(field));
            }
        }
    }
    for (i, name) in names.iter().enumerate() {
        if names.iter().take(i).any(|n| n == name) {
            r.wrong(
                "fields",
                name,
                "is listed twice",
                "each column has one field",
            );
        }
    }
}
