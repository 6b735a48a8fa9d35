//! A schema made ready for reading: which field fills which column of which landing table.

use std::path::Path;

use super::convert::{self, Kind};
use super::error::{HeaderFault, Problem};
use super::landing::{self, Landing};
use super::read::Binding;
use super::template::Template;
use crate::schema::table_schema::{FieldsMatch, Format, TableSchema, suggestion};

/// Where the values of a column come from.
#[derive(Debug, Clone)]
pub enum Filling {
    /// From nowhere: the column stays empty.
    Absent,
    /// From a field, in a standard form.
    Field(usize, Kind),
    /// From templates, of which the first complete one is taken.
    Composed(Vec<Template>),
}

/// A target of a schema, made ready.
#[derive(Debug, Clone)]
pub struct TargetPlan {
    /// What the schema calls it.
    pub name: String,
    /// The landing table.
    pub table: Landing,
    /// XML: the path of its row.
    pub row: Option<String>,
    /// For each column, where it comes from.
    pub columns: Vec<Filling>,
    /// Fields and the values of which a row in scope has one.
    pub keep: Vec<(usize, Vec<String>)>,
    /// The fields that it uses, sorted.
    pub uses: Vec<usize>,
}

impl TargetPlan {
    /// Which columns are filled at all.
    pub fn present(&self) -> Vec<bool> {
        self.columns
            .iter()
            .map(|f| !matches!(f, Filling::Absent))
            .collect()
    }
}

/// A schema made ready.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The schema.
    pub schema: TableSchema,
    /// Its targets.
    pub targets: Vec<TargetPlan>,
    /// The fields of the primary key.
    pub key: Vec<usize>,
    /// For each field, the target that counts its quality: the first that uses it.
    pub home: Vec<Option<usize>>,
}

impl Mapping {
    /// Makes a schema ready.
    ///
    /// # Errors
    /// Every table, column, field or form that it names and that does not exist.
    pub fn new(schema: TableSchema) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut targets = Vec::new();
        if schema.targets.is_empty() {
            problems.push(mapping_problem(
                &schema,
                "kinlink:table",
                "the schema does not say which table its rows feed".to_owned(),
                known(landing::ALL.iter().map(|t| t.name)),
            ));
        }
        for target in &schema.targets {
            let Some(table) = landing::by_name(&target.table) else {
                let names: Vec<&str> = landing::ALL.iter().map(|t| t.name).collect();
                problems.push(mapping_problem(
                    &schema,
                    "kinlink:table",
                    format!("there is no table `{}`", target.table),
                    hint(&target.table, &names),
                ));
                continue;
            };
            if schema.format == Format::CinXml && target.row.is_none() {
                problems.push(mapping_problem(
                    &schema,
                    "kinlink:tables",
                    format!("the table `{}` has no `row`", target.name),
                    "name the element that is one row, as in \"Child/CINdetails\"".to_owned(),
                ));
            }
            targets.push(TargetPlan {
                name: target.name.clone(),
                table,
                row: target.row.clone(),
                columns: vec![Filling::Absent; table.columns.len()],
                keep: Vec::new(),
                uses: Vec::new(),
            });
        }
        fill_from_fields(&schema, &mut targets, &mut problems);
        fill_from_settings(&schema, &mut targets, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        for target in &mut targets {
            target.uses = uses(target);
        }
        let home = (0..schema.fields.len())
            .map(|f| targets.iter().position(|t| t.uses.contains(&f)))
            .collect();
        let key = schema
            .primary_key
            .iter()
            .filter_map(|k| schema.fields.iter().position(|f| f.name == *k))
            .collect();
        Ok(Mapping {
            schema,
            targets,
            key,
            home,
        })
    }

    /// Does a template need `{la}`?
    pub fn needs_capture(&self) -> bool {
        self.targets.iter().any(|t| {
            t.columns.iter().any(
                |f| matches!(f, Filling::Composed(all) if all.iter().any(Template::needs_capture)),
            )
        })
    }

    /// Finds the fields in a header.
    ///
    /// # Errors
    /// All columns that are unknown, missing, double or, where the schema says so, out of order.
    pub fn bind(&self, file: &Path, line: u64, header: &[&str]) -> Result<Binding, Vec<Problem>> {
        let names: Vec<&str> = self.schema.fields.iter().map(|f| f.name.as_str()).collect();
        let expected: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let rule = self.schema.fields_match;
        let mut faults = Vec::new();
        if !matches!(rule, FieldsMatch::Subset | FieldsMatch::Partial) {
            for (i, column) in header.iter().enumerate() {
                if !names.contains(column) {
                    faults.push(HeaderFault::Unknown {
                        position: i + 1,
                        near: suggestion(column, &names).map(str::to_owned),
                    });
                }
            }
        }
        let binding: Binding = names
            .iter()
            .map(|n| header.iter().position(|h| h == n))
            .collect();
        let may_miss = match rule {
            FieldsMatch::Superset => true,
            FieldsMatch::Partial => binding.iter().any(Option::is_some),
            _ => false,
        };
        for (i, (name, at)) in names.iter().zip(&binding).enumerate() {
            let name = (*name).to_owned();
            if header.iter().filter(|h| **h == name).count() > 1 {
                faults.push(HeaderFault::Twice(name));
            } else if at.is_none() && !may_miss {
                faults.push(HeaderFault::Missing(name));
            } else if rule == FieldsMatch::Exact && at.is_some_and(|at| at != i) {
                faults.push(HeaderFault::Elsewhere(name));
            }
        }
        if faults.is_empty() {
            return Ok(binding);
        }
        Err(vec![Problem::Header {
            file: file.to_path_buf(),
            line,
            faults,
            expected,
        }])
    }
}

fn mapping_problem(schema: &TableSchema, property: &str, what: String, help: String) -> Problem {
    Problem::Mapping {
        schema: schema.path.clone(),
        property: property.to_owned(),
        what,
        help,
    }
}

fn known<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("known: {}", names.collect::<Vec<_>>().join(", "))
}

fn hint(word: &str, names: &[&str]) -> String {
    match suggestion(word, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => known(names.iter().copied()),
    }
}

/// `column` goes to every target that has it by that name if there is one target; `target.column`
/// to that target.
fn fill_from_fields(schema: &TableSchema, targets: &mut [TargetPlan], problems: &mut Vec<Problem>) {
    for (index, field) in schema.fields.iter().enumerate() {
        let property = format!("fields.{}.kinlink:canonical", field.name);
        let standard = match &field.standardise {
            None => None,
            Some(name) => match convert::by_name(name) {
                Some(kind) => Some(kind),
                None => {
                    let names: Vec<&str> = convert::NAMES.iter().map(|(n, _)| *n).collect();
                    problems.push(mapping_problem(
                        schema,
                        &format!("fields.{}.kinlink:standardise", field.name),
                        format!("there is no standard form `{name}`"),
                        hint(name, &names),
                    ));
                    None
                }
            },
        };
        for place in &field.canonical {
            let (target, column) = match place.split_once('.') {
                Some((target, column)) => (targets.iter_mut().find(|t| t.name == target), column),
                None => (targets.first_mut(), place.as_str()),
            };
            let Some(target) = target else {
                problems.push(mapping_problem(
                    schema,
                    &property,
                    format!("`{place}` names no table of this schema"),
                    "write `table.column` with a name of \"kinlink:tables\"".to_owned(),
                ));
                continue;
            };
            let at = target.table.column(column);
            let slot = at
                .and_then(|at| Some((target.table.columns.get(at)?, target.columns.get_mut(at)?)));
            let Some((definition, slot)) = slot else {
                let names: Vec<&str> = target.table.columns.iter().map(|c| c.name).collect();
                problems.push(mapping_problem(
                    schema,
                    &property,
                    format!("the table `{}` has no column `{column}`", target.table.name),
                    hint(column, &names),
                ));
                continue;
            };
            let kind = standard.unwrap_or(definition.kind);
            if kind.storage() != definition.kind.storage() {
                problems.push(mapping_problem(
                    schema,
                    &property,
                    format!("the column `{column}` holds another type than that standard form"),
                    "leave out \"kinlink:standardise\"".to_owned(),
                ));
                continue;
            }
            if !matches!(slot, Filling::Absent) {
                problems.push(mapping_problem(
                    schema,
                    &property,
                    format!("the column `{column}` is filled twice"),
                    "map one field to it".to_owned(),
                ));
            }
            *slot = Filling::Field(index, kind);
        }
    }
}

fn fill_from_settings(
    schema: &TableSchema,
    targets: &mut [TargetPlan],
    problems: &mut Vec<Problem>,
) {
    let field = |name: &str| schema.fields.iter().position(|f| f.name == name);
    let names: Vec<&str> = schema.fields.iter().map(|f| f.name.as_str()).collect();
    for (target, written) in targets.iter_mut().zip(&schema.targets) {
        for setting in &written.set {
            let property = format!("kinlink:set.{}", setting.column);
            let Some(slot) = target
                .table
                .column(&setting.column)
                .and_then(|at| target.columns.get_mut(at))
            else {
                let columns: Vec<&str> = target.table.columns.iter().map(|c| c.name).collect();
                problems.push(mapping_problem(
                    schema,
                    &property,
                    format!(
                        "the table `{}` has no column `{}`",
                        target.table.name, setting.column
                    ),
                    hint(&setting.column, &columns),
                ));
                continue;
            };
            let mut all = Vec::new();
            for text in &setting.alternatives {
                match Template::parse(text, field) {
                    Ok(template) => all.push(template),
                    Err(word) => problems.push(mapping_problem(
                        schema,
                        &property,
                        format!("the template names `{word}`, which is no field and no form"),
                        hint(&word, &names),
                    )),
                }
            }
            *slot = Filling::Composed(all);
        }
        target.keep = written
            .keep
            .iter()
            .filter_map(|(name, values)| Some((field(name)?, values.clone())))
            .collect();
    }
}

fn uses(target: &TargetPlan) -> Vec<usize> {
    let mut all: Vec<usize> = target.keep.iter().map(|(f, _)| *f).collect();
    for filling in &target.columns {
        match filling {
            Filling::Absent => {}
            Filling::Field(f, _) => all.push(*f),
            Filling::Composed(templates) => {
                all.extend(templates.iter().flat_map(Template::fields));
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}
