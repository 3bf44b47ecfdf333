//! Gates, at which jobs gather into batches, and polled gates, whose next batch waits for the end of the last.

use std::collections::VecDeque;

use super::program::{self, Pc};
use super::trace::Tracer;
use super::{Engine, Ready};

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

    fn is_polled(&self) -> bool {
        self.spec.budget > 0
    }

    fn is_full(&self) -> bool {
        self.waiting.len() as u32 >= self.spec.jobs
    }

    /// A job comes; returns whether it only waits for others: for the end of a poll, or between the first and the last of a
    /// batch.
    #[inline(always)]
    fn join(&mut self, job: u32, next: Pc) -> bool {
        self.waiting.push_back((job, next));
        let waiting = self.waiting.len() as u32;
        self.in_poll > 0 || (waiting > 1 && waiting < self.spec.jobs)
    }

    /// Lets all go: the first to the next operation, the others past it.
    fn open(&mut self, ready: &mut Ready) {
        let mut skip = 0;
        for (job, pc) in self.waiting.drain(..) {
            ready.push_back((job, pc + skip));
            skip = 1;
        }
    }

    /// Lets as many go as one poll takes: the first to the interrupt or past it to the poll, the others past both.
    fn poll(&mut self, interrupt: bool, ready: &mut Ready) {
        let n = self.waiting.len().min(self.spec.budget as usize);
        let mut skip = if interrupt { 0 } else { 1 };
        for (job, pc) in self.waiting.drain(..n) {
            ready.push_back((job, pc + skip));
            skip = 2;
        }
        self.in_poll = n as u32;
    }

    /// Counts a job of the poll as done, unless it is the last; returns whether it did.
    #[inline(always)]
    pub fn is_done_with_one(&mut self) -> bool {
        let is_one_of_several = self.in_poll > 1;
        self.in_poll -= u32::from(is_one_of_several);
        is_one_of_several
    }

    /// A job of the poll is done; returns whether the poll is over.
    #[inline(always)]
    fn done(&mut self) -> bool {
        self.in_poll -= 1;
        self.in_poll == 0
    }
}

impl<T: Tracer> Engine<T> {
    /// A job waits at a gate, polled or not.
    #[inline(always)]
    pub(super) fn gather(&mut self, index: usize, next: Pc, job: u32) {
        self.tracer.parks(job, next - 1, self.now);
        if !self.gates[index].join(job, next) {
            self.begin_or_end_batch(index);
        }
    }

    #[inline(never)]
    fn begin_or_end_batch(&mut self, index: usize) {
        let gate = &self.gates[index];
        if gate.is_full() {
            self.open_gate(index);
        } else if gate.spec.timeout != u64::MAX {
            let timeout = gate.spec.timeout;
            if self.timers.set(index, self.now.saturating_add(timeout)) {
                self.show_timers();
            }
        }
    }

    /// The first timer is due.
    pub(super) fn expire(&mut self) {
        if let Some((_, gate)) = self.timers.first() {
            self.open_gate(gate);
        }
    }

    fn open_gate(&mut self, index: usize) {
        if self.timers.cancel(index) {
            self.show_timers();
        }
        let gate = &mut self.gates[index];
        if gate.is_polled() {
            gate.poll(true, &mut self.ready);
        } else {
            gate.open(&mut self.ready);
        }
    }

    /// A job's share of a poll is done.
    #[inline(always)]
    pub(super) fn polled(&mut self, index: usize) {
        if self.gates[index].done() {
            self.end_poll(index);
        }
    }

    /// A poll is over: what has merged goes on, and the next poll begins if jobs wait.
    #[inline(never)]
    fn end_poll(&mut self, index: usize) {
        if let Some(merging) = self.gates[index].spec.merging {
            self.gates[usize::from(merging)].open(&mut self.ready);
        }
        let gate = &mut self.gates[index];
        if !gate.waiting.is_empty() {
            gate.poll(false, &mut self.ready);
        }
    }

    /// A job joins those that are merged, who go on when they are enough or a poll is over: before the next poll.
    #[inline(never)]
    pub(super) fn merge(&mut self, merged: usize, poll: usize, next: Pc, job: u32) {
        self.tracer.parks(job, next - 1, self.now);
        let over = self.gates[poll].done();
        let gate = &mut self.gates[merged];
        gate.waiting.push_back((job, next));
        if gate.is_full() {
            gate.open(&mut self.ready);
        }
        if over {
            self.end_poll(poll);
        }
    }

    fn show_timers(&mut self) {
        self.show(self.timer_slot(), self.timers.first().map_or(u64::MAX, |(time, _)| time));
    }
}
