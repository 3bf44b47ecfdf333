//! The least hardware that carries a load: bounds say where to begin, simulations decide.

use espsim_model::bound::{Bound, bound};
use espsim_model::machine::Machine;
use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::run::least_latency;
use espsim_model::scenario::{Invalid, Scenario};
use espsim_model::units::{BitRate, PacketRate, Share, Time};
use espsim_sweep::campaign::simulations::{NoRecord, Simulations};
use espsim_sweep::points::outcome::seed;

use super::goals::{Goals, Missed};

/// Runs that must all meet the goals.
const REPLICATIONS: u32 = 3;
/// Packets of a run: with at most this many, and more where queues are longer, since a queue that fills slowly shows only
/// once it is full.
const PACKETS: u64 = 200_000;
/// Packets without which a share of losses says nothing: with none lost of 3 / share, the share is below it with 95 %
/// confidence (the rule of three; Hanley and Lippman-Hand, JAMA 249, 1983).
const PACKETS_PER_LOSS: f64 = 3.0;
/// Packets for each core, times 1 / (1 - utilisation)^2, as queues in heavy traffic remember how they began; the factor is an
/// estimate.
const RELAXATION: f64 = 2.0;
/// Utilisation beyond which nothing is planned: queues there fill so seldom, and for so long, that a run of affordable length
/// does not show what they lose. Of 24 million packets 11 and 13 cores lost 0.03 and 0.01 % at 98.4 %, and none at 97.5 %.
const MOST_BUSY: f64 = 0.975;
/// The most packets of a run.
const MOST_PACKETS: u64 = 4_000_000;
/// The most that the search tries of each kind; the model takes no more.
pub const MOST: Hardware = Hardware { cores: 256, nics: 16, accelerators: 16 };
/// The longest time that is simulated.
const LONGEST: Time = Time::from_us(3_600_000_000);
/// How close the load that breaks a design is found.
const LOAD_STEP: f64 = 0.01;
/// How far above its load a design is tried.
const MOST_LOAD: f64 = 4.0;

/// What is counted of a design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hardware {
    /// Cores of the data path.
    pub cores: u32,
    /// NICs.
    pub nics: u32,
    /// Lookaside accelerators; zero in designs without.
    pub accelerators: u32,
}

/// A kind of hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// A core.
    Core,
    /// A NIC.
    Nic,
    /// A lookaside accelerator.
    Accelerator,
}

impl Component {
    /// Every kind.
    pub const ALL: [Component; 3] = [Component::Core, Component::Nic, Component::Accelerator];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Component::Core => "core",
            Component::Nic => "NIC",
            Component::Accelerator => "accelerator",
        }
    }
}

impl Hardware {
    /// How many there are of a kind.
    pub fn of(&self, part: Component) -> u32 {
        match part {
            Component::Core => self.cores,
            Component::Nic => self.nics,
            Component::Accelerator => self.accelerators,
        }
    }

    /// The same with another number of a kind.
    #[must_use]
    pub fn with(mut self, part: Component, n: u32) -> Self {
        match part {
            Component::Core => self.cores = n,
            Component::Nic => self.nics = n,
            Component::Accelerator => self.accelerators = n,
        }
        self
    }

    /// PCIe slots: one for every device.
    pub fn slots(&self) -> u32 {
        self.nics + self.accelerators
    }
}

/// A placement on one host under one kind of traffic.
pub struct Design<'a> {
    /// One core, one NIC, one accelerator, the whole load.
    pub base: Scenario,
    /// The host.
    pub profile: &'a Profile,
    /// What simulates, and keeps what has ended.
    pub simulations: &'a Simulations<'a>,
    /// What must hold.
    pub goals: Goals,
    /// Base of all seeds.
    pub seed: u64,
}

/// Which runs decide: the search's own, or fresh ones that the search has not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// Those of the search.
    Search,
    /// Others.
    Fresh,
}

/// One point, simulated.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The hardware.
    pub hardware: Hardware,
    /// One for each run, up to the first that misses a goal.
    pub records: Vec<Record>,
    /// What the last run missed.
    pub missed: Option<Missed>,
    /// The station that closed forms say limits first.
    pub tightest: Resource,
}

impl Trial {
    /// Whether every run met the goals.
    pub fn meets(&self) -> bool {
        self.missed.is_none()
    }

    /// What limits: a station's name, or what the goal was about where no station is full.
    pub fn limit(&self) -> &'static str {
        let limit = self.records.last().and_then(|record| record.bottleneck).unwrap_or(self.tightest);
        match (&self.missed, limit) {
            (Some(Missed::Busy(_)), _) => self.tightest.name(),
            (Some(Missed::Floor(_)), _) => "latency",
            (Some(Missed::Latency(_)), Resource::OfferedLoad | Resource::Waits) => "latency",
            (Some(_), Resource::OfferedLoad) => "bursts",
            _ => limit.name(),
        }
    }
}

impl Design<'_> {
    /// The scenario with so much hardware under a load, in units of the planned one.
    pub fn scenario(&self, hardware: Hardware, load: f64) -> Scenario {
        let mut s = self.base.clone();
        s.host.cores = hardware.cores;
        s.nic[0].count = hardware.nics;
        s.accelerator[0].count = hardware.accelerators.max(1);
        for class in &mut s.traffic {
            class.rate = class.rate.map(|rate| BitRate::from_gbps(rate.as_gbps() * load));
        }
        let rare = PACKETS_PER_LOSS / self.goals.loss.fraction();
        let queue: u64 = s.classes().iter().map(|class| u64::from(class.queue)).sum();
        let queues = 2 * queue * u64::from(s.host.cores);
        let packets = if rare.is_finite() { (rare as u64).max(PACKETS) } else { PACKETS };
        // What is not valid is not simulated.
        let busy = self.tightest(&s).map_or(0.0, |(_, busy)| busy.min(MOST_BUSY));
        let relaxed = f64::from(s.host.cores) * RELAXATION / (1.0 - busy).powi(2);
        s.run.max_packets = (packets + queues + relaxed as u64).min(MOST_PACKETS);
        // So many packets of a slow load take long; what is simulated faster for it is not.
        s.run.max_time = LONGEST;
        // Loss and latency need all of these packets, however well the rate is known.
        s.run.half_width = Share::from_fraction(1e-6);
        s
    }

    /// The tightest station of a scenario, and how busy closed forms say it is; above 1 where they do not allow the load.
    fn tightest(&self, scenario: &Scenario) -> Result<(Resource, f64), Invalid> {
        let bound = self.bound(scenario)?;
        let offered = bound.offered.map_or(0.0, PacketRate::as_pps);
        let busy = |limit: espsim_model::bound::Limit| (limit.resource, offered / limit.rate.as_pps());
        Ok(bound.tightest().map_or((Resource::OfferedLoad, 0.0), busy))
    }

    fn bound(&self, scenario: &Scenario) -> Result<Bound, Invalid> {
        Ok(bound(&Machine::build(scenario, self.profile)?))
    }

    /// Simulates a point until a run misses a goal or all have met them.
    ///
    /// # Errors
    /// [`NoRecord`] for hardware that the scenario cannot have, and where the process is told to end.
    pub fn trial(&self, hardware: Hardware, load: f64, runs: Runs) -> Result<Trial, NoRecord> {
        let scenario = self.scenario(hardware, load);
        let (tightest, busy) = self.tightest(&scenario)?;
        let mut trial = Trial { hardware, records: Vec::new(), missed: None, tightest };
        let first = if runs == Runs::Search { 0 } else { REPLICATIONS };
        for replication in first..first + REPLICATIONS {
            let record = self.simulations.record(&scenario, self.profile, seed(self.seed, replication))?;
            trial.missed = self.goals.missed(&record);
            // Loss that is allowed relieves the station.
            let busy = busy * (1.0 - self.goals.loss.fraction());
            if trial.missed.is_none() && busy > MOST_BUSY {
                trial.missed = Some(Missed::Busy(Share::from_fraction(busy)));
            }
            trial.records.push(record);
            if trial.missed.is_some() {
                break;
            }
        }
        Ok(trial)
    }

    /// Whether closed-form bounds allow a load: no simulation exceeds them.
    fn allowed(&self, hardware: Hardware, load: f64) -> bool {
        let scenario = self.scenario(hardware, load);
        // What is not valid is no hardware to have.
        let lossless = 1.0 - self.goals.loss.fraction();
        let machine = Machine::build(&scenario, self.profile);
        machine.is_ok_and(|machine| has_room(&machine, &scenario) && bound(&machine).share_delivered() >= lossless)
    }

    /// Kinds of hardware that this placement counts, cores last.
    fn parts(&self) -> &'static [Component] {
        match self.base.placement.uses_accelerator() {
            true => &[Component::Nic, Component::Accelerator, Component::Core],
            false => &[Component::Nic, Component::Core],
        }
    }

    /// Those that are devices.
    fn devices(&self) -> impl Iterator<Item = Component> {
        self.parts().iter().copied().filter(|part| *part != Component::Core)
    }

    /// The most that there can be.
    fn most(&self) -> Hardware {
        if self.base.placement.uses_accelerator() { MOST } else { MOST.with(Component::Accelerator, 0) }
    }

    /// The least hardware that closed forms allow for a load: fewest NICs, then fewest accelerators, then fewest cores.
    /// `None` where not even the most is enough.
    fn floor(&self, load: f64) -> Option<Hardware> {
        let mut hardware = self.most();
        if !self.allowed(hardware, load) {
            return None;
        }
        for &part in self.parts() {
            let n = least_of(1, hardware.of(part), |n| Ok::<_, Invalid>(self.allowed(hardware.with(part, n), load)));
            hardware = hardware.with(part, n.unwrap_or(hardware.of(part)));
        }
        Some(hardware)
    }

    /// The least hardware that meets the goals under a load; the error of simulations is `Err`, and where no amount is
    /// enough, the trial that shows it is `Ok(Err)`.
    ///
    /// # Errors
    /// As [`Self::trial`].
    pub fn least(&self, load: f64) -> Result<Result<Trial, Trial>, NoRecord> {
        let Some(floor) = self.floor(load) else {
            return self.impossible(load).map(Err);
        };
        if let Some(trial) = self.too_slow(floor, load)? {
            return Ok(Err(trial));
        }
        // So many cores that more seldom help.
        let mut ample = floor.with(Component::Core, (2 * floor.cores + 8).min(MOST.cores));
        let mut best = loop {
            let trial = self.trial(ample, load, Runs::Search)?;
            if trial.meets() {
                break trial;
            }
            let more = self.parts().iter().fold(ample, |more, &part| {
                let n = (2 * ample.of(part)).min(MOST.of(part));
                more.with(part, n)
            });
            if more == ample {
                return Ok(Err(trial));
            }
            ample = more;
        };
        for part in self.devices() {
            let other = best.hardware;
            let meets = |n| self.improves(&mut best, other.with(part, n), load);
            least_of(floor.of(part), other.of(part), meets)?;
        }
        self.fewest_cores(&mut best, floor.cores, load)?;
        Ok(Ok(best))
    }

    /// What closed forms say of the most hardware under a load that is too much for it.
    fn impossible(&self, load: f64) -> Result<Trial, NoRecord> {
        let hardware = self.most();
        let (tightest, busy) = self.tightest(&self.scenario(hardware, load))?;
        let missed = Some(Missed::Carried(Share::from_fraction(1.0 / busy)));
        Ok(Trial { hardware, records: Vec::new(), missed, tightest })
    }

    /// What closed forms say where they allow no packet to be as fast as asked for.
    fn too_slow(&self, hardware: Hardware, load: f64) -> Result<Option<Trial>, Invalid> {
        let Some(most) = self.goals.latency_p99 else { return Ok(None) };
        let least = least_latency(&self.scenario(hardware, load), self.profile)?;
        let missed = Some(Missed::Floor(least));
        let trial = || Trial { hardware: self.most(), records: Vec::new(), missed, tightest: Resource::OfferedLoad };
        Ok((least > most).then(trial))
    }

    /// Whether hardware meets the goals; if so, it takes the place of the `best` so far.
    fn improves(&self, best: &mut Trial, hardware: Hardware, load: f64) -> Result<bool, NoRecord> {
        let trial = self.trial(hardware, load, Runs::Search)?;
        let meets = trial.meets();
        if meets {
            *best = trial;
        }
        Ok(meets)
    }

    /// Takes cores from the `best` until fewer no longer meet the goals: from those that closed forms allow, one, two,
    /// four and so on more until they are met, then between.
    fn fewest_cores(&self, best: &mut Trial, floor: u32, load: f64) -> Result<(), NoRecord> {
        let (hardware, most) = (best.hardware, best.hardware.cores);
        let mut meets = |cores| self.improves(best, hardware.with(Component::Core, cores), load);
        let (mut low, mut high, mut step) = (floor, floor, 1);
        while high < most && !meets(high)? {
            low = high + 1;
            high = (high + step).min(most);
            step *= 2;
        }
        least_of(low, high, meets).map(drop)
    }

    /// The highest load under which the hardware meets the goals, from `low` that is known to, and what breaks beyond;
    /// nothing broke up to four times the load where that is absent.
    ///
    /// # Errors
    /// As [`Self::trial`].
    pub fn headroom(&self, hardware: Hardware, low: f64) -> Result<(f64, Option<Trial>), NoRecord> {
        let tightest = self.limits(hardware).first().map_or(f64::INFINITY, |(_, load)| *load);
        // A little more than closed forms allow, and than may be lost, breaks it.
        let breaks = tightest * (1.0 + 2.0 * LOAD_STEP) / (1.0 - self.goals.loss.fraction());
        let (mut low, mut high) = (low, (low * MOST_LOAD).min(breaks).max(low));
        let mut broken = self.trial(hardware, high, Runs::Search)?;
        if broken.meets() {
            return Ok((high, None));
        }
        while high > low * (1.0 + LOAD_STEP) {
            let middle = (low * high).sqrt();
            let trial = self.trial(hardware, middle, Runs::Search)?;
            if trial.meets() {
                low = middle;
            } else {
                high = middle;
                broken = trial;
            }
        }
        Ok((low, Some(broken)))
    }

    /// Closed-form limits of the hardware in units of the planned load, the tightest first.
    pub fn limits(&self, hardware: Hardware) -> Vec<(&'static str, f64)> {
        let scenario = self.scenario(hardware, 1.0);
        let Ok(bound) = self.bound(&scenario) else { return Vec::new() };
        let offered = bound.offered.map_or(f64::NAN, PacketRate::as_pps);
        let stations = bound.limits.iter().filter(|limit| limit.resource != Resource::OfferedLoad);
        stations.map(|limit| (limit.resource.name(), limit.rate.as_pps() / offered)).collect()
    }
}

/// Whether NICs have room for all SAs: more NICs have, where they do the cipher at all.
fn has_room(machine: &Machine, scenario: &Scenario) -> bool {
    let all_held = machine.spread.sas_as_asked == scenario.sas();
    let esps = scenario.nic.iter().filter_map(|nic| nic.esp.as_ref());
    let mut does_cipher = esps.map(|esp| esp.algorithms.contains(&scenario.sa.algorithm));
    all_held || !scenario.placement.encrypts_in_nic() || !does_cipher.all(|does| does)
}

/// The least of `low..=high` that holds, where everything above one that holds does too, and `high` is known to.
fn least_of<E>(mut low: u32, mut high: u32, mut holds: impl FnMut(u32) -> Result<bool, E>) -> Result<u32, E> {
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

#[cfg(test)]
mod tests;
