//! One machine: whatever simulates, traces, bounds or fails over a scenario builds it here.
//!
//! Cores, memory, NICs, accelerators and links are placed once. A [`Path`] is one way through them: of a traffic class, on a
//! core, by a NIC, by a design. Every flow takes one, and may be steered to another one of the same machine.

mod again;
mod class;
mod devices;
mod dpu;
mod hosts;
mod locks;
mod places;
mod queues;
mod sa_state;
mod sas;
mod steering;
mod workers;

use std::collections::{BTreeMap, BTreeSet};

pub use class::Class;
use devices::Devices;
pub use dpu::DpuCores;
use dpu::DpuQueues;
use hosts::Placed;
use locks::{Locks, let_spin};
use places::{Places, distinct};
use queues::{Queues, completes_on_one_core};
use sas::{Sas, best_held};
use serde::{Deserialize, Serialize};
use workers::WorkerQueues;

use crate::engine::program::Cache;
use crate::placement::{Host, Placement};
use crate::profile::Profile;
use crate::resource::Resource;
use crate::route;
use crate::route::{Compiled, Hop, Platform, Route, StationId, TooLarge};
use crate::scenario::{Invalid, Scenario};
use crate::stack::StackCost;
use crate::traffic::{Direction, Fit, SendCall, Traffic};
use crate::units::{Hertz, Share};

/// The most paths: their numbers have 16 bits.
const MOST_PATHS: usize = u16::MAX as usize;

/// What becomes of a path's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// They are carried, encrypted where this placement says.
    By(Placement),
    /// They are dropped: the NIC that packets leave by has no carrier.
    NoCarrier,
    /// They are dropped for want of an SA.
    NoSa,
}

/// One way through the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// The traffic class, by number.
    pub class: u8,
    /// The core, by number.
    pub core: u16,
    /// The core that the NIC interrupts: the same, or one that hands packets on to it.
    pub dispatcher: u16,
    /// The core that packets come back to from crypto workers: the same where there are none.
    pub returns: u16,
    /// The NIC, by number: those in use from the start, then the standby.
    pub nic: u8,
    /// The core of the DPU that the NIC is, by number; 0 where no such core sees packets.
    pub dpu_core: u16,
    /// Whether other cores send through its SA too.
    pub shared: bool,
    /// What becomes of packets.
    pub way: Way,
}

/// How flows and SAs came to lie, and packets fit the MTU.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Spread {
    /// Cores that no flow came to.
    pub idle_cores: u32,
    /// The load of the busiest core over the mean core's.
    pub busiest_core: f64,
    /// SAs that run as the placement says.
    pub sas_as_asked: u32,
    /// SAs that a device did not take and that run as what the placement falls back to.
    pub sas_fallen_back: u32,
    /// SAs that nobody took, whose packets are dropped.
    pub sas_refused: u32,
    /// The share of packets that are fragmented.
    #[serde(default)]
    pub fragmented: f64,
    /// The share of packets that TCP makes smaller so that they fit the MTU.
    #[serde(default)]
    pub clamped: f64,
    /// The share of packets that are dropped because they do not fit the MTU.
    #[serde(default)]
    pub too_big: f64,
    /// What a core that is full is called where there is less to spread over cores than there are cores; absent elsewhere.
    #[serde(default)]
    pub confined: Option<Resource>,
}

impl Spread {
    /// What limits, where it is said of one core of several: that the others cannot help, and why.
    pub fn names(&self, limit: Resource) -> Resource {
        self.confined.filter(|_| limit == Resource::Core).unwrap_or(limit)
    }
}

/// A scenario's machine, its traffic, and the route of each send on each path.
#[derive(Debug, Clone)]
pub struct Machine {
    /// What can be visited. Cores come first.
    pub platform: Platform,
    /// Traffic classes.
    pub classes: Vec<Class>,
    /// Paths that some flow takes or may be steered to.
    pub paths: Vec<Path>,
    /// The route of each send of its class, by path.
    pub routes: Vec<Vec<Route>>,
    /// The path of each flow.
    pub flows: Vec<u16>,
    /// The SA of each flow; those of the inbound direction after those of the outbound one, where there are both.
    pub keys: Vec<u32>,
    /// Cores of the data path.
    pub cores: u32,
    /// Their clock.
    pub clock: Hertz,
    /// Cores of DPUs, where there are some.
    pub dpu: Option<DpuCores>,
    /// How flows and SAs came to lie.
    pub spread: Spread,
}

impl Machine {
    /// Builds the machine of a scenario.
    ///
    /// # Errors
    /// [`Invalid`] for a scenario that fails [`Scenario::check`], or one that is too large.
    pub fn build(s: &Scenario, profile: &Profile) -> Result<Machine, Invalid> {
        s.check(profile)?;
        Builder::new(s, profile).finish(&[])
    }

    /// The machine with other paths for each flow: for every path that a flow would take, one by each of these NICs and
    /// ways. Those of the first come first, and are taken to begin with.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn with_ways(s: &Scenario, profile: &Profile, ways: &[(u8, Way)]) -> Result<Machine, Invalid> {
        s.check(profile)?;
        Builder::new(s, profile).finish(ways)
    }

    /// The engine's program.
    ///
    /// # Errors
    /// [`TooLarge`] for more stations than the engine takes.
    pub fn compile(&self) -> Result<Compiled, TooLarge> {
        self.platform.compile_for(&self.routes_by_class(), self.classes.iter().map(Class::most_jobs).sum())
    }

    /// Every route with its class, in the order of paths and then of sends.
    pub fn routes_by_class(&self) -> Vec<(u8, &Route)> {
        let of = |(path, routes): (&Path, &'_ Vec<Route>)| (path.class, routes.len());
        let classes = self.paths.iter().zip(&self.routes).map(of);
        let classes = classes.flat_map(|(class, n)| std::iter::repeat_n(class, n));
        classes.zip(self.routes.iter().flatten()).collect()
    }
}

/// What was decided before anything is placed.
struct Builder<'a> {
    scenario: &'a Scenario,
    profile: &'a Profile,
    traffic: Vec<Traffic>,
    classes: Vec<Class>,
    /// The core, and the SA of its direction, of each flow.
    core_of_flow: Vec<u32>,
    dispatcher_of_flow: Vec<u32>,
    dpu_core_of_flow: Vec<u32>,
    sa_of_flow: Vec<u32>,
    sas: Sas,
    locks: Locks,
    spread: Spread,
}

impl<'a> Builder<'a> {
    fn new(scenario: &'a Scenario, profile: &'a Profile) -> Self {
        let traffic = scenario.classes();
        let mut spread = Spread::default();
        let sas = Sas::new(scenario, &mut spread);
        let (mut classes, mut places) = (Vec::new(), Places::default());
        for class in &traffic {
            let built = Class::new(scenario, class, places.core_of_flow.len() as u32);
            places.add(scenario, class, &built, &sas);
            classes.push(built);
        }
        let Places { core_of_flow, dispatcher_of_flow, dpu_core_of_flow, sa_of_flow, confined } = places;
        spread.confined = confined;
        let esp_cores = if scenario.placement.encrypts_in_dpu() { &dpu_core_of_flow } else { &core_of_flow };
        let locks = Locks::new(scenario, &classes, esp_cores, &sa_of_flow);
        let mut builder = Builder {
            scenario,
            profile,
            traffic,
            classes,
            core_of_flow,
            dispatcher_of_flow,
            dpu_core_of_flow,
            sa_of_flow,
            sas,
            locks,
            spread,
        };
        builder.note_spread();
        builder
    }

    fn note_spread(&mut self) {
        let mut load = vec![0.0; self.scenario.flow_cores() as usize];
        for class in &self.classes {
            let per_flow = class.offered_pps().unwrap_or(1.0) / class.flows.len() as f64;
            for flow in class.flows.clone() {
                load[self.core_of_flow[flow as usize] as usize] += per_flow;
            }
        }
        let mean = load.iter().sum::<f64>() / load.len() as f64;
        let hands_on: BTreeSet<u32> = self.dispatcher_of_flow.iter().copied().collect();
        let is_idle = |(core, load): (u32, &f64)| *load == 0.0 && !hands_on.contains(&core);
        self.spread.idle_cores = (0..).zip(&load).filter(|one| is_idle(*one)).count() as u32;
        self.note_fits();
        self.spread.busiest_core = load.iter().copied().fold(0.0, f64::max) / mean;
    }

    /// Which packets do not fit the MTU, by the rates of their classes.
    fn note_fits(&mut self) {
        let rate = |class: &Class| class.offered_pps().unwrap_or(1.0);
        let all: f64 = self.classes.iter().map(rate).sum();
        let lost = self.scenario.placement.encapsulates_in_nic();
        let share = |of: &dyn Fn(Fit) -> bool| {
            let of_class = |class: &Class| class.mean(|send| f64::from(u8::from(of(send.segments[0].0.fit))));
            self.classes.iter().map(|class| rate(class) / all * of_class(class)).sum()
        };
        let fragmented: f64 = share(&|fit| matches!(fit, Fit::Fragments(_)));
        let too_big: f64 = share(&|fit| fit == Fit::TooBig);
        self.spread.clamped = share(&|fit| fit == Fit::Clamped);
        (self.spread.fragmented, self.spread.too_big) =
            if lost { (0.0, too_big + fragmented) } else { (fragmented, too_big) };
    }

    /// Where the flow goes if nothing steers it.
    fn own_path(&self, class: u8, flow: u32) -> Path {
        let (sa, core) = (self.sa_of_flow[flow as usize] as usize, self.core_of_flow[flow as usize]);
        let shared = self.locks.is_shared(self.classes[usize::from(class)].direction, sa);
        let dispatcher = self.dispatcher_of_flow[flow as usize] as u16;
        let returns = self.returns(sa, core) as u16;
        let (nic, way) = (self.sas.nic[sa], self.sas.way[sa]);
        let dpu_core = self.dpu_core(class, flow, way);
        Path { class, core: core as u16, dispatcher, returns, nic, dpu_core, shared, way }
    }

    fn finish(self, ways: &[(u8, Way)]) -> Result<Machine, Invalid> {
        let s = self.scenario;
        let of_flow: Vec<Path> = (self.classes.iter().zip(0u8..))
            .flat_map(|(class, number)| class.flows.clone().map(move |flow| (number, flow)))
            .map(|(class, flow)| self.own_path(class, flow))
            .map(|path| ways.first().map_or(path, |&(nic, way)| Path { nic, way, ..path }))
            .collect();
        let own = distinct(&of_flow);
        let flows = of_flow.iter().map(|path| own.partition_point(|other| other < path) as u16).collect();
        let mut paths = own.clone();
        for &(nic, way) in ways.iter().skip(1) {
            paths.extend(own.iter().map(|path| Path { nic, way, ..*path }));
        }
        let sends = self.classes.iter().map(|class| class.sends.len()).max().unwrap_or(1);
        if paths.len() * sends > MOST_PATHS {
            return Err(Invalid {
                key: "host.cores".into(),
                value: s.host.cores.to_string(),
                allowed: format!(
                    "cores, NICs and sizes of a mix that make at most {MOST_PATHS} routes; these make {}",
                    paths.len() * sends
                ),
            });
        }

        let mut platform = Platform::default();
        let one_core = completes_on_one_core(s);
        let core_name = |core: u32| match core {
            0 if one_core => Resource::CompletionCore,
            _ if core >= s.flow_cores() => Resource::CryptoWorkers,
            _ => Resource::Core,
        };
        let cores: Vec<StationId> = (0..s.host.cores).map(|core| platform.station(core_name(core), 1)).collect();
        let both = self.has(Direction::is_inbound) && self.has(|direction| !direction.is_inbound());
        let sa_keys = if both { 2 * s.sas() } else { s.sas() };
        let devices = Devices::place(s, self.profile, sa_keys, &mut platform);
        let queues = Queues::place(s, &self.traffic, &devices, &cores, &self.receiving(), &mut platform);
        let clock = self.profile.host.clock(s.host.cores, s.cipher_of_cores());
        let dpu = DpuQueues::place(s, &devices, &mut platform);
        let lock = match &dpu {
            Some(dpu) => self.locks.place(s, dpu.soc.profile, dpu.clock, &paths, &dpu.stations(), &mut platform),
            None => self.locks.place(s, self.profile, clock, &paths, &cores, &mut platform),
        };
        if devices.nics.iter().any(|nic| nic.slot.iommu.is_some_and(|unit| unit.is_fresh())) {
            let_spin(&cores, &mut platform);
        }
        let workers = WorkerQueues::place(s, self.profile, &cores, &mut platform);
        let (sa_state, limit, numbered) = (self.sa_state(), self.limit(&mut platform), !ways.is_empty());
        let dpu_cores = dpu.as_ref().map(DpuQueues::cores);
        let placed = Placed { devices, queues, dpu, cores, clock, lock, limit, workers, sa_state, numbered };
        let mut routes = Vec::with_capacity(paths.len());
        let mut hits: BTreeMap<(u8, u8), Share> = BTreeMap::new();
        for path in &paths {
            let class = &self.classes[usize::from(path.class)];
            let esp = placed.devices.nics[usize::from(path.nic)].esp;
            let cache = esp.map(|esp| platform.caches[usize::from(esp.cache.0)]);
            let hits = hits.entry((path.class, path.nic));
            let hits = hits.or_insert_with(|| self.sa_hits(path, cache, if both { s.sas() } else { 0 }));
            let host = self.host(&placed, path, *hits);
            routes.push(class.sends.iter().map(|send| route(path, class.direction, send, &host)).collect());
        }
        let inbound = |class: &Class| if both && class.direction.is_inbound() { s.sas() } else { 0 };
        let first_key: Vec<u32> =
            self.classes.iter().flat_map(|class| std::iter::repeat_n(inbound(class), class.flows.len())).collect();
        let keys = self.sa_of_flow.iter().zip(first_key).map(|(sa, first)| sa + first).collect();
        let Builder { classes, spread, .. } = self;
        let cores = s.host.cores;
        Ok(Machine { platform, classes, paths, routes, flows, keys, cores, clock, dpu: dpu_cores, spread })
    }

    fn has(&self, direction: impl Fn(Direction) -> bool) -> bool {
        self.classes.iter().any(|class| direction(class.direction))
    }

    /// Flows of each core whose packets merge.
    fn receiving(&self) -> Vec<u32> {
        let mut flows = vec![0; self.scenario.host.cores as usize];
        for class in self.classes.iter().filter(|class| class.merges) {
            for flow in class.flows.clone().map(|flow| flow as usize) {
                let core = self.core_of_flow[flow];
                let inbound = class.direction.is_inbound();
                let merges_on = if inbound { self.returns(self.sa_of_flow[flow] as usize, core) } else { core };
                flows[merges_on as usize] += 1;
            }
        }
        flows
    }

    /// What the stack costs; a scenario whose profile lacks it does not pass the check.
    fn costs(&self) -> &'a StackCost {
        self.profile.costs(self.scenario.host.stack).unwrap_or(&self.profile.stack)
    }

    /// The highest share of a class's packets by a NIC that can find their SA's context in its cache. Where flows are drawn
    /// at random, the next packet of a core belongs to any of that core's flows, in whatever order cores take turns: no
    /// cache does better than one that holds the SAs of most flows of the best core, but for the segments of a send, which
    /// follow each other. A closed loop or a fixed turn has no such limit that holds for every order.
    fn sa_hits(&self, path: &Path, cache: Option<Cache>, outbound: u32) -> Share {
        let class = &self.classes[usize::from(path.class)];
        let Some(cache) = cache.filter(|_| class.arrivals.draws_flows()) else {
            return Share::from_fraction(1.0);
        };
        if cache.can_hold() == cache.keys {
            return Share::from_fraction(1.0);
        }
        let of_flow = (&self.core_of_flow[..], &self.sa_of_flow[..]);
        let first = if class.direction.is_inbound() { outbound } else { 0 };
        let best = best_held(&class.flows, of_flow, &cache, first, |sa| self.sas.nic[sa as usize] == path.nic);
        Share::from_fraction(1.0 - (1.0 - best) / f64::from(class.most_segments()))
    }
}

fn passes_lock(s: &Scenario, way: Way) -> bool {
    matches!(way, Way::By(design) if design.passes_sa_lock() || s.encrypts_on_dpu_cores(design))
}

fn route(path: &Path, direction: Direction, send: &SendCall, host: &Host<'_>) -> Route {
    match path.way {
        // Where the NIC lacks the engine nothing is ever steered to such a path.
        Way::By(design) if design.encrypts_in_nic() && host.nic.params.esp.is_none() => Hop::Drop(1).into(),
        Way::By(design) => design.route(direction, send, host),
        Way::NoCarrier | Way::NoSa => dropped(direction, send, host),
    }
}

/// A send call costs the same whether or not its packets are dropped in the end. What comes by the wire is dropped for
/// nothing: a NIC without carrier receives nothing either.
fn dropped(direction: Direction, send: &SendCall, host: &Host<'_>) -> Route {
    if direction != Direction::Transmit {
        return Hop::Drop(1).into();
    }
    let (n, costs) = (send.count(), host.core.send(send.total(|p| p.goodput)));
    let call = Hop::Serve(host.core.work("send", &costs));
    host.admitted(n, route![call, Hop::Drop(n)])
}
