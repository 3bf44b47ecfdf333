//! Finished runs on disk: a line for each, appended as it ends, so that nothing that has ended is lost.
//!
//! A line is a checksum, the run's [`Id`] and the [`Run`] as JSON. The first one has, in the place of an id, the word `sweep`
//! and says what the runs are of ([`Header`]). A line that was being written when the machine stopped has no right checksum
//! and is dropped; so is one that was damaged, and the lines after it still count. The order of lines means nothing.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::file::hash::hash;
use crate::file::profile::ProfileChoice;
use crate::points::id::{Id, PROGRAM};
use crate::points::outcome::Run;
use crate::points::shard::Shard;
use crate::points::study::ResultKind;
use crate::store::version;

/// The version of the format that is written and read.
const FORMAT: u32 = 2;
/// The most machines that are drawn.
pub const MOST_DRAWN: u32 = 10_000;
/// What stands in the place of an id before a header.
const HEADER: &str = "sweep";
/// Characters of a checksum.
const CHECKSUM: usize = 16;

/// What a journal's runs are of; enough to make the same points again. The profile's text stands beside the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of the format.
    pub format: u32,
    /// The command: `run`, `failover`, `plan`, `compare` or `validate`.
    pub kind: String,
    /// The program's version, and the hash of its model.
    pub program: (String, String),
    /// Name of the scenario file.
    pub file: String,
    /// Its text.
    pub text: String,
    /// What was set over it, as `key=value`.
    pub settings: Vec<String>,
    /// Base of all seeds.
    pub seed: u64,
    /// Machines drawn for the bands of results, of which the journal has no runs.
    pub drawn: u32,
    /// Where the profile came from.
    pub profile: String,
    /// SHA-256 of the profile's text.
    pub profile_hash: String,
    /// Which part of the points, if not all.
    pub shard: Option<Shard>,
}

impl Header {
    /// Over a file of this name and text on a host, of which nothing is set and no profile drawn.
    pub fn of_question(kind: ResultKind, file: &str, text: &str, seed: u64, profile: &ProfileChoice) -> Self {
        Header {
            file: file.into(),
            text: text.into(),
            seed,
            profile: profile.from.clone(),
            profile_hash: hash(&profile.text),
            ..Header::of_many(kind)
        }
    }

    /// Of a question that has neither one file nor one host.
    pub fn of_many(kind: ResultKind) -> Self {
        Header {
            format: FORMAT,
            kind: kind.name().into(),
            program: (PROGRAM.0.to_owned(), PROGRAM.1.to_owned()),
            file: String::new(),
            text: String::new(),
            settings: Vec::new(),
            seed: 0,
            drawn: 0,
            profile: String::new(),
            profile_hash: String::new(),
            shard: None,
        }
    }
}

/// Puts the checksum before the rest of a line.
pub fn with_checksum(content: &str) -> String {
    format!("{} {content}\n", checksum(content))
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    file: u32,
    length: u32,
    offset: u64,
}

/// The finished runs of one journal or several.
#[derive(Debug, Default)]
pub struct Finished {
    files: Vec<(PathBuf, File)>,
    runs: HashMap<Id, Location>,
    taken_up: bool,
}

/// What reading a journal through has found besides runs.
#[derive(Debug, Default)]
pub struct Found {
    /// The last header.
    pub header: Option<Header>,
    /// Runs.
    pub runs: usize,
    /// Numbers of damaged lines before the last good one, counted from 1.
    pub damaged: Vec<usize>,
    /// Octets after the last good line: a line that was being written.
    pub torn: u64,
    /// Octets up to there.
    pub end: u64,
}

impl Finished {
    /// Reads a journal through; of runs that stand in several places, the first one counts.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be read, or is of another format.
    pub fn add(&mut self, path: &Path) -> Result<Found, Failure> {
        let io = |error: std::io::Error| Failure::io("read", path, &error);
        let file = File::open(path).map_err(io)?;
        let number = self.files.len() as u32;
        let mut reader = BufReader::with_capacity(1 << 16, file.try_clone().map_err(io)?);
        let mut found = Found::default();
        let (mut line, mut offset, mut n) = (Vec::new(), 0, 0);
        let mut bad = Vec::new();
        while next_line(&mut reader, &mut line).map_err(io)? {
            n += 1;
            match checked(&line) {
                Some((HEADER, json)) => found.header = Some(header(path, json)?),
                Some((id, _)) => {
                    found.runs += 1;
                    let location = Location { file: number, length: line.len() as u32, offset };
                    // A name that is no id belongs to no run that anybody asks for.
                    let _ = id.parse().map(|id| self.runs.entry(id).or_insert(location));
                }
                None => bad.push(n),
            }
            offset += line.len() as u64;
            if bad.last() != Some(&n) {
                found.end = offset;
                found.damaged.append(&mut bad);
            }
        }
        found.torn = offset - found.end;
        self.taken_up |= found.runs > 0;
        self.files.push((path.to_owned(), file));
        Ok(found)
    }

    /// Whether any had finished before.
    pub fn is_taken_up(&self) -> bool {
        self.taken_up
    }

    /// Runs besides these, in the order of their ids.
    pub fn besides(&self, used: &HashSet<Id>) -> Vec<Id> {
        let mut others: Vec<Id> = self.runs.keys().filter(|id| !used.contains(id)).copied().collect();
        others.sort_unstable();
        others
    }

    /// Whether a run has finished.
    pub fn contains(&self, id: Id) -> bool {
        self.runs.contains_key(&id)
    }

    /// Takes up what was appended to the first journal since it was read.
    pub fn extend(&mut self, appended: Vec<(Id, Location)>) {
        self.runs.extend(appended);
    }

    /// A run with its line; `None` if it has not finished.
    ///
    /// # Errors
    /// [`Failure`] if it can no longer be read as it was written.
    pub fn read(&self, id: Id) -> Result<Option<(Run, Vec<u8>)>, Failure> {
        self.kept(id)
    }

    /// Whatever was kept under an id with its line; `None` if nothing was.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn kept<T: DeserializeOwned>(&self, id: Id) -> Result<Option<(T, Vec<u8>)>, Failure> {
        let Some(at) = self.runs.get(&id) else { return Ok(None) };
        let (path, file) = &self.files[at.file as usize];
        let mut line = vec![0; at.length as usize];
        file.read_exact_at(&mut line, at.offset).map_err(|error| Failure::io("read", path, &error))?;
        let kept = checked(&line).and_then(|(_, json)| serde_json::from_str(json).ok());
        let kept = kept.ok_or_else(|| {
            Failure::new(format!("{}: the run at octet {} was damaged meanwhile", path.display(), at.offset))
        })?;
        Ok(Some((kept, line)))
    }
}

/// The first line of a journal, if it is a whole header.
///
/// # Errors
/// [`Failure`] if it cannot be read, or is of another format.
pub fn first_header(path: &Path) -> Result<Option<Header>, Failure> {
    let mut line = Vec::new();
    let read = File::open(path).and_then(|file| next_line(&mut BufReader::new(file), &mut line));
    read.map_err(|error| Failure::io("read", path, &error))?;
    checked(&line).filter(|(name, _)| *name == HEADER).map(|(_, json)| header(path, json)).transpose()
}

/// Whether a file is a journal: some line of it is whole and undamaged.
pub fn has_lines(path: &Path) -> bool {
    has(path, |_| true)
}

/// Whether a journal has a finished run.
pub fn has_runs(path: &Path) -> bool {
    has(path, |name| name != HEADER)
}

fn has(path: &Path, is_sought: impl Fn(&str) -> bool) -> bool {
    let is_file = path.metadata().is_ok_and(|there| there.is_file());
    let Some(mut reader) = is_file.then(|| File::open(path).ok()).flatten().map(BufReader::new) else { return false };
    let mut line = Vec::new();
    while next_line(&mut reader, &mut line).unwrap_or(false) {
        if checked(&line).is_some_and(|(name, _)| is_sought(name)) {
            return true;
        }
    }
    false
}

/// Reads the next line with its end; `false` where there is none.
fn next_line(reader: &mut BufReader<File>, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    reader.read_until(b'\n', line).map(|length| length > 0)
}

fn header(path: &Path, json: &str) -> Result<Header, Failure> {
    let damaged = |why: String| {
        Failure::new(format!("{}: the first line of the journal is none: {why}", path.display()))
            .with_help(Some("start in another folder, with --out".into()))
    };
    version::check(path, "journal", version::of(json).map_err(|error| damaged(error.to_string()))?, FORMAT)?;
    let header: Header = serde_json::from_str(json).map_err(|error| damaged(error.to_string()))?;
    match header.drawn <= MOST_DRAWN {
        true => Ok(header),
        false => Err(damaged(format!("{} machines drawn: at most {MOST_DRAWN}", header.drawn))),
    }
}

/// The id and the JSON of a whole and undamaged line.
fn checked(line: &[u8]) -> Option<(&str, &str)> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (sum, content) = line.split_at_checked(CHECKSUM)?;
    let content = content.strip_prefix(' ')?;
    (sum == checksum(content)).then(|| content.split_once(' '))?
}

fn checksum(content: &str) -> String {
    hash(content)[..CHECKSUM].to_owned()
}

fn line(name: &str, content: &impl Serialize) -> Vec<u8> {
    // Plain data of text and numbers always has a text.
    with_checksum(&format!("{name} {}", serde_json::to_string(content).unwrap_or_default())).into_bytes()
}

/// The line of a run, or of what else is kept under an id.
pub fn run_line(id: Id, run: &impl Serialize) -> Vec<u8> {
    line(&id.to_string(), run)
}

/// The line of a header.
pub fn header_line(of: &Header) -> Vec<u8> {
    line(HEADER, of)
}

/// Appends to a journal, from any thread.
#[derive(Debug)]
pub struct Appender {
    path: PathBuf,
    file: File,
    end: Mutex<u64>,
}

impl Appender {
    /// Opens a journal, or makes it; what stands after `end` is dropped.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written.
    pub fn open(path: &Path, end: u64) -> Result<Self, Failure> {
        let open = || {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            file.set_len(end)?;
            Ok(file)
        };
        let file = open().map_err(|error| Failure::io("write", path, &error))?;
        Ok(Appender { path: path.to_owned(), file, end: Mutex::new(end) })
    }

    /// Appends a line.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written, for example because the disk is full; the lines before it stay.
    pub fn append(&self, line: &[u8]) -> Result<Location, Failure> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = (&self.file).write_all(line) {
            // Half a line is what the next one to read would have to drop; if that fails too, it will.
            let _ = self.file.set_len(*end);
            return Err(Failure::io("write", &self.path, &error));
        }
        let location = Location { file: 0, length: line.len() as u32, offset: *end };
        *end += line.len() as u64;
        Ok(location)
    }

    /// Waits until everything is on the disk, so that a loss of power takes nothing.
    ///
    /// # Errors
    /// [`Failure`] if the disk refuses.
    pub fn sync(&self) -> Result<(), Failure> {
        self.file.sync_data().map_err(|error| Failure::io("write", &self.path, &error))
    }
}

#[cfg(test)]
mod tests;
