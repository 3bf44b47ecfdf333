//! Link and effective bandwidth of the published pcie-bench model, against the simulator's own formulas.

use espsim_model::hardware::pcie::{SlotParams, TlpLoad};
use espsim_model::units::Bytes;
use espsim_sweep::failure::Failure;
use serde::Deserialize;

use super::published::read;
use super::{Role, Row};

const TOLERANCE: f64 = 0.01;
/// Where the tables are from.
pub const SOURCE: &str = "pcie-bench model, R. Neugebauer et al., SIGCOMM 2018";

#[derive(Deserialize)]
struct Link {
    r#gen: String,
    lanes: String,
    mps: u64,
    tlp_bw_gbps: f64,
}

#[derive(Deserialize)]
struct Bandwidth {
    r#gen: String,
    lanes: String,
    mps: u64,
    mrrs: u64,
    rcb: u64,
    rcb_chunks: u8,
    size_bytes: u64,
    bw_wr_gbps: f64,
    bw_rd_gbps: f64,
    bw_rdwr_gbps: f64,
}

/// A slot with the published table's names for generation and lanes, and no latency.
pub fn slot(generation: &str, lanes: &str, mps: u64) -> Result<SlotParams, Failure> {
    let number = |text: &str, prefix: &str| {
        let digits = text.trim_start_matches(prefix);
        digits.parse().map_err(|_| Failure::new(format!("{text} is no generation or width of a PCIe link")))
    };
    Ok(SlotParams {
        max_payload_size: Bytes::new(mps),
        ..SlotParams::bare(number(generation, "gen")?, number(lanes, "x")?)
    })
}

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for row in read::<Link>("pcie_model_link.csv", include_str!("../../../validation/pcie_model_link.csv"))? {
        let ours = slot(&row.r#gen, &row.lanes, row.mps)?.tlp_rate().as_gbps();
        let id = format!("link-{}-{}-mps{}", row.r#gen, row.lanes, row.mps);
        let series = format!("TLP bandwidth, {} {}", row.r#gen, row.lanes);
        rows.push(formula("pcie-model", id, series, None, row.tlp_bw_gbps, ours));
    }
    for row in read::<Bandwidth>("pcie_model_bw.csv", include_str!("../../../validation/pcie_model_bw.csv"))? {
        let slot = SlotParams {
            max_read_request_size: Bytes::new(row.mrrs),
            read_completion_boundary: Bytes::new(row.rcb),
            split_at_rcb: row.rcb_chunks == 1,
            ..slot(&row.r#gen, &row.lanes, row.mps)?
        };
        let n = Bytes::new(row.size_bytes);
        let both = slot.write(n) + slot.read(n);
        let kinds: [(&str, TlpLoad, f64); 3] = [
            ("write", slot.write(n), row.bw_wr_gbps),
            ("read", slot.read(n), row.bw_rd_gbps),
            ("read and write", both, row.bw_rdwr_gbps),
        ];
        for (kind, load, published) in kinds {
            let split = if row.rcb_chunks == 1 { " split at RCB" } else { "" };
            let series = format!("{kind}, {} {} MPS {}{split}", row.r#gen, row.lanes, row.mps);
            let id = format!("{}-{}", series.replace([' ', ','], "-"), row.size_bytes);
            let ours = slot.effective_rate(n, load).as_gbps();
            rows.push(formula("pcie-model", id, series, Some(row.size_bytes as f64), published, ours));
        }
    }
    Ok(rows)
}

/// A row that was computed with a published formula.
pub fn formula(
    family: &'static str,
    id: String,
    series: String,
    x: Option<f64>,
    published: f64,
    simulated: f64,
) -> Row {
    Row {
        family,
        id,
        series,
        x,
        published,
        simulated,
        low: None,
        high: None,
        unit: if x.is_some() { "Gb/s payload" } else { "Gb/s TLP" }.into(),
        role: Role::Formula,
        tolerance: Some(TOLERANCE),
        same_limit: true,
        source: SOURCE.into(),
        assumed: String::new(),
    }
}
