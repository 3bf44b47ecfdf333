//! Memory hardly grows with the number of points.
#![cfg(target_os = "linux")]

use std::fs;

use tempfile::TempDir;

use crate::common::sweep::{Used, quick, run, with_usage};

/// How many queues, of six points each, the sweep has; the variable is for long runs.
const QUEUES: (&str, usize) = ("ESPSIM_TEST_QUEUES", 2000);
/// What it may take beyond a sweep of six points, in MiB, with two threads: so much for what its figure keeps, and for every
/// point its id, cost and place in the journal. Its runs alone are more, and the program itself, which is in both, far more.
const MOST: u64 = 6;
/// Octets for a point.
const POINT: u64 = 250;

#[test]
fn a_large_sweep_takes_little_memory() {
    let queues: usize = std::env::var(QUEUES.0).map_or(QUEUES.1, |text| text.parse().unwrap());
    let (few, many) = (used(1), used(queues));
    println!("6 points: at most {few} MiB, {} points: {many} MiB", 6 * queues);
    let most = few + MOST + POINT * 6 * queues as u64 / (1 << 20);
    assert!(few > 0 && many < most, "{many} MiB, less than {most}");
}

/// What a sweep without draws takes at the most, in MiB.
fn used(queues: usize) -> u64 {
    let folder = TempDir::new().unwrap();
    let once = quick(queues).replace("replications = 2", "replications = 1");
    fs::write(folder.path().join("s.toml"), once).unwrap();
    let arguments = ["--out", "out", "--jobs", "2", "--draws", "0"];
    let (output, Used { mib, .. }) = with_usage(&mut run(folder.path(), "s.toml", &arguments));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains(&format!("{} points", 6 * queues)), "{said}");
    mib
}
