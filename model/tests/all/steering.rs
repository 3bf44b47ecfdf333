//! Which core a packet comes to: by what its NIC tells packets apart.

use espsim_model::machine::Machine;
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;

use crate::common::{goodput, near, profile};

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
