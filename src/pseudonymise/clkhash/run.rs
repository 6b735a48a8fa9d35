//! The command's work: a table, a schema and a secret in, a file of CLKs out.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rayon::prelude::*;

use super::encoder::{Encoder, Worker};
use super::error::{Breach, ClkhashError};
use super::rows::{Chunk, Table};
use super::schema::{LinkageSchema, SchemaFault, SchemaRemark};
use super::secret::{Secret, Weakness};
use crate::progress::Progress;

/// Rows that one thread encodes at a time.
const SHARE: usize = 1 << 10;
/// Problems that are told at a time.
const TOLD: usize = 10;

/// What to encode.
#[derive(Debug, Clone)]
pub struct Job {
    /// The table, CSV with a header.
    pub input: PathBuf,
    /// The linkage schema.
    pub schema: PathBuf,
    /// The file with the secret.
    pub secret: PathBuf,
    /// The file to write.
    pub out: PathBuf,
}

/// What was encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Rows, and so CLKs.
    pub records: u64,
    /// Bits of a CLK.
    pub length: usize,
    /// Bits that are set, in all CLKs together.
    pub set_bits: u64,
}

/// What the user should know before the result is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// About the schema.
    Schema(SchemaRemark),
    /// About the secret.
    Secret(Weakness),
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Remark::Schema(SchemaRemark::XorFoldsIgnored) => f.write_str(
                "the schema's `xorFolds` has no effect: clkhash reads `xor_folds`, and so the \
                 records are not folded",
            ),
            Remark::Schema(SchemaRemark::UnreadKey(path)) => {
                write!(
                    f,
                    "the schema's key `{path}` has no effect: clkhash does not read it"
                )
            }
            Remark::Schema(SchemaRemark::SingleFeature) => f.write_str(
                "the schema hashes a single feature: the frequency of its values tells many of \
                 them without any list of people",
            ),
            Remark::Secret(Weakness::Empty) => {
                f.write_str("the secret is empty: anybody can make the same records")
            }
            Remark::Secret(Weakness::Short) => {
                f.write_str("the secret is shorter than 32 bytes and can be guessed")
            }
            Remark::Secret(Weakness::Exposed(mode)) => write!(
                f,
                "the file with the secret can be read by others (mode {mode:04o}): `chmod 600` it"
            ),
        }
    }
}

/// Encodes a table. `remark` is called before the first row is read.
pub fn encode_file(
    job: &Job,
    progress: &dyn Progress,
    remark: impl FnMut(Remark),
) -> Result<Summary, ClkhashError> {
    let (schema, secret) = prepare(job, remark)?;
    let encoder = Encoder::new(&schema, &secret).map_err(|problem| ClkhashError::Schema {
        path: job.schema.clone(),
        problems: vec![problem],
    })?;
    let table = Table::open(&job.input, schema.columns())?;
    refuse_overwriting(job)?;
    let mut out = Output::create(&job.out)?;
    progress.begin("records encoded", None);
    let counted = encode_table(job, &encoder, table, &mut out, progress);
    progress.end();
    let (records, set_bits) = counted?;
    out.finish()?;
    Ok(Summary {
        records,
        length: schema.length,
        set_bits,
    })
}

fn prepare(
    job: &Job,
    mut remark: impl FnMut(Remark),
) -> Result<(LinkageSchema, Secret), ClkhashError> {
    let text =
        std::fs::read_to_string(&job.schema).map_err(|e| ClkhashError::SchemaUnreadable {
            path: job.schema.clone(),
            kind: e.kind(),
        })?;
    // Some editors put a byte order mark before the text; JSON has none.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let schema = LinkageSchema::from_json(text).map_err(|fault| match fault {
        SchemaFault::NotJson(line) => ClkhashError::NotJson {
            path: job.schema.clone(),
            line,
        },
        SchemaFault::Problems(problems) => ClkhashError::Schema {
            path: job.schema.clone(),
            problems,
        },
    })?;
    let (secret, weak) = Secret::load(&job.secret)?;
    for one in schema.remarks() {
        remark(Remark::Schema(one.clone()));
    }
    for one in weak {
        remark(Remark::Secret(one));
    }
    Ok((schema, secret))
}

fn refuse_overwriting(job: &Job) -> Result<(), ClkhashError> {
    let same = |path: &Path| match (path.canonicalize(), job.out.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    };
    if [&job.input, &job.schema, &job.secret]
        .into_iter()
        .any(|p| same(p))
    {
        return Err(ClkhashError::Overwrites {
            path: job.out.clone(),
        });
    }
    Ok(())
}

/// Reads a chunk while the one before it is encoded; tells the records and their bits.
fn encode_table(
    job: &Job,
    encoder: &Encoder<'_>,
    mut table: Table,
    out: &mut Output,
    progress: &dyn Progress,
) -> Result<(u64, u64), ClkhashError> {
    let workers = Mutex::new(Vec::new());
    let (mut records, mut set_bits) = (0, 0);
    let mut chunk = table.next_chunk()?;
    while let Some(rows) = chunk {
        let (next, encoded) = rayon::join(
            || table.next_chunk(),
            || encode_chunk(job, encoder, &workers, &rows),
        );
        for share in encoded? {
            out.write(&share)?;
            set_bits += share.set_bits;
        }
        let count = u64::try_from(rows.len()).unwrap_or(0);
        records += count;
        progress.advance(count);
        chunk = next?;
    }
    Ok((records, set_bits))
}

/// CLKs as they stand in the result, each with a comma before it.
struct Share {
    text: String,
    set_bits: u64,
}

type Broken = (u64, usize, Breach);

fn encode_chunk(
    job: &Job,
    encoder: &Encoder<'_>,
    workers: &Mutex<Vec<Worker>>,
    rows: &Chunk,
) -> Result<Vec<Share>, ClkhashError> {
    let starts: Vec<usize> = (0..rows.len()).step_by(SHARE).collect();
    let shares: Vec<Result<Share, Vec<Broken>>> = starts
        .into_par_iter()
        .map(|start| {
            let idle = locked(workers).pop();
            let mut worker = idle.unwrap_or_else(|| encoder.worker());
            let share = encode_share(encoder, &mut worker, rows, start);
            locked(workers).push(worker);
            share
        })
        .collect();
    let mut encoded = Vec::with_capacity(shares.len());
    let mut broken = Vec::new();
    for share in shares {
        match share {
            Ok(share) => encoded.push(share),
            Err(places) => broken.extend(places),
        }
    }
    if broken.is_empty() {
        return Ok(encoded);
    }
    let places = broken
        .into_iter()
        .take(TOLD)
        .map(|(line, feature, breach)| (line, encoder.column(feature).to_owned(), breach));
    Err(ClkhashError::Values {
        path: job.input.clone(),
        places: places.collect(),
    })
}

fn locked(workers: &Mutex<Vec<Worker>>) -> std::sync::MutexGuard<'_, Vec<Worker>> {
    match workers.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}

fn encode_share(
    encoder: &Encoder<'_>,
    worker: &mut Worker,
    rows: &Chunk,
    start: usize,
) -> Result<Share, Vec<Broken>> {
    let end = rows.len().min(start + SHARE);
    let mut share = Share {
        text: String::with_capacity((end - start) * 180),
        set_bits: 0,
    };
    let mut bytes = Vec::new();
    let mut broken = Vec::new();
    for row in start..end {
        match encoder.encode(worker, rows.row(row), &mut bytes) {
            Ok(set) => {
                share.text.push_str(", \"");
                STANDARD.encode_string(&bytes, &mut share.text);
                share.text.push('"');
                share.set_bits += u64::from(set);
            }
            Err(wrong) => broken.push((rows.line(row), wrong.feature, wrong.breach)),
        }
    }
    if broken.is_empty() {
        Ok(share)
    } else {
        Err(broken)
    }
}

/// The result under a temporary name; it is removed unless it is finished.
struct Output {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    empty: bool,
    finished: bool,
}

impl Output {
    fn create(path: &Path) -> Result<Self, ClkhashError> {
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}.partial", std::process::id()));
        let partial = path.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)
            .map_err(|e| unwritable(path, &e))?;
        let mut out = Output {
            path: path.to_path_buf(),
            partial,
            file: BufWriter::with_capacity(1 << 18, file),
            empty: true,
            finished: false,
        };
        out.put("{\"clks\": [")?;
        Ok(out)
    }

    fn write(&mut self, share: &Share) -> Result<(), ClkhashError> {
        let text = match self.empty {
            true => share.text.get(2..).unwrap_or_default(),
            false => &share.text,
        };
        self.empty &= text.is_empty();
        self.put(text)
    }

    fn put(&mut self, text: &str) -> Result<(), ClkhashError> {
        self.file
            .write_all(text.as_bytes())
            .map_err(|e| unwritable(&self.path, &e))
    }

    fn finish(mut self) -> Result<(), ClkhashError> {
        self.put("]}\n")?;
        let done = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all())
            .and_then(|()| std::fs::rename(&self.partial, &self.path));
        done.map_err(|e| unwritable(&self.path, &e))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.finished {
            // If it cannot be removed there is nothing else to do about it.
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> ClkhashError {
    ClkhashError::Unwritable {
        path: path.to_path_buf(),
        kind: error.kind(),
    }
}
