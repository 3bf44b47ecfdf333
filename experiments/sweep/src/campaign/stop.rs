//! Ends a sweep between two runs when the process is told to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Failure;

/// The signal that told the process to end, if one did.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    signal: Arc<AtomicUsize>,
    /// Whether the next signal ends the process at once.
    at_once: Arc<AtomicBool>,
}

impl Stop {
    /// From now on SIGINT, SIGTERM and SIGHUP are taken note of; the second one ends the process at once.
    ///
    /// # Errors
    /// [`Failure`] if the system does not let us.
    pub fn listen() -> Result<Self, Failure> {
        let stop = Stop::default();
        let listen = || {
            for signal in [SIGINT, SIGTERM, SIGHUP] {
                flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop.at_once))?;
                flag::register(signal, Arc::clone(&stop.at_once))?;
                flag::register_usize(signal, Arc::clone(&stop.signal), signal as usize)?;
            }
            Ok(())
        };
        listen().map_err(|error: std::io::Error| Failure::new(format!("cannot catch signals: {error}")))?;
        Ok(stop)
    }

    /// Does something of some seconds that nothing is kept of: a signal ends the process at once.
    pub fn uninterested<T>(&self, act: impl FnOnce() -> T) -> T {
        self.at_once.store(true, Ordering::Relaxed);
        let done = act();
        self.at_once.store(self.is_told(), Ordering::Relaxed);
        done
    }

    /// Whether there was a signal.
    pub fn is_told(&self) -> bool {
        self.signal() != 0
    }

    fn signal(&self) -> i32 {
        self.signal.load(Ordering::Relaxed) as i32
    }

    /// An error if there was a signal, which says how much of the sweep has finished, with the exit code that shells give:
    /// 130 for SIGINT, 143 for SIGTERM.
    ///
    /// # Errors
    /// [`Failure`] if there was one.
    pub fn check(&self, finished: usize, of: usize) -> Result<(), Failure> {
        self.refuse(|| format!("{finished} of {of} runs are finished and kept"))
    }

    /// The same while points are checked, before anything is simulated.
    ///
    /// # Errors
    /// [`Failure`] if there was one.
    pub fn checking(&self, checked: usize, of: usize) -> Result<(), Failure> {
        self.refuse(|| format!("{checked} of {of} points were checked, none was simulated"))
    }

    /// The same for what has no known number of runs; `kept` says what stays.
    ///
    /// # Errors
    /// [`Failure`] if there was one.
    pub fn ending(&self, kept: &str) -> Result<(), Failure> {
        self.refuse(|| kept.to_owned())
    }

    fn refuse(&self, how_far: impl Fn() -> String) -> Result<(), Failure> {
        let signal = self.signal();
        let name = match signal {
            0 => return Ok(()),
            SIGINT => "SIGINT",
            SIGTERM => "SIGTERM",
            _ => "SIGHUP",
        };
        Err(Failure::new(format!("interrupted by {name}: {}", how_far())).with_code((128 + signal) as u8))
    }
}
