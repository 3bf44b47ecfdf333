//! What each operation does.

use super::program::{Arrivals, Op, Pc};
use super::tournament::Due;
use super::trace::Tracer;
use super::{Engine, Job, NO_PAGE};

impl<T: Tracer> Engine<T> {
    /// Executes a job's operations from `pc` until it parks or ends.
    #[inline(always)]
    pub(super) fn go(&mut self, job: u32, mut pc: Pc) {
        self.tracer.resumes(job, self.now);
        loop {
            match self.go_alone(job, pc) {
                Some(at) => pc = at,
                None => return,
            }
            let step = &mut self.steps[pc as usize];
            step.visits += 1;
            let onward = step.onward;
            let next = pc + 1;
            match step.op {
                Op::ServeRandom { server, lane, mean } => {
                    let time = self.draw_service(server, mean);
                    let done = self.occupy(server, self.now, time);
                    self.tracer.visits(job, pc, self.now, time, done);
                    let arrives = done + onward.latency();
                    let (lane, arrives, next) = self.follow(arrives, next, job).unwrap_or((lane, arrives, next));
                    match self.send(lane, arrives, next, job) {
                        Some(next) => pc = next,
                        None => return,
                    }
                }
                Op::ServeAny { server, lane, time } => return self.serve_any(server, lane, time, next, job),
                Op::ServeAnyRandom { server, lane, mean } => {
                    let time = self.draw_service(server, mean);
                    return self.serve_any(server, lane, time, next, job);
                }
                Op::Wait { lane } => {
                    self.tracer.visits(job, pc, self.now, 0, self.now);
                    let latency = self.lanes[usize::from(lane)].latency;
                    match self.send(lane, self.now.saturating_add(latency), next, job) {
                        Some(next) => pc = next,
                        None => return,
                    }
                }
                Op::Acquire { pool, n } => {
                    if !self.pools[usize::from(pool)].take(n) {
                        return self.wait_for(pool, n, pc, job);
                    }
                    pc = next;
                }
                Op::Release { pool, n } => {
                    self.release(pool, n);
                    pc = next;
                }
                Op::Hold { pool } => match self.hold(pool, next, job) {
                    true => pc = next,
                    false => return,
                },
                Op::Free { pool } => {
                    self.free(pool);
                    pc = next;
                }
                Op::Polled { gate } => {
                    self.polled(usize::from(gate));
                    pc = next;
                }
                Op::Merge { gate, poll } => return self.merge(usize::from(gate), usize::from(poll), next, job),
                Op::Lock { lane, core, time } => match self.lock((lane, core), time, next, job) {
                    Some(next) => pc = next,
                    None => return,
                },
                Op::Lookup { cache, key, hit } => match self.lookup(cache, key, hit, next, job) {
                    Some(next) => pc = next,
                    None => return,
                },
                Op::Fill { cache, key } => {
                    self.fill(cache, key, job);
                    pc = next;
                }
                Op::Place { pages } => {
                    self.page(job, pages);
                    pc = next;
                }
                Op::Fork { body, n } => {
                    self.fork(job, body, n);
                    pc = next;
                }
                Op::Spawn { body, adds, every } => {
                    self.spawn(job, body, adds, every);
                    pc = next;
                }
                Op::Await => {
                    let parent = &mut self.jobs[job as usize];
                    if parent.children > 0 {
                        parent.resume = next;
                        return self.tracer.parks(job, pc, self.now);
                    }
                    pc = next;
                }
                Op::Join => return self.join(job),
                Op::Drop { class, n } => {
                    self.observer.lose(class, n);
                    pc = next;
                }
                Op::Tally { n } => {
                    self.tally(job, n);
                    pc = next;
                }
                Op::Limit { rate, lane, otherwise, time } => {
                    match self.limit((lane, rate), time, (next, otherwise), job) {
                        Some(next) => pc = next,
                        None => return,
                    }
                }
                Op::Number => {
                    self.number(job);
                    pc = next;
                }
                Op::InWindow { window, otherwise } => pc = if self.in_window(window, job) { next } else { otherwise },
                Op::Enter { order } => {
                    self.enter(order, job);
                    pc = next;
                }
                Op::Leave { order, waits } => match self.leave(order, waits, next, job) {
                    true => pc = next,
                    false => return,
                },
                Op::Choose { choice } => pc = self.choose(choice),
                // Done before.
                Op::Serve { .. }
                | Op::Chain { .. }
                | Op::TryAcquire { .. }
                | Op::Gather { .. }
                | Op::Poll { .. }
                | Op::Depart { .. }
                | Op::Jump { .. }
                | Op::End => return,
            }
        }
    }

    #[inline(never)]
    fn fork(&mut self, job: u32, body: Pc, n: u32) {
        let Job { born, flow, page, sequence, .. } = self.jobs[job as usize];
        self.jobs[job as usize].children += n;
        for _ in 0..n {
            let child = self.new_job(Job { born, flow, page, sequence, parent: job, children: 0, resume: Pc::MAX });
            self.tracer.forks(job, child, self.now);
            self.ready.push_back((child, body));
        }
    }

    #[inline(never)]
    fn spawn(&mut self, job: u32, body: Pc, adds: u32, every: u32) {
        let flow = self.jobs[job as usize].flow;
        let count = &mut self.counted[flow as usize];
        *count += adds;
        let starts = *count / every;
        *count %= every;
        if starts > 0 {
            self.fork(job, body, starts);
        }
    }

    #[inline(never)]
    fn join(&mut self, job: u32) {
        self.tracer.joins(job, self.now);
        self.spare_jobs.push(job);
        let parent_index = self.jobs[job as usize].parent;
        let Some(parent) = self.jobs.get_mut(parent_index as usize) else { return };
        parent.children -= 1;
        if parent.children == 0 && parent.resume != Pc::MAX {
            let resume = std::mem::replace(&mut parent.resume, Pc::MAX);
            self.ready.push_back((parent_index, resume));
        }
    }

    /// Ends a job; in a closed workload the same job starts anew, and where is returned.
    #[inline(always)]
    pub(super) fn end(&mut self, job: u32) -> Option<Pc> {
        self.counts.ended += 1;
        self.tracer.ends(job, self.now);
        if self.events >= self.limits.events {
            self.end = Due::FIRST;
        }
        let flow = self.jobs[job as usize].flow;
        let source = self.source_of(flow);
        if self.closing || !matches!(self.sources[source].arrivals, Arrivals::Closed { .. }) {
            self.spare_jobs.push(job);
            return None;
        }
        self.counts.started += 1;
        let restarted = &mut self.jobs[job as usize];
        restarted.born = self.now;
        restarted.page = NO_PAGE;
        self.tracer.starts(job, flow, self.now);
        Some(self.start_of(source, flow))
    }
}
