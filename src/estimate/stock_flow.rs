//! Stock and flow of a population of children: on every day, over a period, by one pass.
//!
//! A child is **in** on the days when a parent is in custody and it is born and under 18. The
//! **stock** of a day is the children in on that day; the **flow** of a period the distinct children
//! in on any of its days. Stock and flow are estimated apart: no constant ratio turns one into the
//! other. What always holds, and is tested:
//!
//! - flow ≥ stock of any day; flow = stock of the first day + children whose first day is later;
//! - mean stock = child-days / days;
//! - Σ over parents Σ over their children 1 / parents of the child = flow.

use super::spells::{Period, union};

/// When a child is in, during one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeIn {
    spells: Vec<Period>,
    within: Period,
}

impl TimeIn {
    /// Of the stays of all of a child's parents, in any order, the days on which it is born and
    /// under 18, and a period. Days that touch are one spell; nothing is bridged, since parents'
    /// stays are already made whole.
    pub fn new(stays: &[Period], eligible: Period, period: Period) -> Self {
        let inside: Vec<Period> = stays.iter().map(|s| s.intersect(eligible)).collect();
        let spells = union(&inside, 0);
        let within = period;
        let kept = |s: &Period| !s.intersect(within).is_empty();
        TimeIn {
            spells: spells.into_iter().filter(kept).collect(),
            within,
        }
    }

    /// Is the child in on that day of the period?
    pub fn on(&self, day: i32) -> bool {
        self.within.contains(day) && self.spells.iter().any(|s| s.contains(day))
    }

    /// Is it in on any day?
    pub fn ever(&self) -> bool {
        !self.spells.is_empty()
    }

    /// Spells that reach into the period.
    pub fn spells(&self) -> usize {
        self.spells.len()
    }

    /// Spells that begin after the first day of the period: entries.
    pub fn entries(&self) -> usize {
        let after = |s: &&Period| s.from > self.within.from;
        self.spells.iter().filter(after).count()
    }

    /// The time apart: days of the period on which a parent is away.
    pub fn days(&self) -> i32 {
        self.in_period().map(Period::days).sum()
    }

    /// The lengths of spells in days, whole ones: also the days before and after the period.
    pub fn lengths(&self) -> impl Iterator<Item = i32> + '_ {
        self.spells.iter().map(|s| s.days())
    }

    /// The longest unbroken time apart within the period; nought if there is none.
    pub fn longest(&self) -> i32 {
        self.in_period().map(Period::days).max().unwrap_or(0)
    }

    fn in_period(&self) -> impl Iterator<Item = Period> + '_ {
        self.spells.iter().map(|s| s.intersect(self.within))
    }
}

/// Stock, flow and time of a population over one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockFlow {
    period: Period,
    /// Changes of the stock on each day, and at the end nought.
    changes: Vec<i64>,
    children: u64,
    opening: u64,
    spells: u64,
    entries: u64,
    child_days: u64,
}

impl StockFlow {
    /// Of nobody yet.
    pub fn new(period: Period) -> Self {
        let days = usize::try_from(period.days()).unwrap_or(0);
        StockFlow {
            period,
            changes: vec![0; days + 1],
            children: 0,
            opening: 0,
            spells: 0,
            entries: 0,
            child_days: 0,
        }
    }

    /// Adds a child by the stays of its parents and the days on which it is born and under 18.
    pub fn add(&mut self, stays: &[Period], eligible: Period) -> TimeIn {
        let time = TimeIn::new(stays, eligible, self.period);
        self.children += u64::from(time.ever());
        self.opening += u64::from(time.on(self.period.from));
        self.spells += count(time.spells());
        self.entries += count(time.entries());
        for spell in time.in_period() {
            self.child_days += u64::try_from(spell.days()).unwrap_or(0);
            for (day, change) in [(spell.from, 1), (spell.to, -1)] {
                let at = usize::try_from(day - self.period.from).ok();
                if let Some(slot) = at.and_then(|at| self.changes.get_mut(at)) {
                    *slot += change;
                }
            }
        }
        time
    }

    /// The stock of each day of the period in order.
    pub fn stocks(&self) -> Vec<u64> {
        let mut now = 0_i64;
        let days = self.changes.len().saturating_sub(1);
        let stock = self.changes.iter().take(days).map(|change| {
            now += change;
            u64::try_from(now).unwrap_or(0)
        });
        stock.collect()
    }

    /// The stock of a day; none outside the period.
    pub fn stock(&self, day: i32) -> Option<u64> {
        let at = usize::try_from(day.checked_sub(self.period.from)?).ok()?;
        self.stocks().get(at).copied()
    }

    /// Distinct children in on any day.
    pub fn flow(&self) -> u64 {
        self.children
    }

    /// The stock of the first day.
    pub fn opening(&self) -> u64 {
        self.opening
    }

    /// Children whose first day of the period is not its first.
    pub fn first_entries(&self) -> u64 {
        self.children - self.opening
    }

    /// Entries after the first day, a child's every one: incidence of being apart.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Spells that reach into the period.
    pub fn spells(&self) -> u64 {
        self.spells
    }

    /// Days apart of all children together.
    pub fn child_days(&self) -> u64 {
        self.child_days
    }

    /// The mean stock of the days; none of a period without a day.
    pub fn mean_stock(&self) -> Option<f64> {
        let days = self.period.days();
        (days > 0).then(|| super::number::real(self.child_days) / f64::from(days))
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn periods() -> impl Strategy<Value = Vec<Period>> {
        proptest::collection::vec((0..90_i32, 1..30_i32), 0..4)
            .prop_map(|v| v.into_iter().map(|(f, n)| Period::new(f, f + n)).collect())
    }

    proptest! {
        #[test]
        fn the_identities_hold_against_counting_by_day(
            children in proptest::collection::vec((periods(), -20..90_i32, 0..120_i32), 0..8),
        ) {
            let year = Period::new(20, 80);
            let mut all = StockFlow::new(year);
            let mut by_day = vec![0_u64; 60];
            let (mut ever, mut entries, mut longest) = (0, 0, Vec::new());
            for (stays, born, lives) in &children {
                let eligible = Period::new(*born, born + lives);
                let is_in = |d: i32| eligible.contains(d) && stays.iter().any(|s| s.contains(d));
                let days: Vec<i32> = (20..80).filter(|d| is_in(*d)).collect();
                days.iter().for_each(|d| by_day[usize::try_from(d - 20).unwrap()] += 1);
                ever += u64::from(!days.is_empty());
                entries += (21..80).filter(|d| is_in(*d) && !is_in(d - 1)).count() as u64;
                let run = (20..80).fold((0, 0), |(now, best), d| if is_in(d) { (now + 1, best.max(now + 1)) } else { (0, best) });
                longest.push(run.1);
                let time = all.add(stays, eligible);
                prop_assert_eq!(time.days() as usize, days.len());
                prop_assert_eq!(time.longest(), run.1);
                prop_assert!((20..80).all(|d| time.on(d) == is_in(d)));
                prop_assert!(time.lengths().sum::<i32>() >= time.days());
            }
            prop_assert_eq!(all.stocks(), by_day.clone());
            prop_assert_eq!(all.flow(), ever);
            prop_assert_eq!(all.entries(), entries);
            prop_assert!(by_day.iter().all(|s| all.flow() >= *s));
            prop_assert_eq!(all.opening(), by_day[0]);
            prop_assert_eq!(all.flow(), all.opening() + all.first_entries());
            let mean = by_day.iter().sum::<u64>() as f64 / 60.0;
            prop_assert!((all.mean_stock().unwrap() - mean).abs() < 1e-9);
            prop_assert_eq!(all.spells(), all.entries() + all.opening());
        }

        /// A longer period has at least the flow, and two halves at least the whole.
        #[test]
        fn flow_grows_with_the_period(children in proptest::collection::vec(periods(), 0..8), cut in 21..79_i32) {
            let flow = |period| {
                let mut all = StockFlow::new(period);
                children.iter().for_each(|c| { all.add(c, Period::new(0, 200)); });
                all.flow()
            };
            let (whole, first, second) = (flow(Period::new(20, 80)), flow(Period::new(20, cut)), flow(Period::new(cut, 80)));
            prop_assert!(first <= whole && second <= whole && whole <= first + second);
        }
    }

    #[test]
    fn a_period_without_days() {
        let mut none = StockFlow::new(Period::new(5, 5));
        none.add(&[Period::new(0, 10)], Period::new(0, 10));
        assert_eq!(
            (none.flow(), none.mean_stock(), none.stock(5)),
            (0, None, None)
        );
    }
}
