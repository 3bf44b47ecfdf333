//! What numbers of devices may be: draws, ends of ranges, and what decides.

use espsim_model::bound::bound;
use espsim_model::deciding::swings;
use espsim_model::machine::Machine;
use espsim_model::preset::PresetKind;
use espsim_model::profile::Profile;
use espsim_model::scenario::{Scenario, Sense};
use espsim_model::uncertainty::{device_estimate, device_moved, device_values, draws, ends, estimate, moved};

use crate::common::profile;

fn scenario(settings: &[(&str, &str)]) -> Scenario {
    Scenario::from_settings(settings).unwrap()
}

/// Packets per second that the tightest limit lets through.
fn limit(scenario: &Scenario, profile: &Profile) -> f64 {
    let machine = Machine::build(scenario, profile).unwrap();
    bound(&machine).tightest().unwrap().rate.as_pps()
}

/// A scenario of each way through the machine, in each stack that has it.
fn scenarios() -> Vec<(String, Scenario)> {
    let mut all = Vec::new();
    for (placement, nic) in [
        ("clear", "nic-100g"),
        ("host", "e810-cq"),
        ("lookaside", "nic-100g"),
        ("inline-crypto", "connectx-6-dx"),
        ("inline-packet", "connectx-7"),
        ("dpu", "bluefield-3"),
    ] {
        for stack in ["kernel", "vector"] {
            for (direction, packet) in [("encrypt", "64 B"), ("both", "1400 B")] {
                let settings = [
                    ("placement", placement),
                    ("nic.preset", nic),
                    ("host.stack", stack),
                    ("host.cores", "4"),
                    ("traffic.direction", direction),
                    ("traffic.packet", packet),
                    ("lookaside.driver", "complete"),
                    ("sa.count", "4096"),
                    ("traffic.flows", "4096"),
                    ("pcie.iommu.enabled", "true"),
                ];
                let s = scenario(&settings);
                if s.check(&profile("zen4")).is_ok() {
                    all.push((format!("{placement} {stack} {direction} {packet}"), s));
                }
            }
        }
    }
    assert!(all.len() >= 16, "{}", all.len());
    all
}

/// With each value at its low and at its high end, and with all at their better and at their worse ends, the limit lies on both
/// sides of what it is.
#[test]
fn the_limit_lies_between_those_at_the_ends_of_every_range() {
    let host = profile("zen4");
    let (mut moves, mut inside) = (0, 0);
    for (at, s) in scenarios() {
        let now = limit(&s, &host);
        let (mut best, mut worst) = ((host.clone(), s.clone()), (host.clone(), s.clone()));
        for key in host.values() {
            let Some(value) = estimate(&host, &key).filter(|value| value.low.is_some()) else { continue };
            let [low, high] = ends(&value).0;
            let ends = [low, high].map(|end| limit(&s, &moved(&host, &key, end).unwrap()));
            let (least, most) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
            // The kernel takes the cipher that is fastest at full size, which at another size may be slightly dearer.
            let near = if key.starts_with("aead.") { 0.005 } else { 1e-6 };
            assert!(least <= now * (1.0 + near) && most >= now * (1.0 - near), "{at}: {key}: {now} and {ends:?}");
            let is_rate = ["host.frequency", "memory.bandwidth"].contains(&key.as_str());
            let (better, worse) = if is_rate { (high, low) } else { (low, high) };
            best.0 = moved(&best.0, &key, better).unwrap();
            worst.0 = moved(&worst.0, &key, worse).unwrap();
        }
        for (key, doubt) in &s.doubts {
            let Some(value) = device_estimate(&s, key) else { continue };
            let [low, high] = ends(&value).0;
            let ends = [low, high].map(|end| limit(&device_moved(&s, key, end).unwrap(), &host));
            let (least, most) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
            assert!(least <= now * 1.000_001 && most >= now * 0.999_999, "{at}: {key}: {now} and {ends:?}");
            moves += usize::from(most > least * 1.01);
            let (better, worse) = if doubt.sense == Sense::Cost { (low, high) } else { (high, low) };
            best.1 = device_moved(&best.1, key, better).unwrap();
            worst.1 = device_moved(&worst.1, key, worse).unwrap();
        }
        let (least, most) = (limit(&worst.1, &worst.0), limit(&best.1, &best.0));
        assert!(least <= now && now <= most && least < most, "{at}: {now} and {least} to {most}");
        inside += usize::from(least < 0.9 * now && now * 1.1 < most);
    }
    assert!(moves > 10 && inside > 10, "{moves} numbers of devices move a limit, {inside} limits lie well inside");
}

#[test]
fn draws_have_the_ranges_that_they_come_from_and_are_scenarios() {
    let s = scenario(&[("placement", "inline-packet"), ("nic.preset", "connectx-6-dx")]);
    let keys = ["nic.esp.latency".to_owned(), "nic.latency".to_owned(), "nic.ring".to_owned()];
    let drawn: Vec<Vec<f64>> = draws(2000, 7)
        .map(|draw| device_values(&draw.scenario(&s), &keys).into_iter().collect::<Option<Vec<f64>>>().unwrap())
        .collect();
    for (column, key) in keys.iter().enumerate().take(2) {
        let value = device_estimate(&s, key).unwrap();
        let outside = |is: &dyn Fn(f64) -> bool| drawn.iter().filter(|row| is(row[column])).count();
        assert!((35..=65).contains(&outside(&|v| v < value.low.unwrap())), "{key}");
        assert!((35..=65).contains(&outside(&|v| v > value.high.unwrap())), "{key}");
        assert!((940..=1060).contains(&outside(&|v| v < value.value)), "{key}");
    }
    assert!(drawn.iter().all(|row| row[2] == 1024.0), "what a driver sets is exact");
}

/// Whatever is drawn, far beyond ranges too, is a machine that can be.
#[test]
fn every_draw_of_every_device_is_one_that_can_be() {
    let host = profile("zen4");
    let nics = PresetKind::Nic.names().into_iter().map(|name| ("nic.preset", name, "clear", "kernel"));
    let cards = PresetKind::Accelerator.names().into_iter();
    let cards = cards.map(|name| ("accelerator.preset", name, "lookaside", "vector"));
    let slots = PresetKind::Pcie.names().into_iter().map(|name| ("nic.pcie.preset", name, "clear", "kernel"));
    let mut checked = 0;
    for (key, name, placement, stack) in nics.chain(cards).chain(slots) {
        let settings = [(key, name), ("placement", placement), ("host.stack", stack), ("offload.gso", "64 KiB")];
        let s = scenario(&settings);
        if s.check(&host).is_err() {
            continue;
        }
        checked += 1;
        for draw in draws(300, 3) {
            let drawn = draw.scenario(&s);
            drawn.check(&host).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    assert!(checked > 35, "{checked}");
}

#[test]
fn designs_that_share_a_part_share_its_error_and_what_the_user_says_has_none() {
    let inline = scenario(&[("placement", "inline-packet"), ("nic.preset", "connectx-7")]);
    let card = scenario(&[("placement", "lookaside"), ("nic.preset", "connectx-7"), ("lookaside.driver", "complete")]);
    let two = "[[nic]]\npreset = \"connectx-7\"\n[[nic]]\npreset = \"connectx-7\"\nesp.latency = \"260 ns\"\n";
    let layer = espsim_model::layers::flatten(&two.parse().unwrap(), &espsim_model::layers::Origin::Scenario);
    let two = espsim_model::layers::resolve(&layer).and_then(|values| espsim_model::layers::scenario(&values)).unwrap();
    let mut moved = 0;
    for draw in draws(20, 1) {
        let [a, b, two] = [&inline, &card, &two].map(|s| draw.scenario(s));
        assert_eq!(a.nic, b.nic);
        assert_eq!(a.nic[0].latency, two.nic[1].latency);
        assert_eq!(two.nic[1].esp.as_ref().unwrap().latency.as_ns(), 260.0);
        moved += usize::from(a.nic[0] != inline.nic[0] && b.accelerator[0].latency != card.accelerator[0].latency);
        // All slots of a host have one root complex.
        let factor = |s: &Scenario, from: &Scenario| {
            s.accelerator[0].pcie.read_latency.as_ns() / from.accelerator[0].pcie.read_latency.as_ns()
        };
        let of_nic = a.nic[0].pcie.read_latency.as_ns() / inline.nic[0].pcie.read_latency.as_ns();
        assert!((factor(&b, &card) / of_nic - 1.0).abs() < 1e-4);
    }
    assert_eq!(moved, 20);
}

/// All of one device errs for the worse or for the better: its times are long where its rates are low.
#[test]
fn numbers_of_one_device_err_together() {
    let s = scenario(&[("placement", "lookaside"), ("accelerator.preset", "qat-8970")]);
    let keys = ["accelerator.latency".to_owned(), "accelerator.operation_rate".to_owned(), "nic.latency".to_owned()];
    let drawn: Vec<Vec<f64>> = draws(2000, 5)
        .map(|draw| device_values(&draw.scenario(&s), &keys).into_iter().map(|v| v.unwrap().ln()).collect())
        .collect();
    let correlation = |a: usize, b: usize| {
        let mean = |i: usize| drawn.iter().map(|row| row[i]).sum::<f64>() / drawn.len() as f64;
        let product = |i: usize, j: usize| drawn.iter().map(|row| (row[i] - mean(i)) * (row[j] - mean(j))).sum::<f64>();
        product(a, b) / (product(a, a) * product(b, b)).sqrt()
    };
    assert!((-0.6..=-0.35).contains(&correlation(0, 1)), "{}", correlation(0, 1));
    assert!(correlation(0, 2).abs() < 0.06, "{}", correlation(0, 2));
}

#[test]
fn cores_of_a_dpu_are_drawn_with_their_preset() {
    let settings = [
        ("placement", "dpu"),
        ("nic.preset", "bluefield-3"),
        ("dpu.esp", "cores"),
        ("host.cores", "8"),
        ("dpu.cores", "1"),
    ];
    let s = scenario(&settings);
    let host = profile("zen4");
    let limits: Vec<f64> = draws(40, 1).map(|draw| limit(&draw.scenario(&s), &host)).collect();
    let now = limit(&s, &host);
    let below = limits.iter().filter(|limit| **limit < now).count();
    assert!((8..=32).contains(&below), "{below} of 40 below {now}: {limits:?}");
}

/// What a card's numbers are tells what it carries: they move as much as costs of the host do.
#[test]
fn numbers_of_a_card_decide_where_it_limits() {
    let settings = [
        ("placement", "lookaside"),
        ("host.stack", "vector"),
        ("host.cores", "16"),
        ("lookaside.submission", "poll"),
        ("traffic.direction", "encrypt"),
        ("traffic.packet", "64 B"),
        ("accelerator.preset", "qat-c3xxx"),
    ];
    let s = scenario(&settings);
    let all = swings(&profile("zen4"), &s);
    let swing = |key: &str| all.iter().find(|(other, _)| other == key).map_or(0.0, |(_, swing)| *swing);
    assert!(swing("accelerator.operation_rate") > 0.1, "{all:?}");
    assert_eq!(swing("nic.esp.rate"), 0.0);
}
