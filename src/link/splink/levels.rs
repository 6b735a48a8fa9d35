//! m and u of levels of settings, counted out to the levels of this program.
//!
//! A level of the settings goes to the one level here that is nearest to what it asks; of several
//! that go to one, the shares add up. A level here that nothing goes to takes a part of the next
//! worse one that something does, so that it weighs the same: without the finer level its pairs
//! would have been there.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use fancy_regex::Regex;

use super::fields::{Field, Fields};
use super::meaning::{Asked, Likeness, Taken, meaning};
use super::settings;
use crate::comparison::Kind;
use crate::pseudonymise::words::Comparison;

/// A Jaro-Winkler similarity from which two names are similar here, and not only alike.
const SIMILAR: f64 = 0.85;

/// The shares of a comparison, level 0 unused.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// Among matches.
    pub m: Vec<f64>,
    /// Among pairs of chance.
    pub u: Vec<f64>,
}

impl Shares {
    fn empty(kind: Kind) -> Self {
        Shares {
            m: vec![0.0; kind.levels()],
            u: vec![0.0; kind.levels()],
        }
    }

    /// That say nothing: as many of each level among matches as by chance.
    fn silent(kind: Kind) -> Self {
        let levels = kind.levels();
        let share = 1.0 / f64::from(u32::try_from(levels - 1).unwrap_or(1));
        let even: Vec<f64> = (0..levels)
            .map(|l| if l == 0 { 0.0 } else { share })
            .collect();
        Shares {
            m: even.clone(),
            u: even,
        }
    }

    fn add(&mut self, level: usize, (m, u): (f64, f64)) {
        if let (Some(own_m), Some(own_u)) = (self.m.get_mut(level), self.u.get_mut(level)) {
            *own_m += m;
            *own_u += u;
        }
    }

    fn has(&self, level: usize) -> bool {
        let filled = |of: &Vec<f64>| of.get(level).is_some_and(|share| *share > 0.0);
        filled(&self.m) || filled(&self.u)
    }

    fn normalised(mut self) -> Option<Self> {
        for shares in [&mut self.m, &mut self.u] {
            let all: f64 = shares.iter().sum();
            if all <= 0.0 {
                return None;
            }
            shares.iter_mut().for_each(|share| *share /= all);
        }
        Some(self)
    }

    /// Fills levels that nothing went to, from the next worse one; else from the next better one.
    fn fill(&mut self, kind: Kind, name: &str, told: &mut Vec<String>) {
        let levels = kind.levels();
        let filled: Vec<usize> = (1..levels).filter(|level| self.has(*level)).collect();
        let mut taking: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for level in (1..levels).filter(|level| !filled.contains(level)) {
            let worse = filled.iter().find(|other| **other > level);
            if let Some(giver) = worse.or(filled.last()) {
                taking.entry(*giver).or_default().push(level);
            }
        }
        for (giver, takers) in taking {
            let parts = f64::from(u32::try_from(takers.len() + 1).unwrap_or(1));
            for shares in [&mut self.m, &mut self.u] {
                let part = shares.get(giver).copied().unwrap_or(0.0) / parts;
                for level in takers.iter().chain([&giver]) {
                    if let Some(slot) = shares.get_mut(*level) {
                        *slot = part;
                    }
                }
            }
            let label = |level: usize| kind.labels().get(level - 1).copied().unwrap_or_default();
            let takers: Vec<&str> = takers.iter().map(|level| label(*level)).collect();
            told.push(format!(
                "{name}: the settings do not tell apart {}; weighed as \"{}\"",
                takers
                    .iter()
                    .map(|l| format!("\"{l}\""))
                    .collect::<Vec<_>>()
                    .join(", "),
                label(giver),
            ));
        }
    }
}

/// The shares of every comparison, and what has no counterpart.
pub fn shares(
    settings: &settings::Settings,
    comparisons: &[Comparison],
    fields: &Fields,
) -> (Vec<Shares>, Vec<String>) {
    let mut told = Vec::new();
    let mut found: BTreeMap<usize, Shares> = BTreeMap::new();
    for comparison in &settings.comparisons {
        let mut own = OneComparison::new(comparison, fields, comparisons, &mut told);
        own.count_out();
        for (place, shares) in own.found {
            let name = comparisons.get(place).map_or("", |c| c.name.as_str());
            let Some(shares) = shares.normalised() else {
                continue;
            };
            match found.entry(place) {
                Entry::Vacant(slot) => {
                    slot.insert(shares);
                }
                Entry::Occupied(_) => told.push(format!(
                    "comparison {}: {name} is told by an earlier comparison too; the earlier one \
                     counts",
                    comparison.output_column_name
                )),
            }
        }
    }
    let mut out = Vec::new();
    for (place, comparison) in comparisons.iter().enumerate() {
        out.push(match found.remove(&place) {
            Some(mut shares) => {
                shares.fill(comparison.kind, &comparison.name, &mut told);
                shares
            }
            None => {
                told.push(format!(
                    "{}: the settings have no comparison of it; it weighs nothing",
                    comparison.name
                ));
                Shares::silent(comparison.kind)
            }
        });
    }
    (out, told)
}

/// One comparison of the settings on its way to the fields that it looks at.
struct OneComparison<'a> {
    own: &'a settings::Comparison,
    fields: &'a Fields,
    comparisons: &'a [Comparison],
    told: &'a mut Vec<String>,
    found: BTreeMap<usize, Shares>,
}

impl<'a> OneComparison<'a> {
    fn new(
        own: &'a settings::Comparison,
        fields: &'a Fields,
        comparisons: &'a [Comparison],
        told: &'a mut Vec<String>,
    ) -> Self {
        OneComparison {
            own,
            fields,
            comparisons,
            told,
            found: BTreeMap::new(),
        }
    }

    fn tell(&mut self, what: &str) {
        let name = &self.own.output_column_name;
        self.told.push(format!("comparison {name}: {what}"));
    }

    /// What a level asks, where every column of it is a field and every field knows of it.
    fn asked(&self, level: &settings::Level) -> Option<Vec<Asked>> {
        let asked = meaning(&level.sql_condition)?;
        let known = |asked: &Asked| match asked {
            Asked::Crossed(a, b) => self.crosses_names(a, b),
            other => other.columns().iter().all(|column| {
                self.fields
                    .of(column)
                    .is_some_and(|field| target(field, other).is_some())
            }),
        };
        (!asked.is_empty() && asked.iter().all(known)).then_some(asked)
    }

    fn crosses_names(&self, a: &str, b: &str) -> bool {
        let kind = |column: &str| self.fields.of(column).map(|field| field.kind);
        let kinds = (kind(a), kind(b));
        let both = (Some(Kind::Forename), Some(Kind::Surname));
        kinds == both || (kinds.1, kinds.0) == both
    }

    fn count_out(&mut self) {
        let levels = || {
            self.own
                .comparison_levels
                .iter()
                .filter(|level| !level.is_null_level)
        };
        let asked: Vec<Option<Vec<Asked>>> = levels().map(|level| self.asked(level)).collect();
        let columns: BTreeSet<&str> = asked
            .iter()
            .flatten()
            .flatten()
            .flat_map(Asked::columns)
            .collect();
        let fields: Vec<Field> = {
            let of = columns.iter().filter_map(|column| self.fields.of(column));
            let by_place: BTreeMap<usize, &Field> = of.map(|f| (f.place, f)).collect();
            by_place.into_values().cloned().collect()
        };
        if fields.is_empty() {
            return self.tell("it looks at no field of the specification in a way known here");
        }
        if fields.len() > 1 {
            self.tell("it looks at several fields; its levels are counted out to each by itself");
        }
        if levels().any(|level| level.tf_adjustment_column.is_some()) {
            self.tell("how frequent a value is (term frequency) is not taken into account here");
        }
        // Of levels that are not known here, on their way to the next one that is.
        let mut waiting = (0.0, 0.0);
        for (level, asked) in levels().zip(&asked) {
            let Some((m, u)) = level.shares() else {
                self.tell(&format!(
                    "level \"{}\" has no m and u, so it is left out",
                    level.label()
                ));
                continue;
            };
            match asked {
                None if !level.is_else() => {
                    waiting = (waiting.0 + m, waiting.1 + u);
                    self.tell(&format!(
                        "level \"{}\" has no counterpart; its pairs are counted to the next level",
                        level.label()
                    ));
                }
                _ => {
                    let both = (m + waiting.0, u + waiting.1);
                    waiting = (0.0, 0.0);
                    self.enter(&fields, asked.as_deref().unwrap_or_default(), both);
                }
            }
        }
        if waiting != (0.0, 0.0) {
            self.enter(&fields, &[], waiting);
        }
    }

    /// Adds the shares of a level to every field; to one that it does not ask about, as different.
    fn enter(&mut self, fields: &[Field], asked: &[Asked], shares: (f64, f64)) {
        let crossed = asked
            .iter()
            .any(|asked| matches!(asked, Asked::Crossed(..)));
        let names = self.comparisons.iter().position(|c| c.kind == Kind::Names);
        let is_name = |field: &Field| matches!(field.kind, Kind::Forename | Kind::Surname);
        for field in fields {
            // Names that stand crossed are missing in their own fields.
            if crossed && is_name(field) {
                continue;
            }
            let worst = field.kind.levels() - 1;
            let own = asked.iter().filter(|a| {
                a.columns().iter().any(|c| {
                    self.fields
                        .of(c)
                        .is_some_and(|other| other.place == field.place)
                })
            });
            let level = own
                .filter_map(|asked| target(field, asked))
                .max()
                .unwrap_or(worst);
            let slot = self
                .found
                .entry(field.place)
                .or_insert_with(|| Shares::empty(field.kind));
            slot.add(level, shares);
        }
        let both_names = fields.iter().filter(|field| is_name(field)).count() > 1;
        if let (Some(names), true) = (names, both_names) {
            let slot = self
                .found
                .entry(names)
                .or_insert_with(|| Shares::empty(Kind::Names));
            slot.add(if crossed { 1 } else { 4 }, shares);
        }
    }
}

/// The level here that is nearest to what is asked of a field; none where there is no such level.
fn target(field: &Field, asked: &Asked) -> Option<usize> {
    let taken = match asked {
        Asked::Same(_, taken) => taken,
        Asked::Alike(_, likeness) => return alike(field.kind, *likeness),
        Asked::Crossed(..) => return None,
    };
    match (field.kind, taken) {
        (_, Taken::Whole) => Some(1),
        (Kind::Forename, Taken::Slice(1, 1)) => Some(7),
        (Kind::Forename, Taken::Slice(1, _) | Taken::Soundex) => Some(5),
        (Kind::Surname, Taken::Slice(1, 2..) | Taken::Soundex) => Some(4),
        (Kind::Date, Taken::Year) => Some(7),
        (Kind::Date, Taken::Slice(1, 4)) if field.iso_date => Some(7),
        (Kind::Date, Taken::Slice(1, 7)) if field.iso_date => Some(4),
        (Kind::Date, Taken::Slice(6, 5)) if field.iso_date => Some(5),
        (Kind::Postcode, Taken::Found(pattern)) => postcode(pattern),
        _ => None,
    }
}

fn alike(kind: Kind, likeness: Likeness) -> Option<usize> {
    use Likeness::{Days, Edits, Jaccard, Jaro};
    match (kind, likeness) {
        (Kind::Forename, Jaro(least)) => Some(if least >= SIMILAR { 4 } else { 5 }),
        (Kind::Forename, Edits(most)) => Some(if most <= 1.0 { 4 } else { 5 }),
        (Kind::Surname, Jaro(least)) => Some(if least >= SIMILAR { 3 } else { 4 }),
        (Kind::Surname, Edits(most)) => Some(if most <= 1.0 { 3 } else { 4 }),
        (Kind::Text, Jaro(least) | Jaccard(least)) if least >= 0.9 => Some(2),
        (Kind::Text, Jaro(least) | Jaccard(least)) => Some(if least >= 0.7 { 3 } else { 4 }),
        (Kind::Text, Edits(most)) => Some(if most <= 2.0 { 2 } else { 3 }),
        // One digit, or two that were swapped: two parts of the three are left.
        (Kind::Date, Edits(most)) if most <= 2.0 => Some(4),
        (Kind::Date, Days(most)) if most <= 62.0 => Some(4),
        (Kind::Date, Days(most)) if most <= 367.0 => Some(7),
        // One half of the number is as it was.
        (Kind::Identifier, Edits(most)) if most <= 2.0 => Some(3),
        _ => None,
    }
}

/// The part of a postcode that a regular expression finds.
pub(super) fn postcode(pattern: &str) -> Option<usize> {
    let regex = Regex::new(pattern).ok()?;
    let found = |of: &str| {
        let found = regex.find(of).ok().flatten()?;
        Some(found.as_str().trim_end().to_owned())
    };
    let parts = [
        ("AB12 3CD", ["AB12 3CD", "AB12 3", "AB12", "AB"]),
        ("M1 4EF", ["M1 4EF", "M1 4", "M1", "M"]),
    ];
    let level = |(whole, parts): &(&str, [&str; 4])| {
        let found = found(whole)?;
        parts.iter().position(|part| *part == found)
    };
    let [one, other] = parts.each_ref().map(level);
    one.filter(|_| one == other).map(|place| place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_postcodes_are_known_by_what_is_found() {
        let of = |pattern| postcode(pattern);
        assert_eq!(of("^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? [0-9]"), Some(2));
        assert_eq!(of("^[A-Za-z]{1,2}[0-9][A-Za-z0-9]?"), Some(3));
        assert_eq!(
            (of("^[A-Za-z]{1,2}"), of("^.{3}"), of("(")),
            (Some(4), None, None)
        );
    }

    #[test]
    fn a_level_that_is_not_told_apart_weighs_as_the_next_worse() {
        let mut told = Vec::new();
        let mut shares = Shares::empty(Kind::Surname);
        for (level, both) in [(1, (0.8, 0.01)), (3, (0.15, 0.03)), (5, (0.05, 0.96))] {
            shares.add(level, both);
        }
        shares.fill(Kind::Surname, "surname", &mut told);
        assert_eq!(shares.m, [0.0, 0.8, 0.075, 0.075, 0.025, 0.025]);
        assert_eq!(shares.u, [0.0, 0.01, 0.015, 0.015, 0.48, 0.48]);
        assert_eq!(told.len(), 2);
        let sum = |of: &[f64]| of.iter().sum::<f64>();
        assert!((sum(&shares.m) - 1.0).abs() < 1e-12 && (sum(&shares.u) - 1.0).abs() < 1e-12);
    }
}
