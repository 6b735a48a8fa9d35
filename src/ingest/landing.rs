//! The landing tables: what every source system is mapped to by its schemas, before `assemble`
//! makes the canonical tables from them.
//!
//! They know nothing of any one system: names, identifiers, addresses, bookings, movements … A
//! schema's `kinlink:table` names one of them and `kinlink:canonical` one of its columns. The kind
//! of a column says which standard form its values get.

use super::convert::Kind;

/// One column of a landing table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, as schemas write it.
    pub name: &'static str,
    /// What kind of values it holds.
    pub kind: Kind,
    /// A row without it is of no use and is held back.
    pub required: bool,
}

/// One landing table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landing {
    /// Its name, as schemas write it.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// Which of [`ALL`] it is.
    pub index: usize,
}

/// Names the columns of a table as constants, so that `assemble` need not search for them.
macro_rules! landing {
    ($($(#[$doc:meta])* $module:ident = $index:literal {
        $($column:ident $name:literal $kind:ident $($required:ident)?;)*
    })*) => {
        $($(#[$doc])*
        pub mod $module {
            use super::{Column, Landing, Kind};
            // Some columns are there for schemas to name, and are not asked for yet.
            #[allow(non_camel_case_types, clippy::upper_case_acronyms, dead_code)]
            enum Index { $($column),* }
            $(
                #[allow(dead_code)]
                #[doc = concat!("The place of the column `", $name, "`.")]
                pub const $column: usize = Index::$column as usize;
            )*
            /// The table.
            pub const TABLE: Landing = Landing {
                name: stringify!($module),
                columns: &[$(Column {
                    name: $name,
                    kind: Kind::$kind,
                    required: landing!(@required $($required)?),
                }),*],
                index: $index,
            };
        })*
        /// All landing tables.
        pub const ALL: &[Landing] = &[$($module::TABLE),*];
    };
    (@required required) => { true };
    (@required) => { false };
}

landing! {
    /// One name of one person. `name_id` tells the names of a person apart; the main name has none,
    /// or one that equals `person_id`. `kind` is `adult`, `child`, or `contact` (what the contacts
    /// that name the person say).
    person = 0 {
        RECORD "record" Key required;
        PERSON_ID "person_id" Key;
        NAME_ID "name_id" Key;
        KIND "kind" Word required;
        DELETED "deleted" Flag;
        FORENAME "forename" Name;
        MIDDLE_NAMES "middle_names" Name;
        MIDDLE_NAMES_2 "middle_names_2" Name;
        SURNAME "surname" Name;
        FORMER_SURNAME "former_surname" Name;
        DATE_OF_BIRTH "date_of_birth" BirthDate;
        DATE_OF_DEATH "date_of_death" Date;
        SEX "sex" Sex;
        POSTCODE "postcode" Postcode;
        ETHNICITY "ethnicity" Ethnicity;
        LOCAL_AUTHORITY "local_authority" Authority;
        NOMS "noms" Noms;
        PNC "pnc" Pnc;
        CRO "cro" Cro;
        CRN "crn" Crn;
        UPN "upn" Upn;
        LOCAL_ID "local_id" Key;
    }
    /// A further number of a person or of one of their names. `type` is `noms`, `pnc`, `cro`, `crn`,
    /// or `merged`: the prison number of another row of the same person.
    identifier = 1 {
        NAME_ID "name_id" Key required;
        TYPE "type" Word required;
        VALUE "value" Key required;
    }
    /// An address of a person.
    address = 2 {
        RECORD "record" Key required;
        POSTCODE "postcode" Postcode;
        NO_FIXED "no_fixed" Flag;
        PRIMARY "primary" Flag;
        START "start" Date;
        END "end" Date;
    }
    /// A booking: one time in prison under one number.
    booking = 3 {
        BOOKING "booking" Key required;
        RECORD "record" Key required;
        BEGIN "begin" Date;
        END "end" Date;
        AGENCY "agency" Key;
        ACTIVE "active" Flag;
    }
    /// A movement in or out. `event` is `admission`, `release`, `transfer`, `court` or `temporary`;
    /// `direction` is `in` or `out`.
    movement = 4 {
        BOOKING "booking" Key required;
        SEQUENCE "sequence" Number;
        DATE "date" Date required;
        TIME "time" Key;
        EVENT "event" Word required;
        DIRECTION "direction" Word required;
        FROM "from" Key;
        TO "to" Key;
    }
    /// The legal ground of a booking from a day on.
    status = 5 {
        BOOKING "booking" Key required;
        SEQUENCE "sequence" Number;
        START "start" Date;
        END "end" Date;
        LEGAL_STATUS "legal_status" Word;
        SENTENCE_KIND "sentence_kind" Word;
    }
    /// One term of one sentence.
    term = 6 {
        BOOKING "booking" Key required;
        SENTENCE "sentence" Key;
        CUSTODIAL "custodial" Flag;
        KIND "kind" Word;
        YEARS "years" Number;
        MONTHS "months" Number;
        WEEKS "weeks" Number;
        DAYS "days" Number;
        LIFE "life" Flag;
    }
    /// A charge of a booking.
    charge = 7 {
        BOOKING "booking" Key required;
        SEQUENCE "sequence" Number;
        GROUP "group" Word;
        MOST_SERIOUS "most_serious" Flag;
    }
    /// A contact of a prisoner; `relationship` is a word of the canonical model, or nothing where
    /// the contact is not a child.
    contact = 8 {
        BOOKING "booking" Key required;
        CONTACT "contact" Key required;
        RELATIONSHIP "relationship" Word;
    }
    /// What a prisoner (by booking) or a person (by record) declared about children.
    declaration = 9 {
        BOOKING "booking" Key;
        RECORD "record" Key;
        DATE "date" Date;
        HAS_CHILDREN "has_children" Flag;
        NUMBER "number" Count;
        PRIMARY_CARER "primary_carer" Flag;
    }
    /// A visit to a booking.
    visit = 10 {
        VISIT "visit" Key required;
        BOOKING "booking" Key required;
        DATE "date" Date required;
        OUTCOME "outcome" Word;
    }
    /// A visitor of a visit.
    visitor = 11 {
        VISIT "visit" Key required;
        VISITOR "visitor" Key required;
        OUTCOME "outcome" Word;
    }
    /// A spell of a child with a service; `service` is `CLA`, `CPP`, `CIN` or `CRCS`.
    episode = 12 {
        RECORD "record" Key required;
        SERVICE "service" Word required;
        START "start" Date required;
        END "end" Date;
        LOCAL_AUTHORITY "local_authority" Authority;
        LEGAL_STATUS "legal_status" Word;
    }
    /// A supervision by probation.
    supervision = 13 {
        RECORD "record" Key required;
        START "start" Date required;
        END "end" Date;
        TYPE "type" Word;
    }
    /// Somebody says that this adult is a parent or carer of this child.
    parent_child = 14 {
        ADULT "adult" Key required;
        CHILD "child" Key required;
        RELATIONSHIP "relationship" Word required;
        FROM "from" Date;
        TO "to" Date;
    }
}

/// The landing table of that name.
pub fn by_name(name: &str) -> Option<Landing> {
    ALL.iter().find(|t| t.name == name).copied()
}

impl Landing {
    /// The place of a column.
    pub fn column(self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_stands_at_its_index_and_names_its_columns_once() {
        for (i, table) in ALL.iter().enumerate() {
            assert_eq!(table.index, i, "{}", table.name);
            for (j, column) in table.columns.iter().enumerate() {
                assert_eq!(table.column(column.name), Some(j));
            }
        }
    }

    #[test]
    fn the_readme_of_the_schemas_lists_every_table_and_column() {
        let readme = include_str!("../../schemas/README.md");
        for table in ALL {
            let start = format!("| `{}` |", table.name);
            let line = readme.lines().find(|l| l.starts_with(&start));
            let line = line.unwrap_or_else(|| panic!("{}", table.name));
            for column in table.columns {
                let mark = if column.required { "**" } else { "" };
                let word = format!("{mark}`{}`{mark}", column.name);
                assert!(line.contains(&word), "{}.{}", table.name, column.name);
            }
        }
    }
}
