//! Lookaside accelerator: request and response rings, engines in parallel.

use serde::{Deserialize, Serialize};

use crate::profile::Algorithm;
use crate::units::{BitRate, Bytes, PacketRate, Time};

/// Parameters of a lookaside card or on-package device. Sources stand in the preset beside each value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceleratorParams {
    /// Full name.
    pub title: String,
    /// Ciphers that it offers.
    pub algorithms: Vec<Algorithm>,
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
    /// Request descriptors fetched by one DMA read.
    pub request_batch: u32,
    /// DMA read requests that may be outstanding.
    pub read_tags: u32,
    /// Interrupt coalescing: responses before an interrupt is raised.
    pub coalesce_responses: u32,
    /// Interrupt coalescing: longest time from a response to its interrupt.
    pub coalesce_time: Time,
    /// Name of the PCIe slot preset that the card needs.
    pub slot: String,
}
