//! IOMMU: an IO-TLB that holds some translations, and page walks for the others.

use serde::{Deserialize, Serialize};

use crate::engine::program::{Cache, Key, Replacement};
use crate::resource::Resource;
use crate::route::{CacheId, Hop, Lookup, Platform, Route, StationId, Visit};
use crate::units::{Bytes, Share, Time};

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
}

/// The IOMMU as a device meets it.
#[derive(Debug, Clone, Copy)]
pub struct Iommu {
    cache: CacheId,
    walkers: StationId,
    walk: Time,
    pages: u32,
    hits: Share,
}

impl Iommu {
    /// Places IO-TLB and page walkers on the platform; `None` where nothing is translated.
    pub fn new(params: &IommuParams, platform: &mut Platform) -> Option<Self> {
        let pages = params.working_set.pieces(params.page).clamp(1, u64::from(u32::MAX)) as u32;
        params.enabled.then(|| Iommu {
            cache: platform.cache(Cache {
                capacity: params.entries,
                keys: pages,
                ways: None,
                replacement: Replacement::Lru,
            }),
            walkers: platform.station(Resource::PageWalkers, params.walkers),
            walk: params.walk,
            pages,
            hits: Share::from_fraction((f64::from(params.entries) / f64::from(pages)).min(1.0)),
        })
    }

    /// The job's buffer gets its page, which all that follows will find it in.
    pub fn place(&self) -> Hop {
        Hop::Place(self.pages)
    }

    /// Looks the page of the job's buffer up; a miss takes a page walk, for which others that miss the same page wait.
    pub fn translate_buffer(&self) -> Hop {
        self.translate(Key::Page(self.pages))
    }

    /// Looks any other page up.
    pub fn translate_elsewhere(&self) -> Hop {
        self.translate(Key::Random(self.pages))
    }

    fn translate(&self, key: Key) -> Hop {
        let walk = Route::from(Hop::Serve(Visit::new(self.walkers, self.walk, Time::ZERO, "page walk")));
        Hop::Lookup(Lookup { cache: self.cache, key, hits: self.hits }, walk)
    }
}
