//! The command line.

#[cfg(target_os = "linux")]
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::command::calibrate::args::CalibrateArgs;
use crate::command::explore::ExploreArgs;
use crate::command::fit::FitArgs;
use crate::command::import::ImportArgs;
use crate::command::list::ListArgs;
use crate::command::pcie_bench::args::PcieBenchArgs;
use crate::command::report::ReportArgs;
use crate::command::run_args::RunArgs;
use crate::command::schema::Described;
use crate::command::validate::args::ValidateArgs;

use crate::command::merge::MergeArgs;
use crate::command::submit::SubmitArgs;
use crate::command::template::TemplateArgs;
use crate::command::trace::TraceArgs;
use crate::question::compare::CompareArgs;
use crate::question::plan::PlanArgs;

/// Where should IPsec ESP crypto run: on the CPU, in a lookaside card, or in the NIC?
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// What the words of a command line ask for, or what clap says of them and the end of the program.
    pub fn of_command_line() -> Self {
        let mut cli = Cli::parse();
        match &mut cli.command {
            Command::Run(args) | Command::Failover(args) => args.base.divide(),
            Command::Submit(args) => args.base.divide(),
            Command::Plan(args) => args.base.divide(),
            Command::Compare(args) => args.base.divide(),
            Command::Trace(args) => args.base.divide(),
            _ => {}
        }
        cli
    }
}

/// How parameters are set and swept.
const SETTINGS: &str = "\
Parameters: every key of `espsim list parameters` can stand in a scenario file, in a series, in a sweep or after --set.
The last of these wins: default, preset, file, series, sweep, --set.

  --set nic.line_rate=\"25 Gbps\"            a quantity has a unit
  --set sa.algorithm=aes-256-gcm --set host.cores=4
  --set nic.preset=connectx-7              all values of a preset
  --set traffic.mix=simple-imix            instead of traffic.packet
  --set profile.stack.xfrm=900             a value of the profile; calibrate --show lists them

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

/// What is imported, and what for.
const IMPORTS: &str = "\
  openssl speed -mr -seconds 3 -evp aes-128-gcm -aead > speed.txt
  espsim import openssl-speed speed.txt --source \"our host, 3.2 GHz\" --out rows.csv
  espsim fit rows.csv --profile preset:zen4 --out mine.toml         the cipher of a profile
  espsim validate --against rows.csv                               sizes that nothing was fitted to

  iperf3 --json -c peer -P 4 > iperf3.json
  espsim import iperf3 iperf3.json --scenario \"gateway.toml; traffic.flows={x}\" --out goodput.csv
  espsim validate --against goodput.csv --profile mine.toml        what the model says of it

A line that is not known is an error with its place, and nothing is written.";

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
    /// Write one HTML file that simulates in its reader's browser: what if?
    Explore(ExploreArgs),
    /// Show some packets of a scenario hop by hop; write a trace for ui.perfetto.dev
    Trace(TraceArgs),
    /// Measure this host and write a profile
    Calibrate(CalibrateArgs),
    /// Read what public tools have measured as rows for fit and validate --against
    #[command(after_long_help = IMPORTS)]
    Import(ImportArgs),
    /// Find values of a profile from what was measured on a machine, with their doubt
    Fit(FitArgs),
    /// Hold the model against published measurements
    Validate(ValidateArgs),
    /// Read and write host memory through PCIe alone, as the public pcie-bench does; compare with what it has measured
    PcieBench(PcieBenchArgs),
    /// Make one HTML file of the output folder of run, failover, plan, compare, validate or pcie-bench
    Report(ReportArgs),
    /// List what is shipped, with sources
    List(ListArgs),
    /// Write a file of hardware of your own: a base of the library, and every key explained
    Template(TemplateArgs),
    /// Print the JSON Schema of scenario files or profiles; editors with taplo use it by a first line `#:schema FILE`
    Schema {
        /// Of which files.
        #[arg(value_enum, default_value_t)]
        of: Described,
    },
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
    /// Measures the running kernel's network stack in namespaces of its own
    #[cfg(target_os = "linux")]
    #[command(hide = true, name = espsim_calibrate::native::COMMAND)]
    NativeInside,
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
