//! A lane: jobs on their way, sorted by the time at which they arrive.

use super::program::Pc;

/// A job on its way: it will go on with operation `pc` at `time`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Transit {
    pub time: u64,
    pub pc: Pc,
    pub job: u32,
}

/// A ring of jobs, first in, first out but for [`Lane::insert`]. Grows by doubling, never shrinks.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct Lane {
    /// Added to the time at which a job leaves the server before the lane.
    pub latency: u64,
    /// A power of two of places.
    ring: Vec<Transit>,
    /// Count of jobs ever taken out; its low bits are the first job's place.
    head: usize,
    len: usize,
}

impl Lane {
    pub fn new(latency: u64) -> Self {
        Lane { latency, ring: vec![Transit::default(); 64], head: 0, len: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline(always)]
    fn at(&self, i: usize) -> usize {
        (self.head.wrapping_add(i)) & (self.ring.len() - 1)
    }

    #[inline(always)]
    pub fn front(&self) -> Option<&Transit> {
        if self.len == 0 { None } else { self.ring.get(self.at(0)) }
    }

    #[inline(always)]
    pub fn pop(&mut self) -> Transit {
        debug_assert!(self.len > 0);
        let first = self.ring[self.at(0)];
        self.head = self.head.wrapping_add(1);
        self.len -= 1;
        first
    }

    /// Appends a job that arrives no earlier than the last one.
    #[inline(always)]
    pub fn push(&mut self, transit: Transit) {
        debug_assert!(self.len == 0 || self.ring[self.at(self.len - 1)].time <= transit.time, "lane is not sorted");
        if self.len == self.ring.len() {
            self.grow();
        }
        let place = self.at(self.len);
        self.ring[place] = transit;
        self.len += 1;
    }

    /// Inserts a job behind all that arrive no later; the search starts at the end, where its place is near. Returns
    /// whether it is the first.
    pub fn insert(&mut self, transit: Transit) -> bool {
        if self.len == self.ring.len() {
            self.grow();
        }
        let mut i = self.len;
        while i > 0 && self.ring[self.at(i - 1)].time > transit.time {
            let (from, to) = (self.at(i - 1), self.at(i));
            self.ring[to] = self.ring[from];
            i -= 1;
        }
        let place = self.at(i);
        self.ring[place] = transit;
        self.len += 1;
        i == 0
    }

    #[cold]
    fn grow(&mut self) {
        let mut ring = Vec::with_capacity(2 * self.ring.len());
        ring.extend((0..self.len).map(|i| self.ring[self.at(i)]));
        ring.resize(2 * self.ring.len(), Transit::default());
        self.ring = ring;
        self.head = 0;
    }
}
