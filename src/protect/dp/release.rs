//! `kinlink protect table` with `[dp]`: from a specification and an input to files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::accounting::{Definition, Loss, PrivacyUnit, epsilon_of};
use super::domain::{Axis, Domain};
use super::error::DpError;
use super::files;
use super::input::{Columns, true_table};
use super::ledger::Book;
use super::meaning::{Meaning, meaning};
use super::measure::{Measurements, measure, release_id};
use super::noise_key::NoiseKey;
use super::plan::{Goal, Noise, Plan, Request};
use super::reconstruct::{NoisyTables, Reliability, reconstruct};
use super::section::{Codes, Section, Show, Source};
use crate::digest::Digest;
use crate::protect::error::{Problem, ProtectError};
use crate::protect::spec::Spec;
use crate::protect::standalone::read_hierarchy;

/// One table of a plan or release.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableLine {
    /// Its dimensions.
    pub table: String,
    /// Its cells.
    pub cells: usize,
    /// Its part of the budget, in millionths.
    pub share: u64,
    /// Its noise; none where finer tables tell as much.
    pub noise: Option<Noise>,
    /// The mean standard deviation of its cells, from all tables together.
    pub deviation: f64,
    /// The same as a 95 per cent margin, plus or minus.
    pub margin: f64,
    /// The least value with a coefficient of variation of at most 20 per cent.
    pub usable_from: f64,
}

/// What was released, and under which guarantee: `summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Released {
    /// `dp`.
    pub mode: &'static str,
    /// Whose presence is hidden.
    pub unit: PrivacyUnit,
    /// What makes two data sets neighbours.
    pub neighbours: &'static str,
    /// In how many rows a unit may be.
    pub contribution: u32,
    /// Who saw to that: `here`, or `elsewhere` where the specification vouches for it.
    pub bounded: &'static str,
    /// The loss of a unit, exactly.
    pub loss: Loss,
    /// The loss of one row, exactly.
    pub row_loss: Loss,
    /// ε of the loss at `delta`, rounded up; of a pure loss, ε itself.
    pub epsilon: String,
    /// δ; 0 for a pure loss.
    pub delta: String,
    /// What the loss means for one unit.
    pub meaning: Meaning,
    /// The keyed name of the release.
    pub release: String,
    /// What its owner calls it.
    pub label: String,
    /// The fingerprint of the key of the noise.
    pub key: String,
    /// The head of the ledger's chain after the release.
    pub ledger_head: Digest,
    /// SHA-256 of the stored measurements.
    pub measurements: Digest,
    /// What the plan made small.
    pub goal: Goal,
    /// Cells of all tables.
    pub cells: usize,
    /// Values of low reliability among them.
    pub low_reliability: usize,
    /// Values that are not shown.
    pub hidden: usize,
    /// The farthest that a whole number is from the real one it stands for.
    pub drift: f64,
    /// The tables.
    pub tables: Vec<TableLine>,
}

/// The plan of a specification. Reads lists of codes and hierarchies, no data.
///
/// # Errors
/// [`DpError`] where the specification has no `[dp]`, or it cannot be planned.
pub fn plan_of(spec: &Spec, spec_path: &Path) -> Result<Plan, DpError> {
    let section = section_of(spec, spec_path)?;
    let axes = spec
        .dimensions
        .iter()
        .map(|name| axis(spec, section, spec_path, name))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Plan::new(Request {
        domain: Domain::new(axes, &spec.tables)?,
        unit: section.unit,
        contribution: section.contribution,
        loss: section.loss.clone(),
        goal: section.goal,
    })?)
}

fn section_of<'a>(spec: &'a Spec, path: &Path) -> Result<&'a Section, DpError> {
    spec.dp.as_ref().ok_or_else(|| {
        wrong(
            path,
            "dp",
            "the specification has no section [dp]",
            "state the budget there",
        )
    })
}

fn wrong(path: &Path, key: &str, what: &str, help: &str) -> DpError {
    DpError::Protect(ProtectError::Spec {
        path: path.to_path_buf(),
        problems: vec![Problem {
            row: None,
            column: key.to_owned(),
            span: None,
            what: what.to_owned(),
            help: help.to_owned(),
        }],
    })
}

/// A dimension with its stated codes; of a hierarchy the finest codes, where none are stated.
fn axis(spec: &Spec, section: &Section, path: &Path, name: &str) -> Result<Axis, DpError> {
    let files: &[PathBuf] = spec.hierarchy.get(name).map_or(&[], Vec::as_slice);
    if files.len() > 1 {
        let what = "a dimension has several hierarchies, and noise is planned for one";
        let help = "keep one; give the other grouping as a dimension of its own";
        return Err(wrong(path, &format!("hierarchy.{name}"), what, help));
    }
    let above = match files.first() {
        Some(file) => read_hierarchy(file, name)?,
        None => BTreeMap::new(),
    };
    let leaves = match section.domain.get(name) {
        Some(Codes::Listed(codes)) => codes.clone(),
        Some(Codes::File(file)) => code_column(file)?,
        None => {
            let finest = above.keys().filter(|c| !above.values().any(|p| p == *c));
            finest.cloned().collect()
        }
    };
    if leaves.is_empty() {
        let what = "the codes of a dimension are not stated";
        let help = "list them all in [dp.domain], also those that nobody has: a code that stands \
                    in the table because somebody has it tells of that person";
        return Err(wrong(path, &format!("dp.domain.{name}"), what, help));
    }
    Ok(Axis::new(name, &leaves, &above)?)
}

fn code_column(path: &Path) -> Result<Vec<String>, DpError> {
    let text = std::fs::read_to_string(path).map_err(DpError::io(path))?;
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let at = reader
        .headers()
        .ok()
        .and_then(|h| h.iter().position(|c| c == "code"));
    let Some(at) = at else {
        let (what, help) = (
            "the list of codes has no column code",
            "name the column code",
        );
        return Err(wrong(path, "code", what, help));
    };
    let cells = reader.records().map(|r| r.ok()?.get(at).map(str::to_owned));
    cells
        .collect::<Option<Vec<String>>>()
        .ok_or_else(|| wrong(path, "code", "a row of the list cannot be read", "mend it"))
}

/// Releases the tables of a specification into a new folder: pays, measures, reconstructs, writes.
/// The same table, plan, label and key again give the same files and pay nothing.
///
/// # Errors
/// [`DpError`]. Where the budget does not suffice nothing is measured.
pub fn release_table(
    input: &Path,
    spec: &Spec,
    spec_path: &Path,
    out: &Path,
) -> Result<Released, DpError> {
    if out.exists() {
        return Err(DpError::Protect(ProtectError::Exists {
            path: out.to_path_buf(),
        }));
    }
    let section = section_of(spec, spec_path)?;
    if matches!(section.source, Source::Rows { .. }) && spec.count.is_some() {
        let what = "`unit_id` names the unit of a row, and `count` says that a row is many";
        let help = "give rows of people without `count`, or counts with `bounded = true`";
        return Err(wrong(spec_path, "dp.unit_id", what, help));
    }
    let plan = plan_of(spec, spec_path)?;
    let key = NoiseKey::of(&section.key.load()?);
    let columns = Columns {
        dimensions: &spec.dimensions,
        count: spec.count.as_deref(),
        source: &section.source,
    };
    let domain = plan.domain().clone();
    let (table, left_out) = true_table(input, domain, &columns, section.contribution, &key)?;
    let mut book = Book::open(&section.ledger)?;
    let release = release_id(&table, &plan, &section.release, &key);
    let reservation = book.reserve(&release, &section.release, &plan, &key)?;
    let measurements = match book.recall(&reservation)? {
        Some(stored) => stored,
        None => measure(table, &plan, &key, &reservation)?,
    };
    let digest = book.commit(reservation, &measurements)?;
    let mut tables = reconstruct(&measurements);
    if let Some(least) = section.hide_below {
        tables.hide_below(least);
    }
    if section.unreliable == Show::Hide {
        tables.hide_unreliable();
    }
    let head = book.account().head;
    let released = summary(section, &measurements, &tables, (head, digest), &key);
    files::write(out, &tables, &measurements, &released, left_out)?;
    Ok(released)
}

fn summary(
    section: &Section,
    measurements: &Measurements,
    tables: &NoisyTables,
    (ledger_head, digest): (Digest, Digest),
    key: &NoiseKey,
) -> Released {
    let plan = measurements.plan();
    let loss = plan.loss();
    let (epsilon, delta) = epsilon_delta(&loss, section);
    let row_loss = loss.of_one_row(plan.contribution().rows());
    let shown = || files::shown(tables);
    Released {
        mode: "dp",
        unit: plan.unit(),
        neighbours: "one unit more or less, with all its rows",
        contribution: plan.contribution().rows(),
        bounded: match section.source {
            Source::Rows { .. } => "here",
            Source::Bounded => "elsewhere",
        },
        row_loss: row_loss.unwrap_or_else(|| loss.clone()),
        meaning: meaning(&loss),
        loss,
        epsilon,
        delta,
        release: measurements.release().to_string(),
        label: section.release.clone(),
        key: key.fingerprint().to_string(),
        ledger_head,
        measurements: digest,
        goal: plan.goal(),
        cells: shown().count(),
        low_reliability: shown()
            .filter(|(t, i, _)| t.reliability[*i] == Reliability::Low)
            .count(),
        hidden: shown().filter(|(t, i, _)| t.value[*i].is_none()).count(),
        drift: (tables.drift() * 1000.0).round() / 1000.0,
        tables: table_lines(plan),
    }
}

/// ε and δ as they are printed.
pub(super) fn epsilon_delta(loss: &Loss, section: &Section) -> (String, String) {
    match loss {
        Loss::Zcdp(l) => (
            epsilon_of(l, &section.delta).decimal_up(6),
            section.delta.ratio().to_string(),
        ),
        Loss::Pure(l) => (l.epsilon().decimal_up(6), "0".to_owned()),
    }
}

/// The tables of a plan, with what their noise means for a reader.
pub fn table_lines(plan: &Plan) -> Vec<TableLine> {
    let points = match plan.definition() {
        Definition::Zcdp => 1.96,
        Definition::Pure => 2.12,
    };
    let round = |x: f64| (x * 1000.0).round() / 1000.0;
    plan.domain()
        .tables()
        .iter()
        .zip(plan.shares())
        .zip(plan.noise())
        .zip(plan.standard_deviations())
        .map(|(((levels, share), noise), deviation)| TableLine {
            table: plan.domain().title(levels),
            cells: plan.domain().cells(levels),
            share: *share,
            noise: noise.clone(),
            deviation: round(deviation),
            margin: round(points * deviation),
            usable_from: (deviation * 5.0).ceil(),
        })
        .collect()
}
