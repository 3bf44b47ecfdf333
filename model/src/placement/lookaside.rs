use crate::esp::ESP_HEADER;
use crate::placement::{Agent, Costs, Design, Host, Orphan, Placement};
use crate::route;
use crate::route::{Category, Hop, Route};
use crate::scenario::WhenFull;
use crate::traffic::{Packet, SendCall};

/// The facts of this design.
pub const DESIGN: Design = Design {
    name: "lookaside",
    summary: "CPU segments, checksums and encapsulates; card reads, encrypts, writes; NIC reads",
    encrypts: Agent::Accelerator,
    encapsulates: Agent::Cpu,
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
/// 2. core  each segment: segment, checksum, encapsulate, submit; one doorbell per send
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
    let stack = &h.core.profile.stack;
    h.software_segments(send, ["send, submit to card", "segment, submit to card"], |p| {
        let share = 1.0 / f64::from(send.count());
        let submit = vec![
            h.core.checksum(p.l4),
            h.xfrm(),
            (Category::CryptoSubmit, stack.crypto_submit),
            (Category::Doorbell, stack.doorbell * share),
        ];
        let resume = [vec![(Category::CryptoComplete, stack.crypto_complete)], h.driver_costs(1)].concat();
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
    let stack = &h.core.profile.stack;
    let submit = vec![h.receive_cost(), h.xfrm(), (Category::CryptoSubmit, stack.crypto_submit)];
    let costs = vec![(Category::CryptoComplete, stack.crypto_complete), h.core.checksum(p.l4)];
    let card = &h.accelerator;
    route![
        h.arrives_sealed(p),
        Hop::Serve(h.core.work("receive packet, submit to card", &submit)),
        Hop::Polled(h.nic.polling),
        h.ring_or_drop(),
        h.card_works(p, Crypto::Open),
        card.notify(&h.completion),
        Hop::Release(card.ring, 1),
        h.delivers_from(card.coalescing, &h.completion, "take from card, receive", costs, p),
    ]
}

/// Forward with crypto in a lookaside accelerator: clear in, ESP out.
pub fn encrypt(p: &Packet, h: &Host<'_>) -> Route {
    route![h.arrives_clear(p), h.by_card(p, Crypto::Seal), h.nic.forwarded(), h.nic_takes(p, p.dma(), p.frame, false)]
}

/// A gateway's inbound side: ESP in, clear out.
pub fn decrypt(p: &Packet, h: &Host<'_>) -> Route {
    route![h.arrives_sealed(p), h.by_card(p, Crypto::Open), h.sends_clear(p)]
}

/// What the card does.
#[derive(Clone, Copy)]
enum Crypto {
    Seal,
    Open,
}

impl Host<'_> {
    /// From the poll of a gateway through the card until the core has handed the result to the NIC's driver.
    fn by_card(&self, p: &Packet, crypto: Crypto) -> Route {
        let stack = &self.core.profile.stack;
        let submit =
            [self.forward_costs(false), vec![self.xfrm(), (Category::CryptoSubmit, stack.crypto_submit)]].concat();
        let resume = [vec![(Category::CryptoComplete, stack.crypto_complete)], self.driver_costs(1)].concat();
        let card = self.to_card(p, crypto, "take from card, transmit", resume);
        route![self.in_poll("receive packet, submit to card", submit), self.card_or_core(p, card, self.ring_or_drop())]
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
        // SPI, sequence number and IV are authenticated with the payload; the ICV is on the sealed side.
        let plain = p.encrypted + ESP_HEADER + self.sizes.iv;
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
    fn to_card(&self, p: &Packet, crypto: Crypto, label: &'static str, mut costs: Costs) -> Route {
        let card = &self.accelerator;
        if self.threads.is_some() {
            costs.push((Category::Switch, self.core.profile.stack.switch));
        }
        let polled = card.polled.then_some(Hop::Polled(card.coalescing));
        route![
            self.card_works(p, crypto),
            card.notify(&self.completion),
            Hop::Serve(self.completion.work(label, &costs)),
            polled.into_iter().collect::<Vec<_>>(),
            Hop::Release(card.ring, 1),
        ]
    }

    /// The card's way, from the `place` in its ring on; where the ring is full, the core may do the work itself.
    fn card_or_core(&self, p: &Packet, card: Route, place: Hop) -> Route {
        match self.when_full {
            WhenFull::Wait => route![place, card],
            WhenFull::Software => {
                let costs = [vec![self.core.cipher(p.encrypted)], self.driver_costs(1)].concat();
                let core =
                    route![Hop::Serve(self.core.work("cipher in software, transmit", &costs)), self.thread_done()];
                Hop::AcquireElse(self.accelerator.ring, 1, card, core).into()
            }
        }
    }

    fn thread_done(&self) -> Route {
        self.threads.map_or_else(Route::default, |threads| Hop::Release(threads, 1).into())
    }
}
