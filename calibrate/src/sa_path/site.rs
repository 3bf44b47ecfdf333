//! What every measurement stands on: a namespace with two netdevsim devices, and addresses behind each.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::PathBuf;

use netlink_sys::protocols::NETLINK_XFRM;

use super::error::{Doing, SaPathError};
use super::link::{Links, Route, index_of};
use super::netdevsim::{Netdevsim, remove_leftovers};
use super::netlink::{Channel, Request};
use super::xfrm::{Sa, SaState};
use super::{namespace, stop};

/// The address that packets come from, whatever device they leave by.
pub(super) const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 81, 0, 1);
/// The device without crypto.
const DUMMY: &str = "espsim2";
/// Prefix length of each destination's network.
pub(super) const PREFIX: u8 = 24;

/// An interface and the next hop behind it.
#[derive(Debug, Clone)]
pub(super) struct Port {
    pub(super) index: u32,
    pub(super) name: String,
    pub(super) gateway: Ipv4Addr,
}

/// The network namespace with its devices. They are removed with this value.
pub(super) struct Site {
    pub(super) links: Links,
    pub(super) xfrm: Channel,
    /// Takes SAs.
    pub(super) a: Netdevsim,
    /// Takes SAs too; reached through its port alone.
    _b: Netdevsim,
    ports: [Port; 3],
    /// Keeps others out until the devices are gone.
    _alone: UnixListener,
}

impl Site {
    /// Moves this thread into a namespace of its own and makes the devices.
    pub(super) fn build() -> Result<Self, SaPathError> {
        let alone = alone()?;
        namespace::enter()?;
        remove_leftovers()?;
        quiet()?;
        let mut links = Links::open()?;
        let loopback = index_of("lo")?;
        links.up(loopback)?;
        links.address(loopback, SOURCE, 32)?;
        let (a, b) = (Netdevsim::create(0)?, Netdevsim::create(1)?);
        let dummy = links.dummy(DUMMY)?;
        let ports = [
            port(&mut links, 1, a.index, &a.name)?,
            port(&mut links, 2, b.index, &b.name)?,
            port(&mut links, 3, dummy, DUMMY)?,
        ];
        Ok(Site { links, xfrm: Channel::open(NETLINK_XFRM)?, a, _b: b, ports, _alone: alone })
    }

    /// Sends packets to a network out of a device.
    pub(super) fn route(&mut self, network: Ipv4Addr, to: Side) -> Result<(), SaPathError> {
        let route = self.route_to(network, to);
        self.links.route(&route)
    }

    pub(super) fn route_to(&self, network: Ipv4Addr, to: Side) -> Route {
        let port = self.port(to);
        let hop = Some((port.gateway, port.index));
        Route { network, prefix: PREFIX, hop, source: Some(SOURCE) }
    }

    pub(super) fn port(&self, side: Side) -> &Port {
        &self.ports[side as usize]
    }

    /// Adds an SA and the policy that needs it for everything to `network`.
    pub(super) fn protect(&mut self, sa: &Sa, network: Ipv4Addr) -> Result<(), SaPathError> {
        self.xfrm.must(&mut sa.add())?;
        self.xfrm.must(&mut sa.policy(network, PREFIX)).map(drop)
    }

    /// What the kernel tells of an SA.
    pub(super) fn state(&mut self, sa: &Sa) -> Result<SaState, SaPathError> {
        let answer = self.xfrm.must(&mut sa.get())?;
        answer.as_deref().and_then(SaState::read).ok_or_else(|| {
            SaPathError::unavailable("the answer to XFRM_MSG_GETSA is no SA", "a kernel whose XFRM is known")
        })
    }

    /// Sends a request to XFRM that must be granted.
    pub(super) fn must(&mut self, mut request: Request) -> Result<(), SaPathError> {
        self.xfrm.must(&mut request).map(drop)
    }
}

/// One of the devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Netdevsim.
    A,
    /// Netdevsim too.
    B,
    /// A NIC without crypto: a dummy device.
    Dummy,
}

/// One process at a time on a kernel: the devices' numbers are fixed, so that those of a killed process can be told from
/// anybody else's. The name goes with the process, and belongs to the network namespace that the process started in.
fn alone() -> Result<UnixListener, SaPathError> {
    let address = SocketAddr::from_abstract_name("espsim-sa-path").doing("name a socket")?;
    UnixListener::bind_addr(&address).map_err(|_| {
        SaPathError::unavailable("another process is measuring the SA path on this kernel", "wait until it is done")
    })
}

/// Keeps IPv6 off the interfaces that are made from now on: its own packets would be counted among ours.
fn quiet() -> Result<(), SaPathError> {
    match fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1") {
        // A kernel without IPv6.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.doing("keep IPv6 quiet"),
    }
}

fn port(links: &mut Links, network: u8, index: u32, name: &str) -> Result<Port, SaPathError> {
    stop::check()?;
    let gateway = Ipv4Addr::new(10, 81, network, 2);
    links.up(index)?;
    links.address(index, Ipv4Addr::new(10, 81, network, 1), PREFIX)?;
    links.neighbour(index, gateway)?;
    Ok(Port { index, name: name.to_owned(), gateway })
}

/// Frames that an interface has sent or, with nothing behind it, dropped as a device does after sending.
pub(super) fn frames(interface: &str) -> Result<u64, SaPathError> {
    let mut sum = 0;
    for name in ["tx_packets", "tx_dropped"] {
        let path = PathBuf::from(format!("/sys/class/net/{interface}/statistics/{name}"));
        let text = fs::read_to_string(&path).doing(format!("read {}", path.display()))?;
        sum += text.trim().parse().unwrap_or(0);
    }
    Ok(sum)
}
