//! The definitions of published tables as files state them, and the codes of their dimensions.

use serde::Deserialize;

use super::Concept;
use super::{
    CodeDef, DerivedDef, DimensionDef, EstimatedDef, NOT_AVAILABLE, NotApplicable, SuppressionDef,
    TableDef, earlier_estimates,
};
use crate::schema::codes;

const SOURCES: [&str; 21] = [
    include_str!("../../../schemas/tables/T01.json"),
    include_str!("../../../schemas/tables/T02.json"),
    include_str!("../../../schemas/tables/T03.json"),
    include_str!("../../../schemas/tables/T04.json"),
    include_str!("../../../schemas/tables/T05.json"),
    include_str!("../../../schemas/tables/T06.json"),
    include_str!("../../../schemas/tables/T07.json"),
    include_str!("../../../schemas/tables/T08.json"),
    include_str!("../../../schemas/tables/T09.json"),
    include_str!("../../../schemas/tables/T10.json"),
    include_str!("../../../schemas/tables/T11.json"),
    include_str!("../../../schemas/tables/T12.json"),
    include_str!("../../../schemas/tables/T13.json"),
    include_str!("../../../schemas/tables/T14.json"),
    include_str!("../../../schemas/tables/T15.json"),
    include_str!("../../../schemas/tables/T16.json"),
    include_str!("../../../schemas/tables/T17.json"),
    include_str!("../../../schemas/tables/T18.json"),
    include_str!("../../../schemas/tables/T19.json"),
    include_str!("../../../schemas/tables/T20.json"),
    include_str!("../../../schemas/tables/Q3.json"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    id: String,
    title: String,
    subtitle: String,
    population: String,
    dimensions: Vec<String>,
    concepts: Vec<Concept>,
    measures: Vec<String>,
    derived: Vec<DerivedDef>,
    #[serde(default)]
    estimated: Option<EstimatedDef>,
    rounding: Option<u64>,
    #[serde(default)]
    suppression: Option<SuppressionDef>,
    #[serde(default)]
    not_applicable: Vec<NotApplicable>,
    #[serde(default)]
    not_available: Vec<NotApplicable>,
    #[serde(default)]
    unavailable: Option<String>,
    #[serde(default)]
    keep_shown: bool,
    #[serde(default)]
    built_from: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct DimensionFile {
    name: String,
    variable: String,
    title: String,
    description: String,
    total: String,
    #[serde(default)]
    total_code: Option<String>,
    #[serde(default)]
    list: Option<String>,
    #[serde(default)]
    codes: Vec<CodeDef>,
}

/// A definition that cannot be read: a defect of the program, which its own tests find.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadDefinition {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("no dimension `{0}`")]
    Dimension(String),
    #[error("no list `{0}`")]
    List(String),
}

/// All definitions, in the order of the tables' ids; those of tables made of others come last.
pub(super) fn all() -> impl Iterator<Item = Result<TableDef, BadDefinition>> {
    SOURCES.iter().map(|text| read(text))
}

fn read(text: &str) -> Result<TableDef, BadDefinition> {
    let file: TableFile = serde_json::from_str(text)?;
    let known: Vec<DimensionFile> =
        serde_json::from_str(include_str!("../../../schemas/tables/dimensions.json"))?;
    let dimensions = file
        .dimensions
        .iter()
        .map(|name| {
            let found = known
                .iter()
                .find(|d| d.name == *name)
                .ok_or_else(|| BadDefinition::Dimension(name.clone()))?;
            resolve(found.clone())
        })
        .collect::<Result<_, _>>()?;
    Ok(TableDef {
        id: file.id,
        title: file.title,
        subtitle: match &file.unavailable {
            None => file.subtitle,
            Some(why) => format!("{}. Not available: {why}", file.subtitle),
        },
        population: file.population,
        dimensions,
        concepts: file.concepts,
        measures: file.measures,
        derived: file.derived,
        estimated: file.estimated,
        rounding: file.rounding,
        suppression: file.suppression,
        not_applicable: file.not_applicable,
        not_available: file.not_available,
        unavailable: file.unavailable,
        keep_shown: file.keep_shown,
        built_from: file.built_from,
    })
}

/// Prisons below those for women and those for men, and where the prison is not known.
fn prison_codes() -> Vec<CodeDef> {
    let group = |women: bool| if women { "women" } else { "men" };
    let code = |code: &str, label: &str, parent: Option<&str>| CodeDef {
        code: code.to_owned(),
        label: label.to_owned(),
        parent: parent.map(str::to_owned),
    };
    let mut out = Vec::new();
    for women in [true, false] {
        let word = group(women);
        out.push(code(word, &format!("Prisons for {word}"), None));
        let those = codes::prisons().iter().filter(|p| p.women == women);
        out.extend(those.map(|p| code(&p.id, &p.name, Some(word))));
    }
    out.push(code(NOT_AVAILABLE, "Prison not known", None));
    out
}

fn resolve(file: DimensionFile) -> Result<DimensionDef, BadDefinition> {
    let codes = match file.list.as_deref() {
        None => file.codes,
        Some("country") => area_codes(Level::Country),
        Some("region") => area_codes(Level::Region),
        Some("local_authority") => area_codes(Level::LocalAuthority),
        Some("prison") => prison_codes(),
        Some("earlier_estimate") => earlier_estimates()
            .iter()
            .map(|e| CodeDef {
                code: e.code.clone(),
                label: format!("{} ({})", e.source, e.period),
                parent: None,
            })
            .collect(),
        Some(other) => return Err(BadDefinition::List(other.to_owned())),
    };
    Ok(DimensionDef {
        name: file.name,
        variable: file.variable,
        title: file.title,
        description: file.description,
        total: file.total,
        total_code: file.total_code,
        codes,
    })
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Country,
    Region,
    LocalAuthority,
}

/// The areas down to a level: country ▸ region ▸ local authority, and the place not available.
/// Wales is country and region in one and has no region below it.
fn area_codes(level: Level) -> Vec<CodeDef> {
    let mut out: Vec<CodeDef> = Vec::new();
    let mut add = |code: &str, label: &str, parent: Option<&str>| {
        if !out.iter().any(|c| c.code == code) {
            out.push(CodeDef {
                code: code.to_owned(),
                label: label.to_owned(),
                parent: parent.map(str::to_owned),
            });
        }
    };
    for la in codes::local_authorities() {
        add(&la.country_code, &la.country_name, None);
    }
    if level >= Level::Region {
        let mut regions: Vec<_> = codes::local_authorities().iter().collect();
        regions.sort_by(|a, b| a.region_code.cmp(&b.region_code));
        for la in regions {
            add(&la.region_code, &la.region_name, Some(&la.country_code));
        }
    }
    if level >= Level::LocalAuthority {
        for la in codes::local_authorities() {
            add(&la.code, &la.name, Some(&la.region_code));
        }
    }
    add(NOT_AVAILABLE, "Not available", None);
    out
}
