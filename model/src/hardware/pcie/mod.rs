//! PCI Express slot: link rates, TLP framing, and what DMA reads and writes place on each direction.
//!
//! Formulas of the PCI Express Base Specification and of the pcie-bench model (Neugebauer et al., "Understanding PCIe
//! performance for end host networking", SIGCOMM 2018).

mod iommu;
mod ordering;
mod slot;

pub use iommu::{DmaMapping, Iommu, IommuParams, Mapping, Units};
pub use ordering::Ordering;
use serde::{Deserialize, Serialize};
pub use slot::{Link, Read, Slot};

use crate::units::{BitRate, Bytes, Time};

/// Memory write or memory read TLP without data: framing and sequence number 4 at 2.5 and 5 GT/s as at 8 GT/s, header
/// 16 (64-bit address), LCRC 4.
pub const MEMORY_REQUEST_TLP: Bytes = Bytes::new(24);
/// Completion with data, without the data: framing and sequence number 4, header 12, LCRC 4.
pub const COMPLETION_TLP: Bytes = Bytes::new(20);
/// In flit mode, which 64 GT/s demands, a TLP has neither framing nor sequence number nor LCRC of its own: of a memory
/// request with 64-bit address its header of 4 DW is left, of a completion its header of 3 DW (Base Specification 6.0
/// section 2.2.1.2).
const FLIT_MEMORY_REQUEST: Bytes = Bytes::new(16);
const FLIT_COMPLETION: Bytes = Bytes::new(12);
/// Octets of a flit, and those of them that are TLPs; the others are 6 of data link layer, 8 of CRC and 6 of FEC (Base
/// Specification 6.0 section 4.2.3; D. Das Sharma, "PCI Express 6.0 Specification: A Low-Latency, High-Bandwidth,
/// High-Reliability, and Cost-Effective Interconnect With 64.0 GT/s PAM-4 Signaling", IEEE Micro 41(1), 2021).
const FLIT: f64 = 256.0;
const FLIT_TLPS: f64 = 236.0;

/// Parameters of a slot and of the root complex behind it. Sources stand in the preset beside each value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotParams {
    /// Full name.
    pub title: String,
    /// Generation.
    pub generation: u32,
    /// Lanes.
    pub lanes: u32,
    /// Max_Payload_Size: largest data of a write or completion TLP.
    pub max_payload_size: Bytes,
    /// Max_Read_Request_Size: largest read asked for by one TLP.
    pub max_read_request_size: Bytes,
    /// Read Completion Boundary.
    pub read_completion_boundary: Bytes,
    /// Whether the root complex returns completions of one RCB each instead of up to MPS.
    pub split_at_rcb: bool,
    /// Reads of up to this size are answered with completions of one RCB each, larger ones of up to MPS: what a root
    /// complex shows that sends each cache line as it comes and combines only what waits; absent for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_reads_up_to: Option<Bytes>,
    /// From a read request's arrival at the root complex to its first completion leaving, data in cache.
    pub read_latency: Time,
    /// What a read takes longer when the data is in DRAM.
    pub dram_latency: Time,
    /// From a posted write's arrival at the root complex until the CPU can see it.
    pub write_latency: Time,
    /// From the CPU's MMIO write until the device acts on it.
    pub doorbell_latency: Time,
    /// Share of the raw rate that data-link packets and ordered sets take; absent for the specification's bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_link_share: Option<f64>,
    /// The same downstream, where completions come, if it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_link_share_down: Option<f64>,
    /// Which NUMA node's memory the device works on.
    #[serde(default, skip_serializing_if = "Numa::is_local")]
    pub numa: Numa,
    /// What reads and writes take longer on the memory of another node.
    pub numa_latency: Time,
    /// Data credits for posted requests that the root port grants: how much written data may be on its way; absent for
    /// infinite credits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted_data_credits: Option<Bytes>,
    /// For how long the device's DMA engine leaves its link towards the root complex idle with each request, a read
    /// request or a whole write: what it takes to turn from one request to the next; absent for none. An NFP6000 shows
    /// 3.2 ns: writes of 128 B beyond the link's own time (pcie-bench raw data, Neugebauer et al., SIGCOMM 2018).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_turnaround: Option<Time>,
    /// Data that the device has room for when reads are answered: it asks for no more than fits (its completion
    /// credits; Base Specification section 2.6.1); absent for room enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_buffer: Option<Bytes>,
    /// Cache lines that the root complex makes visible at a time of those that are written in order, without the relaxed
    /// ordering attribute or as completions; absent for as many as come. A ConnectX-4 Lx on an Arm host received 10 Gb/s in
    /// order and 40 Gb/s with the attribute into the memory of the other socket (Linux commit 17347d5430c4, net/mlx5e: Add
    /// support for PCI relaxed ordering).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_writes: Option<u32>,
}

/// Whose memory a device works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numa {
    /// That of the node that its slot belongs to.
    #[default]
    Local,
    /// That of another node, across the socket interconnect.
    Remote,
}

impl Numa {
    fn is_local(&self) -> bool {
        *self == Numa::Local
    }
}

/// The TLP octets that one transfer places on the two directions of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TlpLoad {
    /// From the device to the root complex.
    pub up: Bytes,
    /// From the root complex to the device.
    pub down: Bytes,
}

impl std::ops::Add for TlpLoad {
    type Output = TlpLoad;
    fn add(self, other: TlpLoad) -> TlpLoad {
        TlpLoad { up: self.up + other.up, down: self.down + other.down }
    }
}

impl SlotParams {
    /// A link of which only the formulas are asked: Max_Payload_Size 256 B, Max_Read_Request_Size 512 B, no latency.
    pub fn bare(generation: u32, lanes: u32) -> Self {
        SlotParams {
            title: format!("PCIe Gen{generation} x{lanes}"),
            generation,
            lanes,
            max_payload_size: Bytes::new(256),
            max_read_request_size: Bytes::new(512),
            read_completion_boundary: Bytes::new(64),
            split_at_rcb: false,
            read_latency: Time::ZERO,
            dram_latency: Time::ZERO,
            write_latency: Time::ZERO,
            doorbell_latency: Time::ZERO,
            split_reads_up_to: None,
            data_link_share: None,
            data_link_share_down: None,
            numa: Numa::Local,
            numa_latency: Time::ZERO,
            posted_data_credits: None,
            request_turnaround: None,
            completion_buffer: None,
            ordered_writes: None,
        }
    }

    /// Whether TLPs travel in flits of fixed size.
    fn is_flit_mode(&self) -> bool {
        self.generation >= 6
    }

    /// A memory read or write TLP on the link, without data.
    pub fn request_tlp(&self) -> Bytes {
        if self.is_flit_mode() { FLIT_MEMORY_REQUEST } else { MEMORY_REQUEST_TLP }
    }

    /// A completion TLP on the link, without its data.
    pub fn completion_tlp(&self) -> Bytes {
        if self.is_flit_mode() { FLIT_COMPLETION } else { COMPLETION_TLP }
    }

    /// Raw rate of one direction after line encoding: 8b/10b up to 5 GT/s, 128b/130b from 8 GT/s, 1b/1b at 64 GT/s
    /// (Base Specification section 4.2).
    pub fn raw_rate(&self) -> BitRate {
        let (megatransfers, data, line) = match self.generation {
            1 => (2_500, 8, 10),
            2 => (5_000, 8, 10),
            generation @ ..=5 => (8_000 << (generation.max(3) - 3), 128, 130),
            _ => (64_000, 1, 1),
        };
        BitRate::from_bps(u64::from(self.lanes) * megatransfers * 1_000_000 * data / line)
    }

    /// Share of the raw rate lost to Ack, flow-control and SKP symbols when each is sent as often as the specification
    /// demands: `8/AckLimit + 8/FcLimit + 4/1538`. Conservative: hardware coalesces more. In flit mode, the share of a
    /// flit that is no TLP: 20 of 256 octets.
    pub fn data_link_share(&self) -> f64 {
        if self.is_flit_mode() {
            return self.data_link_share.unwrap_or(1.0 - FLIT_TLPS / FLIT);
        }
        let limit = self.ack_limit_symbols() as f64;
        self.data_link_share.unwrap_or(8.0 / limit + 8.0 / limit + 4.0 / 1538.0)
    }

    /// The Ack latency limit in symbol times, which is the update guideline for flow control too (Base Specification
    /// section 3.5.3.1): `(MPS + 28) AckFactor / lanes + delay`, rounded down.
    pub fn ack_limit_symbols(&self) -> u64 {
        let mps = self.max_payload_size.get();
        // AckFactor in tenths, by payload size and link width.
        let tenths = match (mps, self.lanes) {
            (..=256, ..=4) => 14,
            (..=256, 8) => 25,
            (..=256, _) => 30,
            (_, ..=8) => 10,
            (_, _) => 20,
        };
        let internal_delay = match self.generation {
            1 => 19,
            2 => 70,
            _ => 115,
        };
        (mps + 28) * tenths / (10 * u64::from(self.lanes)) + internal_delay
    }

    /// Rate of one direction that TLPs can use.
    pub fn tlp_rate(&self) -> BitRate {
        let raw = self.raw_rate().as_bps() as f64;
        BitRate::from_bps((raw * (1.0 - self.data_link_share())) as u64)
    }

    /// As [`Self::tlp_rate`], downstream.
    pub fn tlp_rate_down(&self) -> BitRate {
        match self.data_link_share_down {
            Some(share) => BitRate::from_bps((self.raw_rate().as_bps() as f64 * (1.0 - share)) as u64),
            None => self.tlp_rate(),
        }
    }

    /// What the NUMA node adds to reads and writes.
    pub fn node_latency(&self) -> Time {
        if self.numa == Numa::Remote { self.numa_latency } else { Time::ZERO }
    }

    /// A DMA write of `n` octets: data upstream in TLPs of at most MPS.
    pub fn write(&self, n: Bytes) -> TlpLoad {
        TlpLoad { up: n + self.request_tlp() * n.pieces(self.max_payload_size), down: Bytes::ZERO }
    }

    /// Read requests that a DMA read of `n` octets takes, each of at most MRRS.
    pub fn read_requests(&self, n: Bytes) -> u64 {
        n.pieces(self.max_read_request_size)
    }

    /// A DMA read of `n` octets: requests upstream, completions with data downstream, split at MPS or RCB.
    pub fn read(&self, n: Bytes) -> TlpLoad {
        let split = if self.split_at_rcb || self.split_reads_up_to.is_some_and(|largest| n <= largest) {
            self.read_completion_boundary
        } else {
            // A completion answers one request.
            self.max_payload_size.min(self.max_read_request_size)
        };
        TlpLoad { up: self.request_tlp() * self.read_requests(n), down: n + self.completion_tlp() * n.pieces(split) }
    }

    /// Payload rate when one transfer of `n` octets after the other places `load`: the busier direction rules.
    pub fn effective_rate(&self, n: Bytes, load: TlpLoad) -> BitRate {
        let busier = load.up.max(load.down).get() as f64;
        BitRate::from_bps((self.tlp_rate().as_bps() as f64 * n.get() as f64 / busier) as u64)
    }
}
