//! The vocabulary of a route: what a packet visits, holds and waits for, in order.
//!
//! A route is declared once and read twice: [`Floor::compile`] turns it into the engine's program, and
//! [`crate::bound`] adds up the same visits into closed-form bounds.

mod compile;
mod lanes;

pub use compile::{Account, Compiled, Note};

use crate::engine::program::{Cache, Gate, Key};
use crate::traffic::Packet;
use crate::units::{Bytes, Cycles, Share, Time};

/// A station on the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationId(pub u16);

/// A pool of units (ring entries, tags, buffer octets) on the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolId(pub u16);

/// A gate, at which jobs gather into batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateId(pub u16);

/// A cache on the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheId(pub u16);

/// What a core spends cycles on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// System call, socket, transport, IP, queueing discipline.
    Send,
    /// Copy from user to kernel memory.
    Copy,
    /// Software segmentation.
    Segment,
    /// Software transport checksum.
    Checksum,
    /// ESP encapsulation without the cipher.
    Xfrm,
    /// AEAD or cipher with HMAC.
    Aead,
    /// Submitting to an accelerator.
    CryptoSubmit,
    /// Handling an accelerator's responses.
    CryptoComplete,
    /// Driver transmit.
    Transmit,
    /// MMIO doorbell writes.
    Doorbell,
    /// Transmit completions.
    Complete,
    /// Interrupts.
    Interrupt,
    /// What one poll costs however many packets it finds; for vector processing, one vector.
    Poll,
    /// Driver receive: completion, buffer, refill.
    Receive,
    /// Merging received packets (GRO).
    Gro,
    /// IP input, transport, socket and receive call.
    Deliver,
    /// Route lookup and forwarding.
    Forward,
    /// Switching to another thread and back while an accelerator works.
    Switch,
    /// Holding the lock of an SA that cores share, and spinning for it.
    Lock,
}

impl Category {
    /// Every category, in the order of a packet's way.
    pub const ALL: [Category; 19] = [
        Category::Send,
        Category::Copy,
        Category::Segment,
        Category::Checksum,
        Category::Xfrm,
        Category::Aead,
        Category::CryptoSubmit,
        Category::CryptoComplete,
        Category::Transmit,
        Category::Doorbell,
        Category::Complete,
        Category::Interrupt,
        Category::Poll,
        Category::Receive,
        Category::Gro,
        Category::Deliver,
        Category::Forward,
        Category::Switch,
        Category::Lock,
    ];

    /// The name used in results.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Send => "send",
            Category::Copy => "copy",
            Category::Segment => "segment",
            Category::Checksum => "checksum",
            Category::Xfrm => "xfrm",
            Category::Aead => "aead",
            Category::CryptoSubmit => "crypto_submit",
            Category::CryptoComplete => "crypto_complete",
            Category::Transmit => "transmit",
            Category::Doorbell => "doorbell",
            Category::Complete => "complete",
            Category::Interrupt => "interrupt",
            Category::Poll => "poll",
            Category::Receive => "receive",
            Category::Gro => "gro",
            Category::Deliver => "deliver",
            Category::Forward => "forward",
            Category::Switch => "switch",
            Category::Lock => "lock",
        }
    }
}

/// What a visit is charged to, beyond its station's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Charge {
    /// Core cycles of a category.
    Cycles(Category, Cycles),
    /// TLP octets on a PCIe link, framing included, both directions alike.
    PcieTlp(f64),
    /// Payload octets that crossed PCIe: the crossings that the placements differ in.
    PciePayload(Bytes),
    /// Packets that were dropped.
    Dropped(u64),
    /// A packet that was sent.
    Sent(Packet),
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
    /// A lock that is held for so long at the end of the visit, while the station waits with it.
    pub lock: Option<(StationId, Time)>,
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

/// One element of a route.
#[derive(Debug, Clone, PartialEq)]
pub enum Hop {
    /// Be served by a station.
    Serve(Visit),
    /// Take units of a pool, waiting for them.
    Acquire(PoolId, u32),
    /// Take units of a pool, or drop the job's packets if there are too few.
    AcquireOrDrop(PoolId, u32),
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
    /// Done with the poll (the second gate) and merged at the first one; the visit is made once for all that merged.
    Merge(GateId, GateId, Visit),
    /// Look up in a cache; on a miss, go the route first.
    Lookup(Lookup, Route),
    /// Go on as so many packets on each of these routes, all of which must end before the route goes on.
    Split(Vec<(Route, u32)>),
    /// A packet has left.
    Depart(Packet),
    /// Count so many packets of the job's SA, which take a sequence number each.
    Tally(u32),
    /// So many packets are dropped; what follows is not reached by them.
    Drop(u32),
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

    /// Packets that depart from one job on this route.
    pub fn packets(&self) -> u64 {
        self.0
            .iter()
            .map(|hop| match hop {
                Hop::Depart(_) => 1,
                Hop::Drop(n) => u64::from(*n),
                Hop::Split(parts) => parts.iter().map(|(route, n)| route.packets() * u64::from(*n)).sum(),
                _ => 0,
            })
            .sum()
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

/// What a station is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The host: cores, memory, locks.
    Host,
    /// PCI Express: links, root complex, page walkers.
    Pcie,
    /// The lookaside accelerator.
    Accelerator,
    /// The NIC with its wire.
    Nic,
}

impl Owner {
    /// Every owner, from the CPU outwards.
    pub const ALL: [Owner; 4] = [Owner::Host, Owner::Pcie, Owner::Accelerator, Owner::Nic];

    /// The name used in traces.
    pub const fn name(self) -> &'static str {
        match self {
            Owner::Host => "host",
            Owner::Pcie => "PCIe",
            Owner::Accelerator => "accelerator",
            Owner::Nic => "NIC",
        }
    }
}

/// A station: one queue, one or more units that serve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Station {
    /// What it is part of.
    pub owner: Owner,
    /// Name in results, such as `core` or `NIC link down`; cores share one.
    pub name: &'static str,
    /// Units in parallel.
    pub units: u16,
    /// A pool of one unit that is held throughout a visit, where visits wait for locks: a core that spins serves
    /// nobody else.
    pub held: Option<PoolId>,
}

/// A pool of units that packets hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Name in results; the rings of several cores share one.
    pub name: &'static str,
    /// Units.
    pub capacity: u32,
}

/// Everything that routes can visit, hold or gather at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Floor {
    /// Stations, in the order of their numbers: the order of equal times too.
    pub stations: Vec<Station>,
    /// Pools.
    pub pools: Vec<Pool>,
    /// Gates.
    pub gates: Vec<Gate>,
    /// Caches.
    pub caches: Vec<Cache>,
}

impl Floor {
    /// Adds a station.
    pub fn station(&mut self, owner: Owner, name: &'static str, units: u16) -> StationId {
        self.stations.push(Station { owner, name, units, held: None });
        StationId(self.stations.len() as u16 - 1)
    }

    /// Adds a pool.
    pub fn pool(&mut self, name: &'static str, capacity: u32) -> PoolId {
        self.pools.push(Pool { name, capacity });
        PoolId(self.pools.len() as u16 - 1)
    }

    /// Adds a gate.
    pub fn gate(&mut self, jobs: u32, timeout: Time) -> GateId {
        self.add_gate(Gate { jobs: jobs.max(1), timeout: timeout.as_ps(), budget: 0 })
    }

    /// Adds a gate that only others open: for jobs that merge.
    pub fn merging_gate(&mut self, jobs: u32) -> GateId {
        self.add_gate(Gate { jobs: jobs.max(1), timeout: u64::MAX, budget: 0 })
    }

    /// Adds a polled gate: an interrupt after `jobs` or `timeout`, then polls of up to `budget`.
    pub fn polled_gate(&mut self, jobs: u32, timeout: Time, budget: u32) -> GateId {
        self.add_gate(Gate { jobs: jobs.max(1), timeout: timeout.as_ps(), budget: budget.max(1) })
    }

    fn add_gate(&mut self, gate: Gate) -> GateId {
        self.gates.push(gate);
        GateId(self.gates.len() as u16 - 1)
    }

    /// Adds a cache.
    pub fn cache(&mut self, cache: Cache) -> CacheId {
        self.caches.push(cache);
        CacheId(self.caches.len() as u16 - 1)
    }
}
