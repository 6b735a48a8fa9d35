//! What `model.json` and the receipt tell of a kind: the model, and what came of each couple.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::apart::RuledOut;
use super::{Decided, Kind};
use crate::link::estimates::OwnRows;
use crate::link::families::Support;
use crate::link::federation::CoupleScores;
use crate::link::model::real;
use crate::link::model_file::{ComparisonFile, RuleFile, comparison_files, rule_files};
use crate::link::recall::{self, Missed};
use crate::link::settle::{self, Likely};
use crate::link::stage::write::EntityRow;
use crate::link::unlinkable::own_rows;
use crate::pseudonymise::Pseudonym;
use crate::pseudonymise::words::Held;

/// The word in `model.json` for this form of model.
pub const FORM: &str = "federated-1";
/// What was missed can be told if so large a share of the matches was found by two rules or more.
const SEVERAL: f64 = 0.5;

/// What came of two sources, or of one with itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoupleModel {
    /// A source.
    pub left: String,
    /// Another, or the same.
    pub right: String,
    /// Pairs of names compared.
    pub compared: u64,
    /// What the odds are multiplied by, against the common model.
    pub factor: f64,
    /// Expected matches among the pairs compared.
    pub expected_matches: f64,
    /// Matches that no rule brought together; none where too few rules brought the same together
    /// to tell.
    pub missed: Option<Missed>,
    /// Links: pairs at or above the threshold that are in one entity.
    pub links: u64,
    /// The expected share of matches among the links.
    pub expected_precision: Option<f64>,
    /// The expected share of matches that are links.
    pub expected_recall: Option<f64>,
}

/// Pairs of one family that were compared because of that alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyPairs {
    /// How many.
    pub pairs: u64,
    /// The share of matches among them, as it was learnt.
    pub matches: f64,
}

/// `model.json` of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindModel {
    /// [`FORM`].
    pub form: String,
    /// The comparisons, with m and u.
    pub comparisons: Vec<ComparisonFile>,
    /// The rules, over all couples of sources.
    pub rules: Vec<RuleFile>,
    /// Rounds of expectation and maximisation.
    pub rounds: usize,
    /// Whether they ended because nothing changed any more.
    pub converged: bool,
    /// Pairs of names compared.
    pub compared: u64,
    /// Pairs of chance compared.
    pub chance: u64,
    /// What the model found wrong with itself.
    pub warnings: Vec<String>,
    /// The least probability of a link.
    pub threshold: f64,
    /// What relatives say, where there are any.
    pub families: Option<Support>,
    /// Pairs of one family that no rule brought together, where there are any.
    pub of_one_family: Option<FamilyPairs>,
    /// Pairs that agree well enough and that dates rule out.
    #[serde(default)]
    pub ruled_out: RuledOut,
    /// What the records of each source would be worth against a copy of themselves, in that of its
    /// couples in which odds are best.
    #[serde(default)]
    pub own_rows: Vec<OwnRows>,
    /// Couple by couple.
    pub couples: Vec<CoupleModel>,
    /// Records in entities of at least two.
    pub records_linked: u64,
    /// Such entities.
    pub entities: u64,
    /// Links.
    pub links: u64,
}

impl Kind<'_> {
    /// What is told of it.
    pub(super) fn model(
        &self,
        decided: &Decided,
        rows: &[EntityRow],
        by_couple: &[Vec<Likely>],
    ) -> KindModel {
        let entities: std::collections::BTreeSet<Pseudonym> =
            rows.iter().map(|row| row.entity).collect();
        let couples = self.couples.iter().zip(&decided.likely).zip(by_couple);
        KindModel {
            form: FORM.to_owned(),
            comparisons: comparison_files(&self.comparisons, &self.linked.fit),
            rules: rule_files(&self.linked),
            rounds: self.linked.fit.rounds,
            converged: self.linked.fit.converged,
            compared: self.linked.compared,
            chance: self.linked.chance,
            warnings: self.warnings.clone(),
            threshold: self.model.threshold,
            families: self.families.clone(),
            of_one_family: self.of_one_family,
            ruled_out: self.ruled_out(),
            own_rows: self.own_rows(),
            couples: couples
                .map(|((scores, likely), links)| self.couple(scores, likely, links))
                .collect(),
            records_linked: rows.len() as u64,
            entities: entities.len() as u64,
            links: by_couple.iter().map(|l| l.len() as u64).sum(),
        }
    }

    fn own_rows(&self) -> Vec<OwnRows> {
        let mut out = Vec::new();
        for (number, (held, source)) in self.held.iter().zip(&self.job.sources).enumerate() {
            let of = |c: &&CoupleScores| c.couple.left == number || c.couple.right == number;
            let factors = self.couples.iter().filter(of).map(|c| c.factor);
            let best = factors.fold(0.0, f64::max);
            let rows = Held {
                source: &held.source,
                digests: &held.digests,
            };
            let mut own = own_rows(&source.name, rows, &self.comparisons, &self.linked);
            for rows in &mut own {
                // A source that is compared with nobody links nobody.
                rows.log_odds = rows.log_odds.filter(|_| best > 0.0).map(|o| o + best.ln());
            }
            out.extend(own);
        }
        out
    }

    fn couple(&self, scores: &CoupleScores, likely: &[Likely], links: &[Likely]) -> CoupleModel {
        let name = |source: usize| {
            let source = self.job.sources.get(source);
            source.map(|s| s.name.clone()).unwrap_or_default()
        };
        let missed = missed(likely, self.linked.rules.len());
        let expected = settle::expected(likely);
        let true_links = settle::expected(links);
        let matches = missed.map(|missed| expected + missed.about);
        CoupleModel {
            left: name(scores.couple.left),
            right: name(scores.couple.right),
            compared: scores.compared,
            factor: scores.factor,
            expected_matches: expected,
            missed,
            links: links.len() as u64,
            expected_precision: settle::expected_precision(links),
            expected_recall: matches.filter(|m| *m > 0.0).map(|m| true_links / m),
        }
    }
}

/// Matches that no rule brought together. Where nearly all were brought together by one rule alone,
/// a number of a system say, what it missed cannot be told from what others found.
pub(super) fn missed(likely: &[Likely], rules: usize) -> Option<Missed> {
    let times = |p: &Likely| (p.probability, p.pattern.rules().count_ones());
    let found: Vec<(f64, u32)> = likely.iter().map(times).collect();
    missed_of(&found, rules)
}

/// The same of matches by their probabilities and by how many rules brought them together.
pub(super) fn missed_of(found: &[(f64, u32)], rules: usize) -> Option<Missed> {
    let several = found.iter().filter(|(_, times)| *times > 1);
    let several: f64 = several.map(|(probability, _)| probability).sum();
    let all: f64 = found.iter().map(|(probability, _)| probability).sum();
    (several > SEVERAL * all).then(|| recall::missed(found.iter().copied(), rules))
}

/// What the receipt says of it.
pub(super) fn figures(model: &KindModel) -> serde_json::Value {
    let wrong = |c: &CoupleModel| {
        c.expected_precision
            .map_or(0.0, |precision| (1.0 - precision) * real(c.links))
    };
    json!({
        "links": model.links,
        "entities": model.entities,
        "records_linked": model.records_linked,
        "pairs_compared": model.compared,
        "pairs_ruled_out": model.ruled_out.as_old_as_a_parent + model.ruled_out.in_two_prisons,
        "expected_wrong_links": model.couples.iter().map(wrong).sum::<f64>(),
        "expected_matches": model.couples.iter().map(|c| c.expected_matches).sum::<f64>(),
        "matches_missed_by_blocking": model.couples.iter().filter_map(|c| c.missed).map(|m| m.about).sum::<f64>(),
    })
}
