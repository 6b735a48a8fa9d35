//! The researcher's release: linked microdata of a run, without names, under pseudonyms of one
//! research project, coarse enough that a floor holds.
//!
//! `people` gathers children, parents and stays; `ladders` says in which forms a quasi-identifier
//! may be told; `floor` chooses among them; `sheets` makes the tables; `write` puts them into a
//! folder with dictionary, codes and figures, of which `readme` is the page to read first. What is
//! released of a column the extracts' schemas decide (`kinlink:onOutput`), before anything is made
//! coarser.
//!
//! It is a command and not a stage: a run has one release for the public and any number of research
//! projects, each with its own pseudonyms and floor, asked for later and by others.

mod error;
pub mod floor;
mod ladders;
mod people;
mod readme;
mod sheets;
mod write;

use std::path::PathBuf;

use serde::Serialize;

pub use error::{EXPLANATIONS, ResearchError};
pub use people::{Allowed, System};

use crate::estimate::{Entity, Inputs};
use crate::pseudonymise::{FileKey, Pseudonym, SubKey};
use floor::{Floor, Held, Ladder};
use people::Microdata;

/// What the schemas let a release know of stays in prison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowedSpell {
    /// Admission and release.
    pub dates: bool,
    /// The legal ground.
    pub legal_status: bool,
    /// The length of the sentence.
    pub sentence_band: bool,
    /// The group of the offence.
    pub offence_group: bool,
}

/// What a release is made of.
pub struct Job {
    /// The linked payload of the run.
    pub inputs: Inputs,
    /// The payload of people, in the order in which attributes are taken.
    pub systems: Vec<System>,
    /// What is known of stays.
    pub spell: AllowedSpell,
    /// Links of adults, of children.
    pub links: [PathBuf; 2],
    /// The probabilities from which pairs of adults and of children were linked.
    pub thresholds: [f64; 2],
    /// The run's id.
    pub run: String,
    /// Is everybody invented?
    pub rehearsal: bool,
    /// The research project.
    pub project: String,
    /// The key of its pseudonyms.
    pub key: SubKey,
    /// The footer that names the key.
    pub footer: (String, String),
    /// What must hold.
    pub floor: Floor,
    /// The folder to write; it must not be there.
    pub out: PathBuf,
    /// The key of its Parquet files, if they are to be encrypted.
    pub encrypt_with: Option<FileKey>,
}

/// The pseudonyms of one research project.
struct Pseudonyms<'a>(&'a SubKey);

impl Pseudonyms<'_> {
    fn child(&self, entity: &Entity) -> Pseudonym {
        self.0.mac(&[b"child", entity])
    }

    fn parent(&self, entity: &Entity) -> Pseudonym {
        self.0.mac(&[b"parent", entity])
    }
}

/// A quasi-identifier as it is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// The column.
    pub column: String,
    /// The form taken.
    pub form: &'static str,
    /// All forms, fine to coarse.
    pub forms: Vec<&'static str>,
    /// What losing all of it was taken to cost.
    pub weight: f64,
}

/// How the people of a release are protected, and what is not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// The floor that was asked for: different people on either side of every class.
    pub k_asked: usize,
    /// Different sentences in every class that were asked for.
    pub l_asked: usize,
    /// The greatest share of pairs that was allowed to be suppressed.
    pub most_suppressed: f64,
    /// The fewest different people in a class.
    pub k: usize,
    /// The fewest different sentences in a class.
    pub l: usize,
    /// Classes.
    pub classes: usize,
    /// Pairs of a child and a parent before suppression.
    pub pairs: usize,
    /// Pairs suppressed.
    pub pairs_suppressed: usize,
    /// Children of whom nothing is left.
    pub children_suppressed: usize,
    /// Parents of whom nothing is left.
    pub parents_suppressed: usize,
    /// The quasi-identifiers and their forms.
    pub quasi_identifiers: Vec<Told>,
    /// Parents who are alone with their quasi-identifiers and how many children they have here. The
    /// floor does not hold against somebody who knows that.
    pub parents_alone_by_children: usize,
    /// Parents who are alone with their quasi-identifiers and the months of their first stay.
    pub parents_alone_by_months: usize,
}

/// A release that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Released {
    /// The folder.
    pub out: PathBuf,
    /// Its tables and their rows.
    pub tables: Vec<(&'static str, u64)>,
    /// The fingerprint of the key of its Parquet files, if they are encrypted.
    pub encrypted_with: Option<String>,
    /// How people are protected.
    pub figures: Figures,
}

/// Makes the release.
///
/// # Errors
/// [`ResearchError::Floor`] if the floor cannot hold in any form, [`ResearchError::There`] if the
/// folder is there; whatever it is, nothing is left.
pub fn release(job: &Job) -> Result<Released, ResearchError> {
    if job.out.symlink_metadata().is_ok() {
        return Err(ResearchError::There {
            path: job.out.clone(),
        });
    }
    let [adults, children] = &job.links;
    let data = people::gather(&job.inputs, &job.systems, [adults, children])?;
    let ladders = ladders::ladders(&data);
    let rows = ladders::rows(&data);
    let mut asked = job.floor;
    if !job.spell.sentence_band {
        // Nobody learns a sentence that is not released.
        asked.l = 1;
    }
    let held = floor::hold(&ladders, &rows, asked).ok_or(ResearchError::Floor {
        k: asked.k,
        l: asked.l,
    })?;
    let year = job.inputs.window.year;
    let names = Pseudonyms(&job.key);
    let sheets = sheets::sheets(&data, (&ladders, &held), &names, (year, job.spell));
    let figures = figures(&data, (&ladders, &held), asked, &sheets);
    write::write(job, &sheets, &figures)
}

fn figures(
    data: &Microdata,
    (ladders, held): (&[Ladder], &Held),
    asked: Floor,
    sheets: &[sheets::Sheet],
) -> Figures {
    let rows_of = |name: &str| {
        let sheet = sheets.iter().find(|s| s.name == name);
        sheet.map_or(0, sheets::Sheet::rows)
    };
    let told = ladders
        .iter()
        .zip(&held.levels)
        .map(|(ladder, level)| Told {
            column: ladder.column.to_owned(),
            form: ladder.forms.get(*level).map_or("", |f| f.name),
            forms: ladder.forms.iter().map(|f| f.name).collect(),
            weight: ladder.weight,
        })
        .collect();
    let [by_children, by_months] = sheets::alone(sheets);
    Figures {
        k_asked: asked.k,
        l_asked: asked.l,
        most_suppressed: asked.most_suppressed,
        k: held.least_k,
        l: held.least_l,
        classes: held.classes,
        pairs: data.pairs.len(),
        pairs_suppressed: held.suppressed(),
        children_suppressed: data.children.len() - rows_of("child").min(data.children.len()),
        parents_suppressed: data.parents.len() - rows_of("parent").min(data.parents.len()),
        quasi_identifiers: told,
        parents_alone_by_children: by_children,
        parents_alone_by_months: by_months,
    }
}
