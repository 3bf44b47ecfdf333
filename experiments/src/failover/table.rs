//! The table on standard output: one row for each point.

use crate::outcome::Outcome;
use crate::table::Column;

/// Outage of the worst SA and of the mean one, time to 95 % of the old rate and until the daemon is done, both from the
/// first event; packets, messages, CPU. A dash for what did not happen within the span.
pub(super) const COLUMNS: &[Column] = &[
    Column::number("Outage ms", |o| cell(o, "outage_max", 1e3, 3)),
    Column::number("Mean ms", |o| cell(o, "outage_mean", 1e3, 3)),
    Column::number("To 95 % ms", |o| cell(o, "time_to_95", 1e3, 1)),
    Column::number("Re-installed ms", |o| cell(o, "reinstalled", 1e3, 3)),
    Column::number("Lost", |o| cell(o, "packets_lost", 1.0, 0)),
    Column::number("In software", |o| cell(o, "packets_in_software", 1.0, 0)),
    Column::number("Messages", |o| cell(o, "messages", 1.0, 0)),
    Column::number("Peak CPU %", |o| cell(o, "cpu_peak", 1e2, 1)),
];

fn cell(outcome: &Outcome, metric: &str, factor: f64, digits: usize) -> String {
    let summary = outcome.summary(metric, None);
    summary.map_or_else(|| "-".into(), |summary| format!("{:.digits$}", summary.value * factor))
}
