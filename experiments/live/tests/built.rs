//! What is built of the live page is of today's sources: of the model, its presets, the module and the page.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Set by `experiments/live/build`, which writes the hash instead.
const WRITE: &str = "ESPSIM_LIVE_BUILT";
/// What the page is made from, below the root of the workspace.
const SOURCES: [&str; 10] = [
    "model/src",
    "model/presets",
    "model/Cargo.toml",
    "experiments/live/Cargo.toml",
    "experiments/live/src",
    "experiments/live/page/src",
    "experiments/live/page/index.html",
    "experiments/live/page/style.css",
    "experiments/live/page/package.json",
    "experiments/live/page/package-lock.json",
];

fn collect(path: &Path, into: &mut Vec<PathBuf>) {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().for_each(|entry| collect(&entry.path(), into)),
        Err(_) => into.push(path.to_owned()),
    }
}

fn hash() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    SOURCES.iter().for_each(|source| collect(&root.join(source), &mut files));
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let text = fs::read(&file).unwrap();
        hash.update(file.strip_prefix(&root).unwrap().to_str().unwrap());
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn the_page_is_built_of_todays_sources() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("built/sources");
    let now = hash();
    if std::env::var_os(WRITE).is_some() {
        fs::write(&kept, format!("{now}\n")).unwrap();
    }
    let built = fs::read_to_string(&kept).unwrap_or_default();
    assert_eq!(built.trim(), now, "the live page is stale: run experiments/live/build");
}

/// Octets of all that is kept of the page.
#[test]
fn what_is_built_is_small() {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("built");
    let octets: u64 = fs::read_dir(built).unwrap().flatten().map(|entry| entry.metadata().unwrap().len()).sum();
    assert!(octets < 1_000_000, "{octets} octets");
}
