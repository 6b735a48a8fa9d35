//! What can go wrong in an estimator: one enum for the rooms from [`super::linkage_error`] to
//! [`super::interval`], since they share their causes.

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation};

/// Why there is no estimate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MethodError {
    /// A share outside its range.
    #[error("{what} must lie between {low} and {high}")]
    OutOfRange {
        /// Which.
        what: &'static str,
        /// Least.
        low: f64,
        /// Greatest.
        high: f64,
    },
    /// A part of a sample that must be there is not.
    #[error("the sample has no label in {stratum}")]
    NoLabels {
        /// Where.
        stratum: String,
    },
    /// Counts that contradict each other.
    #[error("counts contradict each other: {what}")]
    Contradiction {
        /// How.
        what: String,
    },
    /// Lists that share nobody.
    #[error("the lists have no match in common, so nothing tells how many are unseen")]
    NoOverlap,
    /// A correction that cannot be undone.
    #[error("the transition matrix of linkage errors cannot be inverted")]
    NoInverse,
    /// Columns that say the same.
    #[error("covariates are collinear: {what}")]
    Collinear {
        /// Which model.
        what: &'static str,
    },
    /// A covariate that predicts the outcome without error.
    #[error("{what}: a covariate separates the outcomes, so no coefficient is best")]
    Separation {
        /// Which model.
        what: &'static str,
    },
    /// An iteration that did not end.
    #[error("{what} did not converge within {iterations} steps")]
    NotConverged {
        /// Which.
        what: &'static str,
        /// Steps.
        iterations: u32,
    },
    /// Targets that cannot be met.
    #[error("control totals cannot be met: {what}")]
    Infeasible {
        /// Why.
        what: String,
    },
    /// Too few imputations, replicates, donors or areas.
    #[error("{what}: {found} given, at least {needed} needed")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// Given.
        found: usize,
        /// Needed.
        needed: usize,
    },
    /// Inputs of unequal length.
    #[error("{what}: lengths differ")]
    Lengths {
        /// Of what.
        what: &'static str,
    },
    /// A number that is no number.
    #[error("{what} is not a finite number")]
    NotFinite {
        /// Which.
        what: &'static str,
    },
}

/// The codes of these rooms.
pub const METHOD_EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-E-201",
        exit: Exit::Usage,
        title: "A figure is out of its range",
        when: "A precision, recall, rate or bound that was given does not lie where it must.",
        fix: "Correct the figure; shares are written 0.93, not 93.",
    },
    Explanation {
        code: "KL-E-202",
        exit: Exit::Input,
        title: "The clerical sample leaves a stratum without a label",
        when: "A score band that holds pairs has no labelled pair, or the sample has no links or nothing below the threshold.",
        fix: "Have pairs of that band reviewed (`kinlink link review sample`), or join the band to its neighbour before sampling.",
    },
    Explanation {
        code: "KL-E-203",
        exit: Exit::Input,
        title: "Counts contradict each other",
        when: "A part is larger than its whole, or margins add up to different totals.",
        fix: "Compare the counts with their source; margins must be of the same date and population.",
    },
    Explanation {
        code: "KL-E-204",
        exit: Exit::Input,
        title: "The lists have nobody in common",
        when: "After correction for false links no match is left between lists.",
        fix: "Check the linkage. Without overlap no method tells how many are unseen; publish the count.",
    },
    Explanation {
        code: "KL-E-205",
        exit: Exit::Input,
        title: "Linkage errors cannot be undone",
        when: "The transition matrix is singular: so many links are missed or false that patterns of lists can no longer be told apart.",
        fix: "Improve the linkage or its clerical sample.",
    },
    Explanation {
        code: "KL-E-206",
        exit: Exit::Input,
        title: "Covariates are collinear",
        when: "A covariate is a sum of others, or is constant.",
        fix: "Leave one of them out.",
    },
    Explanation {
        code: "KL-E-207",
        exit: Exit::Input,
        title: "A covariate separates the outcomes",
        when: "In some category everybody, or nobody, has children recorded.",
        fix: "Join the category to another, or use the hot-deck.",
    },
    Explanation {
        code: "KL-E-208",
        exit: Exit::Input,
        title: "An iteration did not converge",
        when: "The estimate did not settle within the greatest number of steps.",
        fix: "Use fewer covariates or margins, wider bounds, or join small categories.",
    },
    Explanation {
        code: "KL-E-209",
        exit: Exit::Input,
        title: "Control totals cannot be met",
        when: "A category with a published total has no record, or the bounds leave no weights that meet the totals.",
        fix: "Join the empty category to another, or widen the bounds.",
    },
    Explanation {
        code: "KL-E-210",
        exit: Exit::Usage,
        title: "Too few",
        when: "Fewer imputations, replicates, donors or areas than the method needs.",
        fix: "Give more, or join groups.",
    },
    Explanation {
        code: "KL-E-211",
        exit: Exit::Bug,
        title: "Inputs of an estimator differ in length",
        when: "One part of kinlink gave another rows and columns that do not belong together.",
        fix: "This is a defect in kinlink. Keep the run and report it.",
    },
    Explanation {
        code: "KL-E-212",
        exit: Exit::Input,
        title: "A figure is not a number",
        when: "An input is infinite or not a number.",
        fix: "Look for divisions by nought in what made the input.",
    },
];

impl MethodError {
    fn code(&self) -> &'static str {
        match self {
            MethodError::OutOfRange { .. } => "KL-E-201",
            MethodError::NoLabels { .. } => "KL-E-202",
            MethodError::Contradiction { .. } => "KL-E-203",
            MethodError::NoOverlap => "KL-E-204",
            MethodError::NoInverse => "KL-E-205",
            MethodError::Collinear { .. } => "KL-E-206",
            MethodError::Separation { .. } => "KL-E-207",
            MethodError::NotConverged { .. } => "KL-E-208",
            MethodError::Infeasible { .. } => "KL-E-209",
            MethodError::TooFew { .. } => "KL-E-210",
            MethodError::Lengths { .. } => "KL-E-211",
            MethodError::NotFinite { .. } => "KL-E-212",
        }
    }
}

impl Diagnose for MethodError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let code = self.code();
        let entry = METHOD_EXPLANATIONS.iter().find(|e| e.code == code);
        let (exit, fix) = entry.map_or((Exit::Bug, ""), |e| (e.exit, e.fix));
        vec![Diagnostic::new(code, exit, self.to_string(), fix)]
    }
}

/// A number that must be finite.
pub(super) fn finite(value: f64, what: &'static str) -> Result<f64, MethodError> {
    match value.is_finite() {
        true => Ok(value),
        false => Err(MethodError::NotFinite { what }),
    }
}

/// A number that must lie in a range, both ends included.
pub(super) fn within(
    value: f64,
    [low, high]: [f64; 2],
    what: &'static str,
) -> Result<f64, MethodError> {
    match (low..=high).contains(&value) {
        true => Ok(value),
        false => Err(MethodError::OutOfRange { what, low, high }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_explanation() {
        let errors = [
            MethodError::OutOfRange {
                what: "recall",
                low: 0.0,
                high: 1.0,
            },
            MethodError::NoLabels {
                stratum: "b".into(),
            },
            MethodError::Contradiction { what: "c".into() },
            MethodError::NoOverlap,
            MethodError::NoInverse,
            MethodError::Collinear { what: "m" },
            MethodError::Separation { what: "m" },
            MethodError::NotConverged {
                what: "m",
                iterations: 3,
            },
            MethodError::Infeasible { what: "c".into() },
            MethodError::TooFew {
                what: "areas",
                found: 1,
                needed: 5,
            },
            MethodError::Lengths { what: "rows" },
            MethodError::NotFinite { what: "x" },
        ];
        for error in &errors {
            let told = error.diagnostics();
            assert_eq!(told.len(), 1);
            assert!(!told[0].help.is_empty(), "{error}");
        }
        assert_eq!(errors.len(), METHOD_EXPLANATIONS.len());
    }
}
