//! Traces: packets as they came, from a capture. They are gone through once to learn what there is, and once more by each
//! simulation, block by block: none of it grows with the trace.

mod flows;
mod order;
mod replay;
mod survey;

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::replay::Shared;
use super::{Arrival, Basis, MixEntry, Traffic};
use crate::units::Time;

/// A trace by name; its packets where they have been read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace {
    name: String,
    #[serde(skip)]
    packets: Option<Arc<PacketTrace>>,
}

impl Trace {
    /// Its name, which tells its content apart from others'.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl PartialEq for Trace {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A packet as it was captured: sixteen octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapturedPacket {
    /// When, in picoseconds since any moment before.
    pub at: u64,
    /// A number that packets of its flow have in common.
    pub flow: u32,
    /// Octets of its IP packet.
    pub l3: u16,
}

/// Packets that can be gone through again and again, each time the same.
pub trait PacketSource: Debug + Send + Sync {
    /// Begins at the first packet.
    ///
    /// # Errors
    /// Why that cannot be.
    fn open(&self) -> Result<Box<dyn PacketReader>, String>;
}

/// One going through the packets of a source.
pub trait PacketReader: Send {
    /// Puts the next packets, some thousands, into a block in place of those before; none at the end.
    ///
    /// # Errors
    /// What is wrong, and where.
    fn next(&mut self, block: &mut Vec<CapturedPacket>) -> Result<(), String>;
}

/// What makes no trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// Packets cannot be had.
    #[error("{0}")]
    Read(String),
    /// Too few packets for a rate.
    #[error("{0} IP packets: at least 2 at two different times")]
    TooFew(u64),
}

/// What there is in a trace, and where its packets come from.
#[derive(Debug)]
pub struct PacketTrace {
    shared: Arc<Shared>,
    mix: Vec<MixEntry>,
    flows: u32,
    /// Packets of one flow that come one after the other, on average.
    train: u32,
    /// From the first packet to the last.
    span: Time,
}

impl PacketTrace {
    /// Its lengths and how often each comes.
    pub fn mix(&self) -> &[MixEntry] {
        &self.mix
    }

    /// How many packets there are.
    pub fn packets(&self) -> u64 {
        self.shared.packets
    }

    /// From the first packet to the last.
    pub fn span(&self) -> Time {
        self.span
    }

    /// Mean time between two packets.
    pub fn interval(&self) -> Time {
        Time::from_ps((self.span.as_ps() / (self.packets() - 1).max(1)).max(1))
    }
}

impl Traffic {
    /// The packets that come: those of its trace, where that is how they come and it has been read.
    pub fn replayed(&self) -> Option<&Arc<PacketTrace>> {
        self.trace.as_ref().filter(|_| self.arrival == Arrival::Trace)?.packets.as_ref()
    }

    /// Gives a class whose packets come as a trace has them those of its trace: lengths, flows and trains are theirs. A
    /// packet without payload, such as an ACK of TCP, has one octet: all of a class have the same headers.
    pub fn replay(&mut self, packets: Arc<PacketTrace>) {
        let smallest = self.smallest_l3();
        let Some(trace) = self.trace.as_mut().filter(|_| self.arrival == Arrival::Trace) else { return };
        self.mix.clone_from(&packets.mix);
        self.mix.iter_mut().for_each(|entry| entry.size = entry.size.max(smallest));
        self.size_basis = Basis::L3;
        self.flows = packets.flows;
        self.train = Some(packets.train);
        trace.packets = Some(packets);
    }
}
