//! The pipeline file: its grammar as types, and how its text becomes them.
//!
//! Unknown keys are errors with a "did you mean"; an error shows the line it stands on. Every
//! check that needs no other file is made here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::error::{ConfigProblem, PipelineError};
pub use super::estimate_section::{EstimateSection, Method};
use super::key_section::KeySection;
use super::link_section::{LinkSection, ModelSettings, blocks, models, recipes};
pub use super::protect_section::{ProtectMode, ProtectSection};
use crate::estimate::national;
use crate::pseudonymise::{BlockPass, Recipe, Salt};
use crate::publish::Format;
use crate::purpose::Purpose;

/// A pipeline file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineFile {
    /// What is asked, when and where.
    pub project: Project,
    /// The key.
    pub key: Option<KeySection>,
    /// Rehearsals only: extracts to write first.
    pub synth: Option<SynthSection>,
    /// The extracts.
    #[serde(default)]
    pub source: Vec<SourceSection>,
    /// Limits of the first stage.
    #[serde(default)]
    pub ingest: IngestSection,
    /// Linkage, by kind of person (`adult`, `child`).
    #[serde(default)]
    pub link: BTreeMap<String, LinkSection>,
    /// Estimation.
    pub estimate: EstimateSection,
    /// The tables to make.
    #[serde(default)]
    pub table: Vec<TableSection>,
    /// Protection.
    pub protect: ProtectSection,
    /// Publication.
    pub publish: PublishSection,
}

/// `[project]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// The project's name; part of every derived key.
    pub name: String,
    /// The round of the project; a new round is a new set of pseudonyms.
    #[serde(default = "first_round")]
    pub round: String,
    /// The public salt of the project's keys, 64 hexadecimal digits; it follows from the name
    /// where it is not stated.
    pub salt: Option<Spanned<String>>,
    /// The day of the stock; ages are in whole years on this day.
    pub reference_date: Spanned<String>,
    /// First and last day of the year, both inclusive.
    pub period: Spanned<[String; 2]>,
    /// CSV with columns `postcode,local_authority`.
    pub postcode_directory: Option<Spanned<String>>,
    /// CSV with columns `local_authority,children`: the denominators of rates.
    pub child_population: Option<Spanned<String>>,
    /// CSV of the published prison population on the reference date.
    pub prison_population: Option<Spanned<String>>,
}

fn first_round() -> String {
    "1".to_owned()
}

/// `[synth]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynthSection {
    /// The folder of the extracts.
    pub out: Spanned<String>,
    /// 1.0 is the nation.
    pub scale: f64,
    /// The seed of people and of the rehearsal key.
    pub seed: u64,
    /// Another parameter file than the one that comes with the program.
    pub parameters: Option<Spanned<String>>,
}

/// `[[source]]`: one file of an extract, or several with a `{la}` in their names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSection {
    /// `system.file`, such as `custody.offenders`.
    pub name: Spanned<String>,
    /// The file, or a pattern in which `{la}` stands for a local authority's number.
    pub path: Spanned<String>,
    /// The schema file.
    pub schema: Spanned<String>,
}

/// `[ingest]`: limits for rejected rows, for each rule of each file.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct IngestSection {
    /// The greatest share of a file's rows that one rule may reject.
    pub max_rejected_share: f64,
    /// Up to so many rows a rule may reject whatever the share.
    pub max_rejected_rows: u64,
}

impl Default for IngestSection {
    fn default() -> Self {
        IngestSection {
            max_rejected_share: 0.01,
            max_rejected_rows: 10,
        }
    }
}

/// `[[table]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSection {
    /// The id of a table in `schemas/tables/`.
    pub id: Spanned<String>,
    /// The base that shown values are rounded to; the table's own by default.
    pub round_to: Option<u64>,
}

/// `[publish]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishSection {
    /// The title of the release.
    pub title: String,
    /// The day on which the release appears, at 09:30 in London: `2026-12-03`.
    pub release_date: Option<String>,
    /// The formats of its tables; all of them if nothing is said.
    #[serde(default = "all_formats")]
    pub formats: Vec<Format>,
}

fn all_formats() -> Vec<Format> {
    Format::ALL.to_vec()
}

/// The dates of a pipeline, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates {
    /// The day of the stock.
    pub reference: Date,
    /// First day of the year.
    pub start: Date,
    /// The day after the last: periods are half-open.
    pub end: Date,
}

/// A pipeline file that was read: its text, its types, and where it stands.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// The file.
    pub path: PathBuf,
    /// Its text, whose digest is the configuration's.
    pub text: String,
    /// Its types.
    pub file: PipelineFile,
    /// Its dates.
    pub dates: Dates,
    /// The settings of each kind of person that the model links.
    pub models: BTreeMap<String, ModelSettings>,
    /// How the national figure is estimated.
    pub national: national::Method,
    /// The mode of protection.
    pub protect: ProtectMode,
    /// The match-key recipes of each kind of person.
    pub recipes: BTreeMap<String, Vec<Recipe>>,
    /// The block-keyed passes of each kind of person.
    pub blocks: BTreeMap<String, Vec<BlockPass>>,
    /// The public salt of the project's keys.
    pub salt: Salt,
}

impl Pipeline {
    /// Reads and checks a pipeline file. All problems that can be found are told together.
    pub fn read(path: &Path) -> Result<Self, PipelineError> {
        let text = std::fs::read_to_string(path).map_err(|source| PipelineError::Unreadable {
            path: path.to_path_buf(),
            kind: source.kind(),
        })?;
        Self::parse(path, text)
    }

    /// The same for a text that is already in memory.
    pub fn parse(path: &Path, text: String) -> Result<Self, PipelineError> {
        let file: PipelineFile = toml::from_str(&text)
            .map_err(|e| PipelineError::config(path, vec![ConfigProblem::of_toml(&e)]))?;
        let mut problems = Vec::new();
        let dates = dates(&file.project, &mut problems);
        let recipes = recipes(&file.link, &mut problems);
        let blocks = blocks(&file.link, &mut problems);
        let models = models(&file.link, &mut problems);
        let national = file.estimate.national(&mut problems);
        let protect = file.protect.settled(&mut problems);
        let salt = salt(&file.project, &mut problems);
        whole(&file, &mut problems);
        match (dates, national, protect) {
            (Some(dates), Some(national), Some(protect)) if problems.is_empty() => Ok(Pipeline {
                path: path.to_path_buf(),
                text,
                file,
                dates,
                models,
                national,
                protect,
                recipes,
                blocks,
                salt,
            }),
            _ => Err(PipelineError::config(path, problems)),
        }
    }
}

fn dates(project: &Project, problems: &mut Vec<ConfigProblem>) -> Option<Dates> {
    let mut day = |text: &str, span: std::ops::Range<usize>| {
        let date = text.parse::<Date>().ok();
        if date.is_none() {
            problems.push(ConfigProblem::at(
                span,
                "a date is written as \"2025-09-30\"",
                "year, month and day with hyphens, in quotation marks",
            ));
        }
        date
    };
    let reference = day(
        project.reference_date.get_ref(),
        project.reference_date.span(),
    );
    let [first, last] = project.period.get_ref();
    let start = day(first, project.period.span());
    let last = day(last, project.period.span());
    let (reference, start, last) = (reference?, start?, last?);
    let end = last.tomorrow().ok()?;
    if start >= end {
        problems.push(ConfigProblem::at(
            project.period.span(),
            "the period ends before it begins",
            "write the first and the last day of the year, both inclusive",
        ));
        return None;
    }
    if reference < start || reference >= end {
        problems.push(ConfigProblem::at(
            project.reference_date.span(),
            "the reference date lies outside the period",
            "the day of the stock must be one of the days of the year",
        ));
        return None;
    }
    Some(Dates {
        reference,
        start,
        end,
    })
}

fn salt(project: &Project, problems: &mut Vec<ConfigProblem>) -> Salt {
    let of_name = || Salt::of_project(&project.name);
    let Some(stated) = &project.salt else {
        return of_name();
    };
    Salt::from_hex(stated.get_ref()).unwrap_or_else(|| {
        problems.push(ConfigProblem::at(
            stated.span(),
            "a salt is 64 hexadecimal digits, in lower case",
            "`head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n'` draws one; it is public",
        ));
        of_name()
    })
}

/// Rules about sections that need each other.
fn whole(file: &PipelineFile, problems: &mut Vec<ConfigProblem>) {
    let mut missing = |what: &str, help: &str| {
        problems.push(ConfigProblem::nowhere(what.to_owned(), help));
    };
    match file.estimate.method {
        Method::Bold => {
            if file.estimate.bold.is_none() {
                missing(
                    "the method `bold` needs its published inputs",
                    "add [estimate.bold]; pipelines/bold-replay.toml shows it",
                );
            }
        }
        Method::Linked => {
            if file.key.is_none() {
                missing(
                    "there is no [key] section",
                    "add [key] with `file` and `purpose`",
                );
            }
            if file.source.is_empty() {
                missing(
                    "there is no [[source]] section",
                    "add one for each file of the extracts; pipelines/national.toml lists them",
                );
            }
            for kind in ["adult", "child"] {
                if !file.link.contains_key(kind) {
                    missing(
                        &format!("there is no [link.{kind}] section"),
                        "add it; it may be empty, and pipelines/rehearsal.toml shows one",
                    );
                }
            }
        }
    }
    if file.publish.formats.is_empty() {
        missing(
            "[publish] names no format",
            "leave `formats` out for all of them, or name some: parquet, csv, ods, ees",
        );
    }
    if file.table.is_empty() {
        missing(
            "there is no [[table]] section",
            "add one for each table to publish, such as id = \"T01\"",
        );
    }
    if let Some(key) = &file.key {
        key.check(problems);
    }
    if let Some(synth) = &file.synth {
        if !(synth.scale > 0.0 && synth.scale <= 4.0) {
            problems.push(ConfigProblem::at(
                synth.out.span(),
                "the scale of synthetic extracts is above 0 and at most 4",
                "1.0 is the nation, 0.02 the rehearsal",
            ));
        }
        if file
            .key
            .as_ref()
            .is_some_and(|k| k.purpose != Purpose::Rehearsal)
        {
            problems.push(ConfigProblem::nowhere(
                "synthetic extracts are linked with a key for rehearsal".to_owned(),
                "write purpose = \"rehearsal\" in [key]",
            ));
        }
    }
    names(file, problems);
}

fn names(file: &PipelineFile, problems: &mut Vec<ConfigProblem>) {
    let mut seen = std::collections::BTreeSet::new();
    for source in &file.source {
        let name = source.name.get_ref();
        let well_formed = name
            .split_once('.')
            .is_some_and(|(system, file)| is_word(system) && is_word(file));
        if !well_formed {
            problems.push(ConfigProblem::at(
                source.name.span(),
                "a source is named by its system and its file",
                "such as \"custody.offenders\": lower-case letters, digits and _",
            ));
        }
        if !seen.insert(name.clone()) {
            problems.push(ConfigProblem::at(
                source.name.span(),
                "two sources have this name",
                "give each file a name of its own",
            ));
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnose;

    const SMALL: &str = r#"
[project]
name = "test"
reference_date = "2025-09-30"
period = ["2024-10-01", "2025-09-30"]
[estimate]
method = "bold"
bold = { people_in_prison = 4, with_children_recorded = 2, with_children_adjusted = 3, children_per_family_hundredths = 177 }
[[table]]
id = "T01"
[protect]
mode = "published"
[publish]
title = "Test"
"#;

    fn parse(text: &str) -> Result<Pipeline, PipelineError> {
        Pipeline::parse(Path::new("pipelines/test.toml"), text.to_owned())
    }

    fn told(text: &str) -> String {
        let error = parse(text).expect_err("a problem");
        let all: Vec<String> = error
            .diagnostics()
            .iter()
            .map(|d| format!("{} {} | {}", d.code, d.what, d.help))
            .collect();
        all.join("\n")
    }

    #[test]
    fn a_period_is_inclusive_in_the_file_and_half_open_inside() {
        let p = parse(SMALL).expect("well formed");
        assert_eq!(p.dates.end, jiff::civil::date(2025, 10, 1));
    }

    #[test]
    fn an_unknown_key_is_told_with_the_one_meant() {
        let told = told(&SMALL.replace("reference_date", "refrence_date"));
        assert!(told.contains("KL-C-002"), "{told}");
        assert!(told.contains("did you mean `reference_date`"), "{told}");
    }

    #[test]
    fn all_problems_are_told_together() {
        let text = SMALL
            .replace("\"2025-09-30\"\nperiod", "\"30/09/2025\"\nperiod")
            .replace("method = \"bold\"", "method = \"linked\"")
            + "\n[link.adult]\npasses = [[\"surname\"]]\n";
        let told = told(&text);
        for part in [
            "a date is written",
            "there is no [key]",
            "there is no [[source]]",
            "[link.child]",
            "hashes a single identifier",
        ] {
            assert!(told.contains(part), "{part} not in {told}");
        }
    }

    #[test]
    fn noise_and_cell_keys_are_refused_and_not_left_out() {
        for mode in ["\"dp\"", "\"cell-key\""] {
            let told = told(&SMALL.replace("\"published\"", mode));
            assert!(told.contains("KL-C-008"), "{told}");
            assert!(told.contains("kinlink protect table"), "{told}");
        }
        for section in ["[protect.dp]\nrho = 0.1", "[protect.cell_key]\nD = 5"] {
            let text = SMALL.replace("[publish]", &format!("{section}\n[publish]"));
            let told = told(&text);
            assert!(told.contains("KL-C-008"), "{told}");
        }
    }

    #[test]
    fn a_reference_date_outside_the_period_is_refused() {
        let told = told(&SMALL.replace("\"2025-09-30\"\nperiod", "\"2025-10-01\"\nperiod"));
        assert!(told.contains("outside the period"), "{told}");
    }
}
