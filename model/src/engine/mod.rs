//! The event core: knows servers, pools and programs, and nothing of IPsec.
//!
//! A first-come-first-served server's departure is known when the job arrives (Lindley's recursion), and departures
//! from one server never overtake each other. So every server's output is a sorted stream, called a *lane*, and the
//! only question left is which lane comes first: pending events are one per lane, not one per packet, and a
//! [`Tournament`] over the lanes' heads answers it.
//!
//! **Order.** Events run in time order; of equal times the lower slot comes first (lanes as numbered, then the arrival
//! process, then timers); within a lane first in, first out. Jobs that another one sets free at the same time
//! (released units, opened gates, forked children) go on after it has parked, in the order in which they were freed.

mod alone;
mod cache;
mod choice;
mod execute;
mod gate;
mod keyed;
mod lane;
mod lock;
pub mod observer;
mod order;
mod pool;
pub mod program;
pub mod random;
pub mod recorded;
mod seen;
mod serve;
mod sets;
mod source;
pub mod steady;
pub mod timers;
pub mod tournament;
pub mod trace;
mod workload;

use std::collections::VecDeque;

use cache::Cache;
use gate::Gate;
use keyed::Keyed;
use lane::Lane;
use observer::Observer;
use order::Order;
use pool::Pool;
use program::{Choice, Op, Pc, Program, Workload};
use random::{Purpose, Stream};
use serve::Onward;
use source::Source;
use timers::Timers;
use tournament::{Due, HORIZON_PS, Tournament};
use trace::{Tracer, Untraced};

/// Servers that can be numbered: no number needs a check. Those that are not used take no memory.
const SERVERS: usize = 1 << 16;
const NO_PARENT: u32 = u32::MAX;
const NO_PAGE: u32 = u32::MAX;

/// Jobs that have been set free, in order, and where each goes on.
type Ready = VecDeque<(u32, Pc)>;

#[derive(Debug, Clone, Copy)]
struct Job {
    born: u64,
    flow: u32,
    /// The page of its buffer, or `NO_PAGE`.
    page: u32,
    /// Its sequence number among those of its key, where there are such.
    sequence: u32,
    parent: u32,
    children: u32,
    /// Where to go on when the last child joins; `Pc::MAX` while not waiting.
    resume: Pc,
}

/// An operation and how often it has been executed.
#[derive(Debug, Clone, Copy)]
struct Step {
    op: Op,
    onward: Onward,
    visits: u64,
}

// Programs of many cores and sizes of packets are as large as caches.
const _: () = assert!(size_of::<Step>() == 32);

/// Where [`Engine::run`] stops.
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    packets: u64,
    events: u64,
}

/// How far a simulation has come, in jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobCounts {
    /// Jobs that the workload has started.
    pub started: u64,
    /// Jobs that have ended.
    pub ended: u64,
}

/// One simulation: resources, program, workload and clock.
#[derive(Debug)]
pub struct Engine<T = Untraced> {
    now: u64,
    tree: Tournament,
    lanes: Vec<Lane>,
    /// When each server of one unit is free.
    free_at: Box<[u64; SERVERS]>,
    /// When each unit of a server is free, earliest first.
    units: Vec<VecDeque<u64>>,
    pools: Vec<Pool>,
    gates: Vec<Gate>,
    caches: Vec<Cache>,
    orders: Vec<Order>,
    timers: Timers,
    steps: Box<[Step]>,
    jobs: Vec<Job>,
    spare_jobs: Vec<u32>,
    ready: Ready,
    workload: Workload,
    sources: Vec<Source>,
    /// What there is for each key.
    keyed: Keyed,
    /// Ways that jobs choose from, at each place where they do.
    choices: Vec<Vec<Choice>>,
    lookups: Stream,
    /// What [`Op::Spawn`] has counted and not started a child for, by flow; empty in a program without it.
    counted: Vec<u32>,
    service: Vec<Option<Stream>>,
    closing: bool,
    /// Before what [`Engine::run`] goes on; nothing is, once a limit is reached.
    end: Due,
    limits: Limits,
    counts: JobCounts,
    events: u64,
    /// What departing packets were seen to do.
    pub observer: Observer,
    /// What is told of jobs on their way.
    pub tracer: T,
}

impl Engine {
    /// An engine at time zero, its closed jobs started or its first arrival due.
    pub fn new(program: Program, workload: Workload, seed: u64, batch_packets: u32) -> Self {
        Engine::traced(program, workload, seed, batch_packets, Untraced)
    }
}

impl<T: Tracer> Engine<T> {
    /// As [`Engine::new`], with a tracer.
    pub fn traced(program: Program, workload: Workload, seed: u64, batch_packets: u32, tracer: T) -> Self {
        let mut service: Vec<Option<Stream>> = vec![None; program.servers.len()];
        for op in &program.ops {
            if let Op::ServeRandom { server, .. } | Op::ServeAnyRandom { server, .. } = *op {
                let stream = &mut service[usize::from(server)];
                stream.get_or_insert_with(|| Stream::new(seed, Purpose::Service(server)));
            }
        }
        let step =
            |(pc, op): (usize, &Op)| Step { op: op.within(HORIZON_PS), onward: Onward::of(&program, pc), visits: 0 };
        let steps = program.ops.iter().enumerate().map(step);
        let steps: Box<[Step]> = steps.collect();
        let lanes = program.lanes.iter().map(|&latency| Lane::new(latency.min(HORIZON_PS)));
        let spawns = program.ops.iter().any(|op| matches!(op, Op::Spawn { .. }));
        let keyed = Keyed::new(&program, &workload, seed);
        let choices = program.choices.clone();
        let mut first = 0;
        let sources = workload.sources.iter().enumerate().map(|(i, source)| {
            let started = Source::new(source, i, first, seed);
            first = started.flows.1;
            started
        });
        let sources: Vec<Source> = sources.collect();
        let mut engine = Engine {
            now: 0,
            tree: Tournament::new(program.lanes.len() + sources.len() + 1),
            lanes: lanes.collect(),
            free_at: vec![0; SERVERS].try_into().expect("as many as there can be"),
            units: program.servers.iter().map(|&units| VecDeque::from(vec![0; units.into()])).collect(),
            pools: program.pools.iter().map(Pool::new).collect(),
            timers: Timers::new(program.gates.len()),
            gates: program.gates.into_iter().map(Gate::new).collect(),
            caches: program.caches.into_iter().map(Cache::new).collect(),
            orders: vec![Order::default(); program.orders.into()],
            steps,
            jobs: Vec::new(),
            spare_jobs: Vec::new(),
            ready: VecDeque::with_capacity(256),
            keyed,
            choices,
            lookups: Stream::new(seed, Purpose::Lookups),
            counted: if spawns { vec![0; workload.flows.len()] } else { Vec::new() },
            service,
            closing: false,
            end: Due::FIRST,
            limits: Limits::default(),
            counts: JobCounts::default(),
            events: 0,
            observer: Observer::new(batch_packets, sources.len()),
            tracer,
            workload,
            sources,
        };
        engine.open();
        engine
    }

    /// From now on jobs of a flow start at another row of [`Workload::starts`]; those under way stay on their way.
    pub fn steer(&mut self, flow: u32, row: u16) {
        self.workload.flows[flow as usize] = row;
    }

    /// Occupies a server of one unit with something that is no job, from `arrival` on, which is not before the clock
    /// and not after the next [`Self::run`]'s `until`; returns when it is over, in picoseconds.
    pub fn occupy_from(&mut self, server: u16, arrival: u64, time: u64) -> u64 {
        self.occupy(server, arrival, time.min(HORIZON_PS))
    }

    /// Runs until `packets` packets have departed in all, `events` events have been handled in all, the clock would
    /// pass `until` picoseconds, or nothing is left to happen. Returns whether the packets have departed. A job that
    /// has the simulation to itself ends before the events are looked at.
    pub fn run(&mut self, packets: u64, events: u64, until: u64) -> bool {
        self.limits = Limits { packets, events };
        self.end = if self.observer.packets() < packets { Due::after(until) } else { Due::FIRST };
        while self.events < events {
            let due = self.tree.first();
            if due >= self.end {
                break;
            }
            self.handle(due);
        }
        self.observer.packets() >= packets
    }

    /// Stops arrivals and runs until every job has ended.
    pub fn drain(&mut self) {
        self.closing = true;
        for source in 0..self.sources.len() {
            self.tree.set(self.arrival_slot(source), Due::NEVER);
        }
        self.run(u64::MAX, u64::MAX, u64::MAX);
    }

    fn arrival_slot(&self, source: usize) -> usize {
        self.lanes.len() + source
    }

    fn timer_slot(&self) -> usize {
        self.lanes.len() + self.sources.len()
    }

    #[inline(always)]
    fn handle(&mut self, due: Due) {
        debug_assert!(due.time() >= self.now);
        let slot = due.slot();
        self.now = due.time();
        self.events += 1;
        let (job, pc) = if let Some(lane) = self.lanes.get_mut(slot) {
            let transit = lane.pop();
            self.tree.set(slot, lane.due());
            (transit.job, transit.pc)
        } else {
            if slot == self.timer_slot() {
                self.expire();
            } else {
                self.arrive(slot - self.lanes.len());
            }
            match self.ready.pop_front() {
                Some(first) => first,
                None => return,
            }
        };
        self.go_all(job, pc);
    }

    #[cold]
    fn run_ready(&mut self) {
        if let Some((job, pc)) = self.ready.pop_front() {
            self.go_all(job, pc);
        }
    }

    /// Executes a job and then every job that has been set free meanwhile.
    #[inline(always)]
    fn go_all(&mut self, mut job: u32, mut pc: Pc) {
        loop {
            self.go(job, pc);
            match self.ready.pop_front() {
                Some(next) => (job, pc) = next,
                None => return,
            }
        }
    }

    /// Shows in the tree when a slot is due next.
    fn show(&mut self, slot: usize, time: u64) {
        self.tree.set(slot, Due::new(time, slot));
    }

    fn new_job(&mut self, job: Job) -> u32 {
        match self.spare_jobs.pop() {
            Some(index) => {
                self.jobs[index as usize] = job;
                index
            }
            None => {
                self.jobs.push(job);
                self.jobs.len() as u32 - 1
            }
        }
    }
}
