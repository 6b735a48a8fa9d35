//! Keys of files, good, bad and of the other kind.

use super::*;
use crate::purpose::Purpose;

fn of(text: &[u8]) -> Result<FileKey, KeyError> {
    FileKey::of_text(&SecretText::read(text).expect("read"), Path::new("k"))
}

fn written(save: impl Fn(&Path) -> Result<(), KeyError>) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("a.key");
    save(&path).expect("saved");
    std::fs::read(&path).expect("text")
}

#[test]
fn a_key_survives_its_file_and_a_changed_character_does_not() {
    let key = FileKey::random().expect("entropy");
    let text = written(|path| key.save(path));
    let back = of(&text).expect("read back");
    assert_eq!(back.bytes(), key.bytes());
    for place in 0..text.len() {
        for other in [b'0', b'1', b'a', b'F', b'=', b' ', b'\n', 0xff] {
            let mut changed = text.clone();
            if changed[place] != other {
                changed[place] = other;
                assert!(of(&changed).is_err(), "character {place}");
            }
        }
    }
    let last = text
        .split(|b| b.is_ascii_whitespace())
        .rfind(|w| !w.is_empty());
    let digits = last.expect("the key in base64");
    assert_eq!(STANDARD.decode(digits).expect("base64"), key.bytes());
}

#[test]
fn either_kind_is_refused_as_the_other() {
    let master = written(|path| MasterKey::of_rehearsal_seed(3).save(path));
    assert!(matches!(of(&master), Err(KeyError::ForPseudonyms { .. })));
    let files = written(|path| FileKey::random()?.save(path));
    let text = SecretText::read(files.as_slice()).expect("read");
    assert!(matches!(
        MasterKey::of_text(&text, Path::new("k")),
        Err(KeyError::ForFiles { .. })
    ));
    let any = AnyKey::of_text(&text, Path::new("k")).expect("a key");
    assert_eq!(any.purpose(), "files");
}

#[test]
fn the_same_bytes_have_another_fingerprint_as_the_other_kind() {
    let master = MasterKey::of_rehearsal_seed(3);
    let files = FileKey::filled(|bytes| {
        bytes.copy_from_slice(master.bytes());
        true
    });
    let files = files.expect("filled").fingerprint();
    assert_ne!(files, master.fingerprint());
    let production = MasterKey::filled(Purpose::Production, |bytes| {
        bytes.copy_from_slice(master.bytes());
        true
    });
    assert_ne!(files, production.expect("filled").fingerprint());
}

#[test]
fn what_is_no_key_of_files_is_refused() {
    let key = FileKey::random().expect("entropy");
    let text = String::from_utf8(written(|path| key.save(path))).expect("text");
    let digits = text.trim_end().rsplit(' ').next().expect("digits");
    let with =
        |digits: &str| text.replace(text.trim_end().rsplit(' ').next().unwrap_or(""), digits);
    let short = STANDARD.encode(&key.bytes()[..31]);
    let long = STANDARD.encode([key.bytes().as_slice(), &[7]].concat());
    for bad in [short.as_str(), &long, "", digits.trim_end_matches('=')] {
        assert!(matches!(
            of(with(bad).as_bytes()),
            Err(KeyError::MalformedFileKey {
                flaw: Flaw::Other,
                ..
            })
        ));
    }
    let weak = STANDARD.encode([0x3c; 32]);
    assert!(matches!(
        of(with(&weak).as_bytes()),
        Err(KeyError::Weak { .. })
    ));
    assert!(of(b"").is_err() && of(&[0xff; 40]).is_err() && of(&[b'x'; 9000]).is_err());
}
