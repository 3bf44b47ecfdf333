//! What all placements share of the ways in: from the wire to a core's poll, and from there to the application or on.

use super::{Costs, Host, Merging};
use crate::hardware::core::Core;
use crate::hardware::wire;
use crate::route;
use crate::route::{Category, GateId, Hop, Route, Visit};
use crate::traffic::Packet;
use crate::units::{Bytes, Cycles};

/// What forwarding costs a core beyond driver and route: for each packet as it comes in, once for all that have merged,
/// and for each as it goes out.
pub(super) struct Forwarding {
    pub comes: Costs,
    pub once: Costs,
    pub goes: Costs,
}

/// How a forwarded packet leaves.
pub(super) struct Leaving {
    /// What the NIC reads of it.
    pub dma: Bytes,
    /// Its frames: several of one that is fragmented.
    pub frames: Vec<Bytes>,
    /// Whether the NIC encrypts it.
    pub encrypt: bool,
    /// Whether the NIC cuts what has merged.
    pub nic_segments: bool,
}

impl Host<'_> {
    /// The interrupt and the poll by which the core hears of packets.
    fn polls(&self) -> [Visit; 2] {
        let costs = self.core.costs;
        let mut poll = vec![(Category::Poll, costs.poll)];
        // What is handed on in this poll is told to the devices at its end.
        if self.stack.rings_once_per_poll() && self.forwards {
            poll.push((Category::Doorbell, costs.doorbell));
            if self.by_accelerator {
                poll.push((Category::CryptoSubmit, costs.crypto_submit_burst));
            }
        }
        let interrupt = self.core.work("interrupt", &[(Category::Interrupt, costs.interrupt)]);
        [interrupt, self.core.work("poll", &poll)]
    }

    /// A packet that the NIC leaves encrypted comes to a poll.
    pub(super) fn arrives_sealed(&self, p: &Packet) -> Route {
        self.nic.receive(&p.frames(), p.dma(), p, false, self.polls())
    }

    /// A packet that the NIC decrypts comes to a poll, its ESP header still on it or not.
    pub(super) fn arrives_opened(&self, p: &Packet, decapsulated: bool) -> Route {
        let dma = if decapsulated { p.clear_frame() - wire::FCS } else { p.dma() };
        self.nic.receive(&[p.frame], dma, p, true, self.polls())
    }

    /// A packet in the clear comes to a poll.
    pub(super) fn arrives_clear(&self, p: &Packet) -> Route {
        let frame = p.clear_frame();
        self.nic.receive(&[frame], frame - wire::FCS, p, false, self.polls())
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
        let copy = (Category::Copy, core.memory.copy * p.goodput);
        let costs = [costs, self.tunnel.clone()].concat();
        let deliver = [vec![(Category::Deliver, core.costs.deliver)], self.hooks.clone()].concat();
        let end = route![Hop::Depart(*p), self.nic.refill(p.fragments())];
        match self.merging {
            Some(merging) => {
                let costs = [costs, vec![(Category::Gro, core.costs.gro), copy]].concat();
                let deliver = core.work("deliver", &deliver);
                let merge = Hop::Merge(merging.gate, gate, deliver, self.acknowledges(1, Some(1)));
                route![Hop::Serve(core.work(label, &costs)), merge, end]
            }
            None => {
                let costs = [costs, vec![copy], deliver].concat();
                let acks = self.acknowledges(1, None);
                route![Hop::Serve(core.work(label, &costs)), Hop::Polled(gate), end, acks]
            }
        }
    }

    /// Driver receive.
    pub(super) fn receive_cost(&self) -> (Category, Cycles) {
        (Category::Receive, self.core.costs.receive)
    }

    /// What is paid for each forwarded packet, or once for all that have merged: route, policy where there are some, hooks.
    pub(super) fn route_costs(&self) -> Costs {
        [vec![(Category::Forward, self.core.costs.forward)], self.policy.clone(), self.hooks.clone()].concat()
    }

    /// The core forwards a packet, merged with others or by itself, and it leaves under ESP. What has merged goes into a
    /// tunnel at once.
    pub(super) fn forwards(
        &self,
        mut f: Forwarding,
        p: &Packet,
        dma: Bytes,
        encrypt: bool,
        nic_segments: bool,
    ) -> Route {
        f.once.extend(self.tunnel.clone());
        self.forwards_as(f, p, 1, &Leaving { dma, frames: p.frames(), encrypt, nic_segments })
    }

    /// The same for a packet that leaves in the clear: each comes out of a tunnel by itself.
    pub(super) fn forwards_clear(&self, mut f: Forwarding, p: &Packet) -> Route {
        f.comes.extend(self.tunnel.clone());
        self.forwards_as(f, p, p.fragments(), &self.leaves_clear(p))
    }

    fn leaves_clear(&self, p: &Packet) -> Leaving {
        let frame = p.clear_frame();
        Leaving { dma: frame - wire::FCS, frames: vec![frame], encrypt: false, nic_segments: self.features.tso }
    }

    /// A packet that has come by so many frames.
    fn forwards_as(&self, f: Forwarding, p: &Packet, came: u32, leaving: &Leaving) -> Route {
        let receive = if came == 1 { vec![self.receive_cost()] } else { self.receive_costs(p) };
        let comes = [receive, f.comes].concat();
        let once = [self.route_costs(), f.once].concat();
        match self.merging {
            None => {
                let costs = [comes, once, f.goes, self.driver_costs(1)].concat();
                route![self.in_poll("forward packet", costs, came), self.leaves(p, leaving)]
            }
            Some(merging) => self.forwards_merged(merging, [comes, once, f.goes], p, came, leaving),
        }
    }

    /// Of what has merged route, policy and hooks are paid once. It leaves as one super-packet where the NIC cuts it, with
    /// one descriptor and one completion, or is cut by the core.
    fn forwards_merged(&self, merging: Merging, costs: [Costs; 3], p: &Packet, came: u32, leaving: &Leaving) -> Route {
        let [mut comes, mut once, mut goes] = costs;
        comes.push((Category::Gro, self.core.costs.gro));
        let share = 1.0 / f64::from(merging.packets);
        let out = if leaving.nic_segments {
            once.extend(self.driver_costs(1));
            route![self.nic.forwarded(1), self.nic_takes_share(p, leaving, share)]
        } else {
            goes.push((Category::Segment, self.core.costs.segment));
            goes.extend(self.driver_costs(1));
            route![Hop::Serve(self.core.work("segment", &goes)), self.leaves(p, leaving)]
        };
        route![
            Hop::Serve(self.core.work("receive packet, merge", &comes)),
            Hop::Merge(merging.gate, self.nic.polling, self.core.work("forward", &once), Route::default()),
            self.nic.refill(came),
            out,
        ]
    }

    /// A packet leaves in the clear.
    pub(super) fn sends_clear(&self, p: &Packet) -> Route {
        self.leaves(p, &self.leaves_clear(p))
    }

    fn leaves(&self, p: &Packet, leaving: &Leaving) -> Route {
        let frames = &leaving.frames;
        route![self.nic.forwarded(frames.len() as u32), self.nic_takes(p, leaving.dma, frames, leaving.encrypt)]
    }

    /// In the poll of its queue the core spends `costs` on a packet of so many frames and gives the NIC buffers in their place.
    pub(super) fn in_poll(&self, label: &'static str, costs: Costs, frames: u32) -> Route {
        route![Hop::Serve(self.core.work(label, &costs)), Hop::Polled(self.nic.polling), self.nic.refill(frames)]
    }
}
