//! Ingest, for any input: spells against a day-by-day count, and no row without a place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "ingest/stage.rs"]
mod stage;

use std::collections::BTreeSet;

use kinlink::ingest::spells::unbroken;
use kinlink::schema::canonical::Table;
use proptest::prelude::*;

/// The days of the oracle; a stay that lasts goes on to the end of it.
const HORIZON: i32 = 60;

/// Counts night by night: those in custody, single nights between two of them filled in, and the
/// runs of what results.
fn night_by_night(stays: &[(i32, Option<i32>)]) -> Vec<(i32, Option<i32>)> {
    let mut nights = BTreeSet::new();
    for (from, to) in stays {
        nights.extend(*from..to.unwrap_or(HORIZON));
    }
    let inside: BTreeSet<i32> = (0..HORIZON)
        .filter(|n| nights.contains(n) || (nights.contains(&(n - 1)) && nights.contains(&(n + 1))))
        .collect();
    let open = stays.iter().any(|(_, to)| to.is_none());
    let mut runs: Vec<(i32, Option<i32>)> = Vec::new();
    for night in inside {
        match runs.last_mut() {
            Some((_, Some(end))) if *end == night => *end = night + 1,
            _ => runs.push((night, Some(night + 1))),
        }
    }
    if let Some((_, end)) = runs.last_mut()
        && open
    {
        *end = None;
    }
    runs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn spells_are_those_of_a_count_night_by_night(
        stays in prop::collection::vec((0..50_i32, prop::option::weighted(0.9, 0..12_i32)), 0..9)
    ) {
        let stays: Vec<(i32, Option<i32>)> =
            stays.iter().map(|(from, days)| (*from, days.map(|d| from + d))).collect();
        let spells = unbroken(&stays, 1);
        let plain: Vec<_> = spells.iter().map(|s| (s.from, s.to)).collect();
        prop_assert_eq!(plain, night_by_night(&stays));
        // Every stay with a night in it is in exactly one spell.
        let mut used: Vec<usize> = spells.iter().flat_map(|s| s.stays.clone()).collect();
        used.sort_unstable();
        let with_nights: Vec<usize> = (0..stays.len())
            .filter(|i| stays[*i].1.is_none_or(|to| to > stays[*i].0))
            .collect();
        prop_assert_eq!(used, with_nights);
    }
}

/// A cell that may be good, empty, or nonsense.
fn cell(good: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop_oneof![
        8 => prop::sample::select(good),
        1 => Just(""),
        1 => prop::sample::select(&["rubbish", "31/02/2025", "\"a,\"\"b\"", "é"][..]),
    ]
}

fn rows<const N: usize>(
    columns: [&'static [&'static str]; N],
) -> impl Strategy<Value = Vec<String>> {
    let row: Vec<_> = columns.into_iter().map(|good| cell(good).boxed()).collect();
    // One row in twenty has a cell too many.
    let ragged = prop::bool::weighted(0.05);
    let line =
        (row, ragged).prop_map(|(cells, ragged)| cells.join(",") + if ragged { ",x" } else { "" });
    prop::collection::vec(line, 0..25)
}

const IDS: &[&str] = &["1", "2", "3", "4"];
const DATES: &[&str] = &[
    "2024-11-01",
    "2025-01-05",
    "2025-01-06",
    "2025-06-01",
    "1970-01-01",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_row_has_a_place(
        offenders in rows([IDS, IDS, &["A1234BC", "A5678DE"], &["SAMPLE"], &["ALEX", "---"], &["JO"], &["CN"], DATES, &["M", "F"], &["W1", "B1"], DATES]),
        identifiers in rows([IDS, &["PNC", "CRO", "MERGED", "NINO"], &["A5678DE", "12/394773H", "000000/00Z"], &["Y"]]),
        bookings in rows([IDS, &["B"], IDS, IDS, DATES, DATES, &["LEI"], &["IN"], &["Y", "N"], &["O"], &["1"], &["N"]]),
        movements in rows([IDS, IDS, DATES, &["10:00:00"], &["ADM", "REL", "TRN"], &["N"], &["IN", "OUT"], &["OUT"], &["LEI"]]),
        contacts in rows([IDS, IDS, &["S"], &["SON", "MOT"], &["Y"], &["Y"], &["Y"], &[""], &[""]]),
        persons in rows([IDS, &["SAMPLE"], &["ROBIN"], &["JO"], DATES, &["M"], &["2020-01-01", ""]]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let custody = folder.path().join("custody");
        std::fs::create_dir(&custody).unwrap();
        let files = [
            ("offenders", "OFFENDER_ID,ROOT_OFFENDER_ID,OFFENDER_ID_DISPLAY,LAST_NAME,FIRST_NAME,MIDDLE_NAME,NAME_TYPE,BIRTH_DATE,SEX_CODE,RACE_CODE,CREATE_DATE", &offenders),
            ("offender_identifiers", "OFFENDER_ID,IDENTIFIER_TYPE,IDENTIFIER,VERIFIED_FLAG", &identifiers),
            ("offender_bookings", "OFFENDER_BOOK_ID,BOOKING_NO,OFFENDER_ID,ROOT_OFFENDER_ID,BOOKING_BEGIN_DATE,BOOKING_END_DATE,AGY_LOC_ID,IN_OUT_STATUS,ACTIVE_FLAG,BOOKING_STATUS,BOOKING_SEQ,ADMISSION_REASON", &bookings),
            ("offender_external_movements", "OFFENDER_BOOK_ID,MOVEMENT_SEQ,MOVEMENT_DATE,MOVEMENT_TIME,MOVEMENT_TYPE,MOVEMENT_REASON_CODE,DIRECTION_CODE,FROM_AGY_LOC_ID,TO_AGY_LOC_ID", &movements),
            ("offender_contact_persons", "OFFENDER_BOOK_ID,PERSON_ID,CONTACT_TYPE,RELATIONSHIP_TYPE,APPROVED_VISITOR_FLAG,NEXT_OF_KIN_FLAG,ACTIVE_FLAG,EXPIRY_DATE,CONTACT_ROOT_OFFENDER_ID", &contacts),
            ("persons", "PERSON_ID,LAST_NAME,FIRST_NAME,MIDDLE_NAME,BIRTHDATE,SEX,DECEASED_DATE", &persons),
        ];
        let mut sent = Vec::new();
        for (name, header, rows) in files {
            // A line of nothing but an empty cell is no row.
            let text = format!("{header}\n{}\n", rows.join("\n"));
            std::fs::write(custody.join(format!("{name}.csv")), text).unwrap();
            sent.push(rows.len() as u64);
        }
        let mut job = stage::job(folder.path(), stage::custody());
        job.limits.share = 1.0;
        let out = stage::ingest_job(&job).unwrap();
        let account = |name: &str| {
            let source = format!("custody.{name}");
            out.report.accounts.iter().find(|a| a.source == source).unwrap().clone()
        };
        for ((name, _, _), sent) in files.iter().zip(sent) {
            let account = account(name);
            prop_assert!(account.balances());
            prop_assert_eq!(account.rows_in, sent);
        }
        // Accepted contacts are the relations; held-back rows are the quarantine.
        let relations = out.table(Table::ParentChild, "custody").len() as u64;
        prop_assert_eq!(account("offender_contact_persons").accepted, relations);
        let held: u64 = out.report.accounts.iter().map(|a| a.quarantined).sum();
        let quarantine = out.rows("restricted/quarantine.parquet", &[]).len() as u64;
        prop_assert_eq!(held, quarantine);
    }
}
