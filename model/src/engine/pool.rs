//! Pools of units.

use std::collections::VecDeque;

use super::Engine;
use super::program::{self, Pc};
use super::trace::Tracer;

/// A pool: its units, and who waits for them.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct Pool {
    pub available: u32,
    /// Units that are given back at a time, and how many have been released since the last time.
    quantum: u32,
    returned: u32,
    /// Jobs that wait, where each goes on, and for how many.
    pub waiting: VecDeque<(u32, Pc, u32)>,
    /// Since when it is held, and for how long it was before.
    since: u64,
    pub held: u64,
}

impl Pool {
    pub fn new(pool: &program::Pool) -> Self {
        Pool {
            available: pool.capacity,
            quantum: pool.quantum.clamp(1, pool.capacity.max(1)),
            returned: 0,
            waiting: VecDeque::new(),
            since: 0,
            held: 0,
        }
    }

    /// Takes units if they are there and nobody waits.
    #[inline(always)]
    pub fn take(&mut self, n: u32) -> bool {
        let enough = self.available >= n && self.waiting.is_empty();
        if enough {
            self.available -= n;
        }
        enough
    }
}

impl Pool {
    /// Gives units back unless somebody gets them who waits; returns whether it did.
    #[inline(always)]
    pub fn give_back(&mut self, n: u32) -> bool {
        let returned = self.returned + n;
        if returned < self.quantum {
            self.returned = returned;
            return true;
        }
        let is_free = self.waiting.is_empty();
        if is_free {
            self.available += returned;
            self.returned = 0;
        }
        is_free
    }
}

impl<T: Tracer> Engine<T> {
    /// A job waits for units of a pool.
    #[inline(never)]
    pub(super) fn wait_for(&mut self, index: u16, n: u32, pc: Pc, job: u32) {
        self.pools[usize::from(index)].waiting.push_back((job, pc + 1, n));
        self.tracer.parks(job, pc, self.now);
    }

    /// Gives units back; jobs that waited for them are ready.
    #[inline(always)]
    pub(super) fn release(&mut self, index: u16, n: u32) {
        let pool = &mut self.pools[usize::from(index)];
        pool.returned += n;
        if pool.returned < pool.quantum {
            return;
        }
        pool.available += std::mem::take(&mut pool.returned);
        if !pool.waiting.is_empty() {
            self.give(index);
        }
    }

    #[inline(never)]
    fn give(&mut self, index: u16) {
        let pool = &mut self.pools[usize::from(index)];
        while let Some(&(waiter, at, wanted)) = pool.waiting.front() {
            if wanted > pool.available {
                break;
            }
            pool.available -= wanted;
            pool.waiting.pop_front();
            self.ready.push_back((waiter, at));
        }
    }

    /// Takes the one unit of a pool, whose time in use is added up; returns whether the job goes on.
    #[inline(never)]
    pub(super) fn hold(&mut self, index: u16, next: Pc, job: u32) -> bool {
        let pool = &mut self.pools[usize::from(index)];
        if pool.available == 0 {
            pool.waiting.push_back((job, next, 1));
            self.tracer.parks(job, next - 1, self.now);
            return false;
        }
        pool.available = 0;
        pool.since = self.now;
        true
    }

    /// Gives back what [`Self::hold`] took.
    #[inline(never)]
    pub(super) fn free(&mut self, index: u16) {
        let pool = &mut self.pools[usize::from(index)];
        pool.held += self.now - pool.since;
        pool.since = self.now;
        match pool.waiting.pop_front() {
            Some((waiter, at, _)) => self.ready.push_back((waiter, at)),
            None => pool.available = 1,
        }
    }
}
