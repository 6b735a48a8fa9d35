//! Promise: encrypted, the files of a release say the same as in the clear and nothing without
//! their key; they are read by pyarrow and DuckDB with the lines of their README; and no key for
//! pseudonyms leaves with them.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kinlink::columnar::{ColumnarError, TableReader};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::encryption::decrypt::FileDecryptionProperties;
use parquet::file::metadata::KeyValue;

use super::world::{self, World};
use super::{pseudonyms, rows};

const TABLES: [&str; 4] = ["child", "parent", "parent_child", "spell"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/research/readers.py");

/// A run with a release in the clear (`plain`) and one encrypted (`locked`) with `files.key`.
fn released() -> (World, String) {
    let world = World::at_scale("0.002");
    world.run(&["run", "pipelines/rehearsal.toml", "--to", "link"], 0);
    let run = world.only_run().to_str().expect("text").to_owned();
    world.run(&["key", "new", "files.key", "--purpose", "files"], 0);
    ask(&world, &run, "plain", &[], 0);
    ask(
        &world,
        &run,
        "locked",
        &["--encrypt-with", "files.key", "--format", "json"],
        0,
    );
    (world, run)
}

fn ask(world: &World, run: &str, out: &str, further: &[&str], code: i32) -> Output {
    let asked = [
        "research", run, "--for", "study", "-o", out, "--k", "3", "--l", "1",
    ];
    world.run(&[&asked[..], further].concat(), code)
}

/// The last word of a key file, which is the key in base64.
fn digits(world: &World, file: &str) -> String {
    let text = std::fs::read_to_string(world.path().join(file)).expect("a key");
    text.split_whitespace().last().expect("words").to_owned()
}

type Table = (SchemaRef, Option<Vec<KeyValue>>, Vec<RecordBatch>);

/// What the crate reads of a file with a key, or in the clear.
fn read(path: &Path, key: Option<Vec<u8>>) -> Result<Table, parquet::errors::ParquetError> {
    let mut options = ArrowReaderOptions::new();
    if let Some(key) = key {
        let properties = FileDecryptionProperties::builder(key).build()?;
        options = options.with_file_decryption_properties(properties);
    }
    let file = File::open(path).expect("there");
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
    let keys = builder.metadata().file_metadata().key_value_metadata();
    let (schema, keys) = (builder.schema().clone(), keys.cloned());
    let batches = builder.build()?.collect::<Result<Vec<_>, _>>()?;
    Ok((schema, keys, batches))
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|w| w == wanted)
}

/// What must not be found: names, notes, and every text of the tables.
fn words(schema: &Schema, folder: &Path) -> BTreeSet<Vec<u8>> {
    let fixed = ["kinlink", "ARROW:schema", "study", "zstd", "parent"];
    let mut out: BTreeSet<Vec<u8>> = fixed.iter().map(|w| w.as_bytes().to_vec()).collect();
    for field in schema.fields() {
        out.insert(field.name().as_bytes().to_vec());
        out.extend(field.metadata().values().map(|v| v.as_bytes().to_vec()));
    }
    for (table, columns) in [
        ("child", &["age_band", "sex", "ethnicity", "area"][..]),
        ("spell", &["legal_status", "sentence_band", "offence_group"]),
    ] {
        let path = folder.join(format!("data/{table}.parquet"));
        for (_, texts) in rows(&path, &[], columns) {
            out.extend(texts.into_iter().map(String::into_bytes));
        }
    }
    // Shorter ones occur by chance.
    out.retain(|word| word.len() >= 5);
    out
}

#[test]
fn encrypted_it_says_the_same_and_nothing_without_the_key() {
    let (world, run) = released();
    let at = |file: &str| world.path().join(file);
    let (plain, locked) = (at("plain"), at("locked"));
    let key = STANDARD
        .decode(digits(&world, "files.key"))
        .expect("base64");
    let people: BTreeSet<Vec<u8>> = pseudonyms(&plain);
    let mut found_in_the_clear = 0;
    for table in TABLES {
        let file = format!("data/{table}.parquet");
        let (clear, hidden) = (plain.join(&file), locked.join(&file));
        let wanted = read(&clear, None).expect("in the clear");
        assert!(wanted.2.iter().any(|batch| batch.num_rows() > 0));
        assert_eq!(
            read(&hidden, Some(key.clone())).expect("with the key"),
            wanted
        );
        for field in wanted.0.fields() {
            assert!(field.metadata().contains_key("description"), "{field}");
        }

        // Without the key, or with another, there is nothing; our own reader says why.
        assert!(read(&hidden, None).is_err());
        assert!(read(&hidden, Some(vec![7; 32])).is_err());
        let refused = TableReader::open(&hidden, None).err().expect("refused");
        assert!(matches!(refused, ColumnarError::Encrypted { .. }));

        let mode = std::fs::metadata(&hidden).expect("there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        let bytes = std::fs::read(&hidden).expect("bytes");
        assert!(bytes.starts_with(b"PARE") && bytes.ends_with(b"PARE"));
        let in_the_clear = std::fs::read(&clear).expect("bytes");
        for word in words(&wanted.0, &plain).iter().chain(&people) {
            found_in_the_clear += usize::from(holds(&in_the_clear, word));
            assert!(
                !holds(&bytes, word),
                "{file}: {}",
                String::from_utf8_lossy(word)
            );
        }
    }
    // The same search finds names of columns, notes and pseudonyms where nothing is encrypted.
    assert!(
        found_in_the_clear > people.len(),
        "{found_in_the_clear} of {}",
        people.len()
    );

    // The list of digests is of the files as they are; only the tables and what tells of the key
    // differ from the release in the clear.
    let (of_plain, of_locked) = (world::digests(&plain), world::digests(&locked));
    let sums = std::fs::read_to_string(locked.join("SHA256SUMS")).expect("sums");
    assert_eq!(sums.lines().count() + 1, of_locked.len());
    for line in sums.lines() {
        let (digest, file) = line.split_once("  ").expect("two columns");
        assert_eq!(of_locked[Path::new(file)].hex(), digest, "{file}");
    }
    assert!(of_plain.keys().eq(of_locked.keys()));
    for (file, digest) in &of_plain {
        let other = file.starts_with("data")
            || ["README.md", "SHA256SUMS"]
                .map(Path::new)
                .contains(&file.as_path());
        assert_eq!(of_locked[file] != *digest, other, "{}", file.display());
    }

    // Again it is encrypted otherwise, and says the same; the key is told by its fingerprint alone.
    let again = ask(&world, &run, "again", &["--encrypt-with", "files.key"], 0);
    let of_again = world::digests(&at("again"));
    for (file, digest) in &of_locked {
        let other = file.starts_with("data") || file == Path::new("SHA256SUMS");
        assert_eq!(of_again[file] != *digest, other, "{}", file.display());
    }
    let fingerprint = world.run(&["key", "fingerprint", "files.key"], 0);
    let fingerprint = world::text(&fingerprint.stdout);
    let fingerprint = fingerprint.trim();
    let said = world::text(&again.stdout) + &world::text(&again.stderr);
    assert!(said.contains(fingerprint), "{said}");
    assert!(!said.contains(&digits(&world, "files.key")));
    for file in world::files(&locked) {
        let bytes = std::fs::read(&file).expect("bytes");
        let named = file.extension().is_some_and(|e| e == "parquet") || file.ends_with("README.md");
        assert_eq!(
            holds(&bytes, fingerprint.as_bytes()),
            named,
            "{}",
            file.display()
        );
        assert!(!holds(&bytes, &key));
        assert!(!holds(&bytes, digits(&world, "files.key").as_bytes()));
    }
    let readme = std::fs::read_to_string(plain.join("README.md")).expect("text");
    assert!(!readme.contains("encrypted"), "{readme}");

    refused_keys(&world, &run);
}

/// Keys that must encrypt nothing, and a key of files that must make no pseudonym.
fn refused_keys(world: &World, run: &str) {
    let at = |file: &str| world.path().join(file);
    world.run(&["key", "new", "2026.key", "--purpose", "rehearsal"], 0);
    std::fs::copy(at("files.key"), at("exposed.key")).expect("copied");
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(at("exposed.key"), mode).expect("mode");
    let cut = std::fs::read_to_string(at("files.key")).expect("a key");
    std::fs::copy(at("files.key"), at("cut.key")).expect("copied");
    std::fs::write(at("cut.key"), cut.trim_end()).expect("written");
    for (key, code) in [
        ("2026.key", "KL-K-015"),
        ("exposed.key", "KL-K-002"),
        ("cut.key", "KL-K-016"),
        ("absent.key", "KL-K-001"),
        ("locked", "KL-K-003"),
    ] {
        let said = ask(world, run, "none", &["--encrypt-with", key], 6);
        let said = world::text(&said.stderr);
        assert!(
            said.contains(code) && said.contains("help"),
            "{key}\n{said}"
        );
        assert!(!said.contains(&digits(world, "files.key")));
        assert!(!at("none").exists() && !at(".none.partial").exists());
    }
    let split = [
        "key",
        "split",
        "files.key",
        "--shares",
        "3",
        "--threshold",
        "2",
        "-o",
        "shares",
    ];
    let said = world::text(&world.run(&split, 6).stderr);
    assert!(said.contains("KL-K-014"), "{said}");
    std::fs::create_dir_all(at("keys")).expect("a folder");
    std::fs::copy(at("files.key"), at("keys/rehearsal.key")).expect("copied");
    let said = world.run(&["run", "pipelines/rehearsal.toml", "--to", "link"], 6);
    let said = world::text(&said.stderr);
    assert!(said.contains("KL-K-014"), "{said}");
}

#[test]
fn pyarrow_and_duckdb_read_it_with_the_lines_of_its_readme() {
    let Some(python) = std::env::var_os("KINLINK_READERS") else {
        eprintln!(
            "skipped: KINLINK_READERS names no Python; `.ci/tools` makes one and `. .ci/found` \
             names it"
        );
        return;
    };
    let (world, _) = released();
    world.run(&["key", "new", "other.key", "--purpose", "files"], 0);
    let done = Command::new(python)
        .arg(SCRIPT)
        .args(["locked", "../plain", "../files.key", "../other.key"])
        .current_dir(world.path())
        .output()
        .expect("python runs");
    let told = world::text(&done.stdout);
    assert!(
        done.status.success() && told.contains("read"),
        "{told}\n{}",
        world::text(&done.stderr)
    );
    eprintln!("{}", told.trim_end());
}
