//! Checks of the names of both files.

use super::Check;
use super::pair::Pair;
use crate::publish::lint::finding::Finding;

const fn of(name: &'static str) -> Check {
    Check {
        stage: "Check filenames",
        name,
    }
}

pub(super) fn check(pair: &Pair) -> Vec<Finding> {
    let both = [&pair.data_name, &pair.meta_name];
    let with = |wrong: &dyn Fn(&str) -> bool| -> Vec<String> {
        both.iter()
            .filter(|n| wrong(n))
            .map(|n| (*n).clone())
            .collect()
    };
    let special = |name: &str| {
        let stem = name.strip_suffix(".csv").unwrap_or(name);
        let stem = stem.strip_suffix(".meta").unwrap_or(stem);
        stem.chars()
            .any(|c| !c.is_alphanumeric() && !c.is_whitespace() && c != '-' && c != '_')
    };
    let expected = format!(
        "{}.meta.csv",
        pair.data_name
            .strip_suffix(".csv")
            .unwrap_or(&pair.data_name)
    );
    vec![
        of("check_filename_spaces").none_of(
            with(&|n| n.contains(' ')),
            "no name of a file has a space",
            "the name of a file has a space",
        ),
        of("check_filename_special").none_of(
            with(&special),
            "names have letters, digits, hyphens and underscores only",
            "the name of a file has a sign other than letters, digits, hyphens and underscores",
        ),
        if pair.meta_name == expected {
            of("check_filenames_match").pass("the meta file is named after the data file")
        } else {
            of("check_filenames_match").fail("the meta file should be named so", vec![expected])
        },
    ]
}
