//! Errors by group: precision and recall by the value that the left row has in a column.
//!
//! The values are the inputs' own and stand in the result, which stays with the owner. Groups of few
//! true pairs are put together.

use std::path::Path;

use hashbrown::HashMap;
use serde::Serialize;

use super::inputs::spec_of;
use super::ratio::{Part, Ratio};
use super::rows::{Rows, at};
use super::truth::Known;
use super::units::{Counts, Link};
use crate::ingest::standardise;
use crate::link::LinkError;
use crate::link::out_files::Inputs;
use crate::link::people;
use crate::link::spec::{Columns, Compare, ISO_DATE, Spec};
use crate::link::table_file::for_each_row;
use crate::pseudonymise::words::{Column, Interner};

/// A group of fewer true pairs is put together with others.
pub const FEWEST: u64 = 10;
/// A column is one of dates if so many of its values are.
const DATES: f64 = 0.9;
/// Years of a band.
const BAND: i16 = 10;

/// The groups of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnGroups {
    /// The column of the first file.
    pub column: String,
    /// Whether its values are dates, taken in bands of ten years.
    pub bands: bool,
    /// The groups in the order of their values; those without a value and those put together last.
    pub groups: Vec<Group>,
}

/// Which rows a group is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Rows of this value, or of this band of years.
    Value(String),
    /// Rows without a value.
    Missing,
    /// Rows of values that few true pairs have, put together.
    Few,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Which rows.
    pub which: Which,
    /// Values that were put together: one, but for the few.
    pub values: u64,
    /// True pairs whose left row is in the group.
    pub true_pairs: u64,
    /// Links whose left row is in it.
    pub predicted: u64,
    /// True ones among them.
    pub tp: u64,
    /// `tp / predicted`, beside the whole.
    pub precision: Share,
    /// `tp / true_pairs`, beside the whole.
    pub recall: Share,
}

/// A share in a group, and how far it is from the share in the whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// The share.
    pub share: Option<f64>,
    /// Its interval at 95 %.
    pub interval: Option<[f64; 2]>,
    /// The share less that of the whole.
    pub difference: Option<f64>,
    /// The interval of the difference at 95 %.
    pub difference_interval: Option<[f64; 2]>,
}

impl Share {
    fn of(part: &Part, whole: &Ratio) -> Self {
        let difference = part.difference(whole);
        Share {
            share: part.own.value(),
            interval: part.own.interval(),
            difference: difference.map(|d| d.0),
            difference_interval: difference.map(|d| d.1),
        }
    }
}

/// The groups of each column. `unit` names the unit of each row.
pub(super) fn groups(
    (out, inputs): (&Path, &Inputs),
    columns: &[String],
    rows: &Rows,
    known: &Known,
    (unit, links): (&[u32], &[Link]),
) -> Result<Vec<ColumnGroups>, LinkError> {
    let spec = match columns.is_empty() {
        true => return Ok(Vec::new()),
        false => spec_of(out, inputs)?,
    };
    let one = |column: &String| {
        let (of, bands) = read(inputs, &spec, rows, column)?;
        let counts = counted(rows, known, (unit, links), &of);
        Ok(ColumnGroups {
            column: column.clone(),
            bands,
            groups: told(&of, counts),
        })
    };
    columns.iter().map(one).collect()
}

/// The group of each row of the first file: its number in the names.
struct Grouped {
    of: Vec<u32>,
    names: Vec<Which>,
}

fn read(
    inputs: &Inputs,
    spec: &Spec,
    rows: &Rows,
    column: &str,
) -> Result<(Grouped, bool), LinkError> {
    let mut raw = Interner::default();
    let mut order = Vec::new();
    if let Some(file) = inputs.inputs.first() {
        for_each_row(&file.path, &[&file.id, column], |_, values| {
            if let [Some(id), value] = values
                && let Some(row) = rows.find(id, 0)
            {
                order.push(row);
                raw.push(*value);
            }
        })?;
    }
    let raw = raw.finish();
    let bands = banded(&raw, &forms(spec, column));
    let is_banded = bands.is_some();
    let named = match bands {
        Some(bands) => bands,
        None => raw.values().map(|v| Which::Value(v.to_owned())).collect(),
    };
    let mut names = named.clone();
    names.push(Which::Missing);
    names.sort();
    names.dedup();
    let place = |which: &Which| u32::try_from(names.binary_search(which).unwrap_or(0)).unwrap_or(0);
    let numbers: Vec<u32> = named.iter().map(place).collect();
    let missing = place(&Which::Missing);
    let mut of = vec![missing; rows.side.len()];
    for (row, number) in order.iter().zip(raw.numbers()) {
        let value = number.checked_sub(1).and_then(|n| numbers.get(at(n)));
        if let Some(slot) = of.get_mut(at(*row)) {
            *slot = value.copied().unwrap_or(missing);
        }
    }
    Ok((Grouped { of, names }, is_banded))
}

/// How the dates of a column may be written.
enum Form {
    Date(String),
    Year,
}

fn forms(spec: &Spec, column: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    for (field, _) in people::columns(spec) {
        let other = spec
            .other
            .get(&field)
            .filter(|o| o.compare == Compare::Date);
        let of = match other {
            Some(other) => Some(&other.column.left),
            None => spec
                .fields
                .get(&field)
                .filter(|_| field == "date_of_birth")
                .map(|columns| &columns.left),
        };
        match of {
            Some(Columns::Joined(names)) if names.iter().eq([column]) => {
                forms.push(Form::Date(spec.format(&field, 0).to_owned()));
            }
            Some(Columns::Date { year, .. }) if year.as_deref() == Some(column) => {
                forms.push(Form::Year);
            }
            _ => {}
        }
    }
    forms.push(Form::Date(ISO_DATE.to_owned()));
    forms
}

/// The band of each value, if the column is one of dates: a value that is none counts as missing.
fn banded(raw: &Column, forms: &[Form]) -> Option<Vec<Which>> {
    let year = |value: &str, form: &Form| match form {
        Form::Date(format) => standardise::date(value, format).ok().map(|d| d.year()),
        Form::Year => value.trim().parse::<i16>().ok(),
    };
    let tally = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    let all = tally(raw.distinct());
    let is_date = |form: &&Form| {
        let dates = raw.values().filter(|v| year(v, form).is_some()).count();
        all > 0.0 && tally(dates) >= DATES * all
    };
    let form = forms.iter().find(is_date)?;
    let band = |value: &str| match year(value, form) {
        Some(year) => {
            let from = year - year.rem_euclid(BAND);
            Which::Value(format!("{from} to {}", from + BAND - 1))
        }
        None => Which::Missing,
    };
    Some(raw.values().map(band).collect())
}

/// Counts by unit and group, in the order of the units.
fn counted(
    rows: &Rows,
    known: &Known,
    (unit, links): (&[u32], &[Link]),
    of: &Grouped,
) -> Vec<(u32, u32, Counts)> {
    let mut counts: HashMap<(u32, u32), Counts> = HashMap::new();
    let mut add = |a: u32, b: u32, change: &dyn Fn(&mut Counts)| {
        // Of one file the left row is the one that stands first.
        let left = a.min(b);
        let unit = unit.get(at(left)).copied().unwrap_or(left);
        let group = of.of.get(at(left)).copied().unwrap_or(0);
        change(counts.entry((unit, group)).or_default());
    };
    known.walk(rows, unit, |a, b| add(a, b, &|c| c.truth += 1));
    for link in links {
        add(link.a, link.b, &|c| {
            c.predicted += 1;
            c.tp += u64::from(link.hit);
        });
    }
    let mut out: Vec<(u32, u32, Counts)> =
        counts.into_iter().map(|((u, g), c)| (u, g, c)).collect();
    out.sort_unstable_by_key(|(unit, group, _)| (*unit, *group));
    out
}

/// One group while units are added up.
#[derive(Clone, Default)]
struct Sum {
    all: Counts,
    precision: Part,
    recall: Part,
}

fn plus(sum: &mut Counts, more: &Counts) {
    sum.truth += more.truth;
    sum.predicted += more.predicted;
    sum.tp += more.tp;
}

fn told(of: &Grouped, counts: Vec<(u32, u32, Counts)>) -> Vec<Group> {
    let mut truth = vec![Counts::default(); of.names.len()];
    for (_, group, more) in &counts {
        if let Some(sum) = truth.get_mut(at(*group)) {
            plus(sum, more);
        }
    }
    // Those of few are all one group, the one after the last.
    let few = of.names.len();
    let is_few = |group: usize| truth.get(group).is_none_or(|all| all.truth < FEWEST);
    let mut sums = vec![Sum::default(); few + 1];
    let (mut precision, mut recall) = (Ratio::default(), Ratio::default());
    for unit in counts.chunk_by(|a, b| a.0 == b.0) {
        let mut all = Counts::default();
        let mut here: Vec<(usize, Counts)> = Vec::new();
        for (_, group, more) in unit {
            plus(&mut all, more);
            let group = if is_few(at(*group)) { few } else { at(*group) };
            match here.iter_mut().find(|(g, _)| *g == group) {
                Some((_, sum)) => plus(sum, more),
                None => here.push((group, *more)),
            }
        }
        precision.add(all.precision().0, all.precision().1);
        recall.add(all.recall().0, all.recall().1);
        for (group, own) in here {
            if let Some(sum) = sums.get_mut(group) {
                plus(&mut sum.all, &own);
                sum.precision.add(own.precision(), all.precision());
                sum.recall.add(own.recall(), all.recall());
            }
        }
    }
    let together = (0..few)
        .filter(|g| is_few(*g))
        .filter(|g| truth.get(*g).is_some_and(|c| c.truth + c.predicted > 0));
    let together = together.count() as u64;
    let names = of.names.iter().cloned().chain([Which::Few]);
    let there = names
        .zip(sums)
        .filter(|(_, sum)| sum.all.truth + sum.all.predicted > 0);
    there
        .map(|(which, sum)| Group {
            values: if which == Which::Few { together } else { 1 },
            which,
            true_pairs: sum.all.truth,
            predicted: sum.all.predicted,
            tp: sum.all.tp,
            precision: Share::of(&sum.precision, &precision),
            recall: Share::of(&sum.recall, &recall),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[&str]) -> Column {
        let mut column = Interner::default();
        for value in values {
            column.push(Some(value));
        }
        column.finish()
    }

    #[test]
    fn dates_are_taken_in_bands_and_other_values_as_they_stand() {
        let forms = [
            Form::Date("%d/%m/%Y".to_owned()),
            Form::Date(ISO_DATE.to_owned()),
        ];
        let band = |from: &str| Which::Value(from.to_owned());
        assert_eq!(
            banded(&column(&["31/12/1989", "01/01/1990", "02/02/1999"]), &forms),
            Some(vec![
                band("1980 to 1989"),
                band("1990 to 1999"),
                band("1990 to 1999")
            ])
        );
        assert_eq!(
            banded(&column(&["1989-12-31"]), &forms),
            Some(vec![band("1980 to 1989")])
        );
        assert_eq!(banded(&column(&["F", "M"]), &forms), None);
        assert_eq!(
            banded(&column(&["1984", "1985"]), &[Form::Year]).map(|b| b.len()),
            Some(2)
        );
        assert_eq!(banded(&column(&[]), &forms), None);
    }

    #[test]
    fn groups_of_few_are_put_together_and_nothing_is_lost() {
        // Thirty pairs in A, five in B, four in C; one false link in B.
        let names = ["A", "B", "C"].map(|n| Which::Value(n.to_owned()));
        let grouped = Grouped {
            of: Vec::new(),
            names: names.to_vec(),
        };
        let mut counts: Vec<(u32, u32, Counts)> = (0..39)
            .map(|n| {
                let group = match n {
                    0..30 => 0,
                    30..35 => 1,
                    _ => 2,
                };
                let tp = u64::from(n % 3 != 0);
                (
                    n,
                    group,
                    Counts {
                        truth: 1,
                        predicted: tp,
                        tp,
                    },
                )
            })
            .collect();
        counts.push((
            39,
            1,
            Counts {
                truth: 0,
                predicted: 1,
                tp: 0,
            },
        ));
        let found = told(&grouped, counts);
        let shown: Vec<(&Which, u64, u64, u64, u64)> = found
            .iter()
            .map(|g| (&g.which, g.values, g.true_pairs, g.predicted, g.tp))
            .collect();
        assert_eq!(
            shown,
            [(&names[0], 1, 30, 20, 20), (&Which::Few, 2, 9, 7, 6)]
        );
        let recall = found[1].recall;
        assert_eq!(recall.share, Some(6.0 / 9.0));
        assert!(recall.difference.is_some_and(|d| d.abs() < 1e-9));
        let [low, high] = recall.difference_interval.expect("an interval");
        assert!(low < -0.1 && high > 0.1, "{low} {high}");
    }
}
