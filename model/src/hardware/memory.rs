//! Host memory: what DMA and cores take of its bandwidth, and what cores wait for it.
//!
//! What hits the last-level cache does not reach DRAM and takes nothing here: packets that devices write there (DDIO), and
//! what cores have touched before.

use crate::route::{StationId, Visit};
use crate::units::{BitRate, Bytes, Cycles, Share, Time};

/// A cache line.
pub const LINE: Bytes = Bytes::new(64);

/// Lines of a packet that a core must have before it knows what comes next: the completion entry and the headers.
const FIRST_LINES: f64 = 2.0;
/// Lines that a core waits for at a time where it knows what comes: its line fill buffers (Intel 64 and IA-32 Architectures
/// Optimization Reference Manual, 10 in Skylake and 12 in Ice Lake).
const LINES_AT_ONCE: f64 = 10.0;

/// The socket's DRAM.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Its station.
    pub station: StationId,
    /// Reads and writes together.
    pub bandwidth: BitRate,
}

impl Memory {
    /// A DMA of `n` octets that reaches DRAM.
    pub fn access(&self, n: Bytes, latency: Time) -> Visit {
        Visit::new(self.station, n / self.bandwidth, latency, "memory access").of(n)
    }
}

/// What a core meets of DRAM.
#[derive(Debug, Clone, Copy)]
pub struct BeyondCache {
    /// DRAM.
    pub memory: Memory,
    /// The share of applications' memory that the last-level cache does not hold.
    pub applications: Share,
    /// Whether received packets are read from DRAM by the core that touches them first, beside what DMA is counted for.
    pub reads_packets: bool,
    /// The share of received lines that a core waits for.
    pub waits: Share,
    /// Cycles of that wait for one line.
    pub line: Cycles,
    /// Whether software asks for lines ahead of need, so that it never waits for one alone.
    pub prefetches: bool,
}

impl BeyondCache {
    /// A core copies `n` octets out of memory of an application.
    pub fn sends(&self, n: Bytes) -> Option<Visit> {
        self.reaches(n.scale(self.applications.fraction()), "core reads memory")
    }

    /// A core copies `n` octets into memory of an application: a line is read before a part of it is written, and goes back
    /// in the end.
    pub fn delivers(&self, n: Bytes) -> Option<Visit> {
        self.reaches(n.scale(2.0 * self.applications.fraction()), "core writes memory")
    }

    /// A core touches a received packet of `n` octets for the first time, all of it or its headers.
    pub fn reads_packet(&self, n: Bytes, all: bool) -> Option<Visit> {
        let lines = if all { LINE * n.pieces(LINE) } else { LINE };
        self.reaches(lines, "core reads packet").filter(|_| self.reads_packets)
    }

    /// What it waits for that.
    pub fn waits(&self, n: Bytes, all: bool) -> Cycles {
        let lines = FIRST_LINES + if all { n.pieces(LINE) as f64 - 1.0 } else { 0.0 };
        let alone = if self.prefetches { 0.0 } else { FIRST_LINES };
        self.line * (self.waits.fraction() * (alone + (lines - alone) / LINES_AT_ONCE))
    }

    fn reaches(&self, n: Bytes, label: &'static str) -> Option<Visit> {
        (n > Bytes::ZERO).then(|| Visit { label, ..self.memory.access(n, Time::ZERO) })
    }
}
