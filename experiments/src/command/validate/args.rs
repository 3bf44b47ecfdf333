//! Arguments of `espsim validate`.

use std::path::PathBuf;

use espsim_model::units::Share;

use crate::common::{FolderArgs, WorkArgs};

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Only this family; may be given several times [default: all]. There are no shards of it: a family's rows are simulated
    /// after those that its machine is fitted on
    #[arg(long, value_name = "FAMILY")]
    pub only: Vec<String>,
    /// Hold the model against rows of this file instead, such as espsim import writes. Rows without a scenario lie on curves of
    /// two costs, each through the two that are marked as fitted; of the others the model simulates what `scenario` says
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    pub against: Option<PathBuf>,
    /// The host of rows with a scenario: a file or preset:NAME
    #[arg(long, value_name = "FILE", requires = "against")]
    pub profile: Option<String>,
    /// The largest error that counts as agreement [default: 15 % of sizes, 10 % of scenarios]
    #[arg(long, value_name = "SHARE", requires = "against")]
    pub tolerance: Option<Share>,
    /// Where results go.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// How the work is done and shown.
    #[command(flatten)]
    pub work: WorkArgs,
}
