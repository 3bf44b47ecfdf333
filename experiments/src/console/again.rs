//! The command line that goes on with what was interrupted.

use std::path::Path;

use espsim_sweep::quote::shell_words;

/// The command line that goes on, as a shell takes it.
pub fn resume_line(command: &[String], target: &Path) -> String {
    let mut words = with_out(command, target);
    if !words.iter().any(|word| word == "--resume") {
        insert(&mut words, ["--resume".into()]);
    }
    shell_words(words.iter().map(String::as_str))
}

/// A command line that names its output folder.
pub fn with_out(command: &[String], target: &Path) -> Vec<String> {
    let mut words = command.to_vec();
    if !words.iter().any(|word| word == "--out" || word.starts_with("--out=")) {
        insert(&mut words, ["--out".into(), target.display().to_string()]);
    }
    words
}

/// Adds options: at the end, or before `--`, after which words are no options.
fn insert<const N: usize>(words: &mut Vec<String>, options: [String; N]) {
    let at = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.splice(at..at, options);
}
