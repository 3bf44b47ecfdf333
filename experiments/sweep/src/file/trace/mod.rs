//! Traces of packets: captures (pcap and pcapng) and tables of time, length and flow.
//!
//! A trace is read once to learn what there is in it, and again by each simulation, some thousand packets at a time. What it
//! is called in manifests and identifiers has a hash of its content, so that another file under the same name is another
//! trace.

mod capture;
mod headers;
mod table;

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use espsim_model::layers::Layer;
use espsim_model::scenario::Scenario;
use espsim_model::traffic::{CapturedPacket, PacketReader, PacketSource, PacketTrace, TraceError};
use sha2::{Digest, Sha256};
use toml::Value;

use crate::failure::Failure;

/// Packets that are read at a time.
const PACKETS: usize = 4096;
/// The smallest header of IP (RFC 791, section 3.1).
const LEAST_IP: u16 = 20;
/// Traces that are kept for further points.
const MOST_KEPT: usize = 4;
/// Digits of the hash in a name.
const DIGITS: usize = 16;

/// A trace that was read, and what it is called.
#[derive(Debug, Clone)]
struct Kept {
    path: PathBuf,
    hash: String,
    packets: Arc<PacketTrace>,
}

static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// What goes wrong in a trace, and at which packet or line.
#[derive(Debug)]
pub struct Wrong {
    at: String,
    message: String,
}

impl Wrong {
    fn packet(number: usize, message: impl Into<String>) -> Self {
        Wrong { at: format!("packet {number}"), message: message.into() }
    }

    fn line(number: u64, message: impl Into<String>) -> Self {
        Wrong { at: format!("line {number}"), message: message.into() }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

/// Reads the traces that values name, and puts the hash of each behind its name.
///
/// # Errors
/// [`Failure`] for a file that cannot be read, is no trace, or has another hash than its name says.
pub fn name(values: &mut Layer) -> Result<(), Failure> {
    let is_trace = |key: &str| key.starts_with("traffic") && key.ends_with(".trace");
    for (_, (value, _)) in values.iter_mut().filter(|(key, _)| is_trace(key)) {
        if let Value::String(name) = value {
            let kept = find(name)?;
            *name = format!("{}#{}", kept.path.display(), kept.hash);
        }
    }
    Ok(())
}

/// Gives each class of a scenario the packets of its trace.
///
/// # Errors
/// As [`name`].
pub fn attach(scenario: &mut Scenario) -> Result<(), Failure> {
    for class in &mut scenario.traffic {
        if let Some(trace) = class.trace.clone() {
            class.replay(find(trace.name())?.packets);
        }
    }
    Ok(())
}

/// The trace of a name: a path, and behind `#` the hash that it must have.
fn find(name: &str) -> Result<Kept, Failure> {
    let (path, hash) = match name.rsplit_once('#') {
        Some((path, hash)) if hash.len() == DIGITS => (Path::new(path), Some(hash)),
        _ => (Path::new(name), None),
    };
    let mut all = KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let kept = match all.iter().find(|kept| kept.path == path) {
        Some(kept) => kept.clone(),
        None => {
            let kept = read(path)?;
            if all.len() == MOST_KEPT {
                all.remove(0);
            }
            all.push(kept.clone());
            kept
        }
    };
    match hash.filter(|hash| **hash != kept.hash) {
        Some(hash) => {
            let message =
                format!("{}: another trace ({}) than the one that is asked for ({hash})", path.display(), kept.hash);
            Err(Failure::new(message))
        }
        None => Ok(kept),
    }
}

/// A trace's file, as it was when it was first opened.
#[derive(Debug)]
struct TraceFile {
    path: PathBuf,
    octets: u64,
    modified: Option<SystemTime>,
}

impl TraceFile {
    fn is(&self, found: &Metadata) -> bool {
        (found.len(), found.modified().ok()) == (self.octets, self.modified)
    }
}

impl PacketSource for TraceFile {
    fn open(&self) -> Result<Box<dyn PacketReader>, String> {
        let file = File::open(&self.path).and_then(|file| Ok((file.metadata()?, file)));
        let (found, file) = file.map_err(|error| format!("it can no longer be read: {error}"))?;
        if !self.is(&found) {
            return Err("it has changed since it was read first: leave it as it is until the run has ended".into());
        }
        reader(file)
    }
}

/// A reader of a capture or a table.
fn reader(octets: impl Read + Send + 'static) -> Result<Box<dyn PacketReader>, String> {
    let mut octets = BufReader::with_capacity(1 << 16, octets);
    let start = octets.fill_buf().map_err(|error| format!("it cannot be read: {error}"))?;
    let reader: Result<Box<dyn PacketReader>, Wrong> = match capture::is_capture(start) {
        true => capture::Reader::new(octets).map(|reader| Box::new(reader) as _),
        false => table::Reader::new(octets).map(|reader| Box::new(reader) as _),
    };
    reader.map_err(|wrong| wrong.to_string())
}

fn read(path: &Path) -> Result<Kept, Failure> {
    let failed = |error| Failure::io("read trace", path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        let message = format!("cannot read trace {}: not a file, which can be read again and again", path.display());
        return Err(Failure::new(message).with_help(Some("copy what comes by it into a file".into())));
    }
    let mut hash = Sha256::new();
    let mut octets = vec![0; 1 << 16];
    loop {
        match file.read(&mut octets).map_err(failed)? {
            0 => break,
            n => hash.update(&octets[..n]),
        }
    }
    let hash: String = hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect();
    let source = TraceFile { path: path.to_owned(), octets: found.len(), modified: found.modified().ok() };
    let packets = Arc::new(survey(path, Arc::new(source))?);
    Ok(Kept { path: path.to_owned(), hash: hash[..DIGITS].to_owned(), packets })
}

fn survey(path: &Path, source: Arc<dyn PacketSource>) -> Result<PacketTrace, Failure> {
    PacketTrace::survey(source).map_err(|error| {
        let help = match error {
            TraceError::TooFew(_) => Some("give a capture with IP packets, of some thousands at least".to_owned()),
            TraceError::Read(_) => None,
        };
        Failure::new(format!("{}: {error}", path.display())).with_help(help)
    })
}

/// The trace that octets are; `path` is for messages.
///
/// # Errors
/// [`Failure`] at the packet or line that is wrong.
pub fn parse(path: &Path, octets: &[u8]) -> Result<PacketTrace, Failure> {
    survey(path, Arc::new(Octets(octets.into())))
}

/// A trace in memory.
#[derive(Debug)]
struct Octets(Arc<[u8]>);

impl PacketSource for Octets {
    fn open(&self) -> Result<Box<dyn PacketReader>, String> {
        reader(std::io::Cursor::new(self.0.clone()))
    }
}

/// A packet, unless there is none of its length.
fn packet_at(at: u64, l3: u16, flow: u32) -> Result<CapturedPacket, String> {
    if l3 < LEAST_IP {
        return Err(format!("an IP packet of {l3} octets, fewer than its header has"));
    }
    Ok(CapturedPacket { at, flow, l3 })
}
