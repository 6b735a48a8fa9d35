//! How well the records of a kind are linked, over all and by sex, ethnicity, age and region, as far
//! as the model can tell: precision and recall with intervals.
//!
//! Precision is the mean probability of the links. Recall is the matches expected among them, of those
//! expected among all pairs and of those that no blocking rule brought together. The latter are
//! reckoned by capture and recapture between the rules, between systems of which they can be told
//! (`told::missed`). What a record says of itself is in the payload. Where people looked at some of the
//! pairs, `calibrated` puts calibrated probabilities in the place of the model's.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::calibrated::{LabelledMap, Sums, precision, recall};
use super::told::{missed, missed_of};
use super::{Decided, Kind, at};
use crate::columnar::{self, TableReader, text_at};
use crate::link::LinkError;
use crate::link::estimates::Patterns;
use crate::link::evaluate::{Expectation, of_pairs};
use crate::link::recall::Missed;
use crate::link::settle::Likely;
use crate::schema::canonical::{RECORD, kind};
use crate::schema::codes;
use crate::schema::quality::{EstimatedShare, LinkageQuality, LinkedGroup};

/// How precision and recall are estimated, in words.
pub const METHOD: &str = "expected by the model of the linkage: the mean probability of the links; \
    the matches among them, of all that the model expects and of those that no blocking rule \
    brought together (capture and recapture between rules); 95 % intervals of chance, of the \
    disagreement of rules and of the missed, not of errors that all rules share";

/// Where a person says nothing.
const UNKNOWN: &str = "unknown";
/// Groupings, in the order in which they are told.
const GROUPS: [&str; 5] = ["all", "sex", "age", "ethnicity", "region"];

/// What the records of a kind say of themselves: of each the categories, one a grouping.
struct Said {
    of: Vec<[Option<usize>; GROUPS.len()]>,
    words: [Vec<String>; GROUPS.len()],
}

impl Said {
    fn new(records: usize) -> Self {
        Said {
            of: vec![[Some(0), None, None, None, None]; records],
            words: [
                vec!["all".to_owned()],
                Vec::new(),
                Vec::new(),
                Vec::new(),
                Vec::new(),
            ],
        }
    }

    fn put(&mut self, record: u32, grouping: usize, word: &str) {
        let Some(words) = self.words.get_mut(grouping) else {
            return;
        };
        let known = words.iter().position(|w| w == word);
        let place = known.unwrap_or_else(|| {
            words.push(word.to_owned());
            words.len() - 1
        });
        let slot = self.of.get_mut(at(record));
        if let Some(slot) = slot.and_then(|of| of.get_mut(grouping)) {
            *slot = Some(place);
        }
    }

    fn of(&self, record: u32, grouping: usize) -> Option<usize> {
        let of = self.of.get(at(record))?;
        of.get(grouping).copied().flatten()
    }

    fn word(&self, grouping: usize, place: Option<usize>) -> &str {
        let words = self.words.get(grouping);
        let word = place.and_then(|place| words?.get(place));
        word.map_or(UNKNOWN, String::as_str)
    }
}

/// The band of an age in whole years on the reference date.
fn age_band(of: &str, age: u8) -> &'static str {
    match (of == kind::CHILD, age) {
        (true, 0) => "0",
        (true, 1..=4) => "1-4",
        (true, 5..=9) => "5-9",
        (true, 10..=15) => "10-15",
        (true, 16..=17) => "16-17",
        (true, _) => "18 and over",
        (false, ..=17) => "under 18",
        (false, 18..=24) => "18-24",
        (false, 25..=34) => "25-34",
        (false, 35..=44) => "35-44",
        (false, 45..=54) => "45-54",
        (false, _) => "55 and over",
    }
}

/// The code of the region of a local authority; Wales is a region.
fn region(code: &str) -> Option<&'static str> {
    codes::local_authority(code).map(|la| la.region_code.as_str())
}

/// What is gathered of a group.
#[derive(Default)]
struct Gathered {
    records: u64,
    linked: u64,
    links: u64,
    patterns: Patterns,
    /// The same between systems of which the missed can be told, and how many rules found each match.
    links_told: u64,
    told: Patterns,
    found: Vec<(f64, u32)>,
    /// The same by the labelled probabilities, where there are labels.
    by_labels: ByLabels,
}

/// Sums by which labels weigh pairs.
#[derive(Default)]
struct ByLabels {
    links: Sums,
    links_told: Sums,
    others_told: Sums,
}

impl ByLabels {
    fn add(&mut self, map: &LabelledMap, pair: &Likely, is_link: bool, is_told: bool) {
        if is_link {
            self.links.add(map, pair.probability);
        }
        match (is_told, is_link) {
            (true, true) => self.links_told.add(map, pair.probability),
            (true, false) => self.others_told.add(map, pair.probability),
            _ => {}
        }
    }
}

impl Gathered {
    fn add(&mut self, pair: &Likely, is_link: bool, is_told: bool) {
        self.links += u64::from(is_link);
        note(&mut self.patterns, pair, is_link);
        if is_told {
            self.links_told += u64::from(is_link);
            note(&mut self.told, pair, is_link);
            let times = pair.pattern.rules().count_ones();
            self.found.push((pair.probability, times));
        }
    }
}

fn note(patterns: &mut Patterns, pair: &Likely, is_link: bool) {
    let sums = patterns.entry(pair.pattern).or_default();
    match is_link {
        true => sums.links.add(pair),
        false => sums.others.add(pair),
    }
}

fn share(expected: &Expectation) -> Option<EstimatedShare> {
    let [lower, upper] = expected.interval?;
    Some(EstimatedShare {
        estimate: expected.estimate?,
        lower,
        upper,
    })
}

/// Precision and recall by labels; what the model's rules disagree in stays in the intervals.
fn calibrated(
    map: &LabelledMap,
    gathered: &Gathered,
    by_model: &Expectation,
    told: Option<(Missed, Expectation)>,
) -> (Option<EstimatedShare>, Option<EstimatedShare>) {
    let of = &gathered.by_labels;
    let rules = |expected: &Expectation| expected.standard_errors.rules;
    let recall = told.and_then(|(missed, by_model)| {
        let pairs = (&of.links_told, &of.others_told);
        recall(map, pairs, missed, rules(&by_model))
    });
    (precision(map, &of.links, rules(by_model)), recall)
}

impl Kind<'_> {
    /// How well its records are linked. `people` is the payload of people.
    pub(super) fn quality(
        &self,
        decided: &Decided,
        people: &[PathBuf],
    ) -> Result<LinkageQuality, LinkError> {
        let said = self.said(people)?;
        let mut groups: BTreeMap<(usize, &str), Gathered> = BTreeMap::new();
        let mut size: hashbrown::HashMap<u32, u32> = hashbrown::HashMap::new();
        for entity in &decided.entity {
            *size.entry(*entity).or_default() += 1;
        }
        for (record, entity) in (0_u32..).zip(&decided.entity) {
            let linked = size.get(entity).is_some_and(|n| *n > 1);
            for grouping in 0..GROUPS.len() {
                let code = said.word(grouping, said.of(record, grouping));
                let group = groups.entry((grouping, code)).or_default();
                group.records += 1;
                group.linked += u64::from(linked);
            }
        }
        let (_, by_couple) = self.link_rows(decided);
        let rules = self.linked.rules.len();
        for (likely, links) in decided.likely.iter().zip(&by_couple) {
            let is_told = missed(likely, rules).is_some();
            let mut links = links.iter().peekable();
            for pair in likely.iter().filter(|pair| pair.probability > 0.0) {
                let same = |l: &&Likely| (l.left, l.right) == (pair.left, pair.right);
                let is_link = links.next_if(same).is_some();
                for grouping in 0..GROUPS.len() {
                    let of = |record| said.of(record, grouping);
                    let code = said.word(grouping, of(pair.left).or_else(|| of(pair.right)));
                    let group = groups.entry((grouping, code)).or_default();
                    group.add(pair, is_link, is_told);
                    if let Some(map) = &self.model.labels {
                        group.by_labels.add(map, pair, is_link, is_told);
                    }
                }
            }
        }
        let told = groups.into_iter();
        Ok(LinkageQuality {
            kind: self.job.kind.clone(),
            method: match &self.model.labels {
                Some(map) => map.method(),
                None => METHOD.to_owned(),
            },
            groups: told
                .map(|((grouping, code), gathered)| self.group(grouping, code, &gathered))
                .collect(),
        })
    }

    fn group(&self, grouping: usize, code: &str, gathered: &Gathered) -> LinkedGroup {
        let rules: Vec<_> = self.linked.rules.iter().map(|r| r.rule.clone()).collect();
        let model = (
            self.comparisons.as_slice(),
            rules.as_slice(),
            &self.linked.fit,
        );
        let [by_model, _] = of_pairs(&gathered.patterns, Missed::default(), model);
        // What holds of two systems need not hold of a group: of infants who have one date and no
        // forename the missed cannot be told, though they can of others.
        let missed = missed_of(&gathered.found, rules.len()).filter(|_| gathered.links_told > 0);
        let told = missed.map(|missed| {
            let [_, recall] = of_pairs(&gathered.told, missed, model);
            (missed, recall)
        });
        let (precision, recall) = match &self.model.labels {
            None => (
                share(&by_model),
                told.and_then(|(_, recall)| share(&recall)),
            ),
            Some(map) => calibrated(map, gathered, &by_model, told),
        };
        LinkedGroup {
            group: GROUPS.get(grouping).copied().unwrap_or_default().to_owned(),
            code: code.to_owned(),
            records: gathered.records,
            linked: gathered.linked,
            links: gathered.links,
            precision,
            links_with_recall: match told {
                Some(_) => gathered.links_told,
                None => 0,
            },
            recall,
        }
    }

    /// What its records say of themselves.
    fn said(&self, people: &[PathBuf]) -> Result<Said, LinkError> {
        let numbers = self.numbers();
        let mut said = Said::new(self.records());
        let columns = [
            RECORD,
            "sex",
            "ethnicity",
            "age_at_reference",
            "local_authority",
        ];
        for path in people {
            for batch in TableReader::open(path, Some(&columns))? {
                let batch = batch?;
                let record = columnar::bytes(&batch, RECORD, path)?;
                let sex = columnar::text(&batch, "sex", path)?;
                let ethnicity = columnar::text(&batch, "ethnicity", path)?;
                let age = columnar::u8(&batch, "age_at_reference", path)?;
                let area = columnar::text(&batch, "local_authority", path)?;
                for (row, (record, age)) in record.iter().zip(age.iter()).enumerate() {
                    let record = record.and_then(|r| r.first_chunk::<16>());
                    let Some(number) = record.and_then(|r| numbers.get(r)).copied() else {
                        continue;
                    };
                    let age = age.map(|age| age_band(&self.job.kind, age));
                    let words = [
                        (1, text_at(sex, row)),
                        (2, age),
                        (3, text_at(ethnicity, row)),
                        (4, text_at(area, row).and_then(region)),
                    ];
                    for (grouping, word) in words {
                        if let Some(word) = word {
                            said.put(number, grouping, word);
                        }
                    }
                }
            }
        }
        Ok(said)
    }
}
