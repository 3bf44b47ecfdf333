//! The host as each path finds it, with everything that has been placed.

use super::devices::Devices;
use super::dpu::DpuQueues;
use super::queues::Queues;
use super::workers::WorkerQueues;
use super::{Builder, Class, Path, Way, passes_lock};
use crate::hardware::core::Core;
use crate::hardware::pcie::DmaMapping;
use crate::placement::{Acks, Host, NicFeatures, SaLimit, Steered, Workers};
use crate::route::StationId;
use crate::traffic::Direction;
use crate::units::{Cycles, Hertz, Share};

/// What has been placed, of which paths take their part.
pub(super) struct Placed<'a> {
    pub devices: Devices,
    pub queues: Queues,
    pub dpu: Option<DpuQueues<'a>>,
    pub cores: Vec<StationId>,
    pub clock: Hertz,
    /// Locks of SAs that cores share.
    pub lock: Option<StationId>,
    pub limit: Option<SaLimit>,
    pub workers: Option<WorkerQueues>,
    pub sa_state: Cycles,
    /// Whether packets are counted by SA.
    pub numbered: bool,
}

impl<'a> Builder<'a> {
    /// The host as a path finds it, with ACKs that come back and cores that do the cipher.
    pub(super) fn host(&self, placed: &Placed<'a>, path: &Path, hits: Share) -> Host<'a> {
        let s = self.scenario;
        let class = &self.classes[usize::from(path.class)];
        let inbound = class.direction.is_inbound();
        let mut host = self.bare(placed, path, class, hits);
        let lock = placed.lock.filter(|_| path.shared && passes_lock(s, path.way)).map(|lock| self.takes(lock, path));
        host.numbered = placed.numbered;
        host.limit = placed.limit;
        let replay_window = s.sa.replay_window.filter(|_| inbound && s.placement.has_sas());
        // Whoever does ESP takes the lock and looks at the window.
        let esp = host.dpu.as_mut().map(|dpu| &mut dpu.soc);
        let esp = match esp {
            Some(soc) => soc,
            None => &mut host,
        };
        (esp.core.lock, esp.replay_window) = (lock, replay_window);
        if let (Some(ack), Way::By(design)) = (&class.ack, path.way) {
            let back = class.back();
            // Who gets the data acknowledges it.
            let path = if inbound { self.returned(path) } else { *path };
            let mut reverse = self.bare(placed, &path, &back, hits);
            reverse.workers = self.workers(placed, &path, &back, &reverse);
            let route = design.ack(back.direction, &ack.packet, &reverse);
            host.acks = Some(Acks { route, every: ack.every });
        }
        host.workers = self.workers(placed, path, class, &host);
        host
    }

    /// The host with its costs and no more.
    fn bare(&self, placed: &Placed<'a>, path: &Path, class: &Class, hits: Share) -> Host<'a> {
        let s = self.scenario;
        let station = placed.cores[usize::from(path.core)];
        let devices = &placed.devices;
        let unit_of_card = devices.cards[devices.card_of(path.core.into())].slot.iommu;
        let unit = devices.nics[usize::from(path.nic)].slot.iommu;
        let mapping = DmaMapping::new(&s.pcie.iommu, placed.clock, unit, unit_of_card);
        let core = Core { mapping, beyond: devices.beyond, ..self.core(path, station, class.direction) };
        let mut host = placed.queues.host((s, &placed.devices), (path, class), core, hits);
        if s.host_sees_esp() {
            host.sa_state = placed.sa_state;
            host.policy = s.policy_costs(core.costs);
        }
        host.hooks = s.hook_costs(core.costs);
        host.tunnel = s.tunnel_costs(core.costs);
        host.dpu = self.dpu(placed, path, class, &host).map(Box::new);
        if host.dpu.is_some() && !s.nic_sees_inside() {
            // The host has the tunnel, which no NIC sees through.
            host.features = NicFeatures { tso: false, checksum: false, ..host.features };
        }
        host
    }

    fn core(&self, path: &Path, station: StationId, direction: Direction) -> Core<'a> {
        let s = self.scenario;
        let on_cpu = matches!(path.way, Way::By(design) if design.encrypts_on_cpu());
        Core {
            station,
            costs: self.costs(),
            memory: &self.profile.memory,
            clock: self.profile.host.clock(s.host.cores, on_cpu.then_some(s.sa.algorithm)),
            cipher: s.software_cost(self.profile, direction),
            lock: None,
            mapping: None,
            beyond: None,
            on_dpu: false,
        }
    }

    /// The path from the core on that its packets come back to; the same where nothing is handed over.
    fn returned(&self, path: &Path) -> Path {
        match self.scenario.crypto_workers() {
            Some(_) => Path { core: path.returns, dispatcher: path.returns, ..*path },
            None => *path,
        }
    }

    /// Cores that do the cipher in place of the path's core, where its cipher is the CPU's.
    fn workers(&self, placed: &Placed<'a>, path: &Path, class: &Class, host: &Host<'a>) -> Option<Workers<'a>> {
        let by_cpu = matches!(path.way, Way::By(design) if design.encrypts_on_cpu());
        let queues = placed.workers.as_ref().filter(|_| by_cpu)?;
        let (polling, backlog) = placed.queues.returns(path.returns, class.direction)?;
        let hits = host.nic.sa_cache.as_ref().map_or(Share::from_fraction(1.0), |cache| cache.hits);
        let mut back = self.bare(placed, &self.returned(path), class, hits);
        let core = Core { lock: None, ..host.core };
        back.steered = Some(Steered { dispatcher: core, polling, backlog, routed: false });
        back.replay_window = host.replay_window;
        back.acks = host.acks.clone();
        Some(Workers {
            cores: queues.cores.iter().map(|&station| Core { station, ..core }).collect(),
            order: queues.order(path, class.direction),
            items: queues.items,
            back: Box::new(back),
        })
    }
}
