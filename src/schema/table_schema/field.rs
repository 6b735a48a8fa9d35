//! One field of a schema file.

use serde_json::{Map, Value};

use super::properties::{self, check};
use super::reading::Reading;
use super::{Constraints, FieldSchema, FieldType, OnInvalid, OnOutput, Role};
use crate::schema::code_list::{self, CodeList};

pub(super) fn field(r: &mut Reading<'_>, value: &Value) -> Option<FieldSchema> {
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
        labels: labels(object),
        missing_values: r.texts(object, p, "missingValues"),
        role: r.choice(object, p, "kinlink:role", ROLES),
        canonical: r.texts(object, p, "kinlink:canonical").unwrap_or_default(),
        standardise: r.text(object, p, "kinlink:standardise"),
        on_output: r.choice(object, p, "kinlink:onOutput", ON_OUTPUT),
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

const ON_OUTPUT: &[(&str, OnOutput)] = &[
    ("drop", OnOutput::Drop),
    ("keep", OnOutput::Keep),
    ("pseudonymise", OnOutput::Pseudonymise),
    ("generalise", OnOutput::Generalise),
    ("month", OnOutput::Month),
    ("week", OnOutput::Week),
    ("area", OnOutput::Area),
];

/// The standard's `categories` with labels: a list of `{"value": …, "label": …}`.
fn labels(object: &Map<String, Value>) -> Vec<(String, String)> {
    let items = object.get("categories").and_then(Value::as_array);
    let pair = |item: &Value| {
        let text = |key: &str| item.get(key)?.as_str().map(str::to_owned);
        Some((text("value")?, text("label")?))
    };
    items.into_iter().flatten().filter_map(pair).collect()
}

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
