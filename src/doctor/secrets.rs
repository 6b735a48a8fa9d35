//! The key file's mode and owner, and links by which files of other places would seem to be the
//! project's.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::Finding;
use crate::pipeline::KeyFile;

/// Folders that no source lies in.
const NOT_SEARCHED: [&str; 4] = ["runs", "releases", "target", ".git"];
/// How many entries are looked at: a nation's extracts are some thousand files.
const MOST: usize = 100_000;

/// Is the key file its owner's alone, and is the owner us?
pub(super) fn key_file(key: &KeyFile) -> Finding {
    let topic = "key file";
    let shown = key.path.display();
    let found = match std::fs::symlink_metadata(&key.path) {
        Ok(found) => found,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && key.made => {
            return Finding::ok(topic, format!("{shown}: made by the rehearsal"));
        }
        Err(e) => {
            return Finding::fail(
                topic,
                format!("{shown}: {}", e.kind()),
                format!("`kinlink key new {shown}` makes one; docs/keys.md says who does so"),
            );
        }
    };
    if !found.is_file() {
        return Finding::fail(
            topic,
            format!("{shown} is no plain file"),
            "name the file itself; a key is not read through a link",
        );
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Finding::fail(
            topic,
            format!("{shown} has mode {mode:04o}: other accounts can use it"),
            format!("chmod 600 {shown}; then find out who could have read it"),
        );
    }
    if found.uid() != geteuid().as_raw() {
        return Finding::warn(
            topic,
            format!("{shown} belongs to another account"),
            "let the account that runs kinlink own the key file",
        );
    }
    Finding::ok(topic, format!("{shown}: mode {mode:04o}, yours"))
}

/// Sources that lead out, which a run refuses; other links that lead out, which a run does not open.
pub(super) fn links(project: &Path, outside: &[String]) -> Finding {
    let topic = "links";
    let help = "put the files themselves there, or give their folder with `--data DIR`";
    if !outside.is_empty() {
        return Finding::fail(
            topic,
            format!(
                "the path of {} leads out of the project",
                outside.join(", ")
            ),
            help,
        );
    }
    match leading_out(project).as_slice() {
        [] => Finding::ok(topic, "none leads out of the project"),
        [first, rest @ ..] => {
            let others = match rest.len() {
                0 => String::new(),
                n => format!(", and {n} more"),
            };
            let first = first.display();
            Finding::warn(
                topic,
                format!("{first} leads out of the project{others}; a run refuses what it leads to"),
                help,
            )
        }
    }
}

/// Links below a folder whose end lies outside it, in order. Links are not followed.
fn leading_out(project: &Path) -> Vec<PathBuf> {
    let Ok(root) = project.canonicalize() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut open = vec![project.to_path_buf()];
    let mut seen = 0_usize;
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            seen += 1;
            if seen > MOST {
                break;
            }
            let path = entry.path();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_symlink() {
                let end = path.canonicalize();
                if end.is_ok_and(|end| !end.starts_with(&root)) {
                    found.push(path);
                }
            } else if kind.is_dir() && (folder != project || searched(&path)) {
                open.push(path);
            }
        }
    }
    found.sort();
    found
}

fn searched(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|n| n.to_str());
    name.is_none_or(|n| !NOT_SEARCHED.contains(&n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_key_file_is_private_or_fails() {
        let room = tempfile::tempdir().expect("a folder");
        let path = room.path().join("a.key");
        let mut key = KeyFile {
            path: path.clone(),
            made: true,
        };
        assert_eq!(key_file(&key).verdict, Verdict::Ok);
        key.made = false;
        assert_eq!(key_file(&key).verdict, Verdict::Fail);
        std::fs::write(&path, "x").expect("written");
        for (mode, verdict) in [
            (0o600, Verdict::Ok),
            (0o400, Verdict::Ok),
            (0o640, Verdict::Fail),
            (0o604, Verdict::Fail),
        ] {
            let to = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, to).expect("mode");
            assert_eq!(key_file(&key).verdict, verdict, "{mode:o}");
        }
        let link = room.path().join("link.key");
        symlink(&path, &link).expect("link");
        key.path = link;
        assert_eq!(key_file(&key).verdict, Verdict::Fail);
    }

    #[test]
    fn links_that_lead_out_are_found_and_others_are_not() {
        let room = tempfile::tempdir().expect("a folder");
        let project = room.path().join("project");
        std::fs::create_dir_all(project.join("data/a")).expect("folders");
        std::fs::write(project.join("inside"), "x").expect("file");
        std::fs::write(room.path().join("secret"), "x").expect("file");
        symlink(project.join("inside"), project.join("data/fine")).expect("link");
        assert_eq!(links(&project, &[]).verdict, Verdict::Ok);
        symlink(room.path().join("secret"), project.join("data/a/out")).expect("link");
        symlink(room.path(), project.join("data/round")).expect("link");
        let found = leading_out(&project);
        let expected = [project.join("data/a/out"), project.join("data/round")];
        assert_eq!(found, expected);
        assert_eq!(links(&project, &[]).verdict, Verdict::Warn);
        let named = links(&project, &["custody.offenders".to_owned()]);
        assert_eq!(named.verdict, Verdict::Fail);
    }
}
