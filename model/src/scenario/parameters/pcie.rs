//! PCIe: slots, the attachment of devices, and the IOMMU.

use super::Entry;
use super::names::names;
use super::takes::{ANY_TIME, PACKET_RATE, Quantity, Range, Takes, integer, quantity, size, time_to};
use crate::hardware::pcie::{Mapping, Numa, Units};
use crate::preset::PresetKind;
use crate::scenario::Attachment;
use crate::units::Time;

/// Sizes of Max_Payload_Size and Max_Read_Request_Size (Device Control register).
const TLP: Takes = quantity(Quantity::Size, Range::OneOf(&[128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0]));
/// More than half of a link is never for its upkeep.
const LINK_SHARE: Takes = Takes::Number(Range::Between(0.0, 0.5));

pub(super) const SLOT: &[Entry] = &[
    Entry::new(
        "preset",
        Takes::Preset(|| PresetKind::Pcie.names()),
        "A PCIe slot of the library, or of a file of your own, all of whose values are taken.",
    ),
    Entry::new("title", Takes::Text, "What reports call this PCIe slot."),
    Entry::new(
        "generation",
        integer(1, 6),
        "PCIe generation: transfer rate per lane (2.5, 5, 8, 16, 32, 64 GT/s) and line code; flits from 6 on.",
    ),
    Entry::new(
        "lanes",
        Takes::Integer(Range::OneOf(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0])),
        "Link width: lanes that the trained link uses, which may be fewer than the connector has.",
    ),
    Entry::new(
        "max_payload_size",
        TLP,
        "Max_Payload_Size: the most data in one write or completion TLP, so how much of the link headers take.",
    ),
    Entry::new(
        "max_read_request_size",
        TLP,
        "Max_Read_Request_Size: the most data that one read TLP asks for, so how many reads a packet takes.",
    ),
    Entry::new(
        "read_completion_boundary",
        quantity(Quantity::Size, Range::OneOf(&[64.0, 128.0])),
        "Read Completion Boundary: addresses at which the root complex may split completions.",
    ),
    Entry::new(
        "split_at_rcb",
        Takes::Boolean,
        "Whether every completion ends at the next Read Completion Boundary instead of filling Max_Payload_Size.",
    ),
    Entry::new(
        "split_reads_up_to",
        quantity(Quantity::Size, Range::Any),
        "Reads of up to this size are answered one Read Completion Boundary at a time; absent for none.",
    )
    .example("256 B"),
    Entry::new(
        "read_latency",
        ANY_TIME,
        "From a read's arrival at the root complex to its first completion, data in cache; outstanding reads hide it.",
    ),
    Entry::new("dram_latency", ANY_TIME, "What a DMA read takes longer when its data is in DRAM and not in the cache."),
    Entry::new("write_latency", ANY_TIME, "From a posted write's arrival at the root complex until a core can see it."),
    Entry::new(
        "doorbell_latency",
        ANY_TIME,
        "From a core's MMIO write to a device's register until the device acts on it.",
    ),
    Entry::new(
        "data_link_share",
        LINK_SHARE,
        "Part of the raw rate that DLLPs and ordered sets take; absent for what the specification bounds it by.",
    )
    .example("0.1"),
    Entry::new(
        "data_link_share_down",
        LINK_SHARE,
        "The same towards the device, where completions come; absent if it does not differ.",
    )
    .example("0.1"),
    Entry::new(
        "numa",
        Takes::Name(names::<Numa>),
        "Whether DMA buffers are on the NUMA node of the slot, which is assumed if absent, or across the socket link.",
    ),
    Entry::new("numa_latency", ANY_TIME, "What DMA takes longer to and from the memory of another NUMA node."),
    Entry::new(
        "posted_data_credits",
        size(128, 1 << 20),
        "Flow control credits for posted data: octets written but not yet drained, at least Max_Payload_Size.",
    ),
    Entry::new(
        "request_turnaround",
        time_to(Time::from_us(1)),
        "For how long the device leaves its link idle with each read request or write: its engine's own turn; absent \
         for none.",
    )
    .example("3 ns"),
    Entry::new(
        "completion_buffer",
        size(128, 1 << 24),
        "Room of the device for the answers of its reads, at least Max_Read_Request_Size: bounds reads in flight beside \
         tags; absent for no bound.",
    ),
    Entry::new(
        "ordered_writes",
        integer(1, 4096),
        "Lines written in order that the root complex makes visible at a time, which bounds payload that is not relaxed; absent for any.",
    )
    .example("5"),
];

pub(super) const PCIE: &[Entry] = &[
    Entry::new(
        "attachment",
        Takes::Name(names::<Attachment>),
        "A root port for each device, or all behind one switch, whose uplink they share.",
    ),
    Entry::new(
        "root_complex_rate",
        PACKET_RATE,
        "Transfers per second that the root complex handles for all devices together; absent for no limit.",
    )
    .example("500 Mpps"),
];

pub(super) const IOMMU: &[Entry] = &[
    Entry::new(
        "enabled",
        Takes::Boolean,
        "Whether an IOMMU translates device addresses, as with iommu=strict or in a guest.",
    ),
    Entry::new(
        "units",
        Takes::Name(names::<Units>),
        "Whether all slots share one IOMMU unit or each has its own, with IO-TLB, walkers and invalidations; absent for \
         what the host has.",
    )
    .example("per-slot"),
    Entry::new(
        "entries",
        integer(1, 1 << 20),
        "Translations that the IO-TLB of a unit holds; buffers beyond entries times page cost page walks.",
    ),
    Entry::new(
        "page",
        size(4096, 1 << 30),
        "Size of the pages that buffers are mapped with; huge pages stretch the IO-TLB.",
    ),
    Entry::new(
        "walk",
        time_to(Time::from_us(1000)),
        "Time of one page walk, which DMA waits for on a miss of the IO-TLB.",
    ),
    Entry::new(
        "walkers",
        integer(1, 1024),
        "Page walks at a time of a unit; with the time of one they bound the rate of misses.",
    ),
    Entry::new(
        "walk_queue",
        integer(0, 65_536),
        "Misses of a device that may wait for a walker; at that many its other translations wait behind them; absent for any.",
    )
    .example("58"),
    Entry::new(
        "working_set",
        size(1, 1 << 36),
        "Memory that DMA buffers are taken from at random: rings times buffer size of all queues.",
    ),
    Entry::new(
        "mapping",
        Takes::Name(names::<Mapping>),
        "Whether buffers stay mapped, or drivers map and unmap each and invalidate the IO-TLB for each (strict) or \
         for many (lazy).",
    ),
    Entry::new("map", time_to(Time::from_us(100)), "Time of a core to map a buffer: address and page table."),
    Entry::new("unmap", time_to(Time::from_us(100)), "Time of a core to unmap a buffer, without the invalidation."),
    Entry::new(
        "invalidate",
        time_to(Time::from_us(100)),
        "Time of one invalidation of the IO-TLB, for which the core spins; the IOMMU does one after the other.",
    ),
];
