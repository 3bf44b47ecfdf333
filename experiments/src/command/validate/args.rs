//! Arguments of `espsim validate`.

use crate::common::{FolderArgs, WorkArgs};

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Only this family; may be given several times [default: all]. There are no shards of it: a family's rows are simulated
    /// after those that its machine is fitted on
    #[arg(long, value_name = "FAMILY")]
    pub only: Vec<String>,
    /// Where results go.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// How the work is done and shown.
    #[command(flatten)]
    pub work: WorkArgs,
}
