//! The table on standard output: one row for each point.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use espsim_model::control::Timeline;

use crate::outcome::Outcome;
use crate::scenario_file::ScenarioFile;
use crate::table::{place, place_header};

/// Metric, heading, factor and digits of each column.
pub(crate) const COLUMNS: [(&str, &str, f64, usize); 8] = [
    ("outage_max", "Outage ms", 1e3, 3),
    ("outage_mean", "Mean ms", 1e3, 3),
    ("time_to_95", "To 95 % ms", 1e3, 1),
    ("reinstalled", "Re-installed ms", 1e3, 3),
    ("packets_lost", "Lost", 1.0, 0),
    ("packets_in_software", "In software", 1.0, 0),
    ("messages", "Messages", 1.0, 0),
    ("cpu_peak", "Peak CPU %", 1e2, 1),
];

/// Outage of the worst SA and of the mean one, time to 95 % of the old rate and until the daemon is done, both from the
/// first event; packets, messages, CPU. A dash for what did not happen within the span.
pub(super) fn table(file: &ScenarioFile, outcomes: &[Outcome<Timeline>]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    let mut header = place_header(file);
    header.extend(COLUMNS.map(|(_, heading, ..)| heading.to_owned()));
    table.set_header(&header);
    for i in 1..header.len() {
        if let Some(column) = table.column_mut(i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut last = None;
    for outcome in outcomes {
        let mut row = place(&outcome.point, last.replace(&outcome.point.series));
        row.extend(COLUMNS.map(|(metric, _, factor, digits)| {
            let summary = outcome.summary(metric, None);
            summary.map_or_else(|| "-".into(), |summary| format!("{:.digits$}", summary.value * factor))
        }));
        table.add_row(row);
    }
    table
}
