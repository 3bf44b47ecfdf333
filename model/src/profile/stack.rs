//! What the kernel's network stack costs a core.

use serde::{Deserialize, Serialize};

use super::Origin;
use crate::units::Cycles;

/// What the network stack costs a core, in cycles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackCost {
    /// Where the values come from.
    pub origin: Origin,
    /// One send call: system call, socket, transport and IP output, route, queueing discipline. Paid once per
    /// super-packet with GSO, once per packet without.
    pub send: Cycles,
    /// Making one segment of a super-packet in software (`skb_segment`).
    pub segment: Cycles,
    /// ESP encapsulation without the cipher: policy and state lookup, header, trailer, sequence number. Paid per packet
    /// that the host encrypts, in software or by an accelerator.
    pub xfrm: Cycles,
    /// The same where the NIC encrypts: no scatter list and no request to a cipher. Paid per packet or super-packet that
    /// is sent.
    pub xfrm_offload: Cycles,
    /// Header and trailer of each further segment where the NIC encrypts but the host segments.
    pub xfrm_offload_segment: Cycles,
    /// Driver transmit for one descriptor: DMA mapping and descriptor.
    pub transmit: Cycles,
    /// One MMIO doorbell write.
    pub doorbell: Cycles,
    /// Freeing one transmitted buffer at its completion.
    pub complete: Cycles,
    /// One interrupt with the start and end of the NAPI poll that it schedules.
    pub interrupt: Cycles,
    /// Building and submitting one request to a lookaside accelerator (asynchronous crypto API).
    pub crypto_submit: Cycles,
    /// Handling one response of an accelerator and resuming the packet's output.
    pub crypto_complete: Cycles,
    /// Switching to another thread and back, with the wake-up, when a caller waits for an accelerator.
    pub switch: Cycles,
    /// One NAPI poll, however many packets it finds.
    pub poll: Cycles,
    /// Driver receive of one packet: completion, buffer, refill.
    pub receive: Cycles,
    /// Merging one received packet (GRO).
    pub gro: Cycles,
    /// IP input, transport, socket, wake-up and receive call for one packet or one merged by GRO.
    pub deliver: Cycles,
    /// Route lookup and IP forwarding of one packet.
    pub forward: Cycles,
    /// How long the lock of an SA is held for one packet (`xfrm_state.lock`: sequence number or replay window).
    pub sa_lock: Cycles,
    /// Moving one cache line from another core.
    pub line_transfer: Cycles,
}

impl StackCost {
    /// Every cost by its key path, to read or to set.
    pub fn costs_mut(&mut self) -> [(&'static str, &mut Cycles); 19] {
        [
            ("stack.send", &mut self.send),
            ("stack.segment", &mut self.segment),
            ("stack.xfrm", &mut self.xfrm),
            ("stack.xfrm_offload", &mut self.xfrm_offload),
            ("stack.xfrm_offload_segment", &mut self.xfrm_offload_segment),
            ("stack.transmit", &mut self.transmit),
            ("stack.doorbell", &mut self.doorbell),
            ("stack.complete", &mut self.complete),
            ("stack.interrupt", &mut self.interrupt),
            ("stack.crypto_submit", &mut self.crypto_submit),
            ("stack.crypto_complete", &mut self.crypto_complete),
            ("stack.switch", &mut self.switch),
            ("stack.poll", &mut self.poll),
            ("stack.receive", &mut self.receive),
            ("stack.gro", &mut self.gro),
            ("stack.deliver", &mut self.deliver),
            ("stack.forward", &mut self.forward),
            ("stack.sa_lock", &mut self.sa_lock),
            ("stack.line_transfer", &mut self.line_transfer),
        ]
    }

    /// Every cost by its key path.
    pub fn costs(&self) -> [(&'static str, Cycles); 19] {
        self.clone().costs_mut().map(|(key, cost)| (key, *cost))
    }
}
