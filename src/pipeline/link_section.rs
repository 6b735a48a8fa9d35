//! The sections `[link.adult]` and `[link.child]`: which keys and blocks each kind of person gets.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigProblem;
use crate::link::blocking::{parse, usual};
use crate::link::pairs::MOST_RULES;
use crate::link::spec::PARENT_YEARS;
use crate::pseudonymise::words::Comparison;
use crate::pseudonymise::{
    Arrangement, BlockPass, BlockRule, KINDS, Recipe, default_blocks, default_recipes,
    linkage_fields,
};
use crate::schema::canonical::kind;

/// `[link.adult]` and `[link.child]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSection {
    /// Match keys from strict to loose, each a list of parts; by default the program's own.
    pub passes: Option<Spanned<Vec<Vec<String>>>>,
    /// Blocking rules of the block-keyed encodings, each a list of parts; by default the
    /// program's own, and an empty list for none.
    pub blocks: Option<Spanned<Vec<Vec<String>>>>,
    /// How the encodings of a rule are laid out.
    #[serde(default)]
    pub encoding: Arrangement,
    /// Systems in which a person stands once.
    #[serde(default)]
    pub duplicate_free: Vec<String>,
    /// A key shared by more rows than this links nobody.
    #[serde(default = "max_group")]
    pub max_group: usize,
    /// How records are linked.
    #[serde(default)]
    pub method: LinkMethod,
    /// Blocking rules of the model, by their names; by default the program's own.
    pub blocking: Option<Spanned<Vec<String>>>,
    /// Systems whose records the model does not compare with each other.
    #[serde(default)]
    pub not_within: Vec<String>,
    /// Systems in which nobody is in two places at once: two of their records that are in two prisons
    /// on one day are two people to the model.
    #[serde(default)]
    pub one_place: Vec<String>,
    /// A child is younger than a parent by at least so many years; 0 asks nothing. It stands in
    /// `[link.child]` and counts for adults as well.
    pub younger_than_parent_by: Option<Spanned<u8>>,
    /// The least probability of a link by the model.
    pub threshold: Option<Spanned<f64>>,
    /// Pairs from this probability on are written for clerical review.
    pub review_from: Option<Spanned<f64>>,
    /// Labels of an earlier review, which calibrate the model's probabilities.
    pub labels: Option<Spanned<String>>,
}

impl LinkSection {
    /// Years between a parent and a child at least.
    pub fn parent_years(&self) -> u8 {
        let stated = self.younger_than_parent_by.as_ref();
        stated.map_or(PARENT_YEARS, |years| *years.get_ref())
    }
}

/// How records are linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkMethod {
    /// By the probabilistic model.
    #[default]
    Model,
    /// By match keys alone.
    MatchKeys,
}

/// The model's settings for a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSettings {
    /// Blocking rules.
    pub blocking: Vec<String>,
    /// The least probability of a link.
    pub threshold: f64,
    /// Pairs from this probability on are written for clerical review; none writes nothing.
    pub review_from: Option<f64>,
}

/// The settings of each kind that the model links.
pub(super) fn models(
    link: &BTreeMap<String, LinkSection>,
    problems: &mut Vec<ConfigProblem>,
) -> BTreeMap<String, ModelSettings> {
    let mut out = BTreeMap::new();
    let by_model = |(_, section): &(&String, &LinkSection)| section.method == LinkMethod::Model;
    problems.extend(link.values().flat_map(wrong_review));
    for (of, section) in link.iter().filter(by_model) {
        let comparisons = Comparison::of_columns(&linkage_fields(of));
        if let Some(names) = &section.blocking {
            problems.extend(wrong_rules(names, &comparisons));
        }
        if let Some(threshold) = &section.threshold
            && !(0.0..1.0).contains(threshold.get_ref())
        {
            problems.push(ConfigProblem::at(
                threshold.span(),
                "a threshold is a probability".to_owned(),
                "give a number from 0 to below 1, such as 0.5",
            ));
        }
        if let Some(years) = &section.younger_than_parent_by
            && (of != kind::CHILD || *years.get_ref() > MOST_PARENT_YEARS)
        {
            problems.push(ConfigProblem::at(
                years.span(),
                format!("the years by which a child is younger are 0 to {MOST_PARENT_YEARS}"),
                "state them in [link.child]; they count for pairs of adults as well",
            ));
        }
        let blocking = section.blocking.as_ref().map(|b| b.get_ref().clone());
        out.insert(
            of.clone(),
            ModelSettings {
                blocking: blocking.unwrap_or_else(|| usual(of)),
                threshold: section
                    .threshold
                    .as_ref()
                    .map_or(THRESHOLD, |t| *t.get_ref()),
                review_from: section.review_from.as_ref().map(|from| *from.get_ref()),
            },
        );
    }
    out
}

/// More years than that between every parent and child would rule out most families.
const MOST_PARENT_YEARS: u8 = 40;

/// A link is more likely right than wrong.
const THRESHOLD: f64 = 0.5;

/// Pairs that are less probable by themselves are not kept by a run.
const LEAST_REVIEWED: f64 = 0.001;

/// What is asked for of a review that cannot be had.
fn wrong_review(section: &LinkSection) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    if section.method != LinkMethod::Model {
        let from = section.review_from.as_ref().map(Spanned::span);
        let labels = section.labels.as_ref().map(Spanned::span);
        let of_model = |span| {
            ConfigProblem::at(
                span,
                "a clerical review is of the model's probabilities".to_owned(),
                "leave it out, or link with `method = \"model\"`",
            )
        };
        problems.extend([from, labels].into_iter().flatten().map(of_model));
        return problems;
    }
    let threshold = section
        .threshold
        .as_ref()
        .map_or(THRESHOLD, |t| *t.get_ref());
    if let Some(from) = &section.review_from
        && !(LEAST_REVIEWED <= *from.get_ref() && *from.get_ref() < threshold)
    {
        problems.push(ConfigProblem::at(
            from.span(),
            format!(
                "pairs are reviewed from a probability of {LEAST_REVIEWED} on, below the threshold"
            ),
            "give a number below the threshold of a link, such as 0.05",
        ));
    }
    problems
}

fn wrong_rules(names: &Spanned<Vec<String>>, comparisons: &[Comparison]) -> Vec<ConfigProblem> {
    let problem = |what: String| {
        ConfigProblem::at(
            names.span(),
            what,
            "a rule is fields joined by `+`, each whole or a part of it, such as \
             `surname.soundex+date_of_birth.year`; they are listed in docs/pipeline-file.md",
        )
    };
    let list = names.get_ref();
    if list.is_empty() || list.len() > MOST_RULES {
        return vec![problem(format!(
            "the model takes 1 to {MOST_RULES} blocking rules"
        ))];
    }
    let wrong = list
        .iter()
        .filter(|name| parse(name, comparisons).is_none());
    wrong
        .map(|name| problem(format!("`{name}` is no blocking rule")))
        .collect()
}

fn max_group() -> usize {
    24
}

/// The match-key recipes of each kind.
pub(super) fn recipes(
    link: &BTreeMap<String, LinkSection>,
    problems: &mut Vec<ConfigProblem>,
) -> BTreeMap<String, Vec<Recipe>> {
    let mut out = BTreeMap::new();
    for (kind, section) in link {
        if !KINDS.contains(&kind.as_str()) {
            let mut problem = ConfigProblem::nowhere(
                "linkage is configured for `adult` and `child`".to_owned(),
                "name the section [link.adult] or [link.child]",
            );
            problem.span = section.passes.as_ref().map(Spanned::span);
            problems.push(problem);
        }
        let Some(passes) = &section.passes else {
            out.insert(kind.clone(), default_recipes(kind));
            continue;
        };
        let mut list = Vec::new();
        for words in passes.get_ref() {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match Recipe::of_words(&words) {
                Ok(recipe) => list.push(recipe),
                Err(error) => problems.push(ConfigProblem::at(
                    passes.span(),
                    error.to_string(),
                    "a pass hashes parts of at least two identifiers together; the parts are \
                     listed in docs/pipeline-file.md",
                )),
            }
        }
        out.insert(kind.clone(), list);
    }
    out
}

/// The block-keyed passes of each kind.
pub(super) fn blocks(
    link: &BTreeMap<String, LinkSection>,
    problems: &mut Vec<ConfigProblem>,
) -> BTreeMap<String, Vec<BlockPass>> {
    let mut out = BTreeMap::new();
    for (kind, section) in link {
        let Some(rules) = &section.blocks else {
            out.insert(kind.clone(), default_blocks(kind, section.encoding));
            continue;
        };
        let rule = |words: &Vec<String>| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            BlockRule::of_words(&words)
        };
        let passes = rules
            .get_ref()
            .iter()
            .map(rule)
            .collect::<Result<Vec<BlockRule>, _>>()
            .and_then(|rules| BlockPass::of_rules(&rules, section.encoding));
        match passes {
            Ok(passes) => {
                out.insert(kind.clone(), passes);
            }
            Err(error) => problems.push(ConfigProblem::at(
                rules.span(),
                error.to_string(),
                "a blocking rule is a list of parts that few people share; the parts are listed in \
                 docs/pipeline-file.md",
            )),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> usize {
        let link: BTreeMap<String, LinkSection> = toml::from_str(text).expect("TOML");
        let mut problems = Vec::new();
        models(&link, &mut problems);
        problems.len()
    }

    #[test]
    fn a_review_is_of_the_model_and_begins_below_the_threshold() {
        for (text, expected) in [
            ("[child]\nreview_from = 0.05", 0),
            ("[child]\nreview_from = 0.5", 1),
            ("[child]\nreview_from = 0.5\nthreshold = 0.9", 0),
            ("[child]\nreview_from = 0.0", 1),
            ("[adult]\nreview_from = nan", 1),
            ("[adult]\nlabels = \"labels.csv\"", 0),
            (
                "[adult]\nmethod = \"match-keys\"\nreview_from = 0.05\nlabels = \"a.csv\"",
                2,
            ),
        ] {
            assert_eq!(problems(text), expected, "{text}");
        }
    }

    #[test]
    fn the_years_between_parent_and_child_stand_with_the_children() {
        let child = |text: &str| {
            let section: LinkSection = toml::from_str(text).expect("TOML");
            section.parent_years()
        };
        assert_eq!(child(""), 12);
        assert_eq!(child("younger_than_parent_by = 14"), 14);
        assert_eq!(
            problems("[child]\nyounger_than_parent_by = 0\n[adult]\none_place = [\"custody\"]"),
            0
        );
        assert_eq!(problems("[child]\nyounger_than_parent_by = 41"), 1);
        assert_eq!(problems("[adult]\nyounger_than_parent_by = 14"), 1);
    }
}
