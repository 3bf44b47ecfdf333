//! The real SA path: measured in guests where they are prepared; what is said where something is lacking.
#![cfg(target_os = "linux")]
// A binary of its own: nothing else runs while a guest measures.

#[allow(dead_code)] // Of what is shared it uses a part.
#[path = "../all/common/mod.rs"]
mod common;
mod native;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use espsim_model::preset::Evidence;
use espsim_model::profile::Profile;
use tempfile::TempDir;

use crate::common::skip::skip;
use crate::common::{espsim, text};

/// The folder that `calibrate/guest` fills by default.
fn guests() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    cache.unwrap_or_else(home).join("espsim/guest")
}

/// Whether a guest is prepared, and for QEMU whether there is an emulator.
fn is_prepared(guest: &str) -> bool {
    let part = if guest == "uml" { "uml/linux" } else { "qemu/vmlinuz" };
    if !guests().join(part).is_file() {
        skip(&format!("no guest: run calibrate/guest/{guest}.sh"));
        return false;
    }
    let emulator = || Command::new("qemu-system-x86_64").arg("--version").output().is_ok();
    if guest == "qemu" && !emulator() {
        skip("qemu-system-x86_64 is not on the path");
        return false;
    }
    true
}

/// Guests share a core: one at a time.
static ONE_GUEST: Mutex<()> = Mutex::new(());

/// Measures in a guest and holds its files to what must be true of them whatever the times are.
fn measured(guest: &str) -> (TempDir, Profile, String) {
    let _alone = ONE_GUEST.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = TempDir::new().unwrap();
    let output = espsim(&folder)
        .args(["calibrate", "--only", "sa-path", "--guest", guest, "--out", "sa.toml", "--guest-cache"])
        .arg(guests())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let profile = Profile::from_toml(&fs::read_to_string(folder.path().join("sa.toml")).unwrap()).unwrap();
    let table = text(&output.stdout);
    for words in ["netdevsim: Failed to get key data for SA table", "netdevsim: No space for SA in Rx table!"] {
        assert!(table.contains(words), "the kernel's own words of a refusal: {table}");
    }
    for counter in [
        "native ESP: packets decrypted",
        "debugfs: SAs in the device",
        "debugfs: packets left to the device",
        "numbers rising, none twice",
    ] {
        assert!(table.contains(counter), "{counter}: {table}");
    }
    timeline(&folder.path().join("sa-timeline.csv"));
    assert!(folder.path().join("sa.svg").is_file());
    assert!(runs(&guests()).is_empty(), "nothing of the run is left");
    (folder, profile, table)
}

/// Every failover's packets: ESP sequence numbers of each SA rise; after the route changed all leave by another device;
/// SAs that were not yet moved are encrypted in software, and after the last was, nothing is lost.
fn timeline(path: &Path) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut last: BTreeMap<(String, String, String), u32> = BTreeMap::new();
    let mut state: BTreeMap<(String, String), (Option<String>, bool)> = BTreeMap::new();
    let mut software_while_moving = 0;
    for row in reader.records() {
        let row = row.unwrap();
        let (policy, sas, sa) = (row[0].to_owned(), row[1].to_owned(), row[3].to_owned());
        let (device, moved) = state.entry((policy.clone(), sas.clone())).or_default();
        match &row[4] {
            "route changed" => *moved = false,
            "last SA installed" => *moved = true,
            "packet" if &row[5] != "lost" => {
                let sequence: u32 = row[6].parse().unwrap();
                let before = last.insert((policy.clone(), sas, sa), sequence).unwrap_or(0);
                assert!(sequence > before, "{policy}: sequence number {sequence} after {before}");
                software_while_moving += u32::from(!*moved && &row[5] == "software" && policy == "fail-then-retry");
                device.get_or_insert_with(|| row[7].to_owned());
            }
            "packet" => assert!(!*moved, "{policy}, {sas} SAs: lost although every SA is there"),
            _ => {}
        }
    }
    assert_eq!(state.len(), 6, "two policies, three numbers of SAs");
    assert!(software_while_moving > 10, "{software_while_moving} packets in software before their SA was moved");
}

/// The model's closed form, from single requests, holds for the failovers measured in the same kernel: as many messages,
/// and sums of their times between those with all at their least and all at their quantiles of 99 %, within a factor of two:
/// what else the machine does lengthens one or the other, a wrong form or unit is off by more.
fn predictions(table: &str) {
    let rows = table.lines().skip_while(|line| !line.contains("beside what the model makes")).skip(3);
    let mut seen = 0;
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let number = |i: usize| cells[i].parse::<f64>().unwrap();
        assert_eq!(cells[3], cells[4], "messages: {row}");
        let (shortest, median) = (number(5), number(6));
        assert!(shortest <= 2.0 * number(10) && number(8) <= 2.0 * median, "{row}");
        seen += 1;
    }
    assert_eq!(seen, 6, "{table}");
}

/// Guest and host share a core, whose frequency both clocks must find.
fn frequencies(table: &str) {
    let line = table.lines().find(|line| line.contains("by the guest's clock")).expect("both frequencies are shown");
    let ghz: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [guest, host] = ghz[..] else { panic!("{line}") };
    assert!((guest / host - 1.0).abs() < 0.03, "{line}");
}

/// Folders of runs.
fn runs(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("run-"))).collect()
}

#[test]
fn user_mode_linux_gives_times_and_the_model_takes_them() {
    if !is_prepared("uml") {
        return;
    }
    let (folder, profile, table) = measured("uml");
    // Without root or user namespaces this kernel's own costs are not known, and nothing can be derived.
    if table.contains("all of the guest: this kernel's own costs") {
        return skip("the running kernel's network stack cannot be measured");
    }
    assert_eq!(profile.evidence("sa.add_offload"), Evidence::Derived, "a guest is not this host's kernel");
    control_path(&profile);
    for key in ["stack.xfrm_offload", "stack.xfrm_offload_segment"] {
        // What is left of two large numbers may be anything on a busy host; then it is not taken.
        let source = &profile.sources[key];
        if table.contains(&format!("not taken: {key} in the guest")) {
            continue;
        }
        let interval = profile.intervals.get(key).unwrap_or_else(|| panic!("{key} has an interval"));
        assert!(0.0 < interval.low.unwrap() && interval.low < interval.high, "{key}: {interval:?}");
        assert!(source.contains("User-Mode Linux") && source.contains("this kernel over the guest's"), "{source}");
        assert_eq!(profile.evidence(key), Evidence::Derived);
    }
    assert!(profile.sources["stack.send"].starts_with("measured: Linux"), "natively");
    assert!(!profile.sources.values().any(|source| source.starts_with("measured: ") && source.contains("guest")));
    predictions(&table);
    frequencies(&table);
    assert!(table.contains("per segment"), "what the parameters predict stands beside what was measured");
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/gso.toml");
    espsim(&folder).arg("run").arg(scenario).args(["--profile", "sa.toml", "--out", "run"]).assert().success();
}

#[test]
fn an_emulator_gives_facts_and_no_times() {
    if !is_prepared("qemu") {
        return;
    }
    let (_folder, profile, table) = measured("qemu");
    let base = Profile::from_toml(include_str!("../../../model/presets/cpu/zen4.toml")).unwrap();
    match profile.evidence("sa") {
        // With KVM.
        Evidence::Derived => control_path(&profile),
        _ => {
            assert_eq!((&profile.stack, &profile.sa), (&base.stack, &base.sa), "an emulator's times are none");
            assert!(table.contains("KVM does not work here ("), "and why there was no KVM is said: {table}");
        }
    }
}

/// The control path's times are many, and each median lies in its interval.
fn control_path(profile: &Profile) {
    for (key, delay) in profile.sa.as_ref().expect("the control path is in the profile").delays() {
        assert!(delay.n >= 200, "{key}: {} repetitions", delay.n);
        let (low, high) = delay.median_interval;
        assert!(low <= delay.median() && delay.median() <= high, "{key}: the median lies in its interval");
    }
}

/// A folder with something in the place of the kernel.
fn fake_guest(folder: &TempDir, script: &str) -> PathBuf {
    let cache = folder.path().join("guests");
    fs::create_dir_all(cache.join("uml")).unwrap();
    let kernel = cache.join("uml/linux");
    fs::write(&kernel, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&kernel, fs::Permissions::from_mode(0o755)).unwrap();
    cache
}

/// The messages of a run that must fail, with nothing left behind.
fn refused(folder: &TempDir, arguments: &[&str]) -> String {
    let output =
        espsim(folder).args(["calibrate", "--only", "sa-path", "--out", "sa.toml"]).args(arguments).output().unwrap();
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    let left: Vec<PathBuf> = fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path()).collect();
    let ours = |path: &PathBuf| !path.ends_with("cache") && !path.ends_with("guests");
    assert!(!left.iter().any(ours), "nothing is written: {left:?}");
    message
}

#[test]
fn a_guest_that_is_not_prepared_is_said_to_be_so() {
    let folder = TempDir::new().unwrap();
    let message = refused(&folder, &["--guest", "uml"]);
    assert!(message.contains("no guest is prepared") && message.contains("uml.sh"), "{message}");
    let cache = fake_guest(&folder, "");
    fs::remove_file(cache.join("uml/linux")).unwrap();
    let message = refused(&folder, &["--guest", "uml", "--guest-cache", "guests"]);
    assert!(message.contains("uml/linux is") && message.contains("calibrate/guest/uml.sh"), "{message}");
    let output = espsim(&folder)
        .args(["calibrate", "--only", "sa-path", "--guest", "qemu", "--guest-cache", "guests"])
        .env("PATH", "")
        .output()
        .unwrap();
    let message = text(&output.stderr);
    assert!(message.contains("qemu-system-x86_64 is not on the path") && message.contains("install"), "{message}");
}

#[test]
fn a_guest_that_crashes_shows_its_console() {
    let folder = TempDir::new().unwrap();
    let cache = fake_guest(&folder, "echo Kernel panic: no init found; exit 1");
    let message = refused(&folder, &["--guest", "uml", "--guest-cache", "guests"]);
    assert!(message.contains("ended without a result"), "{message}");
    assert!(message.contains("Kernel panic: no init found"), "{message}");
    assert!(runs(&cache).is_empty());
}

#[test]
fn a_guest_that_hangs_is_ended() {
    let folder = TempDir::new().unwrap();
    let cache = fake_guest(&folder, "echo $$ > ${0%/*}/process; exec sleep 1000");
    let message = refused(&folder, &["--guest", "uml", "--guest-cache", "guests", "--guest-timeout", "5"]);
    assert!(message.contains("no result within 5 s"), "{message}");
    assert!(runs(&cache).is_empty());
    assert!(!lives(&fs::read_to_string(cache.join("uml/process")).unwrap()), "its process is gone");
}

#[test]
fn what_a_guest_lacks_is_passed_on() {
    let folder = TempDir::new().unwrap();
    let failed = r#"{"failed":{"what":"this kernel has no netdevsim with IPsec offload","remedy":"another kernel"}}"#;
    let script = format!(
        "for word; do case $word in rootflags=*) echo '{failed}' > ${{word#rootflags=}}/result;; esac; done; sleep 1"
    );
    let cache = fake_guest(&folder, &script);
    let message = refused(&folder, &["--guest", "uml", "--guest-cache", "guests"]);
    assert!(message.contains("has no netdevsim") && message.contains("another kernel"), "{message}");
    assert!(runs(&cache).is_empty());
}

/// A guest whose clock loses cycles, as one does whose readings take as long as what is timed.
#[test]
fn a_guest_of_another_frequency_is_refused_with_both_numbers() {
    let folder = TempDir::new().unwrap();
    let done = r#"{"done":{"kernel":"6.12.0 #1","frequency":200000000,"host_frequency":null,"system_call":0.0,"datagrams":[],
        "super_packets":[],"tcp":[],"kernel_aead":[],"control":{"rows":[],"refusals":[],"table":0,"skipped":[]},
        "failovers":[],"proofs":[],"skipped":[]}}"#;
    let done = done.replace(['\n', ' '], "");
    let script = format!(
        "for word; do case $word in rootflags=*) echo '{done}' > ${{word#rootflags=}}/result;; esac; done; sleep 1"
    );
    let cache = fake_guest(&folder, &script);
    let message = refused(&folder, &["--guest", "uml", "--guest-cache", "guests"]);
    // As wide as the terminal allows.
    let words: Vec<&str> = message.split_whitespace().filter(|word| *word != "│").collect();
    let message = words.join(" ");
    assert!(message.contains("0.20 GHz by the guest's clock") && message.contains("GHz by the host's"), "{message}");
    assert!(message.contains("at most 3 %") && message.contains("measure again"), "{message}");
    assert!(runs(&cache).is_empty());
}

#[test]
fn the_running_kernel_measures_or_says_what_it_lacks() {
    let folder = TempDir::new().unwrap();
    let output = espsim(&folder)
        .args(["calibrate", "--only", "sa-path", "--guest", "native", "--out", "sa.toml"])
        .output()
        .unwrap();
    let message = text(&output.stderr);
    match output.status.code() {
        Some(0) => timeline(&folder.path().join("sa-timeline.csv")),
        code => {
            assert_eq!(code, Some(2), "{message}");
            assert!(message.contains("--guest uml"), "what helps is said: {message}");
            assert!(!folder.path().join("sa.toml").exists());
        }
    }
}

fn lives(process: &str) -> bool {
    // A process that has ended but was not waited for is still there, as a zombie.
    let status = fs::read_to_string(format!("/proc/{}/status", process.trim())).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A run whose guest waits, with the guest's process number.
fn waiting(folder: &TempDir) -> (Child, PathBuf, String) {
    let cache = fake_guest(folder, "echo $$ > ${0%/*}/process; exec sleep 1000");
    let child = Command::new(assert_cmd::cargo::cargo_bin!("espsim"))
        .current_dir(folder)
        .args(["calibrate", "--only", "sa-path", "--guest", "uml", "--guest-cache", "guests", "--out", "sa.toml"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let file = cache.join("uml/process");
    let process = || fs::read_to_string(&file).ok().filter(|text| text.ends_with('\n'));
    wait_until("the guest starts", || process().is_some());
    let process = process().unwrap();
    (child, cache, process)
}

fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn an_interrupt_ends_the_guest_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let (child, cache, process) = waiting(&folder);
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("interrupted"), "{}", text(&output.stderr));
    assert!(!lives(&process));
    assert!(runs(&cache).is_empty());
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["guests"], "no file is left");
}

#[test]
fn a_killed_run_takes_its_guest_along_and_the_next_one_removes_its_files() {
    let folder = TempDir::new().unwrap();
    let (mut child, cache, process) = waiting(&folder);
    signal(&child, "-KILL");
    child.wait().unwrap();
    wait_until("the guest ends with its parent", || !lives(&process));
    assert_eq!(runs(&cache).len(), 1, "nobody was left to remove it");
    fake_guest(&folder, "exit 1");
    let output = espsim(&folder)
        .args(["calibrate", "--only", "sa-path", "--guest", "uml", "--guest-cache", "guests", "--out", "other.toml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(runs(&cache).is_empty());
}
