//! A lane: jobs on their way, sorted by the time at which they arrive.

use super::program::Pc;
use super::tournament::Due;

/// A job on its way: it will go on with operation `pc` when it is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transit {
    pub due: Due,
    pub pc: Pc,
    pub job: u32,
}

const NOBODY: Transit = Transit { due: Due::NEVER, pc: 0, job: 0 };

/// A queue of jobs, first in, first out but for [`Lane::insert`]: the first, and a ring of those behind it, which grows
/// by doubling and never shrinks.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct Lane {
    /// Added to the time at which a job leaves the server before the lane.
    pub latency: u64,
    /// Never due without a job.
    first: Transit,
    /// A power of two of places.
    ring: Vec<Transit>,
    /// Its low bits are the second job's place.
    head: usize,
    /// Jobs, the first included.
    len: usize,
}

impl Lane {
    pub fn new(latency: u64) -> Self {
        Lane { latency, first: NOBODY, ring: vec![NOBODY; 64], head: 0, len: 0 }
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// When the first job is due; never without one.
    #[inline(always)]
    pub fn due(&self) -> Due {
        self.first.due
    }

    #[inline(always)]
    fn at(&self, i: usize) -> usize {
        (self.head.wrapping_add(i)) & (self.ring.len() - 1)
    }

    /// Takes the first job out of a lane that has one.
    #[inline(always)]
    pub fn pop(&mut self) -> Transit {
        debug_assert!(self.len > 0);
        let first = self.first;
        self.len -= 1;
        if self.len == 0 {
            self.first.due = Due::NEVER;
        } else {
            self.first = self.ring[self.at(0)];
            self.head = self.head.wrapping_add(1);
        }
        first
    }

    /// Puts the first job into an empty lane.
    #[inline(always)]
    pub fn begin(&mut self, transit: Transit) {
        debug_assert!(self.len == 0);
        self.first = transit;
        self.len = 1;
    }

    /// Appends a job that arrives no earlier than the last one of a lane that is not empty.
    #[inline(always)]
    pub fn push(&mut self, transit: Transit) {
        let behind = self.len - 1;
        debug_assert!(self.last().due <= transit.due, "lane is not sorted");
        if behind == self.ring.len() {
            self.grow();
        }
        let place = self.at(behind);
        self.ring[place] = transit;
        self.len += 1;
    }

    fn last(&self) -> Transit {
        if self.len == 1 { self.first } else { self.ring[self.at(self.len - 2)] }
    }

    /// Inserts a job behind all that arrive no later; the search starts at the end, where its place is near. Returns
    /// whether it is the first.
    pub fn insert(&mut self, transit: Transit) -> bool {
        if self.len == 0 {
            self.begin(transit);
            return true;
        }
        let mut i = self.len - 1;
        if i == self.ring.len() {
            self.grow();
        }
        self.len += 1;
        if transit.due < self.first.due {
            self.head = self.head.wrapping_sub(1);
            let second = self.at(0);
            self.ring[second] = std::mem::replace(&mut self.first, transit);
            return true;
        }
        while i > 0 && self.ring[self.at(i - 1)].due > transit.due {
            let (from, to) = (self.at(i - 1), self.at(i));
            self.ring[to] = self.ring[from];
            i -= 1;
        }
        let place = self.at(i);
        self.ring[place] = transit;
        false
    }

    #[cold]
    fn grow(&mut self) {
        let mut ring = Vec::with_capacity(2 * self.ring.len());
        ring.extend((0..self.ring.len()).map(|i| self.ring[self.at(i)]));
        ring.resize(2 * self.ring.len(), NOBODY);
        self.ring = ring;
        self.head = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is done to a lane, with a time.
    #[derive(Debug, Clone, Copy)]
    enum Action {
        Pop,
        /// Behind all others: so much after the last.
        Push(u64),
        Insert(u64),
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            2 => Just(Action::Pop),
            2 => (0..3u64).prop_map(Action::Push),
            2 => (0..50u64).prop_map(Action::Insert),
        ]
    }

    proptest! {
        /// Jobs leave by time and, of equal times, in the order in which they came, however the ring wraps and grows.
        #[test]
        fn jobs_leave_in_order(actions in prop::collection::vec(action(), 1..600)) {
            let mut lane = Lane::new(0);
            let mut jobs: Vec<(u64, u32)> = Vec::new();
            for (job, action) in (0..).zip(actions) {
                let transit = |time| Transit { due: Due::new(time, 0), pc: 0, job };
                match action {
                    Action::Pop if jobs.is_empty() => {}
                    Action::Pop => {
                        let (time, job) = jobs.remove(0);
                        let popped = lane.pop();
                        prop_assert_eq!((popped.due, popped.job), (Due::new(time, 0), job));
                    }
                    Action::Push(after) => {
                        let time = jobs.last().map_or(0, |&(last, _)| last) + after;
                        if jobs.is_empty() { lane.begin(transit(time)) } else { lane.push(transit(time)) }
                        jobs.push((time, job));
                    }
                    Action::Insert(time) => {
                        let place = jobs.partition_point(|&(other, _)| other <= time);
                        jobs.insert(place, (time, job));
                        prop_assert_eq!(lane.insert(transit(time)), place == 0);
                    }
                }
                prop_assert_eq!(lane.is_empty(), jobs.is_empty());
                prop_assert_eq!(lane.due(), jobs.first().map_or(Due::NEVER, |&(time, _)| Due::new(time, 0)));
            }
        }
    }
}
