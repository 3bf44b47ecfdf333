//! What carries packets on the host, and what that costs a core: one structure for every stack.

mod cost;

pub use cost::{COSTS, Cost, StackCost, find};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Bytes, Time};

/// What carries packets on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stack {
    /// The Linux kernel: system calls, interrupts, NAPI, socket buffers.
    Kernel,
    /// XDP in the driver: interrupts and NAPI, no socket buffers; lookup and redirect in a BPF program.
    Xdp,
    /// Vector processing in userspace (VPP, DPDK): cores that poll, packets in vectors of up to 256.
    Vector,
}

/// The most packets of one poll: `NAPI_POLL_WEIGHT`, Linux include/linux/netdevice.h.
const NAPI_BUDGET: u32 = 64;
/// The most packets of one vector: `VLIB_FRAME_SIZE`, VPP src/vlib/node.h.
const VECTOR_SIZE: u32 = 256;

impl Stack {
    /// Every stack.
    pub const ALL: [Stack; 3] = [Stack::Kernel, Stack::Xdp, Stack::Vector];

    /// The name used in scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            Stack::Kernel => "kernel",
            Stack::Xdp => "xdp",
            Stack::Vector => "vector",
        }
    }

    /// The table of a profile that has its costs.
    pub const fn table(self) -> &'static str {
        match self {
            Stack::Kernel => "stack",
            Stack::Xdp => "xdp",
            Stack::Vector => "vector",
        }
    }

    /// The most packets of one poll.
    pub const fn budget(self) -> u32 {
        match self {
            Stack::Kernel | Stack::Xdp => NAPI_BUDGET,
            Stack::Vector => VECTOR_SIZE,
        }
    }

    /// Whether cores poll all the time: nothing interrupts them, and none of their time is left.
    pub const fn is_polling(self) -> bool {
        matches!(self, Stack::Vector)
    }

    /// Whether doorbells, of NICs and of accelerators, are rung once for all packets of a poll. The kernel rings for each
    /// packet that it forwards.
    pub const fn rings_once_per_poll(self) -> bool {
        !matches!(self, Stack::Kernel)
    }

    /// Whether packets that find the transmit ring full wait in a queueing discipline; the others drop at once.
    pub const fn queues_before_ring(self) -> bool {
        matches!(self, Stack::Kernel)
    }

    /// Whether cores that send through one SA contend for its lock.
    pub const fn locks_sas(self) -> bool {
        matches!(self, Stack::Kernel)
    }

    /// Whether an SA belongs to the core that has used it first, to which others hand its packets (VPP
    /// src/vnet/ipsec/ipsec_handoff.c: `encrypt_thread_index` of an SA).
    pub const fn hands_to_owners(self) -> bool {
        matches!(self, Stack::Vector)
    }

    /// What the state of one SA takes of the caches. In the kernel `struct xfrm_state`, `struct xfrm_policy`, the bundle and
    /// the cipher's context (Linux include/net/xfrm.h); in VPP `ipsec_sa_t`, its counters and key (src/vnet/ipsec/ipsec_sa.h).
    /// Estimates of what is touched of them, in whole cache lines.
    pub const fn sa_state(self) -> Bytes {
        match self {
            Stack::Kernel => Bytes::new(2048),
            Stack::Xdp => Bytes::new(256),
            Stack::Vector => Bytes::new(768),
        }
    }

    /// Whether software asks for the lines of a packet well before it works on it: VPP for the packets after next of a vector
    /// (src/plugins/dpdk/device/node.c, src/plugins/rdma/input.c).
    pub const fn prefetches(self) -> bool {
        matches!(self, Stack::Vector)
    }

    /// Whether received packets of a flow are merged (GRO).
    pub const fn merges(self) -> bool {
        matches!(self, Stack::Kernel)
    }

    /// When the first packet of a burst starts a poll, given the NIC's interrupt moderation.
    pub const fn moderation(self, packets: u32, time: Time) -> (u32, Time) {
        match self {
            Stack::Kernel | Stack::Xdp => (packets, time),
            Stack::Vector => (1, Time::ZERO),
        }
    }
}
