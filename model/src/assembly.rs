//! From a scenario to a floor of stations and the routes of its sends over them.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::program::Cache;
use crate::esp::{CipherSizes, cipher_sizes};
use crate::hardware::accelerator::Accelerator;
use crate::hardware::core::Core;
use crate::hardware::memory::Memory;
use crate::hardware::nic::{Nic, SaCache};
use crate::hardware::pcie::{Iommu, Link, Slot, SlotParams};
use crate::hardware::wire::Wire;
use crate::placement::{Host, NAPI_BUDGET, NicFeatures, Placement, VECTOR_SIZE};
use crate::profile::Profile;
use crate::route::{Floor, GateId, Owner, PoolId, Route, StationId};
use crate::scenario::{Attachment, Interrupts, Lock, Scenario, Stack, Submission};
use crate::traffic::{Arrival, Path, Send};
use crate::units::{Bytes, Hertz, Share, Time};

/// The name that every core's station bears.
pub const CORE: &str = "core";
/// The name of the core that takes all completion interrupts, where one does.
pub const COMPLETION_CORE: &str = "completion core";
/// Cache lines of an SA that move between cores with its lock: the lock with the sequence number, the replay state, the
/// counters (`struct xfrm_state`, Linux include/net/xfrm.h).
const SA_LINES: f64 = 3.0;

/// A scenario's stations, its sends, and the route of each send over each row of resources.
#[derive(Debug, Clone)]
pub struct Assembly {
    /// What can be visited.
    pub floor: Floor,
    /// Sends of the mix.
    pub sends: Vec<Send>,
    /// The route of each send, by row and then send. A row is a core with one of its NICs, and with an SA where cores
    /// share SAs.
    pub routes: Vec<Vec<Route>>,
    /// The row of each flow.
    pub flows: Vec<u16>,
    /// The SA of each flow.
    pub keys: Vec<u32>,
    /// Cores of the data path.
    pub cores: u32,
    /// Their clock.
    pub clock: Hertz,
}

/// What all cores share.
pub(crate) struct Shared {
    nics: Vec<SharedNic>,
    accelerators: Vec<(Slot, StationId)>,
    /// The core that all completion interrupts go to, where one does.
    completion: Option<Completion>,
}

/// What all cores share of a NIC.
struct SharedNic {
    sa_cache: Option<SaCache>,
    slot: Slot,
    packet_engine: StationId,
    esp_engine: Option<StationId>,
    wires: [StationId; 2],
    receive_engine: StationId,
    buffer: PoolId,
}

/// One core that handles all completions.
#[derive(Clone, Copy)]
struct Completion {
    core: StationId,
    coalescing: GateId,
    merging: Option<GateId>,
}

impl Assembly {
    /// Builds stations, pools and routes. Stations are numbered cores first, then along the data path: the order in
    /// which events of equal time are handled.
    pub fn new(scenario: &Scenario, profile: &Profile) -> Self {
        let mut floor = Floor::default();
        let one_core =
            scenario.placement == Placement::Lookaside && scenario.lookaside.interrupts == Interrupts::OneCore;
        let cores: Vec<StationId> = (0..scenario.host.cores)
            .map(|core| floor.station(Owner::Host, if one_core && core == 0 { COMPLETION_CORE } else { CORE }, 1))
            .collect();
        let clock = profile.host.clock(scenario.host.cores, scenario.placement == Placement::Host);
        let sends = scenario.traffic.sends(scenario.encapsulation().as_ref(), scenario.gso());
        let keys: Vec<u32> = (0..scenario.traffic.flows).map(|flow| flow % scenario.sa.count).collect();
        let by_sa = scenario.placement != Placement::Clear && scenario.traffic.direction == Path::Receive;
        let steered_by = |flow: u32| if by_sa { keys[flow as usize] } else { flow };
        let core_of_flow = scenario.traffic.cores(scenario.host.cores, steered_by);
        let flows = (&core_of_flow[..], &keys[..]);
        let shared = Shared::new(scenario, profile, one_core.then_some(cores[0]), flows, &mut floor);
        let locks = sa_locks(scenario, profile, clock, &mut floor);
        if !locks.is_empty() {
            for core in &cores {
                floor.stations[usize::from(core.0)].held = Some(floor.pool("core", 1));
            }
        }
        // Only what some flow uses gets routes: with many cores and SAs most pairs are not.
        let sas = locks.len().max(1);
        // An SA belongs to one NIC: that is where its context and its sequence number are.
        let nic_of = |sa: u32| (sa % scenario.host.nics) as usize;
        let row = |(&core, &sa): (&u16, &u32)| (usize::from(core), nic_of(sa), sa as usize % sas);
        let used: Vec<(usize, usize, usize)> =
            core_of_flow.iter().zip(&keys).map(row).collect::<BTreeSet<_>>().into_iter().collect();
        let mut routes = Vec::with_capacity(used.len());
        for (i, &station) in cores.iter().enumerate() {
            let flows = core_of_flow.iter().filter(|&&core| usize::from(core) == i).count();
            let core = Core { station, profile, clock, cipher: scenario.software_cost(profile), lock: None };
            let mut hosts = vec![host(scenario, core, (i, flows), &shared, &mut floor)];
            for other in &shared.nics[1..] {
                let nic = nic(scenario, other, &mut floor);
                hosts.push(Host { nic, ..hosts[0].clone() });
            }
            for &(_, nic, sa) in used.iter().filter(|(core, ..)| *core == i) {
                let host = &mut hosts[nic];
                host.core.lock = locks.get(sa).copied();
                let route = |send| scenario.placement.route(scenario.traffic.direction, send, host);
                routes.push(sends.iter().map(route).collect());
            }
        }
        let place = |pair| used.partition_point(|other| *other < row(pair)) as u16;
        let flows = core_of_flow.iter().zip(&keys).map(place).collect();
        Assembly { floor, sends, routes, flows, keys, cores: scenario.host.cores, clock }
    }

    /// How often each send is made, so that packets come in the mix's proportions: a super-packet of many segments
    /// counts as that many packets.
    pub fn send_weights(&self) -> Vec<u32> {
        let per_packet = |send: &Send| f64::from(send.weight) / f64::from(send.count());
        let largest = self.sends.iter().map(per_packet).fold(0.0, f64::max);
        // 2^20 steps: a mix's shares are kept to a millionth.
        self.sends.iter().map(|send| (per_packet(send) / largest * f64::from(1 << 20)).round() as u32).collect()
    }

    /// Jobs in flight on each flow that put `window` packets in flight on each core.
    pub fn jobs_per_flow(&self, window: u32) -> u32 {
        let weights = self.send_weights();
        let (mut jobs, mut packets) = (0.0, 0.0);
        for (send, weight) in self.sends.iter().zip(weights) {
            jobs += f64::from(weight);
            packets += f64::from(weight) * f64::from(send.count());
        }
        let in_flight = f64::from(window) * f64::from(self.cores);
        (in_flight * jobs / packets / self.flows.len() as f64).ceil().max(1.0) as u32
    }
}

impl Shared {
    pub(crate) fn new(
        s: &Scenario,
        profile: &Profile,
        completion: Option<StationId>,
        (core_of_flow, keys): (&[u16], &[u32]),
        floor: &mut Floor,
    ) -> Self {
        let nic_links: Vec<Link> =
            (0..s.host.nics).map(|_| link(&s.pcie.nic, floor, ["NIC link up", "NIC link down"])).collect();
        let devices = 0..s.lookaside.devices;
        let accelerator_links: Vec<Link> = devices
            .map(|_| link(&s.pcie.accelerator, floor, ["accelerator link up", "accelerator link down"]))
            .collect();
        let uplink = link(&s.pcie.uplink, floor, ["uplink up", "uplink down"]);
        let links = |own: Link| match s.pcie.attachment {
            Attachment::OwnSlot => vec![own],
            Attachment::SharedUplink => vec![own, uplink],
        };
        let dram = Memory { station: floor.station(Owner::Host, "memory", 1), bandwidth: profile.memory.bandwidth };
        let memory = (!profile.host.ddio).then_some(dram);
        let iommu = Iommu::new(&s.pcie.iommu, floor);
        let root_complex =
            s.pcie.root_complex_rate.map(|rate| (floor.station(Owner::Pcie, "root complex", 1), rate.interval()));
        let slot = |params: &SlotParams, own, tags, floor: &mut Floor| Slot {
            params: params.clone(),
            links: links(own),
            tags,
            memory,
            credits: params.posted_data_credits.map(|credits| floor.pool("posted credits", credits.get() as u32)),
            iommu,
            root_complex,
        };
        let nic_tags: Vec<PoolId> = (0..s.host.nics).map(|_| floor.pool("NIC tags", s.nic.read_tags)).collect();
        let accelerators = accelerator_links.into_iter().map(|link| {
            let tags = (floor.pool("accelerator tags", s.accelerator.read_tags), s.accelerator.read_tags);
            (
                slot(&s.pcie.accelerator, link, tags, floor),
                floor.station(Owner::Accelerator, "accelerator engines", s.accelerator.engines as u16),
            )
        });
        let accelerators = accelerators.collect();
        let esp = s.nic.esp.as_ref();
        let nics = nic_links.into_iter().zip(nic_tags).enumerate().map(|(i, (link, tags))| SharedNic {
            sa_cache: esp.map(|esp| SaCache {
                cache: floor.cache(Cache { capacity: esp.sa_cache, keys: s.sa.count, replacement: esp.sa_replacement }),
                hits: sa_hits(s, esp.sa_cache, core_of_flow, keys, i as u32),
                fetches: floor.pool("SA context fetches", esp.sa_fetches),
            }),
            slot: slot(&s.pcie.nic, link, (tags, s.nic.read_tags), floor),
            packet_engine: floor.station(Owner::Nic, "NIC packet engine", 1),
            esp_engine: esp.map(|_| floor.station(Owner::Nic, "NIC ESP engine", 1)),
            wires: ["wire", "wire in"].map(|name| floor.station(Owner::Nic, name, 1)),
            receive_engine: floor.station(Owner::Nic, "NIC receive engine", 1),
            buffer: floor.pool("NIC buffer", s.nic.buffer.get() as u32),
        });
        Shared {
            nics: nics.collect(),
            accelerators,
            completion: completion.map(|core| Completion {
                core,
                coalescing: coalescing(s, floor),
                merging: merging(s, s.traffic.flows as usize, floor),
            }),
        }
    }
}

/// The highest share of a NIC's packets that can find their SA's context in its cache of `capacity` contexts. Where flows are drawn
/// at random, the next packet of a core belongs to any of that core's flows, in whatever order cores take turns: no cache
/// does better than one that holds the SAs of most flows of the best core, but for the segments of a send, which follow
/// each other. A closed loop or a fixed turn has no such limit that holds for every order.
fn sa_hits(s: &Scenario, capacity: u32, core_of_flow: &[u16], keys: &[u32], nic: u32) -> Share {
    if s.traffic.arrival != Arrival::Poisson {
        return Share::from_fraction(1.0);
    }
    let mut flows: BTreeMap<u16, BTreeMap<u32, u32>> = BTreeMap::new();
    for (&core, &sa) in core_of_flow.iter().zip(keys).filter(|(_, sa)| **sa % s.host.nics == nic) {
        *flows.entry(core).or_default().entry(sa).or_default() += 1;
    }
    let held = |sas: BTreeMap<u32, u32>| {
        let mut sas: Vec<u32> = sas.into_values().collect();
        sas.sort_unstable_by(|a, b| b.cmp(a));
        f64::from(sas.iter().take(capacity as usize).sum::<u32>()) / f64::from(sas.iter().sum::<u32>())
    };
    let best = flows.into_values().map(held).fold(0.0, f64::max);
    let sends = s.traffic.sends(s.encapsulation().as_ref(), s.gso());
    let segments = sends.iter().map(Send::count).max().unwrap_or(1);
    Share::from_fraction(1.0 - (1.0 - best) / f64::from(segments))
}

/// The locks of SAs that several cores share, with how long each is held for a packet.
pub(crate) fn sa_locks(s: &Scenario, profile: &Profile, clock: Hertz, floor: &mut Floor) -> Vec<(StationId, Time)> {
    let sharers = s.cores_per_sa();
    if sharers < 2 || s.placement == Placement::InlinePacket || s.host.stack == Stack::Vector {
        return Vec::new();
    }
    let stack = &profile.stack;
    // A ticket lock's line is fetched by all waiters; the next holder's turn comes after half of them on average
    // (Boyd-Wickizer et al., "Non-scalable locks are dangerous", Linux Symposium 2012, section 3).
    let waiters = match s.sa.lock {
        Lock::Queued => 0.0,
        Lock::Ticket => f64::from(sharers - 1) / 2.0,
    };
    let held = (stack.sa_lock + stack.line_transfer * (SA_LINES + waiters)) / clock;
    (0..s.sa.count.min(s.host.cores)).map(|_| (floor.station(Owner::Host, "SA lock", 1), held)).collect()
}

/// Coalescing of an accelerator's responses: into interrupts, or into the polls of a core.
fn coalescing(s: &Scenario, floor: &mut Floor) -> GateId {
    let card = &s.accelerator;
    match s.lookaside.submission {
        Submission::Poll => floor.polled_gate(1, Time::ZERO, card.ring),
        _ if s.traffic.direction == Path::Receive => {
            floor.polled_gate(card.coalesce_responses, card.coalesce_time, card.ring)
        }
        _ => floor.gate(card.coalesce_responses, card.coalesce_time),
    }
}

/// Where received packets of `flows` flows merge on a core: of each flow what fits the size, out of its share of a poll.
fn merging(s: &Scenario, flows: usize, floor: &mut Floor) -> Option<GateId> {
    let size = s.offload.gro.0.filter(|_| s.traffic.direction == Path::Receive)?;
    let mix = &s.traffic.mix;
    let weight: u64 = mix.iter().map(|entry| u64::from(entry.weight)).sum();
    let octets: u64 = mix.iter().map(|entry| u64::from(entry.weight) * s.traffic.l3(entry).get()).sum();
    let share = u64::from(NAPI_BUDGET) / (flows.max(1) as u64);
    let packets = (size.get() * weight / octets.max(1)).min(share) as u32;
    (packets > 1).then(|| floor.merging_gate(packets))
}

fn link(params: &SlotParams, floor: &mut Floor, names: [&'static str; 2]) -> Link {
    let [up, down] = names.map(|name| floor.station(Owner::Pcie, name, 1));
    Link { up, down, rate_up: params.tlp_rate(), rate_down: params.tlp_rate_down() }
}

/// A NIC as one core sees it: queues and interrupts of its own.
fn nic(s: &Scenario, shared: &SharedNic, floor: &mut Floor) -> Nic {
    let polling = match s.host.stack {
        Stack::Kernel => floor.polled_gate(s.nic.moderation_packets, s.nic.moderation_time, NAPI_BUDGET),
        Stack::Vector => floor.polled_gate(1, Time::ZERO, VECTOR_SIZE),
    };
    let wire = |station| Wire { station, rate: s.nic.line_rate };
    Nic {
        params: s.nic.clone(),
        slot: shared.slot.clone(),
        packet_engine: shared.packet_engine,
        receive_engine: shared.receive_engine,
        esp_engine: shared.esp_engine,
        sa_cache: shared.sa_cache,
        wire: wire(shared.wires[0]),
        wire_in: wire(shared.wires[1]),
        queue: s.nic.queue_packet_rate.map(|_| floor.station(Owner::Nic, "NIC queue", 1)),
        ring: floor.pool("NIC ring", s.nic.ring),
        receive_ring: floor.pool("NIC receive ring", s.nic.ring),
        drops: s.traffic.arrival != Arrival::Saturate,
        buffer: shared.buffer,
        moderation: floor.gate(s.nic.moderation_packets, s.nic.moderation_time),
        polling,
    }
}

/// The hardware as core number `i` sees it through its first NIC, with so many flows on it.
pub(crate) fn host<'a>(
    s: &Scenario,
    core: Core<'a>,
    (i, flows): (usize, usize),
    shared: &Shared,
    floor: &mut Floor,
) -> Host<'a> {
    let nic = nic(s, &shared.nics[0], floor);
    let (slot, engines) = shared.accelerators[i % shared.accelerators.len()].clone();
    let accelerator = Accelerator {
        params: s.accelerator.clone(),
        slot,
        engines,
        ring: floor.pool("accelerator ring", s.accelerator.ring),
        coalescing: shared.completion.map_or_else(|| coalescing(s, floor), |one| one.coalescing),
        submission: s.lookaside.submission,
    };
    let sync = s.placement == Placement::Lookaside && s.lookaside.submission == Submission::Sync;
    let esp = s.nic.esp.as_ref();
    let sizes =
        s.encapsulation().map_or(CipherSizes { iv: Bytes::ZERO, alignment: Bytes::new(1), icv: Bytes::ZERO }, |esp| {
            cipher_sizes(esp.algorithm)
        });
    Host {
        completion: Core { station: shared.completion.map_or(core.station, |one| one.core), ..core },
        core,
        nic,
        accelerator,
        features: NicFeatures {
            tso: s.nic.tso && s.offload.nic_segmentation,
            esp_gso: esp.is_some_and(|esp| esp.gso) && s.offload.nic_segmentation,
            checksum: s.nic.checksum && s.offload.nic_checksum,
            esp_checksum: esp.is_some_and(|esp| esp.checksum) && s.offload.nic_checksum,
        },
        sizes,
        admission: (s.traffic.arrival != Arrival::Saturate && s.traffic.direction == Path::Transmit)
            .then(|| floor.pool("socket queue", s.traffic.queue)),
        merging: shared.completion.map_or_else(|| merging(s, flows, floor), |one| one.merging),
        stack: s.host.stack,
        threads: sync.then(|| floor.pool("threads", s.lookaside.threads)),
        when_full: s.lookaside.when_full,
    }
}

/// The mean time between two sends at the scenario's offered rate; `None` when saturating.
pub fn interval(scenario: &Scenario, assembly: &Assembly) -> Option<Time> {
    let traffic = &scenario.traffic;
    let rate = traffic.rate.filter(|_| traffic.arrival != Arrival::Saturate)?;
    let weights = assembly.send_weights();
    let total: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    let octets: f64 = (assembly.sends.iter().zip(weights))
        .map(|(send, w)| f64::from(w) * send.total(|p| p.on(traffic.rate_basis)).get() as f64)
        .sum();
    Some(Time::from_seconds(octets / total * 8.0 / rate.as_bps() as f64))
}
