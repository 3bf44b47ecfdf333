//! What happens to NICs and SAs, and how the key management daemon answers.

use super::Entry;
use super::names::names;
use super::takes::{ANY_TIME, Items, LONGEST, Quantity, Range, Takes, integer, quantity, time_to};
use crate::scenario::{AddressUpdate, Api, Bonding, Daemon, DaemonCpu, Delays, Device, SequenceNumbers, What};

pub(super) const FAILOVER: &[Entry] = &[
    Entry::new(
        "span",
        quantity(Quantity::Time, Range::Above0(LONGEST.as_ps() as f64)),
        "Simulated time of a failover: long enough if all SAs are back before its end.",
    ),
    Entry::new("bins", integer(10, 10_000), "Intervals of equal length that the timeline of the span is cut into."),
    Entry::new(
        "event",
        Takes::List(Items::Tables(EVENT)),
        "What happens to NICs, accelerator and SAs; a scenario without events has no failover.",
    )
    .example(""),
    Entry::new(
        "api",
        Takes::Name(names::<Api>),
        "How a refused offload is answered: an error and a second message, or a flag that lets the kernel fall back.",
    ),
    Entry::new(
        "software",
        Takes::Boolean,
        "Whether the CPU does the SAs that no device takes; else their packets are dropped.",
    ),
    Entry::new(
        "batch",
        integer(1, 1 << 20),
        "SAs that the daemon installs by one system call, which they share the cost of; 1 for one each.",
    ),
    Entry::new(
        "call",
        time_to(LONGEST),
        "The part of an installation that is system call and daemon, and that a batch pays once.",
    ),
    Entry::new(
        "delays",
        Takes::Name(names::<Delays>),
        "Whether each installation takes the median time of the profile or one drawn from its distribution.",
    ),
    Entry::new(
        "daemon",
        Takes::Name(names::<Daemon>),
        "The key management daemon: as strongSwan or libreswan follow an address, none that follows, or an ideal one.",
    ),
    Entry::new(
        "daemon_cpu",
        Takes::Name(names::<DaemonCpu>),
        "Whether the daemon has a core that carries no packets, or competes with them for the first one.",
    ),
    Entry::new(
        "detection",
        time_to(LONGEST),
        "From loss or return of a link until packets leave by the other NIC, as by bonding's miimon or BFD.",
    ),
    Entry::new(
        "notification",
        time_to(LONGEST),
        "From a change until the daemon learns of it over netlink; absent for that of the profile.",
    )
    .example("1 ms"),
    Entry::new("failback", Takes::Boolean, "Whether packets return to the first NIC when its link does."),
    Entry::new(
        "bonding",
        Takes::Name(names::<Bonding>),
        "What an active-backup bond does with SAs: nothing, hold them in both NICs, or move them one by one as Linux does.",
    ),
    Entry::new(
        "address_update",
        Takes::Name(names::<AddressUpdate>),
        "Whether the host's address changes with the NIC (MOBIKE, RFC 4555), and what exchanges that costs.",
    ),
    Entry::new(
        "sas_per_ike_sa",
        integer(1, 1 << 20),
        "Child SAs of one IKE SA (RFC 7296), which share an address update.",
    ),
    Entry::new("round_trip", time_to(LONGEST), "Round trip to the peers, which every IKEv2 exchange waits for."),
    Entry::new("exchange", time_to(LONGEST), "CPU time that the daemon spends on one IKEv2 exchange."),
    Entry::new(
        "roam_delay",
        time_to(LONGEST),
        "From the news of a changed address until the daemon acts on it; absent for the daemon's own, such as 100 ms.",
    )
    .example("100 ms"),
    Entry::new(
        "commands",
        integer(0, 64),
        "Firmware commands that add an SA of one direction to a NIC, and as many that remove it; ideal daemons have none.",
    ),
    Entry::new("command", time_to(LONGEST), "Time of one firmware command, one after the other."),
    Entry::new(
        "sequence_numbers",
        Takes::Name(names::<SequenceNumbers>),
        "Whether an SA that is moved under packet offload goes on past its numbers or begins at 1; absent as drivers do.",
    )
    .example("kept"),
    Entry::new(
        "sa_age",
        time_to(LONGEST),
        "How long each SA has been in use when the span begins: numbers that a peer has seen of it already.",
    ),
];

pub(super) const EVENT: &[Entry] = &[
    Entry::new(
        "what",
        Takes::Name(names::<What>),
        "What happens, such as the loss of a link or the rekeying of all SAs.",
    )
    .example("rekey")
    .required(),
    Entry::new(
        "device",
        Takes::Name(names::<Device>),
        "Which NIC it happens to; of a route change, the one that packets leave by from then on.",
    ),
    Entry::new("at", ANY_TIME, "When it happens first; of random events, from when on they do.")
        .example("1 ms")
        .required(),
    Entry::new("every", ANY_TIME, "Period of an event that happens again and again.").example("100 ms"),
    Entry::new("mtbf", ANY_TIME, "Mean time between random events, exponentially distributed; instead of every.")
        .example("100 ms"),
    Entry::new("for", ANY_TIME, "How long link, NIC or accelerator is gone; absent for good.").example("10 ms"),
];
