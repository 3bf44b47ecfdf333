//! Arguments of commands that simulate a scenario file.

use std::path::{Path, PathBuf};

use espsim_sweep::file::value::Setting;
use espsim_sweep::points::shard::Shard;
use espsim_sweep::store::journal::MOST_DRAWN;

use crate::console::Format;

/// Arguments of `run` and `failover`.
#[derive(Debug, Clone, clap::Args)]
pub struct RunArgs {
    /// The scenario file; with --all a folder of them
    #[arg(required_unless_present = "all")]
    pub scenario: Option<PathBuf>,
    /// Run every scenario of a folder [default: experiments/scenarios] with its own profile, or preset:zen4
    #[arg(long)]
    pub all: bool,
    /// Output folder; must not exist, but for --resume [default: out/NAME, numbered if that exists]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Host profile: a file or preset:NAME [default: a quick calibration of this host]
    #[arg(long)]
    pub profile: Option<String>,
    /// Base of all seeds [default: the scenario's]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Simulate the Ith of N parts of the points, such as 2/8; `espsim merge` joins them
    #[arg(long, value_name = "I/N", conflicts_with = "all")]
    pub shard: Option<Shard>,
    /// Go on where an interrupted run to the output folder ended, or add to a finished one
    #[arg(long)]
    pub resume: bool,
    /// Draw N profiles from the profile's intervals and show where results lie for 95 % of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=i64::from(MOST_DRAWN)))]
    pub uncertainty: Option<u32>,
    /// Set a parameter over everything else, such as nic.line_rate="25 Gbps"
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<Setting>,
    /// Write points.parquet too, the same numbers as columns; needs a build with --features parquet
    #[arg(long)]
    pub parquet: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl RunArgs {
    /// The scenario file, or the folder of shipped ones.
    pub fn scenario(&self) -> &Path {
        self.scenario.as_deref().unwrap_or(Path::new("experiments/scenarios"))
    }
}
