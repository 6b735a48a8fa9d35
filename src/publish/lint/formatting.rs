//! The twelve items about formatting.

use std::collections::{BTreeMap, BTreeSet};

use super::checklist::Item;
use super::document::{Cell, Document};
use super::finding::Finding;

const fn item(check: &'static str, essential: bool) -> Item {
    Item {
        section: "Formatting",
        check,
        essential,
    }
}

pub(super) fn check(document: &Document) -> Vec<Finding> {
    vec![
        written_content(document),
        links(document),
        format_of_text(document),
        titles(document),
        symbols(document),
        pages_and_boxes(document),
        dividers(document),
        fills(document),
        colour_alone(document),
        contrast(document),
        images(document),
        macros(document),
    ]
}

/// A sentence of more words is hard to follow (government style guidance asks for 25).
const MOST_WORDS: usize = 40;

fn written_content(document: &Document) -> Finding {
    let item = item(
        "All written content needs to meet the accessibility guidelines",
        false,
    );
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (place, cell) in sheet.told() {
            let long = cell
                .text
                .split(['.', ';', ':', '?', '!'])
                .any(|s| s.split_whitespace().count() > MOST_WORDS);
            let shouted = cell
                .text
                .split_whitespace()
                .filter(|w| w.chars().count() > 3 && w.chars().all(|c| c.is_ascii_uppercase()))
                .count();
            let lower = cell.text.to_lowercase();
            let latin = ["e.g.", "i.e.", "etc."].iter().any(|l| lower.contains(l));
            if long || shouted > 2 || latin {
                places.push(place);
            }
        }
    }
    if places.is_empty() {
        item.undecided(
            "no sentence over 40 words, no shouting, no Latin abbreviation; whether it is plain \
             a person has to read",
        )
    } else {
        item.fail("a sentence is long, a text is in capitals, or an abbreviation is Latin")
            .at(places)
    }
}

fn links(document: &Document) -> Finding {
    const EMPTY_WORDS: [&str; 8] = [
        "here",
        "click here",
        "link",
        "this",
        "this page",
        "more",
        "read more",
        "website",
    ];
    let tabs: BTreeSet<&str> = document.sheets.iter().map(|s| s.name.as_str()).collect();
    let mut targets: BTreeMap<String, String> = BTreeMap::new();
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (place, cell) in sheet.told() {
            for (address, text) in &cell.links {
                let told = text.trim().to_lowercase();
                let bare = told.starts_with("http") || told.starts_with("www.");
                let other = targets
                    .insert(told.clone(), address.clone())
                    .is_some_and(|before| before != *address);
                let inside = address.strip_prefix('#').map(|a| {
                    let name = a.rsplit_once('.').map_or(a, |(sheet, _)| sheet);
                    let name = name.trim_start_matches('$').trim_matches('\'');
                    name.replace("''", "'")
                });
                let lost = inside.is_some_and(|name| !tabs.contains(name.as_str()));
                let says_nothing = told.is_empty() || EMPTY_WORDS.contains(&told.as_str());
                if says_nothing || bare || other || lost {
                    places.push(place.clone());
                }
            }
        }
    }
    item("Links must be accessible", true).none_of(
        places,
        "every link says where it leads, and those within the document lead somewhere",
        "a link says nothing, is a bare address, has two targets, or leads nowhere",
    )
}

fn format_of_text(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (place, cell) in sheet.told() {
            let of = |property| document.style("table-cell", &cell.style, property);
            let size = of("font-size").and_then(points).unwrap_or(10.0);
            let italic = of("font-style").is_some_and(|s| s != "normal");
            let lined = of("text-underline-style").is_some_and(|s| s != "none");
            if size < 12.0 || italic || (lined && cell.links.is_empty()) {
                places.push(place);
            }
        }
    }
    item("Format text to make it accessible", false).none_of(
        places,
        "text is upright, of twelve points or more, and underlined only where it is a link",
        "text is smaller than twelve points, italic, or underlined without being a link",
    )
}

fn points(size: &str) -> Option<f64> {
    size.strip_suffix("pt")?.trim().parse().ok()
}

fn titles(document: &Document) -> Finding {
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    for sheet in &document.sheets {
        let tagged = |cell: &Cell| {
            document.style_names(cell).iter().any(|n| {
                let name = n.to_lowercase();
                name.starts_with("heading") || name.starts_with("title")
            })
        };
        let good = sheet.first().is_some_and(|c| {
            c.text.trim().chars().count() > 3 && tagged(c) && seen.insert(c.text.trim())
        });
        if !good {
            places.push(sheet.place(0, 0));
        }
    }
    item(
        "All worksheets should have descriptive titles which are properly tagged and formatted",
        true,
    )
    .none_of(
        places,
        "every sheet has a title of its own in A1, in a heading style",
        "a sheet has no title in A1, or it has another's, or it is in no heading style",
    )
}

fn symbols(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (place, cell) in sheet.told() {
            let text = cell.text.trim();
            let alone = !cell.number && !text.chars().any(char::is_alphanumeric);
            if alone || text.contains(['~', '^', '→', '▲', '▼', '✓', '✗']) {
                places.push(place);
            }
        }
    }
    item("Avoid using symbols in general", false).none_of(
        places,
        "no cell holds a bare symbol",
        "a cell holds a symbol that a screen reader reads badly or not at all",
    )
}

fn pages_and_boxes(document: &Document) -> Finding {
    let mut places: Vec<String> = document
        .sheets
        .iter()
        .filter(|s| s.floating > 0)
        .map(|s| format!("{}, floating boxes", s.name))
        .collect();
    if document.page_texts > 0 {
        places.push("headers or footers of pages".to_owned());
    }
    item(
        "Do not use headers and footers, floating text boxes or floating toolbars",
        true,
    )
    .none_of(
        places,
        "there are none",
        "pages have headers or footers, or something floats over a sheet",
    )
}

fn dividers(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (place, cell) in sheet.told() {
            let border = ["border", "border-top", "border-bottom"].iter().any(|b| {
                let told = document.style("table-cell", &cell.style, b);
                told.is_some_and(|v| v != "none" && !v.starts_with('0'))
            });
            let text = cell.text.trim();
            let ruled = text.len() > 2 && text.chars().all(|c| "-_=─—*.".contains(c));
            if border || ruled {
                places.push(place);
            }
        }
    }
    item("Do not use visual devices to divide data regions", false).none_of(
        places,
        "there are none",
        "a border or a line of signs divides a region",
    )
}

fn background<'a>(document: &'a Document, cell: &'a Cell) -> Option<&'a str> {
    let told = document.style("table-cell", &cell.style, "background-color")?;
    (told != "transparent").then_some(told)
}

fn fills(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (place, cell) in sheet.told() {
            if background(document, cell).is_some_and(|b| !b.eq_ignore_ascii_case("#ffffff")) {
                places.push(place);
            }
        }
    }
    item("Do not use a background fill", false).none_of(
        places,
        "no cell is filled",
        "a cell has a background fill",
    )
}

fn colour_alone(document: &Document) -> Finding {
    let item = item(
        "Do not use colour as the only way to convey a message",
        true,
    );
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (place, cell) in sheet.told().filter(|(_, c)| c.links.is_empty()) {
            let colour = document.style("table-cell", &cell.style, "color");
            let coloured = colour.and_then(rgb).is_some_and(|c| c != [0, 0, 0]);
            let filled = background(document, cell).and_then(rgb);
            if coloured || filled.is_some_and(|c| c != [255, 255, 255]) {
                places.push(place);
            }
        }
    }
    if places.is_empty() {
        item.pass("text is black on white, but for links")
    } else {
        item.undecided("colour is used: whether it says what no word says a person has to see")
            .at(places)
    }
}

fn contrast(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (place, cell) in sheet.told() {
            if ratio_of(document, cell) < 4.5 {
                places.push(place);
            }
        }
    }
    item("When using colour for emphasis check the contrast", true).none_of(
        places,
        "every text stands out from its ground by 4.5 to 1 or more",
        "a text stands out from its ground by less than 4.5 to 1",
    )
}

/// The contrast of a cell's text with its ground (Web Content Accessibility Guidelines 2.2, 1.4.3).
pub(super) fn ratio_of(document: &Document, cell: &Cell) -> f64 {
    let text = document.style("table-cell", &cell.style, "color");
    let text = text.and_then(rgb).unwrap_or([0, 0, 0]);
    let ground = background(document, cell).and_then(rgb);
    ratio(text, ground.unwrap_or([255, 255, 255]))
}

fn rgb(colour: &str) -> Option<[u8; 3]> {
    let hex = colour.strip_prefix('#')?;
    let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    (hex.len() == 6).then_some([part(0)?, part(2)?, part(4)?])
}

fn ratio(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (x, y) = (luminance(a), luminance(b));
    (x.max(y) + 0.05) / (x.min(y) + 0.05)
}

/// Relative luminance of a colour (the same guidelines, section of terms).
fn luminance(colour: [u8; 3]) -> f64 {
    let linear = |c: u8| {
        let s = f64::from(c) / 255.0;
        if s <= 0.04045 {
            s / 12.92
        } else {
            ((s + 0.055) / 1.055).powf(2.4)
        }
    };
    let [r, g, b] = colour.map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn images(document: &Document) -> Finding {
    let places = document
        .sheets
        .iter()
        .filter(|s| s.images > 0)
        .map(|s| s.name.clone())
        .collect();
    item("Avoid images in spreadsheets", false).none_of(
        places,
        "there are none",
        "a sheet holds pictures or charts",
    )
}

fn macros(document: &Document) -> Finding {
    let places = if document.macros > 0 {
        vec![format!("{} scripts or listeners", document.macros)]
    } else {
        Vec::new()
    };
    item("Remove macros", false).none_of(places, "there are none", "the file holds macros")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        assert!((ratio([0, 0, 0], [255, 255, 255]) - 21.0).abs() < 1e-9);
        // The lightest grey that text may have on white.
        assert!(ratio([0x76, 0x76, 0x76], [255; 3]) >= 4.5);
        assert!(ratio([0x77, 0x77, 0x77], [255; 3]) < 4.5);
        assert_eq!(rgb("#12436D"), Some([0x12, 0x43, 0x6d]));
        assert_eq!(rgb("red"), None);
    }
}
