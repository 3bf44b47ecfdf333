//! What a user may give or do without knowing better: names that steer terminals, names too long for a file, four starts at
//! once, a signal in the middle of a long run.
#![cfg(unix)]

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::message::unbroken;
use crate::common::sweep::{QUICK, program, quick, refuse, run, succeed};

fn folder_with(scenario: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    folder
}

#[test]
fn text_that_steers_a_terminal_is_refused_where_it_stands() {
    for (from, to, expected) in [
        ("title = \"quick\"", "title = \"\\u202Eevil\"", ["s.toml:2:", "`title`"]),
        ("name = \"host\"", "name = \"a\\u001b]0;pwn\\u0007\"", ["s.toml:10:", "`series[0].name`"]),
        ("x_label = \"Packet (B)\"", "x_label = \"a\\nb\"", ["s.toml:22:", "`plot[0].x_label`"]),
        ("[run]", "[nic]\ntitle = \"\\u0000\"\n[run]", ["s.toml:5:", "`nic.title`"]),
    ] {
        let folder = folder_with(&QUICK.replace(from, to));
        refuse(&mut run(folder.path(), "s.toml", &["--out", "out"]), &expected);
    }
    let folder = folder_with(QUICK);
    let output =
        run(folder.path(), "s.toml", &["--out", "out", "--set", "nic.title=\"\\u001b[31m\""]).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && message.contains("control character"), "{message}");
    assert!(!folder.path().join("out").exists());
    // Nor does a file that is no scenario at all steer it by what is shown of it.
    fs::write(folder.path().join("s.toml"), "title = \"\u{1b}[31m\" \u{1b}]0;pwn\u{7}").unwrap();
    let output = run(folder.path(), "s.toml", &[]).output().unwrap();
    assert!(output.status.code() == Some(2) && !output.stderr.contains(&0x1b), "{output:?}");
}

#[test]
fn a_key_of_a_series_cannot_be_set() {
    let folder = folder_with(&QUICK.replace("placement = \"host\"", "placement = \"host\"\nhost.cores = 2"));
    for set in ["placement=clear", "host.cores=1"] {
        let key = set.split('=').next().unwrap();
        let expected = [&format!("`{key}` is set by series `host`"), "--set", "s.toml:"];
        refuse(&mut run(folder.path(), "s.toml", &["--out", "out", "--set", set]), &expected);
    }
    refuse(&mut run(folder.path(), "s.toml", &["--set", "traffic.mix=simple-imix"]), &["is swept here"]);
    succeed(&mut run(folder.path(), "s.toml", &["--out", "out", "--set", "nic.count=1"]));
}

#[test]
fn series_whose_names_are_formulas_come_back_from_csv() {
    let scenario = QUICK
        .replace("name = \"host\"", "name = \"=cmd|' /C calc'!A0\"")
        .replace("name = \"inline\"", "name = \"'@x\"");
    let folder = folder_with(&scenario);
    succeed(&mut run(folder.path(), "s.toml", &["--out", "out"]));
    for file in ["points.csv", "table.csv"] {
        let text = fs::read_to_string(folder.path().join("out").join(file)).unwrap();
        assert!(text.contains("'=cmd|' /C calc'!A0,") && text.contains("''@x,") && !text.contains(",=cmd"), "{file}");
    }
    succeed(&mut program(folder.path(), &["report", "out"]));
    let html = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(html.contains("=cmd|") && !html.contains("&#x27;=cmd"), "the name is as it was");
    let table = espsim_sweep::store::point_table::PointTable::read(&folder.path().join("out/table.csv")).unwrap();
    assert!(table.rows.iter().any(|row| row.series == "'@x"));
    // What is no number is refused where it stands.
    let points = fs::read_to_string(folder.path().join("out/points.csv")).unwrap();
    let mut lines: Vec<String> = points.lines().map(str::to_owned).collect();
    let mut cells: Vec<&str> = lines[7].split(',').collect();
    // Point, series, two swept keys, replication, seed, metric, value.
    cells[7] = "inf";
    lines[7] = cells.join(",");
    let broken = lines.join("\n");
    fs::write(folder.path().join("out/points.csv"), broken).unwrap();
    refuse(&mut program(folder.path(), &["report", "out"]), &["points.csv:8: `inf` is no number"]);
}

#[test]
fn a_name_may_be_longer_than_a_file_s() {
    let name = "n".repeat(245);
    let folder = folder_with(&format!(
        "[[series]]\nname = \"{name}\"\nplacement = \"inline-crypto\"\n[[series]]\nname = \"{name}b\"\nplacement = \"host\"\n\
         [traffic]\narrival = \"poisson\"\nrate = \"100 Mbps\"\n[failover]\nspan = \"20 ms\"\nbins = 10\n\
         [[failover.event]]\nwhat = \"rekey\"\nat = \"5 ms\"\n"
    ));
    succeed(&mut program(folder.path(), &["failover", "s.toml", "--profile", "preset:zen4", "--out", "out"]));
    let files = fs::read_dir(folder.path().join("out")).unwrap();
    let figures = files.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("timeline-n"));
    assert_eq!(figures.count(), 2);
    succeed(&mut program(folder.path(), &["report", "out"]));
}

#[test]
fn a_failover_that_takes_days_is_refused_with_what_it_would_take() {
    let folder = folder_with(
        "placement = \"inline-crypto\"\n[traffic]\narrival = \"poisson\"\nrate = \"10 Gbps\"\npacket = \"64 B\"\n\
         [failover]\nspan = \"3000 s\"\n[[failover.event]]\nwhat = \"rekey\"\nat = \"5 ms\"\n",
    );
    let mut failover = program(folder.path(), &["failover", "s.toml", "--profile", "preset:zen4"]);
    refuse(&mut failover, &["`failover.span`", "packets", "e10", "at most 1e10", "s.toml:"]);
}

#[test]
fn four_starts_at_once_get_a_folder_each() {
    let folder = folder_with(&quick(3));
    let start = |_| run(folder.path(), "s.toml", &["--jobs", "1"]).stdout(Stdio::null()).spawn().unwrap();
    let started: Vec<_> = (0..4).map(start).collect();
    for child in started {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut names: Vec<String> = fs::read_dir(folder.path().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["s", "s-2", "s-3", "s-4"]);
}

#[test]
fn a_pipe_in_the_place_of_the_lock_keeps_nobody_waiting() {
    let folder = folder_with(QUICK);
    assert!(Command::new("mkfifo").arg(folder.path().join(".out.lock")).status().unwrap().success());
    let started = Instant::now();
    refuse(&mut run(folder.path(), "s.toml", &["--out", "out"]), &["cannot lock", ".out.lock: it is no file"]);
    assert!(started.elapsed() < Duration::from_secs(5));
    // A file of the user's of that name stays as it is.
    fs::write(folder.path().join(".mine.lock"), "mine").unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "mine"]));
    assert_eq!(fs::read_to_string(folder.path().join(".mine.lock")).unwrap(), "mine");
}

#[test]
fn finished_points_are_spoken_of_only_if_there_are_any() {
    let folder = folder_with(QUICK);
    succeed(&mut run(folder.path(), "s.toml", &["--out", "whole"]));
    // As a kill leaves it before the first run has finished: a header, and nothing after it.
    let journal = fs::read_to_string(folder.path().join("whole/journal")).unwrap();
    let partial = folder.path().join(".out.partial");
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("journal"), journal.lines().next().unwrap().to_owned() + "\n").unwrap();
    crate::common::sweep::mark(&partial);
    succeed(&mut run(folder.path(), "s.toml", &["--out", "out"]));
}

/// One point of a run or failover that takes a minute and more.
#[test]
fn a_signal_ends_a_long_point_within_a_second() {
    let long = "[run]\nmax_packets = 10000000000\nhalf_width = \"0.0001 %\"\nmax_time = \"3600 s\"\n";
    let event = "[failover]\nspan = \"100 s\"\n[[failover.event]]\nwhat = \"rekey\"\nat = \"5 ms\"\n";
    let traffic = "placement = \"inline-crypto\"\n[traffic]\narrival = \"poisson\"\nrate = \"10 Gbps\"\n";
    for (command, text) in [("run", format!("{traffic}{long}")), ("failover", format!("{traffic}{event}"))] {
        let folder = folder_with(&text);
        let words = [command, "s.toml", "--profile", "preset:zen4", "--out", "out"];
        let mut child = program(folder.path(), &words).spawn().unwrap();
        let journal = folder.path().join(".out.partial/journal");
        let deadline = Instant::now() + Duration::from_secs(30);
        while !fs::metadata(&journal).is_ok_and(|there| there.len() > 0) {
            assert!(child.try_wait().unwrap().is_none() && Instant::now() < deadline, "{command} does not begin");
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(300));
        let told = Instant::now();
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        // A second, and what a machine with other things to do adds.
        assert!(told.elapsed() < Duration::from_secs(3), "{command}: {:?}", told.elapsed());
        let message = unbroken(&String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(130), "{message}");
        assert!(message.contains("0 of 1 runs are finished"), "{message}");
    }
}
