//! A folder of files that are all at hand: written, printed, reported.

use std::time::Instant;

use espsim_report::trust;
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
    /// The host, where it is of one.
    pub host: Option<&'a ProfileChoice>,
    /// Values of its profile that decide the answer.
    pub deciding: &'a [String],
}

/// What is printed of files, or `text` for people.
pub fn printed<'a>(files: &'a Files, text: &'a str, format: Format) -> &'a [u8] {
    let content = |name: &str| files.iter().find(|(file, _)| file == name).map_or(&[][..], |(_, content)| content);
    match format {
        Format::Table => text.as_bytes(),
        Format::Csv => content(TABLE),
        Format::Json => content(MANIFEST),
    }
}

/// Writes the files, gives the folder its name, prints what is to be printed, and says what there is.
///
/// # Errors
/// [`Failure`] if something cannot be written.
pub fn deliver(folder: Folder, files: &Files, printed: &[u8], made: &Made<'_>) -> Result<(), Failure> {
    for (name, content) in files {
        folder.write(name, content)?;
    }
    let target = folder.commit()?;
    print(printed)?;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    say(&format!(
        "espsim: {} in {:.1} s{}; wrote {} in {}",
        made.what,
        made.started.elapsed().as_secs_f64(),
        made.host.map_or_else(String::new, |host| format!(" on {}", host.summary())),
        names.join(", "),
        target.display()
    ));
    if let Some(host) = made.host {
        say(&format!("espsim: {}", trust::evidence(&host.profile, made.deciding)));
    }
    Ok(())
}
