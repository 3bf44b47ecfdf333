//! Measured PCIe bandwidth and latency of a Broadwell host, with and without IOMMU. The machine, and which rows say what of
//! it, is in [`crate::bench::nfp6000`]; every other row is predicted.

use espsim_model::pcie_bench::Bench;
use espsim_model::scenario::Scenario;
use espsim_model::uncertainty::{Draw, device_values, draws};
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use rayon::prelude::*;

use super::band::{DRAWS, SEED};
use super::{Role, Row, band};
use crate::bench::measured::Measured;
use crate::bench::nfp6000::{FITTED, SOURCE, machine, measured};

const ELSEWHERE: &str = "pcie-bench raw data, R. Neugebauer et al., SIGCOMM 2018: the same NFP6000 in a Supermicro host, \
                         Xeon E5-2637 v3, PCIe Gen3 x8";
/// The working set of rows without a window sweep.
const SMALL: u64 = 8192;

fn is_swept(row: &Measured) -> bool {
    row.window != SMALL
}

/// The same card in another host.
fn is_elsewhere(row: &Measured) -> bool {
    row.system.starts_with("haswell")
}

fn is_translated(row: &Measured) -> bool {
    row.system.ends_with("-iommu")
}

/// Bandwidth by size.
pub(super) fn bandwidth(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    rows(simulations, |row| !is_swept(row) && !is_elsewhere(row) && !row.test.is_latency())
}

/// Bandwidth by size in another host, with all parameters of this one.
pub(super) fn elsewhere(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    rows(simulations, is_elsewhere)
}

/// Latency by size.
pub(super) fn latency(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    rows(simulations, |row| !is_swept(row) && row.test.is_latency())
}

/// Bandwidth and latency by the window of host memory; with the IOMMU first.
pub(super) fn window(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    let with = rows(simulations, |row| is_swept(row) && is_translated(row))?;
    Ok([with, rows(simulations, |row| is_swept(row) && !is_translated(row))?].concat())
}

fn rows(simulations: &Simulations<'_>, chosen: fn(&Measured) -> bool) -> Result<Vec<Row>, Failure> {
    let measured = measured()?;
    let plain = machine(simulations, &measured)?;
    let mut translated = plain.clone();
    translated.iommu.enabled = true;
    let rows: Vec<Measured> = measured.into_iter().filter(chosen).collect();
    let hosts = if rows.iter().any(is_elsewhere) { hosts(&plain)? } else { Vec::new() };
    let compared = rows.into_par_iter().map(|row| {
        let simulated = row.simulated(simulations, if is_translated(&row) { &translated } else { &plain })?;
        let ratio = |host: &Bench| host.bound(row.case()).as_gbps() / plain.bound(row.case()).as_gbps();
        let drawn: Vec<f64> = hosts.iter().map(ratio).collect();
        let banded = band::banded(vec![compared(row, simulated)], |_| drawn.clone())?;
        Ok(banded)
    });
    Ok(compared.collect::<Result<Vec<Vec<Row>>, Failure>>()?.concat())
}

/// The same card in hosts whose root complex is another, of which no more is known than what the preset of the slot says. What
/// the card does is known from where it was measured, and so is its first host.
fn hosts(bench: &Bench) -> Result<Vec<Bench>, Failure> {
    let keys = ["read_latency", "write_latency", "dram_latency"].map(|name| format!("nic.pcie.{name}"));
    let slot = Scenario::from_settings(&[("nic.pcie.preset", "gen3-x8")]);
    let slot = slot.map_err(|error| Failure::new(error.to_string()))?;
    let times = |draw: Draw| {
        let [drawn, now] = [&draw.scenario(&slot), &slot].map(|of| device_values(of, &keys));
        let times = |i: usize| drawn[i].zip(now[i]).map_or(1.0, |(drawn, now)| drawn / now);
        let mut host = bench.clone();
        host.slot.read_latency = host.slot.read_latency.scale(times(0));
        host.slot.write_latency = host.slot.write_latency.scale(times(1));
        host.slot.dram_latency = host.slot.dram_latency.scale(times(2));
        host
    };
    Ok(draws(DRAWS, SEED).map(times).collect())
}

fn compared(row: Measured, simulated: f64) -> Row {
    let id = row.id();
    let (swept, iommu, elsewhere) = (is_swept(&row), is_translated(&row), is_elsewhere(&row));
    let (test, cache, latency) = (row.test.words(), row.cache(), row.test.is_latency());
    let series = match (swept, iommu) {
        (false, false) => format!("{test}, {cache}"),
        (false, true) => format!("{test} with IOMMU, {cache}"),
        (true, false) => format!("{test} by window, {} B {cache}", row.size),
        (true, true) => format!("{test} by window with IOMMU, {} B", row.size),
    };
    Row {
        family: match (swept, latency) {
            _ if elsewhere => "pcie-elsewhere",
            (true, _) => "pcie-window",
            (false, true) => "pcie-latency",
            (false, false) => "pcie-bandwidth",
        },
        role: if FITTED.contains(&id.as_str()) { Role::Fitted } else { Role::Predicted },
        id,
        series,
        x: Some(if swept { row.window as f64 / 1024.0 } else { row.size as f64 }),
        published: row.published,
        simulated,
        low: None,
        high: None,
        unit: if latency { "ns".into() } else { "Gb/s payload".into() },
        tolerance: Some(if swept || elsewhere { 0.10 } else { 0.05 }),
        same_limit: true,
        source: if elsewhere { ELSEWHERE.into() } else { SOURCE.into() },
        assumed: String::new(),
    }
}
