//! Packet sizes: what they count, whose headers they have, and how often each comes.

use serde::{Deserialize, Serialize};

use crate::esp::{TCP_HEADER, UDP_HEADER};
use crate::units::Bytes;

/// What a rate or size counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Transport payload.
    Goodput,
    /// Inner IP packet.
    L3,
    /// Ethernet frame of the packet in the clear, FCS included.
    ClearL2,
    /// Ethernet frame of the packet under ESP, FCS included; without IPsec that in the clear.
    L2,
    /// The latter with preamble and inter-packet gap.
    Wire,
}

/// The most segments of a UDP super-packet: `UDP_MAX_SEGMENTS`, Linux v6.8 include/linux/udp.h. TCP has no such limit
/// below 64 KiB.
const UDP_MAX_SEGMENTS: u64 = 64;

/// The most octets of a super-packet with its headers: `GSO_LEGACY_MAX_SIZE`, Linux include/linux/netdevice.h. BIG TCP
/// says more, and that does not go through IPsec.
pub const GSO_MAX_SIZE: u64 = 65_536;

/// Transport protocol of the inner packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// UDP (RFC 768).
    Udp,
    /// TCP (RFC 9293) with time stamps.
    Tcp,
}

impl Transport {
    /// The most segments of a super-packet.
    pub const fn max_segments(self) -> u64 {
        match self {
            Transport::Udp => UDP_MAX_SEGMENTS,
            Transport::Tcp => u64::MAX,
        }
    }

    /// Transport header.
    pub const fn header(self) -> Bytes {
        match self {
            Transport::Udp => UDP_HEADER,
            Transport::Tcp => TCP_HEADER,
        }
    }
}

/// What becomes of packets that do not fit the MTU once they are encapsulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TooBig {
    /// They are fragmented after encryption (RFC 4303 section 3.3.4).
    Fragment,
    /// TCP's largest segment is what fits: by the option in SYNs that a router changes, or by path MTU discovery.
    ClampMss,
    /// They are dropped and their sender is told by ICMP: their DF bit is set (RFC 1191), or they are IPv6.
    Drop,
}

/// One size of a mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixEntry {
    /// Relative number of packets.
    pub weight: u32,
    /// Packet size, on the mix's basis.
    pub size: Bytes,
}
