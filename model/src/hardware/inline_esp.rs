//! The inline ESP engine of a NIC: its parameters, and its cache of SA contexts with what a miss fetches, one read after the
//! other, and what goes back.

use serde::{Deserialize, Serialize};

use super::pcie::{Read, Slot};
use crate::engine::program::{Key, Replacement};
use crate::esp::Mode;
use crate::profile::Algorithm;
use crate::route;
use crate::route::{CacheId, Hop, Lookup, PoolId, Route, StationId, Visit};
use crate::units::{BitRate, Bytes, PacketRate, Share, Time};

/// The inline ESP engine of a NIC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InlineEsp {
    /// Ciphers that it offers.
    pub algorithms: Vec<Algorithm>,
    /// Modes that it offers.
    pub modes: Vec<Mode>,
    /// Whether it decrypts what it receives.
    pub decrypts: bool,
    /// Crypto rate, counted on ESP payload data as it is encrypted.
    pub rate: BitRate,
    /// Highest rate of ESP packets.
    pub packet_rate: PacketRate,
    /// Latency that the engine adds to a packet.
    pub latency: Time,
    /// Segments super-packets before encryption (`NETIF_F_GSO_ESP`).
    pub gso: bool,
    /// Fills in the inner transport checksum before encryption (`NETIF_F_HW_ESP_TX_CSUM`).
    pub checksum: bool,
    /// Offers packet offload (XFRM_DEV_OFFLOAD_PACKET): encapsulation and policy in the NIC.
    pub packet_offload: bool,
    /// SAs that the NIC holds in each direction.
    pub sa_capacity: u32,
    /// SA contexts that its on-chip cache holds; the others are read from memory.
    pub sa_cache: u32,
    /// Places of that cache that a context may lie in, its set; absent where it may lie in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sa_ways: Option<u32>,
    /// What the cache forgets for a new context.
    pub sa_replacement: Replacement,
    /// Octets of an SA context.
    pub sa_context: Bytes,
    /// Contexts that may be fetched at a time; while so many are, no other packet is looked up.
    pub sa_fetches: u32,
    /// Whether receive-side scaling sees the inner headers of what the NIC has decrypted, and so spreads an SA's flows.
    pub rss_inner: bool,
    /// Reads, one after the other, by which a missing context is fetched, each of its share of `sa_context`.
    pub sa_reads: u32,
    /// Octets of a context that are written back when another takes its place.
    pub sa_write_back: Bytes,
    /// Time of one read of the NIC's own memory; absent where contexts lie in host memory and are read over PCIe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sa_device_read: Option<Time>,
}

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
