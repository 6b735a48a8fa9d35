//! Entities: connected clusters of records under one constraint. Two records of one source that
//! is free of duplicates are two people, so they are never in one entity.

/// A set of sources that are free of duplicates, a bit each.
pub type Sources = u64;

/// Disjoint sets of records, each with the set of duplicate-free sources it holds a record of.
#[derive(Debug, Default, Clone)]
pub struct Entities {
    parent: Vec<u32>,
    size: Vec<u32>,
    taken: Vec<Sources>,
}

fn at(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Entities {
    /// The number of records.
    pub fn len(&self) -> usize {
        self.parent.len()
    }

    /// None?
    pub fn is_empty(&self) -> bool {
        self.parent.is_empty()
    }

    /// Adds a record as an entity of its own; its number is the next one.
    pub fn add(&mut self, sources: Sources) -> u32 {
        let number = u32::try_from(self.parent.len()).unwrap_or(u32::MAX);
        self.parent.push(number);
        self.size.push(1);
        self.taken.push(sources);
        number
    }

    /// The record that stands for the entity of a record.
    pub fn root(&self, number: u32) -> u32 {
        let mut number = number;
        while let Some(parent) = self.parent.get(at(number)).copied() {
            if parent == number {
                break;
            }
            number = parent;
        }
        number
    }

    /// The duplicate-free sources that the entity of a record holds.
    pub fn taken(&self, number: u32) -> Sources {
        self.taken
            .get(at(self.root(number)))
            .copied()
            .unwrap_or_default()
    }

    /// The number of records in the entity of a record.
    pub fn size(&self, number: u32) -> u32 {
        self.size
            .get(at(self.root(number)))
            .copied()
            .unwrap_or_default()
    }

    /// Makes one entity of two, unless both hold a record of one duplicate-free source. True if
    /// the two records are in one entity afterwards.
    pub fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return true;
        }
        let (of_a, of_b) = (self.taken(a), self.taken(b));
        if of_a & of_b != 0 {
            return false;
        }
        // By size, so that the way to the root stays short without rewriting it.
        let (below, above) = if self.size(a) < self.size(b) {
            (a, b)
        } else {
            (b, a)
        };
        let size = self.size(a) + self.size(b);
        if let Some(parent) = self.parent.get_mut(at(below)) {
            *parent = above;
        }
        if let Some(taken) = self.taken.get_mut(at(above)) {
            *taken = of_a | of_b;
        }
        if let Some(n) = self.size.get_mut(at(above)) {
            *n = size;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_two_records_of_a_duplicate_free_source_in_one_entity(
            sources in proptest::collection::vec(0_u8..4, 1..40),
            joins in proptest::collection::vec((0_usize..40, 0_usize..40), 0..120),
        ) {
            // Source 3 may have duplicates.
            let mut entities = Entities::default();
            for source in &sources {
                entities.add(if *source < 3 { 1 << source } else { 0 });
            }
            for (a, b) in joins {
                if a < sources.len() && b < sources.len() {
                    let (a, b) = (a as u32, b as u32);
                    let joined = entities.join(a, b);
                    prop_assert_eq!(joined, entities.root(a) == entities.root(b));
                }
            }
            for a in 0..sources.len() {
                let mut members = 0;
                for b in 0..sources.len() {
                    if entities.root(a as u32) == entities.root(b as u32) {
                        members += 1;
                        prop_assert!(a == b || sources[a] != sources[b] || sources[a] == 3);
                    }
                }
                prop_assert_eq!(members, entities.size(a as u32));
            }
        }
    }
}
