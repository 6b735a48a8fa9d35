//! The settings file of Splink 4 and 5: what is read of it.

use serde::Deserialize;
use serde_json::Value;

/// The settings.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    /// The comparisons.
    pub comparisons: Vec<Comparison>,
    /// The rules under which pairs are compared.
    #[serde(default)]
    pub blocking_rules_to_generate_predictions: Vec<BlockingRule>,
    /// λ: the share of matches among pairs of chance.
    pub probability_two_random_records_match: Option<f64>,
}

/// A comparison.
#[derive(Debug, Clone, Deserialize)]
pub struct Comparison {
    /// Its name.
    #[serde(default)]
    pub output_column_name: String,
    /// Its levels: the first whose condition holds counts.
    pub comparison_levels: Vec<Level>,
}

/// A level of a comparison.
#[derive(Debug, Clone, Deserialize)]
pub struct Level {
    /// When it holds; `ELSE` is always.
    pub sql_condition: String,
    /// Its words.
    #[serde(default)]
    pub label_for_charts: String,
    /// Whether it is that of missing values.
    #[serde(default)]
    pub is_null_level: bool,
    /// m, or a text where it was not learnt.
    #[serde(default)]
    m_probability: Value,
    /// u, likewise.
    #[serde(default)]
    u_probability: Value,
    /// The column whose frequent values count less.
    pub tf_adjustment_column: Option<String>,
}

impl Level {
    /// m and u, where both were learnt.
    pub fn shares(&self) -> Option<(f64, f64)> {
        let share = |value: &Value| value.as_f64().filter(|p| (0.0..=1.0).contains(p));
        Some((share(&self.m_probability)?, share(&self.u_probability)?))
    }

    /// Whether it is what is left.
    pub fn is_else(&self) -> bool {
        self.sql_condition.trim().eq_ignore_ascii_case("else")
    }

    /// Its words, or its condition.
    pub fn label(&self) -> &str {
        match self.label_for_charts.as_str() {
            "" => &self.sql_condition,
            label => label,
        }
    }
}

/// A blocking rule: a condition, alone or with more about it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum BlockingRule {
    /// The condition alone.
    Plain(String),
    /// With its dialect, and perhaps arrays that are taken apart.
    Whole {
        /// The condition.
        blocking_rule: String,
        /// Columns that are lists.
        #[serde(default)]
        arrays_to_explode: Option<Vec<String>>,
    },
}

impl BlockingRule {
    /// The condition.
    pub fn condition(&self) -> &str {
        match self {
            BlockingRule::Plain(rule) => rule,
            BlockingRule::Whole { blocking_rule, .. } => blocking_rule,
        }
    }

    /// Whether it takes lists apart.
    pub fn explodes(&self) -> bool {
        match self {
            BlockingRule::Plain(_) => false,
            BlockingRule::Whole {
                arrays_to_explode, ..
            } => arrays_to_explode.as_ref().is_some_and(|of| !of.is_empty()),
        }
    }
}
