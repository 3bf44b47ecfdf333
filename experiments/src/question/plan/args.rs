//! The command line of `plan`.

use std::path::PathBuf;

use espsim_model::units::{BitRate, Share, Time};

use crate::common::{BaseArgs, FolderArgs, WorkArgs};

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// The load, such as 40Gbps
    #[arg(long)]
    pub rate: BitRate,
    /// What the load counts
    #[arg(long, value_name = "BASIS", default_value = "l3", value_parser = ["goodput", "l3", "l2", "wire"])]
    pub basis: String,
    /// Packet sizes: a mix (imix, or one of `espsim list mixes`) or one size, such as 1446B
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
    /// The kind of NIC: one of `espsim list nics` [default: connectx-6-dx]
    #[arg(long)]
    pub nic: Option<String>,
    /// The kind of accelerator: one of `espsim list accelerators` [default: qat-8970]
    #[arg(long)]
    pub accelerator: Option<String>,
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
