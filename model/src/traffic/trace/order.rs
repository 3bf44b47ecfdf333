//! Packets in the order of time: several queues of a NIC are not captured in it.

use super::{CapturedPacket, PacketReader};

/// A packet may be captured behind so many that came after it.
pub(super) const MOST_LATE: usize = 1 << 14;
/// Packets that are handed on at a time.
const BLOCK: usize = 4096;

/// Packets of a reader, sorted within twice [`MOST_LATE`]: none of them comes out before one that is no later than that.
pub(super) struct InOrder {
    reader: Box<dyn PacketReader>,
    block: Vec<CapturedPacket>,
    /// Packets in order, of which those from `next` to `sure` can be handed on.
    held: Vec<CapturedPacket>,
    next: usize,
    sure: usize,
    is_over: bool,
    /// When the last one came that was handed on.
    last: u64,
    /// How many packets have been read, and a sum over what they are.
    pub read: (u64, u64),
}

impl InOrder {
    pub fn new(reader: Box<dyn PacketReader>) -> Self {
        let held = Vec::with_capacity(2 * MOST_LATE + BLOCK);
        InOrder { reader, block: Vec::new(), held, next: 0, sure: 0, is_over: false, last: 0, read: (0, 0) }
    }

    /// The next packets; none at the end.
    pub fn next(&mut self) -> Result<&[CapturedPacket], String> {
        if self.next == self.sure {
            self.refill()?;
        }
        let from = self.next;
        self.next = (from + BLOCK).min(self.sure);
        Ok(&self.held[from..self.next])
    }

    fn refill(&mut self) -> Result<(), String> {
        self.held.drain(..self.sure);
        while !self.is_over && self.held.len() < 2 * MOST_LATE {
            self.reader.next(&mut self.block)?;
            self.is_over = self.block.is_empty();
            self.held.extend_from_slice(&self.block);
            let sum = self.block.iter().fold(self.read.1, with);
            self.read = (self.read.0 + self.block.len() as u64, sum);
        }
        if !self.held.is_sorted_by_key(|packet| packet.at) {
            self.held.sort_by_key(|packet| packet.at);
        }
        (self.next, self.sure) = (0, if self.is_over { self.held.len() } else { self.held.len() - MOST_LATE });
        let Some(last) = self.sure.checked_sub(1).map(|last| self.held[last].at) else { return Ok(()) };
        if self.held[0].at < self.last {
            let most = format!("a packet stands behind more than {MOST_LATE} that came after it");
            return Err(format!("{most}: sort the trace by time, for example with reordercap"));
        }
        self.last = last;
        Ok(())
    }
}

/// A sum that depends on all packets and their order (multiplicative hashing, Knuth, The Art of Computer Programming 3,
/// section 6.4).
fn with(sum: u64, packet: &CapturedPacket) -> u64 {
    let octets = packet.at ^ u64::from(packet.flow).rotate_left(32) ^ u64::from(packet.l3).rotate_left(16);
    (sum.rotate_left(5) ^ octets).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
