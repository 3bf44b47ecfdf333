//! Gates, at which jobs gather into batches, and polled gates, whose next batch waits for the end of the last.

use std::collections::VecDeque;

use super::Ready;
use super::program::{self, Pc};

#[derive(Debug, Clone)]
pub(super) struct Gate {
    spec: program::Gate,
    waiting: VecDeque<(u32, Pc)>,
    /// Jobs of the running poll that are not done; a poll runs while there are any.
    in_poll: u32,
}

impl Gate {
    pub fn new(spec: program::Gate) -> Self {
        Gate { spec, waiting: VecDeque::with_capacity(spec.jobs.min(1024) as usize), in_poll: 0 }
    }

    pub fn timeout(&self) -> u64 {
        self.spec.timeout
    }

    pub fn is_polled(&self) -> bool {
        self.spec.budget > 0
    }

    pub fn is_full(&self) -> bool {
        self.waiting.len() as u32 >= self.spec.jobs
    }

    /// Whether a poll runs.
    pub fn is_polling(&self) -> bool {
        self.in_poll > 0
    }

    /// A job comes; returns whether it is the first.
    pub fn join(&mut self, job: u32, next: Pc) -> bool {
        self.waiting.push_back((job, next));
        self.waiting.len() == 1
    }

    /// Lets all go: the first to the next operation, the others past it.
    pub fn open(&mut self, ready: &mut Ready) {
        let mut skip = 0;
        for (job, pc) in self.waiting.drain(..) {
            ready.push_back((job, pc + skip));
            skip = 1;
        }
    }

    /// Lets as many go as one poll takes: the first to the interrupt or past it to the poll, the others past both.
    pub fn poll(&mut self, interrupt: bool, ready: &mut Ready) {
        let n = self.waiting.len().min(self.spec.budget as usize);
        let mut skip = if interrupt { 0 } else { 1 };
        for (job, pc) in self.waiting.drain(..n) {
            ready.push_back((job, pc + skip));
            skip = 2;
        }
        self.in_poll = n as u32;
    }

    /// A job of the poll is done; returns whether the poll is over.
    pub fn done(&mut self) -> bool {
        self.in_poll -= 1;
        self.in_poll == 0
    }

    /// The gate that opens when a poll is over.
    pub fn merging(&self) -> Option<usize> {
        self.spec.merging.map(usize::from)
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
