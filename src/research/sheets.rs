//! The tables of a release, column by column: values, meaning, what was done to them, codes.

use std::collections::BTreeMap;

use super::floor::{Form, Held, Ladder};
use super::ladders::{ALL, NOT_KNOWN, OF_CHILD, OF_PARENT};
use super::people::{Microdata, Person};
use super::{AllowedSpell, Pseudonyms};
use crate::estimate::Entity;
use crate::estimate::family::Stay;
use crate::estimate::spells::Period;
use crate::pseudonymise::{Pseudonym, month_of};
use crate::schema::canonical::{LEGAL_STATUSES, OFFENCE_GROUPS, SENTENCE_BANDS};
use crate::schema::codes;

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Sixteen bytes of the project's own.
    Pseudonym(Vec<Pseudonym>),
    /// Words.
    Text(Vec<String>),
    /// Yes or no.
    Flag(Vec<bool>),
    /// Numbers of things.
    Count(Vec<u32>),
    /// Measures that may be missing.
    Number(Vec<Option<f64>>),
    /// Months, as the day that they begin on, in days since 1970-01-01.
    Month(Vec<Option<i32>>),
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its values.
    pub values: Values,
    /// What it means.
    pub description: &'static str,
    /// What was done to it.
    pub treatment: String,
    /// Its codes with their labels.
    pub codes: Vec<(String, String)>,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Its name, which is its file's.
    pub name: &'static str,
    /// What a row is.
    pub row: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// Records of one person above this are told as this.
const MOST_RECORDS: u32 = 5;

/// The four tables of the pairs that are kept, each in the order of its pseudonyms.
pub fn sheets(
    data: &Microdata,
    (ladders, held): (&[Ladder], &Held),
    names: &Pseudonyms<'_>,
    (year, spell): (Period, AllowedSpell),
) -> Vec<Sheet> {
    let kept: Vec<usize> = (0..data.pairs.len())
        .filter(|row| held.kept.get(*row) == Some(&true))
        .collect();
    let mut children = BTreeMap::new();
    let mut parents = BTreeMap::new();
    let mut pairs = BTreeMap::new();
    for row in kept {
        let Some((child, parent)) = data.pairs.get(row) else {
            continue;
        };
        let (c, p) = (names.child(child), names.parent(parent));
        children.entry(c).or_insert((*child, row));
        parents.entry(p).or_insert((*parent, row));
        pairs.insert((c, p), data.on_the_day.get(row) == Some(&true));
    }
    let (of_child, of_parent) = ladders.split_at(OF_CHILD.len().min(ladders.len()));
    let (at_child, at_parent) = held.levels.split_at(of_child.len().min(held.levels.len()));
    vec![
        Sheet {
            name: "child",
            row: "a child who had a parent in prison in the year",
            columns: people_columns(
                "child",
                &children,
                &data.children,
                (&OF_CHILD, of_child, at_child),
            ),
        },
        Sheet {
            name: "parent",
            row: "a parent who was in prison in the year while such a child was under 18",
            columns: people_columns(
                "parent",
                &parents,
                &data.parents,
                (&OF_PARENT, of_parent, at_parent),
            ),
        },
        pair_sheet(&pairs),
        spell_sheet(&parents, &data.stays, year, spell),
    ]
}

type Ladders<'a> = (&'a [&'static str], &'a [Ladder], &'a [usize]);

/// Pseudonym, quasi-identifiers in the forms that were taken, and how the person was linked.
fn people_columns(
    who: &'static str,
    rows: &BTreeMap<Pseudonym, (Entity, usize)>,
    people: &BTreeMap<Entity, Person>,
    (names, ladders, levels): Ladders<'_>,
) -> Vec<Column> {
    let mut out = vec![pseudonym(who, rows.keys().copied().collect())];
    for ((name, ladder), level) in names.iter().copied().zip(ladders).zip(levels) {
        let Some(form) = ladder.forms.get(*level) else {
            continue;
        };
        let value = |row: usize| form.value(row).unwrap_or(NOT_KNOWN).to_owned();
        out.push(Column {
            name,
            values: Values::Text(rows.values().map(|(_, row)| value(*row)).collect()),
            description: meaning(name),
            treatment: format!("told as: {}", form.name),
            codes: labels(form),
        });
    }
    let found: Vec<Option<&Person>> = rows.values().map(|(e, _)| people.get(e)).collect();
    out.push(Column {
        name: "records",
        values: Values::Count(
            found
                .iter()
                .map(|p| p.map_or(1, |p| p.records).clamp(1, MOST_RECORDS))
                .collect(),
        ),
        description: "Records of the sources that were linked into this person.",
        treatment: "5 stands for five and more".to_owned(),
        codes: Vec::new(),
    });
    let link = |of: fn(&super::people::Link) -> f64, unit: f64| {
        let number = |p: &Option<&Person>| p.and_then(|p| p.weakest.as_ref().map(of));
        let rounded = |x: f64| (x * unit).round() / unit;
        Values::Number(found.iter().map(|p| number(p).map(rounded)).collect())
    };
    out.push(Column {
        name: "match_weight",
        values: link(|l| l.weight, 10.0),
        description: "The weakest link within this person, as log2 of the odds that the two \
                      records are one person. Nothing where there is one record.",
        treatment: "rounded to a tenth of a bit".to_owned(),
        codes: Vec::new(),
    });
    out.push(Column {
        name: "match_probability",
        values: link(|l| l.probability, 1000.0),
        description: "The same as a probability. A stricter linkage than the run's is had by \
                      leaving out people below a threshold of one's own.",
        treatment: "rounded to a thousandth".to_owned(),
        codes: Vec::new(),
    });
    out
}

fn pair_sheet(pairs: &BTreeMap<(Pseudonym, Pseudonym), bool>) -> Sheet {
    Sheet {
        name: "parent_child",
        row: "a child and a parent of it who was in prison",
        columns: vec![
            pseudonym("child", pairs.keys().map(|(c, _)| *c).collect()),
            pseudonym("parent", pairs.keys().map(|(_, p)| *p).collect()),
            Column {
                name: "on_reference_date",
                values: Values::Flag(pairs.values().copied().collect()),
                description: "The parent is in prison on the reference date, and the child is \
                              born and under 18.",
                treatment: "kept".to_owned(),
                codes: Vec::new(),
            },
        ],
    }
}

/// The stays of the kept parents, clipped to the year.
fn spell_sheet(
    parents: &BTreeMap<Pseudonym, (Entity, usize)>,
    stays: &BTreeMap<Entity, Vec<Stay>>,
    year: Period,
    allowed: AllowedSpell,
) -> Sheet {
    let rows: Vec<(Pseudonym, &Stay)> = parents
        .iter()
        .filter_map(|(name, (entity, _))| Some((*name, stays.get(entity)?)))
        .flat_map(|(name, all)| all.iter().map(move |stay| (name, stay)))
        .collect();
    let month = |day: i32, inside: bool| -> Option<i32> { inside.then(|| month_of(day)) };
    let mut columns = vec![pseudonym("parent", rows.iter().map(|(p, _)| *p).collect())];
    if allowed.dates {
        let admission = rows.iter().map(|(_, s)| s.period.from);
        columns.push(Column {
            name: "admission_month",
            values: Values::Month(admission.map(|d| month(d, year.contains(d))).collect()),
            description: "The first day of the month of admission. Nothing where the stay began \
                          before the year.",
            treatment: "months within the year".to_owned(),
            codes: Vec::new(),
        });
        let release = rows.iter().map(|(_, s)| s.period.to);
        columns.push(Column {
            name: "release_month",
            values: Values::Month(release.map(|d| month(d, year.contains(d))).collect()),
            description: "The first day of the month of release. Nothing where the stay went on \
                          beyond the year.",
            treatment: "months within the year".to_owned(),
            codes: Vec::new(),
        });
    }
    type Word = (
        bool,
        &'static str,
        &'static str,
        &'static [&'static str],
        fn(&Stay) -> &String,
    );
    let words: [Word; 3] = [
        (
            allowed.legal_status,
            "legal_status",
            "The legal ground of the stay's last part.",
            &LEGAL_STATUSES,
            |s| &s.legal_status,
        ),
        (
            allowed.sentence_band,
            "sentence_band",
            "The length of the sentence.",
            &SENTENCE_BANDS,
            |s| &s.sentence_band,
        ),
        (
            allowed.offence_group,
            "offence_group",
            "The group of the most serious offence.",
            &OFFENCE_GROUPS,
            |s| &s.offence_group,
        ),
    ];
    for (released, name, description, list, of) in words {
        if !released {
            continue;
        }
        columns.push(Column {
            name,
            values: Values::Text(rows.iter().map(|(_, s)| of(s).clone()).collect()),
            description,
            treatment: "kept".to_owned(),
            codes: list
                .iter()
                .map(|w| ((*w).to_owned(), w.replace('_', " ")))
                .collect(),
        });
    }
    Sheet {
        name: "spell",
        row: "a stay in prison of a parent that touches the year",
        columns,
    }
}

fn pseudonym(name: &'static str, values: Vec<Pseudonym>) -> Column {
    Column {
        name,
        values: Values::Pseudonym(values),
        description: "A pseudonym of this research project alone: it joins these tables and \
                      nothing else.",
        treatment: "keyed hash of the run's own pseudonym".to_owned(),
        codes: Vec::new(),
    }
}

fn meaning(column: &str) -> &'static str {
    match column {
        "age_band" => {
            "Age in whole years on the reference date. The date of birth is not released."
        }
        "sex" => "Sex as recorded.",
        "ethnicity" => "Ethnic group, in the five major groups or fewer.",
        _ => {
            "Where the child lives, by the source itself, or by the postcode where its schema \
              releases the area."
        }
    }
}

/// The values of a form with their labels.
fn labels(form: &Form) -> Vec<(String, String)> {
    let label = |value: &String| match value.as_str() {
        NOT_KNOWN => "not known, or not released by the schema".to_owned(),
        ALL => "not told in this release".to_owned(),
        code => area(code).unwrap_or(value).to_owned(),
    };
    form.values.iter().map(|v| (v.clone(), label(v))).collect()
}

/// The name of a local authority, a region or a country.
fn area(code: &str) -> Option<&'static str> {
    codes::local_authorities().iter().find_map(|la| {
        [
            (&la.code, &la.name),
            (&la.region_code, &la.region_name),
            (&la.country_code, &la.country_name),
        ]
        .into_iter()
        .find(|(known, _)| *known == code)
        .map(|(_, name)| name.as_str())
    })
}

impl Sheet {
    /// Its rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.values.len())
    }

    fn column(&self, name: &str) -> Option<&Values> {
        let found = self.columns.iter().find(|c| c.name == name);
        found.map(|c| &c.values)
    }
}

impl Values {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Values::Pseudonym(v) => v.len(),
            Values::Text(v) => v.len(),
            Values::Flag(v) => v.len(),
            Values::Count(v) => v.len(),
            Values::Number(v) => v.len(),
            Values::Month(v) => v.len(),
        }
    }
}

/// Parents who are alone with their quasi-identifiers and the number of their children here, and
/// with them and the months of their first stay: what the floor does not cover, measured.
pub fn alone(sheets: &[Sheet]) -> [usize; 2] {
    let sheet = |name: &str| sheets.iter().find(|s| s.name == name);
    let (Some(parents), Some(pairs), Some(spells)) =
        (sheet("parent"), sheet("parent_child"), sheet("spell"))
    else {
        return [0, 0];
    };
    let Some(Values::Pseudonym(who)) = parents.column("parent") else {
        return [0, 0];
    };
    let mut children: BTreeMap<Pseudonym, usize> = BTreeMap::new();
    if let Some(Values::Pseudonym(of)) = pairs.column("parent") {
        for parent in of {
            *children.entry(*parent).or_default() += 1;
        }
    }
    let mut months: BTreeMap<Pseudonym, [Option<i32>; 2]> = BTreeMap::new();
    if let (
        Some(Values::Pseudonym(of)),
        Some(Values::Month(admission)),
        Some(Values::Month(release)),
    ) = (
        spells.column("parent"),
        spells.column("admission_month"),
        spells.column("release_month"),
    ) {
        for ((parent, from), to) in of.iter().zip(admission).zip(release) {
            months.entry(*parent).or_insert([*from, *to]);
        }
    }
    let quasi = |row: usize| -> Vec<&str> {
        let columns = OF_PARENT.iter().filter_map(|name| parents.column(name));
        columns
            .filter_map(|values| match values {
                Values::Text(all) => all.get(row).map(String::as_str),
                _ => None,
            })
            .collect()
    };
    let by_children = who.iter().enumerate().map(|(row, parent)| {
        let known = children.get(parent).copied().unwrap_or(0);
        (quasi(row), known)
    });
    let by_months = who
        .iter()
        .enumerate()
        .map(|(row, parent)| (quasi(row), months.get(parent).copied()));
    [ones(by_children), ones(by_months)]
}

/// How many keys occur once.
fn ones<K: Ord>(keys: impl Iterator<Item = K>) -> usize {
    let mut counts: BTreeMap<K, usize> = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts.values().filter(|n| **n == 1).count()
}
