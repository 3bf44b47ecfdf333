//! What a kernel's interfaces cost with nothing behind them.

use std::time::Instant;

use espsim_model::units::Hertz;
use netlink_sys::protocols::NETLINK_ROUTE;

use crate::CalibrateError;
use crate::clock::core_frequency;
use crate::pinned::on_last_core;
use crate::sa_path::error::SaPathError;
use crate::sa_path::netlink::{Channel, Request};
use crate::sample::{median, timed};

/// Repetitions behind the host's own times.
const REPETITIONS: usize = 1001;
/// System calls of one repetition.
const CALLS: usize = 64;

/// What a kernel's interfaces cost with nothing behind them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interface {
    /// The core's frequency there, which its cycles are counted by.
    pub frequency: Hertz,
    /// Cycles of a system call that does nothing.
    pub system_call: f64,
    /// A netlink request that asks for nothing, from `send` to acknowledgement; seconds.
    pub netlink: Option<f64>,
}

/// Cycles of a system call that does nothing (`getppid`), at a core frequency.
pub(in crate::sa_path) fn system_call(frequency: Hertz) -> f64 {
    let round = |_| timed(|| (0..CALLS).for_each(|_| _ = std::os::unix::process::parent_id())) / CALLS as f64;
    median(&(0..REPETITIONS).map(round).collect::<Vec<_>>()) * frequency.get() as f64
}

impl Interface {
    /// That of the running kernel, on the core that everything is measured on.
    ///
    /// # Errors
    /// [`SaPathError`] if the clock is unusable.
    pub fn of_host() -> Result<Self, SaPathError> {
        let measured = on_last_core(|_| Self::here()).and_then(|measured| measured);
        measured.map_err(|error| SaPathError::unavailable(error.to_string(), "a host whose clock advances evenly"))
    }

    fn here() -> Result<Self, CalibrateError> {
        let frequency = core_frequency()?;
        let netlink = || {
            let mut channel = Channel::open(NETLINK_ROUTE).ok()?;
            let mut request = Request::nothing();
            let mut times = Vec::new();
            for _ in 0..REPETITIONS {
                let start = Instant::now();
                channel.must(&mut request).ok()?;
                times.push(start.elapsed().as_secs_f64());
            }
            Some(median(&times))
        };
        Ok(Interface { frequency, system_call: system_call(frequency), netlink: netlink() })
    }
}
