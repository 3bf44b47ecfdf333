//! What all placements share of the ways in: from the wire to a core's poll, and from there to the application or on.

use super::{Costs, Host};
use crate::hardware::core::Core;
use crate::hardware::wire;
use crate::profile::VectorCost;
use crate::route;
use crate::route::{Category, GateId, Hop, Route, Visit};
use crate::scenario::Stack;
use crate::traffic::Packet;
use crate::units::{Bytes, Cycles};

/// The most packets of one poll: `NAPI_POLL_WEIGHT`, Linux include/linux/netdevice.h.
pub const NAPI_BUDGET: u32 = 64;
/// The most packets of one vector: `VLIB_FRAME_SIZE`, VPP src/vlib/node.h.
pub const VECTOR_SIZE: u32 = 256;

impl Host<'_> {
    /// The costs of vector processing, where that carries packets.
    pub(super) fn vector(&self) -> Option<&VectorCost> {
        self.core.profile.vector.as_ref().filter(|_| self.stack == Stack::Vector)
    }

    /// The interrupt and the poll by which the core hears of packets. Vector processing polls all the time.
    fn polls(&self) -> [Visit; 2] {
        let stack = &self.core.profile.stack;
        let (interrupt, poll) = match self.vector() {
            Some(vector) => (Cycles(0.0), vector.vector),
            None => (stack.interrupt, stack.poll),
        };
        let interrupt = self.core.work("interrupt", &[(Category::Interrupt, interrupt)]);
        [interrupt, self.core.work("poll", &[(Category::Poll, poll)])]
    }

    /// A packet that the NIC leaves encrypted comes to a poll.
    pub(super) fn arrives_sealed(&self, p: &Packet) -> Route {
        self.nic.receive(p.frame, p.dma(), p, false, self.polls())
    }

    /// A packet that the NIC decrypts comes to a poll, its ESP header still on it or not.
    pub(super) fn arrives_opened(&self, p: &Packet, decapsulated: bool) -> Route {
        let dma = if decapsulated { p.clear_frame() - wire::FCS } else { p.dma() };
        self.nic.receive(p.frame, dma, p, true, self.polls())
    }

    /// A packet in the clear comes to a poll.
    pub(super) fn arrives_clear(&self, p: &Packet) -> Route {
        let frame = p.clear_frame();
        self.nic.receive(frame, frame - wire::FCS, p, false, self.polls())
    }

    /// In the poll of its queue the core spends `costs` on the packet and takes it to the application.
    pub(super) fn delivers(&self, costs: Costs, p: &Packet) -> Route {
        self.delivers_from(self.nic.polling, &self.core, "receive packet", costs, p)
    }

    /// In the poll at `gate` a core spends `costs` on the packet and takes it to the application: merged with others, or
    /// by itself.
    pub(super) fn delivers_from(
        &self,
        gate: GateId,
        core: &Core<'_>,
        label: &'static str,
        costs: Costs,
        p: &Packet,
    ) -> Route {
        let stack = &core.profile.stack;
        let copy = (Category::Copy, core.profile.memory.copy * p.goodput);
        let deliver = (Category::Deliver, stack.deliver);
        let end = route![Hop::Depart(*p), self.nic.refill()];
        match self.merging {
            Some(merging) => {
                let costs = [costs, vec![(Category::Gro, stack.gro), copy]].concat();
                let merge = Hop::Merge(merging, gate, core.work("deliver", &[deliver]));
                route![Hop::Serve(core.work(label, &costs)), merge, end]
            }
            None => {
                let costs = [costs, vec![copy, deliver]].concat();
                route![Hop::Serve(core.work(label, &costs)), Hop::Polled(gate), end]
            }
        }
    }

    /// Driver receive.
    pub(super) fn receive_cost(&self) -> (Category, Cycles) {
        (Category::Receive, self.core.profile.stack.receive)
    }

    /// Receive, route lookup and, unless an accelerator comes between, handing on to the NIC.
    pub(super) fn forward_costs(&self, transmit: bool) -> Costs {
        if let Some(vector) = self.vector() {
            return vec![(Category::Forward, vector.packet)];
        }
        let mut costs = vec![self.receive_cost(), (Category::Forward, self.core.profile.stack.forward)];
        if transmit {
            costs.extend(self.driver_costs(1));
        }
        costs
    }

    /// In its poll the core spends `costs` on the packet and hands it to the NIC, which reads `dma` octets and sends it.
    pub(super) fn forwards(&self, costs: Costs, p: &Packet, dma: Bytes, encrypt: bool) -> Route {
        route![self.in_poll("forward packet", costs), self.nic.forwarded(), self.nic_takes(p, dma, p.frame, encrypt)]
    }

    /// The same for a packet that leaves in the clear.
    pub(super) fn forwards_clear(&self, costs: Costs, p: &Packet) -> Route {
        route![self.in_poll("forward packet", costs), self.sends_clear(p)]
    }

    /// A packet leaves in the clear.
    pub(super) fn sends_clear(&self, p: &Packet) -> Route {
        let frame = p.clear_frame();
        route![self.nic.forwarded(), self.nic_takes(p, frame - wire::FCS, frame, false)]
    }

    /// In its poll the core spends `costs` on the packet and gives the NIC a buffer in its place.
    pub(super) fn in_poll(&self, label: &'static str, costs: Costs) -> Route {
        route![Hop::Serve(self.core.work(label, &costs)), Hop::Polled(self.nic.polling), self.nic.refill()]
    }
}
