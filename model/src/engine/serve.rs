//! Service: how long a job is at a server, and how far it goes from there at once.

use super::lane::Transit;
use super::program::{Op, Pc, Program};
use super::tournament::{Due, HORIZON_PS};
use super::trace::Tracer;
use super::{Engine, Step};

/// No server is done later: what is past all times stays there, and sums with it stay within their type, since no time of
/// an operation and no latency is longer.
pub(super) const PAST_PS: u64 = HORIZON_PS + 1;

/// How jobs go on from a server of one unit: how long they travel, and whether the next visit is chained to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Onward(u64);

impl Onward {
    /// From an operation of a program on.
    pub fn of(program: &Program, pc: usize) -> Self {
        let (Op::Serve { lane, .. } | Op::Chain { lane, .. } | Op::ServeRandom { lane, .. }) = program.ops[pc] else {
            return Onward(0);
        };
        let latency = program.lanes[usize::from(lane)].min(HORIZON_PS);
        Onward(latency << 1 | u64::from(matches!(program.ops.get(pc + 1), Some(Op::Chain { .. }))))
    }

    #[inline(always)]
    pub fn latency(self) -> u64 {
        self.0 >> 1
    }

    #[inline(always)]
    pub fn is_chained(self) -> bool {
        self.0 & 1 != 0
    }
}

impl<T: Tracer> Engine<T> {
    /// Puts a job on a lane that it leaves at `time`.
    #[inline(always)]
    pub(super) fn park(&mut self, lane: u16, time: u64, pc: Pc, job: u32) {
        let slot = usize::from(lane);
        let lane = &mut self.lanes[slot];
        let due = Due::new(time, slot);
        if lane.is_empty() {
            self.tree.add(slot, due);
            lane.begin(Transit { due, pc, job });
        } else {
            lane.push(Transit { due, pc, job });
        }
    }

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

    /// Makes the visits that are chained to one from which a job `arrives`; returns the last lane, when it arrives there, and
    /// what it does then.
    #[inline(always)]
    pub(super) fn follow(&mut self, mut arrives: u64, mut pc: Pc, job: u32) -> Option<(u16, u64, Pc)> {
        let mut last = None;
        while let Step { op: Op::Chain { server, lane, time }, onward, visits } = &mut self.steps[pc as usize] {
            *visits += 1;
            let (server, lane, time, onward) = (*server, *lane, *time, *onward);
            let done = self.occupy(server, arrives, time);
            self.tracer.visits(job, pc, arrives, time, done);
            arrives = done + onward.latency();
            pc += 1;
            last = Some((lane, arrives, pc));
            if !onward.is_chained() {
                break;
            }
        }
        last
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
    pub(super) fn serve_any(&mut self, server: u16, lane: u16, time: u64, pc: Pc, job: u32) {
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
        self.insert(Transit { due: Due::new(done.saturating_add(self.lanes[slot].latency), slot), pc, job }, slot);
    }

    /// Puts a job on a lane at its place among the others.
    pub(super) fn insert(&mut self, transit: Transit, slot: usize) {
        if self.lanes[slot].insert(transit) {
            self.tree.set(slot, transit.due);
        }
    }

    #[inline(never)]
    pub(super) fn draw_service(&mut self, server: u16, mean: u64) -> u64 {
        self.service[usize::from(server)].as_mut().map_or(mean, |stream| stream.exponential(mean)).min(PAST_PS)
    }
}
