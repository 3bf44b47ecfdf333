//! Pools that no job ever waits for.

use std::collections::BTreeMap;

use super::{Hop, Platform, PoolId, Route};

/// By pool, whether so many jobs at the most, each on one of these routes, cannot take more than there is.
pub(super) fn plenty(platform: &Platform, routes: &[(u8, &Route)], jobs: u64) -> Vec<bool> {
    let mut most: BTreeMap<PoolId, u64> = BTreeMap::new();
    for (_, route) in routes {
        let mut taken = BTreeMap::new();
        take(route, 1, &mut taken);
        for (pool, n) in taken {
            let most = most.entry(pool).or_default();
            *most = n.max(*most);
        }
    }
    let is_enough = |(number, pool): (u16, &super::Pool)| {
        let taken = most.get(&PoolId(number)).map_or(0, |most| most.saturating_mul(jobs));
        // What is given back may wait for more.
        taken.saturating_add(u64::from(pool.units.quantum.saturating_sub(1))) <= u64::from(pool.units.capacity)
    };
    (0..).zip(&platform.pools).map(is_enough).collect()
}

/// Adds the units that a route takes of each pool, all at once at the most, so many times over.
fn take(route: &Route, times: u64, taken: &mut BTreeMap<PoolId, u64>) {
    for hop in &route.0 {
        match hop {
            Hop::Acquire(pool, n) | Hop::AcquireOrDrop(pool, n, _) => add(*pool, *n, times, taken),
            Hop::AcquireElse(pool, n, with, without) => {
                add(*pool, *n, times, taken);
                take(with, times, taken);
                take(without, times, taken);
            }
            Hop::Merge(.., route) | Hop::Lookup(_, route) => take(route, times, taken),
            Hop::Split(parts) => {
                parts.iter().for_each(|(part, n)| take(part, times.saturating_mul(u64::from(*n)), taken));
            }
            Hop::Spawn(route, adds, every) => {
                let starts = u64::from(*adds).div_ceil(u64::from((*every).max(1))) + 1;
                take(route, times.saturating_mul(starts), taken);
            }
            Hop::OneOf(ways) => ways.iter().for_each(|way| take(way, times, taken)),
            _ => {}
        }
    }
}

fn add(pool: PoolId, n: u32, times: u64, taken: &mut BTreeMap<PoolId, u64>) {
    let units = taken.entry(pool).or_default();
    *units = units.saturating_add(times.saturating_mul(u64::from(n)));
}
