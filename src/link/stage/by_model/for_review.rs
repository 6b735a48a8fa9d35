//! The links of a kind and the other pairs from a probability on, in the form of a stand-alone
//! linkage, so that `kinlink link review` can draw from them. The ids are record pseudonyms; no value
//! of a record is in it.

use std::fmt::Write;
use std::path::Path;

use super::told::{KindModel, missed};
use super::{Decided, Kind};
use crate::columnar::Written;
use crate::link::LinkError;
use crate::link::model_file::{ModelFile, ReviewBand};
use crate::link::out_files::{LINKS, MODEL, PAIRS, PairFile};
use crate::link::recall::Missed;
use crate::link::settle::{self, Likely};
use crate::link::stage::write::write_json;
use crate::pseudonymise::Pseudonym;
use crate::stage::{OutputFile, StageFolders, StageReport};

impl Kind<'_> {
    /// Writes the folder of the kind among the restricted files; the report names them.
    pub(super) fn write_for_review(
        &self,
        decided: &Decided,
        (key, from): (&str, f64),
        model: &KindModel,
        folders: &StageFolders<'_>,
        report: &mut StageReport,
    ) -> Result<(), LinkError> {
        let folder = folders.restricted.join(&self.job.kind);
        make(&folder)?;
        let (_, by_couple) = self.link_rows(decided);
        let links = self.in_order(by_couple.iter().flatten());
        let likely = decided.likely.iter().flatten();
        let pairs = self.in_order(likely.filter(|pair| pair.probability >= from));
        let file = PairFile {
            fingerprint: key,
            comparisons: self.comparisons.len(),
        };
        let ids = |pair: &Likely| {
            let of = |number: u32| hex(&self.record(number).0);
            (of(pair.left), of(pair.right))
        };
        let least = self.model.threshold;
        let tables = [
            file.write(&folder.join(LINKS), (&links, least), ids)?,
            file.write(&folder.join(PAIRS), (&pairs, from), ids)?,
        ];
        let output = |file: Written| OutputFile {
            path: folders.relative(&file.path),
            digest: file.digest,
            bytes: file.bytes,
            rows: Some(file.rows),
        };
        report.files.extend(tables.map(output));
        let below = pairs.iter().filter(|p| p.probability < least).count() as u64;
        let band = ReviewBand { from, pairs: below };
        let path = folder.join(MODEL);
        let (digest, bytes) = write_json(&path, &self.model_file(decided, &links, model, band))?;
        report.files.push(OutputFile {
            path: folders.relative(&path),
            digest,
            bytes,
            rows: None,
        });
        Ok(())
    }

    /// Pairs in the order of their pseudonyms.
    fn in_order<'a>(&self, pairs: impl Iterator<Item = &'a Likely>) -> Vec<Likely> {
        let mut out: Vec<Likely> = pairs.copied().collect();
        out.sort_unstable_by_key(|pair| (self.record(pair.left), self.record(pair.right)));
        out
    }

    /// The model as a stand-alone linkage writes it. Its form is that of a run, so that it is taken
    /// for no model of two files.
    fn model_file(
        &self,
        decided: &Decided,
        links: &[Likely],
        model: &KindModel,
        band: ReviewBand,
    ) -> ModelFile {
        let rules = self.linked.rules.len();
        let missed = decided.likely.iter().filter_map(|of| missed(of, rules));
        ModelFile {
            form: model.form.clone(),
            learnt_from: Vec::new(),
            comparisons: model.comparisons.clone(),
            kin: self.linked.fit.kin.clone(),
            rules: model.rules.clone(),
            rounds: model.rounds,
            converged: model.converged,
            compared: model.compared,
            chance: model.chance,
            warnings: model.warnings.clone(),
            expected_matches: model.couples.iter().map(|c| c.expected_matches).sum(),
            missed: missed.fold(Missed::default(), together),
            threshold: model.threshold,
            review: Some(band),
            expected_precision: settle::expected_precision(links),
            links: model.links,
            records_linked: model.records_linked,
            entities: model.entities,
        }
    }
}

/// What two couples of sources missed.
fn together(a: Missed, b: Missed) -> Missed {
    let [low, high] = a.range;
    let [lower, higher] = b.range;
    Missed {
        at_least: a.at_least + b.at_least,
        about: a.about + b.about,
        standard_error: a.standard_error.hypot(b.standard_error),
        range: [low + lower, high + higher],
    }
}

fn make(folder: &Path) -> Result<(), LinkError> {
    use std::os::unix::fs::DirBuilderExt;
    let mut private = std::fs::DirBuilder::new();
    private.recursive(true).mode(0o700);
    private.create(folder).map_err(|source| LinkError::Io {
        path: folder.to_path_buf(),
        source,
    })
}

fn hex(pseudonym: &Pseudonym) -> String {
    let mut out = String::with_capacity(2 * pseudonym.len());
    for byte in pseudonym {
        // Writing to memory cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
