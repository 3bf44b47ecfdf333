//! Overload: what is not carried is lost, late by no more than buffers hold, and counted; whatever the length of the run.

use espsim_model::machine::Machine;
use espsim_model::profile::Profile;
use espsim_model::record::{Record, Stop};
use espsim_model::resource::Resource;
use espsim_model::route::Category;
use espsim_model::run::engine;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::traffic::Basis;

type Settings<'a> = Vec<(&'a str, &'a str)>;

fn profile() -> Profile {
    crate::common::profile("zen4")
}

fn run(base: &[(&str, &str)], more: &[(&str, &str)]) -> Record {
    let scenario = Scenario::from_settings(&[base, more].concat()).unwrap();
    simulate(&scenario, &profile(), 1).unwrap()
}

fn l3(record: &Record) -> f64 {
    record.rate(Basis::L3).unwrap().gbps
}

fn lost(record: &Record) -> f64 {
    record.loss.unwrap().share
}

/// An ESP engine of 40 Gb/s that is offered more.
#[test]
fn what_the_nic_cannot_take_is_lost_before_it_costs_anything() {
    let base = [
        ("placement", "inline-packet"),
        ("traffic.direction", "receive"),
        ("host.cores", "32"),
        ("traffic.arrival", "poisson"),
        ("nic.esp.rate", "40 Gbps"),
    ];
    for (rate, offered) in [("50 Gbps", 50.0), ("70 Gbps", 70.0)] {
        let at = |packets| run(&base, &[("traffic.rate", rate), ("run.max_packets", packets)]);
        let (short, long) = (at("400000"), at("2000000"));
        for record in [&short, &long] {
            let missing = 1.0 - l3(record) / offered;
            let width = record.loss.unwrap().half_width.unwrap();
            assert!((lost(record) - missing).abs() < 0.005 + width, "{} lost, {missing} missing", lost(record));
            assert_eq!(record.bottleneck, Some(Resource::NicEspEngine));
            assert!(record.cycles_per_packet.iter().all(|(category, _)| *category != Category::Dropped));
            // The buffer of 262 016 octets at 40 Gb/s is 52 us; interrupts and the rest of the way come on top.
            assert!(record.latency.unwrap().p99_ns < 80_000.0, "{:?}", record.latency);
        }
        let latency = |record: &Record| record.latency.unwrap().p50_ns;
        assert!((latency(&short) / latency(&long) - 1.0).abs() < 0.02);
    }
}

/// A link of half the rate: reads of what is sent come through beside writes of what comes in, which wait for credits.
#[test]
fn pcie_overload_does_not_collapse() {
    let base = [
        ("placement", "inline-packet"),
        ("host.cores", "24"),
        ("traffic.direction", "encrypt"),
        ("traffic.packet", "1446 B"),
        ("traffic.flows", "1024"),
        ("sa.count", "256"),
        ("pcie.nic.generation", "3"),
        ("pcie.nic.lanes", "8"),
        ("run.max_packets", "400000"),
    ];
    let most = l3(&run(&base, &[]));
    for credits in ["5 KiB", "16 KiB"] {
        for rate in ["46 Gbps", "50 Gbps", "60 Gbps", "80 Gbps"] {
            let settings =
                [("traffic.arrival", "poisson"), ("traffic.rate", rate), ("pcie.nic.posted_data_credits", credits)];
            let record = run(&base, &settings);
            assert!((l3(&record) / most - 1.0).abs() < 0.02, "{rate}, {credits}: {} of {most}", l3(&record));
            assert!(lost(&record) > 0.02, "{rate}: {}", lost(&record));
        }
    }
}

/// SA contexts are fetched one at a time, and there are more than the cache holds.
fn fetches(sas: &str, packets: &str) -> f64 {
    let settings = [
        ("placement", "inline-packet"),
        ("host.cores", "20"),
        ("host.stack", "vector"),
        ("traffic.direction", "encrypt"),
        ("traffic.arrival", "poisson"),
        ("traffic.rate", "170 Gbps"),
        ("traffic.packet", "1091 B"),
        ("traffic.size_basis", "clear-l2"),
        ("traffic.mtu", "1600 B"),
        ("traffic.flows", "65536"),
        ("sa.algorithm", "aes-256-gcm"),
        ("sa.count", sas),
        ("nic.preset", "connectx-7"),
        ("nic.esp.sa_cache", "1000"),
        ("nic.esp.sa_fetches", "1"),
        ("nic.pcie.preset", "gen5-x16"),
        ("run.max_packets", packets),
    ];
    l3(&run(&settings, &[]))
}

#[test]
fn neither_one_sa_more_nor_a_longer_run_changes_the_answer() {
    let at = fetches("1600", "300000");
    for other in [fetches("1599", "300000"), fetches("1601", "300000"), fetches("1600", "1000000")] {
        assert!((other / at - 1.0).abs() < 0.05, "{other} {at}");
    }
}

#[test]
fn a_mix_that_overloads_cores_is_not_carried_better_for_it() {
    let base = [
        ("placement", "inline-crypto"),
        ("host.cores", "3"),
        ("traffic.direction", "encrypt"),
        ("traffic.mix", "simple-imix"),
        ("traffic.mtu", "1600 B"),
    ];
    let most = l3(&run(&base, &[]));
    for rate in ["15 Gbps", "20 Gbps", "30 Gbps", "60 Gbps", "80 Gbps"] {
        let record = run(&base, &[("traffic.arrival", "poisson"), ("traffic.rate", rate)]);
        assert!((l3(&record) / most - 1.0).abs() < 0.03, "{rate}: {} of {most}", l3(&record));
        assert!(record.rate(Basis::Goodput).unwrap().gbps <= record.bound.goodput_gbps().unwrap() * 1.005);
    }
}

/// Packets that a card's ring has no room for have cost cycles and octets of the link already.
#[test]
fn work_on_packets_that_are_dropped_is_accounted_for() {
    let base = [
        ("placement", "lookaside"),
        ("lookaside.driver", "complete"),
        ("host.cores", "8"),
        ("traffic.direction", "encrypt"),
        ("traffic.packet", "512 B"),
        ("accelerator.rate", "4 Gbps"),
        ("accelerator.ring", "64"),
        ("traffic.arrival", "poisson"),
        ("traffic.rate", "8 Gbps"),
    ];
    let record = run(&base, &[]);
    assert_eq!(record.bottleneck, Some(Resource::AcceleratorEngines));
    let cycles = |wanted| record.cycles_per_packet.iter().find(|(c, _)| *c == wanted).map_or(0.0, |(_, n)| *n);
    let stack = profile().stack;
    // Each carried packet pays for those that were dropped beside it: receive, route and policy lookup, encapsulation,
    // submission.
    let submit = stack.crypto_submit.0 + stack.crypto_submit_burst.0;
    // 64 policies, each for a prefix.
    let policy = stack.policy.0 + stack.policy_level.0 * 65f64.log2();
    let each = stack.receive.0 + stack.forward.0 + policy + stack.xfrm.0 + submit;
    let per_carried = lost(&record) / (1.0 - lost(&record));
    assert!((cycles(Category::Dropped) / (each * per_carried) - 1.0).abs() < 0.05, "{}", cycles(Category::Dropped));
    // What was done for carried packets is as much as without overload.
    assert!((cycles(Category::CryptoSubmit) / submit - 1.0).abs() < 0.01);
}

#[test]
fn a_run_that_measured_nothing_says_no_number() {
    let record = run(&[("host.cores", "64"), ("traffic.flows", "256"), ("run.max_packets", "4000")], &[]);
    assert_eq!(record.stop, Stop::WarmUp);
    assert!(record.rates.is_empty() && record.packets_per_s.is_none() && record.bottleneck.is_none());
    assert!(record.busy_cores.is_none() && record.utilisation.is_empty());
}

#[test]
fn too_many_stations_are_an_error_that_names_them() {
    let settings = [
        ("placement", "inline-crypto"),
        ("host.cores", "256"),
        ("nic.count", "16"),
        ("traffic.flows", "20000"),
        ("sa.count", "20000"),
        ("nic.queue_packet_rate", "10 Mpps"),
    ];
    let scenario = Scenario::from_settings(&settings).unwrap();
    let error = simulate(&scenario, &profile(), 1).unwrap_err();
    assert_eq!(error.key, "nic.queue_packet_rate");
    assert!(error.to_string().contains("`NIC queue`"), "{error}");
}

/// Below the knee all is carried; beyond it as much as at the most, where nothing is done for what is dropped.
#[test]
fn carried_never_falls_as_offered_rises() {
    for (placement, direction) in [("inline-packet", "receive"), ("host", "receive"), ("inline-crypto", "receive")] {
        let base: Settings<'_> = vec![
            ("placement", placement),
            ("traffic.direction", direction),
            ("host.cores", "2"),
            ("traffic.packet", "700 B"),
            ("offload.gro", "off"),
        ];
        let most = l3(&run(&base, &[]));
        let mut before = 0.0;
        for share in [0.5, 0.8, 0.95, 1.1, 1.5, 2.0, 3.0] {
            let rate = format!("{} Mbps", (most * share * 1e3) as u64);
            let record = run(&base, &[("traffic.arrival", "poisson"), ("traffic.rate", &rate)]);
            assert!(l3(&record) >= before * 0.985, "{placement} at {share}: {} after {before}", l3(&record));
            if share > 1.05 {
                assert!((l3(&record) / most - 1.0).abs() < 0.02, "{placement} at {share}: {} of {most}", l3(&record));
            }
            before = l3(&record);
        }
    }
}

/// For each class: what came in is what left, was dropped, or is under way beyond what was before.
#[test]
fn every_class_balances_while_it_is_measured() {
    for rate in ["4 Gbps", "60 Gbps"] {
        let settings = [
            ("placement", "host"),
            ("host.cores", "4"),
            ("traffic.direction", "both"),
            ("traffic.mix", "simple-imix"),
            ("traffic.mtu", "1600 B"),
            ("traffic.arrival", "poisson"),
            ("traffic.rate", rate),
            ("nic.line_rate", "200 Gbps"),
        ];
        let record = run(&settings, &[]);
        assert_eq!(record.classes.len(), 2);
        for class in &record.classes {
            let b = class.balance;
            assert_eq!(b.offered + b.in_flight[0], b.carried + b.dropped + b.in_flight[1], "{class:?}");
            assert!(b.offered > 10_000);
        }
    }
}

/// The two ways through a gateway are carried on the same cores, links and wires: together what one alone is.
#[test]
fn both_ways_share_one_machine() {
    let base = [("placement", "host"), ("host.cores", "4"), ("traffic.packet", "1000 B")];
    let at = |direction| run(&base, &[("traffic.direction", direction)]);
    let (encrypt, decrypt, both) = (at("encrypt"), at("decrypt"), at("both"));
    let (low, high) = (l3(&encrypt).min(l3(&decrypt)), l3(&encrypt).max(l3(&decrypt)));
    assert!((low * 0.98..high * 1.02).contains(&l3(&both)), "{} of {low} to {high}", l3(&both));
    // One port carries both ways in and both ways out, two ports one each.
    let wire =
        [("placement", "clear"), ("host.cores", "16"), ("traffic.direction", "both"), ("nic.line_rate", "10 Gbps")];
    let (one, two) = (run(&wire, &[]), run(&wire, &[("nic.ports", "2")]));
    assert!((l3(&two) / l3(&one) - 2.0).abs() < 0.05, "{} {}", l3(&one), l3(&two));
}

#[test]
fn the_order_of_classes_in_a_file_changes_nothing() {
    let class = |direction, i| -> Vec<(String, String)> {
        let settings = [
            ("direction", direction),
            ("arrival", "poisson"),
            ("rate", if direction == "encrypt" { "3 Gbps" } else { "5 Gbps" }),
            ("flows", "32"),
        ];
        settings.map(|(key, value): (&str, &str)| (format!("traffic[{i}].{key}"), value.to_owned())).to_vec()
    };
    let run = |first, second| {
        let settings: Vec<(String, String)> = [class(first, 0), class(second, 1)].concat();
        let settings: Settings<'_> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        run(&settings, &[("host.cores", "4")])
    };
    assert_eq!(run("encrypt", "decrypt").metrics(), run("decrypt", "encrypt").metrics());
}

/// One SA or flow more: over 30 placements by hash, as much less or more as its share.
#[test]
fn one_sa_or_flow_more_moves_the_mean_by_its_share() {
    let profile = profile();
    let mean = |flows: u32, sas: u32| {
        let rates = (1..=30).map(|hash_seed: u32| {
            let settings = [
                ("placement", "host"),
                ("traffic.direction", "receive"),
                ("host.cores", "8"),
                ("traffic.steering", "rss"),
                ("offload.gro", "off"),
                ("traffic.flows", &flows.to_string()),
                ("sa.count", &sas.to_string()),
                ("traffic.hash_seed", &hash_seed.to_string()),
                ("run.half_width", "3 %"),
            ];
            let scenario = Scenario::from_settings(&settings).unwrap();
            let machine = Machine::build(&scenario, &profile).unwrap();
            let compiled = machine.compile().unwrap();
            let mut engine = engine(&machine, &compiled, 1);
            engine.run(40_000, u64::MAX, u64::MAX);
            let before = engine.now_ps();
            engine.run(80_000, u64::MAX, u64::MAX);
            40_000.0 / (engine.now_ps() - before) as f64
        });
        rates.sum::<f64>() / 30.0
    };
    let at = mean(256, 64);
    for (flows, sas) in [(257, 64), (255, 64), (256, 65), (256, 63)] {
        let other = mean(flows, sas);
        assert!((other / at - 1.0).abs() < 0.04, "{flows} flows, {sas} SAs: {other} of {at}");
    }
}

#[test]
fn sas_that_a_nic_has_no_room_for_run_in_software() {
    let base = [
        ("placement", "inline-crypto"),
        ("host.cores", "4"),
        ("traffic.arrival", "poisson"),
        ("traffic.rate", "8 Gbps"),
        ("traffic.transport", "tcp"),
        ("traffic.flows", "1500"),
        ("nic.line_rate", "10 Gbps"),
        ("nic.esp.sa_capacity", "1024"),
    ];
    let at = |sas: &str| run(&base, &[("sa.count", sas)]);
    let (fits, more) = (at("1024"), at("1500"));
    assert_eq!((fits.spread.sas_as_asked, fits.spread.sas_fallen_back), (1024, 0));
    assert_eq!((more.spread.sas_as_asked, more.spread.sas_fallen_back), (1024, 476));
    let aead = |record: &Record| record.cycles_per_packet.iter().find(|(c, _)| *c == Category::Aead).map(|(_, n)| *n);
    assert!(aead(&fits).is_none() && aead(&more).unwrap() > 0.0);
    // What the daemon must not do in software is dropped.
    let refused = run(&base, &[("sa.count", "1500"), ("failover.software", "false")]);
    assert_eq!(refused.spread.sas_refused, 476);
    assert!((lost(&refused) / (476.0 / 1500.0) - 1.0).abs() < 0.05, "{}", lost(&refused));
    // A closed loop would send what is dropped again at once, for ever.
    let saturating = [("sa.count", "1500"), ("failover.software", "false"), ("traffic.arrival", "saturate")];
    let error = Scenario::from_settings(&[&base[..], &saturating].concat()).unwrap().check(&profile()).unwrap_err();
    assert_eq!(error.key, "failover.software");
    // A second NIC has room for the others.
    let two = run(&base, &[("sa.count", "1500"), ("nic.count", "2")]);
    assert_eq!(two.spread.sas_as_asked, 1500);
}

#[test]
fn a_cipher_that_the_nic_lacks_runs_at_the_rate_of_software() {
    let base = [
        ("traffic.flows", "1"),
        ("traffic.transport", "tcp"),
        ("sa.count", "1"),
        ("sa.algorithm", "aes-256-cbc-hmac-sha2-256-128"),
        ("nic.line_rate", "10 Gbps"),
    ];
    let (asked, host) = (run(&base, &[("placement", "inline-crypto")]), run(&base, &[("placement", "host")]));
    assert!((l3(&asked) / l3(&host) - 1.0).abs() < 0.01, "{} {}", l3(&asked), l3(&host));
    assert_eq!(asked.spread.sas_fallen_back, 1);
}

/// A saturating run that ends before its window has turned over has seen queues fill, faster than anything can empty them:
/// it has no estimate. A longer one is within its bound.
#[test]
fn a_run_shorter_than_its_window_has_no_estimate() {
    let base = [
        ("placement", "inline-crypto"),
        ("host.cores", "64"),
        ("nic.count", "16"),
        ("traffic.flows", "1040"),
        ("sa.count", "65"),
    ];
    let short = run(&base, &[("run.max_packets", "20000")]);
    assert_eq!((short.stop, short.rates.len()), (Stop::WarmUp, 0));
    let long = run(&base, &[("run.max_packets", "400000")]);
    let goodput = long.rate(Basis::Goodput).unwrap().gbps;
    assert!(goodput <= 1.005 * long.bound.goodput_gbps().unwrap(), "{goodput} of {:?}", long.bound.goodput_gbps());
}
