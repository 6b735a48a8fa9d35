//! `kinlink protect explain`: what the restricted side reads about a hidden cell.

use super::{folder_with, kinlink};

#[test]
fn a_hidden_cell_is_explained() {
    let csv = "a,b,n\np,x,40\np,y,3\nq,x,20\nq,y,17\n";
    let spec = "dimensions = [\"a\", \"b\"]\ncount = \"n\"\n[primary]\nmin_frequency = 6\n\
                [secondary]\nwidth = 3\n";
    let dir = folder_with(csv, spec, None);
    kinlink()
        .current_dir(dir.path())
        .args([
            "protect",
            "table",
            "in.csv",
            "--spec",
            "spec.toml",
            "-o",
            "out",
        ])
        .assert()
        .success();
    let explain = |cell: &str| {
        let output = kinlink()
            .current_dir(dir.path())
            .args(["protect", "explain", "out", cell, "--spec", "spec.toml"])
            .output()
            .expect("runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    let text = ["a=p,b=y", "a=q,b=y", "a=q", "a=s"]
        .map(explain)
        .join("---\n");
    insta::assert_snapshot!("explained", text);
}
