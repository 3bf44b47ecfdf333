//! What a trace needs of a captured frame: length of the IP packet, and a hash of its flow.

use pcap_parser::Linktype;

/// Ethernet types (IEEE 802 numbers of IANA).
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// VLAN tags (IEEE 802.1Q, 802.1ad).
const TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// Transport protocols whose first four octets are ports: TCP, UDP, SCTP.
const WITH_PORTS: [u8; 3] = [6, 17, 132];

/// The length of a frame's IP packet and a hash of addresses, protocol and ports; `None` of what is not IP. `length` is that
/// of the frame before it was cut.
pub(super) fn packet(link: Linktype, data: &[u8], length: u32) -> Result<Option<(u16, u32)>, String> {
    let (kind, offset) = match link {
        Linktype::ETHERNET => ethernet(data),
        Linktype::RAW | Linktype(12) | Linktype::IPV4 | Linktype::IPV6 => (version(data), 0),
        Linktype::LINUX_SLL => (be16(data, 14), 16),
        Linktype(276) => (be16(data, 0), 20),
        Linktype::NULL | Linktype::LOOP => (data.get(4..).and_then(version), 4),
        Linktype(other) => return Err(format!("link type {other}: Ethernet, raw IP, Linux cooked or loopback")),
    };
    let ip = data.get(offset..).unwrap_or_default();
    // Of a super-packet the header says nothing, or less than there is.
    let on_wire = u64::from(length).saturating_sub(offset as u64);
    let found = match kind {
        Some(IPV4) => ipv4(ip),
        Some(IPV6) => ipv6(ip),
        _ => return Ok(None),
    };
    let Some((l3, flow)) = found else { return Err("a capture too short for the IP header".into()) };
    let l3 = if l3 == 0 { on_wire } else { l3 };
    match u16::try_from(l3) {
        Ok(l3) => Ok(Some((l3, flow))),
        Err(_) => Err(format!("an IP packet of {l3} octets, which no wire carries: capture without offloads")),
    }
}

/// Type and offset of what an Ethernet frame carries, behind its VLAN tags.
fn ethernet(data: &[u8]) -> (Option<u16>, usize) {
    let mut at = 12;
    while let Some(kind) = be16(data, at) {
        if !TAGS.contains(&kind) {
            return (Some(kind), at + 2);
        }
        at += 4;
    }
    (None, at)
}

fn version(ip: &[u8]) -> Option<u16> {
    match ip.first()? >> 4 {
        4 => Some(IPV4),
        6 => Some(IPV6),
        _ => None,
    }
}

fn be16(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(data.get(at..at + 2)?.try_into().ok()?))
}

fn ipv4(ip: &[u8]) -> Option<(u64, u32)> {
    let header = usize::from(ip.first()? & 0x0f) * 4;
    let is_fragment = be16(ip, 6)? & 0x3fff != 0;
    let ports = if is_fragment { None } else { ip.get(header..header + 4) };
    let protocol = *ip.get(9)?;
    Some((be16(ip, 2)?.into(), hash(ip.get(12..20)?, protocol, ports)))
}

fn ipv6(ip: &[u8]) -> Option<(u64, u32)> {
    let payload = u64::from(be16(ip, 4)?);
    let next = *ip.get(6)?;
    let l3 = if payload == 0 { 0 } else { 40 + payload };
    Some((l3, hash(ip.get(8..40)?, next, ip.get(40..44))))
}

/// FNV-1a (draft-eastlake-fnv) of what makes a flow: the same on every machine.
fn hash(addresses: &[u8], protocol: u8, ports: Option<&[u8]>) -> u32 {
    let ports = ports.filter(|_| WITH_PORTS.contains(&protocol)).unwrap_or_default();
    let octets = addresses.iter().chain([&protocol]).chain(ports);
    octets.fold(0x811c_9dc5, |hash: u32, octet| (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn udp(source_port: u16) -> Vec<u8> {
        let mut ip = vec![0x45, 0, 0x05, 0x94, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1];
        ip.extend(source_port.to_be_bytes());
        ip.extend([0x14, 0x51, 0, 0, 0, 0]);
        ip
    }

    #[test]
    fn a_flow_is_addresses_protocol_and_ports_behind_any_link() {
        let frame = |tags: &[u8], port| [&[0; 12][..], tags, &[0x08, 0x00], &udp(port)].concat();
        let plain = packet(Linktype::ETHERNET, &frame(&[], 1000), 1442).unwrap().unwrap();
        assert_eq!(plain.0, 1428);
        assert_eq!(packet(Linktype::ETHERNET, &frame(&[0x81, 0, 0, 7], 1000), 1446), Ok(Some(plain)));
        assert_eq!(packet(Linktype::RAW, &udp(1000), 1428), Ok(Some(plain)));
        assert_ne!(packet(Linktype::RAW, &udp(1001), 1428).unwrap().unwrap().1, plain.1);
        // ARP is no IP; a frame that was cut within the IP header is an error.
        assert_eq!(packet(Linktype::ETHERNET, &[&[0; 12][..], &[0x08, 0x06]].concat(), 60), Ok(None));
        assert!(packet(Linktype::ETHERNET, &frame(&[], 1)[..20], 60).is_err());
        assert!(packet(Linktype(147), &udp(1), 60).unwrap_err().contains("link type 147"));
    }

    #[test]
    fn fragments_have_no_ports_and_super_packets_the_length_of_their_frame() {
        let mut fragment = udp(1000);
        fragment[7] = 185;
        let mut other = udp(2000);
        other[7] = 185;
        assert_eq!(packet(Linktype::RAW, &fragment, 1428), packet(Linktype::RAW, &other, 1428));
        let mut large = udp(1000);
        (large[2], large[3]) = (0, 0);
        assert_eq!(packet(Linktype::RAW, &large, 9000).unwrap().unwrap().0, 9000);
        assert!(packet(Linktype::RAW, &large, 70_000).is_err());
    }
}
