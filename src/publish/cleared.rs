//! The gate before every writer: no text of a release may be one that a spreadsheet would run.
//!
//! A writer takes a [`ClearedTable`] and a [`ClearedInfo`], and these are made here alone, by
//! [`Cleared::inspect`], which looks at every code, label, title and word of the release. So there
//! is no format in which such a text could still get out.

use std::ops::Deref;

use super::error::PublishError;
use super::stage::ReleaseInfo;
use crate::protect::{ProtectedRow, ProtectedTable};

/// Tables and a description of the release whose every text was looked at.
pub(crate) struct Cleared<'a> {
    tables: &'a [ProtectedTable],
    release: &'a ReleaseInfo,
}

/// A table whose every text was looked at.
#[derive(Clone, Copy)]
pub(crate) struct ClearedTable<'a>(&'a ProtectedTable);

/// What a release says of itself, looked at.
#[derive(Clone, Copy)]
pub(crate) struct ClearedInfo<'a>(&'a ReleaseInfo);

impl<'a> ClearedTable<'a> {
    /// Its rows, for as long as the table itself is there.
    pub(crate) fn all_rows(self) -> &'a [ProtectedRow] {
        self.0.rows()
    }
}

impl Deref for ClearedTable<'_> {
    type Target = ProtectedTable;

    fn deref(&self) -> &ProtectedTable {
        self.0
    }
}

impl Deref for ClearedInfo<'_> {
    type Target = ReleaseInfo;

    fn deref(&self) -> &ReleaseInfo {
        self.0
    }
}

impl<'a> Cleared<'a> {
    /// Looks at every text that any writer may write.
    ///
    /// # Errors
    /// [`PublishError::Formula`] with the table and the column; never the text itself.
    pub(crate) fn inspect(
        tables: &'a [ProtectedTable],
        release: &'a ReleaseInfo,
    ) -> Result<Self, PublishError> {
        let words = [
            ("id", &release.id),
            ("title", &release.title),
            ("reference date", &release.reference_date),
            ("period", &release.period),
            ("key fingerprint", &release.key_fingerprint),
            ("label", &release.label),
        ];
        for (name, text) in words {
            check("the release", name, text)?;
        }
        tables.iter().try_for_each(inspect_table)?;
        Ok(Cleared { tables, release })
    }

    /// The tables, in the order of publication.
    pub(crate) fn tables(&self) -> impl Iterator<Item = ClearedTable<'a>> {
        self.tables.iter().map(ClearedTable)
    }

    /// What the release says of itself.
    pub(crate) fn info(&self) -> ClearedInfo<'a> {
        ClearedInfo(self.release)
    }
}

fn inspect_table(table: &ProtectedTable) -> Result<(), PublishError> {
    let definition = table.definition();
    let id = definition.id.as_str();
    check(id, "id", id)?;
    check(id, "title", &definition.title)?;
    check(id, "subtitle", &definition.subtitle)?;
    check(id, "population", &definition.population)?;
    for dimension in &definition.dimensions {
        for text in [&dimension.name, &dimension.title, &dimension.description] {
            check(id, &dimension.name, text)?;
        }
        check(id, &dimension.name, &dimension.total)?;
        for code in &dimension.codes {
            check(id, &dimension.name, &code.code)?;
            check(id, &dimension.name, &code.label)?;
        }
    }
    let derived = definition.derived.iter().map(|d| &d.name);
    for measure in definition.measures.iter().chain(derived) {
        check(id, "measure", measure)?;
    }
    for row in table.rows() {
        for (dimension, code) in definition.dimensions.iter().zip(&row.codes) {
            check(id, &dimension.name, code)?;
        }
        check(id, "measure", &row.measure)?;
        if let Some(marker) = &row.marker {
            check(id, "marker", marker)?;
        }
    }
    Ok(())
}

fn check(table: &str, column: &str, text: &str) -> Result<(), PublishError> {
    if runs_as_formula(text) || text.chars().any(char::is_control) {
        return Err(PublishError::Formula {
            table: table.to_owned(),
            column: column.to_owned(),
        });
    }
    Ok(())
}

/// Would a spreadsheet take this text for a formula? Blanks and invisible signs before the first
/// sign do not help, for some readers drop them; nor do the wide forms of the signs.
pub(crate) fn runs_as_formula(text: &str) -> bool {
    let hidden = |c: char| {
        c == ' '
            || (c.is_whitespace() && !c.is_control())
            || matches!(
                c,
                '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
            )
    };
    text.trim_start_matches(hidden).starts_with([
        '=', '+', '-', '@', '\t', '\0', '\r', '\n', '＝', '＋', '－', '＠', '﹢', '﹣', '﹦', '﹫',
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_known_by_their_first_sign() {
        for text in [
            "=1",
            "+1",
            "-1",
            "@x",
            "\tx",
            "\0",
            " =1",
            "\u{feff}=1",
            "＝1",
            "\r",
        ] {
            assert!(runs_as_formula(text), "{text:?}");
        }
        for text in ["1-4", "x", "Total", "", "a=b", "10+", "low", " 5"] {
            assert!(!runs_as_formula(text), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_follows_a_sign_does_not_matter(
            before in "[ \u{200b}\u{feff}\u{a0}]{0,3}",
            sign in "[=+@\t\0\r-]",
            rest in ".{0,20}",
        ) {
            let text = format!("{before}{sign}{rest}");
            proptest::prop_assert!(runs_as_formula(&text));
        }
    }
}
