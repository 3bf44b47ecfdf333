//! The command line.

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use espsim_model::units::{BitRate, Bytes, Share, Time};

use crate::journal::MOST_DRAWN;
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
        /// What to list; everything by default
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

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// The load, such as 40Gbps
    #[arg(long)]
    pub rate: BitRate,
    /// What the load counts
    #[arg(long, value_name = "BASIS", default_value = "l3", value_parser = ["goodput", "l3", "l2", "wire"])]
    pub basis: String,
    /// Packet sizes: a mix (imix, or one of `espsim list mixes`) or one size, such as 1446B
    #[arg(long, default_value = "imix")]
    pub mix: String,
    /// Which way packets go; forward is a gateway, clear in and ESP out
    #[arg(long, default_value = "forward", value_parser = ["transmit", "receive", "forward"])]
    pub direction: String,
    /// The largest share of packets that may be lost
    #[arg(long, default_value = "0.001%")]
    pub loss: Share,
    /// The largest 99 % quantile of latency, such as 50us [default: none]
    #[arg(long, value_name = "TIME")]
    pub latency_p99: Option<Time>,
    /// How much more than the load must be carried
    #[arg(long, default_value = "0%")]
    pub headroom: Share,
    /// The placements to plan for, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "host,lookaside,inline-crypto,inline-packet",
        value_parser = ["clear", "host", "lookaside", "inline-crypto", "inline-packet"])]
    pub placement: Vec<String>,
    /// The kind of NIC: one of `espsim list nics` [default: connectx-6-dx]
    #[arg(long)]
    pub nic: Option<String>,
    /// The kind of accelerator: one of `espsim list accelerators` [default: qat-8970]
    #[arg(long)]
    pub accelerator: Option<String>,
    /// What hardware costs and draws: a TOML file with tables host, core, nic, accelerator and slot
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Output folder; must not exist [default: out/plan, numbered if that exists]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Host profile: a file or preset:NAME [default: a quick calibration of this host]
    #[arg(long)]
    pub profile: Option<String>,
    /// Base of all seeds
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: u64,
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

/// Arguments of `merge`.
#[derive(Debug, clap::Args)]
pub struct MergeArgs {
    /// The output folders of all shards
    #[arg(required = true, value_name = "DIR")]
    pub shards: Vec<PathBuf>,
    /// Output folder; must not exist
    #[arg(long)]
    pub out: PathBuf,
    /// Threads [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Write points.parquet too, the same numbers as columns; needs a build with --features parquet
    #[arg(long)]
    pub parquet: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
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
    /// The rows of points.csv
    Csv,
    /// The manifest
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
