//! Why a pair was linked, or not: its match weight in parts.
//!
//! The parts are bits, log₂ of odds, as the match weights of Fellegi and Sunter ("A theory for record
//! linkage", 1969) are told: the share of matches among the pairs of the rules that brought the pair
//! together, then what each comparison adds at its level, then what its rivals take. Where a rule
//! asks for a comparison it says nothing under that rule; every part is the mean over the rules, so
//! that the parts add up to the log odds of the probability in the output.
//!
//! Levels are told, and never a value; of other rows only how many there are.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::LinkError;
use super::model::{Weights, logistic};
use super::model_file::ModelFile;
use super::out_files::{self, Inputs, StoredPair};
use super::pairs::Pattern;
use crate::comparison::{Kind, Level, MISSING};
use crate::diagnostic::{Diagnostic, Exit, Place};

/// The parts of a pair add up to its stored probability within this much.
pub const TOLERANCE: f64 = 1e-9;
/// A weight made again may differ from the stored one by this many bits.
const SAME_WEIGHT: f64 = 1e-6;

/// A pair as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairName {
    /// The id in the left file, or of one of two rows of one file.
    pub left: String,
    /// The id in the right file, or of the other row.
    pub right: String,
}

/// A rule that brought the pair together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Held {
    /// Its number, from 1.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// The share of matches among its pairs, as log₂ of the odds.
    pub bits: f64,
}

/// What one comparison says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// The comparison.
    pub name: String,
    /// Its level in words.
    pub level: String,
    /// Its level as a number: 1 is the best, 0 a missing value.
    pub number: Level,
    /// What it adds.
    pub bits: f64,
    /// How many of the pair's rules ask for it; under them it adds nothing.
    pub asked_by: usize,
}

/// What the other candidates of the two rows take, where a file is free of duplicates.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rivals {
    /// Other pairs of the two rows that share its odds, of those in the output.
    pub others: u64,
    /// Whether the output has all pairs (`--keep 0`). If not, what the rivals take is reckoned from
    /// the stored probability.
    pub all_known: bool,
    /// The share of the pair in the odds of all.
    pub share: f64,
    /// What they take, in bits.
    pub bits: f64,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is a link.
    Linked,
    /// It is for clerical review.
    Review,
    /// It is less probable than a link must be.
    BelowThreshold,
    /// It is probable enough, but its rows were linked otherwise.
    OtherLinks,
    /// Something that was stated keeps its rows apart.
    KeptApart,
}

/// The entities of the two rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Entities {
    /// Whether both rows are in one.
    pub one: bool,
    /// Rows of the left row's entity.
    pub left_rows: u64,
    /// Rows of the right row's entity.
    pub right_rows: u64,
}

/// What spoke for and against a pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why {
    /// The rules that brought it together, of so many.
    pub rules: Vec<Held>,
    /// How many rules there are.
    pub rules_in_all: usize,
    /// The mean of their shares of matches, as log₂ of the odds.
    pub start_bits: f64,
    /// Comparison by comparison.
    pub comparisons: Vec<Said>,
    /// What is taken off because kin would agree like that as well; none where the model has none.
    pub kin_bits: Option<f64>,
    /// The sum: the match weight of the pair by itself.
    pub weight_bits: f64,
    /// What rivals take.
    pub rivals: Option<Rivals>,
    /// The sum of all parts, rivals included.
    pub sum_bits: f64,
    /// The probability in the output.
    pub probability: f64,
    /// How far the probability of the sum may be from it.
    pub tolerance: f64,
    /// The least probability of a link.
    pub threshold: f64,
    /// The least probability of a pair for review.
    pub review_from: Option<f64>,
    /// What was decided.
    pub decision: Decision,
    /// The entities of its rows.
    pub entities: Entities,
}

/// Which of the two a row id is, on which side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// What the files of a linkage say of a pair.
struct Found {
    pattern: Pattern,
    weight: f64,
    probability: f64,
    linked: bool,
    /// Whether every pair that was compared is in the file.
    all_known: bool,
    /// Other pairs of the left and of the right row: how many, and their odds.
    of_left: (u64, f64),
    of_right: (u64, f64),
}

/// The pairs that `left:right` may mean: an id may have a colon itself.
pub fn readings(text: &str) -> Vec<PairName> {
    let split = |(at, _): (usize, &str)| PairName {
        left: text.get(..at).unwrap_or_default().to_owned(),
        right: text.get(at + 1..).unwrap_or_default().to_owned(),
    };
    let all = text.match_indices(':').map(split);
    all.filter(|name| !name.left.is_empty() && !name.right.is_empty())
        .collect()
}

/// Why a pair was linked or not, from the folder that `kinlink link` wrote. Of several readings of
/// its name the first that is a pair of the output counts.
pub fn why(out: &Path, names: &[PairName]) -> Result<Why, LinkError> {
    let inputs = out_files::read_inputs(out)?;
    let model = out_files::read_model(out)?;
    let two = inputs.inputs.len() > 1;
    let mut found = None;
    for name in names {
        found = find(out, name, two)?.map(|found| (found, name));
        if found.is_some() {
            break;
        }
    }
    let Some((found, name)) = found else {
        return Err(absent(out, names, two)?);
    };
    let entities = entities(out, name, two)?;
    tell(out, &model, &inputs, &found, entities)
}

fn tell(
    out: &Path,
    model: &ModelFile,
    inputs: &Inputs,
    found: &Found,
    entities: Option<Entities>,
) -> Result<Why, LinkError> {
    let fit = model.fit();
    let other_model = || {
        LinkError::one(
            Diagnostic::new(
                "KL-L-052",
                Exit::Integrity,
                "the pairs are not of this model: their weights differ from those it gives",
                "put the files of one linkage back together, or link again",
            )
            .at(Place::file(out.join("model.json"))),
        )
    };
    let terms = Weights::new(&fit)
        .terms(found.pattern)
        .ok_or_else(other_model)?;
    let bits = |natural: f64| natural / std::f64::consts::LN_2;
    let weight = bits(terms.sum());
    let apart = found.weight == f64::NEG_INFINITY;
    if !apart && (weight - found.weight).abs() > SAME_WEIGHT {
        return Err(other_model());
    }
    let rivals = rivals(inputs, found, terms.sum()).filter(|_| !apart);
    let said = |((place, comparison), (natural, asked)): ((usize, _), (&f64, &usize))| {
        said(
            model,
            found.pattern,
            place,
            comparison,
            bits(*natural),
            *asked,
        )
    };
    let parts = terms.comparisons.iter().zip(&terms.asked);
    let comparisons = model
        .comparisons
        .iter()
        .enumerate()
        .zip(parts)
        .map(said)
        .collect();
    let held = |number: &usize| {
        let rule = model.rules.get(*number)?;
        Some(Held {
            number: number + 1,
            name: rule.rule.name.clone(),
            bits: bits(fit.rules.get(*number)?.prior()),
        })
    };
    let review_from = model.review.map(|review| review.from);
    Ok(Why {
        rules: terms.rules.iter().filter_map(held).collect(),
        rules_in_all: model.rules.len(),
        start_bits: bits(terms.prior),
        comparisons,
        kin_bits: (!fit.kin.is_empty()).then(|| bits(terms.kin)),
        weight_bits: weight,
        sum_bits: weight + rivals.as_ref().map_or(0.0, |r| r.bits),
        rivals,
        probability: found.probability,
        tolerance: TOLERANCE,
        threshold: model.threshold,
        review_from,
        decision: match found {
            _ if apart => Decision::KeptApart,
            Found { linked: true, .. } => Decision::Linked,
            Found { probability: p, .. } if *p >= model.threshold => Decision::OtherLinks,
            Found { probability: p, .. } if review_from.is_some_and(|from| *p >= from) => {
                Decision::Review
            }
            _ => Decision::BelowThreshold,
        },
        entities: entities.unwrap_or(Entities {
            one: false,
            left_rows: 1,
            right_rows: 1,
        }),
    })
}

fn said(
    model: &ModelFile,
    pattern: Pattern,
    place: usize,
    comparison: &super::model_file::ComparisonFile,
    bits: f64,
    asked_by: usize,
) -> Said {
    Said {
        name: comparison.comparison.name.clone(),
        level: level_words(model, pattern, place).to_owned(),
        number: pattern.level(place),
        bits,
        asked_by,
    }
}

/// A comparison's level in words.
pub fn level_words(model: &ModelFile, pattern: Pattern, place: usize) -> &str {
    let Some(own) = model.comparisons.get(place) else {
        return "";
    };
    let level = pattern.level(place);
    if level == MISSING && own.comparison.kind == Kind::Frequency {
        return "no name shared";
    }
    if level == MISSING {
        let is_name = matches!(own.comparison.kind, Kind::Forename | Kind::Surname);
        let names = model
            .comparisons
            .iter()
            .position(|c| c.comparison.kind == Kind::Names);
        // Names that were found in another field are not also counted in their own.
        let crossed = names.is_some_and(|names| (1..=3).contains(&pattern.level(names)));
        let once = ["forename", "surname"].contains(&own.comparison.name.as_str());
        return match is_name && once && crossed {
            true => "missing, or in another field",
            false => "missing",
        };
    }
    let at = usize::from(level).checked_sub(1);
    let level = at.and_then(|at| own.levels.get(at));
    level.map_or("", |level| level.level.as_str())
}

/// What rivals take. With odds o and the rivals' odds r the probability is o / (1 + o + r), so its
/// odds are o / (1 + r): rivals take log₂ (1 + r).
fn rivals(inputs: &Inputs, found: &Found, log_odds: f64) -> Option<Rivals> {
    let free = |side: usize| inputs.inputs.get(side).is_some_and(|i| i.duplicate_free);
    let (left_free, right_free) = (free(0), free(1));
    if inputs.inputs.len() < 2 || !(left_free || right_free) {
        return None;
    }
    let (mut others, mut known) = (0, 0.0);
    for (counts, (number, odds)) in [(right_free, found.of_left), (left_free, found.of_right)] {
        if counts {
            others += number;
            known += odds;
        }
    }
    let odds = log_odds.min(300.0).exp();
    let taken = match found.all_known {
        true => known,
        false => (odds * (1.0 - found.probability) / found.probability.max(1e-300) - 1.0).max(0.0),
    };
    Some(Rivals {
        others,
        all_known: found.all_known,
        share: odds / (odds + taken),
        bits: -(1.0 + taken).log2(),
    })
}

/// Finds a pair in the files of a linkage: that of all pairs first.
fn find(out: &Path, name: &PairName, two: bool) -> Result<Option<Found>, LinkError> {
    let links = out.join("links.parquet");
    let own = |pair: &StoredPair<'_>, left: &str, right: &str| {
        (pair.left == left && pair.right == right)
            || (!two && pair.left == right && pair.right == left)
    };
    let mut linked = false;
    out_files::read_patterns(&links, |pair| linked |= own(pair, &name.left, &name.right))?;
    for path in pair_files(out) {
        let least = out_files::least_probability(&path)?;
        let is_all = path.ends_with("pairs.parquet") && least.is_some_and(|least| least <= 0.0);
        let mut pair_found: Option<(Pattern, f64, f64)> = None;
        let (mut of_left, mut of_right) = ((0, 0.0), (0, 0.0));
        out_files::read_patterns(&path, |pair| {
            if own(pair, &name.left, &name.right) {
                pair_found = Some((pair.pattern, pair.weight, pair.probability));
                return;
            }
            let odds = (pair.weight * std::f64::consts::LN_2).min(300.0).exp();
            for (same, (number, sum)) in [
                (pair.left == name.left, &mut of_left),
                (pair.right == name.right, &mut of_right),
            ] {
                if same && odds > 0.0 {
                    *number += 1;
                    *sum += odds;
                }
            }
        })?;
        if let Some((pattern, weight, probability)) = pair_found {
            return Ok(Some(Found {
                pattern,
                weight,
                probability,
                linked,
                all_known: is_all,
                of_left,
                of_right,
            }));
        }
    }
    Ok(None)
}

/// The files that may hold a pair.
fn pair_files(out: &Path) -> Vec<PathBuf> {
    ["pairs.parquet", "review_band.parquet", "links.parquet"]
        .iter()
        .map(|name| out.join(name))
        .filter(|path| path.exists())
        .collect()
}

/// The entities of both rows; none where a row is not there.
fn entities(out: &Path, name: &PairName, two: bool) -> Result<Option<Entities>, LinkError> {
    let path = out.join("clusters.parquet");
    let (mut left, mut right): (Option<String>, Option<String>) = (None, None);
    let side = |source: &str| match source {
        "right" => Side::Right,
        _ => Side::Left,
    };
    let right_side = if two { Side::Right } else { Side::Left };
    out_files::read_clusters(&path, |id, source, entity| {
        if side(source) == Side::Left && id == name.left {
            left = Some(entity.to_owned());
        }
        if side(source) == right_side && id == name.right {
            right = Some(entity.to_owned());
        }
    })?;
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(None);
    };
    let (mut left_rows, mut right_rows) = (0, 0);
    out_files::read_clusters(&path, |_, _, entity| {
        left_rows += u64::from(entity == left);
        right_rows += u64::from(entity == right);
    })?;
    Ok(Some(Entities {
        one: left == right,
        left_rows,
        right_rows,
    }))
}

/// The problem with a pair that is in no file. Ids stand in no message.
fn absent(out: &Path, names: &[PairName], two: bool) -> Result<LinkError, LinkError> {
    let mut known = false;
    for name in names {
        known |= entities(out, name, two)?.is_some();
    }
    if !known {
        return Ok(LinkError::one(
            Diagnostic::new(
                "KL-L-051",
                Exit::Usage,
                "the linkage has no two rows of these ids",
                match two {
                    true => "give the id of a row of the left file, then that of one of the right",
                    false => "give the ids of two rows of the file that was linked",
                },
            )
            .at(Place::file(out.join("clusters.parquet"))),
        ));
    }
    let all = out.join("pairs.parquet");
    let least = match all.exists() {
        true => out_files::least_probability(&all)?,
        false => None,
    };
    let (what, help) = match least {
        Some(least) if least <= 0.0 => (
            "no blocking rule brought the two rows together, so they were not compared",
            "`kinlink explain KL-L-050` tells what rules are for",
        ),
        _ => (
            "the pair is not in the output: no blocking rule brought its rows together, or it is \
             less probable than what was kept",
            "link again with --keep 0, which keeps every pair that was compared",
        ),
    };
    let place = if all.exists() {
        all
    } else {
        out.join("links.parquet")
    };
    Ok(LinkError::one(
        Diagnostic::new("KL-L-050", Exit::Usage, what, help).at(Place::file(place)),
    ))
}

impl Why {
    /// The probability that the sum of all parts says.
    pub fn probability_of_sum(&self) -> f64 {
        match self.decision {
            Decision::KeptApart => 0.0,
            _ => logistic(self.sum_bits * std::f64::consts::LN_2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_have_a_colon() {
        let names: Vec<(String, String)> = readings("a:b:c")
            .into_iter()
            .map(|name| (name.left, name.right))
            .collect();
        let own = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(names, [own("a", "b:c"), own("a:b", "c")]);
        assert!(readings("ab").is_empty() && readings(":b").is_empty());
    }
}
