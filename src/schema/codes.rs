//! Code lists that come with the program: local authorities, regions, countries, prisons.
//!
//! The lists stand as CSV in `schemas/codes/` with their sources, and are built into the binary.

use std::sync::OnceLock;

use hashbrown::HashMap;

/// The country code of England and Wales together.
pub const ENGLAND_AND_WALES: &str = "K04000001";
/// The country code of England.
pub const ENGLAND: &str = "E92000001";
/// The country code of Wales.
pub const WALES: &str = "W92000004";

/// One local authority with children's services functions, with its region and country.
/// Wales counts as a region of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAuthority {
    /// The nine-character code, `E06000001`.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The region's code, or that of Wales.
    pub region_code: String,
    /// The region's name.
    pub region_name: String,
    /// `E92000001` or `W92000004`.
    pub country_code: String,
    /// The country's name.
    pub country_name: String,
    /// The three-digit number that schools and children's services use.
    pub old_code: String,
}

/// The name of a region or country by its code.
///
/// ```
/// use kinlink::schema::codes::name_of_large_area;
/// assert_eq!(name_of_large_area("E12000007"), Some("London"));
/// assert_eq!(name_of_large_area("E09000001"), None);
/// ```
pub fn name_of_large_area(code: &str) -> Option<&'static str> {
    let named = |la: &'static LocalAuthority| {
        [
            (&la.region_code, &la.region_name),
            (&la.country_code, &la.country_name),
        ]
    };
    let mut all = local_authorities().iter().flat_map(named);
    all.find(|(known, _)| *known == code)
        .map(|(_, name)| name.as_str())
}

/// One prison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prison {
    /// The three-letter id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Does it hold anybody today?
    pub active: bool,
    /// Does it hold women?
    pub women: bool,
}

/// The local authorities, ordered by code: 153 in England, 22 in Wales.
pub fn local_authorities() -> &'static [LocalAuthority] {
    static LIST: OnceLock<Vec<LocalAuthority>> = OnceLock::new();
    LIST.get_or_init(|| {
        rows(include_str!("../../schemas/codes/local_authorities.csv"))
            .map(|r| LocalAuthority {
                code: cell(&r, 0),
                name: cell(&r, 1),
                region_code: cell(&r, 2),
                region_name: cell(&r, 3),
                country_code: cell(&r, 4),
                country_name: cell(&r, 5),
                old_code: cell(&r, 6),
            })
            .collect()
    })
}

/// The local authority of a nine-character code.
pub fn local_authority(code: &str) -> Option<&'static LocalAuthority> {
    let list = local_authorities();
    list.binary_search_by(|la| la.code.as_str().cmp(code))
        .ok()
        .and_then(|i| list.get(i))
}

/// The local authority of a three-digit number, as school and children's-services files write it.
pub fn local_authority_of_number(number: &str) -> Option<&'static LocalAuthority> {
    static INDEX: OnceLock<HashMap<&'static str, &'static LocalAuthority>> = OnceLock::new();
    INDEX
        .get_or_init(|| {
            local_authorities()
                .iter()
                .filter(|la| !la.old_code.is_empty())
                .map(|la| (la.old_code.as_str(), la))
                .collect()
        })
        .get(number)
        .copied()
}

/// The prisons, ordered by id.
pub fn prisons() -> &'static [Prison] {
    static LIST: OnceLock<Vec<Prison>> = OnceLock::new();
    LIST.get_or_init(|| {
        rows(include_str!("../../schemas/codes/prisons.csv"))
            .map(|r| Prison {
                id: cell(&r, 0),
                name: cell(&r, 1),
                active: cell(&r, 2) == "true",
                women: cell(&r, 3) == "true",
            })
            .collect()
    })
}

/// The prison of that id.
pub fn prison(id: &str) -> Option<&'static Prison> {
    prisons().iter().find(|p| p.id == id)
}

fn rows(text: &'static str) -> impl Iterator<Item = csv::StringRecord> {
    csv::ReaderBuilder::new()
        .from_reader(text.as_bytes())
        .into_records()
        .filter_map(Result::ok)
}

fn cell(record: &csv::StringRecord, column: usize) -> String {
    record.get(column).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn england_has_153_and_wales_22() {
        let wales = local_authorities()
            .iter()
            .filter(|la| la.country_code == WALES)
            .count();
        assert_eq!((local_authorities().len(), wales), (175, 22));
        let mut regions: Vec<_> = local_authorities()
            .iter()
            .map(|la| la.region_code.as_str())
            .collect();
        regions.sort_unstable();
        regions.dedup();
        assert_eq!(regions.len(), 10);
    }

    #[test]
    fn codes_are_found_both_ways() {
        for la in local_authorities() {
            assert_eq!(local_authority(&la.code), Some(la));
            if !la.old_code.is_empty() {
                assert_eq!(local_authority_of_number(&la.old_code), Some(la));
            }
        }
        assert_eq!(local_authority("E99999999"), None);
    }

    #[test]
    fn thirteen_prisons_hold_women() {
        assert_eq!(prisons().iter().filter(|p| p.women).count(), 13);
    }
}
