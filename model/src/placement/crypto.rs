use crate::placement::lookaside::Crypto;
use crate::placement::{Agent, Design, Host, Orphan};
use crate::route;
use crate::route::{Category, Hop, Route};
use crate::traffic::{Packet, SendCall};

/// The facts of this design.
pub const DESIGN: Design = Design {
    name: "crypto",
    summary: "no network: buffers to a card, or below lookaside.smallest to the CPU's cipher, and back",
    encrypts: Agent::Accelerator,
    encapsulates: Agent::Nobody,
    has_network: false,
    only_forwards: false,
    orphan: Orphan::Software,
    fallback: None,
    crossings: 2,
    transmit,
    receive,
    encrypt: receive,
    decrypt: receive,
};

/// Buffers are encrypted as benchmarks of ciphers and cards do it: `openssl speed`, `dpdk-test-crypto-perf`, cryptodev.
///
/// 1. core  submits request
/// 2. pcie  card reads request
/// 3. pcie  card reads plain buffer                first crossing, RAM to card
/// 4. card  encrypts
/// 5. pcie  card writes sealed buffer, response    second crossing, card to RAM
/// 6. core  interrupt or poll; response
pub fn transmit(send: &SendCall, h: &Host<'_>) -> Route {
    let p = &send.segments[0].0;
    let work = |label, costs: &[_]| Hop::Serve(h.core.work(label, costs));
    if h.stays_on_cpu(p) {
        return route![work("encrypt", &h.software_cipher(p)), Hop::Depart(*p)];
    }
    let half = |copies: u32| vec![(Category::Copy, h.core.memory.copy * (p.encrypted * u64::from(copies)))];
    let complete = [h.complete_costs(), half(h.copies / 2)].concat();
    let card = route![h.to_card(p, Crypto::Seal, "take from card", complete), h.thread_done()];
    route![
        h.thread(),
        work("submit to card", &[h.submit_costs(), half(h.copies.div_ceil(2))].concat()),
        Hop::Acquire(h.accelerator.ring, 1),
        card,
        Hop::Depart(*p)
    ]
}

/// Nothing comes in where there is no network: such traffic is refused before.
fn receive(_: &Packet, _: &Host<'_>) -> Route {
    Route::default()
}
