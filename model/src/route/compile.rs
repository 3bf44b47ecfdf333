//! From routes to the engine's program.

use std::collections::{BTreeMap, BTreeSet};

use super::lanes::{LaneKey, chain, renumber_lanes};
use super::{Charge, Floor, Hop, Lookup, Pool, PoolId, Route, StationId, Visit};
use crate::engine::program::{Op, Pc, Program};
use crate::units::{Bytes, Time};

impl Floor {
    /// The engine's program for a set of routes, where each one starts, and what its operations stand for.
    pub fn compile(&self, routes: &[&Route]) -> Compiled {
        let mut compiled = self.compile_unchained(routes);
        chain(&mut compiled.program, &compiled.entries);
        compiled
    }

    /// As [`Self::compile`], with an event for every visit: slower, with the same results.
    pub fn compile_unchained(&self, routes: &[&Route]) -> Compiled {
        let mut compiler = Compiler::new(self);
        let (starts, ends) = routes.iter().map(|route| (compiler.job(route), compiler.next_pc())).unzip();
        let Compiler { mut program, accounts, notes, lanes, mut entries, .. } = compiler;
        program.servers = self.stations.iter().map(|s| s.units).collect();
        program.pools = self.pools.iter().map(|p| p.capacity).collect();
        program.gates = self.gates.clone();
        program.caches = self.caches.clone();
        renumber_lanes(&mut program, &lanes);
        entries.extend::<&Vec<Pc>>(&starts);
        Compiled { program, starts, ends, accounts, notes, entries }
    }
}

/// What one operation of the program stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The station it occupies, if any, and for how long.
    pub busy: Option<(StationId, Time)>,
    /// What it is charged to.
    pub charges: Vec<Charge>,
}

/// What one operation of the program is called in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Note {
    /// What a visit does, or what a wait waits for; empty for bookkeeping operations.
    pub label: &'static str,
    /// Octets that a visit works on or moves.
    pub octets: Bytes,
}

/// Routes as the engine runs them.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The program.
    pub program: Program,
    /// Where each route starts.
    pub starts: Vec<Pc>,
    /// Where each route's operations end; those of the next one follow.
    pub ends: Vec<Pc>,
    /// What each operation stands for; `None` for bookkeeping operations.
    pub accounts: Vec<Option<Account>>,
    /// What each operation is called.
    pub notes: Vec<Note>,
    /// Operations that are reached other than from the one before.
    entries: BTreeSet<Pc>,
}

struct Compiler<'a> {
    floor: &'a Floor,
    program: Program,
    accounts: Vec<Option<Account>>,
    notes: Vec<Note>,
    /// Lane numbers as first met.
    lanes: BTreeMap<LaneKey, u16>,
    entries: BTreeSet<Pc>,
}

impl<'a> Compiler<'a> {
    fn new(floor: &'a Floor) -> Self {
        Compiler {
            floor,
            program: Program::default(),
            accounts: Vec::new(),
            notes: Vec::new(),
            lanes: BTreeMap::new(),
            entries: BTreeSet::new(),
        }
    }

    fn emit(&mut self, op: Op, account: Option<Account>) -> Pc {
        self.program.ops.push(op);
        self.accounts.push(account);
        self.notes.push(Note::default());
        self.program.ops.len() as Pc - 1
    }

    /// An operation at which jobs may wait for what `label` says.
    fn emit_wait(&mut self, op: Op, label: &'static str) -> Pc {
        let pc = self.emit(op, None);
        self.notes[pc as usize].label = label;
        pc
    }

    fn next_pc(&self) -> Pc {
        self.program.ops.len() as Pc
    }

    /// A whole job: the bodies of its splits first, then the route, then its end and where dropped jobs go.
    fn job(&mut self, route: &Route) -> Pc {
        let (start, drops) = self.route(route);
        self.emit(Op::End, None);
        if !drops.is_empty() {
            let charges = vec![Charge::Dropped(route.packets())];
            let target = self.emit(Op::Count, Some(Account { busy: None, charges }));
            self.emit(Op::End, None);
            for pc in drops {
                if let Op::TryAcquire { otherwise, .. } = &mut self.program.ops[pc as usize] {
                    *otherwise = target;
                }
            }
        }
        start
    }

    fn route(&mut self, route: &Route) -> (Pc, Vec<Pc>) {
        let bodies: Vec<Vec<(Pc, u32)>> = route
            .0
            .iter()
            .map(|hop| match hop {
                Hop::Split(parts) => parts.iter().map(|(part, n)| (self.child(part), *n)).collect(),
                _ => Vec::new(),
            })
            .collect();
        let start = self.next_pc();
        let mut drops = Vec::new();
        for (hop, bodies) in route.0.iter().zip(bodies) {
            match hop {
                Hop::Serve(visit) => self.visit(visit),
                Hop::Acquire(pool, n) => {
                    let n = self.clamp(*pool, *n);
                    self.emit_wait(Op::Acquire { pool: pool.0, n }, self.pool(*pool).name);
                }
                Hop::AcquireOrDrop(pool, n) => {
                    let n = self.clamp(*pool, *n);
                    drops.push(self.emit(Op::TryAcquire { pool: pool.0, n, otherwise: Pc::MAX }, None));
                }
                Hop::AcquireElse(pool, n, with, without) => {
                    let n = self.clamp(*pool, *n);
                    let take = self.emit(Op::TryAcquire { pool: pool.0, n, otherwise: Pc::MAX }, None);
                    self.inline(with);
                    let skip = self.emit(Op::Jump { to: Pc::MAX }, None);
                    let otherwise = self.entry();
                    self.inline(without);
                    let to = self.entry();
                    self.program.ops[take as usize] = Op::TryAcquire { pool: pool.0, n, otherwise };
                    self.program.ops[skip as usize] = Op::Jump { to };
                }
                Hop::Release(pool, n) => {
                    let n = self.clamp(*pool, *n);
                    self.emit(Op::Release { pool: pool.0, n }, None);
                }
                Hop::Gather(gate, visit) => {
                    self.emit_wait(Op::Gather { gate: gate.0 }, visit.label);
                    self.leader(&[visit]);
                }
                Hop::Poll(gate, interrupt, poll) => {
                    self.emit_wait(Op::Poll { gate: gate.0 }, poll.label);
                    self.leader(&[interrupt, poll]);
                }
                Hop::Polled(gate) => {
                    self.emit(Op::Polled { gate: gate.0 }, None);
                }
                Hop::Merge(gate, poll, visit) => {
                    self.emit_wait(Op::Merge { gate: gate.0, poll: poll.0 }, visit.label);
                    self.leader(&[visit]);
                }
                Hop::Lookup(Lookup { cache, key, .. }, miss) => {
                    let lookup = self.emit(Op::Lookup { cache: cache.0, key: *key, hit: Pc::MAX }, None);
                    self.inline(miss);
                    let hit = self.entry();
                    self.program.ops[lookup as usize] = Op::Lookup { cache: cache.0, key: *key, hit };
                }
                Hop::Split(_) => {
                    for (body, n) in bodies {
                        self.emit(Op::Fork { body, n }, None);
                    }
                    self.emit_wait(Op::Await, "all parts");
                }
                Hop::Depart(packet) => {
                    let account = Account { busy: None, charges: vec![Charge::Sent(*packet)] };
                    self.emit(Op::Depart { bytes: packet.goodput.get() as u32 }, Some(account));
                }
                Hop::Tally(n) => {
                    self.emit(Op::Tally { n: *n }, None);
                }
                Hop::Drop(n) => {
                    let charges = vec![Charge::Dropped(u64::from(*n))];
                    self.emit(Op::Count, Some(Account { busy: None, charges }));
                }
            }
        }
        (start, drops)
    }

    /// A route within a route. The bodies of its splits lie before it and are jumped over.
    fn inline(&mut self, route: &Route) {
        let splits = route.0.iter().any(|hop| matches!(hop, Hop::Split(_)));
        let jump = splits.then(|| self.emit(Op::Jump { to: Pc::MAX }, None));
        let (start, drops) = self.route(route);
        debug_assert!(drops.is_empty(), "only whole jobs are dropped");
        if let Some(jump) = jump {
            self.program.ops[jump as usize] = Op::Jump { to: start };
            self.entries.insert(start);
        }
    }

    /// The next operation, which is reached from elsewhere too.
    fn entry(&mut self) -> Pc {
        let pc = self.next_pc();
        self.entries.insert(pc);
        pc
    }

    fn child(&mut self, route: &Route) -> Pc {
        let (start, _) = self.route(route);
        self.emit(Op::Join, None);
        self.entries.insert(start);
        start
    }

    /// A job that needs more than the whole pool takes the whole pool.
    fn clamp(&self, pool: PoolId, n: u32) -> u32 {
        n.min(self.pool(pool).capacity)
    }

    fn pool(&self, pool: PoolId) -> &'a Pool {
        &self.floor.pools[usize::from(pool.0)]
    }

    /// What the first job at a gate does, or what it does from the second visit on; the others skip all visits.
    fn leader(&mut self, visits: &[&Visit]) {
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

    fn holder(&self, visit: &Visit) -> Option<PoolId> {
        self.floor.stations[usize::from(visit.station.0)].held
    }

    fn visit(&mut self, visit: &Visit) {
        let Some(held) = self.holder(visit) else {
            self.serve(visit);
            return;
        };
        self.emit_wait(Op::Hold { pool: held.0 }, self.pool(held).name);
        self.serve(visit);
        if let Some((lock, time)) = visit.lock {
            self.serve(&Visit::new(lock, time, Time::ZERO, "SA lock held"));
        }
        self.emit(Op::Free { pool: held.0 }, None);
    }

    fn serve(&mut self, visit: &Visit) {
        let &Visit { station, latency, label, octets, .. } = visit;
        let server = station.0;
        let next = self.lanes.len() as u16;
        let lane = *self.lanes.entry((station, latency)).or_insert(next);
        let time = visit.time.as_ps();
        let op = match self.floor.stations[usize::from(server)].units {
            1 => Op::Serve { server, lane, time },
            _ => Op::ServeAny { server, lane, time },
        };
        let account = Account { busy: Some((station, visit.time)), charges: visit.charges.clone() };
        let pc = self.emit(op, Some(account));
        self.notes[pc as usize] = Note { label, octets };
    }
}
