//! What each operation does.

use super::lane::Transit;
use super::program::{Arrivals, Op, Pc};
use super::tournament::{Due, HORIZON_PS};
use super::trace::Tracer;
use super::{Engine, Job, NO_PAGE, Step};

/// No server is done later: what is past all times stays there, and sums with it stay within their type, since no time of
/// an operation and no latency is longer.
const PAST_PS: u64 = HORIZON_PS + 1;

/// What a job does at a server.
#[derive(Clone, Copy)]
struct Visit {
    server: u16,
    lane: u16,
    time: u64,
}

impl<T: Tracer> Engine<T> {
    /// Puts a job on a lane that it leaves at `time`, unless that is the very next event: then returns where it goes on.
    #[inline(always)]
    pub(super) fn send(&mut self, lane: u16, time: u64, pc: Pc, job: u32) -> Option<Pc> {
        let slot = usize::from(lane);
        let lane = &mut self.lanes[slot];
        let due = Due::new(time, slot);
        if lane.is_empty() {
            // Nothing can happen before the job arrives, so it goes on at once: no lane, no tree.
            if due < self.tree.first() && due < self.end && self.ready.is_empty() {
                self.now = time;
                self.events += 1;
                return Some(pc);
            }
            self.tree.add(slot, due);
            lane.begin(Transit { due, pc, job });
        } else {
            lane.push(Transit { due, pc, job });
        }
        None
    }

    /// Occupies a server for `time` and sends the job down its lane, or down the last lane of a chain.
    #[inline(always)]
    fn serve(&mut self, visit: Visit, mut pc: Pc, job: u32) -> Option<Pc> {
        let Visit { server, mut lane, time } = visit;
        let mut done = self.occupy(server, self.now, time);
        self.tracer.visits(job, pc - 1, self.now, time, done);
        while let Step { op: Op::Chain { server, lane: next, time }, visits } = &mut self.steps[pc as usize] {
            let (server, time) = (*server, *time);
            *visits += 1;
            let arrived = done + self.lanes[usize::from(lane)].latency;
            lane = *next;
            done = self.occupy(server, arrived, time);
            self.tracer.visits(job, pc, arrived, time, done);
            pc += 1;
        }
        let latency = self.lanes[usize::from(lane)].latency;
        self.send(lane, done + latency, pc, job)
    }

    /// Lindley's recursion: a job that arrives at `arrival` leaves the server at the returned time. Behind many jobs at a
    /// very slow server that may be past all times: such a job never leaves.
    #[inline(always)]
    pub(super) fn occupy(&mut self, server: u16, arrival: u64, time: u64) -> u64 {
        let free_at = &mut self.free_at[usize::from(server)];
        *free_at = ((*free_at).max(arrival) + time).min(PAST_PS);
        *free_at
    }

    /// Occupies the unit that is free first. Units may overtake each other: the lane is sorted by insertion from its
    /// end, where the job's place is near.
    #[inline]
    fn serve_any(&mut self, server: u16, lane: u16, time: u64, pc: Pc, job: u32) {
        let units = &mut self.units[usize::from(server)];
        let free_at = units.pop_front().unwrap_or(0);
        let done = free_at.max(self.now).saturating_add(time);
        self.tracer.visits(job, pc - 1, self.now, time, done);
        // Units with equal service finish in turn; only then is there no need to look for the place.
        if units.back().is_none_or(|&last| last <= done) {
            units.push_back(done);
        } else {
            let place = units.iter().rposition(|&other| other <= done).map_or(0, |last| last + 1);
            units.insert(place, done);
        }

        let slot = usize::from(lane);
        let due = Due::new(done.saturating_add(self.lanes[slot].latency), slot);
        if self.lanes[slot].insert(Transit { due, pc, job }) {
            self.tree.set(slot, due);
        }
    }

    #[inline(never)]
    fn draw_service(&mut self, server: u16, mean: u64) -> u64 {
        self.service[usize::from(server)].as_mut().map_or(mean, |stream| stream.exponential(mean)).min(PAST_PS)
    }

    /// Executes a job's operations from `pc` until it parks or ends.
    #[inline(always)]
    pub(super) fn go(&mut self, job: u32, mut pc: Pc) {
        self.tracer.resumes(job, self.now);
        loop {
            let step = &mut self.steps[pc as usize];
            step.visits += 1;
            let next = pc + 1;
            match step.op {
                Op::Serve { server, lane, time } => match self.serve(Visit { server, lane, time }, next, job) {
                    Some(next) => pc = next,
                    None => return,
                },
                Op::ServeRandom { server, lane, mean } => {
                    let time = self.draw_service(server, mean);
                    match self.serve(Visit { server, lane, time }, next, job) {
                        Some(next) => pc = next,
                        None => return,
                    }
                }
                Op::ServeAny { server, lane, time } => return self.serve_any(server, lane, time, next, job),
                Op::ServeAnyRandom { server, lane, mean } => {
                    let time = self.draw_service(server, mean);
                    return self.serve_any(server, lane, time, next, job);
                }
                // Only met if no job came over the lane before it: then it is a plain visit.
                Op::Chain { server, lane, time } => match self.serve(Visit { server, lane, time }, next, job) {
                    Some(next) => pc = next,
                    None => return,
                },
                Op::Wait { lane } => {
                    self.tracer.visits(job, pc, self.now, 0, self.now);
                    let latency = self.lanes[usize::from(lane)].latency;
                    match self.send(lane, self.now.saturating_add(latency), next, job) {
                        Some(next) => pc = next,
                        None => return,
                    }
                }
                Op::Acquire { pool, n } => {
                    let pool = &mut self.pools[usize::from(pool)];
                    if pool.available < n || !pool.waiting.is_empty() {
                        pool.waiting.push_back((job, next, n));
                        return self.tracer.parks(job, pc, self.now);
                    }
                    pool.available -= n;
                    pc = next;
                }
                Op::TryAcquire { pool, n, otherwise } => {
                    let pool = &mut self.pools[usize::from(pool)];
                    if pool.available < n || !pool.waiting.is_empty() {
                        pc = otherwise;
                    } else {
                        pool.available -= n;
                        pc = next;
                    }
                }
                Op::Release { pool, n } => {
                    let pool = &mut self.pools[usize::from(pool)];
                    pool.returned += n;
                    pc = next;
                    if pool.returned < pool.quantum {
                        continue;
                    }
                    pool.available += std::mem::take(&mut pool.returned);
                    while let Some(&(waiter, at, wanted)) = pool.waiting.front() {
                        if wanted > pool.available {
                            break;
                        }
                        pool.available -= wanted;
                        pool.waiting.pop_front();
                        self.ready.push_back((waiter, at));
                    }
                }
                Op::Hold { pool } => {
                    let pool = &mut self.pools[usize::from(pool)];
                    if pool.available == 0 {
                        pool.waiting.push_back((job, next, 1));
                        return self.tracer.parks(job, pc, self.now);
                    }
                    pool.available = 0;
                    pool.since = self.now;
                    pc = next;
                }
                Op::Free { pool } => {
                    let pool = &mut self.pools[usize::from(pool)];
                    pool.held += self.now - pool.since;
                    pool.since = self.now;
                    match pool.waiting.pop_front() {
                        Some((waiter, at, _)) => self.ready.push_back((waiter, at)),
                        None => pool.available = 1,
                    }
                    pc = next;
                }
                Op::Gather { gate } | Op::Poll { gate } => return self.gather(usize::from(gate), next, job),
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
                Op::Depart { class, bytes } => {
                    self.tracer.departs(job, pc, self.now);
                    self.observer.depart(self.now, self.jobs[job as usize].born, class, bytes);
                    if self.observer.packets() >= self.limits.packets {
                        self.end = Due::FIRST;
                    }
                    pc = next;
                }
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
                Op::Jump { to } => pc = to,
                Op::End => match self.end(job) {
                    Some(start) => pc = start,
                    None => return,
                },
            }
        }
    }

    /// A job waits at a gate, polled or not.
    #[inline(never)]
    fn gather(&mut self, index: usize, next: Pc, job: u32) {
        self.tracer.parks(job, next - 1, self.now);
        let gate = &mut self.gates[index];
        let first = gate.join(job, next);
        if gate.is_polling() {
            return;
        }
        if gate.is_full() {
            self.open_gate(index);
        } else if first && gate.timeout() != u64::MAX {
            let timeout = gate.timeout();
            if self.timers.set(index, self.now.saturating_add(timeout)) {
                self.show_timers();
            }
        }
    }

    /// A job's share of a poll is done.
    #[inline(never)]
    fn polled(&mut self, index: usize) {
        if self.gates[index].done() {
            self.end_poll(index);
        }
    }

    /// A poll is over: what has merged goes on, and the next poll begins if jobs wait.
    fn end_poll(&mut self, index: usize) {
        if let Some(merging) = self.gates[index].merging() {
            self.gates[merging].open(&mut self.ready);
        }
        let gate = &mut self.gates[index];
        if !gate.is_empty() {
            gate.poll(false, &mut self.ready);
        }
    }

    /// A job joins those that are merged, who go on when they are enough or a poll is over: before the next poll.
    #[inline(never)]
    fn merge(&mut self, merged: usize, poll: usize, next: Pc, job: u32) {
        self.tracer.parks(job, next - 1, self.now);
        let over = self.gates[poll].done();
        let gate = &mut self.gates[merged];
        gate.join(job, next);
        if gate.is_full() {
            gate.open(&mut self.ready);
        }
        if over {
            self.end_poll(poll);
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
    fn end(&mut self, job: u32) -> Option<Pc> {
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
