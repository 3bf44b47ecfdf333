//! Standard output and standard error.

pub mod again;
pub mod deliver;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;
use espsim_sweep::failure::Failure;

pub use espsim_sweep::notice::say;

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

/// Prints to standard output; a reader that has gone away is no error.
///
/// # Errors
/// [`Failure`] if it cannot be written, as to a full disk.
pub fn print(mut bytes: &[u8]) -> Result<(), Failure> {
    print_all(&mut bytes)
}

/// The same with a file, of any length.
///
/// # Errors
/// As [`print`], or [`Failure`] if it cannot be read.
pub fn print_file(path: &Path) -> Result<(), Failure> {
    print_all(&mut File::open(path).map_err(|error| Failure::io("read", path, &error))?)
}

fn print_all(from: &mut impl io::Read) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match io::copy(from, &mut stdout).and_then(|_| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io("write", Path::new("standard output"), &error))
        }
        _ => Ok(()),
    }
}
