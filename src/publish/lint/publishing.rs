//! The four items before publishing.

use super::checklist::Item;
use super::document::Document;
use super::finding::Finding;
use super::formatting::ratio_of;

const fn item(check: &'static str, essential: bool) -> Item {
    Item {
        section: "Before publishing",
        check,
        essential,
    }
}

pub(super) fn check(document: &Document) -> Vec<Finding> {
    vec![
        spelling(document),
        checker(document),
        information(document),
        cursor(document),
    ]
}

fn spelling(document: &Document) -> Finding {
    let item = item("Run a spelling and grammar check", true);
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (place, cell) in sheet.told().filter(|(_, c)| !c.number) {
            let words: Vec<String> = cell
                .text
                .split_whitespace()
                .map(str::to_lowercase)
                .collect();
            let doubled = words.windows(2).any(|pair| match pair {
                [a, b] => a == b && a.chars().all(char::is_alphabetic) && a.len() > 1,
                _ => false,
            });
            if doubled || cell.text.contains("  ") {
                places.push(place);
            }
        }
    }
    if places.is_empty() {
        item.undecided("no word stands twice in a row; spelling and grammar a person has to check")
    } else {
        item.fail("a word stands twice in a row, or words are two blanks apart")
            .at(places)
    }
}

fn checker(document: &Document) -> Finding {
    let mut places = Vec::new();
    if document.title.is_empty() {
        places.push("the document has no title".to_owned());
    }
    if document.language.is_empty() && document.text_language.is_empty() {
        places.push("the document has no language".to_owned());
    }
    for sheet in &document.sheets {
        if sheet.images_without_text > 0 {
            places.push(format!(
                "{}, a picture without alternative text",
                sheet.name
            ));
        }
        for (place, cell) in sheet.told() {
            if cell.merged || ratio_of(document, cell) < 4.5 {
                places.push(place);
            }
        }
    }
    item("Use the accessibility checker", false).none_of(
        places,
        "what office programs check holds: title, language, alternative texts, contrast, no merging",
        "what office programs check does not hold",
    )
}

fn information(document: &Document) -> Finding {
    let has_language = !document.language.is_empty() || !document.text_language.is_empty();
    let mut places = Vec::new();
    for (name, there) in [
        ("title", !document.title.is_empty()),
        ("language", has_language),
        ("subject", !document.subject.is_empty()),
        ("author", !document.creator.is_empty()),
    ] {
        if !there {
            places.push(name.to_owned());
        }
    }
    item("Add document information", true).none_of(
        places,
        "title, language, subject and author are there",
        "a property of the document is missing",
    )
}

fn cursor(document: &Document) -> Finding {
    let first = document.sheets.iter().find(|s| !s.hidden);
    let first = first.map(|s| s.name.as_str()).unwrap_or_default();
    let mut places = Vec::new();
    if document.active.as_deref().is_some_and(|a| a != first) {
        places.push(format!(
            "it opens on {}",
            document.active.clone().unwrap_or_default()
        ));
    }
    if document.cursors.get(first).is_some_and(|c| *c != (0, 0)) {
        places.push(format!("{first}, the cursor is not in A1"));
    }
    item(
        "Ensure the cursor is in cell A1 of the first worksheet when doing your final save",
        true,
    )
    .none_of(
        places,
        "the document opens in A1 of its first sheet",
        "the document opens elsewhere than in A1 of its first sheet",
    )
}
