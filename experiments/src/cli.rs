//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use espsim_model::trace::After;
use espsim_model::units::Time;

use crate::points::Setting;

/// Where should IPsec ESP crypto run: on the CPU, in a lookaside card, or in the NIC?
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate a scenario file; write points, manifest and figures
    Run(RunArgs),
    /// Simulate what happens to throughput when NICs change under SAs; as run, with timelines
    Failover(RunArgs),
    /// Show some packets of a scenario hop by hop; write a trace for ui.perfetto.dev
    Trace(TraceArgs),
    /// Measure this host and write a profile
    Calibrate(CalibrateArgs),
    /// Hold the model against published measurements
    Validate(ValidateArgs),
    /// List what is shipped, with sources
    List {
        /// What to list; everything by default
        what: Option<Listed>,
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
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The scenario file
    pub scenario: PathBuf,
    /// Output folder; must not exist [default: out/NAME, numbered if that exists]
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
    /// Draw N profiles from the profile's intervals and show where results lie for 95 % of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub uncertainty: Option<u32>,
    /// Set a parameter over everything else, such as nic.line_rate="25 Gbps"
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<Setting>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `trace`.
#[derive(Debug, clap::Args)]
pub struct TraceArgs {
    /// The scenario file
    pub scenario: PathBuf,
    /// How many packets; of super-packets, how many sends
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub packets: u32,
    /// The series whose first point is traced [default: the first]
    #[arg(long, value_name = "NAME")]
    pub series: Option<String>,
    /// Begin after so many packets, or at a simulated time such as "5 ms" [default: when the warm-up is over, and not
    /// before 1000 packets]
    #[arg(long, value_name = "N|TIME")]
    pub after: Option<Beginning>,
    /// Trace file; must not exist [default: out/NAME-trace.json, numbered if that exists]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Host profile: a file or preset:NAME [default: a quick calibration of this host]
    #[arg(long)]
    pub profile: Option<String>,
    /// Base of all seeds [default: the scenario's]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Set a parameter over everything else, such as traffic.packet="1446 B"
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<Setting>,
}

/// When a trace begins, as it is given.
#[derive(Debug, Clone, Copy)]
pub struct Beginning(pub After);

impl std::str::FromStr for Beginning {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let after = match text.trim().parse() {
            Ok(packets) => After::Packets(packets),
            Err(_) => After::Time(text.parse::<Time>().map_err(|error| format!("a number of packets, or {error}"))?),
        };
        Ok(Beginning(after))
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
}
