//! Where the children live: bars of the regions, a map of tiles of the local authorities.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::super::chart::{Bar, Tile, Unit, bars, tiles};
use super::super::number::figure;
use super::super::page::{Block, Section, Table};
use super::super::released::ReleasedTable;
use super::super::view::ReleaseView;
use super::columns::{Columns, ESTIMATED};
use super::{Drawn, IN_ORDER, concept_name, concept_words, counted, empty, text, when};
use crate::schema::codes::{LocalAuthority, local_authorities, local_authority};
use crate::schema::published::{Concept, TOTAL};

/// By region and by local authority.
pub(crate) fn section(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("areas", "Where the children live");
    let mut more = Vec::new();
    for concept in IN_ORDER {
        let found = [map(view, drawn, concept), regions(view, drawn, concept)];
        let list = if section.blocks.is_empty() {
            &mut section.blocks
        } else {
            &mut more
        };
        list.extend(found.into_iter().flatten());
    }
    if let (Some(words), false) = (what_is_counted(view), section.blocks.is_empty()) {
        section.blocks.insert(0, Block::Paragraph(words.to_owned()));
    }
    if !more.is_empty() {
        let line = "The same on the reference date, and for entries".to_owned();
        section.blocks.push(Block::More(line, more));
    }
    section
}

/// What the figures of this section and of those after it count, where the headline is estimated.
fn what_is_counted(view: &ReleaseView) -> Option<&'static str> {
    let estimated = |t: &ReleasedTable| IN_ORDER.iter().any(|c| t.has(*c, ESTIMATED));
    let here = view.table("T07").or(view.table("T06"))?;
    match (view.table("T01").is_some_and(estimated), estimated(here)) {
        (false, _) => None,
        (true, false) => Some(
            "The figures by area, age, parent, sentence and time apart count children who were \
             found by linking records; the estimates above add those whom no record shows.",
        ),
        (true, true) => Some(
            "The estimates of areas and groups add children whom no record shows, as the headline \
             does. That of a local authority is drawn towards what the number of its people in \
             prison leads to expect, the more so the less is known of it. Ages of children who are \
             not named are taken to be as those of the named; where infants are named less often, as \
             they were in tests on synthetic records, their estimate is too low. The figures by \
             time apart, visits and services count children who were found by linking records.",
        ),
    }
}

fn regions(view: &ReleaseView, drawn: &mut Drawn, concept: Concept) -> Option<Block> {
    let table = view.table("T06")?;
    let region = table.dimension("region")?;
    let columns = Columns::of_areas(table, concept);
    let mut data = Vec::new();
    let mut rows = Vec::new();
    for (code, label) in &region.codes {
        let row = table.along(concept, columns.measure(), "region", code);
        let (Some(row), Some(cells)) = (row, columns.cells(table, concept, ("region", code)))
        else {
            continue;
        };
        // Countries are margins of the regions.
        let margin = code == TOTAL || (code.starts_with("E92") && region.codes.len() > 4);
        if !margin {
            data.push(Bar {
                label: label.clone(),
                value: row.value,
                symbol: row.symbol(),
                interval: row.interval,
                part: false,
            });
        }
        rows.push([vec![text(label.as_str())], cells].concat());
    }
    if data.is_empty() {
        return None;
    }
    let words = Table {
        caption: format!("Regions, {}", concept_words(concept)),
        heads: columns.heads(&["Region"]),
        rows,
    };
    let estimated = if columns.estimated {
        ", estimated with 95% intervals"
    } else {
        ""
    };
    Some(drawn.figure(
        format!("{}: children by region", concept_name(concept)),
        format!(
            "{}{estimated}, by region, England and Wales, {}",
            counted(concept),
            when(view, concept)
        ),
        bars(&data, "Children", Unit::Number),
        words,
    ))
}

/// A map of the local authorities, by rate where there is one.
fn map(view: &ReleaseView, drawn: &mut Drawn, concept: Concept) -> Option<Block> {
    let table = view.table("T07")?;
    let columns = Columns::of_areas(table, concept);
    let measure = columns.relative.unwrap_or(columns.measure());
    let per = match columns.relative {
        Some(_) => "per 10,000 children",
        None => "children",
    };
    let values: BTreeMap<&str, f64> = local_authorities()
        .iter()
        .filter_map(|la| {
            let row = table.along(concept, measure, "local_authority", &la.code)?;
            Some((la.code.as_str(), row.value?))
        })
        .collect();
    let breaks = breaks(values.values().copied());
    let names = class_names(&breaks);
    let mut data = Vec::new();
    let mut rows = Vec::new();
    for la in local_authorities() {
        let area = ("local_authority", la.code.as_str());
        let Some(cells) = columns.cells(table, concept, area) else {
            continue;
        };
        let own = table.along(concept, measure, "local_authority", &la.code);
        let value = values.get(la.code.as_str()).copied();
        let said = value.map_or_else(
            || own.map_or_else(String::new, |r| r.symbol()),
            |v| format!("{} {per}", figure(v)),
        );
        if let Some(at) = place(&la.code) {
            data.push(Tile {
                at,
                short: short(la),
                told: format!("{}: {said}", la.name),
                class: value.map(|v| breaks.iter().filter(|b| v >= **b).count()),
                region: region_number(la),
            });
        }
        let names = vec![text(la.name.as_str()), text(la.region_name.as_str())];
        rows.push([names, cells].concat());
    }
    if data.is_empty() {
        return None;
    }
    let words = Table {
        caption: format!("Local authorities, {}", concept_words(concept)),
        heads: columns.heads(&["Local authority", "Region"]),
        rows,
    };
    let subtitle = format!(
        "{}{}{}, by local authority, one tile each, regions outlined, England and Wales, {}",
        counted(concept),
        if columns.estimated { ", estimated" } else { "" },
        if columns.relative.is_some() {
            ", per 10,000 children under 18"
        } else {
            ""
        },
        when(view, concept)
    );
    Some(drawn.figure(
        format!("{}: children by local authority", concept_name(concept)),
        subtitle,
        tiles(&data, &names, &format!("no value shown {}", symbols(table))),
        words,
    ))
}

/// The shorthand of the table's cells without a value.
fn symbols(table: &ReleasedTable) -> &'static str {
    let hidden = table.rows.iter().any(|r| r.symbol() == "[c]");
    if hidden { "[c]" } else { "[x]" }
}

/// Two round numbers that cut the values into three classes of about equal size.
fn breaks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.filter(|v| *v > 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    let mut out: Vec<f64> = Vec::new();
    for third in [1, 2] {
        let Some(at) = sorted.get(sorted.len() * third / 3) else {
            continue;
        };
        let power = 10_f64.powf(at.log10().floor());
        let step = power / 2.0;
        let round = (at / step).round() * step;
        if round > 0.0 && out.last().is_none_or(|b| round > *b) {
            out.push(round);
        }
    }
    out
}

fn class_names(breaks: &[f64]) -> Vec<String> {
    let of = |i: usize| breaks.get(i).copied().map(figure);
    match breaks.len() {
        0 => vec!["shown".to_owned()],
        n => (0..=n)
            .map(|i| match (i.checked_sub(1).and_then(of), of(i)) {
                (Some(low), Some(high)) => format!("{low} to under {high}"),
                (Some(low), None) => format!("{low} or more"),
                (None, Some(high)) => format!("under {high}"),
                (None, None) => String::new(),
            })
            .collect(),
    }
}

/// The tile of a local authority.
fn place(code: &str) -> Option<(usize, usize)> {
    static PLACES: OnceLock<BTreeMap<&'static str, (usize, usize)>> = OnceLock::new();
    let read = || {
        include_str!("../../../../schemas/codes/local_authority_tiles.csv")
            .lines()
            .skip(1)
            .filter_map(|line| {
                let mut parts = line.split(',');
                let code = parts.next()?;
                let column = parts.next()?.parse().ok()?;
                Some((code, (column, parts.next()?.parse().ok()?)))
            })
            .collect()
    };
    PLACES.get_or_init(read).get(code).copied()
}

/// Three letters of a name: of its first words, or its beginning.
fn short(la: &LocalAuthority) -> String {
    let words: Vec<&str> = la
        .name
        .split([' ', '-', ','])
        .filter(|w| w.starts_with(char::is_uppercase) && !["City", "County", "The"].contains(w))
        .collect();
    match words.as_slice() {
        [first, second, ..] => {
            let two: String = first
                .chars()
                .take(1)
                .chain(second.chars().take(2))
                .collect();
            two
        }
        [one] => one.chars().take(3).collect(),
        [] => la.name.chars().take(3).collect(),
    }
}

fn region_number(la: &LocalAuthority) -> usize {
    let mut regions: Vec<&str> = local_authorities()
        .iter()
        .map(|l| l.region_code.as_str())
        .collect();
    regions.sort_unstable();
    regions.dedup();
    let of = local_authority(&la.code).map_or(la.region_code.as_str(), |l| &l.region_code);
    regions.iter().position(|r| *r == of).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_local_authority_has_a_tile_of_its_own() {
        let places: BTreeSet<_> = local_authorities()
            .iter()
            .map(|la| place(&la.code).expect("a tile"))
            .collect();
        assert_eq!(places.len(), 175);
    }

    #[test]
    fn classes_are_cut_at_round_numbers() {
        let cut = breaks((1..=90).map(f64::from));
        assert_eq!(cut, [30.0, 60.0]);
        assert_eq!(
            class_names(&cut),
            ["under 30", "30 to under 60", "60 or more"]
        );
        assert_eq!(
            class_names(&breaks([5.0; 4].into_iter())),
            ["under 5", "5 or more"]
        );
        assert_eq!(class_names(&[]), ["shown"]);
    }

    #[test]
    fn short_names_are_letters_of_the_name() {
        let of = |code| short(local_authority(code).expect("known"));
        assert_eq!(
            [of("E06000001"), of("E06000023"), of("E09000011")],
            ["Har", "Bri", "Gre"]
        );
        assert_eq!([of("E06000012"), of("E06000047")], ["NEa", "Dur"]);
    }
}
