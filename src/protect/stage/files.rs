//! What the stage writes: tables, true counts for the restricted folder, pages for review, and the
//! summary.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::json;

use super::super::error::ProtectError;
use super::super::linked::State;
use super::super::review;
use super::super::table::ProtectedTable;
use super::rows::shown;
use super::{Job, Systems, TrueCell, Working, suppression_audit};
use crate::columnar::{Layout, TableWriter, Written};
use crate::digest::Digest;
use crate::stage::{OutputFile, StageFolders, StageReport};

pub(super) fn write(
    tables: &[Working],
    finished: &[ProtectedTable],
    systems: &Systems,
    least_width: Option<f64>,
    job: &Job,
    folders: &StageFolders<'_>,
) -> Result<StageReport, ProtectError> {
    let mut report = StageReport::default();
    let mut summary = Vec::new();
    let (mut primary, mut secondary) = (0, 0);
    for table in finished {
        let id = &table.definition().id;
        let written = table.save(&folders.stage.join("tables").join(format!("{id}.parquet")))?;
        report.files.push(output(&written, folders));
        let working = tables.iter().find(|w| w.definition.id == *id);
        let state = |s: State| {
            working.map_or(0, |w| {
                w.restricted.iter().filter(|(.., c)| c.state == s).count()
            })
        };
        if let Some(working) = working {
            let path = folders.restricted.join(format!("{id}.parquet"));
            report
                .files
                .push(output(&save_restricted(working, &path)?, folders));
            let cells = working
                .restricted
                .iter()
                .map(|(codes, concept, measure, cell)| {
                    (
                        shown(working.definition, codes.clone(), (*concept, measure), cell),
                        cell,
                    )
                });
            report
                .files
                .push(review::save(working.definition, cells, folders)?);
        }
        let (p, s) = (state(State::Primary), state(State::Secondary));
        (primary, secondary) = (primary + p, secondary + s);
        let shown = table.rows().iter().filter(|r| r.value.is_some()).count();
        summary.push(json!({
            "id": id,
            "cells": table.rows().len(),
            "primary": p,
            "secondary": s,
            "shown": shown,
            "rounding": table.rounding(),
        }));
    }
    let checked = suppression_audit::write(tables, &job.rules, folders)?;
    report.files.extend(checked);
    let summary = json!({
        "tables": summary,
        "protected_together": systems,
        "attacker": suppression_audit::attacker(&job.rules),
        "rules": job.rules,
        "least_width": least_width,
    });
    let path = folders.stage.join("summary.json");
    let text = format!("{summary:#}\n");
    std::fs::write(&path, &text).map_err(|source| ProtectError::Io {
        path: path.clone(),
        source,
    })?;
    report.files.push(OutputFile {
        path: folders.relative(&path),
        digest: Digest::of(text.as_bytes()),
        bytes: u64::try_from(text.len()).unwrap_or(u64::MAX),
        rows: None,
    });
    for (name, value) in [
        ("tables", json!(finished.len())),
        ("primary", json!(primary)),
        ("secondary", json!(secondary)),
        ("least_width", json!(least_width)),
    ] {
        report.figures.insert(name.to_owned(), value);
    }
    Ok(report)
}

fn output(written: &Written, folders: &StageFolders<'_>) -> OutputFile {
    OutputFile {
        path: folders.relative(&written.path),
        digest: written.digest,
        bytes: written.bytes,
        rows: Some(written.rows),
    }
}

/// True counts and states: for the restricted folder only.
fn save_restricted(table: &Working, path: &Path) -> Result<Written, ProtectError> {
    let mut fields: Vec<Field> = table
        .definition
        .dimensions
        .iter()
        .map(|d| Field::new(&d.name, DataType::Utf8, false))
        .collect();
    fields.extend([
        Field::new("concept", DataType::Utf8, false),
        Field::new("measure", DataType::Utf8, false),
        Field::new("count", DataType::UInt64, false),
        Field::new("state", DataType::Utf8, false),
    ]);
    let schema = Arc::new(Schema::new(fields));
    let mut columns: Vec<ArrayRef> = (0..table.definition.dimensions.len())
        .map(|d| {
            let codes = table
                .restricted
                .iter()
                .map(|(c, ..)| c.get(d).map(String::as_str));
            Arc::new(codes.collect::<StringArray>()) as ArrayRef
        })
        .collect();
    let text = |of: &dyn Fn(&TrueCell) -> String| -> ArrayRef {
        Arc::new(
            table
                .restricted
                .iter()
                .map(|r| Some(of(r)))
                .collect::<StringArray>(),
        )
    };
    columns.push(text(&|r| r.1.word().to_owned()));
    columns.push(text(&|r| r.2.clone()));
    columns.push(Arc::new(
        table
            .restricted
            .iter()
            .map(|r| Some(r.3.count))
            .collect::<UInt64Array>(),
    ));
    columns.push(text(&|r| r.3.state.word().to_owned()));
    let mut writer = TableWriter::create(path, schema.clone(), Layout::Restricted, &[])?;
    let batch = RecordBatch::try_new(schema, columns).map_err(|_| ProtectError::NotProtected {
        path: path.to_path_buf(),
    })?;
    writer.write(&batch)?;
    Ok(writer.finish()?)
}
