//! What a job does while nothing else can happen: one operation after the other, without looking at the events between.

use super::Engine;
use super::program::{Key, Op, Pc};
use super::tournament::Due;
use super::trace::Tracer;

impl<T: Tracer> Engine<T> {
    /// Executes operations that are done at once, until one needs more than that; returns where the job is then, or
    /// nowhere if it is on a lane.
    #[inline(always)]
    pub(super) fn go_alone(&mut self, job: u32, mut pc: Pc) -> Option<Pc> {
        let (mut now, mut events) = (self.now, self.events);
        // Until then no event comes before an arrival.
        let mut alone = if self.ready.is_empty() { self.tree.first().min(self.end).time() } else { 0 };
        loop {
            let step = &mut self.steps[pc as usize];
            match step.op {
                Op::Serve { server, lane, time } | Op::Chain { server, lane, time } => {
                    step.visits += 1;
                    let onward = step.onward;
                    let done = self.occupy(server, now, time);
                    self.tracer.visits(job, pc, now, time, done);
                    let mut arrives = done + onward.latency();
                    let mut lane = lane;
                    pc += 1;
                    if onward.is_chained() {
                        (lane, arrives, pc) = self.follow(arrives, pc, job).unwrap_or((lane, arrives, pc));
                    }
                    if arrives >= alone {
                        (self.now, self.events) = (now, events);
                        self.park(lane, arrives, pc, job);
                        return None;
                    }
                    now = arrives;
                    events += 1;
                }
                Op::Acquire { pool, n } => {
                    if !self.pools[usize::from(pool)].take(n) {
                        break;
                    }
                    step.visits += 1;
                    pc += 1;
                }
                Op::Release { pool, n } => {
                    if !self.pools[usize::from(pool)].give_back(n) {
                        break;
                    }
                    step.visits += 1;
                    pc += 1;
                }
                Op::Lookup { cache, hit, key: Key::Flow { first, shared_by } } => {
                    let key = self.workload.keys[self.jobs[job as usize].flow as usize];
                    let key = first + if shared_by == 1 { key } else { key / u32::from(shared_by) };
                    if !self.caches[usize::from(cache)].is_kept(key) {
                        break;
                    }
                    step.visits += 1;
                    pc = hit;
                }
                Op::Depart { class, bytes } => {
                    step.visits += 1;
                    self.tracer.departs(job, pc, now);
                    self.observer.depart(now, self.jobs[job as usize].born, class, bytes);
                    if self.observer.packets() >= self.limits.packets {
                        self.end = Due::FIRST;
                        alone = 0;
                    }
                    pc += 1;
                }
                Op::Jump { to } => {
                    step.visits += 1;
                    pc = to;
                }
                Op::TryAcquire { pool, n, otherwise } => {
                    step.visits += 1;
                    pc = if self.pools[usize::from(pool)].take(n) { pc + 1 } else { otherwise };
                }
                Op::Polled { gate } => {
                    if !self.gates[usize::from(gate)].is_done_with_one() {
                        break;
                    }
                    step.visits += 1;
                    pc += 1;
                }
                Op::Gather { gate } | Op::Poll { gate } => {
                    step.visits += 1;
                    (self.now, self.events) = (now, events);
                    self.gather(usize::from(gate), pc + 1, job);
                    return None;
                }
                Op::End => {
                    step.visits += 1;
                    (self.now, self.events) = (now, events);
                    pc = self.end(job)?;
                    if self.end == Due::FIRST {
                        alone = 0;
                    }
                }
                _ => break,
            }
        }
        (self.now, self.events) = (now, events);
        Some(pc)
    }
}
