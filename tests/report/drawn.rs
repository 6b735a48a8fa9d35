//! The report of a release: every drawn value is a released value, and nothing else is in it.

use std::collections::BTreeSet;

use arrow::array::{StringArray, UInt64Array};
use kinlink::columnar::TableReader;
use kinlink::publish::report::{self, ReleaseView};

use crate::releases::{Copy, made};
use crate::svg::{Drawing, drawings, number};

fn page(view: &ReleaseView) -> String {
    String::from_utf8(report::of_release(view).expect("a report").bytes).expect("UTF-8")
}

/// Every number that the release gives: values, ends of intervals, and those of `quality.json`.
fn released(view: &ReleaseView) -> Vec<f64> {
    let mut out = Vec::new();
    for row in view.tables().iter().flat_map(|t| &t.rows) {
        out.extend(row.value);
        out.extend(row.interval.map(|i| [i.0, i.1]).into_iter().flatten());
    }
    let q = view.quality();
    out.extend(q.losses.iter().map(|l| l.records));
    for e in &q.estimates {
        out.extend(e.linked);
        out.extend([e.estimate, e.lower, e.upper, e.standard_error]);
    }
    out.extend(q.variance_shares.iter().map(|s| s.share));
    out.extend(q.linkage.iter().flat_map(|g| [g.match_rate, g.records]));
    out.extend(
        q.sensitivity
            .iter()
            .flat_map(|s| [s.low, s.high, s.central]),
    );
    out.sort_by(f64::total_cmp);
    out
}

fn near(sorted: &[f64], value: f64, tolerance: f64) -> bool {
    let at = sorted.partition_point(|v| *v < value - tolerance);
    sorted.get(at).is_some_and(|v| *v <= value + tolerance)
}

/// Numbers of a drawing that counts cells of the released tables: these counts are no values but
/// follow from the release.
fn counts_cells(d: &Drawing) -> bool {
    d.headline == "Cells shown and hidden in each table"
}

fn every_mark_is_released(view: &ReleaseView, least: usize) {
    let released = released(view);
    let found = drawings(&page(view));
    let mut marks = 0;
    for d in found.iter().filter(|d| !counts_cells(d)) {
        let own: Vec<f64> = {
            let mut own: Vec<f64> = d.cells.iter().filter_map(|c| number(c)).collect();
            own.sort_by(f64::total_cmp);
            own
        };
        for (value, tolerance) in d.read_back() {
            marks += 1;
            assert!(
                near(&released, value, tolerance),
                "{value} in `{}` is not released",
                d.headline
            );
            // And the table beside the drawing gives it.
            assert!(
                near(&own, value, tolerance + 1e-9),
                "{value} in `{}`",
                d.headline
            );
        }
        for text in d.cells.iter().chain(&d.values) {
            let Some(value) = number(text) else {
                let symbol = text.starts_with('[') && text.ends_with(']');
                assert!(symbol || text.is_empty(), "`{text}` in `{}`", d.headline);
                continue;
            };
            // Percentages of the page have two decimals at most.
            let tolerance = if text.ends_with('%') {
                5e-5 + 1e-12
            } else {
                1e-9
            };
            assert!(
                near(&released, value, tolerance),
                "{text} in `{}`",
                d.headline
            );
        }
        for told in &d.told {
            let said = told
                .rsplit(": ")
                .next()
                .expect("a text")
                .split(' ')
                .next()
                .expect("a word");
            if let Some(value) = number(said).filter(|_| told.contains(": ")) {
                let tolerance = if said.ends_with('%') {
                    5e-5 + 1e-12
                } else {
                    1e-9
                };
                assert!(
                    near(&released, value, tolerance),
                    "{told} in `{}`",
                    d.headline
                );
            }
        }
    }
    assert!(marks >= least, "only {marks} marks");
}

#[test]
fn every_drawn_value_is_a_released_value() {
    let view = ReleaseView::open(&made().release).expect("opens");
    every_mark_is_released(&view, 100);
}

#[test]
fn estimates_and_their_quality_are_drawn_as_released() {
    let copy = Copy::new().with_estimates();
    let view = ReleaseView::open(&copy.release()).expect("opens");
    every_mark_is_released(&view, 150);
    let report = report::of_release(&view).expect("a report");
    for heading in [
        "Records from extract to estimate",
        "Quality of the linkage",
        "How sure the estimates are",
    ] {
        assert!(report.sections.iter().any(|s| s == heading), "{heading}");
    }
}

#[test]
fn a_mark_moved_by_a_pixel_is_found() {
    // The test above must be able to fail: a bar one pixel longer stands for another value.
    let view = ReleaseView::open(&made().release).expect("opens");
    let found = drawings(&page(&view));
    let region = found
        .iter()
        .find(|d| d.headline == "In the year: children by region")
        .expect("regions");
    let released = released(&view);
    let (value, tolerance) = region.read_back()[0];
    assert!(near(&released, value, tolerance));
    let pixel = tolerance / crate::svg::PIXELS;
    assert!(!near(&released, value + pixel, tolerance));
}

#[test]
fn no_exact_count_is_in_the_page() {
    let made = made();
    let page = page(&ReleaseView::open(&made.release).expect("opens"));
    let words: BTreeSet<String> = page
        .split(|c: char| !(c.is_ascii_digit() || c == ',' || c == '.'))
        .map(|w| w.trim_matches([',', '.']).replace(',', ""))
        .collect();
    let mut hidden = 0;
    for id in ["T01", "T03", "T04", "T06", "T07", "T09", "T10"] {
        let path = made
            .run
            .root()
            .join(format!("restricted/05-protect/{id}.parquet"));
        for batch in TableReader::open(&path, None).expect("opens") {
            let batch = batch.expect("batch");
            let counts = batch.column_by_name("count").unwrap();
            let counts = counts.as_any().downcast_ref::<UInt64Array>().unwrap();
            let state = batch.column_by_name("state").unwrap();
            let state = state.as_any().downcast_ref::<StringArray>().unwrap();
            for i in 0..counts.len() {
                let n = counts.value(i);
                hidden += usize::from(state.value(i) == "secondary");
                // Small numbers stand in codes and coordinates; larger ones would be a leak,
                // unless they are what they round to.
                let year = (2_000..2_100).contains(&n);
                if n > 1_000 && n % 5 != 0 && !year {
                    assert!(
                        !words.contains(&n.to_string()),
                        "{n} of {id} is in the page"
                    );
                }
            }
        }
    }
    assert!(hidden > 0, "the population hides something");
}

#[test]
fn headlines_are_short_and_claim_nothing_that_is_hidden() {
    let copy = Copy::new();
    // A group of ages is hidden, which may be the largest: then no group is called the largest.
    copy.change("T04", None, |rows| {
        for row in rows
            .iter_mut()
            .filter(|r| r.codes == ["5-9", "Total", "Total"])
        {
            row.value = None;
            row.status = "c".into();
        }
    });
    let view = ReleaseView::open(&copy.release()).expect("opens");
    let report = report::of_release(&view).expect("a report");
    for headline in &report.headlines {
        let words = headline.split_whitespace().count();
        assert!(words <= report::MOST_WORDS, "{headline}");
    }
    let claim = "Largest group: turned 18 in the year";
    assert!(!report.headlines.iter().any(|h| h == claim));
    let whole = ReleaseView::open(&made().release).expect("opens");
    let whole = report::of_release(&whole).expect("a report");
    assert!(
        whole.headlines.iter().any(|h| h == claim),
        "{:?}",
        whole.headlines
    );
}

#[test]
fn a_changed_file_is_not_drawn() {
    let copy = Copy::new();
    let path = copy.release().join("tables/T01.parquet");
    let mut bytes = std::fs::read(&path).expect("bytes");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let error = ReleaseView::open(&copy.release()).expect_err("refused");
    assert!(
        matches!(error, report::ReportError::Changed { .. }),
        "{error}"
    );
}
