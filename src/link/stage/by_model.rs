//! Linkage by the probabilistic model: the sealed sources of every kind in, entities and links out.
//!
//! The kinds go together, because families help: what the first pass says of adults speaks in the
//! second for children, and the other way round.

mod apart;
mod calibrated;
mod for_review;
mod quality;
mod second_pass;
mod told;

use std::path::PathBuf;

use hashbrown::HashMap;

use super::write::{EntityRow, LinkRow, write_quality, write_results};
use super::{Job, KindJob};
use crate::accounting::RowAccount;
use crate::comparison;
use crate::diagnostic::{Diagnostic, Exit};
use crate::link::LinkError;
use crate::link::agglomerate::{Compared, Edge, Rows, agglomerate_all};
use crate::link::blocking;
use crate::link::cannot_link::formed_apart;
use crate::link::engine::{Linked, NEVER, Scored};
use crate::link::families::Support;
use crate::link::federation::{CoupleScores, Federated, Federation, Party};
use crate::link::model::log_odds;
use crate::link::pairs::MOST_COMPARISONS;
use crate::link::settle::{self, Likely};
use crate::pseudonymise::words::{Comparison, Rule, note_frequencies};
use crate::pseudonymise::{
    FOOTER, LinkageSource, ProjectKeys, Pseudonym, linkage_fields, read_linkage_source,
};
use crate::schema::quality::LinkageQuality;
use crate::stage::{StageFolders, StageReport};

pub use apart::RuledOut;
use apart::{Apart, read_dates};
pub use calibrated::LabelledMap;
use second_pass::families;
pub use told::{CoupleModel, KindModel};
use told::{FamilyPairs, figures};

/// A pair at the threshold is still above it, by this much in natural log odds.
const MARGIN: f64 = 1e-3;

/// What the model needs of a kind beside its sources.
#[derive(Debug, Clone)]
pub struct ModelJob {
    /// The sources in their order.
    pub sources: Vec<ModelSource>,
    /// Names of blocking rules.
    pub blocking: Vec<String>,
    /// The least probability of a link.
    pub threshold: f64,
    /// Pairs from this probability on are written for clerical review; none writes nothing.
    pub review_from: Option<f64>,
    /// What labels say of the model's probabilities; none leaves these as they are.
    pub labels: Option<LabelledMap>,
}

/// A source as the model takes it.
#[derive(Debug, Clone)]
pub struct ModelSource {
    /// Its sealed file; none where it has nobody of the kind.
    pub file: Option<PathBuf>,
    /// Whether its records are compared with each other.
    pub within: bool,
    /// Whether nobody in it is in two places at once: two records that are in two prisons on one
    /// day are two people.
    pub one_place: bool,
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
    apart: Apart,
}

/// What was decided of a kind.
struct Decided {
    likely: Vec<Vec<Likely>>,
    entity: Vec<u32>,
}

/// Links the kinds that are linked by the model.
pub(super) fn link(
    jobs: &[(&KindJob, &ModelJob)],
    job: &Job,
    keys: &ProjectKeys,
    folders: &StageFolders<'_>,
    report: &mut StageReport,
) -> Result<(), LinkError> {
    let mut kinds = Vec::new();
    for (job, model) in jobs {
        kinds.push(first_pass(job, model, keys, folders)?);
    }
    read_dates(&mut kinds, job)?;
    kinds.iter_mut().for_each(Kind::rule_out);
    families(&mut kinds, &job.relations)?;
    kinds.iter_mut().for_each(Kind::rule_out);
    for kind in &kinds {
        let decided = kind.decide();
        let quality = kind.quality(&decided, &job.dates.people)?;
        let key = keys.fingerprint().to_string();
        kind.write(&decided, (&key, &quality), folders, report)?;
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
    let comparisons = Comparison::with_frequencies(comparisons, MOST_COMPARISONS);
    let sources = held.iter_mut();
    let mut named: Vec<_> = sources
        .map(|held| (&held.source, held.digests.as_mut_slice()))
        .collect();
    note_frequencies(&mut named, &comparisons);
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
        apart: Apart::default(),
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
                weight: match pair.log_odds == NEVER {
                    true => NEVER,
                    false => log_odds(pair.probability) - bound,
                },
            })
            .collect();
        let files = self.held.iter().zip(&self.job.sources);
        let files: Vec<Rows> = files
            .map(|(held, source)| Rows {
                rows: held.pseudonyms.len(),
                duplicate_free: source.duplicate_free,
            })
            .collect();
        let form = |edges: &[Edge]| agglomerate_all(&files, Compared::AcrossAndWithin, edges);
        let entity = match self.apart.is_empty() {
            true => form(&edges),
            false => formed_apart(edges, form, |a, b| self.apart.why(a, b).is_some()),
        };
        Decided { entity, likely }
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
        (key, quality): (&str, &LinkageQuality),
        folders: &StageFolders<'_>,
        report: &mut StageReport,
    ) -> Result<(), LinkError> {
        let folder = folders.stage.join(&self.job.kind);
        let footer = [(FOOTER.to_owned(), key.to_owned())];
        let rows = self.entity_rows(decided);
        let (links, by_couple) = self.link_rows(decided);
        let model = self.model(decided, &rows, &by_couple);
        write_results(&folder, &footer, (&rows, &links, &model), folders, report)?;
        write_quality(&folder, quality, folders, report)?;
        if let Some(from) = self.model.review_from {
            self.write_for_review(decided, (key, from), &model, folders, report)?;
        }
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
}

fn at(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
