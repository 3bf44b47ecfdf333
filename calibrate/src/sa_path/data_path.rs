//! What one datagram costs the kernel: plain, with ESP in software, with ESP left to the device.

use std::io::IoSlice;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;

use espsim_model::profile::Estimate;
use espsim_model::units::Hertz;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, sendmmsg};
use serde::{Deserialize, Serialize};

use super::error::{Doing, SaPathError};
use super::estimate::of_rounds;
use super::site::{PREFIX, SOURCE, Side, Site, frames};
use super::xfrm::{Mode, Sa};
use super::{Plan, proof, stop};
use crate::sample::timed;

/// UDP payload octets. The largest fits an Ethernet frame with tunnel and ESP headers.
pub const PAYLOADS: [usize; 6] = [64, 128, 256, 512, 1024, 1400];
/// Datagrams of one `sendmmsg`: the system call's own cost is spread over them.
pub(super) const BATCH: usize = 64;
/// The discard service (RFC 863).
const PORT: u16 = 9;

/// What is done to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Nothing: no policy applies.
    Plain,
    /// ESP with the kernel's cipher.
    Software,
    /// ESP headers by the kernel; encryption left to the device.
    Offloaded,
}

/// Cycles of one datagram, from the system call until the driver has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatagramRow {
    /// What is done to it.
    pub protection: Protection,
    /// What ESP encapsulates.
    pub mode: Option<Mode>,
    /// UDP payload, octets.
    pub payload: u64,
    /// Cycles per datagram: median over rounds with its 95 % interval.
    pub cycles: Estimate,
    /// Cycles per datagram of each round.
    pub rounds: Vec<f64>,
}

/// One way of sending, with its destination.
pub(super) struct Flow {
    pub(super) protection: Protection,
    pub(super) mode: Option<Mode>,
    pub(super) network: Ipv4Addr,
    pub(super) sa: Option<Sa>,
}

impl Flow {
    /// The `n`th network, with an SA and policy if ESP applies.
    pub(super) fn set_up(
        site: &mut Site,
        n: u8,
        protection: Protection,
        mode: Option<Mode>,
        side: Side,
    ) -> Result<Self, SaPathError> {
        let network = Ipv4Addr::new(10, 81, n, 0);
        site.route(network, side)?;
        let sa = mode.map(|mode| {
            let mut sa = Sa::new(0x1000 + u32::from(n), SOURCE, host_of(network));
            sa.mode = mode;
            sa.device = (protection == Protection::Offloaded).then_some(site.port(side).index);
            sa
        });
        if let Some(sa) = &sa {
            site.protect(sa, network)?;
        }
        Ok(Flow { protection, mode, network, sa })
    }

    pub(super) fn tear_down(&self, site: &mut Site) -> Result<(), SaPathError> {
        if let Some(sa) = &self.sa {
            site.must(super::xfrm::delete_policy(self.network, PREFIX))?;
            site.must(sa.delete())?;
        }
        Ok(())
    }
}

/// The destination in a network.
pub(super) fn host_of(network: Ipv4Addr) -> Ipv4Addr {
    let [a, b, c, _] = network.octets();
    Ipv4Addr::new(a, b, c, 1)
}

/// Sends datagrams of every size in every way, round after round, and compares what the kernel counted with what was
/// sent.
pub(super) fn measure(
    site: &mut Site,
    plan: &Plan,
    frequency: Hertz,
    proofs: &mut Vec<proof::Proof>,
) -> Result<Vec<DatagramRow>, SaPathError> {
    use Protection::{Offloaded, Plain, Software};
    let ways = [
        (Plain, None),
        (Software, Some(Mode::Transport)),
        (Software, Some(Mode::Tunnel)),
        (Offloaded, Some(Mode::Transport)),
        (Offloaded, Some(Mode::Tunnel)),
    ];
    let mut flows = Vec::new();
    for (n, (protection, mode)) in (10u8..).zip(ways) {
        flows.push(Flow::set_up(site, n, protection, mode, Side::A)?);
    }
    let before = site.a.ipsec()?;
    let frames_before = frames(&site.a.name)?;
    let mut rows = Vec::new();
    let mut senders = Vec::new();
    for flow in &flows {
        let sender = Sender::connect(flow.network)?;
        for payload in PAYLOADS {
            rows.push((flow, payload, Vec::new()));
            senders.push(sender.clone(payload)?);
        }
    }
    for _ in 0..plan.rounds {
        stop::check()?;
        for ((_, _, rounds), sender) in rows.iter_mut().zip(&mut senders) {
            let mut failure = None;
            let time = timed(|| failure = (0..plan.batches).find_map(|_| sender.send().err()));
            if let Some(error) = failure {
                return Err(error);
            }
            rounds.push(time * frequency.get() as f64 / (plan.batches * BATCH) as f64);
        }
    }
    let each = (plan.rounds * plan.batches * BATCH * PAYLOADS.len()) as u64;
    proof::expect(
        proofs,
        "frames that left the device",
        each * flows.len() as u64,
        frames(&site.a.name)? - frames_before,
    )?;
    proof::flows(site, &flows, each, before, proofs)?;
    let row = |(flow, payload, rounds): (&Flow, usize, Vec<f64>)| DatagramRow {
        protection: flow.protection,
        mode: flow.mode,
        payload: payload as u64,
        cycles: of_rounds(&rounds),
        rounds,
    };
    let rows = rows.into_iter().map(row).collect();
    for flow in &flows {
        flow.tear_down(site)?;
    }
    Ok(rows)
}

/// A connected socket and a batch of datagrams.
struct Sender {
    socket: UdpSocket,
    payload: Vec<u8>,
    headers: MultiHeaders<SockaddrIn>,
}

impl Sender {
    fn connect(network: Ipv4Addr) -> Result<UdpSender, SaPathError> {
        let socket = UdpSocket::bind((SOURCE, 0)).doing("bind a UDP socket")?;
        socket.connect((host_of(network), PORT)).doing("connect a UDP socket")?;
        Ok(UdpSender(socket))
    }

    fn send(&mut self) -> Result<(), SaPathError> {
        let part = [IoSlice::new(&self.payload)];
        let parts = [&part; BATCH];
        let addresses = [None::<SockaddrIn>; BATCH];
        let number = self.socket.as_raw_fd();
        let sent = sendmmsg(number, &mut self.headers, parts, addresses, [], MsgFlags::empty()).doing("sendmmsg")?;
        let sent = sent.count();
        if sent == BATCH {
            return Ok(());
        }
        Err(SaPathError::Contradiction {
            what: "datagrams of one sendmmsg".into(),
            expected: BATCH as u64,
            found: sent as u64,
        })
    }
}

/// A socket that senders of several sizes share.
struct UdpSender(UdpSocket);

impl UdpSender {
    fn clone(&self, payload: usize) -> Result<Sender, SaPathError> {
        let socket = self.0.try_clone().doing("share a UDP socket")?;
        Ok(Sender { socket, payload: vec![0x5a; payload], headers: MultiHeaders::preallocate(BATCH, None) })
    }
}
