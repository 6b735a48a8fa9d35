//! Checks of filters, indicators and rows as a whole.

use std::collections::BTreeSet;

use super::Check;
use super::pair::Pair;
use super::reference::{OBSERVATIONAL, may_be_a_place, place_names};
use crate::publish::lint::finding::Finding;

/// Items of a filter that the service can take.
const MOST_ITEMS: usize = 25_000;

const fn general(name: &'static str) -> Check {
    Check {
        stage: "Check general",
        name,
    }
}

/// Words for "nothing" that are read as values.
pub(super) fn nulls(pair: &Pair) -> Vec<Finding> {
    const NULLS: [&str; 5] = ["NULL", "Null", "null", "NA", "na"];
    const LEGACY: [&str; 5] = ["N/A", "n/a", ".", "..", "-"];
    let check = general("check_general_null");
    let with = |words: &[&str]| -> Vec<String> {
        let cells = pair.data.cells();
        cells
            .filter(|(_, values)| values.iter().any(|v| words.contains(&v.as_str())))
            .map(|(name, _)| format!("data, {name}"))
            .collect()
    };
    let mut bad = with(&NULLS);
    let meta = pair.meta.cells();
    bad.extend(
        meta.filter(|(_, values)| values.iter().any(|v| NULLS.contains(&v.as_str())))
            .map(|(name, _)| format!("meta, {name}")),
    );
    if !bad.is_empty() {
        return vec![check.fail("a column holds NULL or NA", bad)];
    }
    vec![check.warn_of(
        with(&LEGACY),
        "no column holds NULL, NA or an old symbol for no data",
        "a column holds an old symbol for no data; z, x, c and low are those of today",
    )]
}

/// The stage before the checks of filters.
pub(super) fn precheck(pair: &Pair) -> Vec<Finding> {
    let check = Check {
        stage: "Precheck filters",
        name: "precheck_filter_not_singular",
    };
    let singular = pair
        .filters()
        .into_iter()
        .filter(|f| pair.data.distinct(f).len() < 2)
        .map(str::to_owned)
        .collect();
    vec![check.none_of(
        singular,
        "every filter has two items or more",
        "a filter has fewer than two items and should not be described",
    )]
}

/// The stages of filters and of doubled rows.
pub(super) fn check(pair: &Pair) -> Vec<Finding> {
    let of = |name| Check {
        stage: "Check filters",
        name,
    };
    let all = pair.filters_and_groups();
    let with = |wrong: &dyn Fn(&str) -> bool, columns: &[&str]| -> Vec<String> {
        let wrong = columns.iter().filter(|c| wrong(c));
        wrong.map(|c| (*c).to_owned()).collect()
    };
    let mut spaced = pair.filters();
    spaced.extend(place_names());
    let white = |column: &str| pair.data.distinct(column).iter().any(|v| v.trim() != *v);
    let no_default = |column: &str| !pair.data.distinct(column).contains(default(pair, column));
    let wrong_way = (0..pair.meta.rows)
        .map(|r| {
            let own = pair.meta.cell("col_name", r);
            (own, pair.meta.cell("filter_grouping_column", r))
        })
        .filter(|(_, group)| !group.is_empty())
        .filter(|(own, group)| pair.data.distinct(own).len() < pair.data.distinct(group).len())
        .map(|(own, group)| format!("{own} in {group}"))
        .collect();
    vec![
        of("check_filter_defaults").warn_of(
            with(&no_default, &all),
            "every filter has the item Total, or its own default",
            "a filter has neither the item Total nor its own default",
        ),
        of("check_filter_group_level").none_of(
            wrong_way,
            "no group has more items than its filter",
            "a group has more items than its filter: they are the wrong way round",
        ),
        of("check_filter_item_limit").none_of(
            with(&|c| pair.data.distinct(c).len() > MOST_ITEMS, &all),
            "no filter has more than 25,000 items",
            "a filter has more than 25,000 items",
        ),
        of("check_filter_whitespace").none_of(
            with(&white, &spaced),
            "no item begins or ends with a space",
            "an item begins or ends with a space",
        ),
        of("check_filter_ob_total").none_of(
            totals_of_places(pair),
            "no column of time or place holds Total or All",
            "a column of time or place holds Total or All",
        ),
        of("check_filter_blanks").none_of(
            with(&|c| pair.data.distinct(c).contains(""), &all),
            "no filter has a blank",
            "a filter has a blank",
        ),
        doubled(pair, &all),
    ]
}

/// The item of a filter that stands for all.
fn default<'a>(pair: &'a Pair, column: &str) -> &'a str {
    let row = (0..pair.meta.rows).find(|r| pair.meta.cell("col_name", *r) == column);
    let told = row.map_or("", |r| pair.meta.cell("filter_default", r));
    if told.is_empty() { "Total" } else { told }
}

fn totals_of_places(pair: &Pair) -> Vec<String> {
    let filters = pair.filters();
    let only = filters.len() == 1;
    pair.data
        .names
        .iter()
        .map(String::as_str)
        .filter(|n| OBSERVATIONAL.contains(n) || may_be_a_place(n))
        .filter(|n| !(only && filters.contains(n)))
        .filter(|n| {
            let values = pair.data.distinct(n);
            ["Total", "total", "All", "all"]
                .iter()
                .any(|t| values.contains(t))
        })
        .map(str::to_owned)
        .collect()
}

fn doubled(pair: &Pair, filters: &[&str]) -> Finding {
    let check = general("check_general_dupes");
    if !pair.data.has("geographic_level") {
        return check.missing("geographic_level");
    }
    let key: Vec<&str> = pair
        .data
        .names
        .iter()
        .map(String::as_str)
        .filter(|n| OBSERVATIONAL.contains(n) || filters.contains(n))
        .collect();
    let levels = pair.data.distinct("geographic_level");
    let single = levels.len() == 1 && (levels.contains("School") || levels.contains("Provider"));
    let left_out: &[&str] = if single {
        &["Institution", "Planning area"]
    } else {
        &["School", "Provider", "Institution", "Planning area"]
    };
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    for row in 0..pair.data.rows {
        if left_out.contains(&pair.data.cell("geographic_level", row)) {
            continue;
        }
        let own: Vec<&str> = key.iter().map(|k| pair.data.cell(k, row)).collect();
        if !seen.insert(own) {
            places.push(format!("row {}", row + 2));
        }
    }
    check.none_of(
        places,
        "no row stands twice; rows of schools, providers, institutions and planning areas were \
         looked at only where they are all there is",
        "a row stands twice",
    )
}

/// The stage of indicators.
pub(super) fn indicators(pair: &Pair) -> Vec<Finding> {
    const OLD: [&str; 3] = ["~", ":", ""];
    let check = Check {
        stage: "Check indicators",
        name: "check_ind_invalid_entry",
    };
    let wrong = pair
        .of_type("Indicator")
        .into_iter()
        .filter(|c| {
            let values = pair.data.distinct(c);
            OLD.iter().any(|o| values.contains(o))
        })
        .map(str::to_owned)
        .collect();
    vec![check.none_of(
        wrong,
        "no indicator has a blank or an old symbol",
        "an indicator has a blank, ~ or :",
    )]
}
