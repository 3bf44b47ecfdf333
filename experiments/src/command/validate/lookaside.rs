//! Lookaside accelerators: callers that wait against callers that do not, and completion interrupts on one core or all.

use espsim_model::profile::Profile;
use espsim_model::stack::Stack;
use espsim_model::units::Time;
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use toml::Value;

use super::Row;
use super::published::{Published, read, value};
use crate::fitting::machine::{cpu, fit, packets_per_s, run, scale_stack};

const TOLERANCE: f64 = 0.15;
/// Octets of a request in the QAT measurements.
const BUFFER: f64 = 4096.0;

/// QAT generation 4 on buffers of 4 KiB, in GB/s.
fn qat(
    simulations: &Simulations<'_>,
    profile: &Profile,
    (stack, submission): (&str, &str),
    cores: i64,
    rate: f64,
    latency: Time,
) -> Result<f64, Failure> {
    let record = run(
        simulations,
        profile,
        &[
            ("placement", "crypto".into()),
            ("host.stack", stack.into()),
            ("host.cores", Value::Integer(cores)),
            ("accelerator.preset", "qat-4xxx".into()),
            ("accelerator.rate", Value::String(format!("{:.3} Gbps", rate * 8.0))),
            ("accelerator.latency", Value::String(format!("{:.3} us", latency.as_seconds() * 1e6))),
            ("lookaside.submission", submission.into()),
            // It was AES-XTS, which the kernel's driver has; the model has no cipher for discs.
            ("lookaside.driver", "complete".into()),
            ("traffic.packet", Value::String(format!("{BUFFER} B"))),
        ],
    )?;
    Ok(packets_per_s(&record)? * BUFFER * 1e-9)
}

/// A gateway of four cores through an accelerator on the chip, in kpps.
fn gateway(simulations: &Simulations<'_>, profile: &Profile, interrupts: &str) -> Result<f64, Failure> {
    let record = run(
        simulations,
        profile,
        &[
            ("placement", "lookaside".into()),
            ("accelerator.preset", "qat-4xxx".into()),
            ("lookaside.interrupts", interrupts.into()),
            // Its own driver registers rfc4106(gcm(aes)) (Linux drivers/crypto/inside-secure/safexcel.c).
            ("lookaside.driver", "complete".into()),
            ("traffic.direction", "encrypt".into()),
            ("sa.algorithm", "aes-256-gcm".into()),
            ("host.cores", Value::Integer(4)),
            ("nic.preset", "nic-40g".into()),
        ],
    )?;
    Ok(packets_per_s(&record)? * 1e-3)
}

pub(super) fn rows(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    let published: Vec<Published> = read("lookaside.csv", include_str!("../../../validation/lookaside.csv"))?;
    let value = |id: &str| value(&published, |row| row.id == id);
    let host = cpu("zen4")?;
    let rate = value("QAT-GEN4-USER")?;
    let sync = |latency: f64| qat(simulations, &host, ("kernel", "sync"), 1, rate, Time::from_seconds(latency * 1e-6));
    let latency = fit(value("QAT-EMR-KSYNC")?, sync)?;
    let machine_latency = Time::from_seconds(latency * 1e-6);
    let user = qat(simulations, &host, ("vector", "poll"), 4, rate, machine_latency)?;
    let waiting = sync(latency)?;
    let asynchronous = qat(simulations, &host, ("kernel", "interrupt"), 4, rate, machine_latency)?;

    let mut small = cpu("haswell")?;
    let factor = fit(value("SAFEXCEL-IRQ1")?, |factor| {
        let mut profile = small.clone();
        scale_stack(&mut profile, Stack::Kernel, factor);
        gateway(simulations, &profile, "one-core")
    })?;
    scale_stack(&mut small, Stack::Kernel, factor);
    let (one, spread) = (gateway(simulations, &small, "one-core")?, gateway(simulations, &small, "own-core")?);

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
