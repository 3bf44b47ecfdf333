//! Network interface card: descriptor rings, DMA, segmentation, checksum and inline ESP engines.

use serde::{Deserialize, Serialize};

use super::core::Core;
use super::pcie::{Read, Slot};
use super::wire::Wire;
use crate::engine::program::{Key, Replacement};
use crate::profile::Algorithm;
use crate::route;
use crate::route::{CacheId, Category, GateId, Hop, Lookup, PoolId, Route, StationId, Visit};
use crate::traffic::Packet;
use crate::units::{BitRate, Bytes, PacketRate, Share, Time};

/// Parameters of a NIC port. Sources stand in the preset beside each value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NicParams {
    /// Full name.
    pub title: String,
    /// Line rate of the port, on the wire basis (preamble and gap included).
    pub line_rate: BitRate,
    /// Highest transmit packet rate of the port.
    pub packet_rate: PacketRate,
    /// Pipeline latency from the payload's arrival in the NIC to the wire, without crypto.
    pub latency: Time,
    /// Descriptors per ring; a transmit and a receive ring per core.
    pub ring: u32,
    /// Highest packet rate of one queue, each direction; absent where one queue can have all of the port's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_packet_rate: Option<PacketRate>,
    /// On-chip packet buffer for transmit.
    pub buffer: Bytes,
    /// DMA read requests that may be outstanding.
    pub read_tags: u32,
    /// Size of one transmit descriptor (WQE).
    pub descriptor: Bytes,
    /// Size of one receive descriptor.
    pub receive_descriptor: Bytes,
    /// Descriptors fetched by one DMA read.
    pub descriptor_batch: u32,
    /// Size of one completion entry (CQE).
    pub completion: Bytes,
    /// Packets that one completion entry covers.
    pub completion_batch: u32,
    /// Interrupt moderation: packets completed before an interrupt is raised.
    pub moderation_packets: u32,
    /// Interrupt moderation: longest time from a completion to its interrupt.
    pub moderation_time: Time,
    /// TCP/UDP segmentation offload for clear traffic.
    pub tso: bool,
    /// Transport checksum offload for clear traffic.
    pub checksum: bool,
    /// ESP engine; absent in a NIC without crypto.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub esp: Option<InlineEsp>,
    /// Name of the PCIe slot preset that the card needs.
    pub slot: String,
}

/// The inline ESP engine of a NIC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InlineEsp {
    /// Ciphers that it offers.
    pub algorithms: Vec<Algorithm>,
    /// Crypto rate, counted on ESP payload data as it is encrypted.
    pub rate: BitRate,
    /// Highest rate of ESP packets.
    pub packet_rate: PacketRate,
    /// Latency that the engine adds to a packet.
    pub latency: Time,
    /// Segments super-packets before encryption (`NETIF_F_GSO_ESP`).
    pub gso: bool,
    /// Fills in the inner transport checksum before encryption (`NETIF_F_HW_ESP_TX_CSUM`).
    pub checksum: bool,
    /// Offers packet offload (XFRM_DEV_OFFLOAD_PACKET): encapsulation and policy in the NIC.
    pub packet_offload: bool,
    /// SAs that the NIC holds.
    pub sa_capacity: u32,
    /// SA contexts that its on-chip cache holds; the others are read from host memory.
    pub sa_cache: u32,
    /// What the cache forgets for a new context.
    pub sa_replacement: Replacement,
    /// Octets of an SA context.
    pub sa_context: Bytes,
    /// Contexts that may be fetched at a time.
    pub sa_fetches: u32,
}

/// Octets of an MMIO doorbell write.
const DOORBELL: Bytes = Bytes::new(8);
/// Octets of an MSI-X message (PCI Express Base Specification section 6.1.4.2).
const MSI_X: Bytes = Bytes::new(4);

/// What the NIC's reads are called.
const DESCRIPTOR: Read = Read { asked: "NIC asks for descriptor", comes: "descriptor, RAM to NIC" };
const PAYLOAD: Read = Read { asked: "NIC asks for payload", comes: "payload, RAM to NIC" };
const HEADERS: Read = Read { asked: "NIC asks for headers", comes: "headers, RAM to NIC" };
const RECEIVE_DESCRIPTOR: Read =
    Read { asked: "NIC asks for receive descriptor", comes: "receive descriptor, RAM to NIC" };
const SA_CONTEXT: Read = Read { asked: "NIC asks for SA context", comes: "SA context, RAM to NIC" };

/// The NIC as one core sees it: shared engines, a ring of its own.
#[derive(Debug, Clone)]
pub struct Nic {
    /// Parameters.
    pub params: NicParams,
    /// Its PCIe attachment.
    pub slot: Slot,
    /// Packet engine: the packet-rate limit.
    pub packet_engine: StationId,
    /// ESP engine, where the NIC has one.
    pub esp_engine: Option<StationId>,
    /// The wire, outwards.
    pub wire: Wire,
    /// The wire, inwards.
    pub wire_in: Wire,
    /// Packet engine of the receive direction.
    pub receive_engine: StationId,
    /// The core's queue, where one queue's packet rate is limited.
    pub queue: Option<StationId>,
    /// Cache of SA contexts, where the NIC has an ESP engine.
    pub sa_cache: Option<SaCache>,
    /// Entries of the core's transmit ring.
    pub ring: PoolId,
    /// Entries of the core's receive ring.
    pub receive_ring: PoolId,
    /// Whether packets that find no receive descriptor are dropped; a saturating sender is held back instead.
    pub drops: bool,
    /// Polls of the core's receive queue.
    pub polling: GateId,
    /// Transmit buffer, in octets.
    pub buffer: PoolId,
    /// Interrupt moderation of the core's queue.
    pub moderation: GateId,
}

/// The NIC's cache of SA contexts.
#[derive(Debug, Clone, Copy)]
pub struct SaCache {
    /// The cache.
    pub cache: CacheId,
    /// The highest share of packets whose context the cache can hold.
    pub hits: Share,
    /// Contexts that are being fetched.
    pub fetches: PoolId,
}

impl Nic {
    /// The doorbell reaches the NIC, which reads the descriptor.
    pub fn fetch_descriptor(&self) -> Route {
        let p = &self.params;
        self.slot.read_descriptor(p.descriptor, p.descriptor_batch, DOORBELL, DESCRIPTOR)
    }

    /// The NIC reads `dma` octets and sends the packet, encrypting it on the way if it is to.
    pub fn transmit(&self, dma: Bytes, packet: &Packet, encrypt: bool) -> Route {
        let held = packet.frame.get() as u32;
        let esp = if encrypt { self.cipher(packet.encrypted, "NIC encrypts") } else { Route::default() };
        route![
            Hop::Acquire(self.buffer, held),
            self.slot.read_payload(dma, packet.goodput, PAYLOAD),
            self.passes(self.packet_engine, packet.frame),
            self.queue_limit(),
            esp,
            Hop::Serve(self.wire.pass(packet.frame)),
            Hop::Release(self.buffer, held),
            Hop::Depart(*packet),
        ]
    }

    /// The NIC reads the headers of a super-packet, `n` octets, which it puts before each segment.
    pub fn read_headers(&self, n: Bytes) -> Route {
        self.slot.read_payload(n, Bytes::ZERO, HEADERS)
    }

    /// The NIC writes a completion, raises an interrupt when moderation lets it, and the core cleans up.
    pub fn complete(&self, core: &Core<'_>) -> Route {
        let p = &self.params;
        let stack = &core.profile.stack;
        route![
            self.slot.write_completion(p.completion + MSI_X, p.completion_batch, "completion, NIC to RAM"),
            Hop::Gather(self.moderation, core.work("interrupt", &[(Category::Interrupt, stack.interrupt)])),
            Hop::Serve(core.work("transmit completion", &[(Category::Complete, stack.complete)])),
            Hop::Release(self.ring, 1),
        ]
    }

    /// A frame comes in, is decrypted if it is to, and is written to host memory as `dma` octets. `polls` are
    /// the interrupt and the poll by which a core hears of it.
    pub fn receive(&self, frame: Bytes, dma: Bytes, packet: &Packet, decrypt: bool, polls: [Visit; 2]) -> Route {
        let p = &self.params;
        let esp = if decrypt { self.cipher(packet.encrypted, "NIC decrypts") } else { Route::default() };
        let ring = match self.drops {
            true => Hop::AcquireOrDrop(self.receive_ring, 1),
            false => Hop::Acquire(self.receive_ring, 1),
        };
        let [interrupt, poll] = polls;
        route![
            Hop::Serve(self.wire_in.pass(frame)),
            self.passes(self.receive_engine, frame),
            esp,
            ring,
            self.queue_limit(),
            self.slot.write_payload(dma, packet.goodput, Bytes::ZERO, "payload, NIC to RAM"),
            self.slot.write_completion(p.completion + MSI_X, p.completion_batch, "completion, NIC to RAM"),
            Hop::Poll(self.polling, interrupt, poll),
        ]
    }

    /// The core has given the NIC a new buffer, whose descriptor it reads ahead of need: load without latency.
    pub fn refill(&self) -> Route {
        let p = &self.params;
        let (n, batch) = (p.receive_descriptor, p.descriptor_batch);
        let mut read = self.slot.read_descriptor(n, batch, DOORBELL, RECEIVE_DESCRIPTOR);
        for hop in &mut read.0 {
            if let Hop::Serve(visit) = hop {
                visit.latency = Time::ZERO;
            }
        }
        route![Hop::Release(self.receive_ring, 1), read]
    }

    /// A frame passes one of the port's packet engines.
    fn passes(&self, engine: StationId, frame: Bytes) -> Hop {
        let p = &self.params;
        Hop::Serve(Visit::new(engine, p.packet_rate.interval(), p.latency, "NIC processes packet").of(frame))
    }

    fn queue_limit(&self) -> Route {
        let limit = self.queue.zip(self.params.queue_packet_rate);
        limit.map_or_else(Route::default, |(queue, rate)| {
            Hop::Serve(Visit::new(queue, rate.interval(), Time::ZERO, "NIC queue")).into()
        })
    }

    /// The ESP engine works on `n` octets once it has the SA's context.
    fn cipher(&self, n: Bytes, label: &'static str) -> Route {
        let (Some(esp), Some(engine)) = (&self.params.esp, self.esp_engine) else { return Route::default() };
        let time = (n / esp.rate).max(esp.packet_rate.interval());
        let context = self.sa_cache.map_or_else(Route::default, |sa| {
            let fetch = route![
                Hop::Acquire(sa.fetches, 1),
                self.slot.read_payload(esp.sa_context, Bytes::ZERO, SA_CONTEXT),
                Hop::Release(sa.fetches, 1),
            ];
            Hop::Lookup(Lookup { cache: sa.cache, key: Key::Flow, hits: sa.hits }, fetch).into()
        });
        route![context, Hop::Serve(Visit::new(engine, time, esp.latency, label).of(n))]
    }
}
