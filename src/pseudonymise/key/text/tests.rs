//! Key files, good and bad.

use super::*;

fn of(text: &[u8]) -> Result<MasterKey, KeyError> {
    MasterKey::of_text(&SecretText::read(text).expect("read"), Path::new("k"))
}

fn flaw(text: &[u8]) -> Option<Flaw> {
    match of(text) {
        Err(KeyError::Malformed { flaw, .. }) => Some(flaw),
        _ => None,
    }
}

#[test]
fn a_key_survives_its_file_and_a_changed_character_does_not() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("a.key");
    let key = MasterKey::random(Purpose::Production).expect("entropy");
    key.save(&path).expect("saved");
    let mode = std::fs::metadata(&path).expect("there").mode() & 0o777;
    assert_eq!(mode, 0o600);
    let back = MasterKey::load(&path).expect("loaded");
    assert_eq!(back.fingerprint(), key.fingerprint());
    assert_eq!(
        key.save(&path),
        Err(KeyError::Exists { path: path.clone() })
    );

    let text = std::fs::read(&path).expect("text");
    for place in 0..text.len() {
        for other in [b'0', b'1', b'a', b'F', b' ', b'\n', 0xff] {
            let mut changed = text.clone();
            if changed[place] != other {
                changed[place] = other;
                assert!(of(&changed).is_err(), "character {place}");
            }
        }
    }
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("a.key");
    MasterKey::of_rehearsal_seed(1).save(&path).expect("saved");
    for mode in [0o640, 0o604, 0o660, 0o644, 0o610] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("mode");
        assert!(matches!(
            MasterKey::load(&path),
            Err(KeyError::Exposed { mode: m, .. }) if m == mode
        ));
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("a.key");
    MasterKey::of_rehearsal_seed(1).save(&path).expect("saved");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).expect("link");
    let private = folder.path().join("folder");
    std::fs::create_dir(&private).expect("folder");
    std::fs::set_permissions(&private, std::fs::Permissions::from_mode(0o700)).expect("mode");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    for path in [link, private, pipe] {
        assert_eq!(
            MasterKey::load(&path).err(),
            Some(KeyError::NotAFile { path })
        );
    }
    assert!(matches!(
        MasterKey::load(&folder.path().join("absent")),
        Err(KeyError::Unreadable {
            kind: ErrorKind::NotFound,
            ..
        })
    ));
    // Nor is a key written through a link, even one that leads nowhere.
    let dangling = folder.path().join("dangling");
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &dangling).expect("link");
    assert!(MasterKey::of_rehearsal_seed(1).save(&dangling).is_err());
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn what_is_no_key_is_refused_and_says_why() {
    assert_eq!(flaw(b""), Some(Flaw::Empty));
    assert_eq!(flaw(&[0xff; 100]), Some(Flaw::Binary));
    assert_eq!(flaw(&[b'a'; LONGEST + 1]), Some(Flaw::Long));
    assert_eq!(flaw(&[b'a'; LONGEST]), Some(Flaw::Other));
    assert_eq!(flaw(b"kinlink-key-v1\n"), Some(Flaw::Other));
    assert_eq!(flaw(b"hunter2\n"), Some(Flaw::Other));
    let with = |key: &str| {
        of(format!("{HEADER}\npurpose rehearsal\nkey {key}\ncheck 0011223344556677\n").as_bytes())
            .err()
            .expect("refused")
    };
    assert!(matches!(
        with(&"ab".repeat(31)),
        KeyError::Length { bytes: 31, .. }
    ));
    assert!(matches!(
        with(&"ab".repeat(33)),
        KeyError::Length { bytes: 33, .. }
    ));
    assert!(matches!(with(""), KeyError::Length { bytes: 0, .. }));
    assert!(matches!(with(&"ab".repeat(32)), KeyError::Weak { .. }));
    assert!(matches!(
        with(&super::super::hexadecimal::hex(
            b"correct horse battery staple 123"
        )),
        KeyError::Weak { .. }
    ));
}

#[test]
fn no_error_holds_a_byte_of_the_key() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("a.key");
    let key = MasterKey::random(Purpose::Production).expect("entropy");
    key.save(&path).expect("saved");
    let text = std::fs::read_to_string(&path).expect("text");
    let digits = text
        .lines()
        .nth(2)
        .and_then(|l| l.strip_prefix("key "))
        .expect("digits");
    for bad in [
        text.replace("check ", "check 0"),
        text.replace("purpose production", "purpose"),
        format!(
            "{HEADER}\npurpose production\nkey {}\ncheck 00\n",
            &digits[..60]
        ),
        text.trim_end().to_owned(),
    ] {
        let error = of(bad.as_bytes()).err().expect("refused");
        let said = format!("{error} {error:?}");
        assert!(!said.contains(&digits[..8]), "{said}");
    }
}
