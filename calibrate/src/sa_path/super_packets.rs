//! What super-packets cost: TCP super-packets as a NIC with receive offload hands them over, injected into one end of
//! a veth pair, received at the other and forwarded to the device.

use std::fs;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd};

use espsim_model::profile::Estimate;
use espsim_model::units::Hertz;
use nix::sys::socket::{MsgFlags, send};
use serde::{Deserialize, Serialize};

use super::data_path::{Flow, Protection, host_of};
use super::error::{Doing, SaPathError};
use super::estimate::of_rounds;
use super::frame::super_packet;
use super::link::Route;
use super::packet_socket::PacketSocket;
use super::site::{PREFIX, Side, Site, frames};
use super::xfrm::Mode;
use super::{Plan, proof, stop};
use crate::inventory::ethtool::Ethtool;
use crate::sample::timed;

/// Segments of a super-packet. 46 of 1400 octets fill an IPv4 packet.
pub const SEGMENTS: [usize; 6] = [1, 2, 5, 10, 20, 40];
/// Payload octets of a segment.
pub const SEGMENT_SIZES: [usize; 2] = [536, 1400];
/// The kernel's name of the feature (net/ethtool/common.c).
const TSO: &str = "tx-tcp-segmentation";
/// Ends of the veth pair.
pub(super) const NAMES: [&str; 2] = ["espsim0", "espsim1"];
/// Network of the host that super-packets come from.
const ORIGIN: Ipv4Addr = Ipv4Addr::new(10, 83, 0, 0);

/// Cycles of one super-packet, from the injecting system call until the driver has its last segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuperPacketRow {
    /// Where it goes.
    pub way: Way,
    /// Segments.
    pub segments: u64,
    /// TCP payload of a segment, octets.
    pub segment_size: u64,
    /// Cycles per super-packet: median over rounds with its 95 % interval.
    pub cycles: Estimate,
    /// Cycles per super-packet of each round.
    pub rounds: Vec<f64>,
}

/// Where a super-packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Nowhere: dropped at the route lookup. What injection itself costs.
    Dropped,
    /// Unprotected to a device with TCP segmentation offload, whole.
    PlainTso,
    /// Unprotected to a device without: the kernel segments.
    Plain,
    /// The kernel segments and encrypts each segment.
    Software,
    /// The kernel segments, since netdevsim does not segment ESP, makes the ESP headers and leaves encryption to the
    /// device.
    Offloaded,
}

/// Sends super-packets of every shape in every way, round after round, into the first of a veth pair.
pub(super) fn measure(
    site: &mut Site,
    [outer, inner]: [u32; 2],
    plan: &Plan,
    frequency: Hertz,
    proofs: &mut Vec<proof::Proof>,
) -> Result<Vec<SuperPacketRow>, SaPathError> {
    let [a, b, c, _] = ORIGIN.octets();
    // Not the address that packets come from, which would be a martian.
    site.links.address(inner, Ipv4Addr::new(a, b, c, 254), PREFIX)?;
    for (key, value) in [("ip_forward", "1"), ("conf/all/rp_filter", "0"), ("conf/espsim1/rp_filter", "0")] {
        let path = format!("/proc/sys/net/ipv4/{key}");
        fs::write(&path, value).doing(format!("write {path}"))?;
    }
    let target = hardware_address(NAMES[1])?;
    let injector = PacketSocket::injector(outer)?;
    let dummy = site.port(Side::Dummy).name.clone();
    let switched = Ethtool::open().and_then(|mut ethtool| ethtool.switch_off(&dummy, TSO));
    switched.map_err(|reason| {
        SaPathError::unavailable(format!("cannot switch {TSO} off: {reason}"), "a kernel with CONFIG_ETHTOOL_NETLINK")
    })?;
    // Forwarded packets are tunnelled, as a gateway does.
    let tunnel = Some(Mode::Tunnel);
    let ways = [
        (Way::PlainTso, Protection::Plain, None, Side::A),
        (Way::Plain, Protection::Plain, None, Side::Dummy),
        (Way::Software, Protection::Software, tunnel, Side::A),
        (Way::Offloaded, Protection::Offloaded, tunnel, Side::A),
    ];
    let mut flows = Vec::new();
    for (n, (way, protection, mode, side)) in (20u8..).zip(ways) {
        flows.push((way, Flow::set_up(site, n, protection, mode, side)?));
    }
    let nowhere = Ipv4Addr::new(10, 81, 29, 0);
    site.links.route(&Route { network: nowhere, prefix: PREFIX, hop: None, source: None })?;
    let destinations = flows.iter().map(|(way, flow)| (*way, flow.network)).chain([(Way::Dropped, nowhere)]);
    let mut rows = Vec::new();
    for (way, network) in destinations {
        for size in SEGMENT_SIZES {
            for segments in SEGMENTS {
                let frame = super_packet(target, host_of(ORIGIN), host_of(network), segments, size);
                rows.push((way, segments, size, frame, Vec::new()));
            }
        }
    }
    let before = site.a.ipsec()?;
    let frames_before = [frames(&site.a.name)?, frames(&dummy)?];
    let socket = injector.as_fd().as_raw_fd();
    for _ in 0..plan.rounds {
        stop::check()?;
        for (_, segments, _, frame, rounds) in &mut rows {
            let count = count(plan, *segments);
            let mut failure = None;
            let time = timed(|| {
                failure = (0..count).find_map(|_| send(socket, frame, MsgFlags::empty()).err());
            });
            if let Some(error) = failure {
                return Err(error).doing("inject a super-packet");
            }
            rounds.push(time * frequency.get() as f64 / count as f64);
        }
    }
    let rounds = SEGMENT_SIZES.len() * plan.rounds;
    let whole: usize = SEGMENTS.iter().map(|&n| count(plan, n) * rounds).sum();
    let pieces: usize = SEGMENTS.iter().map(|&n| count(plan, n) * n * rounds).sum();
    let (whole, pieces) = (whole as u64, pieces as u64);
    let sent = [frames(&site.a.name)? - frames_before[0], frames(&dummy)? - frames_before[1]];
    proof::expect(proofs, "forwarded: super-packets and segments of ESP out of A", whole + 2 * pieces, sent[0])?;
    proof::expect(proofs, "forwarded: segments out of the device without TSO", pieces, sent[1])?;
    let after = site.a.ipsec()?;
    proof::expect(proofs, "debugfs: segments left to the device", pieces, after.transmitted - before.transmitted)?;
    let row = |(way, segments, size, _, rounds): (Way, usize, usize, _, Vec<f64>)| SuperPacketRow {
        way,
        segments: segments as u64,
        segment_size: size as u64,
        cycles: of_rounds(&rounds),
        rounds,
    };
    let rows = rows.into_iter().map(row).collect();
    for (_, flow) in &flows {
        flow.tear_down(site)?;
    }
    Ok(rows)
}

/// Super-packets of one shape in a round: fewer of the long ones, so that all take about as long.
fn count(plan: &Plan, segments: usize) -> usize {
    (plan.super_packets / segments).max(2)
}

fn hardware_address(name: &str) -> Result<[u8; 6], SaPathError> {
    let path = format!("/sys/class/net/{name}/address");
    let text = fs::read_to_string(&path).doing(format!("read {path}"))?;
    let mut octets = text.trim().split(':').map(|octet| u8::from_str_radix(octet, 16).unwrap_or(0));
    Ok(std::array::from_fn(|_| octets.next().unwrap_or(0)))
}
