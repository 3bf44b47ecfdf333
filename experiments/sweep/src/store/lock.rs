//! One process at a time writes to an output folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::OFlags;

use crate::failure::Failure;

/// What a lock's file has in it: one without is the user's and stays.
const CONTENT: &str = "espsim is writing to the folder beside\n";
/// How long another process may take between making a lock's file and writing to it.
const MADE: Duration = Duration::from_millis(20);

/// A file that one process at a time has locked. The system takes the lock away with the process, however it ends.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    is_ours: bool,
    _file: File,
}

impl Lock {
    /// Locks the file at `path`; `None` if another process has it.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written, or is no file.
    pub fn take(path: PathBuf) -> Result<Option<Self>, Failure> {
        loop {
            let io = |error: io::Error| Failure::io("write", &path, &error);
            make(&path).map_err(io)?;
            let mut file = match open(&path) {
                // The process before removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => continue,
                opened => opened.map_err(|error| in_the_way(&path, &error))?,
            };
            let ours = file.metadata().map_err(io)?;
            if !ours.is_file() {
                return Err(in_the_way(&path, &"it is no file"));
            }
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
            // The process before may have removed the file between our opening and our locking it.
            if fs::symlink_metadata(&path).is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
                let is_ours = is_ours(&mut file).map_err(io)?;
                return Ok(Some(Lock { path, is_ours, _file: file }));
            }
        }
    }
}

/// Makes the file if there is none.
fn make(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(CONTENT.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Opens it, whatever it is: a pipe must not keep us waiting, and a link not lead elsewhere.
fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits() as i32;
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)
}

fn is_ours(file: &mut File) -> io::Result<bool> {
    let mut content = Vec::new();
    let mut read = |file: &mut File| file.take(CONTENT.len() as u64 + 1).read_to_end(&mut content);
    if read(file)? == 0 {
        sleep(MADE);
        read(file)?;
    }
    Ok(content == CONTENT.as_bytes())
}

fn in_the_way(path: &Path, what: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("cannot lock {}: {what}", path.display()))
        .with_help(Some("give another folder with --out, or move it".into()))
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.is_ours {
            // While it is still locked, so that nobody has it locked under this name.
            let _ = fs::remove_file(&self.path);
        }
    }
}
