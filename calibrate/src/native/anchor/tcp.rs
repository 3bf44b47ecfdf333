//! TCP from an application to another on the same core.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use nix::sys::socket::sockopt::{RcvBuf, SndBuf, TcpCongestion, TcpMaxSeg};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, connect, listen, setsockopt, socket,
};

use super::Anchor;
use crate::native::rounds::{Job, What};
use crate::native::site::{PEER, Site};
use crate::sa_path::error::{Doing, SaPathError};
use crate::sample::timed;

/// Octets of the timestamp option, which Linux takes from each segment (RFC 7323 section 3.2).
const TIMESTAMPS: u32 = 12;
/// Writes of one run that come first, and those that are timed.
const WRITES: [u32; 2] = [4, 8];
/// Buffers that hold a congestion window.
const BUFFER: usize = 4 << 20;
/// Octets that open the congestion window before anything is timed.
const WARM_UP: usize = 4 << 20;

/// Writes and reads what was written, on one thread, both timed.
pub(super) fn job(site: &Site) -> Result<Job<'static>, SaPathError> {
    let anchor = Anchor::Stream;
    let (octets, packets) = (anchor.octets(), anchor.packets());
    let listening = site.at_peer(|| listener().doing("listen at the peer"))?;
    let address = listening.local_addr().doing("ask for a port")?;
    let near = connected(address.port()).doing("connect to the peer")?;
    let (far, _) = listening.accept().doing("accept a connection")?;
    near.set_nonblocking(true).and_then(|()| far.set_nonblocking(true)).doing("not wait for TCP")?;
    near.set_nodelay(true).doing("send at once")?;
    let payload = vec![0x5a; (octets * packets) as usize];
    let mut buffer = vec![0; 64 * 1024];
    let mut over = move || carry(&near, &far, &payload, &mut buffer);
    for _ in 0..WARM_UP / (octets * packets) as usize {
        over().doing("send by TCP")?;
    }
    Ok(Job::one((What::Anchor(anchor), packets, octets), move || {
        let [first, then] = WRITES;
        let mut done = (0..first).try_for_each(|_| over());
        let seconds =
            timed(|| done = std::mem::replace(&mut done, Ok(())).and_then(|()| (0..then).try_for_each(|_| over())));
        done.doing("send by TCP").map(|()| seconds / f64::from(then * packets))
    }))
}

/// Writes `payload` and reads as much at the other end, in turn as far as either goes.
fn carry(mut near: &TcpStream, mut far: &TcpStream, payload: &[u8], buffer: &mut [u8]) -> io::Result<()> {
    let (mut written, mut read) = (0, 0);
    while read < payload.len() {
        if written < payload.len() {
            written += or_nothing(near.write(&payload[written..]))?;
        }
        read += or_nothing(far.read(buffer))?;
    }
    Ok(())
}

/// Nothing where a call would have to wait.
fn or_nothing(done: io::Result<usize>) -> io::Result<usize> {
    match done {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        done => done,
    }
}

fn listener() -> io::Result<TcpListener> {
    let socket = new_socket()?;
    bind(socket.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(PEER, 0)))?;
    listen(&socket, Backlog::new(1)?)?;
    Ok(TcpListener::from(socket))
}

fn connected(port: u16) -> io::Result<TcpStream> {
    let socket = new_socket()?;
    connect(socket.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(PEER, port)))?;
    Ok(TcpStream::from(socket))
}

fn new_socket() -> io::Result<std::os::fd::OwnedFd> {
    let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&socket, TcpMaxSeg, &(Anchor::Stream.octets() + TIMESTAMPS))?;
    // Built into every kernel, and without pacing, whose timers would leave the core idle.
    setsockopt(&socket, TcpCongestion, &OsString::from("reno"))?;
    setsockopt(&socket, SndBuf, &BUFFER)?;
    setsockopt(&socket, RcvBuf, &BUFFER)?;
    Ok(socket)
}
