//! Traffic and the security associations that protect it.

use super::Entry;
use super::names::names;
use super::takes::{ANY_TIME, Items, PACKET_RATE, Quantity, Range, Takes, integer, quantity, size};
use crate::esp::{Family, Inside, Mode};
use crate::preset::PresetKind;
use crate::profile::Algorithm;
use crate::scenario::{Lock, Selectors};
use crate::traffic::{Arrival, Basis, Direction, Steering, TooBig, Transport};

/// The largest send: that of a super-packet (`GSO_MAX_SIZE`, include/linux/netdevice.h).
const PACKET: Takes = size(1, 524_280);

pub(super) const TRAFFIC: &[Entry] = &[
    Entry::new(
        "name",
        Takes::Text,
        "What results call this class; several classes of one direction need a name each, one alone goes by its direction.",
    )
    .example("voice"),
    Entry::new(
        "direction",
        Takes::Name(names::<Direction>),
        "From an application, to one, or through a security gateway (RFC 4301) outbound, inbound or both ways.",
    ),
    Entry::new(
        "arrival",
        Takes::Name(names::<Arrival>),
        "A closed loop that saturates the data path, or an open one: constant, Poisson, interrupted Poisson, bursts, a trace.",
    ),
    Entry::new(
        "rate",
        quantity(Quantity::BitRate, Range::Above0(1e14)),
        "Offered rate of all flows together, counted on rate_basis; an open arrival process needs one.",
    )
    .example("40 Gbps"),
    Entry::new(
        "rate_basis",
        Takes::Name(names::<Basis>),
        "Which octets the rate counts: payload, IP packet, Ethernet frame before or after ESP, or all of the wire.",
    ),
    Entry::new(
        "share",
        quantity(Quantity::Share, Range::Above0(1.0)),
        "Part of the offered rate that belongs to this class, where several classes divide one rate.",
    ),
    Entry::new(
        "packet",
        PACKET,
        "Size of every packet, counted on size_basis; above what the MTU takes it is a send that GSO segments.",
    ),
    Entry::new(
        "mix",
        Takes::NameOrList(|| PresetKind::Mix.names(), Items::Tables(MIX)),
        "Packet sizes and how often each comes, such as an IMIX, instead of one size for all.",
    ),
    Entry::new(
        "size_basis",
        Takes::Name(|| vec!["l3", "clear-l2", "l2"]),
        "Which octets a packet size counts: the inner IP packet, or its Ethernet frame in the clear with FCS.",
    ),
    Entry::new(
        "transport",
        Takes::Name(names::<Transport>),
        "Transport header of the inner packets, which also decides what super-packets Linux builds.",
    ),
    Entry::new(
        "mtu",
        size(68, 65_535),
        "Largest IP packet on the wire, ESP included; RFC 791 asks every link for 68 octets at least.",
    ),
    Entry::new(
        "family",
        Takes::Name(names::<Family>),
        "IP version of the inner packets, whose header has 20 octets or 40.",
    ),
    Entry::new(
        "too_big",
        Takes::Name(names::<TooBig>),
        "What becomes of packets beyond the MTU under ESP; absent as Linux: TCP clamps, UDP of IPv4 fragments, of IPv6 drops.",
    )
    .example("fragment"),
    Entry::new("flows", integer(1, 1_000_000), "Transport connections that packets belong to; a flow stays on one core and one SA."),
    Entry::new(
        "sas",
        integer(1, 1_000_000),
        "How many of sa.count this class's flows use, at most all; absent for all of them.",
    )
    .example("1"),
    Entry::new(
        "steering",
        Takes::Name(names::<Steering>),
        "How flows come to cores: evenly, by the Toeplitz hash of RSS, or with ESP handed on by the core that RSS chose (RPS).",
    ),
    Entry::new(
        "hash_seed",
        integer(1, 1 << 32),
        "Which of the possible placements of flows on cores and SAs is taken; vary it to see how much that matters.",
    ),
    Entry::new(
        "train",
        integer(1, 4096),
        "Packets of a flow that come by the wire one after the other; absent for its sender's GSO: 64 KiB of TCP, one of UDP.",
    )
    .example("1"),
    Entry::new(
        "window",
        integer(1, 1_000_000),
        "Packets in flight per core in a closed loop: enough to fill the pipeline, or fewer for less latency.",
    ),
    Entry::new(
        "queue",
        integer(1, 1_000_000),
        "Packets per core that wait in a queueing discipline before the transmit ring; one more is dropped.",
    ),
    Entry::new(
        "on",
        BURST_TIME,
        "Mean of the exponentially distributed times for which on-off arrivals are on, with their rate raised to keep the mean.",
    )
    .example("100 us"),
    Entry::new("off", BURST_TIME, "Mean of the exponentially distributed times for which nothing comes of on-off arrivals.")
        .example("100 us"),
    Entry::new(
        "burst",
        integer(1, 65_536),
        "Trains, or single packets where there are none, of a burst on average; their number is distributed geometrically.",
    )
    .example("32"),
    Entry::new(
        "trace",
        Takes::Text,
        "A capture (pcap, pcapng) or table (CSV) whose packets come, with their lengths and flows; rate makes it faster or slower.",
    )
    .example("capture.pcapng"),
    Entry::new(
        "acks",
        Takes::Boolean,
        "Whether TCP is acknowledged by packets the other way, one for two segments or for what GRO has merged.",
    ),
];

/// From less than a packet takes to more than a run lasts.
const BURST_TIME: Takes = quantity(Quantity::Time, Range::Between(1e3, 1e13));

pub(super) const MIX: &[Entry] = &[
    Entry::new("weight", integer(0, 1_000_000), "Packets of this size in proportion to those of the others.")
        .example("1")
        .required(),
    Entry::new("size", PACKET, "A packet size of the mix, counted on size_basis.").example("64 B").required(),
];

pub(super) const SA: &[Entry] = &[
    Entry::new(
        "algorithm",
        Takes::Name(names::<Algorithm>),
        "ESP cipher: an AEAD (RFC 4106, RFC 7634), or AES-CBC (RFC 3602) with an HMAC (RFC 2404, RFC 4868).",
    ),
    Entry::new(
        "mode",
        Takes::Name(names::<Mode>),
        "RFC 4303: transport mode protects the transport segment, tunnel mode the whole IP packet under a new header.",
    ),
    Entry::new(
        "outer",
        Takes::Name(names::<Family>),
        "IP version of the header that tunnel mode, or a tunnel inside ESP, adds; absent for that of the inner packet.",
    )
    .example("ipv4"),
    Entry::new(
        "inside",
        Takes::Name(names::<Inside>),
        "A tunnel whose packets ESP protects: GRE, VXLAN or L2TP; what it hides from the NIC the CPU segments and sums.",
    ),
    Entry::new(
        "esn",
        Takes::Boolean,
        "Extended sequence numbers (RFC 4303): 4 octets more are authenticated, and none more are sent.",
    ),
    Entry::new(
        "nat_t",
        Takes::Boolean,
        "Whether ESP travels in UDP to pass network address translation (RFC 3948), 8 octets more per packet.",
    ),
    Entry::new(
        "count",
        integer(1, 1_000_000),
        "SAs in each direction, which compete for a NIC's table and context cache; flows are spread over them.",
    ),
    Entry::new(
        "lock",
        Takes::Name(names::<Lock>),
        "Spinlock of an SA that several cores take: queued as on x86 since Linux 4.2; ticket before, and like it in guests.",
    ),
    Entry::new(
        "lock_passes",
        integer(1, 2),
        "How often a received packet that the NIC has decrypted takes the SA's lock: twice, once since Linux commit 10a118619439.",
    ),
    Entry::new(
        "selectors",
        Takes::Name(names::<Selectors>),
        "What IPsec policies select by: single addresses, found by hash, or prefixes, found in a tree that grows.",
    ),
    Entry::new(
        "per_cpu",
        Takes::Boolean,
        "Whether each of sa.count is a set of SAs, one for every core (RFC 9611; Linux 6.13, XFRMA_SA_PCPU).",
    ),
    Entry::new(
        "rate",
        quantity(Quantity::BitRate, Range::Above0(1e14)),
        "What one SA may carry, counted on inner IP packets, as clouds limit tunnels; beyond it packets are lost.",
    )
    .example("1.25 Gbps"),
    Entry::new(
        "packet_rate",
        PACKET_RATE,
        "Most packets per second of one SA, whatever their size, as clouds limit tunnels; beyond it they are lost.",
    )
    .example("140 kpps"),
    Entry::new("burst", ANY_TIME, "How long packets may come ahead of sa.rate and sa.packet_rate before they are lost."),
    Entry::new(
        "replay_window",
        integer(1, 4096),
        "Packets of an inbound SA's replay window (RFC 4303 section 3.4.3): what is overtaken by more is dropped; absent for none.",
    )
    .example("128"),
    Entry::new(
        "peers",
        integer(1, 1_000_000),
        "Pairs of outer addresses that the SAs share: with UDP encapsulation or nic.rss_esp = \"addresses\" a peer has one core.",
    ),
];
