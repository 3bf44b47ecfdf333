//! Some sends of a scenario, step by step: which station each part of them visited when, and for what.

use crate::assembly::Assembly;
use crate::engine::recorder::Chosen;
use crate::profile::Profile;
use crate::route::Charge;
use crate::scenario::{Invalid, Scenario};
use crate::simulate::recorded;
use crate::units::{Bytes, Time};

/// Packets that depart between two looks at whether every send has ended.
const LOOK: u64 = 4096;
/// Events after which a trace ends all the same, sends that are under way left open.
const MOST_EVENTS: u64 = 1_000_000_000;

/// What was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Every send, in the order of their start.
    pub sends: Vec<TracedSend>,
    /// Every step, ordered by send, part and time.
    pub steps: Vec<Step>,
}

/// One send: a packet or a super-packet, from its start to its last completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TracedSend {
    /// When it started.
    pub start: Time,
    /// When everything that belongs to it had ended; absent if that was not seen.
    pub end: Option<Time>,
}

/// One visit of a station.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Number of the send.
    pub send: usize,
    /// Number of the segment or part of it that went on by itself; 0 before the send was split.
    pub part: usize,
    /// Number of the station.
    pub station: u16,
    /// Its name.
    pub name: &'static str,
    /// What is done there.
    pub label: &'static str,
    /// When the send came to the station.
    pub arrival: Time,
    /// When service began.
    pub start: Time,
    /// When service ended.
    pub end: Time,
    /// Octets of payload that this visit takes over PCIe.
    pub payload: Bytes,
}

/// Records `sends` sends of a scenario, the first `after` left out.
///
/// # Errors
/// [`Invalid`] for a scenario that fails [`Scenario::check`].
pub fn trace(scenario: &Scenario, profile: &Profile, seed: u64, after: u64, sends: usize) -> Result<Trace, Invalid> {
    scenario.check(profile)?;
    let assembly = Assembly::new(scenario, profile);
    let compiled = assembly.floor.compile(&assembly.routes.iter().flatten().collect::<Vec<_>>());
    let mut engine = recorded(scenario, &assembly, &compiled, seed, Chosen::new(after, sends));
    let mut packets = 0;
    while !engine.recorder.is_complete() && engine.events() < MOST_EVENTS {
        packets += LOOK;
        if !engine.run(packets, MOST_EVENTS, u64::MAX) {
            break;
        }
    }
    let mut steps: Vec<Step> = engine
        .recorder
        .visits
        .iter()
        .filter_map(|visit| {
            let account = compiled.accounts[visit.pc as usize].as_ref()?;
            let (station, _) = account.busy?;
            let payload = account.charges.iter().map(|charge| match charge {
                Charge::PciePayload(octets) => *octets,
                _ => Bytes::ZERO,
            });
            Some(Step {
                send: visit.job,
                part: visit.part,
                station: station.0,
                name: assembly.floor.stations[usize::from(station.0)].name,
                label: account.label,
                arrival: Time::from_ps(visit.arrival),
                start: Time::from_ps(visit.start),
                end: Time::from_ps(visit.end),
                payload: payload.sum(),
            })
        })
        .collect();
    steps.sort_by_key(|step| (step.send, step.part, step.start));
    let sends = engine.recorder.spans.iter();
    let sends = sends.map(|span| TracedSend { start: Time::from_ps(span.start), end: span.end.map(Time::from_ps) });
    Ok(Trace { sends: sends.collect(), steps })
}
