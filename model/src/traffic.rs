//! Traffic: packet sizes, sends of one or many segments, arrivals and flows.

use serde::{Deserialize, Serialize};

use crate::esp::{Encapsulation, IPV4_HEADER, TCP_HEADER, UDP_HEADER};
use crate::hardware::wire;
use crate::units::{BitRate, Bytes};

/// What a rate or size counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Transport payload.
    Goodput,
    /// Inner IP packet.
    L3,
    /// Ethernet frame as sent, FCS included.
    L2,
    /// Frame with preamble and inter-packet gap.
    Wire,
}

/// Which way packets go through the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Path {
    /// From an application to the wire, encrypted.
    Transmit,
    /// From the wire to an application, decrypted.
    Receive,
    /// From the wire in the clear to the wire encrypted: a security gateway (RFC 4301).
    Forward,
}

/// When packets come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrival {
    /// As fast as the data path takes them: a closed loop with a window.
    Saturate,
    /// At a constant rate.
    Constant,
    /// As a Poisson process.
    Poisson,
}

/// The most segments of a UDP super-packet: `UDP_MAX_SEGMENTS`, Linux v6.8 include/linux/udp.h. TCP has no such limit
/// below 64 KiB.
const UDP_MAX_SEGMENTS: u64 = 64;

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

/// How flows are placed on cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Steering {
    /// Evenly, as a scheduler or one process per core does.
    Spread,
    /// By the Toeplitz hash of each flow's addresses and ports (receive-side scaling), which may be uneven.
    Rss,
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

/// What the application sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// Which way packets go.
    pub direction: Path,
    /// When packets come.
    pub arrival: Arrival,
    /// Offered rate of all flows together; needed unless saturating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<BitRate>,
    /// What `rate` counts.
    pub rate_basis: Basis,
    /// Packet sizes with their relative numbers.
    pub mix: Vec<MixEntry>,
    /// What the mix's sizes count: `l3` or `l2` (the clear packet's frame).
    pub size_basis: Basis,
    /// Transport protocol.
    pub transport: Transport,
    /// Largest IP packet that the wire takes.
    pub mtu: Bytes,
    /// Flows.
    pub flows: u32,
    /// How flows are placed on cores.
    pub steering: Steering,
    /// Packets in flight per core when saturating.
    pub window: u32,
    /// Packets that may wait or be in flight per core at an offered rate; more are dropped.
    pub queue: u32,
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

    /// What the NIC reads for it from host memory: the frame without the FCS that it appends.
    pub fn dma(&self) -> Bytes {
        self.frame - wire::FCS
    }

    /// Octets on a basis.
    pub fn on(&self, basis: Basis) -> Bytes {
        match basis {
            Basis::Goodput => self.goodput,
            Basis::L3 => self.l3,
            Basis::L2 => self.frame,
            Basis::Wire => wire::on_wire(self.frame),
        }
    }
}

/// One send call: a packet, or a super-packet of several segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Send {
    /// Segments and how many of each.
    pub segments: Vec<(Packet, u32)>,
    /// Share of the mix, in packets.
    pub weight: u32,
}

impl Send {
    /// Number of segments.
    pub fn count(&self) -> u32 {
        self.segments.iter().map(|(_, n)| n).sum()
    }

    /// Sum over segments of what `octets` says of one.
    pub fn total(&self, octets: impl Fn(&Packet) -> Bytes) -> Bytes {
        self.segments.iter().map(|(packet, n)| octets(packet) * u64::from(*n)).sum()
    }
}

impl Traffic {
    /// Inner IP packet of a mix entry.
    pub fn l3(&self, entry: &MixEntry) -> Bytes {
        match self.size_basis {
            Basis::L2 => entry.size.saturating_sub(wire::ETHERNET_HEADER + wire::FCS),
            _ => entry.size,
        }
    }

    /// The smallest inner IP packet: headers and one octet.
    pub fn smallest_l3(&self) -> Bytes {
        IPV4_HEADER + self.transport.header() + Bytes::new(1)
    }

    /// The largest inner IP packet that fits the MTU, in the clear or encapsulated.
    pub fn largest_l3(&self, esp: Option<&Encapsulation>) -> Option<Bytes> {
        match esp {
            Some(esp) => esp.largest_inner(self.mtu),
            None => Some(self.mtu),
        }
    }

    /// The sends of the mix. A packet that fits is repeated into a super-packet of up to `gso` octets of payload; one
    /// that does not is a send that GSO cuts into the largest segments that fit.
    pub fn sends(&self, esp: Option<&Encapsulation>, gso: Option<Bytes>) -> Vec<Send> {
        let largest = self.largest_l3(esp).unwrap_or(self.mtu);
        let headers = IPV4_HEADER + self.transport.header();
        self.mix
            .iter()
            .map(|entry| {
                let l3 = self.l3(entry);
                let packet = Packet::new(l3.min(largest), self.transport, esp);
                let payload = l3.saturating_sub(headers);
                let full = match gso {
                    Some(gso) if l3 <= largest => {
                        (gso.get() / packet.goodput.get().max(1)).clamp(1, self.transport.max_segments())
                    }
                    _ => (payload.get() / packet.goodput.get().max(1)).max(1),
                };
                let mut segments = vec![(packet, full as u32)];
                let rest = payload.saturating_sub(packet.goodput * full);
                if rest > Bytes::ZERO {
                    segments.push((Packet::new(headers + rest, self.transport, esp), 1));
                }
                Send { segments, weight: entry.weight }
            })
            .collect()
    }

    /// The core of each flow, out of `cores`; `steered_by` says what of a flow the hash sees: the flow itself, or its
    /// SA where the SPI stands in the ports' place.
    pub fn cores(&self, cores: u32, steered_by: impl Fn(u32) -> u32) -> Vec<u16> {
        (0..self.flows)
            .map(|flow| match self.steering {
                Steering::Spread => (steered_by(flow) % cores) as u16,
                Steering::Rss => (toeplitz(flow_tuple(steered_by(flow))) % 128 % cores) as u16,
            })
            .collect()
    }
}

/// Addresses and ports of a flow: neighbouring ports of one pair of hosts, as a benchmark with parallel streams has.
fn flow_tuple(flow: u32) -> [u8; 12] {
    let mut tuple = [0; 12];
    tuple[..4].copy_from_slice(&[192, 0, 2, 1]);
    tuple[4..8].copy_from_slice(&[198, 51, 100, 1]);
    // More flows than ports move on to the next source address.
    let (host, port) = (flow / 28_000, 32_768 + flow % 28_000);
    tuple[2..4].copy_from_slice(&(0x0201 + host as u16).to_be_bytes());
    tuple[8..10].copy_from_slice(&(port as u16).to_be_bytes());
    tuple[10..12].copy_from_slice(&5201u16.to_be_bytes());
    tuple
}

/// The Toeplitz hash with the key of the verification suite in Microsoft, "Introduction to Receive Side Scaling", which
/// drivers use as their default. The low 7 bits index a table of 128 entries that is filled with the cores in turn.
fn toeplitz(input: [u8; 12]) -> u32 {
    const KEY: [u8; 16] =
        [0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0];
    let key = u128::from_be_bytes(KEY);
    let mut hash = 0;
    for (i, byte) in input.iter().enumerate() {
        for bit in 0..8 {
            if byte & (0x80 >> bit) != 0 {
                hash ^= (key << (8 * i + bit) >> 96) as u32;
            }
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::esp::Mode;
    use crate::profile::Algorithm;

    const ESP: Encapsulation = Encapsulation { algorithm: Algorithm::Aes128Gcm, mode: Mode::Tunnel, nat_t: false };

    fn traffic(size: u64) -> Traffic {
        Traffic {
            direction: Path::Transmit,
            arrival: Arrival::Saturate,
            rate: None,
            rate_basis: Basis::L3,
            mix: vec![MixEntry { weight: 1, size: Bytes::new(size) }],
            size_basis: Basis::L3,
            transport: Transport::Udp,
            mtu: Bytes::new(1500),
            flows: 64,
            steering: Steering::Spread,
            window: 256,
            queue: 1000,
        }
    }

    #[test]
    fn toeplitz_agrees_with_the_published_verification_suite() {
        // 66.9.149.187:2794 to 161.142.100.80:1766 hashes to 0x51ccc178 over addresses and ports (source first).
        let input = [66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6];
        assert_eq!(toeplitz(input), 0x51cc_c178);
    }

    #[test]
    fn gso_repeats_what_fits_and_cuts_what_does_not() {
        let sends = traffic(1428).sends(Some(&ESP), Some(Bytes::new(64_000)));
        assert_eq!(sends[0].segments.len(), 1);
        assert_eq!(sends[0].count(), 64_000 / 1400);
        let sends = traffic(8028).sends(Some(&ESP), Some(Bytes::new(64_000)));
        assert_eq!(sends[0].total(|p| p.goodput), Bytes::new(8000));
        assert!(sends[0].segments.iter().all(|(p, _)| p.outer <= Bytes::new(1500)));
        assert_eq!(traffic(1428).sends(Some(&ESP), None)[0].count(), 1);
    }

    #[test]
    fn spread_is_even_and_rss_reaches_every_core() {
        let cores = traffic(100).cores(4, |flow| flow);
        assert!((0..4).all(|core| cores.iter().filter(|&&c| c == core).count() == 16));
        let cores = Traffic { steering: Steering::Rss, ..traffic(100) }.cores(4, |flow| flow);
        assert!((0..4).all(|core| cores.contains(&core)));
    }

    #[test]
    fn a_frame_of_64_octets_is_46_of_l3() {
        let traffic = Traffic { size_basis: Basis::L2, ..traffic(64) };
        assert_eq!(traffic.l3(&traffic.mix[0]), Bytes::new(46));
        assert_eq!(Packet::new(Bytes::new(46), Transport::Udp, None).on(Basis::Wire), Bytes::new(84));
    }
}
