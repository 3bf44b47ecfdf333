//! The command line of `compare`.

use std::path::PathBuf;

use espsim_model::units::{Bytes, Share};

use crate::common::{BaseArgs, FolderArgs, WorkArgs};

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
