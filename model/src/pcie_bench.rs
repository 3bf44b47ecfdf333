//! A DMA device that does nothing but read and write host memory: the PCIe microbenchmark of Neugebauer et al.,
//! "Understanding PCIe performance for end host networking", SIGCOMM 2018, on the same routes that NICs and cards use.

use crate::bound::route_limits;
use crate::engine::Engine;
use crate::engine::program::{Arrivals, Workload};
use crate::hardware::memory::Memory;
use crate::hardware::pcie::{Iommu, IommuParams, Link, Ordering, Read, Slot, SlotParams};
use crate::resource::Resource;
use crate::route;
use crate::route::{Hop, Platform, Route, Visit};
use crate::traffic::Packet;
use crate::units::{BitRate, Bytes, Time};

/// Transactions before measuring begins, and until it ends. The first fill caches and queues.
const WARM_UP: u64 = 4_000;
const MEASURED: u64 = 12_000;
/// Transactions in flight when bandwidth is measured: more than any device has tags for.
const WINDOW: u32 = 256;
/// Octets that the DMA engine moves at a time.
const PIECE: Bytes = Bytes::new(128);

/// The device and the host it sits in.
#[derive(Debug, Clone, PartialEq)]
pub struct Bench {
    /// The slot and its root complex.
    pub slot: SlotParams,
    /// Translation of the device's addresses.
    pub iommu: IommuParams,
    /// Read requests that may be outstanding.
    pub tags: u32,
    /// Whether reads and writes have the relaxed ordering attribute.
    pub relaxed_ordering: bool,
    /// What the device's DMA engine adds to a transfer's latency, outside its tags.
    pub engine_latency: Time,
    /// At what rate the engine moves data between the link and its own memory, after or before the link does.
    pub engine_copy: BitRate,
    /// Time of the engine for a write, and for each 128 octets of it.
    pub write_engine: (Time, Time),
    /// Least time between two reads of a length that is no multiple of 4 octets, the unit of PCIe lengths: the engine
    /// makes a transaction of its own for the rest.
    pub odd_read: Time,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// DMA reads.
    Read,
    /// DMA writes.
    Write,
    /// As many of each.
    ReadAndWrite,
    /// A write and then a read of the same place.
    WriteThenRead,
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// What is done.
    pub operation: Operation,
    /// Octets of a transfer.
    pub size: Bytes,
    /// Host memory that transfers go to at random.
    pub window: Bytes,
    /// Whether its data is in the last-level cache.
    pub warm: bool,
}

impl Bench {
    /// Payload rate with as many transfers in flight as the device manages; of reads and writes together, of each.
    pub fn bandwidth(&self, case: Case) -> BitRate {
        let mut engine = self.engine(case, WINDOW);
        engine.run(WARM_UP, u64::MAX, u64::MAX);
        let (start, before) = (engine.now_ps(), engine.observer.bytes());
        engine.run(WARM_UP + MEASURED, u64::MAX, u64::MAX);
        let seconds = (engine.now_ps() - start) as f64 * 1e-12;
        let octets = (engine.observer.bytes() - before) as f64;
        BitRate::from_bps((octets * 8.0 / seconds) as u64)
    }

    /// Mean time of one transfer after the other.
    pub fn latency(&self, case: Case) -> Time {
        let mut engine = self.engine(case, 1);
        engine.run(WARM_UP, u64::MAX, u64::MAX);
        let start = engine.now_ps();
        engine.run(WARM_UP + MEASURED, u64::MAX, u64::MAX);
        Time::from_ps((engine.now_ps() - start) / MEASURED)
    }

    /// The closed-form bound of [`Self::bandwidth`].
    pub fn bound(&self, case: Case) -> BitRate {
        let (platform, route) = self.platform(case);
        let tightest = route_limits(&route, &platform).into_iter().map(|limit| limit.rate.as_pps());
        BitRate::from_bps((tightest.fold(f64::INFINITY, f64::min) * case.size.get() as f64 * 8.0) as u64)
    }

    fn engine(&self, case: Case, window: u32) -> Engine {
        let (platform, route) = self.platform(case);
        let compiled = platform.compile(&[(0, &route)]).expect("a handful of stations");
        let workload = Workload {
            starts: vec![compiled.starts],
            ..Workload::single(1, Arrivals::Closed { jobs_per_flow: window })
        };
        Engine::new(compiled.program, workload, 1, 256)
    }

    fn platform(&self, case: Case) -> (Platform, Route) {
        let mut platform = Platform::default();
        let engine = platform.station(Resource::DmaEngine, 1);
        let link = Link {
            up: platform.station(Resource::LinkUp, 1),
            down: platform.station(Resource::LinkDown, 1),
            rate_up: self.slot.tlp_rate(),
            rate_down: self.slot.tlp_rate_down(),
        };
        // DRAM's latency counts here; its bandwidth is far from being reached.
        let dram = Memory { station: platform.station(Resource::Memory, 1), bandwidth: BitRate::from_gbps(1e6) };
        let slot = Slot {
            params: self.slot.clone(),
            links: vec![link],
            tags: (platform.pool(Resource::Tags, self.tags), self.tags),
            memory: (!case.warm).then_some(dram),
            leak: None,
            credits: self
                .slot
                .posted_data_credits
                .map(|credits| platform.pool(Resource::PostedCredits, credits.get() as u32)),
            completion_buffer: self
                .slot
                .completion_buffer
                .map(|room| platform.pool(Resource::CompletionBuffer, room.get() as u32)),
            iommu: Iommu::new(&IommuParams { working_set: case.window, ..self.iommu.clone() }, 0, &mut platform),
            translations: self
                .iommu
                .walk_queue
                .filter(|_| self.iommu.enabled)
                .map(|queue| platform.pool(Resource::Translations, self.iommu.walkers + queue)),
            ordering: Ordering::place(&self.slot, self.relaxed_ordering, self.iommu.enabled, &mut platform),
            root_complex: None,
        };
        let n = case.size;
        // A wait without a queue: many units.
        let copying = platform.station(Resource::EngineCopy, u16::MAX.into());
        let copy = Hop::Serve(Visit::new(copying, n / self.engine_copy, Time::ZERO, "engine copies"));
        let issue = Hop::Serve(Visit::new(copying, self.engine_latency, Time::ZERO, "engine starts"));
        let done = Hop::Depart(Packet::plain(n));
        let (fixed, piece) = self.write_engine;
        let written = Visit::new(engine, fixed + piece * n.pieces(PIECE), Time::ZERO, "engine writes");
        let odd = (!n.get().is_multiple_of(4)).then(|| {
            let engine = platform.station(Resource::DmaEngine, 1);
            Hop::Serve(Visit::new(engine, self.odd_read, Time::ZERO, "engine reads"))
        });
        let odd: Vec<Hop> = odd.into_iter().collect();
        let read = route![odd, slot.read_payload(n, n, Read { asked: "request", comes: "read" }), copy];
        let write = route![Hop::Serve(written), slot.write_payload(n, n, Bytes::ZERO, "write")];
        // For a write, the engine's time is its copy.
        let route = match case.operation {
            Operation::Read => route![issue, read, done],
            Operation::Write => route![write, done],
            // Counted once: the rate is that of each.
            Operation::ReadAndWrite => route![issue, read, write, done],
            Operation::WriteThenRead => route![issue, write, read, done],
        };
        (platform, route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bench() -> Bench {
        Bench {
            slot: SlotParams {
                read_latency: "300 ns".parse().unwrap(),
                write_latency: "150 ns".parse().unwrap(),
                dram_latency: "60 ns".parse().unwrap(),
                ..SlotParams::bare(3, 8)
            },
            iommu: IommuParams { entries: 64, walk: "300 ns".parse().unwrap(), walkers: 6, ..IommuParams::OFF },
            tags: 24,
            relaxed_ordering: true,
            engine_latency: "100 ns".parse().unwrap(),
            engine_copy: BitRate::from_gbps(60.0),
            write_engine: ("4 ns".parse().unwrap(), "17 ns".parse().unwrap()),
            odd_read: Time::ZERO,
        }
    }

    fn case(operation: Operation, size: u64) -> Case {
        Case { operation, size: Bytes::new(size), window: "64 MiB".parse().unwrap(), warm: true }
    }

    #[test]
    fn bandwidth_is_its_closed_form_bound() {
        for operation in [Operation::Read, Operation::Write] {
            for size in [64, 128, 256, 512, 1024, 2048] {
                let case = case(operation, size);
                let ratio = bench().bandwidth(case).as_gbps() / bench().bound(case).as_gbps();
                assert!((0.97..=1.001).contains(&ratio), "{operation:?} {size}: {ratio}");
            }
        }
    }

    #[test]
    fn latency_is_the_sum_of_its_parts() {
        let bench = bench();
        let rate = bench.slot.tlp_rate();
        let parts = bench.engine_latency
            + Bytes::new(24) / rate
            + bench.slot.read_latency
            + Bytes::new(64 + 20) / rate
            + Bytes::new(64) / bench.engine_copy;
        // Each part is rounded to a picosecond.
        let near = |a: Time, b: Time| a.as_ps().abs_diff(b.as_ps()) <= 2;
        assert!(near(bench.latency(case(Operation::Read, 64)), parts));
        let cold = Case { warm: false, ..case(Operation::Read, 64) };
        assert!(near(bench.latency(cold), parts + bench.slot.dram_latency));
    }

    #[test]
    fn past_the_io_tlb_walks_limit() {
        let mut bench = bench();
        bench.iommu.enabled = true;
        let at = |window: &str| {
            let case = Case { window: window.parse().unwrap(), ..case(Operation::Read, 64) };
            (bench.bandwidth(case).as_gbps(), bench.bound(case).as_gbps())
        };
        let (flat, still, past) = (at("64 KiB"), at("256 KiB"), at("64 MiB"));
        assert!((flat.0 / still.0 - 1.0).abs() < 0.01);
        assert!(past.0 < 0.5 * flat.0 && past.0 <= past.1 * 1.01 && past.0 > 0.95 * past.1, "{past:?}");
    }

    #[test]
    fn credits_limit_writes() {
        let mut bench = bench();
        bench.slot.posted_data_credits = Some(Bytes::new(512));
        let case = case(Operation::Write, 512);
        // One write at a time: its time on the link, and until the root complex has taken it.
        let one = (bench.slot.write(case.size).up / bench.slot.tlp_rate() + bench.slot.write_latency).as_seconds();
        let expected = 512.0 * 8.0 / one * 1e-9;
        assert!((bench.bandwidth(case).as_gbps() / expected - 1.0).abs() < 0.01);
    }
}
