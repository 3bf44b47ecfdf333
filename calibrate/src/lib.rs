//! espsim-calibrate: measures this host and writes a profile.
//!
//! [`quick`] measures what decides most, AES-GCM with the fastest implementations that a host would use, in a few
//! seconds; the costs of the network stack come from a preset and keep saying so. [`inventory::inventory`] lists the
//! network controllers and accelerators, how PCIe attaches them, and what they offload.

pub mod aead;
pub mod clock;
pub mod fit;
pub mod host;
pub mod inventory;
pub mod memory;
mod quick;
pub mod sample;

pub use quick::{Calibration, FitQuality, Report, ReportRow, quick};

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
    /// The measuring thread died.
    #[error("the measuring thread stopped: {0}")]
    Thread(String),
    /// The clock does not advance, or the frequency that it gives is none that a core has.
    #[error("the clock of this host is unusable: it gives a core frequency of {0} Hz")]
    Clock(u64),
}
