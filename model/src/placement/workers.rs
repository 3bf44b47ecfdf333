//! The CPU's cipher on other cores than the packet's: pcrypt in the kernel, crypto_sw_scheduler in VPP.
//!
//! 1. core    makes the request, hands it over
//! 2. worker  the one that is free first: cipher
//! 3. core    polls; each packet, in the order of the requests: takes it back, goes on
//!
//! In the kernel (crypto/pcrypt.c over kernel/padata.c) there are as many work items as the machine has CPUs; where none is
//! left, the core does the cipher itself. Packets come back to one core for each SA (`cb_cpu`), which polls them (`gro_cells`)
//! from a backlog that drops. In VPP (src/plugins/crypto_sw_scheduler) workers look for frames of 64 packets in a ring of 64 of
//! each thread; where it is full, packets are dropped, and they come back to their own thread. Here workers take packets one
//! by one: what a frame costs is in the cost of each.

use super::{Costs, Host};
use crate::hardware::core::Core;
use crate::route;
use crate::route::{Category, Hop, OrderId, PoolId, Route};
use crate::traffic::{Direction, Packet};

/// Cores that do the cipher for others.
#[derive(Debug, Clone)]
pub struct Workers<'a> {
    /// These cores.
    pub cores: Vec<Core<'a>>,
    /// The order that packets keep.
    pub order: OrderId,
    /// Work items, without which a core does the cipher itself; absent where packets wait in a ring.
    pub items: Option<PoolId>,
    /// The host as the core sees it that packets come back to.
    pub back: Box<Host<'a>>,
}

impl Workers<'_> {
    /// Taking a packet back, beside its lines.
    pub(super) fn take(&self) -> Costs {
        vec![(Category::Steer, self.back.core.costs.worker_complete)]
    }

    /// In that poll the core hands a sealed packet to the driver.
    pub(super) fn transmits(&self, p: &Packet) -> Route {
        let lines = vec![self.back.receive_cost()];
        let costs = [lines, self.take(), self.back.fragment_costs(p), self.back.driver_costs(1)].concat();
        self.back.in_poll("take from a worker, transmit", costs, 1)
    }
}

impl Host<'_> {
    /// A request to the CPU's own cipher that workers are to do.
    pub(super) fn hand_over(&self) -> Costs {
        let costs = self.core.costs;
        vec![(Category::CryptoRequest, costs.crypto_request), (Category::Steer, costs.worker_submit)]
    }

    /// In the poll of its queue the core takes up a sealed packet and hands it over; it has so many frames afterwards.
    pub(super) fn hands_on(&self, workers: &Workers<'_>, p: &Packet, frames: u32, direction: Direction) -> Route {
        let costs = [self.receive_costs(p), self.xfrm(), self.hand_over()].concat();
        let handed = self.in_poll("receive packet, hand to a worker", costs, p.fragments());
        route![handed, self.by_workers(workers, p, frames, direction)]
    }

    /// From where a packet of so many frames has been handed over until the core that it comes back to polls it.
    pub(super) fn by_workers(&self, workers: &Workers<'_>, p: &Packet, frames: u32, direction: Direction) -> Route {
        let Workers { cores, order, items, back } = workers;
        let cipher = self.cipher_itself(p);
        let costs = [cipher.clone(), vec![(Category::Steer, self.core.costs.worker)]].concat();
        let ways = cores.iter().map(|core| Route::from(Hop::Serve(core.work("cipher for another core", &costs))));
        let work = Hop::OneOf(ways.collect());
        // A send is held back by its socket or its window; parts of it are not dropped.
        let drops = self.nic.drops && direction != Direction::Transmit;
        let place = back.steered.map_or_else(Route::default, |steered| match drops {
            true => Hop::AcquireOrDrop(steered.backlog, frames, 1).into(),
            false => Hop::Acquire(steered.backlog, frames).into(),
        });
        let worked = match items {
            None => route![place, Hop::Enter(*order), work, Hop::Leave(*order, true)],
            Some(items) => {
                let back = route![Hop::Leave(*order, true), place];
                let own = Hop::Serve(self.core.work("cipher, no work item left", &cipher));
                let [by_worker, by_itself] = [route![work, Hop::Release(*items, 1), back.clone()], route![own, back]];
                route![Hop::Enter(*order), Hop::AcquireElse(*items, 1, by_worker, by_itself)]
            }
        };
        let core = &back.core;
        let mut poll =
            vec![(Category::Poll, if self.stack.is_polling() { Default::default() } else { core.costs.poll })];
        if self.stack.rings_once_per_poll() {
            poll.push((Category::Steer, core.costs.crypto_complete_burst));
            poll.push((Category::Doorbell, core.costs.doorbell));
        }
        // The first of a burst wakes a thread, where there is one to wake.
        let wake = core.work("wake-up", &[(Category::Switch, core.costs.switch)]);
        route![worked, Hop::Poll(back.polling(), wake, core.work("poll for what workers have done", &poll))]
    }
}
