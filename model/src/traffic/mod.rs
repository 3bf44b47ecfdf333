//! Traffic: packet sizes, sends of one or many segments, arrivals and flows.

mod arrival;
mod mix;
mod packet;
mod trace;

pub use arrival::{Arrival, Direction, Steering};
pub use mix::{Basis, GSO_MAX_SIZE, MixEntry, TooBig, Transport};
pub use packet::{Fit, Fragments, Packet, SendCall};
use serde::{Deserialize, Serialize};
pub use trace::{CapturedPacket, PacketReader, PacketSource, PacketTrace, Trace, TraceError};

use crate::esp::{Encapsulation, Family};
use crate::hardware::wire;
use crate::units::{BitRate, Bytes, Share, Time};

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
    /// Family of the inner packets.
    pub family: Family,
    /// Largest IP packet that the wire takes.
    pub mtu: Bytes,
    /// What becomes of packets that do not fit it under ESP; absent for what Linux does, which depends on the protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_big: Option<TooBig>,
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
    /// Mean time for which on-off arrivals are on; needed for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Time>,
    /// Mean time for which they are off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<Time>,
    /// Trains, or packets where they come singly, of a burst on average; needed for bursts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// A trace of packets, needed where they come as one has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// Whether the receiver of TCP acknowledges.
    pub acks: bool,
    /// Packets in flight per core when saturating.
    pub window: u32,
    /// Packets at an offered rate that may be under way from an application, per core, or may wait for a place in the
    /// transmit ring; more are dropped.
    pub queue: u32,
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

    /// IP and transport headers of the inner packets.
    pub fn headers(&self) -> Bytes {
        self.family.header() + self.transport.header()
    }

    /// What becomes of packets that do not fit the MTU under ESP. Without a word to the contrary TCP's path MTU discovery
    /// finds the size that does; datagrams of IPv4 are fragmented after encryption, unless their DF bit is set
    /// (`xfrm4_tunnel_check_size`, Linux net/xfrm/xfrm_output.c); those of IPv6 are dropped with a Packet Too Big
    /// (`xfrm6_tunnel_check_size`).
    pub fn too_big(&self) -> TooBig {
        self.too_big.unwrap_or(match (self.transport, self.family) {
            (Transport::Tcp, _) => TooBig::ClampMss,
            (Transport::Udp, Family::Ipv4) => TooBig::Fragment,
            (Transport::Udp, Family::Ipv6) => TooBig::Drop,
        })
    }

    /// A packet that does not fit the MTU under ESP, of which the largest is `largest`.
    fn oversize(&self, l3: Bytes, largest: Bytes, esp: &Encapsulation) -> Packet {
        let packet = |l3| Packet::new(l3, (self.family, self.transport), Some(esp));
        match self.too_big() {
            TooBig::Fragment => packet(l3).fragmented(esp.family(), self.mtu),
            TooBig::ClampMss => Packet { fit: Fit::Clamped, ..packet(largest) },
            TooBig::Drop => Packet { fit: Fit::TooBig, ..packet(l3) },
        }
    }

    /// The smallest inner IP packet: headers and one octet.
    pub fn smallest_l3(&self) -> Bytes {
        self.headers() + Bytes::new(1)
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
    /// that does not is a send that GSO cuts into the largest segments that fit, or goes as [`Self::too_big`] says.
    pub fn sends(&self, esp: Option<&Encapsulation>, gso: Option<Bytes>) -> Vec<SendCall> {
        let largest = self.largest_l3(esp).unwrap_or(self.mtu);
        let headers = self.headers();
        let protocols = (self.family, self.transport);
        self.mix
            .iter()
            .map(|entry| {
                let l3 = self.l3(entry);
                if let Some(esp) = esp.filter(|_| l3 > largest && gso.is_none()) {
                    let packet = self.oversize(l3, largest, esp);
                    return SendCall { segments: vec![(packet, 1)], weight: entry.weight };
                }
                let packet = Packet::new(l3.min(largest), protocols, esp);
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
                    segments.push((Packet::new(headers + rest, protocols, esp), 1));
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

    const ESP: Encapsulation = Encapsulation {
        algorithm: Algorithm::Aes128Gcm,
        mode: Mode::Tunnel,
        nat_t: false,
        inner: Family::Ipv4,
        outer: Family::Ipv4,
        inside: crate::esp::Inside::Nothing,
    };

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
            family: Family::Ipv4,
            mtu: Bytes::new(1500),
            too_big: None,
            flows: 64,
            sas: None,
            steering: Steering::Spread,
            hash_seed: 1,
            train: None,
            on: None,
            off: None,
            burst: None,
            trace: None,
            acks: true,
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
        assert_eq!(Packet::new(Bytes::new(46), (Family::Ipv4, Transport::Udp), None).on(Basis::Wire), Bytes::new(84));
    }

    #[test]
    fn fragments_carry_multiples_of_eight_and_fit() {
        // Outer IP 20, SPI, sequence number and IV 16, 1500 with padding and trailer 1504, ICV 16: 1556, of which 1480
        // go first and 56 follow.
        let packet = traffic(1500).sends(Some(&ESP), None)[0].segments[0].0;
        let Fit::Fragments(fragments) = packet.fit else { panic!("{packet:?}") };
        assert_eq!(fragments, Fragments { count: 2, each: Bytes::new(1500), last: Bytes::new(76) });
        assert_eq!(packet.outer, Bytes::new(1556 + 20));
        assert_eq!(packet.on(Basis::Wire), Bytes::new(1538 + 114));
        // IPv6 has a header more in each fragment: 1448 octets go first.
        let v6 = Fragments::of(Bytes::new(1576), Family::Ipv6, Bytes::new(1500));
        assert_eq!(v6, Fragments { count: 2, each: Bytes::new(1496), last: Bytes::new(48 + 1536 - 1448) });
    }

    #[test]
    fn what_does_not_fit_goes_as_linux_has_it() {
        let fit = |transport, family| {
            let esp = Encapsulation { inner: family, ..ESP };
            let traffic = Traffic { transport, family, ..traffic(1500) };
            traffic.sends(Some(&esp), None)[0].segments[0].0
        };
        assert!(matches!(fit(Transport::Udp, Family::Ipv4).fit, Fit::Fragments(_)));
        assert_eq!(fit(Transport::Udp, Family::Ipv6).fit, Fit::TooBig);
        let clamped = fit(Transport::Tcp, Family::Ipv4);
        assert_eq!((clamped.fit, clamped.l3), (Fit::Clamped, Bytes::new(1446)));
    }
}
