//! What depends on the SA of a job's flow or on the page of its buffer: locks, limits, sequence numbers, lookups, tallies.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::lane::Transit;
use super::program::{Key, LockTimes, Op, Pc, Program, Workload};
use super::random::{Purpose, Stream};
use super::tournament::Due;
use super::trace::Tracer;
use super::{Engine, Job, NO_PAGE};

/// What there is for each key of flows; empty where a program has no use for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Keyed {
    locks: Vec<HeldLock>,
    lock: LockTimes,
    /// By which the times to pass locks on vary, where there are locks.
    passing: Option<Stream>,
    /// How long locks have been or will be held by jobs that have come to them, in picoseconds.
    locked: u64,
    /// What [`Op::Tally`] has added up.
    tallies: Vec<u64>,
    /// When each of the two rates of each key lets the next job pass that waits for none before it.
    limits: Vec<[u64; 2]>,
    /// How far jobs may be ahead of it.
    burst: u64,
    windows: Vec<Window>,
    /// The pair of key and row that each flow is of, and the highest sequence number that has come to a window on that way.
    way_of_flow: Vec<u32>,
    highest: Vec<u32>,
}

/// A lock: who had it last, and when each of those who came to it is done with it.
#[derive(Debug, Clone)]
struct HeldLock {
    owner: Option<u16>,
    ends: VecDeque<u64>,
}

/// Sequence numbers of a key: the next to give, and the highest that has come to a window.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    next: u32,
    top: u32,
}

impl Keyed {
    /// What a program needs for so many keys.
    pub fn new(program: &Program, workload: &Workload, seed: u64) -> Self {
        let keys = workload.keys.iter().max().map_or(0, |&key| key as usize + 1);
        let of = |used: fn(&Op) -> bool| if program.ops.iter().any(used) { keys } else { 0 };
        // No more wait than there are cores; most locks are waited for by none.
        let lock = || HeldLock { owner: None, ends: VecDeque::new() };
        let ways = || workload.keys.iter().zip(&workload.flows);
        let all: BTreeSet<(&u32, &u16)> =
            if of(|op| matches!(op, Op::Number)) > 0 { ways().collect() } else { BTreeSet::new() };
        let number: BTreeMap<(&u32, &u16), u32> = all.into_iter().zip(0..).collect();
        Keyed {
            highest: vec![0; number.len()],
            way_of_flow: ways().filter_map(|way| number.get(&way).copied()).collect(),
            locks: (0..of(|op| matches!(op, Op::Lock { .. }))).map(|_| lock()).collect(),
            lock: program.lock,
            passing: (of(|op| matches!(op, Op::Lock { .. })) > 0).then(|| Stream::new(seed, Purpose::Locks)),
            locked: 0,
            tallies: vec![0; of(|op| matches!(op, Op::Tally { .. }))],
            limits: vec![[0; 2]; of(|op| matches!(op, Op::Limit { .. }))],
            burst: program.burst,
            windows: vec![Window::default(); of(|op| matches!(op, Op::Number))],
        }
    }
}

impl<T: Tracer> Engine<T> {
    /// How long locks have been or will be held by jobs that have come to them, in picoseconds.
    pub fn locked_ps(&self) -> u64 {
        self.keyed.locked
    }

    /// What [`Op::Tally`] has added up for a key; zero for a key that no flow has.
    pub fn tally_of(&self, key: u32) -> u64 {
        self.keyed.tallies.get(key as usize).copied().unwrap_or(0)
    }

    /// Occupies the lock of the job's key and sends the job down a lane on which it is alone.
    #[inline(never)]
    pub(super) fn lock(&mut self, (lane, core): (u16, u16), time: u64, next: Pc, job: u32) -> Option<Pc> {
        let key = self.key_of(job) as usize;
        let lock = &mut self.keyed.locks[key];
        while lock.ends.front().is_some_and(|&end| end <= self.now) {
            lock.ends.pop_front();
        }
        // Half as long to one and a half times: cores are not equally far from each other.
        let mean = self.keyed.lock.passed_on(core, lock.owner, lock.ends.len());
        let passing = self.keyed.passing.as_mut().map_or(mean, |stream| mean / 2 + stream.below(mean + 1));
        let time = time + passing;
        let done = lock.ends.back().map_or(self.now, |&last| last.max(self.now)).saturating_add(time);
        lock.ends.push_back(done);
        lock.owner = Some(core);
        self.keyed.locked += time;
        self.tracer.visits(job, next - 1, self.now, time, done);
        let latency = self.lanes[usize::from(lane)].latency;
        self.send(lane, done.saturating_add(latency), next, job)
    }

    /// Holds the job's key to a rate, of which it takes `time`: beyond the burst the job goes on elsewhere, or if there is no such
    /// place waits for its turn on the lane, which keys share.
    #[inline(never)]
    pub(super) fn limit(&mut self, at: (u16, u8), time: u64, (next, otherwise): (Pc, Pc), job: u32) -> Option<Pc> {
        let (lane, rate) = at;
        let key = self.key_of(job) as usize;
        let free_at = &mut self.keyed.limits[key][usize::from(rate)];
        let begins = (*free_at).max(self.now);
        if otherwise != Pc::MAX {
            if begins - self.now > self.keyed.burst {
                return Some(otherwise);
            }
            *free_at = begins.saturating_add(time);
            return Some(next);
        }
        *free_at = begins.saturating_add(time);
        let slot = usize::from(lane);
        let due = Due::new(begins, slot);
        self.tracer.visits(job, next - 1, self.now, 0, begins);
        self.insert(Transit { due, pc: next, job }, slot);
        None
    }

    /// Gives the job the next sequence number of its key.
    #[inline(never)]
    pub(super) fn number(&mut self, job: u32) {
        let key = self.key_of(job) as usize;
        let window = &mut self.keyed.windows[key];
        self.jobs[job as usize].sequence = window.next;
        window.next = window.next.wrapping_add(1);
    }

    /// Whether the job's sequence number is less than `window` below the highest of its key that has come here. On one way
    /// none is overtaken: a job that led its poll, and so comes after those which were behind it, counts as the latest.
    #[inline(never)]
    pub(super) fn in_window(&mut self, window: u32, job: u32) -> bool {
        let key = self.key_of(job) as usize;
        let Job { flow, sequence, .. } = self.jobs[job as usize];
        let highest = &mut self.keyed.highest[self.keyed.way_of_flow[flow as usize] as usize];
        *highest = sequence.max(*highest);
        let top = &mut self.keyed.windows[key].top;
        *top = (*highest).max(*top);
        *top - *highest < window
    }

    #[inline(always)]
    pub(super) fn key_of(&self, job: u32) -> u32 {
        self.workload.keys[self.jobs[job as usize].flow as usize]
    }

    /// The page of the job's buffer, drawn if it has none yet.
    #[inline(never)]
    pub(super) fn page(&mut self, job: u32, pages: u32) -> u32 {
        let page = &mut self.jobs[job as usize].page;
        if *page == NO_PAGE {
            *page = self.lookups.below(u64::from(pages)) as u32;
        }
        *page
    }

    /// Where a lookup goes on: at `hit`, or at `miss`; nowhere while somebody else fills the same key.
    #[inline(never)]
    pub(super) fn lookup(&mut self, cache: u16, key: Key, hit: Pc, miss: Pc, job: u32) -> Option<Pc> {
        let (key, shared) = match key {
            Key::Flow { first, shared_by } => (first + self.key_of(job) / u32::from(shared_by), true),
            Key::Page(pages) => (self.page(job, pages), true),
            Key::Random(n) => (self.lookups.below(u64::from(n)) as u32, false),
        };
        let cache = &mut self.caches[usize::from(cache)];
        if shared && cache.is_pending(key) {
            cache.wait(key, job, hit);
            self.tracer.parks(job, miss - 1, self.now);
            return None;
        }
        if cache.lookup(key, &mut self.lookups) {
            return Some(hit);
        }
        if shared {
            cache.begin_fill(key);
        }
        Some(miss)
    }

    /// What the job's lookup missed is there.
    #[inline(never)]
    pub(super) fn fill(&mut self, cache: u16, key: Key, job: u32) {
        let key = match key {
            Key::Flow { first, shared_by } => first + self.key_of(job) / u32::from(shared_by),
            Key::Page(_) => self.jobs[job as usize].page,
            Key::Random(_) => return,
        };
        self.caches[usize::from(cache)].fill(key, &mut self.ready);
    }

    #[inline(never)]
    pub(super) fn tally(&mut self, job: u32, n: u32) {
        let key = self.key_of(job);
        self.keyed.tallies[key as usize] += u64::from(n);
    }
}
