//! `manifest.public.json`: what was run on what, with rounded rows.

use serde_json::{Value, json};

use super::Manifest;
use crate::accounting::RowAccount;

/// Rows are told to the nearest of this.
const BASE: u64 = 100;

pub(super) fn manifest(manifest: &Manifest<'_>) -> Value {
    let info = manifest.info;
    let from = manifest.from;
    let files: Vec<Value> = manifest
        .files
        .iter()
        .map(|f| json!({ "path": f.path, "digest": f.digest.to_string(), "bytes": f.bytes }))
        .collect();
    let accounts: Vec<Value> = from
        .accounts
        .iter()
        .map(|(stage, account)| rounded(stage, account))
        .collect();
    json!({
        "release": info.id,
        "title": info.title,
        "notice": info.notice(),
        "purpose": info.purpose.word(),
        "referenceDate": info.reference_date,
        "period": info.period,
        "keyFingerprint": info.key_fingerprint,
        "program": {
            "name": "kinlink",
            "version": from.program_version,
            "digest": from.program.to_string(),
        },
        "plan": from.plan.to_string(),
        "configuration": from.configuration.to_string(),
        "extracts": from.extracts,
        "definitions": from.definitions.iter()
            .map(|(role, digest)| json!({ "role": role, "digest": digest.to_string() }))
            .collect::<Vec<_>>(),
        "rowsRoundedTo": BASE,
        "rowsNote": "Each figure is rounded by itself, so that parts need not add up to what came in.",
        "rows": accounts,
        "files": files,
    })
}

/// An account of rows without what could be had by subtraction: what was held back, merged,
/// excluded or out of scope is told together, and every figure is rounded by itself.
fn rounded(stage: &str, account: &RowAccount) -> Value {
    json!({
        "stage": stage,
        "source": account.source,
        "unit": account.unit,
        "in": nearest(account.rows_in),
        "accepted": nearest(account.accepted),
        "not_accepted": nearest(account.accounted().saturating_sub(account.accepted)),
    })
}

fn nearest(rows: u64) -> u64 {
    rows.saturating_add(BASE / 2) / BASE * BASE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_rounded_and_what_was_excluded_is_not_told_by_itself() {
        let account = RowAccount {
            rows_in: 98_113,
            accepted: 97_640,
            quarantined: 412,
            merged: 57,
            excluded: 2,
            out_of_scope: 2,
            ..RowAccount::new("custody", "offenders.csv")
        };
        let told = rounded("ingest", &account);
        assert_eq!(told["in"], 98_100);
        assert_eq!(told["accepted"], 97_600);
        assert_eq!(told["not_accepted"], 500);
        assert!(told.get("excluded").is_none());
    }

    #[test]
    fn every_count_within_a_rounded_one_looks_the_same() {
        assert!((50..150).all(|n| nearest(n) == 100));
        assert_eq!((nearest(49), nearest(150)), (0, 200));
    }
}
