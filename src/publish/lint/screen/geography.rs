//! Checks of the columns of place.

use std::collections::{BTreeMap, BTreeSet};

use super::Check;
use super::pair::{Pair, Table};
use super::reference::{
    LEVELS, Level, is_authority, is_country, is_everywhere, is_region, level_of,
};
use crate::publish::lint::finding::Finding;

const NOT_AVAILABLE: &str = "x";

const fn of(name: &'static str) -> Check {
    Check {
        stage: "Check geography",
        name,
    }
}

/// The stage before the checks of places.
pub(super) fn precheck(pair: &Pair) -> Vec<Finding> {
    let of = |name| Check {
        stage: "Precheck geography",
        name,
    };
    let (valid, present) = (of("precheck_geog_level"), of("precheck_geog_level_present"));
    let data = &pair.data;
    if !data.has("geographic_level") {
        return [valid, present]
            .map(|c| c.missing("geographic_level"))
            .to_vec();
    }
    let levels = data.distinct("geographic_level");
    let unknown = levels.iter().filter(|l| level_of(l).is_none());
    let lost = levels
        .iter()
        .filter(|l| **l != "Planning area")
        .filter_map(|l| level_of(l))
        .flat_map(Level::columns)
        .filter(|c| !data.has(c));
    vec![
        valid.none_of(
            unknown.map(|l| (*l).to_owned()).collect(),
            "every level of place is one that the service knows",
            "a level of place is none that the service knows",
        ),
        present.none_of(
            lost.map(str::to_owned).collect(),
            "every level has its columns",
            "a column is missing that a level of place needs",
        ),
    ]
}

/// The stage of places.
pub(super) fn check(pair: &Pair) -> Vec<Finding> {
    let data = &pair.data;
    let mut out = combinations(data);
    out.extend([
        completed(data),
        ignored(data),
        several(data, of("check_geog_other_dupes"), true),
        authority_columns(data),
        region_columns(data),
        region_for(data, of("check_geog_region_for_la"), "Local authority"),
        region_for(
            data,
            of("check_geog_region_for_lad"),
            "Local authority district",
        ),
        not_available(data, of("check_geog_na"), true),
        not_available(data, of("check_geog_na_code"), false),
        several(data, of("check_geog_other_code_dupes"), false),
        overcompleted(pair),
    ]);
    out
}

/// Codes and names together, against the lookups.
fn combinations(data: &Table) -> Vec<Finding> {
    let uncarried = |name, level: &str| uncarried(data, of(name), level);
    vec![
        countries(data),
        regions(data),
        uncarried("check_geog_ward_combos", "Ward"),
        uncarried("check_geog_pcon_combos", "Parliamentary constituency"),
        uncarried("check_geog_lad_combos", "Local authority district"),
        uncarried("check_geog_lep_combos", "Local enterprise partnership"),
        uncarried(
            "check_geog_lsip_combos",
            "Local skills improvement plan area",
        ),
        uncarried("check_geog_eda_combos", "English devolved area"),
        authorities(data),
    ]
}

/// The different code and name pairs of some rows.
fn pairs<'a>(
    data: &'a Table,
    code: &str,
    name: &str,
    wanted: impl Fn(usize) -> bool,
) -> BTreeSet<(&'a str, &'a str)> {
    (0..data.rows)
        .filter(|r| wanted(*r))
        .map(|r| (data.cell(code, r), data.cell(name, r)))
        .collect()
}

fn told(pairs: impl Iterator<Item = (String, String)>) -> Vec<String> {
    pairs.map(|(code, name)| format!("{code} {name}")).collect()
}

fn countries(data: &Table) -> Finding {
    let check = of("check_geog_country_combos");
    let wrong = pairs(data, "country_code", "country_name", |r| {
        data.cell("country_code", r) != NOT_AVAILABLE
    })
    .into_iter()
    .filter(|(code, name)| !is_country(code, name))
    .map(|(c, n)| (c.to_owned(), n.to_owned()));
    check.none_of(
        told(wrong),
        "every country has its code and name",
        "a country's code and name do not belong together",
    )
}

fn regions(data: &Table) -> Finding {
    let check = of("check_geog_region_combos");
    if !data.has("region_code") || !data.has("region_name") {
        return check.pass("the file has no columns of regions");
    }
    let wrong = pairs(data, "region_code", "region_name", |r| {
        let code = data.cell("region_code", r);
        data.cell("geographic_level", r) == "Regional"
            || (!code.is_empty() && code != NOT_AVAILABLE)
    })
    .into_iter()
    .filter(|(code, name)| !is_region(code, name))
    .map(|(c, n)| (c.to_owned(), n.to_owned()));
    check.none_of(
        told(wrong),
        "every region has its code and name",
        "a region's code and name do not belong together",
    )
}

fn authorities(data: &Table) -> Finding {
    let check = of("check_geog_la_combos");
    if !["old_la_code", "new_la_code", "la_name"]
        .iter()
        .all(|c| data.has(c))
    {
        return check.pass("the file lacks a column of local authorities");
    }
    let wrong: BTreeSet<String> = (0..data.rows)
        .map(|r| {
            let cell = |c| data.cell(c, r);
            (cell("old_la_code"), cell("new_la_code"), cell("la_name"))
        })
        .filter(|(old, new, _)| !old.is_empty() && !new.is_empty() && *new != NOT_AVAILABLE)
        .filter(|(old, new, name)| !is_authority(old, new, name))
        .map(|(old, new, name)| format!("{old} {new} {name}"))
        .collect();
    check.none_of(
        wrong.into_iter().collect(),
        "every local authority has its codes and name",
        "a local authority's codes and name do not belong together",
    )
}

/// Places whose lookup is not carried.
fn uncarried(data: &Table, check: Check, level: &str) -> Finding {
    let columns = level_of(level).and_then(|l| l.code.map(|c| (c, l.place)));
    let Some((code, name)) = columns.filter(|(c, n)| data.has(c) && data.has(n)) else {
        return check.pass("the file has no columns of these places");
    };
    let used = pairs(data, code, name, |r| {
        let told = data.cell(code, r);
        !told.is_empty() && told != NOT_AVAILABLE
    });
    let open = used
        .into_iter()
        .filter(|(c, n)| !is_everywhere(c, n))
        .map(|(c, n)| (c.to_owned(), n.to_owned()));
    check.warn_of(
        told(open),
        "no place of these is used",
        "the lookup of these places is not carried: codes and names were not checked",
    )
}

fn completed(data: &Table) -> Finding {
    let mut lost: BTreeSet<&str> = BTreeSet::new();
    for row in 0..data.rows {
        let level = level_of(data.cell("geographic_level", row));
        for column in level.into_iter().flat_map(Level::columns) {
            // Earlier local authorities may lack the longer code.
            let counted = !matches!(column, "new_la_code") && data.has(column);
            let planning = level.is_some_and(|l| l.name == "Planning area");
            if counted && !planning && data.cell(column, row).is_empty() {
                lost.insert(column);
            }
        }
    }
    of("check_geog_level_completed").none_of(
        lost.into_iter().map(str::to_owned).collect(),
        "every row has the codes and names of its level",
        "a column is blank in rows of its level",
    )
}

fn ignored(data: &Table) -> Finding {
    let check = of("check_geog_ignored_rows");
    let unseen = ["Institution", "Planning area"];
    let low = ["School", "Provider", "Institution", "Planning area"];
    let levels = data.distinct("geographic_level");
    if !levels.is_empty() && levels.iter().all(|l| unseen.contains(l)) {
        return check.warn(
            "the table tool leaves out every row of this file",
            Vec::new(),
        );
    }
    let single = levels.len() == 1;
    if single || !levels.iter().any(|l| low.contains(l)) {
        return check.pass("the table tool leaves out no row");
    }
    if levels.contains("School") && levels.contains("Provider") {
        return check.fail(
            "rows of schools and of providers stand in one file",
            Vec::new(),
        );
    }
    check.warn(
        "the table tool leaves out rows of schools, providers, institutions and planning areas",
        Vec::new(),
    )
}

/// Opportunity areas, trusts and sponsors: one code for a name, one name for a code.
fn several(data: &Table, check: Check, by_name: bool) -> Finding {
    let mut places = Vec::new();
    for level in LEVELS
        .iter()
        .filter(|l| ["Opportunity area", "MAT", "Sponsor"].contains(&l.name))
    {
        let Some(code) = level.code.filter(|c| data.has(c) && data.has(level.place)) else {
            continue;
        };
        let all = pairs(data, code, level.place, |r| {
            data.cell("geographic_level", r) == level.name && !data.cell(code, r).is_empty()
        });
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for (code, name) in all {
            *count.entry(if by_name { name } else { code }).or_default() += 1;
        }
        let many = count.into_iter().filter(|(_, n)| *n > 1);
        places.extend(many.map(|(what, n)| format!("{what}, {n} times")));
    }
    check.none_of(
        places,
        "every place of the lower levels has one code and one name",
        "a place of the lower levels has several codes or names",
    )
}

fn authority_columns(data: &Table) -> Finding {
    let all = ["new_la_code", "la_name", "old_la_code"];
    let lost: Vec<String> = all
        .iter()
        .filter(|c| !data.has(c))
        .map(|c| (*c).to_owned())
        .collect();
    let none = lost.len() == all.len();
    of("check_geog_la_col_present").none_of(
        if none { Vec::new() } else { lost },
        "the three columns of local authorities stand together or not at all",
        "a column of local authorities is missing",
    )
}

fn region_columns(data: &Table) -> Finding {
    let (code, name) = (data.has("region_code"), data.has("region_name"));
    let lost = match (code, name) {
        (true, false) => vec!["region_name".to_owned()],
        (false, true) => vec!["region_code".to_owned()],
        _ => Vec::new(),
    };
    of("check_geog_region_col_present").none_of(
        lost,
        "the columns of regions stand together or not at all",
        "a column of regions is missing",
    )
}

fn region_for(data: &Table, check: Check, level: &str) -> Finding {
    let rows = || (0..data.rows).filter(|r| data.cell("geographic_level", *r) == level);
    if rows().next().is_none() {
        return check.pass("the file has no row of this level");
    }
    let lost: Vec<String> = ["region_code", "region_name"]
        .into_iter()
        .filter(|c| rows().any(|r| data.cell(c, r).is_empty()))
        .map(str::to_owned)
        .collect();
    check.warn_of(
        lost,
        "every row of this level names its region",
        "a row of this level does not name its region",
    )
}

/// `x` and `Not available` belong together, at levels that have no lookup.
fn not_available(data: &Table, check: Check, by_code: bool) -> Finding {
    const LOOKED_UP: [&str; 12] = [
        "National",
        "Regional",
        "Local authority",
        "Local authority district",
        "Parliamentary constituency",
        "Ward",
        "Local enterprise partnership",
        "Local skills improvement plan area",
        "English devolved area",
        "RSC region",
        "Institution",
        "Planning area",
    ];
    let levels = data.distinct("geographic_level");
    let wrong = LEVELS
        .iter()
        .filter(|l| !LOOKED_UP.contains(&l.name) && levels.contains(l.name))
        .filter(|l| {
            l.code
                .filter(|c| data.has(c) && data.has(l.place))
                .is_some_and(|code| {
                    pairs(data, code, l.place, |r| {
                        by_code || data.cell("geographic_level", r) == l.name
                    })
                    .into_iter()
                    .any(|(c, n)| {
                        let (is_code, is_name) = (c == NOT_AVAILABLE, n == "Not available");
                        if by_code {
                            is_code && !is_name
                        } else {
                            is_name && !is_code
                        }
                    })
                })
        })
        .map(|l| l.name.to_owned())
        .collect();
    check.none_of(
        wrong,
        "the code x and the name Not available stand together",
        "the code x has another name, or the name Not available another code",
    )
}

/// Levels whose rows may have the columns of a level: itself, and what lies within it.
fn compatible(level: &str) -> Vec<&'static str> {
    const LOW: [&str; 3] = ["School", "Provider", "Institution"];
    let own: &[&'static str] = match level {
        "Regional" => &[
            "Regional",
            "Local skills improvement plan area",
            "Local authority",
            "Local enterprise partnership",
            "Opportunity area",
            "Local authority district",
            "Parliamentary constituency",
            "English devolved area",
            "Ward",
            "Planning area",
            "Police force area",
        ],
        "Local authority" => &[
            "Local authority",
            "Parliamentary constituency",
            "Local authority district",
            "Ward",
            "Planning area",
            "Police force area",
        ],
        "Local authority district" => &["Local authority district", "Ward", "Police force area"],
        "Local skills improvement plan area" => &[
            "Local skills improvement plan area",
            "Local authority district",
            "Planning area",
        ],
        "School" => return vec!["School"],
        "Provider" => return vec!["Provider"],
        "Institution" => return vec!["Institution"],
        other => {
            return LEVELS
                .iter()
                .map(|l| l.name)
                .filter(|n| *n == other)
                .chain(LOW)
                .collect();
        }
    };
    own.iter().copied().chain(LOW).collect()
}

fn overcompleted(pair: &Pair) -> Finding {
    let data = &pair.data;
    let filters = pair.filters();
    let mut places: BTreeSet<&str> = BTreeSet::new();
    for level in LEVELS.iter().filter(|l| l.name != "National") {
        let allowed = compatible(level.name);
        for column in level.columns().filter(|c| data.has(c)) {
            // The name of a school or provider may be the only filter.
            if filters.len() == 1 && filters.contains(&column) {
                continue;
            }
            let wrong = (0..data.rows).any(|r| {
                !data.cell(column, r).is_empty()
                    && !allowed.contains(&data.cell("geographic_level", r))
            });
            if wrong {
                places.insert(column);
            }
        }
    }
    of("check_geog_overcompleted_cols").none_of(
        places.into_iter().map(str::to_owned).collect(),
        "columns of places are blank in rows of other levels",
        "a column of places is filled in rows of another level",
    )
}
