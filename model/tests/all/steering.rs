//! Which core a packet comes to: by what its NIC tells packets apart.

use espsim_model::machine::Machine;
use espsim_model::profile::Algorithm;
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::traffic::Basis;

use crate::common::{cycles, goodput, near, profile};

fn run_on(host: &str, base: &[(&str, &str)], more: &[(&str, &str)]) -> Record {
    let scenario = Scenario::from_settings(&[base, more].concat()).unwrap();
    simulate(&scenario, &profile(host), 1).unwrap()
}

/// Any seed that is allowed places flows, as far as it goes.
#[test]
fn every_hash_seed_places_flows() {
    for seed in ["1", "60336", "4294967296"] {
        let settings = [
            ("placement", "host"),
            ("host.cores", "4"),
            ("traffic.direction", "receive"),
            ("traffic.steering", "rss"),
            ("traffic.hash_seed", seed),
        ];
        let machine = Machine::build(&Scenario::from_settings(&settings).unwrap(), &profile("zen4")).unwrap();
        assert_eq!(machine.flows.len(), 64);
    }
}

const GATEWAYS: [(&str, &str); 7] = [
    ("placement", "host"),
    ("host.cores", "8"),
    ("traffic.direction", "receive"),
    ("traffic.transport", "tcp"),
    ("traffic.flows", "64"),
    ("traffic.steering", "rss"),
    ("nic.preset", "nic-100g"),
];

/// strongSwan issue 945: what the NIC cannot tell apart comes to one core, and the limit says so.
#[test]
fn sas_of_one_peer_have_one_core_where_the_nic_hashes_addresses() {
    let at = |sas, more: &[(&str, &str)]| run_on("haswell", &GATEWAYS, &[&[("sa.count", sas)], more].concat());
    let addresses = [("nic.rss_esp", "addresses")];
    let (one, eight) = (at("1", &addresses), at("8", &addresses));
    near(goodput(&eight), goodput(&one), 0.1);
    assert_eq!(eight.bottleneck, Some(Resource::PeerCore));
    assert_eq!(at("1", &[]).bottleneck, Some(Resource::SaCore));
    // With an SPI in the hash, or a peer for each SA, they have several.
    let spread = [at("8", &[]), at("8", &[addresses[0], ("sa.peers", "8")])];
    assert!(spread.iter().all(|record| goodput(record) > 2.5 * goodput(&one)));
    // Ports of UDP encapsulation are the peer's, and what is not hashed at all is the first queue's.
    let nat = at("8", &[("sa.nat_t", "true")]);
    near(goodput(&nat), goodput(&one), 0.1);
    let none = at("8", &[("nic.rss_esp", "none"), ("sa.peers", "8")]);
    near(goodput(&none), goodput(&one), 0.1);
    assert_eq!(none.bottleneck, Some(Resource::EspCore));
}

/// The controller of the preset hashes addresses alone; in the clear it hashes ports.
#[test]
fn a_nic_that_hashes_addresses_spreads_what_is_in_the_clear() {
    let at = |placement| run_on("haswell", &GATEWAYS, &[("nic.preset", "nic-40g"), ("placement", placement)]);
    assert_eq!(at("host").bottleneck, Some(Resource::PeerCore));
    let (clear, host) = (at("clear").spread, at("host").spread);
    assert_eq!((clear.idle_cores, host.idle_cores), (0, 7));
}

/// What the NIC has decrypted it can spread by the inner headers: one SA on many cores.
#[test]
fn one_sa_comes_to_many_cores_where_the_nic_hashes_inner_headers() {
    let base = [&GATEWAYS[..], &[("nic.preset", "connectx-7"), ("sa.count", "1")]].concat();
    for placement in ["inline-packet", "inline-crypto"] {
        let at = |inner| run_on("zen4", &base, &[("placement", placement), ("nic.esp.rss_inner", inner)]);
        let (spi, inner) = (at("false"), at("true"));
        assert_eq!((spi.spread.idle_cores, inner.spread.idle_cores), (7, 0));
        assert!(goodput(&inner) > 1.3 * goodput(&spi), "{placement}: {} {}", goodput(&inner), goodput(&spi));
    }
    // What runs in software is encrypted when it is hashed.
    let software = run_on("zen4", &base, &[("placement", "host"), ("nic.esp.rss_inner", "true")]);
    assert_eq!((software.spread.idle_cores, software.bottleneck), (7, Some(Resource::SaCore)));
}

/// cilium pull request 35661: one tunnel, 64 streams, decryption handed on to other cores.
#[test]
fn cores_that_packets_are_handed_on_to_decrypt_one_tunnel_faster() {
    let base = [
        ("placement", "host"),
        ("host.cores", "16"),
        ("traffic.direction", "receive"),
        ("traffic.transport", "tcp"),
        ("traffic.packet", "1446 B"),
        ("traffic.flows", "64"),
        ("sa.count", "1"),
        ("nic.preset", "nic-100g"),
    ];
    let at = |more: &[(&str, &str)]| run_on("zen4", &base, more);
    let (rss, rps) = (at(&[("traffic.steering", "rss")]), at(&[("traffic.steering", "rps")]));
    let gain = goodput(&rps) / goodput(&rss);
    assert!((3.0..=5.5).contains(&gain), "{gain}");
    assert_eq!((rss.spread.idle_cores, rps.spread.idle_cores), (15, 0));
    assert!(cycles(&rps, Category::Steer) > 0.0 && cycles(&rss, Category::Steer) == 0.0);
    // The core that hands on is what limits, however many there are to hand on to, or what they share.
    let more = at(&[("traffic.steering", "rps"), ("host.cores", "32")]);
    assert!(goodput(&more) < 1.1 * goodput(&rps), "{} {}", goodput(&more), goodput(&rps));
    // In the clear RSS sees ports, and nothing is handed on.
    let clear = at(&[("traffic.steering", "rps"), ("placement", "clear")]);
    assert_eq!(cycles(&clear, Category::Steer), 0.0);
}

/// At an offered rate, what the core that hands on cannot take is lost, and every class balances.
#[test]
fn a_backlog_that_is_full_drops() {
    let settings = [
        ("placement", "host"),
        ("host.cores", "2"),
        ("traffic.direction", "receive"),
        ("traffic.steering", "rps"),
        ("sa.count", "1"),
        ("traffic.arrival", "poisson"),
        ("traffic.rate", "30 Gbps"),
        ("nic.preset", "nic-100g"),
    ];
    let record = run_on("zen4", &settings, &[]);
    let b = record.classes[0].balance;
    assert_eq!(b.offered + b.in_flight[0], b.carried + b.dropped + b.in_flight[1]);
    assert!(b.dropped > 1000 && cycles(&record, Category::Dropped) > 0.0);
    assert_eq!(record.bottleneck, Some(Resource::SaCore));
}

/// linux-ipsec.org 2025, tests with an SA for each CPU: flows of one tunnel scale with cores, as with as many tunnels.
#[test]
fn sas_of_single_cores_need_no_lock() {
    for direction in ["transmit", "receive"] {
        let at = |cores: &str, more: &[(&str, &str)]| {
            let base = [
                ("placement", "host"),
                ("host.cores", cores),
                ("traffic.direction", direction),
                ("traffic.packet", "256 B"),
                ("offload.gro", "off"),
                ("traffic.flows", "64"),
                ("sa.count", "1"),
                ("nic.preset", "connectx-7"),
            ];
            run_on("zen4", &base, more)
        };
        let per_cpu = [("sa.per_cpu", "true")];
        let (one, two, sixteen) = (at("1", &per_cpu), at("2", &per_cpu), at("16", &per_cpu));
        near(goodput(&two), 2.0 * goodput(&one), 0.02);
        near(goodput(&sixteen), 16.0 * goodput(&one), 0.05);
        assert_eq!(cycles(&sixteen, Category::Lock), 0.0);
        assert_eq!(sixteen.spread.sas_as_asked, 16);
        // One SA alone stays on one core, or is contended for.
        let shared = goodput(&at("16", &[])) / goodput(&sixteen);
        assert!(shared < 0.75, "{direction}: {shared}");
    }
}

/// A lock by itself, closed form: cores that take it in turn move its lines each time, and the farther the longer.
#[test]
fn a_lock_that_cores_take_in_turn_costs_what_its_lines_travel() {
    let zen4 = profile("zen4");
    let stack = &zen4.stack;
    let clock = zen4.host.clock(8, Some(Algorithm::Aes128Gcm)).get() as f64;
    let rate = |cores: &str, lock: &str| {
        let settings = [
            ("placement", "host"),
            ("host.cores", cores),
            ("traffic.packet", "64 B"),
            ("traffic.flows", "96"),
            ("sa.count", "1"),
            ("sa.lock", lock),
            ("nic.preset", "connectx-7"),
        ];
        run_on("zen4", &settings, &[]).packets_per_s.unwrap()
    };
    let held = |rate: f64| clock / rate;
    let (near_most, far_most) =
        (stack.sa_lock.0 + 2.0 * stack.line_transfer.0, stack.sa_lock.0 + 2.0 * stack.line_transfer_l3.0);
    // Thirty-two cores of eight complexes: most often the lock comes from another one.
    let far = held(rate("32", "queued"));
    assert!(far > 0.8 * far_most && far < 1.01 * far_most, "{far} of {near_most} to {far_most}");
    // Waiters that spin on the lock's line take it away from who passes it on.
    assert!(rate("32", "ticket") < 0.7 * rate("32", "queued"));
}

/// What is received takes the lock for its check and again for what it counts, closed form: cores that are not with their
/// own work (Little's law) wait for it, and where they spin on its line each adds to passing it on.
#[test]
fn a_received_packet_takes_its_lock_twice_and_who_waits_slows_it() {
    let host = profile("ice-lake-sp");
    let (stack, clock) = (&host.stack, host.host.clock(32, None).get() as f64);
    let cycles = |cores: u32, lock: &str, passes: &str| {
        let cores = cores.to_string();
        let settings = [
            ("placement", "inline-crypto"),
            ("host.cores", cores.as_str()),
            ("traffic.direction", "receive"),
            ("traffic.packet", "128 B"),
            ("traffic.flows", "96"),
            ("sa.count", "1"),
            ("sa.lock", lock),
            ("sa.lock_passes", passes),
            ("offload.gro", "off"),
            ("nic.preset", "connectx-7"),
            ("nic.esp.rss_inner", "true"),
        ];
        clock / run_on("ice-lake-sp", &settings, &[]).packets_per_s.unwrap()
    };
    let moves = 2.0 * stack.line_transfer.0;
    for (passes, name) in [(1.0, "1"), (2.0, "2")] {
        let (alone, queued, ticket) =
            (cycles(1, "queued", name), cycles(32, "queued", name), cycles(32, "ticket", name));
        near(queued, stack.sa_lock.0 + passes * moves, 0.02);
        let waiting = 31.0 - (alone - stack.sa_lock.0) / ticket;
        near(ticket, stack.sa_lock.0 + passes * (moves + stack.lock_waiter.0 * waiting), 0.05);
    }
    // More cores carry less, as published: commit 10a118619439, 34 Gb/s on 4 queues and 16 on 16.
    let falls = ["1", "2"].map(|passes| cycles(32, "ticket", passes) / cycles(16, "ticket", passes));
    assert!(falls.iter().all(|fall| *fall > 1.2), "{falls:?}");
}

/// AWS Site-to-Site VPN quotas: 1.25 Gb/s and 140 000 packets per second a tunnel.
#[test]
fn tunnels_carry_what_their_cloud_lets_them() {
    let at = |sas: &str, more: &[(&str, &str)]| {
        let base = [
            ("placement", "host"),
            ("host.cores", "16"),
            ("traffic.direction", "encrypt"),
            ("traffic.arrival", "poisson"),
            ("traffic.rate", "10 Gbps"),
            ("traffic.flows", "1040"),
            ("traffic.mtu", "1600 B"),
            ("sa.nat_t", "true"),
            ("sa.rate", "1.25 Gbps"),
            ("sa.packet_rate", "140 kpps"),
            ("sa.count", sas),
        ];
        run_on("zen4", &base, more)
    };
    let carried = |record: &Record| record.rate(Basis::L3).unwrap().gbps;
    for (sas, gbps) in [("1", 1.25), ("4", 5.0), ("8", 10.0), ("9", 10.0)] {
        let record = at(sas, &[]);
        near(carried(&record), gbps, 0.015);
        // Eight are just enough.
        if sas != "8" {
            assert_eq!(record.bottleneck == Some(Resource::SaLimit), gbps < 10.0, "{sas}: {:?}", record.bottleneck);
        }
        assert!(goodput(&record) <= 1.01 * record.bound.goodput_gbps().unwrap());
    }
    // Of a simple IMIX, 343.8 octets on average, packets bind: 140 000 a second of each of 26.
    let imix = [("traffic.mix", "simple-imix")];
    near(carried(&at("13", &imix)), 5.0, 0.02);
    near(carried(&at("26", &imix)), 10.0, 0.015);
    // A saturating sender is held back instead.
    let saturating = at("4", &[("traffic.arrival", "saturate")]);
    near(carried(&saturating), 5.0, 0.01);
    assert!(saturating.loss.is_none());
}

/// RFC 4303 section 3.4.3: what is overtaken by more than the window holds is dropped, and what stays in order never is.
#[test]
fn what_is_overtaken_by_more_than_the_replay_window_is_dropped() {
    let at = |steering: &str, window: &str| {
        let settings = [
            ("placement", "host"),
            ("host.cores", "8"),
            ("traffic.direction", "receive"),
            ("traffic.steering", steering),
            ("traffic.mix", "simple-imix"),
            ("traffic.mtu", "1600 B"),
            ("traffic.train", "32"),
            ("offload.gro", "off"),
            ("sa.count", "1"),
            ("sa.replay_window", window),
            ("traffic.arrival", "poisson"),
            ("traffic.rate", if steering == "rps" { "4 Gbps" } else { "1 Gbps" }),
            ("nic.preset", "nic-100g"),
        ];
        run_on("zen4", &settings, &[]).loss.unwrap().share
    };
    assert_eq!(at("rss", "32"), 0.0);
    let (narrow, wide) = (at("rps", "8"), at("rps", "4096"));
    assert!(narrow > 0.001 && wide < 0.1 * narrow, "{narrow} {wide}");
    assert!(at("rps", "32") <= narrow);
}
