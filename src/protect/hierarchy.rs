//! The codes of one dimension of a table: leaves, margins, and which codes add up to which.
//!
//! A dimension may have several hierarchies over the same leaves (counties and groups); each
//! gives relations of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::published::TOTAL;

/// A margin and the codes that add up to it, as indices into [`Hierarchy::codes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub total: usize,
    pub parts: Vec<usize>,
}

/// The codes of a dimension; index 0 is the total over all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    pub codes: Vec<String>,
    /// Index of each leaf, in the order of the leaves given.
    pub leaves: Vec<usize>,
    /// For each leaf, itself and every margin that contains it, the total last.
    pub above: Vec<Vec<usize>>,
    pub groups: Vec<Group>,
}

/// Why codes do not make a hierarchy. Never with the codes themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadHierarchy {
    /// A code is above itself.
    #[error("a code stands above itself")]
    Cycle,
    /// A code of the data is a margin of the hierarchy.
    #[error("a code of the data is a margin of the hierarchy, or `Total`")]
    MarginInData,
    /// A code has two parents in one hierarchy.
    #[error("a code has two parents in one hierarchy")]
    TwoParents,
}

impl Hierarchy {
    /// Builds it from the leaves and any number of child-to-parent maps over them. Codes of the
    /// maps that no leaf belongs to are left out.
    pub fn new(leaves: &[String], maps: &[BTreeMap<String, String>]) -> Result<Self, BadHierarchy> {
        let mut codes = vec![TOTAL.to_owned()];
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        index.insert(TOTAL.to_owned(), 0);
        for leaf in leaves {
            if leaf == TOTAL || maps.iter().any(|m| m.values().any(|p| p == leaf)) {
                return Err(BadHierarchy::MarginInData);
            }
            if !index.contains_key(leaf) {
                index.insert(leaf.clone(), codes.len());
                codes.push(leaf.clone());
            }
        }
        let leaf_ids: Vec<usize> = (1..codes.len()).collect();
        let mut above: Vec<BTreeSet<usize>> =
            leaf_ids.iter().map(|i| BTreeSet::from([*i])).collect();
        let mut groups: Vec<Group> = Vec::new();
        let no_map = [BTreeMap::new()];
        for map in if maps.is_empty() { &no_map[..] } else { maps } {
            let mut children: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
            for (position, leaf) in leaf_ids.iter().enumerate() {
                let mut code = codes[*leaf].clone();
                let mut at = *leaf;
                let mut steps = 0;
                while at != 0 {
                    let parent = map.get(&code).cloned().unwrap_or_else(|| TOTAL.to_owned());
                    let up = *index.entry(parent.clone()).or_insert_with(|| {
                        codes.push(parent.clone());
                        codes.len() - 1
                    });
                    children.entry(up).or_default().insert(at);
                    above[position].insert(up);
                    (code, at) = (parent, up);
                    steps += 1;
                    if steps > map.len() + 1 {
                        return Err(BadHierarchy::Cycle);
                    }
                }
            }
            for (total, parts) in children {
                let group = Group {
                    total,
                    parts: parts.into_iter().collect(),
                };
                if !groups.contains(&group) {
                    groups.push(group);
                }
            }
        }
        let above = above
            .into_iter()
            .map(|set| {
                let mut list: Vec<usize> = set.into_iter().filter(|i| *i != 0).collect();
                list.push(0);
                list
            })
            .collect();
        Ok(Hierarchy {
            codes,
            leaves: leaf_ids,
            above,
            groups,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(c, p)| ((*c).to_owned(), (*p).to_owned()))
            .collect()
    }

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn several_levels_add_up() {
        let h = Hierarchy::new(
            &texts(&["a", "b", "c"]),
            &[map(&[("a", "N"), ("b", "N"), ("N", "GB"), ("c", "GB")])],
        )
        .expect("hierarchy");
        assert_eq!(h.codes, texts(&["Total", "a", "b", "c", "N", "GB"]));
        assert_eq!(h.groups.len(), 3);
        assert_eq!(h.above[0], vec![1, 4, 5, 0]);
    }

    #[test]
    fn two_hierarchies_over_the_same_leaves() {
        let h = Hierarchy::new(
            &texts(&["a", "b"]),
            &[
                map(&[("a", "X"), ("b", "X")]),
                map(&[("a", "Y"), ("b", "Z")]),
            ],
        )
        .expect("hierarchy");
        assert_eq!(h.above[0], vec![1, 3, 4, 0]);
        assert_eq!(h.groups.iter().filter(|g| g.total == 0).count(), 2);
    }

    #[test]
    fn circles_and_margins_in_the_data_are_refused() {
        assert_eq!(
            Hierarchy::new(
                &texts(&["a"]),
                &[map(&[("a", "b"), ("b", "c"), ("c", "b")])]
            ),
            Err(BadHierarchy::Cycle)
        );
        assert_eq!(
            Hierarchy::new(&texts(&["a", "b"]), &[map(&[("a", "b")])]),
            Err(BadHierarchy::MarginInData)
        );
    }
}
