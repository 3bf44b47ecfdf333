//! A folder that another has taken the place of: what its user put there goes over to the new one, earlier results do not.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::store::journal::has_lines;
use crate::store::names::{JOURNAL, MANIFEST, OTHERS, PROFILE};
use crate::store::own::{MARKER, Own, free_name};

/// Something that has another name now, and which: results have its own.
pub type Renamed = (OsString, OsString);

/// Moves to `new` what this program did not make in `old`, and removes `old` with the rest. Nothing is copied or followed:
/// links stay links, and each thing is in one of the folders at any moment. It may be killed and called again, so that the
/// hidden file, which says what this program made, is the last to go. A folder without it is left alone.
///
/// # Errors
/// What cannot be moved or removed; it is still in `old` then.
pub fn carry_over(old: &Path, new: &Path) -> io::Result<Vec<Renamed>> {
    let Some(own) = Own::read(old)? else { return Ok(Vec::new()) };
    let mut renamed = Vec::new();
    for entry in fs::read_dir(old)?.collect::<io::Result<Vec<_>>>()? {
        let name = entry.file_name();
        if name == MARKER {
            continue;
        }
        if own.has(&name, entry.file_type()?) {
            fs::remove_file(entry.path())?;
            continue;
        }
        let free = free_name(new, &name);
        fs::rename(entry.path(), new.join(&free))?;
        if free != name {
            renamed.push((name, free));
        }
    }
    File::open(new)?.sync_all()?;
    own.remove()?;
    Ok(renamed)
}

/// The files that runs wrote in a finished folder: those that its manifest names, and what stands there without one, as of a
/// shard.
pub fn results_of(folder: &Path) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct Manifest {
        files: BTreeSet<String>,
        /// Absent where no host is the folder's own.
        profile: Option<IgnoredAny>,
    }
    let manifest = fs::read(folder.join(MANIFEST)).ok().and_then(|text| serde_json::from_slice(&text).ok());
    // A file of that name that does not name itself is something else.
    let manifest = manifest.filter(|manifest: &Manifest| manifest.files.contains(MANIFEST));
    let has_profile = manifest.as_ref().is_none_or(|manifest| manifest.profile.is_some());
    let mut files = manifest.map(|manifest| manifest.files).unwrap_or_default();
    files.insert(JOURNAL.to_owned());
    if has_profile {
        files.insert(PROFILE.to_owned());
    }
    if has_lines(&folder.join(OTHERS)) {
        files.insert(OTHERS.to_owned());
    }
    files
}
