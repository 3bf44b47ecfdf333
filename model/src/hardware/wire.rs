//! Ethernet wire (IEEE 802.3): what a packet occupies beyond its own octets.

use crate::route::{StationId, Visit};
use crate::units::{BitRate, Bytes, Time};

/// Destination, source and type (IEEE 802.3 clause 3).
pub const ETHERNET_HEADER: Bytes = Bytes::new(14);
/// Frame check sequence.
pub const FCS: Bytes = Bytes::new(4);
/// Preamble and start delimiter.
pub const PREAMBLE: Bytes = Bytes::new(8);
/// Inter-packet gap.
pub const INTER_PACKET_GAP: Bytes = Bytes::new(12);
/// Smallest frame, FCS included.
pub const SMALLEST_FRAME: Bytes = Bytes::new(64);

/// The frame of an IP packet: l2 basis, header and FCS included, padded to the smallest frame.
pub fn frame(l3: Bytes) -> Bytes {
    (ETHERNET_HEADER + l3 + FCS).max(SMALLEST_FRAME)
}

/// What a frame occupies on the wire: with preamble and gap.
pub fn on_wire(frame: Bytes) -> Bytes {
    PREAMBLE + frame + INTER_PACKET_GAP
}

/// The port's wire.
#[derive(Debug, Clone, Copy)]
pub struct Wire {
    /// Its station.
    pub station: StationId,
    /// Line rate, wire basis.
    pub rate: BitRate,
}

impl Wire {
    /// A frame passes.
    pub fn pass(&self, frame: Bytes) -> Visit {
        let octets = on_wire(frame);
        Visit::new(self.station, octets / self.rate, Time::ZERO, "frame on the wire").of(octets)
    }
}
