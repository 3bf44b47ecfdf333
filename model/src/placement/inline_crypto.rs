use crate::placement::inbound::Forwarding;
use crate::placement::{Agent, Design, Host, Orphan, Placement, encapsulated_headers};
use crate::route;
use crate::route::Route;
use crate::traffic::{Packet, SendCall};

/// The facts of this design.
pub const DESIGN: Design = Design {
    name: "inline-crypto",
    summary: "CPU encapsulates; NIC segments, checksums and encrypts",
    encrypts: Agent::Nic,
    encapsulates: Agent::Cpu,
    has_network: true,
    only_forwards: false,
    orphan: Orphan::Software,
    fallback: Some(Placement::HOST),
    crossings: 1,
    transmit,
    receive,
    encrypt,
    decrypt,
};

/// Transmit with crypto offload: XFRM encapsulates, the NIC encrypts.
///
/// 1. core  send: copy, stack, encapsulate, driver, doorbell; with ESP GSO once for all segments, else for each
/// 2. pcie  NIC reads descriptor
/// 3. pcie  NIC reads plain payload                the one crossing, RAM to NIC
/// 4. nic   segments, checksums, encrypts, sends
/// 5. pcie  NIC writes completion; interrupt; core frees the buffer
pub fn transmit(send: &SendCall, h: &Host<'_>) -> Route {
    if send.count() == 1 || h.features.esp_gso {
        let mut costs = h.xfrm_offload();
        costs.extend(h.driver_costs(1));
        costs.extend(h.checksum(h.features.esp_checksum, send.total(|p| p.l4)));
        return h.nic_segments(send, costs, encapsulated_headers(&send.segments[0].0, h.sizes), true);
    }
    h.software_segments(send, ["send", "segment"], |p| {
        let mut costs = h.xfrm_offload_segment(send.count());
        costs.extend(h.driver_costs(send.count()));
        costs.extend(h.checksum(h.features.esp_checksum, p.l4));
        (costs, h.nic_sends(p, encapsulated_headers(p, h.sizes) + p.goodput, true))
    })
}

/// Receive with crypto offload: the NIC decrypts and verifies, XFRM decapsulates.
///
/// 1. nic   receives, decrypts, verifies checksum
/// 2. pcie  NIC writes plain packet                the one crossing, NIC to RAM
/// 3. core  interrupt or poll; each packet: receive, decapsulate, merge, copy
/// 4. core  deliver, once for all that merged
pub fn receive(p: &Packet, h: &Host<'_>) -> Route {
    let costs = [vec![h.receive_cost()], h.xfrm_offload(), h.checksum(h.features.esp_checksum, p.l4)].concat();
    route![h.arrives_opened(p, false), h.delivers(costs, p)]
}

/// Forward with crypto offload: clear in, ESP out.
pub fn encrypt(p: &Packet, h: &Host<'_>) -> Route {
    let dma = encapsulated_headers(p, h.sizes) + p.goodput;
    // What has merged is encapsulated once if the NIC cuts it.
    let (once, goes) = match h.features.esp_gso {
        true => (h.xfrm_offload(), Vec::new()),
        false => (Vec::new(), h.xfrm_offload()),
    };
    let costs = Forwarding { comes: Vec::new(), once, goes };
    route![h.arrives_clear(p), h.forwards(costs, p, dma, true, h.features.esp_gso)]
}

/// A gateway's inbound side with crypto offload: the NIC decrypts, XFRM decapsulates.
pub fn decrypt(p: &Packet, h: &Host<'_>) -> Route {
    let costs = Forwarding { comes: h.xfrm_offload(), once: Vec::new(), goes: Vec::new() };
    route![h.arrives_opened(p, false), h.forwards_clear(costs, p)]
}
