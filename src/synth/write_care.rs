//! SSDA903 rows and CIN census elements of one child, for two collection years with different
//! codes for sex.

use super::calendar::{Day, british, iso};
use super::desk::Desk;
use super::names::Sex;
use super::write_services::{COLLECTION, Client, Outcome, Period};

/// One SSDA903 episode.
struct Episode {
    from: Day,
    to: Option<Day>,
    reason: &'static str,
    status: &'static str,
    need: &'static str,
    place: &'static str,
    end: &'static str,
}

/// Writes the child's header and episodes; false where the period falls into neither year.
pub(super) fn write_care(desk: &mut Desk, client: &Client, care: Period, outcome: Outcome) -> bool {
    let episodes = episodes(desk, care, outcome);
    let mut any = false;
    for year in 0..2 {
        if !care.in_collection(year) {
            continue;
        }
        any = true;
        write_header(desk, client, year);
        let end = COLLECTION[year + 1];
        for episode in &episodes {
            let period = Period {
                from: episode.from,
                to: episode.to,
            };
            if !period.in_collection(year) {
                continue;
            }
            // What ended after the year is open in that year's return.
            let closed = episode.to.filter(|to| *to <= end);
            let urn = (1_000_000 + episode.from * 7 % 500_000).to_string();
            let start = super::noise::date_text(&mut desk.dice, desk.p, episode.from);
            desk.returns[client.side][year].episodes.row(&[
                &client.id,
                &super::noise::british_text(start),
                episode.reason,
                episode.status,
                episode.need,
                episode.place,
                if episode.place.starts_with('P') {
                    "PR0"
                } else {
                    "PR1"
                },
                closed.map_or("", british),
                if closed.is_some() { episode.end } else { "" },
                if closed.is_some() && episode.end == "X1" {
                    "CARPL"
                } else {
                    ""
                },
                &client.home,
                &client.placement,
                if episode.place == "K2" { &urn } else { "" },
            ]);
        }
    }
    any
}

fn episodes(desk: &mut Desk, care: Period, outcome: Outcome) -> Vec<Episode> {
    let dice = &mut desk.dice;
    let need = dice.word(&["N1", "N1", "N1", "N5", "N4", "N3", "N8"]);
    let order = dice.chance(0.6);
    let mut out: Vec<Episode> = Vec::with_capacity(4);
    let mut from = care.from;
    let last = care.to.unwrap_or(COLLECTION[2]);
    for k in 0..6 {
        let length = 20 + dice.wait(220.0);
        let to = from + length;
        let open = to >= last || k == 5;
        let place = dice.word(&["U1", "U3", "U4", "U6", "U6", "P1", "K2", "H5"]);
        out.push(Episode {
            from,
            to: if open { care.to } else { Some(to) },
            reason: match (k, order && k == 1) {
                (0, _) => "S",
                (_, true) => "L",
                _ => "P",
            },
            status: match (order, k) {
                (true, 0) | (false, _) => "V2",
                (true, 1) => "C1",
                _ => "C2",
            },
            need,
            place,
            end: if !open {
                "X1"
            } else if outcome.adopted {
                dice.word(&["E11", "E12"])
            } else {
                dice.word(&["E4A", "E4B", "E8", "E3", "E45"])
            },
        });
        if open {
            break;
        }
        // Now and then the next episode begins before this one has ended.
        let overlap = dice.chance(**desk.p.services.overlapping_episodes);
        from = if overlap {
            to - dice.between(1, 10)
        } else {
            to
        };
    }
    out
}

fn write_header(desk: &mut Desk, client: &Client, year: usize) {
    let child = client.child;
    let sex = match (year, child.sex) {
        (0, Sex::Male) => "1",
        (0, Sex::Female) => "2",
        (_, sex) => sex.letter(),
    };
    let sex = if year == 1 && desk.dice.chance(**desk.p.disagreement.sex_missing) {
        "U"
    } else {
        sex
    };
    let sex = super::noise::code(&mut desk.dice, desk.p, sex);
    let ethnic = ethnicity(desk, client);
    // Girls of 15 and over who are mothers themselves.
    let of_age = COLLECTION[year + 1] - child.birth > 15 * 365;
    let mother = child.sex == Sex::Female && of_age && desk.dice.chance(0.02);
    let birth = super::noise::date_text(&mut desk.dice, desk.p, child.birth);
    let baby = british(COLLECTION[year] + 100);
    desk.returns[client.side][year].header.row(&[
        &client.id,
        sex,
        &super::noise::british_text(birth),
        ethnic,
        &client.upn,
        if mother { "1" } else { "" },
        if mother { baby } else { "" },
    ]);
}

fn ethnicity(desk: &mut Desk, client: &Client) -> &'static str {
    if desk.dice.chance(**desk.p.disagreement.ethnicity_missing) {
        desk.dice.word(&["REFU", "NOBT"])
    } else {
        client.child.group.codes().school
    }
}

/// Writes the child's CIN census elements; false where the period falls into neither year.
pub(super) fn write_need(desk: &mut Desk, client: &Client, need: Period) -> bool {
    let plan = desk.dice.chance(**desk.p.services.protection_plan);
    let plan = plan.then(|| need.from + desk.dice.between(15, 40));
    let code = desk.dice.word(&["N1", "N1", "N1", "N5", "N4", "N8", "N6"]);
    let source = desk.dice.word(&["1A", "2B", "3A", "6", "5A", "8", "9"]);
    let mut any = false;
    for year in 0..2 {
        if need.in_collection(year) {
            any = true;
            write_child(desk, client, (need, plan), (code, source), year);
        }
    }
    any
}

/// Appends `<name>text</name>`.
fn element(out: &mut String, name: &str, text: &str) {
    for part in ["<", name, ">", text, "</", name, ">"] {
        out.push_str(part);
    }
}

fn write_child(
    desk: &mut Desk,
    client: &Client,
    (need, plan): (Period, Option<Day>),
    (code, source): (&str, &str),
    year: usize,
) {
    let ethnic = ethnicity(desk, client);
    let birth = super::noise::date_text(&mut desk.dice, desk.p, client.child.birth);
    let factor = desk
        .dice
        .word(&["2B", "3B", "4B", "5B", "20", "19B", "13A"]);
    let category = desk.dice.word(&["NEG", "EMO", "PHY", "SAB", "MUL"]);
    let end = COLLECTION[year + 1];
    let sheet = &mut desk.returns[client.side][year].need;
    let out = &mut sheet.text;
    sheet.rows += 1;
    out.push_str("<Child><ChildIdentifiers>");
    element(out, "LAchildID", &client.id);
    match client.upn.as_str() {
        "" => {}
        unknown if unknown.starts_with("UN") => element(out, "UPNunknown", unknown),
        upn => element(out, "UPN", upn),
    }
    if year == 1 && !client.former_upn.is_empty() {
        element(out, "FormerUPN", &client.former_upn);
    }
    element(out, "PersonBirthDate", birth);
    match (year, client.child.sex) {
        (0, Sex::Male) => element(out, "GenderCurrent", "1"),
        (0, Sex::Female) => element(out, "GenderCurrent", "2"),
        (_, sex) => element(out, "Sex", sex.letter()),
    }
    if let Some(died) = client.child.died.filter(|d| *d < end) {
        element(out, "PersonDeathDate", iso(died));
    }
    out.push_str("</ChildIdentifiers><ChildCharacteristics>");
    element(out, "Ethnicity", ethnic);
    out.push_str("</ChildCharacteristics><CINdetails>");
    element(out, "CINreferralDate", iso(need.from));
    element(out, "ReferralSource", source);
    element(out, "PrimaryNeedCode", code);
    if let Some(to) = need.to.filter(|to| *to <= end) {
        element(out, "CINclosureDate", iso(to));
        element(
            out,
            "ReasonForClosure",
            if client.former_upn.is_empty() {
                "RC8"
            } else {
                "RC1"
            },
        );
    }
    let plan = plan.filter(|p| *p < end && need.to.is_none_or(|to| *p < to));
    if let Some(day) = plan {
        element(out, "DateOfInitialCPC", iso(day));
    }
    element(out, "ReferralNFA", "false");
    out.push_str("<Assessments>");
    element(out, "AssessmentActualStartDate", iso(need.from + 3));
    element(out, "AssessmentAuthorisationDate", iso(need.from + 12));
    out.push_str("<FactorsIdentifiedAtAssessment>");
    element(out, "AssessmentFactors", factor);
    out.push_str("</FactorsIdentifiedAtAssessment></Assessments>");
    if let Some(day) = plan {
        out.push_str("<ChildProtectionPlans>");
        element(out, "CPPstartDate", iso(day));
        let over = (day + 200).min(need.to.unwrap_or(Day::MAX));
        if over < end {
            element(out, "CPPendDate", iso(over));
        }
        element(out, "InitialCategoryOfAbuse", category);
        element(out, "NumberOfPreviousCPP", "0");
        out.push_str("</ChildProtectionPlans>");
    }
    out.push_str("</CINdetails></Child>\n");
}
