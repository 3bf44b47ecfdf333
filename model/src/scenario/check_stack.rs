//! Whether a stack does at all what is asked of it: what no real system does is refused by name.

use super::check::invalid;
use super::{Invalid, Scenario, Submission};
use crate::hardware::pcie::Mapping;
use crate::placement::Placement;
use crate::profile::{Algorithm, Profile};
use crate::stack::Stack;
use crate::traffic::{Direction, GSO_MAX_SIZE, Steering, Traffic, Transport};

impl Scenario {
    pub(super) fn check_stack(&self, profile: &Profile) -> Result<(), Invalid> {
        let stack = self.host.stack;
        if profile.costs(stack).is_none() {
            return invalid("host.stack", stack.name(), format!("the profile has no [{}] costs", stack.table()));
        }
        let forwards = self.traffic.iter().all(|class| class.direction.is_forwarding());
        let sends = self.traffic.iter().all(|class| class.direction == Direction::Transmit);
        if self.lookaside.submission == Submission::Sync && !sends {
            return invalid("lookaside.submission", "sync", "interrupt or poll: a softirq cannot wait");
        }
        let mapping = self.pcie.iommu.mapping;
        if stack == Stack::Vector && mapping != Mapping::Kept {
            let name = if mapping == Mapping::Lazy { "lazy" } else { "strict" };
            return invalid("pcie.iommu.mapping", name, "kept: DPDK maps its memory once, when it starts");
        }
        if !self.placement.has_network() {
            return self.check_without_network(sends);
        }
        self.check_esp_of_xdp()?;
        self.check_steering()?;
        if self.placement.only_forwards() && !forwards {
            let allowed = "encrypt, decrypt or both: a hairpin forwards between ports; what the host sends or receives \
                           goes by inline-packet";
            return invalid("traffic.direction", self.traffic[0].direction.name(), allowed);
        }
        if stack != Stack::Kernel && !forwards {
            let allowed = "kernel: the others forward, with traffic.direction = \"encrypt\", \"decrypt\" or \"both\"";
            return invalid("host.stack", stack.name(), allowed);
        }
        Ok(())
    }

    /// Whether the host has so many ways for device writes.
    pub(super) fn check_ddio(&self, profile: &Profile) -> Result<(), Invalid> {
        let Some(ways) = self.host.ddio_ways else { return Ok(()) };
        let most = if profile.host.ddio { profile.host.l3_ways } else { 0 };
        match ways > most {
            true if most == 0 => invalid("host.ddio_ways", ways, "0: this host's devices write to memory"),
            true => invalid("host.ddio_ways", ways, format!("0 to {most}, the ways of this host's L3 cache")),
            false => Ok(()),
        }
    }

    /// Packets that are handed on, and SAs of single cores, are the kernel's.
    fn check_steering(&self) -> Result<(), Invalid> {
        let is_kernel = self.host.stack == Stack::Kernel;
        if !is_kernel && self.traffic.iter().any(|class| class.steering == Steering::Rps) {
            let allowed = "spread or rss: the kernel alone has RPS, and its drivers XDP's cpumap";
            return invalid("traffic.steering", "rps", allowed);
        }
        if !is_kernel && self.sa.per_cpu {
            return invalid("sa.per_cpu", true, "false: the kernel alone has SAs of single CPUs");
        }
        if let Some(window) = self.sa.replay_window.filter(|_| !self.failover.event.is_empty()) {
            return invalid("sa.replay_window", window, "absent in a failover, whose inbound SAs are not modelled");
        }
        if self.sa.per_cpu && !self.failover.event.is_empty() {
            return invalid("sa.per_cpu", true, "false in a failover: how a daemon moves such SAs is not modelled");
        }
        Ok(())
    }

    fn check_esp_of_xdp(&self) -> Result<(), Invalid> {
        let there = [Placement::CLEAR, Placement::INLINE_PACKET, Placement::HAIRPIN, Placement::DPU];
        if self.host.stack == Stack::Xdp && !there.contains(&self.placement) {
            let allowed =
                "clear, inline-packet, hairpin or dpu: there is no ESP in XDP, whose packets are none of XFRM's";
            return invalid("placement", self.placement.name(), allowed);
        }
        Ok(())
    }

    /// Whether the design is to be had at all, with this stack, cipher and hardware. What [`Self::check`] takes because SAs
    /// fall back to software is not: a comparison of designs has nothing to compare there.
    ///
    /// # Errors
    /// What is missing.
    pub fn check_exists(&self) -> Result<(), Invalid> {
        self.check_esp_of_xdp()?;
        self.check_super_packets()?;
        self.check_engines()?;
        if self.placement.encrypts_in_dpu() {
            self.check_dpu()?;
        }
        if self.offers_cipher() {
            return Ok(());
        }
        let names = |of: &[Algorithm]| of.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ");
        let allowed = match self.accelerator.first().filter(|_| self.placement.uses_accelerator()) {
            Some(card) if self.offered(card) != card.algorithms => format!(
                "one that the kernel's driver of {} registers ({}), or lookaside.driver = \"complete\" for a driver that \
                 has all of them, or host.stack = \"vector\"",
                card.title,
                names(&card.kernel_algorithms)
            ),
            Some(card) => format!("one that {} does: {}", card.title, names(&card.algorithms)),
            None => "one that the NIC does inline".to_owned(),
        };
        invalid("sa.algorithm", self.sa.algorithm.name(), allowed)
    }

    fn check_without_network(&self, sends: bool) -> Result<(), Invalid> {
        if !sends || !self.failover.event.is_empty() {
            let allowed = "one with a network: without one there are only buffers that are sent to be encrypted";
            return invalid("placement", self.placement.name(), allowed);
        }
        if self.host.stack == Stack::Xdp {
            return invalid("host.stack", "xdp", "kernel or vector: XDP has no ciphers");
        }
        Ok(())
    }

    /// Refuses super-packets that the kernel does not take where IPsec is to protect them: those of UDP, for which
    /// `udp_send_skb` in net/ipv4/udp.c and `udp_v6_send_skb` in net/ipv6/udp.c return EIO where the route has a
    /// transformation (`dst_xfrm`), before any NIC is asked; and those beyond 64 KiB (BIG TCP), whose length no IPv4 header
    /// of a tunnel can say. TCP's of up to 64 KiB are taken.
    pub(super) fn check_super_packets(&self) -> Result<(), Invalid> {
        let sends = |class: &&Traffic| class.direction == Direction::Transmit;
        let under_xfrm = self.host.stack == Stack::Kernel && self.host_sees_esp();
        let (Some(size), true) = (self.offload.gso.0, under_xfrm) else { return Ok(()) };
        if self.traffic.iter().filter(sends).any(|class| class.transport == Transport::Udp) {
            let allowed = "traffic.transport = \"tcp\", or offload.gso = \"off\" for a send of each datagram, as by sendmmsg: \
                           Linux refuses UDP super-packets on an XFRM route with EIO";
            return invalid("offload.gso", size, allowed);
        }
        if size.get() > GSO_MAX_SIZE && self.traffic.iter().any(|class| sends(&class)) {
            let allowed = "at most 64 KiB (65536 B) with headers: no BIG TCP through IPsec";
            return invalid("offload.gso", size, allowed);
        }
        Ok(())
    }
}
