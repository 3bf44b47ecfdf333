//! Arguments of `espsim calibrate`.

use std::path::PathBuf;

use clap::ValueEnum;
use espsim_model::units::Share;

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
    pub only: Option<CalibrationPart>,
    /// The profile that --only starts from: a file or preset:NAME [default: the preset of the nearest CPU]
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
    /// Measure another host: copy this program to it by ssh, run it there, bring the profile back, leave nothing behind
    #[arg(long, value_name = "USER@HOST", conflicts_with_all = ["show", "diff", "guest_cache"])]
    pub ssh: Option<String>,
    /// The program for the other host, of its architecture; a static build needs nothing there [default: this program]
    #[arg(long, requires = "ssh", value_name = "FILE")]
    pub binary: Option<PathBuf>,
    /// What ssh takes after -o, such as Port=2222
    #[arg(long, requires = "ssh", value_name = "KEY=VALUE")]
    pub ssh_option: Vec<String>,
    /// Compare two profiles: times of ciphers, single values, speeds of cores, a plan; exit code 1 if they differ
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["quick", "held_out", "only"])]
    pub diff: Option<Vec<String>>,
    /// How far values of --diff may differ and still be equal
    #[arg(long, requires = "diff", default_value = "5%")]
    pub margin: Share,
    /// The largest share of the values of --diff that may be apart
    #[arg(long, requires = "diff", default_value = "5%", value_name = "SHARE")]
    pub most_apart: Share,
}

/// A part of a calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CalibrationPart {
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
