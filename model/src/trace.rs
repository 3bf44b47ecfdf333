//! Some sends of a simulation, hop by hop.
//!
//! The same engine runs the same program as in [`crate::simulate`], with a tracer: every packet leaves at the same
//! picosecond.

use crate::engine::Engine;
use crate::engine::program::{Op, Pc};
use crate::engine::trace::{Recorder, Step, Stretch};
use crate::machine::Machine;
use crate::profile::Profile;
use crate::route::{Category, Charge, Compiled, Platform, StationId};
use crate::run::{EVENTS_PER_PACKET, all_was_had, too_large, traced_engine};
use crate::scenario::{Invalid, Scenario};
use crate::traffic::Packet;
use crate::units::{Bytes, Cycles, Time};

/// Packets between two looks whether every traced send has ended.
const LOOK: u64 = 64;

/// When a trace begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Once so many packets have left.
    Packets(u64),
    /// At this simulated time.
    Time(Time),
}

/// Some sends, hop by hop.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The stations that they visit.
    pub platform: Platform,
    /// Sends, and the parts that they split into, in the order in which they started; parts after what they are part of.
    pub jobs: Vec<Job>,
}

/// A send, or a part of one: a segment of a super-packet, or one of several read requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// What it is part of; `None` for a send.
    pub part_of: Option<usize>,
    /// Number of the send, from 1, then of the part in it and so on.
    pub number: Vec<u32>,
    /// The flow.
    pub flow: u32,
    /// When it started.
    pub starts: Time,
    /// When it had ended; `None` for what never does.
    pub ends: Option<Time>,
    /// What it did, in order.
    pub hops: Vec<Hop>,
}

/// One step of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Hop {
    /// It visited a station.
    Visit(Visit),
    /// It waited for something else than a station: a place in a ring, tags, a poll, its parts.
    Wait {
        /// What it waited for.
        label: &'static str,
        /// From when on.
        since: Time,
        /// Until when.
        until: Time,
    },
    /// A packet left: what latency is measured to.
    Departure {
        /// The packet.
        packet: Packet,
        /// When.
        at: Time,
    },
}

/// A visit to a station.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// Where.
    pub station: StationId,
    /// What happened.
    pub label: &'static str,
    /// Octets that were worked on or moved; `None` where octets do not count.
    pub octets: Option<Bytes>,
    /// Octets of payload that crossed PCIe with it.
    pub payload: Bytes,
    /// Core cycles by category.
    pub cycles: Vec<(Category, Cycles)>,
    /// When it came to the station's queue.
    pub arrived: Time,
    /// When its turn came.
    pub begins: Time,
    /// When it had been served.
    pub ends: Time,
    /// When it came to its next hop: later than `ends` by the latency behind the station.
    pub leaves: Time,
}

/// Traces the next `sends` sends that start after the beginning, until the last of them has ended. Fewer are traced where
/// arrivals end or nothing moves any more.
///
/// # Errors
/// [`Invalid`] for a scenario that fails [`Scenario::check`], or a beginning that a run does not come to.
pub fn trace(scenario: &Scenario, profile: &Profile, seed: u64, sends: usize, after: After) -> Result<Trace, Invalid> {
    let machine = Machine::build(scenario, profile)?;
    let compiled = machine.compile().map_err(|error| too_large(scenario, error))?;
    let mut engine = traced_engine(&machine, &compiled, seed, Recorder::default());
    let events = scenario.run.max_packets.saturating_mul(EVENTS_PER_PACKET);
    warm_up(&mut engine, after, events)?;
    engine.tracer.record(sends);
    let events = engine.events().saturating_add(events);
    while !engine.tracer.is_complete() {
        let target = engine.observer.packets() + LOOK;
        if !engine.run(target, events, u64::MAX) {
            engine.drain();
            break;
        }
    }
    all_was_had(scenario, &engine)?;
    let jobs = numbered(engine.tracer.parts(), &compiled);
    Ok(Trace { platform: machine.platform, jobs })
}

fn warm_up(engine: &mut Engine<Recorder>, after: After, events: u64) -> Result<(), Invalid> {
    let unreached = |value: String, reached: String| Invalid {
        key: "after".into(),
        value,
        allowed: format!("not more than a run comes to, which is {reached}"),
    };
    match after {
        After::Packets(packets) => match engine.run(packets, events, u64::MAX) {
            true => Ok(()),
            false => Err(unreached(format!("{packets} packets"), format!("{} packets", engine.observer.packets()))),
        },
        After::Time(time) => {
            engine.run(u64::MAX, events, time.as_ps());
            match engine.events() < events {
                true => Ok(()),
                false => Err(unreached(time.to_string(), Time::from_ps(engine.now_ps()).to_string())),
            }
        }
    }
}

/// The recorded parts with what their operations stand for.
fn numbered(parts: &[Stretch], compiled: &Compiled) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::with_capacity(parts.len());
    // Parts so far of each job, the last place for sends.
    let mut started = vec![0; parts.len() + 1];
    for part in parts {
        let count = &mut started[part.parent.unwrap_or(parts.len())];
        *count += 1;
        let mut number = part.parent.map_or_else(Vec::new, |parent| jobs[parent].number.clone());
        number.push(*count);
        jobs.push(Job {
            part_of: part.parent,
            number,
            flow: part.flow,
            starts: Time::from_ps(part.starts),
            ends: part.ends.map(Time::from_ps),
            hops: part.steps.iter().filter_map(|step| hop(step, compiled)).collect(),
        });
    }
    jobs
}

fn hop(step: &Step, compiled: &Compiled) -> Option<Hop> {
    let pc = step.pc as usize;
    let note = compiled.notes[pc];
    let [arrived, begins, ends] = [step.arrived, step.begins, step.ends].map(Time::from_ps);
    let charges = compiled.accounts[pc].as_ref().map_or(&[][..], |account| &account.charges);
    if let Op::Depart { .. } = compiled.program.ops[pc] {
        let packet = charges.iter().find_map(|charge| match charge {
            Charge::Sent(packet) => Some(*packet),
            _ => None,
        });
        return packet.map(|packet| Hop::Departure { packet, at: ends });
    }
    let Some((station, _)) = compiled.accounts[pc].as_ref().and_then(|account| account.busy) else {
        return Some(Hop::Wait { label: note.label, since: arrived, until: ends });
    };
    let payload = |charge: &Charge| match charge {
        Charge::PciePayload(octets) => *octets,
        _ => Bytes::ZERO,
    };
    let cycles = |charge: &Charge| match charge {
        Charge::Cycles(category, cycles) | Charge::DpuCycles(category, cycles) => Some((*category, *cycles)),
        _ => None,
    };
    Some(Hop::Visit(Visit {
        station,
        label: note.label,
        octets: Some(note.octets).filter(|octets| *octets > Bytes::ZERO),
        payload: charges.iter().map(payload).sum(),
        cycles: charges.iter().filter_map(cycles).collect(),
        arrived,
        begins,
        ends,
        leaves: ends + latency(step.pc, compiled),
    }))
}

/// The latency of the lane that an operation's jobs leave by.
fn latency(pc: Pc, compiled: &Compiled) -> Time {
    match compiled.program.ops[pc as usize] {
        Op::Serve { lane, .. } | Op::ServeAny { lane, .. } | Op::Chain { lane, .. } => {
            Time::from_ps(compiled.program.lanes[usize::from(lane)])
        }
        _ => Time::ZERO,
    }
}

impl Trace {
    /// Sends in the trace.
    pub fn sends(&self) -> usize {
        self.jobs.iter().filter(|job| job.part_of.is_none()).count()
    }
}

impl Job {
    /// Its visits, in order.
    pub fn visits(&self) -> impl Iterator<Item = &Visit> {
        self.hops.iter().filter_map(|hop| match hop {
            Hop::Visit(visit) => Some(visit),
            _ => None,
        })
    }

    /// Its packet and when that left, where one did.
    pub fn departure(&self) -> Option<(Packet, Time)> {
        self.hops.iter().find_map(|hop| match hop {
            Hop::Departure { packet, at } => Some((*packet, *at)),
            _ => None,
        })
    }
}
