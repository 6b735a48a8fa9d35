//! Hierarchical log-linear models of list histories: their terms, names, and all of them up to
//! five lists.

use std::sync::OnceLock;

use super::table::MOST_LISTS;

/// A hierarchical log-linear model with every main effect and without the term of all lists, which
/// no table without the unseen cell can tell.
///
/// A term is a set of lists (bit 0 is the first); a model is a set of terms that holds, with a term,
/// every part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Model {
    lists: usize,
    terms: u64,
}

impl Model {
    /// The lists are independent.
    pub fn independence(lists: usize) -> Self {
        let lists = lists.clamp(1, MOST_LISTS);
        let mains = (0..lists).fold(1, |terms, i| terms | 1 << (1_usize << i));
        Model {
            lists,
            terms: mains,
        }
    }

    /// Every term of at most `order` lists, but never the one of all lists.
    pub fn all_of_order(lists: usize, order: u32) -> Self {
        let mut model = Model::independence(lists);
        for term in 1..(1_usize << model.lists) - 1 {
            if term.count_ones() <= order {
                model.terms |= 1 << term;
            }
        }
        model
    }

    /// The model with one term more, if that is hierarchical and not the term of all lists.
    pub fn with(self, term: usize) -> Option<Self> {
        let possible = term < (1 << self.lists) - 1 && !self.has(term);
        let parts_there = parts(term).all(|part| self.has(part));
        (possible && parts_there).then_some(Model {
            lists: self.lists,
            terms: self.terms | 1 << term,
        })
    }

    /// The model without one term, if that is hierarchical and the term is no main effect.
    pub fn without(self, term: usize) -> Option<Self> {
        let top = self.has(term) && term.count_ones() > 1 && self.generators().contains(&term);
        top.then_some(Model {
            lists: self.lists,
            terms: self.terms & !(1 << term),
        })
    }

    /// Is the term in the model? The intercept (no list) always is.
    pub fn has(self, term: usize) -> bool {
        term < 1 << self.lists && self.terms >> term & 1 == 1
    }

    /// Does the model hold every term of the other?
    pub fn holds(self, other: Model) -> bool {
        self.lists == other.lists && self.terms & other.terms == other.terms
    }

    /// How many lists.
    pub fn lists(self) -> usize {
        self.lists
    }

    /// How many parameters, the intercept included.
    pub fn parameters(self) -> u32 {
        self.terms.count_ones()
    }

    /// The largest number of lists in a term.
    pub fn order(self) -> u32 {
        self.terms()
            .iter()
            .map(|t| t.count_ones())
            .max()
            .unwrap_or(0)
    }

    /// The terms in the order in which they are written: by the number of lists, then by the order
    /// of the columns. The intercept is first.
    pub fn terms(self) -> Vec<usize> {
        let written = in_order().iter().copied();
        written.filter(|t| self.has(*t)).collect()
    }

    /// The terms that are part of no other.
    pub fn generators(self) -> Vec<usize> {
        let terms = self.terms();
        let top = |t: &usize| !terms.iter().any(|other| other != t && other & t == *t);
        terms.iter().copied().filter(top).collect()
    }

    /// The terms, written with the names of the lists: `a + b + a:b`.
    pub fn name(self, lists: &[String]) -> String {
        let terms = self.terms();
        let written = terms.iter().skip(1).map(|t| term_name(*t, lists));
        written.collect::<Vec<_>>().join(" + ")
    }

    /// The terms that are part of no other, in brackets: `[a:b, c]`.
    pub fn brackets(self, lists: &[String]) -> String {
        let terms = self.generators();
        let written: Vec<String> = terms.iter().map(|t| term_name(*t, lists)).collect();
        format!("[{}]", written.join(", "))
    }

    /// Every hierarchical model of so many lists with terms of at most `order` lists: 1 for two
    /// lists, 8 for three, 113 for four, 6,893 for five. Six lists have 7.8 million, which are
    /// searched and not listed.
    pub fn all(lists: usize, order: u32) -> Vec<Self> {
        let start = Model::independence(lists);
        let below_all = |t: &usize| *t < (1_usize << start.lists) - 1;
        let larger = |t: &usize| (2..=order).contains(&t.count_ones());
        let terms = in_order().iter().copied().filter(below_all).filter(larger);
        let mut found = vec![start];
        for term in terms {
            let larger: Vec<Model> = found.iter().filter_map(|m| m.with(term)).collect();
            found.extend(larger);
        }
        found
    }
}

/// All sets of lists, the smaller first and those of one size in the order of the columns.
fn in_order() -> &'static [usize] {
    static ORDER: OnceLock<Vec<usize>> = OnceLock::new();
    ORDER.get_or_init(|| {
        let mut sets: Vec<usize> = (0..1 << MOST_LISTS).collect();
        sets.sort_by_key(|t| (t.count_ones(), members(*t).collect::<Vec<_>>()));
        sets
    })
}

/// The lists of a term, first to last.
pub(crate) fn members(term: usize) -> impl Iterator<Item = usize> {
    (0..MOST_LISTS).filter(move |i| term >> i & 1 == 1)
}

/// The term without one of its lists, for each of them.
fn parts(term: usize) -> impl Iterator<Item = usize> {
    members(term).map(move |i| term & !(1 << i))
}

/// A term as text: `a:b`.
pub(crate) fn term_name(term: usize, lists: &[String]) -> String {
    let names: Vec<&str> = members(term)
        .filter_map(|i| lists.get(i).map(String::as_str))
        .collect();
    names.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(n: usize) -> Vec<String> {
        ["a", "b", "c", "d", "e"][..n]
            .iter()
            .map(|s| (*s).to_owned())
            .collect()
    }

    #[test]
    fn as_many_models_as_there_are_hierarchies() {
        for (lists, models) in [(2, 1), (3, 8), (4, 113), (5, 6893)] {
            assert_eq!(Model::all(lists, 9).len(), models);
        }
        assert_eq!(Model::all(5, 2).len(), 1024);
    }

    #[test]
    fn terms_are_written_by_size_and_then_by_column() {
        let all = Model::all_of_order(4, 3);
        assert!(
            all.name(&names(4))
                .starts_with("a + b + c + d + a:b + a:c + a:d + b:c + b:d + c:d + a:b:c")
        );
        let one = Model::independence(3).with(0b011).unwrap();
        assert_eq!(one.name(&names(3)), "a + b + c + a:b");
        assert_eq!(one.brackets(&names(3)), "[c, a:b]");
    }

    #[test]
    fn a_term_comes_with_its_parts_and_the_term_of_all_never() {
        let start = Model::independence(3);
        assert_eq!(start.with(0b111), None);
        assert_eq!(Model::independence(4).with(0b0111), None);
        assert_eq!(Model::all_of_order(3, 3), Model::all_of_order(3, 2));
        let two = start.with(0b011).unwrap();
        assert_eq!(two.without(0b011), Some(start));
        assert_eq!(two.without(0b001), None);
    }
}
