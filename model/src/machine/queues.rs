//! What a core has of each device: rings, queues and interrupts of its own, and the host as it sees it.

use super::devices::{Card, Devices, NicDevice};
use super::workers::WORKER_RING;
use super::{Class, Path, Way};
use crate::hardware::accelerator::{Accelerator, AcceleratorParams};
use crate::hardware::core::Core;
use crate::hardware::inline_esp::SaCache;
use crate::hardware::nic::Nic;
use crate::hardware::wire::Wire;
use crate::placement::{Host, Merging, NicFeatures, Steered};
use crate::resource::Resource;
use crate::route::{GateId, Platform, PoolId, StationId};
use crate::scenario::{Interrupts, Scenario, Submission};
use crate::stack::Stack;
use crate::traffic::{Direction, Steering, Traffic};
use crate::units::{Bytes, Cycles, Share, Time};

/// Packets that wait in a core's backlog: the default of `net.core.netdev_max_backlog`, Linux net/core/dev.c.
const MAX_BACKLOG: u32 = 1000;
/// Octets of a stream that a receive call takes: as many as GRO merges at most, for which the call's cost is known.
const READ: Bytes = Bytes::new(65_536);
/// Packets that wait for the thread of their SA: 64 frames (`FRAME_QUEUE_MAX_NELTS`, VPP src/vlib/node.h) of up to a vector.
const HANDOFF_QUEUE: u32 = 64 * 256;

/// The queues of one core on one NIC.
#[derive(Clone, Copy)]
struct NicQueues {
    polling: GateId,
    queue: Option<StationId>,
    ring: PoolId,
    receive_ring: PoolId,
    transmit_queue: Option<PoolId>,
    moderation: GateId,
}

/// What one core has.
struct CoreQueues {
    nics: Vec<NicQueues>,
    /// Its accelerator, with the ring there.
    card: usize,
    card_ring: PoolId,
    coalescing: GateId,
    merging: Option<Merging>,
    /// What the core has of a completion core's polls.
    merging_of_card: Option<Merging>,
    admission: Option<PoolId>,
    threads: Option<PoolId>,
    completion: StationId,
    /// Polls of what other cores hand on, and packets that wait for them, where cores do.
    backlog: Option<(GateId, PoolId)>,
    /// Polls of what crypto workers have done, and packets of each direction that wait for them, where there are such.
    returns: Option<(GateId, [PoolId; 2])>,
}

/// The queues of all cores.
pub(super) struct Queues {
    cores: Vec<CoreQueues>,
    polled_card: bool,
}

impl Queues {
    /// Places them on the platform. `receiving` says how many flows each core receives for applications.
    pub fn place(
        s: &Scenario,
        classes: &[Traffic],
        devices: &Devices,
        cores: &[StationId],
        receiving: &[u32],
        platform: &mut Platform,
    ) -> Self {
        let received = classes.iter().find(|class| class.direction == Direction::Receive);
        let merged = classes.iter().find(|class| s.merges(class));
        // Those that merge wait for the end of a poll.
        let polled_card = received.is_some() || s.submission() == Submission::Poll;
        let one_core = completes_on_one_core(s).then(|| {
            let coalescing = coalescing(s, &devices.cards[0], polled_card, platform);
            (coalescing, merging(s, merged, receiving.iter().sum(), &[coalescing], platform))
        });
        let sends = classes.iter().find(|class| class.direction == Direction::Transmit);
        let queues = cores.iter().enumerate().map(|(i, &station)| {
            let nics: Vec<NicQueues> = devices.nics.iter().map(|nic| nic_queues(s, nic, classes, platform)).collect();
            let card = devices.card_of(i);
            let own = match one_core {
                Some((coalescing, _)) => coalescing,
                None => coalescing(s, &devices.cards[card], polled_card, platform),
            };
            let mut polls: Vec<GateId> = nics.iter().map(|nic| nic.polling).collect();
            polls.extend(one_core.is_none().then_some(own).filter(|_| received.is_some()));
            let handed = s.hands_to_owners() || classes.iter().any(|class| class.steering == Steering::Rps);
            let backlog = handed.then(|| {
                // The first packet of a burst wakes the core.
                let polls = platform.polled_gate(1, Time::ZERO, s.host.stack.budget());
                let most = if s.hands_to_owners() { HANDOFF_QUEUE } else { MAX_BACKLOG };
                (polls, platform.pool(Resource::Backlog, most))
            });
            polls.extend(backlog.map(|(polls, _)| polls));
            let returns = s.crypto_workers().map(|_| returns(s, platform));
            polls.extend(returns.map(|(polls, _)| polls));
            let merging = merging(s, merged, receiving[i], &polls, platform);
            CoreQueues {
                card_ring: platform.pool(Resource::AcceleratorRing, devices.cards[card].params.ring),
                coalescing: own,
                merging_of_card: one_core.map_or(merging, |(_, merging)| merging),
                merging,
                admission: sends.filter(|_| s.is_open()).map(|class| platform.pool(Resource::SocketQueue, class.queue)),
                threads: (s.placement.uses_accelerator() && s.submission() == Submission::Sync)
                    .then(|| platform.pool(Resource::Threads, s.lookaside.threads)),
                completion: one_core.map_or(station, |_| cores[0]),
                card,
                nics,
                backlog,
                returns,
            }
        });
        Queues { cores: queues.collect(), polled_card }
    }

    /// The host as a path's core sees it by the path's NIC.
    pub fn host<'a>(
        &self,
        (s, devices): (&Scenario, &Devices),
        (path, class): (&Path, &Class),
        core: Core<'a>,
        sa_hits: Share,
    ) -> Host<'a> {
        let own = &self.cores[usize::from(path.core)];
        let device = &devices.nics[usize::from(path.nic)];
        let esp = device.params.esp.as_ref();
        let by_card = matches!(path.way, Way::By(design) if design.uses_accelerator());
        Host {
            completion: Core { station: own.completion, ..core },
            core,
            nic: self.nic(s, device, self.nic_queues(path), class.direction, sa_hits),
            accelerator: self.accelerator(s, &devices.cards[own.card], own),
            features: NicFeatures {
                tso: device.params.tso && s.offload.nic_segmentation,
                esp_gso: esp.is_some_and(|esp| esp.gso) && s.offload.nic_segmentation && s.nic_sees_inside(),
                checksum: device.params.checksum && s.offload.nic_checksum,
                esp_checksum: esp.is_some_and(|esp| esp.checksum) && s.offload.nic_checksum && s.nic_sees_inside(),
            },
            sizes: s.cipher_sizes(),
            admission: own.admission.filter(|_| class.direction == Direction::Transmit),
            merging: own.merging.filter(|_| class.merges),
            merging_of_card: own.merging_of_card.filter(|_| class.merges),
            stack: s.host.stack,
            forwards: class.direction.is_forwarding(),
            by_accelerator: by_card,
            touches_all: !class.direction.is_forwarding()
                || matches!(path.way, Way::By(design) if design.encrypts_on_cpu()),
            policy: Vec::new(),
            hooks: Vec::new(),
            tunnel: Vec::new(),
            sa_state: Cycles(0.0),
            smallest: s.lookaside.smallest,
            copies: s.lookaside.copies,
            threads: own.threads.filter(|_| by_card),
            when_full: s.lookaside.when_full,
            acks: None,
            numbered: false,
            limit: None,
            reads: class.stream.then_some(READ),
            replay_window: None,
            workers: None,
            dpu: None,
            steered: own.backlog.filter(|_| path.dispatcher != path.core).map(|(polling, backlog)| Steered {
                dispatcher: Core { station: StationId(path.dispatcher), lock: None, ..core },
                polling,
                backlog,
                routed: s.hands_to_owners(),
            }),
        }
    }

    /// Polls of what workers have done that comes back to a core, and where it waits.
    pub fn returns(&self, core: u16, direction: Direction) -> Option<(GateId, PoolId)> {
        let (polling, waiting) = self.cores[usize::from(core)].returns?;
        Some((polling, waiting[usize::from(direction.is_inbound())]))
    }

    /// What the path's core has of its NIC: the queue that receives is that of the core which the NIC interrupts.
    fn nic_queues(&self, path: &Path) -> NicQueues {
        let of = |core: u16| self.cores[usize::from(core)].nics[usize::from(path.nic)];
        let (own, receives) = (of(path.core), of(path.dispatcher));
        NicQueues { polling: receives.polling, receive_ring: receives.receive_ring, ..own }
    }

    fn nic(&self, s: &Scenario, device: &NicDevice, own: NicQueues, direction: Direction, hits: Share) -> Nic {
        // A gateway's clear side is the first port, its ESP side the last; applications have the last one for all.
        let (clear, sealed) = (device.ports[0], device.ports[device.ports.len() - 1]);
        let (into, out) = match direction {
            Direction::Encrypt | Direction::Both => (clear, sealed),
            Direction::Decrypt => (sealed, clear),
            Direction::Transmit | Direction::Receive => (sealed, sealed),
        };
        let wire = |station| Wire { station, rate: device.params.line_rate };
        Nic {
            params: device.params.clone(),
            slot: device.slot.clone(),
            packet_engine: out.packet_engine,
            receive_engine: into.receive_engine,
            gather: device.gather,
            esp_engine: device.esp.map(|esp| esp.station),
            sa_cache: device.esp.map(|esp| SaCache {
                cache: esp.cache,
                hits,
                lookups: esp.lookups,
                memory: esp.memory,
            }),
            wire: wire(out.wire_out),
            wire_in: wire(into.wire_in),
            queue: own.queue,
            ring: own.ring,
            receive_ring: own.receive_ring,
            transmit_queue: own.transmit_queue,
            interrupted: (!s.host.stack.is_polling()).then_some(device.params.moderation_packets),
            drops: s.is_open(),
            buffer: device.buffer,
            receive_buffer: into.receive_buffer,
            moderation: own.moderation,
            polling: own.polling,
        }
    }

    fn accelerator(&self, s: &Scenario, card: &Card, own: &CoreQueues) -> Accelerator {
        // Userspace hands over buffers in one piece.
        let lists = if s.host.stack == Stack::Kernel { card.params.scatter_lists } else { Bytes::ZERO };
        Accelerator {
            params: AcceleratorParams { scatter_lists: lists, ..card.params.clone() },
            slot: card.slot.clone(),
            engines: card.engines,
            ring: own.card_ring,
            coalescing: own.coalescing,
            submission: s.submission(),
            polled: self.polled_card,
        }
    }
}

/// Whether one core takes all completion interrupts.
pub(super) fn completes_on_one_core(s: &Scenario) -> bool {
    s.placement.uses_accelerator() && s.lookaside.interrupts == Interrupts::OneCore
}

fn nic_queues(s: &Scenario, nic: &NicDevice, classes: &[Traffic], platform: &mut Platform) -> NicQueues {
    let (p, stack) = (&nic.params, s.host.stack);
    let (packets, time) = stack.moderation(p.moderation_packets, p.moderation_time);
    let forwarded = classes.iter().find(|class| class.direction.is_forwarding());
    NicQueues {
        polling: platform.polled_gate(packets, time, stack.budget()),
        queue: p.queue_packet_rate.map(|_| platform.station(Resource::NicQueue, 1)),
        ring: platform.pool(Resource::NicRing, p.ring),
        receive_ring: platform.pool_in_bulk(Resource::NicReceiveRing, p.ring, p.refill_batch),
        transmit_queue: forwarded
            .filter(|_| stack.queues_before_ring() && s.is_open())
            .map(|class| platform.pool(Resource::TransmitQueue, class.queue)),
        moderation: platform.gate(p.moderation_packets, p.moderation_time),
    }
}

/// Polls of what crypto workers have done on a core, and where it waits: in the kernel packets that `gro_cells_receive` or
/// `netif_rx` has taken, and those that go out as if they were as limited; in VPP those that have not come back.
fn returns(s: &Scenario, platform: &mut Platform) -> (GateId, [PoolId; 2]) {
    let polls = platform.polled_gate(1, Time::ZERO, s.host.stack.budget());
    let waiting = match s.host.stack {
        Stack::Vector => [(); 2].map(|()| platform.pool(Resource::WorkerQueue, WORKER_RING)),
        Stack::Kernel | Stack::Xdp => [platform.pool(Resource::Backlog, MAX_BACKLOG); 2],
    };
    (polls, waiting)
}

/// Coalescing of an accelerator's responses: into interrupts, or into the polls of a core.
fn coalescing(s: &Scenario, card: &Card, polled: bool, platform: &mut Platform) -> GateId {
    let card = &card.params;
    match s.submission() {
        Submission::Poll => platform.polled_gate(1, Time::ZERO, card.ring),
        _ if polled => platform.polled_gate(card.coalesce_responses, card.coalesce_time, card.ring),
        _ => platform.gate(card.coalesce_responses, card.coalesce_time),
    }
}

/// Where received packets of `flows` flows merge on a core until one of its `polls` is over: of each flow what fits the
/// size, out of its share of a poll or its train.
fn merging(
    s: &Scenario,
    merged: Option<&Traffic>,
    flows: u32,
    polls: &[GateId],
    platform: &mut Platform,
) -> Option<Merging> {
    let (class, size) = merged.zip(s.offload.gro.0)?;
    let weight: u64 = class.mix.iter().map(|entry| u64::from(entry.weight)).sum();
    let octets: u64 = class.mix.iter().map(|entry| u64::from(entry.weight) * class.l3(entry).get()).sum();
    let budget = s.host.stack.budget();
    // A poll finds its packets flow by flow as trains, or of all flows in turn.
    let share = (u64::from(budget) / u64::from(flows.max(1))).max(u64::from(s.train(class).jobs.min(budget)));
    let most = (size.get() * weight / octets.max(1)).min(share) as u32;
    (most > 1).then(|| Merging { gate: platform.merging_gate(most, polls), packets: budget / budget.div_ceil(most) })
}
