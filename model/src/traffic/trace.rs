//! Traces: packets as they came, from a capture.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Arrival, Basis, MixEntry, Traffic};
use crate::engine::recorded::{Recorded, RecordedJob};
use crate::units::{Bytes, Time};

/// Lengths that are told apart: each has a route of its own.
const MOST_SIZES: usize = 64;
/// Flows that are told apart; further ones share their numbers.
const MOST_FLOWS: u32 = 1_000_000;
/// The largest weight of a mix.
const MOST_WEIGHT: u64 = 1_000_000;

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

    /// Its packets, where they have been read.
    pub fn packets(&self) -> Option<&PacketTrace> {
        self.packets.as_deref()
    }
}

impl PartialEq for Trace {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The packets of a trace.
#[derive(Debug)]
pub struct PacketTrace {
    jobs: Recorded,
    mix: Vec<MixEntry>,
    flows: u32,
    /// Packets of one flow that come one after the other, on average.
    train: u32,
}

/// What makes no trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// Too few packets for a rate.
    #[error("{0} IP packets: at least 2 at two different times")]
    TooFew(usize),
}

/// Packets on their way into a trace.
#[derive(Debug, Default)]
pub struct TraceBuilder {
    /// Until the end, hash and length stand in the places of flow and size.
    jobs: Vec<RecordedJob>,
}

impl TraceBuilder {
    /// A packet of `l3` octets at `at_ps` picoseconds; `flow` is a number that packets of its flow have in common.
    pub fn push(&mut self, at_ps: u64, l3: u16, flow: u32) {
        self.jobs.push(RecordedJob { at: at_ps, flow, size: l3 });
    }

    /// Packets so far.
    #[allow(clippy::len_without_is_empty)] // Nobody asks.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// The trace: in the order of time, lengths beyond the first 64 different ones by ranges of equal width with their mean.
    ///
    /// # Errors
    /// [`TraceError`] for less than two packets.
    pub fn finish(mut self) -> Result<PacketTrace, TraceError> {
        if !self.jobs.is_sorted_by_key(|job| job.at) {
            self.jobs.sort_by_key(|job| job.at);
        }
        let first = self.jobs.first().map_or(0, |job| job.at);
        let last = self.jobs.last().map_or(0, |job| job.at);
        if first == last {
            return Err(TraceError::TooFew(self.jobs.len()));
        }
        self.jobs.iter_mut().for_each(|job| job.at -= first);
        let trains = 1 + self.jobs.windows(2).filter(|pair| pair[0].flow != pair[1].flow).count();
        let train = (self.jobs.len() / trains).clamp(1, 4096) as u32;
        let mix = self.classify();
        let flows = self.number_flows();
        Ok(PacketTrace { jobs: Arc::new(self.jobs), mix, flows, train })
    }

    /// Puts the number of its class into the place of each length; the classes.
    fn classify(&mut self) -> Vec<MixEntry> {
        let mut counts = vec![0u64; usize::from(u16::MAX) + 1];
        self.jobs.iter().for_each(|job| counts[usize::from(job.size)] += 1);
        let lengths: Vec<usize> = (0..counts.len()).filter(|&length| counts[length] > 0).collect();
        let (least, most) = (lengths[0], lengths[lengths.len() - 1]);
        let width = if lengths.len() <= MOST_SIZES { 1 } else { (most - least + 1).div_ceil(MOST_SIZES) };
        let mut class_of = vec![0u16; counts.len()];
        let mut classes: Vec<(usize, u64, u64)> = Vec::new();
        for length in lengths {
            let range = (length - least) / width;
            if classes.last().is_none_or(|last| last.0 != range) {
                classes.push((range, 0, 0));
            }
            let at = classes.len() - 1;
            let (_, packets, octets) = &mut classes[at];
            *packets += counts[length];
            *octets += counts[length] * length as u64;
            class_of[length] = at as u16;
        }
        self.jobs.iter_mut().for_each(|job| job.size = class_of[usize::from(job.size)]);
        let largest = classes.iter().map(|(_, packets, _)| *packets).max().unwrap_or(1);
        let entry = |(_, packets, octets): (usize, u64, u64)| MixEntry {
            weight: (u128::from(packets) * u128::from(MOST_WEIGHT)).div_ceil(u128::from(largest)) as u32,
            size: Bytes::new((octets + packets / 2) / packets),
        };
        classes.into_iter().map(entry).collect()
    }

    /// Puts numbers from 0 into the places of hashes; how many there are.
    fn number_flows(&mut self) -> u32 {
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        for job in &mut self.jobs {
            let next = numbers.len() as u32 % MOST_FLOWS;
            job.flow = *numbers.entry(job.flow).or_insert(next);
        }
        (numbers.len() as u32).min(MOST_FLOWS)
    }
}

impl PacketTrace {
    /// Its packets in the order of time, with numbers of flows and of sizes of the mix.
    pub fn jobs(&self) -> &Recorded {
        &self.jobs
    }

    /// Its lengths and how often each comes.
    pub fn mix(&self) -> &[MixEntry] {
        &self.mix
    }

    /// Mean time between two packets.
    pub fn interval(&self) -> Time {
        let last = self.jobs.last().map_or(0, |job| job.at);
        Time::from_ps((last / (self.jobs.len() as u64 - 1).max(1)).max(1))
    }
}

impl Traffic {
    /// The packets that come: those of its trace, where that is how they come and it has been read.
    pub fn replayed(&self) -> Option<&PacketTrace> {
        self.trace.as_ref().filter(|_| self.arrival == Arrival::Trace)?.packets()
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
