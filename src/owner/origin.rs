//! Which fields of the extract a canonical column comes from.
//!
//! A schema maps its fields to landing tables; `ingest` makes the canonical tables from those. What
//! a schema says about a field holds for every canonical column that the field has a part in.

use crate::schema::canonical::Table;
use crate::schema::table_schema::{FieldSchema, TableSchema};

/// Landing column to canonical columns, where the names differ or a join lies between.
const JOINED: &[(&str, &str, Table, &str)] = &[
    ("person", "person_id", Table::Person, "record"),
    ("person", "name_id", Table::Person, "alias"),
    ("person", "middle_names_2", Table::Person, "middle_names"),
    ("person", "date_of_death", Table::ParentChild, "to"),
    ("address", "postcode", Table::Person, "postcode"),
    ("booking", "begin", Table::CustodySpell, "admission"),
    ("booking", "end", Table::CustodySpell, "release"),
    ("booking", "agency", Table::CustodySpell, "establishment"),
    ("booking", "record", Table::CustodySpell, "record"),
    ("movement", "date", Table::CustodySpell, "admission"),
    ("movement", "date", Table::CustodySpell, "release"),
    ("movement", "from", Table::CustodySpell, "establishment"),
    ("movement", "to", Table::CustodySpell, "establishment"),
    (
        "status",
        "legal_status",
        Table::CustodySpell,
        "legal_status",
    ),
    (
        "status",
        "sentence_kind",
        Table::CustodySpell,
        "sentence_band",
    ),
    ("term", "years", Table::CustodySpell, "sentence_band"),
    ("term", "months", Table::CustodySpell, "sentence_band"),
    ("term", "weeks", Table::CustodySpell, "sentence_band"),
    ("term", "days", Table::CustodySpell, "sentence_band"),
    ("term", "kind", Table::CustodySpell, "sentence_band"),
    ("term", "life", Table::CustodySpell, "sentence_band"),
    ("charge", "group", Table::CustodySpell, "offence_group"),
    (
        "contact",
        "relationship",
        Table::ParentChild,
        "relationship",
    ),
    ("contact", "contact", Table::ParentChild, "child"),
    ("visitor", "outcome", Table::Visit, "outcome"),
    ("visitor", "visitor", Table::Visit, "visitor"),
    ("parent_child", "adult", Table::ParentChild, "record"),
];

/// Landing tables whose columns keep their names.
const ALIKE: &[(&str, Table)] = &[
    ("person", Table::Person),
    ("declaration", Table::DeclaredChildren),
    ("visit", Table::Visit),
    ("episode", Table::ServiceSpell),
    ("supervision", Table::Supervision),
    ("parent_child", Table::ParentChild),
];

/// The canonical columns that a landing column has a part in.
fn canonical(landing: &str, column: &str) -> Vec<(Table, String)> {
    let joined = JOINED
        .iter()
        .filter(|(l, c, ..)| *l == landing && *c == column)
        .map(|(_, _, table, to)| (*table, (*to).to_owned()));
    let alike = ALIKE
        .iter()
        .filter(|(l, t)| *l == landing && t.clear().field_with_name(column).is_ok())
        .map(|(_, t)| (*t, column.to_owned()));
    joined.chain(alike).collect()
}

/// The fields that a canonical column comes from, in the order of the schema: fields mapped to it,
/// and fields that a composed value names.
pub(super) fn fields_of<'a>(
    schema: &'a TableSchema,
    table: Table,
    column: &str,
) -> Vec<&'a FieldSchema> {
    let feeds = |landing: &str, from: &str| {
        canonical(landing, from)
            .iter()
            .any(|(t, c)| *t == table && c == column)
    };
    let mapped = |field: &&FieldSchema| {
        field.canonical.iter().any(|place| {
            let (target, from) = match place.split_once('.') {
                Some((name, from)) => (schema.targets.iter().find(|t| t.name == name), from),
                None => (schema.targets.first(), place.as_str()),
            };
            target.is_some_and(|t| feeds(&t.table, from))
        })
    };
    let composed = |field: &&FieldSchema| {
        schema.targets.iter().any(|target| {
            target.set.iter().any(|setting| {
                feeds(&target.table, &setting.column)
                    && setting.alternatives.iter().any(|t| names(t, &field.name))
            })
        })
    };
    let mut out: Vec<&FieldSchema> = schema.fields.iter().filter(mapped).collect();
    let more = schema.fields.iter().filter(composed);
    let more: Vec<_> = more.filter(|f| !out.contains(f)).collect();
    out.extend(more);
    out
}

/// Is the column a constant, or composed of something else than fields?
pub(super) fn is_set(schema: &TableSchema, table: Table, column: &str) -> bool {
    schema.targets.iter().any(|target| {
        target.set.iter().any(|setting| {
            canonical(&target.table, &setting.column)
                .iter()
                .any(|(t, c)| *t == table && c == column)
        })
    })
}

/// Does a template name a field, as `{FIELD}` or `{FIELD|form}`?
fn names(template: &str, field: &str) -> bool {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .any(|inner| inner.split('|').next() == Some(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_names_a_column_that_there_is() {
        for (_, _, table, column) in JOINED {
            let clear = table.clear();
            assert!(clear.field_with_name(column).is_ok(), "{column}");
        }
    }

    #[test]
    fn templates_name_fields_whole() {
        assert!(names("{la}/{CHILD}", "CHILD"));
        assert!(names("{UPN|upn}", "UPN"));
        assert!(!names("{CHILDREN}", "CHILD"));
        assert!(!names("CHILD", "CHILD"));
    }
}
