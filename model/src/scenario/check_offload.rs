//! Whether whoever is to encrypt can: designs that the hardware lacks are refused, SAs that it does not take fall back.

use super::check::invalid;
use super::{Invalid, Scenario, WhenFull};
use crate::hardware::inline_esp::InlineEsp;
use crate::hardware::nic::NicParams;
use crate::hardware::wire;
use crate::placement::Agent;
use crate::profile::Profile;
use crate::traffic::{Basis, Fit, Traffic};
use crate::units::{BitRate, Bytes};

impl Scenario {
    /// Whether the placement is there at all. Single SAs whose cipher a device does not do, or that it has no room for,
    /// run as what the placement falls back to.
    pub(super) fn check_offload(&self, profile: &Profile) -> Result<(), Invalid> {
        match self.placement.0.encrypts {
            Agent::Nobody => return Ok(()),
            Agent::Cpu => return self.check_software_cost(profile, "the profile has no cost for this cipher"),
            Agent::Accelerator => {
                if self.lookaside.smallest > Bytes::ZERO {
                    self.check_software_cost(
                        profile,
                        "the profile has no cost for this cipher, for what stays on the CPU",
                    )?;
                }
                if !self.placement.has_network() {
                    return self.check_card_alone();
                }
                if self.lookaside.when_full == WhenFull::Software {
                    self.check_software_cost(profile, "the profile has no cost for this cipher, to fall back to")?;
                }
            }
            Agent::Nic => self.check_engines()?,
            Agent::Dpu => return self.check_dpu(),
        }
        if self.falls_back_for_fragments() {
            self.check_software_cost(
                profile,
                "packets that are fragmented go in software, and the profile has no cost for it",
            )?;
        }
        let software = self.failover.software;
        if !self.offers_cipher() && !software {
            let allowed = "a cipher that the device offers, or failover.software = true to let the CPU do it";
            return invalid("sa.algorithm", self.sa.algorithm.name(), allowed);
        }
        if !self.has_room() && !software && !self.is_open() {
            // What is dropped at once would be sent again at once, for ever.
            let allowed = "true, or arrivals at a rate: no NIC takes all SAs, and a sender that saturates never stops \
                           sending what is dropped";
            return invalid("failover.software", false, allowed);
        }
        if (!self.offers_cipher() || !self.has_room()) && software {
            self.check_software_cost(
                profile,
                "neither the device takes all of them nor has the profile a cost for it",
            )?;
        }
        Ok(())
    }

    /// Whether NICs have the engines that the design needs.
    pub(super) fn check_engines(&self) -> Result<(), Invalid> {
        for nic in self.nic.iter().filter(|nic| self.placement.encrypts_in_nic() && !nic.standby) {
            let Some(esp) = &nic.esp else {
                return invalid("placement", self.placement.name(), format!("{} has no ESP engine", nic.title));
            };
            if self.placement.encapsulates_in_nic() && !esp.packet_offload {
                let allowed = format!("{} has crypto offload only", nic.title);
                return invalid("placement", self.placement.name(), allowed);
            }
            self.check_sas(nic, esp)?;
            if self.placement.only_forwards() && nic.hairpin.is_none() {
                let allowed = format!("{} does not forward by itself, see nic.hairpin", nic.title);
                return invalid("placement", self.placement.name(), allowed);
            }
        }
        Ok(())
    }

    /// Whether a NIC's driver takes SAs of this mode, in the directions that there are.
    fn check_sas(&self, nic: &NicParams, esp: &InlineEsp) -> Result<(), Invalid> {
        if !esp.modes.contains(&self.sa.mode) {
            let offered: Vec<&str> = esp.modes.iter().map(|mode| mode.name()).collect();
            let allowed = format!("{}: {} offers no other, see nic.esp.modes", offered.join(", "), nic.title);
            return invalid("sa.mode", self.sa.mode.name(), allowed);
        }
        let classes = self.classes();
        match classes.iter().find(|class| class.direction.is_inbound() && !esp.decrypts) {
            Some(_) => {
                let allowed = format!("{} encrypts what is sent, and leaves what it receives to the CPU", nic.title);
                invalid("placement", self.placement.name(), allowed)
            }
            None => Ok(()),
        }
    }

    /// Without a network nothing falls back.
    fn check_card_alone(&self) -> Result<(), Invalid> {
        match self.offers_cipher() || self.traffic.iter().all(|class| self.stays_on_cpu(class)) {
            true => Ok(()),
            false => invalid(
                "sa.algorithm",
                self.sa.algorithm.name(),
                "a cipher that the card offers to this stack, see accelerator.kernel_algorithms and lookaside.driver",
            ),
        }
    }

    fn stays_on_cpu(&self, class: &Traffic) -> bool {
        class.mix.iter().all(|entry| entry.size < self.lookaside.smallest)
    }

    /// Whether every device that SAs are offered to does the cipher.
    pub(super) fn offers_cipher(&self) -> bool {
        let cards = || self.accelerator.iter().all(|card| self.offered(card).contains(&self.sa.algorithm));
        let esps = || self.nics().into_iter().filter_map(|nic| nic.esp.as_ref());
        match self.placement.0.encrypts {
            // What the engine of a DPU does not do its cores do.
            Agent::Nobody | Agent::Cpu | Agent::Dpu => true,
            Agent::Accelerator => cards(),
            Agent::Nic => esps().all(|esp| esp.algorithms.contains(&self.sa.algorithm)),
        }
    }

    /// Whether packets are fragmented that the NIC cannot encrypt for it: `xfrm_dev_offload_ok` (Linux
    /// net/xfrm/xfrm_device.c) leaves those beyond the MTU to software.
    fn falls_back_for_fragments(&self) -> bool {
        let in_software = self.placement.encrypts_in_nic() && !self.placement.encapsulates_in_nic();
        let fragments =
            |class: &Traffic| self.sends(class).iter().any(|send| matches!(send.segments[0].0.fit, Fit::Fragments(_)));
        in_software && self.traffic.iter().any(fragments)
    }

    /// Whether NICs hold as many SAs as there are.
    fn has_room(&self) -> bool {
        let most = self.sas().div_ceil(self.nics().len() as u32);
        let mut esps = self.nics().into_iter().filter_map(|nic| nic.esp.as_ref());
        !self.placement.encrypts_in_nic() || esps.all(|esp| most <= esp.sa_capacity)
    }

    fn check_software_cost(&self, profile: &Profile, missing: &str) -> Result<(), Invalid> {
        match self.classes().iter().all(|class| self.has_software_cost(profile, class.direction)) {
            true => Ok(()),
            false => invalid("sa.algorithm", self.sa.algorithm.name(), missing),
        }
    }

    /// Nothing comes in faster than the wire brings it. Not part of [`Self::check`]: plans try too few NICs on purpose.
    ///
    /// # Errors
    /// The rate, and the highest that there can be.
    pub fn check_incoming(&self) -> Result<(), Invalid> {
        let lines: f64 = self.nics().iter().map(|nic| nic.line_rate.as_bps() as f64).sum();
        let classes = self.classes();
        for inbound in [false, true] {
            let of_side = |class: &&Traffic| {
                class.direction.comes_by_wire() && (!self.has_two_ports() || class.direction.is_inbound() == inbound)
            };
            // What each class has on the wire for an octet of its rate.
            let loads = classes.iter().filter(of_side).filter_map(|class| {
                let (mut rated, mut wired) = (0.0, 0.0);
                let sends = class.sends(self.encapsulation(class).as_ref(), None);
                for send in &sends {
                    let packet = &send.segments[0].0;
                    let clear = || wire::on_wire(packet.clear_frame());
                    let octets = if class.direction.is_inbound() { packet.on(Basis::Wire) } else { clear() };
                    rated += f64::from(send.weight) * packet.on(class.rate_basis).get() as f64;
                    wired += f64::from(send.weight) * octets.get() as f64;
                }
                Some((class.offered()?.as_bps() as f64, wired / rated))
            });
            let loads: Vec<(f64, f64)> = loads.collect();
            let wired: f64 = loads.iter().map(|(rate, ratio)| rate * ratio).sum();
            if wired > lines {
                let rate: f64 = loads.iter().map(|(rate, _)| rate).sum();
                let most = BitRate::from_bps((rate * lines / wired) as u64);
                let given = BitRate::from_bps(rate as u64);
                let allowed = format!(
                    "at most {most}, all that the incoming wire carries ({} Gb/s with preamble and gap)",
                    lines * 1e-9
                );
                return invalid("traffic.rate", given, allowed);
            }
        }
        Ok(())
    }

    fn has_two_ports(&self) -> bool {
        self.nics().iter().all(|nic| nic.ports > 1)
    }
}
