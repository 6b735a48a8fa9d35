//! One name of one person as the canonical table wants it.

use std::borrow::Cow;

use crate::columnar::ColumnarError;
use crate::ingest::chunk::Row;
use crate::ingest::geography::Geography;
use crate::ingest::landing::person as p;
use crate::ingest::output::{CanonicalWriter, Out};
use crate::schema::canonical::area_from;

/// A name with all that is known of the person under it. No `Debug`: it is a person.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name<'a> {
    pub kind: &'a str,
    pub forename: Option<&'a str>,
    pub middle_names: Option<Cow<'a, str>>,
    pub surname: Option<&'a str>,
    pub former_surname: Option<&'a str>,
    pub date_of_birth: Option<i32>,
    pub sex: Option<&'a str>,
    pub postcode: Option<&'a str>,
    pub ethnicity: Option<&'a str>,
    pub local_authority: Option<&'a str>,
    pub noms: Option<&'a str>,
    pub pnc: Option<&'a str>,
    pub cro: Option<&'a str>,
    pub crn: Option<&'a str>,
    pub upn: Option<&'a str>,
    pub local_id: Option<&'a str>,
}

impl<'a> Name<'a> {
    /// The name of a landed row.
    pub fn of(row: Row<'a>) -> Self {
        let middle = row.text(p::MIDDLE_NAMES).map(Cow::Borrowed);
        let middle_names = match (middle, row.text(p::MIDDLE_NAMES_2)) {
            (Some(first), Some(second)) => Some(Cow::Owned(format!("{first} {second}"))),
            (first, second) => first.or(second.map(Cow::Borrowed)),
        };
        Name {
            kind: row.text(p::KIND).unwrap_or_default(),
            forename: row.text(p::FORENAME),
            middle_names,
            surname: row.text(p::SURNAME),
            former_surname: row.text(p::FORMER_SURNAME),
            date_of_birth: row.date(p::DATE_OF_BIRTH),
            sex: row.text(p::SEX),
            postcode: row.text(p::POSTCODE),
            ethnicity: row.text(p::ETHNICITY),
            local_authority: row.text(p::LOCAL_AUTHORITY),
            noms: row.text(p::NOMS),
            pnc: row.text(p::PNC),
            cro: row.text(p::CRO),
            crn: row.text(p::CRN),
            upn: row.text(p::UPN),
            local_id: row.text(p::LOCAL_ID),
        }
    }

    /// Writes it as a row. Where the source does not say where the person lives, the postcode does.
    pub fn write(
        &self,
        writer: &mut CanonicalWriter,
        geography: &Geography,
        record: &str,
        alias: u32,
        from: Row<'_>,
    ) -> Result<(), ColumnarError> {
        let (area, area_from) = match self.local_authority {
            Some(area) => (Some(area), Some(area_from::SOURCE)),
            None => match self.postcode.and_then(|p| geography.authority(p)) {
                Some(area) => (Some(area), Some(area_from::POSTCODE)),
                None => (None, None),
            },
        };
        writer.push(
            &[
                Out::Text(Some(record)),
                Out::Number(alias),
                Out::Text(Some(self.kind)),
                Out::Text(self.forename),
                Out::Text(self.middle_names.as_deref()),
                Out::Text(self.surname),
                Out::Text(self.former_surname),
                Out::Date(self.date_of_birth),
                Out::Text(self.sex),
                Out::Text(self.postcode),
                Out::Text(self.ethnicity),
                Out::Text(area),
                Out::Text(area_from),
                Out::Text(self.noms),
                Out::Text(self.pnc),
                Out::Text(self.cro),
                Out::Text(self.crn),
                Out::Text(self.upn),
                Out::Text(self.local_id),
            ],
            from.file(),
            from.number_in_file(),
        )
    }
}
