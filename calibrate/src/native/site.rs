//! What native measurements stand on: devices that drop what they send, and a veth pair to a peer in another network
//! namespace, whose end works as a NIC's driver does: NAPI polls, GRO.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;

use netlink_packet_route::link::InfoKind;

use super::spaces::Space;
use crate::inventory::ethtool::Ethtool;
use crate::sa_path::error::{Doing, SaPathError};
use crate::sa_path::link::{Links, NEIGHBOUR, Route, index_of};

/// The hardware address of the peer's end.
pub(super) const PEER_HARDWARE: [u8; 6] = [2, 0, 0, 0, 0, 4];
/// One that is nobody's: a packet to it is dropped where IP begins.
pub(super) const NOBODY: [u8; 6] = [2, 0, 0, 0, 0, 9];
/// Our address on the veth pair.
pub(super) const HERE: Ipv4Addr = Ipv4Addr::new(10, 84, 1, 1);
/// The peer's.
pub(super) const PEER: Ipv4Addr = Ipv4Addr::new(10, 84, 1, 2);
/// A next hop on the veth pair that nobody is.
const NOBODY_THERE: Ipv4Addr = Ipv4Addr::new(10, 84, 1, 9);
/// The discard service (RFC 863).
pub(super) const DISCARD: u16 = 9;
pub(super) const PREFIX: u8 = 24;
/// Ends of a tunnel that packets take through the first of our devices that drop.
pub(super) const TUNNEL: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 84, 2, 1), Ipv4Addr::new(10, 84, 2, 2)];
/// The queueing discipline that every kernel has.
const QUEUE: &str = "pfifo_fast";

/// The names of the veth pair's ends.
pub(super) const ENDS: [&str; 2] = ["espsim0", "espsim1"];
/// The names of a second pair, which lets super-packets pass whole, as a NIC does that cuts and merges.
const WHOLE: [&str; 2] = ["espsim6", "espsim7"];
/// The device that takes super-packets whole, and the one that has the kernel cut them.
const DROPS: [&str; 2] = ["espsim2", "espsim3"];
/// The peer's devices of the same kinds.
const PEER_DROPS: [&str; 2] = ["espsim4", "espsim5"];

/// Names of features by which a device takes super-packets whole (net/ethtool/common.c).
const SEGMENTATION: [&str; 5] = [
    "tx-tcp-segmentation",
    "tx-tcp-ecn-segmentation",
    "tx-tcp-mangleid-segmentation",
    "tx-tcp6-segmentation",
    "tx-udp-segmentation",
];

/// Where packets of ours end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// In a device that takes super-packets whole and drops them.
    Dropped,
    /// In a device for which the kernel cuts super-packets first.
    Segmented,
    /// At the peer, where IP begins: they are addressed to nobody.
    Ignored,
    /// At the peer's route lookup.
    NoRoute,
    /// Forwarded by the peer into a device that drops them.
    Forwarded,
    /// Forwarded by the peer into a device for which it cuts them first.
    ForwardedSegmented,
    /// In a socket of the peer.
    Delivered,
    /// In a device that drops them, protected by ESP.
    Protected,
}

impl End {
    /// An address that packets end there to.
    pub(super) fn address(self) -> Ipv4Addr {
        match self {
            End::Delivered => PEER,
            other => {
                let [a, b, c, _] = network(other).octets();
                Ipv4Addr::new(a, b, c, 1)
            }
        }
    }
}

/// The network that packets end there to.
pub(super) fn network(end: End) -> Ipv4Addr {
    Ipv4Addr::new(10, 85, end as u8, 0)
}

/// Both namespaces with what is in them. Where this is dropped, the namespaces end and their devices with them.
pub(super) struct Site {
    ours: Space,
    peer: Space,
    /// Our end of the veth pair and the peer's, by index.
    pub(super) ends: [u32; 2],
    /// Our end of the pair that super-packets pass whole.
    pub(super) whole: u32,
    /// Indices of our dropping devices.
    pub(super) drops: [u32; 2],
    /// What kind they are.
    pub(super) kind: &'static str,
}

impl Site {
    /// Makes everything; this thread is in our namespace from then on.
    pub(super) fn build() -> Result<Self, SaPathError> {
        let peer = Space::new()?;
        quiet()?;
        forwards()?;
        let ours = Space::new()?;
        quiet()?;
        let mut links = Links::open()?;
        links.up(index_of("lo")?)?;
        let pair = links.veth(ENDS).map_err(|error| lacking("veth", &error))?;
        let whole = links.veth(WHOLE)?;
        for inner in [pair[1], whole[1]] {
            links.give(inner, peer.file().as_fd())?;
        }
        // By which the peer knows us.
        links.hardware_address(pair[0], NEIGHBOUR)?;
        links.address(pair[0], HERE, PREFIX)?;
        links.neighbour_at(pair[0], PEER, PEER_HARDWARE)?;
        links.neighbour_at(pair[0], NOBODY_THERE, NOBODY)?;
        let (drops, kind) = dropping(&mut links, DROPS, 2)?;
        // What is sent passes one on its way to a NIC.
        queue(&mut links, drops[0], QUEUE)?;
        for (end, device) in [(End::Dropped, 0), (End::Segmented, 1), (End::Protected, 0)] {
            let hop = Some((Ipv4Addr::new(10, 84, 2 + device, 2), drops[usize::from(device)]));
            links.route(&Route { network: network(end), prefix: PREFIX, hop, source: None })?;
        }
        for (end, hop) in [
            (End::Ignored, NOBODY_THERE),
            (End::NoRoute, PEER),
            (End::Forwarded, PEER),
            (End::ForwardedSegmented, PEER),
        ] {
            links.route(&Route { network: network(end), prefix: PREFIX, hop: Some((hop, pair[0])), source: None })?;
        }
        segment_before(ENDS[0])?;
        segment_before(DROPS[1])?;
        peer.enter()?;
        let inner = at_peer();
        ours.enter()?;
        let inner = inner?;
        Ok(Site { ours, peer, ends: [pair[0], inner], whole: whole[0], drops, kind })
    }

    /// Does something in the peer's namespace, such as opening a socket, which stays there.
    pub(super) fn at_peer<T>(&self, work: impl FnOnce() -> Result<T, SaPathError>) -> Result<T, SaPathError> {
        self.peer.enter()?;
        let done = work();
        self.ours.enter()?;
        done
    }

    /// A UDP socket of ours whose datagrams end there.
    pub(super) fn socket_to(&self, end: End) -> Result<UdpSocket, SaPathError> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).doing("bind a UDP socket")?;
        socket.connect((end.address(), DISCARD)).doing("connect a UDP socket")?;
        Ok(socket)
    }

    /// The peer's socket that takes what is delivered.
    pub(super) fn peer_socket(&self) -> Result<UdpSocket, SaPathError> {
        self.at_peer(|| UdpSocket::bind(SocketAddrV4::new(PEER, DISCARD)).doing("bind the peer's UDP socket"))
    }
}

/// The peer's side, in its namespace: its end of the pair, devices, routes. Gives the end's index.
fn at_peer() -> Result<u32, SaPathError> {
    let mut links = Links::open()?;
    links.up(index_of("lo")?)?;
    let inner = index_of(ENDS[1])?;
    for end in [inner, index_of(WHOLE[1])?] {
        links.hardware_address(end, PEER_HARDWARE)?;
        links.up(end)?;
    }
    links.address(inner, PEER, PREFIX)?;
    links.neighbour(inner, HERE)?;
    let (drops, _) = dropping(&mut links, PEER_DROPS, 6)?;
    for (end, device) in [(End::Forwarded, 0), (End::ForwardedSegmented, 1)] {
        let hop = Some((Ipv4Addr::new(10, 84, 6 + device, 2), drops[usize::from(device)]));
        links.route(&Route { network: network(end), prefix: PREFIX, hop, source: None })?;
    }
    links.route(&Route { network: network(End::NoRoute), prefix: PREFIX, hop: None, source: None })?;
    switch(ENDS[1], "rx-gro", true)?;
    segment_before(PEER_DROPS[1])?;
    Ok(inner)
}

/// Two devices that drop what they send, of whatever kind this kernel has, without a queueing discipline, as a veth pair.
fn dropping(links: &mut Links, names: [&str; 2], first: u8) -> Result<([u32; 2], &'static str), SaPathError> {
    // drivers/net/dummy.c; drivers/net/ifb.c drops what no filter has sent to it.
    let kinds = [("dummy", InfoKind::Dummy), ("ifb", InfoKind::Ifb)];
    let mut refused = Vec::new();
    for (kind, info) in kinds {
        match links.device(names[0], info.clone()) {
            Ok(one) => {
                let devices = [one, links.device(names[1], info)?];
                for (number, device) in (first..).zip(devices) {
                    queue(links, device, "noqueue")?;
                    links.address(device, Ipv4Addr::new(10, 84, number, 1), PREFIX)?;
                    links.neighbour(device, Ipv4Addr::new(10, 84, number, 2))?;
                }
                return Ok((devices, kind));
            }
            Err(error) => refused.push(format!("{kind}: {error}")),
        }
    }
    Err(SaPathError::unavailable(
        format!("no device that drops what it sends ({})", refused.join("; ")),
        "a kernel with CONFIG_DUMMY or CONFIG_IFB (modprobe dummy)",
    ))
}

/// Gives a device a queueing discipline, where the kernel has any.
fn queue(links: &mut Links, device: u32, discipline: &str) -> Result<(), SaPathError> {
    match links.queue(device, discipline) {
        Err(SaPathError::Refused { refusal, .. }) if refusal.errno == nix::libc::EOPNOTSUPP => Ok(()),
        done => done,
    }
}

/// Has the kernel cut super-packets before a device.
fn segment_before(name: &str) -> Result<(), SaPathError> {
    SEGMENTATION.iter().try_for_each(|feature| switch(name, feature, false))
}

fn switch(name: &str, feature: &str, on: bool) -> Result<(), SaPathError> {
    let switched = Ethtool::open().and_then(|mut ethtool| ethtool.switch(name, feature, on));
    switched.map_err(|reason| {
        SaPathError::unavailable(
            format!("cannot switch {feature} of {name}: {reason}"),
            "a kernel of 5.13 or later with CONFIG_ETHTOOL_NETLINK",
        )
    })
}

/// Has this namespace forward, wherever packets come from.
fn forwards() -> Result<(), SaPathError> {
    for (key, value) in [("ip_forward", "1"), ("conf/all/rp_filter", "0"), ("conf/default/rp_filter", "0")] {
        let path = format!("/proc/sys/net/ipv4/{key}");
        fs::write(&path, value).doing(format!("write {path}"))?;
    }
    Ok(())
}

/// Keeps IPv6 off the interfaces that are made from now on.
fn quiet() -> Result<(), SaPathError> {
    match fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1") {
        // A kernel without IPv6.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done.doing("keep IPv6 quiet"),
    }
}

fn lacking(kind: &str, error: &SaPathError) -> SaPathError {
    SaPathError::unavailable(format!("no {kind} devices: {error}"), format!("a kernel with {kind} (modprobe {kind})"))
}
