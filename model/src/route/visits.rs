//! Visits as operations: at stations, behind gates, with locks.

use super::compile::{Account, Compiler, Note};
use super::on_its_way::OnItsWay;
use super::{Hop, PoolId, Route, StationId, Taken, Visit};
use crate::engine::program::{Choice, Op, Pc};
use crate::resource::Resource;
use crate::units::Time;

impl Compiler<'_> {
    /// What the first job at a gate does, or what it does from the second visit on; the others skip all visits.
    pub(super) fn leader(&mut self, visits: &[&Visit]) {
        if visits.iter().all(|visit| self.holder(visit).is_none()) {
            for visit in visits {
                self.visit(visit);
                self.entry();
            }
            return;
        }
        // Visits of several operations are reached over jumps, so that each takes one place behind the gate.
        let jumps: Vec<Pc> = (0..=visits.len()).map(|_| self.emit(Op::Jump { to: Pc::MAX }, None)).collect();
        for (i, &jump) in jumps.iter().enumerate() {
            self.program.ops[jump as usize] = Op::Jump { to: self.entry() };
            if let Some(visit) = visits.get(i) {
                self.visit(visit);
            }
        }
    }

    /// A visit and a route that the first job at a gate goes, and the others skip.
    pub(super) fn leads(&mut self, visit: &Visit, once: &Route, job: &mut OnItsWay) {
        let jumps = [0, 1].map(|_| self.emit(Op::Jump { to: Pc::MAX }, None));
        self.program.ops[jumps[0] as usize] = Op::Jump { to: self.entry() };
        self.visit(visit);
        self.inline(once, job);
        self.program.ops[jumps[1] as usize] = Op::Jump { to: self.entry() };
    }

    /// The way whose first station has least to do. All cost a job the same.
    pub(super) fn one_of(&mut self, ways: &[Route], job: &mut OnItsWay) {
        let choice = self.program.choices.len() as u32;
        self.program.choices.push(Vec::new());
        self.emit(Op::Choose { choice }, None);
        let before = job.clone();
        let mut jumps = Vec::with_capacity(ways.len());
        for way in ways {
            let Some(Hop::Serve(first)) = way.0.first() else { continue };
            let held = self.holder(first).map(|pool| pool.0);
            let at = self.entry();
            self.program.choices[choice as usize].push(Choice { server: first.station.0, held, at });
            *job = before.clone();
            self.inline(way, job);
            jumps.push(self.emit(Op::Jump { to: Pc::MAX }, None));
        }
        let to = self.entry();
        for jump in jumps {
            self.program.ops[jump as usize] = Op::Jump { to };
        }
    }

    fn holder(&self, visit: &Visit) -> Option<PoolId> {
        self.platform.stations[usize::from(visit.station.0)].held
    }

    pub(super) fn visit(&mut self, visit: &Visit) {
        let Some(held) = self.holder(visit) else {
            self.serve(visit);
            return;
        };
        self.emit_wait(Op::Hold { pool: held.0 }, self.pool(held).resource.name());
        let Some(taken) = visit.lock else {
            self.serve(visit);
            self.emit(Op::Free { pool: held.0 }, None);
            return;
        };
        let between = if taken.times > 1 { taken.between.min(visit.time) } else { Time::ZERO };
        self.serve(&Visit { time: visit.time - between, ..visit.clone() });
        for time in 0..taken.times {
            if time == 1 && between > Time::ZERO {
                self.serve(&Visit::new(visit.station, between, Time::ZERO, visit.label));
            }
            self.take(taken, visit.station);
        }
        self.emit(Op::Free { pool: held.0 }, None);
    }

    /// Takes the lock once. A lock of SAs is that of the job's SA; any other is a queue of its own.
    fn take(&mut self, taken: Taken, core: StationId) {
        let (lock, time) = (taken.lock, taken.time.as_ps());
        let (op, label) = match self.platform.stations[usize::from(lock.0)].resource {
            Resource::SaLock => (Op::Lock { lane: self.lane(core, Time::ZERO), core: core.0, time }, "SA lock held"),
            resource => (Op::Serve { server: lock.0, lane: self.lane(lock, Time::ZERO), time }, resource.name()),
        };
        let pc = self.emit_wait(op, label);
        self.accounts[pc as usize] = Some(Account { busy: Some((lock, taken.time)), charges: Vec::new() });
    }

    pub(super) fn lane(&mut self, station: StationId, latency: Time) -> u16 {
        let next = self.lanes.len() as u16;
        *self.lanes.entry((station, latency)).or_insert(next)
    }

    fn serve(&mut self, visit: &Visit) {
        let &Visit { station, latency, label, octets, .. } = visit;
        let server = station.0;
        let lane = self.lane(station, latency);
        let time = visit.time.as_ps();
        let op = match self.platform.stations[usize::from(server)].units {
            1 => Op::Serve { server, lane, time },
            _ => Op::ServeAny { server, lane, time },
        };
        let account = Account { busy: Some((station, visit.time)), charges: visit.charges.clone() };
        let pc = self.emit(op, Some(account));
        self.notes[pc as usize] = Note { label, octets };
    }
}
