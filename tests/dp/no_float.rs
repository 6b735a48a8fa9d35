//! No floating point where privacy is decided: the sources are read for it. Goodness of fit cannot
//! see a rounded sampler (`t4`), so it must not be written.

use std::path::{Path, PathBuf};

/// Rooms and files of `src/protect/dp` without floating point.
const EXACT: [&str; 9] = [
    "exact",
    "sampler",
    "accounting",
    "ledger",
    "measure.rs",
    "noise_key.rs",
    "tabulate.rs",
    "domain.rs",
    "input.rs",
];

fn sources(path: &Path, out: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("folder") {
            sources(&entry.expect("entry").path(), out);
        }
    } else if path.extension().is_some_and(|e| e == "rs") {
        out.push(path.to_path_buf());
    }
}

/// Lines of code with floating point; remarks, texts and tests are no code.
fn floats(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines()
        .filter(|line| {
            let code = line.split("//").next().unwrap_or_default();
            let outside: String = code.split('"').step_by(2).collect();
            let bytes = outside.as_bytes();
            let is_digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
            let literal = (1..bytes.len()).any(|i| {
                let whole = bytes[i] == b'.' && is_digit(i - 1) && is_digit(i + 1);
                // `t.0.1` is a place of a place, not a number.
                let mut start = i - 1;
                while start > 0 && is_digit(start) {
                    start -= 1;
                }
                whole && bytes.get(start) != Some(&b'.')
            });
            outside.contains("f64") || outside.contains("f32") || literal
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_scan_sees_floating_point() {
    for wrong in ["let x: f64 = y;", "a * 0.5", "f32::from(3)", "x.powf(2.5)"] {
        assert_eq!(floats(wrong).len(), 1, "{wrong}");
    }
    for right in ["// 0.5 of f64", "\"0.1\"", "pair.0.1", "1..5", "a.0"] {
        assert!(floats(right).is_empty(), "{right}");
    }
}

#[test]
fn the_exact_rooms_have_none() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protect/dp");
    let mut files = Vec::new();
    for room in EXACT {
        let before = files.len();
        sources(&root.join(room), &mut files);
        assert!(files.len() > before, "{room} is there");
    }
    for file in files {
        let source = std::fs::read_to_string(&file).expect("source");
        assert_eq!(floats(&source), Vec::<String>::new(), "{}", file.display());
    }
}

#[test]
fn the_exact_rooms_forbid_it_to_the_linter_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protect/dp");
    for room in ["exact", "sampler", "accounting", "ledger"] {
        let source = std::fs::read_to_string(root.join(room).join("mod.rs")).expect("room");
        assert!(
            source.contains("#![deny(clippy::float_arithmetic)]"),
            "{room}"
        );
    }
}
