//! One process at a time writes to an output folder.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file that one process at a time has locked. The system takes the lock away with the process, however it ends.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Locks the file at `path` for the output folder `target`.
    ///
    /// # Errors
    /// [`Failure`] if another process has it, or if it cannot be written.
    pub fn take(path: PathBuf, target: &Path) -> Result<Self, Failure> {
        loop {
            let io = |error: io::Error| Failure::io("write", &path, &error);
            let file = File::options().create(true).write(true).truncate(false).open(&path).map_err(io)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Failure::new(format!("another espsim is writing to {}", target.display()))
                        .with_help(Some("wait for it, or give another folder with --out".into())));
                }
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
            // The process before may have removed the file between our opening and our locking it.
            let ours = file.metadata().map_err(io)?;
            if fs::metadata(&path).is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
                return Ok(Lock { path, _file: file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still locked, so that nobody has it locked under this name.
        let _ = fs::remove_file(&self.path);
    }
}
