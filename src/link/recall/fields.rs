//! Matches that no rule brought together, between two files: reckoned from the fields.
//!
//! Rules that share fields do not catch independently. Two rules that both ask for the date of birth
//! miss together whoever's date is wrong, and rules that were chosen to overlap little catch many
//! matches only once: taken as lists, they make the number of the missed too small or too large.
//! Fields are nearer to independent than rules are. So a match is here a cell: what agrees of each
//! column that some rule asks for. A rule catches some cells and not others; the matches that were
//! found fill the cells that some rule catches, and what the model of the cells puts into the others
//! is missed. A value that is not there is a state of its column like any other.
//!
//! The model is one of latent classes (Goodman, "Exploratory latent structure analysis", Biometrika
//! 61, 1974; for capture and recapture: Stanghellini and van der Heijden, "A multiple-record systems
//! estimation method that takes observed and unobserved heterogeneity into account", Biometrics 60,
//! 2004): within a class the columns are independent. One class is the bound, since fields of one
//! record tend to be wrong together; two classes, of cleaner records and of less clean ones, are the
//! estimate. Both are fitted to the truncated table by expectation and maximisation.

use super::Missed;
use crate::comparison::{Kind, Level};
use crate::link::pairs::Pattern;
use crate::pseudonymise::words::{Comparison, Part, Rule};

/// More cells than this are not fitted.
const MOST_CELLS: usize = 200_000;
/// Rounds at most.
const ROUNDS: usize = 500;
/// The fit stands still when the missed change by less than this share of the found.
const STILL: f64 = 1e-8;
/// Matches that each state of a class starts from in each round, so that none is impossible.
const FLOOR: f64 = 1e-3;
/// The quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_963_984_540_054;
/// How many times as likely as in all matches a state is in the class of less clean records, to
/// begin with, for the states that do not agree on everything.
const LESS_CLEAN: f64 = 3.0;

/// The lanes of two values that agree at a level, a bit each, as far as the level tells.
fn lanes(kind: Kind, level: Level) -> u8 {
    let of: &[u8] = match (kind, level) {
        (Kind::Forename | Kind::Surname | Kind::Date | Kind::Identifier, 1) => {
            &[0, 1, 2, 3, 4, 5, 6, 7]
        }
        (Kind::Forename, 2) => &[1, 2, 3, 4, 5, 6, 7],
        (Kind::Forename, 3) => &[2, 3],
        (Kind::Forename, 4) => &[4, 5, 6],
        (Kind::Forename, 5) => &[4, 5],
        (Kind::Forename, 6 | 7) => &[5],
        (Kind::Surname, 2) => &[1, 4, 5],
        (Kind::Surname, 3) => &[3, 4, 5],
        (Kind::Surname, 4) => &[3, 4],
        (Kind::Date, 2) => &[0, 4, 7],
        (Kind::Date, 3) => &[1, 5],
        (Kind::Date, 4) => &[3, 7],
        (Kind::Date, 5) => &[1],
        (Kind::Date, 6 | 7) => &[7],
        (Kind::Postcode, 1) => &[0, 1, 2, 3, 4, 5],
        (Kind::Postcode, 2) => &[1, 2, 3, 5],
        (Kind::Postcode, 3) => &[2, 3],
        (Kind::Postcode, 4) => &[3],
        (Kind::Text | Kind::Exact | Kind::Sex, 1) => &[0, 1],
        (Kind::Text, 2) => &[1],
        (Kind::Identifier, 3) => &[2, 3],
        _ => &[],
    };
    of.iter().fold(0, |bits, lane| bits | 1 << lane)
}

fn bit(part: &Part) -> u8 {
    u32::try_from(part.lane)
        .ok()
        .and_then(|lane| 1_u8.checked_shl(lane))
        .unwrap_or(0)
}

/// A column that rules ask for, or whether names stand crosswise.
struct Axis {
    /// The place of its comparison.
    place: usize,
    kind: Kind,
    /// The column, for rules; none for crossed names.
    column: Option<usize>,
    /// What agrees, of the lanes that some rule asks for: the states.
    states: Vec<u8>,
    /// Of each level its state.
    of_level: Vec<usize>,
}

impl Axis {
    fn new(place: usize, comparison: &Comparison, asked: u8) -> Self {
        let crossed = comparison.kind == Kind::Names;
        let mut states: Vec<u8> = Vec::new();
        let levels = (0_u8..).take(comparison.kind.levels());
        let of_level = levels.map(|level| {
            let state = match crossed {
                true => u8::from(level == 1),
                false => lanes(comparison.kind, level) & asked,
            };
            let known = states.iter().position(|s| *s == state);
            known.unwrap_or_else(|| {
                states.push(state);
                states.len() - 1
            })
        });
        let of_level = of_level.collect();
        Axis {
            place,
            kind: comparison.kind,
            column: (!crossed)
                .then(|| comparison.columns.first().copied().flatten())
                .flatten(),
            states,
            of_level,
        }
    }
}

/// The table of cells.
struct Table {
    axes: Vec<Axis>,
    /// Of each cell whether some rule catches it.
    caught: Vec<bool>,
}

impl Table {
    /// Of the columns that the rules ask for; none if there are too many cells.
    fn new(comparisons: &[Comparison], rules: &[Rule]) -> Option<Self> {
        let asked = |column: usize| {
            let parts = rules
                .iter()
                .flat_map(|rule| rule.parts.iter().chain(rule.unordered.iter().flatten()));
            let own = parts.filter(|part| part.column == column);
            own.fold(0, |bits, part| bits | bit(part))
        };
        let swapped = rules.iter().any(|rule| rule.unordered.is_some());
        let axis = |(place, comparison): (usize, &Comparison)| {
            let column = comparison.columns.first().copied().flatten()?;
            match comparison.kind {
                Kind::Frequency => None,
                Kind::Names => swapped.then(|| Axis::new(place, comparison, 0)),
                _ => {
                    let asked = asked(column);
                    (asked != 0).then(|| Axis::new(place, comparison, asked))
                }
            }
        };
        let axes: Vec<Axis> = comparisons.iter().enumerate().filter_map(axis).collect();
        let mut cells = 1_usize;
        for axis in &axes {
            cells = cells.checked_mul(axis.states.len())?;
        }
        if axes.is_empty() || cells > MOST_CELLS {
            return None;
        }
        let mut table = Table {
            axes,
            caught: Vec::new(),
        };
        let catches = |cell: usize| rules.iter().any(|rule| table.catches(rule, cell));
        table.caught = (0..cells).map(catches).collect();
        Some(table)
    }

    /// The places of a cell's states, axis by axis.
    fn places(&self, cell: usize) -> impl Iterator<Item = usize> {
        let mut rest = cell;
        self.axes.iter().map(move |axis| {
            let place = rest % axis.states.len();
            rest /= axis.states.len();
            place
        })
    }

    fn catches(&self, rule: &Rule, cell: usize) -> bool {
        let state = |column: usize| {
            let mut both = self.axes.iter().zip(self.places(cell));
            let found = both.find(|(axis, _)| axis.column == Some(column));
            found.and_then(|(axis, place)| axis.states.get(place).copied())
        };
        let has = |part: &Part| state(part.column).is_some_and(|s| s & bit(part) != 0);
        let crossed = || {
            let mut both = self.axes.iter().zip(self.places(cell));
            let names = both.find(|(axis, _)| axis.kind == Kind::Names);
            names.is_some_and(|(axis, place)| axis.states.get(place) == Some(&1))
        };
        let either = rule.unordered.as_ref();
        rule.parts.iter().all(has) && either.is_none_or(|pair| pair.iter().all(has) || crossed())
    }

    /// The cell of a pattern.
    fn cell(&self, pattern: Pattern) -> Option<usize> {
        let (mut cell, mut step) = (0, 1);
        for axis in &self.axes {
            let level = usize::from(pattern.level(axis.place));
            cell += step * axis.of_level.get(level)?;
            step *= axis.states.len();
        }
        Some(cell)
    }

    /// How many matches are in cells that no rule catches, by so many classes; `found` are those in
    /// the others.
    fn fit(&self, found: &[f64], classes: usize) -> f64 {
        let all: f64 = found.iter().sum();
        let mut of_class = self.first(found, classes);
        let mut share = vec![1.0 / f64::from(u32::try_from(classes).unwrap_or(1)); classes];
        let mut missed = 0.0;
        for _ in 0..ROUNDS {
            let mut next: Vec<Vec<Vec<f64>>> = of_class
                .iter()
                .map(|axes| {
                    axes.iter()
                        .map(|states| vec![FLOOR; states.len()])
                        .collect()
                })
                .collect();
            let mut sizes = vec![0.0; classes];
            let mut caught = 0.0;
            // Twice over the cells: how much of the model is caught, then who is where.
            for (cell, is_caught) in self.caught.iter().enumerate() {
                if *is_caught {
                    caught += self.joint(cell, &share, &of_class).iter().sum::<f64>();
                }
            }
            let before = missed;
            missed = all * (1.0 - caught).max(0.0) / caught.max(f64::MIN_POSITIVE);
            for (cell, is_caught) in self.caught.iter().enumerate() {
                let joint = self.joint(cell, &share, &of_class);
                let sum: f64 = joint.iter().sum();
                let matches = match is_caught {
                    true => found.get(cell).copied().unwrap_or(0.0),
                    false => all * sum / caught.max(f64::MIN_POSITIVE),
                };
                if matches <= 0.0 || sum <= 0.0 {
                    continue;
                }
                for ((part, size), axes) in joint.iter().zip(&mut sizes).zip(&mut next) {
                    let own = matches * part / sum;
                    *size += own;
                    for (states, place) in axes.iter_mut().zip(self.places(cell)) {
                        if let Some(slot) = states.get_mut(place) {
                            *slot += own;
                        }
                    }
                }
            }
            of_class = next;
            of_class
                .iter_mut()
                .flatten()
                .for_each(|states| to_shares(states));
            to_shares(&mut sizes);
            share = sizes;
            if (missed - before).abs() < STILL * all {
                break;
            }
        }
        missed
    }

    /// The model of a cell, class by class.
    fn joint(&self, cell: usize, share: &[f64], of_class: &[Vec<Vec<f64>>]) -> Vec<f64> {
        let of = |(share, axes): (&f64, &Vec<Vec<f64>>)| {
            let states = axes.iter().zip(self.places(cell));
            states.fold(*share, |product, (states, place)| {
                product * states.get(place).copied().unwrap_or(0.0)
            })
        };
        share.iter().zip(of_class).map(of).collect()
    }

    /// Where the classes begin: as all that was found, the later ones less clean.
    fn first(&self, found: &[f64], classes: usize) -> Vec<Vec<Vec<f64>>> {
        let begin = |class: usize| {
            let mut axes: Vec<Vec<f64>> = self
                .axes
                .iter()
                .map(|axis| vec![FLOOR; axis.states.len()])
                .collect();
            for (cell, matches) in found.iter().enumerate().filter(|(_, n)| **n > 0.0) {
                for (states, place) in axes.iter_mut().zip(self.places(cell)) {
                    if let Some(slot) = states.get_mut(place) {
                        *slot += matches;
                    }
                }
            }
            for (states, axis) in axes.iter_mut().zip(&self.axes) {
                let whole = axis.of_level.get(1).copied();
                for (place, state) in states.iter_mut().enumerate() {
                    if class > 0 && Some(place) != whole {
                        *state *= LESS_CLEAN;
                    }
                }
                to_shares(states);
            }
            axes
        };
        (0..classes).map(begin).collect()
    }
}

fn to_shares(of: &mut [f64]) {
    let all: f64 = of.iter().sum();
    if all > 0.0 {
        of.iter_mut().for_each(|n| *n /= all);
    }
}

/// Matches that no rule brought together, by the fields of those that were found: of each its
/// probability and its pattern. None if the rules ask for too much to be counted in cells, or
/// nothing was found.
///
/// The standard error holds the draw of matches and how far the two models are apart.
pub fn missed_by_fields(
    matches: impl Iterator<Item = (f64, Pattern)>,
    comparisons: &[Comparison],
    rules: &[Rule],
) -> Option<Missed> {
    let table = Table::new(comparisons, rules)?;
    let mut found = vec![0.0; table.caught.len()];
    // A level does not tell all lanes: some that were caught look as if no rule caught them.
    let mut beside = 0.0;
    for (probability, pattern) in matches {
        let cell = table.cell(pattern)?;
        match (table.caught.get(cell), found.get_mut(cell)) {
            (Some(true), Some(slot)) => *slot += probability,
            _ => beside += probability,
        }
    }
    let all: f64 = found.iter().sum();
    if all <= 0.0 {
        return None;
    }
    let of = |classes: usize| (table.fit(&found, classes) - beside).max(0.0);
    let (one, two) = (of(1), of(2));
    let (at_least, about) = (one.min(two), two);
    let drawn = about * (1.0 + about / all);
    let standard_error = (drawn + (two - one).powi(2)).sqrt();
    Some(Missed {
        at_least,
        about,
        standard_error,
        range: [
            (at_least - Z * drawn.sqrt()).max(0.0),
            about + Z * standard_error,
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use rand::{Rng, SeedableRng};

    const KINDS: [(&str, Kind); 4] = [
        ("forename", Kind::Forename),
        ("surname", Kind::Surname),
        ("date_of_birth", Kind::Date),
        ("postcode", Kind::Postcode),
    ];

    fn rule(parts: &[(usize, usize)]) -> Rule {
        let part = |(column, lane): &(usize, usize)| Part {
            column: *column,
            lane: *lane,
        };
        Rule {
            name: String::new(),
            parts: parts.iter().map(part).collect(),
            unordered: None,
        }
    }

    /// Overlapping rules: date and forename, date and surname, surname and postcode.
    fn rules() -> Vec<Rule> {
        vec![
            rule(&[(2, 1), (2, 7), (0, 5)]),
            rule(&[(2, 1), (2, 7), (1, 3)]),
            rule(&[(1, 3), (3, 2)]),
        ]
    }

    /// Draws matches of classes: how many, and of each field the chance that it agrees. Returns
    /// those that a rule caught, and how many none did.
    fn drawn(classes: &[(usize, [f64; 4])]) -> (Vec<(f64, Pattern)>, f64) {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(11);
        let comparisons = Comparison::of_columns(&KINDS);
        let table = Table::new(&comparisons, &rules()).expect("a table");
        let (mut found, mut missed) = (Vec::new(), 0.0);
        for (matches, agree) in classes {
            for _ in 0..*matches {
                let level = |(kind, chance): (&(&str, Kind), &f64)| {
                    let draw = f64::from(random.next_u32()) / f64::from(u32::MAX);
                    let last = u8::try_from(kind.1.labels().len()).expect("few");
                    if draw < *chance { 1 } else { last }
                };
                let levels: Vec<Level> = KINDS.iter().zip(agree).map(level).collect();
                let pattern = Pattern::new(levels.into_iter(), 0);
                match table.caught[table.cell(pattern).expect("a cell")] {
                    true => found.push((1.0, pattern)),
                    false => missed += 1.0,
                }
            }
        }
        (found, missed)
    }

    fn estimate(found: Vec<(f64, Pattern)>) -> Missed {
        let comparisons = Comparison::of_columns(&KINDS);
        missed_by_fields(found.into_iter(), &comparisons, &rules()).expect("an estimate")
    }

    #[test]
    fn independent_fields_are_told_exactly_whatever_the_rules_share() {
        let (found, missed) = drawn(&[(50_000, [0.9, 0.8, 0.85, 0.4])]);
        let told = estimate(found.clone());
        assert!(
            (told.about - missed).abs() < 2.0 * told.standard_error,
            "{told:?} {missed}"
        );
        assert!(
            (told.at_least / missed - 1.0).abs() < 0.05,
            "{told:?} {missed}"
        );
        assert!(
            (told.range[0]..=told.range[1]).contains(&missed),
            "{told:?} {missed}"
        );
        // The rules taken as lists are far off: three that overlap catch nearly all twice.
        let comparisons = Comparison::of_columns(&KINDS);
        let table = Table::new(&comparisons, &rules()).expect("a table");
        let times = found.iter().map(|(p, pattern)| {
            let cell = table.cell(*pattern).expect("a cell");
            let caught = rules()
                .iter()
                .filter(|rule| table.catches(rule, cell))
                .count();
            (*p, u32::try_from(caught).expect("few"))
        });
        let lists = super::super::missed(times, 3);
        assert!(
            (lists.about / missed - 1.0).abs() > 0.3,
            "{lists:?} {missed}"
        );
    }

    #[test]
    fn two_classes_are_nearer_than_one_where_records_differ() {
        let clean = (40_000, [0.97, 0.95, 0.97, 0.5]);
        let (found, missed) = drawn(&[clean, (10_000, [0.6, 0.5, 0.5, 0.3])]);
        let told = estimate(found);
        assert!(told.at_least < missed, "{told:?} {missed}");
        assert!(
            (told.about - missed).abs() <= (told.at_least - missed).abs(),
            "{told:?} {missed}"
        );
    }

    #[test]
    fn nothing_is_said_where_nothing_can_be() {
        let comparisons = Comparison::of_columns(&KINDS);
        assert_eq!(
            missed_by_fields(std::iter::empty(), &comparisons, &rules()),
            None
        );
        let one = [(1.0, Pattern::new([1, 1, 1, 1].into_iter(), 1))];
        assert_eq!(missed_by_fields(one.into_iter(), &comparisons, &[]), None);
    }
}
