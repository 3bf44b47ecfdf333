//! The sizes of packets and sends.

use super::{Basis, Transport};
use crate::esp::{Encapsulation, Family};
use crate::hardware::wire;
use crate::units::Bytes;

/// How a packet fits the MTU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Whole,
    /// TCP has made it smaller, so that it does.
    Clamped,
    /// It goes in fragments.
    Fragments(Fragments),
    /// It does not and is dropped; its sender hears of it by ICMP.
    TooBig,
}

/// Fragments of an IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragments {
    /// How many.
    pub count: u32,
    /// The IP packet of each but the last.
    pub each: Bytes,
    /// That of the last.
    pub last: Bytes,
}

impl Fragments {
    /// Those of an IP packet: what each carries is a multiple of 8 octets (RFC 791, RFC 8200 section 4.5).
    pub fn of(packet: Bytes, family: Family, mtu: Bytes) -> Self {
        let header = family.fragment_header();
        let payload = packet.saturating_sub(family.header());
        let each = Bytes::new((mtu.saturating_sub(header).get() / 8 * 8).max(8));
        let count = payload.pieces(each).max(1);
        let last = payload.saturating_sub(each * (count - 1));
        Fragments { count: count as u32, each: header + each, last: header + last }
    }

    /// The IP packets.
    pub fn packets(&self) -> impl Iterator<Item = Bytes> + use<> {
        let Fragments { count, each, last } = *self;
        (1..count).map(move |_| each).chain([last])
    }
}

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
    /// Its frame, FCS included; of fragments all of them.
    pub frame: Bytes,
    /// How it fits the MTU.
    pub fit: Fit,
}

impl Packet {
    /// The packet for an inner IP packet of `l3` octets; in the clear without an encapsulation.
    pub fn new(l3: Bytes, (family, transport): (Family, Transport), esp: Option<&Encapsulation>) -> Self {
        let l4 = l3.saturating_sub(family.header());
        let outer = esp.map_or(l3, |esp| esp.outer(l3));
        Packet {
            goodput: l4.saturating_sub(transport.header()),
            l4,
            l3,
            encrypted: esp.map_or(Bytes::ZERO, |esp| esp.encrypted(l3)),
            outer,
            frame: wire::frame(outer),
            fit: Fit::Whole,
        }
    }

    /// The same in fragments that fit an MTU.
    #[must_use]
    pub fn fragmented(self, family: Family, mtu: Bytes) -> Self {
        let fragments = Fragments::of(self.outer, family, mtu);
        Packet {
            outer: fragments.packets().sum(),
            frame: fragments.packets().map(wire::frame).sum(),
            fit: Fit::Fragments(fragments),
            ..self
        }
    }

    /// Its frames under ESP.
    pub fn frames(&self) -> Vec<Bytes> {
        match self.fit {
            Fit::Fragments(fragments) => fragments.packets().map(wire::frame).collect(),
            Fit::Whole | Fit::Clamped | Fit::TooBig => vec![self.frame],
        }
    }

    /// IP packets that it goes in.
    pub fn fragments(&self) -> u32 {
        match self.fit {
            Fit::Fragments(fragments) => fragments.count,
            Fit::Whole | Fit::Clamped | Fit::TooBig => 1,
        }
    }

    /// Octets that are no packet but are counted as one's payload.
    pub fn plain(octets: Bytes) -> Self {
        Packet {
            goodput: octets,
            l4: octets,
            l3: octets,
            encrypted: Bytes::ZERO,
            outer: octets,
            frame: octets,
            fit: Fit::Whole,
        }
    }

    /// The frame of the packet in the clear, FCS included.
    pub fn clear_frame(&self) -> Bytes {
        wire::frame(self.l3)
    }

    /// What the NIC reads for it from host memory: the frame without the FCS that it appends to each.
    pub fn dma(&self) -> Bytes {
        self.frame - wire::FCS * u64::from(self.fragments())
    }

    /// Octets on a basis.
    pub fn on(&self, basis: Basis) -> Bytes {
        match basis {
            Basis::Goodput => self.goodput,
            Basis::L3 => self.l3,
            Basis::ClearL2 => self.clear_frame(),
            Basis::L2 => self.frame,
            Basis::Wire => self.frames().into_iter().map(wire::on_wire).sum(),
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
