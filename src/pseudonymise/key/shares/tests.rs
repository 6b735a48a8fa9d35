//! Splits restored, and everything that is no set of shares refused.

use super::*;

struct Dealt {
    folder: tempfile::TempDir,
    files: Vec<PathBuf>,
    fingerprint: String,
}

fn dealt(key: &MasterKey, shares: u8, threshold: u8) -> Dealt {
    let folder = tempfile::tempdir().expect("folder");
    let numbers = Split::new(shares, threshold).expect("numbers");
    let files = split(key, numbers, &folder.path().join("shares")).expect("split");
    assert_eq!(files.len(), usize::from(shares));
    Dealt {
        folder,
        files,
        fingerprint: key.fingerprint().to_string(),
    }
}

fn key() -> MasterKey {
    MasterKey::random(Purpose::Production).expect("entropy")
}

fn refused(files: &[PathBuf]) -> KeyError {
    combine(files).err().expect("refused")
}

/// Every subset of the files.
fn subsets(files: &[PathBuf]) -> Vec<Vec<PathBuf>> {
    (0..1_u32 << files.len())
        .map(|bits| {
            let chosen = files.iter().enumerate();
            let chosen = chosen.filter(|(i, _)| bits & (1 << i) != 0);
            chosen.map(|(_, path)| path.clone()).collect()
        })
        .collect()
}

#[test]
fn every_set_of_k_restores_the_key_and_no_smaller_one_does() {
    for (shares, threshold) in [(2, 2), (3, 2), (5, 3), (6, 6), (7, 4)] {
        let dealt = dealt(&key(), shares, threshold);
        for subset in subsets(&dealt.files) {
            if subset.len() >= usize::from(threshold) {
                let back = combine(&subset).expect("restored");
                assert_eq!(back.fingerprint().to_string(), dealt.fingerprint);
                assert_eq!(back.purpose(), Purpose::Production);
            } else {
                let needed = if subset.is_empty() { 2 } else { threshold };
                let given = subset.len();
                assert_eq!(refused(&subset), KeyError::TooFew { given, needed });
            }
        }
    }
}

#[test]
fn the_largest_split_works() {
    let dealt = dealt(&key(), 255, 255);
    let back = combine(&dealt.files).expect("restored");
    assert_eq!(back.fingerprint().to_string(), dealt.fingerprint);
    assert!(combine(&dealt.files[1..]).is_err());
}

#[test]
fn a_split_of_one_or_of_too_many_is_none() {
    for (shares, threshold) in [(0, 0), (1, 1), (5, 1), (5, 0), (3, 4)] {
        assert_eq!(
            Split::new(shares, threshold),
            Err(KeyError::Numbers { shares, threshold })
        );
    }
}

#[test]
fn one_wrong_character_is_noticed_and_its_file_named() {
    let dealt = dealt(&key(), 3, 2);
    let path = &dealt.files[1];
    let text = std::fs::read(path).expect("text");
    for place in 0..text.len() {
        for other in [b'0', b'7', b'c', b'C', b' ', b'\n', 0xff] {
            let mut changed = text.clone();
            if changed[place] == other {
                continue;
            }
            changed[place] = other;
            std::fs::write(path, &changed).expect("written");
            match refused(&dealt.files) {
                KeyError::Share { path: found, .. } => assert_eq!(&found, path),
                error => panic!("character {place}: {error}"),
            }
        }
    }
    for cut in [0, 1, text.len() / 2, text.len() - 1] {
        std::fs::write(path, &text[..cut]).expect("written");
        assert!(matches!(refused(&dealt.files), KeyError::Share { .. }));
    }
    std::fs::write(path, &text).expect("written");
    combine(&dealt.files).expect("restored");
}

#[test]
fn shares_of_other_keys_other_splits_and_copies_are_refused() {
    let (one, other) = (key(), key());
    let (a, b, c) = (dealt(&one, 3, 2), dealt(&one, 3, 2), dealt(&other, 3, 2));
    for stranger in [&b.files[1], &c.files[1]] {
        assert_eq!(
            refused(&[a.files[0].clone(), stranger.clone()]),
            KeyError::OtherSplit {
                path: stranger.clone(),
                than: a.files[0].clone()
            }
        );
    }
    let copy = a.folder.path().join("copy");
    std::fs::copy(&a.files[0], &copy).expect("copied");
    assert_eq!(
        refused(&[a.files[0].clone(), copy.clone()]),
        KeyError::Twice {
            path: copy,
            first: a.files[0].clone(),
            number: 1
        }
    );
}

#[test]
fn a_forged_share_is_noticed_even_where_there_are_enough_others() {
    let dealt = dealt(&key(), 4, 2);
    let text = std::fs::read_to_string(&dealt.files[3]).expect("text");
    let mut share = Share::of(&text).expect("a share");
    share.bytes[0] ^= 1;
    std::fs::write(&dealt.files[3], share.text().as_bytes()).expect("written");
    assert_eq!(refused(&dealt.files), KeyError::NotRestored);
    assert!(combine(&dealt.files[..3]).is_ok());
}

#[test]
fn shares_are_private_and_never_overwrite() {
    use std::os::unix::fs::PermissionsExt;
    let dealt = dealt(&key(), 3, 2);
    let folder = dealt.folder.path().join("shares");
    let mode = |p: &Path| std::fs::metadata(p).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert!(dealt.files.iter().all(|p| mode(p) == 0o600));
    let numbers = Split::new(3, 2).expect("numbers");
    assert_eq!(
        split(&key(), numbers, &folder),
        Err(KeyError::Occupied { path: folder })
    );
    std::fs::set_permissions(&dealt.files[2], std::fs::Permissions::from_mode(0o644))
        .expect("mode");
    assert!(matches!(refused(&dealt.files), KeyError::Exposed { .. }));
}

#[test]
fn one_share_says_nothing_of_the_key() {
    // Of a 2-of-2 split of one key dealt many times, the first byte of share 1 takes every value
    // about equally often. A bias against zero coefficients would keep one value from it.
    let key = MasterKey::of_rehearsal_seed(3);
    let mut seen = [0_u32; 256];
    let mut random = ChaCha20Rng::from_seed([5; 32]);
    for _ in 0..20_000 {
        let point = Sharks(2).dealer_rng(key.bytes(), &mut random).next();
        seen[usize::from(ordinates(&point.expect("a point"))[0])] += 1;
    }
    // Chi-square of 255 degrees: mean 255, standard deviation 22.6; six of them above.
    let expected = 20_000.0 / 256.0;
    let chi: f64 = seen
        .iter()
        .map(|n| (f64::from(*n) - expected).powi(2) / expected)
        .sum();
    assert!(chi < 391.0, "{chi}");
    assert!(seen.iter().all(|n| *n > 0));
}
