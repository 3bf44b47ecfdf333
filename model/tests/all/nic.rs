//! What a NIC has of its own: the cache of SA contexts, what a small frame takes of PCIe, hairpins.

use espsim_model::engine::program::{Cache, Replacement};
use espsim_model::layers::{self, Layer, Origin};
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::scenario::Scenario;
use espsim_model::{bound, machine::Machine, simulate};
use toml::Value;

use crate::common::{near, pps, profile};

fn layer(settings: &[(&str, Value)]) -> Layer {
    settings.iter().map(|(key, value)| ((*key).to_owned(), (value.clone(), Origin::Set))).collect()
}

fn run(settings: &[(&str, Value)]) -> Record {
    let scenario = layers::scenario(&layers::resolve(&layer(settings)).unwrap()).unwrap();
    simulate(&scenario, &profile("ice-lake-sp"), 1).unwrap()
}

/// A gateway that encrypts with packet offload: 200 Gb/s offered in frames of 1062 B, of SAs that are used alike.
fn gateway(settings: &[(&str, Value)]) -> Vec<(&'static str, Value)> {
    let tunnels = settings.iter().find(|(key, _)| *key == "sa.count").map_or(64, |(_, v)| v.as_integer().unwrap());
    vec![
        ("placement", "inline-packet".into()),
        ("host.stack", "xdp".into()),
        ("host.cores", 20.into()),
        ("traffic.direction", "both".into()),
        ("traffic.arrival", "poisson".into()),
        ("traffic.rate", "100 Gbps".into()),
        ("traffic.rate_basis", "clear-l2".into()),
        ("traffic.packet", "1062 B".into()),
        ("traffic.size_basis", "clear-l2".into()),
        ("traffic.mtu", "1600 B".into()),
        ("traffic.flows", (16 * tunnels).into()),
        ("sa.algorithm", "aes-256-gcm".into()),
        ("nic.preset", "connectx-7".into()),
        ("nic.ring", 8192.into()),
        ("nic.receive_completion_batch", 8.into()),
        ("nic.completion_batch", 64.into()),
        ("nic.descriptor", "16 B".into()),
        ("nic.pcie.preset", "gen4-x16".into()),
        ("nic.pcie.max_read_request_size", "2048 B".into()),
        ("run.max_packets", 300_000.into()),
    ]
}

fn carried(settings: &[(&str, Value)]) -> f64 {
    pps(&run(&[gateway(settings), settings.to_vec()].concat()))
}

/// Packets are looked up one after the other, of SAs that are used alike: the share of misses times the time of their
/// reads, divided by the reads at a time, is the time of a packet.
#[test]
fn misses_take_their_share_of_dependent_reads() {
    let (tunnels, fetches) = (2000, 4);
    let cache = Cache { capacity: 1024, keys: 2 * tunnels, ways: None, replacement: Replacement::Lru };
    let with = |reads: i64| {
        [
            // Without payload on the link that contexts come over.
            ("placement", Value::from("hairpin")),
            ("sa.count", tunnels.into()),
            ("nic.esp.sa_cache", 1024.into()),
            ("nic.esp.sa_fetches", fetches.into()),
            ("nic.esp.sa_reads", reads.into()),
        ]
    };
    // 400 ns to the first completion, and the time of the TLPs: 24 B up and 256 or 64 B with 20 B down, at 29 GB/s.
    let misses = 1.0 - cache.uniform_hits();
    near(carried(&with(1)), f64::from(fetches) / (misses * 410e-9), 0.02);
    near(carried(&with(4)), f64::from(fetches) / (misses * 4.0 * 404e-9), 0.02);
}

#[test]
fn contexts_of_both_directions_share_the_cache() {
    let at = |direction: &str| {
        let settings = [
            ("sa.count", Value::from(1500)),
            ("nic.esp.sa_fetches", 4.into()),
            ("traffic.direction", direction.into()),
        ];
        carried(&settings)
    };
    // 1500 SAs fit the cache of 2048, 3000 do not.
    assert!(at("both") < 0.8 * at("encrypt") * 2.0, "{} {}", at("both"), at("encrypt"));
}

/// As published: what two ports of 100 Gb/s carry of clear and ESP frames at 1000 tunnels, less from 1100 on.
#[test]
fn throughput_bends_with_tunnels_and_falls_off_no_cliff() {
    let at = |tunnels: i64| carried(&[("sa.count", tunnels.into())]);
    let rates = [800, 1000, 1100, 1300, 1600, 2000].map(at);
    near(rates[1], rates[0], 0.01);
    assert!(rates[1..].is_sorted_by(|a, b| a > b) && rates[2] < 0.97 * rates[1], "{rates:?}");
    assert!(rates[4] < 0.6 * rates[0] && rates.windows(2).all(|step| step[1] > 0.66 * step[0]), "{rates:?}");
}

/// In turn, LRU forgets each context just before it is wanted again; in sets, some have places to themselves.
#[test]
fn sets_bend_where_one_list_falls_off_a_cliff() {
    let at = |ways: i64| {
        let turn = ("traffic.arrival", Value::from("saturate"));
        let settings = [("placement", "hairpin".into()), turn, ("traffic.direction", "encrypt".into())];
        let more = [
            ("sa.count", 2100.into()),
            ("traffic.flows", 2100.into()),
            ("nic.esp.sa_ways", ways.into()),
            ("nic.esp.sa_fetches", 1.into()),
        ];
        carried(&[&settings[..], &more].concat())
    };
    assert!(at(4) > 1.3 * at(2048), "{} {}", at(4), at(2048));
}

#[test]
fn what_is_written_back_takes_the_link_and_no_time() {
    let at = |octets: &str| {
        let settings = [
            ("placement", Value::from("hairpin")),
            ("sa.count", 2000.into()),
            ("nic.esp.sa_write_back", octets.into()),
        ];
        run(&[gateway(&settings), settings.to_vec()].concat())
    };
    let (none, some) = (at("0 B"), at("64 B"));
    let up = |record: &Record| {
        record.utilisation.iter().find(|u| u.resource == Resource::NicLinkUp).map_or(0.0, |u| u.share)
    };
    near(pps(&some), pps(&none), 0.02);
    // Four requests of 24 B, or a write of 64 B with its header besides.
    near(up(&some) / up(&none), (4.0 * 24.0 + 88.0) / (4.0 * 24.0), 0.03);
}

#[test]
fn contexts_in_memory_of_the_nic_take_no_pcie_and_its_time() {
    let tunnels = 4000;
    let settings = [
        ("sa.count", Value::from(tunnels)),
        ("nic.esp.sa_cache", 1024.into()),
        ("nic.esp.sa_device_read", "200 ns".into()),
    ];
    let record = run(&[gateway(&settings), settings.to_vec()].concat());
    let cache = Cache { capacity: 1024, keys: 2 * tunnels, ways: None, replacement: Replacement::Lru };
    // Eight at a time, each four reads.
    near(pps(&record), 8.0 / (4.0 * 200e-9) / (1.0 - cache.uniform_hits()), 0.05);
    assert_eq!(record.bottleneck, Some(Resource::NicMemory));
}

/// TLPs of what is received: payload in whole cache lines, a completion for eight, a message for so many as are gathered.
#[test]
fn small_frames_take_cache_lines_completions_and_messages() {
    let received = |settings: &[(&str, &str)]| {
        let base = [
            ("placement", "clear"),
            ("host.stack", "xdp"),
            ("traffic.direction", "encrypt"),
            ("traffic.packet", "65 B"),
            ("traffic.size_basis", "clear-l2"),
            ("nic.descriptor_batch", "64"),
        ];
        let scenario = Scenario::from_settings(&[&base[..], settings].concat()).unwrap();
        let machine = Machine::build(&scenario, &profile("ice-lake-sp")).unwrap();
        let link = machine.platform.stations.iter().position(|s| s.resource == Resource::NicLinkUp).unwrap();
        let limit = bound::bound(&machine).limits.into_iter().find(|limit| limit.resource == Resource::NicLinkUp);
        assert!(link > 0);
        // Octets of a packet towards the host.
        scenario.nic[0].pcie.tlp_rate().as_bps() as f64 / 8.0 / limit.unwrap().rate.as_pps()
    };
    let plain = received(&[("nic.receive_completion_batch", "1")]);
    // Eight completions of 64 B in a TLP of 24 B more, in one.
    near(plain - received(&[("nic.receive_completion_batch", "8")]), 88.0 * 7.0 / 8.0, 0.01);
    // A message of 4 B with the 24 B of its TLP, sent and received.
    let moderated = received(&[("nic.receive_completion_batch", "1"), ("nic.moderation_packets", "1")]);
    near(moderated - plain, 2.0 * 28.0 * (1.0 - 1.0 / 32.0), 0.01);
    let polled = received(&[("nic.receive_completion_batch", "1"), ("host.stack", "vector")]);
    near(plain - polled, 2.0 * 28.0 / 32.0, 0.01);
    // 61 B without FCS in one line, 69 B in two.
    let longer = received(&[("nic.receive_completion_batch", "1"), ("traffic.packet", "73 B")]);
    near(longer - plain, 64.0, 0.01);
}

#[test]
fn a_hairpin_leaves_the_host_alone() {
    let hairpin = |settings: &[(&str, Value)]| {
        let all = [("placement", Value::from("hairpin")), ("sa.count", 64.into())];
        run(&[gateway(settings), all.to_vec(), settings.to_vec()].concat())
    };
    let record = hairpin(&[]);
    assert_eq!(record.pcie_crossings, Some(0.0));
    assert!(record.cycles_per_packet.iter().all(|(_, cycles)| *cycles == 0.0));
    assert!(matches!(record.bottleneck, Some(Resource::Wire | Resource::WireIn)), "{:?}", record.bottleneck);
    // In host memory every packet crosses twice.
    let by_host = hairpin(&[("nic.hairpin", "host-memory".into())]);
    let up = |record: &Record| {
        record.utilisation.iter().find(|u| u.resource == Resource::NicLinkUp).map_or(0.0, |u| u.share)
    };
    assert!(up(&record) < 0.01 && up(&by_host) > 0.7, "{} {}", up(&record), up(&by_host));
    // Past the cache contexts come over PCIe, whoever forwards.
    assert!(pps(&hairpin(&[("sa.count", 4000.into())])) < 0.6 * pps(&record));
}

#[test]
fn no_hairpin_without_a_nic_that_has_it_or_for_an_application() {
    let said = |settings: &[(&str, &str)]| {
        let scenario = Scenario::from_settings(settings).unwrap();
        scenario.check(&profile("ice-lake-sp")).unwrap_err().to_string()
    };
    let sends = said(&[("placement", "hairpin")]);
    assert!(sends.contains("traffic.direction") && sends.contains("inline-packet"), "{sends}");
    let at = ("placement", "hairpin");
    let crypto_only = said(&[at, ("traffic.direction", "encrypt"), ("nic.preset", "innova-ipsec-40g")]);
    assert!(crypto_only.contains("crypto offload only"), "{crypto_only}");
    let engine = [("nic.esp.packet_offload", "true"), ("traffic.direction", "encrypt")];
    let without = said(&[&[at, ("nic.preset", "innova-ipsec-40g")], &engine[..]].concat());
    assert!(without.contains("nic.hairpin"), "{without}");
}
