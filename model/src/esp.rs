//! ESP packet arithmetic (RFC 4303) for the ciphers of RFC 4106, RFC 3602, RFC 2404 and RFC 4868.

use serde::{Deserialize, Serialize};

use crate::profile::Algorithm;
use crate::units::Bytes;

/// SPI and sequence number (RFC 4303 section 2).
pub const ESP_HEADER: Bytes = Bytes::new(8);
/// Pad Length and Next Header (RFC 4303 sections 2.5 and 2.6).
pub const ESP_TRAILER: Bytes = Bytes::new(2);
/// IPv4 header without options (RFC 791).
pub const IPV4_HEADER: Bytes = Bytes::new(20);
/// UDP header, as of UDP-encapsulated ESP (RFC 3948 section 2.1).
pub const UDP_HEADER: Bytes = Bytes::new(8);
/// TCP header with the time stamp option as Linux sends it (RFC 9293, RFC 7323).
pub const TCP_HEADER: Bytes = Bytes::new(32);

/// IPv6 header without extensions (RFC 8200 section 3).
pub const IPV6_HEADER: Bytes = Bytes::new(40);
/// Fragment header of IPv6 (RFC 8200 section 4.5).
pub const IPV6_FRAGMENT_HEADER: Bytes = Bytes::new(8);
/// Upper half of an extended sequence number, which is authenticated and not sent (RFC 4303 section 2.2.1).
pub const ESN_HIGH: Bytes = Bytes::new(4);

/// Version of the Internet Protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// IPv4 (RFC 791).
    Ipv4,
    /// IPv6 (RFC 8200).
    Ipv6,
}

impl Family {
    /// Its header, without options or extensions.
    pub const fn header(self) -> Bytes {
        match self {
            Family::Ipv4 => IPV4_HEADER,
            Family::Ipv6 => IPV6_HEADER,
        }
    }

    /// The header of each fragment of a packet.
    pub fn fragment_header(self) -> Bytes {
        match self {
            Family::Ipv4 => IPV4_HEADER,
            Family::Ipv6 => IPV6_HEADER + IPV6_FRAGMENT_HEADER,
        }
    }

    /// The least MTU of a link (RFC 791, RFC 8200 section 5).
    pub const fn least_mtu(self) -> Bytes {
        match self {
            Family::Ipv4 => Bytes::new(68),
            Family::Ipv6 => Bytes::new(1280),
        }
    }
}

/// A tunnel inside ESP, whose packets ESP protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inside {
    /// None: ESP protects the packets themselves.
    Nothing,
    /// GRE (RFC 2784) without key and sequence number.
    Gre,
    /// VXLAN (RFC 7348): UDP, VXLAN header and an Ethernet header.
    Vxlan,
    /// L2TP version 2 over UDP with PPP (RFC 2661, RFC 3193), headers without their optional fields.
    L2tp,
}

impl Inside {
    /// What it puts between its IP header and the packet: 4 octets of GRE; 8 of UDP, 8 of VXLAN and 14 of Ethernet; 8 of UDP,
    /// 6 of L2TP and 4 of PPP.
    pub const fn header(self) -> Bytes {
        match self {
            Inside::Nothing => Bytes::ZERO,
            Inside::Gre => Bytes::new(4),
            Inside::Vxlan => Bytes::new(30),
            Inside::L2tp => Bytes::new(18),
        }
    }

    /// The name used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Inside::Nothing => "nothing",
            Inside::Gre => "gre",
            Inside::Vxlan => "vxlan",
            Inside::L2tp => "l2tp",
        }
    }

    /// Whether what it carries is merged after it is taken out: tunnel devices have a queue for it (`gro_cells`, Linux
    /// net/ipv4/ip_tunnel.c and drivers/net/vxlan), PPP has none.
    pub const fn merges(self) -> bool {
        !matches!(self, Inside::L2tp)
    }
}

/// What ESP encapsulates (RFC 4303 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The transport segment behind the original IP header.
    Transport,
    /// The whole IP packet behind a new IP header.
    Tunnel,
}

impl Mode {
    /// Its name in scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Transport => "transport",
            Mode::Tunnel => "tunnel",
        }
    }
}

/// Sizes that a cipher fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CipherSizes {
    /// Explicit IV in each packet.
    pub iv: Bytes,
    /// Alignment of payload, padding and trailer together.
    pub alignment: Bytes,
    /// Integrity check value.
    pub icv: Bytes,
    /// What is authenticated and not sent: the upper half of an extended sequence number.
    pub unsent: Bytes,
}

/// The sizes of a cipher: RFC 4106 sections 3.1 and 6 for GCM; RFC 7634 section 2 for ChaCha20-Poly1305; RFC 3602
/// section 3 with RFC 2404 or RFC 4868 for CBC.
pub const fn cipher_sizes(algorithm: Algorithm) -> CipherSizes {
    match algorithm {
        // Counter modes need no padding of their own; ESP aligns to 4 octets (RFC 4303 section 2.4).
        Algorithm::Aes128Gcm | Algorithm::Aes256Gcm | Algorithm::ChaCha20Poly1305 => {
            CipherSizes { iv: Bytes::new(8), alignment: Bytes::new(4), icv: Bytes::new(16), unsent: Bytes::ZERO }
        }
        Algorithm::Null => {
            CipherSizes { iv: Bytes::ZERO, alignment: Bytes::new(4), icv: Bytes::ZERO, unsent: Bytes::ZERO }
        }
        Algorithm::Aes128CbcHmacSha1 => {
            CipherSizes { iv: Bytes::new(16), alignment: Bytes::new(16), icv: Bytes::new(12), unsent: Bytes::ZERO }
        }
        Algorithm::Aes256CbcHmacSha256 => {
            CipherSizes { iv: Bytes::new(16), alignment: Bytes::new(16), icv: Bytes::new(16), unsent: Bytes::ZERO }
        }
    }
}

/// How one SA encapsulates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encapsulation {
    /// Cipher of the SA.
    pub algorithm: Algorithm,
    /// Transport or tunnel mode.
    pub mode: Mode,
    /// UDP encapsulation for NAT traversal (RFC 3948).
    pub nat_t: bool,
    /// Family of the inner packet.
    pub inner: Family,
    /// Family of the header that tunnel mode, or a tunnel inside ESP, adds.
    pub outer: Family,
    /// A tunnel inside ESP.
    pub inside: Inside,
}

impl Encapsulation {
    /// Family of the packet on the wire.
    pub const fn family(&self) -> Family {
        match (self.mode, self.inside) {
            (Mode::Transport, Inside::Nothing) => self.inner,
            _ => self.outer,
        }
    }

    /// What ESP protects beyond the inner packet, and what of that it does not: the inner header, where there is no other.
    fn around(&self) -> (Bytes, Bytes) {
        match (self.mode, self.inside) {
            (Mode::Transport, Inside::Nothing) => (Bytes::ZERO, self.inner.header()),
            (Mode::Transport, inside) => (inside.header(), Bytes::ZERO),
            (Mode::Tunnel, Inside::Nothing) => (Bytes::ZERO, Bytes::ZERO),
            (Mode::Tunnel, inside) => (self.outer.header() + inside.header(), Bytes::ZERO),
        }
    }

    /// Octets that are encrypted for an inner IP packet of `l3` octets, padding and trailer included.
    pub fn encrypted(&self, l3: Bytes) -> Bytes {
        let (more, less) = self.around();
        let inner = l3.saturating_sub(less) + more;
        let alignment = cipher_sizes(self.algorithm).alignment;
        alignment * (inner + ESP_TRAILER).pieces(alignment)
    }

    /// The outer IP packet for an inner IP packet of `l3` octets.
    pub fn outer(&self, l3: Bytes) -> Bytes {
        let sizes = cipher_sizes(self.algorithm);
        let udp = if self.nat_t { UDP_HEADER } else { Bytes::ZERO };
        self.family().header() + udp + ESP_HEADER + sizes.iv + self.encrypted(l3) + sizes.icv
    }

    /// The largest inner IP packet whose outer packet fits an MTU; `None` if not even an empty one does.
    pub fn largest_inner(&self, mtu: Bytes) -> Option<Bytes> {
        let fixed = self.outer(Bytes::ZERO) - self.encrypted(Bytes::ZERO);
        let alignment = cipher_sizes(self.algorithm).alignment;
        let room = mtu.saturating_sub(fixed).get() / alignment.get() * alignment.get();
        let (more, less) = self.around();
        let inner = Bytes::new(room.checked_sub(ESP_TRAILER.get())?.checked_sub(more.get())?);
        Some(inner + less)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn esp(algorithm: Algorithm, mode: Mode, nat_t: bool) -> Encapsulation {
        Encapsulation { algorithm, mode, nat_t, inner: Family::Ipv4, outer: Family::Ipv4, inside: Inside::Nothing }
    }

    #[test]
    fn ipv6_takes_twenty_octets_more_for_each_header() {
        let v4 = esp(Algorithm::Aes128Gcm, Mode::Tunnel, false);
        let v6 = Encapsulation { outer: Family::Ipv6, ..v4 };
        // Whatever the inner packet is, the tunnel's header is 40 octets and not 20.
        assert_eq!(v6.outer(Bytes::new(84)), Bytes::new(160));
        // Transport mode has the inner packet's header: 40, then SPI, sequence number and IV 16, 44 with padding and
        // trailer 48, ICV 16.
        let transport = Encapsulation { mode: Mode::Transport, inner: Family::Ipv6, ..v4 };
        assert_eq!(transport.outer(Bytes::new(84)), Bytes::new(120));
        assert_eq!(v4.largest_inner(Bytes::new(1500)), Some(Bytes::new(1446)));
        assert_eq!(v6.largest_inner(Bytes::new(1500)), Some(Bytes::new(1426)));
    }

    #[test]
    fn gcm_tunnel_packet_is_counted_field_by_field() {
        // Outer IP 20, SPI and sequence 8, IV 8, inner 84, padding 2, trailer 2, ICV 16.
        assert_eq!(esp(Algorithm::Aes128Gcm, Mode::Tunnel, false).outer(Bytes::new(84)), Bytes::new(140));
        // Transport mode keeps the 20 octets of the IP header outside: 64 payload, padding 2, trailer 2.
        assert_eq!(esp(Algorithm::Aes128Gcm, Mode::Transport, false).outer(Bytes::new(84)), Bytes::new(120));
        assert_eq!(esp(Algorithm::Aes256Gcm, Mode::Tunnel, true).outer(Bytes::new(84)), Bytes::new(148));
    }

    #[test]
    fn cbc_pads_to_its_block() {
        // 84 + 2 is padded to 96: 20 + 8 + 16 + 96 + 12.
        assert_eq!(esp(Algorithm::Aes128CbcHmacSha1, Mode::Tunnel, false).outer(Bytes::new(84)), Bytes::new(152));
        assert_eq!(esp(Algorithm::Aes256CbcHmacSha256, Mode::Tunnel, false).outer(Bytes::new(84)), Bytes::new(156));
    }

    #[test]
    fn largest_inner_fits_and_one_more_does_not() {
        for algorithm in Algorithm::ALL {
            for mode in [Mode::Tunnel, Mode::Transport] {
                for nat_t in [false, true] {
                    let esp = esp(algorithm, mode, nat_t);
                    let inner = esp.largest_inner(Bytes::new(1500)).unwrap();
                    assert!(esp.outer(inner) <= Bytes::new(1500));
                    assert!(esp.outer(inner + Bytes::new(1)) > Bytes::new(1500));
                }
            }
        }
        assert_eq!(esp(Algorithm::Aes128Gcm, Mode::Tunnel, false).largest_inner(Bytes::new(40)), None);
    }

    #[test]
    fn tunnels_inside_are_counted_field_by_field() {
        let esp = |inside, mode| Encapsulation { inside, ..esp(Algorithm::Aes128Gcm, mode, false) };
        // IP 20, SPI, sequence number and IV 16, GRE 4 and inner 84 with padding and trailer 92, ICV 16.
        assert_eq!(esp(Inside::Gre, Mode::Transport).outer(Bytes::new(84)), Bytes::new(144));
        // The tunnel's own IP header in tunnel mode: 20 more.
        assert_eq!(esp(Inside::Gre, Mode::Tunnel).outer(Bytes::new(84)), Bytes::new(164));
        for inside in [Inside::Gre, Inside::Vxlan, Inside::L2tp] {
            for mode in [Mode::Transport, Mode::Tunnel] {
                let esp = esp(inside, mode);
                let inner = esp.largest_inner(Bytes::new(1500)).unwrap();
                assert!(esp.outer(inner) <= Bytes::new(1500) && esp.outer(inner + Bytes::new(1)) > Bytes::new(1500));
            }
        }
    }
}
