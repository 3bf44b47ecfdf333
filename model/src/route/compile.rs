//! From routes to the engine's program.

use std::collections::{BTreeMap, BTreeSet};

use super::{Charge, Floor, Hop, Lookup, PoolId, Route, StationId, Visit};
use crate::engine::program::{Op, Pc, Program};
use crate::units::Time;

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
        let Compiler { mut program, accounts, lanes, mut entries, .. } = compiler;
        program.servers = self.stations.iter().map(|s| s.units).collect();
        program.pools = self.pools.iter().map(|p| p.capacity).collect();
        program.gates = self.gates.clone();
        program.caches = self.caches.clone();
        renumber_lanes(&mut program, &lanes);
        entries.extend::<&Vec<Pc>>(&starts);
        Compiled { program, starts, ends, accounts, entries }
    }
}

/// What one operation of the program stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// What is done, in a few words; empty for what occupies nothing.
    pub label: &'static str,
    /// The station it occupies, if any, and for how long.
    pub busy: Option<(StationId, Time)>,
    /// What it is charged to.
    pub charges: Vec<Charge>,
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
    /// Operations that are reached other than from the one before.
    entries: BTreeSet<Pc>,
}

/// A lane is one station with one latency.
type LaneKey = (StationId, Time);

struct Compiler<'a> {
    floor: &'a Floor,
    program: Program,
    accounts: Vec<Option<Account>>,
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
            lanes: BTreeMap::new(),
            entries: BTreeSet::new(),
        }
    }

    fn emit(&mut self, op: Op, account: Option<Account>) -> Pc {
        self.program.ops.push(op);
        self.accounts.push(account);
        self.program.ops.len() as Pc - 1
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
            let target = self.emit(Op::Count, Some(Account { label: "", busy: None, charges }));
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
                    self.emit(Op::Acquire { pool: pool.0, n }, None);
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
                    self.emit(Op::Gather { gate: gate.0 }, None);
                    self.leader(&[visit]);
                }
                Hop::Poll(gate, interrupt, poll) => {
                    self.emit(Op::Poll { gate: gate.0 }, None);
                    self.leader(&[interrupt, poll]);
                }
                Hop::Polled(gate) => {
                    self.emit(Op::Polled { gate: gate.0 }, None);
                }
                Hop::Merge(gate, poll, visit) => {
                    self.emit(Op::Merge { gate: gate.0, poll: poll.0 }, None);
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
                    self.emit(Op::Await, None);
                }
                Hop::Depart(packet) => {
                    let account = Account { label: "", busy: None, charges: vec![Charge::Sent(*packet)] };
                    self.emit(Op::Depart { bytes: packet.goodput.get() as u32 }, Some(account));
                }
                Hop::Tally(n) => {
                    self.emit(Op::Tally { n: *n }, None);
                }
                Hop::Drop(n) => {
                    let charges = vec![Charge::Dropped(u64::from(*n))];
                    self.emit(Op::Count, Some(Account { label: "", busy: None, charges }));
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
        n.min(self.floor.pools[usize::from(pool.0)].capacity)
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
        let account =
            |time| Account { label: visit.label, busy: Some((visit.station, time)), charges: visit.charges.clone() };
        let Some(PoolId(pool)) = self.holder(visit) else {
            self.serve(visit.station, visit.time, visit.latency, account(visit.time));
            return;
        };
        self.emit(Op::Hold { pool }, None);
        self.serve(visit.station, visit.time, visit.latency, account(visit.time));
        if let Some((lock, time)) = visit.lock {
            self.serve(
                lock,
                time,
                Time::ZERO,
                Account { label: "SA lock", busy: Some((lock, time)), charges: Vec::new() },
            );
        }
        self.emit(Op::Free { pool }, None);
    }

    fn serve(&mut self, station: StationId, time: Time, latency: Time, account: Account) {
        let server = station.0;
        let next = self.lanes.len() as u16;
        let lane = *self.lanes.entry((station, latency)).or_insert(next);
        let time = time.as_ps();
        let op = match self.floor.stations[usize::from(server)].units {
            1 => Op::Serve { server, lane, time },
            _ => Op::ServeAny { server, lane, time },
        };
        self.emit(op, Some(account));
    }
}

/// Gives lanes their final numbers, in the order of (station, latency): the order of equal times.
fn renumber_lanes(program: &mut Program, lanes: &BTreeMap<LaneKey, u16>) {
    let renumbered: BTreeMap<u16, u16> = lanes.values().enumerate().map(|(i, &met)| (met, i as u16)).collect();
    program.lanes = lanes.keys().map(|(_, latency)| latency.as_ps()).collect();
    for op in &mut program.ops {
        if let Op::Serve { lane, .. } | Op::ServeAny { lane, .. } = op {
            *lane = renumbered[lane];
        }
    }
}

/// Turns visits into `Op::Chain` at every server that all jobs reach directly from one and the same lane of a server
/// with one unit, such as the wire behind the NIC's engine or completions behind read requests.
fn chain(program: &mut Program, entries: &BTreeSet<Pc>) {
    // Per server: the only lane that leads there, or `None` once there is another way.
    let mut ways: BTreeMap<u16, Option<u16>> = BTreeMap::new();
    for (pc, op) in program.ops.iter().enumerate() {
        let Op::Serve { server, .. } = *op else { continue };
        let from = match pc.checked_sub(1).map(|before| program.ops[before]) {
            Some(Op::Serve { server: before, lane, .. }) if before != server && !entries.contains(&(pc as Pc)) => {
                Some(lane)
            }
            _ => None,
        };
        ways.entry(server).and_modify(|way| *way = way.filter(|lane| Some(*lane) == from)).or_insert(from);
    }
    for op in &mut program.ops {
        if let Op::Serve { server, lane, time } = *op
            && ways.get(&server).is_some_and(Option::is_some)
        {
            *op = Op::Chain { server, lane, time };
        }
    }
}
