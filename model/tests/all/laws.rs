//! Laws under random scenarios: conservation of packets and octets, bounds, and independence of how the program is run.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use espsim_model::bound::bound;
use espsim_model::engine::Engine;
use espsim_model::engine::observer::Observer;
use espsim_model::engine::program::Arrivals;
use espsim_model::engine::trace::{Recorder, Tracer};
use espsim_model::layers::{self, Layer, Origin};
use espsim_model::machine::{Class, Machine, Way};
use espsim_model::placement::Placement;
use espsim_model::preset;
use espsim_model::route::{Charge, Compiled, StationId};
use espsim_model::run::{engine, traced_engine};
use espsim_model::scenario::{Scenario, WhenFull};
use espsim_model::trace::{After, Hop, Job, Trace, Visit, trace};
use espsim_model::traffic::{Direction, Packet};
use espsim_model::units::Bytes;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use toml::Value;

const PACKETS: u64 = 20_000;

fn one_of(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::select(names).prop_map(|name| Value::String(name.to_owned()))
}

fn number(range: std::ops::Range<i64>) -> impl Strategy<Value = Value> {
    range.prop_map(Value::Integer)
}

fn quantity(range: std::ops::Range<i64>, unit: &'static str) -> impl Strategy<Value = Value> {
    range.prop_map(move |n| Value::String(format!("{n} {unit}")))
}

/// One size or a few.
fn mix() -> impl Strategy<Value = Value> {
    let size = (1..8i64, 64..1400i64).prop_map(|(weight, size)| {
        Value::Table(toml::Table::from_iter([
            ("weight".to_owned(), Value::Integer(weight)),
            ("size".to_owned(), Value::String(format!("{size} B"))),
        ]))
    });
    prop::collection::vec(size, 1..4).prop_map(Value::Array)
}

/// Any placement, hardware, ring size, traffic and offload that passes the check.
pub(crate) fn scenarios() -> impl Strategy<Value = Scenario> {
    let hardware = (
        prop::sample::select(Placement::ALL.to_vec()),
        one_of(&["own-slot", "shared-uplink"]),
        one_of(&["gen3-x8", "gen4-x16"]),
        number(1..5),
        number(1..64),
        number(1..64),
        number(1..40),
    );
    let traffic = (
        one_of(&["saturate", "constant", "poisson", "on-off", "bursts"]),
        quantity(100..40_000, "Mbps"),
        mix(),
        one_of(&["off", "4 KiB", "64 KiB"]),
        any::<bool>(),
        number(1..20),
        number(1..600),
        one_of(&["spread", "rss", "rps"]),
    );
    let paths = (
        one_of(&["transmit", "receive", "encrypt", "decrypt", "both"]),
        one_of(&["off", "4 KiB", "64 KiB"]),
        one_of(&["kernel", "vector", "xdp"]),
        one_of(&["interrupt", "poll", "sync"]),
        one_of(&["own-core", "one-core"]),
        one_of(&["wait", "software"]),
        (number(1..4), number(1..3), number(1..12), number(1..4)),
        (number(1..16), one_of(&["lru", "random"]), one_of(&["queued", "ticket"]), rss_esp()),
    );
    let pcie = (
        (any::<bool>(), one_of(&["in-tree", "complete"]), one_of(&["0 B", "500 B"])),
        quantity(1..4000, "KiB"),
        one_of(&["128 B", "512 B", "4096 B"]),
        one_of(&["local", "remote"]),
        quantity(256..4096, "B"),
        (number(1..3), quantity(2000..300_000, "B"), number(1..8)),
    );
    (hardware, traffic, paths, pcie, host_side()).prop_map(|(hardware, traffic, paths, pcie, host_side)| {
        let ((translated, driver, smallest), working_set, mrrs, numa, credits, (ports, receive_buffer, sa_capacity)) =
            pcie;
        let (direction, gro, stack, submission, interrupts, when_full, (threads, devices, sas, nics), sa) = paths;
        let (sa_cache, replacement, lock, (rss_esp, rss_inner, per_cpu, workers)) = sa;
        let (placement, attachment, uplink, cores, ring, card_ring, tags) = hardware;
        let (arrival, rate, packet, gso, nic_segmentation, flows, window, steering) = traffic;
        // Without a network buffers are sent and nothing else; in XDP there is no ESP but the NIC's.
        let direction = match placement {
            _ if !placement.has_network() => "transmit".into(),
            // What the NIC forwards by itself comes from no application.
            placement
                if placement.only_forwards() && ["transmit", "receive"].map(Some).contains(&direction.as_str()) =>
            {
                "both".into()
            }
            _ => direction,
        };
        let stack = match stack.as_str() {
            Some("xdp")
                if ![Placement::CLEAR, Placement::INLINE_PACKET, Placement::HAIRPIN, Placement::DPU]
                    .contains(&placement) =>
            {
                "kernel".into()
            }
            _ => stack,
        };
        let forwards = ["encrypt", "decrypt", "both"].map(Some).contains(&direction.as_str());
        let stack = if forwards { stack } else { "kernel".into() };
        // Userspace and XDP hand nothing on.
        let steering = if stack.as_str() == Some("kernel") { steering } else { "rss".into() };
        // Behind a DPU the host has no SAs; which of the two does ESP there is as good as random.
        let is_dpu = placement == Placement::DPU;
        let (nic, dpu_esp) =
            (if is_dpu { "bluefield-2" } else { "connectx-6-dx" }, if per_cpu { "cores" } else { "engine" });
        let per_cpu = per_cpu && stack.as_str() == Some("kernel") && !is_dpu;
        let settings = [
            ("placement", Value::String(placement.name().into())),
            ("pcie.attachment", attachment),
            ("pcie.uplink.preset", uplink),
            ("host.cores", cores.clone()),
            ("nic.preset", nic.into()),
            ("dpu.esp", dpu_esp.into()),
            ("dpu.cores", cores),
            ("nic.count", nics),
            ("nic.ring", ring),
            ("accelerator.ring", card_ring),
            ("nic.read_tags", tags.clone()),
            ("accelerator.read_tags", tags),
            ("traffic.arrival", arrival),
            ("traffic.rate", rate),
            ("traffic.on", "20 us".into()),
            ("traffic.off", "30 us".into()),
            ("traffic.burst", 5.into()),
            ("traffic.mix", packet),
            ("offload.gso", gso),
            ("traffic.transport", "tcp".into()),
            ("offload.nic_segmentation", Value::Boolean(nic_segmentation)),
            ("traffic.flows", flows),
            ("traffic.window", window),
            ("traffic.steering", steering),
            ("traffic.direction", direction.clone()),
            ("offload.gro", gro),
            // What does not go together is left out: vectors only forward, and only senders can wait.
            ("host.stack", stack),
            ("lookaside.submission", if direction.as_str() == Some("transmit") { submission } else { "poll".into() }),
            ("lookaside.driver", if placement.has_network() { driver } else { "complete".into() }),
            ("lookaside.smallest", smallest),
            ("lookaside.interrupts", interrupts),
            ("lookaside.when_full", when_full),
            ("lookaside.threads", threads),
            ("accelerator.count", devices),
            ("sa.count", sas),
            ("sa.lock", lock),
            ("sa.per_cpu", Value::Boolean(per_cpu)),
            ("nic.rss_esp", rss_esp),
            ("nic.esp.rss_inner", Value::Boolean(rss_inner)),
            ("pcie.iommu.enabled", Value::Boolean(translated)),
            ("pcie.iommu.working_set", working_set),
            ("nic.pcie.max_read_request_size", mrrs),
            ("nic.pcie.numa", numa),
            ("nic.pcie.posted_data_credits", credits),
            ("nic.ports", ports),
            ("nic.receive_buffer", receive_buffer),
            ("nic.esp.sa_capacity", sa_capacity),
            ("nic.esp.sa_cache", sa_cache),
            ("nic.esp.sa_replacement", replacement),
        ];
        let mut layer: Layer =
            settings.into_iter().chain(host_side).map(|(key, value)| (key.to_owned(), (value, Origin::Set))).collect();
        if workers > 0 {
            layer.insert("host.crypto_workers".into(), (workers.into(), Origin::Set));
        }
        layers::scenario(&layers::resolve(&layer).unwrap()).unwrap()
    })
}

/// In which order writes are done and what waits for page walks, packets within descriptors, memory of applications.
fn host_side() -> impl Strategy<Value = [(&'static str, Value); 5]> {
    let values = (any::<bool>(), number(1..200), number(0..40), quantity(1..1500, "B"), quantity(1..200, "MiB"));
    values.prop_map(|(relaxed, ordered, queue, inline, memory)| {
        [
            ("nic.relaxed_ordering", Value::Boolean(relaxed)),
            ("nic.pcie.ordered_writes", ordered),
            ("pcie.iommu.walk_queue", queue),
            ("nic.inline", inline),
            ("host.working_set", memory),
        ]
    })
}

/// What a NIC hashes of ESP, before and after it decrypts, whether SAs are per CPU, and cores that do the cipher of others.
fn rss_esp() -> impl Strategy<Value = (Value, bool, bool, i64)> {
    (one_of(&["spi", "addresses", "none"]), any::<bool>(), any::<bool>(), 0..6i64)
}

/// Packets sent and dropped, octets sent, by the operations' own counts.
fn counted(engine: &Engine, compiled: &Compiled) -> (u64, u64, u64) {
    let (mut sent, mut dropped, mut octets) = (0, 0, 0);
    for (n, account) in engine.visits().into_iter().zip(&compiled.accounts) {
        for charge in account.iter().flat_map(|account| &account.charges) {
            match charge {
                Charge::Sent(Packet { goodput, .. }) => {
                    sent += n;
                    octets += n * goodput.get();
                }
                Charge::Dropped(packets) => dropped += n * u64::from(*packets),
                _ => {}
            }
        }
    }
    (sent, dropped, octets)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 192,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn packets_and_octets_are_conserved(scenario in scenarios(), seed in any::<u64>(), ddio in any::<bool>()) {
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        profile.host.ddio = ddio;
        prop_assert_eq!(scenario.check(&profile), Ok(()));
        let machine = Machine::build(&scenario, &profile).unwrap();
        let compiled = machine.compile().unwrap();
        let mut engine = engine(&machine, &compiled, seed);
        engine.run(PACKETS, PACKETS * 256, u64::MAX);

        // Goodput so far is within the bound, but for six standard deviations of a Poisson process of the largest sends, or of
        // trains of them.
        let sends = machine.classes.iter().flat_map(|class| &class.sends);
        let largest = sends.map(|send| send.total(|p| p.goodput).get()).max().unwrap() as f64;
        let train = machine.classes.iter().map(|class| class.train.jobs).max().unwrap();
        let seconds = engine.now_ps() as f64 * 1e-12;
        let limit = bound(&machine).delivered_gbps * 1e9 / 8.0;
        let octets = engine.observer.bytes() as f64;
        // Bursts vary more: by the index of dispersion of counts, 2 b - 1 of geometric ones, and of an interrupted process
        // 1 + 2 rate off^2 / (on + off).
        let dispersion = |class: &Class| match class.arrivals {
            Arrivals::Bursts { trains, .. } => f64::from(2 * trains - 1),
            Arrivals::OnOff { mean, on, off } => 1.0 + 2.0 * (off as f64).powi(2) / ((on + off) as f64 * mean as f64),
            _ => 1.0,
        };
        let dispersion = machine.classes.iter().map(dispersion).fold(1.0, f64::max);
        let slack = 2.0 * largest * f64::from(scenario.host.cores) + 6.0 * (octets * largest * dispersion * f64::from(train)).sqrt();
        prop_assert!(octets <= limit * seconds + slack, "{} in {} s at {}", octets, seconds, limit);

        // In = out + dropped, and nothing is left, for each class, once everything has run out.
        engine.drain();
        prop_assert_eq!(engine.in_flight(), 0);
        for (class, counts) in engine.observer.classes().iter().enumerate() {
            prop_assert_eq!(counts.packets + counts.lost, engine.started(class));
        }
        let (sent, dropped, octets) = counted(&engine, &compiled);
        prop_assert_eq!(sent, engine.observer.packets());
        prop_assert_eq!(octets, engine.observer.bytes());
        prop_assert_eq!(dropped, engine.observer.classes().iter().map(|counts| counts.lost).sum::<u64>());
    }

    #[test]
    fn chained_visits_change_nothing(scenario in scenarios(), seed in any::<u64>(), ddio in any::<bool>()) {
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        profile.host.ddio = ddio;
        let machine = Machine::build(&scenario, &profile).unwrap();
        let plain = machine.platform.compile_unchained(&machine.routes_by_class()).unwrap();
        let chained = machine.compile().unwrap();
        let run = |compiled| {
            let mut engine = engine(&machine, compiled, seed);
            // Two milliseconds: some hundred thousand packets at the most.
            engine.run(u64::MAX, u64::MAX, 2_000_000_000);
            engine.observer.packets()
        };
        let (chained, plain) = (run(&chained), run(&plain));
        // Events of one picosecond may be handled in another order, which moves single packets over the end.
        prop_assert!(chained.abs_diff(plain) <= plain / 1000 + 2, "{} {}", chained, plain);
    }

    #[test]
    fn a_traced_run_is_the_same_to_the_picosecond(scenario in scenarios(), seed in any::<u64>()) {
        let profile = preset::profile("zen4").unwrap().unwrap();
        let machine = Machine::build(&scenario, &profile).unwrap();
        let compiled = machine.compile().unwrap();
        let untraced = departures(engine(&machine, &compiled, seed), |_| {});
        let traced = traced_engine(&machine, &compiled, seed, Recorder::default());
        prop_assert_eq!(untraced, departures(traced, |engine| engine.tracer.record(1000)));
    }

    #[test]
    fn traced_hops_are_a_whole_way(scenario in scenarios(), seed in any::<u64>(), ddio in any::<bool>()) {
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        profile.host.ddio = ddio;
        let machine = Machine::build(&scenario, &profile).unwrap();
        let traced = trace(&scenario, &profile, seed, 20, After::Packets(300)).unwrap();
        prop_assert_eq!(traced.sends(), 20);
        for job in &traced.jobs {
            follows_itself(job)?;
        }
        for (i, send) in traced.jobs.iter().enumerate().filter(|(_, job)| job.part_of.is_none()) {
            let way = whole(&traced, i);
            let packets: Vec<Packet> = way.iter().filter_map(|job| job.departure()).map(|(packet, _)| packet).collect();
            // All of a send leaves, or it was dropped as a whole.
            let class = machine.classes.iter().find(|class| class.flows.contains(&send.flow)).unwrap();
            let counts: Vec<u32> = class.sends.iter().map(|send| send.count()).collect();
            prop_assert!(packets.is_empty() || counts.contains(&(packets.len() as u32)), "{:?}", send);
            let goodput: u64 = packets.iter().map(|packet| packet.goodput.get()).sum();
            let crossed: Bytes = way.iter().flat_map(|job| job.visits()).map(|visit| visit.payload).sum();
            if goodput > 0 {
                let crossings = crossings(&scenario, &machine, send.flow);
                prop_assert!(crossings.contains(&(crossed.get() as f64 / goodput as f64)), "{:?}", crossed);
            }
        }
        nothing_overlaps(&traced)?;
    }
}

/// When each packet departs, with everything that was counted.
pub(crate) fn departures<T: Tracer>(
    mut engine: Engine<T>,
    begin: impl Fn(&mut Engine<T>),
) -> (Vec<u64>, Vec<u64>, u64) {
    engine.observer = Observer::new(1, engine.observer.classes().len());
    begin(&mut engine);
    engine.run(5000, 5000 * 256, u64::MAX);
    let times = (0..engine.observer.batches()).map(|batch| engine.observer.batch_of_all(batch).0);
    (times.collect(), engine.visits(), engine.events())
}

/// A send with all its parts.
fn whole(traced: &Trace, send: usize) -> Vec<&Job> {
    let number = &traced.jobs[send].number;
    traced.jobs.iter().filter(|job| job.number.starts_with(number)).collect()
}

/// How often payload crosses PCIe: as the design of the flow's path says. Packets that stay on the CPU, and segments for
/// which the core steps in where the card's ring is full, do not cross to the card and back.
fn crossings(scenario: &Scenario, machine: &Machine, flow: u32) -> RangeInclusive<f64> {
    let path = machine.paths[usize::from(machine.flows[flow as usize])];
    let Way::By(design) = path.way else { panic!("{path:?}") };
    let direction = machine.classes[usize::from(path.class)].direction;
    let comes_in = direction.is_forwarding() && !design.only_forwards();
    let most = f64::from(design.crossings()) + if comes_in { 1.0 } else { 0.0 };
    let when_full = scenario.lookaside.when_full == WhenFull::Software && direction != Direction::Receive;
    let may_fall_back = design.uses_accelerator() && (when_full || scenario.lookaside.smallest > Bytes::ZERO);
    if may_fall_back { most - 2.0..=most } else { most..=most }
}

/// Each hop begins when the one before is over, and the job ends with its last hop: nothing of its time is missing or
/// counted twice.
fn follows_itself(job: &Job) -> Result<(), TestCaseError> {
    let mut now = job.starts;
    for hop in &job.hops {
        let (from, to) = match hop {
            Hop::Visit(Visit { arrived, begins, ends, leaves, .. }) => {
                prop_assert!(arrived <= begins && begins <= ends && ends <= leaves);
                (*arrived, *leaves)
            }
            Hop::Wait { since, until, .. } => (*since, *until),
            Hop::Departure { at, .. } => (*at, *at),
        };
        prop_assert_eq!(from, now, "{:?} in {:?}", hop, job);
        now = to;
    }
    prop_assert_eq!(job.ends, Some(now));
    Ok(())
}

/// A unit serves one job at a time.
fn nothing_overlaps(traced: &Trace) -> Result<(), TestCaseError> {
    let mut served: BTreeMap<StationId, Vec<&Visit>> = BTreeMap::new();
    for visit in traced.jobs.iter().flat_map(|job| job.visits()) {
        served.entry(visit.station).or_default().push(visit);
    }
    for (station, mut visits) in served {
        visits.sort_by_key(|visit| (visit.begins, visit.ends));
        let units = traced.platform.stations[usize::from(station.0)].units as usize;
        for (first, later) in visits.iter().zip(visits.iter().skip(units)) {
            // With `units` begun before, one of them must be over; with one unit, the one before.
            prop_assert!(units > 1 || first.ends <= later.begins, "{:?} {:?}", first, later);
            let running = visits.iter().filter(|v| v.begins <= later.begins && v.ends > later.begins).count();
            prop_assert!(running <= units, "{} of {}", running, units);
        }
    }
    Ok(())
}
