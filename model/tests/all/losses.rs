//! What waits and is lost before cores, by closed forms and by simulation.

use espsim_model::bound::Queues;
use espsim_model::machine::Machine;
use espsim_model::record::Record;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::units::Share;

type Settings<'a> = Vec<(&'a str, &'a str)>;

const GATEWAY: [(&str, &str); 7] = [
    ("placement", "host"),
    ("traffic.direction", "encrypt"),
    ("host.cores", "1"),
    ("traffic.flows", "256"),
    ("traffic.arrival", "poisson"),
    ("nic.ring", "512"),
    ("run.max_packets", "1000000"),
];

/// Queues and simulation of a gateway whose cores are so busy.
fn both(busy: f64, more: &[(&str, &str)]) -> (Queues, Record) {
    let profile = crate::common::profile("zen4");
    let at = |gbps: f64| {
        let rate = format!("{gbps} Gbps");
        Scenario::from_settings(&[&GATEWAY[..], more, &[("traffic.rate", &rate)]].concat()).unwrap()
    };
    let queues = |scenario: &Scenario| Queues::of(&Machine::build(scenario, &profile).unwrap()).unwrap();
    // What a packet takes depends a little on how many come.
    let gbps = (0..8).fold(1.0, |gbps, _| gbps * busy / queues(&at(gbps)).busy().fraction());
    let scenario = at(gbps);
    (queues(&scenario), simulate(&scenario, &profile, 1).unwrap())
}

fn trains(packets: &'static str) -> Settings<'static> {
    vec![("traffic.train", packets)]
}

fn bursts() -> Settings<'static> {
    vec![("traffic.arrival", "bursts"), ("traffic.train", "4"), ("traffic.burst", "8")]
}

#[test]
fn trains_and_bursts_lose_what_closed_forms_say() {
    for stack in ["kernel", "vector"] {
        for (coming, busy) in [(trains("16"), 0.97), (trains("44"), 0.9), (bursts(), 0.9)] {
            let (queues, record) = both(busy, &[&coming[..], &[("host.stack", stack)]].concat());
            let (closed, simulated) = (queues.loss().fraction(), record.loss.unwrap().share);
            assert!(simulated > 1e-4, "{stack} {coming:?}: {simulated}");
            // Userspace takes up to 256 packets at once, which hold their places until they are done.
            let off = closed / simulated;
            assert!((0.3..2.0).contains(&off), "{stack} {coming:?}: {closed:.2e} and {simulated:.2e}");
        }
    }
}

#[test]
fn what_closed_forms_say_is_not_lost_is_not() {
    for stack in ["kernel", "vector"] {
        for (coming, busy) in [(trains("1"), 0.97), (trains("16"), 0.8), (trains("44"), 0.5), (bursts(), 0.2)] {
            let (queues, record) = both(busy, &[&coming[..], &[("host.stack", stack)]].concat());
            assert!(queues.loss().fraction() < 2e-6, "{stack} {coming:?}: {}", queues.loss());
            assert_eq!(record.loss.unwrap().share, 0.0, "{stack} {coming:?}");
        }
    }
}

#[test]
fn packets_wait_for_their_core_as_long_as_closed_forms_say() {
    for (coming, busy) in [(trains("16"), 0.8), (trains("16"), 0.9), (trains("44"), 0.8)] {
        let (queues, record) = both(busy, &coming);
        let closed = queues.wait(Share::from_fraction(0.01)).as_ns();
        let simulated = record.latency.unwrap().p99_ns;
        assert!((closed / simulated - 1.0).abs() < 0.15, "{coming:?}: {closed} and {simulated}");
    }
}

#[test]
fn a_longer_ring_and_an_idler_core_lose_less() {
    let profile = crate::common::profile("zen4");
    let loss = |ring: &str, gbps: &str| {
        let more = [("nic.ring", ring), ("traffic.rate", gbps), ("traffic.train", "16")];
        let scenario = Scenario::from_settings(&[&GATEWAY[..], &more].concat()).unwrap();
        Queues::of(&Machine::build(&scenario, &profile).unwrap()).unwrap().loss().fraction()
    };
    let by_load: Vec<f64> =
        ["4 Gbps", "5 Gbps", "6 Gbps", "6.5 Gbps", "7 Gbps", "14 Gbps"].map(|rate| loss("512", rate)).into();
    assert!(by_load.is_sorted() && by_load[0] < 1e-9 && by_load[5] > 0.3, "{by_load:?}");
    let by_ring: Vec<f64> = ["128", "256", "512", "1024"].map(|ring| loss(ring, "6 Gbps")).into();
    assert!(by_ring.is_sorted_by(|a, b| a >= b), "{by_ring:?}");
}

#[test]
fn what_does_not_come_at_random_has_no_such_closed_form() {
    let profile = crate::common::profile("zen4");
    for arrival in ["constant", "saturate"] {
        let more = [("traffic.arrival", arrival), ("traffic.rate", "1 Gbps")];
        let scenario = Scenario::from_settings(&[&GATEWAY[..], &more].concat()).unwrap();
        assert_eq!(Queues::of(&Machine::build(&scenario, &profile).unwrap()), None, "{arrival}");
    }
}
