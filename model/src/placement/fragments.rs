//! Packets that do not fit the MTU: fragments, and what is dropped.

use super::{Costs, Host};
use crate::route;
use crate::route::{Category, Hop, Route};
use crate::traffic::{Direction, Fit, Packet, SendCall};
use crate::units::Cycles;

impl Host<'_> {
    /// Fragments that the core makes of a sealed packet: each is a buffer of its own that is copied to (`ip_do_fragment`,
    /// Linux net/ipv4/ip_output.c) and handed to the driver.
    pub(super) fn fragment_costs(&self, p: &Packet) -> Costs {
        let n = p.fragments();
        if n == 1 {
            return Vec::new();
        }
        let copy = (Category::Copy, self.core.memory.copy * p.outer);
        let more = self.driver_costs(1).into_iter().map(|(category, cycles)| (category, cycles * f64::from(n - 1)));
        [vec![self.fragments(n), copy], more.collect()].concat()
    }

    /// Driver receive of each frame of a packet, and reassembly where there are several (`ip_defrag`, Linux
    /// net/ipv4/ip_fragment.c).
    pub(super) fn receive_costs(&self, p: &Packet) -> Costs {
        let (category, cycles) = self.receive_cost();
        match p.fragments() {
            1 => vec![(category, cycles)],
            n => vec![(category, cycles * f64::from(n)), self.fragments(n)],
        }
    }

    fn fragments(&self, n: u32) -> (Category, Cycles) {
        (Category::Fragment, self.core.costs.fragment * f64::from(n))
    }

    /// The way of a packet that nobody carries. Its sender is told, at a rate that is limited
    /// (`icmp_msgs_per_sec`, Linux Documentation/networking/ip-sysctl.rst) and so costs next to nothing.
    pub(super) fn too_big(&self, direction: Direction, send: &SendCall) -> Route {
        let (n, packet) = (send.count(), &send.segments[0].0);
        let in_vain = |costs: Costs| vec![(Category::Dropped, costs.into_iter().map(|(_, cycles)| cycles).sum())];
        match direction {
            Direction::Transmit => {
                let call = Hop::Serve(self.core.work("send, too big", &in_vain(self.send_costs(send))));
                self.admitted(n, route![call, Hop::Drop(n)])
            }
            Direction::Encrypt | Direction::Both => {
                let costs = in_vain([vec![self.receive_cost()], self.route_costs()].concat());
                route![self.arrives_clear(packet), self.in_poll("packet too big", costs, 1), Hop::Drop(n)]
            }
            // The peer has dropped it; fragments come, and none of them belongs to an SA of this NIC.
            Direction::Receive | Direction::Decrypt => match packet.fit {
                Fit::Fragments(_) => {
                    let costs = in_vain(self.receive_costs(packet));
                    let poll = self.in_poll("fragments of no SA", costs, packet.fragments());
                    route![self.arrives_sealed(packet), poll, Hop::Drop(n)]
                }
                Fit::Whole | Fit::Clamped | Fit::TooBig => Hop::Drop(n).into(),
            },
        }
    }
}
