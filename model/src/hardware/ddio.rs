//! Direct cache access (Intel DDIO): what devices write lands in some ways of the last-level cache.
//!
//! A device goes round its receive ring, and so round the buffers in it. Where those take more than its ways hold, what
//! was written is put out before its place is written again: it goes to memory, and is read back from there by whoever
//! wants it ("leaky DMA": Tootoonchian et al., "ResQ: Enabling SLOs in Network Function Virtualization", NSDI 2018;
//! Farshin et al., "Reexamining Direct Cache Access to Optimize I/O Intensive Applications for Multi-hundred-gigabit
//! Networks", USENIX ATC 2020).

use super::memory::Memory;
use crate::profile::HostCpu;
use crate::route::Hop;
use crate::units::{Bytes, Share, Time};

/// What does not stay in the cache of what devices write.
#[derive(Debug, Clone, Copy)]
pub struct Leak {
    memory: Memory,
    share: Share,
}

impl Leak {
    /// What leaks of `in_use` octets with so many ways for device writes; `None` if all of it fits.
    pub fn new(in_use: Bytes, host: &HostCpu, ways: u32, memory: Memory) -> Option<Self> {
        let share = leaks(in_use, capacity(host, ways));
        (share.fraction() > 0.0).then_some(Leak { memory, share })
    }

    /// The share that leaks.
    pub fn share(&self) -> Share {
        self.share
    }

    /// Of `n` octets that a device has written, those that leak are written to memory and read back.
    pub fn access(&self, n: Bytes) -> Hop {
        Hop::Serve(self.memory.access(n.scale(2.0 * self.share.fraction()), Time::ZERO))
    }
}

/// What so many ways of the last-level cache hold.
fn capacity(host: &HostCpu, ways: u32) -> Bytes {
    host.l3.scale(f64::from(ways) / f64::from(host.l3_ways))
}

/// The share of `in_use` octets, all of which are as likely to be written next, that a cache of `capacity` does not hold.
pub fn leaks(in_use: Bytes, capacity: Bytes) -> Share {
    Share::from_fraction((1.0 - capacity.get() as f64 / in_use.get().max(1) as f64).max(0.0))
}
