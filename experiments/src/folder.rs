//! The output folder: written under a temporary name, renamed when complete.

use std::fs;
use std::path::{Path, PathBuf};

use crate::input::Failure;

/// A folder that is being filled; removed again unless committed.
#[derive(Debug)]
pub struct Folder {
    partial: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl Folder {
    /// Prepares a folder that will be called `target`.
    ///
    /// # Errors
    /// [`Failure`] if `target` exists or its parent cannot be written to.
    pub fn create(target: &Path) -> Result<Self, Failure> {
        if target.symlink_metadata().is_ok() {
            return Err(Failure::new(format!("output folder {} exists already", target.display()))
                .with_help(Some("give another with --out, or remove it".into())));
        }
        let Some(name) = target.file_name() else {
            return Err(Failure::new(format!("{} is no name for an output folder", target.display())));
        };
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|error| Failure::io("create folder", parent, &error))?;
        let partial = parent.join(format!(".{}.partial-{}", name.to_string_lossy(), std::process::id()));
        fs::create_dir(&partial).map_err(|error| Failure::io("create folder", &partial, &error))?;
        Ok(Folder { partial, target: target.to_owned(), committed: false })
    }

    /// Writes one file.
    ///
    /// # Errors
    /// [`Failure`] if the file cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        let path = self.partial.join(name);
        fs::write(&path, content).map_err(|error| Failure::io("write", &path, &error))
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// [`Failure`] if another process has made a folder of that name meanwhile.
    pub fn commit(mut self) -> Result<(), Failure> {
        fs::rename(&self.partial, &self.target).map_err(|error| Failure::io("rename to", &self.target, &error))?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing better to do about a failure here: the error that led here is the one to report.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// `out/NAME`, or with the first free number if that exists.
pub fn default_target(name: &str) -> PathBuf {
    free(name, "")
}

/// The same for a file: `out/NAME` with an ending such as `.json`.
pub fn default_file(name: &str, ending: &str) -> PathBuf {
    free(name, ending)
}

fn free(name: &str, ending: &str) -> PathBuf {
    let base = Path::new("out").join(format!("{name}{ending}"));
    let numbered = (2..10_000).map(|n| Path::new("out").join(format!("{name}-{n}{ending}")));
    std::iter::once(base.clone()).chain(numbered).find(|path| path.symlink_metadata().is_err()).unwrap_or(base)
}
