//! The floor of a release of microdata: k-anonymity and distinct l-diversity of linked pairs, by
//! generalisation of whole columns and suppression of the rows that are left over.
//!
//! A row is a child with a parent, so that the quasi-identifiers of both stand side by side, as
//! they do for whoever joins the files. A class is all rows that agree on every quasi-identifier.
//! It holds the floor if it has at least k different children, at least k different parents
//! (Sweeney 2002, counted in people and not in rows, since brothers and sisters are one father's),
//! and at least l different values of the sensitive column (Machanavajjhala and others 2007).
//!
//! Every column has a ladder of forms, each coarser than the one before (full-domain
//! generalisation). Of all combinations the one that loses least is taken, for which no more than
//! the allowed share of rows has to be suppressed. The loss of a combination is the sum over the
//! columns of weight times the part of the ladder climbed; equal losses go to the earlier one in the
//! order of the columns. The same rows give the same choice.

use std::cmp::Ordering;

/// A form of a column: what it is called, and a code for each row.
#[derive(Debug, Clone)]
pub struct Form {
    /// Such as `age in bands of five years`.
    pub name: &'static str,
    /// The values.
    pub values: Vec<String>,
    /// For each row the place of its value in `values`.
    pub codes: Vec<usize>,
}

impl Form {
    /// A form from the text of each row. The values are put into their own order.
    pub fn of(name: &'static str, texts: Vec<String>) -> Self {
        let mut values = texts.clone();
        values.sort_unstable();
        values.dedup();
        let codes = texts
            .iter()
            .map(|t| values.binary_search(t).unwrap_or(0))
            .collect();
        Form {
            name,
            values,
            codes,
        }
    }

    /// The value at a row.
    pub fn value(&self, row: usize) -> Option<&str> {
        let code = self.codes.get(row)?;
        self.values.get(*code).map(String::as_str)
    }
}

/// A quasi-identifier with its forms, from the finest to the coarsest.
#[derive(Debug, Clone)]
pub struct Ladder {
    /// The column.
    pub column: &'static str,
    /// What losing all of it costs, against the other columns.
    pub weight: f64,
    /// The forms; at least one.
    pub forms: Vec<Form>,
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Floor {
    /// Different people on either side of every class.
    pub k: usize,
    /// Different values of the sensitive column in every class.
    pub l: usize,
    /// The greatest share of rows that may be suppressed, from 0 to 1.
    pub most_suppressed: f64,
}

/// The rows: who they are about, and the sensitive value.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The number of the child.
    pub child: Vec<u32>,
    /// The number of the parent.
    pub parent: Vec<u32>,
    /// A code of the sensitive value.
    pub sensitive: Vec<u32>,
}

/// A choice of forms under which the floor holds for every row that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// For each ladder the form taken.
    pub levels: Vec<usize>,
    /// For each row, whether it is kept.
    pub kept: Vec<bool>,
    /// Classes kept.
    pub classes: usize,
    /// The fewest different people, of children or of parents, in a class that is kept.
    pub least_k: usize,
    /// The fewest different sensitive values in a class that is kept.
    pub least_l: usize,
}

impl Held {
    /// Rows that were suppressed.
    pub fn suppressed(&self) -> usize {
        self.kept.iter().filter(|k| !**k).count()
    }
}

/// Finds the choice that loses least; none if the floor cannot hold even in the coarsest forms.
pub fn hold(ladders: &[Ladder], rows: &Rows, floor: Floor) -> Option<Held> {
    let n = rows.child.len();
    if n == 0 {
        return None;
    }
    combinations(ladders)
        .iter()
        .map(|(_, levels)| classes(ladders, levels, rows, floor))
        .find(|held| held.classes > 0 && within(held.suppressed(), n, floor.most_suppressed))
}

/// Counts of rows stay far below 2^53.
#[allow(clippy::cast_precision_loss)]
fn within(suppressed: usize, rows: usize, share: f64) -> bool {
    suppressed as f64 <= share * rows as f64
}

/// All combinations of forms, least loss first.
fn combinations(ladders: &[Ladder]) -> Vec<(f64, Vec<usize>)> {
    let mut all = vec![(0.0, Vec::new())];
    for ladder in ladders {
        let steps = ladder.forms.len();
        all = all
            .iter()
            .flat_map(|(loss, levels)| {
                (0..steps).map(move |level| {
                    let mut levels: Vec<usize> = levels.clone();
                    levels.push(level);
                    (loss + ladder.weight * part(level, steps), levels)
                })
            })
            .collect();
    }
    all.sort_by(|a, b| {
        a.0.partial_cmp(&b.0)
            .unwrap_or(Ordering::Equal)
            .then_with(|| a.1.cmp(&b.1))
    });
    all
}

/// The part of a ladder that a level has climbed: 0 for the finest, 1 for the coarsest. A ladder has
/// a handful of steps.
#[allow(clippy::cast_precision_loss)]
fn part(level: usize, steps: usize) -> f64 {
    match steps {
        0 | 1 => 0.0,
        _ => level as f64 / (steps - 1) as f64,
    }
}

/// The classes under one combination, and which rows they keep.
fn classes(ladders: &[Ladder], levels: &[usize], rows: &Rows, floor: Floor) -> Held {
    let n = rows.child.len();
    let forms: Vec<&Form> = ladders
        .iter()
        .zip(levels)
        .filter_map(|(ladder, level)| ladder.forms.get(*level))
        .collect();
    let key = |row: usize| -> Vec<usize> {
        forms
            .iter()
            .map(|f| f.codes.get(row).copied().unwrap_or(0))
            .collect()
    };
    let keys: Vec<Vec<usize>> = (0..n).map(key).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| keys[*a].cmp(&keys[*b]));
    let mut held = Held {
        levels: levels.to_vec(),
        kept: vec![false; n],
        classes: 0,
        least_k: usize::MAX,
        least_l: usize::MAX,
    };
    for class in order.chunk_by(|a, b| keys[*a] == keys[*b]) {
        let k = distinct(class, &rows.child).min(distinct(class, &rows.parent));
        let l = distinct(class, &rows.sensitive);
        if k >= floor.k && l >= floor.l {
            held.classes += 1;
            held.least_k = held.least_k.min(k);
            held.least_l = held.least_l.min(l);
            for row in class {
                held.kept[*row] = true;
            }
        }
    }
    held
}

fn distinct(class: &[usize], of: &[u32]) -> usize {
    let mut seen: Vec<u32> = class.iter().filter_map(|r| of.get(*r).copied()).collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(column: &'static str, weight: f64, forms: &[&[&str]]) -> Ladder {
        let forms = forms
            .iter()
            .map(|texts| Form::of(column, texts.iter().map(|t| (*t).to_owned()).collect()))
            .collect();
        Ladder {
            column,
            weight,
            forms,
        }
    }

    fn rows(child: &[u32], parent: &[u32]) -> Rows {
        Rows {
            child: child.to_vec(),
            parent: parent.to_vec(),
            sensitive: child.to_vec(),
        }
    }

    const FLOOR: Floor = Floor {
        k: 2,
        l: 1,
        most_suppressed: 0.0,
    };

    #[test]
    fn the_least_that_must_be_lost_is_lost() {
        // By age alone two classes of two; sex divides them.
        let ladders = [
            ladder("age", 1.0, &[&["a", "a", "b", "b"], &["*"; 4]]),
            ladder("sex", 0.5, &[&["f", "m", "f", "m"], &["*"; 4]]),
        ];
        let four = rows(&[1, 2, 3, 4], &[1, 2, 3, 4]);
        let held = hold(&ladders, &four, FLOOR).expect("held");
        assert_eq!(held.levels, [0, 1]);
        assert_eq!((held.classes, held.least_k), (2, 2));
        // Where sex is dearer, age goes.
        let dearer = [
            Ladder {
                weight: 0.4,
                ..ladders[0].clone()
            },
            ladders[1].clone(),
        ];
        let held = hold(&dearer, &four, FLOOR).expect("held");
        assert_eq!(held.levels, [1, 0]);
    }

    #[test]
    fn people_count_and_not_rows() {
        let ladders = [ladder("age", 1.0, &[&["a"; 3]])];
        let siblings = rows(&[1, 2, 3], &[7, 7, 7]);
        assert_eq!(hold(&ladders, &siblings, FLOOR), None, "one father");
        let both_parents = rows(&[1, 1, 1], &[7, 8, 9]);
        assert_eq!(hold(&ladders, &both_parents, FLOOR), None, "one child");
        assert!(hold(&ladders, &rows(&[1, 2, 2], &[7, 8, 8]), FLOOR).is_some());
    }

    #[test]
    fn a_few_rows_may_be_suppressed_rather_than_all_be_coarser() {
        let ladders = [ladder("age", 1.0, &[&["a", "a", "a", "b"], &["*"; 4]])];
        let four = rows(&[1, 2, 3, 4], &[1, 2, 3, 4]);
        assert_eq!(hold(&ladders, &four, FLOOR).expect("held").levels, [1]);
        let lenient = Floor {
            most_suppressed: 0.25,
            ..FLOOR
        };
        let held = hold(&ladders, &four, lenient).expect("held");
        assert_eq!(held.levels, [0]);
        assert_eq!(held.kept, [true, true, true, false]);
        assert_eq!(held.suppressed(), 1);
    }

    #[test]
    fn a_class_whose_people_all_share_the_sensitive_value_is_not_kept() {
        let ladders = [ladder("age", 1.0, &[&["a", "a", "b", "b"], &["*"; 4]])];
        let mut four = rows(&[1, 2, 3, 4], &[1, 2, 3, 4]);
        four.sensitive = vec![0, 0, 0, 1];
        let floor = Floor { l: 2, ..FLOOR };
        let held = hold(&ladders, &four, floor).expect("held");
        assert_eq!((held.levels.as_slice(), held.least_l), (&[1][..], 2));
        four.sensitive = vec![0; 4];
        assert_eq!(hold(&ladders, &four, floor), None);
    }

    #[test]
    fn a_floor_that_cannot_hold_is_told() {
        let ladders = [ladder("age", 1.0, &[&["a", "b", "c"], &["*"; 3]])];
        let three = rows(&[1, 2, 3], &[1, 2, 3]);
        let floor = Floor { k: 4, ..FLOOR };
        assert_eq!(hold(&ladders, &three, floor), None);
        assert_eq!(hold(&ladders, &Rows::default(), FLOOR), None);
    }

    proptest::proptest! {
        /// Whatever the rows: every class among the kept rows has k people on both sides, counted
        /// anew, and no combination that was passed over would have done.
        #[test]
        fn the_floor_holds_for_what_is_kept(
            people in proptest::collection::vec((0_u32..30, 0_u32..20, 0_usize..3, 0_usize..3), 1..80),
            k in 1_usize..5,
        ) {
            let text = |n: usize| n.to_string();
            let fine = |f: fn(&(u32, u32, usize, usize)) -> usize| -> Vec<String> {
                people.iter().map(|p| text(f(p))).collect()
            };
            let coarse = vec!["*".to_owned(); people.len()];
            let ladders = [
                Ladder { column: "a", weight: 1.0, forms: vec![Form::of("a", fine(|p| p.2)), Form::of("a", coarse.clone())] },
                Ladder { column: "b", weight: 0.7, forms: vec![Form::of("b", fine(|p| p.3)), Form::of("b", coarse)] },
            ];
            let rows = Rows {
                child: people.iter().map(|p| p.0).collect(),
                parent: people.iter().map(|p| p.1).collect(),
                sensitive: vec![0; people.len()],
            };
            let floor = Floor { k, l: 1, most_suppressed: 0.1 };
            if let Some(held) = hold(&ladders, &rows, floor) {
                let key = |r: usize| -> Vec<&str> {
                    ladders.iter().zip(&held.levels).map(|(l, v)| l.forms[*v].value(r).unwrap()).collect()
                };
                for r in (0..people.len()).filter(|r| held.kept[*r]) {
                    let same = (0..people.len()).filter(|o| held.kept[*o] && key(*o) == key(r));
                    let (mut children, mut parents) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
                    for o in same {
                        children.insert(rows.child[o]);
                        parents.insert(rows.parent[o]);
                    }
                    proptest::prop_assert!(children.len() >= k && parents.len() >= k);
                }
                proptest::prop_assert!(held.suppressed() * 10 <= people.len());
            }
        }
    }
}
