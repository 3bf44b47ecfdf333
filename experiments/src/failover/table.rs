//! The table on standard output: one row for each point.

use crate::table::Column;

/// Outage of the worst SA and of the mean one, time to 95 % of the old rate and until the daemon is done, both from the
/// first event; packets, messages, CPU. A dash for what did not happen within the span.
pub(crate) const COLUMNS: &[Column] = &[
    Column::metric("Outage ms", "outage_max", 1e3, 3),
    Column::metric("Mean ms", "outage_mean", 1e3, 3),
    Column::metric("To 95 % ms", "time_to_95", 1e3, 1),
    Column::metric("Re-installed ms", "reinstalled", 1e3, 3),
    Column::metric("Lost", "packets_lost", 1.0, 0),
    Column::metric("In software", "packets_in_software", 1.0, 0),
    Column::metric("Messages", "messages", 1.0, 0),
    Column::metric("Peak CPU %", "cpu_peak", 1e2, 1),
];
