//! From a pipeline file to a plan: every file found, every input digested, the key loaded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use toml::Spanned;

use super::error::PipelineError;
use super::file::{Method, Pipeline};
use super::key_section;
use super::link_labels::{self, Labels};
use super::project::{Project, Refused, refusal};
use super::receipt::{InputFile, Plan};
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::digest::Digest;
use crate::ingest;
use crate::pseudonymise::MasterKey;
use crate::purpose::Purpose;
use crate::schema::published;

/// A pipeline whose files are all found.
pub struct Prepared {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Where its paths begin.
    pub project: Project,
    /// The extracts.
    pub sources: Vec<ingest::Source>,
    /// CSV of postcodes.
    pub postcode_directory: Option<PathBuf>,
    /// CSV of children by local authority.
    pub child_population: Option<PathBuf>,
    /// CSV of the published prison population.
    pub prison_population: Option<PathBuf>,
    /// Labels of a clerical review, by kind, where they are named.
    pub labels: BTreeMap<String, Labels>,
    /// The key; none for the method `bold`.
    pub key: Option<MasterKey>,
    /// The plan.
    pub plan: Plan,
}

/// The extracts, then the postcode directory, the child and the prison population where they are named.
pub type Located = (Vec<ingest::Source>, [Option<PathBuf>; 3]);

/// Finds every file that a pipeline names. All that are missing are told together.
pub fn locate(pipeline: &Pipeline, project: &Project) -> Result<Located, Vec<Diagnostic>> {
    let mut finder = Finder {
        pipeline: &pipeline.path,
        project,
        problems: Vec::new(),
    };
    let mut sources = Vec::new();
    for source in &pipeline.file.source {
        let name = source.name.get_ref();
        let schema = finder.one(&format!("the schema of {name}"), &source.schema);
        let files = finder.all(&format!("the extract {name}"), &source.path);
        if let (Some(schema), Some(files)) = (schema, files) {
            let (files, captures) = files.into_iter().unzip();
            sources.push(ingest::Source {
                name: name.clone(),
                system: name.split('.').next().unwrap_or(name).to_owned(),
                files,
                captures,
                schema,
            });
        }
    }
    let settings = &pipeline.file.project;
    let directory = settings
        .postcode_directory
        .as_ref()
        .and_then(|p| finder.one("the postcode directory", p));
    let population = settings
        .child_population
        .as_ref()
        .and_then(|p| finder.one("the child population", p));
    let prisons = settings
        .prison_population
        .as_ref()
        .and_then(|p| finder.one("the prison population", p));
    let key = pipeline.file.key.as_ref().and_then(|k| k.file.as_ref());
    if let (Some(key), None) = (key, &pipeline.file.synth) {
        finder.one("the key", key);
    }
    for table in &pipeline.file.table {
        if published::table(table.id.get_ref()).is_none() {
            finder.unknown_table(&table.id);
        }
    }
    if finder.problems.is_empty() {
        Ok((sources, [directory, population, prisons]))
    } else {
        Err(finder.problems)
    }
}

struct Finder<'a> {
    pipeline: &'a Path,
    project: &'a Project,
    problems: Vec<Diagnostic>,
}

impl Finder<'_> {
    fn refuse(&mut self, refused: Refused, what: &str, path: &Spanned<String>) {
        let span = (path.span().start, path.span().len());
        self.problems
            .push(refusal(refused, what, path.get_ref(), self.pipeline, span));
    }

    fn one(&mut self, what: &str, path: &Spanned<String>) -> Option<PathBuf> {
        match self.project.data_path(path.get_ref()) {
            Ok(found) => Some(found),
            Err(refused) => {
                self.refuse(refused, what, path);
                None
            }
        }
    }

    fn all(
        &mut self,
        what: &str,
        path: &Spanned<String>,
    ) -> Option<Vec<(PathBuf, Option<String>)>> {
        match self.project.matching(path.get_ref()) {
            Ok(found) => Some(found),
            Err(refused) => {
                self.refuse(refused, what, path);
                None
            }
        }
    }

    fn unknown_table(&mut self, id: &Spanned<String>) {
        let ids: Vec<&str> = published::tables().iter().map(|t| t.id.as_str()).collect();
        let place = Place::file(self.pipeline).span(id.span().start, id.span().len());
        self.problems.push(
            Diagnostic::new(
                "KL-C-006",
                Exit::Usage,
                format!("there is no table {}", id.get_ref()),
                format!("the tables are {}", ids.join(", ")),
            )
            .at(place),
        );
    }
}

/// Finds the files, loads the key and digests every input.
///
/// # Errors
/// Missing files (exit 2), a key that cannot be used (exit 6).
pub fn prepare(pipeline: Pipeline, project: Project) -> Result<Prepared, PipelineError> {
    let (sources, [postcode_directory, child_population, prison_population]) =
        match pipeline.file.estimate.method {
            Method::Linked => {
                locate(&pipeline, &project).map_err(|problems| PipelineError::Files { problems })?
            }
            Method::Bold => (Vec::new(), [None, None, None]),
        };
    let labels = link_labels::read(&pipeline, &project)?;
    let key = key_section::load(&pipeline, &project)?;
    let mut wanted: Vec<(String, PathBuf)> = Vec::new();
    for source in &sources {
        wanted.push((format!("schema of {}", source.name), source.schema.clone()));
        wanted.extend(
            source
                .files
                .iter()
                .map(|f| (source.name.clone(), f.clone())),
        );
    }
    for (role, file) in [
        ("postcode directory", &postcode_directory),
        ("child population", &child_population),
        ("prison population", &prison_population),
    ] {
        wanted.extend(file.iter().map(|f| (role.to_owned(), f.clone())));
    }
    let of_kind =
        |(kind, labels): (&String, &Labels)| (format!("labels of {kind}"), labels.path.clone());
    wanted.extend(labels.iter().map(of_kind));
    let inputs = digest_inputs(&project, wanted)?;
    let plan = Plan {
        project: pipeline.file.project.name.clone(),
        configuration: Digest::of(pipeline.text.as_bytes()),
        key: key.as_ref().map(|k| k.fingerprint().to_string()),
        // What a rehearsal key made is a rehearsal, whatever the extracts.
        rehearsal: pipeline.file.synth.is_some()
            || key
                .as_ref()
                .is_some_and(|k| k.purpose() == Purpose::Rehearsal),
        inputs,
    };
    Ok(Prepared {
        pipeline,
        project,
        sources,
        postcode_directory,
        child_population,
        prison_population,
        labels,
        key,
        plan,
    })
}

fn digest_inputs(
    project: &Project,
    wanted: Vec<(String, PathBuf)>,
) -> Result<Vec<InputFile>, PipelineError> {
    wanted
        .into_par_iter()
        .map(|(role, path)| {
            let (digest, bytes) = Digest::of_file(&path).map_err(PipelineError::io(&path))?;
            Ok(InputFile {
                role,
                path: shown(project, &path),
                digest,
                bytes,
            })
        })
        .collect()
}

/// An input's path without the project's or data root's own, so that a plan does not depend on
/// where the project lies.
fn shown(project: &Project, path: &Path) -> PathBuf {
    let roots = [project.data(), Some(project.folder())];
    roots
        .into_iter()
        .flatten()
        .find_map(|root| path.strip_prefix(root).ok())
        .unwrap_or(path)
        .to_path_buf()
}
