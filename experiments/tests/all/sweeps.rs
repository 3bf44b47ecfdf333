//! What can be swept, how often points are run, and that neither threads nor shards nor pauses show in any result.

use std::fs;

use tempfile::TempDir;

use crate::common::sweep::{QUICK, assert_same, program, quick, refuse, run, succeed};

/// The series and coordinates of each point, in order.
fn places(points: &str) -> Vec<String> {
    let columns = points.lines().next().unwrap().split(',').position(|name| name == "replication").unwrap();
    let mut places: Vec<String> = points
        .lines()
        .skip(1)
        .map(|line| line.split(',').take(columns).skip(1).collect::<Vec<_>>().join(" "))
        .collect();
    places.dedup();
    places
}

/// A scenario with this sweep.
fn swept(sweep: &str) -> String {
    let (before, after) = QUICK.split_once("[sweep]").unwrap();
    let (_, plot) = after.split_once("[[plot]]").unwrap();
    format!("{before}[sweep]\n{sweep}\n[[plot]]{plot}")
}

#[test]
fn values_are_combined_zipped_listed_and_left_out() {
    let folder = TempDir::new().unwrap();
    let sweep = r#"
        "traffic.packet" = ["64 B", "1024 B"]
        [[sweep.zip]]
        "traffic.queue" = [10, 20]
        "traffic.flows" = [1, 2]
        [[sweep.point]]
        "host.cores" = 1
        "sa.count" = 8
        [[sweep.point]]
        "host.cores" = 2
        "sa.count" = 16
        [[sweep.skip]]
        series = "inline"
        [[sweep.skip]]
        "traffic.packet" = ">= 1 kB"
        "host.cores" = "< traffic.flows"
        [[sweep.skip]]
        "traffic.queue" = [20]
        "host.cores" = 2
    "#;
    fs::write(folder.path().join("s.toml"), swept(sweep)).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "a"]));
    let points = fs::read_to_string(folder.path().join("a/points.csv")).unwrap();
    let header = "point,series,traffic.packet,traffic.flows,traffic.queue,host.cores,sa.count,replication,";
    assert!(points.starts_with(header), "{points}");
    assert_eq!(
        places(&points),
        [
            "host 64 B 1 10 1 8",
            "host 64 B 1 10 2 16",
            "host 64 B 2 20 1 8",
            "host 1024 B 1 10 1 8",
            "host 1024 B 1 10 2 16",
        ]
    );
    // A curve is named after what x and what does not vary leave open.
    let figure = fs::read_to_string(folder.path().join("a/throughput.svg")).unwrap();
    assert!(figure.contains("flows 1") && figure.contains("cores 2"), "{figure}");
}

#[test]
fn a_curve_is_not_named_after_what_changes_along_x() {
    let folder = TempDir::new().unwrap();
    let sweep = "[[sweep.zip]]\n\"traffic.packet\" = [\"64 B\", \"256 B\"]\n\"traffic.queue\" = [10, 20]";
    fs::write(folder.path().join("s.toml"), swept(sweep)).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "a"]));
    let figure = fs::read_to_string(folder.path().join("a/throughput.svg")).unwrap();
    assert!(figure.contains("inline") && !figure.contains("queue"), "{figure}");
}

#[test]
fn wrong_sweeps_are_refused_with_file_line_and_key() {
    let zip = "\"host.cores\" = [1, 2]\n[[sweep.zip]]\n\"traffic.packet\" = [\"64 B\", \"128 B\"]\n";
    for (sweep, expected) in [
        (
            format!("{zip}\"traffic.queue\" = [1]"),
            &["s.toml:19", "`traffic.packet` has 2", "`traffic.queue`", "as many"][..],
        ),
        (format!("{zip}\"traffic.queue\" = 1"), &["s.toml:19", "sweep.zip[0].traffic.queue", "a list"]),
        (format!("{zip}\"host.cores\" = [1, 2]"), &["`host.cores` is swept twice"]),
        (format!("{zip}[[sweep.zip]]"), &["s.toml:19", "this entry is empty"]),
        (
            format!("{zip}[[sweep.point]]\n\"sa.count\" = 1\n[[sweep.point]]\n\"sa.cout\" = 1"),
            &["s.toml:21", "no `sa.count`"],
        ),
        (
            format!("{zip}[[sweep.point]]\n\"sa.count\" = 1\n[[sweep.point]]\n\"sa.count\" = 1\n\"sa.x\" = 1"),
            &["s.toml:23", "`sa.x` is not given by the first"],
        ),
        (format!("{zip}[sweep.skip]\n\"host.cores\" = 1"), &["s.toml:19", "[[sweep.skip]]"]),
        (format!("{zip}[[sweep.skip]]\n\"host.core\" = 1"), &["s.toml:20", "not swept", "did you mean `host.cores`"]),
        (format!("{zip}[[sweep.skip]]\nseries = \"hots\""), &["s.toml:20", "no series `hots`", "did you mean `host`"]),
        (format!("{zip}[[sweep.skip]]\n\"host.cores\" = 3"), &["s.toml:20", "`3` is no value of `host.cores`: 1, 2"]),
        (format!("{zip}[[sweep.skip]]\n\"host.cores\" = \"> 1 us\""), &["s.toml:20", "cannot be compared"]),
        (format!("{zip}[[sweep.skip]]\n\"host.cores\" = \"> traffic.packet\""), &["s.toml:20", "cannot be compared"]),
        (
            format!("{zip}[[sweep.skip]]\n\"host.cores\" = \"> traffic.packets\""),
            &["s.toml:20", "neither", "did you mean"],
        ),
        (format!("{zip}[[sweep.skip]]\n\"host.cores\" = \">= 1\""), &["s.toml:19", "leaves no point"]),
        (format!("{zip}[[sweep.skip]]"), &["s.toml:19", "says nothing"]),
        (format!("{zip}[[sweep.skip]]\nseries = []\n\"host.cores\" = 1"), &["s.toml:20", "`series` is an empty list"]),
        (format!("{zip}[[sweep.skip]]\n\"host.cores\" = []"), &["s.toml:20", "`host.cores` is an empty list"]),
        (
            "[[sweep.point]]\n\"traffic.packet\" = \"64 B\"\n[[sweep.point]]\n\"traffic.packet\" = \"20 B\"".into(),
            &["s.toml:19", "20 B", "at least 29 B"],
        ),
        (
            "[[sweep.zip]]\n\"traffic.packet\" = [\"64 B\", \"20 B\"]\n\"sa.count\" = [1, 2]".into(),
            &["s.toml:17:29", "20 B", "at least 29 B"],
        ),
    ] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("s.toml"), swept(&sweep)).unwrap();
        refuse(&mut run(folder.path(), "s.toml", &[]), expected);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "something was written");
    }
    for (replications, expected) in [
        ("0", &["s.toml:3", "1 to 1000"][..]),
        ("\"many\"", &["s.toml:3", "a number"]),
        ("{ min = 3, max = 2, half_width = \"1 %\" }", &["s.toml:3", "3 to 2"]),
        ("{ min = 3, max = 5, half_width = \"0 %\" }", &["s.toml:3", "above 0 %"]),
        ("{ min = 3, max = 5, half_with = \"1 %\" }", &["s.toml:3", "half_with", "did you mean `half_width`"]),
        ("{ min = 3, max = 5 }", &["s.toml:3", "half_width"]),
    ] {
        let folder = TempDir::new().unwrap();
        let text = QUICK.replace("replications = 2", &format!("replications = {replications}"));
        fs::write(folder.path().join("s.toml"), text).unwrap();
        refuse(&mut run(folder.path(), "s.toml", &[]), expected);
    }
}

#[test]
fn shards_join_to_what_one_run_gives() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("s.toml"), quick(5)).unwrap();
    let further = ["--set", "traffic.flows=8", "--seed", "7", "--draws", "20"];
    succeed(run(folder.path(), "s.toml", &["--out", "whole", "--jobs", "2"]).args(further));
    for (shard, jobs) in [("1/3", "1"), ("2/3", "2"), ("3/3", "1")] {
        let out = format!("s{}", &shard[..1]);
        succeed(run(folder.path(), "s.toml", &["--out", &out, "--shard", shard, "--jobs", jobs]).args(further));
    }
    // In any order, at any number of threads.
    succeed(&mut program(folder.path(), &["merge", "s3", "s1", "s2", "--out", "merged", "--jobs", "1"]));
    assert_same(&at("whole"), &at("merged"));
    // More shards than some have points for.
    for shard in 1..=40 {
        let (out, shard) = (format!("many-{shard}"), format!("{shard}/40"));
        succeed(run(folder.path(), "s.toml", &["--out", &out, "--shard", &shard]).args(further));
    }
    let parts: Vec<String> = (1..=40).map(|shard| format!("many-{shard}")).collect();
    succeed(program(folder.path(), &["merge", "--out", "many"]).args(parts));
    assert_same(&at("whole"), &at("many"));
    // A merged folder can be added to.
    succeed(run(folder.path(), "s.toml", &["--out", "many", "--resume"]).args(further));
    assert_same(&at("whole"), &at("many"));
}

#[test]
fn shards_that_do_not_make_a_whole_are_named() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("s.toml"), quick(5)).unwrap();
    for shard in ["1/3", "2/3", "3/3"] {
        succeed(&mut run(folder.path(), "s.toml", &["--out", &shard[..1], "--shard", shard]));
    }
    succeed(&mut run(folder.path(), "s.toml", &["--out", "other", "--shard", "3/3", "--seed", "2"]));
    succeed(&mut run(folder.path(), "s.toml", &["--out", "half", "--shard", "2/2"]));
    succeed(&mut run(folder.path(), "s.toml", &["--out", "again", "--shard", "2/3"]));
    let merge = |folders: &[&str]| {
        let mut command = program(folder.path(), &["merge", "--out", "merged"]);
        command.args(folders);
        command
    };
    refuse(&mut merge(&["1", "3"]), &["shard 2/3 is missing"]);
    refuse(&mut merge(&["2"]), &["shards 1/3, 3/3 are missing"]);
    refuse(&mut merge(&["1", "2", "3", "again"]), &["shard 2/3 is given twice: 2 and again"]);
    refuse(&mut merge(&["1", "2", "other"]), &["1 and other are of different sweeps: they differ in the seed"]);
    refuse(&mut merge(&["1", "half"]), &["they differ in the number of shards"]);
    refuse(&mut merge(&["1", "2", "nothing"]), &["nothing: no shard"]);
    fs::create_dir(at("empty")).unwrap();
    refuse(&mut merge(&["1", "2", "empty"]), &["empty: no shard"]);
    // Interrupted: there is only the folder that was being filled.
    fs::rename(at("again"), at(".paused.partial")).unwrap();
    refuse(&mut merge(&["1", "paused", "3"]), &["paused: the shard is not finished", "--resume"]);
    // One octet of one run.
    let journal = at("3").join("journal");
    let good = fs::read(&journal).unwrap();
    let mut damaged = good.clone();
    let place = damaged.len() / 2;
    damaged[place] ^= 1;
    fs::write(&journal, &damaged).unwrap();
    refuse(
        &mut merge(&["1", "2", "3"]),
        &["shard 3/3 in 3 lacks 1 of its 10 points", "damaged", "--shard 3/3 --resume"],
    );
    fs::write(&journal, &good[..good.len() - 5]).unwrap();
    refuse(&mut merge(&["1", "2", "3"]), &["shard 3/3 in 3 lacks 1 of its 10 points", "cut off"]);
    fs::write(&journal, &good).unwrap();
    fs::write(at("1/profile.toml"), fs::read_to_string(at("1/profile.toml")).unwrap() + "\n").unwrap();
    refuse(&mut merge(&["1", "2", "3"]), &["1/profile.toml is not the profile"]);
    assert!(!at("merged").exists() && !at(".merged.partial").exists() && !at(".merged.lock").exists());
}

#[test]
fn replications_are_added_to_a_finished_folder() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("s.toml"), quick(3)).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "a"]));
    let first = fs::read_to_string(at("a/points.csv")).unwrap();
    fs::write(at("s.toml"), quick(3).replace("replications = 2", "replications = 4")).unwrap();
    let output = succeed(&mut run(folder.path(), "s.toml", &["--out", "a", "--resume"]));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("36 of 72 runs have finished"), "{message}");
    succeed(&mut run(folder.path(), "s.toml", &["--out", "b"]));
    assert_same(&at("a"), &at("b"));
    let more = fs::read_to_string(at("a/points.csv")).unwrap();
    assert!(first.lines().all(|line| more.contains(line)), "what was there stays");
    // Points are added as well as replications, wherever they stand in the order.
    let swept = quick(4).replace("[\"64 B\", \"256 B\"", "[\"64 B\", \"128 B\", \"256 B\"");
    fs::write(at("s.toml"), swept).unwrap();
    let output = succeed(&mut run(folder.path(), "s.toml", &["--out", "a", "--resume"]));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("36 of 64 runs have finished"), "{message}");
    succeed(&mut run(folder.path(), "s.toml", &["--out", "c"]));
    assert_same(&at("a"), &at("c"));
    // A folder of something else is left as it is.
    let before = crate::common::sweep::files(&at("a"));
    refuse(
        &mut run(folder.path(), "s.toml", &["--out", "a", "--resume", "--seed", "9"]),
        &["none of the folder's 100"],
    );
    refuse(&mut run(folder.path(), "s.toml", &["--out", "a", "--resume", "--shard", "1/2"]), &["is of all points"]);
    refuse(&mut run(folder.path(), "s.toml", &["--out", "a"]), &["exists already"]);
    fs::create_dir(at("strange")).unwrap();
    refuse(&mut run(folder.path(), "s.toml", &["--out", "strange", "--resume"]), &["no journal"]);
    assert_eq!(crate::common::sweep::files(&at("a")), before);
    let hidden = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    assert_eq!(hidden.filter(|name| name.starts_with('.')).count(), 0);
}

#[test]
fn replications_end_when_the_mean_is_known() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    // Of a load that is carried, even in so short a run.
    let quick = QUICK.replace("1 Gbps", "200 Mbps");
    let until = "{ min = 2, max = 12, half_width = \"1 %\", metric = \"latency_mean\" }";
    let text = quick.replace("replications = 2", &format!("replications = {until}"));
    fs::write(at("s.toml"), &text).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "a", "--jobs", "1"]));
    succeed(&mut run(folder.path(), "s.toml", &["--out", "b", "--jobs", "2"]));
    assert_same(&at("a"), &at("b"));
    let points = fs::read_to_string(at("a/points.csv")).unwrap();
    let mut runs = vec![0; 18];
    for line in points.lines().skip(1).filter(|line| line.contains(",latency_mean,")) {
        runs[line.split(',').next().unwrap().parse::<usize>().unwrap()] += 1;
    }
    assert!(runs.iter().all(|n| (2..=12).contains(n)), "{runs:?}");
    assert!(runs.iter().any(|n| *n < 12) && runs.iter().any(|n| *n > 2), "{runs:?}");
    // The rule depends on the runs alone: those of a folder with more of them are used up to the same one.
    fs::write(at("s.toml"), quick.replace("replications = 2", "replications = 12")).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "c"]));
    fs::write(at("s.toml"), &text).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "c", "--resume"]));
    assert_same(&at("a"), &at("c"));
    // Shards stop at the same replications.
    for shard in ["1/2", "2/2"] {
        succeed(&mut run(folder.path(), "s.toml", &["--out", &shard[..1], "--shard", shard]));
    }
    succeed(&mut program(folder.path(), &["merge", "1", "2", "--out", "merged"]));
    assert_same(&at("a"), &at("merged"));
    fs::write(at("s.toml"), text.replace("latency_mean", "latency_men")).unwrap();
    refuse(
        &mut run(folder.path(), "s.toml", &["--out", "d"]),
        &["s.toml:3", "`latency_men` is not observed", "did you mean `latency_mean`"],
    );
}

#[test]
fn failovers_are_sharded_and_resumed_too() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let scenario = r#"
        placement = "inline-packet"
        replications = 2
        traffic.arrival = "poisson"
        traffic.rate = "1 Gbps"
        failover.span = "20 ms"
        [[nic]]
        [[nic]]
        standby = true
        [[failover.event]]
        what = "route-change"
        device = "standby"
        at = "5 ms"
        [sweep]
        "sa.count" = [1, 3, 10, 30, 100]
    "#;
    fs::write(at("f.toml"), scenario).unwrap();
    let failover = |arguments: &[&str]| {
        let mut command = program(folder.path(), &["failover", "f.toml", "--profile", "preset:zen4"]);
        command.args(arguments);
        command
    };
    succeed(&mut failover(&["--out", "whole"]));
    succeed(&mut failover(&["--out", "1", "--shard", "1/2"]));
    succeed(&mut failover(&["--out", "2", "--shard", "2/2"]));
    succeed(&mut program(folder.path(), &["merge", "1", "2", "--out", "merged"]));
    assert_same(&at("whole"), &at("merged"));
    assert!(at("merged/timeline.csv").exists() && at("merged/timeline-count-30.svg").exists());
}

/// A large sweep is told in fewer words, and all of it is in `points.csv`.
#[test]
fn large_sweeps_are_cut_where_people_read() {
    let folder = TempDir::new().unwrap();
    let text = quick(1670).replace("replications = 2", "replications = 1");
    fs::write(folder.path().join("s.toml"), text).unwrap();
    let output = succeed(&mut run(folder.path(), "s.toml", &["--out", "a"]));
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.ends_with("and 9920 more points: points.csv has them all\n"), "{table}");
    let files = crate::common::sweep::files(&folder.path().join("a"));
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    assert!(manifest.get("points").is_none() && manifest["number_of_points"] == 10_020);
    assert_eq!(manifest["axes"][1]["traffic.queue"].as_array().unwrap().len(), 1670);
    assert!(manifest["parameters"]["nic.ring"]["value"].is_string());
    let figure = String::from_utf8_lossy(&files["throughput.svg"]);
    assert!(figure.contains("9828 points are not drawn"), "64 curves of 3 points are");
    let points = String::from_utf8_lossy(&files["points.csv"]);
    assert!(points.lines().last().unwrap().starts_with("10019,inline,1024 B,1670,"));
}

/// What a preset is called does not matter, only what it says: the same values have the same ids and results.
#[test]
fn a_nic_of_ones_own_is_found_beside_the_scenario_and_is_what_it_says() {
    let folder = TempDir::new().unwrap();
    let scenario = |nic: &str| QUICK.replacen("[sweep]", &format!("[nic]\npreset = \"{nic}\"\n[sweep]"), 1);
    fs::create_dir(folder.path().join("lab")).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join("lab").join(name), text).unwrap();
    write("mine.toml", "base = \"connectx-7\"\n");
    write("slow.toml", "base = \"connectx-7\"\nline_rate = \"1 Gbps\"\n[sources]\nline_rate = \"measured: by us\"\n");
    for (name, nic) in [("shipped.toml", "connectx-7"), ("own.toml", "mine.toml"), ("other.toml", "slow.toml")] {
        write(name, &scenario(nic));
        succeed(&mut run(folder.path(), &format!("lab/{name}"), &["--out", &format!("out-{name}")]));
    }
    let read = |name: &str, file: &str| fs::read_to_string(folder.path().join(name).join(file)).unwrap();
    assert_eq!(read("out-shipped.toml", "points.csv"), read("out-own.toml", "points.csv"));
    assert_ne!(read("out-shipped.toml", "points.csv"), read("out-other.toml", "points.csv"));
    let manifest = read("out-other.toml", "manifest.json");
    assert!(manifest.contains("measured: by us") && manifest.contains("slow.toml"), "{manifest}");
    // On the command line a path is that of the current folder.
    succeed(&mut run(folder.path(), "lab/shipped.toml", &["--set", "nic.preset=lab/mine.toml", "--out", "set"]));
    assert_eq!(read("set", "points.csv"), read("out-own.toml", "points.csv"));
    refuse(
        &mut run(folder.path(), "lab/shipped.toml", &["--set", "nic.preset=mine.toml", "--out", "no"]),
        &["cannot read nic preset mine.toml"],
    );
    write("wrong.toml", "base = \"connectx-7\"\n\n[esp]\nsa_capcity = 5\n");
    write("bad.toml", &scenario("wrong.toml"));
    let parts = ["wrong.toml:4", "esp.sa_capcity", "did you mean `esp.sa_capacity`?"];
    refuse(&mut run(folder.path(), "lab/bad.toml", &["--out", "no"]), &parts);
    assert!(!folder.path().join("no").exists());
}
