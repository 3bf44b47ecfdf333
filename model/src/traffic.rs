//! Traffic: packet sizes, sends of one or many segments, arrivals and flows.

use serde::{Deserialize, Serialize};

use crate::esp::{Encapsulation, IPV4_HEADER, TCP_HEADER, UDP_HEADER};
use crate::hardware::wire;
use crate::units::{BitRate, Bytes, Share};

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

/// Which way packets go through the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From an application to the wire, encrypted.
    Transmit,
    /// From the wire to an application, decrypted.
    Receive,
    /// From the wire in the clear to the wire encrypted: a security gateway (RFC 4301), outbound.
    #[serde(alias = "forward")]
    Encrypt,
    /// From the wire encrypted to the wire in the clear: a security gateway, inbound.
    Decrypt,
    /// Both ways through a gateway: one class that it encrypts and one that it decrypts, alike in all else.
    Both,
}

impl Direction {
    /// The name used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::Transmit => "transmit",
            Direction::Receive => "receive",
            Direction::Encrypt => "encrypt",
            Direction::Decrypt => "decrypt",
            Direction::Both => "both",
        }
    }

    /// Whether packets come in by the wire.
    pub const fn comes_by_wire(self) -> bool {
        !matches!(self, Direction::Transmit)
    }

    /// Whether packets come in by the wire and leave by it.
    pub const fn is_forwarding(self) -> bool {
        matches!(self, Direction::Encrypt | Direction::Decrypt | Direction::Both)
    }

    /// Whether packets come in under ESP, by inbound SAs.
    pub const fn is_inbound(self) -> bool {
        matches!(self, Direction::Receive | Direction::Decrypt)
    }
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

/// How flows are placed on cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Steering {
    /// Evenly, in an order drawn by hash, as a scheduler or one process per core does.
    Spread,
    /// By the Toeplitz hash of each flow's addresses and ports (receive-side scaling), which may be uneven.
    Rss,
    /// As RSS, and what comes under ESP is handed on from the core that the NIC interrupts to others, in turn.
    Rps,
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

/// One class of traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// Name in results; the direction's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which way packets go.
    pub direction: Direction,
    /// When packets come.
    pub arrival: Arrival,
    /// Offered rate of all flows together; needed unless saturating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<BitRate>,
    /// What `rate` counts.
    pub rate_basis: Basis,
    /// The share of `rate` that this class offers.
    pub share: Share,
    /// Packet sizes with their relative numbers.
    pub mix: Vec<MixEntry>,
    /// What the mix's sizes count: `l3`, or `clear-l2` (or `l2`, which says the same here): the clear packet's frame.
    pub size_basis: Basis,
    /// Transport protocol.
    pub transport: Transport,
    /// Largest IP packet that the wire takes.
    pub mtu: Bytes,
    /// Flows.
    pub flows: u32,
    /// SAs of `sa.count` that the flows use; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sas: Option<u32>,
    /// How flows are placed on cores.
    pub steering: Steering,
    /// What flows, SAs and cores are hashed with: another seed is another placement.
    pub hash_seed: u64,
    /// Packets of one flow that come by the wire one after the other; absent for what its sender's GSO makes: of TCP up to
    /// 64 KiB, of UDP one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<u32>,
    /// Packets in flight per core when saturating.
    pub window: u32,
    /// Packets at an offered rate that may be under way from an application, per core, or may wait for a place in the
    /// transmit ring; more are dropped.
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

impl Traffic {
    /// Inner IP packet of a mix entry.
    pub fn l3(&self, entry: &MixEntry) -> Bytes {
        match self.size_basis {
            Basis::ClearL2 | Basis::L2 => entry.size.saturating_sub(wire::ETHERNET_HEADER + wire::FCS),
            _ => entry.size,
        }
    }

    /// Name in results.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.direction.name())
    }

    /// The rate that this class offers; `None` when saturating.
    pub fn offered(&self) -> Option<BitRate> {
        let rate = self.rate.filter(|_| self.arrival != Arrival::Saturate)?;
        Some(BitRate::from_bps((rate.as_bps() as f64 * self.share.fraction()).round() as u64))
    }

    /// How often each send is made, so that packets come in the mix's proportions: a super-packet of many segments
    /// counts as that many packets.
    pub fn send_weights(sends: &[SendCall]) -> Vec<u32> {
        let per_packet = |send: &SendCall| f64::from(send.weight) / f64::from(send.count());
        let largest = sends.iter().map(per_packet).fold(0.0, f64::max);
        // 2^20 steps: a mix's shares are kept to a millionth.
        sends.iter().map(|send| (per_packet(send) / largest * f64::from(1 << 20)).round() as u32).collect()
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

    /// The sends of the mix where there is no network: buffers that are encrypted as they are.
    pub fn buffers(&self) -> Vec<SendCall> {
        let buffer = |octets| Packet { encrypted: octets, ..Packet::plain(octets) };
        self.mix.iter().map(|e| SendCall { segments: vec![(buffer(e.size), 1)], weight: e.weight }).collect()
    }

    /// The sends of the mix. A packet that fits is repeated into a super-packet of up to `gso` octets of payload; one
    /// that does not is a send that GSO cuts into the largest segments that fit.
    pub fn sends(&self, esp: Option<&Encapsulation>, gso: Option<Bytes>) -> Vec<SendCall> {
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
                        // Beyond it only what says so (BIG TCP).
                        let room = if gso.get() > GSO_MAX_SIZE {
                            gso.get()
                        } else {
                            gso.get().min(GSO_MAX_SIZE - headers.get())
                        };
                        (room / packet.goodput.get().max(1)).clamp(1, self.transport.max_segments())
                    }
                    _ => (payload.get() / packet.goodput.get().max(1)).max(1),
                };
                let mut segments = vec![(packet, full as u32)];
                let rest = payload.saturating_sub(packet.goodput * full);
                if rest > Bytes::ZERO {
                    segments.push((Packet::new(headers + rest, self.transport, esp), 1));
                }
                SendCall { segments, weight: entry.weight }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::esp::Mode;
    use crate::profile::Algorithm;

    const ESP: Encapsulation = Encapsulation { algorithm: Algorithm::Aes128Gcm, mode: Mode::Tunnel, nat_t: false };

    fn traffic(size: u64) -> Traffic {
        Traffic {
            name: None,
            direction: Direction::Transmit,
            arrival: Arrival::Saturate,
            rate: None,
            rate_basis: Basis::L3,
            share: Share::from_fraction(1.0),
            mix: vec![MixEntry { weight: 1, size: Bytes::new(size) }],
            size_basis: Basis::L3,
            transport: Transport::Udp,
            mtu: Bytes::new(1500),
            flows: 64,
            sas: None,
            steering: Steering::Spread,
            hash_seed: 1,
            train: None,
            window: 256,
            queue: 1000,
        }
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
    fn a_frame_of_64_octets_is_46_of_l3() {
        let traffic = Traffic { size_basis: Basis::L2, ..traffic(64) };
        assert_eq!(traffic.l3(&traffic.mix[0]), Bytes::new(46));
        assert_eq!(Packet::new(Bytes::new(46), Transport::Udp, None).on(Basis::Wire), Bytes::new(84));
    }
}
