//! Blocking rules of settings as rules of lanes.

use super::fields::{Field, Fields};
use super::levels::postcode;
use super::meaning::{Asked, Taken, meaning};
use super::settings::BlockingRule;
use crate::comparison::Kind;
use crate::link::pairs::MOST_RULES;
use crate::pseudonymise::words::{Part, Rule};

/// The rules that have a counterpart, and what has none.
pub fn rules(of: &[BlockingRule], fields: &Fields) -> (Vec<Rule>, Vec<String>) {
    let (mut out, mut told): (Vec<Rule>, Vec<String>) = Default::default();
    for (number, one) in (1..).zip(of) {
        let without = |why: &str| format!("blocking rule {number} ({}): {why}", one.condition());
        if one.explodes() {
            told.push(without("lists have no counterpart"));
            continue;
        }
        match rule(one.condition(), fields) {
            None => told.push(without("it has no counterpart")),
            Some(rule) if out.contains(&rule) => told.push(without("an earlier one is the same")),
            Some(_) if out.len() == MOST_RULES => {
                told.push(without(&format!("more than {MOST_RULES} rules")));
            }
            Some(rule) => out.push(rule),
        }
    }
    (out, told)
}

fn rule(condition: &str, fields: &Fields) -> Option<Rule> {
    let mut parts: Vec<(&Field, &'static [usize], &'static str)> = Vec::new();
    let asked = meaning(condition)?;
    for one in &asked {
        let Asked::Same(column, taken) = one else {
            return None;
        };
        let field = fields.of(column)?;
        let (lanes, word) = lanes(field, taken)?;
        if !parts.contains(&(field, lanes, word)) {
            parts.push((field, lanes, word));
        }
    }
    // The same rule has the same name, in whatever order it was written.
    parts.sort_by_key(|(field, lanes, _)| (field.place, *lanes));
    let name = |(field, _, word): &(&Field, _, &str)| format!("{}{word}", field.name);
    let lanes = parts.iter().flat_map(|(field, lanes, _)| {
        let column = field.column;
        lanes.iter().map(move |lane| Part {
            column,
            lane: *lane,
        })
    });
    (!parts.is_empty()).then(|| Rule {
        name: parts.iter().map(name).collect::<Vec<_>>().join("+"),
        parts: lanes.collect(),
        unordered: None,
    })
}

/// The lanes that hold what is taken of a field, and their word in the name of a rule.
fn lanes(field: &Field, taken: &Taken) -> Option<(&'static [usize], &'static str)> {
    match (field.kind, taken) {
        (Kind::Names, _) => None,
        (Kind::Date, Taken::Whole) => Some((&[1, 7], "")),
        (_, Taken::Whole) => Some((&[0], "")),
        (Kind::Forename, Taken::Slice(1, 1)) => Some((&[5], ".initial")),
        (Kind::Forename, Taken::Slice(1, 3)) => Some((&[6], ".first3")),
        (Kind::Forename, Taken::Soundex) => Some((&[4], ".soundex")),
        (Kind::Surname, Taken::Slice(1, 1)) => Some((&[4], ".initial")),
        (Kind::Surname, Taken::Slice(1, 4)) => Some((&[5], ".first4")),
        (Kind::Surname, Taken::Soundex) => Some((&[3], ".soundex")),
        (Kind::Date, Taken::Year) => Some((&[7], ".year")),
        (Kind::Date, Taken::Slice(1, 4)) if field.iso_date => Some((&[7], ".year")),
        (Kind::Date, Taken::Slice(1, 7)) if field.iso_date => Some((&[3], ".month")),
        (Kind::Date, Taken::Slice(6, 5)) if field.iso_date => Some((&[1], ".day_month")),
        (Kind::Postcode, Taken::Found(pattern)) => match postcode(pattern)? {
            2 => Some((&[1], ".sector")),
            3 => Some((&[2], ".district")),
            4 => Some((&[3], ".area")),
            _ => Some((&[0], "")),
        },
        _ => None,
    }
}
