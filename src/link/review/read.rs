//! The decisions are back: agreement, what is to be adjudicated, and once all is decided, labels and
//! estimates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{BooleanArray, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use serde::Serialize;

use super::agreement::Agreement;
use super::decisions::{Decision, decisions};
use super::estimate::{Estimate, Seen, StratumEstimate, recall, share, total};
use super::sample::table;
use super::scored::scored_labels;
use super::{
    FOLDER, FOR_REVIEWERS, Frame, KEY, LABELS, SAMPLE, SCORED_LABELS, STRATA, Sample,
    TO_ADJUDICATE, usage,
};
use crate::columnar::{ColumnarError, Layout, TableWriter};
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::digest::Digest;
use crate::link::LinkError;
use crate::link::model::real;
use crate::link::out_files;
use crate::link::stage::write_text;
use crate::link::table_file::for_each_row;
use crate::pseudonymise::FOOTER;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The first reviewer's decisions.
    pub first: PathBuf,
    /// The second's.
    pub second: PathBuf,
    /// The adjudicator's.
    pub adjudicated: Option<PathBuf>,
}

/// What the decisions say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading {
    /// Which pairs could be drawn.
    pub frame: Frame,
    /// How far the reviewers agree.
    pub agreement: Agreement,
    /// The numbers that are still to be adjudicated.
    pub to_adjudicate: Vec<u64>,
    /// Estimates, once nothing is left to be adjudicated.
    pub estimates: Option<Estimates>,
}

/// A pair that was decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelledPair {
    /// What the model said of it.
    pub probability: f64,
    /// What the reviewers did.
    pub is_match: bool,
    /// The number of pairs it stands for.
    pub weight: f64,
}

/// What the labels say of the linkage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimates {
    /// The pairs with a label, in the order of their numbers.
    #[serde(skip)]
    pub labelled: Vec<LabelledPair>,
    /// Pairs that stayed unsure, and so have no label.
    pub undecided: u64,
    /// Stratum by stratum, the most probable first: precision of links, calibration of all.
    pub strata: Vec<StratumEstimate>,
    /// The share of matches among the links.
    pub precision: Option<Estimate>,
    /// The share of links among the matches that could be drawn; none where links alone could.
    pub recall: Option<Estimate>,
    /// Matches among the pairs that are no links.
    pub missed: Option<Estimate>,
}

/// A pair of the key.
struct Keyed {
    left: String,
    right: String,
    stratum: usize,
    probability: f64,
}

/// Reads decisions on the sample of a linkage.
pub fn read(out: &Path, files: &Files) -> Result<Reading, LinkError> {
    let folder = out.join(FOLDER);
    let sample = read_sample(&folder)?;
    let key = read_key(&folder, &sample)?;
    if files.first == files.second {
        return Err(usage(
            "KL-L-065",
            "one file is given for both reviewers",
            "give the decisions of two people who decided alone",
            &files.first,
        ));
    }
    let asked: BTreeSet<u64> = key.keys().copied().collect();
    let first = decisions(&files.first, &asked)?;
    let second = decisions(&files.second, &asked)?;
    let both = || first.iter().zip(second.values());
    let agreement = Agreement::new(both().map(|((_, a), b)| (*a, *b)));
    let settled = |a: &Decision, b: &Decision| a == b && *a != Decision::Unsure;
    let mut agreed: BTreeMap<u64, Decision> = BTreeMap::new();
    let mut open: BTreeSet<u64> = BTreeSet::new();
    for ((number, a), b) in both() {
        match settled(a, b) {
            true => drop(agreed.insert(*number, *a)),
            false => drop(open.insert(*number)),
        }
    }
    if let Some(path) = &files.adjudicated {
        agreed.extend(decisions(path, &open)?);
        open.clear();
    }
    if !open.is_empty() {
        hand_out(&folder, &open)?;
        return Ok(Reading {
            frame: sample.frame,
            agreement,
            to_adjudicate: open.into_iter().collect(),
            estimates: None,
        });
    }
    let seen = seen(&sample, &key, &agreed);
    let fingerprint = match &sample.key_fingerprint {
        Some(own) => Some(own.clone()),
        None => out_files::fingerprint(&out.join(out_files::LINKS))?,
    };
    write_labels(&folder, fingerprint, (&key, &agreed, &seen))?;
    write_strata(&folder, &sample, &seen)?;
    let estimates = estimates(&sample, &key, &agreed, &seen);
    once(
        &folder.join(SCORED_LABELS),
        &scored_labels(&estimates.labelled),
    )?;
    Ok(Reading {
        frame: sample.frame,
        agreement,
        to_adjudicate: Vec::new(),
        estimates: Some(estimates),
    })
}

fn read_sample(folder: &Path) -> Result<Sample, LinkError> {
    let path = folder.join(SAMPLE);
    let text = std::fs::read_to_string(&path).map_err(|_| {
        usage(
            "KL-L-065",
            "no sample was drawn from this linkage",
            "draw one: kinlink link review sample OUT",
            &path,
        )
    })?;
    serde_json::from_str(&text).map_err(|_| changed(&path))
}

fn changed(path: &Path) -> LinkError {
    LinkError::one(
        Diagnostic::new(
            "KL-L-063",
            Exit::Integrity,
            "the file is not as it was when the sample was drawn",
            "put the first file back, or draw another sample",
        )
        .at(Place::file(path)),
    )
}

fn read_key(folder: &Path, sample: &Sample) -> Result<BTreeMap<u64, Keyed>, LinkError> {
    let path = folder.join(KEY);
    let (digest, _) = Digest::of_file(&path).map_err(|source| LinkError::Io {
        path: path.clone(),
        source,
    })?;
    if digest != sample.key {
        return Err(changed(&path));
    }
    let columns = [
        "number",
        "left_id",
        "right_id",
        "band",
        "linked",
        "probability",
    ];
    let mut key = BTreeMap::new();
    let mut whole = true;
    for_each_row(&path, &columns, |_, values| {
        let [
            Some(number),
            Some(left),
            Some(right),
            Some(band),
            Some(linked),
            Some(p),
        ] = values
        else {
            whole = false;
            return;
        };
        let of = |s: &super::Stratum| s.band == *band && s.linked == (*linked == "true");
        let stratum = sample.strata.iter().position(of);
        match (number.parse(), stratum, p.parse()) {
            (Ok(number), Some(stratum), Ok(probability)) => {
                let pair = Keyed {
                    left: (*left).to_owned(),
                    right: (*right).to_owned(),
                    stratum,
                    probability,
                };
                whole &= key.insert(number, pair).is_none();
            }
            _ => whole = false,
        }
    })?;
    match whole {
        true => Ok(key),
        false => Err(changed(&path)),
    }
}

/// Writes the pairs to be adjudicated, with what the reviewers saw of them. A file that is there and
/// says something else may hold somebody's work: it is left alone.
fn hand_out(folder: &Path, open: &BTreeSet<u64>) -> Result<(), LinkError> {
    let path = folder.join(FOR_REVIEWERS);
    let mut reader = csv::Reader::from_path(&path).map_err(|_| changed(&path))?;
    let header = reader.headers().map_err(|_| changed(&path))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| changed(&path))?;
        let number = record.get(0).and_then(|n| n.parse::<u64>().ok());
        if number.is_some_and(|n| open.contains(&n)) {
            // What somebody may have filled in is not handed on.
            let value = |(place, text): (usize, &str)| match place {
                1 => String::new(),
                _ => text.to_owned(),
            };
            rows.push(record.iter().enumerate().map(value).collect::<Vec<_>>());
        }
    }
    let header: Vec<&str> = header.iter().collect();
    let text = table(&header, rows.into_iter());
    once(&folder.join(TO_ADJUDICATE), &text)
}

/// Writes a file of mode 0600, unless it is there and says the same.
///
/// # Errors
/// KL-L-064 if it is there and says something else.
pub fn once(target: &Path, text: &str) -> Result<(), LinkError> {
    match std::fs::read_to_string(target) {
        Ok(old) if old == text => Ok(()),
        Ok(_) => Err(taken(target)),
        Err(_) => write_text(target, text).map(|_| ()),
    }
}

fn taken(path: &Path) -> LinkError {
    usage(
        "KL-L-064",
        "the file is there already, and says something else",
        "it may be somebody's work: give it with --adjudicated, or move it away",
        path,
    )
}

/// What was seen of each stratum.
fn seen(
    sample: &Sample,
    key: &BTreeMap<u64, Keyed>,
    agreed: &BTreeMap<u64, Decision>,
) -> Vec<Seen> {
    let of = |(place, stratum): (usize, &super::Stratum)| {
        let own = agreed
            .iter()
            .filter(|(n, _)| key.get(*n).is_some_and(|pair| pair.stratum == place));
        let count = |word: Decision| own.clone().filter(|(_, d)| **d == word).count() as u64;
        let matches = count(Decision::Match);
        Seen {
            pairs: stratum.pairs,
            labelled: matches + count(Decision::NoMatch),
            matches,
        }
    };
    sample.strata.iter().enumerate().map(of).collect()
}

/// Writes the strata with what was seen of them, as `kinlink estimate pair` takes them.
fn write_strata(folder: &Path, sample: &Sample, seen: &[Seen]) -> Result<(), LinkError> {
    let rows = sample.strata.iter().zip(seen).map(|(stratum, seen)| {
        let place = if stratum.linked { "linked" } else { "below" };
        vec![
            stratum.band.clone(),
            place.to_owned(),
            seen.pairs.to_string(),
            seen.labelled.to_string(),
            seen.matches.to_string(),
        ]
    });
    let header = ["stratum", "place", "pairs", "labelled", "matches"];
    once(&folder.join(STRATA), &table(&header, rows))
}

fn estimates(
    sample: &Sample,
    key: &BTreeMap<u64, Keyed>,
    agreed: &BTreeMap<u64, Decision>,
    seen: &[Seen],
) -> Estimates {
    let mean = |place: usize| {
        let decided = agreed.iter().filter(|(_, d)| **d != Decision::Unsure);
        let own = decided.filter_map(|(n, _)| key.get(n));
        let own: Vec<f64> = own
            .filter(|p| p.stratum == place)
            .map(|p| p.probability)
            .collect();
        (!own.is_empty()).then(|| own.iter().sum::<f64>() / real(own.len() as u64))
    };
    let stratum = |(place, (stratum, seen)): (usize, (&super::Stratum, &Seen))| {
        let (share, mean) = (seen.share(), mean(place));
        StratumEstimate {
            band: stratum.band.clone(),
            linked: stratum.linked,
            pairs: stratum.pairs,
            labelled: seen.labelled,
            matches: seen.matches,
            share,
            mean_probability: mean,
            calibrated: mean.and_then(|mean| seen.allows(mean)),
        }
    };
    let of = |linked: bool| -> Vec<Seen> {
        let both = sample.strata.iter().zip(seen);
        both.filter(|(s, _)| s.linked == linked)
            .map(|(_, seen)| *seen)
            .collect()
    };
    let labelled = agreed.iter().filter(|(_, d)| **d != Decision::Unsure);
    let labelled = labelled.filter_map(|(number, decision)| {
        let pair = key.get(number)?;
        Some(LabelledPair {
            probability: pair.probability,
            is_match: *decision == Decision::Match,
            weight: stands_for(seen, pair),
        })
    });
    let (links, others) = (of(true), of(false));
    let missed = total(&others).filter(|_| sample.frame != Frame::Links);
    Estimates {
        labelled: labelled.collect(),
        undecided: agreed.values().filter(|d| **d == Decision::Unsure).count() as u64,
        strata: sample
            .strata
            .iter()
            .zip(seen)
            .enumerate()
            .map(stratum)
            .collect(),
        precision: share(&links),
        recall: total(&links)
            .zip(missed)
            .and_then(|(found, missed)| recall(found, missed)),
        missed,
    }
}

/// The number of pairs of its stratum that a labelled pair stands for.
fn stands_for(seen: &[Seen], pair: &Keyed) -> f64 {
    let stratum = seen.get(pair.stratum);
    stratum.map_or(1.0, |s| real(s.pairs) / real(s.labelled).max(1.0))
}

/// Writes `labels.parquet`: `left_id`, `right_id`, `is_match` and `weight`, the number of pairs for
/// which a labelled one stands.
fn write_labels(
    folder: &Path,
    fingerprint: Option<String>,
    (key, agreed, seen): (&BTreeMap<u64, Keyed>, &BTreeMap<u64, Decision>, &[Seen]),
) -> Result<(), LinkError> {
    let path = folder.join(LABELS);
    let partial = folder.join(".labels.parquet.partial");
    let decided = agreed.iter().filter(|(_, d)| **d != Decision::Unsure);
    let mut pairs: Vec<(&Keyed, bool)> = decided
        .filter_map(|(n, d)| Some((key.get(n)?, *d == Decision::Match)))
        .collect();
    pairs.sort_by(|a, b| (&a.0.left, &a.0.right).cmp(&(&b.0.left, &b.0.right)));
    let weight = |(pair, _): &(&Keyed, bool)| stands_for(seen, pair);
    let schema = Arc::new(Schema::new(vec![
        Field::new("left_id", DataType::Utf8, false),
        Field::new("right_id", DataType::Utf8, false),
        Field::new("is_match", DataType::Boolean, false),
        Field::new("weight", DataType::Float64, false),
    ]));
    let of_key = |key| (FOOTER.to_owned(), key);
    let footer: Vec<(String, String)> = fingerprint.map(of_key).into_iter().collect();
    let text = |of: &dyn Fn(&Keyed) -> String| {
        StringArray::from_iter_values(pairs.iter().map(|(pair, _)| of(pair)))
    };
    let batch = RecordBatch::try_new(
        schema.clone(),
        vec![
            Arc::new(text(&|pair| pair.left.clone())),
            Arc::new(text(&|pair| pair.right.clone())),
            Arc::new(BooleanArray::from_iter(
                pairs.iter().map(|pair| Some(pair.1)),
            )),
            Arc::new(Float64Array::from_iter_values(pairs.iter().map(weight))),
        ],
    )
    .map_err(|_| ColumnarError::Malformed { path: path.clone() })?;
    let io = |source| LinkError::Io {
        path: path.clone(),
        source,
    };
    if partial.exists() {
        std::fs::remove_file(&partial).map_err(io)?;
    }
    let mut writer = TableWriter::create(&partial, schema, Layout::People, &footer)?;
    writer.write(&batch)?;
    let written = writer.finish()?;
    if path.exists() {
        let (old, _) = Digest::of_file(&path).map_err(io)?;
        std::fs::remove_file(&partial).map_err(io)?;
        return match old == written.digest {
            true => Ok(()),
            false => Err(taken(&path)),
        };
    }
    std::fs::rename(&partial, &path).map_err(io)
}
