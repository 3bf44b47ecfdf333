//! What the user is told while something is done.

use std::io::{self, Write};

/// Prints a line to standard error; a reader that has gone away is no error.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
