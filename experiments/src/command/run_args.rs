//! Arguments of commands that simulate a scenario file.

use std::path::{Path, PathBuf};

use espsim_sweep::points::shard::Shard;

use crate::common::{BaseArgs, ColumnsArgs, DrawArgs, FolderArgs, WorkArgs};

/// Arguments of `run` and `failover`.
#[derive(Debug, Clone, clap::Args)]
pub struct RunArgs {
    /// The scenario file; with --all a folder of them
    #[arg(required_unless_present = "all")]
    pub scenario: Option<PathBuf>,
    /// Run every scenario of a folder [default: experiments/scenarios] with its own profile, or preset:zen4
    #[arg(long)]
    pub all: bool,
    /// What simulations begin from.
    #[command(flatten)]
    pub base: BaseArgs,
    /// Where results go.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// How the work is done and shown.
    #[command(flatten)]
    pub work: WorkArgs,
    /// How uncertain results are shown to be.
    #[command(flatten)]
    pub draw: DrawArgs,
    /// Which files there are besides.
    #[command(flatten)]
    pub columns: ColumnsArgs,
    /// Simulate the Ith of N parts of the points, such as 2/8; `espsim merge` joins them
    #[arg(long, value_name = "I/N", conflicts_with = "all")]
    pub shard: Option<Shard>,
}

impl RunArgs {
    /// The scenario file, or the folder of shipped ones.
    pub fn scenario(&self) -> &Path {
        self.scenario.as_deref().unwrap_or(Path::new("experiments/scenarios"))
    }
}
