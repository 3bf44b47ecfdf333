//! The profile that stands in an output folder.

use std::path::Path;

use crate::failure::Failure;
use crate::file::hash::hash;
use crate::file::profile::{ProfileChoice, from_file};
use crate::store::folder_names::partial;
use crate::store::journal::first_header;
use crate::store::names::{JOURNAL, PROFILE};

/// The profile of a run to this folder that was interrupted, or of a finished one; `None` if there is neither.
///
/// # Errors
/// [`Failure`] if it cannot be read.
pub fn taken_up(target: &Path) -> Result<Option<ProfileChoice>, Failure> {
    let folders = [partial(target), target.to_owned()];
    let Some(folder) = folders.iter().find(|folder| folder.join(JOURNAL).exists()) else { return Ok(None) };
    from_folder(folder).map(Some)
}

/// The profile that stands beside a journal.
///
/// # Errors
/// [`Failure`] if it cannot be read.
pub fn from_folder(folder: &Path) -> Result<ProfileChoice, Failure> {
    let choice = from_file(&folder.join(PROFILE))?;
    let header = first_header(&folder.join(JOURNAL))?;
    match header.filter(|header| header.profile_hash == hash(&choice.text)) {
        Some(header) => Ok(ProfileChoice { from: header.profile, ..choice }),
        None => Ok(choice),
    }
}
