//! SAs: which NIC each one belongs to, and what it runs as where a device does not take it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::steering::{Spreading, deal};
use super::{Spread, Way};
use crate::engine::program::Cache;
use crate::hardware::nic::NicParams;
use crate::placement::{Agent, Placement};
use crate::scenario::Scenario;

/// The SAs of one direction.
#[derive(Debug, Clone)]
pub(super) struct Sas {
    /// The NIC of each SA.
    pub nic: Vec<u8>,
    /// How its packets go.
    pub way: Vec<Way>,
}

impl Sas {
    /// SAs are installed in order: each is offered to the device that the placement wants, and where that does not do its
    /// cipher or has no room, runs as what the placement falls back to, or is refused.
    pub fn new(s: &Scenario, spread: &mut Spread) -> Self {
        let nics = s.nics();
        // An SA belongs to one NIC: that is where its context and its sequence number are.
        let nic: Vec<u8> = deal(s.sas(), nics.len() as u32, s.traffic[0].hash_seed, Spreading::SasOverNics)
            .into_iter()
            .map(|nic| nic as u8)
            .collect();
        let mut held = vec![0u32; nics.len()];
        let rooms: Vec<u32> = nics.iter().map(|nic| s.engine_room(nic)).collect();
        let way = nic.iter().map(|&nic| {
            let at = usize::from(nic);
            let way = installed(s, (nics[at], rooms[at]), &mut held[at]);
            match way {
                Way::By(design) if design == s.placement => spread.sas_as_asked += 1,
                Way::By(_) => spread.sas_fallen_back += 1,
                Way::NoCarrier | Way::NoSa => spread.sas_refused += 1,
            }
            way
        });
        Sas { way: way.collect(), nic }
    }
}

/// What an SA runs as on a NIC that holds so many already, and has so much room as a DPU.
fn installed(s: &Scenario, nic: (&NicParams, u32), held: &mut u32) -> Way {
    let mut wanted = Some(s.placement);
    while let Some(design) = wanted {
        if takes(s, design, nic, *held) {
            *held += u32::from(s.encrypts_in_engine(design));
            return Way::By(design);
        }
        wanted = design.0.fallback.filter(|fallback| s.failover.software || !fallback.encrypts_on_cpu());
    }
    Way::NoSa
}

/// Whether one more SA can run as a design.
fn takes(s: &Scenario, design: Placement, (nic, room): (&NicParams, u32), held: u32) -> bool {
    match design.0.encrypts {
        Agent::Nobody | Agent::Cpu => true,
        // Without a network nothing falls back: what the card does not do was refused before.
        Agent::Accelerator if !design.has_network() => true,
        Agent::Dpu => s.encrypts_on_dpu_cores(design) || held < room,
        Agent::Accelerator => s.accelerator.iter().all(|card| s.offered(card).contains(&s.sa.algorithm)),
        Agent::Nic => nic.esp.as_ref().is_some_and(|esp| {
            let offers = esp.packet_offload || !design.encapsulates_in_nic();
            offers && esp.algorithms.contains(&s.sa.algorithm) && held < esp.sa_capacity
        }),
    }
}

/// The highest share of one core's flows whose SAs fit a cache, of SAs that `counts` says count. Keys of the cache are
/// SAs by number, from `first` on.
pub(super) fn best_held(
    flows: &Range<u32>,
    (core_of_flow, sa_of_flow): (&[u32], &[u32]),
    cache: &Cache,
    first: u32,
    counts: impl Fn(u32) -> bool,
) -> f64 {
    let mut by_core: BTreeMap<u32, BTreeMap<u32, u32>> = BTreeMap::new();
    for flow in flows.clone() {
        let (core, sa) = (core_of_flow[flow as usize], sa_of_flow[flow as usize]);
        if counts(sa) {
            *by_core.entry(core).or_default().entry(sa).or_default() += 1;
        }
    }
    let held = |sas: BTreeMap<u32, u32>| {
        let all: u32 = sas.values().sum();
        let mut sas: Vec<(u32, u32)> = sas.into_iter().map(|(sa, flows)| (flows, sa)).collect();
        sas.sort_unstable_by(|a, b| b.cmp(a));
        // The best that each set can hold.
        let mut room: Vec<u32> = (0..cache.sets()).map(|set| cache.places(set)).collect();
        let fits = sas.into_iter().filter(|(_, sa)| {
            let room = &mut room[cache.set_of(first + sa) as usize];
            let fits = *room > 0;
            *room -= u32::from(fits);
            fits
        });
        f64::from(fits.map(|(flows, _)| flows).sum::<u32>()) / f64::from(all)
    };
    by_core.into_values().map(held).fold(0.0, f64::max)
}
