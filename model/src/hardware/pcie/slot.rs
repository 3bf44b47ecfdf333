//! A device's attachment: what DMA through its links meets on the way.

use super::{Iommu, MEMORY_REQUEST_TLP, SlotParams, TlpLoad};
use crate::hardware::memory::Memory;
use crate::route;
use crate::route::{Charge, Hop, PoolId, Route, StationId, Visit};
use crate::units::{BitRate, Bytes, Time};

/// The unit of data credits.
const CREDIT: Bytes = Bytes::new(16);

/// One link of the way from a device to the root complex.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Towards the root complex.
    pub up: StationId,
    /// From the root complex.
    pub down: StationId,
    /// Rate of TLP octets towards the root complex.
    pub rate_up: BitRate,
    /// Rate of TLP octets from the root complex.
    pub rate_down: BitRate,
}

/// A device's attachment: its links to the root complex and what DMA through them meets.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Parameters of the device's own link.
    pub params: SlotParams,
    /// Links from the device upwards: one for a slot of its own, two behind a switch.
    pub links: Vec<Link>,
    /// Outstanding read requests of the device, and how many there may be.
    pub tags: (PoolId, u32),
    /// DRAM, where DMA misses the cache.
    pub memory: Option<Memory>,
    /// Octets of posted data that may be on their way, where credits limit them.
    pub credits: Option<PoolId>,
    /// The IOMMU, where it translates.
    pub iommu: Option<Iommu>,
    /// The root complex and its time for one transfer, where that limits.
    pub root_complex: Option<(StationId, Time)>,
}

impl Slot {
    /// The device reads `n` octets, `goodput` of them payload: tags, requests up, the root complex's latency,
    /// completions down.
    pub fn read_payload(&self, n: Bytes, goodput: Bytes, label: &'static str) -> Route {
        let charge = Charge::PciePayload(goodput);
        let requests = self.params.read_requests(n) as u32;
        if requests > 1 && self.tags_may_limit() {
            return self.read_by_requests(n, goodput, label);
        }
        route![
            Hop::Acquire(self.tags.0, requests),
            self.transfer(self.params.read(n), 1, label, charge, Some(n), true),
            Hop::Release(self.tags.0, requests)
        ]
    }

    /// Whether the tags, all in use, carry less than twice the link's rate. Then each request waits for its own tag;
    /// else all of a read take theirs at once, with fewer events and the same result.
    fn tags_may_limit(&self) -> bool {
        let in_flight = self.params.max_read_request_size * u64::from(self.tags.1);
        self.links.iter().any(|link| in_flight / link.rate_down < self.read_latency() * 2)
    }

    /// Each request by itself, as far as the link goes; the read is complete when all are.
    fn read_by_requests(&self, n: Bytes, goodput: Bytes, label: &'static str) -> Route {
        let largest = self.params.max_read_request_size;
        let whole = n.get() / largest.get();
        let rest = Bytes::new(n.get() % largest.get());
        let request = |octets: Bytes, goodput: Bytes| {
            let charge = Charge::PciePayload(goodput);
            route![
                Hop::Acquire(self.tags.0, 1),
                self.transfer(self.params.read(octets), 1, label, charge, Some(octets), true),
                Hop::Release(self.tags.0, 1)
            ]
        };
        // The payload is charged to the first kind of request only, once for each of its number.
        let share = Bytes::new(goodput.get() / whole);
        let remainder = goodput - share * whole;
        let mut requests = vec![(request(largest, share), whole as u32)];
        if rest > Bytes::ZERO {
            requests.push((request(rest, remainder), 1));
        } else if remainder > Bytes::ZERO {
            requests = vec![(request(largest, share), whole as u32 - 1), (request(largest, share + remainder), 1)];
        }
        requests.retain(|(_, count)| *count > 0);
        Hop::Split(requests).into()
    }

    /// The device reads one descriptor of `n` octets out of a batch that it fetches at a time; `doorbell` octets of
    /// MMIO write came down before.
    pub fn read_descriptor(&self, n: Bytes, batch: u32, doorbell: Bytes, label: &'static str) -> Route {
        let mut load = self.params.read(n * u64::from(batch));
        load.down = load.down + (MEMORY_REQUEST_TLP + doorbell);
        self.transfer(load, batch, label, Charge::PciePayload(Bytes::ZERO), Some(n), false)
    }

    /// The device writes `n` octets, `goodput` of them payload, and then `descriptor` octets that say so.
    pub fn write_payload(&self, n: Bytes, goodput: Bytes, descriptor: Bytes, label: &'static str) -> Route {
        let load = self.params.write(n) + self.params.write(descriptor);
        let memory = self.memory.map(|memory| Hop::Serve(memory.access(n, Time::ZERO)));
        // Credits come in units of 16 octets (Base Specification section 2.6.1).
        let units = n.pieces(CREDIT) as u32 * CREDIT.get() as u32;
        let credit = |hop: fn(PoolId, u32) -> Hop| self.credits.map(|pool| hop(pool, units));
        route![
            credit(Hop::Acquire).into_iter().collect::<Vec<_>>(),
            self.transfer(load, 1, label, Charge::PciePayload(goodput), None, true),
            credit(Hop::Release).into_iter().collect::<Vec<_>>(),
            memory.into_iter().collect::<Vec<_>>()
        ]
    }

    /// The device writes one entry of `n` octets that covers `batch` packets.
    pub fn write_completion(&self, n: Bytes, batch: u32, label: &'static str) -> Route {
        self.transfer(self.params.write(n), batch, label, Charge::PciePayload(Bytes::ZERO), None, false)
    }

    /// Up through every link and, for a read, down again; each job places a `1 / batch` share of the load. Payload is
    /// translated; the pages of descriptor rings, few and always in use, are not looked up.
    fn transfer(
        &self,
        load: TlpLoad,
        batch: u32,
        label: &'static str,
        payload: Charge,
        read: Option<Bytes>,
        translated: bool,
    ) -> Route {
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
                (true, None) => self.params.write_latency + self.params.node_latency(),
                (true, Some(_)) => self.read_latency(),
            };
            hops.push(visit(link.up, load.up, link.rate_up, latency, Charge::PcieTlp(load.up.get() as f64 * share)));
            if let (Some(Hop::Serve(visit)), Some(charge)) = (hops.last_mut(), charge.take()) {
                visit.charges.push(charge);
            }
        }
        if let Some((station, time)) = self.root_complex {
            hops.push(Hop::Serve(Visit::new(station, time.scale(share), Time::ZERO, "root complex")));
        }
        if let Some(iommu) = self.iommu.filter(|_| translated) {
            hops.push(iommu.translate());
        }
        let Some(n) = read else { return Route(hops) };
        if let Some(memory) = self.memory {
            hops.push(Hop::Serve(memory.access(n, Time::ZERO)));
        }
        for link in self.links.iter().rev() {
            let charge = Charge::PcieTlp(load.down.get() as f64 * share);
            hops.push(visit(link.down, load.down, link.rate_down, Time::ZERO, charge));
        }
        Route(hops)
    }

    fn read_latency(&self) -> Time {
        let dram = if self.memory.is_some() { self.params.dram_latency } else { Time::ZERO };
        self.params.read_latency + self.params.node_latency() + dram
    }
}
