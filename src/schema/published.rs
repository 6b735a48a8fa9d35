//! Published tables: what each one counts, by what, in which concepts, and under which rule.
//!
//! The definitions stand as JSON in `schemas/tables/` and are built into the binary. `estimate`
//! counts a table by the names of its dimensions, `protect` reads hierarchy, rule and rounding,
//! and `publish` the titles, labels and units.

mod definitions;
mod earlier;

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

pub use earlier::{EarlierEstimate, earlier_estimates};

/// The code of a margin in every dimension column.
pub const TOTAL: &str = "Total";

/// The code of a place that is not available.
pub const NOT_AVAILABLE: &str = "x";

/// What a figure counts. The three are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concept {
    /// Children with a parent in prison on the reference date.
    Stock,
    /// Different children with a parent in prison on at least one day of the year.
    YearUnique,
    /// A child and an entry of a parent into prison: one child may count several times.
    Incidence,
}

impl Concept {
    /// All concepts, in the order of publication.
    pub const ALL: [Concept; 3] = [Concept::Stock, Concept::YearUnique, Concept::Incidence];

    /// The word in the column `concept`.
    pub fn word(self) -> &'static str {
        match self {
            Concept::Stock => "stock",
            Concept::YearUnique => "year_unique",
            Concept::Incidence => "incidence",
        }
    }

    /// The concept of a word.
    pub fn from_word(word: &str) -> Option<Concept> {
        Concept::ALL.into_iter().find(|c| c.word() == word)
    }

    /// One sentence for readers.
    pub fn meaning(self) -> &'static str {
        match self {
            Concept::Stock => "children with a parent in prison on the reference date",
            Concept::YearUnique => {
                "different children with a parent in prison on at least one day of the year; \
                 each child counts once"
            }
            Concept::Incidence => {
                "entries of a parent into prison in the year, counted for each child; \
                 one child may count several times"
            }
        }
    }
}

/// What the column `status` says about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The value is shown.
    Observed,
    /// Confidential: hidden to protect people.
    C,
    /// Not available.
    X,
    /// Not applicable.
    Z,
    /// More than nothing, but rounds to zero.
    Low,
    /// Of low reliability.
    U,
}

impl Status {
    /// All words, in the order in which notes explain them.
    pub const ALL: [Status; 6] = [
        Status::Observed,
        Status::C,
        Status::X,
        Status::Z,
        Status::Low,
        Status::U,
    ];

    /// The word in the column `status`.
    pub fn word(self) -> &'static str {
        match self {
            Status::Observed => "observed",
            Status::C => "c",
            Status::X => "x",
            Status::Z => "z",
            Status::Low => "low",
            Status::U => "u",
        }
    }

    /// The status of a word.
    pub fn from_word(word: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|s| s.word() == word)
    }

    /// What a reader needs to know.
    pub fn meaning(self) -> &'static str {
        match self {
            Status::Observed => "the value is shown",
            Status::C => "confidential: hidden so that nobody can be found out",
            Status::X => "not available",
            Status::Z => "not applicable",
            Status::Low => "more than zero, but rounds to zero",
            Status::U => "of low reliability, not shown",
        }
    }
}

/// A code of a dimension with its label and the code that it adds up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeDef {
    /// The code in the column.
    pub code: String,
    /// For readers.
    pub label: String,
    /// The code above it; none is [`TOTAL`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// A dimension of a table: a column with its codes and their hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DimensionDef {
    /// The column's name.
    pub name: String,
    /// What it is a level of: `country`, `region` and `local_authority` are levels of `area`.
    pub variable: String,
    /// For headings.
    pub title: String,
    /// One sentence.
    pub description: String,
    /// The label of [`TOTAL`]; empty where the codes do not add up.
    pub total: String,
    /// The official code that [`TOTAL`] stands for, if there is one.
    pub total_code: Option<String>,
    /// All codes in the order of publication, margins within the hierarchy included.
    pub codes: Vec<CodeDef>,
}

impl DimensionDef {
    /// The codes that inner cells hold: those that nothing else adds up to.
    pub fn leaves(&self) -> impl Iterator<Item = &CodeDef> {
        self.codes.iter().filter(|c| {
            !self
                .codes
                .iter()
                .any(|d| d.parent.as_ref() == Some(&c.code))
        })
    }

    /// Is this a code of an inner cell?
    pub fn is_leaf(&self, code: &str) -> bool {
        self.codes.iter().any(|c| c.code == code)
            && !self.codes.iter().any(|d| d.parent.as_deref() == Some(code))
    }

    /// The label of a code; the code itself where it has none.
    pub fn label<'a>(&'a self, code: &'a str) -> &'a str {
        if code == TOTAL {
            return &self.total;
        }
        self.codes
            .iter()
            .find(|c| c.code == code)
            .map_or(code, |c| c.label.as_str())
    }

    /// Do the codes add up to a total?
    pub fn adds_up(&self) -> bool {
        !self.total.is_empty()
    }
}

/// How a measure is derived from a protected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DerivedKind {
    /// Share of the cell with the dimensions in `over` at their totals, in per cent.
    Percent,
    /// Per so many children under 18 of the area.
    Rate,
    /// This release's figure divided by an earlier one of the same concept.
    Ratio,
}

/// A measure that is computed from protected values alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DerivedDef {
    /// The word in the column `measure`.
    pub name: String,
    /// How.
    pub kind: DerivedKind,
    /// From which measure.
    pub of: String,
    /// For a rate: per so many children.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<u32>,
    /// For a percentage: the dimensions over which it adds up to 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over: Vec<String>,
}

/// A measure that is estimated: the number counted, corrected for who is on no list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstimatedDef {
    /// The word in the column `measure`.
    pub name: String,
    /// The counted measure beside it; where that is hidden, so is the estimate.
    pub of: String,
}

/// The rule under which small counts are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuppressionDef {
    /// Counts from 1 to one below this are hidden.
    pub min_frequency: u64,
}

/// Codes that cannot occur, or of which nothing is known, in a concept or a measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotApplicable {
    /// In this concept; none is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concept: Option<Concept>,
    /// In this measure; none is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// The dimension's name.
    pub dimension: String,
    /// Its codes.
    pub codes: Vec<String>,
}

/// A published table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableDef {
    /// `T01`.
    pub id: String,
    /// Short title.
    pub title: String,
    /// Statistical subtitle: what, by what, where.
    pub subtitle: String,
    /// `children` or `parents`.
    pub population: String,
    /// The dimensions in the order of the columns.
    pub dimensions: Vec<DimensionDef>,
    /// The concepts that it is given in.
    pub concepts: Vec<Concept>,
    /// The measures that are counted.
    pub measures: Vec<String>,
    /// The measures that are derived from them.
    pub derived: Vec<DerivedDef>,
    /// A measure that is estimated with an interval, beside the count of the same cells.
    pub estimated: Option<EstimatedDef>,
    /// Rounding base; none is exact.
    pub rounding: Option<u64>,
    /// The rule for small counts; none where the table is national and only rounded.
    pub suppression: Option<SuppressionDef>,
    /// Codes that cannot occur.
    pub not_applicable: Vec<NotApplicable>,
    /// Codes of which no extract tells anything.
    pub not_available: Vec<NotApplicable>,
    /// Why no extract allows this table: every cell of it is not available.
    pub unavailable: Option<String>,
    /// Its cells stay shown as long as everything else can be protected without hiding them.
    pub keep_shown: bool,
    /// The table from whose protected values this one is made; `estimate` does not count it.
    pub built_from: Option<String>,
}

impl TableDef {
    /// The dimension of that name.
    pub fn dimension(&self, name: &str) -> Option<&DimensionDef> {
        self.dimensions.iter().find(|d| d.name == name)
    }

    /// Is a cell impossible by definition? `codes` in the order of the dimensions.
    pub fn is_not_applicable(&self, concept: Concept, measure: &str, codes: &[&str]) -> bool {
        self.any_of(&self.not_applicable, concept, measure, codes)
    }

    /// Does no extract tell anything of a cell? `codes` in the order of the dimensions.
    pub fn is_not_available(&self, concept: Concept, measure: &str, codes: &[&str]) -> bool {
        self.unavailable.is_some() || self.any_of(&self.not_available, concept, measure, codes)
    }

    fn any_of(
        &self,
        rules: &[NotApplicable],
        concept: Concept,
        measure: &str,
        codes: &[&str],
    ) -> bool {
        rules.iter().any(|n| {
            n.concept.is_none_or(|c| c == concept)
                && n.measure.as_deref().is_none_or(|m| m == measure)
                && self
                    .dimensions
                    .iter()
                    .zip(codes)
                    .any(|(d, code)| d.name == n.dimension && n.codes.iter().any(|c| c == code))
        })
    }

    /// The unit of a measure of this table, for field and row descriptions.
    pub fn unit(measure: &str) -> &'static str {
        match measure {
            "children" | "children_estimated" | "earlier_children" => "children",
            "parents" => "parents",
            "percent" => "per cent",
            "rate_per_1000" | "estimated_rate_per_1000" => "per 1,000 children under 18",
            "rate_per_10000" | "estimated_rate_per_10000" => "per 10,000 children under 18",
            "ratio" => "ratio",
            _ => "",
        }
    }
}

/// The dimension of a series: months before the reference date.
pub const MONTH: &str = "month";

/// The code of the reference date in [`MONTH`].
pub const REFERENCE_MONTH: &str = "0";

/// All published tables, in the order of their ids; those that are made of others come last.
pub fn tables() -> &'static [TableDef] {
    static LIST: OnceLock<Vec<TableDef>> = OnceLock::new();
    LIST.get_or_init(|| definitions::all().filter_map(Result::ok).collect())
}

/// The table of that id.
pub fn table(id: &str) -> Option<&'static TableDef> {
    tables().iter().find(|t| t.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::canonical;

    #[test]
    fn every_definition_reads() {
        let all = definitions::all().collect::<Result<Vec<_>, _>>();
        let all = all.expect("a definition that cannot be read");
        assert_eq!(tables().len(), all.len());
        assert_eq!(earlier_estimates().len(), 5);
    }

    #[test]
    fn the_codes_are_those_of_the_canonical_model() {
        let t = table("T09").expect("T09");
        let codes = |i: usize| -> Vec<&str> {
            t.dimensions[i]
                .codes
                .iter()
                .map(|c| c.code.as_str())
                .collect()
        };
        assert_eq!(codes(0), canonical::SENTENCE_BANDS);
        assert_eq!(codes(1), canonical::OFFENCE_GROUPS);
    }

    #[test]
    fn local_authorities_are_leaves_and_regions_are_margins() {
        let d = &table("T07").expect("T07").dimensions[0];
        assert_eq!(d.leaves().count(), 176);
        assert!(!d.is_leaf("E12000001") && !d.is_leaf("W92000004") && d.is_leaf("x"));
        assert_eq!(d.label("Total"), "England and Wales");
    }

    #[test]
    fn every_parent_and_every_reference_exists() {
        for t in tables() {
            for d in &t.dimensions {
                for c in &d.codes {
                    if let Some(parent) = &c.parent {
                        assert!(
                            d.codes.iter().any(|p| p.code == *parent),
                            "{} {}",
                            t.id,
                            c.code
                        );
                    }
                }
            }
            for n in t.not_applicable.iter().chain(&t.not_available) {
                let d = t.dimension(&n.dimension).expect("dimension");
                assert!(n.codes.iter().all(|c| d.codes.iter().any(|k| k.code == *c)));
            }
            for d in &t.derived {
                let estimated = t.estimated.as_ref().map(|e| &e.name);
                assert!(t.measures.contains(&d.of) || estimated == Some(&d.of));
                assert!(d.over.iter().all(|o| t.dimension(o).is_some()));
            }
        }
    }

    #[test]
    fn a_stock_has_nobody_who_turned_18() {
        let t = table("T04").expect("T04");
        assert!(t.is_not_applicable(Concept::Stock, "children", &["18", "Total", "Total"]));
        assert!(!t.is_not_applicable(Concept::YearUnique, "children", &["18", "Total", "Total"]));
    }
}
