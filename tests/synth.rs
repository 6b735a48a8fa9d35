//! Synthetic extracts: the same seed gives the same bytes, the forms are those of the contract,
//! the counts are near their targets, the truth agrees with itself, and every quality problem
//! that is promised is there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
// A test that cannot read its files has failed.
#![allow(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use kinlink::progress::Silent;
use kinlink::synth::{Job, Parameters, Summary, SynthError, is_complete, run};

const SCALE: f64 = 0.006;

fn job(out: &Path, seed: u64, scale: f64) -> Job {
    Job {
        out: out.to_path_buf(),
        seed,
        scale,
        parameters: Parameters::built_in().expect("parameters"),
    }
}

/// One run that most tests read.
fn shared() -> &'static (tempfile::TempDir, Summary) {
    static SHARED: OnceLock<(tempfile::TempDir, Summary)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let dir = tempfile::tempdir().expect("folder");
        let summary = run(&job(dir.path(), 1, SCALE), &Silent).expect("runs");
        (dir, summary)
    })
}

fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(shared().0.path().join(path)).expect("file")
}

type Row = BTreeMap<String, String>;

fn parse(bytes: &[u8]) -> Vec<Row> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers().expect("header").clone();
    reader
        .records()
        .map(|record| {
            let record = record.expect("as many cells as the header");
            header
                .iter()
                .zip(&record)
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect()
        })
        .collect()
}

fn rows(path: &str) -> Vec<Row> {
    parse(&bytes(path))
}

fn files_in(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = shared().0.path().join(folder);
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("folder")
        .map(|e| e.expect("entry").path())
        .filter(|p| p.to_string_lossy().ends_with(ending))
        .collect();
    all.sort();
    all
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_threads() {
    let summary = |seed, threads: usize| {
        let dir = tempfile::tempdir().expect("folder");
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("pool");
        pool.install(|| run(&job(dir.path(), seed, 0.001), &Silent))
            .expect("runs")
    };
    let first = summary(7, 1);
    assert_eq!(first, summary(7, 3));
    let other = summary(8, 1);
    let digest = |s: &Summary, path: &str| {
        s.files
            .iter()
            .find(|f| f.path == Path::new(path))
            .expect("listed")
            .digest
    };
    for path in [
        "custody/offenders.csv",
        "probation/offender.parquet",
        "truth/cells.csv",
    ] {
        assert_ne!(digest(&first, path), digest(&other, path), "{path}");
    }
}

#[test]
fn the_record_says_whether_the_extracts_are_complete() {
    let (dir, summary) = shared();
    let this = job(dir.path(), 1, SCALE);
    assert!(is_complete(dir.path(), &this));
    assert!(!is_complete(dir.path(), &job(dir.path(), 2, SCALE)));
    assert!(!is_complete(dir.path(), &job(dir.path(), 1, 0.01)));
    for file in &summary.files {
        let found = kinlink::digest::Digest::of_file(&dir.path().join(&file.path)).expect("read");
        assert_eq!(found, (file.digest, file.bytes), "{}", file.path.display());
    }
    assert!(matches!(
        run(&this, &Silent),
        Err(SynthError::NotEmpty { .. })
    ));
    let elsewhere = tempfile::tempdir().expect("folder");
    for scale in [0.0, -1.0, 3.0, f64::NAN] {
        let result = run(&job(&elsewhere.path().join("x"), 1, scale), &Silent);
        assert!(matches!(result, Err(SynthError::Scale)));
    }
}

#[test]
fn headers_are_exactly_those_of_the_contract() {
    for (path, header) in [
        (
            "custody/offenders.csv",
            "OFFENDER_ID,ROOT_OFFENDER_ID,OFFENDER_ID_DISPLAY,LAST_NAME,FIRST_NAME,MIDDLE_NAME,NAME_TYPE,BIRTH_DATE,SEX_CODE,RACE_CODE,CREATE_DATE\n",
        ),
        (
            "custody/offender_external_movements.csv",
            "OFFENDER_BOOK_ID,MOVEMENT_SEQ,MOVEMENT_DATE,MOVEMENT_TIME,MOVEMENT_TYPE,MOVEMENT_REASON_CODE,DIRECTION_CODE,FROM_AGY_LOC_ID,TO_AGY_LOC_ID\n",
        ),
        (
            "custody/offender_contact_persons.csv",
            "OFFENDER_BOOK_ID,PERSON_ID,CONTACT_TYPE,RELATIONSHIP_TYPE,APPROVED_VISITOR_FLAG,NEXT_OF_KIN_FLAG,ACTIVE_FLAG,EXPIRY_DATE,CONTACT_ROOT_OFFENDER_ID\n",
        ),
        (
            "custody/oasys_bcst.csv",
            "OFFENDER_BOOK_ID,ASSESSMENT_DATE,PARENT_UNDER_18,NUMBER_OF_CHILDREN,PRIMARY_CARER\n",
        ),
        (
            "probation/personal_circumstance.csv",
            "offender_id,circumstance_type,circumstance_sub_type,start_date,end_date,evidenced,soft_deleted\r\n",
        ),
        (
            "childrens-services/ssda903_2024/201_header.csv",
            "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n",
        ),
        (
            "childrens-services/ssda903_2025/301_episodes.csv",
            "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n",
        ),
        (
            "childrens-services/school_census.csv",
            "\u{feff}UPN,Surname,Forename,MiddleNames,FormerSurname,DOB,Sex,Ethnicity,PostCode,LA,Estab\n",
        ),
        (
            "childrens-services/carers.csv",
            "LA,CHILD,CARER_ID,RELATIONSHIP,FORENAME,SURNAME,DOB,SEX,POSTCODE,START_DATE,END_DATE\n",
        ),
        (
            "geography/postcode_directory.csv",
            "postcode,local_authority\n",
        ),
        (
            "truth/cells.csv",
            "tier,concept,table,dimension1,dimension2,value\n",
        ),
    ] {
        let found = bytes(path);
        assert!(found.starts_with(header.as_bytes()), "{path}");
    }
    assert_eq!(
        files_in("childrens-services/ssda903_2024", "_header.csv").len(),
        153
    );
    assert_eq!(files_in("childrens-services/cin_2025", ".xml").len(), 153);
}

#[test]
fn counts_are_near_their_targets() {
    let (_, s) = shared();
    let targets = Parameters::built_in().expect("parameters").targets();
    let near = |found: u64, target: u64, deviations: f64, systematic: f64, what: &str| {
        let expected = target as f64 * SCALE;
        let room = deviations * expected.sqrt() + systematic * expected;
        assert!(
            (found as f64 - expected).abs() < room,
            "{what}: {found} against {expected}"
        );
    };
    // Poisson noise of the drawn quotas, and what the shape of the stays leaves open.
    near(s.people, targets.people_in_year, 4.0, 0.0, "people");
    near(s.stock[0], targets.stock, 4.0, 0.01, "stock");
    near(s.admissions[0], targets.admissions, 4.0, 0.03, "admissions");
    near(s.children, targets.children, 4.0, 0.01, "children");
    let women = s.stock[1] as f64 / s.stock[0] as f64;
    assert!((0.02..0.065).contains(&women), "{women}");
    let parents = s.parents as f64 / s.people as f64;
    assert!((0.50..0.60).contains(&parents), "{parents}");
    // 87,465 × 0.54 × 2.0 is about 95,000; clusters of children widen the noise.
    near(s.all.stock, 94_500, 8.0, 0.05, "children, stock");
    let census = rows("childrens-services/school_census.csv").len();
    let attending = census as f64 / s.children as f64;
    assert!((0.70..0.80).contains(&attending), "{attending}");
}

#[test]
fn the_truth_agrees_with_itself() {
    let (_, s) = shared();
    let mut cells: BTreeMap<(String, String, String), BTreeMap<String, u64>> = BTreeMap::new();
    for row in rows("truth/cells.csv") {
        let key = (
            row["tier"].clone(),
            row["concept"].clone(),
            row["table"].clone(),
        );
        let value = row["value"].parse().expect("count");
        cells
            .entry(key)
            .or_default()
            .insert(row["dimension1"].clone(), value);
    }
    let sum = |tier: &str, concept: &str, table: &str| -> u64 {
        cells[&(tier.to_owned(), concept.to_owned(), table.to_owned())]
            .values()
            .sum()
    };
    for tier in ["all", "named"] {
        for concept in ["stock", "year_unique", "incidence"] {
            let total = sum(tier, concept, "total");
            for table in ["country", "local_authority", "parent_sex", "age_band"] {
                assert_eq!(sum(tier, concept, table), total, "{tier} {concept} {table}");
            }
            assert!(sum("named", concept, "total") <= sum("all", concept, "total"));
        }
        assert!(sum(tier, "year_unique", "total") >= sum(tier, "stock", "total"));
        let eighteen = (
            "named".to_owned(),
            "stock".to_owned(),
            "age_band".to_owned(),
        );
        assert_eq!(cells[&eighteen]["18"], 0);
    }
    assert_eq!(sum("all", "year_unique", "total"), s.all.year_unique);
    let named = s.named.year_unique as f64 / s.all.year_unique as f64;
    assert!((0.2..0.6).contains(&named), "{named}");
}

/// Recounts stock and year from `child.csv`, `parent_child.csv` and `custody.csv` alone.
#[test]
fn the_cells_can_be_recounted_from_the_other_files_of_the_truth() {
    let date = |text: &str| text.parse::<jiff::civil::Date>().expect("date");
    let (start, end, reference) = (date("2024-10-01"), date("2025-10-01"), date("2025-09-30"));
    let mut stays: BTreeMap<String, Vec<(jiff::civil::Date, jiff::civil::Date)>> = BTreeMap::new();
    for row in rows("truth/custody.csv") {
        let to = if row["release"].is_empty() {
            end
        } else {
            date(&row["release"])
        };
        stays
            .entry(row["parent"].clone())
            .or_default()
            .push((date(&row["admission"]), to));
    }
    let mut parents: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows("truth/parent_child.csv") {
        parents
            .entry(row["child"].clone())
            .or_default()
            .push(row["parent"].clone());
    }
    let (mut stock, mut year, mut incidence) = (0, 0, 0);
    for row in rows("truth/child.csv") {
        let born = date(&row["date_of_birth"]);
        let mut until = born.saturating_add(jiff::Span::new().years(18));
        if !row["date_of_death"].is_empty() {
            until = until.min(date(&row["date_of_death"]));
        }
        let of_parents: Vec<_> = parents
            .get(&row["child"])
            .into_iter()
            .flatten()
            .filter_map(|p| stays.get(p))
            .flatten()
            .collect();
        let any = |f: &dyn Fn(jiff::civil::Date, jiff::civil::Date) -> bool| {
            u64::from(of_parents.iter().any(|(a, b)| f(*a, *b)))
        };
        stock +=
            any(&|a, b| a <= reference && reference < b && born <= reference && reference < until);
        year += any(&|a, b| a.max(born).max(start) < b.min(until).min(end));
        incidence += of_parents
            .iter()
            .filter(|(a, _)| *a >= start && *a < end && born <= *a && *a < until)
            .count() as u64;
    }
    let all = shared().1.all;
    assert_eq!(
        (stock, year, incidence),
        (all.stock, all.year_unique, all.incidence)
    );
}

#[test]
fn check_letters_are_right_but_for_the_stated_share() {
    const JUSTICE: &[u8; 23] = b"ZABCDEFGHJKLMNPQRTUVWXY";
    const PUPIL: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";
    let identifiers = rows("custody/offender_identifiers.csv");
    let pnc: Vec<&str> = identifiers
        .iter()
        .filter(|r| r["IDENTIFIER_TYPE"] == "PNC")
        .map(|r| r["IDENTIFIER"].as_str())
        .collect();
    let right = |pnc: &&&str| {
        let (year, rest) = pnc.split_once('/').expect("slash");
        let (serial, letter) = rest.split_at(rest.len() - 1);
        let number: usize = format!("{}{serial:0>7}", &year[year.len() - 2..])
            .parse()
            .expect("digits");
        JUSTICE[number % 23] == letter.as_bytes()[0]
    };
    let wrong = share(pnc.len() - pnc.iter().filter(right).count(), pnc.len());
    let short = share(
        pnc.iter().filter(|p| p.find('/') == Some(2)).count(),
        pnc.len(),
    );
    assert!(wrong > 0.0 && wrong < 0.02, "{wrong}");
    assert!((short - 0.30).abs() < 0.07, "{short}");
    let census = rows("childrens-services/school_census.csv");
    let upns: Vec<&str> = census
        .iter()
        .map(|r| r["UPN"].as_str())
        .filter(|u| !u.is_empty())
        .collect();
    let (mut wrong, mut temporary) = (0, 0);
    for upn in &upns {
        assert_eq!(upn.len(), 13);
        if !upn[1..].bytes().all(|b| b.is_ascii_digit()) {
            temporary += 1;
            continue;
        }
        let sum: usize = upn
            .bytes()
            .zip(1..)
            .skip(1)
            .map(|(b, i)| usize::from(b - b'0') * i)
            .sum();
        wrong += usize::from(PUPIL[sum % 23] != upn.as_bytes()[0]);
    }
    assert!((share(wrong, upns.len()) - 0.001).abs() < 0.0007);
    assert!((share(temporary, upns.len()) - 0.006).abs() < 0.002);
    let unique: BTreeSet<&str> = upns.iter().copied().collect();
    assert_eq!(unique.len(), upns.len());
}

#[test]
fn the_prison_system_has_its_problems() {
    let offenders = rows("custody/offenders.csv");
    let has = |rows: &[Row], column: &str, value: &str| rows.iter().any(|r| r[column] == value);
    assert!(
        offenders
            .iter()
            .any(|r| r["OFFENDER_ID"] != r["ROOT_OFFENDER_ID"]),
        "aliases"
    );
    for dummy in ["1970-01-01", "1900-01-01"] {
        assert!(has(&offenders, "BIRTH_DATE", dummy), "{dummy}");
    }
    let identifiers = rows("custody/offender_identifiers.csv");
    let displays: BTreeSet<&str> = offenders
        .iter()
        .map(|r| r["OFFENDER_ID_DISPLAY"].as_str())
        .collect();
    let merged: Vec<&Row> = identifiers
        .iter()
        .filter(|r| r["IDENTIFIER_TYPE"] == "MERGED")
        .collect();
    assert!(
        !merged.is_empty()
            && merged
                .iter()
                .all(|r| displays.contains(r["IDENTIFIER"].as_str()))
    );
    assert!(has(&identifiers, "IDENTIFIER", "000000/00Z"));
    let addresses = rows("custody/addresses.csv");
    for dummy in ["NF1 1NF", "NF1 1FA", ""] {
        assert!(has(&addresses, "POSTAL_CODE", dummy), "postcode {dummy}");
    }
    let persons = rows("custody/persons.csv");
    assert!(
        has(&persons, "BIRTHDATE", ""),
        "contacts without a date of birth"
    );
    let contacts = rows("custody/offender_contact_persons.csv");
    let distinct: BTreeSet<&str> = contacts.iter().map(|r| r["PERSON_ID"].as_str()).collect();
    assert!(
        distinct.len() < contacts.len(),
        "contacts repeated for every booking"
    );
    assert!(
        contacts
            .iter()
            .any(|r| !r["CONTACT_ROOT_OFFENDER_ID"].is_empty()),
        "couples"
    );
    let text = rows("custody/offender_profile_details.csv");
    for word in ["3", "two", "22"] {
        assert!(has(&text, "PROFILE_CODE", word), "free text {word}");
    }
    assert!(text.iter().any(|r| r["PROFILE_CODE"].contains("boys")));
    assert!(
        offenders.iter().any(|r| r["LAST_NAME"].contains("_")),
        "debris"
    );
    assert!(
        offenders.iter().any(|r| r["LAST_NAME"].contains('\'')),
        "apostrophes"
    );
    assert!(
        offenders.iter().any(|r| !r["FIRST_NAME"].is_ascii()),
        "accents"
    );
}

#[test]
fn movements_have_transfers_court_days_and_gaps_of_a_day() {
    let movements = rows("custody/offender_external_movements.csv");
    let bookings = rows("custody/offender_bookings.csv");
    let same_day = |a: &str, b: &str| {
        movements.windows(2).any(|pair| {
            pair[0]["OFFENDER_BOOK_ID"] == pair[1]["OFFENDER_BOOK_ID"]
                && pair[0]["MOVEMENT_DATE"] == pair[1]["MOVEMENT_DATE"]
                && pair[0]["MOVEMENT_TYPE"] == a
                && pair[1]["MOVEMENT_TYPE"] == b
        })
    };
    assert!(same_day("REL", "ADM") && same_day("TRN", "ADM") && same_day("CRT", "CRT"));
    let day = |text: &str| text.parse::<jiff::civil::Date>().ok();
    let gap = bookings.windows(2).any(|pair| {
        let (out, back) = (
            day(&pair[0]["BOOKING_END_DATE"]),
            day(&pair[1]["BOOKING_BEGIN_DATE"]),
        );
        pair[0]["ROOT_OFFENDER_ID"] == pair[1]["ROOT_OFFENDER_ID"]
            && out
                .and_then(|d| d.tomorrow().ok())
                .is_some_and(|d| Some(d) == back)
    });
    assert!(gap, "a gap of one day");
    // Women are held where women are held.
    let women: BTreeSet<String> = rows("custody/offenders.csv")
        .into_iter()
        .filter(|r| r["SEX_CODE"] == "F" && r["OFFENDER_ID"] == r["ROOT_OFFENDER_ID"])
        .map(|r| r["ROOT_OFFENDER_ID"].clone())
        .collect();
    let prisons: BTreeSet<&str> = kinlink::schema::codes::prisons()
        .iter()
        .filter(|p| p.women)
        .map(|p| p.id.as_str())
        .collect();
    let held: Vec<&Row> = bookings
        .iter()
        .filter(|r| r["ACTIVE_FLAG"] == "Y" && women.contains(&r["ROOT_OFFENDER_ID"]))
        .collect();
    // A sex is miscoded in one row of a thousand.
    let right = held
        .iter()
        .filter(|r| prisons.contains(r["AGY_LOC_ID"].as_str()))
        .count();
    assert!(!held.is_empty() && right + 2 >= held.len());
}

#[test]
fn childrens_services_have_theirs() {
    let mut sexes = [BTreeSet::new(), BTreeSet::new()];
    let (mut overlapping, mut unknown_upn) = (false, false);
    for (year, codes) in ["2024", "2025"].iter().zip(&mut sexes) {
        let folder = format!("childrens-services/ssda903_{year}");
        for path in files_in(&folder, "_header.csv") {
            for row in parse(&std::fs::read(path).expect("file")) {
                codes.insert(row["SEX"].clone());
                unknown_upn |= row["UPN"].starts_with("UN");
            }
        }
        for path in files_in(&folder, "_episodes.csv") {
            let episodes = parse(&std::fs::read(path).expect("file"));
            let key = |text: &str| text.split('/').rev().collect::<String>();
            overlapping |= episodes.windows(2).any(|pair| {
                pair[0]["CHILD"] == pair[1]["CHILD"]
                    && !pair[0]["DEC"].is_empty()
                    && key(&pair[1]["DECOM"]) < key(&pair[0]["DEC"])
            });
        }
    }
    assert!(sexes[0].contains("1") && sexes[0].contains("2") && !sexes[0].contains("M"));
    assert!(sexes[1].contains("M") && sexes[1].contains("F") && !sexes[1].contains("1"));
    assert!(overlapping && unknown_upn);
    let need = |year: &str| -> String {
        files_in(&format!("childrens-services/cin_{year}"), ".xml")
            .iter()
            .map(|p| std::fs::read_to_string(p).expect("file"))
            .collect()
    };
    let (first, second) = (need("2024"), need("2025"));
    assert!(first.contains("<GenderCurrent>1<") && !first.contains("<Sex>"));
    assert!(second.contains("<Sex>M<") && !second.contains("<GenderCurrent>"));
    assert!(second.contains("<FormerUPN>") && second.contains("<ChildProtectionPlans>"));
    // The same child in two authorities: one person, two records of one system.
    let mut records: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in rows("truth/person.csv") {
        *records
            .entry((row["system"].clone(), row["person"].clone()))
            .or_default() += 1;
    }
    assert!(
        records
            .iter()
            .any(|((system, _), n)| system == "cin" && *n == 2)
    );
    assert!(
        records
            .iter()
            .any(|((system, _), n)| system == "custody" && *n == 2)
    );
}

#[test]
fn schools_have_twins_missing_numbers_and_rows_that_cannot_be_used() {
    let census = rows("childrens-services/school_census.csv");
    let mut pupils: BTreeMap<[&str; 3], BTreeSet<&str>> = BTreeMap::new();
    for row in census.iter().filter(|r| !r["PostCode"].is_empty()) {
        let key = [row["Surname"].as_str(), &row["DOB"], &row["PostCode"]];
        pupils.entry(key).or_default().insert(&row["UPN"]);
    }
    assert!(
        pupils.values().filter(|upns| upns.len() > 1).count() > 50,
        "twins"
    );
    assert!(census.iter().any(|r| r["UPN"].is_empty()));
    assert!(census.iter().any(|r| r["Surname"].contains('-')));
    let bad = census
        .iter()
        .filter(|r| r["DOB"].parse::<jiff::civil::Date>().is_err())
        .count();
    assert!(bad > 0 && share(bad, census.len()) < 0.002, "{bad}");
    assert!(census.iter().any(|r| r["Sex"] == "?9"));
    // A row without a UPN is known to the truth by its number.
    let at = census
        .iter()
        .position(|r| r["UPN"].is_empty())
        .expect("one")
        + 1;
    let record = format!("row:{at}");
    assert!(
        rows("truth/person.csv")
            .iter()
            .any(|r| r["record"] == record)
    );
    let known: BTreeSet<String> = rows("geography/postcode_directory.csv")
        .into_iter()
        .map(|r| r["postcode"].clone())
        .collect();
    assert!(
        census
            .iter()
            .all(|r| r["PostCode"].is_empty() || known.contains(&r["PostCode"]))
    );
}

#[test]
fn no_record_of_the_truth_stands_twice() {
    let mut seen = BTreeSet::new();
    for row in rows("truth/person.csv") {
        let key = (row["system"].clone(), row["record"].clone());
        assert!(seen.insert(key), "{} {}", row["system"], row["kind"]);
    }
}

#[test]
fn probation_keeps_deleted_rows_and_its_old_encoding() {
    let (dir, summary) = shared();
    let path = dir.path().join("probation/offender.parquet");
    let mut deleted = 0;
    for batch in kinlink::columnar::TableReader::open(&path, None).expect("opens") {
        let batch = batch.expect("reads");
        let column = kinlink::columnar::text(&batch, "soft_deleted", &path).expect("column");
        deleted += column.iter().filter(|v| *v == Some("1")).count();
    }
    let stated = 0.015 * summary.probation as f64;
    assert!(
        (deleted as f64 - stated).abs() < 4.0 * stated.sqrt(),
        "{deleted}"
    );
    let alias = bytes("probation/alias.csv");
    let lines = alias.iter().filter(|b| **b == b'\n').count();
    assert_eq!(alias.windows(2).filter(|w| w == b"\r\n").count(), lines);
    assert!(
        std::str::from_utf8(&alias).is_err(),
        "an accent in Windows-1252 is not UTF-8"
    );
}

#[test]
fn the_command_refuses_a_folder_that_is_not_empty() {
    let dir = tempfile::tempdir().expect("folder");
    std::fs::write(dir.path().join("mine.txt"), "x").expect("file");
    assert_cmd::Command::cargo_bin("kinlink")
        .expect("binary")
        .args(["synth", "--out"])
        .arg(dir.path())
        .assert()
        .code(2);
    assert_eq!(std::fs::read_dir(dir.path()).expect("folder").count(), 1);
}
