//! Closed-form bounds: what no simulation of a scenario can exceed, from the same routes that the engine runs.
//!
//! - **Stations**: the bottleneck law, rate <= units / demand (Lazowska et al., "Quantitative System Performance", 1984,
//!   chapter 5).
//! - **Pools and the window**: Little's law, rate <= units / (units held x shortest time held).

use std::collections::BTreeMap;

use crate::assembly::{Assembly, interval};
use crate::route::{Floor, Hop, PoolId, Route, StationId, Visit};
use crate::scenario::Scenario;
use crate::units::{PacketRate, Time};

/// The limit's name where the offered rate is all there is to carry.
pub const OFFERED_LOAD: &str = "offered load";
/// The limit's name where too few packets are in flight to fill the path.
pub const WINDOW: &str = "window";

/// One limit of a scenario's packet rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// What limits: a station, a pool, `window` or `offered load`.
    pub name: &'static str,
    /// Packets per second that it lets through.
    pub rate: PacketRate,
}

/// Every limit of a scenario, the tightest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// Limits in ascending order of rate.
    pub limits: Vec<Limit>,
    /// Mean goodput of a packet, in octets.
    pub mean_goodput: f64,
}

impl Bound {
    /// The tightest limit as goodput, in Gb/s.
    pub fn goodput_gbps(&self) -> Option<f64> {
        Some(self.limits.first()?.rate.as_pps() * self.mean_goodput * 8e-9)
    }

    /// What is offered as goodput, in Gb/s; absent when saturating.
    pub fn offered_gbps(&self) -> Option<f64> {
        Some(self.offered()?.as_pps() * self.mean_goodput * 8e-9)
    }

    /// Packets per second offered; absent when saturating.
    pub fn offered(&self) -> Option<PacketRate> {
        self.limits.iter().find(|limit| limit.name == OFFERED_LOAD).map(|limit| limit.rate)
    }

    /// The share of the offered rate that the tightest limit lets through, 0 to 1; 1 when saturating.
    pub fn share_allowed(&self) -> f64 {
        let share = |offered: PacketRate| Some(self.limits.first()?.rate.as_pps() / offered.as_pps());
        self.offered().and_then(share).unwrap_or(1.0)
    }
}

/// What one job on a route takes of everything, in seconds.
#[derive(Debug, Clone, Default)]
struct Demand {
    /// Time at each station.
    stations: BTreeMap<StationId, f64>,
    /// Units times the shortest time held.
    pools: BTreeMap<PoolId, f64>,
    /// Shortest time from start to end.
    elapsed: f64,
    packets: f64,
}

impl Demand {
    fn add(&mut self, other: &Demand, times: f64) {
        for (&station, time) in &other.stations {
            *self.stations.entry(station).or_default() += times * time;
        }
        for (&pool, held) in &other.pools {
            *self.pools.entry(pool).or_default() += times * held;
        }
        self.packets += times * other.packets;
    }

    /// A visit that is made `times` times; the station waits while the lock is held.
    fn visit(&mut self, visit: &Visit, times: f64) {
        let held = visit.lock.map_or(Time::ZERO, |(_, time)| time);
        *self.stations.entry(visit.station).or_default() += times * (visit.time + held).as_seconds();
        if let Some((lock, time)) = visit.lock {
            *self.stations.entry(lock).or_default() += times * time.as_seconds();
        }
    }

    fn of(route: &Route, floor: &Floor) -> Demand {
        let mut total = Demand::default();
        let mut held: BTreeMap<PoolId, (u32, f64)> = BTreeMap::new();
        for hop in &route.0 {
            match hop {
                Hop::Serve(visit) => {
                    total.visit(visit, 1.0);
                    total.elapsed += (visit.time + visit.latency).as_seconds();
                }
                // A full batch shares the visit, and the last of the batch does not wait.
                Hop::Gather(gate, visit) | Hop::Merge(gate, _, visit) => {
                    total.visit(visit, 1.0 / f64::from(floor.gates[usize::from(gate.0)].jobs));
                }
                // Under load one poll follows the other without an interrupt, each with its whole budget.
                Hop::Poll(gate, _, poll) => {
                    total.visit(poll, 1.0 / f64::from(floor.gates[usize::from(gate.0)].budget));
                }
                Hop::Polled(_) => {}
                Hop::Lookup(lookup, miss) => total.add(&Demand::of(miss, floor), 1.0 - lookup.hits.fraction()),
                // Whichever way it goes, it takes at least what both ways have in common.
                Hop::AcquireElse(_, _, with, without) => {
                    let (with, without) = (Demand::of(with, floor), Demand::of(without, floor));
                    for (station, time) in with.stations {
                        if let Some(other) = without.stations.get(&station) {
                            *total.stations.entry(station).or_default() += time.min(*other);
                        }
                    }
                    total.elapsed += with.elapsed.min(without.elapsed);
                    total.packets += with.packets.min(without.packets);
                }
                Hop::Acquire(pool, n) | Hop::AcquireOrDrop(pool, n) => {
                    let n = (*n).min(floor.pools[usize::from(pool.0)].capacity);
                    held.insert(*pool, (n, total.elapsed));
                }
                Hop::Release(pool, _) => {
                    if let Some((n, since)) = held.remove(pool) {
                        *total.pools.entry(*pool).or_default() += f64::from(n) * (total.elapsed - since);
                    }
                }
                Hop::Split(parts) => {
                    let mut slowest = 0.0f64;
                    for (part, n) in parts {
                        let part = Demand::of(part, floor);
                        slowest = slowest.max(part.elapsed);
                        total.add(&part, f64::from(*n));
                    }
                    total.elapsed += slowest;
                }
                Hop::Depart(_) => total.packets += 1.0,
                Hop::Tally(_) | Hop::Drop(_) => {}
            }
        }
        total
    }
}

/// A core's sends, weighted by how often each is made.
struct Row {
    /// Demand of a mean packet.
    per_packet: Demand,
    /// Mean shortest time of a job per packet of it.
    elapsed_per_packet: f64,
    /// Jobs in flight when saturating.
    jobs: f64,
    /// Packets per second offered, where a rate is.
    offered: f64,
}

/// The limits of jobs on one route, per job: stations by the bottleneck law, pools by Little's.
pub fn route_limits(route: &Route, floor: &Floor) -> Vec<Limit> {
    let total = Demand::of(route, floor);
    let stations = total.stations.iter().map(|(id, time)| {
        let station = &floor.stations[usize::from(id.0)];
        (station.name, f64::from(station.units) / time)
    });
    let pools = total.pools.iter().map(|(id, held)| {
        let pool = &floor.pools[usize::from(id.0)];
        (pool.name, f64::from(pool.capacity) / held)
    });
    stations.chain(pools).map(|(name, rate)| Limit { name, rate: PacketRate::from_pps(rate) }).collect()
}

/// The bounds of a scenario's assembly.
pub fn bound(scenario: &Scenario, assembly: &Assembly) -> Bound {
    let weights = assembly.send_weights();
    let total_weight: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    let share = |i: usize| f64::from(weights[i]) / total_weight;
    let packets_per_job: f64 = assembly.sends.iter().enumerate().map(|(i, s)| share(i) * f64::from(s.count())).sum();
    let goodput_per_job: f64 =
        assembly.sends.iter().enumerate().map(|(i, s)| share(i) * s.total(|p| p.goodput).get() as f64).sum();
    let offered = interval(scenario, assembly).map(|interval| packets_per_job / interval.as_seconds());
    let jobs_per_flow = f64::from(assembly.jobs_per_flow(scenario.traffic.window));

    let mut flows = vec![0u32; assembly.routes.len()];
    for core in &assembly.flows {
        flows[usize::from(*core)] += 1;
    }
    let rows: Vec<Row> = (assembly.routes.iter().zip(&flows))
        .filter(|(_, flows)| **flows > 0)
        .map(|(routes, &flows)| {
            let mut per_packet = Demand::default();
            let mut elapsed = 0.0;
            for (i, route) in routes.iter().enumerate() {
                let demand = Demand::of(route, &assembly.floor);
                per_packet.add(&demand, share(i) / packets_per_job);
                elapsed += share(i) * demand.elapsed;
            }
            Row {
                per_packet,
                elapsed_per_packet: elapsed / packets_per_job,
                jobs: f64::from(flows) * jobs_per_flow,
                offered: offered.map_or(f64::INFINITY, |rate| rate * f64::from(flows) / assembly.flows.len() as f64),
            }
        })
        .collect();

    let mut limits = Vec::new();
    for (i, station) in assembly.floor.stations.iter().enumerate() {
        let demand = |row: &Row| row.per_packet.stations.get(&StationId(i as u16)).copied().unwrap_or(0.0);
        limits.push((station.name, f64::from(station.units), rows.iter().map(demand).collect::<Vec<_>>()));
    }
    for (i, pool) in assembly.floor.pools.iter().enumerate() {
        let held = |row: &Row| row.per_packet.pools.get(&PoolId(i as u16)).copied().unwrap_or(0.0);
        limits.push((pool.name, f64::from(pool.capacity), rows.iter().map(held).collect::<Vec<_>>()));
    }
    let mut by_name: BTreeMap<&'static str, f64> = BTreeMap::new();
    // Of what some rows have for themselves, such as a core: the rate that it allows, and which rows use it.
    let mut private: BTreeMap<&'static str, Vec<(f64, Vec<usize>)>> = BTreeMap::new();
    for (name, units, demands) in limits {
        let users: Vec<usize> = (0..rows.len()).filter(|&r| demands[r] > 0.0).collect();
        // The least demand: a bound for whatever mixture of rows.
        let Some(demand) = users.iter().map(|&r| demands[r]).reduce(f64::min) else { continue };
        let rate = units / demand;
        if users.len() == rows.len() && rows.len() > 1 {
            by_name.entry(name).and_modify(|least| *least = least.min(rate)).or_insert(rate);
        } else {
            private.entry(name).or_default().push((rate, users));
        }
    }
    for (name, rates) in private {
        let offered = |users: &[usize]| users.iter().map(|&r| rows[r].offered).sum::<f64>();
        // Cores that are offered less than they can take do not make up for those that are offered more.
        let overloaded = rates.iter().any(|(rate, users)| *rate < offered(users));
        let used: f64 =
            rates.iter().map(|(rate, users)| if overloaded { rate.min(offered(users)) } else { *rate }).sum();
        // Rows that use none of them are not limited by them.
        let others: Vec<usize> =
            (0..rows.len()).filter(|r| !rates.iter().any(|(_, users)| users.contains(r))).collect();
        let rate = used + offered(&others);
        if rate.is_finite() {
            by_name.entry(name).and_modify(|least| *least = least.min(rate)).or_insert(rate);
        }
    }
    match offered {
        Some(rate) => by_name.insert(OFFERED_LOAD, rate),
        None => by_name.insert(WINDOW, rows.iter().map(|row| row.jobs / row.elapsed_per_packet).sum()),
    };
    let mut limits: Vec<Limit> =
        by_name.into_iter().map(|(name, rate)| Limit { name, rate: PacketRate::from_pps(rate) }).collect();
    limits.sort_by(|a, b| a.rate.as_pps().total_cmp(&b.rate.as_pps()));
    Bound { limits, mean_goodput: goodput_per_job / packets_per_job }
}
