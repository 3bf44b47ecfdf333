//! What the engine executes: jobs run through a program of operations over numbered resources.

use serde::{Deserialize, Serialize};

use super::recorded::Recorded;

/// Index of an operation in the program.
pub type Pc = u32;

/// One operation of a job. Times are picoseconds; numbers index the engine's resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Occupy a first-come-first-served server for `time`, then ride the lane's latency.
    Serve {
        /// Server to queue at.
        server: u16,
        /// Lane to leave by; every lane belongs to one server.
        lane: u16,
        /// Service time.
        time: u64,
    },
    /// As `Serve`, with an exponentially distributed time from the server's own stream.
    ServeRandom {
        /// Server to queue at.
        server: u16,
        /// Lane to leave by.
        lane: u16,
        /// Mean service time.
        mean: u64,
    },
    /// As `Serve` at a server with several units and one queue: the unit that is free first takes the job.
    ServeAny {
        /// Server to queue at.
        server: u16,
        /// Lane to leave by.
        lane: u16,
        /// Service time.
        time: u64,
    },
    /// As `ServeAny`, with an exponentially distributed time.
    ServeAnyRandom {
        /// Server to queue at.
        server: u16,
        /// Lane to leave by.
        lane: u16,
        /// Mean service time.
        mean: u64,
    },
    /// As `Serve`, directly behind a `Serve` or `Chain`, at a server that every job reaches over that same lane. Jobs
    /// arrive there in the order in which they came to the server before, so that this departure too is known at once
    /// and the step between needs no event.
    Chain {
        /// Server to queue at.
        server: u16,
        /// Lane to leave by.
        lane: u16,
        /// Service time.
        time: u64,
    },
    /// Ride a lane that belongs to no server: a pure delay.
    Wait {
        /// The lane.
        lane: u16,
    },
    /// Take `n` units of a pool, waiting first-come-first-served until they are there.
    Acquire {
        /// The pool.
        pool: u16,
        /// Units; at most the pool's capacity.
        n: u32,
    },
    /// Take `n` units of a pool if they are there and nobody waits, else jump.
    TryAcquire {
        /// The pool.
        pool: u16,
        /// Units.
        n: u32,
        /// Where to go on without them.
        otherwise: Pc,
    },
    /// Give `n` units back; waiting jobs go on after this one has parked.
    Release {
        /// The pool.
        pool: u16,
        /// Units.
        n: u32,
    },
    /// As `Acquire` of the one unit of a pool, whose time in use is added up.
    Hold {
        /// The pool.
        pool: u16,
    },
    /// As `Release` of what `Hold` took.
    Free {
        /// The pool.
        pool: u16,
    },
    /// Occupy the lock of the job's flow's key for `time`, first come, first served, and go down a lane that belongs to
    /// a server which the job holds: no other job is on it.
    Lock {
        /// Lane to leave by.
        lane: u16,
        /// How long the lock is held.
        time: u64,
    },
    /// Wait at a gate until it has its number of jobs or the first has waited its time. The first job goes on at the
    /// next operation, the others skip that one: it holds what is paid once per batch.
    Gather {
        /// The gate.
        gate: u16,
    },
    /// Wait at a polled gate (NAPI). While no poll runs, as `Gather`: the first job of the batch goes on at the next
    /// operation (interrupt) and the one after it (poll), the others skip both. While a poll runs, jobs wait for the
    /// next poll, whose first job skips only the interrupt.
    Poll {
        /// The gate.
        gate: u16,
    },
    /// This job's share of a poll is done. With the last one the next poll begins if jobs wait, else polling ends.
    Polled {
        /// The polled gate.
        gate: u16,
    },
    /// Join the jobs that are merged into one (GRO) at `gate`, which opens when it is full and when a poll that names it is
    /// over; then `Polled`. The first job of the merged goes on at the next operation, the others skip it.
    Merge {
        /// The gate at which jobs merge.
        gate: u16,
        /// The polled gate.
        poll: u16,
    },
    /// Look a key up in a cache, which then holds it: jump to `hit`, or go on here on a miss. While a miss is being
    /// filled, others for the same key wait for it.
    Lookup {
        /// The cache.
        cache: u16,
        /// What is looked up.
        key: Key,
        /// Where to go on after a hit.
        hit: Pc,
    },
    /// What was looked up and missed is there now: jobs that wait for it go on at the lookup's `hit`.
    Fill {
        /// The cache.
        cache: u16,
        /// What was looked up.
        key: Key,
    },
    /// Give the job's buffer one of so many pages, drawn at random, unless it has one.
    Place {
        /// Pages.
        pages: u32,
    },
    /// Start `n` children at `body`; they share the page of the job's buffer.
    Fork {
        /// Where the children start.
        body: Pc,
        /// How many.
        n: u32,
    },
    /// Add to the count of the job's flow, and for each time that it reaches `every` start a child at `body`.
    Spawn {
        /// Where it starts.
        body: Pc,
        /// What is added.
        adds: u32,
        /// At how many a child starts; not 0.
        every: u32,
    },
    /// Wait until every child has joined.
    Await,
    /// End of a child.
    Join,
    /// One packet with so many octets of goodput has left: what throughput and latency count.
    Depart {
        /// Its traffic class.
        class: u8,
        /// Goodput octets.
        bytes: u32,
    },
    /// So many packets are lost: what loss counts.
    Drop {
        /// Their traffic class.
        class: u8,
        /// Packets.
        n: u32,
    },
    /// Add `n` to the tally of the key of the job's flow.
    Tally {
        /// What is added.
        n: u32,
    },
    /// Go on elsewhere.
    Jump {
        /// Where.
        to: Pc,
    },
    /// End of a job. In a closed workload its flow's next job starts at once.
    End,
}

/// What a job looks up in a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The key of the job's flow.
    Flow,
    /// The page of the job's buffer, which is one of so many and drawn at the first lookup.
    Page(u32),
    /// One of so many, drawn at random each time.
    Random(u32),
}

/// A gate, at which jobs gather into batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// Jobs of a full batch.
    pub jobs: u32,
    /// The longest that the first one waits, in picoseconds; `u64::MAX` for a gate that only others open.
    pub timeout: u64,
    /// The most jobs of one poll, at a polled gate.
    pub budget: u32,
    /// The gate that opens when a poll is over: where jobs merge.
    pub merging: Option<u16>,
}

/// How a cache chooses what to forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replacement {
    /// The least recently used.
    Lru,
    /// Any.
    Random,
}

/// A cache of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// Keys that it holds.
    pub capacity: u32,
    /// Keys that there are, from 0.
    pub keys: u32,
    /// What is forgotten for a new one.
    pub replacement: Replacement,
}

/// A pool of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// Units.
    pub capacity: u32,
    /// Units that are given back at a time: those released before wait until so many have been.
    pub quantum: u32,
}

impl Pool {
    /// A pool whose units are free as soon as they are released.
    pub const fn of(capacity: u32) -> Self {
        Pool { capacity, quantum: 1 }
    }
}

/// The resources and operations of one simulation.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// The operations.
    pub ops: Vec<Op>,
    /// Units of each server.
    pub servers: Vec<u16>,
    /// Latency of each lane.
    pub lanes: Vec<u64>,
    /// Pools.
    pub pools: Vec<Pool>,
    /// Gates.
    pub gates: Vec<Gate>,
    /// Caches.
    pub caches: Vec<Cache>,
}

/// When jobs start, on which flow, and of which size.
#[derive(Debug, Clone, Default)]
pub struct Workload {
    /// The row of `starts` that each flow uses; flows of a source stand together.
    pub flows: Vec<u16>,
    /// The key that each flow looks up.
    pub keys: Vec<u32>,
    /// Where a job starts, by row and then size.
    pub starts: Vec<Vec<Pc>>,
    /// Sources of jobs, one for each traffic class, in the order of their flows.
    pub sources: Vec<Source>,
}

impl Workload {
    /// One source with a single size, whose flows are all alike and start at the first operation.
    pub fn single(flows: u32, arrivals: Arrivals) -> Self {
        Workload {
            flows: vec![0; flows as usize],
            keys: vec![0; flows as usize],
            starts: vec![vec![0]],
            sources: vec![Source::of(flows, arrivals)],
        }
    }
}

/// What starts jobs of one traffic class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its flows.
    pub flows: u32,
    /// Relative frequency of each size.
    pub weights: Vec<u32>,
    /// Packets of a job of each size.
    pub packets: Vec<u32>,
    /// When jobs start.
    pub arrivals: Arrivals,
    /// Jobs of one flow that come one after the other.
    pub train: Train,
    /// What was recorded; empty unless that is what comes.
    pub recorded: Recorded,
}

/// Jobs of one flow that come one after the other at an offered rate, as a sender's burst brings them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Train {
    /// How many.
    pub jobs: u32,
    /// Picoseconds between two of them; no more than between two jobs on average.
    pub spacing: u64,
}

impl Source {
    /// One of so many flows with a single size.
    pub fn of(flows: u32, arrivals: Arrivals) -> Self {
        let recorded = Recorded::default();
        Source { flows, weights: vec![1], packets: vec![1], arrivals, train: Train::NONE, recorded }
    }
}

impl Arrivals {
    /// Mean picoseconds between two jobs; `None` of a closed loop.
    pub const fn mean(self) -> Option<u64> {
        match self {
            Arrivals::Closed { .. } => None,
            Arrivals::Constant { interval: mean }
            | Arrivals::Poisson { mean }
            | Arrivals::OnOff { mean, .. }
            | Arrivals::Bursts { mean, .. }
            | Arrivals::Recorded { mean, .. } => Some(mean),
        }
    }

    /// Whether each train is on a flow drawn at random.
    pub const fn draws_flows(self) -> bool {
        matches!(self, Arrivals::Poisson { .. } | Arrivals::OnOff { .. } | Arrivals::Bursts { .. })
    }

    /// Trains that come one after the other, on average.
    pub const fn trains(self) -> u32 {
        match self {
            Arrivals::Bursts { trains, .. } => trains,
            _ => 1,
        }
    }
}

impl Train {
    /// Each job by itself.
    pub const NONE: Train = Train { jobs: 1, spacing: 0 };
}

/// When jobs start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// So many jobs on each flow at all times.
    Closed {
        /// Jobs of each flow.
        jobs_per_flow: u32,
    },
    /// One every interval, on the flows in turn; of trains the first ones.
    Constant {
        /// Picoseconds between two.
        interval: u64,
    },
    /// A Poisson process, each on a flow drawn at random; of trains the gaps between them are drawn.
    Poisson {
        /// Mean picoseconds between two.
        mean: u64,
    },
    /// As `Poisson` while it is on, and none while it is off: an interrupted Poisson process (Kuczura, Bell System
    /// Technical Journal 52, 1973). Both times are drawn from exponential distributions.
    OnOff {
        /// Mean picoseconds between two, off times included.
        mean: u64,
        /// Mean time for which it is on.
        on: u64,
        /// Mean time for which it is off.
        off: u64,
    },
    /// As `Poisson`, but bursts of a geometrically distributed number of trains, each train on a flow drawn at random:
    /// batch arrivals.
    Bursts {
        /// Mean picoseconds between two jobs.
        mean: u64,
        /// Trains of a burst on average.
        trains: u32,
    },
    /// As they were recorded, once, faster or slower.
    Recorded {
        /// Mean picoseconds between two.
        mean: u64,
        /// The same as it was recorded.
        was: u64,
    },
}
