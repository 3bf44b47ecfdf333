//! What a NIC has of its own: the cache of SA contexts.

use espsim_model::engine::program::{Cache, Replacement};
use espsim_model::layers::{self, Layer, Origin};
use espsim_model::preset::PresetKind;
use espsim_model::record::Record;
use espsim_model::resource::Resource;
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

#[test]
fn scan() {
    for tunnels in [500, 1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700] {
        print!("{tunnels}");
        for fetches in [7, 8, 9] {
            let settings = [("sa.count", Value::from(tunnels)), ("nic.esp.sa_fetches", fetches.into())];
            let record = run(&[gateway(&settings), settings.to_vec()].concat());
            print!(
                " {:.1} {:?}",
                pps(&record) * 1058.06 * 8e-9,
                record.bound.tightest().map(|l| (l.resource.name(), l.rate.as_pps() * 1e-6))
            );
        }
        println!();
    }
}
