//! A folder of files that are all at hand: written, printed, reported.

use std::time::Instant;

use crate::cli::Format;
use crate::folder::{Files, Folder};
use crate::input::Failure;
use crate::profile_choice::ProfileChoice;
use crate::run::{print, say};

/// The table, as CSV.
pub const TABLE: &str = "table.csv";
/// Everything that the folder depends on.
pub const MANIFEST: &str = "manifest.json";

/// What a command has made, such as `planned 4 placements`, and since when.
pub struct Made<'a> {
    /// In words.
    pub what: String,
    /// When it was begun.
    pub started: Instant,
    /// The host.
    pub profile: &'a ProfileChoice,
}

/// Writes the files, gives the folder its name, prints `text` or the file of the format, and says what there is.
///
/// # Errors
/// [`Failure`] if something cannot be written.
pub fn deliver(folder: Folder, files: &Files, text: &str, format: Format, made: &Made<'_>) -> Result<(), Failure> {
    for (name, content) in files {
        folder.write(name, content)?;
    }
    let target = folder.commit()?;
    let content = |name: &str| files.iter().find(|(file, _)| file == name).map_or(&[][..], |(_, content)| content);
    match format {
        Format::Table => print(text.as_bytes())?,
        Format::Csv => print(content(TABLE))?,
        Format::Json => print(content(MANIFEST))?,
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    say(&format!(
        "espsim: {} in {:.1} s on {}; wrote {} in {}",
        made.what,
        made.started.elapsed().as_secs_f64(),
        made.profile.summary(),
        names.join(", "),
        target.display()
    ));
    Ok(())
}
