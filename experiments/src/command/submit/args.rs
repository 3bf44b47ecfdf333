//! The command line of `submit`.

use std::path::PathBuf;

use crate::common::{BaseArgs, ColumnsArgs, DrawArgs};

/// Arguments of `submit`.
#[derive(Debug, clap::Args)]
pub struct SubmitArgs {
    /// The scenario file
    pub scenario: PathBuf,
    /// Submit to Slurm: an array job of shards, and a job that joins them
    #[arg(long, required = true)]
    pub slurm: bool,
    /// Output folder on a file system that every node sees; must not exist. Shards and logs go to FOLDER.slurm
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// What simulations begin from.
    #[command(flatten)]
    pub base: BaseArgs,
    /// How uncertain results are shown to be.
    #[command(flatten)]
    pub draw: DrawArgs,
    /// Which files there are besides.
    #[command(flatten)]
    pub columns: ColumnsArgs,
    /// Tasks of the array; fewer if there are fewer points or Slurm's MaxArraySize does not allow so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub tasks: u32,
    /// Tasks that may run at a time [default: as many as Slurm allows]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub at_once: Option<u32>,
    /// Threads, and CPUs, of each task
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: u16,
    /// Slurm's MaxArraySize [default: asked of Slurm]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub max_array_size: Option<u32>,
    /// Submit again what was submitted to this folder before: shards that have finished are not repeated
    #[arg(long)]
    pub resume: bool,
    /// Show the batch files and the commands; submit and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Options of sbatch for both jobs, such as --partition=long --time=2:00:00
    #[arg(last = true, value_name = "SBATCH OPTIONS", allow_hyphen_values = true)]
    pub sbatch: Vec<String>,
}
