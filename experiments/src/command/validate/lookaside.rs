//! Lookaside accelerators: callers that wait against callers that do not, and completion interrupts on one core or all.

use espsim_model::profile::Profile;
use espsim_model::units::{Cycles, Time};
use espsim_sweep::failure::Failure;
use toml::Value;

use super::Row;
use super::machine::{cpu, fit, packets_per_s, run, scale_stack};
use super::published::{Published, read};

const TOLERANCE: f64 = 0.15;
/// Octets of a request in the QAT measurements.
const BUFFER: f64 = 4096.0;

/// A host that only submits to an accelerator: what sends, segments and transmits costs nothing, nor does the network.
fn crypto_api(mut profile: Profile) -> Profile {
    let s = &mut profile.stack;
    for cost in [&mut s.send, &mut s.xfrm, &mut s.transmit, &mut s.doorbell, &mut s.complete] {
        *cost = Cycles(0.0);
    }
    profile.memory.copy.0 = 0.0;
    profile.memory.checksum.0 = 0.0;
    profile
}

/// QAT generation 4 on requests of 4 KiB, in GB/s.
fn qat(profile: &Profile, submission: &str, cores: i64, rate: f64, latency: Time) -> Result<f64, Failure> {
    let record = run(
        profile,
        &[
            ("placement", "lookaside".into()),
            ("accelerator.preset", "qat-4xxx".into()),
            ("accelerator.rate", Value::String(format!("{:.3} Gbps", rate * 8.0))),
            ("accelerator.latency", Value::String(format!("{:.3} us", latency.as_seconds() * 1e6))),
            ("lookaside.submission", submission.into()),
            ("host.cores", Value::Integer(cores)),
            // 4096 octets are encrypted: an inner packet of 4094 with the two of the trailer.
            ("traffic.packet", "4094 B".into()),
            ("traffic.mtu", "9000 B".into()),
            ("nic.line_rate", "10000 Gbps".into()),
            ("nic.packet_rate", "10000 Mpps".into()),
            ("nic.slot", "gen5-x16".into()),
            ("nic.read_tags", Value::Integer(1024)),
        ],
    )?;
    Ok(packets_per_s(&record)? * BUFFER * 1e-9)
}

/// A gateway of four cores through an accelerator on the chip, in kpps.
fn gateway(profile: &Profile, interrupts: &str) -> Result<f64, Failure> {
    let record = run(
        profile,
        &[
            ("placement", "lookaside".into()),
            ("accelerator.preset", "qat-4xxx".into()),
            ("lookaside.interrupts", interrupts.into()),
            ("traffic.direction", "encrypt".into()),
            ("sa.algorithm", "aes-256-gcm".into()),
            ("host.cores", Value::Integer(4)),
            ("nic.preset", "nic-40g".into()),
        ],
    )?;
    Ok(packets_per_s(&record)? * 1e-3)
}

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let published: Vec<Published> = read("lookaside.csv", include_str!("../../../validation/lookaside.csv"))?;
    let value = |id: &str| {
        let row = published.iter().find(|row| row.id == id);
        row.map(|row| row.published).ok_or_else(|| Failure::new(format!("lookaside.csv has no row {id}")))
    };
    let host = crypto_api(cpu("zen4")?);
    let rate = value("QAT-GEN4-USER")?;
    let sync = |latency: f64| qat(&host, "sync", 1, rate, Time::from_seconds(latency * 1e-6));
    let latency = fit(value("QAT-EMR-KSYNC")?, sync)?;
    let machine_latency = Time::from_seconds(latency * 1e-6);
    let user = qat(&host, "poll", 4, rate, machine_latency)?;
    let waiting = sync(latency)?;
    let asynchronous = qat(&host, "interrupt", 4, rate, machine_latency)?;

    let mut small = cpu("haswell")?;
    let factor = fit(value("SAFEXCEL-IRQ1")?, |factor| {
        let mut profile = small.clone();
        scale_stack(&mut profile, factor);
        gateway(&profile, "one-core")
    })?;
    scale_stack(&mut small, factor);
    let (one, spread) = (gateway(&small, "one-core")?, gateway(&small, "own-core")?);

    let rows = published.into_iter().map(|row| {
        let (simulated, tolerance) = match row.id.as_str() {
            "QAT-GEN4-USER" => (user, TOLERANCE),
            "QAT-GEN4-KASYNC" => (asynchronous, TOLERANCE),
            "QAT-GEN4-ASYNC-SYNC" => (asynchronous / waiting, TOLERANCE),
            "SAFEXCEL-IRQ1" => (one, 0.10),
            "SAFEXCEL-SPREAD" => (spread, 0.10),
            _ => (waiting, TOLERANCE),
        };
        row.row("lookaside", simulated, Some(tolerance), true)
    });
    Ok(rows.collect())
}
