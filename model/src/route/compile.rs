//! From routes to the engine's program.

use std::collections::{BTreeMap, BTreeSet};

use super::lanes::{LaneKey, chain, renumber_lanes};
use super::on_its_way::OnItsWay;
use super::plenty::plenty;
use super::{Category, Charge, Hop, Lookup, Platform, Pool, PoolId, Route, StationId};
use crate::engine::program::{Key, Op, Pc, Program};
use crate::engine::tournament::MAX_SLOTS;
use crate::resource::Resource;
use crate::units::{Bytes, Cycles, Time};

/// Slots of the event core that are kept for sources and timers.
const OTHER_SLOTS: usize = 17;

/// More stations with latencies of their own than the event core has slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{lanes} stations and latencies, {of_most} of them `{most}`, and the event core takes {}", MAX_SLOTS - OTHER_SLOTS)]
pub struct TooLarge {
    /// Stations, each counted once for every latency behind it.
    pub lanes: usize,
    /// The kind that has most of them.
    pub most: Resource,
    /// How many that has.
    pub of_most: usize,
}

impl Platform {
    /// The engine's program for a set of routes, each of a traffic class; where each one starts, and what its operations
    /// stand for.
    ///
    /// # Errors
    /// [`TooLarge`] for more stations than the engine takes.
    pub fn compile(&self, routes: &[(u8, &Route)]) -> Result<Compiled, TooLarge> {
        self.compile_for(routes, None)
    }

    /// The same for so many jobs at the most, where there is a limit: pools that they cannot use up are left out.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn compile_for(&self, routes: &[(u8, &Route)], jobs: Option<u64>) -> Result<Compiled, TooLarge> {
        let plenty = jobs.map_or_else(|| vec![false; self.pools.len()], |jobs| plenty(self, routes, jobs));
        let mut compiled = self.compile_visits(routes, plenty)?;
        chain(&mut compiled.program, &compiled.entries);
        Ok(compiled)
    }

    /// As [`Self::compile`], with an event for every visit: slower, with the same results.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn compile_unchained(&self, routes: &[(u8, &Route)]) -> Result<Compiled, TooLarge> {
        self.compile_visits(routes, vec![false; self.pools.len()])
    }

    fn compile_visits(&self, routes: &[(u8, &Route)], plenty: Vec<bool>) -> Result<Compiled, TooLarge> {
        let mut compiler = Compiler::new(self, plenty);
        let (starts, ends) =
            routes.iter().map(|&(class, route)| (compiler.job(class, route), compiler.next_pc())).unzip();
        let Compiler { mut program, accounts, notes, lanes, mut entries, .. } = compiler;
        self.check_lanes(&lanes)?;
        // A lock, or a limit, is found by its SA: its station is not one server.
        let units = |s: &super::Station| if s.is_keyed() { 1 } else { s.units as u16 };
        program.servers = self.stations.iter().map(units).collect();
        program.pools = self.pools.iter().map(|p| p.units).collect();
        program.gates = self.gates.clone();
        program.caches = self.caches.clone();
        program.orders = self.orders;
        program.lock = self.lock;
        program.burst = self.burst.as_ps();
        renumber_lanes(&mut program, &lanes);
        entries.extend::<&Vec<Pc>>(&starts);
        Ok(Compiled { program, starts, ends, accounts, notes, entries })
    }

    fn check_lanes(&self, lanes: &BTreeMap<LaneKey, u16>) -> Result<(), TooLarge> {
        if lanes.len() + OTHER_SLOTS <= MAX_SLOTS {
            return Ok(());
        }
        let mut kinds: BTreeMap<Resource, usize> = BTreeMap::new();
        for (station, _) in lanes.keys() {
            *kinds.entry(self.stations[usize::from(station.0)].resource).or_default() += 1;
        }
        let most = kinds.into_iter().max_by_key(|(_, count)| *count).unwrap_or((Resource::Core, 0));
        Err(TooLarge { lanes: lanes.len(), most: most.0, of_most: most.1 })
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

pub(super) struct Compiler<'a> {
    pub(super) platform: &'a Platform,
    pub(super) program: Program,
    pub(super) accounts: Vec<Option<Account>>,
    pub(super) notes: Vec<Note>,
    /// Lane numbers as first met.
    pub(super) lanes: BTreeMap<LaneKey, u16>,
    entries: BTreeSet<Pc>,
    /// Pools that have more units than all jobs can take.
    plenty: Vec<bool>,
    /// The traffic class of the route.
    class: u8,
    /// Where the job is dropped, so far.
    drops: Vec<DropSite>,
}

/// An operation that drops the job where it finds too few units.
#[derive(Debug)]
struct DropSite {
    at: Pc,
    packets: u32,
    job: OnItsWay,
}

mod keyed;

impl<'a> Compiler<'a> {
    fn new(platform: &'a Platform, plenty: Vec<bool>) -> Self {
        Compiler {
            platform,
            program: Program::default(),
            accounts: Vec::new(),
            notes: Vec::new(),
            lanes: BTreeMap::new(),
            entries: BTreeSet::new(),
            plenty,
            class: 0,
            drops: Vec::new(),
        }
    }

    pub(super) fn emit(&mut self, op: Op, account: Option<Account>) -> Pc {
        self.program.ops.push(op);
        self.accounts.push(account);
        self.notes.push(Note::default());
        self.program.ops.len() as Pc - 1
    }

    /// An operation at which jobs may wait for what `label` says.
    pub(super) fn emit_wait(&mut self, op: Op, label: &'static str) -> Pc {
        let pc = self.emit(op, None);
        self.notes[pc as usize].label = label;
        pc
    }

    fn next_pc(&self) -> Pc {
        self.program.ops.len() as Pc
    }

    /// A whole job: the bodies of its splits first, then the route, then its end and where it is dropped.
    fn job(&mut self, class: u8, route: &Route) -> Pc {
        self.class = class;
        let before = self.program.ops.len();
        let start = self.route(route, &mut OnItsWay::default());
        if self.program.ops[before..].iter().any(|op| matches!(op, Op::Spawn { .. })) {
            self.emit_wait(Op::Await, "packets that it has brought forth");
        }
        self.emit(Op::End, None);
        for site in std::mem::take(&mut self.drops) {
            self.dropped(site);
        }
        start
    }

    /// Where a job goes that is dropped: it gives back what it holds, and what was spent on it was in vain.
    fn dropped(&mut self, DropSite { at, packets, job }: DropSite) {
        let target = self.entry();
        for (pool, n) in job.held {
            self.emit(Op::Release { pool: pool.0, n }, None);
        }
        let mut charges = vec![Charge::Dropped(packets)];
        for on_dpu in [false, true] {
            let own = job.spent.iter().filter(|((on, _), _)| *on == on_dpu);
            let own: Vec<(Category, f64)> = own.map(|(&(_, category), &spent)| (category, spent)).collect();
            let spent: f64 = own.iter().map(|(_, spent)| spent).sum();
            charges.extend(own.iter().map(|&(category, spent)| Charge::cycles(on_dpu, category, Cycles(-spent))));
            if spent > 0.0 {
                charges.push(Charge::cycles(on_dpu, Category::Dropped, Cycles(spent)));
            }
        }
        self.emit(Op::Drop { class: self.class, n: packets }, Some(Account { busy: None, charges }));
        self.emit(Op::End, None);
        if let Some(otherwise) = self.program.ops[at as usize].otherwise_mut() {
            *otherwise = target;
        }
    }

    fn route(&mut self, route: &Route, job: &mut OnItsWay) -> Pc {
        let bodies: Vec<Vec<(Pc, u32)>> = route
            .0
            .iter()
            .map(|hop| match hop {
                Hop::Split(parts) => parts.iter().map(|(part, n)| (self.child(part), *n)).collect(),
                Hop::Spawn(route, ..) => vec![(self.child(route), 1)],
                _ => Vec::new(),
            })
            .collect();
        let start = self.next_pc();
        for (hop, bodies) in route.0.iter().zip(bodies) {
            self.hop(hop, bodies, job);
        }
        start
    }

    fn hop(&mut self, hop: &Hop, bodies: Vec<(Pc, u32)>, job: &mut OnItsWay) {
        match hop {
            Hop::Serve(visit) => {
                job.spend(visit);
                self.visit(visit);
            }
            Hop::Acquire(pool, _) | Hop::AcquireOrDrop(pool, ..) | Hop::Release(pool, _) if self.has_plenty(*pool) => {
                // What comes next is an event of its own all the same.
                self.entry();
            }
            Hop::AcquireElse(pool, _, with, _) if self.has_plenty(*pool) => {
                self.entry();
                self.inline(with, job);
            }
            Hop::Acquire(pool, n) => {
                let n = self.clamp(*pool, *n);
                self.emit_wait(Op::Acquire { pool: pool.0, n }, self.pool(*pool).resource.name());
                job.held.push((*pool, n));
            }
            Hop::AcquireOrDrop(pool, n, packets) => {
                let n = self.clamp(*pool, *n);
                let at = self.emit(Op::TryAcquire { pool: pool.0, n, otherwise: Pc::MAX }, None);
                self.drops.push(DropSite { at, packets: *packets, job: job.clone() });
                job.held.push((*pool, n));
            }
            Hop::AcquireElse(pool, n, with, without) => {
                let n = self.clamp(*pool, *n);
                let take = self.emit(Op::TryAcquire { pool: pool.0, n, otherwise: Pc::MAX }, None);
                let mut other = job.clone();
                job.held.push((*pool, n));
                self.inline(with, job);
                let skip = self.emit(Op::Jump { to: Pc::MAX }, None);
                let otherwise = self.entry();
                self.inline(without, &mut other);
                let to = self.entry();
                self.program.ops[take as usize] = Op::TryAcquire { pool: pool.0, n, otherwise };
                self.program.ops[skip as usize] = Op::Jump { to };
            }
            Hop::Release(pool, n) => {
                let n = self.clamp(*pool, *n);
                self.emit(Op::Release { pool: pool.0, n }, None);
                job.held.retain(|(held, _)| held != pool);
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
            Hop::Merge(gate, poll, visit, once) => {
                self.emit_wait(Op::Merge { gate: gate.0, poll: poll.0 }, visit.label);
                match once.0.is_empty() {
                    true => self.leader(&[visit]),
                    false => self.leads(visit, once, job),
                }
            }
            Hop::Lookup(lookup, miss) => self.lookup(lookup, miss, job),
            Hop::Enter(order) => {
                self.emit(Op::Enter { order: order.0 }, None);
            }
            Hop::Leave(order, waits) => {
                self.emit_wait(Op::Leave { order: order.0, waits: *waits }, "what came before it");
            }
            Hop::Place(pages) => {
                self.emit(Op::Place { pages: *pages }, None);
            }
            Hop::Split(_) => {
                for (body, n) in bodies {
                    self.emit(Op::Fork { body, n }, None);
                }
                self.emit_wait(Op::Await, "all parts");
            }
            Hop::Spawn(_, adds, every) => {
                for (body, _) in bodies {
                    self.emit(Op::Spawn { body, adds: *adds, every: (*every).max(1) }, None);
                }
            }
            Hop::Depart(packet) => {
                let account = Account { busy: None, charges: vec![Charge::Sent(*packet)] };
                let bytes = packet.goodput.get() as u32;
                self.emit(Op::Depart { class: self.class, bytes }, Some(account));
            }
            Hop::OneOf(ways) => self.one_of(ways, job),
            Hop::Limit(limit) => self.limit(limit, job),
            Hop::Number => {
                self.emit(Op::Number, None);
            }
            Hop::InWindow(window) => self.in_window(*window, job),
            Hop::Tally(n) => {
                self.emit(Op::Tally { n: *n }, None);
            }
            Hop::Drop(n) => {
                let charges = vec![Charge::Dropped(*n)];
                self.emit(Op::Drop { class: self.class, n: *n }, Some(Account { busy: None, charges }));
            }
        }
    }

    /// A lookup, and on a miss the route that fills it.
    fn lookup(&mut self, &Lookup { cache, key, .. }: &Lookup, miss: &Route, job: &mut OnItsWay) {
        let lookup = self.emit_wait(Op::Lookup { cache: cache.0, key, hit: Pc::MAX }, "somebody else's fetch");
        self.inline(miss, job);
        if !matches!(key, Key::Random(_)) {
            self.emit(Op::Fill { cache: cache.0, key }, None);
        }
        let hit = self.entry();
        self.program.ops[lookup as usize] = Op::Lookup { cache: cache.0, key, hit };
    }

    /// A route within a route. The bodies of its splits lie before it and are jumped over.
    pub(super) fn inline(&mut self, route: &Route, job: &mut OnItsWay) {
        let splits = route.0.iter().any(|hop| matches!(hop, Hop::Split(_) | Hop::Spawn(..)));
        let jump = splits.then(|| self.emit(Op::Jump { to: Pc::MAX }, None));
        let start = self.route(route, job);
        if let Some(jump) = jump {
            self.program.ops[jump as usize] = Op::Jump { to: start };
            self.entries.insert(start);
        }
    }

    /// The next operation, which is reached from elsewhere too.
    pub(super) fn entry(&mut self) -> Pc {
        let pc = self.next_pc();
        self.entries.insert(pc);
        pc
    }

    fn child(&mut self, route: &Route) -> Pc {
        let drops = self.drops.len();
        let start = self.route(route, &mut OnItsWay::default());
        debug_assert!(self.drops.len() == drops, "only whole jobs are dropped");
        self.emit(Op::Join, None);
        self.entries.insert(start);
        start
    }

    /// A job that needs more than the whole pool takes the whole pool.
    fn clamp(&self, pool: PoolId, n: u32) -> u32 {
        n.min(self.pool(pool).units.capacity)
    }

    fn has_plenty(&self, pool: PoolId) -> bool {
        self.plenty[usize::from(pool.0)]
    }

    pub(super) fn pool(&self, pool: PoolId) -> &'a Pool {
        &self.platform.pools[usize::from(pool.0)]
    }
}
