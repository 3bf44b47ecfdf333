//! The command line of `compare`.

use std::path::PathBuf;

use espsim_model::units::{Bytes, Share};

use crate::common::{BaseArgs, DrawArgs, FolderArgs, WorkArgs};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub struct CompareArgs {
    /// A scenario file whose series are compared; its sweep is left aside [default: the four placements as a gateway]. Or two
    /// folders of results, or two profiles: what differs between them
    #[arg(num_args = 0..=2, value_name = "SCENARIO | A B")]
    pub of: Vec<PathBuf>,
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
    /// The stacks in which each series is compared [default: of a file its own, else kernel,vector]
    #[arg(long, value_delimiter = ',', value_parser = ["kernel", "xdp", "vector"])]
    pub stack: Vec<String>,
    /// The two designs whose ratio parameters are moved for, such as kernel/host,kernel/inline-packet, or host,inline-packet in
    /// every stack [default: of each stack the two best]
    #[arg(long, value_name = "FIRST,SECOND")]
    pub pair: Option<String>,
    /// The largest share of packets that a design may lose and still carry a rate
    #[arg(long, default_value = "0.1%")]
    pub loss: Share,
    /// What simulations begin from.
    #[command(flatten)]
    pub base: BaseArgs,
    /// How uncertain results are shown to be.
    #[command(flatten)]
    pub draw: DrawArgs,
    /// Where results go.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// How the work is done and shown.
    #[command(flatten)]
    pub work: WorkArgs,
}
