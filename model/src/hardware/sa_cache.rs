//! The NIC's cache of SA contexts: a packet's lookup, what a miss fetches, one read after the other, and what goes back.

use super::nic::InlineEsp;
use super::pcie::{Read, Slot};
use crate::engine::program::Key;
use crate::route;
use crate::route::{CacheId, Hop, Lookup, PoolId, Route, StationId, Visit};
use crate::units::{Bytes, Share, Time};

const CONTEXT: Read = Read { asked: "NIC asks for SA context", comes: "SA context, RAM to NIC" };

/// The NIC's cache of SA contexts.
#[derive(Debug, Clone, Copy)]
pub struct SaCache {
    /// The cache.
    pub cache: CacheId,
    /// The highest share of packets whose context the cache can hold.
    pub hits: Share,
    /// Packets that are being looked up, where the cache does not hold all contexts.
    pub lookups: Option<PoolId>,
    /// Memory of the NIC's own that contexts are read from, where they do not lie in host memory.
    pub memory: Option<StationId>,
}

impl SaCache {
    /// A packet finds its SA's context. Packets are looked up in order: one whose context is there waits behind those that
    /// fetch theirs, once so many are fetched as may be.
    pub fn find(&self, esp: &InlineEsp, slot: &Slot) -> Route {
        let lookup = Lookup { cache: self.cache, key: Key::Flow { first: 0, shared_by: 1 }, hits: self.hits };
        let hop = Hop::Lookup(lookup, self.miss(esp, slot));
        match self.lookups {
            Some(lookups) => route![Hop::Acquire(lookups, 1), hop, Hop::Release(lookups, 1)],
            None => hop.into(),
        }
    }

    /// The context that leaves is written back as far as it has changed, which nobody waits for; then come the reads, each
    /// of which says where the next one goes.
    fn miss(&self, esp: &InlineEsp, slot: &Slot) -> Route {
        let reads = u64::from(esp.sa_reads.max(1));
        if let (Some(memory), Some(read)) = (self.memory, esp.sa_device_read) {
            let visit = Visit::new(memory, read * reads, Time::ZERO, "NIC reads SA context of its own memory");
            return Hop::Serve(visit.of(esp.sa_context)).into();
        }
        let back = match esp.sa_write_back {
            Bytes::ZERO => Route::default(),
            changed => slot.post(changed, esp.sa_context, "SA context, NIC to RAM"),
        };
        let part = Bytes::new(esp.sa_context.get().div_ceil(reads));
        let fetches = (0..reads).map(|_| slot.read_entry(part, esp.sa_context, CONTEXT));
        route![back, Route::concat(fetches)]
    }
}
