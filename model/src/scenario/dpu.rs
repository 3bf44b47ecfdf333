//! A DPU in a scenario: who processes ESP on it, what its cores are, and whether it can be had.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::check::{invalid, listed, within_if_given};
use super::{Invalid, Scenario};
use crate::hardware::inline_esp::InlineEsp;
use crate::hardware::nic::NicParams;
use crate::placement::Placement;
use crate::preset::{self, PresetKind};
use crate::profile::Profile;
use crate::stack::Stack;
use crate::traffic::{Fit, Traffic};

/// What the cores of a DPU run: the kernel's IPsec between the host's port and the wire's (representors).
pub const SOC_STACK: Stack = Stack::Kernel;

/// Who processes ESP on a DPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DpuEsp {
    /// The NIC's engine; its cores what that refuses.
    Engine,
    /// Its cores, all of it.
    Cores,
}

/// A DPU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DpuParams {
    /// Who processes ESP.
    pub esp: DpuEsp,
    /// Name of the CPU preset of its cores; that of the NIC if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Its cores; as many as the NIC has if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<u32>,
    /// What things cost its cores where that is drawn from the preset's ranges.
    #[serde(skip)]
    pub drawn: Option<Arc<Profile>>,
}

/// The cores of a DPU.
#[derive(Debug, Clone, Copy)]
pub struct Soc<'a> {
    /// What things cost there.
    pub profile: &'a Profile,
    /// How many carry packets.
    pub cores: u32,
}

impl Scenario {
    /// The cores of each DPU, where the placement is one.
    pub fn soc(&self) -> Option<Soc<'_>> {
        self.soc_of(self.nics().first().filter(|_| self.placement.encrypts_in_dpu())?)
    }

    /// The cores of a NIC that is a DPU, whatever the placement.
    fn soc_of(&self, nic: &NicParams) -> Option<Soc<'_>> {
        let (cpu, cores) = (nic.soc_cpu.as_deref()?, nic.soc_cores?);
        let shipped = || preset::shared_profile(self.dpu.cpu.as_deref().unwrap_or(cpu));
        let profile = self.dpu.drawn.as_deref().or_else(shipped)?;
        Some(Soc { profile, cores: self.dpu.cores.unwrap_or(cores) })
    }

    /// Whether the NIC's engine encrypts the packets of a design.
    pub fn encrypts_in_engine(&self, design: Placement) -> bool {
        design.encrypts_in_nic() || design == Placement::DPU && self.dpu.esp == DpuEsp::Engine
    }

    /// Whether cores of a DPU encrypt the packets of a design.
    pub fn encrypts_on_dpu_cores(&self, design: Placement) -> bool {
        design.encrypts_in_dpu() && !self.encrypts_in_engine(design)
    }

    /// Whether packets are under ESP where the host's cores see them: not behind a DPU.
    pub fn host_sees_esp(&self) -> bool {
        self.placement.has_sas() && !self.placement.encrypts_in_dpu()
    }

    /// Values in their ranges, whatever the placement.
    pub(super) fn check_dpu_values(&self) -> Result<(), Invalid> {
        within_if_given("dpu.cores", self.dpu.cores)?;
        let of_nics = listed("nic", &self.nic).into_iter().map(|(at, nic)| (format!("{at}.soc_cpu"), &nic.soc_cpu));
        let mut named = of_nics.chain([("dpu.cpu".to_owned(), &self.dpu.cpu)]);
        named.try_for_each(|(key, name)| match name {
            Some(name) if preset::shared_profile(name).is_none() => {
                invalid(&key, name, format!("a CPU preset: {}", PresetKind::Cpu.names().join(", ")))
            }
            _ => Ok(()),
        })
    }

    /// Whether the NICs are DPUs that can do what is asked of them.
    pub(super) fn check_dpu(&self) -> Result<(), Invalid> {
        for nic in self.nics() {
            let Some(soc) = self.soc_of(nic) else {
                let allowed = format!(
                    "{} has no cores of its own: nic.preset = {}, or nic.soc_cpu and nic.soc_cores",
                    nic.title,
                    presets_with_cores().join(" or ")
                );
                return invalid("placement", self.placement.name(), allowed);
            };
            let alike = |first: Soc<'_>| std::ptr::eq(first.profile, soc.profile) && first.cores == soc.cores;
            if !self.soc().is_some_and(alike) {
                let allowed = "NICs whose cores are alike, or dpu.cpu and dpu.cores to make them so";
                return invalid("nic.soc_cpu", nic.soc_cpu.as_deref().unwrap_or_default(), allowed);
            }
            if self.dpu.esp == DpuEsp::Engine {
                let lacks = match &nic.esp {
                    None => Some("no ESP engine"),
                    Some(esp) if !esp.packet_offload => Some("crypto offload only"),
                    Some(_) => None,
                };
                if let Some(lacks) = lacks {
                    return invalid("dpu.esp", "engine", format!("cores: {} has {lacks}", nic.title));
                }
            }
            let by_cores = self.dpu_cores_carry(nic);
            let has_cost = |class: &Traffic| self.has_software_cost_on(soc.profile, class.direction, SOC_STACK);
            if by_cores && !self.classes().iter().all(has_cost) {
                let allowed = format!("one that the DPU's cores do: {} has no cost for it", soc.profile.host.model);
                return invalid("sa.algorithm", self.sa.algorithm.name(), allowed);
            }
        }
        if self.sa.per_cpu {
            return invalid("sa.per_cpu", true, "false: behind a DPU the host's cores have no SAs of their own");
        }
        match self.failover.event.is_empty() {
            true => Ok(()),
            false => {
                let allowed = "one whose SAs are the host's: a failover of a DPU, whose own daemon moves them, is not \
                               modelled";
                invalid("placement", self.placement.name(), allowed)
            }
        }
    }

    /// Whether some packets go by the cores of a DPU: all, or those that its engine leaves to them.
    fn dpu_cores_carry(&self, nic: &NicParams) -> bool {
        let fragments =
            |class: &Traffic| self.sends(class).iter().any(|send| matches!(send.segments[0].0.fit, Fit::Fragments(_)));
        let most = self.sas().div_ceil(self.nics().len() as u32);
        most > self.engine_room(nic) || self.traffic.iter().any(fragments)
    }

    /// SAs of each direction that the engine of a DPU takes: none of a cipher or mode that it lacks.
    pub(crate) fn engine_room(&self, nic: &NicParams) -> u32 {
        let inbound = self.classes().iter().any(|class| class.direction.is_inbound());
        let offers = |esp: &&InlineEsp| {
            esp.packet_offload
                && esp.algorithms.contains(&self.sa.algorithm)
                && esp.modes.contains(&self.sa.mode)
                && (esp.decrypts || !inbound)
        };
        let engine = nic.esp.as_ref().filter(|_| self.dpu.esp == DpuEsp::Engine);
        engine.filter(offers).map_or(0, |esp| esp.sa_capacity)
    }
}

/// NICs of the library that have cores of their own.
fn presets_with_cores() -> Vec<&'static str> {
    let has_cores =
        |name: &&str| preset::load(PresetKind::Nic, name).is_ok_and(|nic| nic.values.contains_key("soc_cpu"));
    PresetKind::Nic.names().into_iter().filter(has_cores).collect()
}
