//! What waits before a core, and what of it is lost, where packets come at random: closed forms for any load below one.
//!
//! Packets come in batches (single ones, trains of a flow, bursts of several flows) as Poisson processes, each with a service
//! time of its size: the queue M^[X]/G/1 (Gross et al., "Fundamentals of Queueing Theory", 5th ed., 2018, section 3.1 and
//! chapter 6). Its work exceeds x with at most the probability exp(-theta x) (Lundberg's inequality; Asmussen, "Applied
//! Probability and Queues", 2nd ed., 2003, section XIII.5), where theta is where what comes is theta: the sum over classes of
//! psi (effective bandwidth x theta; Kelly, "Notes on effective bandwidths", 1996), each from the time between the starts of
//! two batches,
//!
//! > E exp(theta x work of a batch - psi x its length) = 1 + psi x mean time from its end to the next one's start
//!
//! and the number of packets in it exceeds n with about E exp(theta x service)^-n, since that is the pole of its
//! generating function. Of a queue with room for K packets, (1 - rho) q / (1 - rho q) are lost, where q is the share of
//! arrivals that find K in one without end (Keilson, "The ergodic queue length distribution for queueing systems with finite
//! capacity", JRSS B 28, 1966; exact for M/G/1/K, near for batches).
//!
//! Service is taken to take what it takes when a queue is long: a poll is shared by as many packets as it can be, and an
//! interrupt by as many as come in the time that it is put off.

use std::collections::BTreeMap;

use super::{Row, rows};
use crate::engine::program::Arrivals;
use crate::machine::{Class, Machine};
use crate::resource::Resource;
use crate::route::{GateId, Hop, PoolId, Route, StationId, Visit};
use crate::units::{Share, Time};

/// Halvings in which a root is found.
const STEPS: u32 = 40;

/// The queues before cores, where packets come at random.
#[derive(Debug, Clone, PartialEq)]
pub struct Queues {
    /// What comes to each core that packets come to.
    coming: Vec<Vec<Batches>>,
    /// One for each of them.
    cores: Vec<Queue>,
}

/// A core with what waits for it.
#[derive(Debug, Clone, PartialEq)]
struct Queue {
    /// Packets per second.
    rate: f64,
    /// The share of its time that it works.
    busy: f64,
    /// Lundberg's exponent, per second; infinite for a core that nobody ever waits for, 0 for one without rest.
    theta: f64,
    /// E exp(theta x service).
    growth: f64,
    /// Packets that may wait.
    room: f64,
    /// What a packet's place in its batch multiplies its chance to be lost by, with `growth` to the power of minus `room`.
    place: f64,
}

impl Queues {
    /// Of a machine; `None` where nothing comes at random, or as a trace has it: no closed form knows those.
    pub fn of(machine: &Machine) -> Option<Queues> {
        let known = |class: &Class| matches!(class.arrivals, Arrivals::Poisson { .. } | Arrivals::Bursts { .. });
        if !machine.classes.iter().all(known) {
            return None;
        }
        let rows = rows(machine);
        let gathered = gathered(machine, &rows);
        let mut coming: BTreeMap<StationId, Vec<Batches>> = BTreeMap::new();
        for row in &rows {
            for station in row.per_packet.stations.keys().filter(|station| is_core(machine, **station)) {
                let batches = Batches::of(row, machine, *station, &gathered);
                let all = coming.entry(*station).or_default();
                match all.iter_mut().find(|other| other.class == batches.class) {
                    Some(other) => other.join(batches),
                    None => all.push(batches),
                }
            }
        }
        Some(Queues::before(coming.into_values().collect()))
    }

    fn before(coming: Vec<Vec<Batches>>) -> Self {
        Queues { cores: coming.iter().map(|batches| Queue::of(batches)).collect(), coming }
    }

    /// The same where so many times as much comes.
    #[must_use]
    pub fn at(&self, load: f64) -> Self {
        let at = |batches: &Vec<Batches>| batches.iter().map(|of| of.at(load)).collect();
        Queues::before(self.coming.iter().map(at).collect())
    }

    /// The share of all packets that is lost because the queue before their core is full.
    pub fn loss(&self) -> Share {
        let all: f64 = self.cores.iter().map(|queue| queue.rate).sum();
        Share::from_fraction(self.cores.iter().map(|queue| queue.rate / all * queue.loss()).sum())
    }

    /// How busy the busiest core is.
    pub fn busy(&self) -> Share {
        Share::from_fraction(self.cores.iter().map(|queue| queue.busy).fold(0.0, f64::max))
    }

    /// What so great a share of packets waits longer than for its core, of the core where they wait longest.
    pub fn wait(&self, share: Share) -> Time {
        let longest = self.cores.iter().map(|queue| queue.wait(share.fraction())).fold(0.0, f64::max);
        Time::from_seconds(longest)
    }
}

/// Whether a station is a core of the host.
fn is_core(machine: &Machine, station: StationId) -> bool {
    u32::from(station.0) < machine.cores
}

/// Batches of a class that come to a core.
#[derive(Debug, Clone, PartialEq)]
struct Batches {
    class: u8,
    /// Packets per second of the class on all cores, and on this one.
    of_class: f64,
    rate: f64,
    /// Packets of a train, and trains of a burst.
    train: f64,
    trains: f64,
    /// Seconds from one packet of a batch to the next.
    spacing: f64,
    /// Seconds that packets take of the core, with the share of the packets here that do, times `rate`.
    service: Vec<(f64, f64)>,
    /// What jobs share.
    shared: Vec<Shared>,
    /// Packets of its rings, and how many a second each is for.
    rings: BTreeMap<PoolId, (f64, f64)>,
}

impl Batches {
    fn of(row: &Row<'_>, machine: &Machine, station: StationId, gathered: &BTreeMap<GateId, f64>) -> Self {
        let (class, path) = (row.class, &machine.paths[row.path]);
        let weights: f64 = class.weights.iter().map(|&w| f64::from(w)).sum();
        let of_send = |(demand, weight): (&super::Demand, &u32)| {
            let taken = demand.stations.get(&station).copied().unwrap_or(0.0);
            (taken / class.packets_per_send(), f64::from(*weight) / weights * row.offered)
        };
        let trains = match class.arrivals {
            Arrivals::Bursts { trains, .. } => f64::from(trains),
            _ => 1.0,
        };
        let ring = machine.routes[row.path].first().and_then(|route| ring(route, machine));
        Batches {
            class: path.class,
            of_class: class.offered_pps().unwrap_or(0.0),
            rate: row.offered,
            train: f64::from(class.train.jobs) * class.packets_per_send(),
            trains,
            spacing: Time::from_ps(class.train.spacing).as_seconds() / class.packets_per_send(),
            shared: Shared::of(row, machine, station, gathered),
            service: row.sends.iter().zip(&class.weights).map(of_send).collect(),
            rings: ring.into_iter().map(|(pool, room)| (pool, (room, row.offered))).collect(),
        }
    }

    fn join(&mut self, other: Batches) {
        self.rate += other.rate;
        self.service.extend(other.service);
        self.shared.extend(other.shared);
        for (pool, (room, rate)) in other.rings {
            self.rings.entry(pool).or_insert((room, 0.0)).1 += rate;
        }
    }

    /// The same where so many times as much comes.
    fn at(&self, load: f64) -> Self {
        let mut at = self.clone();
        at.rate *= load;
        at.of_class *= load;
        at.service.iter_mut().for_each(|(_, weight)| *weight *= load);
        at.rings.values_mut().for_each(|(_, rate)| *rate *= load);
        for shared in &mut at.shared {
            shared.jobs *= load;
            shared.packets *= load;
        }
        at
    }

    /// Seconds that a mean packet takes beyond what it takes where all batches are full.
    fn more(&self) -> f64 {
        self.shared.iter().map(|shared| shared.packets / self.rate * shared.more()).sum()
    }

    /// E exp(theta x service) of a packet.
    fn packet(&self, theta: f64) -> f64 {
        let full: f64 = self.service.iter().map(|(time, weight)| weight / self.rate * (theta * time).exp()).sum();
        full * (theta * self.more()).exp()
    }

    /// E x^packets y^trains of a batch, where x^train is `train` and counts what comes to this core, and y counts all: of a burst
    /// each train comes here or to another one, and their number is distributed geometrically. Infinite beyond the pole.
    fn batch(&self, train: f64, each: f64) -> f64 {
        if self.trains <= 1.0 {
            return train * each;
        }
        let here = self.rate / self.of_class;
        let one = each * (1.0 - here + here * train);
        let more = 1.0 - 1.0 / self.trains;
        if one * more >= 1.0 { f64::INFINITY } else { one / self.trains / (1.0 - one * more) }
    }

    /// Batches a second that bring packets here or may.
    fn batches(&self) -> f64 {
        if self.trains <= 1.0 { self.rate / self.train } else { self.of_class / self.train / self.trains }
    }

    /// What comes: psi of a theta, per second.
    fn comes(&self, theta: f64) -> f64 {
        let (train, length) = (self.packet(theta).powf(self.train), self.train * self.spacing);
        let between = (1.0 / self.batches() - self.trains * length).max(0.0);
        let over = |psi: f64| self.batch(train, (-psi * length).exp()) - 1.0 - psi * between;
        // Falls from what all at once would be, where batches take no time.
        let (mut low, mut high) = (0.0, self.batches() * (self.batch(train, 1.0) - 1.0));
        if length == 0.0 || high.is_infinite() && self.batch(train, (-theta * length).exp()).is_infinite() {
            return high;
        }
        high = high.min(theta);
        for _ in 0..STEPS {
            let middle = low + (high - low) / 2.0;
            if over(middle) > 0.0 { low = middle } else { high = middle }
        }
        high
    }

    /// The mean over its packets of `growth` to the power of the packets of its batch that it finds before it: those served while
    /// the batch comes are gone.
    fn place(&self, growth: f64, theta: f64) -> f64 {
        let packets = self.rate / self.batches();
        let batch = self.batch(growth.powf(self.train), (-theta * self.train * self.spacing).exp());
        ((batch - 1.0) / (packets * (growth - 1.0))).max(1.0)
    }
}

/// A visit that is made once for all jobs that come while the first of them waits, up to so many.
#[derive(Debug, Clone, PartialEq)]
struct Shared {
    /// Seconds that it takes, of a packet whose visit nobody shares.
    alone: f64,
    /// Seconds for which the first waits, and jobs for which it does not.
    timeout: f64,
    full: f64,
    /// Jobs a second that come to it, and packets of the batches in question.
    jobs: f64,
    packets: f64,
}

impl Shared {
    fn of(row: &Row<'_>, machine: &Machine, station: StationId, gathered: &BTreeMap<GateId, f64>) -> Vec<Shared> {
        let routes = &machine.routes[row.path];
        let gates = routes.iter().flat_map(gathers).filter(|(_, visit)| visit.station == station);
        let shared = gates.map(|(id, visit)| {
            let gate = machine.platform.gates[usize::from(id.0)];
            Shared {
                alone: visit.time.as_seconds() / row.class.packets_per_send(),
                timeout: Time::from_ps(gate.timeout).as_seconds(),
                full: f64::from(gate.jobs),
                jobs: gathered[&id],
                packets: row.offered / routes.len() as f64,
            }
        });
        shared.collect()
    }

    /// Seconds that a packet takes because the time is over before the batch is full.
    fn more(&self) -> f64 {
        self.alone * (1.0 / (1.0 + self.jobs * self.timeout).min(self.full) - 1.0 / self.full)
    }
}

/// How many jobs a second come to each gate where some wait for others, up to a time.
fn gathered(machine: &Machine, rows: &[Row<'_>]) -> BTreeMap<GateId, f64> {
    let mut rates: BTreeMap<GateId, f64> = BTreeMap::new();
    for row in rows {
        let of_send = row.offered / row.class.packets_per_send() / machine.routes[row.path].len() as f64;
        for (gate, _) in machine.routes[row.path].iter().flat_map(gathers) {
            *rates.entry(gate).or_default() += of_send;
        }
    }
    rates
}

/// The gates of a route at which a visit is shared, with that visit.
fn gathers(route: &Route) -> impl Iterator<Item = (GateId, &Visit)> {
    route.0.iter().filter_map(|hop| match hop {
        Hop::Gather(gate, visit) => Some((*gate, visit)),
        _ => None,
    })
}

/// The ring or queue in which packets wait for their core, with its room.
fn ring(route: &Route, machine: &Machine) -> Option<(PoolId, f64)> {
    route.0.iter().find_map(|hop| {
        let Hop::AcquireOrDrop(id, each, packets) = hop else { return None };
        let pool = &machine.platform.pools[usize::from(id.0)];
        let holds = matches!(pool.resource, Resource::NicReceiveRing | Resource::SocketQueue | Resource::TransmitQueue);
        // What is given back in bulk is missing until then.
        let units = pool.units.capacity.saturating_sub(pool.units.quantum - 1).max(1);
        let room = f64::from(units) / f64::from((*each).max(1)) * f64::from((*packets).max(1));
        holds.then_some((*id, room))
    })
}

impl Queue {
    fn of(batches: &[Batches]) -> Self {
        let rate: f64 = batches.iter().map(|of| of.rate).sum();
        let full: f64 = batches.iter().flat_map(|of| &of.service).map(|(time, weight)| time * weight).sum();
        let busy = full + batches.iter().map(|of| of.rate * of.more()).sum::<f64>();
        // One ring of several is full when all of them together hold more.
        let mut rings: BTreeMap<PoolId, (f64, f64)> = BTreeMap::new();
        for (pool, (room, rate)) in batches.iter().flat_map(|of| &of.rings) {
            rings.entry(*pool).or_insert((*room, 0.0)).1 += rate;
        }
        let room = rings.values().map(|(room, to_it)| room * rate / to_it).fold(f64::INFINITY, f64::min);
        let theta = exponent(batches, busy);
        let mean =
            |of: &dyn Fn(&Batches) -> f64| batches.iter().map(|batch| batch.rate / rate * of(batch)).sum::<f64>();
        let growth = mean(&|of| of.packet(theta));
        let place = if theta.is_infinite() { 1.0 } else { mean(&|of| of.place(growth, theta)) };
        Queue { rate, busy, theta, growth, room, place }
    }

    fn loss(&self) -> f64 {
        if self.theta <= 0.0 {
            return 1.0 - 1.0 / self.busy.max(1.0);
        }
        if self.theta.is_infinite() || self.room.is_infinite() {
            return 0.0;
        }
        let found = (self.busy * self.place * self.growth.powf(-self.room)).min(1.0);
        (1.0 - self.busy) * found / (1.0 - self.busy * found)
    }

    /// Seconds that a share of packets waits longer than, at most as long as the queue has room.
    fn wait(&self, share: f64) -> f64 {
        let longest = self.room * self.busy / self.rate;
        if self.theta <= 0.0 {
            return longest;
        }
        ((self.busy * self.place / share).ln().max(0.0) / self.theta).min(longest)
    }
}

/// The root of Lundberg's equation in units of one over the mean service beyond which nobody ever waits: work of so many
/// packets is found less often than once in 10^200.
const NEVER: f64 = 500.0;

/// The positive root of Lundberg's equation; 0 for a core that is never idle, infinite for one that takes no time or whose
/// packets never meet.
fn exponent(batches: &[Batches], busy: f64) -> f64 {
    if busy >= 1.0 {
        return 0.0;
    }
    if busy <= 0.0 {
        return f64::INFINITY;
    }
    let over = |theta: f64| batches.iter().map(|of| of.comes(theta)).sum::<f64>() - theta;
    let rate: f64 = batches.iter().map(|of| of.rate).sum();
    // Below the root it is negative, and convex.
    let (mut low, mut high) = (0.0, (1.0 - busy) * rate / busy);
    while over(high) < 0.0 {
        (low, high) = (high, 2.0 * high);
        if high * busy > NEVER * rate {
            return f64::INFINITY;
        }
    }
    for _ in 0..STEPS {
        let middle = low + (high - low) / 2.0;
        if over(middle) < 0.0 { low = middle } else { high = middle }
    }
    low
}
