use crate::esp::ESP_HEADER;
use crate::placement::{Costs, Host};
use crate::profile::Direction;
use crate::route;
use crate::route::{Category, Hop, Route};
use crate::scenario::WhenFull;
use crate::traffic::{Packet, Send};

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
pub fn transmit(send: &Send, h: &Host<'_>) -> Route {
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
        let card = route![h.to_card(p, Direction::Seal, "take from card, transmit", resume), h.thread_done()];
        (submit, route![h.card_or_core(p, card), h.nic_sends(p, p.dma(), false)])
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
        Hop::Acquire(card.ring, 1),
        h.card_works(p, Direction::Open),
        card.notify(&h.completion, true),
        Hop::Release(card.ring, 1),
        h.delivers_from(card.coalescing, &h.completion, "take from card, receive", costs, p),
    ]
}

/// Forward with crypto in a lookaside accelerator: clear in, ESP out.
pub fn forward(p: &Packet, h: &Host<'_>) -> Route {
    let stack = &h.core.profile.stack;
    let submit = [h.forward_costs(false), vec![h.xfrm(), (Category::CryptoSubmit, stack.crypto_submit)]].concat();
    let resume = [vec![(Category::CryptoComplete, stack.crypto_complete)], h.driver_costs(1)].concat();
    let card = h.to_card(p, Direction::Seal, "take from card, transmit", resume);
    route![
        h.arrives_clear(p),
        Hop::Serve(h.core.work("receive packet, submit to card", &submit)),
        Hop::Polled(h.nic.polling),
        h.nic.refill(),
        h.card_or_core(p, card),
        h.nic_sends(p, p.dma(), false),
    ]
}

impl Host<'_> {
    /// The card reads request and payload, works on it and writes the result with a response.
    fn card_works(&self, p: &Packet, direction: Direction) -> Route {
        let card = &self.accelerator;
        // SPI, sequence number and IV are authenticated with the payload; the ICV is on the sealed side.
        let plain = p.encrypted + ESP_HEADER + self.sizes.iv;
        let sealed = p.encrypted + self.sizes.icv;
        let (read, written, works) = match direction {
            Direction::Seal => (plain, sealed, "card encrypts"),
            Direction::Open => (plain + self.sizes.icv, p.encrypted, "card decrypts"),
        };
        route![
            card.fetch_request(),
            card.read_payload(read, p),
            card.works(p.encrypted, works),
            card.write_payload(written, p),
        ]
    }

    /// A place in the ring, the card's work, and the core that is told of it spends `costs`.
    fn to_card(&self, p: &Packet, direction: Direction, label: &'static str, mut costs: Costs) -> Route {
        let card = &self.accelerator;
        if self.threads.is_some() {
            costs.push((Category::Switch, self.core.profile.stack.switch));
        }
        let polled = card.is_polled().then_some(Hop::Polled(card.coalescing));
        route![
            self.card_works(p, direction),
            card.notify(&self.completion, false),
            Hop::Serve(self.completion.work(label, &costs)),
            polled.into_iter().collect::<Vec<_>>(),
            Hop::Release(card.ring, 1),
        ]
    }

    /// The card's way, from the ring on; where the ring is full, the core waits or does the work itself.
    fn card_or_core(&self, p: &Packet, card: Route) -> Route {
        let ring = self.accelerator.ring;
        match self.when_full {
            WhenFull::Wait => route![Hop::Acquire(ring, 1), card],
            WhenFull::Software => {
                let costs = [vec![self.core.cipher(p.encrypted)], self.driver_costs(1)].concat();
                let core =
                    route![Hop::Serve(self.core.work("encrypt in software, transmit", &costs)), self.thread_done()];
                Hop::AcquireElse(ring, 1, card, core).into()
            }
        }
    }

    fn thread_done(&self) -> Route {
        self.threads.map_or_else(Route::default, |threads| Hop::Release(threads, 1).into())
    }
}
