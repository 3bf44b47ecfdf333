//! The first pass over a trace: what must be known before it is replayed.

use std::sync::Arc;

use super::flows::Flows;
use super::order::InOrder;
use super::replay::Shared;
use super::{MixEntry, PacketSource, PacketTrace, TraceError};
use crate::units::{Bytes, Time};

/// Lengths that are told apart: each has a route of its own.
const MOST_SIZES: usize = 64;
/// The largest weight of a mix.
const MOST_WEIGHT: u64 = 1_000_000;
/// The longest mean train.
const LONGEST_TRAIN: u64 = 4096;

impl PacketTrace {
    /// Goes through the packets of a source. Lengths beyond the first 64 different ones stand together by ranges of equal
    /// width, with their mean.
    ///
    /// # Errors
    /// [`TraceError`] for less than two packets, and for what the source says is wrong.
    pub fn survey(source: Arc<dyn PacketSource>) -> Result<Self, TraceError> {
        let mut packets = InOrder::new(source.open().map_err(TraceError::Read)?);
        let mut counts = vec![0u64; usize::from(u16::MAX) + 1];
        let mut flows = Flows::default();
        let (mut first, mut last, mut trains) = (None, 0, 0);
        let mut flow_before = None;
        loop {
            let block = packets.next().map_err(TraceError::Read)?;
            let Some(end) = block.last() else { break };
            first = first.or(block.first().map(|packet| packet.at));
            last = end.at;
            for packet in block {
                counts[usize::from(packet.l3)] += 1;
                flows.add(packet.flow);
                trains += u64::from(flow_before.replace(packet.flow) != Some(packet.flow));
            }
        }
        let first = first.unwrap_or(0);
        let (read, sum) = packets.read;
        if first == last {
            return Err(TraceError::TooFew(read));
        }
        let (size_of, mix) = sizes(&counts);
        let train = (read / trains.max(1)).clamp(1, LONGEST_TRAIN) as u32;
        let (count, span) = (flows.count(), Time::from_ps(last - first));
        let shared = Arc::new(Shared { source, first, packets: read, sum, size_of, flows });
        Ok(PacketTrace { shared, mix, flows: count, train, span })
    }
}

/// The number of each length's size, and the sizes.
fn sizes(counts: &[u64]) -> (Box<[u16]>, Vec<MixEntry>) {
    let lengths: Vec<usize> = (0..counts.len()).filter(|&length| counts[length] > 0).collect();
    let (least, most) = (lengths[0], lengths[lengths.len() - 1]);
    let width = if lengths.len() <= MOST_SIZES { 1 } else { (most - least + 1).div_ceil(MOST_SIZES) };
    let mut size_of = vec![0u16; counts.len()];
    let mut sizes: Vec<(usize, u64, u64)> = Vec::new();
    for length in lengths {
        let range = (length - least) / width;
        if sizes.last().is_none_or(|last| last.0 != range) {
            sizes.push((range, 0, 0));
        }
        let at = sizes.len() - 1;
        let (_, packets, octets) = &mut sizes[at];
        *packets += counts[length];
        *octets += counts[length] * length as u64;
        size_of[length] = at as u16;
    }
    let largest = sizes.iter().map(|(_, packets, _)| *packets).max().unwrap_or(1);
    let entry = |(_, packets, octets): (usize, u64, u64)| MixEntry {
        weight: (u128::from(packets) * u128::from(MOST_WEIGHT)).div_ceil(u128::from(largest)) as u32,
        size: Bytes::new((octets + packets / 2) / packets),
    };
    (size_of.into_boxed_slice(), sizes.into_iter().map(entry).collect())
}
