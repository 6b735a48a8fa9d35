//! The parcels: two owners can be linked, the pipeline makes the same, nothing clear is left.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use kinlink::columnar::TableReader;

use super::desk::{Desk, assert_nothing_clear, bytes_of, extract};
use super::world::{self, World};

const NAMES: &str = "forename+surname+date_of_birth+sex";

/// Two owners, one key: of 90 and 70 people 40 are the same. Their match keys are equal, and no
/// others; under another round, project or key none is.
#[test]
fn two_owners_encodings_of_the_same_people_are_equal() {
    let desk = Desk::new();
    desk.write("north.csv", &extract(0..90, 1));
    desk.write("south.csv", &extract(50..120, 500));
    desk.run(&["key", "new", "OTHER", "--purpose", "rehearsal"], 0);
    desk.pseudonymise("north.csv", "north", &[], 0);
    let north = desk.match_keys("north", NAMES);
    assert_eq!(north.len(), 90);
    for (i, (more, equal)) in [
        (&["--source", "1"][..], 40),
        (&["--round", "2"], 0),
        (&["--project", "another"], 0),
        (&["--salt", &"0".repeat(64)], 0),
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("south{i}");
        desk.pseudonymise("south.csv", &out, more, 0);
        let south = desk.match_keys(&out, NAMES);
        assert_eq!(south.len(), 70);
        assert_eq!(north.intersection(&south).count(), equal, "{more:?}");
    }
    let other = ["--schema", "S.json", "--key", "OTHER", "-o", "other"];
    desk.run(&[&["pseudonymise", "south.csv"], &other[..]].concat(), 0);
    assert!(north.is_disjoint(&desk.match_keys("other", NAMES)));
}

/// Two owners whose extracts have the same name and count from the same number, and who name no
/// system, share no pseudonym of a row or a record; their match keys are equal all the same. Who
/// names a system keeps its pseudonyms from extract to extract.
#[test]
fn extracts_of_one_name_share_no_pseudonym_unless_a_system_is_named() {
    let (north, south) = (Desk::new(), Desk::new());
    south.write("pupils.csv", &extract(50..170, 1));
    let of = |desk: &Desk, out: &str, more: &[&str]| {
        desk.pseudonymise("pupils.csv", out, more, 0);
        let file = |name: &str, column| bytes_of(&desk.path(out).join(name), column);
        [
            file("payload/person/pupils.parquet", "record"),
            file("linkage/child/pass-06.parquet", "row"),
            file("owner/join/child/pass-06.parquet", "row"),
        ]
    };
    let (a, b) = (of(&north, "a", &[]), of(&south, "a", &[]));
    for (a, b) in a.iter().zip(&b) {
        assert_eq!((a.len(), b.len()), (120, 120));
        assert!(a.is_disjoint(b));
    }
    let keys = |desk: &Desk| desk.match_keys("a", NAMES);
    assert_eq!(keys(&north).intersection(&keys(&south)).count(), 70);
    let readme = std::fs::read_to_string(north.path("a/README.md")).expect("a page");
    assert!(readme.contains("hold for this extract alone"), "{readme}");

    let named = ["--system", "pupils"];
    let (named_a, named_b) = (of(&north, "b", &named), of(&south, "b", &named));
    assert_eq!(named_a[0], named_b[0]);
    assert!(named_a[0].is_disjoint(&a[0]));
    let readme = std::fs::read_to_string(north.path("b/README.md")).expect("a page");
    assert!(!readme.contains("hold for this extract alone"), "{readme}");
    // A release keeps to it as well.
    let release = |desk: &Desk| {
        desk.release("pupils.csv", "r", "families");
        bytes_of(&desk.path("r/data/person.parquet"), "record")
    };
    assert!(release(&north).is_disjoint(&release(&south)));
}

/// What the owner makes is byte for byte what the pipeline's stage makes of the same extract.
#[test]
fn the_pipeline_makes_the_same() {
    let world = World::small();
    let salt = "5a".repeat(32);
    let stated = format!("round = \"2025\"\nsalt = \"{salt}\"");
    world.edit("pipelines/rehearsal.toml", "round = \"2025\"", &stated);
    world.run(
        &["run", "pipelines/rehearsal.toml", "--to", "pseudonymise"],
        0,
    );
    world.run(
        &[
            "pseudonymise",
            "data/rehearsal/childrens-services/school_census.csv",
            "--schema",
            "schemas/childrens-services/school_census.json",
            "--key",
            "keys/rehearsal.key",
            "--project",
            "rehearsal",
            "--round",
            "2025",
            "--salt",
            &salt,
            "--system",
            "census",
            "--source",
            "4",
            "--postcode-directory",
            "data/rehearsal/geography/postcode_directory.csv",
            "-o",
            "parcels",
        ],
        0,
    );
    let (run, parcels) = (world.only_run(), world.path().join("parcels"));
    let stage = run.join("stage/02-pseudonymise");
    let read = |path| std::fs::read(path).expect("a file");
    let payload = "payload/person/census.parquet";
    assert_eq!(read(stage.join(payload)), read(parcels.join(payload)));
    let rows = |path: &std::path::Path, source: u8| {
        let mut out = BTreeSet::new();
        for batch in TableReader::open(path, None).expect("a table") {
            let batch = batch.expect("rows");
            let sources = kinlink::columnar::u8(&batch, "source", path).expect("sources");
            let row = kinlink::columnar::bytes(&batch, "row", path).expect("rows");
            let named = |name: &&str| batch.column_by_name(name).is_some();
            let key = ["key", "encoding"].into_iter().find(named).expect("a hash");
            let key = kinlink::columnar::bytes(&batch, key, path).expect("keys");
            for r in (0..batch.num_rows()).filter(|r| sources.value(*r) == source) {
                out.insert((row.value(r).to_vec(), key.value(r).to_vec()));
            }
        }
        out
    };
    let mut n = 0;
    let names = |of: &std::path::Path| {
        let files = world::files(of).into_iter();
        let all: Vec<_> = files
            .map(|f| f.strip_prefix(of).expect("below").to_path_buf())
            .collect();
        all
    };
    for (part, of_stage) in [
        ("linkage/adult", "link/adult"),
        ("linkage/child", "link/child"),
        ("linkage/blocks", "blocks"),
    ] {
        let (ours, theirs) = (parcels.join(part), stage.join(of_stage));
        let files = names(&ours);
        assert!(!files.is_empty());
        assert_eq!(files, names(&theirs));
        for file in files {
            let found = rows(&ours.join(&file), 4);
            assert_eq!(found, rows(&theirs.join(&file), 4), "{part} {file:?}");
            n += found.len();
        }
    }
    assert!(n > 10_000, "{n}");
}

/// Folders are the owner's alone, nothing clear is in them, and the same command gives the same
/// bytes on one thread and on several.
#[test]
fn the_folder_is_private_and_repeats() {
    let desk = Desk::new();
    let before = desk.names();
    let output = desk.pseudonymise("pupils.csv", "a", &[], 0);
    let out = desk.path("a");
    assert_nothing_clear(&out);
    let told = world::text(&output.stdout);
    assert!(told.contains("120 in = 120 accepted"), "{told}");
    assert!(told.contains("section 171"), "{told}");
    for folder in [
        "",
        "linkage",
        "linkage/child",
        "payload",
        "owner",
        "owner/join",
    ] {
        let mode = std::fs::metadata(out.join(folder))
            .expect(folder)
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700, "{folder}");
    }
    for file in world::files(&out) {
        let mode = std::fs::metadata(&file)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{}", file.display());
    }
    let mut one_thread = desk.command(&[
        "pseudonymise",
        "pupils.csv",
        "--schema",
        "S.json",
        "--key",
        "KEY",
        "-o",
        "b",
    ]);
    let status = one_thread
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .expect("run")
        .status;
    assert!(status.success());
    assert_eq!(world::digests(&out), world::digests(&desk.path("b")));
    assert_eq!(
        desk.names(),
        [&before[..], &["a".into(), "b".into()]]
            .concat()
            .into_iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );

    // The parts: one row pseudonym each pass, joined to the record by the owner's table alone.
    let join = bytes_of(&out.join("owner/join/child/pass-06.parquet"), "record");
    let payload = bytes_of(&out.join("payload/person/pupils.parquet"), "record");
    assert_eq!(join, payload);
    let row = bytes_of(&out.join("linkage/child/pass-06.parquet"), "row");
    assert_eq!(
        row,
        bytes_of(&out.join("owner/join/child/pass-06.parquet"), "row")
    );
    assert!(row.is_disjoint(&payload));
}

/// The manifest lists every table with its digest, and says nothing about the owner's disk.
#[test]
fn the_manifest_is_true() {
    let desk = Desk::new();
    desk.pseudonymise("pupils.csv", "a", &[], 0);
    let text = std::fs::read_to_string(desk.path("a/manifest.json")).expect("a manifest");
    let manifest: kinlink::owner::Manifest = serde_json::from_str(&text).expect("a manifest");
    let found = world::digests(&desk.path("a"));
    let tables: BTreeSet<_> = found
        .keys()
        .filter(|p| {
            p.starts_with("linkage") || p.starts_with("payload") || p.starts_with("owner/join")
        })
        .collect();
    assert_eq!(tables, manifest.files.iter().map(|f| &f.path).collect());
    for file in &manifest.files {
        assert_eq!(
            Some(&file.digest),
            found.get(&file.path),
            "{}",
            file.path.display()
        );
    }
    assert!(
        manifest
            .rows
            .iter()
            .all(|a| a.balances() && a.unit == "pupils.csv")
    );
    assert!(!text.contains(desk.path("").to_str().expect("a path")));
    let (clear, _) = kinlink::digest::Digest::of_file(&desk.path("pupils.csv")).expect("a file");
    assert!(
        !text.contains(&clear.hex()),
        "the digest of the extract stays with the owner"
    );
}

/// An interrupt while clear values are on the disk leaves nothing; a kill leaves what the next
/// call clears away.
#[test]
fn an_interrupted_call_leaves_nothing_clear() {
    let desk = Desk::new();
    // Large enough that it is still at work when the signal comes.
    desk.write("many.csv", &extract(0..60_000, 1));
    let arguments = [
        "pseudonymise",
        "many.csv",
        "--schema",
        "S.json",
        "--key",
        "KEY",
        "-o",
        "out",
    ];
    let before = desk.names();
    for (signal, code) in [("TERM", Some(143)), ("INT", Some(130)), ("KILL", None)] {
        let mut child = desk
            .command(&arguments)
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("started");
        let clear = desk.path(".out.partial/clear/person");
        let began = Instant::now();
        while !clear.exists() && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(clear.exists(), "{signal}: no clear values were seen");
        let mode = std::fs::metadata(desk.path(".out.partial/clear"))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
        let kill = std::process::Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(kill.expect("kill").success());
        assert_eq!(child.wait().expect("ended").code(), code, "{signal}");
        assert!(!desk.path("out").exists());
        if code.is_some() {
            assert_eq!(desk.names(), before, "{signal}");
        }
    }
    // The killed one could not clear up.
    assert!(desk.path(".out.partial").exists());
    desk.pseudonymise("pupils.csv", "out", &[], 0);
    assert!(!desk.path(".out.partial").exists());
    assert_nothing_clear(&desk.path("out"));
}
