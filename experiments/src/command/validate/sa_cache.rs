//! Packet offload by number of tunnels: the NIC's cache of SA contexts.
//!
//! A gateway that encrypts and decrypts alike, each port with clear and ESP traffic, all tunnels used alike. The machine is
//! the ConnectX-7 preset, whose number of contexts held and of fetches at a time are set by the rows of 1000 and 1600
//! tunnels; reads per miss are counted in the driver's objects. All other rows are predicted.

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
    tunnels: i64,
    settings: &[(&str, Value)],
) -> Result<f64, Failure> {
    let machine = [
        ("placement", "inline-packet".into()),
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
        Ok(row.row("sa-cache", carried(simulations, &host, tunnels, &[])?, Some(TOLERANCE), true))
    };
    published.into_par_iter().map(compare).collect()
}
