//! A DPU: its cores or its engine carry ESP, and the host does what it does in the clear.

use espsim_model::bound::bound;
use espsim_model::machine::Machine;
use espsim_model::preset;
use espsim_model::profile::{Algorithm, Direction, Profile};
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::route::Category;
use espsim_model::scenario::Scenario;
use espsim_model::simulate;
use espsim_model::stack::Stack;
use espsim_model::traffic::Basis;
use espsim_model::units::Bytes;

use crate::common::{near, pps, profile};

const BLUEFIELD: [(&str, &str); 2] = [("nic.preset", "bluefield-2"), ("placement", "dpu")];
const CORES: (&str, &str) = ("dpu.esp", "cores");
const LIGHT: [(&str, &str); 2] = [("traffic.arrival", "constant"), ("traffic.rate", "200 Mbps")];
const TCP: [(&str, &str); 2] = [("traffic.transport", "tcp"), ("offload.gso", "64 KiB")];

fn scenario(settings: &[(&str, &str)]) -> Scenario {
    Scenario::from_settings(&[&BLUEFIELD, settings].concat()).unwrap()
}

fn run(settings: &[(&str, &str)]) -> Record {
    simulate(&scenario(settings), &profile("zen4"), 1).unwrap_or_else(|error| panic!("{settings:?}: {error}"))
}

/// A host that is never what limits.
fn fast_host() -> Profile {
    let mut profile = profile("zen4");
    profile.host.frequency = "1000 GHz".parse().unwrap();
    profile
}

fn refused(settings: &[(&str, &str)]) -> (String, String) {
    let invalid = scenario(settings).check(&profile("zen4")).unwrap_err();
    (invalid.key.clone(), invalid.to_string())
}

/// Cycles of a packet of 1404 octets to encrypt on a core of the SoC, as the preset has them: all that forwarding with
/// ESP costs, and its share of a poll with a full budget.
fn cycles_on_soc(soc: &Profile, direction: Direction) -> f64 {
    let costs = &soc.stack;
    let aead = soc.aead(Algorithm::Aes128Gcm, direction, Bytes::new(1408), Stack::Kernel).unwrap();
    let levels = f64::from(64 + 1).log2();
    let once = [
        costs.receive,
        costs.forward,
        costs.policy,
        costs.policy_level * levels,
        costs.xfrm,
        costs.crypto_request,
        aead.cycles(Bytes::new(1404)),
        costs.transmit,
        costs.doorbell,
        costs.complete,
        costs.poll * (1.0 / 64.0),
    ];
    once.iter().map(|cycles| cycles.0).sum()
}

#[test]
fn saturated_cores_carry_what_their_cycles_allow() {
    for (nic, cpu, cores) in [("bluefield-2", "cortex-a72", 8), ("bluefield-3", "cortex-a78", 16)] {
        let soc = profile(cpu);
        for (direction, way) in
            [("transmit", Direction::Seal), ("receive", Direction::Open), ("encrypt", Direction::Seal)]
        {
            for few in ["2", ""] {
                let mut settings = vec![("nic.preset", nic), CORES, ("traffic.direction", direction)];
                settings.push(("traffic.window", "4096"));
                settings.extend((!few.is_empty()).then_some(("dpu.cores", few)));
                let at = format!("{settings:?}");
                let record = simulate(&scenario(&settings), &fast_host(), 1).unwrap();
                let cores = few.parse().unwrap_or(cores);
                let clock = soc.host.clock(cores, Some(Algorithm::Aes128Gcm)).get() as f64;
                let expected = f64::from(cores) * clock / cycles_on_soc(&soc, way);
                assert_eq!(record.bottleneck, Some(Resource::DpuCore), "{at}: {:?}", record.utilisation);
                assert_eq!(record.bound.limits[0].resource, Resource::DpuCore, "{at}");
                near(record.bound.limits[0].rate.as_pps(), expected, 1e-6);
                let share = pps(&record) / expected;
                assert!((0.97..=1.0005).contains(&share), "{at}: {share} of {expected}");
            }
        }
    }
}

#[test]
fn a_saturated_engine_carries_its_rate_and_no_core_works() {
    for direction in ["transmit", "receive", "decrypt"] {
        let settings = [("nic.esp.rate", "20 Gbps"), ("traffic.direction", direction)];
        let record = simulate(&scenario(&settings), &fast_host(), 1).unwrap();
        assert_eq!(record.bottleneck, Some(Resource::NicEspEngine), "{direction}");
        let share = pps(&record) * 1404.0 * 8.0 / 20e9;
        assert!((0.97..=1.0005).contains(&share), "{direction}: {share}");
        assert!(record.dpu_cycles_per_packet.is_empty(), "{direction}");
        assert_eq!(record.busy_dpu_cores, Some(0.0), "{direction}");
    }
}

#[test]
fn the_hosts_cores_do_what_they_do_in_the_clear() {
    let fragments: &[(&str, &str)] = &[("traffic.packet", "1500 B")];
    for esp in ["cores", "engine"] {
        for direction in ["transmit", "receive", "encrypt", "decrypt"] {
            let transports: [&[(&str, &str)]; 3] = [&[], &TCP, fragments];
            for transport in transports {
                let settings = [&[("dpu.esp", esp), ("traffic.direction", direction)], &LIGHT[..], transport].concat();
                let by_dpu = run(&settings);
                let clear = run(&[&settings[..], &[("placement", "clear")]].concat());
                let at = format!("{settings:?}");
                // A core of the SoC takes the packets of a train apart, so that fewer come to a poll and merge: what is the
                // same of TCP is what each packet that is sent costs.
                let is_sent = |category| [Category::Send, Category::Copy, Category::Transmit].contains(&category);
                let is_same = |category: &Category| transport != TCP || direction == "transmit" && is_sent(*category);
                let of = |record: &Record| -> Vec<(Category, f64)> {
                    record.cycles_per_packet.iter().copied().filter(|(category, _)| is_same(category)).collect()
                };
                let (by_dpu_cycles, clear_cycles) = (of(&by_dpu), of(&clear));
                assert_eq!(by_dpu_cycles.len(), clear_cycles.len(), "{at}");
                for (one, other) in by_dpu_cycles.iter().zip(&clear_cycles) {
                    assert_eq!(one.0, other.0, "{at}");
                    near(one.1, other.1, if transport == TCP { 0.01 } else { 1e-9 });
                }
                let of_esp = [Category::Xfrm, Category::Aead, Category::CryptoRequest, Category::Policy];
                assert!(by_dpu.cycles_per_packet.iter().all(|(category, _)| !of_esp.contains(category)), "{at}");
                let by_cores = esp == "cores" || transport == fragments;
                let of_dpu: Vec<Category> =
                    by_dpu.dpu_cycles_per_packet.iter().map(|(category, _)| *category).collect();
                assert_eq!(of_dpu.contains(&Category::Aead), by_cores, "{at}: {of_dpu:?}");
                assert_eq!(by_dpu.pcie_crossings, clear.pcie_crossings, "{at}");
            }
        }
    }
}

#[test]
fn a_slower_or_smaller_soc_carries_less() {
    let carried = |settings: &[(&str, &str)]| {
        let settings = [&[CORES, ("traffic.window", "4096")], settings].concat();
        pps(&simulate(&scenario(&settings), &fast_host(), 1).unwrap())
    };
    let as_is = carried(&[]);
    assert!(carried(&[("dpu.cpu", "cortex-a53")]) < 0.95 * as_is);
    assert!(carried(&[("dpu.cpu", "cortex-a78")]) > 1.05 * as_is);
    near(carried(&[("dpu.cores", "4")]), as_is / 2.0, 0.02);
}

#[test]
fn what_comes_is_carried_lost_or_under_way() {
    for direction in ["transmit", "receive", "encrypt", "decrypt", "both"] {
        let settings = [
            CORES,
            ("dpu.cores", "1"),
            ("traffic.direction", direction),
            ("traffic.arrival", "poisson"),
            ("traffic.rate", "20 Gbps"),
            ("nic.ports", "2"),
        ];
        let record = simulate(&scenario(&settings), &fast_host(), 1).unwrap();
        assert_eq!(record.bottleneck, Some(Resource::DpuCore), "{direction}");
        for class in &record.classes {
            let b = class.balance;
            assert_eq!(b.offered + b.in_flight[0], b.carried + b.dropped + b.in_flight[1], "{direction} {b:?}");
        }
        let loss = record.loss.unwrap().share;
        let (l3, most) = (record.rate(Basis::L3).unwrap().gbps, record.bound.share_without_loss());
        let offered = if direction == "both" { 40.0 } else { 20.0 };
        assert!(loss > 0.3 && l3 / offered <= most * 1.01, "{direction}: {loss} {l3} {most}");
        near(l3 / offered, 1.0 - loss, 0.02);
        // What was spent on what was lost, if any, was the host's work in vain and not counted as the DPU's.
        let lost = |of: &[(Category, f64)]| of.iter().any(|(category, _)| *category == Category::Dropped);
        assert!(!lost(&record.dpu_cycles_per_packet), "{direction}");
        assert_eq!(lost(&record.cycles_per_packet), ["encrypt", "both"].contains(&direction), "{direction}");
    }
}

#[test]
fn a_run_is_the_same_each_time() {
    for esp in ["cores", "engine"] {
        let settings = [("dpu.esp", esp), ("traffic.arrival", "poisson"), ("traffic.rate", "5 Gbps")];
        assert_eq!(run(&settings), run(&settings), "{esp}");
    }
}

#[test]
fn cores_take_the_sas_that_the_engine_refuses() {
    let chacha = run(&[&[("sa.algorithm", "chacha20-poly1305")], &LIGHT[..]].concat());
    assert_eq!((chacha.spread.sas_as_asked, chacha.spread.sas_fallen_back), (0, 64));
    assert!(chacha.dpu_cycles_per_packet.iter().any(|(category, _)| *category == Category::Aead));
    // Of 64 SAs 16 are beyond its table: a quarter of the packets.
    let full = [&[("nic.esp.sa_capacity", "48")], &LIGHT[..]].concat();
    let (full, all) = (run(&full), run(&[&[CORES], &LIGHT[..]].concat()));
    assert_eq!((full.spread.sas_as_asked, full.spread.sas_fallen_back), (48, 16));
    let aead = |record: &Record| {
        record.dpu_cycles_per_packet.iter().find(|(category, _)| *category == Category::Aead).unwrap().1
    };
    near(aead(&full), aead(&all) / 4.0, 0.02);
}

#[test]
fn the_lock_of_a_shared_sa_is_taken_on_the_dpu() {
    let settings = [CORES, ("sa.count", "1"), ("host.cores", "4"), ("traffic.window", "1024")];
    let one = simulate(&scenario(&settings), &fast_host(), 1).unwrap();
    let spins = |of: &[(Category, f64)]| of.iter().find(|(c, _)| *c == Category::Lock).map_or(0.0, |(_, n)| *n);
    assert!(spins(&one.dpu_cycles_per_packet) > 0.0 && spins(&one.cycles_per_packet) == 0.0);
    // What comes in under ESP comes to one core of the DPU for an SA, whatever the host's cores.
    let settings = [&settings[..], &[("traffic.direction", "receive")]].concat();
    let machine = Machine::build(&scenario(&settings), &fast_host()).unwrap();
    let limit = bound(&machine).limits[0];
    let soc = profile("cortex-a72");
    assert_eq!(limit.resource, Resource::DpuCore);
    assert!(limit.rate.as_pps() < 1.3 * soc.host.frequency.get() as f64 / cycles_on_soc(&soc, Direction::Open));
    assert!(machine.flows.iter().map(|path| machine.paths[usize::from(*path)].core).max() > Some(0));
}

#[test]
fn what_cannot_be_a_dpu_is_refused_by_name() {
    let (key, said) = refused(&[("nic.preset", "connectx-7")]);
    assert_eq!(key, "placement");
    assert!(said.contains("ConnectX-7") && said.contains("bluefield-2 or bluefield-3"), "{said}");
    let (key, said) = refused(&[("nic.esp.packet_offload", "false")]);
    assert_eq!(key, "dpu.esp");
    assert!(said.contains("cores: NVIDIA BlueField-2") && said.contains("crypto offload only"), "{said}");
    assert_eq!(refused(&[("sa.per_cpu", "true")]).0, "sa.per_cpu");
    let (key, said) = refused(&[("dpu.cpu", "cortex-a7")]);
    assert_eq!(key, "dpu.cpu");
    assert!(said.contains("cortex-a72, cortex-a78"), "{said}");
    assert_eq!(refused(&[("dpu.cores", "0")]).0, "dpu.cores");
    // Any NIC whose cores are given is one.
    let own = [("nic.preset", "connectx-7"), ("nic.soc_cpu", "cortex-a72"), ("nic.soc_cores", "2"), CORES];
    scenario(&own).check(&profile("zen4")).unwrap();
    assert!(preset::shared_profile("cortex-a72").is_some() && preset::shared_profile("cortex").is_none());
}
