//! The command line of `plan`.

use std::path::PathBuf;

use espsim_model::units::{BitRate, Share, Time, UnitError};

use crate::common::{BaseArgs, FolderArgs, WorkArgs};

/// Packets of a train where nothing is said of it, an estimate: a sender that paces a flow of tens of Mb/s sends two segments
/// at a time (`tcp_tso_autosize`, Linux net/ipv4/tcp_output.c), an unpaced one 44 of full size (64 KiB).
const TRAIN: u32 = 16;

/// What may fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Spare {
    /// Nothing: all of it is needed.
    #[default]
    None,
    /// A NIC of each host.
    Nic,
    /// A host.
    Host,
}

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// The load, such as 40Gbps, 40G or 40Gbit/s
    #[arg(long, value_parser = bit_rate)]
    pub rate: BitRate,
    /// The load of the other direction, with --direction both: what comes under ESP [default: as --rate]
    #[arg(long, value_name = "RATE", value_parser = bit_rate)]
    pub rate_back: Option<BitRate>,
    /// What the load counts
    #[arg(long, value_name = "BASIS", default_value = "l3", value_parser = ["goodput", "l3", "l2", "wire"])]
    pub basis: String,
    /// Packet sizes: a mix (imix, or one of `espsim list mixes`), one of your own, such as 64:7,576:4,1500:1 (octets:weight), or
    /// one size, such as 1446B
    #[arg(long, default_value = "imix")]
    pub mix: String,
    /// Which way packets go; encrypt (or forward) is a gateway, clear in and ESP out, decrypt the other way, both is both at once
    #[arg(long, default_value = "encrypt", value_parser = ["transmit", "receive", "encrypt", "decrypt", "both", "forward"])]
    pub direction: String,
    /// The largest share of packets that may be lost
    #[arg(long, default_value = "0.001%")]
    pub loss: Share,
    /// The largest 99 % quantile of latency, such as 50us [default: none]
    #[arg(long, value_name = "TIME")]
    pub latency_p99: Option<Time>,
    /// How much more than the load must be carried
    #[arg(long, default_value = "0%")]
    pub headroom: Share,
    /// Packets of one flow that come back to back, as a sender's GSO and a switch's queue bring them; 1 for single ones
    #[arg(long, value_name = "PACKETS", default_value_t = TRAIN, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub train: u32,
    /// Trains of several flows that come together on average
    #[arg(long, value_name = "TRAINS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub burst: u32,
    /// Packets as a trace has them, of any length: a capture (pcap, pcapng) or a CSV file; --rate makes it faster or slower
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mix", "train", "burst"])]
    pub trace: Option<PathBuf>,
    /// SAs in each direction [default: 256]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub tunnels: Option<u32>,
    /// What one tunnel may carry, as clouds limit it, such as 1.25Gbps [default: no limit]
    #[arg(long, value_name = "RATE", value_parser = bit_rate)]
    pub tunnel_rate: Option<BitRate>,
    /// IPv6 within tunnels
    #[arg(long)]
    pub ipv6: bool,
    /// Cores that a host has for the data path [default: those of the profile]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub host_cores: Option<u32>,
    /// PCIe slots that a host has for NICs and cards
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=32))]
    pub host_slots: u32,
    /// What may fail while the rest carries the load (N+1)
    #[arg(long, value_enum, default_value_t)]
    pub spare: Spare,
    /// How much the load grows each year
    #[arg(long, value_name = "SHARE")]
    pub growth: Option<Share>,
    /// Years of growth
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub years: u32,
    /// The placements to plan for, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "host,lookaside,inline-crypto,inline-packet",
        value_parser = ["clear", "host", "lookaside", "inline-crypto", "inline-packet", "hairpin"])]
    pub placement: Vec<String>,
    /// The stacks to plan for, separated by commas: kernel, xdp, vector (VPP, DPDK) [default: kernel,vector]
    #[arg(long, value_delimiter = ',', value_parser = ["kernel", "xdp", "vector"])]
    pub stack: Vec<String>,
    /// Profiles that are drawn from what their values may be, for the range of each number; 0 for none
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub draws: u32,
    /// The kind of NIC: one of `espsim list nics`; of several, separated by commas, each is tried where it does the cipher, and
    /// the first elsewhere [default: connectx-6-dx]
    #[arg(long, value_delimiter = ',')]
    pub nic: Vec<String>,
    /// The kind of accelerator: one of `espsim list accelerators`; of several, separated by commas, each is tried
    /// [default: qat-8970]
    #[arg(long, alias = "card", value_delimiter = ',')]
    pub accelerator: Vec<String>,
    /// What hardware costs and draws: a TOML file with tables host, core, nic, accelerator and slot
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// What simulations begin from.
    #[command(flatten)]
    pub base: BaseArgs,
    /// Where results go.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// How the work is done and shown.
    #[command(flatten)]
    pub work: WorkArgs,
}

/// A bit rate as people write it: `40Gbps`, `40 Gb/s`, `40Gbit/s`, `40G`.
///
/// # Errors
/// [`UnitError`] for what is none.
pub fn bit_rate(text: &str) -> Result<BitRate, UnitError> {
    let plain = text.trim().to_lowercase();
    let unit = plain.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(plain.len());
    let (number, unit) = (plain[..unit].trim_end(), &plain[unit..]);
    let (prefix, rest) = unit.split_at(unit.chars().next().filter(|c| "kmgt".contains(*c)).map_or(0, char::len_utf8));
    let prefix = if prefix == "k" { "k".to_owned() } else { prefix.to_uppercase() };
    let spelled = match rest {
        // Octets, or nothing at all.
        _ if text.contains('B') || unit.is_empty() => None,
        "" | "b/s" | "bit/s" | "bps" => format!("{number} {prefix}bps").parse().ok(),
        _ => None,
    };
    spelled.map_or_else(|| text.parse(), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_people_write_them() {
        for text in ["40Gbps", "40 Gbps", "40G", "40gbps", "40Gbit/s", "40 Gb/s", "40000M", "0.04T"] {
            assert_eq!(bit_rate(text).unwrap(), BitRate::from_gbps(40.0), "{text}");
        }
        for text in ["40", "G", "40 GB/s", "40 Gibit/s", "-40G", "40 pps"] {
            let error = bit_rate(text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")) && error.contains("Gbps"), "{error}");
        }
    }
}
