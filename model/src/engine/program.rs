//! What the engine executes: jobs run through a program of operations over numbered resources.

use serde::{Deserialize, Serialize};

pub use super::lock::LockTimes;
pub use super::workload::{Arrivals, Source, Train, Workload};

/// Index of an operation in the program.
pub type Pc = u32;

/// One operation of a job. Times are picoseconds; numbers index the engine's resources.
// Fields in this order, behind a tag of their own: small, as many operations are in use at a time, and quick to branch by.
#[repr(u8)]
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
    /// Occupy the lock of the job's flow's key for a time and what [`LockTimes`] says on top, first come, first served, and go
    /// down a lane that belongs to a server which the job holds: no other job is on it.
    Lock {
        /// Lane to leave by.
        lane: u16,
        /// The core that takes it, by number.
        core: u16,
        /// How long it holds it at least.
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
        /// Where to go on after a hit.
        hit: Pc,
        /// What is looked up.
        key: Key,
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
    /// Hold the key of the job's flow to a rate: go on here, or where more have come than the program's `burst` allows at
    /// `otherwise`. Where there is no such place, wait for the turn on a lane for all such.
    Limit {
        /// Which of the two rates of a key.
        rate: u8,
        /// The lane.
        lane: u16,
        /// Where to go on if too many have come; `Pc::MAX` for nowhere.
        otherwise: Pc,
        /// Picoseconds that a job takes of it.
        time: u64,
    },
    /// Give the job the next sequence number of its flow's key.
    Number,
    /// Go on here if the job's sequence number is within a window below the highest that has come here, or at `otherwise`.
    InWindow {
        /// Numbers that the window holds.
        window: u32,
        /// Where to go on beyond it.
        otherwise: Pc,
    },
    /// Come to an order, behind all that have come before.
    Enter {
        /// The order.
        order: u16,
    },
    /// Leave it: at once, or once all that entered before have left.
    Leave {
        /// The order.
        order: u16,
        /// Whether it waits for them.
        waits: bool,
    },
    /// Go on where the job is served first.
    Choose {
        /// Which of the program's choices.
        choice: u32,
    },
    /// Go on elsewhere.
    Jump {
        /// Where.
        to: Pc,
    },
    /// End of a job. In a closed workload its flow's next job starts at once.
    End,
}

impl Op {
    /// The same, at a server for no longer than `longest` picoseconds.
    pub fn within(mut self, longest: u64) -> Self {
        if let Op::Serve { time, .. } | Op::Chain { time, .. } = &mut self {
            *time = longest.min(*time);
        }
        self
    }

    /// Where it goes on if it cannot here, to be changed.
    pub fn otherwise_mut(&mut self) -> Option<&mut Pc> {
        match self {
            Op::TryAcquire { otherwise, .. } | Op::Limit { otherwise, .. } | Op::InWindow { otherwise, .. } => {
                Some(otherwise)
            }
            _ => None,
        }
    }
}

/// What a job looks up in a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The key of the job's flow; where so many share one, that of all of them, counted from `first` on.
    Flow {
        /// The first key of this kind.
        first: u32,
        /// Flows' keys that are one.
        shared_by: u16,
    },
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
    /// Places that a key may lie in, its set; absent where it may lie in all.
    pub ways: Option<u32>,
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

/// One of several ways that a job may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The server of one unit that it begins with.
    pub server: u16,
    /// The pool that is held throughout a visit there, where one is.
    pub held: Option<u16>,
    /// Where it begins.
    pub at: Pc,
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
    /// How many orders there are.
    pub orders: u16,
    /// Ways that jobs choose from, at each place where they do.
    pub choices: Vec<Vec<Choice>>,
    /// What passing a lock takes.
    pub lock: LockTimes,
    /// How far jobs may be ahead of the rate that their key is held to, in picoseconds.
    pub burst: u64,
}
