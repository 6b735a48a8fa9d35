//! Where a release comes from: every form agrees with the files, and none tells exact rows.

use std::collections::BTreeSet;
use std::path::Path;

use kinlink::digest::Digest;
use kinlink::publish::Purpose;

use super::{published, text};

fn read(target: &Path, name: &str) -> serde_json::Value {
    serde_json::from_str(&text(target, name)).expect("JSON")
}

#[test]
fn the_statement_is_about_every_file_with_its_digest() {
    let (_run, target, summary) = published(Purpose::Production);
    let statement = read(&target, "provenance.intoto.json");
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    let subjects = statement["subject"].as_array().expect("subjects");
    for subject in subjects {
        let name = subject["name"].as_str().expect("a name");
        let (digest, _) = Digest::of_file(&target.join(name)).expect("there");
        assert_eq!(subject["digest"]["sha256"], digest.hex().as_str(), "{name}");
    }
    // All but the documents of provenance themselves and the sums.
    assert_eq!(subjects.len() + 4, summary.files.len());
    for part in ["buildDefinition", "runDetails"] {
        assert!(statement["predicate"][part].is_object());
    }
}

#[test]
fn the_crate_lists_the_files_and_describes_each() {
    let (_run, target, _) = published(Purpose::Production);
    let metadata = read(&target, "ro-crate-metadata.json");
    let graph = metadata["@graph"].as_array().expect("a graph");
    let ids: BTreeSet<&str> = graph.iter().filter_map(|e| e["@id"].as_str()).collect();
    assert_eq!(ids.len(), graph.len(), "an id stands twice");
    let root = graph.iter().find(|e| e["@id"] == "./").expect("the root");
    for key in ["name", "description", "datePublished", "license"] {
        assert!(!root[key].is_null(), "{key}");
    }
    let parts = root["hasPart"].as_array().expect("parts");
    assert!(parts.len() > 100);
    for part in parts {
        let id = part["@id"].as_str().expect("an id");
        assert!(ids.contains(id) && target.join(id).is_file(), "{id}");
    }
    // Every reference leads to something in the crate.
    let descriptor = graph.iter().find(|e| e["@id"] == "ro-crate-metadata.json");
    assert_eq!(descriptor.expect("there")["about"]["@id"], "./");
}

#[test]
fn the_columns_of_the_metadata_are_those_of_the_csv() {
    let (_run, target, _) = published(Purpose::Production);
    for id in super::ALL_TABLES {
        let metadata = read(&target, &format!("tables/{id}.csv-metadata.json"));
        assert_eq!(metadata["url"], format!("{id}.csv"));
        let csv = text(&target, &format!("tables/{id}.csv"));
        let header: Vec<&str> = csv.lines().next().expect("a header").split(',').collect();
        let columns = metadata["tableSchema"]["columns"]
            .as_array()
            .expect("columns");
        let names: Vec<&str> = columns.iter().filter_map(|c| c["name"].as_str()).collect();
        assert_eq!(names, header);
        for key in metadata["tableSchema"]["primaryKey"]
            .as_array()
            .expect("a key")
        {
            assert!(names.contains(&key.as_str().expect("text")));
        }
    }
}

#[test]
fn no_file_of_the_release_tells_exact_rows() {
    let (_run, target, summary) = published(Purpose::Production);
    for name in summary.files {
        let bytes = std::fs::read(target.join(&name)).expect("there");
        let text = String::from_utf8_lossy(&bytes);
        for exact in ["98113", "97640", "\"quarantined\"", "\"excluded\""] {
            assert!(!text.contains(exact), "{exact} in {name}");
        }
    }
    let manifest = read(&target, "manifest.public.json");
    assert_eq!(manifest["rows"][0]["in"], 98_100);
    assert_eq!(manifest["rows"][0]["accepted"], 97_600);
}
