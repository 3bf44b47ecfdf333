//! `espsim calibrate` and what becomes of its profiles.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::common::text;

fn espsim(folder: &TempDir, args: &[&str]) -> Output {
    crate::common::espsim(folder).args(args).output().unwrap()
}

const SCENARIO: &str = include_str!("common/small.toml");

#[test]
fn a_quick_calibration_is_shown_compared_and_used() {
    let folder = TempDir::new().unwrap();
    let first = espsim(&folder, &["calibrate", "--quick", "--out", "a.toml"]);
    assert!(first.status.success(), "{}", text(&first.stderr));
    let summary = text(&first.stdout);
    for part in ["verdict:", "not measured:", "aes-128-gcm", "aws-lc-rs", "host.frequency", "95 % interval"] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    assert!(fs::read_to_string(folder.path().join("a.svg")).unwrap().contains("time to seal"));
    assert!(espsim(&folder, &["calibrate", "--quick", "--out", "b.toml"]).status.success());

    let shown = text(&espsim(&folder, &["calibrate", "--show", "a.toml"]).stdout);
    assert!(shown.contains("quick calibration by espsim") && shown.contains("stack.send"), "{shown}");
    let same = text(&espsim(&folder, &["calibrate", "--diff", "a.toml", "a.toml"]).stdout);
    assert!(same.contains("(100 %)") && !same.contains("apart"), "{same}");
    let diff = text(&espsim(&folder, &["calibrate", "--diff", "a.toml", "b.toml"]).stdout);
    assert!(diff.contains("values with intervals agree"), "{diff}");

    fs::write(folder.path().join("small.toml"), SCENARIO).unwrap();
    let run = espsim(&folder, &["run", "small.toml", "--profile", "a.toml", "--uncertainty", "8", "--format", "csv"]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    assert!(!text(&run.stderr).contains("another machine"));
    let csv = text(&run.stdout);
    let band = csv.lines().find(|line| line.contains("band/throughput") && line.contains("l3")).unwrap();
    let fields: Vec<&str> = band.split(',').collect();
    let number = |i: usize| fields[fields.len() - i].parse::<f64>().unwrap();
    let (low, high, n) = (number(5), number(4), number(3));
    assert!(low < high && n == 8.0, "{band}");
    // Fewer seeds or threads do not change what is drawn.
    let again = espsim(
        &folder,
        &["run", "small.toml", "--profile", "a.toml", "--uncertainty", "8", "--format", "csv", "--jobs", "1"],
    );
    assert_eq!(text(&again.stdout), csv);
}

#[test]
fn nothing_is_overwritten_and_nothing_left_behind() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("mine.toml"), "precious").unwrap();
    let refused = espsim(&folder, &["calibrate", "--quick", "--out", "mine.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("mine.toml exists already"));
    assert_eq!(fs::read_to_string(folder.path().join("mine.toml")).unwrap(), "precious");
    let nowhere = espsim(&folder, &["calibrate", "--quick", "--out", "no/such/folder.toml"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(text(&nowhere.stderr).contains("cannot write"), "{}", text(&nowhere.stderr));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_profile_that_is_damaged_or_of_elsewhere_is_named() {
    let folder = TempDir::new().unwrap();
    let preset =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/presets/cpu/zen4.toml")).unwrap();
    fs::write(folder.path().join("small.toml"), SCENARIO).unwrap();
    let half = preset[..preset.len() / 2].to_owned();
    let cases = [
        ("truncated.toml", half, "truncated.toml"),
        ("older.toml", preset.replacen("format = 3", "format = 1", 1), "format 1"),
        ("newer.toml", preset.replacen("format = 3", "format = 9", 1), "format 9"),
        ("value.toml", preset.replacen("send = 3600.0", "send = -1.0", 1), "stack.send"),
        ("text.toml", "not a profile".to_owned(), "text.toml"),
    ];
    for (name, content, says) in cases {
        fs::write(folder.path().join(name), content).unwrap();
        for args in [vec!["run", "small.toml", "--profile", name], vec!["calibrate", "--show", name]] {
            let output = espsim(&folder, &args);
            assert_eq!(output.status.code(), Some(2), "{name}");
            assert!(text(&output.stderr).contains(says), "{name}: {}", text(&output.stderr));
        }
    }
    // A measured profile of another machine is used, with a warning by name.
    let record = "\n[calibration]\nprogram = \"0.1.0\"\ntime = \"2026-01-01T00:00:00Z\"\nkind = \"full\"\nverdict = \"trusted\"\n";
    let (head, sources) = preset.split_once("[sources]").unwrap();
    fs::write(folder.path().join("elsewhere.toml"), format!("{head}{record}\n[sources]{sources}")).unwrap();
    let output = espsim(&folder, &["run", "small.toml", "--profile", "elsewhere.toml"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("measured on another machine: AMD EPYC 9354"), "{}", text(&output.stderr));
}
