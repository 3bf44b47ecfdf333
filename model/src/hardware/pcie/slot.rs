//! A device's attachment: what DMA through its links meets on the way.

use super::ordering::Request;
use super::{Iommu, Ordering, SlotParams, TlpLoad};
use crate::hardware::ddio::Leak;
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

/// What a read is called in traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Its request, which goes up.
    pub asked: &'static str,
    /// The data, which comes down.
    pub comes: &'static str,
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
    /// What leaks from the cache of what the device writes.
    pub leak: Option<Leak>,
    /// Octets of posted data that may be on their way, where credits limit them.
    pub credits: Option<PoolId>,
    /// Octets of read data that the device has room for, where that limits.
    pub completion_buffer: Option<PoolId>,
    /// The IOMMU, where it translates.
    pub iommu: Option<Iommu>,
    /// Translations of this device that may be looked up or walked for at a time, where that is limited.
    pub translations: Option<PoolId>,
    /// In which order its requests are done.
    pub ordering: Ordering,
    /// The root complex and its time for one transfer, where that limits.
    pub root_complex: Option<(StationId, Time)>,
}

impl Slot {
    /// The device reads `n` octets, `goodput` of them payload: tags, requests up, the root complex's latency,
    /// completions down.
    pub fn read_payload(&self, n: Bytes, goodput: Bytes, read: Read) -> Route {
        let requests = self.params.read_requests(n) as u32;
        if requests > 1 && self.tags_may_limit() {
            let place: Vec<Hop> = self.iommu.iter().map(Iommu::place).collect();
            return route![place, self.read_by_requests(n, goodput, read)];
        }
        let target = if self.iommu.is_some_and(|iommu| iommu.is_fresh()) { Target::Fresh } else { Target::Buffer };
        self.read_at_once(n, goodput, target, read)
    }

    /// The device reads `n` octets that are no payload and lie in a page of their own, such as headers.
    pub fn read_elsewhere(&self, n: Bytes, read: Read) -> Route {
        self.read_at_once(n, Bytes::ZERO, Target::Elsewhere, read)
    }

    /// The device reads `n` octets of the SA's entry in a table whose entries take `entry` octets each.
    pub fn read_entry(&self, n: Bytes, entry: Bytes, read: Read) -> Route {
        self.read_at_once(n, Bytes::ZERO, Target::Entry(entry), read)
    }

    fn read_at_once(&self, n: Bytes, goodput: Bytes, target: Target, read: Read) -> Route {
        let requests = self.params.read_requests(n) as u32;
        let load = self.params.read(n);
        let transfer = Transfer { requests, payload: goodput, ..Transfer::of(load, target) };
        self.outstanding(n, requests, self.reads(transfer, n, read))
    }

    /// A read of `n` octets holds its tags, and room for what it asks for, until all of it is there.
    fn outstanding(&self, n: Bytes, requests: u32, read: Route) -> Route {
        let room = |hop: fn(PoolId, u32) -> Hop| -> Vec<Hop> {
            self.completion_buffer.map(|pool| hop(pool, credits(n))).into_iter().collect()
        };
        route![
            Hop::Acquire(self.tags.0, requests),
            room(Hop::Acquire),
            read,
            room(Hop::Release),
            Hop::Release(self.tags.0, requests)
        ]
    }

    /// Whether what tags and completion buffer allow in flight carries less than twice the link's rate. Then each
    /// request waits for its own tag and room; else all of a read take theirs at once, with fewer events and the same
    /// result.
    fn tags_may_limit(&self) -> bool {
        let tags = self.params.max_read_request_size * u64::from(self.tags.1);
        let in_flight = self.params.completion_buffer.map_or(tags, |room| room.min(tags));
        self.links.iter().any(|link| in_flight / link.rate_down < self.read_latency() * 2)
    }

    /// Each request by itself, as far as the link goes; the read is complete when all are.
    fn read_by_requests(&self, n: Bytes, goodput: Bytes, read: Read) -> Route {
        let largest = self.params.max_read_request_size;
        let whole = n.get() / largest.get();
        let rest = Bytes::new(n.get() % largest.get());
        let request = |octets: Bytes, goodput: Bytes| {
            let load = self.params.read(octets);
            let transfer = Transfer { payload: goodput, ..Transfer::of(load, Target::Buffer) };
            self.outstanding(octets, 1, self.reads(transfer, octets, read))
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

    /// The device reads one descriptor of `n` octets, `goodput` of them payload, out of a batch that it fetches at a time;
    /// `doorbell` octets of MMIO write came down before.
    pub fn read_descriptor(&self, n: Bytes, goodput: Bytes, batch: u32, doorbell: Bytes, read: Read) -> Route {
        self.reads(Transfer { payload: goodput, ..self.descriptors(n, batch, doorbell, false) }, n, read)
    }

    /// As [`Self::read_descriptor`], ahead of need: nobody waits for its latency.
    pub fn prefetch_descriptor(&self, n: Bytes, batch: u32, doorbell: Bytes, read: Read) -> Route {
        self.reads(self.descriptors(n, batch, doorbell, true), n, read)
    }

    fn descriptors(&self, n: Bytes, batch: u32, doorbell: Bytes, ahead: bool) -> Transfer {
        let mut load = self.params.read(n * u64::from(batch));
        load.down = load.down + (self.params.request_tlp() + doorbell);
        let requests = self.params.read_requests(n * u64::from(batch)) as u32;
        Transfer { batch, requests, ahead, ..Transfer::of(load, Target::Ring) }
    }

    /// The device writes `n` octets, `goodput` of them payload, and then `descriptor` octets that say so.
    pub fn write_payload(&self, n: Bytes, goodput: Bytes, descriptor: Bytes, label: &'static str) -> Route {
        let load = self.params.write(n) + self.params.write(descriptor);
        let in_memory = |memory: Memory| Hop::Serve(memory.access(n, Time::ZERO));
        let memory = self.memory.map(in_memory).or_else(|| self.leak.map(|leak| leak.access(n)));
        let requests = if descriptor > Bytes::ZERO { 2 } else { 1 };
        let credit = |hop: fn(PoolId, u32) -> Hop| self.credits.map(|pool| hop(pool, credits(n)));
        let request = Request::Payload(n + descriptor);
        let transfer = Transfer { requests, payload: goodput, request, ..Transfer::of(load, Target::Buffer) };
        route![
            credit(Hop::Acquire).into_iter().collect::<Vec<_>>(),
            self.writes(transfer, label),
            credit(Hop::Release).into_iter().collect::<Vec<_>>(),
            memory.into_iter().collect::<Vec<_>>()
        ]
    }

    /// The device writes one entry of `n` octets that covers `batch` packets, and where somebody is to be interrupted a
    /// message of so many octets for so many packets.
    pub fn write_completion(&self, n: Bytes, batch: u32, message: Option<(Bytes, u32)>, label: &'static str) -> Route {
        let entry = Transfer::of(self.params.write(n), Target::Ring);
        let (batch, packets) = (batch.max(1), message.map_or(1, |(_, packets)| packets.max(1)));
        // In the load of as many packets as make whole entries and whole messages.
        let told = n * u64::from(packets) + message.map_or(Bytes::ZERO, |(octets, _)| octets * u64::from(batch));
        let message = message.map_or(Bytes::ZERO, |(message, _)| self.params.write(message).up);
        let up = entry.load.up * u64::from(packets) + message * u64::from(batch);
        let transfers = packets + if message > Bytes::ZERO { batch } else { 0 };
        self.writes(
            Transfer {
                load: TlpLoad { up, down: Bytes::ZERO },
                batch: batch * packets,
                requests: transfers,
                transfers,
                request: Request::Notice(told),
                ..entry
            },
            label,
        )
    }

    /// The device writes `n` octets of such an entry, and waits for nothing.
    pub fn post(&self, n: Bytes, entry: Bytes, label: &'static str) -> Route {
        let load = self.params.write(n);
        let transfer =
            Transfer { ahead: true, request: Request::Payload(n), ..Transfer::of(load, Target::Entry(entry)) };
        Route(self.up(&transfer, Bytes::ZERO, Time::ZERO, label))
    }

    /// Up through every link to memory.
    fn writes(&self, transfer: Transfer, label: &'static str) -> Route {
        let latency = self.params.write_latency + self.params.node_latency();
        Route(self.up(&transfer, transfer.payload, latency, label))
    }

    /// Up through every link and, with `n` octets from memory, down again.
    fn reads(&self, transfer: Transfer, n: Bytes, read: Read) -> Route {
        let latency = if transfer.ahead { Time::ZERO } else { self.read_latency() };
        let mut hops = self.up(&transfer, Bytes::ZERO, latency, read.asked);
        hops.extend(self.memory.map(|memory| Hop::Serve(memory.access(n, Time::ZERO))));
        let links = self.links.iter().rev().map(|link| (link.down, transfer.load.down, link.rate_down));
        hops.extend(transfer.through(links, transfer.payload, read.comes).into_iter().map(Hop::Serve));
        Route(hops)
    }

    /// Up through every link, over the root complex, which takes `latency`, and the IOMMU. Payload is translated; the
    /// pages of descriptor rings, few and always in use, are not looked up.
    fn up(&self, transfer: &Transfer, payload: Bytes, latency: Time, label: &'static str) -> Vec<Hop> {
        let links = self.links.iter().map(|link| (link.up, transfer.load.up, link.rate_up));
        let mut visits = transfer.through(links, payload, label);
        // The device's own link waits for its engine.
        if let Some(own) = visits.first_mut() {
            let turnaround = self.params.request_turnaround.unwrap_or(Time::ZERO) * u64::from(transfer.requests);
            own.time += turnaround.scale(transfer.share());
        }
        let in_order = self.ordering.holds(transfer.request);
        if let Some(last) = visits.last_mut().filter(|_| !in_order) {
            last.latency = latency;
        }
        let root_complex = self.root_complex.map(|(station, time)| {
            Hop::Serve(Visit::new(
                station,
                time.scale(transfer.share() * f64::from(transfer.transfers)),
                Time::ZERO,
                "root complex",
            ))
        });
        let translation = self.iommu.and_then(|iommu| match transfer.target {
            Target::Buffer => Some(iommu.translate_buffer()),
            Target::Fresh => Some(iommu.translate_fresh()),
            Target::Elsewhere => Some(iommu.translate_elsewhere()),
            Target::Entry(octets) => Some(iommu.translate_entry(octets)),
            Target::Ring => None,
        });
        let places =
            |hop: fn(PoolId, u32) -> Hop| self.translations.filter(|_| translation.is_some()).map(|pool| hop(pool, 1));
        let translation = places(Hop::Acquire).into_iter().chain(translation.clone()).chain(places(Hop::Release));
        let met = self.ordering.meets(transfer.request, transfer.share(), latency, translation.collect());
        visits.into_iter().map(Hop::Serve).chain(root_complex).chain(met).collect()
    }

    fn read_latency(&self) -> Time {
        let dram = if self.memory.is_some() { self.params.dram_latency } else { Time::ZERO };
        self.params.read_latency + self.params.node_latency() + dram
    }
}

/// Octets of flow control credits that `n` octets of data take: they come in units of 16 (Base Specification
/// section 2.6.1).
fn credits(n: Bytes) -> u32 {
    n.pieces(CREDIT) as u32 * CREDIT.get() as u32
}

/// What a transfer places on the links; each job places a `1 / batch` share.
struct Transfer {
    load: TlpLoad,
    /// Requests that its device makes for it: reads, or writes as a whole.
    requests: u32,
    batch: u32,
    /// Transfers that the load is of.
    transfers: u32,
    /// Octets of goodput that cross PCIe with it.
    payload: Bytes,
    target: Target,
    /// What it is as order goes.
    request: Request,
    /// Whether nobody waits for it.
    ahead: bool,
}

/// What of host memory a transfer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// The job's buffer, which stays in its page from transfer to transfer.
    Buffer,
    /// A buffer that has been mapped for this transfer.
    Fresh,
    /// A page that belongs to no packet.
    Elsewhere,
    /// The SA's entry, of so many octets, in a table of the device.
    Entry(Bytes),
    /// A descriptor ring: few pages, always in use.
    Ring,
}

impl Transfer {
    /// One transfer for one packet, which waits for it.
    fn of(load: TlpLoad, target: Target) -> Self {
        Transfer {
            load,
            requests: 1,
            batch: 1,
            transfers: 1,
            payload: Bytes::ZERO,
            target,
            request: Request::Read,
            ahead: false,
        }
    }

    fn share(&self) -> f64 {
        1.0 / f64::from(self.batch.max(1))
    }

    /// Visits to the links of one direction. The payload crosses PCIe once, however many links there are: charged on the
    /// first.
    fn through(
        &self,
        links: impl Iterator<Item = (StationId, Bytes, BitRate)>,
        payload: Bytes,
        label: &'static str,
    ) -> Vec<Visit> {
        let share = self.share();
        let mut visits: Vec<Visit> = links
            .map(|(station, octets, rate)| {
                let time = (octets / rate).scale(share);
                let charges = vec![Charge::PcieTlp(octets.get() as f64 * share)];
                Visit { charges, ..Visit::new(station, time, Time::ZERO, label) }.of(octets.scale(share))
            })
            .collect();
        if let Some(first) = visits.first_mut().filter(|_| payload > Bytes::ZERO) {
            first.charges.push(Charge::PciePayload(payload));
        }
        visits
    }
}
