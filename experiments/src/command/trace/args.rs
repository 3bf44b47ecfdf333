//! The command line of `espsim trace`.

use std::path::PathBuf;

use espsim_model::trace::After;
use espsim_model::units::Time;

use crate::common::BaseArgs;

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
    /// What simulations begin from.
    #[command(flatten)]
    pub base: BaseArgs,
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
