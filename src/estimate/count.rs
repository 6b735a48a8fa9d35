//! Counting facts into the cells of tables: whole numbers, in the order of the cells.

use std::collections::BTreeMap;

/// The dimensions of a fact, by the names that tables use.
pub type Dimensions<'a> = [(&'static str, &'a str)];

/// The inner cells of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    /// The names of the dimensions, in order.
    pub dimensions: Vec<String>,
    /// Codes of the dimensions, then concept and measure, to the count.
    pub counts: BTreeMap<CellKey, u64>,
}

/// Which cell: the codes of its dimensions, its concept and measure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellKey {
    /// The concept's word.
    pub concept: &'static str,
    /// `children` or `parents`.
    pub measure: &'static str,
    /// The codes in the order of the dimensions.
    pub codes: Vec<String>,
}

impl Cells {
    /// No cells yet.
    pub fn new(dimensions: &[&str]) -> Self {
        Cells {
            dimensions: dimensions.iter().map(|d| (*d).to_owned()).collect(),
            counts: BTreeMap::new(),
        }
    }

    /// Adds to the cell that the dimensions name. A dimension that the table has and the fact has
    /// not is `x`, not available.
    pub fn add(
        &mut self,
        concept: &'static str,
        measure: &'static str,
        fact: &Dimensions<'_>,
        number: u64,
    ) {
        let codes = self
            .dimensions
            .iter()
            .map(|d| {
                let found = fact.iter().find(|(name, _)| name == d);
                found.map_or("x", |(_, code)| code).to_owned()
            })
            .collect();
        *self
            .counts
            .entry(CellKey {
                concept,
                measure,
                codes,
            })
            .or_insert(0) += number;
    }

    /// The sum over all cells with a code in a dimension.
    pub fn sum_of(&self, dimension: &str, code: &str) -> u64 {
        let at = self.dimensions.iter().position(|d| d == dimension);
        self.counts
            .iter()
            .filter(|(k, _)| at.and_then(|at| k.codes.get(at)).is_some_and(|c| c == code))
            .map(|(_, n)| n)
            .sum()
    }

    /// The sum over all cells of a concept and measure.
    pub fn total(&self, concept: &str, measure: &str) -> u64 {
        self.counts
            .iter()
            .filter(|(k, _)| k.concept == concept && k.measure == measure)
            .map(|(_, n)| n)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_add_up_and_unknown_dimensions_are_x() {
        let mut cells = Cells::new(&["region", "parent_sex"]);
        cells.add(
            "stock",
            "children",
            &[("region", "a"), ("parent_sex", "m")],
            1,
        );
        cells.add(
            "stock",
            "children",
            &[("parent_sex", "m"), ("region", "a")],
            2,
        );
        cells.add("stock", "children", &[("parent_sex", "m")], 4);
        cells.add("incidence", "children", &[], 8);
        assert_eq!(cells.counts.len(), 3);
        assert_eq!(cells.total("stock", "children"), 7);
        let last = cells.counts.iter().next().map(|(k, _)| k.codes.clone());
        assert_eq!(last, Some(vec!["x".to_owned(), "x".to_owned()]));
    }
}
