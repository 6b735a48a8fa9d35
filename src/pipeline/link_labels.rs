//! The labels that a pipeline names for its linkage: found, read, and fitted to the map by which the
//! stage `link` weighs pairs. The fit is `estimate`'s; `link` is given numbers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::PipelineError;
use super::file::{Method, Pipeline};
use super::project::{Project, refusal};
use crate::diagnostic::{Diagnose, Diagnostic};
use crate::estimate::linkage_error::{Calibration, Labelled};
use crate::link;
use crate::link::review::{LabelledPair, read_scored_labels};

/// The seed of the redraws.
const SEED: u64 = 1;
/// Redraws of the labels, by which the intervals hold their chance.
const REDRAWN: u64 = 500;

/// Labels of a kind.
#[derive(Debug, Clone)]
pub struct Labels {
    /// Where they are.
    pub path: PathBuf,
    labelled: Vec<LabelledPair>,
    calibration: Calibration,
}

/// The labels of every kind for which the pipeline names some.
///
/// # Errors
/// [`PipelineError::Files`] with every file that is not there (KL-C-004), lies outside the project
/// (KL-C-005), or holds no labels to go by (KL-L-020 to 022, KL-L-067).
pub fn read(
    pipeline: &Pipeline,
    project: &Project,
) -> Result<BTreeMap<String, Labels>, PipelineError> {
    let (mut out, mut problems) = (BTreeMap::new(), Vec::new());
    if pipeline.file.estimate.method == Method::Bold {
        return Ok(out);
    }
    for (kind, section) in &pipeline.file.link {
        let Some(path) = &section.labels else {
            continue;
        };
        match project.data_path(path.get_ref()) {
            Ok(found) => match of_file(found) {
                Ok(labels) => drop(out.insert(kind.clone(), labels)),
                Err(wrong) => problems.extend(wrong),
            },
            Err(refused) => {
                let span = (path.span().start, path.span().len());
                let what = format!("the file of labels of [link.{kind}]");
                let file = &pipeline.path;
                problems.push(refusal(refused, &what, path.get_ref(), file, span));
            }
        }
    }
    match problems.is_empty() {
        true => Ok(out),
        false => Err(PipelineError::Files { problems }),
    }
}

fn of_file(path: PathBuf) -> Result<Labels, Vec<Diagnostic>> {
    let labelled = read_scored_labels(&path).map_err(|error| error.diagnostics())?;
    let scored = labelled.iter().map(|pair| Labelled {
        score: pair.probability,
        is_match: pair.is_match,
        weight: pair.weight,
    });
    let calibration = Calibration::fit(&scored.collect::<Vec<_>>());
    Ok(Labels {
        calibration: calibration.map_err(|error| error.diagnostics())?,
        path,
        labelled,
    })
}

impl Labels {
    /// The map for the stage `link`.
    pub fn map(&self) -> link::LabelledMap {
        let mut knots: Vec<f64> = self.labelled.iter().map(|pair| pair.probability).collect();
        knots.sort_by(f64::total_cmp);
        knots.dedup();
        let value = |knot: &f64| self.calibration.probability(*knot).map(|p| p.value());
        link::LabelledMap {
            labelled: self.labelled.len() as u64,
            matches: self.labelled.iter().filter(|pair| pair.is_match).count() as u64,
            values: knots
                .iter()
                .map(|knot| value(knot).unwrap_or(*knot))
                .collect(),
            redrawn: self.calibration.redrawn_at(&knots, SEED, REDRAWN),
            knots,
        }
    }
}
