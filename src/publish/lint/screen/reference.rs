//! What the service knows: levels of place, identifiers of time, units, lookups of places, and
//! names of its data dictionary.
//!
//! Lookups and dictionary are public reference data of the Department for Education (Open
//! Government Licence v3.0). Carried are countries, regions, local authorities (today's from this
//! program's own code list, earlier ones here) and the dictionary's general names.

use crate::schema::codes;

/// A level of place with its columns: code, name, and a second code.
pub(super) struct Level {
    pub name: &'static str,
    pub code: Option<&'static str>,
    pub place: &'static str,
    pub second: Option<&'static str>,
}

const fn level(name: &'static str, code: &'static str, place: &'static str) -> Level {
    Level {
        name,
        code: Some(code),
        place,
        second: None,
    }
}

/// The levels, in the service's order.
pub(super) const LEVELS: [Level; 18] = [
    level("National", "country_code", "country_name"),
    level("Regional", "region_code", "region_name"),
    Level {
        name: "Local authority",
        code: Some("new_la_code"),
        place: "la_name",
        second: Some("old_la_code"),
    },
    level("Local authority district", "lad_code", "lad_name"),
    Level {
        name: "RSC region",
        code: None,
        place: "rsc_region_lead_name",
        second: None,
    },
    level("Parliamentary constituency", "pcon_code", "pcon_name"),
    level(
        "Local skills improvement plan area",
        "lsip_code",
        "lsip_name",
    ),
    level(
        "Local enterprise partnership",
        "local_enterprise_partnership_code",
        "local_enterprise_partnership_name",
    ),
    level(
        "English devolved area",
        "english_devolved_area_code",
        "english_devolved_area_name",
    ),
    level(
        "Opportunity area",
        "opportunity_area_code",
        "opportunity_area_name",
    ),
    level("Ward", "ward_code", "ward_name"),
    level("MAT", "trust_id", "trust_name"),
    level("Sponsor", "sponsor_id", "sponsor_name"),
    Level {
        name: "School",
        code: Some("school_urn"),
        place: "school_name",
        second: Some("school_laestab"),
    },
    level("Provider", "provider_ukprn", "provider_name"),
    level("Institution", "institution_id", "institution_name"),
    level("Planning area", "planning_area_code", "planning_area_name"),
    level("Police force area", "pfa_code", "pfa_name"),
];

impl Level {
    /// Its columns.
    pub(super) fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.code.into_iter().chain([self.place]).chain(self.second)
    }
}

/// The level of that name.
pub(super) fn level_of(name: &str) -> Option<&'static Level> {
    LEVELS.iter().find(|l| l.name == name)
}

/// Columns that hold codes of places.
pub(super) fn codes() -> Vec<&'static str> {
    LEVELS
        .iter()
        .flat_map(|l| l.code.into_iter().chain(l.second))
        .collect()
}

/// Columns that hold names of places.
pub(super) fn place_names() -> Vec<&'static str> {
    LEVELS.iter().map(|l| l.place).collect()
}

/// Columns of time and place: they are described by the standard, not by a meta file.
pub(super) const OBSERVATIONAL: [&str; 40] = [
    "time_period",
    "time_identifier",
    "geographic_level",
    "country_code",
    "country_name",
    "region_code",
    "region_name",
    "new_la_code",
    "la_name",
    "old_la_code",
    "lad_code",
    "lad_name",
    "rsc_region_lead_name",
    "pcon_code",
    "pcon_name",
    "lsip_code",
    "lsip_name",
    "local_enterprise_partnership_code",
    "local_enterprise_partnership_name",
    "english_devolved_area_code",
    "english_devolved_area_name",
    "opportunity_area_code",
    "opportunity_area_name",
    "ward_code",
    "ward_name",
    "trust_id",
    "trust_name",
    "sponsor_id",
    "sponsor_name",
    "school_urn",
    "school_name",
    "school_laestab",
    "provider_ukprn",
    "provider_name",
    "institution_id",
    "institution_name",
    "planning_area_code",
    "planning_area_name",
    "pfa_code",
    "pfa_name",
];

/// Units of indicators.
pub(super) const UNITS: [&str; 5] = ["%", "pp", "£", "£m", "numberstring"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The family of an identifier of time, within which identifiers may stand in one file, and the
/// digits of its periods.
pub(super) fn time_family(identifier: &str) -> Option<(&'static str, usize)> {
    let week = identifier.strip_prefix("Week ").is_some_and(|n| {
        !n.starts_with('0') && n.parse::<u8>().is_ok_and(|n| (1..=52).contains(&n))
    });
    match identifier {
        "Autumn and spring term" => Some(("terms together", 6)),
        "Calendar year" => Some(("calendar year", 4)),
        "Reporting year" => Some(("reporting year", 4)),
        "Financial year" => Some(("financial year", 6)),
        "Academic year" => Some(("academic year", 6)),
        "Tax year" => Some(("tax year", 6)),
        "Spring term" | "Autumn term" | "Summer term" => Some(("terms", 6)),
        "Financial year Q1" | "Financial year Q2" | "Financial year Q3" | "Financial year Q4" => {
            Some(("quarters", 6))
        }
        "Part 1 (April to September)" | "Part 2 (October to March)" => Some(("halves", 6)),
        month if MONTHS.contains(&month) => Some(("months", 4)),
        _ if week => Some(("weeks", 4)),
        _ => None,
    }
}

/// Does the name of a filter look like a column of places?
pub(super) fn seems_a_place(name: &str) -> bool {
    const BEGINNINGS: [&str; 15] = [
        "sch", "prov", "inst", "estab", "reg", "la", "local", "rsc", "pfa", "pcon", "lep", "mca",
        "oa", "ward", "mat",
    ];
    const WHOLE: [&str; 29] = [
        "laestab",
        "estab",
        "sch",
        "school",
        "schools",
        "prov",
        "provider",
        "providers",
        "inst",
        "institution",
        "institutions",
        "name",
        "code",
        "urn",
        "ukprn",
        "number",
        "upin",
        "id",
        "region",
        "la",
        "lad",
        "rsc",
        "pcon",
        "lep",
        "mca",
        "oa",
        "ward",
        "mat",
        "",
    ];
    let name = name.to_lowercase();
    if name.is_empty() {
        return false;
    }
    WHOLE.contains(&name.as_str())
        || BEGINNINGS
            .iter()
            .filter_map(|b| name.strip_prefix(b))
            .any(ends_as_a_place)
}

fn ends_as_a_place(rest: &str) -> bool {
    const ENDINGS: [&str; 7] = ["name", "code", "urn", "ukprn", "number", "upin", "id"];
    ENDINGS.iter().any(|e| rest.ends_with(e))
}

/// Does the name of a column of the data file look like one of places?
pub(super) fn may_be_a_place(name: &str) -> bool {
    let country = name.to_lowercase();
    let country = country.strip_prefix("country").is_some_and(ends_as_a_place);
    country || seems_a_place(name)
}

/// Places that every level may have.
const EVERYWHERE: [(&str, &str); 6] = [
    ("z", "Not applicable"),
    ("z", "Unknown"),
    ("z", "Outside of England"),
    ("z", "Outside of the United Kingdom"),
    ("z", "Outside of England and unknown"),
    ("z", "Outside of the United Kingdom and unknown"),
];

/// Is it a code with its name that every level may have?
pub(super) fn is_everywhere(code: &str, name: &str) -> bool {
    EVERYWHERE.contains(&(code, name))
}

/// Is it a country?
pub(super) fn is_country(code: &str, name: &str) -> bool {
    const COUNTRIES: [(&str, &str); 8] = [
        ("E92000001", "England"),
        ("K02000001", "United Kingdom"),
        ("K03000001", "Great Britain"),
        ("K04000001", "England and Wales"),
        ("N92000002", "Northern Ireland"),
        ("S92000003", "Scotland"),
        ("W92000004", "Wales"),
        ("z", "England, Wales and Northern Ireland"),
    ];
    COUNTRIES.contains(&(code, name)) || is_everywhere(code, name)
}

/// Is it a region of England, or a part of London?
pub(super) fn is_region(code: &str, name: &str) -> bool {
    const OTHER: [(&str, &str); 4] = [
        ("E13000001", "Inner London"),
        ("E13000002", "Outer London"),
        ("z", "Outside of United Kingdom and unknown"),
        ("z", "Outside of United Kingdom"),
    ];
    let list = codes::local_authorities();
    list.iter().any(|la| {
        la.country_code == codes::ENGLAND && (&*la.region_code, &*la.region_name) == (code, name)
    }) || OTHER.contains(&(code, name))
        || is_everywhere(code, name)
}

/// Is it a local authority of England, of today or of an earlier year, with its three-digit number?
pub(super) fn is_authority(old: &str, code: &str, name: &str) -> bool {
    const EARLIER: [(&str, &str, &str); 27] = [
        ("837", "E06000028", "Bournemouth"),
        ("836", "E06000029", "Poole"),
        ("929", "E06000048", "Northumberland"),
        ("370", "E08000016", "Barnsley"),
        ("373", "E08000019", "Sheffield"),
        ("390", "E08000020", "Gateshead"),
        ("820", "E10000001", "Bedfordshire"),
        ("825", "E10000002", "Buckinghamshire"),
        ("875", "E10000004", "Cheshire"),
        ("x", "E10000005", "Cornwall and Isles of Scilly"),
        ("909", "E10000006", "Cumbria"),
        ("835", "E10000009", "Dorset"),
        ("x", "E10000010", "Durham"),
        ("928", "E10000021", "Northamptonshire"),
        ("x", "E10000022", "Northumberland"),
        ("815", "E10000023", "North Yorkshire"),
        ("x", "E10000026", "Shropshire"),
        ("933", "E10000027", "Somerset"),
        ("x", "E10000033", "Wiltshire"),
        (
            "940 / 941",
            "E06000061 / E06000062",
            "North Northamptonshire / West Northamptonshire",
        ),
        (
            "942 / 943",
            "E06000063 / E06000064",
            "Cumberland / Westmorland and Furness",
        ),
        (
            "314 / 318",
            "E09000021 / E09000027",
            "Kingston upon Thames / Richmond upon Thames",
        ),
        (
            "702",
            "z",
            "British Forces Post Office overseas establishments",
        ),
        ("370", "E08000038", "Barnsley"),
        ("373", "E08000039", "Sheffield"),
        ("390", "E08000037", "Gateshead"),
        ("929", "E06000057", "Northumberland"),
    ];
    let today = codes::local_authority(code).is_some_and(|la| {
        la.country_code == codes::ENGLAND && la.name == name && la.old_code == old
    });
    today || EARLIER.contains(&(old, code, name)) || (old == "z" && is_everywhere(code, name))
}

/// Is it a name of the data dictionary, as far as it is carried?
pub(super) fn in_dictionary(kind: &str, name: &str) -> bool {
    match kind {
        "Filter" => FILTERS.contains(&name),
        "Indicator" => INDICATORS.contains(&name),
        _ => false,
    }
}

const FILTERS: [&str; 56] = [
    "age_group",
    "age_youth_adult",
    "apprenticeship_level",
    "attendance_reason",
    "attendance_status",
    "attendance_type",
    "breakdown",
    "breakdown_topic",
    "cla_group",
    "disability_status",
    "disadvantage_status",
    "education_phase",
    "education_type",
    "education_type_group",
    "elg_comprehension",
    "elg_number",
    "elg_numerical_patterns",
    "elg_word_reading",
    "elg_writing",
    "establishment_governance",
    "establishment_type",
    "establishment_type_group",
    "ethnicity_major",
    "ethnicity_minor",
    "first_language",
    "fsm_eligibility",
    "fsm_status",
    "funding_type",
    "geography_basis",
    "grade",
    "idaci_decile",
    "ks2_scaled_score_group",
    "learning_difficulty_disability",
    "minority_ethnic",
    "mobility",
    "month_of_birth",
    "mtc_score",
    "phase_type_grouping",
    "prior_attainment",
    "provider_type",
    "qualification_detailed",
    "qualification_level",
    "qualification_type",
    "relative_access",
    "rurality",
    "school_admission_type",
    "school_cohort_size",
    "school_religious_character",
    "sen_primary_need",
    "sen_provision",
    "sen_secondary_need",
    "sen_status",
    "sex",
    "subject",
    "subject_discount_group",
    "term_of_birth",
];

const INDICATORS: [&str; 48] = [
    "absent_pupil_count",
    "absent_pupil_percent",
    "achievement_count",
    "achievements_percent",
    "achieving_count",
    "achieving_percent",
    "attainment8_average",
    "attainment8_sum",
    "average_scaled_score",
    "children_count",
    "children_percent",
    "children_percent_change",
    "eligible_pupil_count",
    "enrolment_count",
    "enrolment_percent",
    "entries_count",
    "establishment_count",
    "expected_children_count",
    "expected_children_percent",
    "gld_children_count",
    "gld_children_percent",
    "grade_average",
    "learner_count",
    "learner_percent",
    "no_further_action_count",
    "no_further_action_percent",
    "not_in_need_count",
    "not_in_need_percent",
    "participation_count",
    "percentage",
    "population_count",
    "population_percent",
    "pupil_count",
    "pupil_percent",
    "reference_date",
    "referral_child_count",
    "referral_count",
    "rereferral_child_count",
    "rereferral_child_percent",
    "rereferral_count",
    "rereferral_percent",
    "school_count",
    "school_percent",
    "session_count",
    "session_percent",
    "student_count",
    "student_percent",
    "teacher_count",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_time_have_a_family_and_a_length() {
        assert_eq!(time_family("September"), Some(("months", 4)));
        assert_eq!(time_family("Week 52"), Some(("weeks", 4)));
        assert_eq!(time_family("Reporting year").map(|f| f.1), Some(4));
        assert_eq!(time_family("Academic year").map(|f| f.1), Some(6));
        for unknown in ["Week 53", "Week 0", "Year", "september", ""] {
            assert_eq!(time_family(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn columns_of_places_are_known_by_their_names() {
        for name in ["la_name", "school_urn", "region", "ward_code", "Region"] {
            assert!(seems_a_place(name), "{name}");
        }
        for name in ["breakdown", "age_group", "parent_sex", "country_code", ""] {
            assert!(!seems_a_place(name), "{name}");
        }
        assert!(may_be_a_place("country_code"));
    }

    #[test]
    fn authorities_of_today_and_of_earlier_years_are_known() {
        assert!(is_authority("805", "E06000001", "Hartlepool"));
        assert!(is_authority("909", "E10000006", "Cumbria"));
        assert!(!is_authority("805", "E06000001", "hartlepool"));
        assert!(!is_authority("660", "W06000001", "Isle of Anglesey"));
        assert!(is_region("E12000007", "London") && !is_region("W92000004", "Wales"));
    }

    #[test]
    fn the_columns_of_every_level_are_columns_of_place() {
        let columns: Vec<&str> = LEVELS.iter().flat_map(Level::columns).collect();
        assert!(columns.iter().all(|c| OBSERVATIONAL.contains(c)));
        assert_eq!(columns.len() + 3, OBSERVATIONAL.len());
    }
}
