//! ESP in software by the running kernel, where it has it, and the control path of SAs.
//!
//! With a cipher and an integrity check that do nothing (`ecb(cipher_null)`, `digest_null`) a packet costs what XFRM and the
//! request to the cipher do, and no cipher has to be subtracted.

use std::time::Instant;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::{NETLINK_ROUTE, NETLINK_XFRM};

use super::anchor::protected_job;
use super::rounds::{self, Row};
use super::send;
use super::site::{End, HERE, PEER, PREFIX, Site, TUNNEL, network};
use crate::sa_path::Mode;
use crate::sa_path::control_path::what;
use crate::sa_path::error::SaPathError;
use crate::sa_path::link::{IPV4_ROUTES, Links, Route};
use crate::sa_path::netlink::{Channel, Listener, Request};
use crate::sa_path::xfrm::{Sa, SaState, delete_policy};

/// Repetitions of each request in a pass.
const REPETITIONS: u32 = 45;
/// Policies that nothing is sent to.
const ELSEWHERE: std::net::Ipv4Addr = std::net::Ipv4Addr::new(10, 86, 0, 0);

/// Seconds of a request, in each repetition.
pub(super) type Times = (&'static str, Vec<f64>);

/// What a pass gave.
#[derive(Debug, Default)]
pub(super) struct Esp {
    /// Datagrams in the clear and protected.
    pub(super) rows: Vec<Row>,
    /// The control path.
    pub(super) control: Vec<Times>,
    /// What this kernel lacks, by name.
    pub(super) lacks: Vec<String>,
}

/// Measures in a site that nothing else is measured in: policies make every packet slower.
pub(super) fn measure(site: &Site, rounds: usize) -> Result<Esp, SaPathError> {
    let mut xfrm = match Channel::open(NETLINK_XFRM) {
        Ok(xfrm) => xfrm,
        Err(error) => return Ok(Esp { lacks: vec![format!("IPsec: {error}")], ..Esp::default() }),
    };
    let mut esp = Esp::default();
    let sa = Sa { mode: Mode::Tunnel, icv: None, ..Sa::new(0x6000, TUNNEL[0], TUNNEL[1]) };
    esp.control.push((what::POLICY, policies(&mut xfrm, &sa)?));
    esp.control.push((what::NOTIFICATION, notifications(site)?));
    match xfrm.ask(&mut sa.add())? {
        Ok(_) => {
            xfrm.must(&mut sa.policy(network(End::Protected), PREFIX))?;
            esp.rows = rounds::measure(&mut send::protected_jobs(site)?, rounds)?.value;
        }
        Err(refusal) => {
            let what = "ESP in software (stack.xfrm, [sa], an anchor under ESP): this kernel takes no SA; it needs CONFIG_INET_ESP (modprobe \
                        esp4) and CONFIG_CRYPTO_NULL";
            esp.lacks.push(format!("{what}: {refusal}"));
            return Ok(esp);
        }
    }
    let gcm = Sa { icv: Some(16), spi: 0x7000, ..sa };
    match associations(&mut xfrm, &gcm)? {
        Ok(times) => esp.control.extend(times),
        Err(refusal) => {
            let what = "an anchor under ESP, [sa]: this kernel takes no SA with AES-GCM (CONFIG_CRYPTO_GCM)";
            esp.lacks.push(format!("{what}: {refusal}"));
            return Ok(esp);
        }
    }
    esp.rows.extend(anchor(site, &mut xfrm, rounds)?);
    Ok(esp)
}

/// The anchor under ESP: the peer has the same SA, by the same key, and decrypts.
fn anchor(site: &Site, xfrm: &mut Channel, rounds: usize) -> Result<Vec<Row>, SaPathError> {
    let sa = Sa::new(0x7001, HERE, PEER);
    let mut add = sa.add();
    xfrm.must(&mut add)?;
    site.at_peer(|| Channel::open(NETLINK_XFRM)?.must(&mut add).map(drop))?;
    xfrm.must(&mut sa.policy(PEER, 32))?;
    let rows = rounds::measure(&mut [protected_job(site)?], rounds)?.value;
    let packets = |channel: &mut Channel| {
        let answer = channel.must(&mut sa.get())?;
        Ok(answer.as_deref().and_then(SaState::read).map_or(0, |state| state.packets))
    };
    let (sent, received) = (packets(xfrm)?, site.at_peer(|| packets(&mut Channel::open(NETLINK_XFRM)?))?);
    let as_it_should = sent > 0 && sent == received;
    as_it_should.then_some(rows).ok_or_else(|| SaPathError::Contradiction {
        what: "packets that the peer decrypted, of those encrypted".into(),
        expected: sent,
        found: received,
    })
}

/// That this kernel's ESP carries what the anchor sends, in a pass that is not looked at for its times; the kernel's lacks
/// where it does not.
///
/// # Errors
/// [`SaPathError`] as of a measurement.
pub fn works() -> Result<Vec<String>, SaPathError> {
    Ok(measure(&Site::build()?, 1)?.lacks)
}

/// Adding policies.
fn policies(xfrm: &mut Channel, sa: &Sa) -> Result<Vec<f64>, SaPathError> {
    let mut times = Vec::new();
    for _ in 0..REPETITIONS {
        times.push(granted(xfrm, &mut sa.policy(ELSEWHERE, PREFIX))?);
        xfrm.must(&mut delete_policy(ELSEWHERE, PREFIX))?;
    }
    Ok(times)
}

/// Adding, asking for and deleting SAs; the kernel's words where it takes none.
fn associations(xfrm: &mut Channel, sa: &Sa) -> Result<Result<Vec<Times>, String>, SaPathError> {
    let mut times = [what::ADD, what::GET, what::DELETE].map(|what| (what, Vec::new()));
    for _ in 0..REPETITIONS {
        let (time, answer) = xfrm.timed(&mut sa.add())?;
        if let Err(refusal) = answer {
            return Ok(Err(refusal.to_string()));
        }
        times[0].1.push(time.as_secs_f64());
        times[1].1.push(granted(xfrm, &mut sa.get())?);
        times[2].1.push(granted(xfrm, &mut sa.delete())?);
    }
    Ok(Ok(times.into()))
}

/// From the request that changes a route until a listener reads of it.
fn notifications(site: &Site) -> Result<Vec<f64>, SaPathError> {
    let mut links = Links::open()?;
    let mut listener = Listener::join(NETLINK_ROUTE, IPV4_ROUTES)?;
    let mut times = Vec::new();
    for n in 0..REPETITIONS {
        // A route that stays what it was is no news.
        let hop = (n % 2 == 0).then_some((TUNNEL[1], site.drops[0]));
        let mut request = Route { network: ELSEWHERE, prefix: PREFIX, hop, source: None }.request();
        let start = Instant::now();
        links.channel.must(&mut request)?;
        while !matches!(listener.next()?, RouteNetlinkMessage::NewRoute(_)) {}
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(times)
}

/// Seconds of a request that must be granted.
fn granted(xfrm: &mut Channel, request: &mut Request) -> Result<f64, SaPathError> {
    let (time, answer) = xfrm.timed(request)?;
    answer
        .map(|_| time.as_secs_f64())
        .map_err(|refusal| SaPathError::Refused { request: "a request to XFRM".into(), refusal })
}
