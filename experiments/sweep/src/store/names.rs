//! Names of the files in an output folder, each once.

/// What has finished, line by line; what `--resume` goes on with.
pub const JOURNAL: &str = "journal";
/// Runs that are not of this sweep, kept for a later one.
pub const OTHERS: &str = "journal.others";
/// The profile that was used.
pub const PROFILE: &str = "profile.toml";
/// Everything that the folder depends on.
pub const MANIFEST: &str = "manifest.json";
/// The table: a row for each point, or for each answer.
pub const TABLE: &str = "table.csv";

/// A name as a part of a file's name: lower-case letters and digits, with a hyphen for all else.
pub fn slug(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-").to_lowercase()
}
