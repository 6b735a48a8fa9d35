//! The columns of a table by area or by group: a count, its estimate with limits, and what it is in
//! relation to something.

use super::super::page::Cell;
use super::super::released::ReleasedTable;
use super::{shown, text};
use crate::schema::published::Concept;

/// The measure of what is estimated.
pub(super) const ESTIMATED: &str = "children_estimated";

/// Which columns there are.
pub(super) struct Columns {
    /// Is there an estimate?
    pub(super) estimated: bool,
    /// The measure of the rate or share.
    pub(super) relative: Option<&'static str>,
}

impl Columns {
    /// Of a table by area: rates per 10,000 children.
    pub(super) fn of_areas(table: &ReleasedTable, concept: Concept) -> Self {
        let rates = ["estimated_rate_per_10000", "rate_per_10000"];
        Self::with(table, concept, &rates)
    }

    /// Of a table by group: percentages of those who were counted.
    pub(super) fn of_groups(table: &ReleasedTable, concept: Concept) -> Self {
        Self::with(table, concept, &["percent"])
    }

    fn with(table: &ReleasedTable, concept: Concept, relative: &[&'static str]) -> Self {
        Columns {
            estimated: table.has(concept, ESTIMATED),
            relative: relative.iter().copied().find(|r| table.has(concept, r)),
        }
    }

    /// What is drawn: the estimate where there is one.
    pub(super) fn measure(&self) -> &'static str {
        if self.estimated {
            ESTIMATED
        } else {
            "children"
        }
    }

    /// The heads, after those of the first columns.
    pub(super) fn heads(&self, first: &[&str]) -> Vec<String> {
        let mut heads: Vec<&str> = first.to_vec();
        match self.estimated {
            true => heads.extend(["Found by linkage", "Estimate", "95%: from", "to"]),
            false => heads.push("Children"),
        }
        heads.extend(
            self.relative
                .map(|measure| match (measure, self.estimated) {
                    ("percent", true) => "Per cent of those found",
                    ("percent", false) => "Per cent",
                    _ => "Per 10,000 children",
                }),
        );
        heads.into_iter().map(str::to_owned).collect()
    }

    /// The cells of an area or group; none where the table does not have it.
    pub(super) fn cells(
        &self,
        table: &ReleasedTable,
        concept: Concept,
        (dimension, code): (&str, &str),
    ) -> Option<Vec<Cell>> {
        let along = |measure| table.along(concept, measure, dimension, code);
        let count = along("children")?;
        let mut cells = vec![shown(count.value, &count.symbol())];
        if self.estimated {
            let estimate = along(ESTIMATED);
            let ends = estimate.and_then(|e| e.interval);
            cells.push(estimate.map_or(text(""), |e| shown(e.value, &e.symbol())));
            cells.extend([ends.map(|e| e.0), ends.map(|e| e.1)].map(|end| shown(end, "")));
        }
        if let Some(relative) = self.relative {
            cells.push(along(relative).map_or(text(""), |r| shown(r.value, &r.symbol())));
        }
        Some(cells)
    }
}
