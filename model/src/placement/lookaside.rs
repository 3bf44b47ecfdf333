use crate::esp::ESP_HEADER;
use crate::placement::{Agent, Costs, Design, Host, Orphan, Placement, host};
use crate::route;
use crate::route::{Category, Hop, Route};
use crate::scenario::WhenFull;
use crate::traffic::{Packet, SendCall};
use crate::units::Cycles;

/// The facts of this design.
pub const DESIGN: Design = Design {
    name: "lookaside",
    summary: "CPU segments, checksums and encapsulates; card reads, encrypts, writes; NIC reads",
    encrypts: Agent::Accelerator,
    encapsulates: Agent::Cpu,
    has_network: true,
    only_forwards: false,
    orphan: Orphan::Software,
    fallback: Some(Placement::HOST),
    crossings: 3,
    transmit,
    receive,
    encrypt,
    decrypt,
};

/// Transmit with crypto in a lookaside accelerator.
///
/// 1. core  send: copy, stack
/// 2. core  each segment: segment, checksum, encapsulate, submit with a doorbell; by polling one for all
/// 3. pcie  card reads request
/// 4. pcie  card reads plain payload               first crossing, RAM to card
/// 5. card  encrypts
/// 6. pcie  card writes sealed payload, response   second crossing, card to RAM
/// 7. core  interrupt, coalesced; response; driver, doorbell
/// 8. pcie  NIC reads descriptor
/// 9. pcie  NIC reads sealed packet                third crossing, RAM to NIC
/// 10. nic  processes, sends
/// 11. pcie NIC writes completion; interrupt; core frees the buffer
pub fn transmit(send: &SendCall, h: &Host<'_>) -> Route {
    if h.stays_on_cpu(&send.segments[0].0) {
        // No thread waits for the card.
        return host::transmit(send, &Host { threads: None, ..h.clone() });
    }
    h.software_segments(send, ["send, submit to card", "segment, submit to card"], |p| {
        let submit = [vec![h.core.checksum(p.l4)], h.xfrm(), h.submit_costs()].concat();
        let resume = [h.complete_costs(), h.fragment_costs(p), h.driver_costs(1)].concat();
        let card = route![h.to_card(p, Crypto::Seal, "take from card, transmit", resume), h.thread_done()];
        (submit, route![h.card_or_core(p, card, Hop::Acquire(h.accelerator.ring, 1)), h.nic_sends(p, p.dma(), false)])
    })
}

/// Receive with crypto in a lookaside accelerator.
///
/// 1. nic   receives
/// 2. pcie  NIC writes sealed packet               first crossing, NIC to RAM
/// 3. core  interrupt or poll; each packet: receive, decapsulate, submit
/// 4. pcie  card reads request and sealed payload  second crossing, RAM to card
/// 5. card  decrypts
/// 6. pcie  card writes plain payload, response    third crossing, card to RAM
/// 7. core  interrupt, coalesced; each packet: response, checksum, merge, copy
/// 8. core  deliver, once for all that merged
pub fn receive(p: &Packet, h: &Host<'_>) -> Route {
    if h.stays_on_cpu(p) {
        return host::receive(p, h);
    }
    let submit = [h.receive_costs(p), h.xfrm(), h.submit_costs()].concat();
    let costs = [h.complete_costs(), vec![h.core.checksum(p.l4)]].concat();
    let card = &h.accelerator;
    route![
        h.arrives_sealed(p),
        Hop::Serve(h.core.work("receive packet, submit to card", &submit)),
        Hop::Polled(h.polling()),
        h.ring_or_drop(),
        h.card_works(p, Crypto::Open),
        card.notify(&h.completion, &h.response_poll()),
        Hop::Release(card.ring, 1),
        h.delivers_from((card.coalescing, h.merging_of_card), &h.completion, "take from card, receive", costs, p),
    ]
}

/// Forward with crypto in a lookaside accelerator: clear in, ESP out.
pub fn encrypt(p: &Packet, h: &Host<'_>) -> Route {
    if h.stays_on_cpu(p) {
        return host::encrypt(p, h);
    }
    route![
        h.arrives_clear(p),
        h.by_card(p, Crypto::Seal),
        h.nic.forwarded(p.fragments()),
        h.nic_takes(p, p.dma(), &p.frames(), false)
    ]
}

/// A gateway's inbound side: ESP in, clear out.
pub fn decrypt(p: &Packet, h: &Host<'_>) -> Route {
    if h.stays_on_cpu(p) {
        return host::decrypt(p, h);
    }
    route![h.arrives_sealed(p), h.by_card(p, Crypto::Open), h.sends_clear(p)]
}

/// What the card does.
#[derive(Clone, Copy)]
pub(super) enum Crypto {
    Seal,
    Open,
}

impl Host<'_> {
    /// Whether a packet is below the size from which on packets are handed to the card.
    pub(super) fn stays_on_cpu(&self, p: &Packet) -> bool {
        p.encrypted < self.smallest
    }

    /// Handing a request to the card. Where a stack rings once per poll, the doorbell is the poll's.
    pub(super) fn submit_costs(&self) -> Costs {
        let costs = self.core.costs;
        let ring = if self.stack.rings_once_per_poll() { Cycles(0.0) } else { costs.crypto_submit_burst };
        vec![(Category::CryptoSubmit, costs.crypto_submit + ring + self.core.card_buffers().0)]
    }

    /// Taking a response.
    pub(super) fn complete_costs(&self) -> Costs {
        vec![(Category::CryptoComplete, self.completion.costs.crypto_complete + self.completion.card_buffers().1)]
    }

    /// What a poll of the card's ring costs, however many responses it finds.
    pub(super) fn response_poll(&self) -> Costs {
        let costs = self.completion.costs;
        let mut poll = vec![(Category::Poll, if self.stack.is_polling() { Cycles(0.0) } else { costs.poll })];
        poll.push((Category::CryptoComplete, costs.crypto_complete_burst));
        if self.stack.rings_once_per_poll() {
            // Packets that the card has done are handed to the NIC in this poll; without a NIC, new requests to the card.
            poll.push(match self.forwards {
                true => (Category::Doorbell, costs.doorbell),
                false => (Category::CryptoSubmit, costs.crypto_submit_burst),
            });
        }
        poll
    }

    /// From the poll of a gateway through the card until the core has handed the result to the NIC's driver. Packets that
    /// merge are routed once and cut before they are encrypted; those that come under ESP are not merged again.
    fn by_card(&self, p: &Packet, crypto: Crypto) -> Route {
        let submit = [self.tunnel.clone(), self.xfrm(), self.submit_costs()].concat();
        let (came, fragments) = match crypto {
            Crypto::Seal => (1, self.fragment_costs(p)),
            Crypto::Open => (p.fragments(), Vec::new()),
        };
        let resume = [self.complete_costs(), fragments, self.driver_costs(1)].concat();
        let card = self.to_card(p, crypto, "take from card, transmit", resume);
        let labels = ["receive packet, submit to card", "segment, submit to card"];
        let arrives = self.until_handed_over(labels, p, came, submit, matches!(crypto, Crypto::Seal));
        route![arrives, self.card_or_core(p, card, self.ring_or_drop())]
    }

    /// A place in the card's ring for a packet that came in by the wire. Neither the kernel's ESP nor VPP queues a
    /// request that the ring has no room for: `esp_output` and `esp_input` ask without `CRYPTO_TFM_REQ_MAY_BACKLOG`
    /// (Linux net/ipv4/esp4.c), which the driver answers with ENOSPC. A saturating sender is held back instead.
    fn ring_or_drop(&self) -> Hop {
        let ring = self.accelerator.ring;
        if self.nic.drops { Hop::AcquireOrDrop(ring, 1, 1) } else { Hop::Acquire(ring, 1) }
    }

    /// The card reads request and payload, works on it and writes the result with a response.
    fn card_works(&self, p: &Packet, crypto: Crypto) -> Route {
        let card = &self.accelerator;
        // SPI, sequence number and IV are authenticated with the payload, and so is what is not sent of an extended sequence
        // number; the ICV is on the sealed side.
        let plain = p.encrypted + ESP_HEADER + self.sizes.unsent + self.sizes.iv;
        let sealed = p.encrypted + self.sizes.icv;
        let (read, written, works) = match crypto {
            Crypto::Seal => (plain, sealed, "card encrypts"),
            Crypto::Open => (plain + self.sizes.icv, p.encrypted, "card decrypts"),
        };
        route![
            card.fetch_request(),
            card.read_payload(read, p),
            card.works(p.encrypted, works),
            card.write_payload(written, p),
        ]
    }

    /// A place in the ring, the card's work, and the core that is told of it spends `costs`.
    pub(super) fn to_card(&self, p: &Packet, crypto: Crypto, label: &'static str, mut costs: Costs) -> Route {
        let card = &self.accelerator;
        if self.threads.is_some() {
            costs.push((Category::Switch, self.core.costs.switch));
        }
        let polled = card.polled.then_some(Hop::Polled(card.coalescing));
        route![
            self.card_works(p, crypto),
            card.notify(&self.completion, &self.response_poll()),
            Hop::Serve(self.completion.work(label, &costs)),
            polled.into_iter().collect::<Vec<_>>(),
            Hop::Release(card.ring, 1),
        ]
    }

    /// The card's way, from the `place` in its ring on; where the ring is full, the core may do the work itself.
    pub(super) fn card_or_core(&self, p: &Packet, card: Route, place: Hop) -> Route {
        match self.when_full {
            WhenFull::Wait => route![place, card],
            WhenFull::Software => {
                let costs = [self.software_cipher(p), self.driver_costs(1)].concat();
                let core =
                    route![Hop::Serve(self.core.work("cipher in software, transmit", &costs)), self.thread_done()];
                Hop::AcquireElse(self.accelerator.ring, 1, card, core).into()
            }
        }
    }

    pub(super) fn thread_done(&self) -> Route {
        self.threads.map_or_else(Route::default, |threads| Hop::Release(threads, 1).into())
    }
}
