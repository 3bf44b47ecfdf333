//! ACKs of TCP: small packets the other way, on the same cores.

use super::{Host, Placement, Workers};
use crate::hardware::core::Core;
use crate::hardware::nic::Nic;
use crate::route::{Hop, Route};
use crate::stack::StackCost;
use crate::traffic::{Direction, Packet, SendCall};

/// ACKs for what is carried.
#[derive(Debug, Clone)]
pub struct Acks {
    /// The way of one.
    pub route: Route,
    /// Segments that one is sent for, where none merge.
    pub every: u32,
}

impl Placement {
    /// The way of an ACK through a host that looks the other way. It is encrypted or decrypted as other packets are, but for
    /// one that comes in to a sender with a lookaside card whose responses raise interrupts: that one the CPU decrypts. An
    /// ACK waits for room where others would be dropped: the next one says what it says.
    pub fn ack(self, direction: Direction, ack: &Packet, h: &Host<'_>) -> Route {
        let costs = h.core.costs;
        // TCP's work stands in place of send call and delivery.
        let costs = StackCost { send: costs.ack, deliver: costs.ack, ..costs.clone() };
        let nic = Nic { drops: false, ..h.nic.clone() };
        let core = Core { costs: &costs, ..h.core };
        let completion = Core { costs: &costs, ..h.completion };
        let h = Host {
            core,
            completion,
            nic,
            merging: None,
            merging_of_card: None,
            admission: None,
            threads: None,
            acks: None,
            workers: h.workers.clone().map(|w| {
                let back = Host {
                    core: Core { costs: &costs, ..w.back.core },
                    nic: Nic { drops: false, ..w.back.nic.clone() },
                    merging: None,
                    acks: None,
                    ..*w.back
                };
                Workers { back: Box::new(back), ..w }
            }),
            ..h.clone()
        };
        let by_cpu = self.uses_accelerator() && direction == Direction::Receive && !h.accelerator.polled;
        let design = if by_cpu { Placement::HOST.0 } else { self.0 };
        let route = match direction {
            Direction::Transmit => (design.transmit)(&SendCall { segments: vec![(*ack, 1)], weight: 1 }, &h),
            Direction::Receive => (design.receive)(ack, &h),
            Direction::Encrypt | Direction::Both => (design.encrypt)(ack, &h),
            Direction::Decrypt => (design.decrypt)(ack, &h),
        };
        // It is no payload that has left.
        let is_kept = |hop: &Hop| !matches!(hop, Hop::Depart(_));
        Route(route.0.into_iter().filter(is_kept).collect())
    }
}

impl Host<'_> {
    /// So many segments are acknowledged, and no more come on the flow's window before that has happened: one ACK for `every` that were given, or for as many as the receiver has merged.
    pub(super) fn acknowledges(&self, segments: u32, every: Option<u32>) -> Route {
        match &self.acks {
            Some(acks) => Hop::Spawn(acks.route.clone(), segments, every.unwrap_or(acks.every)).into(),
            None => Route::default(),
        }
    }
}
