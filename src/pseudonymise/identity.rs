//! Reading identities from a batch of the clear `person` table.

use std::path::Path;

use arrow::array::{Array, Date32Array, RecordBatch, StringArray, UInt32Array};

use super::key::{ProjectKeys, Pseudonym};
use super::match_key::RowNames;
use super::part::Identity;
use super::stage::{RECORD_PSEUDONYM, record_pseudonym};
use crate::columnar::{ColumnarError, TableReader, date, date_at, text, text_at, u32};
use crate::schema::canonical::RECORD;

/// The identifying columns of a batch, each of its type.
pub(super) struct PersonColumns<'a> {
    record: &'a StringArray,
    alias: &'a UInt32Array,
    kind: &'a StringArray,
    date_of_birth: &'a Date32Array,
    texts: [&'a StringArray; 12],
}

const TEXTS: [&str; 12] = [
    "forename",
    "middle_names",
    "surname",
    "former_surname",
    "sex",
    "postcode",
    "noms",
    "pnc",
    "cro",
    "crn",
    "upn",
    "local_id",
];

impl<'a> PersonColumns<'a> {
    /// The columns that are read.
    pub(super) const NAMES: &'static [&'static str] = &[
        RECORD,
        "alias",
        "kind",
        "date_of_birth",
        "forename",
        "middle_names",
        "surname",
        "former_surname",
        "sex",
        "postcode",
        "noms",
        "pnc",
        "cro",
        "crn",
        "upn",
        "local_id",
    ];

    pub(super) fn of(batch: &'a RecordBatch, path: &Path) -> Result<Self, ColumnarError> {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = TEXTS;
        let t = |name: &str| text(batch, name, path);
        Ok(PersonColumns {
            record: t(RECORD)?,
            alias: u32(batch, "alias", path)?,
            kind: t("kind")?,
            date_of_birth: date(batch, "date_of_birth", path)?,
            texts: [
                t(a)?,
                t(b)?,
                t(c)?,
                t(d)?,
                t(e)?,
                t(f)?,
                t(g)?,
                t(h)?,
                t(i)?,
                t(j)?,
                t(k)?,
                t(l)?,
            ],
        })
    }

    pub(super) fn record(&self, row: usize) -> &'a str {
        self.record.value(row)
    }

    pub(super) fn alias(&self, row: usize) -> u32 {
        self.alias.value(row)
    }

    pub(super) fn kind(&self, row: usize) -> &'a str {
        if self.kind.is_null(row) {
            ""
        } else {
            self.kind.value(row)
        }
    }

    pub(super) fn identity(&self, row: usize) -> Identity<'a> {
        let [
            forename,
            middle,
            surname,
            former,
            sex,
            postcode,
            noms,
            pnc,
            cro,
            crn,
            upn,
            local,
        ] = self.texts;
        let born = date_at(self.date_of_birth, row).map(civil);
        Identity {
            forename: text_at(forename, row),
            middle_names: text_at(middle, row),
            surname: text_at(surname, row),
            former_surname: text_at(former, row),
            year: born.map(|d| d.0),
            month: born.map(|d| d.1),
            day: born.map(|d| d.2),
            sex: text_at(sex, row),
            postcode: text_at(postcode, row),
            noms: text_at(noms, row),
            pnc: text_at(pnc, row),
            cro: text_at(cro, row),
            crn: text_at(crn, row),
            upn: text_at(upn, row),
            local_id: text_at(local, row),
            other: &[],
        }
    }
}

/// Hands `each` the main name of every record of a kind in a clear table: who it is, the name of
/// its row, and the pseudonym of its record.
///
/// # Errors
/// A file that cannot be read.
pub fn each_person(
    path: &Path,
    system: &str,
    kind: &str,
    keys: &ProjectKeys,
    mut each: impl FnMut(&Identity<'_>, Pseudonym, Pseudonym),
) -> Result<(), ColumnarError> {
    let names = RowNames::new(keys);
    let record_key = keys.derive(&[RECORD_PSEUDONYM]);
    for batch in TableReader::open(path, Some(PersonColumns::NAMES))? {
        let batch = batch?;
        let columns = PersonColumns::of(&batch, path)?;
        for row in 0..batch.num_rows() {
            if columns.kind(row) != kind || columns.alias(row) != 0 {
                continue;
            }
            let record = columns.record(row);
            each(
                &columns.identity(row),
                names.name(system, record, 0),
                record_pseudonym(&record_key, system, record),
            );
        }
    }
    Ok(())
}

/// Year, month and day of a count of days since 1970-01-01 (H. Hinnant, "chrono-compatible
/// low-level date algorithms", `civil_from_days`). Dates outside the years of an `i16` saturate.
pub(super) fn civil(days: i32) -> (i16, u8, u8) {
    let z = i64::from(days) + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (
        i16::try_from(year).unwrap_or(i16::MAX),
        u8::try_from(month).unwrap_or(0),
        u8::try_from(day).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use super::civil;
    use jiff::ToSpan;

    #[test]
    fn days_become_dates_as_the_calendar_has_them() {
        let epoch = jiff::civil::date(1970, 1, 1);
        for days in (-80_000..40_000).step_by(17) {
            let d = epoch.checked_add(i64::from(days).days()).expect("a date");
            let (y, m, dd) = (d.year(), d.month(), d.day());
            let expected = (y, u8::try_from(m).unwrap(), u8::try_from(dd).unwrap());
            assert_eq!(civil(days), expected);
        }
    }
}
