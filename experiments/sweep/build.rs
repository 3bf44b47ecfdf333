//! Names the simulated model by a hash of its sources and of the versions of all it is built with: results of different
//! models must never be taken for each other, whatever the version says while it is worked on. Says for which processor
//! features the program is compiled.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

fn main() {
    let model = Path::new("../../model");
    let mut files = Vec::new();
    for folder in ["src", "presets"] {
        println!("cargo::rerun-if-changed={}", model.join(folder).display());
        collect(&model.join(folder), &mut files);
    }
    // Random numbers and distributions are those of other crates.
    files.push("../../Cargo.lock".into());
    println!("cargo::rerun-if-changed=../Cargo.lock");
    files.sort();
    let mut hash = Sha256::new();
    for path in files {
        let text = fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        hash.update(path.to_string_lossy().as_bytes());
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    let hex: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    println!("cargo::rustc-env=ESPSIM_MODEL_HASH={hex}");
    let features = std::env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    println!("cargo::rustc-env=ESPSIM_TARGET_FEATURES={features}");
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, into) } else { into.push(path) }
    }
}
