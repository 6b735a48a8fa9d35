//! The arithmetic of spells: stays joined to unbroken ones.
//!
//! A stay is half-open, `[from, to)`: its nights are those of the days from `from` up to but not
//! including `to`. A stay without a night is no stay.

/// An unbroken spell and the stays that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spell {
    /// Its first day.
    pub from: i32,
    /// The day after its last night; nothing while it lasts.
    pub to: Option<i32>,
    /// The stays, by their places in the list, in the order of their first days.
    pub stays: Vec<usize>,
}

/// Joins stays that overlap, touch, or are no more than `bridge` nights apart.
pub fn unbroken(stays: &[(i32, Option<i32>)], bridge: i32) -> Vec<Spell> {
    let mut order: Vec<usize> = (0..stays.len())
        .filter(|i| {
            stays
                .get(*i)
                .is_some_and(|(from, to)| to.is_none_or(|to| *from < to))
        })
        .collect();
    order.sort_by_key(|i| {
        stays
            .get(*i)
            .map(|(from, to)| (*from, to.unwrap_or(i32::MAX)))
    });
    let mut spells: Vec<Spell> = Vec::new();
    for at in order {
        let Some(&(from, to)) = stays.get(at) else {
            continue;
        };
        match spells.last_mut() {
            Some(last) if last.to.is_none_or(|end| from <= end.saturating_add(bridge)) => {
                last.to = match (last.to, to) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    _ => None,
                };
                last.stays.push(at);
            }
            _ => spells.push(Spell {
                from,
                to,
                stays: vec![at],
            }),
        }
    }
    spells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(stays: &[(i32, Option<i32>)]) -> Vec<(i32, Option<i32>)> {
        unbroken(stays, 1).iter().map(|s| (s.from, s.to)).collect()
    }

    #[test]
    fn same_day_pairs_join_and_one_night_is_bridged() {
        assert_eq!(joined(&[(0, Some(5)), (5, Some(9))]), [(0, Some(9))]);
        assert_eq!(joined(&[(0, Some(5)), (6, Some(9))]), [(0, Some(9))]);
        assert_eq!(
            joined(&[(0, Some(5)), (7, Some(9))]),
            [(0, Some(5)), (7, Some(9))]
        );
    }

    #[test]
    fn a_day_without_a_night_bridges_nothing() {
        assert_eq!(
            joined(&[(0, Some(5)), (6, Some(6)), (7, None)]),
            [(0, Some(5)), (7, None)]
        );
    }
}
