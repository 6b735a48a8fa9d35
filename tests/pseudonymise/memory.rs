//! Memory: the command's peak does not grow with the extract.
//!
//! An extract of adults, who have match keys and block-keyed encodings, at three sizes. The peak is
//! what the kernel counted (`VmHWM`), read while the command works; it only ever rises.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::desk::{Desk, SCHEMA};

/// A name of three to five syllables, which the number makes.
fn name(mut number: u64, syllables: usize) -> String {
    const PARTS: [&str; 16] = [
        "AL", "BEN", "CAR", "DO", "EL", "FIN", "GRA", "HOL", "IS", "JO", "KEN", "LY", "MAR", "NO",
        "ROS", "TH",
    ];
    let mut out = String::new();
    for _ in 0..syllables {
        out.push_str(PARTS[(number % 16) as usize]);
        number /= 16;
    }
    out
}

/// An extract of so many people, the beginning of every larger one.
fn write_extract(desk: &Desk, file: &str, rows: u64) {
    let mut out = BufWriter::new(File::create(desk.path(file)).expect("a file"));
    writeln!(
        out,
        "Number,Forename,Surname,Born,Sex,Postcode,Ethnicity,Score"
    )
    .expect("written");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        // Marsaglia, "Xorshift RNGs", 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for number in 0..rows {
        let (a, b, c) = (next(), next(), next());
        writeln!(
            out,
            "{number},{},{},{:02}/{:02}/{},{},{}{}{} {}{}{},W1,{}",
            name(a, 2 + (a >> 60) as usize % 2),
            name(b, 3),
            1 + c % 28,
            1 + (c >> 8) % 12,
            1940 + (c >> 16) % 66,
            1 + (c >> 24) % 2,
            char::from(b'A' + ((c >> 28) % 26) as u8),
            char::from(b'A' + ((c >> 33) % 26) as u8),
            1 + (c >> 38) % 20,
            (c >> 43) % 10,
            char::from(b'A' + ((c >> 47) % 26) as u8),
            char::from(b'A' + ((c >> 52) % 26) as u8),
            c % 7
        )
        .expect("written");
    }
    out.flush().expect("written");
}

/// The peak of a process in MiB, as long as it lives.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}

/// Encodes the extract and gives the peak in MiB.
#[allow(
    clippy::print_stdout,
    reason = "the figures are what the test is run for"
)]
fn encode(desk: &Desk, file: &str) -> u64 {
    let began = Instant::now();
    let arguments = [
        "pseudonymise",
        file,
        "--schema",
        "S.json",
        "--key",
        "KEY",
        "-o",
        "out",
    ];
    let mut child = desk
        .command(&arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let mut most = 0;
    let code = loop {
        most = most.max(peak(child.id()).unwrap_or(0));
        match child.try_wait().expect("a child") {
            Some(status) => break status.code(),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    assert_eq!(code, Some(0), "{file}");
    std::fs::remove_dir_all(desk.path("out")).expect("removed");
    println!("{file}: {most} MiB, {:.0} s", began.elapsed().as_secs_f64());
    most
}

/// Sixteen times the rows, and memory stays what it was: encodings wait in buckets on disk, those
/// that are too large for memory are divided, and of keys that went by a filter stays.
#[test]
#[ignore = "minutes, 8 GB of disk: cargo test --release --test pseudonymise memory -- --ignored --nocapture"]
fn memory_does_not_grow_with_the_extract() {
    let desk = Desk::new();
    desk.edit_schema("\"kind\": \"child\"", "\"kind\": \"adult\"");
    assert!(SCHEMA.contains("pupil:{Number}"));
    let peaks: Vec<u64> = [250_000, 1_000_000, 4_000_000]
        .into_iter()
        .map(|rows| {
            let file = format!("of{rows}.csv");
            write_extract(&desk, &file, rows);
            let most = encode(&desk, &file);
            std::fs::remove_file(desk.path(&file)).expect("removed");
            most
        })
        .collect();
    let [small, middle, large] = peaks.as_slice() else {
        panic!("{peaks:?}");
    };
    assert!(*middle <= small + small / 2, "{peaks:?}");
    assert!(*large <= middle + middle / 2, "{peaks:?}");
}
