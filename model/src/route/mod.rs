//! The vocabulary of a route: what a packet visits, holds and waits for, in order.
//!
//! A route is declared once and read twice: [`Platform::compile`] turns it into the engine's program, and
//! [`crate::bound`] adds up the same visits into closed-form bounds.

mod category;
mod compile;
mod lanes;
mod on_its_way;
mod plenty;
mod visits;

pub use category::Category;
pub use compile::{Account, Compiled, Note, TooLarge};

use crate::engine::program::{Cache, Gate, Key, LockTimes, Pool as Units};
use crate::resource::Resource;
use crate::traffic::Packet;
use crate::units::{Bytes, Cycles, Share, Time};

/// A station on the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationId(pub u16);

/// A pool of units (ring entries, tags, buffer octets) on the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolId(pub u16);

/// A gate, at which jobs gather into batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateId(pub u16);

/// A cache on the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheId(pub u16);

/// An order on the platform, which jobs enter and leave in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub u16);

/// What a visit is charged to, beyond its station's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Charge {
    /// Core cycles of a category.
    Cycles(Category, Cycles),
    /// The same of a DPU's cores, which are none of the host's.
    DpuCycles(Category, Cycles),
    /// TLP octets on a PCIe link, framing included, both directions alike.
    PcieTlp(f64),
    /// Payload octets that crossed PCIe: the crossings that the placements differ in.
    PciePayload(Bytes),
    /// Packets that were dropped.
    Dropped(u32),
    /// A packet that was sent.
    Sent(Packet),
}

impl Charge {
    /// Cycles of a category, of the host's cores or of a DPU's.
    pub const fn cycles(on_dpu: bool, category: Category, cycles: Cycles) -> Charge {
        if on_dpu { Charge::DpuCycles(category, cycles) } else { Charge::Cycles(category, cycles) }
    }
}

/// One visit to a station.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// Where.
    pub station: StationId,
    /// How long the station is occupied.
    pub time: Time,
    /// How long the job travels after the station has let it go.
    pub latency: Time,
    /// What happens, for traces.
    pub label: &'static str,
    /// Octets that are worked on or moved, for traces; zero where octets do not count.
    pub octets: Bytes,
    /// What it is charged to.
    pub charges: Vec<Charge>,
    /// A lock that is taken at the end of the visit.
    pub lock: Option<Taken>,
}

impl Visit {
    /// A visit that nothing is charged for.
    pub fn new(station: StationId, time: Time, latency: Time, label: &'static str) -> Self {
        Visit { station, time, latency, label, octets: Bytes::ZERO, charges: Vec::new(), lock: None }
    }

    /// The same visit, of so many octets.
    #[must_use]
    pub fn of(self, octets: Bytes) -> Self {
        Visit { octets, ..self }
    }
}

/// A lock that a visit takes, while its station waits with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The lock.
    pub lock: StationId,
    /// How long it is held at least, each time.
    pub time: Time,
    /// How often it is taken, one time after the other: whoever waits for it gets it in between.
    pub times: u32,
    /// How long the station works between the first time and the last: a part of the visit's time.
    pub between: Time,
}

impl Taken {
    /// A lock that is taken once.
    pub const fn once(lock: StationId, time: Time) -> Self {
        Taken { lock, time, times: 1, between: Time::ZERO }
    }

    /// How long it is held at least, all times together.
    pub fn held(&self) -> Time {
        self.time * u64::from(self.times)
    }
}

/// One element of a route.
#[derive(Debug, Clone, PartialEq)]
pub enum Hop {
    /// Be served by a station.
    Serve(Visit),
    /// Take units of a pool, waiting for them.
    Acquire(PoolId, u32),
    /// Take so many units of a pool, or drop the job with so many packets if there are too few: what it holds it gives
    /// back, and the cycles that were spent on it count as [`Category::Dropped`]. Not in a part of a split.
    AcquireOrDrop(PoolId, u32, u32),
    /// Take units of a pool and go the first route, or the second one if there are too few.
    AcquireElse(PoolId, u32, Route, Route),
    /// Give units back.
    Release(PoolId, u32),
    /// Gather at a gate; the visit is made once per batch.
    Gather(GateId, Visit),
    /// Wait for a poll (NAPI): an interrupt if none runs, then once per poll the second visit.
    Poll(GateId, Visit, Visit),
    /// The packet's share of the poll is done.
    Polled(GateId),
    /// Done with the poll (the second gate) and merged at the first one; the visit is made and the route gone once for all
    /// that merged.
    Merge(GateId, GateId, Visit, Route),
    /// Look up in a cache; on a miss, go the route first, while others that miss the same wait.
    Lookup(Lookup, Route),
    /// Come to an order.
    Enter(OrderId),
    /// Leave it: once all that entered before have left, or at once.
    Leave(OrderId, bool),
    /// The job's buffer is in one of so many pages from now on.
    Place(u32),
    /// Go on as so many packets on each of these routes, all of which must end before the route goes on.
    Split(Vec<(Route, u32)>),
    /// Add the first number to the count of the job's flow; whenever that reaches the second one, another packet goes this
    /// route, for which the job waits at its end and nowhere else. Not in a part of a split.
    Spawn(Route, u32, u32),
    /// Go one of these routes, each of which begins with a visit: the one whose station has least to do. All cost the same.
    OneOf(Vec<Route>),
    /// A packet has left.
    Depart(Packet),
    /// Keep to the rate of the job's SA.
    Limit(Limit),
    /// The job takes the next sequence number of its SA, as the peer gave it.
    Number,
    /// The job's sequence number must be within so many below the highest that has come here (RFC 4303 section 3.4.3), or it
    /// is dropped. Not in a poll.
    InWindow(u32),
    /// Count so many packets of the job's SA, which take a sequence number each.
    Tally(u32),
    /// So many packets are dropped; what follows is not reached by them.
    Drop(u32),
}

/// A rate that each SA is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The station that stands for it, of as many units as there are SAs.
    pub station: StationId,
    /// Which of an SA's two rates.
    pub rate: u8,
    /// What the job takes of it.
    pub time: Time,
    /// Packets of the job.
    pub packets: u32,
    /// Whether what is beyond the rate is dropped; a saturating sender is held back instead.
    pub drops: bool,
}

/// A lookup in a cache.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lookup {
    /// The cache.
    pub cache: CacheId,
    /// What is looked up.
    pub key: Key,
    /// The highest share of hits that the cache can have: its capacity over the keys, where all are as likely.
    pub hits: Share,
}

/// An ordered list of hops.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Route(pub Vec<Hop>);

impl Route {
    /// Routes one after the other.
    pub fn concat(parts: impl IntoIterator<Item = Route>) -> Route {
        Route(parts.into_iter().flat_map(|part| part.0).collect())
    }
}

impl From<Hop> for Route {
    fn from(hop: Hop) -> Route {
        Route(vec![hop])
    }
}

impl From<Vec<Hop>> for Route {
    fn from(hops: Vec<Hop>) -> Route {
        Route(hops)
    }
}

/// Joins hops and routes into one route, in order.
#[macro_export]
macro_rules! route {
    ($($part:expr),* $(,)?) => {
        $crate::route::Route::concat([$($crate::route::Route::from($part)),*])
    };
}

/// A station: one queue, one or more units that serve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Station {
    /// What it is; cores share one.
    pub resource: Resource,
    /// Units in parallel. Locks are a station of as many units as there are shared SAs, each of which is one SA's.
    pub units: u32,
    /// A pool of one unit that is held throughout a visit, where visits wait for locks: a core that spins serves
    /// nobody else.
    pub held: Option<PoolId>,
}

impl Station {
    /// Whether there is one for each SA, which the SA's number finds.
    pub fn is_keyed(&self) -> bool {
        matches!(self.resource, Resource::SaLock | Resource::SaLimit)
    }
}

/// A pool of units that packets hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// What it is; the rings of several cores share one.
    pub resource: Resource,
    /// Its units.
    pub units: Units,
}

/// Everything that routes can visit, hold or gather at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Platform {
    /// Stations, in the order of their numbers: the order of equal times too.
    pub stations: Vec<Station>,
    /// Pools.
    pub pools: Vec<Pool>,
    /// Gates.
    pub gates: Vec<Gate>,
    /// Caches.
    pub caches: Vec<Cache>,
    /// How many orders there are.
    pub orders: u16,
    /// What passing a lock takes.
    pub lock: LockTimes,
    /// How long packets may come ahead of the rate that their SA is held to.
    pub burst: Time,
}

impl Platform {
    /// Adds a station.
    pub fn station(&mut self, resource: Resource, units: u32) -> StationId {
        self.stations.push(Station { resource, units, held: None });
        StationId(self.stations.len() as u16 - 1)
    }

    /// Adds a pool.
    pub fn pool(&mut self, resource: Resource, capacity: u32) -> PoolId {
        self.pool_in_bulk(resource, capacity, 1)
    }

    /// Adds a pool whose units are given back so many at a time.
    pub fn pool_in_bulk(&mut self, resource: Resource, capacity: u32, quantum: u32) -> PoolId {
        self.pools.push(Pool { resource, units: Units { capacity, quantum } });
        PoolId(self.pools.len() as u16 - 1)
    }

    /// Adds a gate.
    pub fn gate(&mut self, jobs: u32, timeout: Time) -> GateId {
        self.add_gate(Gate { jobs: jobs.max(1), timeout: timeout.as_ps(), budget: 0, merging: None })
    }

    /// Adds a gate for jobs that merge until they are so many or one of these polls is over.
    pub fn merging_gate(&mut self, jobs: u32, polls: &[GateId]) -> GateId {
        let gate = self.add_gate(Gate { jobs: jobs.max(1), timeout: u64::MAX, budget: 0, merging: None });
        for poll in polls {
            self.gates[usize::from(poll.0)].merging = Some(gate.0);
        }
        gate
    }

    /// Adds a polled gate: an interrupt after `jobs` or `timeout`, then polls of up to `budget`.
    pub fn polled_gate(&mut self, jobs: u32, timeout: Time, budget: u32) -> GateId {
        self.add_gate(Gate { jobs: jobs.max(1), timeout: timeout.as_ps(), budget: budget.max(1), merging: None })
    }

    fn add_gate(&mut self, gate: Gate) -> GateId {
        self.gates.push(gate);
        GateId(self.gates.len() as u16 - 1)
    }

    /// Adds an order.
    pub fn order(&mut self) -> OrderId {
        self.orders += 1;
        OrderId(self.orders - 1)
    }

    /// Adds a cache.
    pub fn cache(&mut self, cache: Cache) -> CacheId {
        self.caches.push(cache);
        CacheId(self.caches.len() as u16 - 1)
    }
}
