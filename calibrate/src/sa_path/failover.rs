//! A failover as it happens: SAs offloaded to device A, the route moved to another device while traffic flows, SAs
//! installed again by what a daemon does. Every packet is looked at as it leaves.

use std::net::Ipv4Addr;
use std::time::Duration;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use serde::{Deserialize, Serialize};

use super::error::SaPathError;
use super::link::{IPV4_ROUTES, Route};
use super::netlink::{Answer, Listener, Request};
use super::site::{PREFIX, Port, SOURCE, Side, Site};
use super::traffic::Traffic;
use super::xfrm::{Sa, SaState, delete_policy, flush};
use super::{proof, stop};

/// Numbers of SAs that are moved.
pub const SAS: [u32; 3] = [1, 10, 100];
/// Traffic before the route changes and after the last SA is installed.
const AROUND: Duration = Duration::from_millis(20);
/// Sequence numbers left out when an SA is installed again. Packets go out between reading its last number and
/// deleting it; numbers may be left out but never used twice (RFC 4303 section 3.3.3).
const MARGIN: u32 = 1 << 10;

/// What the daemon does about an SA whose device the packets no longer leave by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Asks for offload to the new device; if the driver refuses, asks again without.
    FailThenRetry,
    /// Asks once and leaves it to the kernel, which keeps the SA in software where the device has no crypto.
    FallbackFlag,
}

impl Policy {
    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Policy::FailThenRetry => "fail-then-retry",
            Policy::FallbackFlag => "fallback-flag",
        }
    }
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// ESP, encryption left to the device.
    Offloaded,
    /// ESP, encrypted by the kernel.
    Software,
    /// Not seen on any device.
    Lost,
}

impl Fate {
    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Fate::Offloaded => "offloaded",
            Fate::Software => "software",
            Fate::Lost => "lost",
        }
    }
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Microseconds since traffic began.
    pub at_us: f64,
    /// The SA, counted from 0; absent for what concerns all.
    pub sa: Option<u32>,
    /// What happened.
    pub what: What,
}

/// What happened at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A packet was sent.
    Packet {
        /// What became of it.
        fate: Fate,
        /// ESP sequence number, if it was seen.
        sequence: Option<u32>,
        /// The device it left by, if it was seen.
        device: Option<String>,
    },
    /// The kernel acknowledged a control request, or told of a change.
    Control {
        /// The request, or the change.
        request: String,
        /// The kernel's refusal, if it refused.
        refusal: Option<String>,
    },
}

/// One failover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failover {
    /// What the daemon does.
    pub policy: Policy,
    /// SAs moved.
    pub sas: u32,
    /// Of these, offloaded before.
    pub offloaded_before: u32,
    /// Of these, offloaded after.
    pub offloaded_after: u32,
    /// From the acknowledged change of the route to the daemon's notification, microseconds.
    pub notification_us: f64,
    /// From the acknowledged change of the route to the acknowledgement of the last SA, microseconds.
    pub recovery_us: f64,
    /// Of this, the time between the daemon's requests and their acknowledgements, in each pass; the rest went into
    /// packets.
    pub daemon_us: Vec<f64>,
    /// Requests that the daemon sent.
    pub messages: u32,
    /// Of these, refused.
    pub refused: u32,
    /// Packets by fate after the change of the route: offloaded, software, lost.
    pub after: [u32; 3],
    /// Everything that happened, in order.
    pub timeline: Vec<Event>,
}

/// Fails over with every policy and number of SAs: to a device that takes SAs as far as it has room, and to one that
/// has no crypto.
pub(super) fn measure(site: &mut Site, proofs: &mut Vec<proof::Proof>) -> Result<Vec<Failover>, SaPathError> {
    let mut failovers = Vec::new();
    for (policy, side) in [(Policy::FailThenRetry, Side::B), (Policy::FallbackFlag, Side::Dummy)] {
        for sas in SAS {
            stop::check()?;
            let target = site.port(side).clone();
            let failover = one(site, policy, sas, &target)?;
            check(&failover, &target.name, proofs)?;
            failovers.push(failover);
        }
    }
    Ok(failovers)
}

fn one(site: &mut Site, policy: Policy, count: u32, target: &Port) -> Result<Failover, SaPathError> {
    let network = Ipv4Addr::new(10, 81, 60, 0);
    site.route(network, Side::A)?;
    let host = |n: u32| Ipv4Addr::new(10, 81, 60, n as u8 + 1);
    let mut sas: Vec<Sa> = (0..count).map(|n| Sa::new(0x6000 + n, SOURCE, host(n))).collect();
    let mut offloaded_before = 0;
    for sa in &mut sas {
        sa.device = Some(site.a.index);
        if site.xfrm.ask(&mut sa.add())?.is_err() {
            sa.device = None;
            site.must(sa.add())?;
        }
        offloaded_before += u32::from(sa.device.is_some());
        site.must(sa.policy(sa.destination, 32))?;
    }
    let mut traffic = Traffic::start(site, &sas, target)?;
    traffic.flow(AROUND)?;
    let moved = fail_over(site, network, &sas, target, policy, &mut traffic)?;
    traffic.flow(AROUND)?;
    let timeline = traffic.events;
    for sa in &moved.sas {
        site.must(sa.delete())?;
        site.must(delete_policy(sa.destination, 32))?;
    }
    // While an SA was missing the kernel has made one that waits for a daemon, for half a minute, and holds the device.
    let _ = site.xfrm.ask(&mut flush())?;
    let mut after = [0; 3];
    for event in timeline.iter().filter(|event| event.at_us > moved.changed_us) {
        if let What::Packet { fate, .. } = &event.what {
            after[*fate as usize] += 1;
        }
    }
    Ok(Failover {
        policy,
        sas: count,
        offloaded_before,
        offloaded_after: moved.offloaded,
        notification_us: moved.noticed_us - moved.changed_us,
        recovery_us: moved.recovered_us - moved.changed_us,
        daemon_us: vec![moved.daemon_us],
        messages: moved.messages,
        refused: moved.refused,
        after,
        timeline,
    })
}

/// What the daemon did.
struct Moved {
    sas: Vec<Sa>,
    changed_us: f64,
    noticed_us: f64,
    recovered_us: f64,
    daemon_us: f64,
    messages: u32,
    refused: u32,
    offloaded: u32,
}

/// Moves the route; then, told of it, installs each SA again: reads its sequence number, deletes it, adds it. Packets
/// go on being sent between any two messages.
fn fail_over(
    site: &mut Site,
    network: Ipv4Addr,
    sas: &[Sa],
    target: &Port,
    policy: Policy,
    traffic: &mut Traffic,
) -> Result<Moved, SaPathError> {
    let mut listener = Listener::join(NETLINK_ROUTE, IPV4_ROUTES)?;
    let hop = Some((target.gateway, target.index));
    site.links.route(&Route { network, prefix: PREFIX, hop, source: Some(SOURCE) })?;
    let changed_us = traffic.note(None, "route changed", None)?;
    while !matches!(listener.next()?, RouteNetlinkMessage::NewRoute(_)) {}
    let noticed_us = traffic.note(None, "daemon notified", None)?;
    let mut daemon = Daemon { site, traffic, time: Duration::ZERO, messages: 0, refused: 0 };
    let mut moved = Vec::new();
    for (n, old) in (0..).zip(sas) {
        let state = daemon.must(n, "XFRM_MSG_GETSA", old.get())?;
        let sequence = state.as_deref().and_then(SaState::read).map_or(0, |state| state.sequence);
        daemon.must(n, "XFRM_MSG_DELSA", old.delete())?;
        let mut sa = Sa { device: Some(target.index), sequence: sequence + MARGIN, ..old.clone() };
        match (daemon.ask(n, "XFRM_MSG_NEWSA, offload", sa.add())?, policy) {
            (Ok(_), _) => {}
            (Err(_), Policy::FailThenRetry) => {
                sa.device = None;
                daemon.must(n, "XFRM_MSG_NEWSA", sa.add())?;
            }
            (Err(refusal), Policy::FallbackFlag) => {
                return Err(SaPathError::Refused { request: "offload to a device without crypto".into(), refusal });
            }
        }
        moved.push(sa);
    }
    let Daemon { time, messages, refused, .. } = daemon;
    let recovered_us = traffic.note(None, "last SA installed", None)?;
    // What the kernel decided is told by the SA, not by the request.
    let mut offloaded = 0;
    for sa in &mut moved {
        sa.device = site.state(sa)?.device;
        offloaded += u32::from(sa.device.is_some());
    }
    let daemon_us = time.as_secs_f64() * 1e6;
    Ok(Moved { sas: moved, changed_us, noticed_us, recovered_us, daemon_us, messages, refused, offloaded })
}

/// The key management daemon's side of the control path.
struct Daemon<'a> {
    site: &'a mut Site,
    traffic: &'a mut Traffic,
    /// From requests to their acknowledgements, all together.
    time: Duration,
    messages: u32,
    refused: u32,
}

impl Daemon<'_> {
    fn ask(&mut self, sa: u32, what: &str, mut request: Request) -> Result<Answer, SaPathError> {
        let (time, answer) = self.site.xfrm.timed(&mut request)?;
        self.time += time;
        self.messages += 1;
        self.refused += u32::from(answer.is_err());
        self.traffic.note(Some(sa), what, answer.as_ref().err().map(ToString::to_string))?;
        Ok(answer)
    }

    fn must(&mut self, sa: u32, what: &str, request: Request) -> Result<Option<Vec<u8>>, SaPathError> {
        let answer = self.ask(sa, what, request)?;
        answer.map_err(|refusal| SaPathError::Refused { request: what.to_owned(), refusal })
    }
}

/// After the change all packets leave by the new device; sequence numbers of an SA rise, none twice.
fn check(failover: &Failover, target: &str, proofs: &mut Vec<proof::Proof>) -> Result<(), SaPathError> {
    let mut last = vec![0; failover.sas as usize];
    let mut changed = false;
    let (mut elsewhere, mut not_rising, mut seen) = (0, 0, 0);
    for event in &failover.timeline {
        match &event.what {
            What::Control { request, .. } => changed |= request == "route changed",
            What::Packet { sequence: Some(sequence), device, .. } => {
                seen += u64::from(changed);
                // A packet sent before the acknowledgement may still see the old route.
                elsewhere += u64::from(changed && device.as_deref() != Some(target));
                if let Some(last) = event.sa.and_then(|sa| last.get_mut(sa as usize)) {
                    not_rising += u64::from(*sequence <= *last);
                    *last = *sequence;
                }
            }
            What::Packet { .. } => {}
        }
    }
    let name = format!("failover, {}, {} SAs", failover.policy.name(), failover.sas);
    proof::same(&format!("{name}: sequence numbers that did not rise"), 0, not_rising)?;
    proof::same(&format!("{name}: packets on the old device after the change"), 0, elsewhere)?;
    let what = format!("{name}: packets on the new device, all ESP, numbers rising, none twice");
    proofs.push(proof::Proof { what, count: seen });
    Ok(())
}
