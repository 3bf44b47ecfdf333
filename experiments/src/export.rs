//! Results as bytes: points in long form, the manifest.

use espsim_model::traffic::Basis;

use crate::input::Failure;
use crate::outcome::{Observation, Outcome};
use crate::points::shown;
use crate::scenario_file::ScenarioFile;

/// The name of a basis in files.
pub fn basis_name(basis: Basis) -> &'static str {
    match basis {
        Basis::Goodput => "goodput",
        Basis::L3 => "l3",
        Basis::L2 => "l2",
        Basis::Wire => "wire",
    }
}

/// `points.csv`: one row per point, replication and metric. Absent values are empty. Where profiles were drawn, one row
/// more for each metric, named `band/...`: the interval of 95 % of the profiles, their number and the middle.
///
/// # Errors
/// [`Failure`] if the rows cannot be encoded.
pub fn points_csv<R: Observation>(file: &ScenarioFile, outcomes: &[Outcome<R>]) -> Result<Vec<u8>, Failure> {
    let encode = |error: csv::Error| Failure::new(format!("cannot encode points.csv: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let axes = file.sweep.iter().map(|axis| axis.key.as_str());
    let header = ["point", "series"].into_iter().chain(axes).chain([
        "replication",
        "seed",
        "metric",
        "value",
        "unit",
        "basis",
        "low",
        "high",
        "n",
        "bottleneck",
    ]);
    writer.write_record(header).map_err(encode)?;
    for (i, outcome) in outcomes.iter().enumerate() {
        for (replication, record) in outcome.records.iter().enumerate() {
            for metric in record.metrics() {
                let mut row = vec![i.to_string(), outcome.point.series.clone()];
                row.extend(outcome.point.coordinates.iter().map(shown));
                let number = |value: Option<f64>| value.map_or_else(String::new, format_number);
                row.extend([
                    replication.to_string(),
                    record.seed().to_string(),
                    metric.name.clone(),
                    format_number(metric.value),
                    metric.unit.to_owned(),
                    metric.basis.map_or("", basis_name).to_owned(),
                    number(metric.half_width.map(|width| metric.value - width)),
                    number(metric.half_width.map(|width| metric.value + width)),
                    metric.n.map_or_else(String::new, |n| n.to_string()),
                    record.bottleneck().to_owned(),
                ]);
                writer.write_record(row).map_err(encode)?;
            }
        }
        for row in bands(i, outcome) {
            writer.write_record(row).map_err(encode)?;
        }
    }
    writer.into_inner().map_err(|error| Failure::new(format!("cannot encode points.csv: {error}")))
}

fn bands<R: Observation>(point: usize, outcome: &Outcome<R>) -> Vec<Vec<String>> {
    let Some(record) = outcome.records.first() else { return Vec::new() };
    let metrics = record.metrics().into_iter();
    metrics
        .filter_map(|metric| {
            let band = outcome.band(&metric.name, metric.basis)?;
            let mut row = vec![point.to_string(), outcome.point.series.clone()];
            row.extend(outcome.point.coordinates.iter().map(shown));
            row.extend([
                String::new(),
                record.seed().to_string(),
                format!("band/{}", metric.name),
                format_number((band.low + band.high) / 2.0),
                metric.unit.to_owned(),
                metric.basis.map_or("", basis_name).to_owned(),
                format_number(band.low),
                format_number(band.high),
                band.n.to_string(),
                record.bottleneck().to_owned(),
            ]);
            Some(row)
        })
        .collect()
}

/// A table as CSV.
///
/// # Errors
/// [`Failure`] if the rows cannot be encoded.
pub fn csv_of(header: &[String], rows: &[Vec<String>]) -> Result<Vec<u8>, Failure> {
    let encode = |error: csv::Error| Failure::new(format!("cannot encode a table: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(encode)?;
    for row in rows {
        writer.write_record(row).map_err(encode)?;
    }
    writer.into_inner().map_err(|error| Failure::new(format!("cannot encode a table: {error}")))
}

/// Nine significant digits: more than any estimate carries, fewer than where sums of floats depend on a compiler.
pub fn format_number(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let rounded: f64 = format!("{value:.8e}").parse().unwrap_or(value);
    rounded.to_string()
}
