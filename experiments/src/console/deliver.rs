//! A folder of files that are all at hand: written, printed, reported.

use std::time::Instant;

use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::ProfileChoice;
use espsim_sweep::store::folder::{Files, Folder};
use espsim_sweep::store::names::{MANIFEST, TABLE};

use crate::console::{Format, print, say};

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
