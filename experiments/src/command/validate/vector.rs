//! VPP on one core with and without a card, and cards by themselves.
//!
//! VPP: fitted on the row without a card, what its graph costs a packet; its costs of handing packets to a card are the
//! preset's, which no row here has a part in. Cards: each against the CPU beside it, by size.

use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use toml::{Table, Value};

use super::Row;
use super::published::{Published, read, value};
use crate::fitting::machine::{cpu, fit, goodput_gbps, packets_per_s, run};

const TOLERANCE: f64 = 0.20;

/// IMIX of frames of 64, 594 and 1518 octets, 7 to 4 to 1: 362 octets on average, as the publication's rates say.
fn imix() -> Value {
    let entry = |(weight, size): (i64, &str)| {
        Value::Table(Table::from_iter([("weight".to_owned(), weight.into()), ("size".to_owned(), size.into())]))
    };
    Value::Array([(7, "64 B"), (4, "594 B"), (1, "1518 B")].map(entry).to_vec())
}

/// A tunnel's outbound side on one core, in Mpps.
fn vpp(simulations: &Simulations<'_>, profile: &Profile, placement: &str) -> Result<f64, Failure> {
    let record = run(
        simulations,
        profile,
        &[
            ("placement", placement.into()),
            ("host.stack", "vector".into()),
            ("traffic.direction", "encrypt".into()),
            ("traffic.mix", imix()),
            ("traffic.size_basis", "clear-l2".into()),
            ("traffic.mtu", "2000 B".into()),
            // As many as a vector and the card's ring take.
            ("traffic.window", Value::Integer(1024)),
            ("sa.count", Value::Integer(1)),
            ("nic.preset", "nic-100g".into()),
        ],
    )?;
    Ok(packets_per_s(&record)? * 1e-6)
}

/// The preset's host with VPP's own costs, but not those of handing packets to a card, times a factor.
fn with_graph(base: &Profile, factor: f64) -> Profile {
    let mut profile = base.clone();
    if let Some(costs) = &mut profile.vector {
        for cost in [&mut costs.poll, &mut costs.forward, &mut costs.xfrm, &mut costs.crypto_request] {
            *cost = *cost * factor;
        }
    }
    profile
}

/// One process with buffers of 16 KiB in 128 requests, through OpenSSL's engine for a DH895xCC, which copies them to memory
/// that the card reaches and back.
fn dh895(simulations: &Simulations<'_>, profile: &Profile) -> Result<Record, Failure> {
    run(
        simulations,
        profile,
        &[
            ("placement", "crypto".into()),
            ("host.stack", "vector".into()),
            ("traffic.packet", "16384 B".into()),
            ("traffic.window", Value::Integer(128)),
            ("traffic.flows", Value::Integer(1)),
            ("sa.algorithm", "aes-128-cbc-hmac-sha1-96".into()),
            ("accelerator.rate", "50 Gbps".into()),
            ("accelerator.engines", Value::Integer(12)),
            ("accelerator.slot", "gen3-x8".into()),
            ("lookaside.copies", Value::Integer(2)),
        ],
    )
}

/// The same on the CPU alone: everything is below the least size for the card.
fn software(simulations: &Simulations<'_>, profile: &Profile) -> Result<Record, Failure> {
    run(
        simulations,
        profile,
        &[
            ("placement", "crypto".into()),
            ("host.stack", "vector".into()),
            ("traffic.packet", "16384 B".into()),
            ("traffic.flows", Value::Integer(1)),
            ("sa.algorithm", "aes-128-cbc-hmac-sha1-96".into()),
            ("lookaside.smallest", "20000 B".into()),
        ],
    )
}

pub(super) fn rows(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    let published: Vec<Published> = read("vector.csv", include_str!("../../../validation/vector.csv"))?;
    let value = |id: &str| value(&published, |row| row.id == id);
    let base = cpu("skylake-sp")?;
    let factor = fit(value("VPP-SW-IMIX")?, |factor| vpp(simulations, &with_graph(&base, factor), "host"))?;
    let machine = with_graph(&base, factor);
    let (without, with) = (vpp(simulations, &machine, "host")?, vpp(simulations, &machine, "lookaside")?);

    // Two processors whose make is not stated.
    let haswell = cpu("haswell")?;
    let (card, cpu) = (dh895(simulations, &haswell)?, software(simulations, &haswell)?);
    let gbytes = |record: &Record| goodput_gbps(record).map(|gbps| gbps / 8.0);
    let (card_rate, cpu_rate) = (gbytes(&card)?, gbytes(&cpu)?);
    published
        .into_iter()
        .map(|row| match row.id.as_str() {
            "VPP-SW-IMIX" => Ok(row.row("vector", without, Some(TOLERANCE), true)),
            "VPP-QAT-IMIX" => Ok(row.row("vector", with, Some(TOLERANCE), with > without)),
            "VPP-QAT-GAIN" => Ok(row.row("vector", with / without, Some(TOLERANCE), with > without)),
            "DH895-SW" => Ok(row.row("vector", cpu_rate, None, cpu.bottleneck == Some(Resource::Core))),
            // The card wins, and not by its engines.
            _ => {
                let same = card_rate > cpu_rate && card.bottleneck != Some(Resource::AcceleratorEngines);
                Ok(row.row("vector", card_rate, None, same))
            }
        })
        .collect()
}
