//! UDP from an application to another on the same core.

use std::net::UdpSocket;
use std::os::fd::AsRawFd;

use nix::sys::socket::sockopt::{RcvBuf, SndBuf, UdpGsoSegment};
use nix::sys::socket::{MsgFlags, recv, setsockopt};

use super::Anchor;
use crate::native::rounds::{Job, What};
use crate::native::site::{PEER, Site};
use crate::sa_path::error::{Doing, SaPathError};
use crate::sample::timed;

/// Packets that are sent before the receiver reads them: another number than any calibration uses.
const ROUND: u32 = 24;

/// Rounds of one run that come first, and those that are timed: in less than a scheduler's time slice.
const ROUNDS: [u32; 2] = [3, 6];

/// Sends a round and reads it, on one thread, both timed.
pub(super) fn job(site: &Site, anchor: Anchor) -> Result<Job<'static>, SaPathError> {
    let (octets, packets) = (anchor.octets(), anchor.packets());
    let inbox = site.at_peer(|| UdpSocket::bind((PEER, 0)).doing("bind the peer's UDP socket"))?;
    setsockopt(&inbox, RcvBuf, &(4 << 20)).doing("set SO_RCVBUF")?;
    let port = inbox.local_addr().doing("ask for a port")?.port();
    let socket = UdpSocket::bind(("0.0.0.0", 0)).doing("bind a UDP socket")?;
    socket.connect((PEER, port)).doing("connect a UDP socket")?;
    setsockopt(&socket, SndBuf, &(4 << 20)).doing("set SO_SNDBUF")?;
    if packets > 1 {
        setsockopt(&socket, UdpGsoSegment, &(octets as i32)).doing("set UDP_SEGMENT")?;
    }
    let payload = vec![0x5a; (packets * octets) as usize];
    let mut buffer = vec![0; octets as usize];
    let mut round = move || {
        for _ in 0..ROUND / packets {
            socket.send(&payload).doing("send datagrams")?;
        }
        let mut read = 0;
        while recv(inbox.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT).is_ok() {
            read += 1;
        }
        let lost = || SaPathError::Contradiction {
            what: "datagrams that came to the other end".into(),
            expected: ROUND.into(),
            found: read.into(),
        };
        if read == ROUND { Ok(()) } else { Err(lost()) }
    };
    Ok(Job::one((What::Anchor(anchor), packets, octets), move || {
        let [first, then] = ROUNDS;
        (0..first).try_for_each(|_| round())?;
        let mut done = Ok(());
        let seconds = timed(|| done = (0..then).try_for_each(|_| round()));
        done.map(|()| seconds / f64::from(then * ROUND))
    }))
}
