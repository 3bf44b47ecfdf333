//! Network interface card: descriptor rings, DMA, segmentation, checksum and inline ESP engines.

use serde::{Deserialize, Serialize};

use super::core::Core;
use super::pcie::Slot;
use super::wire::Wire;
use crate::profile::Algorithm;
use crate::route;
use crate::route::{Category, GateId, Hop, PoolId, Route, StationId, Visit};
use crate::traffic::Packet;
use crate::units::{BitRate, Bytes, PacketRate, Time};

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
    /// Descriptors per transmit ring; one ring per core.
    pub ring: u32,
    /// On-chip packet buffer for transmit.
    pub buffer: Bytes,
    /// DMA read requests that may be outstanding.
    pub read_tags: u32,
    /// Size of one transmit descriptor (WQE).
    pub descriptor: Bytes,
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
}

/// Octets of an MMIO doorbell write.
const DOORBELL: Bytes = Bytes::new(8);
/// Octets of an MSI-X message (PCI Express Base Specification section 6.1.4.2).
const MSI_X: Bytes = Bytes::new(4);

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
    /// The wire.
    pub wire: Wire,
    /// Entries of the core's transmit ring.
    pub ring: PoolId,
    /// Transmit buffer, in octets.
    pub buffer: PoolId,
    /// Interrupt moderation of the core's queue.
    pub moderation: GateId,
}

impl Nic {
    /// The doorbell reaches the NIC, which reads the descriptor.
    pub fn fetch_descriptor(&self) -> Route {
        let p = &self.params;
        self.slot.read_descriptor(p.descriptor, p.descriptor_batch, DOORBELL, "NIC reads descriptor")
    }

    /// The NIC reads `dma` octets and sends the packet, encrypting it on the way if it is to.
    pub fn transmit(&self, dma: Bytes, packet: &Packet, encrypt: bool) -> Route {
        let held = packet.frame.get() as u32;
        let esp = self.seal(packet.encrypted).filter(|_| encrypt).map_or_else(Route::default, Route::from);
        route![
            Hop::Acquire(self.buffer, held),
            self.slot.read_payload(dma, packet.goodput, "NIC reads payload"),
            Hop::Serve(Visit::new(
                self.packet_engine,
                self.params.packet_rate.interval(),
                self.params.latency,
                "NIC processes packet"
            )),
            esp,
            Hop::Serve(self.wire.send(packet.frame)),
            Hop::Release(self.buffer, held),
            Hop::Depart(*packet),
        ]
    }

    /// The NIC writes a completion, raises an interrupt when moderation lets it, and the core cleans up.
    pub fn complete(&self, core: &Core<'_>) -> Route {
        let p = &self.params;
        let stack = &core.profile.stack;
        route![
            self.slot.write_completion(p.completion + MSI_X, p.completion_batch, "NIC writes completion"),
            Hop::Gather(self.moderation, core.work("interrupt", &[(Category::Interrupt, stack.interrupt)])),
            Hop::Serve(core.work("transmit completion", &[(Category::Complete, stack.complete)])),
            Hop::Release(self.ring, 1),
        ]
    }

    fn seal(&self, n: Bytes) -> Option<Hop> {
        let esp = self.params.esp.as_ref()?;
        let time = (n / esp.rate).max(esp.packet_rate.interval());
        Some(Hop::Serve(Visit::new(self.esp_engine?, time, esp.latency, "NIC encrypts")))
    }
}
