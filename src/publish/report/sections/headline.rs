//! The headline: each concept's figure with its interval, beside the earlier estimates; and the
//! trend where there are several periods.

use super::super::chart::{Bar, DotRow, Dots, Line, Unit, bars, dots, lines};
use super::super::number::figure;
use super::super::page::{Block, Section, Table};
use super::super::released::{ReleasedRow, ReleasedTable};
use super::super::view::ReleaseView;
use super::{Drawn, IN_ORDER, concept_name, concept_words, counted, empty, number, period};
use super::{shown, text, when};
use crate::schema::published::{Concept, TOTAL};

/// The measure that speaks for a concept: the estimate where there is one, or the count of those
/// found by linkage.
fn best_measure(table: &ReleasedTable, concept: Concept) -> &'static str {
    let estimated = table.has(concept, "children_estimated");
    if estimated {
        "children_estimated"
    } else {
        "children"
    }
}

fn total(table: &ReleasedTable, concept: Concept) -> Option<&ReleasedRow> {
    table.along(concept, best_measure(table, concept), "", TOTAL)
}

/// The headline.
pub(crate) fn section(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("headline", "How many children have a parent in prison");
    let Some(table) = view.table("T01") else {
        return section;
    };
    let cards: Vec<[String; 3]> = IN_ORDER
        .into_iter()
        .filter_map(|concept| Some(card(view, total(table, concept)?, table)))
        .collect();
    section.blocks.push(Block::Cards(cards));
    section.blocks.push(Block::Paragraph(
        "The three figures count different things and are never added, compared or divided by \
         one another."
            .to_owned(),
    ));
    let estimated = |c: &Concept| table.has(*c, "children_estimated");
    if view.about().is_linked() && !IN_ORDER.iter().any(estimated) {
        section.blocks.push(Block::Paragraph(
            "These figures count children who were found by linking records. They are not \
             adjusted for children whom no record shows, so they have no interval, and they \
             are lower than the number of all such children."
                .to_owned(),
        ));
    }
    section.blocks.extend(earlier(view, table, drawn));
    section.blocks.extend(countries(view, table, drawn));
    section
}

fn card(view: &ReleaseView, row: &ReleasedRow, table: &ReleasedTable) -> [String; 3] {
    let value = row.value.map_or_else(|| row.symbol(), figure);
    let interval = match (row.interval, row.measure.as_str()) {
        (Some((low, high)), _) => {
            format!("95% interval: {} to {}", figure(low), figure(high))
        }
        (None, "children") if view.about().is_linked() => "found by linkage".to_owned(),
        (None, _) => "no interval given".to_owned(),
    };
    let linked = table
        .along(row.concept, "children", "", TOTAL)
        .filter(|_| row.measure != "children")
        .and_then(|r| r.value);
    let linked = linked.map_or_else(String::new, |n| {
        format!(" Of these, {} were found by linkage.", figure(n))
    });
    let words = sentence(row.concept.meaning());
    [value, interval, format!("{words}.{linked}")]
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

/// Earlier published figures, each beside this release's figure of the same concept.
fn earlier(view: &ReleaseView, headline: &ReleasedTable, drawn: &mut Drawn) -> Option<Block> {
    let table = view.table("Q3")?;
    let dimension = table.dimensions.first()?;
    let mut groups = Vec::new();
    let mut rows = Vec::new();
    for concept in IN_ORDER {
        let mut group = Vec::new();
        if let Some(row) = total(headline, concept) {
            group.push(dot("This release", row, true));
            rows.push(row_of("This release", concept, row));
        }
        for (code, label) in &dimension.codes {
            let found = table.row(concept, "earlier_children", &[code]);
            if let Some(row) = found {
                group.push(dot(short_label(label), row, false));
                rows.push(row_of(label, concept, row));
            }
        }
        if group.len() > 1 {
            groups.push((counted(concept).to_owned(), group));
        }
    }
    let headline = total(headline, Concept::YearUnique)
        .and_then(|r| r.value)
        .map_or(
            "Earlier estimates, each by what it counts".to_owned(),
            |v| {
                format!(
                    "{} children in the year, beside earlier estimates",
                    figure(v)
                )
            },
        );
    let words = Table {
        caption: "This release and earlier estimates".to_owned(),
        heads: ["Figure", "Counts", "Children", "Lower", "Upper"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    }
    .without_empty_columns();
    let svg = dots(&Dots {
        groups,
        axis: "Children".to_owned(),
        unit: Unit::Number,
        from_zero: true,
    });
    Some(drawn.figure(
        headline,
        format!(
            "Number of children with a parent in prison, this release with 95% interval where \
             given, and earlier published figures, by what is counted, England and Wales, {}",
            period(&view.about().period)
        ),
        svg,
        words,
    ))
}

/// The part of an earlier estimate's label that names it, without its period.
fn short_label(label: &str) -> &str {
    label.split([';', ',']).next().unwrap_or(label)
}

fn dot(label: &str, row: &ReleasedRow, focus: bool) -> DotRow {
    DotRow {
        label: label.to_owned(),
        value: row.value,
        symbol: row.symbol(),
        interval: row.interval,
        second: None,
        focus,
    }
}

fn row_of(label: &str, concept: Concept, row: &ReleasedRow) -> Vec<super::Cell> {
    vec![
        text(label),
        text(concept_name(concept)),
        shown(row.value, &row.symbol()),
        row.interval.map_or(text(""), |(low, _)| number(Some(low))),
        row.interval
            .map_or(text(""), |(_, high)| number(Some(high))),
    ]
}

/// England and Wales apart.
fn countries(view: &ReleaseView, table: &ReleasedTable, drawn: &mut Drawn) -> Option<Block> {
    let concept = IN_ORDER.into_iter().find(|c| total(table, *c).is_some())?;
    let measure = best_measure(table, concept);
    let dimension = table.dimensions.first()?;
    let mut data = Vec::new();
    let mut rows = Vec::new();
    for (code, label) in &dimension.codes {
        let Some(row) = table.along(concept, measure, &dimension.name, code) else {
            continue;
        };
        // A rate is of the children found by linkage, and does not go with an estimate.
        let rate = table
            .along(concept, "rate_per_1000", &dimension.name, code)
            .filter(|_| measure == "children");
        let found = table
            .along(concept, "children", &dimension.name, code)
            .filter(|_| measure != "children");
        let end =
            |of: fn((f64, f64)) -> f64| row.interval.map_or(text(""), |i| number(Some(of(i))));
        if code != TOTAL {
            data.push(Bar {
                label: label.clone(),
                value: row.value,
                symbol: row.symbol(),
                interval: row.interval,
                part: false,
            });
        }
        rows.push(vec![
            text(label.as_str()),
            shown(row.value, &row.symbol()),
            end(|i| i.0),
            end(|i| i.1),
            rate.map_or(text(""), |r| shown(r.value, &r.symbol())),
            found.map_or(text(""), |r| shown(r.value, &r.symbol())),
        ]);
    }
    if data.iter().all(|b| b.value.is_none()) {
        return None;
    }
    let words = Table {
        caption: format!("By country, {}", concept_words(concept)),
        heads: [
            "Country",
            "Children",
            "Lower",
            "Upper",
            "Per 1,000 children",
            "Found by linkage",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
    }
    .without_empty_columns();
    Some(drawn.figure(
        "Children with a parent in prison, by country",
        format!("{}, by country, {}", counted(concept), when(view, concept)),
        bars(&data, "Children", Unit::Number),
        words,
    ))
}

/// The trend, where the release has a table of periods.
pub(crate) fn trend(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("trend", "Trend");
    let Some(table) = view.table("T02") else {
        return section;
    };
    let Some(dimension) = table.dimensions.first() else {
        return section;
    };
    let periods: Vec<&(String, String)> =
        dimension.codes.iter().filter(|(c, _)| c != TOTAL).collect();
    for concept in IN_ORDER {
        let measure = best_measure(table, concept);
        let found: Vec<Option<&ReleasedRow>> = periods
            .iter()
            .map(|(code, _)| table.along(concept, measure, &dimension.name, code))
            .collect();
        if found.iter().flatten().filter(|r| r.value.is_some()).count() < 2 {
            continue;
        }
        let points = found
            .iter()
            .map(|r| r.and_then(|r| Some((r.value?, r.interval))))
            .collect();
        let line = Line {
            label: concept.word().replace('_', " "),
            points,
        };
        let labels: Vec<String> = periods.iter().map(|(_, l)| l.clone()).collect();
        let svg = lines(
            &[line],
            &labels,
            (&dimension.title, "Children"),
            Unit::Number,
            true,
        );
        let rows = periods
            .iter()
            .zip(&found)
            .filter_map(|((_, label), row)| {
                let row = (*row)?;
                Some(vec![text(label.as_str()), shown(row.value, &row.symbol())])
            })
            .collect();
        let words = Table {
            caption: format!("By period, {}", concept_words(concept)),
            heads: vec![dimension.title.clone(), "Children".to_owned()],
            rows,
        };
        section.blocks.push(drawn.figure(
            "Children with a parent in prison, by period",
            format!("{}, {}", table.subtitle, concept_words(concept)),
            svg,
            words,
        ));
    }
    section
}
