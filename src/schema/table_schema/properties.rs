//! The properties that a schema file may hold, and the suggestion for one that it may not.

use serde_json::{Map, Value};

use super::reading::Reading;

/// Properties of a schema: the standard's and ours.
pub(super) const SCHEMA: &[&str] = &[
    "$schema",
    "fields",
    "fieldsMatch",
    "missingValues",
    "primaryKey",
    "uniqueKeys",
    "foreignKeys",
    "name",
    "title",
    "description",
    "kinlink:table",
    "kinlink:tables",
    "kinlink:set",
    "kinlink:keep",
    "kinlink:format",
    "kinlink:encoding",
    "kinlink:rejectLimit",
    "kinlink:collection",
    "kinlink:note",
];

/// Properties of a field.
pub(super) const FIELD: &[&str] = &[
    "name",
    "type",
    "format",
    "title",
    "description",
    "example",
    "constraints",
    "categories",
    "categoriesOrdered",
    "missingValues",
    "rdfType",
    "trueValues",
    "falseValues",
    "groupChar",
    "decimalChar",
    "bareNumber",
    "kinlink:role",
    "kinlink:canonical",
    "kinlink:standardise",
    "kinlink:onOutput",
    "kinlink:unit",
    "kinlink:codes",
    "kinlink:onInvalid",
    "kinlink:path",
    "kinlink:note",
];

/// Properties of `constraints`. `pattern` is the standard's too, but a standard form with a check
/// letter (`kinlink:standardise`) is what the identifiers here need.
pub(super) const CONSTRAINTS: &[&str] = &[
    "required",
    "unique",
    "enum",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
];

/// Properties of one of `kinlink:tables`.
pub(super) const TARGET: &[&str] = &["name", "table", "row", "set", "keep"];

/// Properties of `kinlink:rejectLimit`.
pub(super) const REJECT_LIMIT: &[&str] = &["share", "count", "allowance"];

/// Reports the properties that are ours but unknown, or the standard's but misspelt. Other
/// properties are somebody else's, which the standard allows; in our own objects (`closed`)
/// nothing is.
pub(super) fn check(
    reading: &mut Reading<'_>,
    object: &Map<String, Value>,
    known: &[&str],
    place: &str,
    closed: bool,
) {
    for key in object.keys() {
        if known.contains(&key.as_str()) {
            continue;
        }
        let near = suggestion(key, known);
        if closed || key.starts_with("kinlink:") || near.is_some() {
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            reading.unknown(place, key, help);
        }
    }
}

/// The known word that is so near that it was probably meant.
pub(crate) fn suggestion<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = word.to_lowercase();
    known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(&lower, &k.to_lowercase()), *k))
        .filter(|(distance, k)| *distance <= (k.len() / 4).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}
