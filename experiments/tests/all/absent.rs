//! What was not measured is absent: no number, no limit, no mark, and an exit code that says so.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::common::message::unbroken;
use crate::common::{espsim, text};

/// As many packets as are in flight: the run ends before its warm-up does.
const EMPTY: &str = r#"title = "empty"
placement = "host"
[host]
cores = 64
[traffic]
flows = 256
[run]
max_packets = 4000
"#;

/// The same beside a point that has an estimate, with a figure of both.
const HALF: &str = r#"title = "half"
placement = "host"
[traffic]
flows = 256
[run]
max_packets = 4000
[sweep]
"host.cores" = [1, 64]
[[plot]]
file = "throughput"
title = "Throughput"
x = "host.cores"
x_label = "Cores"
y = "throughput"
basis = "goodput"
y_label = "Gb/s"
"#;

const WHY: &str = "the limit of packets or time was reached before the warm-up was over";

/// Runs a scenario into `out`, which must be written with exit code 3; standard output and standard error.
fn run(folder: &TempDir, scenario: &str, arguments: &[&str]) -> (String, String) {
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    let words = ["run", "s.toml", "--profile", "preset:zen4", "--out", "out"];
    let output = espsim(folder).args(words).args(arguments).output().unwrap();
    let said = unbroken(&text(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{said}");
    (text(&output.stdout), said)
}

fn points(folder: &Path) -> Vec<csv::StringRecord> {
    csv::Reader::from_path(folder.join("out/points.csv")).unwrap().into_records().map(Result::unwrap).collect()
}

#[test]
fn a_run_without_an_estimate_has_no_numbers_and_says_so() {
    let folder = TempDir::new().unwrap();
    let (table, said) = run(&folder, EMPTY, &[]);
    assert!(said.contains("1 of 1 points has no estimate") && said.contains(WHY), "{said}");
    assert!(said.contains("raise run.max_packets") && !said.contains("--resume"), "{said}");
    assert!(!table.contains("0.00") && !table.contains("wire"), "{table}");
    let cells: Vec<&str> = table.lines().last().unwrap().split('|').map(str::trim).collect();
    assert_eq!(cells[1..4], ["all", "-", "-"], "{table}");
    assert_eq!(cells[5..9], ["-"; 4], "{table}");
    for row in points(folder.path()) {
        assert!(row[9].is_empty(), "a bottleneck: {row:?}");
        assert!(!["throughput", "packet_rate", "idle_cores", "cycles_per_byte", "latency_p99"].contains(&&row[4]));
    }
    let report = espsim(&folder).args(["report", "out"]).output().unwrap();
    assert!(report.status.success(), "{}", text(&report.stderr));
    let html = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(html.contains(&format!("“all” has no estimate: {WHY}.")) && !html.contains("carries nothing"));
}

#[test]
fn points_with_an_estimate_are_shown_beside_those_without() {
    let folder = TempDir::new().unwrap();
    let (table, said) = run(&folder, HALF, &[]);
    assert!(said.contains("1 of 2 points has no estimate"), "{said}");
    let last = table.lines().rfind(|line| line.starts_with('|')).unwrap();
    assert!(last.contains(" 64 |") && !last.contains("0.00"), "{table}");
    let of = |metric: &str| points(folder.path()).iter().filter(|row| &row[5] == metric).count();
    assert_eq!((of("throughput"), of("no_estimate/warm-up")), (5, 1));
    let svg = fs::read_to_string(folder.path().join("out/throughput.svg")).unwrap();
    // A mark in the curve and one at its name.
    assert_eq!(svg.matches("<circle").count(), 2, "{svg}");
    let report = espsim(&folder).args(["report", "out"]).output().unwrap();
    assert!(report.status.success(), "{}", text(&report.stderr));
    let html = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(html.contains(&format!("“all” at cores 64 has no estimate: {WHY}.")));
}

#[test]
fn replications_that_depend_on_an_estimate_end_without_one() {
    let folder = TempDir::new().unwrap();
    let until = format!("replications = {{ min = 2, max = 9, half_width = \"1 %\" }}\n{EMPTY}");
    let (_, said) = run(&folder, &until, &[]);
    assert!(said.contains("1 of 1 points has no estimate"), "{said}");
    assert_eq!(points(folder.path()).iter().filter(|row| &row[4] == "no_estimate/warm-up").count(), 2);
}

#[test]
fn shards_without_estimates_are_told_of_when_they_are_joined() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("s.toml"), HALF).unwrap();
    for (shard, out) in [("1/2", "a"), ("2/2", "b")] {
        let words = ["run", "s.toml", "--profile", "preset:zen4", "--shard", shard, "--out", out];
        assert!(espsim(&folder).args(words).output().unwrap().status.success());
    }
    let merged = espsim(&folder).args(["merge", "a", "b", "--out", "whole"]).output().unwrap();
    assert_eq!(merged.status.code(), Some(3), "{}", text(&merged.stderr));
    assert!(folder.path().join("whole/points.csv").exists());
}
