//! Going through a trace again: its packets as jobs of the engine, which must be those of the first pass.

use std::sync::Arc;

use super::flows::Flows;
use super::order::InOrder;
use super::{PacketSource, PacketTrace};
use crate::engine::recorded::{Playback, RecordedJob, Recording};

/// What is wrong where the second pass is not as the first.
const CHANGED: &str = "the trace has changed since the run began: leave it as it is until the run has ended";

/// What every replay needs.
#[derive(Debug)]
pub(super) struct Shared {
    pub source: Arc<dyn PacketSource>,
    /// When the first packet came.
    pub first: u64,
    pub packets: u64,
    /// A sum over all packets.
    pub sum: u64,
    /// The number of each length's size.
    pub size_of: Box<[u16]>,
    pub flows: Flows,
}

impl Recording for PacketTrace {
    fn play(&self) -> Box<dyn Playback> {
        let packets = self.shared.source.open().map(InOrder::new);
        Box::new(Replay { shared: self.shared.clone(), packets })
    }

    fn end(&self) -> u64 {
        self.span.as_ps()
    }

    fn jobs(&self) -> u64 {
        self.packets()
    }
}

struct Replay {
    shared: Arc<Shared>,
    packets: Result<InOrder, String>,
}

impl Playback for Replay {
    fn next(&mut self, block: &mut Vec<RecordedJob>) -> Result<(), String> {
        let Shared { first, ref size_of, ref flows, .. } = *self.shared;
        let packets = self.packets.as_mut().map_err(|error| error.clone())?;
        let next = packets.next()?;
        block.clear();
        // Of a trace that has changed some may come before the first; that it has is said at its end.
        block.extend(next.iter().map(|packet| RecordedJob {
            at: packet.at.saturating_sub(first),
            flow: flows.number(packet.flow),
            size: size_of[usize::from(packet.l3)],
        }));
        let is_over = block.is_empty();
        let expected = (self.shared.packets, self.shared.sum);
        if packets.read.0 > expected.0 || (is_over && packets.read != expected) {
            return Err(CHANGED.into());
        }
        Ok(())
    }
}
