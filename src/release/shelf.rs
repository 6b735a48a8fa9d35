//! The folder of releases: one folder a release under its id, the register, withdrawn releases and
//! tables of revisions.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::check::{Checked, check};
use super::differencing::Earlier;
use super::error::ReleaseError;
use super::limits::Limits;
use super::register::{Entry, Register, State, is_plain};
use super::revisions::{Revision, revisions, write};
use crate::digest::Digest;
use crate::publish::report::{About, ReleaseView, Sums};

/// The time of day at which official statistics appear, in London.
const TIME: &str = "09:30";

/// A folder of releases, locked for as long as the value lives.
pub struct Shelf {
    root: PathBuf,
    register: Register,
    _lock: Option<File>,
}

/// What was published.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Its entry.
    pub entry: Entry,
    /// Its folder.
    pub folder: PathBuf,
    /// What the check before it found.
    pub checked: Checked,
    /// What it changed, where it is a correction.
    pub revisions: Vec<Revision>,
}

impl Shelf {
    /// Looks at a folder of releases without changing it; one that is not there is empty.
    ///
    /// # Errors
    /// A register that cannot be read.
    pub fn look(root: &Path) -> Result<Self, ReleaseError> {
        Ok(Shelf {
            root: root.to_path_buf(),
            register: Register::read(root)?,
            _lock: None,
        })
    }

    /// Opens a folder of releases to change it; it is made where it is not there.
    ///
    /// # Errors
    /// Another process is at it, or its register cannot be read.
    pub fn open(root: &Path) -> Result<Self, ReleaseError> {
        let io = io_at(root);
        std::fs::create_dir_all(root).map_err(&io)?;
        let path = root.join(".lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(&io)?;
        if lock.try_lock().is_err() {
            return Err(ReleaseError::Locked { path });
        }
        Ok(Shelf {
            register: Register::read(root)?,
            root: root.to_path_buf(),
            _lock: Some(lock),
        })
    }

    /// The register.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// Checks a release against this shelf.
    ///
    /// # Errors
    /// A release, here or there, that cannot be read or is not as recorded.
    pub fn check(&self, release: &Path, limits: &Limits) -> Result<Checked, ReleaseError> {
        let view = ReleaseView::open(release)?;
        let others = || {
            self.register
                .releases
                .iter()
                .filter(|e| e.id != view.about().id)
        };
        let mut earlier = Vec::new();
        for entry in others().filter(|e| e.same_people(view.about())) {
            earlier.push(Earlier {
                id: entry.id.clone(),
                view: self.view(entry)?,
            });
        }
        let other_periods = others().count() - earlier.len();
        check(release, limits, &earlier, other_periods)
    }

    /// Puts a checked release on the shelf, in one rename.
    ///
    /// # Errors
    /// A release that is refused, on the shelf already, of another purpose, or without a date.
    pub fn publish(
        &mut self,
        release: &Path,
        date: &str,
        rehearsal: bool,
        limits: &Limits,
    ) -> Result<Published, ReleaseError> {
        self.put(release, date, rehearsal, limits, None)
    }

    /// Puts a release in the place of an earlier one of the same period, and writes what changed.
    ///
    /// # Errors
    /// As for [`Shelf::publish`]; and no such release, another period, or no reason.
    pub fn correct(
        &mut self,
        release: &Path,
        (of, reason): (&str, &str),
        date: &str,
        rehearsal: bool,
        limits: &Limits,
    ) -> Result<Published, ReleaseError> {
        if reason.trim().is_empty() {
            return Err(ReleaseError::NoReason);
        }
        self.put(release, date, rehearsal, limits, Some((of, reason)))
    }

    /// Takes a release back. Its files are kept in `withdrawn/` for audits of later ones; in its
    /// place stands a page that says why.
    ///
    /// # Errors
    /// No such release, or no reason.
    pub fn withdraw(&mut self, id: &str, reason: &str) -> Result<Entry, ReleaseError> {
        if reason.trim().is_empty() {
            return Err(ReleaseError::NoReason);
        }
        let missing = || ReleaseError::NotThere { id: id.to_owned() };
        let found = self.register.releases.iter_mut().find(|e| e.id == id);
        let entry = found
            .filter(|e| e.state == State::Published)
            .ok_or_else(missing)?;
        let from = self.root.join(&entry.id);
        entry.state = State::Withdrawn;
        entry.reason = Some(reason.to_owned());
        let entry = entry.clone();
        let to = self.root.join(entry.folder());
        let io = io_at(&to);
        std::fs::create_dir_all(self.root.join("withdrawn")).map_err(&io)?;
        // Out of sight first: a withdrawal that is cut short here is done again from here.
        if from.join("SHA256SUMS").exists() {
            std::fs::rename(&from, &to).map_err(&io)?;
            sync(&self.root)?;
        }
        std::fs::create_dir_all(&from).map_err(&io)?;
        let page = format!(
            "{}\n\nThis release was withdrawn.\n\nReason: {reason}\n",
            entry.title
        );
        whole(&from.join("WITHDRAWN.txt"), page.as_bytes())?;
        self.save()?;
        Ok(entry)
    }

    fn put(
        &mut self,
        release: &Path,
        date: &str,
        rehearsal: bool,
        limits: &Limits,
        corrects: Option<(&str, &str)>,
    ) -> Result<Published, ReleaseError> {
        let date: jiff::civil::Date = date.parse().map_err(|_| ReleaseError::Date)?;
        let view = ReleaseView::open(release)?;
        let about = view.about().clone();
        self.fits(&about, rehearsal)?;
        let mut changed = Vec::new();
        if let Some((of, _)) = corrects {
            let missing = || ReleaseError::NotThere { id: of.to_owned() };
            let entry = self.register.entry(of).ok_or_else(missing)?;
            if entry.state != State::Published {
                return Err(missing());
            }
            if !entry.same_people(&about) {
                return Err(ReleaseError::OtherPeriod { id: of.to_owned() });
            }
            changed = revisions(&self.view(entry)?, &view);
        }
        let checked = self.check(release, limits)?;
        if !checked.refusals.is_empty() {
            return Err(ReleaseError::Refused {
                release: release.to_path_buf(),
                refusals: checked.refusals,
            });
        }
        let folder = self.copy(release, &about.id)?;
        if let Some((of, reason)) = corrects {
            write(&self.root.join("revisions"), &about.id, &changed)?;
            for entry in self.register.releases.iter_mut().filter(|e| e.id == of) {
                entry.state = State::Corrected;
                entry.reason = Some(reason.to_owned());
                entry.corrected_by = Some(about.id.clone());
            }
        }
        let entry = Entry {
            sums: sums_digest(&folder)?,
            id: about.id,
            title: about.title,
            label: about.label,
            reference_date: about.reference_date,
            period: about.period,
            available_from: format!("{date}T{TIME}:00[Europe/London]"),
            state: State::Published,
            reason: None,
            corrects: corrects.map(|(of, _)| of.to_owned()),
            corrected_by: None,
        };
        self.register.purpose = Some(about.purpose);
        self.register.releases.push(entry.clone());
        self.save()?;
        Ok(Published {
            entry,
            folder,
            checked,
            revisions: changed,
        })
    }

    /// May a release of this kind and id come here?
    fn fits(&self, about: &About, rehearsal: bool) -> Result<(), ReleaseError> {
        let shelf = self.register.purpose.as_deref();
        let asked = if rehearsal { "rehearsal" } else { "production" };
        if about.purpose != asked || shelf.is_some_and(|p| p != about.purpose) {
            return Err(ReleaseError::Purpose {
                release: about.purpose.clone(),
                shelf: shelf.unwrap_or(asked).to_owned(),
            });
        }
        let there = self.register.entry(&about.id).is_some();
        if there || !is_plain(&about.id) {
            return Err(ReleaseError::There {
                id: about.id.clone(),
            });
        }
        Ok(())
    }

    /// A release of the register, its list of digests and every file checked.
    fn view(&self, entry: &Entry) -> Result<ReleaseView, ReleaseError> {
        let kept = self.root.join("withdrawn").join(&entry.id);
        let folder = if kept.exists() {
            kept
        } else {
            self.root.join(entry.folder())
        };
        if sums_digest(&folder)? != entry.sums {
            return Err(ReleaseError::Register {
                path: folder.join("SHA256SUMS"),
            });
        }
        Ok(ReleaseView::open(&folder)?)
    }

    /// Copies the listed files beside their place, checks the copies, and renames.
    fn copy(&self, release: &Path, id: &str) -> Result<PathBuf, ReleaseError> {
        let (partial, folder) = (self.root.join(format!(".partial-{id}")), self.root.join(id));
        let io = io_at(&partial);
        if partial.exists() {
            std::fs::remove_dir_all(&partial).map_err(&io)?;
        }
        if folder.exists() {
            // A publication that ended between its rename and its entry: the folder is not in the
            // register, so nobody was told of it.
            std::fs::remove_dir_all(&folder).map_err(io_at(&folder))?;
        }
        let sums = Sums::read(release)?;
        let names = sums.paths().map(Path::to_path_buf);
        for name in names.chain([PathBuf::from("SHA256SUMS")]) {
            let to = partial.join(&name);
            let parent = to.parent().unwrap_or(&partial);
            std::fs::create_dir_all(parent).map_err(&io)?;
            std::fs::copy(release.join(&name), &to).map_err(&io)?;
            std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o644)).map_err(&io)?;
            File::open(&to).and_then(|f| f.sync_all()).map_err(&io)?;
        }
        let copied = Sums::read(&partial)?;
        for name in copied.paths() {
            copied.checked(&partial, name)?;
        }
        sync(&partial)?;
        std::fs::rename(&partial, &folder).map_err(&io)?;
        sync(&self.root)?;
        Ok(folder)
    }

    fn save(&self) -> Result<(), ReleaseError> {
        let path = self.root.join(Register::FILE);
        let mut text = serde_json::to_string_pretty(&self.register)
            .map_err(|_| ReleaseError::Register { path: path.clone() })?;
        text.push('\n');
        whole(&path, text.as_bytes())
    }
}

fn sums_digest(folder: &Path) -> Result<Digest, ReleaseError> {
    let path = folder.join("SHA256SUMS");
    let found = Digest::of_file(&path).map_err(io_at(&path))?;
    Ok(found.0)
}

fn io_at(path: &Path) -> impl Fn(std::io::Error) -> ReleaseError + use<> {
    let path = path.to_path_buf();
    move |source| ReleaseError::Io {
        path: path.clone(),
        source,
    }
}

/// Makes a rename durable.
fn sync(folder: &Path) -> Result<(), ReleaseError> {
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(io_at(folder))
}

/// Writes a file whole or not at all.
fn whole(path: &Path, bytes: &[u8]) -> Result<(), ReleaseError> {
    let io = io_at(path);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".partial");
    let partial = path.with_file_name(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o644)
        .open(&partial)
        .map_err(&io)?;
    file.write_all(bytes).map_err(&io)?;
    file.sync_all().map_err(&io)?;
    std::fs::rename(&partial, path).map_err(&io)?;
    sync(path.parent().unwrap_or(Path::new(".")))
}
