//! When packets come, and where their flows go.

use serde::{Deserialize, Serialize};

/// When packets come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrival {
    /// As fast as the data path takes them: a closed loop with a window.
    Saturate,
    /// At a constant rate.
    Constant,
    /// As a Poisson process.
    Poisson,
    /// As a Poisson process that is on and off for random times.
    OnOff,
    /// As a trace has them, once from its beginning to its end.
    Trace,
    /// In bursts of a random number of packets or trains of several flows, which come as a Poisson process.
    Bursts,
}

/// Which way packets go through the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From an application to the wire, encrypted.
    Transmit,
    /// From the wire to an application, decrypted.
    Receive,
    /// From the wire in the clear to the wire encrypted: a security gateway (RFC 4301), outbound.
    #[serde(alias = "forward")]
    Encrypt,
    /// From the wire encrypted to the wire in the clear: a security gateway, inbound.
    Decrypt,
    /// Both ways through a gateway: one class that it encrypts and one that it decrypts, alike in all else.
    Both,
}

impl Direction {
    /// The name used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::Transmit => "transmit",
            Direction::Receive => "receive",
            Direction::Encrypt => "encrypt",
            Direction::Decrypt => "decrypt",
            Direction::Both => "both",
        }
    }

    /// Whether packets come in by the wire.
    pub const fn comes_by_wire(self) -> bool {
        !matches!(self, Direction::Transmit)
    }

    /// Whether packets come in by the wire and leave by it.
    pub const fn is_forwarding(self) -> bool {
        matches!(self, Direction::Encrypt | Direction::Decrypt | Direction::Both)
    }

    /// Whether packets come in under ESP, by inbound SAs.
    pub const fn is_inbound(self) -> bool {
        matches!(self, Direction::Receive | Direction::Decrypt)
    }
}

/// How flows are placed on cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Steering {
    /// Evenly, in an order drawn by hash, as a scheduler or one process per core does.
    Spread,
    /// By the Toeplitz hash of each flow's addresses and ports (receive-side scaling), which may be uneven.
    Rss,
    /// As RSS, and what comes under ESP is handed on from the core that the NIC interrupts to others, in turn.
    Rps,
}
