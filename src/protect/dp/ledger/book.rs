//! The folder of a ledger: open, reserve, recall, commit.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::account::Account;
use super::entry::{Entry, Line, Scope};
use crate::digest::Digest;
use crate::protect::dp::accounting::Loss;
use crate::protect::dp::error::DpError;
use crate::protect::dp::measure::Measurements;
use crate::protect::dp::noise_key::{NoiseKey, ReleaseId};
use crate::protect::dp::plan::Plan;

const LEDGER: &str = "ledger.jsonl";
const HEAD: &str = "head.json";
const STORE: &str = "measurements";

/// A ledger, locked for as long as the value lives.
pub struct Book {
    folder: PathBuf,
    lines: Vec<Line>,
    account: Account,
    _lock: File,
}

/// The right to measure one release once: its loss is on disk. It can be had from
/// [`Book::reserve`] alone.
#[derive(Debug, PartialEq, Eq)]
pub struct Reservation {
    release: ReleaseId,
    label: String,
}

impl Reservation {
    /// The release.
    pub fn release(&self) -> &ReleaseId {
        &self.release
    }

    /// What its owner calls it.
    pub fn label(&self) -> &str {
        &self.label
    }
}

#[derive(Serialize)]
struct Head {
    sequence: u64,
    digest: Digest,
}

impl Book {
    /// Makes a ledger in a new folder.
    ///
    /// # Errors
    /// [`DpError::LedgerExists`] if there is one; [`DpError::Io`].
    pub fn create(folder: &Path, scope: Scope, budget: Loss) -> Result<Book, DpError> {
        if folder.join(LEDGER).exists() {
            return Err(DpError::LedgerExists {
                path: folder.to_path_buf(),
            });
        }
        for path in [folder.to_path_buf(), folder.join(STORE)] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .map_err(DpError::io(&path))?;
        }
        let _lock = lock(folder)?;
        let line = Line::after(None, Entry::Open { scope, budget });
        write_head(folder, &line)?;
        replace(folder, LEDGER, line.text().as_bytes())?;
        drop(_lock);
        Book::open(folder)
    }

    /// Opens a ledger to spend from it: takes its lock, checks the chain and every stored file, and
    /// takes away the beginning of an entry that a crash left behind.
    ///
    /// # Errors
    /// [`DpError::Locked`], [`DpError::Ledger`] if anything was changed, [`DpError::Io`].
    pub fn open(folder: &Path) -> Result<Book, DpError> {
        if !folder.join(LEDGER).exists() {
            return Err(DpError::NoLedger {
                path: folder.to_path_buf(),
            });
        }
        let lock = lock(folder)?;
        let (lines, torn) = read_lines(folder)?;
        if torn {
            let sound: String = lines.iter().map(Line::text).collect();
            replace(folder, LEDGER, sound.as_bytes())?;
        }
        let account = checked(folder, &lines)?;
        // A crash may have left the head one entry behind; before the next entry it is mended, so
        // that it is never two behind.
        if let Some(last) = lines.last() {
            write_head(folder, last)?;
        }
        Ok(Book {
            folder: folder.to_path_buf(),
            lines,
            account,
            _lock: lock,
        })
    }

    /// Reads a ledger without its lock, to look at it.
    ///
    /// # Errors
    /// As [`Book::open`], without the lock.
    pub fn look(folder: &Path) -> Result<Account, DpError> {
        if !folder.join(LEDGER).exists() {
            return Err(DpError::NoLedger {
                path: folder.to_path_buf(),
            });
        }
        let (lines, _) = read_lines(folder)?;
        checked(folder, &lines)
    }

    /// What is spent and left.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Reserves what a release costs, unless that was done before: the same release pays once.
    ///
    /// # Errors
    /// [`DpError::Spent`] if less is left; [`DpError::Definition`] and [`DpError::Unit`] if the
    /// ledger is for another definition or unit.
    pub fn reserve(
        &mut self,
        release: &ReleaseId,
        label: &str,
        plan: &Plan,
        key: &NoiseKey,
    ) -> Result<Reservation, DpError> {
        let reservation = Reservation {
            release: release.clone(),
            label: label.to_owned(),
        };
        if self.account.find(release).is_some() {
            return Ok(reservation);
        }
        if plan.unit() != self.account.scope.unit {
            return Err(DpError::Unit {
                ledger: self.account.scope.unit,
                plan: plan.unit(),
            });
        }
        let loss = plan.loss();
        let definition = self.account.definition();
        let charged = loss.under(definition).ok_or(DpError::Definition)?;
        let row = loss
            .of_one_row(plan.contribution().rows())
            .ok_or(DpError::Definition)?;
        let left = self.account.left().unwrap_or(Loss::none(definition));
        if charged.amount() > left.amount() {
            return Err(DpError::Spent {
                path: self.folder.clone(),
                asked: Box::new(charged),
                left: Box::new(left),
            });
        }
        self.append(Entry::Reserve {
            release: release.clone(),
            label: label.to_owned(),
            plan: Digest::of(&plan.digest()),
            key: key.fingerprint().to_string(),
            loss,
            charged,
            row,
        })?;
        Ok(reservation)
    }

    /// The measurements of a release that was made before; none if it was not finished, or if its
    /// file is gone: then it is measured again, with the same noise.
    ///
    /// # Errors
    /// [`DpError::Ledger`] if the file is another than the one that was committed.
    pub fn recall(&self, reservation: &Reservation) -> Result<Option<Measurements>, DpError> {
        let spent = self.account.find(&reservation.release);
        let Some(digest) = spent.and_then(|s| s.measurements) else {
            return Ok(None);
        };
        let path = stored(&self.folder, &reservation.release);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = std::fs::read(&path).map_err(DpError::io(&path))?;
        let read: Option<Measurements> = serde_json::from_slice(&bytes).ok();
        read.filter(|m| {
            Digest::of(&bytes) == digest && m.is_sound() && *m.release() == reservation.release
        })
        .map(Some)
        .ok_or(DpError::Ledger { path })
    }

    /// Stores the measurements of a release, syncs them, and notes that it is finished.
    ///
    /// # Errors
    /// [`DpError::Ledger`] if other measurements were committed before: the same release with
    /// other noise would tell more than was paid for. They are not kept.
    pub fn commit(
        &mut self,
        reservation: Reservation,
        measurements: &Measurements,
    ) -> Result<Digest, DpError> {
        let path = stored(&self.folder, &reservation.release);
        let text = serde_json::to_vec(measurements).unwrap_or_default();
        let digest = Digest::of(&text);
        let spent = self.account.find(&reservation.release);
        let before = spent.ok_or_else(|| DpError::Ledger { path: path.clone() })?;
        let committed = before.measurements;
        if committed.is_some_and(|d| d != digest) || measurements.release() != &reservation.release
        {
            return Err(DpError::Ledger { path });
        }
        replace(
            &self.folder.join(STORE),
            &file_name(&reservation.release),
            &text,
        )?;
        if committed.is_none() {
            self.append(Entry::Commit {
                release: reservation.release,
                measurements: digest,
            })?;
        }
        Ok(digest)
    }

    /// Appends an entry, syncs it, and then moves the head.
    fn append(&mut self, entry: Entry) -> Result<(), DpError> {
        let path = self.folder.join(LEDGER);
        let line = Line::after(self.lines.last(), entry);
        let mut file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(DpError::io(&path))?;
        file.write_all(line.text().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(DpError::io(&path))?;
        write_head(&self.folder, &line)?;
        self.lines.push(line);
        self.account = Account::of(&self.lines).ok_or(DpError::Ledger { path })?;
        Ok(())
    }
}

fn lock(folder: &Path) -> Result<File, DpError> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(DpError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(DpError::Locked { path }),
        Err(std::fs::TryLockError::Error(source)) => Err(DpError::Io { path, source }),
    }
}

/// The lines of a ledger, and whether the beginning of one more is behind them.
fn read_lines(folder: &Path) -> Result<(Vec<Line>, bool), DpError> {
    let path = folder.join(LEDGER);
    let changed = || DpError::Ledger { path: path.clone() };
    let bytes = std::fs::read(&path).map_err(DpError::io(&path))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| changed())?;
    let (whole, rest) = match text.rfind('\n') {
        Some(end) => text.split_at(end + 1),
        None => ("", text),
    };
    let mut lines: Vec<Line> = Vec::new();
    for one in whole.split_terminator('\n') {
        let line = Line::read(one, lines.last()).ok_or_else(changed)?;
        lines.push(line);
    }
    if rest.is_empty() {
        return Ok((lines, false));
    }
    // All but the end of the line was written: it counts.
    if let Some(line) = Line::read(rest, lines.last()) {
        lines.push(line);
        return Ok((lines, true));
    }
    // A crash leaves the beginning of an entry, whose sync never returned: nothing was measured by
    // it. A whole entry with something behind it is a change, and so is anything else.
    let next = lines.last().map(|l| l.sequence + 1).ok_or_else(changed)?;
    let begins = format!("{{\"sequence\":{next},");
    let is_beginning = rest.starts_with(&begins) || begins.starts_with(rest);
    let holds_entry = rest
        .match_indices('}')
        .any(|(at, _)| Line::read(&rest[..=at], lines.last()).is_some());
    if is_beginning && !holds_entry {
        Ok((lines, true))
    } else {
        Err(changed())
    }
}

/// The account of lines that are sound, whose head is among them, and whose stored measurements
/// are those that were committed.
fn checked(folder: &Path, lines: &[Line]) -> Result<Account, DpError> {
    let path = folder.join(LEDGER);
    let account = Account::of(lines).ok_or_else(|| DpError::Ledger { path: path.clone() })?;
    let head_path = folder.join(HEAD);
    let text = std::fs::read(&head_path).map_err(DpError::io(&head_path))?;
    // To the byte: a head that was written, of the last line or, after a crash, of the one before.
    let listed = lines
        .iter()
        .rev()
        .take(2)
        .any(|line| head_text(line).as_bytes() == text);
    if !listed {
        return Err(DpError::Ledger { path });
    }
    let store = folder.join(STORE);
    for file in std::fs::read_dir(&store).map_err(DpError::io(&store))? {
        let file = file.map_err(DpError::io(&store))?;
        let name = file.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let of = account
            .releases
            .iter()
            .find(|r| file_name(&r.release) == name);
        let sound = match of.map(|r| r.measurements) {
            // Nobody paid for it.
            None => false,
            // A crash before the commit: the next run of the release writes it again.
            Some(None) => true,
            Some(Some(digest)) => {
                let (found, _) =
                    Digest::of_file(&file.path()).map_err(DpError::io(&file.path()))?;
                found == digest
            }
        };
        if !sound {
            return Err(DpError::Ledger { path: file.path() });
        }
    }
    Ok(account)
}

fn file_name(release: &ReleaseId) -> String {
    format!("{release}.json")
}

fn stored(folder: &Path, release: &ReleaseId) -> PathBuf {
    folder.join(STORE).join(file_name(release))
}

fn write_head(folder: &Path, line: &Line) -> Result<(), DpError> {
    replace(folder, HEAD, head_text(line).as_bytes())
}

fn head_text(line: &Line) -> String {
    let head = Head {
        sequence: line.sequence,
        digest: line.digest,
    };
    serde_json::to_string(&head).unwrap_or_default() + "\n"
}

/// Writes a file whole: to a name that is not read, synced, renamed, and the folder synced.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), DpError> {
    let (path, partial) = (folder.join(name), folder.join(format!(".{name}.partial")));
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&partial, &path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(DpError::io(&path))
}
