//! When a run is long enough.

use super::Entry;
use super::takes::{LONGEST, Quantity, Range, integer, quantity};

pub(super) const RUN: &[Entry] = &[
    Entry::new(
        "half_width",
        quantity(Quantity::Share, Range::Above0(0.5)),
        "Half-width of the 95 % confidence interval of throughput, relative to it, at which a run may end.",
    ),
    Entry::new(
        "max_packets",
        integer(1000, 10_000_000_000),
        "Packets at which a run ends, however wide its interval still is.",
    ),
    Entry::new(
        "max_time",
        quantity(Quantity::Time, Range::Above0(LONGEST.as_ps() as f64)),
        "Simulated time at which a run ends, however wide its interval still is.",
    ),
];
