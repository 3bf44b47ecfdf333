//! Traffic as it arrives: trains of a flow, and what receives them.

use espsim_model::preset;
use espsim_model::record::Record;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;

use crate::common::{cycles, goodput};

fn run(settings: &[(&str, &str)]) -> Record {
    let profile = preset::profile("ice-lake-sp").unwrap().unwrap();
    simulate(&Scenario::from_settings(settings).unwrap(), &profile, 1).unwrap()
}

const RECEIVE: [(&str, &str); 4] = [
    ("placement", "clear"),
    ("traffic.direction", "receive"),
    ("traffic.transport", "tcp"),
    ("traffic.packet", "1446 B"),
];

/// A sender's super-packet comes as a train, which GRO makes whole again however many streams there are.
#[test]
fn streams_of_one_core_share_it_without_loss_of_merging() {
    let at = |flows: &str| goodput(&run(&[&RECEIVE[..], &[("traffic.flows", flows)]].concat()));
    let (one, many) = (at("1"), at("64"));
    assert!((0.9..=1.01).contains(&(many / one)), "{one} {many}");
    // Packet by packet nothing merges.
    let single = [("traffic.flows", "64"), ("traffic.train", "1")];
    assert!(goodput(&run(&[&RECEIVE[..], &single].concat())) < 0.5 * one);
}

/// Trains come at the rate that was asked for, and a poll finds one where it found a packet; what they wait for each other is
/// `queueing::md1_of_trains`.
#[test]
fn trains_keep_the_rate_and_share_polls() {
    for arrival in ["constant", "poisson"] {
        let at = |train: &str| {
            let base = [("placement", "clear"), ("traffic.direction", "encrypt"), ("traffic.packet", "512 B")];
            let more = [("traffic.arrival", arrival), ("traffic.rate", "4 Gbps"), ("traffic.train", train)];
            run(&[&base[..], &more, &[("run.max_packets", "400000")]].concat())
        };
        let (single, trains) = (at("1"), at("44"));
        assert!((goodput(&trains) / goodput(&single) - 1.0).abs() < 0.02);
        // An interrupt finds a train where it found one packet.
        assert!(cycles(&trains, Category::Poll) < 0.5 * cycles(&single, Category::Poll));
    }
}
