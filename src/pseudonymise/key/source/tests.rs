//! Keys from descriptors and commands.

use std::io::{Seek, Write};
use std::os::fd::AsRawFd;

use super::*;
use crate::pseudonymise::key::error::Flaw;

fn saved(folder: &Path) -> (PathBuf, String) {
    let path = folder.join("a.key");
    let key = MasterKey::of_rehearsal_seed(11);
    key.save(&path).expect("saved");
    (path, key.fingerprint().to_string())
}

fn shell(script: &str) -> KeySource {
    KeySource::command(&["/bin/sh".into(), "-c".into(), script.into()]).expect("absolute")
}

fn code(source: &KeySource, limit: Duration) -> KeyError {
    source.load_within(limit).err().expect("refused")
}

#[test]
fn arguments_name_files_and_descriptors() {
    let of = |text: &str| KeySource::of_argument(OsStr::new(text));
    assert_eq!(of("a/b.key"), Ok(KeySource::File("a/b.key".into())));
    assert_eq!(of("./fd:3"), Ok(KeySource::File("./fd:3".into())));
    assert_eq!(of("fd:3"), Ok(KeySource::Descriptor(3)));
    assert_eq!(of("fd:0"), Ok(KeySource::Descriptor(0)));
    for bad in ["fd:1", "fd:2", "fd:-1", "fd:", "fd:x", "fd:99999999999"] {
        assert!(of(bad).is_err(), "{bad}");
    }
    let words = |w: &[&str]| w.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    assert_eq!(KeySource::command(&[]), None);
    assert_eq!(KeySource::command(&words(&["cat", "key"])), None);
    assert!(KeySource::command(&words(&["/bin/cat", "key"])).is_some());
}

#[test]
fn a_pipe_and_a_file_are_read_by_their_descriptors() {
    let folder = tempfile::tempdir().expect("folder");
    let (path, fingerprint) = saved(folder.path());
    let text = std::fs::read(&path).expect("text");
    let (read, mut write) = std::io::pipe().expect("a pipe");
    write.write_all(&text).expect("written");
    drop(write);
    let key = KeySource::Descriptor(read.as_raw_fd()).load();
    assert_eq!(key.expect("loaded").fingerprint().to_string(), fingerprint);

    let mut file = File::open(&path).expect("opened");
    let source = KeySource::Descriptor(file.as_raw_fd());
    let key = source.load().expect("loaded");
    assert_eq!(key.fingerprint().to_string(), fingerprint);
    file.rewind().expect("rewound");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.set_permissions(open).expect("mode");
    assert!(matches!(source.load(), Err(KeyError::Exposed { .. })));

    assert!(matches!(
        KeySource::Descriptor(987_654).load(),
        Err(KeyError::Unreadable { .. })
    ));
}

#[test]
fn a_descriptor_that_never_ends_is_given_up() {
    let (read, write) = std::io::pipe().expect("a pipe");
    let source = KeySource::Descriptor(read.as_raw_fd());
    let error = code(&source, Duration::from_millis(50));
    assert!(matches!(error, KeyError::Late { .. }), "{error}");
    drop(write);
}

#[test]
fn a_command_gives_the_key() {
    let folder = tempfile::tempdir().expect("folder");
    let (path, fingerprint) = saved(folder.path());
    let words = ["/bin/cat".to_owned(), path.display().to_string()];
    let source = KeySource::command(&words).expect("absolute");
    let key = source.load().expect("loaded");
    assert_eq!(key.fingerprint().to_string(), fingerprint);
    // No shell: nothing in an argument is expanded.
    let words = ["/bin/cat".to_owned(), format!("{} ; :", path.display())];
    let source = KeySource::command(&words).expect("absolute");
    assert!(matches!(
        source.load(),
        Err(KeyError::Command {
            failure: CommandFailure::Code(1),
            ..
        })
    ));
}

#[test]
fn a_command_that_fails_says_how() {
    let long = Duration::from_secs(20);
    let failure = |source: &KeySource| match code(source, long) {
        KeyError::Command { failure, .. } => Some(failure),
        _ => None,
    };
    assert_eq!(failure(&shell("exit 3")), Some(CommandFailure::Code(3)));
    assert_eq!(failure(&shell("kill -9 $$")), Some(CommandFailure::Signal));
    let absent = KeySource::command(&["/no/such/program".into()]).expect("absolute");
    assert_eq!(
        failure(&absent),
        Some(CommandFailure::NotStarted(std::io::ErrorKind::NotFound))
    );
    // A good key and a bad end: the key is not used.
    let folder = tempfile::tempdir().expect("folder");
    let (path, _) = saved(folder.path());
    let both = shell(&format!("cat {}; exit 1", path.display()));
    assert_eq!(failure(&both), Some(CommandFailure::Code(1)));
    assert!(matches!(
        code(&shell("true"), long),
        KeyError::Malformed {
            flaw: Flaw::Empty,
            ..
        }
    ));
}

#[test]
fn a_command_that_hangs_or_floods_is_ended() {
    let began = Instant::now();
    let error = code(&shell("exec sleep 60"), Duration::from_millis(100));
    assert!(matches!(error, KeyError::Late { .. }), "{error}");
    let error = code(
        &shell("exec 1>&-; exec sleep 60"),
        Duration::from_millis(100),
    );
    assert!(
        matches!(error, KeyError::Late { .. } | KeyError::Malformed { .. }),
        "{error}"
    );
    let error = code(&shell("exec cat /dev/zero"), Duration::from_secs(20));
    assert!(
        matches!(
            error,
            KeyError::Malformed {
                flaw: Flaw::Long,
                ..
            } | KeyError::Command {
                failure: CommandFailure::Signal,
                ..
            }
        ),
        "{error}"
    );
    assert!(began.elapsed() < Duration::from_secs(15));
}
