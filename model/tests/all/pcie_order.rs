//! What keeps the order of a device's requests, and what waits behind a page walk: laws that fail without the mechanism.

use espsim_model::engine::Engine;
use espsim_model::engine::program::{Arrivals, Source, Workload};
use espsim_model::hardware::pcie::{Iommu, IommuParams, Link, Ordering, Slot, SlotParams};
use espsim_model::pcie_bench::{Bench, Case, Operation};
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::route;
use espsim_model::route::{Hop, Platform, Route};
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::traffic::Packet;
use espsim_model::units::{BitRate, Bytes, Time};

use crate::common::{near, pps, profile};

/// Time of a page walk.
const WALK_NS: f64 = 400.0;
/// The share of translations that miss.
const MISSES: f64 = 0.5;

fn iommu(walkers: u32, walk_queue: Option<u32>) -> IommuParams {
    IommuParams {
        enabled: true,
        entries: 2048,
        walk: Time::from_ns(WALK_NS as u64),
        walkers,
        walk_queue,
        working_set: Bytes::new(4096 * 4096),
        ..IommuParams::OFF
    }
}

/// A device on a link that takes no time.
fn slot(relaxed: bool, params: &IommuParams, platform: &mut Platform) -> Slot {
    let rate = BitRate::from_gbps(1e6);
    let link = Link {
        up: platform.station(Resource::LinkUp, 1),
        down: platform.station(Resource::LinkDown, 1),
        rate_up: rate,
        rate_down: rate,
    };
    let bare = SlotParams::bare(3, 8);
    Slot {
        links: vec![link],
        tags: (platform.pool(Resource::Tags, 1024), 1024),
        memory: None,
        leak: None,
        credits: None,
        completion_buffer: None,
        iommu: Iommu::new(params, 0, platform),
        translations: params.walk_queue.map(|queue| platform.pool(Resource::Translations, params.walkers + queue)),
        ordering: Ordering::place(&bare, relaxed, true, platform),
        root_complex: None,
        params: bare,
    }
}

/// Requests that come as Poisson processes, this often each.
fn run(platform: &Platform, routes: &[Route], mean_ns: u64) -> Engine {
    let all: Vec<(u8, &Route)> = (0..).zip(routes).collect();
    let compiled = platform.compile(&all).unwrap();
    let arrivals = || Arrivals::Poisson { mean: mean_ns * 1000 };
    let workload = Workload {
        flows: (0..routes.len() as u16).collect(),
        keys: vec![0; routes.len()],
        starts: compiled.starts.iter().map(|&start| vec![start]).collect(),
        sources: routes.iter().map(|_| Source::of(1, arrivals())).collect(),
    };
    let mut engine = Engine::new(compiled.program, workload, 1, 1000);
    engine.run(20_000, u64::MAX, u64::MAX);
    engine.observer.forget_latency();
    engine.run(420_000, u64::MAX, u64::MAX);
    engine
}

fn write(slot: &Slot) -> Route {
    let n = Bytes::new(64);
    route![slot.write_payload(n, n, Bytes::ZERO, "write"), Hop::Depart(Packet::plain(n))]
}

/// The share of requests that nothing has delayed.
fn undelayed(engine: &Engine, class: usize) -> f64 {
    engine.observer.latency(class).percentile_below((0.01 * WALK_NS) as u64) / 100.0
}

/// In order, a write goes on at once if it hits and no write before it is being walked for: of Poisson arrivals there was no
/// miss for the time of a walk.
#[test]
fn a_write_in_order_waits_for_page_walks_of_those_before_it() {
    let (mean, params) = (500, iommu(1024, None));
    let at = |relaxed| {
        let mut platform = Platform::default();
        let slot = slot(relaxed, &params, &mut platform);
        undelayed(&run(&platform, &[write(&slot)], mean), 0)
    };
    near(at(true), 1.0 - MISSES, 0.02);
    near(at(false), (1.0 - MISSES) * (-MISSES * WALK_NS / mean as f64).exp(), 0.02);
}

/// Completions never pass payload, however relaxed that is, and reads pass no write of a device without the attribute.
#[test]
fn completions_pass_no_data() {
    let (mean, params) = (500, iommu(1024, None));
    let before = (-MISSES * WALK_NS / mean as f64).exp();
    let at = |relaxed, reads: bool| {
        let mut platform = Platform::default();
        let slot = slot(relaxed, &params, &mut platform);
        let n = Bytes::new(64);
        let other = match reads {
            // Descriptors, which are in no page that is looked up.
            true => {
                let read = espsim_model::hardware::pcie::Read { asked: "asks", comes: "comes" };
                slot.read_descriptor(n, Bytes::ZERO, 1, Bytes::ZERO, read)
            }
            false => slot.write_completion(n, 1, None, "completion"),
        };
        let other = route![other, Hop::Depart(Packet::plain(n))];
        undelayed(&run(&platform, &[write(&slot), other], mean), 1)
    };
    near(at(true, false), before, 0.02);
    near(at(false, false), before, 0.02);
    near(at(false, true), before, 0.02);
    near(at(true, true), 1.0, 0.001);
}

/// With one walker and no room to wait for it, every translation waits its turn: Pollaczek and Khinchine, a walk for those
/// that miss and nothing for the others. With room enough only those that miss wait.
#[test]
fn translations_wait_behind_a_full_queue_of_walks() {
    let mean = 400;
    let load = MISSES * WALK_NS / mean as f64;
    let waits = load * WALK_NS / (2.0 * (1.0 - load));
    let at = |queue| {
        let mut platform = Platform::default();
        let slot = slot(true, &iommu(1, queue), &mut platform);
        run(&platform, &[write(&slot)], mean).observer.latency(0).mean()
    };
    near(at(Some(0)), waits + MISSES * WALK_NS, 0.03);
    near(at(None), MISSES * (waits + WALK_NS), 0.03);
    // A queue that is longer than ever needed is none.
    near(at(Some(1000)), at(None), 1e-9);
}

#[test]
fn a_root_complex_makes_so_many_lines_visible_at_a_time() {
    let bench = |relaxed_ordering| Bench {
        slot: SlotParams {
            read_latency: Time::from_ns(600),
            write_latency: Time::from_ns(500),
            ordered_writes: Some(5),
            ..SlotParams::bare(3, 8)
        },
        iommu: IommuParams { enabled: false, ..iommu(6, None) },
        tags: 256,
        relaxed_ordering,
        engine_latency: Time::ZERO,
        engine_copy: BitRate::from_gbps(1000.0),
        write_engine: (Time::ZERO, Time::ZERO),
        odd_read: Time::ZERO,
    };
    let case = |operation, size| Case { operation, size: Bytes::new(size), window: Bytes::new(8192), warm: true };
    for size in [64, 256, 1000] {
        let (strict, write) = (bench(false), case(Operation::Write, size));
        // Five lines in 500 ns, whole lines.
        let gbps = size as f64 * 8.0 / (size.div_ceil(64) as f64 * 500.0 / 5.0);
        near(strict.bandwidth(write).as_gbps(), gbps, 0.01);
        near(strict.bound(write).as_gbps(), gbps, 0.01);
        assert!(bench(true).bandwidth(write).as_gbps() > 3.0 * gbps);
        // Alone, it takes what any write takes.
        let latency = |bench: &Bench| bench.latency(case(Operation::Write, 64)).as_ns();
        near(latency(&strict), latency(&bench(true)), 0.001);
    }
    // Reads alone have nothing to wait for; after a write, a read waits for its turn.
    let read = case(Operation::Read, 256);
    near(bench(false).bandwidth(read).as_gbps(), bench(true).bandwidth(read).as_gbps(), 0.001);
    let both = case(Operation::ReadAndWrite, 256);
    assert!(bench(true).bandwidth(both).as_gbps() > 2.0 * bench(false).bandwidth(both).as_gbps());
}

/// As the kernel's commit tells: into the memory of the other socket a quarter of what relaxed ordering carries.
#[test]
fn a_nic_in_order_receives_less_into_memory_that_is_far() {
    let at = |relaxed: &str, numa: &str| -> Record {
        let settings = [
            ("placement", "clear"),
            ("traffic.direction", "receive"),
            ("offload.gro", "off"),
            ("host.cores", "32"),
            ("nic.relaxed_ordering", relaxed),
            ("nic.pcie.numa", numa),
            ("nic.pcie.ordered_writes", "8"),
        ];
        simulate(&Scenario::from_settings(&settings).unwrap(), &profile("ice-lake-sp"), 1).unwrap()
    };
    let far = at("false", "remote");
    assert_eq!(far.bottleneck, Some(Resource::OrderedWrites));
    // 23 lines of payload with its header, padded, one of the completion and one of a message for 32.
    let lines = 23.0 + 1.0 + 1.0 / 32.0;
    near(pps(&far), 8.0 / (243e-9 * lines), 0.01);
    near(pps(&at("false", "local")), 8.0 / (150e-9 * lines), 0.01);
    let relaxed = at("true", "remote");
    assert_ne!(relaxed.bottleneck, Some(Resource::OrderedWrites));
    assert!(pps(&relaxed) > 3.0 * pps(&far), "{} {}", pps(&relaxed), pps(&far));
}
