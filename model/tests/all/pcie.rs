//! What PCIe's mechanisms do, each against its closed form: it fails without the mechanism.

use espsim_model::hardware::pcie::{IommuParams, SlotParams};
use espsim_model::pcie_bench::{Bench, Case, Operation};
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::units::{BitRate, Bytes, Time};

use crate::common::{cycles, near, pps, profile};

/// A device without an engine that limits, on Gen3 x8.
fn bench() -> Bench {
    Bench {
        slot: SlotParams { read_latency: Time::from_ns(1000), ..SlotParams::bare(3, 8) },
        iommu: IommuParams { entries: 64, walk: Time::from_ns(300), walkers: 6, ..IommuParams::OFF },
        tags: 256,
        relaxed_ordering: true,
        engine_latency: Time::ZERO,
        engine_copy: BitRate::from_gbps(1000.0),
        write_engine: (Time::ZERO, Time::ZERO),
        odd_read: Time::ZERO,
    }
}

fn case(operation: Operation, size: u64) -> Case {
    Case { operation, size: Bytes::new(size), window: Bytes::new(8192), warm: true }
}

/// Nanoseconds between two transfers.
fn interval(bench: &Bench, case: Case) -> f64 {
    case.size.get() as f64 * 8.0 / bench.bandwidth(case).as_gbps()
}

#[test]
fn reads_and_writes_together_take_a_turnaround_each() {
    let mut bench = bench();
    let both = case(Operation::ReadAndWrite, 128);
    // Upwards, the write and the request for the read.
    let octets = bench.slot.write(both.size).up + bench.slot.read(both.size).up;
    let on_link = (octets / bench.slot.tlp_rate()).as_ns();
    near(interval(&bench, both), on_link, 0.01);
    bench.slot.request_turnaround = Some(Time::from_ns(3));
    near(interval(&bench, both), on_link + 6.0, 0.01);
    // A write alone has one of them; reads alone are limited downwards, where there is none.
    let write = case(Operation::Write, 128);
    near(interval(&bench, write), (bench.slot.write(write.size).up / bench.slot.tlp_rate()).as_ns() + 3.0, 0.01);
    let read = case(Operation::Read, 128);
    near(interval(&bench, read), (bench.slot.read(read.size).down / bench.slot.tlp_rate_down()).as_ns(), 0.01);
}

#[test]
fn no_more_is_asked_for_than_there_is_room() {
    let mut bench = bench();
    bench.slot.completion_buffer = Some(Bytes::new(4096));
    let read = case(Operation::Read, 512);
    let (slot, gbps) = (bench.slot.clone(), |ns: f64| 4096.0 * 8.0 / ns);
    // Little's law: the room over the time that a request holds its part of it.
    let load = slot.read(read.size);
    let held = slot.read_latency + load.up / slot.tlp_rate() + load.down / slot.tlp_rate_down();
    let rate = bench.bandwidth(read).as_gbps();
    assert!(rate <= bench.bound(read).as_gbps() * 1.001 && rate > 0.85 * gbps(held.as_ns()), "{rate}");
    assert!(
        rate < 0.7
            * Bench { slot: SlotParams { completion_buffer: None, ..slot.clone() }, ..bench.clone() }
                .bandwidth(read)
                .as_gbps()
    );
    // Large requests hold room until the last octet is there; small ones give theirs back as they are answered.
    let large = |mrrs: u64| {
        let slot = SlotParams { max_read_request_size: Bytes::new(mrrs), ..slot.clone() };
        Bench { slot, ..bench.clone() }.bandwidth(case(Operation::ReadAndWrite, 4096)).as_gbps()
    };
    assert!(large(512) > 1.2 * large(4096), "{} {}", large(512), large(4096));
}

#[test]
fn an_odd_length_takes_the_engine_a_transaction_more() {
    let bench = Bench { odd_read: Time::from_ns(24), ..bench() };
    near(interval(&bench, case(Operation::Read, 65)), 24.0, 0.01);
    assert!(interval(&bench, case(Operation::Read, 68)) < 15.0);
}

#[test]
fn generation_6_carries_tlps_in_flits() {
    let slot = SlotParams::bare(6, 16);
    near(slot.raw_rate().as_gbps(), 1024.0, 1e-9);
    near(slot.tlp_rate().as_gbps(), 1024.0 * 236.0 / 256.0, 1e-9);
    let n = Bytes::new(512);
    // Headers of 4 DW for requests and 3 DW for completions, without framing and LCRC.
    assert_eq!(slot.write(n).up, Bytes::new(512 + 2 * 16));
    assert_eq!((slot.read(n).up, slot.read(n).down), (Bytes::new(16), Bytes::new(512 + 2 * 12)));
    near(slot.effective_rate(n, slot.write(n)).as_gbps(), 944.0 * 512.0 / 544.0, 1e-6);
    // Twice the rate of generation 5, and a little more.
    let before = SlotParams::bare(5, 16);
    let gain = slot.effective_rate(n, slot.read(n)).as_gbps() / before.effective_rate(n, before.read(n)).as_gbps();
    assert!((2.0..2.3).contains(&gain), "{gain}");
}

fn run(settings: &[(&str, &str)]) -> Record {
    simulate(&Scenario::from_settings(settings).unwrap(), &profile("ice-lake-sp"), 1).unwrap()
}

/// Packets that 16 cores receive, on a host of little memory bandwidth.
fn receiving(packet: &str, ring: &str, ways: Option<&str>) -> Record {
    let mut host = profile("ice-lake-sp");
    host.memory.bandwidth = BitRate::from_gbps(20.0);
    let more = ways.map(|ways| ("host.ddio_ways", ways));
    let settings = [
        ("placement", "clear"),
        ("traffic.direction", "receive"),
        ("traffic.packet", packet),
        ("offload.gro", "off"),
        ("host.cores", "16"),
        ("nic.ring", ring),
    ];
    let settings: Vec<(&str, &str)> = settings.into_iter().chain(more).collect();
    simulate(&Scenario::from_settings(&settings).unwrap(), &host, 1).unwrap()
}

#[test]
fn what_rings_hold_beyond_the_ways_of_ddio_goes_to_memory_and_back() {
    let name = |record: &Record| record.bottleneck.map(|resource| resource.name());
    // 2 of 12 ways of 60 MiB, and 16 rings of 4096 buffers, of each of which a packet takes 16 lines and a completion one.
    let leaky = receiving("1024 B", "4096", Some("2"));
    assert_eq!(name(&leaky), Some("memory"));
    let in_use = 16.0 * 4096.0 * (1024.0 + 64.0);
    let share = 1.0 - 10.0 * f64::from(1 << 20) / in_use;
    // Written and read back, with the Ethernet header, in whole cache lines.
    near(pps(&leaky), 20e9 / 8.0 / (2.0 * share * 1088.0), 0.03);
    // Small rings fit, and so do small packets in large rings.
    assert_ne!(name(&receiving("1024 B", "256", Some("2"))), Some("memory"));
    assert_ne!(name(&receiving("64 B", "4096", Some("2"))), Some("memory"));
    // More ways leak less.
    assert!(pps(&receiving("1024 B", "4096", Some("6"))) > 1.3 * pps(&leaky));
}

#[test]
fn the_ends_of_ddio_are_all_and_none() {
    let all = receiving("1024 B", "256", None);
    assert_eq!(pps(&receiving("1024 B", "256", Some("12"))), pps(&all));
    let none = receiving("1024 B", "256", Some("0"));
    assert_eq!(none.bottleneck.map(|resource| resource.name()), Some("memory"));
    // Written by the NIC and read by the core that copies it, and a descriptor of 16 octets, which is read from there.
    near(pps(&none), 20e9 / 8.0 / (2.0 * 1088.0 + 16.0), 0.01);
    // Hosts have no more ways than their cache has, and some none.
    let scenario = Scenario::from_settings(&[("host.ddio_ways", "13")]).unwrap();
    assert!(scenario.check(&profile("ice-lake-sp")).is_err());
    let scenario = Scenario::from_settings(&[("host.ddio_ways", "2")]).unwrap();
    assert!(scenario.check(&profile("zen4")).is_err());
}

/// Packets that cores forward in the clear, by who maps their buffers.
fn forwarding(cores: &str, mapping: &str) -> Record {
    run(&[
        ("placement", "clear"),
        ("traffic.direction", "encrypt"),
        ("traffic.packet", "1000 B"),
        ("host.cores", cores),
        ("pcie.iommu.enabled", "true"),
        ("pcie.iommu.working_set", "64 KiB"),
        ("pcie.iommu.walkers", "64"),
        ("pcie.iommu.mapping", mapping),
    ])
}

#[test]
fn drivers_pay_for_mapping_what_nics_read() {
    let clock = profile("ice-lake-sp").host.clock(1, None).get() as f64;
    let at = ["kept", "lazy", "strict"].map(|mapping| forwarding("1", mapping));
    let [kept, lazy, strict] = &at;
    let more = |record: &Record, category| cycles(record, category) - cycles(kept, category);
    for record in [lazy, strict] {
        near(more(record, Category::Transmit), 235e-9 * clock, 0.01);
        near(more(record, Category::Complete), 300e-9 * clock, 0.01);
    }
    // The core spins for an invalidation of its own, or for its share of one for 256.
    near(cycles(strict, Category::Lock), 690e-9 * clock, 0.03);
    near(cycles(lazy, Category::Lock), 690e-9 / 256.0 * clock, 0.05);
    assert!(pps(strict) < pps(lazy) && pps(lazy) < pps(kept));
}

#[test]
fn invalidations_are_done_one_after_the_other() {
    let strict = forwarding("16", "strict");
    assert_eq!(strict.bottleneck.map(|resource| resource.name()), Some("IO-TLB invalidation"));
    near(pps(&strict), 1.0 / 690e-9, 0.02);
    assert!(pps(&forwarding("16", "lazy")) > 2.0 * pps(&strict));
}

/// One buffer of a page goes to the card, comes back and goes to the NIC: one page walk of each unit that it passes, unless
/// others put it out. The kernel's request adds one for its scatter lists; the content descriptor of an SA in use stays
/// translated.
#[test]
fn a_packet_is_walked_for_once_however_often_it_crosses() {
    let walks = |more: &[(&'static str, &'static str)]| {
        let base = [
            ("sa.count", "1"),
            ("traffic.packet", "1446 B"),
            ("traffic.arrival", "constant"),
            ("traffic.rate", "100 Mbps"),
            ("pcie.iommu.enabled", "true"),
            ("pcie.iommu.walkers", "6"),
            ("pcie.iommu.walk", "320 ns"),
            ("lookaside.driver", "complete"),
            ("run.max_packets", "30000"),
        ];
        let record = run(&[&base[..], more].concat());
        let walkers = record.utilisation.iter().find(|u| u.resource == Resource::PageWalkers).unwrap();
        walkers.share * 6.0 / 320e-9 / pps(&record)
    };
    let one = ("pcie.iommu.units", "one");
    near(walks(&[("placement", "host"), one]), 1.0, 0.02);
    near(walks(&[("placement", "lookaside"), one]), 2.0, 0.02);
    near(walks(&[("placement", "lookaside"), one, ("accelerator.scatter_lists", "0 B")]), 1.0, 0.02);
}

/// Sixteen cores with a card, as with an IOMMU that each slot has a unit of, or all share one, and without.
#[test]
fn each_slot_has_walkers_of_its_own() {
    let goodput = |more: &[(&'static str, &'static str)]| {
        let base = [
            ("placement", "lookaside"),
            ("traffic.packet", "1446 B"),
            ("host.cores", "16"),
            ("accelerator.preset", "qat-4xxx"),
            ("lookaside.driver", "complete"),
            ("pcie.iommu.working_set", "64 MiB"),
        ];
        let profile = profile("zen4");
        let scenario = Scenario::from_settings(&[&base[..], more].concat()).unwrap();
        simulate(&scenario, &profile, 1).unwrap()
    };
    let on = ("pcie.iommu.enabled", "true");
    let (off, own, one) = (goodput(&[]), goodput(&[on]), goodput(&[on, ("pcie.iommu.units", "one")]));
    // The host's own costs limit, with units of Zen 4 almost as without, where a card's lists are walked for too; a unit
    // for all does not walk fast enough.
    assert!(pps(&own) > 0.88 * pps(&off), "{} {}", pps(&own), pps(&off));
    let flat = ("accelerator.scatter_lists", "0 B");
    near(pps(&goodput(&[on, flat])), pps(&goodput(&[flat])), 0.03);
    assert_eq!(one.bottleneck.map(|resource| resource.name()), Some("page walkers"));
    assert!(pps(&one) < 0.8 * pps(&own), "{} {}", pps(&one), pps(&own));
    // Behind one switch there is one slot.
    let switch = ("pcie.attachment", "shared-uplink");
    let behind = goodput(&[on, switch]);
    near(pps(&behind), pps(&goodput(&[on, switch, ("pcie.iommu.units", "one")])), 1e-9);
}

#[test]
fn what_is_mapped_anew_is_walked_for() {
    let walkers = |mapping: &str| {
        run(&[
            ("placement", "clear"),
            ("offload.gso", "64 KiB"),
            ("traffic.transport", "tcp"),
            ("host.cores", "16"),
            ("pcie.iommu.enabled", "true"),
            ("pcie.iommu.working_set", "64 KiB"),
            ("pcie.iommu.walkers", "1"),
            ("pcie.iommu.mapping", mapping),
        ])
    };
    assert_ne!(walkers("kept").bottleneck.map(|resource| resource.name()), Some("page walkers"));
    let lazy = walkers("lazy");
    assert_eq!(lazy.bottleneck.map(|resource| resource.name()), Some("page walkers"));
    assert!(pps(&lazy) < 1.05 / 320e-9, "{}", pps(&lazy));
}
