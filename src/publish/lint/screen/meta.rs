//! Checks of the meta file.

use std::collections::BTreeSet;

use super::Check;
use super::pair::Pair;
use super::reference::{OBSERVATIONAL, UNITS, seems_a_place};
use crate::publish::lint::finding::Finding;

/// Names that are filters where they are the only one.
const PLACE_FILTERS: [&str; 2] = ["school_name", "provider_name"];

const fn of(name: &'static str) -> Check {
    Check {
        stage: "Check meta",
        name,
    }
}

/// The rows of the meta file of a type whose cell in `column` is wrong, by their column's name.
fn rows(pair: &Pair, kind: &str, column: &str, wrong: &dyn Fn(&str) -> bool) -> Vec<String> {
    (0..pair.meta.rows)
        .filter(|r| kind.is_empty() || pair.meta.cell("col_type", *r) == kind)
        .filter(|r| wrong(pair.meta.cell(column, *r)))
        .map(|r| format!("row {}, {}", r + 2, pair.meta.cell("col_name", r)))
        .collect()
}

fn told(text: &str) -> bool {
    !text.trim().is_empty()
}

/// Values that stand more than once.
fn twice<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut out: Vec<String> = values
        .filter(|v| told(v))
        .filter(|v| !seen.insert(*v))
        .map(str::to_owned)
        .collect();
    out.dedup();
    out
}

/// The stages of the meta file.
pub(super) fn check(pair: &Pair) -> Vec<Finding> {
    let mut out = precheck(pair);
    out.extend(groups(pair));
    out.extend(labels(pair));
    out.extend(indicators(pair));
    out
}

fn precheck(pair: &Pair) -> Vec<Finding> {
    let of = |name| Check {
        stage: "Precheck meta",
        name,
    };
    let places = pair
        .meta
        .distinct("col_name")
        .into_iter()
        .chain(pair.groups())
        .filter(|n| OBSERVATIONAL.contains(n) && !PLACE_FILTERS.contains(n))
        .map(str::to_owned)
        .collect();
    vec![
        of("precheck_meta_col_type").none_of(
            rows(pair, "", "col_type", &|t| t != "Filter" && t != "Indicator"),
            "every column is a Filter or an Indicator",
            "col_type is neither Filter nor Indicator",
        ),
        of("precheck_meta_ob_unit").none_of(
            places,
            "no column of time or place is described",
            "a column of time or place is described, which it should not be",
        ),
        of("precheck_meta_col_name").none_of(
            rows(pair, "", "col_name", &|t| !told(t)),
            "every row names its column",
            "a row names no column",
        ),
    ]
}

fn groups(pair: &Pair) -> Vec<Finding> {
    let groups = pair.groups();
    let none = groups.is_empty();
    let column = pair
        .meta
        .column("filter_grouping_column")
        .unwrap_or_default();
    let stripped = |group: &&&str| {
        let raw = pair.data.distinct(group);
        let bare: BTreeSet<String> = raw
            .iter()
            .map(|v| v.chars().filter(|c| c.is_alphanumeric()).collect())
            .collect();
        raw.len() != bare.len()
    };
    let own = |list: Vec<&&str>| list.into_iter().map(|s| (*s).to_owned()).collect();
    let good = |text: &'static str| {
        if none {
            "there are no groups of filters"
        } else {
            text
        }
    };
    vec![
        of("check_meta_fil_grp").none_of(
            rows(pair, "Indicator", "filter_grouping_column", &told),
            "no indicator has a group of filters",
            "an indicator has a group of filters",
        ),
        of("check_meta_fil_grp_dupe").none_of(
            twice(column.iter().map(String::as_str)),
            good("every group of filters stands once"),
            "a group of filters stands twice",
        ),
        of("check_meta_fil_grp_is_fil").warn_of(
            own(groups
                .iter()
                .filter(|g| !pair.meta.distinct("col_name").contains(**g))
                .collect()),
            good("every group of filters has a row of its own"),
            "a group of filters has no row of its own",
        ),
        of("check_meta_fil_grp_match").none_of(
            own(groups.iter().filter(|g| !pair.data.has(g)).collect()),
            good("every group of filters is a column of the data file"),
            "a group of filters is no column of the data file",
        ),
        of("check_meta_fil_grp_stripped").none_of(
            own(groups.iter().filter(stripped).collect()),
            good("items of groups differ in letters or digits"),
            "items of a group differ in signs other than letters and digits only",
        ),
    ]
}

fn labels(pair: &Pair) -> Vec<Finding> {
    let label = pair.meta.column("label").unwrap_or_default();
    let filters = pair.filters_and_groups();
    let only_place = pair.filters().len() == 1;
    let caught = filters
        .into_iter()
        .filter(|f| !(only_place && PLACE_FILTERS.contains(f)))
        .filter(|f| seems_a_place(f))
        .map(str::to_owned)
        .collect();
    let mut out = vec![
        of("check_meta_dupe_label").none_of(
            twice(label.iter().map(String::as_str)),
            "every label stands once",
            "a label stands twice",
        ),
        of("check_meta_label").none_of(
            rows(pair, "", "label", &|t| !told(t)),
            "every row has a label",
            "a row has no label",
        ),
        of("check_meta_filter_hint").none_of(
            rows(pair, "Indicator", "filter_hint", &told),
            "no indicator has a hint of a filter",
            "an indicator has a hint of a filter",
        ),
        of("check_meta_geog_catch").none_of(
            caught,
            "no filter seems to be a column of places",
            "a filter seems to be a column of places",
        ),
    ];
    let column = pair.meta.column("col_name").unwrap_or_default();
    out.push(of("check_meta_col_name_spaces").none_of(
        rows(pair, "", "col_name", &|t| t.contains(char::is_whitespace)),
        "no name of a column has a space",
        "the name of a column has a space",
    ));
    out.push(of("check_meta_col_name_dupe").none_of(
        twice(column.iter().map(String::as_str)),
        "every name of a column stands once",
        "the name of a column stands twice",
    ));
    out
}

fn indicators(pair: &Pair) -> Vec<Finding> {
    let whole = |t: &str| t.trim().is_empty() || t.trim().parse::<u8>().is_ok();
    let unit = |t: &str| told(t) && !UNITS.contains(&t);
    vec![
        of("check_meta_indicator_dp").none_of(
            rows(pair, "Filter", "indicator_dp", &told),
            "no filter has decimal places",
            "a filter has decimal places",
        ),
        of("check_meta_ind_dp_set").warn_of(
            rows(pair, "Indicator", "indicator_dp", &|t| !told(t)),
            "every indicator says its decimal places",
            "an indicator does not say its decimal places",
        ),
        of("check_meta_ind_dp_values").none_of(
            rows(pair, "", "indicator_dp", &|t| !whole(t)),
            "decimal places are whole numbers or blank",
            "decimal places are not a whole number",
        ),
        of("check_meta_ind_unit").none_of(
            rows(pair, "Filter", "indicator_unit", &told),
            "no filter has a unit",
            "a filter has a unit",
        ),
        of("check_meta_ind_unit_validation").none_of(
            rows(pair, "Indicator", "indicator_unit", &unit),
            "units are blank or among those that the service knows",
            "a unit is not among those that the service knows",
        ),
        of("check_meta_indicator_grouping").none_of(
            rows(pair, "Filter", "indicator_grouping", &told),
            "no filter has a group of indicators",
            "a filter has a group of indicators",
        ),
    ]
}
