//! Arguments of `espsim validate`.

use std::path::PathBuf;

use crate::console::Format;

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
