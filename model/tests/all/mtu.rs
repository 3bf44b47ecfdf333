//! IP versions, extended sequence numbers, and what does not fit the MTU.

use espsim_model::machine::Machine;
use espsim_model::preset;
use espsim_model::record::Record;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::traffic::Basis;

use crate::common::{cycles, goodput, near, pps, profile};

fn scenario(settings: &[(&str, &str)]) -> Scenario {
    let base = [("traffic.direction", "encrypt"), ("traffic.packet", "1500 B"), ("traffic.flows", "8")];
    Scenario::from_settings(&[&base[..], settings].concat()).unwrap()
}

fn run(settings: &[(&str, &str)]) -> Record {
    simulate(&scenario(settings), &profile("ice-lake-sp"), 1).unwrap()
}

fn octets(record: &Record, basis: Basis) -> f64 {
    record.rate(basis).unwrap().gbps * 1e9 / 8.0 / pps(record)
}

/// Two frames for a packet: 1556 octets of outer IP, 1480 of them behind the first header.
#[test]
fn a_packet_that_does_not_fit_goes_in_two_frames() {
    for (direction, placement) in [("encrypt", "host"), ("decrypt", "host"), ("encrypt", "lookaside")] {
        let set = [("traffic.direction", direction), ("placement", placement), ("lookaside.driver", "complete")];
        let (whole, cut) = (run(&[&set[..], &[("traffic.mtu", "1600 B")]].concat()), run(&set));
        near(octets(&cut, Basis::Wire), (1518.0 + 20.0) + (76.0 + 18.0 + 20.0), 1e-9);
        near(octets(&whole, Basis::Wire), 1556.0 + 18.0 + 20.0, 1e-9);
        let stack = profile("ice-lake-sp").stack;
        near(cycles(&cut, Category::Fragment), 2.0 * stack.fragment.0, 1e-6);
        assert_eq!(cycles(&whole, Category::Fragment), 0.0);
        // The driver's work is for frames: of those that come in or of those that go out.
        let driver = if direction == "encrypt" { Category::Transmit } else { Category::Receive };
        near(cycles(&cut, driver), 2.0 * cycles(&whole, driver), 1e-6);
        assert!(goodput(&cut) < goodput(&whole));
        assert_eq!(cut.spread.fragmented, 1.0);
    }
}

/// Crypto offload leaves what is fragmented after encryption to the CPU; packet offload drops it.
#[test]
fn offload_does_not_fragment() {
    let at = |placement| run(&[("placement", placement), ("traffic.arrival", "poisson"), ("traffic.rate", "1 Gbps")]);
    let (software, crypto) = (at("host"), at("inline-crypto"));
    near(cycles(&crypto, Category::Aead), cycles(&software, Category::Aead), 1e-9);
    let s = Scenario::from_settings(&[
        ("placement", "inline-packet"),
        ("traffic.direction", "encrypt"),
        ("traffic.arrival", "poisson"),
        ("traffic.rate", "1 Gbps"),
        ("traffic.mix", "simple-imix"),
    ]);
    let packet = simulate(&s.unwrap(), &profile("ice-lake-sp"), 1).unwrap();
    // One packet in twelve of a simple IMIX is of 1518 octets.
    near(packet.loss.unwrap().share, 1.0 / 12.0, 0.05);
    near(packet.spread.too_big, 1.0 / 12.0, 1e-5);
}

/// A simple IMIX goes through a tunnel of MTU 1500 by every design.
#[test]
fn a_simple_imix_goes_through_a_tunnel_of_mtu_1500() {
    for placement in ["host", "inline-crypto", "inline-packet", "lookaside"] {
        let s = Scenario::from_settings(&[
            ("placement", placement),
            ("traffic.direction", "encrypt"),
            ("traffic.mix", "simple-imix"),
            ("lookaside.driver", "complete"),
        ])
        .unwrap();
        let record = simulate(&s, &profile("zen4"), 1).unwrap();
        assert!(goodput(&record) > 0.1, "{placement}");
        near(record.spread.fragmented + record.spread.too_big, 1.0 / 12.0, 1e-5);
    }
}

/// TCP's payload shrinks to what fits; datagrams whose DF bit is set, and those of IPv6, are dropped.
#[test]
fn tcp_shrinks_and_ipv6_is_dropped() {
    let tcp = run(&[("traffic.transport", "tcp")]);
    near(octets(&tcp, Basis::L3), 1446.0, 1e-9);
    assert_eq!(tcp.spread.clamped, 1.0);
    let dropped = [("traffic.arrival", "poisson"), ("traffic.rate", "1 Gbps")];
    for policy in [("traffic.too_big", "drop"), ("traffic.family", "ipv6")] {
        let s = scenario(&[&dropped[..], &[policy]].concat());
        let record = simulate(&s, &profile("zen4"), 1).unwrap();
        assert_eq!((record.packets, record.spread.too_big), (0, 1.0), "{policy:?}");
        // Who saturates would send them for ever.
        assert_eq!(scenario(&[policy]).check(&profile("zen4")).unwrap_err().key, "traffic.packet");
    }
}

/// Headers of 40 octets: in the tunnel, outside of it, or both.
#[test]
fn ipv6_is_on_the_wire() {
    let wire =
        |settings: &[(&str, &str)]| octets(&run(&[&[("traffic.packet", "1000 B")], settings].concat()), Basis::Wire);
    let base = wire(&[]);
    near(wire(&[("sa.outer", "ipv6")]), base + 20.0, 1e-9);
    near(wire(&[("traffic.family", "ipv6"), ("sa.outer", "ipv4")]), base, 1e-9);
    near(wire(&[("traffic.family", "ipv6")]), base + 20.0, 1e-9);
    let inner = run(&[("traffic.packet", "1000 B"), ("traffic.family", "ipv6")]);
    near(octets(&inner, Basis::Goodput), 1000.0 - 40.0 - 8.0, 1e-9);
    let refused = |settings: &[(&str, &str)]| scenario(settings).check(&profile("zen4")).unwrap_err().key;
    assert_eq!(refused(&[("sa.mode", "transport"), ("sa.outer", "ipv6")]), "sa.outer");
    assert_eq!(refused(&[("sa.outer", "ipv6"), ("traffic.mtu", "1279 B")]), "traffic.mtu");
    assert_eq!(refused(&[("traffic.too_big", "clamp-mss")]), "traffic.too_big");
}

/// The upper half of an extended sequence number is authenticated and not sent: a card reads it, an HMAC goes over it, and an
/// AEAD pads it away.
#[test]
fn extended_sequence_numbers_are_authenticated_and_not_sent() {
    let at = |esn, placement, algorithm| {
        let esn = if esn { "true" } else { "false" };
        run(&[
            ("sa.esn", esn),
            ("placement", placement),
            ("sa.algorithm", algorithm),
            ("lookaside.driver", "complete"),
            ("traffic.packet", "1000 B"),
        ])
    };
    let aead = |esn, algorithm| cycles(&at(esn, "host", algorithm), Category::Aead);
    assert_eq!(aead(true, "aes-128-gcm"), aead(false, "aes-128-gcm"));
    let hmac = "aes-128-cbc-hmac-sha1-96";
    let per_byte = preset::profile("ice-lake-sp").unwrap().unwrap();
    let s = scenario(&[("sa.algorithm", hmac)]);
    let cost = s.software_cost(&per_byte, s.classes()[0].direction).unwrap().curve.per_octet.value;
    near(aead(true, hmac) - aead(false, hmac), 4.0 * cost, 1e-6);
    let [with, without] = [true, false].map(|esn| at(esn, "lookaside", "aes-128-gcm"));
    assert!(with.pcie_bytes_per_payload_byte > without.pcie_bytes_per_payload_byte);
    assert_eq!(octets(&with, Basis::Wire), octets(&without, Basis::Wire));
}

/// A ring without room for the fragments of a packet would let none through.
#[test]
fn fragments_need_their_places_in_the_ring() {
    let few = [("nic.ring", "1")];
    assert_eq!(Machine::build(&scenario(&few), &profile("zen4")).unwrap_err().key, "nic.ring");
}
