//! What is plugged into the host: NICs, accelerators, their links, and what their DMA meets.

use crate::engine::program::Cache;
use crate::hardware::accelerator::AcceleratorParams;
use crate::hardware::ddio::{self, Leak};
use crate::hardware::inline_esp::InlineEsp;
use crate::hardware::memory::{BeyondCache, LINE, Memory};
use crate::hardware::nic::NicParams;
use crate::hardware::pcie::{Iommu, IommuParams, Link, Ordering, Slot, SlotParams, Units};
use crate::hardware::wire;
use crate::profile::{HostCpu, Profile};
use crate::resource::Resource;
use crate::route::{CacheId, Platform, PoolId, StationId};
use crate::scenario::{Attachment, Scenario};
use crate::traffic::{Direction, Traffic};
use crate::units::{Bytes, Cycles, Share, Time};

/// A NIC as all cores share it.
pub(super) struct NicDevice {
    pub params: NicParams,
    pub slot: Slot,
    pub ports: Vec<Port>,
    pub esp: Option<EspEngine>,
    /// Where it gathers packets that descriptors point to, where that may limit.
    pub gather: Option<StationId>,
    pub buffer: PoolId,
}

/// A port of a NIC.
#[derive(Clone, Copy)]
pub(super) struct Port {
    pub packet_engine: StationId,
    pub receive_engine: StationId,
    pub wire_out: StationId,
    pub wire_in: StationId,
    pub receive_buffer: PoolId,
}

/// The ESP engine of a NIC.
#[derive(Clone, Copy)]
pub(super) struct EspEngine {
    pub station: StationId,
    pub cache: CacheId,
    pub lookups: Option<PoolId>,
    /// Its own memory, where SA contexts lie there.
    pub memory: Option<StationId>,
}

/// An accelerator as all cores share it.
pub(super) struct Card {
    pub params: AcceleratorParams,
    pub slot: Slot,
    pub engines: StationId,
}

/// Everything that is plugged in.
pub(super) struct Devices {
    /// NICs, those that packets go by from the start first, then the standby.
    pub nics: Vec<NicDevice>,
    pub cards: Vec<Card>,
    /// What cores meet of DRAM, where they do.
    pub beyond: Option<BeyondCache>,
}

impl Devices {
    /// Places devices and links on the platform; `keys` are the SAs of both directions.
    pub fn place(s: &Scenario, profile: &Profile, keys: u32, platform: &mut Platform) -> Self {
        let nics: Vec<&NicParams> = s.nics().into_iter().chain(s.standby()).collect();
        let cards = s.accelerators();
        let nic_links: Vec<Link> =
            nics.iter().map(|nic| link(&nic.pcie, platform, [Resource::NicLinkUp, Resource::NicLinkDown])).collect();
        let card_names = [Resource::AcceleratorLinkUp, Resource::AcceleratorLinkDown];
        let card_links: Vec<Link> = cards.iter().map(|card| link(&card.pcie, platform, card_names)).collect();
        let host = HostSide::place(s, profile, keys, platform);
        let cards = cards.into_iter().zip(card_links).map(|(card, link)| Card {
            params: card.clone(),
            slot: host.slot(
                &card.pcie,
                card.relaxed_ordering,
                link,
                (Resource::AcceleratorTags, card.read_tags),
                platform,
            ),
            engines: platform.station(Resource::AcceleratorEngines, card.engines),
        });
        let cards = cards.collect();
        let classes = s.classes();
        let nics = nics.into_iter().zip(nic_links).map(|(nic, link)| {
            let device = nic_device(nic, link, &host, keys, platform);
            let gather = gathers(nic, &classes).then(|| platform.station(Resource::NicGather, 1));
            NicDevice { gather, ..device }
        });
        Devices { nics: nics.collect(), cards, beyond: host.beyond }
    }

    /// The number of the card that a core hands requests to.
    pub fn card_of(&self, core: usize) -> usize {
        core % self.cards.len()
    }
}

/// The host's end of every link.
struct HostSide {
    /// The switch's uplink, where devices share one.
    uplink: Option<Link>,
    memory: Option<Memory>,
    /// What leaks from the cache of what NICs write.
    leak: Option<Leak>,
    beyond: Option<BeyondCache>,
    translation: Translation,
    /// Translations that a device may have under way, where that is limited.
    translations: Option<u32>,
    root_complex: Option<(StationId, Time)>,
}

/// Who translates the addresses of a slot's devices.
enum Translation {
    /// One unit for all slots, or nobody.
    Shared(Option<Iommu>),
    /// A unit for each slot, with tables for so many SAs.
    PerSlot(IommuParams, u32),
}

impl Translation {
    fn place(s: &Scenario, host: &HostCpu, keys: u32, platform: &mut Platform) -> Self {
        let units = s.pcie.iommu.units.unwrap_or(if host.iommu_per_slot { Units::PerSlot } else { Units::One });
        let one_slot = s.pcie.attachment == Attachment::SharedUplink;
        match units {
            Units::PerSlot if !one_slot => Translation::PerSlot(s.pcie.iommu.clone(), keys),
            _ => Translation::Shared(Iommu::new(&s.pcie.iommu, keys, platform)),
        }
    }

    fn of_slot(&self, platform: &mut Platform) -> Option<Iommu> {
        match self {
            Translation::Shared(unit) => *unit,
            Translation::PerSlot(params, keys) => Iommu::new(params, *keys, platform),
        }
    }
}

impl HostSide {
    fn place(s: &Scenario, profile: &Profile, keys: u32, platform: &mut Platform) -> Self {
        let uplink = link(&s.pcie.uplink, platform, [Resource::UplinkUp, Resource::UplinkDown]);
        let dram = Memory { station: platform.station(Resource::Memory, 1), bandwidth: profile.memory.bandwidth };
        let translation = Translation::place(s, &profile.host, keys, platform);
        let root_complex =
            |rate: crate::units::PacketRate| (platform.station(Resource::RootComplex, 1), rate.interval());
        // No way at all is as without direct cache access; where nobody says how many, all that is written stays.
        let memory = (!s.host.ddio_ways.map_or(profile.host.ddio, |ways| ways > 0)).then_some(dram);
        let ways = s.host.ddio_ways.filter(|ways| *ways > 0);
        let leak = ways.and_then(|ways| Leak::new(written(s), &profile.host, ways, dram));
        HostSide {
            uplink: (s.pcie.attachment == Attachment::SharedUplink).then_some(uplink),
            memory,
            leak,
            beyond: beyond(s, profile, dram, (memory.is_some(), leak)),
            translation,
            translations: s.pcie.iommu.walk_queue.map(|queue| s.pcie.iommu.walkers + queue),
            root_complex: s.pcie.root_complex_rate.map(root_complex),
        }
    }

    fn slot(
        &self,
        params: &SlotParams,
        relaxed: bool,
        own: Link,
        tags: (Resource, u32),
        platform: &mut Platform,
    ) -> Slot {
        let credits = params.posted_data_credits;
        let iommu = self.translation.of_slot(platform);
        Slot {
            params: params.clone(),
            links: [Some(own), self.uplink].into_iter().flatten().collect(),
            tags: (platform.pool(tags.0, tags.1), tags.1),
            memory: self.memory,
            leak: None,
            credits: credits.map(|credits| platform.pool(Resource::PostedCredits, credits.get() as u32)),
            completion_buffer: params
                .completion_buffer
                .map(|room| platform.pool(Resource::CompletionBuffer, room.get() as u32)),
            translations: self
                .translations
                .filter(|_| iommu.is_some())
                .map(|n| platform.pool(Resource::Translations, n)),
            ordering: Ordering::place(params, relaxed, iommu.is_some(), platform),
            iommu,
            root_complex: self.root_complex,
        }
    }
}

/// What cores meet of DRAM; `None` where all that they touch is in the cache. What devices write may all go to memory, or
/// leak from the cache, whose way back is counted with the leak.
fn beyond(
    s: &Scenario,
    profile: &Profile,
    dram: Memory,
    (uncached, leak): (bool, Option<Leak>),
) -> Option<BeyondCache> {
    let host = &profile.host;
    let around_l3 = (f64::from(host.l3_cores) / f64::from(s.host.cores)).min(1.0);
    let applications = s.host.working_set.map_or(0.0, |all| ddio::leaks(all.scale(around_l3), host.l3).fraction());
    // Costs of a host without direct cache access hold what its cores wait for; of one that has it turned off they do not.
    let waits = if uncached && host.ddio { 1.0 } else { leak.map_or(0.0, |leak| leak.share().fraction()) };
    (applications > 0.0 || uncached || waits > 0.0).then(|| BeyondCache {
        memory: dram,
        applications: Share::from_fraction(applications),
        reads_packets: uncached,
        waits: Share::from_fraction(waits),
        line: Cycles(s.host.line_wait.as_seconds() * host.clock(s.host.cores, None).get() as f64),
        prefetches: s.host.stack.prefetches(),
    })
}

fn link(params: &SlotParams, platform: &mut Platform, names: [Resource; 2]) -> Link {
    let [up, down] = names.map(|name| platform.station(name, 1));
    Link { up, down, rate_up: params.tlp_rate(), rate_down: params.tlp_rate_down() }
}

fn nic_device(nic: &NicParams, link: Link, host: &HostSide, keys: u32, platform: &mut Platform) -> NicDevice {
    NicDevice {
        params: nic.clone(),
        // A card writes what it has just read, which is in the cache.
        slot: Slot {
            leak: host.leak,
            ..host.slot(&nic.pcie, nic.relaxed_ordering, link, (Resource::NicTags, nic.read_tags), platform)
        },
        esp: nic.esp.as_ref().map(|esp| esp_engine(esp, keys, platform)),
        ports: (0..nic.ports).map(|_| port(nic, platform)).collect(),
        gather: None,
        buffer: platform.pool(Resource::NicBuffer, nic.buffer.get() as u32),
    }
}

/// Whether the ports' lines are fast enough for frames of some class that gathering them may limit.
fn gathers(nic: &NicParams, classes: &[Traffic]) -> bool {
    let least = |class: &Traffic| mean(class, |l3| wire::on_wire(wire::frame(l3)));
    let least = classes.iter().map(least).min().unwrap_or(Bytes::ZERO);
    nic.gather_rate.is_some_and(|rate| rate.interval() * u64::from(nic.ports) > least / nic.line_rate)
}

/// The mean over the packets of a class of what is said of their sizes.
fn mean(class: &Traffic, of: impl Fn(Bytes) -> Bytes) -> Bytes {
    let weight: u64 = class.mix.iter().map(|entry| u64::from(entry.weight)).sum();
    let all: u64 = class.mix.iter().map(|entry| u64::from(entry.weight) * of(class.l3(entry)).get()).sum();
    Bytes::new(all / weight.max(1))
}

fn esp_engine(esp: &InlineEsp, keys: u32, platform: &mut Platform) -> EspEngine {
    let cache = Cache { capacity: esp.sa_cache, keys, ways: esp.sa_ways, replacement: esp.sa_replacement };
    let misses = cache.can_hold() < keys;
    EspEngine {
        station: platform.station(Resource::NicEspEngine, 1),
        cache: platform.cache(cache),
        lookups: misses.then(|| platform.pool(Resource::SaContextFetches, esp.sa_fetches)),
        memory: esp.sa_device_read.filter(|_| misses).map(|_| platform.station(Resource::NicMemory, esp.sa_fetches)),
    }
}

fn port(nic: &NicParams, platform: &mut Platform) -> Port {
    Port {
        packet_engine: platform.station(Resource::NicPacketEngine, 1),
        wire_out: platform.station(Resource::Wire, 1),
        wire_in: platform.station(Resource::WireIn, 1),
        receive_engine: platform.station(Resource::NicReceiveEngine, 1),
        receive_buffer: platform.pool(Resource::NicReceiveBuffer, nic.receive_buffer.get() as u32),
    }
}

/// Octets of the cache that receive rings with their buffers take: of each buffer the lines that a packet touches, and a
/// completion for each packet. A buffer of 2 KiB of which 64 B are written takes one line.
fn written(s: &Scenario) -> Bytes {
    let classes: Vec<Traffic> = s.classes();
    let received = classes.iter().filter(|class| class.direction != Direction::Transmit);
    let touched = |class: &Traffic| mean(class, |l3| LINE * l3.pieces(LINE)).get();
    // Classes share the rings: the largest packets are what is in them at the worst.
    let packet = received.map(touched).max().unwrap_or(0);
    let ring = |nic: &&NicParams| if packet > 0 { u64::from(nic.ring) * (packet + nic.completion.get()) } else { 0 };
    let octets: u64 = s.nics().iter().map(ring).sum();
    Bytes::new(octets * u64::from(s.host.cores))
}
