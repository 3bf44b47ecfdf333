//! Every way that a packet can go while NICs and SAs change, over stations that all ways share.

use std::collections::BTreeSet;

use super::life_cycle::Pace;
use crate::assembly::{Assembly, CORE, Shared, host, sa_locks};
use crate::hardware::core::Core;
use crate::placement::{Host, Placement};
use crate::profile::Profile;
use crate::route;
use crate::route::{Floor, Hop, Owner, Route, StationId};
use crate::scenario::{Device, Scenario};
use crate::traffic::{Path, Send};

/// A packet's way, chosen when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// By this NIC, encrypted where the placement says.
    Offloaded(Device),
    /// By this NIC, encrypted on the CPU.
    Software(Device),
    /// Dropped: the NIC that packets leave by has no carrier.
    NoCarrier,
    /// Dropped for want of an SA.
    NoSa,
}

impl Way {
    /// Every way, in the order of [`Self::index`].
    pub const ALL: [Way; 6] = [
        Way::Offloaded(Device::Nic),
        Way::Software(Device::Nic),
        Way::Offloaded(Device::Standby),
        Way::Software(Device::Standby),
        Way::NoCarrier,
        Way::NoSa,
    ];

    /// Its place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Way::Offloaded(device) => 2 * device.index(),
            Way::Software(device) => 2 * device.index() + 1,
            Way::NoCarrier => 4,
            Way::NoSa => 5,
        }
    }
}

/// All ways of all flows.
#[derive(Debug, Clone)]
pub struct Ways {
    /// Stations, sends and routes; the rows of one way after those of the other.
    pub assembly: Assembly,
    /// The row of each flow on the first way.
    pub rows: Vec<u16>,
    /// Rows of each way.
    pub rows_per_way: u16,
    /// The flows of each SA: those of SA `i` are `by_sa[first_flow[i]..first_flow[i + 1]]`.
    by_sa: Vec<u32>,
    first_flow: Vec<u32>,
    /// How fast sequence numbers can be used up.
    pub pace: Pace,
}

impl Ways {
    /// Builds stations and routes.
    pub fn new(scenario: &Scenario, profile: &Profile) -> Self {
        let mut floor = Floor::default();
        let cores: Vec<StationId> = (0..scenario.host.cores).map(|_| floor.station(Owner::Host, CORE, 1)).collect();
        let clock = profile.host.clock(scenario.host.cores, scenario.placement == Placement::Host);
        let sends = scenario.traffic.sends(scenario.encapsulation().as_ref(), scenario.gso());
        let keys = keys(scenario);
        let core_of_flow = scenario.traffic.cores(scenario.host.cores, |flow| flow);
        // Locks are those of the CPU's way; packet offload knows none, but its fallback does.
        let software = Scenario { placement: Placement::Host, ..scenario.clone() };
        let locks = sa_locks(&software, profile, clock, &mut floor);
        if !locks.is_empty() {
            for core in &cores {
                floor.stations[usize::from(core.0)].held = Some(floor.pool("core", 1));
            }
        }
        let sas = locks.len().max(1);
        let pair = |(&core, &sa): (&u16, &u32)| (usize::from(core), sa as usize % sas);
        let pairs: Vec<(usize, usize)> =
            core_of_flow.iter().zip(&keys).map(pair).collect::<BTreeSet<_>>().into_iter().collect();
        let flows_of = |core: usize| core_of_flow.iter().filter(|&&c| usize::from(c) == core).count();
        let on_core =
            |i: usize| Core { station: cores[i], profile, clock, cipher: scenario.software_cost(profile), lock: None };
        let hosts: Vec<Vec<Host<'_>>> = Device::ALL
            .iter()
            .map(|&device| {
                let on = on_device(scenario, device);
                let shared = Shared::new(&on, profile, None, (&core_of_flow, &keys), &mut floor);
                (0..cores.len()).map(|i| host(&on, on_core(i), (i, flows_of(i)), &shared, &mut floor)).collect()
            })
            .collect();
        let mut routes: Vec<Vec<Route>> = Vec::new();
        for way in Way::ALL {
            for &(core, sa) in &pairs {
                let on = |device: Device| {
                    let mut host = one_machine(hosts[device.index()][core].clone(), &hosts[0][core]);
                    host.core.lock = locks.get(sa).copied();
                    host
                };
                routes.push(sends.iter().map(|send| route(way, scenario, profile, send, &on)).collect());
            }
        }
        let rows: Vec<u16> = (core_of_flow.iter().zip(&keys))
            .map(|flow| pairs.partition_point(|other| *other < pair(flow)) as u16)
            .collect();
        let (by_sa, first_flow) = group(&keys, scenario.sa.count);
        let assembly = Assembly { floor, sends, routes, flows: rows.clone(), keys, cores: scenario.host.cores, clock };
        Ways { assembly, rows, rows_per_way: pairs.len() as u16, by_sa, first_flow, pace: pace(scenario) }
    }

    /// The flows of an SA.
    pub fn flows(&self, sa: u32) -> &[u32] {
        let at = |i: u32| self.first_flow[i as usize] as usize;
        &self.by_sa[at(sa)..at(sa + 1)]
    }

    /// The row at which packets of a flow start that go a way.
    pub fn row(&self, flow: u32, way: Way) -> u16 {
        self.rows[flow as usize] + way.index() as u16 * self.rows_per_way
    }
}

/// The SA of each flow: evenly spread, so that the flows' SAs stand for all of them where there are fewer flows.
fn keys(scenario: &Scenario) -> Vec<u32> {
    let (flows, sas) = (u64::from(scenario.traffic.flows), u64::from(scenario.sa.count));
    (0..flows).map(|flow| if sas > flows { flow * sas / flows } else { flow % sas } as u32).collect()
}

/// Flows by SA, and where each SA's begin.
fn group(keys: &[u32], sas: u32) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0u32; sas as usize + 1];
    for &sa in keys {
        first[sa as usize + 1] += 1;
    }
    for i in 1..first.len() {
        first[i] += first[i - 1];
    }
    let mut by_sa: Vec<u32> = (0..keys.len() as u32).collect();
    by_sa.sort_by_key(|&flow| keys[flow as usize]);
    (by_sa, first)
}

/// The scenario as it is with all packets leaving by one NIC.
fn on_device(scenario: &Scenario, device: Device) -> Scenario {
    let mut on = scenario.clone();
    if device == Device::Standby {
        on.nic = scenario.standby.clone();
        on.pcie.nic = scenario.pcie.standby.clone();
    }
    on
}

/// The host with a NIC of its own and everything else that of the `first`: one memory, one IOMMU, one root complex, one
/// accelerator, one socket queue.
fn one_machine<'a>(mut host: Host<'a>, first: &Host<'a>) -> Host<'a> {
    let own = &first.nic.slot;
    host.nic.slot.memory = own.memory;
    host.nic.slot.iommu = own.iommu;
    host.nic.slot.root_complex = own.root_complex;
    host.accelerator = first.accelerator.clone();
    host.admission = first.admission;
    host.threads = first.threads;
    host
}

/// The route of a send on a way.
fn route<'a>(way: Way, s: &Scenario, profile: &Profile, send: &Send, on: &impl Fn(Device) -> Host<'a>) -> Route {
    let (placement, mut host) = match way {
        Way::Offloaded(device) if offers(s.placement, &on(device)) => (s.placement, on(device)),
        // Where the NIC lacks the engine nothing is ever steered to the offloaded way.
        Way::Offloaded(device) | Way::Software(device) => (Placement::Host, on(device)),
        Way::NoCarrier | Way::NoSa => return dropped(s, send, &on(Device::Nic)),
    };
    host.core.clock = profile.host.clock(s.host.cores, placement == Placement::Host);
    host.completion.clock = host.core.clock;
    if placement == Placement::InlinePacket {
        host.core.lock = None;
    }
    numbered(placement.route(s.traffic.direction, send, &host))
}

/// A send call costs the same whether or not its packets are dropped in the end. What comes by the wire is dropped for
/// nothing: a NIC without carrier receives nothing either.
fn dropped(s: &Scenario, send: &Send, host: &Host<'_>) -> Route {
    match (s.traffic.direction, host.admission) {
        (Path::Transmit, Some(queue)) => {
            let (n, costs) = (send.count(), host.core.send(send.total(|p| p.goodput)));
            let call = Hop::Serve(host.core.work("send", &costs));
            route![Hop::AcquireOrDrop(queue, n), call, Hop::Release(queue, n), Hop::Drop(n)]
        }
        _ => Hop::Drop(1).into(),
    }
}

/// Whether the NIC has the engine that a placement needs.
fn offers(placement: Placement, host: &Host<'_>) -> bool {
    !matches!(placement, Placement::InlineCrypto | Placement::InlinePacket) || host.nic.params.esp.is_some()
}

/// Packets take their sequence numbers once nothing refuses them any more.
fn numbered(mut route: Route) -> Route {
    let n = route.packets() as u32;
    let admitted = route.0.iter().position(|hop| matches!(hop, Hop::AcquireOrDrop(..))).map_or(0, |i| i + 1);
    route.0.insert(admitted, Hop::Tally(n));
    route
}

/// What leaves is limited by the NICs, what is admitted but has not left by the queues.
fn pace(s: &Scenario) -> Pace {
    let queue = if s.traffic.direction == Path::Transmit { s.traffic.queue } else { s.nic.ring.max(s.standby.ring) };
    Pace {
        packets_per_s: s.nic.packet_rate.as_pps() + s.standby.packet_rate.as_pps(),
        // Each NIC's queues, as a route may change back and forth.
        under_way: 2 * u64::from(queue) * u64::from(s.host.cores) + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_numbered_as_listed() {
        for (i, way) in Way::ALL.into_iter().enumerate() {
            assert_eq!(way.index(), i);
        }
    }

    #[test]
    fn flows_are_grouped_by_sa() {
        let (by_sa, first) = group(&[2, 0, 2, 3], 5);
        assert_eq!(by_sa, [1, 0, 2, 3]);
        assert_eq!(first, [0, 1, 1, 3, 4, 4]);
    }
}
