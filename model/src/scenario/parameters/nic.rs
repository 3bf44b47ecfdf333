//! NICs and their ESP engines.

use super::Entry;
use super::names::names;
use super::takes::{ANY_TIME, BIT_RATE, Items, PACKET_RATE, Takes, integer, size};
use crate::engine::program::Replacement;
use crate::esp::Mode;
use crate::hardware::nic::{Hairpin, RssEsp};
use crate::preset::PresetKind;
use crate::profile::Algorithm;

pub(super) const NIC: &[Entry] = &[
    Entry::new("preset", Takes::Preset(|| PresetKind::Nic.names()), "A NIC of the library, or of a file of your own, all of whose values are taken."),
    Entry::new("title", Takes::Text, "What reports call this NIC."),
    Entry::new(
        "count",
        integer(1, 16),
        "NICs of this kind, each in a slot of its own with queues for every core; SAs are spread over them.",
    ),
    Entry::new(
        "ports",
        integer(1, 2),
        "Ports in use, which share chip and slot; a gateway with two has its clear side on the first.",
    ),
    Entry::new("standby", Takes::Boolean, "Whether this NIC carries packets only after a failover; one may."),
    Entry::new("line_rate", BIT_RATE, "Rate of a port on the wire, preamble and inter-packet gap included, each way."),
    Entry::new(
        "packet_rate",
        PACKET_RATE,
        "Most packets per second that a port's packet engine takes, each way; binds with small packets.",
    ),
    Entry::new(
        "latency",
        ANY_TIME,
        "From the payload's arrival in the NIC to its first bit on the wire, without crypto.",
    ),
    Entry::new(
        "ring",
        integer(1, 65_536),
        "Descriptors of each transmit and each receive ring, as ethtool -G sets them: how much the NIC may hold.",
    ),
    Entry::new(
        "queue_packet_rate",
        PACKET_RATE,
        "Most packets per second of one queue, each way; absent where one queue can have all of the port's.",
    )
    .example("30 Mpps"),
    Entry::new("buffer", size(1, 1 << 30), "On-chip memory for packets that are read from the host and not sent yet."),
    Entry::new(
        "receive_buffer",
        size(1, 1 << 30),
        "On-chip memory of a port for packets not yet written to the host; what finds it full is lost.",
    ),
    Entry::new("refill_batch", integer(1, 65_536), "Receive buffers that the driver gives back to the ring at a time."),
    Entry::new(
        "read_tags",
        integer(1, 1024),
        "DMA reads that the NIC may have outstanding: with the latency of one they bound what it reads.",
    ),
    Entry::new(
        "relaxed_ordering",
        Takes::Boolean,
        "Whether payload passes what the NIC wrote before (the relaxed ordering attribute); completions never do.",
    ),
    Entry::new(
        "inline",
        size(1, 4096),
        "Packets of up to this size are copied into their descriptors, core cycles for a PCIe read less; absent for none.",
    )
    .example("268 B"),
    Entry::new(
        "inline_headers",
        Takes::Boolean,
        "Whether the headers of what the NIC segments are copied into the descriptor, which spares a read.",
    ),
    Entry::new(
        "gather_rate",
        PACKET_RATE,
        "Most packets per second that the NIC reads by pointers, all queues and ports together; absent for no such limit.",
    )
    .example("70 Mpps"),
    Entry::new(
        "descriptor",
        size(1, 4096),
        "Size of a transmit descriptor (WQE), which the NIC reads for every packet.",
    ),
    Entry::new(
        "receive_descriptor",
        size(1, 4096),
        "Size of a receive descriptor, which names an empty buffer to the NIC.",
    ),
    Entry::new("descriptor_batch", integer(1, 1024), "Descriptors that the NIC fetches by one DMA read."),
    Entry::new("completion", size(1, 4096), "Size of a completion entry (CQE), which the NIC writes to host memory."),
    Entry::new("completion_batch", integer(1, 1024), "Packets that one completion entry reports as done."),
    Entry::new(
        "moderation_packets",
        integer(1, 65_536),
        "Completions that raise an interrupt at once (ethtool -C tx-frames, rx-frames).",
    ),
    Entry::new(
        "moderation_time",
        ANY_TIME,
        "Longest wait of a completion for its interrupt (ethtool -C tx-usecs, rx-usecs).",
    ),
    Entry::new(
        "tso",
        Takes::Boolean,
        "Whether the NIC segments super-packets in the clear (NETIF_F_TSO and its like for UDP).",
    ),
    Entry::new(
        "checksum",
        Takes::Boolean,
        "Whether the NIC fills in transport checksums of packets in the clear (NETIF_F_HW_CSUM).",
    ),
    Entry::new(
        "slot",
        Takes::Name(|| PresetKind::Pcie.names()),
        "PCIe slot that the NIC is made for: the default of nic.pcie.preset.",
    ),
    Entry::new(
        "soc_cpu",
        Takes::Name(|| PresetKind::Cpu.names()),
        "CPU preset of a DPU's own cores, whose costs placement = \"dpu\" takes; absent for a NIC without cores.",
    )
    .example("cortex-a72"),
    Entry::new("soc_cores", integer(1, 128), "Cores of a DPU's own; absent for a NIC without cores.").example("8"),
    Entry::new(
        "rss_esp",
        Takes::Name(names::<RssEsp>),
        "What chooses the queue of a packet under ESP: outer addresses and SPI, addresses alone, or nothing (one queue).",
    ),
    Entry::new(
        "receive_completion_batch",
        integer(1, 1024),
        "Received packets that one completion entry reports, such as 8 with compression (mlx5); absent for completion_batch.",
    )
    .example("8"),
    Entry::new(
        "receive_padding",
        size(1, 4096),
        "What received frames are padded to a multiple of in host memory, such as a cache line; absent for none.",
    )
    .example("64 B"),
    Entry::new(
        "hairpin",
        Takes::Name(names::<Hairpin>),
        "Where packets wait that the NIC forwards by itself, its own memory or the host's; absent where it does not forward.",
    ),
];

pub(super) const ESP: &[Entry] = &[
    Entry::new(
        "algorithms",
        Takes::List(Items::Names(names::<Algorithm>)),
        "Ciphers that the NIC does inline; an SA of another is left to the CPU or refused.",
    ),
    Entry::new(
        "modes",
        Takes::List(Items::Names(names::<Mode>)),
        "Modes of ESP that the NIC does inline; its driver refuses SAs of another.",
    ),
    Entry::new(
        "decrypts",
        Takes::Boolean,
        "Whether the NIC decrypts what it receives; drivers of some NICs offload what is sent alone.",
    ),
    Entry::new("rate", BIT_RATE, "Rate of the NIC's cipher engine, counted on the octets that ESP encrypts."),
    Entry::new(
        "packet_rate",
        PACKET_RATE,
        "Most ESP packets per second that the NIC's engine takes, whatever their size.",
    ),
    Entry::new("latency", ANY_TIME, "What inline crypto adds to a packet's way through the NIC."),
    Entry::new(
        "gso",
        Takes::Boolean,
        "Whether the NIC segments super-packets before it encrypts them (NETIF_F_GSO_ESP).",
    ),
    Entry::new(
        "checksum",
        Takes::Boolean,
        "Whether the NIC fills in the inner transport checksum before it encrypts (NETIF_F_HW_ESP_TX_CSUM).",
    ),
    Entry::new(
        "packet_offload",
        Takes::Boolean,
        "Whether the NIC encapsulates and applies policies too (XFRM_DEV_OFFLOAD_PACKET), as inline-packet needs.",
    ),
    Entry::new(
        "sa_capacity",
        integer(0, u32::MAX as u64),
        "SAs that the NIC takes in each direction; it refuses any more.",
    ),
    Entry::new(
        "sa_cache",
        integer(1, 1 << 24),
        "SA contexts that are held on chip; with more SAs in use than that, packets wait for DMA reads of theirs.",
    ),
    Entry::new(
        "sa_replacement",
        Takes::Name(names::<Replacement>),
        "Which SA context leaves the chip's cache for another one.",
    ),
    Entry::new(
        "sa_context",
        size(1, 4096),
        "Size of an SA context: keys, salt, sequence number, replay window, counters.",
    ),
    Entry::new(
        "sa_fetches",
        integer(1, 1024),
        "SA contexts that may be fetched at a time; at that many, all packets wait for one to come.",
    ),
    Entry::new(
        "rss_inner",
        Takes::Boolean,
        "Whether the NIC chooses the queue of what it has decrypted by the inner headers, so that one SA comes to many cores.",
    ),
    Entry::new(
        "sa_ways",
        integer(1, 1 << 24),
        "Places of the SA context cache that a context may lie in, by hash: its set; absent where it may lie in all.",
    )
    .example("4"),
    Entry::new(
        "sa_reads",
        integer(1, 64),
        "Reads by which a missing SA context is fetched, each waiting for the one before and of its share of sa_context.",
    ),
    Entry::new(
        "sa_write_back",
        size(0, 4096),
        "What is written back of an SA context that leaves the chip: replay window, sequence number, counters; may be 0 B.",
    ),
    Entry::new(
        "sa_device_read",
        ANY_TIME,
        "Time of a read of the NIC's own memory where SA contexts lie there; absent where they lie in the host's.",
    )
    .example("150 ns"),
];
