//! `model.json`: everything that was learnt, so that it can be read, checked and used again.
//!
//! It holds rates and counts, no values: levels, m- and u-probabilities, the share of matches of
//! every rule, what the rules cost, and the digests of the files that it was learnt from.

use serde::{Deserialize, Serialize};

use super::engine::{Linked, RuleCost};
use super::model::{Fit, Kin, Role, RuleFit, real};
use super::recall::Missed;
use crate::comparison::Kind;
use crate::digest::Digest;
use crate::pseudonymise::words::{Comparison, Rule};

/// The word for this form of model.
pub const FORM: &str = "fellegi-sunter-1";

/// One level of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelFile {
    /// Its label.
    pub level: String,
    /// Its share among matches.
    pub m: f64,
    /// Its share among pairs of chance.
    pub u: f64,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonFile {
    /// The comparison.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Its levels, best first.
    pub levels: Vec<LevelFile>,
}

/// What a rule has of one comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleComparison {
    /// What the rule leaves open.
    pub role: Role,
    /// The shares of the levels among its pairs that are no matches, level 0 first.
    pub u: Vec<f64>,
    /// Where it leaves something open: the shares among its matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m: Option<Vec<f64>>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleFile {
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// Pairs in its blocks.
    pub pairs: u64,
    /// Pairs that no earlier rule had.
    pub new_pairs: u64,
    /// Blocks left out because they hold too many pairs.
    pub capped_blocks: u64,
    /// Pairs in those.
    pub capped_pairs: u64,
    /// The estimated share of matches among its pairs.
    pub matches: f64,
    /// Of each sort of kin the estimated share among its pairs that are no matches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kin: Vec<f64>,
    /// Comparison by comparison.
    pub comparisons: Vec<RuleComparison>,
}

/// The pairs between two thresholds: too probable to be dropped, not enough to be linked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewBand {
    /// Their least probability.
    pub from: f64,
    /// How many there are.
    pub pairs: u64,
}

/// `model.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// [`FORM`].
    pub form: String,
    /// The digests of the files that it was learnt from.
    pub learnt_from: Vec<Digest>,
    /// The comparisons.
    pub comparisons: Vec<ComparisonFile>,
    /// The sorts of kin among pairs that are no matches, and how they agree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kin: Vec<Kin>,
    /// The rules, in order.
    pub rules: Vec<RuleFile>,
    /// Rounds of expectation and maximisation.
    pub rounds: usize,
    /// Whether they ended because nothing changed any more.
    pub converged: bool,
    /// Pairs compared.
    pub compared: u64,
    /// Pairs of chance compared.
    pub chance: u64,
    /// What the model found wrong with itself.
    pub warnings: Vec<String>,
    /// The expected number of matches among the pairs compared.
    pub expected_matches: f64,
    /// Matches that no rule brought together.
    pub missed: Missed,
    /// The least probability of a link.
    pub threshold: f64,
    /// The pairs below it that are for clerical review, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewBand>,
    /// The expected share of matches among the links.
    pub expected_precision: Option<f64>,
    /// Links.
    pub links: u64,
    /// Rows in entities of at least two.
    pub records_linked: u64,
    /// Such entities.
    pub entities: u64,
}

fn level_files(kind: Kind, m: &[f64], u: &[f64]) -> Vec<LevelFile> {
    let shares = m.iter().zip(u).skip(1);
    let labels = kind.labels().iter();
    labels
        .zip(shares)
        .map(|(label, (m, u))| LevelFile {
            level: (*label).to_owned(),
            m: *m,
            u: *u,
        })
        .collect()
}

/// The comparisons of a fit.
pub fn comparison_files(comparisons: &[Comparison], fit: &Fit) -> Vec<ComparisonFile> {
    let shares = fit.m.iter().zip(&fit.u);
    let of = |(comparison, (m, u)): (&Comparison, (&Vec<f64>, &Vec<f64>))| ComparisonFile {
        comparison: comparison.clone(),
        levels: level_files(comparison.kind, m, u),
    };
    comparisons.iter().zip(shares).map(of).collect()
}

/// The rules of a linkage.
pub fn rule_files(linked: &Linked) -> Vec<RuleFile> {
    let rules = linked.rules.iter().zip(&linked.fit.rules);
    let of = |(cost, fit): (&RuleCost, &RuleFit)| RuleFile {
        rule: cost.rule.clone(),
        pairs: cost.pairs,
        new_pairs: cost.new_pairs,
        capped_blocks: cost.capped_blocks,
        capped_pairs: cost.capped_pairs,
        matches: fit.matches,
        kin: fit.kin.clone(),
        comparisons: rule_comparisons(fit),
    };
    rules.map(of).collect()
}

/// What a rule has of each comparison.
pub(super) fn rule_comparisons(fit: &RuleFit) -> Vec<RuleComparison> {
    let shares = fit.u.iter().zip(&fit.m);
    let of = fit.roles.iter().zip(shares);
    of.map(|(role, (u, m))| RuleComparison {
        role: *role,
        u: u.clone(),
        m: m.clone(),
    })
    .collect()
}

impl ModelFile {
    /// The fit that the file holds.
    pub fn fit(&self) -> Fit {
        let shares = |of: &dyn Fn(&LevelFile) -> f64| -> Vec<Vec<f64>> {
            let of_comparison = |c: &ComparisonFile| {
                std::iter::once(0.0)
                    .chain(c.levels.iter().map(of))
                    .collect()
            };
            self.comparisons.iter().map(of_comparison).collect()
        };
        let rule = |rule: &RuleFile| RuleFit {
            matches: rule.matches,
            roles: rule.comparisons.iter().map(|c| c.role).collect(),
            u: rule.comparisons.iter().map(|c| c.u.clone()).collect(),
            m: rule.comparisons.iter().map(|c| c.m.clone()).collect(),
            kin: rule.kin.clone(),
        };
        Fit {
            m: shares(&|level| level.m),
            u: shares(&|level| level.u),
            rules: self.rules.iter().map(rule).collect(),
            kin: self.kin.clone(),
            rounds: self.rounds,
            converged: self.converged,
        }
    }

    /// The rules.
    pub fn rules(&self) -> Vec<Rule> {
        self.rules.iter().map(|r| r.rule.clone()).collect()
    }

    /// Whether it is a model of these comparisons.
    pub fn fits(&self, comparisons: &[Comparison]) -> bool {
        self.form == FORM
            && self.comparisons.len() == comparisons.len()
            && self
                .comparisons
                .iter()
                .zip(comparisons)
                .all(|(own, other)| own.comparison == *other)
    }

    /// Links that are expected to be wrong.
    pub fn expected_wrong(&self) -> f64 {
        self.expected_precision
            .map_or(0.0, |p| (1.0 - p) * real(self.links))
    }

    /// The estimated share of matches that some rule brings together, and its interval at 95 %.
    pub fn blocking_recall(&self) -> Option<(f64, [f64; 2])> {
        self.missed.blocking_recall(self.expected_matches)
    }
}
