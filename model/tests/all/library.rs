//! The hardware library: every NIC and accelerator has what is needed to judge it, and runs wherever it says that it can.

use std::collections::BTreeMap;

use espsim_model::esp::Mode;
use espsim_model::layers::{self, Layer, Origin};
use espsim_model::preset::grade::Grade;
use espsim_model::preset::{self, Evidence, GIVEN, Preset, PresetKind};
use espsim_model::run::simulate;
use espsim_model::scenario::Scenario;
use espsim_model::scenario::parameters::{Quantity, Takes, find};
use espsim_model::units::{BitRate, Bytes, PacketRate, Time};
use toml::Value;

use crate::common::profile;

const DEVICES: [PresetKind; 2] = [PresetKind::Nic, PresetKind::Accelerator];
/// Of a slot that is none: what stands for the link that it does not have.
const STANDS_FOR: [&str; 3] = ["generation", "lanes", "max_payload_size"];

fn scenario(settings: &[(&str, &str)]) -> Scenario {
    Scenario::from_settings(settings).unwrap()
}

fn presets(kind: PresetKind) -> impl Iterator<Item = &'static Preset> {
    kind.names().into_iter().map(move |name| preset::load(kind, name).unwrap())
}

/// A number in the base unit of what a key takes; `None` for names, truth values and lists.
fn number(key: &str, value: &Value) -> Option<f64> {
    match find(key).unwrap_or_else(|| panic!("{key}")).takes {
        Takes::Integer(_) => Some(value.as_integer().unwrap() as f64),
        Takes::Quantity { quantity, .. } => {
            let text = value.as_str().unwrap();
            Some(match quantity {
                Quantity::Time => text.parse::<Time>().unwrap().as_ps() as f64,
                Quantity::Size => text.parse::<Bytes>().unwrap().get() as f64,
                Quantity::BitRate => text.parse::<BitRate>().unwrap().as_bps() as f64,
                Quantity::PacketRate => text.parse::<PacketRate>().unwrap().as_pps(),
                Quantity::Share => return None,
            })
        }
        _ => None,
    }
}

#[test]
fn every_value_has_a_source_and_every_estimate_of_a_number_a_range() {
    for kind in DEVICES.into_iter().chain([PresetKind::Pcie]) {
        for preset in presets(kind) {
            let keys = layers::flatten(&preset.values, &Origin::Default);
            for (key, (value, _)) in keys.iter().filter(|(key, _)| *key != "title") {
                let at = format!("{} {key}", preset.name);
                let source = preset.source(key).unwrap_or_else(|| panic!("{at} has no source"));
                assert!(source.len() > 10 && source != GIVEN, "{at}: {source}");
                let range = preset.ranges.get(key);
                let place = if kind == PresetKind::Pcie { "pcie.uplink" } else { kind.name() };
                let full = format!("{place}.{key}");
                let Some(n) = number(&full, value) else {
                    assert!(range.is_none(), "{at} is no number and has a range");
                    continue;
                };
                match (preset.evidence(key), range) {
                    // A link's width is what it is.
                    (Evidence::Estimate, None) => {
                        assert!(STANDS_FOR.contains(&key.as_str()), "{at} is an estimate and has no range");
                    }
                    (_, Some([low, high])) => {
                        let [low, high] = [low, high].map(|end| number(&full, end).unwrap());
                        assert!(low <= n && n <= high && low < high, "{at}: {low} to {high}, and is {n}");
                    }
                    (_, None) => {}
                }
            }
            for key in preset.sources.keys().chain(preset.ranges.keys()) {
                assert!(keys.contains_key(key), "{}: nothing is at {key}", preset.name);
            }
        }
    }
}

#[test]
fn the_library_is_large_and_half_of_what_decides_is_known_of_many() {
    let known = |kind: PresetKind| {
        let grades = presets(kind).map(move |preset| Grade::of(kind, preset).unwrap());
        grades.filter(|grade| 2 * grade.known >= grade.of).count()
    };
    assert!(PresetKind::Nic.names().len() >= 20 && PresetKind::Accelerator.names().len() >= 8);
    assert!(known(PresetKind::Nic) >= 10, "{}", known(PresetKind::Nic));
    // Letters tell presets apart: a grade that all have says nothing.
    let mut letters = BTreeMap::<char, usize>::new();
    presets(PresetKind::Nic)
        .for_each(|nic| *letters.entry(Grade::of(PresetKind::Nic, nic).unwrap().letter()).or_default() += 1);
    assert!(letters.len() >= 3, "{letters:?}");
}

/// A scenario of a short run.
fn run(settings: &[(&str, &str)]) -> Scenario {
    let short = [("run.max_packets", "3000")];
    scenario(&[settings, &short].concat())
}

fn carries(scenario: &Scenario, at: &str) {
    let record = simulate(scenario, &profile("zen4"), 1).unwrap_or_else(|error| panic!("{at}: {error}"));
    assert!(record.packets_per_s.is_some_and(|rate| rate > 0.0), "{at}: {record:?}");
}

#[test]
fn every_nic_runs_wherever_it_says_that_it_can_and_nowhere_else() {
    let host = profile("zen4");
    for name in PresetKind::Nic.names() {
        let nic = &scenario(&[("nic.preset", name)]).nic[0];
        for placement in ["clear", "host", "inline-crypto", "inline-packet", "hairpin", "dpu"] {
            for mode in [Mode::Transport, Mode::Tunnel] {
                for direction in ["transmit", "receive"] {
                    let at = format!("{name}, {placement}, {}, {direction}", mode.name());
                    let forwards = placement == "hairpin";
                    // A NIC that forwards encrypts what comes by the wire, or decrypts it.
                    let direction = match (forwards, direction) {
                        (true, "transmit") => "encrypt",
                        (true, _) => "decrypt",
                        (false, direction) => direction,
                    };
                    let load = [("traffic.arrival", "poisson"), ("traffic.rate", "1 Gbps")];
                    let settings = [
                        ("nic.preset", name),
                        ("placement", placement),
                        ("sa.mode", mode.name()),
                        ("traffic.direction", direction),
                    ];
                    let scenario = run(&[&settings[..], &load].concat());
                    let inline = ["inline-crypto", "inline-packet", "hairpin"].contains(&placement);
                    let packet = ["inline-packet", "hairpin"].contains(&placement);
                    // What the engine of a DPU does not take its cores do.
                    let is_dpu = nic.soc_cpu.is_some() && nic.esp.as_ref().is_some_and(|esp| esp.packet_offload);
                    let offers = (!inline && (placement != "dpu" || is_dpu))
                        || inline
                            && nic.esp.as_ref().is_some_and(|esp| {
                                esp.modes.contains(&mode)
                                    && (esp.decrypts || ["transmit", "encrypt"].contains(&direction))
                                    && (!packet || esp.packet_offload)
                                    && (!forwards || nic.hairpin.is_some())
                            });
                    match scenario.check(&host) {
                        Ok(()) => {
                            assert!(offers, "{at}");
                            carries(&scenario, &at);
                        }
                        Err(_) if forwards && mode == Mode::Transport => {}
                        Err(refused) => {
                            assert!(!offers, "{at}: {refused}");
                            assert!(refused.to_string().contains(&nic.title), "{at}: {refused}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn every_accelerator_runs_in_every_stack_that_has_a_driver_for_it() {
    for name in PresetKind::Accelerator.names() {
        let card = scenario(&[("accelerator.preset", name)]).accelerator[0].clone();
        for (stack, algorithms) in [("kernel", &card.kernel_algorithms), ("vector", &card.algorithms)] {
            assert!(!algorithms.is_empty(), "{name}");
            for algorithm in algorithms {
                let (poll, direction) = if stack == "vector" { ("poll", "encrypt") } else { ("interrupt", "transmit") };
                let algorithm = algorithm.name();
                let at = format!("{name}, {stack}, {algorithm}");
                let settings = [
                    ("accelerator.preset", name),
                    ("placement", "lookaside"),
                    ("host.stack", stack),
                    ("lookaside.submission", poll),
                    ("traffic.direction", direction),
                    ("sa.algorithm", algorithm),
                ];
                carries(&run(&settings), &at);
            }
        }
    }
}

#[test]
fn qat_of_the_fourth_generation_has_chacha20_poly1305_in_userspace_alone() {
    // Where a card does not do it the CPU would.
    let chacha = [
        ("accelerator.preset", "qat-4xxx"),
        ("failover.software", "false"),
        ("placement", "lookaside"),
        ("lookaside.submission", "poll"),
        ("sa.algorithm", "chacha20-poly1305"),
    ];
    carries(&run(&[&chacha[..], &[("host.stack", "vector"), ("traffic.direction", "encrypt")]].concat()), "userspace");
    let refused = run(&chacha).check(&profile("zen4")).unwrap_err();
    assert_eq!(refused.key, "sa.algorithm");
    // The second generation has none anywhere.
    let older = run(&[
        &[("accelerator.preset", "qat-8970")],
        &chacha[1..],
        &[("host.stack", "vector"), ("traffic.direction", "encrypt")],
    ]
    .concat());
    assert_eq!(older.check(&profile("zen4")).unwrap_err().key, "sa.algorithm");
}

#[test]
fn a_nic_without_the_engine_or_the_mode_is_refused_by_name() {
    let host = profile("zen4");
    for (settings, key, said) in [
        (&[("nic.preset", "e810-cq"), ("placement", "inline-crypto")][..], "placement", "Intel E810-CQDA2"),
        (&[("nic.preset", "x520"), ("placement", "inline-crypto")], "sa.mode", "transport: Intel X520"),
        (
            &[("nic.preset", "t6"), ("placement", "inline-crypto"), ("traffic.direction", "receive")],
            "placement",
            "Chelsio T6",
        ),
        (&[("nic.preset", "t6"), ("placement", "inline-packet")], "placement", "crypto offload only"),
    ] {
        let refused = run(settings).check(&host).unwrap_err();
        assert_eq!(refused.key, key, "{refused}");
        assert!(refused.to_string().contains(said), "{refused}");
    }
}

/// Files of a family stay short: what they share stands in one of them.
#[test]
fn bases_lead_to_a_file_that_has_all() {
    let mut with_base = 0;
    for kind in DEVICES {
        for (name, text) in kind.files() {
            let table: toml::Table = text.parse().unwrap();
            let Some(base) = table.get("base") else { continue };
            with_base += 1;
            let base = base.as_str().unwrap();
            assert!(kind.names().contains(&base), "{name}: {base}");
            let own = text.lines().count();
            let all = layers::flatten(&preset::load(kind, name).unwrap().values, &Origin::Default).len();
            assert!(own < 3 * all, "{name}: {own} lines");
            // Nothing is said twice: a value or source that the base has as well says nothing.
            let mut above = table.clone();
            for said in ["base", "without", "ranges", "sources"] {
                above.remove(said);
            }
            let of_base: Layer = layers::flatten(&preset::load(kind, base).unwrap().values, &Origin::Default);
            for (key, entry) in layers::flatten(&above, &Origin::Default) {
                let source = table.get("sources").and_then(|sources| sources.get(key.as_str()));
                assert!(of_base.get(&key) != Some(&entry) || source.is_some(), "{name} repeats {key} of {base}");
            }
        }
    }
    assert!(with_base >= 15, "{with_base}");
}
