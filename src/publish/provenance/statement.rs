//! `provenance.intoto.json`: an in-toto statement (v1) with SLSA provenance (v1) about every file
//! of the release. It is unsigned; who signs releases signs this file.

use serde_json::{Value, json};

use super::Manifest;

pub(super) fn statement(manifest: &Manifest<'_>) -> Value {
    let from = manifest.from;
    let subject: Vec<Value> = manifest
        .files
        .iter()
        .map(|f| json!({ "name": f.path, "digest": { "sha256": f.digest.hex() } }))
        .collect();
    let mut dependencies = vec![json!({
        "name": "pipeline file",
        "digest": { "sha256": from.configuration.hex() },
    })];
    dependencies.extend(
        from.definitions
            .iter()
            .map(|(role, digest)| json!({ "name": role, "digest": { "sha256": digest.hex() } })),
    );
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                // A name, not a page: a release needs no network to be checked.
                "buildType": "urn:kinlink:run:v1",
                "externalParameters": {
                    "release": manifest.info.id,
                    "purpose": manifest.info.purpose.word(),
                    "configuration": { "sha256": from.configuration.hex() },
                    "keyFingerprint": manifest.info.key_fingerprint,
                },
                "internalParameters": {
                    "plan": { "sha256": from.plan.hex() },
                    "extracts": from.extracts,
                },
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {
                    "id": format!("urn:kinlink:{}:sha256:{}", from.program_version, from.program.hex()),
                    "version": { "kinlink": from.program_version },
                },
                "metadata": { "invocationId": manifest.info.id },
            },
        },
    })
}
