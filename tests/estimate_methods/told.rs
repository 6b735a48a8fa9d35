//! What people read: every warning and every error, word for word.

use kinlink::diagnostic::Diagnose;
use kinlink::estimate::MethodError;
use kinlink::estimate::caution::Caution;

fn cautions() -> Vec<Caution> {
    let stratum = || "father/0-4/north".to_owned();
    vec![
        Caution::RecallOfComparedPairs,
        Caution::FewLabels {
            stratum: "0.5-0.9".into(),
            labelled: 12,
        },
        Caution::MoreMatchesThanRecords,
        Caution::LinksPerRecordDoNotFit,
        Caution::NegativeCells { stratum: stratum() },
        Caution::IllConditioned { condition: 41.3 },
        Caution::NoOverlap { stratum: stratum() },
        Caution::SmallStratum {
            stratum: stratum(),
            expected: 612.4,
        },
        Caution::Collapsed {
            stratum: stratum(),
            into: "father/0-4/south".into(),
        },
        Caution::TooSmallAltogether { expected: 120.0 },
        Caution::LowImpliedCoverage {
            list: 1,
            coverage: 0.41,
        },
        Caution::LowSampleCoverage { coverage: 0.5 },
        Caution::ListsDepend {
            list: 2,
            ratio: 0.587,
        },
        Caution::DispersionAtLimit,
        Caution::CoarserDonors { cells: 4 },
        Caution::BoundsUsed,
        Caution::NoVarianceBetweenAreas,
        Caution::ReplicatesLost { lost: 3, of: 1000 },
        Caution::NobodyUnseen,
    ]
}

fn errors() -> Vec<MethodError> {
    vec![
        MethodError::OutOfRange {
            what: "recall",
            low: 0.0,
            high: 1.0,
        },
        MethodError::NoLabels {
            stratum: "0.5-0.9".into(),
        },
        MethodError::Contradiction {
            what: "more links than the smaller list has people".into(),
        },
        MethodError::NoOverlap,
        MethodError::NoInverse,
        MethodError::Collinear {
            what: "the control totals",
        },
        MethodError::Separation {
            what: "the model of having children",
        },
        MethodError::NotConverged {
            what: "calibration",
            iterations: 100,
        },
        MethodError::Infeasible {
            what: "category 18-20 of margin age has no record".into(),
        },
        MethodError::TooFew {
            what: "imputations",
            found: 5,
            needed: 20,
        },
        MethodError::Lengths {
            what: "weights and records",
        },
        MethodError::NotFinite { what: "a variance" },
    ]
}

#[test]
fn every_warning() {
    let told = |c: &Caution| format!("[{}] {c}", c.status().unwrap_or("-"));
    let all: Vec<String> = cautions().iter().map(told).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn every_error() {
    let told = |e: &MethodError| {
        let d = &e.diagnostics()[0];
        format!(
            "{} (exit {}) {}\n  help: {}",
            d.code,
            d.exit.code(),
            d.what,
            d.help
        )
    };
    let all: Vec<String> = errors().iter().map(told).collect();
    insta::assert_snapshot!(all.join("\n"));
}
