//! `ro-crate-metadata.json`: the release as a Research Object (RO-Crate 1.2).

use serde_json::{Value, json};

use super::{Manifest, last, media_type};

const CONTEXT: &str = "https://w3id.org/ro/crate/1.2/context";
const PROFILE: &str = "https://w3id.org/ro/crate/1.2";
const LICENCE: &str = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/";

pub(super) fn metadata(manifest: &Manifest<'_>) -> Value {
    let info = manifest.info;
    let parts: Vec<Value> = manifest
        .files
        .iter()
        .map(|f| json!({ "@id": f.path }))
        .collect();
    let mut graph = vec![
        json!({
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": { "@id": "./" },
            "conformsTo": { "@id": PROFILE },
        }),
        json!({
            "@id": "./",
            "@type": "Dataset",
            "identifier": info.id,
            "name": info.title,
            "description": format!(
                "{} The date of publication is not known to the program that made this crate; the \
                 reference date of the statistics stands in its place.",
                info.notice()
            ),
            "datePublished": info.reference_date,
            "temporalCoverage": info.period,
            "license": { "@id": LICENCE },
            "hasPart": parts,
        }),
        json!({
            "@id": LICENCE,
            "@type": "CreativeWork",
            "name": "Open Government Licence v3.0",
        }),
    ];
    graph.push(program(manifest));
    graph.push(action(manifest));
    graph.extend(manifest.files.iter().map(|f| {
        json!({
            "@id": f.path,
            "@type": "File",
            "name": last(&f.path),
            "encodingFormat": media_type(&f.path),
            "contentSize": f.bytes.to_string(),
            "sha256": f.digest.hex(),
        })
    }));
    json!({ "@context": CONTEXT, "@graph": graph })
}

fn program(manifest: &Manifest<'_>) -> Value {
    json!({
        "@id": "#kinlink",
        "@type": "SoftwareApplication",
        "name": "kinlink",
        "version": manifest.from.program_version,
        "identifier": manifest.from.program.to_string(),
    })
}

fn action(manifest: &Manifest<'_>) -> Value {
    json!({
        "@id": format!("#{}", manifest.info.id),
        "@type": "CreateAction",
        "name": "The run that made this release",
        "instrument": { "@id": "#kinlink" },
        "result": { "@id": "./" },
        "identifier": manifest.from.plan.to_string(),
    })
}
