//! The canonical model: the tables that every source is brought to, as Arrow schemas.
//!
//! Two forms of each table exist. The **clear** form is what `ingest` writes; it carries
//! identifiers and lives only until `pseudonymise` has read it. The **payload** form is what
//! `pseudonymise` writes: the identifiers are gone and [`RECORD`] is a pseudonym of 16 bytes.
//! The JSON files in `schemas/canonical/` say the same for readers who do not read Rust; a test
//! holds the two together.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::table_schema::TableSchema;

/// The column that identifies the person a row is about, in both forms.
pub const RECORD: &str = "record";

/// The width of a pseudonym in bytes.
pub const PSEUDONYM_BYTES: i32 = 16;

/// The tables of the canonical model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One name of one person in one source (aliases are rows).
    Person,
    /// An unbroken stay in prison.
    CustodySpell,
    /// Somebody says that this adult is a parent of this child.
    ParentChild,
    /// What a prisoner or a person on probation declared.
    DeclaredChildren,
    /// A supervision by probation.
    Supervision,
    /// A spell of a child with children's services.
    ServiceSpell,
    /// A visit to a prisoner.
    Visit,
}

impl Table {
    /// All tables, in the order of the model.
    pub const ALL: [Table; 7] = [
        Table::Person,
        Table::CustodySpell,
        Table::ParentChild,
        Table::DeclaredChildren,
        Table::Supervision,
        Table::ServiceSpell,
        Table::Visit,
    ];

    /// Its name, which is also its folder's.
    pub fn name(self) -> &'static str {
        match self {
            Table::Person => "person",
            Table::CustodySpell => "custody_spell",
            Table::ParentChild => "parent_child",
            Table::DeclaredChildren => "declared_children",
            Table::Supervision => "supervision",
            Table::ServiceSpell => "service_spell",
            Table::Visit => "visit",
        }
    }

    /// The columns as `ingest` writes them. Every row ends with `file` and `row`: which file of
    /// the source it came from (its number in the plan, from 0) and which row of it (from 1).
    pub fn clear(self) -> SchemaRef {
        let mut fields = self.columns(DataType::Utf8);
        fields.push(Field::new("file", DataType::UInt32, false));
        fields.push(Field::new("row", DataType::UInt64, false));
        Arc::new(Schema::new(fields))
    }

    /// The columns as `pseudonymise` writes them.
    pub fn payload(self) -> SchemaRef {
        let id = DataType::FixedSizeBinary(PSEUDONYM_BYTES);
        let fields = match self {
            // Names, dates of birth, postcodes and system numbers end here. What is left of the
            // date of birth is the age in whole years on the reference date and the days of the
            // observation window on which the child is eligible (born, under 18).
            Table::Person => vec![
                Field::new(RECORD, id, false),
                Field::new("kind", DataType::Utf8, false),
                Field::new("sex", DataType::Utf8, true),
                Field::new("ethnicity", DataType::Utf8, true),
                Field::new("local_authority", DataType::Utf8, true),
                Field::new("area_from", DataType::Utf8, true),
                Field::new("age_at_reference", DataType::UInt8, true),
                Field::new("eligible_from", DataType::Int32, true),
                Field::new("eligible_to", DataType::Int32, true),
            ],
            _ => self.columns(id),
        };
        Arc::new(Schema::new(fields))
    }

    /// The table's schema file, as it is built into the program: what each column means.
    pub fn described(self) -> &'static TableSchema {
        static ALL: OnceLock<[TableSchema; 7]> = OnceLock::new();
        let all = ALL.get_or_init(|| Table::ALL.map(Table::read_description));
        &all[self as usize]
    }

    fn read_description(self) -> TableSchema {
        let text = match self {
            Table::Person => include_str!("../../schemas/canonical/person.json"),
            Table::CustodySpell => include_str!("../../schemas/canonical/custody_spell.json"),
            Table::ParentChild => include_str!("../../schemas/canonical/parent_child.json"),
            Table::DeclaredChildren => {
                include_str!("../../schemas/canonical/declared_children.json")
            }
            Table::Supervision => include_str!("../../schemas/canonical/supervision.json"),
            Table::ServiceSpell => include_str!("../../schemas/canonical/service_spell.json"),
            Table::Visit => include_str!("../../schemas/canonical/visit.json"),
        };
        let path = Path::new("schemas/canonical").join(format!("{}.json", self.name()));
        // The files are part of the program; `tests/schemas.rs` reads each of them.
        TableSchema::parse(&path, text).unwrap_or_else(|_| TableSchema::without_fields(&path))
    }

    fn columns(self, id: DataType) -> Vec<Field> {
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let word = |name: &str| Field::new(name, DataType::Utf8, false);
        let date = |name: &str| Field::new(name, DataType::Date32, true);
        let day = |name: &str| Field::new(name, DataType::Date32, false);
        let flag = |name: &str| Field::new(name, DataType::Boolean, true);
        let person = |name: &str| Field::new(name, id.clone(), false);
        match self {
            Table::Person => vec![
                person(RECORD),
                Field::new("alias", DataType::UInt32, false),
                word("kind"),
                text("forename"),
                text("middle_names"),
                text("surname"),
                text("former_surname"),
                date("date_of_birth"),
                text("sex"),
                text("postcode"),
                text("ethnicity"),
                text("local_authority"),
                text("area_from"),
                text("noms"),
                text("pnc"),
                text("cro"),
                text("crn"),
                text("upn"),
                text("local_id"),
            ],
            Table::CustodySpell => vec![
                person(RECORD),
                day("admission"),
                date("release"),
                text("establishment"),
                text("legal_status"),
                text("sentence_band"),
                text("offence_group"),
            ],
            Table::ParentChild => vec![
                person(RECORD),
                person("child"),
                word("relationship"),
                date("from"),
                date("to"),
            ],
            Table::DeclaredChildren => vec![
                person(RECORD),
                date("date"),
                flag("has_children"),
                Field::new("number", DataType::UInt8, true),
                flag("primary_carer"),
            ],
            Table::Supervision => vec![person(RECORD), day("start"), date("end"), text("type")],
            Table::ServiceSpell => vec![
                person(RECORD),
                word("service"),
                day("start"),
                date("end"),
                text("local_authority"),
                text("legal_status"),
            ],
            Table::Visit => vec![
                person(RECORD),
                person("visitor"),
                day("date"),
                text("outcome"),
            ],
        }
    }
}

/// The words of `kind` in the `person` table.
pub mod kind {
    /// A person who may be a parent.
    pub const ADULT: &str = "adult";
    /// A person who may be a child of one.
    pub const CHILD: &str = "child";
}

/// The words of `relationship` in the `parent_child` table, from the child's point of view:
/// the adult is the child's ….
pub mod relationship {
    /// Mother or father; the adult's sex says which.
    pub const PARENT: &str = "parent";
    /// Step-mother or step-father.
    pub const STEP_PARENT: &str = "step_parent";
    /// Guardian, or another carer with parental responsibility.
    pub const CARER: &str = "carer";
    /// Grandparent.
    pub const GRANDPARENT: &str = "grandparent";
}

/// The words of `legal_status` in the `custody_spell` table.
pub const LEGAL_STATUSES: [&str; 5] = ["untried", "unsentenced", "sentenced", "recall", "other"];

/// The words of `sentence_band` in the `custody_spell` table, in order.
pub const SENTENCE_BANDS: [&str; 8] = [
    "up_to_6m",
    "6_to_12m",
    "1_to_4y",
    "4_to_10y",
    "10y_or_more",
    "eds",
    "indeterminate",
    "not_sentenced",
];

/// The words of `offence_group` in the `custody_spell` table.
pub const OFFENCE_GROUPS: [&str; 3] = ["violent", "non_violent", "unknown"];

/// The words of `ethnicity`: the five major groups and unknown.
pub const ETHNICITIES: [&str; 6] = ["white", "mixed", "asian", "black", "other", "unknown"];

/// The words of `area_from`: how the local authority of a person is known.
pub mod area_from {
    /// The source itself says it.
    pub const SOURCE: &str = "source";
    /// From the postcode by the postcode directory.
    pub const POSTCODE: &str = "postcode";
}
