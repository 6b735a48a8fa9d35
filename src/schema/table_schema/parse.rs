//! From the text of a schema file to a [`TableSchema`], telling all its problems at once.

use std::path::Path;

use serde_json::{Map, Value};

use super::properties::{self, check};
use super::{
    Constraints, Encoding, FieldSchema, FieldType, FieldsMatch, Format, OnInvalid, RejectLimit,
    Role, Setting, TableSchema, Target,
};
use crate::schema::code_list::{self, CodeList};
use crate::schema::schema_error::{SchemaError, SchemaProblem};

/// A text being read, and what was found wrong with it.
pub(super) struct Reading<'a> {
    text: &'a str,
    problems: Vec<SchemaProblem>,
}

impl Reading<'_> {
    /// Where the n-th field's own text begins is not kept by the JSON parser; the first occurrence
    /// of the key after its field's name is.
    fn locate(&self, place: &str, word: &str) -> Option<usize> {
        let owner = place
            .strip_prefix("fields.")
            .and_then(|p| p.split('.').next());
        let from = owner
            .and_then(|name| self.text.find(&format!("\"{name}\"")))
            .unwrap_or(0);
        let quoted = format!("\"{word}\"");
        self.text
            .get(from..)
            .and_then(|t| t.find(&quoted))
            .map(|i| i + from)
            .or_else(|| self.text.find(&quoted))
    }

    fn problem(&mut self, code: &'static str, place: &str, word: &str, what: String, help: String) {
        let offset = self.locate(place, word);
        let at = offset.and_then(|o| {
            let before = self.text.get(..o)?;
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
            Some((line, column))
        });
        self.problems.push(SchemaProblem {
            code,
            what,
            property: if place.is_empty() {
                word.to_owned()
            } else {
                format!("{place}.{word}")
            },
            at,
            span: offset.map(|o| (o, word.len() + 2)),
            help,
        });
    }

    pub(super) fn unknown(&mut self, place: &str, key: &str, help: String) {
        self.problem(
            "KL-T-003",
            place,
            key,
            format!("unknown property `{key}`"),
            help,
        );
    }

    pub(super) fn wrong(&mut self, place: &str, key: &str, what: &str, help: impl Into<String>) {
        self.problem(
            "KL-T-004",
            place,
            key,
            format!("`{key}` {what}"),
            help.into(),
        );
    }

    fn text(&mut self, object: &Map<String, Value>, place: &str, key: &str) -> Option<String> {
        match object.get(key)? {
            Value::String(s) => Some(s.clone()),
            _ => {
                self.wrong(place, key, "is not a text", "write it in quotation marks");
                None
            }
        }
    }

    /// A text or a list of texts.
    fn texts(
        &mut self,
        object: &Map<String, Value>,
        place: &str,
        key: &str,
    ) -> Option<Vec<String>> {
        let value = object.get(key)?;
        let list = match value {
            Value::String(s) => Some(vec![s.clone()]),
            Value::Array(items) => items
                .iter()
                .map(|v| match v {
                    Value::String(s) => Some(s.clone()),
                    Value::Number(n) => Some(n.to_string()),
                    Value::Object(o) => o.get("value").and_then(Value::as_str).map(str::to_owned),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        if list.is_none() {
            self.wrong(
                place,
                key,
                "is not a list of texts",
                "write it as [\"…\", \"…\"]",
            );
        }
        list
    }

    fn choice<T: Copy>(
        &mut self,
        object: &Map<String, Value>,
        place: &str,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let word = self.text(object, place, key)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return Some(*value);
        }
        let names: Vec<&str> = choices.iter().map(|(n, _)| *n).collect();
        let help = match properties::suggestion(&word, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", names.join(", ")),
        };
        self.wrong(place, key, "is none of the words allowed", help);
        None
    }

    fn number(&mut self, object: &Map<String, Value>, place: &str, key: &str) -> Option<u64> {
        let value = object.get(key)?;
        let number = value.as_u64();
        if number.is_none() {
            self.wrong(
                place,
                key,
                "is not a whole number from 0",
                "write it without quotation marks",
            );
        }
        number
    }
}

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
    let mut reading = Reading {
        text,
        problems: Vec::new(),
    };
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
    let mut problems = reading.problems;
    problems.sort_by_key(|p| p.at);
    match schema {
        Some(schema) if problems.is_empty() => Ok(schema),
        _ => Err(fail(problems)),
    }
}

fn schema(r: &mut Reading<'_>, path: &Path, object: &Map<String, Value>) -> Option<TableSchema> {
    check(r, object, properties::SCHEMA, "", false);
    let fields = match object.get("fields") {
        Some(Value::Array(items)) => items.iter().filter_map(|v| field(r, v)).collect(),
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

fn field(r: &mut Reading<'_>, value: &Value) -> Option<FieldSchema> {
    let Value::Object(object) = value else {
        r.wrong(
            "",
            "fields",
            "holds something else than objects",
            "write { \"name\": … }",
        );
        return None;
    };
    let Some(name) = r.text(object, "", "name") else {
        r.wrong(
            "",
            "fields",
            "has an entry without `name`",
            "name the column",
        );
        return None;
    };
    let place = format!("fields.{name}");
    let p = place.as_str();
    check(r, object, properties::FIELD, p, false);
    let format = r.text(object, p, "format").filter(|f| f != "default");
    Some(FieldSchema {
        kind: r
            .choice(object, p, "type", TYPES)
            .unwrap_or(FieldType::String),
        format,
        description: r.text(object, p, "description"),
        constraints: constraints(r, object, p),
        missing_values: r.texts(object, p, "missingValues"),
        role: r.choice(object, p, "kinlink:role", ROLES),
        canonical: r.texts(object, p, "kinlink:canonical").unwrap_or_default(),
        standardise: r.text(object, p, "kinlink:standardise"),
        on_output: r.text(object, p, "kinlink:onOutput"),
        unit: r.text(object, p, "kinlink:unit"),
        codes: codes(r, object, p),
        on_invalid: r
            .choice(
                object,
                p,
                "kinlink:onInvalid",
                &[
                    ("quarantine", OnInvalid::Quarantine),
                    ("null", OnInvalid::Null),
                ],
            )
            .unwrap_or(OnInvalid::Quarantine),
        path: r.text(object, p, "kinlink:path"),
        name,
    })
}

const TYPES: &[(&str, FieldType)] = &[
    ("string", FieldType::String),
    ("integer", FieldType::Integer),
    ("number", FieldType::Number),
    ("boolean", FieldType::Boolean),
    ("date", FieldType::Date),
    ("time", FieldType::Time),
    ("any", FieldType::String),
];

const ROLES: &[(&str, Role)] = &[
    ("record-id", Role::RecordId),
    ("reference", Role::Reference),
    ("direct-identifier", Role::DirectIdentifier),
    ("quasi-identifier", Role::QuasiIdentifier),
    ("dimension", Role::Dimension),
    ("measure", Role::Measure),
    ("event-date", Role::EventDate),
];

fn constraints(r: &mut Reading<'_>, object: &Map<String, Value>, p: &str) -> Constraints {
    let mut out = Constraints {
        allowed: r.texts(object, p, "categories"),
        ..Constraints::default()
    };
    let Some(value) = object.get("constraints") else {
        return out;
    };
    let Value::Object(c) = value else {
        r.wrong(
            p,
            "constraints",
            "is not an object",
            "write { \"required\": true }",
        );
        return out;
    };
    let place = format!("{p}.constraints");
    check(r, c, properties::CONSTRAINTS, &place, true);
    out.required = c.get("required").and_then(Value::as_bool).unwrap_or(false);
    let listed = r.texts(c, &place, "enum");
    // Both may be written; together they allow what both allow, so they must say the same.
    if let (Some(a), Some(b)) = (&out.allowed, &listed) {
        let (mut a, mut b) = (a.clone(), b.clone());
        a.sort();
        b.sort();
        if a != b {
            r.wrong(
                p,
                "categories",
                "does not list the same values as `enum`",
                "write both alike",
            );
        }
    }
    out.allowed = listed.or(out.allowed);
    let length = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok());
    out.min_length = length(r.number(c, &place, "minLength"));
    out.max_length = length(r.number(c, &place, "maxLength"));
    let bound = |key: &str| match c.get(key) {
        Some(Value::String(s)) => Some(s.clone()),
        Some(Value::Number(n)) => Some(n.to_string()),
        _ => None,
    };
    out.minimum = bound("minimum");
    out.maximum = bound("maximum");
    out
}

fn codes(r: &mut Reading<'_>, object: &Map<String, Value>, p: &str) -> Option<CodeList> {
    const KEY: &str = "kinlink:codes";
    match object.get(KEY)? {
        Value::String(name) => {
            let list = code_list::built_in(name).cloned();
            if list.is_none() {
                let help = match properties::suggestion(name, code_list::NAMES) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "lists that come with the program: {}",
                        code_list::NAMES.join(", ")
                    ),
                };
                r.wrong(p, KEY, "names a list that does not exist", help);
            }
            list
        }
        Value::Object(pairs) => {
            Some(CodeList::new(pairs.iter().filter_map(|(k, v)| {
                v.as_str().map(|v| (k.clone(), v.to_owned()))
            })))
        }
        _ => {
            r.wrong(
                p,
                KEY,
                "is neither a name nor an object",
                "write { \"code\": \"word\" }",
            );
            None
        }
    }
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
