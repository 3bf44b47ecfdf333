//! Lookaside accelerators and how they are used.

use super::Entry;
use super::names::names;
use super::takes::{ANY_TIME, BIT_RATE, Items, PACKET_RATE, Takes, integer, size};
use crate::preset::PresetKind;
use crate::profile::Algorithm;
use crate::scenario::{Driver, Interrupts, Submission, WhenFull};

pub(super) const ACCELERATOR: &[Entry] = &[
    Entry::new(
        "preset",
        Takes::Preset(|| PresetKind::Accelerator.names()),
        "An accelerator of the library, or of a file of your own, all of whose values are taken.",
    ),
    Entry::new("title", Takes::Text, "What reports call this accelerator."),
    Entry::new(
        "count",
        integer(1, 16),
        "Accelerators of this kind, each in a slot of its own; cores take them in turn.",
    ),
    Entry::new(
        "algorithms",
        Takes::List(Items::Names(names::<Algorithm>)),
        "Ciphers that the accelerator does; an SA of another is left to the CPU or refused.",
    ),
    Entry::new(
        "kernel_algorithms",
        Takes::List(Items::Names(names::<Algorithm>)),
        "Those that the driver in the Linux kernel's tree registers for ESP: what the kernel has with lookaside.driver = \"in-tree\".",
    ),
    Entry::new(
        "engines",
        integer(1, 64),
        "Cipher engines in parallel; one request keeps one of them busy, so a single request sees a part of the rate.",
    ),
    Entry::new("rate", BIT_RATE, "Rate of all engines together, counted on the octets that are encrypted."),
    Entry::new(
        "operation_rate",
        PACKET_RATE,
        "Most requests per second of all engines together; binds with small packets.",
    ),
    Entry::new(
        "latency",
        ANY_TIME,
        "What a request takes in the device beside the engine's own time and PCIe transfers.",
    ),
    Entry::new(
        "ring",
        integer(1, 65_536),
        "Requests that each core may have in the device; one more finds its ring full.",
    ),
    Entry::new(
        "content_descriptor",
        size(0, 4096),
        "Octets of the session's content descriptor (cipher, keys) that the device reads for each request.",
    ),
    Entry::new(
        "scatter_lists",
        size(0, 4096),
        "Octets of scatter lists that the device reads for each request of the kernel; userspace hands over flat buffers.",
    ),
    Entry::new(
        "session_setup",
        ANY_TIME,
        "Setting up the session of one SA in the device, one after the other: part of each SA's installation.",
    ),
    Entry::new("request", size(1, 4096), "Size of a request descriptor, which the device reads for every packet."),
    Entry::new("response", size(1, 4096), "Size of a response descriptor, which the device writes for every packet."),
    Entry::new("request_batch", integer(1, 1024), "Request descriptors that the device fetches by one DMA read."),
    Entry::new(
        "relaxed_ordering",
        Takes::Boolean,
        "Whether payload passes what the device wrote before (the relaxed ordering attribute).",
    ),
    Entry::new(
        "read_tags",
        integer(1, 1024),
        "DMA reads that the device may have outstanding: with the latency of one they bound what it takes in.",
    ),
    Entry::new("coalesce_responses", integer(1, 65_536), "Responses that raise an interrupt at once."),
    Entry::new(
        "coalesce_time",
        ANY_TIME,
        "Longest wait of a response for its interrupt: throughput against latency at low load.",
    ),
    Entry::new(
        "slot",
        Takes::Name(|| PresetKind::Pcie.names()),
        "PCIe slot that the accelerator is made for: the default of accelerator.pcie.preset.",
    ),
];

pub(super) const LOOKASIDE: &[Entry] = &[
    Entry::new(
        "submission",
        Takes::Name(names::<Submission>),
        "How a core learns of responses: by coalesced interrupts, by polling, or by blocking on each request.",
    ),
    Entry::new(
        "threads",
        integer(1, 1024),
        "Threads per core that block on one request each, with submission = \"sync\".",
    ),
    Entry::new(
        "interrupts",
        Takes::Name(names::<Interrupts>),
        "Which core the accelerator interrupts: the one that submitted, or one for all (IRQ affinity).",
    ),
    Entry::new(
        "when_full",
        Takes::Name(names::<WhenFull>),
        "What a core does whose request ring is full: wait, or encrypt the packet itself.",
    ),
    Entry::new(
        "smallest",
        size(0, 65_535),
        "Octets to encrypt from which on packets are handed over; smaller ones stay on the CPU.",
    ),
    Entry::new(
        "copies",
        integer(0, 16),
        "Copies of each buffer by the core with placement = \"crypto\", to memory that the device reaches and back: OpenSSL engines make two.",
    ),
    Entry::new(
        "driver",
        Takes::Name(names::<Driver>),
        "Whose driver the kernel has: that of its own tree with the ciphers it registers, or one with all of the device's.",
    ),
];
