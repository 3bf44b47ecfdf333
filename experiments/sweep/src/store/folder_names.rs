//! What output folders are called, and what keeps one from being made under a name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::failure::Failure;
use crate::store::journal::has_runs;
use crate::store::names::JOURNAL;
use crate::store::own::{exists, ours};

/// Why a name is not free.
#[derive(Debug, Clone, Copy)]
pub enum Taken {
    /// There is something of that name.
    Exists,
    /// Another process is writing to it.
    Busy,
    /// There are finished runs to go on with.
    Interrupted,
}

impl Taken {
    /// What is said of it.
    pub fn failure(self, target: &Path) -> Failure {
        let (name, partial) = (target.display(), partial(target));
        let (message, help) = match self {
            Taken::Exists => {
                (format!("output folder {name} exists already"), "give another with --out, or remove it".to_owned())
            }
            Taken::Busy => (
                format!("another espsim is writing to {name}"),
                "wait for it, or give another folder with --out".to_owned(),
            ),
            Taken::Interrupted => (
                format!("an interrupted run to {name} left finished points"),
                format!("--resume --out {name} goes on with them, or remove {}", partial.display()),
            ),
        };
        Failure::new(message).with_help(Some(help))
    }
}

/// The folder that a folder is in.
pub fn parent(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A hidden name beside a folder's, `.NAME.WHAT`; names need not be text.
pub fn beside(target: &Path, what: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{what}"));
    parent(target).join(name)
}

/// What a folder is called while it is being filled.
pub fn partial(target: &Path) -> PathBuf {
    beside(target, "partial")
}

/// Whether there are finished runs to go on with.
pub fn is_interrupted(target: &Path) -> bool {
    has_runs(&partial(target).join(JOURNAL))
}

/// `out/NAME` with an ending such as `.json`, or with the first number of which there is neither a file nor an interrupted
/// run.
pub fn default_file(name: &str, ending: &str) -> PathBuf {
    numbered(name, ending).find(|path| !is_taken(path)).unwrap_or_else(|| Path::new("out").join(name))
}

/// Makes `out/NAME`, or the first numbered one that is not there.
///
/// # Errors
/// [`Failure`] if it cannot be made.
pub fn create_numbered(name: &str) -> Result<PathBuf, Failure> {
    let made = |target: &PathBuf| match target
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::create_dir(target))
    {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
        made => Some(made.map_err(|error| Failure::io("create folder", target, &error)).map(|()| target.clone())),
    };
    numbered(name, "")
        .find_map(|target| made(&target))
        .unwrap_or_else(|| Err(Taken::Exists.failure(&Path::new("out").join(name))))
}

/// The last of these folders that there is, or `out/NAME` if there is none: what to go on with.
pub fn latest_target(name: &str) -> PathBuf {
    numbered(name, "").take_while(|path| is_taken(path)).last().unwrap_or_else(|| Path::new("out").join(name))
}

/// `out/NAME`, `out/NAME-2` and so on.
pub fn numbered(name: &str, ending: &str) -> impl Iterator<Item = PathBuf> {
    let first = std::iter::once(format!("{name}{ending}"));
    first.chain((2..10_000).map(move |n| format!("{name}-{n}{ending}"))).map(|name| Path::new("out").join(name))
}

/// Whether there is something of that name, or an interrupted run to it, or what is not this program's under the name that
/// the folder would have until then.
pub fn is_taken(target: &Path) -> bool {
    exists(target) || is_interrupted(target) || ours(&partial(target)).is_err()
}
