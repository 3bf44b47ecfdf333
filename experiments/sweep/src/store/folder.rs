//! The output folder: written under a temporary name, renamed when complete.
//!
//! While `out/NAME` is being made it is called `out/.NAME.partial`, and `out/.NAME.lock` keeps a second process out. A folder
//! with a journal stays when its run is interrupted, and is taken up again on request; one without is removed. One that takes
//! the place of a finished folder has what `replaced` carries over from `out/.NAME.old`. What others put into any of them, or
//! called like them, is neither changed nor removed: see [`crate::store::own`].

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::failure::Failure;
use crate::notice::say;
use crate::store::folder_names::{Taken, beside, is_taken, numbered, parent, partial};
use crate::store::journal::{has_lines, has_runs};
use crate::store::lock::Lock;
use crate::store::names::{JOURNAL, OTHERS, PROFILE};
use crate::store::own::{Own, exists, ours, unmarked};
use crate::store::replaced::{carry_over, results_of};

/// Names of files, and what is in them.
pub type Files = Vec<(String, Vec<u8>)>;

/// A folder that is being filled.
#[derive(Debug)]
pub struct Folder {
    partial: PathBuf,
    target: PathBuf,
    _lock: Lock,
    /// What of it is this program's; `None` before it is made.
    own: Mutex<Option<Own>>,
    /// Whether what is there stays if it does not become complete.
    kept: bool,
    /// Whether it takes the place of a finished one.
    replaces: bool,
}

impl Folder {
    /// Prepares a folder that will be called `target`.
    ///
    /// # Errors
    /// [`Failure`] if `target` exists, if an interrupted run of that name has something to go on with, if another process
    /// writes to it, or if its parent cannot be written to.
    pub fn create(target: &Path) -> Result<Self, Failure> {
        Folder::begin(target, false)?.map_err(|taken| taken.failure(target))
    }

    /// The same for what can all be made again: what is left of an earlier attempt is discarded.
    ///
    /// # Errors
    /// As [`Self::create`], but for an interrupted run.
    pub fn create_again(target: &Path) -> Result<Self, Failure> {
        Folder::begin(target, true)?.map_err(|taken| taken.failure(target))
    }

    /// Prepares `out/NAME`, or the first numbered one of which there is neither a folder nor an interrupted run, and that no
    /// other process has just taken.
    ///
    /// # Errors
    /// As [`Self::create`], but for what is taken.
    pub fn create_numbered(name: &str) -> Result<Self, Failure> {
        let mut last = Path::new("out").join(name);
        for target in numbered(name, "") {
            if !is_taken(&target)
                && let Ok(folder) = Folder::begin(&target, false)?
            {
                return Ok(folder);
            }
            last = target;
        }
        Err(Taken::Exists.failure(&last))
    }

    fn begin(target: &Path, discard: bool) -> Result<Result<Self, Taken>, Failure> {
        if exists(target) {
            return Ok(Err(Taken::Exists));
        }
        let Some(mut folder) = Folder::locked(target)? else { return Ok(Err(Taken::Busy)) };
        // Another process may have made it before we had the lock.
        if exists(target) {
            return Ok(Err(Taken::Exists));
        }
        folder.replaces = false;
        if !discard && has_runs(&folder.path(JOURNAL)) {
            return Ok(Err(Taken::Interrupted));
        }
        // What is left of a process that was killed before anything had finished.
        folder.make().map_err(|error| Failure::io("create folder", &folder.partial, &error))?;
        folder.kept = false;
        Ok(Ok(folder))
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
        let mut folder = Folder::locked(target)?.ok_or_else(|| Taken::Busy.failure(target))?;
        if exists(&folder.path(JOURNAL)) {
            return Ok(folder);
        }
        if exists(target) && !has_lines(&target.join(JOURNAL)) {
            let message = format!("output folder {} has no journal: it cannot be taken up again", target.display());
            return Err(Failure::new(message).with_help(Some("give another with --out, or remove it".into())));
        }
        let copy = |from: &str, to: &str| {
            folder.own(|own| own.claim(to))?;
            fs::copy(target.join(from), folder.path(to)).map(drop)
        };
        let prepare = || {
            folder.make()?;
            if exists(target) {
                if exists(&target.join(PROFILE)) {
                    copy(PROFILE, PROFILE)?;
                }
                // Under another name until it is whole and on the disk.
                copy(JOURNAL, "journal.copy")?;
                File::open(folder.path("journal.copy"))?.sync_all()?;
                folder.own(|own| own.claim(JOURNAL))?;
                fs::rename(folder.path("journal.copy"), folder.path(JOURNAL))?;
                if has_lines(&target.join(OTHERS)) {
                    copy(OTHERS, OTHERS)?;
                }
            }
            Ok(())
        };
        let prepared = prepare().map_err(|error| Failure::io("prepare", &folder.partial, &error));
        folder.kept = false;
        prepared.map(|()| folder)
    }

    /// The folder of that name, whatever is in it, with nobody else writing to it; `None` if somebody is.
    fn locked(target: &Path) -> Result<Option<Self>, Failure> {
        if target.file_name().is_none() {
            return Err(Failure::new(format!("{} is no name for an output folder", target.display())));
        }
        let parent = parent(target);
        fs::create_dir_all(parent).map_err(|error| Failure::io("create folder", parent, &error))?;
        let Some(lock) = Lock::take(beside(target, "lock"))? else { return Ok(None) };
        let partial = partial(target);
        let own = ours(&partial)?;
        let (target, own) = (target.to_owned(), Mutex::new(own));
        let mut folder = Folder { partial, target, _lock: lock, own, kept: true, replaces: false };
        folder.mend().map_err(|error| folder.not_carried_over(&error))?;
        folder.replaces = exists(&folder.target.join(JOURNAL));
        if folder.replaces {
            ours(&folder.old())?;
            unmarked(&folder.target)?;
        }
        Ok(Some(folder))
    }

    /// Ends what a process was killed in, between giving a finished folder another name and removing it.
    fn mend(&self) -> io::Result<()> {
        let old = self.old();
        if exists(&self.target.join(JOURNAL)) {
            Own::forget(&self.target)?;
            return self.carry_over();
        }
        if exists(&self.target) {
            return Ok(());
        }
        // Where the new folder is whole, it has its name when it is taken up.
        let is_the_only_one = Own::read(&old)?.is_some() && exists(&old.join(JOURNAL)) && !exists(&self.path(JOURNAL));
        if is_the_only_one {
            fs::rename(&old, &self.target)?;
            Own::forget(&self.target)?;
        }
        Ok(())
    }

    /// What the folder is called that this one takes the place of.
    fn old(&self) -> PathBuf {
        beside(&self.target, "old")
    }

    /// Moves what the user put into the folder that was replaced to the one in its place.
    fn carry_over(&self) -> io::Result<()> {
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

    /// A folder under the temporary name, with nothing of this program in it.
    fn make(&self) -> io::Result<()> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        match &*own {
            Some(own) => own.clear(&[])?,
            None => *own = Some(Own::make(&self.partial)?),
        }
        Ok(())
    }

    /// Does something with what of the folder is this program's.
    fn own<T>(&self, act: impl FnOnce(&mut Own) -> io::Result<T>) -> io::Result<T> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.as_mut().map_or_else(|| Err(io::Error::from(io::ErrorKind::NotFound)), act)
    }

    /// The folder's name when it is complete.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where a file of this name is to be written.
    ///
    /// # Errors
    /// [`Failure`] if the folder cannot be written.
    pub fn claim(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.path(name);
        self.own(|own| own.claim(name)).map_err(|error| Failure::io("write", &path, &error))?;
        Ok(path)
    }

    /// Where a file of this name is for now.
    pub fn path(&self, name: &str) -> PathBuf {
        self.partial.join(name)
    }

    /// Removes every file that this program made but these: what an interrupted run has left of results is of no use.
    ///
    /// # Errors
    /// [`Failure`] if one cannot be removed.
    pub fn keep_only(&self, names: &[&str]) -> Result<(), Failure> {
        self.own(|own| own.clear(names)).map_err(|error| Failure::io("clear", &self.partial, &error))
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
        let path = self.claim(to)?;
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
        let path = self.claim(name)?;
        let file = File::create(&path).map_err(|error| Failure::io("write", &path, &error))?;
        Ok(Stream { path, file: BufWriter::with_capacity(1 << 16, file) })
    }

    /// From now on what is there stays, whatever happens.
    pub fn keep(&mut self) {
        self.kept = true;
    }

    /// Of a new folder nothing stays: what was asked has no answer, and there is nothing to go on with.
    pub fn give_up(mut self) {
        self.kept &= self.replaces;
    }

    /// Gives the folder its name, which is returned; one that was taken up again is replaced, but for what is the user's.
    ///
    /// # Errors
    /// [`Failure`] if something of that name has been made meanwhile.
    pub fn commit(mut self) -> Result<PathBuf, Failure> {
        let rename = || {
            File::open(&self.partial)?.sync_all()?;
            if self.replaces {
                Own::mark(&self.target, results_of(&self.target))?;
                fs::rename(&self.target, self.old())?;
            }
            fs::rename(&self.partial, &self.target)?;
            File::open(parent(&self.target))?.sync_all()?;
            Own::forget(&self.target)
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
            let _ = self.own(|own| own.remove());
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

/// Refuses an output folder that exists.
///
/// # Errors
/// [`Failure`] if it does.
pub fn absent(target: &Path) -> Result<(), Failure> {
    if exists(target) { Err(Taken::Exists.failure(target)) } else { Ok(()) }
}
