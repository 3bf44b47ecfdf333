//! Memory hardly grows with the number of points.
#![cfg(target_os = "linux")]

use std::fs;

use tempfile::TempDir;

use crate::common::sweep::{Used, quick, run, with_usage};

/// How many queues, of six points each, the sweep has; the variable is for long runs.
const QUEUES: (&str, usize) = ("ESPSIM_TEST_QUEUES", 2000);
/// What it may take, in MiB, with two threads: so much, and for every point its id, cost and place in the journal. Its runs
/// alone are more.
const MOST: u64 = 26;
/// Octets for a point.
const POINT: u64 = 250;

#[test]
fn a_large_sweep_takes_little_memory() {
    let queues: usize = std::env::var(QUEUES.0).map_or(QUEUES.1, |text| text.parse().unwrap());
    let folder = TempDir::new().unwrap();
    let once = quick(queues).replace("replications = 2", "replications = 1");
    fs::write(folder.path().join("s.toml"), once).unwrap();
    let (output, Used { mib: used, .. }) =
        with_usage(&mut run(folder.path(), "s.toml", &["--out", "out", "--jobs", "2"]));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(&format!("{} points", 6 * queues)), "{said}");
    println!("{} points: at most {used} MiB", 6 * queues);
    let most = MOST + POINT * 6 * queues as u64 / (1 << 20);
    assert!((1..most).contains(&used), "{used} MiB, at most {most}");
}
