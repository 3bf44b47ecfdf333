//! The output folder: written under a temporary name, renamed when complete.
//!
//! While `out/NAME` is being made it is called `out/.NAME.partial`, and `out/.NAME.lock` keeps a second process out. A folder
//! with a journal stays when its run is interrupted, and is taken up again on request; one without is removed. One that takes
//! the place of a finished folder has what `replaced` carries over from `out/.NAME.old`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::Failure;
use crate::notice::say;
use crate::store::lock::Lock;
use crate::store::names::{JOURNAL, OTHERS, PROFILE};
use crate::store::replaced::carry_over;

/// Names of files, and what is in them.
pub type Files = Vec<(String, Vec<u8>)>;

/// A folder that is being filled.
#[derive(Debug)]
pub struct Folder {
    partial: PathBuf,
    target: PathBuf,
    _lock: Lock,
    /// Whether what is there stays if it does not become complete.
    kept: bool,
    /// Whether it takes the place of a finished one.
    replaces: bool,
}

impl Folder {
    /// Takes up what there is of a folder that will be called `target`, or prepares a new one.
    ///
    /// # Errors
    /// As [`Self::resume`] and [`Self::create`].
    pub fn prepare(target: &Path, resume: bool) -> Result<Self, Failure> {
        if resume { Folder::resume(target) } else { Folder::create(target) }
    }

    /// Prepares a folder that will be called `target`.
    ///
    /// # Errors
    /// [`Failure`] if `target` exists, if an interrupted run of that name has something to go on with, if another process
    /// writes to it, or if its parent cannot be written to.
    pub fn create(target: &Path) -> Result<Self, Failure> {
        Folder::begin(target, false)
    }

    /// The same for what can all be made again: what is left of an earlier attempt is discarded.
    ///
    /// # Errors
    /// As [`Self::create`], but for an interrupted run.
    pub fn create_again(target: &Path) -> Result<Self, Failure> {
        Folder::begin(target, true)
    }

    fn begin(target: &Path, discard: bool) -> Result<Self, Failure> {
        absent(target)?;
        let mut folder = Folder::locked(target)?;
        // Another process may have made it before we had the lock.
        absent(target)?;
        folder.replaces = false;
        if !discard && exists(&folder.path(JOURNAL)) {
            let message = format!("an interrupted run to {} left finished points", target.display());
            let help = format!(
                "--resume --out {} goes on with them, or remove {}",
                target.display(),
                folder.partial.display()
            );
            return Err(Failure::new(message).with_help(Some(help)));
        }
        // What is left of a process that was killed before anything had finished.
        folder.make().map_err(|error| Failure::io("create folder", &folder.partial, &error))?;
        folder.kept = false;
        Ok(folder)
    }

    /// Takes up what an interrupted run left of a folder that will be called `target`, or a finished one of that name, which
    /// stays until it is replaced; where there is neither, a new one.
    ///
    /// # Errors
    /// [`Failure`] if `target` is something else, if another process writes to it, or if it cannot be written.
    pub fn resume(target: &Path) -> Result<Self, Failure> {
        // A link stays one, and what it leads to is taken up.
        let led_to = Some(target).filter(|target| target.is_symlink()).and_then(|target| target.canonicalize().ok());
        let target = led_to.as_deref().unwrap_or(target);
        let mut folder = Folder::locked(target)?;
        if exists(&folder.path(JOURNAL)) {
            return Ok(folder);
        }
        if exists(target) && !exists(&target.join(JOURNAL)) {
            let message = format!("output folder {} has no journal: it cannot be taken up again", target.display());
            return Err(Failure::new(message).with_help(Some("give another with --out, or remove it".into())));
        }
        let prepare = || {
            folder.make()?;
            if exists(target) {
                fs::copy(target.join(PROFILE), folder.path(PROFILE))?;
                // Under another name until it is whole and on the disk.
                fs::copy(target.join(JOURNAL), folder.path("journal.copy"))?;
                File::open(folder.path("journal.copy"))?.sync_all()?;
                fs::rename(folder.path("journal.copy"), folder.path(JOURNAL))?;
                if exists(&target.join(OTHERS)) {
                    fs::copy(target.join(OTHERS), folder.path(OTHERS))?;
                }
            }
            Ok(())
        };
        let prepared = prepare().map_err(|error| Failure::io("prepare", &folder.partial, &error));
        folder.kept = false;
        prepared.map(|()| folder)
    }

    /// The folder of that name, whatever is in it, with nobody else writing to it.
    fn locked(target: &Path) -> Result<Self, Failure> {
        if target.file_name().is_none() {
            return Err(Failure::new(format!("{} is no name for an output folder", target.display())));
        }
        let parent = parent(target);
        fs::create_dir_all(parent).map_err(|error| Failure::io("create folder", parent, &error))?;
        let lock = Lock::take(beside(target, "lock"), target)?;
        let partial = partial(target);
        let mut folder = Folder { partial, target: target.to_owned(), _lock: lock, kept: true, replaces: false };
        folder.mend().map_err(|error| folder.not_carried_over(&error))?;
        folder.replaces = exists(&target.join(JOURNAL));
        Ok(folder)
    }

    /// Ends what a process was killed in, between giving a finished folder another name and removing it.
    fn mend(&self) -> io::Result<()> {
        let old = self.old();
        if exists(&self.target) {
            return self.carry_over();
        }
        // Where the new folder is whole, it has its name when it is taken up.
        let is_the_only_one = exists(&old.join(JOURNAL)) && !exists(&self.path(JOURNAL));
        if is_the_only_one { fs::rename(&old, &self.target) } else { Ok(()) }
    }

    /// What the folder is called that this one takes the place of.
    fn old(&self) -> PathBuf {
        beside(&self.target, "old")
    }

    /// Moves what the user put into the folder that was replaced to the one in its place.
    fn carry_over(&self) -> io::Result<()> {
        if !exists(&self.old()) {
            return Ok(());
        }
        for (name, now) in carry_over(&self.old(), &self.target)? {
            let (name, now) = (name.display(), now.display());
            say(&format!("espsim: {name} in {} is no earlier result: it is called {now} now", self.target.display()));
        }
        Ok(())
    }

    fn not_carried_over(&self, error: &io::Error) -> Failure {
        let old = self.old();
        Failure::io("move to its new place what is in", &old, error).with_help(Some(format!(
            "move it to {} by hand, and remove {}",
            self.target.display(),
            old.display()
        )))
    }

    /// An empty folder under the temporary name.
    fn make(&self) -> io::Result<()> {
        if exists(&self.partial) {
            fs::remove_dir_all(&self.partial)?;
        }
        fs::create_dir(&self.partial)
    }

    /// Where a file of this name is for now.
    pub fn path(&self, name: &str) -> PathBuf {
        self.partial.join(name)
    }

    /// Removes every file but these: what an interrupted run has left of results is of no use.
    ///
    /// # Errors
    /// [`Failure`] if one cannot be removed.
    pub fn keep_only(&self, names: &[&str]) -> Result<(), Failure> {
        let clear = || {
            for entry in fs::read_dir(&self.partial)? {
                let entry = entry?;
                if !names.iter().any(|name| entry.file_name() == *name) {
                    fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        clear().map_err(|error| Failure::io("clear", &self.partial, &error))
    }

    /// Writes one file, unless it is there just so already; never half over what is there.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written.
    pub fn replace(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        if fs::read(self.path(name)).is_ok_and(|there| there == content) {
            return Ok(());
        }
        let aside = format!("{name}.new");
        self.write(&aside, content)?;
        self.rename(&aside, name)
    }

    /// Gives a file another name; one of that name is replaced.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be renamed.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), Failure> {
        let path = self.path(to);
        fs::rename(self.path(from), &path).map_err(|error| Failure::io("write", &path, &error))
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// [`Failure`] if it is and cannot be removed.
    pub fn keep_out(&self, name: &str) -> Result<(), Failure> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::io("remove", &path, &error)),
            _ => Ok(()),
        }
    }

    /// Writes one file.
    ///
    /// # Errors
    /// [`Failure`] if the file cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        let mut stream = self.open(name)?;
        stream.write(content)?;
        stream.close()
    }

    /// A file that is written bit by bit.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be made.
    pub fn open(&self, name: &str) -> Result<Stream, Failure> {
        let path = self.path(name);
        let file = File::create(&path).map_err(|error| Failure::io("write", &path, &error))?;
        Ok(Stream { path, file: BufWriter::with_capacity(1 << 16, file) })
    }

    /// From now on what is there stays, whatever happens.
    pub fn keep(&mut self) {
        self.kept = true;
    }

    /// Gives the folder its name, which is returned; one that was taken up again is replaced, but for what is the user's.
    ///
    /// # Errors
    /// [`Failure`] if something of that name has been made meanwhile.
    pub fn commit(mut self) -> Result<PathBuf, Failure> {
        let rename = || {
            File::open(&self.partial)?.sync_all()?;
            if self.replaces {
                fs::rename(&self.target, self.old())?;
            }
            fs::rename(&self.partial, &self.target)?;
            File::open(parent(&self.target))?.sync_all()
        };
        if self.replaces {
            // As a process that was killed leaves it.
            self.carry_over().map_err(|error| self.not_carried_over(&error))?;
        }
        rename().map_err(|error| Failure::io("rename to", &self.target, &error))?;
        self.kept = true;
        // The results are complete, whether or not everything can be moved.
        if let Err(error) = self.carry_over() {
            say(&format!("espsim: {}", self.not_carried_over(&error)));
        }
        Ok(self.target.clone())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing better to do about a failure here: the error that led here is the one to report.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// A file that is written bit by bit.
#[derive(Debug)]
pub struct Stream {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Stream {
    /// Writes the next octets.
    ///
    /// # Errors
    /// [`Failure`] if they cannot be written.
    pub fn write(&mut self, content: &[u8]) -> Result<(), Failure> {
        self.file.write_all(content).map_err(|error| Failure::io("write", &self.path, &error))
    }

    /// Writes a value as indented JSON and ends.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written.
    pub fn json(mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.file, value)
            .map_err(|error| Failure::io("write", &self.path, &error.into()))?;
        self.write(b"\n")?;
        self.close()
    }

    /// Ends; everything is on the disk when this returns.
    ///
    /// # Errors
    /// [`Failure`] if it could not all be written.
    pub fn close(self) -> Result<(), Failure> {
        let synced = self.file.into_inner().map_err(io::Error::from).and_then(|file| file.sync_all());
        synced.map_err(|error| Failure::io("write", &self.path, &error))
    }
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn parent(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses an output folder that exists.
///
/// # Errors
/// [`Failure`] if it does.
pub fn absent(target: &Path) -> Result<(), Failure> {
    if !exists(target) {
        return Ok(());
    }
    Err(Failure::new(format!("output folder {} exists already", target.display()))
        .with_help(Some("give another with --out, or remove it".into())))
}

/// A hidden name beside a folder's, `.NAME.WHAT`; names need not be text.
fn beside(target: &Path, what: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{what}"));
    parent(target).join(name)
}

/// What a folder is called while it is being filled.
pub fn partial(target: &Path) -> PathBuf {
    beside(target, "partial")
}

/// `out/NAME`, or with the first number of which there is neither a folder nor an interrupted run.
pub fn default_target(name: &str) -> PathBuf {
    default_file(name, "")
}

/// The same for a file: `out/NAME` with an ending such as `.json`.
pub fn default_file(name: &str, ending: &str) -> PathBuf {
    numbered(name, ending).find(|path| !is_taken(path)).unwrap_or_else(|| Path::new("out").join(name))
}

/// The last of these folders that there is, or `out/NAME` if there is none: what to go on with.
pub fn latest_target(name: &str) -> PathBuf {
    numbered(name, "").take_while(|path| is_taken(path)).last().unwrap_or_else(|| Path::new("out").join(name))
}

fn numbered(name: &str, ending: &str) -> impl Iterator<Item = PathBuf> {
    let first = std::iter::once(format!("{name}{ending}"));
    first.chain((2..10_000).map(move |n| format!("{name}-{n}{ending}"))).map(|name| Path::new("out").join(name))
}

fn is_taken(target: &Path) -> bool {
    exists(target) || exists(&partial(target))
}

/// Where results go by default: to the latest of that name when they are taken up again, else to a new one.
pub fn target_of(name: &str, resume: bool) -> PathBuf {
    if resume { latest_target(name) } else { default_target(name) }
}
