//! The device of the published measurements: an NFP6000 in a Broadwell host.
//!
//! One set of parameters, each from the row that shows it; every other row is predicted:
//!
//! | parameter | row |
//! |---|---|
//! | data-link share upstream | the published formula |
//! | data-link share downstream | read bandwidth, 2048 B |
//! | reads answered one RCB at a time | up to MPS: read bandwidth, 128 B |
//! | root complex read latency | read latency, 64 B |
//! | copy inside the device | read latency, 2048 B |
//! | root complex write latency | write and read latency, 64 B |
//! | DRAM latency | read latency, 64 B, cold, 64 MiB |
//! | tags | read bandwidth, 64 B |
//! | DMA engine, for each 128 B and fixed | write bandwidth, 64 B and 192 B |
//! | turnaround of each request | write bandwidth, 128 B |
//! | the engine's read of an odd length | read bandwidth, 65 B |
//! | page walk | read latency, 64 B, IOMMU, 16 MiB |
//! | page walkers | read bandwidth, 64 B, IOMMU, 16 MiB |
//! | IO-TLB entries | read bandwidth, 64 B, IOMMU, 1 MiB |

use espsim_model::hardware::pcie::{IommuParams, SlotParams};
use espsim_model::pcie_bench::Bench;
use espsim_model::units::{BitRate, Bytes, Time};
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use rayon::prelude::*;
use serde::Deserialize;

use super::measured::{Measured, WARM};
use super::test::Test;

/// Where its measurements are from.
pub const SOURCE: &str = "pcie-bench raw data, R. Neugebauer et al., SIGCOMM 2018: NFP6000 in a Dell T430, Xeon E5-2630 v4, \
                          PCIe Gen3 x8, MPS 256";
/// Its rows, as they lie in `experiments/validation`.
const ROWS: &str = include_str!("../../validation/pcie_bench.csv");
/// Of a DMA read's latency, what its DMA engine adds to that of the command interface: 560 - 467 ns (same data).
const ENGINE_LATENCY_NS: f64 = 93.0;

/// Rows that a parameter is set by: system, test, cache, octets of a transfer and of the window. Of those with an IOMMU the
/// windows of 16 MiB are far more than the IO-TLB covers, and less than the last-level cache of 25 MiB holds; 1 MiB is past
/// the knee.
pub const FITTED: [&str; 14] = [
    "broadwell-read-bandwidth-warm-2048-8192",
    "broadwell-read-bandwidth-warm-128-8192",
    "broadwell-read-latency-warm-64-8192",
    "broadwell-read-latency-warm-2048-8192",
    "broadwell-write-and-read-latency-warm-64-8192",
    "broadwell-read-bandwidth-warm-64-8192",
    "broadwell-write-bandwidth-warm-64-8192",
    "broadwell-write-bandwidth-warm-192-8192",
    "broadwell-read-latency-cold-64-67108864",
    "broadwell-iommu-read-latency-warm-64-16777216",
    "broadwell-iommu-read-bandwidth-warm-64-16777216",
    "broadwell-write-bandwidth-warm-128-8192",
    "broadwell-read-bandwidth-warm-65-8192",
    "broadwell-iommu-read-bandwidth-warm-64-1048576",
];

/// A row of the table.
#[derive(Deserialize)]
struct Row {
    system: String,
    test: String,
    cache: String,
    window_bytes: u64,
    size_bytes: u64,
    published: f64,
}

/// The measurements that the machine is of. With an IOMMU the system is `broadwell-iommu`, without one `broadwell`.
///
/// # Errors
/// [`Failure`] if the shipped table is not what it should be, which a test excludes.
pub fn measured() -> Result<Vec<Measured>, Failure> {
    let rows = csv::Reader::from_reader(ROWS.as_bytes()).into_deserialize();
    let wrong = |what: &dyn std::fmt::Display| Failure::new(format!("pcie_bench.csv: {what}"));
    let one = |row: Result<Row, csv::Error>| {
        let row = row.map_err(|error| wrong(&error))?;
        let test = Test::ALL.iter().map(|(test, _)| *test).find(|test| test.words() == row.test);
        Ok(Measured {
            test: test.ok_or_else(|| wrong(&format!("there is no test `{}`", row.test)))?,
            system: row.system,
            random: true,
            warm: row.cache == WARM,
            window: row.window_bytes,
            size: row.size_bytes,
            published: row.published,
        })
    };
    rows.map(one).collect()
}

/// Those of them that a parameter is set by.
///
/// # Errors
/// As [`measured`].
pub fn fitted() -> Result<Vec<Measured>, Failure> {
    Ok(measured()?.into_iter().filter(|row| FITTED.contains(&row.id().as_str())).collect())
}

fn ns(nanoseconds: f64) -> Time {
    Time::from_seconds(nanoseconds.max(0.0) * 1e-9)
}

/// The machine, its parameters set one after the other, each by its row.
///
/// # Errors
/// [`Failure`] for rows that lack one of these, and where the process is told to end.
pub fn machine(simulations: &Simulations<'_>, measured: &[Measured]) -> Result<Bench, Failure> {
    let row = |i: usize| {
        let found = measured.iter().find(|row| row.id() == FITTED[i]);
        found.ok_or_else(|| Failure::new(format!("pcie_bench.csv has no row {}", FITTED[i])))
    };
    let fitted = |i: usize| row(i).map(|row| row.published);
    let mut slot = SlotParams { max_read_request_size: Bytes::new(4096), ..SlotParams::bare(3, 8) };
    // Completions of 2048 B in MPS pieces fill the link.
    let octets = slot.read(Bytes::new(2048)).down.get() as f64;
    slot.data_link_share_down = Some(1.0 - fitted(0)? * octets / 2048.0 / slot.raw_rate().as_gbps());
    // 128 B come in two pieces of 64 B, as far as the link tells; larger reads than MPS do not.
    slot.split_reads_up_to = (fitted(1)? < 48.0).then_some(slot.max_payload_size);
    // What grows with the size beyond the link's own time is the copy inside the device.
    let link = |size: u64| (slot.read(Bytes::new(size)).down / slot.tlp_rate_down()).as_ns();
    let (small, large) = (fitted(2)?, fitted(3)?);
    let copy_ns = ((large - small) - (link(2048) - link(64))) / (2048.0 - 64.0);
    let request = (slot.read(Bytes::new(64)).up / slot.tlp_rate()).as_ns();
    slot.read_latency = ns(small - ENGINE_LATENCY_NS - link(64) - request - 64.0 * copy_ns);
    // A write of 128 octets or less takes one piece, of 192 two.
    let per_write = |gbps: f64, size: f64| size * 8.0 / gbps;
    let (one, two) = (per_write(fitted(6)?, 64.0), per_write(fitted(7)?, 192.0));
    let write_engine = (ns(2.0 * one - two), ns(two - one));
    // What a write of 128 B takes beyond the link's own time.
    let on_link = |size: u64| (slot.write(Bytes::new(size)).up / slot.tlp_rate()).as_ns();
    let turnaround = per_write(fitted(11)?, 128.0) - on_link(128);
    let written = on_link(64) + turnaround;
    slot.request_turnaround = Some(ns(turnaround));
    slot.read_latency = ns(slot.read_latency.as_ns() - turnaround);
    slot.write_latency = ns(fitted(4)? - small - one - written);
    slot.dram_latency = ns(fitted(8)? - small);
    let tag_held = small - ENGINE_LATENCY_NS - 64.0 * copy_ns;
    let tags = (fitted(5)? / (64.0 * 8.0) * tag_held).round() as u32;
    let walk = fitted(9)? - small;
    let walkers = (fitted(10)? / (64.0 * 8.0) * walk).round() as u32;
    let mut bench = Bench {
        slot,
        iommu: IommuParams { walk: ns(walk), walkers, ..IommuParams::OFF },
        relaxed_ordering: true,
        tags,
        engine_latency: ns(ENGINE_LATENCY_NS),
        engine_copy: BitRate::from_gbps(8.0 / copy_ns),
        write_engine,
        odd_read: ns(per_write(fitted(12)?, 65.0)),
    };
    let knee = row(13)?;
    bench.iommu.enabled = true;
    let error = |entries: u32| {
        let mut bench = bench.clone();
        bench.iommu.entries = entries;
        knee.simulated(simulations, &bench).map(|simulated| (simulated / knee.published - 1.0).abs())
    };
    // The window of 256 KiB, 64 pages, is still flat; that of 512 KiB is not.
    let errors = (64..=128u32).into_par_iter().map(|entries| Ok((error(entries)?, entries)));
    let errors: Vec<(f64, u32)> = errors.collect::<Result<_, Failure>>()?;
    let best = errors.into_iter().reduce(|a, b| if b < a { b } else { a });
    bench.iommu.entries = best.map_or(64, |(_, entries)| entries);
    bench.iommu.enabled = false;
    Ok(bench)
}

#[cfg(test)]
mod tests {
    use espsim_sweep::campaign::stop::Stop;
    use espsim_sweep::points::study::ResultKind;
    use espsim_sweep::store::folder::Folder;
    use espsim_sweep::store::journal::Header;

    use super::*;

    #[test]
    fn the_machine_is_plausible() {
        let (outer, stop) = (tempfile::TempDir::new().unwrap(), Stop::default());
        let mut folder = Folder::create(&outer.path().join("out")).unwrap();
        let header = Header::of_many(ResultKind::Validate);
        let simulations = Simulations::take_up(&mut folder, &header, None, &stop).unwrap();
        let bench = machine(&simulations, &measured().unwrap()).unwrap();
        // Less than the published formula's 8.1 %.
        assert!((0.03..0.081).contains(&bench.slot.data_link_share_down.unwrap()));
        assert!((16..=64).contains(&bench.tags));
        assert!((64..=128).contains(&bench.iommu.entries));
        assert!((200.0..500.0).contains(&bench.slot.read_latency.as_ns()));
    }
}
