//! From a scenario to a floor of stations and the routes of its sends over them.

use crate::esp::{CipherSizes, cipher_sizes};
use crate::hardware::accelerator::Accelerator;
use crate::hardware::core::Core;
use crate::hardware::memory::Memory;
use crate::hardware::nic::Nic;
use crate::hardware::pcie::{Link, Slot, SlotParams};
use crate::hardware::wire::Wire;
use crate::placement::{Host, NicFeatures};
use crate::profile::{Direction, Profile};
use crate::route::{Floor, PoolId, Route, StationId};
use crate::scenario::{Attachment, Scenario};
use crate::traffic::{Arrival, Send};
use crate::units::{Bytes, Time};

/// The name that every core's station bears.
pub const CORE: &str = "core";

/// A scenario's stations, its sends, and the route of each send from each core.
#[derive(Debug, Clone)]
pub struct Assembly {
    /// What can be visited.
    pub floor: Floor,
    /// Sends of the mix.
    pub sends: Vec<Send>,
    /// The route of each send, by core and then send.
    pub routes: Vec<Vec<Route>>,
    /// The core of each flow.
    pub flows: Vec<u16>,
    /// The SA of each flow.
    pub keys: Vec<u32>,
}

/// What all cores share.
struct Shared {
    nic_slot: Slot,
    accelerator_slot: Slot,
    packet_engine: StationId,
    esp_engine: Option<StationId>,
    wire: StationId,
    buffer: PoolId,
    engines: StationId,
}

impl Assembly {
    /// Builds stations, pools and routes. Stations are numbered cores first, then along the data path: the order in
    /// which events of equal time are handled.
    pub fn new(scenario: &Scenario, profile: &Profile) -> Self {
        let mut floor = Floor::default();
        let cores: Vec<StationId> = (0..scenario.host.cores).map(|_| floor.station(CORE, 1)).collect();
        let shared = Shared::new(scenario, profile, &mut floor);
        let esp = scenario.encapsulation();
        let sends = scenario.traffic.sends(esp.as_ref(), scenario.offload.gso.0);
        let routes = cores
            .into_iter()
            .map(|core| {
                let host = host(scenario, profile, core, &shared, &mut floor);
                sends.iter().map(|send| scenario.placement.transmit(send, &host)).collect()
            })
            .collect();
        let keys = (0..scenario.traffic.flows).map(|flow| flow % scenario.sa.count).collect();
        Assembly { floor, sends, routes, flows: scenario.traffic.cores(scenario.host.cores), keys }
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
        let in_flight = f64::from(window) * self.routes.len() as f64;
        (in_flight * jobs / packets / self.flows.len() as f64).ceil().max(1.0) as u32
    }
}

impl Shared {
    fn new(s: &Scenario, profile: &Profile, floor: &mut Floor) -> Self {
        let nic_link = link(&s.pcie.nic, floor, ["NIC link up", "NIC link down"]);
        let accelerator_link = link(&s.pcie.accelerator, floor, ["accelerator link up", "accelerator link down"]);
        let uplink = link(&s.pcie.uplink, floor, ["uplink up", "uplink down"]);
        let links = |own: Link| match s.pcie.attachment {
            Attachment::OwnSlot => vec![own],
            Attachment::SharedUplink => vec![own, uplink],
        };
        let dram = Memory { station: floor.station("memory", 1), bandwidth: profile.memory.bandwidth };
        let memory = (!profile.host.ddio).then_some(dram);
        let slot = |params: &SlotParams, own, tags| Slot { params: params.clone(), links: links(own), tags, memory };
        let nic_tags = floor.pool("NIC tags", s.nic.read_tags);
        let accelerator_tags = floor.pool("accelerator tags", s.accelerator.read_tags);
        Shared {
            nic_slot: slot(&s.pcie.nic, nic_link, nic_tags),
            accelerator_slot: slot(&s.pcie.accelerator, accelerator_link, accelerator_tags),
            engines: floor.station("accelerator engines", s.accelerator.engines as u16),
            packet_engine: floor.station("NIC packet engine", 1),
            esp_engine: s.nic.esp.is_some().then(|| floor.station("NIC ESP engine", 1)),
            wire: floor.station("wire", 1),
            buffer: floor.pool("NIC buffer", s.nic.buffer.get() as u32),
        }
    }
}

fn link(params: &SlotParams, floor: &mut Floor, names: [&'static str; 2]) -> Link {
    let [up, down] = names.map(|name| floor.station(name, 1));
    Link { up, down, rate: params.tlp_rate() }
}

fn host<'a>(s: &Scenario, profile: &'a Profile, core: StationId, shared: &Shared, floor: &mut Floor) -> Host<'a> {
    let nic = Nic {
        params: s.nic.clone(),
        slot: shared.nic_slot.clone(),
        packet_engine: shared.packet_engine,
        esp_engine: shared.esp_engine,
        wire: Wire { station: shared.wire, rate: s.nic.line_rate },
        ring: floor.pool("NIC ring", s.nic.ring),
        buffer: shared.buffer,
        moderation: floor.gate(s.nic.moderation_packets, s.nic.moderation_time),
    };
    let accelerator = Accelerator {
        params: s.accelerator.clone(),
        slot: shared.accelerator_slot.clone(),
        engines: shared.engines,
        ring: floor.pool("accelerator ring", s.accelerator.ring),
        coalescing: floor.gate(s.accelerator.coalesce_responses, s.accelerator.coalesce_time),
    };
    let esp = s.nic.esp.as_ref();
    let sizes =
        s.encapsulation().map_or(CipherSizes { iv: Bytes::ZERO, alignment: Bytes::new(1), icv: Bytes::ZERO }, |esp| {
            cipher_sizes(esp.algorithm)
        });
    Host {
        // One backend for all sizes, the best at full-sized packets: a kernel does not change ciphers by packet.
        core: Core { station: core, profile, seal: profile.aead(s.sa.algorithm, Direction::Seal, Bytes::new(1408)) },
        nic,
        accelerator,
        features: NicFeatures {
            tso: s.nic.tso && s.offload.nic_segmentation,
            esp_gso: esp.is_some_and(|esp| esp.gso) && s.offload.nic_segmentation,
            checksum: s.nic.checksum && s.offload.nic_checksum,
            esp_checksum: esp.is_some_and(|esp| esp.checksum) && s.offload.nic_checksum,
        },
        sizes,
        admission: (s.traffic.arrival != Arrival::Saturate).then(|| floor.pool("socket queue", s.traffic.queue)),
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
