//! What follows from a release together with earlier ones about the same people.
//!
//! The tables of a concept and a measure become one system, this release's beside every earlier
//! one's: a cell that stands in several is one cell. The auditor of `protect` then looks for hidden
//! cells whose bounds are too close. Rounded counts are taken as the ranges that their base allows.
//! Where an earlier release says other numbers, because data were corrected, the two have no common
//! solution; then a cell that is hidden in one and shown in the other is refused, and so on the
//! safe side.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::check::{Refusal, Rule, counted, is_count};
use super::error::ReleaseError;
use super::limits::Limits;
use crate::protect::{ProtectError, Published, Rounding, Rules, Spec, audit_release};
use crate::publish::report::{ReleaseView, ReleasedTable};
use crate::schema::published::{self, Concept, Status, TOTAL, TableDef};

/// A release that was published before.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// Its id.
    pub id: String,
    /// What it says.
    pub view: ReleaseView,
}

/// Tables that are audited together: by area, or by everything else with the countries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Together {
    /// National, regional and local tables.
    Areas,
    /// Age, parent, sentence, time apart.
    People,
}

impl Together {
    fn holds(self, id: &str) -> bool {
        match self {
            Together::Areas => ["T01", "T03", "T06", "T07"].contains(&id),
            Together::People => !["T06", "T07"].contains(&id),
        }
    }
}

/// Audits; gives how many audits there were.
pub(super) fn differences(
    view: &ReleaseView,
    earlier: &[Earlier],
    limits: &Limits,
    refusals: &mut Vec<Refusal>,
) -> Result<usize, ReleaseError> {
    if earlier.is_empty() {
        return Ok(0);
    }
    for one in earlier {
        turned(view, one, refusals);
    }
    let concepts: BTreeSet<(Concept, String)> = view
        .tables()
        .iter()
        .flat_map(counted)
        .filter(|(_, measure)| measure == "children" || measure == "parents")
        .collect();
    let mut audits = 0;
    for (concept, measure) in &concepts {
        for together in [Together::Areas, Together::People] {
            let case = Case {
                view,
                earlier,
                concept: *concept,
                measure,
                together,
            };
            if let Some(found) = case.audit(limits)? {
                audits += 1;
                refusals.extend(found);
            }
        }
    }
    Ok(audits)
}

/// A cell whatever table it stands in: concept, measure, and its codes by variable without totals.
type CellKey = (Concept, String, BTreeMap<String, String>);

/// The cells of a release that hold counts, with what it says of each: a cell that is shown in one
/// table is shown.
fn cells(view: &ReleaseView) -> BTreeMap<CellKey, (Status, String)> {
    let mut out: BTreeMap<CellKey, (Status, String)> = BTreeMap::new();
    for table in view.tables() {
        let definition = published::table(&table.id);
        if definition.is_some_and(|d| d.built_from.is_some()) {
            continue;
        }
        let variable = |name: &str| {
            let known = definition.and_then(|d| d.dimension(name));
            known.map_or_else(|| name.to_owned(), |d| d.variable.clone())
        };
        for row in table.rows.iter().filter(|r| is_count(table, &r.measure)) {
            let codes = table.dimensions.iter().zip(&row.codes);
            let codes = codes.filter(|(_, code)| *code != TOTAL);
            let codes = codes
                .map(|(d, code)| (variable(&d.name), code.clone()))
                .collect();
            let said = out
                .entry((row.concept, row.measure.clone(), codes))
                .or_insert((row.status, table.id.clone()));
            if matches!(row.status, Status::Observed | Status::Low) {
                said.0 = row.status;
            }
        }
    }
    out
}

/// Cells that are hidden in one release and shown in another, in whatever table.
fn turned(view: &ReleaseView, earlier: &Earlier, refusals: &mut Vec<Refusal>) {
    let before = cells(&earlier.view);
    let mut shown_now: BTreeMap<String, usize> = BTreeMap::new();
    let mut hidden_now: BTreeMap<String, usize> = BTreeMap::new();
    for (key, (status, table)) in cells(view) {
        match (before.get(&key).map(|(s, _)| *s), status) {
            (Some(Status::C), Status::Observed | Status::Low) => {
                *shown_now.entry(table).or_default() += 1;
            }
            (Some(Status::Observed | Status::Low), Status::C) => {
                *hidden_now.entry(table).or_default() += 1;
            }
            _ => {}
        }
    }
    let id = &earlier.id;
    let mut refuse = |table: String, what: String, help| {
        refusals.push(Refusal {
            rule: Rule::Differencing,
            file: PathBuf::from(format!("tables/{table}.parquet")),
            what,
            help,
        });
    };
    for (table, n) in shown_now {
        let what = format!("{n} cells that {id} hides are shown");
        refuse(
            table,
            what,
            "hide what was hidden before, or other cells follow by subtraction",
        );
    }
    for (table, n) in hidden_now {
        let what = format!("{n} hidden cells are shown in {id}");
        refuse(table, what, "hide other cells: these are known already");
    }
}

struct Case<'a> {
    view: &'a ReleaseView,
    earlier: &'a [Earlier],
    concept: Concept,
    measure: &'a str,
    together: Together,
}

impl Case<'_> {
    /// One audit; none where there is nothing to audit.
    fn audit(&self, limits: &Limits) -> Result<Option<Vec<Refusal>>, ReleaseError> {
        let folder = tempfile::tempdir().map_err(|source| ReleaseError::Io {
            path: std::env::temp_dir(),
            source,
        })?;
        let now = self.sheets(self.view, folder.path(), "now")?;
        let mut known = Vec::new();
        for (i, one) in self.earlier.iter().enumerate() {
            known.extend(self.sheets(&one.view, folder.path(), &format!("before-{i}"))?);
        }
        let hides = self.tables(self.view).any(|(t, _)| {
            let mut rows = t.rows.iter();
            rows.any(|r| r.concept == self.concept && r.status == Status::C)
        });
        if now.is_empty() || known.is_empty() || !hides {
            return Ok(None);
        }
        let spec = self.spec(folder.path(), limits)?;
        let refusal = |what: String| Refusal {
            rule: Rule::Differencing,
            file: PathBuf::from("tables"),
            what,
            help: "look at both releases with `kinlink protect audit`, and hide more cells",
        };
        let ids: Vec<&str> = self.earlier.iter().map(|e| e.id.as_str()).collect();
        match audit_release(&now, &known, &spec) {
            Ok(found) if found.exposed == 0 => Ok(Some(Vec::new())),
            Ok(found) => Ok(Some(vec![refusal(format!(
                "{} hidden cells of the {} by {} follow from this release and {}",
                found.exposed,
                self.measure,
                self.concept.word(),
                ids.join(", ")
            ))])),
            // Other numbers for the same cells: corrected data. `turned` has looked at the cells.
            Err(ProtectError::Contradiction { .. }) => Ok(Some(Vec::new())),
            Err(other) => Err(other.into()),
        }
    }

    /// The tables of a release that take part.
    fn tables<'v>(
        &self,
        view: &'v ReleaseView,
    ) -> impl Iterator<Item = (&'v ReleasedTable, &'static TableDef)> {
        let together = self.together;
        let known = view.tables().iter().filter_map(|t| {
            let definition = published::table(&t.id)?;
            definition.built_from.is_none().then_some((t, definition))
        });
        known.filter(move |(t, _)| together.holds(&t.id))
    }

    /// Writes the tables of a release as the auditor reads them, a column a variable.
    fn sheets(
        &self,
        view: &ReleaseView,
        folder: &Path,
        name: &str,
    ) -> Result<Vec<PathBuf>, ReleaseError> {
        let mut out = Vec::new();
        for (table, definition) in self.tables(view) {
            let rows = table
                .rows
                .iter()
                .filter(|r| r.concept == self.concept && r.measure == self.measure);
            let mut heads: Vec<&str> = definition
                .dimensions
                .iter()
                .map(|d| d.variable.as_str())
                .collect();
            heads.extend(["value", "status"]);
            let path = folder.join(format!("{name}-{}.csv", table.id));
            let mut text = format!("{}\n", heads.join(","));
            let mut any = false;
            for row in rows {
                any = true;
                let value = row.value.map_or_else(String::new, |v| format!("{v}"));
                let status = match row.status {
                    Status::Observed => "",
                    other => other.word(),
                };
                text.push_str(&format!("{},{value},{status}\n", row.codes.join(",")));
            }
            if any {
                write(&path, &text)?;
                out.push(path);
            }
        }
        Ok(out)
    }

    fn spec(&self, folder: &Path, limits: &Limits) -> Result<Spec, ReleaseError> {
        let mut dimensions: Vec<String> = Vec::new();
        let mut tables: Vec<Vec<String>> = Vec::new();
        let mut parents: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut base = 1;
        for (table, definition) in self.tables(self.view) {
            base = base.max(table.rounding.unwrap_or(1));
            let mut of = Vec::new();
            for dimension in &definition.dimensions {
                of.push(dimension.variable.clone());
                if !dimensions.contains(&dimension.variable) {
                    dimensions.push(dimension.variable.clone());
                }
                let map = parents.entry(dimension.variable.clone()).or_default();
                for code in &dimension.codes {
                    let parent = code.parent.clone().unwrap_or_else(|| TOTAL.to_owned());
                    map.insert(code.code.clone(), parent);
                }
            }
            if !tables.contains(&of) {
                tables.push(of);
            }
        }
        let mut hierarchy = BTreeMap::new();
        for (variable, map) in parents {
            let below = map.iter().filter(|(_, parent)| *parent != TOTAL);
            let lines: String = below.map(|(c, p)| format!("{c},{p}\n")).collect();
            if !lines.is_empty() {
                let path = folder.join(format!("hierarchy-{variable}.csv"));
                write(&path, &format!("child,parent\n{lines}"))?;
                hierarchy.insert(variable, vec![path]);
            }
        }
        Ok(Spec {
            dimensions,
            count: None,
            tables,
            hierarchy,
            suppress: true,
            rules: Rules {
                min_frequency: limits.least_count,
                ..Rules::default()
            },
            rounding: (base > 1).then_some(Rounding { base }),
            rounding_method: Default::default(),
            rounding_seed: String::new(),
            cell_key: None,
            must_show: Vec::new(),
            class: Vec::new(),
            dominance: Default::default(),
            profiles: Vec::new(),
            dp: None,
            has_tables: true,
            published: Published::default(),
        })
    }
}

fn write(path: &Path, text: &str) -> Result<(), ReleaseError> {
    std::fs::write(path, text).map_err(|source| ReleaseError::Io {
        path: path.to_path_buf(),
        source,
    })
}
