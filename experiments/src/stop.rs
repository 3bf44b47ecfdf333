//! Ends a sweep between two runs when the process is told to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::input::Failure;

/// The signal that told the process to end, if one did.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// From now on SIGINT, SIGTERM and SIGHUP are taken note of; the second one ends the process at once.
    ///
    /// # Errors
    /// [`Failure`] if the system does not let us.
    pub fn listen() -> Result<Self, Failure> {
        let stop = Stop::default();
        let again = Arc::new(AtomicBool::new(false));
        let listen = || {
            for signal in [SIGINT, SIGTERM, SIGHUP] {
                flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
                flag::register(signal, Arc::clone(&again))?;
                flag::register_usize(signal, Arc::clone(&stop.0), signal as usize)?;
            }
            Ok(())
        };
        listen().map_err(|error: std::io::Error| Failure::new(format!("cannot catch signals: {error}")))?;
        Ok(stop)
    }

    /// The signal, if there was one.
    pub fn signal(&self) -> Option<i32> {
        Some(self.0.load(Ordering::Relaxed) as i32).filter(|signal| *signal != 0)
    }

    /// What to say of it, with the exit code that shells give: 130 for SIGINT, 143 for SIGTERM.
    pub fn failure(signal: i32, finished: usize, of: usize) -> Failure {
        let name = match signal {
            SIGINT => "SIGINT",
            SIGTERM => "SIGTERM",
            _ => "SIGHUP",
        };
        let message = format!("interrupted by {name}: {finished} of {of} runs are finished and kept");
        Failure::new(message).with_code((128 + signal) as u8)
    }
}
