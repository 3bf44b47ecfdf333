//! The table on standard output.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use espsim_model::traffic::Basis;

use crate::outcome::{Outcome, Summary};
use crate::points::{Point, shown};
use crate::scenario_file::ScenarioFile;

/// Columns that are numbers: aligned to the right.
const NUMBERS: [&str; 7] = ["Goodput Gb/s", "± 95 %", "Bound Gb/s", "Idle cores", "Cycles/B", "Latency p99 us", "Loss"];

/// One row per point: throughput with its interval, the bound, what limits, and what the CPU keeps.
pub fn table(file: &ScenarioFile, outcomes: &[Outcome]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    let lossy = outcomes.iter().any(|o| o.summary("loss", None).is_some());
    let mut header = place_header(file);
    let axes = header.len();
    header.extend(
        ["Goodput Gb/s", "± 95 %", "Bound Gb/s", "Bottleneck", "Next", "Idle cores", "Cycles/B"].map(str::to_owned),
    );
    if lossy {
        header.extend(["Latency p99 us", "Loss"].map(str::to_owned));
    }
    table.set_header(&header);
    for (i, name) in header.iter().enumerate() {
        if let Some(column) = table.column_mut(i).filter(|_| NUMBERS.contains(&name.as_str()) || (1..axes).contains(&i))
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut last = None;
    for outcome in outcomes {
        let mut row = place(&outcome.point, last.replace(&outcome.point.series));
        let goodput = outcome.summary("throughput", Some(Basis::Goodput));
        let (bottleneck, next) =
            outcome.records.first().map_or(("", ""), |r| (r.bottleneck, r.next_bottleneck.unwrap_or("")));
        row.extend([
            value(goodput, 2),
            goodput.and_then(|g| g.half_width).map_or_else(String::new, |width| format!("{width:.2}")),
            value(outcome.summary("bound", None), 2),
            bottleneck.to_owned(),
            next.to_owned(),
            value(outcome.summary("idle_cores", None), 2),
            value(outcome.summary("cycles_per_byte", None), 2),
        ]);
        if lossy {
            row.push(value(outcome.summary("latency_p99", None).map(|s| Summary { value: s.value * 1e-3, ..s }), 1));
            let loss = outcome.summary("loss", None).map(|s| format!("{:.3} %", s.value * 100.0));
            row.push(loss.unwrap_or_default());
        }
        table.add_row(row);
    }
    table
}

/// Headings of the columns that say which point a row is of: the series, and the axes of the sweep.
pub(crate) fn place_header(file: &ScenarioFile) -> Vec<String> {
    let axes = file.sweep.iter().map(|axis| axis.key.rsplit('.').next().unwrap_or(&axis.key).to_owned());
    std::iter::once("Series".to_owned()).chain(axes).collect()
}

/// The cells of these columns. A series is named once: not after a row of the same, `last`.
pub(crate) fn place(point: &Point, last: Option<&String>) -> Vec<String> {
    let series = if last == Some(&point.series) { String::new() } else { point.series.clone() };
    std::iter::once(series).chain(point.coordinates.iter().map(shown)).collect()
}

fn value(summary: Option<Summary>, digits: usize) -> String {
    summary.map_or_else(String::new, |summary| format!("{:.*}", digits, summary.value))
}
