//! What one job on a route takes of everything, in seconds.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::program::Key;
use crate::route::{Hop, Platform, PoolId, Route, StationId, Visit};
use crate::units::Time;

/// What a job takes.
#[derive(Debug, Clone, Default)]
pub(super) struct Demand {
    /// Time at each station.
    pub stations: BTreeMap<StationId, f64>,
    /// Time at one of several stations, whichever of them.
    pub one_of: BTreeMap<Vec<StationId>, f64>,
    /// Units times the shortest time held.
    pub pools: BTreeMap<PoolId, f64>,
    /// Shortest mean time from start to end.
    pub elapsed: f64,
}

/// Whether the page of the job's buffer has been looked up: after the first time it is in the IO-TLB, unless others have
/// put it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Unknown,
    /// It is the same for all parts of the next split.
    Placed,
    Known,
}

impl Demand {
    pub fn of(route: &Route, platform: &Platform) -> Demand {
        Demand::walk(route, platform, &mut Page::Unknown)
    }

    /// What another job takes, so many times; of its time, as much.
    pub fn add(&mut self, other: &Demand, times: f64) {
        for (&station, time) in &other.stations {
            *self.stations.entry(station).or_default() += times * time;
        }
        for (stations, time) in &other.one_of {
            *self.one_of.entry(stations.clone()).or_default() += times * time;
        }
        for (&pool, held) in &other.pools {
            *self.pools.entry(pool).or_default() += times * held;
        }
        self.elapsed += times * other.elapsed;
    }

    /// A visit that is made `times` times; the station waits while the lock is held.
    fn visit(&mut self, visit: &Visit, times: f64) {
        let held = visit.lock.map_or(Time::ZERO, |taken| taken.held());
        *self.stations.entry(visit.station).or_default() += times * (visit.time + held).as_seconds();
        if let Some(taken) = visit.lock {
            *self.stations.entry(taken.lock).or_default() += times * held.as_seconds();
        }
    }

    fn walk(route: &Route, platform: &Platform, page: &mut Page) -> Demand {
        let mut total = Demand::default();
        let mut held: BTreeMap<PoolId, (u32, f64)> = BTreeMap::new();
        for hop in &route.0 {
            match hop {
                Hop::Serve(visit) => {
                    total.visit(visit, 1.0);
                    total.elapsed += (visit.time + visit.latency).as_seconds();
                }
                // A full batch shares the visit, and the last of the batch does not wait.
                Hop::Gather(gate, visit) => {
                    total.visit(visit, 1.0 / f64::from(platform.gates[usize::from(gate.0)].jobs));
                }
                Hop::Merge(gate, _, visit, once) => {
                    let share = 1.0 / f64::from(platform.gates[usize::from(gate.0)].jobs);
                    total.visit(visit, share);
                    total.beside(once, platform, share);
                }
                Hop::Spawn(route, adds, every) => {
                    total.beside(route, platform, f64::from(*adds) / f64::from((*every).max(1)));
                }
                // Under load one poll follows the other without an interrupt, each with its whole budget.
                Hop::Poll(gate, _, poll) => {
                    total.visit(poll, 1.0 / f64::from(platform.gates[usize::from(gate.0)].budget));
                }
                Hop::Lookup(lookup, miss) => {
                    let misses = match lookup.key {
                        Key::Page(_) if *page == Page::Known => 0.0,
                        _ => 1.0 - lookup.hits.fraction(),
                    };
                    if matches!(lookup.key, Key::Page(_)) {
                        *page = Page::Known;
                    }
                    total.add(&Demand::of(miss, platform), misses);
                }
                Hop::Place(_) => *page = if *page == Page::Unknown { Page::Placed } else { *page },
                // Whichever way it goes, it takes at least what both ways have in common.
                Hop::AcquireElse(_, _, with, without) => {
                    let (with, without) =
                        (Demand::walk(with, platform, &mut page.clone()), Demand::walk(without, platform, page));
                    let spread = !with.one_of.is_empty() || !without.one_of.is_empty();
                    total.add(&if spread { with.either(&without) } else { with.common(&without) }, 1.0);
                }
                Hop::OneOf(ways) => {
                    let ways = ways.iter().map(|way| Demand::walk(way, platform, &mut page.clone()));
                    let any = ways.reduce(|one, other| one.either(&other)).unwrap_or_default();
                    total.add(&any, 1.0);
                }
                Hop::Acquire(pool, n) | Hop::AcquireOrDrop(pool, n, _) => {
                    let n = (*n).min(platform.pools[usize::from(pool.0)].units.capacity);
                    held.insert(*pool, (n, total.elapsed));
                }
                Hop::Release(pool, _) => {
                    if let Some((n, since)) = held.remove(pool) {
                        *total.pools.entry(*pool).or_default() += f64::from(n) * (total.elapsed - since);
                    }
                }
                Hop::Split(parts) => total.split(parts, platform, page),
                Hop::Limit(limit) => {
                    *total.stations.entry(limit.station).or_default() += limit.time.as_seconds();
                }
                Hop::Enter(_) | Hop::Leave(..) => {}
                Hop::Polled(_) | Hop::Depart(_) | Hop::Tally(_) | Hop::Number | Hop::InWindow(_) | Hop::Drop(_) => {}
            }
        }
        total
    }

    /// Jobs beside this one, for which it does not wait: what they take of stations.
    fn beside(&mut self, route: &Route, platform: &Platform, times: f64) {
        let Demand { stations, one_of, .. } = Demand::of(route, platform);
        self.add(&Demand { stations, one_of, ..Demand::default() }, times);
    }

    /// Parts that go on side by side: all of what they take, and the time of the slowest. Of parts that share a page only
    /// the first has to look for it.
    fn split(&mut self, parts: &[(Route, u32)], platform: &Platform, page: &mut Page) {
        let mut slowest = 0.0f64;
        for (part, n) in parts {
            let first = Demand::walk(part, platform, &mut page.clone());
            slowest = slowest.max(first.elapsed);
            let others = match *page {
                Page::Unknown => first.clone(),
                Page::Placed | Page::Known => Demand::walk(part, platform, &mut Page::Known),
            };
            if *page == Page::Placed {
                *page = Page::Known;
            }
            self.add(&Demand { elapsed: 0.0, ..first }, 1.0);
            self.add(&Demand { elapsed: 0.0, ..others }, f64::from(n - 1));
        }
        self.elapsed += slowest;
    }

    /// What two ways have in common.
    fn common(&self, other: &Demand) -> Demand {
        let both = |(&station, &time): (&StationId, &f64)| Some((station, time.min(*other.stations.get(&station)?)));
        Demand {
            stations: self.stations.iter().filter_map(both).collect(),
            one_of: BTreeMap::new(),
            pools: BTreeMap::new(),
            elapsed: self.elapsed.min(other.elapsed),
        }
    }

    /// What two ways have in common, and of what they have not the lesser, which comes to a station of either.
    fn either(&self, other: &Demand) -> Demand {
        let mut common = self.common(other);
        let (mut stations, mut least) = (BTreeSet::new(), f64::INFINITY);
        for demand in [self, other] {
            let apart = demand
                .stations
                .iter()
                .map(|(&station, &time)| (station, time - common.stations.get(&station).copied().unwrap_or(0.0)));
            let apart: Vec<(StationId, f64)> = apart.filter(|(_, time)| *time > 0.0).collect();
            stations.extend(apart.iter().map(|(station, _)| *station));
            stations.extend(demand.one_of.keys().flatten());
            let time: f64 = apart.iter().map(|(_, time)| time).chain(demand.one_of.values()).sum();
            least = least.min(time);
        }
        if least > 0.0 {
            common.one_of.insert(stations.into_iter().collect(), least);
        }
        common
    }

    /// Time that comes to some of these stations, which are in order, whatever is chosen.
    pub fn within(&self, stations: &[StationId]) -> f64 {
        let has = |station: &StationId| stations.binary_search(station).is_ok();
        let own = self.stations.iter().filter(|(station, _)| has(station)).map(|(_, time)| time);
        let chosen = self.one_of.iter().filter(|(group, _)| group.iter().all(has)).map(|(_, time)| time);
        own.chain(chosen).sum()
    }
}
