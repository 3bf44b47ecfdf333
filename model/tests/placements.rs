//! Placements against their closed-form bounds and counts, on shipped presets.

use espsim_model::assembly::Assembly;
use espsim_model::bound::bound;
use espsim_model::layers::{self, Layer, Origin};
use espsim_model::placement::Placement;
use espsim_model::preset::{self, Kind};
use espsim_model::profile::{Algorithm, Direction, Profile};
use espsim_model::record::Record;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::traffic::Basis;
use espsim_model::units::Bytes;
use toml::Value;

fn scenario(settings: &[(&str, &str)]) -> Scenario {
    let value = |text: &str| match text.parse::<i64>() {
        Ok(n) => Value::Integer(n),
        Err(_) => Value::String(text.to_owned()),
    };
    let overrides: Layer = settings.iter().map(|(key, text)| ((*key).to_owned(), (value(text), Origin::Set))).collect();
    layers::scenario(&layers::resolve(&overrides).unwrap()).unwrap()
}

/// A host whose CPU costs next to nothing, or whose interrupts do, so that one station alone limits.
fn host(change: impl Fn(&mut Profile)) -> Profile {
    let mut profile = preset::profile("haswell").unwrap().unwrap();
    change(&mut profile);
    profile
}

fn free_cpu(profile: &mut Profile) {
    profile.host.frequency = "1000 GHz".parse().unwrap();
}

fn free_interrupts(profile: &mut Profile) {
    profile.stack.interrupt.0 = 0.0;
}

fn ratio_to_bound(settings: &[(&str, &str)], profile: &Profile) -> (f64, Record) {
    let record = simulate(&scenario(settings), profile, 1).unwrap();
    let goodput = record.rate(Basis::Goodput).unwrap().gbps;
    (goodput / record.bound.goodput_gbps().unwrap(), record)
}

#[test]
fn saturated_throughput_is_its_bound() {
    // What limits, and how it is made to: each is one deterministic bottleneck.
    let (tcp, gso) = (("traffic.transport", "tcp"), ("offload.gso", "64 KiB"));
    type Case = (&'static str, Vec<(&'static str, &'static str)>, Profile);
    let cases: [Case; 9] = [
        ("core", vec![("placement", "host")], host(free_interrupts)),
        ("core", vec![("placement", "host"), tcp, gso], host(free_interrupts)),
        ("core", vec![("placement", "lookaside")], host(free_interrupts)),
        ("core", vec![("placement", "inline-crypto")], host(free_interrupts)),
        ("core", vec![("placement", "inline-packet"), ("host.cores", "4")], host(free_interrupts)),
        ("wire", vec![("placement", "clear"), gso], host(free_cpu)),
        ("wire", vec![("placement", "inline-packet"), tcp, gso], host(free_cpu)),
        ("NIC ESP engine", vec![("placement", "inline-crypto"), tcp, gso, ("nic.esp.rate", "20 Gbps")], host(free_cpu)),
        (
            "uplink down",
            vec![("placement", "lookaside"), ("pcie.attachment", "shared-uplink"), ("pcie.uplink.preset", "gen3-x8")],
            host(free_cpu),
        ),
    ];
    for (limit, settings, profile) in cases {
        let (ratio, record) = ratio_to_bound(&settings, &profile);
        assert_eq!(record.bottleneck, Some(limit), "{settings:?}");
        assert_eq!(record.bound.limits[0].name, limit, "{settings:?}");
        assert!((0.97..=1.0005).contains(&ratio), "{limit} {settings:?}: {ratio}");
    }
}

#[test]
fn more_limits_are_met_where_they_bind() {
    let free = host(free_cpu);
    for (limit, settings) in [
        ("NIC packet engine", vec![("placement", "clear"), ("nic.packet_rate", "1 Mpps")]),
        ("accelerator engines", vec![("placement", "lookaside"), ("accelerator.rate", "10 Gbps")]),
        ("NIC link down", vec![("placement", "clear"), ("pcie.nic.preset", "gen3-x8"), ("offload.gso", "64 KiB")]),
        ("NIC tags", vec![("placement", "clear"), ("nic.read_tags", "3"), ("traffic.window", "4096")]),
        ("window", vec![("traffic.window", "2"), ("traffic.flows", "1"), ("nic.moderation_packets", "1")]),
    ] {
        let (ratio, record) = ratio_to_bound(&settings, &free);
        assert_eq!(record.bound.limits[0].name, limit, "{settings:?}");
        assert!((0.90..=1.0005).contains(&ratio), "{limit}: {ratio}");
    }
}

#[test]
fn payload_crosses_pcie_once_or_three_times() {
    let profile = host(|_| {});
    for placement in Placement::ALL {
        for gso in ["off", "64 KiB"] {
            for attachment in ["own-slot", "shared-uplink"] {
                let settings = [
                    ("placement", placement.name()),
                    ("traffic.transport", "tcp"),
                    ("offload.gso", gso),
                    ("pcie.attachment", attachment),
                ];
                let record = simulate(&scenario(&settings), &profile, 1).unwrap();
                let crossings = f64::from(placement.crossings());
                assert!(
                    (record.pcie_crossings.unwrap() - crossings).abs() < 1e-12,
                    "{settings:?}: {}",
                    record.pcie_crossings.unwrap()
                );
                // Headers, descriptors and TLP framing come on top, on every link of the way.
                assert!(record.pcie_bytes_per_payload_byte.unwrap() > crossings, "{settings:?}");
            }
        }
    }
}

#[test]
fn cycles_are_those_of_the_profile() {
    let profile = host(|_| {});
    let record = simulate(&scenario(&[("placement", "host")]), &profile, 1).unwrap();
    let of = |name: &str| record.cycles_per_packet.iter().find(|(c, _)| c.name() == name).map_or(0.0, |(_, n)| *n);
    assert_eq!(of("send"), profile.stack.send.0);
    assert_eq!(of("xfrm"), profile.stack.xfrm.0);
    // 1400 octets and the trailer, padded to four.
    let seal = profile.aead(Algorithm::Aes128Gcm, Direction::Seal, Bytes::new(1408)).unwrap();
    assert!((of("aead") - seal.cycles(Bytes::new(1404)).0).abs() < 1e-6);
    // Interrupts are moderated: fewer than one a packet.
    assert!(of("interrupt") > 0.0 && of("interrupt") < profile.stack.interrupt.0);
}

#[test]
fn back_pressure_holds_at_every_ring() {
    // One entry each: everything waits for everything, and nothing is lost or stuck.
    let profile = host(|_| {});
    for placement in Placement::ALL {
        let settings = [
            ("placement", placement.name()),
            ("nic.ring", "1"),
            ("accelerator.ring", "1"),
            ("nic.read_tags", "1"),
            ("accelerator.read_tags", "1"),
            ("nic.buffer", "1 B"),
            ("run.max_packets", "20000"),
        ];
        let record = simulate(&scenario(&settings), &profile, 1).unwrap();
        assert!(record.packets >= 20_000, "{placement:?}: {}", record.packets);
    }
}

#[test]
fn overload_is_dropped_at_the_socket_and_nowhere_else() {
    let profile = host(|_| {});
    let settings = [("traffic.arrival", "poisson"), ("traffic.rate", "20 Gbps"), ("placement", "host")];
    let record = simulate(&scenario(&settings), &profile, 1).unwrap();
    let (l3, loss) = (record.rate(Basis::L3).unwrap().gbps, record.loss.unwrap().share);
    assert!((l3 / 20.0 - (1.0 - loss)).abs() < 0.01, "{l3} {loss}");
    assert_eq!(record.bottleneck, Some("core"));
    let light = [("traffic.arrival", "poisson"), ("traffic.rate", "1 Gbps"), ("placement", "host")];
    assert_eq!(simulate(&scenario(&light), &profile, 1).unwrap().loss.unwrap().share, 0.0);
}

#[test]
fn latency_is_at_least_what_the_hops_take() {
    let profile = host(|_| {});
    for placement in Placement::ALL {
        let settings = [("placement", placement.name()), ("traffic.arrival", "constant"), ("traffic.rate", "100 Mbps")];
        let scenario = scenario(&settings);
        let assembly = Assembly::new(&scenario, &profile);
        assert_eq!(bound(&scenario, &assembly).limits[0].name, "offered load");
        let record = simulate(&scenario, &profile, 1).unwrap();
        // Unloaded and deterministic: every packet takes the same time, to the histogram's 0.1 %.
        let latency = record.latency.unwrap();
        assert!(latency.p999_ns <= latency.p50_ns * 1.01, "{placement:?}: {latency:?}");
        assert!(latency.p50_ns > 1000.0, "{placement:?}: {latency:?}");
    }
}

#[test]
fn a_mix_keeps_its_proportions_under_gso() {
    let profile = host(|_| {});
    for gso in ["off", "16 KiB"] {
        // In the clear, where Linux takes datagrams of 46 octets as a super-packet.
        let settings =
            [("placement", "clear"), ("traffic.mix", "simple-imix"), ("traffic.mtu", "1600 B"), ("offload.gso", gso)];
        let record = simulate(&scenario(&settings), &profile, 1).unwrap();
        // Simple IMIX: 4340 octets of frames in 12 packets, 18 of each frame not l3.
        let l3_octets = record.rate(Basis::L3).unwrap().gbps * 1e9 / 8.0 / record.packets_per_s.unwrap();
        assert!((l3_octets / (4340.0 / 12.0 - 18.0) - 1.0).abs() < 0.02, "{gso}: {l3_octets}");
    }
}

#[test]
fn super_packets_of_udp_are_refused_where_they_are_to_be_encrypted() {
    let profile = host(|_| {});
    let check = |settings: &[(&str, &str)]| scenario(settings).check(&profile);
    let gso = ("offload.gso", "64 KiB");
    for placement in Placement::ALL {
        let at = ("placement", placement.name());
        // A datagram that GSO cuts is a super-packet too.
        for packet in ["64 B", "1400 B", "9000 B"] {
            let udp = [at, gso, ("traffic.packet", packet)];
            match check(&udp) {
                Ok(()) => assert_eq!(placement, Placement::Clear, "{packet}"),
                Err(error) => {
                    let said = error.to_string();
                    let advice =
                        ["`offload.gso`", "65536 B", "EIO", "transport = \"tcp\"", "gso = \"off\"", "sendmmsg"];
                    assert!(advice.iter().all(|part| said.contains(part)), "{said}");
                    assert_ne!(placement, Placement::Clear, "{packet}");
                }
            }
            check(&[&udp[..], &[("traffic.transport", "tcp")]].concat()).unwrap();
        }
        check(&[at]).unwrap();
        // What comes in has no super-packets, whatever the key says.
        for direction in ["receive", "forward"] {
            check(&[at, gso, ("traffic.direction", direction)]).unwrap();
        }
    }
    // What would be refused is not advised.
    let said = check(&[("traffic.packet", "9000 B")]).unwrap_err().to_string();
    assert!(
        said.contains("`traffic.packet`") && said.contains("offload.gso and traffic.transport = \"tcp\""),
        "{said}"
    );
}

#[test]
fn every_preset_number_has_a_source() {
    for kind in Kind::ALL {
        for (name, text) in kind.files() {
            text.parse::<toml::Table>().unwrap_or_else(|error| panic!("{name}: {error}"));
            let preset = preset::load(kind, name).unwrap();
            for (key, _) in layers::flatten(&preset.values, &Origin::Default) {
                if matches!(key.as_str(), "title" | "format" | "aead")
                    || key.ends_with(".origin")
                    || key == "algorithms"
                {
                    continue;
                }
                assert!(preset.source(&key).is_some_and(|source| source.len() > 10), "{} {name}: {key}", kind.name());
            }
        }
    }
    for (name, _) in Kind::Cpu.files() {
        preset::profile(name).unwrap().unwrap();
    }
}
