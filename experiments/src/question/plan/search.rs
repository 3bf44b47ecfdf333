//! The least hardware that carries a load: bounds say where to begin, simulations decide.

use espsim_model::profile::Profile;
use espsim_model::record::{Loss, Record};
use espsim_model::resource::Resource;
use espsim_model::run::least_latency;
use espsim_model::scenario::{Invalid, Scenario};
use espsim_model::units::{Share, Time};
use espsim_sweep::campaign::simulations::{NoRecord, Simulations};
use espsim_sweep::points::outcome::seed;

use super::closed_forms::{ClosedForms, Known, MOST_BUSY, State, least_of};
use super::goals::{Goals, Missed};
use super::hardware::{Component, Hardware, Room};

/// Runs that must all meet the goals where simulation alone decides; where closed forms know what queues lose one checks them.
const REPLICATIONS: u32 = 2;
/// Packets of all runs together: at least this many, and more where queues are longer, since a queue that fills slowly shows
/// only once it is full.
const PACKETS: u64 = 200_000;
/// Packets without which a share of losses says nothing: with none lost of 3 / share, the share is below it with 95 %
/// confidence (the rule of three; Hanley and Lippman-Hand, JAMA 249, 1983).
const PACKETS_PER_LOSS: f64 = 3.0;
/// Packets for each core, times trains and 1 / (1 - utilisation)^2, as queues in heavy traffic remember how they began; the
/// factor is an estimate.
const RELAXATION: f64 = 2.0;
/// The most packets of a run.
const MOST_PACKETS: u64 = 4_000_000;
/// The same where closed forms say what is lost: simulation only checks them.
const MOST_CHECKED: u64 = 600_000;
/// How many times what may be lost is at most taken for chance: a queue that was full once loses some ten packets of a run.
/// An estimate.
const MOST_CHANCE: f64 = 10.0;
/// The longest time that is simulated.
const LONGEST: Time = Time::from_us(3_600_000_000);
/// How close the load that breaks a design is found by simulation.
const LOAD_STEP: f64 = 0.01;
/// How far above its load a design is tried.
const MOST_LOAD: f64 = 4.0;

/// A placement on hosts under one kind of traffic.
pub struct Design<'a> {
    /// One core, one NIC, one accelerator, the whole load.
    pub base: Scenario,
    /// The host.
    pub profile: &'a Profile,
    /// What simulates, and keeps what has ended.
    pub simulations: &'a Simulations<'a>,
    /// What must hold.
    pub goals: Goals,
    /// What fits into a host.
    pub room: Room,
    /// What closed forms have said of it.
    pub known: Known,
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
    /// The first of the search's: of what is told and does not decide.
    One,
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
    /// What closed forms say is lost of it, where they do.
    pub loss: Option<Share>,
    /// Whether it was chosen among several by these very runs, so that chance may have helped.
    pub is_chosen: bool,
}

impl Trial {
    /// Whether every run met the goals.
    pub fn meets(&self) -> bool {
        self.missed.is_none()
    }

    /// The 95 % interval of the share of packets that its runs lost together; `None` where none was simulated. Where none was
    /// lost its upper end is the rule of three's.
    pub fn loss_interval(&self) -> Option<[f64; 2]> {
        let losses: Vec<_> = self.records.iter().filter_map(|record| Some((record.loss?, record.packets))).collect();
        let packets: u64 = losses.iter().map(|(_, packets)| packets).sum();
        let mean = |of: &dyn Fn(&Loss) -> f64| {
            losses.iter().map(|(loss, n)| of(loss) * *n as f64).sum::<f64>() / packets.max(1) as f64
        };
        let share = mean(&|loss| loss.share);
        // Runs are independent: their variances add up.
        let half = mean(&|loss| loss.half_width.unwrap_or(loss.share)) / (losses.len() as f64).sqrt();
        let least = PACKETS_PER_LOSS / packets.max(1) as f64;
        (packets > 0).then(|| [(share - half).max(0.0), if share > 0.0 { share + half } else { least }])
    }

    /// What limits: a station's name, or what the goal was about where no station is full.
    pub fn limit(&self) -> &'static str {
        let limit = self.records.last().and_then(|record| record.bottleneck).unwrap_or(self.tightest);
        match (&self.missed, limit) {
            (Some(Missed::Busy(_) | Missed::Bursts(_)), _) => self.tightest.name(),
            (Some(Missed::Room), _) => "SAs of a NIC",
            (Some(Missed::Floor(_)), _) => "latency",
            (Some(Missed::Latency(_)), Resource::OfferedLoad | Resource::Waits) => "latency",
            (Some(_), Resource::OfferedLoad) => "bursts",
            _ => limit.name(),
        }
    }
}

impl Design<'_> {
    /// What closed forms say of it.
    pub fn closed(&self) -> ClosedForms<'_> {
        let Design { base, profile, goals, room, known, .. } = self;
        ClosedForms { base, profile, goals: *goals, room: *room, known }
    }

    /// So much hardware under a load, in units of the planned one, with as many packets as tell whether goals are met.
    pub fn scenario(&self, hardware: Hardware, load: f64) -> Scenario {
        // What is not valid is not simulated.
        let state = self.closed().state(hardware, load);
        self.long_enough(self.closed().loaded(hardware, load), state.as_ref())
    }

    /// The same scenario with as many packets as tell whether goals are met.
    fn long_enough(&self, mut s: Scenario, state: Option<&State>) -> Scenario {
        let rare = PACKETS_PER_LOSS / self.goals.loss.fraction();
        let packets = if rare.is_finite() { (rare as u64).max(PACKETS) } else { PACKETS };
        let is_known = state.is_some_and(|state| self.closed().knows_queues(state));
        let packets = if is_known { packets } else { packets / u64::from(REPLICATIONS) };
        let queue: u64 = s.classes().iter().map(|class| u64::from(class.queue)).sum();
        // Closed forms know how seldom queues are full.
        let queues = if is_known { 0 } else { 2 * queue * u64::from(s.host.cores) };
        let busy = state.map_or(0.0, |state| state.tightest().1.min(MOST_BUSY));
        let trains = s.classes().iter().map(|class| s.train(class).jobs).max().unwrap_or(1);
        let relaxed = f64::from(s.host.cores * trains) * RELAXATION / (1.0 - busy).powi(2);
        let most = if is_known { MOST_CHECKED } else { MOST_PACKETS };
        s.run.max_packets = (packets + queues + relaxed as u64).min(most);
        // So many packets of a slow load take long; what is simulated faster for it is not.
        s.run.max_time = LONGEST;
        // Loss and latency need all of these packets, however well the rate is known.
        s.run.half_width = Share::from_fraction(1e-6);
        s
    }

    /// What closed forms say of hardware.
    ///
    /// # Errors
    /// [`Invalid`] for what the scenario cannot have.
    fn known(&self, hardware: Hardware, load: f64) -> Result<State, Invalid> {
        self.closed().state(hardware, load).map_or_else(|| self.closed().fresh(hardware, load), Ok)
    }

    /// How many runs check hardware.
    fn runs_of(&self, state: &State) -> u32 {
        if self.closed().knows_queues(state) { 1 } else { REPLICATIONS }
    }

    /// Simulates a point until a run misses a goal or all have met them. Closed forms come first: what they say is too much
    /// is not simulated, and what is lost is weighed against them, since a run in which a queue was full once says little of
    /// how often it is.
    ///
    /// # Errors
    /// [`NoRecord`] for hardware that the scenario cannot have, and where the process is told to end.
    pub fn trial(&self, hardware: Hardware, load: f64, runs: Runs) -> Result<Trial, NoRecord> {
        let state = self.known(hardware, load)?;
        let (tightest, _) = state.tightest();
        let loss = state.loss();
        let mut trial = Trial { hardware, records: Vec::new(), missed: None, tightest, loss, is_chosen: false };
        trial.missed = self.closed().missed(&state).filter(|missed| !matches!(missed, Missed::Latency(_)));
        if !state.has_room {
            trial.missed = Some(Missed::Room);
        }
        if trial.missed.is_some() {
            return Ok(trial);
        }
        let replications = match runs {
            Runs::One => 0..1,
            Runs::Search => 0..self.runs_of(&state),
            Runs::Fresh => REPLICATIONS..REPLICATIONS + self.runs_of(&state),
        };
        let scenario = self.long_enough(self.closed().loaded(hardware, load), Some(&state));
        for replication in replications {
            let record = self.simulations.record(&scenario, self.profile, seed(self.seed, replication))?;
            let half_width =
                record.loss.and_then(|loss| loss.half_width).filter(|_| self.closed().knows_queues(&state));
            let chance = half_width.unwrap_or(0.0).min(MOST_CHANCE * self.goals.loss.fraction());
            trial.missed = self.goals.missed(&record, chance);
            trial.records.push(record);
            if trial.missed.is_some() {
                break;
            }
        }
        Ok(trial)
    }

    /// The least hardware that meets the goals under a load; the error of simulations is `Err`, and where no amount is
    /// enough, the trial that shows it is `Ok(Err)`.
    ///
    /// # Errors
    /// As [`Self::trial`].
    pub fn least(&self, load: f64) -> Result<Result<Trial, Trial>, NoRecord> {
        if let Some(trial) = self.too_slow(self.closed().most(), load)? {
            return Ok(Err(trial));
        }
        let Some(floor) = self.closed().floor(load) else {
            return self.impossible(load).map(Err);
        };
        // Closed forms allow no less.
        let first = self.trial(floor, load, Runs::Search)?;
        if first.meets() {
            return Ok(Ok(first));
        }
        let found = self.search(floor, load)?;
        Ok(found.map(|best| Trial { is_chosen: true, ..best }))
    }

    /// The least hardware that meets the goals, where the least that closed forms allow does not: more cores, and where they
    /// do not help or fit, more of all, and more hosts.
    fn search(&self, floor: Hardware, load: f64) -> Result<Result<Trial, Trial>, NoRecord> {
        // So many cores that more seldom help.
        let ample = (2 * floor.cores + 8).min(self.room.cores);
        if let Some(best) = self.climb(floor, ample, load)? {
            return Ok(Ok(best));
        }
        let mut best = self.trial(floor.with(Component::Core, ample), load, Runs::Search)?;
        while !best.meets() {
            let Some(more) = self.doubled(best.hardware) else { return Ok(Err(best)) };
            best = self.trial(more, load, Runs::Search)?;
        }
        let full = best.hardware;
        least_of(floor.hosts, full.hosts, |hosts| self.improves(&mut best, Hardware { hosts, ..full }, load))?;
        for &part in self.closed().parts().iter().filter(|part| **part != Component::Core) {
            let other = best.hardware;
            let meets = |n| self.improves(&mut best, other.with(part, n), load);
            least_of(floor.of(part), other.of(part), meets)?;
        }
        let least = if best.hardware.hosts > floor.hosts { 1 } else { floor.cores };
        self.fewest_cores(&mut best, least, load)?;
        Ok(Ok(best))
    }

    /// Twice as much of everything, as far as it fits into a host; where nothing more does, twice the hosts. `None` for more
    /// than is searched.
    fn doubled(&self, of: Hardware) -> Option<Hardware> {
        let full = self.closed().most();
        let twice = self
            .closed()
            .parts()
            .iter()
            .fold(of, |more, &part| more.with(part, (2 * of.of(part)).min(full.of(part)).max(of.of(part))));
        if twice != of {
            return Some(twice);
        }
        let hosts = (2 * of.hosts).min(MOST_SEARCHED).min(self.closed().most_hosts());
        (hosts > of.hosts).then_some(Hardware { hosts, ..of })
    }

    /// With fewest devices, the fewest cores above `floor` and up to `most` that meet the goals: one, two, four and so on more
    /// until they are met, then between.
    fn climb(&self, floor: Hardware, most: u32, load: f64) -> Result<Option<Trial>, NoRecord> {
        let (mut low, mut step) = (floor.cores, 1);
        while low < most {
            let high = (low + step).min(most);
            let mut best = self.trial(floor.with(Component::Core, high), load, Runs::Search)?;
            if best.meets() {
                least_of(low + 1, high, |n| self.improves(&mut best, floor.with(Component::Core, n), load))?;
                return Ok(Some(best));
            }
            (low, step) = (high, 2 * step);
        }
        Ok(None)
    }

    /// What closed forms say of the most hardware under a load that is too much for it, or whose trains are.
    fn impossible(&self, load: f64) -> Result<Trial, NoRecord> {
        let hardware = self.closed().most();
        let state = self.known(hardware, load)?;
        let (tightest, busy) = state.tightest();
        let by_trains = self.closed().missed(&state).filter(|missed| !matches!(missed, Missed::Busy(_)));
        let missed = by_trains.or(Some(Missed::Carried(Share::from_fraction(1.0 / busy))));
        Ok(Trial { hardware, records: Vec::new(), missed, tightest, loss: None, is_chosen: false })
    }

    /// What closed forms say where they allow no packet to be as fast as asked for.
    fn too_slow(&self, hardware: Hardware, load: f64) -> Result<Option<Trial>, Invalid> {
        let Some(most) = self.goals.latency_p99 else { return Ok(None) };
        let least = least_latency(&self.closed().loaded(hardware, load), self.profile)?;
        let (missed, tightest) = (Some(Missed::Floor(least)), Resource::OfferedLoad);
        let hardware = self.closed().most();
        let trial = || Trial { hardware, records: Vec::new(), missed, tightest, loss: None, is_chosen: false };
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
    /// nothing broke up to four times the load where that is absent. By closed forms where they know what queues lose, and
    /// by simulation elsewhere.
    ///
    /// # Errors
    /// As [`Self::trial`].
    pub fn headroom(&self, hardware: Hardware, low: f64) -> Result<(f64, Option<Trial>), NoRecord> {
        let most = low * MOST_LOAD;
        let edge = self.closed().edge(hardware, low, most);
        let known = self.goals.latency_p99.is_none() && self.closed().knows_queues(&self.known(hardware, low)?);
        if known {
            let beyond = || self.trial(hardware, edge * BEYOND, Runs::One);
            return Ok((edge, (edge < most).then(beyond).transpose()?));
        }
        let (mut low, mut high) = (low, edge.max(low));
        let mut broken = self.trial(hardware, high, Runs::One)?;
        if broken.meets() {
            let beyond = || self.trial(hardware, high * BEYOND, Runs::One);
            return Ok((high, (high < most).then(beyond).transpose()?));
        }
        while high > low * (1.0 + LOAD_STEP) {
            let middle = (low * high).sqrt();
            let trial = self.trial(hardware, middle, Runs::One)?;
            if trial.meets() {
                low = middle;
            } else {
                high = middle;
                broken = trial;
            }
        }
        Ok((low, Some(broken)))
    }
}

/// Beyond the last load that closed forms allow.
const BEYOND: f64 = 1.005;
/// Hosts beyond which none are added where simulations do not find what closed forms allow to be enough.
const MOST_SEARCHED: u32 = 32;

#[cfg(test)]
mod tests;
