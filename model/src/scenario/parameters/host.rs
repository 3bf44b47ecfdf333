//! The placement, the host and what it leaves to the NIC.

use super::Entry;
use super::names::names;
use super::takes::{Quantity, Range, Takes, integer, size, time_to};
use crate::placement::Placement;
use crate::stack::Stack;
use crate::units::Time;

pub(super) const ROOT: &[Entry] = &[Entry::new(
    "placement",
    Takes::Name(|| Placement::NAMES.to_vec()),
    "Where ESP is processed: nowhere, on the CPU, in a lookaside accelerator, in the NIC, or on a DPU out of the host's sight.",
)];

pub(super) const HOST: &[Entry] = &[
    // Every core takes a slot of the event core, and a few for hardware remain.
    Entry::new("cores", integer(1, 256), "Cores that carry packets, each with a queue pair of its own on every NIC."),
    Entry::new(
        "stack",
        Takes::Name(names::<Stack>),
        "Linux kernel with interrupts and NAPI; XDP in its driver; or vector processing in user space (VPP, DPDK) that polls.",
    ),
    Entry::new("netfilter", Takes::Boolean, "Whether packets pass netfilter hooks with rules (nftables, iptables)."),
    Entry::new("conntrack", Takes::Boolean, "Whether the kernel tracks connections (nf_conntrack)."),
    Entry::new(
        "ddio_ways",
        integer(0, 64),
        "Ways of the L3 cache that device writes land in, 0 for none; absent for all or none, as the profile says.",
    )
    .example("0"),
    Entry::new(
        "working_set",
        size(1, 1 << 40),
        "Memory that applications send from and receive into, whose copies take memory bandwidth beyond the L3; absent for what fits.",
    )
    .example("1 GiB"),
    Entry::new(
        "line_wait",
        time_to(Time::from_us(10)),
        "What a core waits longer for a line of a received packet that is not in the cache; payload comes ten lines at a time.",
    ),
    Entry::new(
        "crypto_workers",
        integer(1, 256),
        "Cores, the last of them, that do the cipher of all (pcrypt, VPP's crypto_sw_scheduler); as many as cores: all; absent: none.",
    )
    .example("2"),
];

/// `GSO_MAX_SIZE` in include/linux/netdevice.h: what Linux takes with BIG TCP.
const SUPER_PACKET: Takes =
    Takes::Quantity { quantity: Quantity::Size, range: Range::Between(1.0, 524_280.0), or_off: true };

pub(super) const OFFLOAD: &[Entry] = &[
    Entry::new(
        "gso",
        SUPER_PACKET,
        "Largest super-packet, in octets of payload, that the stack sends down whole (generic segmentation offload).",
    ),
    Entry::new(
        "gro",
        SUPER_PACKET,
        "Largest packet that received packets of one flow are merged into (generic receive offload).",
    ),
    Entry::new(
        "nic_segmentation",
        Takes::Boolean,
        "Whether a NIC that can cut super-packets does: TSO in the clear, ESP GSO with inline crypto.",
    ),
    Entry::new(
        "esp_gro",
        Takes::Boolean,
        "Whether what came in transport mode is merged after decryption, which takes the module esp4_offload.",
    ),
    Entry::new(
        "nic_checksum",
        Takes::Boolean,
        "Whether a NIC that can fill in the UDP or TCP checksum does, so that no core reads the payload for it.",
    ),
];
