//! Reading the files of a system: batches in parallel, results in the order of the files.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::assemble::Assembly;
use super::convert::Setting;
use super::error::{IngestError, Problem};
use super::ledger::Ledger;
use super::mapping::Mapping;
use super::met::Met;
use super::read::{self, Binding, RawBatch, RowReader};
use super::rows::{FileContext, Processed, Rejected, process};
use crate::progress::Progress;

/// Files from this size on are read batch by batch; smaller ones several at a time.
const LARGE: u64 = 32 << 20;

/// A file to be read.
pub struct InputFile<'a> {
    /// The source, by its place in the job.
    pub source: usize,
    /// The source's schema, made ready.
    pub mapping: &'a Mapping,
    /// The file.
    pub path: &'a Path,
    /// What `{la}` matched.
    pub capture: Option<&'a str>,
    /// Its number in the job.
    pub number: u32,
    /// For each target, the unit of the account.
    pub units: Vec<u32>,
}

impl InputFile<'_> {
    fn context<'c>(
        &'c self,
        binding: &'c Binding,
        width: usize,
        setting: Setting,
    ) -> FileContext<'c> {
        FileContext {
            mapping: self.mapping,
            binding,
            capture: self.capture,
            setting,
            file: self.number,
            units: &self.units,
            width,
        }
    }
}

/// How a file is named in accounts and in the quarantine: with its folder, without what is above.
pub fn label(path: &Path) -> String {
    let mut parts: Vec<String> = path
        .components()
        .rev()
        .take(2)
        .map(|c| c.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.reverse();
    parts.join("/")
}

/// Reads the files of one system into its assembly.
pub fn read_files(
    files: &[InputFile<'_>],
    setting: Setting,
    assembly: &mut Assembly<'_>,
    ledger: &mut Ledger,
    progress: &dyn Progress,
) -> Result<Vec<Problem>, IngestError> {
    let mut problems = Vec::new();
    let size = |f: &InputFile<'_>| std::fs::metadata(f.path).map_or(0, |m| m.len());
    let together = rayon::current_num_threads() * 8;
    let mut rest = files;
    while let Some(first) = rest.first() {
        if size(first) >= LARGE {
            problems.extend(large(first, setting, assembly, ledger, progress)?);
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let n = rest
            .iter()
            .take(together)
            .take_while(|f| size(f) < LARGE)
            .count();
        let (now, later) = rest.split_at(n);
        rest = later;
        let results: Vec<Result<Vec<Processed>, Vec<Problem>>> =
            now.par_iter().map(|f| small(f, setting)).collect();
        for (file, result) in now.iter().zip(results) {
            match result {
                Ok(parts) => {
                    let mut absorbing = Absorbing::new(file, assembly.folder());
                    for part in parts {
                        absorbing.absorb(part, assembly, ledger, progress)?;
                    }
                }
                Err(found) => problems.extend(found),
            }
        }
    }
    Ok(problems)
}

fn small(file: &InputFile<'_>, setting: Setting) -> Result<Vec<Processed>, Vec<Problem>> {
    let mut reader = read::open(file.path, file.mapping)?;
    let binding = reader.binding().clone();
    let context = file.context(&binding, reader.width(), setting);
    let mut parts = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        parts.push(process(&context, &batch));
    }
    Ok(parts)
}

/// Three things at a time: the next batches are read and the last ones stored by one thread, while
/// the others work on those between. Memory holds two rounds of batches, whatever the file's size.
fn large(
    file: &InputFile<'_>,
    setting: Setting,
    assembly: &mut Assembly<'_>,
    ledger: &mut Ledger,
    progress: &dyn Progress,
) -> Result<Vec<Problem>, IngestError> {
    let mut reader = match read::open(file.path, file.mapping) {
        Ok(reader) => reader,
        Err(problems) => return Ok(problems),
    };
    let binding = reader.binding().clone();
    let context = file.context(&binding, reader.width(), setting);
    let round = rayon::current_num_threads() * 4;
    let mut absorbing = Absorbing::new(file, assembly.folder());
    let mut done: Vec<Processed> = Vec::new();
    let mut raw = match next_round(reader.as_mut(), round) {
        Ok(raw) => raw,
        Err(problems) => return Ok(problems),
    };
    while !raw.is_empty() {
        let (next, now): ((Result<_, _>, Result<(), IngestError>), Vec<Processed>) = rayon::join(
            || {
                let stored = std::mem::take(&mut done)
                    .into_iter()
                    .try_for_each(|part| absorbing.absorb(part, assembly, ledger, progress));
                (next_round(reader.as_mut(), round), stored)
            },
            || {
                raw.par_iter()
                    .map(|batch| process(&context, batch))
                    .collect()
            },
        );
        next.1?;
        done = now;
        raw = match next.0 {
            Ok(raw) => raw,
            Err(problems) => return Ok(problems),
        };
    }
    for part in done {
        absorbing.absorb(part, assembly, ledger, progress)?;
    }
    Ok(Vec::new())
}

fn next_round(reader: &mut dyn RowReader, round: usize) -> Result<Vec<RawBatch>, Vec<Problem>> {
    let mut batches = Vec::with_capacity(round);
    while batches.len() < round {
        match reader.next_batch()? {
            Some(batch) => batches.push(batch),
            None => break,
        }
    }
    Ok(batches)
}

/// Takes the results of one file in its order, and knows the keys that were there before.
struct Absorbing<'a> {
    file: &'a InputFile<'a>,
    /// Of each key the fingerprint of its row.
    keys: Met,
}

impl<'a> Absorbing<'a> {
    fn new(file: &'a InputFile<'a>, folder: &Path) -> Self {
        Absorbing {
            file,
            keys: Met::new(folder),
        }
    }

    fn absorb(
        &mut self,
        mut part: Processed,
        assembly: &mut Assembly<'_>,
        ledger: &mut Ledger,
        progress: &dyn Progress,
    ) -> Result<(), IngestError> {
        let file = self.file;
        for (t, unit) in file.units.iter().enumerate() {
            ledger.came(*unit, part.rows[t], part.out_of_scope[t]);
        }
        progress.advance(part.rows.first().copied().unwrap_or_default());
        for rejected in &part.rejected {
            hold(file, *rejected, ledger);
        }
        self.double_keys(&mut part, ledger)?;
        for (index, quality) in part.quality.iter().enumerate() {
            if let Some(field) = file.mapping.schema.fields.get(index) {
                ledger.quality(file.source, &field.name, *quality);
            }
        }
        for (target, chunk) in file.mapping.targets.iter().zip(part.chunks) {
            assembly.take(target.table, chunk, ledger)?;
        }
        Ok(())
    }

    /// A key that was there before: the same row again is merged, another row is held back.
    fn double_keys(
        &mut self,
        part: &mut Processed,
        ledger: &mut Ledger,
    ) -> Result<(), IngestError> {
        for &(row, key, content) in &part.keys {
            let Some(before) = self.keys.get(key)? else {
                self.keys.put(key, content)?;
                continue;
            };
            let mut told = false;
            for (chunk, unit) in part.chunks.iter_mut().zip(&self.file.units) {
                if !chunk.drop_number(row) {
                    continue;
                }
                if before == content {
                    ledger.merged_in(*unit);
                } else if told {
                    ledger.hold_silently(*unit);
                } else {
                    told = true;
                    let key = self.file.mapping.key.first().copied().unwrap_or_default();
                    let which = super::rows::Which::Field(key);
                    ledger.hold(*unit, row, 0, "primaryKey", which);
                }
            }
        }
        Ok(())
    }
}

fn hold(file: &InputFile<'_>, r: Rejected, ledger: &mut Ledger) {
    match r.target {
        Some(t) => {
            if let Some(unit) = file.units.get(t) {
                ledger.hold(*unit, r.row, r.line, r.rule, r.which);
            }
        }
        None => {
            for (i, unit) in file.units.iter().enumerate() {
                if i == 0 {
                    ledger.hold(*unit, r.row, r.line, r.rule, r.which);
                } else {
                    ledger.hold_silently(*unit);
                }
            }
        }
    }
}

/// A file whose path the job names, for problems.
pub fn missing_capture(file: &Path, source: &str) -> Problem {
    Problem::NoCapture {
        file: PathBuf::from(file),
        source: source.to_owned(),
    }
}
