//! Points as tables: a matrix of series and swept values, every point in a row, and what a failover did.

use std::collections::HashMap;

use espsim_sweep::points::outcome::Summary;

use super::parts::{Cell, Column, MOST_ROWS, Table};
use super::points::{Point, Points};
use super::words::{count, duration, percent};
use crate::columns::{Content, RECOVERY};

/// Series that are columns of the matrix; the rows of all points have them all.
const MOST_SERIES: usize = 12;
/// Places that are rows of the matrix.
const MOST_PLACES: usize = 100;

/// A row for each place of the sweep, a column for each series: throughput with its interval, what limits, what is left.
pub fn matrix(points: &Points) -> Table {
    let series = points.series.len().min(MOST_SERIES);
    let mut columns: Vec<Column> = points.axis_names().into_iter().map(Column::number).collect();
    columns.extend(points.series[..series].iter().map(|name| Column::number(name)));
    let mut table = Table::new("Goodput in Gb/s with its 95 % interval, what limits it, and idle cores", columns);
    let at: HashMap<(usize, usize), &Point> =
        points.points.iter().map(|point| ((point.place, point.series), point)).collect();
    for (i, place) in points.places.iter().take(MOST_PLACES).enumerate() {
        let mut row: Vec<Cell> = place.iter().map(|value| Cell::from(value.as_str())).collect();
        row.extend(
            (0..series).map(|series| at.get(&(i, series)).map_or_else(|| Cell::from(""), |point| summed_up(point))),
        );
        table.push(row);
    }
    table.cut(points.places.len(), "points.csv");
    if points.series.len() > series {
        table.remark(format!(
            "The first {series} of {} series are columns; the next table has the others.",
            points.series.len()
        ));
    }
    table
}

fn summed_up(point: &Point) -> Cell {
    if point.no_estimate.is_some() {
        return Cell::with_remarks("–".into(), vec!["no estimate".into()]);
    }
    let mut remarks = vec![point.bottleneck.clone()];
    remarks.extend(point.value("idle_cores").map(|idle| format!("{idle:.2} idle")));
    // Latency under saturation is that of the queues, and tells nothing.
    if let Some(loss) = point.value("loss") {
        remarks.push(if loss > 0.0 { format!("{} lost", percent(loss)) } else { "no loss".into() });
        remarks.extend(point.value("latency_p99").map(|ns| format!("p99 {}", duration(ns * 1e-9))));
    }
    Cell::with_remarks(point.get("throughput").map_or_else(String::new, gbps), remarks)
}

fn gbps(rate: Summary) -> String {
    let half_width = rate.half_width.map_or_else(String::new, |half_width| format!(" ± {half_width:.2}"));
    format!("{:.2}{half_width}", rate.value)
}

/// Loss with its interval, where that is known.
fn lost(loss: Summary) -> String {
    let half_width = loss.half_width.filter(|width| *width > 0.0);
    let half_width = half_width.map_or_else(String::new, |width| format!(" ± {}", percent(width)));
    format!("{}{half_width}", percent(loss.value))
}

/// What stands where nothing was observed.
fn dash() -> String {
    "–".into()
}

/// Headings of the columns that say which point a row is of.
fn place_columns(points: &Points) -> Vec<Column> {
    let axes = points.axis_names().into_iter().map(Column::number);
    std::iter::once(Column::text("Series")).chain(axes).collect()
}

/// The cells of these columns.
fn place_cells(points: &Points, point: &Point) -> Vec<Cell> {
    let values = points.places[point.place].iter().map(|value| Cell::from(value.as_str()));
    std::iter::once(Cell::from(points.series[point.series].as_str())).chain(values).collect()
}

/// One row for each point of a run, up to [`MOST_ROWS`].
pub fn every_point(points: &Points) -> Table {
    let is_offered = points.points.iter().any(|point| point.get("loss").is_some());
    let is_drawn = points.points.iter().any(|point| point.band.is_some());
    let mut columns = place_columns(points);
    columns.extend(["Goodput Gb/s", "± 95 %", "Bound Gb/s"].map(Column::number));
    columns.push(Column::text("Bottleneck"));
    columns.extend(["Idle cores", "Cycles/B"].map(Column::number));
    if is_offered {
        columns.extend(["Latency p99", "Loss"].map(Column::number));
    }
    if is_drawn {
        columns.push(Column::number("Drawn profiles, Gb/s"));
    }
    let mut table = Table::new("Every point", columns);
    let two = |value: Option<f64>| Cell::from(value.map_or_else(dash, |value| format!("{value:.2}")));
    for point in points.points.iter().take(MOST_ROWS) {
        let mut row = place_cells(points, point);
        row.push(two(point.value("throughput")));
        row.push(two(point.get("throughput").and_then(|rate| rate.half_width)));
        row.push(two(point.value("bound")));
        row.push(Cell::from(Some(point.bottleneck.clone()).filter(|name| !name.is_empty()).unwrap_or_else(dash)));
        row.push(two(point.value("idle_cores")));
        row.push(two(point.value("cycles_per_byte")));
        if is_offered {
            let latency = point.value("latency_p99").map(|ns| duration(ns * 1e-9));
            row.push(Cell::from(latency.unwrap_or_else(dash)));
            row.push(Cell::from(point.get("loss").map_or_else(dash, lost)));
        }
        if is_drawn {
            let band = point.band.map(|band| format!("{:.2} to {:.2}", band.low, band.high));
            row.push(Cell::from(band.unwrap_or_default()));
        }
        table.push(row);
    }
    table.cut(points.points.len(), "points.csv");
    if let Some(band) = points.points.iter().find_map(|point| point.band) {
        let n = band.n;
        table.remark(format!(
            "Drawn profiles: where 95 % of {n} profiles lie that were drawn from the profile's intervals."
        ));
    }
    table
}

/// One row for each point of a failover, up to [`MOST_ROWS`], with the columns of the command's own table.
pub fn failovers(points: &Points) -> Table {
    let mut columns = place_columns(points);
    columns.extend(RECOVERY.iter().map(|column| Column::number(column.heading)));
    let mut table = Table::new("Outage, recovery, losses", columns);
    for point in points.points.iter().take(MOST_ROWS) {
        let mut row = place_cells(points, point);
        row.extend(RECOVERY.iter().map(|column| {
            // Where nothing had to be installed, nothing is missing.
            if column.heading.starts_with("Re-installed") && point.value("messages") == Some(0.0) {
                return Cell::from("none");
            }
            let value = match &column.content {
                Content::Metric(number) => point.value(number.name).map(|value| number.shown(value)),
                Content::Made(_) => None,
            };
            Cell::from(value.unwrap_or_else(dash))
        }));
        table.push(row);
    }
    table.cut(points.points.len(), "points.csv");
    table.remark(
        "Outage: of the worst SA, summed over its outages; Mean: over SAs. To 95 %: until throughput is back at 95 % of what \
         it was; Re-installed: until the daemon is done, “none” where it had nothing to install; both from the first event. A \
         dash: not within the simulated time, or nothing was carried before the first event."
            .into(),
    );
    table
}

/// Why packets were lost in a failover: a row for each point, up to [`MOST_ROWS`].
pub fn losses(points: &Points) -> Table {
    const CAUSES: [(&str, &str); 4] = [
        ("packets_lost/no_carrier", "No carrier"),
        ("packets_lost/no_sa", "No SA"),
        ("packets_lost/queue_full", "Queue full"),
        ("packets_lost/in_flight", "In the NIC"),
    ];
    let mut columns = place_columns(points);
    columns.extend(CAUSES.map(|(_, heading)| Column::number(heading)));
    columns.push(Column::number("Of all"));
    // Loss that was there before is no loss by the failover.
    let is_known = points.points.iter().any(|point| point.lost_before.is_some());
    columns.extend(is_known.then(|| Column::number("Before the first event")));
    let mut table = Table::new("Packets lost, by cause", columns);
    for point in points.points.iter().take(MOST_ROWS) {
        let mut row = place_cells(points, point);
        row.extend(CAUSES.map(|(metric, _)| Cell::from(point.value(metric).map(count).unwrap_or_default())));
        row.push(Cell::from(point.value("loss").map(percent).unwrap_or_default()));
        row.extend(is_known.then(|| Cell::from(point.lost_before.map(percent).unwrap_or_default())));
        table.push(row);
    }
    table.cut(points.points.len(), "points.csv");
    table.remark(
        "No carrier: the NIC that they were to leave by had none. No SA: no SA would take them. Queue full: CPU or NIC \
         could not carry the load. In the NIC: under way in a NIC that failed."
            .into(),
    );
    table
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn nothing_to_install_is_no_time_that_is_missing() {
        let csv = "point,series,replication,seed,metric,value,unit,basis,low,high,n,bottleneck\n\
                   0,a,0,1,messages,0,1,,,,,\n1,b,0,1,messages,3,1,,,,,\n2,c,0,1,messages,3,1,,,,,\n\
                   2,c,0,1,reinstalled,0.002,s,,,,,\n";
        let points = Points::from_csv(csv.as_bytes(), Path::new("points.csv")).unwrap();
        let table = serde_json::to_value(failovers(&points)).unwrap();
        let shown: Vec<&str> = (0..3).map(|row| table["rows"][row][4]["text"].as_str().unwrap()).collect();
        assert_eq!(shown, ["none", "–", "2.000"]);
    }
}
