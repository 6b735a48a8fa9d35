//! Pairs of files for Explore Education Statistics, the Department for Education's service.
//!
//! The layout is that of the public standard for its data files: a tidy CSV with mandatory columns
//! for time and place, and a `.meta.csv` beside it. Three things follow from that standard:
//!
//! - Figures of different concepts have different times (a day, a year), which may not stand in one
//!   file: a table gives one pair for each concept.
//! - Its places below a country are English ones: England, Wales, and England with Wales stand in
//!   files of their own, and the local authorities of Wales are items of a filter.
//! - Column names come from its data dictionary, which has none for rates or intervals: these stand
//!   in the CSV, Parquet and spreadsheet of the release only. Breakdowns of several dimensions are
//!   items of `breakdown`, grouped by `breakdown_topic`, as the dictionary has them.

use std::collections::{BTreeMap, BTreeSet};

use super::cleared::{Cleared, ClearedTable};
use super::csv_table::number;
use super::error::PublishError;
use crate::protect::ProtectedRow;
use crate::schema::codes::{self, ENGLAND, WALES};
use crate::schema::published::{Concept, DimensionDef, NOT_AVAILABLE, Status, TOTAL, TableDef};

/// A data file and the file that describes it.
pub(crate) struct Pair {
    /// The name of both, without ending.
    pub name: String,
    /// What it holds, for lists of files.
    pub title: String,
    /// The data file.
    pub data: Vec<u8>,
    /// Its rows without the header.
    pub rows: u64,
    /// The meta file.
    pub meta: Vec<u8>,
}

/// The three sets of files, by the country they are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Both,
    England,
    Wales,
}

impl Part {
    const ALL: [Part; 3] = [Part::Both, Part::England, Part::Wales];

    fn word(self) -> &'static str {
        match self {
            Part::Both => "england_and_wales",
            Part::England => "england",
            Part::Wales => "wales",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Part::Both => "England and Wales",
            Part::England => "England",
            Part::Wales => "Wales",
        }
    }
}

/// The columns of an indicator: measure, name in the dictionary, unit, digits after the point.
const INDICATORS: [(&str, &str, &str, &str); 3] = [
    ("children", "children_count", "", "0"),
    ("percent", "children_percent", "%", "1"),
    ("parents", "population_count", "", "0"),
];

const REGION: [&str; 2] = ["region_code", "region_name"];
const AUTHORITY: [&str; 3] = ["old_la_code", "new_la_code", "la_name"];
const BREAKDOWN: [&str; 2] = ["breakdown_topic", "breakdown"];

/// All pairs of a release, in the order of its tables.
pub(crate) fn pairs(cleared: &Cleared<'_>) -> Result<Vec<Pair>, PublishError> {
    let info = cleared.info();
    let mut out = Vec::new();
    for table in cleared.tables() {
        let definition = table.definition();
        // A table beside earlier figures has no breakdown that adds up.
        if !definition.dimensions.iter().all(DimensionDef::adds_up) {
            continue;
        }
        for concept in &definition.concepts {
            let time = time(*concept, &info.reference_date, &info.period);
            let rows = rows_of(table, *concept);
            for part in Part::ALL {
                let own: Vec<&Row<'_>> = rows.iter().filter(|r| r.place.part == part).collect();
                if !own.is_empty() {
                    out.push(pair(definition, *concept, part, &time, &own)?);
                }
            }
        }
    }
    Ok(out)
}

/// `time_period` and `time_identifier`. A year from October to September is no allowed identifier;
/// it is a reporting year, named by the year in which it ends.
fn time(concept: Concept, reference_date: &str, period: &str) -> (String, &'static str) {
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
    let year = reference_date.get(..4).unwrap_or_default().to_owned();
    if concept == Concept::Stock {
        let month = reference_date
            .get(5..7)
            .and_then(|m| m.parse::<usize>().ok());
        let name = month.and_then(|m| MONTHS.get(m.wrapping_sub(1)));
        return (year, name.copied().unwrap_or("Reporting year"));
    }
    let last = period
        .split(|c: char| !c.is_ascii_digit())
        .rfind(|run| run.len() == 4);
    (last.map_or(year, str::to_owned), "Reporting year")
}

/// Where a row stands.
struct Place {
    part: Part,
    level: &'static str,
    country: (&'static str, String),
    region: Option<(String, String)>,
    authority: Option<(String, String, String)>,
    /// An area that the standard has no level for, as an item of the filter.
    as_item: Option<String>,
}

/// A row: its place, its breakdown, and the figures of its indicators.
struct Row<'a> {
    place: Place,
    topic: String,
    item: String,
    figures: BTreeMap<&'a str, &'a ProtectedRow>,
}

fn rows_of<'a>(table: ClearedTable<'a>, concept: Concept) -> Vec<Row<'a>> {
    let definition = table.definition();
    let mut order: Vec<&'a [String]> = Vec::new();
    let mut cells: BTreeMap<&'a [String], BTreeMap<&'a str, &'a ProtectedRow>> = BTreeMap::new();
    let rows: &'a [ProtectedRow] = table.all_rows();
    for row in rows.iter().filter(|r| r.concept == concept) {
        let figures = cells.entry(&row.codes).or_insert_with(|| {
            order.push(&row.codes);
            BTreeMap::new()
        });
        figures.insert(&row.measure, row);
    }
    order
        .into_iter()
        .map(|codes| {
            let place = place(definition, codes);
            let (topic, item) = breakdown(definition, codes, place.as_item.as_deref());
            Row {
                place,
                topic,
                item,
                figures: cells.remove(codes).unwrap_or_default(),
            }
        })
        .collect()
}

fn place(definition: &TableDef, codes: &[String]) -> Place {
    let both = || Place {
        part: Part::Both,
        level: "National",
        country: ("K04000001", "England and Wales".to_owned()),
        region: None,
        authority: None,
        as_item: None,
    };
    let dimensions = definition.dimensions.iter().zip(codes);
    let Some((_, code)) = dimensions.into_iter().find(|(d, _)| d.variable == "area") else {
        return both();
    };
    let national = |part, code, name: &str| Place {
        part,
        country: (code, name.to_owned()),
        ..both()
    };
    match code.as_str() {
        TOTAL => both(),
        NOT_AVAILABLE => national(Part::Both, NOT_AVAILABLE, "Not available"),
        ENGLAND => national(Part::England, ENGLAND, "England"),
        WALES => national(Part::Wales, WALES, "Wales"),
        area => below_country(area).unwrap_or_else(both),
    }
}

/// A region or a local authority, from the list of local authorities.
fn below_country(area: &str) -> Option<Place> {
    let list = codes::local_authorities();
    let english = |la: &codes::LocalAuthority| Place {
        part: Part::England,
        level: "Regional",
        country: (ENGLAND, la.country_name.clone()),
        region: Some((la.region_code.clone(), la.region_name.clone())),
        authority: None,
        as_item: None,
    };
    if let Some(la) = list.iter().find(|la| la.code == area) {
        if la.country_code == WALES {
            return Some(Place {
                part: Part::Wales,
                level: "National",
                country: (WALES, la.country_name.clone()),
                region: None,
                authority: None,
                as_item: Some(la.name.clone()),
            });
        }
        return Some(Place {
            level: "Local authority",
            authority: Some((la.old_code.clone(), la.code.clone(), la.name.clone())),
            ..english(la)
        });
    }
    list.iter().find(|la| la.region_code == area).map(english)
}

/// The topic and the item of a row: what it is broken down by, and into which part.
fn breakdown(definition: &TableDef, codes: &[String], area: Option<&str>) -> (String, String) {
    let mut topics = Vec::new();
    let mut items = Vec::new();
    if let Some(area) = area {
        topics.push("Local authority");
        items.push(area);
    }
    for (dimension, code) in definition.dimensions.iter().zip(codes) {
        if dimension.variable != "area" && code != TOTAL {
            topics.push(&dimension.title);
            items.push(dimension.label(code));
        }
    }
    if topics.is_empty() {
        return (TOTAL.to_owned(), TOTAL.to_owned());
    }
    (topics.join(" / "), items.join(" / "))
}

fn pair(
    definition: &TableDef,
    concept: Concept,
    part: Part,
    time: &(String, &'static str),
    rows: &[&Row<'_>],
) -> Result<Pair, PublishError> {
    let name = format!(
        "{}_{}_{}",
        definition.id.to_lowercase(),
        concept.word(),
        part.word()
    );
    let defect = |_| PublishError::Defect {
        what: format!("the file {name}.csv"),
    };
    let items: BTreeSet<&str> = rows.iter().map(|r| r.item.as_str()).collect();
    let layout = Layout {
        regions: rows.iter().any(|r| r.place.region.is_some()),
        authorities: rows.iter().any(|r| r.place.authority.is_some()),
        // A filter of one item says nothing.
        filter: items.len() > 1,
        indicators: INDICATORS
            .iter()
            .copied()
            .filter(|(measure, ..)| rows.iter().any(|r| r.figures.contains_key(measure)))
            .collect(),
    };
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(layout.columns()).map_err(defect)?;
    for row in rows {
        writer
            .write_record(layout.record(time, row))
            .map_err(defect)?;
    }
    let data = writer.into_inner().map_err(|_| PublishError::Defect {
        what: format!("the file {name}.csv"),
    })?;
    let meta = layout.meta(concept).map_err(defect)?;
    Ok(Pair {
        title: format!("{}, {}, {}", definition.title, concept.word(), part.title()),
        name,
        data,
        rows: u64::try_from(rows.len()).unwrap_or(u64::MAX),
        meta,
    })
}

/// Which columns a file has.
struct Layout {
    regions: bool,
    authorities: bool,
    filter: bool,
    indicators: Vec<(&'static str, &'static str, &'static str, &'static str)>,
}

impl Layout {
    fn columns(&self) -> Vec<&'static str> {
        let mut out = vec![
            "time_period",
            "time_identifier",
            "geographic_level",
            "country_code",
            "country_name",
        ];
        if self.regions {
            out.extend(REGION);
        }
        if self.authorities {
            out.extend(AUTHORITY);
        }
        if self.filter {
            out.extend(BREAKDOWN);
        }
        out.extend(self.indicators.iter().map(|(_, name, ..)| *name));
        out
    }

    fn record(&self, time: &(String, &'static str), row: &Row<'_>) -> Vec<String> {
        let place = &row.place;
        let mut out = vec![
            time.0.clone(),
            time.1.to_owned(),
            place.level.to_owned(),
            place.country.0.to_owned(),
            place.country.1.clone(),
        ];
        if self.regions {
            let (code, name) = place.region.clone().unwrap_or_default();
            out.extend([code, name]);
        }
        if self.authorities {
            let (old, new, name) = place.authority.clone().unwrap_or_default();
            out.extend([old, new, name]);
        }
        if self.filter {
            out.extend([row.topic.clone(), row.item.clone()]);
        }
        for (measure, ..) in &self.indicators {
            out.push(figure(row.figures.get(measure).copied()));
        }
        out
    }

    fn meta(&self, concept: Concept) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        writer.write_record([
            "col_name",
            "col_type",
            "label",
            "indicator_grouping",
            "indicator_unit",
            "indicator_dp",
            "filter_hint",
            "filter_grouping_column",
        ])?;
        if self.filter {
            let hint = "What the row is a part of";
            writer.write_record(["breakdown_topic", "Filter", "Topic", "", "", "", hint, ""])?;
            let hint = "Choose a part, or Total";
            let group = "breakdown_topic";
            writer.write_record(["breakdown", "Filter", "Breakdown", "", "", "", hint, group])?;
        }
        let of = match concept {
            Concept::Stock => "in stock on the reference date",
            Concept::YearUnique => "in the year, each child once",
            Concept::Incidence => "by entries into prison in the year",
        };
        for (measure, name, unit, digits) in &self.indicators {
            let label = match *measure {
                "percent" => format!("Percentage of children {of}"),
                "parents" => format!("Number of parents {of}"),
                _ => format!("Number of children {of}"),
            };
            writer.write_record([*name, "Indicator", &label, "", unit, digits, "", ""])?;
        }
        writer.into_inner().map_err(|e| e.into_error().into())
    }
}

/// A figure or its symbol, without brackets; never empty.
fn figure(row: Option<&ProtectedRow>) -> String {
    match row.map(|r| (r.value, r.status)) {
        Some((Some(value), _)) => number(value),
        Some((None, status)) if status != Status::Observed => status.word().to_owned(),
        _ => Status::X.word().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stock_has_its_month_and_a_year_the_year_it_ends_in() {
        let of = |c, d, p| time(c, d, p);
        let (stock, flow) = (Concept::Stock, Concept::YearUnique);
        assert_eq!(of(stock, "2025-09-30", ""), ("2025".into(), "September"));
        let period = "2024-10-01 to 2025-09-30";
        assert_eq!(
            of(flow, "2025-09-30", period),
            ("2025".into(), "Reporting year")
        );
        let words = "1 October 2024 to 30 September 2025";
        assert_eq!(
            of(flow, "2025-09-30", words),
            ("2025".into(), "Reporting year")
        );
    }

    #[test]
    fn a_welsh_authority_is_an_item_and_an_english_one_a_level() {
        let welsh = below_country("W06000015").expect("Cardiff");
        assert_eq!((welsh.part, welsh.level), (Part::Wales, "National"));
        assert_eq!(welsh.as_item.as_deref(), Some("Cardiff"));
        let english = below_country("E06000001").expect("Hartlepool");
        assert_eq!(english.level, "Local authority");
        assert_eq!(
            below_country("E12000007").expect("London").level,
            "Regional"
        );
    }
}
