//! The pages in headless Chromium with axe-core: no violations, nothing fetched, prints on A4.
//!
//! Needs `chromium` and the file `axe.min.js` of the npm package axe-core, whose place is in
//! `AXE_CORE`. Elsewhere the tests are skipped with a message; `.ci/run` installs both.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::releases::Copy;
use kinlink::estimate::linkage_error::{Calibration, Labelled};
use kinlink::publish::report::{self, ClericalReview, ReleaseView, ReviewedShare};

fn browser() -> Option<&'static str> {
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
}

fn axe() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("AXE_CORE")?);
    path.exists().then_some(path)
}

fn chromium(name: &str, arguments: &[&str], page: &Path) -> std::process::Output {
    let profile = tempfile::tempdir().expect("folder");
    Command::new(name)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--virtual-time-budget=20000",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("runs")
}

/// The page of a release with everything in it.
fn page(folder: &Path) -> PathBuf {
    let copy = Copy::new().with_estimates();
    let view = ReleaseView::open(&copy.release()).expect("opens");
    let path = folder.join("report.html");
    std::fs::write(&path, report::of_release(&view).expect("a report").bytes).expect("written");
    path
}

/// Axe in the browser on a page.
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn no_violation(plain: &str) {
    let (Some(browser), Some(axe)) = (browser(), axe()) else {
        eprintln!("skipped: needs chromium and AXE_CORE=…/axe.min.js");
        return;
    };
    let folder = tempfile::tempdir().expect("folder");
    // For the test alone the page lets scripts run, opens what is folded, and runs axe.
    let policy = "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"";
    assert!(plain.contains(policy));
    let script = std::fs::read_to_string(axe).expect("axe");
    let open = plain
        .replace(
            policy,
            "content=\"default-src 'unsafe-inline' 'unsafe-eval'\"",
        )
        .replace("<details", "<details open=\"open\"")
        .replace(
            "</body>",
            &format!(
                "<script>{script}</script><script>axe.run({{runOnly:['wcag2a','wcag2aa','wcag21a',\
                 'wcag21aa','wcag22aa','best-practice']}}).then(r=>{{\
                 document.documentElement.innerHTML='<pre id=axe>'+JSON.stringify({{\
                 passes:r.passes.length,violations:r.violations.map(v=>({{id:v.id,\
                 nodes:v.nodes.slice(0,3).map(n=>n.target.join(' ')+' '+n.failureSummary)}}))}})\
                 +'</pre>'}})</script></body>"
            ),
        );
    let checked = folder.path().join("axe.html");
    std::fs::write(&checked, open).expect("written");
    let output = chromium(browser, &["--dump-dom"], &checked);
    let said = String::from_utf8_lossy(&output.stdout);
    let (_, result) = said.split_once("<pre id=\"axe\">").expect("axe has run");
    let (result, _) = result.split_once("</pre>").expect("ended");
    assert!(result.contains("\"violations\":[]"), "{result}");
    let passes = result.split_once("\"passes\":").expect("passes").1;
    let passes: String = passes.chars().take_while(char::is_ascii_digit).collect();
    assert!(passes.parse::<u32>().expect("a number") > 20, "{result}");
}

#[test]
fn axe_finds_no_violation() {
    let folder = tempfile::tempdir().expect("folder");
    let plain = std::fs::read_to_string(page(folder.path())).expect("a page");
    no_violation(&plain);
}

#[test]
fn axe_finds_no_violation_in_the_page_of_a_clerical_review() {
    let labelled: Vec<Labelled> = (0..200_u32)
        .map(|n| Labelled {
            score: f64::from(n) / 200.0,
            is_match: n % 200 > (n * 7919) % 200,
            weight: 1.0,
        })
        .collect();
    let review = ClericalReview {
        shares: vec![ReviewedShare {
            name: "Precision of the links".to_owned(),
            value: 0.98,
            interval: [0.95, 0.99],
        }],
        calibration: Ok(Calibration::fit(&labelled).expect("labels")),
    };
    let page = report::of_clerical_review(&review).expect("a page");
    assert_eq!(page.headlines.len(), 2);
    no_violation(&String::from_utf8(page.bytes).expect("text"));
}

#[test]
fn the_page_prints_on_a4() {
    let Some(browser) = browser() else {
        eprintln!("skipped: needs chromium");
        return;
    };
    let folder = tempfile::tempdir().expect("folder");
    let page = page(folder.path());
    let pdf = folder.path().join("report.pdf");
    let to = format!("--print-to-pdf={}", pdf.display());
    chromium(browser, &[to.as_str(), "--no-pdf-header-footer"], &page);
    let bytes = std::fs::read(&pdf).expect("a PDF");
    let text = String::from_utf8_lossy(&bytes);
    let boxes: Vec<&str> = text
        .match_indices("/MediaBox")
        .map(|(at, _)| text[at..].split(']').next().expect("a box"))
        .collect();
    assert!((3..40).contains(&boxes.len()), "{} pages", boxes.len());
    // 210 by 297 millimetres are 595 by 842 points.
    assert!(
        boxes
            .iter()
            .all(|b| b.contains("594.") || b.contains("595")),
        "{boxes:?}"
    );
}
