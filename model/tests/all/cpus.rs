//! The library of CPUs: what each says, how well it is known, and that each runs.

use espsim_model::preset::{self, Evidence, PresetKind};
use espsim_model::profile::{Algorithm, Direction, Profile, ProfileError};
use espsim_model::stack::Stack;
use espsim_model::uncertainty::estimate;
use espsim_model::units::Bytes;
use espsim_model::{scenario::Scenario, simulate};

fn cpu(name: &str) -> Profile {
    preset::profile(name).unwrap().unwrap()
}

fn all() -> impl Iterator<Item = (&'static str, Profile)> {
    PresetKind::Cpu.names().into_iter().map(|name| (name, cpu(name)))
}

const CIPHERS: [Algorithm; 3] = [Algorithm::Aes128Gcm, Algorithm::Aes256Gcm, Algorithm::ChaCha20Poly1305];

/// What decides what a host carries by itself: its cores, clock, caches and memory; AES-GCM, per operation and per octet,
/// by the implementation that the kernel would take; what most packets pay in either stack.
fn decisive(profile: &Profile) -> Vec<String> {
    let fixed = [
        "host.frequency",
        "host.cores",
        "host.l2",
        "host.l3",
        "memory.bandwidth",
        "memory.copy",
        "stack.send",
        "stack.xfrm",
        "stack.crypto_request",
        "stack.receive",
        "stack.forward",
        "stack.policy",
        "vector.forward",
        "vector.xfrm",
    ];
    let mut keys: Vec<String> = fixed.map(str::to_owned).to_vec();
    for algorithm in &CIPHERS[..2] {
        for direction in [Direction::Seal, Direction::Open] {
            let row = profile.aead(*algorithm, direction, Bytes::new(1446), Stack::Kernel).unwrap().key();
            keys.extend(["per_operation", "per_octet"].map(|name| format!("{row}.{name}")));
        }
    }
    keys
}

#[test]
fn every_value_has_a_source_and_every_estimate_a_range() {
    assert!(PresetKind::Cpu.names().len() >= 18);
    for (name, profile) in all() {
        for key in profile.values() {
            assert!(profile.source(&key).is_some_and(|source| source.len() > 10), "{name}: {key}");
            let Some(value) = estimate(&profile, &key).filter(|value| value.value != 0.0) else { continue };
            if profile.evidence(&key) == Evidence::Estimate {
                let (low, high) = value.low.zip(value.high).unwrap_or_else(|| panic!("{name}: {key} has no range"));
                assert!(low <= value.value && value.value <= high && low < high, "{name}: {key} {value:?}");
            }
        }
    }
}

#[test]
fn of_ten_cpus_half_of_what_decides_is_known() {
    let estimates = |profile: &Profile| -> Vec<String> {
        decisive(profile).into_iter().filter(|key| profile.evidence(key) == Evidence::Estimate).collect()
    };
    let (good, others): (Vec<_>, Vec<_>) = all()
        .map(|(name, profile)| (name, decisive(&profile).len(), estimates(&profile)))
        .partition(|(_, all, estimates)| estimates.len() * 2 <= *all);
    assert!(good.len() >= 10, "{} have it, of others these are estimates: {others:#?}", good.len());
}

/// A file that differs from another says of all that it does not have itself how it follows.
#[test]
fn nothing_of_another_cpu_is_taken_in_silence() {
    for (name, text) in PresetKind::Cpu.files() {
        let file: toml::Table = text.parse().unwrap();
        let Some(base) = file.get("base").and_then(toml::Value::as_str) else { continue };
        let (profile, base) = (cpu(name), cpu(base));
        for key in profile.values() {
            // Times of the control path have their source together.
            let own = profile.source(&key) != base.source(&key) || profile.source(&key).unwrap().starts_with("part of");
            let same_fact = ["host.ddio", "host.iommu_per_slot"].contains(&key.as_str());
            assert!(own || same_fact || given(&file, &key), "{name}: {key} is that of its base");
        }
    }
}

/// Whether a file has a value itself.
fn given(file: &toml::Table, key: &str) -> bool {
    match key.strip_prefix("aead.").and_then(|row| row.split('.').next()) {
        Some(algorithm) => {
            let rows = file.get("aead").and_then(toml::Value::as_array).into_iter().flatten();
            rows.into_iter().any(|row| row["algorithm"].as_str() == Some(algorithm))
        }
        None => key.split_once('.').is_some_and(|(table, name)| file.get(table).is_some_and(|t| t.get(name).is_some())),
    }
}

#[test]
fn every_cpu_has_every_cipher_in_both_stacks() {
    for (name, profile) in all() {
        for algorithm in Algorithm::ALL {
            for direction in [Direction::Seal, Direction::Open] {
                for stack in [Stack::Kernel, Stack::Vector] {
                    let cost = profile.aead(algorithm, direction, Bytes::new(1446), stack);
                    let cycles = cost.map(|cost| cost.cycles(Bytes::new(1446)).0);
                    assert!(cycles.is_some_and(|cycles| cycles > 100.0), "{name} {algorithm:?} {stack:?}: {cycles:?}");
                }
            }
        }
    }
}

/// Short simulations of host placement, in both stacks and directions of use.
#[test]
fn every_cpu_carries_something_by_itself() {
    for (name, profile) in all() {
        for (stack, algorithm) in [("kernel", "aes-128-gcm"), ("vector", "chacha20-poly1305")] {
            let settings = [
                ("placement", "host"),
                ("host.stack", stack),
                ("host.cores", "1"),
                ("sa.algorithm", algorithm),
                ("traffic.direction", "forward"),
                ("traffic.packet", "1400 B"),
                ("run.max_packets", "4000"),
            ];
            let scenario = Scenario::from_settings(&settings).unwrap();
            let record = simulate(&scenario, &profile, 1).unwrap_or_else(|error| panic!("{name} {stack}: {error}"));
            let rate = record.packets_per_s.unwrap();
            assert!((1e4..1e8).contains(&rate), "{name} {stack}: {rate}");
        }
    }
}

/// Order that any reader knows: later cores of a line do more per cycle, small ones less.
#[test]
fn later_cores_take_fewer_cycles() {
    let send = |name: &str| cpu(name).stack.send.0;
    for pair in [
        ["zen5", "zen4"],
        ["zen4", "zen3"],
        ["zen3", "zen2"],
        ["emerald-rapids", "ice-lake-sp"],
        ["neoverse-v2", "neoverse-v1"],
        ["neoverse-v1", "neoverse-n1"],
        ["neoverse-n2", "neoverse-n1"],
        ["neoverse-n1", "cortex-a72"],
        ["cortex-a72", "cortex-a53"],
        ["tremont", "denverton"],
    ] {
        assert!(send(pair[0]) < send(pair[1]), "{pair:?}");
    }
}

const SMALL: &str = r#"
format = 4
base = "haswell"

[host]
frequency = { value = "2 GHz", low = "1.8 GHz", high = "2.2 GHz", source = "a data sheet of somebody" }

[stack]
send = { value = 3000, low = 2500, high = 4000, source = "measured: by hand" }

[relative]
stack = { factor = 2.0, low = 1.5, high = 3.0, source = "a table of somebody" }
waits = { factor = 1.0, low = 0.9, high = 1.1, source = "estimate: the same times" }
"vector.forward" = { factor = 3.0, low = 2.0, high = 4.0, source = "estimate: so it seems" }
sa = { factor = 2.0, low = 1.0, high = 3.0, source = "estimate: so it seems" }

[[aead]]
algorithm = "aes-128-gcm"
backend = "mine"
source = "derived: from 1 and 2"
curve = { stride = "64 B", per_operation = { value = 100, low = 50, high = 200, source = "estimate: some" }, per_octet = 1.5, per_tail_block = 0, per_partial_block = 0 }
"#;

#[test]
fn a_factor_changes_what_the_file_does_not_say() {
    let (small, base) = (Profile::from_toml(SMALL).unwrap(), cpu("haswell"));
    // What is said counts, with what stands beside it.
    assert_eq!(small.stack.send.0, 3000.0);
    assert_eq!(small.intervals["stack.send"].high, Some(4000.0));
    assert_eq!(small.evidence("stack.send"), Evidence::Measured);
    assert_eq!(small.intervals["host.frequency"].low, Some(1.8e9));
    // The rest follows: the range is that of both, and an estimate stays one.
    assert_eq!(small.stack.segment.0, 2.0 * base.stack.segment.0);
    let (range, of) = (small.intervals["stack.segment"], base.intervals["stack.segment"]);
    let both = f64::hypot((of.high.unwrap() / of.value).ln(), 1.5f64.ln()).exp() * range.value;
    assert!((range.high.unwrap() / both - 1.0).abs() < 0.01, "{range:?}");
    assert_eq!(base.evidence("stack.segment"), Evidence::Derived);
    assert_eq!(small.evidence("stack.segment"), Evidence::Derived);
    assert_eq!(small.evidence("stack.xfrm"), Evidence::Estimate);
    // What a core waits for does not follow from what it does per cycle; one key counts before its table.
    assert_eq!(small.stack.line_transfer, base.stack.line_transfer);
    let forward = |profile: &Profile| profile.vector.as_ref().unwrap().forward.0;
    assert_eq!(forward(&small), 3.0 * forward(&base));
    assert_eq!(small.vector.as_ref().unwrap().xfrm, base.vector.as_ref().unwrap().xfrm, "no factor, no change");
    let add = |profile: &Profile| profile.sa.as_ref().unwrap().add.mean;
    assert_eq!(add(&small), add(&base).scale(2.0));
    // A cipher without a direction is meant both ways.
    for direction in [Direction::Seal, Direction::Open] {
        let row = small.aead(Algorithm::Aes128Gcm, direction, Bytes::new(64), Stack::Kernel).unwrap();
        assert_eq!((row.backend.as_str(), row.cycles(Bytes::new(64)).0), ("mine", 196.0));
        assert_eq!(small.evidence(&format!("{}.per_octet", row.key())), Evidence::Derived);
        assert_eq!(small.evidence(&format!("{}.per_operation", row.key())), Evidence::Estimate);
    }
    assert_eq!(Profile::from_toml(&small.to_toml().unwrap()).unwrap(), small);
}

#[test]
fn factors_that_say_nothing_are_refused() {
    let refused = |from: &str, to: &str| Profile::from_toml(&SMALL.replace(from, to)).unwrap_err();
    let ProfileError::Keys { unknown, .. } = refused("waits =", "wait =") else { panic!() };
    assert_eq!(unknown[0].key, "relative.wait");
    assert!(unknown[0].known.contains(&"waits".to_owned()));
    for (from, to) in [("\"vector.forward\" =", "\"vector.forwards\" ="), ("waits =", "\"host.frequency\" =")] {
        assert!(matches!(refused(from, to), ProfileError::Keys { .. }), "{to}");
    }
    assert!(matches!(refused("low = 1.5, high = 3.0", "low = 2.5, high = 3.0"), ProfileError::Value { .. }));
    assert!(refused("factor = 2.0, low = 1.5", "low = 1.5").to_string().contains("factor"));
    let ProfileError::Keys { missing, .. } = refused("base = \"haswell\"\n", "") else { panic!() };
    assert_eq!(missing, ["base"]);
    let ProfileError::Keys { unknown, .. } = refused("low = 2500", "lower = 2500") else { panic!() };
    assert_eq!(unknown[0].key, "stack.send.lower");
    assert!(refused("\"1.8 GHz\"", "\"1.8 bananas\"").to_string().contains("host.frequency"));
}
