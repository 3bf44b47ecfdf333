//! `espsim submit` without a Slurm: batch files, grouping, what goes wrong; and shards under other schedulers.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::common::message::unbroken;
use crate::common::skip::skip;
use crate::common::sweep::{assert_same, program, quick, refuse, succeed};

/// A folder with a sweep of 120 points, and commands that stand in for Slurm's: they note what they are told.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("big one.toml"), quick(20)).unwrap();
    let stand_in = |name: &str, script: &str| {
        let path = folder.path().join("bin").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(
            &path,
            format!("#!/bin/sh\necho {name} \"$@\" >> '{}'\n{script}\n", folder.path().join("told").display()),
        )
        .unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    stand_in("sbatch", "case \"$*\" in *dependency*) echo '8;cluster' ;; *) echo 7 ;; esac");
    stand_in("scontrol", "echo 'Configuration data'; echo 'MaxArraySize            = 11'");
    stand_in("scancel", "");
    folder
}

fn submit(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = program(folder.path(), &["submit", "--slurm", "big one.toml", "--out", "out/it's"]);
    let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").unwrap());
    command.args(arguments).env("PATH", path);
    command
}

const PRESET: [&str; 2] = ["--profile", "preset:zen4"];

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether a shell can read a script.
fn is_shell(script: &Path) -> bool {
    Command::new("sh").arg("-n").arg(script).status().unwrap().success()
}

#[test]
fn a_dry_run_shows_everything_and_writes_nothing() {
    let folder = folder();
    let mut shown = submit(&folder, &PRESET);
    shown.args(["--dry-run", "--tasks", "6", "--at-once", "2", "--seed", "7"]);
    shown.args(["--set", "nic.line_rate=25 Gbps", "--", "--partition=long", "-t", "10", "--comment", "two words"]);
    let text = text(&succeed(&mut shown));
    for part in [
        "#SBATCH --array=1-6%2",
        "#SBATCH --partition=long -t 10 --comment 'two words'\n",
        "#SBATCH --requeue",
        "about 20 of 120 points",
        "'scenario/big one.toml' --profile preset:zen4 --jobs 1 --set 'nic.line_rate=\"25 Gbps\"' --seed 7 --shard",
        "scontrol requeue",
        "merge shard-1 shard-2 shard-3 shard-4 shard-5 shard-6 --out",
        "--dependency=afterok:$array --kill-on-invalid-dep=yes",
    ] {
        assert!(text.contains(part), "`{part}` is missing in: {text}");
    }
    assert!(!folder.path().join("out").exists());
    assert!(!fs::read_to_string(folder.path().join("told")).unwrap().contains("sbatch"));
}

#[test]
fn points_are_grouped_as_slurm_allows() {
    let folder = folder();
    let output = succeed(submit(&folder, &PRESET).args(["--tasks", "5000"]));
    assert_eq!(text(&output), "7\n8\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("MaxArraySize is 11: 10 tasks instead of 120"));
    let work = folder.path().join("out/it's.slurm");
    let task = fs::read_to_string(work.join("task.sh")).unwrap();
    assert!(task.contains("--array=1-10\n") && task.contains("\"$SLURM_ARRAY_TASK_ID/10\""), "{task}");
    assert!(is_shell(&work.join("task.sh")) && is_shell(&work.join("merge.sh")));
    let told = fs::read_to_string(folder.path().join("told")).unwrap();
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told[0], "scontrol show config");
    assert!(told[1].starts_with("sbatch --parsable --chdir=") && told[1].ends_with("task.sh"), "{told:?}");
    assert!(told[2].contains("--dependency=afterok:7") && told[2].ends_with("merge.sh"), "{told:?}");
    // Submitted once; again only on request.
    refuse(&mut submit(&folder, &PRESET), &["this was submitted before", "--resume"]);
    // Then with as many tasks: shards of another number would be of other points.
    succeed(submit(&folder, &PRESET).args(["--resume", "--tasks", "3"]));
    assert_eq!(fs::read_to_string(work.join("task.sh")).unwrap(), task);
    let fewer = ["--resume", "--max-array-size", "5"];
    refuse(submit(&folder, &PRESET).args(fewer), &["10 tasks were submitted before", "allows 4"]);
}

/// What the batch files say gives, task by task, what one run gives.
#[test]
fn batch_files_do_what_they_say() {
    let folder = folder();
    fs::write(folder.path().join("host.toml"), include_str!("../../../model/presets/cpu/zen4.toml")).unwrap();
    let profile = ["--profile", "host.toml"];
    let whole = ["--out", "whole", "--seed", "5", "--set", "traffic.rate=2 Gbps"];
    succeed(program(folder.path(), &["run", "big one.toml"]).args(profile).args(whole));
    succeed(submit(&folder, &profile).args(["--tasks", "3", "--seed", "5", "--set", "traffic.rate=2 Gbps"]));
    // Nothing depends on what becomes of the files.
    fs::remove_file(folder.path().join("host.toml")).unwrap();
    fs::remove_file(folder.path().join("big one.toml")).unwrap();
    let work = folder.path().join("out/it's.slurm");
    for task in 1..=3 {
        let mut script = Command::new("sh");
        script.arg("task.sh").current_dir(&work).env("SLURM_ARRAY_TASK_ID", task.to_string());
        succeed(script.env("SLURM_ARRAY_JOB_ID", "7"));
    }
    succeed(Command::new("sh").arg("merge.sh").current_dir(&work));
    assert_same(&folder.path().join("whole"), &folder.path().join("out/it's"));
    refuse(submit(&folder, &profile).arg("--dry-run"), &["cannot read"]);
}

#[test]
fn what_goes_wrong_is_said_and_nothing_is_left_in_the_queue() {
    let folder = folder();
    refuse(&mut submit(&folder, &[]), &["a profile that is the same for all"]);
    refuse(submit(&folder, &PRESET).args(["--set", "host.coers=3"]), &["host.coers", "did you mean `cores`"]);
    refuse(submit(&folder, &PRESET).env("PATH", "/nowhere"), &["cannot start scontrol", "--dry-run"]);
    assert!(!folder.path().join("out").exists(), "something was written");
    fs::write(
        folder.path().join("bin/sbatch"),
        "#!/bin/sh\ncase \"$*\" in *dependency*) echo 'Invalid account' >&2; exit 1 ;; *) echo 7 ;; esac\n",
    )
    .unwrap();
    refuse(&mut submit(&folder, &PRESET), &["Invalid account"]);
    assert!(fs::read_to_string(folder.path().join("told")).unwrap().contains("scancel 7"));
    assert!(!folder.path().join("out/it's.slurm").exists(), "nothing was submitted, nothing is in the way");
    refuse(submit(&folder, &PRESET).args(["--", "--comment=x\ny"]), &["has a line break"]);
    fs::create_dir_all(folder.path().join("out/it's")).unwrap();
    refuse(&mut submit(&folder, &PRESET), &["exists already"]);
}

/// The line that the documentation gives.
#[test]
fn shards_run_under_gnu_parallel() {
    if !Command::new("parallel").arg("--version").output().is_ok_and(|done| done.stdout.starts_with(b"GNU parallel")) {
        return skip("GNU parallel is not installed");
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("big.toml"), quick(20)).unwrap();
    fs::write(folder.path().join("host.toml"), include_str!("../../../model/presets/cpu/zen4.toml")).unwrap();
    succeed(&mut program(folder.path(), &["run", "big.toml", "--profile", "host.toml", "--out", "whole"]));
    let readme = include_str!("../../README.md");
    let line = readme.lines().find(|line| line.starts_with("parallel espsim run big.toml")).unwrap();
    let espsim = Path::new(assert_cmd::cargo::cargo_bin!("espsim")).parent().unwrap();
    let path = format!("{}:{}", espsim.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    let script = format!("{line}\nespsim merge out/big-* --out out/big");
    let done = shell.args(["-e", "-c", &script]).current_dir(&folder).env("PATH", path).env("HOME", folder.path());
    let done = done.output().unwrap();
    assert!(done.status.success(), "{}", unbroken(&String::from_utf8_lossy(&done.stderr)));
    assert_same(&folder.path().join("whole"), &folder.path().join("out/big"));
}
