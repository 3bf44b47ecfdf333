//! Single files that a command writes: named before anything is done, there only when everything is.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// How many names of temporary files are tried.
const MOST_TRIES: u32 = 1000;

/// Refuses paths that exist: an hour's work must not end at a file that is in the way.
///
/// # Errors
/// [`Failure`] naming the first that does.
pub fn absent(paths: &[&Path]) -> Result<(), Failure> {
    match paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Err(in_the_way(path)),
        None => Ok(()),
    }
}

/// What is said of a file that exists.
pub fn in_the_way(path: &Path) -> Failure {
    Failure::new(format!("{} exists already", path.display()))
        .with_help(Some("give another file with --out, or remove it".into()))
}

/// Writes a file that must not exist, whatever has been made since that was looked at.
///
/// # Errors
/// [`Failure`] if it does, or cannot be written.
pub fn write_new(path: &Path, content: &[u8]) -> Result<(), Failure> {
    match Partial::create(path)?.commit_new(path, content)? {
        true => Ok(()),
        false => Err(in_the_way(path)),
    }
}

/// A file under a temporary name beside its target, removed again unless committed.
#[derive(Debug)]
pub struct Partial(PathBuf);

impl Partial {
    /// Shows that the folder can be written to.
    ///
    /// # Errors
    /// [`Failure`] if it cannot.
    pub fn create(target: &Path) -> Result<Self, Failure> {
        let name = target.file_name().ok_or_else(|| Failure::new(format!("{} is no file name", target.display())))?;
        let pid = std::process::id();
        // A file of such a name may be the user's, or be left of a process that was killed.
        for n in 0..MOST_TRIES {
            let path = target.with_file_name(format!(".{}.partial-{pid}-{n}", name.to_string_lossy()));
            match File::options().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => return made.map(|_| Partial(path)).map_err(|error| Failure::io("write", target, &error)),
            }
        }
        Err(Failure::new(format!(
            "cannot write {}: .{}.partial-{pid}-N exist",
            target.display(),
            name.to_string_lossy()
        )))
    }

    /// Writes the text and gives the file its name; one of that name is replaced.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written.
    pub fn commit(self, target: &Path, text: &str) -> Result<(), Failure> {
        fs::write(&self.0, text).map_err(|error| Failure::io("write", target, &error))?;
        fs::rename(&self.0, target).map_err(|error| Failure::io("write", target, &error))
    }

    /// The same, unless something of that name has been made meanwhile: then `false`.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written.
    pub fn commit_new(&self, target: &Path, text: &[u8]) -> Result<bool, Failure> {
        let failed = |error: &std::io::Error| Failure::io("write", target, error);
        fs::write(&self.0, text).map_err(|error| failed(&error))?;
        match fs::hard_link(&self.0, target) {
            Ok(()) => Ok(true),
            Err(_) if target.symlink_metadata().is_ok() => Ok(false),
            // Not every file system has links.
            Err(_) => fs::rename(&self.0, target).map(|()| true).map_err(|error| failed(&error)),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Gone already if it was committed.
        let _ = fs::remove_file(&self.0);
    }
}
