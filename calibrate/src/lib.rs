//! espsim-calibrate: measures this host and writes a profile.
//!
//! [`quick`] measures what decides most, AES-GCM with the fastest implementations that a host would use, in less than a
//! second; [`full`] measures every algorithm with every implementation, both directions, in and out of cache, how cores
//! slow each other and what memory does, in less than a minute. The costs of the network stack come from a preset and
//! keep saying so. [`held_out()`] compares a calibration with sizes that it has not seen.
//! [`inventory::inventory`] lists network controllers and accelerators, how PCIe attaches them and what they offload.

pub mod aead;
mod calibration;
pub mod clock;
mod cold;
pub mod cpu_id;
pub mod fit;
pub mod gate;
mod held_out;
pub mod host;
pub mod inventory;
pub mod memory;
#[cfg(target_os = "linux")]
pub mod native;
pub mod packets;
mod pinned;
mod plan;
pub mod repeated;
mod report;
#[cfg(target_os = "linux")]
pub mod sa_path;
pub mod sample;
mod scaling;
mod series;
mod steady;
mod term;
mod thread;
pub mod verdict;

pub use calibration::{Calibration, full, quick};
pub use held_out::{GOAL, HeldOut, held_out};
pub use pinned::pin_to_last_core;
pub use report::{ColdRow, FitQuality, Report, ReportRow, Skipped};
pub use scaling::{CoreScaling, scaling};
pub use verdict::Verdict;

/// Why a host cannot be measured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalibrateError {
    /// A cipher gives another result than its specification or the other backends.
    #[error("{backend} disagrees on {algorithm} at {octets} octets: its numbers would mean nothing")]
    Disagrees {
        /// The backend.
        backend: &'static str,
        /// The algorithm.
        algorithm: &'static str,
        /// Plaintext size.
        octets: usize,
    },
    /// A packet that a backend has sealed did not open while it was measured.
    #[error("{backend} refused a valid packet of {algorithm}: its numbers would mean nothing")]
    Refused {
        /// The backend.
        backend: &'static str,
        /// The algorithm.
        algorithm: &'static str,
    },
    /// The measuring thread died.
    #[error("the measuring thread stopped: {0}")]
    Thread(String),
    /// The clock does not advance, or the frequency that it gives is none that a core has.
    #[error("the clock of this host is unusable: it gives a core frequency of {0} Hz")]
    Clock(u64),
}
