//! TCP super-packets as a NIC with receive offload hands them over.

use std::net::Ipv4Addr;

/// `struct virtio_net_hdr` (VIRTIO 1.2 section 5.1.6), Ethernet, IPv4 (RFC 791), TCP (RFC 9293) and payload.
pub(crate) fn super_packet(
    target: [u8; 6],
    source: Ipv4Addr,
    destination: Ipv4Addr,
    segments: usize,
    size: usize,
) -> Vec<u8> {
    const ETHERNET: u16 = 14;
    const IP: u16 = 20;
    const TCP: u16 = 20;
    const NEEDS_CHECKSUM: u8 = 1;
    const GSO_TCPV4: u8 = 1;
    /// Where TCP keeps its checksum.
    const CHECKSUM: u16 = 16;
    let payload = segments * size;
    let mut octets = Vec::with_capacity(64 + payload);
    let gso = if segments > 1 { (GSO_TCPV4, size as u16) } else { (0, 0) };
    octets.extend([NEEDS_CHECKSUM, gso.0]);
    for field in [ETHERNET + IP + TCP, gso.1, ETHERNET + IP, CHECKSUM] {
        octets.extend(field.to_ne_bytes());
    }
    octets.extend(target);
    octets.extend(super::link::NEIGHBOUR);
    octets.extend([0x08, 0x00]);
    let length = IP + TCP + payload as u16;
    let mut ip = [0; IP as usize];
    // Version 4, five words; do not fragment; time to live 64; TCP.
    (ip[0], ip[6], ip[8], ip[9]) = (0x45, 0x40, 64, 6);
    ip[2..4].copy_from_slice(&length.to_be_bytes());
    ip[12..16].copy_from_slice(&source.octets());
    ip[16..20].copy_from_slice(&destination.octets());
    let checksum = !sum(&ip);
    ip[10..12].copy_from_slice(&checksum.to_be_bytes());
    octets.extend(ip);
    let mut tcp = [0; TCP as usize];
    tcp[0..2].copy_from_slice(&40_000u16.to_be_bytes());
    tcp[2..4].copy_from_slice(&9u16.to_be_bytes());
    // Five words; ACK and PSH; a window.
    (tcp[12], tcp[13], tcp[14]) = (0x50, 0x18, 0xff);
    // The sum of the pseudo header, to which whoever completes the checksum adds the rest.
    let mut pseudo = [source.octets(), destination.octets()].concat();
    pseudo.extend([0, 6]);
    pseudo.extend((TCP + payload as u16).to_be_bytes());
    tcp[16..18].copy_from_slice(&sum(&pseudo).to_be_bytes());
    octets.extend(tcp);
    octets.resize(octets.len() + payload, 0x5a);
    octets
}

/// The ones' complement sum of 16-bit words (RFC 1071).
fn sum(octets: &[u8]) -> u16 {
    let words = octets.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)])));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_add_up() {
        let frame = super_packet([2; 6], Ipv4Addr::new(10, 83, 0, 1), Ipv4Addr::new(10, 81, 20, 1), 40, 1400);
        assert_eq!(frame.len(), 10 + 14 + 40 + 56_000);
        let ip = &frame[24..44];
        assert_eq!(sum(ip), 0xffff, "RFC 1071: a header with its checksum sums up to ones");
        assert_eq!(u16::from_be_bytes([ip[2], ip[3]]), 56_040);
        assert_eq!((frame[0], frame[1], u16::from_ne_bytes([frame[4], frame[5]])), (1, 1, 1400));
        // RFC 1071 section 3's example.
        assert_eq!(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), 0xddf2);
    }
}
