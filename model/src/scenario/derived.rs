//! What follows from a scenario: packets, classes, devices, and what the stack does of what it is asked.

use super::{Driver, SaParams, Scenario, Selectors, Submission};
use crate::engine::program::Train;
use crate::esp::{CipherSizes, ESN_HIGH, Encapsulation, Inside, Mode, cipher_sizes};
use crate::hardware::accelerator::AcceleratorParams;
use crate::hardware::nic::NicParams;
use crate::hardware::wire;
use crate::placement::Costs;
use crate::profile::{self, AeadCost, Algorithm, Profile};
use crate::route::Category;
use crate::stack::{Stack, StackCost};
use crate::traffic::{Basis, Direction, GSO_MAX_SIZE, Packet, SendCall, Traffic, Transport};
use crate::units::{Bytes, Time};

/// Plaintext of full-sized packets, by which a cipher is chosen that all sizes have to take.
const FULL_SIZED: Bytes = Bytes::new(1408);

/// What a cipher does to packets of a direction.
fn of_cipher(direction: Direction) -> profile::Direction {
    if direction.is_inbound() { profile::Direction::Open } else { profile::Direction::Seal }
}

impl Scenario {
    /// How packets of a class are encapsulated; `None` in the clear.
    pub fn encapsulation(&self, class: &Traffic) -> Option<Encapsulation> {
        let SaParams { algorithm, mode, nat_t, outer, inside, .. } = self.sa;
        let (inner, outer) = (class.family, outer.unwrap_or(class.family));
        self.placement.has_sas().then_some(Encapsulation { algorithm, mode, nat_t, inner, outer, inside })
    }

    /// SAs of each direction: of `sa.count`, each a set of one for each core where they are per CPU.
    pub fn sas(&self) -> u32 {
        self.sa.count * if self.sa.per_cpu { self.host.cores } else { 1 }
    }

    /// Whether packets that are to be encrypted are handed to the core of their SA, where the CPU takes sequence numbers.
    pub fn hands_to_owners(&self) -> bool {
        let outbound = self.traffic.iter().any(|class| !class.direction.is_inbound());
        self.host.stack.hands_to_owners() && self.placement.passes_sa_lock() && self.placement.has_sas() && outbound
    }

    /// Cores that do the cipher for all, where the CPU encrypts.
    pub fn crypto_workers(&self) -> Option<u32> {
        let asked = self.host.crypto_workers.filter(|_| self.placement.encrypts_on_cpu())?;
        Some(asked.min(self.host.cores))
    }

    /// Cores that flows come to: all but those that do nothing but the cipher.
    pub fn flow_cores(&self) -> u32 {
        let workers = self.crypto_workers().unwrap_or(0);
        if workers < self.host.cores { self.host.cores - workers } else { self.host.cores }
    }

    /// The cost of doing the cipher on the CPU: one backend for all packets of a direction. Userspace takes the one that is
    /// the cheapest for the sizes of the scenario; a kernel has its own or, where that is not known, stands the best at
    /// full-sized packets for it.
    pub fn software_cost<'a>(&self, profile: &'a Profile, direction: Direction) -> Option<&'a AeadCost> {
        self.software_cost_on(profile, direction, self.host.stack)
    }

    /// The same where another stack runs.
    pub(crate) fn software_cost_on<'a>(
        &self,
        profile: &'a Profile,
        direction: Direction,
        stack: Stack,
    ) -> Option<&'a AeadCost> {
        let sizes = match stack {
            Stack::Vector => self.encrypted_sizes(direction),
            Stack::Kernel | Stack::Xdp => Vec::new(),
        };
        let sizes = if sizes.is_empty() { vec![(1.0, FULL_SIZED)] } else { sizes };
        profile.aead_of_mix(self.sa.algorithm, of_cipher(direction), &sizes, stack)
    }

    /// Whether the profile has a cost for the cipher on the CPU.
    pub(super) fn has_software_cost(&self, profile: &Profile, direction: Direction) -> bool {
        self.has_software_cost_on(profile, direction, self.host.stack)
    }

    /// The same where another stack runs.
    pub(super) fn has_software_cost_on(&self, profile: &Profile, direction: Direction, stack: Stack) -> bool {
        profile.aead(self.sa.algorithm, of_cipher(direction), FULL_SIZED, stack).is_some()
    }

    /// What is encrypted of packets that go in or out, with weights; empty in the clear.
    fn encrypted_sizes(&self, direction: Direction) -> Vec<(f64, Bytes)> {
        let alike = |class: &Traffic| class.direction.is_inbound() == direction.is_inbound();
        let sends = self.classes().into_iter().filter(alike).flat_map(|class| self.sends(&class));
        let packets = sends.flat_map(|send| {
            let weight = f64::from(send.weight);
            send.segments.into_iter().map(move |(packet, count)| (weight * f64::from(count), packet.encrypted))
        });
        packets.filter(|(_, octets)| *octets > Bytes::ZERO).collect()
    }

    /// The cipher that cores run, if they run one.
    pub fn cipher_of_cores(&self) -> Option<profile::Algorithm> {
        self.placement.encrypts_on_cpu().then_some(self.sa.algorithm)
    }

    /// What the cipher adds to a packet; nothing in the clear.
    pub fn cipher_sizes(&self) -> CipherSizes {
        if !self.placement.has_sas() {
            return CipherSizes { iv: Bytes::ZERO, alignment: Bytes::new(1), icv: Bytes::ZERO, unsent: Bytes::ZERO };
        }
        let unsent = if self.sa.esn { ESN_HIGH } else { Bytes::ZERO };
        CipherSizes { unsent, ..cipher_sizes(self.sa.algorithm) }
    }

    /// Largest super-packet of a class, in octets of payload; received packets come one by one.
    pub fn gso(&self, class: &Traffic) -> Option<Bytes> {
        self.offload.gso.0.filter(|_| class.direction == Direction::Transmit)
    }

    /// The sends of a class. Without a network they are buffers, as they are.
    pub fn sends(&self, class: &Traffic) -> Vec<SendCall> {
        match self.placement.has_network() {
            true => class.sends(self.encapsulation(class).as_ref(), self.gso(class)),
            false => class.buffers(),
        }
    }

    /// Packets of one flow that come by the wire one after the other: what is given, or of TCP the super-packet that its
    /// sender's NIC has cut (`GSO_LEGACY_MAX_SIZE`, 64 KiB); they follow each other at the line's rate.
    pub fn train(&self, class: &Traffic) -> Train {
        if !class.direction.comes_by_wire() {
            return Train::NONE;
        }
        let sends = self.sends(class);
        let weights: f64 = sends.iter().map(|send| f64::from(send.weight)).sum();
        let mean = |of: &dyn Fn(&Packet) -> Bytes| {
            let octets = sends.iter().map(|send| f64::from(send.weight) * of(&send.segments[0].0).get() as f64);
            octets.sum::<f64>() / weights
        };
        let of_sender = match class.transport {
            Transport::Tcp => (GSO_MAX_SIZE as f64 / mean(&|p| p.l3)).max(1.0) as u32,
            Transport::Udp => 1,
        };
        let inbound = class.direction.is_inbound();
        let frame = mean(&|p| if inbound { p.on(Basis::Wire) } else { wire::on_wire(p.clear_frame()) });
        let line = self.nics().first().map_or(1, |nic| nic.line_rate.as_bps()).max(1);
        let spacing = Time::from_seconds(frame * 8.0 / line as f64).as_ps();
        Train { jobs: class.train.unwrap_or(of_sender).max(1), spacing }
    }

    /// Whether received packets of a class merge (GRO): those of TCP. Of UDP none do, for applications as forwarded, unless a
    /// socket (`UDP_GRO`) or the device (`rx-udp-gro-forwarding`) is told to (`udp_gro_receive`, Linux net/ipv4/udp_offload.c).
    pub fn merges(&self, class: &Traffic) -> bool {
        let there = class.direction.comes_by_wire() && class.transport == Transport::Tcp;
        let under_esp = class.direction.is_inbound() && self.host_sees_esp();
        let tunnels = self.sa.mode == Mode::Tunnel || self.sa.inside != Inside::Nothing;
        let seen = !under_esp || (tunnels || self.offload.esp_gro) && self.sa.inside.merges();
        there && seen && self.offload.gro.0.is_some() && self.host.stack.merges()
    }

    /// How callers wait for the accelerator: where cores poll all the time, they poll for that too.
    pub fn submission(&self) -> Submission {
        match self.lookaside.submission {
            Submission::Interrupt if self.host.stack.is_polling() => Submission::Poll,
            submission => submission,
        }
    }

    /// Ciphers that an accelerator offers to the stack in use.
    pub fn offered<'a>(&self, card: &'a AcceleratorParams) -> &'a [Algorithm] {
        let of_kernel = self.host.stack == Stack::Kernel && self.lookaside.driver == Driver::InTree;
        if of_kernel { &card.kernel_algorithms } else { &card.algorithms }
    }

    /// Policy lookup of a forwarded packet, where there are policies: growing with their number where a tree holds them.
    pub(crate) fn policy_costs(&self, costs: &StackCost) -> Costs {
        if !self.placement.has_sas() || costs.policy.0 == 0.0 {
            return Vec::new();
        }
        let levels = match self.sa.selectors {
            Selectors::Exact => 0.0,
            Selectors::Prefix => f64::from(self.sa.count + 1).log2(),
        };
        vec![(Category::Policy, costs.policy + costs.policy_level * levels)]
    }

    /// Hooks that every packet passes.
    pub(crate) fn hook_costs(&self, costs: &StackCost) -> Costs {
        let hooks = [(self.host.netfilter, costs.netfilter), (self.host.conntrack, costs.conntrack)];
        hooks
            .into_iter()
            .filter(|(on, cost)| *on && cost.0 > 0.0)
            .map(|(_, cost)| (Category::Netfilter, cost))
            .collect()
    }

    /// Encapsulation or decapsulation in a tunnel inside ESP, where there is one.
    pub(crate) fn tunnel_costs(&self, costs: &StackCost) -> Costs {
        match self.sa.inside {
            Inside::Nothing => Vec::new(),
            _ if !self.placement.has_sas() => Vec::new(),
            Inside::Gre | Inside::Vxlan | Inside::L2tp => vec![(Category::Tunnel, costs.tunnel)],
        }
    }

    /// Whether the NIC segments and sums what is inside ESP. Drivers find TCP and UDP directly in it, or in a VXLAN that is
    /// in transport mode; behind other headers they leave both to the CPU (`mlx5e_ipsec_feature_check`, Linux
    /// drivers/net/ethernet/mellanox/mlx5/core/en_accel/ipsec_rxtx.h, since commit f1267798c980).
    pub(crate) fn nic_sees_inside(&self) -> bool {
        match self.sa.inside {
            Inside::Nothing => true,
            Inside::Vxlan => self.sa.mode == Mode::Transport,
            Inside::Gre | Inside::L2tp => false,
        }
    }

    /// Traffic classes, each in one direction, in an order that does not depend on that of the file: how often one comes
    /// before the other at the same time must not hang on who wrote them in which order.
    pub fn classes(&self) -> Vec<Traffic> {
        let mut classes = Vec::new();
        for class in &self.traffic {
            let ways: &[Direction] = match class.direction {
                Direction::Both => &[Direction::Encrypt, Direction::Decrypt],
                _ => std::slice::from_ref(&class.direction),
            };
            let name = |direction: Direction| match ways.len() {
                1 => class.name.clone(),
                _ => class.name.as_ref().map(|name| format!("{name}, {}", direction.name())),
            };
            let of = |&direction: &Direction| Traffic { direction, name: name(direction), ..class.clone() };
            classes.extend(ways.iter().map(of));
        }
        classes.sort_by(|a, b| (a.direction, a.name()).cmp(&(b.direction, b.name())));
        classes
    }

    /// Whether packets come at a rate; a saturating sender is held back where there is no room.
    pub fn is_open(&self) -> bool {
        self.traffic.iter().all(|class| class.arrival != crate::traffic::Arrival::Saturate)
    }

    /// NICs that packets go by from the start, each as often as there are of its kind.
    pub fn nics(&self) -> Vec<&NicParams> {
        let active = self.nic.iter().filter(|nic| !nic.standby);
        active.flat_map(|nic| std::iter::repeat_n(nic, nic.count as usize)).collect()
    }

    /// The NIC that packets go by after a failover, where there is one.
    pub fn standby(&self) -> Option<&NicParams> {
        self.nic.iter().find(|nic| nic.standby)
    }

    /// Accelerators, each as often as there are of its kind.
    pub fn accelerators(&self) -> Vec<&AcceleratorParams> {
        self.accelerator.iter().flat_map(|card| std::iter::repeat_n(card, card.count as usize)).collect()
    }
}
