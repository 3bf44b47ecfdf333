//! Network interface card: descriptor rings, DMA, segmentation, checksum and inline ESP engines.

mod receive;

use serde::{Deserialize, Serialize};

use super::core::Core;
use super::inline;
use super::inline_esp::{InlineEsp, SaCache};
use super::pcie::{Read, Slot, SlotParams};
use super::wire::{FCS, Wire};
use crate::route;
use crate::route::{Category, GateId, Hop, PoolId, Route, StationId, Visit};
use crate::traffic::Packet;
use crate::units::{BitRate, Bytes, PacketRate, Time};

/// Parameters of a NIC. Sources stand in the preset beside each value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NicParams {
    /// Full name.
    pub title: String,
    /// NICs of this kind, each in a slot of its own; every core has queues on all of them, SAs are spread over them.
    pub count: u32,
    /// Ports in use, which share chip and slot. A gateway's clear side is the first one, its ESP side the last.
    pub ports: u32,
    /// Whether packets leave by it only after a failover.
    pub standby: bool,
    /// Its slot.
    pub pcie: SlotParams,
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
    /// On-chip packet buffer of a port for what comes in and is not in host memory yet; what finds no room is lost.
    pub receive_buffer: Bytes,
    /// Receive descriptors that the driver gives back at a time.
    pub refill_batch: u32,
    /// DMA read requests that may be outstanding.
    pub read_tags: u32,
    /// Whether reads and writes of payload have the relaxed ordering attribute; completions and interrupts never do.
    pub relaxed_ordering: bool,
    /// Size of one transmit descriptor (WQE).
    pub descriptor: Bytes,
    /// Size of one receive descriptor.
    pub receive_descriptor: Bytes,
    /// Descriptors fetched by one DMA read.
    pub descriptor_batch: u32,
    /// Packets of up to so many octets are copied into their descriptors by the core, and need no read of their own; absent
    /// for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<Bytes>,
    /// Whether the driver copies the headers of what the NIC segments into the descriptor.
    pub inline_headers: bool,
    /// Highest rate of all queues and ports together of packets that a descriptor points to and the NIC gathers; absent
    /// where that is no limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gather_rate: Option<PacketRate>,
    /// Size of one completion entry (CQE).
    pub completion: Bytes,
    /// Packets that one completion entry covers.
    pub completion_batch: u32,
    /// The same of those that were received, where it is another number: more of them with completion compression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receive_completion_batch: Option<u32>,
    /// What frames that come in are padded to a multiple of in host memory, so that no cache line is written in part;
    /// absent for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receive_padding: Option<Bytes>,
    /// Where packets wait that the NIC forwards by itself; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hairpin: Option<Hairpin>,
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
    /// Name of the CPU preset of the SoC's cores on a DPU; absent in a NIC without cores of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soc_cpu: Option<String>,
    /// How many such cores; absent in a NIC without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soc_cores: Option<u32>,
    /// What receive-side scaling hashes of ESP packets, and so what comes to one queue.
    pub rss_esp: RssEsp,
}

/// What a NIC hashes of an ESP packet to choose its queue (`ethtool -n rx-flow-hash esp4`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RssEsp {
    /// Outer addresses and SPI: an SA has a queue.
    Spi,
    /// Outer addresses: all SAs of a peer share a queue.
    Addresses,
    /// Nothing: all ESP comes to the first queue.
    None,
}

/// Where packets wait between the receive and the send queue of a hairpin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hairpin {
    /// In memory of the NIC's own (mlx5: `HAIRPIN_DATA_BUFFER_LOCK`).
    OnChip,
    /// In host memory, over PCIe and back.
    HostMemory,
}

/// Octets of an MMIO doorbell write.
const DOORBELL: Bytes = Bytes::new(8);
/// Octets of an MSI-X message, a posted write of its own (PCI Express Base Specification section 6.1.4.2).
const MSI_X: Bytes = Bytes::new(4);

/// What the NIC's reads are called.
const DESCRIPTOR: Read = Read { asked: "NIC asks for descriptor", comes: "descriptor, RAM to NIC" };
const PAYLOAD: Read = Read { asked: "NIC asks for payload", comes: "payload, RAM to NIC" };
const HEADERS: Read = Read { asked: "NIC asks for headers", comes: "headers, RAM to NIC" };
const RECEIVE_DESCRIPTOR: Read =
    Read { asked: "NIC asks for receive descriptor", comes: "receive descriptor, RAM to NIC" };

/// The NIC as one core sees it: shared engines, a ring of its own.
#[derive(Debug, Clone)]
pub struct Nic {
    /// Parameters.
    pub params: NicParams,
    /// Its PCIe attachment.
    pub slot: Slot,
    /// Packet engine: the packet-rate limit.
    pub packet_engine: StationId,
    /// Where the NIC gathers packets that descriptors point to, where that may limit.
    pub gather: Option<StationId>,
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
    /// Packets that may wait for a place in the transmit ring; none where the stack does not queue.
    pub transmit_queue: Option<PoolId>,
    /// Packets of an interrupt; none where cores poll and nothing interrupts them.
    pub interrupted: Option<u32>,
    /// Whether packets that find no room are dropped; a saturating sender is held back instead.
    pub drops: bool,
    /// Polls of the core's receive queue.
    pub polling: GateId,
    /// Transmit buffer, in octets.
    pub buffer: PoolId,
    /// Receive buffer of the port that packets come in by, in octets.
    pub receive_buffer: PoolId,
    /// Interrupt moderation of the core's queue.
    pub moderation: GateId,
}

impl Nic {
    /// The doorbell reaches the NIC, which reads the descriptor of what the NIC segments: with the `headers` where they lie
    /// in it, else they are read too.
    pub fn fetch_super_packet(&self, headers: Bytes) -> Route {
        match self.params.inline_headers {
            true => self.fetch(inline::descriptor(self.params.descriptor, headers), Bytes::ZERO),
            false => {
                let headers = self.slot.read_elsewhere(headers, HEADERS);
                route![self.fetch(self.params.descriptor, Bytes::ZERO), headers]
            }
        }
    }

    /// The doorbell reaches the NIC, which reads the descriptors of a packet's frames, and small packets with them.
    pub fn fetch_descriptors(&self, dma: Bytes, frames: &[Bytes], packet: &Packet) -> Route {
        let fetches = transfers(dma, frames, packet).into_iter().map(|(_, dma, payload)| match self.inlines(dma) {
            true => self.fetch(inline::descriptor(self.params.descriptor, dma), payload),
            false => self.fetch(self.params.descriptor, Bytes::ZERO),
        });
        Route::concat(fetches)
    }

    fn fetch(&self, descriptor: Bytes, payload: Bytes) -> Route {
        self.slot.read_descriptor(descriptor, payload, self.params.descriptor_batch, DOORBELL, DESCRIPTOR)
    }

    /// Whether a packet of `dma` octets is copied into its descriptor.
    fn inlines(&self, dma: Bytes) -> bool {
        self.params.inline.is_some_and(|most| dma <= most)
    }

    /// The core copies a packet of these frames into descriptors, where it is small.
    pub fn copies_in(&self, dma: Bytes, frames: &[Bytes], packet: &Packet, core: &Core<'_>) -> Route {
        let small = transfers(dma, frames, packet).into_iter().filter(|&(_, dma, _)| self.inlines(dma));
        let octets: Bytes = small.map(|(_, dma, _)| dma).sum();
        match octets {
            Bytes::ZERO => Route::default(),
            n => Hop::Serve(core.work("copy into descriptor", &[(Category::Copy, core.memory.copy * n)])).into(),
        }
    }

    /// The same NIC where a packet is a part of a larger one that a descriptor points to.
    #[must_use]
    pub fn by_pointers(&self) -> Nic {
        Nic { params: NicParams { inline: None, ..self.params.clone() }, ..self.clone() }
    }

    /// Places in the transmit ring for the frames of a packet that came in by the wire. One that finds none waits in a queue, and is
    /// dropped if that is full; a saturating sender is held back instead.
    pub fn forwarded(&self, frames: u32) -> Route {
        let place = Hop::Acquire(self.ring, frames);
        match self.transmit_queue.filter(|_| self.drops) {
            Some(queue) => route![Hop::AcquireOrDrop(queue, 1, 1), place, Hop::Release(queue, 1)],
            None if self.drops => Hop::AcquireOrDrop(self.ring, frames, 1).into(),
            None => place.into(),
        }
    }

    /// The NIC reads `dma` octets and sends the packet in frames of these octets, several of one that is fragmented,
    /// encrypting it on the way if it is to.
    pub fn transmit(&self, dma: Bytes, frames: &[Bytes], packet: &Packet, encrypt: bool) -> Route {
        let held = octets(frames);
        let esp = if encrypt { self.cipher(packet.encrypted, "NIC encrypts") } else { Route::default() };
        let sends = frames.iter().map(|&frame| Hop::Serve(self.wire.pass(frame)).into());
        route![
            Hop::Acquire(self.buffer, held),
            self.reads(dma, frames, packet),
            esp,
            Route::concat(sends),
            Hop::Release(self.buffer, held),
            Hop::Depart(*packet),
        ]
    }

    /// The NIC reads `dma` octets of a packet in these frames, which pass its packet engine.
    pub(super) fn reads(&self, dma: Bytes, frames: &[Bytes], packet: &Packet) -> Route {
        Route::concat(transfers(dma, frames, packet).into_iter().map(|(frame, dma, payload)| {
            let read = match self.inlines(dma) {
                true => Route::default(),
                false => route![self.slot.read_payload(dma, payload, PAYLOAD), self.gathers()],
            };
            route![read, self.passes(self.packet_engine, frame), self.queue_limit()]
        }))
    }

    /// The NIC writes a completion, raises an interrupt when moderation lets it, and the core cleans up.
    /// The packet left in so many frames and was in so many buffers.
    pub fn complete(&self, core: &Core<'_>, frames: u32, buffers: u32) -> Route {
        let costs = core.costs;
        route![
            Route::concat((0..frames).map(|_| self.completes(self.params.completion_batch))),
            Hop::Gather(self.moderation, core.work("interrupt", &[(Category::Interrupt, costs.interrupt)])),
            Hop::Serve(core.clean_up(frames, buffers)),
            Hop::Release(self.ring, frames),
        ]
    }

    /// A frame of `comes` octets comes in and leaves as one of `goes`, en- or decrypted on the way, without the host; between
    /// the two it is `dma` octets.
    pub fn hairpin(&self, comes: Bytes, goes: Bytes, dma: Bytes, packet: &Packet, label: &'static str) -> Route {
        let held = comes.get() as u32;
        let by_host = match self.params.hairpin {
            Some(Hairpin::HostMemory) => route![
                self.slot.write_payload(dma, Bytes::ZERO, Bytes::ZERO, "hairpin packet, NIC to RAM"),
                self.slot.read_payload(dma, Bytes::ZERO, PAYLOAD),
            ],
            _ => Route::default(),
        };
        route![
            self.take(self.receive_buffer, held),
            Hop::Serve(self.wire_in.pass(comes)),
            self.passes(self.receive_engine, comes),
            self.queue_limit(),
            self.cipher(packet.encrypted, label),
            by_host,
            self.passes(self.packet_engine, goes),
            Hop::Serve(self.wire.pass(goes)),
            Hop::Release(self.receive_buffer, held),
            Hop::Depart(*packet),
        ]
    }

    /// Units of a pool for what comes by the wire: dropped where there are too few, or held back by a saturating sender.
    pub(super) fn take(&self, pool: PoolId, n: u32) -> Hop {
        if self.drops { Hop::AcquireOrDrop(pool, n, 1) } else { Hop::Acquire(pool, n) }
    }

    /// A completion of so many packets is written, and a message for so many as moderation lets gather: under load, where
    /// the link matters, moderation is by number and not by time.
    fn completes(&self, batch: u32) -> Route {
        let message = self.interrupted.map(|packets| (MSI_X, packets));
        self.slot.write_completion(self.params.completion, batch, message, "completion, NIC to RAM")
    }

    /// A frame passes one of the port's packet engines.
    pub(super) fn passes(&self, engine: StationId, frame: Bytes) -> Hop {
        let p = &self.params;
        Hop::Serve(Visit::new(engine, p.packet_rate.interval(), p.latency, "NIC processes packet").of(frame))
    }

    /// What the NIC has read by a pointer passes where it gathers such packets of all queues.
    fn gathers(&self) -> Route {
        let limit = self.gather.zip(self.params.gather_rate);
        limit.map_or_else(Route::default, |(station, rate)| {
            Hop::Serve(Visit::new(station, rate.interval(), Time::ZERO, "NIC gathers packet")).into()
        })
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
        let context = self.sa_cache.map_or_else(Route::default, |sa| sa.find(esp, &self.slot));
        route![context, Hop::Serve(Visit::new(engine, time, esp.latency, label).of(n))]
    }
}

/// Octets of all frames, as pools count them.
pub(super) fn octets(frames: &[Bytes]) -> u32 {
    frames.iter().copied().sum::<Bytes>().get() as u32
}

/// What crosses PCIe for each frame: all of `dma` for the only one, and for fragments each without its FCS. The packet's
/// payload counts once.
fn transfers(dma: Bytes, frames: &[Bytes], packet: &Packet) -> Vec<(Bytes, Bytes, Bytes)> {
    match frames {
        &[frame] => vec![(frame, dma, packet.goodput)],
        _ => {
            let payloads = std::iter::once(packet.goodput).chain(std::iter::repeat(Bytes::ZERO));
            frames.iter().zip(payloads).map(|(&frame, payload)| (frame, frame - FCS, payload)).collect()
        }
    }
}
