//! What depends on the SA of a job's flow or on the page of its buffer: locks, lookups, tallies.

use super::program::{Key, Pc};
use super::trace::Tracer;
use super::{Engine, NO_PAGE};

impl<T: Tracer> Engine<T> {
    /// Occupies the lock of the job's key and sends the job down a lane on which it is alone.
    #[inline(never)]
    pub(super) fn lock(&mut self, lane: u16, time: u64, next: Pc, job: u32) -> Option<Pc> {
        let key = self.key_of(job) as usize;
        let free_at = &mut self.locks[key];
        *free_at = (*free_at).max(self.now).saturating_add(time);
        let done = *free_at;
        self.tracer.visits(job, next - 1, self.now, time, done);
        let latency = self.lanes[usize::from(lane)].latency;
        self.send(lane, done.saturating_add(latency), next, job)
    }

    fn key_of(&self, job: u32) -> u32 {
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
            Key::Flow { first, shared_by } => (first + self.key_of(job) / shared_by, true),
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
            Key::Flow { first, shared_by } => first + self.key_of(job) / shared_by,
            Key::Page(_) => self.jobs[job as usize].page,
            Key::Random(_) => return,
        };
        self.caches[usize::from(cache)].fill(key, &mut self.ready);
    }

    #[inline(never)]
    pub(super) fn tally(&mut self, job: u32, n: u32) {
        let key = self.key_of(job);
        self.tallies[key as usize] += u64::from(n);
    }
}
