//! What all placements share of the ways in: from the wire to a core's poll, and from there to the application or on.

use super::{Costs, Host, Merging, Steered};
use crate::hardware::core::Core;
use crate::hardware::wire;
use crate::route;
use crate::route::{Category, GateId, Hop, Route, Visit};
use crate::traffic::Packet;
use crate::units::{Bytes, Cycles};

/// Cache lines of a packet that the driver has written and another core reads: `struct sk_buff` without what only clones
/// have, 232 octets (Linux include/linux/skbuff.h), and the headers.
const SKB_LINES: f64 = 5.0;

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
    pub(super) fn polls(&self, core: &Core<'_>) -> [Visit; 2] {
        let costs = core.costs;
        let mut poll = vec![(Category::Poll, costs.poll)];
        // What is handed on in this poll is told to the devices at its end.
        if self.stack.rings_once_per_poll() && self.forwards && self.workers.is_none() {
            poll.push((Category::Doorbell, costs.doorbell));
            if self.by_accelerator {
                poll.push((Category::CryptoSubmit, costs.crypto_submit_burst));
            }
        }
        let interrupt = core.work("interrupt", &[(Category::Interrupt, costs.interrupt)]);
        [interrupt, core.work("poll", &poll)]
    }

    /// A packet comes in by these frames and to a poll: that of its queue, or of what another core hands on.
    fn comes_to_poll(&self, frames: &[Bytes], dma: Bytes, p: &Packet, decrypt: bool) -> Route {
        let Some(Steered { dispatcher, polling, backlog, routed }) = self.steered else {
            let comes = self.nic_receives(&self.core, (frames, dma), p, decrypt);
            return route![comes, self.core.touches(dma, self.touches_all)];
        };
        let (costs, n) = (dispatcher.costs, frames.len() as u32);
        let each = f64::from(n);
        let mut hands_on = vec![(Category::Receive, costs.receive * each), (Category::Steer, costs.steer * each)];
        if routed {
            hands_on.push((Category::Forward, costs.forward));
        }
        let [interrupt, poll] = self.polls(&self.core);
        let place = if self.nic.drops { Hop::AcquireOrDrop(backlog, n, 1) } else { Hop::Acquire(backlog, n) };
        route![
            self.nic_receives(&dispatcher, (frames, dma), p, decrypt),
            dispatcher.touches(dma, self.touches_all),
            Hop::Serve(dispatcher.work("receive packet, hand on", &hands_on)),
            Hop::Polled(self.nic.polling),
            self.nic.refill(n),
            place,
            Hop::Poll(polling, interrupt, poll),
        ]
    }

    /// The polls in which the core works on received packets.
    pub(super) fn polling(&self) -> GateId {
        self.steered.map_or(self.nic.polling, |steered| steered.polling)
    }

    /// The core is done with a received packet of so many frames: the NIC gets buffers in their place, unless the core that
    /// handed it on has seen to that.
    pub(super) fn received(&self, frames: u32) -> Route {
        self.steered.map_or_else(|| self.nic.refill(frames), |steered| Hop::Release(steered.backlog, frames).into())
    }

    /// A packet that the NIC leaves encrypted comes to a poll.
    pub(super) fn arrives_sealed(&self, p: &Packet) -> Route {
        self.comes_to_poll(&p.frames(), p.dma(), p, false)
    }

    /// A packet that the NIC decrypts comes to a poll, its ESP header still on it or not.
    pub(super) fn arrives_opened(&self, p: &Packet, decapsulated: bool) -> Route {
        let dma = if decapsulated { p.clear_frame() - wire::FCS } else { p.dma() };
        self.comes_to_poll(&[p.frame], dma, p, true)
    }

    /// A packet in the clear comes to a poll.
    pub(super) fn arrives_clear(&self, p: &Packet) -> Route {
        let frame = p.clear_frame();
        self.comes_to_poll(&[frame], frame - wire::FCS, p, false)
    }

    /// In the poll of its queue the core spends `costs` on the packet and takes it to the application.
    pub(super) fn delivers(&self, costs: Costs, p: &Packet) -> Route {
        self.delivers_from((self.polling(), self.merging), &self.core, "receive packet", costs, p)
    }

    /// In the poll at the gate a core spends `costs` on the packet and takes it to the application: merged with others, or
    /// by itself.
    pub(super) fn delivers_from(
        &self,
        (gate, merging): (GateId, Option<Merging>),
        core: &Core<'_>,
        label: &'static str,
        costs: Costs,
        p: &Packet,
    ) -> Route {
        let copy = (Category::Copy, core.memory.copy * p.goodput);
        // A call takes what has come of a stream meanwhile, in however many packets.
        let calls = self.reads.map_or(1.0, |reads| p.goodput.get() as f64 / reads.get() as f64);
        let read = (Category::Deliver, core.costs.read * calls);
        let costs = [costs, self.tunnel.clone(), vec![read]].concat();
        let deliver = [vec![(Category::Deliver, core.costs.deliver)], self.hooks.clone()].concat();
        let copied = core.writes_application(p.goodput);
        let end = route![self.in_replay_window(), Hop::Depart(*p), self.received(self.frames_of(p))];
        match merging {
            Some(merging) => {
                let costs = [costs, vec![(Category::Gro, core.costs.gro), copy]].concat();
                let deliver = core.work("deliver", &deliver);
                let merge = Hop::Merge(merging.gate, gate, deliver, self.acknowledges(1, Some(1)));
                route![Hop::Serve(core.work(label, &costs)), copied, merge, end]
            }
            None => {
                let costs = [costs, vec![copy], deliver].concat();
                let acks = self.acknowledges(1, None);
                route![Hop::Serve(core.work(label, &costs)), copied, Hop::Polled(gate), end, acks]
            }
        }
    }

    /// Driver receive.
    pub(super) fn receive_cost(&self) -> (Category, Cycles) {
        match self.steered {
            None => (Category::Receive, self.core.costs.receive),
            Some(Steered { routed: true, .. }) => (Category::Steer, self.core.costs.steer),
            // The driver has run elsewhere; what it wrote has to come here.
            Some(_) => (Category::Steer, self.core.costs.line_transfer * SKB_LINES),
        }
    }

    /// What is paid for each forwarded packet, or once for all that have merged: route, policy where there are some, hooks.
    pub(super) fn route_costs(&self) -> Costs {
        let routed = self.steered.is_some_and(|steered| steered.routed);
        let forward = if routed { Cycles(0.0) } else { self.core.costs.forward };
        [vec![(Category::Forward, forward)], self.policy.clone(), self.hooks.clone()].concat()
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
        self.forwards_as(f, p, self.frames_of(p), &self.leaves_clear(p))
    }

    /// The same for one that this core takes back from another, which saw its frames.
    pub(super) fn forwards_taken(&self, mut comes: Costs, p: &Packet) -> Route {
        comes.extend(self.tunnel.clone());
        self.forwards_as(Forwarding { comes, once: Vec::new(), goes: Vec::new() }, p, 1, &self.leaves_clear(p))
    }

    /// A gateway's packet that came by so many frames, until the core has handed it to whoever does the cipher, at the cost of
    /// `submit`. Where it may have `merged` it is routed once with others and cut before.
    pub(super) fn until_handed_over(
        &self,
        labels: [&'static str; 2],
        p: &Packet,
        came: u32,
        submit: Costs,
        merged: bool,
    ) -> Route {
        let work = |label, costs: Costs| Hop::Serve(self.core.work(label, &costs));
        let receive = if came == 1 { vec![self.receive_cost()] } else { self.receive_costs(p) };
        let Some(merging) = self.merging.filter(|_| merged) else {
            let costs = [receive, self.route_costs(), submit].concat();
            return self.in_poll(labels[0], costs, came);
        };
        let comes = vec![self.receive_cost(), (Category::Gro, self.core.costs.gro)];
        let cut = [vec![(Category::Segment, self.core.costs.segment)], submit].concat();
        let forward = self.core.work("forward", &self.route_costs());
        route![
            work("receive packet, merge", comes),
            Hop::Merge(merging.gate, self.polling(), forward, Route::default()),
            self.received(1),
            work(labels[1], cut),
        ]
    }

    fn leaves_clear(&self, p: &Packet) -> Leaving {
        let frame = p.clear_frame();
        Leaving { dma: frame - wire::FCS, frames: vec![frame], encrypt: false, nic_segments: self.features.tso }
    }

    /// A packet that has come by so many frames.
    pub(super) fn forwards_as(&self, f: Forwarding, p: &Packet, came: u32, leaving: &Leaving) -> Route {
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
            route![self.in_replay_window(), self.nic.forwarded(1), self.nic_takes_share(p, leaving, share)]
        } else {
            goes.push((Category::Segment, self.core.costs.segment));
            goes.extend(self.driver_costs(1));
            route![Hop::Serve(self.core.work("segment", &goes)), self.leaves(p, leaving)]
        };
        route![
            Hop::Serve(self.core.work("receive packet, merge", &comes)),
            Hop::Merge(merging.gate, self.polling(), self.core.work("forward", &once), Route::default()),
            self.received(came),
            out,
        ]
    }

    /// A packet leaves in the clear.
    pub(super) fn sends_clear(&self, p: &Packet) -> Route {
        self.leaves(p, &self.leaves_clear(p))
    }

    fn leaves(&self, p: &Packet, leaving: &Leaving) -> Route {
        let frames = &leaving.frames;
        route![
            self.in_replay_window(),
            self.nic.forwarded(frames.len() as u32),
            self.nic_takes(p, leaving.dma, frames, leaving.encrypt)
        ]
    }

    /// In the poll of its queue the core spends `costs` on a packet of so many frames and gives the NIC buffers in their place.
    pub(super) fn in_poll(&self, label: &'static str, costs: Costs, frames: u32) -> Route {
        route![Hop::Serve(self.core.work(label, &costs)), Hop::Polled(self.polling()), self.received(frames)]
    }
}
