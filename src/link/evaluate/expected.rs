//! Without a truth: what precision and recall the linkage expects of itself, how far that can be
//! believed, what other thresholds would give, and which records no threshold links.

use std::path::Path;

use serde::Serialize;

use super::ratio::score_interval;
use super::refit::{Again, Refit};
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::link::LinkError;
use crate::link::estimates::{Estimates, OwnRows, Patterns, Reckoned, Sums, read_patterns};
use crate::link::model::{Fit, logistic, real};
use crate::link::model_file::ModelFile;
use crate::link::out_files::{self, Inputs};
use crate::link::recall::Missed;
use crate::link::standalone::read_model;
use crate::pseudonymise::words::{Comparison, Rule};

/// What the intervals reckon with.
pub const HOLDS: [&str; 4] = [
    "chance: which of the pairs are matches, given their probabilities",
    "the counts: how far the model would move if other pairs had been counted",
    "the rules: how far they disagree about the same pairs",
    "the missed: how many matches happened to be found, and under which fields or rules",
];
/// What they do not reckon with.
pub const DOES_NOT_HOLD: [&str; 4] = [
    "errors that all rules share: twins, namesakes, people of one household, fields that go together",
    "matches that all rules miss for one reason: the number missed is too low then, so that the \
     recall is rather lower than higher",
    "a model that took the wrong pairs for matches; see its warnings",
    "matches that depend on each other, such as all those of one row",
];

/// An expected share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Expectation {
    /// The share.
    pub estimate: Option<f64>,
    /// Its interval at 95 %.
    pub interval: Option<[f64; 2]>,
    /// What the interval is made of.
    pub standard_errors: StandardErrors,
}

/// Standard errors by what they come from (see [`HOLDS`]).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct StandardErrors {
    /// Which pairs are matches.
    pub chance: f64,
    /// The counts; none where the model was learnt from other files.
    pub counts: Option<f64>,
    /// The rules.
    pub rules: f64,
    /// The missed.
    pub missed: f64,
}

impl StandardErrors {
    fn variance(&self) -> f64 {
        let counts = self.counts.unwrap_or(0.0);
        let all = [self.chance, counts, self.rules, self.missed];
        all.iter().map(|e| e * e).sum()
    }
}

/// What is expected at another threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ExpectedAt {
    /// The least probability.
    pub threshold: f64,
    /// Whether it is the linkage's own.
    pub own: bool,
    /// Links.
    pub links: u64,
    /// The expected share of matches among them.
    pub precision: Option<f64>,
    /// The expected share of all matches that they are.
    pub recall: Option<f64>,
}

/// Records of a file that cannot be linked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unlinkable {
    /// `left`, `right` or `file`.
    pub side: String,
    /// Its records.
    pub records: u64,
    /// By threshold, from high to low.
    pub by_threshold: Vec<UnlinkableAt>,
    /// By what is filled, the most frequent first.
    pub patterns: Vec<OwnPattern>,
}

/// Records that would not reach a threshold against an exact copy of themselves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct UnlinkableAt {
    /// The least probability.
    pub threshold: f64,
    /// Whether it is the linkage's own.
    pub own: bool,
    /// How many.
    pub records: u64,
    /// Of all records of the file.
    pub share: Option<f64>,
}

/// Records that have the same fields filled.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OwnPattern {
    /// The comparisons that have no value.
    pub missing: Vec<String>,
    /// Those that have a part of one: an initial, a year.
    pub in_part: Vec<String>,
    /// Records.
    pub records: u64,
    /// Blocking rules that would bring them together with their copy.
    pub rules: u32,
    /// The match weight against their copy, log₂ of the odds; none if no rule would.
    pub match_weight: Option<f64>,
    /// Its probability; 0 if no rule would.
    pub match_probability: f64,
}

/// What is expected of a linkage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expected {
    /// Links.
    pub links: u64,
    /// The least probability of a link.
    pub threshold: f64,
    /// Expected matches among the pairs compared.
    pub expected_matches: f64,
    /// Matches that no rule brought together, about.
    pub missed: f64,
    /// And at least.
    pub missed_at_least: f64,
    /// The expected share of matches among the links.
    pub precision: Expectation,
    /// The expected share of all matches that are linked.
    pub recall: Expectation,
    /// What the intervals reckon with.
    pub holds: Vec<&'static str>,
    /// And what not.
    pub does_not_hold: Vec<&'static str>,
    /// What the model found wrong with itself.
    pub warnings: Vec<String>,
    /// `links`, or `pairs` where the links come of clusters, which are not formed again.
    pub by_threshold_of: String,
    /// Other thresholds, from high to low.
    pub by_threshold: Vec<ExpectedAt>,
    /// Records that cannot be linked, by file.
    pub unlinkable: Vec<Unlinkable>,
}

/// What is expected of a folder that `kinlink link` wrote. Reads no input and no key.
///
/// # Errors
/// KL-L-043 for a folder without estimates.
pub fn expected(out: &Path) -> Result<Expected, LinkError> {
    let inputs = out_files::read_inputs(out)?;
    let model = read_model(&out.join("model.json"))?;
    let kept = out.join("patterns.parquet");
    let Some(estimates) = out_files::read_estimates(out)?.filter(|_| kept.exists()) else {
        return Err(LinkError::one(
            Diagnostic::new(
                "KL-L-043",
                Exit::Input,
                "the folder has no estimates to go by",
                "link again with this version of the program, or name a truth",
            )
            .at(Place::file(out)),
        ));
    };
    let patterns = read_patterns(&kept)?;
    let comparisons: Vec<Comparison> = model
        .comparisons
        .iter()
        .map(|c| c.comparison.clone())
        .collect();
    let refit = Refit {
        patterns: &patterns,
        comparisons: &comparisons,
        rules: &model.rules(),
        fit: &model.fit(),
        smaller: inputs.inputs.iter().map(|i| i.rows).min().unwrap_or(0),
    };
    let learnt_here = model
        .learnt_from
        .iter()
        .eq(inputs.inputs.iter().map(|i| &i.digest));
    let by_counts = learnt_here.then(|| refit.by_counts());
    let by_rules = refit.by_rules();
    let basis = Basis::new(estimates.links, estimates.others, model.missed);
    Ok(Expected {
        links: estimates.links.pairs,
        threshold: model.threshold,
        expected_matches: estimates.links.matches + estimates.others.matches,
        missed: basis.missed,
        missed_at_least: model.missed.at_least,
        precision: basis.precision(by_counts.as_deref(), &by_rules),
        recall: basis.recall(by_counts.as_deref(), &by_rules),
        holds: HOLDS.to_vec(),
        does_not_hold: DOES_NOT_HOLD.to_vec(),
        by_threshold: basis.by_threshold(&estimates.by_threshold, model.threshold),
        by_threshold_of: estimates.by_threshold_of.clone(),
        unlinkable: unlinkable(&estimates, &inputs, &model),
        warnings: model.warnings,
    })
}

/// What a model expects of some pairs that it has weighed: precision and recall of those that are
/// links, by their patterns. `missed` are their matches that no rule brought together. The intervals
/// hold chance, the rules and the missed; not the counts, which are of other pairs as well.
pub fn of_pairs(
    patterns: &Patterns,
    missed: Missed,
    (comparisons, rules, fit): (&[Comparison], &[Rule], &Fit),
) -> [Expectation; 2] {
    let [mut links, mut others] = [Sums::default(); 2];
    // A pair that relatives brought together has no rule that could be weighed anew.
    let mut unmoved = [0.0; 2];
    let mut by_rule = Patterns::new();
    for (pattern, sums) in patterns {
        links.add_sums(&sums.links);
        others.add_sums(&sums.others);
        if pattern.rules() == 0 {
            unmoved[0] += sums.links.matches;
            unmoved[1] += sums.others.matches;
        } else {
            by_rule.insert(*pattern, *sums);
        }
    }
    let refit = Refit {
        patterns: &by_rule,
        comparisons,
        rules,
        fit,
        smaller: 0,
    };
    let mut again = refit.by_rules();
    for again in &mut again {
        again.links += unmoved[0];
        again.others += unmoved[1];
    }
    let basis = Basis::new(links, others, missed);
    [basis.precision(None, &again), basis.recall(None, &again)]
}

/// What the shares are made of.
struct Basis {
    links: Sums,
    others: Sums,
    missed: f64,
    missed_error: f64,
}

impl Basis {
    fn new(links: Sums, others: Sums, missed: Missed) -> Self {
        Basis {
            links,
            others,
            missed: missed.about,
            missed_error: missed.standard_error,
        }
    }

    /// All matches.
    fn matches(&self) -> f64 {
        self.links.matches + self.others.matches + self.missed
    }

    fn precision(&self, by_counts: Option<&[Again]>, by_rules: &[Again]) -> Expectation {
        let links = &self.links;
        let n = real(links.pairs);
        if links.pairs == 0 {
            return Expectation::none();
        }
        let share = |again: &Again| again.links / n;
        let errors = StandardErrors {
            chance: links.variance.sqrt() / n,
            counts: by_counts.map(|all| deviation(all, share)),
            rules: deviation(by_rules, share),
            missed: 0.0,
        };
        Expectation::of(links.matches / n, errors, n)
    }

    fn recall(&self, by_counts: Option<&[Again]>, by_rules: &[Again]) -> Expectation {
        let (links, others) = (&self.links, &self.others);
        let all = self.matches();
        if all <= 0.0 {
            return Expectation::none();
        }
        let share = |again: &Again| {
            let all = again.links + again.others + again.missed;
            if all > 0.0 { again.links / all } else { 0.0 }
        };
        // The slopes of a / (a + b + c) in a, and in b or c.
        let (up, down) = (
            (all - links.matches) / (all * all),
            links.matches / (all * all),
        );
        let errors = StandardErrors {
            chance: (up * up * links.variance + down * down * others.variance).sqrt(),
            counts: by_counts.map(|all| deviation(all, share)),
            rules: deviation(by_rules, share),
            missed: down * self.missed_error,
        };
        Expectation::of(links.matches / all, errors, all)
    }

    fn by_threshold(&self, reckoned: &[Reckoned], own: f64) -> Vec<ExpectedAt> {
        let all = self.matches();
        let at = |r: &Reckoned| ExpectedAt {
            threshold: r.threshold,
            own: r.threshold == own,
            links: r.links,
            precision: (r.links > 0).then(|| r.matches / real(r.links)),
            recall: (all > 0.0).then(|| r.matches / all),
        };
        reckoned.iter().map(at).collect()
    }
}

impl Expectation {
    fn none() -> Self {
        Expectation {
            estimate: None,
            interval: None,
            standard_errors: StandardErrors::default(),
        }
    }

    /// The interval is that of a share of so many pairs as are as sure, at most `n`.
    fn of(share: f64, standard_errors: StandardErrors, n: f64) -> Self {
        let variance = standard_errors.variance();
        let spread = share * (1.0 - share);
        let effective = if variance > 0.0 {
            (spread / variance).min(n)
        } else {
            n
        };
        let effective = if effective > 0.0 { effective } else { n };
        Expectation {
            estimate: Some(share),
            interval: Some(score_interval(share, effective)),
            standard_errors,
        }
    }
}

/// The standard deviation of a share over fits.
fn deviation(all: &[Again], share: impl Fn(&Again) -> f64) -> f64 {
    let n = real(all.len() as u64);
    let mean = all.iter().map(&share).sum::<f64>() / n.max(1.0);
    let squares: f64 = all.iter().map(|again| (share(again) - mean).powi(2)).sum();
    (squares / (n - 1.0).max(1.0)).sqrt()
}

fn unlinkable(estimates: &Estimates, inputs: &Inputs, model: &ModelFile) -> Vec<Unlinkable> {
    let probability = |own: &OwnRows| own.log_odds.map_or(0.0, logistic);
    let of = |side: &str| {
        let own: Vec<&OwnRows> = estimates
            .own_rows
            .iter()
            .filter(|o| o.side == side)
            .collect();
        let all: u64 = own.iter().map(|o| o.rows).sum();
        let at = |r: &Reckoned| {
            let short = own.iter().filter(|o| probability(o) < r.threshold);
            let records = short.map(|o| o.rows).sum();
            UnlinkableAt {
                threshold: r.threshold,
                own: r.threshold == model.threshold,
                records,
                share: (all > 0).then(|| real(records) / real(all)),
            }
        };
        let pattern = |own: &&OwnRows| OwnPattern {
            missing: own.missing.clone(),
            in_part: own.in_part.clone(),
            records: own.rows,
            rules: own.rules,
            match_weight: own.log_odds.map(|o| o / std::f64::consts::LN_2),
            match_probability: probability(own),
        };
        Unlinkable {
            side: side.to_owned(),
            records: all,
            by_threshold: estimates.by_threshold.iter().map(at).collect(),
            patterns: own.iter().map(pattern).collect(),
        }
    };
    inputs.inputs.iter().map(|input| of(&input.side)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::estimates::FORM;

    const MISSED: Missed = Missed {
        at_least: 20.0,
        about: 25.0,
        standard_error: 4.0,
        range: [15.0, 33.0],
    };

    fn estimates() -> Estimates {
        let sums = |pairs, matches, variance| Sums {
            pairs,
            matches,
            variance,
        };
        Estimates {
            form: FORM.to_owned(),
            links: sums(1000, 950.0, 20.0),
            others: sums(500, 30.0, 25.0),
            by_threshold_of: "links".to_owned(),
            by_threshold: vec![Reckoned {
                threshold: 0.5,
                links: 1000,
                matches: 950.0,
            }],
            own_rows: Vec::new(),
        }
    }

    #[test]
    fn shares_and_their_intervals() {
        let estimates = estimates();
        let basis = Basis::new(estimates.links, estimates.others, MISSED);
        let still = [Again {
            links: 950.0,
            others: 30.0,
            missed: basis.missed,
        }; 5];
        let precision = basis.precision(None, &still);
        assert_eq!(precision.estimate, Some(0.95));
        assert!((precision.standard_errors.chance - 20.0_f64.sqrt() / 1000.0).abs() < 1e-12);
        // Chance alone, which is less than that of a thousand draws at 0.95: so it counts as that.
        assert_eq!(precision.interval, Some(score_interval(0.95, 1000.0)));
        // Rules that disagree make it wider.
        let moved = [900.0, 930.0, 960.0, 990.0].map(|links| Again { links, ..still[0] });
        let wider = basis.precision(Some(&still), &moved);
        let width = |e: &Expectation| e.interval.map_or(0.0, |[low, high]| high - low);
        assert!(width(&wider) > 3.0 * width(&precision), "{wider:?}");
        assert!((wider.standard_errors.rules - 0.0387).abs() < 1e-4);
        let recall = basis.recall(None, &still);
        let all = 980.0 + 25.0;
        assert!(
            recall
                .estimate
                .is_some_and(|r| (r - 950.0 / all).abs() < 1e-12)
        );
        assert!(recall.standard_errors.missed > 0.0);
        let at = basis.by_threshold(&estimates.by_threshold, 0.5);
        assert!(at[0].own && at[0].recall == recall.estimate && at[0].precision == Some(0.95));
    }

    #[test]
    fn nothing_linked_is_no_share() {
        let basis = Basis::new(Sums::default(), Sums::default(), Missed::default());
        assert_eq!(basis.precision(None, &[]).estimate, None);
        assert_eq!(basis.recall(None, &[]).interval, None);
    }
}
