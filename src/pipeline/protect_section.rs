//! The section `[protect]`: which mode of protection a run has, and its rules.
//!
//! A run hides small counts, or passes on what was published before. Noise and cell keys are not
//! its modes, and a file that asks for them is refused rather than run without them:
//!
//! - the guarantee of noise is about units whose rows are bounded, and the inner cells of a run are
//!   counts (children by entry into prison and parents among them) in which no unit can be told;
//! - the estimates, their intervals and the figures of quality follow from true counts and links;
//!   released beside noisy tables, they would take the guarantee back, and no ledger charges them;
//! - a cell key needs a record key for every child, which no canonical table has.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::error::ConfigProblem;
use crate::protect::{Attacker, Method, Rules, Zeros};

/// `[protect]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectSection {
    /// `sdc`: the true table decides what is hidden, and the release is audited.
    pub mode: Spanned<Word>,
    /// Counts from 1 to one less than this are hidden.
    #[serde(default = "min_frequency")]
    pub min_frequency: u64,
    /// Are zeros shown?
    #[serde(default = "zeros")]
    pub zeros: Zeros,
    /// What the attacker knows.
    #[serde(default = "attacker")]
    pub attacker: Attacker,
    /// How many people an attacking group has.
    #[serde(default = "group")]
    pub group: u64,
    /// Least distance between an attacker's bounds for a small count.
    #[serde(default = "width")]
    pub width: u64,
    /// Noise by the keys of cells: refused.
    pub cell_key: Option<Spanned<toml::Value>>,
    /// Noise with differential privacy: refused.
    pub dp: Option<Spanned<toml::Value>>,
}

/// The words for `mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Suppression and rounding, audited.
    Sdc,
    /// Figures that have been published before.
    Published,
    /// Noise: refused.
    Dp,
    /// Noise by the keys of cells: refused.
    CellKey,
}

/// The modes of protection that a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtectMode {
    /// Suppression and rounding, audited.
    Sdc,
    /// Figures that have been published before; nothing to hide.
    Published,
}

fn min_frequency() -> u64 {
    Rules::default().min_frequency
}

fn zeros() -> Zeros {
    Rules::default().zeros
}

fn attacker() -> Attacker {
    Rules::default().attacker
}

fn group() -> u64 {
    Rules::default().group
}

fn width() -> u64 {
    Rules::default().width
}

/// What to do in place of noise in a run.
const INSTEAD: &str = "write mode = \"sdc\"; tables with noise are made of rows with their unit by \
                       `kinlink protect table` with [dp], see docs/differential-privacy.md";

/// What to do in place of cell keys in a run.
const KEYS: &str = "write mode = \"sdc\"; tables with cell keys are made of rows with their record \
                    keys by `kinlink protect table` with [cell_key], see docs/disclosure-control.md";

impl ProtectSection {
    /// The mode; one that a run does not have is put to the problems.
    pub(super) fn settled(&self, problems: &mut Vec<ConfigProblem>) -> Option<ProtectMode> {
        let before = problems.len();
        let mut refuse = |span, what: &str, help: &str| {
            problems.push(ConfigProblem {
                span: Some(span),
                what: what.to_owned(),
                help: help.to_owned(),
                code: "KL-C-008",
            });
        };
        let noise = "a run does not add noise: its estimates follow from true counts";
        let keys = "a run has no record keys, and so no cell keys";
        let mode = match self.mode.get_ref() {
            Word::Sdc => Some(ProtectMode::Sdc),
            Word::Published => Some(ProtectMode::Published),
            Word::Dp => {
                refuse(self.mode.span(), noise, INSTEAD);
                None
            }
            Word::CellKey => {
                refuse(self.mode.span(), keys, KEYS);
                None
            }
        };
        if let Some(dp) = &self.dp {
            refuse(dp.span(), noise, INSTEAD);
        }
        if let Some(cell_key) = &self.cell_key {
            refuse(cell_key.span(), keys, KEYS);
        }
        mode.filter(|_| problems.len() == before)
    }

    /// The rules.
    pub(super) fn rules(&self) -> Rules {
        Rules {
            min_frequency: self.min_frequency,
            zeros: self.zeros,
            attacker: self.attacker,
            width: self.width,
            group: self.group.max(1),
            // The tables of a run hang together by area, age and parent in one system; a proof of
            // the least cost takes minutes there, and the audit is the same without one.
            method: Method::Fast,
            ..Rules::default()
        }
    }
}
