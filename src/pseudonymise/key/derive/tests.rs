//! Known answers: of the standards, and of the derivation itself.

use hmac::{Hmac, KeyInit, Mac};

use super::*;
use crate::pseudonymise::key::MasterKey;
use crate::pseudonymise::key::hexadecimal::hex;

fn bytes(digits: &str) -> Vec<u8> {
    let mut out = vec![0; digits.len() / 2];
    assert!(fill(&mut out, digits));
    out
}

#[test]
fn hkdf_is_that_of_rfc_5869() {
    // Appendix A, test cases 1 to 3: input, salt, info, length, pseudorandom key, output.
    let long = |from: u8, to: u8| hex(&(from..=to).collect::<Vec<u8>>()).to_string();
    for (input, salt, info, length, pseudorandom, output) in [
        (
            "0b".repeat(22),
            long(0, 12),
            long(0xf0, 0xf9),
            42,
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            long(0, 0x4f),
            long(0x60, 0xaf),
            long(0xb0, 0xff),
            82,
            "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb\
             41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            "0b".repeat(22),
            String::new(),
            String::new(),
            42,
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ] {
        let (extracted, hkdf) = Hkdf::<Sha256>::extract(Some(&bytes(&salt)), &bytes(&input));
        assert_eq!(*hex(&extracted), pseudorandom);
        let mut out = vec![0; length];
        hkdf.expand(&bytes(&info), &mut out).expect("a length");
        assert_eq!(*hex(&out), output);
    }
}

#[test]
fn hmac_is_that_of_rfc_4231() {
    // Test case 2 has a four-byte key, which a SubKey cannot have; the crate is checked here so
    // that a change of crate is noticed.
    let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").expect("any length");
    mac.update(b"what do ya want for nothing?");
    let full = mac.finalize().into_bytes();
    assert_eq!(
        *hex(&full),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn the_derivation_is_a_known_answer() {
    // Computed with another implementation (Python's hmac and hashlib). If this fails, every
    // pseudonym of every project has changed: raise VERSION, and say so in docs/keys.md.
    let master = MasterKey::of_rehearsal_seed(7);
    let keys = master.for_project("prison children", "2025");
    let of = |keys: &ProjectKeys, path: &[&str]| {
        hex(&keys.derive(path).mac(&[b"custody", b"A1234BC"])).to_string()
    };
    let recipe = hex(&Sha256::digest(b"a recipe"));
    assert_eq!(
        of(&keys, &["record pseudonym"]),
        "84b9e9515cdf06ce021882bb082342ab"
    );
    assert_eq!(
        of(&keys, &[&recipe, "match key", "adult", "surname+sex"]),
        "f8fef8d9745bea51e838dd7a7e6c423b"
    );
    let stated: [u8; 32] = std::array::from_fn(|i| i as u8);
    let salt = Salt::from_hex(&hex(&stated)).expect("a salt");
    let salted = master.for_project_salted(&salt, "prison children", "2025");
    assert_eq!(
        of(&salted, &["record pseudonym"]),
        "98cb4ba6631905966809e7ed67762442"
    );
    assert_eq!(salted.fingerprint(), master.fingerprint());
}

#[test]
fn a_salt_is_sixty_four_digits() {
    assert!(Salt::from_hex(&"0a".repeat(32)).is_some());
    for bad in [
        "",
        "0a",
        &"0a".repeat(33),
        &"0A".repeat(32),
        &"0g".repeat(32),
    ] {
        assert_eq!(Salt::from_hex(bad), None);
    }
    assert_ne!(Salt::of_project("a"), Salt::of_project("b"));
}

#[test]
fn keys_projects_rounds_salts_and_paths_all_give_other_keys() {
    let key = MasterKey::of_rehearsal_seed(7);
    let other_seed = MasterKey::of_rehearsal_seed(8);
    let salt = Salt::of_project("another");
    let mut seen = std::collections::BTreeSet::new();
    for (key, salt, project, round, path) in [
        (&key, None, "a", "1", &["x", "y"][..]),
        (&key, None, "a", "2", &["x", "y"]),
        (&key, None, "b", "1", &["x", "y"]),
        (&key, None, "a1", "", &["x", "y"]),
        (&key, None, "a", "1", &["xy", ""]),
        (&key, None, "a", "1", &["", "xy"]),
        (&key, None, "a", "1", &["xy"]),
        (&key, Some(&salt), "a", "1", &["x", "y"]),
        (&other_seed, None, "a", "1", &["x", "y"]),
    ] {
        let keys = match salt {
            Some(salt) => key.for_project_salted(salt, project, round),
            None => key.for_project(project, round),
        };
        assert!(seen.insert(keys.derive(path).mac(&[b"m"])));
    }
}

#[test]
fn the_purpose_is_part_of_the_key() {
    let rehearsal = MasterKey::of_rehearsal_seed(7);
    let production = MasterKey::filled(crate::purpose::Purpose::Production, |b| {
        *b = *rehearsal.bytes();
        true
    })
    .expect("filled");
    assert_ne!(rehearsal.fingerprint(), production.fingerprint());
    let mac = |k: &MasterKey| k.for_project("a", "1").derive(&["x"]).mac(&[b"m"]);
    assert_ne!(mac(&rehearsal), mac(&production));
}
