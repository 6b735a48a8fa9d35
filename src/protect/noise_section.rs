//! The sections `[rounding]` and `[cell_key]` of a specification.

use std::collections::BTreeMap;
use std::path::Path;

use super::cell_key::{CellKeys, NoiseRules};
use super::rules::{Rounding, RoundingMethod};
use super::spec::{Reader, Value};

/// Perturbation by cell keys.
#[derive(Debug, Clone, PartialEq)]
pub struct CellKeySection {
    /// The column of record keys.
    pub column: String,
    /// What the keys look up.
    pub keys: CellKeys,
}

impl Reader {
    pub(super) fn rounding(
        &mut self,
        value: &Value<'_>,
    ) -> Option<(Rounding, RoundingMethod, String)> {
        let table = self.table("rounding", value)?;
        let keys = self.keys(table, "rounding", &["base", "method", "seed"]);
        let choices = [
            ("nearest", RoundingMethod::Nearest),
            ("random", RoundingMethod::Random),
            ("controlled", RoundingMethod::Controlled),
            ("small-count", RoundingMethod::SmallCount),
        ];
        let method = keys.get("method");
        let method = method.and_then(|v| self.choice("rounding.method", v, &choices, &[]));
        let method = method.unwrap_or_default();
        let seed = keys.get("seed").and_then(|v| self.text("rounding.seed", v));
        if method == RoundingMethod::Random && seed.is_none() {
            let what = "rounding by chance has no seed";
            let help = "give `seed = \"…\"`, a text that nobody outside knows, one a release";
            self.wrong("rounding.seed", value.span(), what, help);
        }
        let base = match keys.get("base") {
            Some(v) => self.number("rounding.base", v),
            None => {
                let what = "`base` is missing";
                self.wrong("rounding.base", value.span(), what, "give `base = 5`");
                None
            }
        };
        let base = base.filter(|b| *b > 0)?;
        Some((Rounding { base }, method, seed.unwrap_or_default()))
    }

    pub(super) fn cell_key(&mut self, value: &Value<'_>, folder: &Path) -> Option<CellKeySection> {
        let table = self.table("cell_key", value)?;
        let known = ["column", "modulus", "D", "V", "js", "stay", "table"];
        let keys = self.keys(table, "cell_key", &known);
        let mut number = |key: &str| {
            let value = keys.get(key)?;
            self.number(&format!("cell_key.{key}"), value)
        };
        let (most, forbidden, modulus) = (number("D"), number("js"), number("modulus"));
        let real = |key: &str| {
            let value = keys.get(key)?.get_ref();
            let float = value.as_float().and_then(|f| f.as_str().parse().ok());
            float.or_else(|| value.as_integer().and_then(|i| i.as_str().parse().ok()))
        };
        let (variance, stay): (Option<f64>, Option<f64>) = (real("V"), real("stay"));
        let column = keys
            .get("column")
            .and_then(|v| self.text("cell_key.column", v));
        let Some(column) = column else {
            let help = "name the column of record keys: `column = \"rkey\"`";
            self.wrong("cell_key.column", value.span(), "`column` is missing", help);
            return None;
        };
        if let Some(file) = keys.get("table") {
            let path = folder.join(self.text("cell_key.table", file)?);
            let modulus = modulus.unwrap_or(256).max(1);
            let Some(noise) = lookup(&path) else {
                let what = "the table of noise could not be read";
                let help = "a CSV file with the columns pcv, ckey, pvalue";
                self.wrong("cell_key.table", file.span(), what, help);
                return None;
            };
            let keys = CellKeys::by_lookup(noise, modulus);
            return Some(CellKeySection { column, keys });
        }
        let (Some(most), Some(variance)) = (most, variance.filter(|v| *v > 0.0)) else {
            let what = "`D` and `V` are missing, or `V` is not above 0";
            let help = "give the greatest noise and its variance: `D = 5`, `V = 3`";
            self.wrong("cell_key", value.span(), what, help);
            return None;
        };
        let rules = NoiseRules {
            most,
            variance,
            forbidden: forbidden.unwrap_or(0),
            stay: stay.unwrap_or(0.0),
            rising: Vec::new(),
        };
        Some(CellKeySection {
            column,
            keys: CellKeys::by_rules(&rules, modulus.filter(|m| *m > 0)),
        })
    }
}

/// Noise by count and key: `pcv,ckey,pvalue`.
fn lookup(path: &Path) -> Option<BTreeMap<(u64, u64), i64>> {
    let mut reader = csv::Reader::from_path(path).ok()?;
    let header = reader.headers().ok()?.clone();
    let at = |name: &str| {
        header
            .iter()
            .position(|h| h.trim_start_matches('\u{feff}') == name)
    };
    let (count, key, noise) = (at("pcv")?, at("ckey")?, at("pvalue")?);
    let mut out = BTreeMap::new();
    for record in reader.records() {
        let record = record.ok()?;
        let cell = |at: usize| record.get(at).map(str::trim);
        let row = (cell(count)?.parse().ok()?, cell(key)?.parse().ok()?);
        out.insert(row, cell(noise)?.parse().ok()?);
    }
    Some(out)
}
