//! What closed forms say of a design: what it needs at least, and what limits it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use espsim_model::bound::{Bound, Limit, Queues, bound};
use espsim_model::machine::Machine;
use espsim_model::profile::Profile;
use espsim_model::resource::{Owner, Resource};
use espsim_model::scenario::{Invalid, Scenario};
use espsim_model::units::{BitRate, PacketRate, Share};

use super::goals::{Goals, Missed};
use super::hardware::{Component, Hardware, MOST, Needed, Room};

/// Utilisation beyond which nothing is planned: queues there fill so seldom, and for so long, that a run of affordable length
/// does not show what they lose. Of 24 million packets 11 and 13 cores lost 0.03 and 0.01 % at 98.4 %, and none at 97.5 %.
pub const MOST_BUSY: f64 = 0.975;

/// Loss below which nothing counts as lost, where nothing may be.
const LEAST_LOSS: f64 = 1e-9;
/// The share of packets that may be later than a goal for the 99 % quantile of latency.
const LATER: Share = Share::from_fraction(0.01);
/// How much more than a host has room for is tried with what it has room for.
const NEARLY: f64 = 1.1;
/// Cores of which one more is tried where queues lose too much, though cores are not too busy.
const CORES_PER_STEP: u32 = 4;
/// A load under which trains hardly meet.
const ALONE: f64 = 1e-4;

/// What is known already of hardware under the planned load.
#[derive(Default)]
pub struct Known(Mutex<BTreeMap<Hardware, Option<State>>>);

/// A placement on hosts under one kind of traffic.
#[derive(Clone, Copy)]
pub struct ClosedForms<'a> {
    /// One core, one NIC, one accelerator, the whole load.
    pub base: &'a Scenario,
    /// The host.
    pub profile: &'a Profile,
    /// What must hold.
    pub goals: Goals,
    /// What fits into a host.
    pub room: Room,
    /// What need not be asked again.
    pub known: &'a Known,
}

/// What closed forms say of some hardware under a load.
#[derive(Clone)]
pub struct State {
    bound: Bound,
    /// Queues before cores; absent where packets do not come at random.
    pub queues: Option<Queues>,
    /// Whether NICs have room for all SAs.
    pub has_room: bool,
}

impl State {
    fn of(machine: &Machine, scenario: &Scenario) -> Self {
        State { bound: bound(machine), queues: Queues::of(machine), has_room: has_room(machine, scenario) }
    }

    /// Of the same machine under so many times the load.
    fn at(&self, load: f64) -> Self {
        if load == 1.0 {
            return self.clone();
        }
        let queues = self.queues.as_ref().map(|queues| queues.at(load));
        State { bound: self.bound.at(load), queues, has_room: self.has_room }
    }

    /// The tightest station, and how busy it is; above 1 where the load is too much for it.
    pub fn tightest(&self) -> (Resource, f64) {
        let offered = self.bound.offered.map_or(0.0, PacketRate::as_pps);
        let busy = |limit: Limit| (limit.resource, offered / limit.rate.as_pps());
        self.bound.tightest().map_or((Resource::OfferedLoad, 0.0), busy)
    }

    /// How busy the busiest station of some owners is.
    pub fn busy(&self, owners: &[Owner]) -> f64 {
        let offered = self.bound.offered.map_or(0.0, PacketRate::as_pps);
        let limits = self.bound.limits.iter().filter(|limit| owners.contains(&limit.resource.owner()));
        limits.map(|limit| offered / limit.rate.as_pps()).fold(0.0, f64::max)
    }

    /// The share of packets that queues before cores lose, where that is known.
    pub fn loss(&self) -> Option<Share> {
        self.queues.as_ref().map(Queues::loss)
    }

    /// Limits in units of the load, the tightest first.
    fn limits(&self) -> Vec<(&'static str, f64)> {
        let offered = self.bound.offered.map_or(f64::NAN, PacketRate::as_pps);
        let stations = self.bound.limits.iter().filter(|limit| limit.resource != Resource::OfferedLoad);
        stations.map(|limit| (limit.resource.name(), limit.rate.as_pps() / offered)).collect()
    }

    /// The goal that is missed, if any: no simulation exceeds bounds, and none tells of queues that fill too seldom.
    fn missed(&self, goals: &Goals) -> Option<Missed> {
        let busy = self.tightest().1 * goals.lossless();
        if busy > MOST_BUSY || self.bound.share_delivered() < goals.lossless() {
            return Some(Missed::Busy(Share::from_fraction(busy)));
        }
        let queues = self.queues.as_ref()?;
        let loss = queues.loss();
        if loss.fraction() > goals.loss.fraction().max(LEAST_LOSS) {
            return Some(Missed::Bursts(loss));
        }
        let wait = queues.wait(LATER);
        goals.latency_p99.is_some_and(|most| wait > most).then_some(Missed::Latency(Some(wait)))
    }
}

impl ClosedForms<'_> {
    /// A host with so much hardware under its part of a load, in units of the planned one.
    pub fn loaded(&self, hardware: Hardware, load: f64) -> Scenario {
        let mut s = self.base.clone();
        let hosts = hardware.hosts.max(1);
        s.host.cores = hardware.cores;
        s.nic[0].count = hardware.nics;
        s.accelerator[0].count = hardware.accelerators.max(1);
        s.sa.count = s.sa.count.div_ceil(hosts);
        for class in &mut s.traffic {
            // Those of a trace are its own.
            if class.trace.is_none() {
                class.flows = class.flows.div_ceil(hosts);
            }
            class.rate = class.rate.map(|rate| BitRate::from_gbps(rate.as_gbps() * load / f64::from(hosts)));
        }
        s
    }

    /// What closed forms say of a host; `None` for hardware that the scenario cannot have.
    pub fn state(&self, hardware: Hardware, load: f64) -> Option<State> {
        // Of a poisoned lock the states are whole: they are put in at once.
        let known = || self.known.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = known().get(&hardware).cloned();
        let first = first.unwrap_or_else(|| {
            let state = self.fresh(hardware, 1.0).ok();
            known().insert(hardware, state.clone());
            state
        })?;
        let state = first.at(load);
        // Where much may be lost, more may be asked than a station takes: what is left then depends on what is dropped.
        let is_overloaded = load != 1.0 && state.bound.share_without_loss() < 1.0;
        let decides = is_overloaded && state.tightest().1 * self.goals.lossless() <= MOST_BUSY;
        if decides { self.fresh(hardware, load).ok() } else { Some(state) }
    }

    /// The same, from a machine of its own.
    ///
    /// # Errors
    /// [`Invalid`] for hardware that the scenario cannot have.
    pub fn fresh(&self, hardware: Hardware, load: f64) -> Result<State, Invalid> {
        let scenario = self.loaded(hardware, load);
        Ok(State::of(&Machine::build(&scenario, self.profile)?, &scenario))
    }

    /// Whether hardware meets the goals by closed forms, and which it misses if not.
    pub fn missed(&self, state: &State) -> Option<Missed> {
        state.missed(&self.goals)
    }

    fn allowed(&self, hardware: Hardware, load: f64) -> bool {
        self.state(hardware, load).is_some_and(|state| state.has_room && state.missed(&self.goals).is_none())
    }

    /// How much of each kind a host takes by closed forms, in pieces and parts of one: from how busy what there is of it is.
    pub fn needed_by(&self, hardware: Hardware, state: &State) -> Needed {
        let busy = |owners: &[Owner]| state.busy(owners) * self.goals.lossless() / MOST_BUSY;
        // A link may be a NIC's or a card's.
        let devices = busy(&[Owner::Nic, Owner::Pcie]);
        let room = if state.has_room { 0 } else { hardware.nics + 1 };
        Needed {
            cores: f64::from(hardware.cores) * busy(&[Owner::Host]),
            nics: (f64::from(hardware.nics) * devices).max(f64::from(room)),
            accelerators: f64::from(hardware.accelerators) * busy(&[Owner::Accelerator, Owner::Pcie]),
        }
    }

    /// Kinds of hardware that this placement counts, cores last.
    pub fn parts(&self) -> &'static [Component] {
        match self.base.placement.uses_accelerator() {
            true => &[Component::Nic, Component::Accelerator, Component::Core],
            false => &[Component::Nic, Component::Core],
        }
    }

    /// One of each kind, in so many hosts.
    fn one_of_each(&self, hosts: u32) -> Hardware {
        let accelerators = u32::from(self.base.placement.uses_accelerator());
        Hardware { hosts, cores: 1, nics: 1, accelerators }
    }

    /// The most that fits into one host: half of its slots are for cards, where there are some.
    pub fn most(&self) -> Hardware {
        let cards = if self.base.placement.uses_accelerator() { (self.room.slots / 2).max(1) } else { 0 };
        let nics = self.room.slots.saturating_sub(cards).clamp(1, MOST.nics);
        Hardware { hosts: 1, cores: self.room.cores.min(MOST.cores), nics, accelerators: cards.min(MOST.accelerators) }
    }

    /// The most hosts that may share the load: a flow or an SA is not divided.
    pub fn most_hosts(&self) -> u32 {
        let flows = self.base.traffic.iter().map(|class| class.flows);
        let sas = self.base.placement.has_sas().then(|| self.base.sas());
        flows.chain(sas).fold(MOST.hosts, u32::min)
    }

    /// The least hardware that closed forms allow for a load: in the fewest hosts, with the fewest NICs, then accelerators,
    /// then cores. `None` where not even the most is enough.
    pub fn floor(&self, load: f64) -> Option<Hardware> {
        self.floor_of(load, 1)
    }

    /// The same in at least so many hosts.
    pub fn floor_of(&self, load: f64, mut hosts: u32) -> Option<Hardware> {
        while hosts <= self.most_hosts() {
            match self.enough(load, hosts) {
                Ok(hardware) => return Some(self.shrunk(hardware, load)),
                Err(more) => hosts = more.max(hosts + 1),
            }
        }
        None
    }

    /// Hardware of so many hosts that grows by what is too busy until nothing is; or about how many hosts it takes where it
    /// does not fit.
    fn enough(&self, load: f64, hosts: u32) -> Result<Hardware, u32> {
        let mut hardware = self.one_of_each(hosts);
        loop {
            let Some(state) = self.state(hardware, load) else { return Err(MOST.hosts + 1) };
            let missed = state.missed(&self.goals);
            if missed.is_none() && state.has_room {
                return Ok(hardware);
            }
            // What a train does to itself no other core helps.
            let alone = state.at(ALONE).missed(&self.goals);
            if matches!(alone, Some(Missed::Latency(_) | Missed::Bursts(_))) {
                return Err(MOST.hosts + 1);
            }
            let needed = self.needed_by(hardware, &state);
            let grown = self
                .parts()
                .iter()
                .fold(hardware, |more, &part| more.with(part, whole(needed.of(part)).max(hardware.of(part))));
            // Cores that are not too busy, and yet queues too long.
            let step = if grown == hardware { (hardware.cores / CORES_PER_STEP).max(1) } else { 0 };
            let grown = grown.with(Component::Core, grown.cores + step);
            if !self.room.holds(&grown) {
                let full = self.most();
                // The last cores are worth trying where little more is needed.
                let nearly = grown.with(Component::Core, full.cores);
                let near = f64::from(grown.cores) < NEARLY * f64::from(full.cores);
                if near && hardware.cores < full.cores && self.room.holds(&nearly) {
                    hardware = nearly;
                    continue;
                }
                let part = |n: u32, of: u32| (u64::from(hosts) * u64::from(n) / u64::from(of.max(1))) as u32;
                return Err(part(grown.cores, self.room.cores).max(part(grown.slots(), self.room.slots)));
            }
            hardware = grown;
        }
    }

    /// The least of each kind with which hardware still does.
    fn shrunk(&self, mut hardware: Hardware, load: f64) -> Hardware {
        for &part in self.parts() {
            let n = hardware.of(part);
            let holds = |n| self.allowed(hardware.with(part, n), load);
            // What was grown is nearly the least: one less, two, four and so on, then between.
            let (mut high, mut step) = (n, 1);
            while high > 1 && holds(high.saturating_sub(step).max(1)) {
                high = high.saturating_sub(step).max(1);
                step *= 2;
            }
            let low = high.saturating_sub(step).max(1) + u32::from(high > 1);
            let least = least_of(low.min(high), high, |n| Ok::<_, Invalid>(holds(n)));
            hardware = hardware.with(part, least.unwrap_or(high));
        }
        hardware
    }

    /// Closed-form limits of the hardware in units of the planned load, the tightest first.
    pub fn limits(&self, hardware: Hardware) -> Vec<(&'static str, f64)> {
        self.state(hardware, 1.0).map_or_else(Vec::new, |state| state.limits())
    }

    /// The highest load up to `high` under which hardware meets the goals, from `low` that is known to.
    pub fn edge(&self, hardware: Hardware, low: f64, high: f64) -> f64 {
        self.highest(hardware, low, high, &|state| state.has_room && state.missed(&self.goals).is_none())
    }

    /// The highest load up to `high` under which something holds, from `low` that is known to.
    pub fn highest(&self, hardware: Hardware, low: f64, high: f64, holds: &dyn Fn(&State) -> bool) -> f64 {
        let (mut low, mut high) = (low, high);
        let at = |load: f64| self.state(hardware, load).is_some_and(|state| holds(&state));
        if at(high) {
            return high;
        }
        while high > low * (1.0 + EDGE) {
            let middle = (low * high).sqrt();
            if at(middle) { low = middle } else { high = middle }
        }
        low
    }

    /// How busy cores may be before their queues lose too much, whatever else limits; infinite where nothing is known of them.
    pub fn may_be_busy(&self, state: &State) -> f64 {
        let may = self.goals.loss.fraction().max(LEAST_LOSS);
        let Some(queues) = &state.queues else { return f64::INFINITY };
        let busy = queues.busy().fraction();
        // From an idle core to a full one.
        let (mut low, mut high) = (0.0, 1.0 / busy);
        while high > low + high * EDGE {
            let middle = low + (high - low) / 2.0;
            if queues.at(middle).loss().fraction() <= may { low = middle } else { high = middle }
        }
        queues.at(low.max(high * EDGE)).busy().fraction()
    }

    /// Whether closed forms know all queues that matter: that before a card they do not.
    pub fn knows_queues(&self, state: &State) -> bool {
        state.queues.is_some() && !self.base.placement.uses_accelerator()
    }
}

/// How close the load that is too much is found by closed forms.
const EDGE: f64 = 0.002;

/// Pieces that parts of one take.
fn whole(parts: f64) -> u32 {
    (parts - 1e-9).ceil().clamp(1.0, 1e6) as u32
}

/// Whether NICs have room for all SAs: more NICs have, where they do the cipher at all.
fn has_room(machine: &Machine, scenario: &Scenario) -> bool {
    let all_held = machine.spread.sas_as_asked == scenario.sas();
    let esps = scenario.nic.iter().filter_map(|nic| nic.esp.as_ref());
    let mut does_cipher = esps.map(|esp| esp.algorithms.contains(&scenario.sa.algorithm));
    all_held || !scenario.placement.encrypts_in_nic() || !does_cipher.all(|does| does)
}

/// The least of `low..=high` that holds, where everything above one that holds does too, and `high` is known to.
pub(super) fn least_of<E>(
    mut low: u32,
    mut high: u32,
    mut holds: impl FnMut(u32) -> Result<bool, E>,
) -> Result<u32, E> {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(high)
}
