//! Network interface card: descriptor rings, DMA, segmentation, checksum and inline ESP engines.

use serde::{Deserialize, Serialize};

use crate::profile::Algorithm;
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
