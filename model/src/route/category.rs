//! What cores spend cycles on.

use serde::{Deserialize, Serialize};

/// What a core spends cycles on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Category {
    /// System call, socket, transport, IP, queueing discipline.
    Send,
    /// Copy from user to kernel memory.
    Copy,
    /// Software segmentation.
    Segment,
    /// Software transport checksum.
    Checksum,
    /// IPsec policy lookup and bundle of a forwarded packet.
    Policy,
    /// Netfilter and connection tracking.
    Netfilter,
    /// ESP encapsulation without the cipher.
    Xfrm,
    /// Waiting for an SA's state that is not in the core's cache.
    SaState,
    /// A request to the CPU's own cipher, without its octets.
    CryptoRequest,
    /// AEAD or cipher with HMAC.
    Aead,
    /// Submitting to an accelerator.
    CryptoSubmit,
    /// Handling an accelerator's responses.
    CryptoComplete,
    /// Driver transmit.
    Transmit,
    /// MMIO doorbell writes.
    Doorbell,
    /// Transmit completions.
    Complete,
    /// Interrupts.
    Interrupt,
    /// What one poll costs however many packets it finds; for vector processing, one vector.
    Poll,
    /// Driver receive: completion, buffer, refill.
    Receive,
    /// Handing a received packet to another core, and fetching it there.
    Steer,
    /// Merging received packets (GRO).
    Gro,
    /// Waiting for lines of received packets that are not in the cache.
    Memory,
    /// IP input, transport, socket and receive call.
    Deliver,
    /// Route lookup and forwarding.
    Forward,
    /// Switching to another thread and back while an accelerator works.
    Switch,
    /// A tunnel inside ESP: its header, device and route.
    Tunnel,
    /// IP fragmentation and reassembly.
    Fragment,
    /// Holding the lock of an SA that cores share, and spinning for it; and for invalidations of the IO-TLB.
    Lock,
    /// Whatever was spent on packets that were dropped afterwards.
    Dropped,
}

impl Category {
    /// Every category, in the order of a packet's way.
    pub const ALL: [Category; 28] = [
        Category::Send,
        Category::Copy,
        Category::Segment,
        Category::Checksum,
        Category::Policy,
        Category::Netfilter,
        Category::Xfrm,
        Category::SaState,
        Category::CryptoRequest,
        Category::Aead,
        Category::CryptoSubmit,
        Category::CryptoComplete,
        Category::Transmit,
        Category::Doorbell,
        Category::Complete,
        Category::Interrupt,
        Category::Poll,
        Category::Receive,
        Category::Steer,
        Category::Gro,
        Category::Memory,
        Category::Deliver,
        Category::Forward,
        Category::Switch,
        Category::Tunnel,
        Category::Fragment,
        Category::Lock,
        Category::Dropped,
    ];

    /// The name used in results.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Send => "send",
            Category::Copy => "copy",
            Category::Segment => "segment",
            Category::Checksum => "checksum",
            Category::Policy => "policy",
            Category::Netfilter => "netfilter",
            Category::Xfrm => "xfrm",
            Category::SaState => "sa_state",
            Category::CryptoRequest => "crypto_request",
            Category::Aead => "aead",
            Category::CryptoSubmit => "crypto_submit",
            Category::CryptoComplete => "crypto_complete",
            Category::Transmit => "transmit",
            Category::Doorbell => "doorbell",
            Category::Complete => "complete",
            Category::Interrupt => "interrupt",
            Category::Poll => "poll",
            Category::Receive => "receive",
            Category::Steer => "steer",
            Category::Gro => "gro",
            Category::Memory => "memory",
            Category::Deliver => "deliver",
            Category::Forward => "forward",
            Category::Switch => "switch",
            Category::Tunnel => "tunnel",
            Category::Fragment => "fragment",
            Category::Lock => "lock",
            Category::Dropped => "dropped",
        }
    }
}
