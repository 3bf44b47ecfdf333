//! What TCP costs the kernel: writes of 64 KiB, which it makes super-packets of where the route allows.
//!
//! netdevsim encrypts nothing, so that no peer could decrypt what was left to it, and a connection would end at its
//! window. A connection is therefore opened and brought to a large window over the loopback device; then its peer's
//! address is taken from there, so that packets take the route out of the device, and what the congestion window allows
//! is sent and timed before anybody misses acknowledgements.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

use espsim_model::profile::Estimate;
use espsim_model::units::Hertz;
use nix::libc::linger;
use nix::sys::socket::sockopt::{Linger, ReuseAddr, SndBuf, TcpMaxSeg};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, setsockopt, socket};
use serde::{Deserialize, Serialize};

use super::data_path::{Flow, Protection, host_of};
use super::error::{Doing, SaPathError};
use super::estimate::of_rounds;
use super::link::index_of;
use super::site::{SOURCE, Side, Site, frames};
use super::super_packets::Way;
use super::xfrm::Mode;
use super::{Plan, stop};
use crate::sample::timed;

/// Octets of one write.
const WRITE: usize = 64 * 1024;
/// Octets that bring the congestion window beyond two writes.
const WARM_UP: usize = 4 << 20;
/// Writes that are timed on one connection.
const WRITES: usize = 2;
/// With ESP and tunnel headers a segment still fits an Ethernet frame.
pub(super) const SEGMENT: u32 = 1348;
/// Of a congestion window's worth of data.
const BUFFER: usize = 8 << 20;
/// The peer's port.
const PORT: u16 = 4500;

/// Cycles of one write of 64 KiB.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TcpRow {
    /// Where it goes.
    pub way: Way,
    /// Frames that the device sent for one write.
    pub frames: u64,
    /// Cycles per write: median with its 95 % interval.
    pub cycles: Estimate,
}

/// Sends in every way; ways that the window never allowed to be timed are left out.
pub(super) fn measure(site: &mut Site, plan: &Plan, frequency: Hertz) -> Result<Vec<TcpRow>, SaPathError> {
    let transport = Some(Mode::Transport);
    let ways = [
        (Way::PlainTso, Protection::Plain, None, Side::A),
        (Way::Plain, Protection::Plain, None, Side::Dummy),
        (Way::Software, Protection::Software, transport, Side::A),
        (Way::Offloaded, Protection::Offloaded, transport, Side::A),
    ];
    let mut rows = Vec::new();
    for (n, (way, protection, mode, side)) in (40u8..).zip(ways) {
        let flow = Flow::set_up(site, n, protection, mode, side)?;
        let mut writes: Vec<(f64, u64)> = Vec::new();
        for _ in 0..plan.connections {
            stop::check()?;
            writes.extend(connection(site, &flow, side)?);
        }
        flow.tear_down(site)?;
        // What the window has cut short sent fewer frames than most.
        let mut counts: Vec<u64> = writes.iter().map(|write| write.1).collect();
        counts.sort_unstable();
        let Some(&whole) = counts.get(counts.len() / 2) else { continue };
        let cycles: Vec<f64> =
            writes.iter().filter(|write| write.1 == whole).map(|write| write.0 * frequency.get() as f64).collect();
        rows.push(TcpRow { way, frames: whole, cycles: of_rounds(&cycles) });
    }
    Ok(rows)
}

/// Seconds and frames of each timed write.
fn connection(site: &mut Site, flow: &Flow, side: Side) -> Result<Vec<(f64, u64)>, SaPathError> {
    let peer = host_of(flow.network);
    let loopback = index_of("lo")?;
    site.links.address(loopback, peer, 32)?;
    let opened = open(peer);
    // Before anything that fails can keep it there.
    let warmed = opened.and_then(|(near, far)| warm_up(&near, &far).map(|()| (near, far)));
    site.links.remove_address(loopback, peer, 32)?;
    let (mut near, _far) = warmed.doing("open a TCP connection")?;
    // A reset instead of retransmissions when it is closed.
    setsockopt(&near, Linger, &linger { l_onoff: 1, l_linger: 0 }).doing("set SO_LINGER")?;
    // The first packet finds the new route.
    near.write_all(&[0x5a]).doing("write to a TCP connection")?;
    let octets = vec![0x5a; WRITE];
    let name = site.port(side).name.clone();
    let mut writes = Vec::new();
    for _ in 0..WRITES {
        let before = frames(&name)?;
        let mut written = Ok(());
        let time = timed(|| written = near.write_all(&octets));
        written.doing("write to a TCP connection")?;
        writes.push((time, frames(&name)? - before));
    }
    Ok(writes)
}

fn open(peer: Ipv4Addr) -> io::Result<(TcpStream, TcpStream)> {
    let tcp = || socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None);
    let number = |socket: &OwnedFd| std::os::fd::AsRawFd::as_raw_fd(socket);
    let listening = tcp()?;
    setsockopt(&listening, TcpMaxSeg, &SEGMENT)?;
    // The far ends of earlier connections wait for acknowledgements.
    setsockopt(&listening, ReuseAddr, &true)?;
    bind(number(&listening), &SockaddrIn::from(SocketAddrV4::new(peer, PORT)))?;
    nix::sys::socket::listen(&listening, nix::sys::socket::Backlog::new(1)?)?;
    let near = tcp()?;
    setsockopt(&near, TcpMaxSeg, &SEGMENT)?;
    setsockopt(&near, SndBuf, &BUFFER)?;
    bind(number(&near), &SockaddrIn::from(SocketAddrV4::new(SOURCE, 0)))?;
    connect(number(&near), &SockaddrIn::from(SocketAddrV4::new(peer, PORT)))?;
    let near = TcpStream::from(near);
    near.set_nodelay(true)?;
    let (far, _) = TcpListener::from(listening).accept()?;
    Ok((near, far))
}

/// Sends and reads in turn until the window is large.
fn warm_up(mut near: &TcpStream, mut far: &TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; WRITE];
    for _ in 0..WARM_UP / WRITE {
        near.write_all(&buffer)?;
        far.read_exact(&mut buffer)?;
    }
    Ok(())
}
