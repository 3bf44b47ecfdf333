//! The program as a user meets it: results, determinism, and what bad input gets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use espsim_sweep::store::point_table::PointTable;
use tempfile::TempDir;

use crate::common::message::unbroken;
use crate::common::{espsim, text};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{name}.toml"))
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Two points that take no time.
const SMALL: &str = include_str!("common/small.toml");

#[test]
fn all_scenarios_of_a_folder_are_run_by_the_command_that_they_are_for() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("questions")).unwrap();
    write(&folder, "questions/small.toml", SMALL);
    let event = "[traffic]\narrival = \"constant\"\nrate = \"1 Gbps\"\n[[nic]]\n[[nic]]\nstandby = true\n[failover]\nspan = \"10 ms\"\nbins = 10\n\
                 [[failover.event]]\nwhat = \"link-down\"\nat = \"2 ms\"\n";
    write(&folder, "questions/event.toml", event);
    let output = espsim(&folder).args(["run", "--all", "questions", "--out", "all"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    for file in ["small/points.csv", "small/throughput.svg", "event/points.csv", "event/timeline.csv"] {
        assert!(folder.path().join("all").join(file).exists(), "{file}");
    }
    let output = espsim(&folder).args(["run", "--all", "all"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no scenario file"), "{}", text(&output.stderr));
    assert_eq!(espsim(&folder).arg("run").output().unwrap().status.code(), Some(2));
}

fn run(folder: &TempDir, scenario: &Path, arguments: &[&str]) -> Output {
    let mut command = espsim(folder);
    command.arg("run").arg(scenario).args(arguments);
    command.output().unwrap()
}

#[test]
fn results_are_written_whole_and_the_same_at_any_thread_count() {
    let folder = TempDir::new().unwrap();
    let scenario = write(&folder, "small.toml", SMALL);
    for (out, jobs) in [("a", "1"), ("b", "2"), ("c", "2")] {
        let output = run(&folder, &scenario, &["--profile", "preset:zen4", "--out", out, "--jobs", jobs]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("lookaside"), "{}", text(&output.stdout));
    }
    for file in ["points.csv", "table.csv", "throughput.svg", "profile.toml"] {
        let read = |out: &str| fs::read(folder.path().join(out).join(file)).unwrap();
        assert!(read("a") == read("b") && read("b") == read("c"), "{file} differs");
    }
    let points = fs::read_to_string(folder.path().join("a/points.csv")).unwrap();
    let header = "point,series,traffic.packet,replication,seed,metric,value,unit,basis,low,high,n,bottleneck,stop,\
                  drawn_low,drawn_high,draws";
    assert_eq!(points.lines().next(), Some(header));
    assert!(points.contains("1,host,1024 B,0,"));
    let stops = points.lines().skip(1).filter_map(|line| line.split(',').nth(13));
    assert!(stops.clone().count() > 50 && stops.into_iter().all(|stop| ["half-width", "limit"].contains(&stop)));
    let table = PointTable::read(&folder.path().join("a/table.csv")).unwrap();
    assert!(table.rows.iter().all(|row| row.number("goodput_gbps").unwrap() > Some(0.0) && row.text("stop").is_some()));
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("a/manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["profile"]["from"], "preset:zen4");
    assert!(manifest["parameters"]["nic.line_rate"]["origin"]["preset"]["name"] == "connectx-6-dx");
    assert_eq!(manifest["points"][1]["parameters"]["traffic.mix"]["origin"], "sweep");
    let hidden =
        fs::read_dir(&folder).unwrap().filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
    assert_eq!(hidden.count(), 0, "a partial folder is left");
}

#[test]
fn another_seed_gives_other_numbers_and_replications_an_interval() {
    let folder = TempDir::new().unwrap();
    let poisson = SMALL.replace(
        "title = \"small\"",
        "title = \"small\"\nreplications = 3\ntraffic.arrival = \"poisson\"\ntraffic.rate = \"1 Gbps\"",
    );
    let scenario = write(&folder, "poisson.toml", &poisson);
    for seed in ["1", "2"] {
        let output = run(&folder, &scenario, &["--profile", "preset:zen4", "--out", seed, "--seed", seed]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let read = |out: &str| fs::read_to_string(folder.path().join(out).join("points.csv")).unwrap();
    assert_ne!(read("1"), read("2"));
    let seeds: std::collections::BTreeSet<String> =
        read("1").lines().skip(1).map(|line| line.split(',').nth(4).unwrap().to_owned()).collect();
    assert_eq!(seeds.len(), 3, "one seed a replication, the same for all points");
}

#[test]
fn without_a_profile_the_host_is_measured_once_a_day() {
    let folder = TempDir::new().unwrap();
    let scenario = write(&folder, "small.toml", SMALL);
    let first = run(&folder, &scenario, &[]);
    assert!(first.status.success() && text(&first.stderr).contains("measuring"), "{}", text(&first.stderr));
    let second = run(&folder, &scenario, &[]);
    assert!(second.status.success() && text(&second.stderr).contains("today's"), "{}", text(&second.stderr));
    // The default folder is numbered when it exists.
    assert!(folder.path().join("out/small").is_dir() && folder.path().join("out/small-2").is_dir());
}

#[test]
fn shipped_scenarios_run() {
    let folder = TempDir::new().unwrap();
    // A super-packet of the smallest packets is thousands of them: such runs need more for a single batch.
    for (name, packets) in [
        ("three-pass", "run.max_packets=200000"),
        ("forty-gig-2016", "run.max_packets=40000"),
        ("gso", "run.max_packets=40000"),
        ("load-latency", "run.max_packets=20000"),
    ] {
        let quick = ["--profile", "preset:haswell", "--out", name, "--set", packets];
        let output = run(&folder, &shipped(name), &quick);
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        let figures = fs::read_dir(folder.path().join(name))
            .unwrap()
            .filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "svg"));
        assert!(figures.count() >= 2, "{name}");
    }
}

/// A failover that takes no time.
const FAILOVER: &str = r#"
title = "failover"
placement = "inline-packet"
[traffic]
arrival = "poisson"
rate = "2 Gbps"
[[nic]]
[[nic]]
standby = true
[failover]
span = "20 ms"
delays = "drawn"
[[failover.event]]
what = "route-change"
device = "standby"
at = "5 ms"
[[failover.event]]
what = "link-down"
device = "standby"
at = "6 ms"
mtbf = "4 ms"
for = "1 ms"
[sweep]
"sa.count" = [1, 100]
"#;

fn failover(folder: &TempDir, scenario: &Path, arguments: &[&str]) -> Output {
    espsim(folder).arg("failover").arg(scenario).args(arguments).output().unwrap()
}

#[test]
fn failovers_are_the_same_at_any_thread_count() {
    let folder = TempDir::new().unwrap();
    let scenario = write(&folder, "failover.toml", FAILOVER);
    for (out, jobs) in [("a", "1"), ("b", "2")] {
        let output = failover(&folder, &scenario, &["--profile", "preset:zen4", "--out", out, "--jobs", jobs]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("Outage ms"), "{}", text(&output.stdout));
    }
    for file in ["points.csv", "timeline.csv", "timeline-count-100.svg"] {
        let read = |out: &str| fs::read(folder.path().join(out).join(file)).unwrap();
        assert!(read("a") == read("b"), "{file} differs");
    }
    let timeline = fs::read_to_string(folder.path().join("a/timeline.csv")).unwrap();
    assert!(timeline.starts_with("point,series,sa.count,replication,end_ms,goodput_gbps,packets,"));
    assert_eq!(timeline.lines().count(), 1 + 2 * 200);
}

#[test]
fn bad_failovers_are_refused() {
    let zen4 = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/presets/cpu/zen4.toml");
    let without: String = {
        let text = fs::read_to_string(&zen4).unwrap();
        let (before, after) = text.split_once("[sa]\n").unwrap();
        format!("{before}{}", &after[after.find("[sources]").unwrap()..])
    };
    for (from, to, profile, expected) in [
        (
            "what = \"route-change\"",
            "what = \"rout-change\"",
            None,
            &["failover.toml:14", "did you mean `route-change`"][..],
        ),
        ("at = \"5 ms\"", "at = \"1 s\"", None, &["failover.toml:16", "`failover.event[0].at` is 1 s", "20 ms"]),
        ("for = \"1 ms\"", "every = \"1 ms\"", None, &["failover.toml:21", "random or periodic"]),
        ("\"poisson\"", "\"saturate\"", None, &["failover.toml:5", "constant or poisson"]),
        ("span = \"20 ms\"", "spam = \"20 ms\"", None, &["failover.toml:11", "did you mean `span`"]),
        ("title", "title", Some(&without), &["`profile.sa` is missing", "[sa]"]),
    ] {
        assert!(FAILOVER.contains(from), "{from}");
        let folder = TempDir::new().unwrap();
        let scenario = write(&folder, "failover.toml", &FAILOVER.replacen(from, to, 1));
        let profile = profile
            .map_or_else(|| "preset:zen4".into(), |text| write(&folder, "profile.toml", text).display().to_string());
        let output = failover(&folder, &scenario, &["--profile", &profile, "--out", "out"]);
        let message = unbroken(&text(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{to}: {message}");
        for part in expected {
            assert!(message.contains(part), "`{part}` is missing in: {message}");
        }
        assert!(!folder.path().join("out").exists());
    }
    let folder = TempDir::new().unwrap();
    let output = run(&folder, &write(&folder, "failover.toml", FAILOVER), &["--profile", "preset:zen4"]);
    assert!(output.status.code() == Some(2) && text(&output.stderr).contains("espsim failover"));
    let output = failover(&folder, &write(&folder, "small.toml", SMALL), &["--profile", "preset:zen4"]);
    assert!(output.status.code() == Some(2) && text(&output.stderr).contains("at least one event"));
}

/// What `small.toml` with one line changed gets: exit code 2, nothing on standard output, nothing written, and a message
/// that says all of `expected`.
fn refused(line: &str, changed: &str, expected: &[&str]) {
    assert!(SMALL.contains(line), "{line}");
    refused_text(&SMALL.replacen(line, changed, 1), &["--profile", "preset:zen4"], expected);
}

fn refused_text(scenario: &str, arguments: &[&str], expected: &[&str]) {
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "small.toml", scenario);
    let output = run(&folder, &path, arguments);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    let flat = unbroken(&message);
    for part in expected {
        assert!(flat.contains(part), "`{part}` is missing in: {message}");
    }
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["small.toml"], "something was written");
}

#[test]
fn bad_scenarios_are_refused_with_file_line_and_key() {
    let sizes = r#""traffic.packet" = ["256 B", "1024 B"]"#;
    refused("placement = \"host\"", "plcement = \"host\"", &["small.toml:7", "plcement", "did you mean `placement`"]);
    refused(
        "placement = \"host\"",
        "placement = \"hots\"",
        &["small.toml:7", "`placement`", "hots", "did you mean `host`"],
    );
    refused(
        "placement = \"host\"",
        "placement = \"host\"\nnic.preset = \"nic-40\"",
        &["small.toml:8", "nic-40", "did you mean `nic-40g`"],
    );
    refused(
        "placement = \"host\"",
        "placement = \"host\"\nnic.line_rate = \"40 GB\"",
        &["small.toml:8", "nic.line_rate", "40 GB", "a bit rate", "Gbps"],
    );
    refused(
        "placement = \"host\"",
        "placement = \"host\"\nnic.line_rate = 40",
        &["small.toml:8", "nic.line_rate", "with its unit"],
    );
    refused(
        "placement = \"host\"",
        "placement = \"host\"\nnic.line_rate = \"0 Gbps\"",
        &["small.toml:8", "nic.line_rate", "above zero"],
    );
    refused(
        "placement = \"host\"",
        "placement = \"host\"\nnic.line_rate = \"-1 Gbps\"",
        &["small.toml:8", "nic.line_rate", "-1 Gbps"],
    );
    refused(
        "placement = \"host\"",
        "placement = \"host\"\ntraffic.arrival = \"poisson\"",
        &["traffic.rate", "missing", "40 Gbps"],
    );
    refused(
        "placement = \"host\"",
        "placement = \"inline-crypto\"\nnic.preset = \"nic-40g\"",
        &["small.toml:7", "has no ESP engine"],
    );
    refused(
        "placement = \"host\"",
        "placement = \"host\"\nhost.cores = 0",
        &["small.toml:8", "host.cores", "1 to 256"],
    );
    refused(sizes, r#""traffic.packet" = ["256 B", "20 B"]"#, &["small.toml:12:30", "20 B", "at least 29 B"]);
    refused(
        sizes,
        r#""traffic.packet" = ["256 B", "70000 B"]"#,
        &["small.toml:12:30", "70000 B", "an IP packet of 65535 B"],
    );
    refused(sizes, r#""traffic.packet" = []"#, &["small.toml:12", "traffic.packet", "empty"]);
    refused(sizes, r#""traffic.packet" = "256 B""#, &["small.toml:12", "traffic.packet", "a list"]);
    refused(
        "x = \"traffic.packet\"",
        "x = \"traffic.packets\"",
        &["small.toml:16", "traffic.packets", "did you mean `traffic.packet`"],
    );
    let ciphers = r#""sa.algorithm" = ["null", "aes-128-gcm"]"#;
    let x = "x = \"sa.algorithm\"";
    refused_text(
        &SMALL.replace(sizes, ciphers).replace("x = \"traffic.packet\"", x),
        &[],
        &["small.toml:16", "no numbers: null"],
    );
    refused(
        "y = \"throughput\"",
        "y = \"throughput\"\nonly = { \"traffic.packet\" = \"1025 B\" }",
        &["small.toml:19", "1025 B", "256 B, 1024 B", "did you mean `1024 B`"],
    );
    refused("[run]", "replications = 0\n[run]", &["small.toml:3", "replications", "1 to 1000"]);
    refused("[run]", "[run", &["small.toml:3"]);
    let many =
        format!("\"traffic.packet\" = [{}]\n\"traffic.window\" = [{}]", "\"256 B\",".repeat(5001), "64,".repeat(1000));
    refused(sizes, &many, &["small.toml:11", "10002000 runs", "at most 10000000"]);
}

#[test]
fn a_figure_without_a_mark_is_warned_of() {
    let folder = TempDir::new().unwrap();
    for (y, said) in [("througput", "did you mean `throughput`"), ("loss", "`loss` was not observed")] {
        let scenario = write(&folder, "small.toml", &SMALL.replace("y = \"throughput\"", &format!("y = \"{y}\"")));
        let output = run(&folder, &scenario, &["--profile", "preset:zen4", "--out", y]);
        let message = unbroken(&text(&output.stderr));
        assert!(output.status.success() && message.contains("throughput.svg is empty"), "{message}");
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn bad_arguments_are_refused() {
    refused_text(SMALL, &["--profile", "preset:zen44"], &["zen44", "did you mean `zen4`"]);
    refused_text(SMALL, &["--profile", "missing.toml"], &["missing.toml", "cannot read profile"]);
    refused_text(SMALL, &["--profile", "preset:zen4", "--set", "nic.lines=3"], &["--set nic.lines=3", "lines"]);
    refused_text(SMALL, &["--profile", "preset:zen4", "--set", "nic"], &["key=value"]);
    refused_text(SMALL, &["--profile", "preset:zen4", "--jobs", "0"], &["--jobs", "1..=1024"]);
    refused_text(SMALL, &["--profile", "preset:zen4", "--out", "small.toml"], &["small.toml", "exists already"]);
    refused_text(SMALL, &["--profile", "preset:zen4", "--out", "small.toml/x"], &["small.toml", "cannot create"]);
    let folder = TempDir::new().unwrap();
    let output = run(&folder, Path::new("nowhere.toml"), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nowhere.toml"));
}

#[test]
fn bad_profiles_are_refused() {
    let good =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/presets/cpu/zen4.toml")).unwrap();
    for (from, to, expected) in [
        ("format = 4", "format = 1", &["profile.toml:", "format 1", "calibrate again"][..]),
        ("format = 4", "", &["profile.toml", "format"]),
        (
            "frequency = ",
            "frequenzy = ",
            &["profile.toml:", "frequenzy", "did you mean `host.frequency`", "missing: `host.frequency`"],
        ),
        ("send = ", "send = -", &["profile.toml:", "stack.send", "0 cycles or more"]),
        ("[stack]", "[stack", &["profile.toml:"]),
    ] {
        assert!(good.contains(from), "{from}");
        let folder = TempDir::new().unwrap();
        let scenario = write(&folder, "small.toml", SMALL);
        write(&folder, "profile.toml", &good.replacen(from, to, 1));
        let output = run(&folder, &scenario, &["--profile", "profile.toml"]);
        let message = unbroken(&text(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{from}: {message}");
        for part in expected {
            assert!(message.contains(part), "`{part}` is missing in: {message}");
        }
        assert!(!folder.path().join("out").exists());
    }
}
