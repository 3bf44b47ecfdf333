//! Ends a measurement between two steps when the process is told to end, so that everything made is removed.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::error::{Doing, SaPathError};

static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on SIGINT, SIGTERM and SIGHUP let the current step end and then stop the measurement.
pub(super) fn listen() -> Result<(), SaPathError> {
    let flag = STOP.get_or_init(Default::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(flag)).doing("catch signals")?;
    }
    Ok(())
}

/// An error if the process was told to end.
pub(super) fn check() -> Result<(), SaPathError> {
    let told = STOP.get().is_some_and(|flag| flag.load(Ordering::Relaxed));
    if told { Err(SaPathError::Interrupted) } else { Ok(()) }
}
