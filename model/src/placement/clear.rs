use crate::placement::inbound::Forwarding;
use crate::placement::{Agent, Design, Host, Orphan, clear_headers};
use crate::route;
use crate::route::Route;
use crate::traffic::{Packet, SendCall};

/// The facts of this design.
pub const DESIGN: Design = Design {
    name: "clear",
    summary: "no IPsec; TSO and checksum in the NIC",
    encrypts: Agent::Nobody,
    encapsulates: Agent::Nobody,
    has_network: true,
    only_forwards: false,
    orphan: Orphan::Software,
    fallback: None,
    crossings: 1,
    transmit,
    receive,
    encrypt,
    decrypt,
};

/// Transmit without IPsec.
///
/// 1. core  send: copy, stack, driver, doorbell; segments and checksums only where the NIC does not
/// 2. pcie  NIC reads descriptor
/// 3. pcie  NIC reads payload                     the one crossing, RAM to NIC
/// 4. nic   processes, sends each segment
/// 5. pcie  NIC writes completion; interrupt; core frees the buffer
pub fn transmit(send: &SendCall, h: &Host<'_>) -> Route {
    if send.count() == 1 || h.features.tso {
        let mut costs = h.driver_costs(1);
        costs.extend(h.checksum(h.features.checksum, send.total(|p| p.l4)));
        return h.nic_segments(send, costs, clear_headers(&send.segments[0].0), false);
    }
    h.software_segments(send, ["send", "segment"], |p| {
        let mut costs = h.driver_costs(send.count());
        costs.extend(h.checksum(h.features.checksum, p.l4));
        (costs, h.nic_sends(p, p.dma(), false))
    })
}

/// Receive in the clear: the NIC verifies the checksum.
pub fn receive(p: &Packet, h: &Host<'_>) -> Route {
    route![h.arrives_clear(p), h.delivers(vec![h.receive_cost()], p)]
}

/// Forward in the clear.
pub fn encrypt(p: &Packet, h: &Host<'_>) -> Route {
    let nothing = Forwarding { comes: Vec::new(), once: Vec::new(), goes: Vec::new() };
    route![h.arrives_clear(p), h.forwards_clear(nothing, p)]
}

/// Forward in the clear, the other way.
pub fn decrypt(p: &Packet, h: &Host<'_>) -> Route {
    encrypt(p, h)
}
