//! What can be delivered at the most, whatever is dropped.

use std::collections::BTreeMap;

use super::{Row, Taken, least};
use crate::resource::Resource;

/// Of all packets of one size on one path: how many come, what each is worth and what each takes of a resource.
struct Item {
    rate: f64,
    octets: f64,
    demand: f64,
}

/// Octets of goodput per second at an offered rate. Every resource alone is a linear program, max sum of rate x octets
/// with sum of rate x demand <= units, whose solution takes first what gives most for what it takes.
pub(super) fn open(rows: &[Row<'_>], resources: &[Taken]) -> f64 {
    let worth = |row: usize| rows[row].offered * rows[row].goodput();
    let all: f64 = (0..rows.len()).map(worth).sum();
    let mut most = all;
    // What cores and their queues have for themselves: together they carry no more than each of them does.
    let mut private: BTreeMap<Resource, (f64, Vec<bool>)> = BTreeMap::new();
    for resource in resources {
        let carried = carried(rows, resource);
        let used: f64 = resource.users.iter().map(|&row| worth(row)).sum();
        most = most.min(carried + all - used);
        let (sum, used) = private.entry(resource.resource).or_insert_with(|| (0.0, vec![false; rows.len()]));
        *sum += carried;
        resource.users.iter().for_each(|&row| used[row] = true);
    }
    for (sum, used) in private.into_values() {
        let others: f64 = (0..rows.len()).filter(|&row| !used[row]).map(worth).sum();
        most = most.min(sum + others);
    }
    most
}

/// The most octets per second of the rows that use a resource.
fn carried(rows: &[Row<'_>], resource: &Taken) -> f64 {
    let mut items: Vec<Item> = Vec::new();
    for row in resource.users.iter().map(|&row| &rows[row]) {
        let weights: f64 = row.class.weights.iter().map(|&w| f64::from(w)).sum();
        let sends_per_s = row.offered / row.class.packets_per_send();
        for ((send, demand), &weight) in row.class.sends.iter().zip(&row.sends).zip(&row.class.weights) {
            let octets = send.total(|p| p.goodput).get() as f64;
            items.push(Item { rate: sends_per_s * f64::from(weight) / weights, octets, demand: resource.of(demand) });
        }
    }
    items.sort_by(|a, b| (b.octets * a.demand).total_cmp(&(a.octets * b.demand)));
    let mut left = resource.units;
    let mut octets = 0.0;
    for item in items {
        let rate = if item.demand > 0.0 { item.rate.min(left / item.demand) } else { item.rate };
        left = (left - rate * item.demand).max(0.0);
        octets += rate * item.octets;
    }
    octets
}

/// Of a closed loop, by resource: the most that packets are worth per second, each row's as `worth` says.
pub(super) fn closed(
    rows: &[Row<'_>],
    resources: &[Taken],
    worth: impl Fn(&Row<'_>) -> f64,
) -> BTreeMap<Resource, f64> {
    let mut limits: BTreeMap<Resource, f64> = BTreeMap::new();
    let mut private: BTreeMap<Resource, (f64, Vec<bool>)> = BTreeMap::new();
    for resource in resources {
        // The least demand for what it is worth: a bound for whatever mixture of rows.
        let per_worth = |&r: &usize| resource.of(&rows[r].per_packet) / worth(&rows[r]);
        let Some(demand) = resource.users.iter().map(per_worth).reduce(f64::min) else { continue };
        let rate = resource.units / demand;
        if resource.users.len() == rows.len() {
            least(&mut limits, resource.resource, rate);
        } else {
            let (sum, used) = private.entry(resource.resource).or_insert_with(|| (0.0, vec![false; rows.len()]));
            *sum += rate;
            resource.users.iter().for_each(|&row| used[row] = true);
        }
    }
    // Rows that use none of them are not limited by them.
    for (resource, (sum, _)) in private.into_iter().filter(|(_, (_, used))| used.iter().all(|used| *used)) {
        least(&mut limits, resource, sum);
    }
    let window = rows.iter().map(|row| row.jobs() / row.per_packet.elapsed * worth(row)).sum();
    limits.insert(Resource::Window, window);
    limits
}
