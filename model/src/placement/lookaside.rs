use crate::esp::ESP_HEADER;
use crate::placement::Host;
use crate::route;
use crate::route::{Category, Hop, Route};
use crate::traffic::Send;

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
    let (card, stack) = (&h.accelerator, &h.core.profile.stack);
    h.software_segments(send, |p| {
        let share = 1.0 / f64::from(send.count());
        let submit = vec![
            h.core.checksum(p.l4),
            h.xfrm(),
            (Category::CryptoSubmit, stack.crypto_submit),
            (Category::Doorbell, stack.doorbell * share),
        ];
        let resume = [vec![(Category::CryptoComplete, stack.crypto_complete)], h.driver_costs(1)].concat();
        // SPI, sequence number and IV are authenticated with the payload; the card returns it with the ICV.
        let plain = p.encrypted + ESP_HEADER + h.sizes.iv;
        let sealed = p.encrypted + h.sizes.icv;
        let rest = route![
            Hop::Acquire(card.ring, 1),
            card.fetch_request(),
            card.slot.read_payload(plain, p.goodput, "card reads payload"),
            card.seal(p.encrypted),
            card.slot.write_payload(sealed, p.goodput, card.params.response, "card writes payload"),
            card.interrupt(&h.core),
            Hop::Serve(h.core.work("crypto completion", &resume)),
            Hop::Release(card.ring, 1),
            h.nic_sends(p, p.dma(), false),
        ];
        (submit, rest)
    })
}
