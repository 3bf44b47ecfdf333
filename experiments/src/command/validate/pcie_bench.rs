//! Measured PCIe bandwidth and latency of a Broadwell host, with and without IOMMU. The machine, and which rows say what of
//! it, is in [`crate::bench::nfp6000`]; every other row is predicted.

use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use rayon::prelude::*;

use super::{Role, Row};
use crate::bench::measured::Measured;
use crate::bench::nfp6000::{FITTED, SOURCE, machine, measured};

/// The working set of rows without a window sweep.
const SMALL: u64 = 8192;

fn is_swept(row: &Measured) -> bool {
    row.window != SMALL
}

fn is_translated(row: &Measured) -> bool {
    row.system == "broadwell-iommu"
}

/// Bandwidth by size.
pub(super) fn bandwidth(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    rows(simulations, |row| !is_swept(row) && !row.test.is_latency())
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
    let (swept, iommu) = (is_swept(&row), is_translated(&row));
    let (test, cache, latency) = (row.test.words(), row.cache(), row.test.is_latency());
    let series = match (swept, iommu) {
        (false, _) => format!("{test}, {cache}"),
        (true, false) => format!("{test} by window, {} B {cache}", row.size),
        (true, true) => format!("{test} by window with IOMMU, {} B", row.size),
    };
    Row {
        family: match (swept, latency) {
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
        tolerance: Some(if swept { 0.10 } else { 0.05 }),
        same_limit: true,
        source: SOURCE.into(),
        assumed: String::new(),
    }
}
