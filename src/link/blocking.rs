//! Which blocking rules: chosen from the fields that there are, within a budget of pairs, from the
//! data alone.
//!
//! A rule is worth what it adds to the share of matches that some rule brings together. What share
//! that is, is reckoned from how values usually differ between two records of one person
//! ([`USUAL`]): the figures are common experience, not fitted to any file, and only order the rules.
//! How many pairs a rule costs is counted in the files.

mod name;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::model::real;
use super::pairs::MOST_RULES;
use crate::comparison::Kind;
use crate::pseudonymise::words::{Comparison, Part, Rule};
use crate::schema::canonical::kind;
use name::lane_word;
pub use name::{UNORDERED, parse};

/// How often, of two records of one person, the most specific lanes that still agree are these.
struct Usual {
    kind: Kind,
    /// A share, and the lanes that agree.
    states: &'static [(f64, &'static [usize])],
}

const USUAL: &[Usual] = &[
    Usual {
        kind: Kind::Forename,
        states: &[
            (0.82, &[0, 1, 2, 3, 4, 5, 6, 7]),
            (0.05, &[4, 5, 6]),
            (0.03, &[2, 3, 5]),
            (0.05, &[5]),
            (0.05, &[]),
        ],
    },
    Usual {
        kind: Kind::Surname,
        states: &[
            (0.80, &[0, 1, 2, 3, 4, 5, 6, 7]),
            (0.05, &[3, 4, 5]),
            (0.03, &[1, 4, 5]),
            (0.02, &[4]),
            (0.10, &[]),
        ],
    },
    Usual {
        kind: Kind::Date,
        states: &[
            (0.85, &[0, 1, 2, 3, 4, 5, 6, 7]),
            (0.04, &[1, 5]),
            (0.03, &[3, 7]),
            (0.03, &[2, 7]),
            (0.02, &[7]),
            (0.03, &[]),
        ],
    },
    Usual {
        kind: Kind::Postcode,
        states: &[
            (0.45, &[0, 1, 2, 3, 4, 5]),
            (0.05, &[1, 2, 3, 5]),
            (0.10, &[2, 3]),
            (0.10, &[3]),
            (0.30, &[]),
        ],
    },
    Usual {
        kind: Kind::Text,
        states: &[(0.50, &[0, 1]), (0.15, &[1]), (0.35, &[])],
    },
    Usual {
        kind: Kind::Identifier,
        states: &[
            (0.70, &[0, 1, 2, 3, 4, 5]),
            (0.08, &[2, 3]),
            (0.08, &[4, 5]),
            (0.14, &[]),
        ],
    },
    Usual {
        kind: Kind::Exact,
        states: &[(0.70, &[0, 1]), (0.30, &[])],
    },
    Usual {
        kind: Kind::Sex,
        states: &[(0.97, &[0, 1]), (0.03, &[])],
    },
];

/// A rule by kinds: the lanes asked of each; an unordered pair of the Soundex codes of both names.
struct Template {
    parts: &'static [(Kind, usize)],
    swapped: bool,
}

const fn plain(parts: &'static [(Kind, usize)]) -> Template {
    Template {
        parts,
        swapped: false,
    }
}

use Kind::{Date, Exact, Forename, Identifier, Postcode, Surname, Text};

const TEMPLATES: &[Template] = &[
    plain(&[(Date, 1), (Date, 7)]),
    plain(&[(Date, 1), (Date, 7), (Forename, 5)]),
    plain(&[(Date, 1), (Date, 7), (Surname, 4)]),
    plain(&[(Surname, 3), (Date, 1)]),
    plain(&[(Forename, 4), (Date, 1)]),
    plain(&[(Surname, 3), (Date, 3)]),
    plain(&[(Surname, 3), (Date, 7)]),
    plain(&[(Forename, 2), (Surname, 0)]),
    plain(&[(Forename, 4), (Surname, 3)]),
    plain(&[(Surname, 0), (Forename, 5), (Date, 7)]),
    Template {
        parts: &[(Date, 7)],
        swapped: true,
    },
    plain(&[(Postcode, 0)]),
    plain(&[(Postcode, 0), (Forename, 5)]),
    plain(&[(Forename, 4), (Date, 3), (Postcode, 3)]),
    plain(&[(Forename, 4), (Postcode, 2)]),
    plain(&[(Surname, 3), (Postcode, 2)]),
    plain(&[(Surname, 5), (Postcode, 2)]),
    plain(&[(Date, 1), (Date, 7), (Postcode, 2)]),
    plain(&[(Date, 3), (Postcode, 2)]),
    plain(&[(Identifier, 0)]),
    plain(&[(Identifier, 2), (Surname, 3)]),
    plain(&[(Identifier, 4), (Forename, 4)]),
    plain(&[(Identifier, 2), (Date, 7)]),
    plain(&[(Text, 0), (Date, 7)]),
    plain(&[(Text, 0), (Forename, 4)]),
    plain(&[(Text, 0), (Surname, 3)]),
    plain(&[(Text, 1), (Date, 1), (Date, 7)]),
    plain(&[(Text, 0), (Postcode, 0)]),
    plain(&[(Exact, 0), (Forename, 4), (Surname, 3)]),
    plain(&[(Exact, 0), (Date, 1), (Date, 7)]),
];

/// The rules by which the people of a kind are brought together where nobody names others: narrow
/// ones, so that the pairs of a nation stay in bounds.
pub fn usual(kind: &str) -> Vec<String> {
    let numbers: &[&str] = match kind {
        kind::ADULT => &["noms", "pnc", "cro", "crn"],
        _ => &["upn", "local_id"],
    };
    let names = [
        "date_of_birth+forename.initial",
        "date_of_birth+surname.initial",
        "date_of_birth+postcode.district",
        "forename.class+surname",
        "forename.soundex+date_of_birth.day_month",
        "surname.soundex+date_of_birth.month",
        "date_of_birth.year+names.unordered",
        "postcode+forename.initial",
        "forename.soundex+postcode.district",
        "surname.soundex+postcode.district",
    ];
    let all = numbers.iter().chain(&names);
    all.map(|name| (*name).to_owned()).collect()
}

/// Every rule that the comparisons allow.
pub fn candidates(comparisons: &[Comparison]) -> Vec<Rule> {
    let mut out: Vec<Rule> = Vec::new();
    for template in TEMPLATES {
        let mut open = vec![Rule {
            name: String::new(),
            parts: Vec::new(),
            unordered: None,
        }];
        for (kind, lane) in template.parts {
            // Middle names are mostly missing or an initial.
            let of_kind = || {
                let of = comparisons.iter().filter(|c| c.kind == *kind);
                of.filter(|c| c.name != "middle_names")
            };
            open = open
                .iter()
                .flat_map(|rule| of_kind().filter_map(|c| with(rule, c, *lane)))
                .collect();
        }
        if template.swapped {
            let column = |kind: Kind| {
                comparisons
                    .iter()
                    .find(|c| c.kind == kind)?
                    .columns
                    .first()
                    .copied()
                    .flatten()
            };
            let (Some(forename), Some(surname)) = (column(Kind::Forename), column(Kind::Surname))
            else {
                continue;
            };
            for rule in &mut open {
                rule.name.push('+');
                rule.name.push_str(UNORDERED);
                rule.unordered = Some([
                    Part {
                        column: forename,
                        lane: 4,
                    },
                    Part {
                        column: surname,
                        lane: 3,
                    },
                ]);
            }
        }
        out.extend(open);
    }
    out
}

fn with(rule: &Rule, comparison: &Comparison, lane: usize) -> Option<Rule> {
    let column = comparison.columns.first().copied().flatten()?;
    let mut rule = rule.clone();
    // Day and month, then the year: the whole date.
    let day_month = format!("{}.day_month", comparison.name);
    if comparison.kind == Kind::Date && lane == 7 && rule.name.ends_with(&day_month) {
        let length = rule.name.len() - ".day_month".len();
        rule.name.truncate(length);
        rule.parts.push(Part { column, lane });
        return Some(rule);
    }
    let half_a_date = comparison.kind == Kind::Date && rule.name.ends_with(".day_month");
    if half_a_date || rule.parts.iter().any(|part| part.column == column) {
        return None;
    }
    if !rule.name.is_empty() {
        rule.name.push('+');
    }
    rule.name.push_str(&comparison.name);
    rule.name.push_str(lane_word(comparison.kind, lane));
    rule.parts.push(Part { column, lane });
    Some(rule)
}

/// A candidate and what it costs.
#[derive(Debug, Clone)]
pub struct Priced {
    /// The rule.
    pub rule: Rule,
    /// Pairs that it brings together, about.
    pub pairs: f64,
    /// The share of its rows that have all of its parts.
    pub filled: f64,
}

/// Rules chosen at most.
pub const MOST_CHOSEN: usize = MOST_RULES;
/// A rule that adds less to the share of matches brought together is left out.
const LEAST_GAIN: f64 = 1e-7;
/// What a rule is trusted to bring together of what it should: the rest is left to others, so that
/// rules overlap.
const TRUSTED: f64 = 0.9;

/// Matches that are drawn for weighing the rules.
const DRAWN: usize = 4_000;
/// The seed of the draw: the same rules for the same data.
const SEED: u64 = 1969;
/// Swapped names are one match in a hundred; a rule of both Soundex codes in either order brings
/// them together.
const SWAPPED: f64 = 0.01;

/// One drawn match: of each column the lanes that agree, whether the names are swapped, and how much
/// of it no rule has reached yet.
struct Drawn {
    agree: Vec<&'static [usize]>,
    swapped: bool,
    left: f64,
}

/// Chooses rules: again and again the one that adds most for its pairs, while the budget lasts.
pub fn choose(comparisons: &[Comparison], priced: &[Priced], budget: f64) -> Vec<Rule> {
    let columns: Vec<(usize, &Usual)> = comparisons
        .iter()
        .filter_map(|c| {
            let column = c.columns.first().copied().flatten()?;
            Some((column, USUAL.iter().find(|u| u.kind == c.kind)?))
        })
        .collect();
    let mut drawn = draw(&columns);
    let agrees = |match_: &Drawn, part: &Part| {
        let place = columns
            .iter()
            .position(|(column, _)| *column == part.column);
        let lanes = place.and_then(|p| match_.agree.get(p));
        lanes.is_some_and(|lanes| lanes.contains(&part.lane))
    };
    let reaches = |rule: &Rule, match_: &Drawn| {
        let parts = rule.parts.iter().all(|part| agrees(match_, part));
        parts
            && match &rule.unordered {
                Some(both) => match_.swapped || both.iter().all(|part| agrees(match_, part)),
                None => true,
            }
    };
    let mut chosen: Vec<Rule> = Vec::new();
    let mut spent = 0.0;
    while chosen.len() < MOST_CHOSEN {
        let gain = |priced: &Priced| {
            let reached = drawn.iter().filter(|m| reaches(&priced.rule, m));
            let reached: f64 = reached.map(|m| m.left).sum();
            reached * priced.filled / real(DRAWN as u64)
        };
        let worth = |p: &Priced, gain: f64| gain / (p.pairs / budget + 0.01);
        let best = priced
            .iter()
            .filter(|p| spent + p.pairs <= budget && !chosen.contains(&p.rule))
            .map(|p| (p, gain(p)))
            .filter(|(_, gain)| *gain >= LEAST_GAIN)
            .max_by(|a, b| worth(a.0, a.1).total_cmp(&worth(b.0, b.1)));
        let Some((best, _)) = best else {
            break;
        };
        spent += best.pairs;
        for match_ in &mut drawn {
            if reaches(&best.rule, match_) {
                match_.left *= 1.0 - TRUSTED * best.filled;
            }
        }
        chosen.push(best.rule.clone());
    }
    chosen
}

/// Matches as they usually are, each field by itself.
fn draw(columns: &[(usize, &Usual)]) -> Vec<Drawn> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut uniform = || f64::from(random.next_u32()) / (f64::from(u32::MAX) + 1.0);
    let mut state = |usual: &Usual| {
        let mut left = uniform();
        for (share, lanes) in usual.states {
            if left < *share {
                return *lanes;
            }
            left -= share;
        }
        &[]
    };
    let mut out: Vec<Drawn> = (0..DRAWN)
        .map(|_| Drawn {
            agree: columns.iter().map(|(_, usual)| state(usual)).collect(),
            swapped: false,
            left: 1.0,
        })
        .collect();
    for match_ in &mut out {
        match_.swapped = uniform() < SWAPPED;
        for ((_, usual), lanes) in columns.iter().zip(&mut match_.agree) {
            if match_.swapped && matches!(usual.kind, Kind::Forename | Kind::Surname) {
                *lanes = &[];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(name: &str, kind: Kind, column: usize) -> Comparison {
        Comparison {
            name: name.to_owned(),
            kind,
            columns: vec![Some(column)],
        }
    }

    #[test]
    fn candidates_are_what_the_fields_allow() {
        let names = |comparisons: &[Comparison]| -> Vec<String> {
            candidates(comparisons)
                .into_iter()
                .map(|r| r.name)
                .collect()
        };
        let both = [
            comparison("forename", Kind::Forename, 0),
            comparison("surname", Kind::Surname, 1),
        ];
        assert_eq!(
            names(&both),
            ["forename.class+surname", "forename.soundex+surname.soundex"]
        );
        let numbers = [
            comparison("nhs", Kind::Identifier, 0),
            comparison("upn", Kind::Identifier, 1),
            comparison("born", Kind::Date, 2),
        ];
        assert_eq!(
            names(&numbers),
            [
                "born",
                "nhs",
                "upn",
                "nhs.begin+born.year",
                "upn.begin+born.year"
            ]
        );
        assert!(names(&[comparison("sex", Kind::Sex, 0)]).is_empty());
    }

    #[test]
    fn cheap_rules_that_add_something_are_chosen_within_the_budget() {
        let comparisons = [
            comparison("forename", Kind::Forename, 0),
            comparison("surname", Kind::Surname, 1),
            comparison("born", Kind::Date, 2),
        ];
        let priced: Vec<Priced> = candidates(&comparisons)
            .into_iter()
            .map(|rule| Priced {
                // One rule alone would spend all.
                pairs: if rule.name == "born" { 1e6 } else { 1e3 },
                filled: 1.0,
                rule,
            })
            .collect();
        let chosen = choose(&comparisons, &priced, 1e5);
        assert!(!chosen.is_empty());
        assert!(chosen.iter().all(|r| r.name != "born"));
        assert!(chosen.iter().any(|r| r.unordered.is_some()), "{chosen:?}");
        assert_eq!(chosen, choose(&comparisons, &priced, 1e5));
    }
}
