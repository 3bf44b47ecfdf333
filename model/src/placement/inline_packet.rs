use crate::placement::inbound::Forwarding;
use crate::placement::{Agent, Design, Host, Orphan, Placement, clear_headers};
use crate::route;
use crate::route::Route;
use crate::traffic::{Packet, SendCall};

/// The facts of this design.
pub const DESIGN: Design = Design {
    name: "inline-packet",
    summary: "NIC segments, checksums, encapsulates and encrypts",
    encrypts: Agent::Nic,
    encapsulates: Agent::Nic,
    has_network: true,
    only_forwards: false,
    orphan: Orphan::Dropped,
    fallback: Some(Placement::INLINE_CRYPTO),
    crossings: 1,
    transmit,
    receive,
    encrypt,
    decrypt,
};

/// Transmit with packet offload: the NIC finds the SA, encapsulates and encrypts.
///
/// 1. core  send: copy, stack, driver, doorbell, as in the clear
/// 2. pcie  NIC reads descriptor
/// 3. pcie  NIC reads plain payload                the one crossing, RAM to NIC
/// 4. nic   segments, checksums, encapsulates, encrypts, sends
/// 5. pcie  NIC writes completion; interrupt; core frees the buffer
pub fn transmit(send: &SendCall, h: &Host<'_>) -> Route {
    if send.count() == 1 || h.features.esp_gso {
        let mut costs = h.driver_costs(1);
        costs.extend(h.checksum(h.features.esp_checksum, send.total(|p| p.l4)));
        return h.nic_segments(send, costs, clear_headers(&send.segments[0].0), true);
    }
    h.software_segments(send, ["send", "segment"], |p| {
        let mut costs = h.driver_costs(send.count());
        costs.extend(h.checksum(h.features.esp_checksum, p.l4));
        (costs, h.nic_sends(p, clear_headers(p) + p.goodput, true))
    })
}

/// Receive with packet offload: the NIC decrypts and decapsulates; the host sees a packet in the clear.
pub fn receive(p: &Packet, h: &Host<'_>) -> Route {
    let costs = [vec![h.receive_cost()], h.checksum(h.features.esp_checksum, p.l4)].concat();
    route![h.arrives_opened(p, true), h.delivers(costs, p)]
}

/// Forward with packet offload: clear in, ESP out; the host sees packets in the clear.
pub fn encrypt(p: &Packet, h: &Host<'_>) -> Route {
    let costs = Forwarding { comes: Vec::new(), once: h.sa_state(), goes: Vec::new() };
    route![h.arrives_clear(p), h.forwards(costs, p, clear_headers(p) + p.goodput, true, h.features.esp_gso)]
}

/// A gateway's inbound side with packet offload: the host sees packets in the clear.
pub fn decrypt(p: &Packet, h: &Host<'_>) -> Route {
    let costs = Forwarding { comes: Vec::new(), once: h.sa_state(), goes: Vec::new() };
    route![h.arrives_opened(p, true), h.forwards_clear(costs, p)]
}
