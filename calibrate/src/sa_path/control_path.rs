//! How long the control path takes: each request many times, from `send` to acknowledgement.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use espsim_model::profile::Delay;
use espsim_model::units::Time;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use serde::{Deserialize, Serialize};

use super::data_path::host_of;
use super::error::SaPathError;
use super::link::IPV4_ROUTES;
use super::netlink::{Listener, Refusal, Request};
use super::site::{PREFIX, SOURCE, Side, Site};
use super::xfrm::{Sa, delete_policy};
use super::{Plan, proof, stop};

/// Probabilities whose quantiles are kept.
const QUANTILES: [f64; 9] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0];
/// The network that SAs of the control path are for.
const NETWORK: Ipv4Addr = Ipv4Addr::new(10, 81, 50, 0);
/// More SAs than netdevsim holds.
const MANY: u32 = 4096;

/// One kind of request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlRow {
    /// What is requested.
    pub what: String,
    /// How long it took.
    pub delay: Delay,
}

/// An offload that the driver refused, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalRow {
    /// Why it had to be refused.
    pub why: String,
    /// The kernel's error and its own words.
    pub answer: String,
    /// Whether the same SA without offload was accepted.
    pub retried: bool,
}

/// What the control path gave.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ControlPath {
    /// Delays by request.
    pub rows: Vec<ControlRow>,
    /// Refusals.
    pub refusals: Vec<RefusalRow>,
    /// SAs that the device holds.
    pub table: u32,
    /// What the kernel lacks.
    pub skipped: Vec<String>,
}

impl ControlPath {
    /// The delay of a request.
    pub fn delay(&self, what: &str) -> Option<&Delay> {
        self.rows.iter().find(|row| row.what == what).map(|row| &row.delay)
    }
}

/// Names of rows, shared with what reads them.
pub mod what {
    /// `XFRM_MSG_NEWSA` without offload.
    pub const ADD: &str = "SA add, software";
    /// `XFRM_MSG_NEWSA` with offload.
    pub const ADD_OFFLOAD: &str = "SA add, offloaded";
    /// `XFRM_MSG_NEWSA` with offload, refused for its algorithm.
    pub const REFUSE: &str = "SA add, refused (algorithm)";
    /// The same, then without offload.
    pub const RETRY: &str = "SA add, refused (algorithm) and retried";
    /// `XFRM_MSG_NEWSA` with offload, refused for want of space.
    pub const FULL: &str = "SA add, refused (table full)";
    /// The same, then without offload.
    pub const FULL_RETRY: &str = "SA add, refused (table full) and retried";
    /// `XFRM_MSG_DELSA` without offload.
    pub const DELETE: &str = "SA delete, software";
    /// `XFRM_MSG_DELSA` with offload.
    pub const DELETE_OFFLOAD: &str = "SA delete, offloaded";
    /// `XFRM_MSG_GETSA`.
    pub const GET: &str = "SA get";
    /// `XFRM_MSG_UPDPOLICY`.
    pub const POLICY: &str = "policy add";
    /// A new pair, the policy, the old pair deleted.
    pub const REKEY: &str = "rekey, one pair";
    /// `XFRM_MSG_MIGRATE`.
    pub const MIGRATE: &str = "migrate";
    /// `NLMSG_NOOP`: what a request costs that asks for nothing.
    pub const NOTHING: &str = "netlink no-op";
    /// `RTM_NEWROUTE` to its multicast.
    pub const NOTIFICATION: &str = "route change to notification";
}

/// Times every kind of request.
pub(super) fn measure(
    site: &mut Site,
    plan: &Plan,
    proofs: &mut Vec<proof::Proof>,
) -> Result<ControlPath, SaPathError> {
    let mut rows = Rows(Vec::new());
    let mut refusals = Vec::new();
    let mut skipped = Vec::new();
    let host = host_of(NETWORK);
    let software = Sa::new(0x2000, SOURCE, host);
    let offloaded = Sa { device: Some(site.a.index), ..software.clone() };
    let unsupported = Sa { icv: Some(8), ..offloaded.clone() };
    for _ in 0..plan.repetitions {
        stop::check()?;
        for (sa, add, delete) in
            [(&software, what::ADD, what::DELETE), (&offloaded, what::ADD_OFFLOAD, what::DELETE_OFFLOAD)]
        {
            rows.time(site, add, &mut sa.add())?;
            rows.time(site, what::GET, &mut sa.get())?;
            rows.time(site, delete, &mut sa.delete())?;
        }
        let refusal = rows.refused(site, [what::REFUSE, what::RETRY], &unsupported)?;
        note(&mut refusals, "AES-GCM with an ICV of 8 octets: the device takes 16", &refusal);
        site.must(unsupported.delete())?;
        rows.time(site, what::NOTHING, &mut Request::nothing())?;
        rows.time(site, what::POLICY, &mut software.policy(NETWORK, PREFIX))?;
        site.must(delete_policy(NETWORK, PREFIX))?;
    }
    rekey(site, plan, &mut rows)?;
    let table = full(site, plan, &mut rows, &mut refusals, proofs)?;
    notification(site, plan, &mut rows)?;
    if let Err(reason) = migrate(site, plan, &mut rows)? {
        skipped.push(format!("XFRM_MSG_MIGRATE: {reason}"));
    }
    let rows = rows.0.into_iter().map(|(what, times)| ControlRow { what: what.to_owned(), delay: delay(&times) });
    Ok(ControlPath { rows: rows.collect(), refusals, table, skipped })
}

/// New SAs in both directions, the policy, the old SAs deleted: what a daemon sends when the key exchange is done.
fn rekey(site: &mut Site, plan: &Plan, rows: &mut Rows) -> Result<(), SaPathError> {
    let host = host_of(NETWORK);
    let device = Some(site.a.index);
    let pair = |n: u32| {
        let out = Sa { device, ..Sa::new(0x3000 + n, SOURCE, host) };
        let inbound = Sa { device, inbound: true, ..Sa::new(0x8000 + n, host, SOURCE) };
        [inbound, out]
    };
    let mut old = pair(0);
    for sa in &old {
        site.must(sa.add())?;
    }
    for n in 1..=plan.repetitions as u32 {
        stop::check()?;
        let new = pair(n % 0x4000);
        let mut requests: Vec<Request> = new.iter().map(Sa::add).collect();
        requests.push(new[1].policy(NETWORK, PREFIX));
        requests.extend(old.iter().map(Sa::delete));
        let mut sum = Duration::ZERO;
        for request in &mut requests {
            let (time, answer) = site.xfrm.timed(request)?;
            answer.map_err(|refusal| SaPathError::Refused { request: what::REKEY.to_owned(), refusal })?;
            sum += time;
        }
        rows.push(what::REKEY, sum);
        old = new;
    }
    for sa in &old {
        site.must(sa.delete())?;
    }
    site.must(delete_policy(NETWORK, PREFIX))
}

/// Fills the device, has it refuse, empties it; how many SAs it holds.
fn full(
    site: &mut Site,
    plan: &Plan,
    rows: &mut Rows,
    refusals: &mut Vec<RefusalRow>,
    proofs: &mut Vec<proof::Proof>,
) -> Result<u32, SaPathError> {
    let sa = |site: &Site, n: u32| Sa { device: Some(site.a.index), ..Sa::new(0x4000 + n, SOURCE, host_of(NETWORK)) };
    let mut held = 0;
    while held < MANY && site.xfrm.ask(&mut sa(site, held).add())?.is_ok() {
        held += 1;
    }
    proof::expect(proofs, "debugfs: SAs in the full device", u64::from(held), site.a.ipsec()?.sas)?;
    let extra = sa(site, held);
    for _ in 0..plan.repetitions.min(if held < MANY { usize::MAX } else { 0 }) {
        stop::check()?;
        let refusal = rows.refused(site, [what::FULL, what::FULL_RETRY], &extra)?;
        note(refusals, "the device's table of SAs is full", &refusal);
        site.must(extra.delete())?;
    }
    for n in 0..held {
        site.must(sa(site, n).delete())?;
    }
    proof::expect(proofs, "debugfs: SAs in the emptied device", 0, site.a.ipsec()?.sas)?;
    Ok(held)
}

/// From the request that changes a route until a listener reads of it.
fn notification(site: &mut Site, plan: &Plan, rows: &mut Rows) -> Result<(), SaPathError> {
    let mut listener = Listener::join(NETLINK_ROUTE, IPV4_ROUTES)?;
    for n in 0..plan.repetitions {
        stop::check()?;
        let side = if n % 2 == 0 { Side::A } else { Side::B };
        let mut request = site.route_to(NETWORK, side).request();
        let start = Instant::now();
        site.links.channel.must(&mut request)?;
        while !matches!(listener.next()?, RouteNetlinkMessage::NewRoute(_)) {}
        rows.push(what::NOTIFICATION, start.elapsed());
    }
    Ok(())
}

/// Moves an SA with its policy to another source address and back; the kernel's reason if it cannot.
fn migrate(site: &mut Site, plan: &Plan, rows: &mut Rows) -> Result<Result<(), String>, SaPathError> {
    let mut sa = Sa::new(0x5000, SOURCE, host_of(NETWORK));
    sa.mode = super::Mode::Tunnel;
    site.protect(&sa, NETWORK)?;
    let mut reason = None;
    for n in 0..plan.repetitions {
        stop::check()?;
        let next = if n % 2 == 0 { Ipv4Addr::new(10, 81, 1, 1) } else { SOURCE };
        let (time, answer) = site.xfrm.timed(&mut sa.migrate(NETWORK, PREFIX, next))?;
        if let Err(refusal) = answer {
            reason = Some(refusal.to_string());
            break;
        }
        rows.push(what::MIGRATE, time);
        sa.source = next;
    }
    site.must(sa.delete())?;
    site.must(delete_policy(NETWORK, PREFIX))?;
    Ok(reason.map_or(Ok(()), Err))
}

/// Seconds by request, in order of their first.
struct Rows(Vec<(&'static str, Vec<f64>)>);

impl Rows {
    fn push(&mut self, what: &'static str, time: Duration) {
        match self.0.iter_mut().find(|row| row.0 == what) {
            Some(row) => row.1.push(time.as_secs_f64()),
            None => self.0.push((what, vec![time.as_secs_f64()])),
        }
    }

    /// A request that must be granted.
    fn time(&mut self, site: &mut Site, what: &'static str, request: &mut Request) -> Result<(), SaPathError> {
        let (time, answer) = site.xfrm.timed(request)?;
        answer.map_err(|refusal| SaPathError::Refused { request: what.to_owned(), refusal })?;
        self.push(what, time);
        Ok(())
    }

    /// An offload that must be refused, and the same SA without.
    fn refused(&mut self, site: &mut Site, names: [&'static str; 2], sa: &Sa) -> Result<Refusal, SaPathError> {
        let (first, answer) = site.xfrm.timed(&mut sa.add())?;
        let Err(refusal) = answer else {
            let what = format!("SAs accepted that should have been refused ({})", names[0]);
            return Err(SaPathError::Contradiction { what, expected: 0, found: 1 });
        };
        let (second, answer) = site.xfrm.timed(&mut Sa { device: None, ..sa.clone() }.add())?;
        answer.map_err(|refusal| SaPathError::Refused { request: names[1].to_owned(), refusal })?;
        self.push(names[0], first);
        self.push(names[1], first + second);
        Ok(refusal)
    }
}

fn note(refusals: &mut Vec<RefusalRow>, why: &str, refusal: &Refusal) {
    let row = RefusalRow { why: why.to_owned(), answer: refusal.to_string(), retried: true };
    if !refusals.contains(&row) {
        refusals.push(row);
    }
}

/// Mean, median with interval, quantiles.
pub(crate) fn delay(seconds: &[f64]) -> Delay {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let at = |probability: f64| {
        let index = (probability * last as f64).round() as usize;
        Time::from_seconds(sorted.get(index).copied().unwrap_or(0.0))
    };
    let (low, high) = crate::sample::median_interval(seconds);
    Delay {
        n: seconds.len() as u32,
        mean: Time::from_seconds(seconds.iter().sum::<f64>() / seconds.len().max(1) as f64),
        median_interval: (Time::from_seconds(low), Time::from_seconds(high)),
        quantiles: QUANTILES.map(|probability| (probability, at(probability))).into(),
    }
}
