use crate::hardware::core::Core;
use crate::hardware::dpu::Soc;
use crate::hardware::nic::Nic;
use crate::hardware::wire;
use crate::placement::inbound::{Forwarding, Leaving};
use crate::placement::{Agent, Costs, Design, Host, Orphan, Placement, clear_headers};
use crate::route;
use crate::route::{Category, Hop, Route};
use crate::traffic::{Packet, SendCall};
use crate::units::Bytes;

/// The facts of this design.
///
/// The embedded switch of the NIC has rules between the host's port and the wire's: they lead through its engine where that
/// does ESP (packet offload in switchdev mode, with a slow path by the cores: Linux v6.6
/// drivers/net/ethernet/mellanox/mlx5/core/esw/ipsec_fs.c and en_accel/ipsec_fs.c), and to the SoC's cores where they do. The
/// host has an ordinary NIC, and no SAs.
pub const DESIGN: Design = Design {
    name: "dpu",
    summary: "host as in the clear; the DPU's engine or cores (dpu.esp) encapsulate and encrypt",
    encrypts: Agent::Dpu,
    encapsulates: Agent::Dpu,
    has_network: true,
    only_forwards: false,
    orphan: Orphan::Dropped,
    fallback: Some(Placement::DPU_CORES),
    crossings: 1,
    transmit,
    receive,
    encrypt,
    decrypt,
};

/// The same by the DPU's cores: the slow path of what its engine does not take.
pub const CORES: Design = Design {
    name: "dpu-cores",
    summary: "host as in the clear; the DPU's cores encapsulate and encrypt",
    encrypts: Agent::Dpu,
    encapsulates: Agent::Dpu,
    has_network: true,
    only_forwards: false,
    orphan: Orphan::Dropped,
    fallback: None,
    crossings: 1,
    transmit: |send, h| transmit(send, &h.by_dpu_cores()),
    receive: |p, h| receive(p, &h.by_dpu_cores()),
    encrypt: |p, h| encrypt(p, &h.by_dpu_cores()),
    decrypt: |p, h| decrypt(p, &h.by_dpu_cores()),
};

/// Transmit by a DPU.
///
/// 1. core  send: copy, stack, driver, doorbell, as in the clear
/// 2. pcie  NIC reads descriptor
/// 3. pcie  NIC reads plain payload                the one crossing, RAM to NIC
/// 4. nic   segments, checksums; with the engine: encapsulates, encrypts, sends
/// 5. dpu   else a core of its own: interrupt or poll; each packet: receive, route, encapsulate, encrypt, driver
/// 6. nic   sends
/// 7. pcie  NIC writes completion; interrupt; core frees the buffer
pub fn transmit(send: &SendCall, h: &Host<'_>) -> Route {
    let octets = |p: &Packet| clear_headers(p) + p.goodput;
    if send.count() == 1 || h.features.tso {
        let mut costs = h.driver_costs(1);
        costs.extend(h.checksum(h.features.checksum, send.total(|p| p.l4)));
        return h.nic_segments(send, costs, clear_headers(&send.segments[0].0), true);
    }
    h.software_segments(send, ["send", "segment"], |p| {
        let mut costs = h.driver_costs(send.count());
        costs.extend(h.checksum(h.features.checksum, p.l4));
        (costs, route![Hop::Acquire(h.nic.ring, 1), h.nic_takes(p, octets(p), &[p.clear_frame()], true)])
    })
}

/// Receive by a DPU.
///
/// 1. nic   receives; with the engine: decrypts, decapsulates
/// 2. dpu   else a core of its own: interrupt or poll; each packet: receive, decapsulate, decrypt, route, driver
/// 3. pcie  NIC writes plain packet                the one crossing, NIC to RAM
/// 4. core  interrupt or poll, receive, deliver, as in the clear
pub fn receive(p: &Packet, h: &Host<'_>) -> Route {
    route![h.arrives_opened(p, true), h.delivers(vec![h.receive_cost()], p)]
}

/// Forward in the clear on the host, with a DPU before the wire under ESP: clear in, ESP out.
pub fn encrypt(p: &Packet, h: &Host<'_>) -> Route {
    let leaving = Leaving {
        dma: p.clear_frame() - wire::FCS,
        frames: vec![p.clear_frame()],
        encrypt: true,
        nic_segments: h.features.tso,
    };
    route![h.arrives_clear(p), h.forwards_as(nothing(), p, 1, &leaving)]
}

/// The other way: ESP in, clear out.
pub fn decrypt(p: &Packet, h: &Host<'_>) -> Route {
    route![h.arrives_opened(p, true), h.forwards_clear(nothing(), p)]
}

fn nothing() -> Forwarding {
    Forwarding { comes: Vec::new(), once: Vec::new(), goes: Vec::new() }
}

/// A DPU as one path finds it.
#[derive(Debug, Clone)]
pub struct Dpu<'a> {
    /// The SoC as its core sees it: a host whose NIC is within the card.
    pub soc: Host<'a>,
    /// What that core has of the NIC.
    pub queue: Soc,
    /// Whether the NIC's engine encrypts what it takes, and no core sees the packet.
    pub by_engine: bool,
}

impl Dpu<'_> {
    /// The core's poll for what the NIC has handed over.
    fn poll(&self) -> Hop {
        let [interrupt, poll] = self.soc.polls(&self.soc.core);
        Hop::Poll(self.soc.nic.polling, interrupt, poll)
    }

    /// In its poll the core works on a packet that came in so many frames, and hands it to the driver. What has been sent
    /// before is cleaned up in the same poll (`mlx5e_napi_poll`, Linux drivers/net/ethernet/mellanox/mlx5/core/en_txrx.c).
    fn works(&self, label: &'static str, costs: Costs, came: u32, leaves: u32) -> Route {
        let soc = &self.soc;
        let done = vec![(Category::Complete, soc.core.costs.complete * f64::from(leaves))];
        let costs = [costs, soc.route_costs(), soc.driver_costs(1), done].concat();
        route![
            Hop::Serve(soc.core.work(label, &costs)),
            Hop::Polled(soc.nic.polling),
            Hop::Release(self.queue.ring, came),
            soc.in_replay_window(),
        ]
    }

    /// The NIC reads `dma` octets from the host, a core encrypts, the NIC sends.
    fn seals(&self, nic: &Nic, dma: Bytes, p: &Packet, drops: bool) -> Route {
        let soc = &self.soc;
        let costs = [vec![soc.receive_cost()], soc.xfrm(), soc.software_cipher(p), soc.fragment_costs(p)].concat();
        route![
            nic.from_host_to_soc(&self.queue, (dma, p.clear_frame()), p, drops, self.poll()),
            self.works("DPU core: receive, encrypt, transmit", costs, 1, p.fragments()),
            nic.from_soc_to_wire(&self.queue, p),
        ]
    }
}

impl<'a> Host<'a> {
    /// The same where the DPU's cores do what its engine might.
    fn by_dpu_cores(&self) -> Host<'a> {
        let dpu = self.dpu.clone().map(|dpu| Box::new(Dpu { by_engine: false, ..*dpu }));
        Host { dpu, ..self.clone() }
    }

    /// A packet of these frames comes to a poll of a core of the host, as `dma` octets, by a DPU where there is one.
    pub(super) fn nic_receives(
        &self,
        core: &Core<'_>,
        (frames, dma): (&[Bytes], Bytes),
        p: &Packet,
        decrypt: bool,
    ) -> Route {
        let polls = self.polls(core);
        match self.dpu.as_deref().filter(|dpu| decrypt && !dpu.by_engine) {
            None => self.nic.receive(frames, dma, p, decrypt, polls),
            Some(dpu) => {
                let soc = &dpu.soc;
                let costs = [soc.receive_costs(p), soc.xfrm(), soc.software_cipher(p)].concat();
                route![
                    self.nic.from_wire_to_soc(&dpu.queue, p, dpu.poll()),
                    dpu.works("DPU core: receive, decrypt, transmit", costs, p.fragments(), 1),
                    self.nic.from_soc_to_host(&dpu.queue, dma, p, polls),
                ]
            }
        }
    }

    /// The NIC reads `dma` octets and sends them in these frames, by a DPU where there is one.
    pub(super) fn nic_transmits(&self, nic: &Nic, dma: Bytes, frames: &[Bytes], p: &Packet, encrypt: bool) -> Route {
        match self.dpu.as_deref().filter(|_| encrypt) {
            None => nic.transmit(dma, frames, p, encrypt),
            Some(dpu) if dpu.by_engine => nic.transmit(dma, &[p.frame], p, true),
            // Parts of a send are not dropped, as its socket holds it back; what is forwarded is.
            Some(dpu) => dpu.seals(nic, dma, p, self.nic.drops && self.forwards),
        }
    }

    /// IP packets that a packet is of where the host's cores see it: fragments meet behind a DPU.
    pub(super) fn frames_of(&self, p: &Packet) -> u32 {
        if self.dpu.is_some() { 1 } else { p.fragments() }
    }
}
