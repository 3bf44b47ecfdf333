//! CPU core: every cycle it spends belongs to a category.

use crate::hardware::memory::BeyondCache;
use crate::hardware::pcie::DmaMapping;
use crate::profile::{AeadCost, MemoryCost};
use crate::route::{Category, Charge, Hop, Route, StationId, Taken, Visit};
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
    /// The lock of the SA that its packets pass, where other cores pass it too.
    pub lock: Option<SaLock>,
    /// What it takes to map buffers for devices, where drivers do.
    pub mapping: Option<DmaMapping>,
    /// What it meets of DRAM, where it does.
    pub beyond: Option<BeyondCache>,
    /// Whether it is a DPU's, and its cycles none of the host's.
    pub on_dpu: bool,
}

/// How packets take the lock of their SA.
#[derive(Debug, Clone, Copy)]
pub struct SaLock {
    /// The lock.
    pub lock: StationId,
    /// What a core does with it each time, of what ESP costs.
    pub held: Cycles,
    /// How often a packet takes it; the cipher, if the core runs it, comes between.
    pub times: u32,
}

/// Buffers that are mapped for a request to a lookaside card: the packet, and the list that says where its pieces are
/// (`qat_bl_sgl_to_bufl`, Linux drivers/crypto/intel/qat/qat_common/qat_bl.c).
const CARD_BUFFERS: f64 = 2.0;

impl Core<'_> {
    /// Work on the core: the cycles of all categories in one go; ESP encapsulation passes the SA's lock, with which a part
    /// of it is done.
    pub fn work(&self, label: &'static str, costs: &[(Category, Cycles)]) -> Visit {
        let has = |category| costs.iter().any(|(other, _)| *other == category);
        let lock = self.lock.filter(|_| has(Category::Xfrm));
        let held = lock.map_or(0.0, |lock| lock.held.0 * f64::from(lock.times));
        let mut costs = costs.to_vec();
        if let Some((_, esp)) = costs.iter_mut().find(|(category, _)| *category == Category::Xfrm) {
            *esp = Cycles((esp.0 - held).max(0.0));
        }
        let of = |some: &dyn Fn(Category) -> bool| -> Time {
            costs.iter().filter(|(category, _)| some(*category)).map(|(_, cycles)| *cycles).sum::<Cycles>() / self.clock
        };
        let taken = lock.map(|SaLock { lock, held, times }| Taken {
            lock,
            time: held / self.clock,
            times,
            between: of(&|category| category == Category::Aead),
        });
        Visit {
            station: self.station,
            time: of(&|_| true),
            latency: Time::ZERO,
            label,
            octets: Bytes::ZERO,
            lock: taken.or_else(|| {
                // What a poll costs however many responses it finds unmaps nothing.
                let taken = has(Category::CryptoComplete) && !has(Category::Poll);
                self.mapping.filter(|_| taken).map(|m| m.times(CARD_BUFFERS).invalidation_of_card())
            }),
            charges: costs.iter().map(|&(category, cycles)| Charge::cycles(self.on_dpu, category, cycles)).collect(),
        }
    }

    /// Cleaning up behind so many frames in so many buffers that the NIC has sent: they are unmapped, where drivers map
    /// them.
    pub fn clean_up(&self, frames: u32, buffers: u32) -> Visit {
        let mapping = self.mapping.map(|mapping| mapping.times(f64::from(buffers)));
        let unmap = mapping.map_or(Cycles(0.0), |mapping| mapping.unmap);
        let visit =
            self.work("transmit completion", &[(Category::Complete, self.costs.complete * f64::from(frames) + unmap)]);
        Visit { lock: mapping.map(|mapping| mapping.invalidation()), ..visit }
    }

    /// Handing a packet to the NIC's driver, which maps its first buffer where drivers map them.
    pub fn hand_over(&self) -> (Category, Cycles) {
        (Category::Transmit, self.costs.transmit + self.map(1.0))
    }

    /// Mapping so many buffers; nothing where they stay mapped.
    pub fn map(&self, buffers: f64) -> Cycles {
        self.mapping.map_or(Cycles(0.0), |mapping| mapping.map * buffers)
    }

    /// What a request to a card costs to map; to unmap, after it.
    pub fn card_buffers(&self) -> (Cycles, Cycles) {
        self.mapping.map_or((Cycles(0.0), Cycles(0.0)), |m| (m.map * CARD_BUFFERS, m.unmap * CARD_BUFFERS))
    }

    /// One send call with the copy of its payload from user memory.
    pub fn send(&self, payload: Bytes) -> [(Category, Cycles); 2] {
        [(Category::Send, self.costs.send), (Category::Copy, self.memory.copy * payload)]
    }

    /// What copying `n` octets out of an application's memory takes of DRAM.
    pub fn reads_application(&self, n: Bytes) -> Route {
        self.beyond.and_then(|beyond| beyond.sends(n)).map_or_else(Route::default, |visit| Hop::Serve(visit).into())
    }

    /// What copying `n` octets into an application's memory takes of DRAM.
    pub fn writes_application(&self, n: Bytes) -> Route {
        self.beyond.and_then(|beyond| beyond.delivers(n)).map_or_else(Route::default, |visit| Hop::Serve(visit).into())
    }

    /// What the first touch of a received packet of `n` octets, of all of it or its headers, takes of DRAM and of the core.
    pub fn touches(&self, n: Bytes, all: bool) -> Route {
        let Some(beyond) = self.beyond else { return Route::default() };
        let waits = beyond.waits(n, all);
        let core = (waits.0 > 0.0).then(|| self.work("wait for memory", &[(Category::Memory, waits)]));
        Route(core.into_iter().chain(beyond.reads_packet(n, all)).map(Hop::Serve).collect())
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
        (Category::Aead, Cycles(hmac.map_or(0.0, |cost| cost.curve.per_octet.value * n.get() as f64)))
    }

    /// Sealing or opening `n` octets of ESP payload data on this core.
    pub fn cipher(&self, n: Bytes) -> (Category, Cycles) {
        (Category::Aead, self.cipher.map_or(Cycles(0.0), |cost| cost.cycles(n)))
    }
}
