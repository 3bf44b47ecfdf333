//! Arguments of `espsim pcie-bench`.

use std::path::PathBuf;

use clap::ValueEnum;
use espsim_model::units::{Bytes, Time};

use crate::bench::test::Test;
use crate::common::{FolderArgs, WorkArgs};

/// Arguments of `pcie-bench`.
#[derive(Debug, Clone, clap::Args)]
pub struct PcieBenchArgs {
    /// A file with kind = "pcie-bench" and options as keys, such as size = ["64", "128..2048"]; options go over it
    pub file: Option<PathBuf>,
    /// What is measured on which machine.
    #[command(flatten)]
    pub bench: BenchArgs,
    /// Compare with a table of the public pcie-bench, a folder of them, or what espsim import pcie-bench has written: of each
    /// row its error. Sizes, windows and tests are then the file's
    #[arg(long, value_name = "FILE", conflicts_with_all = ["test", "size", "window", "cache", "pattern"])]
    pub against: Option<PathBuf>,
    /// Of these rows only those of systems whose names contain this
    #[arg(long, value_name = "TEXT", requires = "against")]
    pub system: Option<String>,
    /// Where results go.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// How the work is done and shown.
    #[command(flatten)]
    pub work: WorkArgs,
}

/// Whether the data of host memory is in the last-level cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Cache {
    /// All of it
    Warm,
    /// Nothing
    Cold,
}

/// The order of places in host memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pattern {
    /// Each at random
    Random,
    /// One after the other; with an IOMMU only where the IO-TLB holds the window
    Sequential,
}

/// What is measured on which machine.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct BenchArgs {
    /// Tests, parted by commas [default: read-bandwidth]
    #[arg(long, value_name = "TEST", value_enum, value_delimiter = ',')]
    pub test: Vec<Test>,
    /// Octets of a transfer: a list of numbers and of ranges, 64..2048 by doubling, 64..256:64 in steps [default: 64..2048]
    #[arg(long, value_name = "SIZES", value_delimiter = ',', value_parser = sizes)]
    pub size: Vec<Sizes>,
    /// Host memory that transfers go to, such as "8 KiB"; a list [default: 8 KiB]
    #[arg(long, value_name = "BYTES", value_delimiter = ',')]
    pub window: Vec<Bytes>,
    /// Whether the window is in the last-level cache [default: warm]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub cache: Vec<Cache>,
    /// The order of places [default: random]
    #[arg(long, value_enum)]
    pub pattern: Option<Pattern>,
    /// nfp6000, the device of the published measurements; or a NIC of the library or a file of one's own, of which tags,
    /// ordering and slot are taken, and which has no time of its own [default: nfp6000]
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// What the device's DMA engine adds to a transfer's latency
    #[arg(long, value_name = "TIME")]
    pub device_latency: Option<Time>,
    /// Read requests that may be outstanding
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub tags: Option<u32>,
    /// A slot of the library or a file of one's own, such as gen4-x16 [default: that of the device]
    #[arg(long)]
    pub slot: Option<String>,
    /// Generation of PCIe
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=6))]
    pub r#gen: Option<u32>,
    /// Lanes: 1, 2, 4, 8, 16
    #[arg(long, value_name = "N", value_parser = lanes)]
    pub lanes: Option<u32>,
    /// Max_Payload_Size, such as "256 B"
    #[arg(long, value_name = "BYTES", value_parser = power)]
    pub mps: Option<Bytes>,
    /// Max_Read_Request_Size, such as "512 B"
    #[arg(long, value_name = "BYTES", value_parser = power)]
    pub mrrs: Option<Bytes>,
    /// From a read request's arrival at the root complex to its first completion, data in cache
    #[arg(long, value_name = "TIME")]
    pub read_latency: Option<Time>,
    /// From a write's arrival at the root complex until the CPU can see it
    #[arg(long, value_name = "TIME")]
    pub write_latency: Option<Time>,
    /// What a read takes longer from DRAM
    #[arg(long, value_name = "TIME")]
    pub dram_latency: Option<Time>,
    /// The host: without direct cache access (DDIO) its cache is never warm; a file or preset:NAME [default: one with it]
    #[arg(long, value_name = "FILE")]
    pub profile: Option<String>,
    /// Translate the device's addresses
    #[arg(long)]
    pub iommu: bool,
    /// Translations that the IO-TLB holds
    #[arg(long, value_name = "N", requires = "iommu", value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub iommu_entries: Option<u32>,
    /// Size of a page
    #[arg(long, value_name = "BYTES", requires = "iommu", value_parser = page)]
    pub iommu_page: Option<Bytes>,
    /// Time of a page walk
    #[arg(long, value_name = "TIME", requires = "iommu")]
    pub iommu_walk: Option<Time>,
    /// Page walks at a time
    #[arg(long, value_name = "N", requires = "iommu", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub iommu_walkers: Option<u32>,
}

impl BenchArgs {
    /// These over others.
    #[must_use]
    pub fn over(self, file: Self) -> Self {
        BenchArgs {
            test: if self.test.is_empty() { file.test } else { self.test },
            size: if self.size.is_empty() { file.size } else { self.size },
            window: if self.window.is_empty() { file.window } else { self.window },
            cache: if self.cache.is_empty() { file.cache } else { self.cache },
            pattern: self.pattern.or(file.pattern),
            device: self.device.or(file.device),
            device_latency: self.device_latency.or(file.device_latency),
            tags: self.tags.or(file.tags),
            slot: self.slot.or(file.slot),
            r#gen: self.r#gen.or(file.r#gen),
            lanes: self.lanes.or(file.lanes),
            mps: self.mps.or(file.mps),
            mrrs: self.mrrs.or(file.mrrs),
            read_latency: self.read_latency.or(file.read_latency),
            write_latency: self.write_latency.or(file.write_latency),
            dram_latency: self.dram_latency.or(file.dram_latency),
            profile: self.profile.or(file.profile),
            iommu: self.iommu || file.iommu,
            iommu_entries: self.iommu_entries.or(file.iommu_entries),
            iommu_page: self.iommu_page.or(file.iommu_page),
            iommu_walk: self.iommu_walk.or(file.iommu_walk),
            iommu_walkers: self.iommu_walkers.or(file.iommu_walkers),
        }
    }
}

/// Some sizes of transfers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes(pub Vec<u64>);

/// The largest transfer.
pub const LARGEST: u64 = 1 << 20;
/// Sizes of one range.
const MOST: u64 = 4096;

/// A number or a range of them.
fn sizes(text: &str) -> Result<Sizes, String> {
    let octets = |text: &str| {
        let plain = text.trim().trim_end_matches('B').trim();
        let number = plain.parse::<u64>().ok().filter(|n| (1..=LARGEST).contains(n));
        number.ok_or_else(|| format!("`{text}` is no size: 1 to {LARGEST} octets, such as 64, 64..2048 or 64..256:64"))
    };
    let Some((from, to)) = text.split_once("..") else { return Ok(Sizes(vec![octets(text)?])) };
    let (to, step) = to.split_once(':').map_or((to, None), |(to, step)| (to, Some(step)));
    let (from, to) = (octets(from)?, octets(to)?);
    if from > to {
        return Err(format!("`{text}`: the range goes down"));
    }
    let all: Vec<u64> = match step.map(octets).transpose()? {
        Some(step) if (to - from) / step >= MOST => return Err(format!("`{text}`: more than {MOST} sizes")),
        Some(step) => (0..=(to - from) / step).map(|n| from + n * step).collect(),
        None => std::iter::successors(Some(from), |n| n.checked_mul(2)).take_while(|n| *n <= to).collect(),
    };
    Ok(Sizes(all))
}

fn lanes(text: &str) -> Result<u32, String> {
    let known = [1, 2, 4, 8, 16];
    text.parse().ok().filter(|lanes| known.contains(lanes)).ok_or_else(|| "1, 2, 4, 8 or 16".to_owned())
}

/// What PCIe sizes may be: Base Specification, section 7.5.3.4.
fn power(text: &str) -> Result<Bytes, String> {
    let bytes: Bytes = text.parse().map_err(|error| format!("{error}"))?;
    let is_one = bytes.get().is_power_of_two() && (128..=4096).contains(&bytes.get());
    is_one.then_some(bytes).ok_or_else(|| "128, 256, 512, 1024, 2048 or 4096 B".to_owned())
}

fn page(text: &str) -> Result<Bytes, String> {
    let bytes: Bytes = text.parse().map_err(|error| format!("{error}"))?;
    let is_one = bytes.get().is_power_of_two() && (4096..=1 << 30).contains(&bytes.get());
    is_one.then_some(bytes).ok_or_else(|| "a power of two from 4 KiB to 1 GiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_double_or_go_in_steps() {
        assert_eq!(sizes("64").unwrap().0, [64]);
        assert_eq!(sizes("64..300").unwrap().0, [64, 128, 256]);
        assert_eq!(sizes("64..200:60").unwrap().0, [64, 124, 184]);
        for wrong in ["0", "64..", "2048..64", "64..128:0", "1..1000000:1", "sixty", "2097152"] {
            assert!(sizes(wrong).is_err(), "{wrong}");
        }
        assert!(power("300 B").is_err() && page("2 KiB").is_err() && lanes("3").is_err());
    }
}
