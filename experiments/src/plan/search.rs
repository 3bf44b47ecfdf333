//! The least hardware that carries a load: bounds say where to begin, simulations decide.

use espsim_model::assembly::Assembly;
use espsim_model::bound::{OFFERED_LOAD, bound};
use espsim_model::placement::Placement;
use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::scenario::{Invalid, Scenario};
use espsim_model::simulate;
use espsim_model::units::{BitRate, PacketRate, Share};

use super::goals::{Goals, Missed};
use crate::outcome::seed;

/// Runs that must all meet the goals.
const REPLICATIONS: u32 = 3;
/// Packets of a run: with at most this many, and more where queues are longer, since a queue that fills slowly shows only
/// once it is full.
const PACKETS: u64 = 200_000;
/// Packets without which a share of losses says nothing: with none lost of 3 / share, the share is below it with 95 %
/// confidence (the rule of three; Hanley and Lippman-Hand, JAMA 249, 1983).
const PACKETS_PER_LOSS: f64 = 3.0;
/// The most packets of a run.
const MOST_PACKETS: u64 = 2_000_000;
/// The most that the search tries of each kind; the model takes no more.
pub const MOST: Hardware = Hardware { cores: 256, nics: 16, accelerators: 16 };
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
pub enum Part {
    /// A core.
    Core,
    /// A NIC.
    Nic,
    /// A lookaside accelerator.
    Accelerator,
}

impl Part {
    /// Every kind.
    pub const ALL: [Part; 3] = [Part::Core, Part::Nic, Part::Accelerator];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Core => "core",
            Part::Nic => "NIC",
            Part::Accelerator => "accelerator",
        }
    }
}

impl Hardware {
    /// How many there are of a kind.
    pub fn of(&self, part: Part) -> u32 {
        match part {
            Part::Core => self.cores,
            Part::Nic => self.nics,
            Part::Accelerator => self.accelerators,
        }
    }

    /// The same with another number of a kind.
    #[must_use]
    pub fn with(mut self, part: Part, n: u32) -> Self {
        match part {
            Part::Core => self.cores = n,
            Part::Nic => self.nics = n,
            Part::Accelerator => self.accelerators = n,
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
}

impl Trial {
    /// Whether every run met the goals.
    pub fn meets(&self) -> bool {
        self.missed.is_none()
    }

    /// What limits: a station's name, or what the goal was about where no station is full.
    pub fn limit(&self) -> &'static str {
        let name = self.records.last().map_or("nothing", |record| record.bottleneck);
        match self.missed {
            Some(Missed::Latency(_)) if name == OFFERED_LOAD => "latency",
            Some(_) if name == OFFERED_LOAD => "bursts",
            _ => name,
        }
    }
}

impl Design<'_> {
    /// The scenario with so much hardware under a load, in units of the planned one.
    pub fn scenario(&self, hardware: Hardware, load: f64) -> Scenario {
        let mut s = self.base.clone();
        s.host.cores = hardware.cores;
        s.host.nics = hardware.nics;
        s.lookaside.devices = hardware.accelerators.max(1);
        s.traffic.rate = self.base.traffic.rate.map(|rate| BitRate::from_gbps(rate.as_gbps() * load));
        let rare = PACKETS_PER_LOSS / self.goals.loss.fraction();
        let queues = 2 * u64::from(s.traffic.queue) * u64::from(s.host.cores);
        let packets = if rare.is_finite() { (rare as u64).max(PACKETS) } else { PACKETS };
        s.run.max_packets = (packets + queues).min(MOST_PACKETS);
        // Loss and latency need all of these packets, however well the rate is known.
        s.run.half_width = Share::from_fraction(1e-6);
        s
    }

    /// Simulates a point until a run misses a goal or all have met them.
    ///
    /// # Errors
    /// [`Invalid`] for hardware that the scenario cannot have.
    pub fn trial(&self, hardware: Hardware, load: f64, runs: Runs) -> Result<Trial, Invalid> {
        let scenario = self.scenario(hardware, load);
        let offered = scenario.traffic.rate.map_or(0.0, BitRate::as_gbps);
        let mut trial = Trial { hardware, records: Vec::new(), missed: None };
        let first = if runs == Runs::Search { 0 } else { REPLICATIONS };
        for replication in first..first + REPLICATIONS {
            let record = simulate(&scenario, self.profile, seed(self.seed, replication))?;
            trial.missed = self.goals.missed(&record, offered, &scenario);
            // A queue that fills slowly is not full at the end of a run, but will be: no station exceeds its bound.
            let allowed = record.bound.share_allowed();
            if trial.missed.is_none() && allowed < 1.0 - self.goals.loss.fraction() {
                trial.missed = Some(Missed::Carried(allowed));
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
        scenario.check(self.profile).is_ok()
            && bound(&scenario, &Assembly::new(&scenario, self.profile)).share_allowed()
                >= 1.0 - self.goals.loss.fraction()
    }

    /// Kinds of hardware that this placement counts, cores last.
    fn parts(&self) -> &'static [Part] {
        match self.base.placement {
            Placement::Lookaside => &[Part::Nic, Part::Accelerator, Part::Core],
            _ => &[Part::Nic, Part::Core],
        }
    }

    /// Those that are devices.
    fn devices(&self) -> impl Iterator<Item = Part> {
        self.parts().iter().copied().filter(|part| *part != Part::Core)
    }

    /// The most that there can be.
    fn most(&self) -> Hardware {
        if self.base.placement == Placement::Lookaside { MOST } else { MOST.with(Part::Accelerator, 0) }
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
    /// [`Invalid`] for a scenario that cannot be.
    pub fn least(&self, load: f64) -> Result<Result<Trial, Trial>, Invalid> {
        let Some(floor) = self.floor(load) else {
            return Ok(Err(self.trial(self.most(), load, Runs::Search)?));
        };
        // Cores that help no more when there are so many.
        let cores = (2 * floor.cores + 8).min(MOST.cores);
        let mut ample = floor.with(Part::Core, cores);
        loop {
            let trial = self.trial(ample, load, Runs::Search)?;
            if trial.meets() {
                break;
            }
            let more =
                self.devices().fold(ample, |more, part| more.with(part, (2 * ample.of(part)).min(MOST.of(part))));
            if more == ample {
                return Ok(Err(trial));
            }
            ample = more;
        }
        for part in self.devices() {
            let n = least_of(floor.of(part), ample.of(part), |n| {
                Ok::<_, Invalid>(self.trial(ample.with(part, n), load, Runs::Search)?.meets())
            })?;
            ample = ample.with(part, n);
        }
        let cores = self.enough_cores(ample.with(Part::Core, floor.cores), load, cores)?;
        self.trial(ample.with(Part::Core, cores), load, Runs::Search).map(Ok)
    }

    /// The least cores that meet the goals, out of at most `most`, which do: from those that closed forms allow, one,
    /// two, four and so on more until they are met, then between.
    fn enough_cores(&self, from: Hardware, load: f64, most: u32) -> Result<u32, Invalid> {
        let meets = |cores| Ok(self.trial(from.with(Part::Core, cores), load, Runs::Search)?.meets());
        let (mut low, mut high, mut step) = (from.cores, from.cores, 1);
        while high < most && !meets(high)? {
            low = high + 1;
            high = (high + step).min(most);
            step *= 2;
        }
        least_of(low, high, meets)
    }

    /// The highest load under which the hardware meets the goals, from `low` that is known to, and what breaks beyond;
    /// nothing broke up to four times the load where that is absent.
    ///
    /// # Errors
    /// [`Invalid`] for a load that cannot be offered.
    pub fn headroom(&self, hardware: Hardware, low: f64) -> Result<(f64, Option<Trial>), Invalid> {
        let tightest = self.limits(hardware).first().map_or(f64::INFINITY, |(_, load)| *load);
        // A little more than closed forms allow breaks it.
        let (mut low, mut high) = (low, (low * MOST_LOAD).min(tightest * (1.0 + 2.0 * LOAD_STEP)));
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
        let bound = bound(&scenario, &Assembly::new(&scenario, self.profile));
        let offered = bound.offered().map_or(f64::NAN, PacketRate::as_pps);
        let stations = bound.limits.iter().filter(|limit| limit.name != OFFERED_LOAD);
        stations.map(|limit| (limit.name, limit.rate.as_pps() / offered)).collect()
    }
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
mod tests {
    use super::*;

    #[test]
    fn the_least_is_found() {
        for least in 1..=9 {
            assert_eq!(least_of(1, 9, |n| Ok::<_, ()>(n >= least)), Ok(least));
        }
        assert_eq!(least_of(1, 9, |_| Err(7)), Err(7));
    }
}
