//! The sections `[primary]` and `[secondary]` of a specification, and the named profiles that
//! tighten them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rules::{Attacker, Cost, Method, Rounding, Rules, Zeros};
use super::spec::{Reader, Value, nearest};

/// The named profiles, as they are shipped.
const PROFILES: &str = include_str!("../../schemas/protect/profiles.toml");

/// What the sections ask for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub rules: Rules,
    pub must_show: Vec<BTreeMap<String, String>>,
    pub class: Vec<String>,
    pub dominance: Dominance,
}

/// Rules of dominance for tables of amounts, in which a row of the input is a contribution
/// (Handbook on Statistical Disclosure Control, 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Dominance {
    /// The `n` largest contributions are more than `k` per cent of a cell: it is hidden.
    pub largest: Option<(usize, f64)>,
    /// All but the two largest contributions are less than so many per cent of the largest, so
    /// that the second contributor can estimate it as closely: the cell is hidden.
    pub p_percent: Option<f64>,
}

impl Dominance {
    /// Is nothing asked for?
    pub fn is_none(&self) -> bool {
        self.largest.is_none() && self.p_percent.is_none()
    }

    /// Is a cell dominated, whose largest contributions (in descending order) and sum these are?
    pub fn is_dominated(&self, largest: &[f64], sum: f64) -> bool {
        if sum <= 0.0 {
            return false;
        }
        let first = |n: usize| largest.iter().take(n).sum::<f64>();
        let few = |(n, k): (usize, f64)| first(n) > k / 100.0 * sum;
        let close = |p: f64| sum - first(2) < p / 100.0 * first(1);
        self.largest.is_some_and(few) || self.p_percent.is_some_and(close)
    }
}

/// The rules of a publisher.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    #[serde(skip)]
    pub name: String,
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "source")]
    _source: String,
    min_frequency: u64,
    zeros: Zeros,
    width: u64,
    rounding: Option<u64>,
}

impl Profile {
    /// Makes rules as strict as the profile where they are not stricter already.
    pub fn tighten(&self, rules: &mut Rules, rounding: &mut Option<Rounding>) {
        rules.min_frequency = rules.min_frequency.max(self.min_frequency);
        rules.width = rules.width.max(self.width);
        if self.zeros == Zeros::Hidden {
            rules.zeros = Zeros::Hidden;
        }
        if let Some(base) = self.rounding {
            let base = rounding.map_or(base, |r| r.base.max(base));
            *rounding = Some(Rounding { base });
        }
    }
}

/// The profiles that are shipped, by name.
fn shipped() -> BTreeMap<String, Profile> {
    // That the file can be read is a test's business.
    let mut profiles: BTreeMap<String, Profile> = toml::from_str(PROFILES).unwrap_or_default();
    for (name, profile) in &mut profiles {
        profile.name.clone_from(name);
    }
    profiles
}

impl Reader {
    pub(super) fn profiles(&mut self, value: &Value<'_>) -> Vec<Profile> {
        let names = match value.get_ref().as_str() {
            Some(one) => vec![one.to_owned()],
            None => self.texts("profile", value).unwrap_or_default(),
        };
        let known = shipped();
        let words: Vec<&str> = known.keys().map(String::as_str).collect();
        let mut out = Vec::new();
        for name in names {
            if let Some(profile) = known.get(&name) {
                out.push(profile.clone());
                continue;
            }
            let help = match nearest(&name, &words) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("choose from: {}", words.join(", ")),
            };
            let what = format!("there is no profile `{name}`");
            self.wrong("profile", value.span(), what, &help);
        }
        out
    }

    pub(super) fn primary(&mut self, value: &Value<'_>, asked: &mut Asked) {
        let Some(table) = self.table("primary", value) else {
            return;
        };
        let known = ["min_frequency", "zeros", "class", "dominance", "p_percent"];
        let keys = self.keys(table, "primary", &known);
        if let Some(n) = keys
            .get("min_frequency")
            .and_then(|v| self.number("primary.min_frequency", v))
        {
            asked.rules.min_frequency = n;
        }
        if let Some(v) = keys.get("zeros") {
            let choices = [("open", Zeros::Open), ("hidden", Zeros::Hidden)];
            if let Some(z) = self.choice("primary.zeros", v, &choices, &[]) {
                asked.rules.zeros = z;
            }
        }
        if let Some(v) = keys.get("class") {
            asked.class = self.texts("primary.class", v).unwrap_or_default();
        }
        if let Some(v) = keys.get("p_percent") {
            asked.dominance.p_percent = self.percent("primary.p_percent", v);
        }
        if let Some(v) = keys.get("dominance") {
            let pair = v.get_ref().as_array().map(|a| a.iter().collect::<Vec<_>>());
            asked.dominance.largest = match pair.as_deref() {
                Some([n, k]) => {
                    let n = self.number("primary.dominance", n);
                    let n = n.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
                    n.zip(self.percent("primary.dominance", k))
                }
                _ => {
                    let what = "`primary.dominance` is not a pair";
                    let help = "write `dominance = [1, 75]`: one contributor, 75 per cent";
                    self.wrong("primary.dominance", v.span(), what, help);
                    None
                }
            };
        }
    }

    fn percent(&mut self, key: &str, value: &Value<'_>) -> Option<f64> {
        let inner = value.get_ref();
        let float = inner
            .as_float()
            .and_then(|f| f.as_str().parse::<f64>().ok());
        let whole = inner
            .as_integer()
            .and_then(|i| i.as_str().parse::<f64>().ok());
        let found = float.or(whole).filter(|p| (0.0..=1_000.0).contains(p));
        if found.is_none() {
            let what = format!("`{key}` is not a percentage");
            self.wrong(key, value.span(), what, "give a number of per cent");
        }
        found
    }

    pub(super) fn secondary(&mut self, value: &Value<'_>, asked: &mut Asked) {
        let Some(table) = self.table("secondary", value) else {
            return;
        };
        let rules = &mut asked.rules;
        let known = ["method", "width", "cost", "attacker", "group", "must_show"];
        let keys = self.keys(table, "secondary", &known);
        if let Some(v) = keys.get("method") {
            let choices = [
                ("auto", Method::Auto),
                ("exact", Method::Exact),
                ("fast", Method::Fast),
            ];
            if let Some(m) = self.choice("secondary.method", v, &choices, &[]) {
                rules.method = m;
            }
        }
        if let Some(n) = keys
            .get("width")
            .and_then(|v| self.number("secondary.width", v))
        {
            rules.width = n;
        }
        if let Some(v) = keys.get("cost") {
            let choices = [
                ("value", Cost::Value),
                ("count", Cost::Count),
                ("information", Cost::Information),
            ];
            if let Some(c) = self.choice("secondary.cost", v, &choices, &[]) {
                rules.cost = c;
            }
        }
        if let Some(v) = keys.get("attacker") {
            let choices = [
                ("outsider", Attacker::Outsider),
                ("rule-aware", Attacker::RuleAware),
                ("singleton", Attacker::Singleton),
                ("group", Attacker::Group),
            ];
            if let Some(a) = self.choice("secondary.attacker", v, &choices, &[]) {
                rules.attacker = a;
            }
        }
        if let Some(n) = keys
            .get("group")
            .and_then(|v| self.number("secondary.group", v))
        {
            rules.group = n.max(1);
        }
        if let Some(v) = keys.get("must_show") {
            asked.must_show = self.cells("secondary.must_show", v);
        }
    }

    /// Cells as a list of tables of codes by dimension.
    fn cells(&mut self, key: &str, value: &Value<'_>) -> Vec<BTreeMap<String, String>> {
        let help = "write it as [{ la = \"E06000001\" }, { eth = \"Asian\" }]";
        let mut out = Vec::new();
        for one in value
            .get_ref()
            .as_array()
            .into_iter()
            .flat_map(|a| a.iter())
        {
            let codes: Option<BTreeMap<String, String>> = one.get_ref().as_table().and_then(|t| {
                let codes = t.iter().map(|(name, code)| {
                    let code = code.get_ref().as_str()?;
                    Some((name.get_ref().to_string(), code.to_owned()))
                });
                codes.collect()
            });
            match codes {
                Some(codes) => out.push(codes),
                None => self.wrong(key, one.span(), "not a cell", help),
            }
        }
        if value.get_ref().as_array().is_none() {
            self.wrong(key, value.span(), format!("`{key}` is not a list"), help);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_profiles_are_read() {
        let names: Vec<String> = shipped().into_keys().collect();
        assert_eq!(names, ["dfe-5", "moj-10", "opensafely-7", "srs-10"]);
    }

    #[test]
    fn the_stricter_value_wins() {
        let all = shipped();
        let mut rules = Rules {
            min_frequency: 7,
            ..Rules::default()
        };
        let mut base = Some(Rounding { base: 3 });
        all["dfe-5"].tighten(&mut rules, &mut base);
        assert_eq!((rules.min_frequency, base.map(|r| r.base)), (7, Some(3)));
        all["opensafely-7"].tighten(&mut rules, &mut base);
        all["moj-10"].tighten(&mut rules, &mut base);
        assert_eq!((rules.min_frequency, rules.zeros), (10, Zeros::Hidden));
        assert_eq!((rules.width, base.map(|r| r.base)), (10, Some(5)));
    }

    /// Handbook 4.2: with contributions 80, 15 and 5 the second can estimate the first to 6.25 %.
    #[test]
    fn dominated_cells() {
        let p = |p| Dominance {
            p_percent: Some(p),
            ..Dominance::default()
        };
        let k = |k| Dominance {
            largest: Some((1, k)),
            ..Dominance::default()
        };
        let (largest, sum) = ([80.0, 15.0, 5.0], 100.0);
        assert!(p(10.0).is_dominated(&largest, sum) && !p(6.0).is_dominated(&largest, sum));
        assert!(k(75.0).is_dominated(&largest, sum) && !k(80.0).is_dominated(&largest, sum));
        assert!(!k(1.0).is_dominated(&[], 0.0));
    }
}
