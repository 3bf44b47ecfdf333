//! CPU core: every cycle it spends belongs to a category.

use crate::profile::{AeadCost, MemoryCost};
use crate::route::{Category, Charge, StationId, Visit};
use crate::stack::StackCost;
use crate::units::{Bytes, Cycles, Hertz, Time};

/// One core of the host with the costs of what runs on it.
#[derive(Debug, Clone, Copy)]
pub struct Core<'a> {
    /// The core's station.
    pub station: StationId,
    /// What the stack in use costs.
    pub costs: &'a StackCost,
    /// What copying and summing cost.
    pub memory: &'a MemoryCost,
    /// Its clock under this load.
    pub clock: Hertz,
    /// The cipher's cost, where the profile has one.
    pub cipher: Option<&'a AeadCost>,
    /// The lock of the SA that its packets pass, where other cores pass it too, and how long it is held.
    pub lock: Option<(StationId, Time)>,
}

impl Core<'_> {
    /// Work on the core: the cycles of all categories in one go; ESP encapsulation passes the SA's
    /// lock.
    pub fn work(&self, label: &'static str, costs: &[(Category, Cycles)]) -> Visit {
        let cycles: Cycles = costs.iter().map(|(_, cycles)| *cycles).sum();
        Visit {
            station: self.station,
            time: cycles / self.clock,
            latency: Time::ZERO,
            label,
            octets: Bytes::ZERO,
            lock: self.lock.filter(|_| costs.iter().any(|(category, _)| *category == Category::Xfrm)),
            charges: costs.iter().map(|&(category, cycles)| Charge::Cycles(category, cycles)).collect(),
        }
    }

    /// One send call with the copy of its payload from user memory.
    pub fn send(&self, payload: Bytes) -> [(Category, Cycles); 2] {
        [(Category::Send, self.costs.send), (Category::Copy, self.memory.copy * payload)]
    }

    /// Software checksum over transport header and payload (RFC 1071).
    pub fn checksum(&self, covered: Bytes) -> (Category, Cycles) {
        (Category::Checksum, self.memory.checksum * covered)
    }

    /// What `n` octets more that are authenticated and not encrypted take. AEADs pad what is not encrypted to a block of 16
    /// octets (SP 800-38D section 6.4, RFC 8439 section 2.8), in which SPI and sequence number of 8 or 12 are one either way;
    /// behind an HMAC they are taken as any others.
    pub fn authenticates(&self, n: Bytes) -> (Category, Cycles) {
        let hmac = self.cipher.filter(|cost| cost.algorithm.has_hmac());
        (Category::Aead, Cycles(hmac.map_or(0.0, |cost| cost.per_byte.value * n.get() as f64)))
    }

    /// Sealing or opening `n` octets of ESP payload data on this core.
    pub fn cipher(&self, n: Bytes) -> (Category, Cycles) {
        (Category::Aead, self.cipher.map_or(Cycles(0.0), |cost| cost.cycles(n)))
    }
}
