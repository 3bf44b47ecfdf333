//! The static program that `calibrate/static.sh` builds for hosts without a toolchain: on this machine's architecture, and
//! on another one under emulation.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use espsim_model::preset::Evidence;
use espsim_model::profile::{Algorithm, Direction, Profile};
use tempfile::TempDir;

use crate::common::skip::skip;
use crate::common::text;

/// What the script makes, if it has been run.
fn program(architecture: &str) -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    let program = target.join("static").join(format!("espsim-{architecture}"));
    if !program.is_file() {
        skip(&format!("no static program: run calibrate/static.sh {architecture}"));
        return None;
    }
    Some(fs::canonicalize(program).unwrap())
}

/// Calibrates quickly with a program that has nothing but itself: no libraries, no variables, an empty folder.
fn calibrated(command: &mut Command) -> (String, Profile) {
    let folder = TempDir::new().unwrap();
    let output = command
        .args(["calibrate", "--quick", "--out", "host.toml"])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let profile = Profile::from_toml(&fs::read_to_string(folder.path().join("host.toml")).unwrap()).unwrap();
    (text(&output.stdout), profile)
}

/// Both crates that need no library were measured, and what is left out is named with its reason.
fn measured_without_libraries(profile: &Profile) {
    let sealed = |backend: &str| {
        profile.aead.iter().any(|cost| {
            (cost.algorithm, cost.direction, cost.backend.as_str()) == (Algorithm::Aes128Gcm, Direction::Seal, backend)
        })
    };
    assert!(sealed("ring") && sealed("aes-gcm") && !sealed("aws-lc-rs"));
    let skipped = profile.calibration.as_ref().unwrap().skipped.join("\n");
    assert!(skipped.contains("aes-128-gcm of aws-lc-rs: this program was built without it"), "{skipped}");
}

/// ELF header: `e_machine` (System V ABI, chapter 4), and whether a program header names an interpreter (type 3).
fn elf(program: &Path) -> (u16, bool) {
    let octets = fs::read(program).unwrap();
    let half = |at: usize| u16::from_le_bytes([octets[at], octets[at + 1]]);
    let long = |at: usize| u64::from_le_bytes(octets[at..at + 8].try_into().unwrap()) as usize;
    let (table, size, count) = (long(32), usize::from(half(54)), usize::from(half(56)));
    (half(18), (0..count).any(|header| half(table + header * size) == 3))
}

#[test]
fn a_static_program_measures_this_host() {
    if cfg!(not(target_arch = "x86_64")) {
        return skip("the static program that runs here is that of x86-64");
    }
    let Some(program) = program("x86_64") else { return };
    assert_eq!(elf(&program), (62, false), "x86-64, and no interpreter");
    let (summary, profile) = calibrated(&mut Command::new(&program));
    measured_without_libraries(&profile);
    assert_eq!(profile.evidence("aead.aes-128-gcm.seal.ring"), Evidence::Measured);
    assert!(!summary.contains("emulated"), "{summary}");
}

#[test]
fn an_emulated_host_is_measured_and_says_so() {
    let Some(program) = program("aarch64") else { return };
    assert_eq!(elf(&program), (183, false), "aarch64, and no interpreter");
    let emulator = "qemu-aarch64-static";
    if Command::new(emulator).arg("--version").output().is_err() {
        return skip(&format!("{emulator} is not on the path (Debian: qemu-user-static)"));
    }
    let (summary, profile) = calibrated(Command::new(emulator).arg(&program));
    measured_without_libraries(&profile);
    let record = profile.calibration.as_ref().unwrap();
    assert!(record.verdict.starts_with("noisy: "), "{}", record.verdict);
    let emulated = record.disturbed.iter().find(|reason| reason.contains("emulated by qemu-aarch64")).unwrap();
    assert!(emulated.starts_with("ciphers: "), "{emulated}");
    for key in ["aead.aes-128-gcm.seal.ring", "host.frequency", "memory.copy"] {
        assert_eq!(profile.evidence(key), Evidence::Estimate, "{key}: {:?}", profile.source(key));
    }
    assert!(summary.contains("not to be trusted"), "{summary}");
}

#[test]
fn what_a_build_lacks_is_named_at_once() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../calibrate/static.sh");
    let folder = TempDir::new().unwrap();
    // A path with a compiler of Rust's that knows no targets, and nothing else but the tools of the script itself.
    let tools = folder.path().join("bin");
    fs::create_dir(&tools).unwrap();
    for tool in ["bash", "dirname", "sed", "tr", "env"] {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|folder| folder.join(tool))
            .find(|path| path.is_file());
        std::os::unix::fs::symlink(found.unwrap(), tools.join(tool)).unwrap();
    }
    let run = |architectures: &[&str]| {
        let output = Command::new(&script).args(architectures).env("PATH", &tools).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        text(&output.stderr)
    };
    let missing = run(&["aarch64"]);
    for part in ["missing for aarch64", "rustup target add aarch64-unknown-linux-musl", "Debian: gcc-aarch64-linux-gnu"]
    {
        assert!(missing.contains(part), "{part}: {missing}");
    }
    assert!(run(&["sparc"]).contains("unknown architecture sparc: x86_64 or aarch64"));
}
