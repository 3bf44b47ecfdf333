//! Arguments of `espsim validate`.

use std::path::PathBuf;

use crate::console::Format;

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Only this family; may be given several times [default: all]. There are no shards of it: a family's rows are simulated
    /// after those that its machine is fitted on
    #[arg(long, value_name = "FAMILY")]
    pub only: Vec<String>,
    /// Output folder; must not exist, but for --resume [default: out/validation, numbered if that exists]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Go on where an interrupted validation to the output folder ended, or add to a finished one
    #[arg(long)]
    pub resume: bool,
    /// Threads [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
