//! Traffic as it arrives: trains of a flow, and what receives them.

use espsim_model::preset;
use espsim_model::record::Record;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::common::{cycles, goodput, profile};

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

/// One of these.
fn one_of(names: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(names)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    /// Twice the cores carry at most twice as much, whatever is carried: streams are as many, and spread evenly.
    #[test]
    fn cores_do_not_gain_more_than_their_number(
        placement in one_of(&["clear", "host", "lookaside", "inline-crypto", "inline-packet"]),
        direction in one_of(&["transmit", "receive", "encrypt", "decrypt", "both"]),
        transport in one_of(&["udp", "tcp"]),
        gro in one_of(&["off", "16 KiB", "64 KiB"]),
        packet in prop_oneof![
            one_of(&["128 B", "700 B", "1400 B"]).prop_map(|size| ("traffic.packet", size)),
            Just(("traffic.mix", "simple-imix")),
        ],
        // As many as one core's L2 has room for, both ways: caches add up.
        sas in one_of(&["1", "8", "32"]),
        streams in one_of(&["16", "64", "192"]),
        lock in one_of(&["queued", "ticket"]),
        host in one_of(&["haswell", "ice-lake-sp", "zen4"]),
    ) {
        let at = |cores: &str| {
            let settings = [
                ("placement", placement),
                ("host.cores", cores),
                ("traffic.direction", direction),
                ("traffic.transport", transport),
                ("traffic.mtu", "1600 B"),
                // Its smallest packets have no room for headers of TCP.
                if transport == "tcp" && packet.0 == "traffic.mix" { ("traffic.packet", "900 B") } else { packet },
                ("traffic.flows", streams),
                ("sa.count", sas),
                ("sa.lock", lock),
                ("offload.gro", gro),
                ("nic.preset", "connectx-7"),
                ("lookaside.driver", "complete"),
                ("run.max_packets", "60000"),
            ];
            goodput(&simulate(&Scenario::from_settings(&settings).unwrap(), &profile(host), 1).unwrap())
        };
        let rates = ["1", "2", "4", "8"].map(at);
        for pair in rates.windows(2) {
            prop_assert!(pair[1] <= 2.03 * pair[0], "{:?}", rates);
        }
    }
}
