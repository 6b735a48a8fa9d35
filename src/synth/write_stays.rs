//! Bookings, movements, legal status, sentences and charges of one prisoner: what a true stay
//! looks like in the prison system, with its transfers, court days and re-bookings.

use super::calendar::{Day, REFERENCE, iso};
use super::desk::Desk;
use super::dice::Dice;
use super::ids::Known;
use super::names::Sex;
use super::noise;
use super::people::Adult;
use super::stays::Stay;
use crate::schema::codes::prisons;

/// A booking as written.
pub(super) struct Booking {
    pub id: u64,
    pub begin: Day,
    pub end: Option<Day>,
    pub agency: &'static str,
}

/// A stay, or the part of one that has a booking of its own.
struct Part {
    stay: Stay,
    begin: Day,
    end: Option<Day>,
    first: bool,
}

/// Writes all stays; gives the bookings, oldest first.
pub(super) fn write(desk: &mut Desk, who: Known, adult: &Adult, roots: &[u64]) -> Vec<Booking> {
    let mut parts = Vec::new();
    for stay in &adult.stays {
        let length = stay.end().min(REFERENCE) - stay.from;
        if length >= 12 && desk.dice.chance(**desk.p.quirks.one_day_gap) {
            // Out on day `cut`, in again the day after: one stay under two bookings.
            let cut = stay.from + desk.dice.between(length * 3 / 4, length - 3);
            parts.push(part(stay, stay.from, Some(cut), true));
            parts.push(part(stay, cut + 1, stay.to, false));
        } else {
            parts.push(part(stay, stay.from, stay.to, true));
        }
    }
    let n = parts.len();
    let mut out = Vec::with_capacity(n);
    for (i, part) in parts.iter().take(16).enumerate() {
        // Older bookings hang on the older numbers.
        let root = roots.get(roots.len().min(n - i) - 1).or(roots.first());
        let id = desk.ids.book(who, u64::try_from(i).unwrap_or(0));
        let agency = prison(&mut desk.dice, adult.sex);
        write_booking(desk, part, id, root.copied().unwrap_or(0), n - i, agency);
        write_movements(desk, part, id, agency, adult.sex);
        write_status(desk, part, id);
        write_charges(desk, part, id);
        out.push(Booking {
            id,
            begin: part.begin,
            end: part.end,
            agency,
        });
    }
    out
}

fn part(stay: &Stay, begin: Day, end: Option<Day>, first: bool) -> Part {
    Part {
        stay: *stay,
        begin,
        end,
        first,
    }
}

/// An active prison for that sex.
fn prison(dice: &mut Dice, sex: Sex) -> &'static str {
    // WYI holds girls, not women.
    let fits = |p: &&crate::schema::codes::Prison| {
        p.active && p.women == (sex == Sex::Female) && p.id != "WYI"
    };
    let n = prisons().iter().filter(fits).count();
    let at = dice.below(n);
    prisons()
        .iter()
        .filter(fits)
        .nth(at)
        .map_or("", |p| p.id.as_str())
}

fn admission_reason(dice: &mut Dice, part: &Part) -> &'static str {
    match part.stay.status {
        _ if !part.first => "N",
        0 => "N",
        1 => "V",
        2 => "I",
        3 => dice.word(&["L", "L", "L", "B", "24"]),
        _ => dice.word(&["E", "C"]),
    }
}

fn write_booking(desk: &mut Desk, part: &Part, id: u64, root: u64, seq: usize, agency: &str) {
    let reason = admission_reason(&mut desk.dice, part);
    let open = part.end.is_none();
    let number = format!(
        "{:05}{}",
        id % 100_000,
        desk.dice.word(&["A", "B", "C", "D"])
    );
    let begin = noise::date_text(&mut desk.dice, desk.p, part.begin);
    desk.pages.bookings.row(&[
        &id.to_string(),
        &number,
        &root.to_string(),
        &root.to_string(),
        begin,
        part.end.map_or("", iso),
        if open { agency } else { "OUT" },
        if open { "IN" } else { "OUT" },
        if open { "Y" } else { "N" },
        if open { "O" } else { "C" },
        &seq.to_string(),
        reason,
    ]);
}

/// A movement: day, hour, type, reason, direction, from, to.
type Movement = (
    Day,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

fn write_movements(desk: &mut Desk, part: &Part, id: u64, agency: &'static str, sex: Sex) {
    let (dice, p) = (&mut desk.dice, desk.p);
    let admission = admission_reason(dice, part);
    // The prison of the first days; a transfer leads to the one of the booking.
    let length = part.end.unwrap_or(REFERENCE) - part.begin;
    let quarter = length / 4;
    let mut at = agency;
    let mut list: Vec<Movement> = Vec::with_capacity(8);
    let transfer = quarter >= 4 && dice.chance(**p.quirks.transfer);
    let as_release = quarter >= 4 && dice.chance(**p.quirks.transfer_as_release);
    if transfer || as_release {
        at = prison(dice, sex);
    }
    list.push((part.begin, "18:10:00", "ADM", admission, "IN", "COURT1", at));
    if length >= 3 && dice.chance(**p.quirks.court) {
        let day = part.begin + dice.between(1, quarter.max(2) - 1);
        list.push((day, "08:30:00", "CRT", "CRT", "OUT", at, "COURT1"));
        list.push((day, "17:20:00", "CRT", "CRT", "IN", "COURT1", at));
    }
    if transfer {
        let day = part.begin + quarter + dice.between(1, quarter - 1);
        let to = if as_release {
            prison(dice, sex)
        } else {
            agency
        };
        list.push((day, "09:00:00", "TRN", "TRN", "OUT", at, to));
        list.push((day, "14:00:00", "ADM", "INT", "IN", at, to));
        at = to;
    }
    if as_release {
        let day = part.begin + 2 * quarter + dice.between(1, quarter - 1);
        let reason = dice.word(&["TRN", "CRT"]);
        list.push((day, "09:30:00", "REL", reason, "OUT", at, "OUT"));
        list.push((day, "15:30:00", "ADM", "INT", "IN", "OUT", agency));
        at = agency;
    }
    if let Some(end) = part.end {
        let reason = match part.stay.status {
            _ if part.stay.to != Some(end) => "CR",
            0 | 1 => dice.word(&["BL", "BL", "AR"]),
            _ => dice.word(&["CR", "CR", "CR", "HD", "AR"]),
        };
        list.push((end, "10:15:00", "REL", reason, "OUT", at, "OUT"));
    }
    for (seq, m) in (1_u32..).zip(list) {
        let day = noise::date_text(dice, p, m.0);
        let kind = noise::code(dice, p, m.2);
        let (id, seq) = (id.to_string(), seq.to_string());
        desk.pages
            .movements
            .row(&[&id, &seq, day, m.1, kind, m.3, m.4, m.5, m.6]);
    }
}

fn write_status(desk: &mut Desk, part: &Part, id: u64) {
    let dice = &mut desk.dice;
    let id = id.to_string();
    let indeterminate = part.stay.band == 6;
    let status = match part.stay.status {
        0 => dice.word(&["TRL", "TRL", "RX"]),
        1 => "JR",
        2 if indeterminate => dice.word(&["MLP", "ALP", "IPP"]),
        2 if part.stay.band == 5 => "EXSENT03",
        2 if part.stay.band < 3 => dice.word(&["ADIMP_ORA", "SENT03"]),
        2 => "SENT03",
        3 if indeterminate => dice.word(&["LR_LIFE", "LR_IPP"]),
        3 => dice.word(&["LR", "LR_ORA", "FTR_ORA", "14FTR_ORA"]),
        _ => dice.word(&["DET", "DEPORT"]),
    };
    let length = part.end.unwrap_or(REFERENCE) - part.begin;
    let mut seq = 1;
    let mut since = part.begin;
    // Many of the sentenced were on remand first.
    if part.stay.status == 2 && length > 30 && dice.chance(0.5) {
        since = part.begin + dice.between(7, length / 2);
        let row = [&id, "1", "TRL", iso(part.begin), iso(since), "N"];
        desk.pages.statuses.row(&row);
        seq = 2;
    }
    let row = [&id, &seq.to_string(), status, iso(since), "", "Y"];
    desk.pages.statuses.row(&row);
    if part.stay.band < 7 {
        write_terms(desk, part, &id, since);
    }
}

fn write_terms(desk: &mut Desk, part: &Part, id: &str, start: Day) {
    let dice = &mut desk.dice;
    let recall = part.stay.status == 3;
    let (months, kind) = match part.stay.band {
        0 => (dice.between(1, 6), "ADIMP_ORA"),
        1 => (dice.between(7, 11), "ADIMP_ORA"),
        2 => (dice.between(12, 47), "ADIMP_ORA"),
        3 => (dice.between(48, 119), "ADIMP"),
        4 => (dice.between(120, 320), "ADIMP"),
        5 => (
            dice.between(48, 180),
            dice.word(&["EDS18", "EDSU18", "EDS21"]),
        ),
        _ => (dice.between(24, 300), dice.word(&["MLP", "ALP", "IPP"])),
    };
    let kind = match (recall, kind) {
        (true, "ADIMP_ORA") => dice.word(&["LR_ORA", "FTR_ORA", "14FTR_ORA"]),
        (true, "ADIMP") => "LR",
        (_, kind) => kind,
    };
    let life = part.stay.band == 6;
    // Short terms are given in days or weeks as often as in months.
    let (y, m, w, d) = match (life, months, dice.below(3)) {
        (true, ..) => (0, 0, 0, 0),
        (_, 1..=5, 0) => (0, 0, months * 4, 0),
        (_, 1..=5, 1) => (0, 0, 0, months * 28),
        (_, _, _) => (months / 12, months % 12, 0, 0),
    };
    let text = |n: i32| if n == 0 { String::new() } else { n.to_string() };
    let row = |sheet: &mut super::sheets::Sheet, term: &str, code: &str, y: i32, m: i32| {
        sheet.row(&[
            id,
            "1",
            term,
            kind,
            code,
            &text(y),
            &text(m),
            &text(w),
            &text(d),
            if life { "Y" } else { "N" },
            iso(start),
        ]);
    };
    row(&mut desk.pages.terms, "1", "IMP", y, m);
    if part.stay.band == 5 {
        let licence = desk.dice.between(1, 5);
        row(&mut desk.pages.terms, "2", "LIC", licence, 0);
    }
}

fn write_charges(desk: &mut Desk, part: &Part, id: u64) {
    const VIOLENT: [&str; 8] = [
        "OF61016", "OF61102", "OF61131", "SX03001", "SX03013", "CJ88001", "PH97001", "SC15003",
    ];
    const OTHER: [&str; 12] = [
        "TH68010", "TH68036", "TH68072", "MD71151", "MD71230", "RT88007", "RT88026", "CD71039",
        "FA06001", "BA76004", "PU86096", "PC02011",
    ];
    let dice = &mut desk.dice;
    let convicted = matches!(part.stay.status, 2 | 3);
    let n = 1 + dice.below(3);
    for seq in 1..=n {
        let main = seq == 1;
        let violent = if main {
            part.stay.violent
        } else {
            part.stay.violent && dice.chance(0.3)
        };
        let murder = main && violent && part.stay.band == 6 && dice.chance(0.7);
        let code = if murder {
            "COML025"
        } else if violent {
            dice.word(&VIOLENT)
        } else {
            dice.word(&OTHER)
        };
        desk.pages.charges.row(&[
            &id.to_string(),
            &seq.to_string(),
            code,
            if main { "Y" } else { "N" },
            if convicted { "1002" } else { "4565" },
        ]);
    }
}
