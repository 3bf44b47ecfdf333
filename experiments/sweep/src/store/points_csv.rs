//! Results as rows: points in long form.

use espsim_model::record::Metric;

use crate::failure::Failure;
use crate::file::scenario_file::ScenarioFile;
use crate::file::value::{shown, variant};
use crate::points::Place;
use crate::points::outcome::{Band, Outcome, Run};
use crate::points::study::Csv;
use crate::store::csv_text;

/// `points.csv`: one row per point, replication and metric. Absent values are empty. `low` and `high` are the 95 % interval
/// of the simulation, that is of chance; `drawn_low` and `drawn_high`, in the row's unit too, where the value lies for 95 %
/// of so many `draws` of what the machine's values may be, where a closed form tells. Of a load that is offered, one row
/// more, without replication: `carried_in_draws`.
pub const POINTS: Csv = Csv { file: "points.csv", header, rows };

/// Columns of a band: its ends, in the row's unit, and how many draws are behind it.
pub const DRAWN_LOW: &str = "drawn_low";
/// See [`DRAWN_LOW`].
pub const DRAWN_HIGH: &str = "drawn_high";
/// See [`DRAWN_LOW`].
pub const DRAWS: &str = "draws";
/// The metric of the share of draws in which closed forms allow the whole of the offered load, 0 to 1.
pub const CARRIED_IN_DRAWS: &str = "carried_in_draws";

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
    let drawn = [DRAWN_LOW, DRAWN_HIGH, DRAWS];
    place_header(file).into_iter().chain(columns.into_iter().chain(drawn).map(str::to_owned)).collect()
}

fn rows(point: usize, outcome: &Outcome) -> Vec<Vec<String>> {
    let place = place_values(point, &outcome.place);
    let mut rows = Vec::new();
    for (replication, run) in outcome.runs.iter().enumerate() {
        for metric in &run.metrics {
            let band = outcome.band_of(&metric.name, metric.value);
            rows.push(row(&place, &replication.to_string(), run, metric, band));
        }
    }
    if let (Some((share, n)), Some(run)) = (outcome.carried_in_draws(), outcome.runs.first()) {
        let carried = Metric { n: Some(n as u64), ..Metric::plain(CARRIED_IN_DRAWS, share, "1") };
        rows.push(row(&place, "", run, &carried, None));
    }
    rows
}

/// A metric with its interval and its band.
fn row(place: &[String], replication: &str, run: &Run, metric: &Metric, band: Option<Band>) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(String::new, format_number);
    let count = |n: Option<u64>| n.map_or_else(String::new, |n| n.to_string());
    let half_width = |sign: f64| metric.half_width.map(|width| metric.value + sign * width);
    let mut row = place.to_vec();
    row.extend([
        replication.to_owned(),
        run.seed.to_string(),
        metric.name.clone(),
        format_number(metric.value),
        metric.unit.clone().into_owned(),
        metric.basis.map_or_else(String::new, variant),
        number(half_width(-1.0)),
        number(half_width(1.0)),
        count(metric.n),
        run.bottleneck.clone(),
        run.stop.clone(),
        number(band.map(|band| band.low)),
        number(band.map(|band| band.high)),
        count(band.map(|band| band.n as u64)),
    ]);
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
