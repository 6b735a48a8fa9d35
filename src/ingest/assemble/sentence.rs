//! Sentences: how long, of what kind, for what offence; and the legal ground on a day.

use super::bookings::Bookings;
use crate::ingest::chunk::Landed;
use crate::ingest::landing::{charge, status, term};
use crate::ingest::ledger::Ledger;

/// A legal ground from a day on.
struct Status<'a> {
    start: Option<i32>,
    sequence: Option<i32>,
    legal: Option<&'a str>,
    kind: Option<&'a str>,
}

/// What the terms of a booking's sentences come to.
#[derive(Default)]
struct Sentence<'a> {
    id: Option<&'a str>,
    /// Length in sixteenths of a day; a month is 30.4375 days.
    length: i64,
    kind: Option<&'a str>,
}

/// What is known of each booking's ground, sentences and offences.
#[derive(Default)]
pub struct Grounds<'a> {
    statuses: Vec<Vec<Status<'a>>>,
    sentences: Vec<Vec<Sentence<'a>>>,
    /// Most serious first, then by sequence: rank and group.
    offences: Vec<Option<((bool, i32), &'a str)>>,
}

/// Sixteenths of a day in a month of 30.4375 days (a twelfth of 365.25).
const MONTH: i64 = 487;
const DAY: i64 = 16;

/// The words of a legal ground at the end of the wanted day.
pub struct Ground<'a> {
    /// One of the canonical legal statuses.
    pub legal: Option<&'a str>,
    kind: Option<&'a str>,
}

impl<'a> Grounds<'a> {
    /// Reads statuses, terms and charges.
    pub fn read(landed: &'a Landed, bookings: &Bookings<'a>, ledger: &mut Ledger) -> Self {
        let n = bookings.all.len();
        let mut grounds = Grounds {
            statuses: (0..n).map(|_| Vec::new()).collect(),
            sentences: (0..n).map(|_| Vec::new()).collect(),
            offences: vec![None; n],
        };
        for row in landed.rows(status::TABLE) {
            if let Some(at) = bookings.of(row.text(status::BOOKING), row, ledger) {
                grounds.statuses[at].push(Status {
                    start: row.date(status::START),
                    sequence: row.number(status::SEQUENCE),
                    legal: row.text(status::LEGAL_STATUS),
                    kind: row.text(status::SENTENCE_KIND),
                });
            }
        }
        for list in &mut grounds.statuses {
            list.sort_by_key(|s| (s.start, s.sequence));
        }
        grounds.read_terms(landed, bookings, ledger);
        grounds.read_charges(landed, bookings, ledger);
        grounds
    }

    fn read_terms(&mut self, landed: &'a Landed, bookings: &Bookings<'a>, ledger: &mut Ledger) {
        for row in landed.rows(term::TABLE) {
            let Some(at) = bookings.of(row.text(term::BOOKING), row, ledger) else {
                continue;
            };
            let id = row.text(term::SENTENCE);
            let list = &mut self.sentences[at];
            let place = list.iter().position(|s| s.id == id).unwrap_or_else(|| {
                list.push(Sentence {
                    id,
                    ..Sentence::default()
                });
                list.len() - 1
            });
            let sentence = &mut list[place];
            let count = |column| i64::from(row.number(column).unwrap_or(0));
            // Terms on licence do not keep anybody inside.
            if row.flag(term::CUSTODIAL) != Some(false) {
                let months = 12 * count(term::YEARS) + count(term::MONTHS);
                let days = 7 * count(term::WEEKS) + count(term::DAYS);
                sentence.length += months * MONTH + days * DAY;
            }
            if row.flag(term::LIFE) == Some(true) {
                sentence.kind = Some("indeterminate");
            }
            sentence.kind = sentence.kind.or(row.text(term::KIND));
        }
    }

    fn read_charges(&mut self, landed: &'a Landed, bookings: &Bookings<'a>, ledger: &mut Ledger) {
        for row in landed.rows(charge::TABLE) {
            let Some(at) = bookings.of(row.text(charge::BOOKING), row, ledger) else {
                continue;
            };
            let rank = (
                row.flag(charge::MOST_SERIOUS) != Some(true),
                row.number(charge::SEQUENCE).unwrap_or(i32::MAX),
            );
            let group = row.text(charge::GROUP).unwrap_or("unknown");
            let slot = &mut self.offences[at];
            if slot.is_none_or(|(known, _)| rank < known) {
                *slot = Some((rank, group));
            }
        }
    }

    /// The legal ground of a booking at the end of a day: the last one that had begun, else the
    /// first one that there is.
    pub fn on(&self, booking: usize, day: i32) -> Option<Ground<'a>> {
        let list = self.statuses.get(booking)?;
        let status = list
            .iter()
            .rev()
            .find(|s| s.start.is_none_or(|start| start <= day))
            .or(list.first())?;
        Some(Ground {
            legal: status.legal,
            kind: status.kind,
        })
    }

    /// The sentence band of a booking.
    pub fn band(&self, booking: usize, ground: Option<&Ground<'a>>) -> Option<&'static str> {
        let legal = ground.and_then(|g| g.legal);
        if matches!(legal, Some("untried" | "unsentenced")) {
            return Some("not_sentenced");
        }
        let list = self.sentences.get(booking)?;
        let is = |kind: &str| {
            ground.and_then(|g| g.kind) == Some(kind) || list.iter().any(|s| s.kind == Some(kind))
        };
        if is("indeterminate") {
            return Some("indeterminate");
        }
        if is("eds") {
            return Some("eds");
        }
        let longest = list.iter().map(|s| s.length).max().filter(|l| *l > 0);
        match longest {
            Some(length) => Some(band_of(length)),
            None if legal == Some("other") => Some("not_sentenced"),
            None => None,
        }
    }

    /// The group of the most serious offence of a booking.
    pub fn offence(&self, booking: usize) -> Option<&'a str> {
        self.offences
            .get(booking)
            .copied()
            .flatten()
            .map(|(_, g)| g)
    }
}

/// Six months or less; less than a year; less than four; less than ten; ten and more.
fn band_of(length: i64) -> &'static str {
    let months = |n: i64| n * MONTH;
    if length <= months(6) {
        "up_to_6m"
    } else if length < months(12) {
        "6_to_12m"
    } else if length < months(48) {
        "1_to_4y"
    } else if length < months(120) {
        "4_to_10y"
    } else {
        "10y_or_more"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_end_where_published_bands_end() {
        for (length, band) in [
            (6 * MONTH, "up_to_6m"),
            (26 * 7 * DAY, "up_to_6m"),
            (6 * MONTH + DAY, "6_to_12m"),
            (12 * MONTH, "1_to_4y"),
            (48 * MONTH, "4_to_10y"),
            (120 * MONTH, "10y_or_more"),
        ] {
            assert_eq!(band_of(length), band);
        }
    }
}
