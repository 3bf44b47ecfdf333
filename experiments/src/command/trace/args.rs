//! The command line of `espsim trace`.

use std::path::PathBuf;

use espsim_model::trace::After;
use espsim_model::units::Time;
use espsim_sweep::file::value::Setting;

/// Arguments of `trace`.
#[derive(Debug, clap::Args)]
pub struct TraceArgs {
    /// The scenario file; of its sweep the last point is traced
    pub scenario: PathBuf,
    /// How many packets; of super-packets, how many sends
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub packets: u32,
    /// The series that is traced [default: the first]
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
