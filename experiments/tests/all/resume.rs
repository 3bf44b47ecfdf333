//! Going on: what had finished stays, whatever the scenario has become meanwhile, and results are those of a fresh run.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::common::sweep::{add_own, assert_same, files, mark, program, quick, refuse, run, succeed, take_own};

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
        mark(&at(name));
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
        mark(&at(to));
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
    fs::remove_file(at("out/.espsim")).unwrap();
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

/// Everything in a folder, by path: what files contain, where links lead.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_symlink() {
            all.insert(path.clone(), fs::read_link(path).unwrap().into_os_string().into_encoded_bytes());
        } else if kind.is_dir() {
            all.insert(path.clone(), b"folder".to_vec());
            all.extend(contents(&path));
        } else {
            all.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    all
}

/// Files, folders and links under names that the program might use too.
fn add_foreign(folder: &Path, random: &mut impl FnMut(usize) -> usize) {
    let names = [
        "points.csv",
        "journal",
        "manifest.json",
        "profile.toml",
        "journal.others",
        "old.svg",
        ".hidden",
        ".espsim",
        "a/b",
        "points.csv/x",
        "table.csv.new",
        ".out.lock",
        ".out.old",
        ".out.partial",
        "report.html",
        "task.sh",
    ];
    for _ in 0..4 {
        let path = folder.join(names[random(names.len())]);
        if path.symlink_metadata().is_ok() || fs::create_dir_all(path.parent().unwrap()).is_err() {
            continue;
        }
        match random(4) {
            0 => fs::create_dir(&path).unwrap(),
            1 => symlink("points.csv", &path).unwrap(),
            // An empty one of this name is what a kill leaves.
            2 if !path.ends_with(".espsim") => fs::write(&path, "").unwrap(),
            _ => fs::write(&path, format!("mine, {}", random(1000))).unwrap(),
        }
    }
}

/// Holds everything that was there to be there still, where it was or in the folder that its own became part of.
fn assert_there(before: &BTreeMap<PathBuf, Vec<u8>>, root: &Path, said: &str) {
    let after = contents(root);
    for (path, content) in before {
        // What is carried over goes from one folder to another, perhaps under another name.
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_it = |(other, there): (&PathBuf, &Vec<u8>)| {
            let other = other.file_name().unwrap().to_str().unwrap();
            there == content && (other == name || other.starts_with(&format!("{name}.old")))
        };
        assert!(after.iter().any(is_it), "{} is gone or changed: {said}", path.display());
    }
}

#[test]
fn what_is_not_the_programs_is_never_removed_or_changed() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("s.toml"), quick(2)).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "whole"]));
    succeed(&mut run(folder.path(), "s.toml", &["--out", "shard", "--shard", "1/1"]));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n as u64) as usize
    };
    let commands: [&[&str]; 8] = [
        &["run", "s.toml", "--profile", "preset:zen4", "--out", "R/out", "--resume"],
        &["run", "s.toml", "--profile", "preset:zen4", "--out", "R/out"],
        &[
            "run",
            "s.toml",
            "--profile",
            "preset:zen4",
            "--out",
            "R/out",
            "--resume",
            "--set",
            "traffic.rate=\"2 Gbps\"",
        ],
        &["merge", "shard", "--out", "R/out"],
        &["validate", "--only", "aead", "--out", "R/out"],
        &["trace", "s.toml", "--profile", "preset:zen4", "--packets", "1", "--out", "R/out"],
        &["submit", "--slurm", "s.toml", "--profile", "preset:zen4", "--out", "R/out", "--max-array-size", "9"],
        &[
            "submit",
            "--slurm",
            "s.toml",
            "--profile",
            "preset:zen4",
            "--out",
            "R/out",
            "--max-array-size",
            "9",
            "--resume",
        ],
    ];
    let (mut carried, mut killed) = (0, 0);
    for round in 0..40 {
        let root = format!("r{round}");
        let inside = |name: &str| at(&root).join(name);
        fs::create_dir(at(&root)).unwrap();
        // Every other time there is a finished folder, with things of the user's in it.
        if round % 2 == 0 {
            fs::create_dir(inside("out")).unwrap();
            for entry in fs::read_dir(at("whole")).unwrap().map(Result::unwrap) {
                fs::copy(entry.path(), inside("out").join(entry.file_name())).unwrap();
            }
        }
        let results = contents(&at(&root));
        for place in [".", "out", ".out.partial", ".out.old", "out.slurm"] {
            if random(4) == 0 {
                add_foreign(&inside(place), &mut random);
            }
        }
        let mut foreign = contents(&at(&root));
        // Folders of these names that are empty may be used.
        let is_used =
            |path: &Path| [".out.partial", ".out.old", "out.slurm", "out"].iter().any(|name| path.ends_with(name));
        foreign.retain(|path, content| !(results.contains_key(path) || content == b"folder" && is_used(path)));
        for _ in 0..3 {
            let words: Vec<String> =
                commands[random(commands.len())].iter().map(|word| word.replace('R', &root)).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut child = program(folder.path(), &words).env("PATH", "").spawn().unwrap();
            if random(2) == 0 {
                std::thread::sleep(std::time::Duration::from_millis(random(60) as u64));
                let _ = child.kill();
                killed += 1;
            }
            let output = child.wait_with_output().unwrap();
            let said = format!("round {round}: {words:?}: {}", String::from_utf8_lossy(&output.stderr));
            assert_there(&foreign, &at(&root), &said);
            carried += usize::from(output.status.success());
        }
        fs::remove_dir_all(at(&root)).unwrap();
    }
    assert!(carried > 5 && killed > 20, "{carried} ended well, {killed} were killed");
}

/// A plan, a comparison and a validation that a signal ends go on where they were, and give what they give without one.
#[cfg(target_os = "linux")]
#[test]
fn questions_go_on_where_a_signal_ended_them() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    use std::process::Stdio;
    use std::time::Duration;

    let folder = TempDir::new().unwrap();
    let plan = ["plan", "--rate", "4Gbps", "--mix", "512B", "--loss", "1%", "--placement", "host,inline-packet"];
    let compare = ["compare", "--packets", "256B,1024B", "--rates", "saturate", "--cores", "1,2"];
    let validate = ["validate", "--only", "forwarding", "--only", "pcie-latency"];
    let host = &["--profile", "preset:zen4"][..];
    for (name, words, host, after) in
        [("plan", &plan[..], host, 3), ("compare", &compare[..], host, 4), ("validate", &validate[..], &[][..], 12)]
    {
        let at = |out: &str| folder.path().join(out);
        let command = |out: &str, more: &[&str]| {
            let mut command = program(folder.path(), words);
            command.args(["--out", out]).args(host).args(more);
            command
        };
        let whole = format!("{name}-whole");
        succeed(&mut command(&whole, &[]));
        let lines = |path: &Path| fs::read_to_string(path).map_or(0, |text| text.lines().count());
        let all = lines(&at(&whole).join("journal"));
        assert!(all > after, "{name}: {all} lines");
        let mut child = command(name, &[]).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let partial = at(&format!(".{name}.partial")).join("journal");
        while lines(&partial) < after && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(130), "{name}: {said}");
        assert!(said.contains("what has been simulated is kept") && said.contains("--resume"), "{name}: {said}");
        let kept = lines(&partial);
        assert!((after..all).contains(&kept), "{name}: {kept} of {all} lines");
        // What began before the signal is not begun again: the journal grows by what was missing.
        succeed(&mut command(name, &["--resume"]));
        assert_same(&at(name), &at(&whole));
    }
}
