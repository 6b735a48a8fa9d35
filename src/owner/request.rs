//! What the owner asks for, checked before anything is read.

use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::error::OwnerError;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::digest::Digest;
use crate::ingest;
use crate::pseudonymise::{Arrangement, KeySource, MasterKey, ProjectKeys, Purpose, Salt, days_of};

/// The project that keys are derived for where none is named. It is a constant, not a name of a
/// file, so that two owners who say nothing, and hold the same key, can be linked.
pub const DEFAULT_PROJECT: &str = "kinlink";
/// The round where none is named.
pub const DEFAULT_ROUND: &str = "1";
/// The reference date where none is named: that of the pipelines that come with the program. A
/// clock would make the same command give other bytes tomorrow.
pub const DEFAULT_REFERENCE: Date = Date::constant(2025, 9, 30);

/// What the owner asks for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The extract.
    pub input: PathBuf,
    /// Its schema.
    pub schema: PathBuf,
    /// Where the key comes from.
    pub key: KeySource,
    /// The folder to write.
    pub out: PathBuf,
    /// The project that keys are derived for.
    pub project: String,
    /// Its round.
    pub round: String,
    /// The project's public salt; by default it follows from the project's name.
    pub salt: Option<Salt>,
    /// The purpose that the key must have.
    pub purpose: Option<Purpose>,
    /// What the records are unique within. Where nothing is said the file's name names the system,
    /// and the records are unique within this extract alone.
    pub system: Option<String>,
    /// The number of the system in the linkage files.
    pub source: u8,
    /// The reference date.
    pub reference: Date,
    /// First and last day of the period; by default the year that ends on the reference date.
    pub period: Option<(Date, Date)>,
    /// Recipes other than the program's own.
    pub recipes: Option<PathBuf>,
    /// How block-keyed encodings are laid out; both owners use the same.
    pub encoding: Arrangement,
    /// `postcode,local_authority`.
    pub postcode_directory: Option<PathBuf>,
    /// The three-digit number of the local authority whose file this is.
    pub local_authority: Option<String>,
}

/// A request whose settings fit together.
pub(super) struct Checked {
    pub(super) system: String,
    /// First day, and the day after the last.
    pub(super) window: (Date, Date),
    pub(super) key: MasterKey,
}

impl Request {
    pub(super) fn check(&self) -> Result<Checked, OwnerError> {
        let system = self.system_name()?;
        let window = self.window()?;
        let key = self.key.load()?;
        if let Some(wanted) = self.purpose.filter(|p| *p != key.purpose()) {
            let what = format!(
                "the key is for {}, {} was asked for",
                key.purpose().word(),
                wanted.word()
            );
            let help = "use a key of that purpose; `kinlink key inspect KEY` tells it";
            return Err(OwnerError::one(
                Diagnostic::new("KL-O-005", Exit::Key, what, help)
                    .at(Place::file(self.key.shown())),
            ));
        }
        Ok(Checked {
            system,
            window,
            key,
        })
    }

    /// The name of the system: it is part of every pseudonym, and of the payload's file names.
    fn system_name(&self) -> Result<String, OwnerError> {
        let stem = || {
            self.input
                .file_stem()
                .map(|s| s.to_string_lossy().into_owned())
        };
        let name = self.system.clone().or_else(stem).unwrap_or_default();
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !name.is_empty() && name.len() <= 64 && name.chars().all(letter) {
            return Ok(name);
        }
        Err(setting(
            "the system has no usable name",
            "give --system NAME with letters, digits, `_` and `-`; records are unique within it",
        ))
    }

    /// As in a pipeline file: both days of the period are included, and the reference date is one
    /// of them.
    fn window(&self) -> Result<(Date, Date), OwnerError> {
        let year_before = || {
            let reference = self.reference;
            let day_after = reference.tomorrow().unwrap_or(reference);
            let year = day_after.year().saturating_sub(1);
            let start = Date::new(year, day_after.month(), day_after.day());
            start
                .or_else(|_| Date::new(year, 3, 1))
                .unwrap_or(reference)
        };
        let (start, last) = self
            .period
            .unwrap_or_else(|| (year_before(), self.reference));
        if start > last {
            return Err(setting(
                "the period ends before it begins",
                "write the first and the last day of the year, both included",
            ));
        }
        if self.reference < start || self.reference > last {
            return Err(setting(
                "the reference date lies outside the period",
                "the day of the stock is one of the days of the year",
            ));
        }
        Ok((start, last.tomorrow().unwrap_or(last)))
    }

    /// The job of `ingest` for this one file.
    pub(super) fn ingest_job(&self, system: &str) -> ingest::Job {
        ingest::Job {
            sources: vec![ingest::Source {
                name: system.to_owned(),
                system: system.to_owned(),
                files: vec![self.input.clone()],
                captures: vec![self.local_authority.clone()],
                schema: self.schema.clone(),
            }],
            postcode_directory: self.postcode_directory.clone(),
            reference_date: self.reference,
            limits: ingest::Limits::default(),
        }
    }
}

impl Checked {
    /// The keys of the project and round.
    pub(super) fn keys(&self, request: &Request) -> ProjectKeys {
        let of_name = || Salt::of_project(&request.project);
        let salt = request.salt.unwrap_or_else(of_name);
        self.key
            .for_project_salted(&salt, &request.project, &request.round)
    }

    /// What goes into the pseudonyms of records and rows beside their numbers. A system that the
    /// owner names is the same in all his extracts. The name of a file is nobody's statement: two
    /// owners may both have a `pupils.csv`, and both may count from 1. So where no system is named,
    /// the extract's digest goes in as well, under the project's key, and nothing of another extract
    /// has an equal pseudonym. It has a blank in it, which no named system has.
    pub(super) fn scope(&self, request: &Request, extract: &Digest) -> String {
        if request.system.is_some() {
            return self.system.clone();
        }
        let key = self.keys(request).derive(&["extract"]);
        let named = Digest::of(&key.mac(&[extract.hex().as_bytes()]));
        format!("{} {}", self.system, named.hex())
    }

    /// The window in days since 1970-01-01, half-open.
    pub(super) fn days(&self) -> (i32, i32) {
        (days_of(self.window.0), days_of(self.window.1))
    }

    /// First and last day of the period, both included.
    pub(super) fn period(&self) -> [String; 2] {
        let last = self.window.1.yesterday().unwrap_or(self.window.1);
        [self.window.0.to_string(), last.to_string()]
    }
}

fn setting(what: &str, help: &str) -> OwnerError {
    OwnerError::one(Diagnostic::new("KL-O-010", Exit::Usage, what, help))
}

/// The last part of a path: manifests do not say where on the owner's disk a file lay.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(reference: Date, period: Option<(Date, Date)>) -> Request {
        Request {
            input: PathBuf::from("a b.csv"),
            schema: PathBuf::new(),
            key: KeySource::File(PathBuf::new()),
            out: PathBuf::new(),
            project: String::new(),
            round: String::new(),
            salt: None,
            purpose: None,
            system: None,
            source: 0,
            reference,
            period,
            recipes: None,
            encoding: Arrangement::default(),
            postcode_directory: None,
            local_authority: None,
        }
    }

    #[test]
    fn the_year_ends_on_the_reference_date_unless_it_is_stated() {
        let on = Date::constant;
        let window = |r, p| request(r, p).window().ok();
        assert_eq!(
            window(on(2025, 9, 30), None),
            Some((on(2024, 10, 1), on(2025, 10, 1)))
        );
        assert_eq!(
            window(on(2024, 2, 28), None),
            Some((on(2023, 3, 1), on(2024, 2, 29)))
        );
        let stated = Some((on(2025, 1, 1), on(2025, 12, 31)));
        assert_eq!(
            window(on(2025, 9, 30), stated),
            Some((on(2025, 1, 1), on(2026, 1, 1)))
        );
        assert_eq!(window(on(2026, 9, 30), stated), None);
        let reversed = Some((on(2025, 12, 31), on(2025, 1, 1)));
        assert_eq!(window(on(2025, 9, 30), reversed), None);
    }

    #[test]
    fn a_system_is_named_by_its_file_where_that_is_a_name() {
        let mut r = request(DEFAULT_REFERENCE, None);
        assert!(r.system_name().is_err());
        r.system = Some("pupils".to_owned());
        assert_eq!(r.system_name().ok().as_deref(), Some("pupils"));
        r.system = Some("../pupils".to_owned());
        assert!(r.system_name().is_err());
        r.system = None;
        r.input = PathBuf::from("in/school_census.csv");
        assert_eq!(r.system_name().ok().as_deref(), Some("school_census"));
    }
}
