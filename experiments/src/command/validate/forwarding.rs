//! IPv4 forwarding in the Linux kernel by number of cores; fitted on one core: what the route lookup costs.

use espsim_model::profile::Profile;
use espsim_model::units::Cycles;
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use toml::Value;

use super::Row;
use super::published::{Published, read};
use crate::fitting::machine::{cpu_at, fit, packets_per_s, run};

const TOLERANCE: f64 = 0.10;
/// Xeon E5-1650 v4, as the publication has it.
const CLOCK: &str = "3.6 GHz";

/// Packets forwarded in the clear, in Mpps.
fn rate(simulations: &Simulations<'_>, profile: &Profile, cores: i64) -> Result<f64, Failure> {
    let record = run(
        simulations,
        profile,
        &[
            ("placement", "clear".into()),
            ("host.cores", Value::Integer(cores)),
            ("traffic.direction", "encrypt".into()),
            ("traffic.packet", "64 B".into()),
            ("traffic.size_basis", "l2".into()),
            ("traffic.flows", Value::Integer(60)),
            ("nic.preset", "nic-100g".into()),
        ],
    )?;
    Ok(packets_per_s(&record)? * 1e-6)
}

pub(super) fn rows(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    let published: Vec<Published> = read("forwarding.csv", include_str!("../../../validation/forwarding.csv"))?;
    let base = cpu_at("haswell", CLOCK)?;
    let mut rows = Vec::new();
    for series in ["single route", "full routing table"] {
        let of_series: Vec<Published> = published.iter().filter(|row| row.series == series).cloned().collect();
        let Some(one) = of_series.iter().find(|row| row.x == Some(1.0)) else { continue };
        let forward = base.stack.forward;
        let with = |factor: f64| {
            let mut profile = base.clone();
            profile.stack.forward = Cycles(forward.0 * factor);
            profile
        };
        let factor = fit(one.published, |factor| rate(simulations, &with(factor), 1))?;
        let machine = with(factor);
        for row in of_series {
            let simulated = rate(simulations, &machine, row.x.unwrap_or(1.0) as i64)?;
            rows.push(row.row("forwarding", simulated, Some(TOLERANCE), true));
        }
    }
    Ok(rows)
}
