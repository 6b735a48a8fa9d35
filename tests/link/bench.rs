//! A folder with a key, a specification and files of people, for tests of `kinlink link`.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

const FORENAMES: [&str; 12] = [
    "Ann", "Bryn", "Carys", "Dilys", "Emrys", "Ffion", "Gwen", "Huw", "Ifan", "Jac", "Lowri",
    "Mair",
];
const SURNAMES: [&str; 11] = [
    "Hobbs", "Parry", "O'Neil", "Pugh", "Bevan", "Craddock", "Daniel", "Ellis", "Foulkes", "Gough",
    "Harry",
];

/// A folder with a key, a specification and files of people; person `n` is always the same.
pub struct Bench {
    folder: tempfile::TempDir,
}

/// A number below `below` that depends on person and field alone (SplitMix64).
pub fn drawn(n: usize, field: u64, below: usize) -> usize {
    let mut z = (n as u64)
        .wrapping_mul(31)
        .wrapping_add(field)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) % below as u64) as usize
}

pub fn person(n: usize) -> [String; 5] {
    let (year, month, day) = (
        1960 + drawn(n, 1, 40),
        1 + drawn(n, 2, 12),
        1 + drawn(n, 3, 28),
    );
    [
        FORENAMES[drawn(n, 4, FORENAMES.len())].to_owned(),
        SURNAMES[drawn(n, 5, SURNAMES.len())].to_owned(),
        format!("{year}-{month:02}-{day:02}"),
        if drawn(n, 6, 2) == 0 { "F" } else { "M" }.to_owned(),
        format!("AB{} {}CD", 1 + drawn(n, 7, 90), drawn(n, 8, 10)),
    ]
}

/// The same person with an error that some recipe forgives.
pub fn altered(n: usize) -> [String; 5] {
    let mut p = person(n);
    match n % 5 {
        0 => p.swap(0, 1),
        1 => p[4] = "NF1 1NF".to_owned(),
        2 => p[1] = format!("{}-Jones", p[1]),
        3 => p[1] = p[1].to_uppercase(),
        _ => {}
    }
    p
}

pub const HEADER: &str = "id,first,last,dob,sex,postcode,who\n";

pub fn rows(out: &mut String, prefix: &str, people: impl Iterator<Item = (usize, [String; 5])>) {
    for (n, p) in people {
        let _ = writeln!(out, "{prefix}{n},{},p{n}", p.join(","));
    }
}

impl Bench {
    pub fn new() -> Self {
        let bench = Bench {
            folder: tempfile::tempdir().expect("folder"),
        };
        bench.write(
            "spec.toml",
            "id = \"id\"\n[fields]\nforename = \"first\"\nsurname = \"last\"\ndate_of_birth = \"dob\"\nsex = \"sex\"\npostcode = \"postcode\"\n",
        );
        bench.key("key");
        let mut left = HEADER.to_owned();
        rows(&mut left, "l", (0..300).map(|n| (n, person(n))));
        bench.write("left.csv", &left);
        let mut right = HEADER.to_owned();
        rows(&mut right, "r", (200..500).rev().map(|n| (n, altered(n))));
        bench.write("right.csv", &right);
        bench
    }

    /// Adds a line to `[link]` of the specification.
    pub fn option(&self, line: &str) {
        let spec = std::fs::read_to_string(self.path("spec.toml")).expect("spec");
        self.write("spec.toml", &format!("{spec}[link]\n{line}\n"));
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    /// A key of the fixtures, so that tags that agree by chance do so in every run.
    pub fn key(&self, name: &str) {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys");
        std::fs::copy(fixture.join(name), self.path(name)).expect("copied");
        let private = PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(self.path(name), private).expect("mode");
    }

    pub fn kinlink(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        let mut command = Command::cargo_bin("kinlink").expect("the program");
        command.current_dir(self.folder.path()).args(args).arg("-q");
        for (name, value) in env {
            command.env(name, value);
        }
        command.output().expect("run")
    }

    pub fn link(&self, out: &str, more: &[&str]) -> Output {
        let mut args = vec!["link"];
        args.extend(more);
        args.extend(["--spec", "spec.toml", "-o", out]);
        if !more.contains(&"--key") {
            args.extend(["--key", "key"]);
        }
        self.kinlink(&args, &[])
    }

    pub fn evaluate(&self, out: &str, how: &[&str]) -> Value {
        let mut args = vec!["link", "evaluate", out];
        args.extend(how);
        self.json(&args)
    }

    /// The pairs of ids that are linked, in order.
    pub fn linked(&self, out: &str) -> Vec<(String, String)> {
        let path = self.path(out).join("links.parquet");
        let mut pairs = Vec::new();
        kinlink::link::out_files::read_pairs(&path, |left, right, _| {
            pairs.push((left.to_owned(), right.to_owned()));
        })
        .expect("links");
        pairs.sort();
        pairs
    }

    pub fn bytes(&self, out: &str, name: &str) -> Vec<u8> {
        std::fs::read(self.path(out).join(name)).expect("file")
    }

    /// What a command tells as JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        let args: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
        let output = self.kinlink(&args, &[]);
        done(&output);
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

pub fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", told(output));
}

pub fn refused(output: &Output, exit: i32, code: &str) {
    assert_eq!(output.status.code(), Some(exit), "{}", told(output));
    assert!(told(output).contains(code), "{}", told(output));
}

pub fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("file").permissions().mode() & 0o777
}
