//! The sizes of packets and sends.

use super::{Basis, Transport};
use crate::esp::{Encapsulation, IPV4_HEADER};
use crate::hardware::wire;
use crate::units::Bytes;

/// The sizes of one packet on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Transport payload.
    pub goodput: Bytes,
    /// Transport header and payload: what its checksum covers.
    pub l4: Bytes,
    /// Inner IP packet.
    pub l3: Bytes,
    /// Octets that are encrypted; zero in the clear.
    pub encrypted: Bytes,
    /// IP packet on the wire.
    pub outer: Bytes,
    /// Its frame, FCS included.
    pub frame: Bytes,
}

impl Packet {
    /// The packet for an inner IP packet of `l3` octets; in the clear without an encapsulation.
    pub fn new(l3: Bytes, transport: Transport, esp: Option<&Encapsulation>) -> Self {
        let l4 = l3.saturating_sub(IPV4_HEADER);
        let outer = esp.map_or(l3, |esp| esp.outer(l3));
        Packet {
            goodput: l4.saturating_sub(transport.header()),
            l4,
            l3,
            encrypted: esp.map_or(Bytes::ZERO, |esp| esp.encrypted(l3)),
            outer,
            frame: wire::frame(outer),
        }
    }

    /// Octets that are no packet but are counted as one's payload.
    pub fn plain(octets: Bytes) -> Self {
        Packet { goodput: octets, l4: octets, l3: octets, encrypted: Bytes::ZERO, outer: octets, frame: octets }
    }

    /// The frame of the packet in the clear, FCS included.
    pub fn clear_frame(&self) -> Bytes {
        wire::frame(self.l3)
    }

    /// What the NIC reads for it from host memory: the frame without the FCS that it appends.
    pub fn dma(&self) -> Bytes {
        self.frame - wire::FCS
    }

    /// Octets on a basis.
    pub fn on(&self, basis: Basis) -> Bytes {
        match basis {
            Basis::Goodput => self.goodput,
            Basis::L3 => self.l3,
            Basis::ClearL2 => self.clear_frame(),
            Basis::L2 => self.frame,
            Basis::Wire => wire::on_wire(self.frame),
        }
    }
}

/// One send call: a packet, or a super-packet of several segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendCall {
    /// Segments and how many of each.
    pub segments: Vec<(Packet, u32)>,
    /// Share of the mix, in packets.
    pub weight: u32,
}

impl SendCall {
    /// Number of segments.
    pub fn count(&self) -> u32 {
        self.segments.iter().map(|(_, n)| n).sum()
    }

    /// Sum over segments of what `octets` says of one.
    pub fn total(&self, octets: impl Fn(&Packet) -> Bytes) -> Bytes {
        self.segments.iter().map(|(packet, n)| octets(packet) * u64::from(*n)).sum()
    }
}
