//! What sending costs: UDP datagrams one by one, many in a call, and as super-packets, into devices that drop them.

use std::io::IoSlice;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

use nix::sys::socket::sockopt::{SndBuf, UdpGsoSegment};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, sendmmsg, setsockopt};

use super::rounds::{Job, What};
use super::site::{End, Site};
use crate::sa_path::error::{Doing, SaPathError};
use crate::sample::timed;

/// Payload octets of single datagrams.
const SIZES: [u32; 5] = [64, 256, 512, 1024, 1400];
/// Datagrams of one `sendmmsg`.
pub(super) const BATCH: usize = 64;
/// Send calls of one run.
const CALLS: usize = 64;
/// Packets of super-packets in one run, about.
pub(super) const PACKETS: u32 = 160;
/// Segments of super-packets, and their payload octets: UDP's length field allows no more than 64 KiB.
const SEGMENTS: [u32; 6] = [1, 2, 5, 10, 20, 40];
const SEGMENT: u32 = 1400;

/// Jobs of sending.
pub(super) fn jobs(site: &Site) -> Result<Vec<Job<'static>>, SaPathError> {
    let mut jobs = Vec::new();
    let socket = site.socket_to(End::Dropped)?;
    for octets in SIZES {
        jobs.push(calls(What::Call, &socket, octets)?);
        let mut many = Many::new(socket.try_clone().doing("share a UDP socket")?, octets);
        jobs.push(Job::one((What::Datagram, BATCH as u32, octets), move || many.send()));
    }
    for end in [End::Dropped, End::Segmented] {
        for segments in SEGMENTS {
            jobs.push(super_packets(site, end, segments, SEGMENT)?);
        }
    }
    Ok(jobs)
}

/// Jobs of datagrams one by one, where there are IPsec policies: such as one applies to, and others.
pub(super) fn protected_jobs(site: &Site) -> Result<Vec<Job<'static>>, SaPathError> {
    let mut jobs = Vec::new();
    for (what, end) in [(What::Unprotected, End::Dropped), (What::Protected, End::Protected)] {
        let socket = site.socket_to(end)?;
        for octets in SIZES {
            jobs.push(calls(what, &socket, octets)?);
        }
    }
    Ok(jobs)
}

/// Send calls of datagrams one by one.
fn calls(what: What, socket: &UdpSocket, octets: u32) -> Result<Job<'static>, SaPathError> {
    let socket = socket.try_clone().doing("share a UDP socket")?;
    let payload = vec![0x5a; octets as usize];
    Ok(Job::one((what, 1, octets), move || {
        repeated(CALLS, || socket.send(&payload).map(drop)).map(|seconds| seconds / CALLS as f64)
    }))
}

/// Seconds of so many calls together.
pub(super) fn repeated(calls: usize, mut call: impl FnMut() -> std::io::Result<()>) -> Result<f64, SaPathError> {
    // The first calls find caches and predictors as another job has left them.
    let mut failed = (0..calls.div_ceil(2)).find_map(|_| call().err());
    let seconds = timed(|| failed = failed.take().or_else(|| (0..calls).find_map(|_| call().err())));
    match failed {
        Some(error) => Err(error).doing("send"),
        None => Ok(seconds),
    }
}

/// Sends of UDP super-packets.
fn super_packets(site: &Site, end: End, segments: u32, octets: u32) -> Result<Job<'static>, SaPathError> {
    let socket = cutting_socket(site, end, octets)?;
    let payload = vec![0x5a; (segments * octets) as usize];
    let calls = (PACKETS / segments).max(2) as usize;
    Ok(Job::one((What::Send(end), segments, octets), move || {
        repeated(calls, || socket.send(&payload).map(drop)).map(|seconds| seconds / calls as f64)
    }))
}

/// A UDP socket whose sends are cut into datagrams of so many octets.
pub(super) fn cutting_socket(site: &Site, end: End, octets: u32) -> Result<UdpSocket, SaPathError> {
    let socket = site.socket_to(end)?;
    setsockopt(&socket, SndBuf, &(4 << 20)).doing("set SO_SNDBUF")?;
    setsockopt(&socket, UdpGsoSegment, &(octets as i32)).map_err(|error| {
        SaPathError::unavailable(format!("no UDP segmentation (UDP_SEGMENT): {error}"), "a kernel of 4.18 or later")
    })?;
    Ok(socket)
}

/// A batch of datagrams in one call.
struct Many {
    socket: UdpSocket,
    payload: Vec<u8>,
    headers: MultiHeaders<SockaddrIn>,
}

impl Many {
    fn new(socket: UdpSocket, octets: u32) -> Self {
        Many { socket, payload: vec![0x5a; octets as usize], headers: MultiHeaders::preallocate(BATCH, None) }
    }

    /// Seconds of one datagram.
    fn send(&mut self) -> Result<f64, SaPathError> {
        let part = [IoSlice::new(&self.payload)];
        let parts = [&part; BATCH];
        let addresses = [None::<SockaddrIn>; BATCH];
        let number = self.socket.as_raw_fd();
        let mut sent = Ok(0);
        let seconds = timed(|| {
            sent =
                sendmmsg(number, &mut self.headers, parts, addresses, [], MsgFlags::empty()).map(|sent| sent.count());
        });
        match sent.doing("sendmmsg")? {
            BATCH => Ok(seconds / BATCH as f64),
            found => Err(SaPathError::Contradiction {
                what: "datagrams of one sendmmsg".into(),
                expected: BATCH as u64,
                found: found as u64,
            }),
        }
    }
}
