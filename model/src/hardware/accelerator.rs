//! Lookaside accelerator: request and response rings, engines in parallel.

use serde::{Deserialize, Serialize};

use super::core::Core;
use super::pcie::{Read, Slot, SlotParams};
use crate::profile::Algorithm;
use crate::route;
use crate::route::{Category, GateId, Hop, PoolId, Route, StationId, Visit};
use crate::scenario::Submission;
use crate::traffic::Packet;
use crate::units::{BitRate, Bytes, Cycles, PacketRate, Time};

/// Parameters of a lookaside card or on-package device. Sources stand in the preset beside each value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceleratorParams {
    /// Full name.
    pub title: String,
    /// Devices of this kind, each in a slot of its own; cores take them in turn.
    pub count: u32,
    /// Its slot.
    pub pcie: SlotParams,
    /// Ciphers that it offers.
    pub algorithms: Vec<Algorithm>,
    /// Ciphers that the driver in the Linux kernel's own tree registers for ESP; no others are to be had in the kernel.
    pub kernel_algorithms: Vec<Algorithm>,
    /// Engines that work in parallel, each on one request at a time.
    pub engines: u32,
    /// Crypto rate of all engines together, counted on the octets that are encrypted.
    pub rate: BitRate,
    /// Highest rate of operations of all engines together.
    pub operation_rate: PacketRate,
    /// Latency of one operation inside the card beyond the engine's own time and the PCIe transfers.
    pub latency: Time,
    /// Requests per ring; one ring pair per core.
    pub ring: u32,
    /// Size of a request descriptor.
    pub request: Bytes,
    /// Size of a response descriptor.
    pub response: Bytes,
    /// Octets of the session's content descriptor (cipher, key, order of work), which the card reads for each request;
    /// zero if requests hold it.
    pub content_descriptor: Bytes,
    /// Octets of the scatter lists of source and destination, which the card reads for each request; zero for flat buffers.
    pub scatter_lists: Bytes,
    /// Setting up the session of one SA: keys, content descriptor, the driver's own locks. One after the other.
    pub session_setup: Time,
    /// Request descriptors fetched by one DMA read.
    pub request_batch: u32,
    /// DMA read requests that may be outstanding.
    pub read_tags: u32,
    /// Whether reads and writes of payload have the relaxed ordering attribute.
    pub relaxed_ordering: bool,
    /// Interrupt coalescing: responses before an interrupt is raised.
    pub coalesce_responses: u32,
    /// Interrupt coalescing: longest time from a response to its interrupt.
    pub coalesce_time: Time,
    /// Name of the PCIe slot preset that the card needs.
    pub slot: String,
}

/// Octets of an MMIO tail-pointer write.
const DOORBELL: Bytes = Bytes::new(4);

/// What a session's content descriptor takes of memory: `dma_alloc_coherent` gives whole pages (Linux v6.8
/// drivers/crypto/intel/qat/qat_common/qat_algs.c, qat_alg_aead_newkey).
const COHERENT: Bytes = Bytes::new(4096);

/// What the card's reads are called.
const REQUEST: Read = Read { asked: "card asks for request", comes: "request, RAM to card" };
const DESCRIPTOR: Read = Read { asked: "card asks for content descriptor", comes: "content descriptor, RAM to card" };
const LISTS: Read = Read { asked: "card asks for scatter lists", comes: "scatter lists, RAM to card" };
const PAYLOAD: Read = Read { asked: "card asks for payload", comes: "payload, RAM to card" };

/// The accelerator as one core sees it: shared engines, a ring pair of its own.
#[derive(Debug, Clone)]
pub struct Accelerator {
    /// Parameters.
    pub params: AcceleratorParams,
    /// Its PCIe attachment.
    pub slot: Slot,
    /// Engines, as many units as there are.
    pub engines: StationId,
    /// Entries of the core's request ring.
    pub ring: PoolId,
    /// Interrupt coalescing of the core's response ring, or the polls for responses.
    pub coalescing: GateId,
    /// How callers wait.
    pub submission: Submission,
    /// Whether responses are handled in polls, whose end [`Hop::Polled`] or [`Hop::Merge`] tells.
    pub polled: bool,
}

impl Accelerator {
    /// The card reads a request from the ring, and what the request points to: content descriptor, scatter lists.
    pub fn fetch_request(&self) -> Route {
        let p = &self.params;
        let request = self.slot.read_descriptor(p.request, Bytes::ZERO, p.request_batch, DOORBELL, REQUEST);
        let descriptor = (p.content_descriptor > Bytes::ZERO)
            .then(|| self.slot.read_entry(p.content_descriptor, COHERENT, DESCRIPTOR));
        let lists = (p.scatter_lists > Bytes::ZERO).then(|| self.slot.read_elsewhere(p.scatter_lists, LISTS));
        route![request, Route::concat(descriptor.into_iter().chain(lists))]
    }

    /// The card reads `n` octets of a packet.
    pub fn read_payload(&self, n: Bytes, packet: &Packet) -> Route {
        self.slot.read_payload(n, packet.goodput, PAYLOAD)
    }

    /// The card writes `n` octets of a packet and then a response.
    pub fn write_payload(&self, n: Bytes, packet: &Packet) -> Route {
        self.slot.write_payload(n, packet.goodput, self.params.response, "payload, card to RAM")
    }

    /// An engine encrypts or decrypts `n` octets, as `label` says. Both limits are of all engines together, so one engine takes as many
    /// times longer.
    pub fn works(&self, n: Bytes, label: &'static str) -> Hop {
        let p = &self.params;
        let time = (n / p.rate).max(p.operation_rate.interval()) * u64::from(p.engines);
        Hop::Serve(Visit::new(self.engines, time, p.latency, label).of(n))
    }

    /// The core hears of the response: by an interrupt when coalescing lets it, or when it polls, which costs it `poll` each
    /// time.
    pub fn notify(&self, core: &Core<'_>, poll: &[(Category, Cycles)]) -> Hop {
        let interrupt = match self.submission {
            Submission::Poll => core.work("no interrupt", &[]),
            _ => core.work("interrupt", &[(Category::Interrupt, core.costs.interrupt)]),
        };
        match self.polled {
            true => Hop::Poll(self.coalescing, interrupt, core.work("poll", poll)),
            false => Hop::Gather(self.coalescing, interrupt),
        }
    }
}
