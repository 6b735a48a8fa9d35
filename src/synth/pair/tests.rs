//! The two files against their own truth and their own parameters.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::errors::{Kind, Record, Tally, record};
use super::person::{Person, Stream};
use super::relatives::{Tie, relative};
use super::rows::Who;
use super::*;
use crate::columnar::{TableReader, text, text_at};
use crate::progress::Silent;
use crate::synth::names::Sex;

fn job(out: &Path, rows: u64, seed: u64, form: Form) -> PairJob {
    PairJob {
        out: out.to_path_buf(),
        rows,
        seed,
        form,
        parameters: PairParameters::built_in().expect("parameters"),
    }
}

fn table(path: &Path, columns: &[&str]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in TableReader::open(path, None).expect("opened") {
        let batch = batch.expect("read");
        for row in 0..batch.num_rows() {
            let cell = |name: &&str| {
                let column = text(&batch, name, path).expect("column");
                text_at(column, row).unwrap_or_default().to_owned()
            };
            rows.push(columns.iter().map(cell).collect());
        }
    }
    rows
}

#[test]
fn the_truth_on_disk_is_who_the_rows_are() {
    let dir = tempfile::tempdir().expect("folder");
    let job = job(&dir.path().join("pair"), 3_000, 4, Form::Parquet);
    let summary = run(&job, &Silent).expect("written");
    let world = World::new(&job.parameters, 4, 3_000).expect("world");
    let file = |name: &str, columns: &[&str]| table(&job.out.join(name), columns);
    let who = |side: Side, name: &str| -> HashMap<String, Who> {
        let ids = file(name, &["id"]).into_iter().map(|row| row[0].clone());
        let people = (0..3_000).map(|place| world.rows.at(side, place).who);
        ids.zip(people).collect()
    };
    let (left, right) = (
        who(Side::Left, "left.parquet"),
        who(Side::Right, "right.parquet"),
    );
    assert_eq!(
        (left.len(), right.len()),
        (3_000, 3_000),
        "an id stands twice"
    );
    let place: HashMap<Who, &String> = left.iter().map(|(id, who)| (*who, id)).collect();
    let expected: BTreeSet<Vec<String>> = right
        .iter()
        .filter_map(|(id, who)| Some(vec![(*place.get(who)?).clone(), id.clone()]))
        .collect();
    let truth = file("truth.parquet", &["left_id", "right_id"]);
    assert_eq!(truth.len() as u64, summary.true_pairs);
    assert_eq!(truth.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!((summary.both, summary.again), (930, 15));
    let names: Vec<_> = summary
        .files
        .iter()
        .map(|f| f.path.display().to_string())
        .collect();
    let all = [
        "README.md",
        "left.parquet",
        "right.parquet",
        "spec.toml",
        "truth.parquet",
    ];
    assert_eq!(names, all);
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_threads() {
    let files = |seed: u64, threads: usize| {
        let dir = tempfile::tempdir().expect("folder");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let job = job(&dir.path().join("pair"), 20_000, seed, Form::Parquet);
        let summary = pool.expect("pool").install(|| run(&job, &Silent));
        summary.expect("written").files
    };
    let first = files(7, 1);
    assert_eq!(first, files(7, 3));
    for (one, other) in first.iter().zip(files(8, 2)) {
        assert_eq!(one.path, other.path);
        assert_eq!(
            one.digest == other.digest,
            one.path == Path::new("spec.toml")
        );
    }
}

#[test]
fn csv_and_parquet_hold_the_same() {
    let dir = tempfile::tempdir().expect("folder");
    let [parquet, csv] = [Form::Parquet, Form::Csv].map(|form| {
        let job = job(&dir.path().join(form.ending()), 500, 2, form);
        run(&job, &Silent).expect("written");
        job.out
    });
    let columns = write::COLUMNS;
    for name in ["left", "right"] {
        let path = csv.join(format!("{name}.csv"));
        let mut reader = csv::Reader::from_path(path).expect("opened");
        assert_eq!(reader.headers().expect("header"), columns.to_vec());
        let rows: Vec<Vec<String>> = reader
            .records()
            .map(|row| row.expect("row").iter().map(str::to_owned).collect())
            .collect();
        assert_eq!(
            rows,
            table(&parquet.join(format!("{name}.parquet")), &columns)
        );
    }
}

#[test]
fn rows_out_of_range_and_a_full_folder_are_refused() {
    let dir = tempfile::tempdir().expect("folder");
    for rows in [0, 9, MOST_ROWS + 1] {
        let job = job(&dir.path().join("new"), rows, 1, Form::Csv);
        assert!(matches!(run(&job, &Silent), Err(SynthError::Rows)));
    }
    std::fs::write(dir.path().join("file"), "").expect("written");
    let job = job(dir.path(), 10, 1, Form::Csv);
    assert!(matches!(
        run(&job, &Silent),
        Err(SynthError::NotEmpty { .. })
    ));
}

/// People and their records on one side.
fn records(world: &World, side: Side, rows: u64) -> (Vec<(Person, Record)>, Tally) {
    let mut tally = Tally::new();
    let stream = side.of([Stream::LeftRecord, Stream::RightRecord]);
    let all = (0..rows)
        .map(|slot| {
            let person = world.person(Who::Both(slot));
            let mut dice = world.dice(stream, slot);
            let written = record(world, &person, (side, false), &mut dice, &mut tally);
            (person, written)
        })
        .collect();
    (all, tally)
}

/// Within four standard errors, and the last digit.
fn near(found: u64, of: u64, share: f64, what: &str) {
    let (found, of) = (found as f64, of as f64);
    let error = (share * (1.0 - share) / of).sqrt();
    let seen = found / of;
    assert!(
        (seen - share).abs() < 4.0 * error + 1e-9,
        "{what}: {seen} for {share}"
    );
}

#[test]
fn errors_are_as_frequent_as_the_parameters_say() {
    const ROWS: u64 = 40_000;
    let p = PairParameters::built_in().expect("parameters");
    let world = World::new(&p, 1, 1_000_000).expect("world");
    for side in [Side::Left, Side::Right] {
        let (all, tally) = records(&world, side, ROWS);
        let count = |of: &dyn Fn(&Person) -> bool| all.iter().filter(|(p, _)| of(p)).count() as u64;
        let found = |kind: Kind| tally.get(&kind).copied().unwrap_or(0);
        let e = &p.errors;
        let short = count(&|p| world.names.short(&p.forename).is_some());
        let middle = count(&|p| !p.middle.is_empty());
        for (kind, of, share) in [
            (Kind::Nickname, short, **e.nickname),
            (Kind::Initial, ROWS, **e.initial),
            (Kind::Swap, ROWS, **e.swap),
            (Kind::TypoSurname, ROWS, **e.typo_surname),
            (Kind::ForenameMissing, ROWS, **e.forename_missing),
            (Kind::SurnameMissing, ROWS, **e.surname_missing),
            (Kind::MiddleMissing, middle, **e.middle_missing),
            (Kind::DateMissing, ROWS, **e.date_missing),
            (Kind::SexMissing, ROWS, **e.sex_missing),
            (Kind::PostcodeMissing, ROWS, **e.postcode_missing),
        ] {
            near(found(kind), of, side.of(share), kind.name());
        }
        // One error a date, and one a postcode: what comes later has the rest.
        let rest = 1.0 - side.of(**e.date_missing);
        near(
            found(Kind::DateDefault),
            ROWS,
            side.of(**e.date_default) * rest,
            "default",
        );
        let rest = rest * (1.0 - side.of(**e.date_default));
        near(
            found(Kind::DateJanuary),
            ROWS,
            side.of(**e.date_january) * rest,
            "January",
        );
        let rest = rest * (1.0 - side.of(**e.date_january));
        near(
            found(Kind::DateDigit),
            ROWS,
            side.of(**e.date_digit) * rest,
            "digit",
        );
        let there = 1.0 - side.of(**e.postcode_missing);
        near(
            found(Kind::PostcodeTypo),
            ROWS,
            side.of(**e.postcode_typo) * there,
            "postcode",
        );
        assert!(found(Kind::DateSwapped) > 0 && found(Kind::SexWrong) > 0);
    }
}

#[test]
fn what_changed_between_the_files_is_seen_in_them() {
    const ROWS: u64 = 30_000;
    let p = PairParameters::built_in().expect("parameters");
    let world = World::new(&p, 1, 1_000_000).expect("world");
    let ((left, before), (right, after)) = (
        records(&world, Side::Left, ROWS),
        records(&world, Side::Right, ROWS),
    );
    let c = &p.changes;
    assert!(!before.contains_key(&Kind::MovedFar) && !before.contains_key(&Kind::SurnameChanged));
    let found = |kind: Kind| after.get(&kind).copied().unwrap_or(0);
    // Of those who moved far, hardly any came to the same authority again.
    near(
        found(Kind::MovedNear) + found(Kind::MovedFar),
        ROWS,
        **c.moved_near + **c.moved_far,
        "moved",
    );
    let women = left.iter().filter(|(p, _)| p.sex == Sex::Female).count() as u64;
    let [share, ..] = **p.people.women;
    near(women, ROWS, share, "women");
    let changed = left
        .iter()
        .filter(|(p, _)| p.sex == Sex::Female && p.other_surname.is_some());
    near(
        changed.count() as u64,
        women,
        **c.surname_women,
        "women's surnames",
    );
    let all = found(Kind::SurnameChanged) + found(Kind::SurnameJoined);
    near(found(Kind::SurnameJoined), all, **c.joined, "joined");
    // What a reader of the files sees.
    let agree = |of: &dyn Fn(&Record) -> &str| {
        let both = left
            .iter()
            .zip(&right)
            .map(|((_, a), (_, b))| (of(a), of(b)));
        let both: Vec<_> = both
            .filter(|(a, b)| !a.is_empty() && !b.is_empty())
            .collect();
        both.iter().filter(|(a, b)| a == b).count() as f64 / both.len() as f64
    };
    for (what, share, low, high) in [
        ("forename", agree(&|r| &r.forename), 0.85, 0.93),
        ("surname", agree(&|r| &r.surname), 0.84, 0.92),
        ("date", agree(&|r| &r.birth), 0.93, 0.97),
        ("sex", agree(&|r| r.sex), 0.99, 1.0),
        ("postcode", agree(&|r| &r.postcode), 0.50, 0.57),
    ] {
        assert!((low..high).contains(&share), "{what}: {share}");
    }
}

#[test]
fn relatives_look_like_each_other_as_they_should() {
    let p = PairParameters::built_in().expect("parameters");
    let world = World::new(&p, 1, 1_000_000).expect("world");
    let of_age = super::person::last_birth();
    let (mut one_home, mut generations) = (0, 0);
    for n in 0..500 {
        let other = world.person(Who::Both(n));
        let mut dice = world.dice(Stream::RightOnly, n);
        let mut like = |tie| relative(&world, &mut dice, &other, tie);
        let twin = like(Tie::Twin);
        assert_eq!((&twin.surname, twin.birth), (&other.surname, other.birth));
        assert_ne!(twin.forename, other.forename);
        one_home += u64::from(twin.home == other.home || Some(twin.home) == other.other_home);
        let son = like(Tie::FatherSon);
        assert_eq!(
            (&son.forename, &son.surname),
            (&other.forename, &other.surname)
        );
        generations += u64::from((son.birth - other.birth).abs() >= 18 * 365);
        let namesake = like(Tie::Namesake);
        assert_eq!(
            (&namesake.forename, &namesake.surname),
            (&other.forename, &other.surname)
        );
        assert_ne!(namesake.birth, other.birth);
        let member = like(Tie::Household);
        assert!(member.home == other.home || Some(member.home) == other.other_home);
        assert_ne!(member.forename, other.forename);
        for person in [&twin, &son, &namesake, &member] {
            assert!(person.birth <= of_age && person.other_surname.is_none());
        }
    }
    near(
        one_home,
        500,
        **p.relatives.twin_postcode,
        "twins at one postcode",
    );
    assert!(generations > 490, "{generations}");
    // How many of the people of one file are like somebody else cannot be seen from them; that
    // some live with others can.
    let only: Vec<Person> = (700_000..720_000)
        .map(|n| world.person(Who::Right(n)))
        .collect();
    let women = only.iter().filter(|p| p.sex == Sex::Female).count() as f64 / 20_000.0;
    assert!((0.55..0.68).contains(&women), "{women}");
}
