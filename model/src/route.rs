//! The vocabulary of a route: what a packet visits, holds and waits for, in order.
//!
//! A route is declared once and read twice: [`Floor::compile`] turns it into the engine's program, and
//! [`crate::bound`] adds up the same visits into closed-form bounds.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::program::{Op, Pc, Program};
use crate::traffic::Packet;
use crate::units::{Bytes, Cycles, Time};

/// A station on the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationId(pub u16);

/// A pool of units (ring entries, tags, buffer octets) on the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolId(pub u16);

/// A gate, at which jobs gather into batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateId(pub u16);

/// What a core spends cycles on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// System call, socket, transport, IP, queueing discipline.
    Send,
    /// Copy from user to kernel memory.
    Copy,
    /// Software segmentation.
    Segment,
    /// Software transport checksum.
    Checksum,
    /// ESP encapsulation without the cipher.
    Xfrm,
    /// AEAD or cipher with HMAC.
    Aead,
    /// Submitting to an accelerator.
    CryptoSubmit,
    /// Handling an accelerator's responses.
    CryptoComplete,
    /// Driver transmit.
    Transmit,
    /// MMIO doorbell writes.
    Doorbell,
    /// Transmit completions.
    Complete,
    /// Interrupts and poll overhead.
    Interrupt,
}

impl Category {
    /// Every category, in the order of a packet's way.
    pub const ALL: [Category; 12] = [
        Category::Send,
        Category::Copy,
        Category::Segment,
        Category::Checksum,
        Category::Xfrm,
        Category::Aead,
        Category::CryptoSubmit,
        Category::CryptoComplete,
        Category::Transmit,
        Category::Doorbell,
        Category::Complete,
        Category::Interrupt,
    ];

    /// The name used in results.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Send => "send",
            Category::Copy => "copy",
            Category::Segment => "segment",
            Category::Checksum => "checksum",
            Category::Xfrm => "xfrm",
            Category::Aead => "aead",
            Category::CryptoSubmit => "crypto_submit",
            Category::CryptoComplete => "crypto_complete",
            Category::Transmit => "transmit",
            Category::Doorbell => "doorbell",
            Category::Complete => "complete",
            Category::Interrupt => "interrupt",
        }
    }
}

/// What a visit is charged to, beyond its station's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Charge {
    /// Core cycles of a category.
    Cycles(Category, Cycles),
    /// TLP octets on a PCIe link, framing included, both directions alike.
    PcieTlp(f64),
    /// Payload octets that crossed PCIe: the crossings that the placements differ in.
    PciePayload(Bytes),
    /// Packets that were dropped.
    Dropped(u64),
    /// A packet that was sent.
    Sent(Packet),
}

/// One visit to a station.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// Where.
    pub station: StationId,
    /// How long the station is occupied.
    pub time: Time,
    /// How long the job travels after the station has let it go.
    pub latency: Time,
    /// What happens, for traces and route listings.
    pub label: &'static str,
    /// What it is charged to.
    pub charges: Vec<Charge>,
}

/// One element of a route.
#[derive(Debug, Clone, PartialEq)]
pub enum Hop {
    /// Be served by a station.
    Serve(Visit),
    /// Take units of a pool, waiting for them.
    Acquire(PoolId, u32),
    /// Take units of a pool, or drop the job's packets if there are too few.
    AcquireOrDrop(PoolId, u32),
    /// Give units back.
    Release(PoolId, u32),
    /// Gather at a gate; the visit is made once per batch.
    Gather(GateId, Visit),
    /// Go on as so many packets on each of these routes, all of which must end before the route goes on.
    Split(Vec<(Route, u32)>),
    /// A packet has left.
    Depart(Packet),
}

/// An ordered list of hops.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Route(pub Vec<Hop>);

impl Route {
    /// Routes one after the other.
    pub fn concat(parts: impl IntoIterator<Item = Route>) -> Route {
        Route(parts.into_iter().flat_map(|part| part.0).collect())
    }

    /// Packets that depart from one job on this route.
    pub fn packets(&self) -> u64 {
        self.0
            .iter()
            .map(|hop| match hop {
                Hop::Depart(_) => 1,
                Hop::Split(parts) => parts.iter().map(|(route, n)| route.packets() * u64::from(*n)).sum(),
                _ => 0,
            })
            .sum()
    }
}

impl From<Hop> for Route {
    fn from(hop: Hop) -> Route {
        Route(vec![hop])
    }
}

impl From<Vec<Hop>> for Route {
    fn from(hops: Vec<Hop>) -> Route {
        Route(hops)
    }
}

/// Joins hops and routes into one route, in order.
#[macro_export]
macro_rules! route {
    ($($part:expr),* $(,)?) => {
        $crate::route::Route::concat([$($crate::route::Route::from($part)),*])
    };
}

/// A station: one queue, one or more units that serve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Station {
    /// Name in results, such as `core` or `NIC link down`; cores share one.
    pub name: &'static str,
    /// Units in parallel.
    pub units: u16,
}

/// A pool of units that packets hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Name in results; the rings of several cores share one.
    pub name: &'static str,
    /// Units.
    pub capacity: u32,
}

/// A gate that closes batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Jobs of a full batch.
    pub jobs: u32,
    /// The longest that the first one waits.
    pub timeout: Time,
}

/// Everything that routes can visit, hold or gather at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Floor {
    /// Stations, in the order of their numbers: the order of equal times too.
    pub stations: Vec<Station>,
    /// Pools.
    pub pools: Vec<Pool>,
    /// Gates.
    pub gates: Vec<Gate>,
}

impl Floor {
    /// Adds a station.
    pub fn station(&mut self, name: &'static str, units: u16) -> StationId {
        self.stations.push(Station { name, units });
        StationId(self.stations.len() as u16 - 1)
    }

    /// Adds a pool.
    pub fn pool(&mut self, name: &'static str, capacity: u32) -> PoolId {
        self.pools.push(Pool { name, capacity });
        PoolId(self.pools.len() as u16 - 1)
    }

    /// Adds a gate.
    pub fn gate(&mut self, jobs: u32, timeout: Time) -> GateId {
        self.gates.push(Gate { jobs: jobs.max(1), timeout });
        GateId(self.gates.len() as u16 - 1)
    }

    /// The engine's program for a set of routes, where each one starts, and what its operations stand for.
    pub fn compile(&self, routes: &[&Route]) -> Compiled {
        let mut compiled = self.compile_unchained(routes);
        chain(&mut compiled.program, &compiled.entries);
        compiled
    }

    /// As [`Self::compile`], with an event for every visit: slower, with the same results.
    pub fn compile_unchained(&self, routes: &[&Route]) -> Compiled {
        let mut compiler = Compiler::new(self);
        let starts: Vec<Pc> = routes.iter().map(|route| compiler.job(route)).collect();
        let Compiler { mut program, accounts, lanes, mut entries, .. } = compiler;
        program.servers = self.stations.iter().map(|s| s.units).collect();
        program.pools = self.pools.iter().map(|p| p.capacity).collect();
        program.gates = self.gates.iter().map(|g| (g.jobs, g.timeout.as_ps())).collect();
        renumber_lanes(&mut program, &lanes);
        entries.extend(&starts);
        Compiled { program, starts, accounts, entries }
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

/// Routes as the engine runs them.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The program.
    pub program: Program,
    /// Where each route starts.
    pub starts: Vec<Pc>,
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
                    self.emit(Op::Acquire { pool: pool.0, n }, None);
                }
                Hop::AcquireOrDrop(pool, n) => {
                    let n = self.clamp(*pool, *n);
                    drops.push(self.emit(Op::TryAcquire { pool: pool.0, n, otherwise: Pc::MAX }, None));
                }
                Hop::Release(pool, n) => {
                    let n = self.clamp(*pool, *n);
                    self.emit(Op::Release { pool: pool.0, n }, None);
                }
                Hop::Gather(gate, visit) => {
                    self.emit(Op::Gather { gate: gate.0 }, None);
                    self.visit(visit);
                    // The others of the batch skip the visit.
                    self.entries.insert(self.next_pc());
                }
                Hop::Split(_) => {
                    for (body, n) in bodies {
                        self.emit(Op::Fork { body, n }, None);
                    }
                    self.emit(Op::Await, None);
                }
                Hop::Depart(packet) => {
                    let account = Account { busy: None, charges: vec![Charge::Sent(*packet)] };
                    self.emit(Op::Depart { bytes: packet.goodput.get() as u32 }, Some(account));
                }
            }
        }
        (start, drops)
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

    fn visit(&mut self, visit: &Visit) {
        let server = visit.station.0;
        let next = self.lanes.len() as u16;
        let lane = *self.lanes.entry((visit.station, visit.latency)).or_insert(next);
        let time = visit.time.as_ps();
        let op = match self.floor.stations[usize::from(server)].units {
            1 => Op::Serve { server, lane, time },
            _ => Op::ServeAny { server, lane, time },
        };
        let account = Account { busy: Some((visit.station, visit.time)), charges: visit.charges.clone() };
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
