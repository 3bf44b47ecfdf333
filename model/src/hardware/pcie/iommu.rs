//! IOMMU: an IO-TLB that holds some translations, and page walks for the others.

use serde::{Deserialize, Serialize};

use crate::engine::program::{Cache, Key, Replacement};
use crate::resource::Resource;
use crate::route::{CacheId, Hop, Lookup, Platform, Route, StationId, Taken, Visit};
use crate::units::{Bytes, Cycles, Hertz, Share, Time};

/// Parameters of the host's IOMMU, each of its units, and of the DMA buffers in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IommuParams {
    /// Whether devices' addresses are translated.
    pub enabled: bool,
    /// Whose devices a unit, with an IO-TLB and walkers of its own, translates for; absent for what the host has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
    /// Translations that the IO-TLB of a unit holds.
    pub entries: u32,
    /// Size of a page.
    pub page: Bytes,
    /// Time of one page walk.
    pub walk: Time,
    /// Walks at a time of one unit.
    pub walkers: u32,
    /// Translations of a device that may wait for a walker; at that many beyond the walkers, those that would hit wait too.
    /// Absent for any number: none is published for Intel's or AMD's; Arm's MMU-600 has 64 translation slots in Agilex 5, those
    /// that walk included (Intel, Agilex 5 HPS Technical Reference Manual, TCUCFG_XLATE_SLOTS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walk_queue: Option<u32>,
    /// DMA buffers in use, any of which is as likely to be the next one.
    pub working_set: Bytes,
    /// Who maps the buffers that devices read.
    pub mapping: Mapping,
    /// Time of a core to map a buffer.
    pub map: Time,
    /// Time of a core to unmap a buffer, without the invalidation of the IO-TLB.
    pub unmap: Time,
    /// Time from a core's request to invalidate an entry of the IO-TLB until the IOMMU has done it. The core spins.
    pub invalidate: Time,
}

impl IommuParams {
    /// None: nothing is translated, and buffers stay mapped. Pages have 4 KiB, as x86's and most of Arm's.
    pub const OFF: IommuParams = IommuParams {
        enabled: false,
        units: None,
        entries: 1,
        page: Bytes::new(4096),
        walk: Time::ZERO,
        walkers: 1,
        walk_queue: None,
        working_set: Bytes::ZERO,
        mapping: Mapping::Kept,
        map: Time::ZERO,
        unmap: Time::ZERO,
        invalidate: Time::ZERO,
    };
}

/// Units of the IOMMU: each has an IO-TLB, walkers and a queue of invalidations of its own (Intel Virtualization
/// Technology for Directed I/O, section 8.3: each remapping hardware unit has the devices of its scope; AMD I/O
/// Virtualization Technology, section 5: one for each I/O hub).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Units {
    /// One for all slots, as a socket of Haswell and Broadwell servers has.
    One,
    /// One for each slot: of servers since Skylake and Zen, whose root ports have I/O stacks or hubs of their own.
    /// Devices behind one switch share that of its slot.
    PerSlot,
}

/// Who maps the buffers that devices read. Those that they write stay mapped: the kernel's page pool maps a page once
/// (Linux net/core/page_pool.c).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mapping {
    /// Nobody: all buffers stay mapped, as those of DPDK and of a guest do.
    #[default]
    Kept,
    /// The driver maps and unmaps each; the IO-TLB is flushed once for many (`iommu.strict=0`).
    Lazy,
    /// The driver maps and unmaps each, with an invalidation of its own (`iommu.strict=1`).
    Strict,
}

/// Unmapped addresses of a CPU that wait for one flush (`IOVA_DEFAULT_FQ_SIZE`, Linux drivers/iommu/dma-iommu.c).
const FLUSH_QUEUE: f64 = 256.0;
/// Addresses of buffers that are mapped anew for each packet, in pages: so many that none is met while the IO-TLB holds
/// it. The kernel gives an address out again only after its entry has been invalidated.
const FRESH_PAGES: u32 = 1 << 20;

/// What mapping costs the core that does it.
#[derive(Debug, Clone, Copy)]
pub struct DmaMapping {
    /// Cycles to map a buffer.
    pub map: Cycles,
    /// Cycles to unmap a buffer, without its invalidation.
    pub unmap: Cycles,
    /// The invalidation queue of the unit of the NIC's slot, which cores wait for, and that of the card's.
    queue: StationId,
    card_queue: StationId,
    /// A queue's time for one buffer.
    invalidate: Time,
}

impl DmaMapping {
    /// What drivers pay for a NIC and a card behind these units, if they map buffers.
    pub fn new(params: &IommuParams, clock: Hertz, nic: Option<Iommu>, card: Option<Iommu>) -> Option<Self> {
        let queue = nic?.invalidations?;
        let invalidate = match params.mapping {
            Mapping::Kept => return None,
            Mapping::Lazy => params.invalidate.scale(1.0 / FLUSH_QUEUE),
            Mapping::Strict => params.invalidate,
        };
        let cycles = |time: Time| Cycles(time.as_seconds() * clock.get() as f64);
        let card_queue = card.and_then(|unit| unit.invalidations).unwrap_or(queue);
        Some(DmaMapping { map: cycles(params.map), unmap: cycles(params.unmap), queue, card_queue, invalidate })
    }

    /// The same for so many buffers.
    #[must_use]
    pub fn times(self, buffers: f64) -> Self {
        let invalidate = self.invalidate.scale(buffers);
        DmaMapping { map: self.map * buffers, unmap: self.unmap * buffers, invalidate, ..self }
    }

    /// What a core spins for after it has unmapped a buffer of the NIC.
    pub fn invalidation(&self) -> Taken {
        Taken::once(self.queue, self.invalidate)
    }

    /// What a core spins for after it has unmapped a buffer of the card.
    pub fn invalidation_of_card(&self) -> Taken {
        Taken::once(self.card_queue, self.invalidate)
    }
}

/// A unit of the IOMMU as a device meets it.
#[derive(Debug, Clone, Copy)]
pub struct Iommu {
    cache: CacheId,
    walkers: StationId,
    /// The queue of invalidations, where drivers map buffers.
    invalidations: Option<StationId>,
    walk: Time,
    pages: u32,
    hits: Share,
    /// Size of a page.
    page: Bytes,
    /// The first page of tables with an entry for each SA.
    tables: u32,
    /// Whether buffers that are read are mapped anew each time.
    fresh: bool,
}

impl Iommu {
    /// Places a unit's IO-TLB, page walkers and queue of invalidations on the platform; `None` where nothing is translated.
    /// Devices have tables with entries for so many SAs.
    pub fn new(params: &IommuParams, sas: u32, platform: &mut Platform) -> Option<Self> {
        let pages = params.working_set.pieces(params.page).clamp(1, u64::from(u32::MAX)) as u32;
        let fresh = params.mapping != Mapping::Kept;
        let tables = if fresh { pages.max(FRESH_PAGES) } else { pages };
        let keys = tables.saturating_add(sas);
        params.enabled.then(|| Iommu {
            cache: platform.cache(Cache { capacity: params.entries, keys, ways: None, replacement: Replacement::Lru }),
            walkers: platform.station(Resource::PageWalkers, params.walkers),
            invalidations: fresh.then(|| platform.station(Resource::Invalidation, 1)),
            walk: params.walk,
            pages,
            page: params.page,
            tables,
            hits: Share::from_fraction((f64::from(params.entries) / f64::from(pages)).min(1.0)),
            fresh,
        })
    }

    /// Whether buffers that are read are mapped anew each time, so that no read finds its page.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// The job's buffer, which is read, gets its page, which all that follows will find it in.
    pub fn place(&self) -> Hop {
        Hop::Place(if self.fresh { FRESH_PAGES } else { self.pages })
    }

    /// Looks up a page that has just been mapped.
    pub fn translate_fresh(&self) -> Hop {
        let hits = Share::from_fraction(self.hits.fraction() * f64::from(self.pages) / f64::from(FRESH_PAGES));
        Iommu { hits, ..*self }.translate(Key::Random(FRESH_PAGES))
    }

    /// Looks the page of the job's buffer up; a miss takes a page walk, for which others that miss the same page wait.
    pub fn translate_buffer(&self) -> Hop {
        self.translate(Key::Page(self.pages))
    }

    /// Looks any other page up.
    pub fn translate_elsewhere(&self) -> Hop {
        self.translate(Key::Random(self.pages))
    }

    /// Looks the page up in which the SA's entry of a table lies; entries take so many octets each. At best all such pages
    /// are held.
    pub fn translate_entry(&self, octets: Bytes) -> Hop {
        let shared_by = (self.page.get() / octets.get().max(1)).clamp(1, u64::from(u16::MAX)) as u16;
        let hits = Share::from_fraction(1.0);
        Iommu { hits, ..*self }.translate(Key::Flow { first: self.tables, shared_by })
    }

    fn translate(&self, key: Key) -> Hop {
        let walk = Route::from(Hop::Serve(Visit::new(self.walkers, self.walk, Time::ZERO, "page walk")));
        Hop::Lookup(Lookup { cache: self.cache, key, hits: self.hits }, walk)
    }
}
