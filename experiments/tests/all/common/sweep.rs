//! What tests of sweeps share.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::message::unbroken;

/// Points that take hardly any time.
pub const QUICK: &str = r#"
title = "quick"
replications = 2
[run]
max_packets = 1000
[traffic]
arrival = "poisson"
rate = "1 Gbps"
[[series]]
name = "host"
placement = "host"
[[series]]
name = "inline"
placement = "inline-crypto"
[sweep]
"traffic.packet" = ["64 B", "256 B", "1024 B"]
"traffic.queue" = [10, 100, 1000]
[[plot]]
file = "throughput"
title = "Throughput"
x = "traffic.packet"
x_label = "Packet (B)"
y = "throughput"
basis = "l3"
y_label = "Gb/s (l3)"
"#;

/// The same with so many queues: six points each, of two runs.
pub fn quick(queues: usize) -> String {
    let queues: Vec<String> = (1..=queues).map(|queue| queue.to_string()).collect();
    QUICK.replace("[10, 100, 1000]", &format!("[{}]", queues.join(",")))
}

/// The program in a folder, with a shipped profile and nothing on standard input.
pub fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("espsim"));
    command
        .current_dir(folder)
        .args(arguments)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("COLUMNS", "400")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// `espsim run` of a scenario, with a shipped profile.
pub fn run(folder: &Path, scenario: &str, arguments: &[&str]) -> Command {
    let mut command = program(folder, &["run", scenario, "--profile", "preset:zen4"]);
    command.args(arguments);
    command
}

/// Runs it to its end, which must be a good one.
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Runs it to its end, which must be a refusal that says all of this.
pub fn refuse(command: &mut Command, expected: &[&str]) {
    let output = command.output().unwrap();
    assert_refused(command, &output, expected);
}

/// Holds what has ended to be a refusal that says all of this.
pub fn assert_refused(command: &Command, output: &Output, expected: &[&str]) {
    let message = unbroken(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{command:?}: {message}");
    assert!(output.stdout.is_empty());
    for part in expected {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

/// Every file of an output folder but runs of earlier versions of the sweep; of the manifest what does not tell one run from
/// an equal one.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        let mut content = fs::read(entry.path()).unwrap();
        if name == "manifest.json" {
            let mut manifest: serde_json::Value = serde_json::from_slice(&content).unwrap();
            let own = manifest.as_object_mut().unwrap();
            assert!(own.remove("command").is_some() && own.remove("time").is_some());
            content = manifest.to_string().into_bytes();
        }
        (name, content)
    };
    entries.map(|entry| read(entry.unwrap())).filter(|(name, _)| name != "journal.others").collect()
}

/// Holds two output folders to be the same.
pub fn assert_same(a: &Path, b: &Path) {
    let (first, second) = (files(a), files(b));
    let names = |of: &BTreeMap<String, Vec<u8>>| of.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&first), names(&second), "{} and {}", a.display(), b.display());
    for (name, content) in &first {
        assert!(second[name] == *content, "{name} differs between {} and {}", a.display(), b.display());
    }
}

/// Puts into a folder what no run writes: a file, folders in one another, a link to a folder and one that leads nowhere.
pub fn add_own(folder: &Path) {
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    fs::create_dir_all(folder.join("my figures/old")).unwrap();
    fs::write(folder.join("my figures/old/throughput.svg"), "mine").unwrap();
    symlink("my figures", folder.join("link")).unwrap();
    symlink("nowhere", folder.join("broken")).unwrap();
}

/// Takes it out again; all of it must be there, and as it was.
pub fn take_own(folder: &Path) {
    let leads_to = |name: &str| fs::read_link(folder.join(name)).unwrap();
    assert_eq!((leads_to("link"), leads_to("broken")), ("my figures".into(), "nowhere".into()));
    for name in ["notes.txt", "my figures/old/throughput.svg"] {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "mine", "{name}");
    }
    for name in ["link", "broken", "notes.txt"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    fs::remove_dir_all(folder.join("my figures")).unwrap();
}

/// Says of a folder's files, as the program does of those that it makes, that they are its own.
pub fn mark(folder: &Path) {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    espsim_sweep::store::own::Own::mark(folder, names.collect()).unwrap();
}

/// What a process took.
#[cfg(target_os = "linux")]
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// The most memory that it had, in MiB.
    pub mib: u64,
    /// Seconds of processor time in user mode, as long as it was looked at.
    pub user_seconds: f64,
}

/// Runs it to its end; with what it printed, what it took: as Linux says while it is there.
#[cfg(target_os = "linux")]
pub fn with_usage(command: &mut Command) -> (Output, Used) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let path = format!("/proc/{}", child.id());
    let watched = std::thread::spawn(move || {
        let (mut kib, mut ticks) = (0, 0u64);
        // What has ended and is waited for has a status without memory.
        while let Ok(status) = fs::read_to_string(format!("{path}/status")) {
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(peak) = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse::<u64>().ok()) else {
                break;
            };
            kib = kib.max(peak);
            let stat = fs::read_to_string(format!("{path}/stat")).unwrap_or_default();
            // Field 14 of proc_pid_stat(5), the twelfth behind the name.
            let user = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(11)?.parse().ok());
            ticks = user.unwrap_or(ticks);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        // USER_HZ is 100 on all machines that Linux has it on now.
        Used { mib: kib.div_ceil(1024), user_seconds: ticks as f64 / 100.0 }
    });
    let output = child.wait_with_output().unwrap();
    (output, watched.join().unwrap())
}
