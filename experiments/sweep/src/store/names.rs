//! Names of the files in an output folder, each once.

use crate::file::hash::hash;

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

/// The longest name that is a part of a file's name: file systems take 255 octets, and more is put around it.
const LONGEST_SLUG: usize = 120;

/// A name as a part of a file's name. What is too long for one is cut, and told from others by a hash of the whole name.
pub fn slug(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let slug = words.join("-").to_lowercase();
    match slug.len() > LONGEST_SLUG {
        true => format!("{}-{}", slug[..LONGEST_SLUG].trim_end_matches('-'), &hash(name)[..8]),
        false => slug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_stay_different() {
        assert_eq!(slug("timeline-Own Slot, cores 2"), "timeline-own-slot-cores-2");
        let (a, b) = (slug(&format!("{}a", "n".repeat(300))), slug(&format!("{}b", "n".repeat(300))));
        assert!(a != b && a.len() < 150, "{a} {b}");
    }
}
