//! Which files of a folder this program made. Their names stand in a hidden file, each before the file itself is made, so
//! that whenever the process ends nothing else is replaced or removed: what is not named there is the user's.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The hidden file. No folder without it is taken for one of this program's.
pub const MARKER: &str = ".espsim";
/// What it begins with; a file of that name that begins otherwise is the user's.
const HEADING: &str = "files that espsim made here:\n";
/// Longer ones are not of this program: a folder has some dozen files.
const LONGEST: u64 = 1 << 20;

/// The files of a folder that this program made.
#[derive(Debug)]
pub struct Own {
    folder: PathBuf,
    names: BTreeSet<String>,
    /// Whether the last line was cut off by the end of the process.
    torn: bool,
}

impl Own {
    /// Those of a folder; `None` of a folder that is not this program's, or not there.
    ///
    /// # Errors
    /// If the hidden file cannot be read.
    pub fn read(folder: &Path) -> io::Result<Option<Self>> {
        let path = folder.join(MARKER);
        // A link may lead to a folder of the user's, and a pipe has no end.
        if !kind_is(folder, fs::FileType::is_dir) || !kind_is(&path, fs::FileType::is_file) {
            return Ok(None);
        }
        let mut text = Vec::new();
        File::open(&path)?.take(LONGEST).read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        // The process may have ended between making the file and writing to it.
        let is_cut_off = || HEADING.starts_with(&*text) && fs::read_dir(folder).is_ok_and(|all| all.count() == 1);
        let Some(names) = text.strip_prefix(HEADING).or_else(|| is_cut_off().then_some("")) else { return Ok(None) };
        let is_name = |name: &&str| !name.is_empty() && !name.contains('/') && !["..", ".", MARKER].contains(name);
        let torn = !text.ends_with('\n');
        Ok(Some(Own {
            folder: folder.to_owned(),
            names: names.lines().filter(is_name).map(str::to_owned).collect(),
            torn,
        }))
    }

    /// Makes a folder, or takes an empty one.
    ///
    /// # Errors
    /// If it cannot be made, or something of that name is there and not empty.
    pub fn make(folder: &Path) -> io::Result<Self> {
        match fs::create_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_empty(folder) => {}
            made => made?,
        }
        Own::mark(folder, BTreeSet::new())
    }

    /// Says of a folder that these files in it are this program's.
    ///
    /// # Errors
    /// If it cannot be written, or a file of the user's is called like the hidden one.
    pub fn mark(folder: &Path, names: BTreeSet<String>) -> io::Result<Self> {
        let mut file = File::options().write(true).create_new(true).open(folder.join(MARKER))?;
        let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
        file.write_all(format!("{HEADING}{lines}").as_bytes())?;
        file.sync_all()?;
        Ok(Own { folder: folder.to_owned(), names, torn: false })
    }

    /// From now on a file of this name is this program's; what the user called so gets another name.
    ///
    /// # Errors
    /// If it cannot be renamed or the name not be written down.
    pub fn claim(&mut self, name: &str) -> io::Result<()> {
        if self.names.contains(name) {
            return Ok(());
        }
        let path = self.folder.join(name);
        if exists(&path) {
            fs::rename(&path, self.folder.join(free_name(&self.folder, OsStr::new(name))))?;
        }
        let mut file = File::options().append(true).open(self.folder.join(MARKER))?;
        let before = match (self.torn, self.names.is_empty()) {
            (false, _) => "",
            (true, false) => "\n",
            // Perhaps of the heading.
            (true, true) => {
                file.set_len(0)?;
                HEADING
            }
        };
        file.write_all(format!("{before}{name}\n").as_bytes())?;
        file.sync_data()?;
        self.torn = false;
        self.names.insert(name.to_owned());
        Ok(())
    }

    /// Whether a thing in the folder is this program's. It makes no folders.
    pub fn has(&self, name: &OsStr, kind: fs::FileType) -> bool {
        !kind.is_dir() && name.to_str().is_some_and(|name| name == MARKER || self.names.contains(name))
    }

    /// Removes this program's files but these.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn clear(&self, keep: &[&str]) -> io::Result<()> {
        for name in self.names.iter().filter(|name| !keep.contains(&name.as_str())) {
            let path = self.folder.join(name);
            if exists(&path) && !kind_is(&path, fs::FileType::is_dir) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Removes this program's files, and the folder unless something of the user's is in it.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        self.clear(&[])?;
        if fs::read_dir(&self.folder)?.count() > 1 {
            return Ok(());
        }
        Own::forget(&self.folder)?;
        fs::remove_dir(&self.folder)
    }

    /// Takes the hidden file out of a folder that is finished.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn forget(folder: &Path) -> io::Result<()> {
        match Own::read(folder)? {
            Some(_) => fs::remove_file(folder.join(MARKER)),
            None => Ok(()),
        }
    }
}

fn kind_is(path: &Path, is: impl Fn(&fs::FileType) -> bool) -> bool {
    path.symlink_metadata().is_ok_and(|there| is(&there.file_type()))
}

/// Whether something of that name is there, a link that leads nowhere included.
pub fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether it is a folder with nothing in it.
pub fn is_empty(folder: &Path) -> bool {
    kind_is(folder, fs::FileType::is_dir) && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// What of a folder under one of the hidden names is this program's; `None` if it is not there, or empty.
///
/// # Errors
/// [`Failure`] if it is the user's.
pub fn ours(folder: &Path) -> Result<Option<Own>, Failure> {
    match Own::read(folder).map_err(|error| Failure::io("read", folder, &error))? {
        None if exists(folder) && !is_empty(folder) => {
            let message = format!("{} is in the way: espsim did not make it, it has no {MARKER}", folder.display());
            Err(Failure::new(message).with_help(Some("give another folder with --out, or move it".into())))
        }
        own => Ok(own),
    }
}

/// Refuses a finished folder with a file of the user's that is called like the hidden one.
///
/// # Errors
/// [`Failure`] if there is one.
pub fn unmarked(folder: &Path) -> Result<(), Failure> {
    let path = folder.join(MARKER);
    match exists(&path) {
        true => Err(Failure::new(format!("{} is in the way: espsim needs that name", path.display()))
            .with_help(Some("move it, or give another folder with --out".into()))),
        false => Ok(()),
    }
}

/// The name itself, or with the first ending of `.old`, `.old-2` and so on that is not taken.
pub fn free_name(folder: &Path, name: &OsStr) -> OsString {
    let with = |ending: String| {
        let mut name = name.to_owned();
        name.push(ending);
        name
    };
    let is_free = |name: &OsString| !exists(&folder.join(name));
    let endings = [String::new(), ".old".into()].into_iter().chain((2..).map(|n: u64| format!(".old-{n}")));
    endings.map(with).find(is_free).unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn only_what_was_claimed_is_removed() {
        let outer = TempDir::new().unwrap();
        let folder = outer.path().join("f");
        let mut own = Own::make(&folder).unwrap();
        fs::write(folder.join("notes"), "mine").unwrap();
        fs::write(folder.join("b"), "mine too").unwrap();
        for name in ["a", "b"] {
            own.claim(name).unwrap();
            fs::write(folder.join(name), "result").unwrap();
        }
        let read = Own::read(&folder).unwrap().unwrap();
        assert_eq!(read.names, own.names);
        read.remove().unwrap();
        let left = |name: &str| fs::read_to_string(folder.join(name)).ok();
        assert_eq!((left("a"), left("b"), left("notes")), (None, None, Some("mine".into())));
        assert_eq!(left("b.old"), Some("mine too".into()));
        ["notes", "b.old"].iter().for_each(|name| fs::remove_file(folder.join(name)).unwrap());
        read.remove().unwrap();
        assert!(!folder.exists());
    }

    /// Wherever the process ends while it writes the hidden file, the folder is its own and no name is mistaken.
    #[test]
    fn a_marker_that_was_cut_off_goes_on() {
        let whole = format!("{HEADING}points.csv\n");
        for cut in 0..whole.len() {
            let folder = TempDir::new().unwrap();
            fs::write(folder.path().join(MARKER), &whole[..cut]).unwrap();
            let mut own = Own::read(folder.path()).unwrap().unwrap();
            own.claim("journal").unwrap();
            let again = Own::read(folder.path()).unwrap().unwrap();
            assert!(again.names.contains("journal"), "{cut}: {:?}", again.names);
            assert!(again.names.iter().all(|name| name == "journal" || "points.csv".starts_with(name.as_str())));
        }
    }

    #[test]
    fn other_folders_are_not_taken() {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(Own::read(folder.path()).unwrap().is_none());
        fs::write(at(MARKER), "my own").unwrap();
        assert!(Own::read(folder.path()).unwrap().is_none());
        assert!(Own::make(folder.path()).is_err());
        Own::forget(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(at(MARKER)).unwrap(), "my own");
        // Nor does a name lead out of the folder.
        fs::write(at(MARKER), format!("{HEADING}../escaped\n..\n.\n{MARKER}\n")).unwrap();
        assert!(Own::read(folder.path()).unwrap().unwrap().names.is_empty());
    }
}
