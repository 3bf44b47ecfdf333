//! Packet offload by number of tunnels: the NIC's cache of SA contexts.
//!
//! A gateway that encrypts and decrypts alike, each port with clear and ESP traffic, all tunnels used alike. The machine is
//! the ConnectX-7 preset, whose number of contexts held and of fetches at a time are set by the rows of 1000 and 1600
//! tunnels that XDP forwards; reads per miss are counted in the driver's objects. All other rows are predicted: those that
//! the NIC forwards by itself need a rule of tc flower besides, which the model does not fetch.

use espsim_model::profile::Profile;
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use rayon::prelude::*;
use toml::{Table, Value};

use super::Row;
use super::published::{Published, read};
use crate::fitting::machine::{cpu_at, packets_per_s, run};

const TOLERANCE: f64 = 0.10;
/// Xeon Gold 6342, base frequency, turbo off in the published setup (`intel_pstate=disable`).
const CLOCK: &str = "2.8 GHz";
/// Packets per second and frame without FCS of the published TRex profile.
const PROFILE: [(i64, i64); 10] = [
    (16_960, 120),
    (9_161, 218),
    (2_960, 438),
    (5_619, 1075),
    (56_458, 1398),
    (7_703, 112),
    (3_320, 221),
    (1_527, 437),
    (3_055, 1034),
    (55_815, 1367),
];
const FCS: i64 = 4;

fn mix() -> Value {
    let entry = |&(weight, size): &(i64, i64)| {
        let size = Value::String(format!("{} B", size + FCS));
        Value::Table(Table::from_iter([("weight".to_owned(), Value::Integer(weight)), ("size".to_owned(), size)]))
    };
    Value::Array(PROFILE.iter().map(entry).collect())
}

/// Gb/s of frames without FCS, both ways together, at 200 Gb/s offered.
fn carried(
    simulations: &Simulations<'_>,
    host: &Profile,
    placement: &str,
    tunnels: i64,
    settings: &[(&str, Value)],
) -> Result<f64, Failure> {
    let machine = [
        ("placement", placement.into()),
        ("host.stack", "xdp".into()),
        ("host.cores", 20.into()),
        ("traffic.direction", "both".into()),
        ("traffic.arrival", "poisson".into()),
        ("traffic.rate", "100 Gbps".into()),
        ("traffic.rate_basis", "clear-l2".into()),
        ("traffic.mix", mix()),
        ("traffic.size_basis", "clear-l2".into()),
        ("traffic.mtu", "1600 B".into()),
        ("traffic.flows", (16 * tunnels).into()),
        ("sa.count", tunnels.into()),
        ("sa.algorithm", "aes-256-gcm".into()),
        ("nic.preset", "connectx-7".into()),
        // ethtool -G, -C and priv-flags of the published setup; its flame graphs show multi-packet descriptors.
        ("nic.ring", 8192.into()),
        ("nic.moderation_packets", 64.into()),
        ("nic.moderation_time", "8 us".into()),
        ("nic.receive_completion_batch", 8.into()),
        ("nic.completion_batch", 64.into()),
        ("nic.descriptor", "16 B".into()),
        ("nic.pcie.preset", "gen4-x16".into()),
        ("nic.pcie.max_read_request_size", "2048 B".into()),
    ];
    let record = run(simulations, host, &[&machine[..], settings].concat())?;
    let (packets, octets) =
        PROFILE.iter().fold((0, 0), |(packets, octets), (weight, size)| (packets + weight, octets + weight * size));
    Ok(packets_per_s(&record)? * octets as f64 / packets as f64 * 8e-9)
}

pub(super) fn rows(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    let published: Vec<Published> = read("sa_cache.csv", include_str!("../../../validation/sa_cache.csv"))?;
    let host = cpu_at("ice-lake-sp", CLOCK)?;
    let compare = |row: Published| {
        let tunnels = row.x.unwrap_or(1000.0) as i64;
        let placement = if row.series == "forwarded by XDP" { "inline-packet" } else { "hairpin" };
        Ok(row.row("sa-cache", carried(simulations, &host, placement, tunnels, &[])?, Some(TOLERANCE), true))
    };
    published.into_par_iter().map(compare).collect()
}

#[cfg(test)]
mod tests {
    use super::super::asked;
    use super::*;

    fn by_xdp(tunnels: i64, settings: &[(&str, Value)]) -> f64 {
        let host = cpu_at("ice-lake-sp", CLOCK).unwrap();
        asked(|simulations| carried(simulations, &host, "inline-packet", tunnels, settings).unwrap())
    }

    /// Contexts as a power of two, then fetches, each by its row: what the preset says.
    #[test]
    fn the_preset_is_what_two_rows_give() {
        let at = |tunnels, contexts: i64, fetches: i64| {
            by_xdp(tunnels, &[("nic.esp.sa_cache", contexts.into()), ("nic.esp.sa_fetches", fetches.into())])
        };
        let miss = |contexts, fetches| (at(1600, contexts, fetches) / 100.4 - 1.0).abs();
        assert!(miss(2048, 8) < miss(2048, 7) && miss(2048, 8) < miss(2048, 9));
        assert!(at(1000, 2048, 8) > 0.99 * 190.5);
        // Half as many meet one row or the other.
        let fetches = (8..=16).min_by(|&a, &b| miss(1024, a).total_cmp(&miss(1024, b))).unwrap();
        assert!(at(1000, 1024, fetches) < 0.9 * 190.5, "{fetches}");
    }

    #[test]
    fn throughput_falls_from_the_published_tunnel_on() {
        let (few, first, next) = (by_xdp(900, &[]), by_xdp(1000, &[]), by_xdp(1200, &[]));
        assert!((first / few - 1.0).abs() < 0.01 && next < 0.9 * first, "{few} {first} {next}");
    }
}
