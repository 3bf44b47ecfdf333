//! Tests that need what not every machine has.

use std::io::Write;

/// Says why a test does not run; fails where everything must.
pub fn skip(reason: &str) {
    assert!(std::env::var_os("ESPSIM_REQUIRE_ALL").is_none(), "must run here: {reason}");
    // Past the test runner, which keeps what passing tests print.
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}
