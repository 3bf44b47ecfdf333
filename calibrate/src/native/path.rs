//! What receiving and forwarding cost: trains of packets through a veth pair whose far end polls (NAPI) and merges (GRO)
//! as a NIC's driver does. A super-packet is cut before the pair, so that all its segments are found by one poll, which
//! runs before the sending call returns.

use std::net::UdpSocket;
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;

use nix::sys::socket::sockopt::RcvBuf;
use nix::sys::socket::{MsgFlags, recv, send, setsockopt};

use super::rounds::{Job, What};
use super::send::{PACKETS, cutting_socket, repeated};
use super::site::{End, HERE, NOBODY, PEER_HARDWARE, Site};
use crate::sa_path::error::{Doing, SaPathError};
use crate::sa_path::frame::super_packet;
use crate::sa_path::packet_socket::PacketSocket;
use crate::sample::timed;

/// Packets of a train.
const TRAINS: [u32; 6] = [1, 2, 4, 8, 16, 32];
/// Payload octets of their packets.
const OCTETS: u32 = super::derive::TRAIN_OCTETS;
/// Payload octets of what is read.
const READ: [u32; 2] = [64, 1400];
/// Packets of the trains whose reading is measured.
const READ_TRAIN: u32 = super::derive::READ_TRAIN;
/// Segments of injected super-packets, and the payload octets of each.
const SEGMENTS: [u32; 6] = [1, 2, 5, 10, 20, 40];
const SEGMENT: u32 = 1400;
/// Those of whole ones, of two kinds.
const WHOLE_SEGMENTS: [u32; 2] = [536, SEGMENT];

/// Jobs of trains through the pair.
pub(super) fn jobs(site: &Site) -> Result<Vec<Job<'static>>, SaPathError> {
    let mut jobs = Vec::new();
    for end in [End::Segmented, End::Ignored, End::NoRoute, End::Forwarded] {
        for packets in TRAINS {
            jobs.push(train(site, end, packets, OCTETS)?);
        }
    }
    let inbox = Rc::new(site.peer_socket()?);
    setsockopt(&*inbox, RcvBuf, &(4 << 20)).doing("set SO_RCVBUF")?;
    let delivered = TRAINS.map(|packets| (packets, OCTETS));
    for (packets, octets) in delivered.into_iter().chain(READ.map(|octets| (READ_TRAIN, octets))) {
        jobs.push(delivery(site, Rc::clone(&inbox), packets, octets)?);
    }
    for segments in SEGMENTS {
        for octets in WHOLE_SEGMENTS {
            for end in [End::NoRoute, End::Forwarded, End::ForwardedSegmented] {
                jobs.push(injection(What::Injected(end), site.whole, end, segments, octets)?);
            }
        }
        jobs.push(injection(What::Merged(End::Segmented), site.drops[1], End::Ignored, segments, SEGMENT)?);
        jobs.push(injection(What::Merged(End::Ignored), site.ends[0], End::Ignored, segments, SEGMENT)?);
    }
    Ok(jobs)
}

fn train(site: &Site, end: End, packets: u32, octets: u32) -> Result<Job<'static>, SaPathError> {
    let socket = cutting_socket(site, end, octets)?;
    let payload = vec![0x5a; (packets * octets) as usize];
    let calls = (PACKETS / packets).max(2) as usize;
    Ok(Job::one((What::Send(end), packets, octets), move || {
        repeated(calls, || socket.send(&payload).map(drop)).map(|seconds| seconds / calls as f64)
    }))
}

/// A train to a socket, from which each datagram is then read: seconds of the sending call, in which all are delivered,
/// and of one read.
fn delivery(site: &Site, inbox: Rc<UdpSocket>, packets: u32, octets: u32) -> Result<Job<'static>, SaPathError> {
    let socket = cutting_socket(site, End::Delivered, octets)?;
    let payload = vec![0x5a; (packets * octets) as usize];
    let mut buffer = vec![0; octets as usize];
    let calls = (PACKETS / packets).max(2);
    let mut once = move || {
        let mut sent = Ok(0);
        let sending = timed(|| sent = socket.send(&payload));
        sent.doing("send a train")?;
        let mut read = 0;
        let reading = timed(|| {
            while read < packets && recv(inbox.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT).is_ok() {
                read += 1;
            }
        });
        let lost = || SaPathError::Contradiction {
            what: "datagrams of a train that came to the peer's socket".into(),
            expected: packets.into(),
            found: read.into(),
        };
        if read == packets { Ok([sending, reading]) } else { Err(lost()) }
    };
    let run = move || {
        // As elsewhere, the first are not timed.
        (0..calls.div_ceil(2)).try_for_each(|_| once().map(drop))?;
        let all = (0..calls).map(|_| once()).collect::<Result<Vec<[f64; 2]>, SaPathError>>()?;
        let sum = |i: usize| all.iter().map(|one| one[i]).sum::<f64>();
        Ok(vec![sum(0) / f64::from(calls), sum(1) / f64::from(calls * packets)])
    };
    let rows = vec![(What::Send(End::Delivered), packets, octets), (What::Read, packets, octets)];
    Ok(Job { rows, run: Box::new(run) })
}

/// TCP super-packets injected into an interface.
fn injection(what: What, interface: u32, end: End, segments: u32, octets: u32) -> Result<Job<'static>, SaPathError> {
    let injector = PacketSocket::injector(interface)?;
    let target = if end == End::Ignored { NOBODY } else { PEER_HARDWARE };
    let frame = super_packet(target, HERE, end.address(), segments as usize, octets as usize);
    let calls = (PACKETS / segments).max(2) as usize;
    Ok(Job::one((what, segments, octets), move || {
        let number = injector.as_fd().as_raw_fd();
        let inject = || send(number, &frame, MsgFlags::empty()).map(drop).map_err(std::io::Error::from);
        repeated(calls, inject).map(|seconds| seconds / calls as f64)
    }))
}
