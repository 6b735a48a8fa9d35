//! A small world for tests that drive the program as a process: a project folder of its own, with
//! the pipelines and schemas that come with the program and synthetic extracts at a tiny scale.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kinlink::digest::Digest;

/// A project folder that goes when the value does.
pub struct World {
    folder: tempfile::TempDir,
}

impl World {
    /// A project with the rehearsal pipeline at a scale.
    pub fn at_scale(scale: &str) -> Self {
        let world = World {
            folder: tempfile::tempdir().expect("a folder"),
        };
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["pipelines", "schemas"] {
            copy(&source.join(name), &world.path().join(name));
        }
        world.edit(
            "pipelines/rehearsal.toml",
            "scale = 0.02",
            &format!("scale = {scale}"),
        );
        world
    }

    /// The smallest world in which every table has something in it.
    pub fn small() -> Self {
        Self::at_scale("0.0005")
    }

    /// The same with a folder for clerical review of both kinds, and labels of children's pairs.
    pub fn small_with_review() -> Self {
        let world = Self::small();
        let labels = "match_probability,is_match,weight\n".to_owned()
            + &"0.1,false,2\n".repeat(40)
            + &"0.95,false,3\n".repeat(5)
            + &"0.95,true,3\n".repeat(45);
        std::fs::write(world.path().join("labels.csv"), labels).expect("written");
        for (section, labels) in [("adult", ""), ("child", "labels = \"labels.csv\"\n")] {
            let section = format!("[link.{section}]\n");
            let with = format!("{section}review_from = 0.001\n{labels}");
            world.edit("pipelines/rehearsal.toml", &section, &with);
        }
        world
    }

    /// The project folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Replaces a text that must be there.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path().join(file);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(text.contains(from), "{from} is not in {file}");
        std::fs::write(&path, text.replace(from, to)).expect("written");
    }

    /// The program, to be run in the project folder.
    pub fn kinlink(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinlink"));
        command.args(arguments).current_dir(self.path());
        command
    }

    /// Runs the program and checks its exit code.
    pub fn run(&self, arguments: &[&str], code: i32) -> Output {
        let output = self.kinlink(arguments).output().expect("started");
        assert_eq!(
            output.status.code(),
            Some(code),
            "kinlink {arguments:?}\n{}\n{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        output
    }

    /// Runs the rehearsal to its end and gives the run directory.
    pub fn rehearse(&self) -> PathBuf {
        self.run(&["run", "pipelines/rehearsal.toml"], 0);
        self.only_run()
    }

    /// The one run directory of the project.
    pub fn only_run(&self) -> PathBuf {
        let runs: Vec<PathBuf> = std::fs::read_dir(self.path().join("runs"))
            .expect("runs")
            .map(|e| e.expect("an entry").path())
            .collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.into_iter().next().expect("one")
    }
}

/// Bytes as text, for messages.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("copied");
        }
    }
}

/// Every file below a folder with its digest.
pub fn digests(folder: &Path) -> BTreeMap<PathBuf, Digest> {
    files(folder)
        .into_iter()
        .map(|path| {
            let (digest, _) = Digest::of_file(&path).expect("a file");
            let relative = path.strip_prefix(folder).expect("below").to_path_buf();
            (relative, digest)
        })
        .collect()
}

/// Every file below a folder, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(here) = open.pop() {
        for entry in std::fs::read_dir(&here).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

/// The value of a cell of a released CSV: the first row in which every pair agrees.
pub fn cell(csv: &Path, wanted: &[(&str, &str)], column: &str) -> Option<String> {
    let mut reader = csv::Reader::from_path(csv).expect("a CSV file");
    let headers = reader.headers().expect("headers").clone();
    let place = |name: &str| {
        headers
            .iter()
            .position(|h| h == name)
            .unwrap_or_else(|| panic!("no column {name} in {headers:?}"))
    };
    let wanted: Vec<(usize, &str)> = wanted.iter().map(|(n, v)| (place(n), *v)).collect();
    let column = place(column);
    reader
        .records()
        .map(|r| r.expect("a row"))
        .find(|r| wanted.iter().all(|(i, v)| r.get(*i) == Some(*v)))
        .and_then(|r| r.get(column).map(str::to_owned))
}
