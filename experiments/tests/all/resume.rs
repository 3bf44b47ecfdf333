//! Going on: what had finished stays, whatever the scenario has become meanwhile, and results are those of a fresh run.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::common::sweep::{add_own, assert_same, files, program, quick, refuse, run, succeed, take_own};

#[test]
fn runs_that_a_smaller_sweep_does_not_ask_for_are_kept() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let go_on = |queues: usize| {
        fs::write(at("s.toml"), quick(queues)).unwrap();
        let output = succeed(&mut run(folder.path(), "s.toml", &["--out", "out", "--resume"]));
        String::from_utf8(output.stderr).unwrap()
    };
    go_on(5);
    let first = files(&at("out"));
    let said = go_on(2);
    assert!(said.contains("36 finished runs are not of this sweep: kept in journal.others"), "{said}");
    succeed(&mut run(folder.path(), "s.toml", &["--out", "fresh"]));
    assert_same(&at("fresh"), &at("out"));
    assert!(at("out/journal.others").exists() && !at("fresh/journal.others").exists());
    let said = go_on(5);
    assert!(said.contains("going on: 60 of 60 runs have finished"), "{said}");
    assert!(files(&at("out")) == first && !at("out/journal.others").exists());
}

#[test]
fn a_shard_goes_on_though_all_its_points_are_new() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for queues in [1, 2] {
        fs::write(at("s.toml"), quick(queues)).unwrap();
        for shard in 1..=6 {
            let (out, shard) = (format!("s{shard}"), format!("{shard}/6"));
            succeed(&mut run(folder.path(), "s.toml", &["--out", &out, "--shard", &shard, "--resume"]));
        }
    }
    succeed(&mut run(folder.path(), "s.toml", &["--out", "whole"]));
    succeed(program(folder.path(), &["merge", "--out", "merged"]).args((1..=6).map(|shard| format!("s{shard}"))));
    assert_same(&at("whole"), &at("merged"));
}

#[test]
fn a_link_to_an_output_folder_stays_one() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("scratch")).unwrap();
    fs::write(at("s.toml"), quick(1)).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "scratch/real"]));
    symlink("scratch/real", at("out")).unwrap();
    fs::write(at("s.toml"), quick(2)).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "out", "--resume"]));
    assert!(at("out").symlink_metadata().unwrap().is_symlink());
    succeed(&mut run(folder.path(), "s.toml", &["--out", "whole"]));
    assert_same(&at("whole"), &at("scratch/real"));
}

#[test]
fn what_an_interrupted_writing_left_is_no_result() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("s.toml"), quick(1)).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "whole"]));
    // As it is when the process is killed after the figures and before the folder has its name.
    let interrupted = |name: &str| {
        fs::create_dir(at(name)).unwrap();
        for file in ["journal", "profile.toml", "points.csv"] {
            fs::copy(at("whole").join(file), at(name).join(file)).unwrap();
        }
        fs::write(at(name).join("old.svg"), "").unwrap();
    };
    interrupted(".out.partial");
    succeed(&mut run(folder.path(), "s.toml", &["--out", "out", "--resume"]));
    assert_same(&at("whole"), &at("out"));
    // A merge begins anew: nothing of it was simulated.
    succeed(&mut run(folder.path(), "s.toml", &["--out", "one", "--shard", "1/1"]));
    interrupted(".merged.partial");
    succeed(&mut program(folder.path(), &["merge", "one", "--out", "merged"]));
    assert_same(&at("whole"), &at("merged"));
}

#[test]
fn what_no_run_wrote_stays_in_a_folder_that_is_replaced() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("s.toml"), quick(1)).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "out"]));
    succeed(&mut program(folder.path(), &["report", "out"]));
    let report = fs::read(at("out/report.html")).unwrap();
    add_own(&at("out"));
    fs::write(at("out/packets.svg"), "mine").unwrap();
    // The figure of before goes, and the new one has the name of a figure of the user's.
    fs::write(at("s.toml"), quick(2).replace("file = \"throughput\"", "file = \"packets\"")).unwrap();
    let output = succeed(&mut run(folder.path(), "s.toml", &["--out", "out", "--resume"]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("packets.svg in out is no earlier result: it is called packets.svg.old now"), "{said}");
    // Going on once more changes nothing.
    succeed(&mut run(folder.path(), "s.toml", &["--out", "out", "--resume"]));
    assert_eq!(fs::read(at("out/report.html")).unwrap(), report);
    assert_eq!(fs::read_to_string(at("out/packets.svg.old")).unwrap(), "mine");
    take_own(&at("out"));
    ["report.html", "packets.svg.old"].iter().for_each(|name| fs::remove_file(at("out").join(name)).unwrap());
    succeed(&mut run(folder.path(), "s.toml", &["--out", "whole"]));
    assert_same(&at("whole"), &at("out"));
}

#[test]
fn a_kill_while_a_folder_is_replaced_loses_nothing_of_the_users() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let go_on = |expected: &str| {
        succeed(&mut run(folder.path(), "s.toml", &["--out", "out", "--resume"]));
        take_own(&at("out"));
        assert_same(&at(expected), &at("out"));
        assert!(!at(".out.old").exists() && !at(".out.partial").exists());
        fs::remove_dir_all(at("out")).unwrap();
    };
    for (name, queues) in [("one", 1), ("two", 2)] {
        fs::write(at("s.toml"), quick(queues)).unwrap();
        succeed(&mut run(folder.path(), "s.toml", &["--out", name]));
    }
    let copy = |from: &str, to: &str| {
        fs::create_dir(at(to)).unwrap();
        for entry in fs::read_dir(at(from)).unwrap().map(Result::unwrap) {
            fs::copy(entry.path(), at(to).join(entry.file_name())).unwrap();
        }
    };
    // The finished folder has another name, and the new one none yet.
    copy("one", ".out.old");
    add_own(&at(".out.old"));
    copy("two", ".out.partial");
    go_on("two");
    // The same, and the user removed what was left of the new one.
    copy("one", ".out.old");
    add_own(&at(".out.old"));
    refuse(&mut run(folder.path(), "s.toml", &["--out", "out"]), &["output folder out exists already"]);
    go_on("two");
    // Some things have been moved and some removed.
    copy("one", ".out.old");
    add_own(&at(".out.old"));
    copy("two", "out");
    fs::rename(at(".out.old/notes.txt"), at("out/notes.txt")).unwrap();
    ["journal", "points.csv"].iter().for_each(|name| fs::remove_file(at(".out.old").join(name)).unwrap());
    go_on("two");
}

#[test]
fn names_need_not_be_text() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("s.toml"), quick(1)).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "whole"]));
    for name in [&b"a\xff"[..], b"a\xfe"] {
        let out = OsStr::from_bytes(name);
        succeed(run(folder.path(), "s.toml", &["--out"]).arg(out));
        assert_same(&folder.path().join("whole"), &folder.path().join(out));
    }
    let mut submit = program(folder.path(), &["submit", "--slurm", "s.toml", "--dry-run", "--profile", "preset:zen4"]);
    refuse(submit.arg("--out").arg(OsStr::from_bytes(b"a\xff")), &["is no text"]);
}

#[test]
fn a_swept_key_cannot_be_set_and_the_line_to_go_on_is_one() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("s.toml"), quick(2)).unwrap();
    let set = ["--out", "out", "--set", "traffic.queue=5"];
    refuse(&mut run(folder.path(), "s.toml", &set), &["s.toml:17", "`traffic.queue` is swept here", "--set"]);
    assert!(!folder.path().join("out").exists());
    // Standard output is a full disk: what was simulated is there all the same.
    if let Ok(full) = fs::File::options().write(true).open("/dev/full") {
        let output = run(folder.path(), "s.toml", &["--out", "full"]).stdout(full).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("standard output"), "{message}");
        assert!(folder.path().join("full/points.csv").exists());
    }
}
