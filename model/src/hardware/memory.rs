//! Host memory: what DMA takes of its bandwidth.
//!
//! The CPU's own traffic is in its measured costs per octet. DMA that hits the last-level cache (DDIO) does not reach
//! DRAM and takes nothing here.

use crate::route::{StationId, Visit};
use crate::units::{BitRate, Bytes, Time};

/// The socket's DRAM.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Its station.
    pub station: StationId,
    /// Reads and writes together.
    pub bandwidth: BitRate,
}

impl Memory {
    /// A DMA of `n` octets that reaches DRAM.
    pub fn access(&self, n: Bytes, latency: Time) -> Visit {
        Visit::new(self.station, n / self.bandwidth, latency, "memory access").of(n)
    }
}
