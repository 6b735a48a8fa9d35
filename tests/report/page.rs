//! One page that everybody can read: its form, its text, its bytes.

use std::collections::BTreeSet;

use kinlink::publish::report::{self, MOST_BYTES, ReleaseView};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::releases::{Copy, made};

fn page() -> String {
    std::fs::read_to_string(made().release.join("report.html")).expect("a report")
}

/// Headings and paragraphs as they are read, without drawings and tables.
fn words(page: &str) -> String {
    let mut reader = Reader::from_str(page);
    let mut out = String::new();
    let mut skip = 0;
    let silent = ["style", "svg", "table", "title"];
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => return out,
            Event::Start(s) => {
                let name = s.name().as_ref().to_owned();
                skip += usize::from(silent.contains(&name.as_str()));
                if skip == 0 && ["h1", "h2", "h3", "p", "li", "dt", "summary"].contains(&&*name) {
                    out.push('\n');
                    out.push_str(match name.as_str() {
                        "h1" => "# ",
                        "h2" => "\n## ",
                        "h3" => "### ",
                        "li" => "* ",
                        "summary" => "> ",
                        _ => "",
                    });
                }
            }
            Event::End(e) => {
                let name = e.name().as_ref().to_owned();
                skip -= usize::from(silent.contains(&name.as_str()));
            }
            Event::Text(t) if skip == 0 => {
                let text = t.to_string();
                if !text.trim().is_empty() {
                    out.push_str(text.trim_matches('\n'));
                    out.push(' ');
                }
            }
            Event::GeneralRef(r) if skip == 0 => {
                out.truncate(out.trim_end_matches(' ').len());
                out.push_str(if &*r == "#39" { "'" } else { "&" });
            }
            _ => {}
        }
    }
}

#[test]
fn the_report_reads_like_this() {
    let copy = Copy::new().with_estimates();
    let view = ReleaseView::open(&copy.release()).expect("opens");
    let made = report::of_release(&view).expect("a report");
    let text = words(&String::from_utf8(made.bytes).expect("UTF-8"));
    let text: Vec<&str> = text.lines().map(str::trim_end).collect();
    insta::assert_snapshot!("release_words", text.join("\n"));
}

#[test]
fn nothing_runs_and_nothing_is_fetched() {
    let page = page();
    assert!(page.len() < MOST_BYTES, "{}", page.len());
    assert!(
        page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"")
    );
    for word in [
        "<script",
        "javascript:",
        " src=",
        "url(",
        "@import",
        "<link",
        "<iframe",
        " on",
    ] {
        let found = page.match_indices(word).find(|(at, _)| {
            // Words of sentences may begin with `on`; attributes are followed by an equals sign.
            word != " on" || {
                let rest = &page[at + 1..];
                rest.split(|c: char| !c.is_ascii_alphabetic())
                    .next()
                    .is_some_and(|w| rest[w.len()..].starts_with("=\""))
            }
        });
        assert_eq!(found, None, "{word}");
    }
    let addresses: BTreeSet<&str> = page
        .match_indices("http")
        .map(|(at, _)| page[at..].split('"').next().expect("an address"))
        .filter(|a| a.contains("://"))
        .collect();
    assert_eq!(addresses, BTreeSet::from(["http://www.w3.org/2000/svg"]));
}

#[test]
fn headings_tables_and_drawings_are_marked_up() {
    let page = page();
    let mut reader = Reader::from_str(&page);
    let (mut level, mut ids, mut tables, mut captions) = (0, BTreeSet::new(), 0, 0);
    let (mut drawings, mut heads, mut scoped) = (0, 0, 0);
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => break,
            Event::Start(s) | Event::Empty(s) => {
                let name = s.name().as_ref().to_owned();
                let has = |key: &str| {
                    let found = s.try_get_attribute(key).expect("attribute");
                    found.map(|a| a.value.to_string())
                };
                if let Some(id) = has("id") {
                    assert!(ids.insert(id.clone()), "the id {id} stands twice");
                }
                match name.as_str() {
                    "h1" | "h2" | "h3" => {
                        let now = name[1..].parse::<i32>().expect("a level");
                        assert!(now <= level + 1, "{name} after h{level}");
                        level = now;
                    }
                    "table" => tables += 1,
                    "caption" => captions += 1,
                    "th" => {
                        heads += 1;
                        scoped += usize::from(has("scope").is_some());
                    }
                    "svg" => {
                        drawings += 1;
                        assert_eq!(has("role").as_deref(), Some("img"));
                        assert!(has("aria-labelledby").is_some());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    assert!(drawings >= 15 && tables >= drawings, "{drawings} {tables}");
    assert_eq!((tables, heads), (captions, scoped));
}

#[test]
fn every_row_has_as_many_cells_as_its_table_has_heads() {
    let copy = Copy::new().with_estimates();
    let view = ReleaseView::open(&copy.release()).expect("opens");
    for page in [page(), {
        let bytes = report::of_release(&view).expect("a report").bytes;
        String::from_utf8(bytes).expect("UTF-8")
    }] {
        for table in page.split("<table>").skip(1) {
            let table = table.split("</table>").next().expect("a table");
            let cells = |row: &str| row.matches("<th").count() + row.matches("<td").count();
            let rows: Vec<usize> = table.split("<tr>").skip(1).map(cells).collect();
            assert!(rows.len() > 1, "an empty table: {table}");
            // `<thead>` closes before the second row.
            assert!(rows.iter().all(|n| *n == rows[0]), "{rows:?} in {table}");
        }
    }
}

#[test]
fn a_replay_of_published_figures_is_not_said_to_be_linked() {
    let said = |fingerprint: &str| {
        let copy = Copy::new();
        copy.replace("datapackage.json", "0000-0000", fingerprint);
        let view = ReleaseView::open(&copy.release()).expect("opens");
        let bytes = report::of_release(&view).expect("a report").bytes;
        let page = String::from_utf8(bytes).expect("UTF-8");
        page.contains("found by linkage") || page.contains("linked without names")
    };
    assert!(said("1111-1111") && !said("none"));
}

#[test]
fn texts_of_the_data_stay_texts() {
    let copy = Copy::new();
    copy.replace(
        "datapackage.json",
        "Children with a parent in prison, England and Wales",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
    );
    let view = ReleaseView::open(&copy.release()).expect("opens");
    let bytes = report::of_release(&view).expect("a report").bytes;
    let page = String::from_utf8(bytes).expect("UTF-8");
    assert!(!page.contains("<script") && !page.contains("<img"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn the_same_release_is_the_same_page() {
    let view = || ReleaseView::open(&made().release).expect("opens");
    let first = report::of_release(&view()).expect("a report").bytes;
    assert_eq!(first, report::of_release(&view()).expect("a report").bytes);
    // The page of the finished release is the one that the stage wrote into it.
    assert_eq!(first, page().into_bytes());
}
