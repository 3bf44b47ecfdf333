//! What is measured.

use clap::ValueEnum;
use espsim_model::pcie_bench::{Bench, Case, Operation};
use espsim_model::units::Bytes;

/// A test of the microbenchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Test {
    /// DMA reads, as many at a time as the device manages
    ReadBandwidth,
    /// DMA writes, the same
    WriteBandwidth,
    /// As many reads as writes; the rate is that of each
    ReadAndWriteBandwidth,
    /// One DMA read after the other
    ReadLatency,
    /// A write and a read of the same place, one after the other
    WriteAndReadLatency,
}

impl Test {
    /// Every test with its name in the public tool.
    pub const ALL: [(Test, &'static str); 5] = [
        (Test::ReadBandwidth, "BW_DMA_RD"),
        (Test::WriteBandwidth, "BW_DMA_WR"),
        (Test::ReadAndWriteBandwidth, "BW_DMA_RW"),
        (Test::ReadLatency, "LAT_DMA_RD"),
        (Test::WriteAndReadLatency, "LAT_DMA_WRRD"),
    ];

    /// Its name in words.
    pub const fn words(self) -> &'static str {
        match self {
            Test::ReadBandwidth => "read bandwidth",
            Test::WriteBandwidth => "write bandwidth",
            Test::ReadAndWriteBandwidth => "read and write bandwidth",
            Test::ReadLatency => "read latency",
            Test::WriteAndReadLatency => "write and read latency",
        }
    }

    /// Its name in the public tool.
    pub fn public(self) -> &'static str {
        Test::ALL.iter().find(|(test, _)| *test == self).map_or("", |(_, name)| name)
    }

    /// Whether a time is measured, in ns, and not a rate, in Gb/s.
    pub const fn is_latency(self) -> bool {
        matches!(self, Test::ReadLatency | Test::WriteAndReadLatency)
    }

    /// The unit of its values.
    pub const fn unit(self) -> &'static str {
        if self.is_latency() { "ns" } else { "Gb/s" }
    }

    /// What the model does.
    pub fn case(self, size: u64, window: u64, warm: bool) -> Case {
        let operation = match self {
            Test::ReadBandwidth | Test::ReadLatency => Operation::Read,
            Test::WriteBandwidth => Operation::Write,
            Test::ReadAndWriteBandwidth => Operation::ReadAndWrite,
            Test::WriteAndReadLatency => Operation::WriteThenRead,
        };
        Case { operation, size: Bytes::new(size), window: Bytes::new(window), warm }
    }

    /// What the model gives, in its unit.
    pub fn given(self, bench: &Bench, case: Case) -> f64 {
        match self.is_latency() {
            true => bench.latency(case).as_ns(),
            false => bench.bandwidth(case).as_gbps(),
        }
    }
}
