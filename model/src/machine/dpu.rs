//! DPUs: their cores with what each has of the NIC, and the DPU as a path finds it.

use super::devices::Devices;
use super::hosts::Placed;
use super::{Builder, Class, Path, Way};
use crate::hardware::core::Core;
use crate::hardware::dpu;
use crate::hardware::memory::Memory;
use crate::hardware::nic::Nic;
use crate::placement::{Dpu, Host};
use crate::resource::Resource;
use crate::route::{GateId, Platform, PoolId, StationId};
use crate::scenario::{DpuEsp, SOC_STACK, Scenario, Soc};
use crate::stack::StackCost;
use crate::traffic::Fit;
use crate::units::Hertz;

/// Cores of all DPUs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DpuCores {
    /// How many.
    pub cores: u32,
    /// Their clock.
    pub clock: Hertz,
}

/// What one core of a DPU has.
#[derive(Clone, Copy)]
struct CoreQueue {
    station: StationId,
    ring: PoolId,
    polling: GateId,
}

/// The cores of all DPUs with their queues.
pub(super) struct DpuQueues<'a> {
    pub soc: Soc<'a>,
    pub clock: Hertz,
    /// Those of each NIC.
    nics: Vec<(Vec<CoreQueue>, Option<Memory>)>,
}

impl<'a> DpuQueues<'a> {
    /// Places them on the platform, where the placement has some.
    pub fn place(s: &'a Scenario, devices: &Devices, platform: &mut Platform) -> Option<Self> {
        let soc = s.soc()?;
        let mut of_core = |ring: u32, moderation| {
            let (packets, time) = moderation;
            CoreQueue {
                station: platform.station(Resource::DpuCore, 1),
                ring: platform.pool(Resource::DpuRing, ring),
                polling: platform.polled_gate(packets, time, SOC_STACK.budget()),
            }
        };
        let cores: Vec<Vec<CoreQueue>> = devices
            .nics
            .iter()
            .map(|nic| {
                let p = &nic.params;
                let moderation = SOC_STACK.moderation(p.moderation_packets, p.moderation_time);
                (0..soc.cores).map(|_| of_core(p.ring, moderation)).collect()
            })
            .collect();
        // What the NIC writes into the last-level cache reaches no DRAM.
        let mut memory = || {
            (!soc.profile.host.ddio).then(|| Memory {
                station: platform.station(Resource::DpuMemory, 1),
                bandwidth: soc.profile.memory.bandwidth,
            })
        };
        let nics = cores.into_iter().map(|cores| (cores, memory())).collect();
        Some(DpuQueues { soc, clock: soc.profile.host.clock(soc.cores, Some(s.sa.algorithm)), nics })
    }

    /// The stations of all cores.
    pub fn stations(&self) -> Vec<StationId> {
        self.nics.iter().flat_map(|(cores, _)| cores).map(|core| core.station).collect()
    }

    /// How many cores, and their clock.
    pub fn cores(&self) -> DpuCores {
        DpuCores { cores: self.soc.cores * self.nics.len() as u32, clock: self.clock }
    }
}

impl<'a> Builder<'a> {
    /// What the stack costs where ESP is done: on the host's cores, or on those of a DPU.
    pub(super) fn costs_of_esp(&self) -> &'a StackCost {
        self.scenario.soc().map_or_else(|| self.costs(), |soc| &soc.profile.stack)
    }

    /// The core that does ESP, of each flow.
    pub(super) fn esp_core_of_flow(&self) -> &[u32] {
        if self.scenario.placement.encrypts_in_dpu() { &self.dpu_core_of_flow } else { &self.core_of_flow }
    }

    /// The core of a DPU that packets of a flow come to; the first where none does.
    pub(super) fn dpu_core(&self, class: u8, flow: u32, way: Way) -> u16 {
        let s = self.scenario;
        let fragments =
            |class: &Class| class.sends.iter().any(|send| matches!(send.segments[0].0.fit, Fit::Fragments(_)));
        let by_cores = matches!(way, Way::By(design) if s.encrypts_on_dpu_cores(design));
        match by_cores || fragments(&self.classes[usize::from(class)]) {
            true => self.dpu_core_of_flow[flow as usize] as u16,
            false => 0,
        }
    }

    /// The DPU as a path finds it whose NIC is one.
    pub(super) fn dpu(&self, placed: &Placed<'a>, path: &Path, class: &Class, host: &Host<'a>) -> Option<Dpu<'a>> {
        let s = self.scenario;
        let queues = placed.dpu.as_ref().filter(|_| matches!(path.way, Way::By(design) if design.encrypts_in_dpu()))?;
        let (cores, memory) = queues.nics.get(usize::from(path.nic))?;
        let own = cores.get(usize::from(path.dpu_core))?;
        let profile = queues.soc.profile;
        let core = Core {
            station: own.station,
            costs: &profile.stack,
            memory: &profile.memory,
            clock: queues.clock,
            cipher: s.software_cost_on(profile, class.direction, SOC_STACK),
            lock: None,
            mapping: None,
            beyond: None,
            on_dpu: true,
        };
        let soc = Host {
            core,
            completion: core,
            nic: Nic { polling: own.polling, ..host.nic.clone() },
            admission: None,
            merging: None,
            merging_of_card: None,
            stack: SOC_STACK,
            forwards: true,
            by_accelerator: false,
            policy: s.policy_costs(core.costs),
            hooks: Vec::new(),
            tunnel: Vec::new(),
            sa_state: placed.sa_state,
            threads: None,
            acks: None,
            steered: None,
            workers: None,
            dpu: None,
            ..host.clone()
        };
        let queue = dpu::Soc { ring: own.ring, memory: *memory };
        Some(Dpu { soc, queue, by_engine: s.dpu.esp == DpuEsp::Engine })
    }
}
