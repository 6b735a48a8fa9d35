//! Sections: functions from a view to headings, drawings and tables.
//!
//! Those of a release take a [`ReleaseView`] and nothing else. A section whose data is not there
//! is empty, and the page leaves it out.

mod areas;
mod breakdown;
mod clerical;
mod columns;
mod headline;
mod linkage;
mod made;
mod protection;
mod quality;
mod rows;

use super::chart::Svg;
use super::clerical::ClericalReview;
use super::number::figure;
use super::page::{Banner, Block, Cell, Figure, Page, Section, Table};
use super::view::{ReleaseView, RestrictedView, ReviewView};
use crate::schema::published::Concept;

/// The page of a release.
pub(crate) fn release(view: &ReleaseView) -> Page {
    let mut drawn = Drawn::default();
    let sections = of_release(view, &mut drawn);
    page(view, Vec::new(), sections)
}

/// The page for output checkers.
pub(crate) fn review(view: &ReviewView) -> Page {
    let mut drawn = Drawn::default();
    let banner = Banner {
        label: "REVIEW. NOT FOR RELEASE.".to_owned(),
        says: "For output checkers. This page holds exact counts of rows and cells.".to_owned(),
        warns: true,
    };
    let sections = of_review(view, &mut drawn);
    page(view.release(), vec![banner], sections)
}

/// The page for those who made the run.
pub(crate) fn restricted(view: &RestrictedView) -> Page {
    let mut drawn = Drawn::default();
    let banner = Banner {
        label: "RESTRICTED. NOT FOR RELEASE.".to_owned(),
        says: "For those who made the run. This page holds exact counts and the model of the \
               linkage."
            .to_owned(),
        warns: true,
    };
    let mut sections = of_review(view.review(), &mut drawn);
    let at = sections.iter().position(|s| s.id == "protection");
    let own = linkage::model(view, &mut drawn);
    sections.insert(at.unwrap_or(sections.len()), own);
    page(view.review().release(), vec![banner], sections)
}

/// The page of a clerical review.
pub(crate) fn clerical_review(review: &ClericalReview) -> Page {
    clerical::page(review)
}

fn of_release(view: &ReleaseView, drawn: &mut Drawn) -> Vec<Section> {
    vec![
        headline::section(view, drawn),
        headline::trend(view, drawn),
        areas::section(view, drawn),
        breakdown::age(view, drawn),
        breakdown::parent(view, drawn),
        breakdown::sentence(view, drawn),
        breakdown::time_apart(view, drawn),
        breakdown::visits(view, drawn),
        breakdown::services(view, drawn),
        quality::losses(view, drawn),
        quality::linkage(view, drawn),
        quality::uncertainty(view, drawn),
        protection::released(view, drawn),
        made::notes(view),
        made::how(view),
    ]
}

fn of_review(view: &ReviewView, drawn: &mut Drawn) -> Vec<Section> {
    let mut sections = of_release(view.release(), drawn);
    let mut before = |id: &str, section: Section| {
        let at = sections.iter().position(|s| s.id == id);
        sections.insert(at.unwrap_or(sections.len()), section);
    };
    before("linkage", rows::accounts(view, drawn));
    before("linkage", rows::fields(view, drawn));
    before("uncertainty", linkage::figures(view));
    before("notes", protection::checked(view, drawn));
    before("how", made::record(view));
    sections
}

fn page(view: &ReleaseView, mut banners: Vec<Banner>, sections: Vec<Section>) -> Page {
    let about = view.about();
    banners.push(if about.is_rehearsal() {
        Banner {
            label: "REHEARSAL".to_owned(),
            says: "Every person in this report is invented. These are no statistics.".to_owned(),
            warns: true,
        }
    } else {
        Banner {
            label: about.label.clone(),
            says: String::new(),
            warns: false,
        }
    });
    Page {
        title: about.title.clone(),
        lead: vec![
            format!(
                "Stocks on {}; flows {}.",
                day(&about.reference_date),
                period(&about.period)
            ),
            format!("Release {}.", about.id),
        ],
        banners,
        sections,
    }
}

/// Gives every drawing an id of its own.
#[derive(Debug, Default)]
pub(crate) struct Drawn(usize);

impl Drawn {
    /// A drawing with its words and its table.
    pub fn figure(
        &mut self,
        headline: impl Into<String>,
        subtitle: impl Into<String>,
        svg: Svg,
        table: Table,
    ) -> Block {
        self.0 += 1;
        let (headline, subtitle) = (headline.into(), subtitle.into());
        let spoken = format!("{subtitle}. {}", spoken(&table));
        let drawing = svg.finish(&format!("figure-{}", self.0), &headline, &spoken);
        Block::Figure(Figure {
            headline,
            subtitle,
            drawing,
            table,
        })
    }
}

/// A table as a sentence, for those who hear the drawing: short tables whole, of long ones how
/// many rows follow.
fn spoken(table: &Table) -> String {
    const MOST: usize = 12;
    if table.rows.len() > MOST {
        return format!(
            "The table after this drawing gives all {} rows.",
            table.rows.len()
        );
    }
    let rows: Vec<String> = table
        .rows
        .iter()
        .map(|row| {
            let words: Vec<&str> = row
                .iter()
                .map(|c| match c {
                    Cell::Text(t) | Cell::Number(t) => t.as_str(),
                })
                .filter(|w| !w.is_empty())
                .collect();
            words.join(", ")
        })
        .collect();
    format!("{}.", rows.join("; "))
}

fn empty(id: &'static str, title: &str) -> Section {
    Section {
        id,
        title: title.to_owned(),
        blocks: Vec::new(),
    }
}

/// A value, or the shorthand in its place.
fn shown(value: Option<f64>, symbol: &str) -> Cell {
    Cell::Number(value.map_or_else(|| symbol.to_owned(), figure))
}

fn text(words: impl Into<String>) -> Cell {
    Cell::Text(words.into())
}

fn number(value: Option<f64>) -> Cell {
    Cell::Number(value.map_or_else(|| "[x]".to_owned(), figure))
}

/// A day in words: `2025-09-30` is `30 September 2025`. What is no such day stays as it is.
fn day(text: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return text.to_owned();
    };
    let month = month.parse::<usize>().ok().and_then(|m| m.checked_sub(1));
    let name = month.and_then(|m| MONTHS.get(m));
    match (name, day.parse::<u8>()) {
        (Some(name), Ok(day)) => format!("{day} {name} {year}"),
        _ => text.to_owned(),
    }
}

/// A period of two days in words.
fn period(text: &str) -> String {
    match text.split_once(" to ") {
        Some((from, to)) => format!("{} to {}", day(from), day(to)),
        None => text.to_owned(),
    }
}

/// When a concept's figures are of: the reference date, or the year.
fn when(view: &ReleaseView, concept: Concept) -> String {
    match concept {
        Concept::Stock => day(&view.about().reference_date),
        Concept::YearUnique | Concept::Incidence => period(&view.about().period),
    }
}

/// What is counted in a concept, as a subtitle begins.
fn counted(concept: Concept) -> &'static str {
    match concept {
        Concept::Stock => "Number of children with a parent in prison on the reference date",
        Concept::YearUnique => {
            "Number of children with a parent in prison on at least one day of the year"
        }
        Concept::Incidence => "Number of entries of a parent into prison, counted for each child",
    }
}

/// What a concept counts, in a few words.
fn concept_words(concept: Concept) -> &'static str {
    match concept {
        Concept::Stock => "on the reference date",
        Concept::YearUnique => "in the year",
        Concept::Incidence => "entries of a parent in the year",
    }
}

/// A concept's name for headings.
fn concept_name(concept: Concept) -> &'static str {
    match concept {
        Concept::Stock => "On the reference date",
        Concept::YearUnique => "In the year",
        Concept::Incidence => "Entries in the year",
    }
}

/// The order in which concepts are shown: the year first, which most readers ask for.
const IN_ORDER: [Concept; 3] = [Concept::YearUnique, Concept::Stock, Concept::Incidence];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_told_in_words() {
        assert_eq!(day("2025-09-30"), "30 September 2025");
        assert_eq!(
            period("2024-10-01 to 2025-09-30"),
            "1 October 2024 to 30 September 2025"
        );
        assert_eq!(
            (day("2025"), day("2025-13-01")),
            ("2025".into(), "2025-13-01".into())
        );
    }
}
