//! Closed-form bounds: what no simulation of a scenario can exceed, from the same routes that the engine runs.
//!
//! - **Stations**: the bottleneck law, rate <= units / demand (Lazowska et al., "Quantitative System Performance", 1984,
//!   chapter 5).
//! - **Any of several stations** (crypto workers): the same law of all together, for the work that no others can do.
//! - **Pools and the window**: Little's law, rate <= units / (units held x shortest time held).
//!
//! Two questions are asked of them. *Without loss*: at which rate of the whole traffic, in its proportions, is the first
//! one full? And *delivered*: whatever is dropped, how much goodput can be left at the most? Where packets may be
//! dropped, those that give most goodput for what they take may be all that is left.

mod delivered;
mod demand;
mod queue;

use std::collections::{BTreeMap, BTreeSet};

use demand::Demand;
pub use queue::Queues;
use serde::{Deserialize, Serialize};

use crate::engine::program::Arrivals;
use crate::machine::{Class, Machine};
use crate::resource::Resource;
use crate::route::{Platform, PoolId, Route, StationId};
use crate::units::PacketRate;

/// Packet rates to the last bit, where a unit's text is rounded.
mod exact {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::units::PacketRate;

    pub fn serialize<S: Serializer>(rate: &PacketRate, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(rate.as_pps())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PacketRate, D::Error> {
        f64::deserialize(deserializer).map(PacketRate::from_pps)
    }
}

/// The same, absent or not.
mod exact_if_any {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::units::PacketRate;

    pub fn serialize<S: Serializer>(rate: &Option<PacketRate>, serializer: S) -> Result<S::Ok, S::Error> {
        rate.map(PacketRate::as_pps).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PacketRate>, D::Error> {
        Option::<f64>::deserialize(deserializer).map(|rate| rate.map(PacketRate::from_pps))
    }
}

/// One limit of a scenario's packet rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// What limits.
    pub resource: Resource,
    /// Packets per second of all classes that it lets through.
    #[serde(with = "exact")]
    pub rate: PacketRate,
}

/// Every limit of a scenario, the tightest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// Limits in ascending order of rate, all classes in their proportions: beyond it, something is lost or waits for
    /// ever. When saturating, what no mixture of flows exceeds.
    pub limits: Vec<Limit>,
    /// Packets per second offered by all classes; absent when saturating.
    #[serde(with = "exact_if_any")]
    pub offered: Option<PacketRate>,
    /// Mean goodput of a packet, in octets; when saturating several classes, of the largest.
    pub mean_goodput: f64,
    /// Goodput that can be left at the most, in Gb/s, whatever is dropped.
    pub delivered_gbps: f64,
}

impl Bound {
    /// The bounds of the same machine, of which so many times as much is asked. Nothing delivers more than what is offered,
    /// which is what they say of it; where a limit is exceeded ([`Self::share_without_loss`]), what is left depends on what
    /// is dropped, and is less.
    #[must_use]
    pub fn at(&self, load: f64) -> Bound {
        let mut at = self.clone();
        at.offered = self.offered.map(|offered| PacketRate::from_pps(offered.as_pps() * load));
        for limit in at.limits.iter_mut().filter(|limit| limit.resource == Resource::OfferedLoad) {
            limit.rate = PacketRate::from_pps(limit.rate.as_pps() * load);
        }
        at.limits.sort_by(|a, b| a.rate.as_pps().total_cmp(&b.rate.as_pps()));
        at.delivered_gbps = at.offered_gbps().unwrap_or(self.delivered_gbps);
        at
    }

    /// What can be delivered at the most as goodput, in Gb/s.
    pub fn goodput_gbps(&self) -> Option<f64> {
        Some(self.delivered_gbps).filter(|gbps| gbps.is_finite())
    }

    /// What is offered as goodput, in Gb/s; absent when saturating.
    pub fn offered_gbps(&self) -> Option<f64> {
        Some(self.offered?.as_pps() * self.mean_goodput * 8e-9)
    }

    /// The share of the offered packets that the tightest limit lets through without loss, 0 to 1; 1 when saturating.
    pub fn share_without_loss(&self) -> f64 {
        let tightest = self.limits.first().map_or(f64::INFINITY, |limit| limit.rate.as_pps());
        self.offered.map_or(1.0, |offered| (tightest / offered.as_pps()).min(1.0))
    }

    /// The share of the offered goodput that can be delivered at the most, 0 to 1; 1 when saturating.
    pub fn share_delivered(&self) -> f64 {
        self.offered_gbps().map_or(1.0, |offered| (self.delivered_gbps / offered).min(1.0))
    }

    /// The tightest limit that is no matter of how much is offered.
    pub fn tightest(&self) -> Option<Limit> {
        self.limits.iter().copied().find(|limit| limit.resource != Resource::OfferedLoad)
    }
}

/// A path that flows take.
struct Row<'a> {
    path: usize,
    class: &'a Class,
    /// What each send takes.
    sends: Vec<Demand>,
    /// What a mean packet takes.
    per_packet: Demand,
    flows: f64,
    /// Packets per second offered, where a rate is.
    offered: f64,
}

impl<'a> Row<'a> {
    fn new(machine: &'a Machine, path: usize, flows: u32) -> Self {
        let class = &machine.classes[usize::from(machine.paths[path].class)];
        let sends: Vec<Demand> =
            machine.routes[path].iter().map(|route| Demand::of(route, &machine.platform)).collect();
        let packets = class.packets_per_send();
        let total: f64 = class.weights.iter().map(|&w| f64::from(w)).sum();
        let mut per_packet = Demand::default();
        for (demand, &weight) in sends.iter().zip(&class.weights) {
            per_packet.add(demand, f64::from(weight) / total / packets);
        }
        let flows = f64::from(flows);
        let offered = class.offered_pps().map_or(f64::INFINITY, |rate| rate * flows / class.flows.len() as f64);
        Row { path, class, sends, per_packet, flows, offered }
    }

    /// Mean goodput of a packet, in octets.
    fn goodput(&self) -> f64 {
        goodput(self.class)
    }

    /// Jobs in flight when saturating.
    fn jobs(&self) -> f64 {
        match self.class.arrivals {
            Arrivals::Closed { jobs_per_flow } => self.flows * f64::from(jobs_per_flow),
            _ => f64::INFINITY,
        }
    }
}

/// Mean goodput of a packet of a class, in octets.
fn goodput(class: &Class) -> f64 {
    class.mean(|send| send.total(|p| p.goodput).get() as f64) / class.packets_per_send()
}

/// A station, several of which any serves, or a pool that is used: what it is, its units, and what a packet of each row that
/// uses it takes of it.
struct Taken {
    resource: Resource,
    units: f64,
    at: At,
    users: Vec<usize>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Station(StationId),
    OneOf(Vec<StationId>),
    Pool(PoolId),
}

impl Taken {
    /// Everything that some demand takes.
    fn all<'d>(platform: &Platform, demands: impl Iterator<Item = &'d Demand> + Clone) -> Vec<Taken> {
        let mut users: BTreeMap<At, Vec<usize>> = BTreeMap::new();
        let groups = groups(demands.clone());
        for (row, demand) in demands.enumerate() {
            let stations = demand.stations.iter().map(|(id, taken)| (At::Station(*id), *taken));
            let pools = demand.pools.iter().map(|(id, taken)| (At::Pool(*id), *taken));
            let groups = groups.iter().map(|group| (At::OneOf(group.clone()), demand.within(group)));
            for (at, _) in stations.chain(pools).chain(groups).filter(|(_, taken)| *taken > 0.0) {
                users.entry(at).or_default().push(row);
            }
        }
        let taken = users.into_iter().map(|(at, users)| {
            let (resource, units) = match &at {
                At::OneOf(stations) => {
                    let units = stations.iter().map(|id| platform.stations[usize::from(id.0)].units);
                    (Resource::CryptoWorkers, units.sum())
                }
                At::Station(id) => {
                    let station = &platform.stations[usize::from(id.0)];
                    (station.resource, station.units)
                }
                At::Pool(id) => {
                    let pool = &platform.pools[usize::from(id.0)];
                    (pool.resource, pool.units.capacity)
                }
            };
            Taken { resource, units: f64::from(units), at, users }
        });
        taken.collect()
    }

    fn of(&self, demand: &Demand) -> f64 {
        match &self.at {
            At::OneOf(stations) => return demand.within(stations),
            At::Station(id) => demand.stations.get(id),
            At::Pool(id) => demand.pools.get(id),
        }
        .copied()
        .unwrap_or(0.0)
    }
}

/// Stations of which any may serve, and all such together.
fn groups<'d>(demands: impl Iterator<Item = &'d Demand>) -> BTreeSet<Vec<StationId>> {
    let mut groups: BTreeSet<Vec<StationId>> = demands.flat_map(|demand| demand.one_of.keys().cloned()).collect();
    let all: BTreeSet<StationId> = groups.iter().flatten().copied().collect();
    if !all.is_empty() {
        groups.insert(all.into_iter().collect());
    }
    groups
}

/// The limits of jobs on one route, per job: stations by the bottleneck law, pools by Little's.
pub fn route_limits(route: &Route, platform: &Platform) -> Vec<Limit> {
    let total = Demand::of(route, platform);
    let taken = Taken::all(platform, std::iter::once(&total)).into_iter();
    let limit = |taken: Taken| {
        let rate = PacketRate::from_pps(taken.units / taken.of(&total));
        Limit { resource: taken.resource, rate }
    };
    taken.map(limit).collect()
}

/// The bounds of a machine.
pub fn bound(machine: &Machine) -> Bound {
    let rows = rows(machine);
    let resources = Taken::all(&machine.platform, rows.iter().map(|row| &row.per_packet));
    let offered: f64 = rows.iter().map(|row| row.offered).sum();
    let mut bound = if offered.is_finite() { open(&rows, &resources, offered) } else { closed(&rows, &resources) };
    for limit in &mut bound.limits {
        limit.resource = machine.spread.names(limit.resource);
    }
    bound
}

/// The paths that flows take.
fn rows(machine: &Machine) -> Vec<Row<'_>> {
    let mut flows = vec![0u32; machine.paths.len()];
    machine.flows.iter().for_each(|path| flows[usize::from(*path)] += 1);
    let taken = (0..flows.len()).filter(|&path| flows[path] > 0);
    taken.map(|path| Row::new(machine, path, flows[path])).collect()
}

/// Packets come at a rate.
fn open(rows: &[Row<'_>], resources: &[Taken], offered: f64) -> Bound {
    let mut limits: BTreeMap<Resource, f64> = BTreeMap::from([(Resource::OfferedLoad, offered)]);
    for resource in resources {
        let users = resource.users.iter().map(|&row| &rows[row]);
        let demand: f64 = users.map(|row| row.offered / offered * resource.of(&row.per_packet)).sum();
        least(&mut limits, resource.resource, resource.units / demand);
    }
    let octets: f64 = rows.iter().map(|row| row.offered * row.goodput()).sum();
    Bound {
        limits: sorted(limits),
        offered: Some(PacketRate::from_pps(offered)),
        mean_goodput: octets / offered,
        delivered_gbps: delivered::open(rows, resources) * 8e-9,
    }
}

/// A closed loop: whatever mixture of rows is carried, each row's sends come in the proportions of its class.
fn closed(rows: &[Row<'_>], resources: &[Taken]) -> Bound {
    let limits = delivered::closed(rows, resources, |_| 1.0);
    let octets = delivered::closed(rows, resources, |row| row.goodput());
    Bound {
        limits: sorted(limits),
        offered: None,
        mean_goodput: rows.iter().map(Row::goodput).fold(0.0, f64::max),
        delivered_gbps: octets.into_values().fold(f64::INFINITY, f64::min) * 8e-9,
    }
}

fn least(limits: &mut BTreeMap<Resource, f64>, resource: Resource, rate: f64) {
    limits.entry(resource).and_modify(|least| *least = least.min(rate)).or_insert(rate);
}

fn sorted(limits: BTreeMap<Resource, f64>) -> Vec<Limit> {
    let mut limits: Vec<Limit> =
        limits.into_iter().map(|(resource, rate)| Limit { resource, rate: PacketRate::from_pps(rate) }).collect();
    limits.sort_by(|a, b| a.rate.as_pps().total_cmp(&b.rate.as_pps()));
    limits
}
