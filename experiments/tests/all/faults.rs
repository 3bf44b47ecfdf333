//! Nothing that has finished is lost, and nothing shows in the results, when a sweep is interrupted in any way.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::common::message::unbroken;
use crate::common::skip::skip;
use crate::common::sweep::{add_own, assert_same, mark, quick, refuse, run, succeed, take_own};

/// Queues of the sweep that is interrupted: 6 points of two runs each.
const QUEUES: usize = 250;
/// How often a sweep is killed; the variable is for long runs.
const KILLS: (&str, usize) = ("ESPSIM_TEST_KILLS", 6);
/// How many queues the killed sweep has; the variable is for long runs.
const KILLED_QUEUES: (&str, usize) = ("ESPSIM_TEST_KILLED_QUEUES", QUEUES);

/// A folder with a scenario of so many queues, and its results, undisturbed.
fn undisturbed(queues: usize) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("s.toml"), quick(queues)).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "whole"]));
    folder
}

fn number((variable, default): (&str, usize)) -> usize {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Checksum and id of every whole line in the journal that a run would go on with: that of an interrupted one, or that of a
/// finished one as long as its copy is not whole.
fn lines(out: &Path) -> Vec<String> {
    let partial = out.with_file_name(format!(".{}.partial", out.file_name().unwrap().to_str().unwrap()));
    let path = [&partial, out].map(|folder| folder.join("journal")).into_iter().find(|path| path.exists());
    let content = path.and_then(|path| fs::read(path).ok()).unwrap_or_default();
    let end = content.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
    let lines = content[..end].split(|octet| *octet == b'\n');
    let names = lines.filter_map(|line| Some(String::from_utf8_lossy(line.get(..49)?).into_owned()));
    names.filter(|name| !name.contains(" sweep ")).collect()
}

/// Waits until so many runs have finished.
fn wait_for(out: &Path, runs: usize, child: &mut Child) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while lines(out).len() < runs {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was disturbed");
        assert!(Instant::now() < deadline, "nothing finishes");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// How it ended, and what it said.
fn said(child: Child) -> (std::process::ExitStatus, String) {
    let output = child.wait_with_output().unwrap();
    (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The line that it said goes on.
fn resume_line(message: &str) -> String {
    message.lines().find_map(|line| line.strip_prefix("espsim: to go on: ")).expect(message).to_owned()
}

/// Numbers that look random, the same every time (xorshift, Marsaglia 2003).
fn random(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1u64 << 53) as f64
}

#[test]
fn killed_at_any_moment_nothing_is_lost_or_doubled() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("s.toml"), quick(number(KILLED_QUEUES))).unwrap();
    fs::write(at("small.toml"), quick(1)).unwrap();
    let started = Instant::now();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "whole"]));
    let whole = started.elapsed();
    let (mut state, mut kills, mut round) = (0x9e37_79b9_7f4a_7c15, 0, 0);
    while kills < number(KILLS) {
        round += 1;
        let out = format!("round-{round}");
        // Every other time there is a finished folder that is replaced, with files of the user.
        let is_replaced = round % 2 == 0;
        if is_replaced {
            succeed(&mut run(folder.path(), "small.toml", &["--out", &out]));
            add_own(&at(&out));
        }
        let mut before: BTreeSet<String> = BTreeSet::new();
        loop {
            let mut child = run(folder.path(), "s.toml", &["--out", &out, "--resume"]).spawn().unwrap();
            // Early ones hit the beginning, late ones the writing of results; a few come too late.
            if kills < number(KILLS) {
                std::thread::sleep(whole.mul_f64(0.6 * random(&mut state)));
                let _ = child.kill();
            }
            let (status, message) = said(child);
            let left = lines(&at(&out));
            let now: BTreeSet<String> = left.iter().cloned().collect();
            assert!(now.is_superset(&before), "kill {kills}: a finished run is lost");
            let ids: BTreeSet<&str> = left.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
            assert_eq!(ids.len(), left.len(), "kill {kills}: a run is there twice");
            before = now;
            if status.signal() == Some(9) {
                kills += 1;
                continue;
            }
            assert!(status.success(), "{message}");
            break;
        }
        if is_replaced {
            take_own(&at(&out));
        }
        assert_same(&at("whole"), &at(&out));
        fs::remove_dir_all(at(&out)).unwrap();
    }
    let hidden = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let hidden: Vec<String> = hidden.filter(|name| name.starts_with('.')).collect();
    assert!(hidden.is_empty(), "{hidden:?} is left");
}

#[test]
fn signals_stop_between_runs_and_the_printed_line_goes_on() {
    let folder = undisturbed(QUEUES);
    for (signal, code, name) in [(Signal::SIGINT, 130, "SIGINT"), (Signal::SIGTERM, 143, "SIGTERM")] {
        // A name that a shell would take apart.
        let out = folder.path().join(format!("it's {name}"));
        let mut child = run(folder.path(), "s.toml", &["--out", out.to_str().unwrap(), "--jobs", "2"]).spawn().unwrap();
        wait_for(&out, 20, &mut child);
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        let (status, message) = said(child);
        assert_eq!(status.code(), Some(code), "{message}");
        assert!(unbroken(&message).contains(&format!("interrupted by {name}")), "{message}");
        assert!(!out.exists());
        // What stands there is neither thrown away nor taken for a new beginning.
        let left = lines(&out);
        assert!(left.len() >= 20);
        refuse(&mut run(folder.path(), "s.toml", &["--out", out.to_str().unwrap()]), &["interrupted run", "--resume"]);
        assert_eq!(lines(&out), left);
        let again = Command::new("sh").arg("-c").arg(resume_line(&message)).current_dir(&folder).output().unwrap();
        let message = String::from_utf8_lossy(&again.stderr);
        assert!(
            again.status.success() && message.contains(&format!("{} of 3000 runs have finished", left.len())),
            "{message}"
        );
        assert_same(&folder.path().join("whole"), &out);
    }
}

#[test]
fn torn_and_damaged_lines_are_said_and_repeated() {
    let folder = undisturbed(3);
    let at = |name: &str| folder.path().join(name);
    let journal = fs::read(at("whole/journal")).unwrap();
    let ends: Vec<usize> = (0..journal.len()).filter(|i| journal[*i] == b'\n').collect();
    let take_up = |name: &str, journal: &[u8], expected: &[&str]| {
        let partial = at(&format!(".{name}.partial"));
        fs::create_dir(&partial).unwrap();
        fs::write(partial.join("journal"), journal).unwrap();
        mark(&partial);
        let output = succeed(&mut run(folder.path(), "s.toml", &["--out", name, "--resume"]));
        let message = String::from_utf8_lossy(&output.stderr);
        for part in expected {
            assert!(message.contains(part), "{name}: `{part}` is missing in: {message}");
        }
        assert_same(&at("whole"), &at(name));
    };
    take_up("torn", &journal[..ends[20] - 100], &["were cut off in writing: dropped", "19 of 36 runs"]);
    // A loss of power can leave octets that were never written.
    let zeros = [&journal[..=ends[20]], &[0; 5000]].concat();
    take_up("zeros", &zeros, &["the last 5000 B", "20 of 36 runs"]);
    let mut damaged = journal.clone();
    damaged[ends[4] + 60] ^= 0x10;
    damaged[ends[7] + 300] = b'\n';
    take_up("damaged", &damaged, &["lines 6, 9, 10 of the journal are damaged", "34 of 36 runs"]);
    let mut headless = journal.clone();
    headless[30] ^= 1;
    take_up("headless", &headless, &["lines 1 of the journal", "36 of 36 runs"]);
    take_up("only-header", &journal[..=ends[0]], &[]);
    take_up("empty", b"", &[]);
    take_up("twice", &[&journal[..], &journal[ends[0] + 1..]].concat(), &["36 of 36 runs"]);
}

#[test]
fn a_second_process_is_refused() {
    let folder = undisturbed(QUEUES);
    let out = folder.path().join("out");
    let mut child = run(folder.path(), "s.toml", &["--out", "out", "--jobs", "2"]).spawn().unwrap();
    wait_for(&out, 5, &mut child);
    let pid = Pid::from_raw(child.id() as i32);
    // So that it does not end meanwhile, however fast it is.
    kill(pid, Signal::SIGSTOP).unwrap();
    for further in [&["--out", "out"][..], &["--out", "out", "--resume"]] {
        refuse(&mut run(folder.path(), "s.toml", further), &["another espsim is writing to out"]);
    }
    kill(pid, Signal::SIGCONT).unwrap();
    let (status, message) = said(child);
    assert!(status.success(), "{message}");
    assert_same(&folder.path().join("whole"), &out);
    // Nor do two that add to a finished folder.
    fs::write(folder.path().join("s.toml"), quick(2 * QUEUES)).unwrap();
    let mut child = run(folder.path(), "s.toml", &["--out", "out", "--resume", "--jobs", "2"]).spawn().unwrap();
    wait_for(&out, 6 * 2 * QUEUES + 5, &mut child);
    let pid = Pid::from_raw(child.id() as i32);
    kill(pid, Signal::SIGSTOP).unwrap();
    refuse(&mut run(folder.path(), "s.toml", &["--out", "out", "--resume"]), &["another espsim is writing to out"]);
    kill(pid, Signal::SIGCONT).unwrap();
    // One that was killed before it could remove what it replaced keeps nobody out.
    fs::create_dir(folder.path().join(".out.old")).unwrap();
    fs::write(folder.path().join(".out.old/points.csv"), "").unwrap();
    mark(&folder.path().join(".out.old"));
    assert!(said(child).0.success());
    assert!(!folder.path().join(".out.old").exists());
}

/// A file system in memory, taken off again when dropped.
struct Tmpfs(PathBuf);

impl Tmpfs {
    /// `None` where it cannot be mounted, with the reason printed.
    fn mount(at: &Path, options: &str, flags: MsFlags) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        match mount(Some("tmpfs"), at, Some("tmpfs"), flags, Some(options)) {
            Ok(()) => Some(Tmpfs(at.to_owned())),
            Err(error) => {
                skip(&format!("mounting a tmpfs needs root: {error}"));
                None
            }
        }
    }

    fn remount(&self, options: &str, flags: MsFlags) {
        mount(Some("tmpfs"), &self.0, Some("tmpfs"), MsFlags::MS_REMOUNT | flags, Some(options)).unwrap();
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}

#[test]
fn a_full_disk_keeps_what_has_finished() {
    let folder = undisturbed(QUEUES);
    let at = |name: &str| folder.path().join(name);
    // Full while runs are simulated, and full while results are written: the journal takes about 9 MB.
    for (size, is_complete) in [("2m", false), ("12m", true)] {
        let Some(disk) = Tmpfs::mount(&at("disk"), &format!("size={size}"), MsFlags::empty()) else { return };
        let output = run(folder.path(), "s.toml", &["--out", "disk/out"]).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{size}: {message}");
        let flat = unbroken(&message);
        assert!(flat.contains("No space left on device") && flat.contains("the disk is full"), "{message}");
        let kept = lines(&at("disk/out")).len();
        assert!(kept > 300 && (kept == 12 * QUEUES) == is_complete, "{size}: {kept}");
        assert!(!at("disk/out").exists());
        disk.remount("size=64m", MsFlags::empty());
        let again = Command::new("sh").arg("-c").arg(resume_line(&message)).current_dir(&folder).output().unwrap();
        let message = String::from_utf8_lossy(&again.stderr);
        assert!(again.status.success() && message.contains(&format!("{kept} of 3000 runs have finished")), "{message}");
        assert_same(&at("whole"), &at("disk/out"));
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let folder = undisturbed(1);
    let at = |name: &str| folder.path().join(name);
    let permissions = |mode| fs::set_permissions(at("disk"), fs::Permissions::from_mode(mode)).unwrap();
    fs::create_dir(at("disk")).unwrap();
    permissions(0o555);
    if fs::write(at("disk/try"), "").is_err() {
        refuse(&mut run(folder.path(), "s.toml", &["--out", "disk/out"]), &["cannot write disk/.out.lock", "denied"]);
        permissions(0o755);
        assert_eq!(fs::read_dir(at("disk")).unwrap().count(), 0, "something was written");
        return;
    }
    // Nothing but the file system itself keeps root out.
    fs::remove_file(at("disk/try")).unwrap();
    let Some(disk) = Tmpfs::mount(&at("disk"), "size=1m", MsFlags::MS_RDONLY) else { return };
    refuse(&mut run(folder.path(), "s.toml", &["--out", "disk/out"]), &["cannot write disk/.out.lock", "Read-only"]);
    // A finished folder stays as it is.
    disk.remount("size=8m", MsFlags::empty());
    succeed(&mut run(folder.path(), "s.toml", &["--out", "disk/out"]));
    disk.remount("size=8m", MsFlags::MS_RDONLY);
    refuse(&mut run(folder.path(), "s.toml", &["--out", "disk/out", "--resume"]), &["Read-only"]);
    assert_same(&at("whole"), &at("disk/out"));
    assert_eq!(fs::read_dir(at("disk")).unwrap().count(), 1, "something was written");
}

#[test]
fn nobody_has_to_read_what_is_printed() {
    let folder = undisturbed(40);
    for (out, format) in [("a", "table"), ("b", "csv"), ("c", "json")] {
        let mut child = run(folder.path(), "s.toml", &["--out", out, "--format", format]).spawn().unwrap();
        // More than a pipe holds goes where nobody reads any more.
        drop(child.stdout.take());
        let (status, message) = said(child);
        assert!(status.success(), "{format}: {message}");
    }
    let mut child = run(folder.path(), "s.toml", &["--out", "d"]).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert!(child.wait().unwrap().success());
    let silent = run(folder.path(), "s.toml", &["--out", "e"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(silent.unwrap().success());
    for out in ["a", "b", "c", "d", "e"] {
        assert_same(&folder.path().join("whole"), &folder.path().join(out));
    }
}

/// The library that gives a program another time of day, where Debian's libfaketime is installed.
fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|library| library.is_file())
}

#[test]
fn a_clock_that_is_set_back_changes_nothing() {
    let Some(library) = faketime() else { return skip("libfaketime is not installed") };
    let folder = undisturbed(QUEUES);
    let at = |name: &str| folder.path().join(name);
    let start = || {
        let mut command = run(folder.path(), "s.toml", &["--out", "out", "--resume", "--jobs", "2"]);
        command.envs([("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")]);
        command.env("LD_PRELOAD", &library).env("FAKETIME_TIMESTAMP_FILE", at("clock")).spawn().unwrap()
    };
    fs::write(at("clock"), "+0").unwrap();
    let mut child = start();
    wait_for(&at("out"), 20, &mut child);
    // Renamed into its place, since it is read all the time.
    fs::write(at("earlier"), "-30d").unwrap();
    fs::rename(at("earlier"), at("clock")).unwrap();
    let so_far = lines(&at("out")).len();
    wait_for(&at("out"), so_far + 20, &mut child);
    child.kill().unwrap();
    said(child);
    // What goes on is a month older than what it goes on from.
    let (status, message) = said(start());
    assert!(status.success(), "{message}");
    assert_same(&at("whole"), &at("out"));
    let time = |name: &str| {
        let manifest = fs::read(at(name).join("manifest.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&manifest).unwrap()["time"].as_str().unwrap().to_owned()
    };
    assert!(time("out") < time("whole"), "the clock was set back");
}
