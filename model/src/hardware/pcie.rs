//! PCI Express slot: link rates, TLP framing, and what DMA reads and writes place on each direction.
//!
//! Formulas of the PCI Express Base Specification and of the pcie-bench model (Neugebauer et al., "Understanding PCIe
//! performance for end host networking", SIGCOMM 2018).

use serde::{Deserialize, Serialize};

use super::memory::Memory;
use crate::route;
use crate::route::{Charge, Hop, PoolId, Route, StationId, Visit};
use crate::units::{BitRate, Bytes, Time};

/// Memory write or memory read TLP without data: framing and sequence number 4 at 2.5 and 5 GT/s as at 8 GT/s, header
/// 16 (64-bit address), LCRC 4.
pub const MEMORY_REQUEST_TLP: Bytes = Bytes::new(24);
/// Completion with data, without the data: framing and sequence number 4, header 12, LCRC 4.
pub const COMPLETION_TLP: Bytes = Bytes::new(20);

/// Parameters of a slot and of the root complex behind it. Sources stand in the preset beside each value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotParams {
    /// Full name.
    pub title: String,
    /// Generation, 1 to 5.
    pub generation: u32,
    /// Lanes: 1, 2, 4, 8, 16 or 32.
    pub lanes: u32,
    /// Max_Payload_Size: largest data of a write or completion TLP.
    pub max_payload_size: Bytes,
    /// Max_Read_Request_Size: largest read asked for by one TLP.
    pub max_read_request_size: Bytes,
    /// Read Completion Boundary.
    pub read_completion_boundary: Bytes,
    /// Whether the root complex returns completions of one RCB each instead of up to MPS.
    pub split_at_rcb: bool,
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
            data_link_share: None,
        }
    }

    /// Raw rate of one direction after line encoding: 8b/10b up to 5 GT/s, 128b/130b from 8 GT/s (Base Specification
    /// section 4.2).
    pub fn raw_rate(&self) -> BitRate {
        let (megatransfers, data, line) = match self.generation {
            1 => (2_500, 8, 10),
            2 => (5_000, 8, 10),
            generation => (8_000 << (generation.clamp(3, 5) - 3), 128, 130),
        };
        BitRate::from_bps(u64::from(self.lanes) * megatransfers * 1_000_000 * data / line)
    }

    /// Share of the raw rate lost to Ack, flow-control and SKP symbols when each is sent as often as the specification
    /// demands: `8/AckLimit + 8/FcLimit + 4/1538`. Conservative: hardware coalesces more.
    pub fn data_link_share(&self) -> f64 {
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

    /// A DMA write of `n` octets: data upstream in TLPs of at most MPS.
    pub fn write(&self, n: Bytes) -> TlpLoad {
        TlpLoad { up: n + MEMORY_REQUEST_TLP * n.pieces(self.max_payload_size), down: Bytes::ZERO }
    }

    /// Read requests that a DMA read of `n` octets takes, each of at most MRRS.
    pub fn read_requests(&self, n: Bytes) -> u64 {
        n.pieces(self.max_read_request_size)
    }

    /// A DMA read of `n` octets: requests upstream, completions with data downstream, split at MPS or RCB.
    pub fn read(&self, n: Bytes) -> TlpLoad {
        let split = if self.split_at_rcb { self.read_completion_boundary } else { self.max_payload_size };
        TlpLoad { up: MEMORY_REQUEST_TLP * self.read_requests(n), down: n + COMPLETION_TLP * n.pieces(split) }
    }

    /// Payload rate when one transfer of `n` octets after the other places `load`: the busier direction rules.
    pub fn effective_rate(&self, n: Bytes, load: TlpLoad) -> BitRate {
        let busier = load.up.max(load.down).get() as f64;
        BitRate::from_bps((self.tlp_rate().as_bps() as f64 * n.get() as f64 / busier) as u64)
    }
}

/// One link of the way from a device to the root complex.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Towards the root complex.
    pub up: StationId,
    /// From the root complex.
    pub down: StationId,
    /// Rate of TLP octets in each direction.
    pub rate: BitRate,
}

/// A device's attachment: its links to the root complex and what DMA through them meets.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Parameters of the device's own link.
    pub params: SlotParams,
    /// Links from the device upwards: one for a slot of its own, two behind a switch.
    pub links: Vec<Link>,
    /// Outstanding read requests of the device.
    pub tags: PoolId,
    /// DRAM, where DMA misses the cache.
    pub memory: Option<Memory>,
}

impl Slot {
    /// The device reads `n` octets, `goodput` of them payload: tags, requests up, the root complex's latency,
    /// completions down.
    pub fn read_payload(&self, n: Bytes, goodput: Bytes, label: &'static str) -> Route {
        let tags = self.params.read_requests(n) as u32;
        let charge = Charge::PciePayload(goodput);
        route![
            Hop::Acquire(self.tags, tags),
            self.transfer(self.params.read(n), 1, label, charge, Some(n)),
            Hop::Release(self.tags, tags)
        ]
    }

    /// The device reads one descriptor of `n` octets out of a batch that it fetches at a time; `doorbell` octets of
    /// MMIO write came down before.
    pub fn read_descriptor(&self, n: Bytes, batch: u32, doorbell: Bytes, label: &'static str) -> Route {
        let mut load = self.params.read(n * u64::from(batch));
        load.down = load.down + (MEMORY_REQUEST_TLP + doorbell);
        self.transfer(load, batch, label, Charge::PciePayload(Bytes::ZERO), Some(n))
    }

    /// The device writes `n` octets, `goodput` of them payload, and then `descriptor` octets that say so.
    pub fn write_payload(&self, n: Bytes, goodput: Bytes, descriptor: Bytes, label: &'static str) -> Route {
        let load = self.params.write(n) + self.params.write(descriptor);
        let memory = self.memory.map(|memory| Hop::Serve(memory.access(n, Time::ZERO)));
        route![
            self.transfer(load, 1, label, Charge::PciePayload(goodput), None),
            memory.into_iter().collect::<Vec<_>>()
        ]
    }

    /// The device writes one entry of `n` octets that covers `batch` packets.
    pub fn write_completion(&self, n: Bytes, batch: u32, label: &'static str) -> Route {
        self.transfer(self.params.write(n), batch, label, Charge::PciePayload(Bytes::ZERO), None)
    }

    /// Up through every link and, for a read, down again; each job places a `1 / batch` share of the load.
    fn transfer(&self, load: TlpLoad, batch: u32, label: &'static str, payload: Charge, read: Option<Bytes>) -> Route {
        let share = 1.0 / f64::from(batch.max(1));
        let visit = |station, bytes: Bytes, rate, latency, charge| {
            let time = (bytes / rate).scale(share);
            Hop::Serve(Visit { charges: vec![charge], ..Visit::new(station, time, latency, label) })
        };
        let mut hops = Vec::new();
        // The payload crosses PCIe once, however many links there are: charged on the first.
        let mut charge = Some(payload);
        let last = self.links.len() - 1;
        for (i, link) in self.links.iter().enumerate() {
            let latency = match (i == last, read) {
                (false, _) => Time::ZERO,
                (true, None) => self.params.write_latency,
                (true, Some(_)) if self.memory.is_some() => self.params.read_latency + self.params.dram_latency,
                (true, Some(_)) => self.params.read_latency,
            };
            hops.push(visit(link.up, load.up, link.rate, latency, Charge::PcieTlp(load.up.get() as f64 * share)));
            if let (Some(Hop::Serve(visit)), Some(charge)) = (hops.last_mut(), charge.take()) {
                visit.charges.push(charge);
            }
        }
        let Some(n) = read else { return Route(hops) };
        if let Some(memory) = self.memory {
            hops.push(Hop::Serve(memory.access(n, Time::ZERO)));
        }
        for link in self.links.iter().rev() {
            let charge = Charge::PcieTlp(load.down.get() as f64 * share);
            hops.push(visit(link.down, load.down, link.rate, Time::ZERO, charge));
        }
        Route(hops)
    }
}
