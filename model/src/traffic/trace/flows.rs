//! Numbers of flows, in the order in which they first come.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Flows that are told apart; further ones share their numbers.
const MOST_FLOWS: u32 = 1_000_000;

/// The number of each flow.
#[derive(Debug, Default)]
pub(super) struct Flows(HashMap<u32, u32, BuildHasherDefault<Multiplied>>);

impl Flows {
    /// The number of a flow, the next one if it has none.
    pub fn add(&mut self, flow: u32) -> u32 {
        let next = self.0.len() as u32;
        match next < MOST_FLOWS {
            true => *self.0.entry(flow).or_insert(next),
            false => self.number(flow),
        }
    }

    /// The number of a flow.
    pub fn number(&self, flow: u32) -> u32 {
        self.0.get(&flow).copied().unwrap_or(flow % self.count().max(1))
    }

    /// How many numbers there are.
    pub fn count(&self) -> u32 {
        self.0.len() as u32
    }
}

/// A hash of one number, which is one of its flow already.
#[derive(Debug, Default)]
pub(super) struct Multiplied(u64);

impl Hasher for Multiplied {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.write_u32(u32::from(*octet)));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}
