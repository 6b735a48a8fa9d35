//! Strangers who are no strangers to each other: households, twins, and namesakes under one roof.
//!
//! Comparisons of two strangers are not independent. Two of one household agree on surname and
//! postcode together; twins on the date of birth as well; father and son may share the whole name.
//! A model without them takes their joint agreement for that of one person, and is sure of it. So
//! the pairs of a rule that are no matches are a mixture: strangers, and three sorts of kin, each
//! with a share of its own. A sort says which comparisons agree as they do in one person (m) and
//! which as by chance (u); nothing else is learnt of it but the dates of namesakes. This is the
//! dependence of a latent-class model with classes that are known beforehand (Winkler, "Improved
//! decision rules in the Fellegi–Sunter model of record linkage", 1993, has the two classes of
//! non-matches within and across households).

use serde::{Deserialize, Serialize};

use crate::comparison::Kind;
use crate::pseudonymise::words::Comparison;

/// A sort of kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// One surname, one place.
    Household,
    /// One surname, one place, one date of birth.
    Twins,
    /// One name, one place, and dates of birth of their own.
    Namesakes,
}

const RELATIONS: [Relation; 3] = [Relation::Household, Relation::Twins, Relation::Namesakes];

/// How a comparison agrees among kin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// As in one person.
    AsMatch,
    /// As by chance.
    AsChance,
    /// As was learnt: shares of the levels, level 0 first.
    Learnt(Vec<f64>),
}

/// A sort of kin, and how each comparison agrees among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kin {
    /// Which.
    pub relation: Relation,
    /// Comparison by comparison.
    pub comparisons: Vec<Agreement>,
}

/// What of a person a comparison is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Given,
    Family,
    Born,
    Sex,
    Place,
    Else,
}

fn of(comparison: &Comparison) -> Of {
    match (comparison.kind, comparison.name.as_str()) {
        (Kind::Forename, name) if name != "middle_names" => Of::Given,
        (Kind::Frequency, "forename_frequency") => Of::Given,
        (Kind::Surname, _) | (Kind::Frequency, "surname_frequency") => Of::Family,
        (Kind::Date, "date_of_birth") => Of::Born,
        (Kind::Sex, _) => Of::Sex,
        (Kind::Postcode, _) | (Kind::Text, "address") => Of::Place,
        _ => Of::Else,
    }
}

impl Relation {
    /// What a linkage must compare for them to be seen at all.
    fn needs(self) -> &'static [Of] {
        match self {
            Relation::Household => &[Of::Family, Of::Place, Of::Given],
            Relation::Twins => &[Of::Family, Of::Place, Of::Given, Of::Born],
            Relation::Namesakes => &[Of::Family, Of::Place, Of::Given, Of::Born],
        }
    }

    fn agreement(self, of: Of) -> Agreement {
        let as_match = match self {
            Relation::Household => matches!(of, Of::Family | Of::Place),
            Relation::Twins => matches!(of, Of::Family | Of::Place | Of::Born),
            Relation::Namesakes => {
                matches!(of, Of::Given | Of::Family | Of::Place | Of::Sex)
            }
        };
        match (as_match, self, of) {
            (true, ..) => Agreement::AsMatch,
            (_, Relation::Namesakes, Of::Born) => Agreement::Learnt(Vec::new()),
            _ => Agreement::AsChance,
        }
    }
}

/// The sorts of kin that these comparisons can tell.
pub(super) fn kin(comparisons: &[Comparison]) -> Vec<Kin> {
    let has = |wanted: &Of| comparisons.iter().any(|c| of(c) == *wanted);
    let seen = RELATIONS.into_iter().filter(|r| r.needs().iter().all(has));
    seen.map(|relation| Kin {
        relation,
        comparisons: comparisons
            .iter()
            .map(|c| relation.agreement(of(c)))
            .collect(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kin_are_seen_where_names_and_places_are_compared() {
        let comparison = |name: &str, kind: Kind| Comparison {
            name: name.to_owned(),
            kind,
            columns: vec![Some(0)],
        };
        let all = [
            comparison("forename", Kind::Forename),
            comparison("middle_names", Kind::Forename),
            comparison("surname", Kind::Surname),
            comparison("date_of_birth", Kind::Date),
            comparison("postcode", Kind::Postcode),
        ];
        let found = kin(&all);
        let relations: Vec<Relation> = found.iter().map(|k| k.relation).collect();
        assert_eq!(relations, RELATIONS);
        let twins = &found[1].comparisons;
        assert_eq!(twins[0], Agreement::AsChance);
        assert_eq!(twins[2..], [const { Agreement::AsMatch }; 3]);
        assert_eq!(found[2].comparisons[1], Agreement::AsChance);
        assert_eq!(found[2].comparisons[3], Agreement::Learnt(Vec::new()));
        assert!(kin(&all[..4]).is_empty());
    }
}
