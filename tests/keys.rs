//! Promise: a key comes from a private file, a file descriptor or a command, is split and
//! restored, names itself in every file it makes, and is refused with exit 6 when it is bad.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod world;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use kinlink::columnar::TableReader;
use kinlink::pseudonymise::FOOTER;
use world::World;

/// Runs a line of a shell in a folder, with the program in the path.
fn shell(folder: &Path, line: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_kinlink"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![program.parent().expect("a folder").to_path_buf()];
    folders.extend(std::env::split_paths(&path));
    Command::new("/bin/sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(folders).expect("a path"))
        .output()
        .expect("a shell")
}

/// A text with every fingerprint replaced by zeros.
fn masked(text: &str) -> String {
    let is_fingerprint = |w: &str| {
        w.len() == 23
            && w.split('-').count() == 4
            && w.split('-')
                .all(|g| g.len() == 5 && g.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let line = |line: &str| {
        let words = line.split(' ');
        let zeros = "00000-00000-00000-00000";
        let words = words.map(|w| if is_fingerprint(w) { zeros } else { w });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_stewards_page_shows_what_the_commands_print() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let folder = tempfile::tempdir().expect("a folder");
    let mut commands = 0;
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().expect("a block");
        for part in block.split("$ ").skip(1) {
            let (line, shown) = part.split_once('\n').expect("a command and its output");
            let output = shell(folder.path(), line);
            let said = world::text(&output.stdout) + &world::text(&output.stderr);
            assert_eq!(masked(&said), masked(shown), "$ {line}");
            commands += 1;
        }
    }
    assert_eq!(commands, 12);
    let print = |key: &str| {
        let output = shell(folder.path(), &format!("kinlink key fingerprint {key}"));
        world::text(&output.stdout)
    };
    assert_eq!(print("2026.key"), print("restored.key"));
    assert!(!folder.path().join("other.key").exists());
    for file in ["2026.key", "restored.key", "shares/share-1-of-5.txt"] {
        let status = std::fs::metadata(folder.path().join(file)).expect("there");
        assert_eq!(status.permissions().mode() & 0o777, 0o600, "{file}");
    }
    let share = std::fs::read_to_string(folder.path().join("shares/share-2-of-5.txt"));
    let share = share.expect("a share");
    let names = |text: &str| {
        let words = text
            .lines()
            .map(|l| l.split(' ').next().unwrap_or(l).to_owned());
        words.collect::<Vec<_>>()
    };
    let shown = page.split("```text\n").nth(1).expect("a share");
    let shown = shown.split("```").next().expect("a share");
    assert_eq!(names(&share), names(shown));
}

#[test]
fn bad_keys_end_with_exit_6_and_nothing_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let file = |name: &str, bytes: &[u8], mode: u32| {
        std::fs::write(at(name), bytes).expect("written");
        std::fs::set_permissions(at(name), std::fs::Permissions::from_mode(mode)).expect("mode");
    };
    assert!(
        shell(folder.path(), "kinlink key new good")
            .status
            .success()
    );
    let good = std::fs::read(at("good")).expect("a key");
    file("exposed", &good, 0o640);
    file("empty", b"", 0o600);
    file("binary", &[0xde, 0xad, 0xff, 0x00, 0xfe], 0o600);
    file("other", b"-----BEGIN PRIVATE KEY-----\n", 0o600);
    file("cut", &good[..good.len() - 9], 0o600);
    file("long", &[b'x'; 100_000], 0o600);
    let short = format!(
        "kinlink-key-v1\npurpose production\nkey {}\ncheck 00\n",
        "3c".repeat(16)
    );
    file("short", short.as_bytes(), 0o600);
    let weak = format!(
        "kinlink-key-v1\npurpose production\nkey {}\ncheck 00\n",
        "3c".repeat(32)
    );
    file("weak", weak.as_bytes(), 0o600);
    std::fs::create_dir(at("folder")).expect("a folder");
    std::os::unix::fs::symlink(at("good"), at("link")).expect("a link");
    std::fs::write(at("a.csv"), "id,first,last\n1,ANN,GREY\n2,BO,WHITE\n").expect("written");
    let spec = "id = \"id\"\n[fields]\nforename = \"first\"\nsurname = \"last\"\n";
    std::fs::write(at("spec.toml"), spec).expect("written");
    for (key, code) in [
        ("exposed", "KL-K-002"),
        ("empty", "KL-K-004"),
        ("binary", "KL-K-004"),
        ("other", "KL-K-004"),
        ("cut", "KL-K-004"),
        ("long", "KL-K-004"),
        ("short", "KL-K-010"),
        ("weak", "KL-K-011"),
        ("folder", "KL-K-003"),
        ("link", "KL-K-003"),
        ("absent", "KL-K-001"),
        ("fd:77", "KL-K-001"),
    ] {
        for line in [
            format!("kinlink key inspect {key}"),
            format!("kinlink key split {key} --shares 3 --threshold 2 -o out"),
            format!("kinlink link a.csv --spec spec.toml --key {key} -o out"),
        ] {
            let output = shell(folder.path(), &line);
            let said = world::text(&output.stderr);
            assert_eq!(output.status.code(), Some(6), "{line}\n{said}");
            assert!(
                said.contains(code) && said.contains("help"),
                "{line}\n{said}"
            );
            assert!(output.stdout.is_empty());
            assert!(!at("out").exists(), "{line}");
        }
    }
    for line in ["kinlink key inspect fd:1", "kinlink key inspect fd:x"] {
        assert_eq!(shell(folder.path(), line).status.code(), Some(2), "{line}");
    }
    for numbers in ["--shares 3 --threshold 1", "--shares 2 --threshold 3"] {
        let line = format!("kinlink key split good {numbers} -o out");
        assert_eq!(shell(folder.path(), &line).status.code(), Some(2), "{line}");
        assert!(!at("out").exists());
    }
}

#[test]
fn a_linkage_takes_its_key_from_a_descriptor_and_names_it_in_its_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let mut rows = String::from("id,first,last,born\n");
    for i in 0..200 {
        let (name, day) = (i / 2, i / 2 % 28 + 1);
        rows.push_str(&format!(
            "{i},F{name},L{name},19{:02}-03-{day:02}\n",
            name % 90
        ));
    }
    std::fs::write(at("a.csv"), rows).expect("written");
    let spec = "id = \"id\"\n[fields]\nforename = \"first\"\nsurname = \"last\"\n\
                date_of_birth = \"born\"\n";
    std::fs::write(at("spec.toml"), spec).expect("written");
    shell(folder.path(), "kinlink key new k --purpose rehearsal");
    let print = world::text(&shell(folder.path(), "kinlink key fingerprint k").stdout);
    let link = "kinlink link a.csv --spec spec.toml --key";
    for (line, out) in [
        (format!("{link} fd:3 -o three 3< k"), "three"),
        (format!("cat k | {link} fd:0 -o zero"), "zero"),
        (format!("{link} k -o file"), "file"),
    ] {
        let output = shell(folder.path(), &line);
        assert!(
            output.status.success(),
            "{line}\n{}",
            world::text(&output.stderr)
        );
        for table in ["links.parquet", "clusters.parquet"] {
            assert_eq!(footer(&at(out).join(table)).as_deref(), Some(print.trim()));
        }
        let report = std::fs::read_to_string(at(out).join("linkage.html")).expect("a report");
        assert!(report.contains(print.trim()));
    }
    let bytes = |out: &str| std::fs::read(at(out).join("links.parquet")).expect("links");
    assert_eq!(bytes("three"), bytes("file"));
    assert_eq!(bytes("zero"), bytes("file"));
}

fn footer(path: &Path) -> Option<String> {
    let reader = TableReader::open(path, None).expect("a table");
    let found = reader.keys().iter().find(|(k, _)| k == FOOTER);
    found.map(|(_, v)| v.clone())
}

/// Replaces the `[key]` section of the rehearsal.
fn key_section(world: &World, lines: &str) {
    let path = world.path().join("pipelines/rehearsal.toml");
    let text = std::fs::read_to_string(&path).expect("a pipeline");
    let start = text.find("[key]").expect("a section");
    let end = start + text[start..].find("\n\n").expect("its end");
    let text = format!(
        "{}[key]\n{lines}\npurpose = \"rehearsal\"{}",
        &text[..start],
        &text[end..]
    );
    std::fs::write(path, text).expect("written");
}

#[test]
fn the_fingerprint_stands_in_every_receipt_file_and_report() {
    let world = World::small();
    let run = world.rehearse();
    let print = world::text(
        &world
            .run(&["key", "fingerprint", "keys/rehearsal.key"], 0)
            .stdout,
    );
    let print = print.trim();
    let mut receipts = 0;
    for path in world::files(&run.join("stage")) {
        if path.ends_with("receipt.json") {
            let bytes = std::fs::read(&path).expect("a receipt");
            let receipt: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            assert_eq!(receipt["key"], print, "{}", path.display());
            receipts += 1;
        }
    }
    assert_eq!(receipts, 6);
    let mut tables = 0;
    for folder in [
        "stage/02-pseudonymise",
        "restricted/02-pseudonymise",
        "stage/03-link",
    ] {
        for path in world::files(&run.join(folder)) {
            if path.extension().is_some_and(|e| e == "parquet") {
                assert_eq!(footer(&path).as_deref(), Some(print), "{}", path.display());
                tables += 1;
            }
        }
    }
    assert!(tables > 30, "{tables}");
    for page in ["README.txt", "datapackage.json"] {
        let text = std::fs::read_to_string(run.join("release").join(page)).expect("a page");
        assert!(text.contains(print), "{page}");
    }

    // With another key the run does not go on.
    let key = world.path().join("keys/rehearsal.key");
    std::fs::remove_file(&key).expect("removed");
    let purpose = ["--purpose", "rehearsal"];
    world.run(
        &[&["key", "new", "keys/rehearsal.key"][..], &purpose].concat(),
        0,
    );
    let before = world::digests(&run.join("release"));
    let output = world.run(&["resume", run.to_str().expect("text")], 6);
    assert!(world::text(&output.stderr).contains("KL-K-008"));
    assert_eq!(world::digests(&run.join("release")), before);
}

#[test]
fn a_pipeline_takes_its_key_from_a_descriptor_or_a_command() {
    let world = World::small();
    world.run(&["key", "new", "k", "--purpose", "rehearsal"], 0);
    let print = world::text(&world.run(&["key", "fingerprint", "k"], 0).stdout);
    let key = world.path().join("k");
    let run = "kinlink run pipelines/rehearsal.toml --to ingest --runs";
    let plan = |runs: &str| {
        let folder = std::fs::read_dir(world.path().join(runs))
            .expect("runs")
            .next();
        let path = folder
            .expect("a run")
            .expect("a run")
            .path()
            .join("plan.json");
        std::fs::read_to_string(path).expect("a plan")
    };
    key_section(&world, "fd = 3");
    let output = shell(world.path(), &format!("{run} one 3< k"));
    assert!(output.status.success(), "{}", world::text(&output.stderr));
    assert!(plan("one").contains(print.trim()));

    key_section(
        &world,
        &format!("command = [\"/bin/cat\", \"{}\"]", key.display()),
    );
    let output = shell(world.path(), &format!("{run} two"));
    assert!(output.status.success(), "{}", world::text(&output.stderr));
    assert!(plan("two").contains(print.trim()));

    // A command that fails, and says the key on standard error while it does.
    let script = format!("cat {} >&2; exit 7", key.display());
    key_section(
        &world,
        &format!("command = [\"/bin/sh\", \"-c\", \"{script}\"]"),
    );
    let output = shell(world.path(), &format!("{run} three"));
    let said = world::text(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(
        said.contains("KL-K-012") && said.contains("exit code 7"),
        "{said}"
    );
    let text = std::fs::read_to_string(&key).expect("a key");
    let digits = text
        .lines()
        .nth(2)
        .expect("the key")
        .trim_start_matches("key ");
    assert!(
        !said.contains(digits) && !said.contains("kinlink-key-v1"),
        "{said}"
    );
    assert!(!world.path().join("three").exists());

    for bad in [
        "fd = 1",
        "command = [\"cat\", \"k\"]",
        "command = []",
        "fd = 3\nfile = \"k\"",
        "",
    ] {
        key_section(&world, bad);
        let output = shell(world.path(), &format!("{run} four"));
        let said = world::text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{bad}: {said}");
        assert!(said.contains("KL-C-003"), "{bad}: {said}");
    }
}

#[test]
fn a_rehearsal_key_makes_no_production_run() {
    let world = World::small();
    world.run(
        &["synth", "--out", "data/rehearsal", "--scale", "0.0005"],
        0,
    );
    world.run(&["key", "new", "k", "--purpose", "rehearsal"], 0);
    key_section(&world, "file = \"k\"");
    let path = world.path().join("pipelines/rehearsal.toml");
    let text = std::fs::read_to_string(&path).expect("a pipeline");
    let (start, end) = (text.find("[synth]"), text.find("[key]"));
    let given = format!(
        "{}{}",
        &text[..start.expect("it")],
        &text[end.expect("it")..]
    );
    let production = given.replace("purpose = \"rehearsal\"", "purpose = \"production\"");
    std::fs::write(&path, production).expect("written");
    let output = world.run(&["run", "pipelines/rehearsal.toml"], 6);
    assert!(world::text(&output.stderr).contains("KL-K-007"));
    assert!(!world.path().join("runs").exists());
    // That what it publishes is marked, even of given extracts, is shown in tests/canary.rs.
    std::fs::write(&path, given).expect("written");
    world.run(&["run", "pipelines/rehearsal.toml", "--to", "ingest"], 0);
    let plan = std::fs::read_to_string(world.only_run().join("plan.json")).expect("a plan");
    assert!(plan.contains("\"rehearsal\": true"), "{plan}");
}

/// The line of `/proc/PID/limits` about core files.
fn core_limit(pid: u32) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("limits");
    let line = text.lines().find(|l| l.starts_with("Max core file size"));
    line.expect("a line")
        .split_whitespace()
        .skip(4)
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_process_that_holds_a_key_leaves_no_core() {
    let folder = tempfile::tempdir().expect("a folder");
    shell(folder.path(), "kinlink key new k");
    // The shell asks for cores; the program, waiting for the end of its key, refuses them.
    let started = |program: &str| {
        Command::new("/bin/sh")
            .args([
                "-c",
                &format!("ulimit -c unlimited 2>/dev/null; exec {program}"),
            ])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started")
    };
    let mut control = started("cat");
    let program = env!("CARGO_BIN_EXE_kinlink");
    let mut child = started(&format!("{program} key inspect fd:0"));
    let key = std::fs::read(folder.path().join("k")).expect("a key");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(&key[..key.len() - 5]).expect("written");
    let mut limit = String::new();
    for _ in 0..500 {
        limit = core_limit(child.id());
        if limit == "0 0" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(limit, "0 0");
    // Not so by itself, where the system allows cores at all.
    let allowed = core_limit(control.id());
    assert!(
        allowed == "unlimited unlimited" || allowed.ends_with(" 0"),
        "{allowed}"
    );
    let abort = Command::new("kill")
        .args(["-ABRT", &child.id().to_string()])
        .status();
    assert!(abort.expect("kill").success());
    let status = child.wait().expect("ended");
    assert_eq!(status.signal(), Some(6));
    assert!(!status.core_dumped());
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        1
    );
    control.kill().expect("killed");
    control.wait().expect("ended");
}

/// Run by the test below in a process of its own.
#[test]
#[ignore = "changes the process"]
fn a_child_that_is_hardened() {
    use rustix::process::{DumpableBehavior, dumpable_behavior};
    let before = dumpable_behavior().expect("known");
    assert_eq!(before, DumpableBehavior::Dumpable);
    kinlink::cli::harden();
    let after = dumpable_behavior().expect("known");
    assert_eq!(after, DumpableBehavior::NotDumpable);
}

#[test]
fn a_hardened_process_cannot_be_dumped() {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "a_child_that_is_hardened", "--ignored"])
        .output()
        .expect("started");
    let said = world::text(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}
