//! What limited, and what would limit next.

use super::totals::is_core;
use crate::bound::Bound;
use crate::machine::Machine;
use crate::record::Utilisation;
use crate::resource::Resource;

/// From this utilisation on a station counts as what limits throughput.
const FULL: f64 = 0.97;

/// The busy share of each kind of station in a window of so many seconds; of several stations of a kind the mean, without
/// those of devices that nothing goes by. A core without work counts: it could have some.
pub(super) fn utilisation(machine: &Machine, busy: &[f64], seconds: f64) -> Vec<Utilisation> {
    let mut kinds: Vec<(Resource, f64, f64)> = Vec::new();
    let stations = machine.platform.stations.iter().zip(busy);
    for (station, &busy) in
        stations.filter(|(station, busy)| **busy > 0.0 || is_core(station) || station.resource == Resource::DpuCore)
    {
        match kinds.iter_mut().find(|(resource, ..)| *resource == station.resource) {
            Some((_, sum, units)) => {
                *sum += busy;
                *units += f64::from(station.units);
            }
            None => kinds.push((station.resource, busy, f64::from(station.units))),
        }
    }
    let used = kinds.into_iter().filter(|(_, busy, _)| *busy > 0.0);
    used.map(|(resource, busy, units)| Utilisation { resource, share: (busy / seconds / units).clamp(0.0, 1.0) })
        .collect()
}

/// The kind of the fullest station of all that is full, however idle others of its kind are.
fn fullest(machine: &Machine, busy: &[f64], seconds: f64) -> Option<Resource> {
    let share =
        |(station, busy): (&crate::route::Station, &f64)| (station.resource, busy / seconds / f64::from(station.units));
    let shares = machine.platform.stations.iter().zip(busy).map(share).filter(|(_, share)| *share >= FULL);
    // Of equally full ones the first: cores, then along the way.
    shares
        .fold(None, |most: Option<(Resource, f64)>, one| match most {
            Some(most) if most.1 >= one.1 => Some(most),
            _ => Some(one),
        })
        .map(|(resource, _)| resource)
}

/// What limited throughput and what would be next: stations by how busy they were; where no station was full, that the
/// offered load was carried or that packets wait, and when saturating the tightest closed-form limit.
pub(super) fn bottlenecks(
    machine: &Machine,
    (busy, seconds): (&[f64], f64),
    utilisation: &[Utilisation],
    bound: &Bound,
    falls_short: bool,
) -> (Option<Resource>, Option<Resource>) {
    let mut kinds: Vec<&Utilisation> = utilisation.iter().collect();
    kinds.sort_by(|a, b| b.share.total_cmp(&a.share));
    // A core that polls is full whatever limits it: of several full kinds the one that closed forms say limits first.
    let place =
        |u: &Utilisation| bound.limits.iter().position(|limit| limit.resource == machine.spread.names(u.resource));
    // Whoever spins for a lock is busy because of it.
    let place =
        |u: &Utilisation| if u.resource == Resource::SaLock { Some(0) } else { place(u).map(|place| place + 1) };
    let full = kinds.iter().filter(|kind| kind.share >= FULL);
    let full = full.min_by_key(|kind| place(kind).unwrap_or(usize::MAX)).map(|kind| kind.resource);
    // A core that is full while others idle limits too, but only what it is asked for.
    let full = full.or_else(|| fullest(machine, busy, seconds).filter(|_| bound.offered.is_none() || falls_short));
    let waits = if falls_short { Resource::Waits } else { Resource::OfferedLoad };
    let offered = bound.offered.map(|_| waits);
    let bottleneck = full.or(offered).or_else(|| Some(bound.limits.first()?.resource));
    // Where some cores are full and others have nothing to do, what keeps packets from these is what limits.
    let all_full = kinds.iter().any(|kind| kind.resource == Resource::Core && kind.share >= FULL);
    let bottleneck = bottleneck.map(|limit| if all_full { limit } else { machine.spread.names(limit) });
    (bottleneck, kinds.iter().map(|u| u.resource).find(|resource| Some(*resource) != bottleneck))
}
