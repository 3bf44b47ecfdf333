//! Why the SA path cannot be measured.

use std::io;

use espsim_model::units::Hertz;

use super::guest::frequency;
use super::netlink::Refusal;

/// Why the SA path cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum SaPathError {
    /// The kernel or the privileges lack something: another kernel may have it.
    #[error("{what}")]
    Unavailable {
        /// What is lacking.
        what: String,
        /// What would help.
        remedy: String,
    },
    /// The kernel refused a request that it should have granted.
    #[error("{request}: {refusal}")]
    Refused {
        /// The netlink message and what it was for.
        request: String,
        /// Error number and the kernel's own words.
        refusal: Refusal,
    },
    /// A system call failed.
    #[error("{doing}: {error}")]
    System {
        /// What was attempted.
        doing: String,
        /// The system's error.
        error: io::Error,
    },
    /// Counters of the kernel say that packets did not take the path whose time was measured.
    #[error("{what}: expected {expected}, found {found}: the times would mean nothing")]
    Contradiction {
        /// What was counted.
        what: String,
        /// What should have been counted.
        expected: u64,
        /// What was counted.
        found: u64,
    },
    /// SIGINT or SIGTERM.
    #[error("interrupted; everything that was made has been removed")]
    Interrupted,
    /// A guest and the host disagree on the frequency of the core that both run on.
    #[error(
        "the core runs at {:.2} GHz by the guest's clock and at {:.2} GHz by the host's, {:.1} % apart (at most {:.0} %): \
         cycles counted by either would mean nothing",
        guest.get() as f64 * 1e-9,
        host.get() as f64 * 1e-9,
        100.0 * frequency::apart(*guest, *host),
        100.0 * frequency::MOST
    )]
    Frequency {
        /// By the guest's clock.
        guest: Hertz,
        /// By the host's, before the guest ran or after it: what was nearest.
        host: Hertz,
    },
    /// A guest ended, or did not end, without a result.
    #[error("{what}")]
    Guest {
        /// What happened.
        what: String,
        /// The last lines of its console, or what else would help.
        remedy: String,
    },
}

impl SaPathError {
    pub(crate) fn unavailable(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        SaPathError::Unavailable { what: what.into(), remedy: remedy.into() }
    }

    /// What would help, where something would.
    pub fn remedy(&self) -> Option<&str> {
        match self {
            SaPathError::Unavailable { remedy, .. } | SaPathError::Guest { remedy, .. } => Some(remedy),
            SaPathError::Frequency { .. } => Some(
                "leave the machine's last core to the guest (nothing else running), or fix its clock (cpupower \
                 frequency-set --governor performance), and measure again",
            ),
            _ => None,
        }
    }
}

/// Says what was attempted when a system call fails.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl Into<String>) -> Result<T, SaPathError>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl Into<String>) -> Result<T, SaPathError> {
        self.map_err(|error| SaPathError::System { doing: what.into(), error: error.into() })
    }
}
