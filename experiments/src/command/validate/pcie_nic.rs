//! The published NIC models: what a simple NIC, one with a kernel driver and one with a DPDK driver move over PCIe for
//! a packet of each direction, besides the packet.

use std::collections::BTreeMap;

use espsim_model::hardware::pcie::{COMPLETION_TLP, MEMORY_REQUEST_TLP, SlotParams, TlpLoad};
use espsim_model::units::Bytes;
use espsim_sweep::failure::Failure;
use serde::Deserialize;

use super::Row;
use super::pcie_model::{formula, slot};
use super::published::read;

/// Octets of a descriptor, of a register and of an MSI message, as the published model has them.
const DESCRIPTOR: Bytes = Bytes::new(16);
const REGISTER: Bytes = Bytes::new(4);
/// Descriptors of an Intel 82599: fetched by one read, written back by one write, and packets that share a doorbell or
/// an interrupt.
const FETCHED: u64 = 40;
const WRITTEN_BACK: u64 = 8;
const SHARED: f64 = 32.0;

#[derive(Deserialize)]
struct Nic {
    r#gen: String,
    lanes: String,
    mps: u64,
    mrrs: u64,
    dma_bytes: u64,
    /// Columns such as `simple_tx`: a driver's payload in Gb/s.
    #[serde(flatten)]
    columns: BTreeMap<String, f64>,
}

/// TLP octets per packet, fractional where several packets share a transfer.
#[derive(Clone, Copy)]
struct Load {
    up: f64,
    down: f64,
}

impl Load {
    fn sum(loads: &[Load]) -> Load {
        loads.iter().fold(Load { up: 0.0, down: 0.0 }, |a, b| Load { up: a.up + b.up, down: a.down + b.down })
    }

    fn shared_by(self, packets: f64) -> Load {
        Load { up: self.up / packets, down: self.down / packets }
    }
}

impl From<TlpLoad> for Load {
    fn from(load: TlpLoad) -> Load {
        Load { up: load.up.get() as f64, down: load.down.get() as f64 }
    }
}

/// Transmit and receive of one packet with each driver.
fn drivers(slot: &SlotParams, packet: Bytes) -> [(&'static str, Load, Load); 3] {
    let octets = |bytes: Bytes| bytes.get() as f64;
    let read = |n: Bytes| Load::from(slot.read(n));
    let write = |n: Bytes| Load::from(slot.write(n));
    let doorbell = Load { up: 0.0, down: octets(MEMORY_REQUEST_TLP + REGISTER) };
    let interrupt = Load { up: doorbell.down, down: 0.0 };
    let head = Load { up: octets(COMPLETION_TLP + REGISTER), down: octets(MEMORY_REQUEST_TLP) };
    let fetch = read(DESCRIPTOR * FETCHED).shared_by(FETCHED as f64);
    let write_back = write(DESCRIPTOR * WRITTEN_BACK).shared_by(WRITTEN_BACK as f64);
    let (sent, received) = (read(packet), write(packet));
    [
        (
            "simple",
            Load::sum(&[doorbell, read(DESCRIPTOR), sent, interrupt, head]),
            Load::sum(&[doorbell, read(DESCRIPTOR), received, write(DESCRIPTOR), interrupt, head]),
        ),
        (
            "kernel driver",
            Load::sum(&[doorbell, fetch, sent, write_back, interrupt.shared_by(SHARED), head]),
            Load::sum(&[
                doorbell.shared_by(SHARED),
                read(DESCRIPTOR),
                received,
                write_back,
                interrupt.shared_by(SHARED),
                head,
            ]),
        ),
        (
            "DPDK driver",
            Load::sum(&[doorbell.shared_by(SHARED), fetch, sent, write_back]),
            Load::sum(&[doorbell.shared_by(SHARED), read(DESCRIPTOR), received, write(DESCRIPTOR)]),
        ),
    ]
}

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for nic in read::<Nic>("pcie_model_nic.csv", include_str!("../../../validation/pcie_model_nic.csv"))? {
        let slot = SlotParams { max_read_request_size: Bytes::new(nic.mrrs), ..slot(&nic.r#gen, &nic.lanes, nic.mps)? };
        let rate = slot.tlp_rate().as_gbps();
        for (driver, tx, rx) in drivers(&slot, Bytes::new(nic.dma_bytes)) {
            let loads = [("transmit", "tx", tx), ("receive", "rx", rx), ("both", "bidir", Load::sum(&[tx, rx]))];
            for (direction, column, load) in loads {
                let column = format!("{}_{column}", driver.to_lowercase().trim_end_matches(" driver"));
                let missing = || Failure::new(format!("pcie_model_nic.csv has no column {column}"));
                let published = *nic.columns.get(&column).ok_or_else(missing)?;
                let ours = rate * nic.dma_bytes as f64 / load.up.max(load.down);
                let series = format!("{driver}, {direction}, {} {}", nic.r#gen, nic.lanes);
                let id = format!("{}-{}", series.replace([' ', ','], "-"), nic.dma_bytes);
                rows.push(formula("pcie-nic", id, series, Some(nic.dma_bytes as f64), published, ours));
            }
        }
    }
    Ok(rows)
}
