//! IOMMU: an IO-TLB that holds some translations, and page walks for the others.

use serde::{Deserialize, Serialize};

use crate::engine::program::{Cache, Key, Replacement};
use crate::resource::Resource;
use crate::route::{CacheId, Hop, Lookup, Platform, Route, StationId, Taken, Visit};
use crate::units::{Bytes, Cycles, Hertz, Share, Time};

/// Parameters of the IOMMU that all devices share, and of the DMA buffers in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IommuParams {
    /// Whether devices' addresses are translated.
    pub enabled: bool,
    /// Translations that the IO-TLB holds.
    pub entries: u32,
    /// Size of a page.
    pub page: Bytes,
    /// Time of one page walk.
    pub walk: Time,
    /// Walks at a time.
    pub walkers: u32,
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
    /// The IOMMU's invalidation queue, which cores that share the IOMMU wait for, and its time for one buffer.
    pub invalidation: Taken,
}

impl DmaMapping {
    /// Places the invalidation queue, if drivers map buffers. A core that waits for it serves nobody else.
    pub fn place(params: &IommuParams, clock: Hertz, cores: &[StationId], platform: &mut Platform) -> Option<Self> {
        let each = match params.mapping {
            _ if !params.enabled => return None,
            Mapping::Kept => return None,
            Mapping::Lazy => params.invalidate.scale(1.0 / FLUSH_QUEUE),
            Mapping::Strict => params.invalidate,
        };
        for core in cores {
            let station = &platform.stations[usize::from(core.0)];
            if station.held.is_none() {
                let pool = platform.pool(station.resource, 1);
                platform.stations[usize::from(core.0)].held = Some(pool);
            }
        }
        let cycles = |time: Time| Cycles(time.as_seconds() * clock.get() as f64);
        let queue = platform.station(Resource::Invalidation, 1);
        Some(DmaMapping {
            map: cycles(params.map),
            unmap: cycles(params.unmap),
            invalidation: Taken::once(queue, each),
        })
    }

    /// The same for so many buffers.
    #[must_use]
    pub fn times(self, buffers: f64) -> Self {
        let Taken { lock, time, .. } = self.invalidation;
        let invalidation = Taken::once(lock, time.scale(buffers));
        DmaMapping { map: self.map * buffers, unmap: self.unmap * buffers, invalidation }
    }
}

/// The IOMMU as a device meets it.
#[derive(Debug, Clone, Copy)]
pub struct Iommu {
    cache: CacheId,
    walkers: StationId,
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
    /// Places IO-TLB and page walkers on the platform; `None` where nothing is translated. Devices have tables with entries
    /// for so many SAs.
    pub fn new(params: &IommuParams, sas: u32, platform: &mut Platform) -> Option<Self> {
        let pages = params.working_set.pieces(params.page).clamp(1, u64::from(u32::MAX)) as u32;
        let fresh = params.mapping != Mapping::Kept;
        let tables = if fresh { pages.max(FRESH_PAGES) } else { pages };
        let keys = tables.saturating_add(sas);
        params.enabled.then(|| Iommu {
            cache: platform.cache(Cache { capacity: params.entries, keys, ways: None, replacement: Replacement::Lru }),
            walkers: platform.station(Resource::PageWalkers, params.walkers),
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
        let shared_by = (self.page.get() / octets.get().max(1)).clamp(1, u64::from(u32::MAX)) as u32;
        let hits = Share::from_fraction(1.0);
        Iommu { hits, ..*self }.translate(Key::Flow { first: self.tables, shared_by })
    }

    fn translate(&self, key: Key) -> Hop {
        let walk = Route::from(Hop::Serve(Visit::new(self.walkers, self.walk, Time::ZERO, "page walk")));
        Hop::Lookup(Lookup { cache: self.cache, key, hits: self.hits }, walk)
    }
}
