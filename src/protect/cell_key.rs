//! Cell-key perturbation: the same cell has the same noise in every table.
//!
//! Every record has a random key; the key of a cell is the sum of its records' keys, modulo one
//! (fractions) or a power of two (whole numbers). Count and key together look up a small noise in
//! a table of probabilities. Rows are of greatest entropy under the constraints of Marley and
//! Leaver (2011) as Giessing (2016) sets them: no mean, a variance of at most `V`, no noise beyond
//! `D`, no result from 1 to `js`, zeros stay. All rows above `D + js` are alike and symmetric.

use std::collections::BTreeMap;

/// The parameters of a table of perturbation.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseRules {
    /// Greatest noise.
    pub most: u64,
    /// Greatest variance.
    pub variance: f64,
    /// Results from 1 to this do not occur.
    pub forbidden: u64,
    /// Least probability that a count stays as it is.
    pub stay: f64,
    /// For rows from 1 on: are probabilities to rise towards no noise from below? The last stands
    /// for all further rows; none is yes.
    pub rising: Vec<bool>,
}

/// A row: noise with its probability, in ascending order of the noise.
pub type NoiseRow = Vec<(i64, f64)>;

/// A table of perturbation, row by count.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseTable {
    rows: Vec<NoiseRow>,
}

/// Values that share one probability: how many, and the means of noise and squared noise.
#[derive(Debug, Clone, Copy)]
struct Block {
    members: f64,
    first: f64,
    second: f64,
}

const ROUNDS: usize = 200;

fn whole(n: i64) -> f64 {
    super::exact::signed(n)
}

fn mass(blocks: &[Block], tilt: f64, narrow: f64) -> Vec<f64> {
    let exponents: Vec<f64> = blocks
        .iter()
        .map(|b| -tilt * b.first - narrow * b.second)
        .collect();
    let top = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = exponents.iter().map(|e| (e - top).exp()).collect();
    let total: f64 = weights.iter().zip(blocks).map(|(w, b)| w * b.members).sum();
    weights.into_iter().map(|w| w / total).collect()
}

fn moment(blocks: &[Block], p: &[f64], of: impl Fn(&Block) -> f64) -> f64 {
    blocks
        .iter()
        .zip(p)
        .map(|(b, p)| p * b.members * of(b))
        .sum()
}

/// The distribution over blocks without a mean, for a given narrowness.
fn centred(blocks: &[Block], narrow: f64) -> Vec<f64> {
    let (mut low, mut high) = (-80.0, 80.0);
    for _ in 0..ROUNDS {
        let middle = f64::midpoint(low, high);
        let p = mass(blocks, middle, narrow);
        // The mean falls as the tilt grows.
        if moment(blocks, &p, |b| b.first) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    mass(blocks, f64::midpoint(low, high), narrow)
}

/// Greatest entropy without a mean and with a second moment of at most `variance`.
fn widest(blocks: &[Block], variance: f64) -> Vec<f64> {
    let free = centred(blocks, 0.0);
    if moment(blocks, &free, |b| b.second) <= variance {
        return free;
    }
    let (mut low, mut high) = (0.0, 60.0);
    for _ in 0..ROUNDS {
        let middle = f64::midpoint(low, high);
        let p = centred(blocks, middle);
        if moment(blocks, &p, |b| b.second) > variance {
            low = middle;
        } else {
            high = middle;
        }
    }
    centred(blocks, high)
}

/// One row. Values that would fall towards no noise from below are given one probability.
fn row(count: i64, rules: &NoiseRules, rising: bool) -> NoiseRow {
    let most = i64::try_from(rules.most).unwrap_or(i64::MAX);
    let forbidden = i64::try_from(rules.forbidden).unwrap_or(0);
    let values: Vec<i64> = (-most.min(count)..=most)
        .filter(|v| !(1..=forbidden).contains(&(count + v)))
        .collect();
    let solve = |held: Option<f64>| -> Vec<f64> {
        let stays = |v: i64| held.is_some() && v == 0;
        let share = 1.0 - held.unwrap_or(0.0);
        let mut groups: Vec<Vec<i64>> = values
            .iter()
            .filter(|v| !stays(**v))
            .map(|v| vec![*v])
            .collect();
        loop {
            let blocks: Vec<Block> = groups.iter().map(|g| block(g)).collect();
            let p = widest(&blocks, rules.variance / share);
            let falls = (1..groups.len()).find(|k| {
                rising && groups[*k].iter().all(|v| *v <= 0) && p[*k] < p[k - 1] * (1.0 - 1e-9)
            });
            match falls {
                Some(k) => {
                    let upper = groups.remove(k);
                    groups[k - 1].extend(upper);
                }
                None => {
                    let of = |v: i64| {
                        let k = groups.iter().position(|g| g.contains(&v));
                        k.map_or(held.unwrap_or(0.0), |k| p[k] * share)
                    };
                    return values.iter().map(|v| of(*v)).collect();
                }
            }
        }
    };
    let mut p = solve(None);
    let at = values.iter().position(|v| *v == 0);
    if let Some(at) = at
        && p[at] < rules.stay
    {
        p = solve(Some(rules.stay));
    }
    values.into_iter().zip(p).collect()
}

fn block(group: &[i64]) -> Block {
    let members = super::exact::real(u64::try_from(group.len()).unwrap_or(1));
    let sum = |power: i32| group.iter().map(|v| whole(*v).powi(power)).sum::<f64>();
    Block {
        members,
        first: sum(1) / members,
        second: sum(2) / members,
    }
}

impl NoiseTable {
    /// Computes the table of some rules.
    pub fn of(rules: &NoiseRules) -> Self {
        let last = rules.most + rules.forbidden + u64::from(rules.forbidden > 0);
        let last = i64::try_from(last).unwrap_or(0);
        let rising = |i: i64| {
            let at = usize::try_from(i - 1).unwrap_or(0);
            let known = rules.rising.get(at).or(rules.rising.last());
            known.copied().unwrap_or(true)
        };
        let mut rows = vec![vec![(0, 1.0)]];
        rows.extend((1..=last.max(1)).map(|i| row(i, rules, rising(i))));
        NoiseTable { rows }
    }

    /// The row of a count.
    pub fn row(&self, count: u64) -> &NoiseRow {
        let at = usize::try_from(count).unwrap_or(usize::MAX);
        &self.rows[at.min(self.rows.len() - 1)]
    }

    /// The noise of a count whose cell key is `key`, in [0, 1): the first row whose upper end lies
    /// above the key.
    pub fn noise(&self, count: u64, key: f64) -> i64 {
        let row = self.row(count);
        let mut end = 0.0;
        for (v, p) in row {
            end += p;
            if key < end {
                return *v;
            }
        }
        row.last().map_or(0, |(v, _)| *v)
    }

    /// Mean square of the noise of a count: its error variance.
    pub fn variance(&self, count: u64) -> f64 {
        self.row(count)
            .iter()
            .map(|(v, p)| whole(*v).powi(2) * p)
            .sum()
    }

    /// Number of rows that differ.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }
}

/// Where the noise of a cell key comes from.
#[derive(Debug, Clone, PartialEq)]
enum Lookup {
    /// A table of probabilities.
    Table(NoiseTable),
    /// Noise by count and whole-number key.
    Whole(BTreeMap<(u64, u64), i64>),
}

/// Decimals of a key in [0, 1) that count; further ones are cut off.
const DECIMALS: usize = 12;
/// One, in units of the last decimal.
const ONE: u64 = 1_000_000_000_000;

/// The decimals of a number in [0, 1): `0.25`, `.25`, `2.3e-05`; none of another text.
fn decimals(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
    match usize::try_from(point) {
        Ok(before) => {
            let before = before.min(digits.len());
            let (above, below) = digits.split_at(before);
            above.bytes().all(|b| b == b'0').then(|| below.to_owned())
        }
        Err(_) => {
            let zeros = usize::try_from(-point).ok()?.min(DECIMALS);
            Some(format!("{}{digits}", "0".repeat(zeros)))
        }
    }
}

/// Cell keys: their modulus, and the noise that they look up.
#[derive(Debug, Clone, PartialEq)]
pub struct CellKeys {
    modulus: u64,
    lookup: Lookup,
    most: u64,
}

impl CellKeys {
    /// Keys that are fractions in [0, 1), or whole numbers below `modulus`, with noise by rules.
    pub fn by_rules(rules: &NoiseRules, modulus: Option<u64>) -> Self {
        CellKeys {
            modulus: modulus.unwrap_or(ONE),
            lookup: Lookup::Table(NoiseTable::of(rules)),
            most: rules.most,
        }
    }

    /// Whole-number keys below `modulus`, with noise by count and key. Counts above 750 use the
    /// rows from 501 to 750 again, as the table builder of the Office for National Statistics does.
    pub fn by_lookup(noise: BTreeMap<(u64, u64), i64>, modulus: u64) -> Self {
        let most = noise.values().map(|v| v.unsigned_abs()).max().unwrap_or(0);
        CellKeys {
            modulus,
            lookup: Lookup::Whole(noise),
            most,
        }
    }

    /// No noise is greater.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// A record's key from its text; none where it is none.
    pub fn parse(&self, text: &str) -> Option<u64> {
        let text = text.trim();
        if self.modulus != ONE {
            return text.parse().ok().filter(|k| *k < self.modulus);
        }
        let digits: String = decimals(text)?.chars().take(DECIMALS).collect();
        format!("{digits:0<DECIMALS$}").parse().ok()
    }

    /// The sum of two keys.
    pub fn add(&self, a: u64, b: u64) -> u64 {
        (a % self.modulus + b % self.modulus) % self.modulus
    }

    /// The noise of a count whose cell has the key.
    pub fn noise(&self, count: u64, key: u64) -> i64 {
        let key = key % self.modulus;
        match &self.lookup {
            Lookup::Table(table) => {
                let share = super::exact::real(key) / super::exact::real(self.modulus);
                table.noise(count, share)
            }
            Lookup::Whole(noise) => {
                let row = if count <= 750 {
                    count
                } else {
                    (count - 1) % 250 + 501
                };
                noise.get(&(row, key)).copied().unwrap_or(0)
            }
        }
    }

    /// Mean square of the noise of a count: its error variance.
    pub fn variance(&self, count: u64) -> f64 {
        match &self.lookup {
            Lookup::Table(table) => table.variance(count),
            Lookup::Whole(_) => {
                let square = |key| whole(self.noise(count, key)).powi(2);
                (0..self.modulus).map(square).sum::<f64>() / super::exact::real(self.modulus)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        for (text, found) in [
            ("0.25", Some("25")),
            (".5", Some("5")),
            ("0", Some("")),
            ("2.3e-05", Some("000023")),
            ("25e-2", Some("25")),
            ("0.0025E2", Some("25")),
            ("1", None),
            ("2.5", None),
            ("1e3", None),
            ("0.2x", None),
            ("", None),
            ("e5", None),
        ] {
            assert_eq!(decimals(text).as_deref(), found, "{text}");
        }
    }

    fn rules(most: u64, variance: f64, forbidden: u64) -> NoiseRules {
        NoiseRules {
            most,
            variance,
            forbidden,
            stay: 0.0,
            rising: Vec::new(),
        }
    }

    fn close(row: &[(i64, f64)], want: &[(i64, f64)]) {
        assert_eq!(row.len(), want.len(), "{row:?}");
        for (got, want) in row.iter().zip(want) {
            assert!(got.0 == want.0 && (got.1 - want.1).abs() < 1e-6, "{row:?}");
        }
    }

    /// Published tables of the R package ptable (values to 1e-6).
    #[test]
    fn known_rows() {
        let t = NoiseTable::of(&rules(5, 3.0, 2));
        close(
            t.row(1),
            &[
                (-1, 0.734_469_54),
                (2, 0.136_720_19),
                (3, 0.072_796_31),
                (4, 0.037_429_56),
                (5, 0.018_584_40),
            ],
        );
        close(
            &t.row(100)[..6],
            &[
                (-5, 0.003_791_86),
                (-4, 0.016_590_93),
                (-3, 0.052_292_63),
                (-2, 0.118_730_37),
                (-1, 0.194_193_46),
                (0, 0.228_801_5),
            ],
        );
        assert_eq!(t.row(0), &vec![(0, 1.0)]);
        // Where the variance cannot be reached, it is as large as it can be.
        let d = NoiseTable::of(&rules(5, 2.0, 0));
        assert!((d.variance(1) - 1.302_47).abs() < 1e-5);
        close(&d.row(1)[..2], &[(-1, 0.388_937_83), (0, 0.388_937_83)]);
    }

    #[test]
    fn a_row_that_need_not_rise_and_one_that_stays() {
        let a = NoiseTable::of(&NoiseRules {
            rising: vec![true, true, false, true],
            ..rules(2, 1.05, 1)
        });
        close(
            a.row(3),
            &[
                (-1, 0.412_313_01),
                (0, 0.288_060_97),
                (1, 0.186_939_03),
                (2, 0.112_686_99),
            ],
        );
        let f = NoiseTable::of(&NoiseRules {
            stay: 0.5,
            ..rules(5, 3.0, 2)
        });
        assert!((f.row(3)[1].1 - 0.5).abs() < 1e-12 && f.row(3)[1].0 == 0);
    }

    #[test]
    fn no_row_has_a_mean() {
        for (most, variance, forbidden) in [(2, 1.0, 0), (3, 2.0, 1), (10, 3.0, 2), (5, 2.0, 1)] {
            let t = NoiseTable::of(&rules(most, variance, forbidden));
            for n in 0..=most + forbidden + 3 {
                let row = t.row(n);
                let total: f64 = row.iter().map(|(_, p)| p).sum();
                let mean: f64 = row.iter().map(|(v, p)| whole(*v) * p).sum();
                assert!((total - 1.0).abs() < 1e-9 && mean.abs() < 1e-9);
                assert!(t.variance(n) <= variance + 1e-9);
            }
        }
    }

    #[test]
    fn the_key_looks_up_the_noise() {
        let t = NoiseTable {
            rows: vec![vec![(0, 1.0)], vec![(-1, 0.3), (0, 0.4), (1, 0.3)]],
        };
        assert_eq!(
            [0.0, 0.299, 0.3, 0.699, 0.8, 0.999].map(|k| t.noise(3, k)),
            [-1, -1, 0, 0, 1, 1]
        );
        assert_eq!(t.noise(0, 0.9), 0);
    }
}
