//! TCP through the kernel by number of CPUs, in the clear and on three paths through ESP.
//!
//! Fitted on one CPU: in the clear, how much slower or faster than the preset the stack is; with crypto offload, what ESP
//! costs; in software, what a request to the kernel's cipher costs beside the octets. Packet offload and all other numbers
//! of CPUs are predicted.

use espsim_model::profile::Profile;
use espsim_model::stack::Stack;
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use toml::Value;

use super::Row;
use super::published::{Published, read, value};
use crate::fitting::machine::{cpu_at, fit, goodput_gbps, run, scale_stack};

const TOLERANCE: f64 = 0.10;
/// Xeon Platinum 8380, many cores loaded; base 2.3 GHz, up to 3.4 GHz (Intel product specification).
const CLOCK: &str = "3.0 GHz";

/// Goodput in Gb/s of receiving TCP on so many CPUs, each with a stream and an SA of its own.
fn goodput(simulations: &Simulations<'_>, profile: &Profile, placement: &str, cpus: i64) -> Result<f64, Failure> {
    let packet = if placement == "clear" { "1500 B" } else { "1466 B" };
    let record = run(
        simulations,
        profile,
        &[
            ("placement", placement.into()),
            ("host.cores", Value::Integer(cpus)),
            ("traffic.direction", "receive".into()),
            ("traffic.transport", "tcp".into()),
            ("traffic.packet", packet.into()),
            ("traffic.flows", Value::Integer(cpus)),
            ("sa.count", Value::Integer(cpus)),
            ("sa.mode", "transport".into()),
            ("nic.preset", "connectx-6-dx".into()),
        ],
    )?;
    goodput_gbps(&record)
}

pub(super) fn rows(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    let published: Vec<Published> = read("stack.csv", include_str!("../../../validation/stack.csv"))?;
    let one_cpu = |series: &str| value(&published, |row| row.series == series && row.x == Some(1.0));
    let mut base = cpu_at("ice-lake-sp", CLOCK)?;
    // Linux had AES-GCM with AVX2 then; its code with VAES came with 6.11.
    base.aead.retain(|cost| cost.backend != "vaes-avx512");

    let clear = fit(one_cpu("clear")?, |factor| {
        let mut profile = base.clone();
        scale_stack(&mut profile, Stack::Kernel, factor);
        goodput(simulations, &profile, "clear", 1)
    })?;
    scale_stack(&mut base, Stack::Kernel, clear);
    // One factor for all that ESP costs beside a request to the cipher, for want of more measurements.
    let scale_esp = |profile: &mut Profile, factor: f64| {
        let stack = &mut profile.stack;
        for cost in [&mut stack.xfrm, &mut stack.xfrm_offload, &mut stack.xfrm_offload_segment] {
            *cost = *cost * factor;
        }
    };
    let esp = fit(one_cpu("crypto offload")?, |factor| {
        let mut profile = base.clone();
        scale_esp(&mut profile, factor);
        goodput(simulations, &profile, "inline-crypto", 1)
    })?;
    scale_esp(&mut base, esp);
    // The cipher is the preset's, as tcrypt measured it.
    let with_request = |factor: f64| {
        let mut profile = base.clone();
        profile.stack.crypto_request = profile.stack.crypto_request * factor;
        profile
    };
    let request = fit(one_cpu("software")?, |factor| goodput(simulations, &with_request(factor), "host", 1))?;
    let machine = with_request(request);

    published
        .into_iter()
        .map(|row| {
            let placement = match row.series.as_str() {
                "clear" => "clear",
                "software" => "host",
                "crypto offload" => "inline-crypto",
                _ => "inline-packet",
            };
            let simulated = goodput(simulations, &machine, placement, row.x.unwrap_or(1.0) as i64)?;
            Ok(row.row("stack", simulated, Some(TOLERANCE), true))
        })
        .collect()
}
