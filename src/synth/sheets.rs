//! The files of the extracts: their paths, headers and encodings, and the rows of a part of them.

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// UTF-8, lines end with LF.
    Utf8,
    /// UTF-8 with a byte order mark, lines end with LF.
    Utf8WithMark,
    /// Windows-1252, lines end with CRLF.
    Windows1252,
}

/// Rows of one file, as CSV (RFC 4180 quoting).
#[derive(Debug, Default, Clone)]
pub(super) struct Sheet {
    /// The text.
    pub text: String,
    /// How many rows it holds.
    pub rows: u64,
}

impl Sheet {
    /// Adds a row.
    pub(super) fn row(&mut self, fields: &[&str]) {
        for (i, field) in fields.iter().enumerate() {
            if i > 0 {
                self.text.push(',');
            }
            if field
                .bytes()
                .any(|b| matches!(b, b'"' | b',' | b'\n' | b'\r'))
            {
                self.text.push('"');
                self.text.push_str(&field.replace('"', "\"\""));
                self.text.push('"');
            } else {
                self.text.push_str(field);
            }
        }
        self.text.push('\n');
        self.rows += 1;
    }

    /// Takes the rows of another sheet of the same file.
    pub(super) fn append(&mut self, other: &Sheet) {
        self.text.push_str(&other.text);
        self.rows += other.rows;
    }
}

/// One file of the extracts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    /// Its path under the data root.
    pub path: &'static str,
    /// Its header line.
    pub header: &'static str,
    /// How it is written.
    pub form: Form,
}

macro_rules! pages {
    ($($field:ident, $path:literal, $form:ident, $header:literal;)*) => {
        /// Rows of all files that the whole country shares.
        #[derive(Debug, Default)]
        pub(super) struct Pages { $(pub(super) $field: Sheet),* }

        /// Those files, in the order of [`Pages::sheets`].
        pub(super) const FILES: &[Listed] =
            &[$(Listed { path: $path, header: $header, form: Form::$form }),*];

        impl Pages {
            /// The sheets, in the order of [`FILES`].
            pub(super) fn sheets(&self) -> impl Iterator<Item = &Sheet> {
                [$(&self.$field),*].into_iter()
            }
        }
    };
}

pages! {
    offenders, "custody/offenders.csv", Utf8,
        "OFFENDER_ID,ROOT_OFFENDER_ID,OFFENDER_ID_DISPLAY,LAST_NAME,FIRST_NAME,MIDDLE_NAME,NAME_TYPE,BIRTH_DATE,SEX_CODE,RACE_CODE,CREATE_DATE";
    identifiers, "custody/offender_identifiers.csv", Utf8,
        "OFFENDER_ID,IDENTIFIER_TYPE,IDENTIFIER,VERIFIED_FLAG";
    bookings, "custody/offender_bookings.csv", Utf8,
        "OFFENDER_BOOK_ID,BOOKING_NO,OFFENDER_ID,ROOT_OFFENDER_ID,BOOKING_BEGIN_DATE,BOOKING_END_DATE,AGY_LOC_ID,IN_OUT_STATUS,ACTIVE_FLAG,BOOKING_STATUS,BOOKING_SEQ,ADMISSION_REASON";
    movements, "custody/offender_external_movements.csv", Utf8,
        "OFFENDER_BOOK_ID,MOVEMENT_SEQ,MOVEMENT_DATE,MOVEMENT_TIME,MOVEMENT_TYPE,MOVEMENT_REASON_CODE,DIRECTION_CODE,FROM_AGY_LOC_ID,TO_AGY_LOC_ID";
    statuses, "custody/offender_imprison_statuses.csv", Utf8,
        "OFFENDER_BOOK_ID,IMPRISON_STATUS_SEQ,IMPRISONMENT_STATUS,EFFECTIVE_DATE,EXPIRY_DATE,LATEST_STATUS";
    terms, "custody/offender_sentence_terms.csv", Utf8,
        "OFFENDER_BOOK_ID,SENTENCE_SEQ,TERM_SEQ,SENTENCE_CALC_TYPE,SENTENCE_TERM_CODE,YEARS,MONTHS,WEEKS,DAYS,LIFE_SENTENCE_FLAG,START_DATE";
    charges, "custody/offender_charges.csv", Utf8,
        "OFFENDER_BOOK_ID,CHARGE_SEQ,OFFENCE_CODE,MOST_SERIOUS_FLAG,RESULT_CODE_1";
    contacts, "custody/offender_contact_persons.csv", Utf8,
        "OFFENDER_BOOK_ID,PERSON_ID,CONTACT_TYPE,RELATIONSHIP_TYPE,APPROVED_VISITOR_FLAG,NEXT_OF_KIN_FLAG,ACTIVE_FLAG,EXPIRY_DATE,CONTACT_ROOT_OFFENDER_ID";
    persons, "custody/persons.csv", Utf8,
        "PERSON_ID,LAST_NAME,FIRST_NAME,MIDDLE_NAME,BIRTHDATE,SEX,DECEASED_DATE";
    profiles, "custody/offender_profile_details.csv", Utf8,
        "OFFENDER_BOOK_ID,PROFILE_SEQ,PROFILE_TYPE,PROFILE_CODE";
    visits, "custody/offender_visits.csv", Utf8,
        "OFFENDER_VISIT_ID,OFFENDER_BOOK_ID,VISIT_DATE,VISIT_TYPE,VISIT_STATUS,EVENT_OUTCOME,AGY_LOC_ID";
    visitors, "custody/offender_visit_visitors.csv", Utf8,
        "OFFENDER_VISIT_ID,PERSON_ID,GROUP_LEADER_FLAG,EVENT_OUTCOME";
    addresses, "custody/addresses.csv", Utf8,
        "ADDRESS_ID,OWNER_CLASS,OWNER_ID,ADDRESS_TYPE,POSTAL_CODE,NO_FIXED_ADDRESS_FLAG,PRIMARY_FLAG,START_DATE,END_DATE";
    screenings, "custody/oasys_bcst.csv", Utf8,
        "OFFENDER_BOOK_ID,ASSESSMENT_DATE,PARENT_UNDER_18,NUMBER_OF_CHILDREN,PRIMARY_CARER";
    aliases, "probation/alias.csv", Windows1252,
        "offender_id,first_name,surname,date_of_birth_date";
    probation_addresses, "probation/offender_address.csv", Windows1252,
        "offender_id,postcode,status,type,start_date,end_date";
    circumstances, "probation/personal_circumstance.csv", Windows1252,
        "offender_id,circumstance_type,circumstance_sub_type,start_date,end_date,evidenced,soft_deleted";
    assessments, "probation/oasys_assessment.csv", Windows1252,
        "offender_id,assessment_date,question_6_9,question_6_10";
    disposals, "probation/disposal.csv", Windows1252,
        "event_id,offender_id,disposal_date,disposal_type,termination_date";
    census, "childrens-services/school_census.csv", Utf8WithMark,
        "UPN,Surname,Forename,MiddleNames,FormerSurname,DOB,Sex,Ethnicity,PostCode,LA,Estab";
    carers, "childrens-services/carers.csv", Utf8,
        "LA,CHILD,CARER_ID,RELATIONSHIP,FORENAME,SURNAME,DOB,SEX,POSTCODE,START_DATE,END_DATE";
    true_persons, "truth/person.csv", Utf8, "system,record,person,kind";
    true_parents, "truth/parent_child.csv", Utf8, "parent,child";
    true_children, "truth/child.csv", Utf8,
        "child,date_of_birth,sex,ethnicity,local_authority,date_of_death";
    true_custody, "truth/custody.csv", Utf8, "parent,admission,release";
}

/// The columns of `probation/offender.parquet`, all text.
pub(super) const PROBATION_COLUMNS: [&str; 13] = [
    "offender_id",
    "crn",
    "pnc_number",
    "noms_number",
    "first_name",
    "second_name",
    "third_name",
    "surname",
    "preferred_name",
    "date_of_birth_date",
    "gender_id",
    "ethnicity_id",
    "soft_deleted",
];

/// A row of `probation/offender.parquet`.
pub(super) type ProbationRow = [String; PROBATION_COLUMNS.len()];

/// The header of an SSDA903 header file.
pub(super) const CARE_HEADER: &str = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB";
/// The header of an SSDA903 episodes file.
pub(super) const CARE_EPISODES: &str =
    "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN";

/// What one authority sends for one collection year.
#[derive(Debug, Default, Clone)]
pub(super) struct Returns {
    /// SSDA903 header rows.
    pub header: Sheet,
    /// SSDA903 episode rows.
    pub episodes: Sheet,
    /// `Child` elements of the CIN census.
    pub need: Sheet,
}

/// The returns of the two collection years, 2024 and 2025.
pub(super) type BothReturns = [Returns; 2];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_and_quotes_are_quoted() {
        let mut sheet = Sheet::default();
        sheet.row(&["a", "2 boys, 1 girl", "say \"two\"", ""]);
        assert_eq!(sheet.text, "a,\"2 boys, 1 girl\",\"say \"\"two\"\"\",\n");
    }
}
