//! The specification of `kinlink protect table`: a TOML file, read with the place of every
//! problem.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::dp::{Section, read_section};
use super::error::{Problem, ProtectError};
use super::noise_section::CellKeySection;
use super::rule_sections::{Asked, Dominance};
use super::rules::{Rounding, RoundingMethod, Rules};

/// What is to be protected, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The columns that a table is made by.
    pub dimensions: Vec<String>,
    /// The column of counts; none counts rows.
    pub count: Option<String>,
    /// The linked tables, each by some of the dimensions, with all its margins.
    pub tables: Vec<Vec<String>>,
    /// For a dimension, files with the columns `child,parent`, relative to the specification.
    pub hierarchy: BTreeMap<String, Vec<PathBuf>>,
    /// Hide small counts? Not where rounding is asked for alone.
    pub suppress: bool,
    /// The rules.
    pub rules: Rules,
    /// Cells that must stay shown: codes by dimension; those not named are totals.
    pub must_show: Vec<BTreeMap<String, String>>,
    /// Dimensions by which nobody's class may follow from being in a row.
    pub class: Vec<String>,
    /// Rules of dominance, for tables of amounts.
    pub dominance: Dominance,
    /// The profiles that were named.
    pub profiles: Vec<String>,
    /// Rounding of what is shown.
    pub rounding: Option<Rounding>,
    /// Which multiple of the base stands for a count.
    pub rounding_method: RoundingMethod,
    /// What chance comes from where rounding is by chance.
    pub rounding_seed: String,
    /// Perturbation by cell keys, instead of rounding.
    pub cell_key: Option<CellKeySection>,
    /// Noise instead of suppression and rounding; never with them.
    pub dp: Option<Section>,
    /// Are the tables named, rather than one of all dimensions taken?
    pub has_tables: bool,
    /// How published tables are read.
    pub published: Published,
}

impl Spec {
    /// The error of one who suppresses by a specification of noise.
    pub(super) fn is_noise(&self, path: &Path) -> ProtectError {
        ProtectError::Spec {
            path: path.to_path_buf(),
            problems: vec![Problem {
                row: None,
                column: "dp".to_owned(),
                span: None,
                what: "the specification is of noise, not of suppression".to_owned(),
                help: "release it with `protect::dp::release_table`".to_owned(),
            }],
        }
    }
}

/// How published tables are read by an audit. What is not named is found by its usual name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The column of published values.
    pub value: Option<String>,
    /// The column of symbols.
    pub status: Option<String>,
    /// A column that is true where a cell is hidden.
    pub suppressed: Option<String>,
    /// A column that is true where a cell was hidden as a small count.
    pub primary: Option<String>,
    /// The code of a margin.
    pub total: String,
    /// Further words that stand for a hidden cell.
    pub hidden: Vec<String>,
}

impl Default for Published {
    fn default() -> Self {
        Published {
            value: None,
            status: None,
            suppressed: None,
            primary: None,
            total: crate::schema::published::TOTAL.to_owned(),
            hidden: Vec::new(),
        }
    }
}

/// Reads a specification. All problems are told in one go.
pub fn read_spec(path: &Path) -> Result<Spec, ProtectError> {
    let text = std::fs::read_to_string(path).map_err(|source| ProtectError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let mut reader = Reader::default();
    let spec = match DeTable::parse(&text) {
        Ok(table) => reader.spec(table.get_ref(), path),
        Err(error) => {
            let message = error.message().to_owned();
            reader.wrong("", error.span().unwrap_or(0..0), message, "mend the TOML");
            None
        }
    };
    match spec {
        Some(spec) if reader.problems.is_empty() => Ok(spec),
        _ => Err(ProtectError::Spec {
            path: path.to_path_buf(),
            problems: reader.problems,
        }),
    }
}

#[derive(Default)]
pub(super) struct Reader {
    problems: Vec<Problem>,
}

pub(super) type Value<'a> = Spanned<DeValue<'a>>;

impl Reader {
    pub(super) fn wrong(
        &mut self,
        key: &str,
        span: Range<usize>,
        what: impl Into<String>,
        help: &str,
    ) {
        self.problems.push(Problem {
            row: None,
            column: key.to_owned(),
            span: Some((span.start, span.len())),
            what: what.into(),
            help: help.to_owned(),
        });
    }

    /// The values of the known keys; unknown keys are problems with the nearest known one.
    pub(super) fn keys<'a, 'i>(
        &mut self,
        table: &'a DeTable<'i>,
        part: &str,
        known: &[&str],
    ) -> BTreeMap<String, &'a Value<'i>> {
        let mut out = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                out.insert(name.to_owned(), value);
                continue;
            }
            let help = match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            let whole = if part.is_empty() {
                name.to_owned()
            } else {
                format!("{part}.{name}")
            };
            self.wrong(&whole, key.span(), format!("unknown key `{name}`"), &help);
        }
        out
    }

    fn spec(&mut self, table: &DeTable<'_>, path: &Path) -> Option<Spec> {
        const KEYS: [&str; 11] = [
            "profile",
            "dimensions",
            "count",
            "tables",
            "hierarchy",
            "primary",
            "secondary",
            "rounding",
            "cell_key",
            "dp",
            "published",
        ];
        let keys = self.keys(table, "", &KEYS);
        let dimensions = match keys.get("dimensions") {
            Some(value) => self.texts("dimensions", value),
            None => {
                self.wrong(
                    "dimensions",
                    0..0,
                    "`dimensions` is missing",
                    "list the columns",
                );
                None
            }
        };
        let count = keys.get("count").and_then(|v| self.text("count", v));
        let tables = keys.get("tables").map(|v| self.lists("tables", v));
        let mut asked = Asked::default();
        if let Some(value) = keys.get("primary") {
            self.primary(value, &mut asked);
        }
        if let Some(value) = keys.get("secondary") {
            self.secondary(value, &mut asked);
        }
        let rounding = keys.get("rounding").and_then(|v| self.rounding(v));
        let mut base = rounding.as_ref().map(|r| r.0);
        let profiles = keys.get("profile").map(|v| self.profiles(v));
        let profiles = profiles.unwrap_or_default();
        for profile in &profiles {
            profile.tighten(&mut asked.rules, &mut base);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let cell_key = keys.get("cell_key").and_then(|v| self.cell_key(v, folder));
        let suppress = keys.contains_key("primary")
            || keys.contains_key("secondary")
            || keys.contains_key("profile")
            || !(keys.contains_key("rounding") || keys.contains_key("cell_key"));
        let dp = keys
            .get("dp")
            .and_then(|v| read_section(v, folder, &mut self.problems));
        let published = keys.get("published").and_then(|v| self.published(v));
        let hierarchy = keys.get("hierarchy").map(|v| self.hierarchy(v, path));
        let dimensions = dimensions?;
        let spec = Spec {
            has_tables: keys.contains_key("tables"),
            published: published.unwrap_or_default(),
            tables: tables.flatten().unwrap_or_else(|| vec![dimensions.clone()]),
            hierarchy: hierarchy.flatten().unwrap_or_default(),
            dimensions,
            count,
            suppress,
            rules: asked.rules,
            must_show: asked.must_show,
            class: asked.class,
            dominance: asked.dominance,
            profiles: profiles.into_iter().map(|p| p.name).collect(),
            rounding: base,
            rounding_method: rounding.as_ref().map(|r| r.1).unwrap_or_default(),
            rounding_seed: rounding.map(|r| r.2).unwrap_or_default(),
            cell_key,
            dp,
        };
        self.consistent(&spec, &keys);
        Some(spec)
    }

    /// Names that `tables` and `hierarchy` use are dimensions; nothing stands twice; the two modes
    /// are not mixed.
    fn consistent(&mut self, spec: &Spec, keys: &BTreeMap<String, &Value<'_>>) {
        let place = |key: &str| keys.get(key).map_or(0..0, |v| v.span());
        if keys.contains_key("dp") {
            for key in ["profile", "primary", "secondary", "rounding", "cell_key"] {
                if keys.contains_key(key) {
                    let what = format!("`[{key}]` decides by true counts and undoes `[dp]`");
                    let help = "keep one of the two; after noise, `hide_below` hides noisy values";
                    self.wrong(key, place(key), what, help);
                }
            }
        }
        if spec.cell_key.is_some() && spec.rounding.is_some() {
            let help = "keep one of the two; noise that was rounded is not unbiased";
            let what = "`[cell_key]` and `[rounding]` do not go together";
            self.wrong("cell_key", place("cell_key"), what, help);
        }
        let known: Vec<&str> = spec.dimensions.iter().map(String::as_str).collect();
        let used = spec.tables.iter().flatten().map(|d| ("tables", d));
        let shown = spec.must_show.iter().flat_map(BTreeMap::keys);
        let named = spec.hierarchy.keys().map(|d| ("hierarchy", d));
        let named = named.chain(spec.class.iter().map(|d| ("primary", d)));
        for (key, name) in used.chain(named).chain(shown.map(|d| ("secondary", d))) {
            if !known.contains(&name.as_str()) {
                let help = match nearest(name, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name it in `dimensions` too".to_owned(),
                };
                self.wrong(
                    key,
                    place(key),
                    format!("`{name}` is not one of the dimensions"),
                    &help,
                );
            }
        }
        let twice = |list: &[String]| list.iter().enumerate().any(|(i, d)| list[..i].contains(d));
        if spec.dimensions.is_empty() || twice(&spec.dimensions) {
            let place = place("dimensions");
            self.wrong(
                "dimensions",
                place,
                "no dimension, or one twice",
                "name each column once",
            );
        }
        if spec.tables.iter().any(|t| t.is_empty() || twice(t)) {
            let place = place("tables");
            self.wrong(
                "tables",
                place,
                "a table without dimensions, or with one twice",
                "name each dimension of a table once",
            );
        }
    }

    fn published(&mut self, value: &Value<'_>) -> Option<Published> {
        let table = self.table("published", value)?;
        let known = [
            "value",
            "status",
            "suppressed",
            "primary",
            "total",
            "hidden",
        ];
        let keys = self.keys(table, "published", &known);
        let mut text = |key: &str| {
            let value = keys.get(key)?;
            self.text(&format!("published.{key}"), value)
        };
        let mut out = Published {
            value: text("value"),
            status: text("status"),
            suppressed: text("suppressed"),
            primary: text("primary"),
            ..Published::default()
        };
        if let Some(total) = text("total") {
            out.total = total;
        }
        if let Some(value) = keys.get("hidden") {
            out.hidden = self.texts("published.hidden", value).unwrap_or_default();
        }
        Some(out)
    }

    fn hierarchy(
        &mut self,
        value: &Value<'_>,
        path: &Path,
    ) -> Option<BTreeMap<String, Vec<PathBuf>>> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let table = self.table("hierarchy", value)?;
        let mut out = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().to_string();
            let files = match value.get_ref().as_str() {
                Some(one) => Some(vec![one.to_owned()]),
                None => self.texts(&format!("hierarchy.{name}"), value),
            };
            let files = files.unwrap_or_default();
            out.insert(name, files.into_iter().map(|f| folder.join(f)).collect());
        }
        Some(out)
    }

    pub(super) fn table<'a, 'i>(
        &mut self,
        key: &str,
        value: &'a Value<'i>,
    ) -> Option<&'a DeTable<'i>> {
        let found = value.get_ref().as_table();
        if found.is_none() {
            self.wrong(
                key,
                value.span(),
                format!("`{key}` is not a table"),
                "write it as [section]",
            );
        }
        found
    }

    pub(super) fn text(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let found = value.get_ref().as_str().map(str::to_owned);
        if found.is_none() {
            self.wrong(
                key,
                value.span(),
                format!("`{key}` is not a text"),
                "put it in quotes",
            );
        }
        found
    }

    pub(super) fn texts(&mut self, key: &str, value: &Value<'_>) -> Option<Vec<String>> {
        let list = value.get_ref().as_array().map(|a| {
            a.iter()
                .map(|v| v.get_ref().as_str().map(str::to_owned))
                .collect()
        });
        match list {
            Some(Some(texts)) => Some(texts),
            _ => {
                let what = format!("`{key}` is not a list of texts");
                self.wrong(key, value.span(), what, "write it as [\"a\", \"b\"]");
                None
            }
        }
    }

    fn lists(&mut self, key: &str, value: &Value<'_>) -> Option<Vec<Vec<String>>> {
        let Some(array) = value.get_ref().as_array() else {
            let what = format!("`{key}` is not a list of lists");
            self.wrong(
                key,
                value.span(),
                what,
                "write it as [[\"a\", \"b\"], [\"a\"]]",
            );
            return None;
        };
        array.iter().map(|v| self.texts(key, v)).collect()
    }

    pub(super) fn number(&mut self, key: &str, value: &Value<'_>) -> Option<u64> {
        let found = value
            .get_ref()
            .as_integer()
            .and_then(|i| u64::from_str_radix(i.as_str(), i.radix()).ok());
        if found.is_none() {
            let what = format!("`{key}` is not a whole number of at least 0");
            self.wrong(key, value.span(), what, "give a whole number");
        }
        found
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &str,
        value: &Value<'_>,
        choices: &[(&str, T)],
        not_here: &[&str],
    ) -> Option<T> {
        let text = self.text(key, value)?;
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(*choice);
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let what = if not_here.contains(&text.as_str()) {
            format!("`{key} = \"{text}\"` is not in this version")
        } else {
            format!("`{key}` has no such choice")
        };
        let help = match nearest(&text, &words) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("choose one of: {}", words.join(", ")),
        };
        self.wrong(key, value.span(), what, &help);
        None
    }
}

/// The known word that is most like another, if any is.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(word, k), *k))
        .filter(|(distance, k)| *distance <= 1 + k.len() / 4)
        .min()
        .map(|(_, k)| k)
}
