//! `espsim calibrate` and what becomes of its profiles.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::common::message::unbroken;
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
    assert!(same.contains(", 0 are apart (0.0 %)") && same.contains("cores for 40 Gb/s"), "{same}");
    let diff = espsim(&folder, &["calibrate", "--diff", "a.toml", "b.toml", "--margin", "80%", "--most-apart", "90%"]);
    assert!(text(&diff.stdout).contains("values agree within 80 % or by their intervals"), "{}", text(&diff.stdout));
    // What was measured is counted, and where the rest is from is said.
    assert!(shown.contains("what is not this host's own is that of preset:"), "{shown}");
    assert!(shown.contains("values: ") && shown.contains(" measured, "), "{shown}");

    fs::write(folder.path().join("small.toml"), SCENARIO).unwrap();
    let run = espsim(&folder, &["run", "small.toml", "--profile", "a.toml", "--draws", "40", "--format", "csv"]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let said = text(&run.stderr);
    assert!(!said.contains("another machine") && said.contains("(a.toml, the rest as preset:"), "{said}");
    assert!(said.contains("espsim: Measured: ") && said.contains("values."), "{said}");
    let csv = text(&run.stdout);
    let band = csv.lines().find(|line| line.contains("throughput,") && line.contains("l3")).unwrap();
    let fields: Vec<&str> = band.split(',').collect();
    let number = |i: usize| fields[fields.len() - i].parse::<f64>().unwrap();
    let (low, high, n) = (number(3), number(2), number(1));
    assert!(low < high && n == 40.0, "{band}");
    // Fewer seeds or threads do not change what is drawn.
    let again = espsim(
        &folder,
        &["run", "small.toml", "--profile", "a.toml", "--draws", "40", "--format", "csv", "--jobs", "1"],
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
        ("older.toml", preset.replacen("format = 4", "format = 1", 1), "format 1 is older"),
        ("newer.toml", preset.replacen("format = 4", "format = 9", 1), "format 9 was written by a newer espsim"),
        ("value.toml", preset.replacen("send = 3600.0", "send = -1.0", 1), "stack.send"),
        ("text.toml", "not a profile".to_owned(), "text.toml"),
        ("unknown.toml", preset.replacen("send = 3600.0", "sned = 3600.0", 1), "did you mean `stack.send`?"),
        ("missing.toml", preset.replacen("send = 3600.0", "", 1), "missing: `stack.send`"),
        ("missing.toml", preset.replacen("send = 3600.0", "", 1), "base = \"zen4\""),
        ("base.toml", "format = 4\nbase = \"zenn4\"\n".to_owned(), "did you mean `zen4`?"),
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

/// Values that are set are used, named, and in the folder; so are those of a file that leaves the rest to a preset.
#[test]
fn values_of_a_profile_are_set_and_left_to_a_base() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("small.toml"), SCENARIO).unwrap();
    let mine = "format = 4\nbase = \"haswell\"\n[stack]\nsend = 9000.0\n";
    fs::write(folder.path().join("mine.toml"), mine).unwrap();
    let run = |profile: &str, more: &[&str]| {
        let words = [&["run", "small.toml", "--profile", profile, "--format", "csv"], more].concat();
        let output = espsim(&folder, &words);
        assert!(output.status.success(), "{}", text(&output.stderr));
        (text(&output.stdout), text(&output.stderr))
    };
    let (plain, _) = run("preset:haswell", &[]);
    let (set, said) = run("preset:haswell", &["--set", "profile.stack.send=9000.0", "--out", "set"]);
    let (of_base, named) = run("mine.toml", &["--out", "mine"]);
    assert!(set != plain && set == of_base, "a dearer send, however it is said");
    assert!(said.contains("(preset:haswell, stack.send = 9000.0)"), "{said}");
    assert!(named.contains("(mine.toml, the rest as preset:haswell)"), "{named}");
    for kept in ["set", "mine"] {
        let kept = fs::read_to_string(folder.path().join(kept).join("profile.toml")).unwrap();
        assert!(
            kept.contains("send = 9000.0") && kept.contains("segment = 600.0") && !kept.contains("base ="),
            "{kept}"
        );
    }
    // A folder repeats its run, whether the value is set again or not.
    assert_eq!(run("set/profile.toml", &[]).0, set);
    let (again, said) = run("set/profile.toml", &["--set", "profile.stack.send=9000.0"]);
    assert!(again == set && said.contains("(profile.toml)"), "{said}");
    for (value, says) in [("stack.sned=1", "did you mean `stack.send`?"), ("stack.send=-1", "0 cycles or more")] {
        let output =
            espsim(&folder, &["run", "small.toml", "--profile", "preset:zen4", "--set", &format!("profile.{value}")]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
    }
}

/// Two hosts differ: in times, in a plan, and by exit code.
#[test]
fn profiles_that_differ_are_told_by_exit_code() {
    let folder = TempDir::new().unwrap();
    let diff = |a: &str, b: &str| espsim(&folder, &["calibrate", "--diff", a, b]);
    let same = diff("preset:zen4", "preset:zen4");
    assert!(same.status.success() && text(&same.stdout).contains("cores for 40 Gb/s"), "{}", text(&same.stdout));
    let other = diff("preset:zen4", "preset:haswell");
    assert_eq!(other.status.code(), Some(1));
    let table = text(&other.stdout);
    assert!(table.contains("different hosts") && table.contains("stack.doorbell"), "{table}");
    let said = unbroken(&text(&other.stderr));
    assert!(said.contains("plans differ by more than a core: host"), "{said}");
    let record = "\n[calibration]\nprogram = \"0.1.0\"\ntime = \"2026-01-01T00:00:00Z\"\nkind = \"full\"\nverdict = \"noisy: load\"\n\
                  disturbed = [\"scaling: load 12\"]\n";
    fs::write(folder.path().join("noisy.toml"), format!("format = 4\nbase = \"zen4\"\n{record}")).unwrap();
    let noisy = diff("preset:zen4", "noisy.toml");
    assert!(text(&noisy.stdout).contains("noisy.toml: its calibration was disturbed (scaling: load 12)"));
    // So do commands that use it, and say for how many cores it is.
    fs::write(folder.path().join("small.toml"), SCENARIO).unwrap();
    let run =
        espsim(&folder, &["run", "small.toml", "--profile", "noisy.toml", "--set", "host.cores=4", "--out", "out"]);
    let said = text(&run.stderr);
    assert!(said.contains("noisy.toml: its calibration was disturbed (scaling: load 12)"), "{said}");
    assert!(said.contains("one core was measured, results are for up to 4"), "{said}");
    assert!(espsim(&folder, &["report", "out"]).status.success());
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("scaling: load 12") && page.contains("results are for up to 4"));
    assert!(page.contains("Measured: 0 of the <dfn tabindex=\"0\">profile"));
}
