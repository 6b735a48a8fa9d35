//! Checks of which columns there are and how they are called, and of what the service's interface
//! for programs can take.

use super::Check;
use super::pair::Pair;
use super::reference::{self, OBSERVATIONAL};
use crate::publish::lint::finding::Finding;

/// The columns that every data file has.
const REQUIRED: [&str; 5] = [
    "time_period",
    "time_identifier",
    "geographic_level",
    "country_code",
    "country_name",
];

/// The columns that every meta file has.
const REQUIRED_META: [&str; 8] = [
    "col_name",
    "col_type",
    "label",
    "indicator_grouping",
    "indicator_unit",
    "indicator_dp",
    "filter_hint",
    "filter_grouping_column",
];

/// The columns that a meta file may have besides.
const OPTIONAL_META: [&str; 1] = ["filter_default"];

/// The stages before the columns themselves.
pub(super) fn precheck(pair: &Pair) -> Vec<Finding> {
    let columns = |name| Check {
        stage: "Precheck columns",
        name,
    };
    let cross = |name| Check {
        stage: "Precheck cross-file",
        name,
    };
    let lacking = |wanted: &[&str], there: &[String]| -> Vec<String> {
        let lost = wanted.iter().filter(|w| !there.iter().any(|t| t == *w));
        lost.map(|w| (*w).to_owned()).collect()
    };
    let invalid = pair
        .meta
        .names
        .iter()
        .filter(|n| !REQUIRED_META.contains(&n.as_str()) && !OPTIONAL_META.contains(&n.as_str()))
        .cloned()
        .collect();
    let others = pair.data.names.len().saturating_sub(REQUIRED.len());
    let rows = pair.meta.rows;
    vec![
        columns("precheck_col_req_meta").none_of(
            lacking(&REQUIRED_META, &pair.meta.names),
            "the meta file has every column it needs",
            "the meta file lacks a column",
        ),
        columns("precheck_col_invalid_meta").none_of(
            invalid,
            "the meta file has no other column",
            "the meta file has a column that it may not have",
        ),
        columns("precheck_col_req_data").none_of(
            lacking(&REQUIRED, &pair.data.names),
            "the data file has every column it needs",
            "the data file lacks a column",
        ),
        if others < rows {
            columns("precheck_col_to_rows").fail(
                format!("the meta file describes {rows} columns, the data file has {others}"),
                Vec::new(),
            )
        } else {
            columns("precheck_col_to_rows").pass(format!(
                "{rows} columns are described, and the data file has {others}"
            ))
        },
        cross("precheck_cross_meta_to_data").none_of(
            described(pair)
                .filter(|n| !pair.data.has(n))
                .map(str::to_owned)
                .collect(),
            "every column that is described is in the data file",
            "a column is described that the data file lacks",
        ),
        cross("precheck_cross_data_to_meta").warn_of(
            undescribed(pair),
            "every column of the data file is described, or is one of place and time",
            "a column of the data file is described nowhere",
        ),
    ]
}

/// Every column that the meta file speaks of.
fn described(pair: &Pair) -> impl Iterator<Item = &str> {
    let own = pair.meta.distinct("col_name").into_iter();
    own.chain(pair.groups()).filter(|n| !n.is_empty())
}

fn undescribed(pair: &Pair) -> Vec<String> {
    pair.data
        .names
        .iter()
        .filter(|n| !OBSERVATIONAL.contains(&n.as_str()))
        .filter(|n| pair.data.distinct(n).len() > 1)
        .filter(|n| !described(pair).any(|d| d == n.as_str()))
        .cloned()
        .collect()
}

/// Parts of populations: an indicator that names one should be a filter.
const CATEGORIES: [&str; 19] = [
    "male",
    "female",
    "asian",
    "chinese",
    "indian",
    "pakistani",
    "bangladeshi",
    "black",
    "african",
    "caribbean",
    "white",
    "roma",
    "irish",
    "english",
    "british",
    "scottish",
    "welsh",
    "northern irish",
    "arab",
];

/// The stage of the columns.
pub(super) fn check(pair: &Pair) -> Vec<Finding> {
    let of = |name| Check {
        stage: "Check columns",
        name,
    };
    let with = |wrong: &dyn Fn(&str) -> bool| -> Vec<String> {
        let names = pair.data.names.iter();
        names.filter(|n| wrong(n)).cloned().collect()
    };
    let smushed = pair
        .of_type("Indicator")
        .into_iter()
        .filter(|n| {
            let name = n.to_lowercase();
            CATEGORIES.iter().any(|c| name.contains(c))
        })
        .map(str::to_owned)
        .collect();
    let old = ["characteristic", "characteristic_group"];
    let characteristic = described(pair)
        .filter(|n| old.contains(n))
        .map(str::to_owned)
        .collect();
    let snake = |n: &str| {
        n.chars()
            .any(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_')
    };
    vec![
        of("check_col_names_spaces").none_of(
            with(&|n| n.contains(char::is_whitespace)),
            "no name of a column has a space",
            "the name of a column has a space",
        ),
        of("check_col_snake_case").warn_of(
            with(&snake),
            "names of columns have small letters, digits and underscores only",
            "the name of a column has other signs than small letters, digits and underscores",
        ),
        of("check_col_var_start").warn_of(
            with(&|n| !n.starts_with(|c: char| c.is_ascii_lowercase())),
            "every name of a column begins with a small letter",
            "the name of a column does not begin with a small letter",
        ),
        of("check_col_ind_smushed").none_of(
            smushed,
            "no indicator names a part of the population",
            "an indicator names a part of the population, which should be an item of a filter",
        ),
        of("check_col_var_characteristic").warn_of(
            characteristic,
            "no column is called characteristic or characteristic_group",
            "a column has a name that the table tool does not want",
        ),
    ]
}

/// The stage of the interface for programs.
pub(super) fn api(pair: &Pair) -> Vec<Finding> {
    let of = |name| Check {
        stage: "Check API",
        name,
    };
    let long = |values: &mut dyn Iterator<Item = &str>, most: usize| -> Vec<String> {
        let mut out: Vec<String> = values
            .filter(|v| v.chars().count() > most)
            .map(str::to_owned)
            .collect();
        out.sort();
        out.dedup();
        out
    };
    let codes = reference::codes();
    let names = reference::place_names();
    let filters = pair.filters_and_groups();
    vec![
        of("check_api_char_col_name").warn_of(
            long(&mut pair.data.names.iter().map(String::as_str), 50),
            "names of columns have 50 characters or fewer",
            "the name of a column has more than 50 characters",
        ),
        of("check_api_char_col_label").warn_of(
            long(&mut pair.meta.distinct("label").into_iter(), 100),
            "labels have 100 characters or fewer",
            "a label has more than 100 characters",
        ),
        of("check_api_char_loc_code").warn_of(
            long(&mut codes.iter().flat_map(|c| pair.data.distinct(c)), 30),
            "codes of places have 30 characters or fewer",
            "the code of a place has more than 30 characters",
        ),
        of("check_api_char_filter_items").warn_of(
            long(
                &mut filters
                    .iter()
                    .chain(&names)
                    .flat_map(|c| pair.data.distinct(c)),
                120,
            ),
            "items of filters and names of places have 120 characters or fewer",
            "an item of a filter or the name of a place has more than 120 characters",
        ),
        dictionary(of("check_api_dict_col_names"), pair),
    ]
}

fn dictionary(check: Check, pair: &Pair) -> Finding {
    let mut other = Vec::new();
    for row in 0..pair.meta.rows {
        let kind = pair.meta.cell("col_type", row);
        for column in ["col_name", "filter_grouping_column"] {
            let name = pair.meta.cell(column, row);
            if !name.is_empty() && !reference::in_dictionary(kind, name) {
                other.push(name.to_owned());
            }
        }
    }
    check.warn_of(
        other,
        "every column has a name of the data dictionary",
        "a column has no name of the data dictionary, as far as this program carries it; that \
         keeps the file from the interface for programs, not from publication",
    )
}
