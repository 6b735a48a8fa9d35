//! `[dp]` of a specification: the budget, the unit, the domain.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::accounting::{Contribution, Delta, Loss, PrivacyUnit, PureDp, Zcdp, rho_within};
use super::exact::Ratio;
use super::plan::Goal;
use crate::protect::error::Problem;
use crate::protect::spec::nearest;
use crate::pseudonymise::KeySource;

/// Where the counts come from, and who bounds what a unit contributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Rows, with the column that names the unit: the bound is enforced here.
    Rows {
        /// The column of the unit.
        unit_id: String,
    },
    /// Rows or counts; whoever made them says that the bound holds.
    Bounded,
}

/// What is done with values of low reliability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// They are shown with their mark.
    Mark,
    /// They are not shown.
    Hide,
}

/// The codes of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Codes {
    /// Stated.
    Listed(Vec<String>),
    /// In the column `code` of a CSV file.
    File(PathBuf),
}

/// What `[dp]` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What the release may cost a unit.
    pub loss: Loss,
    /// δ at which ε is reported.
    pub delta: Delta,
    /// Whose presence is hidden.
    pub unit: PrivacyUnit,
    /// In how many rows a unit may be.
    pub contribution: Contribution,
    /// Where the counts come from.
    pub source: Source,
    /// What the release is called.
    pub release: String,
    /// The folder of the ledger.
    pub ledger: PathBuf,
    /// The key of the noise.
    pub key: KeySource,
    /// What shall be small.
    pub goal: Goal,
    /// Noisy values from 1 to one below this are not shown.
    pub hide_below: Option<u64>,
    /// What is done with values of low reliability.
    pub unreliable: Show,
    pub(super) domain: BTreeMap<String, Codes>,
}

type Value<'a> = Spanned<DeValue<'a>>;

const KEYS: [&str; 14] = [
    "rho",
    "epsilon",
    "delta",
    "unit",
    "unit_id",
    "bounded",
    "contribution",
    "release",
    "ledger",
    "key",
    "goal",
    "hide_below",
    "unreliable",
    "domain",
];

/// Reads the section; paths are relative to `folder`. None where something is wrong, which is told
/// in `problems`.
pub(in crate::protect) fn read_section(
    value: &Value<'_>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<Section> {
    let mut reader = Reader {
        problems,
        whole: value.span(),
        folder,
    };
    let Some(table) = value.get_ref().as_table() else {
        reader.wrong(
            "dp",
            value.span(),
            "`dp` is not a table",
            "write it as [dp]",
        );
        return None;
    };
    reader.known(table);
    reader.section(table)
}

struct Reader<'p> {
    problems: &'p mut Vec<Problem>,
    whole: Range<usize>,
    folder: &'p Path,
}

impl Reader<'_> {
    fn wrong(&mut self, key: &str, span: Range<usize>, what: impl Into<String>, help: &str) {
        self.problems.push(Problem {
            row: None,
            column: key.to_owned(),
            span: Some((span.start, span.len())),
            what: what.into(),
            help: help.to_owned(),
        });
    }

    fn known(&mut self, table: &DeTable<'_>) {
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if !KEYS.contains(&name) {
                let help = match nearest(name, &KEYS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", KEYS.join(", ")),
                };
                let what = format!("unknown key `{name}`");
                self.wrong(&format!("dp.{name}"), key.span(), what, &help);
            }
        }
    }

    fn section(&mut self, table: &DeTable<'_>) -> Option<Section> {
        let get = |name: &str| table.get(name);
        let (loss, delta) = self.loss(get("rho"), get("epsilon"), get("delta"));
        let unit = self.required("unit", get("unit"), |r, v| {
            r.choice("unit", v, &PrivacyUnit::ALL.map(|u| (u.word(), u)))
        });
        let contribution = match get("contribution") {
            None => Some(Contribution::ONE),
            Some(v) => self.contribution(v),
        };
        let source = self.source(get("unit_id"), get("bounded"));
        let release = self.required("release", get("release"), |r, v| r.text("release", v));
        let ledger = self.required("ledger", get("ledger"), |r, v| r.text("ledger", v));
        let key = self.required("key", get("key"), |r, v| r.text("key", v));
        let goals = [
            ("total", Goal::Total),
            ("mean", Goal::Mean),
            ("worst", Goal::Worst),
        ];
        let goal = match get("goal") {
            None => Some(Goal::Total),
            Some(v) => self.choice("goal", v, &goals),
        };
        let unreliable = match get("unreliable") {
            None => Some(Show::Mark),
            Some(v) => self.choice(
                "unreliable",
                v,
                &[("mark", Show::Mark), ("hide", Show::Hide)],
            ),
        };
        let hide_below = get("hide_below").and_then(|v| self.number("hide_below", v));
        let domain = self.domain(get("domain"));
        Some(Section {
            loss: loss?,
            delta: delta?,
            unit: unit?,
            contribution: contribution?,
            source: source?,
            release: release?,
            ledger: self.folder.join(ledger?),
            key: KeySource::File(self.folder.join(key?)),
            goal: goal?,
            hide_below,
            unreliable: unreliable?,
            domain,
        })
    }

    fn required<T>(
        &mut self,
        key: &str,
        value: Option<&Value<'_>>,
        read: impl FnOnce(&mut Self, &Value<'_>) -> Option<T>,
    ) -> Option<T> {
        match value {
            Some(value) => read(self, value),
            None => {
                let what = format!("`{key}` is missing in [dp]");
                self.wrong(&format!("dp.{key}"), self.whole.clone(), what, "state it");
                None
            }
        }
    }

    /// `rho`: zCDP. `epsilon` alone: pure. Both `epsilon` and `delta`: zCDP with the greatest ρ that
    /// stays within them.
    fn loss(
        &mut self,
        rho: Option<&Value<'_>>,
        epsilon: Option<&Value<'_>>,
        delta: Option<&Value<'_>>,
    ) -> (Option<Loss>, Option<Delta>) {
        let stated = delta.map(|v| {
            let read = self
                .amount("delta", v)
                .and_then(|d| Delta::try_from(d).ok());
            if read.is_none() {
                let what = "`delta` is not between 0 and 1";
                self.wrong(
                    "dp.delta",
                    v.span(),
                    what,
                    "such as 1e-6: less than one in the population",
                );
            }
            read
        });
        let usual = Ratio::new(1_u8, 1_000_000_u32).and_then(|d| Delta::try_from(d).ok());
        let shown = stated.clone().unwrap_or(usual);
        let loss = match (rho, epsilon, &stated) {
            (Some(rho), None, _) => self.amount("rho", rho).map(|r| Loss::Zcdp(Zcdp::new(r))),
            (None, Some(e), None) => self
                .amount("epsilon", e)
                .map(|e| Loss::Pure(PureDp::new(e))),
            (None, Some(e), Some(delta)) => {
                let epsilon = self.amount("epsilon", e);
                match (epsilon, delta) {
                    (Some(epsilon), Some(delta)) => Some(Loss::Zcdp(rho_within(&epsilon, delta))),
                    _ => None,
                }
            }
            _ => {
                let what = "one of `rho` and `epsilon` states the budget";
                let help = "give `rho = 0.1`, or `epsilon = 1` for pure privacy";
                self.wrong("dp.rho", self.whole.clone(), what, help);
                None
            }
        };
        (loss, shown)
    }

    fn source(
        &mut self,
        unit_id: Option<&Value<'_>>,
        bounded: Option<&Value<'_>>,
    ) -> Option<Source> {
        let yes = bounded.and_then(|v| v.get_ref().as_bool());
        match (unit_id, bounded, yes) {
            (Some(v), None, _) => self
                .text("unit_id", v)
                .map(|unit_id| Source::Rows { unit_id }),
            (None, Some(_), Some(true)) => Some(Source::Bounded),
            _ => {
                let what = "it is not said who bounds the rows of a unit";
                let help = "name the column of the unit (`unit_id = \"child_id\"`), so that the \
                            bound is enforced here; or vouch for it with `bounded = true`";
                self.wrong("dp.unit_id", self.whole.clone(), what, help);
                None
            }
        }
    }

    fn contribution(&mut self, value: &Value<'_>) -> Option<Contribution> {
        let n = self.number("contribution", value)?;
        let bound = u32::try_from(n)
            .ok()
            .and_then(|n| Contribution::try_from(n).ok());
        if bound.is_none() {
            let what = "`contribution` is not between 1 and 1000";
            self.wrong(
                "dp.contribution",
                value.span(),
                what,
                "the most rows of one unit in a table",
            );
        }
        bound
    }

    fn domain(&mut self, value: Option<&Value<'_>>) -> BTreeMap<String, Codes> {
        let mut out = BTreeMap::new();
        let Some(value) = value else { return out };
        let Some(table) = value.get_ref().as_table() else {
            let what = "`dp.domain` is not a table";
            self.wrong("dp.domain", value.span(), what, "write it as [dp.domain]");
            return out;
        };
        for (key, value) in table {
            let name = key.get_ref().to_string();
            let listed = value.get_ref().as_array().map(|list| {
                let codes = list.iter().map(|v| v.get_ref().as_str().map(str::to_owned));
                codes.collect::<Option<Vec<String>>>()
            });
            let codes = match (value.get_ref().as_str(), listed) {
                (Some(file), _) => Some(Codes::File(self.folder.join(file))),
                (None, Some(Some(codes))) => Some(Codes::Listed(codes)),
                _ => None,
            };
            match codes {
                Some(codes) => {
                    out.insert(name, codes);
                }
                None => {
                    let what = format!("the codes of `{name}` are neither a list nor a file");
                    let help =
                        "write [\"a\", \"b\"], or the name of a CSV file with the column code";
                    self.wrong(&format!("dp.domain.{name}"), value.span(), what, help);
                }
            }
        }
        out
    }

    fn text(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let found = value
            .get_ref()
            .as_str()
            .filter(|t| !t.is_empty())
            .map(str::to_owned);
        if found.is_none() {
            let what = format!("`{key}` is not a text");
            self.wrong(&format!("dp.{key}"), value.span(), what, "put it in quotes");
        }
        found
    }

    fn number(&mut self, key: &str, value: &Value<'_>) -> Option<u64> {
        let integer = value.get_ref().as_integer();
        let found = integer.and_then(|i| u64::from_str_radix(i.as_str(), i.radix()).ok());
        if found.is_none() {
            let what = format!("`{key}` is not a whole number of at least 0");
            self.wrong(
                &format!("dp.{key}"),
                value.span(),
                what,
                "give a whole number",
            );
        }
        found
    }

    /// A number above 0, exactly as it is written.
    fn amount(&mut self, key: &str, value: &Value<'_>) -> Option<Ratio> {
        let text = match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(i) if i.radix() == 10 => Some(i.as_str().to_owned()),
            DeValue::Float(f) => Some(f.as_str().to_owned()),
            _ => None,
        };
        let ratio = text.and_then(|t| t.replace('_', "").parse::<Ratio>().ok());
        let found = ratio.filter(|r| !r.is_zero());
        if found.is_none() {
            let what = format!("`{key}` is not a number above 0");
            self.wrong(
                &format!("dp.{key}"),
                value.span(),
                what,
                "such as 0.1, or \"1/10\"",
            );
        }
        found
    }

    fn choice<T: Copy>(
        &mut self,
        key: &str,
        value: &Value<'_>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(key, value)?;
        let found = choices
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, c)| *c);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let help = match nearest(&text, &words) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("choose one of: {}", words.join(", ")),
            };
            let what = format!("`{key}` has no such choice");
            self.wrong(&format!("dp.{key}"), value.span(), what, &help);
        }
        found
    }
}
