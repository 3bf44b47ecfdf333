//! Results as rows: points in long form.

use espsim_model::record::Metric;

use crate::failure::Failure;
use crate::file::scenario_file::ScenarioFile;
use crate::file::value::{shown, variant};
use crate::points::Place;
use crate::points::outcome::{Outcome, Run};
use crate::points::study::Csv;
use crate::store::csv_text;

/// `points.csv`: one row per point, replication and metric. Absent values are empty. Where profiles were drawn, one row
/// more for each metric, named `band/...`: the interval of 95 % of the profiles, their number and the middle.
pub const POINTS: Csv = Csv { file: "points.csv", header, rows };

/// Headings of the columns that say which point a row is of.
pub fn place_header(file: &ScenarioFile) -> Vec<String> {
    ["point", "series"].into_iter().chain(file.sweep.keys()).map(str::to_owned).collect()
}

/// The values of these columns.
pub fn place_values(point: usize, place: &Place) -> Vec<String> {
    let series = [point.to_string(), place.series.clone()];
    series.into_iter().chain(place.coordinates.iter().map(shown)).collect()
}

fn header(file: &ScenarioFile) -> Vec<String> {
    let columns = ["replication", "seed", "metric", "value", "unit", "basis", "low", "high", "n", "bottleneck", "stop"];
    place_header(file).into_iter().chain(columns.map(str::to_owned)).collect()
}

fn rows(point: usize, outcome: &Outcome) -> Vec<Vec<String>> {
    let place = place_values(point, &outcome.place);
    let mut rows = Vec::new();
    for (replication, run) in outcome.runs.iter().enumerate() {
        for metric in &run.metrics {
            let half_width = |sign: f64| metric.half_width.map(|width| metric.value + sign * width);
            let numbers = [Some(metric.value), half_width(-1.0), half_width(1.0)];
            rows.push(row(&place, replication.to_string(), run, (metric, &metric.name), numbers, metric.n));
        }
    }
    let first = outcome.runs.iter().take(1).flat_map(|run| run.metrics.iter().map(move |metric| (run, metric)));
    for (run, metric) in first {
        if let Some(band) = outcome.band(&metric.name, metric.basis) {
            let numbers = [Some((band.low + band.high) / 2.0), Some(band.low), Some(band.high)];
            let name = format!("band/{}", metric.name);
            rows.push(row(&place, String::new(), run, (metric, &name), numbers, Some(band.n as u64)));
        }
    }
    rows
}

/// Value, low, high and n of a metric, or of its band.
fn row(
    place: &[String],
    replication: String,
    run: &Run,
    (metric, name): (&Metric, &str),
    numbers: [Option<f64>; 3],
    n: Option<u64>,
) -> Vec<String> {
    let [value, low, high] = numbers.map(|value| value.map_or_else(String::new, format_number));
    let basis = metric.basis.map_or_else(String::new, variant);
    let n = n.map_or_else(String::new, |n| n.to_string());
    let (unit, seed) = (metric.unit.clone().into_owned(), run.seed.to_string());
    let (bottleneck, stop) = (run.bottleneck.clone(), run.stop.clone());
    let mut row = place.to_vec();
    row.extend([replication, seed, name.to_owned(), value, unit, basis, low, high, n, bottleneck, stop]);
    row
}

/// `points.csv` of outcomes that are all known.
///
/// # Errors
/// [`Failure`] if the rows cannot be encoded.
pub fn points_csv(file: &ScenarioFile, outcomes: &[Outcome]) -> Result<Vec<u8>, Failure> {
    csv_rows(std::iter::once(header(file)).chain(outcomes.iter().enumerate().flat_map(|(i, outcome)| rows(i, outcome))))
}

/// A table as CSV.
///
/// # Errors
/// [`Failure`] if the rows cannot be encoded.
pub fn csv_of(header: &[String], rows: &[Vec<String>]) -> Result<Vec<u8>, Failure> {
    csv_rows(std::iter::once(header.to_vec()).chain(rows.iter().cloned()))
}

/// Rows as comma-separated values (RFC 4180), text that looks like a formula as [`csv_text`] says.
///
/// # Errors
/// [`Failure`] if they cannot be encoded.
pub fn csv_rows(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, Failure> {
    let encode = |error: &dyn std::fmt::Display| Failure::new(format!("cannot encode rows: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.into_iter().map(csv_text::written)).map_err(|error| encode(&error))?;
    }
    writer.into_inner().map_err(|error| encode(&error))
}

/// Nine significant digits: more than any estimate carries, fewer than where sums of floats depend on a compiler.
pub fn format_number(value: f64) -> String {
    rounded(value, 9)
}

/// Four significant digits: what an estimate carries, for tables that are read and kept as reference.
pub fn four_digits(value: f64) -> String {
    rounded(value, 4)
}

fn rounded(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let rounded: f64 = format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value);
    rounded.to_string()
}
