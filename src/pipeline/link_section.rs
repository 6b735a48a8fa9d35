//! The sections `[link.adult]` and `[link.child]`: which keys and blocks each kind of person gets.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigProblem;
use crate::pseudonymise::{
    Arrangement, BlockPass, BlockRule, KINDS, Recipe, default_blocks, default_recipes,
};

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
