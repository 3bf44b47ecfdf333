//! The CPU's cipher on other cores: pcrypt in the kernel, crypto_sw_scheduler in VPP.

use espsim_model::machine::Machine;
use espsim_model::profile::Algorithm;
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::trace::{After, Hop, Job, trace};

use crate::common::{cycles, goodput, near, pps, profile};

fn scenario(base: &[(&str, &str)], more: &[(&str, &str)]) -> Scenario {
    Scenario::from_settings(&[base, more].concat()).unwrap()
}

fn run(base: &[(&str, &str)], more: &[(&str, &str)]) -> Record {
    simulate(&scenario(base, more), &profile("zen4"), 1).unwrap()
}

/// One SA into a gateway whose flows all come to one core.
const ONE_SA: [(&str, &str); 8] = [
    ("placement", "host"),
    ("traffic.direction", "decrypt"),
    ("traffic.packet", "1376 B"),
    ("traffic.steering", "rss"),
    ("sa.count", "1"),
    ("nic.count", "2"),
    ("nic.preset", "connectx-7"),
    ("sa.algorithm", "aes-256-cbc-hmac-sha2-256-128"),
];

/// One SA with n workers carries at most what they do, or what the core does that hands over; in VPP at n times one worker,
/// until that core is full.
#[test]
fn one_sa_carries_what_its_workers_do_or_what_is_handed_to_them() {
    let base = [&ONE_SA[..], &[("host.stack", "vector")]].concat();
    let zen4 = profile("zen4");
    let clock = zen4.host.clock(8, Some(Algorithm::Aes128Gcm)).get() as f64;
    let at = |cores: &str, workers: &str| run(&base, &[("host.cores", cores), ("host.crypto_workers", workers)]);
    let record = at("2", "1");
    // A worker by itself: its cipher, and what it takes for a packet.
    let s = scenario(&base, &[("host.cores", "2"), ("host.crypto_workers", "1")]);
    let direction = espsim_model::traffic::Direction::Decrypt;
    let encrypted = Machine::build(&s, &zen4).unwrap().classes[0].sends[0].segments[0].0.encrypted;
    let cipher = s.software_cost(&zen4, direction).unwrap().cycles(encrypted).0;
    let one = clock / (cipher + zen4.vector.as_ref().unwrap().worker.0);
    near(pps(&record), one, 0.01);
    assert_eq!(record.bottleneck, Some(Resource::CryptoWorkers));
    for (cores, workers, n) in [("3", "2", 2.0), ("4", "3", 3.0)] {
        near(pps(&at(cores, workers)), n * one, 0.01);
    }
    // A worker that has nothing to do is one of them: what is busy is the mean of all.
    let little = [("host.cores", "6"), ("host.crypto_workers", "4"), ("traffic.arrival", "constant")];
    let idle = run(&base, &[&little[..], &[("traffic.rate", "100 Mbps")]].concat());
    let workers = idle.utilisation.iter().find(|u| u.resource == Resource::CryptoWorkers).unwrap();
    near(workers.share, pps(&idle) / one / 4.0, 0.02);
    // From some number on the one core that hands over limits, however many there are.
    let (many, more) = (at("16", "14"), at("32", "30"));
    near(pps(&more), pps(&many), 0.02);
    assert!(pps(&many) < 14.0 * one);
    assert_eq!(many.bottleneck, Some(Resource::SaCore));
    for record in [record, many] {
        assert!(goodput(&record) <= 1.001 * record.bound.goodput_gbps().unwrap());
        assert!(goodput(&record) >= 0.97 * record.bound.goodput_gbps().unwrap());
    }
}

/// padata: a core that finds no work item left does the cipher itself, so that it and its workers are full together.
#[test]
fn the_kernels_core_helps_its_workers_when_they_have_too_much() {
    let at = |cores: &str, more: &[(&str, &str)]| run(&ONE_SA, &[&[("host.cores", cores)], more].concat());
    let alone = at("1", &[]);
    let one = at("3", &[("host.crypto_workers", "1")]);
    // Closed form: a worker has one packet after the other, and the core what it hands over and what is left of the cipher.
    let zen4 = profile("zen4");
    let costs = &zen4.stack;
    let handed = costs.receive.0 + costs.xfrm.0 + costs.crypto_request.0 + costs.worker_submit.0;
    let cipher = cycles(&one, Category::Aead);
    let both = 1.0 + cipher / (cipher + costs.worker.0);
    near(pps(&one), both * zen4.host.clock(3, Some(Algorithm::Aes128Gcm)).get() as f64 / (handed + cipher), 0.02);
    assert!(goodput(&one) > 1.2 * goodput(&alone), "{} {}", goodput(&one), goodput(&alone));
    assert!(cycles(&one, Category::Steer) > 0.0 && cycles(&alone, Category::Steer) == 0.0);
    let (eight, sixteen) = (at("8", &[("host.crypto_workers", "4")]), at("16", &[("host.crypto_workers", "12")]));
    near(goodput(&sixteen), goodput(&eight), 0.01);
    near(pps(&eight), zen4.host.clock(8, Some(Algorithm::Aes128Gcm)).get() as f64 / handed, 0.01);
    assert_eq!(sixteen.bottleneck, Some(Resource::SaCore));
    // As many workers as cores, or more: all of them.
    let all = at("8", &[("host.crypto_workers", "8")]);
    near(goodput(&at("8", &[("host.crypto_workers", "64")])), goodput(&all), 1e-9);
    near(goodput(&all), goodput(&eight), 0.05);
    assert_eq!(all.spread.idle_cores, eight.spread.idle_cores + 4);
}

/// Whatever workers do, packets of an SA go on in the order in which they came, small ones behind large ones too.
#[test]
fn workers_keep_the_order() {
    for stack in ["kernel", "vector"] {
        for workers in ["5", "8"] {
            let more = [
                ("host.stack", stack),
                ("host.cores", "8"),
                ("host.crypto_workers", workers),
                ("traffic.mix", "simple-imix"),
                ("traffic.mtu", "1600 B"),
                ("traffic.flows", "1"),
                ("traffic.arrival", "poisson"),
                ("traffic.rate", "2 Gbps"),
            ];
            let base: Vec<_> = ONE_SA.iter().copied().filter(|(key, _)| *key != "traffic.packet").collect();
            let traced = trace(&scenario(&base, &more), &profile("zen4"), 1, 1000, After::Packets(100)).unwrap();
            // From the visit that hands over until the packet waits for the poll that takes it back, of which the first packet
            // is served last.
            let handed =
                |job: &Job| job.visits().find(|v| v.label == "receive packet, hand to a worker").map(|v| v.begins);
            let back = |job: &Job| {
                job.hops.iter().find_map(|hop| match hop {
                    Hop::Wait { label: "poll for what workers have done", since, .. } => Some(*since),
                    _ => None,
                })
            };
            let on = |job: &Job| Some((handed(job)?, back(job)?));
            let mut back: Vec<_> = traced.jobs.iter().filter_map(on).collect();
            back.sort_by_key(|(handed, _)| *handed);
            let back: Vec<_> = back.into_iter().map(|(_, back)| back).collect();
            let overtaken = back.windows(2).position(|pair| pair[0] > pair[1]);
            assert!(back.len() > 100 && overtaken.is_none(), "{stack} {workers}: {} {overtaken:?}", back.len());
        }
    }
}

/// What finds VPP's ring full is dropped, and so is what finds the backlog of the core full that takes packets back; every
/// class balances, and what was carried is within the bound.
#[test]
fn what_workers_cannot_take_is_lost_and_counted() {
    for (stack, direction, rate) in
        [("vector", "decrypt", "60 Gbps"), ("vector", "encrypt", "60 Gbps"), ("kernel", "receive", "20 Gbps")]
    {
        let more = [
            ("host.stack", stack),
            ("traffic.direction", direction),
            ("host.cores", if stack == "vector" { "4" } else { "6" }),
            ("host.crypto_workers", if stack == "vector" { "1" } else { "3" }),
            ("traffic.flows", "1"),
            ("traffic.arrival", "poisson"),
            ("traffic.rate", rate),
        ];
        let record = run(&ONE_SA, &more);
        let b = record.classes[0].balance;
        assert_eq!(b.offered + b.in_flight[0], b.carried + b.dropped + b.in_flight[1]);
        assert!(b.dropped > 1000, "{stack} {direction}");
        assert!(goodput(&record) <= 1.001 * record.bound.goodput_gbps().unwrap());
        assert!(cycles(&record, Category::Dropped) > 0.0);
        assert!(record.latency.unwrap().p99_ns < 50e6);
    }
}

/// Both directions, and whoever sends: the cipher is no longer on the core that hands over.
#[test]
fn every_direction_hands_its_cipher_over() {
    for direction in ["transmit", "receive", "encrypt", "decrypt", "both"] {
        for stack in ["kernel", "vector"] {
            if stack == "vector" && matches!(direction, "transmit" | "receive") {
                continue;
            }
            let at = |more: &[(&str, &str)]| {
                let base = [
                    ("host.stack", stack),
                    ("traffic.direction", direction),
                    ("host.cores", "4"),
                    ("traffic.flows", "1"),
                    ("traffic.transport", "tcp"),
                ];
                run(&ONE_SA, &[&base[..], more].concat())
            };
            let (own, workers) = (at(&[]), at(&[("host.crypto_workers", "2")]));
            assert!(
                goodput(&workers) > 1.3 * goodput(&own),
                "{direction} {stack}: {} {}",
                goodput(&workers),
                goodput(&own)
            );
            near(cycles(&workers, Category::Aead), cycles(&own, Category::Aead), 0.05);
            assert!(goodput(&workers) <= 1.001 * workers.bound.goodput_gbps().unwrap(), "{direction} {stack}");
        }
    }
}

/// Designs whose cipher is not the CPU's have none of it.
#[test]
fn workers_are_of_the_cpus_cipher() {
    for placement in ["clear", "inline-crypto", "inline-packet"] {
        let base = [("placement", placement), ("host.cores", "4"), ("nic.preset", "connectx-7")];
        let (with, without) = (run(&base, &[("host.crypto_workers", "2")]), run(&base, &[]));
        assert_eq!(goodput(&with), goodput(&without), "{placement}");
    }
}

/// VPP: the core that has used an SA first encrypts for all, and others hand its packets over; each of several SAs has a core.
#[test]
fn packets_of_an_sa_are_handed_to_the_core_that_owns_it() {
    let at = |more: &[(&str, &str)]| {
        let base = [("host.stack", "vector"), ("traffic.direction", "encrypt"), ("host.cores", "8")];
        run(&ONE_SA, &[&base[..], more].concat())
    };
    let one = at(&[]);
    let zen4 = profile("zen4");
    let costs = zen4.vector.as_ref().unwrap();
    // Closed form: the owner does all of ESP, takes what is handed to it and looks up the route of the rest. At both ends a
    // packet that is handed over costs as much.
    let handed = cycles(&one, Category::Steer) / (2.0 * costs.steer.0);
    assert!((0.3..=1.0).contains(&handed), "{handed}");
    let came = handed * costs.steer.0 + (1.0 - handed) * costs.forward.0;
    let esp = costs.xfrm.0 + costs.crypto_request.0 + costs.complete.0 + cycles(&one, Category::Aead);
    near(pps(&one), zen4.host.clock(8, Some(Algorithm::Aes128Gcm)).get() as f64 / (came + esp), 0.02);
    assert_eq!(one.bottleneck, Some(Resource::SaCore));
    // One flow of an SA is handed to nobody.
    let flows = at(&[("sa.count", "64")]);
    assert_eq!(cycles(&flows, Category::Steer), 0.0);
    assert!(goodput(&flows) > 6.0 * goodput(&one));
    // What takes no sequence numbers on the CPU is not handed over.
    let packet = at(&[("placement", "inline-packet"), ("sa.algorithm", "aes-128-gcm")]);
    assert_eq!(cycles(&packet, Category::Steer), 0.0);
    // Beyond what the owner does packets are lost, and every class balances.
    let open = at(&[("traffic.arrival", "poisson"), ("traffic.rate", "40 Gbps")]);
    let b = open.classes[0].balance;
    assert_eq!(b.offered + b.in_flight[0], b.carried + b.dropped + b.in_flight[1]);
    assert!(b.dropped > 1000);
}
