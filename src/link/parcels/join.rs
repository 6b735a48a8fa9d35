//! The owner of the key: pairs of rows to pairs of records, each once, with what all passes saw.

use std::path::Path;

use hashbrown::HashMap;

use super::encoding::{LEVELS, PassName, RECORD_FILTER};
use super::pair_files::{PairManifest, PassPairs, level_at};
use crate::columnar::{self, ColumnarError, TableReader};
use crate::comparison::{Kind, Level, MISSING};
use crate::link::LinkError;
use crate::link::pairs::{MOST_COMPARISONS, MOST_RULES, Pattern};
use crate::pseudonymise::words::{Comparison, Part, Rule};
use crate::pseudonymise::{FOOTER, Pseudonym};

/// The records of one owner, numbered.
#[derive(Default)]
pub struct Records {
    number: HashMap<Pseudonym, u32>,
    /// By number.
    pub pseudonyms: Vec<Pseudonym>,
}

impl Records {
    fn number(&mut self, record: Pseudonym) -> u32 {
        let next = u32::try_from(self.pseudonyms.len()).unwrap_or(u32::MAX);
        let number = *self.number.entry(record).or_insert(next);
        if number == next {
            self.pseudonyms.push(record);
        }
        number
    }
}

/// The pairs of records of a kind of people.
pub struct Joined {
    /// `adult` or `child`.
    pub kind: String,
    /// The comparisons: those of the encodings, then, where a filter of the whole record is all that
    /// there is, one for each rule, of whether the pair is under it.
    pub comparisons: Vec<Comparison>,
    /// The rules in order.
    pub rules: Vec<Rule>,
    /// Left and right records.
    pub records: [Records; 2],
    /// The pairs in the order of their records' numbers, with their patterns.
    pub pairs: Vec<(u32, u32, Pattern)>,
    /// Of each rule the pairs that agree on nothing, which were counted by the unit.
    pub different: Vec<(Pattern, u64)>,
    /// Of each rule the blocks that were left out, and their pairs.
    pub capped: Vec<[u64; 2]>,
}

/// Joins the pairs of every kind by the tables of both owners.
pub fn join(
    folder: &Path,
    manifest: &PairManifest,
    owners: [&Path; 2],
) -> Result<Vec<Joined>, LinkError> {
    let mut kinds: Vec<&str> = manifest.passes.iter().map(|p| p.kind.as_str()).collect();
    kinds.dedup();
    kinds.sort_unstable();
    kinds.dedup();
    let mut out = Vec::new();
    for kind in kinds {
        let passes: Vec<&PassPairs> = manifest.passes.iter().filter(|p| p.kind == kind).collect();
        out.push(of_kind(folder, manifest, owners, kind, &passes)?);
    }
    Ok(out)
}

/// What the passes of a kind compare, and under which rules.
struct Plan {
    comparisons: Vec<String>,
    rules: Vec<String>,
    /// Whether the rules are comparisons as well.
    membership: bool,
}

impl Plan {
    fn new(passes: &[&PassPairs]) -> Option<Self> {
        let mut plan = Plan {
            comparisons: Vec::new(),
            rules: Vec::new(),
            membership: false,
        };
        for pass in passes {
            let name = PassName::parse(&pass.pass)?;
            for comparison in &pass.comparisons {
                if !plan.comparisons.contains(comparison) {
                    plan.comparisons.push(comparison.clone());
                }
            }
            if !plan.rules.contains(&name.rule) {
                plan.rules.push(name.rule);
            }
        }
        plan.membership = plan.comparisons == [RECORD_FILTER];
        let width = plan.comparisons.len() + usize::from(plan.membership) * plan.rules.len();
        (width <= MOST_COMPARISONS && plan.rules.len() <= MOST_RULES).then_some(plan)
    }

    /// As the model takes them.
    fn comparisons(&self) -> Vec<Comparison> {
        let one = |(column, (name, kind)): (usize, (String, Kind))| Comparison {
            name,
            kind,
            columns: vec![Some(column)],
        };
        let own = self
            .comparisons
            .iter()
            .map(|name| (name.clone(), Kind::Text));
        let rules = self.rules.iter().filter(|_| self.membership);
        let rules = rules.map(|rule| (format!("under {rule}"), Kind::Exact));
        own.chain(rules).enumerate().map(one).collect()
    }

    /// A rule touches the comparisons of the fields that it looks at.
    fn rules(&self) -> Vec<Rule> {
        let part = |column: usize| Part { column, lane: 0 };
        let one = |(number, rule): (usize, &String)| {
            let fields = PassName::fields_of_rule(rule);
            let names = self.comparisons.iter().enumerate();
            let touched = names
                .filter(|(_, name)| fields.contains(&name.as_str()) || *name == RECORD_FILTER)
                .map(|(column, _)| column);
            let own = self.membership.then_some(self.comparisons.len() + number);
            Rule {
                name: rule.clone(),
                parts: touched.chain(own).map(part).collect(),
                unordered: None,
            }
        };
        self.rules.iter().enumerate().map(one).collect()
    }

    /// A pair's pattern.
    fn pattern(&self, levels: &[Level], rules: u16) -> Pattern {
        let own = levels.iter().copied().take(self.comparisons.len());
        let numbers = (0..self.rules.len()).filter(|_| self.membership);
        let under = numbers.map(|rule| if rules >> rule & 1 == 1 { 1 } else { 2 });
        Pattern::new(own.chain(under), rules)
    }
}

fn of_kind(
    folder: &Path,
    manifest: &PairManifest,
    [left, right]: [&Path; 2],
    kind: &str,
    passes: &[&PassPairs],
) -> Result<Joined, LinkError> {
    let malformed = || ColumnarError::Malformed {
        path: folder.join(super::pair_files::MANIFEST),
    };
    let plan = Plan::new(passes).ok_or_else(malformed)?;
    let mut records = [Records::default(), Records::default()];
    let mut pairs: HashMap<(u32, u32), ([Level; MOST_COMPARISONS], u16)> = HashMap::new();
    let mut different = vec![0_u64; plan.rules.len()];
    let mut capped = vec![[0_u64; 2]; plan.rules.len()];
    for pass in passes {
        let name = PassName::parse(&pass.pass).ok_or_else(malformed)?;
        let rule = plan.rules.iter().position(|rule| *rule == name.rule);
        let rule = rule.ok_or_else(malformed)?;
        let places: Vec<usize> = pass
            .comparisons
            .iter()
            .filter_map(|name| plan.comparisons.iter().position(|own| own == name))
            .collect();
        let [ours, theirs] = &mut records;
        let ours = Rows::read(left, pass, &manifest.key_fingerprint, ours)?;
        let theirs = Rows::read(right, pass, &manifest.key_fingerprint, theirs)?;
        let mut unjoined = 0_u64;
        pass.read(folder, |pair| {
            let (Some(a), Some(b)) = (ours.0.get(&pair.left), theirs.0.get(&pair.right)) else {
                unjoined += 1;
                return;
            };
            let entry = pairs.entry((*a, *b));
            let (levels, rules) = entry.or_insert(([MISSING; MOST_COMPARISONS], 0));
            *rules |= 1 << rule;
            for (place, own) in places.iter().zip(0..) {
                let level = level_at(pair.levels, own);
                if let Some(slot) = levels.get_mut(*place) {
                    *slot = better(*slot, level);
                }
            }
        })?;
        if unjoined > 0 {
            return Err(LinkError::Unjoined {
                path: pass.path(folder),
                rows: unjoined,
            });
        }
        if let (Some(sum), Some(left_out)) = (different.get_mut(rule), capped.get_mut(rule)) {
            *sum += pass.different;
            *left_out = pass.capped;
        }
    }
    let nothing = vec![LEVELS; plan.comparisons.len()];
    let different = different.into_iter().enumerate().filter(|(_, n)| *n > 0);
    let different = different.map(|(rule, n)| (plan.pattern(&nothing, 1 << rule), n));
    let mut pairs: Vec<(u32, u32, Pattern)> = pairs
        .into_iter()
        .map(|((a, b), (levels, rules))| (a, b, plan.pattern(&levels, rules)))
        .collect();
    pairs.sort_unstable();
    Ok(Joined {
        kind: kind.to_owned(),
        comparisons: plan.comparisons(),
        rules: plan.rules(),
        different: different.collect(),
        records,
        pairs,
        capped,
    })
}

/// The better of two levels; a missing one says nothing.
fn better(a: Level, b: Level) -> Level {
    match (a, b) {
        (MISSING, level) | (level, MISSING) => level,
        (a, b) => a.min(b),
    }
}

/// The record of each row of a pass.
struct Rows(HashMap<Pseudonym, u32>);

impl Rows {
    /// Reads a join table of an owner: the folder `owner`, or the one above it.
    fn read(
        owner: &Path,
        pass: &PassPairs,
        key: &str,
        records: &mut Records,
    ) -> Result<Self, LinkError> {
        let inner = owner.join("owner");
        let folder = if inner.is_dir() {
            inner
        } else {
            owner.to_path_buf()
        };
        let path = folder.join("join").join(&pass.kind).join(&pass.file);
        let reader = TableReader::open(&path, Some(&["row", "record"]))?;
        let stated = reader.keys().iter().find(|(name, _)| name == FOOTER);
        if stated.is_none_or(|(_, found)| found != key) {
            return Err(LinkError::OtherKey { path });
        }
        let mut out = HashMap::new();
        for batch in reader {
            let batch = batch?;
            let row = columnar::bytes(&batch, "row", &path)?;
            let record = columnar::bytes(&batch, "record", &path)?;
            for (row, record) in row.iter().zip(record.iter()) {
                let id = |bytes: Option<&[u8]>| bytes?.first_chunk::<16>().copied();
                if let (Some(row), Some(record)) = (id(row), id(record)) {
                    out.insert(row, records.number(record));
                }
            }
        }
        Ok(Rows(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(rule: &str, form: &str, comparisons: &[&str]) -> PassPairs {
        PassPairs {
            kind: "adult".to_owned(),
            file: String::new(),
            pass: format!("{rule}: {form}"),
            comparisons: comparisons.iter().map(|c| (*c).to_owned()).collect(),
            rows: [0, 0],
            blocks: 0,
            pairs: 0,
            different: 0,
            capped: [0, 0],
        }
    }

    #[test]
    fn where_a_filter_is_all_there_is_the_rules_speak_too() {
        let form = "filter 1024 bits of forename 200, surname 200";
        let passes = [
            pass("date_of_birth", form, &["record"]),
            pass("postcode", form, &["record"]),
        ];
        let plan = Plan::new(&passes.each_ref()).expect("a plan");
        let names: Vec<String> = plan.comparisons().into_iter().map(|c| c.name).collect();
        assert_eq!(names, ["record", "under date_of_birth", "under postcode"]);
        let pattern = plan.pattern(&[3], 0b10);
        assert_eq!([0, 1, 2].map(|c| pattern.level(c)), [3, 2, 1]);
        assert_eq!(plan.rules()[1].columns().collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn a_rule_touches_the_fields_it_looks_at() {
        let passes = [
            pass(
                "surname.soundex+date_of_birth.year",
                "lanes forename",
                &["forename"],
            ),
            pass("postcode", "lanes surname", &["surname"]),
        ];
        let plan = Plan::new(&passes.each_ref()).expect("a plan");
        assert!(!plan.membership);
        assert_eq!(plan.rules()[0].columns().collect::<Vec<_>>(), [1]);
        assert!(plan.rules()[1].parts.is_empty());
        assert_eq!((better(0, 4), better(3, 2), better(1, 0)), (4, 2, 1));
    }
}
