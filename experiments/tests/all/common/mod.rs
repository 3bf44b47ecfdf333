//! What tests of the program share.

pub mod browser;
pub mod capture;
pub mod message;
pub mod skip;
pub mod sweep;

use assert_cmd::Command;
use tempfile::TempDir;

/// The program in a folder, with a cache of its own and a wide terminal without colour, so that messages are not broken
/// in the middle of a word.
pub fn espsim(folder: &TempDir) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("espsim"));
    command
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder.path().join("cache"))
        .env("COLUMNS", "400")
        .env("NO_COLOR", "1");
    command
}

/// What was printed.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
