//! Linkage by the probabilistic model: the sealed sources of every kind in, entities and links out.
//!
//! The kinds go together, because families help: what the first pass says of adults speaks in the
//! second for children, and the other way round.

use std::path::PathBuf;

use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::write::{EntityRow, LinkRow, write_entities, write_links};
use super::{KindJob, write_json};
use crate::accounting::RowAccount;
use crate::columnar::{self, TableReader};
use crate::comparison;
use crate::diagnostic::{Diagnostic, Exit};
use crate::link::LinkError;
use crate::link::agglomerate::{Compared, Edge, Rows, agglomerate_all};
use crate::link::blocking;
use crate::link::engine::{Linked, Scored};
use crate::link::entities::Entities;
use crate::link::families::{Kinship, Relatives, Support, of_one_family, share_of_matches};
use crate::link::federation::{Couple, CoupleScores, Federated, Federation, Party, side_by_side};
use crate::link::model::{logistic, real};
use crate::link::model_file::{ComparisonFile, RuleFile, comparison_files, rule_files};
use crate::link::pairs::Pattern;
use crate::link::recall::{self, Missed};
use crate::link::settle::{self, Likely};
use crate::pseudonymise::words::{Comparison, Held, Rule};
use crate::pseudonymise::{
    FOOTER, LinkageSource, ProjectKeys, Pseudonym, linkage_fields, read_linkage_source,
};
use crate::schema::canonical::{RECORD, kind};
use crate::stage::{OutputFile, StageFolders, StageReport};

/// The word in `model.json` for this form of model.
pub const FORM: &str = "federated-1";
/// A pair at the threshold is still above it, by this much in natural log odds.
const MARGIN: f64 = 1e-3;

/// What was missed can be told if so large a share of the matches was found by two rules or more.
const SEVERAL: f64 = 0.5;
/// Two records are surely one person from this probability on, for what their relatives say.
const SURE: f64 = 0.99;

/// What the model needs of a kind beside its sources.
#[derive(Debug, Clone)]
pub struct ModelJob {
    /// The sources in their order.
    pub sources: Vec<ModelSource>,
    /// Names of blocking rules.
    pub blocking: Vec<String>,
    /// The least probability of a link.
    pub threshold: f64,
}

/// A source as the model takes it.
#[derive(Debug, Clone)]
pub struct ModelSource {
    /// Its sealed file; none where it has nobody of the kind.
    pub file: Option<PathBuf>,
    /// Whether its records are compared with each other.
    pub within: bool,
}

/// What came of two sources, or of one with itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoupleModel {
    /// A source.
    pub left: String,
    /// Another, or the same.
    pub right: String,
    /// Pairs of names compared.
    pub compared: u64,
    /// What the odds are multiplied by, against the common model.
    pub factor: f64,
    /// Expected matches among the pairs compared.
    pub expected_matches: f64,
    /// Matches that no rule brought together; none where too few rules brought the same together
    /// to tell.
    pub missed: Option<Missed>,
    /// Links: pairs at or above the threshold that are in one entity.
    pub links: u64,
    /// The expected share of matches among the links.
    pub expected_precision: Option<f64>,
    /// The expected share of matches that are links.
    pub expected_recall: Option<f64>,
}

/// Pairs of one family that were compared because of that alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyPairs {
    /// How many.
    pub pairs: u64,
    /// The share of matches among them, as it was learnt.
    pub matches: f64,
}

/// `model.json` of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindModel {
    /// [`FORM`].
    pub form: String,
    /// The comparisons, with m and u.
    pub comparisons: Vec<ComparisonFile>,
    /// The rules, over all couples of sources.
    pub rules: Vec<RuleFile>,
    /// Rounds of expectation and maximisation.
    pub rounds: usize,
    /// Whether they ended because nothing changed any more.
    pub converged: bool,
    /// Pairs of names compared.
    pub compared: u64,
    /// Pairs of chance compared.
    pub chance: u64,
    /// What the model found wrong with itself.
    pub warnings: Vec<String>,
    /// The least probability of a link.
    pub threshold: f64,
    /// What relatives say, where there are any.
    pub families: Option<Support>,
    /// Pairs of one family that no rule brought together, where there are any.
    pub of_one_family: Option<FamilyPairs>,
    /// Couple by couple.
    pub couples: Vec<CoupleModel>,
    /// Records in entities of at least two.
    pub records_linked: u64,
    /// Such entities.
    pub entities: u64,
    /// Links.
    pub links: u64,
}

/// A kind of people: what was read of it, and what the first pass made of that.
struct Kind<'a> {
    job: &'a KindJob,
    model: &'a ModelJob,
    held: Vec<LinkageSource>,
    /// The number of the first record of each source, over all sources.
    first: Vec<u32>,
    comparisons: Vec<Comparison>,
    linked: Linked,
    warnings: Vec<String>,
    /// Pairs of records by their numbers over all sources, with what the relatives say.
    couples: Vec<CoupleScores>,
    families: Option<Support>,
    of_one_family: Option<FamilyPairs>,
}

/// What was decided of a kind.
struct Decided {
    likely: Vec<Vec<Likely>>,
    entity: Vec<u32>,
}

/// Links the kinds that are linked by the model.
pub(super) fn link(
    jobs: &[(&KindJob, &ModelJob)],
    relations: &[PathBuf],
    keys: &ProjectKeys,
    folders: &StageFolders<'_>,
    report: &mut StageReport,
) -> Result<(), LinkError> {
    let mut kinds = Vec::new();
    for (job, model) in jobs {
        kinds.push(first_pass(job, model, keys, folders)?);
    }
    families(&mut kinds, relations)?;
    for kind in &kinds {
        let decided = kind.decide();
        kind.write(&decided, &keys.fingerprint().to_string(), folders, report)?;
    }
    Ok(())
}

fn first_pass<'a>(
    job: &'a KindJob,
    model: &'a ModelJob,
    keys: &ProjectKeys,
    folders: &StageFolders<'_>,
) -> Result<Kind<'a>, LinkError> {
    let mut held = Vec::new();
    for (source, of_model) in job.sources.iter().zip(&model.sources) {
        held.push(match &of_model.file {
            Some(file) => read_linkage_source(file, &source.name, &job.kind, keys)?,
            None => LinkageSource::default(),
        });
    }
    let mut comparisons = Comparison::of_columns(&linkage_fields(&job.kind));
    let mut rules = rules(&model.blocking, &comparisons)?;
    let own = own_numbers(&comparisons, &held);
    comparisons.retain(|c| {
        !c.columns
            .iter()
            .flatten()
            .any(|column| own.contains(column))
    });
    rules.retain(|rule| !rule.columns().any(|column| own.contains(&column)));
    let parties: Vec<Party<'_>> = held
        .iter()
        .zip(job.sources.iter().zip(&model.sources))
        .map(|(rows, (source, of_model))| Party {
            rows,
            duplicate_free: source.duplicate_free,
            within: of_model.within,
        })
        .collect();
    let federation = Federation {
        parties: &parties,
        comparisons: &comparisons,
        rules: &rules,
        keys,
        progress: folders.progress,
    };
    let Federated {
        counts,
        fit,
        rules,
        chance,
        mut couples,
        warnings,
    } = federation.link();
    let mut first = vec![0_u32];
    for rows in &held {
        let last = first.last().copied().unwrap_or(0);
        let records = u32::try_from(rows.pseudonyms.len()).unwrap_or(u32::MAX);
        first.push(last.saturating_add(records));
    }
    for scores in &mut couples {
        let number = |source: usize| first.get(source).copied().unwrap_or(0);
        let (left, right) = (number(scores.couple.left), number(scores.couple.right));
        for pair in &mut scores.pairs {
            pair.left += left;
            pair.right += right;
        }
    }
    Ok(Kind {
        job,
        model,
        held,
        first,
        comparisons,
        linked: Linked {
            compared: rules.iter().map(|r| r.new_pairs).sum(),
            rules,
            counts,
            fit,
            chance,
            pairs: Vec::new(),
        },
        warnings,
        couples,
        families: None,
        of_one_family: None,
    })
}

/// The columns of numbers that one source alone has. Such a number is the source's name of a record:
/// two of them are two numbers, whoever they are.
fn own_numbers(comparisons: &[Comparison], held: &[LinkageSource]) -> Vec<usize> {
    let filled = |column: usize| {
        let has = |h: &&LinkageSource| {
            let column = h.source.columns.get(column);
            column.is_some_and(|c| c.numbers().iter().any(|n| *n > 0))
        };
        held.iter().filter(has).count()
    };
    let numbers = comparisons
        .iter()
        .filter(|c| c.kind == comparison::Kind::Identifier);
    let columns = numbers.flat_map(|c| c.columns.iter().flatten().copied());
    columns.filter(|column| filled(*column) < 2).collect()
}

fn rules(names: &[String], comparisons: &[Comparison]) -> Result<Vec<Rule>, LinkError> {
    let parse = |name: &String| {
        blocking::parse(name, comparisons).ok_or_else(|| {
            LinkError::one(Diagnostic::new(
                "KL-L-032",
                Exit::Usage,
                format!("`{name}` is no blocking rule for these fields"),
                "rules are fields joined by `+`, each whole or a part of it",
            ))
        })
    };
    names.iter().map(parse).collect()
}

/// The second pass: what relatives say, in both directions by the odds of the first.
fn families(kinds: &mut [Kind<'_>], files: &[PathBuf]) -> Result<(), LinkError> {
    let place = |of: &str| kinds.iter().position(|k| k.job.kind == of);
    let (Some(adults), Some(children)) = (place(kind::ADULT), place(kind::CHILD)) else {
        return Ok(());
    };
    let relations = {
        let (Some(adults), Some(children)) = (kinds.get(adults), kinds.get(children)) else {
            return Ok(());
        };
        read_relations(files, &adults.numbers(), &children.numbers())?
    };
    let turned: Vec<(u32, u32)> = relations.iter().map(|(a, c)| (*c, *a)).collect();
    let entity = |of: usize| kinds.get(of).map(|kind| kind.decide().entity);
    let (adults_linked, children_linked) = (entity(adults), entity(children));
    for (of, relations, linked) in [
        (adults, relations, children_linked),
        (children, turned, adults_linked),
    ] {
        if let (Some(kind), Some(linked)) = (kinds.get_mut(of), linked) {
            let relatives = Relatives::new(kind.records(), relations);
            kind.hear(&relatives, &linked);
            if of == children {
                kind.compare_families(&relatives, &linked);
            }
        }
    }
    Ok(())
}

/// Who says of whom to be their parent, or to care for them: numbers of adults and of children.
fn read_relations(
    files: &[PathBuf],
    adults: &HashMap<Pseudonym, u32>,
    children: &HashMap<Pseudonym, u32>,
) -> Result<Vec<(u32, u32)>, LinkError> {
    let mut out = Vec::new();
    for path in files {
        for batch in TableReader::open(path, Some(&[RECORD, "child"]))? {
            let batch = batch?;
            let record = columnar::bytes(&batch, RECORD, path)?;
            let child = columnar::bytes(&batch, "child", path)?;
            let number = |of: &HashMap<Pseudonym, u32>, value: Option<&[u8]>| {
                of.get(value?.first_chunk::<16>()?).copied()
            };
            let pairs = record.iter().zip(child.iter());
            out.extend(pairs.filter_map(|(a, c)| Some((number(adults, a)?, number(children, c)?))));
        }
    }
    Ok(out)
}

impl Kind<'_> {
    fn records(&self) -> usize {
        self.held.iter().map(|h| h.pseudonyms.len()).sum()
    }

    fn numbers(&self) -> HashMap<Pseudonym, u32> {
        let all = self.held.iter().flat_map(|h| &h.pseudonyms).copied();
        all.zip(0_u32..).collect()
    }

    fn pairs(&self) -> impl Iterator<Item = &Scored> {
        self.couples.iter().flat_map(|c| &c.pairs)
    }

    /// Of each record the group of those that are surely one person, by all couples but one.
    fn sure_without(&self, couple: usize) -> Vec<u32> {
        let mut groups = Entities::default();
        for _ in 0..self.records() {
            groups.add(0);
        }
        let others = self
            .couples
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != couple);
        for pair in others.flat_map(|(_, scores)| &scores.pairs) {
            if logistic(pair.log_odds) >= SURE {
                groups.join(pair.left, pair.right);
            }
        }
        (0_u32..)
            .take(self.records())
            .map(|record| groups.root(record))
            .collect()
    }

    /// What the relatives of each pair are to each other, couple by couple. Of two records that
    /// others join already nothing is asked.
    fn kinships(&self, relatives: &Relatives, entity: &[u32]) -> Vec<Vec<Option<Kinship>>> {
        let of_couple = |(place, scores): (usize, &CoupleScores)| {
            let group = self.sure_without(place);
            let relatives = relatives.of_groups(&group);
            let of = |record: u32| group.get(at(record));
            let kinship = |pair: &Scored| match of(pair.left) == of(pair.right) {
                true => None,
                false => Kinship::of(relatives.of(pair.left), relatives.of(pair.right), entity),
            };
            scores.pairs.iter().map(kinship).collect()
        };
        self.couples.iter().enumerate().map(of_couple).collect()
    }

    /// Learns from relatives, whose entities are given, and adds what they say.
    fn hear(&mut self, relatives: &Relatives, entity: &[u32]) {
        let kinships = self.kinships(relatives, entity);
        let pairs = self.pairs().zip(kinships.iter().flatten());
        let support = Support::learn(
            pairs.filter_map(|(pair, kinship)| Some((logistic(pair.log_odds), (*kinship)?))),
        );
        let pairs = self.couples.iter_mut().flat_map(|c| &mut c.pairs);
        for (pair, kinship) in pairs.zip(kinships.into_iter().flatten()) {
            pair.log_odds += support.evidence(kinship);
        }
        let heard = support.pairs.iter().any(|n| *n > 0);
        self.families = heard.then_some(support);
    }

    /// Compares the children of one family whom no rule brought together, and adds what is likely.
    fn compare_families(&mut self, relatives: &Relatives, entity: &[u32]) {
        let group = self.sure_without(usize::MAX);
        let known: HashSet<(u32, u32)> = self.pairs().map(|p| (p.left, p.right)).collect();
        let relatives = relatives.of_groups(&group);
        let pairs: Vec<(u32, u32, Pattern, f64)> = of_one_family(&relatives, entity, &group)
            .into_iter()
            .filter(|pair| !known.contains(pair))
            .filter_map(|(a, b)| {
                let pattern = self.beside(a, b)?;
                Some((a, b, pattern, self.against_siblings(pattern)))
            })
            .collect();
        let evidence: Vec<f64> = pairs.iter().map(|p| p.3).collect();
        let share = share_of_matches(&evidence);
        let prior = (share / (1.0 - share)).ln();
        let mut added = 0;
        for (left, right, pattern, evidence) in pairs {
            let couple = Couple {
                left: self.source_of(left),
                right: self.source_of(right),
            };
            let Some(scores) = self.couples.iter_mut().find(|c| c.couple == couple) else {
                continue;
            };
            added += 1;
            scores.compared += 1;
            scores.pairs.push(Scored {
                left,
                right,
                pattern,
                log_odds: evidence + prior,
            });
        }
        for scores in &mut self.couples {
            scores.pairs.sort_unstable_by_key(|p| (p.left, p.right));
        }
        self.of_one_family = (added > 0).then_some(FamilyPairs {
            pairs: added,
            matches: share,
        });
    }

    /// What a pattern says for one child against two of one family, in natural log odds: brothers and
    /// sisters differ like strangers of chance, but for what a household has in common.
    fn against_siblings(&self, pattern: Pattern) -> f64 {
        let own = |kind: comparison::Kind| {
            use comparison::Kind::{Names, Postcode, Surname};
            !matches!(kind, Surname | Postcode | Names)
        };
        let fit = &self.linked.fit;
        let of = |(c, comparison): (usize, &Comparison)| {
            let level = usize::from(pattern.level(c));
            let share = |of: &[Vec<f64>]| of.get(c).and_then(|l| l.get(level)).copied();
            match (share(&fit.m), share(&fit.u)) {
                (Some(m), Some(u)) if own(comparison.kind) && level > 0 => {
                    (m.max(1e-9) / u.max(1e-9)).ln()
                }
                _ => 0.0,
            }
        };
        self.comparisons.iter().enumerate().map(of).sum()
    }

    /// The pattern of two records laid side by side; none where their dates of birth cannot be
    /// compared.
    fn beside(&self, a: u32, b: u32) -> Option<Pattern> {
        let row = |number: u32| {
            let source = self.source_of(number);
            let held = self.held.get(source)?;
            let record = number - self.first.get(source).copied().unwrap_or(0);
            let row = held.records.iter().position(|r| *r == record)?;
            let side = Held {
                source: &held.source,
                digests: &held.digests,
            };
            Some((side, row))
        };
        let (left, right) = (row(a)?, row(b)?);
        let pattern = side_by_side(&self.comparisons, left, right);
        let born = self
            .comparisons
            .iter()
            .position(|c| c.kind == comparison::Kind::Date)?;
        (pattern.level(born) != comparison::MISSING).then_some(pattern)
    }

    fn source_of(&self, number: u32) -> usize {
        self.first
            .partition_point(|first| *first <= number)
            .saturating_sub(1)
    }

    fn is_free(&self, source: usize) -> bool {
        self.job
            .sources
            .get(source)
            .is_some_and(|s| s.duplicate_free)
    }

    fn decide(&self) -> Decided {
        let bound = log_odds(self.model.threshold) - MARGIN;
        let likely: Vec<Vec<Likely>> = self
            .couples
            .iter()
            .map(|scores| match scores.couple.is_within() {
                true => settle::alone(&scores.pairs),
                false => settle::share(
                    &scores.pairs,
                    self.is_free(scores.couple.left),
                    self.is_free(scores.couple.right),
                ),
            })
            .collect();
        let edges: Vec<Edge> = likely
            .iter()
            .flatten()
            .map(|pair| Edge {
                a: pair.left,
                b: pair.right,
                weight: log_odds(pair.probability) - bound,
            })
            .collect();
        let files = self.held.iter().zip(&self.job.sources);
        let files: Vec<Rows> = files
            .map(|(held, source)| Rows {
                rows: held.pseudonyms.len(),
                duplicate_free: source.duplicate_free,
            })
            .collect();
        Decided {
            entity: agglomerate_all(&files, Compared::AcrossAndWithin, &edges),
            likely,
        }
    }

    /// A record's pseudonym and the number of its source.
    fn record(&self, number: u32) -> (Pseudonym, u8) {
        let source = self
            .first
            .partition_point(|first| *first <= number)
            .saturating_sub(1);
        let place = number - self.first.get(source).copied().unwrap_or(0);
        let held = self.held.get(source);
        let pseudonym = held.and_then(|h| h.pseudonyms.get(at(place))).copied();
        (
            pseudonym.unwrap_or_default(),
            u8::try_from(source).unwrap_or(u8::MAX),
        )
    }

    fn write(
        &self,
        decided: &Decided,
        key: &str,
        folders: &StageFolders<'_>,
        report: &mut StageReport,
    ) -> Result<(), LinkError> {
        let folder = folders.stage.join(&self.job.kind);
        let footer = [(FOOTER.to_owned(), key.to_owned())];
        let rows = self.entity_rows(decided);
        let (links, by_couple) = self.link_rows(decided);
        let entities = write_entities(&folder.join("entities.parquet"), &footer, &rows)?;
        let written = write_links(&folder.join("links.parquet"), &footer, &links)?;
        let model = self.model(decided, &rows, &by_couple);
        let path = folder.join("model.json");
        let (digest, bytes) = write_json(&path, &model)?;
        for file in [entities, written] {
            report.files.push(OutputFile {
                path: folders.relative(&file.path),
                digest: file.digest,
                bytes: file.bytes,
                rows: Some(file.rows),
            });
        }
        report.files.push(OutputFile {
            path: folders.relative(&path),
            digest,
            bytes,
            rows: None,
        });
        let mut account = RowAccount::new("link", &self.job.kind);
        account.rows_in = self.held.iter().map(|h| h.source.rows as u64).sum();
        account.accepted = account.rows_in;
        report.accounts.push(account);
        report
            .figures
            .insert(self.job.kind.clone(), figures(&model));
        Ok(())
    }

    fn entity_rows(&self, decided: &Decided) -> Vec<EntityRow> {
        let mut size: HashMap<u32, u32> = HashMap::new();
        let mut name: HashMap<u32, Pseudonym> = HashMap::new();
        for (number, entity) in (0_u32..).zip(&decided.entity) {
            let (pseudonym, _) = self.record(number);
            *size.entry(*entity).or_default() += 1;
            let name = name.entry(*entity).or_insert(pseudonym);
            *name = (*name).min(pseudonym);
        }
        let several = (0_u32..)
            .zip(&decided.entity)
            .filter(|(_, entity)| size.get(*entity).is_some_and(|n| *n > 1));
        let mut rows: Vec<EntityRow> = several
            .map(|(number, entity)| {
                let (record, source) = self.record(number);
                EntityRow {
                    record,
                    source,
                    entity: name.get(entity).copied().unwrap_or_default(),
                }
            })
            .collect();
        rows.sort_unstable_by_key(|row| (row.record, row.source));
        rows
    }

    /// The links in the order of their records, and of each couple its links.
    fn link_rows(&self, decided: &Decided) -> (Vec<LinkRow>, Vec<Vec<Likely>>) {
        let entity = |number: u32| decided.entity.get(at(number));
        let together = |pair: &&Likely| {
            pair.probability >= self.model.threshold && entity(pair.left) == entity(pair.right)
        };
        let by_couple: Vec<Vec<Likely>> = decided
            .likely
            .iter()
            .map(|pairs| pairs.iter().filter(together).copied().collect())
            .collect();
        let row = |pair: &Likely| LinkRow {
            left: self.record(pair.left).0,
            right: self.record(pair.right).0,
            pass: u8::try_from(pair.pattern.rules().trailing_zeros()).unwrap_or(u8::MAX),
            match_weight: pair.log_odds / std::f64::consts::LN_2,
            match_probability: pair.probability,
        };
        let mut rows: Vec<LinkRow> = by_couple.iter().flatten().map(row).collect();
        rows.sort_unstable_by_key(|row| (row.left, row.right));
        (rows, by_couple)
    }

    fn model(&self, decided: &Decided, rows: &[EntityRow], by_couple: &[Vec<Likely>]) -> KindModel {
        let entities: std::collections::BTreeSet<Pseudonym> =
            rows.iter().map(|row| row.entity).collect();
        let couples = self.couples.iter().zip(&decided.likely).zip(by_couple);
        KindModel {
            form: FORM.to_owned(),
            comparisons: comparison_files(&self.comparisons, &self.linked.fit),
            rules: rule_files(&self.linked),
            rounds: self.linked.fit.rounds,
            converged: self.linked.fit.converged,
            compared: self.linked.compared,
            chance: self.linked.chance,
            warnings: self.warnings.clone(),
            threshold: self.model.threshold,
            families: self.families.clone(),
            of_one_family: self.of_one_family,
            couples: couples
                .map(|((scores, likely), links)| self.couple(scores, likely, links))
                .collect(),
            records_linked: rows.len() as u64,
            entities: entities.len() as u64,
            links: by_couple.iter().map(|l| l.len() as u64).sum(),
        }
    }

    fn couple(&self, scores: &CoupleScores, likely: &[Likely], links: &[Likely]) -> CoupleModel {
        let name = |source: usize| {
            let source = self.job.sources.get(source);
            source.map(|s| s.name.clone()).unwrap_or_default()
        };
        let missed = missed(likely, self.linked.rules.len());
        let expected = settle::expected(likely);
        let true_links = settle::expected(links);
        let matches = missed.map(|missed| expected + missed.about);
        CoupleModel {
            left: name(scores.couple.left),
            right: name(scores.couple.right),
            compared: scores.compared,
            factor: scores.factor,
            expected_matches: expected,
            missed,
            links: links.len() as u64,
            expected_precision: settle::expected_precision(links),
            expected_recall: matches.filter(|m| *m > 0.0).map(|m| true_links / m),
        }
    }
}

/// Matches that no rule brought together. Where nearly all were brought together by one rule alone,
/// a number of a system say, what it missed cannot be told from what others found.
fn missed(likely: &[Likely], rules: usize) -> Option<Missed> {
    let times = |p: &Likely| p.pattern.rules().count_ones();
    let several: f64 = likely
        .iter()
        .filter(|p| times(p) > 1)
        .map(|p| p.probability)
        .sum();
    let found = likely.iter().map(|p| (p.probability, times(p)));
    (several > SEVERAL * settle::expected(likely)).then(|| recall::missed(found, rules))
}

fn figures(model: &KindModel) -> serde_json::Value {
    let wrong = |c: &CoupleModel| {
        c.expected_precision
            .map_or(0.0, |precision| (1.0 - precision) * real(c.links))
    };
    json!({
        "links": model.links,
        "entities": model.entities,
        "records_linked": model.records_linked,
        "pairs_compared": model.compared,
        "expected_wrong_links": model.couples.iter().map(wrong).sum::<f64>(),
        "expected_matches": model.couples.iter().map(|c| c.expected_matches).sum::<f64>(),
        "matches_missed_by_blocking": model.couples.iter().filter_map(|c| c.missed).map(|m| m.about).sum::<f64>(),
    })
}

fn at(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The log odds of a probability that is neither nought nor one.
fn log_odds(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    debug_assert!((logistic((p / (1.0 - p)).ln()) - p).abs() < 1e-6);
    (p / (1.0 - p)).ln()
}
