//! The rules of a release, each read from the files as a reader gets them. All refusals are told in
//! one go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::differencing::{Earlier, differences};
use super::error::ReleaseError;
use super::limits::{KINDS, Limits};
use crate::publish::report::{ReleaseView, ReleasedRow, ReleasedTable, Sums};
use crate::schema::published::{Concept, Status};

/// A rule of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Every file is listed in SHA256SUMS, and nothing else is there.
    Files,
    /// Only known kinds of files.
    Kind,
    /// Files and tables have a size that can be looked through.
    Size,
    /// Counts are rounded.
    Rounded,
    /// Small counts are hidden.
    Small,
    /// Every table and column says what it is.
    Context,
    /// CSV and Parquet say the same.
    Agree,
    /// Nothing hidden follows from an earlier release.
    Differencing,
}

impl Rule {
    /// The rule as a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Rule::Files => "every file stands in SHA256SUMS, and nothing else is in the folder",
            Rule::Kind => "only Parquet, CSV, JSON, text, HTML and spreadsheets are released",
            Rule::Size => "files and tables are small enough to be looked through",
            Rule::Rounded => "counts are rounded to the base that the table states, at least 5",
            Rule::Small => "counts from 1 to one below the threshold are hidden",
            Rule::Context => {
                "every table has title, subtitle, population and units, every column a meaning"
            }
            Rule::Agree => "the CSV of a table gives the values and symbols of its Parquet",
            Rule::Differencing => "nothing hidden follows from this release and an earlier one",
        }
    }
}

/// A reason to refuse a release. It names places and no hidden value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// The file, relative to the release.
    pub file: PathBuf,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: &'static str,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// The release's id.
    pub id: String,
    /// `rehearsal` or `production`.
    pub purpose: String,
    /// Files.
    pub files: usize,
    /// Tables.
    pub tables: usize,
    /// Cells of counts looked at.
    pub counts: usize,
    /// Earlier releases about the same people, audited together with this one.
    pub earlier: Vec<String>,
    /// Releases of other periods on the shelf, which are about other people or days.
    pub other_periods: usize,
    /// Audits of tables that share cells.
    pub audits: usize,
    /// Every reason to refuse it.
    pub refusals: Vec<Refusal>,
}

/// Checks a release, against earlier ones about the same people where there are any.
///
/// # Errors
/// A release that cannot be read, or whose files are not as recorded. Rules that are broken are no
/// errors but [`Checked::refusals`].
pub fn check(
    release: &Path,
    limits: &Limits,
    earlier: &[Earlier],
    other_periods: usize,
) -> Result<Checked, ReleaseError> {
    let sums = Sums::read(release)?;
    let view = ReleaseView::open(release)?;
    let mut refusals = Vec::new();
    let files = files(release, &sums, limits, &mut refusals)?;
    let mut counts = 0;
    for table in view.tables() {
        counts += figures(table, limits, &mut refusals);
        agree(release, table, &mut refusals)?;
    }
    context(release, &view, &sums, &mut refusals)?;
    quality(&view, limits, &mut refusals);
    let audits = differences(&view, earlier, limits, &mut refusals)?;
    refusals.sort_by(|a, b| (a.rule, &a.file, &a.what).cmp(&(b.rule, &b.file, &b.what)));
    Ok(Checked {
        id: view.about().id.clone(),
        purpose: view.about().purpose.clone(),
        files,
        tables: view.tables().len(),
        counts,
        earlier: earlier.iter().map(|e| e.id.clone()).collect(),
        other_periods,
        audits,
        refusals,
    })
}

/// Every file: is it listed, as recorded, of a kind and of a size that is let out?
fn files(
    release: &Path,
    sums: &Sums,
    limits: &Limits,
    refusals: &mut Vec<Refusal>,
) -> Result<usize, ReleaseError> {
    let there = crate::pipeline::files_below(release)?;
    for file in &there {
        let mut refuse = |rule, what: String, help| {
            refusals.push(Refusal {
                rule,
                file: file.clone(),
                what,
                help,
            });
        };
        let path = release.join(file);
        let meta = std::fs::symlink_metadata(&path).map_err(|source| ReleaseError::Io {
            path: path.clone(),
            source,
        })?;
        if !meta.is_file() {
            let what = "it is a link or a device, not a file".to_owned();
            refuse(Rule::Files, what, "publish the run again");
            continue;
        }
        if file != Path::new("SHA256SUMS") {
            if sums.digest(file).is_none() {
                let what = "it is not listed in SHA256SUMS".to_owned();
                refuse(Rule::Files, what, "take it out, or publish the run again");
            }
            let ending = file.extension().and_then(|e| e.to_str()).unwrap_or("");
            if !KINDS.contains(&ending) {
                let what = format!("files of the kind `{ending}` are not released");
                refuse(Rule::Kind, what, "take it out, and publish the run again");
            }
            if sums.digest(file).is_some() {
                sums.checked(release, file)?;
            }
        }
        if meta.len() > limits.bytes {
            let what = format!("it has {} bytes, more than {}", meta.len(), limits.bytes);
            refuse(Rule::Size, what, "publish fewer or coarser tables");
        }
    }
    for listed in sums.paths().filter(|p| !there.iter().any(|t| t == p)) {
        refusals.push(Refusal {
            rule: Rule::Files,
            file: listed.to_path_buf(),
            what: "it is listed in SHA256SUMS and is not there".to_owned(),
            help: "publish the run again",
        });
    }
    Ok(there.len())
}

/// Is a measure a count of people of this release, by its unit? Earlier published figures are none.
pub(super) fn is_count(table: &ReleasedTable, measure: &str) -> bool {
    let unit = table.unit(measure);
    measure != "earlier_children" && (unit == "children" || unit == "parents")
        || measure == "children_estimated"
}

/// The counts of a table; gives how many there are.
fn figures(table: &ReleasedTable, limits: &Limits, refusals: &mut Vec<Refusal>) -> usize {
    let file = PathBuf::from(format!("tables/{}.parquet", table.id));
    let rows = u64::try_from(table.rows.len()).unwrap_or(u64::MAX);
    let mut refuse = |rule, what: String, help| {
        refusals.push(Refusal {
            rule,
            file: file.clone(),
            what,
            help,
        });
    };
    if rows > limits.rows {
        let what = format!("{} has {rows} rows, more than {}", table.id, limits.rows);
        refuse(
            Rule::Size,
            what,
            "publish a coarser table, or raise the limit with a reason",
        );
    }
    let own = table.rows.iter().filter(|r| is_count(table, &r.measure));
    let own: Vec<&ReleasedRow> = own.collect();
    let base = table.rounding.unwrap_or(1);
    if base < limits.least_base && own.iter().any(|r| r.value.is_some()) {
        let what = format!(
            "{} is rounded to {base}, less than {}",
            table.id, limits.least_base
        );
        refuse(
            Rule::Rounded,
            what,
            "state a base with round_to in [[table]]",
        );
    }
    let numbers = |r: &ReleasedRow| {
        let ends = r.interval.map(|(low, high)| [low, high]);
        let all = r.value.into_iter().chain(ends.into_iter().flatten());
        all.collect::<Vec<f64>>()
    };
    let step = crate::publish::report::real(base.max(1));
    let off = |v: f64| (v / step).fract() != 0.0;
    let unrounded = own
        .iter()
        .filter(|r| numbers(r).into_iter().any(off))
        .count();
    if unrounded > 0 {
        let what = format!("{unrounded} rows of {} are not rounded to {base}", table.id);
        refuse(Rule::Rounded, what, "protect and publish the run again");
    }
    let least = crate::publish::report::real(limits.least_count);
    // Small is what every count that rounds to the value would be.
    let up = ((step - 1.0) / 2.0).floor();
    let small = |r: &&&ReleasedRow| r.value.is_some_and(|v| v > 0.0 && v + up < least);
    let small = own.iter().filter(small).count();
    if small > 0 {
        let what = format!("{small} rows of {} are small counts", table.id);
        refuse(
            Rule::Small,
            what,
            "protect the table: its definition needs a rule for small counts",
        );
    }
    let unsaid = table
        .rows
        .iter()
        .filter(|r| r.value.is_some() != (r.status == Status::Observed))
        .count();
    if unsaid > 0 {
        let what = format!(
            "{unsaid} rows of {} have a value and a symbol, or neither",
            table.id
        );
        refuse(Rule::Small, what, "publish the run again");
    }
    own.len()
}

/// Does the CSV say what the Parquet says?
fn agree(
    release: &Path,
    table: &ReleasedTable,
    refusals: &mut Vec<Refusal>,
) -> Result<(), ReleaseError> {
    let file = PathBuf::from(format!("tables/{}.csv", table.id));
    let path = release.join(&file);
    if !path.exists() {
        return Ok(());
    }
    let text = std::fs::read_to_string(&path).map_err(|source| ReleaseError::Io {
        path: path.clone(),
        source,
    })?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().cloned().unwrap_or_default();
    let at = |name: &str| heads.iter().position(|h| h == name);
    let places: Option<Vec<usize>> = table.dimensions.iter().map(|d| at(&d.name)).collect();
    let found: Option<BTreeMap<Vec<String>, String>> = (|| {
        let (concept, measure, value) = (at("concept")?, at("measure")?, at("value")?);
        let places = places?;
        let mut rows = BTreeMap::new();
        for record in reader.records() {
            let record = record.ok()?;
            let cell = |i: usize| record.get(i).map(str::to_owned);
            let mut key: Vec<String> = places.iter().map(|i| cell(*i)).collect::<Option<_>>()?;
            key.extend([cell(concept)?, cell(measure)?]);
            rows.insert(key, cell(value)?);
        }
        Some(rows)
    })();
    let differ = match &found {
        None => table.rows.len(),
        Some(rows) => {
            let same = |r: &&ReleasedRow| {
                let mut key = r.codes.clone();
                key.extend([r.concept.word().to_owned(), r.measure.clone()]);
                let said = r
                    .value
                    .map_or_else(|| r.status.word().to_owned(), |v| format!("{v}"));
                rows.get(&key) == Some(&said)
            };
            let agreeing = table.rows.iter().filter(same).count();
            table.rows.len().max(rows.len()) - agreeing
        }
    };
    if differ > 0 {
        refusals.push(Refusal {
            rule: Rule::Agree,
            file,
            what: format!(
                "{differ} rows of {} differ between CSV and Parquet",
                table.id
            ),
            help: "publish the run again",
        });
    }
    Ok(())
}

/// What every table must say of itself, and the package of every file.
fn context(
    release: &Path,
    view: &ReleaseView,
    sums: &Sums,
    refusals: &mut Vec<Refusal>,
) -> Result<(), ReleaseError> {
    let file = PathBuf::from("datapackage.json");
    let package: Option<Value> = sums.json(release, &file)?;
    let package = package.unwrap_or_default();
    let mut refuse = |file: &Path, what: String| {
        refusals.push(Refusal {
            rule: Rule::Context,
            file: file.to_path_buf(),
            what,
            help: "complete the definition of the table, and publish the run again",
        });
    };
    let about = view.about();
    for (name, text) in [
        ("title", &about.title),
        ("label", &about.label),
        ("reference date", &about.reference_date),
        ("period", &about.period),
    ] {
        if text.trim().is_empty() {
            refuse(&file, format!("the release has no {name}"));
        }
    }
    let none = Vec::new();
    let resources = package["resources"].as_array().unwrap_or(&none);
    let mut described = BTreeSet::new();
    for resource in resources {
        let path = resource["path"].as_str().unwrap_or_default();
        described.insert(PathBuf::from(path));
        // Other forms of the same tables (a spreadsheet, files of a service) have it from them.
        if !path.starts_with("tables/") {
            continue;
        }
        let missing = missing_context(resource);
        if !missing.is_empty() {
            let what = format!("{} lacks {}", path, missing.join(", "));
            refuse(&file, what);
        }
    }
    let data = |p: &Path| p.extension().is_some_and(|e| e == "csv" || e == "parquet");
    let tables = sums.paths().filter(|p| p.starts_with("tables") && data(p));
    for path in tables.filter(|p| !described.contains(*p)) {
        refuse(path, "datapackage.json does not describe it".to_owned());
    }
    Ok(())
}

fn missing_context(resource: &Value) -> Vec<String> {
    let empty = |v: &Value| match v {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    let mut out: Vec<String> = [
        "title",
        "description",
        "kinlink:population",
        "kinlink:concepts",
        "kinlink:units",
        "kinlink:notice",
    ]
    .into_iter()
    .filter(|key| empty(&resource[*key]))
    .map(|key| key.trim_start_matches("kinlink:").to_owned())
    .collect();
    let none = Vec::new();
    let fields = resource["schema"]["fields"].as_array().unwrap_or(&none);
    if fields.is_empty() {
        out.push("columns".to_owned());
    }
    for field in fields {
        for key in ["description", "kinlink:unit"] {
            if empty(&field[key]) {
                let name = field["name"].as_str().unwrap_or("a column");
                let what = key.trim_start_matches("kinlink:");
                out.push(format!("the {what} of {name}"));
            }
        }
    }
    out
}

/// The counts of `quality.json`.
fn quality(view: &ReleaseView, limits: &Limits, refusals: &mut Vec<Refusal>) {
    let quality = view.quality();
    let estimates = quality.estimates.iter();
    let linked = estimates.clone().filter_map(|e| e.linked);
    let estimates = estimates.flat_map(|e| [e.estimate, e.lower, e.upper]);
    let records = quality.losses.iter().map(|l| l.records);
    let groups = quality.linkage.iter().map(|g| g.records);
    let pairs = quality.histories.iter().map(|h| h.pairs);
    let step = crate::publish::report::real(limits.least_base);
    let off = linked
        .chain(estimates)
        .chain(records)
        .chain(groups)
        .chain(pairs)
        .filter(|v| (v / step).fract() != 0.0)
        .count();
    if off > 0 {
        refusals.push(Refusal {
            rule: Rule::Rounded,
            file: PathBuf::from("quality.json"),
            what: format!("{off} counts are not rounded to {}", limits.least_base),
            help: "publish the run again with this version",
        });
    }
}

/// All concepts that a table gives a count in.
pub(super) fn counted(table: &ReleasedTable) -> BTreeSet<(Concept, String)> {
    let rows = table.rows.iter().filter(|r| is_count(table, &r.measure));
    rows.map(|r| (r.concept, r.measure.clone())).collect()
}
