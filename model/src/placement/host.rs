use crate::placement::inbound::Forwarding;
use crate::placement::{Agent, Design, Host, Orphan};
use crate::route;
use crate::route::Route;
use crate::traffic::{Direction, Packet, SendCall};

/// The facts of this design.
pub const DESIGN: Design = Design {
    name: "host",
    summary: "CPU segments, checksums, encapsulates and encrypts; NIC reads the result",
    encrypts: Agent::Cpu,
    encapsulates: Agent::Cpu,
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

/// Transmit with crypto on the CPU.
///
/// 1. core  send: copy, stack
/// 2. core  each segment: segment, checksum, encapsulate, encrypt, driver; one doorbell per send
/// 3. pcie  NIC reads descriptor
/// 4. pcie  NIC reads sealed packet                the one crossing, RAM to NIC
/// 5. nic   processes, sends
/// 6. pcie  NIC writes completion; interrupt; core frees the buffer
///
/// The inner checksum lies under the encryption, so that the NIC cannot fill it in. Where other cores do the cipher, packets come
/// back to a core that hands them to the driver.
pub fn transmit(send: &SendCall, h: &Host<'_>) -> Route {
    let Some(w) = &h.workers else {
        return h.software_segments(send, ["send, encrypt", "segment, encrypt"], |p| {
            let mut costs = [vec![h.core.checksum(p.l4)], h.xfrm(), h.software_cipher(p), h.fragment_costs(p)].concat();
            costs.extend(h.driver_costs(send.count()));
            (costs, h.nic_sends(p, p.dma(), false))
        });
    };
    h.software_segments(send, ["send, hand to a worker", "segment, hand to a worker"], |p| {
        let costs = [vec![h.core.checksum(p.l4)], h.xfrm(), h.hand_over()].concat();
        let sends = w.back.nic_sends(p, p.dma(), false);
        (costs, route![h.by_workers(w, p, 1, Direction::Transmit), w.transmits(p), sends])
    })
}

/// Receive with crypto on the CPU, in the poll: each packet is decrypted by itself and merged with others after that.
///
/// 1. nic   receives
/// 2. pcie  NIC writes sealed packet               the one crossing, NIC to RAM
/// 3. core  interrupt or poll; each packet: receive, decapsulate, decrypt, checksum, merge, copy
/// 4. core  deliver, once for all that merged
///
/// The inner checksum lies under the encryption, so that the NIC cannot have verified it.
pub fn receive(p: &Packet, h: &Host<'_>) -> Route {
    let Some(w) = &h.workers else {
        let costs = [h.receive_costs(p), h.xfrm(), h.software_cipher(p), vec![h.core.checksum(p.l4)]].concat();
        return route![h.arrives_sealed(p), h.delivers(costs, p)];
    };
    let costs = [vec![w.back.receive_cost()], w.take(), vec![w.back.core.checksum(p.l4)]].concat();
    route![h.arrives_sealed(p), h.hands_on(w, p, p.fragments(), Direction::Receive), w.back.delivers(costs, p)]
}

/// Forward with crypto on the CPU: clear in, ESP out.
pub fn encrypt(p: &Packet, h: &Host<'_>) -> Route {
    let Some(w) = &h.workers else {
        let goes = [h.xfrm(), h.software_cipher(p), h.fragment_costs(p)].concat();
        let costs = Forwarding { comes: Vec::new(), once: Vec::new(), goes };
        return route![h.arrives_clear(p), h.forwards(costs, p, p.dma(), false, false)];
    };
    let submit = [h.tunnel.clone(), h.xfrm(), h.hand_over()].concat();
    let labels = ["receive packet, hand to a worker", "segment, hand to a worker"];
    route![
        h.arrives_clear(p),
        h.until_handed_over(labels, p, 1, submit, true),
        h.by_workers(w, p, 1, Direction::Encrypt),
        w.transmits(p),
        w.back.nic.forwarded(p.fragments()),
        w.back.nic_takes(p, p.dma(), &p.frames(), false)
    ]
}

/// A gateway's inbound side with crypto on the CPU: ESP in, clear out.
pub fn decrypt(p: &Packet, h: &Host<'_>) -> Route {
    let Some(w) = &h.workers else {
        let comes = [h.xfrm(), h.software_cipher(p)].concat();
        let costs = Forwarding { comes, once: Vec::new(), goes: Vec::new() };
        return route![h.arrives_sealed(p), h.forwards_clear(costs, p)];
    };
    route![h.arrives_sealed(p), h.hands_on(w, p, 1, Direction::Decrypt), w.back.forwards_taken(w.take(), p)]
}
