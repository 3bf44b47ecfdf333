//! Where the results of a command go.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::notice::say;
use crate::store::folder::Folder;
use crate::store::folder_names::{is_interrupted, latest_target};

/// A folder that is yet to be prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// One that is taken up again, or is new.
    TakenUp(PathBuf),
    /// One that must be new.
    New(PathBuf),
    /// The first free one of a name.
    Numbered(String),
}

impl Destination {
    /// The folder that is asked for, or one of this name.
    pub fn new(out: Option<&Path>, name: &str, resume: bool) -> Self {
        match (out, resume) {
            (Some(out), true) => Destination::TakenUp(out.to_owned()),
            (Some(out), false) => Destination::New(out.to_owned()),
            (None, true) => Destination::TakenUp(latest_target(name)),
            (None, false) => Destination::Numbered(name.to_owned()),
        }
    }

    /// The folder that is taken up again.
    pub fn taken_up(&self) -> Option<&Path> {
        match self {
            Destination::TakenUp(target) => Some(target),
            Destination::New(_) | Destination::Numbered(_) => None,
        }
    }

    /// Prepares it.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written, or is in use.
    pub fn prepare(&self) -> Result<Folder, Failure> {
        match self {
            Destination::TakenUp(target) => Folder::resume(target),
            Destination::New(target) => Folder::create(target),
            Destination::Numbered(name) => {
                let latest = latest_target(name);
                if is_interrupted(&latest) {
                    say(&format!("espsim: {0} is not finished; --resume --out {0} goes on with it", latest.display()));
                }
                Folder::create_numbered(name)
            }
        }
    }
}
