//! The command line.

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

use crate::compare::CompareArgs;
use crate::journal::MOST_DRAWN;
use crate::merge::MergeArgs;
use crate::plan::PlanArgs;
use crate::points::Setting;
use crate::shard::Shard;
use crate::submit::SubmitArgs;
use crate::trace::TraceArgs;

/// Where should IPsec ESP crypto run: on the CPU, in a lookaside card, or in the NIC?
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How parameters are set and swept.
const SETTINGS: &str = "\
Parameters: every key of `espsim list parameters` can stand in a scenario file, in a series, in a sweep or after --set.
The last of these wins: default, preset, file, series, sweep, --set.

  --set nic.line_rate=\"25 Gbps\"            a quantity has a unit
  --set sa.algorithm=aes-256-gcm --set host.cores=4
  --set nic.preset=connectx-7              all values of a preset
  --set traffic.mix=simple-imix            instead of traffic.packet

In a file:

  [sweep]                                  every combination of these, the last fastest
  \"host.cores\" = [1, 2, 4]
  \"traffic.packet\" = [\"64 B\", \"1446 B\"]

  [[sweep.zip]]                            values that change together
  \"host.cores\" = [1, 2, 4]
  \"traffic.flows\" = [16, 32, 64]

  [[sweep.point]]                          a list of points, each with the same keys
  \"nic.preset\" = \"connectx-7\"
  \"nic.line_rate\" = \"200 Gbps\"

  [[sweep.skip]]                           left out: what meets all of an entry
  series = [\"host\"]                        of these series alone
  \"host.cores\" = \">= 4\"                  a value, a list, or <, <=, >, >=, != and a value or another swept key

  replications = 3                         so many runs of each point; or, before any [table]:
  replications = { min = 3, max = 20, half_width = \"1 %\", metric = \"throughput\" }

  [[series]]                               a curve for each
  name = \"own slot\"
  placement = \"lookaside\"
  pcie.attachment = \"own-slot\"

Editors: espsim schema > scenario.schema.json, and `#:schema scenario.schema.json` as a file's first line (taplo).";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate a scenario file; write points, manifest and figures
    #[command(after_long_help = SETTINGS)]
    Run(RunArgs),
    /// Simulate what happens to throughput when NICs change under SAs; as run, with timelines
    Failover(RunArgs),
    /// Join the shards of a sweep into what one run of it gives
    Merge(MergeArgs),
    /// Submit a sweep to a cluster: an array job of shards, and a job that joins them
    Submit(SubmitArgs),
    /// Find the least hardware that carries a load, for each placement
    Plan(PlanArgs),
    /// Compare designs over packet sizes, rates and cores: maps, break-evens, sensitivity
    Compare(CompareArgs),
    /// Show some packets of a scenario hop by hop; write a trace for ui.perfetto.dev
    Trace(TraceArgs),
    /// Measure this host and write a profile
    Calibrate(CalibrateArgs),
    /// Hold the model against published measurements
    Validate(ValidateArgs),
    /// Make one HTML file of the output folder of run, failover, plan or compare
    Report(ReportArgs),
    /// List what is shipped, with sources
    List {
        /// What to list [default: everything but parameters]
        what: Option<Listed>,
    },
    /// Print the JSON Schema of scenario files; editors with taplo use it by a first line `#:schema FILE`
    Schema,
    /// Print a completion script for a shell
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual, to be read with man -l or groff
    Man {
        /// Only of this command.
        command: Option<String>,
    },
    /// Starts a guest's process so that it ends with this one
    #[cfg(target_os = "linux")]
    #[command(hide = true, name = espsim_calibrate::sa_path::guest::LAUNCH_COMMAND)]
    GuestLaunch {
        /// What to start.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Measures as the first process of a guest
    #[cfg(target_os = "linux")]
    #[command(hide = true, name = espsim_calibrate::sa_path::guest::INSIDE_COMMAND)]
    GuestInside {
        /// Where the result goes.
        result: PathBuf,
        /// How much to measure.
        plan: String,
        /// User-Mode Linux adds words of its own to its command line.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
}

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

/// Arguments of `calibrate`.
#[derive(Debug, clap::Args)]
pub struct CalibrateArgs {
    /// The profile to write; must not exist. The figure goes beside it
    #[arg(long, default_value = "host.toml")]
    pub out: PathBuf,
    /// Under 10 s: AES-GCM seal with three implementations, frequency, copy and checksum
    #[arg(long)]
    pub quick: bool,
    /// Measure sizes that the fits have not seen and show how far the fits are off
    #[arg(long)]
    pub held_out: bool,
    /// Measure only this, and keep the rest of --profile
    #[arg(long, value_enum, value_name = "PART", conflicts_with_all = ["quick", "held_out"])]
    pub only: Option<Part>,
    /// The profile that --only starts from: a file or preset:NAME [default: preset:zen4]
    #[arg(long, requires = "only")]
    pub profile: Option<String>,
    /// Where the SA path is measured [default: native if that works, else uml, else qemu]
    #[arg(long, value_enum, requires = "only")]
    pub guest: Option<Guest>,
    /// The folder that calibrate/guest prepares guests in [default: espsim/guest in the cache folder]
    #[arg(long, requires = "only", value_name = "DIR")]
    pub guest_cache: Option<PathBuf>,
    /// The longest that a guest may take, each time it is started
    #[arg(long, requires = "only", value_name = "SECONDS", default_value_t = 290)]
    pub guest_timeout: u32,
    /// Show a profile as tables: a file or preset:NAME
    #[arg(long, value_name = "PROFILE", conflicts_with_all = ["quick", "held_out", "diff", "only"])]
    pub show: Option<String>,
    /// Compare two profiles
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["quick", "held_out", "only"])]
    pub diff: Option<Vec<String>>,
}

/// A part of a calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Real Linux SAs on netdevsim: data path, control path, failover
    SaPath,
}

/// The kernel that the SA path is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Guest {
    /// The running kernel; needs root and netdevsim
    Native,
    /// User-Mode Linux; needs no privileges
    Uml,
    /// QEMU: with KVM if that works, else emulated, where times mean nothing
    Qemu,
}

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Only this family; may be given several times [default: all]
    #[arg(long, value_name = "FAMILY")]
    pub only: Vec<String>,
    /// Output folder; must not exist [default: out/validation, numbered if that exists]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// The output folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The file to write; replaces an earlier report [default: DIR/report.html]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What is printed on standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people
    #[default]
    Table,
    /// The rows that the command writes to its CSV file
    Csv,
    /// As JSON the manifest, or the rows of a command without one
    Json,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// Designs
    Placements,
    /// Network interface cards
    Nics,
    /// Lookaside accelerators
    Accelerators,
    /// PCIe slots
    Slots,
    /// Hosts
    Cpus,
    /// Mixes of packet sizes
    Mixes,
    /// Scenario files of the project
    Scenarios,
    /// Every key of a scenario, its default and what it takes
    Parameters,
}
