//! `table.csv`: one row for each point, its main numbers in columns. It is what people read, and what reference results
//! keep.
//!
//! The columns are chosen here and nowhere else: a metric that is new to the model stands in `points.csv` and changes no
//! table. A reader finds columns by their names. A name tells the unit and never changes its meaning; later versions may
//! add columns at the end.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use espsim_model::traffic::Basis;

use crate::failure::Failure;
use crate::file::scenario_file::ScenarioFile;
use crate::file::value::shown;
use crate::points::outcome::{Band, Outcome, Summary};
use crate::points::study::Csv;
use crate::store::csv_text::{Rows, is_no_number};
use crate::store::points_csv::{CARRIED_IN_DRAWS, four_digits};

/// The file's name.
pub const FILE: &str = "table.csv";

/// The table of a run.
pub const OF_RUN: Csv =
    Csv { file: FILE, header: |file| header(file, THROUGHPUT), rows: |_, outcome| vec![row(outcome, THROUGHPUT)] };

/// The table of a failover.
pub const OF_FAILOVER: Csv =
    Csv { file: FILE, header: |file| header(file, RECOVERY), rows: |_, outcome| vec![row(outcome, RECOVERY)] };

/// The column between those that say which point a row is of and those of its numbers.
const REPLICATIONS: &str = "replications";

/// Relative to a value, what less than this is due to the rounding of floats.
const ROUNDING: f64 = 1e-9;

/// A heading, and what stands under it; empty for what was not observed.
type Column = (&'static str, fn(&Outcome) -> String);

const THROUGHPUT: &[Column] = &[
    ("goodput_gbps", |o| value(throughput(o, Basis::Goodput))),
    ("goodput_half_width_gbps", |o| half_width(throughput(o, Basis::Goodput))),
    ("l2_gbps", |o| value(throughput(o, Basis::L2))),
    ("l2_half_width_gbps", |o| half_width(throughput(o, Basis::L2))),
    ("packets_per_s", |o| metric(o, "packet_rate", 1.0)),
    ("loss", |o| metric(o, "loss", 1.0)),
    ("latency_p50_ns", |o| metric(o, "latency_p50", 1.0)),
    ("latency_p99_ns", |o| metric(o, "latency_p99", 1.0)),
    ("busy_cores", |o| metric(o, "busy_cores", 1.0)),
    ("bottleneck", |o| o.runs.first().map_or_else(String::new, |run| run.bottleneck.clone())),
    ("next_bottleneck", |o| o.runs.first().map_or_else(String::new, |run| run.next_bottleneck.clone())),
    ("stop", stop),
    ("encrypt_goodput_gbps", |o| value(o.summary("throughput/encrypt", Some(Basis::Goodput)))),
    ("decrypt_goodput_gbps", |o| value(o.summary("throughput/decrypt", Some(Basis::Goodput)))),
    ("sas_fallen_back", |o| metric(o, "sas_fallen_back", 1.0)),
    ("goodput_drawn_low_gbps", |o| drawn(o, "throughput", Some(Basis::Goodput), 1.0, |band| band.low)),
    ("goodput_drawn_high_gbps", |o| drawn(o, "throughput", Some(Basis::Goodput), 1.0, |band| band.high)),
    ("busy_cores_drawn_low", |o| drawn(o, "busy_cores", None, 1.0, |band| band.low)),
    ("busy_cores_drawn_high", |o| drawn(o, "busy_cores", None, 1.0, |band| band.high)),
    (CARRIED_IN_DRAWS, |o| o.carried_in_draws().map_or_else(String::new, |(share, _)| number(share))),
];

const RECOVERY: &[Column] = &[
    ("outage_max_ms", |o| metric(o, "outage_max", 1e3)),
    ("outage_mean_ms", |o| metric(o, "outage_mean", 1e3)),
    ("time_to_95_ms", |o| metric(o, "time_to_95", 1e3)),
    ("reinstalled_ms", |o| metric(o, "reinstalled", 1e3)),
    ("packets_lost", |o| metric(o, "packets_lost", 1.0)),
    ("packets_in_software", |o| metric(o, "packets_in_software", 1.0)),
    ("messages", |o| metric(o, "messages", 1.0)),
    ("cpu_peak", |o| metric(o, "cpu_peak", 1.0)),
    ("outage_max_drawn_low_ms", |o| drawn(o, "outage_max", None, 1e3, |band| band.low)),
    ("outage_max_drawn_high_ms", |o| drawn(o, "outage_max", None, 1e3, |band| band.high)),
    ("reinstalled_drawn_low_ms", |o| drawn(o, "reinstalled", None, 1e3, |band| band.low)),
    ("reinstalled_drawn_high_ms", |o| drawn(o, "reinstalled", None, 1e3, |band| band.high)),
    ("packets_lost_drawn_low", |o| drawn(o, "packets_lost", None, 1.0, |band| band.low)),
    ("packets_lost_drawn_high", |o| drawn(o, "packets_lost", None, 1.0, |band| band.high)),
];

fn throughput(outcome: &Outcome, basis: Basis) -> Option<Summary> {
    outcome.summary("throughput", Some(basis))
}

fn value(summary: Option<Summary>) -> String {
    summary.map_or_else(String::new, |summary| number(summary.value))
}

fn half_width(summary: Option<Summary>) -> String {
    let Some(Summary { value, half_width: Some(half_width) }) = summary else { return String::new() };
    // Where all batches are the same, what is left is what rounding leaves: it is no width.
    number(if half_width < ROUNDING * value.abs() { 0.0 } else { half_width })
}

/// A metric that has one basis or none, times a factor from its unit to the column's.
fn metric(outcome: &Outcome, name: &str, factor: f64) -> String {
    outcome.summary(name, None).map_or_else(String::new, |summary| number(summary.value * factor))
}

/// An end of the band of a metric, times a factor from its unit to the column's.
fn drawn(outcome: &Outcome, name: &str, basis: Option<Basis>, factor: f64, end: fn(Band) -> f64) -> String {
    outcome.band(name, basis).map_or_else(String::new, |band| number(end(band) * factor))
}

/// What is no number was not observed.
fn number(value: f64) -> String {
    if value.is_finite() { four_digits(value) } else { String::new() }
}

/// Why the runs of a point ended: each reason once.
fn stop(outcome: &Outcome) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    for run in &outcome.runs {
        if !reasons.contains(&run.stop.as_str()) {
            reasons.push(&run.stop);
        }
    }
    reasons.join(" + ")
}

fn header(file: &ScenarioFile, columns: &[Column]) -> Vec<String> {
    let place = std::iter::once("series").chain(file.sweep.keys()).chain([REPLICATIONS]);
    place.chain(columns.iter().map(|(heading, _)| *heading)).map(str::to_owned).collect()
}

fn row(outcome: &Outcome, columns: &[Column]) -> Vec<String> {
    let mut row = vec![outcome.place.series.clone()];
    row.extend(outcome.place.coordinates.iter().map(shown));
    row.push(outcome.runs.len().to_string());
    row.extend(columns.iter().map(|(_, cell)| cell(outcome)));
    row
}

/// A table that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct PointTable {
    /// Swept keys.
    pub axes: Vec<String>,
    /// Points, in the order of the file.
    pub rows: Vec<Row>,
}

/// A point of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its series.
    pub series: String,
    /// Its value of each swept key, as written.
    pub coordinates: Vec<String>,
    /// How often it was simulated.
    pub replications: u32,
    /// What else is told, by heading.
    cells: HashMap<String, String>,
}

impl Row {
    /// What stands under a heading; `None` where there is none, or nothing under it.
    pub fn text(&self, heading: &str) -> Option<&str> {
        self.cells.get(heading).map(String::as_str).filter(|cell| !cell.is_empty())
    }

    /// The same as a number.
    ///
    /// # Errors
    /// [`Failure`] where something else stands there.
    pub fn number(&self, heading: &str) -> Result<Option<f64>, Failure> {
        let Some(text) = self.text(heading) else { return Ok(None) };
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
        value.map(Some).ok_or_else(|| Failure::new(format!("`{heading}` is `{text}`: a number, or nothing")))
    }
}

impl PointTable {
    /// Reads `table.csv`, of a run or a failover.
    ///
    /// # Errors
    /// [`Failure`] for a file that cannot be read or does not say which points its rows are of.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Self::from_rows(Rows::open(path)?)
    }

    /// The same from text; `path` is for messages.
    ///
    /// # Errors
    /// As [`PointTable::read`].
    pub fn from_csv(text: impl Read, path: &Path) -> Result<Self, Failure> {
        Self::from_rows(Rows::new(text, path)?)
    }

    fn from_rows(mut of: Rows<'_, impl Read>) -> Result<Self, Failure> {
        let after_axes = of.headings.iter().position(|heading| heading == REPLICATIONS).unwrap_or_default();
        if after_axes == 0 || of.headings[0] != "series" {
            return Err(of.other_columns(&format!("series, swept keys, {REPLICATIONS}, numbers")));
        }
        let axes = of.headings[1..after_axes].to_vec();
        let mut rows = Vec::new();
        while let Some(row) = of.next_row()? {
            let numbers = row.columns().skip(after_axes + 1);
            if let Some((heading, cell)) = numbers.clone().find(|(_, cell)| is_no_number(cell)) {
                return Err(row.failure(&format!("`{heading}` is `{cell}`: a number, or nothing")));
            }
            let replications = row.text(REPLICATIONS);
            let other = |_| row.failure(&format!("`{REPLICATIONS}` is `{replications}`: a whole number"));
            rows.push(Row {
                series: row.text("series").to_owned(),
                coordinates: row.cells().take(after_axes).skip(1).map(str::to_owned).collect(),
                replications: replications.parse().map_err(other)?,
                cells: numbers.map(|(heading, cell)| (heading.to_owned(), cell.to_owned())).collect(),
            });
        }
        Ok(PointTable { axes, rows })
    }
}

#[cfg(test)]
mod tests;
