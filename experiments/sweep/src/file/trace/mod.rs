//! Traces of packets: captures (pcap and pcapng) and tables of time, length and flow.
//!
//! A trace is read once, octet by octet as it comes, into sixteen octets a packet. What it is called in manifests and
//! identifiers has a hash of its content, so that another file under the same name is another trace.

mod capture;
mod headers;
mod table;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use espsim_model::layers::Layer;
use espsim_model::scenario::Scenario;
use espsim_model::traffic::{PacketTrace, TraceBuilder};
use sha2::{Digest, Sha256};
use toml::Value;

use crate::failure::Failure;

/// The most packets of a trace: of 16 octets each.
const MOST_PACKETS: usize = 200_000_000;
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

    fn of(self, path: &Path) -> Failure {
        Failure::new(format!("{}: {}: {}", path.display(), self.at, self.message))
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

fn read(path: &Path) -> Result<Kept, Failure> {
    let file = File::open(path).map_err(|error| Failure::io("read trace", path, &error))?;
    let mut octets = Hashed { inner: file, hash: Sha256::new() };
    let packets = parse(path, &mut octets)?;
    // What a reader leaves unread belongs to the content too.
    std::io::copy(&mut octets, &mut std::io::sink()).map_err(|error| Failure::io("read trace", path, &error))?;
    let hash: String = octets.hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect();
    Ok(Kept { path: path.to_owned(), hash: hash[..DIGITS].to_owned(), packets: Arc::new(packets) })
}

/// The packets of a trace; `path` is for messages.
///
/// # Errors
/// [`Failure`] at the packet or line that is wrong.
pub fn parse(path: &Path, octets: impl Read + Send) -> Result<PacketTrace, Failure> {
    let mut octets = BufReader::with_capacity(1 << 16, octets);
    let mut trace = TraceBuilder::default();
    let start = octets.fill_buf().map_err(|error| Failure::io("read trace", path, &error))?;
    let read = match capture::is_capture(start) {
        true => capture::read(octets, &mut trace),
        false => table::read(octets, &mut trace),
    };
    read.map_err(|wrong| wrong.of(path))?;
    trace.finish().map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Takes a packet, unless there are too many.
fn take(trace: &mut TraceBuilder, at_ps: u64, l3: u16, flow: u32) -> Result<(), String> {
    if trace.len() == MOST_PACKETS {
        return Err(format!("more than {MOST_PACKETS} packets"));
    }
    if l3 < LEAST_IP {
        return Err(format!("an IP packet of {l3} octets, fewer than its header has"));
    }
    trace.push(at_ps, l3, flow);
    Ok(())
}

/// Octets, and their hash as they are read.
struct Hashed<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(into)?;
        self.hash.update(&into[..n]);
        Ok(n)
    }
}
