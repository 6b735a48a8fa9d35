//! The checker's pack: every table as it would be released, beside what lies under it, in the
//! form that SACRO-Viewer opens.
//!
//! `results.json` and `checksums/NAME.txt` have the form of ACRO 1.0: a result for each table with
//! its files, status, summary, command and comments. The underlying counts are the files that
//! `protect` wrote for review; they are copied byte for byte and not looked into here.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::cleared::{Cleared, ClearedTable};
use super::csv_table;
use super::error::PublishError;
use crate::digest::Digest;
use crate::schema::published::Status;
use crate::stage::{OutputFile, StageFolders};

/// The version of ACRO whose form this is.
const FORM: &str = "1.0.2";

/// What `protect` left for the checker.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Review {
    /// The counts under each table: its id, the file, and its digest.
    pub underlying: Vec<(String, PathBuf, Digest)>,
    /// `summary.json` of the stage: rules, hidden cells, tables that were protected together.
    pub protection: Value,
}

/// Writes the pack into the stage's review folder.
pub(crate) fn write(
    cleared: &Cleared<'_>,
    review: &Review,
    release_files: &str,
    folders: &StageFolders<'_>,
) -> Result<Vec<OutputFile>, PublishError> {
    let mut pack = Pack {
        folders,
        files: Vec::new(),
    };
    let mut results = Map::new();
    for (i, table) in cleared.tables().enumerate() {
        let id = &table.definition().id;
        let mut files = Vec::new();
        let released = format!("{id}_released.csv");
        pack.file(&released, &csv_table::render(table)?)?;
        files.push((released, "as it would be released"));
        if let Some((_, path, digest)) = review.underlying.iter().find(|(own, ..)| own == id) {
            let underlying = format!("{id}_underlying.csv");
            pack.file(&underlying, &read(path, digest)?)?;
            files.push((underlying, "counts under it, for the checker only"));
        }
        let uid = format!("output_{i}");
        let one = result(&uid, table, cleared, &review.protection, &files);
        results.insert(uid, one);
    }
    let uid = format!("output_{}", results.len());
    let name = "release_files.txt".to_owned();
    pack.file(&name, release_files.as_bytes())?;
    let listed = custom(&uid, cleared, &name);
    results.insert(uid, listed);
    let whole = json!({ "version": FORM, "results": results });
    let text = format!("{whole:#}\n");
    pack.file("results.json", text.as_bytes())?;
    Ok(pack.files)
}

fn read(path: &Path, expected: &Digest) -> Result<Vec<u8>, PublishError> {
    let bytes = std::fs::read(path).map_err(|source| PublishError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    if Digest::of(&bytes) != *expected {
        return Err(PublishError::Changed {
            path: path.to_path_buf(),
        });
    }
    Ok(bytes)
}

/// Hidden cells of a table, by why they are hidden, and what its protection was.
struct Protection {
    primary: u64,
    secondary: u64,
    least_width: Option<f64>,
    rules: Value,
    together: Vec<String>,
}

impl Protection {
    fn of(id: &str, summary: &Value) -> Self {
        let list = |key: &str| summary[key].as_array().cloned().unwrap_or_default();
        let own = list("tables").into_iter().find(|t| t["id"] == id);
        let count = |key: &str| {
            let table = own.as_ref();
            table.and_then(|t| t[key].as_u64()).unwrap_or(0)
        };
        // A series has a system for each of its days: `T02 (2025-09-30)`.
        let is_own = |t: &str| t.split_once(" (").map_or(t, |(own, _)| own) == id;
        let mut together: Vec<String> = list("protected_together")
            .into_iter()
            .filter_map(|s| s.as_array().cloned())
            .filter(|s| s.iter().any(|t| t.as_str().is_some_and(is_own)))
            .flatten()
            .filter_map(|t| t.as_str().map(str::to_owned))
            .filter(|t| !is_own(t))
            .collect();
        together.sort();
        together.dedup();
        Protection {
            primary: count("primary"),
            secondary: count("secondary"),
            least_width: summary["least_width"].as_f64(),
            rules: summary["rules"].clone(),
            together,
        }
    }
}

fn result(
    uid: &str,
    table: ClearedTable<'_>,
    cleared: &Cleared<'_>,
    summary: &Value,
    files: &[(String, &str)],
) -> Value {
    let definition = table.definition();
    let protection = Protection::of(&definition.id, summary);
    let hidden = protection.primary + protection.secondary;
    let status = if hidden > 0 { "review" } else { "pass" };
    let missing = |s: Status| table.rows().iter().filter(|r| r.status == s).count();
    let sdc = json!({
        "summary": {
            "suppressed": hidden > 0,
            "negative": 0,
            "missing": missing(Status::X),
            "threshold": protection.primary,
            "p-ratio": 0,
            "nk-rule": 0,
            "all-values-are-same": 0,
        },
        "cells": {
            "negative": [], "missing": [], "threshold": [], "p-ratio": [], "nk-rule": [],
            "all-values-are-same": [],
        },
    });
    let files: Vec<Value> = files
        .iter()
        .map(|(name, _)| json!({ "name": name, "sdc": sdc }))
        .collect();
    json!({
        "uid": uid,
        "status": status,
        "type": "table",
        "properties": { "method": "crosstab", "table": definition.id },
        "files": files,
        "fair": fair(),
        "outcome": {},
        "command": format!("kinlink run: table {}", definition.id),
        "summary": told(table, &protection, status),
        "timestamp": timestamp(cleared),
        "comments": comments(table, &protection),
        "exception": "",
    })
}

/// The class of output in the terms of the statbarns, by which checkers know its risks.
fn fair() -> Value {
    json!({ "statbarn": {
        "class": "Frequencies",
        "uri": "https://www.w3id.org/statbarnsdc#Frequencies",
        "risks": ["ClassDisclosure", "Differencing", "LowCount"],
    } })
}

fn told(table: ClearedTable<'_>, protection: &Protection, status: &str) -> String {
    let mut parts = vec![status.to_owned()];
    if protection.primary > 0 {
        parts.push(format!(
            "threshold: {} cells suppressed",
            protection.primary
        ));
    }
    if protection.secondary > 0 {
        let cells = protection.secondary;
        parts.push(format!("{cells} further cells suppressed for their sake"));
    }
    if let Some(base) = table.rounding() {
        parts.push(format!("rounded to base {base}"));
    }
    if let (Some(width), true) = (protection.least_width, protection.primary > 0) {
        parts.push(format!(
            "an attacker's bounds of a small count are {width} or more apart"
        ));
    }
    parts.join("; ")
}

/// The context of a table: what a checker would otherwise have to ask for.
fn comments(table: ClearedTable<'_>, protection: &Protection) -> Vec<String> {
    let definition = table.definition();
    let mut out = vec![
        format!("{}. {}.", definition.title, definition.subtitle),
        format!("Population: {}.", definition.population),
    ];
    for dimension in &definition.dimensions {
        let text = &dimension.description;
        out.push(format!("{} ({}): {text}", dimension.title, dimension.name));
    }
    for concept in &definition.concepts {
        out.push(format!(
            "Concept {}: {}.",
            concept.word(),
            concept.meaning()
        ));
    }
    out.push(match definition.suppression {
        Some(rule) => format!(
            "Counts from 1 to {} are hidden, and as many others as it takes.",
            rule.min_frequency.saturating_sub(1)
        ),
        None => "The table is national or regional: nothing is hidden for its size.".to_owned(),
    });
    if !protection.rules.is_null() {
        out.push(format!("Rules of the run: {}.", protection.rules));
    }
    if !protection.together.is_empty() {
        let others = protection.together.join(", ");
        out.push(format!(
            "Protected in one system with {others}, whose cells it shares."
        ));
    }
    if let Some(from) = &definition.built_from {
        out.push(format!(
            "Made of released figures of {from} only; no count of its own."
        ));
    }
    out.push(
        "In the underlying file `state` tells why a cell is hidden; `lower` and `upper` are the \
         attacker's bounds, and `bounds` says whether they are exact or proved to be these or \
         further apart. The time stamp is the reference date: a run has no clock."
            .to_owned(),
    );
    out
}

fn custom(uid: &str, cleared: &Cleared<'_>, name: &str) -> Value {
    json!({
        "uid": uid,
        "status": "review",
        "type": "custom",
        "properties": {},
        "files": [{ "name": name, "sdc": {} }],
        "fair": {},
        "outcome": {},
        "command": "custom",
        "summary": "review",
        "timestamp": timestamp(cleared),
        "comments": [
            "Every file of the release with its SHA-256: all of them hold the released tables \
             above and nothing else.",
        ],
        "exception": "",
    })
}

fn timestamp(cleared: &Cleared<'_>) -> String {
    format!("{}T00:00:00", cleared.info().reference_date)
}

struct Pack<'a> {
    folders: &'a StageFolders<'a>,
    files: Vec<OutputFile>,
}

impl Pack<'_> {
    /// A file and its checksum.
    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
        self.save(name, bytes)?;
        let sum = Digest::of(bytes).hex();
        self.save(&format!("checksums/{name}.txt"), sum.as_bytes())
    }

    fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
        let path = self.folders.review.join(name);
        let write = || -> std::io::Result<()> {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o640)
                .open(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|source| PublishError::Io {
            path: path.clone(),
            source,
        })?;
        self.files.push(OutputFile {
            path: self.folders.relative(&path),
            digest: Digest::of(bytes),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            rows: None,
        });
        Ok(())
    }
}
