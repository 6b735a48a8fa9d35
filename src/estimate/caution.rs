//! What a reader of an estimate must be told although the estimate stands.

use std::fmt;

/// A warning that goes with an estimate. It holds names of strata and methods, never a value of a
/// person.
#[derive(Debug, Clone, PartialEq)]
pub enum Caution {
    /// No sample was drawn of the pairs that no block brought together.
    RecallOfComparedPairs,
    /// A stratum of a sample has few labels.
    FewLabels {
        /// The stratum.
        stratum: String,
        /// Its labels.
        labelled: u64,
    },
    /// More matches than the smaller list holds were estimated, and cut to it.
    MoreMatchesThanRecords,
    /// Links per record vary no more than chance, or more than the model allows.
    LinksPerRecordDoNotFit,
    /// Cells corrected for linkage error fell below nought and were set to it.
    NegativeCells {
        /// The stratum.
        stratum: String,
    },
    /// A correction magnifies errors in its input.
    IllConditioned {
        /// The greatest magnification.
        condition: f64,
    },
    /// Two lists have no child in common.
    NoOverlap {
        /// The stratum.
        stratum: String,
    },
    /// A stratum is of a size at which intervals hold the truth less often than stated.
    SmallStratum {
        /// The stratum.
        stratum: String,
        /// Children expected in it.
        expected: f64,
    },
    /// A stratum was too small and was joined with others.
    Collapsed {
        /// The stratum.
        stratum: String,
        /// What it was joined to.
        into: String,
    },
    /// Even the whole is too small for the method.
    TooSmallAltogether {
        /// Children expected.
        expected: f64,
    },
    /// A list misses more than half of the children that the others hold.
    LowImpliedCoverage {
        /// The list, from 0.
        list: usize,
        /// Its implied coverage.
        coverage: f64,
    },
    /// The lists overlap too little for a stable estimate.
    LowSampleCoverage {
        /// Chao and Tsay's sample coverage.
        coverage: f64,
    },
    /// Two lists, matched within the third, do not give back its known size.
    ListsDepend {
        /// The list whose size is known, from 0.
        list: usize,
        /// Estimate over known size.
        ratio: f64,
    },
    /// The dispersion of numbers of children is at the limit of the model.
    DispersionAtLimit,
    /// A cell had too few donors and took those of a coarser cell.
    CoarserDonors {
        /// Cells that did.
        cells: u64,
    },
    /// Weights left their bounds, and the bounded method was used.
    BoundsUsed,
    /// The variance between areas is estimated as nought: every area takes the model's value.
    NoVarianceBetweenAreas,
    /// Some replicates could not be computed and were left out.
    ReplicatesLost {
        /// So many.
        lost: u64,
        /// Of so many.
        of: u64,
    },
    /// The local authorities could not be modelled.
    NoSmallAreas(String),
    /// No audit says how far statements about children are right.
    StatementsNotAudited,
    /// Nobody is estimated to be unseen; the interval is about the count alone.
    NobodyUnseen,
}

impl Caution {
    /// The status word of a published cell that must carry this warning: `low` where the figure is
    /// less reliable than its interval says.
    pub fn status(&self) -> Option<&'static str> {
        match self {
            Caution::SmallStratum { .. }
            | Caution::TooSmallAltogether { .. }
            | Caution::NegativeCells { .. }
            | Caution::NoOverlap { .. }
            | Caution::LowSampleCoverage { .. }
            | Caution::IllConditioned { .. } => Some("low"),
            _ => None,
        }
    }
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Caution::RecallOfComparedPairs => write!(
                f,
                "recall is of the pairs that were compared; matches that no block brought together are not in it"
            ),
            Caution::FewLabels { stratum, labelled } => {
                write!(f, "stratum {stratum} has only {labelled} labels")
            }
            Caution::MoreMatchesThanRecords => write!(
                f,
                "more matches were estimated than the smaller list has records; precision and recall do not fit the links"
            ),
            Caution::LinksPerRecordDoNotFit => write!(
                f,
                "the spread of links per record does not fit one match at most and false links at random"
            ),
            Caution::NegativeCells { stratum } => write!(
                f,
                "stratum {stratum}: a cell corrected for linkage error was below nought and was set to it"
            ),
            Caution::IllConditioned { condition } => write!(
                f,
                "the correction for linkage error magnifies errors up to {condition:.0} times"
            ),
            Caution::NoOverlap { stratum } => {
                write!(
                    f,
                    "stratum {stratum}: two lists have no child in common alone"
                )
            }
            Caution::SmallStratum { stratum, expected } => write!(
                f,
                "stratum {stratum}: about {expected:.0} children; intervals hold the truth less often than stated below 1,000"
            ),
            Caution::Collapsed { stratum, into } => {
                write!(f, "stratum {stratum} is too small and was joined to {into}")
            }
            Caution::TooSmallAltogether { expected } => write!(
                f,
                "about {expected:.0} children altogether, fewer than the method needs in one stratum"
            ),
            Caution::LowImpliedCoverage { list, coverage } => write!(
                f,
                "list {} holds only {:.0} % of the children that another list holds",
                list + 1,
                100.0 * coverage
            ),
            Caution::LowSampleCoverage { coverage } => write!(
                f,
                "sample coverage is {coverage:.2}; below 0.55 estimates are unstable"
            ),
            Caution::ListsDepend { list, ratio } => write!(
                f,
                "the other two lists, matched within list {}, give {ratio:.2} times its known size: lists depend on each other",
                list + 1
            ),
            Caution::DispersionAtLimit => write!(
                f,
                "numbers of children vary no more than a Poisson distribution does"
            ),
            Caution::CoarserDonors { cells } => write!(
                f,
                "{cells} cells had too few donors and took those of a coarser cell"
            ),
            Caution::BoundsUsed => write!(
                f,
                "raking left the bounds of the weights; the bounded method was used"
            ),
            Caution::NoVarianceBetweenAreas => write!(
                f,
                "no variance between areas is left by the covariates: every area takes the model's value"
            ),
            Caution::ReplicatesLost { lost, of } => {
                write!(f, "{lost} of {of} replicates could not be computed")
            }
            Caution::NoSmallAreas(why) => {
                write!(f, "no estimate of local authorities: {why}")
            }
            Caution::StatementsNotAudited => write!(
                f,
                "no audit says how far statements about children are right: every one is taken as right"
            ),
            Caution::NobodyUnseen => write!(f, "nobody is estimated to be unseen"),
        }
    }
}
