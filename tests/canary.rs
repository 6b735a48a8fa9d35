//! Promise: of a thousand people whose names, numbers, dates and postcodes occur nowhere else,
//! nothing is left after `pseudonymise`: not in success, not in quarantine, not in an error, not
//! in a panic; as they stand, hashed, encoded or as Soundex.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scanner;
mod world;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, FixedSizeBinaryArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use kinlink::columnar::{Layout, TableWriter};
use scanner::Scanner;
use sha2::Digest;
use world::World;

const PEOPLE: usize = 1_000;
/// Of these, so many are adults; the others are pupils.
const ADULTS: usize = 600;

/// A person whom nobody has met.
struct Canary {
    place: usize,
    forename: String,
    surname: String,
    born: Date,
    number: String,
    postcode: String,
}

/// Letters that no other text has in this order: syllables that spell a number.
fn spelt(number: usize) -> String {
    const SYLLABLES: [&str; 10] = ["vu", "xo", "zy", "qi", "ju", "wo", "fy", "gu", "hy", "ky"];
    let digits = format!("{number:03}");
    let syllable = |b: u8| SYLLABLES[usize::from(b - b'0')];
    digits.bytes().map(syllable).collect()
}

fn canary(place: usize) -> Canary {
    let from = if place < ADULTS {
        date(1931, 1, 3)
    } else {
        date(2008, 2, 1)
    };
    let spread = if place < ADULTS { 23 } else { 7 };
    let days = i64::try_from(place % ADULTS).expect("small") * spread;
    Canary {
        place,
        forename: format!("Q{}rnaq", spelt(place)),
        surname: format!("X{}mbex", spelt(999 - place)),
        born: from.checked_add(days.days()).expect("a date"),
        number: if place < ADULTS {
            format!("Q{:04}XZ", 1_000 + 7 * place)
        } else {
            upn(place)
        },
        postcode: format!("QX{} {}YZ", 10 + place / 10, place % 10),
    }
}

/// A unique pupil number with its check letter (Department for Education, *Unique pupil numbers*).
fn upn(place: usize) -> String {
    let digits = format!("977{:09}", 600_100_000 + 13 * place);
    let sum: u32 = digits
        .chars()
        .zip(2..)
        .map(|(c, weight)| c.to_digit(10).expect("a digit") * weight)
        .sum();
    let letters = b"ABCDEFGHJKLMNPQRTUVWXYZ";
    let letter = letters[usize::try_from(sum % 23).expect("small")];
    format!("{}{digits}", char::from(letter))
}

/// American Soundex, written anew here.
fn soundex(name: &str) -> String {
    let digit = |c: char| match c.to_ascii_lowercase() {
        'b' | 'f' | 'p' | 'v' => Some('1'),
        'c' | 'g' | 'j' | 'k' | 'q' | 's' | 'x' | 'z' => Some('2'),
        'd' | 't' => Some('3'),
        'l' => Some('4'),
        'm' | 'n' => Some('5'),
        'r' => Some('6'),
        _ => None,
    };
    let first = name.chars().next().expect("a letter").to_ascii_uppercase();
    let mut code = first.to_string();
    let mut last = digit(first);
    for c in name.chars().skip(1) {
        let d = digit(c);
        if let Some(d) = d
            && last != Some(d)
        {
            code.push(d);
        }
        if !matches!(c.to_ascii_lowercase(), 'h' | 'w') {
            last = d;
        }
    }
    code.push_str("000");
    code.chars().take(4).collect()
}

impl Canary {
    fn dates(&self) -> [String; 4] {
        let (y, m, d) = (self.born.year(), self.born.month(), self.born.day());
        [
            format!("{y:04}-{m:02}-{d:02}"),
            format!("{d:02}/{m:02}/{y:04}"),
            format!("{d:02}-{m:02}-{y:04}"),
            format!("{y:04}{m:02}{d:02}"),
        ]
    }

    fn look_for(&self, scanner: &mut Scanner) {
        let (forename, surname) = (&self.forename, &self.surname);
        let [iso, dmy, hyphens, compact] = self.dates();
        for value in [forename, surname, &self.number, &self.postcode] {
            scanner.value(value);
        }
        for value in [&iso, &dmy, &hyphens] {
            scanner.value(value);
        }
        // Eight digits alone may be a count: as a word, or hashed.
        scanner.word(compact.as_bytes());
        for together in [
            format!("{forename} {surname}"),
            format!("{surname} {forename}"),
            format!("{surname}{iso}"),
        ] {
            for form in [
                &together,
                &together.to_uppercase(),
                &together.to_lowercase(),
            ] {
                scanner.hashes(form.as_bytes());
            }
        }
        scanner.code(&soundex(forename));
        scanner.code(&soundex(surname));
        if self.place < ADULTS {
            scanner.day(days(self.born));
        }
    }
}

fn days(date: Date) -> i32 {
    date.since(jiff::civil::date(1970, 1, 1))
        .expect("a span")
        .get_days()
}

/// The people and the scanner that looks for them, made once for all tests.
fn canaries() -> &'static (Vec<Canary>, Scanner) {
    static MADE: std::sync::OnceLock<(Vec<Canary>, Scanner)> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let people: Vec<Canary> = (0..PEOPLE).map(canary).collect();
        let mut scanner = Scanner::new();
        for person in &people {
            person.look_for(&mut scanner);
        }
        (people, scanner)
    })
}

/// Appends rows to an extract; columns that a row does not name are taken from its first row.
fn append(world: &World, file: &str, rows: Vec<Vec<(&str, String)>>) {
    let path = world.path().join("data/rehearsal").join(file);
    let text = std::fs::read_to_string(&path).expect("an extract");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .expect("a header")
        .iter()
        .map(clean)
        .collect();
    let first = reader.records().next().expect("a row").expect("a row");
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        for (name, _) in &row {
            assert!(header.iter().any(|h| h == name), "no {name} in {file}");
        }
        let value = |(i, name): (usize, &String)| {
            let own = row.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            own.unwrap_or_else(|| first[i].to_owned())
        };
        let record: Vec<String> = header.iter().enumerate().map(value).collect();
        writer.write_record(&record).expect("written");
    }
    let more = String::from_utf8(writer.into_inner().expect("written")).expect("text");
    let gap = if text.ends_with('\n') { "" } else { "\n" };
    std::fs::write(path, format!("{text}{gap}{more}")).expect("written");
}

fn clean(name: &str) -> String {
    name.trim_start_matches('\u{feff}').to_owned()
}

/// A world of given extracts with the canaries in them: prisoners, visitors, carers and pupils,
/// some rows of which are broken.
fn planted(people: &[Canary]) -> World {
    let world = World::small();
    let folder = ["--out", "data/rehearsal", "--scale", "0.0005"];
    world.run(&[&["synth", "--seed", "20250930"][..], &folder].concat(), 0);
    std::fs::create_dir_all(world.path().join("keys")).expect("a folder");
    let purpose = ["--purpose", "rehearsal"];
    world.run(
        &[&["key", "new", "keys/rehearsal.key"][..], &purpose].concat(),
        0,
    );
    let path = world.path().join("pipelines/rehearsal.toml");
    let text = std::fs::read_to_string(&path).expect("a pipeline");
    let (start, end) = (text.find("[synth]"), text.find("[key]"));
    let without = format!(
        "{}{}",
        &text[..start.expect("a section")],
        &text[end.expect("a section")..]
    );
    // Two tables are enough of the later stages, which see counts only.
    let (before, tables) = without.split_once("[[table]]").expect("tables");
    let sections: Vec<&str> = tables.split("\n[[table]]").collect();
    let (last, rest) = sections[sections.len() - 1]
        .split_once("\n[")
        .expect("a section after the tables");
    assert!(last.contains("id ="));
    let few = sections[..2].join("\n[[table]]");
    let short = format!("{before}[[table]]{few}\n[{rest}");
    std::fs::write(&path, short).expect("written");

    let id = |p: &Canary| (970_000_000_000_u64 + p.place as u64).to_string();
    let iso = |p: &Canary| p.dates()[0].clone();
    let (prisoners, rest) = people.split_at(250);
    let (visitors, rest) = rest.split_at(200);
    let (carers, pupils) = rest.split_at(ADULTS - 450);
    let offender = |p: &Canary| {
        vec![
            ("OFFENDER_ID", id(p)),
            ("ROOT_OFFENDER_ID", id(p)),
            ("OFFENDER_ID_DISPLAY", p.number.clone()),
            ("LAST_NAME", p.surname.to_uppercase()),
            ("FIRST_NAME", p.forename.to_uppercase()),
            ("BIRTH_DATE", iso(p)),
        ]
    };
    let mut rows: Vec<_> = prisoners.iter().map(offender).collect();
    // Quarantine: without their required number, once more with another name, and not a date.
    for p in &people[..5] {
        let mut broken = offender(p);
        broken[0].1 = String::new();
        rows.push(broken);
        let mut twice = offender(p);
        twice[3].1 = people[300 + p.place].surname.clone();
        rows.push(twice);
        let mut no_date = offender(&people[310 + p.place]);
        no_date[5].1 = p.surname.clone();
        rows.push(no_date);
    }
    append(&world, "custody/offenders.csv", rows);
    let address = |p: &Canary| {
        vec![
            ("ADDRESS_ID", id(p)),
            ("OWNER_ID", id(p)),
            ("POSTAL_CODE", p.postcode.clone()),
        ]
    };
    append(
        &world,
        "custody/addresses.csv",
        prisoners.iter().map(address).collect(),
    );
    let visitor = |p: &Canary| {
        vec![
            ("PERSON_ID", id(p)),
            ("LAST_NAME", p.surname.to_uppercase()),
            ("FIRST_NAME", p.forename.to_uppercase()),
            ("BIRTHDATE", iso(p)),
        ]
    };
    append(
        &world,
        "custody/persons.csv",
        visitors.iter().map(visitor).collect(),
    );
    let carer = |p: &Canary| {
        vec![
            ("CARER_ID", id(p)),
            ("FORENAME", p.forename.clone()),
            ("SURNAME", p.surname.clone()),
            ("DOB", p.dates()[1].clone()),
            ("POSTCODE", p.postcode.clone()),
        ]
    };
    append(
        &world,
        "childrens-services/carers.csv",
        carers.iter().map(carer).collect(),
    );
    let pupil = |p: &Canary| {
        vec![
            ("UPN", p.number.clone()),
            ("Surname", p.surname.clone()),
            ("Forename", p.forename.clone()),
            ("DOB", iso(p)),
            ("PostCode", p.postcode.clone()),
        ]
    };
    append(
        &world,
        "childrens-services/school_census.csv",
        pupils.iter().map(pupil).collect(),
    );
    let place = |p: &Canary| {
        vec![
            ("postcode", p.postcode.clone()),
            ("local_authority", "E06000001".to_owned()),
        ]
    };
    append(
        &world,
        "geography/postcode_directory.csv",
        people.iter().map(place).collect(),
    );
    world
}

/// Figures of the receipt of a stage.
fn receipt(run: &Path, stage: &str) -> serde_json::Value {
    let path = run.join("stage").join(stage).join("receipt.json");
    serde_json::from_slice(&std::fs::read(path).expect("a receipt")).expect("JSON")
}

#[test]
fn nothing_of_a_thousand_people_is_left() {
    let (people, scanner) = canaries();
    let world = planted(people);
    // The scanner finds them where they are.
    for (file, least) in [
        ("custody/offenders.csv", 1_000),
        ("custody/persons.csv", 600),
        ("childrens-services/carers.csv", 600),
        ("childrens-services/school_census.csv", 2_000),
    ] {
        let found = scanner.file(&world.path().join("data/rehearsal").join(file));
        assert!(found.len() >= least, "{file}: {}", found.len());
    }

    let output = world.run(&["run", "pipelines/rehearsal.toml"], 0);
    scanner.output_is_clean(&output);
    let run = world.only_run();
    assert!(scanner.folder_is_clean(&run, &|_| false) > 60);
    // They were there: pseudonymised, and some held back.
    let ingest = receipt(&run, "01-ingest");
    let quarantined = ingest["figures"]["quarantined"].as_u64().expect("a number");
    assert!(quarantined >= 10, "{quarantined}");
    let records: u64 = receipt(&run, "02-pseudonymise")["outputs"]
        .as_array()
        .expect("files")
        .iter()
        .filter(|f| {
            let path = f["path"].as_str().expect("a path");
            path.contains("payload/person")
        })
        .map(|f| f["rows"].as_u64().expect("rows"))
        .sum();
    assert!(records > 5_000 + PEOPLE as u64 / 2, "{records}");
    // A rehearsal key on given extracts: what it publishes is marked.
    let readme = std::fs::read_to_string(run.join("release/README.txt")).expect("a page");
    assert!(readme.contains("REHEARSAL"), "{readme}");

    for (arguments, code) in [
        (
            &["run", "pipelines/rehearsal.toml", "--format", "json"][..],
            0,
        ),
        (&["verify", run.to_str().expect("text")], 0),
        (&["resume", run.to_str().expect("text")], 0),
        (&["run", "pipelines/rehearsal.toml", "-vvv"], 2),
    ] {
        scanner.output_is_clean(&world.run(arguments, code));
    }
}

/// What a failed run may have in clear: the stage that reads clear values had not ended.
fn clear_zone(path: &Path) -> bool {
    path.components().any(|c| c.as_os_str() == "01-ingest")
        && path.extension().is_some_and(|e| e == "parquet")
}

#[test]
fn errors_tell_nothing_of_a_thousand_people() {
    let (people, scanner) = canaries();
    let world = planted(people);
    let offenders = world.path().join("data/rehearsal/custody/offenders.csv");
    let whole = std::fs::read_to_string(&offenders).expect("an extract");
    let pipeline = world.path().join("pipelines/rehearsal.toml");
    let configuration = std::fs::read_to_string(&pipeline).expect("a pipeline");

    // A column is missing; every row has too many fields; every row has a name for a date; the
    // configuration is wrong.
    let columns = whole.replacen("LAST_NAME", "NAME", 1);
    let fields = whole
        .replace('\n', ",surplus\n")
        .replacen(",surplus", "", 1);
    for (text, toml, code) in [
        (&columns, None, 3),
        (&fields, None, 3),
        (
            &whole,
            Some((
                "max_rejected_rows = 20",
                "max_rejected_rows = 0\nmax_rejected_share = 0",
            )),
            2,
        ),
        (&whole, Some(("max_rejected_rows", "max_rejected_row")), 2),
    ] {
        std::fs::write(&offenders, text).expect("written");
        let changed = toml.map(|(from, to)| configuration.replacen(from, to, 1));
        let changed = changed.as_ref().unwrap_or(&configuration);
        assert!(toml.is_none() || *changed != configuration);
        std::fs::write(&pipeline, changed).expect("written");
        for format in if code == 3 {
            &["text", "json"][..]
        } else {
            &["text"]
        } {
            let arguments = ["run", "pipelines/rehearsal.toml", "--format", format];
            let output = world.run(&arguments, code);
            assert!(!output.stderr.is_empty());
            scanner.output_is_clean(&output);
        }
    }
    let runs = world.path().join("runs");
    if runs.exists() {
        scanner.folder_is_clean(&runs, &clear_zone);
    }

    // The stand-alone linkage, with a column that is not there and a broken row.
    let people_csv = world.path().join("data/rehearsal/custody/persons.csv");
    std::fs::write(
        world.path().join("spec.toml"),
        "id = \"PERSON_ID\"\n[fields]\nforename = \"FIRST_NAME\"\nsurname = \"NO_SUCH\"\n",
    )
    .expect("written");
    let arguments = [
        "link",
        people_csv.to_str().expect("text"),
        "--spec",
        "spec.toml",
        "--key",
        "keys/rehearsal.key",
        "-o",
        "out",
    ];
    scanner.output_is_clean(&world.run(&arguments, 3));
    let spec = "id = \"PERSON_ID\"\n[fields]\nforename = \"FIRST_NAME\"\nsurname = \"LAST_NAME\"\n";
    std::fs::write(world.path().join("spec.toml"), spec).expect("written");
    let mut text = std::fs::read(&people_csv).expect("an extract");
    text.extend_from_slice(b"1,\xff\xfe");
    text.extend_from_slice(people[400].surname.as_bytes());
    text.extend_from_slice(b",x,y,z,1,2,3,4\n");
    std::fs::write(&people_csv, text).expect("written");
    scanner.output_is_clean(&world.run(&arguments, 3));
    assert!(!world.path().join("out").exists());
}

#[test]
fn the_scanner_finds_what_is_planted() {
    let (people, scanner) = canaries();
    let (adult, pupil) = (&people[17], &people[777]);
    let hex = |b: &[u8]| b.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let base64 = |b: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(b)
    };
    let upper = adult.surname.to_uppercase();
    let md5 = md5::Md5::digest(adult.number.as_bytes());
    let sha1 = sha1::Sha1::digest(pupil.postcode.as_bytes());
    let sha256 = sha2::Sha256::digest(upper.as_bytes());
    for planted in [
        adult.surname.clone().into_bytes(),
        upper.clone().into_bytes(),
        pupil.forename.to_lowercase().into_bytes(),
        pupil.number.clone().into_bytes(),
        adult.postcode.replace(' ', "").into_bytes(),
        adult.dates()[1].clone().into_bytes(),
        adult.dates()[3].clone().into_bytes(),
        soundex(&adult.surname).into_bytes(),
        base64(adult.forename.as_bytes()).into_bytes(),
        hex(&md5).into_bytes(),
        hex(&sha1).to_uppercase().into_bytes(),
        hex(&sha256).into_bytes(),
        base64(&md5).into_bytes(),
        base64(&sha256).into_bytes(),
        sha1.to_vec(),
        sha256.to_vec(),
        sha256[..16].to_vec(),
        md5.to_vec(),
    ] {
        let text = [&b"before \""[..], &planted, b"\" after"].concat();
        assert!(!scanner.text(&text).is_empty(), "{planted:?}");
    }
    assert!(
        scanner
            .text(b"Nothing of anybody: 12,345 rows, X, Q3.")
            .is_empty()
    );
}

#[test]
fn the_scanner_finds_what_is_planted_in_parquet() {
    let (people, scanner) = canaries();
    let folder = tempfile::tempdir().expect("a folder");
    let hash: [u8; 32] = sha2::Sha256::digest(people[3].surname.as_bytes()).into();
    let texts = |one: &str| -> ArrayRef {
        // A dictionary, and enough rows that the pages are compressed.
        let values = (0..5_000).map(|i| {
            if i == 4_321 {
                one.to_owned()
            } else {
                (i % 50).to_string()
            }
        });
        Arc::new(StringArray::from_iter_values(values))
    };
    let born = days(people[3].born);
    let dates = |one: i32| -> ArrayRef {
        Arc::new(Date32Array::from_iter_values(
            (0..5_000).map(|i| if i == 99 { one } else { i }),
        ))
    };
    let bytes = |one: &[u8]| -> ArrayRef {
        let rows = (0..100).map(|i| if i == 50 { one.to_vec() } else { vec![i; 16] });
        Arc::new(FixedSizeBinaryArray::try_from_iter(rows).expect("rows"))
    };
    let code = soundex(&people[3].surname);
    let cases: Vec<(&str, ArrayRef, bool)> = vec![
        ("text", texts(&people[3].surname), true),
        (
            "hash",
            texts(&hash.iter().map(|b| format!("{b:02x}")).collect::<String>()),
            true,
        ),
        ("code", texts(&code), true),
        ("date", dates(born), true),
        ("bytes", bytes(&hash[..16]), true),
        ("clean-text", texts("nobody"), false),
        ("clean-date", dates(7), false),
        ("clean-bytes", bytes(&[1; 16]), false),
    ];
    for (name, column, planted) in cases {
        for layout in [Layout::People, Layout::Release, Layout::Hashes] {
            let path = folder.path().join(format!("{name}-{layout:?}.parquet"));
            let kind: DataType = column.data_type().clone();
            let schema = Arc::new(Schema::new(vec![Field::new("a", kind, false)]));
            let mut writer = TableWriter::create(&path, schema.clone(), layout, &[]).expect("new");
            let batch = RecordBatch::try_new(schema, vec![column.clone()]).expect("a batch");
            writer.write(&batch).expect("written");
            writer.finish().expect("finished");
            let found = scanner.file(&path);
            assert_eq!(!found.is_empty(), planted, "{name} {layout:?} {found:?}");
        }
    }
    let path = folder.path().join("key.parquet");
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Utf8, false)]));
    let planted = [("note".to_owned(), people[8].number.clone())];
    let writer = TableWriter::create(&path, schema, Layout::People, &planted).expect("new");
    writer.finish().expect("finished");
    assert!(!scanner.file(&path).is_empty());
}

/// Run by the test below in a process of its own.
#[test]
#[ignore = "ends the process"]
fn a_child_that_panics() {
    let person = canary(42);
    let kind = std::env::var("KINLINK_TEST_PANIC").unwrap_or_default();
    let code = kinlink::cli::guarded(|| {
        match kind.as_str() {
            "message" => panic!("{} {} was here", person.forename, person.surname),
            "value" => {
                let number = person.number.parse::<u32>();
                number.map_err(|_| &person.number).expect(&person.postcode);
            }
            "object" => std::panic::panic_any(person.surname.clone()),
            "parallel" => {
                use rayon::prelude::*;
                (0..64)
                    .into_par_iter()
                    .for_each(|i| assert_ne!(i, 13, "{}", person.surname));
            }
            _ => {}
        }
        std::process::ExitCode::SUCCESS
    });
    // An exit code cannot be compared, only printed.
    let bug = format!("{code:?}") == format!("{:?}", std::process::ExitCode::from(1));
    std::process::exit(if bug { 1 } else { 99 });
}

#[test]
fn a_panic_tells_where_and_nothing_else() {
    let (_, scanner) = canaries();
    for kind in ["message", "value", "object", "parallel"] {
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "a_child_that_panics", "--ignored", "--nocapture"])
            .env("KINLINK_TEST_PANIC", kind)
            .env("RUST_BACKTRACE", "full")
            .output()
            .expect("started");
        let said = world::text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{kind}: {said}");
        scanner.output_is_clean(&output);
        assert!(said.contains("error[KL-X-002]"), "{said}");
        assert!(said.contains("tests/canary.rs:"), "{said}");
        assert!(said.contains("those who maintain it"), "{said}");
        assert!(said.contains("exit   1"), "{said}");
    }
}
