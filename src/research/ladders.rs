//! The quasi-identifiers of a release and the forms in which they may be told, fine to coarse.

use super::floor::{Form, Ladder, Rows};
use super::people::{Microdata, Person};
use crate::estimate::family::Stay;
use crate::schema::codes;

/// What stands where a value is not known, or may not be told.
pub const NOT_KNOWN: &str = "not known";
/// What stands in a column of which nothing is told.
pub const ALL: &str = "all";

/// The columns of a child's quasi-identifiers, in the order of [`ladders`].
pub const OF_CHILD: [&str; 4] = ["age_band", "sex", "ethnicity", "area"];
/// Those of a parent, after the child's.
pub const OF_PARENT: [&str; 3] = ["age_band", "sex", "ethnicity"];

/// The ladders of all pairs. Weights say which columns researchers can least do without; they are a
/// judgement and stand in the release.
pub fn ladders(data: &Microdata) -> Vec<Ladder> {
    let child = |of: &dyn Fn(&Person) -> String| -> Vec<String> {
        let people = data.pairs.iter().map(|(c, _)| data.children.get(c));
        people.map(|p| p.map_or_else(nothing, of)).collect()
    };
    let parent = |of: &dyn Fn(&Person) -> String| -> Vec<String> {
        let people = data.pairs.iter().map(|(_, p)| data.parents.get(p));
        people.map(|p| p.map_or_else(nothing, of)).collect()
    };
    let ladder = |column, weight, forms: Vec<(&'static str, Vec<String>)>| Ladder {
        column,
        weight,
        forms: forms
            .into_iter()
            .map(|(name, texts)| Form::of(name, texts))
            .collect(),
    };
    let everything = || ("not told", vec![ALL.to_owned(); data.pairs.len()]);
    vec![
        ladder(
            "child age_band",
            1.0,
            vec![
                ("bands of five years", child(&|p| child_age(p, true))),
                ("0 to 9, 10 and over", child(&|p| child_age(p, false))),
                everything(),
            ],
        ),
        ladder(
            "child sex",
            0.8,
            vec![("as recorded", child(&sex)), everything()],
        ),
        ladder(
            "child ethnicity",
            0.8,
            vec![
                ("five groups", child(&|p| ethnicity(p, true))),
                ("two groups", child(&|p| ethnicity(p, false))),
                everything(),
            ],
        ),
        ladder(
            "child area",
            1.0,
            vec![
                ("local authority", child(&|p| area(p, Area::Authority))),
                ("region", child(&|p| area(p, Area::Region))),
                ("country", child(&|p| area(p, Area::Country))),
                everything(),
            ],
        ),
        ladder(
            "parent age_band",
            0.6,
            vec![
                ("bands of ten years", parent(&|p| parent_age(p, true))),
                ("under 35, 35 and over", parent(&|p| parent_age(p, false))),
                everything(),
            ],
        ),
        ladder(
            "parent sex",
            1.0,
            vec![("as recorded", parent(&sex)), everything()],
        ),
        ladder(
            "parent ethnicity",
            0.4,
            vec![
                ("five groups", parent(&|p| ethnicity(p, true))),
                ("two groups", parent(&|p| ethnicity(p, false))),
                everything(),
            ],
        ),
    ]
}

/// The rows of the floor: numbers of people in the order of their entities, and as sensitive value
/// the sentence of the parent's latest stay.
pub fn rows(data: &Microdata) -> Rows {
    let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let children: Vec<_> = data.children.keys().collect();
    let parents: Vec<_> = data.parents.keys().collect();
    let mut sentences: Vec<&str> = data
        .stays
        .values()
        .flatten()
        .map(|s| s.sentence_band.as_str())
        .collect();
    sentences.sort_unstable();
    sentences.dedup();
    let mut out = Rows::default();
    for (child, parent) in &data.pairs {
        let sentence = data.stays.get(parent).and_then(|s| latest(s));
        let sentence = sentence.and_then(|s| sentences.binary_search(&s).ok());
        out.child
            .push(place(children.binary_search(&child).unwrap_or(0)));
        out.parent
            .push(place(parents.binary_search(&parent).unwrap_or(0)));
        out.sensitive.push(place(sentence.unwrap_or(0)));
    }
    out
}

/// The sentence of the latest stay.
fn latest(stays: &[Stay]) -> Option<&str> {
    let last = stays.iter().max_by_key(|s| s.period.from)?;
    Some(&last.sentence_band)
}

fn nothing() -> String {
    NOT_KNOWN.to_owned()
}

fn sex(person: &Person) -> String {
    match person.sex.as_deref() {
        Some("F") => "female".to_owned(),
        Some("M") => "male".to_owned(),
        _ => nothing(),
    }
}

fn ethnicity(person: &Person, fine: bool) -> String {
    match (person.ethnicity.as_deref(), fine) {
        (None, _) => nothing(),
        (Some(group), true) => group.to_owned(),
        (Some("white"), false) => "white".to_owned(),
        (Some(_), false) => "other than white".to_owned(),
    }
}

fn child_age(person: &Person, fine: bool) -> String {
    let band = match (person.age, fine) {
        (None, _) => NOT_KNOWN,
        (Some(0..=4), true) => "0 to 4",
        (Some(5..=9), true) => "5 to 9",
        (Some(10..=14), true) => "10 to 14",
        (Some(_), true) => "15 and over",
        (Some(0..=9), false) => "0 to 9",
        (Some(_), false) => "10 and over",
    };
    band.to_owned()
}

fn parent_age(person: &Person, fine: bool) -> String {
    let band = match (person.age, fine) {
        (None, _) => NOT_KNOWN,
        (Some(0..=24), true) => "under 25",
        (Some(25..=34), true) => "25 to 34",
        (Some(35..=44), true) => "35 to 44",
        (Some(_), true) => "45 and over",
        (Some(0..=34), false) => "under 35",
        (Some(_), false) => "35 and over",
    };
    band.to_owned()
}

#[derive(Clone, Copy)]
enum Area {
    Authority,
    Region,
    Country,
}

fn area(person: &Person, form: Area) -> String {
    let known = person.area.as_deref().and_then(codes::local_authority);
    known.map_or_else(nothing, |la| match form {
        Area::Authority => la.code.clone(),
        Area::Region => la.region_code.clone(),
        Area::Country => la.country_code.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_age(age: u8) -> Person {
        Person {
            age: Some(age),
            ..Person::default()
        }
    }

    #[test]
    fn each_form_of_an_age_is_a_part_of_the_next() {
        for (of, top) in [
            (child_age as fn(&Person, bool) -> String, 19_u8),
            (parent_age, 90),
        ] {
            let mut coarse_of = std::collections::BTreeMap::new();
            for age in 0..=top {
                let person = of_age(age);
                let coarse = of(&person, false);
                let known = coarse_of
                    .entry(of(&person, true))
                    .or_insert_with(|| coarse.clone());
                assert_eq!(*known, coarse, "{age}");
            }
            assert_eq!(coarse_of.len(), 4);
        }
    }

    #[test]
    fn what_is_not_known_stays_so_in_every_form() {
        let nobody = Person::default();
        for text in [
            sex(&nobody),
            ethnicity(&nobody, true),
            ethnicity(&nobody, false),
            child_age(&nobody, false),
            parent_age(&nobody, true),
            area(&nobody, Area::Country),
        ] {
            assert_eq!(text, NOT_KNOWN);
        }
        let cardiff = Person {
            area: Some("W06000015".to_owned()),
            ..Person::default()
        };
        assert_eq!(area(&cardiff, Area::Authority), "W06000015");
        assert_eq!(area(&cardiff, Area::Country), codes::WALES);
    }
}
