//! Options that several commands have, each with its one meaning.

use std::path::PathBuf;

use espsim_sweep::file::profile::PREFIX;
use espsim_sweep::file::value::Setting;
use espsim_sweep::points::doubt::{MOST_POINTS, USUAL};
use espsim_sweep::store::journal::MOST_DRAWN;

use crate::console::Format;

/// What simulations begin from.
#[derive(Debug, Clone, clap::Args)]
pub struct BaseArgs {
    /// Host profile: a file or preset:NAME [default: the scenario's; else a quick calibration of this host, but for shards
    /// and clusters, which need one]
    #[arg(long)]
    pub profile: Option<String>,
    /// Base of all seeds [default: the scenario's, else 1]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Set a parameter over everything else, such as nic.line_rate="25 Gbps"
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<Setting>,
    /// Those after --set that are the profile's, such as profile.stack.xfrm=900
    #[arg(skip)]
    pub of_profile: Vec<Setting>,
}

impl BaseArgs {
    /// Puts what is set of the profile apart from what is set of the scenario.
    pub fn divide(&mut self) {
        let all = std::mem::take(&mut self.settings);
        let (of_profile, settings) = all.into_iter().partition(|setting| setting.key.starts_with(PREFIX));
        self.settings = settings;
        self.of_profile = of_profile;
    }
}

/// Where results go.
#[derive(Debug, Clone, clap::Args)]
pub struct FolderArgs {
    /// Output folder; must not exist, but for --resume [default: one in out, numbered if it exists]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Go on where an interrupted run to the output folder ended, or add to a finished one
    #[arg(long)]
    pub resume: bool,
}

/// How the work is done and shown.
#[derive(Debug, Clone, clap::Args)]
pub struct WorkArgs {
    /// Threads [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Machines that are as uncertain as their values are.
#[derive(Debug, Clone, clap::Args)]
pub struct DrawArgs {
    /// Machines that are drawn from what the values may be, for the range of each number; 0 for none [default: 200, of more
    /// than 10000 points none]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=i64::from(MOST_DRAWN)))]
    pub draws: Option<u32>,
}

impl DrawArgs {
    /// How many are drawn of so many points.
    pub fn number(&self, points: usize) -> u32 {
        self.draws.unwrap_or(if points > MOST_POINTS { 0 } else { USUAL })
    }
}

/// Files besides those that every sweep has.
#[derive(Debug, Clone, clap::Args)]
pub struct ColumnsArgs {
    /// Write points.parquet too, the same numbers as columns; needs a build with --features parquet
    #[arg(long)]
    pub parquet: bool,
}
