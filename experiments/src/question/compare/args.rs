//! The command line of `compare`.

use std::path::PathBuf;

use espsim_model::units::{Bytes, Share};
use espsim_sweep::file::value::Setting;

use crate::console::Format;

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub struct CompareArgs {
    /// A scenario file whose series are compared; its sweep is left aside [default: the four placements]
    pub scenario: Option<PathBuf>,
    /// Inner IP packets
    #[arg(long, value_delimiter = ',', default_value = "64B,128B,256B,512B,1024B,1446B")]
    pub packets: Vec<Bytes>,
    /// Rates to offer, such as 40Gbps, and `saturate`
    #[arg(long, value_delimiter = ',', default_value = "saturate,10Gbps,40Gbps")]
    pub rates: Vec<String>,
    /// What rates count
    #[arg(long, value_name = "BASIS", default_value = "l3", value_parser = ["goodput", "l3", "l2", "wire"])]
    pub rate_basis: String,
    /// Cores of the data path
    #[arg(long, value_delimiter = ',', default_value = "1,2,4,8,16")]
    pub cores: Vec<u32>,
    /// The largest share of packets that a design may lose and still carry a rate
    #[arg(long, default_value = "0.1%")]
    pub loss: Share,
    /// Output folder; must not exist [default: out/compare, numbered if that exists]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Go on where an interrupted comparison to the output folder ended
    #[arg(long)]
    pub resume: bool,
    /// Host profile: a file or preset:NAME [default: a quick calibration of this host]
    #[arg(long)]
    pub profile: Option<String>,
    /// Base of all seeds [default: the scenario's]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Set a parameter over everything else, such as nic.line_rate="25 Gbps"
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<Setting>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
