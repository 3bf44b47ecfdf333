//! Placements against their closed-form bounds and counts, on shipped presets.

use espsim_model::bound::bound;
use espsim_model::layers;
use espsim_model::machine::Machine;
use espsim_model::placement::{Agent, Design, Host, Orphan, Placement};
use espsim_model::preset::{self, PresetKind};
use espsim_model::profile::{Algorithm, Direction, Profile};
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::route;
use espsim_model::route::{Category, Hop, Route};
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::stack::Stack;
use espsim_model::traffic::{Basis, Packet};
use espsim_model::units::{Bytes, Cycles};

fn scenario(settings: &[(&str, &str)]) -> Scenario {
    // A card does AES-GCM, whoever drives it.
    Scenario::from_settings(&[&[("lookaside.driver", "complete")], settings].concat()).unwrap()
}

/// The NIC that a placement needs: a DPU has cores of its own.
fn nic(placement: Placement) -> &'static str {
    if placement == Placement::DPU { "bluefield-2" } else { "connectx-6-dx" }
}

/// A direction that a placement does something in.
fn direction(placement: Placement) -> &'static str {
    if placement.only_forwards() { "encrypt" } else { "transmit" }
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
    let (gso, tcp) = (("offload.gso", "64 KiB"), ("traffic.transport", "tcp"));
    type Case = (&'static str, Vec<(&'static str, &'static str)>, Profile);
    let cases: [Case; 9] = [
        ("core", vec![("placement", "host")], host(free_interrupts)),
        ("core", vec![("placement", "host"), gso, tcp], host(free_interrupts)),
        ("core", vec![("placement", "lookaside")], host(free_interrupts)),
        ("core", vec![("placement", "inline-crypto")], host(free_interrupts)),
        ("core", vec![("placement", "inline-packet"), ("host.cores", "4")], host(free_interrupts)),
        ("wire", vec![("placement", "clear"), gso, tcp], host(free_cpu)),
        ("wire", vec![("placement", "inline-packet"), gso, tcp], host(free_cpu)),
        ("NIC ESP engine", vec![("placement", "inline-crypto"), gso, tcp, ("nic.esp.rate", "20 Gbps")], host(free_cpu)),
        (
            "uplink down",
            vec![
                ("placement", "lookaside"),
                ("pcie.attachment", "shared-uplink"),
                ("pcie.uplink.preset", "gen3-x8"),
                ("run.half_width", "0.1 %"),
            ],
            host(free_cpu),
        ),
    ];
    for (limit, settings, profile) in cases {
        let (ratio, record) = ratio_to_bound(&settings, &profile);
        assert_eq!(record.bottleneck.map(Resource::name), Some(limit), "{settings:?}");
        assert_eq!(record.bound.limits[0].resource.name(), limit, "{settings:?}");
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
        assert_eq!(record.bound.limits[0].resource.name(), limit, "{settings:?}");
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
                    ("nic.preset", nic(placement)),
                    ("traffic.direction", direction(placement)),
                    ("offload.gso", gso),
                    ("traffic.transport", "tcp"),
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
                let on_all = record.pcie_bytes_per_payload_byte.unwrap();
                assert!(on_all > crossings, "{settings:?}");
                let by_link: f64 = record.pcie_bytes_by_link.iter().map(|(_, octets)| octets).sum();
                assert!((by_link - on_all).abs() < 1e-9 && record.pcie_bytes_by_link.iter().all(|(l, _)| l.is_link()));
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
    let seal = profile.aead(Algorithm::Aes128Gcm, Direction::Seal, Bytes::new(1408), Stack::Kernel).unwrap();
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
            ("nic.preset", nic(placement)),
            ("traffic.direction", direction(placement)),
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
    assert_eq!(record.bottleneck, Some(Resource::Core));
    let light = [("traffic.arrival", "poisson"), ("traffic.rate", "1 Gbps"), ("placement", "host")];
    assert_eq!(simulate(&scenario(&light), &profile, 1).unwrap().loss.unwrap().share, 0.0);
}

#[test]
fn latency_is_at_least_what_the_hops_take() {
    let profile = host(|_| {});
    for placement in Placement::ALL {
        let settings = [
            ("placement", placement.name()),
            ("nic.preset", nic(placement)),
            ("traffic.direction", direction(placement)),
            ("traffic.arrival", "constant"),
            ("traffic.rate", "100 Mbps"),
        ];
        let scenario = scenario(&settings);
        let machine = Machine::build(&scenario, &profile).unwrap();
        assert_eq!(bound(&machine).limits[0].resource, Resource::OfferedLoad);
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
    // A super-packet of UDP is only possible in the clear.
    for (gso, placement) in [("off", "host"), ("16 KiB", "clear")] {
        let settings =
            [("traffic.mix", "simple-imix"), ("traffic.mtu", "1600 B"), ("placement", placement), ("offload.gso", gso)];
        let record = simulate(&scenario(&settings), &profile, 1).unwrap();
        // Simple IMIX: 4340 octets of frames in 12 packets, 18 of each frame not l3.
        let l3_octets = record.rate(Basis::L3).unwrap().gbps * 1e9 / 8.0 / record.packets_per_s.unwrap();
        assert!((l3_octets / (4340.0 / 12.0 - 18.0) - 1.0).abs() < 0.02, "{gso}: {l3_octets}");
    }
}

#[test]
fn every_preset_number_has_a_source() {
    for kind in PresetKind::ALL {
        for (name, text) in kind.files() {
            text.parse::<toml::Table>().unwrap_or_else(|error| panic!("{name}: {error}"));
            let preset = preset::load(kind, name).unwrap();
            for (key, _) in layers::flatten(&preset.values, &layers::Origin::Default) {
                if matches!(key.as_str(), "title" | "format" | "aead")
                    || key.ends_with(".origin")
                    || key.ends_with("algorithms")
                    // The ends of a range are its value's.
                    || key.starts_with("intervals.")
                {
                    continue;
                }
                assert!(preset.source(&key).is_some_and(|source| source.len() > 10), "{} {name}: {key}", kind.name());
            }
        }
    }
    for (name, _) in PresetKind::Cpu.files() {
        preset::profile(name).unwrap().unwrap();
    }
}

#[test]
fn super_packets_of_udp_are_refused_where_they_are_to_be_encrypted() {
    let profile = host(|_| {});
    let check = |settings: &[(&str, &str)]| scenario(settings).check(&profile);
    let gso = ("offload.gso", "64 KiB");
    let sends = |placement: &Placement| placement.has_network() && !placement.only_forwards();
    for placement in Placement::ALL.into_iter().filter(sends) {
        let (at, nic) = (("placement", placement.name()), ("nic.preset", nic(placement)));
        // Behind a DPU the host's stack has no XFRM route.
        let in_the_clear = [Placement::CLEAR, Placement::DPU].contains(&placement);
        // A datagram that GSO cuts is a super-packet too.
        for packet in ["64 B", "1400 B", "9000 B"] {
            let udp = [at, nic, gso, ("traffic.packet", packet)];
            match check(&udp) {
                Ok(()) => assert!(in_the_clear, "{placement:?} {packet}"),
                Err(error) => {
                    let said = error.to_string();
                    let advice =
                        ["`offload.gso`", "65536 B", "EIO", "transport = \"tcp\"", "gso = \"off\"", "sendmmsg"];
                    assert!(advice.iter().all(|part| said.contains(part)), "{said}");
                    assert!(!in_the_clear, "{placement:?} {packet}");
                }
            }
            check(&[&udp[..], &[("traffic.transport", "tcp")]].concat()).unwrap();
        }
        check(&[at, nic]).unwrap();
        // What comes in has no super-packets, whatever the key says.
        for direction in ["receive", "forward"] {
            check(&[at, nic, gso, ("traffic.direction", direction)]).unwrap();
        }
    }
    // A datagram beyond the MTU is fragmented once it is encrypted; in the clear it takes what NICs cut.
    check(&[("traffic.packet", "9000 B")]).unwrap();
    let said = check(&[("traffic.packet", "9000 B"), ("placement", "clear")]).unwrap_err().to_string();
    assert!(said.contains("`traffic.packet`") && said.contains("larger sends need offload.gso"), "{said}");
}

/// A design of its own: the CPU encrypts at a cycle an octet, the NIC sends.
static TOY: Design = Design {
    has_network: true,
    only_forwards: false,
    name: "toy",
    summary: "one cycle an octet",
    encrypts: Agent::Cpu,
    encapsulates: Agent::Cpu,
    orphan: Orphan::Software,
    fallback: None,
    crossings: 1,
    transmit: |send, h| toy(&send.segments[0].0, h),
    receive: |_, _| Route::default(),
    encrypt: |_, _| Route::default(),
    decrypt: |_, _| Route::default(),
};

fn toy(p: &Packet, h: &Host<'_>) -> Route {
    let cost = [(Category::Aead, Cycles(p.encrypted.get() as f64))];
    route![
        Hop::Serve(h.core.work("a cycle an octet", &cost)),
        Hop::Acquire(h.nic.ring, 1),
        h.nic.fetch_descriptors(p.dma(), &[p.frame], p),
        h.nic.transmit(p.dma(), &[p.frame], p, false),
        h.nic.complete(&h.core, 1, 1),
    ]
}

/// A design is its facts and its routes: nothing else in the model has to know it.
#[test]
fn a_new_design_takes_one_constant() {
    let profile = host(free_interrupts);
    let scenario = Scenario { placement: Placement(&TOY), ..scenario(&[]) };
    let record = simulate(&scenario, &profile, 1).unwrap();
    let packet = &Machine::build(&scenario, &profile).unwrap().classes[0].sends[0].segments[0].0;
    let cycles = packet.encrypted.get() as f64 + profile.stack.complete.0;
    let expected = profile.host.clock(1, Some(Algorithm::Aes128Gcm)).get() as f64 / cycles;
    assert!((record.packets_per_s.unwrap() / expected - 1.0).abs() < 0.01, "{record:?}");
    assert_eq!(record.bottleneck, Some(Resource::Core));
    assert_eq!(record.pcie_crossings, Some(1.0));
}

/// What a stack costs is no better known than its range says, which every preset has for each cost.
#[test]
fn every_cost_of_a_preset_has_a_range_around_it() {
    for (name, _) in PresetKind::Cpu.files() {
        let profile = preset::profile(name).unwrap().unwrap();
        for (key, cycles) in profile.stack_costs() {
            // What a stack has no such thing of, or has in another cost, says so.
            if cycles.0 == 0.0 {
                assert!(profile.sources.get(&key).is_some_and(|source| source.starts_with("part of")), "{name} {key}");
                continue;
            }
            let range = profile.intervals.get(&key).unwrap_or_else(|| panic!("{name} {key} has no range"));
            let (low, high) = (range.low.unwrap(), range.high.unwrap());
            assert!(range.value == cycles.0 && low <= cycles.0 && cycles.0 <= high && low < high, "{name} {key}");
        }
    }
}

/// A placement says what is done, not by which stack: costs and habits are those of the one in use.
#[test]
fn no_placement_names_a_stack() {
    for (file, text) in [
        ("clear", include_str!("../../src/placement/clear.rs")),
        ("crypto", include_str!("../../src/placement/crypto.rs")),
        ("dpu", include_str!("../../src/placement/dpu.rs")),
        ("hairpin", include_str!("../../src/placement/hairpin.rs")),
        ("host", include_str!("../../src/placement/host.rs")),
        ("inline_crypto", include_str!("../../src/placement/inline_crypto.rs")),
        ("inline_packet", include_str!("../../src/placement/inline_packet.rs")),
        ("lookaside", include_str!("../../src/placement/lookaside.rs")),
    ] {
        for name in ["Stack::", "profile.stack", "profile.vector", "profile.xdp"] {
            assert!(!text.contains(name), "{file}.rs names {name}");
        }
    }
}
