//! Where a key comes from: a file, an open file descriptor, or the output of a command.
//!
//! All three give the same text. The command is the seam for a key service or a hardware module:
//! it is started without a shell, with nothing on its standard input, and what it writes to
//! standard error is thrown away, because it could hold the key. No source takes the key itself
//! from an argument or from the environment, where every account of the machine may see it.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use super::error::{CommandFailure, KeyError};
use super::for_files::{AnyKey, FileKey};
use super::master::MasterKey;
use super::text::{SecretText, private};

/// How long a file descriptor or a command may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Where a key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file of mode 0600.
    File(PathBuf),
    /// A file descriptor that is open when the program starts: 0, or 3 and above.
    Descriptor(i32),
    /// A program, by its absolute path, and its arguments: it writes the key to standard output.
    Command {
        /// The program.
        program: PathBuf,
        /// Its arguments. Everybody on the machine can see them: no secret belongs here.
        arguments: Vec<String>,
    },
}

impl KeySource {
    /// The source that `--key` names: `fd:3`, or a file. A file whose name begins with `fd:` is
    /// written `./fd:…`.
    ///
    /// # Errors
    /// What is wrong with the number of a file descriptor.
    pub fn of_argument(argument: &OsStr) -> Result<Self, String> {
        let number = argument.to_str().and_then(|text| text.strip_prefix("fd:"));
        match number {
            None => Ok(KeySource::File(PathBuf::from(argument))),
            Some(number) => number
                .parse()
                .ok()
                .and_then(KeySource::descriptor)
                .ok_or_else(|| "a file descriptor is fd:0, or fd:3 and above".to_owned()),
        }
    }

    /// A file descriptor; standard output and standard error are none to read from.
    pub fn descriptor(number: i32) -> Option<Self> {
        (number == 0 || number >= 3).then_some(KeySource::Descriptor(number))
    }

    /// A command, if its program is named by its absolute path: what a search path finds is
    /// decided by whoever sets the environment.
    pub fn command(words: &[String]) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        Path::new(program)
            .is_absolute()
            .then(|| KeySource::Command {
                program: PathBuf::from(program),
                arguments: arguments.to_vec(),
            })
    }

    /// How messages name it: the file, `fd:3`, the program.
    pub fn shown(&self) -> PathBuf {
        match self {
            KeySource::File(path) => path.clone(),
            KeySource::Descriptor(number) => PathBuf::from(format!("fd:{number}")),
            KeySource::Command { program, .. } => program.clone(),
        }
    }

    /// Reads a key for pseudonyms.
    ///
    /// # Errors
    /// Whatever is wrong with the source or the key; never a byte of it.
    pub fn load(&self) -> Result<MasterKey, KeyError> {
        self.load_within(LIMIT)
    }

    /// Reads a key for files.
    ///
    /// # Errors
    /// As [`KeySource::load`]; a key for pseudonyms is refused.
    pub fn load_for_files(&self) -> Result<FileKey, KeyError> {
        FileKey::of_text(&self.text_within(LIMIT)?, &self.shown())
    }

    /// Reads a key of either kind.
    ///
    /// # Errors
    /// As [`KeySource::load`].
    pub fn load_any(&self) -> Result<AnyKey, KeyError> {
        AnyKey::of_text(&self.text_within(LIMIT)?, &self.shown())
    }

    fn load_within(&self, limit: Duration) -> Result<MasterKey, KeyError> {
        MasterKey::of_text(&self.text_within(limit)?, &self.shown())
    }

    fn text_within(&self, limit: Duration) -> Result<SecretText, KeyError> {
        let shown = self.shown();
        match self {
            KeySource::File(path) => SecretText::of_file(path),
            KeySource::Descriptor(number) => {
                let file = opened(*number).map_err(|kind| KeyError::Unreadable {
                    path: shown.clone(),
                    kind,
                })?;
                private(&file, &shown)?;
                read_within(file, limit, &shown)
            }
            KeySource::Command { program, arguments } => {
                output_of(program, arguments, limit, &shown)
            }
        }
    }
}

/// A duplicate of an open file descriptor. It is asked of the kernel through a handle of this
/// process, so that a number that is not open is an error; where that is forbidden (some
/// containers), the file is opened anew through `/proc`.
fn opened(number: i32) -> Result<File, std::io::ErrorKind> {
    let duplicate = pidfd_open(getpid(), PidfdFlags::empty())
        .and_then(|this| pidfd_getfd(this, number, PidfdGetfdFlags::empty()));
    match duplicate {
        Ok(descriptor) => Ok(File::from(descriptor)),
        Err(_) => File::open(format!("/proc/self/fd/{number}")).map_err(|e| e.kind()),
    }
}

/// Reads to the end on a thread of its own. If the time is up the thread is left behind: it holds
/// nothing but its own buffer, and ends with the process.
fn read_within(
    from: impl std::io::Read + Send + 'static,
    limit: Duration,
    shown: &Path,
) -> Result<SecretText, KeyError> {
    let (give, take) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let _ = give.send(SecretText::read(from));
    });
    match take.recv_timeout(limit) {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(kind)) => Err(KeyError::Unreadable {
            path: shown.to_path_buf(),
            kind,
        }),
        Err(_) => Err(KeyError::Late {
            path: shown.to_path_buf(),
            seconds: limit.as_secs(),
        }),
    }
}

fn output_of(
    program: &Path,
    arguments: &[String],
    limit: Duration,
    shown: &Path,
) -> Result<SecretText, KeyError> {
    let failed = |failure| KeyError::Command {
        path: shown.to_path_buf(),
        failure,
    };
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| failed(CommandFailure::NotStarted(e.kind())))?;
    let text = match child.stdout.take() {
        Some(output) => read_within(output, limit, shown),
        None => Err(failed(CommandFailure::Signal)),
    };
    // A longer output than a key is not waited for.
    let left = match &text {
        Ok(text) if text.get().is_err() => limit.min(Duration::from_secs(1)),
        Ok(_) => limit.saturating_sub(began.elapsed()),
        Err(_) => Duration::ZERO,
    };
    let status = ended_within(&mut child, left);
    let text = text?;
    match status.map(|s| (s.code(), s.signal())) {
        Some((Some(0), _)) => Ok(text),
        Some((Some(code), _)) => Err(failed(CommandFailure::Code(code))),
        Some(_) => Err(failed(CommandFailure::Signal)),
        None if text.get().is_err() => Ok(text),
        None => Err(KeyError::Late {
            path: shown.to_path_buf(),
            seconds: limit.as_secs(),
        }),
    }
}

/// Waits for the end of a command; when the time is up it is killed, and its end is none.
fn ended_within(child: &mut Child, limit: Duration) -> Option<std::process::ExitStatus> {
    let began = Instant::now();
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if began.elapsed() >= limit {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests;
