//! `kinlink protect audit`: what an attacker can learn from published tables, ours or another's.
//!
//! All tables of a release, and the releases before it, become one system: a cell that stands in
//! several is one cell, and what each says of it must hold together. The bounds of every hidden
//! cell follow; a cell is exposed where they are closer than the rules allow, and a certificate
//! names the published cells that give it away.

mod case;
mod exposed;
mod owners;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use self::case::Case;
use self::exposed::exposures;
pub use self::owners::{Counts, Owners};
use self::owners::{Learnt, learnt};
use super::attacker::{Attack, Certificate};
use super::error::ProtectError;
use super::exact::{rounded, signed};
use super::rules::{Attacker, Rules, Zeros};
use super::spec::Spec;
use super::system::place;

/// Bounds are computed exactly for all hidden cells where there are no more than this.
const MOST_EXACT: usize = 2_000;
/// At most so many certificates are worked out.
const CERTIFICATES: usize = 100;

/// Why a cell is exposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A hidden cell has a single possible value.
    Exact,
    /// The bounds of a small count are closer than the width asked for.
    Narrow,
    /// A small count that stands in no table follows from what does.
    Implied,
    /// The true count behind a rounded number follows, and it is small.
    Unpicked,
    /// A small count is too well known to the people of other hidden cells, and to nobody else.
    Owner,
}

/// A published cell in a certificate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// Its codes, by dimension.
    pub cell: BTreeMap<String, String>,
    /// How many times it is counted; below 0 it is subtracted.
    pub times: f64,
}

/// The published cells that give a bound away.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proof {
    /// The bound: the sum of the terms.
    pub bound: f64,
    /// Published cells; for owners, their own cells too.
    pub published: Vec<Term>,
    /// Hidden cells of which the attacker knows the least or greatest value.
    pub limits: Vec<Term>,
}

/// A hidden cell with the count that its people know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Own {
    /// Its codes, by dimension.
    pub cell: BTreeMap<String, String>,
    /// Its count.
    pub count: i64,
}

/// The bounds of a hidden cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellBounds {
    /// Its codes, by dimension.
    pub cell: BTreeMap<String, String>,
    /// Least value; none where it was not computed exactly.
    pub lower: Option<f64>,
    /// Greatest value; none where nothing limits it, or it was not computed exactly.
    pub upper: Option<f64>,
    /// Why it is exposed, if it is.
    pub exposed: Option<Kind>,
    /// To whom: the cells that they make up, with the counts that they know. The bounds are theirs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<Own>,
    /// What gives the least value away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Proof>,
    /// What gives the greatest value away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Proof>,
}

/// What an audit of published tables found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReleaseAudit {
    /// What the attacker is taken to know, in words.
    pub attacker: String,
    /// Least distance between the bounds of a small count.
    pub width: u64,
    /// Tables of the release.
    pub tables: usize,
    /// Tables that were known before.
    pub earlier: usize,
    /// Cells of the system, published or not.
    pub cells: usize,
    /// Hidden cells.
    pub hidden: usize,
    /// Hidden cells that are marked as small counts; none where no table marks them.
    pub primary: Option<usize>,
    /// Components of cells that hang together, and the size of the largest.
    pub largest_component: usize,
    /// Linear programs solved.
    pub programs: usize,
    /// The owners of cells that were looked at; none where the attacker owns none.
    pub owners: Option<Owners>,
    /// Exposed cells.
    pub exposed: usize,
    /// Exposed cells by kind.
    pub by_kind: BTreeMap<Kind, usize>,
    /// Every exposed cell, and every hidden cell where they are few.
    pub bounds: Vec<CellBounds>,
}

/// What an attacker is taken to know, in words.
pub(crate) fn attacker_in_words(rules: &Rules) -> String {
    let owner = match (rules.attacker, rules.owns()) {
        (Attacker::Singleton, _) => "; and who is alone in a cell and knows it".to_owned(),
        (Attacker::Group, Some(n)) => format!("; and, with others, {n} in all, makes up a cell"),
        _ => String::new(),
    };
    match (rules.attacker, rules.zeros) {
        (Attacker::Outsider, _) => "an outsider: hidden counts are at least 0".to_owned(),
        (_, Zeros::Hidden) => {
            "one who knows the rule: zeros are hidden too, so that hidden counts are at least 0"
                .to_owned()
                + &owner
        }
        (_, Zeros::Open) => {
            "one who knows the rule: hidden counts are at least 1".to_owned() + &owner
        }
    }
}

/// Audits published tables together with those that were known before.
pub fn audit_release(
    tables: &[PathBuf],
    known: &[PathBuf],
    spec: &Spec,
) -> Result<ReleaseAudit, ProtectError> {
    let case = case::read(tables, known, spec)?;
    let contradiction = || ProtectError::Contradiction {
        path: tables.first().cloned().unwrap_or_default(),
    };
    let mut attack =
        Attack::new(&case.system, case.range.clone(), None).map_err(|_| contradiction())?;
    if case.system.len() <= 200_000 && !attack.is_possible() {
        return Err(contradiction());
    }
    let mut exposed = exposures(&case, &mut attack, spec);
    let lesson = learnt(&case, &attack, &exposed, spec)?;
    let programs = lesson.as_ref().map_or(0, |l| l.programs);
    let owners = lesson.as_ref().map(|l| l.owners.clone());
    let mut learnt = lesson.map(|l| l.learnt).unwrap_or_default();
    exposed.extend(learnt.keys().map(|c| (*c, Kind::Owner)));
    let mut bounds = Vec::new();
    let hidden: Vec<u32> = cells(&case.hidden);
    let all = hidden.len() <= MOST_EXACT;
    let mut told: BTreeSet<u32> = exposed.keys().copied().collect();
    if all {
        told.extend(&hidden);
    }
    for (position, cell) in told.into_iter().enumerate() {
        let kind = exposed.get(&cell).copied();
        if let Some(learnt) = learnt.remove(&cell) {
            bounds.push(to_owners(&case, spec, cell, learnt));
            continue;
        }
        let computed = all || position < MOST_EXACT;
        let (lower, upper) = if computed {
            attack.bounds(cell)
        } else {
            (f64::NAN, f64::NAN)
        };
        let certified = kind.is_some() && bounds.len() < CERTIFICATES;
        let proof = |attack: &mut Attack<'_>, up| {
            let found = certified.then(|| attack.certificate(cell, up)).flatten();
            found.map(|c| proof(&case, spec, c))
        };
        bounds.push(CellBounds {
            cell: named(&case, spec, cell),
            lower: finite(lower),
            upper: finite(upper),
            exposed: kind,
            owners: Vec::new(),
            at_least: proof(&mut attack, false),
            at_most: proof(&mut attack, true),
        });
    }
    let mut by_kind: BTreeMap<Kind, usize> = BTreeMap::new();
    for kind in exposed.values() {
        *by_kind.entry(*kind).or_default() += 1;
    }
    Ok(ReleaseAudit {
        attacker: attacker_in_words(&spec.rules),
        width: spec.rules.width.max(1),
        tables: tables.len(),
        earlier: known.len(),
        cells: case.system.len(),
        hidden: hidden.len(),
        primary: case.primary.as_ref().map(|p| cells(p).len()),
        largest_component: attack.largest_component(),
        programs: attack.programs + programs,
        owners,
        exposed: exposed.len(),
        by_kind,
        bounds,
    })
}

/// A cell that is exposed to the people of others.
fn to_owners(case: &Case, spec: &Spec, cell: u32, learnt: Learnt) -> CellBounds {
    let owners = learnt.owners.iter().map(|(c, n)| Own {
        cell: named(case, spec, *c),
        count: *n,
    });
    let [at_least, at_most] = learnt.reasons;
    CellBounds {
        cell: named(case, spec, cell),
        lower: finite(learnt.lower),
        upper: finite(learnt.upper),
        exposed: Some(Kind::Owner),
        owners: owners.collect(),
        at_least: at_least.map(|c| proof(case, spec, c)),
        at_most: at_most.map(|c| proof(case, spec, c)),
    }
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then(|| clean(x))
}

fn cells(marks: &[bool]) -> Vec<u32> {
    let all = (0..marks.len()).filter(|c| marks[*c]);
    all.filter_map(|c| u32::try_from(c).ok()).collect()
}

/// A bound without the last digits of a computation.
fn clean(x: f64) -> f64 {
    if (x - x.round()).abs() < 1e-6 {
        signed(rounded(x))
    } else {
        x
    }
}

fn named(case: &Case, spec: &Spec, cell: u32) -> BTreeMap<String, String> {
    let codes = &case.names[place(cell)];
    spec.dimensions
        .iter()
        .cloned()
        .zip(codes.iter().cloned())
        .collect()
}

fn proof(case: &Case, spec: &Spec, certificate: Certificate) -> Proof {
    let terms = |list: Vec<(u32, f64)>| -> Vec<Term> {
        let terms = list.into_iter().map(|(cell, times)| Term {
            cell: named(case, spec, cell),
            times: clean(times),
        });
        terms.collect()
    };
    Proof {
        bound: clean(certificate.bound),
        published: terms(certificate.published),
        limits: terms(certificate.limits),
    }
}
