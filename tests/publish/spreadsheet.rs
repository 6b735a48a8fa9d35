//! The spreadsheet: what stands in it, that it meets the checklist, and that the checklist finds
//! what is wrong with others.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use kinlink::publish::lint::{Outcome, Report, lint};
use kinlink::publish::{self, Purpose};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::stage_cells::Run;
use super::{job, published, text};

/// The parts of a document with their text.
fn parts(path: &Path) -> Vec<(String, String)> {
    let file = std::fs::File::open(path).expect("there");
    let mut archive = ZipArchive::new(file).expect("a zip archive");
    (0..archive.len())
        .map(|i| {
            let mut entry = archive.by_index(i).expect("an entry");
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            (entry.name().expect("a name").into_owned(), text)
        })
        .collect()
}

fn content(path: &Path) -> String {
    let all = parts(path);
    let found = all.into_iter().find(|(n, _)| n == "content.xml");
    found.expect("content").1
}

/// The document with one thing changed in one of its parts.
fn changed(original: &Path, part: &str, from: &str, to: &str, into: &Path) {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut found = false;
    for (name, text) in parts(original) {
        let text = if name == part {
            found = text.contains(from);
            text.replacen(from, to, 1)
        } else {
            text
        };
        archive
            .start_file(name, SimpleFileOptions::default())
            .expect("entry");
        archive.write_all(text.as_bytes()).expect("written");
    }
    assert!(found, "{part} has no {from}");
    let bytes = archive.finish().expect("finished").into_inner();
    std::fs::write(into, bytes).expect("written");
}

fn outcome(report: &Report, check: &str) -> Outcome {
    let found = report.findings.iter().find(|f| f.check.contains(check));
    found.unwrap_or_else(|| panic!("no check {check}")).outcome
}

#[test]
fn our_own_meets_34_of_the_36_items_and_leaves_two_to_a_person() {
    let (_run, target, _) = published(Purpose::Production);
    let report = lint(&target.join("tables.ods")).expect("readable");
    assert_eq!(report.findings.len(), 36);
    assert_eq!(report.findings.iter().filter(|f| f.essential).count(), 19);
    assert_eq!(report.count(Outcome::Pass), 34, "{}", report.text());
    let open: Vec<&str> = report
        .findings
        .iter()
        .filter(|f| f.outcome == Outcome::Undecided)
        .map(|f| f.check)
        .collect();
    assert_eq!(
        open,
        [
            "All written content needs to meet the accessibility guidelines",
            "Run a spelling and grammar check",
        ]
    );
    assert!(!report.stops());
}

#[test]
fn every_figure_of_the_spreadsheet_is_one_of_the_release_and_none_is_lost() {
    let (_run, target, _) = published(Purpose::Production);
    let content = content(&target.join("tables.ods"));
    for id in super::ALL_TABLES {
        let start = content
            .find(&format!("table:name=\"Table {id}\""))
            .expect("a sheet");
        let end = start + content[start..].find("</table:table>").expect("its end");
        let mut shown: Vec<String> = content[start..end]
            .split("office:value=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().expect("a value").to_owned())
            .collect();
        let csv = text(&target, &format!("tables/{id}.csv"));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let header = reader.headers().expect("header").clone();
        let mut released = Vec::new();
        for record in reader.records() {
            let record = record.expect("row");
            for name in ["value", "lower", "upper"] {
                let at = header.iter().position(|h| h == name).expect("column");
                if record[at].parse::<f64>().is_ok() {
                    released.push(record[at].to_owned());
                }
            }
        }
        shown.sort();
        released.sort();
        assert!(!released.is_empty());
        assert_eq!(shown, released, "{id}");
    }
}

#[test]
fn the_sheets_read_like_this() {
    let (_run, target, _) = published(Purpose::Rehearsal);
    let content = content(&target.join("tables.ods"));
    let mut out = String::new();
    for sheet in content.split("<table:table ").skip(1) {
        let name = sheet.split("table:name=\"").nth(1).expect("a name");
        out.push_str(&format!("== {}\n", name.split('"').next().expect("a name")));
        for row in sheet.split("<table:table-row ").skip(1).take(9) {
            let cells: Vec<String> = row
                .split("<text:p>")
                .skip(1)
                .map(|cell| {
                    let inner = cell.split("</text:p>").next().expect("its end");
                    let mut bare = String::new();
                    let mut tag = false;
                    for c in inner.chars() {
                        match c {
                            '<' => tag = true,
                            '>' => tag = false,
                            c if !tag => bare.push(c),
                            _ => {}
                        }
                    }
                    bare
                })
                .collect();
            out.push_str(&format!("{}\n", cells.join(" | ")));
        }
    }
    insta::assert_snapshot!("sheets", out);
}

#[test]
fn each_fault_is_found_by_the_item_it_offends() {
    // Two tables show every fault as well as eight.
    let run = Run::new();
    let report = run.protect(&["T01", "T03"]).expect("protects");
    let job = job(&run, &report, Purpose::Production);
    run.folders("06-publish", |f| publish::run(&job, f))
        .expect("publishes");
    let original = run.root().join("release/tables.ods");
    let cell = "<table:table-cell table:style-name=\"Paragraph\" office:value-type=\"string\">";
    let title = "<table:table-cell table:style-name=\"Heading_20_1\" \
                 office:value-type=\"string\"><text:p>Contents</text:p>";
    let row = "<table:table-row table:style-name=\"ro\">";
    let whole = "table:name=\"Table T01\"";
    let link = ">Table T03</text:a>";
    let cover = "<style:style style:name=\"Paragraph\" style:display-name=\"Paragraph\" \
                 style:family=\"table-cell\" style:parent-style-name=\"Default\">\
                 <style:table-cell-properties ";
    let wrapped = "style:parent-style-name=\"Default\"><style:table-cell-properties \
                   fo:wrap-option=\"wrap\" style:vertical-align=\"top\"/></style:style>";
    let end = "</table:table>\n<table:database-ranges>";
    let spanned = format!(
        "{} table:number-columns-spanned=\"2\">",
        cell.trim_end_matches('>')
    );
    let faults: Vec<(&str, &str, &str, String)> = vec![
        (
            "Mark up tables",
            "content.xml",
            "table:target-range-address=\"$'Table T01'",
            "table:target-range-address=\"$'Cover'".into(),
        ),
        (
            "meaningful names",
            "content.xml",
            "table:name=\"Contents_list\"",
            "table:name=\"Table1\"".into(),
        ),
        ("Remove merged", "content.xml", cell, spanned),
        (
            "Remove blank rows",
            "content.xml",
            "</table:table-header-rows>\n",
            format!("</table:table-header-rows>{row}<table:table-cell/></table:table-row>"),
        ),
        (
            "one tagged header row",
            "content.xml",
            "<text:p>Title</text:p>",
            "<text:p>Worksheet</text:p>".into(),
        ),
        (
            "Wrap text",
            "styles.xml",
            wrapped,
            wrapped.replace("\"wrap\"", "\"no-wrap\""),
        ),
        (
            "filters and freeze panes",
            "content.xml",
            "table:display-filter-buttons=\"false\"",
            "table:display-filter-buttons=\"true\"".into(),
        ),
        (
            "cells with no data empty",
            "content.xml",
            "<text:p>Notes on the tables</text:p>",
            "<text:p></text:p>".into(),
        ),
        (
            "hiding rows",
            "content.xml",
            row,
            format!(
                "{} table:visibility=\"collapse\">",
                row.trim_end_matches('>')
            ),
        ),
        (
            "sensible width",
            "content.xml",
            "style:column-width=\"",
            "style:column-width=\"1mm\" style:was=\"".into(),
        ),
        (
            "symbols or superscript",
            "content.xml",
            "<text:p>Notes on the tables</text:p>",
            "<text:p>Notes on the tables*</text:p>".into(),
        ),
        (
            "the word 'note'",
            "content.xml",
            "<text:p>Notes on the tables</text:p>",
            "<text:p>Notes on the tables [1]</text:p>".into(),
        ),
        (
            "note markers in specific",
            "content.xml",
            "<text:p>Notes on the tables</text:p>",
            "<text:p>As in [note 1]</text:p>".into(),
        ),
        (
            "notes table on a notes",
            "content.xml",
            "See [note 1]",
            "See [note 99]".into(),
        ),
        (
            "written content",
            "content.xml",
            "<text:p>Notes on the tables</text:p>",
            "<text:p>Notes, e.g. on the tables</text:p>".into(),
        ),
        (
            "Links must",
            "content.xml",
            link,
            ">click here</text:a>".into(),
        ),
        (
            "Links must",
            "content.xml",
            "xlink:href=\"#'Table T03'.A1\"",
            "xlink:href=\"#'Table T99'.A1\"".into(),
        ),
        (
            "Format text",
            "styles.xml",
            "fo:font-size=\"12pt\"",
            "fo:font-size=\"9pt\"".into(),
        ),
        (
            "descriptive titles",
            "content.xml",
            title,
            title.replace("Heading_20_1", "Text"),
        ),
        (
            "Avoid using symbols",
            "content.xml",
            "<text:p>Notes on the tables</text:p>",
            "<text:p>..</text:p>".into(),
        ),
        (
            "headers and footers",
            "styles.xml",
            "<style:header style:display=\"false\"/>",
            "<style:header><text:p>Secret</text:p></style:header>".into(),
        ),
        (
            "visual devices",
            "styles.xml",
            cover,
            format!("{cover}fo:border=\"1pt solid #000000\" "),
        ),
        (
            "background fill",
            "styles.xml",
            cover,
            format!("{cover}fo:background-color=\"#12436d\" "),
        ),
        (
            "check the contrast",
            "styles.xml",
            cover,
            format!("{cover}fo:background-color=\"#333333\" "),
        ),
        (
            "images",
            "content.xml",
            end,
            format!(
                "<table:shapes><draw:frame xmlns:draw=\"d\"><draw:image/></draw:frame></table:shapes>{end}"
            ),
        ),
        (
            "macros",
            "content.xml",
            "<office:automatic-styles>",
            "<office:scripts><office:script/></office:scripts><office:automatic-styles>".into(),
        ),
        (
            "unique names",
            "content.xml",
            whole,
            "table:name=\"Table T03\"".into(),
        ),
        (
            "blank worksheets",
            "content.xml",
            end,
            "</table:table><table:table table:name=\"Empty\"></table:table><table:database-ranges>"
                .into(),
        ),
        (
            "column A wisely",
            "content.xml",
            "<text:p>This worksheet contains one table.</text:p>",
            "<text:p></text:p>".into(),
        ),
        (
            "left-hand edges",
            "content.xml",
            "table:target-range-address=\"$'Contents'.A4:",
            "table:target-range-address=\"$'Contents'.B4:".into(),
        ),
        (
            "content below",
            "content.xml",
            end,
            format!("{row}{cell}<text:p>Source</text:p></table:table-cell></table:table-row>{end}"),
        ),
        (
            "multiple tables",
            "content.xml",
            end,
            "</table:table><table:database-ranges><table:database-range table:name=\"second\" table:target-range-address=\"$Notes.A5:$Notes.B6\"/>".into(),
        ),
        (
            "spelling",
            "content.xml",
            "<text:p>Notes on the tables</text:p>",
            "<text:p>Notes on the the tables</text:p>".into(),
        ),
        (
            "accessibility checker",
            "meta.xml",
            "<dc:title>",
            "<dc:x>".into(),
        ),
        (
            "document information",
            "meta.xml",
            "<dc:subject>",
            "<dc:x>".into(),
        ),
        (
            "cursor is in cell A1",
            "settings.xml",
            "config:type=\"int\">0",
            "config:type=\"int\">5".into(),
        ),
    ];
    let broken = run.root().join("broken.ods");
    for (check, part, from, to) in faults {
        // A closing tag goes with its opening one.
        let tag = to.starts_with("<dc:x>");
        changed(&original, part, from, &to, &broken);
        if tag {
            let close = from.replace('<', "</");
            let once = run.root().join("once.ods");
            std::fs::rename(&broken, &once).expect("renamed");
            changed(&once, part, &close, "</dc:x>", &broken);
        }
        let report = lint(&broken).unwrap_or_else(|e| panic!("{check}: {e}"));
        assert_eq!(
            outcome(&report, check),
            Outcome::Fail,
            "{check}\n{}",
            report.text()
        );
    }
    // Colour as the only sign cannot be decided, but is told.
    let red = format!("{cover}/><style:text-properties fo:color=\"#aa0000\" ");
    changed(&original, "styles.xml", cover, &red, &broken);
    let report = lint(&broken).expect("readable");
    assert_eq!(outcome(&report, "only way to convey"), Outcome::Undecided);
}

#[test]
fn what_is_no_spreadsheet_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("x.ods");
    for bytes in [&b""[..], b"PK", b"plain text"] {
        std::fs::write(&path, bytes).expect("written");
        assert!(lint(&path).is_err());
    }
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default();
    archive.start_file("content.xml", plain).expect("entry");
    archive.write_all(b"<a><b></a>").expect("written");
    let bytes = archive.finish().expect("finished").into_inner();
    std::fs::write(&path, bytes).expect("written");
    assert!(lint(&path).is_err());
}

#[test]
fn a_document_of_another_make_is_read_as_it_is_shown() {
    let long = "A text that is a good deal longer than its column is wide";
    let cell = |text: &str| {
        format!("<t:table-cell o:value-type='string'><x:p>{text}</x:p></t:table-cell>")
    };
    let row = |cells: &str| format!("<t:table-row>{cells}</t:table-row>");
    let rows = [
        row(&cell("Ages of children")),
        row(&(cell("Area") + &cell("Count"))),
        row(&(cell(long) + &cell("1"))),
        row(&("<t:table-cell/>".to_owned() + &cell("2"))),
    ]
    .join("");
    let content = format!(
        "<o:document-content xmlns:o='o' xmlns:t='t' xmlns:x='x' xmlns:s='s' xmlns:f='f'>\
         <o:automatic-styles><s:style s:name='w' s:family='table-cell'>\
         <s:table-cell-properties f:wrap-option='wrap'/></s:style></o:automatic-styles>\
         <o:body><o:spreadsheet><t:table t:name='Ages'>\
         <t:table-column t:number-columns-repeated='2' t:default-cell-style-name='w'/>{rows}\
         <t:table-row t:number-rows-repeated='1048572'><t:table-cell \
         t:number-columns-repeated='16384'/></t:table-row>\
         </t:table></o:spreadsheet></o:body></o:document-content>"
    );
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("other.ods");
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default();
    archive.start_file("content.xml", plain).expect("entry");
    archive.write_all(content.as_bytes()).expect("written");
    std::fs::write(&path, archive.finish().expect("finished").into_inner()).expect("written");
    let report = lint(&path).expect("readable");
    // The style of a column is that of its cells, and a row with one figure is a row of the table.
    assert_eq!(outcome(&report, "Wrap text"), Outcome::Pass);
    assert_eq!(outcome(&report, "content below"), Outcome::Pass);
    let empty = report
        .findings
        .iter()
        .find(|f| f.check.starts_with("Only leave"));
    assert_eq!(empty.expect("there").places, ["Ages, A4"]);
}
