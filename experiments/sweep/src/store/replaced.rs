//! A folder that another has taken the place of: what its user put there goes over to the new one, earlier results do not.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::store::names::{JOURNAL, MANIFEST, OTHERS, PROFILE};

/// What runs write though no manifest may name it: a shard has none, and no run knows what a later one keeps for it.
const ALWAYS: [&str; 3] = [PROFILE, JOURNAL, OTHERS];

/// Something that has another name now, and which: results have its own.
pub type Renamed = (OsString, OsString);

/// Moves to `new` what no run wrote in `old`, and removes `old` with the rest. Nothing is copied or followed: links stay
/// links, and each thing is in one of the folders at any moment. It may be killed and called again, so that the manifest,
/// which says what runs wrote, is the last to go.
///
/// # Errors
/// What cannot be moved or removed; it is still in `old` then.
pub fn carry_over(old: &Path, new: &Path) -> io::Result<Vec<Renamed>> {
    let results = Results::of(old);
    let mut renamed = Vec::new();
    for entry in fs::read_dir(old)?.collect::<io::Result<Vec<_>>>()? {
        let (name, is_folder) = (entry.file_name(), entry.file_type()?.is_dir());
        // Runs write no folders.
        if !is_folder && name == MANIFEST {
            continue;
        }
        if !is_folder && results.have(&name, new) {
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
    match fs::remove_file(old.join(MANIFEST)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::remove_dir(old)?,
    }
    Ok(renamed)
}

/// Which files of a folder runs wrote.
struct Results {
    /// What the manifest names; `None` if it names nothing, as of a shard.
    files: Option<BTreeSet<String>>,
}

impl Results {
    fn of(folder: &Path) -> Self {
        #[derive(Deserialize)]
        struct Manifest {
            files: Option<BTreeSet<String>>,
        }
        let manifest = fs::read(folder.join(MANIFEST)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Results { files: manifest.and_then(|manifest: Manifest| manifest.files) }
    }

    /// Whether a file is one of them. Without a list of names, what is written again was written before.
    fn have(&self, name: &OsStr, new: &Path) -> bool {
        let is_listed = match &self.files {
            Some(files) => name.to_str().is_some_and(|name| files.contains(name)),
            None => new.join(name).symlink_metadata().is_ok(),
        };
        is_listed || ALWAYS.iter().any(|result| name == *result)
    }
}

/// The name itself, or with the first ending of `.old`, `.old-2` and so on that is not taken.
fn free_name(folder: &Path, name: &OsStr) -> OsString {
    let with = |ending: String| {
        let mut name = name.to_owned();
        name.push(ending);
        name
    };
    let is_free = |name: &OsString| folder.join(name).symlink_metadata().is_err();
    let endings = [String::new(), ".old".into()].into_iter().chain((2..).map(|n: u64| format!(".old-{n}")));
    endings.map(with).find(is_free).unwrap_or_else(|| name.to_owned())
}
