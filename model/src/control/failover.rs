//! One failover: a resolved scenario and a seed in, a timeline out.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::agenda::Agenda;
use super::daemon::Tables;
use super::event::{DeviceEvent, device_events};
use super::failover_paths::{Exit, FailoverPaths};
use super::life_cycle::{Holders, Installed, Numbers, STATES, Sa, State, Use, holder};
use super::messages::{MESSAGES, MessageLatency};
use super::sampler::Sampler;
use super::switch::Switch;
use super::timeline::{Bin, Timeline};
use crate::engine::Engine;
use crate::profile::{Profile, SaCost};
use crate::run::{engine, run_unless, too_large};
use crate::scenario::{Bonding, Device, Invalid, Scenario, What};
use crate::units::Time;

/// Simulates what happens to throughput when NICs change under SAs.
///
/// # Errors
/// [`Invalid`] for a scenario that fails [`Scenario::check`] or has no events.
pub fn simulate_failover(scenario: &Scenario, profile: &Profile, seed: u64) -> Result<Timeline, Invalid> {
    let timeline = simulate_failover_unless(scenario, profile, seed, &|| false)?;
    timeline.ok_or_else(|| Invalid {
        key: "failover".into(),
        value: "stopped".into(),
        allowed: "its whole span".into(),
    })
}

/// The same, unless `is_stopped` says so meanwhile: then nothing. See [`crate::run::simulate_unless`].
///
/// # Errors
/// As [`simulate_failover`].
pub fn simulate_failover_unless(
    scenario: &Scenario,
    profile: &Profile,
    seed: u64,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Option<Timeline>, Invalid> {
    scenario.check(profile)?;
    let missing =
        |key: &str, allowed: &str| Invalid { key: key.into(), value: "missing".into(), allowed: allowed.into() };
    if scenario.failover.event.is_empty() {
        return Err(missing("failover.event", "at least one [[failover.event]] with `what` and `at`"));
    }
    let costs = profile.sa.as_ref().ok_or_else(|| missing("profile.sa", "a profile with a table [sa]"))?;
    Ok(FailoverRun::new(scenario, profile, costs, seed)?.through(seed, is_stopped))
}

/// Something that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The event with this number.
    DeviceEvent(usize),
    /// A lost or returned link has been detected.
    Detected,
    /// The daemon is told of a change.
    Notified,
    /// The daemon acts on a changed address.
    Roamed,
    /// The daemon is asked for SAs that packets lack.
    Asked,
    /// The kernel has moved an SA of a bond.
    Switched,
    /// The peer may accept packets of this SA again.
    PeerLooks(u32),
    /// The daemon's task is over.
    TaskDone,
    /// The response that the daemon waits for is there.
    Response,
    /// A bin ends.
    BinEnd,
}

/// A NIC's condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nic {
    pub(super) present: bool,
    pub(super) carrier: bool,
}

pub(super) struct FailoverRun<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) engine: Engine,
    pub(super) failover_paths: FailoverPaths,
    pub(super) sampler: Sampler,
    pub(super) latency: MessageLatency,
    pub(super) tables: Tables,
    pub(super) agenda: Agenda,
    pub(super) sas: Vec<Sa>,
    /// SAs in each state.
    pub(super) counts: [u32; STATES],
    pub(super) nics: [Nic; 2],
    pub(super) accelerator: bool,
    pub(super) route: Device,
    /// The NIC whose address the daemon takes for the host's.
    pub(super) address: Device,
    /// When the daemon acts on the last change of address.
    pub(super) roams_at: u64,
    /// The change of a bond's active NIC that is under way.
    pub(super) switch: Option<Switch>,
    pub(super) moved_by_kernel: u64,
    /// Whether SAs that are moved begin at number 1.
    pub(super) restarts_numbers: bool,
    pub(super) device_events: Vec<DeviceEvent>,
    /// What is due, earliest first; of equal times ends of bins first, then in the order in which it was put there.
    pub(super) calendar: BinaryHeap<Reverse<(u64, u64, Due)>>,
    pub(super) put: u64,
    pub(super) now: u64,
    pub(super) messages: [u64; MESSAGES.len()],
    pub(super) exchanges: u64,
    pub(super) reinstalled: Option<u64>,
}

/// What messages take with whoever holds SAs.
fn sessions(s: &Scenario, costs: &SaCost) -> SaCost {
    match s.accelerator.first().filter(|_| s.placement.uses_accelerator()) {
        Some(card) => costs.with_sessions(card.session_setup),
        None => costs.clone(),
    }
}

impl<'a> FailoverRun<'a> {
    fn new(scenario: &'a Scenario, profile: &Profile, costs: &SaCost, seed: u64) -> Result<Self, Invalid> {
        let f = &scenario.failover;
        let failover_paths = FailoverPaths::new(scenario, profile)?;
        let compiled = failover_paths.machine.compile().map_err(|error| too_large(scenario, error))?;
        let plugged_later = |device| f.event.iter().any(|e| e.what == What::HotPlug && e.device == device);
        let nic = |device| {
            let present = !plugged_later(device) && (device == Device::Nic || scenario.standby().is_some());
            Nic { present, carrier: present }
        };
        let mut run = FailoverRun {
            scenario,
            engine: engine(&failover_paths.machine, &compiled, seed),
            sampler: Sampler::new(&failover_paths, &compiled),
            latency: MessageLatency::new(scenario, &sessions(scenario, costs), seed),
            tables: Tables::new(scenario),
            agenda: Agenda::new(scenario),
            sas: vec![Sa { numbers: Numbers::in_use_for(f.sa_age.as_ps()), ..Sa::new() }; scenario.sa.count as usize],
            counts: [0; STATES],
            nics: Device::ALL.map(nic),
            accelerator: true,
            route: Device::Nic,
            address: Device::Nic,
            roams_at: 0,
            switch: None,
            moved_by_kernel: 0,
            restarts_numbers: f.restarts_numbers(scenario.placement),
            device_events: device_events(&f.event, f.span, seed),
            calendar: BinaryHeap::new(),
            put: 0,
            now: 0,
            messages: [0; MESSAGES.len()],
            exchanges: 0,
            reinstalled: None,
            failover_paths,
        };
        run.counts[State::Missing as usize] = scenario.sa.count;
        run.install_all();
        for i in 0..run.device_events.len() {
            run.put(run.device_events[i].at, Due::DeviceEvent(i));
        }
        run.put(run.bin_end(1), Due::BinEnd);
        Ok(run)
    }

    /// SAs are where they are wanted before anything happens, as far as there is room.
    fn install_all(&mut self) {
        let s = self.scenario;
        let first = holder(s.placement, Device::Nic);
        let bonded = s.failover.bonding == Bonding::PreInstalled && self.nics[Device::Standby.index()].present;
        let second = if bonded { holder(s.placement, Device::Standby) } else { Holders::NONE };
        for i in 0..self.sas.len() {
            let mut holders = Holders::NONE;
            for wanted in [first, second] {
                if !wanted.is_empty() && self.tables.takes(wanted) {
                    holders = holders.with(wanted);
                }
            }
            if !holders.is_empty() || s.failover.software || first.is_empty() {
                self.tables.shift(Installed::Gone, Installed::At(holders));
                self.sas[i].installed = Installed::At(holders);
            }
            self.show(i as u32);
        }
    }

    fn through(mut self, seed: u64, is_stopped: &dyn Fn() -> bool) -> Option<Timeline> {
        let f = &self.scenario.failover;
        let mut bins: Vec<Bin> = Vec::with_capacity(f.bins as usize);
        while let Some(Reverse((at, _, due))) = self.calendar.pop() {
            run_unless(&mut self.engine, u64::MAX, u64::MAX, at, is_stopped)?;
            self.now = at;
            match due {
                Due::DeviceEvent(i) => self.happen(self.device_events[i]),
                Due::Detected => self.reroute(),
                Due::Notified => self.told(),
                Due::Roamed => self.roamed(),
                Due::Asked => self.asked(),
                Due::Switched => self.switched(),
                Due::PeerLooks(sa) => self.peer_looks(sa),
                Due::TaskDone => self.task_done(),
                Due::Response => self.work(),
                Due::BinEnd => {
                    bins.push(self.sampler.end(&self.engine, self.up(), at, self.counts));
                    if bins.len() == f.bins as usize {
                        break;
                    }
                    self.put(self.bin_end(bins.len() as u64 + 1), Due::BinEnd);
                }
            }
        }
        Some(self.timeline(seed, bins))
    }

    fn timeline(mut self, seed: u64, bins: Vec<Bin>) -> Timeline {
        for sa in &mut self.sas {
            sa.note(false, self.now);
        }
        let first_event = self.device_events.first().map(|first| Time::from_ps(first.at));
        let outages = || self.sas.iter().map(|sa| sa.dropped_ps);
        Timeline {
            seed,
            bins,
            bin: Time::from_ps(self.bin_end(1)),
            cores: self.scenario.host.cores,
            device_events: self.device_events,
            reinstalled: first_event.zip(self.reinstalled).map(|(event, at)| Time::from_ps(at).saturating_sub(event)),
            outage_max: Time::from_ps(outages().max().unwrap_or(0)),
            outage_mean_s: outages().map(|ps| ps as f64 * 1e-12).sum::<f64>() / self.sas.len() as f64,
            messages: self.messages,
            exchanges: self.exchanges,
            moved_by_kernel: self.moved_by_kernel,
            numbers_skipped: self.sas.iter().map(|sa| sa.numbers.skipped).sum(),
            numbers_repeated: self.sas.iter().map(|sa| sa.numbers.repeated).sum(),
            offered: self.engine.counts().started,
            events: self.engine.events(),
        }
    }

    /// Where a bin ends, counted from 1.
    fn bin_end(&self, n: u64) -> u64 {
        let f = &self.scenario.failover;
        n * (f.span.as_ps() / u64::from(f.bins))
    }

    pub(super) fn put(&mut self, at: u64, due: Due) {
        self.put += 1;
        // What happens at the end of a bin belongs to the next one.
        let order = if due == Due::BinEnd { 0 } else { self.put };
        self.calendar.push(Reverse((at, order, due)));
    }

    pub(super) fn put_after(&mut self, delay: Time, due: Due) {
        self.put(self.now.saturating_add(delay.as_ps()), due);
    }

    pub(super) fn up(&self) -> [bool; 2] {
        self.nics.map(|nic| nic.present && nic.carrier)
    }

    pub(super) fn show_all(&mut self) {
        (0..self.sas.len() as u32).for_each(|i| self.show(i));
    }

    /// An SA's packets go the way of its present state.
    pub(super) fn show(&mut self, index: u32) {
        let carrier = self.up()[self.route.index()];
        let sa = &mut self.sas[index as usize];
        let state = sa.state(self.scenario.placement, self.route);
        self.counts[sa.counted as usize] -= 1;
        self.counts[state as usize] += 1;
        sa.counted = state;
        let exit = match state.packets() {
            _ if !carrier => Exit::NoCarrier,
            Use::Offloaded => Exit::Offloaded(self.route),
            Use::Software => Exit::Software(self.route),
            Use::Dropped => Exit::NoSa,
            Use::Refused => Exit::Replayed(self.route),
        };
        sa.note(matches!(exit, Exit::NoCarrier | Exit::NoSa | Exit::Replayed(_)), self.now);
        for &flow in self.failover_paths.flows(index) {
            self.engine.steer(flow, self.failover_paths.path(flow, exit));
        }
    }
}
