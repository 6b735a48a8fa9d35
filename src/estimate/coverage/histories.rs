//! Which of three lists hold a child, and numbers of children by that.
//!
//! Histories are numbered 1 to 7: list 1 counts 1, list 2 counts 2, list 3 counts 4. All arrays of
//! seven are in this order: 1, 2, 12, 3, 13, 23, 123.

use super::super::method_error::{MethodError, within};

/// The lists that hold a child: at least one of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct History(u8);

impl History {
    /// In which lists; none where in none.
    pub fn of(lists: [bool; 3]) -> Option<Self> {
        let [a, b, c] = lists.map(u8::from);
        let mask = a + 2 * b + 4 * c;
        (mask > 0).then_some(History(mask))
    }

    /// All seven in their order.
    pub fn all() -> [History; 7] {
        [1, 2, 3, 4, 5, 6, 7].map(History)
    }

    /// The place in an array of seven.
    pub fn index(self) -> usize {
        usize::from(self.0) - 1
    }

    /// Whether a list (0 to 2) holds the child.
    pub fn holds(self, list: usize) -> bool {
        list < 3 && self.0 & (1 << list) != 0
    }

    /// The lists of both.
    pub fn and(self, other: History) -> History {
        History(self.0 | other.0)
    }
}

/// Numbers by history as they were linked: with missed and false links.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Observed([f64; 7]);

/// Numbers by history after correction for linkage error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corrected(pub(super) [f64; 7]);

impl Observed {
    /// Numbers in the order of [`History::all`].
    ///
    /// # Errors
    /// KL-E-201 if one is below nought or not finite.
    pub fn new(numbers: [f64; 7]) -> Result<Self, MethodError> {
        for n in numbers {
            within(n, [0.0, f64::MAX], "a number of children")?;
        }
        Ok(Observed(numbers))
    }

    /// Adds children, or their weights.
    pub fn add(&mut self, history: History, number: f64) {
        if let Some(slot) = self.0.get_mut(history.index()) {
            *slot += number;
        }
    }

    /// The numbers.
    pub fn numbers(&self) -> &[f64; 7] {
        &self.0
    }

    /// Their sum: records, of which a child with a missed link has two.
    pub fn records(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Both together.
    pub fn plus(&self, other: &Observed) -> Observed {
        let mut sum = *self;
        for (slot, n) in sum.0.iter_mut().zip(other.0) {
            *slot += n;
        }
        sum
    }
}

impl Corrected {
    /// The numbers, none below nought.
    pub fn numbers(&self) -> &[f64; 7] {
        &self.0
    }

    /// Distinct children in the lists.
    pub fn counted(&self) -> f64 {
        self.0.iter().sum()
    }

    /// The number with a history.
    pub fn of(&self, history: History) -> f64 {
        self.0.get(history.index()).copied().unwrap_or(0.0)
    }

    /// Children in a list (0 to 2).
    pub fn in_list(&self, list: usize) -> f64 {
        let there = History::all().into_iter().filter(|h| h.holds(list));
        there.map(|h| self.of(h)).sum()
    }

    /// Children in both of two lists.
    pub fn in_both(&self, a: usize, b: usize) -> f64 {
        let there = History::all()
            .into_iter()
            .filter(|h| h.holds(a) && h.holds(b));
        there.map(|h| self.of(h)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_and_sums() {
        let h = |a, b, c| History::of([a, b, c]);
        assert_eq!(h(false, false, false), None);
        assert_eq!(h(true, false, true).map(History::index), Some(4));
        let n = Corrected([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
        assert_eq!(n.in_list(0), 1.0 + 4.0 + 16.0 + 64.0);
        assert_eq!(n.in_both(1, 2), 32.0 + 64.0);
        assert_eq!(n.counted(), 127.0);
        assert!(Observed::new([f64::NAN; 7]).is_err());
        let mut o = Observed::default();
        History::all().iter().for_each(|h| o.add(*h, 2.0));
        assert_eq!(o.plus(&o).records(), 28.0);
    }
}
