//! Measured PCIe bandwidth and latency of a Broadwell host, with and without IOMMU. The machine, and which rows say what of
//! it, is in [`crate::bench::nfp6000`]; every other row is predicted.

use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use rayon::prelude::*;

use super::{Role, Row};
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
    let compared = rows.into_par_iter().map(|row| {
        let simulated = row.simulated(simulations, if is_translated(&row) { &translated } else { &plain })?;
        Ok(compared(row, simulated))
    });
    compared.collect()
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
        unit: if latency { "ns".into() } else { "Gb/s payload".into() },
        tolerance: Some(if swept || elsewhere { 0.10 } else { 0.05 }),
        same_limit: true,
        source: if elsewhere { ELSEWHERE.into() } else { SOURCE.into() },
        assumed: String::new(),
    }
}
