//! Runs ingest on a folder and shows what it wrote.

#![allow(dead_code)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use kinlink::columnar::TableReader;
use kinlink::diagnostic::Diagnose;
use kinlink::ingest::{IngestError, Job, Limits, Source, run};
use kinlink::progress::Silent;
use kinlink::schema::canonical::Table;
use kinlink::stage::{StageFolders, StageReport};

/// A source whose file lies under the folder of a test; `{la}` is a three-digit number.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub system: String,
    pub name: String,
    pub file: String,
    pub schema: String,
}

pub fn source(system: &str, name: &str, file: &str, schema: &str) -> Pattern {
    Pattern {
        system: system.to_owned(),
        name: format!("{system}.{name}"),
        file: file.to_owned(),
        schema: schema.to_owned(),
    }
}

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/ingest")
        .join(name)
}

/// The job of the patterns whose files are there.
pub fn job(root: &Path, patterns: Vec<Pattern>) -> Job {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let sources = patterns
        .into_iter()
        .filter_map(|p| {
            let (files, captures) = expand(root, &p.file);
            (!files.is_empty()).then(|| Source {
                name: p.name,
                system: p.system,
                files,
                captures,
                schema: if Path::new(&p.schema).is_absolute() {
                    PathBuf::from(&p.schema)
                } else {
                    schemas.join(format!("{}.json", p.schema))
                },
            })
        })
        .collect();
    let directory = root.join("geography/postcode_directory.csv");
    Job {
        sources,
        postcode_directory: directory.exists().then_some(directory),
        reference_date: jiff::civil::Date::constant(2025, 9, 30),
        limits: Limits::default(),
    }
}

fn expand(root: &Path, pattern: &str) -> (Vec<PathBuf>, Vec<Option<String>>) {
    let Some((before, after)) = pattern.split_once("{la}") else {
        let file = root.join(pattern);
        return match file.exists() {
            true => (vec![file], vec![None]),
            false => (Vec::new(), Vec::new()),
        };
    };
    let (folder, start) = before.rsplit_once('/').unwrap_or(("", before));
    let mut found: Vec<(PathBuf, Option<String>)> = std::fs::read_dir(root.join(folder))
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let la = name.strip_prefix(start)?.strip_suffix(after)?.to_owned();
            Some((root.join(folder).join(&name), Some(la)))
        })
        .collect();
    found.sort();
    found.into_iter().unzip()
}

/// What ingest left behind.
pub struct Ingested {
    pub folder: tempfile::TempDir,
    pub report: StageReport,
}

pub fn ingest(root: impl AsRef<Path>, patterns: Vec<Pattern>) -> Result<Ingested, IngestError> {
    ingest_job(&job(root.as_ref(), patterns))
}

pub fn ingest_job(job: &Job) -> Result<Ingested, IngestError> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (stage, restricted, review) = (
        root.join("stage"),
        root.join("restricted"),
        root.join("review"),
    );
    let report = run(
        job,
        &StageFolders {
            root,
            stage: &stage,
            restricted: &restricted,
            review: &review,
            progress: &Silent,
        },
    )?;
    Ok(Ingested { folder, report })
}

/// The message of a job that must fail, with its exit code, without the folder's name.
pub fn failure(root: &Path, patterns: Vec<Pattern>) -> String {
    failure_of(root, &job(root, patterns))
}

pub fn failure_of(root: &Path, job: &Job) -> String {
    let error = match ingest_job(job) {
        Ok(_) => panic!("the job should have failed"),
        Err(error) => error,
    };
    let mut text = String::new();
    for d in error.diagnostics() {
        let _ = writeln!(text, "error[{}] exit {}: {}", d.code, d.exit.code(), d.what);
        let _ = writeln!(text, "  at    {}", d.place);
        for (word, line) in [("rule", d.rule), ("kept", d.kept), ("help", Some(d.help))] {
            if let Some(line) = line {
                let _ = writeln!(text, "  {word}  {line}");
            }
        }
    }
    text.replace(&format!("{}/", root.display()), "")
        .replace(&format!("{}/", env!("CARGO_MANIFEST_DIR")), "")
}

impl Ingested {
    /// A Parquet file as lines of text; `without` leaves columns out.
    pub fn rows(&self, path: &str, without: &[&str]) -> Vec<String> {
        let path = self.folder.path().join(path);
        if !path.exists() {
            return Vec::new();
        }
        let mut lines = Vec::new();
        for batch in TableReader::open(&path, None).unwrap() {
            let batch = batch.unwrap();
            let schema = batch.schema();
            let options = FormatOptions::default().with_null("·");
            let columns: Vec<_> = schema
                .fields()
                .iter()
                .zip(batch.columns())
                .filter(|(f, _)| !without.contains(&f.name().as_str()))
                .map(|(_, c)| ArrayFormatter::try_new(c, &options).unwrap())
                .collect();
            for row in 0..batch.num_rows() {
                let cells: Vec<String> = columns.iter().map(|c| c.value(row).to_string()).collect();
                lines.push(cells.join(" | "));
            }
        }
        lines
    }

    /// The rows of a canonical table, without where they came from.
    pub fn table(&self, table: Table, system: &str) -> Vec<String> {
        self.rows(
            &format!("stage/{}/{system}.parquet", table.name()),
            &["file", "row"],
        )
    }

    /// Everything that was written, for people to read.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for file in &self.report.files {
            let path = file.path.display().to_string();
            let _ = writeln!(text, "{path}");
            for line in self.rows(&path, &["file"]) {
                let _ = writeln!(text, "  {line}");
            }
        }
        let _ = writeln!(
            text,
            "in = accepted + quarantined + merged + excluded + out of scope"
        );
        for a in &self.report.accounts {
            let _ = writeln!(
                text,
                "  {:<50} {} = {} + {} + {} + {} + {}",
                a.unit, a.rows_in, a.accepted, a.quarantined, a.merged, a.excluded, a.out_of_scope
            );
        }
        text
    }
}

/// The files of custody.
pub fn custody() -> Vec<Pattern> {
    [
        "offenders",
        "offender_identifiers",
        "offender_bookings",
        "offender_external_movements",
        "offender_imprison_statuses",
        "offender_sentence_terms",
        "offender_charges",
        "offender_contact_persons",
        "persons",
        "offender_profile_details",
        "offender_visits",
        "offender_visit_visitors",
        "addresses",
        "oasys_bcst",
    ]
    .into_iter()
    .map(|name| {
        source(
            "custody",
            name,
            &format!("custody/{name}.csv"),
            &format!("custody/{name}"),
        )
    })
    .collect()
}

/// The files of children's services in one collection year.
pub fn services(year: u32) -> Vec<Pattern> {
    let one = |system: &str, name: &str, file: String, schema: String| {
        source(
            system,
            &format!("{name}_{year}"),
            &file,
            &format!("childrens-services/{schema}"),
        )
    };
    vec![
        one(
            "ssda903",
            "header",
            format!("ssda903_{year}/{{la}}_header.csv"),
            format!("ssda903_header_{year}"),
        ),
        one(
            "ssda903",
            "episodes",
            format!("ssda903_{year}/{{la}}_episodes.csv"),
            format!("ssda903_episodes_{year}"),
        ),
        one(
            "cin",
            "children",
            format!("cin_{year}/{{la}}.xml"),
            format!("cin_{year}"),
        ),
    ]
}

/// All extracts of a data root.
pub fn everything() -> Vec<Pattern> {
    let mut all = custody();
    all.push(source(
        "probation",
        "offender",
        "probation/offender.parquet",
        "probation/offender",
    ));
    for name in [
        "alias",
        "offender_address",
        "personal_circumstance",
        "oasys_assessment",
        "disposal",
    ] {
        let file = format!("probation/{name}.csv");
        all.push(source(
            "probation",
            name,
            &file,
            &format!("probation/{name}"),
        ));
    }
    for year in [2024, 2025] {
        all.extend(services(year).into_iter().map(|mut p| {
            p.file = format!("childrens-services/{}", p.file);
            p
        }));
    }
    for (system, name) in [("census", "school_census"), ("carers", "carers")] {
        all.push(source(
            system,
            name,
            &format!("childrens-services/{name}.csv"),
            &format!("childrens-services/{name}"),
        ));
    }
    all
}
