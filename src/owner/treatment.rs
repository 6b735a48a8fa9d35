//! What becomes of each column in a research release, as the extract's schema says.
//!
//! A field whose role is not stated is dropped. Where `kinlink:onOutput` says nothing, the role
//! decides: identifiers are dropped, references become pseudonyms, quasi-identifiers are made
//! coarser, the rest is kept. Where several fields have a part in a column, the strictest holds.

use std::path::Path;

use super::error::OwnerError;
use super::origin::{fields_of, is_set};
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::pseudonymise::{ReleaseColumn, Treatment, is_reference};
use crate::schema::canonical::Table;
use crate::schema::table_schema::{FieldSchema, FieldType, OnOutput, Role, TableSchema};

const BORN: &str = "date_of_birth";
const POSTCODE: &str = "postcode";
const AREA: &str = "local_authority";
const AREA_FROM: &str = "area_from";

/// A column of the release with the fields that it comes from.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) column: ReleaseColumn,
    pub(super) fields: Vec<FieldSchema>,
}

/// A field that is not in the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) field: String,
    pub(super) why: &'static str,
}

/// How strict a rule is: of two, the greater holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strictness {
    Keep,
    Week,
    Month,
    Drop,
}

/// What a field's schema says, before it is known what its column can do.
fn wish(field: &FieldSchema) -> OnOutput {
    let Some(role) = field.role else {
        return OnOutput::Drop;
    };
    field.on_output.unwrap_or(match role {
        Role::DirectIdentifier => OnOutput::Drop,
        Role::RecordId | Role::Reference => OnOutput::Pseudonymise,
        Role::QuasiIdentifier => OnOutput::Generalise,
        Role::Dimension | Role::Measure | Role::EventDate => OnOutput::Keep,
    })
}

/// Checks every field's wish against what it is and where it goes.
///
/// # Errors
/// All wishes that cannot be followed.
pub(super) fn check(schema: &TableSchema) -> Result<(), OwnerError> {
    let mut problems = Vec::new();
    for field in schema.fields.iter().filter(|f| f.role.is_some()) {
        let wish = wish(field);
        let releases = !matches!(wish, OnOutput::Drop | OnOutput::Pseudonymise);
        if field.role == Some(Role::DirectIdentifier) && releases {
            problems.push(problem(
                &schema.path,
                field,
                "a direct identifier is never released",
                "write \"drop\"",
            ));
            continue;
        }
        if releases && only_identifies(schema, field) {
            problems.push(problem(
                &schema.path,
                field,
                "the column that it fills identifies a person directly and is never released",
                "write \"drop\"",
            ));
        }
        for table in Table::ALL {
            for column in columns_of(schema, field, table) {
                if let Some((what, help)) = misfit(table, &column, wish) {
                    problems.push(problem(&schema.path, field, what, help));
                }
            }
        }
    }
    problems.dedup();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(OwnerError::Problems(problems))
    }
}

fn problem(schema: &Path, field: &FieldSchema, what: &str, help: &str) -> Diagnostic {
    let place = Place::file(schema).column(format!("fields.{}.kinlink:onOutput", field.name));
    Diagnostic::new("KL-O-008", Exit::Usage, what, help).at(place)
}

/// The canonical columns of a table that a field has a part in.
fn columns_of(schema: &TableSchema, field: &FieldSchema, table: Table) -> Vec<String> {
    let clear = table.clear();
    let all = clear.fields().iter().map(|f| f.name().clone());
    all.filter(|c| {
        fields_of(schema, table, c)
            .iter()
            .any(|f| f.name == field.name)
    })
    .collect()
}

/// Is the column a name, a number or another direct identifier of the model?
fn identifies(table: Table, column: &str) -> bool {
    let described = table.described().field(column);
    described.is_some_and(|f| f.role == Some(Role::DirectIdentifier))
}

/// Is a field mapped to direct identifiers and to nothing else? A part in a composed number, as a
/// local authority has in a child's, makes it none.
fn only_identifies(schema: &TableSchema, field: &FieldSchema) -> bool {
    let filled = |table: Table| {
        let all = columns_of(schema, field, table);
        all.into_iter().map(move |c| identifies(table, &c))
    };
    let all: Vec<bool> = Table::ALL.into_iter().flat_map(filled).collect();
    !field.canonical.is_empty() && !all.is_empty() && all.into_iter().all(|i| i)
}

/// Why a column cannot do what is wished.
fn misfit(table: Table, column: &str, wish: OnOutput) -> Option<(&'static str, &'static str)> {
    use OnOutput::{Area, Generalise, Keep, Month, Pseudonymise, Week};
    if is_reference(column) || wish == OnOutput::Drop {
        return None;
    }
    if identifies(table, column) {
        return None;
    }
    let described = table.described().field(column);
    let is_date = described.is_some_and(|f| f.kind == FieldType::Date);
    match wish {
        Keep if column == BORN => Some((
            "a date of birth is not released whole",
            "write \"month\", \"week\" or \"drop\"",
        )),
        Keep | Month | Week | Pseudonymise if column == POSTCODE => Some((
            "a postcode is not released",
            "write \"area\" for its local authority, or \"drop\"",
        )),
        Month | Week if !is_date => Some(("the column is no date", "write \"keep\" or \"drop\"")),
        Area if column != POSTCODE => Some((
            "the column is no postcode",
            if is_date {
                "write \"month\", \"week\" or \"drop\""
            } else {
                "write \"keep\" or \"drop\""
            },
        )),
        Pseudonymise if column != "alias" => Some((
            "the column refers to no person; a keyed hash of a single value can be read by counting",
            "write \"keep\" or \"drop\"",
        )),
        Keep | Month | Week | Area | Generalise | Pseudonymise | OnOutput::Drop => None,
    }
}

/// The columns of one table in the release.
pub(super) fn plan(schema: &TableSchema, table: Table) -> Vec<Planned> {
    let clear = table.clear();
    clear
        .fields()
        .iter()
        .filter_map(|field| {
            let from = field.name().as_str();
            let treatment = treatment(schema, table, from)?;
            let name = match (from, treatment) {
                (BORN, Treatment::Month) => "month_of_birth".to_owned(),
                (BORN, Treatment::Week) => "week_of_birth".to_owned(),
                (_, Treatment::Month) => format!("{from}_month"),
                (_, Treatment::Week) => format!("{from}_week"),
                _ => from.to_owned(),
            };
            Some(Planned {
                column: ReleaseColumn {
                    from: from.to_owned(),
                    name,
                    treatment,
                },
                fields: sources(schema, table, from),
            })
        })
        .collect()
}

fn sources(schema: &TableSchema, table: Table, column: &str) -> Vec<FieldSchema> {
    let mut fields = fields_of(schema, table, column);
    if table == Table::Person && matches!(column, AREA | AREA_FROM) {
        if column == AREA_FROM {
            fields.extend(fields_of(schema, table, AREA));
        }
        let postcodes = fields_of(schema, table, POSTCODE).into_iter();
        fields.extend(postcodes.filter(|f| gives_area(f)));
    }
    fields.into_iter().cloned().collect()
}

/// Does the schema want the area in place of this postcode?
fn gives_area(field: &FieldSchema) -> bool {
    matches!(wish(field), OnOutput::Area | OnOutput::Generalise)
}

/// What becomes of a canonical column; nothing if it is not written.
fn treatment(schema: &TableSchema, table: Table, column: &str) -> Option<Treatment> {
    if is_reference(column) {
        return Some(Treatment::Pseudonym);
    }
    let described = table.described().field(column)?;
    let identifies = matches!(
        described.role,
        Some(Role::DirectIdentifier | Role::RecordId) | None
    );
    if identifies || column == POSTCODE {
        return None;
    }
    if table == Table::Person && matches!(column, AREA | AREA_FROM) {
        let (source, postcode) = area(schema);
        return (source || postcode).then_some(Treatment::Area { source, postcode });
    }
    let fields = fields_of(schema, table, column);
    // A column that nothing of the extract fills is empty; a constant is what the model says.
    if fields.is_empty() && !is_set(schema, table, column) {
        return None;
    }
    let strictest = fields.iter().map(|f| strictness(f, column)).max();
    match strictest.unwrap_or(Strictness::Keep) {
        Strictness::Drop => None,
        Strictness::Month => Some(Treatment::Month),
        Strictness::Week => Some(Treatment::Week),
        Strictness::Keep => Some(Treatment::Keep),
    }
}

fn strictness(field: &FieldSchema, column: &str) -> Strictness {
    let date = column == BORN
        || Table::ALL.into_iter().any(|t| {
            t.described()
                .field(column)
                .is_some_and(|f| f.kind == FieldType::Date)
        });
    match wish(field) {
        OnOutput::Keep => Strictness::Keep,
        OnOutput::Week => Strictness::Week,
        OnOutput::Month => Strictness::Month,
        OnOutput::Generalise if date => Strictness::Month,
        // No coarser form is known.
        _ => Strictness::Drop,
    }
}

/// May the local authority be known from the source itself, and from the postcode?
fn area(schema: &TableSchema) -> (bool, bool) {
    let of = |column: &str| fields_of(schema, Table::Person, column);
    let said = of(AREA);
    let set = is_set(schema, Table::Person, AREA);
    let kept = said.iter().all(|f| strictness(f, AREA) == Strictness::Keep);
    let postcodes = of(POSTCODE);
    let placed = !postcodes.is_empty() && postcodes.iter().all(|f| gives_area(f));
    ((set || !said.is_empty()) && kept, placed)
}

/// Does a schema have a field for a canonical column and not release it? A postcode is released as
/// its area or not at all; dates are released coarser or not at all.
pub fn withheld(schema: &TableSchema, table: Table, column: &str) -> bool {
    let fields = fields_of(schema, table, column);
    let released = |field: &&FieldSchema| match column {
        POSTCODE => gives_area(field),
        _ => strictness(field, column) != Strictness::Drop,
    };
    !fields.iter().all(released)
}

/// Does the release need to know where postcodes lie?
pub(super) fn needs_directory(schema: &TableSchema) -> bool {
    area(schema) == (false, true)
}

/// The fields of the extract that are in no column of the release, with the reason.
pub(super) fn dropped(schema: &TableSchema, planned: &[(Table, Vec<Planned>)]) -> Vec<Dropped> {
    let shown = |field: &FieldSchema| {
        planned
            .iter()
            .flat_map(|(_, columns)| columns)
            .any(|p| p.fields.iter().any(|f| f.name == field.name) && !p.is_reference())
    };
    let referred = |field: &FieldSchema| {
        planned
            .iter()
            .flat_map(|(_, columns)| columns)
            .any(|p| p.fields.iter().any(|f| f.name == field.name) && p.is_reference())
    };
    schema
        .fields
        .iter()
        .filter(|f| !shown(f))
        .map(|f| Dropped {
            field: f.name.clone(),
            why: match (f.role, wish(f)) {
                (None, _) => "the schema states no role",
                _ if referred(f) => "only in the pseudonym",
                (Some(Role::DirectIdentifier), _) => "a direct identifier",
                (_, OnOutput::Drop) => "the schema says so",
                (_, OnOutput::Pseudonymise) => "an identifier of rows",
                (_, OnOutput::Generalise) => "no coarser form is known",
                _ => "the canonical model has no column for it",
            },
        })
        .collect()
}

impl Planned {
    fn is_reference(&self) -> bool {
        self.column.treatment == Treatment::Pseudonym
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(field: &str) -> TableSchema {
        let text = format!(
            "{{\"kinlink:table\": \"person\", \"kinlink:set\": {{\"record\": \"row:{{row}}\", \
             \"kind\": \"child\"}}, \"fields\": [{field}]}}"
        );
        TableSchema::parse(Path::new("s.json"), &text).unwrap_or_else(|e| panic!("{e:?}"))
    }

    fn field(column: &str, role: &str, on_output: &str) -> String {
        let part = |key: &str, value: &str| match value {
            "" => String::new(),
            _ => format!(", \"kinlink:{key}\": \"{value}\""),
        };
        format!(
            "{{\"name\": \"F\"{}{}{}}}",
            part("canonical", column),
            part("role", role),
            part("onOutput", on_output)
        )
    }

    fn found(column: &str, role: &str, on_output: &str) -> Vec<String> {
        let schema = schema(&field(column, role, on_output));
        if check(&schema).is_err() {
            return vec!["refused".to_owned()];
        }
        plan(&schema, Table::Person)
            .into_iter()
            .map(|p| p.column.name)
            .filter(|n| n != "record" && n != "kind")
            .collect()
    }

    #[test]
    fn what_is_said_is_what_becomes_of_it() {
        let quasi = "quasi-identifier";
        let none: [&str; 0] = [];
        for (column, role, said, expected) in [
            ("date_of_birth", quasi, "month", &["month_of_birth"][..]),
            ("date_of_birth", quasi, "week", &["week_of_birth"]),
            ("date_of_birth", quasi, "generalise", &["month_of_birth"]),
            ("date_of_birth", quasi, "", &["month_of_birth"]),
            ("date_of_birth", quasi, "drop", &none),
            ("date_of_birth", quasi, "keep", &["refused"]),
            ("date_of_birth", quasi, "area", &["refused"]),
            ("postcode", quasi, "area", &["local_authority", "area_from"]),
            (
                "postcode",
                quasi,
                "generalise",
                &["local_authority", "area_from"],
            ),
            ("postcode", quasi, "drop", &none),
            ("postcode", quasi, "keep", &["refused"]),
            ("postcode", quasi, "week", &["refused"]),
            ("sex", "dimension", "keep", &["sex"]),
            ("sex", "dimension", "", &["sex"]),
            ("sex", "dimension", "drop", &none),
            ("sex", "dimension", "month", &["refused"]),
            ("sex", "dimension", "pseudonymise", &["refused"]),
            ("sex", quasi, "", &none),
            ("sex", "", "keep", &none),
            ("surname", "direct-identifier", "drop", &none),
            ("surname", "direct-identifier", "keep", &["refused"]),
            ("surname", "dimension", "keep", &["refused"]),
            (
                "local_authority",
                "dimension",
                "keep",
                &["local_authority", "area_from"],
            ),
            ("local_authority", "dimension", "drop", &none),
        ] {
            assert_eq!(
                found(column, role, said),
                expected,
                "{column} {role} {said}"
            );
        }
    }

    #[test]
    fn of_two_fields_the_stricter_holds() {
        let two = format!(
            "{}, {}",
            field("sex", "dimension", "keep"),
            field("ethnicity", "dimension", "keep").replace("\"F\"", "\"G\"")
        );
        let mut schema = schema(&two);
        assert_eq!(plan(&schema, Table::Person).len(), 4);
        // Both fields have a part in the sex now.
        if let Some(second) = schema.fields.get_mut(1) {
            second.canonical = vec!["sex".to_owned()];
            second.on_output = Some(OnOutput::Drop);
        }
        let left: Vec<String> = plan(&schema, Table::Person)
            .into_iter()
            .map(|p| p.column.name)
            .collect();
        assert_eq!(left, ["record", "kind"]);
    }

    #[test]
    fn the_schemas_that_come_with_the_program_can_be_followed() {
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let mut n = 0;
        for system in ["custody", "probation", "childrens-services"] {
            for entry in std::fs::read_dir(schemas.join(system)).expect("a folder") {
                let path = entry.expect("an entry").path();
                let schema = TableSchema::read(&path).expect("a schema");
                let told = check(&schema).err().map(|e| format!("{e:?}"));
                assert_eq!(told, None, "{}", path.display());
                n += 1;
            }
        }
        assert_eq!(n, 28);
    }

    #[test]
    fn a_directory_is_needed_where_only_the_postcode_knows_the_area() {
        let postcode = field("postcode", "quasi-identifier", "area");
        assert!(needs_directory(&schema(&postcode)));
        let area = field("local_authority", "dimension", "keep").replace("\"F\"", "\"G\"");
        assert!(!needs_directory(&schema(&format!("{postcode}, {area}"))));
    }
}
