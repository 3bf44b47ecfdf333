//! Single files that a command writes: named before anything is done, there only when everything is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Refuses paths that exist: an hour's work must not end at a file that is in the way.
///
/// # Errors
/// [`Failure`] naming the first that does.
pub fn absent(paths: &[&Path]) -> Result<(), Failure> {
    match paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Err(Failure::new(format!("{} exists already", path.display()))
            .with_help(Some("give another file with --out, or remove it".into()))),
        None => Ok(()),
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
        let path = target.with_file_name(format!(".{}.partial-{}", name.to_string_lossy(), std::process::id()));
        fs::write(&path, "").map_err(|error| Failure::io("write", target, &error))?;
        Ok(Partial(path))
    }

    /// Writes the text and gives the file its name.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written.
    pub fn commit(self, target: &Path, text: &str) -> Result<(), Failure> {
        fs::write(&self.0, text).map_err(|error| Failure::io("write", target, &error))?;
        fs::rename(&self.0, target).map_err(|error| Failure::io("write", target, &error))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Gone already if it was committed.
        let _ = fs::remove_file(&self.0);
    }
}
