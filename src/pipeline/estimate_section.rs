//! The section `[estimate]`: how children are counted, and how the national figure is estimated.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::error::ConfigProblem;
use crate::estimate::imputation::Imputations;
use crate::estimate::national;
use crate::estimate::national::evidence::Lists;
use crate::estimate::national::statements::{Ratio, Statements};

/// `[estimate]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstimateSection {
    /// How the children are counted.
    pub method: Method,
    /// Inputs of the method `bold`.
    pub bold: Option<Bold>,
    /// Systems from which age, sex, ethnic group and area are taken, best first.
    #[serde(default)]
    pub attributes_from: Vec<String>,
    /// The lists that say who is a parent; by default the systems `custody`, `probation`, `carers`.
    #[serde(default)]
    pub lists: ListsSection,
    /// How far statements are right, from an audit of cases; by default every one is.
    #[serde(default)]
    pub statements: StatementsSection,
    /// Imputations of numbers of children that were not stated.
    #[serde(default = "imputations")]
    pub imputations: u16,
    /// Draws of the audit.
    #[serde(default = "replicates")]
    pub replicates: u32,
    /// The seed of imputations and draws.
    #[serde(default = "seed")]
    pub seed: u64,
}

/// How the children are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Named children, linked and counted once.
    Linked,
    /// The multiplier of the Ministry of Justice's release of 2024, from its published inputs.
    Bold,
}

/// Published inputs of the multiplier method.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bold {
    /// People with any time in prison in the year.
    pub people_in_prison: u64,
    /// Of these, people with children recorded in any source.
    pub with_children_recorded: u64,
    /// The same after adjustment for undercount.
    pub with_children_adjusted: u64,
    /// Average number of dependent children in a family, in hundredths (177 is 1.77).
    pub children_per_family_hundredths: u64,
}

/// `[estimate.lists]`: each list by the systems that make it up.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListsSection {
    /// What prisons record.
    pub custody: Vec<String>,
    /// What probation records.
    pub probation: Vec<String>,
    /// Carers of children whom children's services know.
    pub services: Vec<String>,
}

impl Default for ListsSection {
    fn default() -> Self {
        let one = |name: &str| vec![name.to_owned()];
        ListsSection {
            custody: one("custody"),
            probation: one("probation"),
            services: one("carers"),
        }
    }
}

/// `[estimate.statements]`: of the stock and of the year.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatementsSection {
    /// Of the reference date.
    pub stock: FrameStatements,
    /// Of the year.
    pub year: FrameStatements,
}

/// Ratios of children who count to children stated, each with its standard error.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FrameStatements {
    /// Stated by prisons alone.
    pub custody: Option<Spanned<[f64; 2]>>,
    /// By probation alone.
    pub probation: Option<Spanned<[f64; 2]>>,
    /// By both.
    pub both: Option<Spanned<[f64; 2]>>,
    /// Named by children's services.
    pub services: Option<Spanned<[f64; 2]>>,
    /// Of the year: what the ratio becomes where each child counts once for each entry.
    pub entries: Option<Spanned<[f64; 2]>>,
    /// Families that the audit looked at for each of the first three.
    pub cases: Option<u32>,
}

fn imputations() -> u16 {
    20
}

fn replicates() -> u32 {
    1_000
}

fn seed() -> u64 {
    1
}

impl EstimateSection {
    /// The method of the national figure; what cannot be is put to the problems.
    pub(super) fn national(&self, problems: &mut Vec<ConfigProblem>) -> Option<national::Method> {
        let stock = statements(&self.statements.stock, problems);
        let year = statements(&self.statements.year, problems);
        if let Some(of_stock) = &self.statements.stock.entries {
            problems.push(ConfigProblem::at(
                of_stock.span(),
                "entries are of a year, not of a day",
                "put `entries` into [estimate.statements.year]",
            ));
        }
        let imputations = Imputations::new(self.imputations);
        if imputations.is_err() {
            problems.push(ConfigProblem::nowhere(
                "fewer than 20 imputations do not tell how unsure they are".to_owned(),
                "set `imputations` in [estimate] to 20 or more, or leave it out",
            ));
        }
        if !(100..=1_000_000).contains(&self.replicates) {
            problems.push(ConfigProblem::nowhere(
                "`replicates` in [estimate] must be 100 to 1,000,000".to_owned(),
                "1,000 is usual",
            ));
        }
        Some(national::Method {
            lists: Lists {
                custody: self.lists.custody.clone(),
                probation: self.lists.probation.clone(),
                services: self.lists.services.clone(),
            },
            stock: stock?,
            year: year?,
            imputations: imputations.ok()?,
            replicates: self.replicates,
            seed: self.seed,
        })
    }
}

fn statements(stated: &FrameStatements, problems: &mut Vec<ConfigProblem>) -> Option<Statements> {
    let mut ratio = |of: &Option<Spanned<[f64; 2]>>| match of {
        None => Some(Ratio::CERTAIN),
        Some(pair) => {
            let [value, error] = *pair.get_ref();
            let found = Ratio::new(value, error);
            if found.is_err() {
                problems.push(ConfigProblem::at(
                    pair.span(),
                    "a ratio of 0.2 to 5 with a standard error of 0 to 0.5",
                    "[0.97, 0.02] means: of 100 children stated, 97 count, give or take 2",
                ));
            }
            found.ok()
        }
    };
    Some(Statements {
        custody: ratio(&stated.custody)?,
        probation: ratio(&stated.probation)?,
        both: ratio(&stated.both)?,
        services: ratio(&stated.services)?,
        entries: ratio(&stated.entries)?,
        cases: stated.cases,
    })
}
