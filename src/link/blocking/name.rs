//! The names of blocking rules: fields joined by `+`, each whole or a part of it.

use crate::comparison::Kind;
use crate::pseudonymise::words::{Comparison, Part, Rule};

/// The Soundex codes of forename and surname, in either order.
pub const UNORDERED: &str = "names.unordered";

/// What a lane is called behind the field's name. A whole field has no word.
const WORDS: [(Kind, usize, &str); 12] = [
    (Kind::Forename, 2, ".class"),
    (Kind::Forename, 4, ".soundex"),
    (Kind::Forename, 5, ".initial"),
    (Kind::Surname, 3, ".soundex"),
    (Kind::Surname, 4, ".initial"),
    (Kind::Surname, 5, ".first4"),
    (Kind::Date, 1, ".day_month"),
    (Kind::Date, 3, ".month"),
    (Kind::Date, 7, ".year"),
    (Kind::Postcode, 2, ".district"),
    (Kind::Postcode, 3, ".area"),
    (Kind::Text, 1, ".first_word"),
];

const OF_NUMBERS: [(usize, &str); 2] = [(2, ".begin"), (4, ".end")];

/// The word of a lane in the name of a rule.
pub(super) fn lane_word(kind: Kind, lane: usize) -> &'static str {
    let own = WORDS.iter().find(|(k, l, _)| (*k, *l) == (kind, lane));
    let number = OF_NUMBERS
        .iter()
        .find(|(l, _)| kind == Kind::Identifier && *l == lane);
    own.map(|w| w.2).or(number.map(|w| w.1)).unwrap_or_default()
}

/// The rule of a name, or none where it names no field, or no part of one.
///
/// ```
/// use kinlink::comparison::Kind;
/// use kinlink::link::blocking::parse;
/// use kinlink::pseudonymise::words::Comparison;
///
/// let born = Comparison { name: "born".into(), kind: Kind::Date, columns: vec![Some(0)] };
/// assert_eq!(parse("born", &[born.clone()]).unwrap().parts.len(), 2);
/// assert_eq!(parse("born.year", &[born.clone()]).unwrap().parts.len(), 1);
/// assert!(parse("born.hour", &[born]).is_none());
/// ```
pub fn parse(text: &str, comparisons: &[Comparison]) -> Option<Rule> {
    let mut rule = Rule {
        name: text.to_owned(),
        parts: Vec::new(),
        unordered: None,
    };
    for word in text.split('+') {
        if word == UNORDERED {
            let part = |kind: Kind, lane: usize| {
                let names = comparisons.iter().find(|c| c.kind == kind)?;
                let column = names.columns.first().copied().flatten()?;
                Some(Part { column, lane })
            };
            rule.unordered = Some([part(Kind::Forename, 4)?, part(Kind::Surname, 3)?]);
        } else {
            rule.parts.extend(parts(word, comparisons)?);
        }
    }
    Some(rule)
}

fn parts(word: &str, comparisons: &[Comparison]) -> Option<Vec<Part>> {
    let open = comparisons
        .iter()
        .filter(|c| !matches!(c.kind, Kind::Names | Kind::Frequency));
    open.filter_map(|c| {
        let column = c.columns.first().copied().flatten()?;
        let part = |lane: &usize| Part {
            column,
            lane: *lane,
        };
        let rest = word.strip_prefix(c.name.as_str())?;
        let whole: &[usize] = if c.kind == Kind::Date { &[1, 7] } else { &[0] };
        match rest {
            "" => Some(whole.iter().map(part).collect()),
            _ => (0..8)
                .find(|lane| lane_word(c.kind, *lane) == rest)
                .map(|lane| vec![part(&lane)]),
        }
    })
    .next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::blocking::candidates;

    #[test]
    fn every_candidate_is_read_back_from_its_name() {
        let kinds = [
            ("forename", Kind::Forename),
            ("surname", Kind::Surname),
            ("date_of_birth", Kind::Date),
            ("postcode", Kind::Postcode),
            ("address", Kind::Text),
            ("nhs", Kind::Identifier),
            ("sex", Kind::Sex),
        ];
        let comparisons: Vec<Comparison> = (0..)
            .zip(kinds)
            .map(|(column, (name, kind))| Comparison {
                name: name.to_owned(),
                kind,
                columns: vec![Some(column)],
            })
            .collect();
        let all = candidates(&comparisons);
        assert!(all.len() > 20);
        for rule in all {
            assert_eq!(parse(&rule.name, &comparisons), Some(rule));
        }
        for wrong in ["", "surname+", "surname.unit", "names", "height"] {
            assert_eq!(parse(wrong, &comparisons), None, "{wrong}");
        }
    }
}
